/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selfcheck: a static Linux program that a guest runs on itself. Every answer is known before it
 * runs: from a standard, or from a second way that uses other instructions.
 */
#ifndef SELFCHECK_H
#define SELFCHECK_H

#include <stdbool.h>
#include <stdint.h>

/* One check: prints "ok NAME" or "FAIL NAME: why". A check that cannot be made here (no such
 * instruction) says so with `skip`. */
struct check {
	const char *name;
	void (*run)(void);
};

extern const struct check compute_checks[], vector_checks[], cpu_checks[], system_checks[];

/* Marks the running check as failed (the first reason is shown), or as not possible. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *why);

/* True when the CPU has the feature by CPUID and the kernel keeps its registers. */
bool cpu_has_avx(void);

void sha256(const void *data, uint64_t size, uint8_t digest[32]);
extern const uint32_t sha256_k[64];

#define WANT(cond)                                            \
	do {                                                  \
		if (!(cond))                                  \
			fail("line %d: %s", __LINE__, #cond); \
	} while (0)

#endif
