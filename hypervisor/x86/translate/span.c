/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/span.c: which accesses of a block lie so near to each
 * other that one look at the TLB serves them all: those at the same registers'
 * values plus numbers, as in a stack frame or a structure. The first of them looks
 * whether all of the span lies in one page; the others take what it found
 * from tr_near.span. They change no flags and cannot fault.
 *
 * When the page is not there, or has an end in the span, the block goes on as one that was made
 * without spans. A look is good while the vCPU is in the block: what it goes out for in between may
 * change that, and says so (tr_cpu.lost).
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

enum {
	LONGEST = 512, /* a longer span would have a page's end in it too often */
	FAR = 1 << 30,
	CONSTANT = 1, /* a value: 0 */
	FIRST_VALUE
};

/* What a register holds: a value that nobody knows, plus a number. */
struct known {
	uint16_t value;
	int64_t plus;
};
struct values {
	struct known r[16];
	uint16_t last;
};

static void unknown(struct values *v, unsigned r)
{
	v->r[r] = (struct known){++v->last, 0};
}

static void begin(struct values *v)
{
	v->last = FIRST_VALUE;
	for (unsigned r = 0; r < 16; r++)
		unknown(v, r);
}

static void put(struct values *v, unsigned r, struct known k)
{
	if (k.plus > FAR || k.plus < -FAR)
		unknown(v, r);
	else
		v->r[r] = k;
}

static void move(struct values *v, unsigned r, unsigned from, int64_t plus)
{
	put(v, r, (struct known){v->r[from].value, v->r[from].plus + plus});
}

/* ---- what an instruction does to registers ---- */

/* A whole register by an immediate. */
static bool adds(const struct gen *g, const struct insn *in, int64_t *by)
{
	bool imm = gen_number(in, 1);

	if (in->gpr[0] == REG_NONE || in->size[0] != gen_width(g))
		return false;
	if (in->op->run == op_inc || in->op->run == op_dec)
		*by = in->op->run == op_inc ? 1 : -1;
	else if (imm && (in->op->run == op_add || in->op->run == op_sub))
		*by = (int64_t)sign_extend(in->imm, in->imm_size) *
		      (in->op->run == op_add ? 1 : -1);
	else
		return false;
	return true;
}

static bool copies(const struct gen *g, const struct insn *in)
{
	return in->op->run == op_mov && in->gpr[0] != REG_NONE && in->gpr[1] != REG_NONE &&
	       in->size[0] == gen_width(g);
}

static bool leas(const struct gen *g, const struct insn *in)
{
	return in->op->run == op_lea && in->base < 16 && in->index == REG_NONE &&
	       in->opsize == gen_width(g) && in->addrsize == gen_width(g);
}

static bool moves_stack(const struct insn *in, int *by)
{
	if (in->op->run == op_push || in->op->run == op_pushf)
		*by = -(int)in->opsize;
	else if (in->op->run == op_pop || in->op->run == op_popf)
		*by = in->opsize;
	else
		return false;
	return true;
}

static void step(const struct gen *g, struct values *v, unsigned i)
{
	const struct insn *in = &g->in[i];
	unsigned written = g->fx[i].gpr_written;
	bool full_stack = segment_stack_size(g) == gen_width(g); /* else a part of rSP moves */
	int64_t by;
	int sp;

	if (adds(g, in, &by)) {
		move(v, in->gpr[0], in->gpr[0], by);
	} else if (copies(g, in)) {
		move(v, in->gpr[0], in->gpr[1], 0);
	} else if (leas(g, in)) {
		move(v, in->reg, in->base, in->disp);
	} else if (in->op->run == op_leave && in->opsize == gen_width(g) && full_stack) {
		move(v, R_SP, R_BP, in->opsize);
		unknown(v, R_BP);
	} else {
		if (full_stack && moves_stack(in, &sp)) {
			move(v, R_SP, R_SP, sp);
			written &= ~(1u << R_SP);
			if (in->op->run == op_pop && in->gpr[0] == R_SP)
				written |= 1u << R_SP;
		}
		for (unsigned r = 0; r < 16; r++)
			if (written >> r & 1)
				unknown(v, r);
	}
}

/* ---- accesses ---- */

static bool find_access(const struct gen *g, unsigned i, struct gen_access *a)
{
	static access_fn *const by_kind[KINDS] = {[KIND_ENDS] = ends_access,
						  [KIND_STACK] = stack_access,
						  [KIND_PLAIN] = plain_access};
	access_fn *fn = by_kind[g->kind[i]];

	return fn && fn(g, i, a);
}

static struct gen_place constant_place(const struct gen *g, unsigned i, const struct gen_access *a)
{
	uint64_t at = (uint64_t)a->disp;

	if (a->base == REG_RIP)
		at += gen_rip(g, i) + g->in[i].len;
	return (struct gen_place){.base = CONSTANT, .at = (int64_t)reg_part(at, gen_width(g))};
}

static struct gen_place place_of(const struct gen *g, const struct values *v, unsigned i,
				 const struct gen_access *a)
{
	struct gen_place p = {.at = a->disp};

	if (a->base == REG_RIP || (a->base == REG_NONE && a->index == REG_NONE))
		return constant_place(g, i, a);
	if (a->base != REG_NONE) {
		p.base = v->r[a->base].value;
		p.at += v->r[a->base].plus;
	}
	if (a->index != REG_NONE) {
		p.index = v->r[a->index].value;
		p.scale = a->scale;
		p.at += v->r[a->index].plus * (1 << a->scale);
	}
	return p;
}

static bool near_to(const struct gen_span *s, const struct gen_place *p, int64_t end)
{
	int64_t lo = p->at < s->place.at ? p->at : s->place.at;
	int64_t hi = end > s->end ? end : s->end;

	if (s->place.base != p->base || s->place.index != p->index || s->place.scale != p->scale)
		return false;
	if (p->base == CONSTANT)
		return ((uint64_t)lo ^ (uint64_t)(hi - 1)) < PAGE;
	return hi - lo <= LONGEST;
}

static void widen(struct gen_span *s, int64_t at, int64_t end, bool write, unsigned i)
{
	if (at < s->place.at)
		s->place.at = at;
	if (end > s->end)
		s->end = end;
	s->write |= write;
	s->last = (uint8_t)i;
	s->n++;
}

static void add(struct gen *g, unsigned i, const struct gen_place *p, const struct gen_access *a)
{
	int64_t end = p->at + a->size;
	unsigned k = 0;

	while (k < g->n_spans && !near_to(&g->spans[k], p, end))
		k++;
	if (k == GEN_SPANS)
		return;
	if (k == g->n_spans)
		g->spans[g->n_spans++] =
			(struct gen_span){*p, end, false, 0, (uint8_t)i, 0, NO_SPAN};
	widen(&g->spans[k], p->at, end, a->write, i);
	g->span[i] = (uint8_t)k;
	g->span_at[i] = p->at;
}

/* One access alone is no span. */
static void choose(struct gen *g)
{
	unsigned slots = 0;

	for (unsigned k = 0; k < g->n_spans; k++)
		if (g->spans[k].n > 1 && slots < TR_SPANS)
			g->spans[k].slot = (uint8_t)slots++;
	for (unsigned i = 0; i < g->n; i++)
		if (g->span[i] != NO_SPAN && g->spans[g->span[i]].slot == NO_SPAN)
			g->span[i] = NO_SPAN;
}

void spans_find(struct gen *g)
{
	struct values v;
	struct gen_access a;

	begin(&v);
	g->n_spans = 0;
	for (unsigned i = 0; i < g->n; i++) {
		g->span[i] = NO_SPAN;
		if (!g->plain && find_access(g, i, &a) && a.disp < FAR && a.disp > -FAR) {
			struct gen_place p = place_of(g, &v, i, &a);

			add(g, i, &p, &a);
		}
		step(g, &v, i);
	}
	choose(g);
}

bool spans_checked(const struct gen *g, unsigned i)
{
	return g->span[i] != NO_SPAN && g->spans[g->span[i]].first != i;
}

bool spans_open(const struct gen *g, unsigned i)
{
	for (unsigned k = 0; k < g->n_spans; k++)
		if (g->spans[k].slot != NO_SPAN && g->spans[k].first <= i && g->spans[k].last > i)
			return true;
	return false;
}
