/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/standin.c: weak stand-ins that let the device model be linked before char/
 * and the remote transport are in the tree. Goes with their arrival.
 */
#include "char/chr.h"
#include "hypervisor/public/hv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WEAK __attribute__((weak))

struct chr {
	int fd;
	char id[64];
	struct watch *watch;
	struct chr_client client;
};

static void readable(void *arg, uint32_t events)
{
	struct chr *c = arg;
	uint8_t buf[65536];
	ssize_t n = read(c->fd, buf, sizeof(buf));

	(void)events;
	if (n <= 0)
		watch_events(c->watch, 0);
	else if (c->client.read)
		c->client.read(c->client.arg, buf, (size_t)n);
}

WEAK struct chr *chr_open(struct loop *l, const char *opts, struct err *e)
{
	struct chr *c = calloc(1, sizeof(*c));
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *id = strstr(opts, "id="), *path = strstr(opts, "path="),
		   *fd = strstr(opts, "fd=");

	if (!c)
		return NULL;
	c->fd = -1;
	if (id)
		sscanf(id + 3, "%63[^,]", c->id);
	if (fd)
		c->fd = atoi(fd + 3);
	if (path) {
		sscanf(path + 5, "%100[^,]", a.sun_path);
		c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
			err_errno(e, -errno, "cannot connect to %s", a.sun_path);
			chr_close(c);
			return NULL;
		}
	}
	if (c->fd >= 0)
		c->watch = loop_watch(l, c->fd, EPOLLIN, readable, c);
	return c;
}

WEAK struct chr *chr_open_short(struct loop *l, const char *label, const char *spec, struct err *e)
{
	char text[300];

	if (!strncmp(spec, "unix:", 5))
		snprintf(text, sizeof(text), "socket,id=%s,path=%s", label, spec + 5);
	else
		snprintf(text, sizeof(text), "null,id=%s", label);
	return chr_open(l, text, e);
}

WEAK struct chr *chr_fake(struct loop *l, const char *id,
			  void (*fn)(void *arg, const uint8_t *buf, size_t len), void *arg)
{
	(void)l;
	(void)id;
	(void)fn;
	(void)arg;
	return NULL;
}

WEAK size_t chr_inject(struct chr *c, const uint8_t *buf, size_t len)
{
	(void)c;
	(void)buf;
	return len;
}

WEAK void chr_close(struct chr *c)
{
	if (!c)
		return;
	watch_free(c->watch);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

WEAK void chr_attach(struct chr *c, const struct chr_client *cl)
{
	c->client = cl ? *cl : (struct chr_client){0};
}

WEAK size_t chr_write(struct chr *c, const void *buf, size_t len)
{
	if (c->fd >= 0 && write(c->fd, buf, len) < 0)
		return 0;
	return len;
}

WEAK void chr_kick(struct chr *c)
{
	(void)c;
}

WEAK int chr_take_fd(struct chr *c)
{
	(void)c;
	return -1;
}

WEAK const char *chr_id(const struct chr *c)
{
	return c->id;
}

WEAK const char *chr_filename(const struct chr *c)
{
	(void)c;
	return "null";
}

WEAK bool chr_connected(const struct chr *c)
{
	return c->fd >= 0;
}

WEAK struct hv *hv_remote_open(int socket_fd, struct err *e)
{
	close(socket_fd);
	err_set(e, -ENOTSUP, "remote cores cannot be reached yet");
	return NULL;
}
