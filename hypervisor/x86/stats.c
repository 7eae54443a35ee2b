/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/stats.c: see stats.h.
 *
 * Tests: tests/x86/stats.c
 */
#include "hypervisor/x86/stats.h"

#define ROW(name_, of_, help_) {.name = #name_, .help = help_, .of = STATS_OF_##of_},
const struct stats_row stats_rows[ENGINE_STATS_N] = {ENGINE_STATS(ROW)};
#undef ROW

void stats_add(struct engine_stats *sum, const struct engine_stats *more)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)more;

	for (unsigned i = 0; i < ENGINE_STATS_N; i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}
