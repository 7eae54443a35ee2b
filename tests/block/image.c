/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/block/image.c: helpers for the tests of image formats. */
#include "tests/block/image.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

uint64_t image_rnd(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

int image_sh(const char *format, ...)
{
	char cmd[2000];
	va_list ap;
	int rc;

	va_start(ap, format);
	vsnprintf(cmd, sizeof(cmd), format, ap);
	va_end(ap);
	rc = system(cmd);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : 255;
}

bool image_has_qemu_img(void)
{
	return !image_sh("command -v qemu-img >/dev/null 2>&1");
}

const char *image_raw(const uint8_t *bytes, uint64_t n)
{
	const char *file = bus_tmpfile(n);
	int fd = open(file, O_WRONLY);

	MUST(fd >= 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
	close(fd);
	return file;
}

void image_pattern(uint8_t *bytes, uint64_t n, uint64_t seed)
{
	uint64_t at = 0;

	memset(bytes, 0, n);
	while (at < n) {
		uint64_t len = image_rnd(&seed) % 100000 + 1, kind = image_rnd(&seed) % 4;

		len = MIN(len, n - at);
		for (uint64_t i = 0; i < len && kind; i++)
			bytes[at + i] = kind == 1 ? (uint8_t)image_rnd(&seed)
						  : (uint8_t)((at + i) >> 9) | 1;
		at += len;
	}
}

void pair_open(struct pair *p, const char *file, uint64_t bytes)
{
	struct blk_options o = {.file = file, .format = "qcow2"};
	struct err e = {""};

	p->file = file;
	p->b = blk_open_image(&o, &e);
	if (!p->b)
		NOTE("%s", e.msg);
	MUST(p->b);
	if (!p->want) {
		p->bytes = bytes;
		p->want = calloc(1, bytes);
		p->seed = p->seed ? p->seed : 88172645463325252ull;
	}
	EQ(bytes, blk_bytes(p->b));
}

void pair_close(struct pair *p)
{
	blk_close(p->b);
	p->b = NULL;
}

static void apply(struct pair *p, enum blk_op op, uint64_t at, uint8_t *buf, uint64_t n)
{
	EQ(0, blk_now(p->b, op, at, buf, n));
	if (op == BLK_READ && !EQM(p->want + at, buf, n))
		NOTE("read of %llu at 0x%llx", (unsigned long long)n, (unsigned long long)at);
	if (op == BLK_WRITE)
		memcpy(p->want + at, buf, n);
	if (op == BLK_WRITE_ZEROES)
		memset(p->want + at, 0, n);
	/* A discard is a hint: look at what it did. */
	if (op == BLK_DISCARD) {
		EQ(0, blk_now(p->b, BLK_READ, at, buf, n));
		for (uint64_t i = 0; i < n; i++)
			CHECK(!buf[i] || buf[i] == p->want[at + i]);
		memcpy(p->want + at, buf, n);
	}
}

void pair_step(struct pair *p)
{
	static const enum blk_op ops[] = {BLK_READ,  BLK_READ,    BLK_WRITE,        BLK_WRITE,
					  BLK_WRITE, BLK_DISCARD, BLK_WRITE_ZEROES, BLK_FLUSH};
	enum blk_op op = ops[image_rnd(&p->seed) % ARRAY_SIZE(ops)];
	uint64_t r = image_rnd(&p->seed), at = r % (p->bytes / 512) * 512;
	uint64_t n = (r >> 40) % ((r >> 60) ? 16 : 600) * 512 + 512;
	uint8_t *buf;

	if (op == BLK_FLUSH) {
		EQ(0, blk_now(p->b, op, 0, NULL, 0));
		return;
	}
	n = MIN(n, p->bytes - at);
	buf = malloc(n);
	for (uint64_t i = 0; i < n; i += 8)
		memcpy(buf + i, &r, 8), r += 0x9e3779b97f4a7c15ull;
	apply(p, op, at, buf, n);
	free(buf);
}

void pair_equal(struct pair *p)
{
	const uint64_t part = 1 << 20;
	uint8_t *buf = malloc(part);

	for (uint64_t at = 0; at < p->bytes; at += part) {
		uint64_t n = MIN(part, p->bytes - at);

		EQ(0, blk_now(p->b, BLK_READ, at, buf, n));
		if (!EQM(p->want + at, buf, n)) {
			NOTE("at 0x%llx", (unsigned long long)at);
			break;
		}
	}
	free(buf);
}

static void note_line(void *arg, const char *line)
{
	(void)arg;
	NOTE("%s", line);
}

static void own_check(const char *file)
{
	struct blk_options o = {.file = file, .format = "qcow2", .readonly = true, .as_is = true};
	struct blk_check res = {0};
	struct err e = {""};
	struct blk *b = blk_open_image(&o, &e);

	if (!b || blk_check(b, &res, BLK_REPAIR_NONE, note_line, NULL, &e) < 0)
		NOTE("%s", e.msg);
	CHECK(b && !e.msg[0]);
	EQ(0, res.errors);
	EQ(0, res.leaks);
	blk_close(b);
}

void pair_check(struct pair *p, const char *raw)
{
	int fd = open(raw, O_WRONLY);

	MUST(fd >= 0 && pwrite(fd, p->want, p->bytes, 0) == (ssize_t)p->bytes);
	close(fd);
	own_check(p->file);
	if (!image_has_qemu_img())
		return;
	EQ(0, image_sh("qemu-img check -f qcow2 %s 2>&1", p->file));
	EQ(0, image_sh("qemu-img compare -f qcow2 -F raw %s %s 2>&1", p->file, raw));
}
