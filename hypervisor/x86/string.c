/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/string.c: string instructions. One call does a bounded number of
 * units and, when more are to do, leaves rIP where it is, so that interrupts come
 * in between; rCX, rSI and rDI move with each unit, so that a fault finds them
 * right. MOVS and STOS upwards in plain RAM go by the page, and so do INS and OUTS,
 * of which the device sees one request for many units.
 *
 * Spec: Intel SDM volume 2, REP; CMPS, INS, LODS, MOVS, OUTS, SCAS, STOS.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/sys.h"

#include <string.h>

#define UNITS_AT_ONCE 1024
#define PAGE          4096u

static uint64_t src(const struct cpu *c, const struct insn *in)
{
	return reg_part(c->r[R_SI], in->addrsize);
}

static uint64_t dst(const struct cpu *c, const struct insn *in)
{
	return reg_part(c->r[R_DI], in->addrsize);
}

static void step(struct cpu *c, const struct insn *in, unsigned reg, uint64_t bytes)
{
	uint64_t by = c->flags & FL_DF ? 0 - bytes : bytes;

	c->r[reg] = reg_join(c->r[reg], c->r[reg] + by, in->addrsize);
}

/* ---- one unit of each ---- */

typedef void unit_fn(struct cpu *c, const struct insn *in, unsigned size);

static void movs(struct cpu *c, const struct insn *in, unsigned size)
{
	mem_write(c, SEG_ES, dst(c, in), size, mem_read(c, in->seg, src(c, in), size));
	step(c, in, R_SI, size);
	step(c, in, R_DI, size);
}

static void stos(struct cpu *c, const struct insn *in, unsigned size)
{
	mem_write(c, SEG_ES, dst(c, in), size, reg_get(c, in, R_AX, size));
	step(c, in, R_DI, size);
}

static void lods(struct cpu *c, const struct insn *in, unsigned size)
{
	reg_set(c, in, R_AX, size, mem_read(c, in->seg, src(c, in), size));
	step(c, in, R_SI, size);
}

static void cmps(struct cpu *c, const struct insn *in, unsigned size)
{
	uint64_t a = mem_read(c, in->seg, src(c, in), size);

	alu_compare(c, a, mem_read(c, SEG_ES, dst(c, in), size), size);
	step(c, in, R_SI, size);
	step(c, in, R_DI, size);
}

static void scas(struct cpu *c, const struct insn *in, unsigned size)
{
	uint64_t b = mem_read(c, SEG_ES, dst(c, in), size);

	alu_compare(c, reg_get(c, in, R_AX, size), b, size);
	step(c, in, R_DI, size);
}

/* A port's read may not be undone: that the memory takes it is asked first. */
static void ins(struct cpu *c, const struct insn *in, unsigned size)
{
	uint16_t port = (uint16_t)c->r[R_DX];

	mem_probe(c, SEG_ES, dst(c, in), size, ACCESS_WRITE);
	mem_write(c, SEG_ES, dst(c, in), size, io_in(c, port, size));
	step(c, in, R_DI, size);
}

static void outs(struct cpu *c, const struct insn *in, unsigned size)
{
	uint16_t port = (uint16_t)c->r[R_DX];

	io_out(c, port, size, (uint32_t)mem_read(c, in->seg, src(c, in), size));
	step(c, in, R_SI, size);
}

/* ---- by the page ---- */

/* Units from off on that lie within one page, the offset's width and the segment's limit, when the
 * segment is of the plain kind; 0: let the units find out. */
static uint64_t room(const struct cpu *c, const struct insn *in, unsigned seg, uint64_t off,
		     unsigned size)
{
	const struct segment *s = &c->seg[seg];
	bool flat = c->mode == MODE_64, based = !flat || seg >= SEG_FS;
	uint64_t lin = off + (based ? s->base : 0), n = PAGE - lin % PAGE;

	if (in->addrsize != 8 && off + n > 1ull << in->addrsize * 8)
		n = (1ull << in->addrsize * 8) - off;
	if (flat)
		return n / size;
	if ((s->attr & 0xc) == 4 || off > s->limit)
		return 0;
	if (n > (uint64_t)s->limit - off + 1)
		n = (uint64_t)s->limit - off + 1;
	return n / size;
}

/* Debug traps want to see each unit, alignment checks each access. */
static bool may_bulk(const struct cpu *c)
{
	return !(c->flags & (FL_DF | FL_TF)) && !c->watching &&
	       !(c->cpl == 3 && c->cr0 & CR0_AM && c->flags & FL_AC);
}

static uint64_t bulk_stos(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	uint64_t fit = room(c, in, SEG_ES, dst(c, in), size), v = reg_get(c, in, R_AX, size);
	uint8_t *to;

	if (units > fit)
		units = fit;
	if (units < 2)
		return 0;
	to = mem_rmw(c, SEG_ES, dst(c, in), (unsigned)(units * size));
	if (!to)
		return 0;
	for (uint64_t i = 0; i < units; i++)
		memcpy(to + i * size, &v, size);
	mem_rmw_done(c);
	step(c, in, R_DI, units * size);
	return units;
}

/* A destination within the source's bytes would see what was just written. RAM is mapped once on
 * the host, so that two guest addresses of one byte meet here. */
static bool overlaps_ahead(const uint8_t *from, const uint8_t *to, uint64_t bytes)
{
	return to > from && to < from + bytes;
}

static uint64_t bulk_movs(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	uint64_t fit = room(c, in, SEG_ES, dst(c, in), size);
	const uint8_t *from;
	uint8_t *to;

	if (units > fit)
		units = fit;
	fit = room(c, in, in->seg, src(c, in), size);
	if (units > fit)
		units = fit;
	if (units < 2)
		return 0;
	from = mem_peek(c, in->seg, src(c, in), (unsigned)(units * size));
	to = from ? mem_rmw(c, SEG_ES, dst(c, in), (unsigned)(units * size)) : NULL;
	if (!to || overlaps_ahead(from, to, units * size))
		return 0;
	memmove(to, from, units * size);
	mem_rmw_done(c);
	step(c, in, R_SI, units * size);
	step(c, in, R_DI, units * size);
	return units;
}

/* One lot: the caller lets interrupts in before the next. A breakpoint on the port wants units. */
static uint64_t bulk_io(struct cpu *c, const struct insn *in, bool out, unsigned size,
			uint64_t units)
{
	unsigned seg = out ? in->seg : SEG_ES;
	uint64_t off = out ? src(c, in) : dst(c, in), fit = room(c, in, seg, off, size), gpa;

	if (units > fit)
		units = fit;
	if (units > UNITS_AT_ONCE)
		units = UNITS_AT_ONCE;
	if (units < 2 || c->dr[7] & 0xff)
		return 0;
	if (!mem_ram(c, seg, off, (unsigned)(units * size), out ? ACCESS_READ : ACCESS_WRITE, &gpa))
		return 0;
	units = io_many(c, (uint16_t)c->r[R_DX], size, out, gpa, units);
	step(c, in, out ? R_SI : R_DI, units * size);
	return units;
}

/* ---- repetition ---- */

static void count_down(struct cpu *c, const struct insn *in, uint64_t by)
{
	c->r[R_CX] = reg_join(c->r[R_CX], c->r[R_CX] - by, in->addrsize);
}

static uint64_t some_units(struct cpu *c, const struct insn *in, unit_fn *one, unsigned size,
			   uint64_t left)
{
	uint64_t n = 0;

	if (one == movs && may_bulk(c))
		n = bulk_movs(c, in, size, left);
	else if (one == stos && may_bulk(c))
		n = bulk_stos(c, in, size, left);
	else if ((one == ins || one == outs) && may_bulk(c))
		n = bulk_io(c, in, one == outs, size, left);
	if (!n) {
		one(c, in, size);
		n = 1;
	}
	return n;
}

static void repeat(struct cpu *c, const struct insn *in, unit_fn *one, unsigned i)
{
	unsigned size = opnd_size(in, i), most = c->flags & FL_TF ? 1 : UNITS_AT_ONCE;
	bool compares = one == cmps || one == scas, io = one == ins || one == outs;
	uint64_t left, n;

	if (io) /* before the count is looked at */
		io_check(c, (uint16_t)c->r[R_DX], size);
	if (!in->rep) {
		one(c, in, size);
		return;
	}
	for (unsigned done = 0; done < most && (!done || !c->dr6_pending); done++) {
		left = reg_part(c->r[R_CX], in->addrsize);
		if (!left)
			return;
		n = some_units(c, in, one, size, left);
		count_down(c, in, n);
		if (io && n > 1)
			break;
		if (compares && !(c->flags & FL_ZF) != (in->rep == 0xf2))
			return;
	}
	if (reg_part(c->r[R_CX], in->addrsize)) {
		c->next_rip = c->rip;
		c->flags |= FL_RF; /* SDM 17.3.1.1: the breakpoint here was met already */
		c->break_block = true;
	}
}

OP(movs)
{
	repeat(c, in, movs, 0);
}

OP(stos)
{
	repeat(c, in, stos, 0);
}

OP(lods)
{
	repeat(c, in, lods, 1);
}

OP(cmps)
{
	repeat(c, in, cmps, 0);
}

OP(scas)
{
	repeat(c, in, scas, 1);
}

OP(ins)
{
	repeat(c, in, ins, 0);
}

OP(outs)
{
	repeat(c, in, outs, 1);
}
