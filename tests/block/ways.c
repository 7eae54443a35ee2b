/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/block/ways.c: how a drive is used: aio=native, snapshot=on, discard, detect-zeroes. */
#include "tests/block/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *loop;
static struct err error;
static unsigned dones, failures;

static void done(struct blk_req *r, int rc)
{
	(void)r;
	dones++;
	failures += rc != 0;
}

static struct blk *open_as(struct blk_options o)
{
	struct blk *b;

	loop = loop ? loop : loop_new(&error);
	o.id = "d";
	b = blk_open(loop, &o, &error);
	if (!b)
		NOTE("%s", error.msg);
	MUST(b);
	return b;
}

static void finish(struct blk *b)
{
	blk_close(b);
	loop_free(loop);
	loop = NULL;
}

static void submit(struct blk *b, struct blk_req *r, enum blk_op op, uint64_t at, void *buf,
		   size_t n)
{
	*r = (struct blk_req){.op = op, .offset = at, .bytes = n, .done = done};
	r->iov[0] = (struct iovec){buf, n};
	r->iovcnt = op == BLK_READ || op == BLK_WRITE;
	blk_submit(b, r);
}

static int now(struct blk *b, enum blk_op op, uint64_t at, void *buf, size_t n)
{
	static struct blk_req r;
	unsigned was = failures;

	submit(b, &r, op, at, buf, n);
	blk_drain(b);
	return failures != was;
}

/* ---- aio=native ---- */

static struct blk *native(const char *file)
{
	int fd = open(file, O_RDWR | O_DIRECT);

	if (fd < 0)
		SKIP("no O_DIRECT on this file system");
	close(fd);
	return open_as((struct blk_options){
		.file = file, .format = "raw", .cache = "none", .native_aio = true});
}

#define N 80 /* more than go to the kernel at once */

TEST(native_requests)
{
	static struct blk_req r[N];
	static uint8_t buf[N][8192] __attribute__((aligned(4096))), odd[1024];
	struct blk *b = native(bus_tmpfile(1 << 20));

	for (unsigned i = 0; i < N; i++) {
		memset(buf[i], (int)i + 1, 8192);
		submit(b, &r[i], BLK_WRITE, i * 8192, buf[i], 8192);
	}
	EQ(0, dones);
	while (dones < N)
		loop_step(loop, 1000);
	for (unsigned i = 0; i < N; i++) {
		memset(buf[i], 0, 8192);
		submit(b, &r[i], BLK_READ, i * 8192, buf[i], 8192);
	}
	blk_drain(b);
	EQ(2 * N, dones);
	for (unsigned i = 0; i < N; i++)
		EQ(i + 1, buf[i][8191]);
	EQ(0, now(b, BLK_WRITE, 512, odd, 1024)); /* misaligned: by a worker */
	EQ(0, now(b, BLK_READ, 0, buf[0], 4096));
	EQ(1, buf[0][511]);
	EQ(0, buf[0][512]);
	EQ(0, now(b, BLK_FLUSH, 0, NULL, 0));
	EQ(0, failures);
	finish(b);
}

TEST(native_end_of_the_file)
{
	const char *file = bus_tmpfile(8192 + 512);
	uint8_t *buf = aligned_alloc(4096, 8192);
	struct blk *b = native(file);

	memset(buf, 0xee, 8192);
	EQ(0, now(b, BLK_READ, 8192, buf, 512));
	EQ(0, buf[0]);
	MUST(!truncate(file, 0)); /* under its feet: a short read */
	memset(buf, 0xee, 8192);
	EQ(0, now(b, BLK_READ, 0, buf, 8192));
	EQ(0, buf[0]);
	EQ(0, buf[8191]);
	free(buf);
	finish(b);
}

TEST(native_cancel)
{
	static struct blk_req r[32];
	struct blk *b = native(bus_tmpfile(1 << 20));

	for (unsigned n = 0; n < 100; n++) {
		uint8_t *buf[32];

		for (unsigned i = 0; i < 32; i++) {
			buf[i] = aligned_alloc(4096, 4096);
			memset(buf[i], (int)i, 4096);
			submit(b, &r[i], i & 1 ? BLK_READ : BLK_WRITE, i * 4096, buf[i], 4096);
		}
		if (n & 1)
			loop_step(loop, 0);
		for (unsigned i = 0; i < 32; i++) {
			unsigned before = dones;

			blk_cancel(&r[i * 5 % 32]);
			EQ(before, dones);
			free(buf[i * 5 % 32]);
		}
	}
	EQ(0, failures);
	finish(b);
}

TEST(native_close_with_requests_in_flight)
{
	static struct blk_req r[40];
	static uint8_t buf[40][4096] __attribute__((aligned(4096)));
	const char *file = bus_tmpfile(1 << 20);
	struct blk *b = native(file);
	uint8_t got;
	int fd = open(file, O_RDONLY);

	for (unsigned i = 0; i < 40; i++) {
		memset(buf[i], 0x70, 4096);
		submit(b, &r[i], BLK_WRITE, i * 4096, buf[i], 4096);
	}
	finish(b);
	EQ(0, dones);
	MUST(pread(fd, &got, 1, 39 * 4096) == 1);
	EQ(0x70, got);
	close(fd);
}

TEST(native_guard_of_a_probed_image)
{
	uint8_t *buf = aligned_alloc(4096, 4096);
	const char *file = bus_tmpfile(1 << 20);
	struct blk *b;

	blk_close(native(file));
	b = open_as((struct blk_options){.file = file, .cache = "none", .native_aio = true});
	memcpy(buf, "QFI\xfb\0\0\0\3", 8);
	EQ(1, now(b, BLK_WRITE, 0, buf, 4096));
	EQ(0, now(b, BLK_WRITE, 4096, buf, 4096));
	free(buf);
	finish(b);
}

/* ---- snapshot=on ---- */

static const char *qcow2_image(void)
{
	struct blk_create c = {.format = "qcow2", .bytes = 1 << 20, .file = bus_tmpfile(0)};

	MUST(!blk_create(&c, &error));
	return c.file;
}

TEST_EACH(snapshot_leaves_the_image_alone, 2, i ? "qcow2" : "raw")
{
	const char *file = i ? qcow2_image() : bus_tmpfile(1 << 20);
	struct blk_options o = {.file = file, .format = i ? "qcow2" : "raw"};
	uint8_t buf[4096];
	struct blk *b;

	b = open_as(o);
	memset(buf, 0x11, sizeof(buf));
	EQ(0, now(b, BLK_WRITE, 4096, buf, 4096));
	blk_close(b);
	o.snapshot = true;
	MUST(!image_sh("cp %s %s.was", file, file));
	b = open_as(o);
	CHECK(!blk_readonly(b));
	EQ(1 << 20, blk_bytes(b));
	memset(buf, 0x22, sizeof(buf));
	EQ(0, now(b, BLK_WRITE, 4096 + 512, buf, 512));
	EQ(0, now(b, BLK_WRITE_ZEROES, 0, NULL, 4096));
	EQ(0, now(b, BLK_FLUSH, 0, NULL, 0));
	EQ(0, now(b, BLK_READ, 4096, buf, 4096));
	EQ(0x11, buf[511]);
	EQ(0x22, buf[512]);
	EQ(0x11, buf[1024]);
	finish(b);
	EQ(0, image_sh("cmp %s %s.was && rm %s.was", file, file, file));
}

TEST(snapshot_leaves_nothing_behind)
{
	char dir[] = "/tmp/hvm-snapshot-XXXXXX";
	struct blk *b;

	MUST(mkdtemp(dir) && !setenv("TMPDIR", dir, 1));
	b = open_as((struct blk_options){
		.file = bus_tmpfile(65536), .format = "raw", .snapshot = true});
	EQ(0, rmdir(dir)); /* not even now */
	CHECK(!blk_open(loop,
			&(struct blk_options){.file = blk_file(blk_backing(b)),
					      .format = "raw",
					      .snapshot = true},
			&error));
	CHECK(strstr(error.msg, "(TMPDIR)"));
	finish(b);
}

/* ---- space ---- */

static uint64_t space(const char *file)
{
	struct stat st;

	MUST(!stat(file, &st));
	return (uint64_t)st.st_blocks * 512;
}

TEST_EACH(discard, 2, i ? "unmap" : "ignore")
{
	const char *file = qcow2_image();
	struct blk_options o = {.file = file, .format = "qcow2", .no_discard = !i};
	uint8_t *buf = malloc(1 << 20);
	struct blk *b = open_as(o);
	uint64_t full;

	memset(buf, 0x33, 1 << 20);
	EQ(0, now(b, BLK_WRITE, 0, buf, 1 << 20));
	EQ(0, now(b, BLK_FLUSH, 0, NULL, 0));
	full = space(file);
	EQ(0, now(b, BLK_DISCARD, 0, NULL, 1 << 20));
	EQ(0, now(b, BLK_FLUSH, 0, NULL, 0));
	CHECK(i ? space(file) < full / 2 : space(file) == full);
	EQ(0, now(b, BLK_READ, 0, buf, 512));
	EQ(i ? 0 : 0x33, buf[0]);
	free(buf);
	finish(b);
}

TEST(detected_zeroes_take_no_space)
{
	const char *file = qcow2_image();
	uint8_t *buf = calloc(1, 1 << 20);
	struct blk *b = open_as(
		(struct blk_options){.file = file, .format = "qcow2", .detect_zeroes = true});
	uint64_t empty = space(file);

	EQ(0, now(b, BLK_WRITE, 0, buf, 1 << 20));
	EQ(0, now(b, BLK_FLUSH, 0, NULL, 0));
	CHECK(space(file) <= empty + 65536);
	buf[77] = 1;
	EQ(0, now(b, BLK_WRITE, 0, buf, 65536));
	EQ(0, now(b, BLK_READ, 0, buf, 512));
	EQ(1, buf[77]);
	free(buf);
	finish(b);
}

TEST(writethrough_writes_metadata_too)
{
	const char *file = qcow2_image();
	struct blk *b = open_as(
		(struct blk_options){.file = file, .format = "qcow2", .cache = "writethrough"});
	struct blk_options again = {
		.file = file, .format = "qcow2", .readonly = true, .no_lock = true};
	uint8_t buf[512] = {9};
	struct blk *other;

	EQ(0, now(b, BLK_WRITE, 0, buf, 512));
	other = blk_open_image(&again, &error); /* as after a crash of this moment */
	MUST(other);
	buf[0] = 0;
	EQ(0, blk_now(other, BLK_READ, 0, buf, 512));
	EQ(9, buf[0]);
	blk_close(other);
	finish(b);
}
