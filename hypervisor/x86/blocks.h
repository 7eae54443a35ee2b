/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/blocks.h: runs of decoded instructions, by physical address and
 * mode, between blocks.c that keeps them and interp.c that runs them.
 */
#ifndef HYPERVISOR_X86_BLOCKS_H
#define HYPERVISOR_X86_BLOCKS_H
#include "hypervisor/x86/cpu.h"

#define BLOCK_DEAD 0xff

struct block {
	struct block *hash_next, *page_next;
	uint64_t gpa;
	uint16_t n, bytes;
	uint8_t mode;       /* enum insn_mode, or BLOCK_DEAD */
	uint32_t wants;     /* of segments: fast.h */
	unsigned visits;    /* how often it ran, while it is wanted to know */
	unsigned ran, went; /* in chains: how often; and then not to what is behind it */
	struct fast_op *chain;
	struct insn insn[];
};

struct block_cache *blocks_new(struct domain *dom);
void blocks_free(struct block_cache *bc); /* NULL is fine */
/* What starts at gpa, whose bytes are at host: all wholly within avail, which is at most what is
 * left of the page. NULL: not one instruction decodes there. */
struct block *blocks_get(struct cpu *c, uint64_t gpa, const uint8_t *host, unsigned avail);
/* The same, if it is there; else NULL. */
const struct block *blocks_find(const struct cpu *c, uint64_t gpa);
/* Code of the page is about to be looked at: writes from now on are told. */
void blocks_guard(struct cpu *c, uint64_t gfn);
void blocks_flush(struct cpu *c);
/* By linear address, for what cpu.fast.key says; NULL: not there. */
struct block *blocks_jump(const struct cpu *c, uint64_t rip);
void blocks_jump_set(struct cpu *c, uint64_t rip, struct block *b);
#endif
