/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random programs that change themselves. A program is a row of elements: slots of 2,
 * 4 or 8 bytes with an instruction each, which has a second variant; patches, which
 * write the one variant or the other over a slot; branches. It goes round a few times;
 * a function in another place has slots too.
 */
#include "tests/x86/smc.h"

#include "base/util.h"
#include "tests/x86/oracle.h"

#include <string.h>

enum what { SLOT, PATCH, BRANCH };

struct slot {
	unsigned at, len;
	uint8_t v[2][8];
};
struct gen {
	struct smc_prog *p;
	uint8_t *out; /* bytes go to out[at] */
	unsigned at, bits, org /* of its first byte, to itself */;
	bool fixed; /* no addresses relative to rIP */
	unsigned n_slots, slot_now;
	struct slot slot[SMC_ELEMENTS];
	enum what what[SMC_ELEMENTS];
	unsigned addr[SMC_ELEMENTS + 1]; /* of elements, as far as known */
	unsigned n_main, main_end, f, f_end;
};
/* An operand in memory: at off from the program's first byte. */
struct place {
	unsigned off;
	bool alias, based;
};

/* ---- encoding ---- */

static void put(struct gen *g, unsigned byte)
{
	g->out[g->at++] = (uint8_t)byte;
}

static void put_imm(struct gen *g, unsigned size, uint64_t val)
{
	for (unsigned i = 0; i < size; i++)
		put(g, (unsigned)(val >> 8 * i) & 0xff);
}

static unsigned word(const struct gen *g)
{
	return g->bits / 8;
}

static void put_op(struct gen *g, unsigned op)
{
	if (op > 0xff)
		put(g, op >> 8);
	put(g, op & 0xff);
}

/* 66h and REX for an operation of w bytes; 0: it has no size. */
static void put_size(struct gen *g, unsigned w, unsigned reg, unsigned rm)
{
	unsigned rex = (w == 8 ? 8 : 0) | (reg >= 8 ? 4 : 0) | (rm >= 8 ? 1 : 0);

	if (w && w == (g->bits == 16 ? 4 : 2))
		put(g, 0x66);
	if (rex && g->bits == 64)
		put(g, 0x40 | rex);
}

static void op_reg(struct gen *g, unsigned w, unsigned op, unsigned reg, unsigned rm)
{
	put_size(g, w, reg, rm);
	put_op(g, op);
	put(g, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

static unsigned address(const struct gen *g, struct place m)
{
	static const unsigned by[] = {
		[16] = SMC_ALIAS_ES, [32] = SMC_ALIAS_PROT, [64] = SMC_ALIAS_LONG};

	return g->org + m.off + (m.alias ? by[g->bits] : 0);
}

static void put_modrm(struct gen *g, unsigned reg, struct place m, unsigned tail)
{
	unsigned to = address(g, m);

	reg = (reg & 7) << 3;
	if (m.based) { /* [bx + disp], [ebx + disp], [rbx + disp] */
		put(g, 0x80 | reg | (g->bits == 16 ? 7 : 3));
		put_imm(g, g->bits == 16 ? 2 : 4, to - g->org);
	} else if (g->bits == 16) {
		put(g, reg | 6);
		put_imm(g, 2, to);
	} else if (g->bits == 32) {
		put(g, reg | 5);
		put_imm(g, 4, to);
	} else if (g->fixed || or_one_in(2)) {
		put(g, reg | 4);
		put(g, 0x25);
		put_imm(g, 4, to);
	} else {
		put(g, reg | 5);
		put_imm(g, 4, to - (g->org + g->at + 4 + tail));
	}
}

/* prefix: LOCK, REPs or a mandatory 66h, or 0; tail: bytes of the immediate that follows. */
static void op_mem(struct gen *g, unsigned prefix, unsigned w, unsigned op, unsigned reg,
		   struct place m, unsigned tail)
{
	if (prefix)
		put(g, prefix);
	if (m.alias && g->bits == 16)
		put(g, 0x26); /* ES */
	put_size(g, w, reg, 0);
	put_op(g, op);
	put_modrm(g, reg, m, tail);
}

static void mov_imm(struct gen *g, unsigned w, unsigned reg, uint64_t val)
{
	put_size(g, w, 0, reg);
	put(g, (w == 1 ? 0xb0 : 0xb8) + (reg & 7));
	put_imm(g, w, val);
}

/* An address of the program's into a register. */
static void mov_addr(struct gen *g, unsigned reg, unsigned off)
{
	mov_imm(g, g->bits == 16 ? 2 : 4, reg, g->org + off);
}

static void set_stack(struct gen *g, unsigned off)
{
	mov_addr(g, R_SP, off);
}

/* ---- slots: one instruction that needs no address of its own ---- */

static unsigned any_size(const struct gen *g)
{
	return 1u << or_below(g->bits == 64 ? 4 : 3);
}

/* Not rBX, rSP, rBP; of bytes AL, CL, DL, AH, CH, DH. */
static unsigned any_reg(const struct gen *g, unsigned w)
{
	static const uint8_t regs[] = {0, 1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	static const uint8_t bytes[] = {0, 1, 2, 4, 5, 6};

	if (w == 1)
		return bytes[or_below(6)];
	return regs[or_below(g->bits == 64 ? 13 : 5)];
}

static struct place any_data(const struct gen *g)
{
	struct place m = {.off = SMC_DATA + or_below(0x1fe0), .based = or_one_in(2)};

	if (or_one_in(3)) /* over two pages */
		m.off = SMC_DATA + 0x1000 - or_below(8);
	if (or_one_in(200) && g->p->kind <= SMC_PROT)
		m.off = SMC_ABSENT + or_below(0x1000) - 4;
	return m;
}

static void of_registers(struct gen *g)
{
	unsigned w = any_size(g), one = w == 1 ? 0 : 1, a = any_reg(g, w), b = any_reg(g, w);

	switch (or_below(14)) {
	case 0 ... 2: /* add, or, adc, sbb, and, sub, xor, cmp */
		op_reg(g, w, or_below(8) << 3 | one, a, b);
		break;
	case 3:
		op_reg(g, w, w == 1 ? 0x80 : 0x83, or_below(8), b);
		put(g, or_below(256));
		break;
	case 4: /* inc, dec */
		op_reg(g, w, 0xfe | one, or_below(2), b);
		break;
	case 5: /* rotations and shifts, by 1, CL, an immediate */
		op_reg(g, w, (or_one_in(2) ? 0xd0 : 0xd2) | one, or_below(8), b);
		break;
	case 6:
		op_reg(g, w, 0xc0 | one, or_below(8), b);
		put(g, or_below(256));
		break;
	case 7: /* not, neg, mul, imul; seldom div, idiv */
		op_reg(g, w, 0xf6 | one, or_one_in(30) ? 6 + or_below(2) : 2 + or_below(4), b);
		break;
	case 8: /* setcc */
		op_reg(g, 1, 0x0f90 + or_below(16), 0, any_reg(g, 1));
		break;
	case 9: /* cmovcc */
		w = w == 1 ? 4 : w;
		op_reg(g, w, 0x0f40 + or_below(16), any_reg(g, w), any_reg(g, w));
		break;
	case 10: /* xchg, xadd, mov, test */
		op_reg(g, w, (const unsigned[]){0x86, 0x0fc0, 0x88, 0x84}[or_below(4)] | one, a, b);
		break;
	case 11: /* bt, bts, btr, btc, imul, bsf, bsr */
		w = w == 1 ? 4 : w;
		op_reg(g, w,
		       (const unsigned[]){0x0fa3, 0x0fab, 0x0fb3, 0x0fbb, 0x0faf, 0x0fbc,
					  0x0fbd}[or_below(7)],
		       any_reg(g, w), any_reg(g, w));
		break;
	default:
		mov_imm(g, w == 8 ? 4 : w, any_reg(g, w), or_random());
	}
}

static void of_memory(struct gen *g)
{
	unsigned w = any_size(g), one = w == 1 ? 0 : 1, a = any_reg(g, w);
	struct place m = any_data(g);

	switch (or_below(8)) {
	case 0 ... 1:
		op_mem(g, 0, w, or_below(8) << 3 | (or_one_in(2) ? 2 : 0) | one, a, m, 0);
		break;
	case 2:
		op_mem(g, 0, w, 0x88 | one, a, m, 0);
		break;
	case 3:
		op_mem(g, 0, w, 0x8a | one, a, m, 0);
		break;
	case 4: /* inc, dec, with LOCK and without */
		op_mem(g, or_one_in(2) ? 0xf0 : 0, w, 0xfe | one, or_below(2), m, 0);
		break;
	case 5:
		op_mem(g, or_one_in(2) ? 0xf0 : 0, w, 0x0fc0 | one, a, m, 0);
		break;
	case 6: /* movzx, movsx */
		w = w == 1 ? 4 : w;
		op_mem(g, 0, w, or_one_in(2) ? 0x0fb6 : 0x0fbe, any_reg(g, w), m, 0);
		break;
	default: /* push, pop */
		put(g, 0x50 + (any_reg(g, 4) & 7));
		put(g, 0x58 + or_below(3));
	}
}

/* Flags as bits, x87, SSE. */
static void of_others(struct gen *g)
{
	static const char *const some[] = {
		"\xf5",             /* cmc */
		"\xf8",             /* clc */
		"\xf9",             /* stc */
		"\x9f",             /* lahf */
		"\x9e",             /* sahf */
		"\x98",             /* cbw */
		"\x99",             /* cwd */
		"\x9c\x58",         /* pushf; pop ax */
		"\x9c\x9d",         /* pushf; popf */
		"\xd9\xe8",         /* fld1 */
		"\xde\xc1",         /* faddp */
		"\xdd\xd9",         /* fstp st1 */
		"\x0f\xef\xc1",     /* pxor mm0, mm1 */
		"\x66\x0f\xfe\xc8", /* paddd xmm1, xmm0 */
		"\x66\x0f\x6e\xc2", /* movd xmm0, edx */
		"\x66\x0f\x7e\xce", /* movd esi, xmm1 */
		"\x0f\x58\xca",     /* addps xmm1, xmm2 */
	};

	for (const char *s = some[or_below(sizeof(some) / sizeof(some[0]))]; *s; s++)
		put(g, (uint8_t)*s);
}

static void make_variant(const struct gen *g, uint8_t *to, unsigned len)
{
	uint8_t bytes[64];
	struct gen t = *g;
	unsigned how;

	t.out = bytes;
	t.fixed = true;
	do {
		t.at = 0;
		how = or_below(8);
		if (how < 4)
			of_registers(&t);
		else if (how < 7 && len == 8)
			of_memory(&t);
		else
			of_others(&t);
	} while (t.at > len);
	while (t.at < len)
		put(&t, 0x90);
	memcpy(to, bytes, len);
}

/* ---- patches ---- */

struct patch {
	struct place to;
	unsigned w;
	uint64_t is, was; /* was: what is most likely there */
};

static uint64_t as_number(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

static struct patch any_patch(struct gen *g)
{
	unsigned how = or_below(8), t = g->slot_now + or_below(8), v = or_one_in(4) ? 0 : 1;
	const struct slot *s;
	struct patch p;

	if (how < 3) /* the next instruction */
		t = g->slot_now;
	else if (how < 5)
		t = or_below(g->n_slots);
	s = &g->slot[t % g->n_slots];
	p = (struct patch){.to = {s->at, or_one_in(3), or_one_in(3)},
			   .w = s->len,
			   .is = as_number(s->v[v], s->len),
			   .was = as_number(s->v[!v], s->len)};
	if (or_one_in(32)) { /* anything, anywhere near */
		p.to.off += or_below(8);
		p.w = 1u << or_below(g->bits == 64 ? 4 : 3);
		p.is = or_random();
	}
	return p;
}

static void by_mov(struct gen *g, struct patch p)
{
	unsigned op = p.w == 1 ? 0x88 : 0x89;

	if (p.w == 8 || or_one_in(2)) {
		mov_imm(g, p.w, R_AX, p.is);
		op_mem(g, 0, p.w, op, R_AX, p.to, 0);
	} else {
		op_mem(g, 0, p.w, op + 0x3e, 0, p.to, p.w);
		put_imm(g, p.w, p.is);
	}
}

static void by_rmw(struct gen *g, struct patch p)
{
	unsigned lock = or_one_in(3) ? 0 : 0xf0, one = p.w == 1 ? 0 : 1;

	switch (or_below(4)) {
	case 0:
		mov_imm(g, p.w, R_DX, p.is ^ p.was);
		op_mem(g, lock, p.w, 0x30 | one, R_DX, p.to, 0); /* xor */
		break;
	case 1:
		mov_imm(g, p.w, R_DX, p.is);
		op_mem(g, 0, p.w, 0x86 | one, R_DX, p.to, 0); /* xchg */
		break;
	case 2:
		mov_imm(g, p.w, R_AX, p.was);
		mov_imm(g, p.w, R_CX, p.is);
		op_mem(g, lock, p.w, 0x0fb0 | one, R_CX, p.to, 0); /* cmpxchg */
		break;
	default:
		mov_imm(g, p.w, R_DX, p.is - p.was);
		op_mem(g, lock, p.w, 0x0fc0 | one, R_DX, p.to, 0); /* xadd */
	}
}

static void string_regs(struct gen *g, const struct patch *p, unsigned units)
{
	struct place to = p->to;

	to.alias |= g->bits == 16; /* ES is that */
	mov_imm(g, g->bits == 16 ? 2 : 4, R_DI, address(g, to));
	mov_imm(g, g->bits == 16 ? 2 : 4, R_CX, units);
}

static void by_stos(struct gen *g, struct patch p)
{
	unsigned units = 1 + or_below(2);

	mov_imm(g, p.w, R_AX, p.is);
	string_regs(g, &p, units);
	put(g, 0xf3);
	put_size(g, p.w, 0, 0);
	put(g, p.w == 1 ? 0xaa : 0xab);
}

/* Forwards, or from the last byte downwards. */
static void by_movs(struct gen *g, struct patch p)
{
	unsigned from = SMC_FROM + 16 * or_below(128), unit = or_one_in(2) ? 1 : MIN(p.w, 4);
	bool down = or_one_in(4);

	memcpy(g->p->image + from, &p.is, p.w);
	if (down)
		p.to.off += p.w - unit;
	string_regs(g, &p, p.w / unit);
	mov_addr(g, R_SI, from + (down ? p.w - unit : 0));
	if (down)
		put(g, 0xfd);
	put(g, 0xf3);
	put_size(g, unit, 0, 0);
	put(g, unit == 1 ? 0xa4 : 0xa5);
	if (down)
		put(g, 0xfc);
}

/* What a call pushes is where it comes back to, whatever code that may be. */
static void by_push(struct gen *g, struct patch p)
{
	bool call = or_one_in(6);

	p.w = p.w == 2 ? 2 : word(g);
	mov_imm(g, p.w, R_AX, p.is);
	set_stack(g, p.to.off + p.w);
	if (call) {
		put(g, 0xe8);
		put_imm(g, g->bits == 16 ? 2 : 4, 0);
	} else {
		put_size(g, p.w == 2 ? 2 : 0, 0, 0);
		put(g, 0x50);
	}
	set_stack(g, SMC_STACK);
}

static void by_vector(struct gen *g, struct patch p)
{
	struct place from = {.off = SMC_FROM + 16 * or_below(128)};

	memcpy(g->p->image + from.off, &p.is, 8);
	switch (or_below(4)) {
	case 0: /* movq */
		op_mem(g, 0xf3, 0, 0x0f7e, 1, from, 0);
		op_mem(g, 0x66, 0, 0x0fd6, 1, p.to, 0);
		break;
	case 1: /* fild, fistp */
		op_mem(g, 0, 0, 0xdf, 5, from, 0);
		op_mem(g, 0, 0, 0xdf, 7, p.to, 0);
		break;
	case 2: /* movups, of what is there */
		op_mem(g, 0, 0, 0x0f10, 2, p.to, 0);
		op_mem(g, 0, 0, 0x0f11, 2, p.to, 0);
		break;
	default: /* 64 bits, by EDX:EAX and ECX:EBX */
		p.to.based = false;
		mov_imm(g, 4, R_AX, p.was);
		mov_imm(g, 4, R_DX, p.was >> 32);
		mov_imm(g, 4, R_BX, p.is);
		mov_imm(g, 4, R_CX, p.is >> 32);
		op_mem(g, or_one_in(2) ? 0xf0 : 0, 0, 0x0fc7, 1, p.to, 0);
		mov_imm(g, 4, R_BX, g->org);
	}
}

static void put_patch(struct gen *g)
{
	struct patch p = any_patch(g);
	unsigned how = or_below(10);

	if (p.w == 8 && (g->bits != 64 || how == 0)) {
		if (or_one_in(2))
			by_movs(g, p);
		else
			by_vector(g, p);
	} else if (how < 3) {
		by_mov(g, p);
	} else if (how < 6) {
		by_rmw(g, p);
	} else if (how == 6) {
		by_stos(g, p);
	} else if (how == 7 && p.w > 1) {
		by_push(g, p);
	} else {
		by_movs(g, p);
	}
}

/* ---- branches ---- */

static void put_rel(struct gen *g, unsigned to)
{
	unsigned n = g->bits == 16 ? 2 : 4;

	put_imm(g, n, to - (g->at + n));
}

/* to: forwards, in what it is in. */
static void put_branch(struct gen *g, unsigned to, bool in_main)
{
	switch (or_below(in_main ? 7 : 5)) {
	case 0 ... 1:
		put_op(g, 0x0f80 + or_below(16));
		put_rel(g, to);
		break;
	case 2:
		put(g, 0xe9);
		put_rel(g, to);
		break;
	case 3: /* jmp ax, with all of it */
		mov_addr(g, R_AX, to);
		put(g, 0xff);
		put(g, 0xe0);
		break;
	case 4: /* push; ret */
		mov_addr(g, R_AX, to);
		put(g, 0x50);
		put(g, 0xc3);
		break;
	default:
		put(g, 0xe8);
		put_rel(g, g->f);
	}
}

/* ---- programs ---- */

static void plan(struct gen *g)
{
	unsigned how;

	g->p->n = 8 + or_below(SMC_ELEMENTS - 8);
	g->n_main = g->p->n - 2 - or_below(4);
	for (unsigned i = 0; i < g->p->n; i++) {
		how = or_below(16);
		g->what[i] = how < 10 || i == 0 ? SLOT : how < 14 ? PATCH : BRANCH;
		if (g->what[i] == SLOT) {
			struct slot *s = &g->slot[g->n_slots++];

			s->len = 2u << or_below(3);
			make_variant(g, s->v[0], s->len);
			make_variant(g, s->v[1], s->len);
		}
	}
	g->p->entry = or_one_in(2) ? 0x2000 - or_below(0x100) : 0x1000 + or_below(0x200);
	g->f = g->p->entry + 0x700 + or_below(0x900);
}

static void put_slot(struct gen *g)
{
	struct slot *s = &g->slot[g->slot_now++];

	s->at = g->at;
	for (unsigned i = 0; i < s->len; i++)
		put(g, s->v[0][i]);
}

static void put_elements(struct gen *g, unsigned from, unsigned end, unsigned end_at)
{
	for (unsigned i = from; i < end; i++) {
		unsigned to = i + 1 + or_below(3);

		g->addr[i] = g->at;
		if (g->what[i] == SLOT)
			put_slot(g);
		else if (g->what[i] == PATCH)
			put_patch(g);
		else
			put_branch(g, to < end ? g->addr[to] : end_at, from == 0);
		if (g->p->skip >> i & 1)
			g->at = g->addr[i];
	}
}

static void put_program(struct gen *g)
{
	struct place count = {.off = SMC_COUNT};

	g->slot_now = 0;
	g->at = g->p->entry;
	put_elements(g, 0, g->n_main, g->main_end);
	g->main_end = g->at;
	op_mem(g, 0, 2, 0xff, 1, count, 0); /* dec */
	put_op(g, 0x0f85);                  /* jnz */
	put_rel(g, g->p->entry);
	put(g, 0xcc);
	g->at = g->f;
	put_elements(g, g->n_main, g->p->n, g->f_end);
	g->f_end = g->at;
	put(g, 0xc3);
}

void smc_make(struct smc_prog *p)
{
	static const uint8_t bits[] = {64, 32, 16, 16};
	struct gen g = {.p = p, .out = p->image, .bits = bits[p->kind]};

	or_seed(p->seed << 2 | p->kind);
	g.org = g.bits == 16 ? 0 : SMC_BASE;
	memset(p->image, 0xcc, SMC_SIZE);
	for (unsigned i = 0; i < 0x2000; i++)
		p->image[SMC_DATA + i] = (uint8_t)or_random();
	plan(&g);
	p->image[SMC_COUNT] = (uint8_t)(2 + or_below(5));
	p->image[SMC_COUNT + 1] = 0;
	for (unsigned pass = 0; pass < 2; pass++) { /* the second knows the addresses */
		or_seed(p->seed << 2 | p->kind | 1ull << 56);
		put_program(&g);
	}
}
