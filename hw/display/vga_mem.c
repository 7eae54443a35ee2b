/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga_mem.c: how the processor reads and writes the four planes: latches, write modes
 * 0-3, read modes 0 and 1, odd/even and chain-4 addressing.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 2-11, 2-77 ff.
 */
#include "hw/display/display.h"

static bool chain4(const struct vga *s, uint32_t addr)
{
	return !(addr & VGA_FLAT) && s->seq[SEQ_MODE] & MODE_CHAIN4;
}

static bool odd_even_write(const struct vga *s, uint32_t addr)
{
	return !(addr & VGA_FLAT) && !(s->seq[SEQ_MODE] & MODE_SEQUENTIAL);
}

static bool odd_even_read(const struct vga *s, uint32_t addr)
{
	return !(addr & VGA_FLAT) && s->grc[GRC_MODE] & GMODE_ODD_EVEN;
}

uint32_t vga_window_address(const struct vga *s, uint32_t at)
{
	static const struct {
		uint32_t base, len;
	} maps[4] = {{0, 0x20000}, {0, 0x10000}, {0x10000, 0x8000}, {0x18000, 0x8000}};
	unsigned map = s->grc[GRC_MISC] >> 2 & 3;

	if (!(s->misc & MISC_RAM) || at < maps[map].base || at - maps[map].base >= maps[map].len)
		return VGA_NOWHERE;
	return (at - maps[map].base) & (VGA_PLANE_SIZE - 1);
}

void vga_mark(struct dev *d, uint32_t at, uint32_t len)
{
	struct vga_host *h = vga_host_of(d);

	for (uint32_t page = at >> 12; page <= (at + len - 1) >> 12; page++)
		h->dirty[page / 8] |= (uint8_t)(1 << page % 8);
}

/* The four bytes at a plane address; two or four processor addresses share one. */
static uint8_t *cell(struct dev *d, uint32_t addr)
{
	const struct vga_host *h = vga_host_of(d);
	const struct vga *s = vga_of(d);

	if (chain4(s, addr))
		addr &= ~3u;
	else if (odd_even_write(s, addr) || odd_even_read(s, addr))
		addr &= ~1u;
	return h->vram + ((addr & ~VGA_FLAT) * 4 & (h->vram_size - 1));
}

/* ---- reading ---- */

static uint8_t compare(const struct vga *s)
{
	uint8_t differs = 0;

	for (unsigned p = 0; p < 4; p++)
		if (s->grc[GRC_CARE] >> p & 1)
			differs |= s->latch[p] ^ (s->grc[GRC_COMPARE] >> p & 1 ? 0xff : 0);
	return (uint8_t)~differs;
}

uint8_t vga_plane_read(struct dev *d, uint32_t addr)
{
	struct vga *s = vga_of(d);
	unsigned plane = s->grc[GRC_READ_MAP];

	memcpy(s->latch, cell(d, addr), 4);
	if (s->grc[GRC_MODE] & GMODE_READ_COMPARE)
		return compare(s);
	if (chain4(s, addr))
		plane = addr & 3;
	else if (odd_even_read(s, addr))
		plane = (plane & 2) | (addr & 1);
	return s->latch[plane];
}

/* ---- writing ---- */

static unsigned planes_of(const struct vga *s, uint32_t addr)
{
	unsigned planes = s->seq[SEQ_MAP_MASK];

	if (chain4(s, addr))
		return planes & 1u << (addr & 3);
	return odd_even_write(s, addr) ? planes & (addr & 1 ? 0x0a : 0x05) : planes;
}

static uint8_t rotated(const struct vga *s, uint8_t val)
{
	unsigned n = s->grc[GRC_ROTATE] & 7;

	return (uint8_t)(val >> n | val << (8 - n));
}

static uint8_t fill(unsigned bits, unsigned plane)
{
	return bits >> plane & 1 ? 0xff : 0;
}

/* What the processor's byte is for one plane, before the function unit. */
static uint8_t source(const struct vga *s, uint8_t val, unsigned plane)
{
	switch (s->grc[GRC_MODE] & 3) {
	case 2:
		return fill(val, plane);
	case 3:
		return fill(s->grc[GRC_SET_RESET], plane);
	default:
		return s->grc[GRC_ENABLE_SR] >> plane & 1 ? fill(s->grc[GRC_SET_RESET], plane)
							  : rotated(s, val);
	}
}

static uint8_t function(const struct vga *s, uint8_t val, uint8_t latch)
{
	switch (s->grc[GRC_ROTATE] >> 3) {
	case 1:
		return val & latch;
	case 2:
		return val | latch;
	case 3:
		return val ^ latch;
	default:
		return val;
	}
}

void vga_plane_write(struct dev *d, uint32_t addr, uint8_t val)
{
	struct vga_host *h = vga_host_of(d);
	const struct vga *s = vga_of(d);
	uint8_t *to = cell(d, addr), mask = s->grc[GRC_BIT_MASK];
	unsigned planes = planes_of(s, addr), mode = s->grc[GRC_MODE] & 3;

	if (mode == 3)
		mask &= rotated(s, val);
	for (unsigned p = 0; p < 4; p++) {
		uint8_t v;

		if (!(planes >> p & 1))
			continue;
		v = mode == 1 ? s->latch[p] : function(s, source(s, val, p), s->latch[p]);
		to[p] = mode == 1 ? v : (uint8_t)((v & mask) | (s->latch[p] & ~mask));
	}
	vga_mark(d, (uint32_t)(to - h->vram), 4);
}

/* ---- the window ---- */

uint64_t vga_mem_read(struct dev *d, const struct access *a)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < a->size; i++) {
		uint32_t at = vga_host_of(d)->adapter->address(d, a->index + i);
		uint8_t v = 0xff;

		if (at & VGA_DIRECT && at != VGA_NOWHERE)
			v = vga_host_of(d)->vram[at & ~VGA_DIRECT];
		else if (at != VGA_NOWHERE)
			v = vga_plane_read(d, at);
		out |= (uint64_t)v << 8 * i;
	}
	return out;
}

void vga_mem_written(struct dev *d, const struct access *a)
{
	for (unsigned i = 0; i < a->size; i++) {
		uint32_t at = vga_host_of(d)->adapter->address(d, a->index + i);
		uint8_t v = (uint8_t)(a->val >> 8 * i);

		if (at == VGA_NOWHERE)
			continue;
		if (!(at & VGA_DIRECT)) {
			vga_plane_write(d, at, v);
			continue;
		}
		vga_host_of(d)->vram[at & ~VGA_DIRECT] = v;
		vga_mark(d, at & ~VGA_DIRECT, 1);
	}
}
