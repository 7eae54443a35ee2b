/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/bcd.c: decimal and ASCII adjustment. The host has none of these
 * in 64-bit mode, so they are written out; the flags that the SDM leaves undefined
 * follow the result, OF (and CF, AF where undefined) are 0.
 *
 * Spec: Intel SDM volume 2, AAA, AAD, AAM, AAS, DAA, DAS.
 */
#include "hypervisor/x86/exec.h"

static void set_al(struct cpu *c, uint8_t al)
{
	c->r[R_AX] = (c->r[R_AX] & ~0xffull) | al;
}

/* SF, ZF and PF of al; CF and AF as told; OF 0. */
static void set_flags(struct cpu *c, uint8_t al, bool cf, bool af)
{
	c->flags &= ~(uint64_t)FL_STATUS;
	if (al & 0x80)
		c->flags |= FL_SF;
	if (!al)
		c->flags |= FL_ZF;
	if (!__builtin_parity(al))
		c->flags |= FL_PF;
	if (cf)
		c->flags |= FL_CF;
	if (af)
		c->flags |= FL_AF;
}

static void decimal(struct cpu *c, bool subtract)
{
	uint8_t old = (uint8_t)c->r[R_AX], by = 0;
	bool af = (old & 15) > 9 || c->flags & FL_AF, cf = c->flags & FL_CF;
	bool high = old > 0x99 || cf;

	if (af)
		by = 6;
	if (high)
		by += 0x60;
	/* DAS of a byte below 6 borrows: CF, even where the high half is not adjusted. */
	cf = high || (subtract && af && old < 6);
	set_al(c, (uint8_t)(subtract ? old - by : old + by));
	set_flags(c, (uint8_t)c->r[R_AX], cf, af);
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

	if (adjust)
		ax = (uint16_t)(ax + by);
	c->r[R_AX] = (c->r[R_AX] & ~0xffffull) | (ax & 0xff0f);
	set_flags(c, ax & 15, adjust, adjust);
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
	set_flags(c, al % base, false, false);
}

OP(aad)
{
	uint8_t al = (uint8_t)(c->r[R_AX] + (c->r[R_AX] >> 8 & 0xff) * (in->imm & 0xff));

	c->r[R_AX] = (c->r[R_AX] & ~0xffffull) | al;
	set_flags(c, al, false, false);
}
