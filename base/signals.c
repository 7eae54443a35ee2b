/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/signals.c: see signals.h.
 *
 * Tests: tests/unit/signals.c
 */
#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* One for a process: it stays until that ends. */
static struct {
	int fd;
	void (*fn)(void *arg);
	void *arg;
} wanted = {.fd = -1};

static void signalled(void *arg, uint32_t events)
{
	struct signalfd_siginfo si;

	(void)arg;
	(void)events;
	if (read(wanted.fd, &si, sizeof(si)) == sizeof(si))
		wanted.fn(wanted.arg);
}

int signals_watch(struct loop *l, void (*fn)(void *arg), void *arg, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wanted.fd = signalfd(wanted.fd, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	wanted.fn = fn;
	wanted.arg = arg;
	if (wanted.fd < 0 || !loop_watch(l, wanted.fd, EPOLLIN, signalled, NULL))
		return err_set(e, -ENOMEM, "cannot wait for signals");
	return 0;
}
