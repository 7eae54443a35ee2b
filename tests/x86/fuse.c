/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of a register that is rotated next is one instruction of the host's
 * (hypervisor/x86/translate/fuse.c), unless somebody would see what is between the two, or the
 * flags. Random code: span_random.c.
 */
#include "tests/x86/block_at.h"

#define A 0x123456789abcdef1

/* RAX has A; R9 leads to a page with A's lower half and to 0x80000001 behind it; RDI leads to none.
 * Then what RBX, RSI and R13 are at the fault, which begin as 2, 6 and 13. */
/* clang-format off */
#define LIST(X) \
	X(right, "mov ebx, eax; ror ebx, 4; xor edx, edx", 0x19abcdef, 6, 13) \
	X(left, "mov ebx, eax; rol ebx, 4; xor edx, edx", 0xabcdef19, 6, 13) \
	X(by_one, "mov ebx, eax; ror ebx; xor edx, edx", 0xcd5e6f78, 6, 13) \
	X(of_64, "mov rbx, rax; rol rbx, 8; xor edx, edx", 0x3456789abcdef112, 6, 13) \
	X(of_64_by_40, "mov rbx, rax; ror rbx, 40; xor edx, edx", 0x789abcdef1123456, 6, 13) \
	X(of_half, "mov rbx, rax; ror ebx, 4; xor edx, edx", 0x19abcdef, 6, 13) \
	X(of_twice, "mov ebx, eax; ror rbx, 4; xor edx, edx", 0x1000000009abcdef, 6, 13) \
	X(of_16, "mov ebx, eax; ror bx, 4; xor edx, edx", 0x9abc1def, 6, 13) \
	X(other_direction, ".byte 0x8b, 0xd8; ror ebx, 4; xor edx, edx", 0x19abcdef, 6, 13) \
	X(by_none, "mov ebx, eax; ror ebx, 32; xor edx, edx", 0x9abcdef1, 6, 13) \
	X(again, "mov ebx, eax; ror ebx, 4; ror ebx, 4; xor edx, edx", 0xf19abcde, 6, 13) \
	X(itself, "mov ebx, ebx; ror ebx, 4; xor edx, edx", 0x20000000, 6, 13) \
	X(two_apart, \
	  "mov ebx, eax; mov esi, eax; add edx, 1; ror ebx, 4; rol esi, 4; xor edx, edx", \
	  0x19abcdef, 0xabcdef19, 13) \
	X(source_changes, "mov ebx, eax; mov eax, 5; ror ebx, 4; xor edx, edx", \
	  0x19abcdef, 6, 13) \
	X(copy_is_read, "mov ebx, eax; mov esi, ebx; ror ebx, 4; xor edx, edx", \
	  0x19abcdef, 0x9abcdef1, 13) \
	X(a_part_is_read, "mov ebx, eax; movzx esi, bh; ror ebx, 4; xor edx, edx", \
	  0x19abcdef, 0xde, 13) \
	X(copy_is_written, "mov ebx, eax; mov ebx, 7; ror ebx, 4; xor edx, edx", \
	  0x70000000, 6, 13) \
	X(a_part_is_written, "mov ebx, eax; mov bl, 2; ror ebx, 4; xor edx, edx", \
	  0x29abcde0, 6, 13) \
	X(carry_is_seen, "mov ebx, eax; ror ebx; setc bl", 0xcd5e6f01, 6, 13) \
	X(overflow_is_seen, "mov ebx, eax; rol ebx; seto bl; xor edx, edx", 0x3579bd01, 6, 13) \
	X(by_cl, "mov ebx, eax; mov ecx, 4; ror ebx, cl; xor edx, edx", 0x19abcdef, 6, 13) \
	X(to_r13, "mov r13d, eax; ror r13d, 4; xor edx, edx", 2, 6, 0x19abcdef) \
	X(from_r13, "mov r13, rax; mov ebx, r13d; rol ebx, 4; xor edx, edx", \
	  0xabcdef19, 6, A) \
	X(among_r13, \
	  "mov r14, rax; mov r15, rax; mov r13d, r14d; xor r14d, r15d; ror r13d, 4;" \
	  "xor r15d, r14d", 2, 6, 0x19abcdef) \
	X(not_yet, "mov ebx, eax; mov rcx, [rdi]; ror ebx, 4; xor edx, edx", \
	  0x9abcdef1, 6, 13) \
	X(from_memory, \
	  "mov rcx, [r9]; mov ebx, [r9 + 4]; ror ebx, 4; mov esi, [r9]; rol esi, 4;" \
	  "xor edx, edx", 0x18000000, 0xabcdef19, 13) \
	X(memory_changes, \
	  "mov ecx, [r9 + 16]; mov [r9 + 16], ecx; mov ebx, [r9]; mov [r9], edx; ror ebx, 4;" \
	  "xor edx, edx", 0x19abcdef, 6, 13) \
	X(its_own_base, \
	  "mov ecx, [r9]; mov rbx, r9; mov ecx, [rbx]; mov ebx, [rbx]; ror ebx, 4;" \
	  "xor edx, edx", 0x19abcdef, 6, 13) \
	X(over_a_page_end, "mov ebx, [r9 - 2]; ror ebx, 4; xor edx, edx", 0x8def1567, 6, 13) \
	X(relative, "mov ecx, [rip + 2]; mov ebx, [rip - 4]; ror ebx, 4; xor edx, edx", \
	  0xfffffffc >> 4 | 0xcu << 28, 6, 13) \
	X(of_the_stack, "mov rsp, r9; ror rsp, 8; rol rsp, 8; mov rbx, rsp", 0x30000, 6, 13) \
	X(by_an_index, \
	  "mov ecx, [r9 + rsi]; mov ebx, [r9 + rsi - 6]; ror ebx, 4; xor edx, edx", \
	  0x19abcdef, 6, 13)
/* clang-format on */

#define X(name, insns, a, b, c) PAYLOAD(name, 64, insns "; mov rcx, [rdi]; mov ebx, 0xbad; hlt");
LIST(X)
#undef X

static const struct {
	const char *name;
	const uint8_t *start, *end;
	uint64_t bx, si, r13;
} cases[] = {
#define X(name, insns, a, b, c) {#name, name##_start, name##_end, a, b, c},
	LIST(X)
#undef X
};

static void start(struct sys_rig *r)
{
	r->c->rip = AT_CODE;
	r->c->r[R_SP] = 0x28000;
	r->c->r[R_AX] = A;
	r->c->r[R_BX] = 2;
	r->c->r[R_SI] = 6;
	r->c->r[R_13] = 13;
	r->c->r[R_DI] = 0x31000;
	r->c->r[R_9] = 0x30000;
	ram_put(r, 0x30000, 4, (uint32_t)A);
	ram_put(r, 0x30004, 4, 0x80000001);
	ram_put(r, 0x2fffe, 2, 0x5678);
}

TIER_TEST_EACH(rotated_copies, ARRAY_SIZE(cases), cases[i].name)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	payload_traps(&r);
	page_put(&r, 0x31000, 0, 0);
	payload_load(&r, AT_CODE, cases[i].start, cases[i].end);
	for (unsigned times = 0; times < 3; times++) { /* the pages are known from the second on */
		start(&r);
		EQ(EXC_PF, payload_go(&r).vector);
		EQ(cases[i].bx, r.c->r[R_BX]);
		EQ(cases[i].si, r.c->r[R_SI]);
		EQ(cases[i].r13, r.c->r[R_13]);
	}
	sys_rig_free(&r);
}

PAYLOAD(round_32, 32, "mov ebx, eax; rol ebx, 4; mov esi, eax; ror esi, 4; xor edx, edx; hlt");

TIER_TEST(rotated_copies_in_32_bits)
{
	struct sys_rig r = payload_rig(false, 0);

	LOADED(&r, round_32);
	r.c->r[R_AX] = 0x9abcdef1;
	EQ(-1, payload_go(&r).vector);
	EQ(0xabcdef19, r.c->r[R_BX]);
	EQ(0x19abcdef, r.c->r[R_SI]);
	sys_rig_free(&r);
}

TEST(a_rotated_copy_is_one_instruction)
{
	struct sys_rig r;

	if (!__builtin_cpu_supports("bmi2"))
		SKIP("the host has no BMI2");
	tier_now = TIER_TRANSLATE;
	r = payload_rig(true, 0);
	LOADED(&r, two_apart);
	start(&r);
	payload_go(&r);
	CHECK(block_has(&r, AT_CODE, "\xc4\xe3\x7b\xf0\xd8\x04", 6)); /* rorx ebx, eax, 4 */
	CHECK(block_has(&r, AT_CODE, "\xc4\xe3\x7b\xf0\xf0\x1c", 6)); /* rorx esi, eax, 28 */
	sys_rig_free(&r);
}
