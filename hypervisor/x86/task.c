/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/task.c: hardware task switches of the 286 and 386, and the TSS's I/O bitmap.
 *
 * Spec: Intel SDM volume 3, chapter 7 (7.3, table 7-1); volume 1, 19.5 (I/O bitmap).
 * State: JMP, CALL, IRET, interrupts. A fault while the new task's segments are loaded is the new
 * task's.
 * Missing: which of several faults a given processor would see first once the switch is under way.
 * Tests: tests/x86/segment.c
 */
#include "hypervisor/x86/desc.h"

#include "hypervisor/x86/mmu.h"

#define DR6_BT    (1u << 15)
#define DR7_LOCAL 0x155u
#define NO_FIELD  0xff

struct layout { /* of a TSS: where fields are */
	uint8_t word, cr3, ip, flags, regs, segs, nsegs, ldt, trap;
	uint8_t limit; /* at least */
};
static const struct layout tss16 = {2, NO_FIELD, 0xe, 0x10, 0x12, 0x22, 4, 0x2a, NO_FIELD, 0x2b};
static const struct layout tss32 = {4, 0x1c, 0x20, 0x24, 0x28, 0x48, 6, 0x60, 0x64, 0x67};

struct task {
	uint32_t cr3, eip, flags, r[8];
	uint16_t seg[SEG_N], ldt;
	bool trap;
};

static const struct layout *layout_of(unsigned type)
{
	return type & 8 ? &tss32 : &tss16;
}

static uint32_t get(struct cpu *c, uint64_t base, unsigned at, unsigned size)
{
	return (uint32_t)lin_read(c, (uint32_t)(base + at), size, false);
}

static void put(struct cpu *c, uint64_t base, unsigned at, unsigned size, uint64_t val)
{
	lin_write(c, (uint32_t)(base + at), size, val, false);
}

/* ---- reading and writing TSSs ---- */

static void task_read(struct cpu *c, uint64_t base, const struct layout *l, struct task *t)
{
	memset(t, 0, sizeof(*t));
	if (l->cr3 != NO_FIELD)
		t->cr3 = get(c, base, l->cr3, 4);
	t->eip = get(c, base, l->ip, l->word);
	t->flags = get(c, base, l->flags, l->word);
	for (unsigned i = 0; i < 8; i++)
		t->r[i] = get(c, base, l->regs + i * l->word, l->word);
	for (unsigned i = 0; i < l->nsegs; i++)
		t->seg[i] = (uint16_t)get(c, base, l->segs + i * l->word, 2);
	t->ldt = (uint16_t)get(c, base, l->ldt, 2);
	t->trap = l->trap != NO_FIELD && get(c, base, l->trap, 2) & 1;
}

static void task_save(struct cpu *c, uint64_t base, const struct layout *l, uint64_t flags)
{
	put(c, base, l->ip, l->word, c->next_rip);
	put(c, base, l->flags, l->word, flags);
	for (unsigned i = 0; i < 8; i++)
		put(c, base, l->regs + i * l->word, l->word, c->r[i]);
	for (unsigned i = 0; i < l->nsegs; i++)
		put(c, base, l->segs + i * l->word, 2, c->seg[i].sel);
}

/* ---- the new task's TSS ---- */

static void tss_find(struct cpu *c, uint16_t sel, enum task_why why, struct desc *d)
{
	unsigned wrong = why == TASK_IRET ? EXC_TS : EXC_GP;
	unsigned busy = why == TASK_IRET ? TYPE_BUSY : 0;

	if (!(sel & 0xfffc) || sel & 4)
		sel_fault(c, wrong, sel);
	desc_get(c, sel, d, wrong);
	if (desc_is_seg(d) || (desc_type(d) & ~8u) != (SYS_TSS16 | busy))
		sel_fault(c, wrong, sel);
	if (!desc_present(d))
		sel_fault(c, EXC_NP, sel);
	if (desc_limit(d) < layout_of(desc_type(d))->limit)
		sel_fault(c, EXC_TS, sel);
}

static void old_not_busy(struct cpu *c)
{
	struct desc d;

	if (desc_fetch(c, c->tr.sel, &d))
		desc_mark(c, &d, 0, TYPE_BUSY);
}

/* ---- loading the new state ---- */

static void load_ldt(struct cpu *c, uint16_t sel)
{
	struct desc d;

	c->ldtr = (struct segment){.sel = sel};
	if (!(sel & 0xfffc))
		return;
	if (sel & 4)
		sel_fault(c, EXC_TS, sel);
	desc_get(c, sel, &d, EXC_TS);
	if (desc_is_seg(&d) || desc_type(&d) != SYS_LDT || !desc_present(&d))
		sel_fault(c, EXC_TS, sel);
	desc_to_segment(&c->ldtr, sel, &d);
}

static void load_cs(struct cpu *c, uint16_t sel)
{
	struct desc d;

	if (!(sel & 0xfffc))
		sel_fault(c, EXC_TS, 0);
	desc_get(c, sel, &d, EXC_TS);
	if (!desc_is_code(&d) ||
	    (desc_conforms(&d) ? desc_dpl(&d) > (sel & 3u) : desc_dpl(&d) != (sel & 3u)))
		sel_fault(c, EXC_TS, sel);
	if (!desc_present(&d))
		sel_fault(c, EXC_NP, sel);
	cs_enter(c, sel, &d, sel & 3);
}

static void load_data(struct cpu *c, unsigned seg, uint16_t sel)
{
	struct desc d;

	if (!(sel & 0xfffc))
		return;
	desc_get(c, sel, &d, EXC_TS);
	if (!desc_is_seg(&d) || (desc_is_code(&d) && !(desc_type(&d) & TYPE_WRITE)))
		sel_fault(c, EXC_TS, sel);
	if (!(desc_is_code(&d) && desc_conforms(&d)) &&
	    (desc_dpl(&d) < c->cpl || desc_dpl(&d) < (sel & 3u)))
		sel_fault(c, EXC_TS, sel);
	if (!desc_present(&d))
		sel_fault(c, EXC_NP, sel);
	desc_mark(c, &d, TYPE_ACCESSED, 0);
	desc_to_segment(&c->seg[seg], sel, &d);
}

static void load_segments(struct cpu *c, const struct task *t)
{
	static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
	struct desc ss;

	load_ldt(c, t->ldt);
	if (c->flags & FL_VM) {
		for (unsigned i = 0; i < SEG_N; i++)
			seg_set_vm86(&c->seg[i], t->seg[i]);
		c->cpl = 3;
		cpu_set_cs_mode(c);
		return;
	}
	load_cs(c, t->seg[SEG_CS]);
	ss_check(c, t->seg[SEG_SS], &ss, c->cpl, EXC_TS);
	ss_enter(c, t->seg[SEG_SS], &ss);
	for (unsigned i = 0; i < sizeof(data); i++)
		load_data(c, data[i], t->seg[data[i]]);
}

/* What cannot fail. Until they are loaded, segments are only selectors. */
static void load_registers(struct cpu *c, const struct task *t, const struct layout *l)
{
	c->cr0 |= CR0_TS;
	c->dr[7] &= ~(uint64_t)DR7_LOCAL;
	if (l->cr3 != NO_FIELD && c->cr0 & CR0_PG && t->cr3 != c->cr3)
		cr_write(c, 3, t->cr3);
	c->rip = c->next_rip = t->eip;
	c->flags = (t->flags & (l->word == 4 ? 0x3f7fd5 : 0x7fd5)) | FL_1;
	for (unsigned i = 0; i < 8; i++)
		c->r[i] = l->word == 4 ? t->r[i] : t->r[i] | 0xffff0000;
	for (unsigned i = 0; i < SEG_N; i++)
		c->seg[i] = (struct segment){.sel = t->seg[i]};
	c->cpl = t->seg[SEG_CS] & 3;
	if (t->trap)
		c->dr6_pending |= DR6_BT;
}

/* ---- the switch ---- */

static void switch_to(struct cpu *c, uint16_t sel, enum task_why why, uint64_t flags)
{
	const struct layout *old = layout_of(c->tr.attr), *l;
	bool nested = why == TASK_CALL || why == TASK_INT;
	struct segment tr;
	struct task t;
	struct desc d;

	tss_find(c, sel, why, &d);
	l = layout_of(desc_type(&d));
	desc_to_segment(&tr, sel, &d);
	task_read(c, tr.base, l, &t);
	if (why == TASK_IRET)
		flags &= ~(uint64_t)FL_NT;
	task_save(c, c->tr.base, old, flags);
	if (!nested)
		old_not_busy(c);
	if (nested) {
		put(c, tr.base, 0, 2, c->tr.sel);
		t.flags |= FL_NT;
	}
	if (why != TASK_IRET)
		desc_mark(c, &d, TYPE_BUSY, 0);
	desc_to_segment(&c->tr, sel, &d);
	load_registers(c, &t, l);
	load_segments(c, &t);
}

void task_switch(struct cpu *c, uint16_t sel, int why)
{
	switch_to(c, sel, (enum task_why)why, c->flags);
	mem_check_target(c, c->next_rip);
}

void task_event(struct cpu *c, uint16_t sel, uint64_t flags)
{
	bool has_error = c->exc.has_error;
	uint32_t error = c->exc.error;
	struct stack s;

	switch_to(c, sel, TASK_INT, flags);
	if (has_error) {
		stack_now(c, &s);
		stack_push(c, &s, c->tr.attr & 8 ? 4 : 2, error);
		stack_commit(c, &s);
	}
	mem_check_target(c, c->next_rip);
}

/* ---- I/O permission ---- */

void io_check(struct cpu *c, uint16_t port, unsigned size)
{
	unsigned at;

	if (cpu_is_real(c) || (!cpu_is_vm86(c) && c->cpl <= cpu_iopl(c)))
		return;
	cpu_gp0(c, c->tr.attr & SEG_P && c->tr.attr & 8 && c->tr.limit >= 103);
	at = (unsigned)lin_read(c, c->tr.base + 102, 2, false) + port / 8;
	cpu_gp0(c, at + 1 <= c->tr.limit);
	cpu_gp0(c, !(lin_read(c, c->tr.base + at, 2, false) >> port % 8 & ((1u << size) - 1)));
}
