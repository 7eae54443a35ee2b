/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/operand.c: reading and writing operands by the table's letters.
 *
 * Spec: Intel SDM volume 2, A.2.1 (addressing codes), 3.1.1.3.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/smp.h"

static uint64_t mask_of(unsigned size)
{
	return size >= 8 ? ~0ull : (1ull << size * 8) - 1;
}

/* SDM volume 1, 3.7.5: the sum wraps at the address size. */
uint64_t insn_ea(const struct cpu *c, const struct insn *in)
{
	uint64_t ea = (uint64_t)in->disp;

	if (in->base == REG_RIP)
		ea += c->next_rip;
	else if (in->base != REG_NONE)
		ea += c->r[in->base];
	if (in->index != REG_NONE)
		ea += c->r[in->index] << in->scale;
	return reg_part(ea, in->addrsize);
}

bool opnd_is_mem(const struct insn *in, unsigned i)
{
	unsigned kind = in->op->o[i].kind;

	return kind == O_M || kind == O_O || (kind == O_E && in->mod != 3);
}

static uint64_t mem_off(const struct cpu *c, const struct insn *in, unsigned i)
{
	if (in->op->o[i].kind == O_O)
		return reg_part((uint64_t)in->disp, in->addrsize);
	return insn_ea(c, in);
}

/* An accumulator of one byte is AL, whatever the prefixes; reg_get would say so too. */
static uint64_t other_get(const struct cpu *c, const struct insn *in, unsigned i, unsigned size)
{
	unsigned kind = in->op->o[i].kind;

	switch (kind) {
	case O_I:
		return in->imm & mask_of(size);
	case O_Is:
		return (uint64_t)sign_extend(in->imm, in->imm_size) & mask_of(opnd_size(in, 0));
	case O_1:
		return 1;
	case O_S:
		return c->seg[in->reg & 7].sel;
	case O_ES:
	case O_CS:
	case O_SS:
	case O_DS:
	case O_FS:
	case O_GS:
		return c->seg[kind - O_ES].sel;
	default:
		return 0;
	}
}

uint64_t opnd_get(struct cpu *c, const struct insn *in, unsigned i)
{
	unsigned size = opnd_size(in, i);
	unsigned r = in->gpr[i];

	if (r != REG_NONE)
		return reg_get(c, in, r, size);
	if (opnd_is_mem(in, i))
		return mem_read(c, in->seg, mem_off(c, in, i), size);
	return other_get(c, in, i, size);
}

void opnd_set(struct cpu *c, const struct insn *in, unsigned i, uint64_t val)
{
	unsigned size = opnd_size(in, i);
	unsigned r = in->gpr[i];

	if (r != REG_NONE)
		reg_set(c, in, r, size, val);
	else
		mem_write(c, in->seg, mem_off(c, in, i), size, val & mask_of(size));
}

void place_mem(struct cpu *c, const struct insn *in, uint64_t off, unsigned size, struct place *pl)
{
	pl->off = off;
	pl->size = size;
	pl->zero = NULL;
	pl->p = mem_rmw(c, in->seg, off, size);
	pl->slow = !pl->p;
	pl->rmw = pl->p;
	if (pl->slow) {
		if (in->lock || in->op->run == op_xchg) /* which locks unasked */
			smp_begin_alone(c);
		pl->copy = mem_read(c, in->seg, off, size);
		pl->p = &pl->copy;
	}
}

void place_open(struct cpu *c, const struct insn *in, unsigned i, struct place *pl)
{
	unsigned size = opnd_size(in, i);
	unsigned r = in->gpr[i];

	if (r == REG_NONE) {
		place_mem(c, in, mem_off(c, in, i), size, pl);
		return;
	}
	pl->slow = pl->rmw = false;
	pl->size = size;
	pl->zero = size == 4 ? &c->r[r] : NULL;
	pl->p = &c->r[r];
	if (size == 1 && !in->rex && r - 4u < 4u)
		pl->p = (uint8_t *)&c->r[r - 4] + 1;
}

void place_done(struct cpu *c, const struct insn *in, struct place *pl)
{
	if (pl->slow) {
		mem_write(c, in->seg, pl->off, pl->size, pl->copy);
		smp_end_alone(c);
	} else if (pl->rmw) {
		mem_rmw_done(c);
	} else if (pl->zero) {
		*pl->zero = (uint32_t)*pl->zero;
	}
}

bool cond_holds(uint64_t flags, unsigned cc)
{
	bool sf_of = !(flags & FL_SF) != !(flags & FL_OF), yes = false;

	switch (cc >> 1) {
	case 0:
		yes = flags & FL_OF;
		break;
	case 1:
		yes = flags & FL_CF;
		break;
	case 2:
		yes = flags & FL_ZF;
		break;
	case 3:
		yes = flags & (FL_CF | FL_ZF);
		break;
	case 4:
		yes = flags & FL_SF;
		break;
	case 5:
		yes = flags & FL_PF;
		break;
	case 6:
		yes = sf_of;
		break;
	case 7:
		yes = flags & FL_ZF || sf_of;
		break;
	}
	return yes != (cc & 1);
}
