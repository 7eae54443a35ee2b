/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/decode.c: bytes to one decoded instruction, by the rows of the opcode table.
 *
 * Spec: Intel SDM volume 2, chapter 2; AMD APM volume 3, chapter 1.
 *	Where the vendors differ (66h on a near branch in 64-bit mode: AMD makes it 16 bits wide,
 *	Intel ignores it) the host's vendor decides, since the guest's instructions run on its
 *	units and in the translator later; vendor_set overrides it.
 * Missing: EVEX, XOP, 3DNow! (#UD).
 * Tests: tests/x86/decode.c, tests/full/decode.sh, tests/fuzz/decode.c
 */
#include "hypervisor/x86/decode.h"
#include "hypervisor/x86/table.h"
#include "hypervisor/x86/vendor.h"

#include <string.h>

struct cursor {
	struct insn *in;
	const uint8_t *p;
	unsigned avail, at;
	bool illegal; /* #UD, once all of it is known to be there */
};

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

static enum decode_result need(const struct cursor *d, unsigned n)
{
	if (d->at + n > INSN_MAX)
		return DECODE_LONG;
	return d->at + n > d->avail ? DECODE_MORE : DECODE_OK;
}

/* n bytes, little-endian; the caller has asked need(). */
static uint64_t take(struct cursor *d, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)d->p[d->at + i] << 8 * i;
	d->at += n;
	return v;
}

static int64_t take_signed(struct cursor *d, unsigned n)
{
	unsigned up = 64 - 8 * n;

	return (int64_t)(take(d, n) << up) >> up;
}

/* Whole words are read, which go over no end of a page. */
__attribute__((no_sanitize("address"))) void insn_snapshot(uint8_t to[INSN_MAX], const uint8_t *p,
							   unsigned n)
{
	uintptr_t at = (uintptr_t)p, end = at + n;

	while (at < end) {
		uint64_t word = __atomic_load_n((const uint64_t *)(at & ~7ul), __ATOMIC_RELAXED);

		for (word >>= at % 8 * 8; at < end; word >>= 8) {
			*to++ = (uint8_t)word;
			if (++at % 8 == 0)
				break;
		}
	}
}

/* ---- prefixes */

/* In 64-bit mode ES, CS, SS and DS overrides say nothing, not even against FS and GS before. */
static void override_seg(struct insn *in, unsigned seg)
{
	if (in->mode != MODE_64 || seg >= SEG_FS)
		in->seg_override = seg;
}

static bool legacy_prefix(struct insn *in, uint8_t b)
{
	switch (b) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		override_seg(in, (b >> 3) & 3);
		return true;
	case 0x64:
	case 0x65:
		override_seg(in, SEG_FS + (b & 1));
		return true;
	case 0x66:
		in->p66 = true;
		return true;
	case 0x67:
		in->p67 = true;
		return true;
	case 0xf0:
		in->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		in->rep = b;
		return true;
	}
	return false;
}

/* A REX prefix counts only right before the opcode. */
static enum decode_result prefixes(struct cursor *d)
{
	for (;;) {
		enum decode_result r = need(d, 1);
		uint8_t b;

		if (r)
			return r;
		b = d->p[d->at];
		if (d->in->mode == MODE_64 && (b & 0xf0) == 0x40)
			d->in->rex = b;
		else if (legacy_prefix(d->in, b))
			d->in->rex = 0;
		else
			return DECODE_OK;
		d->at++;
	}
}

static void address_size(struct insn *in)
{
	static const uint8_t size[3][2] = {
		[MODE_16] = {2, 4}, [MODE_32] = {4, 2}, [MODE_64] = {8, 4}};

	in->addrsize = size[in->mode][in->p67];
}

/* ---- opcode maps */

/* Fields as VEX has them, R X B and vvvv inverted. Outside 64-bit mode B says nothing. */
static void vex_fields(struct insn *in, uint8_t rxb, uint8_t last)
{
	static const uint8_t rep[4] = {0, 0, 0xf3, 0xf2};

	in->vex = true;
	in->rex = 0x40 | (~rxb >> 5 & (REX_R | REX_X | REX_B));
	in->vvvv = ~last >> 3 & 15;
	in->vl = last >> 2 & 1;
	in->p66 = (last & 3) == 1;
	in->rep = rep[last & 3];
	if (in->mode != MODE_64)
		in->rex = 0x40;
}

static enum decode_result vex(struct cursor *d, unsigned *map)
{
	struct insn *in = d->in;
	bool three = d->p[d->at] == 0xc4;
	enum decode_result r = need(d, three ? 3 : 2);
	uint8_t b[3];

	if (in->lock || in->p66 || in->rep || in->rex)
		return DECODE_UD;
	if (r)
		return r;
	memcpy(b, d->p + d->at, three ? 3 : 2);
	d->at += three ? 3 : 2;
	*map = three ? b[1] & 31 : MAP_0F;
	/* The two-byte form has R alone. */
	vex_fields(in, three ? b[1] : b[1] | 0x60, three ? b[2] : b[1]);
	if (three)
		in->rex |= b[2] >> 4 & REX_W;
	return *map >= MAP_0F && *map <= MAP_0F3A ? DECODE_OK : DECODE_UD;
}

static enum decode_result escape(struct cursor *d, unsigned *map)
{
	enum decode_result r = need(d, 2);

	*map = MAP_1;
	if (d->p[d->at] != 0x0f)
		return DECODE_OK;
	if (r)
		return r;
	d->at++;
	*map = d->p[d->at] == 0x38 ? MAP_0F38 : d->p[d->at] == 0x3a ? MAP_0F3A : MAP_0F;
	if (*map != MAP_0F)
		d->at++;
	return DECODE_OK;
}

/* C4, C5 and 62 are LES, LDS and BOUND outside 64-bit mode where these have a memory operand. */
static enum decode_result opcode_map(struct cursor *d, unsigned *map)
{
	uint8_t b = d->p[d->at];
	enum decode_result r;

	if (b != 0xc4 && b != 0xc5 && b != 0x62)
		return escape(d, map);
	if (d->in->mode != MODE_64) {
		r = need(d, 2);
		if (r)
			return r;
		if (d->p[d->at + 1] < 0xc0)
			return escape(d, map);
	}
	return b == 0x62 ? DECODE_UD : vex(d, map);
}

/* ---- the row */

static bool prefix_fits(const struct insn *in, unsigned prefix)
{
	switch (prefix) {
	case PFX_NP:
		return !in->rep && !in->p66;
	case PFX_66:
		return !in->rep && in->p66;
	case PFX_F3:
		return in->rep == 0xf3;
	case PFX_F2:
		return in->rep == 0xf2;
	case PFX_NR:
		return !in->rep;
	}
	return true;
}

static bool modrm_fits(const struct insn *in, const struct opcode *o)
{
	if (o->digit >= 0 && (in->modrm >> 3 & 7) != o->digit)
		return false;
	if (o->rm >= 0 && (in->modrm & 7) != o->rm)
		return false;
	return !(o->flags & (in->mod == 3 ? F_MEM : F_REG));
}

static bool row_fits(const struct insn *in, const struct opcode *o)
{
	uint32_t no = in->mode == MODE_64 ? F_NO64 : F_ONLY64;

	no |= in->rex & REX_W ? F_W0 : F_W1;
	if (in->vex)
		no |= in->vl ? F_L0 : F_L1;
	if (in->rex & REX_B)
		no |= F_NOREXB;
	return !(o->flags & no) && prefix_fits(in, o->prefix) && modrm_fits(in, o);
}

static const struct opcode *find_row(const struct insn *in, const struct opcode_cell *cell)
{
	for (unsigned i = 0; i < cell->n; i++) {
		const struct opcode *o = opcode_at(cell, i);

		if (row_fits(in, o))
			return o;
	}
	return NULL;
}

/* CR1, CR5-7, CR9 and up, DR8 and up, and segment registers 6 and 7 are not there. */
static bool register_there(const struct insn *in, unsigned i)
{
	switch (in->op->o[i].kind) {
	case O_C:
		return in->reg < 9 && (1 << in->reg & 0x11d);
	case O_D:
		return in->reg < 8;
	case O_S:
		return (in->reg & 7) < SEG_N && (i || (in->reg & 7) != SEG_CS);
	}
	return true;
}

/* A gather's destination, index and mask must be three different registers. */
static bool vsib_legal(const struct insn *in)
{
	unsigned index = (in->sib >> 3 & 7) | (in->rex & REX_X) << 2;

	return index != in->reg && index != in->vvvv && in->reg != in->vvvv;
}

static bool legal(const struct insn *in)
{
	const struct opcode *o = in->op;

	if (in->lock && (!(o->flags & F_LOCK) || in->mod == 3))
		return false;
	if (in->vex && in->vvvv && !(o->flags & F_VVVV))
		return false;
	if (o->flags & F_VSIB && ((in->modrm & 7) != 4 || in->addrsize == 2))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (!register_there(in, i))
			return false;
	return true;
}

/* Segment, MMX and x87 registers are eight: REX says nothing about them. Neither does the top bit
 * of vvvv outside 64-bit mode, though where vvvv is not used it must be set too. */
static void fold_registers(struct insn *in)
{
	if (in->mode != MODE_64)
		in->vvvv &= 7;
	for (unsigned i = 0; i < 4; i++) {
		unsigned kind = in->op->o[i].kind;

		if (kind == O_P || kind == O_S)
			in->reg &= 7;
		else if (in->mod == 3 && (kind == O_N || kind == O_Q || kind == O_STi))
			in->rm &= 7;
	}
}

static unsigned operand_size_64(const struct insn *in)
{
	uint32_t flags = in->op->flags;

	if (flags & F_NEAR)
		return vendor_amd() && in->p66 && !(in->rex & REX_W) ? 2 : 8;
	if (in->rex & REX_W || flags & F_F64)
		return 8;
	if (in->p66 && !in->vex)
		return 2;
	return flags & F_O64 ? 8 : 4;
}

static unsigned operand_size(const struct insn *in)
{
	if (in->mode == MODE_64)
		return operand_size_64(in);
	return in->vex || in->p66 == (in->mode == MODE_16) ? 4 : 2;
}

/* MOV to and from control and debug registers takes any mod for 3. */
static bool ignores_mod(unsigned map, uint8_t op)
{
	return map == MAP_0F && (op & 0xfc) == 0x20;
}

static enum decode_result modrm(struct cursor *d, bool is_reg)
{
	struct insn *in = d->in;
	enum decode_result r = need(d, 1);

	if (r)
		return r;
	in->has_modrm = true;
	in->modrm_at = d->at;
	in->modrm = take(d, 1);
	in->mod = is_reg ? 3 : in->modrm >> 6;
	in->reg = (in->modrm >> 3 & 7) | (in->rex & REX_R) << 1;
	in->rm = (in->modrm & 7) | (in->rex & REX_B) << 3;
	return DECODE_OK;
}

static enum decode_result opcode(struct cursor *d)
{
	struct insn *in = d->in;
	const struct opcode_cell *cell;
	unsigned map;
	enum decode_result r = opcode_map(d, &map);

	if (!r)
		r = need(d, 1);
	if (r)
		return r;
	in->op_at = d->at;
	cell = opcode_cell(in->vex, map, take(d, 1));
	if (!cell->n)
		return DECODE_UD;
	if (cell->has_modrm)
		r = modrm(d, !in->vex && ignores_mod(map, d->p[in->op_at]));
	if (r)
		return r;
	in->op = find_row(in, cell);
	if (!in->op)
		return DECODE_UD;
	d->illegal = !legal(in);
	in->opsize = operand_size(in);
	fold_registers(in);
	return DECODE_OK;
}

/* ---- the memory operand */

static enum decode_result displacement(struct cursor *d, unsigned size)
{
	enum decode_result r = need(d, size);

	if (r || !size)
		return r;
	d->in->disp_at = d->at;
	d->in->disp_size = size;
	d->in->disp = take_signed(d, size);
	return DECODE_OK;
}

static enum decode_result memory_16(struct cursor *d)
{
	static const uint8_t base[8] = {R_BX, R_BX, R_BP, R_BP, R_SI, R_DI, R_BP, R_BX};
	static const uint8_t index[4] = {R_SI, R_DI, R_SI, R_DI};
	struct insn *in = d->in;
	unsigned rm = in->modrm & 7;

	if (!in->mod && rm == 6)
		return displacement(d, 2);
	in->base = base[rm];
	if (rm < 4)
		in->index = index[rm];
	return displacement(d, in->mod);
}

static enum decode_result sib(struct cursor *d)
{
	struct insn *in = d->in;
	enum decode_result r = need(d, 1);

	if (r)
		return r;
	in->sib = take(d, 1);
	in->scale = in->sib >> 6;
	in->index = (in->sib >> 3 & 7) | (in->rex & REX_X) << 2;
	if (in->index == R_SP && !(in->op->flags & F_VSIB))
		in->index = REG_NONE;
	if ((in->sib & 7) != 5 || in->mod)
		in->base = (in->sib & 7) | (in->rex & REX_B) << 3;
	if (in->op->flags & F_VSIB && !vsib_legal(in))
		d->illegal = true;
	return DECODE_OK;
}

static enum decode_result memory_32(struct cursor *d)
{
	struct insn *in = d->in;
	unsigned rm = in->modrm & 7;
	enum decode_result r = DECODE_OK;

	if (rm == 4)
		r = sib(d);
	else if (rm != 5 || in->mod)
		in->base = in->rm;
	else if (in->mode == MODE_64)
		in->base = REG_RIP;
	if (r)
		return r;
	if (in->mod == 1)
		return displacement(d, 1);
	return displacement(d, in->mod == 2 || in->base == REG_NONE || in->base == REG_RIP ? 4 : 0);
}

static enum decode_result memory(struct cursor *d)
{
	struct insn *in = d->in;
	enum decode_result r = DECODE_OK;

	if (in->has_modrm && in->mod != 3)
		r = in->addrsize == 2 ? memory_16(d) : memory_32(d);
	in->seg = in->base == R_SP || in->base == R_BP ? SEG_SS : SEG_DS;
	if (in->seg_override != SEG_N)
		in->seg = in->seg_override;
	return r;
}

/* ---- immediates */

static enum decode_result immediate(struct cursor *d, unsigned size)
{
	struct insn *in = d->in;
	enum decode_result r = need(d, size);
	bool second = in->imm_size;

	if (r)
		return r;
	*(second ? &in->imm2_size : &in->imm_size) = size;
	if (!second)
		in->imm_at = d->at;
	*(second ? &in->imm2 : &in->imm) = take(d, size);
	return DECODE_OK;
}

static unsigned immediate_size(const struct insn *in, unsigned letter)
{
	switch (letter) {
	case S_b:
		return 1;
	case S_w:
		return 2;
	case S_z:
		return in->opsize == 2 ? 2 : 4;
	}
	return in->opsize;
}

static enum decode_result in_code(struct cursor *d, const struct opnd *o)
{
	struct insn *in = d->in;
	enum decode_result r;

	switch (o->kind) {
	case O_I:
	case O_Is:
	case O_J:
		return immediate(d, immediate_size(in, o->size));
	case O_L:
		return immediate(d, 1);
	case O_O:
		return displacement(d, in->addrsize);
	case O_A:
		r = immediate(d, in->opsize);
		return r ? r : immediate(d, 2);
	}
	return DECODE_OK;
}

static enum decode_result immediates(struct cursor *d)
{
	for (unsigned i = 0; i < 4; i++) {
		enum decode_result r = in_code(d, &d->in->op->o[i]);

		if (r)
			return r;
	}
	return DECODE_OK;
}

static uint8_t operand_gpr(const struct insn *in, unsigned kind)
{
	switch (kind) {
	case O_E:
		return in->mod == 3 ? in->rm : REG_NONE;
	case O_R:
		return in->rm;
	case O_G:
		return in->reg;
	case O_B:
		return in->vvvv;
	case O_Z:
		return (uint8_t)((in->bytes[in->op_at] & 7) | (in->rex & 1) << 3);
	case O_AX:
		return 0;
	case O_CL:
	case O_CX:
		return 1;
	case O_DX:
		return 2;
	default:
		return REG_NONE;
	}
}

/* What executing it asks of every operand again and again. */
static void operands(struct insn *in)
{
	for (unsigned i = 0; i < 4; i++) {
		in->gpr[i] = operand_gpr(in, in->op->o[i].kind);
		in->size[i] = (uint16_t)insn_opnd_bytes(in, i);
	}
}

/* UD0 and UD1 have no ModRM on AMD's processors, so that it is not fetched. */
static bool ud_ends_there(const struct cursor *d)
{
	unsigned op = d->in->op_at;

	return vendor_amd() && op && d->p[op - 1] == 0x0f &&
	       (d->p[op] == 0xff || d->p[op] == 0xb9) && !d->in->vex;
}

enum decode_result insn_decode(struct insn *in, const uint8_t *p, unsigned avail,
			       enum insn_mode mode)
{
	uint8_t now[INSN_MAX];
	struct cursor d = {in, now, avail, 0, false};
	enum decode_result r;

	insn_snapshot(now, p, avail < INSN_MAX ? avail : INSN_MAX);
	memset(in, 0, sizeof(*in));
	in->mode = mode;
	in->seg_override = SEG_N;
	in->base = in->index = REG_NONE;
	r = prefixes(&d);
	address_size(in);
	if (!r)
		r = opcode(&d);
	if (!r)
		r = memory(&d);
	if (!r)
		r = immediates(&d);
	if (r ? ud_ends_there(&d) : d.illegal)
		r = DECODE_UD;
	in->len = d.at;
	memcpy(in->bytes, now, d.at);
	if (r)
		in->op = NULL;
	else
		operands(in);
	return r;
}

unsigned insn_opnd_bytes(const struct insn *in, unsigned i)
{
	static const uint16_t fixed[] = {
		[S_b] = 1,   [S_w] = 2,  [S_d] = 4,    [S_q] = 8, [S_dq] = 16,
		[S_qq] = 32, [S_t] = 10, [S_fx] = 512, [S_xs] = 0};
	unsigned letter = in->op->o[i].size;

	switch (letter) {
	case S_v:
		return in->opsize;
	case S_z:
		return in->opsize == 2 ? 2 : 4;
	case S_y:
		return in->opsize == 8 ? 8 : 4;
	case S_p:
		return in->opsize + 2;
	case S_a:
		return in->opsize * 2;
	case S_s:
		return in->mode == MODE_64 ? 10 : 6;
	case S_x:
		return 16 << in->vl;
	case S_h:
		return 8 << in->vl;
	case S_qr:
		return 4 << in->vl;
	case S_e:
		return 2 << in->vl;
	case S_env:
		return in->opsize == 2 ? 14 : 28;
	case S_state:
		return in->opsize == 2 ? 94 : 108;
	}
	return fixed[letter];
}
