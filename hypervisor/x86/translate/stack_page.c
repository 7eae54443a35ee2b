/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/stack_page.c: in 64-bit mode the page that RSP pointed
 * into last is kept apart, so that a stack's accesses look nothing up: two
 * instructions less, and half the bytes, of the commonest of all checks.
 *
 * What does not fit goes to a stub, which takes another page from the TLB, or knows it is there and
 * the access goes over its end. So frames on both sides of a page's end cost more than they would
 * without: what guesses the branch has no pattern to go by.
 *
 * Tests: tests/x86/stack_page.c
 */
#include "hypervisor/x86/translate/gen.h"

#define FIELD(set, field)                                                          \
	tr_field(TR_NEAR(stack) + (int32_t)((set) * sizeof(struct tr_stack_page) + \
					    offsetof(struct tr_stack_page, field)))

/* The stubs are called with RSP so far below struct cpu, to be out of struct tr_near's way. */
enum { ROOM = 256, INSIDE = ROOM + 8 };

static struct emit_mem tag_of(unsigned set, unsigned write)
{
	struct emit_mem m = FIELD(set, tag);

	m.disp += 8 * (int32_t)write;
	return m;
}

bool stack_page_serves(const struct gen *g, const struct insn *in)
{
	return gen_wide(g) && in->base == R_SP && in->index == REG_NONE && in->addrsize == 8;
}

void stack_page_look(struct gen *g, int32_t disp, unsigned size, bool write)
{
	emit_lea(&g->e, true, H_T1, H_SP, REG_NONE, 0, disp);
	emit_rm(&g->e, 0x2b, true, H_T1, tag_of(g->key->set, write)); /* sub */
	emit_compare(&g->e, true, H_T1, PAGE - size);
}

void stack_page_addend(struct gen *g)
{
	emit_rm(&g->e, 0x8b, true, H_T0, FIELD(g->key->set, addend));
}

/* Returns are foretold where jumps by a register would not be. */
void stack_page_miss(struct gen *g, const uint8_t *retry, bool write, uint8_t redo)
{
	emit_rm(&g->e, 0x03, true, H_T1, tag_of(g->key->set, write)); /* add */
	flags_redo(g, redo);
	emit_lea(&g->e, true, H_CPU, H_CPU, REG_NONE, 0, -ROOM);
	emit_jump(&g->e, 0xe8, g->tr->stack_page[g->key->set][write], false);
	emit_lea(&g->e, true, H_CPU, H_CPU, REG_NONE, 0, ROOM);
	emit_jump(&g->e, 0x84, retry, false);
}

void stack_page_forget(struct cpu *c)
{
	for (unsigned set = 0; set < TLB_SETS; set++)
		tr_near(c)->stack[set] = (struct tr_stack_page){{TR_NO_PAGE, TR_NO_PAGE}, 0};
}

/* ---- the stubs ---- */

/* m, as it is seen in there. */
static struct emit_mem inside(struct emit_mem m)
{
	m.disp += INSIDE;
	return m;
}

static struct emit_mem entry(unsigned set, size_t field)
{
	int32_t at = TR_OWN(tlb) + (int32_t)(set * sizeof(((struct tr_cpu *)0)->tlb[0]) + field);

	return inside((struct emit_mem){H_CPU, R_AX, at});
}

/* rax: the entry of the linear address in t1. */
static void index_of(struct emit *e)
{
	emit_rr(e, 0x8b, false, R_AX, H_T1);
	EMIT(e, "\xc1\xe8"); /* shr eax */
	emit_1(e, 12 - TR_TLB_SHIFT);
	emit_1(e, 0x25); /* and eax */
	emit_4(e, (TR_TLB - 1) << TR_TLB_SHIFT);
}

/* t0: its tag of that kind, which fits. The other one may be another page's. */
static void take(struct emit *e, unsigned set, unsigned write)
{
	const size_t tag = offsetof(struct tr_tlb, tag);
	uint8_t *both;

	emit_rm(e, 0x89, true, H_T0, inside(tag_of(set, write)));
	emit_rm(e, 0x3b, true, H_T0, entry(set, tag + 8 * !write));
	both = emit_jump(e, 0x84, emit_here(e), false);
	emit_imm(e, H_T0, TR_NO_PAGE);
	emit_aim(e, both, emit_here(e));
	emit_rm(e, 0x89, true, H_T0, inside(tag_of(set, !write)));
	emit_rm(e, 0x8b, true, R_AX, entry(set, offsetof(struct tr_tlb, addend)));
	emit_rm(e, 0x89, true, R_AX, inside(FIELD(set, addend)));
}

static void make(struct emit *e, unsigned set, unsigned write)
{
	const struct emit_mem kept = inside(tr_field(TR_OWN(rax)));
	uint8_t *same, *none;

	emit_rm(e, 0x89, true, R_AX, kept);
	index_of(e);
	emit_rm(e, 0x8b, true, H_T0, entry(set, offsetof(struct tr_tlb, tag) + 8 * write));
	emit_rm(e, 0x3b, true, H_T0, inside(tag_of(set, write)));
	same = emit_jump(e, 0x84, emit_here(e), false);
	emit_rr(e, 0x2b, true, H_T1, H_T0);
	emit_compare(e, true, H_T1, PAGE - 1);
	none = emit_jump(e, 0x87, emit_here(e), false);
	take(e, set, write);
	emit_rm(e, 0x8b, true, R_AX, kept);
	EMIT(e, "\x45\x31\xed\xc3"); /* xor r13d, r13d; ret */
	emit_aim(e, none, emit_here(e));
	emit_rr(e, 0x03, true, H_T1, H_T0);
	emit_aim(e, same, emit_here(e));
	emit_rm(e, 0x8b, true, R_AX, kept);
	EMIT(e, "\x41\x83\xcd\x01\xc3"); /* or r13d, 1; ret */
}

/* t1: the linear address, which is left as it is if this is not to be had; ZF: it is the page
 * now. t0 is lost. */
void stack_page_make(struct tr *tr, struct emit *e)
{
	for (unsigned set = 0; set < TLB_SETS; set++)
		for (unsigned write = 0; write < 2; write++) {
			tr->stack_page[set][write] = emit_here(e);
			make(e, set, write);
		}
}
