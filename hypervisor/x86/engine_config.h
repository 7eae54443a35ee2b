/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/engine_config.h: what people say of an engine: -cpu, and what
 * follows its name in -accel soft,tier=…,verify=….
 */
#ifndef HYPERVISOR_X86_ENGINE_CONFIG_H
#define HYPERVISOR_X86_ENGINE_CONFIG_H
#include "base/err.h"

#include <stdbool.h>

/* How a vCPU runs: by the interpreter alone, or what runs often by the translator. */
enum cpu_tier { TIER_INTERP, TIER_TRANSLATE };
#define TIER_DEFAULT TIER_TRANSLATE

struct engine_config {
	const char *model; /* of -cpu; not copied */
	enum cpu_tier tier;
	bool verify;   /* what the translator does, the interpreter does too, and both are compared
			* (lockstep) */
	bool perf_map; /* /tmp/perf-PID.map: see perf_map.h */
};
#define ENGINE_CONFIG(model_) ((struct engine_config){.model = model_, .tier = TIER_DEFAULT})

/* The keys: "tier", "verify", "perf-map"; NULL-terminated. */
extern const char *const engine_config_keys[];
/* One of them. `what` is the option, for the sentence. */
int engine_config_set(struct engine_config *c, const char *what, const char *key, const char *value,
		      struct err *e);
/* "KEY=VALUE,…"; "" is fine. */
int engine_config_parse(struct engine_config *c, const char *what, const char *text, struct err *e);
#endif
