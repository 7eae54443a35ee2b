/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/far.c: far jumps, calls and returns, fast system calls.
 *
 * Spec: Intel SDM volume 2, JMP, CALL, RET, SYSCALL, SYSRET, SYSENTER, SYSEXIT; volume 3, 5.8.
 * State: real, VM86, code segments, call gates of 16, 32 and 64 bits, tasks by task.c. SYSCALL as
 * Intel has it: only in 64-bit mode.
 * Tests: tests/x86/segment.c
 */
#include "hypervisor/x86/desc.h"

#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/vendor.h"

static uint64_t cut(uint64_t val, unsigned size)
{
	return val & ones(size);
}

/* ---- real and virtual-8086 mode ---- */

static void far_load_real(struct cpu *c, uint16_t sel, uint64_t off)
{
	if (cpu_is_vm86(c)) {
		seg_set_vm86(&c->seg[SEG_CS], sel);
	} else {
		seg_set_real(&c->seg[SEG_CS], sel);
		c->seg[SEG_CS].attr &= (uint16_t)~SEG_DB;
	}
	cpu_set_cs_mode(c);
	c->next_rip = off;
}

static void far_real(struct cpu *c, uint16_t sel, uint64_t off)
{
	/* VM86's segments have 64 KiB. */
	cpu_gp0(c, off <= (cpu_is_vm86(c) ? 0xffff : c->seg[SEG_CS].limit));
	far_load_real(c, sel, off);
}

/* ---- code segments ---- */

static void code_present(struct cpu *c, uint16_t sel, const struct desc *d)
{
	if (c->long_mode && desc_is_long(d) && d->hi >> 22 & 1)
		sel_fault(c, EXC_GP, sel);
	if (!desc_present(d))
		sel_fault(c, EXC_NP, sel);
}

/* Straight to a code segment, without a gate (SDM 5.8.1). */
static void code_direct(struct cpu *c, uint16_t sel, const struct desc *d)
{
	if (desc_conforms(d) ? desc_dpl(d) > c->cpl : (sel & 3u) > c->cpl || desc_dpl(d) != c->cpl)
		sel_fault(c, EXC_GP, sel);
	code_present(c, sel, d);
}

/* ---- gates and TSSs ---- */

static void gate_allows(struct cpu *c, uint16_t sel, const struct desc *g)
{
	if (desc_dpl(g) < c->cpl || desc_dpl(g) < (sel & 3u))
		sel_fault(c, EXC_GP, sel);
	if (!desc_present(g))
		sel_fault(c, EXC_NP, sel);
}

static void gate_target(struct cpu *c, const struct desc *g, struct desc *cs)
{
	uint16_t sel = gate_sel(g);

	if (!(sel & 0xfffc))
		sel_fault(c, EXC_GP, 0);
	desc_get(c, sel, cs, EXC_GP);
	if (!desc_is_code(cs) || desc_dpl(cs) > c->cpl)
		sel_fault(c, EXC_GP, sel);
	if (c->long_mode && !desc_is_long(cs))
		sel_fault(c, EXC_GP, sel);
	code_present(c, sel, cs);
}

/* Bytes of a word on the stack. */
static unsigned gate_word(const struct cpu *c, const struct desc *g)
{
	return c->long_mode ? 8 : desc_type(g) & 8 ? 4 : 2;
}

static uint64_t gate_rip(const struct desc *g)
{
	return desc_type(g) & 8 ? gate_off(g) : gate_off(g) & 0xffff;
}

static void copy_parameters(struct cpu *c, struct stack *to, unsigned n, unsigned word)
{
	struct stack from;

	stack_now(c, &from);
	while (n--)
		stack_push(c, to, word, stack_peek(c, &from, n * word, word));
}

static void call_inner(struct cpu *c, const struct desc *g, struct desc *cs)
{
	unsigned word = gate_word(c, g), cpl = desc_dpl(cs);
	struct stack s;
	struct desc ss;

	stack_inner(c, &s, cpl, &ss);
	cs_check_rip(c, cs, gate_rip(g));
	stack_push(c, &s, word, c->seg[SEG_SS].sel);
	stack_push(c, &s, word, c->r[R_SP]);
	if (!c->long_mode)
		copy_parameters(c, &s, g->hi & 31, word);
	stack_push(c, &s, word, c->seg[SEG_CS].sel);
	stack_push(c, &s, word, c->next_rip);
	desc_accessed(c, cs, s.flat ? NULL : &ss);
	stack_enter(c, &s, &ss);
	cs_enter(c, gate_sel(g), cs, cpl);
	c->next_rip = gate_rip(g);
}

/* AMD's processors are in the new mode when they push, and look at rip after it (APM, CALL). */
static void call_same(struct cpu *c, uint16_t sel, struct desc *cs, uint64_t rip, unsigned word)
{
	bool amd = vendor_amd();
	struct stack s;

	if (!amd)
		cs_check_rip(c, cs, rip);
	stack_as(c, &s, amd ? c->long_mode && desc_is_long(cs) : c->mode == MODE_64);
	stack_push(c, &s, word, c->seg[SEG_CS].sel);
	stack_push(c, &s, word, c->next_rip);
	if (amd)
		cs_check_rip(c, cs, rip);
	cs_enter(c, sel, cs, c->cpl);
	stack_commit(c, &s);
	c->next_rip = rip;
}

static void jump_gate(struct cpu *c, uint16_t sel, struct desc *g)
{
	struct desc cs;

	gate_allows(c, sel, g);
	gate_target(c, g, &cs);
	if (!desc_conforms(&cs) && desc_dpl(&cs) != c->cpl)
		sel_fault(c, EXC_GP, gate_sel(g));
	cs_check_rip(c, &cs, gate_rip(g));
	cs_enter(c, gate_sel(g), &cs, c->cpl);
	c->next_rip = gate_rip(g);
}

static void call_gate(struct cpu *c, uint16_t sel, struct desc *g)
{
	struct desc cs;

	gate_allows(c, sel, g);
	gate_target(c, g, &cs);
	if (!desc_conforms(&cs) && desc_dpl(&cs) < c->cpl)
		call_inner(c, g, &cs);
	else
		call_same(c, gate_sel(g), &cs, gate_rip(g), gate_word(c, g));
}

static void to_system(struct cpu *c, uint16_t sel, struct desc *d, bool call)
{
	enum task_why why = call ? TASK_CALL : TASK_JMP;

	desc_get_upper(c, sel, d, EXC_GP);
	if (desc_type(d) == SYS_CALL || (desc_type(d) == SYS_CALL16 && !c->long_mode)) {
		if (call)
			call_gate(c, sel, d);
		else
			jump_gate(c, sel, d);
		return;
	}
	if (c->long_mode)
		sel_fault(c, EXC_GP, sel);
	if (desc_type(d) == SYS_TASK_GATE) {
		gate_allows(c, sel, d);
		task_switch(c, gate_sel(d), why);
	} else if (desc_type(d) == SYS_TSS || desc_type(d) == SYS_TSS16) {
		gate_allows(c, sel, d);
		task_switch(c, sel, why);
	} else {
		sel_fault(c, EXC_GP, sel);
	}
}

/* ---- the instructions ---- */

void far_jump(struct cpu *c, uint16_t sel, uint64_t off, unsigned opsize)
{
	struct desc d;

	off = cut(off, opsize);
	if (!cpu_is_prot(c)) {
		far_real(c, sel, off);
		return;
	}
	cpu_gp0(c, sel & 0xfffc);
	desc_get(c, sel, &d, EXC_GP);
	if (!desc_is_seg(&d)) {
		to_system(c, sel, &d, false);
		return;
	}
	if (!desc_is_code(&d))
		sel_fault(c, EXC_GP, sel);
	code_direct(c, sel, &d);
	cs_check_rip(c, &d, off);
	cs_enter(c, sel, &d, c->cpl);
	c->next_rip = off;
}

static void call_real(struct cpu *c, uint16_t sel, uint64_t off, unsigned opsize)
{
	struct stack s;

	cpu_gp0(c, off <= (cpu_is_vm86(c) ? 0xffff : c->seg[SEG_CS].limit));
	stack_now(c, &s);
	stack_push(c, &s, opsize, c->seg[SEG_CS].sel);
	stack_push(c, &s, opsize, c->next_rip);
	stack_commit(c, &s);
	far_load_real(c, sel, off);
}

void far_call(struct cpu *c, uint16_t sel, uint64_t off, unsigned opsize)
{
	struct desc d;

	off = cut(off, opsize);
	if (!cpu_is_prot(c)) {
		call_real(c, sel, off, opsize);
		return;
	}
	cpu_gp0(c, sel & 0xfffc);
	desc_get(c, sel, &d, EXC_GP);
	if (!desc_is_seg(&d)) {
		to_system(c, sel, &d, true);
		return;
	}
	if (!desc_is_code(&d))
		sel_fault(c, EXC_GP, sel);
	code_direct(c, sel, &d);
	call_same(c, sel, &d, off, opsize);
}

/* ---- returns ---- */

void return_check(struct cpu *c, const struct far_return *r, struct desc *cs)
{
	unsigned rpl = r->cs & 3;

	cpu_gp0(c, r->cs & 0xfffc);
	desc_get(c, r->cs, cs, EXC_GP);
	if (!desc_is_code(cs) || rpl < c->cpl)
		sel_fault(c, EXC_GP, r->cs);
	if (desc_conforms(cs) ? desc_dpl(cs) > rpl : desc_dpl(cs) != rpl)
		sel_fault(c, EXC_GP, r->cs);
	code_present(c, r->cs, cs);
	cs_check_rip(c, cs, r->rip);
}

/* SP alone leaves the rest of RSP as it was; ESP clears the upper half as every 32-bit register
 * does, also that of a kernel's 64-bit stack. */
static void outer_sp(struct cpu *c, uint64_t sp, unsigned drop)
{
	struct stack s;

	stack_now(c, &s);
	s.sp = s.mask == 0xffff ? (c->r[R_SP] & ~s.mask) | (sp & s.mask) : sp & s.mask;
	stack_drop(&s, drop);
	stack_commit(c, &s);
}

void return_outer(struct cpu *c, const struct far_return *r, struct desc *cs, unsigned drop,
		  unsigned opsize)
{
	unsigned rpl = r->cs & 3;
	bool null = !(r->ss & 0xfffc), to_long = c->long_mode && desc_is_long(cs);
	struct desc ss;

	if (null)
		cpu_gp0(c, to_long && rpl != 3 && (r->ss & 3u) == rpl);
	else
		ss_check(c, r->ss, &ss, rpl, EXC_GP);
	desc_accessed(c, cs, null ? NULL : &ss);
	cs_enter(c, r->cs, cs, rpl);
	if (null)
		seg_set_null(c, SEG_SS, r->ss);
	else
		ss_enter(c, r->ss, &ss);
	outer_sp(c, cut(r->sp, opsize), drop);
	seg_drop_inner(c);
	c->next_rip = r->rip;
}

void far_ret(struct cpu *c, unsigned opsize, unsigned drop)
{
	struct far_return r = {0};
	struct desc cs;
	struct stack s;

	stack_now(c, &s);
	r.cs = (uint16_t)stack_peek(c, &s, opsize, opsize); /* processors read it first */
	r.rip = stack_pop(c, &s, opsize);
	stack_drop(&s, opsize);
	if (!cpu_is_prot(c)) {
		far_real(c, r.cs, r.rip);
		stack_drop(&s, drop);
		stack_commit(c, &s);
		return;
	}
	stack_drop(&s, drop);
	if ((r.cs & 3u) != c->cpl) { /* before CS is looked at */
		r.ss = (uint16_t)stack_peek(c, &s, opsize, opsize);
		r.sp = stack_pop(c, &s, opsize);
	}
	return_check(c, &r, &cs);
	if ((r.cs & 3u) == c->cpl) {
		if (vendor_amd()) { /* as wide as the stack is in the new mode */
			stack_as(c, &s, c->long_mode && desc_is_long(&cs));
			stack_drop(&s, 2 * opsize + drop);
		}
		cs_enter(c, r.cs, &cs, c->cpl);
		stack_commit(c, &s);
		c->next_rip = r.rip;
		return;
	}
	return_outer(c, &r, &cs, drop, opsize);
}

/* ---- fast system calls: flat segments without a look at the tables ---- */

static void flat_segments(struct cpu *c, uint16_t cs, uint16_t ss, unsigned cpl, bool is_long)
{
	uint16_t dpl = (uint16_t)(cpl << SEG_DPL_SHIFT);

	c->seg[SEG_CS] =
		(struct segment){.sel = cs,
				 .limit = ~0u,
				 .attr = (uint16_t)(FLAT_CODE | dpl | (is_long ? SEG_L : SEG_DB))};
	c->seg[SEG_SS] = (struct segment){
		.sel = ss, .limit = ~0u, .attr = (uint16_t)(FLAT_DATA | dpl | SEG_DB)};
	c->cpl = (uint8_t)cpl;
	cpu_set_cs_mode(c);
}

/* Single step of these two goes by the TF that they leave: none where FMASK has it, and SYSRET's
 * trap comes before anything else runs. */
static void step_by_new_tf(struct cpu *c)
{
	c->tf_seen = true;
	if (c->flags & FL_TF)
		c->dr6_pending |= DR6_BS;
}

void cpu_syscall(struct cpu *c)
{
	uint16_t sel = c->star >> 32 & 0xfffc;

	if (c->mode != MODE_64 || !(c->efer & EFER_SCE))
		cpu_raise(c, EXC_UD);
	c->r[R_CX] = c->next_rip;
	c->r[R_11] = c->flags & ~(uint64_t)FL_RF;
	c->flags = (c->flags & ~(c->fmask | FL_RF)) | FL_1;
	flat_segments(c, sel, (uint16_t)(sel + 8), 0, true);
	c->next_rip = c->lstar;
	step_by_new_tf(c);
}

void cpu_sysret(struct cpu *c, unsigned opsize)
{
	uint16_t sel = (uint16_t)(c->star >> 48);
	bool to64 = opsize == 8;

	if (c->mode != MODE_64 || !(c->efer & EFER_SCE))
		cpu_raise(c, EXC_UD);
	/* On Intel's the fault is the kernel's, before the change of CPL. */
	cpu_gp0(c, c->cpl == 0 && (!to64 || lin_canonical(c->r[R_CX])));
	c->flags = (c->r[R_11] & SYSRET_FLAGS) | FL_1;
	flat_segments(c, (uint16_t)((sel + (to64 ? 16 : 0)) | 3), (uint16_t)((sel + 8) | 3), 3,
		      to64);
	c->next_rip = to64 ? c->r[R_CX] : (uint32_t)c->r[R_CX];
	step_by_new_tf(c);
}

void cpu_sysenter(struct cpu *c)
{
	uint16_t sel = c->sysenter_cs & 0xfffc;
	bool is_long = c->long_mode;

	cpu_gp0(c, !cpu_is_real(c) && sel);
	c->flags &= ~(uint64_t)(FL_VM | FL_IF | FL_RF);
	flat_segments(c, sel, (uint16_t)(sel + 8), 0, is_long);
	c->r[R_SP] = is_long ? c->sysenter_esp : (uint32_t)c->sysenter_esp;
	c->next_rip = is_long ? c->sysenter_eip : (uint32_t)c->sysenter_eip;
}

void cpu_sysexit(struct cpu *c, unsigned opsize)
{
	uint16_t sel = c->sysenter_cs & 0xfffc;
	bool to64 = opsize == 8;

	cpu_gp0(c, !cpu_is_real(c) && sel && c->cpl == 0);
	cpu_gp0(c, !to64 || (lin_canonical(c->r[R_CX]) && lin_canonical(c->r[R_DX])));
	flat_segments(c, (uint16_t)((sel + (to64 ? 32 : 16)) | 3),
		      (uint16_t)((sel + (to64 ? 40 : 24)) | 3), 3, to64);
	c->r[R_SP] = to64 ? c->r[R_CX] : (uint32_t)c->r[R_CX];
	c->next_rip = to64 ? c->r[R_DX] : (uint32_t)c->r[R_DX];
}
