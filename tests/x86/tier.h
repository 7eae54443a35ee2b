/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/x86/tier.h: tests of guest code, each of which runs once on each tier of the engine, as
 * name[interp] and name[translate]. The second has every block translated before it runs.
 */
#ifndef TESTS_X86_TIER_H
#define TESTS_X86_TIER_H
#include "hypervisor/x86/sys.h"
#include "tests/test.h"

enum { TIERS = 2 };
/* Of the test that runs. machine_new puts its vCPU there; who makes others calls tier_put. */
extern enum cpu_tier tier_now;
void tier_put(struct cpu *c);
const char *tier_name(size_t i);
const char *tier_label(const char *label, size_t i); /* "label,translate" */

#define TIER_TEST(id)                        \
	static void tier_of_##id(void);      \
	TEST_EACH(id, TIERS, tier_name(i))   \
	{                                    \
		tier_now = (enum cpu_tier)i; \
		tier_of_##id();              \
	}                                    \
	static void tier_of_##id(void)
#define TIER_TEST_EACH(id, n, label_of_i)                                               \
	static const char *tier_label_of_##id(size_t i)                                 \
	{                                                                               \
		(void)i;                                                                \
		return (label_of_i);                                                    \
	}                                                                               \
	static void tier_of_##id(size_t);                                               \
	TEST_EACH(id, TIERS *(n), tier_label(tier_label_of_##id(i / TIERS), i % TIERS)) \
	{                                                                               \
		tier_now = (enum cpu_tier)(i % TIERS);                                  \
		tier_of_##id(i / TIERS);                                                \
	}                                                                               \
	static void tier_of_##id(size_t i)
#endif
