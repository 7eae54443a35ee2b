/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/clock_page.c: a sequence lock without fences. Release stores and acquire loads of the data
 * do: who sees a new value also sees that the count had become odd before it.
 */
#include "base/clock_page.h"

#include "base/util.h"

/* A write is four stores: only a writer that was interrupted in it outlasts these. */
#define TRIES 1000

void clock_page_write(struct clock_page *p, bool running, int64_t offset)
{
	uint32_t odd = __atomic_load_n(&p->seq, __ATOMIC_RELAXED) | 1;

	__atomic_store_n(&p->seq, odd, __ATOMIC_RELAXED);
	__atomic_store_n(&p->running, running, __ATOMIC_RELEASE);
	__atomic_store_n(&p->offset, offset, __ATOMIC_RELEASE);
	__atomic_store_n(&p->seq, odd + 1, __ATOMIC_RELEASE);
}

bool clock_page_read(const struct clock_page *p, struct clock_reading *r)
{
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t seq = __atomic_load_n(&p->seq, __ATOMIC_ACQUIRE);
		uint32_t running = __atomic_load_n(&p->running, __ATOMIC_ACQUIRE);
		int64_t offset = __atomic_load_n(&p->offset, __ATOMIC_ACQUIRE);

		if (seq & 1 || seq != __atomic_load_n(&p->seq, __ATOMIC_RELAXED))
			continue;
		*r = (struct clock_reading){running, offset};
		return true;
	}
	return false;
}

uint32_t clock_page_seq(const struct clock_page *p)
{
	return __atomic_load_n(&p->seq, __ATOMIC_RELAXED);
}

int64_t clock_page_time(const struct clock_reading *r, int64_t monotonic)
{
	int64_t t = r->offset;

	if (r->running && __builtin_add_overflow(t, monotonic, &t))
		t = CLOCK_MOST;
	return MIN(MAX(t, 0), CLOCK_MOST);
}
