/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vector instructions beside the same thing in plain C, as far as CPUID offers them. */
#include "selfcheck.h"

#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { COUNT = 512 };

static uint32_t seed;

static uint32_t next(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8 ^ seed << 11;
}

static void fill(void *p, int n)
{
	for (uint8_t *b = p; n--; b++)
		*b = next() >> 7;
}

static bool cpuid_bit(unsigned leaf, char reg, int bit)
{
	unsigned a = 0, b = 0, c = 0, d = 0;

	__get_cpuid_count(leaf, 0, &a, &b, &c, &d);
	return (reg == 'b' ? b : reg == 'c' ? c : d) >> bit & 1;
}

bool cpu_has_avx(void)
{
	uint32_t low, high;

	if (!cpuid_bit(1, 'c', 27) || !cpuid_bit(1, 'c', 28))
		return false;
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (low & 6) == 6;
}

#define NEED(cond)                                   \
	do {                                         \
		if (!(cond))                         \
			return skip("not in CPUID"); \
	} while (0)

__attribute__((target("sse2"))) static void check_sse2(void)
{
	uint8_t a[COUNT], b[COUNT], max[COUNT], sat[COUNT];
	float f[4], g[4] = {1.5f, -2.25f, 1e30f, 3.0f};
	long sum = 0;

	NEED(cpuid_bit(1, 'd', 26));
	fill(a, COUNT);
	fill(b, COUNT);
	for (int i = 0; i < COUNT; i += 16) {
		__m128i x = _mm_loadu_si128((void *)(a + i)), y = _mm_loadu_si128((void *)(b + i));
		__m128i sad = _mm_sad_epu8(x, y);

		_mm_storeu_si128((void *)(max + i), _mm_max_epu8(x, y));
		_mm_storeu_si128((void *)(sat + i), _mm_adds_epu8(x, y));
		sum += _mm_cvtsi128_si32(sad) + _mm_extract_epi16(sad, 4);
	}
	for (int i = 0; i < COUNT; i++) {
		WANT(max[i] == (a[i] > b[i] ? a[i] : b[i]));
		WANT(sat[i] == (a[i] + b[i] > 255 ? 255 : a[i] + b[i]));
		sum -= a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
	}
	WANT(sum == 0);
	_mm_storeu_ps(f, _mm_sqrt_ps(_mm_mul_ps(_mm_loadu_ps(g), _mm_loadu_ps(g))));
	WANT(f[0] == 1.5f && f[1] == 2.25f && f[2] > 3e38f && f[3] == 3.0f);
}

/* CRC-32C of "123456789" is 0xe3069283 in every table of checksums. */
__attribute__((target("sse4.2,ssse3,popcnt"))) static void check_sse4(void)
{
	static const char digits[] = "123456789";
	uint8_t a[16], order[16], got[16];
	uint32_t crc = ~0u;

	NEED(cpuid_bit(1, 'c', 9) && cpuid_bit(1, 'c', 20) && cpuid_bit(1, 'c', 23));
	for (int i = 0; i < 9; i++)
		crc = _mm_crc32_u8(crc, digits[i]);
	WANT(~crc == 0xe3069283);
	for (int n = 0; n < 50; n++) {
		fill(a, 16);
		fill(order, 16);
		_mm_storeu_si128((void *)got, _mm_shuffle_epi8(_mm_loadu_si128((void *)a),
							       _mm_loadu_si128((void *)order)));
		for (int i = 0; i < 16; i++)
			WANT(got[i] == (order[i] & 0x80 ? 0 : a[order[i] & 15]));
	}
	WANT(_mm_cmpistri(_mm_set1_epi8('7'), _mm_loadu_si128((const void *)"0123456789abcde"),
			  0) == 7);
	WANT(_mm_popcnt_u32(0xf00f1234) == 13);
}

__attribute__((target("avx2"))) static void check_avx2(void)
{
	int32_t a[COUNT], b[COUNT], product[COUNT], picked[COUNT], shifted[COUNT];

	NEED(cpu_has_avx() && cpuid_bit(7, 'b', 5));
	fill(a, sizeof a);
	for (int i = 0; i < COUNT; i++)
		b[i] = next() % COUNT;
	for (int i = 0; i < COUNT; i += 8) {
		__m256i x = _mm256_loadu_si256((void *)(a + i));
		__m256i y = _mm256_loadu_si256((void *)(b + i));

		_mm256_storeu_si256((void *)(product + i), _mm256_mullo_epi32(x, y));
		_mm256_storeu_si256((void *)(picked + i), _mm256_i32gather_epi32(a, y, 4));
		_mm256_storeu_si256((void *)(shifted + i), _mm256_srlv_epi32(x, y));
	}
	for (int i = 0; i < COUNT; i++) {
		WANT(product[i] == (int32_t)((uint32_t)a[i] * (uint32_t)b[i]));
		WANT(picked[i] == a[b[i]]);
		WANT(shifted[i] == (b[i] > 31 ? 0 : (int32_t)((uint32_t)a[i] >> b[i])));
	}
}

__attribute__((target("avx,fma,f16c"))) static void check_fma(void)
{
	double r[4];
	float back[8];
	__m256d third = _mm256_set1_pd(1.0 / 3);

	NEED(cpu_has_avx() && cpuid_bit(1, 'c', 12) && cpuid_bit(1, 'c', 29));
	/* 3 * fl(1/3) - 1 is -2^-54 exactly; rounded between the two steps it would be 0. */
	_mm256_storeu_pd(r, _mm256_fmsub_pd(_mm256_set1_pd(3), third, _mm256_set1_pd(1)));
	for (int i = 0; i < 4; i++)
		WANT(r[i] == -0x1p-54);
	_mm256_storeu_ps(back, _mm256_cvtph_ps(_mm256_cvtps_ph(_mm256_set1_ps(1.0009765f), 0)));
	WANT(back[0] == 1.0009765625f && back[7] == back[0]);
}

/* FIPS 197, appendix B: the first round's end and the key's first word after expansion. */
__attribute__((target("aes,sse2"))) static void check_aes(void)
{
	static const uint8_t key[] =
		"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
	static const uint8_t text[] =
		"\x32\x43\xf6\xa8\x88\x5a\x30\x8d\x31\x31\x98\xa2\xe0\x37\x07\x34";
	static const uint8_t key1[] =
		"\xa0\xfa\xfe\x17\x88\x54\x2c\xb1\x23\xa3\x39\x39\x2a\x6c\x76\x05";
	static const uint8_t round2[] =
		"\xa4\x9c\x7f\xf2\x68\x9f\x35\x2b\x6b\x5b\xea\x43\x02\x6a\x50\x49";
	uint8_t got[16];
	__m128i k0, k1, s;

	NEED(cpuid_bit(1, 'c', 25));
	k0 = _mm_loadu_si128((const void *)key);
	k1 = _mm_loadu_si128((const void *)key1);
	s = _mm_xor_si128(_mm_loadu_si128((const void *)text), k0);
	s = _mm_aesenc_si128(s, k1);
	_mm_storeu_si128((void *)got, s);
	WANT(!memcmp(got, round2, 16));
	s = _mm_aeskeygenassist_si128(k0, 1);
	WANT((uint32_t)_mm_cvtsi128_si32(_mm_shuffle_epi32(s, 0xff)) ==
	     (0x16157e2bu ^ 0x17fefaa0u));
}

/* A carry-less product beside shifts and exclusive ors. */
__attribute__((target("pclmul,sse2"))) static void check_pclmul(void)
{
	NEED(cpuid_bit(1, 'c', 1));
	for (int n = 0; n < 20; n++) {
		uint32_t a = next(), b = next();
		uint64_t want = 0, got;

		for (int i = 0; i < 32; i++)
			want ^= a >> i & 1 ? (uint64_t)b << i : 0;
		_mm_storel_epi64((void *)&got, _mm_clmulepi64_si128(_mm_cvtsi32_si128(a),
								    _mm_cvtsi32_si128(b), 0));
		WANT(got == want);
	}
}

__attribute__((target("sha,sse4.1"))) static void check_sha(void)
{
	uint32_t block[16], h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
				    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	__m128i m[4], abef, cdgh, abef0, cdgh0;
	uint8_t digest[32];
	uint32_t got[4];

	NEED(cpuid_bit(7, 'b', 29));
	memset(block, 0, sizeof block);
	block[0] = 0x61626380;
	block[15] = 24;
	for (int i = 0; i < 4; i++)
		m[i] = _mm_loadu_si128((void *)(block + 4 * i));
	abef = abef0 = _mm_set_epi32(h[0], h[1], h[4], h[5]);
	cdgh = cdgh0 = _mm_set_epi32(h[2], h[3], h[6], h[7]);
	for (int i = 0; i < 16; i++) {
		__m128i wk = _mm_add_epi32(m[0], _mm_loadu_si128((const void *)(sha256_k + 4 * i)));
		__m128i w = _mm_sha256msg1_epu32(m[0], m[1]);

		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
		w = _mm_sha256msg2_epu32(_mm_add_epi32(w, _mm_alignr_epi8(m[3], m[2], 4)), m[3]);
		m[0] = m[1];
		m[1] = m[2];
		m[2] = m[3];
		m[3] = w;
	}
	sha256("abc", 3, digest);
	_mm_storeu_si128((void *)got, _mm_add_epi32(abef, abef0));
	WANT(got[3] == __builtin_bswap32(*(uint32_t *)digest));
	_mm_storeu_si128((void *)got, _mm_add_epi32(cdgh, cdgh0));
	WANT(got[0] == __builtin_bswap32(*(uint32_t *)(digest + 28)));
}

__attribute__((target("bmi,bmi2"))) static void check_bmi(void)
{
	NEED(cpuid_bit(7, 'b', 3) && cpuid_bit(7, 'b', 8));
	for (int n = 0; n < 50; n++) {
		uint32_t v = next(), mask = next(), out = 0, in = 0;

		for (int i = 0, k = 0; i < 32; i++) {
			if (!(mask >> i & 1))
				continue;
			out |= (v >> k & 1) << i;
			in |= (v >> i & 1) << k++;
		}
		WANT(_pdep_u32(v, mask) == out && _pext_u32(v, mask) == in);
		WANT(_bzhi_u32(v, n & 31) == (v & ((1u << (n & 31)) - 1)));
		WANT(__builtin_ctz(v | 1 << 20) == (int)_tzcnt_u32(v | 1 << 20));
	}
}

/* Two threads hold different values in the upper halves while the kernel switches between them. */
__attribute__((target("avx"))) static void *hold(void *arg)
{
	__m256d want = _mm256_set1_pd((double)(intptr_t)arg), have = want;

	for (int i = 0; i < 200; i++) {
		__asm__ volatile("" : "+x"(have));
		sched_yield();
		__asm__ volatile("" : "+x"(have));
		if (_mm256_movemask_pd(_mm256_cmp_pd(have, want, _CMP_NEQ_UQ)))
			return "changed";
	}
	return NULL;
}

static void check_switch(void)
{
	pthread_t t[3];
	void *bad;

	NEED(cpu_has_avx());
	for (intptr_t i = 0; i < 3; i++)
		WANT(!pthread_create(&t[i], NULL, hold, (void *)(i + 1)));
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &bad);
		WANT(!bad);
	}
}

const struct check vector_checks[] = {
	{"sse2", check_sse2},
	{"sse4", check_sse4},
	{"avx2", check_avx2},
	{"fma", check_fma},
	{"aes", check_aes},
	{"pclmul", check_pclmul},
	{"sha", check_sha},
	{"bmi", check_bmi},
	{"ymm over switches", check_switch},
	{0},
};
