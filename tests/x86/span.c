/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses that share one look at the TLB: hypervisor/x86/translate/span.c. */
#include "tests/x86/sys_rig.h"

PAYLOAD(frame, 64,
	"mov ecx, 1000; 1: push rbp; mov rbp, rsp; sub rsp, 32; mov [rbp - 8], rcx;"
	"mov [rsp], rbx; mov rax, [rbp - 8]; add [rsp], rax; mov rbx, [rbp - 32]; leave;"
	"dec ecx; jnz 1b; hlt");

/* A frame on each place around a page's end. */
TIER_TEST(a_frame_over_a_page_s_end)
{
	for (uint64_t sp = 0x20fe0; sp < 0x21060; sp += 4) {
		struct sys_rig r = sys_rig("max");

		go_long(&r, 0);
		r.c->r[R_SP] = sp;
		r.c->r[R_BP] = 0x1234567890;
		r.c->r[R_BX] = 0;
		LOADED(&r, frame);
		EQ(-1, payload_go(&r).vector);
		EQ(1000 * 1001 / 2, r.c->r[R_BX]);
		EQ(sp, r.c->r[R_SP]);
		EQ(0x1234567890, r.c->r[R_BP]);
		EQ(0x1234567890, ram_get(&r, sp - 8, 8));
		sys_rig_free(&r);
	}
}

/* Reads, and writes only behind a jump that is taken. */
PAYLOAD(perhaps, 64,
	"mov ecx, 100; 1: mov eax, [rsi]; add ebx, eax; cmp eax, 5; je 2f; mov [rsi + 8], eax;"
	"2: dec ecx; jnz 1b; hlt");

TIER_TEST(what_is_not_written_is_not_dirty)
{
	struct sys_rig r = sys_rig("max");
	uint64_t entry;

	go_long(&r, 0);
	payload_traps(&r);
	entry = page_put(&r, 0x30000, 0x30000, 7);
	r.c->r[R_SI] = 0x30100;
	r.c->r[R_BX] = 0;
	ram_put(&r, 0x30100, 4, 5);
	LOADED(&r, perhaps);
	EQ(-1, payload_go(&r).vector);
	EQ(500, r.c->r[R_BX]);
	EQ(0x27, ram_get(&r, entry, 8) & 0xfff); /* accessed, not dirty */
	ram_put(&r, 0x30100, 4, 6);
	r.c->rip = AT_CODE;
	EQ(-1, payload_go(&r).vector);
	EQ(0x67, ram_get(&r, entry, 8) & 0xfff);
	EQ(6, ram_get(&r, 0x30108, 4));
	sys_rig_free(&r);
}

PAYLOAD(read_only, 64, "mov eax, [rsi]; add ebx, eax; mov [rsi + 8], ebx; hlt");

/* The second access of a span faults, with all of the first done. */
TIER_TEST(a_write_to_what_may_be_read)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 0);
	payload_traps(&r);
	r.c->cr0 |= CR0_WP;
	page_put(&r, 0x30000, 0x30000, 5);
	r.c->r[R_SI] = 0x30100;
	r.c->r[R_BX] = 1;
	ram_put(&r, 0x30100, 4, 0x7fffffff);
	LOADED(&r, read_only);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(3, t.error);
	EQ(0x30108, r.c->cr2);
	EQ(0x80000000, r.c->r[R_BX]);
	EQ(FL_OF | FL_SF | FL_AF | FL_PF, t.flags & FL_STATUS);
	sys_rig_free(&r);
}

PAYLOAD(unmapped, 64,
	"mov eax, [rsi]; mov qword ptr [rdi], 0; invlpg [rsi]; mov ebx, [rsi + 4]; hlt");

/* What was looked at before INVLPG is not good behind it. */
TIER_TEST(a_page_goes_within_a_span)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 0);
	payload_traps(&r);
	r.c->r[R_DI] = page_put(&r, 0x30000, 0x30000, 7);
	page_put(&r, 0x100000, 0x100000, 7); /* the table, to be written */
	r.c->r[R_SI] = 0x30100;
	ram_put(&r, 0x30100, 8, 0x1111111122222222);
	LOADED(&r, unmapped);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(0x30104, r.c->cr2);
	EQ(0x22222222, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(between, 64,
	"mov r9d, 3; 1: mov r13d, 0x1300; mov r14d, 0x1400; mov r15d, 0x1500; mov ebx, 2;"
	"xor ebp, ebp; push r15; push r14; push rbx; mov rax, r13; mov rcx, [rsp + 16];"
	"add rax, r14; lea rdx, [rax + r13 * 2]; mov rsi, [rsp + 8]; lea edi, [rdx + rbx * 4 + 1];"
	"cmp rdi, r15; je 9f; mov [rsp + 8], rdi; mov r13d, [rsp]; mov bp, r14w; sub ebp, r13d;"
	"or [rsp], r14; pop r15; mov r8, r15; xor r8, r13; pop r14; pop r13; cmp r13, r14; ja 9f;"
	"dec r9d; jnz 1b; hlt; 9: ud2");

/* What a look left in a register serves until something else is there. The first time round
 * the page is not known yet. */
TIER_TEST(registers_in_memory_within_a_span)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->r[R_SP] = 0x28800;
	LOADED(&r, between);
	EQ(-1, payload_go(&r).vector);
	EQ(0x1500, r.c->r[R_CX]);
	EQ(0x1400, r.c->r[R_SI]);
	EQ(0x1300 + 0x1400, r.c->r[R_AX]);
	EQ(0x2700 + 0x2600, r.c->r[R_DX]);
	EQ(0x4d00 + 9, r.c->r[R_DI]);
	EQ(0x13fe, r.c->r[R_BP]);
	EQ(0x1402, r.c->r[R_15]);
	EQ(0x1400, r.c->r[8]);
	EQ(0x4d09, r.c->r[R_14]);
	EQ(0x1500, r.c->r[R_13]);
	sys_rig_free(&r);
}

PAYLOAD(owed, 64,
	"mov r9d, 3; mov ebx, 0x123; mov r14d, 0x456; 1: push rbx; push r14; push rsp; push 7;"
	"pop rcx; cmp r9d, 1; cmove rdi, rsi; mov rax, [rdi]; pop rdx; pop r15; pop r8; dec r9d;"
	"jnz 1b; hlt");

/* RSP moves once for several; where something faults it has moved. */
TIER_TEST(a_fault_behind_pushes)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 0);
	payload_traps(&r);
	r.c->r[R_SP] = 0x28800;
	r.c->r[R_DI] = 0x30000;
	r.c->r[R_SI] = 0x31000;
	page_put(&r, 0x31000, 0, 0);
	LOADED(&r, owed);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(0x28800 - 24, t.sp);
	EQ(7, r.c->r[R_CX]);
	EQ(0x28800 - 16, r.c->r[R_DX]);
	EQ(0x456, r.c->r[R_15]);
	EQ(0x123, r.c->r[8]);
	EQ(0x28800 - 16, ram_get(&r, 0x28800 - 24, 8));
	sys_rig_free(&r);
}
