/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/redo.c: status flags that are overwritten before the
 * block looks at them are seen only by who goes out in between: at a fault, say.
 * Where they can be made again from what registers hold, they are not saved on
 * the way; a way out makes them.
 *
 * A comparison is run again. What AND, OR and XOR leave follows from their result. ADD and SUB are
 * taken back and run again; so are INC and DEC, if the carry that they leave alone is in the slot.
 * R13 to R15 are in struct cpu when anything goes out (held.c), and come from there.
 *
 * Tests: tests/x86/redo.c; tests/x86/smc*.c, oracle*.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

enum { ADD = 0, SUB = 5, CMP = 7 }; /* of the group of opcode 81; their opcodes are 8 times that */

static bool logical(run_fn *run)
{
	return run == op_and || run == op_or || run == op_xor;
}

static bool compares(run_fn *run)
{
	return run == op_cmp || run == op_test;
}

bool redo_counts(const struct insn *in)
{
	return in->op->run == op_inc || in->op->run == op_dec;
}

/* ---- which it can be done for ---- */

static bool register_fits(const struct insn *in, unsigned i)
{
	unsigned r = in->gpr[i];

	if (r == REG_NONE || (gen_reg(r) == REG_NONE && i && in->size[i] < 4))
		return false;
	return in->size[i] > 1 || in->rex || r < 4; /* not AH … BH */
}

static uint16_t bit(unsigned r)
{
	return r == REG_NONE ? 0 : (uint16_t)(1u << r);
}

/* The registers that the flags of in are made of again; 0: they cannot be. */
static uint16_t sources(const struct insn *in)
{
	bool imm = gen_number(in, 1);
	run_fn *run = in->op->run;

	if (!register_fits(in, 0))
		return 0;
	if (logical(run) || redo_counts(in))
		return bit(in->gpr[0]);
	if (!imm && !register_fits(in, 1))
		return 0;
	if (compares(run))
		return bit(in->gpr[0]) | bit(in->gpr[1]);
	if ((run != op_add && run != op_sub) || in->size[0] < 4 || in->gpr[0] == in->gpr[1])
		return 0;
	return bit(in->gpr[0]) | bit(in->gpr[1]);
}

/* May it stand between the flags and who overwrites them? */
static bool simple(const struct gen *g, unsigned i)
{
	const struct insn *in = &g->in[i];
	run_fn *run = in->op->run;

	if (run == op_jmp)
		return g->follows[i];
	if (in->op->flags & F_HOST || run == op_div || run == op_idiv || g->reads[i])
		return false;
	return run == op_push || run == op_pop || plain_integer(g, i);
}

bool redo_can(const struct gen *g, unsigned from, unsigned here)
{
	uint16_t used;

	if (from >= g->n || !(used = sources(&g->in[from])))
		return false;
	for (unsigned i = from + 1; i < g->n; i++) {
		uint32_t set = g->fx[i].flags_set;

		if (i >= here && !simple(g, i))
			return false;
		if (i >= here && set == FL_STATUS)
			return true;
		if (g->fx[i].gpr_written & used || (i >= here && (set || g->fx[i].flags_read)))
			return false;
	}
	return false;
}

/* ---- doing it ---- */

static void prefix(struct emit *e, unsigned size, unsigned reg, unsigned rm)
{
	unsigned rex = (size == 8 ? 8 : 0) | (reg & 8 ? 4 : 0) | (rm & 8 ? 1 : 0);

	if (size == 2)
		emit_1(e, 0x66);
	if (rex || size == 1)
		emit_1(e, 0x40 | rex);
}

/* op rm, reg; op: of operands of more than a byte */
static void by_register(struct emit *e, unsigned op, unsigned size, unsigned rm, unsigned reg)
{
	prefix(e, size, reg, rm);
	emit_1(e, size == 1 ? op - 1 : op);
	emit_1(e, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* op / digit rm, imm */
static void by_number(struct emit *e, unsigned op, unsigned digit, unsigned size, unsigned rm,
		      uint64_t imm)
{
	prefix(e, size, 0, rm);
	emit_1(e, size == 1 ? op - 1 : op);
	emit_1(e, 0xc0 | digit << 3 | (rm & 7));
	emit_n(e, &imm, size > 4 ? 4 : size);
}

/* op rm, the register r; add: what an opcode has when it reads memory instead */
static void by_other(struct emit *e, unsigned op, unsigned add, unsigned size, unsigned rm,
		     unsigned r)
{
	if (gen_reg(r) == REG_NONE)
		emit_rm(e, op + add, size == 8, rm, tr_field(TR_REG(r)));
	else
		by_register(e, op, size, rm, gen_reg(r));
}

static void arithmetic(struct emit *e, const struct insn *in, unsigned rm, unsigned digit)
{
	if (gen_number(in, 1))
		by_number(e, 0x81, digit, in->size[0], rm, sign_extend(in->imm, in->imm_size));
	else
		by_other(e, digit * 8 + 1, 2, in->size[0], rm, in->gpr[1]);
}

static void test(struct emit *e, const struct insn *in, unsigned rm)
{
	if (gen_number(in, 1))
		by_number(e, 0xf7, 0, in->size[0], rm, sign_extend(in->imm, in->imm_size));
	else
		by_other(e, 0x85, 0, in->size[0], rm, in->gpr[1]);
}

static void count(struct emit *e, unsigned size, unsigned rm, bool down)
{
	prefix(e, size, 0, rm);
	emit_1(e, size == 1 ? 0xfe : 0xff);
	emit_1(e, 0xc0 | down << 3 | (rm & 7));
}

/* The first operand, or what is to be of it. */
static unsigned first(struct emit *e, const struct insn *in)
{
	unsigned r = in->gpr[0];

	if (gen_reg(r) != REG_NONE)
		return gen_reg(r);
	emit_rm(e, 0x8b, true, H_T0, tr_field(TR_REG(r)));
	return H_T0;
}

void redo_flags(struct emit *e, const struct insn *in)
{
	unsigned rm = first(e, in), size = in->size[0];
	run_fn *run = in->op->run;

	if (logical(run)) {
		by_register(e, 0x85, size, rm, rm);
	} else if (run == op_test) {
		test(e, in, rm);
	} else if (redo_counts(in)) {
		flags_carry(e);
		count(e, size, rm, run == op_inc);
		count(e, size, rm, run == op_dec);
	} else if (run == op_cmp) {
		arithmetic(e, in, rm, CMP);
	} else {
		arithmetic(e, in, rm, run == op_add ? SUB : ADD);
		arithmetic(e, in, rm, run == op_add ? ADD : SUB);
	}
}
