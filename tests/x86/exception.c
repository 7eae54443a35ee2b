/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event delivery and IRET (SDM volume 3, chapter 6, 20.2-20.3). */
#include "tests/x86/sys_rig.h"

#include "hypervisor/domain.h"
#include "hypervisor/x86/desc.h"

#define HANDLER 0x8800

static void raise_fault(struct sys_rig *r, unsigned vector, bool has_error, uint32_t error)
{
	r->c->exc.vector = (uint8_t)vector;
	r->c->exc.kind = EXC_FAULT;
	r->c->exc.has_error = has_error;
	r->c->exc.error = error;
	cpu_deliver(r->c);
}

static void soft_int(struct sys_rig *r, unsigned vector)
{
	r->c->exc.vector = (uint8_t)vector;
	r->c->exc.kind = EXC_INT;
	r->c->exc.has_error = false;
	r->c->next_rip = r->c->rip + 2;
	cpu_deliver(r->c);
}

/* An interrupt gate of 32 bits (or of long mode) to CODE. */
static void gate(struct sys_rig *r, unsigned vector, unsigned dpl, uint16_t sel)
{
	unsigned size = r->c->long_mode ? 16 : 8;

	gate_put(r, AT_IDT + size * vector, SYS_INT, dpl, sel, HANDLER, 0);
}

static uint64_t on_stack(struct sys_rig *r, unsigned n, unsigned size)
{
	return ram_get(r, r->c->r[R_SP] + (uint64_t)n * size, size);
}

/* ---- real mode ---- */

TEST(real_mode_interrupt_and_iret)
{
	struct sys_rig r = sys_rig("max");

	ram_put(&r, 4 * 0x21, 4, 0x12345678);
	r.c->flags |= FL_IF | FL_TF | FL_CF;
	soft_int(&r, 0x21);
	EQ(0x1234, r.c->seg[SEG_CS].sel);
	EQ(0x12340, r.c->seg[SEG_CS].base);
	EQ(0x5678, r.c->rip);
	EQ(0x7000 - 6, r.c->r[R_SP]);
	EQ(0x7c02, on_stack(&r, 0, 2));
	EQ(0, on_stack(&r, 1, 2));
	EQ(FL_IF | FL_TF | FL_CF | FL_1, on_stack(&r, 2, 2));
	EQ(FL_CF | FL_1, r.c->flags);
	RUNS(&r, cpu_iret(r.c, 2));
	EQ(0x7c02, r.c->next_rip);
	EQ(0, r.c->seg[SEG_CS].sel);
	EQ(FL_IF | FL_TF | FL_CF | FL_1, r.c->flags);
	EQ(0x7000, r.c->r[R_SP]);
	sys_rig_free(&r);
}

TEST(real_mode_idt_limit)
{
	struct sys_rig r = sys_rig("max");

	ram_put(&r, 4 * EXC_DF, 4, 0x00100020);
	ram_put(&r, 4 * EXC_GP, 4, 0x00300040);
	r.c->idtr.limit = 4 * EXC_GP + 3;
	soft_int(&r, 0x80);
	EQ(0x40, r.c->rip);
	EQ(0x7c00, on_stack(&r, 0, 2)); /* the fault's rip, not the next one's; no error code */
	r.c->idtr.limit = 4 * EXC_DF + 3;
	r.c->rip = 0x7c00;
	raise_fault(&r, EXC_GP, true, 0);
	EQ(0x20, r.c->rip);
	CHECK(!r.c->shutdown);
	r.c->idtr.limit = 3;
	raise_fault(&r, EXC_GP, true, 0);
	CHECK(r.c->shutdown);
	sys_rig_free(&r);
}

/* ---- protected mode ---- */

TEST(from_ring_3_through_a_gate_and_back)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	gate(&r, EXC_GP, 0, CODE0);
	r.c->flags |= FL_IF;
	raise_fault(&r, EXC_GP, true, 0x1234);
	EQ(CODE0, r.c->seg[SEG_CS].sel);
	EQ(DATA0, r.c->seg[SEG_SS].sel);
	EQ(HANDLER, r.c->rip);
	EQ(0, r.c->cpl);
	EQ(AT_STACK0 - 24, r.c->r[R_SP]);
	EQ(0x1234, on_stack(&r, 0, 4));
	EQ(0x8000, on_stack(&r, 1, 4));
	EQ(CODE3, on_stack(&r, 2, 4));
	EQ(FL_IF | FL_RF | FL_1, on_stack(&r, 3, 4));
	EQ(AT_STACK3, on_stack(&r, 4, 4));
	EQ(DATA3, on_stack(&r, 5, 4));
	EQ(FL_1, r.c->flags);
	r.c->r[R_SP] += 4;
	RUNS(&r, seg_load(r.c, SEG_DS, DATA0));
	RUNS(&r, cpu_iret(r.c, 4));
	EQ(3, r.c->cpl);
	EQ(0x8000, r.c->next_rip);
	EQ(AT_STACK3, r.c->r[R_SP]);
	EQ(DATA3, r.c->seg[SEG_SS].sel);
	EQ(FL_IF | FL_RF | FL_1, r.c->flags);
	/* Ring 0's data segment is gone, ring 3's not. */
	EQ(0, r.c->seg[SEG_DS].sel);
	EQ(DATA3, r.c->seg[SEG_ES].sel);
	RAISES(&r, EXC_GP, 0, mem_read(r.c, SEG_DS, 0, 1));
	sys_rig_free(&r);
}

TEST(same_ring_keeps_the_stack)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gate_put(&r, AT_IDT + 8 * 0x30, SYS_TRAP, 0, CODE0, HANDLER, 0);
	r.c->flags |= FL_IF | FL_TF;
	cpu_interrupt(r.c, 0x30);
	EQ(AT_STACK0 - 12, r.c->r[R_SP]);
	EQ(0x8000, on_stack(&r, 0, 4));
	EQ(CODE0, on_stack(&r, 1, 4));
	EQ(FL_IF | FL_TF | FL_1, on_stack(&r, 2, 4));
	EQ(FL_IF | FL_1, r.c->flags); /* a trap gate */
	RUNS(&r, cpu_iret(r.c, 4));
	EQ(AT_STACK0, r.c->r[R_SP]);
	EQ(0x8000, r.c->next_rip);
	sys_rig_free(&r);
}

TEST(int_n_heeds_the_gates_dpl)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	gate(&r, EXC_GP, 0, CODE0);
	gate(&r, 0x80, 3, CODE0);
	gate(&r, 0x81, 0, CODE0);
	soft_int(&r, 0x81);
	EQ(0x81 * 8 + 2, on_stack(&r, 0, 4)); /* no EXT: INT n is the program's */
	EQ(0x8000, on_stack(&r, 1, 4));
	sys_rig_free(&r);
	r = sys_rig("max");
	go_prot(&r, 3);
	gate(&r, 0x80, 3, CODE0);
	soft_int(&r, 0x80);
	EQ(HANDLER, r.c->rip);
	EQ(0x8002, on_stack(&r, 0, 4));
	sys_rig_free(&r);
}

TEST(faults_of_delivery_have_ext)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gate(&r, EXC_NP, 0, CODE0);
	gate(&r, EXC_GP, 0, CODE0);
	gate(&r, 0x40, 0, CODE0);
	ram_put(&r, AT_IDT + 8 * 0x40 + 4, 4, 0x0e00); /* not present */
	cpu_interrupt(r.c, 0x40);
	EQ(0x40 * 8 + 3, on_stack(&r, 0, 4));
	r.c->rip = 0x8000;
	cpu_interrupt(r.c, 0x41); /* no gate at all */
	EQ(0x41 * 8 + 3, on_stack(&r, 0, 4));
	EQ(0, r.c->ext);
	sys_rig_free(&r);
}

/* Which vector comes of `second` during `first` (SDM table 6-5)? */
static unsigned combination(unsigned first, unsigned second)
{
	struct sys_rig r = sys_rig("max");
	unsigned got;

	go_prot(&r, 0);
	for (unsigned v = 0; v < 32; v++)
		gate_put(&r, AT_IDT + 8 * v, SYS_INT, 0, CODE0, 0x9000 + v, 0);
	/* The gate of the first leads to the second. */
	if (second == EXC_NP)
		ram_put(&r, AT_IDT + 8 * first + 4, 4, 0x0e00);
	else
		ram_put(&r, AT_IDT + 8 * first, 4, 0x70 << 16); /* #GP: a null descriptor */
	raise_fault(&r, first, first == EXC_GP, 0);
	got = r.c->shutdown ? 99 : (unsigned)r.c->rip - 0x9000;
	sys_rig_free(&r);
	return got;
}

TEST(double_faults)
{
	EQ(EXC_GP, combination(EXC_UD, EXC_GP));
	EQ(EXC_NP, combination(EXC_DB, EXC_NP));
	EQ(EXC_DF, combination(EXC_DE, EXC_GP));
	EQ(EXC_DF, combination(EXC_SS, EXC_NP));
	EQ(EXC_DF, combination(EXC_PF, EXC_GP));
	EQ(99, combination(EXC_DF, EXC_GP));
}

TEST(page_fault_in_a_contributory_one_is_served)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 3);
	gate(&r, EXC_GP, 0, LONG0);
	gate_put(&r, AT_IDT + 16 * EXC_PF, SYS_INT, 0, LONG0, HANDLER, 1);
	ram_put(&r, AT_TSS + 4, 8, 0x50000000); /* not mapped */
	ram_put(&r, AT_TSS + 36, 8, AT_STACK0);
	raise_fault(&r, EXC_GP, true, 0);
	EQ(HANDLER, r.c->rip);
	EQ(0x50000000 - 8, r.c->cr2);
	EQ(2, on_stack(&r, 0, 8));
	CHECK(!r.c->shutdown);
	sys_rig_free(&r);
}

TEST(a_page_fault_in_a_page_fault_is_double)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 3);
	gate(&r, EXC_PF, 0, LONG0);
	gate_put(&r, AT_IDT + 16 * EXC_DF, SYS_INT, 0, LONG0, HANDLER + 8, 1);
	ram_put(&r, AT_TSS + 4, 8, 0x50000000);
	ram_put(&r, AT_TSS + 36, 8, AT_STACK0);
	r.c->exc.cr2 = 0x1234;
	raise_fault(&r, EXC_PF, true, 4);
	EQ(HANDLER + 8, r.c->rip);
	EQ(0, on_stack(&r, 0, 8));
	EQ(0x8000, on_stack(&r, 1, 8));
	sys_rig_free(&r);
}

/* ---- long mode ---- */

TEST(long_mode_frame_is_whole_and_aligned)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	gate(&r, 0x30, 0, LONG0);
	r.c->r[R_SP] = AT_STACK0 - 3;
	cpu_interrupt(r.c, 0x30);
	EQ(AT_STACK0 - 16 - 40, r.c->r[R_SP]);
	EQ(0x8000, on_stack(&r, 0, 8));
	EQ(LONG0, on_stack(&r, 1, 8));
	EQ(AT_STACK0 - 3, on_stack(&r, 3, 8));
	EQ(DATA0, on_stack(&r, 4, 8));
	EQ(DATA0, r.c->seg[SEG_SS].sel); /* no change of ring */
	RUNS(&r, cpu_iret(r.c, 8));
	EQ(AT_STACK0 - 3, r.c->r[R_SP]);
	EQ(0x8000, r.c->next_rip);
	sys_rig_free(&r);
}

TEST(long_mode_from_ring_3_and_back_keeps_fs_base)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 3);
	gate(&r, 0x30, 0, LONG0);
	r.c->seg[SEG_FS] = (struct segment){.base = 0x7fff12345678};
	cpu_interrupt(r.c, 0x30);
	EQ(0, r.c->cpl);
	EQ(0, r.c->seg[SEG_SS].sel); /* null */
	EQ(AT_STACK0 - 40, r.c->r[R_SP]);
	EQ(DATA3, on_stack(&r, 4, 8));
	RUNS(&r, cpu_iret(r.c, 8));
	EQ(3, r.c->cpl);
	EQ(AT_STACK3, r.c->r[R_SP]);
	EQ(MODE_64, r.c->mode);
	EQ(0x7fff12345678, r.c->seg[SEG_FS].base);
	sys_rig_free(&r);
}

/* Linux' entry stacks are at the top of memory; a signal frame goes to what was pushed as RSP. */
TEST(iret_to_compatibility_mode_clears_the_upper_half_of_rsp)
{
	const uint64_t top = 0xfffffe0000001000;
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	page_put(&r, top - 0x1000, AT_STACK0 - 0x1000, 3);
	r.c->r[R_SP] = top - 40;
	ram_put(&r, AT_STACK0 - 40, 8, 0x8000);
	ram_put(&r, AT_STACK0 - 32, 8, CODE3);
	ram_put(&r, AT_STACK0 - 24, 8, FL_1);
	ram_put(&r, AT_STACK0 - 16, 8, AT_STACK3);
	ram_put(&r, AT_STACK0 - 8, 8, DATA3);
	RUNS(&r, cpu_iret(r.c, 8));
	EQ(MODE_32, r.c->mode);
	EQ(AT_STACK3, r.c->r[R_SP]);
	sys_rig_free(&r);
}

TEST(iret_to_a_non_canonical_rip_faults_before_it)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->r[R_SP] = AT_STACK0 - 40;
	ram_put(&r, AT_STACK0 - 40, 8, 1ull << 47);
	ram_put(&r, AT_STACK0 - 32, 8, LONG3);
	ram_put(&r, AT_STACK0 - 24, 8, FL_1);
	ram_put(&r, AT_STACK0 - 16, 8, AT_STACK3);
	ram_put(&r, AT_STACK0 - 8, 8, DATA3);
	r.c->nmi_blocked = true;
	RAISES(&r, EXC_GP, 0, cpu_iret(r.c, 8));
	EQ(0, r.c->cpl);
	EQ(AT_STACK0 - 40, r.c->r[R_SP]);
	CHECK(r.c->nmi_blocked);
	ram_put(&r, AT_STACK0 - 40, 8, 0x1000);
	RUNS(&r, cpu_iret(r.c, 8));
	EQ(3, r.c->cpl);
	CHECK(!r.c->nmi_blocked);
	sys_rig_free(&r);
}

/* The accessed bit of the outer SS cannot be written: nothing of the return has happened. */
TEST(iret_is_all_or_nothing)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	gdt_put(&r, SEL_FREE, 0, 0xfffff, 0xf2, 0xc);
	gdt_put(&r, LONG3, 0, 0xfffff, 0xfb, 0xa);
	map_long(&r, r.c->cr3, AT_GDT, AT_GDT, 12, 1, 7);
	mmu_invlpg(r.c, AT_GDT);
	r.c->r[R_SP] = AT_STACK0 - 40;
	ram_put(&r, AT_STACK0 - 40, 8, 0x1000);
	ram_put(&r, AT_STACK0 - 32, 8, LONG3);
	ram_put(&r, AT_STACK0 - 24, 8, FL_1);
	ram_put(&r, AT_STACK0 - 16, 8, AT_STACK3);
	ram_put(&r, AT_STACK0 - 8, 8, SEL_FREE | 3);
	RAISES(&r, EXC_PF, 3, cpu_iret(r.c, 8));
	EQ(LONG0, r.c->seg[SEG_CS].sel);
	EQ(0, r.c->cpl);
	EQ(AT_STACK0 - 40, r.c->r[R_SP]);
	sys_rig_free(&r);
}

/* ---- virtual-8086 mode ---- */

static void go_vm86(struct sys_rig *r, unsigned iopl)
{
	static const uint32_t frame[] = {0x100, 0x2000, 0, 0x800, 0x3000, 0x11, 0x12, 0x13, 0x14};

	go_prot(r, 0);
	gate(r, EXC_GP, 0, CODE0);
	gate(r, 0x21, 3, CODE0);
	r->c->r[R_SP] = AT_STACK0 - sizeof(frame);
	for (unsigned i = 0; i < ARRAY_SIZE(frame); i++)
		ram_put(r, r->c->r[R_SP] + 4 * i, 4, frame[i]);
	ram_put(r, r->c->r[R_SP] + 8, 4, FL_VM | FL_1 | FL_IF | iopl << 12);
	RUNS(r, cpu_iret(r->c, 4));
	r->c->rip = r->c->next_rip;
}

TEST(into_vm86_and_out)
{
	struct sys_rig r = sys_rig("max");

	go_vm86(&r, 3);
	EQ(0x20000, r.c->seg[SEG_CS].base);
	EQ(0x30000, r.c->seg[SEG_SS].base);
	EQ(0x110, r.c->seg[SEG_ES].base);
	EQ(0x140, r.c->seg[SEG_GS].base);
	EQ(3, r.c->cpl);
	EQ(0x100, r.c->rip);
	EQ(0x800, r.c->r[R_SP]);
	EQ(MODE_16, r.c->mode);
	soft_int(&r, 0x21);
	EQ(0, r.c->cpl);
	EQ(0, r.c->flags & FL_VM);
	EQ(AT_STACK0 - 36, r.c->r[R_SP]);
	EQ(0x102, on_stack(&r, 0, 4));
	EQ(0x2000, on_stack(&r, 1, 4));
	CHECK(on_stack(&r, 2, 4) & FL_VM);
	EQ(0x800, on_stack(&r, 3, 4));
	EQ(0x3000, on_stack(&r, 4, 4));
	EQ(0x11, on_stack(&r, 5, 4)); /* ES */
	EQ(0x14, on_stack(&r, 8, 4)); /* GS */
	EQ(0, r.c->seg[SEG_ES].sel);
	sys_rig_free(&r);
}

TEST(int_n_in_vm86_needs_iopl_3)
{
	struct sys_rig r = sys_rig("max");

	go_vm86(&r, 0);
	soft_int(&r, 0x21);
	EQ(HANDLER, r.c->rip);
	EQ(0, on_stack(&r, 0, 4)); /* #GP(0) */
	EQ(0x100, on_stack(&r, 1, 4));
	sys_rig_free(&r);
}

TEST(vme_redirects_to_the_ivt)
{
	struct sys_rig r = sys_rig("max");

	go_vm86(&r, 0);
	r.c->cr4 |= CR4_VME;
	r.c->flags |= FL_VIF;
	ram_put(&r, AT_TSS + 104 + 0x21 / 8, 1, 0);
	ram_put(&r, 4 * 0x21, 4, 0x40000050);
	soft_int(&r, 0x21);
	EQ(0x50, r.c->rip);
	EQ(0x40000, r.c->seg[SEG_CS].base);
	CHECK(r.c->flags & FL_VM);
	EQ(0, r.c->flags & FL_VIF);
	EQ(0x102, ram_get(&r, 0x30000 + 0x7fa, 2));
	EQ(FL_IF | FL_IOPL | FL_1, ram_get(&r, 0x30000 + 0x7fe, 2));
	RUNS(&r, cpu_iret(r.c, 2));
	EQ(0x102, r.c->next_rip);
	CHECK(r.c->flags & FL_VIF);
	/* Its bit set: to the monitor, as IOPL says. */
	r.c->rip = 0x102;
	ram_put(&r, AT_TSS + 104 + 0x21 / 8, 1, 1 << 0x21 % 8);
	soft_int(&r, 0x21);
	EQ(HANDLER, r.c->rip);
	sys_rig_free(&r);
}

/* ---- #DB, NMI ---- */

TEST(single_step_trap)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gate(&r, EXC_DB, 0, CODE0);
	r.c->flags |= FL_TF;
	r.c->dr[7] |= 1 << 13;
	cpu_debug_trap(r.c, 1 << 14);
	EQ(HANDLER, r.c->rip);
	EQ(0xffff4ff0, r.c->dr[6]);
	EQ(0x400, r.c->dr[7]);
	EQ(FL_TF | FL_1, on_stack(&r, 2, 4));
	sys_rig_free(&r);
}

TEST(nmi_blocks_nmi_until_iret)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gate(&r, EXC_NMI, 0, CODE0);
	cpu_nmi(r.c);
	CHECK(r.c->nmi_blocked);
	RUNS(&r, cpu_iret(r.c, 4));
	CHECK(!r.c->nmi_blocked);
	sys_rig_free(&r);
}
