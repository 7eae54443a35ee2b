/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/sdl.h: a window with a machine's screen, as the device model sees it. The window is a process,
 * hvm-sdl: libraries of window systems and drivers of graphics cards stay out of hvm-dm.
 *
 * It is started (proc/helper.h) with a socket for pictures (ui/display.h) and one for keys and
 * motion (the messages of ui/vnc.h, as a client of hvm-vnc). On its control socket it says "quit"
 * when its owner closed it; the device model says "stopped 1" and "stopped 0".
 */
#ifndef UI_SDL_H
#define UI_SDL_H
#include "base/err.h"
#include "base/loop.h"
#include "ui/display.h"
#include "ui/input.h"

struct sdl;
struct sdl_config {            /* texts outlive it */
	const char *name;      /* the guest's; NULL = none */
	const char *gl, *grab; /* words of hvm-sdl's -gl and -grab-mod; NULL = not said */
	bool full_screen;
	bool keep; /* closing the window does nothing */
	bool show_cursor;
	void (*quit)(void *arg); /* its owner closed the window */
	void *arg;
};
/* Started and on the screen, or NULL and a sentence. c is copied. */
struct sdl *sdl_open(const struct sdl_config *c, struct display *d, struct input *in,
		     struct loop *l, struct err *e);
void sdl_close(struct sdl *s);                 /* NULL is fine */
void sdl_stopped(struct sdl *s, bool stopped); /* for the title */
#endif
