/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * String instructions on many units at once do what they do unit by unit: a data breakpoint
 * somewhere else makes them go by units, and all that is left behind is the same. Random pieces,
 * mostly short, near the ends of pages and over each other, in flat and in limited segments.
 */
#include "hypervisor/x86/sys.h"
#include "tests/x86/machine.h"
#include "tests/x86/oracle.h"

#define CODE   0x6000u
#define NOT_IN 0x1f00000u /* watched */
#define WINDOW 0x100000u
#define LEN    0x6000u
#define MOST   6000u
#define RAM    MACHINE_MMIO

enum { ROUNDS = 1200 };

struct piece {
	uint8_t code[8];
	unsigned n; /* of code */
	uint64_t si, di, cx, ax, flags;
	uint32_t limit; /* of ES and DS; 32 bits only */
};

/* Mostly equal bytes, so that comparisons go far. */
static void fill(uint8_t *at)
{
	memset(at, 0x11, LEN);
	for (unsigned n = or_below(12); n; n--)
		at[or_below(LEN)] = (uint8_t)or_below(4);
	if (or_one_in(3))
		for (unsigned i = 0; i < LEN; i++)
			at[i] = (uint8_t)or_random();
}

static unsigned place(void)
{
	unsigned at = MOST + or_below(LEN - 2 * MOST);

	return or_one_in(2) ? at : (at & ~0xfffu) + 0x1000 - 24 + or_below(48);
}

static void put(struct piece *p, unsigned byte)
{
	p->code[p->n++] = (uint8_t)byte;
}

static struct piece any_piece(bool is_64)
{
	static const uint8_t ops[] = {0xa4, 0xa6, 0xaa, 0xac, 0xae};
	unsigned size = or_below(is_64 ? 4 : 3), si = place(), di = place();
	struct piece p = {.flags = FL_1 | (or_one_in(3) ? FL_DF : 0), .limit = 0xffffffff};

	if (or_one_in(2))
		di = si + or_below(48) - 24;
	if (or_one_in(8))
		put(&p, 0x67);
	if (size == 1)
		put(&p, 0x66);
	put(&p, 0xf2 + or_below(2));
	if (size == 3)
		put(&p, 0x48);
	put(&p, ops[or_below(sizeof(ops))] + (size != 0));
	put(&p, 0xf4);
	p.cx = or_one_in(3) ? or_below(MOST >> size) : or_below(40);
	p.ax = or_one_in(2) ? 0x1111111111111111 : or_random();
	p.si = WINDOW + si;
	p.di = WINDOW + di;
	if (!is_64 && or_one_in(3))
		p.limit = (uint32_t)p.di + or_below(600);
	return p;
}

/* At RAM's end, behind which there is nothing: #PF, which nobody takes. */
static void at_the_end(struct piece *p)
{
	p->di = RAM - or_below(MOST);
	if (or_one_in(2))
		p->si = RAM - or_below(MOST);
}

static void start(struct machine *m, const struct piece *p, unsigned at, bool by_units)
{
	m->c->rip = at;
	m->c->halted = m->c->shutdown = false;
	m->c->r[R_SI] = p->si;
	m->c->r[R_DI] = p->di;
	m->c->r[R_CX] = p->cx;
	m->c->r[R_AX] = p->ax;
	m->c->flags = p->flags;
	m->c->idtr.limit = 0;
	m->c->seg[SEG_DS].limit = m->c->seg[SEG_ES].limit = p->limit;
	m->c->dr[0] = NOT_IN;
	m->c->dr[7] = by_units ? 0x10001 : 0; /* writes of a byte */
	dbg_watch(m->c);
	machine_load(m, at, p->code, p->n);
}

static void same(const struct machine *bulk, const struct machine *units, unsigned lot)
{
	static const unsigned windows[] = {WINDOW, RAM - LEN};
	bool right = EQ(units->c->rip, bulk->c->rip) && EQ(units->c->flags, bulk->c->flags) &&
		     EQ(units->c->cr2, bulk->c->cr2);

	for (unsigned i = 0; i < 8; i++)
		right &= EQ(units->c->r[i], bulk->c->r[i]);
	for (unsigned i = 0; i < 2; i++)
		right &= EQM(units->ram + windows[i], bulk->ram + windows[i], LEN);
	if (!right)
		NOTE("lot %u", lot);
}

static void compare(struct machine *m[2], bool is_64)
{
	enum cpu_stop stop[2];

	or_seed(1);
	for (unsigned lot = 0; lot < ROUNDS; lot++) {
		unsigned at = CODE + 8 * lot;
		struct piece p = any_piece(is_64);

		if (is_64 && or_one_in(8))
			at_the_end(&p);
		for (unsigned i = 0; i < 2; i++) {
			or_seed(lot);
			fill(m[i]->ram + WINDOW);
			fill(m[i]->ram + RAM - LEN);
			start(m[i], &p, at, i);
			stop[i] = machine_run(m[i]);
		}
		EQ(stop[1], stop[0]);
		same(m[0], m[1], lot);
	}
}

TIER_TEST(in_bulk_as_by_units_32)
{
	struct machine *m[2] = {machine_new("max"), machine_new("max")};

	for (unsigned i = 0; i < 2; i++)
		machine_prot(m[i], CODE);
	compare(m, false);
	for (unsigned i = 0; i < 2; i++)
		machine_free(m[i]);
}

TIER_TEST(in_bulk_as_by_units_64)
{
	struct machine *m[2] = {machine_new("max"), machine_new("max")};

	for (unsigned i = 0; i < 2; i++)
		machine_long(m[i], CODE);
	compare(m, true);
	for (unsigned i = 0; i < 2; i++)
		machine_free(m[i]);
}

TIER_TEST(a_segment_that_may_not_be_written)
{
	static const uint8_t rep_stosb[] = {0xf3, 0xaa, 0xf4};
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	machine_load(m, CODE, rep_stosb, sizeof(rep_stosb));
	m->c->idtr.limit = 0;
	m->c->seg[SEG_ES].attr &= (uint16_t)~2;
	m->c->r[R_DI] = WINDOW;
	m->c->r[R_CX] = 100;
	m->c->r[R_AX] = 1;
	EQ(STOP_TRIPLE, machine_run(m));
	EQ(CODE, m->c->rip);
	EQ(100, m->c->r[R_CX]);
	EQ(0, m->ram[WINDOW]);
	machine_free(m);
}

/* It writes INC EBX over itself: with the end of the page it is gone, and its count is not. */
TIER_TEST(over_itself_up_to_the_end_of_the_page)
{
	static const uint8_t rep_stosb[] = {0xf3, 0xaa, 0xf4};
	struct machine *m = machine_new("max");

	machine_prot(m, 0x6ff0);
	machine_load(m, 0x6ff0, rep_stosb, sizeof(rep_stosb));
	m->ram[0x7000] = 0xf4;
	m->c->r[R_DI] = 0x6ff0;
	m->c->r[R_CX] = 0x20;
	m->c->r[R_AX] = 0x43;
	EQ(STOP_HALT, machine_run(m));
	EQ(0x7001, m->c->rip);
	EQ(0x10, m->c->r[R_BX]);
	EQ(0x10, m->c->r[R_CX]);
	EQ(0x7000, m->c->r[R_DI]);
	machine_free(m);
}
