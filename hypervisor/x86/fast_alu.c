/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/fast_alu.c: see fast.h: arithmetic, logic and shifts on the host's
 * own instructions, a function for each size and each form of operands.
 *
 * PUSHF is the quickest way to the host's flags; the tree is built without a red
 * zone because of it.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fast.h"

enum form { RR, RI, RM, MR, MI, FORMS };

/* clang-format off */
#define FLAGS_OUT "\n\tpushfq\n\tpopq %[fl]"
#define CARRY_IN  "btl $0, %k[in]\n\t"

/* a = a op b, with the flags before in *status, and those after. */
#define CORE(name, T, in_, text, ...)                                                        \
static inline uint64_t name(uint64_t a_, uint64_t b_, uint64_t *status)                      \
{                                                                                            \
	T a = (T)a_;                                                                         \
	T b = (T)b_;                                                                         \
	uint64_t fl;                                                                         \
	__asm__(in_ text FLAGS_OUT                                                           \
		: [a] "+q"(a), [fl] "=&r"(fl) : [b] __VA_ARGS__(b), [in] "r"(*status) : "cc"); \
	*status = fl;                                                                        \
	return a;                                                                            \
}
#define CORES(name, text, in_, b)                                                            \
	CORE(name##_1, uint8_t, in_, text "b " b, "q")                                       \
	CORE(name##_2, uint16_t, in_, text "w " b, "q")                                      \
	CORE(name##_4, uint32_t, in_, text "l " b, "q")                                      \
	CORE(name##_8, uint64_t, in_, text "q " b, "q")
#define BINARY "%[b], %[a]"
#define UNARY  "%[a]"
CORES(add, "add", "", BINARY)
CORES(or_, "or", "", BINARY)
CORES(adc, "adc", CARRY_IN, BINARY)
CORES(sbb, "sbb", CARRY_IN, BINARY)
CORES(and_, "and", "", BINARY)
CORES(sub, "sub", "", BINARY)
CORES(xor_, "xor", "", BINARY)
CORES(cmp, "cmp", "", BINARY)
CORES(test, "test", "", BINARY)
CORES(inc, "inc", CARRY_IN, UNARY)
CORES(dec, "dec", CARRY_IN, UNARY)
CORES(neg, "neg", "", UNARY)

/* All six: SAHF, and OF by an addition. A count of 0 leaves them. */
#define ALL_IN "movl %k[in], %%eax\n\tshrl $11, %%eax\n\tandb $1, %%al\n\t" \
		 "movb %b[in], %%ah\n\taddb $127, %%al\n\tsahf\n\t"
#define SHIFT(name, T, text)                                                                 \
static inline uint64_t name(uint64_t a_, uint64_t b_, uint64_t *status)                      \
{                                                                                            \
	T a = (T)a_;                                                                         \
	uint64_t fl;                                                                         \
	__asm__(ALL_IN text " %%cl, %[a]" FLAGS_OUT                                        \
		: [a] "+r"(a), [fl] "=&r"(fl)                                                \
		: "c"((uint8_t)b_), [in] "Q"(*status) : "cc", "rax");                        \
	*status = fl;                                                                        \
	return a;                                                                            \
}
#define SHIFTS(name, text)                                                                   \
	SHIFT(name##_4, uint32_t, text "l")                                                  \
	SHIFT(name##_8, uint64_t, text "q")
SHIFTS(shl, "shl")
SHIFTS(shr, "shr")
SHIFTS(sar, "sar")
SHIFTS(rol, "rol")
SHIFTS(ror, "ror")

/* ---- the forms ---- */

#define REG_REG(op, sz)                                                                      \
FAST(op##_rr_##sz)                                                                           \
{                                                                                            \
	fast_reg_set(c, f->a, sz, op##_##sz(c->r[f->a], c->r[f->b], &c->fast.status));       \
	FAST_NEXT;                                                                           \
}
#define REG_IMM(op, sz)                                                                      \
FAST(op##_ri_##sz)                                                                           \
{                                                                                            \
	fast_reg_set(c, f->a, sz, op##_##sz(c->r[f->a], f->imm, &c->fast.status));           \
	FAST_NEXT;                                                                           \
}
#define REG_MEM(op, sz)                                                                      \
FAST(op##_rm_##sz)                                                                           \
{                                                                                            \
	const uint8_t *p = fast_read(c, fast_lin(c, f), sz);                                 \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	fast_reg_set(c, f->a, sz, op##_##sz(c->r[f->a], fast_load(p, sz), &c->fast.status)); \
	FAST_NEXT;                                                                           \
}
#define MEM_ANY(name, op, sz, b_)                                                            \
FAST(name)                                                                                   \
{                                                                                            \
	uint64_t lin = fast_lin(c, f);                                                       \
	const struct tlb_entry *e = fast_entry(c, lin, sz, ACCESS_WRITE);                    \
	uint8_t *p;                                                                          \
	if (!e || !e->write || e->write != e->read)                                          \
		return fast_slow(c, f);                                                      \
	p = e->write + lin % PAGE;                                                           \
	fast_store(p, sz, op##_##sz(fast_load(p, sz), b_, &c->fast.status));                 \
	FAST_WROTE(e, lin, sz);                                                              \
}
/* Nothing is kept. */
#define LOOK_RR(op, sz)                                                                      \
FAST(op##_rr_##sz)                                                                           \
{                                                                                            \
	op##_##sz(c->r[f->a], c->r[f->b], &c->fast.status);                                  \
	FAST_NEXT;                                                                           \
}
#define LOOK_RI(op, sz)                                                                      \
FAST(op##_ri_##sz)                                                                           \
{                                                                                            \
	op##_##sz(c->r[f->a], f->imm, &c->fast.status);                                      \
	FAST_NEXT;                                                                           \
}
#define LOOK_MEM(name, op, sz, a_, b_)                                                       \
FAST(name)                                                                                   \
{                                                                                            \
	const uint8_t *p = fast_read(c, fast_lin(c, f), sz);                                 \
	if (!p)                                                                              \
		return fast_slow(c, f);                                                      \
	op##_##sz(a_, b_, &c->fast.status);                                                  \
	FAST_NEXT;                                                                           \
}
#define SIZES(M, op) M(op, 1) M(op, 2) M(op, 4) M(op, 8)
#define MEM_REG(op, sz) MEM_ANY(op##_mr_##sz, op, sz, c->r[f->b])
#define MEM_IMM(op, sz) MEM_ANY(op##_mi_##sz, op, sz, f->imm)
#define ALL(op) SIZES(REG_REG, op) SIZES(REG_IMM, op) SIZES(REG_MEM, op) SIZES(MEM_REG, op) \
		SIZES(MEM_IMM, op)
#define LOOK_RM(op, sz) LOOK_MEM(op##_rm_##sz, op, sz, c->r[f->a], fast_load(p, sz))
#define LOOK_MR(op, sz) LOOK_MEM(op##_mr_##sz, op, sz, fast_load(p, sz), c->r[f->b])
#define LOOK_MI(op, sz) LOOK_MEM(op##_mi_##sz, op, sz, fast_load(p, sz), f->imm)
#define LOOKS(op) SIZES(LOOK_RR, op) SIZES(LOOK_RI, op) SIZES(LOOK_RM, op)                   \
		  SIZES(LOOK_MR, op) SIZES(LOOK_MI, op)
/* One operand: the other is looked at by nobody. */
#define ONE(op) SIZES(REG_IMM, op) SIZES(MEM_IMM, op)
ALL(add)
ALL(or_)
ALL(adc)
ALL(sbb)
ALL(and_)
ALL(sub)
ALL(xor_)
LOOKS(cmp)
LOOKS(test)
ONE(inc)
ONE(dec)
ONE(neg)
#define SHIFT_RC(op, sz)                                                                     \
FAST(op##_rc_##sz)                                                                           \
{                                                                                            \
	fast_reg_set(c, f->a, sz, op##_##sz(c->r[f->a], c->r[R_CX], &c->fast.status));       \
	FAST_NEXT;                                                                           \
}
#define SHIFT_FORMS(op) REG_IMM(op, 4) REG_IMM(op, 8) SHIFT_RC(op, 4) SHIFT_RC(op, 8)
SHIFT_FORMS(shl)
SHIFT_FORMS(shr)
SHIFT_FORMS(sar)
SHIFT_FORMS(rol)
SHIFT_FORMS(ror)

/* ---- NOT and IMUL have ways of their own ---- */

#define NOT(sz)                                                                              \
FAST(not_##sz)                                                                               \
{                                                                                            \
	fast_reg_set(c, f->a, sz, ~c->r[f->a]);                                              \
	FAST_NEXT;                                                                           \
}
NOT(4)
NOT(8)
/* The flags it does not define stay as they were. */
#define IMUL(name, T, s)                                                                     \
static inline uint64_t name(uint64_t a_, uint64_t b_, uint64_t *status)                      \
{                                                                                            \
	T a = (T)a_;                                                                         \
	T b = (T)b_;                                                                         \
	uint64_t fl;                                                                         \
	__asm__(ALL_IN "imul" s " %[b], %[a]" FLAGS_OUT                                      \
		: [a] "+r"(a), [fl] "=&r"(fl)                                                \
		: [b] "r"(b), [in] "Q"(*status) : "cc", "rax");                              \
	*status = fl;                                                                        \
	return a;                                                                            \
}
IMUL(imul_4, uint32_t, "l")
IMUL(imul_8, uint64_t, "q")
REG_REG(imul, 4)
REG_REG(imul, 8)
REG_MEM(imul, 4)
REG_MEM(imul, 8)
#define IMUL_3(sz)                                                                           \
FAST(imul_3_##sz)                                                                            \
{                                                                                            \
	fast_reg_set(c, f->a, sz, imul_##sz(c->r[f->b], f->imm, &c->fast.status));           \
	FAST_NEXT;                                                                           \
}
IMUL_3(4)
IMUL_3(8)

/* ---- the tables ---- */

#define ROW(op, form) {op##_##form##_1, op##_##form##_2, op##_##form##_4, op##_##form##_8}
#define ROWS(op) {ROW(op, rr), ROW(op, ri), ROW(op, rm), ROW(op, mr), ROW(op, mi)}
#define ROWS_ONE(op) {[RI] = ROW(op, ri), [MI] = ROW(op, mi)}
#define ROWS_SHIFT(op) {[RR] = {NULL, NULL, op##_rc_4, op##_rc_8}, \
			[RI] = {NULL, NULL, op##_ri_4, op##_ri_8}}
static const struct {
	void (*op)(struct cpu *c, const struct insn *in);
	fast_fn *fn[FORMS][4];
} rows[] = {
	{op_add, ROWS(add)},
	{op_or, ROWS(or_)},
	{op_adc, ROWS(adc)},
	{op_sbb, ROWS(sbb)},
	{op_and, ROWS(and_)},
	{op_sub, ROWS(sub)},
	{op_xor, ROWS(xor_)},
	{op_cmp, ROWS(cmp)},
	{op_test, ROWS(test)},
	{op_inc, ROWS_ONE(inc)},
	{op_dec, ROWS_ONE(dec)},
	{op_neg, ROWS_ONE(neg)},
	{op_not, {[RI] = {NULL, NULL, not_4, not_8}}},
	{op_shl, ROWS_SHIFT(shl)},
	{op_shr, ROWS_SHIFT(shr)},
	{op_sar, ROWS_SHIFT(sar)},
	{op_rol, ROWS_SHIFT(rol)},
	{op_ror, ROWS_SHIFT(ror)},
	{op_imul, {[RR] = {NULL, NULL, imul_rr_4, imul_rr_8},
		   [RM] = {NULL, NULL, imul_rm_4, imul_rm_8}}},
};
/* clang-format on */

static bool is_imm(const struct insn *in, unsigned i)
{
	unsigned kind = in->op->o[i].kind;

	return kind == O_I || kind == O_Is || kind == O_1;
}

static enum form form_of(const struct insn *in)
{
	bool none = in->op->o[1].kind == O_NONE;

	if (in->gpr[0] != REG_NONE) {
		if (none || is_imm(in, 1))
			return RI;
		return in->gpr[1] != REG_NONE ? RR : opnd_is_mem(in, 1) ? RM : FORMS;
	}
	if (!opnd_is_mem(in, 0))
		return FORMS;
	if (none || is_imm(in, 1))
		return MI;
	return in->gpr[1] != REG_NONE ? MR : FORMS;
}

/* MUL's and DIV's relative with one operand is not here. */
static fast_fn *pick_imul(const struct insn *in, enum form form, fast_fn *const fn[FORMS][4])
{
	unsigned size = fast_size(opnd_size(in, 0));

	if (in->op->o[1].kind == O_NONE)
		return NULL;
	if (in->op->o[2].kind == O_NONE)
		return fn[form][size];
	if (form != RR || size < 2)
		return NULL;
	return size == 2 ? imul_3_4 : imul_3_8;
}

fast_fn *fast_pick_alu(const struct fast_op *f)
{
	const struct insn *in = f->in;
	enum form form = form_of(in);

	if (form == FORMS || in->lock)
		return NULL;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].op != in->op->run)
			continue;
		if (in->op->run == op_imul)
			return pick_imul(in, form, rows[i].fn);
		return rows[i].fn[form][fast_size(opnd_size(in, 0))];
	}
	return NULL;
}
