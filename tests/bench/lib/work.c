/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that does well-known work over and over, for tests/bench/engine.c: on port E9 it says
 * "name begin" and "name end CYCLES", CYCLES by RDTSC, around each round. It ends by
 * isa-debug-exit, or by the word that Bochs waits for.
 */
#include <stddef.h>
#include <stdint.h>

#define ROUNDS 5

static uint8_t bytes[1 << 20];
static uint64_t words[1 << 16];
static double a[64][64], b[64][64], product[64][64];
static volatile uint64_t sink;

static void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

static void say(const char *s)
{
	while (*s)
		outb(0xe9, (uint8_t)*s++);
}

static void say_number(uint64_t v)
{
	char text[21] = "", *p = text + 20;

	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	say(p);
}

/* What a compiler may ask for. */
void *memset(void *to, int v, size_t n)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(v) : "memory");
	return to;
}
void *memcpy(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return to;
}

/* ---- the work ---- */

static uint32_t rotate(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static uint32_t k256[64];

static void sha256_block(uint32_t h[8], const uint8_t *p)
{
	uint32_t w[64], s[8];

	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 |
		       p[4 * i + 3];
	for (unsigned i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
	for (unsigned i = 0; i < 8; i++)
		s[i] = h[i];
	for (unsigned i = 0; i < 64; i++) {
		uint32_t t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
			      ((s[4] & s[5]) ^ (~s[4] & s[6])) + k256[i] + w[i];
		uint32_t t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
			      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		for (unsigned j = 7; j; j--)
			s[j] = s[j - 1];
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] += s[i];
}

static void sha256(void)
{
	uint32_t h[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	for (unsigned i = 0; i < 1 << 18; i += 64)
		sha256_block(h, bytes + i);
	sink = h[0];
}

static void crc32(void)
{
	static uint32_t table[256];
	uint32_t crc = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (unsigned bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
		table[i] = c;
	}
	for (unsigned i = 0; i < sizeof(bytes); i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
	sink = crc;
}

static int compare(const void *x, const void *y)
{
	uint64_t u = *(const uint64_t *)x, v = *(const uint64_t *)y;

	return u < v ? -1 : u > v;
}

static void quicksort(uint64_t *v, long lo, long hi, int (*cmp)(const void *, const void *))
{
	while (lo < hi) {
		uint64_t pivot = v[(lo + hi) / 2];
		long i = lo, j = hi;

		while (i <= j) {
			while (cmp(&v[i], &pivot) < 0)
				i++;
			while (cmp(&v[j], &pivot) > 0)
				j--;
			if (i <= j) {
				uint64_t t = v[i];

				v[i++] = v[j];
				v[j--] = t;
			}
		}
		quicksort(v, lo, j, cmp);
		lo = i;
	}
}

static void sort(void)
{
	static int (*volatile cmp)(const void *, const void *) = compare;
	uint64_t x = 88172645463325252ull;

	for (unsigned i = 0; i < 20000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = x;
	}
	quicksort(words, 0, 19999, cmp);
	sink = words[0];
}

static void memory(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t at = i * 2654435761u % 65536;

		sum += words[at] ^ words[at ^ 1];
		words[at ^ 2] = sum;
	}
	sink = sum;
}

static unsigned fib(unsigned n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void calls(void)
{
	sink = fib(30);
}

/* A little machine of its own, with a switch in its middle. */
static void bytecode(void)
{
	static const uint8_t code[] = {0, 3, 1, 4, 2, 5, 1, 6, 0, 7};
	uint64_t r[4] = {1, 2, 3, 4};

	for (unsigned n = 0, pc = 0; n < 1000000; n++) {
		switch (code[pc]) {
		case 0:
			r[0] += r[1];
			break;
		case 1:
			r[1] ^= r[2];
			break;
		case 2:
			r[2] = r[3] * 3;
			break;
		case 3:
			r[3] -= r[0];
			break;
		case 4:
			r[0] = r[0] << 3 | r[0] >> 61;
			break;
		case 5:
			r[1]++;
			break;
		case 6:
			r[2] &= r[1];
			break;
		default:
			r[3] |= 1;
		}
		pc = pc + 1 == sizeof(code) ? 0 : pc + 1;
	}
	sink = r[0];
}

static void matrix(void)
{
	for (unsigned i = 0; i < 64; i++)
		for (unsigned j = 0; j < 64; j++) {
			double sum = 0;

			for (unsigned k = 0; k < 64; k++)
				sum += a[i][k] * b[k][j];
			product[i][j] = sum;
		}
	sink = (uint64_t)product[1][1];
}

static void x87(void)
{
	long double x = 1.0L;

	for (unsigned i = 1; i < 50000; i++)
		x = x * 1.0000001L + 1.0L / (long double)i;
	sink = (uint64_t)x;
}

static void strings(void)
{
	for (unsigned i = 0; i < 20; i++) {
		memcpy(bytes + (1 << 19), bytes, 1 << 19);
		memset(bytes + (1 << 19), (int)i, 1 << 18);
	}
	sink = bytes[1 << 19];
}

/* Page-table reloads and the like: CR3 written, a page touched. */
static void address_spaces(void)
{
	uint64_t cr3;

	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	for (unsigned i = 0; i < 20000; i++) {
		__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
		sink = words[i % 65536];
	}
}

static const struct {
	const char *name;
	void (*run)(void);
	unsigned times; /* in a round: the host counts CPU time by its ticks */
} works[] = {
	{"sha256", sha256, 20},
	{"crc32", crc32, 20},
	{"sort", sort, 20},
	{"memory", memory, 20},
	{"calls", calls, 20},
	{"bytecode", bytecode, 20},
	{"SSE2 matrix", matrix, 200},
	{"x87", x87, 200},
	{"rep movs, stos", strings, 20},
	{"CR3 writes", address_spaces, 20},
};

static void unit_on(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	__asm__ volatile("mov %0, %%cr0; fninit" : : "r"((v & ~4ull) | 2));
	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	__asm__ volatile("mov %0, %%cr4" : : "r"(v | 0x600));
}

void debuggee(void)
{
	const char *end = "Shutdown";

	unit_on();
	for (unsigned i = 0; i < 64; i++)
		k256[i] = i * 2654435761u;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 167 >> 3);
	for (unsigned i = 0; i < 64 * 64; i++) {
		a[i / 64][i % 64] = i;
		b[i / 64][i % 64] = 64 - i % 64;
	}
	for (unsigned i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		for (unsigned round = 0; round < ROUNDS; round++) {
			uint64_t from;

			say(works[i].name);
			say(" begin\n");
			from = rdtsc();
			for (unsigned k = 0; k < works[i].times; k++)
				works[i].run();
			from = rdtsc() - from;
			say(works[i].name);
			say(" end ");
			say_number(from);
			say("\n");
		}
	say("done\n");
	outb(0xf4, 0);
	while (*end)
		outb(0x8900, (uint8_t)*end++);
	for (;;)
		__asm__ volatile("cli; hlt");
}
