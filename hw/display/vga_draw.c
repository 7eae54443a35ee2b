/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga_draw.c: the picture of a VGA and of an adapter's packed modes, line by line as the
 * beam would draw it. Only tiles that look different are given a new generation.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 2-54 ff (CRT
 *       controller), 2-77 (Graphics Mode), 2-89 ff (attribute controller).
 */
#include "hw/display/vga_draw.h"

enum { PAGE_SHIFT = 12, FIRST_WIDTH = 640, FIRST_HEIGHT = 480 };
enum { CR08_BYTE_PAN = 5, CR09_DOUBLE = 1 << 7, CR09_LC9 = 1 << 6, CR07_LC8 = 1 << 4 };
enum { CR14_COUNT4 = 1 << 5, CR14_DWORD = 1 << 6 };
enum {
	CR17_RA0 = 1 << 0,
	CR17_RA1 = 1 << 1,
	CR17_X2 = 1 << 2,
	CR17_COUNT2 = 1 << 3,
	CR17_BYTE = 1 << 6
};

struct canvas {
	struct display *display;
	uint32_t *pixels;
	uint32_t stride, width, height;
};

static bool canvas_open(struct canvas *c, struct dev *d, uint32_t width, uint32_t height)
{
	*c = (struct canvas){.display = vga_host_of(d)->display, .width = width, .height = height};
	c->pixels = display_resize(c->display, width, height, &c->stride);
	return c->pixels;
}

/* Tile by tile, what differs. */
static void put_line(struct canvas *c, uint32_t y, const uint32_t *line)
{
	uint32_t *to = c->pixels + (size_t)y * (c->stride / 4);

	for (uint32_t x = 0; x < c->width; x += DISPLAY_TILE_W) {
		uint32_t n = MIN(c->width - x, (uint32_t)DISPLAY_TILE_W);

		if (!memcmp(to + x, line + x, n * 4))
			continue;
		memcpy(to + x, line + x, n * 4);
		display_dirty(c->display, x, y, n, 1);
	}
}

/* ---- colours ---- */

static uint32_t dac_color(const uint8_t *rgb, bool dac8)
{
	uint32_t color = 0;

	for (unsigned i = 0; i < 3; i++)
		color = color << 8 | (dac8 ? rgb[i] : (uint8_t)(rgb[i] << 2 | (rgb[i] >> 4 & 3)));
	return color;
}

/* The six bits of a palette register, made eight by Color Select. */
static uint8_t attr_index(const struct vga *s, unsigned pixel)
{
	uint8_t v = s->attr[pixel & s->attr[ATTR_PLANES] & 15];

	if (s->attr[ATTR_MODE] & AMODE_P54)
		v = (uint8_t)((v & 0x0f) | (s->attr[ATTR_SELECT] & 3) << 4);
	return (uint8_t)((v & 0x3f) | (s->attr[ATTR_SELECT] & 0x0c) << 4);
}

void vga_draw_palette(const struct dev *d, struct vga_palette *p)
{
	const struct vga_adapter *a = vga_host_of(d)->adapter;
	const struct vga *s = vga_of(d);
	bool dac8 = a->dac8 && a->dac8(d);

	for (unsigned i = 0; i < 256; i++)
		p->dac[i] = dac_color(&s->palette[(i & s->dac_mask) * 3], dac8);
	for (unsigned i = 0; i < 16; i++)
		p->attr[i] = p->dac[attr_index(s, i)];
}

/* ---- packed modes ---- */

static void line_15(const uint8_t *in, uint32_t width, uint32_t *out)
{
	for (uint32_t x = 0; x < width; x++, in += 2) {
		uint32_t v = in[0] | (uint32_t)in[1] << 8;
		uint32_t r = v >> 10 & 31, g = v >> 5 & 31, b = v & 31;

		out[x] = (r << 3 | r >> 2) << 16 | (g << 3 | g >> 2) << 8 | b << 3 | b >> 2;
	}
}

static void line_16(const uint8_t *in, uint32_t width, uint32_t *out)
{
	for (uint32_t x = 0; x < width; x++, in += 2) {
		uint32_t v = in[0] | (uint32_t)in[1] << 8;
		uint32_t r = v >> 11, g = v >> 5 & 63, b = v & 31;

		out[x] = (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | b << 3 | b >> 2;
	}
}

static void line_24(const uint8_t *in, uint32_t width, uint32_t *out)
{
	for (uint32_t x = 0; x < width; x++, in += 3)
		out[x] = in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16;
}

/* The four planes' bytes lie together; `in` is at the first of them. */
static void line_4(const struct vga_palette *p, const uint8_t *in, uint32_t width, uint32_t *out)
{
	for (uint32_t x = 0; x < width; x++) {
		const uint8_t *cell = in + x / 8 * 4;
		unsigned bit = 7 - x % 8, v = 0;

		for (unsigned plane = 0; plane < 4; plane++)
			v |= (cell[plane] >> bit & 1u) << plane;
		out[x] = p->attr[v];
	}
}

static void packed_line(const struct vga_palette *p, const struct vga_linear *m, const uint8_t *in,
			uint32_t *out)
{
	switch (m->bpp) {
	case 4:
		line_4(p, in, m->width, out);
		break;
	case 8:
		for (uint32_t x = 0; x < m->width; x++)
			out[x] = p->dac[in[x]];
		break;
	case 15:
		line_15(in, m->width, out);
		break;
	case 16:
		line_16(in, m->width, out);
		break;
	case 24:
		line_24(in, m->width, out);
		break;
	default:
		memcpy(out, in, (size_t)m->width * 4);
	}
}

static uint32_t packed_bytes(const struct vga_linear *m)
{
	return m->bpp == 4 ? (m->width + 7) / 8 * 4 : m->width * ((m->bpp + 7) / 8);
}

static bool pages_dirty(const struct vga_host *h, uint32_t at, uint32_t len)
{
	for (uint32_t page = at >> PAGE_SHIFT; page <= (at + len - 1) >> PAGE_SHIFT; page++)
		if (h->dirty[page / 8] >> page % 8 & 1)
			return true;
	return false;
}

static uint32_t packed_line_at(const struct vga_linear *m, uint32_t y)
{
	uint32_t shift = m->double_y ? 1 : 0;

	if (y < m->split)
		return m->start + (y >> shift) * m->stride;
	return ((y - m->split) >> shift) * m->stride;
}

/* Lines that would run over the end of memory keep what they showed. */
static void draw_packed(struct dev *d, const struct vga_linear *m, bool all)
{
	struct vga_host *h = vga_host_of(d);
	uint32_t line[DISPLAY_MAX], len = packed_bytes(m);
	struct vga_palette p;
	struct canvas c;

	if (!canvas_open(&c, d, m->width, m->height))
		return;
	vga_draw_palette(d, &p);
	for (uint32_t y = 0; y < m->height; y++) {
		uint32_t at = packed_line_at(m, y);

		if (at > h->vram_size - len || (!all && !pages_dirty(h, at, len)))
			continue;
		packed_line(&p, m, h->vram + at, line);
		put_line(&c, y, line);
	}
}

/* ---- the VGA's own modes ---- */

static uint32_t size_of_character(const struct vga *s, bool text)
{
	return text && !(s->seq[SEQ_CLOCKING] & CLOCKING_8DOT) ? 9 : 8;
}

void vga_draw_geometry(const struct vga *s, struct vga_geometry *g)
{
	struct vga_timing t;

	vga_timing(s, &t);
	g->text = !(s->grc[GRC_MISC] & GMISC_GRAPHICS);
	g->dots = size_of_character(s, g->text);
	g->scale_x = s->seq[SEQ_CLOCKING] & CLOCKING_HALF ? 2 : 1;
	g->scale_y = s->crtc[CRTC_MODE] & CR17_X2 ? 2 : 1;
	g->chars = MIN(s->crtc[CRTC_HDISP_END] + 1u, DISPLAY_MAX / (g->dots * g->scale_x));
	g->width = g->chars * g->dots * g->scale_x;
	g->height = t.shown;
	g->start = (uint32_t)(s->crtc[CRTC_START_HI] << 8 | s->crtc[CRTC_START_LO]);
	g->offset = s->crtc[CRTC_OFFSET] * 2u;
	g->rows = (s->crtc[CRTC_MAX_SCAN] & 31) + 1u;
	g->repeat = s->crtc[CRTC_MAX_SCAN] & CR09_DOUBLE ? 2 : 1;
}

uint32_t vga_draw_address(const struct vga *s, uint32_t ma, uint32_t row)
{
	uint8_t mode = s->crtc[CRTC_MODE];

	if (s->crtc[CRTC_UNDERLINE] & CR14_DWORD)
		ma <<= 2;
	else if (!(mode & CR17_BYTE))
		ma <<= 1;
	if (!(mode & CR17_RA0))
		ma = (ma & ~(1u << 13)) | (row & 1) << 13;
	if (!(mode & CR17_RA1))
		ma = (ma & ~(1u << 14)) | (row >> 1 & 1) << 14;
	return ma & (VGA_PLANE_SIZE - 1);
}

/* Eight dots from the four bytes that the shift registers take. */
static void dots_planar(const struct vga_palette *p, const uint8_t *cell, uint32_t *out)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned bit = 7 - i;

		out[i] = p->attr[(cell[0] >> bit & 1) | (cell[1] >> bit & 1) << 1 |
				 (cell[2] >> bit & 1) << 2 | (cell[3] >> bit & 1) << 3];
	}
}

static void dots_cga(const struct vga_palette *p, const uint8_t *cell, uint32_t *out)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned shift = 6 - i % 4 * 2;

		out[i] = p->attr[(cell[i / 4] >> shift & 3) | (cell[2 + i / 4] >> shift & 3) << 2];
	}
}

/* A byte a pixel, two dots each; without AMODE_256 its halves are a dot each. */
static void dots_256(const struct vga *s, const struct vga_palette *p, const uint8_t *cell,
		     uint32_t *out)
{
	bool wide = s->attr[ATTR_MODE] & AMODE_256;

	for (unsigned i = 0; i < 8; i++) {
		uint8_t v = cell[i / 2];

		out[i] = wide ? p->dac[v] : p->attr[i % 2 ? v & 15 : v >> 4];
	}
}

static void graphics_line(const struct dev *d, const struct vga_palette *p,
			  const struct vga_geometry *g, uint32_t ma, uint32_t row, uint32_t *out)
{
	const struct vga *s = vga_of(d);
	const uint8_t *vram = vga_host_of(d)->vram;
	unsigned shift = s->crtc[CRTC_UNDERLINE] & CR14_COUNT4 ? 2
			 : s->crtc[CRTC_MODE] & CR17_COUNT2    ? 1
							       : 0;

	for (uint32_t i = 0; i <= g->chars; i++, out += 8) {
		const uint8_t *cell = vram + 4 * vga_draw_address(s, ma + (i >> shift), row);

		if (s->grc[GRC_MODE] & GMODE_SHIFT_256)
			dots_256(s, p, cell, out);
		else if (s->grc[GRC_MODE] & GMODE_SHIFT_CGA)
			dots_cga(p, cell, out);
		else
			dots_planar(p, cell, out);
	}
}

/* Dots that the picture moves to the left; nine-dot characters count 8, 0, 1, … 7. */
static uint32_t pan_of(const struct vga *s, const struct vga_geometry *g)
{
	uint32_t pan = s->attr[ATTR_PAN];

	if (g->dots == 9)
		return pan > 7 ? 0 : pan + 1;
	return pan & 7;
}

/* From dots to the screen's pixels; backwards, so that it works in place. */
static void widen(uint32_t *line, const uint32_t *dots, uint32_t width, uint32_t scale)
{
	if (scale == 1) {
		memmove(line, dots, width * 4);
		return;
	}
	for (uint32_t x = 0; x < width; x++)
		line[x] = dots[x / 2];
}

struct beam {
	uint32_t ma, row, repeated, pan, compare;
};

static void beam_start(struct beam *b, const struct vga *s, const struct vga_geometry *g)
{
	uint8_t preset = s->crtc[CRTC_PRESET_ROW];

	*b = (struct beam){.ma = g->start + (preset >> CR08_BYTE_PAN & 3u),
			   .row = preset & 31u,
			   .pan = pan_of(s, g)};
	b->compare = s->crtc[CRTC_LINE_COMPARE] | (s->crtc[CRTC_OVERFLOW] & CR07_LC8 ? 0x100u : 0) |
		     (s->crtc[CRTC_MAX_SCAN] & CR09_LC9 ? 0x200u : 0);
}

/* To the line after `line`. */
static void beam_next(struct beam *b, const struct vga *s, const struct vga_geometry *g,
		      uint32_t line)
{
	if (line == b->compare) {
		b->ma = b->row = b->repeated = 0;
		if (s->attr[ATTR_MODE] & AMODE_PAN_SPLIT)
			b->pan = 0;
		return;
	}
	if (++b->repeated < g->repeat)
		return;
	b->repeated = 0;
	if (++b->row >= g->rows) {
		b->row = 0;
		b->ma += g->offset;
	}
}

static void draw_own(struct dev *d, const struct vga_geometry *g, uint32_t phase)
{
	uint32_t dots[DISPLAY_MAX + 16], line[DISPLAY_MAX];
	const struct vga *s = vga_of(d);
	struct vga_palette p;
	struct canvas c;
	struct beam b;

	if (!canvas_open(&c, d, g->width, g->height))
		return;
	vga_draw_palette(d, &p);
	beam_start(&b, s, g);
	for (uint32_t y = 0; y < g->height; y++) {
		if (g->text)
			vga_draw_text_line(d, &p, g, b.ma, b.row, phase, dots);
		else
			graphics_line(d, &p, g, b.ma, b.row, dots);
		widen(line, dots + b.pan, g->width, g->scale_x);
		put_line(&c, y, line);
		if ((y + 1) % g->scale_y == 0)
			beam_next(&b, s, g, y / g->scale_y);
	}
}

/* ---- what is to be drawn ---- */

static void draw_blank(struct dev *d)
{
	static const uint32_t black[DISPLAY_MAX];
	struct display_layout at = display_size(vga_host_of(d)->display);
	struct canvas c;

	if (!canvas_open(&c, d, at.serial ? at.width : FIRST_WIDTH,
			 at.serial ? at.height : FIRST_HEIGHT))
		return;
	for (uint32_t y = 0; y < c.height; y++)
		put_line(&c, y, black);
}

static bool is_blank(const struct dev *d)
{
	const struct vga *s = vga_of(d);

	if (!(s->attr_index & ATTR_VIDEO))
		return true;
	return s->seq[SEQ_CLOCKING] & CLOCKING_OFF && !vga_host_of(d)->adapter->ignores_off;
}

/* The part of memory that is on the screen: whole pages, *n of them. */
static uint32_t shown_pages(const struct vga_host *h, const struct vga_linear *m, uint32_t *n)
{
	uint32_t first = 0, last = 4 * VGA_PLANE_SIZE - 1, pages = h->vram_size >> PAGE_SHIFT;

	if (m->bpp) {
		first = m->split < m->height ? 0 : m->start;
		last = packed_line_at(m, MIN(m->height, m->split) - 1) + packed_bytes(m);
	}
	first = MIN(first >> PAGE_SHIFT, pages - 1);
	last = MIN(last >> PAGE_SHIFT, pages - 1);
	*n = last >= first ? last - first + 1 : 1;
	return first;
}

static void pages_clean(struct vga_host *h, uint32_t first, uint32_t n)
{
	for (uint32_t page = first; page < first + n; page++)
		h->dirty[page / 8] &= (uint8_t) ~(1 << page % 8);
}

static void draw(struct dev *d, const struct vga_linear *m, uint32_t first, uint32_t n)
{
	struct vga_host *h = vga_host_of(d);
	uint32_t phase = vga_frame(d) / 8 & 3;
	struct vga_geometry g;

	if (m->bpp) {
		draw_packed(d, m, h->redraw);
		return;
	}
	vga_draw_geometry(vga_of(d), &g);
	if (h->redraw || (g.text && phase != h->phase) ||
	    pages_dirty(h, first << PAGE_SHIFT, n << PAGE_SHIFT))
		draw_own(d, &g, phase);
	h->phase = phase;
}

static void render(void *arg)
{
	struct dev *d = arg;
	struct vga_host *h = vga_host_of(d);
	struct display_cursor cursor = {0};
	struct vga_linear m = {0};
	uint32_t first, n;

	if (h->adapter->linear)
		h->adapter->linear(d, &m);
	if (is_blank(d)) {
		if (h->redraw)
			draw_blank(d);
		h->redraw = false;
		return;
	}
	first = shown_pages(h, &m, &n);
	dev_ram_dirty(d, VGA_RAM, first, n, h->dirty);
	draw(d, &m, first, n);
	pages_clean(h, first, n);
	h->redraw = false;
	if (!h->adapter->cursor)
		return;
	h->adapter->cursor(d, &cursor);
	display_set_cursor(h->display, &cursor);
}

const struct display_ops vga_display_ops = {.render = render, .text = vga_draw_text_cells};
