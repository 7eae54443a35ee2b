/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vector instructions by hand: what the native oracle's cases leave open. */
#include "hypervisor/x86/fpu.h"
#include "tests/x86/machine.h"

#define CODE 0x6000
#define DATA 0x8000

static struct machine *start(void)
{
	struct machine *m = machine_new("max");

	machine_long(m, CODE);
	m->c->cr0 = (m->c->cr0 | CR0_NE) & ~(uint64_t)(CR0_EM | CR0_TS);
	m->c->cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	m->c->xcr0 = 7;
	fx_set(m->c, FX_MXCSR, 4, MXCSR_INIT);
	m->c->r[R_BX] = DATA;
	for (unsigned i = 0; i < 64; i++)
		m->ram[DATA + i] = (uint8_t)i;
	return m;
}

TIER_TEST(legacy_keeps_the_upper_half_and_vex_clears_it)
{
	struct machine *m = start();

	memset(m->c->fpu.ymm_high, 0x33, 32);
	LOAD(m, CODE, 0x66, 0x0f, 0x6f, 0x03, /* movdqa xmm0, [rbx] */
	     0xc5, 0xf9, 0x6f, 0x4b, 0x10,    /* vmovdqa xmm1, [rbx + 16] */
	     0xf4);
	EQ(STOP_HALT, machine_run(m));
	EQM(m->ram + DATA, fx_xmm(m->c, 0), 16);
	EQ(0x33, m->c->fpu.ymm_high[0][0]);
	EQM(m->ram + DATA + 16, fx_xmm(m->c, 1), 16);
	EQ(0, m->c->fpu.ymm_high[1][0]);
	machine_free(m);
}

TIER_TEST(string_compare_writes_ecx_and_flags)
{
	struct machine *m = start();

	memcpy(fx_xmm(m->c, 0), "abc", 4);
	memcpy(fx_xmm(m->c, 1), "xxabcxx", 8);
	m->c->r[R_CX] = ~0ull;
	LOAD(m, CODE, 0x66, 0x0f, 0x3a, 0x63, 0xc1, 0x0c, 0xf4); /* pcmpistri xmm0, xmm1, ordered */
	EQ(STOP_HALT, machine_run(m));
	EQ(2, m->c->r[R_CX]);
	EQ(FL_CF | FL_ZF | FL_SF, m->c->flags & (FL_CF | FL_ZF | FL_SF | FL_OF));
	machine_free(m);
}

TIER_TEST(aes_round_of_the_standard)
{
	/* FIPS-197, appendix B: state after AddRoundKey, first round key. */
	static const uint8_t in[] = {0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b,
				     0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08};
	static const uint8_t key[] = {0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1,
				      0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05};
	static const uint8_t out[] = {0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b,
				      0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49};
	struct machine *m = start();

	memcpy(fx_xmm(m->c, 9), in, 16);
	memcpy(fx_xmm(m->c, 10), key, 16);
	LOAD(m, CODE, 0x66, 0x45, 0x0f, 0x38, 0xdc, 0xca, 0xf4); /* aesenc xmm9, xmm10 */
	EQ(STOP_HALT, machine_run(m));
	EQM(out, fx_xmm(m->c, 9), 16);
	machine_free(m);
}
