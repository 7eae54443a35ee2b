/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/dev_access.c: how a bus access finds its rows and what it does to them. */
#include "base/dev_private.h"

#include <assert.h>

uint64_t row_get(const void *state, const struct row *r, unsigned index)
{
	uint64_t v = 0;

	if (!row_stored(r))
		return r->reset;
	memcpy(&v, (const char *)state + r->off + (size_t)index * r->step, r->size);
	return v;
}

void row_put(void *state, const struct row *r, unsigned index, uint64_t v)
{
	if (row_stored(r))
		memcpy((char *)state + r->off + (size_t)index * r->step, &v, r->size);
}

/* settle() sees a device only between events, never half-way through one. */
void dev_enter(struct dev *d)
{
	d->p->depth++;
}

void dev_leave(struct dev *d)
{
	assert(d->p->depth);
	if (--d->p->depth == 0)
		dev_settle(d);
}

void dev_settle(struct dev *d)
{
	if (d->p->depth)
		return;
	d->p->depth++; /* a bank read inside settle must not settle again */
	if (d->class->settle)
		d->class->settle(d);
	if (d->class->bus && d->p->bus && d->class->bus->settle)
		d->class->bus->settle(d);
	d->p->depth--;
}

static bool row_answers(const struct dev *d, const struct row *r, unsigned size, unsigned dir)
{
	unsigned claims = r->flags & (ROW_RD | ROW_WR);

	return (!claims || claims & dir) && (!r->sizes || r->sizes & size) &&
	       (!r->when || r->when(d));
}

static const struct row *row_find(const struct dev *d, unsigned region, uint32_t at, unsigned size,
				  unsigned dir)
{
	const struct class_index *ix = d->p->ix;
	const uint16_t *n;

	if (at >= d->class->regions[region].len)
		return NULL;
	n = ix->pool + ix->first[region][d->class->regions[region].one ? 0 : at];
	for (; *n != NO_ROW; n++)
		if (row_answers(d, &d->class->rows[*n], size, dir))
			return &d->class->rows[*n];
	return NULL;
}

/* Fills a for the bytes of an access at `at` that fall into r; returns how many. */
static unsigned access_make(struct access *a, const struct row *r, unsigned region, uint32_t at,
			    unsigned left)
{
	uint32_t rel = at - (uint32_t)r->at, stride = r->stride ? r->stride : r->size;
	unsigned n = left;

	*a = (struct access){.region = (uint8_t)region, .index = rel / stride, .at = rel % stride};
	if (!(r->flags & ROW_PORT))
		n = MIN(r->size - a->at, left);
	a->size = n;
	a->lanes = ones(n) << 8 * a->at;
	return n;
}

static void unclaimed(struct dev *d, unsigned region, char op, uint32_t at, uint64_t val)
{
	/* Holes in configuration space read 0 by the specification: nobody's mistake. */
	if (!d->class->regions[region].unclaimed)
		return;
	d->p->guest_errors++;
	d->env->guest_errors++;
	dev_trace_row(d, op, NULL, 0, at, val, val);
}

static uint64_t access_read(struct dev *d, unsigned region, uint32_t at, unsigned size)
{
	uint64_t out = 0, v;
	struct access a;

	for (unsigned i = 0, n; i < size; i += n) {
		const struct row *r = row_find(d, region, at + i, size, ROW_RD);
		if (!r) {
			v = d->class->regions[region].unclaimed;
			out |= v << 8 * i;
			unclaimed(d, region, 'r', at + i, v);
			n = 1;
			continue;
		}
		n = access_make(&a, r, region, at + i, size - i);
		v = r->read ? r->read(d, &a) : row_get(d->state, r, a.index);
		out |= (v >> 8 * a.at & ones(n)) << 8 * i;
		dev_trace_row(d, 'r', r, a.index, at + i, v, v);
	}
	return out;
}

static void access_write(struct dev *d, unsigned region, uint32_t at, unsigned size, uint64_t val)
{
	struct access a;

	for (unsigned i = 0, n; i < size; i += n) {
		const struct row *r = row_find(d, region, at + i, size, ROW_WR);
		if (!r) {
			unclaimed(d, region, 'w', at + i, val >> 8 * i & 0xff);
			n = 1;
			continue;
		}
		n = access_make(&a, r, region, at + i, size - i);
		a.val = (val >> 8 * i & ones(n)) << 8 * a.at;
		a.old = row_get(d->state, r, a.index);
		row_put(d->state, r, a.index,
			((a.old & ~(r->rw & a.lanes)) | (a.val & r->rw)) & ~(a.val & r->w1c));
		if (r->written)
			r->written(d, &a);
		dev_trace_row(d, 'w', r, a.index, at + i, a.old,
			      row_stored(r) ? row_get(d->state, r, a.index) : a.val);
	}
}

/* The widest legal width below `size`, 0 when only wider ones are legal. */
static unsigned split_width(const struct region *g, unsigned size)
{
	for (unsigned w = size >> 1; w; w >>= 1)
		if (g->sizes & w)
			return w;
	return 0;
}

/* Not a legal width: in pieces, or the region's fixed answer. A register narrower than the
 * narrowest legal access is reached by its lanes all the same. */
static uint64_t odd_read(struct dev *d, unsigned region, uint32_t at, unsigned size)
{
	const struct region *g = &d->class->regions[region];
	unsigned w = split_width(g, size);
	uint64_t out = 0;

	if (g->other != OTHER_SPLIT)
		return g->other == OTHER_ONES ? ones(size) : 0;
	if (!w)
		return access_read(d, region, at, size);
	for (unsigned i = 0; i < size; i += w)
		out |= access_read(d, region, at + i, w) << 8 * i;
	return out;
}

static void odd_write(struct dev *d, unsigned region, uint32_t at, unsigned size, uint64_t val)
{
	const struct region *g = &d->class->regions[region];
	unsigned w = split_width(g, size);

	if (g->other != OTHER_SPLIT)
		return;
	if (!w) {
		access_write(d, region, at, size, val);
		return;
	}
	for (unsigned i = 0; i < size; i += w)
		access_write(d, region, at + i, w, val >> 8 * i & ones(w));
}

uint64_t dev_read(struct dev *d, unsigned region, uint32_t at, unsigned size)
{
	const struct region *g = &d->class->regions[region];
	uint64_t v;

	dev_enter(d);
	if (g->sizes && !(g->sizes & size))
		v = odd_read(d, region, at, size);
	else
		v = access_read(d, region, at, size);
	dev_leave(d);
	return v;
}

void dev_write(struct dev *d, unsigned region, uint32_t at, unsigned size, uint64_t val)
{
	const struct region *g = &d->class->regions[region];

	dev_enter(d);
	if (g->sizes && !(g->sizes & size))
		odd_write(d, region, at, size, val);
	else
		access_write(d, region, at, size, val);
	dev_leave(d);
}

static unsigned bulk_fast(struct dev *d, unsigned region, uint32_t at, unsigned size, bool write,
			  void *buf, unsigned count)
{
	const struct row *r = row_find(d, region, at, size, write ? ROW_WR : ROW_RD);
	struct access a;
	unsigned done;

	if (!d->class->bulk || !r || !(r->flags & ROW_PORT))
		return 0;
	access_make(&a, r, region, at, size);
	dev_enter(d);
	done = d->class->bulk(d, &a, write, buf, count);
	dev_leave(d);
	return MIN(done, count);
}

void dev_bulk(struct dev *d, unsigned region, uint32_t at, unsigned size, bool write, void *buf,
	      unsigned count)
{
	uint8_t *p = buf;

	for (unsigned n, i = 0; i < count; i += n, p += (size_t)n * size) {
		n = bulk_fast(d, region, at, size, write, p, count - i);
		if (n)
			continue;
		n = 1;
		if (write)
			dev_write(d, region, at, size, load_le(p, size));
		else
			store_le(p, size, dev_read(d, region, at, size));
	}
}
