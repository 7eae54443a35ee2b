/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stack instructions: rSP's own cases, wraps, faults, flags in virtual-8086 mode. */
#include "tests/x86/machine.h"

#include "hypervisor/x86/vendor.h"

#define CODE 0x6000

static uint64_t top(struct machine *m, unsigned at, unsigned size)
{
	return load_le(m->ram + m->c->r[R_SP] + at, size);
}

TIER_TEST(push_sp_is_the_old_one_and_pop_sp_wins)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	LOAD(m, CODE, 0x54, 0xf4, 0x5c, 0xf4); /* push esp; hlt; pop esp; hlt */
	EQ(STOP_HALT, machine_run(m));
	EQ(0x7ffc, m->c->r[R_SP]);
	EQ(0x8000, top(m, 0, 4));
	store_le(m->ram + 0x7ffc, 4, 0x12345678);
	m->c->halted = false;
	EQ(STOP_HALT, machine_run(m));
	EQ(0x12345678, m->c->r[R_SP]);
	machine_free(m);
}

TIER_TEST(pop_to_memory_by_esp_counts_from_the_new_one)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	LOAD(m, CODE, 0x6a, 0x77, 0x8f, 0x04, 0x24, 0xf4); /* push 0x77; pop [esp]; hlt */
	EQ(STOP_HALT, machine_run(m));
	EQ(0x8000, m->c->r[R_SP]);
	EQ(0x77, top(m, 0, 4));
	machine_free(m);
}

TIER_TEST(a_push_that_faults_leaves_sp)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	m->c->idtr.limit = 0;
	m->c->seg[SEG_SS].limit = 0x7fff;
	LOAD(m, CODE, 0x50, 0x60, 0x50);
	m->c->r[R_SP] = 0x8004;
	EQ(STOP_TRIPLE, machine_run(m));
	EQ(0x8004, m->c->r[R_SP]);
	machine_free(m);
}

TIER_TEST(pusha_and_popa_wrap_in_real_mode)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	m->c->r[R_SP] = 6;
	for (unsigned i = 0; i < 8; i++)
		if (i != R_SP)
			m->c->r[i] = 0x1110 * i + 1;
	LOAD(m, CODE, 0x60, 0xf4, 0x61, 0xf4);
	EQ(STOP_HALT, machine_run(m));
	EQ(0xfff6, m->c->r[R_SP]);
	EQ(0x0001, load_le(m->ram + 4, 2));
	EQ(0x1110 * R_DI + 1, load_le(m->ram + 0xfff6, 2));
	EQ(6, load_le(m->ram + 0xfffc, 2));
	memset(m->c->r, 0, 4 * 8);
	m->c->halted = false;
	EQ(STOP_HALT, machine_run(m));
	EQ(6, m->c->r[R_SP]);
	EQ(0x3331, m->c->r[R_BX]);
	machine_free(m);
}

TIER_TEST(enter_copies_frames_and_leave_undoes)
{
	struct machine *m = machine_new("max");

	machine_prot(m, CODE);
	LOAD(m, CODE, 0xc8, 0x10, 0x00, 0x03, 0xf4, 0xc9, 0xf4); /* enter 16, 3; hlt; leave; hlt */
	m->c->r[R_BP] = 0x9000;
	store_le(m->ram + 0x8ffc, 4, 0xaaaa);
	store_le(m->ram + 0x8ff8, 4, 0xbbbb);
	EQ(STOP_HALT, machine_run(m));
	EQ(0x7ffc, m->c->r[R_BP]);
	EQ(0x7ff0 - 16, m->c->r[R_SP]);
	EQ(0x9000, load_le(m->ram + 0x7ffc, 4));
	EQ(0xaaaa, load_le(m->ram + 0x7ff8, 4));
	EQ(0xbbbb, load_le(m->ram + 0x7ff4, 4));
	EQ(0x7ffc, load_le(m->ram + 0x7ff0, 4));
	m->c->halted = false;
	EQ(STOP_HALT, machine_run(m));
	EQ(0x8000, m->c->r[R_SP]);
	EQ(0x9000, m->c->r[R_BP]);
	machine_free(m);
}

TIER_TEST(push_of_a_segment_is_two_bytes_of_four)
{
	for (unsigned amd = 0; amd < 2; amd++) {
		struct machine *m = machine_new("max");

		vendor_set(amd);
		machine_prot(m, CODE);
		store_le(m->ram + 0x7ffc, 4, 0xdeadbeef);
		LOAD(m, CODE, 0x1e, 0xf4); /* push ds */
		EQ(STOP_HALT, machine_run(m));
		EQ(0x7ffc, m->c->r[R_SP]);
		EQ(amd ? 0x10 : 0xdead0010, top(m, 0, 4));
		machine_free(m);
	}
}

TIER_TEST(long_mode_pushes_eight_or_two)
{
	struct machine *m = machine_new("max");

	machine_long(m, CODE);
	LOAD(m, CODE, 0x6a, 0xff,    /* push -1 */
	     0x66, 0x68, 0x34, 0x12, /* push word 0x1234 */
	     0x0f, 0xa0,             /* push fs */
	     0xf4);
	EQ(STOP_HALT, machine_run(m));
	EQ(0x8000 - 18, m->c->r[R_SP]);
	EQ(0x10, top(m, 0, 8));
	EQ(0x1234, top(m, 8, 2));
	EQ(~0ull, top(m, 10, 8));
	machine_free(m);
}

/* Virtual-8086 mode: base 0, no IDT, so that a #GP is a shutdown. */
static struct machine *vm86(unsigned iopl, bool vme, uint64_t flags)
{
	struct machine *m = machine_new("max");

	machine_real(m, 0, CODE);
	for (unsigned i = 0; i < SEG_N; i++)
		m->c->seg[i].attr = SEG_P | SEG_S | 3 << SEG_DPL_SHIFT | 3;
	m->c->cr0 |= CR0_PE;
	m->c->flags = FL_1 | FL_VM | iopl << 12 | flags;
	m->c->cpl = 3;
	m->c->cr4 = vme ? CR4_VME : 0;
	m->c->idtr.limit = 0;
	return m;
}

static const struct {
	const char *name;
	unsigned iopl;
	bool vme;
	uint64_t flags;
	uint8_t code[6];
	bool fault;
	uint64_t want; /* of IF, VIF */
} v86[] = {
	{"cli, iopl 3", 3, false, FL_IF, {0xfa}, false, 0},
	{"cli, iopl 0", 0, false, FL_IF, {0xfa}, true, FL_IF},
	{"cli, vme", 0, true, FL_IF | FL_VIF, {0xfa}, false, FL_IF},
	{"sti, vme", 0, true, FL_IF, {0xfb}, false, FL_IF | FL_VIF},
	{"sti, vip", 0, true, FL_IF | FL_VIP, {0xfb}, true, FL_IF},
	{"pushf, iopl 0", 0, false, FL_IF, {0x9c}, true, FL_IF},
	{"pushfd, vme", 0, true, FL_IF, {0x66, 0x9c}, true, FL_IF},
	{"popf IF, vme", 0, true, FL_IF, {0x68, 0x02, 0x02, 0x9d}, false, FL_IF | FL_VIF},
	{"popf no IF, vme", 0, true, FL_IF | FL_VIF, {0x6a, 0x02, 0x9d}, false, FL_IF},
	{"popf TF, vme", 0, true, FL_IF, {0x68, 0x02, 0x01, 0x9d}, true, FL_IF},
	{"popf IF with vip", 0, true, FL_IF | FL_VIP, {0x68, 0x02, 0x02, 0x9d}, true, FL_IF},
	{"popf, iopl 3", 3, false, FL_IF, {0x6a, 0x02, 0x9d}, false, 0},
};

TIER_TEST_EACH(virtual_8086_flags, sizeof(v86) / sizeof(v86[0]), v86[i].name)
{
	struct machine *m = vm86(v86[i].iopl, v86[i].vme, v86[i].flags);

	machine_load(m, CODE, v86[i].code, sizeof(v86[i].code));
	for (unsigned n = 0; n < 2 && cpu_run(m->c, 1) != STOP_TRIPLE; n++)
		if (!m->ram[m->c->rip]) /* behind the code */
			break;
	EQ(v86[i].fault, m->c->shutdown);
	EQ(v86[i].want, m->c->flags & (FL_IF | FL_VIF));
	EQ(v86[i].iopl, m->c->flags >> 12 & 3);
	machine_free(m);
}

TIER_TEST(pushf_in_virtual_8086_mode_shows_vif)
{
	struct machine *m = vm86(0, true, FL_IF);

	LOAD(m, CODE, 0x9c, 0x9c);
	EQ(STOP_COUNT, cpu_run(m->c, 1));
	EQ(0x3002, top(m, 0, 2));
	m->c->flags |= FL_VIF;
	EQ(STOP_COUNT, cpu_run(m->c, 1));
	EQ(0x3202, top(m, 0, 2));
	machine_free(m);
}
