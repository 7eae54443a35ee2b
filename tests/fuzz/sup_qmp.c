/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/sup_qmp.c: what a hvm-dm that was taken over may say to its supervisor's QMP client:
 * any bytes in pieces, of which the first byte is the length; a length of 0 is a question of ours.
 * Each question is answered once, in order, whatever is said.
 */
#include "base/util.h"
#include "tests/fuzz/lib/fuzz.h"
#include "toolstack/supervisor/sup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUESTIONS 40

struct talk {
	unsigned asked, answered, ready;
};
struct question {
	struct talk *t;
	unsigned n;
};

static void on_ready(void *arg, const char *error)
{
	struct talk *t = arg;

	if (t->ready++ || (error && !*error))
		abort();
}

static void on_event(void *arg, const char *name, json_t *data)
{
	(void)arg;
	if (!name || (data && json_typeof(data) > JSON_NULL))
		abort();
}

static void on_answer(void *arg, json_t *value, const char *error)
{
	struct question *q = arg;

	if (q->n != q->t->answered++ || !value == !error)
		abort();
}

static void swallow(int fd)
{
	char bytes[4096];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void step(struct qmp_client *c, int dm, struct talk *t, struct question *q,
		 const uint8_t **data, size_t *size)
{
	size_t left = --*size, piece = *(*data)++, n = MIN(piece, left);

	if (!n && t->asked < QUESTIONS) {
		q[t->asked] = (struct question){t, t->asked};
		qmp_client_send(c, "stop", t->asked & 1 ? json_object() : NULL, -1, on_answer,
				&q[t->asked]);
		t->asked++;
	}
	if (n)
		(void)!send(dm, *data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	*data += n;
	*size -= n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct qmp_client_ops ops = {on_ready, on_event};
	struct question q[QUESTIONS];
	struct talk t = {0};
	struct loop *l = loop_new(NULL);
	struct qmp_client *c;
	int s[2];

	if (!l || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
		abort();
	c = qmp_client_new(l, s[0], &ops, &t, NULL);
	if (!c)
		abort();
	while (size) {
		step(c, s[1], &t, q, &data, &size);
		while (loop_step(l, 0) > 0)
			;
		swallow(s[1]);
	}
	qmp_client_free(c);
	if (t.answered != t.asked)
		abort();
	close(s[1]);
	loop_free(l);
	return 0;
}
