/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/engine_config.c: see engine_config.h.
 *
 * Tests: tests/x86/engine_config.c
 */
#include "hypervisor/x86/engine_config.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>

enum { KEYS = 3, WORDS = 2 };

const char *const engine_config_keys[KEYS + 1] = {"tier", "verify", "perf-map", NULL};
/* By key, and by what they mean: 0 and 1. */
static const char *const words[KEYS][WORDS] = {
	{[TIER_INTERP] = "interp", [TIER_TRANSLATE] = "translate"},
	{"off", "lockstep"},
	{"off", "on"},
};

int engine_config_set(struct engine_config *c, const char *what, const char *key, const char *value,
		      struct err *e)
{
	unsigned k = 0, v = 0;

	while (k < KEYS && strcmp(key, engine_config_keys[k]))
		k++;
	if (k == KEYS)
		return err_set(e, -EINVAL,
			       "%s: no option '%s': tier, verify and perf-map are there", what,
			       key);
	while (v < WORDS && strcmp(value, words[k][v]))
		v++;
	if (v == WORDS)
		return err_set(e, -EINVAL, "%s: %s=%s: want %s or %s", what, key, value,
			       words[k][0], words[k][1]);
	if (k == 0)
		c->tier = (enum cpu_tier)v;
	else
		*(k == 1 ? &c->verify : &c->perf_map) = v;
	return 0;
}

int engine_config_parse(struct engine_config *c, const char *what, const char *text, struct err *e)
{
	int rc = 0;

	while (!rc && *text) {
		size_t n = strcspn(text, ","), eq = strcspn(text, "=,");
		char key[20], value[20];

		snprintf(key, sizeof(key), "%.*s", (int)MIN(eq, n), text);
		snprintf(value, sizeof(value), "%.*s", eq < n ? (int)(n - eq - 1) : 0,
			 text + MIN(eq + 1, n));
		rc = engine_config_set(c, what, key, value, e);
		text += n + (text[n] == ',');
	}
	return rc;
}
