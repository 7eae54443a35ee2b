/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/fuse.c: MOV to a register that is rotated next is RORX on
 * a host that has it, and the rotation is nothing: hash functions do little else, and
 * what compilers make for any processor has no RORX. Only where nobody looks at the
 * copy in between, nor at the flags that the rotation leaves, and nothing goes out.
 *
 * Spec: Intel SDM volume 2, chapter 2.3 (VEX), RORX.
 * Tests: tests/x86/fuse.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/translate/gen.h"

/* A whole register from another, or from memory that was looked at. */
static bool copies(const struct gen *g, unsigned i)
{
	const struct insn *in = &g->in[i];
	unsigned op = in->bytes[in->op_at];

	if (in->op->run != op_mov || in->op->map != MAP_1 || g->shows[i] || !g->fn[i])
		return false;
	if (op != 0x8b && (op != 0x89 || in->mod != 3))
		return false;
	return in->size[0] >= 4 && in->base != REG_RIP;
}

/* By how much to the right; 0: it is something else, or its flags are seen. */
static unsigned rotates(const struct gen *g, unsigned i, unsigned r, unsigned most)
{
	const struct insn *in = &g->in[i];
	unsigned size = in->size[0], by = in->op->o[1].kind == O_1 ? 1 : (unsigned)in->imm;
	bool number = in->op->o[1].kind == O_1 || in->op->o[1].kind == O_I;

	if ((in->op->run != op_rol && in->op->run != op_ror) || !number || in->gpr[0] != r ||
	    size < 4 || size > most || g->live[i + 1] & (FL_CF | FL_OF))
		return 0;
	by &= size * 8 - 1;
	return in->op->run == op_ror || !by ? by : size * 8 - by;
}

/* What rotates the copy of in[i]; NO_INSN: nothing. */
static unsigned rotation(const struct gen *g, unsigned i, unsigned *by)
{
	unsigned r = g->in[i].gpr[0];

	for (unsigned k = i + 1; k < g->n && !g->shows[k]; k++) {
		*by = rotates(g, k, r, g->in[i].size[0]);
		if (*by)
			return k;
		if ((g->fx[k].gpr_read | g->fx[k].gpr_written) >> r & 1)
			break;
	}
	return NO_INSN;
}

/* RORX to, from, by: with the operand of `from`, whose bytes they are behind the opcode. */
static bool make(struct insn *to, const struct insn *from, bool w, unsigned by)
{
	unsigned rex = from->rex, n = 4, modrm = from->modrm;
	uint8_t b[INSN_MAX + 4];

	if (from->bytes[from->op_at] == 0x89) { /* the other direction */
		modrm = 0xc0 | (modrm & 7) << 3 | (modrm >> 3 & 7);
		rex = (rex & ~5u) | (rex & 1) << 2 | (rex >> 2 & 1);
	}
	b[0] = 0xc4;
	b[1] = (uint8_t)((~rex & 7) << 5 | 3);
	b[2] = (uint8_t)(w << 7 | 0x7b);
	b[3] = 0xf0;
	b[n++] = (uint8_t)modrm;
	for (unsigned k = from->modrm_at + 1u; k < from->len; k++)
		b[n++] = from->bytes[k];
	b[n++] = (uint8_t)by;
	return n <= INSN_MAX && insn_decode(to, b, n, from->mode) == DECODE_OK;
}

static void nothing_at(struct gen *g, unsigned i)
{
	static const uint8_t nop = 0x90;

	insn_decode(&g->in[i], &nop, 1, g->key->mode);
}

void fuse_rotations(struct gen *g, void (*effects)(struct gen *g, unsigned i))
{
	struct insn in;

	for (unsigned i = 0, by; g->tr->bmi2 && g->key->prot && i < g->n; i++) {
		unsigned k = copies(g, i) ? rotation(g, i, &by) : NO_INSN;

		if (k == NO_INSN || !make(&in, &g->in[i], g->in[k].size[0] == 8, by))
			continue;
		g->in[i] = in;
		nothing_at(g, k);
		effects(g, i);
		effects(g, k);
	}
}
