/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/broker_client.c: how a jailed process asks for files and helpers (broker.h). */
#include "base/clock.h"
#include "base/packet.h"
#include "base/util.h"
#include "proc/broker.h"
#include "proc/broker_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 10000

static struct {
	pthread_mutex_t lock; /* one question at a time */
	int fd;
	uint32_t serial;
} broker = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

int broker_attach(int fd, struct err *e)
{
	int type = 0;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
		return err_set(e, -EINVAL, "descriptor %d is no packet socket", fd);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	broker.fd = fd;
	return 0;
}

bool broker_attached(void)
{
	return broker.fd >= 0;
}

void broker_detach(void)
{
	if (broker.fd >= 0)
		close(broker.fd);
	broker.fd = -1;
}

/* The answer to our question; those to older ones, which came too late, are dropped. */
static int hear(struct broker_answer *a, int *fd, struct err *e)
{
	const struct iovec iov = {a, sizeof(*a)};
	struct pollfd p = {.fd = broker.fd, .events = POLLIN};
	int64_t deadline = clock_host_ms() + ANSWER_MS, left;
	ssize_t n;

	while ((left = deadline - clock_host_ms()) > 0) {
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = packet_receive(broker.fd, &iov, 1, MSG_DONTWAIT, fd, 1, NULL);
		if (n == -EAGAIN)
			continue;
		if (n == (ssize_t)sizeof(*a) && a->serial == broker.serial)
			return 0;
		if (*fd >= 0)
			close(*fd);
		if (n <= 0)
			return err_set(e, -EPIPE, "the supervisor has gone");
	}
	return err_set(e, -ETIMEDOUT, "the supervisor does not answer");
}

static int ask_locked(struct broker_request *r, struct iovec *text, const int *fds, unsigned n_fds,
		      struct broker_answer *a, int *fd, struct err *e)
{
	const struct iovec iov[] = {{r, sizeof(*r)}, *text};
	ssize_t n;
	int rc;

	r->serial = ++broker.serial;
	n = packet_send(broker.fd, iov, 2, fds, n_fds);
	if (n < 0)
		return err_errno(e, (int)n, "the supervisor cannot be asked");
	rc = hear(a, fd, e);
	if (rc)
		return rc;
	a->msg[sizeof(a->msg) - 1] = 0;
	if (a->rc < 0 && *fd >= 0)
		close(*fd);
	return a->rc < 0 ? err_set(e, a->rc, "%s", a->msg) : 0;
}

static int ask(struct broker_request *r, struct iovec text, const int *fds, unsigned n_fds,
	       struct broker_answer *a, int *fd, struct err *e)
{
	int rc;

	*fd = -1;
	if (text.iov_len > BROKER_TEXT)
		return err_set(e, -E2BIG, "too long for the supervisor");
	pthread_mutex_lock(&broker.lock);
	rc = ask_locked(r, &text, fds, n_fds, a, fd, e);
	pthread_mutex_unlock(&broker.lock);
	return rc;
}

int broker_open(const char *path, int flags, unsigned mode, struct err *e)
{
	struct broker_request r = {.what = BROKER_OPEN, .flags = flags & ~O_CLOEXEC, .mode = mode};
	struct broker_answer a;
	int fd, rc = ask(&r, (struct iovec){(char *)path, strlen(path) + 1}, NULL, 0, &a, &fd, e);

	if (!rc && fd < 0)
		rc = err_set(e, -EMFILE, "cannot open %s: too many open files", path);
	return rc ? rc : fd;
}

static int add_text(char *text, size_t *used, const char *arg)
{
	size_t n = strlen(arg) + 1;

	if (n > BROKER_TEXT - *used)
		return -E2BIG;
	memcpy(text + *used, arg, n);
	*used += n;
	return 0;
}

int broker_start(struct spawn *s, const char *program, uint32_t *id, struct err *e)
{
	struct broker_request r = {.what = BROKER_START};
	struct broker_answer a;
	char text[BROKER_TEXT];
	size_t used = 0;
	int fd, rc = s->full ? -E2BIG : add_text(text, &used, program);

	for (unsigned i = 1; i < s->n_args && !rc; i++)
		rc = add_text(text, &used, s->is_fd[i] ? BROKER_FD : s->argv[i]);
	if (rc)
		return err_set(e, rc, "too many arguments for %s", program);
	rc = ask(&r, (struct iovec){text, used}, s->fds, s->n_fds, &a, &fd, e);
	if (!rc && fd >= 0)
		close(fd);
	*id = rc ? 0 : a.id;
	return rc;
}

void broker_end(uint32_t id)
{
	const struct broker_request r = {.what = BROKER_END, .serial = id};
	const struct iovec iov = {(void *)&r, sizeof(r)};

	if (broker.fd >= 0)
		packet_send(broker.fd, &iov, 1, NULL, 0);
}
