/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/screen_copy.c: a copy of the guest's screen with the adapter's pointer drawn in. Encoders
 * look at a pixel more than once, so they never see memory that the guest changes meanwhile.
 */
#include "ui/screen_copy.h"

#include "base/packet.h"
#include "base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct dirty {
	void (*fn)(void *arg, int x, int y, int w, int h);
	void *arg;
};

/* ---- drawing */

static uint32_t mix(uint32_t below, uint32_t argb)
{
	if (argb >> 24)
		return argb & 0xffffff;
	return argb ? ~below & 0xffffff : below;
}

static void draw_cursor(const struct screen_copy *s, uint32_t *line, int x0, int n, int y)
{
	const struct display_cursor *c = &s->cursor;
	int64_t row = (int64_t)y - c->y;

	if (row < 0 || row >= c->height)
		return;
	for (uint32_t i = 0; i < c->width; i++) {
		int64_t at = (int64_t)c->x + i - x0;

		if (at >= 0 && at < n)
			line[at] = mix(line[at], c->argb[row * c->width + i]);
	}
}

static void copy_tile(struct screen_copy *s, uint32_t tx, uint32_t ty, const struct dirty *d)
{
	uint32_t x = tx * DISPLAY_TILE_W, y = ty * DISPLAY_TILE_H, line[DISPLAY_TILE_W];
	uint32_t w = MIN(DISPLAY_TILE_W, s->width - x), h = MIN(DISPLAY_TILE_H, s->height - y);
	bool changed = false;

	for (uint32_t i = 0; i < h; i++) {
		const uint8_t *from = s->view.pixels + (size_t)(y + i) * s->view.at.stride + x * 4;
		uint32_t *to = s->pixels + (size_t)(y + i) * s->width + x;

		memcpy(line, from, w * 4);
		for (uint32_t k = 0; k < w; k++)
			line[k] &= 0xffffff;
		draw_cursor(s, line, (int)x, (int)w, (int)(y + i));
		if (!memcmp(to, line, w * 4))
			continue;
		memcpy(to, line, w * 4);
		changed = true;
	}
	if (changed)
		d->fn(d->arg, (int)x, (int)y, (int)w, (int)h);
}

static bool meets(int64_t x, int64_t y, int64_t w, int64_t h, uint32_t tx, uint32_t ty)
{
	int64_t left = (int64_t)tx * DISPLAY_TILE_W, top = (int64_t)ty * DISPLAY_TILE_H;

	return x < left + DISPLAY_TILE_W && x + w > left && y < top + DISPLAY_TILE_H && y + h > top;
}

static bool cursor_meets(const struct screen_copy *s, uint32_t tx, uint32_t ty)
{
	const struct display_cursor *c = &s->cursor;
	const int *was = s->drawn;

	return meets(c->x, c->y, c->width, c->height, tx, ty) ||
	       meets(was[0], was[1], was[2], was[3], tx, ty);
}

static void copy(struct screen_copy *s, const struct dirty *d)
{
	const struct display_layout *at = &s->view.at;
	uint32_t now = display_generation(&s->view);

	for (uint32_t ty = 0; ty < at->tiles_y; ty++)
		for (uint32_t tx = 0; tx < at->tiles_x; tx++)
			if (display_newer(&s->view, ty * at->tiles_x + tx, s->seen) ||
			    cursor_meets(s, tx, ty))
				copy_tile(s, tx, ty, d);
	s->seen = now;
	s->drawn[0] = s->cursor.x;
	s->drawn[1] = s->cursor.y;
	s->drawn[2] = (int)s->cursor.width;
	s->drawn[3] = (int)s->cursor.height;
}

/* ---- messages */

struct packet {
	struct display_msg m;
	uint32_t argb[DISPLAY_CURSOR_MAX * DISPLAY_CURSOR_MAX];
};

static ssize_t receive(int fd, struct packet *p, int fds[2])
{
	const struct iovec iov = {p, sizeof(*p)};

	return packet_receive(fd, &iov, 1, MSG_DONTWAIT, fds, 2, NULL);
}

static bool take_surface(struct screen_copy *s, const struct display_layout *at, const int fds[2])
{
	struct display_view v;

	if (fds[0] < 0 || fds[1] < 0 || display_map(&v, at, fds[0], fds[1], NULL) < 0)
		return false;
	display_unmap(&s->view);
	s->view = v;
	s->seen = 0;
	return true;
}

static bool take_cursor(struct screen_copy *s, const struct packet *p, size_t more)
{
	struct display_cursor *c = &s->cursor;
	uint32_t w = p->m.cursor.width, h = p->m.cursor.height;
	size_t len = (size_t)w * h * 4;

	if (w > DISPLAY_CURSOR_MAX || h > DISPLAY_CURSOR_MAX ||
	    (p->m.cursor.shape ? more != len : w != c->width || h != c->height))
		return false;
	c->x = p->m.cursor.x;
	c->y = p->m.cursor.y;
	c->width = w;
	c->height = h;
	if (p->m.cursor.shape)
		memcpy(c->argb, p->argb, len);
	return true;
}

static enum screen_news updated(struct screen_copy *s, const struct dirty *d)
{
	const struct display_layout *at = &s->view.at;
	bool resized = at->width != s->width || at->height != s->height;
	uint32_t *pixels;

	s->asked = false;
	if (!s->view.tiles)
		return SCREEN_DRAWN;
	if (resized) {
		pixels = calloc((size_t)at->width * at->height, 4);
		if (!pixels)
			return SCREEN_GONE;
		free(s->pixels);
		s->pixels = pixels;
		s->width = at->width;
		s->height = at->height;
		s->seen = 0;
	}
	copy(s, d);
	return resized ? SCREEN_RESIZED : SCREEN_DRAWN;
}

static enum screen_news take(struct screen_copy *s, const struct packet *p, ssize_t n,
			     const int fds[2], const struct dirty *d)
{
	size_t more = (size_t)n - sizeof(p->m);

	switch (p->m.type) {
	case DISPLAY_MSG_SURFACE:
		return take_surface(s, &p->m.surface, fds) ? SCREEN_NOTHING : SCREEN_GONE;
	case DISPLAY_MSG_CURSOR:
		return take_cursor(s, p, more) ? SCREEN_NOTHING : SCREEN_GONE;
	case DISPLAY_MSG_UPDATED:
		return updated(s, d);
	default:
		return SCREEN_GONE;
	}
}

enum screen_news screen_copy_event(struct screen_copy *s,
				   void (*dirty)(void *arg, int x, int y, int w, int h), void *arg)
{
	const struct dirty d = {dirty, arg};
	static struct packet p;
	enum screen_news news;
	int fds[2];
	ssize_t n = receive(s->fd, &p, fds);

	if (n == -EAGAIN)
		return SCREEN_NOTHING;
	news = n < (ssize_t)sizeof(p.m) ? SCREEN_GONE : take(s, &p, n, fds, &d);
	for (unsigned i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return news;
}

int screen_copy_ask(struct screen_copy *s)
{
	struct display_msg m = {.type = DISPLAY_MSG_REFRESH, .size = sizeof(m)};

	if (s->asked)
		return 0;
	s->asked = true;
	return send(s->fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(m) ? 0 : -EPIPE;
}

void screen_copy_free(struct screen_copy *s)
{
	display_unmap(&s->view);
	free(s->pixels);
	s->pixels = NULL;
}
