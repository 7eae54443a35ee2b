/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/bits.c: bit scans and tests, exchanges, CRC32.
 *
 * Spec: Intel SDM volume 2, BSF … BTS, CMPXCHG, CMPXCHG8B/16B, CRC32, LZCNT, POPCNT, TZCNT, XADD,
 * XCHG. A scan of zero leaves the destination as the host's does.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/thunk.h"

/* ---- scans: the whole destination register goes through the host's instruction ---- */

/* clang-format off */
#define SCAN_ONE(text)                                                                       \
	__asm__ volatile(THUNK_IN text THUNK_OUT : "+a"(ax), [d] "+r"(*d) : [b] "r"(b) : "cc")
#define SCAN(name, text)                                                                     \
static uint32_t name(uint64_t *d, uint64_t b, unsigned size, uint32_t ax)                    \
{                                                                                            \
	if (size == 2)                                                                       \
		SCAN_ONE(text "w %w[b], %w[d]");                                             \
	else if (size == 4)                                                                  \
		SCAN_ONE(text "l %k[b], %k[d]");                                             \
	else                                                                                 \
		SCAN_ONE(text "q %q[b], %q[d]");                                             \
	return ax;                                                                           \
}
SCAN(do_bsf, "bsf")
SCAN(do_bsr, "bsr")
SCAN(do_lzcnt, "lzcnt")
SCAN(do_tzcnt, "tzcnt")
SCAN(do_popcnt, "popcnt")
/* clang-format on */

static void scan(struct cpu *c, const struct insn *in,
		 uint32_t (*fn)(uint64_t *, uint64_t, unsigned, uint32_t))
{
	uint64_t b = opnd_get(c, in, 1);

	thunk_set_flags(c, fn(&c->r[in->reg], b, opnd_size(in, 0), thunk_flags(c->flags)));
}

#define SCAN_OP(name)                   \
	OP(name)                        \
	{                               \
		scan(c, in, do_##name); \
	}

SCAN_OP(bsf)
SCAN_OP(bsr)
SCAN_OP(popcnt)

/* Without their features F3 is no prefix of BSR and BSF. */
OP(lzcnt)
{
	scan(c, in, cpu_has(c, CPU_ABM) ? do_lzcnt : do_bsr);
}

OP(tzcnt)
{
	scan(c, in, cpu_has(c, CPU_BMI1) ? do_tzcnt : do_bsf);
}

/* ---- bit tests ---- */

/* clang-format off */
#define BIT(name, text, lock)                                                                \
static uint32_t name(void *p, uint64_t b, unsigned size, uint32_t ax)                        \
{                                                                                            \
	if (size == 2)                                                                       \
		__asm__ volatile(THUNK_IN lock text "w %[b], %[m]" THUNK_OUT                 \
			: "+a"(ax), [m] "+m"(*(thunk_16 *)p) : [b] "r"((uint16_t)b) : "cc"); \
	else if (size == 4)                                                                  \
		__asm__ volatile(THUNK_IN lock text "l %[b], %[m]" THUNK_OUT                 \
			: "+a"(ax), [m] "+m"(*(thunk_32 *)p) : [b] "r"((uint32_t)b) : "cc"); \
	else                                                                                 \
		__asm__ volatile(THUNK_IN lock text "q %[b], %[m]" THUNK_OUT                 \
			: "+a"(ax), [m] "+m"(*(thunk_64 *)p) : [b] "r"(b) : "cc");           \
	return ax;                                                                           \
}
BIT(do_bt, "bt", "")
BIT(do_bts, "bts", "")
BIT(do_btr, "btr", "")
BIT(do_btc, "btc", "")
BIT(lock_bts, "bts", "lock ")
BIT(lock_btr, "btr", "lock ")
BIT(lock_btc, "btc", "lock ")
/* clang-format on */

/* Where the bit is: a register's bit number may lie outside of the operand, to both sides. */
static uint64_t bit_off(struct cpu *c, const struct insn *in, unsigned size, uint64_t bit)
{
	uint64_t off = insn_ea(c, in);

	if (in->op->o[1].kind == O_G)
		off += (uint64_t)(sign_extend(bit, size) >> (size == 8   ? 6
							     : size == 4 ? 5
									 : 4)) *
		       size;
	return reg_part(off, in->addrsize);
}

OP(bt)
{
	unsigned size = opnd_size(in, 0);
	uint64_t bit = opnd_get(c, in, 1), v;

	if (opnd_is_mem(in, 0))
		v = mem_read(c, in->seg, bit_off(c, in, size, bit), size);
	else
		v = opnd_get(c, in, 0);
	thunk_set_flags(c, do_bt(&v, bit & (size * 8 - 1), size, thunk_flags(c->flags)));
}

static void bit_change(struct cpu *c, const struct insn *in, thunk_fn *plain, thunk_fn *lock)
{
	unsigned size = opnd_size(in, 0);
	uint64_t bit = opnd_get(c, in, 1);
	struct place pl;
	uint32_t ax;

	if (opnd_is_mem(in, 0))
		place_mem(c, in, bit_off(c, in, size, bit), size, &pl);
	else
		place_open(c, in, 0, &pl);
	ax = (in->lock ? lock : plain)(pl.p, bit & (size * 8 - 1), size, thunk_flags(c->flags));
	place_done(c, in, &pl);
	thunk_set_flags(c, ax);
}

OP(bts)
{
	bit_change(c, in, do_bts, lock_bts);
}

OP(btr)
{
	bit_change(c, in, do_btr, lock_btr);
}

OP(btc)
{
	bit_change(c, in, do_btc, lock_btc);
}

/* ---- exchanges: always locked, which nobody can tell from not ---- */

/* clang-format off */
#define CMPXCHG_ONE(s, T, V) \
	__asm__ volatile("lock cmpxchg" s " %[n], %[m]\n\tmov %%rax, %[acc]" THUNK_OUT \
			 : "+a"(rax), [m] "+m"(*(T *)p), [acc] "=&r"(*acc) : [n] "q"((V)b) : "cc")
static uint32_t do_cmpxchg(void *p, uint64_t b, uint64_t *acc, unsigned size)
{
	uint64_t rax = *acc;

	THUNK_CASES(CMPXCHG_ONE)
	return (uint32_t)rax;
}
#define XADD_ONE(s, T, V)                                                                    \
	do {                                                                                 \
		V v = (V)*b;                                                                 \
		__asm__ volatile("lock xadd" s " %[v], %[m]" THUNK_OUT                       \
				 : "+a"(ax), [m] "+m"(*(T *)p), [v] "+q"(v) : : "cc");       \
		*b = v;                                                                      \
	} while (0)
static uint32_t do_xadd(void *p, uint64_t *b, unsigned size)
{
	uint32_t ax = 0;

	THUNK_CASES(XADD_ONE)
	return ax;
}
#define XCHG_ONE(s, T, V)                                                                    \
	do {                                                                                 \
		V v = (V)b;                                                                  \
		__asm__ volatile("xchg" s " %[v], %[m]" : [m] "+m"(*(T *)p), [v] "+q"(v));   \
		b = v;                                                                       \
	} while (0)
static uint64_t do_xchg(void *p, uint64_t b, unsigned size)
{
	THUNK_CASES(XCHG_ONE)
	return b;
}
/* clang-format on */

/* Registers: a 32-bit destination loses its upper half only when it is written. */
static void cmpxchg_reg(struct cpu *c, const struct insn *in, uint64_t b)
{
	unsigned size = opnd_size(in, 0);
	uint64_t was = opnd_get(c, in, 0), acc = c->r[R_AX], now = was;
	uint32_t ax = do_cmpxchg(&now, b, &acc, size);

	c->r[R_AX] = acc;
	if (ax >> 8 & FL_ZF)
		opnd_set(c, in, 0, now);
	thunk_set_flags(c, ax);
}

OP(cmpxchg)
{
	uint64_t b = opnd_get(c, in, 1), acc = c->r[R_AX];
	struct place pl;
	uint32_t ax;

	if (!opnd_is_mem(in, 0)) {
		cmpxchg_reg(c, in, b);
		return;
	}
	place_open(c, in, 0, &pl);
	ax = do_cmpxchg(pl.p, b, &acc, pl.size);
	place_done(c, in, &pl);
	c->r[R_AX] = acc;
	thunk_set_flags(c, ax);
}

struct pair {
	uint64_t lo, hi;
};

/* The host has one instruction for each width; a copy stands in where there is no host pointer. */
static bool pair_exchange(void *p, struct pair *want, struct pair put, bool wide)
{
	bool equal;

	if (wide)
		__asm__ volatile("lock cmpxchg16b %[m]"
				 : "=@ccz"(equal), [m] "+m"(*(struct pair *)p), "+a"(want->lo),
				   "+d"(want->hi)
				 : "b"(put.lo), "c"(put.hi)
				 : "memory");
	else
		__asm__ volatile("lock cmpxchg8b %[m]"
				 : "=@ccz"(equal), [m] "+m"(*(thunk_64 *)p), "+a"(want->lo),
				   "+d"(want->hi)
				 : "b"(put.lo), "c"(put.hi)
				 : "memory");
	return equal;
}

OP(cmpxchg8b)
{
	bool wide = in->op->o[0].size == S_dq;
	unsigned size = wide ? 16 : 8;
	uint64_t off = insn_ea(c, in);
	struct pair want = {c->r[R_AX], c->r[R_DX]}, put = {c->r[R_BX], c->r[R_CX]};
	struct pair copy __attribute__((aligned(16)));
	bool equal;
	void *p;

	cpu_gp0(c, !wide || !((off + c->seg[in->seg].base * (in->seg >= SEG_FS)) & 15));
	p = mem_rmw(c, in->seg, off, size);
	if (!p && in->lock)
		smp_begin_alone(c);
	if (!p)
		mem_read_buf(c, in->seg, off, &copy, size);
	equal = pair_exchange(p ? p : &copy, &want, put, wide);
	if (p)
		mem_rmw_done(c);
	else
		mem_write_buf(c, in->seg, off, &copy, size);
	smp_end_alone(c);
	if (!equal) {
		c->r[R_AX] = want.lo;
		c->r[R_DX] = want.hi;
	}
	c->flags = equal ? c->flags | FL_ZF : c->flags & ~(uint64_t)FL_ZF;
}

OP(xadd)
{
	uint64_t b = opnd_get(c, in, 1), a;
	struct place pl;
	uint32_t ax;

	if (!opnd_is_mem(in, 0)) { /* the sum wins when both are one register */
		a = opnd_get(c, in, 0);
		ax = do_xadd(&a, &b, opnd_size(in, 0));
		opnd_set(c, in, 1, b);
		opnd_set(c, in, 0, a);
	} else {
		place_open(c, in, 0, &pl);
		ax = do_xadd(pl.p, &b, pl.size);
		place_done(c, in, &pl);
		opnd_set(c, in, 1, b);
	}
	thunk_set_flags(c, ax);
}

OP(xchg)
{
	unsigned mem = opnd_is_mem(in, 0) ? 0 : 1;
	uint64_t a, b;
	struct place pl;

	if (!opnd_is_mem(in, mem)) {
		a = opnd_get(c, in, 0);
		b = opnd_get(c, in, 1);
		opnd_set(c, in, 0, b);
		opnd_set(c, in, 1, a);
		return;
	}
	b = opnd_get(c, in, !mem);
	place_open(c, in, mem, &pl);
	b = do_xchg(pl.p, b, pl.size);
	place_done(c, in, &pl);
	opnd_set(c, in, !mem, b);
}

/* Castagnoli's polynomial, reflected; the destination is 32 bits wide whatever its register. */
OP(crc32)
{
	unsigned size = opnd_size(in, 1);
	uint64_t b = opnd_get(c, in, 1);
	uint32_t crc = (uint32_t)c->r[in->reg];

	for (unsigned i = 0; i < size; i++) {
		crc ^= b >> 8 * i & 0xff;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	c->r[in->reg] = crc;
}
