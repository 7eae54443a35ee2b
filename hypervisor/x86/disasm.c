/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/disasm.c: a decoded instruction as a line of Intel syntax, from its row.
 *
 * Tests: tests/x86/disasm.c, tests/x86/decode_zydis.c
 */
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *p;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->p, t->left, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->left)
		n = t->left ? t->left - 1 : 0;
	t->p += n;
	t->left -= n;
}

/* ---- registers */

static void general(struct text *t, const struct insn *in, unsigned n, unsigned size)
{
	static const char name[8][3] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
	static const char low[8][4] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
	static const char high[4][3] = {"ah", "ch", "dh", "bh"};

	if (n >= 8)
		put(t, "r%u%s", n, size == 8 ? "" : size == 4 ? "d" : size == 2 ? "w" : "b");
	else if (size == 1)
		put(t, "%s", n >= 4 && !in->rex ? high[n - 4] : low[n]);
	else
		put(t, "%s%s", size == 8 ? "r" : size == 4 ? "e" : "", name[n]);
}

static const char seg_name[SEG_N][3] = {"es", "cs", "ss", "ds", "fs", "gs"};

/* Vectors are named by the operand's letter: a scalar is in an XMM register. */
static void vector(struct text *t, const struct insn *in, unsigned n, unsigned i)
{
	unsigned letter = in->op->o[i].size;
	bool wide = letter == S_qq || (letter == S_x && in->vl);

	put(t, "%cmm%u", wide ? 'y' : 'x', n);
}

/* ---- memory */

static const char *size_name(unsigned bytes)
{
	switch (bytes) {
	case 1:
		return "byte ptr ";
	case 2:
		return "word ptr ";
	case 4:
		return "dword ptr ";
	case 6:
		return "fword ptr ";
	case 8:
		return "qword ptr ";
	case 10:
		return "tbyte ptr ";
	case 16:
		return "xmmword ptr ";
	case 32:
		return "ymmword ptr ";
	}
	return "";
}

static unsigned long long cut(uint64_t v, unsigned size)
{
	return size == 8 ? v : v & ((1ull << size * 8) - 1);
}

/* A gather's index is as wide as VEX.L says, half of that with D indices and Q elements. */
static bool wide_index(const struct insn *in)
{
	bool q_index = in->op->op & 1, q_element = in->rex & 8;

	return in->vl && (q_index || !q_element);
}

static void index_register(struct text *t, const struct insn *in)
{
	if (in->op->flags & F_VSIB)
		put(t, "%cmm%u", wide_index(in) ? 'y' : 'x', in->index);
	else
		general(t, in, in->index, in->addrsize);
	if (in->addrsize != 2)
		put(t, "*%u", 1u << in->scale);
}

static void displacement(struct text *t, const struct insn *in, bool alone)
{
	if (alone)
		put(t, "0x%llx", cut(in->disp, in->addrsize));
	else if (in->disp)
		put(t, "%c0x%llx", in->disp < 0 ? '-' : '+',
		    (unsigned long long)(in->disp < 0 ? 0 - (uint64_t)in->disp
						      : (uint64_t)in->disp));
}

static void address(struct text *t, const struct insn *in, uint64_t rip)
{
	bool alone = in->base == REG_NONE && in->index == REG_NONE;

	if (in->seg_override != SEG_N)
		put(t, "%s:", seg_name[in->seg_override]);
	put(t, "[");
	if (in->base == REG_RIP) {
		put(t, "0x%llx]", cut(rip + in->len + in->disp, in->addrsize));
		return;
	}
	if (in->base != REG_NONE)
		general(t, in, in->base, in->addrsize);
	if (in->index != REG_NONE) {
		if (in->base != REG_NONE)
			put(t, "+");
		index_register(t, in);
	}
	displacement(t, in, alone);
	put(t, "]");
}

static void string_operand(struct text *t, const struct insn *in, unsigned i)
{
	bool source = in->op->o[i].kind == O_X;

	put(t, "%s", size_name(insn_opnd_bytes(in, i)));
	if (!source)
		put(t, "es:[");
	else if (in->seg_override != SEG_N)
		put(t, "%s:[", seg_name[in->seg_override]);
	else
		put(t, "[");
	general(t, in, source ? R_SI : R_DI, in->addrsize);
	put(t, "]");
}

static void memory(struct text *t, const struct insn *in, unsigned i, uint64_t rip)
{
	put(t, "%s", size_name(insn_opnd_bytes(in, i)));
	address(t, in, rip);
}

/* ---- immediates */

static int64_t extend(uint64_t v, unsigned size)
{
	unsigned up = 64 - 8 * size;

	return size ? (int64_t)(v << up) >> up : 0;
}

static void immediate(struct text *t, const struct insn *in, unsigned i)
{
	bool second = i && in->imm2_size;
	uint64_t v = second ? in->imm2 : in->imm;
	unsigned width = in->op->o[0].kind == O_Is ? in->opsize : insn_opnd_bytes(in, 0);

	if (in->op->o[i].kind == O_Is)
		v = cut(extend(v, in->imm_size), width);
	put(t, "0x%llx", (unsigned long long)v);
}

static void target(struct text *t, const struct insn *in, uint64_t rip)
{
	put(t, "0x%llx", cut(rip + in->len + extend(in->imm, in->imm_size), in->opsize));
}

/* ---- operands */

static bool fixed(struct text *t, unsigned kind)
{
	static const char *const name[] = {
		[O_1] = "1",   [O_CL] = "cl",     [O_DX] = "dx",    [O_ES] = "es",
		[O_CS] = "cs", [O_SS] = "ss",     [O_DS] = "ds",    [O_FS] = "fs",
		[O_GS] = "gs", [O_XMM0] = "xmm0", [O_ST] = "st(0)",
	};

	if (kind >= sizeof(name) / sizeof(name[0]) || !name[kind])
		return false;
	put(t, "%s", name[kind]);
	return true;
}

static void from_modrm(struct text *t, const struct insn *in, unsigned i)
{
	unsigned bytes = insn_opnd_bytes(in, i);

	switch (in->op->o[i].kind) {
	case O_E:
	case O_R:
		general(t, in, in->rm, bytes ? bytes : in->opsize);
		break;
	case O_Q:
	case O_N:
		put(t, "mm%u", in->rm);
		break;
	case O_W:
	case O_U:
		vector(t, in, in->rm, i);
		break;
	case O_STi:
		put(t, "st(%u)", in->rm);
		break;
	}
}

static void from_reg(struct text *t, const struct insn *in, unsigned i)
{
	switch (in->op->o[i].kind) {
	case O_G:
		general(t, in, in->reg, insn_opnd_bytes(in, i));
		break;
	case O_S:
		put(t, "%s", seg_name[in->reg]);
		break;
	case O_C:
	case O_D:
		put(t, "%cr%u", in->op->o[i].kind == O_C ? 'c' : 'd', in->reg);
		break;
	case O_P:
		put(t, "mm%u", in->reg);
		break;
	case O_V:
		vector(t, in, in->reg, i);
		break;
	}
}

static void elsewhere(struct text *t, const struct insn *in, unsigned i, uint64_t rip)
{
	unsigned bytes = insn_opnd_bytes(in, i);

	switch (in->op->o[i].kind) {
	case O_AX:
		general(t, in, R_AX, bytes);
		break;
	case O_Z:
		general(t, in, (in->bytes[in->op_at] & 7) | (in->rex & 1) << 3, bytes);
		break;
	case O_B:
		general(t, in, in->vvvv, bytes);
		break;
	case O_H:
		vector(t, in, in->vvvv, i);
		break;
	case O_L:
		vector(t, in, in->imm >> 4 & (in->mode == MODE_64 ? 15 : 7), i);
		break;
	case O_J:
		target(t, in, rip);
		break;
	case O_A:
		put(t, "0x%llx:0x%llx", (unsigned long long)in->imm2, (unsigned long long)in->imm);
		break;
	}
}

static void operand(struct text *t, const struct insn *in, unsigned i, uint64_t rip)
{
	unsigned kind = in->op->o[i].kind;

	if (fixed(t, kind))
		return;
	switch (kind) {
	case O_M:
	case O_O:
		memory(t, in, i, rip);
		break;
	case O_E:
	case O_Q:
	case O_W:
		if (in->mod != 3) {
			memory(t, in, i, rip);
			break;
		}
		/* fall through */
	case O_R:
	case O_N:
	case O_U:
	case O_STi:
		from_modrm(t, in, i);
		break;
	case O_X:
	case O_Y:
		string_operand(t, in, i);
		break;
	case O_I:
	case O_Is:
		immediate(t, in, i);
		break;
	default:
		from_reg(t, in, i);
		elsewhere(t, in, i, rip);
	}
}

/* ---- the mnemonic */

static const char *size_letter(unsigned bytes)
{
	return bytes == 1 ? "b" : bytes == 2 ? "w" : bytes == 4 ? "d" : "q";
}

static int string_index(const struct insn *in)
{
	for (int i = 0; i < 2; i++)
		if (in->op->o[i].kind == O_X || in->op->o[i].kind == O_Y)
			return i;
	return -1;
}

void insn_mnemonic(const struct insn *in, char *buf, size_t len)
{
	bool by_address = in->op->map == MAP_1 && in->op->op == 0xe3;
	unsigned skip = (by_address ? in->addrsize : in->opsize) >> 2;
	const char *name = in->op->name;
	int i = string_index(in);

	for (; skip && strchr(name, '/'); skip--)
		name = strchr(name, '/') + 1;
	snprintf(buf, len, "%.*s%.1s", (int)strcspn(name, "/"), name,
		 i < 0 ? "" : size_letter(insn_opnd_bytes(in, i)));
}

static void prefixes(struct text *t, const struct insn *in)
{
	bool compares = in->op->op == 0xa6 || in->op->op == 0xa7 || in->op->op == 0xae ||
			in->op->op == 0xaf;

	if (in->lock)
		put(t, "lock ");
	if (in->rep && in->op->flags & F_REP)
		put(t, "%s ", !compares ? "rep" : in->rep == 0xf3 ? "repe" : "repne");
}

void insn_text(const struct insn *in, uint64_t rip, char *buf, size_t len)
{
	struct text t = {buf, len};
	char name[24];

	if (!in->op) {
		put(&t, "(bad)");
		return;
	}
	insn_mnemonic(in, name, sizeof(name));
	prefixes(&t, in);
	put(&t, "%s", name);
	for (unsigned i = 0; i < 4 && in->op->o[i].kind != O_NONE; i++) {
		/* The segment that LES and its like load is in the name. */
		if (i == 2 && in->op->o[i].kind >= O_ES && in->op->o[i].kind <= O_GS)
			break;
		put(&t, i ? ", " : in->op->o[0].size == S_p ? " far " : " ");
		operand(&t, in, i, rip);
	}
}
