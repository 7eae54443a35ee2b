/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/string.c: string instructions. One call does a bounded number of
 * units and, when more are to do, leaves rIP where it is, so that interrupts come
 * in between; rCX, rSI and rDI move with what is done, so that a fault finds them
 * right. What lies in plain RAM goes by the page (string_bulk.c), and so do INS and
 * OUTS upwards, of which the device sees one request for many units.
 *
 * Spec: Intel SDM volume 2, REP; CMPS, INS, LODS, MOVS, OUTS, SCAS, STOS.
 */
#include "hypervisor/x86/string.h"

#include "base/util.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/sys.h"

#define UNITS_AT_ONCE 1024
#define PAGES_AT_ONCE 8

/* ---- one unit of each ---- */

static void one_movs(struct cpu *c, const struct insn *in, unsigned size)
{
	mem_write(c, SEG_ES, string_dst(c, in), size,
		  mem_read(c, in->seg, string_src(c, in), size));
	string_step(c, in, R_SI, size);
	string_step(c, in, R_DI, size);
}

static void one_stos(struct cpu *c, const struct insn *in, unsigned size)
{
	mem_write(c, SEG_ES, string_dst(c, in), size, reg_get(c, in, R_AX, size));
	string_step(c, in, R_DI, size);
}

static void one_lods(struct cpu *c, const struct insn *in, unsigned size)
{
	reg_set(c, in, R_AX, size, mem_read(c, in->seg, string_src(c, in), size));
	string_step(c, in, R_SI, size);
}

static void one_cmps(struct cpu *c, const struct insn *in, unsigned size)
{
	uint64_t a = mem_read(c, in->seg, string_src(c, in), size);

	alu_compare(c, a, mem_read(c, SEG_ES, string_dst(c, in), size), size);
	string_step(c, in, R_SI, size);
	string_step(c, in, R_DI, size);
}

static void one_scas(struct cpu *c, const struct insn *in, unsigned size)
{
	uint64_t b = mem_read(c, SEG_ES, string_dst(c, in), size);

	alu_compare(c, reg_get(c, in, R_AX, size), b, size);
	string_step(c, in, R_DI, size);
}

/* A port's read may not be undone: that the memory takes it is asked first. */
static void one_ins(struct cpu *c, const struct insn *in, unsigned size)
{
	uint16_t port = (uint16_t)c->r[R_DX];

	mem_probe(c, SEG_ES, string_dst(c, in), size, ACCESS_WRITE);
	mem_write(c, SEG_ES, string_dst(c, in), size, io_in(c, port, size));
	string_step(c, in, R_DI, size);
}

static void one_outs(struct cpu *c, const struct insn *in, unsigned size)
{
	uint16_t port = (uint16_t)c->r[R_DX];

	io_out(c, port, size, (uint32_t)mem_read(c, in->seg, string_src(c, in), size));
	string_step(c, in, R_SI, size);
}

/* ---- ports, by the page ---- */

/* One lot: the caller lets interrupts in before the next. A breakpoint on the port wants units. */
static uint64_t bulk_io(struct cpu *c, const struct insn *in, bool out, unsigned size,
			uint64_t units)
{
	uint64_t gpa, ram, fit;

	if (units < 2 || c->flags & FL_DF || c->dr[7] & 0xff)
		return 0;
	ram = string_bulk_ram(c, in, !out, size, &gpa);
	fit = MIN(ram, UNITS_AT_ONCE);
	units = MIN(units, fit);
	if (units < 2)
		return 0;
	units = io_many(c, (uint16_t)c->r[R_DX], size, out, gpa, units);
	string_step(c, in, out ? R_SI : R_DI, units * size);
	return units;
}

static uint64_t bulk_ins(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	return bulk_io(c, in, false, size, units);
}

static uint64_t bulk_outs(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	return bulk_io(c, in, true, size, units);
}

/* ---- repetition ---- */

struct string_op {
	void (*one)(struct cpu *c, const struct insn *in, unsigned size);
	string_bulk_fn *bulk;
	bool compares, io;
};

static void count_down(struct cpu *c, const struct insn *in, uint64_t by)
{
	c->r[R_CX] = reg_join(c->r[R_CX], c->r[R_CX] - by, in->addrsize);
}

/* What is done of units that are left. */
static uint64_t some_units(struct cpu *c, const struct insn *in, const struct string_op *op,
			   unsigned size, uint64_t left)
{
	uint64_t n = string_may_bulk(c) ? op->bulk(c, in, size, left) : 0;

	if (!n) {
		op->one(c, in, size);
		n = 1;
	}
	count_down(c, in, n);
	return n;
}

/* Is there something to be seen to before the next units? */
static bool wanted(const struct cpu *c)
{
	return c->dr6_pending || c->break_block ||
	       __atomic_load_n(&c->attention, __ATOMIC_RELAXED) ||
	       (c->flags & FL_IF && __atomic_load_n(c->intr, __ATOMIC_RELAXED));
}

static void leave(struct cpu *c)
{
	c->next_rip = c->rip;
	c->flags |= FL_RF; /* SDM 17.3.1.1: the breakpoint here was met already */
	c->break_block = true;
}

static void repeat(struct cpu *c, const struct insn *in, const struct string_op *op, unsigned size)
{
	uint64_t left = reg_part(c->r[R_CX], in->addrsize), n;
	unsigned done = 0, most = c->flags & FL_TF ? 1 : UNITS_AT_ONCE;

	while (left) {
		n = some_units(c, in, op, size, left);
		left -= n;
		if (op->compares && !(c->flags & FL_ZF) != (in->rep == 0xf2))
			return;
		done += n == 1 ? 1 : UNITS_AT_ONCE / PAGES_AT_ONCE;
		if (left && (done >= most || (op->io && n > 1) || wanted(c))) {
			leave(c);
			return;
		}
	}
}

static void run(struct cpu *c, const struct insn *in, const struct string_op *op, unsigned i)
{
	bool broken = c->break_block; /* from before: run_uncached */
	unsigned size = opnd_size(in, i);

	if (op->io) /* before the count is looked at */
		io_check(c, (uint16_t)c->r[R_DX], size);
	if (!in->rep) {
		op->one(c, in, size);
		return;
	}
	c->break_block = false;
	repeat(c, in, op, size);
	c->break_block |= broken;
}

#define STRING(name, operand, ...)                                            \
	OP(name)                                                              \
	{                                                                     \
		static const struct string_op op = {one_##name, __VA_ARGS__}; \
		run(c, in, &op, operand);                                     \
	}

STRING(movs, 0, string_bulk_movs, false, false)
STRING(stos, 0, string_bulk_stos, false, false)
STRING(lods, 1, string_bulk_lods, false, false)
STRING(cmps, 0, string_bulk_cmps, true, false)
STRING(scas, 1, string_bulk_scas, true, false)
STRING(ins, 0, bulk_ins, false, true)
STRING(outs, 1, bulk_outs, false, true)
