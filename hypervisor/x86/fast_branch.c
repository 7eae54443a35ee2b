/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/fast_branch.c: see fast.h: near jumps, calls and returns. */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fast.h"

/* Ends the chain where the next block starts. */
static bool go(struct cpu *c, const struct fast_op *f, uint64_t rip)
{
	c->fast.last = f;
	c->rip = rip;
	return true;
}

/* clang-format off */
/* Blocks are of one page, and a target is no more than 2 GiB away: that it stays canonical is seen
 * when it is looked for, but the fault is this instruction's. */
#define BRANCHES(sz, T, legal)                                                               \
FAST(jmp_##sz)                                                                               \
{                                                                                            \
	uint64_t to = (T)(c->r[FAST_START] + f->imm);                                        \
	return legal(to) ? go(c, f, to) : fast_slow(c, f);                                   \
}                                                                                            \
FAST(call_##sz)                                                                              \
{                                                                                            \
	uint64_t to = (T)(c->r[FAST_START] + f->imm), lin = (T)(c->r[R_SP] - sz);            \
	const struct tlb_entry *e = fast_entry(c, lin, sz, ACCESS_WRITE);                    \
	bool told = e && __atomic_load_n(e->flag, __ATOMIC_RELAXED);                         \
	if (!e || !e->write || told || !legal(to))                                           \
		return fast_slow(c, f);                                                      \
	fast_store(e->write + lin % PAGE, sz, c->r[FAST_START] + f->end);                    \
	c->r[R_SP] = lin;                                                                    \
	return go(c, f, to);                                                                 \
}                                                                                            \
FAST(ret_##sz)                                                                               \
{                                                                                            \
	uint64_t lin = (T)c->r[R_SP], to;                                                    \
	const uint8_t *p = fast_read(c, lin, sz);                                            \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	to = fast_load(p, sz);                                                               \
	if (!legal(to))                                                                      \
		return fast_slow(c, f);                                                      \
	c->r[R_SP] = (T)(lin + sz);                                                          \
	return go(c, f, to);                                                                 \
}                                                                                            \
FAST(jmp_r_##sz)                                                                             \
{                                                                                            \
	uint64_t to = (T)c->r[f->a];                                                         \
	return legal(to) ? go(c, f, to) : fast_slow(c, f);                                   \
}                                                                                            \
FAST(jmp_m_##sz)                                                                             \
{                                                                                            \
	const uint8_t *p = fast_read(c, fast_lin(c, f), sz);                                 \
	uint64_t to = p ? fast_load(p, sz) : 0;                                              \
	return p && legal(to) ? go(c, f, to) : fast_slow(c, f);                              \
}
#define ANY(to) true
BRANCHES(4, uint32_t, ANY)
BRANCHES(8, uint64_t, lin_canonical)

#define CONDITION(cc, T, sz, legal)                                                          \
FAST(jcc_##cc##_##sz)                                                                        \
{                                                                                            \
	uint64_t to = (T)(c->r[FAST_START] + (fast_cond(c->fast.status, cc) ? f->imm : f->end)); \
	return legal(to) ? go(c, f, to) : fast_slow(c, f);                                   \
}
#define CONDITIONS(cc) CONDITION(cc, uint32_t, 4, ANY) CONDITION(cc, uint64_t, 8, lin_canonical)
#define SIXTEEN(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) \
	M(14) M(15)
SIXTEEN(CONDITIONS)
#define NAMES(cc) {jcc_##cc##_4, jcc_##cc##_8},
static fast_fn *const jcc[16][2] = {SIXTEEN(NAMES)};
/* clang-format on */

static fast_fn *pick_jmp(const struct insn *in, bool wide)
{
	if (in->op->o[0].kind == O_J)
		return wide ? jmp_8 : jmp_4;
	if (in->gpr[0] != REG_NONE)
		return wide ? jmp_r_8 : jmp_r_4;
	return opnd_is_mem(in, 0) ? wide ? jmp_m_8 : jmp_m_4 : NULL;
}

fast_fn *fast_pick_branch(struct fast_op *f, uint32_t *wants)
{
	const struct insn *in = f->in;
	bool wide = in->mode == MODE_64;

	if (in->opsize != (wide ? 8 : 4))
		return NULL;
	if (in->op->o[0].kind == O_J)
		f->imm = f->end + (uint64_t)sign_extend(in->imm, in->imm_size);
	if (in->op->run == op_jcc)
		return jcc[in->bytes[in->op_at] & 15][wide];
	if (in->op->run == op_jmp)
		return pick_jmp(in, wide);
	if (!wide)
		*wants |= FAST_STACK32 | 1u << SEG_SS | 1u << (SEG_SS + FAST_WRITES);
	if (in->op->run == op_call && in->op->o[0].kind == O_J)
		return wide ? call_8 : call_4;
	if (in->op->run == op_ret && in->op->o[0].kind == O_NONE)
		return wide ? ret_8 : ret_4;
	return NULL;
}
