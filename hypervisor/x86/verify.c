/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/verify.c: see verify.h.
 *
 * State: one vCPU. Memory is noted by who writes it through the TLB of mmu.c; what the faster tier
 *	writes by itself is taken back by the plain side's notes, and counts as wrong elsewhere in
 *	the lines of these. What a device writes meanwhile may look like a difference: the plain
 *	handlers run once more before one is told.
 * Missing: stores of the faster tier in lines that the plain handlers do not write.
 * Tests: tests/x86/verify.c, tests/full/lockstep.sh
 */
#include "base/err.h"
#include "base/log.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/effects.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/verify_private.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static struct cpu *state_new(void)
{
	return aligned_alloc(64, (sizeof(struct cpu) + 63) & ~63ul);
}

int verify_start(struct cpu *c, struct err *e)
{
	struct verify *v;

	if (domain_vcpus(c->dom) > 1)
		return err_set(e, -ENOTSUP, "verify=lockstep is for one vCPU, this domain has %u",
			       domain_vcpus(c->dom));
	v = calloc(1, sizeof(*v));
	if (v) {
		c->verify = v;
		v->start = state_new();
		v->first.state = state_new();
		v->second.state = c;
	}
	if (v && v->start && v->first.state)
		return 0;
	verify_stop(c);
	return err_set(e, -ENOMEM, "no memory for verify=lockstep");
}

void verify_stop(struct cpu *c)
{
	struct verify *v = c->verify;

	if (!v)
		return;
	log_info("verify: vCPU %u: %llu blocks compared, %llu left to the plain handlers", c->id,
		 (unsigned long long)c->stats.verified, (unsigned long long)c->stats.unverified);
	free(v->log.lines);
	free(v->start);
	free(v->first.state);
	free(v);
	c->verify = NULL;
}

void verify_on_difference(struct cpu *c, void (*fn)(void *arg, const char *text), void *arg)
{
	c->verify->differs = fn;
	c->verify->arg = arg;
}

/* ---- what is written ---- */

void verify_gives_up(const struct cpu *c)
{
	siglongjmp(*c->fault, UNWIND_OUTSIDE);
}

void verify_saved(struct cpu *c, void *p, unsigned len, uint64_t gpa, uint8_t *flag)
{
	if (!log_note(&c->verify->log, p, len, gpa, flag))
		verify_gives_up(c);
}

void verify_saved_table(struct cpu *c, void *p, unsigned size, uint64_t gpa, uint8_t *flag)
{
	verify_saved(c, p, size, gpa, flag);
	log_table(&c->verify->log, p);
}

void verify_checks(struct cpu *c, uint8_t *p, unsigned len)
{
	assert(log_has(&c->verify->log, p, len));
}

void verify_saved_entry(struct cpu *c, void *entry)
{
	verify_saved(c, entry, LINE, 0, NULL);
}

/* ---- the state around ---- */

/* The guest's, and what of the rest a block changes. cpu.fast.key only ever grows. */
static void state_save(struct cpu *to, const struct cpu *c)
{
	memcpy(to, c, offsetof(struct cpu, dom));
	to->next_rip = c->next_rip;
	to->insn_count = c->insn_count;
	to->break_block = c->break_block;
	to->exc = c->exc;
	to->ext = c->ext;
	to->shutdown = c->shutdown;
	to->watching = c->watching;
	to->tf_seen = c->tf_seen;
	to->debug_hit = c->debug_hit;
	to->dr6_pending = c->dr6_pending;
	to->fast = c->fast;
}

static void state_load(struct cpu *c, const struct cpu *from)
{
	uint64_t key = c->fast.key;

	state_save(c, from);
	c->fast.key = key;
}

static void back_to_start(struct cpu *c)
{
	log_undo(c, &c->verify->log);
	state_load(c, c->verify->start);
}

static void keep_first(struct cpu *c)
{
	struct verify *v = c->verify;

	state_save(v->first.state, c);
	v->first.end = v->second.end;
	v->first.ran = v->second.ran;
	log_keep(&v->log);
}

/* ---- a side ---- */

/* More than there are units that REP does at once in what the log has room for. */
enum { PARTS = 1 << 16 };

struct plain {
	const struct verify_tier *t;
	unsigned n;
	unsigned near;    /* the step that led to the tier's rIP */
	const char *what; /* differs, by the last step; NULL: nothing */
	uint64_t live;    /* flags, where the tier stopped */
	uint64_t end;     /* rIP of the first go's end: there all flags count */
	unsigned parts;   /* of instructions, where steps ended */
};

static void plain(struct cpu *c, void *arg)
{
	const struct plain *p = arg;

	if (p->t->straight)
		cpu_run_straight(c, p->n);
	else
		cpu_run_plain(c, p->n);
}

/* To v->second. A wait (for FERR#) is no fault. */
static void side(struct cpu *c, void (*run)(struct cpu *c, void *arg), void *arg)
{
	struct verify *v = c->verify;
	sigjmp_buf *outer = c->fault, frame;
	int how;

	c->fault = &frame;
	c->trying = true;
	how = sigsetjmp(frame, 0);
	if (!how)
		run(c, arg);
	c->trying = false;
	c->fault = outer;
	tr_fpu_pointers(c); /* those of a tier that a fault left */
	v->second.end = how == 0 ? END_DONE : how == UNWIND_FAULT ? END_FAULT : END_OUTSIDE;
	v->second.ran = c->insn_count - v->start->insn_count;
}

/* ---- comparing ---- */

static bool same_fault(const struct cpu *a, const struct cpu *b)
{
	return a->exc.vector == b->exc.vector && a->exc.kind == b->exc.kind &&
	       a->exc.has_error == b->exc.has_error &&
	       (!a->exc.has_error || a->exc.error == b->exc.error) &&
	       (a->exc.vector != EXC_PF || a->exc.cr2 == b->exc.cr2);
}

/* NULL, or what differs. */
static const char *difference(const struct verify *v, const struct verify_tier *t)
{
	const struct outcome *a = &v->first, *b = &v->second;

	if (a->end != b->end || a->end == END_OUTSIDE)
		return "they end in different ways";
	if (a->end == END_FAULT && !same_fault(a->state, b->state))
		return "they raise different exceptions";
	if (!state_same(a->state, b->state, v->flags, t->no_fpu_pointers))
		return "their states differ";
	/* A fault of a later check may come behind a look at the page, or before it. */
	return log_differs(&v->log, false, a->end == END_FAULT) ? "they leave different memory"
								: NULL;
}

/* Flags that are read, or not overwritten, from rIP to the end of the block. */
static void find_live(struct cpu *c, void *arg)
{
	uint64_t live = 0, dead = 0, rip = c->rip, end = (rip | 0xfff) + 1;
	uint8_t bytes[INSN_MAX];
	struct insn_effects e;
	struct insn in;

	for (in.len = 0; rip < end; rip += in.len) {
		unsigned len = mem_fetch(c, rip, bytes);

		if (insn_decode(&in, bytes, len, c->mode) != DECODE_OK)
			break;
		insn_effects(&in, &e);
		live |= e.flags_read & ~dead;
		dead |= e.flags_set;
		if (in.op->flags & F_ENDS)
			break;
	}
	*(uint64_t *)arg = live | ~dead;
}

static uint64_t live_flags(struct cpu *c)
{
	uint64_t live = ~0ull;

	side(c, find_live, &live);
	return c->verify->second.end == END_DONE ? live : ~0ull;
}

/* ---- both ---- */

/* NULL: the tier, whose outcome is first now, stopped just here. */
static const char *step_differs(const struct cpu *c, const struct plain *p)
{
	struct verify *v = c->verify;
	const char *what;

	v->flags = v->first.state->rip == p->end ? ~0ull : p->live;
	what = difference(v, p->t);
	v->flags = p->live; /* at a fault */
	return what;
}

/* It stopped at one of these steps' ends. */
static void steps(struct cpu *c, void *arg)
{
	struct verify *v = c->verify;
	struct plain *p = arg;

	v->second.end = END_DONE;
	p->parts = 0;
	p->what = step_differs(c, p);
	for (unsigned i = 1; p->what && i <= p->n; i++) {
		cpu_run_plain(c, 1);
		if (c->flags & FL_RF && p->parts++ < PARTS) /* of a REP */
			i--;
		p->what = step_differs(c, p);
		if (c->rip == v->first.state->rip)
			p->near = i;
	}
}

/* Beside the step that leads where the tier went, else the last one. */
static void report_steps(struct cpu *c, struct plain *p)
{
	if (c->verify->second.end == END_DONE && p->near) {
		p->n = p->near;
		back_to_start(c);
		side(c, steps, p);
	}
	verify_report(c, p->t, p->what);
}

/* Once more by the plain handlers. False: neither side can be run here. */
static bool once_more(struct cpu *c, struct plain *p)
{
	struct verify *v = c->verify;

	c->stats.verified_again++;
	p->n = (unsigned)v->first.ran + (v->first.end == END_FAULT);
	p->end = v->first.state->rip;
	keep_first(c);
	v->first_is_plain = false;
	p->live = p->t->flags_die ? live_flags(c) : ~0ull;
	back_to_start(c);
	side(c, steps, p);
	if (v->second.end == END_OUTSIDE && v->first.end == END_OUTSIDE)
		return false;
	if (v->second.end != END_DONE)
		p->what = difference(v, p->t);
	if (p->what)
		report_steps(c, p);
	return true;
}

enum result { COMPARED, NOTHING_RAN, OUTSIDE };

static enum result both(struct cpu *c, const struct verify_tier *t, void *arg, unsigned n)
{
	struct verify *v = c->verify;
	struct plain p = {.t = t, .n = n};

	side(c, plain, &p);
	if (v->second.end == END_OUTSIDE && !t->straight) /* else it may have gone further */
		return OUTSIDE;
	keep_first(c);
	v->first_is_plain = true;
	back_to_start(c);
	side(c, t->run, arg);
	if (!difference(v, t)) {
		if (t->uncounted)
			c->insn_count = v->first.state->insn_count;
		return COMPARED;
	}
	if (v->first.end == END_OUTSIDE && v->second.end == END_OUTSIDE)
		return OUTSIDE;
	/* What it took to see that there is nothing (accessed bits) stays. */
	if (v->second.end == END_DONE && state_same(v->start, c, ~0ull, false))
		return NOTHING_RAN;
	if (!log_differs(&v->log, true, false))
		return once_more(c, &p) ? COMPARED : OUTSIDE;
	verify_report(c, t, "one writes where the other does not");
	return COMPARED;
}

bool verify_block(struct cpu *c, const struct verify_tier *t, void *arg, unsigned n)
{
	struct verify *v = c->verify;
	enum result r;

	state_save(v->start, c);
	v->flags = ~0ull;
	log_clear(&v->log);
	r = both(c, t, arg, n);
	if (r == OUTSIDE) {
		back_to_start(c);
		c->stats.unverified++;
	}
	if (r != COMPARED)
		return false;
	c->stats.verified++;
	if (v->second.end == END_FAULT)
		siglongjmp(*c->fault, UNWIND_FAULT);
	return true;
}
