/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/arena.c: where device state lives: one memfd, so that a successor
 * process or a debugger can map all of it, with nothing in it but rows.
 */
#include "base/dev_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BYTES (64u << 20) /* sparse: only what devices touch takes memory */
#define ARENA_ALIGN 64u

struct hole {
	size_t off, len;
};
struct arena {
	int fd;
	uint8_t *base;
	struct hole *holes; /* sorted, never touching */
	unsigned n, cap;
};

struct arena *arena_new(struct err *e)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		goto nomem;
	a->fd = memfd_create("device-state", MFD_CLOEXEC);
	if (a->fd < 0 || ftruncate(a->fd, ARENA_BYTES) < 0)
		goto nomem;
	a->base = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, a->fd,
		       0);
	a->holes = calloc(16, sizeof(*a->holes));
	if (a->base == MAP_FAILED || !a->holes)
		goto nomem;
	a->cap = 16;
	a->n = 1;
	a->holes[0] = (struct hole){0, ARENA_BYTES};
	return a;
nomem:
	err_set(e, -ENOMEM, "no memory for device state");
	if (a && a->base == MAP_FAILED)
		a->base = NULL;
	arena_free(a);
	return NULL;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	if (a->base)
		munmap(a->base, ARENA_BYTES);
	if (a->fd >= 0)
		close(a->fd);
	free(a->holes);
	free(a);
}

static size_t rounded(size_t size)
{
	return (MAX(size, 1u) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t len = rounded(size);

	for (unsigned i = 0; i < a->n; i++) {
		struct hole *h = &a->holes[i];
		if (h->len < len)
			continue;
		void *p = a->base + h->off;
		h->off += len;
		h->len -= len;
		memset(p, 0, size);
		return p;
	}
	return NULL;
}

static bool hole_insert(struct arena *a, unsigned at, struct hole h)
{
	if (a->n == a->cap) {
		struct hole *more = realloc(a->holes, 2 * a->cap * sizeof(*more));
		if (!more)
			return false;
		a->holes = more;
		a->cap *= 2;
	}
	memmove(a->holes + at + 1, a->holes + at, (a->n - at) * sizeof(h));
	a->holes[at] = h;
	a->n++;
	return true;
}

static void hole_join(struct arena *a, unsigned i)
{
	struct hole *h = a->holes + i;

	if (i + 1 >= a->n || h->off + h->len != h[1].off)
		return;
	h->len += h[1].len;
	memmove(h + 1, h + 2, (a->n - i - 2) * sizeof(*h));
	a->n--;
}

void arena_release(struct arena *a, void *p, size_t size)
{
	struct hole h = {(size_t)((uint8_t *)p - a->base), rounded(size)};
	unsigned i = 0;

	while (i < a->n && a->holes[i].off < h.off)
		i++;
	if (!hole_insert(a, i, h))
		return; /* the block stays unused; the arena is large */
	hole_join(a, i);
	if (i)
		hole_join(a, i - 1);
}
