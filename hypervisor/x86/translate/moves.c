/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/moves.c: MOVS, STOS, LODS. With REP the host's own REP does
 * it, if all of it lies within a page on either side; else the interpreter's
 * handler does it page by page. DF is clear: translated code does not run with it
 * set.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

static unsigned source(const struct insn *in)
{
	return in->seg_override == SEG_N ? SEG_DS : in->seg_override;
}

/* [reg] for RCX units of size: t1 = its address on the host, or away. */
static void whole_range(struct gen *g, unsigned reg, unsigned size, enum mem_access access,
			struct emit_jumps *a)
{
	emit_rr(&g->e, 0x8b, gen_wide(g), H_T1, reg);
	access_compare(g, 1, access);
	emit_jump_if(&g->e, a, 7); /* ja */
	emit_rm(&g->e, 0x8b, true, H_T0, access_host(g));
	emit_lea(&g->e, true, H_T0, H_T0, H_T1, 0, 0);
	emit_lea(&g->e, true, H_T1, H_T1, R_CX, gen_shift(size), 0);
	emit_compare(&g->e, true, H_T1, PAGE);
	emit_jump_if(&g->e, a, 7);
	emit_rr(&g->e, 0x8b, true, H_T1, H_T0);
}

static void keep(struct gen *g, unsigned reg, int32_t field)
{
	emit_rm(&g->e, 0x89, true, reg, tr_field(field));
}

/* The pointer as it was, further by t0 units. */
static void advance(struct gen *g, unsigned reg, int32_t field, unsigned size)
{
	emit_rm(&g->e, 0x8b, true, reg, tr_field(field));
	emit_lea(&g->e, gen_wide(g), reg, reg, H_T0, gen_shift(size), 0);
}

static void host_string(struct gen *g, const struct insn *in, unsigned size)
{
	emit_1(&g->e, 0xf3);
	if (size == 2)
		emit_1(&g->e, 0x66);
	if (size == 8)
		emit_1(&g->e, 0x48);
	emit_1(&g->e, in->bytes[in->op_at]);
}

static void interpreted(struct gen *g, const struct insn *in, const struct emit_jumps *a)
{
	struct tr_site *s = access_interp(g, in);

	for (unsigned i = 0; i < a->n; i++)
		access_slow(g, a->from[i], s);
}

static bool rep(struct gen *g, const struct insn *in, bool movs)
{
	unsigned size = in->size[0];
	struct emit_jumps a = {.n = 0};
	uint8_t *none;

	flags_spoil(g);
	emit_rr(&g->e, 0x85, gen_wide(g), R_CX, R_CX); /* test */
	none = emit_jump(&g->e, 0x84, emit_here(&g->e), false);
	emit_compare(&g->e, gen_wide(g), R_CX, PAGE / size);
	emit_jump_if(&g->e, &a, 7);
	if (movs) {
		whole_range(g, R_SI, size, ACCESS_READ, &a);
		keep(g, H_T1, TR_OWN(value));
	}
	whole_range(g, R_DI, size, ACCESS_WRITE, &a);
	emit_rr(&g->e, 0x8b, true, H_T0, R_CX);
	if (movs) {
		keep(g, R_SI, TR_OWN(rsi));
		emit_rm(&g->e, 0x8b, true, R_SI, tr_field(TR_OWN(value)));
	}
	keep(g, R_DI, TR_OWN(rdi));
	emit_rr(&g->e, 0x8b, true, R_DI, H_T1);
	host_string(g, in, size);
	advance(g, R_DI, TR_OWN(rdi), size);
	if (movs)
		advance(g, R_SI, TR_OWN(rsi), size);
	interpreted(g, in, &a);
	emit_aim(&g->e, none, emit_here(&g->e));
	return true;
}

/* A pointer of the address's size behind the unit; t0 is lost. */
static void step(struct gen *g, unsigned reg, unsigned size)
{
	const struct insn *in = gen_insn(g);

	if (in->addrsize != 2) {
		emit_lea(&g->e, in->addrsize == 8, reg, reg, REG_NONE, 0, (int)size);
		return;
	}
	emit_lea(&g->e, false, H_T0, reg, REG_NONE, 0, (int)size);
	emit_move(&g->e, 2, reg, H_T0);
}

static void at(struct gen *g, unsigned reg, unsigned size, enum mem_access access)
{
	const struct insn *in = gen_insn(g);
	const uint8_t *start = emit_here(&g->e);

	emit_rr(&g->e, 0x8b, in->addrsize == 8, H_T1, reg);
	if (in->addrsize == 2)
		segment_cut(g, 2);
	segment_linear(g, reg == R_DI ? SEG_ES : source(in), size, access);
	access_check(g, size, access, start);
}

static bool once(struct gen *g, const struct insn *in, bool movs)
{
	unsigned size = in->size[0];

	flags_spoil(g);
	if (movs) {
		at(g, R_SI, size, ACCESS_READ);
		emit_load(&g->e, size, H_T0, g->at);
		keep(g, H_T0, TR_OWN(value));
	}
	at(g, R_DI, size, ACCESS_WRITE);
	if (movs) {
		access_sum(g);
		emit_rm(&g->e, 0x8b, true, H_T0, tr_field(TR_OWN(value)));
		emit_store(&g->e, size, H_T0, g->at);
		step(g, R_SI, size);
	} else {
		emit_store(&g->e, size, R_AX, g->at);
	}
	step(g, R_DI, size);
	return true;
}

/* The host's REP wants flat segments, and addresses as wide as the mode has them. */
static bool rep_fits(const struct gen *g, const struct insn *in, bool movs)
{
	return in->addrsize == gen_width(g) && segment_flat(g, SEG_ES, ACCESS_WRITE) &&
	       (!movs || segment_flat(g, source(in), ACCESS_READ));
}

static bool move_string(struct gen *g, const struct insn *in, bool movs)
{
	if (in->rep)
		return rep_fits(g, in, movs) && rep(g, in, movs);
	return once(g, in, movs);
}

static bool movs(struct gen *g, const struct insn *in)
{
	return move_string(g, in, true);
}

static bool stos(struct gen *g, const struct insn *in)
{
	return move_string(g, in, false);
}

/* Without REP: nobody repeats it. */
static bool lods(struct gen *g, const struct insn *in)
{
	unsigned size = in->size[1];

	if (in->rep)
		return false;
	flags_spoil(g);
	at(g, R_SI, size, ACCESS_READ);
	emit_load(&g->e, size, R_AX, g->at);
	step(g, R_SI, size);
	return true;
}

gen_fn *moves_find(const struct insn *in)
{
	if (in->op->run == op_movs)
		return movs;
	if (in->op->run == op_lods)
		return lods;
	return in->op->run == op_stos ? stos : NULL;
}
