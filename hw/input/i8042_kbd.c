/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/input/i8042_kbd.c: the PS/2 keyboard: scan code sets 1 to 3, typematic, its commands.
 *
 * Spec:    IBM PS/2 Hardware Interface Technical Reference, Keyboards (101 and 102 keys)
 * Missing: the shifts that a real one puts round cursor keys while Shift or Num Lock is on; set 3
 *          starts with all keys repeating and telling when they go up
 *
 * Keys wait in ui/input.c while there is no room here, so that fast typing is not lost: the
 * overrun code comes only when that queue has overflowed.
 */
#include "hw/input/i8042.h"

enum {
	KBD_LEDS = 0xed,
	KBD_ECHO = 0xee,
	KBD_SET = 0xf0,
	KBD_ID = 0xf2,
	KBD_RATE,
	KBD_ENABLE,
	KBD_DISABLE,
	KBD_DEFAULTS,
	KBD_ALL_REPEAT,
	KBD_ALL_MAKE_BREAK,
	KBD_ALL_MAKE,
	KBD_ALL_REPEAT_MAKE_BREAK,
	KBD_KEY_REPEAT,
	KBD_KEY_MAKE_BREAK,
	KBD_KEY_MAKE,
	KBD_RESEND,
	KBD_RESET,
};
enum { DEFAULT_RATE = 0x2b /* 10.9 a second after 500 ms */ };
enum { CHORD_NONE, CHORD_BARE, CHORD_ALT };

static struct ps2_kbd *kbd_of(const struct dev *d)
{
	return &i8042_of(d)->kbd;
}

static bool get(const uint8_t *map, unsigned n)
{
	return map[n / 8] >> n % 8 & 1;
}

static void put(uint8_t *map, unsigned n, bool on)
{
	map[n / 8] = (uint8_t)((map[n / 8] & ~(1u << n % 8)) | (unsigned)on << n % 8);
}

/* Its own order is scroll, num, caps. */
unsigned ps2_kbd_leds(const struct ps2_kbd *k)
{
	return (k->leds >> 1 & 3) | (k->leds & 1 ? INPUT_SCROLL_LOCK : 0);
}

/* ---- what a key sends ---- */

struct codes {
	uint8_t byte[8];
	unsigned n;
};

static void add(struct codes *c, uint8_t byte)
{
	c->byte[c->n++] = byte;
}

/* code: 0xe0xx with prefix; 0: the set has no such key. */
static void add_code(struct codes *c, unsigned set, uint16_t code, bool down)
{
	if (!code)
		return;
	if (code >> 8)
		add(c, (uint8_t)(code >> 8));
	if (!down && set != 1)
		add(c, 0xf0);
	add(c, (uint8_t)(code | (!down && set == 1 ? 0x80 : 0)));
}

static bool any_down(const struct ps2_kbd *k, unsigned left, unsigned right)
{
	return get(k->down, left) || get(k->down, right);
}

/* Print: shifted by itself so that an old PC sees Shift and keypad-*; not when Ctrl or Shift are
 * held, and with Alt another key: SysRq. It goes up as it went down. */
static void print_codes(struct ps2_kbd *k, struct codes *c, bool down)
{
	uint16_t shift = k->set == 1 ? 0xe02a : 0xe012, code = k->set == 1 ? 0xe037 : 0xe07c;

	if (down && any_down(k, KEY_ALT_L, KEY_ALT_R))
		k->chord = CHORD_ALT;
	else if (down)
		k->chord =
			any_down(k, KEY_SHIFT_L, KEY_SHIFT_R) || any_down(k, KEY_CTRL_L, KEY_CTRL_R)
				? CHORD_BARE
				: CHORD_NONE;
	if (k->chord == CHORD_ALT)
		code = k->set == 1 ? 0x54 : 0x84;
	if (k->chord == CHORD_NONE && down)
		add_code(c, k->set, shift, true);
	add_code(c, k->set, code, down);
	if (k->chord == CHORD_NONE && !down)
		add_code(c, k->set, shift, false);
}

/* Pause says all as it goes down: Ctrl and Num Lock with a prefix of its own, or Break. */
static void pause_codes(const struct ps2_kbd *k, struct codes *c, bool down)
{
	static const struct codes plain[] = {{{0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5}, 6},
					     {{0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77}, 8}};
	uint16_t code = k->set == 1 ? 0xe046 : 0xe07e;

	if (!down)
		return;
	if (!any_down(k, KEY_CTRL_L, KEY_CTRL_R)) {
		*c = plain[k->set - 1];
		return;
	}
	add_code(c, k->set, code, true);
	add_code(c, k->set, code, false);
}

static void key_codes(struct ps2_kbd *k, const struct key *key, bool down, struct codes *c)
{
	if (k->set == 3) {
		if (down || !get(k->mute, key->set3))
			add_code(c, 3, key->set3, down);
	} else if (key->code == KEY_PRINT) {
		print_codes(k, c, down);
	} else if (key->code == KEY_BREAK) {
		pause_codes(k, c, down);
	} else if (down || (key->code != KEY_HANGUL && key->code != KEY_HANJA)) {
		add_code(c, k->set, k->set == 1 ? key->set1 : key->set2, down);
	}
}

static bool send(struct ps2_kbd *k, const struct codes *c)
{
	if (k->n + c->n > sizeof(k->fifo))
		return false;
	memcpy(k->fifo + k->n, c->byte, c->n);
	k->n += c->n;
	return true;
}

/* ---- typematic ---- */

static int64_t repeat_delay(const struct ps2_kbd *k)
{
	return 250 * NS_PER_MS * (1 + (k->rate >> 5 & 3));
}

static int64_t repeat_period(const struct ps2_kbd *k)
{
	return ((8 + (k->rate & 7)) << (k->rate >> 3 & 3)) * NS_PER_SEC / 240;
}

static bool repeats(const struct ps2_kbd *k, const struct key *key)
{
	if (k->set == 3)
		return key->set3 && !get(k->single, key->set3);
	return key->code != KEY_BREAK && key->code != KEY_HANGUL && key->code != KEY_HANJA;
}

static void repeat_stop(struct dev *d)
{
	struct ps2_kbd *k = kbd_of(d);

	k->code = KEY_NONE;
	timer_cancel(d, &k->repeat);
}

static void repeat_start(struct dev *d, const struct key *key)
{
	struct ps2_kbd *k = kbd_of(d);

	repeat_stop(d);
	if (!repeats(k, key))
		return;
	k->code = key->code;
	timer_set(d, &k->repeat, dev_now(d) + repeat_delay(k));
}

/* While there is no room it goes on in silence. */
void ps2_kbd_repeat_fired(struct dev *d, unsigned index)
{
	struct ps2_kbd *k = kbd_of(d);
	const struct key *key = key_find(k->code);
	struct codes c = {.n = 0};

	(void)index;
	timer_set(d, &k->repeat, dev_now(d) + repeat_period(k));
	if (!key)
		return;
	if (key->code == KEY_PRINT && k->set != 3 && k->chord == CHORD_NONE)
		add_code(&c, k->set, k->set == 1 ? 0xe037 : 0xe07c, true);
	else
		key_codes(k, key, true, &c);
	send(k, &c);
	i8042_changed(d);
}

/* ---- keys from outside ---- */

static bool on_key(void *arg, unsigned code, bool down)
{
	struct dev *d = arg;
	struct ps2_kbd *k = kbd_of(d);
	const struct key *key = key_find(code);
	struct codes c = {.n = 0};

	if (!key || get(k->down, code) == down)
		return true;
	if (k->enabled)
		key_codes(k, key, down, &c);
	if (!send(k, &c))
		return false;
	put(k->down, code, down);
	if (down && k->enabled)
		repeat_start(d, key);
	else if (!down && k->code == code)
		repeat_stop(d);
	i8042_changed(d);
	dev_settle(d);
	return true;
}

/* Keys were dropped: the last byte becomes the overrun code. */
static void on_lost(void *arg)
{
	struct dev *d = arg;
	struct ps2_kbd *k = kbd_of(d);

	if (k->n == sizeof(k->fifo))
		k->n--;
	k->fifo[k->n++] = k->set == 1 ? 0xff : 0x00;
	i8042_changed(d);
	dev_settle(d);
}

void ps2_kbd_realize(struct dev *d)
{
	struct i8042_host *h = d->host;

	h->kbd = (struct input_device){.kind = INPUT_KEYBOARD,
				       .name = "QEMU PS/2 Keyboard",
				       .key = on_key,
				       .lost = on_lost,
				       .arg = d};
	input_attach(h->input, &h->kbd);
	input_ready(&h->kbd, true);
}

/* ---- the wire ---- */

bool ps2_kbd_take(struct dev *d, uint8_t *byte)
{
	struct ps2_kbd *k = kbd_of(d);

	if (k->answer.n)
		*byte = ps2_shift(k->answer.bytes, &k->answer.n);
	else if (k->n)
		*byte = ps2_shift(k->fifo, &k->n);
	else
		return false;
	k->last = *byte;
	return true;
}

static void defaults(struct dev *d, bool enabled)
{
	struct ps2_kbd *k = kbd_of(d);

	k->n = 0;
	k->set = 2;
	k->leds = 0;
	k->rate = DEFAULT_RATE;
	k->enabled = enabled;
	memset(k->single, 0, sizeof(k->single));
	memset(k->mute, 0, sizeof(k->mute));
	repeat_stop(d);
}

static void all_keys(struct ps2_kbd *k, bool single, bool mute)
{
	memset(k->single, single ? 0xff : 0, sizeof(k->single));
	memset(k->mute, mute ? 0xff : 0, sizeof(k->mute));
}

static void one_key(struct ps2_kbd *k, uint8_t code)
{
	put(k->single, code, k->command != KBD_KEY_REPEAT);
	put(k->mute, code, k->command != KBD_KEY_MAKE_BREAK);
}

static uint8_t set_chosen(struct ps2_kbd *k, uint8_t set)
{
	if (set > 3)
		return PS2_RESEND;
	ps2_answer(&k->answer, PS2_ACK);
	if (!set)
		return k->set;
	k->set = set;
	return 0;
}

/* The parameter of a command before. false: it is another command instead. */
static bool parameter(struct dev *d, uint8_t byte)
{
	struct ps2_kbd *k = kbd_of(d);
	uint8_t command = k->command, more = 0;

	if (byte >= KBD_LEDS)
		return false;
	if (command < KBD_KEY_REPEAT)
		k->command = 0;
	if (command == KBD_SET)
		more = set_chosen(k, byte);
	else
		ps2_answer(&k->answer, PS2_ACK);
	if (command == KBD_LEDS)
		k->leds = byte & 7;
	else if (command == KBD_RATE)
		k->rate = byte & 0x7f;
	else if (command >= KBD_KEY_REPEAT)
		one_key(k, byte);
	if (more)
		ps2_answer(&k->answer, more);
	return true;
}

static void run(struct dev *d, uint8_t byte)
{
	struct ps2_kbd *k = kbd_of(d);

	switch (byte) {
	case KBD_LEDS:
	case KBD_SET:
	case KBD_RATE:
	case KBD_KEY_REPEAT ... KBD_KEY_MAKE:
		k->command = byte;
		break;
	case KBD_ENABLE:
		k->n = 0;
		k->enabled = 1;
		break;
	case KBD_DISABLE:
	case KBD_DEFAULTS:
	case KBD_RESET:
		defaults(d, byte != KBD_DISABLE);
		break;
	case KBD_ALL_REPEAT ... KBD_ALL_REPEAT_MAKE_BREAK:
		all_keys(k, byte == KBD_ALL_MAKE_BREAK || byte == KBD_ALL_MAKE,
			 byte == KBD_ALL_MAKE || byte == KBD_ALL_REPEAT);
		break;
	}
}

/* What it says first to a command that it has done. */
static void acknowledge(struct ps2_kbd *k, uint8_t byte)
{
	if (byte == KBD_ECHO || byte == KBD_RESEND)
		ps2_answer(&k->answer, byte == KBD_ECHO ? KBD_ECHO : k->last);
	else
		ps2_answer(&k->answer, PS2_ACK);
	if (byte == KBD_ID) {
		ps2_answer(&k->answer, 0xab);
		ps2_answer(&k->answer, 0x83);
	} else if (byte == KBD_RESET) {
		ps2_answer(&k->answer, PS2_BAT_OK);
	}
}

void ps2_kbd_write(struct dev *d, uint8_t byte)
{
	struct ps2_kbd *k = kbd_of(d);

	k->answer.n = 0;
	if (k->command && parameter(d, byte))
		return;
	k->command = 0;
	if (byte < KBD_LEDS || byte == 0xef || byte == 0xf1) {
		ps2_answer(&k->answer, PS2_RESEND);
		return;
	}
	run(d, byte);
	acknowledge(k, byte);
}

bool ps2_kbd_valid(const struct ps2_kbd *k)
{
	bool takes = k->command == KBD_LEDS || k->command == KBD_SET || k->command == KBD_RATE ||
		     (k->command >= KBD_KEY_REPEAT && k->command <= KBD_KEY_MAKE);

	if (k->command && !takes)
		return false;
	return k->set && !k->code == !timer_pending(&k->repeat);
}
