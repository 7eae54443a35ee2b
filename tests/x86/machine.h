/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/x86/machine.h: a vCPU on a small bare domain, for programs written in bytes.
 * Ports 0x501 (stops the vCPU, exit code noted), 0x502 (bytes noted) and 0x503 (poke is
 * called) are there, and two pages of I/O memory behind RAM.
 */
#ifndef TESTS_X86_MACHINE_H
#define TESTS_X86_MACHINE_H
#include "hypervisor/domain.h"
#include "hypervisor/x86/cpu.h"
#include "tests/x86/tier.h"

/* dm/ has these names too, and the test binary has both. */
#define machine_new  x86_machine_new
#define machine_free x86_machine_free
#define machine_load x86_machine_load

#define MACHINE_MMIO 0x2000000u
struct machine_access {
	unsigned at; /* from MACHINE_MMIO */
	uint8_t size;
	bool write;
};

struct machine {
	struct domain *dom;
	struct cpu *c;
	uint8_t *ram;
	void (*poke)(struct machine *m, uint8_t val); /* by the test; with the device lock */
	void (*mmio_poke)(struct machine *m);         /* the same, for I/O memory; may be NULL */
	int exit_code;                                /* -1: none yet */
	char out[256];
	unsigned n_out, n_in; /* bytes out, reads of ports */
	bool count_in;        /* a read gives the number of reads before it */
	unsigned n_requests;  /* for ports: a lot of units is one */
	unsigned gone;        /* none is answered after this many; 0: all are */
	uint8_t mmio[0x2000];
	struct machine_access seen[64];
	unsigned n_seen;
};

struct machine *machine_new(const char *model);
void machine_free(struct machine *m);
/* Real mode, all segments at base seg * 16, rIP off, SP 0x8000, IF off. */
void machine_real(struct machine *m, uint16_t seg, uint16_t off);
/* Flat 32-bit protected mode, no paging, CPL 0; a GDT at 0x1000 (8 code, 0x10 data). */
void machine_prot(struct machine *m, uint32_t eip);
/* 64-bit mode, CPL 0, the first 32 MiB mapped 1:1 by 2 MiB pages; tables at 0x2000. */
void machine_long(struct machine *m, uint64_t rip);
void machine_load(struct machine *m, uint64_t gpa, const void *code, size_t len);
/* Runs until HLT or exit, at most 100,000 instructions. */
enum cpu_stop machine_run(struct machine *m);
#define LOAD(m, gpa, ...)                                      \
	do {                                                   \
		static const uint8_t bytes_[] = {__VA_ARGS__}; \
		machine_load(m, gpa, bytes_, sizeof(bytes_));  \
	} while (0)
#endif
