/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_qmp.c: hvm-dm's monitor from the other side. hvm-dm may have been taken
 * over by its guest: what it says is bounded, and an answer that nobody asked for ends the talk.
 *
 * Tests: tests/toolstack/sup_qmp.c, tests/fuzz/sup_qmp.c
 */
#include "toolstack/supervisor/sup.h"

#include "base/packet.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_LIMIT (1u << 20)
#define GONE       "hvm-dm does not answer any more"

struct question {
	json_int_t id;
	qmp_answer *fn;
	void *arg;
	struct question *next;
};

struct qmp_client {
	int fd;
	struct watch *watch;
	const struct qmp_client_ops *ops;
	void *arg;
	struct question *first; /* oldest first */
	json_int_t last_id;
	bool greeted, gone;
	char *line;
	size_t len, room;
};

/* ---- answers */

static void answer(struct qmp_client *q, json_t *v, const char *error)
{
	struct question *x = q->first;

	q->first = x->next;
	if (x->fn)
		x->fn(x->arg, v, error);
	free(x);
}

static void lost(struct qmp_client *q)
{
	if (q->gone)
		return;
	q->gone = true;
	watch_events(q->watch, 0);
	while (q->first)
		answer(q, NULL, GONE);
}

static void negotiated(void *arg, json_t *v, const char *error)
{
	struct qmp_client *q = arg;

	(void)v;
	q->ops->ready(q->arg, error);
}

/* True: it made sense. */
static bool take(struct qmp_client *q, json_t *m)
{
	const char *event = json_string_value(json_object_get(m, "event"));
	json_t *value = json_object_get(m, "return"), *error = json_object_get(m, "error");
	const char *desc = json_string_value(json_object_get(error, "desc"));

	if (!q->greeted) {
		q->greeted = json_object_get(m, "QMP") != NULL;
		if (q->greeted)
			qmp_client_send(q, "qmp_capabilities", NULL, -1, negotiated, q);
		return q->greeted;
	}
	if (event) {
		q->ops->event(q->arg, event, json_object_get(m, "data"));
		return true;
	}
	if (!q->first || (!value && !desc) ||
	    json_integer_value(json_object_get(m, "id")) != q->first->id)
		return false;
	answer(q, value, value ? NULL : desc);
	return true;
}

static bool grow(struct qmp_client *q)
{
	size_t room = q->room ? 2 * q->room : 4096;
	char *line = room > LINE_LIMIT ? NULL : realloc(q->line, room);

	if (!line)
		return false;
	q->line = line;
	q->room = room;
	return true;
}

static bool feed(struct qmp_client *q, char c)
{
	json_t *m;
	bool good;

	if (q->len == q->room && !grow(q))
		return false;
	if (c != '\n') {
		q->line[q->len++] = c;
		return true;
	}
	m = json_loadb(q->line, q->len, 0, NULL);
	q->len = 0;
	good = m && take(q, m);
	json_decref(m);
	return good;
}

static void readable(void *arg, uint32_t events)
{
	struct qmp_client *q = arg;
	char bytes[4096];
	ssize_t n = recv(q->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	bool good = true;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	for (ssize_t i = 0; i < n && good; i++)
		good = feed(q, bytes[i]);
	if (n <= 0 || !good)
		lost(q);
	/* One that has ended says in the log why. */
	if (!good && !q->greeted)
		q->ops->ready(q->arg, "hvm-dm's monitor talks nonsense");
}

/* ---- questions */

static bool put(struct qmp_client *q, const char *command, json_t *arguments, int fd)
{
	json_t *m = json_pack("{sssI}", "execute", command, "id", q->last_id);
	char *text = NULL;
	ssize_t sent = -1;
	size_t n;

	if (arguments)
		json_object_set_new(m, "arguments", arguments);
	text = json_dumps(m, JSON_COMPACT);
	json_decref(m);
	n = text ? strlen(text) : 0;
	if (n) {
		const struct iovec iov[2] = {{text, n}, {(void *)"\n", 1}};

		sent = packet_send(q->fd, iov, 2, &fd, fd >= 0);
	}
	free(text);
	return n && sent == (ssize_t)n + 1;
}

void qmp_client_send(struct qmp_client *q, const char *command, json_t *arguments, int fd,
		     qmp_answer *fn, void *arg)
{
	struct question *x = q->gone ? NULL : calloc(1, sizeof(*x)), **at = &q->first;

	if (!x) {
		json_decref(arguments);
		if (fn)
			fn(arg, NULL, GONE);
		return;
	}
	while (*at)
		at = &(*at)->next;
	*x = (struct question){.id = ++q->last_id, .fn = fn, .arg = arg};
	*at = x;
	if (!put(q, command, arguments, fd))
		lost(q);
}

/* ---- life */

struct qmp_client *qmp_client_new(struct loop *l, int fd, const struct qmp_client_ops *ops,
				  void *arg, struct err *e)
{
	struct qmp_client *q = calloc(1, sizeof(*q));

	if (q) {
		*q = (struct qmp_client){.fd = fd, .ops = ops, .arg = arg};
		q->watch = loop_watch(l, fd, EPOLLIN, readable, q);
	}
	if (q && q->watch)
		return q;
	free(q);
	close(fd);
	err_set(e, -ENOMEM, "out of memory");
	return NULL;
}

void qmp_client_free(struct qmp_client *q)
{
	if (!q)
		return;
	lost(q);
	watch_free(q->watch);
	close(q->fd);
	free(q->line);
	free(q);
}
