/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/parts.h: what the translator's files ask of each other. */
#ifndef HYPERVISOR_X86_TRANSLATE_PARTS_H
#define HYPERVISOR_X86_TRANSLATE_PARTS_H
#include "hypervisor/x86/translate/tr.h"

/* A handler: what the interpreter runs. */
typedef void run_fn(struct cpu *c, const struct insn *in);

static inline bool run_among(run_fn *run, run_fn *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i] == run)
			return true;
	return false;
}
#define AMONG(run, list) run_among(run, list, ARRAY_SIZE(list))

/* ---- stubs.c ---- */
void stubs_make(struct tr *tr, struct emit *e);
/* Here: a call of fn, which always comes back, by the stub for light calls. The flags are in the
 * slot; units are to be loaded again; t0 and t1 are lost. */
void stubs_light(const struct tr *tr, struct emit *e, void (*fn)(struct cpu *));
/* Into translated code at `host`; returns when it leaves. */
void stubs_enter(struct cpu *c, const uint8_t *host);

/* ---- block.c: from a guest's code to a block ---- */
struct block_from {
	uint64_t gpa;
	const uint8_t *bytes; /* there, avail of them */
	unsigned avail;
	bool plain;          /* without spans */
	const uint8_t *next; /* the next page, for an instruction over the end; NULL: none */
	uint64_t next_gpa;
};
/* What is at rIP, under the vCPU's key. NULL: nothing decodes there, or *full: no room. */
struct tr_block *block_make(struct cpu *c, const struct block_from *from, bool *full);
struct gen *block_gen_new(void);
/* Is the block over behind it, whoever does it? */
bool block_ends(const struct insn *in);
/* ---- stack_page.c ---- */
bool stack_page_serves(const struct gen *g, const struct insn *in); /* in 64-bit mode, [rSP + n] */
/* The flags of `ja` if size bytes at [rSP + disp] are not in that page. */
void stack_page_look(struct gen *g, int32_t disp, unsigned size, bool write);
void stack_page_addend(struct gen *g); /* of it: t0 */
/* Where that jump leads; what follows is for a page that is not there: t1 is the address. */
void stack_page_miss(struct gen *g, const uint8_t *retry, bool write, uint8_t redo);
void stack_page_make(struct tr *tr, struct emit *e);
void stack_page_forget(struct cpu *c); /* something in the TLB ceased to hold */
/* ---- over.c: an instruction over a page's end ---- */
void over_look(struct cpu *c, struct block_from *f); /* fills in the next page */
/* Of a block with one: is the next page where it was, with the same in it? */
bool over_holds(struct cpu *c, const struct tr_block *b);
/* ---- ends.c ---- */
void ends_forget(struct tr_cpu *t); /* the table of jumps */
/* ---- rings.c ---- */
void rings_make(struct tr *tr, struct emit *e);
/* By the table of jumps to t1, with the flags in the slot, or out; odd lead out by tr_cpu.site. */
void rings_go_on(struct tr *tr, struct emit *e, const struct emit_jumps *odd);
/* ---- calls.c ---- */
void calls_make(struct tr *tr, struct emit *e);
/* ---- segment.c ---- */
/* A segment register without a shadow: what follows goes on in the block, unless another key is
 * wanted for it. */
bool segment_loads(const struct insn *in);

/* ---- decoded.c ---- */
/* The instruction at rIP, of these bytes; NULL: none. It is good until the next call. */
const struct insn *decoded(struct cpu *c, const uint8_t *bytes, unsigned n);

/* ---- run.c: what translated code calls; NULL: leave ---- */
const uint8_t *out_call(struct cpu *c, const struct tr_site *site);
/* ---- pointers.c: after the guest's vector and x87 registers were brought into struct cpu ---- */
void pointers_saved(struct cpu *c);
/* With tr.lock, before the code goes that says which instruction was last. */
void pointers_settle(struct cpu *c);
/* The last that begins at or before it. */
const struct tr_place *pointers_place(const struct tr_block *b, const uint8_t *host);

/* ---- signals.c ---- */
bool signals_add(const struct tr *tr);
void signals_remove(const struct tr *tr);
bool signals_ready(void); /* of this thread: before it runs translated code */
#endif
