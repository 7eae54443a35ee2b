/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/x86/engine_config.h"

#include "tests/test.h"

#include <errno.h>

static int parse(struct engine_config *c, const char *text, struct err *e)
{
	*c = ENGINE_CONFIG("max");
	*e = (struct err){""};
	return engine_config_parse(c, "-accel", text, e);
}

TEST(keys_and_their_words)
{
	struct engine_config c;
	struct err e;

	OK(parse(&c, "", &e));
	EQ(TIER_DEFAULT, c.tier);
	CHECK(!c.verify && !c.perf_map);
	EQS("max", c.model);
	OK(parse(&c, "tier=translate", &e));
	EQ(TIER_TRANSLATE, c.tier);
	CHECK(!c.verify && !c.perf_map);
	OK(parse(&c, "perf-map=on,verify=lockstep,tier=translate,tier=interp", &e));
	EQ(TIER_INTERP, c.tier);
	CHECK(c.verify && c.perf_map);
	OK(parse(&c, "verify=lockstep,verify=off", &e));
	CHECK(!c.verify);
}

TEST(what_is_no_key_and_no_word)
{
	static const char *const rows[][2] = {
		{"tier", "-accel: tier=: want interp or translate"},
		{"tier=", "-accel: tier=: want interp or translate"},
		{"tier=fast", "-accel: tier=fast: want interp or translate"},
		{"verify=on", "-accel: verify=on: want off or lockstep"},
		{"perf-map=off,perf-map=/x", "-accel: perf-map=/x: want off or on"},
		{",tier=interp", "-accel: no option '': tier, verify and perf-map are there"},
		{"a-name-that-is-too-long=1",
		 "-accel: no option 'a-name-that-is-too-': tier, verify and perf-map are there"},
	};
	struct engine_config c;
	struct err e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQ(-EINVAL, parse(&c, rows[i][0], &e));
		EQS(rows[i][1], e.msg);
	}
}
