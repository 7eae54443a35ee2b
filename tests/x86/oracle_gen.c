/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's instructions: an encoding of a random row of the opcode table.
 */
#include "tests/x86/oracle.h"

#include "hypervisor/x86/vendor.h"

#include <fnmatch.h>
#include <stdlib.h>
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

unsigned or_below(unsigned n)
{
	return (unsigned)((or_random() >> 32) * n >> 32);
}

bool or_one_in(unsigned n)
{
	return !or_below(n);
}

unsigned long or_number(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : otherwise;
}

/* ---- which rows ---- */

/*
 * What shows the host's own machine (its CPUID, XCR0, clocks, random numbers), what its kernel does
 * or answers for it (system calls, and with UMIP SGDT … SMSW), and what its hypervisor does. Of
 * the others, docs/engine.md has the reason.
 */
static const char *const left_out[] = {
	"cpuid",   "rdtsc*",   "rdpmc",  "rdpid",   "rdrand",  "rdseed", "xgetbv",
	"xsave*",  "xrstor*",  "sgdt",   "sidt",    "sldt",    "str",    "smsw",
	"syscall", "sysenter", "vmcall", "vmmcall", "monitor", "mwait",
};

static bool is_left_out(const struct opcode *o)
{
	for (unsigned i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (!fnmatch(left_out[i], o->name, 0))
			return true;
	}
	return false;
}

static bool fits(const struct opcode *o, enum insn_mode mode, const char *only)
{
	if (!o->run || o->flags & (mode == MODE_64 ? F_NO64 : F_ONLY64))
		return false;
	/* With a register: #UD on AMD's processors, a hint on Intel's. */
	if (vendor_amd() && o->map == MAP_0F && o->op == 0x0d && !(o->flags & F_MEM))
		return false;
	return !is_left_out(o) && (!only || !fnmatch(only, o->name, 0));
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
	return n[mode] ? list[mode][or_below(n[mode])] : NULL;
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

/* An AMD EPYC reads the operand of a locked VERR or VERW before it raises #UD; LOCK MOV CR0 is CR8
 * there. */
static bool never_locked(const struct opcode *o)
{
	return o->map == MAP_0F && ((o->op == 0x00 && o->digit >= 4) || (o->op & 0xfc) == 0x20);
}

static void put_prefixes(struct enc *e)
{
	static const uint8_t segs[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};

	if (or_one_in(16))
		put(e, segs[or_below(6)]);
	if (or_one_in(16))
		put(e, 0x67);
	if (e->o->flags & F_VEX)
		return;
	if (!never_locked(e->o) && or_one_in(e->o->flags & F_LOCK ? 4 : 128))
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
		if (or_one_in(8))
			put(e, 0x66);
		put(e, e->o->prefix == PFX_F3 ? 0xf3 : 0xf2);
		break;
	case PFX_NP:
		break;
	default:
		if (or_one_in(4))
			put(e, 0x66);
		/* Reserved with LOOPcc, where AMD's processors let it choose the condition. */
		if (e->o->op >= 0xe0 && e->o->op <= 0xe2 && e->o->map == MAP_1)
			break;
		if (e->o->prefix == PFX_ANY && or_one_in(e->o->flags & F_REP ? 2 : 32))
			put(e, or_one_in(2) ? 0xf2 : 0xf3);
	}
}

static bool is_far(const struct opcode *o)
{
	return o->o[0].size == S_p || o->o[1].size == S_p;
}

static void put_opcode(struct enc *e)
{
	unsigned rex = 0x40 | or_below(16);

	if (e->o->flags & F_W1)
		rex |= 8;
	if (e->o->flags & F_W0)
		rex &= ~8u;
	if (vendor_amd() && is_far(e->o)) /* they have no offsets of 64 bits in memory */
		rex &= ~8u;
	if (e->mode == MODE_64 && (or_one_in(2) || e->o->flags & F_W1))
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
	unsigned rxb = e->mode == MODE_64 ? or_below(8) << 5 : 0xe0;
	unsigned w = e->o->flags & F_W1 ? 0x80 : e->o->flags & F_W0 ? 0 : or_below(2) << 7;
	unsigned l = e->o->flags & F_L1 ? 4 : e->o->flags & F_L0 ? 0 : or_below(2) << 2;
	unsigned v = e->o->flags & F_VVVV ? or_below(16) : 15, p = pp[e->o->prefix];

	/* VPEXTRD, VPINSRD: ignored outside 64-bit mode, but for AMD's processors. */
	if (vendor_amd() && e->mode != MODE_64 && e->o->map == MAP_0F3A &&
	    (e->o->op == 0x16 || e->o->op == 0x22))
		w = 0;

	if (e->mode != MODE_64)
		v |= 8;
	if (e->o->map == MAP_0F && !w && or_one_in(2)) {
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
	unsigned mod = or_one_in(2) ? 3 : or_below(3), reg = or_below(8), rm = or_below(8);

	if (e->o->flags & F_MEM && mod == 3)
		mod = or_below(3);
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

bool gen_case(struct or_case *k, enum insn_mode mode, const char *only)
{
	const struct opcode *o = pick(mode, only);

	if (!o)
		return false;
	memset(k, 0, sizeof(*k));
	k->mode = mode;
	encode(k, o);
	state_make(k);
	return true;
}
