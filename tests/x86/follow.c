/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that go on where jumps lead (hypervisor/x86/translate/block.c): forwards, and back to what
 * lies before their first instruction; behind conditional jumps, or where those were seen to go.
 */
#include "tests/x86/block_at.h"

/* ---- which instructions ---- */

/* 0x8000: jmp; 0x8002: inc, jmp 3f; 0x8006: inc, jmp 1b; 0x800a: dec, jz, jmp 2b */
PAYLOAD(round, 64,
	"jmp 2f; 1: inc eax; jmp 3f; 2: inc ebx; jmp 1b; 3: dec ecx; jz 4f; jmp 2b; 4: hlt");

TIER_TEST(jumps_both_ways_are_one_block)
{
	struct sys_rig r = payload_rig(true, 3);
	const struct tr_block *b;

	r.c->r[R_AX] = r.c->r[R_BX] = 0;
	r.c->r[R_CX] = 100;
	LOADED(&r, round);
	payload_go(&r);
	EQ(100, r.c->r[R_AX]);
	EQ(100, r.c->r[R_BX]);
	EQ(0, r.c->r[R_CX]);
	if (tier_now == TIER_TRANSLATE) {
		b = block_at(&r, 0x8006);
		MUST(b);
		EQ(4 * 7, b->n); /* four times round */
		EQ(-4, b->before);
		EQ(10, b->bytes);
	}
	sys_rig_free(&r);
}

PAYLOAD(taken, 64, "1: inc eax; test ebx, ebx; jz 3f; ud2; 3: dec ecx; jnz 1b; hlt");

/* The interpreter has seen where the first conditional jump goes. */
TEST(a_block_goes_on_where_a_jump_mostly_went)
{
	struct sys_rig r;
	const struct tr_block *b;

	tier_now = TIER_TRANSLATE;
	r = payload_rig(true, 0);
	for (unsigned zero = 0; zero < 2; zero++) {
		cpu_set_tier(r.c, TIER_TRANSLATE, 2);
		r.c->rip = AT_CODE;
		r.c->r[R_AX] = 0;
		r.c->r[R_BX] = 0;
		r.c->r[R_CX] = 100;
		LOADED(&r, taken);
		EQ(-1, payload_go(&r).vector);
		EQ(100, r.c->r[R_AX]);
		b = block_at(&r, AT_CODE);
		MUST(b);
		EQ(3 * 5, b->n); /* six conditional jumps: three times round */
	}
	/* It was wrong this time. */
	r.c->rip = AT_CODE;
	r.c->r[R_BX] = 1;
	EQ(EXC_UD, payload_go(&r).vector);
	EQ(AT_CODE + 6, payload_trap(&r).rip);
	sys_rig_free(&r);
}

/* Of 16 bits in code of 32: it goes to 0x8000, and not to where it is. */
PAYLOAD(cut, 32, "1: inc eax; .byte 0x66, 0x75, 0xfc; ud2");
PAYLOAD(cut_jmp, 32, "1: inc eax; .byte 0x66, 0xeb, 0xfc; ud2");
PAYLOAD(cut_there, 32, "hlt");

TIER_TEST_EACH(a_jump_of_16_bits_is_no_loop, 2, i ? "jmp" : "jcc")
{
	struct sys_rig r = payload_rig(false, 0);

	PLACED(&r, 0x8000, cut_there);
	if (i)
		payload_load(&r, 0x18000, cut_jmp_start, cut_jmp_end);
	else
		payload_load(&r, 0x18000, cut_start, cut_end);
	r.c->rip = 0x18000;
	r.c->r[R_AX] = 0;
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_AX]);
	sys_rig_free(&r);
}

/* ---- what happens before the block's first instruction ---- */

PAYLOAD(reads, 64, "jmp 2f; 1: mov rax, [rsi]; hlt; 2: inc ecx; jmp 1b");
PAYLOAD(divides, 64, "jmp 2f; 1: div ecx; hlt; 2: xor ecx, ecx; jmp 1b");

TIER_TEST(a_fault_is_where_the_jump_led)
{
	struct sys_rig r = payload_rig(true, 3);

	r.c->r[R_SI] = 1ull << 40;
	LOADED(&r, reads);
	EQ(EXC_PF, payload_go(&r).vector);
	EQ(AT_CODE + 2, payload_trap(&r).rip);
	EQ(1ull << 40, r.c->cr2);
	sys_rig_free(&r);
	r = payload_rig(true, 3);
	LOADED(&r, divides);
	EQ(EXC_DE, payload_go(&r).vector);
	EQ(AT_CODE + 2, payload_trap(&r).rip);
	sys_rig_free(&r);
}

PAYLOAD(changes, 64,
	"lea rdi, [rip + 1f]; jmp 2f; 1: mov eax, 0x5555; cmp ebx, 20; je 9f; jmp 2f; 9: hlt;"
	"2: inc ebx; mov [rdi + 1], ebx; cmp ebx, 10; ja 3f; mov dword ptr [rdi + 1], 0x5555;"
	"3: jmp 1b");

/* The block stores into what it goes back to. */
TIER_TEST(code_before_a_block_is_changed_by_it)
{
	struct sys_rig r = payload_rig(true, 0);

	r.c->r[R_BX] = 0;
	LOADED(&r, changes);
	EQ(-1, payload_go(&r).vector);
	EQ(20, r.c->r[R_AX]);
	EQ(20, r.c->r[R_BX]);
	sys_rig_free(&r);
}
