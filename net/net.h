/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net/net.h: Ethernet frames between a NIC and what -netdev names. */
#ifndef NET_NET_H
#define NET_NET_H
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netdev;
#define NET_FRAME_MAX  65536
#define NET_STATUS_MAX 16384

/* The NIC's side; all on the main thread. */
struct net_client {
	bool (*can_receive)(void *arg); /* false: frames wait (then drop) until net_kick */
	void (*receive)(void *arg, const uint8_t *frame,
			size_t len); /* no FCS; may be < 60 bytes */
	void (*link_changed)(void *arg, bool up);
	void *arg;
};

/*
 * opts: QEMU's -netdev text after the type, e.g. "socket,id=n0,fd=5". Types: socket
 * (fd=N of any packet, datagram or stream socket; listen=, connect=, udp=+localaddr=; streams carry
 * a 32-bit big-endian length before each frame, as QEMU's), user (hvm-nat), tap, none. NULL and a
 * sentence on failure.
 */
struct netdev *net_open(struct loop *l, const char *opts, struct err *e);
/* For tests: frames sent go to fn; net_inject plays the wire, which keeps nothing: a frame that the
 * NIC refuses is lost. */
struct netdev *net_fake(struct loop *l, const char *id,
			void (*fn)(void *arg, const uint8_t *frame, size_t len), void *arg);
void net_inject(struct netdev *n, const uint8_t *frame, size_t len);
void net_close(struct netdev *n); /* NULL is fine */

void net_attach(struct netdev *n, const struct net_client *c); /* NULL detaches; copied */
void net_send(struct netdev *n, const uint8_t *frame,
	      size_t len);       /* dropped when the peer is full */
void net_kick(struct netdev *n); /* can_receive may be true again */
/* CRC-32 of Ethernet: what a NIC puts behind a frame, low byte first. */
uint32_t net_crc(const uint8_t *p, size_t len);
void net_set_link(struct netdev *n, bool up);
bool net_link(const struct netdev *n);
const char *net_id(const struct netdev *n);
const char *net_info(const struct netdev *n); /* for `info network` */
const char *net_type_name(const struct netdev *n);
/* user: "[tcp|udp]:[ADDRESS]:PORT-[ADDRESS]:PORT", to remove without what follows '-'. */
int net_hostfwd(struct netdev *n, bool add, const char *rule, struct err *e);
/* user: its connections, a line each. -ENOTSUP: the type has nothing to say. */
int net_status(struct netdev *n, char *text, size_t size, struct err *e);

/* Frames both ways into a pcap file, cut to maxlen (0: whole), until it is removed or n closed. */
int net_dump_add(struct netdev *n, const char *id, const char *file, uint32_t maxlen,
		 struct err *e);
bool net_dump_remove(struct netdev *n, const char *id); /* false: none of that id */
/* What opens its file; NULL: open(2). */
extern int (*net_host_open)(const char *path, int flags, unsigned mode, struct err *e);
#endif
