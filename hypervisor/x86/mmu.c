/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/mmu.c: paging: the walks of all modes, #PF error codes, the TLB.
 *
 * Spec: Intel SDM volume 3, chapter 4 (4.2-4.10).
 * State: no paging, 32-bit (PSE, PSE36), PAE, 4-level (1 GiB pages), NX, WP, SMEP, SMAP, PCID.
 * Missing: protection keys, 5-level paging; paging-structure caches are not modelled.
 * Tests: tests/x86/mmu.c
 */
#include "hypervisor/x86/mmu.h"

#include "hypervisor/x86/debug.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/translate/translate.h"

#include <setjmp.h>
#include <stdlib.h>

enum {
	PTE_P = 1 << 0,
	PTE_W = 1 << 1,
	PTE_U = 1 << 2,
	PTE_A = 1 << 5,
	PTE_D = 1 << 6,
	PTE_PS = 1 << 7,
	PTE_G = 1 << 8
};
#define PTE_NX   (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull
/* Bits hi … lo. */
#define BITS(hi, lo) ((~0ull >> (63 - (hi))) & (~0ull << (lo)))

enum { PF_P = 1 << 0, PF_W = 1 << 1, PF_U = 1 << 2, PF_RSVD = 1 << 3, PF_I = 1 << 4 };

/* Of what is not RAM. */
static uint8_t no_flag;

/* ---- physical memory under the walks ---- */

static uint8_t *host_page(struct cpu *c, uint64_t gpa, bool write)
{
	bool mine = !domain_locked(c->dom);
	size_t len = PAGE;
	uint8_t *p;

	if (mine)
		smp_lock_domain(c);
	p = domain_ram(c->dom, gpa & PAGE_MASK & c->tlb->a20_mask, &len, write);
	cpu_unlock_domain(c, mine);
	return p;
}

static uint8_t *table_page(struct cpu *c, uint64_t gpa)
{
	unsigned i = gpa / PAGE % ARRAY_SIZE(c->tlb->tables);

	gpa &= PAGE_MASK;
	if (c->tlb->tables[i].gpa != gpa || !c->tlb->tables[i].host) {
		c->tlb->tables[i].gpa = gpa;
		c->tlb->tables[i].host = host_page(c, gpa, true);
	}
	return c->tlb->tables[i].host;
}

static uint64_t entry_read(struct cpu *c, uint64_t gpa, unsigned size)
{
	const uint8_t *p = table_page(c, gpa);
	uint64_t val = 0;

	if (!p) {
		phys_read(c, gpa, &val, size);
		return val;
	}
	p += gpa % PAGE;
	return size == 8 ? __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED)
			 : __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
}

/* False: the entry is no longer what it was. Tables that are not RAM stay as they are. */
static bool entry_set(struct cpu *c, uint64_t gpa, unsigned size, uint64_t old, uint64_t bits)
{
	uint8_t *p = table_page(c, gpa), *flag;
	uint32_t old32 = (uint32_t)old;
	bool done;

	if (!p || (old & bits) == bits)
		return true;
	p += gpa % PAGE;
	gpa &= c->tlb->a20_mask;
	flag = gpa / PAGE < c->tlb->n_flags ? &c->tlb->flags[gpa / PAGE] : &no_flag;
	if (__builtin_expect(c->trying, 0))
		verify_saved_table(c, p, size, gpa, flag);
	if (size == 8)
		done = __atomic_compare_exchange_n((uint64_t *)p, &old, old | bits, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	else
		done = __atomic_compare_exchange_n((uint32_t *)p, &old32, (uint32_t)(old32 | bits),
						   false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	if (done && *flag)
		mmu_page_written(c, gpa, size, flag);
	return done;
}

/* ---- walks ---- */

struct walk {
	uint64_t lin;
	enum mem_access access;
	enum tlb_set set;
	bool fixed; /* a debugger looks: set no bits, ask for no rights */
	/* what came out */
	uint64_t gpa;
	uint8_t shift;
	bool user, write, nx, global, dirty, again;
	uint32_t error;
	/* the entries on the way */
	unsigned n, size;
	struct {
		uint64_t at, val;
	} path[4];
};

static bool walk_fails(const struct cpu *c, struct walk *w, uint32_t error)
{
	bool tells_fetch = c->cr4 & CR4_SMEP || (c->efer & EFER_NXE && c->cr4 & CR4_PAE);

	if (w->access == ACCESS_WRITE)
		error |= PF_W;
	if (w->set == TLB_USER)
		error |= PF_U;
	if (w->access == ACCESS_FETCH && tells_fetch)
		error |= PF_I;
	w->error = error;
	return false;
}

/* SDM 4.6.1. */
static bool walk_allows(const struct cpu *c, const struct walk *w, enum mem_access access)
{
	bool user = w->set == TLB_USER;

	if (access == ACCESS_FETCH)
		return !w->nx && (user ? w->user : !(w->user && c->cr4 & CR4_SMEP));
	if (user)
		return w->user && (access == ACCESS_READ || w->write);
	if (w->user && w->set == TLB_KERNEL_SMAP)
		return false;
	return access == ACCESS_READ || w->write || !(c->cr0 & CR0_WP);
}

static void walk_step(struct walk *w, uint64_t at, uint64_t val)
{
	w->path[w->n].at = at;
	w->path[w->n++].val = val;
	w->user &= (val & PTE_U) != 0;
	w->write &= (val & PTE_W) != 0;
}

/* The last entry is on the path: rights, then A and D. */
static bool walk_ends(struct cpu *c, struct walk *w, uint64_t frame)
{
	uint64_t last = w->path[w->n - 1].val, bits;

	w->gpa = frame | (w->lin & BITS(w->shift - 1, 0));
	w->global = last & PTE_G && c->cr4 & CR4_PGE;
	if (w->fixed)
		return true;
	if (!walk_allows(c, w, w->access))
		return walk_fails(c, w, PF_P);
	w->dirty = w->access == ACCESS_WRITE || last & PTE_D;
	for (unsigned i = 0; i < w->n && !w->again; i++) {
		bits = w->access == ACCESS_WRITE && i == w->n - 1 ? PTE_A | PTE_D : PTE_A;
		w->again = !entry_set(c, w->path[i].at, w->size, w->path[i].val, bits);
	}
	return true;
}

static bool walk_32(struct cpu *c, struct walk *w)
{
	uint64_t at = (c->cr3 & 0xfffff000) + (w->lin >> 22 & 0x3ff) * 4, e;

	w->size = 4;
	e = entry_read(c, at, 4);
	if (!(e & PTE_P))
		return walk_fails(c, w, 0);
	walk_step(w, at, e);
	if (e & PTE_PS && c->cr4 & CR4_PSE) {
		/* PSE36: bits 20:13 are address bits 39:32 (SDM table 4-4). */
		if (e & (cpu_has(c, CPU_PSE36) ? BITS(21, 21) : BITS(21, 13)))
			return walk_fails(c, w, PF_P | PF_RSVD);
		w->shift = 22;
		return walk_ends(c, w, (e & 0xffc00000) | (e & BITS(20, 13)) << 19);
	}
	at = (e & 0xfffff000) + (w->lin >> 12 & 0x3ff) * 4;
	e = entry_read(c, at, 4);
	if (!(e & PTE_P))
		return walk_fails(c, w, 0);
	walk_step(w, at, e);
	w->shift = 12;
	return walk_ends(c, w, e & 0xfffff000);
}

static uint64_t reserved_64(const struct cpu *c, uint64_t e, unsigned level)
{
	uint64_t r = BITS(51, c->model->phys_bits);

	if (!c->long_mode)
		r |= BITS(62, 52);
	if (!(c->efer & EFER_NXE))
		r |= PTE_NX;
	if (level == 4 || (level == 3 && !cpu_has(c, CPU_PDPE1GB)))
		r |= PTE_PS;
	if (level > 1 && e & PTE_PS)
		r |= BITS(level == 3 ? 29 : 20, 13);
	return r;
}

/* Entries of 8 bytes, from the table of this level down to a page. */
static bool walk_64(struct cpu *c, struct walk *w, uint64_t table, unsigned level)
{
	w->size = 8;
	for (;; level--) {
		unsigned shift = 12 + 9 * (level - 1);
		uint64_t at = (table & PTE_ADDR) + (w->lin >> shift & 0x1ff) * 8;
		uint64_t e = entry_read(c, at, 8);

		if (!(e & PTE_P))
			return walk_fails(c, w, 0);
		if (e & reserved_64(c, e, level))
			return walk_fails(c, w, PF_P | PF_RSVD);
		walk_step(w, at, e);
		w->nx |= (e & PTE_NX) != 0;
		if (level == 1 || e & PTE_PS) {
			w->shift = (uint8_t)shift;
			return walk_ends(c, w, e & PTE_ADDR & ~BITS(shift - 1, 0));
		}
		table = e;
	}
}

static bool walk_modes(struct cpu *c, struct walk *w)
{
	uint64_t pdpte;

	w->user = w->write = true;
	w->nx = w->again = false;
	w->n = 0;
	if (!(c->cr0 & CR0_PG)) {
		w->gpa = w->lin;
		w->shift = 12;
		w->dirty = w->global = true;
		return true;
	}
	if (c->long_mode)
		return walk_64(c, w, c->cr3, 4);
	if (!(c->cr4 & CR4_PAE))
		return walk_32(c, w);
	pdpte = c->pdpte[w->lin >> 30 & 3];
	if (!(pdpte & PTE_P))
		return walk_fails(c, w, 0);
	return walk_64(c, w, pdpte, 2);
}

static bool walk(struct cpu *c, struct walk *w)
{
	bool found;

	do
		found = walk_modes(c, w);
	while (found && w->again);
	return found;
}

bool mmu_load_pdptes(struct cpu *c, uint64_t cr3)
{
	uint64_t e[4], bad = BITS(63, c->model->phys_bits) | BITS(8, 5) | BITS(2, 1);

	for (unsigned i = 0; i < 4; i++) {
		e[i] = entry_read(c, (cr3 & 0xffffffe0) + 8 * i, 8);
		if (e[i] & PTE_P && e[i] & bad)
			return false;
	}
	memcpy(c->pdpte, e, sizeof(e));
	return true;
}

bool mmu_peek(struct cpu *c, uint64_t lin, uint64_t *gpa)
{
	struct walk w = {.lin = lin, .fixed = true, .set = TLB_KERNEL};
	bool found = walk(c, &w);

	*gpa = w.gpa;
	return found;
}

/* ---- filling the TLB ---- */

static bool page_watched(const struct cpu *c, uint64_t page)
{
	for (unsigned i = 0; i < 4; i++)
		if (c->dr[7] >> 2 * i & 3 && (c->dr[i] & PAGE_MASK) == page)
			return true;
	for (unsigned i = 0; c->debug && i < c->debug->n_watches; i++) {
		const struct cpu_watch *w = &c->debug->watches[i];

		if (w->at < page + PAGE && page < w->at + w->len)
			return true;
	}
	return false;
}

static void entry_host(struct cpu *c, struct tlb_entry *e, uint64_t page, uint64_t gpa)
{
	uint64_t gfn = (gpa & c->tlb->a20_mask) / PAGE;

	e->gpa = gpa & c->tlb->a20_mask & PAGE_MASK;
	e->flag = gfn < c->tlb->n_flags ? &c->tlb->flags[gfn] : &no_flag;
	e->read = e->write = NULL;
	if (c->watching && page_watched(c, page))
		return;
	e->read = host_page(c, gpa, false);
	e->write = host_page(c, gpa, true);
}

static void big_seen(struct tlb *t, uint64_t lin, unsigned shift)
{
	uint64_t lo = lin & ~BITS(shift - 1, 0), end = lin | BITS(shift - 1, 0);

	if (t->big_lo > t->big_end) {
		t->big_lo = lo;
		t->big_end = end;
	}
	t->big_lo = MIN(t->big_lo, lo);
	t->big_end = MAX(t->big_end, end);
}

struct tlb_entry *mmu_fill(struct cpu *c, uint64_t lin, enum mem_access access, enum tlb_set set,
			   uint32_t *error)
{
	struct walk w = {.lin = lin, .access = access, .set = set};
	struct tlb_entry *e = &c->tlb->e[set][lin / PAGE % TLB_SIZE];
	uint64_t page = lin & PAGE_MASK, tag;

	if (!walk(c, &w)) {
		*error = w.error;
		return NULL;
	}
	if (__builtin_expect(c->trying, 0))
		verify_saved_entry(c, e);
	tag = page | (w.global ? CTX_GLOBAL : c->tlb->ctx);
	for (unsigned i = 0; i < 3; i++)
		e->tag[i] = walk_allows(c, &w, i) ? tag : TAG_NONE;
	if (!w.dirty)
		e->tag[ACCESS_WRITE] = TAG_NONE;
	e->shift = w.shift;
	if (w.shift > 12)
		big_seen(c->tlb, lin, w.shift);
	entry_host(c, e, page, w.gpa);
	return e;
}

void mmu_fault(struct cpu *c, uint64_t lin, uint32_t error)
{
	c->exc.cr2 = lin;
	cpu_raise_error(c, EXC_PF, error);
}

void mmu_page_written(struct cpu *c, uint64_t gpa, unsigned len, uint8_t *flag)
{
	uint8_t f = __atomic_load_n(flag, __ATOMIC_RELAXED);

	if ((f & (HV_PAGE_LOG | HV_PAGE_DIRTY)) == HV_PAGE_LOG)
		__atomic_fetch_or(flag, HV_PAGE_DIRTY, __ATOMIC_RELEASE);
	if (f & HV_PAGE_CODE)
		blocks_written(c, gpa, len);
}

/* ---- dropping entries ---- */

static void entry_drop(struct tlb_entry *e)
{
	e->tag[0] = e->tag[1] = e->tag[2] = TAG_NONE;
}

static void flush_all(struct cpu *c)
{
	struct tlb *t = c->tlb;

	for (unsigned i = 0; i < TLB_SETS * TLB_SIZE; i++)
		entry_drop(&t->e[i / TLB_SIZE][i % TLB_SIZE]);
	memset(t->pcid_ctx, 0, sizeof(t->pcid_ctx));
	t->big_lo = 1;
	t->big_end = 0;
	t->ctx = t->next_ctx = 1;
	tr_flush(c);
	blocks_forget_jumps(c);
}

static unsigned pcid_now(const struct cpu *c)
{
	return c->cr4 & CR4_PCIDE ? c->cr3 & 0xfff : 0;
}

static void new_context(struct cpu *c)
{
	if (c->tlb->next_ctx == CTX_LAST)
		flush_all(c);
	c->tlb->ctx = ++c->tlb->next_ctx;
	c->tlb->pcid_ctx[pcid_now(c)] = c->tlb->ctx;
}

void mmu_new_cr3(struct cpu *c, bool keep)
{
	uint16_t old = c->tlb->pcid_ctx[pcid_now(c)];

	verify_outside(c);
	if (keep && old)
		c->tlb->ctx = old;
	else
		new_context(c);
	tr_new_context(c);
}

void mmu_flush(struct cpu *c, bool global_too)
{
	verify_outside(c);
	if (global_too)
		flush_all(c);
	new_context(c);
	tr_new_context(c);
}

/* Does the entry translate lin: for a large page, is it any part of it? */
static bool entry_covers(const struct tlb_entry *e, uint64_t lin, unsigned ctx, bool global_too)
{
	uint64_t tag = e->tag[0] & e->tag[1] & e->tag[2]; /* those that are not TAG_NONE agree */

	if (tag == TAG_NONE || ((tag ^ lin) & ~BITS(e->shift - 1, 0)))
		return false;
	return (tag & ~PAGE_MASK) == ctx || (global_too && (tag & ~PAGE_MASK) == CTX_GLOBAL);
}

static void drop_page(struct cpu *c, uint64_t lin, unsigned ctx, bool global_too)
{
	struct tlb *t = c->tlb;
	bool big = lin >= t->big_lo && lin <= t->big_end;

	tr_drop_page(c, lin);
	blocks_forget_jumps(c);
	for (unsigned set = 0; set < TLB_SETS; set++)
		for (unsigned n = 0; n < (big ? TLB_SIZE : 1); n++) {
			struct tlb_entry *e = &t->e[set][big ? n : lin / PAGE % TLB_SIZE];

			if (entry_covers(e, lin, ctx, global_too))
				entry_drop(e);
		}
}

void mmu_invlpg(struct cpu *c, uint64_t lin)
{
	verify_outside(c);
	drop_page(c, lin, c->tlb->ctx, true);
}

/* SDM volume 2, INVPCID. */
void mmu_invpcid(struct cpu *c, unsigned type, uint64_t pcid, uint64_t lin)
{
	verify_outside(c);
	cpu_gp0(c, type <= 3);
	if (type < 2)
		cpu_gp0(c, !(pcid >> 12) && (c->cr4 & CR4_PCIDE || !pcid));
	if (type == 0) {
		cpu_gp0(c, lin_canonical(lin));
		if (c->tlb->pcid_ctx[pcid])
			drop_page(c, lin, c->tlb->pcid_ctx[pcid], false);
	} else if (type == 1) {
		c->tlb->pcid_ctx[pcid] = 0;
		if (pcid == pcid_now(c)) {
			new_context(c);
			tr_new_context(c);
		}
	} else if (type == 2) {
		mmu_flush(c, true);
	} else {
		memset(c->tlb->pcid_ctx, 0, sizeof(c->tlb->pcid_ctx));
		new_context(c);
		tr_new_context(c);
	}
}

void mmu_sync(struct cpu *c)
{
	uint64_t gen = domain_memory_generation(c->dom);
	uint64_t mask = domain_a20(c->dom) ? ~0ull : ~(1ull << 20);

	if (gen == c->mem_gen && mask == c->tlb->a20_mask)
		return;
	verify_outside(c);
	c->mem_gen = gen;
	c->tlb->a20_mask = mask;
	memset(c->tlb->tables, 0, sizeof(c->tlb->tables));
	mmu_flush(c, true);
}

struct tlb *mmu_new(struct domain *dom)
{
	struct tlb *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->flags = domain_page_flags(dom, &t->n_flags);
	t->a20_mask = ~0ull;
	return t;
}
