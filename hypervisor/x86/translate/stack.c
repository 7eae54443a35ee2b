/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/stack.c: PUSH, POP, LEAVE. RSP moves when nothing can fault any more. */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

/* mov [mem], reg and mov reg, [mem] of 2, 4, 8 bytes */
static void store(struct gen *g, unsigned size, unsigned reg, struct emit_mem m)
{
	if (size == 2)
		emit_1(&g->e, 0x66);
	emit_rm(&g->e, 0x89, size == 8, reg, m);
}

static void load(struct gen *g, unsigned size, unsigned reg, struct emit_mem m)
{
	if (size == 2)
		emit_1(&g->e, 0x66);
	emit_rm(&g->e, 0x8b, size == 8, reg, m);
}

static void store_imm(struct gen *g, unsigned size, int32_t v)
{
	if (size == 2)
		emit_1(&g->e, 0x66);
	emit_rm(&g->e, 0xc7, size == 8, 0, g->at);
	emit_n(&g->e, &v, size == 2 ? 2 : 4);
}

static bool push_reg(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize, r = in->gpr[0], h = gen_reg(r);

	access_stack(g, -(int)size, size, ACCESS_WRITE);
	if (h != REG_NONE) {
		store(g, size, h, g->at);
	} else {
		access_sum(g);
		emit_rm(&g->e, 0x8b, true, H_T0, tr_field(TR_REG(r)));
		store(g, size, H_T0, g->at);
	}
	segment_move_sp(g, -(int)size);
	return true;
}

static bool push_imm(struct gen *g, const struct insn *in)
{
	access_stack(g, -(int)in->opsize, in->opsize, ACCESS_WRITE);
	store_imm(g, in->opsize, (int32_t)sign_extend(in->imm, in->imm_size));
	segment_move_sp(g, -(int)in->opsize);
	return true;
}

static bool push_mem(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize;

	access_operand(g, size, ACCESS_READ);
	load(g, size, H_T0, g->at);
	emit_rm(&g->e, 0x89, true, H_T0, tr_field(TR_OWN(value)));
	access_stack(g, -(int)size, size, ACCESS_WRITE);
	access_sum(g);
	emit_rm(&g->e, 0x8b, true, H_T0, tr_field(TR_OWN(value)));
	store(g, size, H_T0, g->at);
	segment_move_sp(g, -(int)size);
	return true;
}

static bool push(struct gen *g, const struct insn *in)
{
	if (in->gpr[0] != REG_NONE)
		return push_reg(g, in);
	return in->op->o[0].kind == O_E ? push_mem(g, in) : push_imm(g, in);
}

static bool pop(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize, r = in->gpr[0], h;

	if (r == REG_NONE || (r == R_SP && size == 2))
		return false;
	h = gen_reg(r);
	access_stack(g, 0, size, ACCESS_READ);
	if (h == REG_NONE) {
		load(g, size, H_T0, g->at);
		store(g, size, H_T0, tr_field(TR_REG(r)));
	} else {
		load(g, size, h, g->at);
	}
	if (r != R_SP)
		segment_move_sp(g, (int)size);
	return true;
}

/* mov to, from of 2, 4, 8 bytes */
static void move_to(struct gen *g, unsigned size, unsigned to, unsigned from)
{
	if (size == 2)
		emit_1(&g->e, 0x66);
	emit_rr(&g->e, 0x8b, size == 8, to, from);
}

static bool leave(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize, stack = segment_stack_size(g);

	if (gen_wide(g) && size != 8)
		return false;
	access_frame(g, size, ACCESS_READ);
	load(g, size, H_T0, g->at);
	emit_lea(&g->e, stack == 8, H_T1, R_BP, REG_NONE, 0, in->opsize);
	move_to(g, stack, H_SP, H_T1);
	move_to(g, size, R_BP, H_T0);
	return true;
}

/* Of those that have one. */
bool stack_access(const struct gen *g, const struct insn *in, struct gen_access *a)
{
	bool reg = in->gpr[0] != REG_NONE, push = in->op->run == op_push;

	*a = (struct gen_access){.base = R_SP, .index = REG_NONE, .size = in->opsize};
	if (!segment_flat_stack(g))
		return false;
	if (push && (reg || in->op->o[0].kind != O_E)) {
		a->disp = -(int)in->opsize;
		a->write = true;
		return true;
	}
	if (in->op->run == op_leave) {
		a->base = R_BP;
		return in->opsize == (gen_wide(g) ? 8 : 4);
	}
	return in->op->run == op_pop && reg && (in->gpr[0] != R_SP || in->opsize != 2);
}

gen_fn *stack_find(const struct insn *in)
{
	if (in->op->run == op_push)
		return push;
	if (in->op->run == op_pop)
		return pop;
	return in->op->run == op_leave ? leave : NULL;
}
