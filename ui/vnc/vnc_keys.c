/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_keys.c: what a viewer types (X keysyms: characters) as keys of the guest's keyboard,
 * whose layout -k names. Where the character wants Shift or AltGr otherwise than the viewer's keys
 * have them, they are pressed or lifted for it and put back before the next key.
 *
 * Spec: X11/keysymdef.h; RFC 6143, 7.5.4; X Keyboard Extension 1.0, 12 (key types)
 * Missing: a small letter that has no capital on its key (the é of fr) while Caps Lock is on; the
 * state of Num Lock.
 */
#include "ui/vnc/vnc_server.h"

#include "base/util.h"
#include "ui/key.h"

enum { SYM_SHIFT_L = 0xffe1, SYM_SHIFT_R = 0xffe2 };

/* clang-format off */
static const struct {
	uint16_t sym;
	uint8_t code;
} named[] = {
	{0xff08, 14}, {0xff09, 15}, {0xfe20, 15}, {0xff0d, 28}, {0xff13, 119},
	{0xff14, 70}, {0xff15, 99}, {0xff1b, 1}, {0xffff, 111},
	{0xff50, 102}, {0xff51, 105}, {0xff52, 103}, {0xff53, 106}, {0xff54, 108}, {0xff55, 104},
	{0xff56, 109}, {0xff57, 107}, {0xff61, 99}, {0xff63, 110}, {0xff67, 127}, {0xff6b, 119},
	{0xff7f, 69}, {0xff7e, 100}, {0xfe03, 100},
	/* the keypad, with and without Num Lock */
	{0xff8d, 96}, {0xff95, 71}, {0xff96, 75}, {0xff97, 72}, {0xff98, 77}, {0xff99, 80},
	{0xff9a, 73}, {0xff9b, 81}, {0xff9c, 79}, {0xff9d, 76}, {0xff9e, 82}, {0xff9f, 83},
	{0xffaa, 55}, {0xffab, 78}, {0xffad, 74}, {0xffae, 83}, {0xffaf, 98}, {0xffbd, 117},
	{0xffac, 83}, {0xffb0, 82}, {0xffb1, 79}, {0xffb2, 80}, {0xffb3, 81}, {0xffb4, 75},
	{0xffb5, 76}, {0xffb6, 77}, {0xffb7, 71}, {0xffb8, 72}, {0xffb9, 73},
	{0xffbe, 59}, {0xffbf, 60}, {0xffc0, 61}, {0xffc1, 62}, {0xffc2, 63}, {0xffc3, 64},
	{0xffc4, 65}, {0xffc5, 66}, {0xffc6, 67}, {0xffc7, 68}, {0xffc8, 87}, {0xffc9, 88},
	{SYM_SHIFT_L, KEY_SHIFT_L}, {SYM_SHIFT_R, KEY_SHIFT_R}, {0xffe3, KEY_CTRL_L},
	{0xffe4, KEY_CTRL_R}, {0xffe5, KEY_CAPS_LOCK}, {0xffe7, KEY_META_L}, {0xffe8, KEY_META_R},
	{0xffe9, KEY_ALT_L}, {0xffea, KEY_ALT_R}, {0xffeb, KEY_META_L}, {0xffec, KEY_META_R},
};
/* clang-format on */

/* The key of a function, whatever the layout. KEY_NONE: sym is none. */
static unsigned function_key(uint32_t sym)
{
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (named[i].sym == sym)
			return named[i].code;
	return KEY_NONE;
}

/* ---- shift and AltGr, for now only */

static const struct {
	uint8_t code, level;
} mods[] = {{KEY_SHIFT_L, LAYOUT_SHIFT}, {KEY_SHIFT_R, LAYOUT_SHIFT}, {KEY_ALT_R, LAYOUT_ALTGR}};

static void put_back(struct vnc_keys *k)
{
	for (unsigned i = 0; i < ARRAY_SIZE(mods); i++) {
		if (k->forced & 1 << i)
			k->key(k->arg, mods[i].code, false);
		if (k->lifted & 1 << i && k->down[mods[i].code])
			k->key(k->arg, mods[i].code, true);
	}
	k->forced = k->lifted = 0;
}

/* What the client's own keys make. */
static unsigned level_now(const struct vnc_keys *k)
{
	unsigned level = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(mods); i++)
		if (k->down[mods[i].code])
			level |= mods[i].level;
	return k->layout.altgr ? level : level & LAYOUT_SHIFT;
}

/* Ctrl-Shift-c is a key of its own: what it consists of is not taken away. */
static bool is_chord(const struct vnc_keys *k)
{
	return k->down[KEY_CTRL_L] || k->down[KEY_CTRL_R] || k->down[KEY_ALT_L] ||
	       k->down[KEY_META_L] || k->down[KEY_META_R] ||
	       (k->down[KEY_ALT_R] && !k->layout.altgr);
}

static void want(struct vnc_keys *k, unsigned level)
{
	unsigned lacking = level & ~level_now(k), surplus = level_now(k) & ~level;

	if (is_chord(k))
		surplus = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(mods); i++) {
		if (lacking & mods[i].level) {
			k->forced |= (uint8_t)(1 << i);
			k->key(k->arg, mods[i].code, true);
			lacking &= ~(unsigned)mods[i].level;
		}
		if (surplus & mods[i].level && k->down[mods[i].code]) {
			k->lifted |= (uint8_t)(1 << i);
			k->key(k->arg, mods[i].code, false);
		}
	}
}

/* ---- keys */

static void press(struct vnc_keys *k, unsigned code, bool down)
{
	k->down[code] = down;
	for (unsigned i = 0; i < ARRAY_SIZE(mods); i++)
		if (k->lifted & 1 << i && mods[i].code == code)
			return; /* the guest has it up */
	k->key(k->arg, code, down);
}

static void release(struct vnc_keys *k, unsigned code)
{
	if (code)
		press(k, code, false);
	put_back(k);
}

/* The key that went down as sym: another one may have its name by now. */
static unsigned forget(struct vnc_keys *k, uint32_t sym)
{
	for (size_t i = 0; i < ARRAY_SIZE(k->held); i++)
		if (k->held[i].sym == sym) {
			k->held[i].sym = 0;
			return k->held[i].code;
		}
	return KEY_NONE;
}

static void remember(struct vnc_keys *k, uint32_t sym, unsigned code)
{
	for (size_t i = 0; i < ARRAY_SIZE(k->held); i++)
		if (!k->held[i].sym || k->held[i].sym == sym) {
			k->held[i].sym = sym;
			k->held[i].code = (uint8_t)code;
			return;
		}
}

/* ---- characters */

static bool is_latin(uint32_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* The key that stays down till the client lifts it; KEY_NONE: there is none. */
static unsigned type(struct vnc_keys *k, uint32_t c)
{
	struct layout_stroke s[2];
	unsigned n = layout_find(&k->layout, c, level_now(k), k->leds & INPUT_CAPS_LOCK, s);

	for (unsigned i = 0; i < n; i++) {
		/* A capital with Ctrl may come of the viewer's Caps Lock: no Ctrl-Shift. */
		if (!is_chord(k) || !is_latin(c))
			want(k, s[i].level);
		press(k, s[i].code, true);
		if (i + 1 < n)
			release(k, s[i].code);
	}
	return n ? s[n - 1].code : KEY_NONE;
}

void vnc_keys_sym(struct vnc_keys *k, uint32_t sym, bool down)
{
	unsigned code = function_key(sym), was = sym ? forget(k, sym) : KEY_NONE;

	if (!sym)
		return;
	if (!down) {
		release(k, was ? was : code);
		return;
	}
	if (was && k->down[was]) { /* the viewer repeats it: so does the guest's keyboard */
		remember(k, sym, was);
		return;
	}
	put_back(k);
	if (code)
		press(k, code, true);
	else
		code = type(k, vnc_sym_char(sym));
	if (code)
		remember(k, sym, code);
}

void vnc_keys_code(struct vnc_keys *k, uint32_t sym, unsigned set1, bool down)
{
	const struct key *key = key_by_set1(set1);

	if (!key) {
		vnc_keys_sym(k, sym, down);
		return;
	}
	if (!down) {
		release(k, key->code);
		return;
	}
	put_back(k);
	press(k, key->code, true);
}
