/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard cases of the x87, SSE and AVX units (docs/engine.md, hard cases): exceptions that come
 * late, states that are switched lazily, memory that is touched in part.
 *
 * Spec: Intel SDM volume 1, chapters 8 (x87), 10-11 (SSE), 13 (XSAVE), appendix D (FERR#, IGNNE#);
 * volume 2, 2.3-2.4 (VEX), VPMASKMOV, VPGATHERDD, XRSTORS.
 */
#include "base/err.h"
#include "hypervisor/core.h"
#include "hypervisor/x86/engine.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/model.h"
#include "tests/x86/sys_rig.h"

#define DATA 0x20000

static struct sys_rig rig(unsigned cpl)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, cpl);
	payload_traps(&r);
	r.c->cr0 = (r.c->cr0 | CR0_MP | CR0_NE) & ~(uint64_t)(CR0_EM | CR0_TS);
	r.c->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	r.c->xcr0 = 7;
	r.c->fpu = (struct fpu_state){.fx = {0}};
	fpu_init(r.c);
	fx_set(r.c, FX_MXCSR, 4, MXCSR_INIT);
	return r;
}

#define NEEDS(r, feature)                         \
	do {                                      \
		if (!cpu_has((r)->c, feature)) {  \
			sys_rig_free(r);          \
			SKIP("not on this host"); \
		}                                 \
	} while (0)

/* ---- 30: pointers ---- */

PAYLOAD(pointers, 64,
	"push 0x37b; fldcw [rsp]; fld1; 1: fld dword ptr [0x20000]; fstp st(0);"
	"2: fld dword ptr [0x20004]; nop; fnstcw [rsp]; fnstsw ax; fnstenv [rsi];"
	"fxsave64 [rdi]; lea rbx, [rip + 2b]; fnclex; fldcw [rsp];"
	"3: fdiv dword ptr [0x20000]; fnstenv [rdx]; lea rcx, [rip + 3b]; hlt");

TIER_TEST(corner_30_instruction_and_data_pointers)
{
	struct sys_rig r = rig(0);

	ram_put(&r, DATA + 4, 4, 0x3f800000);
	r.c->r[R_SI] = DATA + 0x100;
	r.c->r[R_DI] = DATA + 0x200;
	r.c->r[R_DX] = DATA + 0x400;
	LOADED(&r, pointers);
	EQ(-1, payload_go(&r).vector);
	/* Control instructions move none; the data pointer waits for an unmasked exception. */
	EQ(r.c->r[R_BX], ram_get(&r, DATA + 0x10c, 4));
	EQ(0, ram_get(&r, DATA + 0x110, 4)); /* FCS, FOP */
	EQ(0, ram_get(&r, DATA + 0x114, 4));
	EQ(0, ram_get(&r, DATA + 0x118, 2)); /* FDS */
	EQ(r.c->r[R_BX], ram_get(&r, DATA + 0x200 + FX_FIP, 8));
	EQ(r.c->r[R_CX], ram_get(&r, DATA + 0x40c, 4));
	EQ(0x034, ram_get(&r, DATA + 0x412, 2)); /* D8 34 */
	EQ(DATA, ram_get(&r, DATA + 0x414, 4));
	sys_rig_free(&r);
}

PAYLOAD(leaf_7, 64, "mov eax, 7; xor ecx, ecx; cpuid; hlt");

TIER_TEST(corner_30_cpuid_tells_of_them)
{
	struct sys_rig r = rig(0);

	LOADED(&r, leaf_7);
	EQ(-1, payload_go(&r).vector);
	EQ(1 << 6 | 1 << 13, r.c->r[R_BX] & (1 << 6 | 1 << 13)); /* FDP_EXCPTN_ONLY, no FCS, FDS */
	sys_rig_free(&r);
}

/* ---- 31: exceptions that wait ---- */

PAYLOAD(late, 64,
	"push 0x37b; fldcw [rsp]; fldz; fld1; fdiv st, st(1); fnstsw ax; nop; fnstcw [rsp];"
	"1: fwait; hlt");

TIER_TEST(corner_31_mf_at_the_next_waiting_instruction)
{
	struct sys_rig r = rig(0);
	struct trap t;

	LOADED(&r, late);
	t = payload_go(&r);
	EQ(EXC_MF, t.vector);
	EQ((uint64_t)(late_end - late_start) - 2, t.rip - AT_CODE);
	EQ(0x8084, r.c->r[R_AX] & 0x80bf);
	sys_rig_free(&r);
}

/* As MS-DOS had it: NE = 0. The program's instruction stops on FERR#; the handler of IRQ 13 uses
 * the unit under IGNNE#, and clears what it was about. */
PAYLOAD(dos, 16,
	"fninit; push 0x37b; mov bp, sp; fldcw [bp]; fldz; fld1; fdiv st, st(1);"
	"fnstsw ax; sti; 1: fld1; hlt");
PAYLOAD(dos_handler, 16,
	"push ax; out 0xf0, al; mov al, 0x20; out 0xa0, al; out 0x20, al;"
	"fld1; fstp st(0); fnstsw ax; mov bx, ax; fnclex; fnstsw ax; mov cx, ax;"
	"inc dx; pop ax; iret");
PAYLOAD(dos_pic, 16,
	"mov al, 0x11; out 0x20, al; out 0xa0, al;"
	"mov al, 0x08; out 0x21, al; mov al, 0x70; out 0xa1, al;"
	"mov al, 4; out 0x21, al; mov al, 2; out 0xa1, al;"
	"mov al, 1; out 0x21, al; out 0xa1, al;"
	"mov al, 0xfb; out 0x21, al; mov al, 0xdf; out 0xa1, al;"
	"mov sp, 0x500; xor dx, dx");

struct dos_box {
	struct domain *dom;
	struct engine *en;
	struct cpu *c;
	uint8_t *ram;
};

static struct dos_box dos_box(void)
{
	struct domain_config config = {.ram = 8 << 20};
	struct err e = {""};
	size_t len = 1 << 16, pic = (size_t)(dos_pic_end - dos_pic_start);
	struct dos_box b = {.dom = domain_new(&config, &e)};

	MUST(b.dom);
	b.en = engine_find("soft")->open(b.dom, &ENGINE_CONFIG("max"), &e);
	NOTE("%s", e.msg);
	MUST(b.en);
	b.c = b.en->ops->cpu(b.en, 0);
	tier_put(b.c);
	domain_lock(b.dom);
	b.ram = domain_ram(b.dom, 0, &len, true);
	domain_unlock(b.dom);
	memcpy(b.ram + 0x600, dos_pic_start, pic);
	memcpy(b.ram + 0x600 + pic, dos_start, (size_t)(dos_end - dos_start));
	memcpy(b.ram + 0x700, dos_handler_start, (size_t)(dos_handler_end - dos_handler_start));
	memcpy(b.ram + 4 * 0x75, "\0\x07\0\0", 4);
	b.c->seg[SEG_CS].base = b.c->seg[SEG_CS].sel = 0;
	b.c->rip = 0x600;
	return b;
}

static bool pin_13(struct dos_box *b)
{
	bool level;

	domain_lock(b->dom);
	level = domain_pin(b->dom, 13);
	domain_unlock(b->dom);
	return level;
}

TIER_TEST(corner_31_irq_13_with_ne_clear)
{
	struct dos_box b = dos_box();

	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 1000));
	EQ(1, b.c->r[R_DX] & 0xffff);
	EQ(0x8084, b.c->r[R_AX] & 0x80bf);
	EQ(0x8084, b.c->r[R_BX] & 0x80bf); /* there while the handler computed … */
	EQ(0, b.c->r[R_CX] & 0x80bf);      /* … and gone */
	EQ(0xf4, b.ram[b.c->rip - 1]);
	CHECK(!pin_13(&b));
	CHECK(!b.c->ignne || !(fx_get(b.c, FX_FSW, 2) & FSW_ES));
	b.en->ops->close(b.en);
	domain_free(b.dom);
}

/* Often, as IGNNE# must fall each time: an exception that it hides would be lost. */
PAYLOAD(dos_often, 16,
	"fninit; push 0x37b; mov bp, sp; fldcw [bp]; sti; mov si, 200;"
	"1: fldz; fld1; fdiv st, st(1); fstp st(0); fstp st(0); dec si; jnz 1b; cli; hlt");

TIER_TEST(corner_31_irq_13_each_time)
{
	struct dos_box b = dos_box();

	memcpy(b.ram + 0x600 + (dos_pic_end - dos_pic_start), dos_often_start,
	       (size_t)(dos_often_end - dos_often_start));
	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 100000));
	EQ(0, b.c->r[R_SI] & 0xffff);
	EQ(200, b.c->r[R_DX] & 0xffff);
	EQ(0xf4, b.ram[b.c->rip - 1]);
	b.en->ops->close(b.en);
	domain_free(b.dom);
}

/* With interrupts off it stands there, on its own instruction, and the line is up. */
TIER_TEST(corner_31_ferr_stops_until_an_interrupt)
{
	struct dos_box b = dos_box();

	for (unsigned at = 0x600; at < 0x700; at++)
		if (b.ram[at] == 0xfb) /* sti */
			b.ram[at] = 0x90;
	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 1000));
	EQ(0, b.c->r[R_DX] & 0xffff);
	EQ(0xd9, b.ram[b.c->rip]); /* before FLD1 */
	CHECK(pin_13(&b));
	CHECK(!b.en->ops->runnable(b.en, 0));
	b.en->ops->reset(b.en, NULL);
	CHECK(!pin_13(&b));
	b.en->ops->close(b.en);
	domain_free(b.dom);
}

PAYLOAD(ignored, 64,
	"fldcw [rsi]; fldz; fld1; fdiv st, st(1); fld1; fstp qword ptr [rdi];"
	"fnstsw ax; mov rbx, rax;"
	"fldcw [rdx]; fnstsw ax; mov r8, rax; fldcw [rsi]; fnstsw ax; hlt");

/* Under IGNNE# the unit goes on; the exception stays until it is cleared, and ES follows the
 * masks. */
TIER_TEST(corner_31_ignne)
{
	struct sys_rig r = rig(0);

	r.c->cr0 &= ~(uint64_t)CR0_NE;
	r.c->ignne = true;
	ram_put(&r, DATA, 2, 0x37b);
	ram_put(&r, DATA + 2, 2, 0x37f);
	r.c->r[R_SI] = DATA;
	r.c->r[R_DX] = DATA + 2;
	r.c->r[R_DI] = DATA + 0x10;
	LOADED(&r, ignored);
	/* FLDZ finds no exception, so that IGNNE# would fall: it is raised after the division. */
	EQ(STOP_COUNT, payload_run(&r, 4));
	r.c->ignne = true;
	EQ(-1, payload_go(&r).vector);
	EQ(0x3ff0000000000000, ram_get(&r, DATA + 0x10, 8));
	EQ(0x8084, r.c->r[R_BX] & 0x80bf);
	EQ(0x0004, r.c->r[R_8] & 0x80bf); /* masked: no ES */
	EQ(0x8084, r.c->r[R_AX] & 0x80bf);
	sys_rig_free(&r);
}

PAYLOAD(without_ne, 64,
	"fldz; mov r14d, 400; 1: fld1; faddp st(1), st; fst qword ptr [rdi]; dec r14; jnz 1b; hlt");

/* As MS-DOS and Windows 95 leave it. */
TIER_TEST(x87_goes_by_itself_with_ne_clear)
{
	struct sys_rig r = rig(0);

	r.c->cr0 &= ~(uint64_t)CR0_NE;
	r.c->r[R_DI] = DATA;
	LOADED(&r, without_ne);
	EQ(-1, payload_go(&r).vector);
	EQ(0x4079000000000000, ram_get(&r, DATA, 8)); /* 400.0 */
	payload_by_itself(&r, 400);
	sys_rig_free(&r);
}

/* FXRSTOR brings an exception, which is met later; its tags are a bit for each register. */
PAYLOAD(restored, 64, "fxrstor [rsi]; fnstenv [rdi]; fxrstor [rsi]; nop; fld1; hlt");

TIER_TEST(corner_31_state_of_fxrstor)
{
	struct sys_rig r = rig(0);
	struct trap t;

	ram_put(&r, DATA + FX_FCW, 2, 0x37b);
	ram_put(&r, DATA + FX_FSW, 2, 0x3004); /* TOP 6, #Z */
	ram_put(&r, DATA + FX_FTW, 1, 0x40);
	ram_put(&r, DATA + FX_MXCSR, 4, MXCSR_INIT);
	r.c->r[R_SI] = DATA;
	r.c->r[R_DI] = DATA + 0x400;
	LOADED(&r, restored);
	t = payload_go(&r);
	EQ(EXC_MF, t.vector);
	EQ((uint64_t)(restored_end - restored_start) - 3, t.rip - AT_CODE);
	EQ(0xb084, ram_get(&r, DATA + 0x404, 2)); /* ES and B of their own accord */
	EQ(0xdfff, ram_get(&r, DATA + 0x408, 2)); /* R6: 01, zero */
	sys_rig_free(&r);
}

/* ---- 32: lazy switching ---- */

PAYLOAD(lazy, 64,
	"mov rax, cr0; or al, 8; mov cr0, rax; fld1; mov cr0, rax; addps xmm0, xmm0;"
	"mov cr0, rax; paddb mm0, mm0; mov cr0, rax; fwait; hlt");
PAYLOAD(lazy_handler, 64, "inc ebx; clts; iretq");

TIER_TEST(corner_32_nm_and_clts)
{
	struct sys_rig r = rig(0);

	memcpy(r.ram + 0x9800, lazy_handler_start, (size_t)(lazy_handler_end - lazy_handler_start));
	gate_put(&r, AT_IDT + 16 * EXC_NM, 14, 0, LONG0, 0x9800, 0);
	r.c->r[R_BX] = 0;
	LOADED(&r, lazy);
	EQ(-1, payload_go(&r).vector);
	EQ(4, r.c->r[R_BX]);
	sys_rig_free(&r);
}

/* ---- 33: MXCSR, alignment, masks ---- */

PAYLOAD(ldmxcsr, 64, "ldmxcsr [rsi]; hlt");
PAYLOAD(movaps, 64, "movaps xmm0, [rsi + 8]; hlt");
PAYLOAD(addps, 64, "addps xmm0, [rsi + 4]; hlt");
PAYLOAD(movups, 64, "movups xmm0, [rsi + 4]; hlt");
PAYLOAD(vaddps, 64, "vaddps xmm0, xmm0, [rsi + 4]; hlt");
PAYLOAD(vmovaps, 64, "vmovaps ymm0, [rsi + 16]; hlt");
PAYLOAD(sqrtps, 64, "sqrtps xmm0, [rsi + 16]; hlt");

#define CASE(text, name, vector)                       \
	{                                              \
		text, name##_start, name##_end, vector \
	}
static const struct {
	const char *name;
	const uint8_t *start, *end;
	int vector;
} sse[] = {
	CASE("ldmxcsr, reserved bits", ldmxcsr, EXC_GP),
	CASE("movaps", movaps, EXC_GP),
	CASE("addps", addps, EXC_GP),
	CASE("movups asks for none", movups, -1),
	CASE("VEX asks for none", vaddps, -1),
	CASE("but vmovaps, of 32", vmovaps, EXC_GP),
	CASE("unmasked: #XM", sqrtps, EXC_XM),
};

TIER_TEST_EACH(corner_33_sse_faults, ARRAY_SIZE(sse), sse[i].name)
{
	struct sys_rig r = rig(0);
	struct trap t;

	NEEDS(&r, CPU_AVX);
	fx_set(r.c, FX_MXCSR, 4, 0x1f00); /* #I unmasked */
	ram_put(&r, DATA, 4, 0x10000);
	ram_put(&r, DATA + 16, 4, 0xbf800000);
	r.c->r[R_SI] = DATA;
	payload_load(&r, AT_CODE, sse[i].start, sse[i].end);
	t = payload_go(&r);
	EQ(sse[i].vector, t.vector);
	EQ(0, t.error);
	if (t.vector >= 0)
		EQ(AT_CODE, t.rip);
	sys_rig_free(&r);
}

PAYLOAD(denormals, 64,
	"ldmxcsr [rsi]; mulss xmm0, xmm1; ldmxcsr [rsi + 4]; addss xmm2, xmm2;"
	"ldmxcsr [rsi + 8]; addss xmm3, xmm3; stmxcsr [rsi + 12]; hlt");

TIER_TEST(corner_33_ftz_and_daz)
{
	struct sys_rig r = rig(0);

	ram_put(&r, DATA, 4, 0x9f80);     /* FTZ */
	ram_put(&r, DATA + 4, 4, 0x1fc0); /* DAZ */
	ram_put(&r, DATA + 8, 4, 0x1f80);
	r.c->r[R_SI] = DATA;
	store_le(fx_xmm(r.c, 0), 4, 0x00800000); /* 2^-126 */
	store_le(fx_xmm(r.c, 1), 4, 0x3f000000); /* a half */
	store_le(fx_xmm(r.c, 2), 4, 0x00400000);
	store_le(fx_xmm(r.c, 3), 4, 0x00200000);
	LOADED(&r, denormals);
	EQ(-1, payload_go(&r).vector);
	EQ(0, load_le(fx_xmm(r.c, 0), 4));
	EQ(0, load_le(fx_xmm(r.c, 2), 4));
	EQ(0x00400000, load_le(fx_xmm(r.c, 3), 4));
	EQ(0x1f82, ram_get(&r, DATA + 12, 4)); /* DE */
	sys_rig_free(&r);
}

PAYLOAD(masked_load, 64, "vpmaskmovd xmm0, xmm1, [0x20ff8]; vpmaskmovd [0x20ff8], xmm1, xmm2; hlt");

/* Elements that are not selected touch nothing: the second page is not there. */
TIER_TEST(corner_33_masked_moves_suppress_faults)
{
	struct sys_rig r = rig(0);
	struct trap t;

	NEEDS(&r, CPU_AVX2);
	page_put(&r, DATA + 0x1000, 0, 0);
	ram_put(&r, DATA + 0xff8, 8, 0x2222222211111111);
	memset(fx_xmm(r.c, 1), 0x80, 4); /* the first alone */
	memset(fx_xmm(r.c, 2), 0x33, 16);
	memset(fx_xmm(r.c, 0), 0x44, 16);
	LOADED(&r, masked_load);
	EQ(-1, payload_go(&r).vector);
	EQM("\x11\x11\x11\x11\0\0\0\0\0\0\0\0\0\0\0\0", fx_xmm(r.c, 0), 16);
	EQM("\x33\x33\x33\x33\x22\x22\x22\x22", r.ram + DATA + 0xff8, 8);
	/* Both sides of the end: nothing is stored before the fault. */
	memset(fx_xmm(r.c, 1), 0x80, 16);
	memset(r.ram + DATA + 0xff8, 0x55, 8);
	LOADED(&r, masked_load);
	t = payload_go(&r);
	EQ(EXC_PF, t.vector);
	EQ(AT_CODE, t.rip);
	EQ(DATA + 0x1000, r.c->cr2);
	sys_rig_free(&r);
}

PAYLOAD(gather, 64, "vpgatherdd xmm0, [rsi + xmm1 * 4], xmm2; hlt");
PAYLOAD(gather_handler, 64,
	"vmovd eax, xmm2; vpextrd ebx, xmm2, 2; vmovd ecx, xmm0; mov [rdi], r8; add rsp, 8; iretq");

/* A fault in the third: the first two are done, the mask says so, and it goes on from there. */
TIER_TEST(corner_33_gather_starts_again_where_it_stopped)
{
	struct sys_rig r = rig(0);
	static const uint32_t index[] = {0, 1, 1024, 2}, want[] = {10, 11, 30, 12};

	NEEDS(&r, CPU_AVX2);
	r.c->r[R_SI] = DATA;
	r.c->r[R_DI] = page_put(&r, DATA + 0x1000, 0, 0);
	r.c->r[R_8] = (DATA + 0x1000) | 7;
	for (unsigned i = 0; i < 3; i++)
		ram_put(&r, DATA + 4 * i, 4, 10 + i);
	ram_put(&r, DATA + 0x1000, 4, 30);
	memcpy(fx_xmm(r.c, 1), index, 16);
	memset(fx_xmm(r.c, 2), 0xff, 16);
	memcpy(r.ram + 0x9800, gather_handler_start,
	       (size_t)(gather_handler_end - gather_handler_start));
	gate_put(&r, AT_IDT + 16 * EXC_PF, 14, 0, LONG0, 0x9800, 0);
	LOADED(&r, gather);
	EQ(-1, payload_go(&r).vector);
	EQ(0, r.c->r[R_AX]);
	EQ(0xffffffff, r.c->r[R_BX]);
	EQ(10, r.c->r[R_CX]);
	EQM(want, fx_xmm(r.c, 0), 16);
	EQM("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", fx_xmm(r.c, 2), 16);
	sys_rig_free(&r);
}

/* #AC: 2, 4, 8 bytes, and what is wider (docs/engine.md). Never of masked moves and gathers. */
static const struct {
	const char *name;
	uint8_t code[8];
	uint8_t off;
	bool ac;
} alignment[] = {
	{"mov of 2", {0x66, 0x8b, 0x06}, 1, true},
	{"mov of 8", {0x48, 0x8b, 0x06}, 4, true},
	{"mov of 8, aligned", {0x48, 0x8b, 0x06}, 8, false},
	{"mov of 1", {0x8a, 0x06}, 1, false},
	{"fld qword", {0xdd, 0x06}, 4, true},
	{"fld tbyte: 8", {0xdb, 0x2e}, 4, true},
	{"fld tbyte, aligned by 8", {0xdb, 0x2e}, 8, false},
	{"fnstcw", {0xd9, 0x3e}, 1, true},
	{"fnstenv: 4", {0xd9, 0x36}, 2, true},
	{"fnstenv, aligned by 4", {0xd9, 0x36}, 4, false},
	{"movups: 16", {0x0f, 0x10, 0x06}, 8, true},
	{"movups, aligned", {0x0f, 0x10, 0x06}, 16, false},
	{"movups to it", {0x0f, 0x11, 0x06}, 4, true},
	{"movlps: 8", {0x0f, 0x12, 0x06}, 4, true},
	{"movss: 4", {0xf3, 0x0f, 0x10, 0x06}, 2, true},
	{"movss, aligned", {0xf3, 0x0f, 0x10, 0x06}, 4, false},
	{"movaps is #GP, not #AC", {0x0f, 0x28, 0x06}, 8, false},
	{"push", {0x48, 0x8d, 0x66, 0x01, 0x50}, 8, true},
	{"vpmaskmovd", {0xc4, 0xe2, 0x79, 0x8c, 0x06}, 1, false},
	{"vpgatherdd", {0xc4, 0xe2, 0x69, 0x90, 0x04, 0x0e}, 1, false},
	{"cmpxchg8b", {0x0f, 0xc7, 0x0e}, 4, true},
};

TIER_TEST_EACH(corner_33_alignment_check, ARRAY_SIZE(alignment), alignment[i].name)
{
	struct sys_rig r = rig(3);
	int vector;

	NEEDS(&r, CPU_AVX2);
	r.c->cr0 |= CR0_AM;
	r.c->flags |= FL_AC;
	memset(r.ram + AT_CODE, 0xcc, 16);
	memcpy(r.ram + AT_CODE, alignment[i].code, sizeof(alignment[i].code));
	for (unsigned at = sizeof(alignment[i].code); !alignment[i].code[at - 1]; at--)
		r.ram[AT_CODE + at - 1] = 0xcc;
	memset(fx_xmm(r.c, 0), 0xff, 16);
	r.c->r[R_SI] = DATA + 0x100 + alignment[i].off;
	vector = payload_go(&r).vector;
	if (alignment[i].code[1] == 0x28)
		EQ(EXC_GP, vector);
	else
		EQ(alignment[i].ac ? EXC_AC : EXC_BP, vector);
	sys_rig_free(&r);
}

/* ---- 34: NaNs ---- */

PAYLOAD(nans, 64,
	"addss xmm0, xmm1; mulss xmm2, xmm1; subss xmm3, xmm3; fld dword ptr [rsi];"
	"fadd dword ptr [rsi + 4]; fstp dword ptr [rsi + 8]; hlt");

TIER_TEST(corner_34_nan_payloads)
{
	struct sys_rig r = rig(0);

	store_le(fx_xmm(r.c, 0), 4, 0x7fa12345); /* signalling: is quieted, payload kept */
	store_le(fx_xmm(r.c, 1), 4, 0xffc54321);
	store_le(fx_xmm(r.c, 2), 4, 0x3f800000);
	store_le(fx_xmm(r.c, 3), 4, 0x7f800000); /* infinity - infinity: the default NaN */
	ram_put(&r, DATA, 8, 0x7fc54321ffa12345);
	r.c->r[R_SI] = DATA;
	LOADED(&r, nans);
	EQ(-1, payload_go(&r).vector);
	EQ(0x7fe12345, load_le(fx_xmm(r.c, 0), 4)); /* the first operand's */
	EQ(0xffc54321, load_le(fx_xmm(r.c, 2), 4));
	EQ(0xffc00000, load_le(fx_xmm(r.c, 3), 4));
	EQ(0xffe12345, ram_get(&r, DATA + 8, 4)); /* x87: the larger significand */
	EQ(1, fx_get(r.c, FX_MXCSR, 4) & 0x3f);
	sys_rig_free(&r);
}

/* ---- 35: VEX ---- */

static const struct {
	const char *name;
	uint8_t code[8];
	uint8_t len;
	int vector;
} vex[] = {
	{"vmovups", {0xc5, 0xf8, 0x10, 0xc1}, 4, -1},
	{"vmovups with vvvv", {0xc5, 0xf0, 0x10, 0xc1}, 4, EXC_UD},
	{"vmovd of L = 1", {0xc5, 0xfd, 0x6e, 0xc0}, 4, EXC_UD},
	{"vmovss of L = 1 is one", {0xc5, 0xf6, 0x10, 0xc1}, 4, -1},
	{"66 before it", {0x66, 0xc5, 0xf8, 0x10, 0xc1}, 5, EXC_UD},
	{"F3 before it", {0xf3, 0xc5, 0xf8, 0x10, 0xc1}, 5, EXC_UD},
	{"F2 before it", {0xf2, 0xc5, 0xf8, 0x10, 0xc1}, 5, EXC_UD},
	{"LOCK before it", {0xf0, 0xc5, 0xf8, 0x11, 0x06}, 5, EXC_UD},
	{"REX before it", {0x40, 0xc5, 0xf8, 0x10, 0xc1}, 5, EXC_UD},
	{"67 and a segment before it", {0x67, 0x64, 0xc5, 0xf8, 0x10, 0xc1}, 6, -1},
	{"map 0", {0xc4, 0xe0, 0x78, 0x10, 0xc1}, 5, EXC_UD},
	{"map 31", {0xc4, 0xff, 0x78, 0x10, 0xc1}, 5, EXC_UD},
	{"andn of L = 1", {0xc4, 0xe2, 0x7c, 0xf2, 0xc0}, 5, EXC_UD},
	{"gather of equal registers", {0xc4, 0xe2, 0x79, 0x90, 0x04, 0x0e}, 6, EXC_UD},
};

TIER_TEST_EACH(corner_35_vex_encodings, ARRAY_SIZE(vex), vex[i].name)
{
	struct sys_rig r = rig(0);

	NEEDS(&r, CPU_AVX2);
	memset(r.ram + AT_CODE, 0xf4, 16);
	memcpy(r.ram + AT_CODE, vex[i].code, vex[i].len);
	r.c->r[R_SI] = DATA;
	EQ(vex[i].vector, payload_go(&r).vector);
	sys_rig_free(&r);
}

PAYLOAD(upper_halves, 64,
	"vpcmpeqd ymm0, ymm0, ymm0; vmovdqa ymm15, ymm0; pxor xmm0, xmm0;"
	"vextracti128 xmm1, ymm0, 1;"
	"vzeroupper; vextracti128 xmm2, ymm15, 1; vmovq rax, xmm1; vmovq rbx, xmm2;"
	"vmovq rcx, xmm15; hlt");

TIER_TEST(corner_35_vzeroupper)
{
	struct sys_rig r = rig(0);

	NEEDS(&r, CPU_AVX2);
	LOADED(&r, upper_halves);
	EQ(-1, payload_go(&r).vector);
	EQ(~0ull, r.c->r[R_AX]); /* legacy SSE leaves the upper half */
	EQ(0, r.c->r[R_BX]);
	EQ(~0ull, r.c->r[R_CX]);
	sys_rig_free(&r);
}

PAYLOAD(all_halves, 64,
	"pxor xmm0, xmm0; out 0x80, al; addps xmm1, xmm1;"
	".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15;"
	"vextracti128 [rsi + 16 * \\i], ymm\\i, 1; .endr; hlt");

/* That all of them are zero is a case of its own, when the host is given them. */
TIER_TEST_EACH(corner_35_upper_halves_over_ways_out, 3, i ? i == 1 ? "first" : "last" : "none")
{
	uint8_t halves[16][16] = {0};
	struct sys_rig r = rig(0);

	NEEDS(&r, CPU_AVX2);
	if (i)
		halves[i == 1 ? 0 : 15][i == 1 ? 0 : 15] = 0x80;
	memcpy(r.c->fpu.ymm_high, halves, sizeof(halves));
	memset(r.ram + DATA, 0xee, sizeof(halves));
	LOADED(&r, all_halves);
	r.c->r[R_SI] = DATA;
	EQ(-1, payload_go(&r).vector);
	EQM(halves, r.ram + DATA, sizeof(halves));
	sys_rig_free(&r);
}

/* ---- 36: XSAVE ---- */

PAYLOAD(xsaves, 64,
	"vpcmpeqd ymm3, ymm3, ymm3; fld1; mov eax, -1; mov edx, -1; xsaves [rsi];"
	"mov eax, 4; xor edx, edx; xsaves [rdi]; vzeroall; fninit;"
	"mov eax, 7; xrstors [rsi]; vextracti128 xmm0, ymm3, 1; vmovq rbx, xmm0; hlt");

TIER_TEST(corner_36_xsaves_and_xrstors)
{
	struct sys_rig r = rig(0);

	NEEDS(&r, CPU_AVX2);
	r.c->r[R_SI] = DATA;
	r.c->r[R_DI] = DATA + 0x400;
	memset(r.ram + DATA, 0xee, 0x800);
	memset(r.ram + DATA + 528, 0,
	       48); /* it neither writes the rest of the header nor takes it */
	LOADED(&r, xsaves);
	EQ(-1, payload_go(&r).vector);
	EQ(7, ram_get(&r, DATA + 512, 8));
	EQ(1ull << 63 | 7, ram_get(&r, DATA + 520, 8));
	EQM("\xee\xee\xee\xee", r.ram + DATA + 576 + 256, 4); /* nothing behind */
	EQ(4, ram_get(&r, DATA + 0x400 + 512, 8));
	EQ(1ull << 63 | 4, ram_get(&r, DATA + 0x400 + 520, 8));
	EQ(0xee, r.ram[DATA + 0x400 + FX_XMM]); /* not asked for, not written */
	EQ(~0ull, r.c->r[R_BX]);
	EQ(0x3fff, load_le(fx_st(r.c, 0) + 8, 2));
	sys_rig_free(&r);
}

PAYLOAD(xrstors, 64, "mov eax, 7; xor edx, edx; xsave [rsi]; xrstors [rsi]; hlt");
PAYLOAD(xrstor, 64, "mov eax, 7; xor edx, edx; xsave [rsi]; xrstor [rsi]; hlt");
PAYLOAD(xss, 64, "mov ecx, 0xda0; rdmsr; inc eax; wrmsr; hlt");
PAYLOAD(no_avx, 64, "xor ecx, ecx; mov eax, 3; xor edx, edx; xsetbv; vpxor ymm0, ymm0, ymm0; hlt");

TIER_TEST(corner_36_formats_and_rights)
{
	struct sys_rig r = rig(0);

	NEEDS(&r, CPU_AVX2);
	r.c->r[R_SI] = DATA;
	LOADED(&r, xrstors);
	EQ(EXC_GP, payload_go(&r).vector); /* the standard format is not for XRSTORS */
	LOADED(&r, xrstor);
	EQ(-1, payload_go(&r).vector);
	LOADED(&r, xss);
	EQ(EXC_GP, payload_go(&r).vector); /* no supervisor state */
	EQ(1, r.c->r[R_AX]);
	LOADED(&r, no_avx);
	EQ(EXC_UD, payload_go(&r).vector);
	sys_rig_free(&r);
	r = rig(3);
	r.c->r[R_SI] = DATA;
	LOADED(&r, xsaves);
	EQ(EXC_GP, payload_go(&r).vector);
	sys_rig_free(&r);
	r = sys_rig("max,-xsaves");
	go_long(&r, 0);
	payload_traps(&r);
	r.c->cr4 |= CR4_OSXSAVE;
	r.c->xcr0 = 7;
	r.c->r[R_SI] = DATA;
	LOADED(&r, xrstors);
	EQ(EXC_UD, payload_go(&r).vector);
	sys_rig_free(&r);
}
