/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/held.c: R13 to R15 are in struct cpu. What uses one has it in
 * t0 or t1, and what follows finds it there, as long as nothing else wants these. A value that was
 * written is stored at once, unless it is overwritten before anything may go out or fault: then
 * only if the place is wanted for another before that.
 *
 * State: gen.held, good while nothing was emitted since; who leaves t0 and t1 alone says so.
 * Tests: tests/x86/held.c
 */
#include "hypervisor/x86/translate/gen.h"

#define STORE 0x89
#define LOAD  0x8b

static const uint8_t host[2] = {H_T0, H_T1};

static bool holds(const struct gen *g, unsigned k)
{
	return g->held[k].reg != REG_NONE && g->held[k].at == g->e.p;
}

static unsigned where(const struct gen *g, unsigned r)
{
	unsigned k = 0;

	while (k < 2 && !(holds(g, k) && g->held[k].reg == r))
		k++;
	return k;
}

unsigned held_host(const struct gen *g, unsigned r)
{
	unsigned k = where(g, r);

	return k < 2 ? host[k] : REG_NONE;
}

/* ---- where to have one ---- */

static bool uses(const struct insn *in, unsigned r)
{
	for (unsigned i = 0; i < 4; i++)
		if (in->gpr[i] == r)
			return true;
	return false;
}

/* The less, the sooner what is there is wanted again. */
static unsigned idle(const struct gen *g, const struct insn *in, unsigned k)
{
	unsigned from = (unsigned)(in - g->in), r = g->held[k].reg, i = from + 1;

	if (!k && gen_t0_holds(g))
		return 3; /* an address in this span comes soon */
	if (!holds(g, k))
		return TR_INSNS + 1;
	if (uses(in, r))
		return 0;
	while (i < g->n && !((g->fx[i].gpr_read | g->fx[i].gpr_written) >> r & 1))
		i++;
	return i - from;
}

unsigned held_choose(const struct gen *g, const struct insn *in, const struct held_use *u,
		     unsigned r)
{
	unsigned best = 2;

	for (unsigned k = 0; k < 2; k++)
		if (u->reg[k] == r)
			return k;
	for (unsigned k = 0; k < 2; k++) {
		if (!u->spare[k] || u->reg[k] != REG_NONE)
			continue;
		if (where(g, r) == k)
			return k;
		if (best == 2 || idle(g, in, k) > idle(g, in, best))
			best = k;
	}
	return best;
}

/* ---- stores ---- */

static void store(struct gen *g, unsigned k)
{
	if (g->held[k].later)
		emit_rm(&g->e, STORE, true, host[k], tr_field(TR_REG(g->held[k].reg)));
	g->held[k].later = false;
}

static void settle(struct gen *g, unsigned from, unsigned to)
{
	bool t0 = gen_t0_holds(g), has[2] = {holds(g, 0), holds(g, 1)};

	for (unsigned k = from; k < to; k++)
		if (has[k])
			store(g, k);
	for (unsigned k = 0; k < 2; k++)
		if (has[k])
			g->held[k].at = g->e.p;
	gen_t0_held(g, t0);
}

bool held_owed(const struct gen *g)
{
	return g->held[0].later || g->held[1].later;
}

bool held_all(const struct gen *g)
{
	return (holds(g, 0) || !g->held[0].later) && (holds(g, 1) || !g->held[1].later);
}

void held_settle(struct gen *g)
{
	settle(g, 0, 2);
}

void held_settle_one(struct gen *g, unsigned k)
{
	settle(g, k, k + 1);
}

/* ---- around an instruction ---- */

void held_look(const struct gen *g, struct held_use *u)
{
	for (unsigned k = 0; k < 2; k++)
		u->has[k] = holds(g, k);
}

static bool reads(const struct gen *g, unsigned r)
{
	return g->fx[g->i].gpr_read >> r & 1;
}

static bool writes(const struct gen *g, unsigned r)
{
	return g->fx[g->i].gpr_written >> r & 1;
}

void held_new(struct gen *g, struct held_use *u, unsigned k)
{
	if (u->has[k] && g->held[k].reg == u->reg[k])
		return;
	g->held[k] = (struct gen_held){.reg = u->reg[k]};
	u->has[k] = true;
}

void held_forget(struct gen *g)
{
	g->held[0].at = g->held[1].at = NULL;
}

void held_behind(struct gen *g, const uint8_t *from)
{
	for (unsigned k = 0; k < 2; k++)
		if (g->held[k].at == from)
			g->held[k].at = g->e.p;
}

void held_load(struct gen *g, struct held_use *u)
{
	for (unsigned k = 0; k < 2; k++) {
		unsigned r = g->held[k].reg;

		/* It goes away, or is wanted elsewhere. */
		if (u->has[k] && u->reg[k] != r &&
		    (u->reg[k] != REG_NONE || reads(g, r) || writes(g, r)))
			store(g, k);
	}
	for (unsigned k = 0; k < 2; k++) {
		unsigned r = u->reg[k];

		if (r == REG_NONE || (u->has[k] && g->held[k].reg == r))
			continue;
		if (reads(g, r))
			emit_rm(&g->e, LOAD, true, host[k], tr_field(TR_REG(r)));
		held_new(g, u, k);
	}
}

/* Before anything needs it in struct cpu? */
static bool overwritten(const struct gen *g, unsigned r)
{
	unsigned i = g->i + 1;

	while (i < g->n && g->holds[i] && !(g->fx[i].gpr_written >> r & 1))
		i++;
	return i < g->n && g->holds[i];
}

void held_keep(struct gen *g, struct held_use *u, bool later)
{
	for (unsigned k = 0; k < 2; k++) {
		struct gen_held *h = &g->held[k];

		if (!u->has[k] || !writes(g, h->reg))
			continue;
		if (u->reg[k] != h->reg) { /* it was written elsewhere */
			u->has[k] = false;
			continue;
		}
		h->later = true;
		if (!later || !overwritten(g, h->reg))
			store(g, k);
	}
	for (unsigned k = 0; k < 2; k++)
		g->held[k].at = u->has[k] ? g->e.p : NULL;
}
