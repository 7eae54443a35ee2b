/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transports' half of the ioreq protocol, device model's side: slots and the buffered ring in
 * shared pages. Everything is read once into private memory (XSA-197) and states only move on
 * (XSA-262).
 */
#include "base/util.h"
#include "hypervisor/public/ioreq_run.h"

/* The byte of a slot that holds state (bits 0-3), data_is_ptr, dir and df. */
static uint8_t *state_byte(struct hv_ioreq *slot)
{
	return (uint8_t *)slot + offsetof(struct hv_ioreq, type) - 1;
}

static void set_state(struct hv_ioreq *slot, enum hv_ioreq_state state, const struct hv_ioreq *copy)
{
	uint8_t flags = *state_byte((struct hv_ioreq *)copy) & 0xf0;

	__atomic_store_n(state_byte(slot), flags | state, __ATOMIC_RELEASE);
}

bool ioreq_take(struct hv_ioreq_page *page, unsigned vcpu, struct hv_ioreq *copy)
{
	struct hv_ioreq *slot = &page->vcpu_ioreq[vcpu];

	if ((__atomic_load_n(state_byte(slot), __ATOMIC_ACQUIRE) & 0xf) != HV_IOREQ_READY)
		return false;
	/* The compiler may not read a field again later: copy through volatile. */
	for (size_t i = 0; i < sizeof(*slot) / 8; i++)
		((uint64_t *)copy)[i] = ((volatile uint64_t *)slot)[i];
	set_state(slot, HV_IOREQ_INPROCESS, copy);
	return true;
}

void ioreq_answer(struct hv_ioreq_page *page, unsigned vcpu, const struct hv_ioreq *copy)
{
	struct hv_ioreq *slot = &page->vcpu_ioreq[vcpu];

	if (copy->dir == HV_IOREQ_READ && !copy->data_is_ptr)
		__atomic_store_n(&slot->data, copy->data, __ATOMIC_RELAXED);
	set_state(slot, HV_IOREQ_RESP_READY, copy);
}

/* Both pointers at one moment: the producer may lower both by a multiple of the ring's size. */
static uint64_t pointers(struct hv_buf_page *ring)
{
	return __atomic_load_n((uint64_t *)(void *)&ring->read_pointer, __ATOMIC_ACQUIRE);
}

static struct hv_buf_ioreq entry_at(struct hv_buf_page *ring, uint32_t at)
{
	struct hv_buf_ioreq b;
	uint64_t raw = ((volatile uint64_t *)(void *)ring->buf)[at % HV_BUF_SLOTS];

	memcpy(&b, &raw, sizeof(b));
	return b;
}

/* One entry at `at`; returns the slots that it takes. */
static unsigned drain_one(struct hv_buf_page *ring, uint32_t at, uint32_t there,
			  const struct hv_client *client)
{
	struct hv_buf_ioreq b = entry_at(ring, at);
	struct hv_ioreq req = {.addr = hv_buf_addr(&b),
			       .data = b.data,
			       .count = 1,
			       .size = 1u << b.size,
			       .type = b.type,
			       .dir = HV_IOREQ_WRITE,
			       .state = HV_IOREQ_READY};

	if (req.size == 8) {
		if (there < 2) /* half an entry: nonsense, gone */
			return 1;
		b = entry_at(ring, at + 1);
		req.data |= (uint64_t)b.data << 32;
	}
	client->buffered(client->arg, &req);
	return req.size == 8 ? 2 : 1;
}

unsigned ioreq_drain(struct hv_buf_page *ring, const struct hv_client *client)
{
	unsigned entries = 0;

	/* Bounded: a producer that never stops must not starve the synchronous requests. */
	for (unsigned slots = 0, n; slots < HV_BUF_SLOTS; slots += n, entries++) {
		uint64_t both = pointers(ring);
		uint32_t rd = (uint32_t)both, there = (uint32_t)(both >> 32) - rd;

		if (!there)
			break;
		if (there > HV_BUF_SLOTS) { /* no legal state: nothing in it means anything */
			__atomic_store_n(&ring->read_pointer, (uint32_t)(both >> 32),
					 __ATOMIC_RELEASE);
			break;
		}
		n = drain_one(ring, rd, there, client);
		__atomic_add_fetch(&ring->read_pointer, n, __ATOMIC_RELEASE);
	}
	return entries;
}
