/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/trace.h: what -d shows of the software engine's work: instructions,
 * events, registers. One for the process, set before vCPUs run; it costs a look at
 * trace_on where blocks are built and events delivered.
 */
#ifndef HYPERVISOR_X86_TRACE_H
#define HYPERVISOR_X86_TRACE_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cpu;
struct err;
struct insn;

enum trace_item {
	TRACE_IN_ASM = 1 << 0, /* instructions, each time they are decoded */
	TRACE_INT = 1 << 1,    /* exceptions and interrupts */
	TRACE_CPU = 1 << 2,    /* registers before each block; no chains then */
};
extern unsigned trace_on;

/* To the end of that file; NULL: to standard error. */
int trace_open(unsigned items, const char *path, struct err *e);
void trace_to(unsigned items, FILE *f); /* borrowed; 0, NULL: nothing */
void trace_close(void);                 /* also when nothing is open */

static inline bool trace_wants(enum trace_item item)
{
	return __builtin_expect(trace_on & item, 0);
}
/* For each when trace_wants it. */
void trace_block(const struct cpu *c, const struct insn *in, unsigned n); /* the first at rIP */
void trace_event(const struct cpu *c);                                    /* cpu.exc, undelivered */
void trace_triple(const struct cpu *c);
void trace_cpu(const struct cpu *c);
#endif
