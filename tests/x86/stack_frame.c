/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code of R13 to R15 and of its stack frame, for which the host's register for RSP leads into host
 * memory meanwhile (hypervisor/x86/translate/stack_frame.c): what registers, the frame and RSP are
 * at a fault behind it. Random code: span_random.c.
 */
#include "tests/x86/block_at.h"

/* They begin as 13, 14, 15; the frame at RSP has 0x100, 0x101 … in its doublewords; the next page
 * is elsewhere in memory, and has 0x204, 0x205 …; RDI leads to no page. WORK uses them often: 1
 * and 2 are added to the first two, then R15 to both. */
#define LOOK  "mov ecx, [rsp + 60];"
#define WORK  "add r13d, 1; add r14d, 2; add r13d, r15d; add r14d, r15d;"
#define LOADS "mov r13d, [rsp]; add r14d, [rsp + 4]; xor r15d, [rsp + 8];"

/* Then R13 to R15, what RSP has moved by, and the doublewords 16 and 20 behind where it was. */
/* clang-format off */
#define LIST(X) \
	X(loads, LOOK LOADS WORK, 0x20e, 0x21e, 0x10d, 0, 0x104, 0x105) \
	X(stores, \
	  LOOK WORK "mov [rsp + 16], r13d; mov [rsp + 20], r14d; inc r15; mov eax, [rsp]", \
	  29, 31, 16, 0, 29, 31) \
	X(both, LOOK "mov [rsp + 16], r15d;" WORK "add [rsp + 16], r14d; mov r15d, [rsp + 16]", \
	  29, 31, 46, 0, 46, 0x105) \
	X(a_push_ends_it, LOOK LOADS WORK "push r13; mov r14d, [rsp]; pop r15", \
	  0x20e, 0x20e, 0x20e, 0, 0x104, 0x105) \
	X(moved_for_good, LOOK LOADS WORK "sub rsp, 32; mov r13d, [rsp + 32 + 16]", \
	  0x104, 0x21e, 0x10d, -32, 0x104, 0x105) \
	X(rsp_is_read, LOOK LOADS WORK "mov r13, rsp; sub r13, [rdx]", 0, 0x21e, 0x10d, 0, \
	  0x104, 0x105) \
	X(rsp_is_stored, LOOK LOADS WORK "mov [rsp + 16], esp; mov r13d, [rsp + 16]", \
	  0x28000, 0x21e, 0x10d, 0, 0x28000, 0x105) \
	X(an_address, LOOK LOADS WORK "lea r13, [rsp + 8]; mov r15d, [r13]", \
	  0x28008, 0x21e, 0x102, 0, 0x104, 0x105) \
	X(an_index, LOOK LOADS WORK "mov eax, 4; mov r13d, [rsp + rax * 4]", \
	  0x104, 0x21e, 0x10d, 0, 0x104, 0x105) \
	X(two_of_them, \
	  LOOK LOADS WORK "lea rax, [rsp]; mov r13d, [rsp + 12]; mov [rsp + 16], r14d;" WORK \
	  "mov [rsp + 20], r13d", 0x211, 0x32d, 0x10d, 0, 0x21e, 0x211) \
	X(something_else_goes_out, LOOK LOADS WORK "mov eax, cs; mov r13d, [rsp + 16]", \
	  0x104, 0x21e, 0x10d, 0, 0x104, 0x105) \
	X(other_memory, LOOK LOADS "mov eax, [rdx]; mov r13d, [rsp + 4]; add r14d, [rsp + 8];" \
	  "add r15d, [rsp + 12];" WORK, 0x312, 0x423, 0x210, 0, 0x104, 0x105) \
	X(a_jump_behind_it, LOOK LOADS WORK "jmp 1f; 1: mov eax, [rsp]; cmp eax, 0x100; jne 2f;" \
	  "mov r13d, [rsp + 16]; 2: nop", 0x104, 0x21e, 0x10d, 0, 0x104, 0x105) \
	X(bytes, \
	  LOOK LOADS WORK "mov [rsp + 16], r13b; mov byte ptr [rsp + 21], 7; mov ah, [rsp]", \
	  0x20e, 0x21e, 0x10d, 0, 0x10e, 0x705) \
	X(a_long_one, LOOK LOADS WORK LOADS WORK LOADS WORK, 0x20e, 0x540, 0x10d, 0, 0x104, 0x105) \
	X(longer_than_a_block, LOOK ".rept 19;" LOADS WORK ".endr", \
	  0x20e, 0x1e50, 0x10d, 0, 0x104, 0x105) \
	X(beside_another, \
	  LOOK "mov ecx, [rsp + 0x103c];" LOADS WORK \
	  "mov r13d, [rsp + 12]; mov r15d, [rsp + 0x1004]", \
	  0x103, 0x21e, 0x205, 0, 0x104, 0x105) \
	X(one_and_another, \
	  LOOK "mov ecx, [rsp + 0x103c]; mov r15d, [rsp + 0x1004]; mov r13d, [rsp];" WORK \
	  "mov r14d, [rsp + 0x1008]; mov r13d, [rsp + 4]; add r13d, [rsp + 0x100c];" \
	  "add r13d, [rsp + 8]; add r14d, r13d; mov r15d, r14d", \
	  0x40a, 0x610, 0x610, 0, 0x104, 0x105)
/* clang-format on */

#define X(name, insns, ...) PAYLOAD(name, 64, insns "; mov rcx, [rdi]; mov r13d, 0xbad; hlt");
LIST(X)
#undef X

static const struct {
	const char *name;
	const uint8_t *start, *end;
	uint64_t r[3];
	int64_t moved;
	uint32_t at[2];
} cases[] = {
#define X(name, insns, a, b, c, by, d, e) {#name, name##_start, name##_end, {a, b, c}, by, {d, e}},
	LIST(X)
#undef X
};

static void start(struct sys_rig *r)
{
	r->c->rip = AT_CODE;
	r->c->r[R_SP] = 0x28000;
	r->c->r[R_DX] = 0x29100;
	r->c->r[R_DI] = 0x31000;
	for (unsigned k = 13; k < 16; k++)
		r->c->r[k] = k;
	for (unsigned k = 0; k < 32; k++)
		ram_put(r, 0x28000 + 4 * k, 4, 0x100 + k);
	for (unsigned k = 0; k < 32; k++)
		ram_put(r, 0x32000 + 4 * k, 4, 0x204 + k);
	ram_put(r, 0x32100, 8, 0x28000);
}

TIER_TEST_EACH(frames, ARRAY_SIZE(cases), cases[i].name)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	payload_traps(&r);
	page_put(&r, 0x31000, 0, 0);
	page_put(&r, 0x29000, 0x32000, 3);
	payload_load(&r, AT_CODE, cases[i].start, cases[i].end);
	for (unsigned times = 0; times < 3; times++) { /* the pages are known from the second on */
		start(&r);
		EQ(EXC_PF, payload_go(&r).vector);
		EQ(0x28000 + (uint64_t)cases[i].moved, payload_trap(&r).sp);
		for (unsigned k = 0; k < 3; k++)
			EQ(cases[i].r[k], r.c->r[13 + k]);
		for (unsigned k = 0; k < 2; k++)
			EQ(cases[i].at[k], ram_get(&r, 0x28010 + 4 * k, 4));
	}
	sys_rig_free(&r);
}

/* ---- when there is one ---- */

static bool leads_into_memory(const uint8_t *code, const uint8_t *end)
{
	struct sys_rig r;
	bool has;

	tier_now = TIER_TRANSLATE;
	r = payload_rig(true, 0);
	payload_load(&r, AT_CODE, code, end);
	for (unsigned times = 0; times < 2; times++) {
		start(&r);
		payload_go(&r);
	}
	has = block_has(&r, AT_CODE, "\x4f\x8d\x3c\x2f", 4); /* lea r15, [r15 + r13] */
	sys_rig_free(&r);
	return has;
}

PAYLOAD(few_accesses, 64, LOOK "mov r13d, [rsp]; mov r14d, [rsp + 4];" WORK "hlt");
PAYLOAD(few_uppers, 64, LOOK "mov eax, [rsp]; mov ebx, [rsp + 4]; mov esi, [rsp + 8]; hlt");

TEST(there_is_one_where_it_pays)
{
	CHECK(leads_into_memory(loads_start, loads_end));
	CHECK(!leads_into_memory(few_accesses_start, few_accesses_end));
	CHECK(!leads_into_memory(few_uppers_start, few_uppers_end));
}
