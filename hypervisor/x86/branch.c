/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/branch.c: jumps, calls, returns, loops, software interrupts.
 *
 * Spec: Intel SDM volume 2 by name; near branches of 64-bit mode ignore 66 as Intel's do.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/vendor.h"

static uint64_t relative(const struct cpu *c, const struct insn *in)
{
	return reg_part(c->next_rip + (uint64_t)sign_extend(in->imm, in->imm_size), in->opsize);
}

static uint64_t target(struct cpu *c, const struct insn *in)
{
	return in->op->o[0].kind == O_J ? relative(c, in) : opnd_get(c, in, 0);
}

static void branch_if(struct cpu *c, const struct insn *in, bool taken)
{
	uint64_t to;

	if (!taken)
		return;
	to = relative(c, in);
	mem_check_target(c, to);
	c->next_rip = to;
}

OP(jcc)
{
	branch_if(c, in, cond_holds(c->flags, in->bytes[in->op_at] & 15));
}

OP(jmp)
{
	uint64_t to = target(c, in);

	mem_check_target(c, to);
	c->next_rip = to;
}

OP(call)
{
	uint64_t to = target(c, in);

	if (vendor_amd()) /* the stack's faults come first */
		insn_push_probe(c, in->opsize);
	mem_check_target(c, to);
	insn_push(c, in->opsize, reg_part(c->next_rip, in->opsize));
	c->next_rip = to;
}

OP(ret)
{
	uint64_t to = insn_peek(c, 0, in->opsize);
	unsigned drop = in->op->o[0].kind == O_I ? in->imm & 0xffff : 0;

	mem_check_target(c, to);
	insn_drop(c, in->opsize + drop);
	c->next_rip = to;
}

/* The counter's width is the address size's; it counts down even when the branch faults not. */
static void loop_if(struct cpu *c, const struct insn *in, bool also)
{
	uint64_t left = reg_part(c->r[R_CX] - 1, in->addrsize);

	branch_if(c, in, left && also);
	c->r[R_CX] = reg_join(c->r[R_CX], left, in->addrsize);
}

OP(loop)
{
	loop_if(c, in, true);
}

OP(loope)
{
	loop_if(c, in, c->flags & FL_ZF);
}

OP(loopne)
{
	loop_if(c, in, !(c->flags & FL_ZF));
}

OP(jcxz)
{
	branch_if(c, in, !reg_part(c->r[R_CX], in->addrsize));
}

/* ---- far ---- */

struct far_ptr {
	uint64_t off;
	uint16_t sel;
};

static struct far_ptr far_ptr(struct cpu *c, const struct insn *in)
{
	struct far_ptr p;
	uint64_t at;

	if (in->op->o[0].kind == O_A)
		return (struct far_ptr){reg_part(in->imm, in->opsize), (uint16_t)in->imm2};
	at = insn_ea(c, in);
	p.off = mem_read(c, in->seg, at, in->opsize);
	p.sel = (uint16_t)mem_read(c, in->seg, reg_part(at + in->opsize, in->addrsize), 2);
	return p;
}

OP(jmp_far)
{
	struct far_ptr p = far_ptr(c, in);

	far_jump(c, p.sel, p.off, in->opsize);
}

OP(call_far)
{
	struct far_ptr p = far_ptr(c, in);

	far_call(c, p.sel, p.off, in->opsize);
}

OP(ret_far)
{
	far_ret(c, in->opsize, in->op->o[0].kind == O_I ? in->imm & 0xffff : 0);
}

OP(iret)
{
	cpu_iret(c, in->opsize);
}

/* ---- software interrupts ---- */

OP(int3)
{
	(void)in;
	cpu_raise_soft(c, EXC_BP, EXC_INT3);
}

OP(into)
{
	(void)in;
	if (c->flags & FL_OF)
		cpu_raise_soft(c, EXC_OF, EXC_INT3);
}

OP(int1)
{
	(void)in;
	cpu_raise_soft(c, EXC_DB, EXC_ICEBP);
}

OP(int)
{
	cpu_raise_soft(c, in->imm & 0xff, EXC_INT);
}

OP(bound)
{
	uint64_t at = insn_ea(c, in);
	int64_t v = sign_extend(reg_get(c, in, in->reg, in->opsize), in->opsize);
	int64_t low = sign_extend(mem_read(c, in->seg, at, in->opsize), in->opsize);
	uint64_t next = reg_part(at + in->opsize, in->addrsize);
	int64_t high = sign_extend(mem_read(c, in->seg, next, in->opsize), in->opsize);

	if (v < low || v > high)
		cpu_raise(c, EXC_BR);
}
