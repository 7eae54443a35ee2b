/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/store/store.h: a xenstore: a tree of small values with permissions, watches and
 * transactions, spoken to by the xenstore wire protocol. The store knows no sockets: bytes of a
 * client go in, bytes for it come out; store_server.c puts it on a Unix socket.
 *
 * Spec: the public header xen/io/xs_wire.h and Xen's docs/misc/xenstore.txt.
 */
#ifndef TOOLSTACK_STORE_STORE_H
#define TOOLSTACK_STORE_STORE_H
#include "base/err.h"
#include "base/loop.h"
#include "jail/jail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_HEADER  16
#define STORE_PAYLOAD 4096

struct store_limits {
	unsigned nodes;                 /* in the tree */
	unsigned watches, transactions; /* of a client */
	unsigned changes;               /* and nodes looked at, in a transaction */
	size_t log;                     /* bytes of a transaction's changes */
	size_t unread; /* bytes that wait for a client; it is hung up on above it */
};
extern const struct store_limits store_limits;

struct store;
struct store *store_new(const struct store_limits *l, struct err *e); /* NULL: out of memory */
void store_free(struct store *s);                                     /* and its clients */
/* As a privileged client's write, for who owns the store. */
int store_write(struct store *s, const char *path, const char *value);

struct store_client;
/* domid 0 may do all. wake(arg): there is output that was not there. NULL: out of memory. */
struct store_client *store_client_new(struct store *s, unsigned domid, void (*wake)(void *arg),
				      void *arg);
void store_client_free(struct store_client *c); /* with its watches and transactions */
/* Requests, in pieces of any size. < 0: it must be hung up on. */
int store_client_input(struct store_client *c, const void *bytes, size_t n);
/* What waits for it; store_client_sent: so much of it has gone. < 0: as above. */
int store_client_output(struct store_client *c, const void **bytes, size_t *n);
void store_client_sent(struct store_client *c, size_t n);

/* store_server.c: listens on a socket at `path`, for its owner alone. */
struct store_server;
struct store_server *store_server_new(struct store *s, struct loop *l, const char *path,
				      struct err *e);
void store_server_free(struct store_server *v); /* removes the socket; NULL is fine */
/* Calls fn each time when nobody is connected any more, or somebody is again. */
void store_server_watch(struct store_server *v, void (*fn)(void *arg, bool alone), void *arg);

/* store_jail.c: for good. path: its socket, which it may remove. */
int store_jail_enter(const char *path, enum jail_mode mode, struct err *e);
#endif
