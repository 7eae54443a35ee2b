/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x87, MMX and vector instructions: who may run them, #MF, environments, XSAVE areas. */
#include "hypervisor/x86/fpu.h"
#include "tests/x86/sys_rig.h"

#define AREA 0x20000

static struct sys_rig rig_64(void)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->cr0 = (r.c->cr0 | CR0_MP | CR0_NE) & ~(uint64_t)(CR0_EM | CR0_TS);
	r.c->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	r.c->xcr0 = 7;
	memset(&r.c->fpu, 0, sizeof(r.c->fpu));
	fpu_init(r.c);
	fx_set(r.c, FX_MXCSR, 4, MXCSR_INIT);
	r.c->r[R_BX] = AREA;
	r.c->r[R_AX] = 7;
	r.c->r[R_DX] = 0;
	return r;
}

/* Runs one instruction: the vector it raises, -1 for none. */
static int run_bytes(struct sys_rig *r, const uint8_t *code, unsigned len)
{
	struct insn in;

	MUST(insn_decode(&in, code, len, r->c->mode) == DECODE_OK);
	MUST(in.len == len && in.op->run);
	r->c->next_rip = r->c->rip + in.len;
	return RAISED(r, in.op->run(r->c, &in));
}
#define RUN(r, ...) \
	run_bytes(r, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#define FLD1    0xd9, 0xe8
#define FWAIT   0x9b
#define PADDB   0x0f, 0xfc, 0xc1       /* mm0, mm1 */
#define PADDB_X 0x66, 0x0f, 0xfc, 0xc1 /* xmm0, xmm1 */
#define VPADDB  0xc5, 0xf9, 0xfc, 0xc1 /* xmm0, xmm0, xmm1 */

TEST(task_switched_and_emulation)
{
	struct sys_rig r = rig_64();

	r.c->cr0 |= CR0_TS;
	EQ(EXC_NM, RUN(&r, FLD1));
	EQ(EXC_NM, RUN(&r, FWAIT));
	EQ(EXC_NM, RUN(&r, PADDB));
	EQ(EXC_NM, RUN(&r, PADDB_X));
	EQ(EXC_NM, RUN(&r, VPADDB));
	r.c->cr0 &= ~(uint64_t)CR0_MP;
	EQ(-1, RUN(&r, FWAIT));
	r.c->cr0 = (r.c->cr0 & ~(uint64_t)CR0_TS) | CR0_EM;
	EQ(EXC_NM, RUN(&r, FLD1));
	EQ(EXC_UD, RUN(&r, PADDB));
	EQ(EXC_UD, RUN(&r, PADDB_X));
	sys_rig_free(&r);
}

TEST(enabled_by_cr4_and_xcr0)
{
	struct sys_rig r = rig_64();

	EQ(-1, RUN(&r, PADDB_X));
	EQ(-1, RUN(&r, VPADDB));
	r.c->xcr0 = 3;
	EQ(EXC_UD, RUN(&r, VPADDB));
	r.c->cr4 &= ~(uint64_t)CR4_OSFXSR;
	EQ(EXC_UD, RUN(&r, PADDB_X));
	EQ(-1, RUN(&r, PADDB));
	sys_rig_free(&r);
}

/* An unmasked division by zero is reported by the next waiting instruction. */
TEST(exceptions_are_deferred)
{
	struct sys_rig r = rig_64();

	fx_set(r.c, FX_FCW, 2, 0x37b); /* ZM = 0 */
	EQ(-1, RUN(&r, 0xd9, 0xee));   /* fldz */
	EQ(-1, RUN(&r, FLD1));
	EQ(-1, RUN(&r, 0xd8, 0xf1)); /* fdiv st, st(1) */
	EQ(FSW_ES | FSW_B | 4, fx_get(r.c, FX_FSW, 2) & (FSW_ES | FSW_B | 0x3f));
	EQ(0x0f1, fx_get(r.c, FX_FOP, 2));
	EQ(-1, RUN(&r, 0xdf, 0xe0)); /* fnstsw ax */
	EQ(EXC_MF, RUN(&r, FWAIT));
	EQ(EXC_MF, RUN(&r, FLD1));
	EQ(EXC_MF, RUN(&r, PADDB));
	r.c->cr0 &= ~(uint64_t)CR0_NE;
	r.c->ignne = true;
	EQ(-1, RUN(&r, FWAIT));
	EQ(-1, RUN(&r, FLD1));
	EQ(FSW_ES | FSW_B | 4, fx_get(r.c, FX_FSW, 2) & (FSW_ES | FSW_B | 0x3f));
	EQ(-1, RUN(&r, 0xdb, 0xe2)); /* fnclex */
	EQ(0, fx_get(r.c, FX_FSW, 2) & (FSW_ES | FSW_B | 0x3f));
	r.c->cr0 |= CR0_NE;
	EQ(-1, RUN(&r, FLD1));
	sys_rig_free(&r);
}

TEST(environment_of_32_bits)
{
	struct sys_rig r = rig_64();

	EQ(-1, RUN(&r, FLD1));
	EQ(-1, RUN(&r, 0xd9, 0xee)); /* fldz */
	r.c->rip = 0x1234;
	EQ(-1, RUN(&r, 0xd9, 0xe1)); /* fabs */
	EQ(-1, RUN(&r, 0xd9, 0x33)); /* fnstenv [rbx] */
	EQ(0x37f, ram_get(&r, AREA, 2));
	EQ(0x3000, ram_get(&r, AREA + 4, 2));
	EQ(0x1fff, ram_get(&r, AREA + 8, 2)); /* R7 valid, R6 zero */
	EQ(0x1234, ram_get(&r, AREA + 12, 4));
	EQ(-1, RUN(&r, 0xdb, 0xe3)); /* fninit */
	EQ(-1, RUN(&r, 0xd9, 0x23)); /* fldenv [rbx] */
	EQ(0x3000, fx_get(r.c, FX_FSW, 2));
	EQ(0xc0, fx_get(r.c, FX_FTW, 1));
	EQ(0x3f, fx_st(r.c, 1)[9]); /* the one is where it was */
	sys_rig_free(&r);
}

TEST(mmx_takes_the_stack)
{
	struct sys_rig r = rig_64();

	EQ(-1, RUN(&r, FLD1)); /* R7 */
	EQ(-1, RUN(&r, PADDB));
	EQ(0, fx_get(r.c, FX_FSW, 2));
	EQ(0xff, fx_get(r.c, FX_FTW, 1));
	EQ(0x80, fx_st(r.c, 7)[7]); /* MM7 has the mantissa */
	EQ(0xff, fx_st(r.c, 0)[9]);
	EQ(-1, RUN(&r, 0x0f, 0x77)); /* emms */
	EQ(0, fx_get(r.c, FX_FTW, 1));
	sys_rig_free(&r);
}

#define XSAVE    0x0f, 0xae, 0x23
#define XSAVEOPT 0x0f, 0xae, 0x33
#define XSAVEC   0x0f, 0xc7, 0x23
#define XRSTOR   0x0f, 0xae, 0x2b

TEST(xsave_and_back)
{
	struct sys_rig r = rig_64();
	struct fpu_state was;

	EQ(-1, RUN(&r, FLD1));
	memset(fx_xmm(r.c, 3), 0x5a, 16);
	memset(r.c->fpu.ymm_high[9], 0xa5, 16);
	was = r.c->fpu;
	EQ(-1, RUN(&r, XSAVE));
	EQ(7, ram_get(&r, AREA + 512, 8));
	EQ(0xa5, ram_get(&r, AREA + 576 + 9 * 16, 1));
	memset(&r.c->fpu, 0x11, sizeof(r.c->fpu));
	EQ(-1, RUN(&r, XRSTOR));
	EQM(was.fx, r.c->fpu.fx, 24);
	EQM(was.fx + FX_ST, r.c->fpu.fx + FX_ST, 416 - FX_ST);
	EQM(was.ymm_high, r.c->fpu.ymm_high, sizeof(was.ymm_high));
	sys_rig_free(&r);
}

TEST(xsave_leaves_out_initial_state)
{
	struct sys_rig r = rig_64();

	memset(fx_xmm(r.c, 3), 0x5a, 16);
	ram_put(&r, AREA + 512, 8, 5);
	ram_put(&r, AREA + 576, 8, 0x77);
	EQ(-1, RUN(&r, XSAVEOPT));
	EQ(2, ram_get(&r, AREA + 512, 8));
	EQ(0x77, ram_get(&r, AREA + 576, 8)); /* not written */
	EQ(-1, RUN(&r, XSAVEC));
	EQ(2, ram_get(&r, AREA + 512, 8));
	EQ(1ull << 63 | 7, ram_get(&r, AREA + 520, 8));
	EQ(-1, RUN(&r, XRSTOR));
	memset(r.c->fpu.ymm_high[9], 0xa5, 16);
	EQ(-1, RUN(&r, XRSTOR));
	EQ(0, r.c->fpu.ymm_high[9][0]);
	sys_rig_free(&r);
}

static const struct {
	const char *name;
	uint64_t bv, comp, third;
	uint32_t mxcsr;
	int vector;
} headers[] = {
	{"standard", 7, 0, 0, MXCSR_INIT, -1},
	{"component that is off", 15, 0, 0, MXCSR_INIT, EXC_GP},
	{"third word", 7, 0, 1, MXCSR_INIT, EXC_GP},
	{"compact", 3, 1ull << 63 | 7, 0, MXCSR_INIT, -1},
	{"compact lacks a component", 7, 1ull << 63 | 3, 0, MXCSR_INIT, EXC_GP},
	{"not compact, yet a layout", 7, 7, 0, MXCSR_INIT, EXC_GP},
	{"MXCSR's reserved bits", 0, 0, 0, 0x10000, EXC_GP},
	{"the same, not loaded", 0, 1ull << 63 | 7, 0, 0x10000, -1},
};

TEST_EACH(xrstor_checks, sizeof(headers) / sizeof(headers[0]), headers[i].name)
{
	struct sys_rig r = rig_64();

	ram_put(&r, AREA + FX_FCW, 2, FCW_INIT);
	ram_put(&r, AREA + FX_MXCSR, 4, headers[i].mxcsr);
	ram_put(&r, AREA + 512, 8, headers[i].bv);
	ram_put(&r, AREA + 520, 8, headers[i].comp);
	ram_put(&r, AREA + 528, 8, headers[i].third);
	EQ(headers[i].vector, RUN(&r, XRSTOR));
	sys_rig_free(&r);
}

TEST(areas_are_aligned)
{
	struct sys_rig r = rig_64();

	r.c->r[R_BX] = AREA + 32;
	EQ(EXC_GP, RUN(&r, XSAVE));
	EQ(EXC_GP, RUN(&r, XRSTOR));
	EQ(-1, RUN(&r, 0x0f, 0xae, 0x03)); /* fxsave [rbx] */
	r.c->r[R_BX] = AREA + 8;
	EQ(EXC_GP, RUN(&r, 0x0f, 0xae, 0x03));
	sys_rig_free(&r);
}
