/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/access.c: memory operands. The linear address goes to
 * t1, its page's entry is looked at (one comparison sees the page, the right and a
 * page's end), and the instruction runs on [t0 + t1]. What does not fit goes out:
 * the entry is filled and the access made anew, or the interpreter does all of the
 * instruction.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fast.h"
#include "hypervisor/x86/translate/gen.h"

static int32_t tlb_at(const struct gen *g, size_t field)
{
	size_t set = g->key->set * sizeof(((struct tr_cpu *)0)->tlb[0]);

	return TR_OWN(tlb) + (int32_t)(set + field);
}

struct tr_site *access_site(struct gen *g, enum tr_out out)
{
	struct tr_site *s = cache_meta(g->tr, sizeof(*s));

	if (!s) {
		g->failed = true;
		return NULL;
	}
	*s = (struct tr_site){.b = g->b,
			      .out = out,
			      .flags_at = g->flags_at,
			      .off = g->off[g->i],
			      .last = g->i + 1 >= g->n,
			      .units = (g->vector_ready ? TR_VECTOR : 0) |
				       (g->x87_ready ? TR_X87 : 0),
			      .len = g->i < g->n ? g->in[g->i].len : 0};
	return s;
}

/* ---- addresses ---- */

static void constant_ea(struct gen *g, const struct insn *in)
{
	uint64_t ea = (uint64_t)in->disp;

	if (in->base == REG_RIP)
		ea += gen_rip(g, g->i) + in->len;
	emit_imm(&g->e, H_T1, reg_part(ea, in->addrsize));
}

static unsigned from_memory(struct gen *g, unsigned r, unsigned scratch)
{
	unsigned h = gen_reg(r);

	if (h != REG_NONE)
		return h;
	emit_rm(&g->e, 0x8b, true, scratch, tr_field(TR_REG(r)));
	return scratch;
}

static void register_ea(struct gen *g, const struct insn *in)
{
	unsigned base = REG_NONE, index = REG_NONE;

	if (in->base != REG_NONE)
		base = from_memory(g, in->base, H_T1);
	if (in->index != REG_NONE)
		index = from_memory(g, in->index, H_T0);
	emit_lea(&g->e, in->addrsize == 8, H_T1, base, index, in->scale, (int32_t)in->disp);
	if (in->addrsize == 2)
		segment_cut(g, 2);
}

/* The offset alone, as LEA has it. */
void access_offset(struct gen *g, const struct insn *in)
{
	if (in->base == REG_RIP || (in->base == REG_NONE && in->index == REG_NONE))
		constant_ea(g, in);
	else
		register_ea(g, in);
}

/* ---- the check ---- */

static void slow(struct gen *g, uint8_t *from, struct tr_site *site, int32_t tag)
{
	if (!site || g->n_slow == GEN_SLOW) {
		g->failed = true;
		return;
	}
	g->slow[g->n_slow].from = from;
	g->slow[g->n_slow].site = site;
	g->slow[g->n_slow++].tag = tag;
}

/* t0 = place of the entry in its set, from bits 23:12 of t1. */
void access_index(struct gen *g)
{
	const uint32_t mask = (TR_TLB - 1) << TR_TLB_SHIFT;
	const unsigned shift = 12 - TR_TLB_SHIFT;

	if (g->tr->bmi2) {
		EMIT(&g->e, "\xc4\x43\xfb\xf0\xee"); /* rorx r13, r14, shift */
		emit_1(&g->e, shift);
	} else {
		emit_rr(&g->e, 0x8b, true, H_T0, H_T1);
		EMIT(&g->e, "\x49\xc1\xed"); /* shr r13, shift */
		emit_1(&g->e, shift);
	}
	EMIT(&g->e, "\x41\x81\xe5"); /* and r13d, mask */
	emit_4(&g->e, mask);
}

struct emit_mem access_tag(const struct gen *g, enum mem_access access)
{
	size_t which = access == ACCESS_WRITE;

	return (struct emit_mem){H_CPU, H_T0, tlb_at(g, offsetof(struct tr_tlb, tag) + 8 * which)};
}

struct emit_mem access_host(const struct gen *g)
{
	return (struct emit_mem){H_CPU, H_T0, tlb_at(g, offsetof(struct tr_tlb, host))};
}

void access_slow(struct gen *g, uint8_t *from, struct tr_site *s)
{
	slow(g, from, s, 0);
}

void access_check(struct gen *g, unsigned size, enum mem_access access, const uint8_t *start)
{
	struct emit_mem tag = access_tag(g, access);
	struct tr_site *s = access_site(g, access == ACCESS_WRITE ? OUT_WRITE : OUT_READ);
	uint8_t *from;

	if (!s)
		return;
	s->retry = start;
	s->size = (uint8_t)size;
	access_index(g);
	emit_rm(&g->e, 0x2b, true, H_T1, tag);
	EMIT(&g->e, "\x49\x81\xfe"); /* cmp r14, 4096 - size */
	emit_4(&g->e, PAGE - size);
	from = emit_jump(&g->e, 0x87, emit_here(&g->e), false); /* ja */
	slow(g, from, s, tag.disp);
	emit_rm(&g->e, 0x8b, true, H_T0, access_host(g));
}

void access_operand(struct gen *g, unsigned size, enum mem_access access)
{
	const uint8_t *start;

	const struct insn *in = gen_insn(g);

	flags_spoil(g);
	start = emit_here(&g->e);
	access_offset(g, in);
	segment_linear(g, in->seg, size, access);
	access_check(g, size, access, start);
}

void access_stack(struct gen *g, int by, unsigned size, enum mem_access access)
{
	const uint8_t *start;

	flags_spoil(g);
	start = emit_here(&g->e);
	emit_lea(&g->e, gen_wide(g), H_T1, H_SP, REG_NONE, 0, by);
	segment_cut(g, segment_stack_size(g));
	segment_linear(g, SEG_SS, size, access);
	access_check(g, size, access, start);
}

void access_sum(struct gen *g)
{
	emit_lea(&g->e, true, H_T1, H_T1, H_T0, 0, 0);
}

/* ---- ways out ---- */

/* lea r13, [rip + site]; jmp out */
void access_out(struct gen *g, const struct tr_site *s)
{
	EMIT(&g->e, "\x4c\x8d\x2d");
	emit_4(&g->e, (uint32_t)((const uint8_t *)s - (emit_here(&g->e) + 4)));
	emit_jump(&g->e, 0xe9, g->tr->out, false);
}

void access_slow_paths(struct gen *g)
{
	for (unsigned i = 0; i < g->n_slow; i++) {
		emit_aim(&g->e, g->slow[i].from, emit_here(&g->e));
		if (g->slow[i].tag)
			emit_rm(&g->e, 0x03, true, H_T1,
				(struct emit_mem){H_CPU, H_T0, g->slow[i].tag});
		access_out(g, g->slow[i].site);
	}
}
