/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/page_peer.h: the core's half of the ioreq protocol with a device model
 * behind shared pages: another process, or one that believes to be on Xen.
 */
#ifndef HYPERVISOR_PAGE_PEER_H
#define HYPERVISOR_PAGE_PEER_H
#include "hypervisor/core.h"
#include "hypervisor/spin.h"

struct page_peer {
	struct domain *dom;
	struct hv_ioreq_page *page;
	struct hv_buf_page *ring;
	int bell[DOMAIN_VCPUS]; /* eventfds, rung by the device model */
	uint32_t *asleep;       /* by vCPU, read by the device model; NULL: it always rings */
	/* Tells the device model: a slot is READY, or (DOMAIN_NO_VCPU) the ring has entries. */
	void (*kick)(struct page_peer *p, unsigned vcpu);
	void (*answered)(struct page_peer *p); /* before the vCPU goes on; locked */
	void (*broken)(struct page_peer *p);   /* it broke the protocol; locked; may be NULL */
	/* The rest is the peer's own. */
	bool gone, busy[DOMAIN_VCPUS];
	unsigned waiting; /* vCPUs that wait without the lock */
	pthread_cond_t idle;
	struct spin spin[DOMAIN_VCPUS];
};
/* For core_server_new, with a struct page_peer as arg. */
extern const struct ioreq_sender page_sender;

int page_peer_init(struct page_peer *p, struct err *e); /* makes the bells */
/* Wakes every vCPU that waits (-EPIPE) and returns when all have left. Locked. */
void page_peer_gone(struct page_peer *p);
void page_peer_fini(struct page_peer *p);
#endif
