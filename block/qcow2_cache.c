/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2_cache.c: L2 tables and refcount blocks in memory, the least
 * recently used one leaving first, and how they get to the file in order.
 */
#include "block/qcow2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int q2_file_read(struct q2 *q, uint64_t at, void *buf, size_t n)
{
	struct iovec iov = {.iov_base = buf, .iov_len = n};

	return blk_file_read(q->f, at, &iov, 1);
}

int q2_file_write(struct q2 *q, uint64_t at, const void *buf, size_t n)
{
	struct iovec iov = {.iov_base = (void *)buf, .iov_len = n};

	return blk_file_write(q->f, at, &iov, 1);
}

int q2_cache_init(struct q2 *q, struct q2_cache *c, uint64_t bytes)
{
	unsigned buckets = 16;

	c->max = (unsigned)MAX(bytes >> q->cluster_bits, 4u);
	while (buckets < c->max)
		buckets *= 2;
	c->mask = buckets - 1;
	c->bucket = calloc(buckets, sizeof(*c->bucket));
	return c->bucket ? 0 : -ENOMEM;
}

static struct q2_table **slot(struct q2_cache *c, uint64_t at)
{
	/* Offsets are multiples of the cluster size: the high bits of a product tell them apart. */
	struct q2_table **p = &c->bucket[(at * 0x9e3779b97f4a7c15ull) >> 40 & c->mask];

	while (*p && (*p)->at != at)
		p = &(*p)->chain;
	return p;
}

static void unlink_age(struct q2_cache *c, struct q2_table *t)
{
	*(t->newer ? &t->newer->older : &c->newest) = t->older;
	*(t->older ? &t->older->newer : &c->oldest) = t->newer;
}

static void make_newest(struct q2_cache *c, struct q2_table *t)
{
	t->newer = NULL;
	t->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = t;
	c->newest = t;
}

static void set_dirty(struct q2_cache *c, struct q2_table *t, bool dirty)
{
	c->dirty += (unsigned)dirty - t->dirty;
	t->dirty = dirty;
}

static void drop(struct q2_cache *c, struct q2_table *t)
{
	*slot(c, t->at) = t->chain;
	unlink_age(c, t);
	set_dirty(c, t, false);
	c->n--;
	free(t->bytes);
	free(t);
}

void q2_cache_drop_all(struct q2_cache *c)
{
	while (c->oldest)
		drop(c, c->oldest);
}

void q2_cache_free(struct q2_cache *c)
{
	q2_cache_drop_all(c);
	free(c->bucket);
	c->bucket = NULL;
}

void q2_table_drop(struct q2_cache *c, uint64_t at)
{
	struct q2_table *t = *slot(c, at);

	if (t)
		drop(c, t);
}

void q2_table_dirty(struct q2_cache *c, uint64_t at)
{
	set_dirty(c, *slot(c, at), true);
}

/* Aligned, so that O_DIRECT takes it. */
static struct q2_table *new_table(struct q2 *q, uint64_t at)
{
	struct q2_table *t = calloc(1, sizeof(*t));

	if (t)
		t->bytes = aligned_alloc(MIN(q->cs, 4096u), q->cs);
	if (t && !t->bytes) {
		free(t);
		return NULL;
	}
	if (t)
		t->at = at;
	return t;
}

static int make_room(struct q2 *q, struct q2_cache *c)
{
	int rc;

	if (c->n < c->max)
		return 0;
	/* All that is dirty goes at once: the barriers cost more than the writes. */
	rc = !c->oldest->dirty ? 0 : c == &q->rb ? q2_cache_write(q, c) : q2_write_back(q);
	if (!rc)
		drop(c, c->oldest);
	return rc;
}

static int get(struct q2 *q, struct q2_cache *c, uint64_t at, bool read, uint8_t **bytes)
{
	struct q2_table *t = *slot(c, at);
	int rc;

	if (t) {
		unlink_age(c, t);
		make_newest(c, t);
		*bytes = t->bytes;
		return 0;
	}
	rc = make_room(q, c);
	if (rc < 0)
		return rc;
	t = new_table(q, at);
	if (!t)
		return -ENOMEM;
	rc = read ? q2_file_read(q, at, t->bytes, q->cs) : 0;
	if (rc < 0) {
		free(t->bytes);
		free(t);
		return rc;
	}
	*slot(c, at) = t;
	make_newest(c, t);
	c->n++;
	*bytes = t->bytes;
	return 0;
}

int q2_table(struct q2 *q, struct q2_cache *c, uint64_t at, uint8_t **bytes)
{
	if (!at || at & (q->cs - 1) || at >= q->end)
		return -EIO;
	return get(q, c, at, true, bytes);
}

int q2_table_new(struct q2 *q, struct q2_cache *c, uint64_t at, uint8_t **bytes)
{
	int rc = get(q, c, at, false, bytes);

	if (rc < 0)
		return rc;
	memset(*bytes, 0, q->cs);
	q2_table_dirty(c, at);
	return 0;
}

int q2_cache_write(struct q2 *q, struct q2_cache *c)
{
	int rc = 0;

	for (struct q2_table *t = c->oldest; t && c->dirty && !rc; t = t->newer) {
		if (!t->dirty)
			continue;
		rc = q2_file_write(q, t->at, t->bytes, q->cs);
		if (!rc)
			set_dirty(c, t, false);
	}
	return rc;
}

static int write_l1(struct q2 *q)
{
	uint32_t lo = q->l1_lo & ~63u, hi = MIN(q->l1_size, (q->l1_hi + 63) & ~63u);
	uint8_t *buf = malloc((hi - lo) * 8ull);
	int rc;

	if (!buf)
		return -ENOMEM;
	for (uint32_t i = lo; i < hi; i++)
		q2_put64(buf + (i - lo) * 8, q->l1[i]);
	rc = q2_file_write(q, q->l1_offset + lo * 8ull, buf, (hi - lo) * 8ull);
	free(buf);
	if (!rc)
		q->l1_lo = q->l1_hi = 0;
	return rc;
}

int q2_write_back(struct q2 *q)
{
	bool l1 = q->l1_lo < q->l1_hi;
	int rc = q2_cache_write(q, &q->rb);

	if (!rc && (q->l2.dirty || l1))
		rc = blk_file_flush(q->f);
	if (!rc)
		rc = q2_cache_write(q, &q->l2);
	if (!rc && l1) {
		rc = blk_file_flush(q->f);
		if (!rc)
			rc = write_l1(q);
	}
	return rc;
}

int q2_flush_locked(struct q2 *q)
{
	int rc = q2_write_back(q);

	if (!rc)
		rc = blk_file_flush(q->f);
	if (!rc)
		q2_fall_all(q, q->n_fall);
	return rc;
}

/*
 * Others go on during the last, longest wait; what they add to the list is not
 * yet flushed, and another flush may have dealt with its first part.
 */
int q2_flush(struct q2 *q)
{
	uint64_t upto;
	int rc;

	pthread_mutex_lock(&q->lock);
	rc = q->broken ? -EIO : q2_write_back(q);
	upto = q->fallen + q->n_fall;
	pthread_mutex_unlock(&q->lock);
	if (!rc)
		rc = blk_file_flush(q->f);
	if (rc)
		return rc;
	pthread_mutex_lock(&q->lock);
	if (upto > q->fallen)
		q2_fall_all(q, (size_t)(upto - q->fallen));
	pthread_mutex_unlock(&q->lock);
	return 0;
}
