/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/thunk.h: the host's own instruction on the guest's values, with
 * the six status flags going in and out, so that undefined ones are the host's too.
 *
 * Flags travel in AX as LAHF and SETO leave them, which needs no stack (a push
 * inside an asm would hit the red zone) and is faster than POPF.
 */
#ifndef HYPERVISOR_X86_THUNK_H
#define HYPERVISOR_X86_THUNK_H
#include "hypervisor/x86/cpu.h"

#define THUNK_IN  "addb $127, %%al\n\tsahf\n\t"
#define THUNK_OUT "\n\tlahf\n\tseto %%al"

/* Guest memory on the host: any alignment, any type. */
typedef uint8_t thunk_8 __attribute__((may_alias));
typedef uint16_t thunk_16 __attribute__((may_alias, aligned(1)));
typedef uint32_t thunk_32 __attribute__((may_alias, aligned(1)));
typedef uint64_t thunk_64 __attribute__((may_alias, aligned(1)));

static inline uint32_t thunk_flags(uint64_t flags)
{
	return (uint32_t)((flags & 0xff) << 8 | (flags >> 11 & 1));
}
static inline void thunk_set_flags(struct cpu *c, uint32_t ax)
{
	c->flags = (c->flags & ~(uint64_t)FL_STATUS) |
		   (ax >> 8 & (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF)) | (ax & 1) << 11;
}

/* A function of this shape per operation: on size bytes at p with the value b. */
typedef uint32_t thunk_fn(void *p, uint64_t b, unsigned size, uint32_t ax);

#define THUNK_CASES(one)                      \
	switch (size) {                       \
	case 1:                               \
		one("b", thunk_8, uint8_t);   \
		break;                        \
	case 2:                               \
		one("w", thunk_16, uint16_t); \
		break;                        \
	case 4:                               \
		one("l", thunk_32, uint32_t); \
		break;                        \
	default:                              \
		one("q", thunk_64, uint64_t); \
		break;                        \
	}
#endif
