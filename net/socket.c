/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/socket.c: -netdev socket: frames to a peer process or another guest.
 *
 * fd=N takes any connected socket: packet and datagram sockets carry one frame
 * per message; on a stream each frame follows its length, 32 bits big-endian
 * (QEMU's framing). The peer is hostile: a length beyond NET_FRAME_MAX ends
 * the connection; buffers are fixed; what does not fit on the way out is
 * dropped, never waited for.
 */
#include "net/backend.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER      4
#define IN_SIZE     (HEADER + NET_FRAME_MAX)
#define OUT_SIZE    (4 * IN_SIZE)
#define FRAMES_TURN 64 /* then other watches of the loop have theirs */

struct sock {
	struct netdev *n;
	int fd, listen_fd; /* -1 = none */
	bool stream, connecting, paused;
	struct watch *watch, *listen_watch;
	struct sockaddr_storage to; /* of udp= */
	socklen_t to_len;           /* 0: fd is connected */
	size_t in_len, out_at, out_len;
	uint8_t in[IN_SIZE];
	uint8_t out[OUT_SIZE];
};

static void sock_event(void *arg, uint32_t events);
static void accept_event(void *arg, uint32_t events);
static void hang_up(struct sock *s, const char *why);

/* A watch for no event would still report a hang-up for ever: then there is none. */
static void rewatch(struct sock *s)
{
	uint32_t events = (s->paused || s->connecting ? 0 : EPOLLIN) |
			  (s->connecting || s->out_len ? EPOLLOUT : 0);

	if (!events || s->fd < 0) {
		watch_free(s->watch);
		s->watch = NULL;
	} else if (s->watch) {
		watch_events(s->watch, events);
	} else {
		s->watch = loop_watch(s->n->loop, s->fd, events, sock_event, s);
		if (!s->watch)
			hang_up(s, "no memory for its watch");
	}
}

static void set_info(struct sock *s, const char *what)
{
	snprintf(s->n->info, sizeof(s->n->info), "socket: %s", what);
}

/* The listener, if there is one, takes the next peer. */
static void hang_up(struct sock *s, const char *why)
{
	log_info("netdev %s: %s", s->n->id, why);
	watch_free(s->watch);
	s->watch = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->connecting = s->paused = false;
	s->in_len = s->out_at = s->out_len = 0;
	set_info(s, s->listen_fd >= 0 ? "waiting for a connection" : "disconnected");
	if (s->listen_fd >= 0 && !s->listen_watch)
		s->listen_watch = loop_watch(s->n->loop, s->listen_fd, EPOLLIN, accept_event, s);
}

/* ---- from the wire */

static void take_out(struct sock *s, size_t len)
{
	s->in_len -= len;
	memmove(s->in, s->in + len, s->in_len);
}

/* Delivers what is whole in s->in. false: the connection ended, or the NIC takes no more. */
static bool deliver_stream(struct sock *s)
{
	size_t at = 0;

	while (s->fd >= 0 && s->in_len - at >= HEADER) {
		const uint8_t *p = s->in + at;
		uint32_t len = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];

		if (len > NET_FRAME_MAX) {
			hang_up(s, "its peer sent an impossible length");
			return false;
		}
		if (s->in_len - at < HEADER + len)
			break;
		if (!net_deliver(s->n, p + HEADER, len)) {
			s->paused = true;
			break;
		}
		at += HEADER + len;
	}
	if (s->fd < 0)
		return false;
	take_out(s, at);
	return !s->paused;
}

static bool read_stream(struct sock *s)
{
	ssize_t n = read(s->fd, s->in + s->in_len, IN_SIZE - s->in_len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		hang_up(s, "its peer closed the connection");
		return false;
	}
	s->in_len += (size_t)n;
	return deliver_stream(s);
}

/* in_len is that of the frame which waits for the NIC. */
static bool deliver_packet(struct sock *s)
{
	if (!net_deliver(s->n, s->in, s->in_len)) {
		s->paused = true;
		return false;
	}
	s->in_len = 0;
	return s->fd >= 0;
}

static int socket_type(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ? -errno : type;
}

static bool read_packet(struct sock *s)
{
	ssize_t n = recv(s->fd, s->in, NET_FRAME_MAX, MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0 && errno == ECONNREFUSED) /* of an earlier send to nobody */
		return true;
	/* An empty datagram is a frame of no bytes; on the others it is the end. */
	if (n < 0 || (n == 0 && socket_type(s->fd) != SOCK_DGRAM)) {
		hang_up(s, "its peer closed the connection");
		return false;
	}
	if (n > NET_FRAME_MAX)
		return true;
	s->in_len = (size_t)n;
	return deliver_packet(s);
}

static void read_turn(struct sock *s)
{
	for (int i = 0; i < FRAMES_TURN; i++)
		if (!(s->stream ? read_stream(s) : read_packet(s)))
			break;
	if (s->fd >= 0)
		rewatch(s);
}

static void sock_resume(struct netdev *n)
{
	struct sock *s = n->priv;

	if (s->fd < 0 || !s->paused)
		return;
	s->paused = false;
	if (s->stream ? deliver_stream(s) : deliver_packet(s))
		rewatch(s); /* level-triggered: the rest of the socket reports itself */
}

/* ---- to the wire */

static void flush(struct sock *s)
{
	ssize_t n;

	if (!s->out_len)
		return;
	n = send(s->fd, s->out + s->out_at, s->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		hang_up(s, "its peer went away");
		return;
	}
	if (n > 0) {
		s->out_at += (size_t)n;
		s->out_len -= (size_t)n;
	}
	if (!s->out_len)
		s->out_at = 0;
}

static void put(struct sock *s, const void *p, size_t len)
{
	memcpy(s->out + s->out_at + s->out_len, p, len);
	s->out_len += len;
}

static void send_stream(struct sock *s, const uint8_t *frame, size_t len)
{
	uint8_t header[HEADER] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
				  (uint8_t)len};

	if (HEADER + len > OUT_SIZE - s->out_len)
		return;
	if (HEADER + len > OUT_SIZE - s->out_len - s->out_at) {
		memmove(s->out, s->out + s->out_at, s->out_len);
		s->out_at = 0;
	}
	put(s, header, HEADER);
	put(s, frame, len);
	flush(s);
	if (s->fd >= 0)
		rewatch(s);
}

static void send_packet(struct sock *s, const uint8_t *frame, size_t len)
{
	ssize_t n = sendto(s->fd, frame, len, MSG_NOSIGNAL | MSG_DONTWAIT,
			   s->to_len ? (struct sockaddr *)&s->to : NULL, s->to_len);

	if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
		hang_up(s, "its peer went away");
}

static void sock_send(struct netdev *n, const uint8_t *frame, size_t len)
{
	struct sock *s = n->priv;

	if (s->fd < 0 || s->connecting)
		return;
	if (s->stream)
		send_stream(s, frame, len);
	else
		send_packet(s, frame, len);
}

/* ---- connections */

static void connected(struct sock *s)
{
	int rc = 0;
	socklen_t len = sizeof(rc);

	s->connecting = false;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &rc, &len) < 0 || rc)
		hang_up(s, strerror(rc ? rc : errno));
	else
		set_info(s, "connected");
	rewatch(s);
}

static void sock_event(void *arg, uint32_t events)
{
	struct sock *s = arg;

	if (s->connecting) {
		connected(s);
		return;
	}
	if (events & EPOLLOUT) {
		flush(s);
		if (s->fd >= 0)
			rewatch(s);
	}
	if (s->fd >= 0 && !s->paused && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		read_turn(s);
}

/* One peer at a time; the next waits in the listener's queue. */
static void accept_event(void *arg, uint32_t events)
{
	struct sock *s = arg;

	(void)events;
	s->fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (s->fd < 0)
		return;
	watch_free(s->listen_watch);
	s->listen_watch = NULL;
	set_info(s, "connected");
	rewatch(s);
}

/* ---- opening */

static int make_nonblocking(int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(e, -errno, "fd=%d", fd);
	return 0;
}

static int listen_on(struct sock *s, int fd, struct err *e)
{
	s->listen_fd = fd;
	set_info(s, "waiting for a connection");
	s->listen_watch = loop_watch(s->n->loop, fd, EPOLLIN, accept_event, s);
	return s->listen_watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int use_fd(struct sock *s, int fd, struct err *e)
{
	s->fd = fd;
	rewatch(s);
	return s->watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int open_fd(struct sock *s, const char *text, struct err *e)
{
	char *end;
	long fd = strtol(text, &end, 10);
	int type, listens = 0;
	socklen_t len = sizeof(listens);

	if (end == text || *end || fd < 0 || fd > 1 << 20)
		return err_set(e, -EINVAL, "fd=%s is not a descriptor's number", text);
	type = socket_type((int)fd);
	if (type < 0)
		return err_errno(e, type, "fd=%s is not a socket", text);
	if (make_nonblocking((int)fd, e) < 0)
		return -EINVAL;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return err_set(e, -EINVAL, "fd=%s: no stream, datagram or packet socket", text);
	s->stream = type == SOCK_STREAM;
	getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
	if (listens && s->stream)
		return listen_on(s, (int)fd, e);
	snprintf(s->n->info, sizeof(s->n->info), "socket: fd=%ld", fd);
	return use_fd(s, (int)fd, e);
}

/* "host:port", ":port" (any address of ours), "[v6]:port" */
static int resolve(const char *key, const char *text, int type, bool passive, struct addrinfo **ai,
		   struct err *e)
{
	struct addrinfo hints = {.ai_socktype = type, .ai_flags = passive ? AI_PASSIVE : 0};
	const char *colon = strrchr(text, ':'), *from = text;
	char host[256];
	size_t len;
	int rc;

	if (!colon || !colon[1])
		return err_set(e, -EINVAL, "%s=%s is not host:port", key, text);
	len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
		from++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return err_set(e, -EINVAL, "%s=%s: the name is too long", key, text);
	memcpy(host, from, len);
	host[len] = 0;
	if (!len)
		hints.ai_family = AF_INET;
	rc = getaddrinfo(len ? host : NULL, colon + 1, &hints, ai);
	return rc ? err_set(e, -EINVAL, "%s=%s: %s", key, text, gai_strerror(rc)) : 0;
}

static int new_socket(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static int open_listen(struct sock *s, const char *text, struct err *e)
{
	struct addrinfo *ai;
	int rc = resolve("listen", text, SOCK_STREAM, true, &ai, e);

	if (rc < 0)
		return rc;
	s->stream = true;
	s->listen_fd = new_socket(ai);
	if (s->listen_fd < 0 || bind(s->listen_fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
	    listen(s->listen_fd, 1) < 0)
		rc = err_errno(e, -errno, "listen=%s", text);
	else
		rc = listen_on(s, s->listen_fd, e);
	freeaddrinfo(ai);
	return rc;
}

static int open_connect(struct sock *s, const char *text, struct err *e)
{
	struct addrinfo *ai;
	int rc = resolve("connect", text, SOCK_STREAM, false, &ai, e);

	if (rc < 0)
		return rc;
	s->stream = true;
	s->fd = new_socket(ai);
	s->connecting = true;
	if (s->fd < 0 || (connect(s->fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS))
		rc = err_errno(e, -errno, "connect=%s", text);
	else
		rc = use_fd(s, s->fd, e);
	freeaddrinfo(ai);
	snprintf(s->n->info, sizeof(s->n->info), "socket: connecting to %s", text);
	return rc;
}

static int open_udp(struct sock *s, const char *to, const char *local, struct err *e)
{
	struct addrinfo *ai;
	int rc;

	if (!local)
		return err_set(e, -EINVAL, "udp= needs localaddr=");
	rc = resolve("udp", to, SOCK_DGRAM, false, &ai, e);
	if (rc < 0)
		return rc;
	memcpy(&s->to, ai->ai_addr, ai->ai_addrlen);
	s->to_len = ai->ai_addrlen;
	freeaddrinfo(ai);
	rc = resolve("localaddr", local, SOCK_DGRAM, true, &ai, e);
	if (rc < 0)
		return rc;
	s->fd = new_socket(ai);
	if (s->fd < 0 || bind(s->fd, ai->ai_addr, ai->ai_addrlen) < 0)
		rc = err_errno(e, -errno, "localaddr=%s", local);
	else
		rc = use_fd(s, s->fd, e);
	freeaddrinfo(ai);
	snprintf(s->n->info, sizeof(s->n->info), "socket: udp to %s", to);
	return rc;
}

static int sock_open(struct netdev *n, const struct net_opts *o, struct err *e)
{
	static const char *const keys[] = {"fd", "listen", "connect", "udp", "localaddr", NULL};
	const char *fd = net_opt(o, "fd"), *on = net_opt(o, "listen"), *to = net_opt(o, "connect"),
		   *udp = net_opt(o, "udp");
	struct sock *s;

	if (net_opts_known(o, keys, e) < 0)
		return -EINVAL;
	if (!!fd + !!on + !!to + !!udp != 1)
		return err_set(e, -EINVAL, "exactly one of fd=, listen=, connect=, udp= is needed");
	if (!udp && net_opt(o, "localaddr"))
		return err_set(e, -EINVAL, "localaddr= goes with udp= only");
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	n->priv = s;
	s->n = n;
	s->fd = s->listen_fd = -1;
	return fd   ? open_fd(s, fd, e)
	       : on ? open_listen(s, on, e)
	       : to ? open_connect(s, to, e)
		    : open_udp(s, udp, net_opt(o, "localaddr"), e);
}

static void sock_close(struct netdev *n)
{
	struct sock *s = n->priv;

	if (!s)
		return;
	watch_free(s->watch);
	watch_free(s->listen_watch);
	if (s->fd >= 0)
		close(s->fd);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	free(s);
}

const struct net_type net_type_socket = {
	.name = "socket",
	.open = sock_open,
	.close = sock_close,
	.send = sock_send,
	.resume = sock_resume,
};
