/* SPDX-License-Identifier: GPL-2.0-or-later */
/* img/convert.c: convert, compare: two disks side by side. */
#include "img/img.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (2u << 20)

/* What is at offset, at most max: read into buf unless it is known to be zeroes. */
static int fetch(struct blk *b, uint64_t off, uint64_t max, uint8_t *buf, uint64_t *n, bool *zero)
{
	struct blk_extent x;
	int rc = blk_map(b, off, max, &x);

	if (rc)
		return rc;
	*zero = x.zero;
	*n = *zero ? x.bytes : MIN(x.bytes, CHUNK);
	return *zero ? 0 : blk_now(b, BLK_READ, off, buf, *n);
}

/* ---- convert ---- */

struct copy {
	struct blk *from, *to;
	uint8_t *buf;
	uint64_t sparse;  /* zeroes of at least so many bytes become holes; 0: none do */
	uint64_t cluster; /* of the compressed image; 0: not compressed */
	bool blank;       /* the new image reads as zeroes where nothing was written */
};

static int put_zeroes(struct copy *c, uint64_t off, uint64_t n)
{
	if (c->sparse)
		return c->blank ? 0 : blk_now(c->to, BLK_WRITE_ZEROES, off, NULL, n);
	memset(c->buf, 0, CHUNK);
	for (uint64_t at = 0; at < n; at += CHUNK) {
		int rc = blk_now(c->to, BLK_WRITE, off + at, c->buf, MIN(n - at, CHUNK));

		if (rc)
			return rc;
	}
	return 0;
}

/* Runs of data, cut where there are zeroes enough. */
static int put_data(struct copy *c, uint64_t off, uint64_t n)
{
	uint64_t unit = c->sparse ? c->sparse : n, end;
	int rc = 0;

	for (uint64_t at = 0; at < n && !rc; at = end) {
		bool zero = c->sparse && img_zero(c->buf + at, MIN(unit, n - at));

		end = MIN(at + unit, n);
		while (end < n && (c->sparse && img_zero(c->buf + end, MIN(unit, n - end))) == zero)
			end = MIN(end + unit, n);
		if (!zero)
			rc = blk_now(c->to, BLK_WRITE, off + at, c->buf + at, end - at);
		else if (!c->blank)
			rc = blk_now(c->to, BLK_WRITE_ZEROES, off + at, NULL, end - at);
	}
	return rc;
}

static int put_compressed(struct copy *c, uint64_t off, uint64_t n)
{
	int rc = 0;

	for (uint64_t at = 0; at < n && rc >= 0; at += c->cluster) {
		uint64_t part = MIN(c->cluster, n - at);

		if (img_zero(c->buf + at, part))
			continue;
		memset(c->buf + at + part, 0, c->cluster - part);
		rc = blk_write_packed(c->to, off + at, c->buf + at);
		if (rc == 1)
			rc = blk_now(c->to, BLK_WRITE, off + at, c->buf + at, part);
	}
	return rc < 0 ? rc : 0;
}

static int copy(struct copy *c)
{
	uint64_t end = blk_bytes(c->from), n;
	bool zero;
	int rc = 0;

	for (uint64_t off = 0; off < end && !rc; off += n) {
		if (c->cluster) { /* whole clusters at a time */
			n = MIN(CHUNK, end - off);
			rc = blk_now(c->from, BLK_READ, off, c->buf, n);
			rc = rc ? rc : put_compressed(c, off, n);
			continue;
		}
		rc = fetch(c->from, off, end - off, c->buf, &n, &zero);
		if (!rc)
			rc = zero ? put_zeroes(c, off, n) : put_data(c, off, n);
	}
	return rc ? rc : blk_now(c->to, BLK_FLUSH, 0, NULL, 0);
}

struct convert {
	const char *from_format, *cache;
	struct blk_create to;
	bool compress, existing, quiet;
	uint64_t sparse;
};

static int start_copy(const struct convert *v, struct copy *c)
{
	struct blk_info info;
	int rc;

	blk_info(c->to, &info);
	if (v->compress && !info.cluster)
		return img_fail(1, "-c: format %s has no compression", blk_format(c->to));
	if (blk_bytes(c->to) < blk_bytes(c->from))
		return img_fail(1, "%s is smaller than %s", blk_file(c->to), blk_file(c->from));
	c->cluster = v->compress ? info.cluster : 0;
	c->sparse = v->sparse;
	c->blank = !v->existing && !v->to.backing;
	c->buf = aligned_alloc(4096, CHUNK);
	rc = c->buf ? copy(c) : -ENOMEM;
	free(c->buf);
	return rc ? img_fail(1, "cannot copy %s to %s: %s", blk_file(c->from), blk_file(c->to),
			     strerror(-rc))
		  : 0;
}

static int convert(struct convert *v, const char *from)
{
	struct copy c = {.from = img_open(from, v->from_format, NULL, false)};
	struct err e = {""};
	int status = 1;

	if (!c.from)
		return 1;
	v->to.bytes = blk_bytes(c.from);
	if (!v->existing && blk_create(&v->to, &e) < 0)
		img_fail_err(1, &e);
	else
		c.to = img_open(v->to.file, v->to.format, v->cache, true);
	if (c.to)
		status = start_copy(v, &c);
	blk_close(c.to);
	blk_close(c.from);
	return status;
}

static bool convert_option(struct convert *v, int opt, char *arg)
{
	switch (opt) {
	case 'f':
		v->from_format = arg;
		return true;
	case 'O':
		v->to.format = arg;
		return true;
	case 't':
		v->cache = arg;
		return true;
	case 'B':
		v->to.backing = arg;
		return true;
	case 'F':
		v->to.backing_format = arg;
		return true;
	case 'o':
		return img_options(&v->to, arg);
	case 'S':
		return img_size(arg, &v->sparse) && !(v->sparse & 511) && v->sparse <= CHUNK;
	case 'c':
		return v->compress = true;
	case 'n':
		return v->existing = true;
	case 'q':
		return v->quiet = true;
	}
	return false;
}

int img_convert(int argc, char **argv)
{
	/* Unsafe until the end: there is one flush behind all. */
	struct convert v = {.to = {.format = "raw"}, .cache = "writeback", .sparse = 4096};
	int opt;

	while ((opt = getopt(argc, argv, "f:O:t:B:F:o:S:cnq")) != -1)
		if (!convert_option(&v, opt, optarg))
			return img_usage("convert");
	if (optind + 2 != argc)
		return img_usage("convert");
	if (v.to.backing && !v.to.backing_format)
		return img_fail(1, "-B %s needs -F with its format", v.to.backing);
	v.to.file = argv[optind + 1];
	return convert(&v, argv[optind]);
}

/* ---- compare ---- */

enum { SAME, DIFFERENT, FAILED, NO_ACCESS };

struct side {
	struct blk *b;
	uint8_t *buf;
	uint64_t n;
	bool zero;
};

static int load(struct side *s, uint64_t off, uint64_t max)
{
	uint64_t have = blk_bytes(s->b);

	if (off >= have) {
		s->n = max;
		s->zero = true;
		return 0;
	}
	return fetch(s->b, off, MIN(max, have - off), s->buf, &s->n, &s->zero);
}

/* The first byte that differs, or n. */
static uint64_t differs(const struct side *a, const struct side *b, uint64_t n)
{
	if (a->zero && b->zero)
		return n;
	for (uint64_t i = 0; i < n; i++)
		if ((a->zero ? 0 : a->buf[i]) != (b->zero ? 0 : b->buf[i]))
			return i;
	return n;
}

static int compare(struct side *a, struct side *b, bool quiet)
{
	uint64_t end = MAX(blk_bytes(a->b), blk_bytes(b->b)), n, at;
	int rc;

	for (uint64_t off = 0; off < end; off += n) {
		rc = load(a, off, end - off);
		if (!rc)
			rc = load(b, off, end - off);
		if (rc)
			return img_fail(FAILED, "cannot read at %" PRIu64 ": %s", off,
					strerror(-rc));
		n = MIN(a->n, b->n);
		at = differs(a, b, n);
		if (at == n)
			continue;
		if (!quiet)
			printf("Content mismatch at offset %" PRIu64 "!\n", off + at);
		return DIFFERENT;
	}
	if (!quiet)
		printf("Images are identical.\n");
	return SAME;
}

static int compare_files(char **files, const char *f1, const char *f2, bool strict, bool quiet)
{
	struct side a = {.b = img_open(files[0], f1, NULL, false)};
	struct side b = {.b = a.b ? img_open(files[1], f2, NULL, false) : NULL};
	int status = NO_ACCESS;

	a.buf = malloc(CHUNK);
	b.buf = malloc(CHUNK);
	if (b.b && blk_bytes(a.b) != blk_bytes(b.b) && strict)
		status = DIFFERENT;
	else if (b.b && a.buf && b.buf)
		status = compare(&a, &b, quiet);
	if (b.b && blk_bytes(a.b) != blk_bytes(b.b) && !quiet)
		printf("%s sizes differ\n", strict ? "Strict mode: image" : "Image");
	blk_close(b.b);
	blk_close(a.b);
	free(a.buf);
	free(b.buf);
	return status;
}

int img_compare(int argc, char **argv)
{
	const char *f1 = NULL, *f2 = NULL;
	bool strict = false, quiet = false;
	int opt;

	while ((opt = getopt(argc, argv, "f:F:sq")) != -1) {
		if (opt == 'f')
			f1 = optarg;
		else if (opt == 'F')
			f2 = optarg;
		else if (opt == 's')
			strict = true;
		else if (opt == 'q')
			quiet = true;
		else
			return img_usage("compare") + 1;
	}
	if (optind + 2 != argc)
		return img_usage("compare") + 1;
	return compare_files(argv + optind, f1, f2, strict, quiet);
}
