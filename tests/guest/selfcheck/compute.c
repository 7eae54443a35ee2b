/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integers and floating point: digests and values from standards, IEEE 754 identities. */
#include "selfcheck.h"

#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t ror(uint32_t v, int n)
{
	return v >> n | v << (32 - n);
}

static void sha256_block(uint32_t h[8], const uint8_t *p)
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 |
		       p[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, h, sizeof v);
	for (int i = 0; i < 64; i++) {
		uint32_t t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
			      ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha256_k[i] + w[i];
		uint32_t t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
			      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

void sha256(const void *data, uint64_t size, uint8_t digest[32])
{
	uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	const uint8_t *p = data;
	uint8_t last[128] = {0};
	uint64_t left = size;
	int end;

	for (; left >= 64; left -= 64, p += 64)
		sha256_block(h, p);
	memcpy(last, p, left);
	last[left] = 0x80;
	end = left < 56 ? 64 : 128;
	for (int i = 0; i < 8; i++)
		last[end - 1 - i] = size * 8 >> 8 * i;
	for (int i = 0; i < end; i += 64)
		sha256_block(h, last + i);
	for (int i = 0; i < 32; i++)
		digest[i] = h[i / 4] >> (24 - i % 4 * 8);
}

static void hex(const uint8_t *p, int n, char *out)
{
	for (int i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", p[i]);
}

/* FIPS 180-2's examples, and 64 KiB of a counter (its digest is coreutils' sha256sum's). */
static void check_sha256(void)
{
	static const char alphabet[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static uint8_t big[65536];
	uint8_t d[32];
	char text[65];

	sha256("abc", 3, d);
	hex(d, 32, text);
	WANT(!strcmp(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	sha256(alphabet, strlen(alphabet), d);
	hex(d, 32, text);
	WANT(!strcmp(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
	for (unsigned i = 0; i < sizeof big; i++)
		big[i] = i % 251;
	sha256(big, sizeof big, d);
	hex(d, 32, text);
	WANT(!strcmp(text, "4b640d85ab3ba30fd02c9fc9db4a8928f416322ad27022ea58a65aaee68a4df2"));
}

/* 64-bit products, quotients and remainders put together again, signed and not. */
static void check_integer(void)
{
	uint64_t a = 0x9e3779b97f4a7c15, b = 1;

	for (int i = 0; i < 2000; i++) {
		uint64_t d = (a >> (i % 50)) | 1;
		int64_t sb = (int64_t)b, sd = (int64_t)(d ^ (i & 1 ? ~0ull : 0));

		WANT(b / d * d + b % d == b && b % d < d);
		if (sd != 0 && !(sb == INT64_MIN && sd == -1))
			WANT(sb / sd * sd + sb % sd == sb);
		WANT((uint32_t)b * (uint64_t)(uint32_t)a ==
		     ((uint64_t)((uint16_t)b * (uint32_t)(uint16_t)a)) +
			     (((uint64_t)((uint32_t)b >> 16) * (uint16_t)a) << 16) +
			     (((uint64_t)(uint16_t)b * ((uint32_t)a >> 16)) << 16) +
			     (((uint64_t)((uint32_t)b >> 16) * ((uint32_t)a >> 16)) << 32));
		b ^= a;
		a = a * 6364136223846793005 + 1442695040888963407;
	}
	WANT(a == 0xd8a6c1f752590b65);
}

static uint64_t bits(double d)
{
	uint64_t v;

	memcpy(&v, &d, 8);
	return v;
}

/* Each operation is rounded as IEEE 754 says, so these sums have one right answer, to the bit. */
static void check_double(void)
{
	double harmonic = 0, root = 0;
	float f = 0;

	for (int i = 1; i <= 10000; i++) {
		harmonic += 1.0 / i;
		root += sqrt(i);
		f += 1.0f / (float)i;
	}
	WANT(bits(harmonic) == 0x40239341192de2a6);
	WANT(bits(root) == 0x412458b8eb1be224);
	WANT(f == 0x1.3934200000000p+3f);
	WANT((int)-2.5 == -2 && lrint(-2.5) == -2 && lrint(3.5) == 4);
	WANT((int64_t)9.3e15 == 9300000000000000 && (double)INT64_MAX == 9223372036854775808.0);
}

/* Within one unit in the last place of the true value: what glibc promises of these. */
static void near(const char *what, double got, double want)
{
	int64_t apart = (int64_t)(bits(got) - bits(want));

	if (apart < -1 || apart > 1)
		fail("%s: %.17g, not %.17g", what, got, want);
}

static void check_libm(void)
{
	volatile double half = 0.5, two = 2, e = 2.718281828459045;

	near("sin", sin(half), 0.47942553860420300);
	near("cos", cos(half), 0.87758256189037272);
	near("tan", tan(half), 0.54630248984379051);
	near("atan", atan(half), 0.46364760900080612);
	near("exp", exp(half), 1.6487212707001281);
	near("log", log(two), 0.69314718055994531);
	near("pow", pow(two, half), 1.4142135623730951);
	near("cbrt", cbrt(two), 1.2599210498948732);
	near("sinh", sinh(half), 0.52109530549374736);
	near("log1", log(e), 1.0);
	WANT(fma(two, half, -1.0) == 0 && fmod(7.5, two) == 1.5 &&
	     sqrt(two) == 0x1.6a09e667f3bcdp0);
}

/* The four directions of rounding, by MXCSR and by the x87 control word, and sticky flags. */
static void check_rounding(void)
{
	static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
	static const long want[] = {-2, -3, -2, -2};
	volatile double v = -2.5, one = 1, zero = 0, third;

	for (int i = 0; i < 4; i++) {
		long double x;

		fesetround(modes[i]);
		WANT(lrint(v) == want[i]);
		__asm__ volatile("fldl %1; frndint; fstpt %0" : "=m"(x) : "m"(v));
		WANT(x == want[i]);
	}
	fesetround(FE_TONEAREST);
	feclearexcept(FE_ALL_EXCEPT);
	third = one / 3;
	WANT(fetestexcept(FE_ALL_EXCEPT) == FE_INEXACT && third > 0);
	third = one / zero;
	WANT(fetestexcept(FE_DIVBYZERO) && isinf(third));
	third = zero / zero;
	WANT(fetestexcept(FE_INVALID) && isnan(third));
	feclearexcept(FE_ALL_EXCEPT);
}

static long double x87(const char *what)
{
	volatile long double r = 0;
	const long double half = 0.5L, two = 2;

	switch (*what) {
	case 's':
		__asm__("fsin" : "=t"(r) : "0"(half));
		break;
	case 'c':
		__asm__("fcos" : "=t"(r) : "0"(half));
		break;
	case 'a':
		__asm__("fpatan" : "=t"(r) : "0"(two), "u"(1.0L) : "st(1)");
		break;
	case '2':
		__asm__("f2xm1" : "=t"(r) : "0"(half));
		break;
	case 'l':
		__asm__("fyl2x" : "=t"(r) : "0"(10.0L), "u"(1.0L) : "st(1)");
		break;
	case 'p':
		__asm__("fldpi" : "=t"(r));
		break;
	default:
		__asm__("fsqrt" : "=t"(r) : "0"(two));
		break;
	}
	return r;
}

static void near_x87(const char *what, long double want)
{
	long double got = x87(what), apart = fabsl(got - want);

	if (apart > fabsl(want) * 0x1p-62L)
		fail("x87 %s: %.21Lg, not %.21Lg", what, got, want);
}

/* BCD of the manuals' example form, precision control, and a stack that goes round. */
static void check_x87(void)
{
	uint16_t control, status, narrow;
	uint8_t bcd[10];
	double third = 0, v = -1234567890123.0;

	near_x87("sin", 0.479425538604203000273L);
	near_x87("cos", 0.877582561890372716116L);
	near_x87("atan", 0.463647609000806116214L);
	near_x87("2^x-1", 0.414213562373095048802L);
	near_x87("log2", 3.32192809488736234787L);
	near_x87("pi", 3.14159265358979323846L);
	near_x87("root", 1.41421356237309504880L);
	__asm__ volatile("fldl %1; fbstp %0" : "=m"(bcd) : "m"(v));
	WANT(!memcmp(bcd, "\x23\x01\x89\x67\x45\x23\x01\x00\x00\x80", 10));
	__asm__ volatile("fnstcw %0" : "=m"(control));
	narrow = control & ~0x300;
	__asm__ volatile(
		"fldcw %1; fld1; fld1; fadd %%st,%%st; fld1; faddp; fdivrp; fldcw %2; fstpl %0"
		: "=m"(third)
		: "m"(narrow), "m"(control));
	WANT(third == (double)(1.0f / 3));
	__asm__ volatile(
		"fninit; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fnstsw %0; fninit"
		: "=m"(status));
	WANT((status & 0x241) == 0x241 && (status >> 11 & 7) == 7);
}

const struct check compute_checks[] = {
	{"sha256", check_sha256},
	{"integer", check_integer},
	{"double", check_double},
	{"libm", check_libm},
	{"rounding", check_rounding},
	{"x87", check_x87},
	{0},
};
