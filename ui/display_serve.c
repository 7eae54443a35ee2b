/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/display_serve.c: viewers in other processes, by the messages of display.h. */
#include "ui/display_impl.h"

#include "base/packet.h"
#include "base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct display_viewer {
	struct display *d;
	struct display_viewer *next;
	struct watch *watch;
	int fd;
	uint32_t surface, shape; /* serials that it was told */
	int32_t x, y;
	bool told_cursor;
};

static void viewer_free(struct display_viewer *v)
{
	struct display_viewer **at = &v->d->viewers;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	watch_free(v->watch);
	close(v->fd);
	free(v);
}

void display_hang_up(struct display *d)
{
	while (d->viewers)
		viewer_free(d->viewers);
}

/* Never waits: a viewer that leaves no room has asked more often than it reads. */
static bool send_msg(struct display_viewer *v, struct display_msg *m, const void *more, size_t n,
		     int fd)
{
	const struct iovec iov[2] = {{m, sizeof(*m)}, {(void *)more, n}};

	m->size = (uint32_t)(sizeof(*m) + n);
	return packet_send(v->fd, iov, n ? 2 : 1, (int[2]){fd, fd}, fd < 0 ? 0 : 2) ==
	       (ssize_t)m->size;
}

static bool tell_surface(struct display_viewer *v)
{
	struct display_msg m = {.type = DISPLAY_MSG_SURFACE};

	if (v->surface == v->d->at.serial)
		return true;
	v->surface = v->d->at.serial;
	m.surface = v->d->at;
	return send_msg(v, &m, NULL, 0, v->d->fd);
}

static bool tell_cursor(struct display_viewer *v)
{
	const struct display_cursor *c = &v->d->cursor;
	struct display_msg m = {.type = DISPLAY_MSG_CURSOR};
	bool shape = v->shape != c->serial;

	if (!c->serial || (v->told_cursor && !shape && v->x == c->x && v->y == c->y))
		return true;
	v->told_cursor = true;
	v->shape = c->serial;
	v->x = c->x;
	v->y = c->y;
	m.cursor.serial = c->serial;
	m.cursor.x = c->x;
	m.cursor.y = c->y;
	m.cursor.width = c->width;
	m.cursor.height = c->height;
	m.cursor.shape = shape;
	return send_msg(v, &m, c->argb, shape ? (size_t)c->width * c->height * 4 : 0, -1);
}

static bool refresh(struct display_viewer *v)
{
	struct display_msg m = {.type = DISPLAY_MSG_UPDATED};

	if (!display_draw(v->d))
		return send_msg(v, &m, NULL, 0, -1);
	m.updated.serial = v->d->at.serial;
	m.updated.generation = *(uint32_t *)v->d->map;
	return tell_surface(v) && tell_cursor(v) && send_msg(v, &m, NULL, 0, -1);
}

static void viewer_event(void *arg, uint32_t events)
{
	struct display_viewer *v = arg;
	struct display_msg m = {0};
	ssize_t n = recv(v->fd, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(m) || m.type != DISPLAY_MSG_REFRESH || m.size != sizeof(m) || !refresh(v))
		viewer_free(v);
}

int display_serve(struct display *d, struct loop *l, int fd, struct err *e)
{
	struct display_viewer *v = calloc(1, sizeof(*v));

	if (!v) {
		close(fd);
		return err_set(e, -ENOMEM, "no memory for a viewer");
	}
	*v = (struct display_viewer){.d = d, .fd = fd, .next = d->viewers};
	d->viewers = v;
	v->watch = loop_watch(l, fd, EPOLLIN, viewer_event, v);
	if (v->watch)
		return 0;
	viewer_free(v);
	return err_set(e, -EINVAL, "not a viewer's socket");
}
