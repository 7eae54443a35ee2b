/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A qcow2 image made by somebody else: opened, checked, read, written, repaired. The input is cut
 * into runs {offset, length, bytes}, so that a small one fills places that lie apart. A disk reads
 * back what was written, whatever the tables say (as far as L1 tables are searched for clashes).
 * Backing files are left closed: an input shall not name files of this machine.
 */
#include "block/image.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define DISK_MAX (64u << 20) /* larger ones are touched at both ends only */

static uint8_t out[8192], in[8192];
static bool searched;

static struct blk *opened(int fd, bool readonly, bool as_is)
{
	char file[32];
	struct err e = {""};
	struct blk_options o = {.file = file,
				.format = "qcow2",
				.readonly = readonly,
				.as_is = as_is,
				.no_backing = true};
	struct blk *b;

	snprintf(file, sizeof(file), "fd:%d", fd);
	b = blk_open_image(&o, &e);
	CHECK(b || e.msg[0]);
	return b;
}

static void checked(int fd, enum blk_repair fix)
{
	off_t end = lseek(fd, 0, SEEK_END);
	struct blk *b = end < DISK_MAX ? opened(fd, fix == BLK_REPAIR_NONE, true) : NULL;
	struct blk_check res;
	struct err e = {""};

	if (b && blk_check(b, &res, fix, NULL, NULL, &e) < 0)
		CHECK(e.msg[0]);
	blk_close(b);
}

static void write_and_read(struct blk *b, uint64_t at, uint8_t v)
{
	uint64_t n = at < blk_bytes(b) ? blk_bytes(b) - at : 0;

	n = n < sizeof(out) ? n : sizeof(out);
	memset(out, v, sizeof(out));
	if (n && !blk_now(b, BLK_WRITE, at, out, n) && !blk_now(b, BLK_READ, at, in, n) && searched)
		EQM(out, in, 512);
}

static void use(struct blk *b, const uint8_t *data, size_t size)
{
	uint64_t bytes = blk_bytes(b), top = bytes < DISK_MAX ? bytes : DISK_MAX;

	for (uint64_t at = 0; at + sizeof(in) <= top; at += sizeof(in) * 5)
		blk_now(b, BLK_READ, at, in, sizeof(in));
	for (size_t i = 0; i < size && i < 8; i++) {
		write_and_read(b, data[i] * 0x2600ull, data[i]);
		if (data[i] & 1 && top >= sizeof(in))
			blk_now(b, data[i] & 2 ? BLK_DISCARD : BLK_WRITE_ZEROES,
				(top - sizeof(in)) & ~511ull, NULL, sizeof(in) / 2);
		if (data[i] & 4)
			blk_now(b, BLK_FLUSH, 0, NULL, 0);
	}
}

static int image_of(const uint8_t *data, size_t size)
{
	int fd = fuzz_memfd(data, 0);

	for (size_t at = 0; fd >= 0 && at + 5 < size;) {
		uint32_t off = (uint32_t)data[at] << 16 | data[at + 1] << 8 | data[at + 2];
		size_t n = (size_t)data[at + 3] + 1;

		at += 4;
		n = n < size - at ? n : size - at;
		MUST(pwrite(fd, data + at, n, (off_t)(off & 0x3fffff)) == (ssize_t)n);
		at += n;
	}
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t l1[4] = {0};
	struct blk *b;
	int fd;

	if (size < 16 || size > 65536)
		return 0;
	fd = image_of(data + 8, size - 8);
	MUST(fd >= 0);
	MUST(pread(fd, l1, 4, 36) >= 0);
	searched = !l1[0] && !l1[1] && l1[2] < 0x40;
	fuzz_log_errors();
	fuzz_quiet();
	checked(fd, BLK_REPAIR_NONE);
	b = opened(fd, false, false);
	if (b)
		use(b, data, size);
	blk_close(b);
	if (data[0] & 1)
		checked(fd, data[0] & 2 ? BLK_REPAIR_ALL : BLK_REPAIR_LEAKS);
	close(fd);
	return 0;
}
