/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/cache.h: translated blocks, under tr.lock. */
#ifndef HYPERVISOR_X86_TRANSLATE_CACHE_H
#define HYPERVISOR_X86_TRANSLATE_CACHE_H
#include "hypervisor/x86/translate/parts.h"

struct tr *cache_new(unsigned cpus, struct err *e);
void cache_free(struct tr *tr); /* NULL is fine */
struct tr_block *cache_find(struct tr *tr, const struct cpu *c, uint64_t gpa, bool plain);
/* From the region that is filled now; NULL: it is full. */
void *cache_meta(struct tr *tr, size_t size);
/* Where the next block's code goes, and what of it seldom runs; false: the region has no room. */
bool cache_code(struct tr *tr, struct emit *e, struct emit *away);
/* Both where they have ended. */
bool cache_add(struct tr *tr, struct tr_block *b, const struct emit *e, const struct emit *away);
void cache_link(struct tr *tr, struct tr_link *l, struct tr_block *to);
/* All that overlap [gpa, gpa + len) die. True: some are left in its pages. */
bool cache_written(struct tr *tr, uint64_t gpa, uint64_t len);
bool cache_has(struct tr *tr, uint64_t gpa); /* anything of that page */
void cache_flush(struct tr *tr);
/* The oldest one's blocks die, its memory is used again: no other vCPU runs guest code. */
void cache_next_region(struct tr *tr);
uint32_t cache_page_id(struct tr *tr, uint64_t lin, uint64_t gpa, unsigned key);
const struct tr_block *cache_at(struct tr *tr, const uint8_t *host);
#endif
