/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/x86/stats.h"

#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/engine.h"
#include "hypervisor/x86/sys.h"
#include "tests/test.h"

TEST(rows_are_the_struct)
{
	struct engine_stats s = {.instructions = 1, .unverified = 2};
	const uint64_t *v = (const uint64_t *)&s;

	EQ(sizeof(s), ENGINE_STATS_N * 8);
	EQS("instructions", stats_rows[0].name);
	EQ(1, v[0]);
	EQS("unverified", stats_rows[ENGINE_STATS_N - 1].name);
	EQ(2, v[ENGINE_STATS_N - 1]);
	for (unsigned i = 0; i < ENGINE_STATS_N; i++)
		CHECK(*stats_rows[i].help);
	EQ(STATS_OF_VCPU, stats_rows[0].of);
}

TEST(sums)
{
	struct engine_stats sum = {.blocks = 3, .tlb_misses = 1},
			    more = {.blocks = 4, .entries = ~0ull};

	stats_add(&sum, &more);
	EQ(7, sum.blocks);
	EQ(1, sum.tlb_misses);
	EQ(~0ull, sum.entries);
}

/* Two vCPUs, one of which runs: of each, and of both. */
TEST(an_engine_counts)
{
	struct domain_config config = {.ram = 8 << 20, .vcpus = 2};
	struct err e = {""};
	struct domain *dom = domain_new(&config, &e);
	struct engine *en = engine_find("soft")->open(dom, &ENGINE_CONFIG("max"), &e);
	struct engine_stats s[3];
	size_t len = 1 << 16;
	uint8_t *ram;

	MUST(en);
	domain_lock(dom);
	ram = domain_ram(dom, 0, &len, true);
	domain_unlock(dom);
	memcpy(ram + 0x600, "\xeb\xfe", 2); /* jmp itself */
	en->ops->cpu(en, 0)->seg[SEG_CS].base = 0;
	en->ops->cpu(en, 0)->rip = 0x600;
	EQ(ENGINE_COUNT, en->ops->run(en, 0, 1000));
	en->ops->cpu(en, 0)->stats.tlb_misses = 5;
	en->ops->cpu(en, 1)->stats.tlb_misses = 6;
	for (unsigned i = 0; i < 3; i++)
		en->ops->stats(en, i < 2 ? i : ENGINE_ALL, &s[i]);
	EQ(1000, s[0].instructions);
	EQ(0, s[1].instructions);
	EQ(1000, s[2].instructions);
	EQ(5, s[0].tlb_misses);
	EQ(6, s[1].tlb_misses);
	EQ(11, s[2].tlb_misses);
	en->ops->close(en);
	domain_free(dom);
}
