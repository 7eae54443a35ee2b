/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' whole vocabulary. A test file includes this and what it tests; tests/main.c runs
 * every test in a child process of its own. docs/testing.md says how to lay tests out.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *file; /* __FILE__ */
	const char *name;
	void (*run)(size_t i);
	size_t (*count)(void);          /* NULL: once */
	const char *(*label)(size_t i); /* of one of count, shown after the name */
	struct test *next;
};

void test_add(struct test *t);

#define TEST_REGISTER(id, n, l)                                                           \
	static struct test test_of_##id = {                                               \
		.file = __FILE__, .name = #id, .run = test_##id, .count = n, .label = l}; \
	__attribute__((constructor)) static void test_add_##id(void)                      \
	{                                                                                 \
		test_add(&test_of_##id);                                                  \
	}

/* TEST(reset_values) { … }  is shown as  hw/gong.reset_values  in tests/hw/gong.c. */
#define TEST(id)                       \
	static void test_##id(size_t); \
	TEST_REGISTER(id, NULL, NULL)  \
	static void test_##id(size_t test_index __attribute__((unused)))

/*
 * The same body for i = 0 … n - 1, each a test of its own. n and label are expressions evaluated
 * when the tests are listed (so after all constructors); label may use i:
 *
 *	TEST_EACH(decode, sizeof(rows) / sizeof(rows[0]), rows[i].name)
 *	{
 *		const struct row *r = &rows[i];
 */
#define TEST_EACH(id, n, label_of_i)                        \
	static size_t test_count_##id(void)                 \
	{                                                   \
		return (size_t)(n);                         \
	}                                                   \
	static const char *test_label_##id(size_t i)        \
	{                                                   \
		(void)i;                                    \
		return (label_of_i);                        \
	}                                                   \
	static void test_##id(size_t);                      \
	TEST_REGISTER(id, test_count_##id, test_label_##id) \
	static void test_##id(size_t i)

#define TEST_AT     __FILE__, __LINE__
#define TEST_INT(x) ((unsigned long long)(x))

/* These note a failure and go on; all are expressions and true when they hold. */
#define EQ(want, got)        test_eq(TEST_AT, #got, TEST_INT(want), TEST_INT(got))
#define EQS(want, got)       test_eqs(TEST_AT, #got, (want), (got))
#define EQM(want, got, size) test_eqm(TEST_AT, #got, (want), (got), (size))
#define CHECK(cond)          test_check(TEST_AT, #cond, (cond))
/* A return code in the -errno convention: wants 0 or more. */
#define OK(rc) test_ok(TEST_AT, #rc, (long long)(rc))

/* These end the test: when nothing after them would make sense, and when it cannot run here. */
#define MUST(cond)   ((cond) ? (void)0 : test_stop(TEST_AT, #cond))
#define SKIP(reason) test_skip(reason)

/* A note shown with the failures that follow it in this test (which row, which seed). */
#define NOTE(...) test_note(__VA_ARGS__)

bool test_eq(const char *file, int line, const char *expr, unsigned long long want,
	     unsigned long long got);
bool test_eqs(const char *file, int line, const char *expr, const char *want, const char *got);
bool test_eqm(const char *file, int line, const char *expr, const void *want, const void *got,
	      size_t size);
bool test_check(const char *file, int line, const char *expr, bool holds);
bool test_ok(const char *file, int line, const char *expr, long long rc);
_Noreturn void test_stop(const char *file, int line, const char *expr);
_Noreturn void test_skip(const char *reason);
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
