/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/blocks.h: what is known of translated code: blocks, their
 * ways in, links to each other, ways out.
 */
#ifndef HYPERVISOR_X86_TRANSLATE_BLOCKS_H
#define HYPERVISOR_X86_TRANSLATE_BLOCKS_H
#include <stdbool.h>
#include <stdint.h>

struct insn;

/* Vector registers; they and the x87 unit's. */
enum tr_unit { TR_VECTOR = 1, TR_X87 = 2 };

/* Where a block's status flags are at some place of it. REDO: a way out makes them: redo.c. */
enum tr_flags_at { FLAGS_HOST, FLAGS_SLOT, FLAGS_REDO };

/* And where it wants them when it begins; NONE: they are overwritten. */
enum tr_flags_in { FLAGS_IN_HOST, FLAGS_IN_SLOT, FLAGS_IN_NONE };

/* A block's entries, one behind the other, so that none jumps: the flags go from the host's
 * register to the slot; does somebody want the vCPU? is its page's mapping known to hold? the flags
 * are taken from the slot, if they are wanted. */
enum tr_entry { ENTRY_HOST, ENTRY_POLL, ENTRY_PAGE, ENTRY_SLOT, ENTRY_BODY, N_ENTRIES };

enum tr_out {
	OUT_READ,   /* the quick way into memory was closed */
	OUT_WRITE,  /* the same for a write, or a read and write */
	OUT_WHOLE,  /* the interpreter is to do all of the instruction this time */
	OUT_INTERP, /* an instruction that the interpreter does */
	OUT_LINK,   /* an end that leads to no block yet */
	OUT_JUMP,   /* an indirect end whose target is not in the table */
	OUT_BRANCH, /* the same, of a stub: t1 is where to, all else is as it is there */
	OUT_POLL,   /* somebody wants the vCPU, before a block's first instruction */
	OUT_PAGE,   /* the page's mapping is not known to hold, before its first */
	OUT_OVER,   /* the page behind an instruction over a page's end is not known to hold */
	OUT_FAULT   /* the host's instruction faulted */
};
/* A way out of translated code. */
struct tr_site {
	struct tr_block *b;
	const uint8_t *retry, *resume; /* from the access's start, or behind the instruction */
	const struct insn *in;         /* OUT_INTERP */
	int16_t off;                   /* of the instruction, from the block's first */
	uint16_t size;                 /* of the access */
	uint8_t out, flags_at, len;
	int8_t sp;     /* OUT_JUMP: what RSP is moved by when it goes on */
	bool whole;    /* OUT_JUMP: nothing of the instruction has been done */
	bool last;     /* of its block */
	bool spans;    /* what follows in the block relies on pages that were looked at before */
	uint8_t units; /* enum tr_unit: what is in the host's at resume and retry */
};
/* An end of a block with a target that is known. */
struct tr_link {
	struct tr_site site;
	uint64_t to_rip;
	struct tr_block *to;     /* NULL: open */
	struct tr_link *next_to; /* of those that lead to the same block */
	struct tr_link *next_of; /* of those of the same block */
	uint8_t *jump;           /* its displacement, where it is written */
	const uint8_t *open;     /* where it leads while there is no block */
	bool cross, poll, first; /* first: before anything of the block was done */
	bool plain; /* to a block without spans, as a page was not there; site.retry: the check */
	bool write;
	bool kept; /* the flags are in the slot, too */
};

struct tr_place { /* an instruction's beginning, for faults of the host's */
	uint32_t host;
	int16_t off;
	uint8_t flags_at;
};

/* What a block knows of CS: it is for no other. Of 64-bit mode: 0 and all ones. */
struct tr_code_seg {
	uint32_t base, limit;
};

/* Of a block whose one instruction goes on in the next page. */
struct tr_over {
	uint64_t lin, gpa; /* of that page */
	const uint8_t *host;
	uint32_t page_id;
	uint16_t page_slot;
	uint8_t len, bytes[15]; /* of the instruction: there; all of it, and what follows */
};

struct tr_block {
	struct tr_block *hash_next, *page_next;
	uint64_t rip, lin, gpa; /* rip: the offset in the code segment */
	struct tr_code_seg cs;
	const uint8_t *host; /* the guest's code */
	uint32_t page_id;
	int16_t before; /* where its lowest instruction is, from the first; 0 or less */
	uint16_t bytes, page_slot;
	uint8_t key, n, flags_in, region;
	bool plain, dead;
	uint16_t n_places;
	uint32_t code_len;
	uint8_t entries[N_ENTRIES]; /* from code: tr_entry */
	const uint8_t *code;
	struct tr_over *over; /* NULL: it ends within its page */
	struct tr_place *places;
	struct tr_link *links, *incoming;
};

static inline const uint8_t *tr_entry(const struct tr_block *b, enum tr_entry en)
{
	return b->code + b->entries[en];
}
#endif
