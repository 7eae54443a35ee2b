/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/display/vga_draw.h: what the vga_draw*.c files share. */
#ifndef HW_DISPLAY_VGA_DRAW_H
#define HW_DISPLAY_VGA_DRAW_H
#include "hw/display/display.h"

struct vga_palette {
	uint32_t dac[256], attr[16]; /* 0x00RRGGBB */
};
struct vga_geometry {
	uint32_t chars, dots;   /* of a line; of a character */
	uint32_t width, height; /* of the screen */
	uint32_t scale_x, scale_y;
	uint32_t start, offset; /* counts of the address counter */
	uint32_t rows;          /* scan lines of a character; each `repeat` times */
	uint32_t repeat;
	bool text;
};
void vga_draw_palette(const struct dev *d, struct vga_palette *p);
void vga_draw_geometry(const struct vga *s, struct vga_geometry *g);
/* The plane address of which the display reads four bytes when the address counter is at ma. */
uint32_t vga_draw_address(const struct vga *s, uint32_t ma, uint32_t row);
/* One scan line of `chars` characters at ma, g->dots each; phase: vga_frame / 8. */
void vga_draw_text_line(const struct dev *d, const struct vga_palette *p,
			const struct vga_geometry *g, uint32_t ma, uint32_t row, uint32_t phase,
			uint32_t *out);
void vga_draw_text_cells(void *arg, struct display_text *t);
#endif
