/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/segment.c: segments outside 64-bit mode. Of 32-bit code a key says
 * which are flat; for all others base and limit are looked at when an access is made, so that
 * a segment may be loaded without another block for what follows. tr_cpu.room is what a limit
 * and a type leave: none of a segment that may not be accessed so, or that is expand-down, which
 * is the interpreter's.
 *
 * In real and virtual-8086 mode MOV, PUSH, POP, LES and its like are done in place. SS is the
 * interpreter's, for what it holds back.
 *
 * Spec: Intel SDM volume 3, 3.4.5, 5.3, 20.1.1, 20.2.1.
 * Tests: tests/x86/translate_seg.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fast.h"
#include "hypervisor/x86/translate/gen.h"

static struct emit_mem room(unsigned seg, enum mem_access access)
{
	size_t at = ((access == ACCESS_WRITE) * SEG_N + seg) * sizeof(uint64_t);

	return tr_field(TR_OWN(room) + (int32_t)at);
}

/* ---- addresses ---- */

bool segment_flat(const struct gen *g, unsigned seg, enum mem_access access)
{
	unsigned bit = seg + (access == ACCESS_WRITE ? FAST_WRITES : 0);

	return gen_wide(g) ? seg < SEG_FS : g->key->open >> bit & 1;
}

void segment_linear(struct gen *g, unsigned seg, unsigned size, enum mem_access access)
{
	bool wide = gen_wide(g);

	if (segment_flat(g, seg, access))
		return;
	if (!wide) {
		emit_lea(&g->e, true, H_T0, H_T1, REG_NONE, 0, (int32_t)size);
		emit_rm(&g->e, 0x3b, true, H_T0, room(seg, access)); /* cmp, ja */
		access_slow(g, emit_jump(&g->e, 0x87, emit_here(&g->e), false),
			    access_site(g, OUT_WHOLE));
	}
	emit_rm(&g->e, 0x03, wide, H_T1, SEGMENT(seg, base)); /* add */
}

void segment_cut(struct gen *g, unsigned size)
{
	if (size == 2) /* movzx r14d, r14w */
		EMIT(&g->e, "\x45\x0f\xb7\xf6");
	else if (size == 4)
		emit_rr(&g->e, 0x8b, false, H_T1, H_T1);
}

/* ---- the stack ---- */

unsigned segment_stack_size(const struct gen *g)
{
	if (gen_wide(g))
		return 8;
	return g->key->open & FAST_STACK32 ? 4 : 2;
}

void segment_move_sp(struct gen *g, int by)
{
	unsigned size = segment_stack_size(g);

	if (size > 2) {
		emit_lea(&g->e, size == 8, H_SP, H_SP, REG_NONE, 0, by);
		return;
	}
	emit_lea(&g->e, false, H_T1, H_SP, REG_NONE, 0, by);
	emit_move(&g->e, 2, H_SP, H_T1);
}

bool segment_flat_stack(const struct gen *g)
{
	return segment_stack_size(g) == gen_width(g) && segment_flat(g, SEG_SS, ACCESS_READ) &&
	       segment_flat(g, SEG_SS, ACCESS_WRITE);
}

/* ---- segment registers ---- */

static unsigned lfar_seg(const struct insn *in)
{
	return in->op->o[2].kind - O_ES;
}

bool segment_loads(const struct insn *in)
{
	if (in->op->run == op_mov_seg)
		return in->op->o[0].kind == O_S && in->reg != SEG_SS;
	if (in->op->run == op_pop_seg)
		return in->op->o[0].kind != O_SS;
	return in->op->run == op_lfar && lfar_seg(in) != SEG_SS;
}

static void load_16(struct gen *g, unsigned reg, struct emit_mem m)
{
	emit_rm(&g->e, 0x0fb7, false, reg, m); /* movzx */
}

/* and or or of r13d with a number */
static void bits(struct gen *g, unsigned modrm, uint32_t v)
{
	emit_1(&g->e, 0x41);
	emit_1(&g->e, 0x81);
	emit_1(&g->e, modrm);
	emit_4(&g->e, v);
}

static void set_room(struct gen *g, unsigned seg)
{
	emit_rm(&g->e, 0x89, true, H_T0, room(seg, ACCESS_READ));
	emit_rm(&g->e, 0x89, true, H_T0, room(seg, ACCESS_WRITE));
}

/* As seg_set_real: the limit stays. */
static void set_real(struct gen *g, unsigned seg)
{
	load_16(g, H_T0, SEGMENT(seg, attr));
	bits(g, 0xe5, SEG_DB | SEG_G);
	bits(g, 0xcd, SEG_P | SEG_S | 3);
	emit_store(&g->e, 2, H_T0, SEGMENT(seg, attr));
	emit_rm(&g->e, 0x8b, false, H_T0, SEGMENT(seg, limit));
	EMIT(&g->e, "\x49\xff\xc5"); /* inc r13 */
	set_room(g, seg);
}

/* As seg_set_vm86. */
static void set_vm86(struct gen *g, unsigned seg)
{
	emit_imm(&g->e, H_T0, SEG_P | SEG_S | 3 << SEG_DPL_SHIFT | 3);
	emit_store(&g->e, 2, H_T0, SEGMENT(seg, attr));
	emit_imm(&g->e, H_T0, 0xffff);
	emit_rm(&g->e, 0x89, false, H_T0, SEGMENT(seg, limit));
	EMIT(&g->e, "\x49\xff\xc5"); /* inc r13 */
	set_room(g, seg);
}

/* The selector is in t1, zero-extended. The flags are in the slot. */
static void set_segment(struct gen *g, unsigned seg)
{
	emit_store(&g->e, 2, H_T1, SEGMENT(seg, sel));
	EMIT(&g->e, "\x41\xc1\xe6\x04"); /* shl r14d, 4 */
	emit_rm(&g->e, 0x89, true, H_T1, SEGMENT(seg, base));
	if (g->key->vm86)
		set_vm86(g, seg);
	else
		set_real(g, seg);
}

/* Of 16-bit code no segment counts as flat, so that the key stays. */
static bool in_place(const struct gen *g)
{
	return g->key->mode == MODE_16 && !g->key->prot;
}

static bool load(struct gen *g, const struct insn *in)
{
	if (!in_place(g) || in->reg >= SEG_N || in->reg == SEG_CS || in->reg == SEG_SS)
		return false;
	if (in->mod == 3) {
		flags_spoil(g);
		emit_rr(&g->e, 0x0fb7, false, H_T1, gen_reg(in->rm));
	} else {
		access_operand(g, 2, ACCESS_READ);
		load_16(g, H_T1, g->at);
	}
	set_segment(g, in->reg);
	return true;
}

/* t0, which is zero-extended, to a guest's register of 2, 4 or 8 bytes */
static void to_register(struct gen *g, unsigned reg, unsigned size)
{
	unsigned h = gen_reg(reg);

	if (h == REG_NONE)
		emit_store(&g->e, size == 2 ? 2 : 8, H_T0, tr_field(TR_REG(reg)));
	else
		emit_move(&g->e, size == 2 ? 2 : 4, h, H_T0);
}

static bool store(struct gen *g, const struct insn *in)
{
	struct emit_mem sel = SEGMENT(in->reg % SEG_N, sel);

	if (in->mod == 3) {
		load_16(g, H_T0, sel);
		to_register(g, in->rm, in->opsize);
		return true;
	}
	access_operand(g, 2, ACCESS_WRITE);
	access_sum(g);
	load_16(g, H_T0, sel);
	emit_store(&g->e, 2, H_T0, (struct emit_mem){H_T1, REG_NONE, 0});
	return true;
}

static bool mov_seg(struct gen *g, const struct insn *in)
{
	return in->op->o[0].kind == O_S ? load(g, in) : store(g, in);
}

/* Of four bytes some processors write two. */
static bool push_seg(struct gen *g, const struct insn *in)
{
	unsigned seg = in->op->o[0].kind - O_ES;

	if (gen_wide(g) || in->opsize != 2)
		return false;
	access_stack(g, -2, 2, ACCESS_WRITE);
	access_sum(g);
	load_16(g, H_T0, SEGMENT(seg, sel));
	emit_store(&g->e, 2, H_T0, (struct emit_mem){H_T1, REG_NONE, 0});
	segment_move_sp(g, -2);
	return true;
}

static bool pop_seg(struct gen *g, const struct insn *in)
{
	unsigned seg = in->op->o[0].kind - O_ES;

	if (!in_place(g) || seg == SEG_SS)
		return false;
	access_stack(g, 0, in->opsize, ACCESS_READ);
	load_16(g, H_T0, g->at);
	segment_move_sp(g, in->opsize);
	emit_rr(&g->e, 0x8b, false, H_T1, H_T0);
	set_segment(g, seg);
	return true;
}

/* Both parts in one go: when they are not next to each other the interpreter has it. */
static bool lfar(struct gen *g, const struct insn *in)
{
	unsigned size = in->opsize + 2u;
	const uint8_t *start;

	if (!in_place(g) || lfar_seg(in) == SEG_SS)
		return false;
	flags_spoil(g);
	start = emit_here(&g->e);
	access_offset(g, in);
	if (in->addrsize == 2) {
		EMIT(&g->e, "\x41\x81\xfe"); /* cmp r14d, 64 KiB - size; ja */
		emit_4(&g->e, 0x10000 - size);
		access_slow(g, emit_jump(&g->e, 0x87, emit_here(&g->e), false),
			    access_site(g, OUT_WHOLE));
	}
	segment_linear(g, in->seg, size, ACCESS_READ);
	access_check(g, size, ACCESS_READ, start);
	access_sum(g);
	load_16(g, H_T0, (struct emit_mem){H_T1, REG_NONE, in->opsize});
	emit_load(&g->e, in->opsize, gen_reg(in->reg), (struct emit_mem){H_T1, REG_NONE, 0});
	emit_rr(&g->e, 0x8b, false, H_T1, H_T0);
	set_segment(g, lfar_seg(in));
	return true;
}

gen_fn *segment_find(const struct insn *in)
{
	if (in->op->run == op_mov_seg)
		return mov_seg;
	if (in->op->run == op_lfar)
		return lfar;
	if (in->op->run == op_push_seg)
		return push_seg;
	return in->op->run == op_pop_seg ? pop_seg : NULL;
}
