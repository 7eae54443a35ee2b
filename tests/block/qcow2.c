/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/block/qcow2.c: images of every shape beside a copy in memory; qemu-img makes
 * the ones we read and judges the ones we write.
 */
#include "tests/block/image.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct shape {
	const char *name;
	unsigned version, cluster_bits, refcount_bits;
	uint64_t mib;
} shapes[] = {
	{"v3 64K", 3, 16, 16, 16},   {"v2 64K", 2, 16, 16, 16},   {"v3 512", 3, 9, 16, 4},
	{"v2 4K", 2, 12, 16, 8},     {"v3 2M", 3, 21, 16, 24},    {"v3 1 bit", 3, 12, 1, 8},
	{"v3 2 bits", 3, 16, 2, 8},  {"v3 4 bits", 3, 10, 4, 4},  {"v3 8 bits", 3, 16, 8, 8},
	{"v3 32 bits", 3, 9, 32, 4}, {"v3 64 bits", 3, 9, 64, 4},
};
#define N_SHAPES ARRAY_SIZE(shapes)

static const char *created(const struct shape *s, const char *backing, const char *format)
{
	struct blk_create c = {.format = "qcow2",
			       .bytes = s->mib << 20,
			       .version = s->version,
			       .cluster_bits = s->cluster_bits,
			       .refcount_bits = s->refcount_bits,
			       .backing = backing,
			       .backing_format = format};
	struct err e = {""};

	c.file = bus_tmpfile(0);
	if (blk_create(&c, &e) < 0)
		NOTE("%s", e.msg);
	CHECK(!e.msg[0]);
	return c.file;
}

static void need_qemu_img(void)
{
	if (!image_has_qemu_img())
		SKIP("no qemu-img");
}

/* ---- writing ---- */

static void churn(struct pair *p, const char *file, uint64_t bytes)
{
	const char *raw = bus_tmpfile(bytes);

	for (unsigned round = 0; round < 2; round++) {
		pair_open(p, file, bytes);
		for (unsigned n = 0; n < 150; n++)
			pair_step(p);
		pair_equal(p);
		pair_close(p);
		pair_check(p, raw);
	}
	free(p->want);
}

TEST_EACH(random_requests, N_SHAPES, shapes[i].name)
{
	const struct shape *s = &shapes[i];
	struct pair p = {.seed = 7919 * (i + 1)};

	churn(&p, created(s, NULL, NULL), s->mib << 20);
}

TEST_EACH(random_requests_over_a_backing_image, N_SHAPES, shapes[i].name)
{
	const struct shape *s = &shapes[i];
	uint64_t bytes = s->mib << 20, under = bytes * 3 / 4 + 512;
	struct pair p = {.seed = 104729 * (i + 1), .bytes = bytes};
	const char *base;

	p.want = calloc(1, bytes);
	image_pattern(p.want, under, 4711);
	base = image_raw(p.want, under);
	churn(&p, created(s, base, "raw"), bytes);
}

/* ---- reading what qemu-img made ---- */

static const struct made {
	const char *name, *options;
} made[] = {
	{"0.10", "-o compat=0.10"},
	{"0.10 512", "-o compat=0.10,cluster_size=512"},
	{"1.1", "-o compat=1.1"},
	{"512", "-o cluster_size=512,refcount_bits=64"},
	{"4K", "-o cluster_size=4k,refcount_bits=1"},
	{"2M", "-o cluster_size=2M,refcount_bits=2"},
	{"lazy", "-o lazy_refcounts=on"},
	{"compressed", "-c"},
	{"compressed 0.10", "-c -o compat=0.10"},
	{"compressed 512", "-c -o cluster_size=512"},
	{"compressed 2M", "-c -o cluster_size=2M"},
	{"compressed 1 bit", "-c -o refcount_bits=1"},
	{"zstd", "-c -o compression_type=zstd"},
	{"zstd 4K", "-c -o compression_type=zstd,cluster_size=4k"},
	{"zstd 2M", "-c -o compression_type=zstd,cluster_size=2M"},
	{"metadata", "-o preallocation=metadata"},
	{"falloc", "-o preallocation=falloc"},
	{"no sparseness", "-S 0"},
};

TEST_EACH(images_of_qemu, ARRAY_SIZE(made), made[i].name)
{
	const uint64_t bytes = (4 << 20) + 77 * 512;
	struct pair p = {.seed = i + 1, .bytes = bytes};
	const char *file = bus_tmpfile(0);

	need_qemu_img();
	p.want = malloc(bytes);
	image_pattern(p.want, bytes, i + 99);
	MUST(!image_sh("qemu-img convert -f raw -O qcow2 %s %s %s", made[i].options,
		       image_raw(p.want, bytes), file));
	pair_open(&p, file, bytes);
	pair_equal(&p);
	pair_close(&p);
	churn(&p, file, bytes); /* and writable too */
}
