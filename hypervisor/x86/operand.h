/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/operand.h: what handlers share: operands by the table's letters,
 * the stack, ports.
 */
#ifndef HYPERVISOR_X86_OPERAND_H
#define HYPERVISOR_X86_OPERAND_H
#include "hypervisor/x86/cpu.h"

/* ---- operands (operand.c) ---- */
/* Value of operand i, zero-extended from its size (O_Is: sign-extended to operand 0's). */
uint64_t opnd_get(struct cpu *c, const struct insn *in, unsigned i);
void opnd_set(struct cpu *c, const struct insn *in, unsigned i, uint64_t val);
bool opnd_is_mem(const struct insn *in, unsigned i);

/* General register n as an operand of size bytes: AH … BH for 4-7 of one byte without REX. */
static inline uint64_t reg_get(const struct cpu *c, const struct insn *in, unsigned n,
			       unsigned size)
{
	if (size == 1 && !in->rex && n - 4u < 4u)
		return c->r[n - 4] >> 8 & 0xff;
	return size == 8 ? c->r[n] : c->r[n] & ((1ull << size * 8) - 1);
}
static inline void reg_set(struct cpu *c, const struct insn *in, unsigned n, unsigned size,
			   uint64_t val)
{
	if (size == 8)
		c->r[n] = val;
	else if (size == 4)
		c->r[n] = (uint32_t)val;
	else if (size == 2)
		c->r[n] = (c->r[n] & ~0xffffull) | (uint16_t)val;
	else if (!in->rex && n - 4u < 4u)
		c->r[n - 4] = (c->r[n - 4] & ~0xff00ull) | (uint64_t)(uint8_t)val << 8;
	else
		c->r[n] = (c->r[n] & ~0xffull) | (uint8_t)val;
}
/* The part of a register that an address or counter of size bytes uses (2, 4, 8). */
static inline uint64_t reg_part(uint64_t v, unsigned size)
{
	return size == 8 ? v : size == 4 ? (uint32_t)v : (uint16_t)v;
}
static inline uint64_t reg_join(uint64_t old, uint64_t val, unsigned size)
{
	return size == 2 ? (old & ~0xffffull) | (uint16_t)val : reg_part(val, size);
}
static inline unsigned opnd_size(const struct insn *in, unsigned i)
{
	return in->size[i];
}
static inline int64_t sign_extend(uint64_t v, unsigned size)
{
	unsigned up = 64 - 8 * size;

	return (int64_t)(v << up) >> up;
}

/*
 * A destination that is read and written in one go: p is the register itself or the guest's memory
 * on the host, so that the host's instruction works on it, with LOCK where the guest says so.
 * Without a host pointer p is a copy that place_done writes back.
 */
struct place {
	void *p;
	uint64_t copy, off, *zero; /* zero: register whose upper half a 32-bit result clears */
	unsigned size;
	bool slow, rmw; /* rmw: p is of mem_rmw */
};
void place_open(struct cpu *c, const struct insn *in, unsigned i, struct place *pl);
void place_mem(struct cpu *c, const struct insn *in, uint64_t off, unsigned size, struct place *pl);
void place_done(struct cpu *c, const struct insn *in, struct place *pl);

/* ---- the stack (stack.c) ---- */
unsigned insn_stack_size(const struct cpu *c); /* 2, 4 or 8 */
void insn_push(struct cpu *c, unsigned size, uint64_t val);
void insn_push_probe(struct cpu *c, unsigned size); /* a push's faults, without one */
/* What is `skip` bytes above the stack's top; the pointer stays. */
uint64_t insn_peek(struct cpu *c, unsigned skip, unsigned size);
void insn_drop(struct cpu *c, unsigned bytes);

/* Ports, after the check by IOPL and bitmap; io.c. */
uint32_t io_in(struct cpu *c, uint16_t port, unsigned size);
void io_out(struct cpu *c, uint16_t port, unsigned size, uint32_t val);
/* Units between the port and RAM within a page; how many are done, 0: not in one go. */
uint64_t io_many(struct cpu *c, uint16_t port, unsigned size, bool out, uint64_t gpa,
		 uint64_t units);
/* The flags of a - b (alu.c). */
void alu_compare(struct cpu *c, uint64_t a, uint64_t b, unsigned size);
bool cond_holds(uint64_t flags, unsigned cc); /* cc: an opcode's low four bits */
#endif
