/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID, processor models, MSRs. */
#include "tests/x86/sys_rig.h"

#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/model.h"

static uint32_t leaf(struct sys_rig *r, uint32_t n, uint32_t sub, unsigned reg)
{
	uint32_t out[4];

	cpu_cpuid(r->c, n, sub, out);
	return out[reg];
}

TEST(vendor_and_largest_leaves)
{
	struct sys_rig r = sys_rig("qemu64");
	uint32_t out[4];
	char brand[49] = "";

	cpu_cpuid(r.c, 0, 0, out);
	EQM("Genu", &out[1], 4);
	EQM("ineI", &out[3], 4);
	EQM("ntel", &out[2], 4);
	CHECK(out[0] >= 0xd);
	EQ(0x80000008, leaf(&r, 0x80000000, 0, 0));
	for (unsigned i = 0; i < 3; i++)
		cpu_cpuid(r.c, 0x80000002 + i, 0, (uint32_t *)(void *)(brand + 16 * i));
	EQS("HVM software processor", brand);
	EQ(48 << 8 | 40, leaf(&r, 0x80000008, 0, 0));
	/* Beyond the last: as the last. */
	EQ(leaf(&r, 0x16, 0, 0), leaf(&r, 0x12345, 0, 0));
	sys_rig_free(&r);
}

TEST(models_have_their_features)
{
	struct sys_rig r = sys_rig("x86-64-v1");

	CHECK(leaf(&r, 1, 0, CPUID_EDX) & 1 << 6);   /* PAE */
	CHECK(leaf(&r, 1, 0, CPUID_ECX) & 1u << 31); /* hypervisor */
	EQ(0, leaf(&r, 1, 0, CPUID_ECX) & (1 << 0 | 1 << 20 | 1 << 28));
	EQ(0, leaf(&r, 7, 0, CPUID_EBX));
	CHECK(leaf(&r, 0x80000001, 0, CPUID_EDX) & 1 << 29);
	EQ(0, leaf(&r, 0xd, 0, 0));
	sys_rig_free(&r);
	r = sys_rig("max");
	EQ(1 << 7 | 1 << 20, leaf(&r, 7, 0, CPUID_EBX) & (1 << 7 | 1 << 20)); /* SMEP, SMAP */
	/* Never: MONITOR, VMX, AVX-512, protection keys, LA57. */
	EQ(0, leaf(&r, 1, 0, CPUID_ECX) & (1 << 3 | 1 << 5));
	EQ(0, leaf(&r, 7, 0, CPUID_EBX) & 1 << 16);
	EQ(0, leaf(&r, 7, 0, CPUID_ECX) & (1 << 3 | 1 << 16));
	sys_rig_free(&r);
	r = sys_rig("max,-smap,-pcid");
	EQ(0, leaf(&r, 7, 0, CPUID_EBX) & 1 << 20);
	EQ(0, leaf(&r, 7, 0, CPUID_EBX) & 1 << 10); /* INVPCID without PCID */
	sys_rig_free(&r);
	r = sys_rig("x86-64-v1,+smep");
	CHECK(leaf(&r, 7, 0, CPUID_EBX) & 1 << 7);
	sys_rig_free(&r);
}

TEST(wrong_models_are_named)
{
	struct err e = {""};

	CHECK(!model_new("pentium", &e));
	EQS("no CPU model pentium (-cpu help lists them)", e.msg);
	e = (struct err){""};
	CHECK(!model_new("max,+sse9", &e));
	EQS("no CPU feature sse9", e.msg);
	e = (struct err){""};
	CHECK(!model_new("max,sse2", &e));
	EQS("CPU feature without + or -, =on or =off: sse2", e.msg);
	e = (struct err){""};
	CHECK(!model_new("max,+monitor", &e));
	EQS("CPU feature monitor is not there in this engine", e.msg);
}

TEST(leaf_1_follows_the_processor)
{
	struct sys_rig r = sys_rig("max");

	CHECK(leaf(&r, 1, 0, CPUID_EDX) & 1 << 9);
	RUNS(&r, msr_write(r.c, 0x1b, 0xfee00100));
	EQ(0, leaf(&r, 1, 0, CPUID_EDX) & 1 << 9);
	EQ(0, leaf(&r, 1, 0, CPUID_ECX) & 1 << 27);
	r.c->cr4 |= CR4_OSXSAVE;
	CHECK(leaf(&r, 1, 0, CPUID_ECX) & 1 << 27);
	/* SYSCALL is shown to 64-bit code alone. */
	EQ(0, leaf(&r, 0x80000001, 0, CPUID_EDX) & 1 << 11);
	go_long(&r, 0);
	CHECK(leaf(&r, 0x80000001, 0, CPUID_EDX) & 1 << 11);
	sys_rig_free(&r);
}

TEST(leaf_d_follows_xcr0)
{
	struct sys_rig r = sys_rig("max");

	if (!cpu_has(r.c, CPU_AVX)) {
		sys_rig_free(&r);
		SKIP("no AVX here");
	}
	EQ(7, leaf(&r, 0xd, 0, 0));
	EQ(832, leaf(&r, 0xd, 0, CPUID_ECX));
	EQ(576, leaf(&r, 0xd, 0, CPUID_EBX));
	RUNS(&r, xcr_write(r.c, 0, 7));
	EQ(832, leaf(&r, 0xd, 0, CPUID_EBX));
	EQ(256, leaf(&r, 0xd, 2, 0));
	EQ(576, leaf(&r, 0xd, 2, CPUID_EBX));
	RAISES(&r, EXC_GP, 0, xcr_write(r.c, 0, 5));
	RAISES(&r, EXC_GP, 0, xcr_write(r.c, 0, 6));
	RAISES(&r, EXC_GP, 0, xcr_write(r.c, 0, 0x1f));
	RAISES(&r, EXC_GP, 0, xcr_write(r.c, 1, 1));
	sys_rig_free(&r);
}

TEST(msrs)
{
	struct sys_rig r = sys_rig("max");

	RAISES(&r, EXC_GP, 0, msr_read(r.c, 0x12345));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x12345, 0));
	RUNS(&r, msr_write(r.c, 0x277, 0x0606060606060606));
	EQ(0x0606060606060606, msr_read(r.c, 0x277));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x277, 2));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x277, 0x80));
	EQ(0x508, msr_read(r.c, 0xfe));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0xfe, 0));
	RUNS(&r, msr_write(r.c, 0x200, 0xc0000006));
	RUNS(&r, msr_write(r.c, 0x201, 0xffc0000800));
	EQ(0xc0000006, msr_read(r.c, 0x200));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x201, 1ull << 40));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x200, 2));
	RUNS(&r, msr_write(r.c, 0x26f, 0x0505050505050505));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x26f, 7));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x2ff, 0x1000));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0xc0000080, 1 << 1));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0xc0000100, 1ull << 47));
	RUNS(&r, msr_write(r.c, 0xc0000101, 0xffff800000000000));
	EQ(0xffff800000000000, r.c->seg[SEG_GS].base);
	EQ(0, msr_read(r.c, 0x17));
	RUNS(&r, msr_write(r.c, 0x1a0, msr_read(r.c, 0x1a0) | 1 << 22));
	sys_rig_free(&r);
}

#define NONE_OF_IT "max,-arch-capabilities,-spec-ctrl,-stibp,-ssbd,-bhi-ctrl"

TEST(our_own_models_are_immune)
{
	struct sys_rig r = sys_rig("max");

	EQ(0xac000000, leaf(&r, 7, 0, CPUID_EDX) & 0xbc000000);
	EQ(2, leaf(&r, 7, 0, CPUID_EAX));
	EQ(0, leaf(&r, 7, 1, CPUID_EDX));
	EQ(1 << 4, leaf(&r, 7, 2, CPUID_EDX));
	EQ(0x400000000d10e17b, msr_read(r.c, 0x10a));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x10a, 0));
	sys_rig_free(&r);
	r = sys_rig("max,-rdctl-no,its-no=off,-mds-no");
	EQ(0xd10e15a, msr_read(r.c, 0x10a));
	sys_rig_free(&r);
	r = sys_rig("max,-spec-ctrl"); /* IBRS_ALL says what IBRS does */
	EQ(0x400000000d10e179, msr_read(r.c, 0x10a));
	sys_rig_free(&r);
}

TEST(models_of_others_say_nothing_of_attacks)
{
	static const char *const models[] = {NONE_OF_IT, "qemu64", "x86-64-v3"};

	for (unsigned i = 0; i < 3; i++) {
		struct sys_rig r = sys_rig(models[i]);

		EQ(0, leaf(&r, 7, 0, CPUID_EDX) & 0xfc000000);
		EQ(0, leaf(&r, 7, 0, CPUID_EAX));
		EQ(0, leaf(&r, 7, 2, CPUID_EDX));
		RAISES(&r, EXC_GP, 0, msr_read(r.c, 0x10a));
		RAISES(&r, EXC_GP, 0, msr_read(r.c, 0x48));
		RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x48, 0));
		RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x49, 1));
		sys_rig_free(&r);
	}
}

TEST(speculation_control)
{
	struct sys_rig r = sys_rig("max");

	EQ(0, msr_read(r.c, 0x48));
	RUNS(&r, msr_write(r.c, 0x48, 0x407));
	EQ(0x407, msr_read(r.c, 0x48));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x48, 8));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x48, 1ull << 32));
	EQ(0x407, msr_read(r.c, 0x48));
	RUNS(&r, msr_write(r.c, 0x49, 1));
	RUNS(&r, msr_write(r.c, 0x49, 0));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x49, 2));
	RAISES(&r, EXC_GP, 0, msr_read(r.c, 0x49));
	cpu_reset(r.c, true); /* INIT keeps it */
	EQ(0x407, msr_read(r.c, 0x48));
	cpu_reset(r.c, false);
	EQ(0, msr_read(r.c, 0x48));
	sys_rig_free(&r);
	r = sys_rig("qemu64,+stibp"); /* alone: IBRS is there to be set, IBPB is not */
	RUNS(&r, msr_write(r.c, 0x48, 3));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x48, 4));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x49, 1));
	sys_rig_free(&r);
	r = sys_rig("qemu64,+ssbd");
	RUNS(&r, msr_write(r.c, 0x48, 4));
	RAISES(&r, EXC_GP, 0, msr_write(r.c, 0x48, 1));
	sys_rig_free(&r);
}

TEST(tsc_counts_the_machines_clock)
{
	struct sys_rig r = sys_rig("max");
	uint64_t at;

	RUNS(&r, msr_write(r.c, 0x10, 1000));
	at = cpu_tsc(r.c);
	CHECK(at >= 1000 && at < 1000 + 5000000000ull);
	RUNS(&r, msr_write(r.c, 0x3b, msr_read(r.c, 0x3b) + (1ull << 50)));
	CHECK(cpu_tsc(r.c) >= at + (1ull << 50));
	EQ(1000000000, leaf(&r, 0x15, 0, CPUID_ECX));
	sys_rig_free(&r);
}
