/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/clock.h: virtual clocks and the timers on them.
 *
 * A clock counts nanoseconds from 0. CLOCK_HOST follows CLOCK_MONOTONIC while
 * running and stands still while stopped; CLOCK_MANUAL moves only by
 * clock_advance/clock_set (qtest, tests). Timers due at the same time fire in
 * the order in which they were set. Not thread-safe: one owner, the device lock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stdbool.h>
#include <stdint.h>

enum clock_mode { CLOCK_HOST, CLOCK_MANUAL };

struct clock;

struct timer {
	int64_t deadline; /* ns on its clock; -1 = idle */
	uint64_t seq;     /* order among equal deadlines */
	unsigned pos;     /* in the clock's heap, 1-based; 0 = not in it */
	void (*fn)(void *arg);
	void *arg;
};

struct clock *clock_new(enum clock_mode mode); /* host clocks start stopped, at 0 */
void clock_free(struct clock *c);              /* NULL is fine; pending timers are dropped */
int64_t clock_now(const struct clock *c);
void clock_start(struct clock *c); /* host mode only, no-op otherwise */
void clock_stop(struct clock *c);
bool clock_running(const struct clock *c); /* manual clocks never do */
/* Restores a saved time (also backwards); host mode goes on from there. */
void clock_restore(struct clock *c, int64_t now);

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
#endif
