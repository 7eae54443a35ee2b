/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/image.h: what hvm-img does to images: on this thread, with no requests in flight. */
#ifndef BLOCK_IMAGE_H
#define BLOCK_IMAGE_H
#include "block/blk.h"

enum blk_prealloc {
	BLK_PREALLOC_OFF,
	BLK_PREALLOC_METADATA,
	BLK_PREALLOC_FALLOC,
	BLK_PREALLOC_FULL
};

struct blk_create {
	const char *file, *format;
	uint64_t bytes;
	const char *backing, *backing_format;          /* NULL none */
	unsigned version, cluster_bits, refcount_bits; /* qcow2; 0 = 3, 16, 16 */
	bool lazy_refcounts;
	enum blk_prealloc prealloc;
};
/* An image without queue and workers: blk_now alone. */
struct blk *blk_open_image(const struct blk_options *o, struct err *e);
/* At once, on this thread; -EIO behind the end is the caller's to avoid. */
int blk_now(struct blk *b, enum blk_op op, uint64_t offset, void *buf, size_t bytes);
/* An existing file is overwritten, unless somebody has it in use. */
int blk_create(const struct blk_create *c, struct err *e);
int blk_resize(struct blk *b, uint64_t bytes, struct err *e);

enum blk_repair { BLK_REPAIR_NONE, BLK_REPAIR_LEAKS, BLK_REPAIR_ALL };
struct blk_check {
	uint64_t errors, leaks, fixed; /* clusters; errors and leaks: that are left */
	uint64_t total, allocated, compressed, fragmented; /* guest clusters */
	uint64_t end;                                      /* of what is used of the file */
};
/* say: one line for each thing found, NULL = nobody listens. -ENOTSUP: not with this format. */
int blk_check(struct blk *b, struct blk_check *res, enum blk_repair fix,
	      void (*say)(void *arg, const char *line), void *arg, struct err *e);

struct blk_extent {
	uint64_t bytes;
	uint64_t host;  /* where in `file`, with has_host */
	unsigned depth; /* 0: of this image, 1: of its backing image, … */
	bool data, zero, present, compressed, has_host;
	const char *file;
};
/* What [offset, offset + x->bytes) is, x->bytes <= max. */
int blk_map(struct blk *b, uint64_t offset, uint64_t max, struct blk_extent *x);
#endif
