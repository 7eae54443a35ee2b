/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random code of 16 and 32 bits in real, virtual-8086 and protected mode, with segments of
 * random bases, limits and types, and registers near the edges of them: what the translator
 * leaves must be what the interpreter does. SEGS_SEED, SEGS_AT and SEGS_N in the environment:
 * another run, its one case, more of them.
 */
#include "hypervisor/x86/arch.h"
#include "hypervisor/x86/fpu.h"
#include "tests/x86/sys_rig.h"
#include "tests/x86/zydis_bytes.h"

#include <stdio.h>

enum {
	CODE = 0x1800000, /* 128 KiB of it, out of reach of the data */
	CODE_SIZE = 0x20000,
	IVT = 0x1f00000,
	DATA = 0x10000, /* what is compared, with what lies below */
	DATA_END = 0x60000,
	MOST_INSNS = 12,
	VALID = 4 /* selectors from SEL_FREE on */
};
enum kind { REAL, VM86, PROT, KINDS };

static struct random rnd;

static unsigned any(unsigned n)
{
	return (unsigned)(random_next(&rnd) % n);
}

/* ---- code ---- */

struct code {
	uint8_t at[256];
	unsigned n;
};

static void put(struct code *c, unsigned byte)
{
	c->at[c->n++] = (uint8_t)byte;
}

static void number(struct code *c, unsigned size)
{
	static const uint32_t some[] = {0, 1, 2, 0x7fff, 0xffff, 0xfffe, 0x1000, 0xffc, 0x80};
	uint32_t v = any(2) ? some[any(ARRAY_SIZE(some))] : any(0x10000);

	while (size--) {
		put(c, v & 0xff);
		v >>= 8;
	}
}

struct sizes {
	bool op32, addr32;
};

static void modrm(struct code *c, const struct sizes *s, unsigned digit, bool memory)
{
	unsigned mod = any(memory ? 3 : 4), rm = any(8);

	digit = digit < 8 ? digit : any(8);
	put(c, mod << 6 | digit << 3 | rm);
	if (mod == 3)
		return;
	if (s->addr32) {
		unsigned sib = any(256);

		if (rm == 4)
			put(c, sib);
		if (mod == 1)
			number(c, 1);
		else if (mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5))
			number(c, 4);
	} else if (mod == 1) {
		number(c, 1);
	} else if (mod == 2 || rm == 6) {
		number(c, 2);
	}
}

static const struct form {
	uint8_t op[3], n, digit; /* digit: 8: any; 9: no ModRM */
	uint8_t imm;             /* bytes; 0xff: as the operand */
	bool memory;
} forms[] = {
	{{0x00}, 1, 8, 0, false},       {{0x01}, 1, 8, 0, false},
	{{0x03}, 1, 8, 0, false},       {{0x2a}, 1, 8, 0, false},
	{{0x31}, 1, 8, 0, false},       {{0x39}, 1, 8, 0, false},
	{{0x13}, 1, 8, 0, false},       {{0x83}, 1, 8, 1, false},
	{{0x81}, 1, 8, 0xff, false},    {{0x86}, 1, 8, 0, false},
	{{0x88}, 1, 8, 0, false},       {{0x89}, 1, 8, 0, false},
	{{0x8a}, 1, 8, 0, false},       {{0x8b}, 1, 8, 0, true},
	{{0x8c}, 1, 3, 0, false},       {{0x8c}, 1, 2, 0, false},
	{{0x8d}, 1, 8, 0, true},        {{0x8e}, 1, 0, 0, false},
	{{0x8e}, 1, 3, 0, false},       {{0x8e}, 1, 4, 0, false},
	{{0x8e}, 1, 2, 0, false},       {{0x8f}, 1, 0, 0, false},
	{{0xc1}, 1, 4, 1, false},       {{0xc4}, 1, 8, 0, true},
	{{0xc6}, 1, 0, 1, false},       {{0xc7}, 1, 0, 0xff, false},
	{{0xd1}, 1, 2, 0, false},       {{0xf7}, 1, 4, 0, false},
	{{0xff}, 1, 0, 0, false},       {{0xff}, 1, 2, 0, false},
	{{0xff}, 1, 4, 0, false},       {{0xff}, 1, 6, 0, false},
	{{0x0f, 0x10}, 2, 8, 0, true},  {{0x0f, 0x11}, 2, 8, 0, true},
	{{0x0f, 0xa3}, 2, 8, 0, false}, {{0x0f, 0xb1}, 2, 8, 0, false},
	{{0x0f, 0xb6}, 2, 8, 0, false}, {{0x0f, 0xbf}, 2, 8, 0, false},
	{{0x0f, 0xc1}, 2, 8, 0, false}, {{0x06}, 1, 9, 0, false},
	{{0x0e}, 1, 9, 0, false},       {{0x16}, 1, 9, 0, false},
	{{0x1e}, 1, 9, 0, false},       {{0x07}, 1, 9, 0, false},
	{{0x1f}, 1, 9, 0, false},       {{0x0f, 0xa1}, 2, 9, 0, false},
	{{0x50}, 1, 9, 0, false},       {{0x54}, 1, 9, 0, false},
	{{0x56}, 1, 9, 0, false},       {{0x59}, 1, 9, 0, false},
	{{0x5c}, 1, 9, 0, false},       {{0x5d}, 1, 9, 0, false},
	{{0x60}, 1, 9, 0, false},       {{0x61}, 1, 9, 0, false},
	{{0x68}, 1, 9, 0xff, false},    {{0x6a}, 1, 9, 1, false},
	{{0x9c}, 1, 9, 0, false},       {{0x9d}, 1, 9, 0, false},
	{{0x98}, 1, 9, 0, false},       {{0x99}, 1, 9, 0, false},
	{{0xc5}, 1, 8, 0, true},        {{0x62}, 1, 8, 0, true},
	{{0x0f, 0xb2}, 2, 8, 0, true},  {{0x0f, 0xb5}, 2, 8, 0, true},
	{{0x0f, 0xa8}, 2, 9, 0, false}, {{0x0f, 0xa9}, 2, 9, 0, false},
	{{0x0f, 0xab}, 2, 8, 0, false}, {{0x0f, 0xba}, 2, 5, 1, false},
	{{0x0f, 0xa4}, 2, 8, 1, false}, {{0xc8, 0x08, 0x00}, 3, 9, 1, false},
	{{0xa4}, 1, 9, 0, false},       {{0xa5}, 1, 9, 0, false},
	{{0xa5}, 1, 9, 0, false},       {{0xaa}, 1, 9, 0, false},
	{{0xab}, 1, 9, 0, false},       {{0xac}, 1, 9, 0, false},
	{{0xad}, 1, 9, 0, false},       {{0xaf}, 1, 9, 0, false},
	{{0xc2}, 1, 9, 2, false},       {{0xc3}, 1, 9, 0, false},
	{{0xc9}, 1, 9, 0, false},       {{0xd7}, 1, 9, 0, false},
	{{0xf3, 0xa4}, 2, 9, 0, false}, {{0xf3, 0xab}, 2, 9, 0, false},
	{{0xfa}, 1, 9, 0, false},       {{0xfb}, 1, 9, 0, false},
	{{0x40}, 1, 9, 0, false},       {{0x93}, 1, 9, 0, false},
};
/* Branches, a few bytes on: Jcc, LOOP and its like, JMP, CALL. */
static const uint8_t branches[] = {0x72, 0x75, 0x7e, 0xe0, 0xe1, 0xe2, 0xe3, 0xeb, 0xe8};

static struct sizes prefixes(struct code *c, bool wide)
{
	static const uint8_t seg[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
	struct sizes s = {wide, wide};

	if (!any(4)) {
		put(c, 0x66);
		s.op32 = !wide;
	}
	if (!any(4)) {
		put(c, 0x67);
		s.addr32 = !wide;
	}
	if (!any(4))
		put(c, seg[any(6)]);
	return s;
}

static void branch(struct code *c, bool wide)
{
	uint8_t op = branches[any(sizeof(branches))];
	bool op32 = wide;

	if (!any(5)) {
		put(c, 0x66);
		op32 = !wide;
	}
	put(c, op);
	put(c, any(6));
	if (op == 0xe8)
		for (unsigned i = op32 ? 3 : 1; i; i--)
			put(c, 0);
}

static void instruction(struct code *c, bool wide)
{
	const struct form *f = &forms[any(ARRAY_SIZE(forms))];
	struct sizes s;

	if (!any(6)) {
		branch(c, wide);
		return;
	}
	s = prefixes(c, wide);
	for (unsigned i = 0; i < f->n; i++)
		put(c, f->op[i]);
	if (f->digit < 9)
		modrm(c, &s, f->digit, f->memory);
	number(c, f->imm == 0xff ? s.op32 ? 4 : 2 : f->imm);
}

/* ---- where it runs ---- */

struct place {
	enum kind kind;
	bool wide, big_stack;
	uint32_t r[8], ip, iopl;
	struct segment seg[SEG_N];
	struct code code;
};

static uint32_t edge(uint32_t limit)
{
	static const uint32_t some[] = {0, 1, 3, 0x7f, 0xffc, 0xfff, 0x1000, 0x7fff, 0x8000};
	unsigned near = any(16);

	if (near < 4)
		return limit - near;
	return near < 8 ? some[any(ARRAY_SIZE(some))] : any(0x10000);
}

static void random_segment(struct segment *s, const struct place *p)
{
	static const uint32_t bases[] = {0x10000, 0x10010, 0x12340, 0x1ffff, 0x20000, 0x2fff0};
	static const uint32_t limits[] = {0x7fff, 0xffe, 0xfff, 0, 0x10001};
	static const uint16_t types[] = {0x91, 0x97, 0x9b, 0x99, 0x13, 0};

	*s = (struct segment){.base = bases[any(ARRAY_SIZE(bases))], .limit = 0xffff, .attr = 0x93};
	if (p->kind == VM86) {
		s->attr = 0xf3;
		s->base &= ~0xfull;
	} else if (p->kind == PROT || !any(3)) {
		if (!any(3))
			s->limit = limits[any(ARRAY_SIZE(limits))];
		if (p->kind == PROT && !any(4))
			s->attr = types[any(ARRAY_SIZE(types))];
		if (!any(8)) { /* past 4 GiB */
			s->base = 0xfffff000;
			s->limit = 0x1fff;
		} else if (!any(6)) {
			s->base = any(2) ? s->base : 0;
			s->limit = ~0u;
		}
	}
	s->sel = p->kind == PROT ? (uint16_t)(SEL_FREE + 8 * any(VALID)) : (uint16_t)(s->base >> 4);
}

static void random_place(struct place *p)
{
	static const uint32_t ips[] = {0x100, 0xff8, 0xfff0, 0x7ff0, 0xfff8};
	static const uint32_t bases[] = {CODE, CODE + 0x10, CODE + 0x1234, CODE + 0x10000};
	static const uint32_t limits[] = {0xffff, 0xffff, 0xffff, 0x7fff};

	memset(p, 0, sizeof(*p));
	p->kind = any(KINDS);
	p->wide = p->kind == PROT && any(2);
	p->ip = ips[any(ARRAY_SIZE(ips))];
	p->iopl = any(2) ? 3 : 0;
	for (unsigned i = 0; i < SEG_N; i++)
		random_segment(&p->seg[i], p);
	if (p->kind == PROT && any(4)) /* else next to nothing goes by the stack */
		p->seg[SEG_SS].attr = 0x93;
	if (p->kind != VM86 && any(3) == 0)
		p->seg[SEG_SS].attr |= SEG_DB;
	p->seg[SEG_CS] = (struct segment){
		.sel = CODE16, .base = bases[any(ARRAY_SIZE(bases))], .limit = 0xffff};
	p->seg[SEG_CS].attr = (p->kind == REAL   ? 0x93
			       : p->kind == VM86 ? 0xf3
						 : 0x9b) |
			      (p->wide ? SEG_DB : 0);
	if (p->kind == PROT)
		p->seg[SEG_CS].limit = limits[any(ARRAY_SIZE(limits))];
	for (unsigned i = 0; i < 8; i++) {
		p->r[i] = edge(p->seg[i == R_SP || i == R_BP ? SEG_SS : SEG_DS].limit);
		if (!any(6))
			p->r[i] |= 0x10000u * any(4);
		if (p->kind == PROT && !any(4))
			p->r[i] = SEL_FREE + 8 * any(VALID + 1);
	}
	for (unsigned n = 0; n < MOST_INSNS; n++)
		instruction(&p->code, p->wide);
}

/* ---- running ---- */

static void rig_tables(struct sys_rig *r)
{
	for (unsigned i = 0; i < VALID; i++)
		gdt_put(r, (uint16_t)(SEL_FREE + 8 * i), 0x10000 + 0x8000 * i, 0xffff >> i, 0x93,
			0);
	gdt_put(r, SEL_FREE + 8 * (VALID - 1), 0, 0xfffff, 0x93, 0xc);
	for (unsigned v = 0; v < 256; v++)
		ram_put(r, IVT + 4 * v, 4, AT_TRAPS + TRAP_STEP * v);
}

static uint8_t low[DATA]; /* tables and traps */

static void prepare(struct sys_rig *r, const struct place *p)
{
	struct cpu *c = r->c;

	memset(r->ram + CODE, 0xf4, CODE_SIZE);
	memcpy(r->ram + p->seg[SEG_CS].base + p->ip, p->code.at, p->code.n);
	for (unsigned i = DATA; i < DATA_END; i++)
		r->ram[i] = (uint8_t)(i * 7 ^ i >> 8);
	memcpy(r->ram, low, sizeof(low));
	cpu_reset(c, false);
	c->cr0 = CR0_ET | (p->kind == REAL ? 0 : CR0_PE);
	c->cr4 = CR4_OSFXSR;
	c->gdtr = (struct table_reg){AT_GDT, 0xff};
	c->idtr = (struct table_reg){p->kind == REAL ? IVT : AT_IDT, 0xfff};
	c->tr = (struct segment){.sel = SEL_TSS, .base = AT_TSS, .limit = 0xfff, .attr = 0x8b};
	c->flags = FL_1 | p->iopl << 12 | (p->kind == VM86 ? FL_VM : 0);
	c->cpl = p->kind == VM86 ? 3 : 0;
	memcpy(c->seg, p->seg, sizeof(c->seg));
	for (unsigned i = 0; i < 8; i++)
		c->r[i] = p->r[i];
	c->rip = c->next_rip = p->ip;
	c->wait_sipi = false;
	c->insn_count = 0;
	cpu_set_cs_mode(c);
	mmu_flush(c, true);
}

static void same_segments(const struct cpu *a, const struct cpu *b)
{
	for (unsigned i = 0; i < SEG_N; i++) {
		NOTE("segment %u", i);
		EQ(a->seg[i].sel, b->seg[i].sel);
		EQ(a->seg[i].base, b->seg[i].base);
		EQ(a->seg[i].limit, b->seg[i].limit);
		EQ(a->seg[i].attr, b->seg[i].attr);
	}
}

static bool same(const struct sys_rig *a, const struct sys_rig *b)
{
	bool ok = EQ(a->c->rip, b->c->rip);

	for (unsigned i = 0; i < 8; i++)
		ok &= EQ(a->c->r[i], b->c->r[i]);
	ok &= EQ(a->c->flags, b->c->flags) && EQ(a->c->cr2, b->c->cr2);
	ok &= EQM(a->c->fpu.fx + FX_XMM, b->c->fpu.fx + FX_XMM, 128);
	ok &= EQM(a->ram, b->ram, DATA_END);
	same_segments(a->c, b->c);
	return ok;
}

static void show(const struct place *p)
{
	const struct segment *s = p->seg;
	unsigned at = 0;
	char text[96];
	struct insn in;

	fprintf(stderr, "kind %u ip %x iopl %u\n", p->kind, p->ip, p->iopl);
	for (unsigned i = 0; i < 8; i++)
		fprintf(stderr, " r%u=%x", i, p->r[i]);
	for (unsigned i = 0; i < SEG_N; i++)
		fprintf(stderr, "\n seg %u: %04x %llx limit %x attr %x", i, s[i].sel,
			(unsigned long long)s[i].base, s[i].limit, s[i].attr);
	while (at < p->code.n && insn_decode(&in, p->code.at + at, p->code.n - at,
					     p->wide ? MODE_32 : MODE_16) == DECODE_OK) {
		insn_text(&in, p->ip + at, text, sizeof(text));
		fprintf(stderr, "\n %04x: %s", p->ip + at, text);
		at += in.len;
	}
	fprintf(stderr, "\n");
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : otherwise;
}

static struct sys_rig rig_of(enum cpu_tier tier)
{
	struct sys_rig r;

	tier_now = tier;
	r = payload_rig(false, 0);
	rig_tables(&r);
	memset(r.ram, 0xa5, 0x1000);
	memcpy(low, r.ram, sizeof(low));
	return r;
}

/* Most go some way before the first fault, and in translated code: the last two checks. */
TEST(the_tiers_agree)
{
	unsigned long seed = setting("SEGS_SEED", 16), n = setting("SEGS_N", 1000);
	unsigned long from = setting("SEGS_AT", 0), gone = 0;
	struct sys_rig a = rig_of(TIER_INTERP), b = rig_of(TIER_TRANSLATE);
	struct place p;

	for (unsigned long at = from; at < from + (getenv("SEGS_AT") && !getenv("SEGS_N") ? 1 : n);
	     at++) {
		enum cpu_stop one, two;

		rnd = (struct random){(seed << 32) + at * 0x9e3779b97f4a7c15ull + 1};
		random_place(&p);
		NOTE("SEGS_SEED=%lu SEGS_AT=%lu", seed, at);
		prepare(&a, &p);
		prepare(&b, &p);
		one = payload_run(&a, 100000);
		if (one == STOP_COUNT) { /* faults without end: the other's are not counted */
			memcpy(b.ram, a.ram, IVT);
			continue;
		}
		two = payload_run(&b, 100000);
		gone += a.c->insn_count;
		if (!EQ(one, two) || !same(&a, &b)) {
			show(&p);
			break;
		}
	}
	CHECK(getenv("SEGS_AT") || gone > 4 * n);
	CHECK(getenv("SEGS_AT") || b.c->stats.entries > n);
	sys_rig_free(&a);
	sys_rig_free(&b);
}
