/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/cirrus_draw.c: what is on the CL-GD5446's screen beyond a VGA: its packed-pixel modes
 * and the pointer.
 *
 * Spec: Cirrus Logic CL-GD5446 Technical Reference Manual (November 1996), SR7, SR10-SR13, CR1B,
 *       CR1D, HDR; appendix D4 (hardware cursor)
 */
#include "hw/display/cirrus.h"

enum { CURSOR_AREA = 16 << 10, CURSOR_STEP = 256, COLOR_FG = 15, COLOR_BG = 0 };
enum { CR09_DOUBLE = 1 << 7, HDR_MODE = 15, HDR_565 = 1 };

/* SR7 says how many bytes a pixel has, the hidden register of the DAC what they mean. */
static uint32_t depth_of(const struct cirrus *s)
{
	switch ((cirrus_sr(s, 7) & SR7_FORMAT) >> 1) {
	case 0:
		return 8;
	case 2:
		return 24;
	case 4:
		return 32;
	default:
		return (s->hidden_dac & HDR_MODE) == HDR_565 ? 16 : 15;
	}
}

static uint32_t start_of(const struct cirrus *s)
{
	const uint8_t *cr = s->vga.crtc;
	uint32_t ext = cirrus_cr(s, 0x1b);

	return 4 * (cr[CRTC_START_LO] | (uint32_t)cr[CRTC_START_HI] << 8 | (ext & 1) << 16 |
		    (ext & 0x0c) << 15 | (uint32_t)(cirrus_cr(s, 0x1d) & 0x80) << 12);
}

void cirrus_linear(const struct dev *d, struct vga_linear *m)
{
	const struct cirrus *s = cirrus_of(d);
	struct vga_timing t;

	if (!(cirrus_sr(s, 7) & SR7_PACKED))
		return;
	vga_timing(&s->vga, &t);
	m->bpp = depth_of(s);
	m->width = (s->vga.crtc[CRTC_HDISP_END] + 1u) * 8;
	m->height = t.shown;
	m->stride = (s->vga.crtc[CRTC_OFFSET] | (cirrus_cr(s, 0x1b) & 0x10u) << 4) * 8;
	m->start = start_of(s) & (vga_host_of(d)->vram_size - 1);
	m->split = ~0u;
	m->double_y = s->vga.crtc[CRTC_MAX_SCAN] & CR09_DOUBLE;
}

/* ---- the pointer: two bits a dot, planes apart ---- */

static uint32_t cursor_color(const struct cirrus *s, unsigned n)
{
	uint32_t out = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint8_t v = s->cursor_colors[n * 3 + i];

		out = out << 8 | (uint8_t)(v << 2 | (v >> 4 & 3));
	}
	return out | 0xff000000;
}

static void cursor_row(const struct cirrus *s, const uint8_t *plane0, const uint8_t *plane1,
		       uint32_t width, uint32_t *out)
{
	const uint32_t dots[4] = {0, 0x00ffffff /* inverts */, cursor_color(s, COLOR_BG),
				  cursor_color(s, COLOR_FG)};

	for (uint32_t x = 0; x < width; x++) {
		unsigned shift = 7 - x % 8;

		out[x] = dots[(plane0[x / 8] >> shift & 1) | (plane1[x / 8] >> shift & 1) << 1];
	}
}

/* 64 dots: both planes of a row one after the other; 32 dots: all of plane 0, then plane 1. */
void cirrus_cursor(const struct dev *d, struct display_cursor *c)
{
	const struct cirrus *s = cirrus_of(d);
	const struct vga_host *h = vga_host_of(d);
	bool large = cirrus_sr(s, 0x12) & CURSOR_64;
	uint32_t select = cirrus_sr(s, 0x13) & (large ? 0x3c : 0x3f), bytes = large ? 8 : 4;
	const uint8_t *at = h->vram + h->vram_size - CURSOR_AREA + select * CURSOR_STEP;

	if (!(cirrus_sr(s, 0x12) & CURSOR_ON))
		return;
	c->x = s->cursor_x;
	c->y = s->cursor_y;
	c->width = c->height = bytes * 8;
	for (uint32_t y = 0; y < c->height; y++) {
		const uint8_t *row = at + y * (large ? 16 : 4);

		cursor_row(s, row, row + (large ? 8 : 128), c->width, c->argb + y * c->width);
	}
}
