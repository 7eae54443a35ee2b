/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/socket.h: between char/socket.c and char/socket_name.c. */
#ifndef CHAR_SOCKET_H
#define CHAR_SOCKET_H
#include "char/impl.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct socket_chr {
	struct chr chr;
	int fd, listener; /* -1 = none */
	struct watch *watch, *listen_watch;
	bool opened; /* the two above are valid */
	bool server, nodelay;
	bool connecting;           /* fd is not a peer yet */
	bool half_closed, hung_up; /* by the peer, while the client was not reading */
	char where[256];           /* "unix:PATH", "tcp:HOST:PORT", "fd:N" */
	union {                    /* to connect to */
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	} addr;
	socklen_t addr_len;
	dev_t bound_dev; /* the socket file that is ours to remove; bound_ino 0 = none */
	ino_t bound_ino;
	struct clock *clock; /* for reconnect= */
	struct timer timer;
	unsigned long reconnect; /* s; 0 = never */
	bool told;
};

/* Makes the listening or (unless it will be tried again) connected socket. */
int socket_options(struct socket_chr *s, const struct chr_opts *o, bool *wait, struct err *e);
void socket_tune(struct socket_chr *s); /* options of a new s->fd */
void socket_name(struct socket_chr *s); /* chr.filename follows the state */
void socket_unlink(struct socket_chr *s);
#endif
