/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/typist.c: see typist.h.
 *
 * Missing: what another console holds down meanwhile (its Shift) is not lifted.
 * Tests: tests/unit/typist.c, tests/hw/i8042.c
 */
#include "ui/typist.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>

#define WAITING_MOST 16384

struct stroke {
	struct layout_stroke key;
	uint16_t hold; /* ms */
};

struct typist {
	struct input *in;
	struct clock *clock;
	struct timer timer;
	struct input_source source;
	struct stroke *strokes;
	size_t at, n;
	bool down; /* strokes[at] is */
};

/* ---- keys ---- */

static void press(struct typist *t, const struct layout_stroke *s)
{
	if (s->level & LAYOUT_SHIFT)
		input_key(&t->source, KEY_SHIFT_L, true);
	if (s->level & LAYOUT_ALTGR)
		input_key(&t->source, KEY_ALT_R, true);
	input_key(&t->source, s->code, true);
}

static void lift(struct typist *t, const struct layout_stroke *s)
{
	input_key(&t->source, s->code, false);
	input_let_go(&t->source);
}

/* A step each hold time, unless the guest has not taken the last one yet. */
static void tick(void *arg)
{
	struct typist *t = arg;
	const struct stroke *s = &t->strokes[t->at];
	int64_t hold = s->hold * NS_PER_MS;

	if (!input_idle(t->in)) {
		timer_arm(t->clock, &t->timer, clock_now(t->clock) + hold);
		return;
	}
	if (!t->down)
		press(t, &s->key);
	else
		lift(t, &s->key);
	t->at += t->down;
	t->down = !t->down;
	if (t->at < t->n)
		timer_arm(t->clock, &t->timer, clock_now(t->clock) + hold);
	else
		t->at = t->n = 0;
}

/* ---- text ---- */

/* The next character; 0: the end, or bytes that are none. */
static uint32_t next_char(const char **s)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *b = (const uint8_t *)*s;
	unsigned more = *b < 0xc0 ? 0 : *b < 0xe0 ? 1 : *b < 0xf0 ? 2 : 3;
	uint32_t c = more ? *b & (0x3fu >> more) : *b;

	if (!*b || (*b >= 0x80 && *b < 0xc0))
		return 0;
	for (unsigned i = 1; i <= more; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3f);
	}
	*s += 1 + more;
	return c < least[more] ? 0 : c;
}

static unsigned control_key(uint32_t c)
{
	switch (c) {
	case '\n':
		return 28;
	case '\t':
		return 15;
	case '\b':
		return 14;
	case 0x1b:
		return 1;
	default:
		return KEY_NONE;
	}
}

static unsigned strokes_of(struct typist *t, const struct layout *l, uint32_t c,
			   struct layout_stroke s[2])
{
	unsigned code = control_key(c);

	s[0] = (struct layout_stroke){.code = (uint8_t)code};
	if (code || c < ' ')
		return code ? 1 : 0;
	return layout_find(l, c, 0, input_leds(t->in) & INPUT_CAPS_LOCK, s);
}

static int untypable(const char *text, const char *at, size_t len, uint32_t c, struct err *e)
{
	size_t place = 1;

	for (; text < at; text++)
		place += (*text & 0xc0) != 0x80;
	if (!c)
		return err_set(e, -EINVAL, "the text is not UTF-8, from character %zu on", place);
	if (c < ' ' || c == 0x7f)
		return err_set(e, -EINVAL, "no key makes U+%04X, character %zu of the text", c,
			       place);
	return err_set(
		e, -EINVAL,
		"the keyboard's layout does not have %.*s (U+%04X), character %zu of the text",
		(int)len, at, c, place);
}

/* Behind those that wait, which `n` does not count them among yet; their number. */
static int look_up(struct typist *t, const struct layout *l, const char *text, uint16_t hold,
		   struct err *e)
{
	size_t n = t->n;

	for (const char *at = text, *next = text; *at; at = next) {
		uint32_t c = next_char(&next);
		struct layout_stroke s[2];
		unsigned found = c ? strokes_of(t, l, c, s) : 0;

		if (!found)
			return untypable(text, at, (size_t)(next - at), c, e);
		if (n + found > t->at + WAITING_MOST)
			return err_set(e, -ENOSPC, "more than %u keys would wait to be typed",
				       WAITING_MOST);
		for (unsigned i = 0; i < found; i++)
			t->strokes[n++] = (struct stroke){s[i], hold};
	}
	return (int)(n - t->n);
}

static int make_room(struct typist *t, struct err *e)
{
	size_t left = t->n - t->at;

	if (!t->strokes)
		t->strokes = calloc(WAITING_MOST, sizeof(*t->strokes));
	if (!t->strokes)
		return err_set(e, -ENOMEM, "out of memory");
	memmove(t->strokes, t->strokes + t->at, left * sizeof(*t->strokes));
	t->at = 0;
	t->n = left;
	return 0;
}

int typist_text(struct typist *t, const struct layout *l, const char *text, unsigned hold_ms,
		struct err *e)
{
	int n = make_room(t, e);

	if (!n)
		n = look_up(t, l, text, (uint16_t)MAX(1, MIN(hold_ms, 60000)), e);
	if (n <= 0)
		return n;
	t->n += (unsigned)n;
	if (t->timer.deadline < 0)
		tick(t);
	return 0;
}

unsigned typist_waiting(const struct typist *t)
{
	return (unsigned)(t->n - t->at);
}

/* ---- life ---- */

struct typist *typist_new(struct input *in, struct clock *c)
{
	struct typist *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->in = in;
	t->clock = c;
	t->timer = (struct timer){.deadline = -1, .fn = tick, .arg = t};
	input_join(in, &t->source);
	return t;
}

void typist_free(struct typist *t)
{
	if (!t)
		return;
	timer_disarm(t->clock, &t->timer);
	input_leave(&t->source);
	free(t->strokes);
	free(t);
}
