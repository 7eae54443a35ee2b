/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any device on a bench of its own: the first line names its class, the bytes after it choose
 * accesses, steps of its grammar, time, answers of disks and pins, as tests/hw/laws.c does at
 * random. Then a restored twin must go on as the original does. With FUZZ_CLASS=NAME in the
 * environment it is that class whatever the first line says: one device for a long run.
 */
#include <stdlib.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/hw/laws.h"

#define STEPS 300
#define LONG  (3 * NS_PER_SEC) /* of its own time: a fast timer fires a million times */

static const struct dev_class *only(void)
{
	const char *name = getenv("FUZZ_CLASS");
	const struct dev_class *c = name ? dev_class_find(name) : NULL;

	MUST(!name || c);
	return c;
}

/* Another first line stands for some class too. */
static const struct dev_class *choose(const uint8_t **data, size_t *size)
{
	const uint8_t *end = memchr(*data, '\n', MIN(*size, (size_t)32));
	const struct dev_class *c;
	char name[33] = "";
	unsigned n;

	if (end)
		memcpy(name, *data, (size_t)(end - *data));
	c = dev_class_find(name);
	if (c) {
		*size -= (size_t)(end + 1 - *data);
		*data = end + 1;
		return only() ? only() : c;
	}
	n = *(*data)++;
	--*size;
	for (c = dev_class_first(); n--;)
		c = dev_class_next(c) ? dev_class_next(c) : dev_class_first();
	return only() ? only() : c;
}

/* Both draw from the same bytes, so they do the same. */
static void judge(struct rig *a)
{
	struct rig *b;

	a->bytes = NULL;
	a->n_bytes = 0;
	b = rig_twin(a);
	rig_same(a, b);
	for (unsigned i = 0; i < 8; i++) {
		rig_step(a);
		rig_step(b);
		EQ(a->seen, b->seen);
	}
	rig_same(a, b);
	EQM(a->ram, b->ram, RIG_RAM);
	rig_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dev_class *c;
	struct rig *r;

	if (!size)
		return 0;
	c = choose(&data, &size);
	r = rig_new(c);
	r->bytes = data;
	r->n_bytes = size;
	for (unsigned i = 0; i < STEPS && r->n_bytes && clock_now(r->clock) < LONG; i++)
		rig_step(r);
	rig_legal(r);
	judge(r);
	rig_free(r);
	return 0;
}
