/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/cpu.h: the state of one vCPU as the software engine holds it,
 * and what its parts offer each other: memory, segments, exceptions.
 *
 * A guest fault inside a handler leaves it by longjmp (cpu_raise): handlers
 * read, compute, write memory, and only then change registers, so that what is
 * left behind is the state before the instruction.
 */
#ifndef HYPERVISOR_X86_CPU_H
#define HYPERVISOR_X86_CPU_H
#include "hypervisor/x86/arch.h"
#include "hypervisor/x86/insn.h"
#include "hypervisor/x86/stats.h"

#include <setjmp.h>

struct domain;

struct segment {
	uint64_t base;
	uint32_t limit; /* in bytes, granularity applied */
	uint16_t sel, attr;
};
struct table_reg {
	uint64_t base;
	uint16_t limit;
};

/* Vector and x87 registers as FXSAVE has them, plus upper halves: what XRSTOR would load. */
struct fpu_state {
	uint8_t fx[512] __attribute__((aligned(64))); /* FXSAVE64 image: FCW … MXCSR, ST, XMM */
	uint8_t ymm_high[16][16] __attribute__((aligned(32)));
};

struct tlb; /* mmu.c */
struct block_cache;
struct smp; /* smp.h */
struct fast_op;
struct cpu_debug;
struct verify;
struct tlb_entry;

/* What others want of a vCPU: it looks between two blocks. */
enum {
	ATT_EXIT = 1 << 0, /* leave the loop */
	ATT_NMI = 1 << 1,
	ATT_INIT = 1 << 2,
	ATT_SIPI = 1 << 3,
	ATT_STALE = 1 << 4, /* RAM that blocks were made of has changed, nobody knows where */
	ATT_POSTS = 1 << 5, /* it has, and the inbox says where */
	ATT_YIELD = 1 << 6, /* somebody wants to be alone */
	ATT_INTR = 1 << 7,  /* *intr rose: for translated code, which looks at no more than this */
};
struct written {
	uint64_t gpa, len;
};
#define WRITTEN_OUT 8
#define WRITTEN_IN  64

struct cpu {
	uint64_t r[18]; /* the last two: fast.h's */
	uint64_t rip;
	uint64_t flags; /* all of RFLAGS, always materialized */
	struct segment seg[SEG_N], ldtr, tr;
	struct table_reg gdtr, idtr;
	uint64_t cr0, cr2, cr3, cr4, cr8, efer, xcr0, pdpte[4];
	uint64_t dr[8];
	uint8_t cpl;
	bool long_mode; /* EFER.LMA */
	uint8_t mode;   /* enum insn_mode of CS now */
	bool halted, shadow_sti, shadow_ss, nmi_blocked;
	bool ferr, ignne; /* FERR# as latched for IRQ 13; IGNNE# (CR0.NE = 0, fpu.c) */
	struct fpu_state fpu;
	/* MSRs that have state of their own */
	uint64_t star, lstar, cstar, fmask, kernel_gs_base, tsc_aux, sysenter_cs, sysenter_esp,
		sysenter_eip, pat, misc_enable, tsc_offset, apic_base, debugctl, spec_ctrl;
	uint64_t mtrr_fixed[11], mtrr_base[8], mtrr_mask[8], mtrr_def;

	/* ---- below: not the guest's to see ---- */
	struct domain *dom;
	unsigned id;       /* vCPU number */
	uint64_t next_rip; /* of the instruction that runs */
	uint64_t insn_count;
	/* One word for translated code: what the vCPU is to look at, what code is made for. */
	_Alignas(8) uint8_t attention; /* ATT_*, atomic: cpu_attend */
	uint8_t tr_key;                /* keys.h; 0: none */
	uint32_t tr_seg;               /* a number for CS's base and limit */
	const bool *intr;              /* of the domain: INTR of this vCPU's APIC, atomic */
	bool nmi_pending;
	bool wait_sipi;      /* after INIT, or reset of all but the first */
	uint8_t sipi_vector; /* goes with ATT_SIPI */
	bool break_block;    /* the run loop is to look round after this instruction */
	struct smp *smp;     /* NULL: a vCPU on its own, in tests */
	bool in_guest;       /* atomic: between smp_enter and smp_leave */
	bool alone;          /* has exclusion */
	unsigned n_out,
		n_in; /* writes to code: to be told to others; told by others (smp's lock) */
	struct written out[WRITTEN_OUT], in[WRITTEN_IN];
	sigjmp_buf *fault; /* where cpu_raise goes; set by the run loop */
	struct {
		uint8_t vector, kind; /* kind: enum exc_kind */
		bool has_error;
		uint32_t error;
		uint64_t cr2;
	} exc;         /* what cpu_raise was told */
	uint8_t ext;   /* while an event is being delivered: EXT of the error codes */
	bool shutdown; /* a triple fault: cpu_run says STOP_TRIPLE */
	bool watching; /* DR7 has data breakpoints on: mem.c looks at every access of their pages */
	bool tf_seen;  /* SYSCALL, SYSRET: single step was decided on by the new TF */
	const struct cpu_debug *debug;     /* NULL: nobody debugs */
	const struct cpu_watch *debug_hit; /* that this instruction met */
	uint32_t dr6_pending; /* breakpoints that this instruction hit: cpu_debug_trap */
	struct {
		uint8_t *flag;
		uint64_t gpa;
		unsigned len;
	} rmw; /* what mem_rmw gave out */
	struct tlb *tlb;
	struct block_cache *blocks;
	struct verify *verify;   /* NULL: no tier is */
	bool trying;             /* verify.c runs one side: what is written is noted */
	struct {                 /* fast.h; right from fast_enter on, within a chain of blocks */
		uint64_t status; /* the six status flags; other bits are no matter */
		const struct fast_op *last; /* that a chain came to; NULL: in no chain */
		const struct tlb_entry *set;
		uint64_t ctx,
			key;   /* key: of the jump cache: how often it was forgotten << 16 | … */
		uint32_t open; /* segments */
	} fast;
	uint8_t tier; /* enum cpu_tier */
	unsigned tier_after;
	const struct cpu_model *model;
	uint64_t mem_gen; /* of the domain's memory map when tlb was last right */
	struct engine_stats stats;
};

/* ---- exceptions (exception.c) ---- */
enum exc_kind {
	EXC_FAULT, /* rip: the instruction's */
	EXC_TRAP,  /* #DB after an instruction: rip is the next one's */
	EXC_INT,   /* INT n: next_rip is pushed */
	EXC_INT3,  /* INT3, INTO: as INT n, but VM86 does not look at IOPL */
	EXC_ICEBP, /* F1: no DPL check */
	EXC_EXTERN /* interrupts and NMI: between instructions */
};
/* What siglongjmp(*c->fault, …) says. PARK: the device model went away; nothing was done.
 * OUTSIDE: verify.c's. */
enum { UNWIND_FAULT = 1, UNWIND_PARK, UNWIND_OUTSIDE };
static inline void cpu_attend(struct cpu *c, uint32_t what)
{
	__atomic_fetch_or(&c->attention, (uint8_t)what, __ATOMIC_SEQ_CST);
}
_Noreturn void cpu_raise(struct cpu *c, unsigned vector);
_Noreturn void cpu_raise_error(struct cpu *c, unsigned vector, uint32_t error);
static inline void cpu_gp0(struct cpu *c, bool unless)
{
	if (!unless)
		cpu_raise_error(c, EXC_GP, 0);
}
_Noreturn void cpu_raise_soft(struct cpu *c, unsigned vector, enum exc_kind kind);
/* By the run loop, not from handlers. cpu_deliver: c->exc by IDT or IVT; double faults; a triple
 * one sets c->shutdown. Leaves rip and next_rip at the handler. */
void cpu_deliver(struct cpu *c);
void cpu_interrupt(struct cpu *c, unsigned vector); /* external, IF was looked at */
void cpu_nmi(struct cpu *c);
void cpu_debug_trap(struct cpu *c, uint32_t dr6); /* #DB after an instruction */

/* ---- memory (mmu.c, mem.c) ---- */
enum mem_access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };
/* Segmentation and paging of an operand; raises #GP, #SS, #AC, #PF. size 1, 2, 4, 8. */
uint64_t mem_read(struct cpu *c, unsigned seg, uint64_t off, unsigned size);
void mem_write(struct cpu *c, unsigned seg, uint64_t off, unsigned size, uint64_t val);
void mem_read_buf(struct cpu *c, unsigned seg, uint64_t off, void *buf, unsigned size);
void mem_write_buf(struct cpu *c, unsigned seg, uint64_t off, const void *buf, unsigned size);
/* #AC of an operand that mem_read_buf reads or mem_write_buf writes; they do not look. */
void mem_align(struct cpu *c, unsigned seg, uint64_t off, unsigned size, unsigned align,
	       enum mem_access access);
/* All of it writable (or readable) now, or the fault: for instructions that write in pieces. */
void mem_probe(struct cpu *c, unsigned seg, uint64_t off, unsigned size, enum mem_access access);
/* Read-modify-write: a host pointer to size bytes that may be written with a LOCK prefix, or NULL
 * (MMIO, crosses a page): then mem_read and mem_write under domain-wide exclusion. Raises as a
 * write does. */
void *mem_rmw(struct cpu *c, unsigned seg, uint64_t off, unsigned size);
/* The write through mem_rmw's last pointer is done: who watches the page hears of it. */
void mem_rmw_done(struct cpu *c);
/* Linear addresses with supervisor rights: descriptor tables, TSS, stacks of inner rings. */
uint64_t lin_read(struct cpu *c, uint64_t lin, unsigned size, bool user);
void lin_write(struct cpu *c, uint64_t lin, unsigned size, uint64_t val, bool user);
/* Effective address of the instruction's memory operand: offset within in->seg. */
uint64_t insn_ea(const struct cpu *c, const struct insn *in);
void mmu_flush(struct cpu *c, bool global_too);
void mmu_invlpg(struct cpu *c, uint64_t lin);
/* The guest physical address of CS:rip for the block cache, translated as a fetch (raises); *host:
 * its bytes there up to the page's end, *avail of them (CS limit too); NULL: not RAM or ROM. */
uint64_t mem_code(struct cpu *c, uint64_t rip, const uint8_t **host, unsigned *avail);
/* Fetch for the decoder: up to 15 bytes at rip; fewer only when the rest faults; 0: raises. */
unsigned mem_fetch(struct cpu *c, uint64_t rip, uint8_t buf[INSN_MAX]);

/* ---- block cache (blocks.c) ----
 * The cache sets HV_PAGE_CODE in domain_page_flags() for pages it has code of. Who writes RAM of
 * such a page tells it: mem.c for the vCPU's own stores, after them, so a write translation must
 * look at the flag as it is now. */
void blocks_written(struct cpu *c, uint64_t gpa, uint64_t len);
/* Addresses may mean other code from here on. */
static inline void blocks_forget_jumps(struct cpu *c)
{
	c->fast.key += 1u << 16;
	c->break_block = true;
}
/* Somebody else wrote there. */
void blocks_drop(struct cpu *c, uint64_t gpa, uint64_t len);

/* ---- segments and control (segment.c, far.c, task.c, control.c; more in sys.h) ----
 * Handlers' far transfers set c->next_rip, as any branch does. */
void seg_load(struct cpu *c, unsigned seg, uint16_t sel); /* MOV/POP/LDS…; raises */
void seg_set_real(struct segment *s, uint16_t sel);
void cpu_set_cs_mode(struct cpu *c); /* c->mode after CS or EFER changed */
void far_jump(struct cpu *c, uint16_t sel, uint64_t off, unsigned opsize);
void far_call(struct cpu *c, uint16_t sel, uint64_t off, unsigned opsize);
void far_ret(struct cpu *c, unsigned opsize, unsigned drop);
void cpu_iret(struct cpu *c, unsigned opsize);
void task_switch(struct cpu *c, uint16_t sel, int why);
void cr_write(struct cpu *c, unsigned n, uint64_t val);
uint64_t cr_read(const struct cpu *c, unsigned n);
void msr_write(struct cpu *c, uint32_t msr, uint64_t val); /* raises #GP(0) */
uint64_t msr_read(struct cpu *c, uint32_t msr);
void cpu_cpuid(struct cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4]);

/* ---- life (cpu.c) and running (interp.c) ---- */
void cpu_reset(struct cpu *c, bool init); /* INIT keeps FPU, MSRs */
enum cpu_stop { STOP_REQUEST, STOP_HALT, STOP_TRIPLE, STOP_COUNT, STOP_BREAK };
/* Runs until something stops it, at most `max` instructions. Called without the device lock: who
 * calls domain_* below it (I/O, MMIO) takes it for that call. */
enum cpu_stop cpu_run(struct cpu *c, uint64_t max);
#endif
