/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions over a page's end, again and again: hypervisor/x86/translate/over.c. */
#include "tests/x86/sys_rig.h"

enum { AT_ADD = 0x20ffd }; /* its immediate's last two bytes are the next page's */

PAYLOAD(add_ret, 64, "add rax, 0x01020304; ret"); /* 48 05, four bytes */
PAYLOAD(thousand, 64, "mov edx, 0x20ffd; mov ecx, 1000; 1: call rdx; dec ecx; jnz 1b; hlt");

static struct sys_rig over_rig(void)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->r[R_SP] = 0x30000; /* in no page with code */
	payload_load(&r, AT_ADD, add_ret_start, add_ret_end);
	return r;
}

TIER_TEST(an_instruction_over_a_page_is_translated)
{
	struct sys_rig r = over_rig();

	LOADED(&r, thousand);
	EQ(-1, payload_go(&r).vector);
	EQ(1000ull * 0x01020304, r.c->r[R_AX]);
	if (tier_now == TIER_TRANSLATE && !r.c->verify)
		CHECK(r.c->insn_count < 10); /* by the interpreter */
	sys_rig_free(&r);
}

PAYLOAD(grows, 64,
	"mov edx, 0x20ffd; mov esi, 0x21001; mov ecx, 100; 1: call rdx; inc byte ptr [rsi];"
	"dec ecx; jnz 1b; hlt");

/* The last byte but one of the number is 2 at first. */
TIER_TEST(its_tail_changes)
{
	struct sys_rig r = over_rig();
	uint64_t sum = 0;

	for (unsigned i = 0; i < 100; i++)
		sum += 0x01000304 + ((2ull + i) << 16);
	EQ(2, r.ram[0x21001]);
	LOADED(&r, grows);
	EQ(-1, payload_go(&r).vector);
	EQ(sum, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(goes, 64,
	"mov edx, 0x20ffd; call rdx; mov rbx, rax; mov qword ptr [rdi], 0; invlpg [0x21000];"
	"call rdx; hlt");

TIER_TEST(its_second_page_goes)
{
	struct sys_rig r = over_rig();
	struct trap t;

	payload_traps(&r);
	r.c->r[R_DI] = page_put(&r, 0x21000, 0x21000, 7);
	page_put(&r, 0x100000, 0x100000, 7); /* the table, to be written */
	LOADED(&r, goes);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(AT_ADD, t.rip);
	EQ(0x21000, r.c->cr2);
	EQ(0x01020304, r.c->r[R_BX]);
	EQ(0x01020304, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(ends_before, 64, "mov eax, 1; hlt");

/* What only comes near the end is no access to the next page. */
TIER_TEST(the_next_page_is_not_accessed)
{
	struct sys_rig r = sys_rig("max");
	uint64_t entry;

	go_long(&r, 0);
	entry = page_put(&r, 0x21000, 0x21000, 7);
	payload_load(&r, 0x20ff6, ends_before_start, ends_before_end);
	EQ(-1, payload_go(&r).vector);
	EQ(1, r.c->r[R_AX]);
	EQ(7, ram_get(&r, entry, 8) & 0xfff);
	sys_rig_free(&r);
}
