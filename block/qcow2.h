/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2.h: inside the qcow2 format (docs/interop/qcow2 of QEMU is its
 * specification). What is on disk is big-endian; tables in the caches stay so.
 *
 * Order on disk: refcounts, data -> barrier -> L2 tables -> barrier -> L1 -> flush
 * -> refcounts that fall. Hence whatever is cut off leaves leaks at worst.
 */
#ifndef BLOCK_QCOW2_H
#define BLOCK_QCOW2_H
#include "block/impl.h"

#include <endian.h>

#define Q2_MAGIC     0x514649fbu
#define Q2_COPIED    (1ull << 63) /* L1, L2: the refcount is exactly 1 */
#define Q2_PACKED    (1ull << 62) /* L2: compressed */
#define Q2_ALLZERO   1ull         /* L2, version 3: reads as zeroes */
#define Q2_OFFSET    0x00fffffffffffe00ull
#define Q2_MAX_L1    (32u << 20) /* bytes */
#define Q2_MAX_RT    (8u << 20)  /* bytes */
#define Q2_MAX_SNAPS 65536u

enum { /* incompatible features */
       Q2_DIRTY = 1,
       Q2_CORRUPT = 2,
       Q2_DATA_FILE = 4,
       Q2_COMPRESSION = 8,
       Q2_EXTENDED_L2 = 16
};
enum { Q2_LAZY = 1 };    /* compatible */
enum { Q2_BITMAPS = 1 }; /* autoclear */
enum {                   /* header extensions */
       Q2_EXT_END = 0,
       Q2_EXT_BACKING_FORMAT = 0xe2792aca,
       Q2_EXT_FEATURES = 0x6803f857,
       Q2_EXT_BITMAPS = 0x23852875
};
enum { /* where header fields stand */
       Q2_AT_BACKING = 8,
       Q2_AT_SIZE = 24,
       Q2_AT_L1 = 36,
       Q2_AT_RT = 48,
       Q2_AT_SNAPS = 60,
       Q2_AT_INCOMPAT = 72,
       Q2_AT_AUTOCLEAR = 88,
       Q2_AT_COMPRESSION = 104, /* in headers that are longer */
       Q2_HEADER_MAX = 112
};

struct q2_table {
	uint64_t at; /* in the file */
	uint8_t *bytes;
	bool dirty;
	struct q2_table *chain;         /* of its bucket */
	struct q2_table *newer, *older; /* by last use */
};

struct q2_cache {
	struct q2_table **bucket;
	struct q2_table *newest, *oldest;
	unsigned n, max, mask, dirty;
};

/* An operation under way on guest clusters first … last. */
struct q2_range {
	uint64_t first, last;
	bool exclusive; /* changes where they are */
	struct q2_range *next;
};

struct q2_fall { /* a refcount that goes down once nothing on disk points there */
	uint64_t cluster;
	bool punch; /* give the space back to the file system */
};

struct q2_snapshot {
	uint64_t l1_offset, disk_size, vm_bytes, vm_clock;
	uint32_t l1_size, sec, nsec;
	char *id, *name;
	uint8_t *extra; /* as it was, disk_size apart */
	uint32_t extra_len;
};

struct q2 {
	struct blk *blk;
	struct blk_file *f;
	struct blk *backing; /* NULL none; closed with this one */
	char *backing_name, *backing_format;
	unsigned version, cluster_bits, refcount_bits, rb_bits; /* rb: log2 of counts per block */
	uint64_t cs, size, incompat, compat, autoclear;
	uint32_t header_len;
	bool writable, zstd;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t moved;
	struct q2_range *ranges;
	uint64_t *l1; /* of the host's byte order */
	uint64_t l1_offset;
	uint32_t l1_size, l1_lo, l1_hi; /* lo < hi: changed, not written */
	uint64_t *rt;                   /* refcount table, likewise */
	uint64_t rt_offset;
	uint32_t rt_size;       /* entries */
	struct q2_cache l2, rb; /* L2 tables, refcount blocks */
	uint64_t hint;          /* no free cluster below */
	uint64_t end;           /* no byte of the file behind it is anything but zero */
	uint64_t packed_at;     /* where the next compressed cluster may go, 0 = nowhere */
	struct q2_fall *fall;
	size_t n_fall, max_fall;
	uint64_t fallen;   /* how many have left the list */
	uint8_t *unpacked; /* the cluster decompressed last */
	uint64_t unpacked_entry;
	bool broken; /* no more writes */

	struct q2_snapshot *snaps;
	uint32_t n_snaps;
	uint64_t snaps_offset, snaps_bytes;
	uint64_t bitmaps_offset, bitmaps_bytes;
	uint32_t n_bitmaps;
};

static inline uint64_t q2_down(const struct q2 *q, uint64_t v)
{
	return v & ~(q->cs - 1);
}
static inline uint64_t q2_clusters(const struct q2 *q, uint64_t bytes)
{
	return (bytes >> q->cluster_bits) + !!(bytes & (q->cs - 1));
}
static inline unsigned q2_l2_bits(const struct q2 *q)
{
	return q->cluster_bits - 3;
}
static inline uint64_t q2_get64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return be64toh(v);
}
static inline uint32_t q2_get32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return be32toh(v);
}
static inline void q2_put64(void *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, 8);
}
static inline void q2_put32(void *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, 4);
}

/* ---- qcow2_cache.c ---- */
int q2_cache_init(struct q2 *q, struct q2_cache *c, uint64_t bytes);
void q2_cache_free(struct q2_cache *c);
/* The table at `at`; good until the next call for the same cache. */
int q2_table(struct q2 *q, struct q2_cache *c, uint64_t at, uint8_t **bytes);
/* Zeroed, dirty. */
int q2_table_new(struct q2 *q, struct q2_cache *c, uint64_t at, uint8_t **bytes);
void q2_table_dirty(struct q2_cache *c, uint64_t at);
void q2_table_drop(struct q2_cache *c, uint64_t at); /* without writing it */
void q2_cache_drop_all(struct q2_cache *c);
int q2_cache_write(struct q2 *q, struct q2_cache *c);
int q2_file_read(struct q2 *q, uint64_t at, void *buf, size_t n);
int q2_file_write(struct q2 *q, uint64_t at, const void *buf, size_t n);
/* All metadata into the file, in order. Under the lock. */
int q2_write_back(struct q2 *q);
int q2_flush(struct q2 *q);        /* takes the lock */
int q2_flush_locked(struct q2 *q); /* holds it all the time */

/* ---- qcow2_refcount.c: under the lock ---- */
uint64_t q2_ref_in(const struct q2 *q, const uint8_t *block, uint64_t i);
void q2_ref_put(const struct q2 *q, uint8_t *block, uint64_t i, uint64_t v);
int q2_ref_get(struct q2 *q, uint64_t cluster, uint64_t *v);
int q2_ref_set(struct q2 *q, uint64_t cluster, uint64_t v); /* its block exists */
int q2_ref_add(struct q2 *q, uint64_t cluster);
int q2_alloc(struct q2 *q, uint64_t want, uint64_t *host, uint64_t *got); /* got >= 1 in a row */
int q2_alloc_row(struct q2 *q, uint64_t n, uint64_t *host);               /* n in a row */
void q2_unalloc(struct q2 *q, uint64_t host, uint64_t n); /* nothing ever pointed there */
/* Refcounts of n clusters fall by one after the next flush. */
int q2_fall(struct q2 *q, uint64_t host, uint64_t n, bool punch);
void q2_fall_all(struct q2 *q, size_t n); /* the first n of them, now */
/* Nothing is written over metadata: -EIO then, and the image is marked as corrupt. */
int q2_check_place(struct q2 *q, uint64_t host, uint64_t bytes);
void q2_corrupt(struct q2 *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- qcow2_map.c: under the lock ---- */
enum q2_kind { Q2_NONE, Q2_ZERO, Q2_DATA, Q2_COMPRESSED };
struct q2_run {
	enum q2_kind kind;
	bool copied;    /* DATA, ZERO with host: may be written in place */
	uint64_t host;  /* DATA: of the first byte; ZERO: of its cluster, 0 = none */
	uint64_t entry; /* of the first cluster */
	uint64_t bytes; /* that are alike, at most those asked for */
};
int q2_map(struct q2 *q, uint64_t off, uint64_t max, struct q2_run *r);
int q2_own_l2(struct q2 *q, uint64_t off); /* a table for it that may be written */
/* Sets the entry of guest cluster at off; what it pointed to falls. The table is ours. */
int q2_link(struct q2 *q, uint64_t off, uint64_t entry, bool punch);
void q2_packed_place(const struct q2 *q, uint64_t entry, uint64_t *at, uint64_t *bytes);
void q2_enter(struct q2 *q, struct q2_range *g, uint64_t off, uint64_t bytes, bool exclusive);
void q2_leave(struct q2 *q, struct q2_range *g);

/* ---- qcow2_pack.c ---- */
extern const bool q2_can_zstd;
int q2_unpack(struct q2 *q, uint64_t entry, uint8_t *cluster); /* takes the lock */
/* Stores a whole cluster compressed; 1 = it does not shrink, nothing done. */
int q2_write_packed(struct blk *b, uint64_t off, const void *cluster);

/* ---- qcow2_check.c: on an idle image ---- */
int q2_check(struct blk *b, struct blk_check *res, enum blk_repair fix,
	     void (*say)(void *arg, const char *line), void *arg, struct err *e);
/* New refcounts for what the tables say, and one more L1 table. */
int q2_rebuild(struct q2 *q, uint64_t extra_l1, uint32_t extra_l1_size, struct err *e);

/* ---- qcow2_create.c ---- */
int q2_create(const struct blk_create *c, struct err *e);
int q2_create_fd(int fd, const struct blk_create *given, struct err *e);
int q2_preallocate(struct blk *b, enum blk_prealloc how, struct err *e);
int q2_put_extensions(uint8_t *h, uint64_t cs, uint32_t header_len, const char *backing,
		      const char *format);
int q2_switch_l1(struct q2 *q, uint64_t size, uint64_t l1_offset, uint32_t l1_size);
int q2_resize(struct blk *b, uint64_t bytes, struct err *e);
int q2_map_extent(struct blk *b, uint64_t offset, uint64_t max, struct blk_extent *x);

/* ---- qcow2_snapshot.c ---- */
int q2_snapshots_read(struct q2 *q, struct err *e);
void q2_snapshots_free(struct q2 *q);
void q2_snapshot_at(struct blk *b, uint32_t n, struct blk_snapshot *s);
int q2_snapshot(struct blk *b, enum blk_snapshot_op op, const char *name, struct err *e);

/* ---- qcow2_info.c ---- */
void q2_info(struct blk *b, struct blk_info *i);
int q2_rename_backing(struct blk *b, const char *name, const char *format, struct err *e);

/* ---- qcow2_open.c ---- */
int q2_open(struct blk *b, struct err *e);
void q2_close(struct blk *b);
int q2_set_incompat(struct q2 *q, uint64_t bits);
#endif
