/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/rfb.c: what VNC clients send: hvm-vnc's side of one client with libvncserver, and the
 * device model's side of it, in one thread. Waiting (poll, select) is where the client says its
 * next piece and the guest changes its screen; time passes only there.
 *
 * The first byte: enum begin. Then steps: n < 0xc0: as many bytes for the server; else a message
 * from the table below with its fields in the input, or something that the guest does. The library
 * has no coverage counters: the table is what leads into it.
 */
#include "config.h"
#include "tests/fuzz/lib/fuzz.h"

#ifdef CONFIG_VNC
#include "base/util.h"
#include "ui/vnc/vnc_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum begin { ASK_PASSWORD = 1, GREET = 2, WEBSOCKET = 4 };

static struct feed {
	const uint8_t *p;
	size_t left;
	int client; /* -1: not at work */
	bool ended;
	int64_t now; /* ms */
	struct loop *loop;
	struct display *display;
	struct display_cursor cursor;
	struct input_device keyboard, tablet;
	uint32_t width, height, salt;
} feed = {.client = -1};

static uint8_t next(void)
{
	if (!feed.left)
		return 0;
	feed.left--;
	return *feed.p++;
}

static void tell(const void *data, size_t n)
{
	send(feed.client, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- messages: the type, and how many bytes follow it */

static const struct {
	uint8_t type, size;
} messages[] = {
	{0, 19}, {3, 9},   {4, 7},        {5, 5},  {255, 11}, {8, 3}, {0x0f, 3}, {10, 5},
	{21, 3}, {250, 3}, {251, 7 + 16}, {7, 11}, {11, 7},   {1, 5}, {99, 3},   {248, 8},
};

static void tell_message(unsigned i)
{
	uint8_t b[32] = {messages[i].type};

	for (unsigned k = 1; k <= messages[i].size; k++)
		b[k] = next();
	tell(b, 1u + messages[i].size);
}

static const int32_t encodings[] = {
	0,           1,
	2,           4,
	5,           6,
	7,           8,
	9,           15,
	16,          17,
	-32,         -23,
	-256,        -224,
	-223,        -232,
	-239,        -240,
	-257,        -258,
	-260,        -261,
	-305,        -308,
	-309,        -307,
	-306,        -412,
	-512,        -768,
	-0x3F000000, -0x3F5E1A32 /* extended clipboard */,
};

static void tell_encodings(void)
{
	uint8_t n = next() & 31, b[4 + 4 * 32] = {2, 0, 0, n};

	for (unsigned i = 0; i < n; i++) {
		uint32_t e = (uint32_t)encodings[next() % ARRAY_SIZE(encodings)];

		e = e == (uint32_t)-256 || e == (uint32_t)-32 ? e + next() % 10 : e;
		for (unsigned k = 0; k < 4; k++)
			b[4 + 4 * i + k] = (uint8_t)(e >> (24 - 8 * k));
	}
	tell(b, 4 + 4u * n);
}

/* A clipboard, or a chat: a length of any size, and some of what it promises. */
static void tell_text(uint8_t type)
{
	uint32_t len = (uint32_t)next() << (next() & 31);
	uint8_t b[2048] = {type,
			   0,
			   0,
			   0,
			   (uint8_t)(len >> 24),
			   (uint8_t)(len >> 16),
			   (uint8_t)(len >> 8),
			   (uint8_t)len};

	for (unsigned i = 8; i < sizeof(b); i++)
		b[i] = next();
	tell(b, MIN((size_t)len + 8, sizeof(b)));
}

/* ---- the guest */

static void draw(void *arg)
{
	uint32_t stride, *p = display_resize(feed.display, feed.width, feed.height, &stride);

	(void)arg;
	if (!p)
		return;
	for (uint32_t i = 0; i < feed.height; i++)
		p[i * (stride / 4) + i % feed.width] = feed.salt * 2654435761u * i;
	display_dirty(feed.display, 0, feed.salt % feed.height, feed.width, 1 + feed.salt % 40);
	display_set_cursor(feed.display, &feed.cursor);
}

static const struct display_ops ops = {.render = draw};

static bool key(void *arg, unsigned code, bool down)
{
	(void)arg;
	(void)down;
	if (code >= KEY_CODES)
		abort();
	return true;
}

static bool point(void *arg, const struct input_motion *m)
{
	(void)arg;
	if (m->abs && (m->x < 0 || m->x > INPUT_ABS_MAX || m->y < 0 || m->y > INPUT_ABS_MAX))
		abort();
	return true;
}

static void change_cursor(void)
{
	feed.cursor.x = (int8_t)next() * 4;
	feed.cursor.y = (int8_t)next() * 4;
	feed.cursor.width = next() % (DISPLAY_CURSOR_MAX + 1);
	feed.cursor.height = next() % (DISPLAY_CURSOR_MAX + 1);
	feed.cursor.argb[next()] = 0xff00ff00u | next();
}

static void guest_does(unsigned what)
{
	if (what == 0) {
		feed.width = 1 + next() * 4u;
		feed.height = 1 + next() * 3u;
	}
	if (what == 1)
		change_cursor();
	if (what == 2)
		input_ready(&feed.tablet, next() & 1);
	if (what == 3)
		input_set_leds(&feed.keyboard, next() & 7);
	feed.salt++;
}

/* ---- steps */

static void step(void)
{
	unsigned n = next(), len;

	if (n < 0xc0) {
		len = (unsigned)MIN((size_t)n, feed.left);
		tell(feed.p, len);
		feed.p += len;
		feed.left -= len;
	} else if (n < 0xe0) {
		tell_message(n % ARRAY_SIZE(messages));
	} else if (n < 0xe8) {
		tell_encodings();
	} else if (n < 0xf0) {
		tell_text(n & 1 ? 6 : 11);
	} else {
		guest_does(n & 3);
	}
}

static void pump(void)
{
	static char sink[65536];

	if (feed.left)
		step();
	else if (!feed.ended)
		feed.ended = !shutdown(feed.client, SHUT_WR);
	while (recv(feed.client, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
	loop_step(feed.loop, 0);
}

/* In place of libc's, for hvm-vnc's code and the library's. */
int poll(struct pollfd *p, nfds_t n, int timeout)
{
	int rc = (int)syscall(SYS_poll, p, n, feed.client < 0 ? timeout : 0);

	if (feed.client < 0 || rc || !timeout)
		return rc;
	pump();
	rc = (int)syscall(SYS_poll, p, n, 0);
	if (!rc && timeout > 0)
		feed.now += timeout;
	return rc;
}

int select(int n, fd_set *r, fd_set *w, fd_set *x, struct timeval *t)
{
	struct timeval none = {0};
	fd_set in = r ? *r : (fd_set){{0}}, out = w ? *w : (fd_set){{0}};

	if (feed.client < 0)
		return (int)syscall(SYS_select, n, r, w, x, t);
	for (;;) {
		bool last = feed.ended || (t && !t->tv_sec && !t->tv_usec);
		int rc = (int)syscall(SYS_select, n, r, w, x, &none);

		if (rc || last)
			return rc;
		pump();
		if (r)
			*r = in;
		if (w)
			*w = out;
		none = (struct timeval){0};
	}
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	if (feed.client < 0 || id != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, id, t);
	*t = (struct timespec){feed.now / 1000, feed.now % 1000 * 1000000};
	return 0;
}

ssize_t getrandom(void *data, size_t n, unsigned flags)
{
	if (feed.client < 0)
		return syscall(SYS_getrandom, data, n, flags);
	memset(data, 0, n); /* the password's answer can be a seed */
	return (ssize_t)n;
}

/* ---- one input */

/* Waiting that is not for the client. */
int nanosleep(const struct timespec *t, struct timespec *left)
{
	if (feed.client < 0)
		return (int)syscall(SYS_nanosleep, t, left);
	pump();
	feed.now += t->tv_sec * 1000 + t->tv_nsec / 1000000;
	return 0;
}

/* What the library forgets of a client goes with the client's process. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libvncserver.so";
}

static void begin(void)
{
	static bool prepared;

	fuzz_quiet();
	if (!prepared)
		vnc_rfb_prepare();
	prepared = true;
	feed.loop = loop_new(NULL);
	feed.display = display_new("d", NULL);
	feed.width = 64;
	feed.height = 48;
	feed.now = feed.salt = 0;
	feed.ended = false;
	memset(&feed.cursor, 0, sizeof(feed.cursor));
	feed.keyboard = (struct input_device){.kind = INPUT_KEYBOARD, .name = "k", .key = key};
	feed.tablet = (struct input_device){
		.kind = INPUT_TABLET, .name = "t", .key = key, .point = point};
	if (!feed.loop || !feed.display)
		abort();
	display_attach(feed.display, &ops, NULL);
}

static void run(struct input *in, unsigned how)
{
	struct vnc_clients all = {.display = feed.display, .input = in, .loop = feed.loop};
	const struct vnc_peer peer = {.address = "here"};
	int client[2], screen[2], events[2];
	static struct layout layout;

	layout_load(&layout, "cz");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, client) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, screen) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, events))
		abort();
	vnc_client_new(&all, &peer, screen[1], events[1]);
	feed.client = client[1];
	if (how & GREET)
		tell("RFB 003.008\n\1\1", 14);
	vnc_rfb_run(&(struct vnc_rfb){.client = client[0],
				      .screen = screen[0],
				      .events = events[0],
				      .websocket = how & WEBSOCKET,
				      .layout = &layout,
				      .password = how & ASK_PASSWORD ? "secret" : NULL});
	loop_step(feed.loop, 0);
	feed.client = -1;
	if (!all.first)
		abort(); /* it broke the rules of ui/vnc.h, and nobody took it over */
	vnc_client_free(all.first);
	close(client[1]);
	close(screen[0]);
	close(events[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct clock *c = clock_new(CLOCK_MANUAL);
	struct input *in = input_new(c);

	if (!c || !in)
		abort();
	begin();
	feed.p = data;
	feed.left = size;
	input_attach(in, &feed.keyboard);
	input_attach(in, &feed.tablet);
	input_ready(&feed.keyboard, true);
	run(in, next());
	display_free(feed.display);
	input_detach(&feed.keyboard);
	input_detach(&feed.tablet);
	input_free(in);
	clock_free(c);
	loop_free(feed.loop);
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
#endif
