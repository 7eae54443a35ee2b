/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/x86/smc.h: random programs that change themselves, between smc_gen.c that
 * writes them and smc.c that runs them.
 */
#ifndef TESTS_X86_SMC_H
#define TESTS_X86_SMC_H
#include <stdbool.h>
#include <stdint.h>

enum smc_kind { SMC_LONG, SMC_PROT, SMC_PROT16, SMC_REAL, SMC_KINDS };
/* Where a program lies in guest RAM, and what is where in it. */
enum {
	SMC_BASE = 0x20000,
	SMC_SIZE = 0x10000,
	SMC_DATA = 0x4000,  /* two pages that it uses */
	SMC_FROM = 0x6000,  /* what its string instructions copy to code */
	SMC_COUNT = 0x6ff0, /* times that it is still to go round */
	SMC_STACK = 0x8000, /* top */
	SMC_ABSENT = 0xe000 /* a page that is not there, with paging */
};
/* A second address of all of it: by paging, or an ES that is this much lower. */
enum { SMC_ALIAS_LONG = 0x200000, SMC_ALIAS_PROT = 0x400000, SMC_ALIAS_ES = 0x1000 };

#define SMC_ELEMENTS 48
struct smc_prog {
	enum smc_kind kind;
	uint64_t seed;
	uint64_t skip; /* elements to leave out, a bit each */
	unsigned n;    /* elements */
	unsigned entry;
	uint8_t image[SMC_SIZE];
};
/* Same kind, seed and skip, same program. Starts at `entry`, with rBX at its first byte, ends by
 * INT3. */
void smc_make(struct smc_prog *p);
#endif
