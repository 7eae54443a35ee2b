/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine as options make it, in the test's own process, and clients on its monitors' sockets.
 * One thread: whoever waits for an answer turns the loop meanwhile.
 */
#ifndef TESTS_DM_VM_H
#define TESTS_DM_VM_H
#include "base/loop.h"
#include "dm/host.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define VM_LINE (1 << 20)

struct vm {
	struct loop *loop;
	struct machine_config cfg;
	struct machine *m;
	char dir[64];
	unsigned clients;
};
struct vm_client {
	struct vm *vm;
	int fd;
	char *buf; /* what came and was not read yet */
	size_t len;
	bool eof;
};

/* Options; %s stands for the directory of its own, which goes with it. In it: hd.img, 1 MiB. */
static inline void vm_open(struct vm *v, const char *options)
{
	char text[4096];
	struct err e = {{0}};

	memset(v, 0, sizeof(*v));
	strcpy(v->dir, "/tmp/hvm-test-XXXXXX");
	MUST(mkdtemp(v->dir));
	snprintf(text, sizeof(text), "truncate -s 1M %s/hd.img", v->dir);
	MUST(!system(text));
	snprintf(text, sizeof(text), options, v->dir, v->dir, v->dir, v->dir);
	v->loop = loop_new(&e);
	MUST(v->loop);
	if (!EQ(0, options_parse_text(&v->cfg, text, &e)))
		NOTE("%s", e.msg);
	v->m = machine_new(&v->cfg, v->loop, &e);
	if (!CHECK(v->m))
		NOTE("%s", e.msg);
	MUST(v->m);
}

static inline void vm_close(struct vm *v)
{
	char command[128];

	machine_free(v->m);
	loop_free(v->loop);
	config_free(&v->cfg);
	host_free();
	snprintf(command, sizeof(command), "rm -rf %s", v->dir);
	EQ(0, system(command));
}

static inline void vm_turn(struct vm *v, int ms)
{
	MUST(loop_step(v->loop, ms) >= 0);
}

/* A client on DIR/name. */
static inline void client_open(struct vm_client *c, struct vm *v, const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	memset(c, 0, sizeof(*c));
	c->vm = v;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	c->buf = malloc(VM_LINE);
	MUST(c->fd >= 0 && c->buf);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", v->dir, name);
	MUST(!connect(c->fd, (struct sockaddr *)&a, sizeof(a)));
}

static inline void client_close(struct vm_client *c)
{
	close(c->fd);
	free(c->buf);
}

static inline void client_send(struct vm_client *c, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else {
			MUST(errno == EAGAIN);
			vm_turn(c->vm, 10);
		}
	}
}

static inline void client_more(struct vm_client *c, int ms)
{
	ssize_t n;

	vm_turn(c->vm, ms);
	n = recv(c->fd, c->buf + c->len, VM_LINE - c->len, 0);
	if (n > 0)
		c->len += (size_t)n;
	if (n == 0)
		c->eof = true;
}

/* What came up to and with `end`; NULL: the peer hung up, or nothing for two seconds. The caller
 * frees it. */
static inline char *client_until(struct vm_client *c, const char *end)
{
	for (unsigned tries = 0; tries < 200; tries++) {
		char *at = memmem(c->buf, c->len, end, strlen(end)), *text;
		size_t n = at ? (size_t)(at - c->buf) + strlen(end) : 0;

		if (at) {
			text = strndup(c->buf, n);
			memmove(c->buf, c->buf + n, c->len - n);
			c->len -= n;
			return text;
		}
		if (c->eof)
			return NULL;
		client_more(c, tries ? 10 : 0);
	}
	return NULL;
}
#endif
