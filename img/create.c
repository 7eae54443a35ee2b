/* SPDX-License-Identifier: GPL-2.0-or-later */
/* img/create.c: create, resize, rebase -u. */
#include "img/img.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Its size, when none was said; and that it is there at all. */
static int look_at_backing(struct blk_create *c, bool sized)
{
	char path[PATH_MAX], dir[PATH_MAX];
	struct blk_options o = {.file = path, .format = c->backing_format, .readonly = true};
	struct err e = {""};
	struct blk *b;

	snprintf(dir, sizeof(dir), "%s", c->file);
	if (c->backing[0] == '/')
		snprintf(path, sizeof(path), "%s", c->backing);
	else if ((size_t)snprintf(path, sizeof(path), "%s/%s", dirname(dir), c->backing) >=
		 sizeof(path))
		return img_fail(1, "%s: the name is too long", c->backing);
	b = blk_open_image(&o, &e);
	if (!b)
		return img_fail_err(1, &e);
	if (!sized)
		c->bytes = blk_bytes(b);
	blk_close(b);
	return 0;
}

static int finish_create(struct blk_create *c, const char *size, bool unsafe, bool quiet)
{
	bool sized = size || c->bytes;
	struct err e = {""};
	char human[32];

	if (size && !img_size(size, &c->bytes))
		return img_fail(1, "'%s' is no size", size);
	if (c->backing && !c->backing_format)
		return img_fail(1, "-b %s needs -F with its format: guests can forge one",
				c->backing);
	if (!sized && (!c->backing || unsafe))
		return img_fail(1, "the size is missing");
	if (c->backing && !unsafe && look_at_backing(c, sized))
		return 1;
	c->bytes = (c->bytes + 511) & ~511ull;
	if (blk_create(c, &e) < 0)
		return img_fail_err(1, &e);
	img_human(c->bytes, human, sizeof(human));
	if (!quiet)
		printf("%s: %s, %s%s%s\n", c->file, c->format, human, c->backing ? ", over " : "",
		       c->backing ? c->backing : "");
	return 0;
}

int img_create(int argc, char **argv)
{
	struct blk_create c = {.format = "raw"};
	bool quiet = false, unsafe = false;
	int opt;

	while ((opt = getopt(argc, argv, "f:b:F:o:qu")) != -1) {
		if (opt == 'f')
			c.format = optarg;
		else if (opt == 'b')
			c.backing = optarg;
		else if (opt == 'F')
			c.backing_format = optarg;
		else if (opt == 'q')
			quiet = true;
		else if (opt == 'u')
			unsafe = true;
		else if (opt != 'o' || !img_options(&c, optarg))
			return img_usage("create");
	}
	if (optind >= argc || optind + 2 < argc)
		return img_usage("create");
	c.file = argv[optind];
	return finish_create(&c, argv[optind + 1], unsafe, quiet);
}

/* ---- resize ---- */

static int resize_to(struct blk *b, const char *text, bool shrink, bool quiet)
{
	uint64_t old = blk_bytes(b), n;
	struct err e = {""};
	char sign = *text;

	if (!img_size(text + (sign == '+' || sign == '-'), &n))
		return img_fail(1, "'%s' is no size", text);
	if (sign == '+' ? n > INT64_MAX - old : sign == '-' && n > old)
		return img_fail(1, "'%s': there is no such size", text);
	n = sign == '+' ? old + n : sign == '-' ? old - n : n;
	n = (n + 511) & ~511ull;
	if (n < old && !shrink)
		return img_fail(1, "%s would lose what lies behind its new end: say --shrink",
				blk_file(b));
	if (blk_resize(b, n, &e) < 0)
		return img_fail_err(1, &e);
	if (!quiet)
		printf("Image resized.\n");
	return 0;
}

int img_resize(int argc, char **argv)
{
	static const struct option longs[] = {{"shrink", 0, NULL, 's'}, {0}};
	const char *format = NULL, *size;
	bool shrink = false, quiet = false;
	struct blk *b;
	int opt, status;

	/* "-1G" is a size. */
	if (argc < 3)
		return img_usage("resize");
	size = argv[--argc];
	while ((opt = getopt_long(argc, argv, "f:q", longs, NULL)) != -1) {
		if (opt == 'f')
			format = optarg;
		else if (opt == 's')
			shrink = true;
		else if (opt == 'q')
			quiet = true;
		else
			return img_usage("resize");
	}
	if (optind + 1 != argc)
		return img_usage("resize");
	b = img_open(argv[optind], format, NULL, true);
	status = b ? resize_to(b, size, shrink, quiet) : 1;
	blk_close(b);
	return status;
}

/* ---- rebase ---- */

int img_rebase(int argc, char **argv)
{
	struct blk_options o = {.no_backing = true};
	const char *backing = NULL, *format = NULL;
	struct err e = {""};
	bool only_name = false;
	struct blk *b;
	int opt, rc;

	while ((opt = getopt(argc, argv, "uf:b:F:")) != -1) {
		if (opt == 'u')
			only_name = true;
		else if (opt == 'f')
			o.format = optarg;
		else if (opt == 'b')
			backing = *optarg ? optarg : "";
		else if (opt == 'F')
			format = optarg;
		else
			return img_usage("rebase");
	}
	if (optind + 1 != argc || !only_name || (!backing && !format))
		return img_usage("rebase");
	o.file = argv[optind];
	b = blk_open_image(&o, &e);
	if (b && !backing) { /* -F alone: the same file, its format said */
		struct blk_info i;

		blk_info(b, &i);
		backing = i.backing ? i.backing : "";
	}
	if (b && *backing && !format) {
		blk_close(b);
		return img_fail(1, "-b %s needs -F with its format", backing);
	}
	rc = b ? blk_rename_backing(b, *backing ? backing : NULL, format, &e) : -EIO;
	blk_close(b);
	return rc ? img_fail_err(1, &e) : 0;
}
