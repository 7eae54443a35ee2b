/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga_draw_text.c: characters: codes in plane 0, attributes in plane 1, fonts in plane
 * 2.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 2-20 (alphanumeric
 *       modes), 2-50 (Character Map Select), 2-62 f (cursor), 2-92 (line graphics, blink).
 */
#include "hw/display/vga_draw.h"

enum { CURSOR_OFF = 1 << 5, UNDERLINE_ROW = 31, BRIGHT = 1 << 3, BLINK = 1 << 7 };
enum { PHASE_CURSOR = 1 << 0, PHASE_BLINK = 1 << 1, LETTER_BYTES = 32 };

/* Map A or B: two bits and a third one further up, which counts 8 KiB. */
static uint32_t font_base(uint8_t select, bool a)
{
	unsigned low = select >> (a ? 2 : 0) & 3, high = select >> (a ? 5 : 4) & 1;

	return (low * 2 + high) * 0x2000;
}

struct cursor {
	uint32_t at; /* of the address counter; ~0 = not in this scan line */
};

static struct cursor cursor_in(const struct vga *s, uint32_t row, uint32_t phase)
{
	uint8_t start = s->crtc[CRTC_CURSOR_START], end = s->crtc[CRTC_CURSOR_END];
	struct cursor c = {~0u};

	if (start & CURSOR_OFF || phase & PHASE_CURSOR || row < (start & 31u) || row > (end & 31u))
		return c;
	c.at = (uint32_t)(s->crtc[CRTC_CURSOR_HI] << 8 | s->crtc[CRTC_CURSOR_LO]) + (end >> 5 & 3u);
	return c;
}

struct letter {
	uint8_t bits, ninth; /* the dot behind the eight */
	uint8_t fg, bg;
};

static struct letter letter_of(const struct dev *d, uint32_t addr, uint32_t row, uint32_t phase)
{
	const struct vga *s = vga_of(d);
	const uint8_t *vram = vga_host_of(d)->vram;
	uint8_t ch = vram[4 * addr], attr = vram[4 * addr + 1], mode = s->attr[ATTR_MODE];
	uint32_t font = font_base(s->seq[SEQ_FONT], attr & BRIGHT);
	struct letter l = {.fg = attr & 15, .bg = attr >> 4};

	l.bits = vram[4 * ((font + ch * LETTER_BYTES + row) & (VGA_PLANE_SIZE - 1)) + 2];
	if ((attr & 7) == 1 && row == (s->crtc[CRTC_UNDERLINE] & UNDERLINE_ROW))
		l.bits = 0xff;
	l.ninth = l.bits == 0xff && (attr & 7) == 1 &&
		  row == (s->crtc[CRTC_UNDERLINE] & UNDERLINE_ROW);
	if (mode & AMODE_LINE && ch >= 0xc0 && ch <= 0xdf)
		l.ninth = l.bits & 1;
	if (mode & AMODE_BLINK) {
		l.bg &= 7;
		if (attr & BLINK && phase & PHASE_BLINK)
			l.bits = l.ninth = 0;
	}
	return l;
}

void vga_draw_text_line(const struct dev *d, const struct vga_palette *p,
			const struct vga_geometry *g, uint32_t ma, uint32_t row, uint32_t phase,
			uint32_t *out)
{
	const struct vga *s = vga_of(d);
	struct cursor cursor = cursor_in(s, row, phase);

	for (uint32_t i = 0; i <= g->chars; i++, out += g->dots) {
		uint32_t at = (ma + i) & (VGA_PLANE_SIZE - 1);
		struct letter l = letter_of(d, vga_draw_address(s, at, row), row, phase);
		uint32_t fg = p->attr[l.fg], bg = p->attr[l.bg];

		if (at == cursor.at)
			l.bits = 0xff, l.ninth = 1;
		for (unsigned x = 0; x < 8; x++)
			out[x] = l.bits >> (7 - x) & 1 ? fg : bg;
		if (g->dots == 9)
			out[8] = l.ninth ? fg : bg;
	}
}

/* ---- as characters ---- */

static void cursor_cell(const struct vga *s, const struct vga_geometry *g, struct display_text *t)
{
	uint32_t at = (uint32_t)(s->crtc[CRTC_CURSOR_HI] << 8 | s->crtc[CRTC_CURSOR_LO]) - g->start;
	bool off = s->crtc[CRTC_CURSOR_START] & CURSOR_OFF;

	t->cursor_x = t->cursor_y = ~0u;
	if (off || !g->offset || at / g->offset >= t->lines || at % g->offset >= t->columns)
		return;
	t->cursor_x = at % g->offset;
	t->cursor_y = at / g->offset;
}

void vga_draw_text_cells(void *arg, struct display_text *t)
{
	const struct dev *d = arg;
	const struct vga_adapter *a = vga_host_of(d)->adapter;
	const uint8_t *vram = vga_host_of(d)->vram;
	const struct vga *s = vga_of(d);
	struct vga_linear m = {0};
	struct vga_geometry g;

	if (a->linear)
		a->linear(d, &m);
	vga_draw_geometry(s, &g);
	if (m.bpp || !g.text || !(s->attr_index & ATTR_VIDEO))
		return;
	t->columns = MIN(g.chars, 256u);
	t->lines = MIN(g.height / g.scale_y / (g.rows * g.repeat), 128u);
	cursor_cell(s, &g, t);
	for (uint32_t i = 0; i < t->columns * t->lines; i++) {
		uint32_t ma = g.start + i / t->columns * g.offset + i % t->columns;
		const uint8_t *cell = vram + 4 * vga_draw_address(s, ma, 0);

		t->cell[i].ch = cell[0];
		t->cell[i].attr = cell[1];
	}
}
