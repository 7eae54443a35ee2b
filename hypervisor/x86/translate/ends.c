/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/ends.c: where blocks go on. A target that is known is
 * a link: a jump to the other block, once there is one. Within a page it goes
 * straight to the block's body; over pages to where the target's page is looked
 * at; backwards to where it is seen whether somebody wants the vCPU. Other
 * targets are looked for in a table of the vCPU's.
 *
 * Flags are where the end left them, in the host's register or in the slot: a block has entries
 * for both.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

static bool plain_size(const struct gen *g, const struct insn *in)
{
	return !gen_wide(g) || in->opsize == 8;
}

/* ---- links ---- */

static struct gen_edge *new_link(struct gen *g, uint64_t to)
{
	struct tr_link *l = cache_meta(g->tr, sizeof(*l));
	struct gen_edge *edge = &g->edges[g->n_edges];

	if (!l || g->n_edges == GEN_LINKS) {
		g->failed = true;
		return NULL;
	}
	*l = (struct tr_link){.to_rip = to, .next_of = g->b->links};
	*edge = (struct gen_edge){.link = l};
	l->site = (struct tr_site){.b = g->b,
				   .out = OUT_LINK,
				   .flags_at = (uint8_t)flags_out(g, &edge->miss.redo),
				   .off = g->off[g->i]};
	l->kept = g->flags_at == FLAGS_HOST && g->flags_kept;
	l->cross = ((to - g->b->rip + g->b->lin) ^ g->b->lin) & PAGE_MASK;
	l->first = !g->i;
	l->poll = to <= g->b->rip;
	g->b->links = l;
	g->n_edges++;
	return edge;
}

/* Here: a jump of this opcode to it. */
static void link_jump(struct gen *g, unsigned op, uint64_t to)
{
	struct gen_edge *edge = new_link(g, to);

	if (edge)
		edge->link->jump = emit_jump(&g->e, op, emit_here(&g->e), true);
}

struct gen_edge *ends_without_spans(struct gen *g, unsigned op)
{
	struct gen_edge *edge = new_link(g, gen_rip(g, g->i));

	if (!edge)
		return NULL;
	edge->link->plain = true;
	edge->link->poll &= !edge->link->first;
	edge->link->jump = emit_jump(&g->e, op, emit_here(&g->e), true);
	return edge;
}

void ends_link_over(struct gen *g, uint64_t to)
{
	link_jump(g, 0xe9, to);
	if (!g->failed)
		g->b->links->cross = true;
}

void ends_edges(struct gen *g)
{
	for (unsigned i = 0; i < g->n_edges; i++) {
		const struct gen_miss *m = &g->edges[i].miss;
		struct tr_link *l = g->edges[i].link;
		const uint8_t *at = emit_here(&g->e);

		emit_aim(&g->e, l->jump, at);
		access_missed(g, m, l->site.retry, l->write);
		/* The stack's page and the flags are for a block that is there, too. */
		if (m->stack || m->redo != NO_INSN) {
			l->jump = emit_jump(&g->e, 0xe9, emit_here(&g->e), true);
			at = emit_here(&g->e);
			emit_aim(&g->e, l->jump, at);
		}
		l->open = at;
		access_out(g, &l->site);
	}
}

void ends_go_on(struct gen *g)
{
	link_jump(g, 0xe9, gen_rip(g, g->n));
	g->ended = true;
}

/* ---- jumps ---- */

/* Where a relative branch goes; false: nowhere, or by an odd size. */
static bool target(const struct gen *g, const struct insn *in, uint64_t *to)
{
	*to = gen_rip(g, g->i) + in->len + (uint64_t)sign_extend(in->imm, in->imm_size);
	*to = reg_part(*to, in->opsize);
	return plain_size(g, in) && (gen_wide(g) ? lin_canonical(*to) : *to <= g->b->cs.limit);
}

static uint64_t behind(const struct gen *g, const struct insn *in)
{
	return reg_part(gen_rip(g, g->i) + in->len, gen_width(g));
}

static bool jcc(struct gen *g, const struct insn *in)
{
	bool t0 = gen_t0_holds(g);
	uint64_t to;

	if (!target(g, in, &to))
		return false;
	flags_need(g);
	if (g->follows[g->i]) /* else to what is behind it */
		link_jump(g, 0x80 | ((in->bytes[in->op_at] & 15) ^ 1), behind(g, in));
	else
		link_jump(g, 0x80 | (in->bytes[in->op_at] & 15), to);
	gen_t0_held(g, t0);
	return true;
}

static struct emit_mem jumps_at(size_t field)
{
	return (struct emit_mem){H_CPU, H_T0, (int32_t)((size_t)TR_OWN(jumps) + field)};
}

/* An empty entry has the tag of key 0. While somebody wants the vCPU no entry fits: that is in the
 * word, and the lowest bits of a tag, but for the key, are the entry's number. */
_Static_assert((int)ATT_INTR < 1 << TR_KEY_AT && TR_KEYS << TR_KEY_AT < TR_JUMPS, "tags");
_Static_assert(offsetof(struct cpu, tr_key) - offsetof(struct cpu, attention) == TR_KEY_AT / 8 &&
		       offsetof(struct cpu, tr_seg) - offsetof(struct cpu, attention) ==
			       TR_SEG_AT / 8,
	       "one word");
_Static_assert(sizeof(struct tr_jump) == 16, "ends_missed");

void ends_forget(struct tr_cpu *t)
{
	for (unsigned i = 0; i < TR_JUMPS; i++)
		t->jumps[i] = (struct tr_jump){.rip = i};
}

uint8_t *ends_look_up(struct emit *e)
{
	EMIT(e, "\x45\x6b\xee"); /* imul r13d, r14d, the size of an entry */
	emit_1(e, sizeof(struct tr_jump));
	EMIT(e, "\x41\x81\xe5"); /* and r13d */
	emit_4(e, (TR_JUMPS - 1) * sizeof(struct tr_jump));
	emit_rm(e, 0x33, true, H_T1, tr_field(TR_CPU(attention)));
	emit_rm(e, 0x3b, true, H_T1, jumps_at(offsetof(struct tr_jump, rip)));
	return emit_jump(e, 0x85, emit_here(e), false);
}

void ends_missed(struct emit *e, uint8_t *away)
{
	emit_aim(e, away, emit_here(e));
	EMIT(e, "\x49\x81\xe6"); /* and r14, ~(TR_JUMPS - 1) */
	emit_4(e, ~(uint32_t)(TR_JUMPS - 1));
	EMIT(e, "\x41\xc1\xed\x04" /* shr r13d, 4 */
		"\x4d\x09\xee");   /* or r14, r13 */
}

void ends_jump(struct emit *e)
{
	emit_rm(e, 0xff, false, 4, jumps_at(offsetof(struct tr_jump, host)));
}

/* t1: where to. Goes on when it is in the table, at the entry t0. */
static struct tr_site *look_up(struct gen *g, uint8_t **away)
{
	struct tr_site *s;

	flags_spoil(g);
	s = access_site(g, OUT_JUMP);
	g->ended = true;
	*away = ends_look_up(&g->e);
	return s;
}

static void not_found(struct gen *g, uint8_t *away, const struct tr_site *s)
{
	ends_missed(&g->e, away);
	access_out(g, s);
}

static void table_jump(struct gen *g, int sp)
{
	uint8_t *away;
	struct tr_site *s = look_up(g, &away);

	if (!s)
		return;
	s->sp = (int8_t)sp;
	if (sp)
		segment_move_sp(g, sp);
	ends_jump(&g->e);
	not_found(g, away, s);
}

/* mov, or movzx of 16 bits */
static unsigned load_op(const struct insn *in)
{
	return in->opsize == 2 ? 0x0fb7 : 0x8b;
}

/* The operand of an indirect branch to t1. */
static void load_target(struct gen *g, const struct insn *in)
{
	if (in->gpr[0] != REG_NONE) {
		flags_spoil(g);
		access_register(g, load_op(in), gen_wide(g), H_T1, in->gpr[0]);
	} else {
		access_operand(g, in->opsize, ACCESS_READ);
		emit_rm(&g->e, load_op(in), gen_wide(g), H_T1, g->at);
	}
}

static bool jmp(struct gen *g, const struct insn *in)
{
	uint64_t to;

	if (g->follows[g->i])
		return true;
	if (!plain_size(g, in))
		return false;
	if (in->op->o[0].kind != O_J) {
		load_target(g, in);
		table_jump(g, 0);
		return true;
	}
	if (!target(g, in, &to))
		return false;
	link_jump(g, 0xe9, to);
	g->ended = true;
	return true;
}

/* ---- calls ---- */

static void push_next(struct gen *g, const struct insn *in)
{
	uint64_t next = reg_part(gen_rip(g, g->i) + in->len, in->opsize);

	access_stack(g, -(int)in->opsize, in->opsize, ACCESS_WRITE);
	if (!gen_wide(g) || (int64_t)next == (int32_t)next) {
		emit_store_imm(&g->e, in->opsize, next, g->at);
	} else {
		access_sum(g);
		emit_imm(&g->e, H_T0, next);
		emit_rm(&g->e, 0x89, true, H_T0, g->at);
	}
	segment_move_sp(g, -(int)in->opsize);
}

/* The target is found first: when it is none the stack is as it was. */
static void call_indirect(struct gen *g, const struct insn *in)
{
	uint8_t *away;
	struct tr_site *s;

	load_target(g, in);
	s = look_up(g, &away);
	if (!s)
		return;
	s->whole = true;
	emit_rm(&g->e, 0x8b, true, H_T1, jumps_at(offsetof(struct tr_jump, host)));
	emit_rm(&g->e, 0x89, true, H_T1, tr_field(TR_OWN(value)));
	push_next(g, in);
	emit_rm(&g->e, 0xff, false, 4, tr_field(TR_OWN(value)));
	not_found(g, away, s);
}

/* The stack's, of those that have no other. */
bool ends_access(const struct gen *g, unsigned i, struct gen_access *a)
{
	const struct insn *in = &g->in[i];
	bool ret = in->op->run == op_ret;

	if ((!ret && (in->op->run != op_call || in->op->o[0].kind != O_J)) || !plain_size(g, in) ||
	    !segment_flat_stack(g))
		return false;
	*a = (struct gen_access){.base = R_SP, .index = REG_NONE, .size = in->opsize};
	a->disp = ret ? 0 : -(int)in->opsize;
	a->write = !ret;
	return true;
}

static bool call(struct gen *g, const struct insn *in)
{
	uint64_t to;

	if (!plain_size(g, in))
		return false;
	if (in->op->o[0].kind != O_J) {
		call_indirect(g, in);
		return true;
	}
	if (!target(g, in, &to))
		return false;
	push_next(g, in);
	link_jump(g, 0xe9, to);
	g->ended = true;
	return true;
}

static bool ret(struct gen *g, const struct insn *in)
{
	unsigned drop = in->op->o[0].kind == O_I ? in->imm & 0xffff : 0;

	if (!plain_size(g, in) || drop > 64)
		return false;
	access_stack(g, 0, in->opsize, ACCESS_READ);
	emit_rm(&g->e, load_op(in), gen_wide(g), H_T1, g->at);
	table_jump(g, (int)(in->opsize + drop));
	return true;
}

/* ---- loops ---- */

/* An operation of one operand on rCX, as wide as the addresses are. */
static void on_counter(struct gen *g, const struct insn *in, unsigned op, unsigned digit)
{
	if (in->addrsize == 2)
		emit_1(&g->e, 0x66);
	emit_rr(&g->e, op, in->addrsize == 8, digit, R_CX);
}

static bool loop(struct gen *g, const struct insn *in)
{
	uint64_t to;
	uint8_t *done;

	if (!target(g, in, &to))
		return false;
	flags_spoil(g);
	on_counter(g, in, 0xff, 1); /* dec */
	if (in->op->run == op_loop) {
		link_jump(g, 0x85, to);
		return true;
	}
	done = emit_jump(&g->e, 0x84, emit_here(&g->e), false);
	EMIT(&g->e, "\xf6\x44\x24\xf9\x40"); /* test byte [slot + 1], ZF */
	link_jump(g, in->op->run == op_loope ? 0x85 : 0x84, to);
	emit_aim(&g->e, done, emit_here(&g->e));
	return true;
}

static bool jcxz(struct gen *g, const struct insn *in)
{
	uint64_t to;

	if (!target(g, in, &to))
		return false;
	flags_spoil(g);
	on_counter(g, in, 0x85, R_CX); /* test rcx, rcx */
	link_jump(g, 0x84, to);
	return true;
}

gen_fn *ends_find(const struct insn *in)
{
	if (in->op->run == op_jcc)
		return jcc;
	if (in->op->run == op_jmp)
		return jmp;
	if (in->op->run == op_call)
		return call;
	if (in->op->run == op_loop || in->op->run == op_loope || in->op->run == op_loopne)
		return loop;
	if (in->op->run == op_jcxz)
		return jcxz;
	return in->op->run == op_ret ? ret : NULL;
}
