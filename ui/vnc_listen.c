/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/vnc_listen.c: the socket that VNC clients connect to. */
#include "ui/vnc.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PORT_BASE 5900
#define PORT_WEB  5700
#define BACKLOG   8

static int listen_unix(struct vnc_listen *at, const char *path, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;

	if (!*path || strlen(path) >= sizeof(a.sun_path))
		return err_set(e, -EINVAL, "unix:%s: the path has to have 1 to %zu bytes", path,
			       sizeof(a.sun_path) - 1);
	strcpy(a.sun_path, path);
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path); /* of one that was killed */
	at->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (at->fd < 0 || bind(at->fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(at->fd, BACKLOG) < 0)
		return err_errno(e, -errno, "cannot listen on %s", path);
	at->path = strdup(path);
	at->family = "unix";
	snprintf(at->host, sizeof(at->host), "%s", path);
	return at->path ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int try_bind(struct vnc_listen *at, const struct addrinfo *a)
{
	int on = 1, fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	at->fd = fd;
	at->family = a->ai_family == AF_INET6 ? "ipv6" : "ipv4";
	return 0;
}

static bool is_any(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr == INADDR_ANY;
	return a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

static int try_port(struct vnc_listen *at, const char *host, unsigned port, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
	int rc;

	snprintf(at->service, sizeof(at->service), "%u", port);
	rc = getaddrinfo(host, at->service, &hints, &list);
	if (rc)
		return err_set(e, -EINVAL, "%s: %s", host, gai_strerror(rc));
	rc = -EADDRNOTAVAIL;
	for (const struct addrinfo *a = list; a && rc; a = a->ai_next) {
		rc = try_bind(at, a);
		if (!rc)
			at->any = is_any(a->ai_addr);
	}
	freeaddrinfo(list);
	return rc;
}

/* The first port that is free, up to and with `to`. */
static int listen_host(struct vnc_listen *at, const char *host, unsigned port, unsigned to,
		       struct err *e)
{
	unsigned last = to > port ? to : port;
	int rc = -EADDRINUSE;

	snprintf(at->host, sizeof(at->host), "%s", host);
	for (; port <= last && rc == -EADDRINUSE; port++)
		rc = try_port(at, host, port, e);
	if (rc && rc != -EINVAL)
		err_errno(e, rc, "cannot listen on %s, port %s", host, at->service);
	return rc;
}

/* "[::1]:2", "host:2", ":2": *host (`size` bytes; "": none) and a number up to max. */
static int parse_host(const char *address, char *host, size_t size, unsigned max, unsigned *n)
{
	const char *colon = strrchr(address, ':');
	char *end;
	unsigned long v;
	size_t len;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	v = strtoul(colon + 1, &end, 10);
	len = (size_t)(colon - address);
	if (len >= 2 && *address == '[' && colon[-1] == ']')
		address++, len -= 2;
	if (v > max || *end || len >= size)
		return -EINVAL;
	memcpy(host, address, len);
	host[len] = 0;
	*n = (unsigned)v;
	return 0;
}

int vnc_listen(struct vnc_listen *at, const char *address, unsigned to, struct err *e)
{
	char host[sizeof(at->host)];
	unsigned n;

	*at = (struct vnc_listen){.fd = -1};
	if (!strncmp(address, "unix:", 5))
		return listen_unix(at, address + 5, e);
	if (parse_host(address, host, sizeof(host), 65535 - PORT_BASE, &n) < 0)
		return err_set(e, -EINVAL, "'%s': want HOST:N, :N or unix:PATH, N up to %d",
			       address, 65535 - PORT_BASE);
	return listen_host(at, *host ? host : "127.0.0.1", PORT_BASE + n, PORT_BASE + to, e);
}

int vnc_listen_web(struct vnc_listen *at, const struct vnc_listen *beside, const char *where,
		   struct err *e)
{
	char host[sizeof(at->host)] = "", text[sizeof(at->host) + 1];
	bool tcp = *beside->service;
	unsigned port = 0;

	*at = (struct vnc_listen){.fd = -1};
	if (!strcmp(where, "on") && tcp)
		port = (unsigned)atoi(beside->service) - PORT_BASE + PORT_WEB;
	snprintf(text, sizeof(text), "%s%s", strchr(where, ':') ? "" : ":", where);
	if (!port && (parse_host(text, host, sizeof(host), 65535, &port) < 0 || !port))
		return err_set(e, -EINVAL, "websocket=%s: want %sPORT or HOST:PORT", where,
			       tcp ? "on, " : "");
	if (!*host)
		snprintf(host, sizeof(host), "%s", tcp ? beside->host : "127.0.0.1");
	return listen_host(at, host, port, 0, e);
}

void vnc_listen_close(struct vnc_listen *at)
{
	if (at->fd >= 0)
		close(at->fd);
	if (at->path)
		unlink(at->path);
	free(at->path);
	*at = (struct vnc_listen){.fd = -1};
}
