/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/display/vga_time.c: where the beam of the monitor would be, by the machine's clock and
 * the CRT controller's totals.
 *
 * Spec: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem, 2-43, 2-54 ff.
 */
#include "hw/display/display.h"

enum { CLOCK_25_KHZ = 25175, CLOCK_28_KHZ = 28322 };
enum { MODE_LINES_X2 = 1 << 2 }; /* CR17 */

/* A ten-bit count of lines: eight bits and two of CR07. */
static uint32_t lines_of(const struct vga *s, unsigned reg, unsigned bit8, unsigned bit9)
{
	uint8_t over = s->crtc[CRTC_OVERFLOW];

	return s->crtc[reg] | (over >> bit8 & 1u) << 8 | (over >> bit9 & 1u) << 9;
}

void vga_timing(const struct vga *s, struct vga_timing *t)
{
	int64_t khz = s->misc & MISC_CLOCK_28 ? CLOCK_28_KHZ : CLOCK_25_KHZ;
	int64_t dots = s->seq[SEQ_CLOCKING] & CLOCKING_8DOT ? 8 : 9;
	uint32_t scale = s->crtc[CRTC_MODE] & MODE_LINES_X2 ? 2 : 1;

	if (s->seq[SEQ_CLOCKING] & CLOCKING_HALF)
		dots *= 2;
	t->line_ns = (s->crtc[CRTC_HTOTAL] + 5) * dots * 1000000 / khz;
	t->shown_ns = (s->crtc[CRTC_HDISP_END] + 1) * dots * 1000000 / khz;
	t->lines = (lines_of(s, CRTC_VTOTAL, 0, 5) + 2) * scale;
	t->shown = (lines_of(s, CRTC_VDISP_END, 1, 6) + 1) * scale;
	t->sync = lines_of(s, CRTC_VSYNC_START, 2, 7) * scale;
	/* Its end is the low four bits of the line. */
	t->sync_lines = ((s->crtc[CRTC_VSYNC_END] - t->sync / scale) & 15) * scale;
	t->frame_ns = t->line_ns * t->lines;
}

uint32_t vga_frame(const struct dev *d)
{
	struct vga_timing t;

	vga_timing(vga_of(d), &t);
	/* Not a count of frames at 60 Hz when the totals make no picture. */
	return (uint32_t)(dev_now(d) / MAX(t.frame_ns, 8 * NS_PER_MS));
}
