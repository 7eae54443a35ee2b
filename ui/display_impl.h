/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/display_impl.h: what the display*.c files share with each other only. */
#ifndef UI_DISPLAY_IMPL_H
#define UI_DISPLAY_IMPL_H
#include "ui/display.h"

struct display_viewer; /* another process; ui/display_serve.c */

struct display {
	char *name;
	const struct display_ops *ops;
	void *arg;
	struct display_layout at; /* serial 0: none yet */
	int fd;                   /* tiles, then pixels */
	uint8_t *map;
	size_t map_len;
	bool drawing; /* tiles carry the next generation, not announced yet */
	struct display_cursor cursor;
	struct display_viewer *viewers;
};

static inline size_t display_tiles_size(const struct display_layout *at)
{
	return 4 * (1 + (size_t)at->tiles_x * at->tiles_y);
}
/* Lets the adapter draw and announces the generation; false: there is no surface yet. */
bool display_draw(struct display *d);
void display_hang_up(struct display *d); /* on all viewers */
#endif
