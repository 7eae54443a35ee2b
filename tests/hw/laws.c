/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/laws.c: what every registered device must keep, by nothing but its
 * table, random accesses and the grammar that its test file adds (LAW_OP).
 */
#include "base/dev_private.h"
#include "tests/hw/laws.h"

#include <stdio.h>

struct law_op *law_ops;

/* tests/unit/dev.c etc. register toys for the framework itself; laws hold for them too. */
static size_t n_classes(void)
{
	size_t n = 0;

	for (const struct dev_class *c = dev_class_first(); c; c = dev_class_next(c))
		n++;
	return n;
}

static const struct dev_class *class_at(size_t i)
{
	const struct dev_class *c = dev_class_first();

	while (i--)
		c = dev_class_next(c);
	return c;
}

/* ---- one random step, the same on any rig with the same seed ---- */

static const struct law_op *op_pick(struct rig *r, const char *device)
{
	unsigned n = 0;

	for (const struct law_op *o = law_ops; o; o = o->next)
		n += !strcmp(o->device, device);
	if (!n)
		return NULL;
	n = rig_rnd(r) % n;
	for (const struct law_op *o = law_ops;; o = o->next)
		if (!strcmp(o->device, device) && !n--)
			return o;
}

static uint64_t value_pick(struct rig *r)
{
	static const uint32_t likely[] = {0, 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0xff, 0xffff, ~0u};
	uint32_t v = rig_rnd(r);

	if (v & 1)
		return likely[(v >> 1) % ARRAY_SIZE(likely)];
	return (uint64_t)rig_rnd(r) << 32 | rig_rnd(r);
}

static void poke(struct rig *r)
{
	const struct dev_class *c = r->dev->class;
	unsigned region = rig_rnd(r) % c->n_regions, size = 1u << rig_rnd(r) % 3;
	uint32_t at = rig_rnd(r) % c->regions[region].len;
	uint64_t val = value_pick(r);

	if (at + size > c->regions[region].len)
		return;
	if (rig_rnd(r) & 1)
		rig_write(r, region, at, size, val);
	else
		rig_read(r, region, at, size);
}

static void step(struct rig *r)
{
	const struct law_op *op;

	switch (rig_rnd(r) % 8) {
	case 0:
	case 1:
	case 2:
		op = op_pick(r, r->dev->class->name);
		if (op) {
			op->run(r);
			break;
		}
		/* fall through */
	case 3:
	case 4:
		if (r->dev->class->n_regions)
			poke(r);
		break;
	case 5:
		rig_run(r, rig_rnd(r) % (1u << rig_rnd(r) % 31));
		break;
	case 6:
		rig_disks(r);
		break;
	case 7:
		if (r->dev->class->n_inputs)
			dev_input(r->dev, rig_rnd(r) % r->dev->class->n_inputs, rig_rnd(r) & 1);
		break;
	}
	loop_step(r->loop, 0);
}

static void steps(struct rig *r, unsigned n)
{
	while (n--)
		step(r);
}

static struct dev_stream saved(struct rig *r)
{
	struct dev_stream s = {0};
	struct err e = {""};

	OK(dev_save(&r->env, "laws", &s, &e));
	return s;
}

/* Where two streams of one machine differ, by device and row: what a person needs to see. */
static void tell_difference(struct rig *a, struct rig *b)
{
	struct dev *e = b->env.first;

	for (struct dev *d = a->env.first; d && e; d = dev_next(d), e = dev_next(e))
		for_each_row(r, d->class)
			for (unsigned i = 0; row_stored(r) && i < row_count(r); i++)
				if (row_get(d->state, r, i) != row_get(e->state, r, i)) {
					NOTE("%s.%s[%u]", d->id, r->name, i);
					EQ(row_get(d->state, r, i), row_get(e->state, r, i));
				}
}

static bool same(struct rig *a, struct rig *b)
{
	struct dev_stream x = saved(a), y = saved(b);
	bool equal = x.len == y.len && !memcmp(x.data, y.data, x.len);

	if (!equal)
		tell_difference(a, b);
	CHECK(equal);
	for (unsigned i = 0; i < a->dev->class->n_lines; i++)
		EQ(dev_line_counter(a->dev, i) & 1, dev_line_counter(b->dev, i) & 1);
	EQM(dev_windows(a->dev), dev_windows(b->dev), DEV_WINDOWS * sizeof(struct window));
	dev_stream_free(&x);
	dev_stream_free(&y);
	return equal;
}

/* ---- the laws ---- */

TEST_EACH(law_table_is_sound, n_classes(), class_at(i)->name)
{
	struct err e = {""};

	dev_class_check(class_at(i), &e);
	EQS("", e.msg);
}

TEST_EACH(law_reset_is_the_table, n_classes(), class_at(i)->name)
{
	struct rig *r = rig_new(class_at(i)), *fresh = rig_new(class_at(i));

	steps(r, 400);
	clock_restore(fresh->clock, clock_now(r->clock)); /* some rows hold when they were reset */
	for_each_dev(d, &r->env)
		dev_reset(d, true);
	for_each_dev(d, &fresh->env)
		dev_reset(d, true);
	same(r, fresh);
	rig_free(r);
	rig_free(fresh);
}

/* Another row comes first at this place, at times. */
static bool overlaid(const struct dev_class *c, const struct row *r)
{
	for (const struct row *s = c->rows; s < r; s++)
		if (s->region == r->region && s->at >= 0 && r->at >= s->at &&
		    (unsigned)(r->at - s->at) < s->size)
			return true;
	return false;
}

/* A narrow write touches its own bytes only. Rows with hooks or conditions have own tests. */
TEST_EACH(law_byte_lanes, n_classes(), class_at(i)->name)
{
	struct rig *rig = rig_new(class_at(i));
	struct dev *d = rig->dev;

	for_each_row(r, d->class) {
		uint8_t sizes = r->at >= 0 ? d->class->regions[r->region].sizes : 0;
		if (r->at < 0 || !r->rw || r->written || r->read || r->when || r->sizes ||
		    overlaid(d->class, r) || (sizes && !(sizes & 1)))
			continue;
		for (unsigned lane = 0; lane < r->size; lane++) {
			dev_write(d, r->region, (uint32_t)r->at, r->size, r->rw);
			dev_write(d, r->region, (uint32_t)r->at + lane, 1, 0);
			EQ(r->rw & ~(0xffull << 8 * lane), row_get(d->state, r, 0) & r->rw);
		}
	}
	rig_free(rig);
}

static void copy_world(struct rig *to, const struct rig *from)
{
	memcpy(to->ram, from->ram, RIG_RAM);
	for (unsigned i = 0; i < 2; i++)
		if (from->disk[i])
			memcpy(to->disk[i], from->disk[i], RIG_DISK);
	to->seed = from->seed;
	to->seen = from->seen;
}

/* The bench drives the inputs; after a load they are what they were, without an edge. */
static void copy_inputs(struct rig *to, const struct rig *from)
{
	to->env.loading = true;
	for (unsigned i = 0; i < from->dev->class->n_inputs; i++)
		dev_input(to->dev, i, dev_input_level(from->dev, i));
	to->env.loading = false;
}

/* A restored twin stays indistinguishable: finds state that has no row. */
static bool twin_round(const struct dev_class *c, uint32_t seed)
{
	struct rig *a = rig_new(c), *b = rig_new(c);
	struct dev_stream s;
	struct err e = {""};
	bool ok;

	a->seed = seed;
	steps(a, 30 + seed % 50);
	s = saved(a);
	copy_world(b, a); /* before the load: requests in flight start again in it */
	OK(dev_load(&b->env, "laws", s.data, s.len, &e));
	EQS("", e.msg);
	b->seen = a->seen;
	copy_inputs(b, a);
	ok = same(a, b);
	for (unsigned i = 0; i < 60 && ok; i++) {
		step(a);
		step(b);
		ok = a->seen == b->seen;
	}
	EQ(a->seen, b->seen);
	ok = same(a, b) && ok && !memcmp(a->ram, b->ram, RIG_RAM);
	CHECK(ok);
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
	return ok;
}

TEST_EACH(law_twin, n_classes(), class_at(i)->name)
{
	for (uint32_t seed = 1; seed <= 60; seed++)
		if (!twin_round(class_at(i), seed * 2654435761u)) {
			NOTE("seed %u", seed);
			CHECK(!"a twin that differs");
			break;
		}
}

static void all_rows_legal(struct dev *d)
{
	for_each_row(r, d->class)
		for (unsigned i = 0; row_stored(r) && i < row_count(r); i++)
			if (!row_legal(r, row_get(d->state, r, i))) {
				NOTE("%s.%s[%u] = %llx", d->id, r->name, i,
				     (unsigned long long)row_get(d->state, r, i));
				CHECK(!"a value that its row forbids");
			}
	CHECK(!d->class->valid || d->class->valid(d));
}

/* Whatever a guest does, it reaches only states that the table calls legal: so a state that was
 * saved can be loaded. */
TEST_EACH(law_reachable_is_legal, n_classes(), class_at(i)->name)
{
	struct rig *r = rig_new(class_at(i));

	for (unsigned n = 0; n < 4000; n++) {
		step(r);
		if (n % 16 == 0)
			for_each_dev(d, &r->env)
				all_rows_legal(d);
	}
	rig_free(r);
}

/* A damaged stream is refused, and then nothing has changed, or it is a state that a guest could
 * have reached, and then the device lives on in it. */
TEST_EACH(law_damaged_stream, n_classes(), class_at(i)->name)
{
	struct rig *a = rig_new(class_at(i)), *b = rig_new(class_at(i)), *fresh;
	unsigned refused = 0, taken = 0;

	fresh = rig_new(class_at(i));
	a->seed = 77;
	for (unsigned n = 0; n < 300; n++) {
		struct dev_stream s;
		struct err e = {""};
		steps(a, 5);
		s = saved(a);
		s.data[rig_rnd(a) % s.len] ^= (uint8_t)(1u << rig_rnd(a) % 8);
		if (dev_load(&b->env, "laws", s.data, s.len, &e)) {
			CHECK(e.msg[0]);
			refused++;
			if (!taken && !same(b, fresh))
				break;
		} else {
			taken++;
			for_each_dev(d, &b->env)
				all_rows_legal(d);
			b->seed = a->seed;
			steps(b, 5);
		}
		dev_stream_free(&s);
	}
	CHECK(refused);
	rig_free(a);
	rig_free(b);
	rig_free(fresh);
}

/* Freed in the middle of whatever it was doing; the sanitizers watch. */
TEST_EACH(law_free_any_time, n_classes(), class_at(i)->name)
{
	for (uint32_t seed = 1; seed <= 40; seed++) {
		struct rig *r = rig_new(class_at(i));
		r->seed = seed * 40503u;
		steps(r, 1 + seed % 37);
		dev_free(r->dev);
		rig_disks(r);
		rig_run(r, NS_PER_SEC);
		rig_free(r);
	}
}
