/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/bmi.c: BMI1 and BMI2 on general registers, by the host's
 * instruction (the model shows them only where the host has them).
 *
 * Spec: Intel SDM volume 2, ANDN, BEXTR, BLSI, BLSMSK, BLSR, BZHI, MULX, PDEP, PEXT, RORX, SARX,
 * SHLX, SHRX.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/thunk.h"

typedef uint64_t bmi_fn(uint64_t a, uint64_t b, bool wide, uint32_t *ax);

/* clang-format off */
#define BMI(name, operands32, operands64)                                                    \
static uint64_t name(uint64_t a, uint64_t b, bool wide, uint32_t *ax)                        \
{                                                                                            \
	uint64_t r = 0;                                                                      \
                                                                                             \
	if (wide)                                                                            \
		__asm__ volatile(THUNK_IN operands64 THUNK_OUT                               \
				 : "+a"(*ax), [r] "=&r"(r) : [a] "r"(a), [b] "r"(b) : "cc"); \
	else                                                                                 \
		__asm__ volatile(THUNK_IN operands32 THUNK_OUT                               \
				 : "+a"(*ax), [r] "=&r"(r) : [a] "r"(a), [b] "r"(b) : "cc"); \
	return r;                                                                            \
}
#define BMI_AB(name, text) \
	BMI(do_##name, text "l %k[b], %k[a], %k[r]", text "q %q[b], %q[a], %q[r]")
#define BMI_BA(name, text) \
	BMI(do_##name, text "l %k[a], %k[b], %k[r]", text "q %q[a], %q[b], %q[r]")
#define BMI_B(name, text) BMI(do_##name, text "l %k[b], %k[r]", text "q %q[b], %q[r]")

/* AT&T has the last source first: AB computes op(a, b), BA has b where ModRM.rm is. */
BMI_AB(andn, "andn")
BMI_AB(pdep, "pdep")
BMI_AB(pext, "pext")
BMI_BA(bextr, "bextr")
BMI_BA(bzhi, "bzhi")
BMI_BA(sarx, "sarx")
BMI_BA(shlx, "shlx")
BMI_BA(shrx, "shrx")
BMI_B(blsi, "blsi")
BMI_B(blsmsk, "blsmsk")
BMI_B(blsr, "blsr")
/* clang-format on */

/* Destination, then a and b as operands number ia and ib. */
static void bmi(struct cpu *c, const struct insn *in, unsigned ia, unsigned ib, bmi_fn *fn)
{
	unsigned size = opnd_size(in, 0);
	uint64_t a = opnd_get(c, in, ia), b = opnd_get(c, in, ib);
	uint32_t ax = thunk_flags(c->flags);

	opnd_set(c, in, 0, fn(a, b, size == 8, &ax));
	thunk_set_flags(c, ax);
}

#define BMI_OP(name, ia, ib)                   \
	OP(name)                               \
	{                                      \
		bmi(c, in, ia, ib, do_##name); \
	}

/* Of rm and vvvv, vvvv is the count or the control: the table has it last. */
BMI_OP(andn, 1, 2)
BMI_OP(pdep, 1, 2)
BMI_OP(pext, 1, 2)
BMI_OP(bextr, 2, 1)
BMI_OP(bzhi, 2, 1)
BMI_OP(sarx, 2, 1)
BMI_OP(shlx, 2, 1)
BMI_OP(shrx, 2, 1)
BMI_OP(blsi, 1, 1)
BMI_OP(blsmsk, 1, 1)
BMI_OP(blsr, 1, 1)

OP(rorx)
{
	unsigned bits = opnd_size(in, 0) * 8, n = in->imm & (bits - 1);
	uint64_t v = opnd_get(c, in, 1);

	opnd_set(c, in, 0, n ? v >> n | v << (bits - n) : v);
}

/* The high half wins when both destinations are one register. */
OP(mulx)
{
	unsigned size = opnd_size(in, 0), bits = size * 8;
	unsigned __int128 p = (unsigned __int128)reg_get(c, in, R_DX, size) * opnd_get(c, in, 2);

	opnd_set(c, in, 1, (uint64_t)p);
	opnd_set(c, in, 0, (uint64_t)(p >> bits));
}
