/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random 64- and 32-bit code whose operands lie near each other: a few registers lead to a few
 * places, and what runs changes them, or parts of them. The translator, which shares a look at the
 * TLB between accesses (span.c) once it has seen their pages, must leave what the interpreter does.
 * SPAN_SEED, SPAN_AT and SPAN_N in the environment: another run, its one case, more of them.
 */
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/mmu.h"
#include "tests/x86/oracle.h"
#include "tests/x86/sys_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	CODE = 0x18000,
	DATA = 0x40000,
	END = 0x50000,
	MAPPED = 2 << 20,
	TABLES = 0x8000,
	MOST = 14,
	UPPER_MOST = 24,
	PASSES = 3
};

struct prog {
	bool wide, framed; /* framed: mostly at RSP, without REX.B */
	uint8_t code[512];
	unsigned n;
	uint64_t r[16], flags;
};

static unsigned any(unsigned n)
{
	return or_below(n);
}

static void put(struct prog *p, unsigned byte)
{
	p->code[p->n++] = (uint8_t)byte;
}

static void number(struct prog *p, unsigned size)
{
	uint32_t v = any(4) ? any(64) - 32 : any(0x2000) - 0x1000;

	while (size--) {
		put(p, v & 0xff);
		v >>= 8;
	}
}

/* ---- code ---- */

/* Few registers are bases, most are operands. */
static void modrm(struct prog *p, unsigned digit, bool memory)
{
	static const uint8_t bases[] = {0, 0, 1, 2, 3, 3, 4, 5, 5, 6, 7};
	unsigned mod = !memory && !any(5) ? 3 : any(5) ? 1 : 2 * any(2);
	unsigned rm = bases[any(sizeof(bases))];

	put(p, mod << 6 | (digit < 8 ? digit : any(8)) << 3 | rm);
	if (mod == 3)
		return;
	if (rm == 4)
		put(p, any(4) ? 0x24 : any(4) << 6 | any(8) << 3 | any(8));
	if (mod == 1)
		number(p, 1);
	else if (mod == 2 || rm == 5 || (rm == 4 && (p->code[p->n - 1] & 7) == 5))
		number(p, 4);
}

static const struct form {
	uint8_t op[2], n, digit; /* 8: any; 9: no ModRM */
	uint8_t imm;
	bool memory;
} forms[] = {
	{{0x00}, 1, 8, 0, true},        {{0x01}, 1, 8, 0, true},
	{{0x02}, 1, 8, 0, false},       {{0x03}, 1, 8, 0, false},
	{{0x11}, 1, 8, 0, true},        {{0x28}, 1, 8, 0, true},
	{{0x31}, 1, 8, 0, false},       {{0x38}, 1, 8, 0, true},
	{{0x3b}, 1, 8, 0, true},        {{0x83}, 1, 0, 1, false},
	{{0x83}, 1, 5, 1, false},       {{0x80}, 1, 4, 1, true},
	{{0x86}, 1, 8, 0, true},        {{0x87}, 1, 8, 0, true},
	{{0x88}, 1, 8, 0, true},        {{0x89}, 1, 8, 0, true},
	{{0x89}, 1, 8, 0, false},       {{0x8a}, 1, 8, 0, true},
	{{0x8b}, 1, 8, 0, true},        {{0x8d}, 1, 8, 0, true},
	{{0x8f}, 1, 0, 0, true},        {{0xc0}, 1, 4, 1, true},
	{{0xc6}, 1, 0, 1, true},        {{0xd1}, 1, 2, 0, true},
	{{0xd3}, 1, 8, 0, true},        {{0xf6}, 1, 3, 0, true},
	{{0xf7}, 1, 4, 0, true},        {{0xfe}, 1, 0, 0, true},
	{{0xff}, 1, 0, 0, false},       {{0xff}, 1, 1, 0, false},
	{{0xff}, 1, 6, 0, true},        {{0x50}, 1, 9, 0, false},
	{{0x54}, 1, 9, 0, false},       {{0x53}, 1, 9, 0, false},
	{{0x58}, 1, 9, 0, false},       {{0x5d}, 1, 9, 0, false},
	{{0x5c}, 1, 9, 0, false},       {{0x9c}, 1, 9, 0, false},
	{{0xc9}, 1, 9, 0, false},       {{0x0f, 0x10}, 2, 8, 0, true},
	{{0x0f, 0x11}, 2, 8, 0, true},  {{0x0f, 0x58}, 2, 8, 0, true},
	{{0x0f, 0x44}, 2, 8, 0, true},  {{0x0f, 0x94}, 2, 0, 0, true},
	{{0x0f, 0xa3}, 2, 8, 0, true},  {{0x0f, 0xa4}, 2, 8, 1, true},
	{{0x0f, 0xab}, 2, 8, 0, false}, {{0x0f, 0xaf}, 2, 8, 0, true},
	{{0x0f, 0xb0}, 2, 8, 0, true},  {{0x0f, 0xb1}, 2, 8, 0, true},
	{{0x0f, 0xb6}, 2, 8, 0, true},  {{0x0f, 0xba}, 2, 5, 1, true},
	{{0x0f, 0xbe}, 2, 8, 0, true},  {{0x0f, 0xc0}, 2, 8, 0, true},
	{{0x0f, 0xc1}, 2, 8, 0, true},  {{0x0f, 0xd6}, 2, 8, 0, true},
	{{0x0f, 0x6f}, 2, 8, 0, true},  {{0x0f, 0x7f}, 2, 8, 0, true},
};

static void instruction(struct prog *p)
{
	const struct form *f = &forms[any(ARRAY_SIZE(forms))];

	if (!any(7))
		put(p, 0x66);
	if (!any(12))
		put(p, p->wide ? 0x64 : 0x26);
	if (p->wide && any(2))
		put(p, 0x40 | any(16));
	for (unsigned i = 0; i < f->n; i++)
		put(p, f->op[i]);
	if (f->digit < 9)
		modrm(p, f->digit, f->memory);
	if (f->imm)
		number(p, f->imm);
}

/* ---- mostly of R13 to R15 ---- */

/* Most are of registers alone. */
static const struct form upper_forms[] = {
	{{0x01}, 1, 8, 0, false},       {{0x03}, 1, 8, 0, false},
	{{0x0b}, 1, 8, 0, false},       {{0x11}, 1, 8, 0, false},
	{{0x21}, 1, 8, 0, false},       {{0x2b}, 1, 8, 0, false},
	{{0x31}, 1, 8, 0, false},       {{0x39}, 1, 8, 0, false},
	{{0x3b}, 1, 8, 0, false},       {{0x63}, 1, 8, 0, false},
	{{0x69}, 1, 8, 4, false},       {{0x81}, 1, 8, 4, false},
	{{0x83}, 1, 8, 1, false},       {{0x85}, 1, 8, 0, false},
	{{0x87}, 1, 8, 0, false},       {{0x88}, 1, 8, 0, false},
	{{0x89}, 1, 8, 0, false},       {{0x89}, 1, 8, 0, false},
	{{0x8a}, 1, 8, 0, false},       {{0x8b}, 1, 8, 0, false},
	{{0x8b}, 1, 8, 0, false},       {{0x8d}, 1, 8, 0, true},
	{{0x90}, 1, 9, 0, false},       {{0xc1}, 1, 8, 1, false},
	{{0xd1}, 1, 8, 0, false},       {{0xd3}, 1, 8, 0, false},
	{{0xeb, 0x00}, 2, 9, 0, false}, {{0x75, 0x00}, 2, 9, 0, false},
	{{0xf7}, 1, 2, 0, false},       {{0xf7}, 1, 3, 0, false},
	{{0xf7}, 1, 4, 0, false},       {{0xff}, 1, 0, 0, false},
	{{0xff}, 1, 1, 0, false},       {{0x55}, 1, 9, 0, false},
	{{0x5d}, 1, 9, 0, false},       {{0x0f, 0x45}, 2, 8, 0, false},
	{{0x0f, 0x6e}, 2, 8, 0, false}, {{0x0f, 0x92}, 2, 0, 0, false},
	{{0x0f, 0xa5}, 2, 8, 0, false}, {{0x0f, 0xaf}, 2, 8, 0, false},
	{{0x0f, 0xb1}, 2, 8, 0, false}, {{0x0f, 0xb6}, 2, 8, 0, false},
	{{0x0f, 0xb7}, 2, 8, 0, false}, {{0x0f, 0xba}, 2, 5, 1, false},
	{{0x0f, 0xbb}, 2, 8, 0, false}, {{0x0f, 0xbc}, 2, 8, 0, false},
	{{0x0f, 0xc1}, 2, 8, 0, false}, {{0x0f, 0xcd}, 2, 9, 0, false},
};

static unsigned upper(void)
{
	return any(4) ? 5 + any(3) : any(8);
}

/* In the stack frame, [rbp + 64] or near it, at another place, or by index and a base that
 * changes. */
static void upper_memory(struct prog *p, unsigned reg)
{
	unsigned kind = any(8);

	if (kind < 5 && p->framed) {
		put(p, 0x44 | reg << 3);
		put(p, 0x24);
		put(p, any(16) * 4);
	} else if (kind < 5) {
		put(p, 0x45 | reg << 3);
		put(p, any(16) * 4);
	} else if (kind < 7) {
		put(p, 0x43 | reg << 3);
		put(p, any(64));
	} else {
		put(p, 0x44 | reg << 3);
		put(p, any(4) << 6 | any(8) << 3 | 5);
		put(p, any(64));
	}
}

static void upper_instruction(struct prog *p)
{
	const struct form *f = &upper_forms[any(ARRAY_SIZE(upper_forms))];
	bool memory = f->memory || !any(3);
	unsigned rex = 0x40 | (any(2) << 3) | (any(4) ? 4 : 0) | (!any(8) ? 2 : 0);

	if (!any(10))
		put(p, 0x66);
	put(p, rex | (memory ? !p->framed && !any(12) : !!any(4)));
	for (unsigned i = 0; i < f->n; i++)
		put(p, f->op[i]);
	if (f->digit < 9 && memory)
		upper_memory(p, f->digit < 8 ? f->digit : upper());
	else if (f->digit < 9)
		put(p, 0xc0 | (f->digit < 8 ? f->digit : upper()) << 3 | upper());
	if (f->imm)
		number(p, f->imm);
}

/* VEX: ANDN of three, or RORX. */
static void upper_vex(struct prog *p)
{
	bool andn = any(2);

	put(p, 0xc4);
	put(p, (any(4) ? 0 : 0x80) | 0x40 | (any(4) ? 0 : 0x20) | (andn ? 2 : 3));
	put(p, any(2) << 7 | (andn ? (15 - (8 + upper())) << 3 : 0x7b));
	put(p, andn ? 0xf2 : 0xf0);
	put(p, 0xc0 | upper() << 3 | upper());
	if (!andn)
		put(p, any(64));
}

/* A copy, perhaps something, and the copy rotated. */
static void upper_rotation(struct prog *p)
{
	bool wide = any(2), high = any(2);
	unsigned to = high ? upper() : any(4), from = upper();

	put(p, 0x44 | any(2) << 3 | high);
	put(p, 0x89);
	put(p, 0xc0 | from << 3 | to);
	if (!any(3))
		upper_instruction(p);
	put(p, 0x40 | wide << 3 | high);
	put(p, 0xc1);
	put(p, 0xc0 | any(2) << 3 | to);
	put(p, any(72));
}

static void upper_prog(struct prog *p)
{
	memset(p, 0, sizeof(*p));
	p->wide = true;
	p->framed = any(2);
	for (unsigned i = 0; i < 16; i++)
		p->r[i] = any(2) ? or_random() : DATA + 0x1000 + any(0x200) * 8;
	p->r[R_BP] = DATA + 0x1400;
	p->r[R_BX] = DATA + 0x2400;
	p->r[R_SP] = DATA + 0x3400;
	p->flags = FL_1 | (any(0x1000) & FL_STATUS);
	for (unsigned n = 0; n < UPPER_MOST; n++)
		if (!any(12))
			upper_vex(p);
		else if (!any(12))
			upper_rotation(p);
		else
			upper_instruction(p);
	for (unsigned i = 0; i < 16; i++)
		put(p, 0xf4);
}

static void random_prog(struct prog *p)
{
	memset(p, 0, sizeof(*p));
	p->wide = any(3);
	for (unsigned i = 0; i < 16; i++) {
		unsigned page = DATA + 0x1000 * (1 + any(4));

		p->r[i] = any(3) ? page + 0x400 + any(0x40) * 8 : page + any(0x80) - 0x40;
		if (!any(6) && i != R_SP)
			p->r[i] = any(0x40);
	}
	p->flags = FL_1 | (any(0x1000) & FL_STATUS);
	for (unsigned n = 0; n < MOST; n++)
		instruction(p);
	for (unsigned i = 0; i < 16; i++) /* whatever the last one still takes */
		put(p, 0xf4);
}

/* ---- running ---- */

struct side {
	struct sys_rig r;
	struct cpu start; /* its segments and units */
	uint8_t low[END], tables[TABLES];
};

/* All is accessed and dirty: what changes the tables is the program. */
static void side_open(struct side *s, enum cpu_tier tier, bool wide)
{
	tier_now = tier;
	s->r = payload_rig(wide, 0);
	s->r.c->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	s->start = *s->r.c;
	for (uint64_t at = AT_PAGES; at < s->r.pages; at += 8)
		ram_put(&s->r, at, 8, ram_get(&s->r, at, 8) | (ram_get(&s->r, at, 8) & 1) * 0x60);
	MUST(s->r.pages <= AT_PAGES + TABLES);
	memcpy(s->tables, s->r.ram + AT_PAGES, TABLES);
	memcpy(s->low, s->r.ram, DATA);
	for (unsigned i = DATA; i < END; i++)
		s->low[i] = (uint8_t)(i * 7 ^ i >> 8);
}

static bool tables_changed(const struct side *s)
{
	return memcmp(s->tables, s->r.ram + AT_PAGES, TABLES);
}

static void side_start(struct side *s, const struct prog *p)
{
	struct cpu *c = s->r.c;

	memcpy(s->r.ram, s->low, END);
	payload_load(&s->r, CODE, p->code, p->code + p->n);
	memcpy(c->seg, s->start.seg, sizeof(c->seg));
	c->fpu = s->start.fpu;
	memcpy(c->r, p->r, sizeof(p->r));
	for (unsigned i = FX_XMM; i < FX_XMM + 256; i++)
		c->fpu.fx[i] = (uint8_t)(i * 5);
	c->rip = c->next_rip = CODE;
	c->flags = p->flags;
	c->cpl = 0;
	c->halted = c->shutdown = false;
	cpu_set_cs_mode(c);
}

static bool same(struct side *a, struct side *b)
{
	const struct cpu *x = a->r.c, *y = b->r.c;
	bool ok = EQ(x->rip, y->rip) && EQ(x->flags, y->flags) && EQ(x->cr2, y->cr2);

	for (unsigned i = 0; i < 16; i++)
		ok &= EQ(x->r[i], y->r[i]);
	return ok & EQM(x->fpu.fx + FX_XMM, y->fpu.fx + FX_XMM, 256) &
	       (!memcmp(a->r.ram, b->r.ram, END) || EQM(a->r.ram, b->r.ram, END));
}

static void show(const struct prog *p)
{
	unsigned at = 0;
	char text[96];
	struct insn in;

	for (unsigned i = 0; i < 16; i++)
		fprintf(stderr, " r%u=%llx", i, (unsigned long long)p->r[i]);
	while (at < p->n && p->code[at] != 0xf4 &&
	       insn_decode(&in, p->code + at, p->n - at, p->wide ? MODE_64 : MODE_32) ==
		       DECODE_OK) {
		insn_text(&in, CODE + at, text, sizeof(text));
		fprintf(stderr, "\n %x: %s", CODE + at, text);
		at += in.len;
	}
	fprintf(stderr, "\n");
}

/* After what tells nothing. */
static void level(struct side *a, struct side *b)
{
	memcpy(b->r.ram + END, a->r.ram + END, MAPPED - END);
	memcpy(a->r.ram + AT_PAGES, a->tables, TABLES);
	memcpy(b->r.ram + AT_PAGES, b->tables, TABLES);
	mmu_flush(a->r.c, true);
	mmu_flush(b->r.c, true);
}

static bool agree(struct side *a, struct side *b, const struct prog *p)
{
	for (unsigned i = 0; i < PASSES; i++) {
		enum cpu_stop one, two = STOP_COUNT;

		side_start(a, p);
		side_start(b, p);
		one = payload_run(&a->r, 2000);
		if (one != STOP_COUNT) /* faults without end: the other's are not counted */
			two = payload_run(&b->r, 2000);
		if (one == STOP_COUNT || tables_changed(a) || tables_changed(b)) {
			level(a, b);
			return true;
		}
		if (!EQ(one, two) || !same(a, b)) {
			show(p);
			return false;
		}
	}
	return true;
}

static void compare(void (*make)(struct prog *p))
{
	static struct side sides[2][2];
	unsigned long seed = or_number("SPAN_SEED", 1), from = or_number("SPAN_AT", 0);
	unsigned long n = or_number("SPAN_N", getenv("SPAN_AT") ? 1 : 2000);
	struct prog p;

	for (unsigned i = 0; i < 4; i++)
		side_open(&sides[i / 2][i % 2], i % 2 ? TIER_TRANSLATE : TIER_INTERP, i / 2);
	alarm(60 + (unsigned)(n / 100));
	for (unsigned long at = from; at < from + n; at++) {
		or_seed((seed << 32) + at);
		make(&p);
		NOTE("SPAN_SEED=%lu SPAN_AT=%lu", seed, at);
		if (!agree(&sides[p.wide][0], &sides[p.wide][1], &p))
			break;
	}
	for (unsigned i = 0; i < 4; i++)
		sys_rig_free(&sides[i / 2][i % 2].r);
}

TEST(the_tiers_agree)
{
	compare(random_prog);
}

/* Of registers that struct cpu has, and others for a while: held.c. */
TEST(the_tiers_agree_on_upper_registers)
{
	compare(upper_prog);
}
