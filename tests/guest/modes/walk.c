/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/guest/modes/walk.c: goes through every mode of the VGA BIOS, in real mode, draws pattern.h
 * in it, says on the first serial port what it is, and waits there for a byte:
 *	M 03 text COLUMNS LINES HEIGHT UNDERLINE   M 0d planar W H PLANES   M 04 cga W H BITS
 *	M 13 chain4 W H    M v111 linear|banked W H BITS    M v102 planar W H PLANES
 * It waits for such a byte before it begins, too: 'q' leaves out what is wider than 640 pixels.
 * The first lines of a VBE mode are written through the window, with its banks, the others into
 * the linear frame buffer. Ends by isa-debug-exit.
 */
#include "pattern.h"

struct regs {
	uint32_t eax, ebx, ecx, edx, edi, es, ebp;
};
void bios(struct regs *r);
void flat(void);
void walk(void);

enum {
	COM1 = 0x3f8,
	EXIT = 0xf4,
	WINDOW = 0xa0000,
	MODES_MAX = 256,
	BANKED = 200000,
	LINE = 0x20000,
	OWN = 0x14
};

static void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

/* The compiler need not know that there is no object there. */
static volatile uint8_t *place(uint32_t at)
{
	__asm__("" : "+r"(at));
	return (volatile uint8_t *)at;
}

static void poke8(uint32_t at, uint8_t v)
{
	*place(at) = v;
}

static uint8_t peek8(uint32_t at)
{
	return *place(at);
}

static void copy(uint32_t to, uint32_t from, uint32_t n)
{
	__asm__ volatile(".byte 0x67\n\trep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/* ---- the harness */

static void say(const char *s)
{
	for (; *s; s++) {
		while (!(inb(COM1 + 5) & 0x20))
			;
		outb(COM1, (uint8_t)*s);
	}
}

static void say_number(uint32_t v, unsigned base, unsigned digits)
{
	char text[12], *p = text + sizeof(text) - 1;

	*p = 0;
	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
	} while (v || (unsigned)(text + sizeof(text) - 1 - p) < digits);
	say(p);
}

static void begin(const char *sort, unsigned mode, const char *kind)
{
	say("M ");
	say(sort);
	say_number(mode, 16, 2);
	say(" ");
	say(kind);
}

static void add(unsigned v)
{
	say(" ");
	say_number(v, 10, 1);
}

static uint8_t listen(void)
{
	while (!(inb(COM1 + 5) & 1))
		;
	return inb(COM1);
}

static void compare(void)
{
	say("\n");
	listen();
}

/* ---- registers */

static uint32_t int10(uint32_t ax, uint32_t bx, uint32_t cx, uint32_t dx, const void *es_di)
{
	struct regs r = {ax, bx, cx, dx, (uint32_t)es_di, 0, (uint32_t)es_di};

	bios(&r);
	flat();
	return r.eax & 0xffff;
}

static uint16_t crtc_port(void)
{
	return inb(0x3cc) & 1 ? 0x3d4 : 0x3b4;
}

static uint8_t crtc(uint8_t index)
{
	outb(crtc_port(), index);
	return inb(crtc_port() + 1);
}

static uint8_t attribute(uint8_t index)
{
	uint8_t v;

	inb(crtc_port() + 6);
	outb(0x3c0, index | 0x20);
	v = inb(0x3c1);
	inb(crtc_port() + 6);
	return v;
}

static void set_palette(void)
{
	outb(0x3c8, 0);
	for (unsigned i = 0; i < 256; i++)
		for (unsigned part = 0; part < 3; part++)
			outb(0x3c9, pattern_dac(i, part));
}

/* By ports: SeaBIOS's VGA BIOS looks for the flip-flop at 3dah even where it is at 3bah, so that in
 * mode 7 the screen stays off (on QEMU, too). */
static void set_attribute(uint8_t index, uint8_t v)
{
	inb(crtc_port() + 6);
	outb(0x3c0, index);
	outb(0x3c0, v);
	inb(crtc_port() + 6);
	outb(0x3c0, 0x20);
}

/* Colour n is entry n of the palette. */
static void set_attributes(void)
{
	for (unsigned i = 0; i < 16; i++)
		set_attribute((uint8_t)i, (uint8_t)i);
}

/* ---- text */

static uint8_t font[256 * 16];

static void make_font(unsigned n, unsigned height)
{
	for (unsigned ch = 0; ch < 256; ch++)
		for (unsigned row = 0; row < height; row++)
			font[ch * height + row] = pattern_glyph(n, ch, row);
}

/* Two fonts at once; 1110h also makes the screen fit the height. */
static void load_fonts(unsigned height, uint32_t how)
{
	make_font(0, height);
	int10(how, height << 8 | 0, 256, 0, font);
	make_font(1, height);
	int10(0x1100, height << 8 | 1, 256, 0, font);
	int10(0x1103, 0x04, 0, 0, 0);
}

static void text_mode(unsigned mode, unsigned height, uint32_t how)
{
	uint32_t at = mode == 7 ? 0xb0000 : 0xb8000;
	unsigned columns, lines;

	int10(mode, 0, 0, 0, 0);
	set_palette();
	set_attributes();
	load_fonts(height, how);
	set_attribute(0x10, attribute(0x10) & 0xf7); /* nothing blinks */
	int10(0x0100, 0, 0x2000, 0, 0);
	columns = peek8(0x44a);
	lines = peek8(0x484) + 1;
	/* The lines that have begun when the screen ends are seen, too. */
	for (unsigned i = 0; i < columns * (lines + 1); i++)
		*(volatile uint16_t *)place(at + 2 * i) =
			(uint16_t)(pattern_attr(i) << 8 | pattern_char(i));
	begin("", mode, "text");
	add(columns);
	add(lines);
	add(height);
	add(crtc(0x14) & 31);
	compare();
}

/* ---- graphics of the VGA itself */

static void planes(unsigned mask)
{
	outb(0x3c4, 2);
	outb(0x3c5, (uint8_t)mask);
}

/* Eight pixels. */
static void planar_cell(uint32_t at, uint32_t x, uint32_t y)
{
	uint8_t bits[4] = {0};

	for (unsigned i = 0; i < 8; i++) {
		uint32_t v = pattern_index(x + i, y);

		for (unsigned plane = 0; plane < 4; plane++, v >>= 1)
			bits[plane] = (uint8_t)(bits[plane] << 1 | (v & 1));
	}
	for (unsigned plane = 0; plane < 4; plane++) {
		planes(1u << plane);
		poke8(at, bits[plane]);
	}
}

static void planar_mode(unsigned mode, unsigned w, unsigned h)
{
	int10(mode, 0, 0, 0, 0);
	set_palette();
	set_attributes();
	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x += 8)
			planar_cell(WINDOW + y * (w / 8) + x / 8, x, y);
	planes(15);
	begin("", mode, "planar");
	add(w);
	add(h);
	add(attribute(0x12));
	compare();
}

static void cga_mode(unsigned mode, unsigned w, unsigned bits)
{
	unsigned per = 8 / bits;

	int10(mode, 0, 0, 0, 0);
	set_palette();
	set_attributes();
	for (unsigned y = 0; y < 200; y++) {
		for (unsigned x = 0; x < w; x += per) {
			uint8_t v = 0;

			for (unsigned i = 0; i < per; i++)
				v = (uint8_t)(v << bits |
					      (pattern_index(x + i, y) & ((1u << bits) - 1)));
			poke8(0xb8000 + (y & 1) * 0x2000 + (y >> 1) * 80 + x / per, v);
		}
	}
	begin("", mode, "cga");
	add(w);
	add(200);
	add(bits);
	compare();
}

static void chain4_mode(void)
{
	int10(0x13, 0, 0, 0, 0);
	set_palette();
	for (unsigned y = 0; y < 200; y++)
		for (unsigned x = 0; x < 320; x++)
			poke8(WINDOW + y * 320 + x, (uint8_t)pattern_index(x, y));
	begin("", 0x13, "chain4");
	add(320);
	add(200);
	compare();
}

/* ---- VBE */

static struct {
	uint8_t raw[256];
} info;
static uint8_t controller[512];
static uint16_t modes[MODES_MAX];

static uint32_t field(unsigned at, unsigned size)
{
	uint32_t v = 0;

	while (size--)
		v = v << 8 | info.raw[at + size];
	return v;
}

struct vbe {
	uint32_t pitch, w, h, bytes, lfb, step; /* step: what a bank counts */
	uint32_t size[3], shift[3];
};

static uint32_t current;

/* The window's address of byte `at`. */
static uint32_t banked(const struct vbe *m, uint32_t at)
{
	uint32_t bank = at / 0x10000 * (0x10000 / m->step);

	if (bank != current)
		int10(0x4f05, 0, 0, bank, 0);
	current = bank;
	return WINDOW + (at & 0xffff);
}

/* The line of all lines: each of them is a part of it. */
static void make_line(const struct vbe *m)
{
	uint32_t at = LINE;

	for (uint32_t i = 0; i <= pattern_index(m->w, m->h); i++, at += m->bytes) {
		uint32_t v = i;

		if (m->bytes > 1)
			v = pattern_part(i, 0, m->size[0]) << m->shift[0] |
			    pattern_part(i, 1, m->size[1]) << m->shift[1] |
			    pattern_part(i, 2, m->size[2]) << m->shift[2];
		*(volatile uint32_t *)place(at) = v;
	}
}

static void draw_banked(const struct vbe *m, uint32_t end)
{
	for (uint32_t y = 0; y < end; y++) {
		uint32_t from = LINE + pattern_index(0, y) * m->bytes, left = m->w * m->bytes;
		uint32_t at = y * m->pitch, n;

		for (; left; left -= n, at += n, from += n) {
			n = 0x10000 - (at & 0xffff);
			n = n < left ? n : left;
			copy(banked(m, at), from, n);
		}
	}
}

static void draw_linear(const struct vbe *m, uint32_t y)
{
	for (; y < m->h; y++)
		copy(m->lfb + y * m->pitch, LINE + pattern_index(0, y) * m->bytes, m->w * m->bytes);
}

static void packed_vbe(unsigned mode, const struct vbe *m, unsigned bits)
{
	uint32_t lines = m->lfb ? BANKED / m->pitch : m->h;

	if (lines > m->h / 2 && m->lfb)
		lines = m->h / 2;
	set_palette();
	make_line(m);
	draw_banked(m, lines);
	if (m->lfb && int10(0x4f02, 0xc000 | mode, 0, 0, 0) == 0x4f) {
		set_palette();
		draw_linear(m, lines);
	}
	begin("v", mode, m->lfb ? "linear" : "banked");
	add(m->w);
	add(m->h);
	add(bits);
	compare();
}

static void planar_vbe(unsigned mode, const struct vbe *m)
{
	set_palette();
	set_attributes();
	for (uint32_t y = 0; y < m->h; y++) {
		for (uint32_t x = 0; x < m->w; x += 8) {
			uint32_t at = banked(m, y * m->pitch + x / 8);

			planar_cell(at, x, y);
		}
	}
	planes(15);
	begin("v", mode, "planar");
	add(m->w);
	add(m->h);
	add(attribute(0x12));
	compare();
}

static void vbe_mode(unsigned mode, unsigned widest)
{
	struct vbe m;

	if (int10(0x4f01, 0, mode, 0, &info) != 0x4f || !(info.raw[0] & 1)) {
		begin("v", mode, "none\n");
		return;
	}
	if (field(0x12, 2) > widest)
		return;
	current = 0;
	if (int10(0x4f02, mode, 0, 0, 0) != 0x4f) {
		begin("v", mode, "refused\n");
		return;
	}
	m = (struct vbe){.pitch = field(0x10, 2),
			 .w = field(0x12, 2),
			 .h = field(0x14, 2),
			 .bytes = (info.raw[0x19] + 7u) / 8,
			 .lfb = info.raw[0] & 0x80 ? field(0x28, 4) : 0,
			 .step = field(4, 2) << 10};
	for (unsigned part = 0; part < 3; part++) {
		m.size[part] = info.raw[0x1f + 2 * part];
		m.shift[part] = info.raw[0x20 + 2 * part];
	}
	if (info.raw[0x1b] == 3)
		planar_vbe(mode, &m);
	else if (info.raw[0x1b] == 4 || info.raw[0x1b] == 6)
		packed_vbe(mode, &m, info.raw[0x19]);
	else
		begin("v", mode, "unknown\n");
}

static void vbe_walk(unsigned widest)
{
	uint32_t list;
	unsigned n = 0;

	controller[0] = 'V', controller[1] = 'B', controller[2] = 'E', controller[3] = '2';
	if (int10(0x4f00, 0, 0, 0, controller) != 0x4f) {
		say("no VBE\n");
		return;
	}
	list = ((uint32_t)controller[17] << 8 | controller[16]) << 4;
	list += (uint32_t)controller[15] << 8 | controller[14];
	for (; n < MODES_MAX - 1; n++) {
		modes[n] = (uint16_t)(peek8(list + 2 * n) | peek8(list + 2 * n + 1) << 8);
		if (modes[n] == 0xffff)
			break;
	}
	for (unsigned i = 0; i < n; i++)
		if (modes[i] >= OWN) /* the others are the VGA's */
			vbe_mode(modes[i], widest);
}

void walk(void)
{
	unsigned widest;

	flat();
	say("walk\n");
	widest = listen() == 'q' ? 640 : ~0u;
	for (unsigned mode = 0; mode < 4; mode++)
		text_mode(mode, 16, 0x1100);
	text_mode(7, 16, 0x1100);
	int10(3, 0, 0, 0, 0); /* for the same reason SeaBIOS's next mode is not right yet */
	text_mode(3, 14, 0x1110);
	text_mode(3, 8, 0x1110);
	cga_mode(4, 320, 2);
	cga_mode(5, 320, 2);
	cga_mode(6, 640, 1);
	planar_mode(0x0d, 320, 200);
	planar_mode(0x0e, 640, 200);
	planar_mode(0x0f, 640, 350);
	planar_mode(0x10, 640, 350);
	planar_mode(0x11, 640, 480);
	planar_mode(0x12, 640, 480);
	chain4_mode();
	vbe_walk(widest);
	int10(3, 0, 0, 0, 0);
	say("D\n");
	outb(EXIT, 0);
}
