/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard cases of memory (docs/engine.md, hard cases): stacks, segments, pages, I/O memory, as
 * instructions meet them.
 *
 * Spec: Intel SDM volume 2 by name; volume 3, 3.4-5.3 (segments), 4.6-4.10 (paging), 8.1.2 (LOCK).
 */
#include "hypervisor/x86/desc.h"
#include "tests/x86/sys_rig.h"

#define DATA 0x20000
#define MMIO MACHINE_MMIO

/* ---- 14: stacks of 16 bits ---- */

PAYLOAD(push_pop, 16, "push ax; hlt; pop bx; hlt");
PAYLOAD(push_eax, 32, "push eax; push eax; int3");
PAYLOAD(frames, 16, "enter 4, 2; hlt; leave; hlt");

TIER_TEST(corner_14_real_mode_stack_wraps)
{
	struct sys_rig r = sys_rig("max");

	payload_traps(&r);
	r.c->r[R_AX] = 0x1234;
	r.c->r[R_SP] = 0x99990000;
	LOADED(&r, push_pop);
	EQ(-1, payload_go(&r).vector);
	EQ(0x9999fffe, r.c->r[R_SP]);
	EQ(0x1234, ram_get(&r, 0xfffe, 2));
	EQ(-1, payload_go(&r).vector);
	EQ(0x99990000, r.c->r[R_SP]);
	EQ(0x1234, r.c->r[R_BX]);
	/* A word over the end: #SS, for which there is room … */
	r.c->r[R_SP] = 0xffff;
	r.c->rip = AT_CODE + 2;
	EQ(EXC_SS, payload_go(&r).vector);
	EQ(0xffff - 6, r.c->r[R_SP]);
	/* … or not: shutdown (PUSH with SP = 1). */
	LOADED(&r, push_pop);
	r.c->r[R_SP] = 1;
	EQ(STOP_TRIPLE, payload_run(&r, 100));
	sys_rig_free(&r);
}

TIER_TEST(corner_14_small_stack_in_protected_mode)
{
	struct sys_rig r = payload_rig(false, 3);
	struct trap t;

	gdt_put(&r, SEL_FREE, DATA, 0xffff, 0xf2, 0);
	RUNS(&r, seg_load(r.c, SEG_SS, SEL_FREE | 3));
	r.c->r[R_AX] = 0x12345678;
	r.c->r[R_SP] = 0xabcd0004;
	LOADED(&r, push_eax);
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(0xabcdfffc, t.sp);
	EQ(0x12345678, ram_get(&r, DATA + 0xfffc, 4));
	sys_rig_free(&r);
	r = payload_rig(false, 3);
	gdt_put(&r, SEL_FREE, DATA, 0xffff, 0xf2, 0);
	RUNS(&r, seg_load(r.c, SEG_SS, SEL_FREE | 3));
	r.c->r[R_SP] = 0xabcd0006;
	LOADED(&r, push_eax);
	t = payload_go(&r);
	EQ(EXC_SS, t.vector);
	EQ(0, t.error);
	EQ(AT_CODE + 1, t.rip);
	sys_rig_free(&r);
}

TIER_TEST(corner_14_enter_and_leave_wrap)
{
	struct sys_rig r = sys_rig("max");

	r.c->r[R_BP] = 0x55550002;
	r.c->r[R_SP] = 0x66660002;
	ram_put(&r, 0, 2, 0xbeef); /* the outer frame's pointer, below BP */
	LOADED(&r, frames);
	EQ(-1, payload_go(&r).vector);
	EQ(2, ram_get(&r, 0, 2)); /* BP is pushed first, onto that pointer */
	EQ(2, ram_get(&r, 0xfffe, 2));
	EQ(0, ram_get(&r, 0xfffc, 2)); /* the new frame's */
	EQ(0x55550000, r.c->r[R_BP]);
	EQ(0x6666fff8, r.c->r[R_SP]);
	EQ(-1, payload_go(&r).vector);
	EQ(0x66660002, r.c->r[R_SP]);
	EQ(0x55550002, r.c->r[R_BP]);
	sys_rig_free(&r);
}

/* ---- 15: segments ---- */

PAYLOAD(limits, 32, "mov ds, ecx; mov eax, [ebx]; hlt");

static const struct {
	const char *name;
	uint32_t limit;
	unsigned access, flags;
	uint32_t at;
	int vector;
} segments[] = {
	{"bytes, the last four", 0xfff, 0x92, 4, 0xffc, -1},
	{"bytes, one too far", 0xfff, 0x92, 4, 0xffd, EXC_GP},
	{"pages", 0x1f, 0x92, 0xc, 0x1fffc, -1},
	{"pages, one too far", 0x1f, 0x92, 0xc, 0x1fffd, EXC_GP},
	{"expand-down, below", 0xfff, 0x96, 4, 0xffc, EXC_GP},
	{"expand-down, on the limit", 0xfff, 0x96, 4, 0xfff, EXC_GP},
	{"expand-down, above", 0xfff, 0x96, 4, 0x1000, -1},
	{"expand-down of 16 bits, its end", 0xfff, 0x96, 0, 0xfffc, -1},
	{"expand-down of 16 bits, beyond", 0xfff, 0x96, 0, 0xfffd, EXC_GP},
	{"round 4 GiB", 0xfffff, 0x92, 0xc, 0xfffffffe, EXC_GP},
	{"code, to be read", 0xfff, 0x9a, 4, 0, -1},
};

TIER_TEST_EACH(corner_15_limits, ARRAY_SIZE(segments), segments[i].name)
{
	struct sys_rig r = payload_rig(false, 0);
	struct trap t;

	gdt_put(&r, SEL_FREE, 0, segments[i].limit, segments[i].access, segments[i].flags);
	r.c->r[R_CX] = SEL_FREE;
	r.c->r[R_BX] = segments[i].at;
	LOADED(&r, limits);
	t = payload_go(&r);
	EQ(segments[i].vector, t.vector);
	if (t.vector >= 0)
		EQ(AT_CODE + 2, t.rip);
	EQ(0, t.error);
	EQ(segments[i].access | 1, ram_get(&r, AT_GDT + SEL_FREE + 5, 1)); /* accessed */
	sys_rig_free(&r);
}

PAYLOAD(null_ds, 32, "mov ds, ecx; nop; mov al, [ebx]; hlt");
PAYLOAD(by_ldt, 32, "mov ax, 0x50; lldt ax; mov ax, 4; mov ds, ax; mov al, [8]; hlt");

TIER_TEST(corner_15_null_and_ldt)
{
	struct sys_rig r = payload_rig(false, 0);
	struct trap t;

	for (unsigned sel = 0; sel < 4; sel++) {
		r.c->r[R_CX] = sel;
		LOADED(&r, null_ds);
		t = payload_go(&r);
		EQ(EXC_GP, t.vector);
		EQ(AT_CODE + 3, t.rip); /* to load it is no fault */
		EQ(0, t.error);
	}
	ram_put(&r, AT_LDT, 8, 0x004f92020000ffff); /* base 0x20000 */
	r.ram[DATA + 8] = 0x5a;
	LOADED(&r, by_ldt);
	EQ(-1, payload_go(&r).vector);
	EQ(0x5a, r.c->r[R_AX] & 0xff);
	EQ(4, r.c->seg[SEG_DS].sel);
	sys_rig_free(&r);
}

/* ---- 16, 17: LOCK and exchanges ---- */

static const struct {
	const char *name;
	uint8_t code[8];
	int vector;
} locks[] = {
	{"add [mem], ecx", {0xf0, 0x01, 0x0e}, -1},
	{"not byte [mem]", {0xf0, 0xf6, 0x16}, -1},
	{"bts [mem], ecx", {0xf0, 0x0f, 0xab, 0x0e}, -1},
	{"xchg [mem], ecx", {0xf0, 0x87, 0x0e}, -1},
	{"cmpxchg8b [mem]", {0xf0, 0x0f, 0xc7, 0x0e}, -1},
	{"add ecx, [mem]", {0xf0, 0x03, 0x0e}, EXC_UD},
	{"add eax, ecx", {0xf0, 0x01, 0xc8}, EXC_UD},
	{"cmp [mem], ecx", {0xf0, 0x39, 0x0e}, EXC_UD},
	{"test [mem], ecx", {0xf0, 0x85, 0x0e}, EXC_UD},
	{"bt [mem], ecx", {0xf0, 0x0f, 0xa3, 0x0e}, EXC_UD},
	{"mov [mem], ecx", {0xf0, 0x89, 0x0e}, EXC_UD},
	{"movsb", {0xf0, 0xa4}, EXC_UD},
	{"jmp", {0xf0, 0xeb, 0x00}, EXC_UD},
};

TIER_TEST_EACH(corner_16_lock_only_where_it_may_be, ARRAY_SIZE(locks), locks[i].name)
{
	struct sys_rig r = payload_rig(true, 3);

	memset(r.ram + AT_CODE, 0xcc, 16);
	memcpy(r.ram + AT_CODE, locks[i].code, sizeof(locks[i].code));
	for (unsigned at = sizeof(locks[i].code); at > 1 && !locks[i].code[at - 1]; at--)
		r.ram[AT_CODE + at - 1] = 0xcc;
	if (!strcmp(locks[i].name, "jmp"))
		r.ram[AT_CODE + 2] = 0;
	r.c->r[R_SI] = r.c->r[R_DI] = DATA;
	EQ(locks[i].vector < 0 ? EXC_BP : locks[i].vector, payload_go(&r).vector);
	sys_rig_free(&r);
}

PAYLOAD(split, 64,
	"mov eax, 0x01020304; lock add [0x20ffe], eax; lock xadd [0x2103e], eax;"
	"mov ecx, -1; xchg [0x2107d], rcx; lock inc dword ptr [0x21fff]; hlt");

TIER_TEST(corner_16_lock_over_a_line_and_a_page)
{
	struct sys_rig r = payload_rig(true, 0);

	memcpy(r.ram + DATA + 0xffe, "\x01\x01\x01\x01", 4);
	memcpy(r.ram + DATA + 0x103e, "\x02\0\0\0", 4);
	memcpy(r.ram + DATA + 0x107d, "\x11\x12\x13\x14\x15\x16\x17\x18", 8);
	memcpy(r.ram + DATA + 0x1fff, "\xff\xff\0\0", 4);
	LOADED(&r, split);
	EQ(-1, payload_go(&r).vector);
	EQM("\x05\x04\x03\x02", r.ram + DATA + 0xffe, 4);
	EQM("\x06\x03\x02\x01", r.ram + DATA + 0x103e, 4);
	EQ(2, r.c->r[R_AX]);
	EQM("\xff\xff\xff\xff\0\0\0\0", r.ram + DATA + 0x107d, 8);
	EQ(0x1817161514131211, r.c->r[R_CX]);
	EQM("\0\0\1\0", r.ram + DATA + 0x1fff, 4);
	sys_rig_free(&r);
}

PAYLOAD(mismatch, 64, "mov eax, 1; cmpxchg [0x20000], ecx; hlt");
PAYLOAD(misplaced, 64, "cmpxchg16b [0x20008]; hlt");

TIER_TEST(corner_17_cmpxchg_always_writes)
{
	struct sys_rig r = payload_rig(true, 0);
	struct trap t;
	uint64_t pte;

	page_put(&r, DATA, DATA, 5); /* read-only */
	LOADED(&r, mismatch);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(3, t.error);
	EQ(1, r.c->r[R_AX]);
	pte = page_put(&r, DATA, DATA, 7);
	LOADED(&r, mismatch);
	EQ(-1, payload_go(&r).vector);
	EQ(0, r.c->r[R_AX]);
	EQ(0x67, ram_get(&r, pte, 8) & 0xfff); /* A and D */
	LOADED(&r, misplaced);
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(0, t.error);
	sys_rig_free(&r);
}

/* ---- 18, 19: I/O memory ---- */

#define SEEN 8
static const struct {
	const char *name;
	uint8_t code[12];
	uint8_t n;
	struct machine_access want[SEEN];
} mmio[] = {
	/* RSI: I/O memory; RDI: RAM; the rest 0. */
	{"add", {0x83, 0x06, 0x01}, 2, {{0, 4, false}, {0, 4, true}}},
	{"lock add", {0xf0, 0x83, 0x06, 0x01}, 2, {{0, 4, false}, {0, 4, true}}},
	{"xchg", {0x48, 0x87, 0x0e}, 2, {{0, 8, false}, {0, 8, true}}},
	{"cmpxchg that differs", {0x0f, 0xb1, 0x06}, 2, {{0, 4, false}, {0, 4, true}}},
	{"not", {0xf6, 0x16}, 2, {{0, 1, false}, {0, 1, true}}},
	{"test", {0xf7, 0x06, 0, 0, 0, 0}, 1, {{0, 4, false}}},
	{"mov", {0x66, 0x89, 0x46, 0x02}, 1, {{2, 2, true}}},
	{"push", {0xff, 0x76, 0x08}, 1, {{8, 8, false}}},
	{"pop", {0x8f, 0x46, 0x08}, 1, {{8, 8, true}}},
	{"lodsd", {0xad}, 1, {{0, 4, false}}},
	{"movsd", {0xa5}, 1, {{0, 4, false}}},
	{"cmpsb", {0xa6}, 1, {{0, 1, false}}},
	{"setz", {0x0f, 0x94, 0x06}, 1, {{0, 1, true}}},
	{"fld qword", {0xdd, 0x46, 0x10}, 1, {{16, 8, false}}},
	{"fld tbyte", {0xdb, 0x6e, 0x10}, 2, {{16, 8, false}, {24, 2, false}}},
	{"fstp dword", {0xdb, 0xe3, 0xd9, 0xe8, 0xd9, 0x1e}, 1, {{0, 4, true}}},
	{"movups", {0x0f, 0x10, 0x06}, 2, {{0, 8, false}, {8, 8, false}}},
	{"movaps to it", {0x0f, 0x29, 0x06}, 2, {{0, 8, true}, {8, 8, true}}},
	{"vmovdqu",
	 {0xc5, 0xfe, 0x7f, 0x06},
	 4,
	 {{0, 8, true}, {8, 8, true}, {16, 8, true}, {24, 8, true}}},
	{"mov, unaligned",
	 {0x48, 0x8b, 0x46, 0x03},
	 4,
	 {{3, 1, false}, {4, 4, false}, {8, 2, false}, {10, 1, false}}},
};

TIER_TEST_EACH(corner_18_io_memory_operands, ARRAY_SIZE(mmio), mmio[i].name)
{
	struct sys_rig r = payload_rig(true, 0);

	r.c->cr4 |= CR4_OSFXSR | CR4_OSXSAVE;
	r.c->xcr0 = 7;
	memset(r.ram + AT_CODE, 0xf4, 16);
	memcpy(r.ram + AT_CODE, mmio[i].code, sizeof(mmio[i].code));
	for (unsigned at = sizeof(mmio[i].code); at > 1 && !mmio[i].code[at - 1]; at--)
		r.ram[AT_CODE + at - 1] = 0xf4;
	if (!strcmp(mmio[i].name, "test"))
		memset(r.ram + AT_CODE + 2, 0, 4);
	memset(r.c->r, 0, R_SP * sizeof(r.c->r[0]));
	r.c->r[R_SI] = MMIO;
	r.c->r[R_DI] = DATA;
	memset(r.m->mmio, 1, 16);
	EQ(-1, payload_go(&r).vector);
	EQ(mmio[i].n, r.m->n_seen);
	for (unsigned n = 0; n < mmio[i].n; n++) {
		EQ(mmio[i].want[n].at, r.m->seen[n].at);
		EQ(mmio[i].want[n].size, r.m->seen[n].size);
		EQ(mmio[i].want[n].write, r.m->seen[n].write);
	}
	sys_rig_free(&r);
}

PAYLOAD(in_mmio, 64, "mov eax, 0x12345678; inc ebx; lea rcx, [rip]; hlt");

TIER_TEST(corner_18_code_in_io_memory)
{
	struct sys_rig r = payload_rig(true, 0);

	memcpy(r.m->mmio + 0xff8, in_mmio_start, (size_t)(in_mmio_end - in_mmio_start));
	r.c->r[R_BX] = 0;
	r.c->rip = MMIO + 0xff8; /* over a page */
	EQ(-1, payload_go(&r).vector);
	EQ(0x12345678, r.c->r[R_AX]);
	EQ(1, r.c->r[R_BX]);
	EQ(MMIO + 0xff8 + 14, r.c->r[R_CX]);
	CHECK(r.m->n_seen);
	sys_rig_free(&r);
}

PAYLOAD(mixed, 64,
	"mov eax, [0x1fffffe]; mov ebx, 0xaabbccdd; mov [0x1fffffe], ebx;"
	"add dword ptr [0x1fffffe], 0x10001; hlt");

TIER_TEST(corner_19_half_ram_half_io_memory)
{
	struct sys_rig r = payload_rig(true, 0);
	static const struct machine_access want[] = {
		{0, 2, false}, {0, 2, true}, {0, 2, false}, {0, 2, true}};

	page_put(&r, MMIO - 0x1000, MMIO - 0x1000, 7);
	memcpy(r.ram + MMIO - 2, "\x11\x22", 2);
	memcpy(r.m->mmio, "\x33\x44", 2);
	LOADED(&r, mixed);
	EQ(-1, payload_go(&r).vector);
	EQ(0x44332211, r.c->r[R_AX]);
	EQM("\xde\xcc", r.ram + MMIO - 2, 2);
	EQM("\xbc\xaa\0", r.m->mmio, 3);
	EQ(4, r.m->n_seen);
	for (unsigned n = 0; n < 4; n++) {
		EQ(want[n].at, r.m->seen[n].at);
		EQ(want[n].size, r.m->seen[n].size);
		EQ(want[n].write, r.m->seen[n].write);
	}
	sys_rig_free(&r);
}

/* ---- 20: all or nothing ---- */

static const struct {
	const char *name;
	uint8_t code[8];
} crossing[] = {
	{"mov", {0x48, 0x89, 0x06}},
	{"add", {0x01, 0x06}},
	{"lock add", {0xf0, 0x48, 0x01, 0x06}},
	{"xchg", {0x87, 0x06}},
	{"movups", {0x0f, 0x11, 0x06}},
	{"fstp tbyte", {0xdb, 0xe3, 0xd9, 0xe8, 0xdb, 0x3e}},
	{"fnstenv", {0xd9, 0x36}},
	{"sgdt", {0x0f, 0x01, 0x06}},
	{"push", {0x48, 0x8d, 0x66, 0x08, 0x50}}, /* lea rsp, [rsi + 8] first */
	{"movsq", {0x48, 0xa5}},
};

TIER_TEST_EACH(corner_20_store_over_two_pages, ARRAY_SIZE(crossing), crossing[i].name)
{
	struct sys_rig r = payload_rig(true, 3);
	struct trap t;

	r.c->cr4 |= CR4_OSFXSR;
	page_put(&r, DATA + 0x1000, DATA + 0x1000, 5); /* read-only */
	memcpy(r.ram + AT_CODE, crossing[i].code, sizeof(crossing[i].code));
	r.c->r[R_AX] = 0x1111111111111111;
	r.c->r[R_SI] = r.c->r[R_DI] = DATA + 0xffd;
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(7, t.error);
	EQ(DATA + 0x1000, r.c->cr2);
	EQM("\0\0\0\0", r.ram + DATA + 0xffc, 4);
	EQ(0x1111111111111111, r.c->r[R_AX]);
	EQ(DATA + 0xffd, r.c->r[R_DI]);
	sys_rig_free(&r);
}

/* ---- 21: the stack pointer as an operand ---- */

PAYLOAD(push_rsp, 64, "push rsp; pop rax; hlt");
PAYLOAD(pop_rsp, 64, "push 0x20000; pop rsp; mov rax, rsp; hlt");
PAYLOAD(pop_at_rsp, 64, "push 0x77; push 0x66; pop qword ptr [rsp]; pop rax; hlt");
PAYLOAD(pop_above, 64, "push 1; push 2; push 3; pop qword ptr [rsp + 8]; pop rax; pop rax; hlt");
PAYLOAD(xchg_at_rsp, 64, "lea rax, [rsp - 8]; push rax; xchg rsp, [rsp]; mov rax, rsp; hlt");
PAYLOAD(push_at_rsp, 64, "push 0x55; push qword ptr [rsp]; add rsp, 8; pop rax; hlt");
PAYLOAD(leave_rsp, 64, "mov ebp, 0x20000; leave; lea rax, [rsp]; hlt");
PAYLOAD(ret_n, 64, "push 1; lea rax, [rip + 1f]; push rax; ret 8; 1: mov rax, rsp; hlt");

#define CASE(text, name, ax_)                       \
	{                                           \
		text, name##_start, name##_end, ax_ \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
	uint64_t ax;
} stacks[] = {
	CASE("push rsp: the old one", push_rsp, AT_STACK0),
	CASE("pop rsp: what was read", pop_rsp, DATA),
	CASE("pop [rsp]: from the new one", pop_at_rsp, 0x66),
	CASE("pop [rsp + 8]", pop_above, 3),
	CASE("xchg rsp, [rsp]", xchg_at_rsp, AT_STACK0 - 8),
	CASE("push [rsp]: from the old one", push_at_rsp, 0x55),
	CASE("leave", leave_rsp, DATA + 8),
	CASE("ret 8", ret_n, AT_STACK0),
};

TIER_TEST_EACH(corner_21_stack_pointer_as_operand, ARRAY_SIZE(stacks), stacks[i].name)
{
	struct sys_rig r = payload_rig(true, 0);

	payload_load(&r, AT_CODE, stacks[i].start, stacks[i].end);
	EQ(-1, payload_go(&r).vector);
	EQ(stacks[i].ax, r.c->r[R_AX]);
	sys_rig_free(&r);
}

/* ---- 22: page faults as handlers see them ---- */

PAYLOAD(reads, 64, "mov al, [0x20000]; int3");
PAYLOAD(writes, 64, "mov [0x20000], al; int3");
PAYLOAD(reads_wide, 64, "mov eax, [0x1fffe]; int3");
PAYLOAD(jumps, 64, "mov eax, 0x20000; jmp rax");
PAYLOAD(by_stac, 64, "stac; mov al, [0x20000]; clac; mov al, [0x20000]; int3");

#define BIT51 (1ull << 51)
#define NX    (1ull << 63)
#undef CASE
#define CASE(text, name, cpl, cr4, flags, error)                       \
	{                                                              \
		text, name##_start, name##_end, cpl, cr4, flags, error \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
	unsigned cpl;
	uint64_t cr4, flags;
	int error; /* -1: none */
} pages[] = {
	CASE("user, not present", reads, 3, 0, 0, 4),
	CASE("kernel, not present", reads, 0, 0, 0, 0),
	CASE("write, not present", writes, 3, 0, 0, 6),
	CASE("write, read-only", writes, 3, 0, 5, 7),
	CASE("kernel write, read-only", writes, 0, 0, 5, 3),
	CASE("user, supervisor's", reads, 3, 0, 3, 5),
	CASE("second page", reads_wide, 3, 0, 0, 4),
	CASE("reserved bit", reads, 3, 0, 7 | BIT51, 0xd),
	CASE("reserved bit, not present", reads, 3, 0, BIT51, 4),
	CASE("user code, NX", jumps, 3, 0, 7 | NX, 0x15),
	CASE("kernel code, NX", jumps, 0, 0, 3 | NX, 0x11),
	CASE("data, NX", reads, 3, 0, 7 | NX, -1),
	CASE("SMEP", jumps, 0, CR4_SMEP, 7, 0x11),
	CASE("SMAP", reads, 0, CR4_SMAP, 7, 1),
	CASE("SMAP, write", writes, 0, CR4_SMAP, 7, 3),
	CASE("SMAP between STAC and CLAC", by_stac, 0, CR4_SMAP, 7, 1),
	CASE("SMAP is not the user's", reads, 3, CR4_SMAP, 7, -1),
};

TIER_TEST_EACH(corner_22_page_fault_error_codes, ARRAY_SIZE(pages), pages[i].name)
{
	struct sys_rig r = payload_rig(true, pages[i].cpl);
	struct trap t;

	for (uint64_t at = 0; at < 0x10000; at += 0x1000) /* the kernel's, but for the program */
		page_put(&r, at, at, pages[i].cpl && at == AT_CODE ? 7 : 3);
	ram_put(&r, AT_TSS + 4, 8, 0x7000);
	page_put(&r, DATA, DATA, pages[i].flags);
	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | pages[i].cr4));
	payload_load(&r, AT_CODE, pages[i].start, pages[i].end);
	t = payload_go(&r);
	EQ(pages[i].error < 0 ? EXC_BP : EXC_PF, t.vector);
	if (pages[i].error >= 0) {
		EQ((unsigned)pages[i].error, t.error);
		EQ(DATA, r.c->cr2);
	}
	if (pages[i].start == by_stac_start)
		EQ(AT_CODE + 13, t.rip); /* the one after CLAC */
	sys_rig_free(&r);
}

/* ---- 41, 42: when a changed table counts ---- */

PAYLOAD(flushes, 64,
	"mov al, [0x20000]; mov [rsi], rdi; invlpg [0x20000]; mov ah, [0x20000];"
	"mov [rsi], rdx; mov rcx, cr3; mov cr3, rcx; mov bl, [0x20000];"  /* no INVLPG */
	"or edi, 0x100; mov [rsi], rdi; mov cr3, rcx; mov bh, [0x20000];" /* global */
	"mov [rsi], rdx; mov rcx, cr4; xor cl, 0x80; mov cr4, rcx; xor cl, 0x80; mov cr4, rcx;"
	"mov cl, [0x20000]; hlt");

TIER_TEST(corner_41_what_makes_a_changed_page_table_count)
{
	struct sys_rig r = payload_rig(true, 0);

	RUNS(&r, cr_write(r.c, 4, r.c->cr4 | CR4_PGE));
	r.c->r[R_SI] = page_put(&r, DATA, 0x30000, 7);
	r.c->r[R_DI] = 0x31007;
	r.c->r[R_DX] = 0x30007;
	r.ram[0x30000] = 1;
	r.ram[0x31000] = 2;
	LOADED(&r, flushes);
	EQ(-1, payload_go(&r).vector);
	EQ(0x0201, r.c->r[R_AX] & 0xffff);
	EQ(0x0201, r.c->r[R_BX] & 0xffff);
	EQ(1, r.c->r[R_CX] & 0xff);
	sys_rig_free(&r);
}

PAYLOAD(upper, 64,
	"mov al, [0x40000000]; mov [rsi], rdi; invlpg [0x40000000]; mov ah, [0x40000000]; hlt");

/* INVLPG forgets what paging-structure caches have of upper entries too (SDM 4.10.4.1). */
TIER_TEST(corner_42_changed_upper_entry)
{
	struct sys_rig r = payload_rig(true, 0);
	uint64_t pt = new_page(&r), pd;

	map_long(&r, r.c->cr3, 0x40000000, 0x30000, 12, 7, 7);
	ram_put(&r, pt, 8, 0x31007);
	pd = map_long(&r, r.c->cr3, 0x40200000, 0, 21, 7, 7) - 8; /* its neighbour's entry */
	r.c->r[R_SI] = pd;
	r.c->r[R_DI] = pt | 7;
	r.ram[0x30000] = 1;
	r.ram[0x31000] = 2;
	LOADED(&r, upper);
	EQ(-1, payload_go(&r).vector);
	EQ(0x0201, r.c->r[R_AX] & 0xffff);
	sys_rig_free(&r);
}

/* ---- 43: caches ---- */

PAYLOAD(caches, 64,
	"mov [0x20000], rax; clflush [0x20000]; clwb [0x20000]; clflushopt [0x20000]; wbinvd;"
	"mfence; lfence; sfence; prefetchnta [0x800000]; prefetchw [0x800000];"
	"movnti [0x20008], rax; mov rbx, [0x20000]; mov rcx, [0x20008]; invd; hlt");
PAYLOAD(clflush, 64, "clflush [0x800000]; hlt");
PAYLOAD(set_pat, 64, "wrmsr; hlt");

TIER_TEST(corner_43_caches_are_not_seen)
{
	struct sys_rig r = payload_rig(true, 0);
	struct trap t;

	r.c->r[R_AX] = 0x1122334455667788;
	LOADED(&r, caches);
	EQ(-1, payload_go(&r).vector);
	EQ(0x1122334455667788, r.c->r[R_BX]);
	EQ(0x1122334455667788, r.c->r[R_CX]);
	LOADED(&r, clflush); /* it reads, as far as page faults go */
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(0, t.error);
	r.c->r[R_CX] = 0x277;
	r.c->r[R_AX] = r.c->r[R_DX] = 0x02020202; /* a type that is none */
	LOADED(&r, set_pat);
	EQ(EXC_GP, payload_go(&r).vector);
	r.c->r[R_AX] = r.c->r[R_DX] = 0x06060606;
	LOADED(&r, set_pat);
	EQ(-1, payload_go(&r).vector);
	sys_rig_free(&r);
}

/* ---- 46: ports and memory in one instruction ---- */

PAYLOAD(ins_fault, 64, "mov edx, 0x502; rep insb; hlt");
PAYLOAD(outs_fault, 64, "mov edx, 0x502; rep outsb; hlt");

TIER_TEST(corner_46_string_io_stopped_by_a_fault)
{
	struct sys_rig r = payload_rig(true, 0);
	struct trap t;

	page_put(&r, DATA + 0x1000, 0, 0);
	r.c->r[R_DI] = r.c->r[R_SI] = DATA + 0xffd;
	r.c->r[R_CX] = 5;
	LOADED(&r, ins_fault);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(AT_CODE + 5, t.rip);
	EQ(2, t.error);
	EQ(3, r.m->n_in); /* the fourth was not taken out of the device */
	EQ(2, r.c->r[R_CX]);
	EQ(DATA + 0x1000, r.c->r[R_DI]);
	r.c->r[R_CX] = 5;
	memcpy(r.ram + DATA + 0xffd, "abc", 3);
	LOADED(&r, outs_fault);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(0, t.error);
	EQS("abc", r.m->out);
	EQ(2, r.c->r[R_CX]);
	EQ(DATA + 0x1000, r.c->r[R_SI]);
	sys_rig_free(&r);
}
