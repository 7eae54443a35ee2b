/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/impl.h: inside block/: a host file, an image format, and the disk that
 * queues requests before them.
 */
#ifndef BLOCK_IMPL_H
#define BLOCK_IMPL_H
#include "base/util.h"
#include "block/blk.h"
#include "block/image.h"

#include <pthread.h>
#include <stddef.h>

/* ---- a file of the host, locked; the calls below run on worker threads ---- */
struct blk_file {
	char *name;
	const char *cache; /* a constant */
	int fd, direct_fd; /* the same file; direct_fd: with O_DIRECT, -1 = no */
	uint64_t bytes;    /* at open */
	bool readonly, sync, unsafe, device;
};
int blk_file_open(struct blk_file *f, const struct blk_options *o, struct err *e);
void blk_file_close(struct blk_file *f); /* safe on a failed open */
/* All of it or -errno. What lies behind the end of the file reads as zeroes. */
bool blk_file_aligned(uint64_t off, const struct iovec *iov, unsigned n); /* for direct_fd */
int blk_file_read(struct blk_file *f, uint64_t off, const struct iovec *iov, unsigned n);
int blk_file_write(struct blk_file *f, uint64_t off, const struct iovec *iov, unsigned n);
int blk_file_flush(struct blk_file *f);
int blk_file_fill(struct blk_file *f, uint64_t off, uint64_t bytes); /* zeroes, written */
int blk_file_discard(struct blk_file *f, uint64_t off, uint64_t bytes);
int blk_file_zero(struct blk_file *f, uint64_t off, uint64_t bytes);
/* OFD locks in the places where QEMU has its own, so that each refuses the other's images. */
int blk_file_lock(struct blk_file *f, struct err *e);

int blk_pwrite(int fd, const void *buf, size_t n, uint64_t at);
/* A descriptor on a new or existing file, locked; < 0 on failure. */
int blk_create_file(const char *name, struct err *e);

/* ---- an image format: registered by a constructor ---- */
#define BLK_PROBE 2048 /* bytes at the start that a probe may see */
struct blk_format {
	const char *name;
	bool (*probe)(const uint8_t *head, size_t len); /* NULL: whatever nobody else knows */
	int (*open)(struct blk *b, struct err *e);      /* sets b->bytes; b->image is its own */
	void (*close)(struct blk *b);
	int (*io)(struct blk *b, struct blk_req *r); /* on a worker: the whole request */
	/* For image.h, on an idle image; NULL: not with this format. */
	int (*create)(const struct blk_create *c, struct err *e);
	int (*resize)(struct blk *b, uint64_t bytes, struct err *e);
	int (*check)(struct blk *b, struct blk_check *res, enum blk_repair fix,
		     void (*say)(void *arg, const char *line), void *arg, struct err *e);
	int (*map)(struct blk *b, uint64_t offset, uint64_t max, struct blk_extent *x);
	void (*info)(struct blk *b, struct blk_info *i);
	void (*snapshot_at)(struct blk *b, uint32_t n, struct blk_snapshot *s);
	int (*snapshot)(struct blk *b, enum blk_snapshot_op op, const char *name, struct err *e);
	int (*rename_backing)(struct blk *b, const char *name, const char *format, struct err *e);
	int (*write_packed)(struct blk *b, uint64_t offset, const void *cluster);
	bool flat; /* the image is the disk, byte for byte */
	struct blk_format *next;
};
void blk_format_register(struct blk_format *f);
const struct blk_format *blk_format_find(const char *name);
const struct blk_format *blk_format_all(void);
/* Name of the foreign or own format whose header this is; NULL = none that is known. */
const char *blk_probe(const uint8_t *head, size_t len);

/* ---- the disk ---- */
#define BLK_THREADS 4
#define BLK_CHAIN   64 /* images one over the other */
struct blk {
	struct loop *loop;
	const struct blk_format *format;
	struct blk_file file;
	void *image; /* the format's */
	char *id;
	uint64_t bytes;
	bool readonly;
	bool probed; /* nobody named the format: no write may make a raw image another */
	bool no_lock, no_discard, detect_zeroes, as_is, no_backing;
	enum blk_answer (*failed)(void *arg, enum blk_op op, int rc); /* NULL: BLK_REPORT */
	void *failed_arg;
	struct blk *over, *under; /* the images that it backs, that backs it; NULL none */
	unsigned depth;           /* how many are above */
	struct blk_stats stats;
	unsigned inflight; /* submitted, and done() has not run */
	struct defer defer;

	/* Workers; lock covers all below. */
	bool threaded, manual;
	pthread_mutex_t lock;
	pthread_cond_t work, finished;
	struct blk_req *queue, **queue_tail; /* not begun */
	struct blk_req *ready, **ready_tail; /* finished, done() is due */
	struct blk_req *held, **held_tail;   /* failed, not in flight until blk_retry */
	pthread_t thread[BLK_THREADS];
	unsigned threads, idle;
	bool stop, kicked;
	int event;           /* eventfd: ready is no longer empty */
	struct blk_aio *aio; /* NULL none */
	struct watch *watch;
};
/* The image under `over`, for reading; the name as it stands in over's file, format NULL: none. */
struct blk *blk_open_backing(struct blk *over, const char *name, const char *format, struct err *e);
/* The two steps of opening: the file; its format, locked. */
int blk_open_file(struct blk *b, const struct blk_options *o, struct err *e);
int blk_open_here(struct blk *b, const struct blk_options *o, struct err *e);
/* snapshot=on: b becomes a temporary image over it. */
int blk_open_temp(struct blk *b, const struct blk_options *o, struct err *e);
void blk_close_failed(struct blk *b); /* opening it failed somewhere */
struct blk *blk_new(struct loop *l, const char *id);
int blk_start_workers(struct blk *b, struct err *e); /* before the first request of a real disk */
void blk_deliver(struct blk *b);                     /* done() of what is ready */
void blk_finish(struct blk *b, struct blk_req *r, int rc); /* takes the lock, as the next */
void blk_to_worker(struct blk *b, struct blk_req *r);
unsigned blk_run_queue(struct blk *b); /* of a disk without workers: all that is queued */

/* ---- aio.c: on the loop's thread; open and submit never fail, they leave it to workers ---- */
void blk_aio_open(struct blk *b);
bool blk_aio_submit(struct blk *b, struct blk_req *r);
void blk_aio_reap(struct blk *b, bool wait);
bool blk_aio_busy(const struct blk *b);
void blk_aio_close(struct blk *b); /* waits for all */
#endif
