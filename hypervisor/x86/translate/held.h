/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/held.h: which of R13 to R15 t0 and t1 hold for a while: held.c. */
#ifndef HYPERVISOR_X86_TRANSLATE_HELD_H
#define HYPERVISOR_X86_TRANSLATE_HELD_H
#include <stdbool.h>
#include <stdint.h>

struct gen;
struct insn;

struct gen_held {
	const uint8_t *at; /* up to there it is so */
	uint8_t reg;
	bool later; /* struct cpu does not have the value yet */
};

/* What an instruction has of the guest's registers in t0 and t1. */
struct held_use {
	uint8_t reg[2]; /* REG_NONE: nothing */
	bool spare[2];  /* may be used for it */
	bool has[2];    /* it still holds what gen.held says */
};

/* The host register that holds r now; REG_NONE: none does. */
unsigned held_host(const struct gen *g, unsigned r);
/* Which of the two in is to have r in; 2: none is left. */
unsigned held_choose(const struct gen *g, const struct insn *in, const struct held_use *u,
		     unsigned r);
bool held_owed(const struct gen *g); /* does struct cpu lack something? */
bool held_all(const struct gen *g);  /* is what it lacks there still? */
/* struct cpu gets what it does not have yet; both hold on. */
void held_settle(struct gen *g);
/* The same of one of the two. */
void held_settle_one(struct gen *g, unsigned k);
/* Around the instruction at hand: what is held now; its registers are loaded; what it wrote is
 * stored, now or later. */
void held_look(const struct gen *g, struct held_use *u);
void held_load(struct gen *g, struct held_use *u);
void held_new(struct gen *g, struct held_use *u, unsigned k); /* or it is only written */
void held_keep(struct gen *g, struct held_use *u, bool later);
/* What was emitted since `from` left both alone. */
void held_behind(struct gen *g, const uint8_t *from);
void held_forget(struct gen *g); /* nothing is owed */
#endif
