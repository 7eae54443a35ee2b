/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/full/smp/part.h: what each file of the project (project.sh) does with its own seeds, SIZE
 * and ROUNDS. Doubles stay exact integers or quotients of such: the same on any CPU.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint64_t mix(uint64_t h, const void *data, size_t n)
{
	for (const unsigned char *p = data; n--; p++)
		h = (h ^ *p) * 1099511628211u;
	return h;
}

static uint64_t sorted(uint64_t h)
{
	uint32_t v[SIZE];

	for (unsigned i = 0; i < SIZE; i++)
		v[i] = seeds[i % 64] * (i + 1) ^ (uint32_t)h;
	qsort(v, SIZE, sizeof(v[0]), by_value);
	return mix(h, v, sizeof(v));
}

static uint64_t multiplied(uint64_t h)
{
	double a[12][12], b[12][12], c[12][12];

	for (unsigned i = 0; i < 144; i++) {
		a[i / 12][i % 12] = seeds[i % 64] % 1000 / 8.0;
		b[i / 12][i % 12] = (h >> (i % 50)) % 1000 / 3.0;
	}
	for (unsigned i = 0; i < 12; i++)
		for (unsigned j = 0; j < 12; j++) {
			c[i][j] = 0;
			for (unsigned k = 0; k < 12; k++)
				c[i][j] += a[i][k] * b[k][j];
		}
	return mix(h, c, sizeof(c));
}

static uint64_t printed(uint64_t h)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "%llx %lld %.17g %s", (unsigned long long)h,
			 (long long)h, (double)(h >> 12) / 7.0, "text");

	return mix(h, text, (size_t)n);
}

static uint64_t part(void)
{
	uint64_t h = 14695981039346656037u;

	for (unsigned i = 0; i < ROUNDS; i++)
		h = printed(multiplied(sorted(h)));
	return h;
}
