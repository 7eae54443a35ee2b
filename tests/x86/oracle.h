/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The native oracle: one instruction, run by the host's processor and by the
 * interpreter from the same state, and what both left compared.
 */
#ifndef TESTS_X86_ORACLE_H
#define TESTS_X86_ORACLE_H
#include "hypervisor/x86/cpu.h"

/*
 * Where things lie, in the host's process and in the interpreter's address space alike: low, so
 * that 32-bit code reaches them. Around the code and between the data pages nothing is mapped.
 */
enum {
	OR_PAGE = 4096,
	OR_CODE = 0x20000000,
	OR_DATA = 0x10001000, /* two pages to read and write */
	OR_DATA_SIZE = 2 * OR_PAGE,
	OR_RO = 0x10004000, /* one page to read */
	OR_INSN = OR_CODE + 0x800,
};

struct or_state {
	uint64_t r[16], rip, flags;
	struct fpu_state fpu;
};
/* What came of it. vector: -1 when the instruction ended, else that of its exception. */
struct or_result {
	struct or_state s;
	int vector;
	uint32_t error;
	uint64_t cr2;
};
struct or_case {
	uint8_t bytes[16];
	unsigned len;
	enum insn_mode mode;
	struct or_state s;
	struct insn in; /* as decoded; in.op may be NULL */
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
uint8_t *interp_data(void);
uint8_t *interp_ro(void);

/* oracle_gen.c */
uint64_t or_random(void);
void or_seed(uint64_t seed);
/* Next instruction, and a state in which its memory operand is mostly where memory is. */
bool gen_case(struct or_case *k, enum insn_mode mode, const char *only);
#endif
