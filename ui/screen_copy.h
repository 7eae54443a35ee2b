/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/screen_copy.h: what a viewer's process (hvm-vnc, hvm-sdl) has of the guest's screen: a copy,
 * so that nothing changes while it is encoded or drawn.
 */
#ifndef UI_SCREEN_COPY_H
#define UI_SCREEN_COPY_H
#include "ui/display.h"

struct screen_copy {
	int fd; /* to display_serve */
	bool asked;
	struct display_view view;
	uint32_t seen;    /* generation */
	uint32_t *pixels; /* width × height of `view`, upper byte 0 */
	unsigned width, height;
	struct display_cursor cursor;
	int drawn[4]; /* where the cursor stands in pixels: x, y, w, h */
};
enum screen_news { SCREEN_NOTHING, SCREEN_DRAWN, SCREEN_RESIZED, SCREEN_GONE };
int screen_copy_ask(struct screen_copy *s); /* for an update; < 0: nobody listens */
/* Takes one message. DRAWN, RESIZED: the copy is up to date; dirty was told what changed. */
enum screen_news screen_copy_event(struct screen_copy *s,
				   void (*dirty)(void *arg, int x, int y, int w, int h), void *arg);
void screen_copy_free(struct screen_copy *s);
#endif
