/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/shift.c: shifts and rotates by the host's instruction with the
 * count in CL, which masks it and sets the undefined flags as hardware does.
 *
 * Spec: Intel SDM volume 2, RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR, SHLD, SHRD.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/thunk.h"

/* clang-format off */
#define SHIFT(name, insn)                                                                    \
static uint32_t name(void *p, uint64_t b, unsigned size, uint32_t ax)                        \
{                                                                                            \
	THUNK_CASES(insn)                                                                    \
	return ax;                                                                           \
}
#define SHIFT_ONE(text, s, T) \
	__asm__ volatile(THUNK_IN text s " %%cl, %[m]" THUNK_OUT \
			 : "+a"(ax), [m] "+m"(*(T *)p) : "c"((uint8_t)b) : "cc")

#define ROL(s, T, V) SHIFT_ONE("rol", s, T)
#define ROR(s, T, V) SHIFT_ONE("ror", s, T)
#define RCL(s, T, V) SHIFT_ONE("rcl", s, T)
#define RCR(s, T, V) SHIFT_ONE("rcr", s, T)
#define SHL(s, T, V) SHIFT_ONE("shl", s, T)
#define SHR(s, T, V) SHIFT_ONE("shr", s, T)
#define SAR(s, T, V) SHIFT_ONE("sar", s, T)

SHIFT(do_rol, ROL)
SHIFT(do_ror, ROR)
SHIFT(do_rcl, RCL)
SHIFT(do_rcr, RCR)
SHIFT(do_shl, SHL)
SHIFT(do_shr, SHR)
SHIFT(do_sar, SAR)

typedef uint32_t double_fn(void *p, uint64_t b, uint8_t n, unsigned size, uint32_t ax);
#define DOUBLE(name, text)                                                                   \
static uint32_t name(void *p, uint64_t b, uint8_t n, unsigned size, uint32_t ax)             \
{                                                                                            \
	if (size == 2)                                                                       \
		__asm__ volatile(THUNK_IN text "w %%cl, %[b], %[m]" THUNK_OUT                \
			: "+a"(ax), [m] "+m"(*(thunk_16 *)p)                                 \
			: [b] "r"((uint16_t)b), "c"(n) : "cc");                              \
	else if (size == 4)                                                                  \
		__asm__ volatile(THUNK_IN text "l %%cl, %[b], %[m]" THUNK_OUT                \
			: "+a"(ax), [m] "+m"(*(thunk_32 *)p)                                 \
			: [b] "r"((uint32_t)b), "c"(n) : "cc");                              \
	else                                                                                 \
		__asm__ volatile(THUNK_IN text "q %%cl, %[b], %[m]" THUNK_OUT                \
			: "+a"(ax), [m] "+m"(*(thunk_64 *)p) : [b] "r"(b), "c"(n) : "cc");   \
	return ax;                                                                           \
}
DOUBLE(do_shld, "shld")
DOUBLE(do_shrd, "shrd")
/* clang-format on */

static void shift(struct cpu *c, const struct insn *in, thunk_fn *fn)
{
	uint64_t count = opnd_get(c, in, 1);
	struct place pl;
	uint32_t ax;

	place_open(c, in, 0, &pl);
	ax = fn(pl.p, count, pl.size, thunk_flags(c->flags));
	place_done(c, in, &pl);
	thunk_set_flags(c, ax);
}

#define SHIFT_OP(name)                   \
	OP(name)                         \
	{                                \
		shift(c, in, do_##name); \
	}

SHIFT_OP(rol)
SHIFT_OP(ror)
SHIFT_OP(rcl)
SHIFT_OP(rcr)
SHIFT_OP(shl)
SHIFT_OP(shr)
SHIFT_OP(sar)

static void shift_double(struct cpu *c, const struct insn *in, double_fn *fn)
{
	uint64_t from = opnd_get(c, in, 1);
	uint8_t count = (uint8_t)opnd_get(c, in, 2);
	struct place pl;
	uint32_t ax;

	place_open(c, in, 0, &pl);
	ax = fn(pl.p, from, count, pl.size, thunk_flags(c->flags));
	place_done(c, in, &pl);
	thunk_set_flags(c, ax);
}

OP(shld)
{
	shift_double(c, in, do_shld);
}

OP(shrd)
{
	shift_double(c, in, do_shrd);
}
