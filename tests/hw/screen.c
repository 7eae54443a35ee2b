/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/screen.c: see screen.h. The tables are those of the IBM VGA BIOS. */
#include "tests/hw/screen.h"

#include "base/util.h"

#include <stdio.h>

/* clang-format off */
#define EGA_ATTR 0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f
const struct vga_mode mode_03 = {0x67, {0x00, 0x03, 0x00, 0x02},
	{0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0,
	 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff},
	{EGA_ATTR, 0x0c, 0x00, 0x0f, 0x08}, {0, 0, 0, 0, 0, 0x10, 0x0e, 0x00, 0xff}};
const struct vga_mode mode_04 = {0x63, {0x09, 0x03, 0x00, 0x02},
	{0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0, 0, 0, 0, 0, 0,
	 0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xa2, 0xff},
	{0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
	 0x01, 0x00, 0x03, 0x00}, {0, 0, 0, 0, 0, 0x30, 0x0f, 0x00, 0xff}};
const struct vga_mode mode_06 = {0x63, {0x01, 0x01, 0x00, 0x06},
	{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0xc1, 0, 0, 0, 0, 0, 0,
	 0x9c, 0x8e, 0x8f, 0x28, 0x00, 0x96, 0xb9, 0xc2, 0xff},
	{0, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17, 0x17,
	 0x17, 0x01, 0x00, 0x01, 0x00}, {0, 0, 0, 0, 0, 0x00, 0x0d, 0x00, 0xff}};
const struct vga_mode mode_0d = {0x63, {0x09, 0x0f, 0x00, 0x06},
	{0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0x00, 0xc0, 0, 0, 0, 0, 0, 0,
	 0x9c, 0x8e, 0x8f, 0x14, 0x00, 0x96, 0xb9, 0xe3, 0xff},
	{0, 1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
	 0x01, 0x00, 0x0f, 0x00}, {0, 0, 0, 0, 0, 0x00, 0x05, 0x0f, 0xff}};
const struct vga_mode mode_12 = {0xe3, {0x01, 0x0f, 0x00, 0x06},
	{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40, 0, 0, 0, 0, 0, 0,
	 0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff},
	{EGA_ATTR, 0x01, 0x00, 0x0f, 0x00}, {0, 0, 0, 0, 0, 0x00, 0x05, 0x0f, 0xff}};
const struct vga_mode mode_13 = {0x63, {0x01, 0x0f, 0x00, 0x0e},
	{0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41, 0, 0, 0, 0, 0, 0,
	 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0x00, 0x0f, 0x00},
	{0, 0, 0, 0, 0, 0x40, 0x05, 0x0f, 0xff}};
/* clang-format on */

void screen_seq(struct guest *b, uint8_t index, uint8_t val)
{
	bus_out(b, 0x3c4, 2, (uint32_t)val << 8 | index);
}

void screen_grc(struct guest *b, uint8_t index, uint8_t val)
{
	bus_out(b, 0x3ce, 2, (uint32_t)val << 8 | index);
}

void screen_crtc(struct guest *b, uint8_t index, uint8_t val)
{
	bus_out(b, 0x3d4, 2, (uint32_t)val << 8 | index);
}

void screen_attr(struct guest *b, uint8_t index, uint8_t val)
{
	bus_in(b, 0x3da, 1);
	bus_out(b, 0x3c0, 1, index);
	bus_out(b, 0x3c0, 1, val);
	bus_out(b, 0x3c0, 1, 0x20);
}

void screen_dac(struct guest *b, uint8_t index, uint32_t rgb)
{
	bus_out(b, 0x3c8, 1, index);
	bus_out(b, 0x3c9, 1, rgb >> 16 & 0xff);
	bus_out(b, 0x3c9, 1, rgb >> 8 & 0xff);
	bus_out(b, 0x3c9, 1, rgb & 0xff);
}

static uint8_t get(struct guest *b, uint16_t port, uint8_t index)
{
	bus_out(b, port, 1, index);
	return (uint8_t)bus_in(b, port + 1, 1);
}

uint8_t screen_seq_get(struct guest *b, uint8_t index)
{
	return get(b, 0x3c4, index);
}

uint8_t screen_grc_get(struct guest *b, uint8_t index)
{
	return get(b, 0x3ce, index);
}

uint8_t screen_crtc_get(struct guest *b, uint8_t index)
{
	return get(b, 0x3d4, index);
}

uint8_t screen_attr_get(struct guest *b, uint8_t index)
{
	uint8_t v;

	bus_in(b, 0x3da, 1);
	bus_out(b, 0x3c0, 1, index);
	v = (uint8_t)bus_in(b, 0x3c1, 1);
	bus_in(b, 0x3da, 1);
	bus_out(b, 0x3c0, 1, 0x20);
	return v;
}

/* Any 64 that differ in each of their parts. */
static uint32_t six_bits(unsigned i)
{
	return (i & 63) << 16 | ((i * 7 + 3) & 63) << 8 | ((i * 13 + 5) & 63);
}

uint32_t screen_color(unsigned i)
{
	uint32_t v = six_bits(i), out = 0;

	for (unsigned shift = 0; shift < 24; shift += 8) {
		uint32_t part = v >> shift & 63;

		out |= (part << 2 | part >> 4) << shift;
	}
	return out;
}

void screen_mode(struct guest *b, const struct vga_mode *m)
{
	bus_out(b, 0x3c2, 1, m->misc);
	screen_crtc(b, 0x11, 0);
	for (unsigned i = 0; i < 4; i++)
		screen_seq(b, (uint8_t)(i + 1), m->seq[i]);
	for (unsigned i = 0; i < 25; i++)
		screen_crtc(b, (uint8_t)i, m->crtc[i]);
	for (unsigned i = 0; i < 9; i++)
		screen_grc(b, (uint8_t)i, m->grc[i]);
	for (unsigned i = 0; i < 20; i++)
		screen_attr(b, (uint8_t)i, m->attr[i]);
	for (unsigned i = 0; i < 64; i++)
		screen_dac(b, (uint8_t)i, six_bits(i));
}

void screen_font(struct guest *b, uint32_t base)
{
	uint8_t font[256 * 32] = {0}, seq2, seq4, gr5, gr6;

	for (unsigned i = 0; i < sizeof(font); i++)
		font[i] = i % 32 < 16 ? (uint8_t)(i / 32 ^ i % 32) : 0;
	seq2 = screen_seq_get(b, 2), seq4 = screen_seq_get(b, 4);
	gr5 = screen_grc_get(b, 5), gr6 = screen_grc_get(b, 6);
	screen_seq(b, 2, 4);
	screen_seq(b, 4, 6);
	screen_grc(b, 5, 0);
	screen_grc(b, 6, 4);
	bus_memwrite(b, 0xa0000 + base, font, sizeof(font));
	screen_seq(b, 2, seq2);
	screen_seq(b, 4, seq4);
	screen_grc(b, 5, gr5);
	screen_grc(b, 6, gr6);
}

/* ---- looking ---- */

const struct picture *screen_look(struct guest *b)
{
	static struct picture p;
	static const char *path;
	static struct guest *of;
	char command[256];
	FILE *f;

	if (of != b)
		path = bus_tmpfile(0);
	of = b;
	snprintf(command, sizeof(command),
		 "{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"%s\"}}", path);
	CHECK(strstr(bus_qmp(b, command), "\"return\""));
	f = fopen(path, "rb");
	MUST(f && fscanf(f, "P6\n%u %u\n255", &p.width, &p.height) == 2 && fgetc(f) == '\n');
	free(p.rgb);
	p.rgb = malloc((size_t)p.width * p.height * 3);
	MUST(p.rgb && fread(p.rgb, 3, (size_t)p.width * p.height, f) == (size_t)p.width * p.height);
	fclose(f);
	return &p;
}

uint32_t screen_pixel(const struct picture *p, unsigned x, unsigned y)
{
	const uint8_t *at = p->rgb + ((size_t)y * p->width + x) * 3;

	MUST(x < p->width && y < p->height);
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

bool screen_row(const struct picture *p, unsigned x, unsigned y, const char *want,
		const uint32_t *colors)
{
	for (; *want; want++, x++) {
		const uint32_t *c = colors;

		while (*c && *c != (uint32_t)*want)
			c += 2;
		MUST(*c);
		NOTE("at %u, %u", x, y);
		if (!EQ(c[1], screen_pixel(p, x, y)))
			return false;
	}
	return true;
}
