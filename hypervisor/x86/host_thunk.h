/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/host_thunk.h: a guest's vector or x87 instruction as a small
 * function of the host: load fixed registers, the instruction itself, store.
 */
#ifndef HYPERVISOR_X86_HOST_THUNK_H
#define HYPERVISOR_X86_HOST_THUNK_H
#include "hypervisor/x86/insn.h"

/* Where the operands of a thunk are: named by the field that encodes them. */
enum { HV_XMM0, HV_REG, HV_VVVV, HV_RM, HV_IS4, HV_N };

struct host_regs {
	uint8_t mem[64] __attribute__((aligned(64))); /* the memory operand */
	uint8_t v[HV_N][32];
	uint64_t g[HV_N]; /* general and MMX registers; HV_REG, HV_VVVV, HV_RM only */
	uint64_t ax, cx, dx, flags;
	uint32_t mxcsr, host_mxcsr;
	uint64_t fault; /* 0, or the vector of the exception that the instruction raised */
	uint8_t fx[512] __attribute__((aligned(64))); /* x87: FXSAVE64 image */
};

struct thunk;
/* The memory for them, which a process that gives up rights cannot make later. At once; else at
 * the first thunk. */
bool host_thunk_ready(void);
/* The instruction's thunk, made at its first use; NULL: no memory for it. */
const struct thunk *host_thunk_get(const struct insn *in);
/* Of x87: FXRSTOR and FXSAVE alone, which brings an image to its canonical form. */
const struct thunk *host_thunk_x87_settle(void);
/* Runs it; on a fault the operands are as before and h->mxcsr has the new flags. */
void host_thunk_run(const struct thunk *t, struct host_regs *h);
#endif
