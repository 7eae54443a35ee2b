/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/remote.h: the core's side of the remote transport: one connected
 * device model on a SOCK_SEQPACKET socket. The loop runs with the domain's lock
 * (loop_lock_hooks); functions here are called with it held.
 */
#ifndef HYPERVISOR_REMOTE_H
#define HYPERVISOR_REMOTE_H
#include "hypervisor/domain.h"

struct remote;

/* socket is taken over. ended: the device model left (asked: it said so) or broke the protocol;
 * call remote_close, there or later. */
struct remote *remote_open(struct domain *dom, struct loop *l, int socket,
			   void (*ended)(void *arg, bool asked, const char *why), void *arg,
			   struct err *e);
void remote_close(struct remote *r); /* NULL is fine */
/* A vCPU met a triple fault: the device model is to reset the machine. NULL is fine. */
void remote_triple_fault(struct remote *r);
#endif
