/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/blk.h: an open disk image behind a drive: what disk devices, QMP and
 * hvm-img see of it. Formats register a struct blk_format (raw, qcow2).
 *
 * Requests run on worker threads (or at once for the memory disk of tests) and
 * finish on the main loop's thread by done(). Sector = 512 bytes; offsets and
 * lengths here are bytes, multiples of 512.
 */
#ifndef BLOCK_BLK_H
#define BLOCK_BLK_H
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct blk;

#define BLK_IOV 257 /* pieces of a request at most */

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD, BLK_WRITE_ZEROES };

/* Embedded in the caller's host struct; the caller's until done() ran or blk_cancel returned. */
struct blk_req {
	enum blk_op op;
	uint64_t offset, bytes;    /* ranges beyond the end: -EIO */
	struct iovec iov[BLK_IOV]; /* of the caller; stay valid until done */
	unsigned iovcnt;
	void (*done)(struct blk_req *r,
		     int rc); /* rc: 0 or -errno; main thread; may submit again */
	void *arg;
	struct blk *blk; /* below: block/'s own */
	struct blk_req *next;
	int rc;
	uint8_t stage;
};

/* What becomes of a request that the host could not carry out. */
enum blk_answer {
	BLK_REPORT, /* its done() is told */
	BLK_IGNORE, /* its done() is told that all is well */
	BLK_STOP,   /* it waits for blk_retry; blk_drain does not wait for it */
	BLK_ENOSPC, /* a drive's way alone: BLK_STOP when there is no space, else BLK_REPORT */
};
extern const char *const blk_answers[4]; /* their names in options */

struct blk_options {
	const char *file,
		*format; /* format NULL: probed (then a raw image may not become another) */
	const char *id;  /* drive name, e.g. ide0-hd0 */
	bool readonly, no_lock;
	const char *cache; /* writeback none unsafe directsync writethrough; NULL = writeback */
	bool snapshot;     /* writes go to a temporary image that vanishes with the disk */
	bool no_discard;   /* BLK_DISCARD does nothing */
	bool detect_zeroes, native_aio; /* a write of zeroes is BLK_WRITE_ZEROES; by libaio */
	bool as_is;      /* hvm-img: a dirty or damaged image is neither repaired nor refused */
	bool no_backing; /* hvm-img: this file alone; what it lacks reads as zeroes */
	/* Asked before done() of a request that failed; NULL: BLK_REPORT. */
	enum blk_answer (*failed)(void *arg, enum blk_op op, int rc);
	void *failed_arg;
};
/* Opens path, "fd:N" or "/dev/fdset/N" (dm/ sets it): a descriptor, the caller's, or -errno and a
 * sentence. NULL: open(2), and no fd sets. */
extern int (*blk_host_open)(const char *name, int flags, unsigned mode, struct err *e);
/* file is a path, "fd:N" or "/dev/fdset/N". NULL and a sentence on failure (names the holder of a
 * lock by pid where it can). l outlives it. */
struct blk *blk_open(struct loop *l, const struct blk_options *o, struct err *e);
/* A disk in memory for tests: contents at `mem` (caller's), completion: at the next loop turn, or
 * only by blk_mem_step when manual. fail_next makes the next request end with that -errno. */
struct blk *blk_mem(struct loop *l, void *mem, uint64_t bytes, bool manual);
unsigned blk_mem_step(struct blk *b); /* finishes pending requests, returns how many */
void blk_mem_fail(struct blk *b, int rc);
/* Waits for requests in flight (their done() does not run any more), flushes, closes. NULL is fine.
 */
void blk_close(struct blk *b);

void blk_submit(struct blk *b, struct blk_req *r); /* never calls done() before it returns */
void blk_cancel(struct blk_req *r); /* waits until it touches no memory; done() will not run; idle
				       is fine */
/* At once, on this thread, uncounted: for who needs a look before the machine starts. */
int blk_peek(struct blk *b, uint64_t offset, void *buf, size_t bytes);
void blk_drain(struct blk *b); /* runs done() of all requests in flight, waiting for them */
void blk_retry(struct blk *b); /* those that BLK_STOP kept begin anew */

uint64_t blk_bytes(const struct blk *b);
bool blk_readonly(const struct blk *b);
const char *blk_id(const struct blk *b);
const char *blk_file(const struct blk *b);          /* as opened; "" when no medium */
const char *blk_format(const struct blk *b);        /* "raw", "qcow2" */
const struct blk *blk_backing(const struct blk *b); /* the image under it; NULL none */
const char *blk_cache(const struct blk *b);
struct blk_stats {
	uint64_t rd_bytes, wr_bytes, rd_operations, wr_operations, flush_operations;
};
const struct blk_stats *blk_stats(const struct blk *b);

/* A drive is what -drive makes and devices hold: its medium may come and go. */
struct drive {
	char id[64];
	struct blk *blk; /* NULL = no medium */
	bool cdrom, locked, tray_open, readonly;
	bool floppy;                    /* set by the device: removable, and without a tray */
	enum blk_answer werror, rerror; /* when writing, flushing, discarding; when reading */
	int error;                      /* -errno for which the machine stands still, 0 none */
	uint64_t told, told_at;         /* events of failures, and the second they were in */
	char serial[21], model[41], version[9]; /* "" = the device's default */
	struct dev *user;                       /* the device that holds it */
	/* Set by the device, NULL none. loaded false: while the old blk is still open, so that the
	 * device can let go of requests in flight; true: when the new one is there. */
	void (*medium_changed)(void *arg, bool loaded);
	void (*eject_request)(void *arg, bool force);
	void *arg;
	/* Set by the owner of the drive, NULL none: the guest moved the tray. */
	void (*tray_moved)(struct drive *d, bool open, void *owner);
	void *owner;
	struct drive *next;
	int if_type, bus, unit; /* where -drive wanted it; -1 = nowhere */
};
static inline bool drive_removable(const struct drive *d)
{
	return d->cdrom || d->floppy;
}
#endif
