/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2_check.c: an image's refcounts against what its tables say, and
 * the one repair there is: new refcounts, written behind everything and switched
 * to by one write of the header. Snapshots are made by the same means.
 */
#include "block/qcow2_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the COPIED flags of the active tables ---- */

enum copied_mode { COUNT, CLEAR, SET };

struct copied {
	struct q2_census *c;
	enum copied_mode mode;
	uint64_t wrong;
};

/* The entry as it should be, as far as this pass may change it. */
static uint64_t fixed(struct copied *m, uint64_t entry, const char *what)
{
	uint64_t at = entry & Q2_OFFSET, cluster = at >> m->c->q->cluster_bits;
	bool is = entry & Q2_COPIED, should;

	if (at & (m->c->q->cs - 1) && !(entry & Q2_PACKED))
		return m->mode == SET ? 0 : entry;
	should = !(entry & Q2_PACKED) && at && cluster < m->c->n && m->c->refs[cluster] == 1;
	if (is == should)
		return entry;
	m->wrong++;
	if (m->mode == COUNT)
		q2_say(m->c, false, "%s at 0x%llx: its flag for exclusive use is %s", what,
		       (unsigned long long)at, is ? "set" : "not set");
	if (m->mode == (is ? CLEAR : SET))
		return entry ^ Q2_COPIED;
	return entry;
}

static int copied_l2(struct copied *m, uint64_t at)
{
	struct q2 *q = m->c->q;
	uint8_t *table;
	bool changed = false;
	int rc = q2_table(q, &q->l2, at, &table);

	for (uint64_t i = 0; i < q->cs / 8 && !rc; i++) {
		uint64_t entry = q2_get64(table + i * 8), want = fixed(m, entry, "a cluster");

		if (want == entry)
			continue;
		q2_put64(table + i * 8, want);
		changed = true;
	}
	if (changed)
		q2_table_dirty(&q->l2, at);
	return rc;
}

static int copied_l1(struct copied *m)
{
	struct q2 *q = m->c->q;
	int rc = 0;

	for (uint32_t i = 0; i < q->l1_size && !rc; i++) {
		uint64_t want = fixed(m, q->l1[i], "an L2 table"), at = want & Q2_OFFSET;

		if (want != q->l1[i]) {
			q->l1[i] = want;
			q->l1_lo = q->l1_lo < q->l1_hi ? q->l1_lo : i;
			q->l1_hi = MAX(q->l1_hi, i + 1);
		}
		if (at && !(at & (q->cs - 1)) && at >> q->cluster_bits < m->c->n)
			rc = copied_l2(m, at);
	}
	return rc;
}

static int fix_copied(struct q2_census *c, enum copied_mode mode)
{
	struct copied m = {.c = c, .mode = mode};
	int rc = copied_l1(&m);

	if (!rc && mode != COUNT)
		rc = q2_write_back(c->q);
	if (!rc && mode != COUNT)
		rc = blk_file_flush(c->q->f);
	return rc;
}

/* ---- new refcounts ---- */

struct plan {
	uint64_t per;  /* counts of a block */
	uint64_t base; /* cluster: table, then blocks */
	uint64_t table, blocks;
	uint64_t *rt;
	uint64_t rt_size;
};

static bool block_empty(const struct q2_census *c, const struct plan *p, uint64_t k)
{
	uint64_t end = MIN((k + 1) * p->per, c->n);

	for (uint64_t i = k * p->per; i < end; i++)
		if (c->refs[i])
			return false;
	return (k + 1) * p->per <= p->base || k * p->per >= p->base + p->table + p->blocks;
}

static int make_plan(const struct q2_census *c, struct plan *p)
{
	uint64_t before, used, n;

	p->per = 1ull << c->q->rb_bits;
	p->base = c->top;
	do {
		before = p->table + p->blocks;
		n = (p->base + before + p->per - 1) / p->per;
		for (uint64_t k = used = 0; k < n; k++)
			used += !block_empty(c, p, k);
		p->blocks = MAX(p->blocks, used);
		p->table = MAX(p->table, q2_clusters(c->q, n * 8));
	} while (p->table + p->blocks != before);
	p->rt_size = p->table << (c->q->cluster_bits - 3);
	if (p->rt_size * 8 > Q2_MAX_RT)
		return -EFBIG;
	p->rt = calloc(p->rt_size, 8);
	return p->rt ? 0 : -ENOMEM;
}

static void fill_block(const struct q2_census *c, const struct plan *p, uint64_t k, uint8_t *block)
{
	memset(block, 0, c->q->cs);
	for (uint64_t i = 0; i < p->per; i++) {
		uint64_t at = k * p->per + i, v = at < c->n ? c->refs[at] : 0;

		if (at >= p->base && at < p->base + p->table + p->blocks)
			v = 1;
		if (v)
			q2_ref_put(c->q, block, i, v);
	}
}

static int write_plan(const struct q2_census *c, struct plan *p)
{
	struct q2 *q = c->q;
	uint64_t at = p->base + p->table, end = at + p->blocks;
	uint8_t *block = malloc(MAX(q->cs, p->rt_size * 8));
	int rc = block ? 0 : -ENOMEM;

	for (uint64_t k = 0; k < p->rt_size && at < end && !rc; k++) {
		if (block_empty(c, p, k))
			continue;
		fill_block(c, p, k, block);
		p->rt[k] = at << q->cluster_bits;
		rc = q2_file_write(q, p->rt[k], block, q->cs);
		at++;
	}
	for (uint64_t k = 0; k < p->rt_size && !rc; k++)
		q2_put64(block + k * 8, p->rt[k]);
	if (!rc)
		rc = q2_file_write(q, p->base << q->cluster_bits, block, p->rt_size * 8);
	free(block);
	return rc ? rc : blk_file_flush(q->f);
}

static int switch_to(struct q2 *q, struct plan *p)
{
	uint8_t be[12];
	int rc;

	q2_put64(be, p->base << q->cluster_bits);
	q2_put32(be + 8, (uint32_t)p->table);
	rc = q2_file_write(q, Q2_AT_RT, be, sizeof(be));
	if (!rc)
		rc = blk_file_flush(q->f);
	if (rc)
		return rc;
	q2_cache_drop_all(&q->rb);
	free(q->rt);
	q->rt = p->rt;
	p->rt = NULL;
	q->rt_offset = p->base << q->cluster_bits;
	q->rt_size = (uint32_t)p->rt_size;
	q->end = MAX(q->end, (p->base + p->table + p->blocks) << q->cluster_bits);
	q->hint = q->packed_at = 0;
	q->fallen += q->n_fall; /* what was to fall is not in the new counts */
	q->n_fall = 0;
	return 0;
}

static int counts_fit(const struct q2_census *c)
{
	uint64_t max = ones(8) >> (64 - c->q->refcount_bits);

	for (uint64_t i = 0; i < c->n; i++)
		if (c->refs[i] > max)
			return -EOVERFLOW;
	return 0;
}

static int renew(struct q2_census *c, struct err *e)
{
	struct plan p = {0};
	int rc = counts_fit(c);

	if (rc)
		return err_set(e, rc, "%s: its refcounts of %u bits are too narrow", c->q->f->name,
			       c->q->refcount_bits);
	rc = make_plan(c, &p);
	if (!rc)
		rc = q2_set_incompat(c->q, c->q->incompat | Q2_DIRTY);
	/* A flag that lies is repaired before the counts allow anybody to trust it. */
	if (!rc)
		rc = fix_copied(c, CLEAR);
	if (!rc)
		rc = write_plan(c, &p);
	if (!rc)
		rc = switch_to(c->q, &p);
	if (!rc)
		rc = fix_copied(c, SET);
	if (!rc)
		rc = q2_set_incompat(c->q, c->q->incompat & ~(uint64_t)Q2_DIRTY);
	free(p.rt);
	return rc ? err_errno(e, rc, "cannot write new refcounts to %s", c->q->f->name) : 0;
}

int q2_rebuild(struct q2 *q, uint64_t extra_l1, uint32_t extra_l1_size, struct err *e)
{
	struct q2_census c = {0};
	int rc = q2_write_back(q);

	if (!rc)
		rc = q2_census(&c, q, false);
	if (!rc && extra_l1_size)
		rc = q2_census_l1(&c, extra_l1, extra_l1_size);
	rc = rc ? err_errno(e, rc, "cannot count the clusters of %s", q->f->name) : renew(&c, e);
	free(c.refs);
	return rc;
}

/* ---- check ---- */

static int compare(struct q2_census *c, struct blk_check *res, bool fix_leaks)
{
	uint64_t have;
	int rc = 0;

	for (uint64_t i = 0; i < c->n; i++) {
		if (q2_ref_get(c->q, i, &have) < 0)
			have = 0;
		if (have == c->refs[i])
			continue;
		q2_say(c, false, "%s 0x%llx: refcount %llu, used %u times",
		       have < c->refs[i] ? "error: cluster" : "leaked cluster",
		       (unsigned long long)i << c->q->cluster_bits, (unsigned long long)have,
		       c->refs[i]);
		if (have < c->refs[i])
			res->errors++;
		else if (fix_leaks && !(rc = q2_ref_set(c->q, i, c->refs[i])))
			res->fixed++;
		else
			res->leaks++;
	}
	return rc;
}

static int examine(struct q2_census *c, struct blk_check *res, bool fix_leaks)
{
	struct copied m = {.c = c, .mode = COUNT};
	int rc = q2_census(c, c->q, true);

	if (!rc)
		rc = compare(c, res, fix_leaks);
	if (!rc)
		rc = copied_l1(&m);
	res->errors += c->bad + m.wrong;
	res->allocated = c->allocated;
	res->compressed = c->compressed;
	res->fragmented = c->fragmented;
	res->total = q2_clusters(c->q, c->q->size);
	res->end = c->top << c->q->cluster_bits;
	return rc;
}

static int repair(struct q2_census *c, struct blk_check *res, struct err *e)
{
	uint64_t found = res->errors + res->leaks;
	struct q2 *q = c->q;
	int rc = q2_rebuild(q, 0, 0, e);

	if (rc)
		return rc;
	free(c->refs);
	*c = (struct q2_census){.q = q};
	*res = (struct blk_check){0};
	rc = examine(c, res, false);
	if (!rc && !res->errors)
		rc = q2_set_incompat(q, q->incompat & ~(uint64_t)(Q2_DIRTY | Q2_CORRUPT));
	q->broken = false;
	res->fixed = found - MIN(found, res->errors + res->leaks);
	return rc;
}

int q2_check(struct blk *b, struct blk_check *res, enum blk_repair fix,
	     void (*say)(void *arg, const char *line), void *arg, struct err *e)
{
	struct q2 *q = b->image;
	struct q2_census c = {.q = q, .say = say, .arg = arg};
	int rc = q->writable ? q2_flush(q) : 0;

	*res = (struct blk_check){0};
	pthread_mutex_lock(&q->lock);
	if (!rc)
		rc = examine(&c, res, fix == BLK_REPAIR_LEAKS);
	if (!rc && fix == BLK_REPAIR_ALL &&
	    (res->errors || res->leaks || q->incompat & (Q2_DIRTY | Q2_CORRUPT)))
		rc = repair(&c, res, e);
	if (!rc && fix != BLK_REPAIR_NONE)
		rc = q2_flush_locked(q);
	pthread_mutex_unlock(&q->lock);
	free(c.refs);
	return rc ? err_errno(e, rc, "cannot check %s", q->f->name) : 0;
}
