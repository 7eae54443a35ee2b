/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/exception.c: exceptions and interrupts: raised, combined, delivered through the
 * IVT of real mode, the IDT of protected and of long mode, and VM86's redirection.
 *
 * Spec: Intel SDM volume 3, chapter 6 (tables 6-4, 6-5), 17.3.1 (RF), 20.2-20.3.
 * State: gates of 16 and 32 bits and of long mode, task gates, IST, VME.
 * Missing: machine checks, shadow stacks.
 * Tests: tests/x86/exception.c
 */
#include "hypervisor/x86/desc.h"

#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/trace.h"

enum { ERR_IDT = 2, DR6_BT = 1 << 15 };
#define FL_EVENT (FL_TF | FL_NT | FL_RF | FL_VM) /* cleared by every gate */

/* ---- raised by instructions ---- */

static _Noreturn void raise_now(struct cpu *c, unsigned vector, enum exc_kind kind)
{
	c->exc.vector = (uint8_t)vector;
	c->exc.kind = (uint8_t)kind;
	siglongjmp(*c->fault, UNWIND_FAULT);
}

void cpu_raise(struct cpu *c, unsigned vector)
{
	c->exc.has_error = false;
	c->exc.error = 0;
	raise_now(c, vector, EXC_FAULT);
}

void cpu_raise_error(struct cpu *c, unsigned vector, uint32_t error)
{
	c->exc.has_error = true;
	c->exc.error = vector >= EXC_TS && vector <= EXC_GP ? error | c->ext : error;
	raise_now(c, vector, EXC_FAULT);
}

void cpu_raise_soft(struct cpu *c, unsigned vector, enum exc_kind kind)
{
	c->exc.has_error = false;
	raise_now(c, vector, kind);
}

static bool is_soft(const struct cpu *c)
{
	return c->exc.kind == EXC_INT || c->exc.kind == EXC_INT3;
}

/* What the handler returns to. */
static uint64_t return_rip(const struct cpu *c)
{
	return is_soft(c) || c->exc.kind == EXC_ICEBP ? c->next_rip : c->rip;
}

/* RFLAGS as pushed: RF for faults, except that of an instruction breakpoint. */
static uint64_t flags_image(const struct cpu *c)
{
	bool rf = c->exc.kind == EXC_FAULT && c->exc.vector != EXC_DB;

	return c->flags | (rf ? FL_RF : 0);
}

static _Noreturn void idt_fault(struct cpu *c, unsigned vector)
{
	cpu_raise_error(c, vector, c->exc.vector * 8u | ERR_IDT);
}

/* ---- real mode ---- */

static void push_ivt(struct cpu *c, uint64_t flags)
{
	struct stack s;

	stack_now(c, &s);
	stack_push(c, &s, 2, flags);
	stack_push(c, &s, 2, c->seg[SEG_CS].sel);
	stack_push(c, &s, 2, return_rip(c));
	stack_commit(c, &s);
}

static void deliver_real(struct cpu *c)
{
	uint64_t at = (uint32_t)(c->idtr.base + 4 * c->exc.vector);
	uint16_t ip, cs;

	if (4u * c->exc.vector + 3 > c->idtr.limit)
		idt_fault(c, EXC_GP);
	ip = (uint16_t)lin_read(c, at, 2, false);
	cs = (uint16_t)lin_read(c, at + 2, 2, false);
	push_ivt(c, c->flags);
	c->flags &= ~(uint64_t)(FL_IF | FL_TF | FL_AC | FL_RF);
	seg_set_real(&c->seg[SEG_CS], cs);
	c->seg[SEG_CS].attr &= (uint16_t)~SEG_DB;
	cpu_set_cs_mode(c);
	c->next_rip = ip;
}

/* ---- virtual-8086 mode: does INT n stay in the task? (SDM table 20-2) ---- */

static bool redirected(struct cpu *c)
{
	uint32_t base, at;

	if (c->tr.limit < 103 || !(c->tr.attr & 8))
		sel_fault(c, EXC_GP, 0);
	base = (uint32_t)lin_read(c, (uint32_t)(c->tr.base + 102), 2, false);
	at = base - 32 + c->exc.vector / 8;
	if (base < 32 || at > c->tr.limit)
		sel_fault(c, EXC_GP, 0);
	return lin_read(c, (uint32_t)(c->tr.base + at), 1, false) >> c->exc.vector % 8 & 1;
}

static void deliver_vm86(struct cpu *c)
{
	uint64_t flags = c->flags, ivt = 4u * c->exc.vector;
	uint16_t ip = (uint16_t)lin_read(c, ivt, 2, true),
		 cs = (uint16_t)lin_read(c, ivt + 2, 2, true);

	if (cpu_iopl(c) < 3) {
		flags = (flags & ~(uint64_t)FL_IF) | FL_IOPL | (flags & FL_VIF ? FL_IF : 0);
		push_ivt(c, flags);
		c->flags &= ~(uint64_t)(FL_VIF | FL_TF);
	} else {
		push_ivt(c, flags);
		c->flags &= ~(uint64_t)(FL_IF | FL_TF);
	}
	c->flags &= ~(uint64_t)FL_RF;
	seg_set_vm86(&c->seg[SEG_CS], cs);
	c->next_rip = ip;
}

/* True: done there. */
static bool try_vm86(struct cpu *c)
{
	if (!cpu_is_vm86(c) || c->exc.kind != EXC_INT)
		return false;
	if (c->cr4 & CR4_VME && !redirected(c)) {
		deliver_vm86(c);
		return true;
	}
	cpu_gp0(c, cpu_iopl(c) == 3);
	return false;
}

/* ---- protected mode ---- */

static void gate_get(struct cpu *c, struct desc *g)
{
	unsigned size = c->long_mode ? 16 : 8;

	if (size * c->exc.vector + size - 1 > c->idtr.limit)
		idt_fault(c, EXC_GP);
	g->at = c->idtr.base + size * c->exc.vector;
	g->lo = (uint32_t)lin_read(c, g->at, 4, false);
	g->hi = (uint32_t)lin_read(c, g->at + 4, 4, false);
	g->high = c->long_mode ? (uint32_t)lin_read(c, g->at + 8, 4, false) : 0;
}

static void gate_check(struct cpu *c, const struct desc *g)
{
	uint16_t types = 1 << SYS_INT | 1 << SYS_TRAP;

	if (!c->long_mode)
		types |= 1 << SYS_INT16 | 1 << SYS_TRAP16 | 1 << SYS_TASK_GATE;
	if (desc_is_seg(g) || !(types >> desc_type(g) & 1))
		idt_fault(c, EXC_GP);
	if (is_soft(c) && desc_dpl(g) < c->cpl)
		idt_fault(c, EXC_GP);
	if (!desc_present(g))
		idt_fault(c, EXC_NP);
}

/* The handler's CPL. */
static unsigned handler_check(struct cpu *c, const struct desc *g, struct desc *cs)
{
	uint16_t sel = gate_sel(g);
	unsigned cpl;

	if (!(sel & 0xfffc))
		sel_fault(c, EXC_GP, 0);
	desc_get(c, sel, cs, EXC_GP);
	if (!desc_is_code(cs) || desc_dpl(cs) > c->cpl)
		sel_fault(c, EXC_GP, sel);
	if (c->long_mode && (!desc_is_long(cs) || cs->hi >> 22 & 1))
		sel_fault(c, EXC_GP, sel);
	if (!desc_present(cs))
		sel_fault(c, EXC_NP, sel);
	cpl = desc_conforms(cs) ? c->cpl : desc_dpl(cs);
	if (cpu_is_vm86(c) && cpl != 0)
		sel_fault(c, EXC_GP, sel);
	return cpl;
}

static uint64_t ist_stack(struct cpu *c, unsigned ist)
{
	unsigned at = 28 + 8 * ist;

	if (at + 7 > c->tr.limit)
		sel_fault(c, EXC_TS, c->tr.sel);
	return lin_read(c, c->tr.base + at, 8, false);
}

/* SDM 6.14.2, 6.14.5: where to push, and which SS that will be. */
static void handler_stack(struct cpu *c, struct stack *s, const struct desc *g, unsigned cpl,
			  struct desc *ss)
{
	unsigned ist = c->long_mode ? g->hi & 7 : 0;

	stack_now(c, s);
	if (!c->long_mode) {
		if (cpl < c->cpl)
			stack_inner(c, s, cpl, ss);
		return;
	}
	if (cpl < c->cpl && !ist)
		stack_inner(c, s, cpl, ss);
	else if (cpl < c->cpl)
		s->ss = (struct segment){.sel = (uint16_t)cpl,
					 .attr = (uint16_t)(cpl << SEG_DPL_SHIFT)};
	if (ist)
		s->sp = ist_stack(c, ist);
	s->user = cpl == 3;
	s->flat = true;
	s->mask = ~0ull;
	s->sp &= ~15ull;
}

static void push_frame(struct cpu *c, struct stack *s, unsigned size, bool with_stack)
{
	static const uint8_t data[] = {SEG_GS, SEG_FS, SEG_DS, SEG_ES};

	for (unsigned i = 0; cpu_is_vm86(c) && i < sizeof(data); i++)
		stack_push(c, s, size, c->seg[data[i]].sel);
	if (with_stack) {
		stack_push(c, s, size, c->seg[SEG_SS].sel);
		stack_push(c, s, size, c->r[R_SP]);
	}
	stack_push(c, s, size, flags_image(c));
	stack_push(c, s, size, c->seg[SEG_CS].sel);
	stack_push(c, s, size, return_rip(c));
	if (c->exc.has_error)
		stack_push(c, s, size, c->exc.error);
}

static void enter_handler(struct cpu *c, const struct desc *g, struct desc *cs, unsigned cpl)
{
	static const uint8_t data[] = {SEG_GS, SEG_FS, SEG_DS, SEG_ES};
	bool inner = cpl < c->cpl;
	struct desc ss;
	struct stack s;

	handler_stack(c, &s, g, cpl, &ss);
	cs_check_rip(c, cs, gate_off(g));
	push_frame(c, &s, c->long_mode ? 8 : desc_type(g) & 8 ? 4 : 2, c->long_mode || inner);
	desc_accessed(c, cs, inner && !s.flat ? &ss : NULL);
	for (unsigned i = 0; cpu_is_vm86(c) && i < sizeof(data); i++)
		seg_set_null(c, data[i], 0);
	if (inner)
		stack_enter(c, &s, &ss);
	else
		stack_commit(c, &s);
	cs_enter(c, gate_sel(g), cs, cpl);
	c->flags &= ~(uint64_t)FL_EVENT;
	if (!(desc_type(g) & 1))
		c->flags &= ~(uint64_t)FL_IF;
	c->next_rip = gate_off(g);
}

static void deliver_idt(struct cpu *c)
{
	struct desc g, cs;

	gate_get(c, &g);
	gate_check(c, &g);
	if (desc_type(&g) == SYS_TASK_GATE) {
		c->next_rip = return_rip(c);
		task_event(c, gate_sel(&g), flags_image(c));
		return;
	}
	/* Gates of 16 bits have no upper half of the offset. */
	if (!(desc_type(&g) & 8))
		g.hi &= 0xffff;
	enter_handler(c, &g, &cs, handler_check(c, &g, &cs));
}

/* ---- combining ---- */

static void deliver_one(struct cpu *c)
{
	if (c->exc.vector == EXC_PF && c->exc.kind == EXC_FAULT)
		c->cr2 = c->exc.cr2;
	if (c->exc.vector == EXC_DB)
		c->dr[7] &= ~(1ull << 13); /* GD */
	if (cpu_is_real(c))
		deliver_real(c);
	else if (!try_vm86(c))
		deliver_idt(c);
	c->rip = c->next_rip;
}

static int attempt(struct cpu *c)
{
	sigjmp_buf here, *outer = c->fault;
	int how;

	c->fault = &here;
	how = sigsetjmp(here, 0);
	if (!how)
		deliver_one(c);
	c->fault = outer;
	return how;
}

enum exc_class { BENIGN, CONTRIBUTORY, PAGE_FAULT };

static enum exc_class class_of(unsigned vector, unsigned kind)
{
	if (kind != EXC_FAULT)
		return BENIGN;
	if (vector == EXC_PF)
		return PAGE_FAULT;
	return vector == EXC_DE || (vector >= EXC_TS && vector <= EXC_GP) ? CONTRIBUTORY : BENIGN;
}

/* A fault (c->exc) came while `first` was being delivered: which is next (SDM table 6-5)? False:
 * none, the processor shuts down. */
static bool combine(struct cpu *c, unsigned first, unsigned kind)
{
	enum exc_class a = class_of(first, kind), b = class_of(c->exc.vector, c->exc.kind);

	if (first == EXC_DF && kind == EXC_FAULT)
		return b == BENIGN;
	if ((a == CONTRIBUTORY && b == CONTRIBUTORY) || (a == PAGE_FAULT && b != BENIGN)) {
		c->exc.vector = EXC_DF;
		c->exc.kind = EXC_FAULT;
		c->exc.has_error = true;
		c->exc.error = 0;
	}
	return true;
}

void cpu_deliver(struct cpu *c)
{
	int how;

	c->halted = c->shadow_sti = c->shadow_ss = false;
	/* An instruction that faulted hit no breakpoint; a task switch's T bit stays. */
	if (c->exc.kind == EXC_FAULT)
		c->dr6_pending &= DR6_BT;
	do {
		unsigned vector = c->exc.vector, kind = c->exc.kind;

		if (trace_wants(TRACE_INT))
			trace_event(c);
		c->ext = kind != EXC_INT && kind != EXC_INT3;
		how = attempt(c);
		if (how == UNWIND_FAULT && !combine(c, vector, kind)) {
			c->shutdown = true;
			if (trace_wants(TRACE_INT))
				trace_triple(c);
			break;
		}
	} while (how == UNWIND_FAULT);
	c->ext = 0;
}

/* ---- between instructions ---- */

static void event(struct cpu *c, unsigned vector, enum exc_kind kind)
{
	c->exc.vector = (uint8_t)vector;
	c->exc.kind = (uint8_t)kind;
	c->exc.has_error = false;
	c->next_rip = c->rip;
	cpu_deliver(c);
}

void cpu_interrupt(struct cpu *c, unsigned vector)
{
	event(c, vector, EXC_EXTERN);
}

void cpu_nmi(struct cpu *c)
{
	c->nmi_blocked = true;
	event(c, EXC_NMI, EXC_EXTERN);
}

void cpu_debug_trap(struct cpu *c, uint32_t dr6)
{
	/* B0-B3 are of this #DB alone (SDM 17.2.3). */
	c->dr[6] = (c->dr[6] & ~0xfull) | dr6;
	event(c, EXC_DB, EXC_TRAP);
}
