/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/cirrus_mem.c: how the processor reaches the CL-GD5446's memory: banks at a0000h,
 * the linear frame buffer, extended write modes 4 and 5, data of a BLT, registers in memory.
 *
 * Spec: Cirrus Logic CL-GD5446 Technical Reference Manual (November 1996), GR9-GRB, SR17,
 *       appendix D5 (memory configurations), D6 (write modes)
 */
#include "hw/display/cirrus.h"

enum { BANK_LEN = 0x10000, MMIO_AT = 0x18000, MMIO_LEN = 0x100 };

static bool extended_write(const struct cirrus *s)
{
	return cirrus_gr(s, 0x0b) & GRB_EXT_WRITE && (s->gr5 & 7) >= 4 && (s->gr5 & 7) <= 5;
}

static bool by16(const struct cirrus *s)
{
	uint8_t want = GRB_EXT_WRITE | GRB_BY16;

	return (cirrus_gr(s, 0x0b) & want) == want;
}

static bool mmio_linear(const struct cirrus *s)
{
	uint8_t want = SR17_MMIO | SR17_MMIO_LINEAR;

	return (cirrus_sr(s, 0x17) & want) == want;
}

static bool mmio_low(const struct cirrus *s)
{
	return cirrus_sr(s, 0x17) & SR17_MMIO && !mmio_linear(s);
}

bool cirrus_plain_memory(const struct cirrus *s)
{
	return s->blt.state == BLT_IDLE && !mmio_linear(s) && !extended_write(s) && !by16(s) &&
	       !(cirrus_gr(s, 0x0b) & GRB_BY8);
}

/* ---- a byte of memory ---- */

/* Eight pixels for the bits of a byte: ones in the foreground colour; in mode 5 zeros in the
 * background's. */
static void write_pixels(struct dev *d, uint32_t at, uint8_t bits)
{
	const struct cirrus *s = cirrus_of(d);
	const struct vga_host *h = vga_host_of(d);
	uint32_t size = by16(s) ? 2 : 1, mask = h->vram_size - 1;
	const uint8_t color[2][2] = {{s->gr0, cirrus_gr(s, 0x10)}, {s->gr1, cirrus_gr(s, 0x11)}};

	for (uint32_t i = 0; i < 8 * size; i++) {
		bool bit = bits >> (7 - i / size) & 1;

		if (bit || (s->gr5 & 7) == 5)
			h->vram[(at + i) & mask] = color[bit][i % size];
	}
	vga_mark(d, at & mask, 1);
	vga_mark(d, (at + 8 * size - 1) & mask, 1);
}

/* BY8 and BY16: an address of the processor counts eight pixels. */
static uint32_t scaled(const struct cirrus *s, uint32_t at)
{
	return by16(s) ? at << 4 : cirrus_gr(s, 0x0b) & GRB_BY8 ? at << 3 : at;
}

static void put(struct dev *d, uint32_t at, uint8_t val)
{
	const struct cirrus *s = cirrus_of(d);
	const struct vga_host *h = vga_host_of(d);

	at = scaled(s, at) & (h->vram_size - 1);
	if (extended_write(s)) {
		write_pixels(d, at, val);
		return;
	}
	h->vram[at] = val;
	vga_mark(d, at, 1);
}

static uint8_t get(struct dev *d, uint32_t at)
{
	const struct vga_host *h = vga_host_of(d);

	return h->vram[scaled(cirrus_of(d), at) & (h->vram_size - 1)];
}

/* ---- the window at a0000h ---- */

/* Bank 0 or, in the upper half when there are two, bank 1. */
static uint32_t banked(const struct cirrus *s, uint32_t at)
{
	uint8_t grb = cirrus_gr(s, 0x0b);
	bool second = grb & GRB_DUAL && at & 0x8000;
	uint32_t bank = cirrus_gr(s, second ? 0x0a : 0x09);

	if (grb & GRB_DUAL)
		at &= 0x7fff;
	return at + (bank << (grb & GRB_16K ? 14 : 12));
}

static uint8_t window_read(struct dev *d, uint32_t at)
{
	const struct cirrus *s = cirrus_of(d);

	if (mmio_low(s) && at - MMIO_AT < MMIO_LEN)
		return (uint8_t)dev_read(d, CIRRUS_REGION_BLT, at - MMIO_AT, 1);
	if (s->blt.state == BLT_GIVES && at < BANK_LEN)
		return cirrus_blt_give(d);
	if (cirrus_sr(s, 7) & SR7_PACKED)
		return at < BANK_LEN ? get(d, banked(s, at)) : 0xff;
	at = vga_window_address(&s->vga, at);
	return at == VGA_NOWHERE ? 0xff : vga_plane_read(d, at);
}

static void window_write(struct dev *d, uint32_t at, uint8_t val)
{
	const struct cirrus *s = cirrus_of(d);

	if (mmio_low(s) && at - MMIO_AT < MMIO_LEN) {
		dev_write(d, CIRRUS_REGION_BLT, at - MMIO_AT, 1, val);
	} else if (s->blt.state == BLT_TAKES && at < BANK_LEN) {
		cirrus_blt_take(d, val);
	} else if (cirrus_sr(s, 7) & SR7_PACKED) {
		if (at < BANK_LEN)
			put(d, banked(s, at), val);
	} else {
		at = vga_window_address(&s->vga, at);
		if (at != VGA_NOWHERE)
			vga_plane_write(d, at, val);
	}
}

uint64_t cirrus_mem_read(struct dev *d, const struct access *a)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < a->size; i++)
		out |= (uint64_t)window_read(d, a->index + i) << 8 * i;
	return out;
}

void cirrus_mem_written(struct dev *d, const struct access *a)
{
	for (unsigned i = 0; i < a->size; i++)
		window_write(d, a->index + i, (uint8_t)(a->val >> 8 * i));
}

/* ---- the linear frame buffer, while it is not mapped as memory ---- */

/* The last 256 bytes of the memory may be the blitter's registers. */
static bool is_mmio(struct dev *d, uint32_t at)
{
	uint32_t size = vga_host_of(d)->vram_size;

	return mmio_linear(cirrus_of(d)) && at < CIRRUS_BLT_APERTURE &&
	       (at & (size - 1)) >= size - MMIO_LEN;
}

static uint8_t linear_read(struct dev *d, uint32_t at)
{
	if (is_mmio(d, at))
		return (uint8_t)dev_read(d, CIRRUS_REGION_BLT, at & (MMIO_LEN - 1), 1);
	if (cirrus_of(d)->blt.state == BLT_GIVES)
		return cirrus_blt_give(d);
	return at < CIRRUS_BLT_APERTURE ? get(d, at) : 0xff;
}

static void linear_write(struct dev *d, uint32_t at, uint8_t val)
{
	if (is_mmio(d, at))
		dev_write(d, CIRRUS_REGION_BLT, at & (MMIO_LEN - 1), 1, val);
	else if (cirrus_of(d)->blt.state == BLT_TAKES)
		cirrus_blt_take(d, val);
	else if (at < CIRRUS_BLT_APERTURE)
		put(d, at, val);
}

uint64_t cirrus_lfb_read(struct dev *d, const struct access *a)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < a->size; i++)
		out |= (uint64_t)linear_read(d, a->index + i) << 8 * i;
	return out;
}

void cirrus_lfb_written(struct dev *d, const struct access *a)
{
	for (unsigned i = 0; i < a->size; i++)
		linear_write(d, a->index + i, (uint8_t)(a->val >> 8 * i));
}
