/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/public/ioreq_run.h: the device model's half of the ioreq protocol:
 * taking requests out of shared pages (transports), checking every field and
 * carrying out the units of a rep request (the dispatcher).
 */
#ifndef HYPERVISOR_PUBLIC_IOREQ_RUN_H
#define HYPERVISOR_PUBLIC_IOREQ_RUN_H
#include "hypervisor/public/hv.h"

#include <stdbool.h>

#define IOREQ_BYTES 4096 /* most that one request moves: count * size */

/* ---- the dispatcher's ---- */
/* Who answers single accesses. addr: port, guest physical address, or SBDF << 32 | register. */
struct ioreq_target {
	uint64_t (*read)(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size);
	void (*write)(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size,
		      uint64_t val);
	/* rep ins/outs: up to count units from or to buf, packed, in the instruction's order;
	 * returns how many it did, the rest comes one by one. May be NULL. */
	unsigned (*bulk)(void *arg, uint16_t port, unsigned size, bool write, void *buf,
			 unsigned count);
	void *arg;
};
/* Every field within its bounds, so that nothing after it wraps or is unbounded? */
bool ioreq_valid(const struct hv_ioreq *r);
/*
 * Carries out a PIO, COPY or PCI_CONFIG request (a private copy) and fills r->data of a read.
 * The memory side is RAM only: other bytes read as ones and drop writes. -EINVAL: nonsense, or a
 * type that has no units (TIMEOFFSET, INVALIDATE): nothing was done, reads got all ones.
 */
int ioreq_run(struct hv *hv, struct hv_ioreq *r, const struct ioreq_target *t);
/* RAM through dma_map/dma_unmap. -EFAULT: some of it was not RAM (ones, dropped). */
int ioreq_ram(struct hv *hv, uint64_t gpa, void *buf, size_t len, bool write);

/* ---- the transports' ---- */
/* READY → INPROCESS and a private copy; false: nothing to do in this slot. */
bool ioreq_take(struct hv_ioreq_page *page, unsigned vcpu, struct hv_ioreq *copy);
/* data (reads), then RESP_READY. The caller rings the vCPU's bell after it. */
void ioreq_answer(struct hv_ioreq_page *page, unsigned vcpu, const struct hv_ioreq *copy);
/* Hands every entry that stands in the ring to client->buffered; returns how many. */
unsigned ioreq_drain(struct hv_buf_page *ring, const struct hv_client *client);
#endif
