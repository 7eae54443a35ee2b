/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/fast.c: see fast.h: from decoded instructions to chains.
 *
 * Tests: tests/x86/fast.c
 */
#include "hypervisor/x86/fast.h"

#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/trace.h"

#include <stddef.h>

/* ---- the way out of a chain and back ---- */

static uint64_t rip_at(const struct cpu *c, uint64_t off)
{
	uint64_t rip = c->r[FAST_START] + off;

	return c->mode == MODE_64 ? rip : (uint32_t)rip;
}

void fast_merge(struct cpu *c)
{
	c->flags = (c->flags & ~(uint64_t)FL_STATUS) | (c->fast.status & FL_STATUS);
}

/* The handler of the table, with all around it as elsewhere. A fault leaves by longjmp;
 * cpu.fast.last says how far the chain came. */
bool fast_slow(struct cpu *c, const struct fast_op *f)
{
	const struct opcode *op = f->in->op;

	fast_merge(c);
	c->fast.last = f;
	c->rip = rip_at(c, f->end - f->in->len);
	c->next_rip = rip_at(c, f->end);
	cpu_check_rights(c, op);
	op->run(c, f->in);
	c->rip = c->next_rip;
	c->fast.status = c->flags;
	if (c->break_block || op->flags & F_ENDS)
		return false;
	FAST_NEXT;
}

bool fast_end(struct cpu *c, const struct fast_op *f)
{
	c->fast.last = f;
	c->rip = rip_at(c, f->end);
	return true;
}

bool fast_wrote(struct cpu *c, const struct fast_op *f, const struct tlb_entry *e, uint64_t lin,
		unsigned size)
{
	mmu_page_written(c, e->gpa + lin % PAGE, size, e->flag);
	if (!c->break_block)
		FAST_NEXT;
	c->fast.last = f;
	c->rip = rip_at(c, f->end);
	return false;
}

/* ---- into a chain ---- */

static bool flat(const struct segment *s, bool any_base)
{
	return s->limit == ~0u && s->attr & SEG_P && (any_base || !s->base);
}

uint32_t fast_open_segments(const struct cpu *c)
{
	uint32_t open = c->seg[SEG_SS].attr & SEG_DB ? FAST_STACK32 : 0;

	if (c->mode == MODE_64)
		return ~0u;
	for (unsigned i = 0; i < SEG_N; i++) {
		const struct segment *s = &c->seg[i];
		bool down = (s->attr & 0xc) == 4;

		if (!flat(s, i >= SEG_FS) || down)
			continue;
		if ((s->attr & 0xa) != 8)
			open |= 1u << i;
		if ((s->attr & 0xa) == 2)
			open |= 1u << (i + FAST_WRITES);
	}
	return open;
}

bool fast_enter(struct cpu *c)
{
	bool aligned = c->cpl == 3 && c->cr0 & CR0_AM && c->flags & FL_AC;

	if (trace_wants(TRACE_CPU) || c->mode == MODE_16 || aligned || cpu_is_vm86(c) ||
	    (c->mode == MODE_32 && (!cpu_is_prot(c) || !flat(&c->seg[SEG_CS], false))))
		return false;
	c->fast.open = fast_open_segments(c);
	c->fast.set = c->tlb->e[set_explicit(c)];
	c->fast.ctx = c->tlb->ctx;
	c->fast.key = (c->fast.key & ~0xffffull) | c->tlb->ctx << 3 | (c->cpl == 3) << 2 | c->mode;
	c->fast.status = c->flags;
	return true;
}

/* ---- from an instruction ---- */

static uint8_t reg_or(uint8_t r, uint8_t none)
{
	return r == REG_NONE ? none : r;
}

/* What memory operands ask of their segment outside 64-bit mode. */
static uint32_t segment_wants(const struct insn *in)
{
	return 1u << in->seg | 1u << (in->seg + FAST_WRITES);
}

static bool takes_memory(const struct insn *in)
{
	for (unsigned i = 0; i < 3; i++)
		if (opnd_is_mem(in, i))
			return true;
	return false;
}

static void set_address(struct fast_op *f, const struct insn *in)
{
	f->base = reg_or(in->base, FAST_ZERO);
	f->index = reg_or(in->index, FAST_ZERO);
	f->scale = in->scale;
	f->disp = (uint64_t)in->disp;
	f->mask = in->addrsize == 8 ? ~0ull : 0xffffffff;
	if (in->base == REG_RIP) {
		f->base = FAST_START;
		f->disp += f->end;
	}
	f->seg_at = offsetof(struct cpu, r) + FAST_ZERO * sizeof(uint64_t);
	if (in->seg >= SEG_FS)
		f->seg_at =
			(uint16_t)(offsetof(struct cpu, seg) + in->seg * sizeof(struct segment) +
				   offsetof(struct segment, base));
}

static uint64_t imm_of(const struct insn *in)
{
	for (unsigned i = 0; i < 3; i++) {
		if (in->op->o[i].kind == O_1)
			return 1;
		if (in->op->o[i].kind == O_Is)
			return (uint64_t)sign_extend(in->imm, in->imm_size);
		if (in->op->o[i].kind == O_I)
			return in->op->run == op_push ? (uint64_t)sign_extend(in->imm, in->imm_size)
						      : in->imm;
	}
	return in->bytes[in->op_at] & 15; /* a condition, for who has one */
}

/* AH … BH are at another place of their register. */
static bool high_byte(const struct insn *in)
{
	for (unsigned i = 0; i < 2; i++)
		if (in->gpr[i] != REG_NONE && opnd_size(in, i) == 1 && !in->rex &&
		    in->gpr[i] - 4u < 4u)
			return true;
	return false;
}

/* 67h and, outside 64-bit mode, a base other than 0: rare enough. */
static bool plain_address(const struct insn *in)
{
	if (in->mode == MODE_64)
		return in->addrsize == 8;
	return in->addrsize == 4;
}

static fast_fn *pick(struct fast_op *f, uint32_t *wants)
{
	const struct insn *in = f->in;
	uint32_t own = 0;
	fast_fn *fn;

	if (in->mode == MODE_16 || in->lock || in->op->flags & (F_PROT | F_CPL0) ||
	    (in->op->flags & F_REP && in->op->run != op_movs) || high_byte(in) ||
	    (takes_memory(in) && !plain_address(in)))
		return NULL;
	fn = in->op->flags & F_BR || in->op->run == op_ret || in->op->run == op_jmp ||
			     in->op->run == op_call
		     ? fast_pick_branch(f, &own)
		     : fast_pick_move(f, &own);
	if (!fn)
		fn = fast_pick_alu(f);
	if (!fn)
		return NULL;
	if (in->mode == MODE_32 && takes_memory(in) && in->op->run != op_lea)
		own |= segment_wants(in);
	*wants |= in->mode == MODE_32 ? own : 0;
	return fn;
}

void fast_pick(struct fast_op *f, const struct insn *in, uint32_t *wants)
{
	fast_fn *fn;

	f->in = in;
	f->a = reg_or(in->gpr[0], FAST_ZERO);
	f->b = reg_or(in->gpr[1], FAST_ZERO);
	f->imm = imm_of(in);
	set_address(f, in);
	fn = pick(f, wants);
	f->run = fn ? fn : fast_slow;
}
