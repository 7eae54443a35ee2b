/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/string.h: string instructions on many units at once, all of which
 * lie in one page (of each side) and in RAM.
 */
#ifndef HYPERVISOR_X86_STRING_H
#define HYPERVISOR_X86_STRING_H
#include "hypervisor/x86/operand.h"

/* May it be asked at all? Debug traps want to see each unit, alignment checks each access. */
static inline bool string_may_bulk(const struct cpu *c)
{
	return !(c->flags & FL_TF) && !c->watching &&
	       !(c->cpl == 3 && c->cr0 & CR0_AM && c->flags & FL_AC);
}

/* Up to `units` of them: does what the units would, rSI and rDI too, and says how many there were;
 * rCX is the caller's. Comparisons end where a repeated one does. 0: a single unit finds out why.
 * Segments' faults are raised, #PF are not. */
typedef uint64_t string_bulk_fn(struct cpu *c, const struct insn *in, unsigned size,
				uint64_t units);
string_bulk_fn string_bulk_movs, string_bulk_stos, string_bulk_lods, string_bulk_cmps,
	string_bulk_scas;

/* Units of INS (write) or OUTS that are in one RAM page, and where; 0: none. */
uint64_t string_bulk_ram(struct cpu *c, const struct insn *in, bool write, unsigned size,
			 uint64_t *gpa);

static inline uint64_t string_src(const struct cpu *c, const struct insn *in)
{
	return reg_part(c->r[R_SI], in->addrsize);
}
static inline uint64_t string_dst(const struct cpu *c, const struct insn *in)
{
	return reg_part(c->r[R_DI], in->addrsize);
}
static inline void string_step(struct cpu *c, const struct insn *in, unsigned reg, uint64_t bytes)
{
	uint64_t by = c->flags & FL_DF ? 0 - bytes : bytes;

	c->r[reg] = reg_join(c->r[reg], c->r[reg] + by, in->addrsize);
}
#endif
