/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc/kid.c: see kid.h.
 *
 * Tests: tests/unit/kid.c
 */
#include "proc/kid.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* pidfd_open: Debian 12's C library has no header for it. */
static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void forget(struct kid *k)
{
	watch_free(k->watch);
	k->watch = NULL;
	close(k->pidfd);
	k->pid = 0;
}

static void ended(void *arg, uint32_t events)
{
	struct kid *k = arg;

	(void)events;
	if (!waitpid(k->pid, &k->status, WNOHANG))
		return;
	forget(k);
	k->ended(k->arg, k);
}

int kid_start(struct kid *k, struct spawn *s, struct err *e)
{
	char path[4096];
	int rc = spawn_find(s->argv[0] ? s->argv[0] : "", path, sizeof(path), e);

	if (!rc)
		rc = spawn_start(s, path, &k->pid, e);
	spawn_done(s);
	if (rc) {
		k->pid = 0;
		return rc;
	}
	k->pidfd = pidfd_of(k->pid);
	k->watch = k->pidfd < 0 ? NULL : loop_watch(k->loop, k->pidfd, EPOLLIN, ended, k);
	if (k->watch)
		return 0;
	kid_free(k);
	return err_set(e, -ENOMEM, "cannot look after %s", k->program);
}

void kid_signal(struct kid *k, int signal)
{
	if (k->pid)
		kill(k->pid, signal);
}

void kid_free(struct kid *k)
{
	if (!k->pid)
		return;
	kill(k->pid, SIGKILL);
	while (waitpid(k->pid, &k->status, 0) < 0 && errno == EINTR)
		;
	forget(k);
}
