/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/verify.h: lock-step: each block that a faster tier runs is run by
 * the plain handlers first, undone, run by that tier, and what came out compared.
 *
 * What reaches the outside world (a device, the clock, chance) or changes address
 * spaces cannot be undone: such a block is left to the plain handlers alone.
 */
#ifndef HYPERVISOR_X86_VERIFY_H
#define HYPERVISOR_X86_VERIFY_H
#include "hypervisor/x86/cpu.h"

struct verify_tier {
	const char *name;
	/* Runs what is at rIP, to the end of its block at most, or nothing; a fault leaves it as
	 * always. The block that the caller knew may be gone. */
	void (*run)(struct cpu *c, void *arg);
	/* Its host code, for reports; NULL: it has none. */
	const uint8_t *(*code)(struct cpu *c, uint64_t rip, size_t *len);
	bool straight; /* its blocks go on behind and after jumps, within the page */
	/* When it stops within a block, flags that the rest of it overwrites may be anything. */
	bool flags_die;
	bool no_fpu_pointers; /* FOP, FIP, FDP are not kept */
	bool uncounted;       /* it does not count instructions */
};

/* It is begun by verify_start (sys.h); cpu.stats counts. */
void verify_stop(struct cpu *c); /* also when it was not */
/* A difference is told to fn, in lines; without one it is printed, and the process aborts. */
void verify_on_difference(struct cpu *c, void (*fn)(void *arg, const char *text), void *arg);

/* The block at rIP has so many instructions, or at most. False: nothing was run, the plain handlers
 * are to. A fault leaves it, compared. */
bool verify_block(struct cpu *c, const struct verify_tier *t, void *arg, unsigned n);

/* ---- for what writes memory, before it does ---- */
void verify_saved(struct cpu *c, void *p, unsigned len, uint64_t gpa, uint8_t *flag);
void verify_saved_table(struct cpu *c, void *p, unsigned size, uint64_t gpa, uint8_t *flag);
void verify_saved_entry(struct cpu *c, void *entry); /* of the TLB: 64 bytes */
_Noreturn void verify_gives_up(const struct cpu *c);
static inline void verify_save(struct cpu *c, void *p, unsigned len, uint64_t gpa, uint8_t *flag)
{
	if (__builtin_expect(c->trying, 0))
		verify_saved(c, p, len, gpa, flag);
}
/* After it. That it was noted is asserted: who writes guest memory in a new way meets it here. */
void verify_checks(struct cpu *c, uint8_t *p, unsigned len);
static inline void verify_wrote(struct cpu *c, uint8_t *p, unsigned len)
{
	if (__builtin_expect(c->trying, 0))
		verify_checks(c, p, len);
}
/* Before anything that cannot be undone. */
static inline void verify_outside(const struct cpu *c)
{
	if (__builtin_expect(c->trying, 0))
		verify_gives_up(c);
}
#endif
