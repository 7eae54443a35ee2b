/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/input.h: where consoles (VNC, a window, a monitor) put keys and motion, and where keyboards
 * and pointers of the guest take them. One struct input per machine; all on the main thread.
 *
 * Keys are evdev codes (ui/key.h). A key is down for the guest while any source holds it; the
 * guest's keyboard repeats it by itself, so a viewer's repeated downs change nothing.
 */
#ifndef UI_INPUT_H
#define UI_INPUT_H
#include "base/clock.h"
#include "ui/key.h"

#include <stdbool.h>

struct input;
struct input *
input_new(struct clock *c);        /* the machine's; holds keys of input_type. NULL: no memory */
void input_free(struct input *in); /* NULL is fine; devices and sources have gone */

enum input_kind { INPUT_KEYBOARD, INPUT_MOUSE, INPUT_TABLET };

/* ---- for consoles ---- */

enum input_led { INPUT_NUM_LOCK = 1, INPUT_CAPS_LOCK = 2, INPUT_SCROLL_LOCK = 4 };
enum input_button {
	INPUT_LEFT = 1 << 0,
	INPUT_RIGHT = 1 << 1,
	INPUT_MIDDLE = 1 << 2,
	INPUT_SIDE = 1 << 3,
	INPUT_EXTRA = 1 << 4,
};
#define INPUT_BUTTONS 5
#define INPUT_ABS_MAX 0x7fff

/* One client of a console: what it holds is let go when it leaves. */
struct input_source { /* the caller's storage; set the callbacks (NULL is fine), zero the rest */
	void (*leds)(void *arg, unsigned leds);     /* the guest set them: enum input_led */
	void (*absolute)(void *arg, bool absolute); /* another pointer is active now */
	void *arg;
	/* ui/input.c's */
	struct input *in;
	struct input_source *next;
	uint8_t down[KEY_CODES / 8];
	uint8_t buttons;
	int x, y;         /* the last input_pixel, -1 = none yet */
	int abs_x, abs_y; /* where it pointed last */
};
void input_join(struct input *in, struct input_source *s); /* both callbacks come at once */
void input_leave(struct input_source *s);                  /* fine when it never joined */
void input_let_go(struct input_source *s); /* lifts all its keys and buttons: focus was lost */

void input_key(struct input_source *s, unsigned code, bool down); /* unknown codes are dropped */

/*
 * One report of a pointer. An absolute device takes x and y, a relative one dx and dy; a console
 * that has both says both (input_pixel does).
 */
struct input_motion {
	bool abs; /* x and y are meant: 0 … INPUT_ABS_MAX on both axes */
	int x, y;
	int dx, dy;      /* right and down are positive */
	int wheel, pan;  /* notches: away from the user and right are positive */
	uint8_t buttons; /* all that are down: enum input_button */
};
void input_point(struct input_source *s, const struct input_motion *m);
/*
 * Fills m's x, y, dx, dy for the pixel (px, py) of a picture of w × h; what lies outside counts as
 * the nearest pixel in it. The caller adds buttons and wheel, and calls input_point.
 *
 *     x = ceil(px · 0x7fff / (w - 1))
 *
 * With it the guest's pixel is the viewer's, the last one too, in each of the three ways in which
 * guests scale back: x·w / 0x8000 (libinput, X.Org, Windows), x·(w-1) / 0x7fff cut off, and the
 * same rounded; for all w up to 16384.
 */
void input_pixel(struct input_source *s, int px, int py, unsigned w, unsigned h,
		 struct input_motion *m);
unsigned input_leds(const struct input *in);
bool input_has(const struct input *in, enum input_kind kind); /* such a device, ready or not */
bool input_absolute(const struct input *in); /* else show and grab: it moves by steps */

/* Monitors: presses keys in order, hold_ms of the guest's time after each event, lifts them in
 * reverse, as QEMU's send-key. -ENOSPC when too much of it waits already. */
int input_type(struct input *in, const uint8_t *codes, unsigned n, unsigned hold_ms);
bool input_idle(const struct input *in); /* no key waits for the guest or for its time */

/* ---- for devices ---- */

struct input_device { /* in the device's host struct; set down to arg */
	enum input_kind kind;
	const char *name; /* as `info mice` shows it */
	/* false: no room, the event waits for input_kick. A keyboard gets downs and ups in pairs,
	 * each key once; a pointer gets buttons as they are from now on. */
	bool (*key)(void *arg, unsigned code, bool down);
	bool (*point)(void *arg, const struct input_motion *m);
	void (*lost)(void *arg); /* keys were dropped: the guest read none for long; may be NULL */
	void *arg;
	/* ui/input.c's */
	struct input *in;
	struct input_device *next;
	bool ready;
	unsigned leds, index;
	uint8_t sent[KEY_CODES / 8]; /* keys that are down by this device */
};
void input_attach(struct input *in, struct input_device *d); /* in realize; in may be NULL */
void input_detach(struct input_device *d); /* in unrealize; fine when not attached */
/* A driver of the guest listens to it (for those where that can be told), in settle. Of those that
 * are ready a tablet goes before a mouse, a younger device before an older one. */
void input_ready(struct input_device *d, bool ready);
void input_set_leds(struct input_device *d, unsigned leds); /* in settle */
/* There may be room again: key and point come at once for what waits. Call it where the state is
 * consistent. */
void input_kick(struct input_device *d);
/* In resume: keys (KEY_CODES bits) that the guest has down by this device and nobody holds here
 * are lifted; those that are held will be lifted by it. */
void input_resume(struct input_device *d, const uint8_t *down);

/* ---- for monitors ---- */

/* Pointers, the youngest first; NULL at the end. */
const struct input_device *input_mouse(const struct input *in, unsigned n);
bool input_is_current(const struct input_device *d);
int input_mouse_set(struct input *in, unsigned index); /* -ENOENT */

/* For tests: `to`, with its one source and its devices, as `from`: held, waiting, and let go. */
void input_copy(struct input *to, const struct input *from);
#endif
