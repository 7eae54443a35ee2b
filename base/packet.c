/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/packet.c: see packet.h; sendmsg(2), recvmsg(2), unix(7).
 *
 * Tests: tests/unit/packet.c
 */
#include "base/packet.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int at_path(const char *path, int flags, struct sockaddr_un *a)
{
	int fd;

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(a->sun_path))
		return -ENAMETOOLONG;
	memcpy(a->sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	return fd < 0 ? -errno : fd;
}

static int failed(int fd)
{
	int rc = -errno;

	close(fd);
	return rc;
}

int packet_listen(const char *path, int backlog)
{
	struct sockaddr_un a;
	int fd = at_path(path, SOCK_NONBLOCK, &a);

	if (fd < 0)
		return fd;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, backlog) < 0)
		return failed(fd);
	return fd;
}

int packet_connect(const char *path)
{
	struct sockaddr_un a;
	int fd = at_path(path, 0, &a);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return failed(fd);
	return fd;
}

union room {
	struct cmsghdr align;
	char buf[CMSG_SPACE(PACKET_FDS * sizeof(int))];
};

ssize_t packet_send(int socket, const struct iovec *iov, unsigned parts, const int *fds, unsigned n)
{
	struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = parts};
	union room room;
	ssize_t sent;

	assert(n <= PACKET_FDS);
	if (n) {
		struct cmsghdr *c;

		memset(&room, 0, sizeof(room));
		msg.msg_control = room.buf;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	sent = sendmsg(socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

/* A peer that ended without reading all that we said resets the connection, once; its own last
 * words come behind that. */
static ssize_t receive(int socket, struct msghdr *msg, int flags)
{
	ssize_t n;

	do
		n = recvmsg(socket, msg, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(socket, msg, flags | MSG_CMSG_CLOEXEC);
	return n < 0 ? -errno : n;
}

ssize_t packet_receive(int socket, const struct iovec *iov, unsigned parts, int flags, int *fds,
		       unsigned room_fds, unsigned *n)
{
	union room room = {.buf = {0}};
	/* By its exact length: the kernel would fill up what is only there to align. */
	struct msghdr msg = {.msg_iov = (struct iovec *)iov,
			     .msg_iovlen = parts,
			     .msg_control = room.buf,
			     .msg_controllen = CMSG_LEN(room_fds * sizeof(int))};
	ssize_t got = receive(socket, &msg, flags);
	struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	unsigned came = 0;

	assert(room_fds <= PACKET_FDS);
	for (unsigned i = 0; i < room_fds; i++)
		fds[i] = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		came = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), came * sizeof(int));
	}
	if (n)
		*n = came;
	return got;
}
