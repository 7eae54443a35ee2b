/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc/broker.c: opens files and starts helpers for a jailed device model (broker.h).
 *
 * Tests: tests/unit/broker.c, tests/fuzz/broker.c
 */
#include "proc/broker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/packet.h"
#include "base/util.h"
#include "proc/broker_wire.h"
#include "proc/kid.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN 16 /* at once */
#define STARTS   32 /* in a burst; then one a second: a helper that lives is started seldom */

static const char *const programs[] = {"hvm-vnc", "hvm-nat", "hvm-sdl"};

struct child {
	struct kid kid; /* one that does not run: this place is free */
	uint32_t id;    /* of who was the last here */
};
struct broker {
	const struct broker_ops *ops;
	void *arg;
	struct loop *loop;
	int fd; /* -1: the client has gone */
	struct watch *watch;
	struct child children[CHILDREN];
	uint32_t next_id;
	unsigned starts;  /* that it has left … */
	time_t starts_at; /* … of then */
};
struct request {
	struct broker_request head;
	char text[BROKER_TEXT + 1]; /* one more: longer is seen */
	size_t size;                /* of text */
	int fds[SPAWN_FDS];
	unsigned n_fds;
};

/* ---- helpers */

static void end_children(struct broker *b)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		kid_signal(&b->children[i].kid, SIGKILL);
}

/* Its place is free: that is all. */
static void child_ended(void *arg, struct kid *k)
{
	(void)arg;
	(void)k;
}

static struct child *free_place(struct broker *b)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		if (!b->children[i].kid.pid)
			return &b->children[i];
	return NULL;
}

static bool may_start_now(struct broker *b)
{
	time_t now = clock_host_ns() / NS_PER_SEC, since = now - b->starts_at;

	b->starts = (unsigned)MIN(STARTS, (time_t)b->starts + since);
	b->starts_at = now;
	if (!b->starts)
		return false;
	b->starts--;
	return true;
}

/* ---- what it asks for */

static const char *known_program(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(programs); i++)
		if (!strcmp(name, programs[i]))
			return programs[i];
	return NULL;
}

static bool texts_end(const struct request *r)
{
	return r->size && r->size <= BROKER_TEXT && !r->text[r->size - 1];
}

/* Its arguments, with our numbers for its descriptors, which stay the request's. */
static int rebuild(struct request *r, struct spawn *s, struct err *e)
{
	unsigned fds = 0;

	for (const char *at = r->text; at < r->text + r->size; at += strlen(at) + 1)
		if (strcmp(at, BROKER_FD))
			spawn_arg(s, at);
		else if (fds < r->n_fds)
			spawn_fd_value(s, r->fds[fds++], true);
		else
			return err_set(e, -EINVAL, "a descriptor is missing");
	if (fds < r->n_fds)
		return err_set(e, -EINVAL, "too many descriptors");
	return 0;
}

static int judge(struct broker *b, const char *program, const struct spawn *s, struct err *e)
{
	if (s->full)
		return err_set(e, -E2BIG, "too many arguments for %s", program);
	return b->ops->may_start ? b->ops->may_start(b->arg, program, s->argv, e) : 0;
}

/* The last of two options holds: no jail but ours. */
static int launch(struct broker *b, struct child *c, const char *program, struct spawn *s,
		  struct err *e)
{
	spawn_arg(s, "-jail");
	spawn_arg(s, b->ops->jail ? b->ops->jail : "try");
	c->kid = (struct kid){.program = program, .loop = b->loop, .ended = child_ended};
	c->id = ++b->next_id;
	return kid_start(&c->kid, s, e);
}

static int start(struct broker *b, struct request *r, uint32_t *id, struct err *e)
{
	const char *program = known_program(r->text);
	struct child *c = free_place(b);
	struct spawn s = {.n_args = 0};
	int rc;

	if (!program)
		return err_set(e, -EPERM, "that program is not started for a device model");
	if (!c || !may_start_now(b))
		return err_set(e, -EAGAIN, "too many helpers are started");
	rc = rebuild(r, &s, e);
	if (!rc)
		rc = judge(b, program, &s, e);
	if (!rc)
		rc = launch(b, c, program, &s, e);
	if (!rc)
		*id = c->id;
	spawn_done(&s);
	return rc;
}

static void end(struct broker *b, uint32_t id)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		if (b->children[i].id == id)
			kid_signal(&b->children[i].kid, SIGKILL);
}

static int open_file(struct broker *b, const struct request *r, struct err *e)
{
	if (r->n_fds || strlen(r->text) + 1 != r->size)
		return err_set(e, -EINVAL, "that is no path");
	return b->ops->open(b->arg, r->text, r->head.flags, r->head.mode, e);
}

/* ---- the socket */

/* The client may have asked for a close that waits. */
static void close_foreign(int fd)
{
	const struct linger off = {0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	close(fd);
}

static void client_gone(struct broker *b)
{
	watch_free(b->watch);
	b->watch = NULL;
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
	end_children(b);
}

static void answer(struct broker *b, struct broker_answer *a, int fd)
{
	const struct iovec iov = {a, sizeof(*a)};

	if (packet_send(b->fd, &iov, 1, &fd, fd >= 0) >= 0)
		return;
	log_warn("the device model does not read what its broker answers: it gets no more");
	client_gone(b);
}

static void serve(struct broker *b, struct request *r)
{
	struct broker_answer a = {.serial = r->head.serial};
	struct err e = {""};
	int fd = -1;

	if (r->head.what == BROKER_END) {
		end(b, r->head.serial);
		return;
	}
	if (!texts_end(r))
		a.rc = err_set(&e, -EINVAL, "that is no question");
	else if (r->head.what == BROKER_OPEN)
		a.rc = fd = open_file(b, r, &e);
	else if (r->head.what == BROKER_START)
		a.rc = start(b, r, &a.id, &e);
	else
		a.rc = err_set(&e, -EINVAL, "that is no question");
	a.rc = MIN(a.rc, 0);
	memcpy(a.msg, e.msg, sizeof(a.msg));
	answer(b, &a, fd);
	if (fd >= 0)
		close(fd);
}

static void readable(void *arg, uint32_t events)
{
	struct broker *b = arg;
	struct request r;
	const struct iovec iov[] = {{&r.head, sizeof(r.head)}, {r.text, sizeof(r.text)}};
	ssize_t n = packet_receive(b->fd, iov, 2, MSG_DONTWAIT, r.fds, SPAWN_FDS, &r.n_fds);

	(void)events;
	if (n == -EAGAIN)
		return;
	r.size = n < (ssize_t)sizeof(r.head) ? 0 : (size_t)n - sizeof(r.head);
	if (n >= (ssize_t)sizeof(r.head))
		serve(b, &r);
	else
		client_gone(b); /* or it does not speak this */
	for (unsigned i = 0; i < r.n_fds; i++)
		close_foreign(r.fds[i]);
}

struct broker *broker_serve(struct loop *l, int fd, const struct broker_ops *ops, void *arg,
			    struct err *e)
{
	struct broker *b = calloc(1, sizeof(*b));

	if (b) {
		*b = (struct broker){.ops = ops, .arg = arg, .loop = l, .fd = fd, .starts = STARTS};
		b->watch = loop_watch(l, fd, EPOLLIN, readable, b);
		if (b->watch)
			return b;
	}
	close(fd);
	free(b);
	err_set(e, -ENOMEM, "out of memory");
	return NULL;
}

void broker_free(struct broker *b)
{
	if (!b)
		return;
	client_gone(b);
	for (unsigned i = 0; i < CHILDREN; i++)
		kid_free(&b->children[i].kid);
	free(b);
}

void broker_each(const struct broker *b, void (*fn)(void *arg, const char *program, pid_t pid),
		 void *arg)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		if (b->children[i].kid.pid)
			fn(arg, b->children[i].kid.program, b->children[i].kid.pid);
}
