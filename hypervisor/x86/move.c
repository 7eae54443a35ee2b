/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/move.c: moves, extensions, conditional moves, addresses.
 *
 * Spec: Intel SDM volume 2, the instructions by name.
 */
#include "hypervisor/x86/exec.h"

static unsigned cond(const struct insn *in)
{
	return in->bytes[in->op_at] & 15;
}

OP(mov)
{
	opnd_set(c, in, 0, opnd_get(c, in, 1));
}

/* A register takes the selector zero-extended, memory two bytes whatever the operand size. */
static void store_selector(struct cpu *c, const struct insn *in, uint16_t sel)
{
	if (in->mod == 3)
		reg_set(c, in, in->rm, in->opsize, sel);
	else
		mem_write(c, in->seg, insn_ea(c, in), 2, sel);
}

OP(mov_seg)
{
	uint16_t sel;

	if (in->op->o[0].kind != O_S) {
		store_selector(c, in, c->seg[in->reg % SEG_N].sel);
		return;
	}
	if (in->reg == SEG_CS || in->reg >= SEG_N)
		cpu_raise(c, EXC_UD);
	sel = (uint16_t)(in->mod == 3 ? c->r[in->rm] : mem_read(c, in->seg, insn_ea(c, in), 2));
	seg_load(c, in->reg, sel);
	c->shadow_ss = in->reg == SEG_SS;
}

OP(movzx)
{
	opnd_set(c, in, 0, opnd_get(c, in, 1));
}

OP(movsx)
{
	opnd_set(c, in, 0, (uint64_t)sign_extend(opnd_get(c, in, 1), opnd_size(in, 1)));
}

OP(lea)
{
	reg_set(c, in, in->reg, in->opsize, insn_ea(c, in));
}

OP(xlat)
{
	uint64_t off = reg_part(c->r[R_BX] + (uint8_t)c->r[R_AX], in->addrsize);

	c->r[R_AX] = (c->r[R_AX] & ~0xffull) | mem_read(c, in->seg, off, 1);
}

/* The source is read in any case, and a 32-bit destination loses its upper half in any case. */
OP(cmov)
{
	uint64_t v = opnd_get(c, in, 1);

	opnd_set(c, in, 0, cond_holds(c->flags, cond(in)) ? v : opnd_get(c, in, 0));
}

OP(setcc)
{
	opnd_set(c, in, 0, cond_holds(c->flags, cond(in)));
}

static uint64_t swapped(uint64_t v, unsigned size)
{
	return __builtin_bswap64(v) >> (64 - 8 * size);
}

/* 16 bits: undefined by the SDM; processors clear the word. */
OP(bswap)
{
	uint64_t v = opnd_get(c, in, 0);

	opnd_set(c, in, 0, in->opsize == 2 ? 0 : swapped(v, in->opsize));
}

OP(movbe)
{
	opnd_set(c, in, 0, swapped(opnd_get(c, in, 1), in->opsize));
}

static unsigned lfar_seg(const struct insn *in)
{
	switch (in->op->op) {
	case 0xc4:
		return SEG_ES;
	case 0xc5:
		return SEG_DS;
	case 0xb2:
		return SEG_SS;
	case 0xb4:
		return SEG_FS;
	default:
		return SEG_GS;
	}
}

OP(lfar)
{
	uint64_t at = insn_ea(c, in), off = mem_read(c, in->seg, at, in->opsize);
	uint64_t sel = mem_read(c, in->seg, reg_part(at + in->opsize, in->addrsize), 2);

	seg_load(c, lfar_seg(in), (uint16_t)sel);
	reg_set(c, in, in->reg, in->opsize, off);
}

OP(cbw)
{
	unsigned half = in->opsize / 2;

	reg_set(c, in, R_AX, in->opsize, (uint64_t)sign_extend(c->r[R_AX], half));
}

OP(cwd)
{
	reg_set(c, in, R_DX, in->opsize, sign_extend(c->r[R_AX], in->opsize) < 0 ? ~0ull : 0);
}
