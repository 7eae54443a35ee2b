/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/x86/tier.c: see tier.h. */
#include "tests/x86/tier.h"

#include "base/err.h"
#include "hypervisor/x86/verify.h"

#include <stdio.h>

enum cpu_tier tier_now = TIER_INTERP;

void tier_put(struct cpu *c)
{
	struct err e;

	cpu_set_tier(c, tier_now, 0);
	if (getenv("TIER_VERIFY") && !c->verify)
		verify_start(c, &e); /* not with several vCPUs */
}

const char *tier_name(size_t i)
{
	return i == TIER_TRANSLATE ? "translate" : "interp";
}

const char *tier_label(const char *label, size_t i)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s,%s", label ? label : "?", tier_name(i));
	return text;
}
