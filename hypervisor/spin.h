/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/spin.h: waiting for the other process for a moment before sleeping.
 * Worth it only while answers come that fast, and with a CPU for each side.
 */
#ifndef HYPERVISOR_SPIN_H
#define HYPERVISOR_SPIN_H
#include <stdbool.h>

#define SPIN_NS 20000

struct spin {
	int score;      /* -8 … 8; how well it went lately */
	unsigned tries; /* now and then it is tried whatever the score */
};
/* Spins until ready(arg) or the time is up; true: ready. At once when it is not worth it. */
bool spin_wait(struct spin *s, bool (*ready)(void *arg), void *arg);
/* Process-wide, for benchmarks and tests: -1 as the machine is (default), 0 never, 1 always. */
void spin_force(int how);
#endif
