/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/vnc_parts.c: hvm-vnc: its copy of the screen. */
#include "config.h"
#include "tests/test.h"
#ifdef CONFIG_VNC
#include "base/util.h"
#include "ui/vnc/vnc_server.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the copy of the screen */

static unsigned areas;

static void dirty(void *arg, int x, int y, int w, int h)
{
	struct screen_copy *s = arg;

	areas++;
	CHECK(x >= 0 && y >= 0 && w > 0 && h > 0);
	CHECK((unsigned)(x + w) <= s->width && (unsigned)(y + h) <= s->height);
}

struct adapter {
	struct display *d;
	struct display_cursor cursor;
};

static void draw(void *arg)
{
	struct adapter *a = arg;
	uint32_t stride, *p = display_resize(a->d, 100, 40, &stride);

	MUST(p);
	p[5] = 0xff123456; /* the upper byte is undefined */
	display_set_cursor(a->d, &a->cursor);
}

static void update(struct loop *l, struct screen_copy *s)
{
	enum screen_news news = SCREEN_NOTHING;

	OK(screen_copy_ask(s));
	MUST(loop_step(l, 100) >= 0);
	while (news == SCREEN_NOTHING)
		news = screen_copy_event(s, dirty, s);
	CHECK(news != SCREEN_GONE);
}

TEST(cursor_is_drawn_in)
{
	static const struct display_ops ops = {.render = draw};
	struct loop *l = loop_new(NULL);
	struct adapter a = {.d = display_new("d", NULL)};
	struct screen_copy s = {0};
	int fds[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	display_attach(a.d, &ops, &a);
	OK(display_serve(a.d, l, fds[1], NULL));
	s.fd = fds[0];
	a.cursor = (struct display_cursor){.x = 98, .y = -1, .width = 4, .height = 2};
	a.cursor.argb[4] = 0xff00ff00; /* its second line: one that covers, one that inverts … */
	a.cursor.argb[5] = 0x00ffffff;
	a.cursor.argb[6] = 0xffff0000; /* … and two outside */
	update(l, &s);
	EQ(100, s.width);
	EQ(0x123456, s.pixels[5]);
	EQ(0x00ff00, s.pixels[98]);
	EQ(0xffffff, s.pixels[99]);
	EQ(0, s.pixels[100]);
	areas = 0;
	update(l, &s);
	EQ(0, areas);
	a.cursor.x = 2; /* what it covered comes back */
	update(l, &s);
	EQ(2, areas);
	EQ(0, s.pixels[98]);
	EQ(0x00ff00, s.pixels[2]);
	EQ(0xedcba9, s.pixels[5] ^ 0xffffff);
	screen_copy_free(&s);
	close(fds[0]);
	display_free(a.d);
	loop_free(l);
}

/* The other side is the device model, but its messages are judged all the same. */
TEST(screen_refuses_nonsense)
{
	struct display_msg m[] = {
		{.type = 99, .size = sizeof(m[0])},
		{.type = DISPLAY_MSG_SURFACE, .size = sizeof(m[0])},
		{.type = DISPLAY_MSG_CURSOR, .cursor = {.width = 65, .height = 1, .shape = 1}},
		{.type = DISPLAY_MSG_CURSOR, .cursor = {.width = 9, .height = 9, .shape = 1}},
		{.type = DISPLAY_MSG_CURSOR, .cursor = {.width = 9, .height = 9}},
		{.type = DISPLAY_MSG_CURSOR,
		 .cursor = {.width = 1u << 31, .height = 2, .shape = 1}},
	};
	struct screen_copy s = {0};
	int fds[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	s.fd = fds[0];
	EQ(SCREEN_NOTHING, screen_copy_event(&s, dirty, &s));
	for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
		EQ(sizeof(m[i]), send(fds[1], &m[i], sizeof(m[i]), 0));
		EQ(SCREEN_GONE, screen_copy_event(&s, dirty, &s));
	}
	EQ(4, send(fds[1], m, 4, 0));
	EQ(SCREEN_GONE, screen_copy_event(&s, dirty, &s));
	close(fds[1]);
	EQ(SCREEN_GONE, screen_copy_event(&s, dirty, &s));
	EQ(-EPIPE, screen_copy_ask(&s));
	screen_copy_free(&s);
	close(fds[0]);
}
#endif
