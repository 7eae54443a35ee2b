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
	struct vnc_client **list, *next;
	struct watch *watch;
	int events;
	bool logged_in, owed; /* owed: a VNC_STATE that did not fit */
	bool absolute;
	unsigned leds, buttons;
	struct input_source source;
	char address[110];
};

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

/* False: it broke the rules. */
static bool take(struct vnc_client *c, const struct vnc_msg *m)
{
	if (m->type == VNC_LOGGED_IN && !c->logged_in) {
		c->logged_in = true;
		return true;
	}
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

struct vnc_client *vnc_client_new(struct vnc_client **list, struct display *d, struct input *in,
				  struct loop *l, const char *address, int screen, int events)
{
	struct vnc_client *c = count(*list) < VNC_CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (c)
		c->watch = loop_watch(l, events, EPOLLIN, client_event, c);
	if (!c || !c->watch) {
		free(c);
		close(screen);
		close(events);
		return NULL;
	}
	c->list = list;
	c->next = *list;
	c->events = events;
	snprintf(c->address, sizeof(c->address), "%s", address);
	*list = c;
	c->source.leds = leds_changed;
	c->source.absolute = absolute_changed;
	c->source.arg = c;
	input_join(in, &c->source);
	if (display_serve(d, l, screen, NULL) == 0)
		return c;
	vnc_client_free(c);
	return NULL;
}

void vnc_client_free(struct vnc_client *c)
{
	struct vnc_client **at = c->list;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	input_leave(&c->source);
	watch_free(c->watch);
	close(c->events);
	free(c);
}

const char *vnc_client_at(const struct vnc_client *c, unsigned n)
{
	for (; c; c = c->next)
		if (c->logged_in && !n--)
			return c->address;
	return NULL;
}
