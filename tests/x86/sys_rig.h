/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/x86/sys_rig.h: a vCPU and guest memory for tests of the processor's
 * system part: tables are built in guest RAM, functions of cpu.h are called.
 */
#ifndef TESTS_X86_SYS_RIG_H
#define TESTS_X86_SYS_RIG_H
#include "hypervisor/x86/sys.h"
#include "tests/test.h"

enum { /* where the rig has its tables */
       AT_GDT = 0x1000,
       AT_IDT = 0x2000,
       AT_TSS = 0x3000,
       AT_LDT = 0x4000,
       AT_TSS2 = 0x5000,
       AT_STACK0 = 0x9000, /* tops, growing down */
       AT_STACK3 = 0xa000,
       AT_PAGES = 0x100000, /* page tables, a bump allocator */
};
enum { /* selectors */
       CODE0 = 0x08,
       DATA0 = 0x10,
       CODE3 = 0x18 | 3,
       DATA3 = 0x20 | 3,
       CONF0 = 0x28,     /* conforming code of ring 0 */
       LONG0 = 0x30,     /* 64-bit code of ring 0 … */
       LONG3 = 0x38 | 3, /* … and 3 */
       SEL_TSS = 0x40,   /* 16 bytes */
       SEL_LDT = 0x50,   /* 16 bytes */
       CODE16 = 0x60,
       DATA16 = 0x68,
       SEL_FREE = 0x70, /* onwards: the test's; the limit is 0xff */
};
struct sys_rig {
	struct domain *dom;
	struct cpu_model *model;
	struct cpu *c;
	uint64_t pages; /* next free page for tables */
	sigjmp_buf here;
};
/* Real mode as after reset, but with CS:IP = 0:7c00 and a stack. */
struct sys_rig sys_rig(const char *model);
void sys_rig_free(struct sys_rig *r);

void ram_put(struct sys_rig *r, uint64_t gpa, unsigned size, uint64_t val);
uint64_t ram_get(struct sys_rig *r, uint64_t gpa, unsigned size);
/* Flat protected mode of 32 bits in this ring, GDT, IDT of 256 entries, TSS; no paging. */
void go_prot(struct sys_rig *r, unsigned cpl);
/* 64-bit mode in this ring; the low 2 MiB are themselves, user's too, in pages of 4 KiB. */
void go_long(struct sys_rig *r, unsigned cpl);
void gdt_put(struct sys_rig *r, uint16_t sel, uint32_t base, uint32_t limit, unsigned access,
	     unsigned flags);
/* low: IST or parameter count; 16 bytes in long mode. */
void gate_put(struct sys_rig *r, uint64_t at, unsigned type, unsigned dpl, uint16_t sel,
	      uint64_t off, unsigned low);
/* 4-level tables below cr3: one page of `size` (12, 21, 30 bits); flags: the entry's; upper: of
 * those above it. Returns where the last entry is. */
uint64_t map_long(struct sys_rig *r, uint64_t cr3, uint64_t lin, uint64_t gpa, unsigned bits,
		  uint64_t flags, uint64_t upper);
uint64_t new_page(struct sys_rig *r);

/* The vector that the statement raises, -1 for none; r->c->exc has the rest. */
#define RAISED(r, ...)                                \
	(__extension__({                              \
		volatile int raised_ = -1;            \
		(r)->c->fault = &(r)->here;           \
		if (sigsetjmp((r)->here, 0))          \
			raised_ = (r)->c->exc.vector; \
		else                                  \
			(void)(__VA_ARGS__);          \
		(r)->c->fault = NULL;                 \
		raised_;                              \
	}))
#define RAISES(r, vec, err, ...)                             \
	do {                                                 \
		EQ((vec), (unsigned)RAISED(r, __VA_ARGS__)); \
		EQ((err), (r)->c->exc.error);                \
	} while (0)
#define RUNS(r, ...) EQ(-1ull, (unsigned long long)RAISED(r, __VA_ARGS__))
#endif
