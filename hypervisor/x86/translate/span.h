/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/span.h: accesses that one look at the TLB serves: span.c. */
#ifndef HYPERVISOR_X86_TRANSLATE_SPAN_H
#define HYPERVISOR_X86_TRANSLATE_SPAN_H
#include <stdbool.h>
#include <stdint.h>

struct gen;
struct tr_site;
struct tr_link;

enum { NO_SPAN = 0xff };

/* An access as span.c sees it: at the sum of up to two values and a number. */
struct gen_place {
	uint16_t base, index; /* values; 0: none */
	uint8_t scale;
	int64_t at;
};
/* The same by the instruction's registers, as struct insn names them. */
struct gen_access {
	uint8_t base, index, scale;
	int64_t disp;
	unsigned size;
	bool write;
};
struct gen_span {
	struct gen_place place; /* its beginning */
	int64_t end;            /* as place.at */
	bool write;
	uint8_t n, first, last, slot; /* members, of instructions; of tr_near.span */
};

/* What is to be done where a check's jump leads. */
struct gen_miss {
	int32_t tag;   /* to be added to t1: it is the address again; 0: nothing */
	bool constant; /* t1 is to be lin */
	uint64_t lin;
	uint8_t redo; /* the flags of this instruction; NO_INSN */
	bool stack;   /* first it asks for another page to be the stack's */
};
struct gen_slow {
	uint8_t *from; /* the jump to it */
	struct tr_site *site;
	struct gen_miss miss;
};
struct gen_edge {
	struct tr_link *link;
	struct gen_miss miss;
};

/* ---- span.c ---- */
void spans_find(struct gen *g);
/* Was the page of the instruction's access looked at by one before it? */
bool spans_checked(const struct gen *g, unsigned i);
/* Does one behind instruction i rely on a look that was taken? */
bool spans_open(const struct gen *g, unsigned i);

/* ---- stack_frame.c ---- */
void stack_frame_find(struct gen *g); /* by gen.holds and the spans */
void stack_frame_step(struct gen *g); /* before an instruction, and behind the last */
/* Will H_SP have the host's address of instruction i's operand? */
bool stack_frame_serves(const struct gen *g, unsigned i);

/* ---- fuse.c ---- */
/* A copy and the rotation of the copy behind it, for all of the block; gen.live, gen.shows and the
 * spans are known, and stay so. effects: finds instruction i's maker and effects anew. */
void fuse_rotations(struct gen *g, void (*effects)(struct gen *g, unsigned i));
#endif
