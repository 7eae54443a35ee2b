/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga_edid.c: what the monitor says of itself.
 *
 * Spec: VESA Enhanced EDID Standard, release A revision 2 (EDID 1.4), 3.3-3.12; VESA CVT 1.2, 5.2
 *       (reduced blanking: 160 dots, 460 us at least)
 */
#include "hw/display/vga.h"

enum { H_BLANK = 160, H_FRONT = 48, H_SYNC = 32, V_FRONT = 3, V_SYNC = 6, REFRESH = 60 };
enum { DESCRIPTOR = 54, CHECKSUM = 127 };

/* Lines of blanking that take 460 us. */
static uint32_t v_blank(uint32_t height)
{
	uint32_t line_ns = (1000000000u / REFRESH - 460000) / height;

	return MAX(460000 / line_ns + 1, (uint32_t)(V_FRONT + V_SYNC + 6));
}

static void timing(uint8_t *p, uint32_t width, uint32_t height)
{
	uint32_t blank = v_blank(height);
	uint32_t clock = (width + H_BLANK) * (height + blank) / 1000 * REFRESH / 10; /* 10 kHz */

	store_le(p, 2, MIN(clock, 0xffffu));
	p[2] = (uint8_t)width;
	p[3] = (uint8_t)H_BLANK;
	p[4] = (uint8_t)(width >> 8 << 4 | H_BLANK >> 8);
	p[5] = (uint8_t)height;
	p[6] = (uint8_t)blank;
	p[7] = (uint8_t)(height >> 8 << 4 | blank >> 8);
	p[8] = H_FRONT;
	p[9] = H_SYNC;
	p[10] = V_FRONT << 4 | V_SYNC;
	p[12] = (uint8_t)(width * 254 / 960); /* mm at 96 dots an inch */
	p[13] = (uint8_t)(height * 254 / 960);
	p[14] = (uint8_t)((width * 254 / 960) >> 8 << 4 | (height * 254 / 960) >> 8);
	p[17] = 0x1a; /* digital separate sync, vertical negative, horizontal positive */
}

static void text(uint8_t *p, uint8_t tag, const char *words)
{
	size_t n = strlen(words);

	memset(p, 0, 5);
	memset(p + 5, ' ', 13);
	p[3] = tag;
	memcpy(p + 5, words, n);
	p[5 + n] = '\n';
}

void vga_edid_make(uint8_t edid[128], uint32_t width, uint32_t height)
{
	static const uint8_t head[] = {
		0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,  0x22, 0xcd /* "HVM" */,
		1, 0,    0,    0,    0,    0,    1,    34, 1,    4};
	static const uint8_t range[] = {0, 0, 0, 0xfd, 0, 50, 85, 15, 160, 34, 1, '\n'};
	/* sRGB's primaries and white point. */
	static const uint8_t colors[] = {0xee, 0x91, 0xa3, 0x54, 0x4c,
					 0x99, 0x26, 0x0f, 0x50, 0x54};
	uint8_t sum = 0;

	memset(edid, 0, 128);
	memcpy(edid, head, sizeof(head));
	edid[20] = 0xa5; /* digital, 8 bits a colour, DisplayPort */
	edid[21] = (uint8_t)(width * 254 / 9600);
	edid[22] = (uint8_t)(height * 254 / 9600);
	edid[23] = 120;  /* gamma 2.2 */
	edid[24] = 0x06; /* sRGB; the first timing is the best one */
	memcpy(edid + 25, colors, sizeof(colors));
	edid[35] = 0x21;          /* 640x480, 800x600 … */
	edid[36] = 0x08;          /* … 1024x768 at 60 Hz */
	memset(edid + 38, 1, 16); /* no further standard timings */
	timing(edid + DESCRIPTOR, width, height);
	memcpy(edid + DESCRIPTOR + 18, range, sizeof(range));
	memset(edid + DESCRIPTOR + 18 + sizeof(range), ' ', 18 - sizeof(range));
	text(edid + DESCRIPTOR + 36, 0xfc, "HVM Monitor");
	text(edid + DESCRIPTOR + 54, 0xff, "0");
	for (unsigned i = 0; i < CHECKSUM; i++)
		sum = (uint8_t)(sum + edid[i]);
	edid[CHECKSUM] = (uint8_t)-sum;
}
