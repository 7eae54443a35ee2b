/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/laws.c: what every registered device must keep, by nothing but its
 * table, random accesses and the grammar that its test file adds (LAW_OP).
 */
#include "base/dev_private.h"
#include "tests/hw/laws.h"

#include <stdio.h>

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

static void steps(struct rig *r, unsigned n)
{
	while (n--)
		rig_step(r);
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
	rig_same(r, fresh);
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

/* A restored twin stays indistinguishable: finds state that has no row. */
static bool twin_round(const struct dev_class *c, uint32_t seed)
{
	struct rig *a = rig_new(c), *b;
	bool ok;

	a->seed = seed;
	steps(a, 30 + seed % 50);
	b = rig_twin(a);
	ok = rig_same(a, b);
	for (unsigned i = 0; i < 60 && ok; i++) {
		rig_step(a);
		rig_step(b);
		ok = a->seen == b->seen;
	}
	EQ(a->seen, b->seen);
	ok = rig_same(a, b) && ok && !memcmp(a->ram, b->ram, RIG_RAM) && rig_same_rams(a, b);
	CHECK(ok);
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

/* Whatever a guest does, it reaches only states that the table calls legal: so a state that was
 * saved can be loaded. */
TEST_EACH(law_reachable_is_legal, n_classes(), class_at(i)->name)
{
	struct rig *r = rig_new(class_at(i));

	for (unsigned n = 0; n < 4000; n++) {
		rig_step(r);
		if (n % 16 == 0)
			rig_legal(r);
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
		s = rig_saved(a);
		/* Every other one near the front: some devices are memory for the most part. */
		s.data[rig_rnd(a) % (n % 2 ? s.len : MIN(s.len, 256))] ^=
			(uint8_t)(1u << rig_rnd(a) % 8);
		if (dev_load(&b->env, "laws", s.data, s.len, &e)) {
			CHECK(e.msg[0]);
			refused++;
			if (!taken && !rig_same(b, fresh))
				break;
		} else {
			taken++;
			rig_legal(b);
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

/* The younger ones first: they may sit on a bus of its own. */
static void free_with_children(struct rig *r)
{
	for (;;) {
		struct dev *last = r->dev;

		for_each_dev(d, &r->env)
			last = d;
		if (last == r->dev)
			break;
		dev_free(last);
	}
	dev_free(r->dev);
}

/* Freed in the middle of whatever it was doing; the sanitizers watch. */
TEST_EACH(law_free_any_time, n_classes(), class_at(i)->name)
{
	for (uint32_t seed = 1; seed <= 40; seed++) {
		struct rig *r = rig_new(class_at(i));
		r->seed = seed * 40503u;
		steps(r, 1 + seed % 37);
		free_with_children(r);
		rig_disks(r);
		rig_run(r, NS_PER_SEC);
		rig_free(r);
	}
}
