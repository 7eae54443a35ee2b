/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/effects.h: what an instruction reads and writes besides memory.
 */
#ifndef HYPERVISOR_X86_EFFECTS_H
#define HYPERVISOR_X86_EFFECTS_H
#include "hypervisor/x86/insn.h"

struct insn_effects {
	/* Of the six status flags. read: looked at, or left alone for some operands or by some
	 * processors. set: overwritten whatever the operands are. In neither: always left alone. */
	uint32_t flags_read, flags_set;
	/* Bit n: general register n, the implied ones too. written: some bits of it, perhaps; what
	 * may keep a bit of the old value (narrow results, conditions) is read as well. */
	uint16_t gpr_read, gpr_written;
};
/* in->op is not NULL. System instructions may be said to touch more than they do. */
void insn_effects(const struct insn *in, struct insn_effects *e);
#endif
