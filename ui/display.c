/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/display.c: surfaces, tiles, and the adapter's and in-process viewers' side of display.h. */
#include "ui/display.h"

#include "base/util.h"
#include "ui/display_impl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct display *display_new(const char *name, struct err *e)
{
	struct display *d = calloc(1, sizeof(*d));

	if (d)
		d->name = strdup(name);
	if (!d || !d->name) {
		free(d);
		err_set(e, -ENOMEM, "no memory for the display");
		return NULL;
	}
	d->fd = -1;
	return d;
}

static void surface_drop(struct display *d)
{
	if (d->map)
		munmap(d->map, d->map_len);
	if (d->fd >= 0)
		close(d->fd);
	d->map = NULL;
	d->fd = -1;
}

void display_free(struct display *d)
{
	if (!d)
		return;
	display_hang_up(d);
	surface_drop(d);
	free(d->name);
	free(d);
}

const char *display_name(const struct display *d)
{
	return d->name;
}

/* ---- the adapter's side ---- */

void display_attach(struct display *d, const struct display_ops *ops, void *arg)
{
	d->ops = ops;
	d->arg = arg;
}

static uint32_t next_serial(uint32_t serial)
{
	return serial + 1 ? serial + 1 : 1;
}

static struct display_layout layout_of(uint32_t width, uint32_t height)
{
	struct display_layout at = {.width = width,
				    .height = height,
				    .stride = width * 4,
				    .tiles_x = (width + DISPLAY_TILE_W - 1) / DISPLAY_TILE_W,
				    .tiles_y = (height + DISPLAY_TILE_H - 1) / DISPLAY_TILE_H};

	at.offset = (display_tiles_size(&at) + 4095) & ~4095ull;
	return at;
}

/* A file that others can only read: our own map is older than the seal. */
static void *surface_file(size_t len, int *fd)
{
	void *p = MAP_FAILED;

	*fd = memfd_create("screen", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd >= 0 && ftruncate(*fd, (off_t)len) == 0)
		p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (p != MAP_FAILED &&
	    fcntl(*fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0)
		return p;
	if (p != MAP_FAILED)
		munmap(p, len);
	if (*fd >= 0)
		close(*fd);
	return NULL;
}

static int surface_make(struct display *d, uint32_t width, uint32_t height)
{
	struct display_layout at = layout_of(width, height);
	size_t len = (size_t)at.offset + (size_t)at.stride * height;
	int fd;
	void *p = surface_file(len, &fd);

	if (!p)
		return -ENOMEM;
	surface_drop(d);
	at.serial = next_serial(d->at.serial);
	d->at = at;
	d->fd = fd;
	d->map = p;
	d->map_len = len;
	d->drawing = false;
	display_dirty(d, 0, 0, width, height);
	return 0;
}

uint32_t *display_resize(struct display *d, uint32_t width, uint32_t height, uint32_t *stride)
{
	bool fits = width && height && width <= DISPLAY_MAX && height <= DISPLAY_MAX;

	if (!fits)
		return NULL;
	if ((!d->map || d->at.width != width || d->at.height != height) &&
	    surface_make(d, width, height) < 0)
		return NULL;
	*stride = d->at.stride;
	return (uint32_t *)(d->map + d->at.offset);
}

struct display_layout display_size(const struct display *d)
{
	return d->at;
}

/* Tiles first, with the generation that the end of this drawing will announce. */
void display_dirty(struct display *d, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	uint32_t *tiles = (uint32_t *)d->map, next;

	if (!d->map || !w || !h || x >= d->at.width || y >= d->at.height)
		return;
	w = MIN(w, d->at.width - x);
	h = MIN(h, d->at.height - y);
	next = tiles[0] + 1;
	for (uint32_t ty = y / DISPLAY_TILE_H; ty <= (y + h - 1) / DISPLAY_TILE_H; ty++)
		for (uint32_t tx = x / DISPLAY_TILE_W; tx <= (x + w - 1) / DISPLAY_TILE_W; tx++)
			__atomic_store_n(&tiles[1 + ty * d->at.tiles_x + tx], next,
					 __ATOMIC_RELEASE);
	d->drawing = true;
}

static bool same_shape(const struct display_cursor *a, const struct display_cursor *b)
{
	return a->width == b->width && a->height == b->height &&
	       !memcmp(a->argb, b->argb, (size_t)a->width * a->height * 4);
}

void display_set_cursor(struct display *d, const struct display_cursor *c)
{
	uint32_t serial = d->cursor.serial;

	assert(c->width <= DISPLAY_CURSOR_MAX && c->height <= DISPLAY_CURSOR_MAX);
	if (!serial && !c->width)
		return;
	if (!serial || !same_shape(&d->cursor, c))
		serial = next_serial(serial);
	d->cursor = *c;
	d->cursor.serial = serial;
}

/* ---- viewers ---- */

bool display_draw(struct display *d)
{
	uint32_t *tiles;

	if (d->ops)
		d->ops->render(d->arg);
	if (!d->map)
		return false;
	tiles = (uint32_t *)d->map;
	if (d->drawing)
		__atomic_store_n(&tiles[0], tiles[0] + 1, __ATOMIC_RELEASE);
	d->drawing = false;
	return true;
}

bool display_refresh(struct display *d, struct display_view *v)
{
	*v = (struct display_view){0};
	if (!display_draw(d))
		return false;
	v->at = d->at;
	v->tiles = (const uint32_t *)d->map;
	v->pixels = d->map + d->at.offset;
	return true;
}

const struct display_cursor *display_get_cursor(const struct display *d)
{
	return &d->cursor;
}

bool display_get_text(struct display *d, struct display_text *t)
{
	t->columns = 0;
	if (d->ops && d->ops->text)
		d->ops->text(d->arg, t);
	return t->columns;
}

/* ---- the viewer's process ---- */

static bool layout_fits(const struct display_layout *at, uint64_t tiles_size, uint64_t pixels_size)
{
	struct display_layout want;
	uint64_t len;

	if (!at->serial || !at->width || !at->height || at->width > DISPLAY_MAX ||
	    at->height > DISPLAY_MAX)
		return false;
	want = layout_of(at->width, at->height);
	len = (uint64_t)at->stride * (at->height - 1) + at->width * 4;
	return at->tiles_x == want.tiles_x && at->tiles_y == want.tiles_y && at->stride % 4 == 0 &&
	       at->stride >= at->width * 4 && at->offset % 4 == 0 &&
	       tiles_size >= display_tiles_size(at) && len <= pixels_size &&
	       at->offset <= pixels_size - len;
}

/* Where its pixels end, which is how much of the file is mapped. */
static size_t pixels_end(const struct display_layout *at)
{
	return (size_t)(at->offset + (uint64_t)at->stride * (at->height - 1) + at->width * 4);
}

static uint64_t file_size(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);

	/* One that can shrink would be a fault at the next look. */
	return end < 0 || !(fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK) ? 0 : (uint64_t)end;
}

int display_map(struct display_view *v, const struct display_layout *at, int tiles_fd,
		int pixels_fd, struct err *e)
{
	struct display_layout own = *at;
	void *tiles, *pixels;

	*v = (struct display_view){0};
	if (!layout_fits(&own, file_size(tiles_fd), file_size(pixels_fd)))
		return err_set(e, -EINVAL, "a screen that does not fit its memory");
	tiles = mmap(NULL, display_tiles_size(&own), PROT_READ, MAP_SHARED, tiles_fd, 0);
	pixels = mmap(NULL, pixels_end(&own), PROT_READ, MAP_SHARED, pixels_fd, 0);
	if (tiles != MAP_FAILED && pixels != MAP_FAILED) {
		*v = (struct display_view){own, tiles, (uint8_t *)pixels + own.offset};
		return 0;
	}
	if (tiles != MAP_FAILED)
		munmap(tiles, display_tiles_size(&own));
	if (pixels != MAP_FAILED)
		munmap(pixels, pixels_end(&own));
	return err_set(e, -ENOMEM, "cannot map the screen");
}

void display_unmap(struct display_view *v)
{
	if (v->tiles) {
		munmap((void *)v->tiles, display_tiles_size(&v->at));
		munmap((void *)(v->pixels - v->at.offset), pixels_end(&v->at));
	}
	*v = (struct display_view){0};
}
