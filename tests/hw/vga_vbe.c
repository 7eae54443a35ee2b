/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/display/vga_vbe.c, vga_edid.c: the Bochs VBE registers and their modes, frame buffer, EDID. */
#include "base/util.h"
#include "tests/hw/screen.h"

#define VGA "-nodefaults -vga std"
enum { VGA_FN = 2 << 3, LFB = 0xe0000000, MMIO = 0xf0000000 };
enum { ID, XRES, YRES, BPP, ENABLE, BANK, VIRT_WIDTH, VIRT_HEIGHT, X_OFFSET, Y_OFFSET, MEMORY };

static void set(struct guest *b, unsigned reg, uint16_t val)
{
	bus_out(b, 0x1ce, 2, reg);
	bus_out(b, 0x1cf, 2, val);
}

static uint32_t get(struct guest *b, unsigned reg)
{
	bus_out(b, 0x1ce, 2, reg);
	return bus_in(b, 0x1cf, 2);
}

static void mode(struct guest *b, uint16_t width, uint16_t height, uint16_t bpp, uint16_t flags)
{
	set(b, ENABLE, 0);
	set(b, XRES, width);
	set(b, YRES, height);
	set(b, BPP, bpp);
	set(b, ENABLE, flags | 1);
	bus_out(b, 0x3c2, 1, 1);
	bus_in(b, 0x3da, 1);
	bus_out(b, 0x3c0, 1, 0x20);
}

static void bars(struct guest *b)
{
	bus_cfg_write(b, VGA_FN, 0x10, 4, LFB);
	bus_cfg_write(b, VGA_FN, 0x18, 4, MMIO);
	bus_cfg_write(b, VGA_FN, 4, 2, 3);
}

BUS_TEST(vbe_registers, VGA)
{
	EQ(0xb0c5, get(b, ID));
	for (uint16_t id = 0xb0c0; id <= 0xb0c5; id++) {
		set(b, ID, id);
		EQ(id, get(b, ID));
	}
	set(b, ID, 0xb0c6);
	EQ(0xb0c5, get(b, ID));
	EQ(256, get(b, MEMORY)); /* of 64 KiB */
	EQ(0, get(b, ENABLE));
	set(b, ENABLE, 2); /* the largest mode */
	EQ(4096, get(b, XRES));
	EQ(4096, get(b, YRES));
	EQ(32, get(b, BPP));
	EQ(0, get(b, 11));
	EQ(ID, (bus_out(b, 0x1ce, 2, ID), bus_in(b, 0x1ce, 2)));
	EQ(0xb0c5, bus_in(b, 0x1d0, 2)); /* the data port again, aligned */
}

/* The view of a mode that was just set is the screen. */
BUS_TEST(vbe_enable, VGA)
{
	set(b, X_OFFSET, 9);
	mode(b, 1024, 768, 32, 0x40);
	EQ(0x41, get(b, ENABLE));
	EQ(1024, get(b, VIRT_WIDTH));
	EQ(4096, get(b, VIRT_HEIGHT)); /* as far as the memory goes */
	EQ(0, get(b, X_OFFSET));
	EQ(1024, screen_look(b)->width);
	EQ(768, screen_look(b)->height);
	mode(b, 1920, 1200, 32, 0x40);
	EQ(1920, screen_look(b)->width);
	EQ(1200, screen_look(b)->height);
	/* More than the memory holds: fewer lines. */
	mode(b, 4096, 4096, 32, 0x40);
	EQ(1024, get(b, YRES));
	mode(b, 0, 0, 7, 0x40);
	EQ(8, get(b, XRES));
	EQ(1, get(b, YRES));
	EQ(8, get(b, BPP));
}

BUS_TEST(vbe_clears_memory, VGA)
{
	bars(b);
	bus_write(b, LFB + 100, 4, 0x12345678);
	mode(b, 640, 480, 32, 0xc0);
	EQ(0x12345678, bus_read(b, LFB + 100, 4));
	mode(b, 640, 480, 32, 0x40);
	EQ(0, bus_read(b, LFB + 100, 4));
}

BUS_TEST(vbe_true_colour, VGA)
{
	static const struct {
		uint16_t bpp;
		uint32_t bytes, raw, want;
	} rows[] = {{32, 4, 0x00abcdef, 0xabcdef}, {24, 3, 0x00abcdef, 0xabcdef},
		    {16, 2, 0xf81f, 0xff00ff},     {16, 2, 0x0841, 0x080808 + 0},
		    {15, 2, 0x7c1f, 0xff00ff},     {15, 2, 0x03e0, 0x00ff00}};

	bars(b);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t at = (599 * 800 + 799) * rows[i].bytes;

		NOTE("%u bits, %x", rows[i].bpp, rows[i].raw);
		mode(b, 800, 600, rows[i].bpp, 0x40);
		EQ(0, screen_pixel(screen_look(b), 799, 599));
		bus_write(b, LFB + at, rows[i].bytes == 3 ? 2 : rows[i].bytes, rows[i].raw);
		if (rows[i].bytes == 3)
			bus_write(b, LFB + at + 2, 1, rows[i].raw >> 16);
		EQ(rows[i].want, screen_pixel(screen_look(b), 799, 599));
		EQ(0, screen_pixel(screen_look(b), 798, 599));
	}
}

BUS_TEST(vbe_palette, VGA)
{
	bars(b);
	mode(b, 640, 480, 8, 0x40);
	screen_dac(b, 0xc0, 0x3f0020);
	bus_write(b, LFB + 640 + 1, 1, 0xc0);
	EQ(0xff0082, screen_pixel(screen_look(b), 1, 1));
	/* Eight bits a colour. */
	mode(b, 640, 480, 8, 0x60);
	screen_dac(b, 0xc0, 0xfe0181);
	bus_write(b, LFB + 640 + 1, 1, 0xc0);
	EQ(0xfe0181, screen_pixel(screen_look(b), 1, 1));
	bus_out(b, 0x3c7, 1, 0xc0);
	EQ(0xfe, bus_in(b, 0x3c9, 1));
}

/* Banks of 64 KiB at a0000h. */
BUS_TEST(vbe_banks, VGA)
{
	bars(b);
	mode(b, 1024, 768, 32, 0x40);
	set(b, BANK, 3);
	bus_write(b, 0xa0004, 4, 0x445566);
	EQ(0x445566, bus_read(b, LFB + 0x30004, 4));
	EQ(0x445566, bus_read(b, 0xa0004, 4));
	EQ(0x445566, screen_pixel(screen_look(b), 1, 0x30000 / 4096));
	EQ(0xff, bus_read(b, 0xb0000, 1));
	set(b, BANK, 0x103); /* round the 16 MiB */
	EQ(0x445566, bus_read(b, 0xa0004, 4));
}

/* Sixteen colours in planes, beyond 64 KiB by banks, whatever the sequencer was left in. */
BUS_TEST(vbe_planar, VGA)
{
	screen_mode(b, &mode_03);
	mode(b, 1024, 768, 4, 0x40);
	screen_seq(b, 2, 0x0f);
	screen_grc(b, 5, 0);
	screen_grc(b, 6, 5);
	set(b, BANK, 1);
	screen_seq(b, 2, 0x05);
	bus_write(b, 0xa0000 + 3, 1, 0x80);
	EQ(screen_color(5), screen_pixel(screen_look(b), (65539 % 128) * 8, 65539 / 128));
	EQ(screen_color(0), screen_pixel(screen_look(b), (65539 % 128) * 8 + 1, 65539 / 128));
}

/* A window into a larger picture. */
BUS_TEST(vbe_view, VGA)
{
	bars(b);
	mode(b, 640, 480, 32, 0x40);
	set(b, VIRT_WIDTH, 1000);
	EQ(1000, get(b, VIRT_WIDTH));
	set(b, X_OFFSET, 100);
	set(b, Y_OFFSET, 50);
	bus_write(b, LFB + (50 * 1000 + 100) * 4, 4, 0x112233);
	bus_write(b, LFB + (529 * 1000 + 739) * 4, 4, 0x445566);
	EQ(0x112233, screen_pixel(screen_look(b), 0, 0));
	EQ(0x445566, screen_pixel(screen_look(b), 639, 479));
	set(b, X_OFFSET, 1100); /* that is 100 of the next line */
	EQ(1100, get(b, X_OFFSET));
	bus_write(b, LFB + (51 * 1000 + 100) * 4, 4, 0x778899);
	EQ(0x778899, screen_pixel(screen_look(b), 0, 0));
	set(b, Y_OFFSET, 0xffff); /* not beyond the memory */
	EQ(4194 - 480, get(b, Y_OFFSET));
	EQ(360, get(b, X_OFFSET));
	set(b, VIRT_WIDTH, 10);
	EQ(640, get(b, VIRT_WIDTH));
}

/* The log of writes through the frame buffer, page by page; a moved BAR; writes of the past. */
BUS_TEST(vbe_frame_buffer_is_watched, VGA)
{
	bars(b);
	mode(b, 1024, 768, 32, 0x40);
	screen_look(b);
	for (uint32_t y = 0; y < 768; y += 97) {
		bus_write(b, LFB + y * 4096 + 8, 4, y + 1);
		EQ(y + 1, screen_pixel(screen_look(b), 2, y));
	}
	bus_cfg_write(b, VGA_FN, 0x10, 4, LFB + 0x2000000);
	EQ(0xffffffff, bus_read(b, LFB + 8, 4));
	EQ(1, bus_read(b, LFB + 0x2000000 + 8, 4));
	bus_write(b, LFB + 0x2000000 + 8, 4, 0x99);
	EQ(0x99, screen_pixel(screen_look(b), 2, 0));
	bus_cfg_write(b, VGA_FN, 4, 2, 1); /* decoding off: nothing is there, the picture stays */
	EQ(0xffffffff, bus_read(b, LFB + 0x2000000 + 8, 4));
	EQ(0x99, screen_pixel(screen_look(b), 2, 0));
}

/* A BAR over the guest's RAM or the interrupt controllers does not hide them. */
BUS_TEST(vbe_frame_buffer_hides_nothing, VGA " -m 32")
{
	bus_write(b, 0x1000000, 4, 0x1234);
	bus_cfg_write(b, VGA_FN, 0x10, 4, 0x1000000);
	bus_cfg_write(b, VGA_FN, 4, 2, 3);
	EQ(0x1234, bus_read(b, 0x1000000, 4));
	bus_cfg_write(b, VGA_FN, 0x10, 4, 0xfe000000);
	bus_write(b, 0xfe000000, 4, 0x5678);
	EQ(0x5678, bus_read(b, 0xfe000000, 4));
	bus_write(b, 0xfec00000, 4, 1); /* IOREGSEL: version */
	EQ(0x20, bus_read(b, 0xfec00010, 4) & 0xff);
}

BUS_TEST(vbe_registers_in_memory, VGA)
{
	bars(b);
	EQ(0xb0c5, bus_read(b, MMIO + 0x500, 2));
	bus_write(b, MMIO + 0x502, 2, 1152);
	EQ(1152, get(b, XRES));
	EQ(256, bus_read(b, MMIO + 0x514, 2));
	/* 3c0h-3dfh at 400h. */
	bus_write(b, MMIO + 0x402, 1, 0x01);
	EQ(0x01, bus_in(b, 0x3cc, 1));
	bus_write(b, MMIO + 0x404, 2, 0x0a02);
	EQ(0x0a, screen_seq_get(b, 2));
	EQ(0x1e1e1e1e, bus_read(b, MMIO + 0x604, 4));
}

/* The first detailed timing is what the driver will choose. */
BUS_TEST(vbe_edid, VGA " -global VGA.xres=1024 -global VGA.yres=768")
{
	static const uint8_t head[8] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
	uint8_t edid[128], sum = 0;

	bars(b);
	bus_memread(b, MMIO, edid, sizeof(edid));
	EQM(head, edid, 8);
	for (unsigned i = 0; i < 128; i++)
		sum = (uint8_t)(sum + edid[i]);
	EQ(0, sum);
	EQ(1024, edid[56] | (edid[58] & 0xf0) << 4);
	EQ(768, edid[59] | (edid[61] & 0xf0) << 4);
	/* 1184 dots by 790 lines, 60 Hz: 56.12 MHz. */
	CHECK(load_le(edid + 54, 2) >= 5600 && load_le(edid + 54, 2) <= 5620);
}

/* Back to text: the planes are the first of the same memory. */
BUS_TEST(vbe_off, VGA)
{
	mode(b, 800, 600, 32, 0x40);
	EQ(800, screen_look(b)->width);
	set(b, ENABLE, 0);
	screen_mode(b, &mode_03);
	EQ(720, screen_look(b)->width);
}
