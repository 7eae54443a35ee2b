/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a command line to a machine's description. A first byte of "," hands the rest to the
 * key=value parser alone. Nothing is opened: reading options has no effect outside.
 */
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

static void key_values(const char *text)
{
	struct err e = {""};
	struct opts o, copy = {0};

	if (opts_parse(&o, text, "first", &e)) {
		CHECK(e.msg[0]);
		EQ(0, o.n);
		return;
	}
	OK(opts_copy(&copy, &o));
	for (unsigned i = 0; i < o.n; i++) {
		bool b;
		uint64_t v;

		CHECK(opts_get(&o, o.v[i].key));
		opts_bool(&o, o.v[i].key, &b, "fuzz", &e);
		opts_number(&o, o.v[i].key, ~0ull, &v, "fuzz", &e);
		text_size(o.v[i].value, 1, &v);
		EQS(o.v[i].value, copy.v[i].value);
	}
	opts_free(&o);
	opts_free(&copy);
}

static void command_line(const char *text)
{
	struct machine_config c;
	struct err e = {""};
	int rc = options_parse_text(&c, text, &e);

	CHECK(rc >= 0 || e.msg[0]);
	config_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	fuzz_quiet();
	MUST(text);
	memcpy(text, data, size);
	text[size] = 0;
	fuzz_no_files(true);
	if (text[0] == ',')
		key_values(text + 1);
	else
		command_line(text);
	fuzz_no_files(false);
	free(text);
	return 0;
}
