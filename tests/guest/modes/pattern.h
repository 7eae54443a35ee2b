/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/guest/modes/pattern.h: what walk.c draws in each mode, as formulas. tests/tools/modes.c
 * computes the same picture from them and from what the mode is by its documentation.
 */
#ifndef GUEST_MODES_PATTERN_H
#define GUEST_MODES_PATTERN_H
#include <stdint.h>

/* A pixel's number: each line is the one above it, moved. Modes take as many of the low bits as
 * they have; the last term tells lines apart that are a bank of 512 lines away. */
static inline uint32_t pattern_index(uint32_t x, uint32_t y)
{
	return x + 3 * y + 5 * (y >> 6);
}
/* Colours of modes without a palette, in `bits` bits each. */
static inline uint32_t pattern_part(uint32_t index, unsigned part, unsigned bits)
{
	uint32_t v = part == 0 ? index : part == 1 ? index >> 2 : index * 3 >> 3;

	return v & ((1u << bits) - 1);
}
/* The palette: 6 bits of red, green, blue of colour i. */
static inline uint8_t pattern_dac(unsigned i, unsigned part)
{
	return (uint8_t)((part == 0 ? i * 11 : part == 1 ? i * 21 + (i >> 4) : 63 - i * 5) & 63);
}
/* Text: cell i, and the rows of two fonts; attribute bit 3 chooses the second. */
static inline uint8_t pattern_char(unsigned i)
{
	return (uint8_t)i;
}
static inline uint8_t pattern_attr(unsigned i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 13);
}
static inline uint8_t pattern_glyph(unsigned font, unsigned ch, unsigned row)
{
	return (uint8_t)(ch * 17 + row * (59 + 2 * ch) + font * 101);
}
#endif
