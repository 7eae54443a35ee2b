/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/mmu.h: the software TLB, between mmu.c that fills it and mem.c
 * that reads and writes through it.
 */
#ifndef HYPERVISOR_X86_MMU_H
#define HYPERVISOR_X86_MMU_H
#include "base/util.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/verify.h"

#define PAGE      4096u
#define PAGE_MASK (~(uint64_t)(PAGE - 1))
#define TLB_SIZE  1024u

/* Rights are those of the set, so that a change of CPL or AC needs no flush. */
enum tlb_set {
	TLB_USER,
	TLB_KERNEL,
	TLB_KERNEL_SMAP, /* supervisor that may not touch user pages */
	TLB_SETS
};
/*
 * A tag is the linear page | the context in its low 12 bits. A context is one life of one address
 * space: a CR3 write takes a new number (or, with PCIDs, an old one), and what went before is out
 * of reach at once. Global pages have context 0.
 */
enum { CTX_GLOBAL = 0, CTX_LAST = 0xffe };
#define TAG_NONE (~0ull)

struct tlb_entry {
	uint64_t tag[3];       /* by enum mem_access; TAG_NONE: not allowed, or D not set yet */
	uint8_t *read, *write; /* host memory of the page; NULL: not RAM (ROM), or watched */
	uint8_t *flag;         /* enum hv_page_flag of the page */
	uint64_t gpa;
	uint8_t shift; /* of the page as the guest's tables have it */
};
struct tlb {
	struct tlb_entry e[TLB_SETS][TLB_SIZE];
	uint16_t ctx, next_ctx;
	uint16_t pcid_ctx[4096];  /* 0: none */
	uint64_t big_lo, big_end; /* where pages over 4 KiB were seen since the last full flush */
	uint64_t a20_mask;
	uint8_t *flags;
	uint64_t n_flags;
	struct {
		uint64_t gpa;
		uint8_t *host;
	} tables[256]; /* RAM pages that walks read */
};

static inline bool cpu_lock_domain(struct cpu *c)
{
	verify_outside(c);
	if (domain_locked(c->dom))
		return false;
	smp_lock_domain(c);
	return true;
}
static inline void cpu_unlock_domain(struct cpu *c, bool mine)
{
	if (mine)
		smp_unlock_domain(c);
}
static inline bool lin_canonical(uint64_t lin)
{
	return (uint64_t)((int64_t)(lin << 16) >> 16) == lin;
}

struct tlb *mmu_new(struct domain *dom);
/* The entry through which lin may be accessed, or NULL and *error of the #PF. */
struct tlb_entry *mmu_fill(struct cpu *c, uint64_t lin, enum mem_access access, enum tlb_set set,
			   uint32_t *error);
_Noreturn void mmu_fault(struct cpu *c, uint64_t lin, uint32_t error);

static inline struct tlb_entry *mmu_try(struct cpu *c, uint64_t lin, enum mem_access access,
					enum tlb_set set, uint32_t *error)
{
	struct tlb_entry *e = &c->tlb->e[set][lin / PAGE % TLB_SIZE];
	uint64_t page = lin & PAGE_MASK;

	if (e->tag[access] == (page | c->tlb->ctx) || e->tag[access] == (page | CTX_GLOBAL))
		return e;
	return mmu_fill(c, lin, access, set, error);
}
static inline struct tlb_entry *mmu_entry(struct cpu *c, uint64_t lin, enum mem_access access,
					  enum tlb_set set)
{
	uint32_t error;
	struct tlb_entry *e = mmu_try(c, lin, access, set, &error);

	if (!e)
		mmu_fault(c, lin, error);
	return e;
}
/* After a write through ->write. */
void mmu_page_written(struct cpu *c, uint64_t gpa, unsigned len, uint8_t *flag);
static inline void mmu_written(struct cpu *c, const struct tlb_entry *e, uint64_t lin, unsigned len)
{
	verify_wrote(c, e->write + lin % PAGE, len);
	if (__atomic_load_n(e->flag, __ATOMIC_RELAXED))
		mmu_page_written(c, e->gpa + lin % PAGE, len, e->flag);
}
/* Sets of the accesses: of the instruction's own operands; of tables and inner stacks. */
static inline enum tlb_set set_explicit(const struct cpu *c)
{
	if (c->cpl == 3)
		return TLB_USER;
	return c->cr4 & CR4_SMAP && !(c->flags & FL_AC) ? TLB_KERNEL_SMAP : TLB_KERNEL;
}
static inline enum tlb_set set_implicit(const struct cpu *c)
{
	return c->cr4 & CR4_SMAP ? TLB_KERNEL_SMAP : TLB_KERNEL;
}
static inline enum tlb_set set_fetch(const struct cpu *c)
{
	return c->cpl == 3 ? TLB_USER : TLB_KERNEL;
}
#endif
