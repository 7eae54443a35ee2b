/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc_client.c: one VNC client as the device model has it: its keys and its pointer come from a
 * process that may be an intruder's, so each message is judged and nothing waits for it.
 */
#include "ui/vnc.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGES_TURN 64

enum { WHEEL_UP = 1 << 3, WHEEL_DOWN = 1 << 4, WHEEL_LEFT = 1 << 5, WHEEL_RIGHT = 1 << 6 };

struct vnc_client {
	struct vnc_clients *all;
	struct vnc_client *next;
	struct watch *watch;
	int events;
	bool logged_in, alone; /* alone: it shares the screen with nobody */
	bool owed;             /* a VNC_STATE that did not fit */
	bool absolute, websocket;
	unsigned leds, buttons;
	struct input_source source;
	char address[110];
};

static void tell_event(const struct vnc_client *c, enum vnc_event ev)
{
	const struct vnc_peer peer = {c->address, c->websocket};

	if (c->all->event)
		c->all->event(c->all->arg, ev, &peer);
}

static void tell_state(struct vnc_client *c)
{
	struct vnc_msg m = {.type = VNC_STATE, .a = (int32_t)c->leds, .b = c->absolute};

	c->owed = send(c->events, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(m);
}

static void leds_changed(void *arg, unsigned leds)
{
	struct vnc_client *c = arg;

	c->leds = leds;
	tell_state(c);
}

static void absolute_changed(void *arg, bool absolute)
{
	struct vnc_client *c = arg;

	c->absolute = absolute;
	tell_state(c);
}

/* RFB counts the middle button before the right one; wheels are buttons too. */
static uint8_t held(uint32_t mask)
{
	return (uint8_t)((mask & 1 ? INPUT_LEFT : 0) | (mask & 2 ? INPUT_MIDDLE : 0) |
			 (mask & 4 ? INPUT_RIGHT : 0) | (mask & 0x80 ? INPUT_SIDE : 0) |
			 (mask & 0x100 ? INPUT_EXTRA : 0));
}

static void point(struct vnc_client *c, const struct vnc_msg *in)
{
	uint32_t pressed = in->e & ~c->buttons;
	struct input_motion m = {.buttons = held(in->e)};

	if (in->type == VNC_MOTION) {
		m.dx = MAX(MIN(in->a, INT16_MAX), INT16_MIN);
		m.dy = MAX(MIN(in->b, INT16_MAX), INT16_MIN);
	} else {
		input_pixel(&c->source, MAX(MIN(in->a, UINT16_MAX), 0),
			    MAX(MIN(in->b, UINT16_MAX), 0),
			    (unsigned)MAX(MIN(in->c, DISPLAY_MAX), 1),
			    (unsigned)MAX(MIN(in->d, DISPLAY_MAX), 1), &m);
		m.buttons = held(in->e);
	}
	m.wheel = !!(pressed & WHEEL_UP) - !!(pressed & WHEEL_DOWN);
	m.pan = !!(pressed & WHEEL_RIGHT) - !!(pressed & WHEEL_LEFT);
	c->buttons = in->e;
	input_point(&c->source, &m);
}

/* Another that has logged in; NULL: none. */
static struct vnc_client *other(const struct vnc_client *c, bool alone)
{
	struct vnc_client *o = c->all->first;

	while (o && (o == c || !o->logged_in || (alone && !o->alone)))
		o = o->next;
	return o;
}

/* False: not with those who are there. */
static bool log_in(struct vnc_client *c, bool shared)
{
	struct vnc_client *o;

	if (c->all->share == VNC_FORCE_SHARED && !shared)
		return false;
	if (c->all->share == VNC_ALLOW_EXCLUSIVE && shared && other(c, true))
		return false;
	c->alone = c->all->share == VNC_ALLOW_EXCLUSIVE && !shared;
	while (c->alone && (o = other(c, false)))
		vnc_client_free(o);
	c->logged_in = true;
	tell_event(c, VNC_INITIALIZED);
	return true;
}

/* False: it broke the rules. */
static bool take(struct vnc_client *c, const struct vnc_msg *m)
{
	if (m->type == VNC_LOGGED_IN && !c->logged_in)
		return log_in(c, m->a);
	if (!c->logged_in)
		return false;
	if (m->type == VNC_KEY && (uint32_t)m->a < KEY_CODES)
		input_key(&c->source, (unsigned)m->a, m->b);
	else if (m->type == VNC_POINTER || m->type == VNC_MOTION)
		point(c, m);
	else
		return false;
	return true;
}

static void client_event(void *arg, uint32_t events)
{
	struct vnc_client *c = arg;
	struct vnc_msg m;

	(void)events;
	for (unsigned i = 0; i < MESSAGES_TURN; i++) {
		ssize_t n = recv(c->events, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n != sizeof(m) || !take(c, &m)) {
			vnc_client_free(c);
			return;
		}
		if (c->owed)
			tell_state(c);
	}
}

static unsigned count(const struct vnc_client *c)
{
	unsigned n = 0;

	for (; c; c = c->next)
		n++;
	return n;
}

struct vnc_client *vnc_client_new(struct vnc_clients *all, const struct vnc_peer *peer, int screen,
				  int events)
{
	struct vnc_client *c = count(all->first) < VNC_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (c)
		c->watch = loop_watch(all->loop, events, EPOLLIN, client_event, c);
	if (!c || !c->watch) {
		free(c);
		close(screen);
		close(events);
		return NULL;
	}
	c->all = all;
	c->next = all->first;
	c->events = events;
	c->websocket = peer->websocket;
	snprintf(c->address, sizeof(c->address), "%s", peer->address);
	all->first = c;
	c->source.leds = leds_changed;
	c->source.absolute = absolute_changed;
	c->source.arg = c;
	input_join(all->input, &c->source);
	tell_event(c, VNC_CONNECTED);
	if (display_serve(all->display, all->loop, screen, NULL) == 0)
		return c;
	vnc_client_free(c);
	return NULL;
}

void vnc_client_free(struct vnc_client *c)
{
	struct vnc_client **at = &c->all->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	tell_event(c, VNC_DISCONNECTED);
	input_leave(&c->source);
	watch_free(c->watch);
	close(c->events);
	free(c);
}

bool vnc_client_at(const struct vnc_clients *all, unsigned n, struct vnc_peer *p)
{
	for (const struct vnc_client *c = all->first; c; c = c->next)
		if (c->logged_in && !n--) {
			*p = (struct vnc_peer){c->address, c->websocket};
			return true;
		}
	return false;
}
