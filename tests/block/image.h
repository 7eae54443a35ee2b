/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/block/image.h: an image under test, a copy of what its disk must hold, and qemu-img. */
#ifndef TESTS_BLOCK_IMAGE_H
#define TESTS_BLOCK_IMAGE_H
#include "base/util.h"
#include "block/image.h"
#include "tests/hw/bus.h"

struct pair {
	const char *file;
	struct blk *b;
	uint8_t *want; /* what the disk must hold */
	uint64_t bytes;
	uint64_t seed;
};

uint64_t image_rnd(uint64_t *seed);
/* Runs a shell command; its exit status. What it says is shown when the test fails. */
int image_sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool image_has_qemu_img(void);
const char *image_raw(const uint8_t *bytes, uint64_t n); /* a raw file of these */
/* Patterned runs with holes, the same for the same seed. */
void image_pattern(uint8_t *bytes, uint64_t n, uint64_t seed);

void pair_open(struct pair *p, const char *file, uint64_t bytes);
void pair_close(struct pair *p); /* and the copy stays */
void pair_step(struct pair *p);  /* one random request, on both */
void pair_equal(struct pair *p); /* all of the disk */
/* Errors and leaks by our own count; qemu-img check and compare when it is there. */
void pair_check(struct pair *p, const char *raw);
#endif
