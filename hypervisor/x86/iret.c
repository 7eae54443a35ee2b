/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/iret.c: IRET in all its forms.
 *
 * Spec: Intel SDM volume 2, IRET; volume 3, 6.8.3 (NMI), 20.2.2, 20.3 (VM86, VME).
 * Tests: tests/x86/exception.c
 */
#include "hypervisor/x86/desc.h"

#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/vendor.h"

#define FL_POP  (FL_STATUS | FL_TF | FL_DF | FL_NT)
#define FL_POP4 (FL_RF | FL_AC | FL_ID)

static void pop3(struct cpu *c, struct stack *s, struct far_return *r, unsigned opsize)
{
	stack_now(c, s);
	r->flags = stack_peek(c, s, 2 * opsize, opsize); /* from the far end, as processors do */
	r->cs = (uint16_t)stack_peek(c, s, opsize, opsize);
	r->rip = stack_peek(c, s, 0, opsize);
	stack_drop(s, 3 * opsize);
}

/* ---- real and virtual-8086 mode ---- */

static void iret_16(struct cpu *c, unsigned opsize, uint64_t mask)
{
	struct far_return r;
	struct stack s;

	pop3(c, &s, &r, opsize);
	cpu_gp0(c, r.rip <= (cpu_is_vm86(c) ? 0xffff : c->seg[SEG_CS].limit));
	if (cpu_is_vm86(c)) {
		seg_set_vm86(&c->seg[SEG_CS], r.cs);
	} else {
		seg_set_real(&c->seg[SEG_CS], r.cs);
		c->seg[SEG_CS].attr &= (uint16_t)~SEG_DB;
	}
	cpu_set_cs_mode(c);
	stack_commit(c, &s);
	cpu_flags_load(c, r.flags, mask | (opsize == 4 ? FL_POP4 : 0));
	if (opsize == 2)
		c->flags &= ~(uint64_t)FL_RF;
	c->next_rip = r.rip;
}

/* IOPL under 3 with VME: IF of the image is VIF (SDM 20.3.1.2). */
static void iret_vme(struct cpu *c)
{
	struct far_return r;
	struct stack s;

	pop3(c, &s, &r, 2);
	cpu_gp0(c, !(r.flags & FL_TF));
	cpu_gp0(c, !(r.flags & FL_IF && c->flags & FL_VIP));
	seg_set_vm86(&c->seg[SEG_CS], r.cs);
	cpu_set_cs_mode(c);
	stack_commit(c, &s);
	cpu_flags_load(c, r.flags | (r.flags & FL_IF ? FL_VIF : 0), FL_POP | FL_VIF);
	c->flags &= ~(uint64_t)FL_RF;
	c->next_rip = r.rip;
}

static void iret_vm86(struct cpu *c, unsigned opsize)
{
	if (cpu_iopl(c) == 3) {
		iret_16(c, opsize, FL_POP | FL_IF);
	} else {
		cpu_gp0(c, opsize == 2 && c->cr4 & CR4_VME);
		iret_vme(c);
	}
}

/* ---- protected mode ---- */

/* From ring 0 into a virtual-8086 task. */
static void to_vm86(struct cpu *c, struct stack *s, const struct far_return *r)
{
	static const uint8_t order[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
	uint16_t sel[4], ss;
	uint32_t sp;

	sp = (uint32_t)stack_pop(c, s, 4);
	ss = (uint16_t)stack_pop(c, s, 4);
	for (unsigned i = 0; i < 4; i++)
		sel[i] = (uint16_t)stack_pop(c, s, 4);
	cpu_gp0(c, (r->rip & 0xffffffff) <= 0xffff);
	cpu_flags_load(c, r->flags, FL_POP | FL_POP4 | FL_IF | FL_IOPL | FL_VM | FL_VIF | FL_VIP);
	for (unsigned i = 0; i < 4; i++)
		seg_set_vm86(&c->seg[order[i]], sel[i]);
	seg_set_vm86(&c->seg[SEG_SS], ss);
	seg_set_vm86(&c->seg[SEG_CS], r->cs);
	c->cpl = 3;
	cpu_set_cs_mode(c);
	c->r[R_SP] = sp;
	c->next_rip = r->rip;
}

/* What the CPL before the return lets it change. */
static uint64_t flags_mask(const struct cpu *c, unsigned opsize)
{
	uint64_t mask = FL_POP | FL_POP4;

	if (c->cpl <= cpu_iopl(c))
		mask |= FL_IF;
	if (c->cpl == 0)
		mask |= FL_IOPL | FL_VIF | FL_VIP;
	return opsize == 2 ? mask & 0xffff : mask;
}

static void iret_prot(struct cpu *c, unsigned opsize)
{
	struct far_return r;
	struct desc cs;
	struct stack s;
	uint64_t mask;
	bool outer;

	pop3(c, &s, &r, opsize);
	if (opsize == 4 && r.flags & FL_VM && c->cpl == 0 && !c->long_mode) {
		to_vm86(c, &s, &r);
		return;
	}
	outer = c->mode == MODE_64 || (r.cs & 3u) != c->cpl;
	if (outer) { /* before CS is looked at */
		r.ss = (uint16_t)stack_peek(c, &s, opsize, opsize);
		r.sp = stack_peek(c, &s, 0, opsize);
	}
	return_check(c, &r, &cs);
	mask = flags_mask(c, opsize);
	if (outer) {
		return_outer(c, &r, &cs, 0, opsize);
	} else {
		if (vendor_amd()) { /* as wide as the stack is in the new mode */
			stack_as(c, &s, c->long_mode && desc_is_long(&cs));
			stack_drop(&s, 3 * opsize);
		}
		cs_enter(c, r.cs, &cs, c->cpl);
		stack_commit(c, &s);
		c->next_rip = r.rip;
	}
	cpu_flags_load(c, r.flags, mask);
	if (opsize == 2)
		c->flags &= ~(uint64_t)FL_RF;
}

static void iret_task(struct cpu *c)
{
	uint16_t link = (uint16_t)lin_read(c, (uint32_t)c->tr.base, 2, false);

	if (link & 4)
		sel_fault(c, EXC_TS, link);
	task_switch(c, link, TASK_IRET);
}

void cpu_iret(struct cpu *c, unsigned opsize)
{
	if (cpu_is_real(c)) {
		iret_16(c, opsize, FL_POP | FL_IF | FL_IOPL);
	} else if (cpu_is_vm86(c)) {
		iret_vm86(c, opsize);
	} else if (c->flags & FL_NT) {
		cpu_gp0(c, !c->long_mode);
		iret_task(c);
	} else {
		iret_prot(c, opsize);
	}
	c->nmi_blocked = false;
}
