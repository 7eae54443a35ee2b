/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/stack.c: pushes and pops. rSP moves after the last access that
 * can fault; with a 16-bit stack it wraps within 64 KiB.
 *
 * Spec: Intel SDM volume 1, 6.2; volume 2 by name; volume 3, 21.3 (VME, POPF in virtual-8086 mode).
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/vendor.h"

unsigned insn_stack_size(const struct cpu *c)
{
	if (c->mode == MODE_64)
		return 8;
	return c->seg[SEG_SS].attr & SEG_DB ? 4 : 2;
}

static uint64_t stack_off(const struct cpu *c, int64_t by)
{
	return reg_part(c->r[R_SP] + (uint64_t)by, insn_stack_size(c));
}

static void move_sp(struct cpu *c, int64_t by)
{
	c->r[R_SP] = reg_join(c->r[R_SP], c->r[R_SP] + (uint64_t)by, insn_stack_size(c));
}

void insn_push_probe(struct cpu *c, unsigned size)
{
	mem_probe(c, SEG_SS, stack_off(c, -(int64_t)size), size, ACCESS_WRITE);
}

void insn_push(struct cpu *c, unsigned size, uint64_t val)
{
	mem_write(c, SEG_SS, stack_off(c, -(int64_t)size), size, val);
	move_sp(c, -(int64_t)size);
}

uint64_t insn_peek(struct cpu *c, unsigned skip, unsigned size)
{
	return mem_read(c, SEG_SS, stack_off(c, skip), size);
}

void insn_drop(struct cpu *c, unsigned bytes)
{
	move_sp(c, bytes);
}

static uint64_t cut(uint64_t v, unsigned size)
{
	return reg_part(v, size);
}

OP(push)
{
	uint64_t v = opnd_get(c, in, 0);

	if (in->op->o[0].kind == O_Is || in->op->o[0].kind == O_I)
		v = (uint64_t)sign_extend(in->imm, in->imm_size);
	insn_push(c, in->opsize, cut(v, in->opsize));
}

/* An address by rSP counts from the popped one. */
static void pop_mem(struct cpu *c, const struct insn *in, uint64_t v)
{
	uint64_t sp = c->r[R_SP], off;

	move_sp(c, in->opsize);
	off = insn_ea(c, in);
	c->r[R_SP] = sp;
	mem_write(c, in->seg, off, in->opsize, v);
	move_sp(c, in->opsize);
}

OP(pop)
{
	uint64_t v = insn_peek(c, 0, in->opsize);

	if (opnd_is_mem(in, 0)) {
		pop_mem(c, in, v);
		return;
	}
	move_sp(c, in->opsize);
	opnd_set(c, in, 0, v);
}

/* 32 bits wide: Intel's processors write the selector only. */
OP(push_seg)
{
	uint16_t sel = c->seg[in->op->o[0].kind - O_ES].sel;

	if (in->opsize == 8 || vendor_amd()) {
		insn_push(c, in->opsize, sel);
		return;
	}
	mem_write(c, SEG_SS, stack_off(c, -(int64_t)in->opsize), 2, sel);
	move_sp(c, -(int64_t)in->opsize);
}

OP(pop_seg)
{
	unsigned seg = in->op->o[0].kind - O_ES, old = insn_stack_size(c);
	uint16_t sel = (uint16_t)insn_peek(c, 0, in->opsize);

	seg_load(c, seg, sel);
	/* A new SS may have another B: the pop itself is of the old stack. */
	c->r[R_SP] = reg_join(c->r[R_SP], c->r[R_SP] + in->opsize, old);
	c->shadow_ss = seg == SEG_SS;
}

OP(pusha)
{
	int size = in->opsize;

	/* One after the other: a fault leaves those before it in memory, as processors do. */
	for (int i = 0; i < 8; i++)
		mem_write(c, SEG_SS, stack_off(c, -(i + 1) * size), (unsigned)size,
			  cut(c->r[i], in->opsize));
	move_sp(c, -8 * size);
}

OP(popa)
{
	/* A fault leaves those that were loaded before it; rSP is as it was. */
	for (unsigned i = 0; i < 8; i++) {
		uint64_t v = insn_peek(c, i * in->opsize, in->opsize);

		if (7 - i != R_SP)
			reg_set(c, in, 7 - i, in->opsize, v);
	}
	move_sp(c, 8 * in->opsize);
}

/* ---- flags ---- */

static bool vm86_below_iopl3(const struct cpu *c)
{
	return c->flags & FL_VM && (c->flags & FL_IOPL) != FL_IOPL;
}

OP(pushf)
{
	uint64_t v = c->flags & ~(uint64_t)(FL_VM | FL_RF);

	if (vm86_below_iopl3(c)) {
		cpu_gp0(c, c->cr4 & CR4_VME && in->opsize == 2);
		v = (v & ~(uint64_t)FL_IF) | FL_IOPL | (c->flags & FL_VIF ? FL_IF : 0);
	}
	insn_push(c, in->opsize, cut(v, in->opsize));
}

/* Virtual-8086 mode with VME: the task's own IF is VIF. */
static void popf_vme(struct cpu *c, const struct insn *in, uint64_t v)
{
	uint64_t mask = FL_STATUS | FL_TF | FL_DF | FL_NT;

	cpu_gp0(c, !(v & FL_TF || (v & FL_IF && c->flags & FL_VIP)));
	move_sp(c, in->opsize);
	c->flags = (c->flags & ~(mask | FL_VIF)) | (v & mask) | (v & FL_IF ? FL_VIF : 0);
}

OP(popf)
{
	uint64_t v;

	if (vm86_below_iopl3(c)) {
		cpu_gp0(c, c->cr4 & CR4_VME && in->opsize == 2);
		popf_vme(c, in, insn_peek(c, 0, 2));
		return;
	}
	v = insn_peek(c, 0, in->opsize);
	move_sp(c, in->opsize);
	cpu_flags_load(c, v, cpu_popf_mask(c, in->opsize));
}

/* ---- frames ---- */

/* The nested frames' pointers are copied down: level - 1 of them, then the new one. */
static int64_t copy_frames(struct cpu *c, const struct insn *in, unsigned level, uint64_t frame)
{
	int64_t by = -(int64_t)in->opsize;
	unsigned wide = insn_stack_size(c);

	for (unsigned i = 1; i < level; i++) {
		uint64_t from = reg_part(c->r[R_BP] - i * in->opsize, wide);
		uint64_t v = mem_read(c, SEG_SS, from, in->opsize);

		by -= in->opsize;
		mem_write(c, SEG_SS, stack_off(c, by), in->opsize, v);
	}
	by -= in->opsize;
	mem_write(c, SEG_SS, stack_off(c, by), in->opsize, cut(frame, in->opsize));
	return by;
}

OP(enter)
{
	unsigned level = in->imm2 & 31;
	int64_t by = -(int64_t)in->opsize;
	uint64_t frame = reg_join(c->r[R_SP], stack_off(c, by), insn_stack_size(c));

	mem_write(c, SEG_SS, stack_off(c, by), in->opsize, cut(c->r[R_BP], in->opsize));
	if (level)
		by = copy_frames(c, in, level, frame);
	by -= (int64_t)(in->imm & 0xffff);
	/* The new top must be writable, though nothing is written there. */
	mem_probe(c, SEG_SS, stack_off(c, by), in->opsize, ACCESS_WRITE);
	reg_set(c, in, R_BP, in->opsize, frame);
	move_sp(c, by);
}

OP(leave)
{
	unsigned wide = insn_stack_size(c);
	uint64_t at = reg_part(c->r[R_BP], wide);
	uint64_t v = mem_read(c, SEG_SS, at, in->opsize);

	c->r[R_SP] = reg_join(c->r[R_SP], at + in->opsize, wide);
	reg_set(c, in, R_BP, in->opsize, v);
}
