/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/util.h: the few helpers every folder needs. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_SIZE(a)         (sizeof(a) / sizeof((a)[0]))
#define container_of(p, T, m) ((T *)((char *)(p)-offsetof(T, m)))
#define MIN(a, b)             ((a) < (b) ? (a) : (b))
#define MAX(a, b)             ((a) > (b) ? (a) : (b))

#define NS_PER_US  1000ll
#define NS_PER_MS  1000000ll
#define NS_PER_SEC 1000000000ll

/* All-ones mask of the low `bytes` bytes (8 and more: all 64 bits). */
static inline uint64_t ones(unsigned bytes)
{
	return bytes >= 8 ? ~0ull : (1ull << 8 * bytes) - 1;
}

/* Arithmetic on guest numbers: true when a + b does not fit 64 bits. */
static inline bool add_overflows(uint64_t a, uint64_t b, uint64_t *sum)
{
	return __builtin_add_overflow(a, b, sum);
}

/* (a * b) / c without overflow of the product; c != 0. */
static inline uint64_t muldiv64(uint64_t a, uint64_t b, uint64_t c)
{
	return (uint64_t)((unsigned __int128)a * b / c);
}

static inline uint64_t load_le(const void *p, unsigned size)
{
	const uint8_t *b = p;
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)b[i] << 8 * i;
	return v;
}

static inline void store_le(void *p, unsigned size, uint64_t v)
{
	uint8_t *b = p;

	for (unsigned i = 0; i < size; i++)
		b[i] = (uint8_t)(v >> 8 * i);
}
#endif
