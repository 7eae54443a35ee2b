/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going from one ring to the other often enough that the translator does it by itself: system
 * calls, and what the kernel may touch. Cases come from programs that have done it many times. */
#include "hypervisor/core.h"
#include "hypervisor/x86/desc.h"
#include "tests/x86/sys_rig.h"

#include <pthread.h>
#include <unistd.h>

enum { ROUNDS = 200, AT_ENTRY = 0x8100, INTR = 0xff, USER_PAGE = 0x20000 };

/* A kernel at AT_ENTRY, whose programs begin at AT_CODE. */
static struct sys_rig rig_calls(void)
{
	struct sys_rig r = payload_rig(true, 3);

	r.c->star = (uint64_t)((LONG3 & ~3u) - 16) << 48 | (uint64_t)LONG0 << 32;
	r.c->lstar = AT_ENTRY;
	r.c->fmask = FL_IF | FL_DF | FL_TF | FL_AC | FL_CF | FL_OF | FL_SF;
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_BX] = r.c->r[R_BP] = 0;
	return r;
}

/* ---- SYSCALL, SYSRET ---- */

PAYLOAD(calls, 64,
	"1: xor eax, eax; sub al, 0x81; syscall; seto bl; adc rbp, 0; add rbp, r8;"
	"dec r14; jnz 1b; mov r12d, ss; mov r9, rcx; mov r10, r11; int3");
PAYLOAD(calls_entry, 64,
	"pushfq; pop rdi; setc r8b; seto r9b; movzx r8d, r8b; shl r9d, 4; or r8b, r9b;"
	"mov rsi, r11; sysretq");

/* Flags go by FMASK and come back by R11: carry, and no overflow. */
TIER_TEST(system_calls)
{
	struct sys_rig r = rig_calls();
	struct trap t;

	PLACED(&r, AT_ENTRY, calls_entry);
	LOADED(&r, calls);
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(LONG3, t.cs);
	EQ(((LONG3 & ~3u) - 8) | 3, t.ss);
	EQ(ROUNDS, r.c->r[R_BP]);
	EQ(0, r.c->r[R_BX]);
	EQ(((LONG3 & ~3u) - 8) | 3, r.c->r[R_12]);
	EQ(AT_CODE + 6, r.c->r[R_9]); /* behind SYSCALL */
	EQ(FL_1 | FL_CF | FL_AF, r.c->r[R_10]);
	EQ(r.c->r[R_10], r.c->r[R_SI]);
	EQ(FL_1 | FL_AF, r.c->r[R_DI]);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

/* Every register and the vectors go through; the x87 stack too. */
PAYLOAD(units, 64,
	"fninit; fldpi; movq xmm7, r14; 1: paddq xmm6, xmm7; fld1; faddp; syscall;"
	"movq rax, xmm6; dec r14; movq xmm7, r14; jnz 1b; fistp qword ptr [rsi]; int3");
PAYLOAD(units_entry, 64, "inc rbp; sysretq");

TIER_TEST(units_live_through_a_system_call)
{
	struct sys_rig r = rig_calls();

	r.c->cr4 |= CR4_OSFXSR;
	r.c->cr0 |= CR0_NE;
	PLACED(&r, AT_ENTRY, units_entry);
	r.c->r[R_SI] = USER_PAGE;
	LOADED(&r, units);
	EQ(EXC_BP, payload_go(&r).vector);
	EQ(ROUNDS, r.c->r[R_BP]);
	EQ(ROUNDS * (ROUNDS + 1) / 2, r.c->r[R_AX]);
	EQ(ROUNDS + 3, ram_get(&r, USER_PAGE, 8));
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

/* What the last of many calls meets. The program's RDX says what the kernel is to do then. */
PAYLOAD(odd, 64, "1: mov r9, rdx; dec r14; cmovnz r9, r15; syscall; test r14, r14; jnz 1b; int3");
PAYLOAD(odd_entry, 64,
	"inc rbp; cmp r9d, 1; je 1f; cmp r9d, 2; je 2f; cmp r9d, 3; je 3f; cmp r9d, 4; je 4f;"
	"cmp r9d, 5; je 5f; cmp r9d, 6; je 6f; cmp r9d, 7; je 7f; cmp r9d, 8; je 8f; sysretq;"
	"1: mov rcx, 0x800000000000; sysretq;"
	"2: or r11, 0x100; sysretq;"
	"3: or r11, 0x400; sysretq;"
	"4: mov edx, 0x503; mov al, 1; out dx, al; or r11, 0x200; sysretq;"
	"5: mov ecx, 0xc0000080; mov eax, 0x900; xor edx, edx; wrmsr; sysretq;"
	"6: or r11, 0x40000; sysretq;"
	"7: mov edx, 0x503; mov al, 1; out dx, al; sysretq;"
	"8: or r11, 0xffffffffc0030028; sysretq");

static void set_intr(struct machine *m, uint8_t val)
{
	core_intr(m->dom, val);
}

static const struct {
	const char *name;
	unsigned what;
	int vector;
	uint16_t cs;
	uint64_t rip, flags; /* those that are set */
} odds[] = {
	{"nothing", 0, EXC_BP, LONG3, 0, 0},
	{"sysret to what is not canonical", 1, EXC_GP, LONG0, AT_ENTRY + 64, 0},
	{"sysret with TF", 2, EXC_DB, LONG3, AT_CODE + 12, FL_TF},
	{"sysret with DF", 3, EXC_BP, LONG3, 0, FL_DF},
	{"an interrupt waits for sysret's IF", 4, INTR, LONG3, AT_CODE + 12, FL_IF},
	{"sysret without SCE", 5, EXC_UD, LONG0, 0, 0},
	{"sysret with AC", 6, EXC_BP, LONG3, 0, FL_AC},
	{"an interrupt waits on", 7, EXC_BP, LONG3, 0, 0},
	{"bits of R11 that are none", 8, EXC_BP, LONG3, 0, 0},
};

TIER_TEST_EACH(odd_returns, ARRAY_SIZE(odds), odds[i].name)
{
	struct sys_rig r = rig_calls();
	struct trap t;

	r.m->poke = set_intr;
	PLACED(&r, AT_ENTRY, odd_entry);
	r.c->r[R_15] = 0;
	r.c->r[R_DX] = odds[i].what;
	LOADED(&r, odd);
	t = payload_go(&r);
	EQ(odds[i].vector, t.vector);
	EQ(odds[i].cs, t.cs);
	EQ(ROUNDS, r.c->r[R_BP]);
	if (odds[i].rip)
		EQ(odds[i].rip, t.rip);
	EQ(odds[i].flags, t.flags & (FL_TF | FL_DF | FL_AC | FL_IF | FL_VM));
	EQ(0, t.flags >> 22);
	sys_rig_free(&r);
}

/* AC that FMASK leaves is the kernel's; without SCE there is no such instruction. */
PAYLOAD(with_ac, 64,
	"1: syscall; dec r14; jnz 1b; pushfq; or dword ptr [rsp], 0x40000; popfq; syscall");
PAYLOAD(with_ac_entry, 64, "pushfq; pop rax; test eax, 0x40000; jnz 1f; sysretq; 1: hlt");

TIER_TEST(a_system_call_with_ac)
{
	struct sys_rig r = rig_calls();

	r.c->fmask = FL_IF;
	PLACED(&r, AT_ENTRY, with_ac_entry);
	LOADED(&r, with_ac);
	EQ(-1, payload_go(&r).vector);
	CHECK(r.c->r[R_AX] & FL_AC);
	CHECK(r.c->r[R_11] & FL_AC);
	EQ(0, r.c->cpl);
	sys_rig_free(&r);
}

/* No address that a program may ask for is taken for the kernel's: not one in which a bit or two of
 * the upper ones are others. */
PAYLOAD(as_if, 64, "1: syscall; dec r14; jnz 1b; jmp rsi");
PAYLOAD(as_if_entry, 64, "inc rbp; sysretq");

TIER_TEST(a_branch_to_the_kernel_by_another_address)
{
	for (unsigned a = 8; a < 56; a += a == 13 ? 34 : 1)
		for (unsigned b = 48; b < 54; b++) {
			struct sys_rig r = rig_calls();

			r.c->r[R_SI] = AT_ENTRY ^ 1ull << a ^ (uint64_t)(a != b) << b;
			r.c->r[R_14] = 5;
			PLACED(&r, AT_ENTRY, as_if_entry);
			LOADED(&r, as_if);
			EQ(EXC_GP, payload_go(&r).vector);
			EQ(5, r.c->r[R_BP]);
			sys_rig_free(&r);
		}
}

PAYLOAD(no_sce, 64, "1: syscall; dec r14; jnz 1b; mov r9d, 1; syscall; syscall");
PAYLOAD(no_sce_entry, 64,
	"mov r8, rcx; test r9d, r9d; jz 1f;"
	"mov ecx, 0xc0000080; mov eax, 0x900; xor edx, edx; wrmsr;"
	"push 0x23; push rsp; pushfq; push 0x3b; push r8; iretq; 1: sysretq");

TIER_TEST(a_system_call_without_sce)
{
	struct sys_rig r = rig_calls();
	struct trap t;

	PLACED(&r, AT_ENTRY, no_sce_entry);
	r.c->r[R_9] = 0;
	LOADED(&r, no_sce);
	t = payload_go(&r);
	EQ(EXC_UD, t.vector);
	EQ(AT_CODE + 15, t.rip);
	EQ(LONG3, t.cs);
	sys_rig_free(&r);
}

/* The kernel that sets CR0.TS leaves its program without the unit, on this call and all others. */
PAYLOAD(lazy, 64,
	"1: paddq xmm0, xmm1; syscall; dec r14; jnz 1b; paddq xmm0, xmm1; mov r9d, 1; syscall;"
	"paddq xmm0, xmm1; int3");
PAYLOAD(lazy_entry, 64, "test r9d, r9d; jz 1f; mov rax, cr0; or al, 8; mov cr0, rax; 1: sysretq");

TIER_TEST(a_system_call_that_takes_the_unit_away)
{
	struct sys_rig r = rig_calls();
	struct trap t;

	r.c->cr4 |= CR4_OSFXSR;
	store_le(r.c->fpu.fx + 160 + 16, 8, 3);
	PLACED(&r, AT_ENTRY, lazy_entry);
	r.c->r[R_9] = 0;
	LOADED(&r, lazy);
	t = payload_go(&r);
	EQ(EXC_NM, t.vector);
	EQ(AT_CODE + 23, t.rip);
	EQ(3 * (ROUNDS + 1), load_le(r.c->fpu.fx + 160, 8));
	sys_rig_free(&r);
}

/* An NMI may come at any instruction: what is pushed is of one ring, and IRET takes it back. */
PAYLOAD(many, 64,
	"1: syscall; inc r14; mov r9d, ss; and r9d, 3; add rbx, r9; cmp dword ptr [0x20008], 0;"
	"je 1b; int3");
PAYLOAD(many_entry, 64, "cli; inc rbp; mov r8d, ss; test r8d, 3; jnz 1f; sysretq; 1: hlt");
PAYLOAD(nmi_handler, 64,
	"push rax; push rcx; mov eax, [rsp + 24]; xor eax, [rsp + 48]; test al, 3; jz 1f;"
	"inc dword ptr [0x20004]; 1: inc dword ptr [0x20000]; pop rcx; pop rax; iretq");

enum { NMIS = 300 };

/* Each when the one before it was taken; then the guest is told that there are no more. */
static void *send_nmis(void *arg)
{
	struct sys_rig *r = arg;
	uint32_t *words = (uint32_t *)(void *)(r->ram + USER_PAGE);

	for (uint32_t n = 0; n < NMIS; n++) {
		cpu_attend(r->c, ATT_NMI);
		while (__atomic_load_n(&words[0], __ATOMIC_SEQ_CST) == n)
			usleep(10);
	}
	__atomic_store_n(&words[2], 1, __ATOMIC_SEQ_CST);
	return NULL;
}

TIER_TEST(nmis_between_rings)
{
	struct sys_rig r = rig_calls();
	pthread_t sender;

	if (r.c->verify) {
		sys_rig_free(&r);
		SKIP("lock-step takes back what the other thread waits for");
	}
	for (unsigned i = 0; i < 2; i++) { /* code, stack; of SYSRET stack, code */
		gdt_put(&r, (uint16_t)(0x70 + 8 * i), 0, 0xfffff, i ? 0x92 : 0x9a, 0xa);
		gdt_put(&r, (uint16_t)(0x88 + 8 * i), 0, 0xfffff, i ? 0xfa : 0xf2, 0xa);
	}
	r.c->star = 0x83ull << 48 | 0x70ull << 32;
	r.c->r[R_14] = 0;
	PLACED(&r, AT_ENTRY, many_entry);
	PLACED(&r, 0x8300, nmi_handler);
	gate_put(&r, AT_IDT + 16 * EXC_NMI, SYS_INT, 0, 0x70, 0x8300, 0);
	LOADED(&r, many);
	MUST(!pthread_create(&sender, NULL, send_nmis, &r));
	EQ(STOP_HALT, payload_run(&r, ~0ull));
	pthread_join(sender, NULL);
	EQ(EXC_BP, payload_trap(&r).vector);
	EQ(r.c->r[R_14], r.c->r[R_BP]);
	EQ(3 * r.c->r[R_14], r.c->r[R_BX]);
	EQ(NMIS, ram_get(&r, USER_PAGE, 4));
	EQ(0, ram_get(&r, USER_PAGE + 4, 4));
	sys_rig_free(&r);
}

/* ---- segments ---- */

PAYLOAD(to_compat, 64, "syscall; push 0x73; push 0x8400; retfq");
PAYLOAD(compat, 32,
	"mov ecx, 20; 1: dec ecx; jnz 1b; pushfd; or dword ptr [esp], 0x40000; popfd;" JMP_FAR32(
		0x3b, 0x8500));
PAYLOAD(without_ac, 64,
	"mov ecx, 20; 1: dec ecx; jnz 1b; pushfq; and dword ptr [rsp], 0xfffbffff; popfq;"
	"mov ecx, 20; 1: dec ecx; jnz 1b; int3");
PAYLOAD(back_at_once, 64, "sysretq");

/* With AC, which is the interpreter's, from code that has a limit to 64-bit code: behind it that is
 * of no segment, as it was before. */
TIER_TEST(a_segment_is_left_with_ac)
{
	struct sys_rig r = rig_calls();

	r.c->cr0 |= CR0_AM;
	gdt_put(&r, SEL_FREE, 0, 0xfffff, 0xfb, 4);
	PLACED(&r, AT_ENTRY, back_at_once);
	PLACED(&r, 0x8400, compat);
	PLACED(&r, 0x8500, without_ac);
	LOADED(&r, to_compat);
	EQ(EXC_BP, payload_go(&r).vector);
	EQ(0, r.c->r[R_CX]);
	EQ(0, r.c->tr_seg);
	sys_rig_free(&r);
}

/* ---- STAC, CLAC ---- */

/* All but USER_PAGE is the kernel's. */
static struct sys_rig rig_smap(bool smap)
{
	struct sys_rig r = payload_rig(true, 0);

	for (uint64_t at = 0; at < USER_PAGE; at += 0x1000)
		page_put(&r, at, at, 3);
	if (smap)
		RUNS(&r, cr_write(r.c, 4, r.c->cr4 | CR4_SMAP));
	r.c->r[R_SI] = USER_PAGE;
	r.c->r[R_SP] = 0x7000; /* not in the page of the code */
	r.c->r[R_14] = ROUNDS;
	return r;
}

PAYLOAD(touches, 64,
	"1: stc; stac; setc al; adc [rsi], r14; pushfq; pop rdx; clac; pushfq; pop rbx;"
	"dec r14; jnz 1b; mov rdi, [rsi]; hlt");

TIER_TEST(stac_lets_the_kernel_at_its_programs)
{
	struct sys_rig r = rig_smap(true);
	struct trap t;

	LOADED(&r, touches);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(1, t.error);
	EQ(USER_PAGE, r.c->cr2);
	EQ(ROUNDS * (ROUNDS + 1) / 2 + ROUNDS, ram_get(&r, USER_PAGE, 8));
	EQ(FL_AC, r.c->r[R_DX] & FL_AC);
	EQ(0, r.c->r[R_BX] & FL_AC);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

TIER_TEST(stac_without_smap)
{
	struct sys_rig r = rig_smap(false);

	LOADED(&r, touches);
	EQ(-1, payload_go(&r).vector);
	EQ(ROUNDS * (ROUNDS + 1) / 2 + ROUNDS, r.c->r[R_DI]);
	EQ(FL_AC, r.c->r[R_DX] & FL_AC);
	EQ(0, r.c->r[R_BX] & FL_AC);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

PAYLOAD(stac_3, 64, "stac; hlt");
PAYLOAD(clac_3, 64, "clac; hlt");

TIER_TEST(stac_and_clac_are_the_kernels)
{
	struct sys_rig r = payload_rig(true, 3);

	LOADED(&r, stac_3);
	EQ(EXC_UD, payload_go(&r).vector);
	sys_rig_free(&r);
	r = payload_rig(true, 3);
	LOADED(&r, clac_3);
	EQ(EXC_UD, payload_go(&r).vector);
	sys_rig_free(&r);
}

/* ---- CPL 1: no program's, and not the kernel's either ---- */

PAYLOAD(ring_1, 64,
	"push 0x71; mov rax, rsp; push rax; push 2; push 0x79; lea rax, [rip + 1f]; push rax;"
	"iretq; 1: mov ebx, 1; cli; hlt");

TIER_TEST(cli_of_cpl_1)
{
	struct sys_rig r = payload_rig(true, 0);
	struct trap t;

	gdt_put(&r, 0x70, 0, 0xfffff, 0xb2, 0xc);
	gdt_put(&r, 0x78, 0, 0xfffff, 0xba, 0xa);
	LOADED(&r, ring_1);
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(0x79, t.cs);
	EQ(1, r.c->r[R_BX]);
	sys_rig_free(&r);
}

/* ---- POPF, bases, selectors, control registers, the counter ---- */

PAYLOAD(flags_kept, 64,
	"1: stc; pushfq; cli; xor eax, eax; popfq; setc al; adc rbp, 0; pushfq; pop rdx;"
	"add rbx, rax;"
	"dec r14; jnz 1b; hlt");

TIER_TEST(popf_brings_if_back)
{
	struct sys_rig r = payload_rig(true, 0);

	r.c->r[R_SP] = 0x7000;
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_BX] = r.c->r[R_BP] = 0;
	r.c->flags |= FL_IF;
	LOADED(&r, flags_kept);
	EQ(-1, payload_go(&r).vector);
	EQ(ROUNDS, r.c->r[R_BP]);
	EQ(ROUNDS, r.c->r[R_BX]);
	CHECK(r.c->r[R_DX] & FL_IF);
	CHECK(r.c->flags & FL_IF);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}

/* Many times nothing but the status flags change, then once this. */
PAYLOAD(flags_odd, 64,
	"1: pushfq; dec r14; jnz 2f; xor [rsp], rdx; mov r14d, 1; mov r15d, 1;"
	"2: popfq; mov r9d, 1; test r15d, r15d; jz 1b; pushfq; pop rcx; mov edi, 0x9000;"
	"stosb; hlt");

static const struct {
	const char *name;
	uint64_t flags;
	bool user;
	int vector;
	uint64_t after; /* of flags */
} popfs[] = {
	{"DF", FL_DF, false, -1, FL_DF},
	{"TF", FL_TF, false, EXC_DB, 0},
	{"AC, ID", FL_AC | FL_ID, false, -1, FL_AC | FL_ID},
	{"IOPL, NT", FL_IOPL | FL_NT, false, -1, FL_IOPL | FL_NT},
	{"IF, an interrupt waits", FL_IF, false, INTR, 0},
	{"VM, RF, VIF", FL_VM | FL_RF | FL_VIF, false, -1, 0},
	{"IF of a program", FL_IF | FL_IOPL, true, EXC_GP, 0},
	{"DF of a program", FL_DF, true, EXC_GP, FL_DF},
};

TIER_TEST_EACH(popf_of_other_flags, ARRAY_SIZE(popfs), popfs[i].name)
{
	const uint64_t seen = FL_DF | FL_AC | FL_ID | FL_IOPL | FL_NT | FL_VIF;
	struct sys_rig r = payload_rig(true, popfs[i].user ? 3 : 0);

	r.c->r[R_SP] = popfs[i].user ? 0x7000 : 0x6800;
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_15] = r.c->r[R_CX] = 0;
	r.c->r[R_DX] = popfs[i].flags;
	core_intr(r.dom, popfs[i].flags & FL_IF);
	LOADED(&r, flags_odd);
	EQ(popfs[i].vector, payload_go(&r).vector);
	EQ(popfs[i].after, r.c->r[R_CX] & seen & (popfs[i].flags | FL_DF));
	EQ(r.c->r[R_CX] & FL_DF ? 0x8fff : r.c->r[R_CX] ? 0x9001 : 0, r.c->r[R_DI]);
	sys_rig_free(&r);
}

PAYLOAD(bases, 64,
	"1: rdfsbase rax; rdgsbase r13; add rax, r13; wrgsbase rax; mov r15, r14; wrfsbase r15d;"
	"mov r12, ds; mov bx, ss; mov r15w, gs; dec r14; jnz 1b; wrfsbase rdx; hlt");

TIER_TEST(bases_of_fs_and_gs)
{
	struct sys_rig r = payload_rig(true, 0);

	r.c->cr4 |= CR4_FSGSBASE;
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_DX] = ~0ull << 47;
	r.c->r[R_BX] = ~0ull;
	LOADED(&r, bases);
	EQ(-1, payload_go(&r).vector);
	EQ(~0ull << 47, r.c->seg[SEG_FS].base);
	EQ(ROUNDS * (ROUNDS + 1) / 2 - 1, r.c->seg[SEG_GS].base);
	EQ(DATA3, r.c->r[R_12]);
	EQ((~0ull << 16) | DATA0, r.c->r[R_BX]);
	EQ(DATA3, r.c->r[R_15]);
	payload_by_itself(&r, ROUNDS);
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_DX] = 1ull << 47;
	LOADED(&r, bases);
	EQ(EXC_GP, payload_go(&r).vector);
	EQ(1, r.c->seg[SEG_FS].base);
	r.c->cr4 &= ~(uint64_t)CR4_FSGSBASE;
	LOADED(&r, bases);
	EQ(EXC_UD, payload_go(&r).vector);
	sys_rig_free(&r);
}

PAYLOAD(controls, 64,
	"mov [rsi], ecx; mov eax, 7; mov cr2, rax;"
	"1: mov rax, cr0; mov rbx, cr2; mov r13, cr3; mov r15, cr4; pause; dec r14; jnz 1b; hlt");

TIER_TEST(control_registers_that_are_read)
{
	struct sys_rig r = payload_rig(true, 0);

	r.c->r[R_14] = ROUNDS;
	r.c->r[R_SI] = USER_PAGE;
	LOADED(&r, controls);
	EQ(-1, payload_go(&r).vector);
	EQ(r.c->cr0, r.c->r[R_AX]);
	EQ(7, r.c->r[R_BX]);
	EQ(r.c->cr3, r.c->r[R_13]);
	EQ(r.c->cr4, r.c->r[R_15]);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
	r = payload_rig(true, 3);
	r.c->r[R_SI] = USER_PAGE;
	LOADED(&r, controls);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
}

/* All registers but those two, vectors, the x87 and flags stay as they are. */
PAYLOAD(counter, 64,
	"rdtscp; mov [rsi], rax; mov [rsi + 8], rcx; fld1;"
	"1: paddq xmm3, xmm4; stc; mov ecx, 5; mov r9d, 9; rdtsc; adc rbp, 0;"
	"paddq xmm3, xmm4; fld1;"
	"faddp; shl rdx, 32; or rax, rdx; cmp rax, rdi; setb bl; or r12b, bl; mov rdi, rax;"
	"add r10, rcx; add r11, r9; dec r14; jnz 1b; fistp qword ptr [rsi + 16];"
	"movq rax, xmm3; hlt");

TIER_TEST(the_counter_takes_two_registers)
{
	struct sys_rig r = payload_rig(true, 0);

	r.c->cr4 |= CR4_OSFXSR;
	r.c->cr0 |= CR0_NE;
	r.c->tsc_aux = 0x77;
	store_le(r.c->fpu.fx + 160 + 64, 8, 3);
	store_le(r.c->fpu.fx, 2, 0x37f);
	r.c->fpu.fx[4] = 0;
	r.c->r[R_SI] = USER_PAGE;
	r.c->r[R_14] = ROUNDS;
	r.c->r[R_BP] = r.c->r[R_10] = r.c->r[R_11] = r.c->r[R_12] = r.c->r[R_DI] = 0;
	LOADED(&r, counter);
	EQ(-1, payload_go(&r).vector);
	EQ(0x77, ram_get(&r, USER_PAGE + 8, 8));
	EQ(ROUNDS + 1, ram_get(&r, USER_PAGE + 16, 8));
	EQ(ROUNDS, r.c->r[R_BP]);
	EQ(ROUNDS * 6, r.c->r[R_AX]);
	EQ(ROUNDS * 5, r.c->r[R_10]);
	EQ(ROUNDS * 9, r.c->r[R_11]);
	EQ(0, r.c->r[R_12] & 0xff);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
	r = payload_rig(true, 3);
	r.c->cr4 |= CR4_TSD;
	LOADED(&r, counter);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
}

/* A string of bits around USER_PAGE + 0x100, forwards and backwards. */
PAYLOAD(bits, 64,
	"1: bts [rsi], rcx; adc rbp, 0; mov r15, rcx; lock btc [rsi], r15d; adc rbp, 0;"
	"bt [rsi], cx;"
	"setc al; add rbx, rax; bts [rsi], r15; btr [rsi + 8], ecx; dec rcx; cmp rcx, -100;"
	"jne 1b; hlt");

TIER_TEST(strings_of_bits)
{
	struct sys_rig r = payload_rig(true, 0);
	unsigned n = 0;

	r.c->r[R_SI] = USER_PAGE + 0x100;
	r.c->r[R_CX] = 100;
	r.c->r[R_AX] = r.c->r[R_BX] = r.c->r[R_BP] = 0;
	LOADED(&r, bits);
	EQ(-1, payload_go(&r).vector);
	EQ(200, r.c->r[R_BP]);
	EQ(0, r.c->r[R_BX]);
	for (unsigned at = 0; at < 0x200; at += 8)
		n += (unsigned)__builtin_popcountll(ram_get(&r, USER_PAGE + at, 8));
	EQ(200 - 136, n);
	payload_by_itself(&r, ROUNDS);
	sys_rig_free(&r);
}
