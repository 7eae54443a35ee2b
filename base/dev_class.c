/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/dev_class.c: the classes that registered themselves, and what is checked of their tables. */
#include "base/dev_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define MAX_CLASSES 256

static struct {
	const struct dev_class *class;
	struct class_index *ix;
} classes[MAX_CLASSES];
static unsigned n_classes;

/* Kept sorted by name: constructors run in link order, which nobody should see. */
void dev_register(struct dev_class *c)
{
	unsigned i = n_classes;

	assert(n_classes < MAX_CLASSES);
	for (; i > 0 && strcmp(classes[i - 1].class->name, c->name) > 0; i--)
		classes[i] = classes[i - 1];
	classes[i].class = c;
	classes[i].ix = NULL;
	n_classes++;
}

static int class_number(const struct dev_class *c)
{
	for (unsigned i = 0; i < n_classes; i++)
		if (classes[i].class == c)
			return (int)i;
	return -1;
}

const struct dev_class *dev_class_first(void)
{
	return n_classes ? classes[0].class : NULL;
}

const struct dev_class *dev_class_next(const struct dev_class *c)
{
	unsigned i = (unsigned)(class_number(c) + 1);

	return i && i < n_classes ? classes[i].class : NULL;
}

const struct dev_class *dev_class_find(const char *name)
{
	for (unsigned i = 0; i < n_classes; i++)
		if (!strcmp(classes[i].class->name, name))
			return classes[i].class;
	return NULL;
}

/* ---- the index: from a byte of a region to the rows that cover it ---- */

/* The rows of one region: a large one (a frame buffer's window) has few of a class's many. */
struct region_rows {
	uint16_t *row;
	unsigned n;
};

static void region_rows(struct region_rows *g, const struct dev_class *c, unsigned region)
{
	g->n = 0;
	for (unsigned i = 0; i < c->n_rows; i++)
		if (c->rows[i].at >= 0 && c->rows[i].region == region)
			g->row[g->n++] = (uint16_t)i;
}

static bool row_covers(const struct row *r, uint32_t at)
{
	uint32_t rel = at - (uint32_t)r->at, stride = r->stride ? r->stride : r->size;

	if (at < (uint32_t)r->at)
		return false;
	return rel / stride < row_count(r) && rel % stride < r->size;
}

static void index_push(struct class_index *ix, unsigned n)
{
	if (!(ix->n_pool & (ix->n_pool - 1))) { /* grow at powers of two */
		ix->pool = realloc(ix->pool, 2 * MAX(ix->n_pool, 1u) * sizeof(*ix->pool));
		assert(ix->pool);
	}
	ix->pool[ix->n_pool++] = (uint16_t)n;
}

/* Runs that repeat the one before (the bytes of one register) share its place. */
static uint16_t index_run(struct class_index *ix, const struct dev_class *c,
			  const struct region_rows *g, uint32_t at, uint16_t last)
{
	unsigned start = ix->n_pool, n;

	for (unsigned i = 0; i < g->n; i++)
		if (row_covers(&c->rows[g->row[i]], at))
			index_push(ix, g->row[i]);
	n = ix->n_pool - start;
	if (!n)
		return 0;
	if (!memcmp(ix->pool + last, ix->pool + start, n * sizeof(*ix->pool)) &&
	    ix->pool[last + n] == NO_ROW) {
		ix->n_pool = start;
		return last;
	}
	index_push(ix, NO_ROW);
	assert(start < NO_ROW);
	return (uint16_t)start;
}

static struct class_index *index_new(const struct dev_class *c)
{
	struct class_index *ix = calloc(1, sizeof(*ix));
	struct region_rows rows = {calloc(MAX(c->n_rows, 1u), sizeof(*rows.row)), 0};

	assert(ix && rows.row);
	index_push(ix, NO_ROW);
	ix->first = calloc(MAX(c->n_regions, 1u), sizeof(*ix->first));
	assert(ix->first);
	for (unsigned g = 0; g < c->n_regions; g++) {
		uint16_t last = 0;
		uint32_t len = c->regions[g].one ? 1 : c->regions[g].len;
		ix->first[g] = calloc(len, sizeof(**ix->first));
		assert(ix->first[g]);
		region_rows(&rows, c, g);
		for (uint32_t at = 0; at < len; at++)
			last = ix->first[g][at] = index_run(ix, c, &rows, at, last);
	}
	free(rows.row);
	for_each_row(r, c)
		if (r->flags & ROW_TIMER)
			ix->n_timers += row_count(r);
	return ix;
}

const struct class_index *class_index_get(const struct dev_class *c)
{
	int n = class_number(c);

	assert(n >= 0);
	if (!classes[n].ix)
		classes[n].ix = index_new(c);
	return classes[n].ix;
}

__attribute__((destructor)) static void indexes_free(void)
{
	for (unsigned i = 0; i < n_classes; i++) {
		struct class_index *ix = classes[i].ix;
		for (unsigned g = 0; ix && g < classes[i].class->n_regions; g++)
			free(ix->first[g]);
		if (ix)
			free(ix->first), free(ix->pool), free(ix);
	}
}

/* ---- what is wrong with a table ---- */

static bool size_ok(const struct row *r)
{
	return r->size == 1 || r->size == 2 || r->size == 4 || r->size == 8 ||
	       (r->size == 3 && !row_stored(r));
}

static int check_row(const struct dev_class *c, const struct row *r, struct err *e)
{
	uint64_t live = r->rw | r->w1c | r->hw;

	if (!r->name || !size_ok(r))
		return err_set(e, -EINVAL, "%s.%s: bad size", c->name, r->name ? r->name : "?");
	if (row_count(r) > 1 && row_stored(r) && r->step < r->size)
		return err_set(e, -EINVAL, "%s.%s: array without step", c->name, r->name);
	if (row_stored(r) && r->off + (row_count(r) - 1) * r->step + r->size > c->state_size)
		return err_set(e, -EINVAL, "%s.%s: outside the state", c->name, r->name);
	if (r->max && (live || r->reset > r->max))
		return err_set(e, -EINVAL, "%s.%s: max does not go with masks", c->name, r->name);
	if ((live & ~ones(r->size)) || (r->rw & r->w1c))
		return err_set(e, -EINVAL, "%s.%s: masks do not fit", c->name, r->name);
	if (r->at >= 0 && r->region >= c->n_regions)
		return err_set(e, -EINVAL, "%s.%s: no such region", c->name, r->name);
	if (r->at >= 0 &&
	    (uint32_t)r->at + (row_count(r) - 1) * r->stride + (r->flags & ROW_PORT ? 1 : r->size) >
		    c->regions[r->region].len)
		return err_set(e, -EINVAL, "%s.%s: outside its region", c->name, r->name);
	if (r->flags & ROW_TIMER && !r->fired)
		return err_set(e, -EINVAL, "%s.%s: timer without fired", c->name, r->name);
	return 0;
}

static const struct row *row_of_offset(const struct dev_class *c, size_t off)
{
	for_each_row(r, c)
		if (row_stored(r) && r->off == off)
			return r;
	return NULL;
}

/* A buffer's length member is an index into it: it must be bounded by its own row. */
static int check_buffer(const struct dev_class *c, const struct row *r, struct err *e)
{
	const struct row *len = r->live ? row_of_offset(c, r->live - 1) : NULL;

	if (r->live && (!len || len->size != 4 || !len->max || len->max > r->count))
		return err_set(e, -EINVAL, "%s.%s: its length has no row with a max of at most %u",
			       c->name, r->name, r->count);
	return 0;
}

/* Every byte of the state is a row's, or padding before the alignment of the next. */
static int check_holes(const struct dev_class *c, struct err *e)
{
	uint8_t *owner = calloc(1, c->state_size + 1);
	size_t hole = 0;
	int rc = 0;

	if (!owner)
		return err_set(e, -ENOMEM, "no memory");
	for_each_row(r, c)
		for (unsigned i = 0; row_stored(r) && i < row_count(r); i++)
			for (unsigned b = 0; b < r->size; b++)
				owner[r->off + (size_t)i * r->step + b] = r->size;
	for (size_t at = 0; at <= c->state_size && !rc; at++) {
		if (at < c->state_size && !owner[at]) {
			hole++;
			continue;
		}
		if (hole && hole >= (at < c->state_size ? owner[at] : 8u))
			rc = err_set(e, -EINVAL, "%s: state bytes %zu-%zu have no row", c->name,
				     at - hole, at - 1);
		hole = 0;
	}
	free(owner);
	return rc;
}

int dev_class_check(const struct dev_class *c, struct err *e)
{
	int rc = 0;

	for_each_row(r, c) {
		rc = rc ? rc : check_row(c, r, e);
		rc = rc ? rc : check_buffer(c, r, e);
		for (const struct row *s = c->rows; s < r && !rc; s++)
			if (row_stored(r) && row_stored(s) && !strcmp(r->name, s->name))
				rc = err_set(e, -EINVAL, "%s.%s: two rows of that name", c->name,
					     r->name);
	}
	return rc ? rc : check_holes(c, e);
}
