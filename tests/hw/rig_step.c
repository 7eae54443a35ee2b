/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/rig_step.c: what laws and fuzzers do to a rig, and how they judge it. */
#include "base/dev_private.h"
#include "tests/hw/laws.h"

#include <stdio.h>

struct law_op *law_ops;

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

void rig_step(struct rig *r)
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

/* ---- two rigs beside each other ---- */

struct dev_stream rig_saved(struct rig *r)
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

bool rig_same(struct rig *a, struct rig *b)
{
	struct dev_stream x = rig_saved(a), y = rig_saved(b);
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

/* Its own memory. */
bool rig_same_rams(const struct rig *a, const struct rig *b)
{
	for (unsigned i = 0; i < DEV_RAMS; i++)
		if (dev_ram_size(a->dev, i) &&
		    memcmp(dev_rams(a->dev)[i].p, dev_rams(b->dev)[i].p, dev_ram_size(a->dev, i)))
			return false;
	return true;
}

static void copy_world(struct rig *to, const struct rig *from)
{
	memcpy(to->ram, from->ram, RIG_RAM);
	for (unsigned i = 0; i < 2; i++)
		if (from->disk[i])
			memcpy(to->disk[i], from->disk[i], RIG_DISK);
	input_copy(to->input, from->input);
	for (unsigned i = 0; i < DEV_RAMS; i++)
		if (dev_ram_size(from->dev, i))
			memcpy(dev_rams(to->dev)[i].p, dev_rams(from->dev)[i].p,
			       dev_ram_size(from->dev, i));
	to->seed = from->seed;
	to->bytes = from->bytes;
	to->n_bytes = from->n_bytes;
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

struct rig *rig_twin(struct rig *a)
{
	struct rig *b = rig_new(a->dev->class);
	struct dev_stream s = rig_saved(a);
	struct err e = {""};

	copy_world(b, a); /* before the load: requests in flight start again in it */
	OK(dev_load(&b->env, "laws", s.data, s.len, &e));
	EQS("", e.msg);
	b->seen = a->seen;
	copy_inputs(b, a);
	dev_stream_free(&s);
	return b;
}

void rig_refuses(const char *device, void (*spoil)(void *state))
{
	struct rig *a = rig_new(dev_class_find(device)), *b = rig_new(a->dev->class);
	struct dev_stream s;
	struct err e = {""};

	spoil(a->dev->state);
	s = rig_saved(a);
	CHECK(dev_load(&b->env, "laws", s.data, s.len, &e) < 0);
	CHECK(e.msg[0]);
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}

/* ---- one rig by itself ---- */

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

void rig_legal(struct rig *r)
{
	for_each_dev(d, &r->env)
		all_rows_legal(d);
}
