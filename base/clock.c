/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/clock.c: virtual clocks; timers in a binary heap by (deadline, order of arming); a clock
 * that is published on a page, and one that follows such a page.
 */
#include "base/clock.h"

#include "base/util.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

struct follow {
	const struct clock_page *page;
	struct clock_reading last; /* good one */
	int64_t floor;             /* the latest time shown */
};

struct clock {
	enum clock_mode mode;
	bool running; /* host mode: now = CLOCK_MONOTONIC - base */
	int64_t base;
	int64_t now; /* manual, or stopped */
	uint64_t seq;
	struct timer **heap; /* [1 … n] */
	unsigned n, cap;
	void (*changed)(void *arg, bool gone);
	void *arg;
	int64_t later; /* clock_keep */
	void (*moved)(void *arg);
	void *moved_arg;
	struct clock_page *page; /* where it is published */
	void (*published)(void *arg);
	void *published_arg;
	struct follow *follow; /* CLOCK_FOLLOWER only */
};

int64_t clock_host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

int64_t clock_host_ms(void)
{
	return clock_host_ns() / NS_PER_MS;
}

static void tell(struct clock *c, bool gone)
{
	if (c->changed)
		c->changed(c->arg, gone);
	if (c->moved && !gone)
		c->moved(c->moved_arg);
}

/* ---- the heap ---- */

static bool before(const struct timer *a, const struct timer *b)
{
	return a->deadline != b->deadline ? a->deadline < b->deadline : a->seq < b->seq;
}

static void place(struct clock *c, struct timer *t, unsigned pos)
{
	c->heap[pos] = t;
	t->pos = pos;
}

/* Moves t from the free place pos to where it belongs. */
static void sift(struct clock *c, struct timer *t, unsigned pos)
{
	while (pos > 1 && before(t, c->heap[pos / 2])) {
		place(c, c->heap[pos / 2], pos);
		pos /= 2;
	}
	for (;;) {
		unsigned kid = 2 * pos;

		if (kid > c->n)
			break;
		if (kid < c->n && before(c->heap[kid + 1], c->heap[kid]))
			kid++;
		if (before(t, c->heap[kid]))
			break;
		place(c, c->heap[kid], pos);
		pos = kid;
	}
	place(c, t, pos);
}

static void heap_remove(struct clock *c, struct timer *t)
{
	struct timer *last = c->heap[c->n--];

	if (last != t)
		sift(c, last, t->pos);
	t->pos = 0;
}

static void heap_add(struct clock *c, struct timer *t)
{
	if (c->n + 1 >= c->cap) {
		unsigned cap = c->cap ? 2 * c->cap : 16;
		struct timer **heap = realloc(c->heap, cap * sizeof(struct timer *));

		/* A machine without its timers cannot go on. */
		assert(heap);
		c->heap = heap;
		c->cap = cap;
	}
	c->n++;
	sift(c, t, c->n);
}

/* ---- timers ---- */

void timer_arm(struct clock *c, struct timer *t, int64_t deadline)
{
	int64_t next = clock_next(c);

	if (t->pos)
		heap_remove(c, t);
	t->deadline = deadline < 0 ? -1 : deadline;
	t->seq = c->seq++;
	if (deadline >= 0)
		heap_add(c, t);
	if (next != clock_next(c))
		tell(c, false);
}

void timer_disarm(struct clock *c, struct timer *t)
{
	timer_arm(c, t, -1);
}

/* ---- following ---- */

static void follow_look(struct follow *f)
{
	if (f->page)
		clock_page_read(f->page, &f->last);
}

static int64_t follow_now(struct follow *f)
{
	follow_look(f);
	f->floor = MAX(f->floor, clock_page_time(&f->last, clock_host_ns()));
	return f->floor;
}

/* A time that has come by CLOCK_MONOTONIC has come by follow_now too, or the loop would spin. */
static int64_t follow_wake(struct follow *f, int64_t deadline)
{
	int64_t at;

	follow_look(f);
	if (!f->last.running || deadline > CLOCK_MOST)
		return INT64_MAX;
	if (deadline <= f->floor)
		return 0;
	return __builtin_sub_overflow(deadline, f->last.offset, &at) ? INT64_MAX : at;
}

void clock_follow(struct clock *c, const struct clock_page *page)
{
	struct follow *f = c->follow;

	if (!f)
		return;
	if (!page)
		f->last = (struct clock_reading){false, follow_now(f)};
	f->page = page;
	tell(c, false);
}

void clock_follow_moved(struct clock *c)
{
	tell(c, false);
}

/* ---- publishing ---- */

static void page_write(struct clock *c)
{
	clock_page_write(c->page, c->running, c->running ? -c->base : c->now);
}

static void publish(struct clock *c)
{
	if (!c->page)
		return;
	page_write(c);
	if (c->published)
		c->published(c->published_arg);
}

void clock_publish(struct clock *c, struct clock_page *page, void (*published)(void *arg),
		   void *arg)
{
	c->page = page;
	c->published = published;
	c->published_arg = arg;
	if (page)
		page_write(c);
}

/* Time took a turn: all who look at this clock hear of it. */
static void turned(struct clock *c)
{
	publish(c);
	tell(c, false);
}

/* ---- clocks ---- */

struct clock *clock_new(enum clock_mode mode)
{
	struct clock *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->mode = mode;
	if (mode != CLOCK_FOLLOWER)
		return c;
	c->follow = calloc(1, sizeof(*c->follow));
	if (c->follow)
		return c;
	free(c);
	return NULL;
}

void clock_free(struct clock *c)
{
	if (!c)
		return;
	tell(c, true);
	for (unsigned i = 1; i <= c->n; i++) {
		c->heap[i]->pos = 0;
		c->heap[i]->deadline = -1;
	}
	free(c->heap);
	free(c->follow);
	free(c);
}

int64_t clock_now(const struct clock *c)
{
	if (c->follow)
		return follow_now(c->follow);
	return c->running ? clock_host_ns() - c->base : c->now;
}

void clock_start(struct clock *c)
{
	if (c->mode != CLOCK_HOST || c->running)
		return;
	c->base = clock_host_ns() - c->now;
	c->running = true;
	turned(c);
}

bool clock_running(const struct clock *c)
{
	if (!c->follow)
		return c->running;
	follow_look(c->follow);
	return c->follow->last.running;
}

void clock_stop(struct clock *c)
{
	if (!c->running)
		return;
	c->now = clock_now(c);
	c->running = false;
	turned(c);
}

void clock_restore(struct clock *c, int64_t now)
{
	c->now = now;
	if (c->running)
		c->base = clock_host_ns() - now;
	if (c->follow)
		c->follow->floor = 0;
	turned(c);
}

int64_t clock_next(const struct clock *c)
{
	return c->n ? c->heap[1]->deadline : INT64_MAX;
}

int64_t clock_wake(const struct clock *c)
{
	int64_t at;

	if (c->follow)
		return c->n ? follow_wake(c->follow, clock_next(c)) : INT64_MAX;
	if (!c->running || !c->n)
		return INT64_MAX;
	if (__builtin_add_overflow(clock_next(c), c->base, &at) ||
	    __builtin_add_overflow(at, c->later, &at))
		return INT64_MAX;
	return at;
}

void clock_keep(struct clock *c, int64_t later, void (*moved)(void *arg), void *arg)
{
	c->moved = NULL;
	if (c->later != later) {
		c->later = later;
		tell(c, false);
	}
	c->moved = moved;
	c->moved_arg = arg;
}

void clock_hook(struct clock *c, void (*changed)(void *arg, bool gone), void *arg)
{
	c->changed = changed;
	c->arg = arg;
}

static void fire_first(struct clock *c)
{
	struct timer *t = c->heap[1];

	timer_disarm(c, t);
	t->fn(t->arg);
}

void clock_run(struct clock *c)
{
	int64_t now = clock_now(c);

	while (clock_next(c) <= now && c->n)
		fire_first(c);
}

void clock_set(struct clock *c, int64_t to)
{
	if (c->mode != CLOCK_MANUAL)
		return;
	while (c->n && clock_next(c) <= to) {
		c->now = MAX(c->now, clock_next(c));
		publish(c);
		fire_first(c);
	}
	c->now = MAX(c->now, to);
	publish(c);
}

void clock_advance(struct clock *c, int64_t ns)
{
	int64_t to;

	if (__builtin_add_overflow(c->now, ns, &to))
		to = INT64_MAX;
	clock_set(c, to);
}
