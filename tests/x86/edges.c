/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the native oracle found, each by hand: how far an instruction that faults
 * has come, and in which order it asks for its operands.
 */
#include "tests/x86/sys_rig.h"

#include "hypervisor/x86/desc.h"
#include "hypervisor/x86/vendor.h"

#define FREE  SEL_FREE
#define STACK 0x20000  /* base of the test's segments */
#define END   0x200000 /* of what go_long maps */

static void run(struct sys_rig *r, const char *bytes, unsigned n)
{
	struct insn in;

	MUST(insn_decode(&in, (const uint8_t *)bytes, n, r->c->mode) == DECODE_OK);
	r->c->next_rip = r->c->rip + n;
	in.op->run(r->c, &in);
}
#define RUN(r, bytes) run(r, bytes, sizeof(bytes) - 1)

/* Offsets from 0x1000 up, in a stack that expands down. */
static void stack_down(struct sys_rig *r)
{
	gdt_put(r, FREE, STACK, 0xfff, 0x96, 0x4);
	RUNS(r, seg_load(r->c, SEG_SS, FREE));
}

TEST(pusha_leaves_what_it_wrote)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	stack_down(&r);
	for (unsigned i = 0; i < 8; i++)
		r.c->r[i] = 0x1111u * (i + 1);
	r.c->r[R_SP] = 0x1008;
	RAISES(&r, EXC_SS, 0, RUN(&r, "\x60"));
	EQ(0x1008, r.c->r[R_SP]);
	EQ(0x1111, ram_get(&r, STACK + 0x1004, 4));
	EQ(0x2222, ram_get(&r, STACK + 0x1000, 4));
	sys_rig_free(&r);
}

TEST(popa_leaves_what_it_loaded)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	gdt_put(&r, FREE, STACK, 0xfff, 0x92, 0x4);
	RUNS(&r, seg_load(r.c, SEG_SS, FREE));
	ram_put(&r, STACK + 0xff8, 4, 0xd1);
	ram_put(&r, STACK + 0xffc, 4, 0x51);
	r.c->r[R_SP] = 0xff8;
	r.c->r[R_BP] = 7;
	RAISES(&r, EXC_SS, 0, RUN(&r, "\x61"));
	EQ(0xff8, r.c->r[R_SP]);
	EQ(0xd1, r.c->r[R_DI]);
	EQ(0x51, r.c->r[R_SI]);
	EQ(7, r.c->r[R_BP]);
	sys_rig_free(&r);
}

/* Of a near call neither vendor's processor pushes anything when the target is beyond the limit;
 * of a far one AMD's have. */
TEST(calls_beyond_the_limit)
{
	for (volatile unsigned amd = 0; amd < 2; amd++) {
		struct sys_rig r = sys_rig("max");

		vendor_set(amd);
		go_prot(&r, 0);
		gdt_put(&r, FREE, 0, 0xfff, 0x9a, 0x4);
		r.c->r[R_SP] = 0x8000;
		r.c->rip = 0x1234;
		RAISES(&r, EXC_GP, 0, RUN(&r, "\x9a\x00\x10\x00\x00\x70\x00"));
		EQ(0x8000, r.c->r[R_SP]);
		EQ(amd ? 0x123b : 0, ram_get(&r, 0x7ff8, 4));
		r.c->seg[SEG_CS].limit = 0x1fff;
		RAISES(&r, EXC_GP, 0, RUN(&r, "\xe8\x00\x10\x00\x00"));
		EQ(amd ? CODE0 : 0, ram_get(&r, 0x7ffc, 4));
		sys_rig_free(&r);
	}
}

TEST(returns_read_their_frame_from_the_far_end)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->r[R_SP] = END - 8;
	RAISES(&r, EXC_PF, 0, RUN(&r, "\x48\xcf")); /* iretq */
	EQ(END + 8, r.c->exc.cr2);
	r.c->r[R_SP] = END;
	RAISES(&r, EXC_PF, 0, RUN(&r, "\x48\xcb")); /* retfq */
	EQ(END + 8, r.c->exc.cr2);
	sys_rig_free(&r);
}

TEST(environments_ask_for_their_ends)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->r[R_AX] = END - 4;
	RAISES(&r, EXC_PF, 0, RUN(&r, "\xd9\x20")); /* fldenv [rax] */
	EQ(END + 23, r.c->exc.cr2);
	RAISES(&r, EXC_PF, 2, RUN(&r, "\xdd\x30")); /* fnsave [rax] */
	EQ(END + 103, r.c->exc.cr2);
	r.c->r[R_AX] = END - 16;
	RAISES(&r, EXC_PF, 0, RUN(&r, "\x0f\xae\x08")); /* fxrstor [rax] */
	EQ(END + 495, r.c->exc.cr2);
	sys_rig_free(&r);
}

TEST(clflush_of_an_execute_only_segment)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	r.c->seg[SEG_CS].attr &= (uint16_t)~TYPE_WRITE; /* of code: readable */
	RUNS(&r, RUN(&r, "\x2e\x0f\xae\x3d\x00\x80\x00\x00"));
	RAISES(&r, EXC_GP, 0, RUN(&r, "\x2e\xa0\x00\x80\x00\x00")); /* mov al, cs:[8000] */
	r.c->seg[SEG_CS].limit = 0x7fff;
	RAISES(&r, EXC_GP, 0, RUN(&r, "\x2e\x0f\xae\x3d\x00\x80\x00\x00"));
	sys_rig_free(&r);
}

TEST(lar_shows_the_limits_top_bits)
{
	struct sys_rig r = sys_rig("max");
	uint32_t rights = 0;

	go_prot(&r, 0);
	gdt_put(&r, FREE, 0, 0xa1234, 0x92, 0x4);
	CHECK(seg_lar(r.c, FREE, &rights));
	EQ(0x4a9200, rights);
	sys_rig_free(&r);
}

TEST(a_null_selector_loses_its_rpl_on_the_way_out)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	RUNS(&r, seg_load(r.c, SEG_DS, 3));
	EQ(3, r.c->seg[SEG_DS].sel);
	r.c->cpl = 3;
	seg_drop_inner(r.c);
	EQ(0, r.c->seg[SEG_DS].sel);
	sys_rig_free(&r);
}

TEST(ports_are_asked_for_before_the_count)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 3);
	r.c->tr.limit = 103; /* no bitmap */
	r.c->r[R_CX] = 0;
	RAISES(&r, EXC_GP, 0, RUN(&r, "\xf3\x6c")); /* rep insb */
	RUNS(&r, RUN(&r, "\xf3\xaa"));              /* rep stosb */
	sys_rig_free(&r);
}

/* An illegal LOCK is found when the instruction is there to its end: the fetch may fault first. */
TEST(illegal_prefixes_wait_for_the_end)
{
	static const uint8_t adc[] = {0xf0, 0x83, 0xd4, 0x01}, ud1[] = {0x0f, 0xb9};
	struct insn in;

	EQ(DECODE_MORE, insn_decode(&in, adc, 3, MODE_32));
	EQ(DECODE_UD, insn_decode(&in, adc, 4, MODE_32));
	vendor_set(true); /* no ModRM */
	EQ(DECODE_UD, insn_decode(&in, ud1, 2, MODE_32));
	vendor_set(false);
	EQ(DECODE_MORE, insn_decode(&in, ud1, 2, MODE_32));
}
