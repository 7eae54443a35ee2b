/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/x86/sys_rig.h: a machine (machine.h) with tables built in guest RAM, for tests of the
 * processor's system part: functions of cpu.h are called, or payloads run.
 */
#ifndef TESTS_X86_SYS_RIG_H
#define TESTS_X86_SYS_RIG_H
#include "hypervisor/x86/sys.h"
#include "tests/x86/machine.h"

enum { /* where the rig has its tables */
       AT_GDT = 0x1000,
       AT_IDT = 0x2000,
       AT_TSS = 0x3000,
       AT_LDT = 0x4000,
       AT_TSS2 = 0x5000,
       AT_STACK0 = 0x9000, /* tops, growing down */
       AT_STACK3 = 0xa000,
       AT_TRAPS = 0xb000, /* payload_traps: a HLT for each vector */
       TRAP_STEP = 16,
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
/* The machine's device lock is held but while payload_run runs. */
struct sys_rig {
	struct machine *m;
	struct domain *dom; /* these three are m's */
	struct cpu *c;
	uint8_t *ram;
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
/* 64-bit mode in this ring; the low 2 MiB and the I/O memory are themselves, user's too, in pages
 * of 4 KiB. */
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
/* In long mode: the page of 4 KiB at lin, with these flags (0: not present), TLB told. */
uint64_t page_put(struct sys_rig *r, uint64_t lin, uint64_t gpa, uint64_t flags);

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
/* ---- payloads ---- */
/* Real code of 16, 32 or 64 bits, in Intel syntax: name_start … name_end. Position-independent but
 * for the addresses that it names. */
#define PAYLOAD(name, bits, ...)                                                       \
	__asm__(".pushsection .rodata\n.code" #bits "\n.intel_syntax noprefix\n" #name \
		"_start:\n" __VA_ARGS__ "\n" #name                                     \
		"_end:\n.att_syntax prefix\n.code64\n.popsection\n");                  \
	extern const uint8_t name##_start[] __attribute__((visibility("hidden")));     \
	extern const uint8_t name##_end[] __attribute__((visibility("hidden")))
/* Far transfers to a pointer in the instruction, which clang's assembler does not know so. */
#define CALL_FAR16(sel, off) ".byte 0x9a; .word " #off ", " #sel ";"
#define CALL_FAR32(sel, off) ".byte 0x9a; .long " #off "; .word " #sel ";"
#define JMP_FAR32(sel, off)  ".byte 0xea; .long " #off "; .word " #sel ";"
/* At 0x8000, where rip is after go_prot and go_long; real mode too. */
#define AT_CODE         0x8000
#define LOADED(r, name) payload_load(r, AT_CODE, name##_start, name##_end)
void payload_load(struct sys_rig *r, uint64_t at, const uint8_t *start, const uint8_t *end);
/* The same, where rip does not go at once. */
#define PLACED(r, at, name) payload_put(r, at, name##_start, name##_end)
void payload_put(struct sys_rig *r, uint64_t at, const uint8_t *start, const uint8_t *end);
enum cpu_stop payload_run(struct sys_rig *r, uint64_t most);
/* Each vector leads to its own HLT in ring 0: by the IVT or, with DPL 3, by the IDT. */
void payload_traps(struct sys_rig *r);
/* Cpu "max" in 64-bit or protected mode, with these. */
struct sys_rig payload_rig(bool is_long, unsigned cpl);
struct trap {
	int vector; /* -1: not at one of those HLTs */
	uint32_t error;
	uint64_t rip, flags, sp;
	uint64_t flags_at; /* where they were pushed */
	uint16_t cs, ss;
};
struct trap payload_trap(struct sys_rig *r); /* where it stands */
struct trap payload_go(struct sys_rig *r);   /* until HLT */
/* On the translator: of what ran so often handlers did next to nothing. */
void payload_by_itself(const struct sys_rig *r, unsigned rounds);

#define RUNS(r, ...) EQ(-1ull, (unsigned long long)RAISED(r, __VA_ARGS__))
#endif
