/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status flags that are overwritten before the code looks at them, seen by a fault in between:
 * hypervisor/x86/translate/redo.c. Each instruction runs once with PUSHF behind it, which says what
 * they are, and, after others were saved, once more before loads that fault and a comparison.
 */
#include "tests/x86/sys_rig.h"

/* clang-format off */
#define INPUTS "movabs rax, 0x8000000080008080; mov rbx, 0x7fffffff80017f81; mov edx, -1;"
#define TWICE(name, insn) \
	PAYLOAD(name, 64, \
		"mov r9, 0x30000;" INPUTS insn "; pushfq; pop r8; mov r10, rax;" \
		"cmp r8, rdi; pushfq; pop r11;" INPUTS insn \
		"; mov ecx, [rdi]; mov esi, [rdi + 8]; cmp ecx, esi; hlt")

#define LIST(X) \
	X(cmp_rr, "cmp rax, rbx") X(cmp_rr_32, "cmp ebx, eax") X(cmp_rr_8, "cmp bl, al") \
	X(cmp_ri, "cmp rax, -5") X(cmp_ri_16, "cmp ax, 0x1234") \
	X(cmp_ri_8, "cmp dl, -1") X(cmp_high, "cmp ah, bl") X(cmp_sp, "cmp rsp, rbx") \
	X(cmp_r13, "cmp r13, rbx") X(cmp_by_r13, "cmp rbx, r13") X(cmp_r13_r14, "cmp r13d, r14d") \
	X(cmp_r15_8, "cmp r15b, 0x91") X(cmp_by_r15_8, "cmp al, r15b") \
	X(cmp_r15_16, "cmp r15w, ax") X(test_r15, "test r15, r15") \
	X(test_r14_eax, "test r14d, eax") X(test_r13_i, "test r13, 64") \
	X(add_r13, "mov r13, rax; add r13, rbx") X(add_r13_r14, "mov r13, rax; add r13, r14") \
	X(sub_r15_i, "mov r15d, 5; sub r15d, 6") X(add_eax_r15, "add eax, r15d") \
	X(and_r14, "mov r14, rax; and r14, r15") X(xor_r13, "mov r13d, 1; xor r13b, r13b") \
	X(inc_r13, "stc; mov r13d, 15; mov rcx, [r9]; inc r13d") \
	X(r13_changes, "cmp r13, rbx; mov r13d, 5") X(test_rr, "test rax, rax") \
	X(test_ri, "test eax, 0x80000000") X(test_8, "test al, al") \
	X(test_16, "test bx, 0x8001") X(and_rr, "and rax, rbx") X(or_ri, "or eax, 0x7f") \
	X(xor_rr, "xor eax, eax") X(xor_8, "xor al, 0x81") X(xor_m, "xor rax, [r9]") \
	X(add_rr, "add rax, rbx") X(add_ri, "add eax, 0x7fffffff") \
	X(add_same, "add rax, rax") X(add_16, "add ax, bx") X(sub_rr, "sub rax, rbx") \
	X(sub_ri, "sub rbx, -1") X(sub_32, "sub ebx, eax") X(add_m, "add rax, [r9]") \
	X(inc, "stc; inc edx") X(shift, "shl eax, 3") \
	X(twice, "add eax, ebx; sub ebx, eax") X(moved, "cmp eax, ebx; mov ebx, 1") \
	X(carried, "add eax, ebx; adc edx, 0") \
	X(inc_later, "stc; mov edx, 15; mov rcx, [r9]; inc edx") \
	X(dec_later, "stc; mov rcx, [r9]; dec rdx") \
	X(inc_8, "stc; mov dl, 127; mov rcx, [r9]; inc dl") \
	X(dec_16, "stc; mov rcx, [r9]; dec bx") X(inc_high, "stc; mov rcx, [r9]; inc ah") \
	X(inc_dec, "stc; mov rcx, [r9]; inc edx; mov rcx, [r9 + 8]; dec edx") \
	X(inc_first, "stc; jmp 1f; 1: inc edx") X(dec_first, "clc; jmp 1f; 1: dec rdx") \
	X(inc_behind_cmp, "cmp eax, ebx; jb 1f; 1: inc edx; dec bl") \
	X(inc_read, "stc; jmp 1f; 1: inc edx; setc bl; setz cl") \
	X(brought_back, "cmp ebx, eax; mov rcx, [r9]; setc dl; mov rcx, [r9 + 8]")
/* clang-format on */

#define X(name, insn) TWICE(name, insn);
LIST(X)
#undef X

static const struct {
	const char *name;
	const uint8_t *start, *end;
} cases[] = {
#define X(name, insn) {#name, name##_start, name##_end},
	LIST(X)
#undef X
};

TIER_TEST_EACH(flags_at_a_fault, ARRAY_SIZE(cases), cases[i].name)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 0);
	payload_traps(&r);
	r.c->r[R_SP] = 0x28000;
	r.c->r[R_13] = 77;
	r.c->r[R_14] = 0x8000000080000001;
	r.c->r[R_15] = 0xff00ff0000ff0091;
	r.c->r[R_DI] = 0x31000;
	ram_put(&r, 0x30000, 8, 0xfedcba9876543210);
	page_put(&r, 0x31000, 0, 0);
	payload_load(&r, AT_CODE, cases[i].start, cases[i].end);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(r.c->r[R_8] & FL_STATUS, t.flags & FL_STATUS);
	EQ(r.c->r[R_10], r.c->r[R_AX]);
	sys_rig_free(&r);
}
