/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/keys.h: what translated code is made for, and runs under. */
#ifndef HYPERVISOR_X86_TRANSLATE_KEYS_H
#define HYPERVISOR_X86_TRANSLATE_KEYS_H
#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* What a block was made for besides its address. */
struct tr_key {
	uint32_t open; /* flat segments: fast.h; of 16-bit code none */
	uint8_t mode, set, cpl;
	bool sse, avx, x87, prot, vm86;
};

/* What a key follows from. */
struct tr_state {
	uint64_t cr0, cr4, xcr0, flags;
	uint32_t open;
	uint8_t mode, cpl;
	bool ignne;
};

/* In 64-bit mode with the first three of that: the key of each CPL, so that going from one to the
 * other looks nothing up. */
enum { RING_KERNEL, RING_KERNEL_AC, RING_USER, TR_RINGS };

/* What the vCPU is now has the same CR0, CR4, XCR0, IGNNE# and mode as the ring had. */
bool keys_known(const struct cpu *c, unsigned ring);
/* cpu.tr_key for what the vCPU is now; false: that is not for translated code. */
bool keys_set(struct cpu *c);
#endif
