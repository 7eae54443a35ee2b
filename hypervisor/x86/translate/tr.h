/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/tr.h: what the translator's files share. See docs/engine.md.
 *
 * struct tr: one an engine: translated blocks and the memory they are in, under one lock.
 * struct tr_cpu: one a vCPU, right behind its struct cpu, so that translated code reaches both
 * by a displacement from RSP.
 */
#ifndef HYPERVISOR_X86_TRANSLATE_TR_H
#define HYPERVISOR_X86_TRANSLATE_TR_H
#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/translate/blocks.h"
#include "hypervisor/x86/translate/emit.h"
#include "hypervisor/x86/translate/keys.h"

#include <pthread.h>

enum {
	TR_TLB = 4096,    /* entries of each set */
	TR_SPANS = 6,     /* of a block: span.c */
	TR_JUMPS = 65536, /* of the table of indirect branches */
	TR_PAGES = 4096,  /* of the table of pages whose mapping is known to hold */
	TR_KEYS = 63,
	TR_DECODED = 64,
	TR_CODE_SEGS = 256, /* of the table of code segments */
	TR_REGIONS = 8,
	TR_BLOCK_ROOM = 96 << 10, /* no block is longer */
	TR_HASH = 32768,
	TR_BIG = 1024,    /* of the table of 2 MiB that had large pages */
	TR_CROSSING = 8,  /* instructions over pages' ends, one after the other */
	TR_MOST = 1000,   /* instructions that may follow, at least: it does not count them */
	TR_SCRATCH = 1024 /* below struct cpu: struct tr_near; a signal's red zone */
};

/* A page's entry. A tag is the page's linear address; one that never fits is that of another index.
 * 32 bytes: an index is scaled by the shift that makes it. */
struct tr_tlb {
	uint64_t tag[2];
	uint8_t *host;
	uint64_t addend; /* host - the page's linear address */
};
#define TR_TLB_SHIFT 5
#define TR_NO_PAGE   (1ull << 63) /* a tag: what fits it, the host cannot address */

struct tr_jump {
	uint64_t rip; /* tr_tag of its offset */
	const uint8_t *host;
};

struct tr_page_id { /* a linear page at a physical one under a key */
	uint64_t lin, gpa;
	uint32_t id;
	uint8_t key;
};

struct tr_region {
	uint8_t *code, *away; /* where it is written, in two parts */
	uint32_t used, away_used;
	uint8_t *meta;
	uint32_t meta_used;
	struct tr_block **blocks; /* in the order of their code */
	unsigned n_blocks, max_blocks;
};

struct gen; /* gen.h */
struct err;

struct tr {
	pthread_mutex_t lock;
	unsigned n_cpus;
	struct cpu **cpus;
	uint8_t *rw;
	const uint8_t *rx;
	size_t code_size;
	uint64_t mem_gen; /* of the memory map that blocks are of */
	unsigned region;
	struct tr_region regions[TR_REGIONS];
	struct tr_block *hash[TR_HASH], *pages[TR_HASH];
	struct tr_key keys[TR_KEYS];
	unsigned n_keys;
	struct tr_page_id *ids;
	unsigned n_ids;
	uint32_t last_id;
	struct gen *gen;
	bool bmi2, avx; /* of the host */
	uint64_t n_blocks, translated, killed, evictions, flushes;
	struct perf_map *perf_map; /* NULL: nobody asked */
	/* the stubs, where they run */
	const uint8_t *enter, *out, *load_vector, *load_x87, *syscall, *sysret, *light, *call;
	const uint8_t *stack_page[TLB_SETS][2];
};

struct tr_cpu {
	struct tr *tr;
	const uint8_t *resume; /* the stubs' own */
	uint64_t host_sp, t1, host_flags, slot_flags, fault_at;
	const struct tr_site *site;
	uint64_t rax, rsi, rdi, value; /* for a moment */
	uint32_t host_mxcsr;
	uint32_t fpu_live, fpu_was; /* what of the guest's is in the host's: enum tr_unit */
	uint32_t avx;               /* its upper halves count */
	struct tr_state state;      /* that cpu.tr_key is of */
	uint8_t rings[TR_RINGS];    /* cpu.tr_key there; 0: not known yet */
	/* Outside 64-bit mode: how many bytes of each segment may be read and written. */
	uint64_t room[2][SEG_N];
	struct tr_code_seg cs; /* that cpu.tr_seg is of */
	struct {
		struct tr_code_seg cs;
		uint16_t id;
	} code_segs[TR_CODE_SEGS];
	uint16_t last_code_seg;
	uint32_t n_touched, n_pages;
	uint64_t lost; /* times that something in tlb ceased to hold */
	/* x87: the guest's pointers; fip_at: the last instruction was this, from tr.rx, if not 0 */
	uint64_t fip, fdp;
	uint32_t fip_at;
	uint16_t fop;
	struct insn decoded[TR_DECODED];
	bool giant, big[TR_BIG]; /* large pages were seen there */
	uint32_t touched[2048]; /* entries of tlb that are not of global pages: set << 16 | index */
	uint16_t pages_touched[1024];
	struct tr_jump jumps[TR_JUMPS];
	uint32_t pages[TR_PAGES];
	struct tr_tlb tlb[TLB_SETS][TR_TLB];
	uint8_t *flag[TLB_SETS][TR_TLB]; /* of the page of each: enum hv_page_flag */
};

static inline uint64_t tr_code_lin(const struct cpu *c)
{
	return c->mode == MODE_64 ? c->rip : (uint32_t)(c->seg[SEG_CS].base + c->rip);
}
/* Right below struct cpu: what is a short displacement away. */
struct tr_near {
	struct tr_stack_page {
		uint64_t tag[2]; /* as of struct tr_tlb, or TR_NO_PAGE */
		uint64_t addend;
	} stack[TLB_SETS];       /* the page that RSP pointed into last: stack_page.c */
	uint64_t span[TR_SPANS]; /* span.c: what makes a host address of a linear one */
	uint64_t flags;          /* the slot: at -8, which flags.c and ends.c have in bytes */
};
_Static_assert(sizeof(struct tr_near) == 128, "one byte has all of its displacements");

static inline struct tr_near *tr_near(struct cpu *c)
{
	return (struct tr_near *)(void *)c - 1;
}
static inline struct tr_cpu *tr_cpu(const struct cpu *c)
{
	return (struct tr_cpu *)((uintptr_t)c + ((sizeof(struct cpu) + 63) & ~63ul));
}
/* In tr.keys, of what runs now. */
static inline unsigned tr_key_index(const struct cpu *c)
{
	return c->tr_key - 1u;
}
/* What the table of jumps has for an offset, of what runs now. The lowest bits say no more than the
 * entry's number does, so that a key there makes one tag of each offset and key. The segment is 0
 * in 64-bit mode; offsets have 32 bits elsewhere. */
#define TR_KEY_AT 8
#define TR_SEG_AT 32
static inline uint64_t tr_tag(const struct cpu *c, uint64_t rip)
{
	return rip ^ (uint64_t)c->tr_key << TR_KEY_AT ^ (uint64_t)c->tr_seg << TR_SEG_AT;
}
static inline unsigned tr_page_slot(uint64_t lin, unsigned key)
{
	return (unsigned)((lin >> 12) ^ (lin >> 24) ^ key * 77) % TR_PAGES;
}
/* Displacements from RSP. */
#define TR_CPU(field) ((int32_t)offsetof(struct cpu, field))
#define TR_OWN(field) \
	((int32_t)(((sizeof(struct cpu) + 63) & ~63ul) + offsetof(struct tr_cpu, field)))
#define TR_REG(n)      (TR_CPU(r) + 8 * (int32_t)(n))
#define TR_NEAR(field) ((int32_t)offsetof(struct tr_near, field) - (int32_t)sizeof(struct tr_near))
static inline struct emit_mem tr_field(int32_t disp)
{
	return (struct emit_mem){H_CPU, REG_NONE, disp};
}
/* The slot is as LAHF and SETO leave AX. */
static inline uint64_t tr_slot_flags(uint64_t ax)
{
	return (ax >> 8 & (FL_STATUS & 0xff)) | (ax & 1) << 11;
}
static inline void tr_set_flags(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);

	t->slot_flags = (c->flags & FL_STATUS & 0xff) << 8 | (c->flags >> 11 & 1);
}
#endif
