/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/block/blk.c: disks on host files: requests, ends, errors, life. */
#include "block/blk.h"
#include "base/util.h"
#include "tests/hw/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static struct loop *loop;
static unsigned dones;
static int last_rc;

static void done(struct blk_req *r, int rc)
{
	(void)r;
	dones++;
	last_rc = rc;
}

static struct blk *disk_of(const char *file, const struct blk_options *more)
{
	struct blk_options o = more ? *more : (struct blk_options){.format = "raw"};
	struct err e = {""};
	struct blk *b;

	if (!loop)
		loop = loop_new(&e);
	o.file = file;
	o.id = "disk";
	b = blk_open(loop, &o, &e);
	if (!b)
		NOTE("%s", e.msg);
	return b;
}

static void finish(struct blk *b)
{
	blk_close(b);
	loop_free(loop);
	loop = NULL;
}

static void set(struct blk_req *r, enum blk_op op, uint64_t off, void *buf, size_t len)
{
	*r = (struct blk_req){.op = op, .offset = off, .bytes = len, .done = done};
	r->iov[0] = (struct iovec){buf, len};
	r->iovcnt = 1;
}

/* Through the loop, as devices see it. */
static int run(struct blk *b, enum blk_op op, uint64_t off, void *buf, size_t len)
{
	static struct blk_req r;
	unsigned before = dones;

	set(&r, op, off, buf, len);
	blk_submit(b, &r);
	EQ(before, dones); /* never before submit returns */
	for (unsigned i = 0; dones == before && i < 500; i++)
		loop_step(loop, 10);
	EQ(before + 1, dones);
	return last_rc;
}

TEST(read_what_was_written)
{
	const char *file = bus_tmpfile(1 << 20);
	struct blk *b = disk_of(file, NULL);
	uint8_t out[4096], in[4096];

	MUST(b);
	EQ(1 << 20, blk_bytes(b));
	EQS("raw", blk_format(b));
	EQS(file, blk_file(b));
	EQS("disk", blk_id(b));
	CHECK(!blk_readonly(b));
	memset(out, 0xa7, sizeof(out));
	EQ(0, run(b, BLK_WRITE, 8192, out, sizeof(out)));
	EQ(0, run(b, BLK_READ, 8192, in, sizeof(in)));
	EQM(out, in, sizeof(in));
	EQ(0, run(b, BLK_WRITE_ZEROES, 8192, NULL, 512));
	EQ(0, run(b, BLK_READ, 8192, in, 1024));
	EQ(0, in[511]);
	EQ(0xa7, in[512]);
	EQ(0, run(b, BLK_DISCARD, 8192, NULL, 4096));
	EQ(0, run(b, BLK_DISCARD, 0, NULL, 0));
	EQ(0, run(b, BLK_READ, 8192, in, 4096));
	EQ(0, in[600]);
	EQ(0, run(b, BLK_FLUSH, 0, NULL, 0));
	EQ(4096, blk_stats(b)->wr_bytes);
	EQ(1, blk_stats(b)->wr_operations);
	EQ(3, blk_stats(b)->rd_operations);
	EQ(4096 + 1024 + 4096, blk_stats(b)->rd_bytes);
	EQ(1, blk_stats(b)->flush_operations);
	finish(b);
}

TEST(many_pieces_in_one_request)
{
	struct blk *b = disk_of(bus_tmpfile(1 << 20), NULL);
	static uint8_t out[257 * 512], in[257 * 512];
	static struct blk_req r;

	MUST(b);
	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 11 + i / 512);
	for (unsigned write = 2; write--;) {
		set(&r, write ? BLK_WRITE : BLK_READ, 512, write ? out : in, sizeof(out));
		r.iovcnt = 257;
		for (unsigned i = 0; i < 257; i++)
			r.iov[i] = (struct iovec){(write ? out : in) + 512 * i, 512};
		blk_submit(b, &r);
		blk_drain(b);
		EQ(0, last_rc);
	}
	EQ(2, dones);
	EQM(out, in, sizeof(in));
	finish(b);
}

TEST(out_of_range_and_nonsense)
{
	struct blk *b = disk_of(bus_tmpfile(4096), NULL);
	uint8_t buf[1024];
	struct blk_req r;

	MUST(b);
	EQ((unsigned)-EIO, (unsigned)run(b, BLK_READ, 4096, buf, 512));
	EQ((unsigned)-EIO, (unsigned)run(b, BLK_READ, 3584, buf, 1024));
	EQ((unsigned)-EIO, (unsigned)run(b, BLK_WRITE, ~0ull - 511, buf, 1024));
	set(&r, BLK_READ, 0, buf, 512);
	r.bytes = 1024; /* and 512 in iov */
	blk_submit(b, &r);
	blk_drain(b);
	EQ((unsigned)-EINVAL, (unsigned)last_rc);
	finish(b);
}

/* A length that is no multiple of 512: the rest reads as zeroes, and grows when written. */
TEST(odd_length)
{
	const char *file = bus_tmpfile(700);
	struct blk *b = disk_of(file, NULL);
	uint8_t buf[1024];
	int fd = open(file, O_RDWR);

	MUST(b && fd >= 0);
	EQ(1, pwrite(fd, "x", 1, 699));
	EQ(1024, blk_bytes(b));
	memset(buf, 0xee, sizeof(buf));
	EQ(0, run(b, BLK_READ, 0, buf, 1024));
	EQ('x', buf[699]);
	EQ(0, buf[700]);
	EQ(0, buf[1023]);
	EQ(0, run(b, BLK_WRITE, 512, buf, 512));
	EQ(1024, lseek(fd, 0, SEEK_END));
	close(fd);
	finish(b);
}

TEST(file_that_shrank_reads_zeroes)
{
	const char *file = bus_tmpfile(1 << 20);
	struct blk *b = disk_of(file, NULL);
	uint8_t buf[512];

	MUST(b && !truncate(file, 0));
	memset(buf, 0xee, sizeof(buf));
	EQ(0, run(b, BLK_READ, 65536, buf, 512));
	EQ(0, buf[0]);
	EQ(0, buf[511]);
	finish(b);
}

TEST(no_space)
{
	struct blk *b = disk_of(bus_tmpfile(1 << 20), NULL);
	struct rlimit old, small;
	uint8_t buf[512] = {0};

	MUST(b && !getrlimit(RLIMIT_FSIZE, &old));
	small = (struct rlimit){65536, old.rlim_max};
	MUST(!setrlimit(RLIMIT_FSIZE, &small));
	EQ((unsigned)-EFBIG, (unsigned)run(b, BLK_WRITE, 1 << 19, buf, 512));
	setrlimit(RLIMIT_FSIZE, &old);
	EQ(0, run(b, BLK_WRITE, 1 << 19, buf, 512)); /* the disk goes on */
	finish(b);
}

TEST(read_only)
{
	const struct blk_options ro = {.format = "raw", .readonly = true};
	struct blk *b = disk_of(bus_tmpfile(4096), &ro);
	uint8_t buf[512];

	MUST(b);
	CHECK(blk_readonly(b));
	EQ(0, run(b, BLK_READ, 0, buf, 512));
	EQ((unsigned)-EROFS, (unsigned)run(b, BLK_WRITE, 0, buf, 512));
	EQ((unsigned)-EROFS, (unsigned)run(b, BLK_DISCARD, 0, NULL, 512));
	EQ(0, run(b, BLK_FLUSH, 0, NULL, 0));
	finish(b);
}

TEST_EACH(cache_modes, 5,
	  ((const char *[]){"writeback", "none", "writethrough", "directsync", "unsafe"}[i]))
{
	static const char *const modes[] = {"writeback", "none", "writethrough", "directsync",
					    "unsafe"};
	static uint8_t buf[12288] __attribute__((aligned(4096)));
	const struct blk_options o = {.format = "raw", .cache = modes[i]};
	struct blk *b = disk_of(bus_tmpfile(1 << 20), &o);

	if (!b && (i == 1 || i == 3)) {
		loop_free(loop);
		SKIP("no O_DIRECT on this file system");
	}
	MUST(b);
	memset(buf, 0x42, sizeof(buf));
	EQ(0, run(b, BLK_WRITE, 4096, buf, 8192));      /* aligned */
	EQ(0, run(b, BLK_WRITE, 512, buf + 100, 1024)); /* not */
	memset(buf, 0, sizeof(buf));
	EQ(0, run(b, BLK_READ, 4096, buf, 8192));
	EQ(0x42, buf[8191]);
	EQ(0, run(b, BLK_READ, 1024, buf + 3, 512));
	EQ(0x42, buf[3]);
	EQ(0, run(b, BLK_WRITE_ZEROES, 4096, NULL, 4096));
	EQ(0, run(b, BLK_FLUSH, 0, NULL, 0));
	finish(b);
}

/* ---- cancel, drain, close ---- */

TEST(cancel_under_load)
{
	static struct blk_req r[24];
	struct blk *b = disk_of(bus_tmpfile(1 << 20), NULL);
	unsigned cancelled = 0;

	MUST(b);
	for (unsigned n = 0; n < 1000; n++) {
		uint8_t *buf[24];
		for (unsigned i = 0; i < 24; i++) {
			buf[i] = malloc(4096);
			memset(buf[i], (int)i, 4096);
			set(&r[i], i & 1 ? BLK_READ : BLK_WRITE, i * 4096, buf[i], 4096);
			blk_submit(b, &r[i]);
		}
		if (n & 1)
			loop_step(loop, 0);
		for (unsigned i = 0; i < 24; i++) { /* memory goes away at once */
			unsigned before = dones;
			blk_cancel(&r[(i * 7) % 24]);
			EQ(before, dones);
			free(buf[(i * 7) % 24]);
			cancelled++;
		}
	}
	loop_step(loop, 0);
	EQ(24000, cancelled);
	blk_cancel(&r[0]); /* idle is fine */
	finish(b);
}

static unsigned chain;

static void again(struct blk_req *r, int rc)
{
	EQ(0, rc);
	if (++chain < 10)
		blk_submit(r->blk, r);
}

TEST(drain_runs_what_done_submits)
{
	struct blk *b = disk_of(bus_tmpfile(65536), NULL);
	static struct blk_req r[8], more;
	static uint8_t buf[9][512];

	MUST(b);
	for (unsigned i = 0; i < 8; i++) {
		set(&r[i], BLK_WRITE, i * 512, buf[i], 512);
		blk_submit(b, &r[i]);
	}
	set(&more, BLK_READ, 0, buf[8], 512);
	more.done = again;
	blk_submit(b, &more);
	blk_drain(b);
	EQ(8, dones);
	EQ(10, chain);
	blk_drain(b); /* nothing to wait for */
	finish(b);
}

TEST(close_with_requests_in_flight)
{
	const char *file = bus_tmpfile(1 << 20);
	static uint8_t buf[64][512];
	static struct blk_req r[64];
	uint8_t got[512];

	for (unsigned n = 0; n < 50; n++) {
		struct blk *b = disk_of(file, NULL);
		MUST(b);
		for (unsigned i = 0; i < 64; i++) {
			memset(buf[i], (int)(n + i), 512);
			set(&r[i], BLK_WRITE, i * 512, buf[i], 512);
			blk_submit(b, &r[i]);
		}
		blk_close(b);
		blk_cancel(&r[63]); /* its disk is gone: still fine */
		loop_step(loop, 0);
	}
	EQ(0, dones);
	int fd = open(file, O_RDONLY);
	EQ(512, pread(fd, got, 512, 63 * 512));
	EQ((49 + 63) & 0xff, got[0]); /* but written */
	close(fd);
	finish(NULL);
}

TEST(memory_disk)
{
	uint8_t mem[4096] = {1}, buf[512] = {0};
	struct err e = {""};
	struct blk_req r;
	struct blk *b;

	loop = loop_new(&e);
	b = blk_mem(loop, mem, sizeof(mem), false);
	EQ(0, run(b, BLK_READ, 0, buf, 512));
	EQ(1, buf[0]);
	blk_mem_fail(b, -ENOSPC);
	EQ((unsigned)-ENOSPC, (unsigned)run(b, BLK_WRITE, 0, buf, 512));
	EQ((unsigned)-EIO, (unsigned)run(b, BLK_WRITE, 4096, buf, 512));
	EQ(0, run(b, BLK_WRITE_ZEROES, 0, NULL, 512));
	EQ(0, mem[0]);
	EQ(0, run(b, BLK_FLUSH, 0, NULL, 0));
	blk_close(b);
	b = blk_mem(loop, mem, sizeof(mem), true);
	dones = 0;
	set(&r, BLK_READ, 0, buf, 512);
	blk_submit(b, &r);
	loop_step(loop, 0);
	EQ(0, dones);
	EQ(1, blk_mem_step(b));
	EQ(1, dones);
	blk_submit(b, &r);
	blk_cancel(&r);
	EQ(0, blk_mem_step(b));
	blk_submit(b, &r);
	finish(b);
	EQ(1, dones);
}
