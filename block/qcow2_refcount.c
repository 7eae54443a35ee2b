/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2_refcount.c: which clusters of the file are in use: counts of 1 to
 * 64 bits, allocation, growth of the tables, release.
 *
 * A new refcount block takes the first cluster of the range that it describes
 * (all of which is free, or there would be a block), so making one needs no
 * allocation. Long rows and new tables go behind everything, with their blocks.
 */
#include "block/qcow2.h"
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FALL_MAX 16384 /* then the list is flushed away */
/* L1 tables up to this size are searched for the L2 table a write would hit. */
#define L1_SEARCHED 16384u

uint64_t q2_ref_in(const struct q2 *q, const uint8_t *block, uint64_t i)
{
	unsigned bits = q->refcount_bits;

	switch (bits) {
	case 64:
		return q2_get64(block + i * 8);
	case 32:
		return q2_get32(block + i * 4);
	case 16:
		return (uint64_t)block[i * 2] << 8 | block[i * 2 + 1];
	case 8:
		return block[i];
	default:
		return block[i * bits / 8] >> i * bits % 8 & ((1u << bits) - 1);
	}
}

void q2_ref_put(const struct q2 *q, uint8_t *block, uint64_t i, uint64_t v)
{
	unsigned bits = q->refcount_bits, shift = (unsigned)(i * bits % 8);
	uint8_t *p = block + i * bits / 8;

	if (bits == 64) {
		q2_put64(p, v);
	} else if (bits == 32) {
		q2_put32(p, (uint32_t)v);
	} else if (bits == 16) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	} else if (bits == 8) {
		*p = (uint8_t)v;
	} else {
		unsigned mask = ((1u << bits) - 1) << shift;
		*p = (uint8_t)((*p & ~mask) | (v << shift & mask));
	}
}

/* The block that counts `cluster`. *bytes NULL: there is none, all are 0. */
static int block_of(struct q2 *q, uint64_t cluster, uint8_t **bytes)
{
	uint64_t k = cluster >> q->rb_bits;

	*bytes = NULL;
	if (k >= q->rt_size || !q->rt[k])
		return 0;
	return q2_table(q, &q->rb, q->rt[k], bytes);
}

static uint64_t in_block(const struct q2 *q, uint64_t cluster)
{
	return cluster & ((1ull << q->rb_bits) - 1);
}

int q2_ref_get(struct q2 *q, uint64_t cluster, uint64_t *v)
{
	uint8_t *block;
	int rc = block_of(q, cluster, &block);

	*v = !rc && block ? q2_ref_in(q, block, in_block(q, cluster)) : 0;
	return rc;
}

int q2_ref_set(struct q2 *q, uint64_t cluster, uint64_t v)
{
	uint8_t *block;
	int rc = block_of(q, cluster, &block);

	if (rc < 0 || !block)
		return rc < 0 ? rc : -EIO;
	q2_ref_put(q, block, in_block(q, cluster), v);
	q2_table_dirty(&q->rb, q->rt[cluster >> q->rb_bits]);
	if (!v)
		q->hint = MIN(q->hint, cluster);
	return 0;
}

int q2_ref_add(struct q2 *q, uint64_t cluster)
{
	uint64_t v;
	int rc = q2_ref_get(q, cluster, &v);

	if (rc < 0)
		return rc;
	if (v >= ones(8) >> (64 - q->refcount_bits))
		return -EOVERFLOW;
	return q2_ref_set(q, cluster, v + 1);
}

/* ---- never write over metadata ---- */

void q2_corrupt(struct q2 *q, const char *fmt, ...)
{
	char msg[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (!q->broken)
		log_error("%s is damaged: %s; no more writes to it (hvm-img check)", q->f->name,
			  msg);
	if (!q->broken && q->writable && q->version >= 3)
		q2_set_incompat(q, q->incompat | Q2_CORRUPT);
	q->broken = true;
}

static bool overlap(uint64_t a, uint64_t an, uint64_t b, uint64_t bn)
{
	return a < b + bn && b < a + an;
}

static const char *what_is_at(const struct q2 *q, uint64_t at, uint64_t n)
{
	if (at < q->cs)
		return "header";
	if (overlap(at, n, q->rt_offset, q->rt_size * 8ull))
		return "refcount table";
	if (overlap(at, n, q->l1_offset, q->l1_size * 8ull))
		return "L1 table";
	if (overlap(at, n, q->snaps_offset, q->snaps_bytes))
		return "snapshot table";
	for (uint32_t i = 0; i < q->rt_size; i++)
		if (q->rt[i] && overlap(at, n, q->rt[i], q->cs))
			return "refcount block";
	for (uint32_t i = 0; i < q->n_snaps; i++)
		if (overlap(at, n, q->snaps[i].l1_offset, q->snaps[i].l1_size * 8ull))
			return "snapshot's L1 table";
	for (uint32_t i = 0; i < q->l1_size && q->l1_size <= L1_SEARCHED; i++)
		if (overlap(at, n, q->l1[i] & Q2_OFFSET, q->l1[i] & Q2_OFFSET ? q->cs : 0))
			return "L2 table";
	return NULL;
}

int q2_check_place(struct q2 *q, uint64_t host, uint64_t bytes)
{
	const char *what;

	if (q->broken)
		return -EIO;
	what = what_is_at(q, host, bytes);
	if (!what)
		return 0;
	q2_corrupt(q, "a write would hit the %s at 0x%llx", what, (unsigned long long)host);
	return -EIO;
}

/* ---- allocation ---- */

static int write_rt_entry(struct q2 *q, uint64_t k)
{
	uint8_t be[8];

	q2_put64(be, q->rt[k]);
	return q2_file_write(q, q->rt_offset + k * 8, be, 8);
}

/* Block k, in the first cluster of its range. */
static int new_block(struct q2 *q, uint64_t k)
{
	uint64_t at = k << q->rb_bits << q->cluster_bits;
	uint8_t *block;
	int rc = q2_check_place(q, at, q->cs);

	if (!rc)
		rc = q2_table_new(q, &q->rb, at, &block);
	if (rc)
		return rc;
	q2_ref_put(q, block, 0, 1);
	q->end = MAX(q->end, at + q->cs);
	rc = q2_cache_write(q, &q->rb);
	if (!rc)
		rc = blk_file_flush(q->f);
	if (rc)
		return rc;
	q->rt[k] = at;
	rc = write_rt_entry(q, k);
	if (rc)
		q->rt[k] = 0;
	return rc;
}

/* Blocks from index k on, at `host` and behind it, that count `total` clusters from there as 1. */
static int blocks_at(struct q2 *q, uint64_t *rt, uint64_t k, uint64_t host, uint64_t total)
{
	uint64_t per = 1ull << q->rb_bits;
	uint8_t *block;
	int rc;

	for (uint64_t at = host; total; at += q->cs, k++) {
		rc = q2_table_new(q, &q->rb, at, &block);
		if (rc < 0)
			return rc;
		for (uint64_t i = 0; i < MIN(total, per); i++)
			q2_ref_put(q, block, i, 1);
		total -= MIN(total, per);
		rt[k] = at;
	}
	rc = q2_cache_write(q, &q->rb);
	return rc ? rc : blk_file_flush(q->f);
}

/* Blocks needed in front of n clusters that no block counts yet. */
static uint64_t blocks_for(const struct q2 *q, uint64_t n)
{
	uint64_t per = 1ull << q->rb_bits;

	return (n + per - 2) / (per - 1);
}

static uint64_t first_uncounted(const struct q2 *q)
{
	uint64_t range = 1ull << q->rb_bits << q->cluster_bits, end = q->f->device ? 0 : q->end;
	uint64_t k = end / range + !!(end % range);

	/* A file's end counts too: what lies there without a count may still be somebody's. */
	for (uint64_t i = q->rt_size; i > k; i--)
		if (q->rt[i - 1])
			return i;
	return k;
}

static int switch_rt(struct q2 *q, uint64_t at, uint64_t clusters)
{
	uint8_t be[12];

	q2_put64(be, at);
	q2_put32(be + 8, (uint32_t)clusters);
	return q2_file_write(q, Q2_AT_RT, be, sizeof(be));
}

static int write_rt(struct q2 *q, uint64_t at, const uint64_t *rt, uint64_t clusters)
{
	uint64_t n = clusters << (q->cluster_bits - 3);
	uint8_t *be = malloc(n * 8);
	int rc;

	if (!be)
		return -ENOMEM;
	for (uint64_t i = 0; i < n; i++)
		q2_put64(be + i * 8, rt[i]);
	rc = q2_file_write(q, at, be, n * 8);
	free(be);
	return rc ? rc : blk_file_flush(q->f);
}

/* A table with room for entry k, behind everything. */
static int grow_rt(struct q2 *q, uint64_t k)
{
	uint64_t first = MAX(first_uncounted(q), k), host = first << q->rb_bits << q->cluster_bits;
	uint64_t t = q2_clusters(q, (first + first / 2 + 64) * 8), r = blocks_for(q, t), *rt, at;
	uint64_t old = q->rt_offset, old_clusters = q->rt_size * 8ull >> q->cluster_bits;
	int rc;

	while (t << (q->cluster_bits - 3) < first + r + 1)
		r = blocks_for(q, ++t);
	if (t << q->cluster_bits > Q2_MAX_RT)
		return -EFBIG;
	rt = calloc(t << (q->cluster_bits - 3), 8);
	if (!rt)
		return -ENOMEM;
	memcpy(rt, q->rt, q->rt_size * 8ull);
	at = host + (r << q->cluster_bits);
	rc = blocks_at(q, rt, first, host, r + t);
	q->end = MAX(q->end, host + ((r + t) << q->cluster_bits));
	if (!rc)
		rc = write_rt(q, at, rt, t);
	if (!rc)
		rc = switch_rt(q, at, t);
	if (rc) {
		free(rt);
		return rc;
	}
	free(q->rt);
	q->rt = rt;
	q->rt_offset = at;
	q->rt_size = (uint32_t)(t << (q->cluster_bits - 3));
	return q2_fall(q, old, old_clusters, false);
}

static int ensure_block(struct q2 *q, uint64_t k)
{
	int rc = k >= q->rt_size ? grow_rt(q, k) : 0;

	return rc || q->rt[k] ? rc : new_block(q, k);
}

/* The first row of at most `want` free clusters in block k, from cluster *at on. 0 = none. */
static int free_row(struct q2 *q, uint64_t *at, uint64_t want, uint64_t *got)
{
	uint64_t per = 1ull << q->rb_bits, i = in_block(q, *at), n = 0;
	uint8_t *block;
	int rc = block_of(q, *at, &block);

	*got = 0;
	if (rc < 0)
		return rc;
	while (i < per && q2_ref_in(q, block, i))
		i++;
	while (i + n < per && n < want && !q2_ref_in(q, block, i + n))
		n++;
	*at = (*at & ~(per - 1)) + i;
	*got = n;
	return 0;
}

static int take(struct q2 *q, uint64_t first, uint64_t n)
{
	uint64_t host = first << q->cluster_bits;
	int rc = q2_check_place(q, host, n << q->cluster_bits);

	for (uint64_t i = 0; i < n && !rc; i++)
		rc = q2_ref_set(q, first + i, 1);
	if (!rc)
		q->end = MAX(q->end, host + (n << q->cluster_bits));
	return rc;
}

/* Rows shorter than `least` are passed over. */
static int find_row(struct q2 *q, uint64_t least, uint64_t want, uint64_t *host, uint64_t *got)
{
	bool first = true;
	uint64_t at = q->hint;
	int rc = 0;

	for (;;) {
		/* No offset of 56 bits lies there. */
		if (at >= 1ull << (55 - q->cluster_bits))
			return -EFBIG;
		rc = ensure_block(q, at >> q->rb_bits);
		if (!rc)
			rc = free_row(q, &at, want, got);
		if (rc)
			return rc;
		if (first && *got) {
			q->hint = at;
			first = false;
		}
		if (*got >= least)
			break;
		at += *got ? *got : 0;
		if (!in_block(q, at) && first)
			q->hint = at;
	}
	rc = take(q, at, *got);
	*host = at << q->cluster_bits;
	if (!rc && q->hint == at)
		q->hint = at + *got;
	return rc;
}

int q2_alloc(struct q2 *q, uint64_t want, uint64_t *host, uint64_t *got)
{
	if (q->n_fall >= FALL_MAX) {
		int rc = q2_flush_locked(q);
		if (rc)
			return rc;
	}
	return find_row(q, 1, want, host, got);
}

/* Behind everything, with blocks of its own in front. */
static int row_behind(struct q2 *q, uint64_t n, uint64_t *host)
{
	uint64_t r = blocks_for(q, n), first = first_uncounted(q);
	int rc = first + r > q->rt_size ? grow_rt(q, first + r) : 0;

	first = first_uncounted(q);
	if (!rc && first + r > q->rt_size)
		rc = grow_rt(q, first + 2 * r);
	if (rc)
		return rc;
	first = first_uncounted(q);
	*host = first << q->rb_bits << q->cluster_bits;
	rc = blocks_at(q, q->rt, first, *host, r + n);
	q->end = MAX(q->end, *host + ((r + n) << q->cluster_bits));
	for (uint64_t i = 0; i < r && !rc; i++)
		rc = write_rt_entry(q, first + i);
	*host += r << q->cluster_bits;
	return rc;
}

int q2_alloc_row(struct q2 *q, uint64_t n, uint64_t *host)
{
	uint64_t got;

	if (n < 1ull << q->rb_bits >> 1)
		return find_row(q, n, n, host, &got);
	return row_behind(q, n, host);
}

void q2_unalloc(struct q2 *q, uint64_t host, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		q2_ref_set(q, (host >> q->cluster_bits) + i, 0);
}

/* ---- release ---- */

int q2_fall(struct q2 *q, uint64_t host, uint64_t n, bool punch)
{
	if (q->n_fall + n > q->max_fall) {
		size_t max = MAX(q->n_fall + n, q->max_fall * 2 + 64);
		struct q2_fall *f = realloc(q->fall, max * sizeof(*f));

		if (!f)
			return -ENOMEM; /* a leak */
		q->fall = f;
		q->max_fall = max;
	}
	for (uint64_t i = 0; i < n; i++)
		q->fall[q->n_fall++] = (struct q2_fall){(host >> q->cluster_bits) + i, punch};
	return 0;
}

static void fall_one(struct q2 *q, const struct q2_fall *f)
{
	uint64_t v, host = f->cluster << q->cluster_bits;

	if (q2_ref_get(q, f->cluster, &v) < 0)
		return;
	if (!v) {
		q2_corrupt(q, "cluster 0x%llx was in use and counted as free",
			   (unsigned long long)host);
		return;
	}
	if (q2_ref_set(q, f->cluster, v - 1) < 0 || v > 1)
		return;
	q2_table_drop(&q->l2, host);
	q2_table_drop(&q->rb, host);
	if (q->packed_at && q2_down(q, q->packed_at) == host)
		q->packed_at = 0;
	q->unpacked_entry = 0;
	if (f->punch)
		blk_file_discard(q->f, host, q->cs);
}

void q2_fall_all(struct q2 *q, size_t n)
{
	n = MIN(n, q->n_fall);
	for (size_t i = 0; i < n; i++)
		fall_one(q, &q->fall[i]);
	if (!n)
		return;
	memmove(q->fall, q->fall + n, (q->n_fall - n) * sizeof(*q->fall));
	q->n_fall -= n;
	q->fallen += n;
}
