/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's cases: an encoding of a random row of the opcode table, and a
 * state of values that matter more than random ones do.
 */
#include "tests/x86/oracle.h"

#include <fnmatch.h>
#include <string.h>

static uint64_t seed = 1;

void or_seed(uint64_t s)
{
	seed = s * 0x9e3779b97f4a7c15u + 1;
}

uint64_t or_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x2545f4914f6cdd1du;
}

static unsigned below(unsigned n)
{
	return (unsigned)((or_random() >> 32) * n >> 32);
}

static bool one_in(unsigned n)
{
	return !below(n);
}

/* ---- which rows ---- */

/* What shows the host's own machine, leaves the page, or depends on what the host's kernel does. */
static const char *const left_out[] = {
	"cpuid",  "rdtsc*",   "rdpmc",    "rdpid",    "rdrand", "rdseed", "xgetbv",   "xsetbv",
	"xsave*", "xrstor*",  "fxsave*",  "fxrstor*", "sgdt",   "sidt",   "sldt",     "str",
	"smsw",   "verr",     "verw",     "lar",      "lsl",    "arpl",   "popf*",    "in",
	"out",    "ins*",     "outs*",    "int*",     "iret*",  "l?s",    "syscall",  "sysenter",
	"rdfs*",  "rdgs*",    "wrfs*",    "wrgs*",    "sti",    "cli",    "monitor*", "mwait*",
	"vmcall", "vmmcall",  "clflush*", "clwb",     "push*s", "pop*s",  "bound",    "into",
	"clac",   "*ldmxcsr", "stac",
};

static bool names_segment(const struct opcode *o)
{
	for (unsigned i = 0; i < 4; i++) {
		if (o->o[i].kind == O_S || (o->o[i].kind >= O_ES && o->o[i].kind <= O_GS))
			return true;
	}
	return false;
}

static bool fits(const struct opcode *o, enum insn_mode mode, const char *only)
{
	if (!o->run || o->flags & (mode == MODE_64 ? F_NO64 : F_ONLY64))
		return false;
	/* 0D with a register is #UD on AMD's processors, a hint on Intel's; LOCK MOV CR0 is CR8 on
	 * AMD's; and LDMXCSR takes a bit more there. */
	if (o->map == MAP_0F && (o->op == 0x0d || (o->op & 0xfc) == 0x20))
		return false;
	/* Their W is ignored outside 64-bit mode, but for AMD's processors. */
	if (mode != MODE_64 && o->flags & F_VEX && o->map == MAP_0F3A &&
	    (o->op == 0x16 || o->op == 0x22))
		return false;
	if ((o->flags & F_ENDS && !(o->flags & F_BR)) || names_segment(o))
		return false;
	for (unsigned i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (!fnmatch(left_out[i], o->name, 0) && strcmp(o->name, "insertps"))
			return false;
	}
	return !only || !fnmatch(only, o->name, 0);
}

/* Those that fit, looked for once for each mode. */
static const struct opcode *pick(enum insn_mode mode, const char *only)
{
	static const struct opcode *list[3][4096];
	static unsigned n[3];
	unsigned rows;
	const struct opcode *o = opcode_rows(&rows);

	for (unsigned i = n[mode] ? rows : 0; i < rows; i++) {
		if (fits(&o[i], mode, only) && n[mode] < 4096)
			list[mode][n[mode]++] = &o[i];
	}
	return n[mode] ? list[mode][below(n[mode])] : NULL;
}

/* ---- encoding ---- */

struct enc {
	uint8_t *p;
	const struct opcode *o;
	enum insn_mode mode;
};

static void put(struct enc *e, unsigned byte)
{
	*e->p++ = (uint8_t)byte;
}

static void put_prefixes(struct enc *e)
{
	static const uint8_t segs[] = {0x26, 0x2e, 0x36, 0x3e};

	if (one_in(16))
		put(e, segs[below(4)]);
	if (one_in(16))
		put(e, 0x67);
	if (e->o->flags & F_VEX)
		return;
	if (one_in(e->o->flags & F_LOCK ? 4 : 128))
		put(e, 0xf0);
}

static void put_mandatory(struct enc *e)
{
	switch (e->o->prefix) {
	case PFX_66:
		put(e, 0x66);
		break;
	case PFX_F3:
	case PFX_F2:
		if (one_in(8))
			put(e, 0x66);
		put(e, e->o->prefix == PFX_F3 ? 0xf3 : 0xf2);
		break;
	case PFX_NP:
		break;
	default:
		if (one_in(4))
			put(e, 0x66);
		/* Reserved with LOOPcc, where AMD's processors let it choose the condition. */
		if (e->o->op >= 0xe0 && e->o->op <= 0xe2 && e->o->map == MAP_1)
			break;
		if (e->o->prefix == PFX_ANY && one_in(e->o->flags & F_REP ? 2 : 32))
			put(e, one_in(2) ? 0xf2 : 0xf3);
	}
}

static void put_opcode(struct enc *e)
{
	unsigned rex = 0x40 | below(16);

	if (e->o->flags & F_W1)
		rex |= 8;
	if (e->o->flags & F_W0)
		rex &= ~8u;
	if (e->mode == MODE_64 && (one_in(2) || e->o->flags & F_W1))
		put(e, rex);
	if (e->o->map != MAP_1)
		put(e, 0x0f);
	if (e->o->map == MAP_0F38)
		put(e, 0x38);
	if (e->o->map == MAP_0F3A)
		put(e, 0x3a);
	put(e, e->o->op);
}

static void put_vex(struct enc *e)
{
	static const uint8_t pp[] = {[PFX_66] = 1, [PFX_F3] = 2, [PFX_F2] = 3, [PFX_NR] = 0};
	unsigned rxb = e->mode == MODE_64 ? below(8) << 5 : 0xe0;
	unsigned w = e->o->flags & F_W1 ? 0x80 : e->o->flags & F_W0 ? 0 : below(2) << 7;
	unsigned l = e->o->flags & F_L1 ? 4 : e->o->flags & F_L0 ? 0 : below(2) << 2;
	unsigned v = e->o->flags & F_VVVV ? below(16) : 15, p = pp[e->o->prefix];

	if (e->mode != MODE_64)
		v |= 8;
	if (e->o->map == MAP_0F && !w && one_in(2)) {
		put(e, 0xc5);
		put(e, (rxb & 0x80) | v << 3 | l | p);
	} else {
		put(e, 0xc4);
		put(e, rxb | e->o->map);
		put(e, w | v << 3 | l | p);
	}
	put(e, e->o->op);
}

static bool has_modrm(const struct opcode *o)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned k = o->o[i].kind;

		if ((k >= O_E && k <= O_M) || (k >= O_P && k <= O_W) || k == O_STi)
			return true;
	}
	return o->digit >= 0 || o->rm >= 0 || o->flags & (F_MEM | F_REG);
}

static void put_modrm(struct enc *e)
{
	unsigned mod = one_in(2) ? 3 : below(3), reg = below(8), rm = below(8);

	if (e->o->flags & F_MEM && mod == 3)
		mod = below(3);
	if (e->o->flags & F_REG)
		mod = 3;
	if (e->o->digit >= 0)
		reg = (unsigned)e->o->digit;
	if (e->o->rm >= 0)
		rm = (unsigned)e->o->rm;
	if (e->o->flags & F_VSIB)
		rm = 4;
	if (e->o->rm >= 0)
		mod = 3;
	put(e, mod << 6 | reg << 3 | rm);
}

static void encode(struct or_case *k, const struct opcode *o)
{
	uint8_t buf[64];
	struct enc e = {buf, o, k->mode};
	enum decode_result r;

	for (unsigned i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)or_random();
	put_prefixes(&e);
	if (o->flags & F_VEX) {
		put_vex(&e);
	} else {
		put_mandatory(&e);
		put_opcode(&e);
	}
	if (has_modrm(o))
		put_modrm(&e);
	r = insn_decode(&k->in, buf, INSN_MAX, k->mode);
	k->len = k->in.len < INSN_MAX ? k->in.len : INSN_MAX;
	if (r != DECODE_OK)
		k->in.op = NULL;
	memcpy(k->bytes, buf, k->len);
}

/* ---- values ---- */

static uint64_t value(void)
{
	uint64_t v = or_random();

	switch (below(8)) {
	case 0:
		return below(64);
	case 1:
		return (uint64_t) - (int64_t)below(64);
	case 2:
		return 1ull << below(64);
	case 3:
		return (1ull << below(64)) - 1;
	case 4:
		return v >> below(64);
	case 5:
		return (uint64_t)((int64_t)v >> below(64));
	default:
		return v;
	}
}

static uint64_t target(void)
{
	uint64_t t = OR_DATA + below(OR_DATA_SIZE - 128);

	switch (below(16)) {
	case 0:
		return OR_DATA + OR_PAGE - below(70);
	case 1:
		return OR_DATA + OR_DATA_SIZE - below(70);
	case 2:
		return OR_RO + below(OR_PAGE);
	case 3:
		return OR_DATA - below(70);
	case 4:
	case 5:
		return t;
	default:
		return t & ~63ull;
	}
}

static uint64_t float_bits(void)
{
	static const uint32_t singles[] = {0,          0x80000000, 0x3f800000, 0xbf800000,
					   0x7f800000, 0xff800000, 0x7fc00000, 0x7fa00000,
					   0x00000001, 0x80400000, 0x7f7fffff, 0x4b000001,
					   0x4f000000, 0x00800000, 0x3effffff};
	static const uint64_t doubles[] = {
		0x3ff0000000000000, 0x7ff0000000000000, 0x7ff8000000000001, 0x7ff4000000000000,
		0x0000000000000001, 0x43e0000000000000, 0x7fefffffffffffff, 0x8010000000000000,
		0x41dfffffffc00000, 0xbfe0000000000000, 0x36a0000000000000};

	switch (below(4)) {
	case 0:
		return singles[below(15)] | (uint64_t)singles[below(15)] << 32;
	case 1:
		return doubles[below(11)];
	case 2:
		return value();
	default:
		return or_random();
	}
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static uint32_t some_mxcsr(void)
{
	uint32_t v = 0x1f80 | below(4) << 13;

	if (one_in(8))
		v |= 0x8000;
	if (one_in(8))
		v |= 0x40;
	if (one_in(4))
		v |= below(64);
	if (one_in(8))
		v &= ~(below(64) << 7);
	return v;
}

static void some_x87(uint8_t fx[512])
{
	static const uint16_t exps[] = {0, 0x3fff, 0x7fff, 0xffff, 0x8000, 0x4000, 0xbfff, 0x403e};
	uint32_t fcw = 0x37f | below(4) << 10, fsw = below(8) << 11;

	if (one_in(4))
		fcw = (fcw & ~0x300u) | below(4) << 8;
	if (one_in(8))
		fcw &= ~below(64);
	if (one_in(4))
		fsw |= below(64);
	fsw |= (unsigned)(or_random() & 0x4700);
	put32(fx, fcw | fsw << 16);
	fx[4] = one_in(2) ? 0xff : (uint8_t)or_random();
	for (unsigned i = 0; i < 8; i++) {
		uint64_t m = float_bits();

		put64(fx + 32 + 16 * i, one_in(4) ? m : m | 1ull << 63);
		put32(fx + 40 + 16 * i,
		      one_in(4) ? (uint16_t)or_random()
				: (exps[below(8)] + (one_in(2) ? below(70) : 0)) & 0xffff);
	}
}

static void some_fpu(struct fpu_state *f)
{
	memset(f->fx, 0, sizeof(f->fx));
	some_x87(f->fx);
	put32(f->fx + 24, some_mxcsr());
	put32(f->fx + 28, 0xffff);
	for (unsigned i = 0; i < 32; i++) {
		put64(f->fx + 160 + 8 * i, float_bits());
		put64(f->ymm_high[0] + 8 * i, float_bits());
	}
}

/* ---- making the memory operand meet memory ---- */

static bool has_kind(const struct or_case *k, unsigned kind)
{
	for (unsigned i = 0; k->in.op && i < 4; i++) {
		if (k->in.op->o[i].kind == kind)
			return true;
	}
	return false;
}

static void patch_disp(struct or_case *k, int64_t disp)
{
	memcpy(k->bytes + k->in.disp_at, &disp, k->in.disp_size);
	k->in.disp = k->in.disp_size == 8 ? disp : (int32_t)disp;
	memcpy(k->in.bytes, k->bytes, k->len);
}

static void small_indices(struct or_case *k)
{
	unsigned x = (k->in.sib >> 3 & 7) | (k->in.rex & 2) << 2;

	for (unsigned i = 0; i < 8; i++) {
		uint8_t *p = i < 4 ? k->s.fpu.fx + 160 + 16 * x : k->s.fpu.ymm_high[x];

		if (k->in.op->op & 1)
			put64(p + 8 * (i & 1), (uint64_t)((int64_t)below(128) - 64));
		else
			put32(p + 4 * (i & 3), below(128) - 64);
	}
}

static void aim_modrm(struct or_case *k)
{
	struct insn *in = &k->in;
	uint64_t t = target();
	bool vsib = in->op->flags & F_VSIB;

	if (in->addrsize == 2 || one_in(64))
		return;
	if (vsib)
		small_indices(k);
	if (!vsib && in->index != REG_NONE)
		k->s.r[in->index] = one_in(2) ? below(256) : value();
	if (in->base == REG_RIP)
		patch_disp(k, (int64_t)(t - k->s.rip - k->len));
	else if (in->base != REG_NONE)
		k->s.r[in->base] =
			t - (uint64_t)in->disp -
			(vsib || in->index == REG_NONE ? 0 : k->s.r[in->index] << in->scale);
	else if (in->disp_size == 4)
		patch_disp(k, (int64_t)t);
}

static void aim_implied(struct or_case *k)
{
	const struct opcode *o = k->in.op;

	k->s.r[R_SP] = one_in(8) ? target() : OR_DATA + OR_PAGE + below(64) * 8;
	if (one_in(2))
		k->s.r[R_BP] = target();
	if (has_kind(k, O_X) || o->flags & F_REP || one_in(4))
		k->s.r[R_SI] = target();
	if (has_kind(k, O_Y) || o->flags & F_REP || o->op == 0xf7 || one_in(4))
		k->s.r[R_DI] = target();
	if (o->op == 0xd7)
		k->s.r[R_BX] = target() - below(256);
	if (o->flags & F_REP && one_in(2))
		k->s.r[R_CX] = below(300);
	if (has_kind(k, O_O))
		patch_disp(k, (int64_t)target());
}

/* Not into the instruction itself: it would run for ever, or something else would. */
static void aim_branch(struct or_case *k)
{
	int64_t to = (int64_t)below(1024) - 512;

	if (!has_kind(k, O_J))
		return;
	if (k->in.imm_size == 1)
		to = (int8_t)k->in.imm;
	if (to < 0 && to >= -(int64_t)k->len)
		to = 7;
	memcpy(k->bytes + k->in.imm_at, &to, k->in.imm_size);
	insn_decode(&k->in, k->bytes, k->len, k->mode);
}

static void aim(struct or_case *k)
{
	if (k->in.op->flags & F_BR)
		aim_branch(k);
	aim_implied(k);
	if (k->in.has_modrm && k->in.mod != 3)
		aim_modrm(k);
}

bool gen_case(struct or_case *k, enum insn_mode mode, const char *only)
{
	const struct opcode *o = pick(mode, only);

	if (!o)
		return false;
	k->mode = mode;
	encode(k, o);
	for (unsigned i = 0; i < 16; i++)
		k->s.r[i] = value();
	k->s.rip = OR_INSN;
	k->s.flags = (or_random() & FL_STATUS) | FL_IF | FL_1;
	if (one_in(4))
		k->s.flags |= FL_DF;
	some_fpu(&k->s.fpu);
	if (k->in.op)
		aim(k);
	for (unsigned i = 0; mode != MODE_64 && i < 16; i++)
		k->s.r[i] = (uint32_t)k->s.r[i];
	return true;
}
