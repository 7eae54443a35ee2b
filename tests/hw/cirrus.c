/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/cirrus*.c: registers, memory and picture, from the CL-GD5446 Technical Reference
 * Manual. The blitter: cirrus_blt.c.
 */
#include "base/util.h"
#include "tests/hw/laws.h"
#include "tests/hw/screen.h"

#define CIRRUS "-nodefaults -vga cirrus"
enum { VGA_FN = 2 << 3, LFB = 0xe0000000, MMIO = 0xf0000000, MEM = 0xa0000 };

static void bars(struct guest *b)
{
	bus_cfg_write(b, VGA_FN, 0x10, 4, LFB);
	bus_cfg_write(b, VGA_FN, 0x14, 4, MMIO);
	bus_cfg_write(b, VGA_FN, 4, 2, 3);
}

static void hidden_dac(struct guest *b, uint8_t val)
{
	for (unsigned i = 0; i < 4; i++)
		bus_in(b, 0x3c6, 1);
	bus_out(b, 0x3c6, 1, val);
}

/* 640x480, `sr7` the format, lines of `stride` bytes. */
static void packed(struct guest *b, uint8_t sr7, uint8_t hdr, uint16_t stride)
{
	bars(b);
	screen_mode(b, &mode_12);
	screen_seq(b, 6, 0x12);
	screen_seq(b, 7, sr7);
	screen_seq(b, 4, 0x0e);
	screen_crtc(b, 0x13, (uint8_t)(stride / 8));
	screen_crtc(b, 0x1b, (uint8_t)(0x22 | (stride / 8 >> 8) << 4));
	hidden_dac(b, hdr);
}

BUS_TEST(cirrus_on_pci, CIRRUS)
{
	EQ(0x00b81013, bus_cfg_read(b, VGA_FN, 0, 4));
	EQ(0x03000000, bus_cfg_read(b, VGA_FN, 8, 4));
	bus_cfg_write(b, VGA_FN, 0x10, 4, 0xffffffff);
	bus_cfg_write(b, VGA_FN, 0x14, 4, 0xffffffff);
	EQ(0xfe000008, bus_cfg_read(b, VGA_FN, 0x10, 4));
	EQ(0xfffff000, bus_cfg_read(b, VGA_FN, 0x14, 4));
}

BUS_TEST(cirrus_identifies_itself, CIRRUS)
{
	bus_out(b, 0x3c2, 1, 1);
	EQ(0x0f, screen_seq_get(b, 6));
	screen_seq(b, 6, 0x92); /* bits 7, 6, 5 and 3 do not count */
	EQ(0x12, screen_seq_get(b, 6));
	screen_seq(b, 6, 0x00);
	EQ(0x0f, screen_seq_get(b, 6));
	EQ(0xb8, screen_crtc_get(b, 0x27));       /* GD5446 */
	EQ(0x98, screen_seq_get(b, 0x0f));        /* 4 MiB */
	EQ(0x20, screen_seq_get(b, 0x17) & 0x38); /* PCI */
}

BUS_TEST(cirrus_readback, CIRRUS)
{
	bus_out(b, 0x3c2, 1, 1);
	bus_in(b, 0x3da, 1);
	EQ(0, screen_crtc_get(b, 0x24));
	bus_out(b, 0x3c0, 1, 0x35);
	EQ(0x80, screen_crtc_get(b, 0x24)); /* the data is next */
	EQ(0x35, screen_crtc_get(b, 0x26));
}

/* The fifth access to the mask's port in a row is another register. */
BUS_TEST(cirrus_hidden_dac, CIRRUS)
{
	bus_out(b, 0x3c6, 1, 0x7f);
	for (unsigned i = 0; i < 4; i++)
		EQ(0x7f, bus_in(b, 0x3c6, 1));
	bus_out(b, 0x3c6, 1, 0xe1);
	EQ(0x7f, bus_in(b, 0x3c6, 1));
	bus_out(b, 0x3c6, 1, 0xff);
	for (unsigned i = 0; i < 4; i++)
		EQ(0xff, bus_in(b, 0x3c6, 1));
	EQ(0xe1, bus_in(b, 0x3c6, 1));
	EQ(0xff, bus_in(b, 0x3c6, 1));
}

/* ---- the picture ---- */

BUS_TEST(cirrus_packed_modes, CIRRUS)
{
	static const struct {
		uint8_t sr7, hdr, bytes;
		uint32_t raw, want;
	} rows[] = {{0x03, 0xe1, 2, 0xf81f, 0xff00ff},
		    {0x07, 0xe1, 2, 0x07e0, 0x00ff00},
		    {0x07, 0xf0, 2, 0x03e0, 0x00ff00},
		    {0x05, 0xe5, 3, 0x123456, 0x123456},
		    {0x09, 0xe5, 4, 0x89abcd, 0x89abcd}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t stride = 640u * rows[i].bytes, at = 479 * stride + 639 * rows[i].bytes;

		NOTE("SR7 %x HDR %x", rows[i].sr7, rows[i].hdr);
		packed(b, rows[i].sr7, rows[i].hdr, (uint16_t)stride);
		for (unsigned n = 0; n < rows[i].bytes; n++)
			bus_write(b, LFB + at + n, 1, rows[i].raw >> 8 * n);
		EQ(640, screen_look(b)->width);
		EQ(480, screen_look(b)->height);
		EQ(rows[i].want, screen_pixel(screen_look(b), 639, 479));
		bus_write(b, LFB + at - 1, 4, 0);
	}
}

BUS_TEST(cirrus_8_bits_and_start, CIRRUS)
{
	packed(b, 0x01, 0, 640);
	bus_write(b, LFB + 641, 1, 0x2a);
	EQ(screen_color(0x2a), screen_pixel(screen_look(b), 1, 1));
	/* The start counts fours; its upper bits are in CR1B and CR1D. */
	bus_write(b, LFB + (1 << 18) + (1 << 20) + 4 * 0x123, 1, 0x15);
	screen_crtc(b, 0x0c, 0x01);
	screen_crtc(b, 0x0d, 0x23);
	screen_crtc(b, 0x1b, 0x22 | 1 | 8);
	EQ(screen_color(0x15), screen_pixel(screen_look(b), 0, 0));
	screen_crtc(b, 0x1b, 0x22 | 1);
	EQ(screen_color(0), screen_pixel(screen_look(b), 0, 0));
	bus_write(b, LFB + (1 << 18) + 4 * 0x123, 1, 0x16);
	EQ(screen_color(0x16), screen_pixel(screen_look(b), 0, 0));
	bus_write(b, LFB + (1 << 21) + 4 * 0x123, 1, 0x17);
	screen_crtc(b, 0x1b, 0x22);
	screen_crtc(b, 0x1d, 0x80);
	EQ(screen_color(0x17), screen_pixel(screen_look(b), 0, 0));
}

/* Two planes of 64 by 64 bits at the end of memory: nothing, inverted, colours 0 and 15. */
BUS_TEST(cirrus_pointer, CIRRUS)
{
	uint32_t pattern = LFB + (4u << 20) - (16u << 10);
	const struct picture *p;

	packed(b, 0x01, 0, 640);
	bus_write(b, pattern, 1, 0x50);     /* plane 0 of the first row */
	bus_write(b, pattern + 8, 1, 0x30); /* plane 1 */
	bus_write(b, pattern + 63 * 16 + 15, 1, 0x01);
	screen_seq(b, 0x12, 0x05 | 2);
	screen_dac(b, 0, 0x3f0000);
	screen_dac(b, 15, 0x003f00);
	screen_seq(b, 0x12, 0x05);
	screen_seq(b, 0x13, 0);
	bus_out(b, 0x3c4, 2, 100 / 8 << 8 | (100 % 8) << 5 | 0x10);
	bus_out(b, 0x3c4, 2, 203 / 8 << 8 | (203 % 8) << 5 | 0x11);
	p = screen_look(b);
	EQ(screen_color(0), screen_pixel(p, 100, 203));
	EQ(~screen_color(0) & 0xffffff, screen_pixel(p, 101, 203));
	EQ(0xff0000, screen_pixel(p, 102, 203));
	EQ(0x00ff00, screen_pixel(p, 103, 203));
	EQ(0xff0000, screen_pixel(p, 163, 266));
	/* The palette itself did not change. */
	bus_out(b, 0x3c7, 1, 15);
	EQ(15, bus_in(b, 0x3c9, 1));
	/* 32 by 32: plane 1 lies 128 bytes behind plane 0. */
	bus_write(b, pattern + 8, 1, 0);
	bus_write(b, pattern + 128, 1, 0x30);
	screen_seq(b, 0x12, 0x01);
	EQ(0x00ff00, screen_pixel(screen_look(b), 103, 203));
	screen_seq(b, 0x12, 0x00);
	EQ(screen_color(0), screen_pixel(screen_look(b), 103, 203));
}

/* ---- memory ---- */

/* Banks of 4 or 16 KiB, one for the window or one for each half of it. */
BUS_TEST(cirrus_banks, CIRRUS)
{
	packed(b, 0x01, 0, 640);
	screen_grc(b, 9, 3);
	bus_write(b, MEM + 5, 1, 0x11);
	EQ(0x11, bus_read(b, LFB + 0x3005, 1));
	screen_grc(b, 0x0b, 0x20);
	bus_write(b, MEM + 0x8005, 1, 0x22);
	EQ(0x22, bus_read(b, LFB + 0xc000 + 0x8005, 1));
	screen_grc(b, 0x0b, 0x21);
	screen_grc(b, 0x0a, 9);
	bus_write(b, MEM + 0x8005, 1, 0x33);
	EQ(0x33, bus_read(b, LFB + 9 * 0x4000 + 5, 1));
	EQ(0x33, bus_read(b, MEM + 0x8005, 1));
	EQ(0xff, bus_read(b, MEM + 0x10000, 1));
}

/* Modes 4 and 5: a byte is eight pixels, in the foreground colour, or in that and background. */
BUS_TEST(cirrus_extended_writes, CIRRUS)
{
	uint8_t got[16];

	packed(b, 0x01, 0, 640);
	bus_write(b, LFB + 64, 8, 0x0808080808080808);
	screen_grc(b, 0x0b, 0x06); /* extended modes, eight bytes an address */
	screen_grc(b, 0, 0xb0);
	screen_grc(b, 1, 0xf1);
	screen_grc(b, 5, 4);
	EQ(0xb0, screen_grc_get(b, 0));
	bus_write(b, MEM + 8, 1, 0xa1);
	screen_grc(b, 5, 5);
	bus_write(b, MEM + 9, 1, 0x0f);
	screen_grc(b, 0x0b, 0);
	bus_memread(b, LFB + 64, got, 16);
	EQM("\xf1\x08\xf1\x08\x08\x08\x08\xf1\xb0\xb0\xb0\xb0\xf1\xf1\xf1\xf1", got, 16);
	/* 16-bit pixels, through the frame buffer too. */
	screen_grc(b, 0x0b, 0x14);
	screen_grc(b, 0x10, 0xb1);
	screen_grc(b, 0x11, 0xf2);
	bus_write(b, LFB + 16, 1, 0x80);
	screen_grc(b, 0x0b, 0);
	bus_memread(b, LFB + 256, got, 4);
	EQM("\xf1\xf2\xb0\xb1", got, 4);
}

BUS_TEST(cirrus_registers_in_memory, CIRRUS)
{
	packed(b, 0x01, 0, 640);
	bus_write(b, MMIO + 0x100, 4, 0x44332211);
	EQ(0x11, screen_grc_get(b, 0x00));
	EQ(0x22, screen_grc_get(b, 0x10));
	EQ(0x44, screen_grc_get(b, 0x14));
	EQ(0x44332211, bus_read(b, MMIO + 0x100, 4));
	bus_write(b, MMIO + 0x02, 1, 0x67); /* 3c2h */
	EQ(0x67, bus_in(b, 0x3cc, 1));
	screen_seq(b, 0x17, 0x04); /* at b8000h */
	bus_write(b, 0xb8008, 2, 0x0123);
	EQ(0x23, screen_grc_get(b, 0x20));
	EQ(0x01, screen_grc_get(b, 0x21));
	screen_seq(b, 0x17, 0x44); /* the last 256 bytes of the frame buffer */
	bus_write(b, LFB + 0x3fff1a, 1, 0x59);
	EQ(0x59, screen_grc_get(b, 0x32));
	EQ(0x59, bus_read(b, LFB + 0x3fff1a, 1));
	screen_seq(b, 0x17, 0x00);
	EQ(0x00, bus_read(b, LFB + 0x3fff1a, 1));
}

/* ---- the laws' grammar ---- */

enum { R_SEQ = 3, R_GRC, R_CRTC, R_ATTR, R_LFB };

LAW_OP("cirrus-vga", cirrus_packed)
{
	static const uint8_t formats[] = {0, 1, 3, 5, 7, 9};

	rig_bus_write(r, SPACE_IO, 0x3c2, 1, 0x67);
	rig_write(r, R_SEQ, 7, 1, formats[rig_rnd(r) % ARRAY_SIZE(formats)]);
	rig_write(r, R_SEQ, 0x12, 1, rig_rnd(r));
	rig_write(r, R_SEQ, 0x17, 1, rig_rnd(r) & 0x44);
	rig_write(r, R_CRTC, 0x11, 1, 0);
	rig_write(r, R_CRTC, 1, 1, rig_rnd(r) % 60);
	rig_write(r, R_CRTC, 0x12, 1, rig_rnd(r));
	rig_write(r, R_CRTC, 0x13, 1, rig_rnd(r));
	rig_bus_read(r, SPACE_IO, 0x3da, 1);
	rig_bus_write(r, SPACE_IO, 0x3c0, 1, 0x20);
}

LAW_OP("cirrus-vga", cirrus_memory)
{
	rig_write(r, R_GRC, 9 + rig_rnd(r) % 3, 1, rig_rnd(r));
	rig_write(r, R_GRC, 5, 1, rig_rnd(r));
	for (unsigned n = rig_rnd(r) % 16; n--;) {
		uint32_t at = rig_rnd(r) % 0x1c000;

		rig_bus_read(r, SPACE_MEM, 0xa0000 + at, 1);
		rig_bus_write(r, SPACE_MEM, 0xa0000 + (at & ~3u), 4, rig_rnd(r));
		rig_write(r, R_LFB, rig_rnd(r) % (32 << 20), 1, rig_rnd(r));
		rig_read(r, R_LFB, rig_rnd(r) % (1 << 20), 1);
	}
}

/* Small enough that a thousand of them take no time; some wait for the processor. */
LAW_OP("cirrus-vga", cirrus_blit)
{
	static const uint8_t rops[] = {0,    0x05, 0x06, 0x09, 0x0b, 0x0d, 0x0e, 0x50,
				       0x59, 0x6d, 0x90, 0x95, 0xad, 0xd0, 0xd6, 0xda};

	for (uint32_t i = 0x20; i < 0x30; i++)
		rig_write(r, R_GRC, i, 1,
			  i == 0x21 || i == 0x23   ? 0
			  : i == 0x20 || i == 0x22 ? rig_rnd(r) % 40
						   : rig_rnd(r));
	rig_write(r, R_GRC, 0x30, 1, rig_rnd(r));
	rig_write(r, R_GRC, 0x32, 1, rops[rig_rnd(r) % ARRAY_SIZE(rops)]);
	rig_write(r, R_GRC, 0x33, 1, rig_rnd(r) & 7);
	rig_write(r, R_GRC, 0x31, 1, rig_rnd(r) % 8 ? 0 : 4);
	rig_write(r, R_GRC, 0x31, 1, 2);
	for (unsigned n = rig_rnd(r) % 64; n--;) {
		rig_write(r, R_LFB, 0, 4, rig_rnd(r));
		rig_read(r, R_LFB, 0, 1);
	}
}

LAW_OP("cirrus-vga", cirrus_look)
{
	struct display_view v;

	rig_write(r, R_CRTC, 0x11, 1, 0);
	rig_write(r, R_CRTC, 0x01, 1, rig_rnd(r) % 24);
	rig_write(r, R_CRTC, 0x07, 1, rig_rnd(r) & 0x11);
	rig_write(r, R_CRTC, 0x12, 1, rig_rnd(r) % 128);
	MUST(display_refresh(r->display, &v));
}
