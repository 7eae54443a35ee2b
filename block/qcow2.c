/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2.c: requests on a qcow2 image, as straight-line code on a worker:
 * look up under the lock, move data without it, link under the lock.
 */
#include "block/qcow2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- pieces of a request's buffers ---- */

struct piece {
	struct iovec iov[BLK_IOV + 2]; /* with a head and a tail of its own */
	unsigned n;
};

static void put(struct piece *p, void *base, size_t n)
{
	if (n)
		p->iov[p->n++] = (struct iovec){.iov_base = base, .iov_len = n};
}

static void slice(struct piece *p, const struct blk_req *r, uint64_t skip, uint64_t n)
{
	for (unsigned i = 0; i < r->iovcnt && n; i++) {
		size_t len = r->iov[i].iov_len, part;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		part = MIN(len - skip, n);
		put(p, (char *)r->iov[i].iov_base + skip, part);
		n -= part;
		skip = 0;
	}
}

static void zero_piece(const struct piece *p)
{
	for (unsigned i = 0; i < p->n; i++)
		memset(p->iov[i].iov_base, 0, p->iov[i].iov_len);
}

static void copy_in(const struct piece *p, const uint8_t *from)
{
	for (unsigned i = 0; i < p->n; i++) {
		memcpy(p->iov[i].iov_base, from, p->iov[i].iov_len);
		from += p->iov[i].iov_len;
	}
}

/* ---- reading: without the lock, within a range ---- */

/* What lies behind a shorter backing image reads as zeroes. */
static int read_backing(struct q2 *q, uint64_t off, uint64_t bytes, const struct piece *p)
{
	struct blk *under = q->backing;
	uint64_t have = !under || off >= under->bytes ? 0 : MIN(bytes, under->bytes - off);
	struct blk_req r = {.op = BLK_READ, .offset = off, .bytes = have};
	struct piece part = {.n = 0};

	if (have < bytes)
		zero_piece(p);
	if (!have)
		return 0;
	memcpy(r.iov, p->iov, p->n * sizeof(*p->iov));
	r.iovcnt = p->n;
	if (have < bytes) {
		slice(&part, &r, 0, have);
		memcpy(r.iov, part.iov, part.n * sizeof(*part.iov));
		r.iovcnt = part.n;
	}
	return under->format->io(under, &r);
}

static int read_packed(struct q2 *q, uint64_t off, uint64_t entry, const struct piece *p)
{
	uint8_t *cluster = malloc(q->cs);
	int rc = cluster ? q2_unpack(q, entry, cluster) : -ENOMEM;

	if (!rc)
		copy_in(p, cluster + (off & (q->cs - 1)));
	free(cluster);
	return rc;
}

static int read_run(struct q2 *q, uint64_t off, const struct q2_run *run, const struct piece *p)
{
	switch (run->kind) {
	case Q2_NONE:
		return read_backing(q, off, run->bytes, p);
	case Q2_DATA:
		return blk_file_read(q->f, run->host, p->iov, p->n);
	case Q2_COMPRESSED:
		return read_packed(q, off, run->entry, p);
	case Q2_ZERO:
		zero_piece(p);
		return 0;
	}
	return -EIO;
}

/* Within a range that the caller has entered. */
static int read_through(struct q2 *q, const struct blk_req *r, uint64_t off, uint64_t bytes)
{
	struct q2_run run;
	int rc = 0;

	for (uint64_t at = 0; at < bytes && !rc; at += run.bytes) {
		struct piece p = {.n = 0};

		pthread_mutex_lock(&q->lock);
		rc = q2_map(q, off + at, bytes - at, &run);
		pthread_mutex_unlock(&q->lock);
		if (rc)
			break;
		slice(&p, r, at, run.bytes);
		rc = read_run(q, off + at, &run, &p);
	}
	return rc;
}

static int q2_read(struct q2 *q, struct blk_req *r)
{
	uint64_t bytes = r->offset >= q->size ? 0 : MIN(r->bytes, q->size - r->offset);
	struct piece rest = {.n = 0};
	struct q2_range g;
	int rc;

	slice(&rest, r, bytes, r->bytes - bytes); /* of the last, incomplete sector */
	zero_piece(&rest);
	if (!bytes)
		return 0;
	pthread_mutex_lock(&q->lock);
	q2_enter(q, &g, r->offset, bytes, false);
	pthread_mutex_unlock(&q->lock);
	rc = read_through(q, r, r->offset, bytes);
	pthread_mutex_lock(&q->lock);
	q2_leave(q, &g);
	pthread_mutex_unlock(&q->lock);
	return rc;
}

/* ---- writing ---- */

static bool in_place(const struct q2_run *run)
{
	return run->kind == Q2_DATA && run->copied;
}

static bool reads_zero(const struct q2 *q, const struct q2_run *run, uint64_t off)
{
	return run->kind == Q2_ZERO ||
	       (run->kind == Q2_NONE && (!q->backing || off >= q->backing->bytes));
}

/* Enters the range of what can be written in one go from off on: in place, or newly. */
static int enter_run(struct q2 *q, uint64_t off, uint64_t max, struct q2_run *run,
		     struct q2_range *g)
{
	bool exclusive;
	int rc = q2_map(q, off, max, run);

	for (;;) {
		if (rc)
			return rc;
		exclusive = !in_place(run);
		q2_enter(q, g, off, run->bytes, exclusive);
		/* While this waited, somebody may have changed it. */
		rc = q2_map(q, off, run->bytes, run);
		if (!rc && in_place(run) == !exclusive)
			return 0;
		q2_leave(q, g);
	}
}

struct fresh { /* new clusters for guest data from off on */
	uint64_t off, bytes, host, clusters;
	bool blank; /* nothing but zeroes was ever there */
	bool reuse; /* they were allocated, but read as zeroes */
};

/* In place: nothing that is in use lies behind the end, whatever an entry says. */
static int check_present(struct q2 *q, uint64_t host, uint64_t bytes)
{
	if (q2_down(q, host) < q->end)
		return q2_check_place(q, host, bytes);
	q2_corrupt(q, "a cluster in use at 0x%llx lies behind the end", (unsigned long long)host);
	return -EIO;
}

/* The old contents of [from, from + n) into a new buffer; *buf NULL when zeroes are there. */
static int old_part(struct q2 *q, const struct fresh *w, uint64_t from, uint64_t n, uint8_t **buf)
{
	struct blk_req r = {.op = BLK_READ, .iovcnt = 1};
	struct q2_run run;
	int rc;

	*buf = NULL;
	if (!n)
		return 0;
	pthread_mutex_lock(&q->lock);
	rc = q2_map(q, from, n, &run);
	pthread_mutex_unlock(&q->lock);
	if (rc || (w->blank && run.bytes == n && reads_zero(q, &run, from)))
		return rc;
	*buf = malloc(n);
	if (!*buf)
		return -ENOMEM;
	r.iov[0] = (struct iovec){.iov_base = *buf, .iov_len = n};
	return read_through(q, &r, from, n);
}

/* The data, with what was around it in the first and last cluster. Without the lock. */
static int fill(struct q2 *q, const struct fresh *w, const struct blk_req *r)
{
	uint64_t head = w->off & (q->cs - 1), first = w->off - head;
	uint64_t tail = (w->clusters << q->cluster_bits) - head - w->bytes;
	uint8_t *before = NULL, *after = NULL;
	struct piece p = {.n = 0};
	int rc = old_part(q, w, first, head, &before);

	if (!rc)
		rc = old_part(q, w, w->off + w->bytes, tail, &after);
	if (!rc) {
		put(&p, before, before ? head : 0);
		slice(&p, r, w->off - r->offset, w->bytes);
		put(&p, after, after ? tail : 0);
		rc = blk_file_write(q->f, w->host + (before ? 0 : head), p.iov, p.n);
	}
	free(before);
	free(after);
	return rc;
}

static int link_all(struct q2 *q, const struct fresh *w)
{
	uint64_t guest = q2_down(q, w->off), done = 0;
	int rc = q2_own_l2(q, guest);

	for (; done < w->clusters && !rc; done++)
		rc = q2_link(q, guest + (done << q->cluster_bits),
			     (w->host + (done << q->cluster_bits)) | Q2_COPIED, false);
	if (rc && !w->reuse && !done)
		q2_unalloc(q, w->host, w->clusters);
	return rc;
}

/* Clusters for the run at w->off; w->bytes shrinks to what they hold. */
static int find_room(struct q2 *q, const struct q2_run *run, struct fresh *w)
{
	uint64_t head = w->off & (q->cs - 1), want = q2_clusters(q, head + w->bytes), end = q->end;
	int rc;

	w->reuse = run->kind == Q2_ZERO && run->copied;
	w->host = run->host;
	w->clusters = want;
	rc = w->reuse ? check_present(q, w->host, want << q->cluster_bits)
		      : q2_alloc(q, want, &w->host, &w->clusters);
	w->bytes = MIN(w->bytes, (w->clusters << q->cluster_bits) - head);
	w->blank = !w->reuse && w->host >= end;
	return rc;
}

/* The lock is held, and let go of during the I/O. */
static int write_new(struct q2 *q, const struct blk_req *r, const struct q2_run *run,
		     struct fresh *w)
{
	int rc = q2_own_l2(q, w->off);

	if (!rc)
		rc = find_room(q, run, w);
	if (rc)
		return rc;
	pthread_mutex_unlock(&q->lock);
	rc = fill(q, w, r);
	pthread_mutex_lock(&q->lock);
	if (!rc)
		return link_all(q, w);
	if (!w->reuse)
		q2_unalloc(q, w->host, w->clusters);
	return rc;
}

static int write_over(struct q2 *q, const struct blk_req *r, const struct q2_run *run, uint64_t at)
{
	struct piece p = {.n = 0};
	int rc = check_present(q, run->host, run->bytes);

	if (rc)
		return rc;
	pthread_mutex_unlock(&q->lock);
	slice(&p, r, at, run->bytes);
	rc = blk_file_write(q->f, run->host, p.iov, p.n);
	pthread_mutex_lock(&q->lock);
	return rc;
}

static int q2_write(struct q2 *q, const struct blk_req *r)
{
	uint64_t at = 0, bytes = r->offset >= q->size ? 0 : MIN(r->bytes, q->size - r->offset);
	struct q2_range g;
	struct q2_run run;
	int rc = 0;

	pthread_mutex_lock(&q->lock);
	while (at < bytes && !rc) {
		rc = q->broken ? -EIO : enter_run(q, r->offset + at, bytes - at, &run, &g);
		if (rc)
			break;
		if (in_place(&run)) {
			rc = write_over(q, r, &run, at);
			at += run.bytes;
		} else {
			struct fresh w = {.off = r->offset + at, .bytes = run.bytes};
			rc = write_new(q, r, &run, &w);
			at += w.bytes;
		}
		q2_leave(q, &g);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

/* ---- zeroes and discards ---- */

static int write_buffer(struct q2 *q, uint64_t off, uint64_t bytes)
{
	struct blk_req r = {.op = BLK_WRITE, .offset = off, .bytes = bytes, .iovcnt = 1};
	void *zeroes;
	int rc;

	if (!bytes)
		return 0;
	zeroes = calloc(1, bytes);
	if (!zeroes)
		return -ENOMEM;
	r.iov[0] = (struct iovec){.iov_base = zeroes, .iov_len = bytes};
	rc = q2_write(q, &r);
	free(zeroes);
	return rc;
}

/* A part of a cluster. */
static int zero_part(struct q2 *q, uint64_t off, uint64_t bytes)
{
	struct q2_run run;
	int rc;

	if (!bytes)
		return 0;
	pthread_mutex_lock(&q->lock);
	rc = q2_map(q, off, bytes, &run);
	pthread_mutex_unlock(&q->lock);
	if (rc || (run.bytes == bytes && reads_zero(q, &run, off)))
		return rc;
	return write_buffer(q, off, bytes);
}

/* The entry that makes a cluster read as zeroes. */
static uint64_t zero_entry(const struct q2 *q, const struct q2_run *run, bool keep)
{
	if (q->version < 3)
		return 0;
	if (keep && run->copied)
		return run->entry | Q2_ALLZERO;
	return q->backing ? Q2_ALLZERO : 0;
}

/* Whole clusters of one run, within an exclusive range, under the lock. */
static int clear_run(struct q2 *q, uint64_t off, const struct q2_run *run, bool keep)
{
	uint64_t entry = zero_entry(q, run, keep);
	int rc = q2_own_l2(q, off);

	for (uint64_t at = 0; at < run->bytes && !rc; at += q->cs) {
		rc = q2_link(q, off + at, entry, !keep);
		if (entry & Q2_OFFSET)
			entry += q->cs;
	}
	return rc;
}

static int clear_clusters(struct q2 *q, uint64_t off, uint64_t bytes, bool keep)
{
	struct q2_range g;
	struct q2_run run;
	int rc = 0;

	pthread_mutex_lock(&q->lock);
	while (bytes && !rc) {
		uint64_t n = MIN(bytes, 64ull << 20);

		q2_enter(q, &g, off, n, true);
		for (uint64_t end = off + n; off < end && !rc; off += run.bytes) {
			rc = q->broken ? -EIO : q2_map(q, off, end - off, &run);
			if (!rc && (keep || run.kind != Q2_ZERO || run.host) &&
			    !(run.kind == Q2_ZERO && keep) &&
			    !(run.kind == Q2_NONE && reads_zero(q, &run, off)))
				rc = clear_run(q, off, &run, keep);
		}
		bytes -= n;
		q2_leave(q, &g);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

/* Version 2 has no entry for zeroes, and freed clusters would show the backing image. */
static int zero_by_writing(struct q2 *q, uint64_t off, uint64_t bytes)
{
	int rc = 0;

	for (; bytes && !rc; off += q->cs, bytes -= MIN(bytes, q->cs))
		rc = zero_part(q, off, MIN(bytes, q->cs));
	return rc;
}

static int q2_clear(struct q2 *q, const struct blk_req *r, bool keep)
{
	uint64_t end = MIN(r->offset + r->bytes, q->size);
	uint64_t first = q2_down(q, r->offset + q->cs - 1), last = q2_down(q, end);
	bool can = q->version >= 3 || !q->backing;
	int rc = 0;

	if (r->offset >= end)
		return 0;
	if (end == q->size) /* the last cluster holds nothing else */
		last = q2_down(q, end + q->cs - 1);
	if (first > last || (first == last && keep))
		return keep ? zero_part(q, r->offset, end - r->offset) : 0;
	if (keep)
		rc = zero_part(q, r->offset, first - r->offset);
	if (!rc && can)
		rc = clear_clusters(q, first, last - first, keep);
	else if (!rc && keep)
		rc = zero_by_writing(q, first, MIN(last, end) - first);
	if (!rc && keep && last < end)
		rc = zero_part(q, last, end - last);
	return rc;
}

static int q2_io(struct blk *b, struct blk_req *r)
{
	struct q2 *q = b->image;

	switch (r->op) {
	case BLK_READ:
		return q2_read(q, r);
	case BLK_WRITE:
		return q2_write(q, r);
	case BLK_FLUSH:
		return q2_flush(q);
	case BLK_DISCARD:
		return q2_clear(q, r, false);
	case BLK_WRITE_ZEROES:
		return q2_clear(q, r, true);
	}
	return -EINVAL;
}

static bool q2_probe(const uint8_t *head, size_t len)
{
	/* "QFI\xfb" with version 1 is qcow, another format. */
	return len >= 8 && q2_get32(head) == Q2_MAGIC && q2_get32(head + 4) >= 2;
}

static struct blk_format qcow2 = {
	.name = "qcow2",
	.probe = q2_probe,
	.open = q2_open,
	.close = q2_close,
	.io = q2_io,
	.create = q2_create,
	.resize = q2_resize,
	.check = q2_check,
	.map = q2_map_extent,
	.info = q2_info,
	.snapshot_at = q2_snapshot_at,
	.snapshot = q2_snapshot,
	.rename_backing = q2_rename_backing,
	.write_packed = q2_write_packed,
};

__attribute__((constructor)) static void register_qcow2(void)
{
	blk_format_register(&qcow2);
}
