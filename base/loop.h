/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/loop.h: the event loop of a process: epoll for descriptors, one timerfd
 * for each attached host clock, an eventfd for work posted by threads.
 *
 * Only loop_post is thread-safe; everything else belongs to the thread that
 * runs the loop, or to one that holds the lock of loop_lock_hooks: a sleeping
 * loop notices what that one does. An idle loop does not wake up.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H
#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watch;

struct loop *loop_new(struct err *e); /* NULL on failure */
void loop_free(struct loop *l);       /* frees remaining watches; never closes their fds */

/* events: EPOLLIN, EPOLLOUT, … The fd stays the caller's. NULL: out of memory or bad fd. */
struct watch *loop_watch(struct loop *l, int fd, uint32_t events,
			 void (*fn)(void *arg, uint32_t events), void *arg);
void watch_events(struct watch *w, uint32_t events); /* 0 = paused */
void watch_free(struct watch *w);                    /* NULL is fine; safe inside any callback */

/* Work for the next turn of the loop. A pending one is not queued twice. */
struct defer {
	void (*fn)(void *arg);
	void *arg;
	struct defer *next;
	bool pending;
};
void loop_defer(struct loop *l, struct defer *d);
void loop_undefer(struct loop *l, struct defer *d); /* also when not pending */

/* From any thread: fn(arg) runs on the loop's thread. The struct must stay until it ran. */
struct post {
	void (*fn)(void *arg);
	void *arg;
	struct post *next;
};
void loop_post(struct loop *l, struct post *p);

/* Runs `c`'s timers from the loop (host clocks; manual clocks are driven by their owner). */
int loop_clock(struct loop *l, struct clock *c, struct err *e);

/*
 * The one device lock (BQL): when set, the loop takes it while it runs callbacks
 * and lets go of it while it sleeps.
 */
void loop_lock_hooks(struct loop *l, void (*lock)(void *arg), void (*unlock)(void *arg), void *arg);

/* One turn: waits up to timeout_ms (-1 = for ever), runs what is due and returns how many callbacks
 * that were; < 0 on failure. May be called inside a callback. */
int loop_step(struct loop *l, int timeout_ms);
/* Turns until loop_quit(). Returns the code given there. */
int loop_run(struct loop *l);
void loop_quit(struct loop *l, int code);
#endif
