/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The native oracle: one instruction, run by the host's processor and by the
 * interpreter from the same state, and what both left compared.
 */
#ifndef TESTS_X86_ORACLE_H
#define TESTS_X86_ORACLE_H
#include "hypervisor/x86/cpu.h"

#include <stdio.h>

/*
 * Where things lie, in the host's process and in the interpreter's address space alike: low, so
 * that 32-bit code reaches them, and nothing else is from OR_LOW to OR_HIGH.
 */
enum {
	OR_PAGE = 4096,
	OR_LOW = 0x10000,
	OR_HIGH = 0x7fff0000,
	OR_CODE = 0x20000000, /* two pages to run and read */
	OR_CODE_SIZE = 2 * OR_PAGE,
	OR_DATA = 0x10001000, /* two pages to read and write */
	OR_DATA_SIZE = 2 * OR_PAGE,
	OR_RO = 0x10004000, /* one page to read */
};

/* Selectors of Linux's flat segments; the LDT's are 8 * i + 7. */
enum { OR_HUNG = -3 }; /* vector: the timer came */
enum { OR_CS32 = 0x23, OR_DS = 0x2b, OR_CS64 = 0x33, OR_GDT_LIMIT = 127 };
enum { OR_LDT_CODE16 = 0, OR_LDT_CODE32 = 16, OR_LDT_DATA = 32, OR_LDT_N = 64 };

struct or_state {
	uint64_t r[16], rip, flags, base[2]; /* base: of FS and GS, in 64-bit mode */
	uint16_t sel[SEG_N];
	struct fpu_state fpu;
};
/* What came of it: the exception of the instruction, or of the INT3 that is all around it. */
struct or_result {
	struct or_state s;
	int vector;
	uint32_t error;
	uint64_t cr2;
	bool stray; /* it went into its own bytes: what it would do there is not known */
};
struct or_case {
	uint8_t bytes[16];
	unsigned len;
	enum insn_mode mode;
	struct or_state s;
	struct insn in; /* as decoded; in.op may be NULL */
	uint32_t lin;   /* of the instruction */
	struct {
		uint32_t at, len; /* within the data pages */
		uint8_t bytes[48];
	} poke[2]; /* what its operands in memory are to be */
};

/* oracle_native.c */
bool native_open(void); /* false: this host cannot */
void native_seal(void); /* after filling the pages: read-only is read-only, signals are caught */
void native_run(const struct or_case *k, struct or_result *res);
uint8_t *native_data(void); /* OR_DATA */
uint8_t *native_ro(void);

/* oracle_interp.c */
void interp_open(void);
void interp_run(const struct or_case *k, struct or_result *res);
void interp_tick(void); /* of the timer: ends what would run for ever */
uint8_t *interp_data(void);
uint8_t *interp_ro(void);

/* oracle_segs.c */
void segs_make(void); /* random descriptors */
void segs_cpu_number(uint32_t limit);
const uint64_t *segs_ldt(void);
const uint64_t *segs_gdt(void); /* as Linux has it, where CPL 3 can see */
struct segment segs_get(uint16_t sel);
bool segs_expands_down(const struct segment *s);
/* A selector that the register can be loaded with, for the state before the instruction. */
uint16_t segs_pick(enum insn_mode mode, unsigned seg);
uint16_t segs_any(void);      /* any selector at all */
uint16_t segs_any_code(void); /* mostly a code segment's */

/* oracle_gen.c */
uint64_t or_random(void);
void or_seed(uint64_t seed);
unsigned or_below(unsigned n);
bool or_one_in(unsigned n);
unsigned long or_number(const char *name, unsigned long otherwise); /* of the environment */
/* Next instruction, and a state in which its memory operand is mostly where memory is. */
bool gen_case(struct or_case *k, enum insn_mode mode, const char *only);

/* oracle_state.c */
void state_make(struct or_case *k);
/* The n bytes of its memory operand here, where they lie in the pages; else NULL. */
uint8_t *state_operand(const struct or_case *k, unsigned n);
uint64_t state_ea(const struct or_case *k); /* effective address, as the state has it */
bool row_has_kind(const struct opcode *o, unsigned kind);

/* oracle.c */
/* Which part, but for FIP, FDP and FOP; NULL: none. */
const char *fpu_differs(const struct fpu_state *a, const struct fpu_state *b);
/* The flags that translated code may have lost when this instruction faults: those that it sets
 * when it is started again, and does not look at. */
uint64_t flags_lost(const struct insn *in);

/* oracle_show.c */
void show_insn(FILE *f, const struct or_case *k);
void show_case(const struct or_case *k, const struct or_result *n, const struct or_result *i,
	       const uint8_t *before);
#endif
