/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * R13 to R15, which translated code has in other registers for a while
 * (hypervisor/x86/translate/held.c), as a fault shows them, and a way out in between. Random code
 * of these registers: span_random.c.
 */
#include "tests/x86/sys_rig.h"

/* They begin as 13, 14, 15; RDI leads to no page, R9 to one with 0x55667788 and 0x99. Each ends by
 * a fault, or else with what is wrong behind it. */
/* clang-format off */
#define LIST(X) \
	X(written_twice, "mov r13d, 1; mov r13d, 2", 2, 14, 15) \
	X(changed, "mov r13, rax; add r13, 5; rol r13d, 4; mov rbx, r13", 0x50, 14, 15) \
	X(one_of_the_other, "mov r13, r14; mov r14, r15; mov r15, r13", 14, 15, 14) \
	X(all_three, "add r13, r14; add r14, r15; add r15, r13; add r13, r14", 56, 29, 42) \
	X(exchanged, "xchg r13, r14; inc r13; xchg r14, r15", 15, 15, 13) \
	X(a_part, \
	  "mov r13, -1; mov r13b, 7; mov r14w, r13w; shl r13w, 1", \
	  0xfffffffffffffe0e, 0xff07, 15) \
	X(cleared_above, "mov r13, -1; mov r14, -1; add r13d, r14d", 0xfffffffe, -1, 15) \
	X(read_where_it_is, \
	  "mov r13d, 5; add r13d, 1; cmp r13d, r14d; cmovb r15d, r13d", 6, 14, 6) \
	X(before_a_jump, "mov r13d, 3; sub r13d, 3; jz 1f; mov r14d, 1; 1: inc r15d", 0, 14, 16) \
	X(lea_of_it, \
	  "mov r13d, 100; lea r14, [r13 + r13 * 2 + 7]; lea r13d, [r14 - 8];" \
	  "lea rcx, [r13 + r14]", 299, 307, 15) \
	X(lea_of_another, "add r13d, 1; add r14d, 1; lea r15, [r15 + r13 * 8]", 14, 15, 127) \
	X(lea_of_a_number, "add r13d, 1; lea r13, [0x1234]; inc r13d", 0x1235, 14, 15) \
	X(near_loads, \
	  "mov rcx, [r9]; mov r13d, [r9]; mov r14d, 1; add r14d, r13d;" \
	  "mov r15d, [r9 + 8]; add r14d, r15d; mov r13d, [r9 + 8]", 0x99, 0x55667822, 0x99) \
	X(near_stores, \
	  "mov rcx, [r9 + 32]; mov r13d, 77; mov [r9 + 16], r13; inc r13d;" \
	  "mov [r9 + 24], r13; mov r14, [r9 + 16]; mov r15, [r9 + 24]; sub r15d, r14d", \
	  78, 77, 1) \
	X(loaded_over, \
	  "mov rcx, [r9]; add r13d, 1; mov r13d, [r9]; add r14d, r13d;" \
	  "mov r13d, [r9 + 8]; add r14d, r13d", 0x99, 0x5566782f, 15) \
	X(by_its_own_address, "mov r13, r9; add r13, 8; mov r13d, [r13]; inc r13d", 0x9a, 14, 15) \
	X(pushed, \
	  "mov r13d, 1; add r13d, 1; push r13; inc r13d; pop r14; push r13; pop r15", 3, 2, 3) \
	X(in_a_vector, \
	  "mov r13d, 1; add r13d, 1; movd xmm0, r13d; inc r13d; movd r14d, xmm0", 3, 2, 15) \
	X(around_a_way_out, \
	  "mov r13d, 1; add r13d, 1; mov ecx, cs; add r13d, 1; mov r14d, r13d", 3, 3, 15) \
	X(around_the_clock, \
	  "mov r14d, 1; add r14d, 1; rdtsc; mov ebx, 1; add r14d, 1; mov r13d, r14d", 3, 3, 15) \
	X(three_of_vex, \
	  "mov r13d, 6; add r13d, 1; mov r14d, 3; add r14d, 1; add r15d, 0;" \
	  "andn r15, r14, r13; rorx r14d, r13d, 1", 7, 0x80000003, 3) \
	X(multiplied, \
	  "mov r13d, 6; add r13d, 1; mov eax, 3; mul r13; mov r14, rax;" \
	  "imul r14, r13, 3", 7, 21, 15)
/* clang-format on */

#define X(name, insns, a, b, c) PAYLOAD(name, 64, insns "; mov rcx, [rdi]; mov r13d, 0xbad; hlt");
LIST(X)
#undef X

static const struct {
	const char *name;
	const uint8_t *start, *end;
	uint64_t r[3];
} cases[] = {
#define X(name, insns, a, b, c) {#name, name##_start, name##_end, {(uint64_t)(a), b, c}},
	LIST(X)
#undef X
};

TIER_TEST_EACH(seen_by_a_fault, ARRAY_SIZE(cases), cases[i].name)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	payload_traps(&r);
	r.c->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	ram_put(&r, 0x30000, 8, 0x55667788);
	ram_put(&r, 0x30008, 8, 0x99);
	page_put(&r, 0x31000, 0, 0);
	payload_load(&r, AT_CODE, cases[i].start, cases[i].end);
	for (unsigned times = 0; times < 3; times++) { /* the pages are known from the second on */
		r.c->rip = AT_CODE;
		r.c->r[R_SP] = 0x28000;
		r.c->r[R_DI] = 0x31000;
		r.c->r[R_9] = 0x30000;
		r.c->r[R_AX] = 0;
		for (unsigned k = 13; k < 16; k++)
			r.c->r[k] = k;
		EQ(EXC_PF, payload_go(&r).vector);
		for (unsigned k = 0; k < 3; k++)
			EQ(cases[i].r[k], r.c->r[13 + k]);
	}
	sys_rig_free(&r);
}
