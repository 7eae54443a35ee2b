/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 16-bit code, and segments that are not flat: edges, and what one block is not for. */
#include "hypervisor/x86/translate/tr.h"
#include "tests/x86/sys_rig.h"

#define PUT(r, at, name) memcpy((r)->ram + (at), name##_start, (size_t)(name##_end - name##_start))

static struct sys_rig rig_real(void)
{
	struct sys_rig r = sys_rig("max");

	payload_traps(&r);
	return r;
}

static void data_segment(struct sys_rig *r, unsigned seg, uint32_t base, uint32_t limit,
			 unsigned access, unsigned flags)
{
	gdt_put(r, SEL_FREE, base, limit, access, flags);
	RUNS(r, seg_load(r->c, seg, SEL_FREE));
}

/* CS of 16 bits with this base and limit, at 0x100. */
static void enter_16(struct sys_rig *r, uint32_t base, uint32_t limit)
{
	r->c->seg[SEG_CS] =
		(struct segment){.sel = CODE16, .base = base, .limit = limit, .attr = 0x9b};
	cpu_set_cs_mode(r->c);
	r->c->rip = 0x100;
}

static struct sys_rig rig_16(uint32_t base, uint32_t limit)
{
	struct sys_rig r = payload_rig(false, 0);

	RUNS(&r, seg_load(r.c, SEG_SS, DATA16));
	enter_16(&r, base, limit);
	return r;
}

/* What the code at rIP raises; its offset in the code is *at. Unlike payload_go it leaves the
 * blocks of the run before. */
static int raised_at(struct sys_rig *r, unsigned *at)
{
	uint64_t rip = r->c->rip;
	enum cpu_stop stop;
	struct trap t;

	r->c->halted = false;
	domain_unlock(r->dom);
	stop = cpu_run(r->c, 100000);
	domain_lock(r->dom);
	EQ(STOP_HALT, stop);
	t = payload_trap(r);
	*at = (unsigned)(t.rip - rip);
	return t.vector;
}

/* ---- IP and SP at 64 KiB ---- */

PAYLOAD(over_the_end, 16, "inc ax; inc ax; .byte 0xeb, 0x10"); /* jmp: to 0x0e */
PAYLOAD(from_the_start, 16, "inc bx; hlt");

TIER_TEST(a_branch_wraps_at_64k)
{
	struct sys_rig r = rig_real();

	RUNS(&r, seg_load(r.c, SEG_DS, 0));
	r.c->seg[SEG_CS].base = 0x20000;
	PUT(&r, 0x2fffa, over_the_end);
	PUT(&r, 0x2000e, from_the_start);
	r.c->rip = 0xfffa;
	EQ(-1, payload_go(&r).vector);
	EQ(0x10, r.c->rip);
	EQ(2, r.c->r[R_AX]);
	EQ(1, r.c->r[R_BX]);
	sys_rig_free(&r);
}

PAYLOAD(off_the_end, 16, "inc ax; nop");

/* It does not go on at 0: CS ends there. */
TIER_TEST(what_runs_over_64k_faults)
{
	struct sys_rig r = rig_real();
	struct trap t;

	r.c->seg[SEG_CS].base = 0x20000;
	PUT(&r, 0x2fffe, off_the_end);
	r.c->rip = 0xfffe;
	t = payload_go(&r);
	EQ(EXC_GP, t.vector);
	EQ(0, t.rip); /* 10000h, cut by the push */
	EQ(1, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(push_pop, 16, "push ax; push ebx; pop dx; pop esi; call 1f; hlt; 1: ret");

TIER_TEST(sp_of_16_bits_wraps_and_leaves_the_rest)
{
	struct sys_rig r = rig_real();

	r.c->r[R_SP] = 0xabcd0000;
	r.c->r[R_AX] = 0x1122;
	r.c->r[R_BX] = 0x33445566;
	r.c->seg[SEG_SS].base = 0x30000;
	LOADED(&r, push_pop);
	EQ(-1, payload_go(&r).vector);
	EQ(0xabcd0000, r.c->r[R_SP]);
	EQ(0x5566, r.c->r[R_DX] & 0xffff);
	EQ(0x11223344, r.c->r[R_SI]);
	EQ(AT_CODE + 9, ram_get(&r, 0x3fffe, 2)); /* CALL's */
	EQ(0x5566, ram_get(&r, 0x3fffa, 2));
	sys_rig_free(&r);
}

PAYLOAD(push_at_1, 16, "inc cx; push ax; hlt");
PAYLOAD(pop_at_ffff, 16, "inc cx; pop ax; hlt");

TIER_TEST(a_stack_access_does_not_wrap)
{
	struct sys_rig r = rig_16(0x20000, 0xffff);
	unsigned at;

	gate_put(&r, AT_IDT + 8 * EXC_SS, 5, 0, SEL_TSS, 0, 0); /* no stack for a gate: a task's */
	PUT(&r, 0x20100, push_at_1);
	r.c->r[R_SP] = 1;
	EQ(STOP_TRIPLE, payload_run(&r, 100000));
	EQ(1, r.c->r[R_SP]);
	EQ(1, r.c->r[R_CX]);
	sys_rig_free(&r);

	r = rig_16(0x20000, 0xffff);
	PUT(&r, 0x20100, pop_at_ffff);
	r.c->r[R_SP] = 0xffff;
	EQ(EXC_SS, raised_at(&r, &at));
	EQ(1, at);
	sys_rig_free(&r);
}

/* ---- limits ---- */

PAYLOAD(word_read, 16, "inc cx; mov ax, [bx + si]; hlt");
PAYLOAD(word_write, 16, "inc cx; mov [bx + si], ax; hlt");
PAYLOAD(dword_add, 16, "inc cx; add dword ptr [bx + si], eax; hlt");
PAYLOAD(byte_read, 16, "inc cx; mov al, [bx + si]; hlt");
PAYLOAD(string, 16, "inc cx; xchg si, bx; lodsw; hlt");

static const struct limited {
	const char *name;
	const uint8_t *start, *end;
	unsigned size, at;
} limited[] = {
	{"word read", word_read_start, word_read_end, 2, 1},
	{"word write", word_write_start, word_write_end, 2, 1},
	{"dword add", dword_add_start, dword_add_end, 4, 1},
	{"byte read", byte_read_start, byte_read_end, 1, 1},
	{"lodsw", string_start, string_end, 2, 3},
};

/* The last that fits, and one byte further, by the same block. */
TIER_TEST_EACH(limit_one_byte_short, ARRAY_SIZE(limited), limited[i].name)
{
	struct sys_rig r = rig_16(0x20000, 0xffff);
	unsigned at;

	memcpy(r.ram + 0x20100, limited[i].start, (size_t)(limited[i].end - limited[i].start));
	data_segment(&r, SEG_DS, 0x40123, 0x4fff, 0x92, 0); /* not where a page ends */
	r.c->r[R_BX] = 0x5000 - limited[i].size;
	EQ(-1, raised_at(&r, &at));
	enter_16(&r, 0x20000, 0xffff);
	r.c->r[R_SI] = 0;
	r.c->r[R_BX] = 0x5001 - limited[i].size;
	EQ(EXC_GP, raised_at(&r, &at));
	EQ(limited[i].at, at);
	EQ(2, r.c->r[R_CX]);
	sys_rig_free(&r);
}

static const struct kind {
	const char *name;
	unsigned access;
	bool reads, writes;
	uint32_t off;
} kinds[] = {
	{"data", 0x92, true, true, 0x10},
	{"read-only data", 0x90, true, false, 0x10},
	{"code to execute alone", 0x98, false, false, 0x10},
	{"readable code", 0x9a, true, false, 0x10},
	{"expand-down, below", 0x96, false, false, 0x10},
	{"expand-down, above", 0x96, true, true, 0x6000},
};

/* Of segments that one block finds, whatever they are. */
TIER_TEST_EACH(the_type_of_a_segment_is_looked_at, 2, limited[i].name)
{
	struct sys_rig r = rig_16(0x20000, 0xffff);
	unsigned at;

	memcpy(r.ram + 0x20100, limited[i].start, (size_t)(limited[i].end - limited[i].start));
	for (unsigned n = 0; n < 2 * ARRAY_SIZE(kinds); n++) {
		const struct kind *k = &kinds[n % ARRAY_SIZE(kinds)];

		NOTE("%s", k->name);
		enter_16(&r, 0x20000, 0xffff);
		r.c->seg[SEG_DS] = (struct segment){.sel = SEL_FREE,
						    .base = 0x40000,
						    .limit = 0x4fff,
						    .attr = (uint16_t)k->access};
		r.c->r[R_BX] = k->off;
		EQ((i ? k->writes : k->reads) ? -1 : EXC_GP, raised_at(&r, &at));
	}
	sys_rig_free(&r);
}

PAYLOAD(null_read, 32, "inc ecx; mov eax, [ebx]; mov fs:[ebx], eax; hlt");

TIER_TEST(a_null_segment_faults_in_32_bit_code)
{
	struct sys_rig r = payload_rig(false, 0);
	unsigned at;

	LOADED(&r, null_read);
	r.c->r[R_BX] = 0x40000;
	EQ(-1, raised_at(&r, &at));
	RUNS(&r, seg_load(r.c, SEG_FS, 0));
	r.c->rip = AT_CODE;
	EQ(EXC_GP, raised_at(&r, &at));
	EQ(3, at);
	RUNS(&r, seg_load(r.c, SEG_DS, 0));
	r.c->rip = AT_CODE;
	EQ(EXC_GP, raised_at(&r, &at));
	EQ(1, at);
	sys_rig_free(&r);
}

PAYLOAD(load_ds, 32, "mov ds, ax; mov ebx, [esi]; mov ds, cx; add ebx, [esi]; hlt");

/* What was made for a flat DS is not for one that is loaded on the way. */
TIER_TEST(a_flat_segment_is_not_flat_any_more)
{
	struct sys_rig r = payload_rig(false, 0);
	unsigned at;

	gdt_put(&r, SEL_FREE, 0x40000, 0xffff, 0x92, 0);
	LOADED(&r, load_ds);
	ram_put(&r, 0x10, 4, 0x1000);
	ram_put(&r, 0x40010, 4, 0x2);
	r.c->r[R_SI] = 0x10;
	for (unsigned i = 0; i < 8; i++) {
		r.c->rip = AT_CODE;
		r.c->r[R_AX] = i & 1 ? SEL_FREE : DATA0;
		r.c->r[R_CX] = i & 2 ? SEL_FREE : DATA0;
		EQ(-1, raised_at(&r, &at));
		EQ((i & 1 ? 2u : 0x1000u) + (i & 2 ? 2u : 0x1000u), r.c->r[R_BX]);
	}
	sys_rig_free(&r);
}

/* ---- bases ---- */

TIER_TEST(base_and_offset_pass_4_gib)
{
	struct sys_rig r = rig_16(0x20000, 0xffff);
	unsigned at;

	PUT(&r, 0x20100, dword_add);
	data_segment(&r, SEG_DS, 0xfffff000, 0x7fff, 0x92, 0);
	ram_put(&r, 0x6ffc, 4, 0x1000);
	r.c->r[R_AX] = 0x234;
	r.c->r[R_BX] = 0x7ffc;
	EQ(-1, raised_at(&r, &at));
	EQ(0x1234, ram_get(&r, 0x6ffc, 4));
	sys_rig_free(&r);
}

PAYLOAD(unreal, 16, "mov eax, [ebx]; mov [ebx + 4], eax; mov ax, [si]; hlt");

/* Limits of 4 GiB that protected mode left, and a base. */
TIER_TEST(unreal_mode_with_a_base)
{
	struct sys_rig r = rig_real();

	for (unsigned i = 0; i < 2; i++) {
		r.c->seg[SEG_DS].limit = ~0u;
		r.c->seg[SEG_DS].base = i ? 0x1230 : 0;
		r.c->r[R_BX] = 0x150000;
		r.c->r[R_SI] = 0x4444;
		ram_put(&r, r.c->seg[SEG_DS].base + 0x150000, 4, 0x11223344 + i);
		ram_put(&r, r.c->seg[SEG_DS].base + 0x4444, 2, 0x5566 + i);
		LOADED(&r, unreal);
		EQ(-1, payload_go(&r).vector);
		EQ(0x11223344 + i, ram_get(&r, r.c->seg[SEG_DS].base + 0x150004, 4));
		EQ(0x11225566 + i, r.c->r[R_AX]);
	}
	sys_rig_free(&r);
}

PAYLOAD(segment_loop, 16,
	"1: mov ds, ax; mov bx, [si]; add dx, bx; mov es, [di]; add dx, es:[si]; push ds; pop fs;"
	"push es; pop gs; add dx, fs:[si]; add ax, 0x111; add word ptr cs:[di], 0x101;"
	"mov bp, gs; loop 1b; hlt");

/* DS and ES are others each time the block runs. */
TIER_TEST(segments_change_between_two_runs_of_a_block)
{
	struct sys_rig r = rig_real();
	uint16_t sum = 0, ds = 0x2000, es = 0x3000;

	for (unsigned i = 0; i < 0x10000; i += 2)
		ram_put(&r, 0x20000 + i, 2, i * 3), ram_put(&r, 0x30000 + i, 2, i * 5);
	r.c->r[R_AX] = ds;
	r.c->r[R_CX] = 9;
	r.c->r[R_DX] = 0;
	r.c->r[R_SI] = 0x40;
	r.c->r[R_DI] = 0x9000; /* of CS at first: 9000; of DS: what is there */
	ram_put(&r, 0x9000, 2, 0);
	for (unsigned i = 0; i < 9; i++)
		ram_put(&r, (0x2000 + 0x111 * i) * 16 + 0x9000, 2, es + 0x101 * i);
	for (unsigned i = 0; i < 9; i++) {
		sum += 2 * (uint16_t)ram_get(&r, ds * 16u + 0x40, 2);
		es = (uint16_t)ram_get(&r, ds * 16u + 0x9000, 2);
		sum += (uint16_t)ram_get(&r, es * 16u + 0x40, 2);
		ds += 0x111;
	}
	LOADED(&r, segment_loop);
	EQ(-1, payload_go(&r).vector);
	EQ(sum, r.c->r[R_DX] & 0xffff);
	EQ(es, r.c->r[R_BP]);
	EQ(ds - 0x111, r.c->seg[SEG_FS].sel);
	EQ((ds - 0x111) * 16, r.c->seg[SEG_DS].base);
	if (tier_now == TIER_TRANSLATE)
		EQ(1, tr_cpu(r.c)->tr->n_keys);
	sys_rig_free(&r);
}

/* ---- code segments ---- */

PAYLOAD(far_call, 16,
	"mov cx, 4; 1: " CALL_FAR16(0x2000, 0x10) CALL_FAR16(0x3000, 0x10) "loop 1b; hlt");
PAYLOAD(first, 16, "add ax, 1; jmp 1f; nop; 1: retf");
PAYLOAD(second, 16, "add ax, 0x100; jmp 1f; nop; 1: retf");

TIER_TEST(one_offset_with_two_code_segments)
{
	struct sys_rig r = rig_real();

	PUT(&r, 0x20010, first);
	PUT(&r, 0x30010, second);
	LOADED(&r, far_call);
	EQ(-1, payload_go(&r).vector);
	EQ(0x404, r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(two_names, 16,
	"mov cx, 3; 1: " CALL_FAR16(0x2000, 0x20) CALL_FAR16(0x2001, 0x10) "loop 1b; hlt");
PAYLOAD(where, 16, "call 1f; 1: pop bx; add ax, bx; retf");

/* The same bytes, by two names: what CALL pushes is not the same. */
TIER_TEST(one_place_with_two_code_segments)
{
	struct sys_rig r = rig_real();

	PUT(&r, 0x20020, where);
	LOADED(&r, two_names);
	EQ(-1, payload_go(&r).vector);
	EQ(3 * (0x23 + 0x13), r.c->r[R_AX]);
	sys_rig_free(&r);
}

PAYLOAD(jumps, 16,
	"inc ax; jmp 1f; .skip 0x1fc; 1: inc bx; mov dx, 0x400; jmp dx; .skip 0xfa; inc si; hlt");

/* The target is within CS the first time, then CS is shorter. */
TIER_TEST(the_limit_of_cs_may_shrink)
{
	static const struct {
		uint32_t limit;
		unsigned at, bx, si;
	} row[] = {{0xfff, 0, 1, 1}, {0x3ff, 0x204, 1, 0}, {0xfff, 0, 1, 1}, {0x2ff, 1, 0, 0}};
	struct sys_rig r = rig_16(0x20000, 0xffff);
	unsigned at;

	PUT(&r, 0x20100, jumps);
	for (unsigned i = 0; i < ARRAY_SIZE(row); i++) {
		enter_16(&r, 0x20000, row[i].limit);
		r.c->r[R_AX] = r.c->r[R_BX] = r.c->r[R_SI] = 0;
		EQ(row[i].at ? EXC_GP : -1, raised_at(&r, &at));
		if (row[i].at)
			EQ(row[i].at, at);
		EQ(1, r.c->r[R_AX]);
		EQ(row[i].bx, r.c->r[R_BX]);
		EQ(row[i].si, r.c->r[R_SI]);
	}
	sys_rig_free(&r);
}

/* A page of the code's is not one of the offset's. */
PAYLOAD(long_way, 16, "mov cx, 300; 1: add ax, cx; call 2f; loop 1b; hlt; 2: inc bx; ret");

TIER_TEST(a_block_ends_at_the_page_of_linear_addresses)
{
	for (uint32_t base = 0x20ff0; base < 0x21002; base++) {
		struct sys_rig r = rig_16(base, 0xffff);

		PUT(&r, base + 0x100, long_way);
		PUT(&r, base + 0xf00, long_way);
		EQ(-1, payload_go(&r).vector);
		r.c->rip = 0xf00;
		EQ(-1, payload_go(&r).vector);
		EQ(2 * 300 * 301 / 2 & 0xffff, r.c->r[R_AX] & 0xffff);
		EQ(600, r.c->r[R_BX]);
		sys_rig_free(&r);
	}
}

/* ---- with paging ---- */

enum { PTE = 7 };

/* The first 4 MiB 1:1; returns where their table is. */
static uint64_t paged(struct sys_rig *r)
{
	uint64_t dir = new_page(r), table = new_page(r);

	ram_put(r, dir, 4, table | PTE);
	for (unsigned i = 0; i < 1024; i++)
		ram_put(r, table + 4 * i, 4, i << 12 | PTE);
	RUNS(r, cr_write(r->c, 3, dir));
	RUNS(r, cr_write(r->c, 0, r->c->cr0 | CR0_PG));
	return table;
}

static void remap(struct sys_rig *r, uint64_t table, uint64_t lin, uint64_t gpa)
{
	ram_put(r, table + lin / 4096 * 4, 4, gpa | PTE);
	RUNS(r, mmu_invlpg(r->c, lin));
}

PAYLOAD(to_0x100, 16, "inc ax; .byte 0xeb, 0x7d");        /* at 0x80 */
PAYLOAD(at_0x100, 16, "inc bx; .byte 0xe9; .word 0xffc"); /* jmp 0x1100 */
PAYLOAD(then_1, 16, "add dx, 1; hlt");
PAYLOAD(then_2, 16, "add dx, 0x100; hlt");

/* The page that a jump leads to is another's after all: by the linear address, for the offset stays
 * in its page. */
TIER_TEST(a_page_behind_a_base_is_mapped_anew)
{
	struct sys_rig r = rig_16(0x20f00, 0xffff);
	uint64_t table = paged(&r);
	unsigned at;

	PUT(&r, 0x20f80, to_0x100);
	PUT(&r, 0x21000, then_1);
	PUT(&r, 0x51000, then_2);
	r.c->r[R_DX] = 0;
	for (unsigned i = 0; i < 4; i++) {
		remap(&r, table, 0x21000, i & 1 ? 0x51000 : 0x21000);
		enter_16(&r, 0x20f00, 0xffff);
		r.c->rip = 0x80;
		EQ(-1, raised_at(&r, &at));
	}
	EQ(0x202, r.c->r[R_DX]);
	sys_rig_free(&r);
}

/* One offset in one frame, but what follows is not the same. */
TIER_TEST(a_frame_in_two_code_segments)
{
	struct sys_rig r = rig_16(0x20f00, 0xffff);
	uint64_t table = paged(&r);
	unsigned at;

	PUT(&r, 0x21000, at_0x100);
	PUT(&r, 0x22000, then_1);
	PUT(&r, 0x62000, then_2);
	remap(&r, table, 0x61000, 0x21000);
	r.c->r[R_DX] = 0;
	for (unsigned i = 0; i < 6; i++) {
		enter_16(&r, i & 1 ? 0x60f00 : 0x20f00, 0xffff);
		EQ(-1, raised_at(&r, &at));
	}
	EQ(0x303, r.c->r[R_DX]);
	sys_rig_free(&r);
}

PAYLOAD(narrow_leave, 32, "mov eax, ds:[ebp + 4]; leave; mov ebx, ds:[esp]; hlt");

/* LEAVE with a stack of 16 bits in 32-bit code: the upper half of ESP is not EBP's, and what was
 * found of EBP's page is not ESP's. */
TIER_TEST(leave_of_a_16_bit_stack_leaves_the_rest)
{
	struct sys_rig r = payload_rig(false, 0);

	remap(&r, paged(&r), 0x30000, 0x50000);
	RUNS(&r, seg_load(r.c, SEG_SS, DATA16));
	LOADED(&r, narrow_leave);
	r.c->r[R_SP] = 0x30100;
	r.c->r[R_BP] = 0x40200;
	ram_put(&r, 0x200, 4, 0x55667788);
	ram_put(&r, 0x40204, 4, 1);
	ram_put(&r, 0x50204, 4, 2);
	EQ(-1, payload_go(&r).vector);
	EQ(0x30204, r.c->r[R_SP]);
	EQ(0x55667788, r.c->r[R_BP]);
	EQ(1, r.c->r[R_AX]);
	EQ(2, r.c->r[R_BX]);
	sys_rig_free(&r);
}

/* ---- loops ---- */

PAYLOAD(loops, 16,
	"mov ecx, 0x10003; 1: inc ax; loop 1b;"        /* 3 times */
	"mov ecx, 4; 1: inc bx; cmp bx, 3; loopne 1b;" /* 3 times: ZF */
	"jcxz 3f; mov cx, 5; 1: inc dx; cmp dx, dx; loope 1b;"
	"jecxz 2f; mov ecx, 2; 1: inc si; .byte 0x67; loop 1b; jecxz 3f;"
	"2: hlt; 3: mov di, 7; hlt");

TIER_TEST(loop_and_jcxz_count_as_wide_as_addresses)
{
	struct sys_rig r = rig_real();

	LOADED(&r, loops);
	r.c->r[R_DX] = 0;
	EQ(-1, payload_go(&r).vector);
	EQ(3, r.c->r[R_AX]);
	EQ(3, r.c->r[R_BX]);
	EQ(5, r.c->r[R_DX] & 0xffff);
	EQ(0, r.c->r[R_SI]);
	EQ(0, r.c->r[R_DI]); /* ECX is 0 */
	sys_rig_free(&r);
}

PAYLOAD(loop_carry, 64, "mov ecx, 3; stc; 1: adc rax, 0; loop 1b; adc rax, 0x10; hlt");

TIER_TEST(loop_leaves_the_flags)
{
	struct sys_rig r = payload_rig(true, 0);

	LOADED(&r, loop_carry);
	EQ(-1, payload_go(&r).vector);
	EQ(0x11, r.c->r[R_AX]);
	EQ(0, r.c->r[R_CX]);
	sys_rig_free(&r);
}

/* ---- virtual-8086 mode ---- */

PAYLOAD(into_vm86, 32, "iretd");
PAYLOAD(in_vm86, 16,
	"mov cx, 50; 1: mov ds, ax; mov bx, [si]; add dx, bx; inc ax; push ds; pop es; loop 1b;"
	"pushf; pop bp; int3");

TIER_TEST(virtual_8086_code_runs)
{
	struct sys_rig r = payload_rig(false, 0);
	uint32_t frame[] = {0x100,  0x2000, FL_VM | FL_1 | FL_IOPL, 0x800, 0x3000, 0x2000, 0x2000,
			    0x2000, 0x2000};
	uint16_t sum = 0;
	struct trap t;

	r.c->r[R_SP] = AT_STACK0 - sizeof(frame);
	memcpy(r.ram + r.c->r[R_SP], frame, sizeof(frame));
	PUT(&r, 0x20100, in_vm86);
	r.c->r[R_AX] = 0x4000;
	r.c->r[R_SI] = 0x10;
	for (unsigned i = 0; i < 50; i++) {
		ram_put(&r, 0x40010 + 16 * i, 2, i * 77);
		sum += i * 77;
	}
	LOADED(&r, into_vm86);
	r.c->r[R_DX] = 0;
	t = payload_go(&r);
	EQ(EXC_BP, t.vector);
	EQ(sum, r.c->r[R_DX] & 0xffff);
	EQ(0x4032, r.c->r[R_AX]);
	EQ(FL_IOPL, r.c->r[R_BP] & (FL_IOPL | FL_IF));
	EQ(0x800, t.sp);
	if (tier_now == TIER_TRANSLATE && !r.c->verify) /* which leaves between blocks */
		CHECK(r.c->stats.entries < 50);
	sys_rig_free(&r);
}
