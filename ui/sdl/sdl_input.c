/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/sdl/sdl_input.c: keys and pointer of the window, and what of them stays here: hot keys and the
 * grab. Keys are places on the keyboard: SDL's scancodes are HID usages. The guest's keyboard
 * repeats by itself, so a repeated key is not passed on.
 */
#include "ui/sdl/sdl_window.h"

#include "base/util.h"

#include <string.h>
#include <sys/socket.h>

enum { BUTTON_LEFT = 1 << 0, BUTTON_MIDDLE = 1 << 1, BUTTON_RIGHT = 1 << 2 };
enum { WHEEL_UP = 1 << 3, WHEEL_DOWN = 1 << 4, WHEEL_LEFT = 1 << 5, WHEEL_RIGHT = 1 << 6 };
enum { BUTTON_SIDE = 1 << 7, BUTTON_EXTRA = 1 << 8, NOTCHES_MAX = 16 };

/* Keys of the consumer page, which SDL counts behind the keyboard's. */
static const struct {
	uint16_t scancode;
	const char *name;
} others[] = {
	{SDL_SCANCODE_AUDIONEXT, "audionext"},
	{SDL_SCANCODE_AUDIOPREV, "audioprev"},
	{SDL_SCANCODE_AUDIOSTOP, "audiostop"},
	{SDL_SCANCODE_AUDIOPLAY, "audioplay"},
	{SDL_SCANCODE_AUDIOMUTE, "audiomute"},
	{SDL_SCANCODE_MEDIASELECT, "mediaselect"},
	{SDL_SCANCODE_MAIL, "mail"},
	{SDL_SCANCODE_CALCULATOR, "calculator"},
	{SDL_SCANCODE_COMPUTER, "computer"},
	{SDL_SCANCODE_AC_HOME, "ac_home"},
	{SDL_SCANCODE_AC_BACK, "ac_back"},
	{SDL_SCANCODE_AC_FORWARD, "ac_forward"},
	{SDL_SCANCODE_AC_REFRESH, "ac_refresh"},
	{SDL_SCANCODE_SLEEP, "sleep"},
	{SDL_SCANCODE_AC_BOOKMARKS, "ac_bookmarks"},
};

unsigned sdl_input_code(SDL_Scancode scancode)
{
	const struct key *k = (unsigned)scancode < 256 ? key_by_usage((unsigned)scancode) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(others) && !k; i++)
		if (others[i].scancode == scancode)
			k = key_named(others[i].name, strlen(others[i].name));
	return k ? k->code : KEY_NONE;
}

/* ---- to hvm-dm */

static void say(struct sdl_window *w, const struct vnc_msg *m)
{
	if (send(w->events, m, sizeof(*m), MSG_NOSIGNAL) != sizeof(*m))
		w->broken = true;
	/* What it does may be seen soon. */
	w->wait = 0;
	w->next = 0;
}

static void key(struct sdl_window *w, unsigned code, bool down)
{
	if (w->down[code] == down)
		return;
	w->down[code] = down;
	say(w, &(struct vnc_msg){.type = VNC_KEY, .a = (int32_t)code, .b = down});
}

/* Buttons and, with a tablet, the place; else the steps. */
static void pointer(struct sdl_window *w, uint32_t wheels, int dx, int dy)
{
	int pw = (int)w->screen.width, ph = (int)w->screen.height;
	struct vnc_msg m = {.type = VNC_MOTION, .a = dx, .b = dy, .e = w->buttons | wheels};
	SDL_Point p;

	if (w->absolute && pw && ph) {
		p = sdl_input_pixel(&w->at, pw, ph, w->x, w->y);
		m = (struct vnc_msg){VNC_POINTER, p.x, p.y, pw, ph, w->buttons | wheels};
	}
	say(w, &m);
}

void sdl_input_let_go(struct sdl_window *w)
{
	for (unsigned code = 0; code < KEY_CODES; code++)
		key(w, code, false);
	if (!w->buttons)
		return;
	w->buttons = 0;
	pointer(w, 0, 0, 0);
}

/* ---- where the picture is */

SDL_Rect sdl_input_fit(int pw, int ph, int ww, int wh)
{
	SDL_Rect r = {0, 0, MAX(ww, 1), MAX(wh, 1)};

	if (pw < 1 || ph < 1)
		return r;
	if ((int64_t)r.w * ph > (int64_t)r.h * pw)
		r.w = MAX((int)((int64_t)r.h * pw / ph), 1);
	else
		r.h = MAX((int)((int64_t)r.w * ph / pw), 1);
	r.x = (ww - r.w) / 2;
	r.y = (wh - r.h) / 2;
	return r;
}

static int scaled(int at, int from, int to)
{
	int64_t v = from > 0 ? (int64_t)at * to / from : 0;

	return (int)MIN(MAX(at < 0 ? 0 : v, 0), to - 1);
}

SDL_Point sdl_input_pixel(const SDL_Rect *at, int pw, int ph, int x, int y)
{
	return (SDL_Point){scaled(x - at->x, at->w, pw), scaled(y - at->y, at->h, ph)};
}

/* ---- grab */

void sdl_input_pointer(struct sdl_window *w)
{
	bool hidden = w->grabbed || w->absolute;

	SDL_SetRelativeMouseMode(w->grabbed && !w->absolute);
	SDL_ShowCursor(hidden && !w->o.show_cursor ? SDL_DISABLE : SDL_ENABLE);
}

void sdl_input_grab(struct sdl_window *w, bool on)
{
	if (w->grabbed == on)
		return;
	w->grabbed = on;
	SDL_SetWindowGrab(w->window, on ? SDL_TRUE : SDL_FALSE);
	sdl_input_pointer(w);
	sdl_window_title(w);
}

/* ---- hot keys */

static bool hot_modifiers(const struct sdl_window *w, unsigned mod)
{
	return (mod & w->o.grab) == w->o.grab;
}

/* Was it one? The guest has seen the modifiers go down; they come up for it first, so that it
 * never sees their combination with what the window does. */
static bool hot_key(struct sdl_window *w, SDL_Scancode scancode)
{
	if (scancode != SDL_SCANCODE_F && scancode != SDL_SCANCODE_G && scancode != SDL_SCANCODE_U)
		return false;
	sdl_input_let_go(w);
	w->hot = scancode;
	if (scancode == SDL_SCANCODE_F)
		sdl_window_toggle_full(w);
	else if (scancode == SDL_SCANCODE_G)
		sdl_input_grab(w, !w->grabbed);
	else
		sdl_window_scale_one(w);
	return true;
}

static void key_event(struct sdl_window *w, const SDL_KeyboardEvent *k)
{
	SDL_Scancode scancode = k->keysym.scancode;
	unsigned code = sdl_input_code(scancode);
	bool down = k->type == SDL_KEYDOWN;

	if (w->hot && scancode == w->hot) {
		if (!down)
			w->hot = SDL_SCANCODE_UNKNOWN;
		return;
	}
	if (down && !k->repeat && hot_modifiers(w, k->keysym.mod) && hot_key(w, scancode))
		return;
	if (code)
		key(w, code, down);
}

/* ---- pointer */

static uint32_t button_bit(uint8_t button)
{
	static const uint16_t bits[] = {[SDL_BUTTON_LEFT] = BUTTON_LEFT,
					[SDL_BUTTON_MIDDLE] = BUTTON_MIDDLE,
					[SDL_BUTTON_RIGHT] = BUTTON_RIGHT,
					[SDL_BUTTON_X1] = BUTTON_SIDE,
					[SDL_BUTTON_X2] = BUTTON_EXTRA};

	return button < ARRAY_SIZE(bits) ? bits[button] : 0;
}

/* A mouse that moves by steps is the guest's only while it is caught; a click catches it. */
static void button_event(struct sdl_window *w, const SDL_MouseButtonEvent *b)
{
	uint32_t bit = button_bit(b->button);
	bool down = b->type == SDL_MOUSEBUTTONDOWN;

	if (!w->absolute && !w->grabbed) {
		if (down && b->button == SDL_BUTTON_LEFT)
			sdl_input_grab(w, true);
		return;
	}
	w->x = b->x;
	w->y = b->y;
	if (!bit || !(w->buttons & bit) == !down)
		return;
	w->buttons = down ? w->buttons | bit : w->buttons & ~bit;
	pointer(w, 0, 0, 0);
}

static void motion_event(struct sdl_window *w, const SDL_MouseMotionEvent *m)
{
	w->x = m->x;
	w->y = m->y;
	if (w->absolute || w->grabbed)
		pointer(w, 0, m->xrel, m->yrel);
}

static void turn(struct sdl_window *w, int notches, uint32_t forward, uint32_t back)
{
	for (int n = MIN(abs(notches), NOTCHES_MAX); n > 0; n--) {
		pointer(w, notches > 0 ? forward : back, 0, 0);
		pointer(w, 0, 0, 0);
	}
}

static void wheel_event(struct sdl_window *w, const SDL_MouseWheelEvent *m)
{
	int flip = m->direction == SDL_MOUSEWHEEL_FLIPPED ? -1 : 1;

	if (!w->absolute && !w->grabbed)
		return;
	turn(w, m->y * flip, WHEEL_UP, WHEEL_DOWN);
	turn(w, m->x * flip, WHEEL_RIGHT, WHEEL_LEFT);
}

void sdl_input_event(struct sdl_window *w, const SDL_Event *ev)
{
	switch (ev->type) {
	case SDL_KEYDOWN:
	case SDL_KEYUP:
		key_event(w, &ev->key);
		break;
	case SDL_MOUSEMOTION:
		motion_event(w, &ev->motion);
		break;
	case SDL_MOUSEBUTTONDOWN:
	case SDL_MOUSEBUTTONUP:
		button_event(w, &ev->button);
		break;
	case SDL_MOUSEWHEEL:
		wheel_event(w, &ev->wheel);
		break;
	}
}
