/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/sdl/sdl_window.h: what the files of hvm-sdl share. */
#ifndef UI_SDL_SDL_WINDOW_H
#define UI_SDL_SDL_WINDOW_H
#include "base/err.h"
#include "ui/screen_copy.h"
#include "ui/vnc.h"

#include <SDL.h>

/* Who draws: as SDL likes, the processor, the graphics card or nothing. */
enum sdl_gl { SDL_GL_ANY, SDL_GL_NOT, SDL_GL_NEEDED };

struct sdl_options {
	const char *name; /* the guest's, in the title; NULL = none */
	bool full_screen; /* from the start */
	bool keep;        /* closing the window does nothing */
	bool show_cursor; /* the desktop's pointer stays over the picture */
	enum sdl_gl gl;
	unsigned grab; /* modifiers of hot keys, KMOD_…: all of them */
};

struct sdl_window {
	struct sdl_options o;
	int events;  /* packet socket of struct vnc_msg: ui/vnc.h */
	int control; /* packet socket of text: ui/sdl.h */
	struct screen_copy screen;
	SDL_Window *window;
	SDL_Renderer *renderer;
	SDL_Texture *texture; /* of the size of `screen` */
	SDL_Rect at;          /* where the picture is in the window */
	bool visible, full_screen, grabbed, grabbed_before;
	bool absolute, stopped; /* as hvm-dm says */
	bool changed;           /* the texture is not what the window shows */
	bool broken;            /* hvm-dm has gone */
	int x, y;               /* where the pointer was last, in the window */
	uint32_t buttons;       /* as RFB has them, without wheels */
	uint8_t down[KEY_CODES];
	SDL_Scancode hot; /* a key that was taken for a hot key, until it is lifted */
	uint64_t next;    /* look at the screen, in SDL's ms */
	int wait;         /* between looks */
};

/* sdl_window.c */
int sdl_window_open(struct sdl_window *w, struct err *e); /* descriptors and options are set */
void sdl_window_close(struct sdl_window *w);
void sdl_window_run(struct sdl_window *w); /* till hvm-dm has gone */
void sdl_window_event(struct sdl_window *w, const SDL_Event *ev);
void sdl_window_listen(struct sdl_window *w); /* what has come on the sockets */
void sdl_window_draw(struct sdl_window *w);
void sdl_window_title(struct sdl_window *w);
void sdl_window_scale_one(struct sdl_window *w); /* the window takes the picture's size */
void sdl_window_toggle_full(struct sdl_window *w);

/* sdl_input.c: keys, pointer, grab */
void sdl_input_event(struct sdl_window *w, const SDL_Event *ev);
void sdl_input_let_go(struct sdl_window *w); /* lifts all keys and buttons */
void sdl_input_grab(struct sdl_window *w, bool on);
void sdl_input_pointer(struct sdl_window *w);   /* shown or hidden, caught or free, as is due */
unsigned sdl_input_code(SDL_Scancode scancode); /* evdev; 0 = no such key */
/* The largest place for a picture of pw × ph in ww × wh that keeps its shape, in the middle. */
SDL_Rect sdl_input_fit(int pw, int ph, int ww, int wh);
/* The picture's pixel below (x, y) of the window; beside it the nearest one. */
SDL_Point sdl_input_pixel(const SDL_Rect *at, int pw, int ph, int x, int y);
#endif
