/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/alu.c: addition, subtraction and logic, done by the host's
 * instruction of the same name on the destination itself.
 *
 * Spec: Intel SDM volume 2, ADC, ADCX, ADD, ADOX, AND, CMP, DEC, INC, NEG, NOT, OR, SBB, SUB,
 * TEST, XOR.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/thunk.h"

/* clang-format off */
#define BINARY(name, insn)                                                                   \
static uint32_t name(void *p, uint64_t b, unsigned size, uint32_t ax)                        \
{                                                                                            \
	THUNK_CASES(insn)                                                                    \
	return ax;                                                                           \
}
#define BINARY_ONE(text, s, T, V) \
	__asm__ volatile(THUNK_IN text s " %[b], %[m]" THUNK_OUT \
			 : "+a"(ax), [m] "+m"(*(T *)p) : [b] "q"((V)b) : "cc")
#define UNARY_ONE(text, s, T, V) \
	__asm__ volatile(THUNK_IN text s " %[m]" THUNK_OUT \
			 : "+a"(ax), [m] "+m"(*(T *)p) : : "cc")

#define ADD(s, T, V) BINARY_ONE("add", s, T, V)
#define OR(s, T, V)  BINARY_ONE("or", s, T, V)
#define ADC(s, T, V) BINARY_ONE("adc", s, T, V)
#define SBB(s, T, V) BINARY_ONE("sbb", s, T, V)
#define AND(s, T, V) BINARY_ONE("and", s, T, V)
#define SUB(s, T, V) BINARY_ONE("sub", s, T, V)
#define XOR(s, T, V) BINARY_ONE("xor", s, T, V)
#define CMP(s, T, V) BINARY_ONE("cmp", s, T, V)
#define TEST(s, T, V) BINARY_ONE("test", s, T, V)
#define INC(s, T, V) UNARY_ONE("inc", s, T, V)
#define DEC(s, T, V) UNARY_ONE("dec", s, T, V)
#define NEG(s, T, V) UNARY_ONE("neg", s, T, V)
#define NOT(s, T, V) UNARY_ONE("not", s, T, V)
#define LOCK_ADD(s, T, V) BINARY_ONE("lock add", s, T, V)
#define LOCK_OR(s, T, V)  BINARY_ONE("lock or", s, T, V)
#define LOCK_ADC(s, T, V) BINARY_ONE("lock adc", s, T, V)
#define LOCK_SBB(s, T, V) BINARY_ONE("lock sbb", s, T, V)
#define LOCK_AND(s, T, V) BINARY_ONE("lock and", s, T, V)
#define LOCK_SUB(s, T, V) BINARY_ONE("lock sub", s, T, V)
#define LOCK_XOR(s, T, V) BINARY_ONE("lock xor", s, T, V)
#define LOCK_INC(s, T, V) UNARY_ONE("lock inc", s, T, V)
#define LOCK_DEC(s, T, V) UNARY_ONE("lock dec", s, T, V)
#define LOCK_NEG(s, T, V) UNARY_ONE("lock neg", s, T, V)
#define LOCK_NOT(s, T, V) UNARY_ONE("lock not", s, T, V)

BINARY(do_add, ADD)
BINARY(do_or, OR)
BINARY(do_adc, ADC)
BINARY(do_sbb, SBB)
BINARY(do_and, AND)
BINARY(do_sub, SUB)
BINARY(do_xor, XOR)
BINARY(do_cmp, CMP)
BINARY(do_test, TEST)
BINARY(lock_add, LOCK_ADD)
BINARY(lock_or, LOCK_OR)
BINARY(lock_adc, LOCK_ADC)
BINARY(lock_sbb, LOCK_SBB)
BINARY(lock_and, LOCK_AND)
BINARY(lock_sub, LOCK_SUB)
BINARY(lock_xor, LOCK_XOR)
#undef BINARY
#define UNARY(name, insn)                                                                    \
static uint32_t name(void *p, uint64_t b, unsigned size, uint32_t ax)                        \
{                                                                                            \
	(void)b;                                                                             \
	THUNK_CASES(insn)                                                                    \
	return ax;                                                                           \
}
UNARY(do_inc, INC)
UNARY(do_dec, DEC)
UNARY(do_neg, NEG)
UNARY(do_not, NOT)
UNARY(lock_inc, LOCK_INC)
UNARY(lock_dec, LOCK_DEC)
UNARY(lock_neg, LOCK_NEG)
UNARY(lock_not, LOCK_NOT)
/* clang-format on */

static void update(struct cpu *c, const struct insn *in, uint64_t b, thunk_fn *plain,
		   thunk_fn *lock)
{
	struct place pl;
	uint32_t ax;

	place_open(c, in, 0, &pl);
	ax = (in->lock ? lock : plain)(pl.p, b, pl.size, thunk_flags(c->flags));
	place_done(c, in, &pl);
	thunk_set_flags(c, ax);
}

void alu_compare(struct cpu *c, uint64_t a, uint64_t b, unsigned size)
{
	thunk_set_flags(c, do_cmp(&a, b, size, thunk_flags(c->flags)));
}

#define UPDATE(name)                                                       \
	OP(name)                                                           \
	{                                                                  \
		update(c, in, opnd_get(c, in, 1), do_##name, lock_##name); \
	}
#define UPDATE_ONE(name)                                  \
	OP(name)                                          \
	{                                                 \
		update(c, in, 0, do_##name, lock_##name); \
	}

UPDATE(add)
UPDATE(or)
UPDATE(adc)
UPDATE(sbb)
UPDATE(and)
UPDATE(sub)
UPDATE(xor)
UPDATE_ONE(inc)
UPDATE_ONE(dec)
UPDATE_ONE(neg)
UPDATE_ONE(not )

OP(cmp)
{
	uint64_t a = opnd_get(c, in, 0);

	alu_compare(c, a, opnd_get(c, in, 1), opnd_size(in, 0));
}

OP(test)
{
	uint64_t a = opnd_get(c, in, 0), b = opnd_get(c, in, 1);

	thunk_set_flags(c, do_test(&a, b, opnd_size(in, 0), thunk_flags(c->flags)));
}

/* ADCX and ADOX add with one flag and leave the others: what ADC does, written out. */
static void add_with(struct cpu *c, const struct insn *in, uint64_t flag)
{
	unsigned size = opnd_size(in, 0);
	uint64_t a = opnd_get(c, in, 0), b = opnd_get(c, in, 1), carry = c->flags & flag ? 1 : 0;
	unsigned __int128 sum = (unsigned __int128)a + b + carry;

	opnd_set(c, in, 0, (uint64_t)sum);
	c->flags &= ~flag;
	if (sum >> size * 8)
		c->flags |= flag;
}

OP(adcx)
{
	add_with(c, in, FL_CF);
}

OP(adox)
{
	add_with(c, in, FL_OF);
}
