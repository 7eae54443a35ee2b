/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/frame.c: stacks that far transfers and events push frames to and pop them from,
 * and those that the TSS has for inner rings.
 *
 * Spec: Intel SDM volume 3, 5.8.5, 6.12.1, 6.14; volume 2, CALL.
 * Tests: tests/x86/exception.c, tests/x86/segment.c
 */
#include "hypervisor/x86/desc.h"

#include "hypervisor/x86/mmu.h"

static uint64_t mask_of(const struct segment *ss)
{
	return ss->attr & SEG_DB ? 0xffffffff : 0xffff;
}

void stack_now(const struct cpu *c, struct stack *s)
{
	stack_as(c, s, c->mode == MODE_64);
}

void stack_as(const struct cpu *c, struct stack *s, bool flat)
{
	s->ss = c->seg[SEG_SS];
	s->flat = flat;
	s->mask = s->flat ? ~0ull : mask_of(&s->ss);
	s->sp = c->r[R_SP];
	s->error = 0;
	s->user = c->cpl == 3;
}

static bool in_segment(const struct stack *s, uint64_t off, unsigned size)
{
	uint64_t last = off + size - 1;

	if ((s->ss.attr & (SEG_S | 0xc)) == (SEG_S | 4))
		return off > s->ss.limit && last <= mask_of(&s->ss);
	return last <= s->ss.limit;
}

static uint64_t stack_linear(struct cpu *c, const struct stack *s, uint64_t off, unsigned size)
{
	off &= s->mask;
	if (s->flat ? !lin_canonical(off) || !lin_canonical(off + size - 1)
		    : !in_segment(s, off, size))
		sel_fault(c, EXC_SS, s->error);
	return s->flat ? off : (uint32_t)(s->ss.base + off);
}

void stack_push(struct cpu *c, struct stack *s, unsigned size, uint64_t val)
{
	uint64_t lin = stack_linear(c, s, s->sp - size, size);

	lin_write(c, lin, size, val, s->user);
	stack_drop(s, -(uint64_t)size);
}

uint64_t stack_peek(struct cpu *c, struct stack *s, unsigned at, unsigned size)
{
	return lin_read(c, stack_linear(c, s, s->sp + at, size), size, s->user);
}

uint64_t stack_pop(struct cpu *c, struct stack *s, unsigned size)
{
	uint64_t val = stack_peek(c, s, 0, size);

	stack_drop(s, size);
	return val;
}

void stack_drop(struct stack *s, uint64_t bytes)
{
	s->sp = (s->sp & ~s->mask) | ((s->sp + bytes) & s->mask);
}

void stack_commit(struct cpu *c, const struct stack *s)
{
	c->r[R_SP] = s->sp;
}

/* ---- inner rings ---- */

static uint64_t tss_field(struct cpu *c, unsigned at, unsigned size)
{
	return lin_read(c, c->long_mode ? c->tr.base + at : (uint32_t)(c->tr.base + at), size,
			false);
}

static void inner_long(struct cpu *c, struct stack *s, unsigned cpl)
{
	unsigned at = 4 + 8 * cpl;

	if (at + 7 > c->tr.limit)
		sel_fault(c, EXC_TS, c->tr.sel);
	s->sp = tss_field(c, at, 8);
	s->mask = ~0ull;
	s->flat = true;
	s->ss = (struct segment){.sel = (uint16_t)cpl, .attr = (uint16_t)(cpl << SEG_DPL_SHIFT)};
}

static void inner_legacy(struct cpu *c, struct stack *s, unsigned cpl, struct desc *d)
{
	unsigned word = c->tr.attr & 8 ? 4 : 2, at = word + 2 * word * cpl;
	uint16_t sel;

	if (at + word + 1 > c->tr.limit)
		sel_fault(c, EXC_TS, c->tr.sel);
	s->sp = tss_field(c, at, word);
	sel = (uint16_t)tss_field(c, at + word, 2);
	ss_check(c, sel, d, cpl, EXC_TS);
	desc_to_segment(&s->ss, sel, d);
	s->mask = mask_of(&s->ss);
	s->flat = false;
	s->error = sel;
}

void stack_inner(struct cpu *c, struct stack *s, unsigned cpl, struct desc *d)
{
	s->user = false;
	s->error = 0;
	if (c->long_mode)
		inner_long(c, s, cpl);
	else
		inner_legacy(c, s, cpl, d);
}

void desc_accessed(struct cpu *c, struct desc *cs, struct desc *ss)
{
	desc_mark(c, cs, TYPE_ACCESSED, 0);
	if (ss)
		desc_mark(c, ss, TYPE_ACCESSED, 0);
}

void stack_enter(struct cpu *c, struct stack *s, struct desc *d)
{
	if (s->flat)
		c->seg[SEG_SS] = s->ss;
	else
		ss_enter(c, s->ss.sel, d);
	stack_commit(c, s);
}
