/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the qtest protocol, in pieces as the first byte says, to a machine of their own. A step
 * of centuries is carried out, timer by timer; inputs with one are left out.
 */
#include "base/util.h"
#include "dm/qtest.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#include <ctype.h>

static unsigned answers;

/* Whole lines, and nothing but them. */
static void answered(void *arg, const char *text, size_t len)
{
	(void)arg;
	CHECK(len > 1 && text[len - 1] == '\n' && !memchr(text, '\n', len - 1));
	answers += strncmp(text, "IRQ ", 4) != 0;
}

static unsigned lines(const uint8_t *data, size_t size)
{
	unsigned n = 0;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

#define DIGITS 10 /* with the letters of the word */

static bool centuries(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *at = data;

	while ((at = memmem(at, (size_t)(end - at), "clock_", 6))) {
		unsigned n = 0;

		for (; at < end && *at != '\n'; at++)
			n += isxdigit(*at) != 0;
		if (n > DIGITS)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_machine f;
	struct qtest *q;
	size_t piece;

	if (!size || centuries(data, size))
		return 0;
	fuzz_machine_new(&f, "-accel qtest -nodefaults -m 4 -S -serial null -device rtl8139 "
			     "-device isa-debug-exit");
	fuzz_no_files(true);
	machine_lock(f.m);
	q = qtest_new(f.m, answered, NULL);
	MUST(q);
	answers = 0;
	piece = data[0] ? data[0] : size;
	for (size_t at = 1; at < size; at += piece)
		qtest_feed(q, (const char *)data + at, MIN(piece, size - at));
	EQ(lines(data + 1, size - 1), answers);
	qtest_free(q);
	machine_unlock(f.m);
	loop_step(f.loop, 0);
	fuzz_no_files(false);
	fuzz_machine_free(&f);
	return 0;
}
