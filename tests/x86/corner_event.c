/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard cases of interrupts, traps and repetition (docs/engine.md, hard cases): what is seen
 * between two instructions, and what is not.
 *
 * Spec: Intel SDM volume 2, REP, MOV, STI; volume 3, 6.8.3 (shadows), 17.2-17.3 (debug; RF).
 */
#include "hypervisor/core.h"
#include "hypervisor/x86/cpu.h"
#include "tests/x86/sys_rig.h"

#define FROM   0x20000
#define TO     0x30000
#define INTR   0xff /* the vector, there being no 8259 */
#define DR6_BD (1u << 13)
#define DR6_BS (1u << 14)

static void set_intr(struct machine *m, uint8_t val)
{
	core_intr(m->dom, val & 1);
}

static struct sys_rig rig_prot(unsigned cpl)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, cpl);
	payload_traps(&r);
	r.m->poke = set_intr;
	return r;
}

static struct sys_rig rig_long(unsigned cpl)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, cpl);
	payload_traps(&r);
	r.m->poke = set_intr;
	return r;
}

/* A handler of the test's own, at 0x9800. */
static void handler(struct sys_rig *r, unsigned vector, const uint8_t *start, const uint8_t *end)
{
	uint64_t rip = r->c->rip;

	payload_load(r, 0x9800, start, end);
	r->c->rip = r->c->next_rip = rip;
	gate_put(r, AT_IDT + (r->c->long_mode ? 16 : 8) * vector, 14, 3,
		 r->c->long_mode ? LONG0 : CODE0, 0x9800, 0);
}

/* ---- 6, 7: repetition ---- */

PAYLOAD(rep_movsb, 64, "nop; rep movsb; hlt");

TIER_TEST(corner_06_rep_stopped_by_a_fault)
{
	struct sys_rig r = rig_long(0);
	struct trap t;

	page_put(&r, TO + 0x1000, 0, 0);
	r.c->r[R_SI] = FROM;
	r.c->r[R_DI] = TO + 0x10;
	r.c->r[R_CX] = 0x2000;
	memset(r.ram + FROM, 0x5a, 0x3000);
	LOADED(&r, rep_movsb);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(2, t.error);
	EQ(TO + 0x1000, r.c->cr2);
	EQ(AT_CODE + 1, t.rip);
	EQ(FL_RF | FL_1, t.flags);
	EQ(0x2000 - 0xff0, r.c->r[R_CX]);
	EQ(FROM + 0xff0, r.c->r[R_SI]);
	EQ(TO + 0x1000, r.c->r[R_DI]);
	page_put(&r, TO + 0x1000, TO + 0x1000, 7);
	r.c->rip = t.rip;
	EQ(-1, payload_go(&r).vector);
	EQM(r.ram + FROM, r.ram + TO + 0x10, 0x2000);
	sys_rig_free(&r);
}

/* One iteration after the other: there is time for an interrupt between, RF says how it goes on. */
TIER_TEST(corner_06_rep_interrupted)
{
	struct sys_rig r = rig_long(0);
	struct trap t;

	r.c->r[R_SI] = FROM;
	r.c->r[R_DI] = TO;
	r.c->r[R_CX] = 0xf000;
	r.c->flags |= FL_IF | FL_DF;
	LOADED(&r, rep_movsb);
	EQ(STOP_COUNT, payload_run(&r, 2));
	core_intr(r.dom, true);
	t = payload_go(&r);
	EQ(INTR, t.vector);
	EQ(AT_CODE + 1, t.rip);
	EQ(FL_RF | FL_IF | FL_DF | FL_1, t.flags);
	CHECK(r.c->r[R_CX] > 0 && r.c->r[R_CX] < 0xf000);
	EQ(0xf000 - r.c->r[R_CX], FROM - r.c->r[R_SI]);
	EQ(0xf000 - r.c->r[R_CX], TO - r.c->r[R_DI]);
	sys_rig_free(&r);
}

PAYLOAD(sti_rep, 64, "sti; rep movsb; hlt");

/* The interrupt that waits is taken behind the first units, not behind as many as fit in one go. */
TIER_TEST(corner_06_rep_lets_an_interrupt_in_between_pages)
{
	struct sys_rig r = rig_long(0);
	struct trap t;

	r.c->r[R_SI] = FROM;
	r.c->r[R_DI] = TO;
	r.c->r[R_CX] = 0x3000;
	LOADED(&r, sti_rep);
	core_intr(r.dom, true);
	t = payload_go(&r);
	EQ(INTR, t.vector);
	EQ(AT_CODE + 1, t.rip);
	EQ(FL_RF | FL_IF | FL_1, t.flags);
	EQ(0x2000, r.c->r[R_CX]);
	EQ(TO + 0x1000, r.c->r[R_DI]);
	sys_rig_free(&r);
}

PAYLOAD(no_rep, 64,
	"cmp al, 1; lahf;" /* CF, SF, not ZF */
	"xor ecx, ecx; sahf; repe cmpsb; seta bl; setz bh;"
	"mov rcx, 0x100000000; addr32 rep movsb;" /* ECX is 0 */
	"hlt");

TIER_TEST(corner_07_count_zero)
{
	struct sys_rig r = rig_long(0);

	r.c->r[R_SI] = 0x800000; /* not there */
	r.c->r[R_DI] = 0x800000;
	r.c->r[R_AX] = 0;
	LOADED(&r, no_rep);
	EQ(-1, payload_go(&r).vector);
	EQ(0, r.c->r[R_BX]); /* flags as before */
	EQ(0x800000, r.c->r[R_SI]);
	EQ(0x800000, r.c->r[R_DI]);
	sys_rig_free(&r);
}

PAYLOAD(widths, 32,
	"mov ecx, 0x10003; addr16 rep movsb; mov ebx, ecx;" /* CX of 3 */
	"std; mov esi, 0x20014; mov edi, 0x20018; mov ecx, 4; rep movsd;"
	"cld; mov esi, 0x20100; mov edi, 0x20101; mov ecx, 7; rep movsb; hlt");

TIER_TEST(corner_07_narrow_counts_and_overlaps)
{
	struct sys_rig r = rig_prot(0);

	r.c->r[R_SI] = 0x11230500;
	r.c->r[R_DI] = 0x45670600;
	memcpy(r.ram + 0x500, "abcd", 4);
	for (unsigned i = 0; i < 0x20; i++)
		r.ram[FROM + i] = (uint8_t)i;
	r.ram[FROM + 0x100] = 'z';
	LOADED(&r, widths);
	EQ(-1, payload_go(&r).vector);
	EQM("abc\0", r.ram + 0x600, 4);
	EQ(0x10000, r.c->r[R_BX]);
	EQM("\x08\x09\x0a\x0b\x08\x09\x0a\x0b", r.ram + FROM + 8,
	    8); /* each unit from what is left */
	EQM("\x14\x15\x16\x17\x1c", r.ram + FROM + 0x18, 5);
	EQM("zzzzzzzz\0", r.ram + FROM + 0x100, 9);
	sys_rig_free(&r);
}

PAYLOAD(one_by_one, 64, "cld; movsb; movsw; movsd; movsq; std; movsb; cld; addr32 movsb; hlt");
PAYLOAD(one_by_one_32, 32, "movsd; movsb; addr16 movsb; hlt");
PAYLOAD(one_to_itself, 32, "movsb; nop; inc ebx; hlt");

TIER_TEST(corner_07_movs_without_rep)
{
	struct sys_rig r = rig_long(0);

	for (unsigned i = 0; i < 0x20; i++)
		r.ram[FROM + i] = (uint8_t)(i + 1);
	r.c->r[R_SI] = FROM;
	r.c->r[R_DI] = TO;
	LOADED(&r, one_by_one);
	EQ(-1, payload_go(&r).vector);
	EQM(r.ram + FROM, r.ram + TO, 16);
	EQ(0, r.ram[TO + 16]);
	EQ(FROM + 15, r.c->r[R_SI]);
	EQ(TO + 15, r.c->r[R_DI]);
	r.c->r[R_SI] = FROM + 1;
	r.c->r[R_DI] = TO + 0xffc; /* the third unit crosses */
	page_put(&r, TO + 0x1000, 0, 0);
	LOADED(&r, one_by_one);
	EQ(EXC_PF, payload_go(&r).vector);
	EQ(TO + 0x1000, r.c->cr2);
	EQ(FROM + 1 + 3, r.c->r[R_SI]);
	EQ(TO + 0xfff, r.c->r[R_DI]);
	sys_rig_free(&r);
}

TIER_TEST(corner_07_movs_without_rep_32)
{
	struct sys_rig r = rig_prot(0);

	memcpy(r.ram + FROM, "abcdef", 6);
	r.ram[(FROM + 5) & 0xffff] = '!';
	r.c->r[R_SI] = FROM;
	r.c->r[R_DI] = TO;
	LOADED(&r, one_by_one_32);
	EQ(-1, payload_go(&r).vector);
	EQM("abcde\0", r.ram + TO, 6);
	EQ('!', r.ram[(TO + 5) & 0xffff]);
	EQ(FROM + 6, r.c->r[R_SI]);
	r.ram[FROM] = 0x43; /* INC EBX */
	r.c->r[R_SI] = FROM;
	r.c->r[R_DI] = AT_CODE + 1;
	r.c->r[R_BX] = 0;
	LOADED(&r, one_to_itself);
	EQ(-1, payload_go(&r).vector);
	EQ(2, r.c->r[R_BX]);
	sys_rig_free(&r);
}

/* ---- 8, 9: shadows ---- */

PAYLOAD(sti_one, 32, "sti; inc bl; inc bh; hlt");
PAYLOAD(sti_cli, 32, "sti; cli; inc bl; hlt");
PAYLOAD(sti_sti, 32, "sti; sti; inc bl; hlt");
PAYLOAD(sti_hlt, 32, "sti; hlt; inc bl; hlt");
PAYLOAD(sti_mov_ss, 32, "sti; mov ss, ecx; inc bl; inc bh; hlt");
PAYLOAD(sti_pop_ss, 32, "push ecx; sti; .byte 0x17; inc bl; inc bh; hlt");
PAYLOAD(popf_if, 32, "push 0x202; popfd; inc bl; hlt");
PAYLOAD(jump_away, 32, "sti; jmp 1f; inc bl; 1: inc bh; hlt");

#define SHADOW(text, name, bx_, at_)                     \
	{                                                \
		text, name##_start, name##_end, bx_, at_ \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
	unsigned bx;
	int at; /* where the interrupt comes; -1: never */
} shadows[] = {
	SHADOW("sti", sti_one, 1, 3),
	SHADOW("sti cli", sti_cli, 1, -1),
	SHADOW("sti sti: the second has none", sti_sti, 0, 2),
	SHADOW("sti hlt", sti_hlt, 0, 2),
	SHADOW("sti, mov ss", sti_mov_ss, 1, 5),
	SHADOW("sti, pop ss", sti_pop_ss, 1, 5),
	SHADOW("popf has none", popf_if, 0, 6),
	SHADOW("sti, jmp", jump_away, 0, 5),
};

static void shadow(unsigned i)
{
	struct sys_rig r = rig_prot(0);
	struct trap t;

	r.c->r[R_CX] = DATA0;
	r.c->r[R_BX] = 0;
	core_intr(r.dom, true);
	payload_load(&r, AT_CODE, shadows[i].start, shadows[i].end);
	t = payload_go(&r);
	EQ(shadows[i].at < 0 ? -1 : INTR, t.vector);
	if (shadows[i].at >= 0)
		EQ(AT_CODE + (unsigned)shadows[i].at, t.rip);
	EQ(shadows[i].bx, r.c->r[R_BX]);
	sys_rig_free(&r);
}

TIER_TEST_EACH(corner_08_sti_shadow, ARRAY_SIZE(shadows), shadows[i].name)
{
	shadow(i);
}

PAYLOAD(nmi_mov_ss, 32, "mov ss, ecx; inc bl; inc bh; hlt");

TIER_TEST(corner_09_mov_ss_holds_back_nmi)
{
	struct sys_rig r = rig_prot(0);
	struct trap t;

	r.c->r[R_CX] = DATA0;
	LOADED(&r, nmi_mov_ss);
	EQ(STOP_COUNT, payload_run(&r, 1));
	cpu_attend(r.c, ATT_NMI);
	t = payload_go(&r);
	EQ(EXC_NMI, t.vector);
	EQ(AT_CODE + 4, t.rip);
	sys_rig_free(&r);
}

PAYLOAD(step_mov_ss, 32, "mov ss, ecx; inc bl; inc bh; hlt");
PAYLOAD(watched_ss, 32, "mov ss, word ptr ds:[0x20000]; int 0x80; hlt");

TIER_TEST(corner_09_mov_ss_holds_back_debug_traps)
{
	struct sys_rig r = rig_prot(0);
	struct trap t;

	r.c->r[R_CX] = DATA0;
	r.c->flags |= FL_TF;
	LOADED(&r, step_mov_ss);
	t = payload_go(&r);
	EQ(EXC_DB, t.vector);
	EQ(AT_CODE + 4, t.rip);
	sys_rig_free(&r);
	/* CVE-2018-8897: the trap comes in ring 0, at the handler of INT. */
	r = rig_prot(3);
	ram_put(&r, FROM, 2, DATA3);
	r.c->dr[0] = FROM;
	RUNS(&r, dr_write(r.c, 7, 0x00030001)); /* two bytes? one will do: any access */
	LOADED(&r, watched_ss);
	t = payload_go(&r);
	EQ(EXC_DB, t.vector);
	EQ(AT_TRAPS + TRAP_STEP * 0x80, t.rip);
	EQ(CODE0, t.cs);
	EQ(1, r.c->dr[6] & 0xf);
	sys_rig_free(&r);
}

/* ---- 10: single step ---- */

PAYLOAD(step_plain, 64, "nop; nop; hlt");
PAYLOAD(step_int, 64, "int 0x80; nop; hlt");
PAYLOAD(step_popf, 64, "push 0x102; popfq; nop; nop; hlt");
PAYLOAD(step_unpopf, 64, "push 2; popfq; nop; hlt");
PAYLOAD(step_rep, 64, "rep movsb; nop; hlt");
PAYLOAD(step_fault, 64, "ud2; hlt");
PAYLOAD(step_iret, 64,
	"mov rax, rsp; push 0x10; push rax; push 0x102; push 0x30;"
	"lea rax, [rip + 1f]; push rax; iretq; 1: nop; nop; hlt");
PAYLOAD(step_syscall, 64, "syscall; nop; hlt");
PAYLOAD(step_jump, 64, "jmp 1f; nop; 1: nop; hlt");
PAYLOAD(step_branch_only, 64,
	"mov ecx, 0x1d9; xor edx, edx; mov eax, 2; wrmsr; push 0x102; popfq;"
	"nop; nop; jmp 1f; 1: hlt");

#define STEP(text, name, tf, vec_, at_)                       \
	{                                                     \
		text, name##_start, name##_end, tf, vec_, at_ \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
	bool tf; /* from the start */
	int vector, at;
} steps[] = {
	STEP("after the instruction", step_plain, true, EXC_DB, 1),
	STEP("a jump: at its target", step_jump, true, EXC_DB, 3),
	STEP("int n clears it", step_int, true, 0x80, 2),
	STEP("popf: after the next one", step_popf, false, EXC_DB, 7),
	STEP("popf that clears it still traps", step_unpopf, false, -1, 0),
	STEP("each turn of rep", step_rep, true, EXC_DB, 0),
	STEP("not after a fault", step_fault, true, EXC_UD, 0),
	STEP("iret: after the next one", step_iret, false, EXC_DB, 24),
	STEP("DEBUGCTL.BTF is ignored", step_branch_only, false, EXC_DB, 21),
};

TIER_TEST_EACH(corner_10_single_step, ARRAY_SIZE(steps), steps[i].name)
{
	struct sys_rig r = rig_long(0);
	struct trap t;

	r.c->r[R_CX] = 3;
	r.c->r[R_SI] = FROM;
	r.c->r[R_DI] = TO;
	if (steps[i].tf)
		r.c->flags |= FL_TF;
	payload_load(&r, AT_CODE, steps[i].start, steps[i].end);
	t = payload_go(&r);
	EQ(steps[i].vector, t.vector);
	if (t.vector >= 0) {
		EQ(AT_CODE + (unsigned)steps[i].at, t.rip);
		EQ(t.vector == EXC_DB ? DR6_BS : 0, r.c->dr[6] & 0xf00f);
	}
	if (steps[i].start == step_rep_start) {
		EQ(2, r.c->r[R_CX]);
		CHECK(t.flags & FL_RF); /* more are to come */
	}
	EQ(0, r.c->flags & FL_TF);
	sys_rig_free(&r);
}

/* SYSCALL looks at TF as FMASK leaves it, SYSRET as R11 brings it: a kernel that clears TF is not
 * stepped into, and the trap comes as if SYSCALL had just been done. */
TIER_TEST(corner_10_single_step_of_syscall)
{
	struct sys_rig r = rig_long(3);
	struct trap t;

	r.c->star = (uint64_t)LONG0 << 32;
	r.c->lstar = AT_TRAPS + TRAP_STEP * 0x90;
	r.c->fmask = FL_TF;
	r.c->flags |= FL_TF;
	LOADED(&r, step_syscall);
	EQ(0x90, payload_go(&r).vector);
	EQ(FL_TF | FL_1, r.c->r[R_11]);
	EQ(0, r.c->dr[6] & DR6_BS);
	sys_rig_free(&r);
	r = rig_long(3);
	r.c->star = (uint64_t)LONG0 << 32;
	r.c->lstar = AT_TRAPS + TRAP_STEP * 0x90;
	r.c->flags |= FL_TF;
	LOADED(&r, step_syscall);
	t = payload_go(&r);
	EQ(EXC_DB, t.vector);
	EQ(AT_TRAPS + TRAP_STEP * 0x90, t.rip);
	EQ(LONG0, t.cs);
	sys_rig_free(&r);
}

PAYLOAD(step_sysret, 64, "sysretq");

TIER_TEST(corner_10_single_step_of_sysret)
{
	struct sys_rig r = rig_long(0);
	struct trap t;

	r.c->star = (uint64_t)((LONG3 & ~3u) - 16) << 48;
	r.c->r[R_CX] = 0x8100;
	r.c->r[R_11] = FL_TF | FL_1;
	r.ram[0x8100] = r.ram[0x8101] = 0x90;
	LOADED(&r, step_sysret);
	t = payload_go(&r);
	EQ(EXC_DB, t.vector);
	EQ(0x8100, t.rip);
	EQ(LONG3, t.cs);
	sys_rig_free(&r);
}

/* ---- 11: debug registers, written by the guest ---- */

PAYLOAD(bp_write, 64,
	"mov eax, 0x20003; mov dr0, rax;" /* of 8 bytes: 0x20000 … 7 */
	"mov eax, 0x90001; mov dr7, rax;"
	"mov al, [0x20006]; mov [0x20008], al; mov [0x20007], al; nop; hlt");
PAYLOAD(bp_any, 64,
	"mov eax, 0x20004; mov dr1, rax; mov eax, 0xf00004; mov dr7, rax;" /* of 4, reads too */
	"mov ax, [0x20002]; mov eax, [0x20001]; nop; hlt");
PAYLOAD(bp_push, 64,
	"lea rax, [rsp - 8]; mov dr2, rax; mov eax, 0x09000010; mov dr7, rax; push rax; nop; hlt");
PAYLOAD(bp_io, 64,
	"mov rax, cr4; or al, 8; mov cr4, rax; mov eax, 0x502; mov dr3, rax;"
	"mov eax, 0x20000040; mov dr7, rax; mov edx, 0x502; out dx, al; nop; hlt");
PAYLOAD(bp_general, 64, "mov eax, 0x2400; mov dr7, rax; nop; mov rbx, dr3; hlt");
PAYLOAD(bp_movs, 64,
	"mov eax, 0x20802; mov dr0, rax; mov eax, 0x10001; mov dr7, rax;"
	"mov esi, 0x20000; mov edi, 0x20800; mov ecx, 8; rep movsb; hlt");

#define WATCH(text, name, at_, dr6_)                      \
	{                                                 \
		text, name##_start, name##_end, at_, dr6_ \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
	unsigned at; /* from the payload's end */
	uint32_t dr6;
} watches[] = {
	WATCH("write of 8, aligned down", bp_write, 2, 1),
	WATCH("read of 4, partly", bp_any, 2, 2),
	WATCH("push", bp_push, 2, 4),
	WATCH("port", bp_io, 2, 8),
	WATCH("general detect", bp_general, 4, DR6_BD),
	WATCH("in the middle of rep", bp_movs, 3, 1),
};

TIER_TEST_EACH(corner_11_breakpoints, ARRAY_SIZE(watches), watches[i].name)
{
	struct sys_rig r = rig_long(0);
	struct trap t;

	payload_load(&r, AT_CODE, watches[i].start, watches[i].end);
	t = payload_go(&r);
	EQ(EXC_DB, t.vector);
	EQ((uint64_t)(watches[i].end - watches[i].start) - watches[i].at, t.rip - AT_CODE);
	EQ(watches[i].dr6, r.c->dr[6] & 0xf00f);
	EQ(0, r.c->dr[7] & 0x2000);
	if (watches[i].start == bp_movs_start)
		EQ(5, r.c->r[R_CX]);
	sys_rig_free(&r);
}

/* The handler counts, sets RF and goes back: the instruction runs, and is not met again until the
 * next time round; a repeated one is met once. */
PAYLOAD(bp_code, 64,
	"lea rax, [rip + 1f]; mov dr0, rax; mov eax, 1; mov dr7, rax;"
	"mov ebx, 3; 2: mov esi, 0x20000; mov edi, 0x30000; mov ecx, 3000;"
	"1: rep movsb; dec ebx; jnz 2b; hlt");
PAYLOAD(bp_resume, 64, "inc r15d; or dword ptr [rsp + 18], 1; iretq");

TIER_TEST(corner_11_instruction_breakpoint_and_rf)
{
	struct sys_rig r = rig_long(0);

	LOADED(&r, bp_code);
	handler(&r, EXC_DB, bp_resume_start, bp_resume_end);
	EQ(-1, payload_go(&r).vector);
	EQ(3, r.c->r[R_15]);
	EQ(0, r.c->r[R_BX]);
	EQ(0, r.c->r[R_CX]);
	EQ(1, r.c->dr[6] & 0xf);
	sys_rig_free(&r);
}

/* A fault's image has RF: whoever returns does not meet the breakpoint a second time. */
PAYLOAD(bp_fault, 64,
	"lea rax, [rip + 1f]; mov dr0, rax; mov eax, 1; mov dr7, rax; 1: mov al, [0x800000]; hlt");
PAYLOAD(bp_fixed, 64, "mov [rsi], rdi; add rsp, 8; iretq");

TIER_TEST(corner_11_fault_resumes_past_the_breakpoint)
{
	struct sys_rig r = rig_long(0);

	r.c->r[R_SI] = page_put(&r, 0x800000, 0, 0);
	r.c->r[R_DI] = FROM | 7;
	LOADED(&r, bp_fault);
	handler(&r, EXC_PF, bp_fixed_start, bp_fixed_end);
	r.c->flags |= FL_RF; /* not met a first time */
	payload_load(&r, 0x9900, bp_resume_start, bp_resume_end);
	gate_put(&r, AT_IDT + 16 * EXC_DB, 14, 0, LONG0, 0x9900, 0);
	r.c->rip = AT_CODE;
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_15]);
	sys_rig_free(&r);
}
