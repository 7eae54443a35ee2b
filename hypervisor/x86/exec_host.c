/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector instructions: MMX to SSE4.2, AES, PCLMUL, SHA, AVX, AVX2, FMA, F16C.
 *
 * The operands are brought to where the instruction's thunk wants them, the
 * thunk runs, the result is brought back. Memory is read before and written
 * after it, so a fault leaves the registers as they were.
 *
 * Spec: Intel SDM volume 1, chapters 9-14; volume 2, 2.4 (exception classes).
 * Missing: nothing of the sets named; AVX-512, 3DNow! and SSE4a are not offered.
 * Tests: tests/x86/vector.c, tests/x86/oracle.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/host_thunk.h"

/* ---- may it run ---- */

static void check_avx(struct cpu *c)
{
	bool real = !(c->cr0 & CR0_PE) || c->flags & FL_VM;

	if (real || !(c->cr4 & CR4_OSXSAVE) || (c->xcr0 & 6) != 6)
		cpu_raise(c, EXC_UD);
}

static void check_sse(struct cpu *c)
{
	if (c->cr0 & CR0_EM || !(c->cr4 & CR4_OSFXSR))
		cpu_raise(c, EXC_UD);
}

void fpu_check(struct cpu *c, const struct insn *in)
{
	uint32_t flags = in->op->flags;

	if (flags & F_AVX)
		check_avx(c);
	else if (flags & F_SSE)
		check_sse(c);
	if (flags & F_MMX && c->cr0 & CR0_EM)
		cpu_raise(c, EXC_UD);
	if (flags & F_FPU && c->cr0 & CR0_EM)
		cpu_raise(c, EXC_NM);
	if (c->cr0 & CR0_TS)
		cpu_raise(c, EXC_NM);
}

uint64_t fpu_linear(const struct cpu *c, const struct insn *in, uint64_t ea)
{
	if (in->mode == MODE_64)
		return in->seg < SEG_FS ? ea : ea + c->seg[in->seg].base;
	return (uint32_t)(ea + c->seg[in->seg].base);
}

/* ---- operands ---- */

static bool is_mem(const struct insn *in, unsigned i)
{
	unsigned kind = in->op->o[i].kind;

	return kind == O_M || ((kind == O_E || kind == O_Q || kind == O_W) && in->mod != 3);
}

static void get_vector(struct cpu *c, uint8_t v[32], unsigned reg)
{
	memcpy(v, fx_xmm(c, reg), 16);
	memcpy(v + 16, c->fpu.ymm_high[reg & 15], 16);
}

/* A VEX instruction writes all of the register, another leaves the upper half alone. */
static void set_vector(struct cpu *c, const struct insn *in, unsigned reg, const uint8_t v[32])
{
	memcpy(fx_xmm(c, reg), v, 16);
	if (in->vex)
		memcpy(c->fpu.ymm_high[reg & 15], v + 16, 16);
}

/* MMX register n is x87 register n, wherever TOP is. */
static uint64_t get_mmx(struct cpu *c, unsigned reg)
{
	uint64_t v;

	memcpy(&v, fx_st(c, reg - (fx_get(c, FX_FSW, 2) >> FSW_TOP_SHIFT)), 8);
	return v;
}

static void set_mmx(struct cpu *c, unsigned reg, uint64_t v)
{
	static const uint8_t rest[8] = {0xff, 0xff};

	memcpy(fx_st(c, reg), &v, 8);
	memcpy(fx_st(c, reg) + 8, rest, 8);
}

static uint64_t get_general(struct cpu *c, const struct insn *in, unsigned i, unsigned reg)
{
	unsigned size = insn_opnd_bytes(in, i);

	return reg_get(c, in, reg, size && size < 8 ? size : 8);
}

static unsigned is4(const struct insn *in)
{
	return in->imm >> 4 & (in->mode == MODE_64 ? 15 : 7);
}

static void load(struct cpu *c, const struct insn *in, unsigned i, struct host_regs *h)
{
	switch (in->op->o[i].kind) {
	case O_V:
		get_vector(c, h->v[HV_REG], in->reg);
		break;
	case O_H:
		get_vector(c, h->v[HV_VVVV], in->vvvv);
		break;
	case O_W:
	case O_U:
		get_vector(c, h->v[HV_RM], in->rm);
		break;
	case O_L:
		get_vector(c, h->v[HV_IS4], is4(in));
		break;
	case O_P:
		h->g[HV_REG] = get_mmx(c, in->reg);
		break;
	case O_N:
	case O_Q:
		h->g[HV_RM] = get_mmx(c, in->rm);
		break;
	case O_G:
		h->g[HV_REG] = get_general(c, in, i, in->reg);
		break;
	case O_B:
		h->g[HV_VVVV] = get_general(c, in, i, in->vvvv);
		break;
	case O_E:
	case O_R:
		h->g[HV_RM] = get_general(c, in, i, in->rm);
		break;
	default:
		break;
	}
}

static void store(struct cpu *c, const struct insn *in, const struct host_regs *h)
{
	switch (in->op->o[0].kind) {
	case O_V:
		set_vector(c, in, in->reg, h->v[HV_REG]);
		break;
	case O_H:
		set_vector(c, in, in->vvvv, h->v[HV_VVVV]);
		break;
	case O_W:
	case O_U:
		set_vector(c, in, in->rm, h->v[HV_RM]);
		break;
	case O_P:
		set_mmx(c, in->reg, h->g[HV_REG]);
		break;
	case O_N:
	case O_Q:
		set_mmx(c, in->rm, h->g[HV_RM]);
		break;
	case O_G:
		c->r[in->reg] = h->g[HV_REG];
		break;
	case O_E:
	case O_R:
		c->r[in->rm] = h->g[HV_RM];
		break;
	default:
		break;
	}
}

/* ---- what is implied ---- */

static void load_implied(struct cpu *c, struct host_regs *h)
{
	get_vector(c, h->v[HV_XMM0], 0);
	h->ax = c->r[R_AX];
	h->cx = c->r[R_CX];
	h->dx = c->r[R_DX];
	h->flags = c->flags & FL_STATUS;
	h->mxcsr = fx_get(c, FX_MXCSR, 4);
}

static void store_implied(struct cpu *c, const struct insn *in, const struct host_regs *h)
{
	const struct opcode *op = in->op;

	fx_set(c, FX_MXCSR, 4, h->mxcsr);
	c->flags = (c->flags & ~(uint64_t)FL_STATUS) | (h->flags & FL_STATUS);
	if (op->map != MAP_0F3A)
		return;
	if (op->op == 0x60 || op->op == 0x62) /* PCMP.STRM */
		set_vector(c, in, 0, h->v[HV_XMM0]);
	else if (op->op == 0x61 || op->op == 0x63) /* PCMP.STRI */
		c->r[R_CX] = h->cx;
}

/* ---- memory ---- */

/* SHA asks for no alignment on AMD's processors (a group of its own opcodes in 0F 38, 0F 3A). */
static bool is_sha(const struct opcode *op)
{
	return (op->map == MAP_0F38 && op->op >= 0xc8 && op->op <= 0xcd) ||
	       (op->map == MAP_0F3A && op->op == 0xcc);
}

static void check_align(struct cpu *c, const struct insn *in, uint64_t ea, unsigned size)
{
	if (is_sha(in->op) && __builtin_cpu_is("amd"))
		return;
	if (in->op->flags & F_ALIGN && size >= 16)
		cpu_gp0(c, !(fpu_linear(c, in, ea) & (size - 1)));
}

/* Index of the memory operand, or 4. */
static unsigned mem_operand(const struct insn *in)
{
	unsigned i = 0;

	while (i < 4 && !is_mem(in, i))
		i++;
	return i;
}

/* ---- running ---- */

static bool touches_mmx(const struct insn *in)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned kind = in->op->o[i].kind;

		if (kind == O_P || kind == O_N || (kind == O_Q && in->mod == 3))
			return true;
	}
	return false;
}

static _Noreturn void raise_fault(struct cpu *c, const struct insn *in, const struct host_regs *h)
{
	if (h->fault == EXC_UD)
		cpu_raise(c, EXC_UD);
	if (touches_mmx(in)) /* the registers have changed their names already */
		fpu_enter_mmx(c);
	fx_set(c, FX_MXCSR, 4, h->mxcsr);
	cpu_raise(c, c->cr4 & CR4_OSXMMEXCPT ? EXC_XM : EXC_UD);
}

/* Reads the memory operand or, when it is the destination, sees to its address. */
static void load_mem(struct cpu *c, const struct insn *in, unsigned m, struct host_regs *h)
{
	uint64_t ea = insn_ea(c, in);
	unsigned size = insn_opnd_bytes(in, m);

	check_align(c, in, ea, size);
	mem_align(c, in->seg, ea, size, size < 16 ? size : 16, m ? ACCESS_READ : ACCESS_WRITE);
	if (m > 0)
		mem_read_buf(c, in->seg, ea, h->mem, size);
	else /* #PF comes before #XM */
		mem_probe(c, in->seg, ea, size, ACCESS_WRITE);
}

static void commit(struct cpu *c, const struct insn *in, bool to_mem, const struct host_regs *h)
{
	if (to_mem)
		mem_write_buf(c, in->seg, insn_ea(c, in), h->mem, insn_opnd_bytes(in, 0));
	if (touches_mmx(in))
		fpu_enter_mmx(c);
	if (!to_mem)
		store(c, in, h);
	store_implied(c, in, h);
}

static void run_thunk(struct cpu *c, const struct insn *in)
{
	const struct thunk *t = host_thunk_get(in);
	unsigned m = mem_operand(in);
	struct host_regs h;

	if (!t)
		cpu_raise(c, EXC_UD);
	if (touches_mmx(in))
		fpu_pending(c);
	if (m < 4)
		load_mem(c, in, m, &h);
	for (unsigned i = 0; i < 4; i++)
		load(c, in, i, &h);
	load_implied(c, &h);
	host_thunk_run(t, &h);
	if (h.fault)
		raise_fault(c, in, &h);
	commit(c, in, m == 0, &h);
}

static void vzero(struct cpu *c, const struct insn *in)
{
	unsigned n = in->mode == MODE_64 ? 16 : 8;

	if (in->vl)
		memset(fx_xmm(c, 0), 0, n * 16);
	memset(c->fpu.ymm_high, 0, n * sizeof(c->fpu.ymm_high[0]));
}

void op_emms(struct cpu *c, const struct insn *in)
{
	fpu_check(c, in);
	fpu_pending(c);
	fpu_enter_mmx(c);
	fx_set(c, FX_FTW, 1, 0);
}

void op_ldmxcsr(struct cpu *c, const struct insn *in)
{
	uint32_t v;

	fpu_check(c, in);
	v = (uint32_t)mem_read(c, in->seg, insn_ea(c, in), 4);
	cpu_gp0(c, !(v & ~MXCSR_VALID));
	fx_set(c, FX_MXCSR, 4, v);
}

void op_stmxcsr(struct cpu *c, const struct insn *in)
{
	fpu_check(c, in);
	mem_write(c, in->seg, insn_ea(c, in), 4, fx_get(c, FX_MXCSR, 4));
}

/* ---- the few that a thunk does not do ---- */

/* clang-format off */
static const struct special {
	uint8_t map, first, last;
	void (*run)(struct cpu *c, const struct insn *in);
} vex_special[] = {
	{MAP_0F,   0x77, 0x77, vzero},
	{MAP_0F,   0xf7, 0xf7, host_maskmov},
	{MAP_0F38, 0x2c, 0x2f, host_vmaskmov},
	{MAP_0F38, 0x8c, 0x8c, host_vmaskmov},
	{MAP_0F38, 0x8e, 0x8e, host_vmaskmov},
	{MAP_0F38, 0x90, 0x93, host_gather},
}, legacy_special[] = {
	{MAP_0F, 0x77, 0x77, op_emms},
	{MAP_0F, 0xf7, 0xf7, host_maskmov},
};
/* clang-format on */

static bool run_special(struct cpu *c, const struct insn *in)
{
	const struct special *s = in->vex ? vex_special : legacy_special;
	size_t n = in->vex ? sizeof(vex_special) : sizeof(legacy_special);

	for (const struct special *end = s + n / sizeof(*s); s < end; s++) {
		if (s->map == in->op->map && in->op->op >= s->first && in->op->op <= s->last) {
			s->run(c, in);
			return true;
		}
	}
	return false;
}

void op_host(struct cpu *c, const struct insn *in)
{
	if (in->op->flags & F_FPU) {
		fpu_run(c, in);
		return;
	}
	fpu_check(c, in);
	if (!run_special(c, in))
		run_thunk(c, in);
}
