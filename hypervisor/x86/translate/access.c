/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/access.c: memory operands. The linear address goes to
 * t1, its page's entry is looked at (one comparison sees the page, the right and a
 * page's end), and the instruction runs on [t0 + t1]. What does not fit goes out:
 * the entry is filled and the access made anew, or the interpreter does all of the
 * instruction.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

static int32_t tlb_at(const struct gen *g, size_t field)
{
	size_t set = g->key->set * sizeof(((struct tr_cpu *)0)->tlb[0]);

	return TR_OWN(tlb) + (int32_t)(set + field);
}

struct tr_site *access_site(struct gen *g, enum tr_out out)
{
	struct tr_site *s = cache_meta(g->tr, sizeof(*s));
	uint8_t redo;

	if (!s) {
		g->failed = true;
		return NULL;
	}
	*s = (struct tr_site){.b = g->b,
			      .out = out,
			      .flags_at = flags_out(g, &redo),
			      .off = g->off[g->i],
			      .last = g->i + 1 >= g->n,
			      .units = gen_units(g),
			      .spans = spans_open(g, g->i),
			      .len = g->i < g->n ? g->in[g->i].len : 0};
	return s;
}

struct tr_site *access_interp(struct gen *g, const struct insn *in)
{
	struct tr_site *s = access_site(g, OUT_INTERP);
	struct insn *copy = cache_meta(g->tr, sizeof(*copy));

	if (!s || !copy) {
		g->failed = true;
		return NULL;
	}
	*copy = *in;
	s->in = copy;
	return s;
}

void access_register(struct gen *g, unsigned op, bool w, unsigned to, unsigned r)
{
	unsigned h = gen_reg(r);

	if (h == REG_NONE)
		emit_rm(&g->e, op, w, to, tr_field(TR_REG(r)));
	else
		emit_rr(&g->e, op, w, to, h);
}

/* ---- addresses ---- */

static uint64_t constant_ea(const struct gen *g, const struct insn *in)
{
	uint64_t ea = (uint64_t)in->disp;

	if (in->base == REG_RIP)
		ea += gen_rip(g, g->i) + in->len;
	return reg_part(ea, in->addrsize);
}

static bool is_constant(const struct insn *in)
{
	return in->base == REG_RIP || (in->base == REG_NONE && in->index == REG_NONE);
}

static unsigned from_memory(struct gen *g, unsigned r, unsigned scratch)
{
	unsigned h = gen_reg(r);

	if (h != REG_NONE)
		return h;
	emit_rm(&g->e, 0x8b, true, scratch, tr_field(TR_REG(r)));
	return scratch;
}

static void sum_of(struct gen *g, const struct insn *in, bool w, unsigned to, int32_t plus)
{
	unsigned base = REG_NONE, index = REG_NONE;

	if (in->base != REG_NONE)
		base = from_memory(g, in->base, H_T1);
	if (in->index != REG_NONE)
		index = from_memory(g, in->index, H_T0);
	emit_lea(&g->e, w, to, base, index, in->scale, (int32_t)in->disp + plus);
}

static void register_ea(struct gen *g, const struct insn *in, int32_t plus)
{
	sum_of(g, in, in->addrsize == 8, H_T1, plus);
	if (in->addrsize == 2)
		segment_cut(g, 2);
}

/* The offset alone, as LEA has it. */
void access_offset(struct gen *g, const struct insn *in)
{
	if (is_constant(in))
		emit_imm(&g->e, H_T1, constant_ea(g, in));
	else
		register_ea(g, in, 0);
}

void access_lea(struct gen *g, const struct insn *in, unsigned to)
{
	if (is_constant(in))
		emit_imm(&g->e, to, reg_part(constant_ea(g, in), in->opsize));
	else
		sum_of(g, in, in->opsize == 8 && in->addrsize == 8, to, 0);
}

/* The host register of r; REG_NONE: it is in memory alone. */
static unsigned in_register(const struct gen *g, unsigned r)
{
	unsigned h = gen_reg(r);

	return h == REG_NONE ? held_host(g, r) : h;
}

bool access_lea_held(struct gen *g, const struct insn *in, unsigned to)
{
	unsigned base = in->base, index = in->index;

	if (!is_constant(in)) {
		if (base != REG_NONE && (base = in_register(g, base)) == REG_NONE)
			return false;
		if (index != REG_NONE && (index = in_register(g, index)) == REG_NONE)
			return false;
		emit_lea(&g->e, in->opsize == 8 && in->addrsize == 8, to, base, index, in->scale,
			 (int32_t)in->disp);
	} else {
		access_lea(g, in, to);
	}
	return true;
}

/* ---- the check ---- */

static struct gen_slow *slow(struct gen *g, uint8_t *from, struct tr_site *site)
{
	struct gen_slow *s = &g->slow[g->n_slow];

	if (!site || g->n_slow == GEN_SLOW) {
		g->failed = true;
		return NULL;
	}
	g->n_slow++;
	*s = (struct gen_slow){.from = from, .site = site};
	flags_out(g, &s->miss.redo);
	return s;
}

/* t0 = place of the entry in its set, from bits 23:12 of t1. */
static void entry_index(struct gen *g)
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

static struct emit_mem entry_tag(const struct gen *g, enum mem_access access)
{
	size_t which = access == ACCESS_WRITE;

	return (struct emit_mem){H_CPU, H_T0, tlb_at(g, offsetof(struct tr_tlb, tag) + 8 * which)};
}

struct emit_mem access_host(const struct gen *g)
{
	return (struct emit_mem){H_CPU, H_T0, tlb_at(g, offsetof(struct tr_tlb, host))};
}

static struct emit_mem entry_addend(const struct gen *g)
{
	return (struct emit_mem){H_CPU, H_T0, tlb_at(g, offsetof(struct tr_tlb, addend))};
}

void access_slow(struct gen *g, uint8_t *from, struct tr_site *s)
{
	slow(g, from, s);
}

static struct tr_site *access_site_of(struct gen *g, unsigned size, enum mem_access access,
				      const uint8_t *start)
{
	struct tr_site *s = access_site(g, access == ACCESS_WRITE ? OUT_WRITE : OUT_READ);

	if (!s)
		return NULL;
	s->retry = start;
	s->size = (uint16_t)size;
	return s;
}

int32_t access_compare(struct gen *g, unsigned size, enum mem_access access)
{
	struct emit_mem tag = entry_tag(g, access);

	entry_index(g);
	emit_rm(&g->e, 0x2b, true, H_T1, tag);
	emit_compare(&g->e, true, H_T1, PAGE - size);
	return tag.disp;
}

void access_check(struct gen *g, unsigned size, enum mem_access access, const uint8_t *start)
{
	int32_t tag = access_compare(g, size, access);
	struct gen_slow *out;

	out = slow(g, emit_jump(&g->e, 0x87, emit_here(&g->e), false), /* ja */
		   access_site_of(g, size, access, start));
	if (out)
		out->miss.tag = tag;
	emit_rm(&g->e, 0x8b, true, H_T0, access_host(g));
	g->at = (struct emit_mem){H_T1, H_T0, 0};
}

/* ---- addresses that are known ---- */

static struct emit_mem constant_entry(const struct gen *g, uint64_t lin, size_t field)
{
	size_t i = lin / PAGE % TR_TLB;

	return tr_field(tlb_at(g, i * sizeof(struct tr_tlb) + field));
}

/* The flags of `jne` if the page is not there. Returns the comparison. */
static uint8_t *compare_constant(struct gen *g, uint64_t lin, enum mem_access access)
{
	uint64_t page = lin & PAGE_MASK;
	struct emit_mem tag =
		constant_entry(g, lin, offsetof(struct tr_tlb, tag) + 8 * (access == ACCESS_WRITE));

	uint8_t *at;

	if ((int64_t)page == (int32_t)page) {
		at = g->e.p;
		emit_rm(&g->e, 0x81, true, 7, tag);
		emit_4(&g->e, (uint32_t)page);
	} else {
		emit_imm(&g->e, H_T1, page);
		at = g->e.p;
		emit_rm(&g->e, 0x3b, true, H_T1, tag);
	}
	return at;
}

static void at_constant(struct gen *g, uint64_t lin)
{
	g->at = (struct emit_mem){g->addend, REG_NONE, (int32_t)(lin % PAGE)};
}

static void check_constant(struct gen *g, uint64_t lin, unsigned size, enum mem_access access,
			   const uint8_t *start)
{
	struct gen_slow *out;

	compare_constant(g, lin, access);
	out = slow(g, emit_jump(&g->e, 0x85, emit_here(&g->e), false),
		   access_site_of(g, size, access, start));
	if (out)
		out->miss.constant = true, out->miss.lin = lin;
	emit_rm(&g->e, 0x8b, true, H_T0, constant_entry(g, lin, offsetof(struct tr_tlb, host)));
	at_constant(g, lin);
}

/* ---- the stack's page ---- */

/* [rSP + disp] */
static void check_stack(struct gen *g, int32_t disp, unsigned size, enum mem_access access,
			const uint8_t *start)
{
	struct gen_slow *out;

	stack_page_look(g, disp, size, access == ACCESS_WRITE);
	out = slow(g, emit_jump(&g->e, 0x87, emit_here(&g->e), false),
		   access_site_of(g, size, access, start));
	if (out)
		out->miss.stack = true;
	stack_page_addend(g);
	g->at = (struct emit_mem){H_SP, H_T0, disp};
}

/* ---- spans ---- */

/* Here: a jump for a page that is not there. */
static struct gen_edge *leave_span(struct gen *g, const struct gen_span *s, unsigned op,
				   const uint8_t *start)
{
	struct gen_edge *edge = ends_without_spans(g, op);

	if (!edge)
		return NULL;
	edge->link->site.retry = start;
	edge->link->site.size = (uint16_t)(s->end - s->place.at);
	edge->link->site.units = gen_units(g);
	edge->link->write = s->write;
	return edge;
}

/* It begins `plus` from in's operand. */
static void check_span(struct gen *g, const struct insn *in, const struct gen_span *s, int32_t plus)
{
	const uint8_t *start = emit_here(&g->e);
	unsigned size = (unsigned)(s->end - s->place.at);
	bool stack = stack_page_serves(g, in);
	struct gen_edge *edge;
	int32_t tag = 0;

	if (stack) {
		stack_page_look(g, (int32_t)in->disp + plus, size, s->write);
	} else {
		register_ea(g, in, plus);
		tag = access_compare(g, size, s->write ? ACCESS_WRITE : ACCESS_READ);
	}
	emit_fit(&g->e, g->e.p - EMIT_COMPARE);
	edge = leave_span(g, s, 0x87, start);
	if (edge)
		edge->miss.tag = tag, edge->miss.stack = stack;
	if (stack)
		stack_page_addend(g);
	else
		emit_rm(&g->e, 0x8b, true, H_T0, entry_addend(g));
	emit_rm(&g->e, 0x89, true, H_T0, gen_span_field(s));
}

static void span_of_constants(struct gen *g, const struct gen_span *s, uint64_t lin, bool t0)
{
	enum mem_access access = s->write ? ACCESS_WRITE : ACCESS_READ;
	struct gen_edge *edge;
	const uint8_t *start;

	if (s->first != g->i) {
		if (!t0)
			emit_rm(&g->e, 0x8b, true, g->addend, gen_span_field(s));
		at_constant(g, lin);
		return;
	}
	flags_spoil(g);
	start = emit_here(&g->e);
	emit_fit(&g->e, compare_constant(g, lin, access));
	edge = leave_span(g, s, 0x85, start);
	if (edge)
		edge->miss.constant = true, edge->miss.lin = (uint64_t)s->place.at;
	emit_rm(&g->e, 0x8b, true, H_T0, constant_entry(g, lin, offsetof(struct tr_tlb, host)));
	emit_rm(&g->e, 0x89, true, H_T0, gen_span_field(s));
	at_constant(g, lin);
}

/* The access at [base + index * scale + disp] of the guest's, with gen.addend on the host; t0: that
 * is there. */
static void at_registers(struct gen *g, const struct insn *in, bool t0)
{
	bool simple = in->index == REG_NONE && in->base != REG_NONE && gen_wide(g);

	if (simple) {
		unsigned base = from_memory(g, in->base, H_T1);

		g->at = (struct emit_mem){(uint8_t)base, g->addend, (int32_t)in->disp};
	} else {
		register_ea(g, in, 0);
		t0 &= in->index == REG_NONE || gen_reg(in->index) != REG_NONE;
		g->at = (struct emit_mem){H_T1, H_T0, 0};
	}
	if (!t0)
		emit_rm(&g->e, 0x8b, true, g->addend, gen_span_field(&g->spans[g->span[g->i]]));
}

bool access_spares_t1(const struct gen *g, unsigned i)
{
	const struct insn *in = &g->in[i];

	if (!gen_wide(g) || !spans_checked(g, i))
		return false;
	return is_constant(in) || (in->index == REG_NONE && gen_reg(in->base) != REG_NONE);
}

/* False: the access is in none. */
static bool in_span(struct gen *g, const struct insn *in)
{
	const struct gen_span *s;
	bool t0;

	if (g->span[g->i] == NO_SPAN)
		return false;
	if (stack_frame_serves(g, g->i)) {
		g->at = (struct emit_mem){H_SP, REG_NONE, (int32_t)in->disp};
		return true;
	}
	s = &g->spans[g->span[g->i]];
	t0 = gen_t0_holds(g) && g->t0_span == g->span[g->i];
	if (is_constant(in)) {
		span_of_constants(g, s, constant_ea(g, in), t0);
	} else if (s->first != g->i) {
		at_registers(g, in, t0);
	} else {
		flags_spoil(g);
		check_span(g, in, s, (int32_t)(s->place.at - g->span_at[g->i]));
		at_registers(g, in, true);
	}
	g->t0_span = g->span[g->i];
	gen_t0_held(g, g->addend == H_T0);
	return true;
}

void access_operand(struct gen *g, unsigned size, enum mem_access access)
{
	const struct insn *in = gen_insn(g);
	const uint8_t *start;

	if (in_span(g, in))
		return;
	flags_spoil(g);
	start = emit_here(&g->e);
	if (segment_flat(g, in->seg, access) && is_constant(in) &&
	    constant_ea(g, in) % PAGE + size <= PAGE) {
		check_constant(g, constant_ea(g, in), size, access, start);
		return;
	}
	if (segment_flat(g, in->seg, access) && stack_page_serves(g, in)) {
		check_stack(g, (int32_t)in->disp, size, access, start);
		return;
	}
	access_offset(g, in);
	segment_linear(g, in->seg, size, access);
	access_check(g, size, access, start);
}

/* [base + by] */
static void access_by(struct gen *g, unsigned base, int by, unsigned size, enum mem_access access)
{
	const struct insn in = {.base = (uint8_t)base,
				.index = REG_NONE,
				.addrsize = (uint8_t)gen_width(g),
				.disp = by};
	const uint8_t *start;

	if (in_span(g, &in))
		return;
	flags_spoil(g);
	start = emit_here(&g->e);
	if (stack_page_serves(g, &in)) {
		check_stack(g, by, size, access, start);
		return;
	}
	register_ea(g, &in, 0);
	segment_cut(g, segment_stack_size(g));
	segment_linear(g, SEG_SS, size, access);
	access_check(g, size, access, start);
}

void access_stack(struct gen *g, int by, unsigned size, enum mem_access access)
{
	access_by(g, R_SP, by, size, access);
}

void access_frame(struct gen *g, unsigned size, enum mem_access access)
{
	access_by(g, R_BP, 0, size, access);
}

void access_sum(struct gen *g)
{
	emit_lea(&g->e, true, H_T1, g->at.base, g->at.index, 0, g->at.disp);
	g->at = (struct emit_mem){H_T1, REG_NONE, 0};
}

/* ---- ways out ---- */

void access_to(struct gen *g, const void *what, const uint8_t *stub)
{
	emit_lea_rip(&g->e, H_T0, what);
	emit_jump(&g->e, 0xe9, stub, false);
}

void access_out(struct gen *g, const struct tr_site *s)
{
	access_to(g, s, g->tr->out);
}

void access_missed(struct gen *g, const struct gen_miss *m, const uint8_t *retry, bool write)
{
	if (m->stack) {
		stack_page_miss(g, retry, write, m->redo);
		return;
	}
	if (m->constant)
		emit_imm(&g->e, H_T1, m->lin);
	else if (m->tag)
		emit_rm(&g->e, 0x03, true, H_T1, (struct emit_mem){H_CPU, H_T0, m->tag});
	flags_redo(g, m->redo);
}

uint8_t *access_unless_page(struct gen *g, unsigned slot, uint32_t id)
{
	emit_rm(&g->e, 0x81, false, 7, tr_field(TR_OWN(pages) + 4 * (int32_t)slot)); /* cmp, jne */
	emit_4(&g->e, id);
	return emit_jump(&g->e, 0x85, emit_here(&g->e), false);
}

void access_slow_paths(struct gen *g)
{
	for (unsigned i = 0; i < g->n_slow; i++) {
		const struct gen_slow *s = &g->slow[i];

		emit_aim(&g->e, s->from, emit_here(&g->e));
		access_missed(g, &s->miss, s->site->retry, s->site->out == OUT_WRITE);
		access_out(g, s->site);
	}
}
