/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/page_peer.c: posting into slots and the buffered ring. Whatever the device model
 * writes there, the core only ever reads a state, a value and a pointer, and bounds all three.
 */
#include "hypervisor/page_peer.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- slots ---- */

static uint8_t *state_byte(struct hv_ioreq *slot)
{
	return (uint8_t *)slot + offsetof(struct hv_ioreq, type) - 1;
}

static unsigned slot_state(struct hv_ioreq *slot)
{
	return __atomic_load_n(state_byte(slot), __ATOMIC_ACQUIRE) & 0xf;
}

static void slot_post(struct hv_ioreq *slot, const struct hv_ioreq *req)
{
	struct hv_ioreq copy = *req;

	slot->addr = copy.addr;
	slot->data = copy.data;
	slot->count = copy.count;
	slot->size = copy.size;
	slot->type = copy.type;
	copy.state = HV_IOREQ_READY;
	__atomic_store_n(state_byte(slot), *state_byte(&copy), __ATOMIC_RELEASE);
}

struct waiter {
	struct page_peer *p;
	struct hv_ioreq *slot;
	unsigned seen; /* the last state; it may only move on */
};

/* Answered, gone or broken: nothing more to wait for. */
static bool settled(void *arg)
{
	struct waiter *w = arg;
	unsigned state = slot_state(w->slot);

	if (__atomic_load_n(&w->p->gone, __ATOMIC_ACQUIRE))
		return true;
	if (state == HV_IOREQ_RESP_READY)
		return true;
	if (state < w->seen || state > HV_IOREQ_RESP_READY)
		return true;
	w->seen = state;
	return false;
}

static void sleep_on_bell(struct page_peer *p, unsigned vcpu, struct waiter *w)
{
	uint64_t rung;

	if (p->asleep)
		__atomic_store_n(&p->asleep[vcpu], 1, __ATOMIC_SEQ_CST);
	/* Looked at after saying so: either the bell rings or this sees the answer. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!settled(w) && read(p->bell[vcpu], &rung, sizeof(rung)) < 0 && errno != EINTR)
		__atomic_store_n(&p->gone, true, __ATOMIC_RELEASE);
	if (p->asleep)
		__atomic_store_n(&p->asleep[vcpu], 0, __ATOMIC_RELAXED);
}

static int slot_wait(struct page_peer *p, unsigned vcpu, struct hv_ioreq *slot)
{
	struct waiter w = {p, slot, HV_IOREQ_READY};

	if (!spin_wait(&p->spin[vcpu], settled, &w))
		while (!settled(&w))
			sleep_on_bell(p, vcpu, &w);
	if (slot_state(slot) == HV_IOREQ_RESP_READY)
		return 0;
	return __atomic_load_n(&p->gone, __ATOMIC_ACQUIRE) ? -EPIPE : -EPROTO;
}

static void peer_broken(struct page_peer *p)
{
	if (p->gone)
		return;
	__atomic_store_n(&p->gone, true, __ATOMIC_RELEASE);
	if (p->broken)
		p->broken(p);
}

/* The wait, without the lock. */
static int post_and_wait(struct page_peer *p, unsigned vcpu, struct hv_ioreq *slot,
			 const struct hv_ioreq *req)
{
	bool locked = domain_locked(p->dom);
	int rc;

	p->busy[vcpu] = true;
	p->waiting++;
	slot_post(slot, req);
	p->kick(p, vcpu);
	if (locked) {
		p->dom->asking++;
		pthread_cond_broadcast(&p->dom->quiet);
		domain_unlock(p->dom);
	}
	rc = slot_wait(p, vcpu, slot);
	if (locked) {
		domain_lock(p->dom);
		p->dom->asking--;
	}
	p->busy[vcpu] = false;
	if (!--p->waiting)
		pthread_cond_broadcast(&p->idle);
	return rc;
}

static int page_send(struct ioreq_server *s, unsigned vcpu, struct hv_ioreq *req)
{
	struct page_peer *p = s->arg;
	struct hv_ioreq *slot = &p->page->vcpu_ioreq[vcpu];
	int rc;

	req->data = req->dir == HV_IOREQ_READ && !req->data_is_ptr ? ~0ull : req->data;
	if (p->gone)
		return -EPIPE;
	if (p->busy[vcpu])
		return -EBUSY;
	rc = slot_state(slot) ? -EPROTO : post_and_wait(p, vcpu, slot, req);
	if (rc) {
		if (rc == -EPROTO)
			peer_broken(p);
		return -EPIPE;
	}
	if (req->dir == HV_IOREQ_READ && !req->data_is_ptr)
		req->data = __atomic_load_n(&slot->data, __ATOMIC_RELAXED) & ones(req->size);
	__atomic_store_n(state_byte(slot), HV_IOREQ_NONE, __ATOMIC_RELEASE);
	if (p->answered)
		p->answered(p);
	return 0;
}

/* ---- the ring ---- */

/* Free-running pointers modulo 511 break at their own wrap: keep them low, both at once. */
static void ring_rewind(struct hv_buf_page *ring)
{
	uint64_t *both = (uint64_t *)(void *)&ring->read_pointer, old, new;

	old = __atomic_load_n(both, __ATOMIC_ACQUIRE);
	do {
		uint64_t by = (uint32_t)old - (uint32_t)old % HV_BUF_SLOTS;

		if (!by || (uint32_t)(old >> 32) < (uint32_t)old)
			return;
		new = old - (by << 32 | by);
	} while (!__atomic_compare_exchange_n(both, &old, new, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
}

static bool page_buffer(struct ioreq_server *s, const struct hv_ioreq *req)
{
	struct page_peer *p = s->arg;
	struct hv_buf_page *ring = p->ring;
	uint32_t wr, used;
	unsigned n = req->size == 8 ? 2 : 1;

	if (p->gone)
		return false;
	wr = __atomic_load_n(&ring->write_pointer, __ATOMIC_RELAXED);
	used = wr - __atomic_load_n(&ring->read_pointer, __ATOMIC_ACQUIRE);
	if (used > HV_BUF_SLOTS - n)
		return false;
	for (unsigned i = 0; i < n; i++)
		ring->buf[(wr + i) % HV_BUF_SLOTS] =
			(struct hv_buf_ioreq){.type = req->type,
					      .dir = req->dir,
					      .size = (uint8_t)__builtin_ctz(req->size) & 3,
					      .addr_lo = req->addr & 0xf,
					      .addr_hi = (uint16_t)(req->addr >> 4),
					      .data = (uint32_t)(req->data >> 32 * i)};
	__atomic_add_fetch(&ring->write_pointer, n, __ATOMIC_RELEASE);
	ring_rewind(ring);
	p->kick(p, DOMAIN_NO_VCPU);
	return true;
}

const struct ioreq_sender page_sender = {page_send, page_buffer};

/* ---- life ---- */

int page_peer_init(struct page_peer *p, struct err *e)
{
	pthread_cond_init(&p->idle, NULL);
	for (unsigned i = 0; i < DOMAIN_VCPUS; i++)
		p->bell[i] = -1;
	for (unsigned i = 0; i < p->dom->vcpus; i++) {
		p->bell[i] = eventfd(0, EFD_CLOEXEC);
		if (p->bell[i] < 0)
			return err_errno(e, -errno, "no event descriptor for processor %u", i);
	}
	return 0;
}

void page_peer_gone(struct page_peer *p)
{
	uint64_t one = 1;

	__atomic_store_n(&p->gone, true, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < p->dom->vcpus; i++)
		if (p->bell[i] >= 0 && p->busy[i] && write(p->bell[i], &one, sizeof(one)) < 0)
			continue;
	while (p->waiting && domain_locked(p->dom))
		core_wait(p->dom, &p->idle);
}

void page_peer_fini(struct page_peer *p)
{
	for (unsigned i = 0; i < DOMAIN_VCPUS; i++)
		if (p->bell[i] >= 0)
			close(p->bell[i]);
	pthread_cond_destroy(&p->idle);
}
