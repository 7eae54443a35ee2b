/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/x86/block_at.h: the translator's block for an address, for tests that look at one. */
#ifndef TESTS_X86_BLOCK_AT_H
#define TESTS_X86_BLOCK_AT_H
#include "hypervisor/x86/translate/tr.h"
#include "tests/x86/sys_rig.h"

/* NULL: none. In the first region, where all are while they are few. */
static inline struct tr_block *block_at(const struct sys_rig *r, uint64_t rip)
{
	const struct tr_region *g = &tr_cpu(r->c)->tr->regions[0];

	for (unsigned i = 0; i < g->n_blocks; i++)
		if (g->blocks[i]->rip == rip && !g->blocks[i]->dead)
			return g->blocks[i];
	return NULL;
}

/* Does its host code have these bytes? */
static inline bool block_has(const struct sys_rig *r, uint64_t rip, const char *bytes, unsigned n)
{
	const struct tr_block *b = block_at(r, rip);

	for (unsigned i = 0; b && i + n <= b->code_len; i++)
		if (!memcmp(b->code + i, bytes, n))
			return true;
	return false;
}
#endif
