/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/layout.h: what is printed on the keys of a guest's keyboard, for consoles that are told
 * characters and have to find keys for them.
 */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_KEYS    96 /* evdev codes of keys with characters are below */
#define LAYOUT_LEVELS  4
#define LAYOUT_DEFAULT "en-us"

/* What a level needs: bits of its number. */
enum layout_level { LAYOUT_SHIFT = 1, LAYOUT_ALTGR = 2 };

struct layout {
	/* Unicode; 0 = nothing. An accent that waits for a letter (a dead key) is the combining
	 * character (U+0300 …). */
	uint16_t at[LAYOUT_LEVELS][LAYOUT_KEYS];
	bool altgr; /* has it; else the right Alt is an Alt */
};

/* QEMU's names (its -k), and "cs" for "cz". False: there is none; l NULL: only asks. */
bool layout_load(struct layout *l, const char *name);
unsigned layout_count(void);
const char *layout_name(unsigned n); /* the n-th one's; NULL behind the last */

/* One key, with what its level needs. */
struct layout_stroke {
	uint8_t code, level;
};
/* How a character is typed while the keys of `level` are held and Caps Lock is as it is: the number
 * of strokes, two when it is an accent and a letter; 0: the layout does not have it. */
unsigned layout_find(const struct layout *l, uint32_t c, unsigned level, bool caps,
		     struct layout_stroke s[2]);

/* One character of UTF-8 in our own tables, at most U+FFFF; *s is behind it then. */
uint16_t layout_next(const char **s);
/* The capital of a small letter of Latin-1 and Latin Extended-A; else c. */
uint32_t layout_capital(uint32_t c);
#endif
