/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/bits.c: BT, BTS, BTR and BTC of a string of bits: the
 * register's number leads to a word before or behind the operand, which is looked at
 * first; the host's instruction then has the number within that.
 *
 * Spec: Intel SDM volume 2, 3.1.1.9, BT.
 * Tests: tests/x86/rings.c, the native oracle
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

/* t0 = the number, with its sign */
static void number(struct gen *g, const struct insn *in, unsigned size)
{
	unsigned op = size == 2 ? 0x0fbf : size == 4 ? 0x63 : 0x8b;

	access_register(g, op, true, H_T0, in->gpr[1]);
}

static bool bits(struct gen *g, const struct insn *in)
{
	enum mem_access access = in->op->run == op_bt ? ACCESS_READ : ACCESS_WRITE;
	const struct emit_insn x = {.reg = H_T0, .has_mem = true, .mem = {H_T1, REG_NONE, 0}};
	unsigned size = in->size[0];
	const uint8_t *start;

	if (!gen_wide(g) || in->addrsize != 8)
		return false;
	flags_spoil(g);
	start = emit_here(&g->e);
	access_offset(g, in);
	number(g, in, size);
	EMIT(&g->e, "\x49\xc1\xfd"); /* sar r13 */
	emit_1(&g->e, 3 + gen_shift(size));
	emit_lea(&g->e, true, H_T1, H_T1, H_T0, gen_shift(size), 0);
	segment_linear(g, in->seg, size, access);
	access_check(g, size, access, start);
	access_sum(g);
	number(g, in, size);
	EMIT(&g->e, "\x41\x83\xe5"); /* and r13d */
	emit_1(&g->e, 8 * size - 1);
	flags_before(g);
	g->b->places[g->b->n_places - 1].flags_at = (uint8_t)g->flags_at;
	emit_insn(&g->e, in, &x);
	flags_after(g);
	return true;
}

gen_fn *bits_find(const struct insn *in)
{
	run_fn *run = in->op->run;

	if (in->mod == 3 || in->op->o[1].kind != O_G)
		return NULL;
	return run == op_bt || run == op_bts || run == op_btr || run == op_btc ? bits : NULL;
}
