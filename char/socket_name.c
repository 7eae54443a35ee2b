/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/socket_name.c: options of socket streams, addresses, and how query-chardev shows them. */
#include "char/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

static void inet_text(char *buf, size_t len, const struct sockaddr *sa, socklen_t sa_len)
{
	char host[64] = "", port[16] = "";
	bool v6 = sa->sa_family == AF_INET6;

	getnameinfo(sa, sa_len, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(buf, len, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

static void name_peer(struct socket_chr *s, const char *server)
{
	struct sockaddr_storage me = {0}, peer = {0};
	socklen_t me_len = sizeof(me), peer_len = sizeof(peer);
	char a[96], b[96];

	getsockname(s->fd, (struct sockaddr *)&me, &me_len);
	getpeername(s->fd, (struct sockaddr *)&peer, &peer_len);
	if (me.ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)&me;

		snprintf(s->chr.filename, sizeof(s->chr.filename), "unix:%.*s%s",
			 (int)sizeof(un->sun_path), un->sun_path, server);
		return;
	}
	inet_text(a, sizeof(a), (struct sockaddr *)&me, me_len);
	inet_text(b, sizeof(b), (struct sockaddr *)&peer, peer_len);
	snprintf(s->chr.filename, sizeof(s->chr.filename), "tcp:%s%s <-> %s", a, server, b);
}

void socket_name(struct socket_chr *s)
{
	const char *server = s->server ? ",server=on" : "";

	if (s->fd >= 0 && !s->connecting)
		name_peer(s, server);
	else
		snprintf(s->chr.filename, sizeof(s->chr.filename), "disconnected:%s%s", s->where,
			 server);
}

void socket_tune(struct socket_chr *s)
{
	int one = 1;

	if (s->nodelay)
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* ---- unix ---- */

static int unix_listen(struct socket_chr *s, const char *path, struct err *e)
{
	struct stat st;

	/* What an earlier run left behind; anything but a socket is not ours to remove. */
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0 || bind(s->listener, &s->addr.any, s->addr_len))
		return err_errno(e, -errno, "cannot bind the unix socket %s", path);
	if (!lstat(path, &st)) {
		s->bound_dev = st.st_dev;
		s->bound_ino = st.st_ino;
	}
	if (listen(s->listener, 1))
		return err_errno(e, -errno, "cannot listen on the unix socket %s", path);
	return 0;
}

void socket_unlink(struct socket_chr *s)
{
	struct stat st;

	if (s->bound_ino && !lstat(s->addr.un.sun_path, &st) && st.st_ino == s->bound_ino &&
	    st.st_dev == s->bound_dev)
		unlink(s->addr.un.sun_path);
}

static int unix_open(struct socket_chr *s, const char *path, struct err *e)
{
	if (!*path || strlen(path) >= sizeof(s->addr.un.sun_path))
		return err_set(e, -EINVAL, "the path of a unix socket has 1 to %zu characters: %s",
			       sizeof(s->addr.un.sun_path) - 1, path);
	s->addr.un.sun_family = AF_UNIX;
	strcpy(s->addr.un.sun_path, path);
	s->addr_len = sizeof(s->addr.un);
	snprintf(s->where, sizeof(s->where), "unix:%s", path);
	if (s->server)
		return unix_listen(s, path, e);
	if (s->reconnect)
		return 0;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, &s->addr.any, s->addr_len))
		return err_errno(e, -errno, "cannot connect to the unix socket %s", path);
	return 0;
}

/* ---- TCP ---- */

/* One of the addresses that a name stands for. 0, or -errno to try the next. */
static int inet_try(struct socket_chr *s, const struct addrinfo *a)
{
	int one = 1, rc;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (s->server) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		rc = bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, 1) ? -errno : 0;
	} else {
		rc = connect(fd, a->ai_addr, a->ai_addrlen) ? -errno : 0;
	}
	if (rc) {
		close(fd);
		return rc;
	}
	if (s->server)
		s->listener = fd;
	else
		s->fd = fd;
	return 0;
}

static void name_listener(struct socket_chr *s)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	char text[96];

	fcntl(s->listener, F_SETFL, fcntl(s->listener, F_GETFL) | O_NONBLOCK);
	if (getsockname(s->listener, (struct sockaddr *)&sa, &len))
		return;
	inet_text(text, sizeof(text), (struct sockaddr *)&sa, len);
	snprintf(s->where, sizeof(s->where), "tcp:%s", text);
}

static int inet_open(struct socket_chr *s, const char *host, const char *port, int family,
		     struct err *e)
{
	struct addrinfo hints = {.ai_family = family,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = s->server ? AI_PASSIVE : 0};
	struct addrinfo *list;
	int rc = getaddrinfo(host && *host ? host : NULL, port, &hints, &list);

	if (rc)
		return err_set(e, -EINVAL, "cannot resolve %s:%s: %s", host ? host : "", port,
			       gai_strerror(rc));
	snprintf(s->where, sizeof(s->where), "tcp:%s:%s", host ? host : "", port);
	if (!s->server && s->reconnect) {
		memcpy(&s->addr, list->ai_addr, list->ai_addrlen);
		s->addr_len = list->ai_addrlen;
	} else {
		rc = -EINVAL;
		for (struct addrinfo *a = list; a && rc; a = a->ai_next)
			rc = inet_try(s, a);
	}
	freeaddrinfo(list);
	if (rc)
		return err_errno(e, rc, "cannot %s %s", s->server ? "listen on" : "connect to",
				 s->where);
	if (s->server)
		name_listener(s);
	else if (s->fd >= 0)
		socket_tune(s);
	return 0;
}

/* ---- a descriptor that was handed over ---- */

static int fd_open(struct socket_chr *s, unsigned long fd, struct err *e)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	snprintf(s->where, sizeof(s->where), "fd:%lu", fd);
	if (getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len))
		return err_errno(e, -errno, "descriptor %lu is no socket", fd);
	if (s->server && !listening)
		return err_set(e, -EINVAL, "descriptor %lu does not listen: server=off?", fd);
	if (!s->server && listening)
		return err_set(e, -EINVAL, "descriptor %lu listens: server=on?", fd);
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	if (s->server) {
		fcntl((int)fd, F_SETFL, fcntl((int)fd, F_GETFL) | O_NONBLOCK);
		s->listener = (int)fd;
	} else {
		s->fd = (int)fd;
	}
	return 0;
}

/* ---- options ---- */

static int refused_options(const struct chr_opts *o, struct err *e)
{
	static const char *const never[] = {"telnet", "tn3270", "websocket", "abstract"};

	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		bool on = false;
		int rc = chr_opts_bool(o, never[i], &on, e);

		if (rc || on)
			return err_set(e, -ENOTSUP, "%s=on is not supported", never[i]);
	}
	if (chr_opts_get(o, "tls-creds"))
		return err_set(e, -ENOTSUP, "tls-creds is not supported");
	return 0;
}

static int flags(struct socket_chr *s, const struct chr_opts *o, bool *wait, int *family,
		 struct err *e)
{
	bool v4 = true, v6 = true, delay = true;
	int rc = chr_opts_bool(o, "server", &s->server, e);

	rc = rc ? rc : chr_opts_bool(o, "wait", wait, e);
	rc = rc ? rc : chr_opts_bool(o, "nodelay", &s->nodelay, e);
	rc = rc ? rc : chr_opts_bool(o, "delay", &delay, e);
	rc = rc ? rc : chr_opts_bool(o, "ipv4", &v4, e);
	rc = rc ? rc : chr_opts_bool(o, "ipv6", &v6, e);
	rc = rc ? rc : chr_opts_number(o, "reconnect", 86400, &s->reconnect, e);
	rc = rc ? rc : refused_options(o, e);
	if (rc)
		return rc;
	if (!delay)
		s->nodelay = true;
	if (s->server && s->reconnect)
		return err_set(e, -EINVAL, "reconnect= is for clients, not with server=on");
	if (chr_opts_get(o, "ipv4") && v4 && !chr_opts_get(o, "ipv6"))
		v6 = false;
	if (chr_opts_get(o, "ipv6") && v6 && !chr_opts_get(o, "ipv4"))
		v4 = false;
	*family = v4 && v6 ? AF_UNSPEC : v4 ? AF_INET : AF_INET6;
	return 0;
}

int socket_options(struct socket_chr *s, const struct chr_opts *o, bool *wait, struct err *e)
{
	const char *path = chr_opts_get(o, "path"), *port = chr_opts_get(o, "port");
	const char *fd_text = chr_opts_get(o, "fd");
	unsigned long fd = 0;
	int family = AF_UNSPEC, rc = flags(s, o, wait, &family, e);

	s->opened = true;
	if (rc)
		return rc;
	if (!!path + !!port + !!fd_text != 1)
		return err_set(e, -EINVAL, "a socket needs one of path=, port= and fd=");
	if (path)
		return unix_open(s, path, e);
	if (port)
		return inet_open(s, chr_opts_get(o, "host"), port, family, e);
	rc = chr_opts_number(o, "fd", 1 << 20, &fd, e);
	return rc ? rc : fd_open(s, fd, e);
}
