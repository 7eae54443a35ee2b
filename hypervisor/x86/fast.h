/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/fast.h: the common forms of the common instructions, in blocks
 * whose segments are flat: each has a function of its own, which ends by a jump to
 * the next one's. What it does not expect (a TLB miss, I/O memory, a page crossing)
 * it leaves to the handler of the opcode table by fast_slow, untouched.
 *
 * In a chain the six status flags live in cpu.fast.status; cpu.rip is that of the
 * chain's start, or of the instruction that fast_slow runs.
 */
#ifndef HYPERVISOR_X86_FAST_H
#define HYPERVISOR_X86_FAST_H
#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/operand.h"
#include "hypervisor/x86/thunk.h"

struct fast_op;
/* True: the chain ended at an ordinary branch, cpu.rip says where to; false: somebody is to look
 * round before anything else runs. */
typedef bool fast_fn(struct cpu *c, const struct fast_op *f);

struct fast_op {
	fast_fn *run;
	const struct insn *in;
	uint64_t imm;        /* or a branch's target, from the block's start */
	uint64_t disp, mask; /* of the effective address; rip-relative: from the block's start */
	uint16_t seg_at;     /* what is added to it, as an offset in struct cpu */
	uint16_t end;        /* of the instruction, from the block's start */
	uint8_t a, b;        /* registers */
	uint8_t base, index, scale; /* registers or FAST_ZERO, FAST_START */
	uint8_t n;                  /* instructions from the block's start to this one's end */
};
/* Registers beyond the guest's, in cpu.r: 0, and the chain's start. */
enum { FAST_ZERO = 16, FAST_START };

/* What the block wants of segments: bits of the first seven by enum seg, of cpu.fast.open. */
enum { FAST_WRITES = 8, FAST_STACK32 = 1 << 16 };

/* Picks a function for in (fast_slow in any case) and adds to *wants. */
void fast_pick(struct fast_op *f, const struct insn *in, uint32_t *wants);
/* The last of a block that just goes on behind itself. */
bool fast_end(struct cpu *c, const struct fast_op *f);
bool fast_slow(struct cpu *c, const struct fast_op *f);
void fast_merge(struct cpu *c); /* the status flags, into cpu.flags */
/* cpu.fast for what the vCPU is now; false: chains are not for it. */
bool fast_enter(struct cpu *c);
uint32_t fast_open_segments(const struct cpu *c);

/* fast_alu.c, fast_move.c, fast_branch.c: NULL: not one of theirs. Operands are in *f already. */
fast_fn *fast_pick_alu(const struct fast_op *f);
fast_fn *fast_pick_move(struct fast_op *f, uint32_t *wants);
fast_fn *fast_pick_branch(struct fast_op *f, uint32_t *wants);

/* ---- for those files ---- */
#define FAST_NEXT  return f[1].run(c, f + 1)
#define FAST(name) static bool name(struct cpu *c, const struct fast_op *f)

static inline uint64_t fast_ea(const struct cpu *c, const struct fast_op *f)
{
	return (c->r[f->base] + (c->r[f->index] << f->scale) + f->disp) & f->mask;
}
static inline uint64_t fast_lin(const struct cpu *c, const struct fast_op *f)
{
	uint64_t base = *(const uint64_t *)(const void *)((const char *)c + f->seg_at);

	return (c->r[f->base] + (c->r[f->index] << f->scale) + f->disp + base) & f->mask;
}
/* The TLB's entry, NULL: fast_slow's. */
static inline const struct tlb_entry *fast_entry(const struct cpu *c, uint64_t lin, unsigned size,
						 enum mem_access access)
{
	const struct tlb_entry *e = &c->fast.set[lin / PAGE % TLB_SIZE];
	uint64_t page = lin & PAGE_MASK;

	if (__builtin_expect(e->tag[access] != (page | c->fast.ctx) &&
				     e->tag[access] != (page | CTX_GLOBAL),
			     0))
		return NULL;
	return lin % PAGE <= PAGE - size ? e : NULL;
}
static inline const uint8_t *fast_read(const struct cpu *c, uint64_t lin, unsigned size)
{
	const struct tlb_entry *e = fast_entry(c, lin, size, ACCESS_READ);

	return e && e->read ? e->read + lin % PAGE : NULL;
}
/* A flag of the page is set: the write is told. */
bool fast_wrote(struct cpu *c, const struct fast_op *f, const struct tlb_entry *e, uint64_t lin,
		unsigned size);
#define FAST_WROTE(e, lin, size)                                                       \
	do {                                                                           \
		if (__builtin_expect(__atomic_load_n((e)->flag, __ATOMIC_RELAXED), 0)) \
			return fast_wrote(c, f, e, lin, size);                         \
		FAST_NEXT;                                                             \
	} while (0)

static inline uint64_t fast_load(const uint8_t *p, unsigned size)
{
	switch (size) {
	case 1:
		return *p;
	case 2:
		return *(const thunk_16 *)(const void *)p;
	case 4:
		return *(const thunk_32 *)(const void *)p;
	default:
		return *(const thunk_64 *)(const void *)p;
	}
}
static inline void fast_store(uint8_t *p, unsigned size, uint64_t v)
{
	switch (size) {
	case 1:
		*p = (uint8_t)v;
		break;
	case 2:
		*(thunk_16 *)(void *)p = (uint16_t)v;
		break;
	case 4:
		*(thunk_32 *)(void *)p = (uint32_t)v;
		break;
	default:
		*(thunk_64 *)(void *)p = v;
	}
}
/* Never one of AH … BH: those are fast_slow's. */
static inline void fast_reg_set(struct cpu *c, unsigned n, unsigned size, uint64_t v)
{
	if (size == 8)
		c->r[n] = v;
	else if (size == 4)
		c->r[n] = (uint32_t)v;
	else if (size == 2)
		c->r[n] = (c->r[n] & ~0xffffull) | (uint16_t)v;
	else
		c->r[n] = (c->r[n] & ~0xffull) | (uint8_t)v;
}
/* Sizes 1, 2, 4, 8 as an index of 0-3. */
static inline unsigned fast_size(unsigned size)
{
	return (unsigned)__builtin_ctz(size);
}
static inline bool fast_cond(uint64_t status, unsigned cc)
{
	return cond_holds(status, cc);
}
#endif
