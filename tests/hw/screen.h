/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/screen.h: a VGA as a driver programs it, over tests/hw/bus.h: the modes of IBM's BIOS,
 * and what is on the screen.
 */
#ifndef TESTS_HW_SCREEN_H
#define TESTS_HW_SCREEN_H
#include "tests/hw/bus.h"

struct vga_mode { /* as in the BIOS's parameter table */
	uint8_t misc, seq[4] /* 1-4 */, crtc[25], attr[20], grc[9];
};
/* 80x25 text of 9x16; 320x200 CGA; 640x200 CGA; 320x200 and 640x480 of 16 colours, 320x200 of
 * 256. */
extern const struct vga_mode mode_03, mode_04, mode_06, mode_0d, mode_12, mode_13;
void screen_mode(struct guest *b, const struct vga_mode *m); /* and a palette: colour n of 64 */

void screen_seq(struct guest *b, uint8_t index, uint8_t val);
void screen_grc(struct guest *b, uint8_t index, uint8_t val);
void screen_crtc(struct guest *b, uint8_t index, uint8_t val);
void screen_attr(struct guest *b, uint8_t index, uint8_t val); /* and the screen on */
void screen_dac(struct guest *b, uint8_t index, uint32_t rgb); /* 6 bits each, 0xRRGGBB */
uint8_t screen_seq_get(struct guest *b, uint8_t index);
uint8_t screen_grc_get(struct guest *b, uint8_t index);
uint8_t screen_crtc_get(struct guest *b, uint8_t index);
uint8_t screen_attr_get(struct guest *b, uint8_t index);
/* The colour that screen_mode gives DAC entry i (below 64), as it looks. */
uint32_t screen_color(unsigned i);
/* Bit patterns for all 256 letters of a font: row r of letter c is c ^ r. */
void screen_font(struct guest *b, uint32_t base);

struct picture {
	unsigned width, height;
	uint8_t *rgb;
};
/* What is shown now; freed at the next one. */
const struct picture *screen_look(struct guest *b);
uint32_t screen_pixel(const struct picture *p, unsigned x, unsigned y);
/* A line of pixels by a letter each: '.' = colour 0, others by `colors` (letter, rgb, …, 0). */
bool screen_row(const struct picture *p, unsigned x, unsigned y, const char *want,
		const uint32_t *colors);
#endif
