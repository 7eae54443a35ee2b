/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that change themselves, run by the engine and, instruction by instruction
 * from memory, by plain.c; what both leave in registers and memory is compared.
 *
 * SMC_N: how many of each kind; SMC_SEED: where to start; SMC_AT: the first one, of those of the
 * seed; SMC_TRACE: show what the plain way runs. One that fails is shown with as few of its
 * elements as still fail.
 *
 * Spec: Intel SDM volume 3, 8.1.3, 11.6 (self-modifying code).
 */
#include "tests/x86/smc.h"

#include "hypervisor/x86/blocks.h"
#include "tests/x86/oracle.h"
#include "tests/x86/plain.h"
#include "tests/x86/sys_rig.h"

#include <stdio.h>
#include <unistd.h>

enum { LOT = 64, STEPS = 3000 };

/* The two sides, and what both start from. */
struct side {
	struct sys_rig r;
	struct cpu start; /* its registers */
};
struct pair {
	enum smc_kind kind;
	struct side plain, engine;
	bool worn; /* not the same any more: one side alone ran something */
};

/* ---- machines ---- */

/* Lines from here on are the same memory once more. */
static void alias_long(struct sys_rig *r)
{
	uint64_t pdpt = ram_get(r, r->c->cr3, 8) & 0xffffffffff000;
	uint64_t pd = ram_get(r, pdpt, 8) & 0xffffffffff000;

	page_put(r, SMC_BASE + SMC_ABSENT, 0, 0);
	ram_put(r, pd + 8, 8, ram_get(r, pd, 8));
}

static void page_32(struct sys_rig *r)
{
	uint64_t pd = new_page(r), pt = new_page(r);

	for (unsigned i = 0; i < 1024; i++)
		ram_put(r, pt + 4 * i, 4, i << 12 | 7);
	ram_put(r, pt + (SMC_BASE + SMC_ABSENT) / 1024, 4, 0);
	ram_put(r, pd, 4, pt | 7);
	ram_put(r, pd + 4, 4, pt | 7);
	r->c->cr3 = pd;
	r->c->cr0 |= CR0_PG;
	mmu_flush(r->c, true);
}

/* Code and data of 16 bits at the program; ES a page lower. */
static void segments_16(struct sys_rig *r, bool real)
{
	for (unsigned i = 0; i < SEG_N; i++) {
		unsigned at = SMC_BASE - (i == SEG_ES ? SMC_ALIAS_ES : 0);

		if (real)
			seg_set_real(&r->c->seg[i], (uint16_t)(at >> 4));
		else
			r->c->seg[i].base = at;
	}
	if (!real) {
		r->c->seg[SEG_CS].attr &= (uint16_t)~SEG_DB;
		r->c->seg[SEG_SS].attr &= (uint16_t)~SEG_DB;
		r->c->seg[SEG_CS].limit = r->c->seg[SEG_SS].limit = 0xffff;
	}
	cpu_set_cs_mode(r->c);
}

static void ignore(struct machine *m, uint8_t val)
{
	(void)m;
	(void)val;
}

static void side_open(struct side *s, enum smc_kind kind, unsigned cpl, unsigned fcw)
{
	struct sys_rig *r = &s->r;

	*r = sys_rig("max");
	r->m->poke = ignore;
	if (kind == SMC_LONG) {
		go_long(r, cpl);
		alias_long(r);
	} else if (kind != SMC_REAL) {
		go_prot(r, cpl);
	}
	if (kind == SMC_PROT)
		page_32(r);
	if (kind >= SMC_PROT16)
		segments_16(r, kind == SMC_REAL);
	payload_traps(r);
	r->c->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	r->c->cr0 |= CR0_NE | CR0_MP;
	r->c->efer &= ~(uint64_t)EFER_SCE;
	store_le(r->c->fpu.fx, 2, fcw);
	s->start = *r->c;
}

static void pair_open(struct pair *p, enum smc_kind kind)
{
	unsigned cpl = or_one_in(4) ? 0 : 3, after = or_below(3), fcw = or_one_in(8) ? 0x40 : 0x37f;

	p->kind = kind;
	p->worn = false;
	side_open(&p->plain, kind, cpl, fcw);
	cpu_set_tier(p->plain.r.c, TIER_INTERP, 0);
	side_open(&p->engine, kind, cpl, fcw);
	cpu_set_tier(p->engine.r.c, tier_now, after);
}

static void pair_close(struct pair *p)
{
	sys_rig_free(&p->plain.r);
	sys_rig_free(&p->engine.r);
}

/* ---- running ---- */

/* Both with the same registers; the machine's part of the vCPU stays. */
static void side_start(struct side *s, const struct smc_prog *p, bool told)
{
	static const uint8_t regs[] = {R_AX, R_CX, R_DX, R_SI, R_DI, 8, 9, 10, 11, 12, 13, 14, 15};
	struct cpu *c = s->r.c;
	unsigned org = p->kind >= SMC_PROT16 ? 0 : SMC_BASE;

	memcpy(c, &s->start, offsetof(struct cpu, dom));
	or_seed(p->seed);
	for (unsigned i = 0; i < sizeof(regs) && (p->kind == SMC_LONG || regs[i] < 8); i++)
		c->r[regs[i]] = p->kind == SMC_LONG ? or_random() : (uint32_t)or_random();
	c->r[R_BX] = org;
	c->r[R_BP] = org + SMC_DATA;
	c->r[R_SP] = org + SMC_STACK;
	c->flags = FL_1 | (or_random() & FL_STATUS);
	c->rip = c->next_rip = org + p->entry;
	c->shutdown = false;
	c->dr6_pending = 0;
	c->attention = 0;
	cpu_set_cs_mode(c);
	memcpy(s->r.ram + SMC_BASE, p->image, SMC_SIZE);
	if (told)
		blocks_written(c, SMC_BASE, SMC_SIZE);
	else
		cpu_attend(c, ATT_STALE);
}

static void show_step(const struct cpu *c, const struct insn *in, uint64_t rip)
{
	char text[96] = "(nothing decoded)";

	if (in->op)
		insn_text(in, rip, text, sizeof(text));
	printf("    %6llx  %-40s", (unsigned long long)rip, text);
	printf(" ax %llx dx %llx flags %llx\n", (unsigned long long)c->r[R_AX],
	       (unsigned long long)c->r[R_DX], (unsigned long long)c->flags);
}

/* What cannot be the same twice (clocks, chance; INS, as this machine's vCPU does not hear of what
 * devices write), or needs more than plain_step knows. */
static bool odd(const struct cpu *c, const struct insn *in)
{
	const char *name = in->op ? in->op->name : "";

	return !strncmp(name, "rd", 2) || !strcmp(name, "ins") || c->flags & (FL_TF | FL_VM) ||
	       c->dr[7] != 0x400;
}

/* False: it does not come to an end, or not to one that can be compared. last: what faulted. */
static bool steps(struct side *s, bool show, struct insn *last)
{
	struct cpu *c = s->r.c;
	struct insn in;
	uint64_t rip;

	last->op = NULL;
	for (unsigned n = 0; n < STEPS; n++) {
		rip = c->rip;
		plain_step(c, &in);
		if (show)
			show_step(c, &in, rip);
		if (odd(c, &in))
			return false;
		if (c->halted || c->shutdown)
			return s->r.m->exit_code < 0;
		*last = in;
	}
	return false;
}

static bool run_plain(struct side *s, bool show, struct insn *last)
{
	bool ends;

	domain_unlock(s->r.dom);
	ends = steps(s, show, last);
	domain_lock(s->r.dom);
	return ends;
}

/* ---- comparing ---- */

/* Flags that the faulting instruction would have set. They were pushed. */
static void forgive_flags(struct pair *p, const struct insn *last, const struct trap *want)
{
	unsigned size = p->kind == SMC_REAL ? 2 : p->kind == SMC_LONG ? 8 : 4;
	struct sys_rig *r = &p->engine.r;
	bool fault = want->vector >= 0 && want->vector != EXC_BP && want->vector != EXC_OF;
	uint64_t lost, got;

	if (!last->op || !fault)
		return;
	lost = flags_lost(last);
	got = ram_get(r, want->flags_at, size);
	ram_put(r, want->flags_at, size, (got & ~lost) | (want->flags & lost));
	r->c->flags = (r->c->flags & ~lost) | (p->plain.r.c->flags & lost);
}

static const char *cpu_differs(const struct cpu *a, const struct cpu *b)
{
	static char what[8];

	for (unsigned i = 0; i < 16; i++) {
		snprintf(what, sizeof(what), "r%u", i);
		if (a->r[i] != b->r[i])
			return what;
	}
	if (a->rip != b->rip)
		return "rip";
	if (a->flags != b->flags)
		return "flags";
	if (a->cpl != b->cpl || a->cr2 != b->cr2 || a->cr0 != b->cr0)
		return "cpl, cr0 or cr2";
	for (unsigned i = 0; i < SEG_N; i++) {
		if (a->seg[i].sel != b->seg[i].sel || a->seg[i].base != b->seg[i].base)
			return "a segment";
	}
	return fpu_differs(&a->fpu, &b->fpu);
}

/* NULL: as it should be. */
static const char *compare(struct pair *p, const struct insn *last)
{
	static char text[64];
	struct trap want = payload_trap(&p->plain.r);
	const uint8_t *a = p->plain.r.ram, *b = p->engine.r.ram;
	const char *what;
	unsigned at = 0;

	if (want.vector != payload_trap(&p->engine.r).vector)
		return "the exception";
	if (want.flags_at < SMC_BASE + SMC_SIZE)
		forgive_flags(p, last, &want);
	what = cpu_differs(p->plain.r.c, p->engine.r.c);
	if (what)
		return what;
	while (at < SMC_BASE + SMC_SIZE && a[at] == b[at])
		at++;
	snprintf(text, sizeof(text), "memory at %x", at);
	return at < SMC_BASE + SMC_SIZE ? text : NULL;
}

/* ---- one program ---- */

static unsigned ended; /* programs that were compared */

static const char *run_program(struct pair *p, struct smc_prog *prog, bool show)
{
	enum cpu_stop stop;
	struct insn last;

	smc_make(prog);
	side_start(&p->plain, prog, false);
	side_start(&p->engine, prog, prog->seed & 1);
	if (!run_plain(&p->plain, show, &last)) {
		p->worn = true;
		return NULL;
	}
	domain_unlock(p->engine.r.dom);
	stop = cpu_run(p->engine.r.c, 4 * STEPS);
	domain_lock(p->engine.r.dom);
	if (stop != (p->plain.r.c->shutdown ? STOP_TRIPLE : STOP_HALT))
		return "the way it stops";
	ended++;
	return compare(p, &last);
}

/* On machines of its own. */
static const char *run_alone(struct smc_prog *prog, bool show)
{
	struct pair p;
	const char *what;

	or_seed(prog->seed);
	pair_open(&p, prog->kind);
	what = run_program(&p, prog, show);
	if (show)
		for (unsigned i = 0; i < 16; i++)
			printf("    r%-2u %16llx %16llx\n", i,
			       (unsigned long long)p.plain.r.c->r[i],
			       (unsigned long long)p.engine.r.c->r[i]);
	if (show)
		printf("    rip %llx %llx, flags %llx %llx\n", (unsigned long long)p.plain.r.c->rip,
		       (unsigned long long)p.engine.r.c->rip,
		       (unsigned long long)p.plain.r.c->flags,
		       (unsigned long long)p.engine.r.c->flags);
	pair_close(&p);
	return what;
}

/* Without each element that it fails without, too. */
static void shrink(struct smc_prog *prog)
{
	const char *what;

	if (!run_alone(prog, false)) {
		printf("  (not alone: after the others of its lot only)\n");
		return;
	}
	for (unsigned i = 0; i < prog->n; i++) {
		prog->skip |= 1ull << i;
		if (!run_alone(prog, false))
			prog->skip &= ~(1ull << i);
	}
	what = run_alone(prog, true);
	printf("  %s differs, without elements %llx of %u\n", what ? what : "nothing",
	       (unsigned long long)prog->skip, prog->n);
}

static void run(enum smc_kind kind)
{
	unsigned long seed = or_number("SMC_SEED", 1), at = or_number("SMC_AT", 0),
		      n = or_number("SMC_N", 1000);
	static struct smc_prog prog;
	struct pair p = {.kind = SMC_KINDS};
	const char *what = NULL;

	alarm(60 + (unsigned)(n / 100));
	for (unsigned long i = at; i < at + n && !what; i++) {
		or_seed(seed << 32 | i);
		if (i % LOT == 0 || i == at || p.worn) {
			if (i != at)
				pair_close(&p);
			pair_open(&p, kind);
		}
		prog = (struct smc_prog){.kind = kind, .seed = seed << 32 | i};
		what = run_program(&p, &prog, getenv("SMC_TRACE"));
		if (what)
			printf("  SMC_SEED=%lu SMC_AT=%lu SMC_N=%lu: %s\n", seed, i / LOT * LOT,
			       i % LOT + 1, what);
	}
	pair_close(&p);
	if (what)
		shrink(&prog);
	CHECK(!what);
	CHECK(what || ended > n / 2);
}

TIER_TEST(changes_itself_64)
{
	run(SMC_LONG);
}

TIER_TEST(changes_itself_32)
{
	run(SMC_PROT);
}

TIER_TEST(changes_itself_16)
{
	run(SMC_PROT16);
}

TIER_TEST(changes_itself_real)
{
	run(SMC_REAL);
}
