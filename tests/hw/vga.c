/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga.c and the VGA in it: registers, timing and the planes, from IBM's PS/2 Hardware
 * Interface Technical Reference (Video Subsystem). What is on the screen: vga_draw.c, vga_vbe.c.
 */
#include "base/util.h"
#include "tests/hw/laws.h"
#include "tests/hw/screen.h"

#define VGA "-nodefaults -vga std"
enum { VGA_FN = 2 << 3 };

BUS_TEST(vga_on_pci, VGA)
{
	EQ(0x11111234, bus_cfg_read(b, VGA_FN, 0, 4));
	EQ(0x03000002, bus_cfg_read(b, VGA_FN, 8, 4)); /* VGA compatible, revision 2 */
	EQ(0x11001af4, bus_cfg_read(b, VGA_FN, 0x2c, 4));
	for (unsigned at = 0x10; at < 0x28; at += 4)
		bus_cfg_write(b, VGA_FN, at, 4, 0xffffffff);
	EQ(0xff000008, bus_cfg_read(b, VGA_FN, 0x10, 4)); /* 16 MiB, prefetchable */
	EQ(0, bus_cfg_read(b, VGA_FN, 0x14, 4));
	EQ(0xfffff000, bus_cfg_read(b, VGA_FN, 0x18, 4));
	EQ(0, bus_cfg_read(b, VGA_FN, 0x3c, 4) >> 8); /* no interrupt */
}

BUS_TEST(vga_memory_size_is_a_property, VGA " -global VGA.vgamem_mb=64")
{
	bus_cfg_write(b, VGA_FN, 0x10, 4, 0xffffffff);
	EQ(0xfc000008, bus_cfg_read(b, VGA_FN, 0x10, 4));
	bus_out(b, 0x1ce, 2, 10);
	EQ(64 << 4, bus_in(b, 0x1cf, 2));
}

/* ---- registers ---- */

BUS_TEST(vga_reset_values, VGA)
{
	EQ(0, bus_in(b, 0x3cc, 1));
	EQ(0, bus_in(b, 0x3ca, 1));
	EQ(0xff, bus_in(b, 0x3c6, 1));
	/* Monochrome addresses until Miscellaneous Output says colour. */
	EQ(0xff, bus_in(b, 0x3d4, 1));
	EQ(0, bus_in(b, 0x3b4, 1));
	bus_out(b, 0x3c2, 1, 1);
	EQ(0, bus_in(b, 0x3d4, 1));
	EQ(0xff, bus_in(b, 0x3b4, 1));
	EQ(0xff, bus_in(b, 0x3b5, 1));
	EQ(0xff, bus_in(b, 0x3ba, 1));
	EQ(0x10, bus_in(b, 0x3c2, 1)); /* switch sense */
}

/* What stays of all ones. */
BUS_TEST(vga_reserved_bits, VGA)
{
	static const uint8_t seq[] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};
	static const uint8_t grc[] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff};
	static const uint8_t crtc[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
				       0xff, 0x3f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xff};

	bus_out(b, 0x3c2, 1, 0xff);
	EQ(0xef, bus_in(b, 0x3cc, 1));
	bus_out(b, 0x3da, 1, 0xff);
	EQ(0x03, bus_in(b, 0x3ca, 1));
	for (uint8_t i = 0; i < sizeof(seq); i++) {
		screen_seq(b, i, 0xff);
		EQ(seq[i], screen_seq_get(b, i));
	}
	for (uint8_t i = 0; i < sizeof(grc); i++) {
		screen_grc(b, i, 0xff);
		EQ(grc[i], screen_grc_get(b, i));
	}
	for (uint8_t i = 0; i < sizeof(crtc); i++) {
		screen_crtc(b, i, 0xff);
		EQ(crtc[i], screen_crtc_get(b, i));
	}
	for (uint8_t i = 0; i < 0x15; i++)
		screen_attr(b, i, 0xff);
	EQ(0x3f, screen_attr_get(b, 0x00));
	EQ(0xef, screen_attr_get(b, 0x10));
	EQ(0xff, screen_attr_get(b, 0x11));
	EQ(0x3f, screen_attr_get(b, 0x12));
	EQ(0x0f, screen_attr_get(b, 0x13));
	EQ(0x0f, screen_attr_get(b, 0x14));
}

/* CR11 bit 7 protects CR00-CR07, but for the line compare bit of CR07. */
BUS_TEST(vga_crtc_protection, VGA)
{
	bus_out(b, 0x3c2, 1, 1);
	for (uint8_t i = 0; i < 8; i++)
		screen_crtc(b, i, 0x21);
	screen_crtc(b, 0x11, 0x80);
	for (uint8_t i = 0; i < 8; i++)
		screen_crtc(b, i, 0xde);
	for (uint8_t i = 0; i < 7; i++)
		EQ(0x21, screen_crtc_get(b, i));
	EQ(0x31, screen_crtc_get(b, 7));
	screen_crtc(b, 0x12, 0xde);
	EQ(0xde, screen_crtc_get(b, 0x12));
	screen_crtc(b, 0x11, 0);
	screen_crtc(b, 3, 0xde);
	EQ(0xde, screen_crtc_get(b, 3));
}

/* One port takes index and data in turn; reading Input Status 1 starts over. */
BUS_TEST(vga_attribute_port, VGA)
{
	bus_out(b, 0x3c2, 1, 1);
	bus_in(b, 0x3da, 1);
	bus_out(b, 0x3c0, 1, 0x13);
	bus_out(b, 0x3c0, 1, 0x05);
	bus_out(b, 0x3c0, 1, 0x01);
	EQ(0x01, bus_in(b, 0x3c0, 1));
	bus_in(b, 0x3da, 1);
	bus_out(b, 0x3c0, 1, 0x13);
	EQ(0x05, bus_in(b, 0x3c1, 1));
	EQ(0x05, bus_in(b, 0x3c1, 1)); /* which does not count as a turn */
	bus_out(b, 0x3c0, 1, 0x07);
	EQ(0x07, bus_in(b, 0x3c1, 1));
	/* The palette takes values only while PAS is 0; the other registers always. */
	bus_out(b, 0x3c0, 1, 0x02);
	bus_out(b, 0x3c0, 1, 0x2a);
	bus_out(b, 0x3c0, 1, 0x22);
	bus_out(b, 0x3c0, 1, 0x15);
	EQ(0x2a, bus_in(b, 0x3c1, 1));
	bus_out(b, 0x3c0, 1, 0x33);
	bus_out(b, 0x3c0, 1, 0x01);
	EQ(0x01, bus_in(b, 0x3c1, 1));
}

BUS_TEST(vga_dac, VGA)
{
	screen_dac(b, 0xfe, 0x010203);
	EQ(0xff, bus_in(b, 0x3c8, 1));
	EQ(0, bus_in(b, 0x3c7, 1)); /* it is being written */
	bus_out(b, 0x3c9, 1, 0xff); /* six bits, and not in force before the third byte */
	bus_out(b, 0x3c9, 1, 0x3e);
	bus_out(b, 0x3c7, 1, 0xfe);
	EQ(3, bus_in(b, 0x3c7, 1));
	EQ(1, bus_in(b, 0x3c9, 1));
	EQ(2, bus_in(b, 0x3c9, 1));
	EQ(3, bus_in(b, 0x3c9, 1));
	EQ(0, bus_in(b, 0x3c9, 1)); /* 0xff */
	bus_out(b, 0x3c8, 1, 0xff);
	bus_out(b, 0x3c9, 1, 0xff);
	bus_out(b, 0x3c9, 1, 0x3e);
	bus_out(b, 0x3c9, 1, 0x41);
	EQ(0, bus_in(b, 0x3c8, 1)); /* goes round */
	bus_out(b, 0x3c7, 1, 0xff);
	EQ(0x3f, bus_in(b, 0x3c9, 1));
	EQ(0x3e, bus_in(b, 0x3c9, 1));
	EQ(0x01, bus_in(b, 0x3c9, 1));
}

/* ---- time: 100 characters of 9 dots at 28.322 MHz, 449 lines ---- */

BUS_TEST(vga_retrace, VGA)
{
	const int64_t line = 900 * 1000000ll / 28322, frame = line * 449;
	int64_t now = 0;

	screen_mode(b, &mode_03);
	EQ(0, bus_in(b, 0x3da, 1)); /* first dot of the first line */
	bus_step(b, 720 * 1000000ll / 28322 + 100);
	EQ(1, bus_in(b, 0x3da, 1)); /* horizontal blanking */
	now = 720 * 1000000ll / 28322 + 100;
	bus_step(b, 400 * line + 100 - now);
	EQ(1, bus_in(b, 0x3da, 1)); /* below the picture */
	bus_step(b, 12 * line);
	EQ(9, bus_in(b, 0x3da, 1)); /* 412: vertical sync, for two lines */
	bus_step(b, line);
	EQ(9, bus_in(b, 0x3da, 1));
	bus_step(b, line);
	EQ(1, bus_in(b, 0x3da, 1));
	bus_step(b, frame - 414 * line);
	EQ(0, bus_in(b, 0x3da, 1)); /* the next frame */
	/* 70.09 Hz */
	CHECK(frame > 14260000 && frame < 14275000);
}

/* ---- the planes ---- */

enum { MEM = 0xa0000 };

static void latch(struct guest *b, uint32_t at)
{
	bus_read(b, at, 1);
}

static void planes(struct guest *b, uint32_t at, uint32_t want)
{
	for (uint8_t p = 0; p < 4; p++) {
		screen_grc(b, 4, p);
		NOTE("plane %u", p);
		EQ(want >> 8 * p & 0xff, bus_read(b, at, 1));
	}
}

/* Four bytes, plane 0 first. */
static void fill(struct guest *b, uint32_t at, uint32_t val)
{
	screen_grc(b, 1, 0);
	screen_grc(b, 3, 0);
	screen_grc(b, 5, 0);
	screen_grc(b, 8, 0xff);
	for (uint8_t p = 0; p < 4; p++) {
		screen_seq(b, 2, (uint8_t)(1 << p));
		bus_write(b, at, 1, val >> 8 * p & 0xff);
	}
	screen_seq(b, 2, 0x0f);
}

BUS_TEST(vga_write_mode_0, VGA)
{
	screen_mode(b, &mode_12);
	fill(b, MEM, 0x44332211);
	planes(b, MEM, 0x44332211);
	screen_seq(b, 2, 0x05);
	bus_write(b, MEM, 1, 0x99);
	planes(b, MEM, 0x44992299); /* the map mask */
	fill(b, MEM, 0x0f0f0f0f);
	latch(b, MEM);
	screen_grc(b, 8, 0x3c);
	bus_write(b, MEM, 1, 0xaa);
	planes(b, MEM, 0x2b2b2b2b); /* bits outside the mask are the latch's */
	fill(b, MEM, 0);
	screen_grc(b, 3, 3);
	bus_write(b, MEM, 1, 0x81);
	planes(b, MEM, 0x30303030); /* rotated to the right by 3 */
	fill(b, MEM, 0);
	screen_grc(b, 0, 0x06);
	screen_grc(b, 1, 0x0c);
	bus_write(b, MEM, 1, 0x5a);
	planes(b, MEM, 0x00ff5a5a); /* set/reset where it is enabled */
}

BUS_TEST(vga_functions, VGA)
{
	static const uint8_t want[] = {0x3c, 0x3c & 0x55, 0x3c | 0x55, 0x3c ^ 0x55};

	screen_mode(b, &mode_12);
	for (uint8_t f = 0; f < 4; f++) {
		fill(b, MEM, 0x55555555);
		latch(b, MEM);
		screen_grc(b, 3, (uint8_t)(f << 3));
		bus_write(b, MEM, 1, 0x3c);
		planes(b, MEM, want[f] * 0x01010101u);
	}
}

BUS_TEST(vga_write_modes_1_2_3, VGA)
{
	screen_mode(b, &mode_12);
	fill(b, MEM, 0x44332211);
	fill(b, MEM + 1, 0);
	latch(b, MEM);
	screen_grc(b, 5, 1);
	screen_grc(b, 8, 0);
	bus_write(b, MEM + 1, 1, 0xee); /* the data does not matter, nor the mask */
	screen_grc(b, 5, 0);
	planes(b, MEM + 1, 0x44332211);

	fill(b, MEM, 0);
	latch(b, MEM);
	screen_grc(b, 5, 2);
	screen_grc(b, 8, 0xf0);
	bus_write(b, MEM, 1, 0x0a);
	screen_grc(b, 5, 0);
	planes(b, MEM, 0xf000f000); /* a bit of the data for each plane */

	fill(b, MEM, 0x81818181);
	latch(b, MEM);
	screen_grc(b, 0, 0x09);
	screen_grc(b, 5, 3);
	screen_grc(b, 8, 0x7e);
	bus_write(b, MEM, 1, 0x3f);
	screen_grc(b, 5, 0);
	planes(b, MEM, 0xbf8181bf); /* set/reset through data AND mask */
}

BUS_TEST(vga_read_mode_1, VGA)
{
	screen_mode(b, &mode_12);
	fill(b, MEM, 0x0f3355ff); /* colours by bit, from 7: 1, 3, 5, 7, 9, b, d, f */
	screen_grc(b, 5, 8);
	screen_grc(b, 2, 0x05);
	EQ(0x20, bus_read(b, MEM, 1));
	screen_grc(b, 7, 0x07); /* plane 3 may be anything */
	EQ(0x22, bus_read(b, MEM, 1));
	screen_grc(b, 7, 0x00);
	EQ(0xff, bus_read(b, MEM, 1));
}

/* Even addresses are planes 0 and 2, odd ones 1 and 3: characters and attributes. */
BUS_TEST(vga_odd_even, VGA)
{
	screen_mode(b, &mode_03);
	bus_write(b, 0xb8000, 4, 0x04030201);
	EQ(0x04030201, bus_read(b, 0xb8000, 4));
	screen_seq(b, 4, 6);
	screen_seq(b, 2, 0x0f);
	screen_grc(b, 5, 0);
	screen_grc(b, 6, 4);
	planes(b, MEM, 0x00000201);
	planes(b, MEM + 1, 0);
	planes(b, MEM + 2, 0x00000403);
}

/* The two low address bits choose the plane. */
BUS_TEST(vga_chain_4, VGA)
{
	screen_mode(b, &mode_13);
	bus_write(b, MEM + 8, 4, 0x44332211);
	EQ(0x44332211, bus_read(b, MEM + 8, 4));
	screen_seq(b, 2, 0x0d);
	bus_write(b, MEM + 8, 4, 0x99999999);
	EQ(0x99992299 + 0, bus_read(b, MEM + 8, 4));
	screen_seq(b, 4, 6);
	screen_seq(b, 2, 0x0f);
	planes(b, MEM + 8, 0x99992299);
	planes(b, MEM + 2, 0);
}

/* GR06 bits 2-3: 128 KiB, 64 KiB, the monochrome and the colour 32 KiB. */
BUS_TEST(vga_memory_map, VGA)
{
	static const struct {
		uint8_t gr6;
		uint32_t first, last;
	} maps[] = {{0x1, 0xa0000, 0xbffff},
		    {0x5, 0xa0000, 0xaffff},
		    {0x9, 0xb0000, 0xb7fff},
		    {0xd, 0xb8000, 0xbffff}};

	screen_mode(b, &mode_12);
	for (unsigned i = 0; i < 4; i++) {
		screen_grc(b, 6, maps[i].gr6);
		bus_write(b, maps[i].first, 1, 0x12);
		EQ(0x12, bus_read(b, maps[i].first, 1));
		bus_write(b, maps[i].last, 1, 0x34);
		EQ(0x34, bus_read(b, maps[i].last, 1));
		if (maps[i].first > 0xa0000)
			EQ(0xff, bus_read(b, maps[i].first - 1, 1));
		if (maps[i].last < 0xbffff)
			EQ(0xff, bus_read(b, maps[i].last + 1, 1));
	}
	/* The memory can be switched off as a whole. */
	bus_out(b, 0x3c2, 1, 0xe1);
	EQ(0xff, bus_read(b, 0xb8000, 1));
}

/* ---- expansion ROM: tests/hw/pci.c has the BAR; here is what is in it ---- */

BUS_TEST(vga_rom, VGA)
{
	bus_cfg_write(b, VGA_FN, 0x30, 4, 0xffffffff);
	if (!bus_cfg_read(b, VGA_FN, 0x30, 4))
		SKIP("no vgabios-stdvga.bin on this machine");
	bus_cfg_write(b, VGA_FN, 0x30, 4, 0xe0000001);
	EQ(0xffff, bus_read(b, 0xe0000000, 2));
	bus_cfg_write(b, VGA_FN, 4, 2, 2);
	EQ(0xaa55, bus_read(b, 0xe0000000, 2));
	bus_write(b, 0xe0000000, 2, 0);
	EQ(0xaa55, bus_read(b, 0xe0000000, 2));
	bus_cfg_write(b, VGA_FN, 0x30, 4, 0xe0000000);
	EQ(0xffff, bus_read(b, 0xe0000000, 2));
}

BUS_TEST(vga_without_rom, "-nodefaults -device VGA,romfile=")
{
	bus_cfg_write(b, VGA_FN, 0x30, 4, 0xffffffff);
	EQ(0, bus_cfg_read(b, VGA_FN, 0x30, 4));
}

/* ---- the laws' grammar ---- */

enum { PORTS, WINDOW, CONFIG, SEQ, GRC, CRTC, ATTR, DISPI, VBE };

static void port(struct rig *r, uint16_t p, unsigned size, uint32_t val)
{
	rig_bus_write(r, SPACE_IO, p, size, val);
}

/* One of the BIOS's modes, with a register or two that are not. */
LAW_OP("VGA", vga_mode)
{
	static const struct vga_mode *const modes[] = {&mode_03, &mode_04, &mode_06,
						       &mode_0d, &mode_12, &mode_13};
	const struct vga_mode *m = modes[rig_rnd(r) % ARRAY_SIZE(modes)];

	port(r, 0x3c2, 1, m->misc);
	rig_write(r, CRTC, 0x11, 1, 0);
	for (uint32_t i = 0; i < 4; i++)
		rig_write(r, SEQ, i + 1, 1, m->seq[i]);
	for (uint32_t i = 0; i < 25; i++)
		rig_write(r, CRTC, i, 1, m->crtc[i]);
	for (uint32_t i = 0; i < 9; i++)
		rig_write(r, GRC, i, 1, m->grc[i]);
	for (uint32_t i = 0; i < 20; i++)
		rig_write(r, ATTR, i, 1, m->attr[i]);
	rig_write(r, CRTC, rig_rnd(r) % 25, 1, rig_rnd(r));
	rig_write(r, GRC, rig_rnd(r) % 9, 1, rig_rnd(r));
	rig_bus_read(r, SPACE_IO, 0x3da, 1);
	rig_bus_read(r, SPACE_IO, 0x3ba, 1);
	port(r, 0x3c0, 1, 0x20);
}

LAW_OP("VGA", vga_pixels)
{
	for (unsigned n = rig_rnd(r) % 16; n--;) {
		uint32_t at = rig_rnd(r) % 0x20000;

		if (n & 1)
			rig_bus_read(r, SPACE_MEM, 0xa0000 + at, 1);
		rig_bus_write(r, SPACE_MEM, 0xa0000 + (at & ~3u), 4, rig_rnd(r));
	}
}

LAW_OP("VGA", vga_vbe_mode)
{
	static const uint16_t bpp[] = {4, 8, 15, 16, 24, 32, 0, 77};

	rig_write(r, VBE, 8, 2, 0);
	rig_write(r, VBE, 2, 2, rig_rnd(r) % 300);
	rig_write(r, VBE, 4, 2, rig_rnd(r) % 200);
	rig_write(r, VBE, 6, 2, bpp[rig_rnd(r) % ARRAY_SIZE(bpp)]);
	rig_write(r, VBE, 8, 2, 1 | (rig_rnd(r) & 0xe0));
	for (unsigned i = 5; i < 10; i++)
		if (rig_rnd(r) & 1)
			rig_write(r, VBE, i * 2, 2, rig_rnd(r) % 2000);
	rig_bus_read(r, SPACE_IO, 0x3da, 1);
	port(r, 0x3c0, 1, 0x20);
}

/* Looking changes nothing for the guest. */
LAW_OP("VGA", vga_look)
{
	struct display_view v;
	struct display_text *t = malloc(sizeof(*t));

	/* A picture of no more than that: a test has thousands. */
	rig_write(r, CRTC, 0x11, 1, 0);
	rig_write(r, CRTC, 0x01, 1, rig_rnd(r) % 24);
	rig_write(r, CRTC, 0x07, 1, rig_rnd(r) & 0x11);
	rig_write(r, CRTC, 0x12, 1, rig_rnd(r) % 128);
	MUST(t && display_refresh(r->display, &v));
	display_get_text(r->display, t);
	free(t);
}
