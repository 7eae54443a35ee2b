/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/gen.h: one block on its way to host code, between the
 * files that make it: block.c (the whole), flags.c, access.c (memory), plain.c,
 * stack.c and ends.c (instructions by kind).
 */
#ifndef HYPERVISOR_X86_TRANSLATE_GEN_H
#define HYPERVISOR_X86_TRANSLATE_GEN_H
#include "hypervisor/x86/effects.h"
#include "hypervisor/x86/translate/cache.h"
#include "hypervisor/x86/translate/held.h"
#include "hypervisor/x86/translate/span.h"

enum { GEN_SLOW = TR_INSNS * 6, GEN_LINKS = 24, GEN_SPANS = 32, NO_INSN = 0xff };

struct gen;
/* Makes an instruction; false: the interpreter is to do it. */
typedef bool gen_fn(struct gen *g, const struct insn *in);
/* Whose they are. */
enum gen_kind { KIND_ENDS, KIND_STACK, KIND_MOVES, KIND_SYSTEM, KIND_SEGMENT, KIND_PLAIN, KINDS };

struct gen {
	struct cpu *c;
	struct tr *tr;
	struct tr_block *b;
	const struct tr_key *key;
	struct emit e, away; /* away: where ways out are put: the rest lies close together */
	struct insn in[TR_INSNS];
	struct insn_effects fx[TR_INSNS];
	gen_fn *fn[TR_INSNS]; /* NULL: it is the interpreter's */
	uint8_t kind[TR_INSNS];
	int16_t off[TR_INSNS + 1];
	uint32_t live[TR_INSNS + 1]; /* status flags that count before the instruction */
	uint32_t reads[TR_INSNS];    /* of fx.flags_read: looked at; the rest is left alone */
	bool follows[TR_INSNS];      /* what follows a jump is where it goes */
	int lo, hi;                  /* what of the page they are in, as off */
	bool shows[TR_INSNS];        /* it may fault or go out: all of them count */
	bool holds[TR_INSNS];        /* plain_holds */
	unsigned n, i;               /* instructions; the one at hand */
	int sp_owed;                 /* what RSP is still to be moved by: stack.c */
	enum tr_flags_at flags_at;   /* before it, and while it is made */
	uint8_t flags_by;            /* the instruction that set all of them last; NO_INSN */
	bool flags_kept;             /* FLAGS_HOST: the slot has them, too */
	bool vector_ready, x87_ready, failed, ended, plain;
	uint8_t over[INSN_MAX];
	struct emit_mem at; /* on the host: what was asked for last */
	struct gen_span spans[GEN_SPANS];
	uint8_t n_spans, span[TR_INSNS]; /* which span an instruction's access is in */
	int64_t span_at[TR_INSNS];       /* where, as place.at */
	const uint8_t *t0_at;            /* up to there t0 holds what that span found */
	uint8_t t0_span;
	uint8_t addend;          /* the host register for it: t0, but where that is spared */
	struct gen_held held[2]; /* t0, t1 */
	uint8_t frame[TR_INSNS + 1], frame_now; /* stack_frame.c: which one; 0: none */
	struct gen_slow slow[GEN_SLOW];
	unsigned n_slow;
	struct gen_edge edges[GEN_LINKS];
	unsigned n_edges;
};

static inline const struct insn *gen_insn(const struct gen *g)
{
	return &g->in[g->i];
}
static inline uint64_t gen_rip(const struct gen *g, unsigned i)
{
	uint64_t rip = g->b->rip + (uint64_t)g->off[i];

	return g->key->mode == MODE_64 ? rip : (uint32_t)rip;
}
/* The host register of a guest's; REG_NONE: it is in memory. */
static inline unsigned gen_reg(unsigned r)
{
	if (r == R_SP)
		return H_SP;
	return r >= R_13 ? REG_NONE : r;
}
/* Is operand i a number in the instruction? */
static inline bool gen_number(const struct insn *in, unsigned i)
{
	return in->op->o[i].kind == O_I || in->op->o[i].kind == O_Is;
}
/* Does t0 still hold what the last span found? What changes no t0 says so behind itself again. */
static inline bool gen_t0_holds(const struct gen *g)
{
	return g->t0_at == g->e.p;
}
static inline void gen_t0_held(struct gen *g, bool held)
{
	if (held)
		g->t0_at = g->e.p;
}
static inline uint8_t gen_units(const struct gen *g)
{
	return (g->vector_ready ? TR_VECTOR : 0) | (g->x87_ready ? TR_X87 : 0);
}
static inline bool gen_wide(const struct gen *g)
{
	return g->key->mode == MODE_64;
}
/* Of a whole register, in bytes. */
static inline unsigned gen_width(const struct gen *g)
{
	return gen_wide(g) ? 8 : 4;
}
/* The shift that multiplies by an operand's size. */
static inline unsigned gen_shift(unsigned size)
{
	return (unsigned)__builtin_ctz(size);
}

#define SEGMENT(seg_, field)   \
	tr_field(TR_CPU(seg) + \
		 (int32_t)((seg_) * sizeof(struct segment) + offsetof(struct segment, field)))

/* ---- flags.c ---- */
void flags_live(struct gen *g);
enum tr_flags_in flags_in(const struct gen *g);
bool flags_looked_at(const struct insn *in);
/* Does the host write the flags that a shift leaves undefined, whatever they were? */
void flags_of_shift(const struct insn *in, struct insn_effects *fx);
void flags_spoil(struct gen *g);    /* the host's are about to be lost */
void flags_need(struct gen *g);     /* the host's must be right now */
void flags_restore(struct emit *e); /* from the slot */
void flags_save(struct emit *e);    /* into it */
void flags_carry(struct emit *e);   /* CF alone, from it */
void flags_image(struct emit *e);   /* t1 = RFLAGS as PUSHF has them, from the slot; t0 is lost */
void flags_take(struct emit *e);    /* the slot: what RFLAGS in t1 have; t0 and t1 are lost */
void flags_before(struct gen *g);   /* what the instruction reads or leaves alone */
void flags_after(struct gen *g);

void flags_make(struct gen *g); /* FLAGS_REDO is over: they are the host's */
/* Where a way out has them that begins here; which instruction's are to be made there. */
enum tr_flags_at flags_out(const struct gen *g, uint8_t *redo);
void flags_redo(struct gen *g,
		uint8_t redo); /* there: into the slot, but for NO_INSN; t0 is lost */

/* ---- redo.c ---- */
/* The flags of instruction `from`: are they overwritten, from `here` on, before somebody looks, and
 * can they be made again till then? */
bool redo_can(const struct gen *g, unsigned from, unsigned here);
void redo_flags(struct emit *e, const struct insn *in); /* those of in; t0 is lost */
bool redo_counts(const struct insn *in); /* with the carry of before, which is in the slot then */

/* ---- access.c ---- */
struct tr_site *access_site(struct gen *g, enum tr_out out);
struct tr_site *access_interp(struct gen *g, const struct insn *in); /* OUT_INTERP for in */
/* op to, r: a register of the guest's. */
void access_register(struct gen *g, unsigned op, bool w, unsigned to, unsigned r);
/* t1: the memory operand's offset. */
void access_offset(struct gen *g, const struct insn *in);
/* The same to any register, not of 16 bits. */
void access_lea(struct gen *g, const struct insn *in, unsigned to);
/* All of these leave where it is in gen.at; it relies on t0 and t1.
 * t1 a linear address. start: where it begins anew. */
void access_check(struct gen *g, unsigned size, enum mem_access access, const uint8_t *start);
/* Does access_operand need gen.addend alone, and nothing go out, for instruction i? */
bool access_spares_t1(const struct gen *g, unsigned i);
/* access_lea, if all of its registers are in the host's: t0 and t1 are left alone. */
bool access_lea_held(struct gen *g, const struct insn *in, unsigned to);
/* Both of the instruction's own operand. */
void access_operand(struct gen *g, unsigned size, enum mem_access access);
/* [rSP + by] for size bytes. */
void access_stack(struct gen *g, int by, unsigned size, enum mem_access access);
/* [rBP] */
void access_frame(struct gen *g, unsigned size, enum mem_access access);
void access_sum(struct gen *g); /* the address in t1: t0 is free */
/* Its pieces. t0 = the place of the entry for t1, which becomes an offset in the page; the flags of
 * `ja` if size bytes there are no one page's, or the entry is not the page's; returns the tag's
 * place behind t0. */
int32_t access_compare(struct gen *g, unsigned size, enum mem_access access);
struct emit_mem access_host(const struct gen *g); /* of that entry */
/* Here: a jump unless that page's mapping is known to hold. */
uint8_t *access_unless_page(struct gen *g, unsigned slot, uint32_t id);
/* The jump at `from` leads out by s. */
void access_slow(struct gen *g, uint8_t *from, struct tr_site *s);
void access_slow_paths(struct gen *g);
/* After a comparison that failed: t1 = the address, and the flags are in the slot; but it goes back
 * to retry if the stack's page is there now. */
void access_missed(struct gen *g, const struct gen_miss *m, const uint8_t *retry, bool write);
void access_out(struct gen *g, const struct tr_site *s);              /* leaves by it, here */
void access_to(struct gen *g, const void *what, const uint8_t *stub); /* t0 = what, to the stub */

/* ---- segment.c ---- */
/* t1, an offset in it, becomes the linear address; out when it is beyond the limit. Needs t0. */
void segment_linear(struct gen *g, unsigned seg, unsigned size, enum mem_access access);
/* No base, no limit, or 64-bit mode. */
bool segment_flat(const struct gen *g, unsigned seg, enum mem_access access);
bool segment_flat_stack(const struct gen *g);   /* and RSP or ESP counts */
void segment_cut(struct gen *g, unsigned size); /* t1 = its low 2 or 4 bytes */
unsigned segment_stack_size(const struct gen *g);
/* The stack pointer, as wide as the stack is; t1 is lost. */
void segment_move_sp(struct gen *g, int by);

/* ---- over.c ---- */
/* The instruction that goes on in the next page, to in[0]; 0: there is none. */
unsigned over_decode(struct gen *g, const struct block_from *f);
bool over_note(struct gen *g, const struct block_from *f); /* false: no room */
void over_check(struct gen *g);                            /* before it, each time */

/* Where tr_near has what it found. */
static inline struct emit_mem gen_span_field(const struct gen_span *s)
{
	return tr_field(TR_NEAR(span) + 8 * s->slot);
}

/* ---- by kind: NULL: it is none of them ---- */
gen_fn *plain_find(const struct insn *in);
bool plain_integer(const struct gen *g, unsigned i); /* it is done by plain.c, or LEA, or nothing */
/* May struct cpu lack what t0 and t1 hold when instruction i begins? */
bool plain_holds(const struct gen *g, unsigned i);
unsigned plain_memory(const struct insn *in); /* which operand is in memory; 4: none */
gen_fn *stack_find(const struct insn *in);
bool stack_waits(const struct gen *g);               /* does RSP move with what follows? */
void stack_settle(struct gen *g);                    /* it moves now */
void stack_push_value(struct gen *g, unsigned size); /* tr_cpu.value; t0 and t1 are lost */
gen_fn *moves_find(const struct insn *in);
gen_fn *system_find(const struct insn *in);
void system_set(struct gen *g, uint32_t flags); /* of RFLAGS, none of the status flags */
void system_clear(struct gen *g, uint32_t flags);
uint8_t *system_interrupt(struct emit *e); /* a jump if an interrupt waits; t0 is lost */
gen_fn *segment_find(const struct insn *in);
gen_fn *rings_find(const struct insn *in);
gen_fn *bits_find(const struct insn *in);            /* of plain.c's */
gen_fn *calls_find(const struct insn *in);           /* of system.c's */
bool rings_stub(struct gen *g, const uint8_t *stub); /* the block ends there, t0 its site */
gen_fn *ends_find(const struct insn *in);
/* The one access by a flat segment that instruction i, of this kind, would make; false: none,
 * several, or not by these. */
typedef bool access_fn(const struct gen *g, unsigned i, struct gen_access *a);
access_fn plain_access, stack_access, ends_access;
/* t1: a linear address. To the block that the table of jumps has for it, with the flags in the
 * slot; returns the jump if there is none, or somebody wants the vCPU. t0: its entry. */
uint8_t *ends_look_up(struct emit *e);
void ends_missed(struct emit *e, uint8_t *away); /* that leads here: t1 = tr_tag of where to */
void ends_jump(struct emit *e);                  /* there */
void ends_link_over(struct gen *g, uint64_t to); /* as if `to` were in another page */
void ends_go_on(struct gen *g);                  /* to the instruction behind the block */
void ends_edges(struct gen *g);
/* Here: a jump of this opcode to the same instruction in a block without spans; the edge's t1 is
 * to be set. */
struct gen_edge *ends_without_spans(struct gen *g, unsigned op);
#endif
