/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/packet.h: a message between two processes (SOCK_SEQPACKET) with descriptors
 * beside it. A descriptor that is handed over arrives as the receiver's own, to be
 * closed by it, and with close-on-exec set.
 */
#ifndef BASE_PACKET_H
#define BASE_PACKET_H
#include <sys/types.h>
#include <sys/uio.h>

#define PACKET_FDS 160 /* at most, with one message */

/* Sockets by a path, close-on-exec: a descriptor, or -errno (-ENAMETOOLONG: no socket's). A
 * listening one replaces what is at the path, of a process that was killed; accept4 on it never
 * waits. */
int packet_listen(const char *path, int backlog);
int packet_connect(const char *path);

/* Never waits. Bytes that went, or -errno; a peer that has gone is -EPIPE, no signal. */
ssize_t packet_send(int socket, const struct iovec *iov, unsigned parts, const int *fds,
		    unsigned n);
/* flags: 0, or MSG_DONTWAIT. Bytes that came (0: the peer has gone), or -errno. fds: room for
 * `room`, those that did not come are -1; what came beyond that is closed. Returns their number in
 * *n, which may be NULL. */
ssize_t packet_receive(int socket, const struct iovec *iov, unsigned parts, int flags, int *fds,
		       unsigned room, unsigned *n);
#endif
