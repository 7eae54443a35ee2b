/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/system.c: what kernels do all the time and the handlers
 * would do in more time than it takes to go there: flags, bases, selectors and control
 * registers that are read, and RDTSC, a call of C that keeps most registers where
 * they are. At CPL 0, in real mode too, CLI and STI ask for no right.
 *
 * Tests: tests/x86/rings.c, the native oracle
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

void system_set(struct gen *g, uint32_t flags)
{
	emit_rm(&g->e, 0x81, false, 1, tr_field(TR_CPU(flags))); /* or */
	emit_4(&g->e, flags);
}

void system_clear(struct gen *g, uint32_t flags)
{
	emit_rm(&g->e, 0x81, false, 4, tr_field(TR_CPU(flags))); /* and */
	emit_4(&g->e, ~flags);
}

static bool cli(struct gen *g, const struct insn *in)
{
	(void)in;
	if (g->key->cpl)
		return false;
	flags_spoil(g);
	system_clear(g, FL_IF);
	return true;
}

uint8_t *system_interrupt(struct emit *e)
{
	emit_rm(e, 0x8b, true, H_T0, tr_field(TR_CPU(intr)));
	EMIT(e, "\x41\x80\x7d\x00\x00"); /* cmp byte [r13], 0 */
	return emit_jump(e, 0x85, emit_here(e), false);
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
	access_slow(g, system_interrupt(&g->e), s);
	system_set(g, FL_IF);
	return true;
}

/* IF as t1 has it, t0 being what changes; unless an interrupt waits for it. */
static void change_if(struct gen *g, struct tr_site *s)
{
	uint8_t *off;

	EMIT(&g->e, "\x41\x81\xe5"); /* and r13d */
	emit_4(&g->e, FL_IF);
	emit_rm(&g->e, 0x89, false, H_T0, tr_field(TR_OWN(value)));
	EMIT(&g->e, "\x41\xf7\xc6"); /* test r14d */
	emit_4(&g->e, FL_IF);
	off = emit_jump(&g->e, 0x84, emit_here(&g->e), false);
	access_slow(g, system_interrupt(&g->e), s);
	emit_aim(&g->e, off, emit_here(&g->e));
	emit_rm(&g->e, 0x8b, false, H_T0, tr_field(TR_OWN(value)));
	emit_rm(&g->e, 0x31, false, H_T0, tr_field(TR_CPU(flags))); /* xor */
}

static bool pushf(struct gen *g, const struct insn *in)
{
	if (g->key->vm86)
		return false;
	flags_spoil(g);
	if (g->flags_at != FLAGS_SLOT)
		return false;
	flags_image(&g->e);
	emit_rm(&g->e, 0x89, true, H_T1, tr_field(TR_OWN(value)));
	stack_push_value(g, in->opsize);
	return true;
}

static bool swapgs(struct gen *g, const struct insn *in)
{
	struct emit_mem base = SEGMENT(SEG_GS, base);
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

/* ---- POPF: when it changes nothing but the status flags, and IF for the kernel ---- */

static bool popf(struct gen *g, const struct insn *in)
{
	const uint32_t held = FL_TF | FL_DF | FL_NT | FL_AC | FL_ID | FL_IOPL;
	unsigned size = gen_width(g);
	struct tr_site *s;

	if (in->opsize != size || g->key->mode == MODE_16 || !g->key->prot || g->key->vm86)
		return false;
	access_stack(g, 0, size, ACCESS_READ);
	access_sum(g);
	emit_rm(&g->e, 0x8b, false, H_T1, (struct emit_mem){H_T1, REG_NONE, 0});
	s = access_site(g, OUT_WHOLE);
	if (!s)
		return true;
	emit_rm(&g->e, 0x8b, false, H_T0, tr_field(TR_CPU(flags)));
	emit_rr(&g->e, 0x33, false, H_T0, H_T1);
	EMIT(&g->e, "\x41\xf7\xc5"); /* test r13d */
	emit_4(&g->e, g->key->cpl ? held | FL_IF : held);
	access_slow(g, emit_jump(&g->e, 0x85, emit_here(&g->e), false), s);
	if (!g->key->cpl)
		change_if(g, s);
	flags_take(&g->e);
	segment_move_sp(g, (int)size);
	return true;
}

/* ---- registers that are fields of struct cpu ---- */

/* The guest's register = field, of 4 or 8 bytes. */
static void load_field(struct gen *g, unsigned reg, unsigned op, bool wide, struct emit_mem field)
{
	unsigned h = gen_reg(reg);

	emit_rm(&g->e, op, wide, h == REG_NONE ? H_T0 : h, field);
	if (h == REG_NONE)
		emit_rm(&g->e, 0x89, true, H_T0, tr_field(TR_REG(reg)));
}

static bool mov_cr(struct gen *g, const struct insn *in)
{
	static const int32_t at[] = {TR_CPU(cr0), 0, TR_CPU(cr2), TR_CPU(cr3), TR_CPU(cr4)};

	if (in->op->o[0].kind == O_C || g->key->cpl || in->reg > 4 || in->reg == 1)
		return false;
	load_field(g, in->rm, 0x8b, gen_wide(g), tr_field(at[in->reg]));
	return true;
}

static void needs_fsgsbase(struct gen *g, struct tr_site *s)
{
	flags_spoil(g);
	s->flags_at = (uint8_t)g->flags_at;
	emit_rm(&g->e, 0xf7, false, 0, tr_field(TR_CPU(cr4))); /* test */
	emit_4(&g->e, CR4_FSGSBASE);
	access_slow(g, emit_jump(&g->e, 0x84, emit_here(&g->e), false), s);
}

static bool read_base(struct gen *g, const struct insn *in)
{
	unsigned seg = in->op->run == op_rdfsbase ? SEG_FS : SEG_GS;
	struct tr_site *s = access_site(g, OUT_WHOLE);

	if (!s)
		return true;
	needs_fsgsbase(g, s);
	load_field(g, in->gpr[0], 0x8b, in->size[0] == 8, SEGMENT(seg, base));
	return true;
}

static bool write_base(struct gen *g, const struct insn *in)
{
	unsigned seg = in->op->run == op_wrfsbase ? SEG_FS : SEG_GS;
	bool wide = in->size[0] == 8;
	struct tr_site *s = access_site(g, OUT_WHOLE);

	if (!s)
		return true;
	needs_fsgsbase(g, s);
	access_register(g, 0x8b, wide, H_T0, in->gpr[0]);
	emit_rr(&g->e, 0x8b, true, H_T1, H_T0);
	EMIT(&g->e, "\x49\xc1\xe6\x10\x49\xc1\xfe\x10"); /* shl r14, 16; sar r14, 16 */
	emit_rr(&g->e, 0x3b, true, H_T1, H_T0);
	access_slow(g, emit_jump(&g->e, 0x85, emit_here(&g->e), false), s);
	emit_rm(&g->e, 0x89, true, H_T0, SEGMENT(seg, base));
	return true;
}

/* ---- calls of C that cannot fail ---- */

static void light_tsc(struct cpu *c)
{
	uint64_t tsc;

	if (tr_cpu(c)->fpu_was & TR_X87)
		pointers_saved(c);
	tsc = cpu_tsc(c);
	c->r[R_AX] = (uint32_t)tsc;
	c->r[R_DX] = tsc >> 32;
}

static void light_tscp(struct cpu *c)
{
	light_tsc(c);
	c->r[R_CX] = (uint32_t)c->tsc_aux;
}

/* The flags are in the slot. */
static void call_light(struct gen *g, void (*fn)(struct cpu *))
{
	stubs_light(g->tr, &g->e, fn);
	g->vector_ready = g->x87_ready = false;
}

static bool rdtsc(struct gen *g, const struct insn *in)
{
	struct tr_site *s;

	flags_spoil(g);
	s = access_site(g, OUT_WHOLE);
	if (!s)
		return true;
	if (g->key->cpl) {
		emit_rm(&g->e, 0xf6, false, 0, tr_field(TR_CPU(cr4))); /* test */
		emit_1(&g->e, CR4_TSD);
		access_slow(g, emit_jump(&g->e, 0x85, emit_here(&g->e), false), s);
	}
	call_light(g, in->op->run == op_rdtsc ? light_tsc : light_tscp);
	return true;
}

static bool pause(struct gen *g, const struct insn *in)
{
	(void)in;
	EMIT(&g->e, "\xf3\x90");
	return true;
}

gen_fn *system_find(const struct insn *in)
{
	static const struct {
		run_fn *run;
		gen_fn *fn;
	} list[] = {
		{op_cli, cli},
		{op_sti, sti},
		{op_pushf, pushf},
		{op_popf, popf},
		{op_swapgs, swapgs},
		{op_mov_cr, mov_cr},
		{op_rdfsbase, read_base},
		{op_rdgsbase, read_base},
		{op_wrfsbase, write_base},
		{op_wrgsbase, write_base},
		{op_rdtsc, rdtsc},
		{op_rdtscp, rdtsc},
		{op_pause, pause},
	};
	gen_fn *fn = calls_find(in);

	for (unsigned i = 0; !fn && i < ARRAY_SIZE(list); i++)
		if (list[i].run == in->op->run)
			fn = list[i].fn;
	return fn ? fn : rings_find(in);
}
