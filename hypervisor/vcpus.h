/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/vcpus.h: the threads that run a domain's vCPUs on an engine: one
 * each on the host's clock, one for all when time is counted in instructions.
 *
 * They run while the domain is not paused, wait without a wake-up while theirs is
 * halted, and take the domain's second set of hooks for themselves.
 */
#ifndef HYPERVISOR_VCPUS_H
#define HYPERVISOR_VCPUS_H
#include "base/err.h"
#include "hypervisor/x86/engine_config.h"

#include <stdbool.h>
#include <stdint.h>

struct domain;
struct engine;
struct engine_ops;
struct vcpus;

struct vcpus_config {
	const struct engine_ops *ops;
	struct engine_config engine;
	/* -clock icount: an instruction takes 1 << icount_shift ns of a CLOCK_MANUAL clock, which
	 * jumps to the next timer while all vCPUs are halted. */
	bool icount;
	unsigned icount_shift; /* 0-20 */
	/* A triple fault; the lock is held. The vCPU stands still until a reset. */
	void (*triple_fault)(void *arg, unsigned vcpu);
	/* It met what a debugger waits for; the lock is held. */
	void (*stopped)(void *arg, unsigned vcpu);
	void *arg;
};

/* The domain is paused, its lock not held; it outlives them. NULL and a sentence on failure. */
struct vcpus *vcpus_new(struct domain *dom, const struct vcpus_config *c, struct err *e);
/* Their threads, once; a process that gives up rights does that first. */
int vcpus_start(struct vcpus *vs, struct err *e);
void vcpus_free(struct vcpus *vs); /* without the lock; NULL is fine */
struct engine *vcpus_engine(struct vcpus *vs);
/* Runs one instruction of a vCPU while the domain is paused; with the lock, let go of meanwhile. */
void vcpus_step(struct vcpus *vs, unsigned vcpu);
#endif
