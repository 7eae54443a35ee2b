/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store/store_server.c: a store on a Unix socket. All who can connect may do all. */
#include "toolstack/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define PENDING_MAX (64 << 10) /* a client that does not read that much is not asked for more */

struct connection {
	struct store_server *v;
	struct connection *next, **link;
	int fd;
	struct store_client *client;
	struct watch *watch;
};
struct store_server {
	struct store *s;
	struct loop *loop;
	int fd; /* -1: none */
	struct watch *watch;
	struct connection *connections;
	unsigned n;
	void (*changed)(void *arg, bool alone);
	void *arg;
	struct sockaddr_un at; /* sun_path "": nothing to remove */
};

/* ---- connections */

static void say_alone(const struct store_server *v, bool alone)
{
	if (v->changed)
		v->changed(v->arg, alone);
}

static void hang_up(struct connection *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	if (c->v->n-- == CLIENTS_MAX)
		watch_events(c->v->watch, EPOLLIN);
	if (!c->v->n)
		say_alone(c->v, true);
	watch_free(c->watch);
	store_client_free(c->client);
	close(c->fd);
	free(c);
}

/* Asks for events by what waits to be written. */
static void wake(void *arg)
{
	struct connection *c = arg;
	const void *bytes;
	size_t n;
	int rc = store_client_output(c->client, &bytes, &n);

	if (c->watch)
		watch_events(c->watch,
			     (n < PENDING_MAX ? EPOLLIN : 0u) | (n || rc ? EPOLLOUT : 0u));
}

/* < 0: it is gone. */
static int take_in(struct connection *c)
{
	char buf[4096];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n ? store_client_input(c->client, buf, (size_t)n) : -EPIPE;
}

static int put_out(struct connection *c)
{
	const void *bytes;
	size_t n;
	ssize_t sent;
	int rc = store_client_output(c->client, &bytes, &n);

	if (rc || !n)
		return rc;
	sent = send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	store_client_sent(c->client, (size_t)sent);
	return 0;
}

static void connection_event(void *arg, uint32_t events)
{
	struct connection *c = arg;
	int rc = 0;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		rc = take_in(c);
	if (!rc)
		rc = put_out(c);
	if (rc)
		hang_up(c);
	else
		wake(c);
}

static void take_connection(struct store_server *v, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	*c = (struct connection){.v = v, .fd = fd, .next = v->connections, .link = &v->connections};
	if (c->next)
		c->next->link = &c->next;
	v->connections = c;
	if (++v->n == CLIENTS_MAX) /* the next one waits till somebody leaves */
		watch_events(v->watch, 0);
	if (v->n == 1)
		say_alone(v, false);
	c->client = store_client_new(v->s, 0, wake, c);
	c->watch = c->client ? loop_watch(v->loop, fd, EPOLLIN, connection_event, c) : NULL;
	if (!c->watch)
		hang_up(c);
}

static void listen_event(void *arg, uint32_t events)
{
	struct store_server *v = arg;
	int fd = accept4(v->fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd >= 0)
		take_connection(v, fd);
}

/* ---- life */

/* One that nobody serves any more is in the way; one that somebody serves stays. */
static int clear_the_way(const struct sockaddr_un *at, struct err *e)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;
	struct stat st;

	if (stat(at->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		close(fd);
		return err_set(e, -EEXIST, "%s is there and is not a socket", at->sun_path);
	}
	rc = connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ? -errno : 0;
	close(fd);
	if (!rc)
		return err_set(e, -EADDRINUSE, "another process serves %s", at->sun_path);
	return unlink(at->sun_path) < 0 ? err_errno(e, -errno, "%s", at->sun_path) : 0;
}

static int bind_to(struct store_server *v, const struct sockaddr_un *at, struct err *e)
{
	mode_t mask = umask(0177);
	int rc = bind(v->fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ? -errno : 0;

	if (rc == -EADDRINUSE) {
		rc = clear_the_way(at, e);
		if (!rc && bind(v->fd, (const struct sockaddr *)at, sizeof(*at)) < 0)
			rc = -errno;
	}
	umask(mask);
	if (!rc)
		v->at = *at;
	return rc ? err_errno(e, rc, "cannot listen on %s", at->sun_path) : 0;
}

static int serve(struct store_server *v, const char *path, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int rc;

	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, -ENAMETOOLONG, "%s: too long for a socket", path);
	strcpy(at.sun_path, path);
	v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (v->fd < 0)
		return err_errno(e, -errno, "no socket");
	rc = bind_to(v, &at, e);
	if (rc)
		return rc;
	if (listen(v->fd, 32) < 0)
		return err_errno(e, -errno, "cannot listen on %s", path);
	v->watch = loop_watch(v->loop, v->fd, EPOLLIN, listen_event, v);
	return v->watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

struct store_server *store_server_new(struct store *s, struct loop *l, const char *path,
				      struct err *e)
{
	struct store_server *v = calloc(1, sizeof(*v));

	if (!v) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	v->s = s;
	v->loop = l;
	v->fd = -1;
	if (serve(v, path, e) == 0)
		return v;
	store_server_free(v);
	return NULL;
}

void store_server_watch(struct store_server *v, void (*fn)(void *arg, bool alone), void *arg)
{
	v->changed = fn;
	v->arg = arg;
}

/* The name goes while it still listens: a name that leads nowhere is another's to take. */
void store_server_free(struct store_server *v)
{
	if (!v)
		return;
	if (v->at.sun_path[0])
		unlink(v->at.sun_path);
	v->changed = NULL;
	while (v->connections)
		hang_up(v->connections);
	watch_free(v->watch);
	if (v->fd >= 0)
		close(v->fd);
	free(v);
}
