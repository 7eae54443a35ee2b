/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/fast_move.c: see fast.h: moves, extensions, addresses, the stack, conditions. */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fast.h"

/* clang-format off */
#define SIZES(M) M(1) M(2) M(4) M(8)

/* ---- MOV ---- */
#define MOV_RR(sz)                                                                           \
FAST(mov_rr_##sz)                                                                            \
{                                                                                            \
	fast_reg_set(c, f->a, sz, c->r[f->b]);                                               \
	FAST_NEXT;                                                                           \
}
#define MOV_RI(sz)                                                                           \
FAST(mov_ri_##sz)                                                                            \
{                                                                                            \
	fast_reg_set(c, f->a, sz, f->imm);                                                   \
	FAST_NEXT;                                                                           \
}
#define MOV_RM(sz)                                                                           \
FAST(mov_rm_##sz)                                                                            \
{                                                                                            \
	const uint8_t *p = fast_read(c, fast_lin(c, f), sz);                                 \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	fast_reg_set(c, f->a, sz, fast_load(p, sz));                                         \
	FAST_NEXT;                                                                           \
}
#define STORE(name, sz, v)                                                                   \
FAST(name)                                                                                   \
{                                                                                            \
	uint64_t lin = fast_lin(c, f);                                                       \
	const struct tlb_entry *e = fast_entry(c, lin, sz, ACCESS_WRITE);                    \
	if (!e || !e->write)                                                                 \
		return fast_slow(c, f);                                                      \
	fast_store(e->write + lin % PAGE, sz, v);                                            \
	FAST_WROTE(e, lin, sz);                                                              \
}
#define MOV_MR(sz) STORE(mov_mr_##sz, sz, c->r[f->b])
#define MOV_MI(sz) STORE(mov_mi_##sz, sz, f->imm)
SIZES(MOV_RR)
SIZES(MOV_RI)
SIZES(MOV_RM)
SIZES(MOV_MR)
SIZES(MOV_MI)

/* ---- MOVZX, MOVSX ---- */
#define EXTEND(name, from, to, T)                                                            \
FAST(name##_r_##from##_##to)                                                                 \
{                                                                                            \
	fast_reg_set(c, f->a, to, (uint64_t)(T)c->r[f->b]);                                  \
	FAST_NEXT;                                                                           \
}                                                                                            \
FAST(name##_m_##from##_##to)                                                                 \
{                                                                                            \
	const uint8_t *p = fast_read(c, fast_lin(c, f), from);                               \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	fast_reg_set(c, f->a, to, (uint64_t)(T)fast_load(p, from));                          \
	FAST_NEXT;                                                                           \
}
EXTEND(movzx, 1, 4, uint8_t)
EXTEND(movzx, 1, 8, uint8_t)
EXTEND(movzx, 2, 4, uint16_t)
EXTEND(movzx, 2, 8, uint16_t)
EXTEND(movsx, 1, 4, int8_t)
EXTEND(movsx, 1, 8, int8_t)
EXTEND(movsx, 2, 4, int16_t)
EXTEND(movsx, 2, 8, int16_t)
EXTEND(movsx, 4, 4, int32_t)
EXTEND(movsx, 4, 8, int32_t)

/* By [source 1, 2, 4][destination 4, 8][memory]. */
#define PAIR(name, from, to) {name##_r_##from##_##to, name##_m_##from##_##to}
static fast_fn *const zx[3][2][2] = {
	{PAIR(movzx, 1, 4), PAIR(movzx, 1, 8)},
	{PAIR(movzx, 2, 4), PAIR(movzx, 2, 8)},
};
static fast_fn *const sx[3][2][2] = {
	{PAIR(movsx, 1, 4), PAIR(movsx, 1, 8)},
	{PAIR(movsx, 2, 4), PAIR(movsx, 2, 8)},
	{PAIR(movsx, 4, 4), PAIR(movsx, 4, 8)},
};

/* ---- LEA, CMOV, SETcc, exchanges, CDQ ---- */
FAST(lea_4)
{
	c->r[f->a] = (uint32_t)fast_ea(c, f);
	FAST_NEXT;
}
FAST(lea_8)
{
	c->r[f->a] = fast_ea(c, f);
	FAST_NEXT;
}
#define CMOV(sz)                                                                             \
FAST(cmov_r_##sz)                                                                            \
{                                                                                            \
	bool yes = fast_cond(c->fast.status, (unsigned)f->imm);                              \
	fast_reg_set(c, f->a, sz, c->r[yes ? f->b : f->a]);                                  \
	FAST_NEXT;                                                                           \
}                                                                                            \
FAST(cmov_m_##sz)                                                                            \
{                                                                                            \
	const uint8_t *p = fast_read(c, fast_lin(c, f), sz);                                 \
	uint64_t v;                                                                          \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	v = fast_load(p, sz);                                                                \
	if (!fast_cond(c->fast.status, (unsigned)f->imm))                                    \
		v = c->r[f->a];                                                              \
	fast_reg_set(c, f->a, sz, v);                                                        \
	FAST_NEXT;                                                                           \
}
CMOV(4)
CMOV(8)
FAST(setcc)
{
	fast_reg_set(c, f->a, 1, fast_cond(c->fast.status, (unsigned)f->imm));
	FAST_NEXT;
}
FAST(xchg_8)
{
	uint64_t a = c->r[f->a];
	c->r[f->a] = c->r[f->b];
	c->r[f->b] = a;
	FAST_NEXT;
}
FAST(cdqe)
{
	c->r[R_AX] = (uint64_t)(int32_t)c->r[R_AX];
	FAST_NEXT;
}
FAST(cdq)
{
	c->r[R_DX] = (uint32_t)((int32_t)c->r[R_AX] >> 31);
	FAST_NEXT;
}
FAST(cqo)
{
	c->r[R_DX] = (uint64_t)((int64_t)c->r[R_AX] >> 63);
	FAST_NEXT;
}
FAST(bswap_4)
{
	c->r[f->a] = __builtin_bswap32((uint32_t)c->r[f->a]);
	FAST_NEXT;
}
FAST(bswap_8)
{
	c->r[f->a] = __builtin_bswap64(c->r[f->a]);
	FAST_NEXT;
}
FAST(nop)
{
	FAST_NEXT;
}

/* ---- PUSH, POP of the mode's own size ---- */
#define STACK(sz, T)                                                                         \
static bool push_##sz(struct cpu *c, const struct fast_op *f, uint64_t v)                    \
{                                                                                            \
	uint64_t lin = (T)(c->r[R_SP] - sz);                                                 \
	const struct tlb_entry *e = fast_entry(c, lin, sz, ACCESS_WRITE);                    \
	if (!e || !e->write)                                                                 \
		return fast_slow(c, f);                                                      \
	fast_store(e->write + lin % PAGE, sz, v);                                            \
	c->r[R_SP] = lin;                                                                    \
	FAST_WROTE(e, lin, sz);                                                              \
}                                                                                            \
FAST(push_r_##sz)                                                                            \
{                                                                                            \
	return push_##sz(c, f, c->r[f->a]);                                                  \
}                                                                                            \
FAST(push_i_##sz)                                                                            \
{                                                                                            \
	return push_##sz(c, f, f->imm);                                                      \
}                                                                                            \
FAST(push_m_##sz)                                                                            \
{                                                                                            \
	const uint8_t *p = fast_read(c, fast_lin(c, f), sz);                                 \
	return p ? push_##sz(c, f, fast_load(p, sz)) : fast_slow(c, f);                      \
}                                                                                            \
FAST(pop_r_##sz)                                                                             \
{                                                                                            \
	uint64_t lin = (T)c->r[R_SP];                                                        \
	const uint8_t *p = fast_read(c, lin, sz);                                            \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	c->r[R_SP] = (T)(lin + sz);                                                          \
	c->r[f->a] = fast_load(p, sz);                                                       \
	FAST_NEXT;                                                                           \
}                                                                                            \
FAST(leave_##sz)                                                                             \
{                                                                                            \
	uint64_t lin = (T)c->r[R_BP];                                                        \
	const uint8_t *p = fast_read(c, lin, sz);                                            \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	c->r[R_BP] = fast_load(p, sz);                                                       \
	c->r[R_SP] = (T)(lin + sz);                                                          \
	FAST_NEXT;                                                                           \
}
STACK(4, uint32_t)
STACK(8, uint64_t)
/* ---- MOVS without REP: how GRUB copies what it loads ---- */
#define MOVS(sz)                                                                             \
FAST(movs_##sz)                                                                              \
{                                                                                            \
	uint64_t to = c->r[R_DI] & f->mask;                                                  \
	const uint8_t *p = c->flags & FL_DF ? NULL : fast_read(c, fast_lin(c, f), sz);       \
	const struct tlb_entry *e = p ? fast_entry(c, to, sz, ACCESS_WRITE) : NULL;          \
	if (!e || !e->write)                                                                 \
		return fast_slow(c, f);                                                      \
	fast_store(e->write + to % PAGE, sz, fast_load(p, sz));                              \
	c->r[R_SI] = (c->r[R_SI] + sz) & f->mask;                                            \
	c->r[R_DI] = (to + sz) & f->mask;                                                    \
	FAST_WROTE(e, to, sz);                                                               \
}
SIZES(MOVS)
#define ROW(name) {name##_1, name##_2, name##_4, name##_8}
static fast_fn *const mov[5][4] = {ROW(mov_rr), ROW(mov_ri), ROW(mov_rm), ROW(mov_mr), ROW(mov_mi)};
static fast_fn *const movs[4] = ROW(movs);
/* clang-format on */

/* ---- picking ---- */

static bool is_imm(const struct insn *in, unsigned i)
{
	return in->op->o[i].kind == O_I || in->op->o[i].kind == O_Is;
}

static fast_fn *pick_mov(const struct insn *in)
{
	unsigned size = fast_size(opnd_size(in, 0));

	if (in->gpr[0] != REG_NONE) {
		if (in->gpr[1] != REG_NONE)
			return mov[0][size];
		return is_imm(in, 1) ? mov[1][size] : opnd_is_mem(in, 1) ? mov[2][size] : NULL;
	}
	if (!opnd_is_mem(in, 0))
		return NULL;
	return in->gpr[1] != REG_NONE ? mov[3][size] : is_imm(in, 1) ? mov[4][size] : NULL;
}

static fast_fn *pick_extend(const struct insn *in, fast_fn *const by[3][2][2])
{
	unsigned from = fast_size(opnd_size(in, 1)), to = opnd_size(in, 0);

	if (to < 4 || from > 2)
		return NULL;
	return by[from][to == 8][opnd_is_mem(in, 1)];
}

static fast_fn *pick_stack(const struct insn *in, uint32_t *wants)
{
	bool wide = in->mode == MODE_64;

	if (in->opsize != (wide ? 8 : 4))
		return NULL;
	*wants |= wide ? 0 : FAST_STACK32 | 1u << SEG_SS | 1u << (SEG_SS + FAST_WRITES);
	if (in->op->run == op_leave)
		return wide ? leave_8 : leave_4;
	if (in->op->run == op_pop) {
		if (in->gpr[0] == REG_NONE)
			return NULL;
		return wide ? pop_r_8 : pop_r_4;
	}
	if (in->gpr[0] != REG_NONE)
		return wide ? push_r_8 : push_r_4;
	if (is_imm(in, 0))
		return wide ? push_i_8 : push_i_4;
	return opnd_is_mem(in, 0) ? wide ? push_m_8 : push_m_4 : NULL;
}

static fast_fn *pick_cmov(const struct insn *in)
{
	static fast_fn *const by[2][2] = {{cmov_r_4, cmov_m_4}, {cmov_r_8, cmov_m_8}};

	if (in->opsize < 4)
		return NULL;
	return by[in->opsize == 8][opnd_is_mem(in, 1)];
}

static fast_fn *pick_small(const struct insn *in)
{
	unsigned size = in->opsize;

	if (in->op->run == op_nop)
		return nop;
	if (in->op->run == op_setcc && in->gpr[0] != REG_NONE)
		return setcc;
	if (size < 4)
		return NULL;
	if (in->op->run == op_lea)
		return size == 8 ? lea_8 : lea_4;
	if (in->op->run == op_bswap)
		return size == 8 ? bswap_8 : bswap_4;
	if (in->op->run == op_cwd)
		return size == 8 ? cqo : cdq;
	if (size < 8)
		return NULL;
	if (in->op->run == op_cbw)
		return cdqe;
	if (in->op->run == op_xchg && in->gpr[0] != REG_NONE && in->gpr[1] != REG_NONE)
		return opnd_size(in, 0) == 8 ? xchg_8 : NULL;
	return NULL;
}

/* Its operands are memory of which the decoder says no address. */
static fast_fn *pick_movs(struct fast_op *f, uint32_t *wants)
{
	if (f->in->rep || f->in->addrsize != (f->in->mode == MODE_64 ? 8 : 4))
		return NULL;
	f->base = R_SI;
	f->index = FAST_ZERO;
	f->disp = 0;
	*wants |= 1u << f->in->seg | 1u << SEG_ES | 1u << (SEG_ES + FAST_WRITES);
	return movs[fast_size(opnd_size(f->in, 0))];
}

fast_fn *fast_pick_move(struct fast_op *f, uint32_t *wants)
{
	const struct insn *in = f->in;

	if (in->op->run == op_movs)
		return pick_movs(f, wants);

	if (in->op->run == op_mov)
		return pick_mov(in);
	if (in->op->run == op_movzx)
		return pick_extend(in, zx);
	if (in->op->run == op_movsx)
		return pick_extend(in, sx);
	if (in->op->run == op_push || in->op->run == op_pop || in->op->run == op_leave)
		return pick_stack(in, wants);
	if (in->op->run == op_cmov)
		return pick_cmov(in);
	return pick_small(in);
}
