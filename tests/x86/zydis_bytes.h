/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random bytes that are often instructions, for the tests beside Zydis.
 */
#ifndef TESTS_X86_ZYDIS_BYTES_H
#define TESTS_X86_ZYDIS_BYTES_H
#include <stdint.h>
#include <string.h>

struct random {
	uint64_t s;
};

static inline uint64_t random_next(struct random *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return r->s >> 8;
}

static inline void random_map(struct random *r, uint8_t *p)
{
	static const uint8_t escape[4][2] = {{0x0f}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
	unsigned kind = random_next(r) % 8;

	if (kind < 4) {
		memcpy(p, escape[kind], kind < 2 ? 1 : 2);
	} else if (kind == 4) {
		p[0] = 0xc5;
		p[1] |= random_next(r) & 0xf8;
	} else if (kind == 5) {
		p[0] = 0xc4;
		p[1] = (p[1] & 0xe0) | (random_next(r) % 3 + 1) | (random_next(r) & 0xe0);
		p[2] |= random_next(r) & 0x78;
	}
}

/* One in eight is noise; the others have likely prefixes and maps before it. */
static inline void random_insn(struct random *r, uint8_t *p)
{
	static const uint8_t prefix[] = {0x66, 0xf2, 0xf3, 0xf0, 0x67, 0x2e, 0x36, 0x3e,
					 0x26, 0x64, 0x65, 0x48, 0x41, 0x44, 0x4f, 0x42};
	unsigned n = random_next(r) % 8 < 3 ? 0 : random_next(r) % 4;

	for (unsigned i = 0; i < 24; i++)
		p[i] = random_next(r);
	if (!(random_next(r) % 8))
		return;
	for (unsigned i = 0; i < n; i++)
		p[i] = prefix[random_next(r) % sizeof(prefix)];
	random_map(r, p + n);
}
#endif
