/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/muldiv.c: multiplication and division. Multiplications run on
 * the host's unit for their flags; a quotient that does not fit is found before
 * the host's DIV could trap.
 *
 * Spec: Intel SDM volume 2, DIV, IDIV, IMUL, MUL.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/thunk.h"

/* MUL and IMUL of one operand: the accumulator's old value and b, at *lo and *hi the product; for
 * bytes all of it is in *lo. */
/* clang-format off */
#define WIDE(text, s, V)                                                                     \
	__asm__ volatile(THUNK_IN "mov %[lo], %%rax\n\t" text s " %[b]\n\tmov %%rax, %[lo]"  \
			 THUNK_OUT : "+a"(ax), [lo] "+r"(*lo), "+d"(*hi)                       \
			 : [b] "r"((V)b) : "cc")
#define WIDE_FN(name, text)                                                                  \
static uint32_t name(uint64_t *lo, uint64_t *hi, uint64_t b, unsigned size, uint32_t ax)     \
{                                                                                            \
	switch (size) {                                                                      \
	case 1:                                                                              \
		WIDE(text, "b", uint8_t);                                                    \
		break;                                                                       \
	case 2:                                                                              \
		WIDE(text, "w", uint16_t);                                                   \
		break;                                                                       \
	case 4:                                                                              \
		WIDE(text, "l", uint32_t);                                                   \
		break;                                                                       \
	default:                                                                             \
		WIDE(text, "q", uint64_t);                                                   \
		break;                                                                       \
	}                                                                                    \
	return ax;                                                                           \
}
WIDE_FN(do_mul, "mul")
WIDE_FN(do_imul1, "imul")

#define SHORT_ONE(s, V)                                                                      \
	do {                                                                                 \
		V v = (V)*a;                                                                 \
		__asm__ volatile(THUNK_IN "imul" s " %[b], %[v]" THUNK_OUT                   \
				 : "+a"(ax), [v] "+r"(v) : [b] "r"((V)b) : "cc");            \
		*a = v;                                                                      \
	} while (0)
/* clang-format on */

static uint32_t do_imul(uint64_t *a, uint64_t b, unsigned size, uint32_t ax)
{
	if (size == 2)
		SHORT_ONE("w", uint16_t);
	else if (size == 4)
		SHORT_ONE("l", uint32_t);
	else
		SHORT_ONE("q", uint64_t);
	return ax;
}

static void wide(struct cpu *c, const struct insn *in,
		 uint32_t (*fn)(uint64_t *, uint64_t *, uint64_t, unsigned, uint32_t))
{
	unsigned size = opnd_size(in, 0);
	uint64_t b = opnd_get(c, in, 0), lo = c->r[R_AX], hi = c->r[R_DX];

	thunk_set_flags(c, fn(&lo, &hi, b, size, thunk_flags(c->flags)));
	c->r[R_AX] = lo;
	c->r[R_DX] = hi;
}

OP(mul)
{
	wide(c, in, do_mul);
}

OP(imul1)
{
	wide(c, in, do_imul1);
}

OP(imul)
{
	bool three = in->op->o[2].kind != O_NONE;
	uint64_t a = opnd_get(c, in, three ? 1 : 0), b = opnd_get(c, in, three ? 2 : 1);
	uint32_t ax = do_imul(&a, b, opnd_size(in, 0), thunk_flags(c->flags));

	opnd_set(c, in, 0, a);
	thunk_set_flags(c, ax);
}

/* The dividend of a division by size bytes: AX, or the pair of DX and AX. */
static unsigned __int128 dividend(const struct cpu *c, unsigned size)
{
	unsigned bits = size * 8;

	if (size == 1)
		return c->r[R_AX] & 0xffff;
	if (size == 8)
		return (unsigned __int128)c->r[R_DX] << 64 | c->r[R_AX];
	return (c->r[R_DX] & ((1ull << bits) - 1)) << bits | (c->r[R_AX] & ((1ull << bits) - 1));
}

/* A division that was found not to fault, for its results and the flags it leaves. */
#define DIVIDE(op)                                                                          \
	__asm__ volatile("movl %[ax], %%eax\n\t" THUNK_IN "movq %[lo], %%rax\n\t" op "\n\t" \
			 "movq %%rax, %[lo]" THUNK_OUT "\n\tmovl %%eax, %[ax]"              \
			 : [lo] "+r"(lo), "+d"(hi), [ax] "+r"(ax)                           \
			 : [b] "r"(b)                                                       \
			 : "rax", "cc")
#define DIVIDE_SIZES(op)              \
	switch (size) {               \
	case 1:                       \
		DIVIDE(op "b %b[b]"); \
		break;                \
	case 2:                       \
		DIVIDE(op "w %w[b]"); \
		break;                \
	case 4:                       \
		DIVIDE(op "l %k[b]"); \
		break;                \
	default:                      \
		DIVIDE(op "q %[b]");  \
		break;                \
	}

static void divide(struct cpu *c, const struct insn *in, unsigned size, uint64_t b, bool is_signed)
{
	uint64_t lo = c->r[R_AX], hi = c->r[R_DX];
	uint32_t ax = thunk_flags(c->flags);

	if (is_signed) {
		DIVIDE_SIZES("idiv");
	} else {
		DIVIDE_SIZES("div");
	}
	if (size == 1) {
		reg_set(c, in, R_AX, 2, lo);
	} else {
		reg_set(c, in, R_AX, size, lo);
		reg_set(c, in, R_DX, size, hi);
	}
	thunk_set_flags(c, ax);
}

OP(div)
{
	unsigned size = opnd_size(in, 0);
	uint64_t b = opnd_get(c, in, 0);
	unsigned __int128 a = dividend(c, size);

	if (!b || a / b >> (size * 8))
		cpu_raise(c, EXC_DE);
	divide(c, in, size, b, false);
}

static uint64_t magnitude(uint64_t v, bool neg)
{
	return neg ? 0 - v : v;
}

OP(idiv)
{
	unsigned size = opnd_size(in, 0), bits = size * 8;
	int64_t b = sign_extend(opnd_get(c, in, 0), size);
	unsigned __int128 a = dividend(c, size), top = (unsigned __int128)1 << (2 * bits - 1);
	bool neg_a = a & top, neg = neg_a != (b < 0);
	unsigned __int128 limit = ((unsigned __int128)1 << (bits - 1)) - !neg;
	uint64_t mag_b = magnitude((uint64_t)b, b < 0);

	if (neg_a) /* of twice the bits; what is above them goes away with the mask */
		a = (0 - a) & ((top - 1) | top);
	if (!mag_b || a / mag_b > limit)
		cpu_raise(c, EXC_DE);
	divide(c, in, size, (uint64_t)b, true);
}
