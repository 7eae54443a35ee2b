/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_keys.c: what a viewer types (X keysyms: characters) as keys of an en-us keyboard in
 * the guest. Where the character wants a shift state that the viewer's keys do not make, shift
 * is pressed or lifted for it and put back before the next key.
 *
 * Spec: X11/keysymdef.h; RFC 6143, 7.5.4
 */
#include "ui/vnc/vnc_server.h"

#include "base/util.h"
#include "ui/key.h"

enum { SYM_SHIFT_L = 0xffe1, SYM_SHIFT_R = 0xffe2 };

/* By evdev code from 1 on: plain and with shift; a blank: not a character. */
static const char plain[] = " 1234567890-=  qwertyuiop[]  asdfghjkl;'` \\zxcvbnm,./   ";
static const char shifted[] = " !@#$%^&*()_+  QWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?   ";

/* clang-format off */
static const struct {
	uint16_t sym;
	uint8_t code;
} named[] = {
	{0x0020, 57}, {0xff08, 14}, {0xff09, 15}, {0xfe20, 15}, {0xff0d, 28}, {0xff13, 119},
	{0xff14, 70}, {0xff15, 99}, {0xff1b, 1}, {0xffff, 111},
	{0xff50, 102}, {0xff51, 105}, {0xff52, 103}, {0xff53, 106}, {0xff54, 108}, {0xff55, 104},
	{0xff56, 109}, {0xff57, 107}, {0xff61, 99}, {0xff63, 110}, {0xff67, 127}, {0xff6b, 119},
	{0xff7f, 69}, {0xff7e, 100}, {0xfe03, 100},
	/* the keypad, with and without Num Lock */
	{0xff8d, 96}, {0xff95, 71}, {0xff96, 75}, {0xff97, 72}, {0xff98, 77}, {0xff99, 80},
	{0xff9a, 73}, {0xff9b, 81}, {0xff9c, 79}, {0xff9d, 76}, {0xff9e, 82}, {0xff9f, 83},
	{0xffaa, 55}, {0xffab, 78}, {0xffad, 74}, {0xffae, 83}, {0xffaf, 98}, {0xffbd, 117},
	{0xffb0, 82}, {0xffb1, 79}, {0xffb2, 80}, {0xffb3, 81}, {0xffb4, 75}, {0xffb5, 76},
	{0xffb6, 77}, {0xffb7, 71}, {0xffb8, 72}, {0xffb9, 73},
	{0xffbe, 59}, {0xffbf, 60}, {0xffc0, 61}, {0xffc1, 62}, {0xffc2, 63}, {0xffc3, 64},
	{0xffc4, 65}, {0xffc5, 66}, {0xffc6, 67}, {0xffc7, 68}, {0xffc8, 87}, {0xffc9, 88},
	{SYM_SHIFT_L, KEY_SHIFT_L}, {SYM_SHIFT_R, KEY_SHIFT_R}, {0xffe3, KEY_CTRL_L},
	{0xffe4, KEY_CTRL_R}, {0xffe5, KEY_CAPS_LOCK}, {0xffe7, KEY_META_L}, {0xffe8, KEY_META_R},
	{0xffe9, KEY_ALT_L}, {0xffea, KEY_ALT_R}, {0xffeb, KEY_META_L}, {0xffec, KEY_META_R},
};
/* clang-format on */

/* The key of a character or a function; *shift: -1 any, else 0 or 1. KEY_NONE: there is none. */
static unsigned find(uint32_t sym, int *shift)
{
	*shift = -1;
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (named[i].sym == sym)
			return named[i].code;
	for (unsigned i = 1; sym > ' ' && sym < 0x7f && i + 1 < sizeof(plain); i++)
		if ((uint32_t)plain[i] == sym || (uint32_t)shifted[i] == sym) {
			*shift = (uint32_t)shifted[i] == sym;
			return i + 1;
		}
	return KEY_NONE;
}

static bool is_letter(uint32_t sym)
{
	return (sym | 0x20) >= 'a' && (sym | 0x20) <= 'z';
}

/* ---- shift, for now only */

static void put_back(struct vnc_keys *k)
{
	static const uint8_t keys[2] = {KEY_SHIFT_L, KEY_SHIFT_R};

	if (k->forced)
		k->key(k->arg, KEY_SHIFT_L, false);
	for (unsigned i = 0; i < 2; i++)
		if (k->lifted[i])
			k->key(k->arg, keys[i], true);
	k->forced = false;
	memset(k->lifted, 0, sizeof(k->lifted));
}

static void want_shift(struct vnc_keys *k, bool shift)
{
	bool left = k->down[KEY_SHIFT_L], right = k->down[KEY_SHIFT_R];

	if (shift == (left || right))
		return;
	if (shift) {
		k->forced = true;
		k->key(k->arg, KEY_SHIFT_L, true);
		return;
	}
	k->lifted[0] = left;
	k->lifted[1] = right;
	if (left)
		k->key(k->arg, KEY_SHIFT_L, false);
	if (right)
		k->key(k->arg, KEY_SHIFT_R, false);
}

/* ---- keys */

static void press(struct vnc_keys *k, unsigned code, bool down)
{
	k->down[code] = down;
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

void vnc_keys_sym(struct vnc_keys *k, uint32_t sym, bool down)
{
	int shift;
	unsigned code = find(sym, &shift), was;

	if (!sym)
		return;
	if (!down) {
		was = forget(k, sym);
		release(k, was ? was : code);
		return;
	}
	put_back(k);
	if (code) {
		remember(k, sym, code);
		if (is_letter(sym) && (k->leds & INPUT_CAPS_LOCK))
			shift = !shift;
		/* Ctrl-Shift-c is a key of its own: it has to stay as it was typed. */
		if (shift >= 0 && !k->down[KEY_CTRL_L] && !k->down[KEY_CTRL_R] &&
		    !k->down[KEY_ALT_L])
			want_shift(k, shift);
	}
	if (code)
		press(k, code, true);
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
