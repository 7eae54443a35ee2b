/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk image made by somebody else, opened by probing and by name; read whole, and written where
 * the first bytes say. What was taken for a raw image must stay one. qcow2.c knows more of qcow2.
 */
#include "block/blk.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define IMAGE 3 /* bytes of the input before it */

static struct loop *loop;
static uint8_t sectors[65536];
static int result;

static void done(struct blk_req *r, int rc)
{
	(void)r;
	result = rc;
}

static int request(struct blk *b, enum blk_op op, uint64_t offset, uint64_t bytes)
{
	static struct blk_req r;

	r = (struct blk_req){.op = op, .offset = offset, .bytes = bytes, .done = done};
	r.iov[0] = (struct iovec){sectors, bytes};
	r.iovcnt = op == BLK_READ || op == BLK_WRITE;
	result = 1;
	blk_submit(b, &r);
	blk_drain(b);
	CHECK(result <= 0);
	return result;
}

static struct blk *opened(int fd, const char *format)
{
	char file[32];
	struct err e = {""};
	struct blk_options o = {.file = file, .format = format, .id = "fuzz", .no_backing = true};
	struct blk *b;

	snprintf(file, sizeof(file), "fd:%d", fd);
	b = blk_open(loop, &o, &e);
	CHECK(b || e.msg[0]);
	return b;
}

static void use(struct blk *b, const uint8_t *data, size_t size)
{
	uint64_t bytes = MIN(blk_bytes(b), 1u << 24), at = data[1] * 512ull;
	size_t part = MIN(size, (size_t)512);

	for (uint64_t off = 0; off + 512 <= bytes; off += sizeof(sectors))
		if (request(b, BLK_READ, off, MIN(sizeof(sectors), (bytes - off) & ~511ull)))
			CHECK(strcmp(blk_format(b), "raw")); /* other formats may be damaged */
	EQ(-EIO, request(b, BLK_READ, (blk_bytes(b) + 511) & ~511ull, 512));
	memset(sectors, 0, 512);
	memcpy(sectors, data + size - part, part); /* the image's end becomes a sector */
	request(b, BLK_WRITE, at, 512);
	request(b, data[2] & 1 ? BLK_DISCARD : BLK_WRITE_ZEROES, data[2] * 512ull, 1024);
	request(b, BLK_FLUSH, 0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool probed, raw;
	struct blk *b;
	int fd;

	if (size < IMAGE)
		return 0;
	loop = loop ? loop : loop_new(NULL);
	fd = fuzz_memfd(data + IMAGE, size - IMAGE);
	MUST(loop && fd >= 0 && !ftruncate(fd, (off_t)(size - IMAGE + data[0] * 4096u)));
	probed = data[2] & 2;
	b = opened(fd, probed ? NULL : "raw");
	raw = b && !strcmp(blk_format(b), "raw");
	if (b)
		use(b, data, size);
	blk_close(b);
	if (raw && probed) {
		b = opened(fd, NULL);
		CHECK(b && !strcmp(blk_format(b), "raw"));
		blk_close(b);
	}
	close(fd);
	return 0;
}
