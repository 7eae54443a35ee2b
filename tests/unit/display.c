/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/display*.c: surfaces and tiles, viewers here and in another process, pictures. */
#include "base/loop.h"
#include "base/util.h"
#include "ui/display.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* An adapter that draws what the test says. */
struct adapter {
	struct display *d;
	uint32_t width, height, x, y, colour; /* width 0: nothing; colour 0: no pixel changes */
	struct display_cursor cursor;
	unsigned draws;
};

static void draw(void *arg)
{
	struct adapter *a = arg;
	uint32_t stride, *p;

	a->draws++;
	if (!a->width)
		return;
	p = display_resize(a->d, a->width, a->height, &stride);
	MUST(p);
	if (a->colour) {
		p[a->y * (stride / 4) + a->x] = a->colour;
		display_dirty(a->d, a->x, a->y, 1, 1);
	}
	a->colour = 0;
	display_set_cursor(a->d, &a->cursor);
}

static const struct display_ops ops = {.render = draw};

static void start(struct adapter *a, uint32_t width, uint32_t height)
{
	struct err e = {""};

	*a = (struct adapter){.d = display_new("screen", &e), .width = width, .height = height};
	MUST(a->d);
	display_attach(a->d, &ops, a);
}

static unsigned newer(const struct display_view *v, uint32_t seen)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < v->at.tiles_x * v->at.tiles_y; i++)
		n += display_newer(v, i, seen);
	return n;
}

TEST(display_tells_what_changed)
{
	struct display_view v;
	struct adapter a;
	uint32_t seen;

	start(&a, 0, 0);
	CHECK(!display_refresh(a.d, &v));
	a.width = 130;
	a.height = 33;
	MUST(display_refresh(a.d, &v));
	EQ(130, v.at.width);
	EQ(3, v.at.tiles_x);
	EQ(3, v.at.tiles_y);
	EQ(9, newer(&v, 0)); /* a new surface is all news */
	seen = display_generation(&v);
	MUST(display_refresh(a.d, &v));
	EQ(seen, display_generation(&v));
	EQ(0, newer(&v, seen));
	a.x = 129;
	a.y = 16;
	a.colour = 0x123456;
	MUST(display_refresh(a.d, &v));
	EQ(1, newer(&v, seen));
	CHECK(display_newer(&v, 5, seen)); /* third of the second line of tiles */
	EQ(9, newer(&v, 0));               /* another viewer, who has not looked yet */
	EQ(0x123456, ((const uint32_t *)(v.pixels + 16 * v.at.stride))[129]);
	display_free(a.d);
}

TEST(display_resize_makes_another_serial)
{
	struct display_view v;
	struct adapter a;
	uint32_t serial, stride;

	start(&a, 640, 480);
	MUST(display_refresh(a.d, &v));
	serial = v.at.serial;
	MUST(display_refresh(a.d, &v));
	EQ(serial, v.at.serial);
	a.height = 400;
	MUST(display_refresh(a.d, &v));
	CHECK(serial != v.at.serial);
	EQ(400, v.at.height);
	CHECK(!display_resize(a.d, 0, 5, &stride));
	CHECK(!display_resize(a.d, DISPLAY_MAX + 1, 5, &stride));
	MUST(display_resize(a.d, 640, 400, &stride)); /* the old one stayed */
	display_free(a.d);
}

/* ---- another process's side, played here ---- */

struct peer {
	struct adapter a;
	struct loop *loop;
	int fd, fds[2];
	struct display_msg m;
	uint8_t more[4 * DISPLAY_CURSOR_MAX * DISPLAY_CURSOR_MAX];
};

static void peer_start(struct peer *p)
{
	struct err e = {""};
	int sv[2];

	start(&p->a, 64, 16);
	p->loop = loop_new(&e);
	MUST(p->loop && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv));
	p->fd = sv[0];
	OK(display_serve(p->a.d, p->loop, sv[1], &e));
}

static void peer_end(struct peer *p)
{
	close(p->fd);
	loop_step(p->loop, 0);
	display_free(p->a.d);
	loop_free(p->loop);
}

/* The type of the next message, 0: hung up, -1: none. Descriptors go to p->fds. */
static int take(struct peer *p)
{
	struct iovec iov[2] = {{&p->m, sizeof(p->m)}, {p->more, sizeof(p->more)}};
	char control[CMSG_SPACE(2 * sizeof(int))];
	struct msghdr msg = {.msg_iov = iov,
			     .msg_iovlen = 2,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(p->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	p->fds[0] = p->fds[1] = -1;
	if (n <= 0)
		return (int)n;
	MUST(n >= (ssize_t)sizeof(p->m));
	EQ(n, p->m.size);
	if (CMSG_FIRSTHDR(&msg))
		memcpy(p->fds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(p->fds));
	return (int)p->m.type;
}

static void ask(struct peer *p)
{
	struct display_msg m = {.type = DISPLAY_MSG_REFRESH, .size = sizeof(m)};

	EQ(sizeof(m), send(p->fd, &m, sizeof(m), MSG_NOSIGNAL));
	loop_step(p->loop, 0);
}

TEST(display_served_to_another_process)
{
	struct display_view v;
	struct peer p = {0};
	struct err e = {""};

	peer_start(&p);
	EQ(0, p.a.draws); /* nobody asked: nothing is drawn */
	ask(&p);
	EQ(DISPLAY_MSG_SURFACE, take(&p));
	OK(display_map(&v, &p.m.surface, p.fds[0], p.fds[1], &e));
	EQS("", e.msg);
	/* It cannot write into the screen. */
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, p.fds[1], 0) == MAP_FAILED);
	CHECK(ftruncate(p.fds[1], 0) < 0);
	close(p.fds[0]);
	close(p.fds[1]);
	EQ(DISPLAY_MSG_UPDATED, take(&p));
	EQ(1, p.m.updated.generation);
	EQ(-1, take(&p));
	p.a.colour = 0xabcdef;
	p.a.x = 5;
	ask(&p);
	EQ(DISPLAY_MSG_UPDATED, take(&p));
	EQ(2, p.m.updated.generation);
	EQ(2, display_generation(&v));
	CHECK(display_newer(&v, 0, 1));
	EQ(0xabcdef, ((const uint32_t *)v.pixels)[5]);
	display_unmap(&v);
	peer_end(&p);
}

TEST(display_cursor_comes_when_it_changes)
{
	struct peer p = {0};

	peer_start(&p);
	p.a.cursor = (struct display_cursor){.x = -3, .y = 7, .width = 2, .height = 1};
	p.a.cursor.argb[1] = 0xff00ff00;
	ask(&p);
	EQ(DISPLAY_MSG_SURFACE, take(&p));
	close(p.fds[0]);
	close(p.fds[1]);
	EQ(DISPLAY_MSG_CURSOR, take(&p));
	EQ(1, p.m.cursor.shape);
	EQ(sizeof(p.m) + 8, p.m.size);
	EQ(0xff00ff00, load_le(p.more + 4, 4));
	EQ(DISPLAY_MSG_UPDATED, take(&p));
	p.a.cursor.x = 4;
	ask(&p);
	EQ(DISPLAY_MSG_CURSOR, take(&p));
	EQ(0, p.m.cursor.shape);
	EQ(4, p.m.cursor.x);
	EQ(DISPLAY_MSG_UPDATED, take(&p));
	ask(&p);
	EQ(DISPLAY_MSG_UPDATED, take(&p));
	p.a.cursor.width = 0;
	ask(&p);
	EQ(DISPLAY_MSG_CURSOR, take(&p));
	EQ(0, p.m.cursor.width);
	peer_end(&p);
}

TEST(display_hangs_up_on_nonsense)
{
	struct peer p = {0};

	peer_start(&p);
	EQ(3, send(p.fd, "abc", 3, MSG_NOSIGNAL));
	loop_step(p.loop, 0);
	EQ(0, take(&p));
	peer_end(&p);
	/* One that asks and never reads. */
	peer_start(&p);
	for (unsigned i = 0; i < 100000; i++) {
		struct display_msg m = {.type = DISPLAY_MSG_REFRESH, .size = sizeof(m)};

		if (send(p.fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		loop_step(p.loop, 0);
	}
	EQ(-1, send(p.fd, "", 1, MSG_NOSIGNAL));
	EQ(EPIPE, errno);
	peer_end(&p);
}

TEST(display_map_refuses_what_does_not_fit)
{
	static const struct display_layout good = {1, 100, 50, 400, 2, 4, 4096};
	int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct display_layout at = good;
	struct display_view v;

	MUST(fd >= 0 && !ftruncate(fd, 4096 + 50 * 400));
	CHECK(display_map(&v, &at, fd, fd, NULL) < 0); /* could shrink under us */
	OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	OK(display_map(&v, &at, fd, fd, NULL));
	display_unmap(&v);
	at.offset += 4;
	CHECK(display_map(&v, &at, fd, fd, NULL) < 0);
	at.offset = ~0ull - 3;
	CHECK(display_map(&v, &at, fd, fd, NULL) < 0);
	at = good;
	at.stride = 404;
	CHECK(display_map(&v, &at, fd, fd, NULL) < 0);
	at.stride = 396;
	CHECK(display_map(&v, &at, fd, fd, NULL) < 0);
	at = good;
	at.tiles_x = 3;
	CHECK(display_map(&v, &at, fd, fd, NULL) < 0);
	at = good;
	at.height = 0;
	CHECK(display_map(&v, &at, fd, fd, NULL) < 0);
	close(fd);
}

/* ---- pictures ---- */

TEST(display_ppm_with_cursor)
{
	static const char want[] = "P6\n3 1\n255\n\x11\x22\x33\xff\xff\xff\x44\x55\x66";
	int fd = memfd_create("t", MFD_CLOEXEC);
	struct err e = {""};
	struct adapter a;
	char got[64];

	start(&a, 3, 1);
	a.colour = 0x112233;
	/* One pixel inverts, one covers; one column lies outside. */
	a.cursor = (struct display_cursor){.x = 1, .width = 3, .height = 1};
	a.cursor.argb[0] = 0x00ffffff;
	a.cursor.argb[1] = 0xff445566;
	OK(display_dump(a.d, fd, "ppm", &e));
	EQ(sizeof(want) - 1, pread(fd, got, sizeof(got), 0));
	EQM(want, got, sizeof(want) - 1);
	close(fd);
	display_free(a.d);
}

TEST(display_png)
{
	int fd = memfd_create("t", MFD_CLOEXEC);
	struct err e = {""};
	struct adapter a;
	uint8_t got[33];

	start(&a, 0, 0);
	EQ(-ENODATA, display_dump(a.d, fd, "png", &e));
	EQS("screen shows nothing yet", e.msg);
	a.width = 320;
	a.height = 7;
	OK(display_dump(a.d, fd, "png", NULL));
	EQ(33, pread(fd, got, 33, 0));
	EQM("\x89PNG\r\n\x1a\n", got, 8);
	EQM("IHDR\0\0\1\x40\0\0\0\7\x08\x02", got + 12, 14);
	close(fd);
	display_free(a.d);
}
