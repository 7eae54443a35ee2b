/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/stats.h: what an engine counts. Each vCPU's thread counts in its own struct, and
 * anybody may read there meanwhile; what is the whole engine's stands in one more.
 *
 * X(NAME, OF, HELP): OF is VCPU, or ENGINE when it says nothing about a single vCPU. Names and
 * order are what `info jit`, x-query-engine and `hvm stats` show.
 */
#ifndef HYPERVISOR_X86_STATS_H
#define HYPERVISOR_X86_STATS_H
#include <stdint.h>

#define ENGINE_STATS(X)                                                                            \
	X(instructions, VCPU, "instructions of the guest that were counted: not the translator's") \
	X(interpreted, VCPU, "of those, by the interpreter")                                       \
	X(translations, ENGINE, "blocks that were translated")                                     \
	X(blocks, ENGINE, "translated blocks that there are now")                                  \
	X(code_bytes, ENGINE, "bytes of code that they take")                                      \
	X(evictions, ENGINE, "times that the oldest code made room for new")                       \
	X(flushes, ENGINE, "times that all of it was dropped")                                     \
	X(smc, ENGINE, "blocks dropped because what they were made of was written")                \
	X(entries, VCPU, "times that translated code was entered")                                 \
	X(tlb_misses, VCPU, "accesses of it that its TLB did not know")                            \
	X(slow_accesses, VCPU, "of those: I/O memory, over a page's end, or watched")              \
	X(exits_interp, VCPU, "exits from it: an instruction that the interpreter does")           \
	X(exits_link, VCPU, "exits: to a block that was not linked yet")                           \
	X(exits_jump, VCPU, "exits: an indirect branch to a target not known yet")                 \
	X(exits_page, VCPU, "exits: into a page whose mapping had to be looked at")                \
	X(exits_poll, VCPU, "exits: somebody wanted the vCPU")                                     \
	X(exits_fault, VCPU, "exits: an exception")                                                \
	X(verified, VCPU, "blocks that verify=lockstep compared")                                  \
	X(verified_again, VCPU, "of those, run a third time to tell")                              \
	X(unverified, VCPU, "blocks that it left to the plain handlers")

#define STATS_MEMBER_(name, of, help) uint64_t name;
struct engine_stats {
	ENGINE_STATS(STATS_MEMBER_)
};
#undef STATS_MEMBER_
#define ENGINE_STATS_N (sizeof(struct engine_stats) / sizeof(uint64_t))

enum stats_of { STATS_OF_VCPU, STATS_OF_ENGINE };
/* In their order in the struct. */
struct stats_row {
	const char *name, *help;
	enum stats_of of;
};
extern const struct stats_row stats_rows[ENGINE_STATS_N];
/* All of `more` on top of `sum`; `more` may be counting on. */
void stats_add(struct engine_stats *sum, const struct engine_stats *more);
#endif
