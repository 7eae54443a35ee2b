/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard cases of identification, counters and privileged instructions (docs/engine.md, hard cases).
 *
 * Spec: Intel SDM volume 2 by name; volume 3, 2.5 (UMIP), 8.10 (MONITOR, HLT), 17.17 (TSC).
 */
#include "base/err.h"
#include "hypervisor/core.h"
#include "hypervisor/x86/cpu.h"
#include "tests/x86/sys_rig.h"

#define DATA 0x20000

static struct sys_rig rig(unsigned cpl)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, cpl);
	payload_traps(&r);
	return r;
}

/* ---- 37: the TSC ---- */

PAYLOAD(tsc_set, 64,
	"mov ecx, 0x10; mov eax, 0x1000; mov edx, 0x100; wrmsr; rdtsc; shl rdx, 32;"
	"lea rbx, [rax + rdx]; mov ecx, 0x3b; rdmsr; shl rdx, 32; lea rsi, [rax + rdx];"
	"add rsi, 0x5000; mov rax, rsi; mov rdx, rsi; shr rdx, 32; wrmsr;"
	"rdtscp; shl rdx, 32; lea rdi, [rax + rdx]; mov ecx, 0x10; rdmsr; shl rdx, 32; or rax, rdx;"
	"hlt");

/* The rig's clock stands still, so that counts are exact. */
TIER_TEST(corner_37_tsc_and_its_adjustment)
{
	struct sys_rig r = rig(0);

	r.c->tsc_aux = 7;
	LOADED(&r, tsc_set);
	EQ(-1, payload_go(&r).vector);
	EQ(0x10000001000, r.c->r[R_BX]);
	EQ(0x10000006000, r.c->r[R_DI]); /* IA32_TSC_ADJUST moves it too */
	EQ(0x10000006000, r.c->r[R_AX]);
	EQ(r.c->tsc_offset, r.c->r[R_SI]);
	sys_rig_free(&r);
}

PAYLOAD(rdtsc, 64, "rdtsc; int3");
PAYLOAD(rdtscp, 64, "rdtscp; int3");
PAYLOAD(rdpmc, 64, "xor ecx, ecx; rdpmc; int3");

TIER_TEST(corner_37_counters_of_ring_3)
{
	struct sys_rig r = rig(3);

	LOADED(&r, rdtsc);
	EQ(EXC_BP, payload_go(&r).vector);
	sys_rig_free(&r);
	for (unsigned i = 0; i < 3; i++) {
		r = rig(3);
		r.c->cr4 |= CR4_TSD | CR4_PCE;
		if (i == 0)
			LOADED(&r, rdtsc);
		else if (i == 1)
			LOADED(&r, rdtscp);
		else
			LOADED(&r, rdpmc); /* there is not one counter */
		EQ(EXC_GP, payload_go(&r).vector);
		sys_rig_free(&r);
	}
}

/* ---- 38: CPUID ---- */

PAYLOAD(cpuid, 64,
	"mov eax, 1; cpuid; mov r8d, ecx; mov rax, cr4; or eax, 0x40000; mov cr4, rax;"
	"mov rax, -1; mov rbx, -1; mov eax, 1; cpuid; mov r9d, ecx;"
	"mov eax, 0xd; xor ecx, ecx; cpuid; mov r10d, ebx;"
	"xor ecx, ecx; xor edx, edx; mov eax, 7; xsetbv;"
	"mov eax, 0xd; xor ecx, ecx; cpuid; mov r11d, ebx;"
	"mov rbx, -1; mov eax, 0xd; mov ecx, 1; cpuid; hlt");

TIER_TEST(corner_38_cpuid_follows_cr4_and_xcr0)
{
	struct sys_rig r = rig(0);

	r.c->xcr0 = 1;
	LOADED(&r, cpuid);
	if (payload_go(&r).vector != -1) {
		sys_rig_free(&r);
		SKIP("no AVX here");
	}
	EQ(0, r.c->r[R_8] >> 27 & 1);
	EQ(1, r.c->r[R_9] >> 27 & 1);
	EQ(576, r.c->r[R_10]);
	EQ(832, r.c->r[R_11]);
	EQ(0xf, r.c->r[R_AX]);
	EQ(832, r.c->r[R_BX]); /* compact; upper halves are cleared */
	EQ(0, r.c->r[R_CX]);   /* no supervisor state */
	EQ(0, r.c->r[R_DX]);
	sys_rig_free(&r);
}

PAYLOAD(cpuid_user, 64,
	"mov eax, 0x80000000; cpuid; mov rsi, rax; mov eax, 0x40000000; cpuid; int3");

TIER_TEST(corner_38_cpuid_is_the_engines_own)
{
	struct sys_rig r = rig(3);

	LOADED(&r, cpuid_user);
	EQ(EXC_BP, payload_go(&r).vector);
	EQ(0x80000008, r.c->r[R_SI]);
	EQ(0x40000000, r.c->r[R_AX]);
	EQM("HvmS", &r.c->r[R_BX], 4);
	sys_rig_free(&r);
}

/* ---- 39: what user code can see of the tables ---- */

PAYLOAD(sgdt, 64, "sgdt [0x20000]; int3");
PAYLOAD(sidt, 64, "sidt [0x20000]; int3");
PAYLOAD(sldt, 64, "sldt ax; int3");
PAYLOAD(str, 64, "str eax; int3");
PAYLOAD(smsw, 64, "smsw rax; int3");

#define CASE(name)                              \
	{                                       \
#name, name##_start, name##_end \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
} umip[] = {CASE(sgdt), CASE(sidt), CASE(sldt), CASE(str), CASE(smsw)};

TIER_TEST_EACH(corner_39_umip, ARRAY_SIZE(umip), umip[i].name)
{
	struct sys_rig r = rig(3);

	payload_load(&r, AT_CODE, umip[i].start, umip[i].end);
	EQ(EXC_BP, payload_go(&r).vector);
	if (i == 0)
		EQM("\xff\0\0\x10\0\0\0\0\0\0\0", r.ram + DATA,
		    11); /* the guest's, not the host's */
	if (i == 1)
		EQM("\xff\x0f\0\x20\0\0\0\0\0\0\0", r.ram + DATA, 11);
	if (i == 3)
		EQ(SEL_TSS, r.c->r[R_AX]); /* zero-extended */
	if (i == 4)
		EQ(r.c->cr0, r.c->r[R_AX]);
	sys_rig_free(&r);
	r = rig(3);
	r.c->cr4 |= CR4_UMIP;
	payload_load(&r, AT_CODE, umip[i].start, umip[i].end);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
	r = rig(0);
	r.c->cr4 |= CR4_UMIP; /* ring 0 may */
	payload_load(&r, AT_CODE, umip[i].start, umip[i].end);
	EQ(EXC_BP, payload_go(&r).vector);
	sys_rig_free(&r);
}

/* ---- 44: waiting ---- */

PAYLOAD(monitor, 64, "mov eax, 0x20000; xor ecx, ecx; xor edx, edx; monitor; hlt");
PAYLOAD(mwait, 64, "xor eax, eax; xor ecx, ecx; mwait; hlt");
PAYLOAD(monitor_there, 64, "mov eax, 1; cpuid; hlt");
PAYLOAD(user_hlt, 64, "hlt");

TIER_TEST(corner_44_monitor_is_hidden)
{
	struct sys_rig r = rig(0);

	LOADED(&r, monitor);
	EQ(EXC_UD, payload_go(&r).vector);
	LOADED(&r, mwait);
	EQ(EXC_UD, payload_go(&r).vector);
	LOADED(&r, monitor_there);
	EQ(-1, payload_go(&r).vector);
	EQ(0, r.c->r[R_CX] & 1 << 3);
	sys_rig_free(&r);
}

static void set_intr(struct machine *m, uint8_t val)
{
	core_intr(m->dom, val & 1);
}

PAYLOAD(spin, 64,
	"mov edx, 0x503; mov al, 1; sti; hlt; inc ebx; out dx, al; inc ebx; pause; inc ebx; hlt");
PAYLOAD(spin_handler, 64, "inc ecx; mov edx, 0x503; mov eax, 0; out dx, al; mov al, 1; iretq");

/* HLT ends with the interrupt, which returns behind it; PAUSE waits for nothing. */
TIER_TEST(corner_44_hlt_and_pause)
{
	struct sys_rig r = rig(3);

	LOADED(&r, user_hlt);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
	r = rig(0);
	r.m->poke = set_intr;
	r.c->r[R_BX] = r.c->r[R_CX] = 0;
	memcpy(r.ram + 0x9800, spin_handler_start, (size_t)(spin_handler_end - spin_handler_start));
	gate_put(&r, AT_IDT + 16 * 0xff, 14, 0, LONG0, 0x9800, 0);
	LOADED(&r, spin);
	EQ(-1, payload_go(&r).vector);
	EQ(0, r.c->r[R_BX]);
	domain_unlock(
		r.dom); /* as the vCPU's thread: it is halted, then somebody raises the line */
	EQ(STOP_HALT, cpu_run(r.c, 1000));
	domain_lock(r.dom);
	core_intr(r.dom, true);
	domain_unlock(r.dom);
	EQ(STOP_HALT, cpu_run(r.c, 1000));
	domain_lock(r.dom);
	EQ(3, r.c->r[R_BX]);
	EQ(2, r.c->r[R_CX]); /* that one, and the one that its own OUT raised */
	sys_rig_free(&r);
}

/* ---- 45: INIT ---- */

TEST(corner_45_state_after_init)
{
	struct sys_rig r = rig(0);
	struct cpu *c = r.c;

	c->fpu.fx[160] = 0x5a;
	c->lstar = 0x1000;
	c->r[R_BX] = 1;
	c->dr[0] = 5;
	c->cr0 |= CR0_CD | CR0_TS;
	c->xcr0 = 7;
	cpu_reset(c, true); /* SDM table 9-1 */
	EQ(0x5a, c->fpu.fx[160]);
	EQ(0x1000, c->lstar);
	EQ(7, c->xcr0);
	EQ(0, c->r[R_BX]);
	EQ(0, c->dr[0]);
	EQ(0xffff0ff0, c->dr[6]);
	EQ(CR0_CD | CR0_ET, c->cr0);
	EQ(0, c->efer);
	EQ(MODE_16, c->mode);
	EQ(0xffff0000, c->seg[SEG_CS].base);
	EQ(0xfff0, c->rip);
	EQ(0xffff, c->idtr.limit);
	EQ(0, c->cpl);
	sys_rig_free(&r);
}
