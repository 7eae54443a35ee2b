/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/debug.h: what a debugger outside the guest wants of every vCPU. */
#ifndef HYPERVISOR_X86_DEBUG_H
#define HYPERVISOR_X86_DEBUG_H
#include <stdbool.h>
#include <stdint.h>

#define DEBUG_BREAKS  128
#define DEBUG_WATCHES 16

struct cpu_watch {
	uint64_t at; /* linear */
	uint32_t len;
	bool read, write;
};
/* A vCPU stops before an instruction at one of the first, after one that met one of the second. */
struct cpu_debug {
	unsigned n_breaks, n_watches;
	uint64_t breaks[DEBUG_BREAKS]; /* linear */
	struct cpu_watch watches[DEBUG_WATCHES];
};
#endif
