/* SPDX-License-Identifier: GPL-2.0-or-later */
/* img/common.c: the verbs' list, their complaints, sizes and options. */
#include "img/img.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct verb img_verbs[] = {
	{"bench",
	 "[-f FORMAT] [-c COUNT] [-d DEPTH] [-s SIZE] [-S STEP] [-o OFFSET] [-t CACHE] [-i AIO] "
	 "[-w] [--flush-interval=N] FILE",
	 "time requests", img_bench},
	{"check", "[-f FORMAT] [--output=human|json] [-r leaks|all] [-q] FILE",
	 "look for damage, and repair it", img_check},
	{"compare", "[-f FORMAT] [-F FORMAT] [-s] [-q] FILE1 FILE2", "do two disks hold the same",
	 img_compare},
	{"convert",
	 "[-f FORMAT] [-O FORMAT] [-o OPTIONS] [-B BACKING [-F FORMAT]] [-S SIZE] [-t CACHE] "
	 "[-c] [-n] [-q] FILE NEWFILE",
	 "copy a disk into another image", img_convert},
	{"create", "[-f FORMAT] [-b BACKING [-F FORMAT]] [-o OPTIONS] [-u] [-q] FILE [SIZE]",
	 "make an image", img_create},
	{"help", "", "this text", img_help},
	{"info", "[-f FORMAT] [--output=human|json] FILE", "what an image is", img_info},
	{"map", "[-f FORMAT] [--output=human|json] FILE", "where a disk's data is", img_map},
	{"rebase", "-u [-f FORMAT] [-b BACKING [-F FORMAT]] FILE",
	 "change the name of the backing file, and nothing else", img_rebase},
	{"resize", "[-f FORMAT] [--shrink] [-q] FILE [+|-]SIZE", "change a disk's size",
	 img_resize},
	{"snapshot", "[-l | -c NAME | -a NAME | -d NAME] FILE",
	 "list, make, return to, delete internal snapshots", img_snapshot},
	{NULL, NULL, NULL, NULL},
};

static const char *const shared[][2] = {
	{"-f FORMAT", "of FILE; for create, of the new image. Looked for when not said"},
	{"-O FORMAT", "of the new image (convert); raw when not said"},
	{"-F FORMAT", "of the backing file; for compare, of the second image"},
	{"-b BACKING", "the image that shows where the new one holds nothing"},
	{"-o OPTIONS", "of the new image, KEY=VALUE and commas; for bench, the first offset"},
	{"-t CACHE", "writeback, none, unsafe, directsync, writethrough"},
	{"-q", "say nothing when all is well"},
};

int img_help(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("usage: hvm-img COMMAND …\n");
	for (const struct verb *v = img_verbs; v->name; v++)
		printf("  %s %s\n        %s\n", v->name, v->arguments, v->summary);
	printf("Options of several commands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		printf("  %-12s %s\n", shared[i][0], shared[i][1]);
	printf("Formats: raw, qcow2. Sizes: bytes, or with k M G T P E. man hvm-img tells more.\n");
	return 0;
}

int img_usage(const char *verb)
{
	for (const struct verb *v = img_verbs; v->name; v++)
		if (!strcmp(v->name, verb))
			fprintf(stderr, "usage: hvm-img %s %s\n", v->name, v->arguments);
	return 1;
}

int img_fail(int status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("hvm-img: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	return status;
}

int img_fail_err(int status, const struct err *e)
{
	return img_fail(status, "%s", e->msg);
}

bool img_number(const char *text, uint64_t max, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && *n <= max;
}

bool img_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "bkmgtpe";
	const char *u;
	double v;
	char *end;

	if (img_number(text, INT64_MAX, bytes))
		return true;
	if (!isdigit((unsigned char)*text) || strpbrk(text, "xXpP+-") == text + 1)
		return false;
	v = strtod(text, &end);
	u = strchr(units, tolower((unsigned char)*end));
	if (!*end || !u || end[1])
		return false;
	for (long k = u - units; k; k--)
		v *= 1024;
	*bytes = v < 9e18 ? (uint64_t)v : 0;
	return v < 9e18;
}

void img_human(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)bytes;
	unsigned k = 0;

	for (; v >= 1000 && k < 6; k++)
		v /= 1024;
	snprintf(text, size, "%.3g %s", v, units[k]);
}

bool img_zero(const void *buf, size_t n)
{
	const char *p = buf;

	return !n || (!*p && !memcmp(p, p + 1, n - 1));
}

/* ---- -o ---- */

static const char *const preallocs[] = {"off", "metadata", "falloc", "full"};

static bool set_prealloc(struct blk_create *c, const char *v)
{
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(v, preallocs[i])) {
			c->prealloc = (enum blk_prealloc)i;
			return true;
		}
	return false;
}

static bool set_cluster(struct blk_create *c, const char *v)
{
	uint64_t n;

	if (!img_size(v, &n) || !n || n & (n - 1) || n > 1u << 31)
		return false;
	c->cluster_bits = (unsigned)__builtin_ctzll(n);
	return true;
}

static bool set_bool(bool *to, const char *v)
{
	*to = !strcmp(v, "on");
	return *to || !strcmp(v, "off");
}

static bool set_compat(struct blk_create *c, const char *v)
{
	c->version = !strcmp(v, "0.10") || !strcmp(v, "v2")  ? 2
		     : !strcmp(v, "1.1") || !strcmp(v, "v3") ? 3
							     : 0;
	return c->version;
}

static bool set_compression(struct blk_create *c, const char *v)
{
	c->zstd = !strcmp(v, "zstd");
	return c->zstd || !strcmp(v, "zlib");
}

static bool set_option(struct blk_create *c, const char *key, const char *v)
{
	uint64_t n;

	if (!strcmp(key, "size"))
		return img_size(v, &c->bytes);
	if (!strcmp(key, "preallocation"))
		return set_prealloc(c, v);
	if (!strcmp(key, "cluster_size"))
		return set_cluster(c, v);
	if (!strcmp(key, "compat"))
		return set_compat(c, v);
	if (!strcmp(key, "lazy_refcounts"))
		return set_bool(&c->lazy_refcounts, v);
	if (!strcmp(key, "backing_file"))
		c->backing = v;
	else if (!strcmp(key, "backing_fmt"))
		c->backing_format = v;
	else if (!strcmp(key, "refcount_bits") && img_number(v, 64, &n))
		c->refcount_bits = (unsigned)n;
	else
		return !strcmp(key, "compression_type") && set_compression(c, v);
	return true;
}

bool img_options(struct blk_create *c, char *options)
{
	for (char *word = strtok(options, ","); word; word = strtok(NULL, ",")) {
		char *v = strchr(word, '=');

		if (v)
			*v++ = 0;
		if (!v || !set_option(c, word, v)) {
			img_fail(
				1,
				"-o %s%s%s: want size, compat=0.10|1.1, cluster_size=, "
				"refcount_bits=, lazy_refcounts=on|off, compression_type=zlib|zstd,"
				" backing_file=, backing_fmt=, "
				"preallocation=off|metadata|falloc|full",
				word, v ? "=" : "", v ? v : "");
			return false;
		}
	}
	return true;
}

struct blk *img_open(const char *file, const char *format, const char *cache, bool write)
{
	struct blk_options o = {
		.file = file, .format = format, .cache = cache, .readonly = !write, .id = "image"};
	struct err e = {""};
	struct blk *b = blk_open_image(&o, &e);

	if (!b)
		img_fail_err(1, &e);
	return b;
}
