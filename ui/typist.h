/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/typist.h: types a text on the guest's keyboard, on the guest's clock, no faster than the guest
 * takes it.
 */
#ifndef UI_TYPIST_H
#define UI_TYPIST_H
#include "base/err.h"
#include "ui/input.h"
#include "ui/layout.h"

struct typist;
struct typist *typist_new(struct input *in, struct clock *c); /* NULL: no memory */
void typist_free(struct typist *t); /* NULL is fine; before input_free. Lifts its keys */

/* UTF-8, behind what still waits: line feed is Enter; tab, backspace and escape are their keys.
 * Each key is down for hold_ms (at least 1), and as long is the pause behind it. -EINVAL and a
 * sentence that names the character when the layout does not have one, -ENOSPC when too much waits:
 * then nothing of it is typed. */
int typist_text(struct typist *t, const struct layout *l, const char *text, unsigned hold_ms,
		struct err *e);
unsigned typist_waiting(const struct typist *t); /* keys that were not lifted yet */
#endif
