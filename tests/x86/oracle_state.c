/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's states: values that matter more than random ones do, segments,
 * and a memory operand that mostly meets memory, its edges, or its end.
 */
#include "tests/x86/oracle.h"

#include <string.h>

/* ---- values ---- */

static uint64_t value(void)
{
	uint64_t v = or_random();

	switch (or_below(8)) {
	case 0:
		return or_below(64);
	case 1:
		return (uint64_t) - (int64_t)or_below(64);
	case 2:
		return 1ull << or_below(64);
	case 3:
		return (1ull << or_below(64)) - 1;
	case 4:
		return v >> or_below(64);
	case 5:
		return (uint64_t)((int64_t)v >> or_below(64));
	default:
		return v;
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

	switch (or_below(4)) {
	case 0:
		return singles[or_below(15)] | (uint64_t)singles[or_below(15)] << 32;
	case 1:
		return doubles[or_below(11)];
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
	uint32_t v = 0x1f80 | or_below(4) << 13;

	if (or_one_in(8))
		v |= 0x8000;
	if (or_one_in(8))
		v |= 0x40;
	if (or_one_in(4))
		v |= or_below(64);
	if (or_one_in(8))
		v &= ~(or_below(64) << 7);
	return v;
}

static void some_x87(uint8_t fx[512])
{
	static const uint16_t exps[] = {0, 0x3fff, 0x7fff, 0xffff, 0x8000, 0x4000, 0xbfff, 0x403e};
	uint32_t fcw = 0x37f | or_below(4) << 10, fsw = or_below(8) << 11;

	if (or_one_in(4))
		fcw = (fcw & ~0x300u) | or_below(4) << 8;
	if (or_one_in(8))
		fcw &= ~or_below(64);
	if (or_one_in(4))
		fsw |= or_below(64);
	fsw |= (unsigned)(or_random() & 0x4700);
	put32(fx, fcw | fsw << 16);
	fx[4] = or_one_in(2) ? 0xff : (uint8_t)or_random();
	for (unsigned i = 0; i < 8; i++) {
		uint64_t m = float_bits();

		put64(fx + 32 + 16 * i, or_one_in(4) ? m : m | 1ull << 63);
		put32(fx + 40 + 16 * i,
		      or_one_in(4)
			      ? (uint16_t)or_random()
			      : (exps[or_below(8)] + (or_one_in(2) ? or_below(70) : 0)) & 0xffff);
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

/* ---- where things lie ---- */

static uint64_t cut(uint64_t v, unsigned size)
{
	return size == 8 ? v : size == 4 ? (uint32_t)v : (uint16_t)v;
}

static struct segment segment_of(const struct or_case *k, unsigned seg)
{
	struct segment s = segs_get(k->s.sel[seg]);

	if (k->mode == MODE_64)
		s.base = seg < SEG_FS             ? 0
			 : k->s.sel[seg] & 0xfffc ? s.base
						  : k->s.base[seg - SEG_FS];
	return s;
}

static uint64_t linear_of(const struct or_case *k, unsigned seg, uint64_t off)
{
	uint64_t lin = segment_of(k, seg).base + off;

	return k->mode == MODE_64 ? lin : (uint32_t)lin;
}

/* Somewhere in the pages; round their ends; and where nothing is. */
static uint64_t place(void)
{
	uint64_t t = OR_DATA + or_below(OR_DATA_SIZE - 128);

	switch (or_below(16)) {
	case 0:
		return OR_DATA + OR_PAGE - or_below(70);
	case 1:
		return OR_DATA + OR_DATA_SIZE - or_below(70);
	case 2:
		return OR_RO + or_below(OR_PAGE);
	case 3:
		return OR_DATA - or_below(70);
	case 4:
	case 5:
		return t;
	default:
		return t & ~63ull;
	}
}

/* The end of user space's half, and the start of the other. */
static uint64_t edge_64(void)
{
	return (or_one_in(2) ? 0x800000000000 : 0xffff800000000000) + or_below(80) - 40;
}

static uint64_t edge_of(const struct segment *s)
{
	uint32_t past = segs_expands_down(s) && s->attr & SEG_DB ? 0 : 0x10000;

	if (or_one_in(2))
		return (uint32_t)(s->limit + 1 + or_below(16) - or_below(40));
	return (uint32_t)(past - or_below(40));
}

static bool reaches(const struct segment *s, uint64_t off, unsigned addrsize)
{
	if (addrsize == 2 && off > 0xffff)
		return false;
	return segs_expands_down(s) ? off > s->limit : off <= s->limit;
}

/* An offset in the segment for an operand. */
static uint64_t target(const struct or_case *k, unsigned seg, unsigned addrsize)
{
	struct segment s = segment_of(k, seg);
	uint64_t off = 0;

	if (k->mode == MODE_64)
		return (or_one_in(24) ? edge_64() : place()) - s.base;
	if (or_one_in(10))
		return edge_of(&s);
	for (unsigned i = 0; i < 4; i++) {
		off = (uint32_t)(place() - s.base);
		if (reaches(&s, off, addrsize))
			break;
	}
	return off;
}

/* A register's part of the size becomes v. */
static void set_part(uint64_t *r, uint64_t v, unsigned size)
{
	*r = size == 2 ? (*r & ~0xffffull) | (uint16_t)v : cut(v, size);
}

/* ---- the instruction's own place ---- */

/* Of its bytes, the last few may be in the next page, in no page, or beyond the segment. */
static uint64_t code_place(const struct or_case *k, const struct segment *cs)
{
	unsigned over = or_below(k->len + 1);

	switch (or_below(12)) {
	case 0:
		return OR_CODE + OR_PAGE - k->len + over;
	case 1:
		return OR_CODE + OR_CODE_SIZE - k->len + over;
	case 2:
		return k->mode == MODE_64 ? OR_CODE : cs->base + cs->limit + 1 - k->len + over;
	default:
		return OR_CODE + 0x800 + or_below(16);
	}
}

static bool can_start(const struct or_case *k, const struct segment *cs, uint64_t lin)
{
	if (lin < OR_CODE || lin >= OR_CODE + OR_CODE_SIZE)
		return false;
	return k->mode == MODE_64 || (uint32_t)(lin - cs->base) <= cs->limit;
}

static void put_code(struct or_case *k)
{
	struct segment cs = segment_of(k, SEG_CS);
	uint64_t lin = code_place(k, &cs);

	for (unsigned i = 0; i < 64 && !can_start(k, &cs, lin); i++)
		lin = OR_CODE + or_below(OR_CODE_SIZE);
	if (!can_start(k, &cs, lin)) { /* a segment that hardly has any: the good one */
		k->s.sel[SEG_CS] =
			k->mode == MODE_16 ? 8 * OR_LDT_CODE16 + 7 : 8 * OR_LDT_CODE32 + 7;
		cs = segment_of(k, SEG_CS);
		lin = OR_CODE + 0x800;
	}
	k->lin = (uint32_t)lin;
	k->s.rip = k->mode == MODE_64 ? lin : (uint32_t)(lin - cs.base);
}

/* Offset in the code segment that a branch may be sent to. */
static uint64_t code_target(const struct segment *cs)
{
	uint64_t lin = OR_CODE + or_below(OR_CODE_SIZE);

	if (or_one_in(16))
		lin = OR_CODE + OR_CODE_SIZE - or_below(8) + 4;
	if (or_one_in(16) && !(cs->attr & SEG_L))
		return (uint32_t)(cs->limit + or_below(8) - 4);
	return cs->attr & SEG_L ? lin : (uint32_t)(lin - cs->base);
}

/* ---- aiming ---- */

bool row_has_kind(const struct opcode *o, unsigned kind)
{
	for (unsigned i = 0; i < 4; i++) {
		if (o->o[i].kind == kind)
			return true;
	}
	return false;
}

static bool has_kind(const struct or_case *k, unsigned kind)
{
	return row_has_kind(k->in.op, kind);
}

static void patch_disp(struct or_case *k, int64_t disp)
{
	memcpy(k->bytes + k->in.disp_at, &disp, k->in.disp_size);
	insn_decode(&k->in, k->bytes, k->len, k->mode);
}

static void small_indices(struct or_case *k)
{
	unsigned x = (k->in.sib >> 3 & 7) | (k->in.rex & 2) << 2;

	for (unsigned i = 0; i < 8; i++) {
		uint8_t *p = i < 4 ? k->s.fpu.fx + 160 + 16 * x : k->s.fpu.ymm_high[x];

		if (k->in.op->op & 1)
			put64(p + 8 * (i & 1), (uint64_t)((int64_t)or_below(128) - 64));
		else
			put32(p + 4 * (i & 3), or_below(128) - 64);
	}
}

static void aim_modrm(struct or_case *k)
{
	const struct insn *in = &k->in;
	bool vsib = in->op->flags & F_VSIB;
	uint64_t t = target(k, in->seg, in->addrsize), rest;

	if (or_one_in(64))
		return;
	if (vsib)
		small_indices(k);
	if (!vsib && in->index != REG_NONE)
		set_part(&k->s.r[in->index], or_one_in(2) ? or_below(256) : value(), in->addrsize);
	rest = vsib || in->index == REG_NONE ? 0 : k->s.r[in->index] << in->scale;
	if (in->base == REG_RIP)
		patch_disp(k, (int64_t)(t - k->s.rip - k->len));
	else if (in->base != REG_NONE)
		set_part(&k->s.r[in->base], t - (uint64_t)in->disp - rest, in->addrsize);
	else if (in->disp_size >= 2)
		patch_disp(k, (int64_t)t);
}

static void aim_register(struct or_case *k, unsigned reg, unsigned seg)
{
	set_part(&k->s.r[reg], target(k, seg, k->in.addrsize), k->in.addrsize);
}

static unsigned stack_size(const struct or_case *k)
{
	if (k->mode == MODE_64)
		return 8;
	return segment_of(k, SEG_SS).attr & SEG_DB ? 4 : 2;
}

static void aim_stack(struct or_case *k)
{
	unsigned size = stack_size(k);
	uint64_t base = segment_of(k, SEG_SS).base;
	uint64_t at = OR_DATA + OR_PAGE + 64 + or_below(64) * 8 - base;

	if (or_one_in(8)) /* round the ends of the pages */
		at = OR_DATA + or_below(3) * OR_PAGE + or_below(72) - 20 - base;
	else if (or_one_in(8))
		at = target(k, SEG_SS, size);
	set_part(&k->s.r[R_SP], at, size);
	if (or_one_in(2))
		set_part(&k->s.r[R_BP], target(k, SEG_SS, size), size);
}

static void aim_implied(struct or_case *k)
{
	const struct opcode *o = k->in.op;
	unsigned seg = k->in.seg_override == SEG_N ? SEG_DS : k->in.seg_override;
	bool maskmov = o->map == MAP_0F && o->op == 0xf7;

	if (has_kind(k, O_X) || o->flags & F_REP || or_one_in(4))
		aim_register(k, R_SI, seg);
	if (has_kind(k, O_Y) || o->flags & F_REP || maskmov || or_one_in(4))
		aim_register(k, R_DI, maskmov ? seg : SEG_ES);
	if (o->map == MAP_1 && o->op == 0xd7)
		set_part(&k->s.r[R_BX], target(k, seg, k->in.addrsize) - or_below(256),
			 k->in.addrsize);
	if (o->flags & F_REP && or_one_in(2))
		k->s.r[R_CX] = or_below(300);
	if (has_kind(k, O_O))
		patch_disp(k, (int64_t)target(k, seg, k->in.addrsize));
}

/* Not into the instruction itself: it would run for ever, or something else would. */
static void aim_branch(struct or_case *k)
{
	int64_t to = (int64_t)or_below(1024) - 512;

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
	aim_stack(k);
	aim_implied(k);
	if (k->in.has_modrm && k->in.mod != 3)
		aim_modrm(k);
}

/* ---- what operands hold ---- */

uint64_t state_ea(const struct or_case *k)
{
	const struct insn *in = &k->in;
	uint64_t sum = (uint64_t)in->disp;

	if (in->base == REG_RIP)
		sum += k->s.rip + k->len;
	else if (in->base != REG_NONE)
		sum += k->s.r[in->base];
	if (in->index != REG_NONE && !(in->op->flags & F_VSIB))
		sum += k->s.r[in->index] << in->scale;
	return cut(sum, in->addrsize);
}

struct words {
	uint8_t b[48];
	unsigned n;
};

static void word(struct words *w, uint64_t v, unsigned size)
{
	if (w->n + size <= sizeof(w->b))
		memcpy(w->b + w->n, &v, size);
	w->n += size;
}

static void poke(struct or_case *k, unsigned which, unsigned seg, uint64_t off,
		 const struct words *w)
{
	uint64_t lin = linear_of(k, seg, off);

	if (w->n > sizeof(w->b) || lin < OR_DATA || lin > OR_DATA + OR_DATA_SIZE - w->n)
		return;
	k->poke[which].at = (uint32_t)(lin - OR_DATA);
	k->poke[which].len = w->n;
	memcpy(k->poke[which].bytes, w->b, w->n);
}

static uint64_t some_flags(void)
{
	uint64_t v = FL_1 | (or_random() & FL_STATUS);

	return or_one_in(4) ? or_random() : or_one_in(4) ? v | FL_DF | FL_NT : v;
}

/* A far pointer to code, its offset first. */
static void far_words(struct words *w, unsigned size)
{
	uint16_t sel = segs_any_code();
	struct segment cs = segs_get(sel);

	word(w, code_target(&cs), size);
	word(w, sel, size);
}

/* What POP, POPF, RET, RETF and IRET find. */
static void fill_stack(struct or_case *k)
{
	const struct opcode *o = k->in.op;
	unsigned size = k->in.opsize;
	struct segment cs = segment_of(k, SEG_CS);
	struct words w = {.n = 0};

	if (o->op == 0xc2 || o->op == 0xc3)
		word(&w, code_target(&cs), size);
	else if (o->op == 0x9d)
		word(&w, some_flags(), size);
	else if ((o->op & 0xc6) == 0x06 || o->op == 0xa1 || o->op == 0xa9)
		word(&w, segs_any(), size);
	else if (o->op == 0xca || o->op == 0xcb || o->op == 0xcf)
		far_words(&w, size);
	else
		return;
	if (o->op == 0xcf) {
		word(&w, some_flags(), size);
		word(&w, target(k, SEG_SS, stack_size(k)), size);
		word(&w, or_one_in(2) ? segs_any() : segs_pick(k->mode, SEG_SS), size);
	}
	poke(k, 0, SEG_SS, cut(k->s.r[R_SP], stack_size(k)), &w);
}

static bool wants_selector(const struct opcode *o)
{
	if (o->map == MAP_0F)
		return o->op <= 0x03 && (o->op != 0x01);
	return o->op == 0x8e || o->op == 0x63;
}

static void fill_operand(struct or_case *k)
{
	const struct opcode *o = k->in.op;
	bool reg = k->in.mod == 3, group = o->op == 0xff && o->map == MAP_1;
	struct segment cs = segment_of(k, SEG_CS);
	struct words w = {.n = 0};

	if (o->o[1].kind == O_M && o->o[1].size == S_p) { /* LDS … */
		word(&w, or_random(), k->in.opsize);
		word(&w, segs_any(), 2);
	} else if (group && o->o[0].kind == O_M) {
		far_words(&w, k->in.opsize);
		w.n = k->in.opsize + 2u;
	} else if (group && o->digit < 6 && o->digit >= 2) {
		word(&w, code_target(&cs), k->in.opsize);
	} else if (wants_selector(o)) {
		word(&w, segs_any(), 2);
	} else if (!strcmp(o->name, "ldmxcsr") || !strcmp(o->name, "vldmxcsr")) {
		word(&w, some_mxcsr(), 4);
	} else {
		return;
	}
	if (reg)
		memcpy(&k->s.r[k->in.rm], w.b, w.n < 8 ? w.n : 8);
	else
		poke(k, 1, k->in.seg, state_ea(k), &w);
}

/* Far jumps and calls with the pointer in the instruction; INT, which may not be the kernel's. */
static void fill_immediate(struct or_case *k)
{
	const struct opcode *o = k->in.op;
	struct words w = {.n = 0};

	if (has_kind(k, O_A)) {
		far_words(&w, k->in.opsize);
		memcpy(k->bytes + k->in.imm_at, w.b, k->in.opsize + 2u);
	} else if (o->map == MAP_1 && o->op == 0xcd) {
		if (k->in.imm == 0x80)
			k->bytes[k->in.imm_at] = 0x81;
	} else {
		return;
	}
	insn_decode(&k->in, k->bytes, k->len, k->mode);
}

static void fill_operands(struct or_case *k)
{
	fill_immediate(k);
	fill_stack(k);
	if (k->in.has_modrm)
		fill_operand(k);
}

uint8_t *state_operand(const struct or_case *k, unsigned n)
{
	uint64_t lin;

	if (!k->in.op || !k->in.has_modrm || k->in.mod == 3)
		return NULL;
	lin = linear_of(k, k->in.seg, state_ea(k));
	if (lin >= OR_DATA && lin <= OR_DATA + OR_DATA_SIZE - n)
		return native_data() + (lin - OR_DATA);
	if (lin >= OR_RO && lin <= OR_RO + OR_PAGE - n)
		return native_ro() + (lin - OR_RO);
	return NULL;
}

/* ---- the whole ---- */

static uint64_t some_base(void)
{
	switch (or_below(4)) {
	case 0:
		return 0;
	case 1:
		return OR_DATA + or_below(OR_PAGE);
	case 2:
		return or_one_in(2) ? 0x7fffffffffffu - or_below(80)
				    : 0xffff800000000000u + or_below(80);
	default:
		return (uint64_t)((int64_t)or_random() >> 17);
	}
}

void state_make(struct or_case *k)
{
	for (unsigned i = 0; i < 16; i++)
		k->s.r[i] = value();
	for (unsigned i = 0; i < SEG_N; i++)
		k->s.sel[i] = segs_pick(k->mode, i);
	for (unsigned i = 0; i < 2; i++)
		k->s.base[i] = some_base();
	k->s.flags = (or_random() & FL_STATUS) | FL_IF | FL_1;
	if (or_one_in(4))
		k->s.flags |= FL_DF;
	some_fpu(&k->s.fpu);
	put_code(k);
	if (k->in.op) {
		aim(k);
		fill_operands(k);
	}
	for (unsigned i = 0; k->mode != MODE_64 && i < 16; i++)
		k->s.r[i] = (uint32_t)k->s.r[i];
}
