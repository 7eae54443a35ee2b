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
	bool lazy_refcounts, zstd; /* zstd: what compressed clusters are made by; else zlib */
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

struct blk_snapshot {
	const char *id, *name;
	uint64_t vm_bytes, vm_clock, disk_size; /* vm_clock: ns */
	uint32_t sec, nsec;                     /* when it was made, since 1970 */
};
struct blk_info {                             /* texts stay the image's */
	const char *backing, *backing_format; /* as they stand in the file; NULL none */
	uint64_t cluster;                     /* 0: the format has none, nor anything below */
	unsigned version, refcount_bits;
	bool lazy_refcounts, dirty, corrupt, zstd;
	uint32_t n_snapshots;
};
void blk_info(struct blk *b, struct blk_info *i);
void blk_snapshot_at(struct blk *b, uint32_t n, struct blk_snapshot *s); /* n < n_snapshots */
enum blk_snapshot_op { BLK_SNAPSHOT_CREATE, BLK_SNAPSHOT_APPLY, BLK_SNAPSHOT_DELETE };
/* name: of a new one, or the name or id of one that is there. */
int blk_snapshot(struct blk *b, enum blk_snapshot_op op, const char *name, struct err *e);
/* Another name for the backing file, its contents unlooked at; NULL none. */
int blk_rename_backing(struct blk *b, const char *backing, const char *format, struct err *e);
/* A whole cluster at `offset`, compressed; 1 = it does not shrink, nothing done. */
int blk_write_packed(struct blk *b, uint64_t offset, const void *cluster);

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
