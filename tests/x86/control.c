/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reset, control and debug registers (SDM volume 3, 2.5, 9.1, 17.2). */
#include "tests/x86/sys_rig.h"

#include "base/err.h"
#include "hypervisor/domain.h"

#define EFER 0xc0000080

TEST(power_up)
{
	struct sys_rig r = sys_rig("max");
	struct cpu *c = r.c;

	cpu_reset(c, false);
	EQ(0xfff0, c->rip);
	EQ(0xf000, c->seg[SEG_CS].sel);
	EQ(0xffff0000, c->seg[SEG_CS].base);
	EQ(0xffff, c->seg[SEG_CS].limit);
	EQ(2, c->flags);
	EQ(0x60000010, c->cr0);
	EQ(0xffff0ff0, c->dr[6]);
	EQ(0x400, c->dr[7]);
	EQ(0xfee00900, c->apic_base);
	EQ(MODE_16, c->mode);
	EQ(0x40, load_le(c->fpu.fx, 2));
	EQ(0x1f80, load_le(c->fpu.fx + 24, 4));
	EQ(0x0007040600070406, c->pat);
	EQ(0xffff, c->idtr.limit);
	sys_rig_free(&r);
}

TEST(init_keeps_fpu_and_msrs)
{
	struct sys_rig r = sys_rig("max");
	struct cpu *c = r.c;

	go_long(&r, 0);
	c->pat = 6;
	c->fpu.fx[160] = 0x77;
	c->cr0 |= CR0_CD;
	cpu_reset(c, true);
	EQ(6, c->pat);
	EQ(0x77, c->fpu.fx[160]);
	EQ(CR0_CD | CR0_ET, c->cr0);
	EQ(0, c->cr4);
	EQ(0, c->efer);
	CHECK(!c->long_mode);
	EQ(0xfff0, c->rip);
	sys_rig_free(&r);
}

TEST(cr0_combinations)
{
	struct sys_rig r = sys_rig("max");

	RAISES(&r, EXC_GP, 0, cr_write(r.c, 0, CR0_PG));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 0, CR0_NW));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 0, 1ull << 32));
	RUNS(&r, cr_write(r.c, 0, 1 << 6 | CR0_PE));
	EQ(CR0_PE | CR0_ET, r.c->cr0); /* ET is there to stay, bit 6 is not there */
	RUNS(&r, cpu_lmsw(r.c, CR0_TS));
	EQ(CR0_PE | CR0_ET | CR0_TS, r.c->cr0); /* LMSW does not leave protected mode */
	RUNS(&r, cpu_clts(r.c));
	EQ(CR0_PE | CR0_ET, cr_read(r.c, 0));
	sys_rig_free(&r);
}

TEST(the_way_into_long_mode)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	RUNS(&r, msr_write(r.c, EFER, EFER_LME));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 0, r.c->cr0 | CR0_PG)); /* no PAE */
	RUNS(&r, cr_write(r.c, 4, CR4_PAE));
	r.c->seg[SEG_CS].attr |= SEG_L;
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 0, r.c->cr0 | CR0_PG));
	r.c->seg[SEG_CS].attr &= (uint16_t)~SEG_L;
	CHECK(!(msr_read(r.c, EFER) & EFER_LMA));
	RUNS(&r, cr_write(r.c, 0, r.c->cr0 | CR0_PG));
	CHECK(msr_read(r.c, EFER) & EFER_LMA);
	EQ(MODE_32, r.c->mode); /* compatibility mode */
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 4, 0));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, EFER, 0));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 3, 1ull << 40));
	RUNS(&r, cr_write(r.c, 0, r.c->cr0 & ~(uint64_t)CR0_PG));
	CHECK(!(msr_read(r.c, EFER) & EFER_LMA));
	sys_rig_free(&r);
}

TEST(paging_stays_on_in_64_bit_code)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 0, r.c->cr0 & ~(uint64_t)CR0_PG));
	RUNS(&r, far_jump(r.c, CODE0, 0x8000, 4));
	RUNS(&r, cr_write(r.c, 0, r.c->cr0 & ~(uint64_t)CR0_PG));
	CHECK(!r.c->long_mode);
	sys_rig_free(&r);
}

TEST(cr4_knows_the_features)
{
	struct sys_rig r = sys_rig("max,-smap,-smep");

	RAISES(&r, EXC_GP, 0, cr_write(r.c, 4, CR4_SMAP));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 4, CR4_SMEP));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 4, 1 << 12));   /* LA57 */
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 4, CR4_PCIDE)); /* not in long mode */
	RUNS(&r, cr_write(r.c, 4, CR4_PGE | CR4_PSE));
	sys_rig_free(&r);
	r = sys_rig("max");
	go_long(&r, 0);
	RUNS(&r, cr_write(r.c, 3, r.c->cr3 | 8));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 4, r.c->cr4 | CR4_PCIDE));
	RUNS(&r, cr_write(r.c, 3, r.c->cr3 & ~0xfffull));
	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | CR4_PCIDE));
	sys_rig_free(&r);
}

TEST(cr8_and_those_not_there)
{
	struct sys_rig r = sys_rig("max");

	RUNS(&r, cr_write(r.c, 8, 15));
	EQ(15, cr_read(r.c, 8));
	RAISES(&r, EXC_GP, 0, cr_write(r.c, 8, 16));
	EQ(EXC_UD, (unsigned)RAISED(&r, cr_write(r.c, 1, 0)));
	sys_rig_free(&r);
}

TEST(debug_registers)
{
	struct sys_rig r = sys_rig("max");

	RUNS(&r, dr_write(r.c, 6, 0));
	EQ(0xffff0ff0, dr_read(r.c, 6));
	RUNS(&r, dr_write(r.c, 7, 0xffffffff & ~(1u << 13)));
	EQ(0xffff07ff, dr_read(r.c, 7));
	RUNS(&r, dr_write(r.c, 7, 0));
	RAISES(&r, EXC_GP, 0, dr_write(r.c, 7, 1ull << 32));
	RUNS(&r, dr_write(r.c, 4, 0xf));
	EQ(0xffff0fff, dr_read(r.c, 6)); /* an alias without CR4.DE */
	RUNS(&r, cr_write(r.c, 4, CR4_DE));
	EQ(EXC_UD, (unsigned)RAISED(&r, dr_read(r.c, 5)));
	/* General detect. */
	RUNS(&r, dr_write(r.c, 7, 1 << 13));
	EQ(EXC_DB, (unsigned)RAISED(&r, dr_read(r.c, 0)));
	CHECK(r.c->dr[6] & 1 << 13);
	sys_rig_free(&r);
}

TEST(instruction_breakpoints)
{
	struct sys_rig r = sys_rig("max");

	CHECK(!dbg_code_on(r.c));
	RUNS(&r, dr_write(r.c, 2, 0x8000));
	RUNS(&r, dr_write(r.c, 7, 1 << 5));
	CHECK(dbg_code_on(r.c));
	RUNS(&r, dbg_code(r.c, 0x8001));
	EQ(EXC_DB, (unsigned)RAISED(&r, dbg_code(r.c, 0x8000)));
	EQ(4, r.c->dr[6] & 0xf);
	r.c->flags |= FL_RF;
	RUNS(&r, dbg_code(r.c, 0x8000));
	sys_rig_free(&r);
}

TEST(io_breakpoints_need_de)
{
	struct sys_rig r = sys_rig("max");

	RUNS(&r, dr_write(r.c, 1, 0x3f8));
	RUNS(&r, dr_write(r.c, 7, 1 << 2 | 2u << 20 | 1u << 22)); /* 2 ports */
	dbg_io(r.c, 0x3f9, 1);
	EQ(0, r.c->dr6_pending);
	RUNS(&r, cr_write(r.c, 4, CR4_DE));
	dbg_io(r.c, 0x3fa, 1);
	EQ(0, r.c->dr6_pending);
	dbg_io(r.c, 0x3f9, 1);
	EQ(2, r.c->dr6_pending);
	sys_rig_free(&r);
}

TEST(flags_that_popf_may_change)
{
	struct sys_rig r = sys_rig("max");

	EQ(FL_IF | FL_IOPL, cpu_popf_mask(r.c, 4) & (FL_IF | FL_IOPL));
	r.c->cpl = 3;
	EQ(0, cpu_popf_mask(r.c, 4) & (FL_IF | FL_IOPL));
	r.c->flags |= FL_IOPL;
	EQ(FL_IF, cpu_popf_mask(r.c, 4) & (FL_IF | FL_IOPL));
	EQ(0, cpu_popf_mask(r.c, 2) & (FL_AC | FL_ID));
	sys_rig_free(&r);
}
