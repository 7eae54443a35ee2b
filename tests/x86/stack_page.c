/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page that RSP points to: hypervisor/x86/translate/stack_page.c. */
#include "tests/x86/sys_rig.h"

/* A call whose frame is in one page or two, and another stack in between. */
PAYLOAD(two_stacks, 64,
	"mov ecx, 500; 1: push rcx; call 2f; pop rax; add rbx, rax; xchg rsp, rdi; push rax;"
	"add [rsp], rcx; add r8, [rsp]; lea rsp, [rsp + 8]; xchg rsp, rdi; dec ecx; jnz 1b; hlt;"
	"2: sub rsp, 40; mov [rsp + 32], rcx; add rbx, [rsp + 32]; add rsp, 40; ret");

TIER_TEST(stacks_at_each_place_about_a_page_s_end)
{
	for (uint64_t sp = 0x20fd8; sp < 0x21050; sp += 4) {
		struct sys_rig r = sys_rig("max");

		go_long(&r, 0);
		page_put(&r, 0x20000, 0x61000, 7);
		page_put(&r, 0x21000, 0x50000, 7);
		r.c->r[R_SP] = sp;
		r.c->r[R_DI] = 0x42ffc + sp % 16;
		r.c->r[R_BX] = r.c->r[R_8] = 0;
		LOADED(&r, two_stacks);
		EQ(-1, payload_go(&r).vector);
		EQ(500 * 501, r.c->r[R_BX]);
		EQ(500 * 501, r.c->r[R_8]);
		EQ(sp, r.c->r[R_SP]);
		sys_rig_free(&r);
	}
}

/* Each round another page is there: [rdi] is the stack's entry. */
PAYLOAD(moving, 64,
	"mov ecx, 8; mov rax, [rdi]; 1: push rcx; add rax, 0x1000; mov [rdi], rax; invlpg [rsp];"
	"push rcx; add rsp, 16; dec ecx; jnz 1b; hlt");
PAYLOAD(moving_cr3, 64,
	"mov ecx, 8; mov rax, [rdi]; mov rdx, cr3; 1: push rcx; add rax, 0x1000; mov [rdi], rax;"
	"mov cr3, rdx; push rcx; add rsp, 16; dec ecx; jnz 1b; hlt");

static void moved(const uint8_t *start, const uint8_t *end)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	page_put(&r, 0x100000, 0x100000, 7); /* the tables, to be written */
	r.c->r[R_DI] = page_put(&r, 0x30000, 0x60000, 7);
	r.c->r[R_SP] = 0x30800;
	payload_load(&r, AT_CODE, start, end);
	EQ(-1, payload_go(&r).vector);
	for (unsigned i = 0; i < 8; i++) {
		EQ(8 - i, ram_get(&r, 0x607f8 + i * 0x1000, 8));
		EQ(8 - i, ram_get(&r, 0x617f0 + i * 0x1000, 8));
	}
	sys_rig_free(&r);
}

TIER_TEST(another_page_behind_invlpg)
{
	moved(moving_start, moving_end);
}

TIER_TEST(another_page_behind_a_load_of_cr3)
{
	moved(moving_cr3_start, moving_cr3_end);
}

PAYLOAD(reads, 64,
	"mov ecx, 100; 1: mov rax, [rsp]; add rbx, [rsp + 64]; add rbx, rax;"
	"dec ecx; jnz 1b; push rax; hlt");

/* What may be read only is read, a thousand times, and not written. */
TIER_TEST(a_stack_that_may_be_read)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 3);
	payload_traps(&r);
	page_put(&r, 0x30000, 0x30000, 5);
	ram_put(&r, 0x30100, 8, 3);
	ram_put(&r, 0x30140, 8, 4);
	r.c->r[R_BX] = 0;
	r.c->r[R_SP] = 0x30100;
	LOADED(&r, reads);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(7, t.error);
	EQ(0x300f8, r.c->cr2);
	EQ(700, r.c->r[R_BX]);
	EQ(0x30100, t.sp);
	sys_rig_free(&r);
}

PAYLOAD(nowhere, 64, "push rcx; pop rcx; mov rsp, rsi; push rcx; hlt");

static const struct {
	const char *name;
	uint64_t sp;
	int vector;
} places[] = {
	{"none", 0x1000000000, EXC_PF},
	{"hole", 0x8000000000000008, EXC_SS},
	{"end", 0x8000000000000800, EXC_SS},
	{"page 0", 0xfff, EXC_PF},
};

/* A stack that no page can be at, the marks of an empty entry among them. */
TIER_TEST_EACH(a_stack_nowhere, ARRAY_SIZE(places), places[i].name)
{
	struct sys_rig r = sys_rig("max");
	struct trap t;

	go_long(&r, 3);
	payload_traps(&r);
	page_put(&r, 0, 0, 0);
	r.c->r[R_SI] = places[i].sp;
	LOADED(&r, nowhere);
	t = payload_go(&r);
	EQ(places[i].vector, t.vector);
	EQ(places[i].sp, t.sp);
	EQ(AT_CODE + 5, t.rip);
	sys_rig_free(&r);
}

/* The stack grows into code that was run: "inc ebx" becomes "dec ebx". */
PAYLOAD(into_code, 64,
	"mov ecx, 300; mov rsi, rsp; 1: push rcx; pop rcx; dec ecx; jnz 1b; mov ecx, 300;"
	"2: call r8; dec ecx; jnz 2b;"
	"lea rsp, [r8 + 8]; push rdx; mov rsp, rsi; call r8; call r8; hlt");

TIER_TEST(a_push_into_code)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->r[R_SP] = 0x30f00;
	r.c->r[R_8] = 0x30100;
	ram_put(&r, 0x30100, 8, 0xc3c3ff); /* inc ebx; ret */
	r.c->r[R_DX] = 0x9090909090c3cbff; /* dec ebx; ret */
	r.c->r[R_BX] = 1000;
	LOADED(&r, into_code);
	EQ(-1, payload_go(&r).vector);
	EQ(1298, r.c->r[R_BX]);
	sys_rig_free(&r);
}
