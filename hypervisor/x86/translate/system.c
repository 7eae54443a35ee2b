/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/system.c: what kernels do all the time and the handlers
 * would do in more time than it takes to go there: CLI, STI, PUSHF, SWAPGS. At CPL 0,
 * in real mode too, they ask for no right; PUSHF only in virtual-8086 mode.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

static bool cli(struct gen *g, const struct insn *in)
{
	(void)in;
	if (g->key->cpl)
		return false;
	flags_spoil(g);
	emit_rm(&g->e, 0x81, false, 4, tr_field(TR_CPU(flags))); /* and */
	emit_4(&g->e, ~(uint32_t)FL_IF);
	return true;
}

/* With an interrupt that waits, or as its block's last, it is the handler's, whose shadow counts;
 * else the next instruction follows before anybody looks. */
static bool sti(struct gen *g, const struct insn *in)
{
	struct tr_site *s;

	(void)in;
	if (g->key->cpl || g->i + 1 >= g->n)
		return false;
	flags_spoil(g);
	s = access_site(g, OUT_WHOLE);
	if (!s)
		return true;
	emit_rm(&g->e, 0x8b, true, H_T0, tr_field(TR_CPU(intr)));
	EMIT(&g->e, "\x41\x80\x7d\x00\x00"); /* cmp byte [r13], 0 */
	access_slow(g, emit_jump(&g->e, 0x85, emit_here(&g->e), false), s);
	emit_rm(&g->e, 0x81, false, 1, tr_field(TR_CPU(flags))); /* or */
	emit_4(&g->e, FL_IF);
	return true;
}

static bool pushf(struct gen *g, const struct insn *in)
{
	int size = in->opsize;

	if (g->key->vm86)
		return false;
	flags_spoil(g);
	if (g->flags_at != FLAGS_SLOT)
		return false;
	flags_image(&g->e);
	emit_rm(&g->e, 0x89, true, H_T1, tr_field(TR_OWN(value)));
	access_stack(g, -size, (unsigned)size, ACCESS_WRITE);
	access_sum(g);
	emit_rm(&g->e, 0x8b, true, H_T0, tr_field(TR_OWN(value)));
	if (size == 2)
		emit_1(&g->e, 0x66);
	emit_rm(&g->e, 0x89, size == 8, H_T0, (struct emit_mem){H_T1, REG_NONE, 0});
	segment_move_sp(g, -size);
	return true;
}

static bool swapgs(struct gen *g, const struct insn *in)
{
	struct emit_mem base = tr_field(TR_CPU(seg) + (int32_t)(SEG_GS * sizeof(struct segment) +
								offsetof(struct segment, base)));
	struct emit_mem other = tr_field(TR_CPU(kernel_gs_base));

	(void)in;
	if (g->key->cpl || !gen_wide(g))
		return false;
	emit_rm(&g->e, 0x8b, true, H_T0, base);
	emit_rm(&g->e, 0x8b, true, H_T1, other);
	emit_rm(&g->e, 0x89, true, H_T0, other);
	emit_rm(&g->e, 0x89, true, H_T1, base);
	return true;
}

gen_fn *system_find(const struct insn *in)
{
	if (in->op->run == op_cli)
		return cli;
	if (in->op->run == op_sti)
		return sti;
	if (in->op->run == op_pushf)
		return pushf;
	return in->op->run == op_swapgs ? swapgs : rings_find(in);
}
