/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/cache.c: translated blocks: where they are, who jumps to
 * whom, and their end: by a write to their code, by a changed memory map, or
 * because the room is wanted. Code lies in regions that are filled in turn; the
 * next one is emptied when the last is full.
 *
 * Code is written through one mapping and run through another; neither is ever both. What belongs
 * to blocks lies behind it, within reach of an address relative to RIP.
 *
 * State: all under tr.lock. A dead block's code and memory stay until its region is emptied, which
 *	is done while no other vCPU runs guest code.
 * Tests: tests/x86/translate.c
 */
#include "base/err.h"
#include "hypervisor/x86/perf_map.h"
#include "hypervisor/x86/translate/gen.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef TR_REGION_KIB /* tests/full/evict.sh has small ones */
#define TR_REGION_KIB 2048
#endif

enum {
	TR_REGION = TR_REGION_KIB << 10, /* bytes of code of each */
	TR_OFTEN = TR_REGION / 8 * 5,    /* of that for what runs often: ways out are in the rest */
	TR_REGION_META = TR_REGION / 2 * 3 /* and of what belongs to it */
};

_Static_assert(TR_BLOCK_ROOM < TR_REGION - TR_OFTEN, "a block fits");

#define STUBS     (64u << 10)
#define CODE_SIZE (STUBS + (size_t)TR_REGIONS * TR_REGION)
#define META_SIZE ((size_t)TR_REGIONS * TR_REGION_META)
#define IDS       65536u
#define DEAD_PAGE (~0u) /* a page id that no vCPU ever has */
#define ID_AT     7     /* of the page id in a block's first instruction */

/* ---- memory ---- */

static int map_all(struct tr *tr)
{
	int fd = memfd_create("translated", MFD_CLOEXEC);
	uint8_t *all = MAP_FAILED, *rw = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)CODE_SIZE)) {
		rw = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		all = mmap(NULL, CODE_SIZE + META_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	}
	if (all != MAP_FAILED && rw != MAP_FAILED)
		tr->rx = mmap(all, CODE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0);
	if (fd >= 0)
		close(fd);
	tr->rw = rw;
	return rw == MAP_FAILED || all == MAP_FAILED || tr->rx == MAP_FAILED ? -ENOMEM : 0;
}

static void share_out(struct tr *tr)
{
	uint8_t *meta = (uint8_t *)(uintptr_t)tr->rx + CODE_SIZE;

	for (unsigned i = 0; i < TR_REGIONS; i++) {
		tr->regions[i].code = tr->rw + STUBS + (size_t)i * TR_REGION;
		tr->regions[i].away = tr->regions[i].code + TR_OFTEN;
		tr->regions[i].meta = meta + (size_t)i * TR_REGION_META;
	}
}

static bool make_parts(struct tr *tr, unsigned cpus)
{
	tr->gen = block_gen_new();
	tr->ids = calloc(IDS, sizeof(*tr->ids));
	tr->cpus = calloc(cpus, sizeof(struct cpu *));
	return tr->gen && tr->ids && tr->cpus && !map_all(tr);
}

struct tr *cache_new(unsigned cpus, struct err *e)
{
	struct tr *tr = calloc(1, sizeof(*tr));
	struct emit em;

	if (!tr || !make_parts(tr, cpus)) {
		cache_free(tr);
		err_set(e, -ENOMEM, "no memory for translated code");
		return NULL;
	}
	pthread_mutex_init(&tr->lock, NULL);
	share_out(tr);
	tr->code_size = CODE_SIZE;
	tr->bmi2 = __builtin_cpu_supports("bmi2");
	tr->avx = __builtin_cpu_supports("avx2");
	em = (struct emit){tr->rw, tr->rx - tr->rw};
	stubs_make(tr, &em);
	signals_add(tr);
	return tr;
}

void cache_free(struct tr *tr)
{
	if (!tr)
		return;
	signals_remove(tr);
	for (unsigned i = 0; i < TR_REGIONS; i++)
		free(tr->regions[i].blocks);
	if (tr->rw && tr->rw != MAP_FAILED)
		munmap(tr->rw, CODE_SIZE);
	if (tr->rx && tr->rx != MAP_FAILED)
		munmap((void *)(uintptr_t)tr->rx, CODE_SIZE + META_SIZE);
	free(tr->gen);
	free(tr->cpus);
	free(tr->ids);
	free(tr);
}

void *cache_meta(struct tr *tr, size_t size)
{
	struct tr_region *r = &tr->regions[tr->region];
	uint8_t *p = r->meta + r->meta_used;

	size = (size + 15) & ~(size_t)15;
	if (r->meta_used + size > TR_REGION_META)
		return NULL;
	r->meta_used += (uint32_t)size;
	return p;
}

bool cache_code(struct tr *tr, struct emit *e, struct emit *away)
{
	struct tr_region *r = &tr->regions[tr->region];

	*e = (struct emit){r->code + r->used, tr->rx - tr->rw};
	*away = (struct emit){r->away + r->away_used, tr->rx - tr->rw};
	return r->used + TR_BLOCK_ROOM <= TR_OFTEN &&
	       r->away_used + TR_BLOCK_ROOM <= TR_REGION - TR_OFTEN;
}

/* ---- finding ---- */

static unsigned hash_of(uint64_t rip, uint64_t gpa, unsigned key)
{
	return (unsigned)((rip ^ rip >> 15 ^ gpa >> 7 ^ key << 9) % TR_HASH);
}

struct tr_block *cache_find(struct tr *tr, const struct cpu *c, uint64_t gpa, bool plain)
{
	const struct tr_code_seg *cs = &tr_cpu(c)->cs;
	unsigned key = tr_key_index(c);
	struct tr_block *b = tr->hash[hash_of(c->rip, gpa, key)];

	while (b && (b->rip != c->rip || b->gpa != gpa || b->key != key || b->plain != plain ||
		     b->cs.base != cs->base || b->cs.limit != cs->limit))
		b = b->hash_next;
	return b;
}

static struct tr_block **page_head(struct tr *tr, uint64_t gpa)
{
	return &tr->pages[gpa / PAGE % TR_HASH];
}

static bool note_block(struct tr_region *r, struct tr_block *b)
{
	struct tr_block **more;

	if (r->n_blocks == r->max_blocks) {
		r->max_blocks = r->max_blocks ? r->max_blocks * 2 : 1024;
		more = realloc(r->blocks, r->max_blocks * sizeof(struct tr_block *));
		if (!more)
			return false;
		r->blocks = more;
	}
	r->blocks[r->n_blocks++] = b;
	return true;
}

bool cache_add(struct tr *tr, struct tr_block *b, const struct emit *e, const struct emit *away)
{
	struct tr_region *r = &tr->regions[tr->region];
	struct tr_block **head = &tr->hash[hash_of(b->rip, b->gpa, b->key)];

	if (!note_block(r, b))
		return false;
	perf_map_add(tr->perf_map, b->code, b->code_len, b->lin, 16u << tr->keys[b->key].mode);
	r->used = (uint32_t)((e->p - r->code + 15) & ~15);
	r->away_used = (uint32_t)(away->p - r->away);
	b->hash_next = *head;
	*head = b;
	head = page_head(tr, b->gpa);
	b->page_next = *head;
	*head = b;
	tr->n_blocks++;
	return true;
}

const struct tr_block *cache_at(struct tr *tr, const uint8_t *host)
{
	for (unsigned i = 0; i < TR_REGIONS; i++) {
		const struct tr_region *r = &tr->regions[i];
		unsigned lo = 0, hi = r->n_blocks;

		while (lo < hi) { /* the last that begins at or before it */
			unsigned mid = (lo + hi) / 2;

			if (r->blocks[mid]->code <= host)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo && host < r->blocks[lo - 1]->code + r->blocks[lo - 1]->code_len)
			return r->blocks[lo - 1];
	}
	return NULL;
}

/* ---- links ---- */

static void aim(struct tr *tr, uint8_t *at, const uint8_t *to)
{
	const struct emit e = {at, tr->rx - tr->rw};

	emit_aim(&e, at, to);
}

static const uint8_t *entry_for(const struct tr_link *l, const struct tr_block *to)
{
	bool host = l->site.flags_at == FLAGS_HOST;

	if (host && !l->cross && !l->poll && to->flags_in != FLAGS_IN_SLOT)
		return tr_entry(to, ENTRY_BODY);
	if (host && !l->kept)
		return tr_entry(to, ENTRY_HOST);
	return tr_entry(to, l->poll ? ENTRY_POLL : l->cross ? ENTRY_PAGE : ENTRY_SLOT);
}

void cache_link(struct tr *tr, struct tr_link *l, struct tr_block *to)
{
	if (l->to || l->site.b->dead || to->dead)
		return;
	l->to = to;
	l->next_to = to->incoming;
	to->incoming = l;
	aim(tr, l->jump, entry_for(l, to));
}

static void open_link(struct tr *tr, struct tr_link *l)
{
	l->to = NULL;
	aim(tr, l->jump, l->open);
}

static void unlink_from(struct tr_link *l)
{
	struct tr_link **at = &l->to->incoming;

	while (*at != l)
		at = &(*at)->next_to;
	*at = l->next_to;
	l->to = NULL;
}

/* ---- the end of a block ---- */

static void unhash(struct tr *tr, struct tr_block *b)
{
	struct tr_block **at = &tr->hash[hash_of(b->rip, b->gpa, b->key)];

	while (*at != b)
		at = &(*at)->hash_next;
	*at = b->hash_next;
	at = page_head(tr, b->gpa);
	while (*at != b)
		at = &(*at)->page_next;
	*at = b->page_next;
}

static void kill_block(struct tr *tr, struct tr_block *b)
{
	uint32_t dead = DEAD_PAGE;

	while (b->incoming) {
		struct tr_link *l = b->incoming;

		b->incoming = l->next_to;
		open_link(tr, l);
	}
	for (struct tr_link *l = b->links; l; l = l->next_of)
		if (l->to)
			unlink_from(l);
	unhash(tr, b);
	b->dead = true;
	/* Who comes by a table of a vCPU finds its page gone. */
	memcpy(tr->rw + (tr_entry(b, ENTRY_PAGE) - tr->rx) + ID_AT, &dead, sizeof(dead));
	tr->n_blocks--;
}

bool cache_written(struct tr *tr, uint64_t gpa, uint64_t len)
{
	bool left = false;

	for (uint64_t page = gpa / PAGE; page <= (gpa + len - 1) / PAGE; page++) {
		struct tr_block *next;

		for (struct tr_block *b = *page_head(tr, page * PAGE); b; b = next) {
			next = b->page_next;
			if (b->gpa / PAGE != page)
				continue;
			if (b->gpa + (uint64_t)b->before < gpa + len && b->gpa + b->bytes > gpa) {
				kill_block(tr, b);
				tr->killed++;
			} else {
				left = true;
			}
		}
	}
	return left;
}

bool cache_has(struct tr *tr, uint64_t gpa)
{
	struct tr_block *b = *page_head(tr, gpa);

	while (b && b->gpa / PAGE != gpa / PAGE)
		b = b->page_next;
	return b;
}

static void empty(struct tr *tr, struct tr_region *r)
{
	for (unsigned i = 0; i < r->n_blocks; i++)
		if (!r->blocks[i]->dead)
			kill_block(tr, r->blocks[i]);
}

void cache_flush(struct tr *tr)
{
	tr->flushes++;
	for (unsigned i = 0; i < TR_REGIONS; i++)
		empty(tr, &tr->regions[i]);
}

void cache_next_region(struct tr *tr)
{
	struct tr_region *r;

	tr->region = (tr->region + 1) % TR_REGIONS;
	r = &tr->regions[tr->region];
	for (unsigned i = 0; i < tr->n_cpus; i++) {
		pointers_settle(tr->cpus[i]);
		ends_forget(tr_cpu(tr->cpus[i]));
	}
	empty(tr, r);
	r->used = r->away_used = r->meta_used = r->n_blocks = 0;
	tr->evictions++;
}

/* ---- pages ---- */

static struct tr_page_id *id_slot(struct tr *tr, uint64_t lin, uint64_t gpa, unsigned key)
{
	unsigned i = (unsigned)((lin / PAGE * 31 ^ gpa / PAGE * 7 ^ key * 1021) % IDS);

	while (tr->ids[i].id &&
	       (tr->ids[i].lin != lin || tr->ids[i].gpa != gpa || tr->ids[i].key != key))
		i = (i + 1) % IDS;
	return &tr->ids[i];
}

/* Numbers are never used again; when the table is full all blocks go, and so do their numbers. */
uint32_t cache_page_id(struct tr *tr, uint64_t lin, uint64_t gpa, unsigned key)
{
	struct tr_page_id *p = id_slot(tr, lin, gpa, key);

	if (p->id)
		return p->id;
	if (tr->n_ids == IDS / 2) {
		cache_flush(tr);
		memset(tr->ids, 0, IDS * sizeof(*tr->ids));
		tr->n_ids = 0;
		p = id_slot(tr, lin, gpa, key);
	}
	tr->n_ids++;
	*p = (struct tr_page_id){lin, gpa, ++tr->last_id, (uint8_t)key};
	return p->id;
}
