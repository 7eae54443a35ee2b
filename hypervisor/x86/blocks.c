/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/blocks.c: the cache of decoded instructions. A block ends at an
 * instruction that may go elsewhere, at its page's end, or where nothing decodes;
 * it dies by a write to its bytes. Memory is taken from one arena, which starts
 * anew, with all blocks gone, when it is full.
 *
 * State: one cache a vCPU. HV_PAGE_CODE of a page is set while any of them may have blocks of it:
 *	who clears it has told all the others to drop theirs.
 * Tests: tests/x86/interp.c
 */
#include "hypervisor/x86/blocks.h"

#include "hypervisor/domain.h"
#include "hypervisor/x86/fast.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/trace.h"
#include "hypervisor/x86/translate/translate.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT  12
#define BLOCK_INSNS 64
#define HASH_SIZE   32768u
#define PAGES_SIZE  4096u
#define ARENA_SIZE  (8u << 20)
#define JUMPS       16384u

struct block_cache {
	struct block *hash[HASH_SIZE];
	struct block *pages[PAGES_SIZE]; /* lists by page number, several pages in one */
	struct insn scratch[BLOCK_INSNS];
	struct {
		uint64_t rip, key;
		struct block *b;
	} jumps[JUMPS];
	uint8_t *flags; /* enum hv_page_flag of each page */
	uint64_t n_flags, mem_gen;
	size_t used;
	uint8_t *arena;
};

struct block_cache *blocks_new(struct domain *dom)
{
	struct block_cache *bc = calloc(1, sizeof(*bc));

	if (!bc)
		return NULL;
	bc->arena = malloc(ARENA_SIZE);
	bc->flags = domain_page_flags(dom, &bc->n_flags);
	if (!bc->arena) {
		free(bc);
		return NULL;
	}
	return bc;
}

void blocks_free(struct block_cache *bc)
{
	if (!bc)
		return;
	free(bc->arena);
	free(bc);
}

static struct block **hash_head(struct block_cache *bc, uint64_t gpa, unsigned mode)
{
	return &bc->hash[(gpa ^ gpa >> 14 ^ mode << 13) % HASH_SIZE];
}

static struct block **page_head(struct block_cache *bc, uint64_t gfn)
{
	return &bc->pages[gfn % PAGES_SIZE];
}

/* Page flags stay: a write to a page without blocks clears the flag. */
static void forget_all(struct cpu *c)
{
	struct block_cache *bc = c->blocks;

	memset(bc->hash, 0, sizeof(bc->hash));
	memset(bc->pages, 0, sizeof(bc->pages));
	bc->used = 0;
	blocks_forget_jumps(c);
}

void blocks_flush(struct cpu *c)
{
	forget_all(c);
	tr_forget(c);
}

/* ---- building ---- */

static unsigned decode_some(struct cpu *c, const uint8_t *host, unsigned avail, unsigned *bytes)
{
	struct insn *in = c->blocks->scratch;
	unsigned n = 0, at = 0;

	while (n < BLOCK_INSNS && at < avail) {
		if (insn_decode(&in[n], host + at, avail - at, c->mode) != DECODE_OK ||
		    !cpu_has_insn(c, &in[n]))
			break;
		at += in[n].len;
		if (in[n++].op->flags & F_ENDS)
			break;
	}
	*bytes = at;
	return n;
}

static struct block *block_alloc(struct cpu *c, unsigned n)
{
	size_t size =
		sizeof(struct block) + n * sizeof(struct insn) + (n + 1) * sizeof(struct fast_op);
	struct block_cache *bc = c->blocks;

	size = (size + 63) & ~(size_t)63;
	if (bc->used + size > ARENA_SIZE)
		forget_all(c);
	bc->used += size;
	return (struct block *)(void *)(bc->arena + bc->used - size);
}

static void make_chain(struct block *b)
{
	unsigned end = 0;

	b->chain = (struct fast_op *)(void *)&b->insn[b->n];
	b->wants = 0;
	for (unsigned i = 0; i < b->n; i++) {
		end += b->insn[i].len;
		b->chain[i].n = (uint8_t)(i + 1);
		b->chain[i].end = (uint16_t)end;
		fast_pick(&b->chain[i], &b->insn[i], &b->wants);
	}
	b->chain[b->n] =
		(struct fast_op){.run = fast_end, .n = (uint8_t)b->n, .end = (uint16_t)end};
}

void blocks_guard(struct cpu *c, uint64_t gfn)
{
	struct block_cache *bc = c->blocks;
	uint8_t f;

	if (gfn >= bc->n_flags)
		return;
	f = smp_guard(c, &bc->flags[gfn]);
	if (f & HV_PAGE_OPEN)
		tr_guard(c, gfn);
}

static struct block *build(struct cpu *c, uint64_t gpa, const uint8_t *host, unsigned avail)
{
	struct block_cache *bc = c->blocks;
	struct block **head, *b;
	unsigned n, bytes;

	if (gpa >> PAGE_SHIFT >= bc->n_flags)
		return NULL;
	blocks_guard(c, gpa >> PAGE_SHIFT);
	n = decode_some(c, host, avail, &bytes);
	if (!n)
		return NULL;
	b = block_alloc(c, n);
	b->gpa = gpa;
	b->n = (uint16_t)n;
	b->bytes = (uint16_t)bytes;
	b->mode = c->mode;
	b->visits = b->ran = b->went = 0;
	memcpy(b->insn, bc->scratch, n * sizeof(b->insn[0]));
	make_chain(b);
	if (trace_wants(TRACE_IN_ASM))
		trace_block(c, b->insn, n);
	head = hash_head(bc, gpa, b->mode);
	b->hash_next = *head;
	*head = b;
	head = page_head(bc, gpa >> PAGE_SHIFT);
	b->page_next = *head;
	*head = b;
	return b;
}

const struct block *blocks_find(const struct cpu *c, uint64_t gpa)
{
	const struct block *b = *hash_head(c->blocks, gpa, c->mode);

	while (b && (b->gpa != gpa || b->mode != c->mode))
		b = b->hash_next;
	return b;
}

struct block *blocks_get(struct cpu *c, uint64_t gpa, const uint8_t *host, unsigned avail)
{
	struct block_cache *bc = c->blocks;
	struct block *b;

	if (bc->mem_gen != c->mem_gen) { /* other bytes may be at the same addresses now */
		forget_all(c);
		bc->mem_gen = c->mem_gen;
	}
	for (b = *hash_head(bc, gpa, c->mode); b; b = b->hash_next)
		if (b->gpa == gpa && b->mode == c->mode)
			break;
	if (!b)
		return build(c, gpa, host, avail);
	return b->bytes <= avail ? b : NULL; /* CS's limit is lower now: one by one */
}

/* ---- by linear address ---- */

static unsigned jump_slot(uint64_t rip)
{
	return (unsigned)(rip ^ rip >> 12) % JUMPS;
}

struct block *blocks_jump(const struct cpu *c, uint64_t rip)
{
	const struct block_cache *bc = c->blocks;
	unsigned i = jump_slot(rip);

	if (bc->jumps[i].rip != rip || bc->jumps[i].key != c->fast.key ||
	    bc->jumps[i].b->mode == BLOCK_DEAD)
		return NULL;
	return bc->jumps[i].b;
}

void blocks_jump_set(struct cpu *c, uint64_t rip, struct block *b)
{
	struct block_cache *bc = c->blocks;
	unsigned i = jump_slot(rip);

	bc->jumps[i].rip = rip;
	bc->jumps[i].key = c->fast.key;
	bc->jumps[i].b = b;
}

/* ---- writes ---- */

static void unhash(struct block_cache *bc, const struct block *b)
{
	struct block **at = hash_head(bc, b->gpa, b->mode);

	while (*at != b)
		at = &(*at)->hash_next;
	*at = b->hash_next;
}

/* The memory of a dead block stays: it may be the one that runs. False: none are left there. */
static bool page_drop(struct cpu *c, uint64_t gfn, uint64_t first, uint64_t end)
{
	struct block_cache *bc = c->blocks;
	struct block **at = page_head(bc, gfn), *b;
	bool left = false;

	while ((b = *at)) {
		if (b->gpa >> PAGE_SHIFT == gfn && b->gpa < end && b->gpa + b->bytes > first) {
			*at = b->page_next;
			unhash(bc, b);
			b->mode = BLOCK_DEAD;
			c->break_block = true;
			continue;
		}
		left |= b->gpa >> PAGE_SHIFT == gfn;
		at = &b->page_next;
	}
	return left;
}

/* Cleared before the others hear of it: what they make meanwhile, they will drop again. */
static void page_written(struct cpu *c, uint64_t gfn, uint64_t gpa, uint64_t len)
{
	struct block_cache *bc = c->blocks;
	bool left = tr_written(c, gpa, len);

	left |= page_drop(c, gfn, gpa, gpa + len);
	if (left) {
		smp_written(c, gpa, len);
		return;
	}
	if (gfn < bc->n_flags)
		tr_open_page(c, gfn);
	smp_written(c, gfn << PAGE_SHIFT, 1u << PAGE_SHIFT);
}

void blocks_written(struct cpu *c, uint64_t gpa, uint64_t len)
{
	if (!c->blocks || !len)
		return;
	for (uint64_t gfn = gpa >> PAGE_SHIFT; gfn <= (gpa + len - 1) >> PAGE_SHIFT; gfn++)
		page_written(c, gfn, gpa, len);
}

void blocks_drop(struct cpu *c, uint64_t gpa, uint64_t len)
{
	for (uint64_t gfn = gpa >> PAGE_SHIFT; gfn <= (gpa + len - 1) >> PAGE_SHIFT; gfn++)
		page_drop(c, gfn, gpa, gpa + len);
}
