/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2_map.c: from guest offsets to places in the file, and who may
 * change them: operations enter a range of guest clusters, shared to use the
 * mapping, exclusive to change it; the lock is not held during their data I/O.
 */
#include "block/qcow2.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- ranges: first come, first served, so nobody starves ---- */

static bool must_wait(const struct q2 *q, const struct q2_range *g)
{
	for (const struct q2_range *o = q->ranges; o && o != g; o = o->next)
		if (o->first <= g->last && g->first <= o->last && (o->exclusive || g->exclusive))
			return true;
	return false;
}

void q2_enter(struct q2 *q, struct q2_range *g, uint64_t off, uint64_t bytes, bool exclusive)
{
	struct q2_range **p = &q->ranges;

	*g = (struct q2_range){.first = off >> q->cluster_bits,
			       .last = (off + bytes - 1) >> q->cluster_bits,
			       .exclusive = exclusive};
	while (*p)
		p = &(*p)->next;
	*p = g;
	while (must_wait(q, g))
		pthread_cond_wait(&q->moved, &q->lock);
}

void q2_leave(struct q2 *q, struct q2_range *g)
{
	struct q2_range **p = &q->ranges;

	while (*p != g)
		p = &(*p)->next;
	*p = g->next;
	if (q->ranges)
		pthread_cond_broadcast(&q->moved);
}

/* ---- looking up ---- */

void q2_packed_place(const struct q2 *q, uint64_t entry, uint64_t *at, uint64_t *bytes)
{
	unsigned x = 62 - (q->cluster_bits - 8);
	uint64_t sectors = (entry & ~(Q2_PACKED | Q2_COPIED)) >> x;

	*at = entry & ((1ull << x) - 1);
	*bytes = (sectors + 1) * 512 - (*at & 511);
}

static int bad_entry(struct q2 *q, uint64_t off, uint64_t entry)
{
	log_error("%s: the table entry 0x%llx for guest offset 0x%llx is damaged", q->f->name,
		  (unsigned long long)entry, (unsigned long long)off);
	return -EIO;
}

/* The run that one entry makes, from its cluster's start. */
static int decode(struct q2 *q, uint64_t off, uint64_t entry, struct q2_run *r)
{
	*r = (struct q2_run){.entry = entry, .kind = Q2_NONE};
	if (entry & Q2_PACKED) {
		r->kind = Q2_COMPRESSED;
		return 0;
	}
	r->host = entry & Q2_OFFSET;
	r->copied = r->host && entry & Q2_COPIED;
	if (r->host & (q->cs - 1))
		return bad_entry(q, off, entry);
	if (q->version >= 3 && entry & Q2_ALLZERO)
		r->kind = Q2_ZERO;
	else if (r->host)
		r->kind = Q2_DATA;
	return 0;
}

static bool goes_on(const struct q2 *q, const struct q2_run *r, const struct q2_run *next,
		    uint64_t clusters)
{
	if (next->kind != r->kind || next->copied != r->copied || r->kind == Q2_COMPRESSED)
		return false;
	if (!r->host)
		return !next->host;
	return next->host == r->host + (clusters << q->cluster_bits);
}

/* The L2 table for off. 0 = none yet. */
static int l2_place(struct q2 *q, uint64_t off, uint64_t *at, bool *copied)
{
	uint64_t i = off >> (q->cluster_bits + q2_l2_bits(q)), entry;

	if (i >= q->l1_size)
		return -EIO;
	entry = q->l1[i];
	*at = entry & Q2_OFFSET;
	*copied = entry & Q2_COPIED;
	return *at & (q->cs - 1) || *at >= q->end ? bad_entry(q, off, entry) : 0;
}

static uint64_t l2_index(const struct q2 *q, uint64_t off)
{
	return off >> q->cluster_bits & ((1u << q2_l2_bits(q)) - 1);
}

int q2_map(struct q2 *q, uint64_t off, uint64_t max, struct q2_run *r)
{
	uint64_t span = q->cs << q2_l2_bits(q), in = off & (q->cs - 1), at, i, n = 1;
	struct q2_run next;
	uint8_t *table;
	bool copied;
	int rc = l2_place(q, off, &at, &copied);

	max = MIN(max, span - (off & (span - 1)));
	*r = (struct q2_run){.kind = Q2_NONE, .bytes = max};
	if (rc < 0 || !at)
		return rc;
	rc = q2_table(q, &q->l2, at, &table);
	i = l2_index(q, off);
	if (!rc)
		rc = decode(q, off, q2_get64(table + i * 8), r);
	if (rc < 0)
		return rc;
	while (n << q->cluster_bits < in + max) {
		if (decode(q, off, q2_get64(table + (i + n) * 8), &next) < 0 ||
		    !goes_on(q, r, &next, n))
			break;
		n++;
	}
	/* A shared table's entries say nothing about who else uses the clusters. */
	r->copied = r->copied && copied;
	r->bytes = MIN(max, (n << q->cluster_bits) - in);
	if (r->kind == Q2_DATA)
		r->host += in;
	return 0;
}

/* ---- changing ---- */

/* A new table with the old one's contents, if there was one. */
static int new_l2(struct q2 *q, uint64_t old, uint64_t *at)
{
	uint8_t *table, *copy = NULL;
	uint64_t got;
	int rc = q2_alloc(q, 1, at, &got);

	if (rc)
		return rc;
	if (old) {
		copy = malloc(q->cs);
		rc = copy ? q2_table(q, &q->l2, old, &table) : -ENOMEM;
		if (!rc)
			memcpy(copy, table, q->cs);
	}
	if (!rc)
		rc = q2_table_new(q, &q->l2, *at, &table);
	if (!rc && old)
		memcpy(table, copy, q->cs);
	if (rc)
		q2_unalloc(q, *at, 1);
	free(copy);
	return rc;
}

int q2_own_l2(struct q2 *q, uint64_t off)
{
	uint32_t i = (uint32_t)(off >> (q->cluster_bits + q2_l2_bits(q)));
	uint64_t old, at;
	bool copied;
	int rc = l2_place(q, off, &old, &copied);

	if (rc || (old && copied))
		return rc;
	rc = new_l2(q, old, &at);
	if (rc)
		return rc;
	q->l1[i] = at | Q2_COPIED;
	if (q->l1_lo >= q->l1_hi)
		q->l1_lo = i;
	q->l1_lo = MIN(q->l1_lo, i);
	q->l1_hi = MAX(q->l1_hi, i + 1);
	return old ? q2_fall(q, old, 1, false) : 0;
}

static int let_go(struct q2 *q, uint64_t entry, bool punch)
{
	uint64_t at, bytes;

	if (entry & Q2_PACKED) {
		q2_packed_place(q, entry, &at, &bytes);
		return q2_fall(q, q2_down(q, at), q2_clusters(q, at + bytes - q2_down(q, at)),
			       false);
	}
	entry &= Q2_OFFSET;
	return entry ? q2_fall(q, entry, 1, punch) : 0;
}

int q2_link(struct q2 *q, uint64_t off, uint64_t entry, bool punch)
{
	uint64_t at, old;
	uint8_t *table;
	bool copied;
	int rc = l2_place(q, off, &at, &copied);

	if (!rc)
		rc = q2_table(q, &q->l2, at, &table);
	if (rc)
		return rc;
	old = q2_get64(table + l2_index(q, off) * 8);
	q2_put64(table + l2_index(q, off) * 8, entry);
	q2_table_dirty(&q->l2, at);
	if (!(old & Q2_PACKED) && !(entry & Q2_PACKED) && (old & Q2_OFFSET) == (entry & Q2_OFFSET))
		return 0;
	return let_go(q, old, punch);
}
