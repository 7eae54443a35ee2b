/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/block.c: from a guest's code to a block: decoding, what
 * each instruction's flags are to others, host code, and the ways in and out.
 *
 * A block goes on behind conditional jumps, or where they lead if they were mostly
 * taken, and where other jumps lead within the page, forwards or backwards. It ends
 * at any other branch, at its page's end, or where something does not decode. One
 * that jumps back to its beginning is made several times over.
 */
#include "hypervisor/x86/blocks.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/trace.h"
#include "hypervisor/x86/translate/gen.h"

#include <assert.h>
#include <stdlib.h>

enum {
	MOST_JCC = 6,
	MOST_FOLLOWED = 4,
	MOST_TIMES = 4, /* that a loop's body is made, of MOST_AGAIN instructions in all */
	MOST_AGAIN = 96
};

/* ---- decoding ---- */

bool block_ends(const struct insn *in)
{
	return (in->op->flags & F_ENDS && in->op->run != op_sti && !segment_loads(in)) ||
	       in->op->run == op_std || in->op->run == op_cpuid;
}

static void find(struct gen *g, unsigned i)
{
	static gen_fn *(*const finds[KINDS])(const struct insn *in) = {
		[KIND_ENDS] = ends_find,       [KIND_STACK] = stack_find,
		[KIND_MOVES] = moves_find,     [KIND_SYSTEM] = system_find,
		[KIND_SEGMENT] = segment_find, [KIND_PLAIN] = plain_find,
	};

	g->fn[i] = NULL;
	for (unsigned k = 0; k < KINDS && !g->fn[i]; k++) {
		g->fn[i] = finds[k](&g->in[i]);
		g->kind[i] = (uint8_t)k;
	}
}

/* Whatever its operands are; or goes out of the block. */
static bool may_fault(const struct gen *g, unsigned i)
{
	const struct opcode *op = g->in[i].op;

	switch ((enum gen_kind)g->kind[i]) {
	case KIND_MOVES:
	case KIND_SYSTEM:
	case KIND_SEGMENT:
		return true;
	case KIND_ENDS:
		return op->run != op_jmp;
	default:
		return op->flags & F_HOST || op->run == op_div || op->run == op_idiv;
	}
}

static void effects(struct gen *g, unsigned i)
{
	const struct insn *in = &g->in[i];

	find(g, i);
	insn_effects(in, &g->fx[i]);
	flags_of_shift(in, &g->fx[i]);
	g->reads[i] = flags_looked_at(in) ? g->fx[i].flags_read : 0;
}

static bool memory_may_fault(const struct gen *g, unsigned i)
{
	const struct insn *in = &g->in[i];

	if (in->op->run == op_lea || in->op->run == op_nop)
		return false;
	return (plain_memory(in) < 4 || g->kind[i] == KIND_STACK) && !spans_checked(g, i);
}

/* May somebody look at the flags before the instruction? */
static bool shows(const struct gen *g, unsigned i)
{
	return !g->fn[i] || memory_may_fault(g, i) || may_fault(g, i);
}

static void look_ahead(struct gen *g)
{
	spans_find(g);
	for (unsigned i = 0; i < g->n; i++)
		g->shows[i] = g->b->over || shows(g, i);
	flags_live(g);
	fuse_rotations(g, effects);
	for (unsigned i = 0; i < g->n; i++)
		g->holds[i] = plain_holds(g, i);
	stack_frame_find(g);
}

/* Does it go to a place in the block's page that is known? Where, from the block's first
 * instruction; it ends at `at`. */
static bool goes_to(const struct gen *g, const struct insn *in, int at, unsigned avail, int *to)
{
	int first = -(int)(tr_code_lin(g->c) % PAGE);
	uint64_t rip = g->c->rip;

	if (in->op->run != op_jcc && (in->op->run != op_jmp || in->op->o[0].kind != O_J))
		return false;
	rip += (uint64_t)at + (uint64_t)sign_extend(in->imm, in->imm_size);
	rip = reg_part(rip, in->opsize) - g->c->rip;
	*to = (int)rip;
	return (!gen_wide(g) || in->opsize == 8) && (int64_t)rip >= first &&
	       (int64_t)rip < (int64_t)avail;
}

static bool has(const struct gen *g, int at)
{
	for (unsigned i = 0; i < g->n; i++)
		if (g->off[i] == at)
			return true;
	return false;
}

/* Did what is between these two, whose last is a conditional jump, mostly go where that leads? The
 * interpreter's blocks end at each. */
static bool mostly_taken(const struct gen *g, uint64_t gpa, int from, int at)
{
	const struct block *b = blocks_find(g->c, gpa + (uint64_t)from);

	return b && b->bytes == at - from && b->went * 2 > b->ran;
}

/* The block is a loop's body: so often it is made, one behind the other, with the flags' and the
 * accesses' sake in mind. The last goes back to the first. */
static void repeat(struct gen *g, unsigned jccs)
{
	unsigned n = g->n, times = MOST_AGAIN / n;

	if (times > MOST_TIMES)
		times = MOST_TIMES;
	while (times > 1 && times * jccs > MOST_JCC)
		times--;
	for (; times > 1; times--) {
		g->follows[g->n - 1] = true;
		for (unsigned i = 0; i < n; i++, g->n++) {
			g->in[g->n] = g->in[i];
			g->fn[g->n] = g->fn[i];
			g->kind[g->n] = g->kind[i];
			g->fx[g->n] = g->fx[i];
			g->reads[g->n] = g->reads[i];
			g->off[g->n] = g->off[i];
			g->follows[g->n] = i + 1 < n && g->follows[i];
		}
	}
}

static void decoded_at(struct gen *g, int at)
{
	g->off[g->n] = (int16_t)at;
	g->follows[g->n] = false;
}

struct way {
	int at, from; /* from: behind or after the jump before it */
	unsigned jccs, followed;
};

/* The instruction there; false: none. */
static bool decode_one(struct gen *g, const struct block_from *f, struct way *w)
{
	unsigned left = f->avail - (unsigned)w->at;
	struct insn *in = &g->in[g->n];

	if (insn_decode(in, f->bytes + w->at, left, g->key->mode) != DECODE_OK ||
	    !cpu_has_insn(g->c, in))
		return false;
	decoded_at(g, w->at);
	effects(g, g->n++);
	g->lo = w->at < g->lo ? w->at : g->lo;
	w->at += in->len;
	g->hi = w->at > g->hi ? w->at : g->hi;
	return true;
}

/* Does the block go on with another? False: it ends with the one that was just decoded. */
static bool goes_on(struct gen *g, const struct block_from *f, struct way *w)
{
	const struct insn *in = &g->in[g->n - 1];
	bool jcc = in->op->run == op_jcc, known, follows;
	int to;

	known = goes_to(g, in, w->at, f->avail, &to);
	w->jccs += jcc;
	if (known && !to)
		repeat(g, w->jccs);
	if ((known && !to) || w->jccs == MOST_JCC)
		return false;
	if (!jcc && !known)
		return !block_ends(in);
	follows = known && w->followed < MOST_FOLLOWED && !has(g, to) &&
		  (!jcc || mostly_taken(g, f->gpa, w->from, w->at));
	if (follows)
		w->at = to;
	w->followed += follows;
	w->from = w->at;
	g->follows[g->n - 1] = follows;
	return jcc || follows;
}

static void decode(struct gen *g, const struct block_from *f)
{
	struct way w = {.at = 0};

	g->lo = g->hi = 0;
	while (g->n < TR_INSNS && w.at < (int)f->avail && decode_one(g, f, &w) && goes_on(g, f, &w))
		;
	g->off[g->n] = (int16_t)w.at;
}

/* ---- instructions ---- */

static void by_interpreter(struct gen *g, const struct insn *in)
{
	struct tr_site *s;

	assert(!g->frame_now);
	held_settle(g);
	flags_make(g);
	s = access_interp(g, in);
	if (!s)
		return;
	access_out(g, s);
	s->resume = emit_here(&g->e);
	g->flags_at = FLAGS_HOST;
	g->flags_kept = false;
	g->flags_by = NO_INSN;
	g->ended = block_ends(in);
}

static void note_place(struct gen *g)
{
	struct tr_place *p = &g->b->places[g->b->n_places++];

	p->host = (uint32_t)(emit_here(&g->e) - g->b->code);
	p->off = g->off[g->i];
	p->flags_at = g->flags_at;
}

/* Where the interpreter goes on when it has done this instruction for a way out. */
static void resume_sites(struct gen *g, unsigned from)
{
	for (unsigned i = from; i < g->n_slow; i++)
		g->slow[i].site->resume = emit_here(&g->e);
}

static void one(struct gen *g)
{
	const struct insn *in = gen_insn(g);
	gen_fn *fn = g->fn[g->i];
	unsigned from = g->n_slow;
	struct emit before;
	enum tr_flags_at at = g->flags_at;
	bool kept = g->flags_kept;

	if (!stack_waits(g))
		stack_settle(g);
	stack_frame_step(g);
	assert(!held_owed(g) || (g->holds[g->i] && held_all(g)));
	before = g->e;
	note_place(g);
	if (!fn || !fn(g, in)) {
		g->e = before;
		g->n_slow = from;
		g->flags_at = at;
		g->flags_kept = kept;
		g->t0_at = NULL;
		by_interpreter(g, in);
	}
	resume_sites(g, from);
}

/* ---- the ways in ---- */

static uint8_t *look_round(struct gen *g)
{
	emit_rm(&g->e, 0x80, false, 7, tr_field(TR_CPU(attention))); /* cmp byte, jne */
	emit_1(&g->e, 0);
	return emit_jump(&g->e, 0x85, emit_here(&g->e), false);
}

/* Its jumps out. */
struct entry {
	uint8_t *page, *poll;
};

static void entry(struct gen *g, enum tr_entry which)
{
	g->b->entries[which] = (uint8_t)(emit_here(&g->e) - g->b->code);
}

static struct entry entries(struct gen *g)
{
	struct entry en;

	entry(g, ENTRY_HOST);
	flags_save(&g->e);
	entry(g, ENTRY_POLL);
	en.poll = look_round(g);
	entry(g, ENTRY_PAGE);
	en.page = access_unless_page(g, g->b->page_slot, g->b->page_id);
	entry(g, ENTRY_SLOT);
	if (g->b->flags_in == FLAGS_IN_HOST)
		flags_restore(&g->e);
	entry(g, ENTRY_BODY);
	return en;
}

static void entry_sites(struct gen *g, const struct entry *en)
{
	struct tr_site *page, *poll;

	g->i = 0;
	g->flags_at = FLAGS_SLOT;
	g->vector_ready = g->x87_ready = false;
	page = access_site(g, OUT_PAGE);
	poll = access_site(g, OUT_POLL);
	if (!page || !poll)
		return;
	emit_aim(&g->e, en->page, emit_here(&g->e));
	access_out(g, page);
	emit_aim(&g->e, en->poll, emit_here(&g->e));
	access_out(g, poll);
}

static void ways_out(struct gen *g, const struct entry *en)
{
	struct emit often = g->e;

	g->e = g->away;
	ends_edges(g);
	access_slow_paths(g);
	entry_sites(g, en);
	g->away = g->e;
	g->e = often;
}

static void make(struct gen *g)
{
	struct tr_block *b = g->b;
	struct entry en;

	b->flags_in = flags_in(g);
	b->code = emit_here(&g->e);
	en = entries(g);
	g->flags_by = NO_INSN;
	g->flags_at = b->flags_in == FLAGS_IN_SLOT ? FLAGS_SLOT : FLAGS_HOST;
	g->flags_kept = false;
	g->i = 0;
	if (b->over)
		over_check(g);
	for (g->i = 0; g->i < g->n && !g->failed && !g->ended; g->i++)
		one(g);
	if (!g->ended) {
		stack_settle(g);
		g->i = g->n;
		stack_frame_step(g);
		ends_go_on(g);
	}
	b->code_len = (uint32_t)(emit_here(&g->e) - b->code);
	if (!g->failed)
		ways_out(g, &en);
}

static bool begin(struct gen *g, uint64_t gpa, const uint8_t *host)
{
	unsigned key = tr_key_index(g->c);
	uint64_t rip = g->c->rip, lin = tr_code_lin(g->c);
	struct tr_block *b = cache_meta(g->tr, sizeof(*b));
	struct tr_place *places = cache_meta(g->tr, g->n * sizeof(*places));

	if (!b || !places)
		return false;
	*b = (struct tr_block){.rip = rip,
			       .lin = lin,
			       .cs = tr_cpu(g->c)->cs,
			       .plain = g->plain,
			       .gpa = gpa,
			       .host = host,
			       .key = (uint8_t)key,
			       .n = (uint8_t)g->n,
			       .before = (int16_t)g->lo,
			       .bytes = (uint16_t)g->hi,
			       .places = places,
			       .region = (uint8_t)g->tr->region,
			       .page_slot = (uint16_t)tr_page_slot(lin, key)};
	b->page_id = cache_page_id(g->tr, lin & PAGE_MASK, gpa & PAGE_MASK, key);
	g->b = b;
	return true;
}

struct gen *block_gen_new(void)
{
	return calloc(1, sizeof(struct gen));
}

/* True: it is one instruction over the page's end. */
static bool decode_from(struct gen *g, const struct block_from *f)
{
	decode(g, f);
	if (g->n)
		return false;
	decoded_at(g, 0);
	g->off[1] = (int16_t)over_decode(g, f);
	if (!g->off[1])
		return false;
	effects(g, g->n++);
	g->hi = (int)f->avail;
	return true;
}

struct tr_block *block_make(struct cpu *c, const struct block_from *from, bool *full)
{
	struct tr *tr = tr_cpu(c)->tr;
	struct gen *g = tr->gen;
	bool over;

	*full = false;
	g->c = c;
	g->tr = tr;
	g->key = &tr->keys[tr_key_index(c)];
	g->n = g->n_slow = g->n_edges = 0;
	g->plain = from->plain;
	g->t0_at = NULL;
	g->addend = H_T0;
	g->held[0] = g->held[1] = (struct gen_held){.reg = REG_NONE};
	g->sp_owed = 0;
	g->frame_now = 0;
	memset(g->frame, 0, sizeof(g->frame));
	g->failed = g->ended = g->vector_ready = g->x87_ready = false;
	over = decode_from(g, from);
	if (!g->n)
		return NULL;
	*full = true;
	if (!cache_code(tr, &g->e, &g->away) || !begin(g, from->gpa, from->bytes) ||
	    (over && !over_note(g, from)))
		return NULL;
	look_ahead(g);
	make(g);
	if (g->failed || !cache_add(tr, g->b, &g->e, &g->away))
		return NULL;
	tr->translated++;
	return g->b;
}
