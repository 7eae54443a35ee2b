/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/typist.c: texts as keys, by hand and read back by xkb as a guest has it. */
#include "ui/typist.h"

#include "base/util.h"
#include "tests/test.h"
#include "tests/unit/xkb_guest.h"

#include <errno.h>
#include <stdio.h>

struct desk {
	struct clock *clock;
	struct input *in;
	struct input_device kbd;
	struct typist *typist;
	struct layout layout;
	char said[1024];
	bool full; /* the guest reads nothing */
	void (*also)(struct desk *d, unsigned code, bool down);
	void *arg;
	struct err e;
};

static bool on_key(void *arg, unsigned code, bool down)
{
	struct desk *d = arg;
	size_t n = strlen(d->said);

	if (d->full)
		return false;
	snprintf(d->said + n, sizeof(d->said) - n, "%s%c%u", n ? " " : "", down ? '+' : '-', code);
	if (d->also)
		d->also(d, code, down);
	return true;
}

static void desk_open(struct desk *d, const char *layout)
{
	*d = (struct desk){.clock = clock_new(CLOCK_MANUAL)};
	d->in = input_new(d->clock);
	d->kbd = (struct input_device){
		.kind = INPUT_KEYBOARD, .name = "toy", .key = on_key, .arg = d};
	input_attach(d->in, &d->kbd);
	input_ready(&d->kbd, true);
	d->typist = typist_new(d->in, d->clock);
	MUST(d->typist && layout_load(&d->layout, layout));
}

static void desk_close(struct desk *d)
{
	typist_free(d->typist);
	input_detach(&d->kbd);
	input_free(d->in);
	clock_free(d->clock);
}

static int type(struct desk *d, const char *text)
{
	err_clear(&d->e);
	return typist_text(d->typist, &d->layout, text, 10, &d->e);
}

/* All that waits, as it comes at the keyboard. */
static const char *typed(struct desk *d, const char *text)
{
	d->said[0] = 0;
	OK(type(d, text));
	for (unsigned i = 0; i < 100000 && typist_waiting(d->typist); i++)
		clock_advance(d->clock, 10 * NS_PER_MS);
	return d->said;
}

TEST(shift_altgr_and_dead_keys)
{
	struct desk d;

	desk_open(&d, "de");
	EQS("+30 -30 +42 +30 -30 -42", typed(&d, "aA"));
	EQS("+100 +16 -16 -100", typed(&d, "@"));
	EQS("+44 -44 +40 -40", typed(&d, "yä"));
	EQS("+13 -13 +18 -18", typed(&d, "é")); /* ´, then e */
	EQS("+42 +13 -13 -42 +57 -57", typed(&d, "`"));
	EQS("+28 -28 +15 -15 +14 -14 +1 -1 +57 -57", typed(&d, "\n\t\b\x1b "));
	EQS("", typed(&d, ""));
	desk_close(&d);
}

TEST(on_the_guests_clock)
{
	struct desk d;

	desk_open(&d, "en-us");
	OK(type(&d, "aB"));
	EQ(2, typist_waiting(d.typist));
	EQS("+30", d.said);
	clock_advance(d.clock, 9 * NS_PER_MS);
	EQS("+30", d.said);
	clock_advance(d.clock, NS_PER_MS);
	EQS("+30 -30", d.said);
	OK(type(&d, "c")); /* behind it */
	EQ(2, typist_waiting(d.typist));
	clock_advance(d.clock, 10 * NS_PER_MS);
	EQS("+30 -30 +42 +48", d.said);
	clock_advance(d.clock, 100 * NS_PER_MS);
	EQS("+30 -30 +42 +48 -48 -42 +46 -46", d.said);
	EQ(0, typist_waiting(d.typist));
	desk_close(&d);
}

/* A guest that reads nothing gets one key; the others wait, and none is lost. */
TEST(no_faster_than_the_guest)
{
	struct desk d;
	char text[3001], *at;
	unsigned n = 0;

	memset(text, 'x', 3000);
	text[3000] = 0;
	desk_open(&d, "en-us");
	d.full = true;
	OK(type(&d, "ab"));
	clock_advance(d.clock, 1000 * NS_PER_SEC);
	EQ(2, typist_waiting(d.typist));
	EQS("", d.said);
	d.full = false;
	input_kick(&d.kbd);
	clock_advance(d.clock, 100 * NS_PER_MS);
	EQS("+30 -30 +48 -48", d.said);
	OK(type(&d, text));
	for (unsigned i = 0; i < 6000; i++) {
		d.said[0] = 0;
		clock_advance(d.clock, 10 * NS_PER_MS);
		for (at = d.said; (at = strchr(at, '+')); at++)
			n++;
	}
	EQ(3000 - 1, n); /* the first came at once */
	desk_close(&d);
}

static const struct {
	const char *label, *text, *error;
} wrong[] = {
	{"foreign", "aß",
	 "the keyboard's layout does not have ß (U+00DF), character 2 of the text"},
	{"counted", "a\tb€",
	 "the keyboard's layout does not have € (U+20AC), character 4 of the text"},
	{"long", "😀", "the keyboard's layout does not have 😀 (U+1F600), character 1 of the text"},
	{"control", "a\x07", "no key makes U+0007, character 2 of the text"},
	{"delete", "\x7f", "no key makes U+007F, character 1 of the text"},
	{"bytes", "ab\xff", "the text is not UTF-8, from character 3 on"},
	{"cut", "a\xc3", "the text is not UTF-8, from character 2 on"},
	{"overlong", "\xc0\x8a", "the text is not UTF-8, from character 1 on"},
};

TEST_EACH(nothing_of_what_cannot_be_typed, ARRAY_SIZE(wrong), wrong[i].label)
{
	struct desk d;

	desk_open(&d, "en-us");
	EQ(-EINVAL, type(&d, wrong[i].text));
	EQS(wrong[i].error, d.e.msg);
	EQ(0, typist_waiting(d.typist));
	clock_advance(d.clock, NS_PER_SEC);
	EQS("", d.said);
	desk_close(&d);
}

TEST(too_much)
{
	struct desk d;
	char text[16386];

	memset(text, 'x', sizeof(text));
	text[16385] = 0;
	desk_open(&d, "en-us");
	EQ(-ENOSPC, type(&d, text));
	EQS("more than 16384 keys would wait to be typed", d.e.msg);
	OK(type(&d, text + 1));
	EQ(-ENOSPC, type(&d, "x"));
	desk_close(&d);
}

TEST(freed_while_it_types)
{
	struct desk d;

	desk_open(&d, "en-us");
	OK(type(&d, "ABC"));
	typist_free(d.typist);
	d.typist = NULL;
	EQS("+42 +30 -30 -42", d.said);
	desk_close(&d);
}

#ifdef CONFIG_XKB
struct reader {
	struct xkb_state *state;
	char text[256];
};

static void read_key(struct desk *d, unsigned code, bool down)
{
	struct reader *r = d->arg;
	size_t n = strlen(r->text);

	if (down)
		xkb_state_key_get_utf8(r->state, code + XKB_CODE, r->text + n, sizeof(r->text) - n);
	xkb_state_update_key(r->state, code + XKB_CODE, down ? XKB_KEY_DOWN : XKB_KEY_UP);
}

/* Dead keys are silent for xkb's state alone, so only what the layout has on one key. */
static void one_key_chars(const struct layout *l, char *text)
{
	for (char c = '!'; c < 0x7f; c++) {
		struct layout_stroke s[2];

		if (layout_find(l, (uint32_t)c, 0, false, s) == 1 &&
		    l->at[s[0].level][s[0].code] == c)
			*text++ = c;
	}
	*text = 0;
}

TEST_EACH(read_back_by_xkb, layout_count() * 2, layout_name((unsigned)i / 2))
{
	struct xkb_context *x = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
	struct xkb_keymap *map = xkb_guest(x, layout_name((unsigned)i / 2));
	struct reader r = {.state = map ? xkb_state_new(map) : NULL};
	char text[128];
	struct desk d;

	MUST(r.state);
	desk_open(&d, layout_name((unsigned)i / 2));
	d.also = read_key;
	d.arg = &r;
	if (i % 2) { /* Caps Lock is on */
		input_set_leds(&d.kbd, INPUT_CAPS_LOCK);
		read_key(&d, KEY_CAPS_LOCK, true);
		read_key(&d, KEY_CAPS_LOCK, false);
	}
	one_key_chars(&d.layout, text);
	CHECK(strlen(text) > 85);
	typed(&d, text);
	EQS(text, r.text);
	desk_close(&d);
	xkb_state_unref(r.state);
	xkb_keymap_unref(map);
	xkb_context_unref(x);
}
#endif
