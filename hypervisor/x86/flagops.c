/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/flagops.c: instructions on single flags.
 *
 * Spec: Intel SDM volume 2, CLC … STI; CLI and STI tables 3-6 and 4-19 (VME, PVI).
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/sys.h"

OP(clc)
{
	(void)in;
	c->flags &= ~(uint64_t)FL_CF;
}

OP(stc)
{
	(void)in;
	c->flags |= FL_CF;
}

OP(cmc)
{
	(void)in;
	c->flags ^= FL_CF;
}

OP(cld)
{
	(void)in;
	c->flags &= ~(uint64_t)FL_DF;
}

OP(std)
{
	(void)in;
	c->flags |= FL_DF;
}

/* Which flag CLI and STI are about here: IF, VIF, or none (#GP). */
static uint64_t interrupt_flag(struct cpu *c)
{
	if (cpu_is_real(c) || cpu_iopl(c) >= c->cpl)
		return FL_IF;
	if (c->flags & FL_VM ? c->cr4 & CR4_VME : c->cr4 & CR4_PVI && c->cpl == 3)
		return FL_VIF;
	cpu_raise_error(c, EXC_GP, 0);
}

OP(cli)
{
	(void)in;
	c->flags &= ~interrupt_flag(c);
}

/* Interrupts wait for the instruction after the STI that let them in. */
OP(sti)
{
	uint64_t flag = interrupt_flag(c);

	(void)in;
	cpu_gp0(c, flag == FL_IF || !(c->flags & FL_VIP));
	c->shadow_sti = flag == FL_IF && !(c->flags & FL_IF);
	c->flags |= flag;
}

#define AH_FLAGS (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF)

static void needs_lahf(struct cpu *c)
{
	if (c->mode == MODE_64 && !cpu_has(c, CPU_LAHF_LM))
		cpu_raise(c, EXC_UD);
}

OP(lahf)
{
	(void)in;
	needs_lahf(c);
	c->r[R_AX] = (c->r[R_AX] & ~0xff00ull) | ((c->flags & AH_FLAGS) | FL_1) << 8;
}

OP(sahf)
{
	(void)in;
	needs_lahf(c);
	c->flags = (c->flags & ~(uint64_t)AH_FLAGS) | (c->r[R_AX] >> 8 & AH_FLAGS);
}

OP(salc)
{
	(void)in;
	c->r[R_AX] = (c->r[R_AX] & ~0xffull) | (c->flags & FL_CF ? 0xff : 0);
}
