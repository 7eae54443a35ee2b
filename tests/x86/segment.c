/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors, segment loads, far transfers, tasks (SDM volume 3, chapters 3, 5, 7). */
#include "tests/x86/sys_rig.h"

#include "hypervisor/domain.h"
#include "hypervisor/x86/desc.h"

#define DS   SEG_DS
#define FREE SEL_FREE

/* ---- limits and types of operands ---- */

TEST(real_mode_wraps_nowhere)
{
	struct sys_rig r = sys_rig("max");

	RUNS(&r, seg_load(r.c, DS, 0x1234));
	RUNS(&r, mem_write(r.c, DS, 0xffff, 1, 0x5a));
	EQ(0x5a, ram_get(&r, 0x12340 + 0xffff, 1));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 0xffff, 2));
	RAISES(&r, EXC_SS, 0, mem_read(r.c, SEG_SS, 0xffff, 2));
	/* Over 1 MiB with A20 on. */
	RUNS(&r, seg_load(r.c, DS, 0xffff));
	RUNS(&r, mem_write(r.c, DS, 0x10, 1, 0x77));
	EQ(0x77, ram_get(&r, 0x100000, 1));
	sys_rig_free(&r);
}

TEST(unreal_mode_keeps_the_limit)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	RUNS(&r, cr_write(r.c, 0, CR0_ET));
	RUNS(&r, seg_load(r.c, DS, 0x100));
	RUNS(&r, mem_write(r.c, DS, 0x200000, 4, 0xabcd));
	EQ(0xabcd, ram_get(&r, 0x201000, 4));
	sys_rig_free(&r);
}

TEST(limits_of_protected_mode)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gdt_put(&r, FREE, 0x10000, 0xfff, 0x92, 0x4);
	RUNS(&r, seg_load(r.c, DS, FREE));
	EQ(0x93, ram_get(&r, AT_GDT + FREE + 5, 1)); /* accessed */
	RUNS(&r, mem_read(r.c, DS, 0xffc, 4));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 0xffd, 4));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 0xffffffff, 4));
	/* In pages: 1 means 0x1fff. */
	gdt_put(&r, FREE, 0x10000, 1, 0x92, 0xc);
	RUNS(&r, seg_load(r.c, DS, FREE));
	RUNS(&r, mem_read(r.c, DS, 0x1fff, 1));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 0x2000, 1));
	sys_rig_free(&r);
}

TEST(expand_down_segments)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gdt_put(&r, FREE, 0, 0xfff, 0x96, 0);
	RUNS(&r, seg_load(r.c, DS, FREE));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 0xfff, 1));
	RUNS(&r, mem_read(r.c, DS, 0x1000, 1));
	RUNS(&r, mem_read(r.c, DS, 0xffff, 1));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 0xffff, 2));
	gdt_put(&r, FREE, 0, 0xfff, 0x96, 4);
	RUNS(&r, seg_load(r.c, DS, FREE));
	RUNS(&r, mem_read(r.c, DS, 0x10000, 1));
	sys_rig_free(&r);
}

TEST(types_of_operands)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gdt_put(&r, FREE, 0, 0xfffff, 0x90, 0xc);
	RUNS(&r, seg_load(r.c, DS, FREE));
	RUNS(&r, mem_read(r.c, DS, 0x8000, 1));
	RAISES(&r, EXC_GP, 0, mem_write(r.c, DS, 0x8000, 1, 0));
	RAISES(&r, EXC_GP, 0, mem_rmw(r.c, DS, 0x8000, 1));
	RAISES(&r, EXC_GP, 0, mem_write(r.c, SEG_CS, 0x8000, 1, 0));
	RUNS(&r, mem_read(r.c, SEG_CS, 0x8000, 1));
	gdt_put(&r, CODE0, 0, 0xfffff, 0x98, 0xc);
	RUNS(&r, far_jump(r.c, CODE0, 0x8000, 4));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, SEG_CS, 0x8000, 1));
	RUNS(&r, seg_load(r.c, DS, 3));
	RAISES(&r, EXC_GP, 0, mem_read(r.c, DS, 0x8000, 1));
	sys_rig_free(&r);
}

/* ---- MOV to a segment register ---- */

struct load {
	unsigned seg, cpl, access;
	uint16_t sel;
	int vector; /* -1: loads */
};
static const struct load loads[] = {
	{SEG_DS, 0, 0x92, FREE, -1},
	{SEG_DS, 0, 0x12, FREE, EXC_NP},
	{SEG_DS, 3, 0x92, FREE, EXC_GP},
	{SEG_DS, 3, 0xf2, FREE | 3, -1},
	{SEG_DS, 0, 0x92, FREE | 3, EXC_GP},
	{SEG_DS, 0, 0x9a, FREE, -1},     /* code that may be read */
	{SEG_DS, 0, 0x98, FREE, EXC_GP}, /* … and that may not */
	{SEG_DS, 3, 0x9e, FREE | 3, -1}, /* conforming: for all */
	{SEG_DS, 0, 0x89, FREE, EXC_GP}, /* a TSS */
	{SEG_SS, 0, 0x92, FREE, -1},
	{SEG_SS, 0, 0x12, FREE, EXC_SS},
	{SEG_SS, 0, 0x90, FREE, EXC_GP}, /* read-only */
	{SEG_SS, 0, 0x9a, FREE, EXC_GP},
	{SEG_SS, 0, 0xf2, FREE, EXC_GP},
	{SEG_SS, 0, 0x92, FREE | 3, EXC_GP},
	{SEG_SS, 3, 0xf2, FREE | 3, -1},
	{SEG_DS, 0, 0x92, 0x100, EXC_GP},    /* beyond the GDT */
	{SEG_DS, 0, 0x92, FREE | 4, EXC_GP}, /* no LDT */
	{SEG_SS, 0, 0x92, 0, EXC_GP},
};

static void check_load(const struct load *l)
{
	struct sys_rig r = sys_rig("max");

	NOTE("seg %u cpl %u access %x sel %x", l->seg, l->cpl, l->access, l->sel);
	go_prot(&r, l->cpl);
	gdt_put(&r, FREE, 0, 0xfffff, l->access, 0xc);
	if (l->vector < 0)
		RUNS(&r, seg_load(r.c, l->seg, l->sel));
	else
		RAISES(&r, (unsigned)l->vector, l->sel & 0xfffcu, seg_load(r.c, l->seg, l->sel));
	CHECK((r.c->seg[l->seg].sel == l->sel) == (l->vector < 0));
	sys_rig_free(&r);
}

TEST(checks_of_segment_loads)
{
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++)
		check_load(&loads[i]);
}

TEST(null_ss_is_for_64_bit_kernels)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	RUNS(&r, seg_load(r.c, SEG_SS, 0));
	RAISES(&r, EXC_GP, 0, seg_load(r.c, SEG_SS, 3));
	sys_rig_free(&r);
}

TEST(ldt)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	RAISES(&r, EXC_GP, SEL_TSS, seg_lldt(r.c, SEL_TSS));
	RUNS(&r, seg_lldt(r.c, SEL_LDT));
	ram_put(&r, AT_LDT + 8, 8, ram_get(&r, AT_GDT + DATA0, 8));
	RUNS(&r, seg_load(r.c, DS, 8 | 4));
	EQ(0xc, r.c->seg[DS].sel);
	RUNS(&r, seg_lldt(r.c, 0));
	RAISES(&r, EXC_GP, 0xc, seg_load(r.c, DS, 8 | 4));
	RAISES(&r, EXC_GP, 0xc, seg_lldt(r.c, 0xc));
	sys_rig_free(&r);
}

TEST(ltr_makes_it_busy)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	EQ(0x8b, ram_get(&r, AT_GDT + SEL_TSS + 5, 1));
	RAISES(&r, EXC_GP, SEL_TSS, seg_ltr(r.c, SEL_TSS));
	RAISES(&r, EXC_GP, 0, seg_ltr(r.c, 0));
	gdt_put(&r, FREE, AT_TSS2, 0x67, 0x09, 0);
	RAISES(&r, EXC_NP, FREE, seg_ltr(r.c, FREE));
	sys_rig_free(&r);
}

TEST(lar_lsl_verr_verw)
{
	struct sys_rig r = sys_rig("max");
	uint32_t val = 0;

	go_prot(&r, 3);
	CHECK(seg_lar(r.c, DATA3, &val));
	EQ(0xc0f300, val & 0xf0ff00);
	CHECK(!seg_lar(r.c, DATA0, &val));
	CHECK(seg_lar(r.c, CONF0, &val));
	CHECK(!seg_lar(r.c, 0, &val));
	CHECK(seg_lsl(r.c, DATA3, &val));
	EQ(0xffffffff, val);
	CHECK(seg_verify(r.c, DATA3, true));
	CHECK(!seg_verify(r.c, DATA0, false));
	CHECK(seg_verify(r.c, CODE3, false));
	CHECK(!seg_verify(r.c, CODE3, true));
	r.c->cpl = 0;
	CHECK(seg_lsl(r.c, SEL_TSS, &val));
	EQ(0xfff, val);
	CHECK(!seg_verify(r.c, SEL_TSS, false));
	gate_put(&r, AT_GDT + FREE, SYS_CALL, 0, CODE0, 0, 0);
	CHECK(seg_lar(r.c, FREE, &val));
	CHECK(!seg_lsl(r.c, FREE, &val));
	sys_rig_free(&r);
}

/* ---- far transfers ---- */

TEST(far_call_and_return_in_real_mode)
{
	struct sys_rig r = sys_rig("max");

	r.c->next_rip = 0x7c05;
	RUNS(&r, far_call(r.c, 0x2000, 0x10, 2));
	EQ(0x20000, r.c->seg[SEG_CS].base);
	EQ(0x10, r.c->next_rip);
	EQ(0x00007c05, ram_get(&r, 0x7000 - 4, 4));
	RUNS(&r, far_ret(r.c, 2, 6));
	EQ(0, r.c->seg[SEG_CS].base);
	EQ(0x7c05, r.c->next_rip);
	EQ(0x7006, r.c->r[R_SP]);
	sys_rig_free(&r);
}

TEST(far_jumps_to_code)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	RAISES(&r, EXC_GP, 0, far_jump(r.c, 0, 0, 4));
	RAISES(&r, EXC_GP, CODE0, far_jump(r.c, CODE0, 0, 4));
	RAISES(&r, EXC_GP, DATA3 & ~3, far_jump(r.c, DATA3, 0, 4));
	RUNS(&r, far_jump(r.c, CONF0, 0x1234, 4));
	EQ(3, r.c->cpl);
	EQ(CONF0 | 3, r.c->seg[SEG_CS].sel);
	gdt_put(&r, CODE3, 0, 0xff, 0xfa, 4);
	RAISES(&r, EXC_GP, 0, far_jump(r.c, CODE3, 0x100, 4));
	gdt_put(&r, CODE3, 0, 0xff, 0x7a, 4);
	RAISES(&r, EXC_NP, CODE3 & ~3, far_jump(r.c, CODE3, 0, 4));
	EQ(0x1234, r.c->next_rip);
	sys_rig_free(&r);
}

TEST(jump_into_64_bit_code)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	EQ(MODE_64, r.c->mode);
	RUNS(&r, far_jump(r.c, CODE0, 0x100, 4));
	EQ(MODE_32, r.c->mode);
	RUNS(&r, far_jump(r.c, LONG0, 0x100, 4));
	EQ(MODE_64, r.c->mode);
	gdt_put(&r, FREE, 0, 0, 0x9a, 6); /* L and D */
	RAISES(&r, EXC_GP, FREE, far_jump(r.c, FREE, 0x100, 8));
	RAISES(&r, EXC_GP, 0, far_jump(r.c, LONG0, 1ull << 47, 8));
	sys_rig_free(&r);
}

TEST(call_gate_to_an_inner_ring_copies_parameters)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	gate_put(&r, AT_GDT + FREE, SYS_CALL, 3, CODE0, 0x4444, 2);
	r.c->r[R_SP] = AT_STACK3 - 8;
	ram_put(&r, AT_STACK3 - 8, 8, 0x2222222211111111);
	r.c->next_rip = 0x8007;
	RUNS(&r, far_call(r.c, FREE | 3, 0xdead, 4));
	EQ(0, r.c->cpl);
	EQ(0x4444, r.c->next_rip);
	EQ(DATA0, r.c->seg[SEG_SS].sel);
	EQ(AT_STACK0 - 24, r.c->r[R_SP]);
	EQ(0x8007, ram_get(&r, AT_STACK0 - 24, 4));
	EQ(CODE3, ram_get(&r, AT_STACK0 - 20, 4));
	EQ(0x2222222211111111, ram_get(&r, AT_STACK0 - 16, 8));
	EQ(AT_STACK3 - 8, ram_get(&r, AT_STACK0 - 8, 4));
	EQ(DATA3, ram_get(&r, AT_STACK0 - 4, 4));
	RUNS(&r, far_ret(r.c, 4, 8));
	EQ(3, r.c->cpl);
	EQ(0x8007, r.c->next_rip);
	EQ(AT_STACK3, r.c->r[R_SP]);
	sys_rig_free(&r);
}

TEST(call_gates_have_a_dpl)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	gate_put(&r, AT_GDT + FREE, SYS_CALL, 0, CODE0, 0x4444, 0);
	RAISES(&r, EXC_GP, FREE, far_call(r.c, FREE, 0, 4));
	gate_put(&r, AT_GDT + FREE, SYS_CALL, 3, CODE0, 0x4444, 0);
	RAISES(&r, EXC_GP, CODE0, far_jump(r.c, FREE, 0, 4)); /* a jump keeps the ring */
	/* The stack of ring 0 is not one. */
	ram_put(&r, AT_TSS + 8, 4, DATA3);
	RAISES(&r, EXC_TS, DATA3 & ~3u, far_call(r.c, FREE, 0, 4));
	EQ(3, r.c->cpl);
	EQ(AT_STACK3, r.c->r[R_SP]);
	sys_rig_free(&r);
}

TEST(call_gate_of_64_bits)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 3);
	gate_put(&r, AT_GDT + FREE, SYS_CALL, 3, LONG0, 0x4444, 0);
	r.c->next_rip = 0x8007;
	RUNS(&r, far_call(r.c, FREE, 0, 4));
	EQ(0, r.c->cpl);
	EQ(AT_STACK0 - 32, r.c->r[R_SP]);
	EQ(0, r.c->seg[SEG_SS].sel);
	EQ(0x8007, ram_get(&r, AT_STACK0 - 32, 8));
	EQ(DATA3, ram_get(&r, AT_STACK0 - 8, 8));
	RUNS(&r, far_ret(r.c, 8, 0));
	EQ(3, r.c->cpl);
	EQ(AT_STACK3, r.c->r[R_SP]);
	sys_rig_free(&r);
}

TEST(far_return_inwards_is_refused)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	r.c->r[R_SP] = AT_STACK3 - 8;
	ram_put(&r, AT_STACK3 - 8, 8, (uint64_t)CODE0 << 32 | 0x10);
	RAISES(&r, EXC_GP, CODE0, far_ret(r.c, 4, 0));
	EQ(AT_STACK3 - 8, r.c->r[R_SP]);
	sys_rig_free(&r);
}

/* ---- fast system calls ---- */

TEST(syscall_and_sysret)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 3);
	RUNS(&r, msr_write(r.c, 0xc0000081, 0x002b003000000000 | 0)); /* STAR */
	RUNS(&r, msr_write(r.c, 0xc0000082, 0xffffffff80000000));     /* LSTAR */
	RUNS(&r, msr_write(r.c, 0xc0000084, FL_IF | FL_TF));          /* FMASK */
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0xc0000082, 1ull << 47));
	r.c->flags |= FL_IF | FL_CF;
	r.c->next_rip = 0x8002;
	RUNS(&r, cpu_syscall(r.c));
	EQ(0xffffffff80000000, r.c->next_rip);
	EQ(0x8002, r.c->r[R_CX]);
	EQ(FL_IF | FL_CF | FL_1, r.c->r[R_11]);
	EQ(FL_CF | FL_1, r.c->flags);
	EQ(0x30, r.c->seg[SEG_CS].sel);
	EQ(0x38, r.c->seg[SEG_SS].sel);
	EQ(0, r.c->cpl);
	RUNS(&r, cpu_sysret(r.c, 8));
	EQ(0x2b + 16, r.c->seg[SEG_CS].sel);
	EQ(0x2b + 8, r.c->seg[SEG_SS].sel);
	EQ(3, r.c->cpl);
	EQ(MODE_64, r.c->mode);
	EQ(FL_IF | FL_CF | FL_1, r.c->flags);
	RAISES(&r, EXC_GP, 0, cpu_sysret(r.c, 8));
	r.c->cpl = 0;
	r.c->r[R_CX] = 1ull << 47;
	RAISES(&r, EXC_GP, 0, cpu_sysret(r.c, 8));
	EQ(0, r.c->cpl);
	RUNS(&r, cpu_sysret(r.c, 4));
	EQ(MODE_32, r.c->mode);
	RAISES(&r, EXC_UD, r.c->exc.error, cpu_syscall(r.c)); /* Intel's: not from 32-bit code */
	sys_rig_free(&r);
}

TEST(sysenter_and_sysexit)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	RAISES(&r, EXC_GP, 0, cpu_sysenter(r.c));
	RUNS(&r, msr_write(r.c, 0x174, CODE0));
	RUNS(&r, msr_write(r.c, 0x175, AT_STACK0));
	RUNS(&r, msr_write(r.c, 0x176, 0x4444));
	r.c->flags |= FL_IF;
	RUNS(&r, cpu_sysenter(r.c));
	EQ(CODE0, r.c->seg[SEG_CS].sel);
	EQ(DATA0, r.c->seg[SEG_SS].sel);
	EQ(AT_STACK0, r.c->r[R_SP]);
	EQ(0x4444, r.c->next_rip);
	EQ(FL_1, r.c->flags);
	r.c->r[R_CX] = AT_STACK3;
	r.c->r[R_DX] = 0x8888;
	RUNS(&r, cpu_sysexit(r.c, 4));
	EQ(CODE3, r.c->seg[SEG_CS].sel);
	EQ(DATA3, r.c->seg[SEG_SS].sel);
	EQ(AT_STACK3, r.c->r[R_SP]);
	EQ(3, r.c->cpl);
	RAISES(&r, EXC_GP, 0, cpu_sysexit(r.c, 4));
	sys_rig_free(&r);
}

/* ---- tasks ---- */

static void second_task(struct sys_rig *r)
{
	static const uint16_t seg[] = {DATA0, CODE0, DATA0, DATA0, 0, 0};

	gdt_put(r, FREE, AT_TSS2, 0x67, 0x89, 0);
	for (unsigned i = 0; i < 0x68; i += 4)
		ram_put(r, AT_TSS2 + i, 4, 0);
	ram_put(r, AT_TSS2 + 0x20, 4, 0x6666);
	ram_put(r, AT_TSS2 + 0x24, 4, FL_1 | FL_CF);
	ram_put(r, AT_TSS2 + 0x28, 4, 0xa);
	ram_put(r, AT_TSS2 + 0x38, 4, 0xb000);
	for (unsigned i = 0; i < 6; i++)
		ram_put(r, AT_TSS2 + 0x48 + 4 * i, 2, seg[i]);
}

TEST(task_by_call_and_back_by_iret)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	second_task(&r);
	r.c->next_rip = 0x8007;
	r.c->r[R_AX] = 0x1111;
	RUNS(&r, far_call(r.c, FREE, 0, 4));
	EQ(FREE, r.c->tr.sel);
	EQ(0x6666, r.c->next_rip);
	EQ(0xa, r.c->r[R_AX]);
	EQ(0xb000, r.c->r[R_SP]);
	EQ(FL_1 | FL_CF | FL_NT, r.c->flags);
	EQ(SEL_TSS, ram_get(&r, AT_TSS2, 2));
	EQ(0x8007, ram_get(&r, AT_TSS + 0x20, 4));
	EQ(0x1111, ram_get(&r, AT_TSS + 0x28, 4));
	EQ(0x8b, ram_get(&r, AT_GDT + FREE + 5, 1));
	EQ(0x8b, ram_get(&r, AT_GDT + SEL_TSS + 5, 1));
	CHECK(r.c->cr0 & CR0_TS);
	RAISES(&r, EXC_GP, SEL_TSS, far_jump(r.c, SEL_TSS, 0, 4)); /* busy */
	RUNS(&r, cpu_iret(r.c, 4));
	EQ(SEL_TSS, r.c->tr.sel);
	EQ(0x8007, r.c->next_rip);
	EQ(0x1111, r.c->r[R_AX]);
	EQ(0x89, ram_get(&r, AT_GDT + FREE + 5, 1));
	EQ(FL_1 | FL_CF, ram_get(&r, AT_TSS2 + 0x24, 4)); /* NT is gone */
	sys_rig_free(&r);
}

TEST(task_by_jump_is_not_nested)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	second_task(&r);
	RUNS(&r, far_jump(r.c, FREE, 0, 4));
	EQ(FL_1 | FL_CF, r.c->flags);
	EQ(0x89, ram_get(&r, AT_GDT + SEL_TSS + 5, 1));
	EQ(0, ram_get(&r, AT_TSS2, 2));
	sys_rig_free(&r);
}

TEST(fault_in_a_new_tasks_segments_is_its_own)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	second_task(&r);
	ram_put(&r, AT_TSS2 + 0x54, 2, SEL_TSS); /* DS */
	RAISES(&r, EXC_TS, SEL_TSS, far_jump(r.c, FREE, 0, 4));
	EQ(FREE, r.c->tr.sel);
	EQ(0x6666, r.c->rip);
	sys_rig_free(&r);
}

TEST(event_through_a_task_gate)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	second_task(&r);
	gate_put(&r, AT_IDT + 8 * EXC_GP, SYS_TASK_GATE, 0, FREE, 0, 0);
	r.c->exc.vector = EXC_GP;
	r.c->exc.kind = EXC_FAULT;
	r.c->exc.has_error = true;
	r.c->exc.error = 0x4321;
	cpu_deliver(r.c);
	EQ(FREE, r.c->tr.sel);
	EQ(0x6666, r.c->rip);
	EQ(0xb000 - 4, r.c->r[R_SP]);
	EQ(0x4321, ram_get(&r, 0xb000 - 4, 4));
	EQ(0x8000, ram_get(&r, AT_TSS + 0x20, 4));
	sys_rig_free(&r);
}

/* ---- I/O permission ---- */

TEST(io_bitmap)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	ram_put(&r, AT_TSS + 104 + 32 + 0x3f8 / 8, 2, 0x0100); /* 0x400 is refused */
	RUNS(&r, io_check(r.c, 0x3f8, 1));
	RUNS(&r, io_check(r.c, 0x3fe, 2));
	RAISES(&r, EXC_GP, 0, io_check(r.c, 0x3ff, 2));
	RAISES(&r, EXC_GP, 0, io_check(r.c, 0x400, 1));
	RAISES(&r, EXC_GP, 0, io_check(r.c, 0xffff, 1)); /* beyond the limit */
	r.c->flags |= FL_IOPL;
	RUNS(&r, io_check(r.c, 0x400, 1));
	sys_rig_free(&r);
}
