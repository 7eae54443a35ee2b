/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/display/cirrus_blt.c: the blitter, from the CL-GD5446 manual's appendix D8 and GR20-GR39. */
#include "base/util.h"
#include "tests/hw/screen.h"

#define CIRRUS "-nodefaults -vga cirrus"
enum { VGA_FN = 2 << 3, LFB = 0xe0000000, MEM = 0xa0000 };
enum {
	BACK = 1,
	TO_CPU = 2,
	FROM_CPU = 4,
	CLEAR = 8,
	PIXEL16 = 0x10,
	PIXEL24 = 0x20,
	PIXEL32 = 0x30,
	PATTERN = 0x40,
	EXPAND = 0x80
};
enum { SRC = 0x0d };

struct blt {
	uint32_t width, height, dst_pitch, src_pitch, dst, src;
	uint8_t mode, rop, ext, skip;
};

static void start(struct guest *b)
{
	bus_cfg_write(b, VGA_FN, 0x10, 4, LFB);
	bus_cfg_write(b, VGA_FN, 4, 2, 3);
	bus_out(b, 0x3c2, 1, 0x67);
	screen_seq(b, 6, 0x12);
	screen_seq(b, 7, 1);
}

static void number(struct guest *b, uint8_t reg, unsigned bytes, uint32_t val)
{
	for (unsigned i = 0; i < bytes; i++)
		screen_grc(b, (uint8_t)(reg + i), (uint8_t)(val >> 8 * i));
}

static void blit(struct guest *b, struct blt t)
{
	number(b, 0x20, 2, t.width - 1);
	number(b, 0x22, 2, t.height - 1);
	number(b, 0x24, 2, t.dst_pitch);
	number(b, 0x26, 2, t.src_pitch);
	number(b, 0x28, 3, t.dst);
	number(b, 0x2c, 3, t.src);
	screen_grc(b, 0x2f, t.skip);
	screen_grc(b, 0x30, t.mode);
	screen_grc(b, 0x32, t.rop);
	screen_grc(b, 0x33, t.ext);
	screen_grc(b, 0x31, 0x02);
}

static bool busy(struct guest *b)
{
	return screen_grc_get(b, 0x31) & 1;
}

static void put(struct guest *b, uint32_t at, const char *bytes)
{
	bus_memwrite(b, LFB + at, bytes, strlen(bytes));
}

static void want(struct guest *b, uint32_t at, const char *bytes)
{
	uint8_t got[64];

	bus_memread(b, LFB + at, got, strlen(bytes));
	EQM(bytes, got, strlen(bytes));
}

BUS_TEST(blt_copy, CIRRUS)
{
	start(b);
	put(b, 0, "abcd");
	put(b, 100, "efgh");
	put(b, 1000, "....................");
	put(b, 1020, "....................");
	blit(b, (struct blt){.width = 4,
			     .height = 2,
			     .dst_pitch = 20,
			     .src_pitch = 100,
			     .dst = 1001,
			     .src = 0,
			     .rop = SRC});
	CHECK(!busy(b));
	want(b, 1000, ".abcd...............");
	want(b, 1020, ".efgh...............");
}

/* From the last byte to the first, so that places may overlap. */
BUS_TEST(blt_backward, CIRRUS)
{
	start(b);
	put(b, 0, "12345678");
	put(b, 8, "abcdefgh");
	blit(b, (struct blt){.width = 6,
			     .height = 2,
			     .dst_pitch = 8,
			     .src_pitch = 8,
			     .mode = BACK,
			     .src = 8 + 5,
			     .dst = 8 + 7,
			     .rop = SRC});
	want(b, 0, "12123456ababcdef");
}

/* All sixteen: bits of (source, destination) = 00, 01, 10, 11 in 0011b and 0101b. */
BUS_TEST(blt_raster_operations, CIRRUS)
{
	static const struct {
		uint8_t code, result; /* of s = 0x0c, d = 0x0a, low four bits */
	} rops[] = {{0x00, 0x0}, {0x05, 0x8}, {0x06, 0xa}, {0x09, 0x4}, {0x0b, 0x5}, {0x0d, 0xc},
		    {0x0e, 0xf}, {0x50, 0x2}, {0x59, 0x6}, {0x6d, 0xe}, {0x90, 0x1}, {0x95, 0x9},
		    {0xad, 0xd}, {0xd0, 0x3}, {0xd6, 0xb}, {0xda, 0x7}};

	start(b);
	for (unsigned i = 0; i < ARRAY_SIZE(rops); i++) {
		bus_write(b, LFB, 1, 0x0c);
		bus_write(b, LFB + 64, 1, 0x0a);
		blit(b, (struct blt){.width = 1, .height = 1, .dst = 64, .rop = rops[i].code});
		NOTE("ROP %x", rops[i].code);
		EQ(rops[i].result, bus_read(b, LFB + 64, 1) & 0x0f);
	}
}

/* Bits become pixels of foreground and background; a line of them begins with a byte. */
BUS_TEST(blt_colour_expand, CIRRUS)
{
	start(b);
	screen_grc(b, 0, 'b');
	screen_grc(b, 1, 'f');
	put(b, 0, "\xa5\x80\xff");
	blit(b, (struct blt){.width = 9, .height = 1, .dst = 64, .mode = EXPAND, .rop = SRC});
	want(b, 64, "fbfbbfbff");
	blit(b, (struct blt){.width = 4,
			     .height = 2,
			     .dst_pitch = 4,
			     .dst = 64,
			     .mode = EXPAND,
			     .rop = SRC});
	want(b, 64, "fbfbfbbb");
	/* Transparent: zeros stay; or, inverted, ones. */
	put(b, 64, "........");
	blit(b,
	     (struct blt){.width = 8, .height = 1, .dst = 64, .mode = EXPAND | CLEAR, .rop = SRC});
	want(b, 64, "f.f..f.f");
	put(b, 64, "........");
	blit(b, (struct blt){.width = 8,
			     .height = 1,
			     .dst = 64,
			     .mode = EXPAND | CLEAR,
			     .ext = 2,
			     .rop = SRC});
	want(b, 64, ".b.bb.b.");
	/* The first pixels can be left out. */
	put(b, 64, "........");
	blit(b, (struct blt){
			.width = 8, .height = 1, .dst = 64, .mode = EXPAND, .skip = 3, .rop = SRC});
	want(b, 64, "...bbfbf");
	/* Wider pixels. */
	screen_grc(b, 0x10, 'B');
	screen_grc(b, 0x11, 'F');
	blit(b, (struct blt){
			.width = 6, .height = 1, .dst = 64, .mode = EXPAND | PIXEL16, .rop = SRC});
	want(b, 64, "fFbBfF");
	screen_grc(b, 0x12, '0');
	screen_grc(b, 0x13, '1');
	screen_grc(b, 0x14, '2');
	screen_grc(b, 0x15, '3');
	blit(b, (struct blt){
			.width = 8, .height = 1, .dst = 64, .mode = EXPAND | PIXEL32, .rop = SRC});
	want(b, 64, "fF13bB02");
	blit(b, (struct blt){
			.width = 6, .height = 1, .dst = 64, .mode = EXPAND | PIXEL24, .rop = SRC});
	want(b, 64, "fF1bB0");
}

BUS_TEST(blt_patterns, CIRRUS)
{
	start(b);
	screen_grc(b, 0, 'b');
	screen_grc(b, 1, 'f');
	for (unsigned i = 0; i < 8; i++)
		put(b, 64 + 8 * i, i & 1 ? "12345678" : "abcdefgh");
	blit(b, (struct blt){.width = 10,
			     .height = 2,
			     .dst_pitch = 10,
			     .src = 64,
			     .dst = 200,
			     .mode = PATTERN,
			     .rop = SRC});
	want(b, 200, "abcdefghab1234567812");
	/* The low three bits of the source choose the row that comes first. */
	blit(b, (struct blt){.width = 3,
			     .height = 1,
			     .dst_pitch = 10,
			     .src = 65,
			     .dst = 200,
			     .mode = PATTERN,
			     .rop = SRC});
	want(b, 200, "123d");
	put(b, 136, "\x0f\xf0");
	blit(b, (struct blt){.width = 12,
			     .height = 2,
			     .dst_pitch = 12,
			     .src = 136,
			     .dst = 200,
			     .mode = PATTERN | EXPAND,
			     .rop = SRC});
	want(b, 200, "bbbbffffbbbbffffbbbbffff");
	blit(b, (struct blt){.width = 4,
			     .height = 2,
			     .dst_pitch = 12,
			     .src = 136,
			     .dst = 200,
			     .mode = PATTERN | EXPAND,
			     .rop = SRC,
			     .ext = 4});
	want(b, 200, "ffffffffbbbbffffbbbbffff"); /* solid: all foreground */
}

/* Pixels of the key's colour are not written. */
BUS_TEST(blt_colour_key, CIRRUS)
{
	start(b);
	put(b, 0, "aXbXXc");
	put(b, 64, "......");
	screen_grc(b, 0x34, 'X');
	blit(b, (struct blt){.width = 6, .height = 1, .dst = 64, .mode = CLEAR, .rop = SRC});
	want(b, 64, "a.b..c");
	screen_grc(b, 0x34, 'b');
	screen_grc(b, 0x35, 'X');
	put(b, 64, "......");
	blit(b,
	     (struct blt){.width = 6, .height = 1, .dst = 64, .mode = CLEAR | PIXEL16, .rop = SRC});
	want(b, 64, "aX..Xc");
	put(b, 64, "......");
	blit(b, (struct blt){.width = 6,
			     .height = 1,
			     .dst = 69,
			     .src = 5,
			     .mode = CLEAR | PIXEL16 | BACK,
			     .rop = SRC});
	want(b, 64, "aX..Xc");
}

/* The processor brings the source: lines of whole doublewords, or of bits. */
BUS_TEST(blt_from_processor, CIRRUS)
{
	start(b);
	put(b, 64, "............");
	blit(b, (struct blt){.width = 5,
			     .height = 2,
			     .dst_pitch = 6,
			     .dst = 64,
			     .mode = FROM_CPU,
			     .rop = SRC});
	CHECK(busy(b));
	bus_memwrite(b, MEM, "abcdeXXX", 8);
	CHECK(busy(b));
	bus_memwrite(b, LFB, "fghijXXX", 8); /* the frame buffer takes them as well */
	CHECK(!busy(b));
	want(b, 64, "abcde.fghij.");
	want(b, 0, ""); /* … and is memory again */
	put(b, 0, "zz");
	want(b, 0, "zz");

	screen_grc(b, 0, 'b');
	screen_grc(b, 1, 'f');
	blit(b, (struct blt){.width = 9,
			     .height = 2,
			     .dst_pitch = 10,
			     .dst = 64,
			     .mode = FROM_CPU | EXPAND,
			     .rop = SRC});
	bus_memwrite(b, MEM, "\x0f\x80\xf0\x00", 4);
	CHECK(!busy(b));
	want(b, 64, "bbbbfffff");
	want(b, 74, "ffffbbbbb");
	/* Lines of doublewords when asked. */
	blit(b, (struct blt){.width = 2,
			     .height = 2,
			     .dst_pitch = 2,
			     .dst = 64,
			     .ext = 1,
			     .mode = FROM_CPU | EXPAND,
			     .rop = SRC});
	bus_memwrite(b, MEM, "\x80\0\0\0\x40\0\0\0", 8);
	CHECK(!busy(b));
	want(b, 64, "fbbf");
}

BUS_TEST(blt_to_processor, CIRRUS)
{
	char got[16];

	start(b);
	put(b, 64, "abcde.fghij.");
	blit(b, (struct blt){.width = 5,
			     .height = 2,
			     .src_pitch = 6,
			     .src = 64,
			     .mode = TO_CPU,
			     .rop = SRC});
	CHECK(busy(b));
	for (unsigned i = 0; i < 16; i += 4)
		bus_memread(b, MEM, got + i, 4);
	EQM("abcde\0\0\0fghij\0\0\0", got, 16);
	CHECK(!busy(b));
}

/* GR31: reset ends one that waits; autostart needs no start bit. */
BUS_TEST(blt_control, CIRRUS)
{
	start(b);
	blit(b, (struct blt){.width = 8, .height = 9, .dst = 64, .mode = FROM_CPU, .rop = SRC});
	CHECK(busy(b));
	screen_grc(b, 0x31, 0x04);
	screen_grc(b, 0x31, 0x00);
	CHECK(!busy(b));
	put(b, 0, "1234");
	screen_grc(b, 0x31, 0x80);
	number(b, 0x20, 2, 3);
	number(b, 0x22, 2, 0);
	screen_grc(b, 0x30, 0);
	number(b, 0x28, 3, 64);
	want(b, 64, "1234");
	/* It shows on the screen without anything else being told. */
	screen_mode(b, &mode_12);
	screen_crtc(b, 0x13, 80);
	screen_seq(b, 7, 1);
	screen_look(b);
	put(b, 0, "\x2a");
	number(b, 0x28, 3, 640);
	EQ(screen_color(0x2a), screen_pixel(screen_look(b), 0, 1));
}
