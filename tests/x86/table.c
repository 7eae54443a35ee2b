/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laws over all rows of the opcode table and over the features.
 */
#include "hypervisor/x86/feature.h"
#include "hypervisor/x86/insn.h"
#include "tests/test.h"

static bool same_cell(const struct opcode *a, const struct opcode *b)
{
	return a->map == b->map && a->op == b->op && !((a->flags ^ b->flags) & F_VEX);
}

/* Does every encoding that fits b fit a? Then b after a is never found. */
static bool covers(const struct opcode *a, const struct opcode *b)
{
	const uint32_t asks =
		F_NO64 | F_ONLY64 | F_W0 | F_W1 | F_L0 | F_L1 | F_MEM | F_REG | F_NOREXB;

	if (a->prefix != PFX_ANY && a->prefix != b->prefix)
		return false;
	if (a->digit >= 0 && a->digit != b->digit)
		return false;
	if (a->rm >= 0 && a->rm != b->rm)
		return false;
	return !(a->flags & asks & ~b->flags);
}

TEST(no_row_hides_another)
{
	unsigned n;
	const struct opcode *o = opcode_rows(&n);

	CHECK(n > 500);
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = i + 1; j < n && same_cell(&o[i], &o[j]); j++) {
			NOTE("%s, then %s: map %u, opcode %02x", o[i].name, o[j].name, o[i].map,
			     o[i].op);
			CHECK(!covers(&o[i], &o[j]));
		}
}

TEST(rows_are_sane)
{
	unsigned n;
	const struct opcode *o = opcode_rows(&n);

	for (unsigned i = 0; i < n; i++) {
		NOTE("%s: map %u, opcode %02x", o[i].name, o[i].map, o[i].op);
		CHECK(o[i].name[0]);
		CHECK(o[i].run);
		CHECK(o[i].map <= MAP_0F3A);
		CHECK(o[i].prefix <= PFX_NR);
		CHECK(o[i].digit >= -1 && o[i].digit < 8);
		CHECK(o[i].rm >= -1 && o[i].rm < 8);
		CHECK(o[i].feature < CPU_FEATURES);
		CHECK(!(o[i].flags & F_LOCK) || o[i].o[0].kind == O_E || o[i].o[0].kind == O_M);
		CHECK(~o[i].flags & (F_MEM | F_REG));
		CHECK(~o[i].flags & (F_NO64 | F_ONLY64));
		CHECK(!(o[i].flags & F_VEX) || o[i].prefix != PFX_ANY || o[i].map != MAP_1);
	}
}

TEST(features_have_places)
{
	for (unsigned i = 1; i < CPU_FEATURES; i++) {
		const struct cpu_feature_bit *a = &cpu_feature_bits[i];

		NOTE("feature %u", i);
		MUST(a->name);
		CHECK(a->leaf && a->bit < 32 && a->reg <= CPUID_EDX);
		for (unsigned j = 1; j < i; j++) {
			const struct cpu_feature_bit *b = &cpu_feature_bits[j];

			CHECK(strcmp(a->name, b->name));
			CHECK(a->leaf != b->leaf || a->sub != b->sub || a->reg != b->reg ||
			      a->bit != b->bit);
		}
	}
}
