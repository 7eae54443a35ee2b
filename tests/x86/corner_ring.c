/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard cases of rings, modes and tasks (docs/engine.md, hard cases): transfers as guests make
 * them, with what they must not get.
 *
 * Spec: Intel SDM volume 2, IRET, SYSRET, SWAPGS, MOV CR8; volume 3, 5.8 (gates), chapter 6
 * (delivery), chapter 7 (tasks), chapter 20 (virtual-8086 mode, VME, PVI).
 */
#include "hypervisor/x86/desc.h"
#include "tests/x86/sys_rig.h"

#define DATA 0x20000

/* ---- 23: faults of delivery ---- */

PAYLOAD(bad_rsp, 64, "mov rsp, 0x8000000000000000; push rax; hlt");
PAYLOAD(bad_rbp, 64, "mov rbp, 0x8000000000000000; mov al, [rbp]; hlt");
PAYLOAD(bad_rax, 64, "mov rax, 0x8000000000000000; mov al, [rax]; hlt");
PAYLOAD(bad_end, 64, "mov rax, 0x7ffffffffffe; mov eax, [rax]; hlt"); /* its last byte */

#define CASE(name, vec)                              \
	{                                            \
#name, name##_start, name##_end, vec \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
	int vector;
} canonical[] = {
	CASE(bad_rsp, EXC_SS),
	CASE(bad_rbp, EXC_SS),
	CASE(bad_rax, EXC_GP),
	CASE(bad_end, EXC_GP),
};

TIER_TEST_EACH(corner_23_not_canonical, ARRAY_SIZE(canonical), canonical[i].name)
{
	struct sys_rig r = payload_rig(true, 3);
	struct trap t;

	payload_load(&r, AT_CODE, canonical[i].start, canonical[i].end);
	t = payload_go(&r);
	EQ(canonical[i].vector, t.vector);
	EQ(0, t.error);
	EQ(AT_CODE + 10, t.rip);
	sys_rig_free(&r);
}

PAYLOAD(lost_stack, 64, "mov esp, 0x800000; ud2");

TIER_TEST(corner_23_double_fault_by_ist_and_triple)
{
	struct sys_rig r = payload_rig(true, 0);
	struct trap t;

	gate_put(&r, AT_IDT + 16 * EXC_DF, SYS_INT, 0, LONG0, AT_TRAPS + TRAP_STEP * EXC_DF, 1);
	ram_put(&r, AT_TSS + 36, 8, AT_STACK3); /* IST 1 */
	LOADED(&r, lost_stack);
	t = payload_go(&r);
	EQ(EXC_DF, t.vector);
	EQ(0, t.error);
	EQ(AT_CODE + 5, t.rip);
	EQ(0x800000, t.sp);
	EQ(0x7ffff8, r.c->cr2); /* of the second of the two page faults */
	sys_rig_free(&r);
	r = payload_rig(true, 0);
	LOADED(&r, lost_stack);
	EQ(STOP_TRIPLE, payload_run(&r, 1000));
	sys_rig_free(&r);
}

/* ---- 24, 28: virtual-8086 mode ---- */

PAYLOAD(to_vm86, 32, "iretd");

/* Into virtual-8086 mode at 2000:0100, stack 3000:0800, by IRETD of ring 0. */
static struct sys_rig rig_vm86(uint32_t flags, uint64_t cr4)
{
	struct sys_rig r = payload_rig(false, 0);
	uint32_t frame[] = {0x100,  0x2000, FL_VM | FL_1 | flags, 0x800, 0x3000, 0x2000, 0x2000,
			    0x2000, 0x2000};

	r.c->cr4 |= cr4;
	r.c->r[R_SP] = AT_STACK0 - sizeof(frame);
	memcpy(r.ram + r.c->r[R_SP], frame, sizeof(frame));
	ram_put(&r, AT_TSS + 136 + 0x500 / 8, 2, 0xfffb); /* of the ports, 0x502 is allowed */
	LOADED(&r, to_vm86);
	return r;
}

static const struct {
	const char *name;
	unsigned iopl;
	uint64_t cr4;
	uint8_t code[4];
	int vector, at;
	uint32_t error;
} vm86[] = {
	{"int 0x21 at IOPL 0", 0, 0, {0xcd, 0x21}, EXC_GP, 0, 0},
	{"int 0x21 at IOPL 3", 3, 0, {0xcd, 0x21}, 0x21, 2, 0},
	{"int3 looks at no IOPL", 0, 0, {0xcc}, EXC_BP, 1, 0},
	{"int3 is not redirected", 0, CR4_VME, {0xcc}, EXC_BP, 1, 0},
	{"int1", 0, 0, {0xf1}, EXC_DB, 1, 0},
	{"hlt", 3, 0, {0xf4}, EXC_GP, 0, 0},
	{"mov eax, cr0", 3, 0, {0x0f, 0x20, 0xc0}, EXC_GP, 0, 0},
	{"str ax", 3, 0, {0x0f, 0x00, 0xc8}, EXC_UD, 0, 0},
	{"arpl", 3, 0, {0x63, 0xc0}, EXC_UD, 0, 0},
	{"lsl", 3, 0, {0x0f, 0x03, 0xc0}, EXC_UD, 0, 0},
	{"cli at IOPL 0", 0, 0, {0xfa, 0xcc}, EXC_GP, 0, 0},
	{"cli at IOPL 0 with VME", 0, CR4_VME, {0xfa, 0xcc}, EXC_BP, 2, 0},
	{"iret at IOPL 0", 0, 0, {0xcf}, EXC_GP, 0, 0},
	{"out to a port that is allowed", 0, 0, {0xee, 0xcc}, EXC_BP, 2, 0},
	{"out to one that is not, at IOPL 3", 3, 0, {0xe6, 0x80}, EXC_GP, 0, 0},
};

TIER_TEST_EACH(corner_24_virtual_8086_mode, ARRAY_SIZE(vm86), vm86[i].name)
{
	struct sys_rig r = rig_vm86(vm86[i].iopl << 12, vm86[i].cr4);
	struct trap t;

	memset(r.ram + AT_TSS + 104, 0xff, 32); /* every INT is the monitor's */
	memset(r.ram + AT_TSS + 136, 0xff, 0x90);
	memcpy(r.ram + 0x20100, vm86[i].code, sizeof(vm86[i].code));
	r.c->r[R_DX] = 0x502;
	t = payload_go(&r);
	EQ(vm86[i].vector, t.vector);
	EQ(vm86[i].error, t.error);
	EQ(0x100 + (unsigned)vm86[i].at, t.rip);
	EQ(0x2000, t.cs);
	CHECK(t.flags & FL_VM);
	EQ(0x800, t.sp);
	EQ(0x3000, t.ss);
	sys_rig_free(&r);
}

/* An interrupt gate closes IF, a trap gate does not; both clear TF, NT, RF. */
PAYLOAD(flags_there, 32, "pushfd; pop eax; hlt");
PAYLOAD(int_40, 32, "int 0x40");

TIER_TEST(corner_24_interrupt_and_trap_gates)
{
	struct sys_rig r = payload_rig(false, 0);

	PLACED(&r, 0x9800, flags_there);
	for (unsigned type = SYS_INT; type <= SYS_TRAP; type++) {
		gate_put(&r, AT_IDT + 8 * 0x40, type, 0, CODE0, 0x9800, 0);
		LOADED(&r, int_40);
		r.c->flags = FL_1 | FL_IF | FL_NT | FL_CF;
		EQ(-1, payload_go(&r).vector);
		EQ(FL_1 | FL_CF | (type == SYS_TRAP ? FL_IF : 0), r.c->r[R_AX]);
	}
	sys_rig_free(&r);
}

/* With VME and its bit clear, INT n goes by the task's own vectors, and IRET comes back; IF of
 * what it sees is VIF. */
PAYLOAD(vme_task, 16, "sti; int 0x21; pushf; pop ax; cli; pushf; pop bx; int3");
PAYLOAD(vme_handler, 16, "pushf; pop cx; iret");

TIER_TEST(corner_28_vme_redirects_and_keeps_vif)
{
	struct sys_rig r = rig_vm86(FL_IF, CR4_VME);
	struct trap t;

	ram_put(&r, AT_TSS + 104 + 0x21 / 8, 1, 0);
	ram_put(&r, 4 * 0x21, 4, 0x20000200);
	PLACED(&r, 0x20100, vme_task);
	PLACED(&r, 0x20200, vme_handler);
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(FL_1 | FL_IOPL, r.c->r[R_CX] & 0x7202);         /* the gate closed VIF */
	EQ(FL_1 | FL_IOPL | FL_IF, r.c->r[R_AX] & 0x7202); /* IRET opened it */
	EQ(FL_1 | FL_IOPL, r.c->r[R_BX] & 0x7202);
	EQ(FL_IF, t.flags & (FL_IF | FL_VIF | FL_IOPL)); /* the true IF never moved */
	sys_rig_free(&r);
}

PAYLOAD(vm86_nop, 16, "nop; nop; int3");

/* The monitor leaves a pending interrupt (VIP) to a task whose VIF is set: #GP(0) at once. */
TIER_TEST(corner_28_vip_with_vif)
{
	struct sys_rig r = rig_vm86(FL_VIF | FL_VIP, CR4_VME);
	struct trap t;

	PLACED(&r, 0x20100, vm86_nop);
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(0x100, t.rip);
	EQ(0, t.error);
	sys_rig_free(&r);
	r = rig_vm86(FL_VIP, CR4_VME); /* VIF is clear: later */
	PLACED(&r, 0x20100, vm86_nop);
	EQ(EXC_BP, payload_go(&r).vector);
	sys_rig_free(&r);
	r = rig_vm86(FL_VIF | FL_VIP, 0); /* no VME: two bits like any */
	PLACED(&r, 0x20100, vm86_nop);
	EQ(EXC_BP, payload_go(&r).vector);
	sys_rig_free(&r);
}

PAYLOAD(pvi_task, 32, "sti; pushfd; pop eax; cli; pushfd; pop ebx; push 2; popfd; int3");
PAYLOAD(pvi_pending, 32, "nop; sti; hlt");
PAYLOAD(to_ring_3, 32, "iretd");

TIER_TEST(corner_28_pvi_of_ring_3)
{
	struct sys_rig r = payload_rig(false, 3);
	struct trap t;

	r.c->cr4 |= CR4_PVI;
	r.c->flags |= FL_IF;
	LOADED(&r, pvi_task);
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(FL_1 | FL_IF | FL_VIF, r.c->r[R_AX]);
	EQ(FL_1 | FL_IF, r.c->r[R_BX]);
	EQ(FL_1 | FL_IF, t.flags); /* POPF of ring 3 changes neither */
	sys_rig_free(&r);
	r = payload_rig(false, 3);
	r.c->cr4 |= CR4_PVI;
	r.c->flags |= FL_VIP;
	LOADED(&r, pvi_pending);
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(AT_CODE + 1, t.rip);
	EQ(0, t.flags & FL_VIF);
	sys_rig_free(&r);
}

/* ---- 25: IRET ---- */

PAYLOAD(read_esp, 32, "mov eax, esp; int3");

/* "espfix": a return to a 16-bit stack loads SP alone; the upper half of ESP is still the
 * kernel's, and Linux expects it so. */
TIER_TEST(corner_25_iret_to_a_16_bit_stack_keeps_the_upper_half)
{
	struct sys_rig r = payload_rig(false, 0);
	uint32_t frame[] = {0x8100, CODE3, FL_1, 0xaaaa5678, SEL_FREE | 3};

	gdt_put(&r, SEL_FREE, 0x20000, 0xffff, 0xf2, 0);
	PLACED(&r, 0x8100, read_esp);
	r.c->r[R_SP] = 0x123000;
	memcpy(r.ram + 0x123000, frame, sizeof(frame));
	LOADED(&r, to_ring_3);
	EQ(EXC_BP, payload_go(&r).vector);
	EQ(0x00125678, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(read_segs, 32, "mov eax, ds; mov ebx, es; mov ecx, fs; int3");

TIER_TEST(corner_25_iret_outwards_drops_inner_data_segments)
{
	struct sys_rig r = payload_rig(false, 0);
	uint32_t frame[] = {0x8100, CODE3, FL_1, AT_STACK3, DATA3};

	RUNS(&r, seg_load(r.c, SEG_DS, DATA0));
	RUNS(&r, seg_load(r.c, SEG_ES, DATA3));
	RUNS(&r, seg_load(r.c, SEG_FS, CONF0)); /* conforming, but not readable otherwise */
	PLACED(&r, 0x8100, read_segs);
	r.c->r[R_SP] = AT_STACK0 - sizeof(frame);
	memcpy(r.ram + r.c->r[R_SP], frame, sizeof(frame));
	LOADED(&r, to_ring_3);
	EQ(EXC_BP, payload_go(&r).vector);
	EQ(0, r.c->r[R_AX]);
	EQ(DATA3, r.c->r[R_BX]);
	EQ(CONF0, r.c->r[R_CX]);
	sys_rig_free(&r);
}

static void ask_nmi(struct machine *m, uint8_t val)
{
	(void)val;
	cpu_attend(m->c, ATT_NMI);
}

/* An NMI within the handler of the first waits for IRET, and comes before the next instruction. */
PAYLOAD(nmi_handler, 64,
	"inc ebx; mov dx, 0x503; cmp ebx, 1; jne 1f; out dx, al; nop; mov ecx, ebx; 1: iretq");
PAYLOAD(nmi_base, 64, "mov dx, 0x503; out dx, al; mov edi, ebx; hlt");

TIER_TEST(corner_25_iret_lets_nmi_in_again)
{
	struct sys_rig r = payload_rig(true, 0);

	r.m->poke = ask_nmi;
	PLACED(&r, 0x9800, nmi_handler);
	gate_put(&r, AT_IDT + 16 * EXC_NMI, SYS_INT, 0, LONG0, 0x9800, 0);
	LOADED(&r, nmi_base);
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_CX]);
	EQ(2, r.c->r[R_DI]);
	sys_rig_free(&r);
}

PAYLOAD(nested, 64, "pushfq; or word ptr [rsp], 0x4000; popfq; iretq");

TIER_TEST(corner_25_nested_task_in_long_mode)
{
	struct sys_rig r = payload_rig(true, 0);
	struct trap t;

	LOADED(&r, nested);
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(0, t.error);
	CHECK(t.flags & FL_NT);
	sys_rig_free(&r);
}

/* ---- 26: fast system calls ---- */

PAYLOAD(sysret, 64, "mov rcx, 0x800000000000; mov rsp, 0x7000; sysretq");

TIER_TEST(corner_26_sysret_to_a_non_canonical_rip)
{
	struct sys_rig r = payload_rig(true, 0);
	struct trap t;

	r.c->star = (uint64_t)((LONG3 & ~3u) - 16) << 48;
	LOADED(&r, sysret);
	t = payload_go(&r);
	EQ(EXC_GP, t.vector); /* as Intel's: still in ring 0, on the user's stack */
	EQ(LONG0, t.cs);
	EQ(0x7000, t.sp);
	EQ(AT_CODE + 17, t.rip);
	sys_rig_free(&r);
}

PAYLOAD(compat_syscall, 64,
	"push 0x1b; lea rax, [rip + 1f]; push rax; rex64 retf;"
	".code32; 1: mov ebx, 0x77; syscall; .code64");

TIER_TEST(corner_26_syscall_of_compatibility_mode)
{
	struct sys_rig r = payload_rig(true, 3);
	struct trap t;

	LOADED(&r, compat_syscall);
	t = payload_go(&r);
	EQ(EXC_UD, t.vector); /* as Intel's */
	EQ(CODE3, t.cs);
	EQ(0x77, r.c->r[R_BX]);
	sys_rig_free(&r);
}

/* SYSENTER clears IF and VM, nothing else; SYSEXIT goes where RDX and RCX say. */
PAYLOAD(sysenter, 32, "sysenter");
PAYLOAD(sysenter_entry, 32,
	"pushfd; pop eax; mov ebx, esp; mov edx, 0x8200; mov ecx, 0x9f00; sysexit");
PAYLOAD(sysexit_to, 32, "mov esi, esp; mov edi, ss; int3");

TIER_TEST(corner_26_sysenter_and_sysexit)
{
	struct sys_rig r = payload_rig(false, 3);
	struct trap t;

	r.c->sysenter_cs = CODE0; /* CODE0, DATA0, CODE3, DATA3 */
	r.c->sysenter_esp = 0x7000;
	r.c->sysenter_eip = 0x8100;
	r.c->flags |= FL_IF | FL_CF | FL_NT;
	PLACED(&r, 0x8100, sysenter_entry);
	PLACED(&r, 0x8200, sysexit_to);
	LOADED(&r, sysenter);
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(FL_1 | FL_CF | FL_NT, r.c->r[R_AX]);
	EQ(0x7000, r.c->r[R_BX]);
	EQ(0x9f00, r.c->r[R_SI]);
	EQ(DATA3, r.c->r[R_DI]);
	EQ(CODE3, t.cs);
	sys_rig_free(&r);
	r = payload_rig(false, 3);
	r.c->sysenter_cs = 1; /* a null selector */
	LOADED(&r, sysenter);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
}

PAYLOAD(wrmsr, 64, "wrmsr; hlt");

TIER_TEST(corner_26_targets_are_canonical)
{
	static const uint32_t msrs[] = {0x175, 0x176, 0xc0000082, 0xc0000083};
	struct sys_rig r = payload_rig(true, 0);

	for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
		r.c->r[R_CX] = msrs[i];
		r.c->r[R_DX] = 0x8000;
		LOADED(&r, wrmsr);
		EQ(EXC_GP, payload_go(&r).vector);
		r.c->r[R_DX] = 0xffff8000;
		LOADED(&r, wrmsr);
		EQ(-1, payload_go(&r).vector);
	}
	sys_rig_free(&r);
}

/* SYSCALL and back: RCX, R11, FMASK, the selectors, SS usable with a flat cache. */
PAYLOAD(syscall, 64, "stc; syscall; setc bl; mov r9d, ss; int3");
PAYLOAD(syscall_entry, 64, "pushfq; pop rax; mov r8d, ss; mov r10, rcx; sysretq");

TIER_TEST(corner_26_syscall_and_back)
{
	struct sys_rig r = payload_rig(true, 3);
	struct trap t;

	r.c->star = (uint64_t)((LONG3 & ~3u) - 16) << 48 | (uint64_t)LONG0 << 32;
	r.c->lstar = 0x8100;
	r.c->fmask = FL_IF | FL_CF;
	r.c->flags |= FL_IF;
	PLACED(&r, 0x8100, syscall_entry);
	r.c->r[R_BX] = 0;
	LOADED(&r, syscall);
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(FL_1, r.c->r[R_AX] & (FL_IF | FL_CF | FL_1));
	EQ(LONG0 + 8, r.c->r[R_8]);
	EQ(AT_CODE + 3, r.c->r[R_10]);
	EQ(1, r.c->r[R_BX]);
	EQ(LONG3, t.cs);
	EQ(((LONG3 & ~3u) - 16 + 8) | 3, r.c->r[R_9]);
	EQ(AT_STACK3, t.sp);
	CHECK(t.flags & FL_IF);
	sys_rig_free(&r);
}

/* ---- 27: tasks ---- */

static void tss_put(struct sys_rig *r, uint16_t sel, uint32_t at, uint32_t eip)
{
	static const uint16_t segs[] = {DATA0, CODE0, DATA0, DATA0, DATA0, DATA0};

	gdt_put(r, sel, at, 103, 0x89, 0);
	ram_put(r, at + 0x20, 4, eip);
	ram_put(r, at + 0x24, 4, FL_1);
	ram_put(r, at + 0x38, 4, 0x6000);
	for (unsigned i = 0; i < 6; i++)
		ram_put(r, at + 0x48 + 4 * i, 4, segs[i]);
}

PAYLOAD(task_caller, 32,
	"mov eax, 0x1234;" CALL_FAR32(0x70,
				      0) "mov ebx, eax; pushfd; pop ecx;" CALL_FAR32(0x70,
										     0) "hlt");
PAYLOAD(task_called, 32, "1: inc eax; pushfd; pop edx; iretd; jmp 1b");

TIER_TEST(corner_27_task_called_twice)
{
	struct sys_rig r = payload_rig(false, 0);

	tss_put(&r, SEL_FREE, AT_TSS2, 0x8100);
	PLACED(&r, 0x8100, task_called);
	LOADED(&r, task_caller);
	EQ(-1, payload_go(&r).vector);
	EQ(0x1234, r.c->r[R_BX]); /* registers are the task's own */
	EQ(FL_1, r.c->r[R_CX]);
	EQ(SEL_TSS, r.c->tr.sel);
	EQ(2, ram_get(&r, AT_TSS2 + 0x28, 4)); /* its EAX went on where it was */
	EQ(0x8100 + 4, ram_get(&r, AT_TSS2 + 0x20, 4));
	EQ(0, ram_get(&r, AT_TSS2 + 0x34, 4)); /* the caller's EBX did not get there */
	sys_rig_free(&r);
}

/* The T bit of a TSS: #DB before the new task's first instruction. */
PAYLOAD(task_jump, 32, JMP_FAR32(0x70, 0));

TIER_TEST(corner_27_debug_trap_of_a_task)
{
	struct sys_rig r = payload_rig(false, 0);
	struct trap t;

	tss_put(&r, SEL_FREE, AT_TSS2, 0x8100);
	ram_put(&r, AT_TSS2 + 0x64, 2, 1);
	r.ram[0x8100] = 0x90;
	r.c->dr[7] |= 0x155; /* local breakpoints are the old task's */
	LOADED(&r, task_jump);
	t = payload_go(&r);
	EQ(EXC_DB, t.vector);
	EQ(0x8100, t.rip);
	EQ(1 << 15, r.c->dr[6] & 0xf00f);
	EQ(0x400, r.c->dr[7]);
	EQ(0x6000 - 12, r.c->r[R_SP]);
	sys_rig_free(&r);
}

/* The inner stack is wrong: #TS with its selector, in a task whose stack is good. EXT is set for
 * what comes from outside only. */
PAYLOAD(int_40_ring_3, 32, "int 0x40");
PAYLOAD(wait_ring_3, 32, "1: jmp 1b");

TIER_TEST(corner_23_bad_inner_stack)
{
	for (unsigned external = 0; external < 2; external++) {
		struct sys_rig r = payload_rig(false, 3);

		tss_put(&r, SEL_FREE, AT_TSS2, 0x8100);
		r.ram[0x8100] = 0xf4;
		gate_put(&r, AT_IDT + 8 * EXC_TS, SYS_TASK_GATE, 0, SEL_FREE, 0, 0);
		ram_put(&r, AT_TSS + 8, 4, DATA3);
		LOADED(&r, int_40_ring_3);
		if (external) {
			LOADED(&r, wait_ring_3);
			cpu_attend(r.c, ATT_NMI);
		}
		EQ(STOP_HALT, payload_run(&r, 100));
		EQ(0x8101, r.c->rip);
		EQ((DATA3 & ~3u) | external, ram_get(&r, r.c->r[R_SP], 4));
		EQ(AT_CODE, ram_get(&r, AT_TSS + 0x20, 4)); /* where it was, undone */
		EQ(AT_STACK3, ram_get(&r, AT_TSS + 0x38, 4));
		sys_rig_free(&r);
	}
}

PAYLOAD(lost_esp, 32, "mov esp, 2; ud2");

/* What a 32-bit kernel has for #DF: a task of its own, whose back link tells where it was. */
TIER_TEST(corner_27_double_fault_task)
{
	struct sys_rig r = payload_rig(false, 0);

	tss_put(&r, SEL_FREE, AT_TSS2, AT_TRAPS + TRAP_STEP * EXC_DF);
	gdt_put(&r, DATA16, 0x20000, 0xfff, 0x92, 0);
	RUNS(&r, seg_load(r.c, SEG_SS, DATA16));
	gate_put(&r, AT_IDT + 8 * EXC_DF, SYS_TASK_GATE, 0, SEL_FREE, 0, 0);
	LOADED(&r, lost_esp);
	EQ(STOP_HALT, payload_run(&r, 100));
	EQ(AT_TRAPS + TRAP_STEP * EXC_DF + 1, r.c->rip);
	EQ(SEL_FREE, r.c->tr.sel);
	EQ(SEL_TSS, ram_get(&r, AT_TSS2, 2));
	EQ(AT_CODE + 5, ram_get(&r, AT_TSS + 0x20, 4));
	EQ(0, ram_get(&r, r.c->r[R_SP], 4)); /* the error code */
	EQ(0x6000 - 4, r.c->r[R_SP]);
	CHECK(r.c->flags & FL_NT);
	CHECK(r.c->cr0 & CR0_TS);
	sys_rig_free(&r);
}

/* ---- 29: no system management mode ---- */

PAYLOAD(rsm, 64, "rsm; hlt");

TIER_TEST(corner_29_rsm_outside_smm)
{
	struct sys_rig r = payload_rig(true, 0);

	LOADED(&r, rsm);
	EQ(EXC_UD, payload_go(&r).vector);
	sys_rig_free(&r);
}

/* ---- 50, 51: segments and modes ---- */

PAYLOAD(gate_caller, 32,
	"push 0x1111; push 0x2222;" CALL_FAR32(0x73, 0x12345678) "mov ecx, esp; int3");
PAYLOAD(gate_called, 32, "mov eax, [esp + 8]; mov ebx, [esp + 12]; mov edx, cs; retf 8");

TIER_TEST(corner_50_call_gate_with_parameters)
{
	struct sys_rig r = payload_rig(false, 3);
	struct trap t;

	gate_put(&r, AT_GDT + SEL_FREE, SYS_CALL, 3, CODE0, 0x8100, 2);
	PLACED(&r, 0x8100, gate_called);
	LOADED(&r, gate_caller);
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(CODE3, t.cs);
	EQ(0x2222, r.c->r[R_AX]);
	EQ(0x1111, r.c->r[R_BX]);
	EQ(CODE0, r.c->r[R_DX]);
	EQ(AT_STACK3, r.c->r[R_CX]); /* both stacks lost their parameters */
	sys_rig_free(&r);
}

PAYLOAD(conforming, 32, CALL_FAR32(0x28, 0x8100) "mov ebx, cs; int3");
PAYLOAD(conforming_code, 32, "mov eax, cs; retf");

TIER_TEST(corner_50_conforming_code_keeps_the_cpl)
{
	struct sys_rig r = payload_rig(false, 3);

	PLACED(&r, 0x8100, conforming_code);
	LOADED(&r, conforming);
	EQ(EXC_BP, payload_go(&r).vector);
	EQ(CONF0 | 3, r.c->r[R_AX]);
	EQ(CODE3, r.c->r[R_BX]);
	sys_rig_free(&r);
}

PAYLOAD(halves, 64,
	"mov rax, -1; mov rbx, -1; mov rcx, 0x1122334455667788; mov rsi, rcx;"
	"push 8; lea rdx, [rip + 1f]; push rdx; rex64 retf;"
	".code32; 1: inc eax; mov bl, 1; mov ecx, ecx; " JMP_FAR32(
		0x30, 0x8000 + 2f - halves_start) ".code64; 2: hlt");

TIER_TEST(corner_51_upper_halves_over_a_mode_switch)
{
	struct sys_rig r = payload_rig(true, 0);

	LOADED(&r, halves);
	EQ(-1, payload_go(&r).vector);
	EQ(0, r.c->r[R_AX]); /* a 32-bit result clears the upper half there too */
	EQ(0xffffffffffffff01, r.c->r[R_BX]);
	EQ(0x55667788, r.c->r[R_CX]);
	EQ(0x1122334455667788, r.c->r[R_SI]); /* not touched */
	EQ(MODE_64, r.c->mode);
	sys_rig_free(&r);
}

/* ---- 53, 55: bases, CR8 ---- */

PAYLOAD(gs_swap, 64,
	"mov ecx, 0xc0000101; xor edx, edx; mov eax, 0x20000; wrmsr;"
	"inc ecx; mov eax, 0x21000; wrmsr; mov bl, gs:[8]; swapgs; mov bh, gs:[8];"
	"rdmsr; hlt");
PAYLOAD(fs_far, 64,
	"mov ecx, 0xc0000100; mov edx, 0x7fff; mov eax, 0xfffff000; wrmsr;"
	"mov al, fs:[0x1000]; hlt");
PAYLOAD(fs_gated, 64, "wrfsbase rax; hlt");

TIER_TEST(corner_53_bases)
{
	struct sys_rig r = payload_rig(true, 0);

	r.ram[DATA + 8] = 0x11;
	r.ram[DATA + 0x1008] = 0x22;
	r.c->r[R_BX] = 0;
	LOADED(&r, gs_swap);
	EQ(-1, payload_go(&r).vector);
	EQ(0x2211, r.c->r[R_BX]);
	EQ(DATA, r.c->r[R_AX]);
	LOADED(&r, fs_far); /* base and offset are canonical, their sum is not */
	EQ(EXC_GP, payload_go(&r).vector);
	LOADED(&r, fs_gated);
	EQ(EXC_UD, payload_go(&r).vector); /* CR4.FSGSBASE is clear */
	r.c->cr4 |= CR4_FSGSBASE;
	r.c->r[R_AX] = 1ull << 47;
	LOADED(&r, fs_gated);
	EQ(EXC_GP, payload_go(&r).vector);
	r.c->r[R_AX] = ~0ull << 47;
	LOADED(&r, fs_gated);
	EQ(-1, payload_go(&r).vector);
	EQ(~0ull << 47, r.c->seg[SEG_FS].base);
	sys_rig_free(&r);
}

PAYLOAD(swapgs, 64, "swapgs; hlt");

TIER_TEST(corner_53_swapgs_is_for_ring_0)
{
	struct sys_rig r = payload_rig(true, 3);

	LOADED(&r, swapgs);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
}

PAYLOAD(cr8, 64, "mov eax, 5; mov cr8, rax; mov rbx, cr8; mov eax, 16; mov cr8, rax; hlt");
PAYLOAD(amd_cr8, 64, ".byte 0xf0; mov rax, cr0; hlt");

TIER_TEST(corner_55_cr8)
{
	struct sys_rig r = payload_rig(true, 0);

	LOADED(&r, cr8);
	EQ(EXC_GP, payload_go(&r).vector);
	EQ(5, r.c->r[R_BX]);
	LOADED(&r, amd_cr8); /* AMD's other way to CR8, which CPUID does not show */
	EQ(EXC_UD, payload_go(&r).vector);
	sys_rig_free(&r);
}
