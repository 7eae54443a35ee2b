/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/display/vga_draw*.c: pictures of the VGA's own modes, dot by dot as IBM's manual has it. */
#include "base/util.h"
#include "tests/hw/screen.h"

#include <stdio.h>

#define VGA "-nodefaults -vga std"

/* Rows of letters and what colours they stand for. */
#define COLORS(...) ((const uint32_t[]){__VA_ARGS__, 0})

/* ---- text; letter c has c ^ r in its row r ---- */

static void text_mode(struct guest *b)
{
	screen_mode(b, &mode_03);
	screen_font(b, 0);
}

static void cell(struct guest *b, unsigned column, unsigned line, uint8_t ch, uint8_t attr)
{
	bus_write(b, 0xb8000 + (line * 80 + column) * 2, 2, (uint32_t)attr << 8 | ch);
}

/* Attribute 0x1e on the BIOS's palette registers: yellow (3eh) on blue (1). */
BUS_TEST(vga_text_letter, VGA)
{
	const struct picture *p;
	const uint32_t *colors;

	text_mode(b);
	screen_crtc(b, 0x0a, 0x20); /* no cursor */
	cell(b, 0, 0, 0xa5, 0x1e);
	cell(b, 79, 24, 0x0f, 0x1e);
	p = screen_look(b);
	EQ(720, p->width);
	EQ(400, p->height);
	colors = COLORS('#', screen_color(0x3e), '.', screen_color(1), ' ', screen_color(0));
	screen_row(p, 0, 0, "#.#..#.#. ", colors);    /* a5; the ninth dot is background */
	screen_row(p, 0, 1, "#.#..#... ", colors);    /* a5 ^ 1 */
	screen_row(p, 0, 15, "#.#.#.#.. ", colors);   /* a5 ^ f */
	screen_row(p, 0, 16, "          ", colors);   /* the next line of text is blank, on black */
	screen_row(p, 711, 384, "....####.", colors); /* the last cell */
	screen_row(p, 711, 399, ".........", colors); /* f ^ f */
}

/* C0h to DFh take their eighth dot into the ninth, when the mode says so. */
BUS_TEST(vga_text_line_graphics, VGA)
{
	const uint32_t *colors;

	text_mode(b);
	screen_crtc(b, 0x0a, 0x20);
	cell(b, 0, 0, 0xc1, 0x07);
	cell(b, 1, 0, 0xe1, 0x07);
	colors = COLORS('#', screen_color(7), '.', screen_color(0));
	screen_row(screen_look(b), 0, 0,
		   "##.....##"
		   "###....#.",
		   colors);
	screen_attr(b, 0x10, 0x08);
	screen_row(screen_look(b), 0, 0,
		   "##.....#."
		   "###....#.",
		   colors);
	/* Characters of eight dots. */
	screen_seq(b, 1, 1);
	EQ(640, screen_look(b)->width);
	screen_row(screen_look(b), 0, 0,
		   "##.....#"
		   "###....#.",
		   colors);
}

/* Bit 7 of the attribute blinks, or else is one more background colour. 32 frames a turn. */
BUS_TEST(vga_text_blink, VGA)
{
	const int64_t frame = 900 * 1000000ll / 28322 * 449;
	const uint32_t *colors;

	text_mode(b);
	screen_crtc(b, 0x0a, 0x20);
	cell(b, 0, 0, 0xff, 0x97);
	colors = COLORS('#', screen_color(7), '.', screen_color(1), 'B', screen_color(0x39));
	screen_row(screen_look(b), 0, 0, "########.", colors);
	bus_step(b, 16 * frame + frame / 2);
	screen_row(screen_look(b), 0, 0, ".........", colors);
	bus_step(b, 16 * frame);
	screen_row(screen_look(b), 0, 0, "########.", colors);
	screen_attr(b, 0x10, 0x04);
	screen_row(screen_look(b), 0, 0, "########B", colors);
}

/* Rows 13 and 14 of the cell at the cursor's address; half of 16 frames. */
BUS_TEST(vga_text_cursor, VGA)
{
	const int64_t frame = 900 * 1000000ll / 28322 * 449;
	const uint32_t *colors = COLORS('#', screen_color(0x3a), '.', screen_color(0));

	text_mode(b);
	cell(b, 2, 1, 0, 0x0a);
	screen_crtc(b, 0x0e, 0);
	screen_crtc(b, 0x0f, 82);
	screen_row(screen_look(b), 17, 16 + 12, ".....##...", colors); /* the letter: 0 ^ c */
	screen_row(screen_look(b), 17, 16 + 13, ".#########.", colors);
	screen_row(screen_look(b), 17, 16 + 14, ".#########.", colors);
	screen_row(screen_look(b), 17, 16 + 15, ".....####..", colors);
	bus_step(b, 8 * frame + frame / 2);
	screen_row(screen_look(b), 17, 16 + 14, ".....###...", colors);
	bus_step(b, 8 * frame);
	screen_crtc(b, 0x0b, 0x2d); /* ends at 13, one character to the right */
	screen_row(screen_look(b), 17, 16 + 13, ".....##.#.", colors);
	EQ(screen_color(0), screen_pixel(screen_look(b), 27, 16 + 13)); /* attribute 0: black */
	cell(b, 3, 1, 0, 0x0a);
	screen_row(screen_look(b), 26, 16 + 13, ".#########.", colors);
	screen_row(screen_look(b), 26, 16 + 14, ".....###...", colors);
}

/* Two fonts at once: bit 3 of the attribute chooses map A (set) or B. */
BUS_TEST(vga_text_two_fonts, VGA)
{
	const uint32_t *colors;
	uint8_t font[32];

	text_mode(b);
	screen_crtc(b, 0x0a, 0x20);
	screen_seq(b, 2, 4);
	screen_seq(b, 4, 6);
	screen_grc(b, 6, 4);
	memset(font, 0x18, sizeof(font));
	bus_memwrite(b, 0xa0000 + 0xa000 + 0x41 * 32, font, 32); /* map 5: 40 KiB */
	screen_mode(b, &mode_03);
	screen_crtc(b, 0x0a, 0x20);
	screen_seq(b, 3, 0x28);
	cell(b, 0, 0, 0x41, 0x07);
	cell(b, 1, 0, 0x41, 0x0f);
	colors = COLORS('#', screen_color(7), '*', screen_color(0x3f), '.', screen_color(0));
	screen_row(screen_look(b), 0, 0,
		   ".#.....#."
		   "...**....",
		   colors);
}

/* In monochrome text an attribute of 1 underlines. */
BUS_TEST(vga_text_underline, VGA)
{
	const uint32_t *colors;

	text_mode(b);
	screen_crtc(b, 0x0a, 0x20);
	screen_crtc(b, 0x14, 15);
	cell(b, 0, 0, 0, 0x01);
	cell(b, 1, 0, 0x0f, 0x02);
	colors = COLORS('#', screen_color(1), '*', screen_color(2), '.', screen_color(0));
	screen_row(screen_look(b), 0, 14,
		   "....###.."
		   ".......*.",
		   colors);
	screen_row(screen_look(b), 0, 15,
		   "#########"
		   ".........",
		   colors);
}

/* The display starts anywhere, is moved by rows and dots, and splits at a line. */
BUS_TEST(vga_text_start_pan_split, VGA)
{
	const uint32_t *colors;

	text_mode(b);
	screen_crtc(b, 0x0a, 0x20);
	for (unsigned i = 0; i < 80; i++)
		cell(b, i, 0, 0x00, 0x07);
	cell(b, 0, 1, 0xf0, 0x07);
	cell(b, 1, 1, 0x3c, 0x07);
	screen_crtc(b, 0x0d, 80);
	colors = COLORS('#', screen_color(7), '.', screen_color(0));
	screen_row(screen_look(b), 0, 0,
		   "####....."
		   "..####...",
		   colors);
	screen_attr(b, 0x13, 1); /* nine dots: 8 is none, 0 one, 1 two */
	screen_row(screen_look(b), 0, 0,
		   "##......."
		   "####.....",
		   colors);
	screen_crtc(b, 0x08, 2); /* begin with row 2 of the letters */
	screen_row(screen_look(b), 0, 0, "##..#....#####..", colors);
	/* Below line 99 the memory's beginning shows, panned or not. */
	cell(b, 0, 0, 0xf0, 0x07);
	screen_crtc(b, 0x18, 99);
	screen_crtc(b, 0x07, 0x0f);
	screen_crtc(b, 0x09, 0x0f);
	screen_row(screen_look(b), 0, 100, "##.......", colors);
	screen_attr(b, 0x10, 0x2c);
	screen_row(screen_look(b), 0, 100, "####.....", colors);
	screen_row(screen_look(b), 0, 0, "##..#....#####..", colors);
}

/* ---- graphics ---- */

BUS_TEST(vga_planar_16_colours, VGA)
{
	const struct picture *p;
	const uint32_t *colors;

	screen_mode(b, &mode_12);
	for (uint8_t plane = 0; plane < 4; plane++) {
		static const uint8_t bits[] = {0x55, 0x33, 0x0f, 0xf0};

		screen_seq(b, 2, (uint8_t)(1 << plane));
		bus_write(b, 0xa0000 + 80, 1, bits[plane]);
		bus_write(b, 0xa0000 + 480 * 80 - 1, 1, 0x01);
	}
	p = screen_look(b);
	EQ(640, p->width);
	EQ(480, p->height);
	/* 8 9 a b 4 5 6 7 */
	colors = COLORS('8', screen_color(0x38), '9', screen_color(0x39), 'a', screen_color(0x3a),
			'b', screen_color(0x3b), '4', screen_color(4), '5', screen_color(5), '6',
			screen_color(0x14), '7', screen_color(7), '.', screen_color(0), 'f',
			screen_color(0x3f));
	screen_row(p, 0, 0, "........", colors);
	screen_row(p, 0, 1, "89ab4567.", colors);
	screen_row(p, 638, 479, ".f", colors);
	/* Color Plane Enable takes planes away; Color Select gives the upper bits. */
	screen_attr(b, 0x12, 0x07);
	EQ(screen_color(0), screen_pixel(screen_look(b), 0, 1));
	screen_attr(b, 0x12, 0x0f);
	screen_attr(b, 0x10, 0x81);
	screen_attr(b, 0x14, 0x02);
	EQ(screen_color(0x28), screen_pixel(screen_look(b), 0, 1)); /* 38h: bits 5-4 are 10b */
	/* The DAC's mask. */
	bus_out(b, 0x3c6, 1, 0x0f);
	EQ(screen_color(0x08), screen_pixel(screen_look(b), 0, 1));
}

/* 320 dots of double width, 200 lines shown twice. */
BUS_TEST(vga_320x200_16_colours, VGA)
{
	const uint32_t *colors = COLORS('#', screen_color(0x17), '.', screen_color(0));
	const struct picture *p;

	screen_mode(b, &mode_0d);
	bus_write(b, 0xa0000 + 40, 1, 0xa0);
	p = screen_look(b);
	EQ(640, p->width);
	EQ(400, p->height);
	screen_row(p, 0, 1, "......", colors);
	screen_row(p, 0, 2, "##..##..", colors);
	screen_row(p, 0, 3, "##..##..", colors);
	screen_row(p, 0, 4, "......", colors);
}

/* Two bits a pixel, even lines in the first 8 KiB, odd ones in the second. */
BUS_TEST(vga_cga_4_colours, VGA)
{
	const uint32_t *colors;
	const struct picture *p;

	screen_mode(b, &mode_04);
	bus_write(b, 0xb8000, 2, 0xe41b);
	bus_write(b, 0xb8000 + 0x2000, 1, 0xff);
	bus_write(b, 0xb8000 + 80, 1, 0xc0);
	p = screen_look(b);
	colors = COLORS('.', screen_color(0), '1', screen_color(0x13), '2', screen_color(0x15), '3',
			screen_color(0x17));
	screen_row(p, 0, 0,
		   "..112233"
		   "332211..",
		   colors);
	screen_row(p, 0, 1,
		   "..112233"
		   "332211..",
		   colors);
	screen_row(p, 0, 2,
		   "33333333"
		   "........",
		   colors);
	screen_row(p, 0, 4,
		   "33......"
		   "........",
		   colors);
}

BUS_TEST(vga_cga_2_colours, VGA)
{
	const uint32_t *colors = COLORS('.', screen_color(0), '#', screen_color(0x17));
	const struct picture *p;

	screen_mode(b, &mode_06);
	bus_write(b, 0xb8000, 2, 0x0fa5);
	bus_write(b, 0xb8000 + 0x2000 + 79, 1, 0x01);
	p = screen_look(b);
	EQ(640, p->width);
	screen_row(p, 0, 0,
		   "#.#..#.#"
		   "....####",
		   colors);
	screen_row(p, 638, 3, ".#", colors);
}

/* A byte a pixel, each two dots wide and two lines high; the palette registers do not count. */
BUS_TEST(vga_256_colours, VGA)
{
	const struct picture *p;

	screen_mode(b, &mode_13);
	screen_attr(b, 0x12, 0x0f);
	bus_write(b, 0xa0000, 4, 0x3f211003);
	bus_write(b, 0xa0000 + 320 * 199 + 319, 1, 0x2a);
	bus_write(b, 0xa0000 + 320 * 60, 1, 0x11); /* past 16 KiB */
	p = screen_look(b);
	EQ(640, p->width);
	EQ(400, p->height);
	EQ(screen_color(0x03), screen_pixel(p, 0, 0));
	EQ(screen_color(0x03), screen_pixel(p, 1, 1));
	EQ(screen_color(0x10), screen_pixel(p, 2, 0));
	EQ(screen_color(0x21), screen_pixel(p, 4, 0));
	EQ(screen_color(0x3f), screen_pixel(p, 7, 1));
	EQ(screen_color(0x2a), screen_pixel(p, 639, 399));
	EQ(screen_color(0x11), screen_pixel(p, 0, 120));
	/* Panned by a pixel: two. */
	screen_attr(b, 0x13, 2);
	EQ(screen_color(0x10), screen_pixel(screen_look(b), 0, 0));
}

/* Mode X: the same, with the planes one after the other in each address. */
BUS_TEST(vga_mode_x, VGA)
{
	const struct picture *p;

	screen_mode(b, &mode_13);
	screen_seq(b, 4, 6);
	screen_crtc(b, 0x14, 0);
	screen_crtc(b, 0x17, 0xe3);
	for (uint8_t plane = 0; plane < 4; plane++) {
		screen_seq(b, 2, (uint8_t)(1 << plane));
		bus_write(b, 0xa0000 + 80, 1, 0x20u + plane);
		bus_write(b, 0xa0000 + 80 * 240, 1, 0x30u + plane);
	}
	p = screen_look(b);
	for (unsigned i = 0; i < 4; i++)
		EQ(screen_color(0x20 + i), screen_pixel(p, i * 2, 2));
	screen_crtc(b, 0x0c, 80 * 240 >> 8); /* the other page */
	screen_crtc(b, 0x0d, 80 * 240 & 0xff);
	EQ(screen_color(0x33), screen_pixel(screen_look(b), 6, 0));
}

/* ---- on and off ---- */

BUS_TEST(vga_blank, VGA)
{
	screen_look(b); /* before anybody has set a mode: a black picture */
	screen_mode(b, &mode_13);
	bus_write(b, 0xa0000, 1, 0x3f);
	EQ(screen_color(0x3f), screen_pixel(screen_look(b), 0, 0));
	screen_seq(b, 1, 0x21);
	EQ(0, screen_pixel(screen_look(b), 0, 0));
	EQ(640, screen_look(b)->width);
	screen_seq(b, 1, 0x01);
	EQ(screen_color(0x3f), screen_pixel(screen_look(b), 0, 0));
	bus_in(b, 0x3da, 1);
	bus_out(b, 0x3c0, 1, 0x00);
	EQ(0, screen_pixel(screen_look(b), 0, 0));
}

/* What was not written through a register shows as well. */
BUS_TEST(vga_memory_alone_changes_the_picture, VGA)
{
	screen_mode(b, &mode_13);
	screen_look(b);
	bus_write(b, 0xa0000 + 5, 1, 0x15);
	EQ(screen_color(0x15), screen_pixel(screen_look(b), 10, 0));
}

BUS_TEST(vga_screen_as_characters, VGA)
{
	const char *text;

	text_mode(b);
	for (unsigned i = 0; i < 25 * 80; i++)
		cell(b, i, 0, ' ', 7);
	for (unsigned i = 0; i < 5; i++)
		cell(b, 3 + i, 2, (uint8_t) "Hall\x94"[i], 7);
	screen_crtc(b, 0x0f, 168);
	text = bus_qmp(b, "{\"execute\": \"human-monitor-command\", \"arguments\": "
			  "{\"command-line\": \"info screen\"}}");
	CHECK(strstr(text, "vga: 80x25 characters, cursor at column 8 of line 2\\r\\n\\r\\n\\r\\n"
			   "   Hall\\u00F6\\r\\n"));
	screen_mode(b, &mode_13);
	text = bus_qmp(b, "{\"execute\": \"human-monitor-command\", \"arguments\": "
			  "{\"command-line\": \"info screen\"}}");
	CHECK(strstr(text, "vga is not in a text mode"));
}
