/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/cirrus_blt.c: the CL-GD5446's blitter. Between two places of its memory a BLT is done
 * when the start bit has been written; with the processor on one side it goes on line by line.
 *
 * Spec: Cirrus Logic CL-GD5446 Technical Reference Manual (November 1996), chapter 5 (GR20-GR39),
 *       appendix D8 (BitBLT engine)
 */
#include "hw/display/cirrus.h"

struct surface {
	uint8_t *p;
	uint32_t mask;
};

static struct surface memory_of(struct dev *d)
{
	const struct vga_host *h = vga_host_of(d);

	return (struct surface){h->vram, h->vram_size - 1};
}

static uint32_t pixel_bytes(const struct cirrus_blt *b)
{
	return ((b->mode & BLT_WIDTH) >> 4) + 1u;
}

static uint32_t pixels_of(const struct cirrus_blt *b)
{
	return (b->width + pixel_bytes(b) - 1) / pixel_bytes(b);
}

/* ---- raster operations: GR32, one of sixteen ---- */

static uint8_t rop(uint8_t code, uint8_t s, uint8_t d)
{
	switch (code) {
	case 0x00:
		return 0;
	case 0x05:
		return s & d;
	case 0x06:
		return d;
	case 0x09:
		return (uint8_t)(s & ~d);
	case 0x0b:
		return (uint8_t)~d;
	case 0x0e:
		return 0xff;
	case 0x50:
		return (uint8_t)(~s & d);
	case 0x59:
		return s ^ d;
	case 0x6d:
		return s | d;
	case 0x90:
		return (uint8_t) ~(s | d);
	case 0x95:
		return (uint8_t) ~(s ^ d);
	case 0xad:
		return (uint8_t)(s | ~d);
	case 0xd0:
		return (uint8_t)~s;
	case 0xd6:
		return (uint8_t)(~s | d);
	case 0xda:
		return (uint8_t) ~(s & d);
	default: /* 0x0d */
		return s;
	}
}

/* ---- a line of source pixels ---- */

struct line {
	uint8_t px[BLT_LINE_MAX];
	bool off[BLT_LINE_MAX]; /* not to be written: a transparent pixel of a bitmap */
	uint32_t first;         /* byte that is the first to be written */
};

/* Foreground and background, byte by byte of a pixel. */
static void colors_of(const struct cirrus *s, uint8_t fg[4], uint8_t bg[4])
{
	fg[0] = s->gr1;
	bg[0] = s->gr0;
	for (unsigned i = 1; i < 4; i++) {
		bg[i] = cirrus_gr(s, 0x0e + 2 * i);
		fg[i] = cirrus_gr(s, 0x0f + 2 * i);
	}
}

/* Bits become pixels; with transparency those of one value stay as they were. */
static void expand(const struct cirrus *s, const uint8_t *bits, uint32_t wrap, struct line *l)
{
	const struct cirrus_blt *b = &s->blt;
	bool clear = b->mode & BLT_TRANSPARENT, keep = b->ext & BLTX_INVERT;
	uint32_t n = pixel_bytes(b);
	uint8_t color[2][4];

	colors_of(s, color[1], color[0]);
	for (uint32_t i = 0; i < b->width; i++) {
		uint32_t x = i / n;
		bool bit = bits[(x & wrap) / 8] >> (7 - x % 8) & 1;

		l->px[i] = color[bit][i % n];
		l->off[i] = clear && bit == keep;
	}
}

static uint32_t skipped(const struct cirrus_blt *b)
{
	if (!(b->mode & (BLT_EXPAND | BLT_PATTERN)))
		return 0;
	return pixel_bytes(b) == 3 ? b->skip & 31u : (b->skip & 7u) * pixel_bytes(b);
}

/* `from`: the processor's bytes, NULL: the memory's. */
static void copy_line(struct surface m, const struct cirrus_blt *b, const uint8_t *from,
		      struct line *l)
{
	for (uint32_t i = 0; i < b->width; i++)
		l->px[i] = from                     ? from[i]
			   : b->mode & BLT_BACKWARD ? m.p[(b->src - i) & m.mask]
						    : m.p[(b->src + i) & m.mask];
}

/* Eight rows; the low bits of the source's address say with which one it begins. */
static void pattern_line(struct surface m, const struct cirrus *s, const uint8_t *from,
			 struct line *l)
{
	const struct cirrus_blt *b = &s->blt;
	uint32_t n = pixel_bytes(b), row = (b->src + b->y) & 7, pitch = n == 3 ? 32 : 8 * n;
	uint32_t base = b->src & ~7u;
	uint8_t bits;

	if (b->mode & BLT_EXPAND) {
		bits = b->ext & BLTX_SOLID ? 0xff : from ? from[row] : m.p[(base + row) & m.mask];
		expand(s, &bits, 7, l);
		return;
	}
	for (uint32_t i = 0; i < b->width; i++) {
		uint32_t at = row * (from ? 8 * n : pitch) + i % (8 * n);

		l->px[i] = from ? from[at] : m.p[(base + at) & m.mask];
	}
}

static void source_line(struct dev *d, const uint8_t *from, struct line *l)
{
	const struct cirrus *s = cirrus_of(d);
	const struct cirrus_blt *b = &s->blt;
	struct surface m = memory_of(d);
	uint8_t bits[BLT_LINE_MAX / 8];

	memset(l->off, 0, sizeof(l->off));
	l->first = skipped(b);
	if (b->mode & BLT_PATTERN) {
		pattern_line(m, s, from, l);
		return;
	}
	if (!(b->mode & BLT_EXPAND)) {
		copy_line(m, b, from, l);
		return;
	}
	for (uint32_t i = 0; i < (pixels_of(b) + 7) / 8; i++)
		bits[i] = from ? from[i] : m.p[(b->src + i) & m.mask];
	expand(s, bits, ~0u, l);
}

/* ---- a line of destination ---- */

static void mark(struct dev *d, uint32_t first, uint32_t len)
{
	uint32_t size = vga_host_of(d)->vram_size, part = MIN(len, size - first);

	vga_mark(d, first, part);
	if (len > part)
		vga_mark(d, 0, len - part);
}

/* Colour key (GR34, GR35) of 8- and 16-bit pixels: results of that value are not written. */
static void key_out(const struct cirrus *s, struct line *l)
{
	const struct cirrus_blt *b = &s->blt;
	bool back = b->mode & BLT_BACKWARD;
	uint32_t n = pixel_bytes(b);
	uint8_t low = cirrus_gr(s, 0x34), high = cirrus_gr(s, 0x35);

	for (uint32_t i = 0; n == 1 && i < b->width; i++)
		l->off[i] = l->px[i] == low;
	for (uint32_t i = 0; n == 2 && i + 1 < b->width; i += 2)
		l->off[i] = l->off[i + 1] = l->px[i + back] == low && l->px[i + !back] == high;
}

static void put_line(struct dev *d, struct line *l)
{
	const struct cirrus *s = cirrus_of(d);
	const struct cirrus_blt *b = &s->blt;
	bool back = b->mode & BLT_BACKWARD;
	struct surface m = memory_of(d);

	for (uint32_t i = l->first; i < b->width; i++) {
		uint32_t at = (back ? b->dst - i : b->dst + i) & m.mask;

		l->px[i] = rop(b->rop, l->px[i], m.p[at]);
	}
	if (b->mode & BLT_TRANSPARENT && !(b->mode & BLT_EXPAND))
		key_out(s, l);
	for (uint32_t i = l->first; i < b->width; i++)
		if (!l->off[i])
			m.p[(back ? b->dst - i : b->dst + i) & m.mask] = l->px[i];
	mark(d, (back ? b->dst - (b->width - 1u) : b->dst) & m.mask, b->width);
}

/* ---- line by line ---- */

static void next_line(struct cirrus_blt *b, bool expanded_source)
{
	uint32_t src = expanded_source ? (pixels_of(b) + 7) / 8 : b->src_pitch;
	bool back = b->mode & BLT_BACKWARD;

	if (!(b->mode & BLT_PATTERN))
		b->src = back ? b->src - b->src_pitch : b->src + src;
	b->dst = back ? b->dst - b->dst_pitch : b->dst + b->dst_pitch;
	b->y++;
}

static void line_done(struct dev *d, const uint8_t *from)
{
	struct cirrus_blt *b = &cirrus_of(d)->blt;
	struct line l;

	source_line(d, from, &l);
	put_line(d, &l);
	next_line(b, b->mode & BLT_EXPAND);
}

static void blt_end(struct cirrus *s)
{
	memset(&s->blt, 0, sizeof(s->blt));
	s->gr[0x31 - GR_FIRST] &= (uint8_t) ~(BLT_BUSY | BLT_START | BLT_PROGRESS);
}

/* Bytes that the processor brings at once: a line, or the pattern. */
static uint32_t bytes_taken(const struct cirrus_blt *b)
{
	uint32_t bits = (pixels_of(b) + 7) / 8;

	if (b->mode & BLT_PATTERN)
		return b->mode & BLT_EXPAND ? 8 : 64 * pixel_bytes(b);
	if (b->mode & BLT_EXPAND)
		return b->ext & BLTX_DWORDS ? (bits + 3) & ~3u : bits;
	return (b->width + 3u) & ~3u;
}

void cirrus_blt_take(struct dev *d, uint8_t val)
{
	struct cirrus *s = cirrus_of(d);
	struct cirrus_blt *b = &s->blt;

	b->buf[b->len++] = val;
	if (b->len < bytes_taken(b))
		return;
	b->len = 0;
	do {
		line_done(d, b->buf);
	} while (b->mode & BLT_PATTERN && b->y < b->height);
	if (b->y == b->height)
		blt_end(s);
}

/* The next line for the processor, padded to doublewords. */
static void fetch_line(struct dev *d)
{
	struct cirrus_blt *b = &cirrus_of(d)->blt;
	struct line l;

	copy_line(memory_of(d), b, NULL, &l);
	memset(b->buf, 0, sizeof(b->buf));
	memcpy(b->buf, l.px, b->width);
	b->len = (b->width + 3u) & ~3u;
	b->at = 0;
}

uint8_t cirrus_blt_give(struct dev *d)
{
	struct cirrus *s = cirrus_of(d);
	struct cirrus_blt *b = &s->blt;
	uint8_t val = b->buf[b->at++];

	if (b->at < b->len)
		return val;
	next_line(b, false);
	if (b->y == b->height)
		blt_end(s);
	else
		fetch_line(d);
	return val;
}

bool cirrus_blt_valid(const struct cirrus *s)
{
	const struct cirrus_blt *b = &s->blt;

	if (b->state == BLT_IDLE)
		return !b->len && !b->at && !b->width && !b->height;
	if (!b->width || b->width > BLT_LINE_MAX || b->y >= b->height)
		return false;
	if (b->state == BLT_TAKES)
		return b->len < bytes_taken(b) && !b->at;
	return b->len == ((b->width + 3u) & ~3u) && b->at < b->len;
}

/* ---- starting ---- */

static uint16_t word_at(const struct cirrus *s, unsigned n)
{
	return (uint16_t)(cirrus_gr(s, n) | cirrus_gr(s, n + 1) << 8);
}

static uint32_t address_at(const struct cirrus *s, unsigned n)
{
	return word_at(s, n) | (uint32_t)cirrus_gr(s, n + 2) << 16;
}

static void start(struct dev *d)
{
	struct cirrus *s = cirrus_of(d);
	struct cirrus_blt *b = &s->blt;

	*b = (struct cirrus_blt){.dst = address_at(s, 0x28),
				 .src = address_at(s, 0x2c),
				 .width = (uint16_t)(word_at(s, 0x20) + 1),
				 .height = (uint16_t)(word_at(s, 0x22) + 1),
				 .dst_pitch = word_at(s, 0x24),
				 .src_pitch = word_at(s, 0x26),
				 .mode = cirrus_gr(s, 0x30),
				 .ext = cirrus_gr(s, 0x33),
				 .rop = cirrus_gr(s, 0x32),
				 .skip = cirrus_gr(s, 0x2f)};
	s->gr[0x31 - GR_FIRST] |= BLT_BUSY | BLT_PROGRESS;
	if (b->mode & BLT_FROM_CPU) {
		b->state = BLT_TAKES;
		return;
	}
	if (b->mode & BLT_TO_CPU) {
		b->state = BLT_GIVES;
		fetch_line(d);
		return;
	}
	while (b->y < b->height)
		line_done(d, NULL);
	blt_end(s);
}

void cirrus_blt_control_written(struct dev *d, const struct access *a)
{
	struct cirrus *s = cirrus_of(d);

	if (a->val & BLT_RESET)
		blt_end(s);
	else if (!(a->old & BLT_START) && a->val & BLT_START)
		start(d);
}

/* With autostart the highest byte of the destination's address starts it. */
void cirrus_blt_auto_written(struct dev *d, const struct access *a)
{
	const struct cirrus *s = cirrus_of(d);

	(void)a;
	if (cirrus_gr(s, 0x31) & BLT_AUTO && s->blt.state == BLT_IDLE)
		start(d);
}
