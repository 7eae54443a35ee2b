/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc/broker.h: what a jailed device model still needs of the host, asked of who started it: files
 * by path, and helper processes, which it can neither start, kill nor wait for. One SOCK_SEQPACKET
 * between the two. The client (broker_client.c) is taken for hostile by the server (broker.c): what
 * it says is copied once and bounded, program names are of a fixed list, and nobody waits for it.
 */
#ifndef PROC_BROKER_H
#define PROC_BROKER_H
#include "base/err.h"
#include "base/loop.h"
#include "proc/spawn.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- the client: one to a process; open may be called by any thread */

/* Takes over our end of the socket. */
int broker_attach(int fd, struct err *e);
bool broker_attached(void);
/* As open(2), with O_CLOEXEC; waits, 10 s at most: a descriptor, or -errno and a sentence. */
int broker_open(const char *path, int flags, unsigned mode, struct err *e);
/* As spawn_start, for hvm-vnc, hvm-nat or hvm-sdl; *id names it for broker_end. That it has ended
 * is seen by the sockets it was given. */
int broker_start(struct spawn *s, const char *program, uint32_t *id, struct err *e);
void broker_end(uint32_t id); /* kills it; one that ended already is fine */
void broker_detach(void);

/* ---- the server */

struct broker;
struct broker_ops {
	/* What may be opened is its to say: a descriptor, which the server closes, or -errno and a
	 * sentence. It must not wait (O_NONBLOCK for what may be a FIFO). */
	int (*open)(void *arg, const char *path, int flags, unsigned mode, struct err *e);
	/* Whether it may be started so: argv[1] and on, descriptors as "fd=N". < 0 and a sentence:
	 * no. (hvm-nat serves any folder that "-user tftp=" names.) NULL: anything. */
	int (*may_start)(void *arg, const char *program, char *const *argv, struct err *e);
	const char *jail; /* -jail of whatever is started; NULL: try */
};
/* Takes fd over. A client that has gone, or does not read, is not heard any more and its helpers
 * are ended. Nothing of it calls back to free it. NULL and a sentence on failure. */
struct broker *broker_serve(struct loop *l, int fd, const struct broker_ops *ops, void *arg,
			    struct err *e);
void broker_free(struct broker *b); /* ends the helpers; NULL is fine */
/* Those that run now. */
void broker_each(const struct broker *b, void (*fn)(void *arg, const char *program, pid_t pid),
		 void *arg);
#endif
