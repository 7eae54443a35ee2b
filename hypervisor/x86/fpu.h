/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/fpu.h: what the files of the x87, MMX, SSE and AVX units share.
 */
#ifndef HYPERVISOR_X86_FPU_H
#define HYPERVISOR_X86_FPU_H
#include "hypervisor/x86/cpu.h"

#include <string.h>

/* The FXSAVE64 image. */
enum {
	FX_FCW = 0,
	FX_FSW = 2,
	FX_FTW = 4, /* a bit for each register in use, by its number, not by ST() */
	FX_FOP = 6,
	FX_FIP = 8,
	FX_FDP = 16,
	FX_MXCSR = 24,
	FX_MXCSR_MASK = 28,
	FX_ST = 32, /* by ST(), 16 bytes each */
	FX_XMM = 160,
	FX_X87_SIZE = 160, /* all before the XMM registers */
	FX_SIZE = 512,
};
enum { FSW_FLAGS = 0x3f, FSW_ES = 1 << 7, FSW_TOP_SHIFT = 11, FSW_B = 1 << 15 };
enum { FCW_INIT = 0x37f, MXCSR_INIT = 0x1f80, MXCSR_VALID = 0xffff };

static inline uint32_t fx_get(const struct cpu *c, unsigned at, unsigned size)
{
	uint32_t v = 0;

	memcpy(&v, c->fpu.fx + at, size);
	return v;
}
static inline void fx_set(struct cpu *c, unsigned at, unsigned size, uint32_t v)
{
	memcpy(c->fpu.fx + at, &v, size);
}
static inline uint8_t *fx_st(struct cpu *c, unsigned i)
{
	return c->fpu.fx + FX_ST + 16 * (i & 7);
}
static inline uint8_t *fx_xmm(struct cpu *c, unsigned i)
{
	return c->fpu.fx + FX_XMM + 16 * (i & 15);
}

/* May the instruction run at all: #UD and #NM by CR0, CR4, XCR0 and the row's flags. */
void fpu_check(struct cpu *c, const struct insn *in);
/* An unmasked exception waits: #MF, or FERR#. Returns when there is none, or IGNNE#. */
void fpu_pending(struct cpu *c);
void fpu_port_f0(
	struct cpu *c); /* written: IRQ 13 goes, IGNNE# holds until the exception is gone */

void fpu_enter_mmx(struct cpu *c);
void fpu_init(struct cpu *c);   /* FNINIT */
void fpu_settle(struct cpu *c); /* the image as the unit would show it: FSW.ES, FCW's fixed bits */
void fpu_run(struct cpu *c, const struct insn *in); /* any of D8-DF */

/* Linear address of the memory operand; its offset in the segment is ea. */
uint64_t fpu_linear(const struct cpu *c, const struct insn *in, uint64_t ea);

/* xsave.c: components that are not in their initial state, as XGETBV(1) shows them */
uint64_t xsave_in_use(const struct cpu *c);

/* exec_masked.c: instructions that touch some elements of memory */
void host_maskmov(struct cpu *c, const struct insn *in);  /* MASKMOVQ, MASKMOVDQU */
void host_vmaskmov(struct cpu *c, const struct insn *in); /* VMASKMOVP, VPMASKMOV */
void host_gather(struct cpu *c, const struct insn *in);
#endif
