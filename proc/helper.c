/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/helper.c: starts a helper process, hears it, and starts it again when it ends. */
#include "proc/helper.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/packet.h"
#include "base/util.h"
#include "proc/broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS  10000
#define ASK_MS    2000
#define LIVED_NS  NS_PER_SEC /* it was not the start that failed */
#define PAUSE_MAX 32         /* seconds between two starts */

struct helper {
	const struct helper_ops *ops;
	void *arg;
	struct loop *loop;
	char who[64];
	pid_t pid;    /* 0 = not running, or not ours … */
	uint32_t id;  /* … but the broker's; 0 = not running */
	int control;  /* our end; -1 = none */
	int again;    /* timerfd till the next start */
	time_t pause; /* s; before the next start but one */
	int64_t since;
	struct watch *control_watch, *again_watch;
	bool said_dead;
};

/* ---- what it says */

/* Its next message as text, and up to two descriptors; < 0: none in time, or it is gone. */
static int hear(struct helper *h, char text[HELPER_MESSAGE], int fds[2], int64_t deadline)
{
	const struct iovec iov = {text, HELPER_MESSAGE - 1};
	struct pollfd p = {.fd = h->control, .events = POLLIN};
	int64_t left = deadline - clock_host_ns();
	ssize_t n;

	text[0] = 0;
	fds[0] = fds[1] = -1;
	if (poll(&p, 1, left > 0 ? (int)(left / NS_PER_MS) + 1 : 0) <= 0)
		return -EAGAIN;
	n = packet_receive(h->control, &iov, 1, MSG_DONTWAIT, fds, 2, NULL);
	if (n <= 0)
		return n == -EAGAIN ? -EAGAIN : -EPIPE;
	text[n] = 0;
	return 0;
}

static void drop(const int fds[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static const char *error_of(const char *text)
{
	size_t len = strlen(HELPER_ERROR);

	return strncmp(text, HELPER_ERROR, len) ? NULL : text + len;
}

static void ended(struct helper *h, const char *why);

static void control_event(void *arg, uint32_t events)
{
	char text[HELPER_MESSAGE];
	struct helper *h = arg;
	const char *error;
	int fds[2], rc;

	(void)events;
	rc = hear(h, text, fds, 0);
	if (rc == -EAGAIN)
		return;
	if (!rc && h->ops->said && h->ops->said(h->arg, text, fds))
		return;
	drop(fds);
	error = error_of(text);
	if (rc || strcmp(text, HELPER_READY))
		ended(h, error ? error : "");
}

static int wait_ready(struct helper *h, struct err *e)
{
	char text[HELPER_MESSAGE];
	const char *error;
	int fds[2], rc = hear(h, text, fds, clock_host_ns() + START_MS * NS_PER_MS);

	drop(fds);
	error = error_of(text);
	if (!rc && !strcmp(text, HELPER_READY))
		return 0;
	if (error)
		return err_set(e, -EIO, "%s", error);
	return err_set(e, -EIO, "%s does not start", h->ops->program);
}

/* ---- start and end */

/* By the broker, if there is one: hvm-dm is in a jail then and has nothing to start it with. */
static int find_and_start(struct helper *h, struct spawn *s, bool *found, struct err *e)
{
	char path[4096];
	int rc;

	if (broker_attached()) {
		rc = broker_start(s, h->ops->program, &h->id, e);
		*found = rc != -ENOENT;
		return rc;
	}
	rc = spawn_find(h->ops->program, path, sizeof(path), e);
	*found = !rc;
	if (!rc)
		rc = spawn_start(s, path, &h->pid, e);
	if (rc)
		h->pid = 0;
	return rc;
}

static int spawn_prepared(struct helper *h, struct spawn *s, struct err *e)
{
	struct err why = {""};
	bool found;
	int rc = find_and_start(h, s, &found, &why);

	if (!found && h->ops->not_built)
		return err_set(e, -ENOTSUP, "%s", h->ops->not_built);
	if (!found && h->ops->advice)
		return err_set(e, rc, "%s%s", why.msg, h->ops->advice);
	return rc ? err_set(e, rc, "%s", why.msg) : 0;
}

static int spawn(struct helper *h, int control, struct err *e)
{
	struct spawn s = {.n_args = 0};
	int rc;

	spawn_arg(&s, h->ops->program);
	spawn_fd(&s, "-control", control, false);
	rc = h->ops->prepare(h->arg, &s, e);
	if (!rc)
		rc = spawn_prepared(h, &s, e);
	spawn_done(&s);
	return rc;
}

static int start(struct helper *h, struct err *e)
{
	int control[2], rc;

	h->since = clock_host_ns();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return err_errno(e, -errno, "no socket");
	h->control = control[0];
	rc = spawn(h, control[1], e);
	return rc ? rc : h->ops->started(h->arg, h, e);
}

static int watch(struct helper *h, struct err *e)
{
	h->control_watch = loop_watch(h->loop, h->control, EPOLLIN, control_event, h);
	return h->control_watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static void stop(struct helper *h)
{
	h->ops->ended(h->arg);
	watch_free(h->control_watch);
	h->control_watch = NULL;
	if (h->control >= 0)
		close(h->control);
	h->control = -1;
	if (h->pid) {
		kill(h->pid, SIGKILL);
		while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	h->pid = 0;
	if (h->id)
		broker_end(h->id);
	h->id = 0;
}

static void start_in(struct helper *h, time_t s)
{
	struct itimerspec in = {.it_value.tv_sec = s, .it_value.tv_nsec = !s};

	timerfd_settime(h->again, 0, &in, NULL);
}

static void ended(struct helper *h, const char *why)
{
	bool young = clock_host_ns() - h->since < LIVED_NS;

	if (!h->said_dead)
		log_warn("%s: %s ended%s%s; it is started again, now and whenever that happens",
			 h->who, h->ops->program, *why ? ": " : "", why);
	h->said_dead = true;
	stop(h);
	start_in(h, young ? h->pause : 0);
	h->pause = young ? MIN(2 * h->pause, PAUSE_MAX) : 1;
}

/* Nobody waits for it: READY, or why not, comes to control_event. */
static void start_again(void *arg, uint32_t events)
{
	struct err e = {""};
	struct helper *h = arg;
	uint64_t n;

	(void)events;
	if (read(h->again, &n, sizeof(n)) != sizeof(n) || h->pid || h->id)
		return;
	if (start(h, &e) || watch(h, &e))
		ended(h, e.msg);
}

/* ---- for its owner */

static int open_parts(struct helper *h, struct err *e)
{
	int rc;

	h->again = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	h->again_watch = loop_watch(h->loop, h->again, EPOLLIN, start_again, h);
	if (!h->again_watch)
		return err_set(e, -ENOMEM, "out of memory");
	rc = start(h, e);
	if (!rc)
		rc = wait_ready(h, e);
	return rc ? rc : watch(h, e);
}

struct helper *helper_open(const struct helper_ops *ops, void *arg, const char *who, struct loop *l,
			   struct err *e)
{
	struct helper *h = calloc(1, sizeof(*h));

	if (!h) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	*h = (struct helper){.ops = ops, .arg = arg, .loop = l, .pause = 1};
	h->control = h->again = -1;
	snprintf(h->who, sizeof(h->who), "%s", who);
	if (open_parts(h, e) == 0)
		return h;
	helper_free(h);
	return NULL;
}

void helper_free(struct helper *h)
{
	if (!h)
		return;
	stop(h);
	watch_free(h->again_watch);
	if (h->again >= 0)
		close(h->again);
	free(h);
}

void helper_gone(struct helper *h)
{
	ended(h, "");
}

int helper_send(struct helper *h, const char *text)
{
	size_t len = strlen(text);

	if (h->control < 0 ||
	    send(h->control, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
		return -EPIPE;
	return 0;
}

int helper_ask(struct helper *h, const char *question, char *answer, size_t size, struct err *e)
{
	int64_t deadline = clock_host_ns() + ASK_MS * NS_PER_MS;
	char text[HELPER_MESSAGE];
	const char *error;
	int fds[2];

	if (helper_send(h, question) < 0)
		return err_set(e, -EPIPE, "%s is not running", h->ops->program);
	do {
		int rc = hear(h, text, fds, deadline);

		drop(fds);
		if (rc)
			return err_set(e, -ETIMEDOUT, "%s does not answer", h->ops->program);
	} while (!strcmp(text, HELPER_READY));
	snprintf(answer, size, "%s", text);
	if (!strncmp(text, "OK", 2))
		return 0;
	error = error_of(text);
	return err_set(e, -EINVAL, "%s", error ? error : "no answer");
}
