/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/loop.c: the event loop; see loop.h. */
#include "base/loop.h"

#include "base/util.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { BATCH = 64 };

struct watch {
	struct loop *loop;
	int fd;
	uint32_t events; /* 0: not in the epoll set, which would report errors all the same */
	void (*fn)(void *arg, uint32_t events); /* NULL: freed, waits for the batch to end */
	void *arg;
	struct watch *next, **prev;
};

struct loop_clock {
	struct loop *loop;
	struct clock *clock;
	struct watch *watch;
	int fd;
	int64_t armed;
	bool dirty;
	struct loop_clock *next;
};

struct loop {
	int epfd, evfd;
	struct watch *watches, *dead, *wake;
	struct defer *defers, *due; /* for the next turn; of this one */
	struct loop_clock *clocks;
	pthread_mutex_t post_lock;
	struct post *posts, **posts_end;
	void (*lock)(void *arg), (*unlock)(void *arg);
	void *lock_arg;
	unsigned depth; /* of loop_step calls */
	bool sleeping, quit;
	int code;
};

static void kick(struct loop *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->evfd, &one, sizeof(one));

	(void)n; /* EAGAIN: it is signalled already */
}

/* ---- descriptors ---- */

static int epoll_set(struct watch *w, int op, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	return epoll_ctl(w->loop->epfd, op, w->fd, &ev);
}

struct watch *loop_watch(struct loop *l, int fd, uint32_t events,
			 void (*fn)(void *arg, uint32_t events), void *arg)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct watch){.loop = l, .fd = fd, .fn = fn, .arg = arg};
	if (epoll_set(w, EPOLL_CTL_ADD, events)) {
		free(w);
		return NULL;
	}
	if (!events)
		epoll_set(w, EPOLL_CTL_DEL, 0);
	w->events = events;
	w->prev = &l->watches;
	w->next = l->watches;
	if (w->next)
		w->next->prev = &w->next;
	l->watches = w;
	return w;
}

void watch_events(struct watch *w, uint32_t events)
{
	if (w->events == events)
		return;
	epoll_set(w, !events ? EPOLL_CTL_DEL : w->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, events);
	w->events = events;
}

/* A batch of events that names w may be under way, in this thread or about to be: the struct stays
 * until the loop has done with it. */
void watch_free(struct watch *w)
{
	if (!w)
		return;
	watch_events(w, 0);
	w->fn = NULL;
	*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	w->next = w->loop->dead;
	w->loop->dead = w;
}

static void bury(struct watch *w)
{
	while (w) {
		struct watch *next = w->next;

		free(w);
		w = next;
	}
}

/* ---- deferred and posted work ---- */

void loop_defer(struct loop *l, struct defer *d)
{
	struct defer **p = &l->defers;

	if (d->pending)
		return;
	while (*p)
		p = &(*p)->next;
	d->next = NULL;
	d->pending = true;
	*p = d;
	if (l->sleeping)
		kick(l);
}

static void take_out(struct defer **p, struct defer *d)
{
	for (; *p; p = &(*p)->next) {
		if (*p == d) {
			*p = d->next;
			return;
		}
	}
}

void loop_undefer(struct loop *l, struct defer *d)
{
	if (!d->pending)
		return;
	take_out(&l->defers, d);
	take_out(&l->due, d);
	d->pending = false;
}

static int run_defers(struct loop *l)
{
	struct defer **end = &l->due;
	int n = 0;

	while (*end)
		end = &(*end)->next;
	*end = l->defers;
	l->defers = NULL;
	while (l->due) {
		struct defer *d = l->due;

		l->due = d->next;
		d->pending = false;
		d->fn(d->arg);
		n++;
	}
	return n;
}

void loop_post(struct loop *l, struct post *p)
{
	bool first;

	p->next = NULL;
	pthread_mutex_lock(&l->post_lock);
	first = !l->posts;
	*l->posts_end = p;
	l->posts_end = &p->next;
	pthread_mutex_unlock(&l->post_lock);
	if (first)
		kick(l);
}

static void run_posts(void *arg, uint32_t events)
{
	struct loop *l = arg;
	struct post *list;
	uint64_t count;
	ssize_t n = read(l->evfd, &count, sizeof(count));

	(void)n;
	(void)events;
	pthread_mutex_lock(&l->post_lock);
	list = l->posts;
	l->posts = NULL;
	l->posts_end = &l->posts;
	pthread_mutex_unlock(&l->post_lock);
	while (list) {
		struct post *p = list;

		list = p->next;
		p->fn(p->arg);
	}
}

/* ---- clocks ---- */

static void clock_rearm(struct loop_clock *lc)
{
	int64_t at = clock_wake(lc->clock);
	struct itimerspec t = {0};

	lc->dirty = false;
	if (at == lc->armed)
		return;
	lc->armed = at;
	if (at != INT64_MAX) {
		at = MAX(at, 1); /* 0 would disarm */
		t.it_value.tv_sec = at / NS_PER_SEC;
		t.it_value.tv_nsec = at % NS_PER_SEC;
	}
	timerfd_settime(lc->fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static void clock_ready(void *arg, uint32_t events)
{
	struct loop_clock *lc = arg;
	uint64_t count;
	ssize_t n = read(lc->fd, &count, sizeof(count));

	(void)n;
	(void)events;
	lc->armed = INT64_MAX;
	lc->dirty = true;
	if (clock_wake(lc->clock) != INT64_MAX)
		clock_run(lc->clock);
}

static void clock_drop(struct loop_clock *lc)
{
	struct loop_clock **p = &lc->loop->clocks;

	while (*p != lc)
		p = &(*p)->next;
	*p = lc->next;
	watch_free(lc->watch);
	close(lc->fd);
	free(lc);
}

static void clock_changed(void *arg, bool gone)
{
	struct loop_clock *lc = arg;

	if (gone)
		clock_drop(lc);
	else if (lc->loop->sleeping)
		clock_rearm(lc);
	else
		lc->dirty = true;
}

int loop_clock(struct loop *l, struct clock *c, struct err *e)
{
	struct loop_clock *lc = calloc(1, sizeof(*lc));

	if (!lc)
		return err_set(e, -ENOMEM, "out of memory");
	lc->loop = l;
	lc->clock = c;
	lc->armed = INT64_MAX;
	lc->dirty = true;
	lc->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (lc->fd >= 0)
		lc->watch = loop_watch(l, lc->fd, EPOLLIN, clock_ready, lc);
	if (!lc->watch) {
		int rc = -errno;

		if (lc->fd >= 0)
			close(lc->fd);
		free(lc);
		return err_errno(e, rc, "cannot make a timer");
	}
	lc->next = l->clocks;
	l->clocks = lc;
	clock_hook(c, clock_changed, lc);
	return 0;
}

/* ---- life ---- */

struct loop *loop_new(struct err *e)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&l->post_lock, NULL);
	l->posts_end = &l->posts;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->evfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->epfd >= 0 && l->evfd >= 0)
		l->wake = loop_watch(l, l->evfd, EPOLLIN, run_posts, l);
	if (!l->wake) {
		err_errno(e, -errno, "cannot make an event loop");
		loop_free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->clocks) {
		clock_hook(l->clocks->clock, NULL, NULL);
		clock_drop(l->clocks);
	}
	while (l->watches)
		watch_free(l->watches);
	bury(l->dead);
	if (l->epfd >= 0)
		close(l->epfd);
	if (l->evfd >= 0)
		close(l->evfd);
	pthread_mutex_destroy(&l->post_lock);
	free(l);
}

void loop_lock_hooks(struct loop *l, void (*lock)(void *arg), void (*unlock)(void *arg), void *arg)
{
	l->lock = lock;
	l->unlock = unlock;
	l->lock_arg = arg;
}

/* ---- turning ---- */

static int sleep_for_events(struct loop *l, struct epoll_event *ev, int timeout_ms)
{
	int n, saved;

	for (struct loop_clock *lc = l->clocks; lc; lc = lc->next) {
		if (lc->dirty)
			clock_rearm(lc);
	}
	if (l->depth == 1) {
		bury(l->dead);
		l->dead = NULL;
	}
	if (l->defers || l->due || l->quit)
		timeout_ms = 0;
	l->sleeping = true;
	if (l->unlock)
		l->unlock(l->lock_arg);
	n = epoll_wait(l->epfd, ev, BATCH, timeout_ms);
	saved = errno;
	if (l->lock)
		l->lock(l->lock_arg);
	l->sleeping = false;
	return n >= 0 ? n : saved == EINTR ? 0 : -saved;
}

int loop_step(struct loop *l, int timeout_ms)
{
	struct epoll_event ev[BATCH];
	int n, ran = 0;

	if (!l->depth++ && l->lock)
		l->lock(l->lock_arg);
	n = sleep_for_events(l, ev, timeout_ms);
	for (int i = 0; i < n; i++) {
		struct watch *w = ev[i].data.ptr;
		uint32_t events = ev[i].events & (w->events | EPOLLERR | EPOLLHUP);

		if (!w->fn || !w->events || !events)
			continue;
		w->fn(w->arg, events);
		ran++;
	}
	if (n >= 0)
		ran += run_defers(l);
	if (!--l->depth && l->unlock)
		l->unlock(l->lock_arg);
	return n < 0 ? n : ran;
}

int loop_run(struct loop *l)
{
	int rc = 0;

	while (!l->quit && rc >= 0)
		rc = loop_step(l, -1);
	l->quit = false;
	return rc < 0 ? rc : l->code;
}

void loop_quit(struct loop *l, int code)
{
	l->quit = true;
	l->code = code;
	if (l->sleeping)
		kick(l);
}
