/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net/backend.h: between net/net.c and the kinds of -netdev; for files of net/ only. */
#ifndef NET_BACKEND_H
#define NET_BACKEND_H
#include "net/net.h"
#include "net/opts.h"

#define NET_ID_MAX 64

struct net_type {
	const char *name;
	/* Fills n->priv and n->info. n is freed by the caller on failure. */
	int (*open)(struct netdev *n, const struct net_opts *o, struct err *e);
	void (*close)(struct netdev *n); /* also after a failed open */
	void (*send)(struct netdev *n, const uint8_t *frame, size_t len);
	void (*resume)(struct netdev *n); /* a frame refused by net_deliver may fit now */
	/* Both optional: a port of the host to one of the guest; what goes on, for people. */
	int (*hostfwd)(struct netdev *n, bool add, const char *rule, struct err *e);
	int (*status)(struct netdev *n, char *text, size_t size, struct err *e);
};

struct net_dump;
struct netdev {
	const struct net_type *type;
	struct loop *loop;
	struct net_client client; /* receive NULL = nobody */
	struct defer kick;
	void *priv;
	bool link;
	struct net_dump *dumps; /* net/dump.c */
	char id[NET_ID_MAX], info[160];
};

extern const struct net_type net_type_socket, net_type_tap, net_type_user;

/* net/dump.c */
void net_dump_frame(struct netdev *n, const uint8_t *frame, size_t len);
void net_dump_close(struct netdev *n);
/* A frame from the wire. false: the NIC cannot take it now, keep it until resume(). */
bool net_deliver(struct netdev *n, const uint8_t *frame, size_t len);
#endif
