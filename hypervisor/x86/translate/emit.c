/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/emit.c: see emit.h. Tests: tests/x86/translate.c */
#include "hypervisor/x86/translate/emit.h"

#include "hypervisor/x86/exec.h"

#include <string.h>

enum { REX = 0x40, REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

void emit_n(struct emit *e, const void *bytes, unsigned n)
{
	memcpy(e->p, bytes, n);
	e->p += n;
}

void emit_4(struct emit *e, uint32_t v)
{
	emit_n(e, &v, 4);
}

void emit_8(struct emit *e, uint64_t v)
{
	emit_n(e, &v, 8);
}

/* ---- ModRM ---- */

static unsigned rex_of(unsigned reg, struct emit_mem m)
{
	unsigned rex = reg & 8 ? REX_R : 0;

	if (m.index != REG_NONE && m.index & 8)
		rex |= REX_X;
	return rex | (m.base & 8 ? REX_B : 0);
}

/* [base + index * 1 << scale + disp]. Base 5 without a displacement means something else, base 4
 * needs the SIB byte. */
static void put_mem(struct emit *e, unsigned reg, struct emit_mem m, unsigned scale)
{
	bool sib = m.index != REG_NONE || (m.base & 7) == 4;
	bool none = !m.disp && (m.base & 7) != 5;
	bool small = m.disp == (int8_t)m.disp;

	emit_1(e, (none ? 0 : small ? 0x40 : 0x80) | (reg & 7) << 3 | (sib ? 4 : m.base & 7));
	if (sib)
		emit_1(e, scale << 6 | (m.index == REG_NONE ? 4 : m.index & 7) << 3 | (m.base & 7));
	if (!none && small)
		emit_1(e, (uint8_t)m.disp);
	else if (!none)
		emit_4(e, (uint32_t)m.disp);
}

static void put_opcode(struct emit *e, unsigned op)
{
	if (op > 0xff)
		emit_1(e, op >> 8);
	emit_1(e, op & 0xff);
}

/* ---- the translator's own ---- */

void emit_rr(struct emit *e, unsigned op, bool w, unsigned reg, unsigned rm)
{
	unsigned rex = (w ? REX_W : 0) | (reg & 8 ? REX_R : 0) | (rm & 8 ? REX_B : 0);

	if (rex)
		emit_1(e, REX | rex);
	put_opcode(e, op);
	emit_1(e, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

void emit_rm(struct emit *e, unsigned op, bool w, unsigned reg, struct emit_mem m)
{
	unsigned rex = (w ? REX_W : 0) | rex_of(reg, m);

	if (rex)
		emit_1(e, REX | rex);
	put_opcode(e, op);
	put_mem(e, reg, m, 0);
}

static void prefix_16(struct emit *e, unsigned size)
{
	if (size == 2)
		emit_1(e, 0x66);
}

void emit_load(struct emit *e, unsigned size, unsigned reg, struct emit_mem m)
{
	prefix_16(e, size);
	emit_rm(e, size == 1 ? 0x8a : 0x8b, size == 8, reg, m);
}

void emit_store(struct emit *e, unsigned size, unsigned reg, struct emit_mem m)
{
	prefix_16(e, size);
	emit_rm(e, size == 1 ? 0x88 : 0x89, size == 8, reg, m);
}

void emit_store_imm(struct emit *e, unsigned size, uint64_t v, struct emit_mem m)
{
	prefix_16(e, size);
	emit_rm(e, 0xc7, size == 8, 0, m);
	emit_n(e, &v, size == 2 ? 2 : 4);
}

void emit_move(struct emit *e, unsigned size, unsigned to, unsigned from)
{
	prefix_16(e, size);
	emit_rr(e, 0x8b, size == 8, to, from);
}

void emit_imm(struct emit *e, unsigned reg, uint64_t v)
{
	if (v == (uint32_t)v) {
		if (reg & 8)
			emit_1(e, REX | REX_B);
		emit_1(e, 0xb8 | (reg & 7));
		emit_4(e, (uint32_t)v);
	} else if ((int64_t)v == (int32_t)v) {
		emit_rr(e, 0xc7, true, 0, reg);
		emit_4(e, (uint32_t)v);
	} else {
		emit_1(e, REX | REX_W | (reg & 8 ? REX_B : 0));
		emit_1(e, 0xb8 | (reg & 7));
		emit_8(e, v);
	}
}

void emit_compare(struct emit *e, bool w, unsigned reg, uint32_t v)
{
	emit_rr(e, 0x81, w, 7, reg);
	emit_4(e, v);
}

void emit_lea(struct emit *e, bool w, unsigned reg, unsigned base, unsigned index, unsigned scale,
	      int32_t disp)
{
	struct emit_mem m = {(uint8_t)base, (uint8_t)index, disp};
	unsigned rex = (w ? REX_W : 0) | rex_of(reg, m);

	if (base == REG_NONE) { /* [index << scale + disp32] */
		rex = (w ? REX_W : 0) | (reg & 8 ? REX_R : 0) | (index & 8 ? REX_X : 0);
		if (rex)
			emit_1(e, REX | rex);
		emit_1(e, 0x8d);
		emit_1(e, (reg & 7) << 3 | 4);
		emit_1(e, scale << 6 | (index & 7) << 3 | 5);
		emit_4(e, (uint32_t)disp);
		return;
	}
	if (index == REG_NONE && !disp && base == reg && w)
		return;
	if (index == REG_NONE && !disp) { /* a move costs nothing */
		emit_rr(e, 0x8b, w, reg, base);
		return;
	}
	if (rex)
		emit_1(e, REX | rex);
	emit_1(e, 0x8d);
	put_mem(e, reg, m, scale);
}

void emit_aim(const struct emit *e, uint8_t *at, const uint8_t *to)
{
	int32_t rel = (int32_t)(to - (at + 4 + e->run));

	__atomic_store_n((int32_t *)(void *)at, rel, __ATOMIC_RELEASE);
}

/* How far a displacement that begins at p is from lying within 8 bytes. */
static unsigned short_of(const uint8_t *p)
{
	unsigned at = (uintptr_t)p & 7;

	return at > 4 ? 8 - at : 0;
}

/* Up to three bytes that do nothing. */
static void pad(struct emit *e, unsigned n)
{
	static const char nop[4][3] = {"", "\x90", "\x66\x90", "\x0f\x1f"}; /* [rax] */

	emit_n(e, nop[n], n);
}

void emit_fit(struct emit *e, uint8_t *from)
{
	unsigned n = short_of(e->p + 2), len = (unsigned)(e->p - from);

	memmove(from + n, from, len);
	e->p = from;
	pad(e, n);
	e->p += len;
}

uint8_t *emit_jump(struct emit *e, unsigned op, const uint8_t *to, bool patch)
{
	bool cc = op >= 0x80 && op < 0x90;
	unsigned first = cc ? 2 : 1;
	uint8_t *at;

	if (patch)
		pad(e, short_of(e->p + first));
	if (cc)
		emit_1(e, 0x0f);
	emit_1(e, op);
	at = e->p;
	e->p += 4;
	emit_aim(e, at, to);
	return at;
}

void emit_jump_if(struct emit *e, struct emit_jumps *j, unsigned cc)
{
	j->from[j->n++] = emit_jump(e, 0x80 | cc, emit_here(e), false);
}

uint8_t *emit_lea_rip(struct emit *e, unsigned reg, const void *to)
{
	uint8_t *at;

	emit_1(e, reg & 8 ? 0x4c : 0x48);
	emit_1(e, 0x8d);
	emit_1(e, 0x05 | (reg & 7) << 3);
	at = e->p;
	e->p += 4;
	emit_aim(e, at, to);
	return at;
}

/* ---- the guest's ---- */

static bool is_general(const struct insn *in, unsigned i, unsigned kind)
{
	return in->op->o[i].kind == kind && (kind != O_E || in->mod == 3);
}

static bool has_kind(const struct insn *in, unsigned kind)
{
	for (unsigned i = 0; i < 4; i++)
		if (is_general(in, i, kind))
			return true;
	return false;
}

/* Does a byte operand name AH … BH? */
static bool high_byte(const struct insn *in)
{
	for (unsigned i = 0; i < 4; i++)
		if (in->gpr[i] != REG_NONE && in->size[i] == 1 && !in->rex && !in->vex &&
		    in->gpr[i] - 4u < 4u)
			return true;
	return false;
}

/* The fields as they go into the new encoding: general registers by x, others as they were. */
static struct emit_insn fields(const struct insn *in, const struct emit_insn *x)
{
	struct emit_insn f = *x;

	if (!has_kind(in, O_G))
		f.reg = in->has_modrm ? in->reg : 0;
	if (!has_kind(in, O_E) && !has_kind(in, O_R))
		f.rm = in->rm;
	if (!has_kind(in, O_B))
		f.vvvv = in->vvvv;
	if (!has_kind(in, O_Z))
		f.opreg = 0;
	return f;
}

static unsigned rex_bits(const struct insn *in, const struct emit_insn *f)
{
	unsigned rex = in->rex & REX_W;

	if (in->has_modrm || f->has_mem) {
		if (f->has_mem)
			rex |= rex_of(f->reg, f->mem);
		else
			rex |= (f->reg & 8 ? REX_R : 0) | (f->rm & 8 ? REX_B : 0);
	}
	return rex | (f->opreg & 8 ? REX_B : 0);
}

bool emit_insn_clashes(const struct insn *in, const struct emit_insn *x)
{
	struct emit_insn f = fields(in, x);

	return high_byte(in) && rex_bits(in, &f);
}

/* Outside 64-bit mode W says nothing about the size of general registers; where it says something
 * else the row asks for it. */
static bool wide_vex(const struct insn *in)
{
	return in->rex & REX_W && (in->mode == MODE_64 || in->op->flags & F_W1);
}

static void put_vex(struct emit *e, const struct insn *in, const struct emit_insn *f, unsigned rex)
{
	static const uint8_t map[] = {[MAP_0F] = 1, [MAP_0F38] = 2, [MAP_0F3A] = 3};
	unsigned pp = in->bytes[in->op_at - 1] & 3;

	emit_1(e, 0xc4);
	emit_1(e, (~rex & 7) << 5 | map[in->op->map]);
	emit_1(e, wide_vex(in) << 7 | (~f->vvvv & 15) << 3 | (in->vl & 1u) << 2 | pp);
}

/* Does it look at the operand size? Elsewhere 66 may mean another instruction. */
static bool sized(const struct insn *in)
{
	for (unsigned i = 0; i < 4; i++)
		if (in->op->o[i].size == S_v || in->op->o[i].size == S_z)
			return true;
	return in->op->run == op_cbw || in->op->run == op_cwd;
}

static bool is_sse_prefix(const struct insn *in)
{
	return in->op->prefix == PFX_66 || in->op->flags & F_HOST;
}

static void put_prefixes(struct emit *e, const struct insn *in, unsigned rex)
{
	bool wide =
		is_sse_prefix(in) || in->mode != MODE_16 ? in->p66 : in->opsize == 2 && sized(in);

	if (in->lock)
		emit_1(e, 0xf0);
	if (wide)
		emit_1(e, 0x66);
	if (in->op->prefix == PFX_F3)
		emit_1(e, 0xf3);
	else if (in->op->prefix == PFX_F2)
		emit_1(e, 0xf2);
	if (rex || (in->rex && in->mode == MODE_64))
		emit_1(e, REX | rex);
	if (in->op->map != MAP_1)
		emit_1(e, 0x0f);
	if (in->op->map == MAP_0F38)
		emit_1(e, 0x38);
	else if (in->op->map == MAP_0F3A)
		emit_1(e, 0x3a);
}

static void put_modrm(struct emit *e, const struct emit_insn *f)
{
	if (f->has_mem)
		put_mem(e, f->reg, f->mem, 0);
	else
		emit_1(e, 0xc0 | (f->reg & 7) << 3 | (f->rm & 7));
}

static void put_imm(struct emit *e, const struct insn *in)
{
	uint64_t imm = in->imm;

	if (in->op->o[3].kind == O_L && in->mode != MODE_64)
		imm &= 0x7f;
	emit_n(e, &imm, in->imm_size);
}

/* INC and DEC of one byte are REX now; MOV with an address in the instruction has a ModRM. */
static bool put_rewritten(struct emit *e, const struct insn *in, const struct emit_insn *f)
{
	unsigned op = in->bytes[in->op_at];

	if (in->op->map != MAP_1)
		return false;
	if (op >= 0x40 && op < 0x50) {
		emit_1(e, 0xff);
		emit_1(e, 0xc0 | (op >= 0x48) << 3 | (f->opreg & 7));
		return true;
	}
	if (op >= 0xa0 && op < 0xa4) {
		emit_1(e, op < 0xa2 ? 0x8a | (op & 1) : 0x88 | (op & 1));
		put_mem(e, R_AX, f->mem, 0);
		return true;
	}
	return false;
}

bool emit_insn(struct emit *e, const struct insn *in, const struct emit_insn *x)
{
	struct emit_insn f = fields(in, x);
	unsigned rex = rex_bits(in, &f);

	if (high_byte(in) && rex && !x->lowered)
		return false;
	if (in->vex) {
		put_vex(e, in, &f, rex);
		emit_1(e, in->bytes[in->op_at]);
		if (in->has_modrm) /* VZEROUPPER has none */
			put_modrm(e, &f);
		put_imm(e, in);
		return true;
	}
	put_prefixes(e, in, rex);
	if (put_rewritten(e, in, &f))
		return true;
	emit_1(e, has_kind(in, O_Z) ? (in->bytes[in->op_at] & 0xf8) | (f.opreg & 7)
				    : in->bytes[in->op_at] ^ (f.reversed ? 2 : 0));
	if (in->has_modrm)
		put_modrm(e, &f);
	put_imm(e, in);
	return true;
}
