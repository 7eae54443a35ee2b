/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/stack.c: PUSH, POP, LEAVE. RSP moves when nothing can
 * fault any more: in 64-bit mode, of several whose page was looked at before
 * (span.c), once for all of them.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

/* RSP is where the instruction begins, but for those before it that are owed. */
bool stack_waits(const struct gen *g)
{
	const struct insn *in = gen_insn(g);
	unsigned r = in->gpr[0];

	if (in->op->run == op_jmp && g->follows[g->i])
		return true;
	if (!gen_wide(g) || in->opsize != 8 || !spans_checked(g, g->i) || r == R_SP)
		return false;
	if (in->op->run == op_push)
		return r != REG_NONE || in->op->o[0].kind != O_E;
	return in->op->run == op_pop && r != REG_NONE;
}

void stack_settle(struct gen *g)
{
	bool t0 = gen_t0_holds(g);

	if (g->sp_owed)
		segment_move_sp(g, g->sp_owed);
	g->sp_owed = 0;
	gen_t0_held(g, t0);
}

static void move_sp(struct gen *g, int by)
{
	bool later = gen_wide(g) && g->span[g->i] != NO_SPAN;

	if (later)
		g->sp_owed += by;
	else
		segment_move_sp(g, by);
}

/* The new top of the stack, for a PUSH. */
static void access_top(struct gen *g, unsigned size)
{
	access_stack(g, g->sp_owed - (int)size, size, ACCESS_WRITE);
}

static bool push_reg(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize, r = in->gpr[0], h = gen_reg(r);
	bool t0;

	access_top(g, size);
	t0 = gen_t0_holds(g) && gen_wide(g);
	if (h == REG_NONE) {
		h = H_T1;
		if (g->at.base == H_T1) {
			access_sum(g);
			h = H_T0;
			t0 = false;
		}
		emit_rm(&g->e, 0x8b, true, h, tr_field(TR_REG(r)));
	}
	emit_store(&g->e, size, h, g->at);
	move_sp(g, -(int)size);
	gen_t0_held(g, t0);
	return true;
}

static bool push_imm(struct gen *g, const struct insn *in)
{
	bool t0;

	access_top(g, in->opsize);
	t0 = gen_t0_holds(g) && gen_wide(g);
	emit_store_imm(&g->e, in->opsize, sign_extend(in->imm, in->imm_size), g->at);
	move_sp(g, -(int)in->opsize);
	gen_t0_held(g, t0);
	return true;
}

void stack_push_value(struct gen *g, unsigned size)
{
	access_stack(g, -(int)size, size, ACCESS_WRITE);
	access_sum(g);
	emit_rm(&g->e, 0x8b, true, H_T0, tr_field(TR_OWN(value)));
	emit_store(&g->e, size, H_T0, g->at);
	segment_move_sp(g, -(int)size);
}

static bool push_mem(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize;

	access_operand(g, size, ACCESS_READ);
	emit_load(&g->e, size, H_T0, g->at);
	emit_rm(&g->e, 0x89, true, H_T0, tr_field(TR_OWN(value)));
	stack_push_value(g, size);
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
	bool t0;

	if (r == REG_NONE || (r == R_SP && size == 2))
		return false;
	h = gen_reg(r);
	access_stack(g, g->sp_owed, size, ACCESS_READ);
	t0 = gen_t0_holds(g) && gen_wide(g);
	if (h == REG_NONE) {
		emit_load(&g->e, size, H_T1, g->at);
		emit_store(&g->e, size, H_T1, tr_field(TR_REG(r)));
	} else {
		emit_load(&g->e, size, h, g->at);
	}
	if (r != R_SP)
		move_sp(g, (int)size);
	gen_t0_held(g, t0);
	return true;
}

static bool leave(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize, stack = segment_stack_size(g);

	if (gen_wide(g) && size != 8)
		return false;
	access_frame(g, size, ACCESS_READ);
	emit_load(&g->e, size, H_T0, g->at);
	emit_lea(&g->e, stack == 8, H_T1, R_BP, REG_NONE, 0, in->opsize);
	emit_move(&g->e, stack, H_SP, H_T1);
	emit_move(&g->e, size, R_BP, H_T0);
	return true;
}

/* Of those that have one. */
bool stack_access(const struct gen *g, unsigned i, struct gen_access *a)
{
	const struct insn *in = &g->in[i];
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
		return in->opsize == gen_width(g);
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
