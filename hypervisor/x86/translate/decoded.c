/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/decoded.c: instructions that go out again and again (over
 * a page's end, in I/O memory), as they were decoded the last time. They are known by
 * their bytes and the mode, which are all that decoding looks at.
 *
 * Tests: tests/x86/rings.c, tests/x86/smc.c
 */
#include "hypervisor/x86/decode.h"
#include "hypervisor/x86/translate/parts.h"

const struct insn *decoded(struct cpu *c, const uint8_t *bytes, unsigned n)
{
	struct insn *in = &tr_cpu(c)->decoded[(c->rip ^ c->rip >> 12) % TR_DECODED];
	uint8_t now[INSN_MAX];

	insn_snapshot(now, bytes, n < INSN_MAX ? n : INSN_MAX);
	if (in->len && in->len <= n && in->mode == c->mode && !memcmp(in->bytes, now, in->len))
		return in;
	if (insn_decode(in, now, n, c->mode) == DECODE_OK)
		return in;
	in->len = 0;
	return NULL;
}
