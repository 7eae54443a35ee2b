/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/test.h without its runner: the first thing that does not hold ends the fuzzer. */
#include "tests/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static char note[160];

void test_add(struct test *t)
{
	(void)t;
}

void test_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(note, sizeof(note), format, ap);
	va_end(ap);
}

void test_stop(const char *file, int line, const char *expr)
{
	fprintf(stderr, "%s:%d: %s  [%s]\n", file, line, expr, note);
	abort();
}

void test_skip(const char *reason)
{
	test_stop(__FILE__, __LINE__, reason);
}

bool test_check(const char *file, int line, const char *expr, bool holds)
{
	if (!holds)
		test_stop(file, line, expr);
	return holds;
}

bool test_eq(const char *file, int line, const char *expr, unsigned long long want,
	     unsigned long long got)
{
	if (want != got)
		fprintf(stderr, "want %#llx, got %#llx\n", want, got);
	return test_check(file, line, expr, want == got);
}

bool test_eqs(const char *file, int line, const char *expr, const char *want, const char *got)
{
	bool same = want == got || (want && got && !strcmp(want, got));

	if (!same)
		fprintf(stderr, "want \"%s\", got \"%s\"\n", want ? want : "", got ? got : "");
	return test_check(file, line, expr, same);
}

bool test_eqm(const char *file, int line, const char *expr, const void *want, const void *got,
	      size_t size)
{
	return test_check(file, line, expr, !memcmp(want, got, size));
}

bool test_ok(const char *file, int line, const char *expr, long long rc)
{
	return test_check(file, line, expr, rc >= 0);
}
