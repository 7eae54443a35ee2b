/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/emit.h: bytes of host code: the few instructions that
 * the translator adds of its own, and a guest's instruction with other operands.
 *
 * Spec: Intel SDM volume 2, chapter 2.
 */
#ifndef HYPERVISOR_X86_TRANSLATE_EMIT_H
#define HYPERVISOR_X86_TRANSLATE_EMIT_H
#include "hypervisor/x86/arch.h"
#include "hypervisor/x86/insn.h"

/*
 * Host registers in translated code. RSP is the struct cpu, so that its fields are a displacement
 * away and there is no stack to keep: struct tr_near is below it. Guest
 * registers are where they are, but for RSP, and R13 to R15, which stay in struct cpu.
 */
enum { H_CPU = R_SP, H_T0 = R_13, H_T1 = R_14, H_SP = R_15 };

struct emit {
	uint8_t *p;   /* where it is written */
	intptr_t run; /* added to it: where it runs */
};
/* A memory operand of the host's: [base + index + disp]; REG_NONE: no index. */
struct emit_mem {
	uint8_t base, index;
	int32_t disp;
};

static inline const uint8_t *emit_here(const struct emit *e)
{
	return e->p + e->run;
}
static inline void emit_1(struct emit *e, unsigned byte)
{
	*e->p++ = (uint8_t)byte;
}
void emit_n(struct emit *e, const void *bytes, unsigned n);
void emit_4(struct emit *e, uint32_t v);
void emit_8(struct emit *e, uint64_t v);
#define EMIT(e, bytes) emit_n(e, bytes, sizeof(bytes) - 1)

/* op reg, rm and op reg, [mem]; op: one byte, or 0x0fXX. w: 64 bits, else 32. */
void emit_rr(struct emit *e, unsigned op, bool w, unsigned reg, unsigned rm);
void emit_rm(struct emit *e, unsigned op, bool w, unsigned reg, struct emit_mem m);
/* mov of 1, 2, 4 or 8 bytes; 1: of AL … BL, or of R8 and beyond. */
void emit_load(struct emit *e, unsigned size, unsigned reg, struct emit_mem m);
void emit_store(struct emit *e, unsigned size, unsigned reg, struct emit_mem m);
void emit_store_imm(struct emit *e, unsigned size, uint64_t v, struct emit_mem m); /* not 1 */
void emit_move(struct emit *e, unsigned size, unsigned to, unsigned from);         /* nor here */
void emit_imm(struct emit *e, unsigned reg, uint64_t v); /* mov reg, v in its shortest form */
void emit_compare(struct emit *e, bool w, unsigned reg, uint32_t v); /* cmp reg, v */
enum { EMIT_COMPARE = 7 }; /* bytes, with a register that takes REX */
/* lea reg, [base + (index << scale) + disp], cut to 32 bits unless w. */
void emit_lea(struct emit *e, bool w, unsigned reg, unsigned base, unsigned index, unsigned scale,
	      int32_t disp);
/* A jump or call (0xe8, 0xe9, 0x80 + cc: 0f 8x) to where `to` runs; returns the displacement's
 * place. patch: it may be changed while it runs, so it lies within 8 bytes. */
uint8_t *emit_jump(struct emit *e, unsigned op, const uint8_t *to, bool patch);
/* The comparison from `from` on moves to where a conditional jump that may be patched can follow at
 * once: the host makes one operation of the two. It is to hold no address relative to RIP. */
void emit_fit(struct emit *e, uint8_t *from);
/* Jumps to one place that is not there yet. */
struct emit_jumps {
	uint8_t *from[6];
	unsigned n;
};
void emit_jump_if(struct emit *e, struct emit_jumps *j, unsigned cc); /* one more */
/* lea reg, [to], by its distance; as emit_jump. */
uint8_t *emit_lea_rip(struct emit *e, unsigned reg, const void *to);
/* The displacement at `at` (as emit_jump gave it) leads to `to` from now on. */
void emit_aim(const struct emit *e, uint8_t *at, const uint8_t *to);

/* The guest's instruction with other registers, or another memory operand. */
struct emit_insn {
	uint8_t reg, rm, vvvv, opreg; /* host registers of those fields, where they are general */
	bool has_mem, lowered;        /* lowered: the field of AH … BH has AL … BL instead */
	bool reversed;                /* the opcode of the other direction: rm is what is read */
	struct emit_mem mem;
};
/* False: it cannot be encoded (AH … BH beside a register that needs REX). */
bool emit_insn(struct emit *e, const struct insn *in, const struct emit_insn *x);
/* Whether emit_insn with x would have to encode AH … BH beside REX. */
bool emit_insn_clashes(const struct insn *in, const struct emit_insn *x);
#endif
