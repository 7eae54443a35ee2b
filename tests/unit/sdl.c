/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/sdl.c: hvm-sdl's window on SDL's driver without a screen, and what starts it. */
#include "config.h"
#include "tests/test.h"
#ifdef CONFIG_SDL
#include "base/log.h"
#include "base/util.h"
#include "tests/unit/process.h"
#include "ui/sdl.h"
#include "ui/sdl/sdl_window.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- keys */

static const struct {
	SDL_Scancode scancode;
	const char *name;
} some_keys[] = {
	{SDL_SCANCODE_A, "a"},
	{SDL_SCANCODE_Z, "z"},
	{SDL_SCANCODE_1, "1"},
	{SDL_SCANCODE_0, "0"},
	{SDL_SCANCODE_RETURN, "ret"},
	{SDL_SCANCODE_ESCAPE, "esc"},
	{SDL_SCANCODE_SPACE, "spc"},
	{SDL_SCANCODE_GRAVE, "grave_accent"},
	{SDL_SCANCODE_NONUSBACKSLASH, "less"},
	{SDL_SCANCODE_F1, "f1"},
	{SDL_SCANCODE_F12, "f12"},
	{SDL_SCANCODE_PRINTSCREEN, "print"},
	{SDL_SCANCODE_PAUSE, "pause"},
	{SDL_SCANCODE_UP, "up"},
	{SDL_SCANCODE_DELETE, "delete"},
	{SDL_SCANCODE_KP_ENTER, "kp_enter"},
	{SDL_SCANCODE_KP_5, "kp_5"},
	{SDL_SCANCODE_NUMLOCKCLEAR, "num_lock"},
	{SDL_SCANCODE_APPLICATION, "compose"},
	{SDL_SCANCODE_LCTRL, "ctrl"},
	{SDL_SCANCODE_RALT, "alt_r"},
	{SDL_SCANCODE_LGUI, "meta_l"},
	{SDL_SCANCODE_INTERNATIONAL1, "ro"},
	{SDL_SCANCODE_INTERNATIONAL3, "yen"},
	{SDL_SCANCODE_LANG1, "lang1"},
	{SDL_SCANCODE_AUDIOMUTE, "audiomute"},
	{SDL_SCANCODE_AUDIOPLAY, "audioplay"},
	{SDL_SCANCODE_AC_HOME, "ac_home"},
	{SDL_SCANCODE_VOLUMEUP, "volumeup"},
};

TEST_EACH(keys, ARRAY_SIZE(some_keys), some_keys[i].name)
{
	const char *name = some_keys[i].name;
	const struct key *k = key_named(name, strlen(name));

	MUST(k);
	EQ(k->code, sdl_input_code(some_keys[i].scancode));
}

TEST(each_key_of_a_usb_keyboard_is_one)
{
	for (unsigned usage = 4; usage < 232; usage++)
		if (key_by_usage(usage))
			EQ(key_by_usage(usage)->code, sdl_input_code((SDL_Scancode)usage));
	EQ(0, sdl_input_code(SDL_SCANCODE_UNKNOWN));
	EQ(0, sdl_input_code(SDL_SCANCODE_EJECT));
	EQ(0, sdl_input_code(SDL_NUM_SCANCODES));
}

/* ---- places */

static void fits(int pw, int ph, int ww, int wh, SDL_Rect want)
{
	SDL_Rect r = sdl_input_fit(pw, ph, ww, wh);

	EQ(want.x, r.x);
	EQ(want.y, r.y);
	EQ(want.w, r.w);
	EQ(want.h, r.h);
}

TEST(a_picture_keeps_its_shape)
{
	fits(640, 480, 640, 480, (SDL_Rect){0, 0, 640, 480});
	fits(640, 480, 1280, 960, (SDL_Rect){0, 0, 1280, 960});
	fits(640, 480, 1920, 1080, (SDL_Rect){240, 0, 1440, 1080});
	fits(720, 400, 400, 400, (SDL_Rect){0, 89, 400, 222});
	fits(4096, 1, 100, 100, (SDL_Rect){0, 49, 100, 1});
	fits(0, 0, 100, 50, (SDL_Rect){0, 0, 100, 50}); /* nothing to show yet */
}

static void points(SDL_Rect at, int pw, int ph, int x, int y, int want_x, int want_y)
{
	SDL_Point p = sdl_input_pixel(&at, pw, ph, x, y);

	EQ(want_x, p.x);
	EQ(want_y, p.y);
}

TEST(each_pixel_is_pointed_at)
{
	const SDL_Rect same = {0, 0, 640, 480}, twice = {240, 0, 1280, 960};

	for (int x = 0; x < 640; x++)
		points(same, 640, 480, x, 479 - x % 480, x, 479 - x % 480);
	for (int x = 0; x < 1280; x++)
		points(twice, 640, 480, 240 + x, x % 960, x / 2, x % 960 / 2);
	points(twice, 640, 480, 0, 0, 0, 0); /* beside it */
	points(twice, 640, 480, 1900, 2000, 639, 479);
	points(twice, 640, 480, -5, -5, 0, 0);
}

/* ---- a window, with its other ends in hand */

struct rig {
	struct sdl_window w;
	struct loop *loop;
	struct display *display;
	uint32_t width, height, salt;
	int events, control;
};

static uint32_t pixel(const struct rig *r, uint32_t x, uint32_t y)
{
	return ((x * 2654435761u) ^ (y * 40503u * 77) ^ r->salt) & 0xffffff;
}

static void draw(void *arg)
{
	struct rig *r = arg;
	uint32_t stride, *p = display_resize(r->display, r->width, r->height, &stride);

	MUST(p);
	for (uint32_t y = 0; y < r->height; y++)
		for (uint32_t x = 0; x < r->width; x++)
			p[y * (stride / 4) + x] = pixel(r, x, y);
	display_dirty(r->display, 0, 0, r->width, r->height);
}

static const struct display_ops ops = {.render = draw};

static void connect_to(int *ours, int *theirs)
{
	int fds[2];

	OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	*ours = fds[0];
	*theirs = fds[1];
}

static void no_screen(void)
{
	setenv("SDL_VIDEODRIVER", "dummy", 1);
	setenv("SDL_RENDER_DRIVER", "software", 1);
}

/* The next message of the window; type 0: none. */
static struct vnc_msg next(const struct rig *r)
{
	struct vnc_msg m = {0};

	if (recv(r->events, &m, sizeof(m), MSG_DONTWAIT) != sizeof(m))
		m.type = 0;
	return m;
}

static void rig_open(struct rig *r)
{
	struct err e = {""};
	int screen;

	no_screen();
	*r = (struct rig){.width = 200, .height = 100};
	r->w.o.grab = KMOD_LCTRL | KMOD_LALT;
	r->w.o.name = "guest";
	r->loop = loop_new(&e);
	r->display = display_new("screen", &e);
	display_attach(r->display, &ops, r);
	connect_to(&screen, &r->w.screen.fd);
	connect_to(&r->events, &r->w.events);
	connect_to(&r->control, &r->w.control);
	OK(display_serve(r->display, r->loop, screen, &e));
	if (sdl_window_open(&r->w, &e) < 0)
		NOTE("%s", e.msg);
	EQS("", e.msg);
	EQ(VNC_LOGGED_IN, next(r).type);
}

static void rig_close(struct rig *r)
{
	sdl_window_close(&r->w);
	display_free(r->display);
	loop_free(r->loop);
	close(r->w.screen.fd);
	close(r->w.events);
	close(r->w.control);
	close(r->events);
	close(r->control);
}

/* One look at the screen. */
static void look(struct rig *r)
{
	OK(screen_copy_ask(&r->w.screen));
	while (r->w.screen.asked && !r->w.broken) {
		MUST(loop_step(r->loop, 20) >= 0);
		sdl_window_listen(&r->w);
	}
	CHECK(!r->w.broken);
}

/* Wrong pixels of the window, the picture being as large as that. */
static unsigned wrong(struct rig *r)
{
	uint32_t *got = calloc((size_t)r->width * r->height, 4);
	unsigned n = 0;

	sdl_window_draw(&r->w);
	EQ(0, SDL_RenderReadPixels(r->w.renderer, NULL, SDL_PIXELFORMAT_RGB888, got,
				   (int)r->width * 4));
	for (uint32_t i = 0; i < r->width * r->height; i++)
		n += (got[i] & 0xffffff) != pixel(r, i % r->width, i / r->width);
	free(got);
	return n;
}

TEST(pixels_and_size)
{
	int w, h;
	struct rig r;

	rig_open(&r);
	look(&r);
	SDL_GetWindowSize(r.w.window, &w, &h);
	EQ(200, w);
	EQ(100, h);
	EQ(0, wrong(&r));
	r.salt = 0x123456;
	look(&r);
	EQ(0, wrong(&r));
	r.width = 321; /* the guest changes its mode: so does the window */
	r.height = 77;
	look(&r);
	SDL_GetWindowSize(r.w.window, &w, &h);
	EQ(321, w);
	EQ(77, h);
	EQ(0, wrong(&r));
	rig_close(&r);
}

/* ---- input */

static void key_event(struct rig *r, SDL_Scancode scancode, unsigned mod, bool down)
{
	SDL_Event ev = {.key = {.type = down ? SDL_KEYDOWN : SDL_KEYUP}};

	ev.key.keysym.scancode = scancode;
	ev.key.keysym.mod = (uint16_t)mod;
	sdl_window_event(&r->w, &ev);
}

static void says_key(const struct rig *r, unsigned code, bool down)
{
	struct vnc_msg m = next(r);

	EQ(VNC_KEY, m.type);
	EQ(code, m.a);
	EQ(down, m.b);
}

static void window_event(struct rig *r, uint8_t what)
{
	SDL_Event ev = {.window = {.type = SDL_WINDOWEVENT, .event = what}};

	sdl_window_event(&r->w, &ev);
}

TEST(keys_go_down_and_up)
{
	SDL_Event again = {.key = {.type = SDL_KEYDOWN, .repeat = 1}};
	struct rig r;

	rig_open(&r);
	key_event(&r, SDL_SCANCODE_LSHIFT, KMOD_LSHIFT, true);
	key_event(&r, SDL_SCANCODE_A, KMOD_LSHIFT, true);
	says_key(&r, KEY_SHIFT_L, true);
	says_key(&r, 30, true);
	again.key.keysym.scancode = SDL_SCANCODE_A;
	sdl_window_event(&r.w, &again);
	EQ(0, next(&r).type); /* the guest's keyboard repeats by itself */
	key_event(&r, SDL_SCANCODE_A, KMOD_LSHIFT, false);
	says_key(&r, 30, false);
	window_event(&r, SDL_WINDOWEVENT_FOCUS_LOST);
	says_key(&r, KEY_SHIFT_L, false);
	key_event(&r, SDL_SCANCODE_LSHIFT, 0, false);
	EQ(0, next(&r).type);
	rig_close(&r);
}

/* Ctrl-Alt-G: the guest sees Ctrl and Alt come and go, and no G. */
TEST(hot_key)
{
	struct rig r;

	rig_open(&r);
	key_event(&r, SDL_SCANCODE_LCTRL, KMOD_LCTRL, true);
	key_event(&r, SDL_SCANCODE_LALT, KMOD_LCTRL | KMOD_LALT, true);
	says_key(&r, KEY_CTRL_L, true);
	says_key(&r, KEY_ALT_L, true);
	key_event(&r, SDL_SCANCODE_G, KMOD_LCTRL | KMOD_LALT, true);
	says_key(&r, KEY_CTRL_L, false);
	says_key(&r, KEY_ALT_L, false);
	CHECK(r.w.grabbed);
	EQS("hvm (guest) - Press Ctrl-Alt-G to exit grab", SDL_GetWindowTitle(r.w.window));
	key_event(&r, SDL_SCANCODE_G, KMOD_LCTRL | KMOD_LALT, false);
	key_event(&r, SDL_SCANCODE_LALT, KMOD_LCTRL, false);
	key_event(&r, SDL_SCANCODE_LCTRL, 0, false);
	EQ(0, next(&r).type);
	key_event(&r, SDL_SCANCODE_G, KMOD_LCTRL, true); /* only Ctrl: a key like any other */
	says_key(&r, 34, true);
	window_event(&r, SDL_WINDOWEVENT_FOCUS_LOST);
	CHECK(!r.w.grabbed);
	rig_close(&r);
}

static void state(struct rig *r, bool absolute)
{
	struct vnc_msg m = {.type = VNC_STATE, .b = absolute};

	EQ(sizeof(m), send(r->events, &m, sizeof(m), 0));
	sdl_window_listen(&r->w);
	EQ(absolute, r->w.absolute);
}

static void motion(struct rig *r, int x, int y, int dx, int dy)
{
	SDL_Event ev = {
		.motion = {.type = SDL_MOUSEMOTION, .x = x, .y = y, .xrel = dx, .yrel = dy}};

	sdl_window_event(&r->w, &ev);
}

static void button(struct rig *r, uint8_t which, bool down, int x, int y)
{
	SDL_Event ev = {.button = {.type = down ? SDL_MOUSEBUTTONDOWN : SDL_MOUSEBUTTONUP,
				   .button = which,
				   .x = x,
				   .y = y}};

	sdl_window_event(&r->w, &ev);
}

static void says_pointer(const struct rig *r, unsigned type, int x, int y, uint32_t buttons)
{
	struct vnc_msg m = next(r);

	EQ(type, m.type);
	EQ(x, m.a);
	EQ(y, m.b);
	if (type == VNC_POINTER) {
		EQ(200, m.c);
		EQ(100, m.d);
	}
	EQ(buttons, m.e);
}

TEST(tablet)
{
	SDL_Event wheel = {.wheel = {.type = SDL_MOUSEWHEEL, .y = 2}};
	struct rig r;

	rig_open(&r);
	look(&r);
	state(&r, true);
	motion(&r, 199, 99, 1, 1);
	says_pointer(&r, VNC_POINTER, 199, 99, 0);
	button(&r, SDL_BUTTON_RIGHT, true, 10, 20);
	says_pointer(&r, VNC_POINTER, 10, 20, 4);
	button(&r, SDL_BUTTON_MIDDLE, true, 10, 20);
	says_pointer(&r, VNC_POINTER, 10, 20, 6);
	button(&r, SDL_BUTTON_RIGHT, false, 10, 20);
	says_pointer(&r, VNC_POINTER, 10, 20, 2);
	sdl_window_event(&r.w, &wheel);
	for (unsigned i = 0; i < 2; i++) {
		says_pointer(&r, VNC_POINTER, 10, 20, 2 | 8);
		says_pointer(&r, VNC_POINTER, 10, 20, 2);
	}
	window_event(&r, SDL_WINDOWEVENT_FOCUS_LOST);
	says_pointer(&r, VNC_POINTER, 10, 20, 0);
	EQ(0, next(&r).type);
	rig_close(&r);
}

/* In a window twice as large each of the guest's pixels is two by two. */
TEST(tablet_in_a_larger_window)
{
	struct rig r;

	rig_open(&r);
	look(&r);
	state(&r, true);
	SDL_SetWindowSize(r.w.window, 400, 300);
	window_event(&r, SDL_WINDOWEVENT_SIZE_CHANGED);
	motion(&r, 399, 249, 0, 0);
	says_pointer(&r, VNC_POINTER, 199, 99, 0);
	motion(&r, 21, 50 + 41, 0, 0);
	says_pointer(&r, VNC_POINTER, 10, 20, 0);
	motion(&r, 0, 0, 0, 0); /* above the picture */
	says_pointer(&r, VNC_POINTER, 0, 0, 0);
	rig_close(&r);
}

TEST(mouse_is_caught_by_a_click)
{
	struct rig r;

	rig_open(&r);
	look(&r);
	motion(&r, 50, 50, 3, 4);
	button(&r, SDL_BUTTON_RIGHT, true, 50, 50);
	EQ(0, next(&r).type);
	button(&r, SDL_BUTTON_LEFT, true, 50, 50);
	button(&r, SDL_BUTTON_LEFT, false, 50, 50);
	EQ(0, next(&r).type);
	CHECK(r.w.grabbed);
	motion(&r, 50, 50, 3, -4);
	says_pointer(&r, VNC_MOTION, 3, -4, 0);
	button(&r, SDL_BUTTON_X1, true, 50, 50);
	says_pointer(&r, VNC_MOTION, 0, 0, 0x80);
	state(&r, true); /* the guest's driver of the tablet has come */
	CHECK(!r.w.grabbed);
	rig_close(&r);
}

TEST(closing_and_stopping)
{
	SDL_Event quit = {.type = SDL_QUIT};
	char text[16] = "";
	struct rig r;

	rig_open(&r);
	EQ(9, send(r.control, "stopped 1", 9, 0));
	sdl_window_listen(&r.w);
	EQS("hvm (guest) [Stopped]", SDL_GetWindowTitle(r.w.window));
	sdl_window_event(&r.w, &quit);
	EQ(4, recv(r.control, text, sizeof(text), MSG_DONTWAIT));
	EQS("quit", text);
	r.w.o.keep = true;
	sdl_window_event(&r.w, &quit);
	EQ(-1, recv(r.control, text, sizeof(text), MSG_DONTWAIT));
	rig_close(&r);
}

TEST(ends_with_the_device_model)
{
	struct rig r;

	rig_open(&r);
	shutdown(r.control, SHUT_RDWR);
	sdl_window_listen(&r.w);
	CHECK(r.w.broken);
	rig_close(&r);
}

/* ---- the process */

struct host {
	struct loop *loop;
	struct clock *clock;
	struct input *input;
	struct rig screen; /* its display alone */
};

static void host_open(struct host *h)
{
	struct err e = {""};

	log_set_level(LOG_ERROR);
	*h = (struct host){.loop = loop_new(&e), .clock = clock_new(CLOCK_MANUAL)};
	h->input = input_new(h->clock);
	h->screen = (struct rig){.width = 64, .height = 64, .display = display_new("screen", &e)};
	display_attach(h->screen.display, &ops, &h->screen);
}

static void host_close(struct host *h)
{
	display_free(h->screen.display);
	input_free(h->input);
	clock_free(h->clock);
	loop_free(h->loop);
}

static struct sdl *open_process(struct host *h, struct err *e)
{
	const struct sdl_config c = {.name = "guest"};

	process_use("hvm-sdl");
	return sdl_open(&c, h->screen.display, h->input, h->loop, e);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* It has looked at the screen after this. */
static bool looks(struct host *h)
{
	double end = seconds() + 10;
	uint32_t serial = display_size(h->screen.display).serial;

	h->screen.width ^= 1; /* a new surface is made when it looks */
	while (seconds() < end && display_size(h->screen.display).serial == serial)
		MUST(loop_step(h->loop, 20) >= 0);
	return display_size(h->screen.display).serial != serial;
}

TEST(process_killed_and_started_again)
{
	struct err e = {""};
	double end = seconds() + 10;
	struct host h;
	struct sdl *s;
	pid_t pid;

	no_screen();
	host_open(&h);
	s = open_process(&h, &e);
	EQS("", e.msg);
	MUST(s);
	pid = process_child();
	CHECK(looks(&h));
	OK(kill(pid, SIGKILL));
	while (seconds() < end && (!process_child() || process_child() == pid))
		MUST(loop_step(h.loop, 20) >= 0);
	CHECK(process_child() && process_child() != pid);
	CHECK(looks(&h));
	sdl_close(s);
	EQ(0, process_child());
	host_close(&h);
}

TEST(no_display)
{
	struct err e = {""};
	struct host h;

	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	unsetenv("SDL_VIDEODRIVER");
	host_open(&h);
	CHECK(!open_process(&h, &e));
	EQS("no display: DISPLAY is not set; use -display none or -vnc", e.msg);
	setenv("DISPLAY", "unix:/nowhere:0", 1);
	e.msg[0] = 0;
	CHECK(!open_process(&h, &e));
	EQS("no display: x11 not available (DISPLAY is 'unix:/nowhere:0'); "
	    "use -display none or -vnc",
	    e.msg);
	host_close(&h);
}
#endif
