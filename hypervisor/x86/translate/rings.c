/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/rings.c: from one ring to the other without a way out:
 * SYSCALL and SYSRET of 64-bit code, by a stub for all of them, and STAC and CLAC,
 * which change what the kernel may touch. What translated code runs under (the key)
 * changes with them; which key that is, each vCPU knows by ring.
 *
 * Whatever is odd about them (a flag that translated code does not run with, a target that is not
 * canonical, an interrupt that waits for IF) is the handler's.
 *
 * Spec: Intel SDM volume 2, SYSCALL, SYSRET, STAC.
 * Tests: tests/x86/rings.c
 */
#include "hypervisor/x86/desc.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

#define RING(n) tr_field(TR_OWN(rings) + (int32_t)(n))
/* Of RFLAGS: what translated code does not run with. */
#define FL_ODD (FL_TF | FL_DF | FL_AC | FL_VIP)

/* ---- the key ---- */

/* cmp byte [ring], 0 */
static void ring_known(struct emit *e, unsigned ring)
{
	emit_rm(e, 0x80, false, 7, RING(ring));
	emit_1(e, 0);
}

#define STATE(field) tr_field(TR_OWN(state) + (int32_t)offsetof(struct tr_state, field))

/* t0 is lost. */
static void ring_set(struct emit *e, unsigned ring)
{
	emit_rm(e, 0xc6, false, 0, STATE(cpl));
	emit_1(e, ring == RING_USER ? 3 : 0);
	emit_rm(e, 0xc7, true, 0, STATE(flags));
	emit_4(e, ring == RING_KERNEL_AC ? FL_AC : 0);
	emit_rm(e, 0x8a, false, H_T0, RING(ring));
	emit_rm(e, 0x88, false, H_T0, tr_field(TR_CPU(tr_key)));
}

/* ---- stubs: t0 is the site of their odd cases ---- */

static void begin(struct emit *e, struct emit_jumps *o, unsigned ring)
{
	emit_rm(e, 0x89, true, H_T0, tr_field(TR_OWN(site)));
	emit_rm(e, 0xf6, false, 0, tr_field(TR_CPU(efer))); /* test */
	emit_1(e, EFER_SCE);
	emit_jump_if(e, o, 4);
	ring_known(e, ring);
	emit_jump_if(e, o, 4);
}

/* The selector is in t0, of 16 bits. */
static void segment(struct emit *e, unsigned seg, uint16_t attr)
{
	emit_rm(e, 0xc7, true, 0, SEGMENT(seg, base));
	emit_4(e, 0);
	emit_rm(e, 0xc7, false, 0, SEGMENT(seg, limit));
	emit_4(e, ~0u);
	EMIT(e, "\x41\x81\xcd"); /* or r13d, attr << 16 */
	emit_4(e, (uint32_t)attr << 16);
	emit_rm(e, 0x89, false, H_T0, SEGMENT(seg, sel));
}

/* t0 = (uint16_t)(STAR's selector + by) | rpl */
static void selector(struct emit *e, unsigned byte, unsigned by, unsigned rpl)
{
	emit_rm(e, 0x0fb7, false, H_T0, tr_field(TR_CPU(star) + (int32_t)byte)); /* movzx */
	if (!rpl) {
		EMIT(e, "\x41\x81\xe5\xfc\xff"); /* and r13d, 0xfffc */
		emit_1(e, 0);
		emit_1(e, 0);
	}
	EMIT(e, "\x41\x83\xc5"); /* add r13d, by */
	emit_1(e, by);
	EMIT(e, "\x41\x83\xcd"); /* or r13d, rpl */
	emit_1(e, rpl);
	EMIT(e, "\x45\x0f\xb7\xed"); /* movzx r13d, r13w */
}

static void set_cpl(struct emit *e, unsigned cpl, unsigned ring)
{
	emit_rm(e, 0xc6, false, 0, tr_field(TR_CPU(cpl)));
	emit_1(e, cpl);
	ring_set(e, ring);
}

void rings_go_on(struct tr *tr, struct emit *e, const struct emit_jumps *odd)
{
	static const struct tr_site branch = {.out = OUT_BRANCH, .flags_at = FLAGS_SLOT};
	uint8_t *away = ends_look_up(e);

	ends_jump(e);
	ends_missed(e, away);
	emit_imm(e, H_T0, (uint64_t)(uintptr_t)&branch);
	emit_jump(e, 0xe9, tr->out, false);
	for (unsigned i = 0; i < odd->n; i++)
		emit_aim(e, odd->from[i], emit_here(e));
	emit_rm(e, 0x8b, true, H_T0, tr_field(TR_OWN(site)));
	emit_jump(e, 0xe9, tr->out, false);
}

/* t1: what RCX will be. */
static void make_syscall(struct tr *tr, struct emit *e)
{
	struct emit_jumps o = {.n = 0};

	begin(e, &o, RING_KERNEL);
	emit_rm(e, 0x89, true, H_T1, tr_field(TR_OWN(value)));
	flags_image(e);
	emit_rm(e, 0x8b, false, H_T0, tr_field(TR_CPU(fmask)));
	EMIT(e, "\x41\xf7\xd5"); /* not r13d */
	emit_rr(e, 0x23, false, H_T0, H_T1);
	EMIT(e, "\x41\xf7\xc5"); /* test r13d */
	emit_4(e, FL_ODD);
	emit_jump_if(e, &o, 5);
	emit_rr(e, 0x8b, true, R_11, H_T1);
	emit_rm(e, 0x8b, true, R_CX, tr_field(TR_OWN(value)));
	EMIT(e, "\x41\x83\xcd\x02"); /* or r13d, FL_1 */
	emit_rm(e, 0x89, true, H_T0, tr_field(TR_CPU(flags)));
	emit_rr(e, 0x8b, false, H_T1, H_T0);
	flags_take(e);
	selector(e, 4, 0, 0);
	segment(e, SEG_CS, FLAT_CODE | SEG_L);
	selector(e, 4, 8, 0);
	segment(e, SEG_SS, FLAT_DATA | SEG_DB);
	set_cpl(e, 0, RING_KERNEL);
	emit_rm(e, 0x8b, true, H_T1, tr_field(TR_CPU(lstar)));
	rings_go_on(tr, e, &o);
}

/* IF comes back with them, in t1: unless an interrupt waits. */
static void no_interrupt(struct emit *e, struct emit_jumps *o)
{
	uint8_t *none;

	EMIT(e, "\x41\xf7\xc6"); /* test r14d */
	emit_4(e, FL_IF);
	none = emit_jump(e, 0x84, emit_here(e), false);
	o->from[o->n++] = system_interrupt(e);
	emit_aim(e, none, emit_here(e));
}

static void make_sysret(struct tr *tr, struct emit *e)
{
	const uint16_t user = 3 << SEG_DPL_SHIFT;
	struct emit_jumps o = {.n = 0};

	begin(e, &o, RING_USER);
	emit_rr(e, 0x8b, true, H_T1, R_CX);
	EMIT(e, "\x49\xc1\xe6\x10\x49\xc1\xfe\x10"); /* shl r14, 16; sar r14, 16 */
	emit_rr(e, 0x3b, true, H_T1, R_CX);
	emit_jump_if(e, &o, 5);
	emit_rr(e, 0x8b, false, H_T1, R_11);
	EMIT(e, "\x41\xf7\xc6"); /* test r14d */
	emit_4(e, FL_ODD);
	emit_jump_if(e, &o, 5);
	no_interrupt(e, &o);
	EMIT(e, "\x41\x81\xe6"); /* and r14d */
	emit_4(e, SYSRET_FLAGS);
	EMIT(e, "\x41\x83\xce\x02"); /* or r14d, FL_1 */
	emit_rm(e, 0x89, true, H_T1, tr_field(TR_CPU(flags)));
	flags_take(e);
	selector(e, 6, 16, 3);
	segment(e, SEG_CS, FLAT_CODE | SEG_L | user);
	selector(e, 6, 8, 3);
	segment(e, SEG_SS, FLAT_DATA | SEG_DB | user);
	set_cpl(e, 3, RING_USER);
	emit_rr(e, 0x8b, true, H_T1, R_CX);
	rings_go_on(tr, e, &o);
}

void rings_make(struct tr *tr, struct emit *e)
{
	tr->syscall = emit_here(e);
	make_syscall(tr, e);
	tr->sysret = emit_here(e);
	make_sysret(tr, e);
}

/* ---- instructions ---- */

bool rings_stub(struct gen *g, const uint8_t *stub)
{
	const struct tr_site *s;

	flags_spoil(g);
	s = access_site(g, OUT_WHOLE);
	g->ended = true;
	if (!s)
		return true;
	access_to(g, s, stub);
	return true;
}

static bool syscall(struct gen *g, const struct insn *in)
{
	if (!gen_wide(g))
		return false;
	emit_imm(&g->e, H_T1, gen_rip(g, g->i) + in->len);
	return rings_stub(g, g->tr->syscall);
}

static bool sysret(struct gen *g, const struct insn *in)
{
	if (!gen_wide(g) || g->key->cpl || in->opsize != 8)
		return false;
	return rings_stub(g, g->tr->sysret);
}

/* To the next instruction under the other key, which follows from this one alone: all vCPUs have
 * the same. */
static void change_set(struct gen *g, unsigned ring, const struct insn *in)
{
	ring_known(&g->e, ring);
	access_slow(g, emit_jump(&g->e, 0x84, emit_here(&g->e), false), access_site(g, OUT_WHOLE));
	ring_set(&g->e, ring);
	if (ring == RING_KERNEL_AC)
		system_set(g, FL_AC);
	else
		system_clear(g, FL_AC);
	ends_link_over(g, gen_rip(g, g->i) + in->len);
}

/* With SMAP's set AC is clear, and SMAP on; without, AC is set, or SMAP off. */
static bool stac(struct gen *g, const struct insn *in)
{
	if (!gen_wide(g) || g->key->cpl)
		return false;
	flags_spoil(g);
	if (g->key->set == TLB_KERNEL_SMAP) {
		change_set(g, RING_KERNEL_AC, in);
		g->ended = true;
	} else {
		system_set(g, FL_AC);
	}
	return true;
}

static bool clac(struct gen *g, const struct insn *in)
{
	uint8_t *off;

	if (!gen_wide(g) || g->key->cpl)
		return false;
	if (g->key->set == TLB_KERNEL_SMAP)
		return true;
	flags_spoil(g);
	emit_rm(&g->e, 0xf7, false, 0, tr_field(TR_CPU(cr4))); /* test */
	emit_4(&g->e, CR4_SMAP);
	off = emit_jump(&g->e, 0x84, emit_here(&g->e), false);
	change_set(g, RING_KERNEL, in);
	emit_aim(&g->e, off, emit_here(&g->e));
	system_clear(g, FL_AC);
	return true;
}

gen_fn *rings_find(const struct insn *in)
{
	if (in->op->run == op_syscall)
		return syscall;
	if (in->op->run == op_sysret)
		return sysret;
	if (in->op->run == op_stac)
		return stac;
	return in->op->run == op_clac ? clac : NULL;
}
