/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/key.h: keys. Everywhere in this program a key is its Linux evdev code, and stands for a
 * place on the keyboard, not for what is printed on it. One table knows what the others call it:
 * QEMU's qcodes (monitors), AT scan code sets 1 to 3 (PS/2; set 1 is also the "xt" code of VNC's
 * extended key events) and USB HID usages (USB keyboards; SDL's scancodes are these).
 *
 * Spec: linux/input-event-codes.h; "Keyboard Scan Code Specification" 1.3a (Microsoft);
 *       IBM PS/2 Hardware Technical Reference, Keyboards, 1988; USB HID Usage Tables 1.12, 10
 */
#ifndef UI_KEY_H
#define UI_KEY_H
#include <stddef.h>
#include <stdint.h>

#define KEY_CODES 256 /* evdev codes of keys are below */

/* The codes that are named in code; the others are in the table alone. */
enum key_code {
	KEY_NONE = 0,
	KEY_CTRL_L = 29,
	KEY_SHIFT_L = 42,
	KEY_SHIFT_R = 54,
	KEY_ALT_L = 56,
	KEY_CAPS_LOCK = 58,
	KEY_NUM_LOCK = 69,
	KEY_SCROLL_LOCK = 70,
	KEY_CTRL_R = 97,
	KEY_PRINT = 99,
	KEY_ALT_R = 100,
	KEY_BREAK = 119,
	KEY_HANGUL = 122,
	KEY_HANJA = 123,
	KEY_META_L = 125,
	KEY_META_R = 126,
};

struct key {
	uint8_t code;  /* evdev */
	uint8_t usage; /* HID, page 7; 0 = it has none */
	uint16_t set1; /* make codes; 0xe0xx: with that prefix; 0 = it has none. Print and … */
	uint16_t set2; /* … Pause have sequences of their own, which the keyboard knows */
	uint8_t set3;
	const char *name; /* qcode */
};

const struct key *key_find(unsigned code);                 /* NULL when there is no such key */
const struct key *key_named(const char *name, size_t len); /* a qcode, exactly len bytes of it */
const struct key *key_by_set1(unsigned set1);              /* 0x1e, 0xe01d, and QEMU's way: 0x9d */
const struct key *key_by_usage(unsigned usage);
#endif
