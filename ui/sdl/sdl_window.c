/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/sdl/sdl_window.c: the window: what it shows, how large it is, what its owner closes. It sleeps
 * in SDL until something happens: a thread sleeps on the sockets and says so as an event.
 *
 * Missing: several screens, a pointer of the guest as the desktop's, clipboard.
 */
#include "ui/sdl/sdl_window.h"

#include "base/util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
	FRAME_MS = 16,  /* between two looks at a screen that changes … */
	SLOWER_MS = 16, /* … and this much longer after each look at one that does not … */
	IDLE_MS = 256,  /* … up to this */
	FIRST_W = 640,  /* before the guest shows anything */
	FIRST_H = 480,
};

/* ---- the picture */

static void place_picture(struct sdl_window *w)
{
	int ww = 0, wh = 0;

	SDL_GetWindowSize(w->window, &ww, &wh);
	w->at = sdl_input_fit((int)w->screen.width, (int)w->screen.height, ww, wh);
	w->changed = true;
}

void sdl_window_draw(struct sdl_window *w)
{
	w->changed = false;
	SDL_SetRenderDrawColor(w->renderer, 0, 0, 0, 255);
	SDL_RenderClear(w->renderer);
	if (w->texture)
		SDL_RenderCopy(w->renderer, w->texture, NULL, &w->at);
	SDL_RenderPresent(w->renderer);
}

/* Some drivers lose their textures: all of it again. */
static void upload(struct sdl_window *w, int x, int y, int width, int height)
{
	const SDL_Rect r = {x, y, width, height};
	const uint32_t *from = w->screen.pixels + (size_t)y * w->screen.width + x;

	if (w->texture)
		SDL_UpdateTexture(w->texture, &r, from, (int)w->screen.width * 4);
	w->changed = true;
}

static void upload_all(struct sdl_window *w)
{
	if (w->screen.pixels)
		upload(w, 0, 0, (int)w->screen.width, (int)w->screen.height);
}

static void dirty(void *arg, int x, int y, int width, int height)
{
	struct sdl_window *w = arg;

	/* On a change of size the texture is the old one still. */
	if (w->texture)
		upload(w, x, y, width, height);
	w->changed = true;
}

/* ---- size */

/* Back onto the desktop, as far as it sticks out to the right and below. */
static void pull_in(struct sdl_window *w, const SDL_Rect *room, int width, int height)
{
	int x, y, left, top;

	SDL_GetWindowPosition(w->window, &x, &y);
	left = MAX(MIN(x, room->x + room->w - width), room->x);
	top = MAX(MIN(y, room->y + room->h - height), room->y);
	if (left != x || top != y)
		SDL_SetWindowPosition(w->window, left, top);
}

void sdl_window_scale_one(struct sdl_window *w)
{
	SDL_Rect room, fit = {0, 0, (int)w->screen.width, (int)w->screen.height};
	int display = SDL_GetWindowDisplayIndex(w->window);

	if (w->full_screen || !w->screen.width ||
	    SDL_GetWindowFlags(w->window) & SDL_WINDOW_MAXIMIZED)
		return;
	if (display >= 0 && SDL_GetDisplayUsableBounds(display, &room) == 0) {
		if (fit.w > room.w || fit.h > room.h)
			fit = sdl_input_fit(fit.w, fit.h, room.w, room.h);
		pull_in(w, &room, fit.w, fit.h);
	}
	SDL_SetWindowSize(w->window, fit.w, fit.h);
	place_picture(w);
}

void sdl_window_toggle_full(struct sdl_window *w)
{
	bool on = !w->full_screen;

	if (SDL_SetWindowFullscreen(w->window, on ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0) < 0)
		return;
	w->full_screen = on;
	if (on)
		w->grabbed_before = w->grabbed;
	sdl_input_grab(w, on ? !w->absolute || w->grabbed : w->grabbed_before);
	if (!on)
		sdl_window_scale_one(w);
	place_picture(w);
}

static void resized(struct sdl_window *w)
{
	SDL_DestroyTexture(w->texture);
	w->texture =
		SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
				  (int)w->screen.width, (int)w->screen.height);
	upload_all(w);
	sdl_window_scale_one(w);
	place_picture(w);
}

void sdl_window_title(struct sdl_window *w)
{
	char title[300];

	snprintf(title, sizeof(title), "hvm%s%.200s%s%s%s", w->o.name ? " (" : "",
		 w->o.name ? w->o.name : "", w->o.name ? ")" : "", w->stopped ? " [Stopped]" : "",
		 !w->grabbed               ? ""
		 : w->o.grab == KMOD_RCTRL ? " - Press Right-Ctrl-G to exit grab"
		 : w->o.grab & KMOD_LSHIFT ? " - Press Ctrl-Alt-Shift-G to exit grab"
					   : " - Press Ctrl-Alt-G to exit grab");
	SDL_SetWindowTitle(w->window, title);
}

/* ---- sockets */

static void screen_event(struct sdl_window *w)
{
	enum screen_news news = screen_copy_event(&w->screen, dirty, w);

	w->broken |= news == SCREEN_GONE;
	if (news == SCREEN_RESIZED)
		resized(w);
	if (news != SCREEN_DRAWN && news != SCREEN_RESIZED)
		return;
	w->wait = w->changed ? FRAME_MS : MIN(w->wait + SLOWER_MS, IDLE_MS);
	w->next = SDL_GetTicks64() + (unsigned)w->wait;
}

/* One message, if there is one. */
static bool receive(struct sdl_window *w, int fd, void *to, size_t size, size_t *n)
{
	ssize_t got = recv(fd, to, size, MSG_DONTWAIT | MSG_TRUNC);

	*n = got > 0 ? (size_t)got : 0;
	if (got > 0 && *n <= size)
		return true;
	if (got >= 0 || (errno != EAGAIN && errno != EINTR))
		w->broken = true;
	return false;
}

static void state_event(struct sdl_window *w)
{
	struct vnc_msg m;
	size_t n;

	while (receive(w, w->events, &m, sizeof(m), &n)) {
		if (n != sizeof(m) || m.type != VNC_STATE) {
			w->broken = true;
			return;
		}
		if (w->absolute == !!m.b)
			continue;
		sdl_input_grab(w, false);
		w->absolute = m.b;
		sdl_input_pointer(w);
	}
}

static void control_event(struct sdl_window *w)
{
	char text[VNC_MESSAGE + 1];
	size_t n;

	while (receive(w, w->control, text, VNC_MESSAGE, &n)) {
		text[n] = 0;
		if (strncmp(text, "stopped ", 8))
			continue;
		w->stopped = text[8] == '1';
		sdl_window_title(w);
	}
}

void sdl_window_listen(struct sdl_window *w)
{
	screen_event(w);
	state_event(w);
	control_event(w);
}

/* ---- events */

static void shown(struct sdl_window *w, bool visible)
{
	w->visible = visible;
	w->wait = 0;
	w->next = 0;
	w->changed = true;
}

static void window_event(struct sdl_window *w, const SDL_WindowEvent *ev)
{
	switch (ev->event) {
	case SDL_WINDOWEVENT_SHOWN:
	case SDL_WINDOWEVENT_RESTORED:
	case SDL_WINDOWEVENT_EXPOSED:
		shown(w, true);
		break;
	case SDL_WINDOWEVENT_HIDDEN:
	case SDL_WINDOWEVENT_MINIMIZED:
		shown(w, false);
		break;
	case SDL_WINDOWEVENT_SIZE_CHANGED:
		place_picture(w);
		break;
	case SDL_WINDOWEVENT_FOCUS_LOST:
		sdl_input_let_go(w);
		if (!w->full_screen)
			sdl_input_grab(w, false);
		break;
	}
}

static void quit_event(struct sdl_window *w)
{
	if (!w->o.keep && send(w->control, "quit", 4, MSG_NOSIGNAL) != 4)
		w->broken = true;
}

void sdl_window_event(struct sdl_window *w, const SDL_Event *ev)
{
	switch (ev->type) {
	case SDL_QUIT:
		quit_event(w);
		break;
	case SDL_WINDOWEVENT:
		window_event(w, &ev->window);
		break;
	case SDL_RENDER_TARGETS_RESET:
	case SDL_RENDER_DEVICE_RESET:
		upload_all(w);
		break;
	default:
		sdl_input_event(w, ev);
	}
}

/* ---- life */

struct watcher {
	struct sdl_window *w;
	SDL_sem *heard; /* the window has looked at what was said */
};

static int watch_sockets(void *arg)
{
	struct watcher *x = arg;
	struct pollfd p[3] = {{.fd = x->w->screen.fd, .events = POLLIN},
			      {.fd = x->w->events, .events = POLLIN},
			      {.fd = x->w->control, .events = POLLIN}};
	SDL_Event ev = {.type = SDL_USEREVENT};

	for (;;) {
		if (poll(p, 3, -1) < 0)
			continue;
		while (SDL_PushEvent(&ev) < 1)
			SDL_Delay(FRAME_MS); /* the queue is full */
		SDL_SemWait(x->heard);
	}
	return 0;
}

/* How long nothing has to be done; -1: till something happens. */
static int patience(const struct sdl_window *w)
{
	uint64_t now = SDL_GetTicks64();

	if (!w->visible || w->screen.asked)
		return -1;
	return w->next > now ? (int)(w->next - now) : 0;
}

static void look(struct sdl_window *w)
{
	if (w->changed && w->visible)
		sdl_window_draw(w);
	if (patience(w) == 0 && screen_copy_ask(&w->screen) < 0)
		w->broken = true;
}

void sdl_window_run(struct sdl_window *w)
{
	static struct watcher x;
	SDL_Event ev;

	x = (struct watcher){w, SDL_CreateSemaphore(0)};
	if (!x.heard || !SDL_CreateThread(watch_sockets, "sockets", &x))
		return;
	while (!w->broken) {
		if (SDL_WaitEventTimeout(&ev, patience(w))) {
			do {
				sdl_window_event(w, &ev);
				if (ev.type != SDL_USEREVENT)
					continue;
				sdl_window_listen(w);
				SDL_SemPost(x.heard);
			} while (SDL_PollEvent(&ev));
		}
		look(w);
	}
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* Else SDL would take a bare console over, or draw for nobody. */
static int choose_driver(struct err *e)
{
	bool x11 = is_set("DISPLAY"), wayland = is_set("WAYLAND_DISPLAY");

	if (is_set("SDL_VIDEODRIVER"))
		return 0;
	if (!x11 && !wayland)
		return err_set(e, -ENODEV,
			       "no display: DISPLAY is not set; use -display none or -vnc");
	SDL_SetHint(SDL_HINT_VIDEODRIVER, !wayland ? "x11" : x11 ? "x11,wayland" : "wayland");
	return 0;
}

static int start_sdl(struct err *e)
{
	static const char *const hints[][2] = {
		{SDL_HINT_NO_SIGNAL_HANDLERS, "1"},
		{SDL_HINT_GRAB_KEYBOARD, "1"},
		{SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1"},
		{SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0"},
		{SDL_HINT_MOUSE_FOCUS_CLICKTHROUGH, "1"},
		{SDL_HINT_RENDER_SCALE_QUALITY, "linear"},
	};
	const char *display = getenv("DISPLAY");
	int rc = choose_driver(e);

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		SDL_SetHint(hints[i][0], hints[i][1]);
	if (!rc && SDL_Init(SDL_INIT_VIDEO) < 0)
		rc = err_set(e, -ENODEV,
			     "no display: %s (DISPLAY is '%s'); use -display none or -vnc",
			     SDL_GetError(), display ? display : "");
	if (!rc)
		SDL_StopTextInput(); /* an input method would keep keys to itself */
	return rc;
}

static SDL_Renderer *make_renderer(struct sdl_window *w)
{
	SDL_Renderer *r = NULL;

	if (w->o.gl != SDL_GL_NOT)
		r = SDL_CreateRenderer(w->window, -1,
				       w->o.gl == SDL_GL_NEEDED ? SDL_RENDERER_ACCELERATED : 0);
	if (!r && w->o.gl != SDL_GL_NEEDED)
		r = SDL_CreateRenderer(w->window, -1, SDL_RENDERER_SOFTWARE);
	return r;
}

int sdl_window_open(struct sdl_window *w, struct err *e)
{
	const struct vnc_msg in = {.type = VNC_LOGGED_IN, .a = 1};
	int rc = start_sdl(e);

	if (rc)
		return rc;
	w->window = SDL_CreateWindow("hvm", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
				     FIRST_W, FIRST_H, SDL_WINDOW_RESIZABLE);
	if (w->window)
		w->renderer = make_renderer(w);
	if (!w->renderer)
		return err_set(e, -ENODEV, "no window: %s", SDL_GetError());
	w->visible = true;
	w->changed = true;
	sdl_window_title(w);
	place_picture(w);
	sdl_input_pointer(w);
	if (send(w->events, &in, sizeof(in), MSG_NOSIGNAL) != sizeof(in))
		return err_set(e, -EPIPE, "nobody listens");
	if (w->o.full_screen)
		sdl_window_toggle_full(w);
	return 0;
}

void sdl_window_close(struct sdl_window *w)
{
	screen_copy_free(&w->screen);
	SDL_DestroyTexture(w->texture);
	if (w->renderer)
		SDL_DestroyRenderer(w->renderer);
	if (w->window)
		SDL_DestroyWindow(w->window);
	SDL_Quit();
}
