/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * char/socket.c: byte streams over unix and TCP sockets, as server or client, one peer at a time.
 * Further clients of a server wait in its backlog. Names: char/socket_name.c.
 */
#include "char/socket.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static void accept_ready(void *arg, uint32_t events);

/* ---- the peer ---- */

static void forget_peer(struct socket_chr *s)
{
	watch_free(s->watch);
	s->watch = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->half_closed = s->hung_up = s->connecting = false;
}

static void try_later(struct socket_chr *s)
{
	timer_arm(s->clock, &s->timer, clock_now(s->clock) + (int64_t)s->reconnect * NS_PER_SEC);
}

static void disconnect(struct socket_chr *s)
{
	forget_peer(s);
	socket_name(s);
	if (s->listen_watch)
		watch_events(s->listen_watch, EPOLLIN);
	if (s->reconnect)
		try_later(s);
	chr_set_connected(&s->chr, false);
}

static void keep_fds(struct chr *c, struct msghdr *msg)
{
	for (struct cmsghdr *m = CMSG_FIRSTHDR(msg); m; m = CMSG_NXTHDR(msg, m)) {
		size_t n = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(m) + i * sizeof(int), sizeof(int));
			chr_keep_fd(c, fd);
		}
	}
}

static void receive(struct socket_chr *s)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(s->chr.fds))];
	} control;
	uint8_t buf[4096];
	struct iovec iov = {buf, MIN(chr_room(&s->chr), sizeof(buf))};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t n;

	if (!iov.iov_len) {
		chr_repoll(&s->chr);
		return;
	}
	n = recvmsg(s->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n > 0) {
		keep_fds(&s->chr, &msg);
		chr_receive(&s->chr, buf, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		disconnect(s);
	}
}

/* The peer has gone while the client takes no bytes: those that came before are kept for it. */
static void hung_up(struct socket_chr *s)
{
	uint8_t byte;

	if (recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
		disconnect(s);
		return;
	}
	s->hung_up = true;
	chr_repoll(&s->chr);
}

static void peer_ready(void *arg, uint32_t events)
{
	struct socket_chr *s = arg;

	if (events & EPOLLOUT && !(events & (EPOLLHUP | EPOLLERR)))
		chr_flush(&s->chr);
	if (events & EPOLLIN) {
		receive(s);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		hung_up(s);
	} else if (events & EPOLLRDHUP) {
		s->half_closed = true;
		chr_repoll(&s->chr);
	}
}

static void connected(struct socket_chr *s)
{
	s->connecting = false;
	watch_free(s->watch);
	s->watch = loop_watch(s->chr.loop, s->fd, 0, peer_ready, s);
	if (!s->watch) {
		log_warn("character device %s: out of memory", s->chr.id);
		disconnect(s);
		return;
	}
	socket_name(s);
	chr_set_connected(&s->chr, true);
}

/* ---- server ---- */

static void serve_peer(struct socket_chr *s, int fd)
{
	s->fd = fd;
	socket_tune(s);
	if (s->listen_watch)
		watch_events(s->listen_watch, 0);
	connected(s);
}

static void accept_ready(void *arg, uint32_t events)
{
	struct socket_chr *s = arg;
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (fd >= 0) /* else it went away again, or descriptors are short for now */
		serve_peer(s, fd);
}

static int socket_adopt(struct chr *c, int fd, struct err *e)
{
	struct socket_chr *s = (struct socket_chr *)c;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return err_set(e, -ENOTSOCK, "chardev %s: the descriptor is not a socket", c->id);
	if (s->fd >= 0)
		return err_set(e, -EBUSY, "chardev %s: it has a client already", c->id);
	serve_peer(s, fd);
	return 0;
}

/* The loop does not run yet, so signals that are meant for it (blocked, for a signalfd) are looked
 * for here: they stay pending and end the waiting. */
static int wait_for_client(struct socket_chr *s, struct err *e)
{
	struct pollfd p[2] = {{.fd = s->listener, .events = POLLIN}, {.events = POLLIN}};
	sigset_t set;
	int rc = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	p[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	log_info("waiting for connection on: %s", s->chr.filename);
	while (s->fd < 0 && !rc) {
		if (poll(p, 2, -1) < 0)
			rc = -errno;
		else if (p[1].revents)
			rc = -EINTR;
		else
			accept_ready(s, 0);
	}
	if (p[1].fd >= 0)
		close(p[1].fd);
	return rc ? err_errno(e, rc, "nobody connected to %s", s->where) : 0;
}

static int serve(struct socket_chr *s, bool wait, struct err *e)
{
	int rc = wait ? wait_for_client(s, e) : 0;

	if (rc)
		return rc;
	s->listen_watch =
		loop_watch(s->chr.loop, s->listener, s->fd < 0 ? EPOLLIN : 0, accept_ready, s);
	return s->listen_watch ? 0 : err_errno(e, -errno, "cannot wait for clients");
}

/* ---- client that tries again ---- */

static void connect_failed(struct socket_chr *s, int error)
{
	if (!s->told)
		log_warn("character device %s: cannot connect to %s: %s; trying every %lu s",
			 s->chr.id, s->where, strerror(error), s->reconnect);
	s->told = true;
	forget_peer(s);
	try_later(s);
}

static void connect_ready(void *arg, uint32_t events)
{
	struct socket_chr *s = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len))
		error = errno;
	if (error)
		connect_failed(s, error);
	else
		connected(s);
}

static void connect_again(void *arg)
{
	struct socket_chr *s = arg;

	s->fd = socket(s->addr.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0) {
		connect_failed(s, errno);
		return;
	}
	socket_tune(s);
	if (!connect(s->fd, &s->addr.any, s->addr_len)) {
		connected(s);
	} else if (errno == EINPROGRESS) {
		s->connecting = true;
		s->watch = loop_watch(s->chr.loop, s->fd, EPOLLOUT, connect_ready, s);
		if (!s->watch)
			connect_failed(s, ENOMEM);
	} else {
		connect_failed(s, errno);
	}
}

static int keep_connecting(struct socket_chr *s, struct err *e)
{
	int rc;

	s->clock = clock_new(CLOCK_HOST);
	if (!s->clock)
		return err_set(e, -ENOMEM, "out of memory");
	s->timer = (struct timer){.fn = connect_again, .arg = s};
	rc = loop_clock(s->chr.loop, s->clock, e);
	if (rc)
		return rc;
	clock_start(s->clock);
	connect_again(s);
	return 0;
}

/* ---- the back end ---- */

static int socket_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	struct socket_chr *s = (struct socket_chr *)c;
	bool wait = true;
	int rc;

	s->fd = s->listener = -1;
	rc = socket_options(s, o, &wait, e);
	if (rc)
		return rc;
	socket_name(s);
	if (s->server)
		return serve(s, wait, e);
	if (s->reconnect && s->fd < 0)
		return keep_connecting(s, e);
	connected(s);
	return 0;
}

static ssize_t socket_write(struct chr *c, const uint8_t *buf, size_t len)
{
	struct socket_chr *s = (struct socket_chr *)c;
	ssize_t n = send(s->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	/* A peer that has gone looks full, so that the ring keeps this for the next one; the
	 * watch tells about it. */
	return n < 0 ? 0 : n;
}

static void socket_poll(struct chr *c, bool in, bool out)
{
	struct socket_chr *s = (struct socket_chr *)c;
	uint32_t events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u);

	if (!s->watch || s->connecting)
		return;
	if (s->hung_up)
		events &= EPOLLIN;
	else if (!in && !s->half_closed)
		events |= EPOLLRDHUP;
	watch_events(s->watch, events);
}

static void socket_close(struct chr *c)
{
	struct socket_chr *s = (struct socket_chr *)c;

	if (!s->opened)
		return; /* options were refused: nothing of ours is there yet */
	forget_peer(s);
	watch_free(s->listen_watch);
	if (s->listener >= 0)
		close(s->listener);
	socket_unlink(s);
	clock_free(s->clock);
}

const struct chr_type chr_socket = {
	.name = "socket",
	.keys = " path host port fd server wait reconnect nodelay ipv4 ipv6 "
		"telnet tn3270 websocket tls-creds delay abstract tight ",
	.size = sizeof(struct socket_chr),
	.open = socket_open,
	.write = socket_write,
	.poll = socket_poll,
	.adopt = socket_adopt,
	.close = socket_close,
};
