/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops whose body the translator makes several times over: hypervisor/x86/translate/block.c. */
#include "tests/x86/sys_rig.h"

#define WALK "1: mov [rdi], ecx; add eax, ecx; add rdi, 4; dec ecx; jnz 1b; hlt"
PAYLOAD(walk, 64, WALK);

static struct sys_rig walk_rig(uint64_t at, unsigned times)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	payload_traps(&r);
	r.c->r[R_SP] = 0x28000;
	r.c->r[R_DI] = at;
	r.c->r[R_CX] = times;
	r.c->r[R_AX] = 0;
	LOADED(&r, walk);
	return r;
}

TIER_TEST(it_ends_after_any_number_of_rounds)
{
	for (unsigned n = 1; n < 14; n++) {
		struct sys_rig r = walk_rig(0x30000, n);

		EQ(-1, payload_go(&r).vector);
		EQ(n * (n + 1) / 2, r.c->r[R_AX]);
		EQ(0, r.c->r[R_CX]);
		EQ(0x30000 + 4 * n, r.c->r[R_DI]);
		for (unsigned i = 0; i < n; i++)
			EQ(n - i, ram_get(&r, 0x30000 + 4 * i, 4));
		EQ(0, ram_get(&r, 0x30000 + 4 * n, 4));
		EQ(FL_ZF | FL_PF, r.c->flags & FL_STATUS);
		sys_rig_free(&r);
	}
}

/* As DEC leaves them, with the result v, and no carry from the addition. */
static uint64_t flags_of(unsigned v)
{
	return (__builtin_parity(v & 0xff) ? 0 : FL_PF) | ((v & 15) == 15 ? FL_AF : 0);
}

TIER_TEST(it_faults_in_any_round)
{
	for (unsigned k = 1; k < 11; k++) {
		struct sys_rig r = walk_rig(0x31000 - 4 * k, 40);
		struct trap t;

		page_put(&r, 0x31000, 0, 0);
		t = payload_go(&r);
		EQ(EXC_PF, t.vector);
		EQ(AT_CODE, t.rip);
		EQ(0x31000, r.c->cr2);
		EQ(40 - k, r.c->r[R_CX]);
		EQ(0x31000, r.c->r[R_DI]);
		EQ(flags_of(40 - k), t.flags & FL_STATUS);
		sys_rig_free(&r);
	}
}

/* The second way out of a body, and one that goes on in its middle. */
PAYLOAD(search, 64,
	"1: mov al, [rsi]; inc rsi; cmp al, 7; je 2f; cmp rsi, rdx; jb 1b; xor esi, esi; hlt;"
	"2: mov rbx, rsi; hlt");

TIER_TEST(it_is_left_in_any_round)
{
	for (unsigned at = 0; at < 12; at++) {
		struct sys_rig r = sys_rig("max");

		go_long(&r, 0);
		r.c->r[R_SI] = 0x30000;
		r.c->r[R_DX] = 0x3000a;
		r.c->r[R_BX] = 0;
		ram_put(&r, 0x30000 + at, 1, 7);
		LOADED(&r, search);
		EQ(-1, payload_go(&r).vector);
		EQ(at < 10 ? 0x30001 + at : 0, r.c->r[R_BX]);
		EQ(at < 10 ? 0x30001 + at : 0, r.c->r[R_SI]);
		sys_rig_free(&r);
	}
}
