/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/spin.c: see spin.h. */
#include "hypervisor/spin.h"

#include <sched.h>
#include <stdint.h>
#include <time.h>

static int forced = -1;

static bool cpus_to_spare(void)
{
	static int cpus; /* 0: not counted yet; racing threads count the same */
	cpu_set_t set;
	int n = __atomic_load_n(&cpus, __ATOMIC_RELAXED);

	if (!n) {
		n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
		__atomic_store_n(&cpus, n, __ATOMIC_RELAXED);
	}
	return n > 1;
}

void spin_force(int how)
{
	forced = how;
}

static bool worth_it(struct spin *s)
{
	if (forced >= 0)
		return forced;
	return cpus_to_spare() && (s->score >= 0 || !(++s->tries % 64));
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

bool spin_wait(struct spin *s, bool (*ready)(void *arg), void *arg)
{
	int64_t end;

	if (ready(arg))
		return true;
	if (!worth_it(s))
		return false;
	end = now_ns() + SPIN_NS;
	do {
		for (int i = 0; i < 16; i++) {
			if (ready(arg)) {
				s->score += s->score < 8;
				return true;
			}
			relax();
		}
	} while (now_ns() < end);
	s->score -= s->score > -8 ? 2 : 0;
	return ready(arg);
}
