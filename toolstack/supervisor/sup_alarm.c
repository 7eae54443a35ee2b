/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_alarm.c: one timer on the loop.
 *
 * Tests: tests/toolstack/sup_alarm.c
 */
#include "toolstack/supervisor/sup.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void rang(void *arg, uint32_t events)
{
	struct alarm_clock *a = arg;
	uint64_t n;

	(void)events;
	if (read(a->fd, &n, sizeof(n)) == sizeof(n))
		a->fn(a->arg);
}

int alarm_new(struct alarm_clock *a, struct loop *l, void (*fn)(void *arg), void *arg,
	      struct err *e)
{
	a->fn = fn;
	a->arg = arg;
	a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	a->watch = a->fd < 0 ? NULL : loop_watch(l, a->fd, EPOLLIN, rang, a);
	return a->watch ? 0 : err_set(e, -ENOMEM, "no timer");
}

void alarm_set(struct alarm_clock *a, unsigned ms)
{
	struct itimerspec in = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l}};

	timerfd_settime(a->fd, 0, &in, NULL);
}

bool alarm_is_set(const struct alarm_clock *a)
{
	struct itimerspec left = {.it_value = {0}};

	timerfd_gettime(a->fd, &left);
	return left.it_value.tv_sec || left.it_value.tv_nsec;
}

void alarm_free(struct alarm_clock *a)
{
	watch_free(a->watch);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}
