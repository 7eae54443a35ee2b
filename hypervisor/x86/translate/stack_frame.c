/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/stack_frame.c: where code works on R13 to R15 and on its stack
 * frame at once, t0 and t1 are wanted for both. There the host's register for RSP has
 * where the frame is in host memory for a while: [RSP + number] is then an operand as
 * it stands, and RSP itself is in struct cpu. Only over instructions that cannot go
 * out or fault, that look at RSP for nothing else, and whose accesses were all seen
 * to lie in one page (span.c).
 *
 * Tests: tests/x86/stack_frame.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

enum { LEAST_ACCESSES = 3, LEAST_UPPER = 6 };

static bool upper(unsigned r)
{
	return r != REG_NONE && gen_reg(r) == REG_NONE;
}

/* What a frame has so far, from instruction `from`. */
struct frame {
	unsigned from, accesses, uppers;
	uint8_t span;
};

static bool touches_stack(const struct gen *g, unsigned i)
{
	return (g->fx[i].gpr_read | g->fx[i].gpr_written) >> R_SP & 1;
}

/* Is RSP the base of its access, and nothing more? */
static bool only_base(const struct gen *g, unsigned i)
{
	const struct insn *in = &g->in[i];

	for (unsigned k = 0; k < 4; k++)
		if (in->gpr[k] == R_SP)
			return false;
	return in->base == R_SP && g->span[i] != NO_SPAN;
}

static bool goes_on(const struct gen *g, struct frame *f, unsigned i)
{
	if (!g->holds[i])
		return false;
	for (unsigned k = 0; k < 4; k++)
		f->uppers += upper(g->in[i].gpr[k]);
	if (!touches_stack(g, i))
		return true;
	if (!only_base(g, i) || (f->accesses && g->span[i] != f->span))
		return false;
	f->span = g->span[i];
	f->accesses++;
	return true;
}

void stack_frame_find(struct gen *g)
{
	struct frame f = {0};
	uint8_t id = 0;

	for (unsigned i = 0; i <= g->n; i++) {
		if (i < g->n && goes_on(g, &f, i))
			continue;
		if (f.accesses >= LEAST_ACCESSES && f.uppers >= LEAST_UPPER)
			memset(g->frame + f.from, ++id, i - f.from);
		f = (struct frame){.from = i + 1};
	}
}

/* ---- making ---- */

static uint8_t span_in(const struct gen *g)
{
	unsigned i = g->i;

	while (g->span[i] == NO_SPAN || !touches_stack(g, i))
		i++;
	return g->span[i];
}

static void begin(struct gen *g)
{
	uint8_t span = span_in(g);

	held_settle(g);
	if (!gen_t0_holds(g) || g->t0_span != span)
		emit_rm(&g->e, 0x8b, true, H_T0, gen_span_field(&g->spans[span]));
	emit_rm(&g->e, 0x89, true, H_SP, tr_field(TR_REG(R_SP)));
	emit_lea(&g->e, true, H_SP, H_SP, H_T0, 0, 0);
	g->t0_span = span;
	gen_t0_held(g, true);
}

/* t0 and t1 stay as they are. */
static void end(struct gen *g)
{
	const uint8_t *from = g->e.p;
	bool t0 = gen_t0_holds(g);

	emit_rm(&g->e, 0x8b, true, H_SP, tr_field(TR_REG(R_SP)));
	held_behind(g, from);
	gen_t0_held(g, t0);
}

void stack_frame_step(struct gen *g)
{
	uint8_t next = g->frame[g->i];

	if (next == g->frame_now)
		return;
	stack_settle(g);
	if (g->frame_now)
		end(g);
	g->frame_now = next;
	if (next)
		begin(g);
}

bool stack_frame_serves(const struct gen *g, unsigned i)
{
	return g->frame[i] && g->in[i].base == R_SP;
}
