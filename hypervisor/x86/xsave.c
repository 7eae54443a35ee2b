/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FXSAVE and XSAVE areas: FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XSAVEC, XSAVES,
 * XRSTOR, XRSTORS, for x87, SSE and AVX state. There is no supervisor state
 * (IA32_XSS is 0): XSAVES is XSAVEC of ring 0.
 *
 * A component is in use when it is not in its initial state; that is looked at
 * each time, not tracked. XSAVEOPT and XSAVEC leave out components that are not;
 * the modified optimisation is not made (it is never required).
 *
 * Spec: Intel SDM volume 1, 10.5 (FXSAVE), chapter 13; volume 2, the instructions.
 * Tests: tests/x86/fpu.c, tests/x86/oracle.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/sys.h"

enum {
	XS_X87 = 1 << 0,
	XS_SSE = 1 << 1,
	XS_AVX = 1 << 2,
	XS_HEADER = 512,
	XS_HEADER_SIZE = 64,
	XS_YMM = 576, /* in both formats: nothing else can come before it */
};
#define XS_COMPACT (1ull << 63)

/* Vector registers that the mode can name; the others are not saved or loaded. */
static unsigned vectors(const struct insn *in)
{
	return in->mode == MODE_64 ? 16 : 8;
}

/* ---- the legacy area ---- */

/* FIP and FDP as the instruction's form has them: 64 bits, or 32 and a selector of 0. */
static void put_x87(struct cpu *c, const struct insn *in, uint8_t a[FX_SIZE])
{
	memcpy(a, c->fpu.fx, FX_MXCSR);
	if (!(in->rex & 8)) {
		memset(a + FX_FIP + 4, 0, 4);
		memset(a + FX_FDP + 4, 0, 4);
	}
	memcpy(a + FX_ST, fx_st(c, 0), 8 * 16);
	a[FX_FTW + 1] = 0;
	for (unsigned i = 0; i < 8; i++)
		memset(a + FX_ST + 16 * i + 10, 0, 6);
}

static void get_x87(struct cpu *c, const struct insn *in, const uint8_t a[FX_SIZE])
{
	memcpy(c->fpu.fx, a, FX_MXCSR);
	if (!(in->rex & 8)) {
		memset(c->fpu.fx + FX_FIP + 4, 0, 4);
		memset(c->fpu.fx + FX_FDP + 4, 0, 4);
	}
	memcpy(fx_st(c, 0), a + FX_ST, 8 * 16);
	fpu_settle(c);
}

static void put_mxcsr(struct cpu *c, uint8_t a[FX_SIZE])
{
	uint32_t mask = MXCSR_VALID;

	memcpy(a + FX_MXCSR, c->fpu.fx + FX_MXCSR, 4);
	memcpy(a + FX_MXCSR_MASK, &mask, 4);
}

static uint32_t get_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static uint64_t get_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

/* The operand's address, aligned as all these areas must be. */
static uint64_t area(struct cpu *c, const struct insn *in, unsigned align)
{
	uint64_t ea = insn_ea(c, in);

	cpu_gp0(c, !(fpu_linear(c, in, ea) & (align - 1)));
	return ea;
}

static void check_fx(struct cpu *c)
{
	if (c->cr0 & (CR0_EM | CR0_TS))
		cpu_raise(c, EXC_NM);
}

/* The limit of its first four bytes, then the alignment, then its last byte: as an AMD EPYC has
 * it. */
static uint64_t area_fx(struct cpu *c, const struct insn *in, enum mem_access access)
{
	uint64_t ea = insn_ea(c, in);

	mem_check(c, in->seg, ea, 4, access);
	area(c, in, 16);
	mem_probe(c, in->seg, reg_part(ea + FX_SIZE - 1, in->addrsize), 1, access);
	return ea;
}

void op_fxsave(struct cpu *c, const struct insn *in)
{
	uint8_t a[FX_SIZE];
	uint64_t ea;

	check_fx(c);
	ea = area_fx(c, in, ACCESS_WRITE);
	mem_probe(c, in->seg, ea, sizeof(a), ACCESS_WRITE);
	put_x87(c, in, a);
	put_mxcsr(c, a);
	memcpy(a + FX_XMM, fx_xmm(c, 0), vectors(in) * 16);
	mem_write_buf(c, in->seg, ea, a, FX_XMM + vectors(in) * 16);
}

void op_fxrstor(struct cpu *c, const struct insn *in)
{
	uint8_t a[FX_SIZE];
	uint64_t ea;

	check_fx(c);
	ea = area_fx(c, in, ACCESS_READ);
	mem_read_buf(c, in->seg, ea, a, sizeof(a));
	cpu_gp0(c, !(get_u32(a + FX_MXCSR) & ~(uint32_t)MXCSR_VALID));
	get_x87(c, in, a);
	fx_set(c, FX_MXCSR, 4, get_u32(a + FX_MXCSR));
	memcpy(fx_xmm(c, 0), a + FX_XMM, vectors(in) * 16);
}

/* ---- components ---- */

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n && !*p)
		p++, n--;
	return !n;
}

static bool x87_is_initial(const struct cpu *c)
{
	return fx_get(c, FX_FCW, 2) == FCW_INIT &&
	       all_zero(c->fpu.fx + FX_FSW, FX_MXCSR - FX_FSW) &&
	       all_zero(c->fpu.fx + FX_ST, 8 * 16);
}

uint64_t xsave_in_use(const struct cpu *c)
{
	uint64_t use = 0;

	if (!x87_is_initial(c))
		use |= XS_X87;
	if (!all_zero(c->fpu.fx + FX_XMM, 16 * 16))
		use |= XS_SSE;
	if (!all_zero(c->fpu.ymm_high[0], sizeof(c->fpu.ymm_high)))
		use |= XS_AVX;
	return use;
}

static uint64_t requested(const struct cpu *c)
{
	return (c->r[R_DX] << 32 | (uint32_t)c->r[R_AX]) & c->xcr0;
}

static void check_xsave(struct cpu *c)
{
	if (!(c->cr4 & CR4_OSXSAVE))
		cpu_raise(c, EXC_UD);
	if (c->cr0 & CR0_TS)
		cpu_raise(c, EXC_NM);
}

/* ---- XSAVE, XSAVEOPT, XSAVEC ---- */

struct save {
	uint64_t ea, rfbm, write; /* write: components whose data goes out */
	bool compact;
};

static void save_components(struct cpu *c, const struct insn *in, const struct save *s)
{
	uint8_t a[FX_SIZE];

	put_x87(c, in, a);
	put_mxcsr(c, a);
	if (s->write & XS_X87) {
		mem_write_buf(c, in->seg, s->ea, a, FX_MXCSR);
		mem_write_buf(c, in->seg, s->ea + FX_ST, a + FX_ST, 8 * 16);
	}
	if (s->compact ? s->write & XS_SSE : s->rfbm & (XS_SSE | XS_AVX))
		mem_write_buf(c, in->seg, s->ea + FX_MXCSR, a + FX_MXCSR, 8);
	if (s->write & XS_SSE)
		mem_write_buf(c, in->seg, s->ea + FX_XMM, fx_xmm(c, 0), vectors(in) * 16);
	if (s->write & XS_AVX)
		mem_write_buf(c, in->seg, s->ea + XS_YMM, c->fpu.ymm_high, vectors(in) * 16);
}

static void save_header(struct cpu *c, const struct insn *in, const struct save *s, uint64_t use)
{
	uint64_t at = s->ea + XS_HEADER;

	if (s->compact) {
		mem_write(c, in->seg, at, 8, use & s->rfbm);
		mem_write(c, in->seg, at + 8, 8, s->rfbm | XS_COMPACT);
	} else {
		uint64_t old = mem_read(c, in->seg, at, 8);

		mem_write(c, in->seg, at, 8, (old & ~s->rfbm) | (use & s->rfbm));
	}
}

static void save(struct cpu *c, const struct insn *in, bool compact, bool opt)
{
	struct save s = {.compact = compact};
	uint64_t use;

	check_xsave(c);
	s.rfbm = requested(c);
	s.ea = area(c, in, 64);
	use = xsave_in_use(c);
	if (compact && fx_get(c, FX_MXCSR, 4) != MXCSR_INIT)
		use |= XS_SSE;
	s.write = compact || opt ? s.rfbm & use : s.rfbm;
	mem_probe(c, in->seg, s.ea, XS_HEADER + XS_HEADER_SIZE, ACCESS_WRITE);
	if (s.write & XS_AVX)
		mem_probe(c, in->seg, s.ea + XS_YMM, vectors(in) * 16, ACCESS_WRITE);
	save_components(c, in, &s);
	save_header(c, in, &s, use);
}

void op_xsave(struct cpu *c, const struct insn *in)
{
	save(c, in, false, false);
}

void op_xsaveopt(struct cpu *c, const struct insn *in)
{
	save(c, in, false, true);
}

void op_xsavec(struct cpu *c, const struct insn *in)
{
	save(c, in, true, false);
}

void op_xsaves(struct cpu *c, const struct insn *in)
{
	save(c, in, true, false);
}

/* ---- XRSTOR ---- */

struct restore {
	uint64_t rfbm, bv, comp;
	uint8_t a[FX_SIZE];
	uint8_t ymm[16 * 16];
};

static bool header_ok(const struct cpu *c, const struct restore *r, const uint8_t *h)
{
	if (r->comp & XS_COMPACT)
		return !(r->comp & ~(c->xcr0 | XS_COMPACT)) && !(r->bv & ~r->comp) &&
		       all_zero(h + 16, XS_HEADER_SIZE - 16);
	return !(r->bv & ~c->xcr0) && all_zero(h + 8, 16);
}

/* All that can fault, before anything is loaded. */
static void restore_read(struct cpu *c, const struct insn *in, struct restore *r, bool want_compact)
{
	uint64_t ea = area(c, in, 64);
	uint8_t h[XS_HEADER_SIZE];
	bool compact;

	mem_read_buf(c, in->seg, ea + XS_HEADER, h, sizeof(h));
	r->bv = get_u64(h);
	r->comp = get_u64(h + 8);
	compact = r->comp & XS_COMPACT;
	cpu_gp0(c, header_ok(c, r, h) && (compact || !want_compact));
	mem_read_buf(c, in->seg, ea, r->a, sizeof(r->a));
	if (compact ? r->rfbm & r->bv & XS_SSE : r->rfbm & (XS_SSE | XS_AVX))
		cpu_gp0(c, !(get_u32(r->a + FX_MXCSR) & ~(uint32_t)MXCSR_VALID));
	if (r->rfbm & r->bv & XS_AVX)
		mem_read_buf(c, in->seg, ea + XS_YMM, r->ymm, vectors(in) * 16);
}

static void restore_mxcsr(struct cpu *c, const struct restore *r)
{
	bool compact = r->comp & XS_COMPACT;

	if (compact && r->rfbm & XS_SSE && !(r->bv & XS_SSE))
		fx_set(c, FX_MXCSR, 4, MXCSR_INIT);
	else if (compact ? r->rfbm & XS_SSE : r->rfbm & (XS_SSE | XS_AVX))
		fx_set(c, FX_MXCSR, 4, get_u32(r->a + FX_MXCSR));
}

static void restore_vectors(uint8_t *to, const uint8_t *from, bool initial, size_t n)
{
	if (initial)
		memset(to, 0, n);
	else
		memcpy(to, from, n);
}

static void restore(struct cpu *c, const struct insn *in, bool want_compact)
{
	struct restore r;
	size_t n = vectors(in) * 16;

	check_xsave(c);
	r.rfbm = requested(c);
	restore_read(c, in, &r, want_compact);
	restore_mxcsr(c, &r);
	if (r.rfbm & XS_X87 && r.bv & XS_X87)
		get_x87(c, in, r.a);
	else if (r.rfbm & XS_X87)
		fpu_init(c), memset(fx_st(c, 0), 0, 8 * 16);
	if (r.rfbm & XS_SSE)
		restore_vectors(fx_xmm(c, 0), r.a + FX_XMM, !(r.bv & XS_SSE), n);
	if (r.rfbm & XS_AVX)
		restore_vectors(c->fpu.ymm_high[0], r.ymm, !(r.bv & XS_AVX), n);
}

void op_xrstor(struct cpu *c, const struct insn *in)
{
	restore(c, in, false);
}

void op_xrstors(struct cpu *c, const struct insn *in)
{
	restore(c, in, true);
}
