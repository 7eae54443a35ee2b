/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/sys.h: what system instructions and the run loop ask of the
 * processor's system part: address spaces, segments, modes, breakpoints, CPUID.
 * Unless said otherwise a function raises as its instruction does.
 */
#ifndef HYPERVISOR_X86_SYS_H
#define HYPERVISOR_X86_SYS_H
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/engine_config.h"

/* ---- cpu.c ---- */
struct cpu *cpu_new(struct domain *dom, unsigned id, const struct cpu_model *model);
void cpu_free(struct cpu *c); /* NULL is fine */
/* How it runs: by the interpreter alone, or blocks that the interpreter has run `after` times by
 * the translator. A vCPU begins with the interpreter. */
void cpu_set_tier(struct cpu *c, enum cpu_tier tier, unsigned after);
/* Instructions by their handlers, block for block, with nothing looked at in between; a fault
 * leaves it. Of interp.c, for verify.c. */
void cpu_run_plain(struct cpu *c, unsigned n);
/* The same, to the page's end at most, behind conditional jumps that are not taken. */
void cpu_run_straight(struct cpu *c, unsigned most);
static inline bool cpu_is_real(const struct cpu *c)
{
	return !(c->cr0 & CR0_PE);
}
static inline bool cpu_is_vm86(const struct cpu *c)
{
	return c->flags & FL_VM;
}
/* Protected, compatibility or 64-bit mode. */
static inline bool cpu_is_prot(const struct cpu *c)
{
	return c->cr0 & CR0_PE && !(c->flags & FL_VM);
}
static inline unsigned cpu_iopl(const struct cpu *c)
{
	return (unsigned)(c->flags >> 12 & 3);
}
/* The bits of mask from val; what POPF and IRET of this CPL may change is the caller's to say. */
void cpu_flags_load(struct cpu *c, uint64_t val, uint64_t mask);
uint64_t cpu_popf_mask(const struct cpu *c, unsigned opsize);

/* What the table's row asks of the mode and CPL. */
static inline void cpu_check_rights(struct cpu *c, const struct opcode *op)
{
	if (!(op->flags & (F_PROT | F_CPL0)))
		return;
	if (op->flags & F_PROT && !cpu_is_prot(c))
		cpu_raise(c, EXC_UD);
	if (op->flags & F_CPL0)
		cpu_gp0(c, !c->cpl);
}

/* ---- translate/ ---- */
enum { TR_INSNS = 128 }; /* of a block of translated code at most */
/* Runs translated code from rIP on as far as it goes. False: there is none, or so few
 * instructions are wanted that they are to be counted. */
bool tr_run(struct cpu *c, uint64_t most);
/* Before somebody looks at the x87 pointers in cpu.fpu, and when a fault has left it. */
void tr_fpu_pointers(struct cpu *c);
/* What is the whole engine's of the counters, and where blocks' places are noted. */
struct engine_stats;
struct perf_map;
void tr_stats(const struct cpu *any, struct engine_stats *s);
void tr_perf_map(const struct cpu *any, struct perf_map *p);

/* ---- mmu.c ---- */
/* At block boundaries and after IN, OUT: the memory map or A20 may have changed. */
void mmu_sync(struct cpu *c);
void mmu_invpcid(struct cpu *c, unsigned type, uint64_t pcid, uint64_t lin);
/* CR3 was written (or the like): the TLB side of it. keep: CR3 bit 63 with PCIDs. */
void mmu_new_cr3(struct cpu *c, bool keep);
/* PAE: loads c->pdpte; false: reserved bits are set, nothing changed. */
bool mmu_load_pdptes(struct cpu *c, uint64_t cr3);
/* What lin means to a debugger: raises nothing, touches no A or D bit. */
bool mmu_peek(struct cpu *c, uint64_t lin, uint64_t *gpa);

/* ---- mem.c ---- */
/* A far or near branch's target: #GP(0) when it is not canonical or beyond CS's limit. */
void mem_check_target(struct cpu *c, uint64_t rip);
/* The segment's side of an access alone: limits, rights, canonical addresses. */
void mem_check(struct cpu *c, unsigned seg, uint64_t off, unsigned size, enum mem_access access);
/* CLFLUSH: reads a byte, of a segment that is for execution alone too. */
void mem_touch(struct cpu *c, unsigned seg, uint64_t off);
void phys_read(struct cpu *c, uint64_t gpa, void *buf, unsigned size);
void phys_write(struct cpu *c, uint64_t gpa, const void *buf, unsigned size);

/* ---- segment.c ---- */
void seg_lldt(struct cpu *c, uint16_t sel);
void seg_ltr(struct cpu *c, uint16_t sel);
bool seg_lar(struct cpu *c, uint16_t sel, uint32_t *rights);
bool seg_lsl(struct cpu *c, uint16_t sel, uint32_t *limit);
bool seg_verify(struct cpu *c, uint16_t sel, bool write); /* VERR, VERW */

/* ---- far.c: fast system calls ---- */
void cpu_syscall(struct cpu *c);
void cpu_sysret(struct cpu *c, unsigned opsize);
void cpu_sysenter(struct cpu *c);
void cpu_sysexit(struct cpu *c, unsigned opsize);

/* ---- task.c ---- */
enum task_why { TASK_JMP, TASK_CALL, TASK_IRET, TASK_INT };
/* #GP(0) when IOPL and the TSS's bitmap do not let the CPL at the ports. */
void io_check(struct cpu *c, uint16_t port, unsigned size);

/* ---- control.c ---- */
void cpu_lmsw(struct cpu *c, uint16_t val);
void cpu_clts(struct cpu *c);
uint64_t dr_read(struct cpu *c, unsigned n);
void dr_write(struct cpu *c, unsigned n, uint64_t val);
void xcr_write(struct cpu *c, uint32_t n, uint64_t val);
/* Breakpoints. dbg_code raises the #DB fault (not with RF set); ask when dbg_code_on. The others
 * note their hit in dr6_pending. */
bool dbg_code_on(const struct cpu *c);
void dbg_code(struct cpu *c, uint64_t lin);
void dbg_data(struct cpu *c, uint64_t lin, unsigned size, bool write);
void dbg_io(struct cpu *c, uint16_t port, unsigned size);
void dbg_watch(struct cpu *c); /* DR7 or cpu.debug has changed */
/* Has a debugger a breakpoint at rIP; in the page that rIP is in. */
bool dbg_break(const struct cpu *c);
bool dbg_break_near(const struct cpu *c);

/* ---- msr.c ---- */
uint64_t cpu_tsc(struct cpu *c); /* RDTSC; CR4.TSD is the handler's */

/* ---- model.c ---- */
/* "max", "host", "qemu64", "x86-64-v1" … "x86-64-v3", then ",+feature" and ",-feature" as often as
 * wanted; cut to what host and engine can do. NULL: no such model or feature. */
struct err;
struct cpu_model *model_new(const char *spec, struct err *e);
void model_free(struct cpu_model *m);

/* ---- verify.c ---- */
/* In lock-step from now on: verify.h. -ENOTSUP: the domain has several vCPUs. */
int verify_start(struct cpu *c, struct err *e);
#endif
