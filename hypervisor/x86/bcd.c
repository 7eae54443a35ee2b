/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/bcd.c: decimal and ASCII adjustment. The host has none of these
 * in 64-bit mode, so they are written out; the flags that the SDM leaves undefined
 * are those of the byte addition or subtraction inside, as processors have them.
 *
 * Spec: Intel SDM volume 2, AAA, AAD, AAM, AAS, DAA, DAS.
 */
#include "hypervisor/x86/exec.h"

static void set_al(struct cpu *c, uint8_t al)
{
	c->r[R_AX] = (c->r[R_AX] & ~0xffull) | al;
}

/* The flags of a + b, or of a - b when b is negative, in a byte or a word (top: the sign's bit);
 * then CF and AF as told. */
static void set_flags(struct cpu *c, unsigned top, unsigned a, int b, bool cf, bool af)
{
	unsigned sum = (a + (unsigned)b) & (2 * top - 1), by = (unsigned)(b < 0 ? -b : b);
	bool over = (b < 0 ? (a ^ by) & (a ^ sum) : (sum ^ a) & (sum ^ by)) & top;

	c->flags &= ~(uint64_t)FL_STATUS;
	if (sum & top)
		c->flags |= FL_SF;
	if (!sum)
		c->flags |= FL_ZF;
	if (!__builtin_parity(sum & 0xff))
		c->flags |= FL_PF;
	if (over)
		c->flags |= FL_OF;
	if (cf)
		c->flags |= FL_CF;
	if (af)
		c->flags |= FL_AF;
}

static void decimal(struct cpu *c, bool subtract)
{
	uint8_t old = (uint8_t)c->r[R_AX];
	bool af = (old & 15) > 9 || c->flags & FL_AF, cf = c->flags & FL_CF;
	bool high = old > 0x99 || cf;
	int by = (af ? 6 : 0) + (high ? 0x60 : 0);

	/* DAS of a byte below 6 borrows: CF, even where the high half is not adjusted. */
	cf = high || (subtract && af && old < 6);
	if (subtract)
		by = -by;
	set_al(c, (uint8_t)(old + by));
	set_flags(c, 0x80, old, by, cf, af);
}

OP(daa)
{
	(void)in;
	decimal(c, false);
}

OP(das)
{
	(void)in;
	decimal(c, true);
}

static void ascii(struct cpu *c, int by)
{
	uint16_t ax = (uint16_t)c->r[R_AX];
	bool adjust = (ax & 15) > 9 || c->flags & FL_AF;

	set_flags(c, 0x8000, ax, adjust ? by : 0, adjust, adjust);
	if (adjust)
		ax = (uint16_t)(ax + by);
	c->r[R_AX] = (c->r[R_AX] & ~0xffffull) | (ax & 0xff0f);
}

OP(aaa)
{
	(void)in;
	ascii(c, 0x106);
}

OP(aas)
{
	(void)in;
	ascii(c, -0x106);
}

OP(aam)
{
	uint8_t base = (uint8_t)in->imm, al = (uint8_t)c->r[R_AX];

	if (!base)
		cpu_raise(c, EXC_DE);
	c->r[R_AX] = (c->r[R_AX] & ~0xffffull) | (uint64_t)(al / base) << 8 | al % base;
	set_flags(c, 0x80, al % base, 0, false, false);
}

OP(aad)
{
	uint8_t al = (uint8_t)c->r[R_AX],
		by = (uint8_t)((c->r[R_AX] >> 8 & 0xff) * (in->imm & 0xff));

	c->r[R_AX] = (c->r[R_AX] & ~0xffffull) | (uint8_t)(al + by);
	set_flags(c, 0x80, al, by, al + by > 0xff, (al & 15) + (by & 15) > 15);
}
