/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/block/qcow2_open.c: headers by hand, backing chains, what is refused and why. */
#include "tests/block/image.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct err error;

static struct blk *try(const char *file, const char *format, bool readonly)
{
	struct blk_options o = {.file = file, .format = format, .readonly = readonly};

	err_clear(&error);
	return blk_open_image(&o, &error);
}

static void refused(const char *file, const char *why)
{
	struct blk *b = try(file, "qcow2", false);

	CHECK(!b);
	if (!CHECK(strstr(error.msg, why)))
		NOTE("%s", error.msg);
	if (!CHECK(strstr(error.msg, file)))
		NOTE("%s", error.msg);
	blk_close(b);
}

static const char *image(const char *backing, const char *format, unsigned version)
{
	struct blk_create c = {.format = "qcow2",
			       .bytes = 1 << 20,
			       .backing = backing,
			       .backing_format = format,
			       .version = version,
			       .file = bus_tmpfile(0)};

	MUST(!blk_create(&c, &error));
	return c.file;
}

static void poke(const char *file, uint64_t at, unsigned size, uint64_t v)
{
	uint64_t be = htobe64(v << (64 - 8 * size));
	int fd = open(file, O_WRONLY);

	MUST(fd >= 0 && pwrite(fd, &be, size, (off_t)at) == size);
	close(fd);
}

static uint64_t peek(const char *file, uint64_t at, unsigned size)
{
	uint64_t be = 0;
	int fd = open(file, O_RDONLY);

	MUST(fd >= 0 && pread(fd, &be, size, (off_t)at) == size);
	close(fd);
	return be64toh(be) >> (64 - 8 * size);
}

/* ---- the header of the specification ---- */

TEST(header_of_a_new_image)
{
	const char *f = image(NULL, NULL, 3);

	EQ(0x514649fb, peek(f, 0, 4));
	EQ(3, peek(f, 4, 4));
	EQ(0, peek(f, 8, 8));   /* backing file */
	EQ(16, peek(f, 20, 4)); /* cluster bits */
	EQ(1 << 20, peek(f, 24, 8));
	EQ(0, peek(f, 32, 4)); /* no encryption */
	EQ(1, peek(f, 36, 4)); /* L1 entries: one covers 512 MiB */
	EQ(3 << 16, peek(f, 40, 8));
	EQ(1 << 16, peek(f, 48, 8));
	EQ(1, peek(f, 56, 4));
	EQ(0, peek(f, 72, 8));
	EQ(4, peek(f, 96, 4)); /* refcounts of 16 bits */
	EQ(104, peek(f, 100, 4));
	EQ(2 << 16, peek(f, 1 << 16, 8)); /* the first refcount block */
	EQ(0x0001000100010001, peek(f, 2 << 16, 8));
	EQ(0, peek(f, (2 << 16) + 8, 8));
}

static const struct wrong {
	const char *name;
	unsigned at, size;
	uint64_t v;
	const char *why;
} wrongs[] = {
	{"version 4", 4, 4, 4, "version 4 is not supported"},
	{"clusters of 256", 20, 4, 8, "clusters"},
	{"clusters of 4M", 20, 4, 22, "clusters"},
	{"AES", 32, 4, 1, "AES encryption"},
	{"LUKS", 32, 4, 2, "LUKS encryption"},
	{"size", 24, 8, ~0ull, "size"},
	{"size beyond L1", 24, 8, 1ull << 40, "L1 table"},
	{"L1 too large", 36, 4, 0x7fffffff, "L1 table"},
	{"L1 misaligned", 40, 8, 0x10200, "L1 table"},
	{"L1 behind the end", 40, 8, 1ull << 50, "L1 table"},
	{"no refcount table", 48, 8, 0, "refcount table"},
	{"refcount table misaligned", 48, 8, 0x10008, "refcount table"},
	{"refcount table too large", 56, 4, 0x10000, "refcount table"},
	{"refcount block misaligned", 0x10000, 8, 0x20200, "refcount block"},
	{"too many snapshots", 60, 4, 65537, "snapshot table"},
	{"snapshots behind the end", 60, 4, 1, "snapshot table"},
	{"external data", 72, 8, 4, "external data file"},
	{"zstd without its kind", 72, 8, 8, "kind of compression"},
	{"extended L2", 72, 8, 16, "extended L2"},
	{"unknown feature", 72, 8, 1ull << 40, "bit 40"},
	{"corrupt", 72, 8, 2, "marked as damaged"},
	{"refcounts of 128 bits", 96, 4, 7, "wider than 64"},
	{"header too short", 100, 4, 96, "length"},
	{"header too long", 100, 4, 1 << 20, "length"},
	{"backing name outside", 8, 8, 1 << 20, "backing file's name"},
	{"extension outside", 108, 4, 1 << 30, "extension"},
};

TEST_EACH(damaged_header, ARRAY_SIZE(wrongs), wrongs[i].name)
{
	const struct wrong *w = &wrongs[i];
	const char *f = image(NULL, NULL, 3);

	poke(f, w->at, w->size, w->v);
	refused(f, w->why);
}

TEST(unknown_feature_by_its_name)
{
	const char *f = image(NULL, NULL, 3);
	int fd = open(f, O_WRONLY);

	/* The table of names begins at 104 + 8; its first entry names incompatible bit 0. */
	EQ(0x6803f857, peek(f, 104, 4));
	MUST(pwrite(fd, "\0\x21shiny\tthing", 14, 112) == 14);
	close(fd);
	poke(f, 72, 8, 1ull << 33);
	refused(f, "not known: shiny?thing");
}

TEST(corrupt_opens_for_reading)
{
	const char *f = image(NULL, NULL, 3);
	struct blk *b;

	poke(f, 72, 8, 2);
	b = try(f, NULL, true);
	CHECK(b);
	blk_close(b);
	EQ(2, peek(f, 72, 8));
}

TEST(autoclear_bits_are_cleared_by_a_writer_alone)
{
	const char *f = image(NULL, NULL, 3);

	poke(f, 88, 8, 0x8000000000000005);
	blk_close(try(f, NULL, true));
	EQ(0x8000000000000005, peek(f, 88, 8));
	blk_close(try(f, NULL, false));
	EQ(0, peek(f, 88, 8));
}

/* An image with refcounts that are all wrong, as an unclean end with lazy refcounts leaves it. */
TEST(dirty_image_is_repaired)
{
	struct pair p = {.seed = 99};
	const char *f = image(NULL, NULL, 3);

	pair_open(&p, f, 1 << 20);
	for (unsigned n = 0; n < 40; n++)
		pair_step(&p);
	pair_close(&p);
	for (unsigned n = 3; n < 20; n++)
		poke(f, (2 << 16) + n * 2, 2, n & 1 ? 0 : 3);
	poke(f, 72, 8, 1);
	blk_close(try(f, NULL, true));
	EQ(1, peek(f, 72, 8));
	pair_open(&p, f, 1 << 20);
	pair_close(&p);
	EQ(0, peek(f, 72, 8));
	pair_check(&p, bus_tmpfile(1 << 20));
	free(p.want);
}

/* ---- tables that lead astray ---- */

static int first_sector(const char *f, enum blk_op op)
{
	uint8_t buf[512] = {1};
	struct blk *b = try(f, "qcow2", false);
	int rc;

	MUST(b);
	rc = blk_now(b, op, 0, buf, sizeof(buf));
	blk_close(b);
	return rc;
}

TEST(entries_that_lead_astray)
{
	const char *f = image(NULL, NULL, 3);

	EQ(0, first_sector(f, BLK_WRITE));
	EQ(0x8000000000040000, peek(f, 3 << 16, 8)); /* L2 table */
	EQ(0x8000000000050000, peek(f, 4 << 16, 8));
	poke(f, 4 << 16, 8, 0x8000000000050200); /* misaligned */
	EQ((unsigned)-EIO, (unsigned)first_sector(f, BLK_READ));
	EQ((unsigned)-EIO, (unsigned)first_sector(f, BLK_WRITE));
	poke(f, 3 << 16, 8, 0x8000000000040400); /* so is the table */
	EQ((unsigned)-EIO, (unsigned)first_sector(f, BLK_READ));
	poke(f, 3 << 16, 8, 0x8000100000000000); /* far away */
	EQ((unsigned)-EIO, (unsigned)first_sector(f, BLK_READ));
}

static const uint64_t metadata[] = {0x8000000000000000, 0x8000000000010000, 0x8000000000020000,
				    0x8000000000030000, 0x8000000000040000};

TEST_EACH(no_write_over_metadata, 5,
	  ((const char *[]){"header", "refcount table", "refcount block", "L1", "L2"}[i]))
{
	const char *f = image(NULL, NULL, 3);
	uint8_t buf[512];
	struct blk *b;
	int fd;

	EQ(0, first_sector(f, BLK_WRITE));
	poke(f, (4 << 16) + 8, 8, metadata[i] | 1ull << 63);
	fd = open(f, O_RDONLY);
	MUST(pread(fd, buf, 512, (off_t)(metadata[i] & 0xffffff)) == 512);
	b = try(f, "qcow2", false);
	MUST(b);
	/* An offset of 0 is no cluster: that one is a new one. */
	EQ(i ? (unsigned)-EIO : 0, (unsigned)blk_now(b, BLK_WRITE, 1 << 16, buf, 512));
	EQ(i ? (unsigned)-EIO : 0, (unsigned)blk_now(b, BLK_WRITE, 0, buf, 512));
	blk_close(b);
	EQ(i ? 2 : 0, peek(f, 72, 8)); /* marked as corrupt */
	close(fd);
}

/* The refcounts say "free" of the very L2 table in use. */
TEST(no_allocation_of_metadata)
{
	const char *f = image(NULL, NULL, 3);
	uint8_t buf[512] = {1};
	struct blk *b;

	EQ(0, first_sector(f, BLK_WRITE));
	poke(f, (2 << 16) + 4 * 2, 2, 0);
	b = try(f, "qcow2", false);
	EQ((unsigned)-EIO, (unsigned)blk_now(b, BLK_WRITE, 1 << 16, buf, 512));
	EQ(0, blk_now(b, BLK_READ, 0, buf, 512));
	EQ(1, buf[0]);
	blk_close(b);
	EQ(2, peek(f, 72, 8));
	EQ(0x8000000000050000, peek(f, 4 << 16, 8));
}

/* ---- chains ---- */

TEST(loop_is_refused)
{
	const char *a = image(NULL, NULL, 3), *b = image(a, "qcow2", 3);
	struct blk_create c = {.format = "qcow2",
			       .bytes = 1 << 20,
			       .backing = b,
			       .backing_format = "qcow2",
			       .file = a};

	MUST(!blk_create(&c, &error));
	refused(b, "is its own backing file");
	c.backing = a;
	MUST(!blk_create(&c, &error));
	refused(a, "is its own backing file");
}

TEST(relative_name_is_beside_the_image)
{
	uint8_t bytes[512] = {0x5a}, got[512];
	const char *base = image_raw(bytes, 512), *f = image(strrchr(base, '/') + 1, "raw", 3);
	struct blk *b = try(f, "qcow2", false);
	char fd_name[32];
	int fd;

	MUST(b);
	EQ(0, blk_now(b, BLK_READ, 0, got, 512));
	EQ(0x5a, got[0]);
	EQS(base, blk_file(blk_backing(b)));
	blk_close(b);
	fd = open(f, O_RDWR); /* and beside the file that a descriptor is on */
	snprintf(fd_name, sizeof(fd_name), "fd:%d", fd);
	b = try(fd_name, "qcow2", false);
	if (!b)
		NOTE("%s", error.msg);
	CHECK(b && blk_backing(b));
	blk_close(b);
	close(fd);
}

TEST(backing_files_that_are_none)
{
	refused(image("nbd://localhost/x", "raw", 3), "is not a file");
	refused(image("json:{}", "raw", 3), "is not a file");
	refused(image("/nonexistent/base", "raw", 3), "cannot open /nonexistent/base");
	refused(image("/nonexistent/base", "vmdk", 3), "backing file of");
}

/* A format that is not named is looked for, but may not lead on to a third file. */
TEST(unnamed_format)
{
	uint8_t bytes[512] = {7}, got[512];
	const char *base = image_raw(bytes, 512), *mid = image(base, "raw", 3);
	const char *plain = image(NULL, NULL, 3);
	struct blk *b = try(image(base, NULL, 2), "qcow2", false);

	MUST(b);
	EQ(0, blk_now(b, BLK_READ, 0, got, 512));
	EQ(7, got[0]);
	blk_close(b);
	b = try(image(plain, NULL, 3), "qcow2", false);
	CHECK(b && !strcmp(blk_format(blk_backing(b)), "qcow2"));
	blk_close(b);
	refused(image(mid, NULL, 3), "may have forged");
	b = try(image(mid, "qcow2", 3), "qcow2", false);
	MUST(b);
	EQ(0, blk_now(b, BLK_READ, 0, got, 512));
	EQ(7, got[0]);
	blk_close(b);
}

TEST(depth_is_bounded)
{
	char name[4096], dir[3900];
	const char *base = image(NULL, NULL, 3), *below = base;
	struct blk_create c = {.format = "qcow2", .bytes = 1 << 20, .backing_format = "qcow2"};
	struct blk *b;

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(base, '/') - base), base);
	for (unsigned n = 0; n < 70; n++) {
		char prev[4096];

		snprintf(prev, sizeof(prev), "%s", below);
		snprintf(name, sizeof(name), "%s/deep%u", dir, n);
		c.file = name;
		c.backing = prev;
		MUST(!blk_create(&c, &error));
		below = name;
		if (n == 61) {
			uint8_t buf[512];

			b = try(name, "qcow2", false);
			MUST(b);
			EQ(0, blk_now(b, BLK_READ, 0, buf, 512));
			blk_close(b);
		}
	}
	refused(name, "more than 64");
	image_sh("rm -f %s/deep*", dir);
}

/* The image is ours, its backing file others' too, as long as nobody writes to it. */
TEST(locks_of_a_chain)
{
	const char *base = image(NULL, NULL, 3), *f = image(base, "qcow2", 3);
	struct blk *b = try(f, "qcow2", false), *other;

	MUST(b);
	CHECK(!try(f, "qcow2", true));
	CHECK(strstr(error.msg, "is being written"));
	CHECK(!try(base, "qcow2", false));
	CHECK(strstr(error.msg, "is in use"));
	other = try(base, "qcow2", true);
	CHECK(other);
	blk_close(other);
	blk_close(b);
}
