/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/stubs.c: the way into translated code, out of it into
 * C and back, and what loads the guest's vector and x87 registers.
 *
 * RSP is the struct cpu while translated code runs; C has its own stack, whose
 * place is in tr_cpu.host_sp.
 *
 * Tests: tests/x86/translate.c
 */
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/translate/parts.h"

#define NO_INDEX REG_NONE

static bool pinned(unsigned reg)
{
	return reg != R_SP && reg < R_13;
}

static void registers(struct emit *e, bool store)
{
	unsigned op = store ? 0x89 : 0x8b;

	for (unsigned i = 0; i < 16; i++)
		if (pinned(i))
			emit_rm(e, op, true, i, tr_field(TR_REG(i)));
	emit_rm(e, op, true, H_SP, tr_field(TR_REG(R_SP)));
}

/* ---- vector and x87 registers ---- */

/* vextracti128 and vinserti128: the upper half of ymm i */
static void upper_half(struct emit *e, bool store, unsigned i)
{
	int32_t at = TR_CPU(fpu.ymm_high) + 16 * (int32_t)i;

	emit_1(e, 0xc4);
	emit_1(e, (i & 8 ? 0x63 : 0xe3));
	emit_1(e, store ? 0x7d : 0x05 | (~i & 15) << 3);
	emit_1(e, store ? 0x39 : 0x38);
	emit_1(e, 0x84 | (i & 7) << 3);
	emit_1(e, 0x24);
	emit_4(e, (uint32_t)at);
	emit_1(e, 1);
}

/* cmp [field], 0; je behind what follows */
static uint8_t *unless_zero(struct emit *e, int32_t field)
{
	emit_rm(e, 0x83, false, 7, tr_field(field));
	emit_1(e, 0);
	return emit_jump(e, 0x84, emit_here(e), false);
}

/* test [fpu_live or fpu_was], TR_X87; jz */
static uint8_t *if_x87(struct emit *e, int32_t field)
{
	emit_rm(e, 0xf6, false, 0, tr_field(field));
	emit_1(e, TR_X87);
	return emit_jump(e, 0x84, emit_here(e), false);
}

static void upper_halves_save(struct tr *tr, struct emit *e)
{
	uint8_t *none;

	if (!tr->avx)
		return;
	none = unless_zero(e, TR_OWN(avx));
	for (unsigned i = 0; i < 16; i++)
		upper_half(e, true, i);
	emit_aim(e, none, emit_here(e));
}

/* op ymm0, [32 bytes of the upper halves], or vpor ymm0, ymm0, [them] */
static void two_halves(struct emit *e, unsigned pp, unsigned op, unsigned i)
{
	emit_1(e, 0xc5);
	emit_1(e, 0xfc | pp);
	emit_1(e, op);
	EMIT(e, "\x84\x24");
	emit_4(e, (uint32_t)(TR_CPU(fpu.ymm_high) + 32 * (int32_t)i));
}

/* ZF: they do not count, or all are zero. ymm0 is lost. */
static void upper_halves_look(struct tr *tr, struct emit *e)
{
	uint8_t *none;

	if (!tr->avx)
		return;
	none = unless_zero(e, TR_OWN(avx));
	two_halves(e, 2, 0x6f, 0); /* vmovdqu */
	for (unsigned i = 1; i < 8; i++)
		two_halves(e, 1, 0xeb, i);
	EMIT(e, "\xc4\xe2\x7d\x17\xc0"); /* vptest ymm0, ymm0 */
	emit_aim(e, none, emit_here(e));
}

/* By ZF. The host knows of upper halves that VZEROUPPER cleared, and not of others, that they are
 * zero: each SSE instruction that writes a register would wait for what it keeps of it (Zen 5: a
 * multiplication of matrices took twice as long). */
static void upper_halves_load(struct tr *tr, struct emit *e)
{
	uint8_t *zero;

	if (!tr->avx)
		return;
	zero = emit_jump(e, 0x84, emit_here(e), false);
	for (unsigned i = 0; i < 16; i++)
		upper_half(e, false, i);
	emit_aim(e, zero, emit_here(e));
}

static void vzeroupper(struct tr *tr, struct emit *e)
{
	if (tr->avx)
		EMIT(e, "\xc5\xf8\x77");
}

/* fxsave64 and fxrstor64 */
static void fx_image(struct emit *e, bool store)
{
	emit_rm(e, 0x0fae, true, store ? 0 : 1, tr_field(TR_CPU(fpu.fx)));
}

static void mxcsr(struct emit *e, bool store, int32_t field)
{
	emit_rm(e, 0x0fae, false, store ? 3 : 2, tr_field(field));
}

/* The same for vector registers alone, which is three times as quick. */
static void vector_image(struct emit *e, bool store)
{
	for (unsigned i = 0; i < 16; i++) /* movaps */
		emit_rm(e, store ? 0x0f29 : 0x0f28, false, i,
			tr_field(TR_CPU(fpu.fx) + FX_XMM + 16 * (int32_t)i));
	mxcsr(e, store, TR_CPU(fpu.fx) + FX_MXCSR);
}

static void set_live(struct emit *e, uint32_t what)
{
	emit_rm(e, 0xc7, false, 0, tr_field(TR_OWN(fpu_live)));
	emit_4(e, what);
}

static void vector_load(struct tr *tr, struct emit *e)
{
	upper_halves_look(tr, e);
	vzeroupper(tr, e);
	vector_image(e, false);
	upper_halves_load(tr, e);
	set_live(e, TR_VECTOR);
}

static void copy(struct emit *e, unsigned size, int32_t to, int32_t from)
{
	emit_load(e, size, H_T0, tr_field(from));
	emit_store(e, size, H_T0, tr_field(to));
}

/* The pointers of the image are the guest's: pointers.c. */
static void x87_load(struct tr *tr, struct emit *e)
{
	copy(e, 8, TR_OWN(fip), TR_CPU(fpu.fx) + FX_FIP);
	copy(e, 8, TR_OWN(fdp), TR_CPU(fpu.fx) + FX_FDP);
	copy(e, 2, TR_OWN(fop), TR_CPU(fpu.fx) + FX_FOP);
	upper_halves_look(tr, e);
	vzeroupper(tr, e);
	fx_image(e, false);
	upper_halves_load(tr, e);
	set_live(e, TR_VECTOR | TR_X87);
}

static void fpu_save(struct tr *tr, struct emit *e)
{
	uint8_t *vector = if_x87(e, TR_OWN(fpu_live)), *both;

	fx_image(e, true);
	EMIT(e, "\xdb\xe3"); /* fninit: what the guest left pending is not C's */
	both = emit_jump(e, 0xe9, emit_here(e), false);
	emit_aim(e, vector, emit_here(e));
	vector_image(e, true);
	emit_aim(e, both, emit_here(e));
	upper_halves_save(tr, e);
	vzeroupper(tr, e);
	mxcsr(e, false, TR_OWN(host_mxcsr));
	set_live(e, 0);
}

static void fpu_load(struct tr *tr, struct emit *e)
{
	uint8_t *vector = if_x87(e, TR_OWN(fpu_was)), *both;

	x87_load(tr, e);
	both = emit_jump(e, 0xe9, emit_here(e), false);
	emit_aim(e, vector, emit_here(e));
	vector_load(tr, e);
	emit_aim(e, both, emit_here(e));
}

static void if_set(struct emit *e, int32_t field, struct tr *tr,
		   void (*then)(struct tr *tr, struct emit *e))
{
	uint8_t *skip = unless_zero(e, field);

	then(tr, e);
	emit_aim(e, skip, emit_here(e));
}

/* ---- in and out ---- */

static const uint8_t saved[] = {R_BX, R_BP, R_12, R_13, R_14, R_15};

static void push_pop(struct emit *e, unsigned op, unsigned reg)
{
	if (reg & 8)
		emit_1(e, 0x41);
	emit_1(e, op | (reg & 7));
}

/* Guest registers and flags from struct cpu, then to tr_cpu.resume. */
static void go(struct emit *e)
{
	emit_rm(e, 0x8b, true, R_AX, tr_field(TR_OWN(slot_flags)));
	emit_rm(e, 0x89, true, R_AX, tr_field(TR_NEAR(flags)));
	EMIT(e, "\x04\x7f\x9e"); /* add al, 127; sahf */
	registers(e, false);
	emit_rm(e, 0xff, false, 4, tr_field(TR_OWN(resume)));
}

/* void enter(struct cpu *c): C's stack is aligned as a call wants it. */
static void make_enter(struct emit *e)
{
	for (unsigned i = 0; i < ARRAY_SIZE(saved); i++)
		push_pop(e, 0x50, saved[i]);
	EMIT(e, "\x48\x83\xec\x08"); /* sub rsp, 8 */
	emit_rm(e, 0x89, true, R_SP, (struct emit_mem){R_DI, NO_INDEX, TR_OWN(host_sp)});
	emit_rr(e, 0x8b, true, R_SP, R_DI);
	emit_rm(e, 0x0fae, false, 3, tr_field(TR_OWN(host_mxcsr))); /* stmxcsr */
	go(e);
}

static void make_leave(struct emit *e)
{
	EMIT(e, "\x48\x83\xc4\x08"); /* add rsp, 8 */
	for (unsigned i = ARRAY_SIZE(saved); i-- > 0;)
		push_pop(e, 0x58, saved[i]);
	emit_1(e, 0xc3);
}

/* All of the guest's into struct cpu. t0 is the site, t1 what it wants to say. */
static void store_all(struct tr *tr, struct emit *e)
{
	emit_rm(e, 0x89, true, H_T1, tr_field(TR_OWN(t1)));
	emit_rm(e, 0x89, true, H_T0, tr_field(TR_OWN(site)));
	emit_rm(e, 0x8b, true, H_T1, tr_field(TR_NEAR(flags)));
	emit_rm(e, 0x89, true, H_T1, tr_field(TR_OWN(slot_flags)));
	registers(e, true);
	EMIT(e, "\x9f\x0f\x90\xc0"); /* lahf; seto al */
	emit_rm(e, 0x89, true, R_AX, tr_field(TR_OWN(host_flags)));
	emit_rm(e, 0x8b, false, R_AX, tr_field(TR_OWN(fpu_live)));
	emit_rm(e, 0x89, false, R_AX, tr_field(TR_OWN(fpu_was)));
	if_set(e, TR_OWN(fpu_live), tr, fpu_save);
}

static void make_out(struct tr *tr, struct emit *e)
{
	const uint8_t *(*call)(struct cpu *, const struct tr_site *) = out_call;
	uint8_t *stay;

	store_all(tr, e);
	emit_rr(e, 0x8b, true, R_DI, R_SP);
	emit_rr(e, 0x8b, true, R_BX, R_SP);
	emit_rm(e, 0x8b, true, R_SI, tr_field(TR_OWN(site)));
	emit_rm(e, 0x8b, true, R_SP, tr_field(TR_OWN(host_sp)));
	emit_imm(e, R_AX, (uint64_t)(uintptr_t)call);
	EMIT(e, "\xff\xd0"); /* call rax */
	emit_rr(e, 0x85, true, R_AX, R_AX);
	stay = emit_jump(e, 0x85, emit_here(e), false);
	make_leave(e);
	emit_aim(e, stay, emit_here(e));
	emit_rr(e, 0x8b, true, R_SP, R_BX);
	emit_rm(e, 0x89, true, R_AX, tr_field(TR_OWN(resume)));
	if_set(e, TR_OWN(fpu_was), tr, fpu_load);
	go(e);
}

/* For translated code, which goes on at tr_cpu.resume and has seen to the flags. */
static void make_load_vector(struct tr *tr, struct emit *e)
{
	vector_load(tr, e);
	emit_rm(e, 0xff, false, 4, tr_field(TR_OWN(resume)));
}

static void make_load_x87(struct tr *tr, struct emit *e)
{
	if_set(e, TR_OWN(fpu_live), tr, fpu_save);
	x87_load(tr, e);
	emit_rm(e, 0xff, false, 4, tr_field(TR_OWN(resume)));
}

/* What C may change of the guest's, and RBX, which keeps RSP meanwhile. */
static void light_registers(struct emit *e, bool store)
{
	static const uint8_t lost[] = {R_AX, R_CX, R_DX, R_BX, R_SI, R_DI, R_8, R_9, R_10, R_11};

	for (unsigned i = 0; i < ARRAY_SIZE(lost); i++)
		emit_rm(e, store ? 0x89 : 0x8b, true, lost[i], tr_field(TR_REG(lost[i])));
}

/* A call of void (*t0)(struct cpu *), which looks at no other register and always comes back, to
 * t1. The flags are in the slot, and stay there; units are to be loaded again. */
static void make_light(struct tr *tr, struct emit *e)
{
	light_registers(e, true);
	emit_rm(e, 0x89, true, H_T1, tr_field(TR_OWN(resume)));
	emit_rm(e, 0x8b, false, R_AX, tr_field(TR_OWN(fpu_live)));
	emit_rm(e, 0x89, false, R_AX, tr_field(TR_OWN(fpu_was)));
	if_set(e, TR_OWN(fpu_live), tr, fpu_save);
	emit_rr(e, 0x8b, true, R_DI, R_SP);
	emit_rr(e, 0x8b, true, R_BX, R_SP);
	emit_rm(e, 0x8b, true, R_SP, tr_field(TR_OWN(host_sp)));
	EMIT(e, "\x41\xff\xd5"); /* call r13 */
	emit_rr(e, 0x8b, true, R_SP, R_BX);
	light_registers(e, false);
	emit_rm(e, 0xff, false, 4, tr_field(TR_OWN(resume)));
}

void stubs_light(const struct tr *tr, struct emit *e, void (*fn)(struct cpu *))
{
	uint8_t *back;

	emit_imm(e, H_T0, (uint64_t)(uintptr_t)fn);
	back = emit_lea_rip(e, H_T1, emit_here(e));
	emit_jump(e, 0xe9, tr->light, false);
	emit_aim(e, back, emit_here(e));
}

void stubs_make(struct tr *tr, struct emit *e)
{
	tr->enter = emit_here(e);
	make_enter(e);
	tr->out = emit_here(e);
	make_out(tr, e);
	tr->load_vector = emit_here(e);
	make_load_vector(tr, e);
	tr->load_x87 = emit_here(e);
	make_load_x87(tr, e);
	tr->light = emit_here(e);
	make_light(tr, e);
	rings_make(tr, e);
	calls_make(tr, e);
	stack_page_make(tr, e);
}

void stubs_enter(struct cpu *c, const uint8_t *host)
{
	struct tr_cpu *t = tr_cpu(c);
	void (*enter)(struct cpu *);

	memcpy(&enter, &t->tr->enter, sizeof(enter));
	t->resume = host;
	tr_set_flags(c);
	t->avx = c->xcr0 & 4;
	enter(c);
}
