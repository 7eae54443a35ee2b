/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/user.h: between -netdev user and hvm-nat.
 *
 * Two packet sockets. Frames: one Ethernet frame in each message, behind a
 * virtio_net_hdr of virtio 1.0 that is all zeros today (others are dropped);
 * who finds the socket full drops the frame. Control (proc/helper.h): one text
 * in each message. Each command, "hostfwd_add RULE", "hostfwd_remove RULE" or
 * "info", is answered by "OK text" or "ERROR sentence". Either socket closed
 * ends it.
 */
#ifndef NET_USER_H
#define NET_USER_H

#define NET_USER_HEADER  12 /* sizeof(struct virtio_net_hdr_v1) */
#define NET_USER_MESSAGE 16384
#endif
