/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/clock.h: virtual clocks and the timers on them.
 *
 * A clock counts nanoseconds from 0. CLOCK_HOST follows CLOCK_MONOTONIC while
 * running and stands still while stopped; CLOCK_MANUAL moves only by
 * clock_advance/clock_set (qtest, tests). CLOCK_FOLLOWER shows a clock that another
 * process publishes, and has timers of its own on it. Timers due at the same time fire
 * in the order in which they were set. Not thread-safe: one owner, the device lock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include "base/clock_page.h"

#include <stdbool.h>
#include <stdint.h>

enum clock_mode { CLOCK_HOST, CLOCK_MANUAL, CLOCK_FOLLOWER };

struct clock;

struct timer {
	int64_t deadline; /* ns on its clock; -1 = idle */
	uint64_t seq;     /* order among equal deadlines */
	unsigned pos;     /* in the clock's heap, 1-based; 0 = not in it */
	void (*fn)(void *arg);
	void *arg;
};

/* CLOCK_MONOTONIC, whatever guests' clocks do: for how long something was waited for. */
int64_t clock_host_ns(void);
int64_t clock_host_ms(void);

struct clock *clock_new(enum clock_mode mode); /* host clocks start stopped, at 0 */
void clock_free(struct clock *c);              /* NULL is fine; pending timers are dropped */
int64_t clock_now(const struct clock *c);
void clock_start(struct clock *c); /* host mode only, no-op otherwise */
void clock_stop(struct clock *c);
bool clock_running(const struct clock *c); /* manual clocks never do */
/* Restores a saved time (also backwards); host mode goes on from there. A follower has no time of
 * its own: it accepts that its owner, who is restored first, may have gone backwards. */
void clock_restore(struct clock *c, int64_t now);

/* Keeps the page in step with c; published is called after each write but this first one.
 * NULL: no more. */
void clock_publish(struct clock *c, struct clock_page *page, void (*published)(void *arg),
		   void *arg);
/* CLOCK_FOLLOWER, which stands at 0 until it has a page. What it shows never goes backwards and
 * stays within 0 … CLOCK_MOST whatever is in there; while the page cannot be read, its last good
 * reading holds. NULL: stands still where it is. */
void clock_follow(struct clock *c, const struct clock_page *page);
/* The page has changed: whoever runs the follower's timers looks again. */
void clock_follow_moved(struct clock *c);

/* deadline < 0 cancels. Deadlines in the past fire at the next run. */
void timer_arm(struct clock *c, struct timer *t, int64_t deadline);
void timer_disarm(struct clock *c, struct timer *t);

/* Earliest deadline, INT64_MAX when none. */
int64_t clock_next(const struct clock *c);
/* Fires every timer due now (deadline <= now), including ones set meanwhile. */
void clock_run(struct clock *c);
/* CLOCK_MANUAL: moves to `to`, stopping at each deadline on the way to fire it. */
void clock_set(struct clock *c, int64_t to);
void clock_advance(struct clock *c, int64_t ns);

/* For the loop that runs c's timers. The CLOCK_MONOTONIC time of the next one, INT64_MAX = never
 * (none, stopped, manual); and a call when that may have changed (gone: c is being freed). */
int64_t clock_wake(const struct clock *c);
void clock_hook(struct clock *c, void (*changed)(void *arg, bool gone), void *arg);
/* Another thread, which sleeps, runs them when they are due, and hears by moved when the next is
 * another: clock_wake is later by that much. 0, NULL, NULL: nobody does any more. */
void clock_keep(struct clock *c, int64_t later, void (*moved)(void *arg), void *arg);
#endif
