/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/string_bulk.c: see string.h. One look at the TLB for each side,
 * then plain work on the host's memory.
 *
 * Other vCPUs may write there meanwhile: what counts is how a comparison's last unit
 * is when its flags are made.
 *
 * Spec: Intel SDM volume 2, REP; volume 3, 8.2.4 (fast-string operation).
 * Tests: tests/x86/strings.c, tests/x86/oracle_native.c
 */
#include "hypervisor/x86/string.h"

#include "hypervisor/x86/fast.h"

#include <string.h>

/* Up to here memmove and memset cost more than they save; and one unit is one access. */
#define FEW 8

struct side {
	const struct tlb_entry *e; /* right until the next look */
	uint8_t *host;             /* of the first unit */
	uint64_t lin, units;       /* how many follow it, itself too, up or down */
};

/* ---- where ---- */

static uint64_t least(uint64_t x, uint64_t y)
{
	return x < y ? x : y;
}

/* Bytes from this place of so much on, upwards, or downwards from the unit's end on. */
static uint64_t room(uint64_t at, uint64_t all, unsigned size, bool down)
{
	if (at + size > all)
		return 0;
	return down ? at + size : all - at;
}

/* A segment of the plain kind, off within it; the rest is for single units. */
static uint64_t segment_room(struct cpu *c, unsigned seg, uint64_t off, unsigned size, bool write)
{
	const struct segment *s = &c->seg[seg];

	mem_check(c, seg, off, size, write ? ACCESS_WRITE : ACCESS_READ);
	if ((s->attr & 0xc) == 4)
		return 0;
	return room(off, (uint64_t)s->limit + 1, size, c->flags & FL_DF);
}

/* Sets s->lin; bytes. */
static uint64_t side_room(struct cpu *c, const struct insn *in, unsigned seg, uint64_t off,
			  unsigned size, bool write, struct side *s)
{
	bool down = c->flags & FL_DF, flat = c->mode == MODE_64;
	uint64_t n;

	s->lin = flat && seg < SEG_FS ? off : off + c->seg[seg].base;
	if (!flat)
		s->lin = (uint32_t)s->lin;
	else if (!lin_canonical(s->lin))
		return 0;
	n = room(s->lin % PAGE, PAGE, size, down);
	if (in->addrsize != 8)
		n = least(n, room(off, 1ull << in->addrsize * 8, size, down));
	return flat ? n : least(n, segment_room(c, seg, off, size, write));
}

static bool side_open(struct cpu *c, const struct insn *in, unsigned reg, unsigned size, bool write,
		      struct side *s)
{
	unsigned seg = reg == R_SI ? in->seg : SEG_ES;
	uint64_t off = reg_part(c->r[reg], in->addrsize);
	uint32_t error;

	s->units = side_room(c, in, seg, off, size, write, s) >> fast_size(size);
	if (!s->units)
		return false;
	s->e = mmu_try(c, s->lin, write ? ACCESS_WRITE : ACCESS_READ, set_explicit(c), &error);
	if (!s->e || !s->e->read || (write && s->e->write != s->e->read))
		return false;
	s->host = s->e->read + s->lin % PAGE;
	return true;
}

/* From one unit to the next. */
static ptrdiff_t stride(const struct cpu *c, unsigned size)
{
	return c->flags & FL_DF ? -(ptrdiff_t)size : (ptrdiff_t)size;
}

static const uint8_t *nth(const struct cpu *c, const struct side *s, uint64_t n, unsigned size)
{
	return s->host + (ptrdiff_t)n * stride(c, size);
}

/* The lowest byte of so many. */
static uint64_t side_first(const struct cpu *c, const struct side *s, uint64_t bytes, unsigned size)
{
	return c->flags & FL_DF ? s->lin + size - bytes : s->lin;
}

static void side_save(struct cpu *c, const struct side *s, uint64_t bytes, unsigned size)
{
	uint64_t at = side_first(c, s, bytes, size) % PAGE;

	verify_save(c, s->e->write + at, (unsigned)bytes, s->e->gpa + at, s->e->flag);
}

static void side_written(struct cpu *c, const struct side *s, uint64_t bytes, unsigned size)
{
	mmu_written(c, s->e, side_first(c, s, bytes, size), (unsigned)bytes);
}

uint64_t string_bulk_ram(struct cpu *c, const struct insn *in, bool write, unsigned size,
			 uint64_t *gpa)
{
	struct side s;

	if (!side_open(c, in, write ? R_DI : R_SI, size, write, &s))
		return 0;
	*gpa = s.e->gpa + s.lin % PAGE;
	return s.units;
}

/* ---- MOVS, STOS, LODS ---- */

#define BY_SIZE(fn, size, ...)                     \
	do {                                       \
		switch (size) {                    \
		case 1:                            \
			return fn(1, __VA_ARGS__); \
		case 2:                            \
			return fn(2, __VA_ARGS__); \
		case 4:                            \
			return fn(4, __VA_ARGS__); \
		default:                           \
			return fn(8, __VA_ARGS__); \
		}                                  \
	} while (0)
#define EACH_SIZE static inline __attribute__((always_inline))

EACH_SIZE void move_units(unsigned size, uint8_t *to, const uint8_t *from, uint64_t n, ptrdiff_t by)
{
	for (; n; n--, to += by, from += by)
		fast_store(to, size, fast_load(from, size));
}

static void move_each(unsigned size, uint8_t *to, const uint8_t *from, uint64_t n, ptrdiff_t by)
{
	BY_SIZE(move_units, size, to, from, n, by);
}

/* A destination that the source's later units lie in sees what was just written there. RAM is
 * mapped once on the host, so that two guest addresses of one byte meet here. */
static bool one_by_one(const uint8_t *to, const uint8_t *from, uint64_t bytes, bool down)
{
	return down ? to < from && to + bytes > from : to > from && to < from + bytes;
}

static void move_all(unsigned size, uint8_t *to, const uint8_t *from, uint64_t n, bool down)
{
	uint64_t bytes = n * size, back = down ? bytes - size : 0;

	if (n <= FEW || one_by_one(to, from, bytes, down))
		move_each(size, to, from, n, down ? -(ptrdiff_t)size : (ptrdiff_t)size);
	else
		memmove(to - back, from - back, bytes);
}

uint64_t string_bulk_movs(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	struct side from, to;

	if (!side_open(c, in, R_SI, size, false, &from) || !side_open(c, in, R_DI, size, true, &to))
		return 0;
	units = least(units, least(from.units, to.units));
	side_save(c, &to, units * size, size);
	move_all(size, to.host, from.host, units, c->flags & FL_DF);
	side_written(c, &to, units * size, size);
	string_step(c, in, R_SI, units * size);
	string_step(c, in, R_DI, units * size);
	return units;
}

EACH_SIZE void fill_units(unsigned size, uint8_t *to, uint64_t v, uint64_t n, ptrdiff_t by)
{
	for (; n; n--, to += by)
		fast_store(to, size, v);
}

static void fill_each(unsigned size, uint8_t *to, uint64_t v, uint64_t n, ptrdiff_t by)
{
	BY_SIZE(fill_units, size, to, v, n, by);
}

static void fill_all(unsigned size, uint8_t *to, uint64_t v, uint64_t n, bool down)
{
	uint64_t same = (v & 0xff) * (~0ull / 0xff) >> (64 - 8 * size);

	if (n <= FEW || v != same)
		fill_each(size, to, v, n, down ? -(ptrdiff_t)size : (ptrdiff_t)size);
	else
		memset(down ? to - (n - 1) * size : to, (int)(v & 0xff), n * size);
}

uint64_t string_bulk_stos(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	struct side to;

	if (!side_open(c, in, R_DI, size, true, &to))
		return 0;
	units = least(units, to.units);
	side_save(c, &to, units * size, size);
	fill_all(size, to.host, reg_get(c, in, R_AX, size), units, c->flags & FL_DF);
	side_written(c, &to, units * size, size);
	string_step(c, in, R_DI, units * size);
	return units;
}

uint64_t string_bulk_lods(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	struct side from;

	if (!side_open(c, in, R_SI, size, false, &from))
		return 0;
	units = least(units, from.units);
	reg_set(c, in, R_AX, size, fast_load(nth(c, &from, units - 1, size), size));
	string_step(c, in, R_SI, units * size);
	return units;
}

/* ---- CMPS, SCAS: the flags are those of the last unit, which is looked at once more ---- */

/* Units before the one that ends it. */
EACH_SIZE uint64_t scan_units(unsigned size, const uint8_t *p, uint64_t v, uint64_t n, ptrdiff_t by,
			      bool equal)
{
	uint64_t i;

	for (i = 0; i < n && (fast_load(p, size) == v) == equal; i++)
		p += by;
	return i;
}

static uint64_t scan(unsigned size, const uint8_t *p, uint64_t v, uint64_t n, ptrdiff_t by,
		     bool equal)
{
	const uint8_t *found;

	if (by == 1 && !equal) {
		found = memchr(p, (int)v, n);
		return found ? (uint64_t)(found - p) : n;
	}
	BY_SIZE(scan_units, size, p, v, n, by, equal);
}

uint64_t string_bulk_scas(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	uint64_t v = reg_get(c, in, R_AX, size);
	struct side s;

	if (!side_open(c, in, R_DI, size, false, &s))
		return 0;
	units = least(units, s.units);
	units = least(units, 1 + scan(size, s.host, v, units, stride(c, size), in->rep == 0xf3));
	alu_compare(c, v, fast_load(nth(c, &s, units - 1, size), size), size);
	string_step(c, in, R_DI, units * size);
	return units;
}

/* Bytes up to the first that differs. */
static uint64_t same_bytes(const uint8_t *p, const uint8_t *q, uint64_t len)
{
	uint64_t i = 0, x;

	for (; i + 8 <= len; i += 8) {
		x = fast_load(p + i, 8) ^ fast_load(q + i, 8);
		if (x)
			return i + (unsigned)__builtin_ctzll(x) / 8;
	}
	while (i < len && p[i] == q[i])
		i++;
	return i;
}

EACH_SIZE uint64_t pair_units(unsigned size, const uint8_t *p, const uint8_t *q, uint64_t n,
			      ptrdiff_t by, bool equal)
{
	uint64_t i;

	for (i = 0; i < n && (fast_load(p, size) == fast_load(q, size)) == equal; i++) {
		p += by;
		q += by;
	}
	return i;
}

static uint64_t pairs(unsigned size, const uint8_t *p, const uint8_t *q, uint64_t n, ptrdiff_t by,
		      bool equal)
{
	if (by > 0 && equal)
		return same_bytes(p, q, n * size) >> fast_size(size);
	BY_SIZE(pair_units, size, p, q, n, by, equal);
}

uint64_t string_bulk_cmps(struct cpu *c, const struct insn *in, unsigned size, uint64_t units)
{
	struct side p, q;

	if (!side_open(c, in, R_SI, size, false, &p) || !side_open(c, in, R_DI, size, false, &q))
		return 0;
	units = least(units, least(p.units, q.units));
	units = least(units,
		      1 + pairs(size, p.host, q.host, units, stride(c, size), in->rep == 0xf3));
	alu_compare(c, fast_load(nth(c, &p, units - 1, size), size),
		    fast_load(nth(c, &q, units - 1, size), size), size);
	string_step(c, in, R_SI, units * size);
	string_step(c, in, R_DI, units * size);
	return units;
}
