/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder, by hand: what the manuals say about prefixes, sizes, addresses and legality.
 * tests/x86/decode_zydis.c compares it with another decoder on random bytes.
 */
#include "hypervisor/x86/decode.h"
#include "hypervisor/x86/insn.h"
#include "hypervisor/x86/vendor.h"
#include "tests/test.h"

#include <stdio.h>

/* Bytes written in hexadecimal, with or without spaces. */
static unsigned hex(const char *text, uint8_t *out)
{
	unsigned n = 0;
	int used;

	for (; sscanf(text, " %2hhx%n", &out[n], &used) == 1; text += used)
		n++;
	return n;
}

static enum decode_result decode(struct insn *in, enum insn_mode mode, const char *text)
{
	uint8_t bytes[32] = {0};

	return insn_decode(in, bytes, hex(text, bytes), mode);
}

struct length {
	const char *bytes, *name; /* name NULL: #UD */
	uint8_t mode, len;
};

static const struct length lengths[] = {
	/* one byte, ModRM, SIB, displacements, immediates */
	{"90", "nop", MODE_64, 1},
	{"01 c3", "add", MODE_64, 2},
	{"81 84 24 78 56 34 12 11 22 33 44", "add", MODE_64, 11},
	{"66 81 c0 34 12", "add", MODE_64, 5},
	{"48 b8 11 22 33 44 55 66 77 88", "mov", MODE_64, 10},
	{"a1 11 22 33 44 55 66 77 88", "mov", MODE_64, 9},
	{"67 a1 11 22 33 44", "mov", MODE_64, 6},
	{"a1 34 12", "mov", MODE_16, 3},
	{"c8 10 00 01", "enter", MODE_32, 4},
	{"9a 78 56 34 12 33 22", "call", MODE_32, 7},
	{"66 ea 34 12 33 22", "jmp", MODE_32, 6},
	{"8b 16 34 12", "mov", MODE_16, 4},
	{"67 8b 15 78 56 34 12", "mov", MODE_16, 7},
	{"f6 00 05", "test", MODE_32, 3},
	{"f6 10", "not", MODE_32, 2},
	/* which row: prefix, digit, mode */
	{"f3 90", "pause", MODE_64, 2},
	{"41 90", "xchg", MODE_64, 2},
	{"63 c1", "arpl", MODE_32, 2},
	{"63 c1", "movsxd", MODE_64, 2},
	{"f3 0f bd c1", "lzcnt", MODE_64, 4},
	{"66 f3 0f bd c1", "lzcnt", MODE_64, 5},
	{"0f bd c1", "bsr", MODE_64, 3},
	{"f3 0f 1e fa", "endbr64", MODE_64, 4},
	{"0f 1e fa", "nop", MODE_64, 3},
	{"f2 0f 38 f0 c1", "crc32", MODE_64, 5},
	{"0f 38 f0 01", "movbe", MODE_64, 4},
	{"0f c7 09", "cmpxchg8b", MODE_64, 3},
	{"48 0f c7 09", "cmpxchg16b", MODE_64, 4},
	{"0f 01 f8", "swapgs", MODE_64, 3},
	{"0f 01 ca", "clac", MODE_64, 3},
	{"0f ae e8", "lfence", MODE_64, 3},
	{"f3 48 0f ae c0", "rdfsbase", MODE_64, 5},
	{"0f 20 04", "mov", MODE_64, 3}, /* no SIB: mod is not looked at */
	{"c4 01", "les", MODE_32, 2},
	{"62 01", "bound", MODE_16, 2},
	/* not there */
	{"06", NULL, MODE_64, 0},
	{"27", NULL, MODE_64, 0},
	{"82 c0 01", NULL, MODE_64, 0},
	{"ce", NULL, MODE_64, 0},
	{"ea", NULL, MODE_64, 0},
	{"0f 01 f8", NULL, MODE_32, 0},
	{"0f 04", NULL, MODE_32, 0},
	{"fe d0", NULL, MODE_32, 0},
	{"ff f8", NULL, MODE_32, 0},
	{"8f c8", NULL, MODE_32, 0},
	{"8d c0", NULL, MODE_32, 0},
	{"8e c8", NULL, MODE_32, 0},       /* to CS */
	{"8c f0", NULL, MODE_32, 0},       /* segment register 6 */
	{"0f 20 c8", NULL, MODE_32, 0},    /* CR1 */
	{"44 0f 21 c0", NULL, MODE_64, 0}, /* DR8 */
	{"0f 38 f0 c1", NULL, MODE_64, 0},
	{"62 f1 7c 48 58 c1", NULL, MODE_64, 0}, /* EVEX */
	{"8f e8 78 c0 c0 01", NULL, MODE_64, 0}, /* XOP */
	{"0f 0f c1 9e", NULL, MODE_32, 0},       /* 3DNow! */
	/* LOCK */
	{"f0 01 08", "add", MODE_64, 3},
	{"f0 01 c8", NULL, MODE_64, 0},
	{"f0 03 08", NULL, MODE_64, 0},
	{"f0 39 08", NULL, MODE_64, 0},
	{"f0 90", NULL, MODE_64, 0},
	{"f0 0f ba 28 01", "bts", MODE_64, 5},
	{"f0 0f ba 20 01", NULL, MODE_64, 0},
	{"f0 0f c7 09", "cmpxchg8b", MODE_64, 4},
	{"f0 ff 10", NULL, MODE_64, 0},
	/* vectors: mandatory prefix, L, W, vvvv, no other prefix beside VEX */
	{"0f 58 c1", "addps", MODE_64, 3},
	{"66 0f 58 c1", "addpd", MODE_64, 4},
	{"66 f3 0f 58 c1", "addss", MODE_64, 5},
	{"f3 66 f2 0f 58 c1", "addsd", MODE_64, 6},
	{"f3 0f 54 c1", NULL, MODE_64, 0},
	{"f0 0f 58 01", NULL, MODE_64, 0},
	{"c5 f8 58 c1", "vaddps", MODE_64, 4},
	{"c4 e1 78 58 c1", "vaddps", MODE_32, 5},
	{"66 c5 f8 58 c1", NULL, MODE_64, 0},
	{"f3 c5 f8 58 c1", NULL, MODE_64, 0},
	{"f0 c5 f8 58 01", NULL, MODE_64, 0},
	{"48 c5 f8 58 c1", NULL, MODE_64, 0},
	{"2e 67 c5 f8 58 01", "vaddps", MODE_64, 6},
	{"c4 e0 78 58 c1", NULL, MODE_64, 0}, /* map 0 */
	{"c5 70 28 c1", NULL, MODE_64, 0},    /* vvvv not used, not 1111b */
	{"c4 e1 38 28 c1", NULL, MODE_32, 0}, /* its top bit too */
	{"c4 e2 7d 16 c1", "vpermps", MODE_64, 5},
	{"c4 e2 79 16 c1", NULL, MODE_64, 0}, /* L must be 1 */
	{"c4 e2 fd 16 c1", NULL, MODE_64, 0}, /* W must be 0 */
	{"c5 fc 77", "vzeroall", MODE_64, 3},
	{"c4 e1 f9 6e c0", "vmovq", MODE_64, 5},
	{"c4 e1 f9 6e c0", "vmovd", MODE_32, 5}, /* W says nothing there */
	{"c4 e2 71 90 04 57", "vpgatherdd", MODE_64, 6},
	{"c4 e2 71 90 03", NULL, MODE_64, 0},    /* no SIB */
	{"c4 e2 69 90 04 57", NULL, MODE_64, 0}, /* index is the mask */
	{"d9 c0", "fld", MODE_64, 2},
	{"d9 d1", NULL, MODE_64, 0},
	{"dd 2b", NULL, MODE_64, 0},
	/* harmless prefixes: XACQUIRE, BND, segment override on a register form */
	{"f2 f0 01 08", "add", MODE_64, 4},
	{"f2 e9 00 00 00 00", "jmp", MODE_64, 6},
	{"3e ff e0", "jmp", MODE_64, 3},
};

TEST_EACH(length, sizeof(lengths) / sizeof(lengths[0]), lengths[i].bytes)
{
	const struct length *l = &lengths[i];
	struct insn in;
	enum decode_result r = decode(&in, l->mode, l->bytes);

	EQ(l->name ? DECODE_OK : DECODE_UD, r);
	if (!l->name) {
		CHECK(!in.op);
		return;
	}
	MUST(in.op);
	EQS(l->name, in.op->name);
	EQ(l->len, in.len);
}

/* Every proper prefix of an instruction asks for more, and says nothing else. */
TEST(more)
{
	static const char text[] = "f0 48 81 84 8b 78 56 34 12 11 22 33 44";
	uint8_t bytes[16];
	unsigned n = hex(text, bytes);
	struct insn in;

	for (unsigned i = 0; i < n; i++)
		EQ(DECODE_MORE, insn_decode(&in, bytes, i, MODE_64));
	EQ(DECODE_OK, insn_decode(&in, bytes, n, MODE_64));
	EQ(n, in.len);
}

TEST(fifteen_bytes)
{
	uint8_t bytes[32];
	struct insn in;

	memset(bytes, 0x66, sizeof(bytes));
	EQ(DECODE_MORE, insn_decode(&in, bytes, 15 - 1, MODE_64));
	EQ(DECODE_LONG, insn_decode(&in, bytes, 15, MODE_64));
	bytes[14] = 0x90;
	EQ(DECODE_OK, insn_decode(&in, bytes, 15, MODE_64));
	EQ(15, in.len);
	bytes[13] = 0x01;
	bytes[14] = 0xc0;
	EQ(DECODE_OK, insn_decode(&in, bytes, 16, MODE_64));
	bytes[14] = 0x40; /* and a displacement: 16 */
	EQ(DECODE_LONG, insn_decode(&in, bytes, 16, MODE_64));
}

struct address {
	const char *bytes;
	uint8_t mode, addrsize, base, index, scale, seg;
	int64_t disp;
};

static const struct address addresses[] = {
	{"8b 00", MODE_16, 2, 3, 6, 0, SEG_DS, 0},
	{"8b 02", MODE_16, 2, 5, 6, 0, SEG_SS, 0},
	{"8b 46 fe", MODE_16, 2, 5, REG_NONE, 0, SEG_SS, -2},
	{"8b 06 fe ff", MODE_16, 2, REG_NONE, REG_NONE, 0, SEG_DS, -2},
	{"26 8b 06 00 80", MODE_16, 2, REG_NONE, REG_NONE, 0, SEG_ES, -0x8000},
	{"67 8b 45 80", MODE_16, 4, 5, REG_NONE, 0, SEG_SS, -128},
	{"8b 04 24", MODE_32, 4, 4, REG_NONE, 0, SEG_SS, 0},
	{"8b 04 8d 78 56 34 12", MODE_32, 4, REG_NONE, 1, 2, SEG_DS, 0x12345678},
	{"8b 05 00 00 00 80", MODE_32, 4, REG_NONE, REG_NONE, 0, SEG_DS, -0x80000000ll},
	{"8b 05 00 00 00 80", MODE_64, 8, REG_RIP, REG_NONE, 0, SEG_DS, -0x80000000ll},
	{"67 8b 05 01 00 00 00", MODE_64, 4, REG_RIP, REG_NONE, 0, SEG_DS, 1},
	{"4b 8b 04 a4", MODE_64, 8, 12, 12, 2, SEG_DS, 0},
	{"41 8b 45 00", MODE_64, 8, 13, REG_NONE, 0, SEG_DS, 0},
	{"2e 8b 45 00", MODE_64, 8, 5, REG_NONE, 0, SEG_SS, 0},
	{"64 3e 8b 45 00", MODE_64, 8, 5, REG_NONE, 0, SEG_FS, 0},
	{"65 a0 88 77 66 55 44 33 22 91", MODE_64, 8, REG_NONE, REG_NONE, 0, SEG_GS,
	 (int64_t)0x9122334455667788},
};

TEST_EACH(address, sizeof(addresses) / sizeof(addresses[0]), addresses[i].bytes)
{
	const struct address *a = &addresses[i];
	struct insn in;

	EQ(DECODE_OK, decode(&in, a->mode, a->bytes));
	EQ(a->addrsize, in.addrsize);
	EQ(a->base, in.base);
	EQ(a->index, in.index);
	EQ(a->scale, in.scale);
	EQ(a->seg, in.seg);
	EQ(a->disp, in.disp);
}

struct size {
	const char *bytes;
	uint8_t mode, opsize, bytes0; /* of operand 0 */
};

static const struct size sizes[] = {
	{"50", MODE_64, 8, 8},          {"66 50", MODE_64, 2, 2},
	{"66 48 50", MODE_64, 8, 8},    {"01 c0", MODE_64, 4, 4},
	{"66 01 c0", MODE_16, 4, 4},    {"48 66 01 c0", MODE_64, 2, 2}, /* REX before 66 is void */
	{"0f 20 c0", MODE_64, 8, 8},    {"66 0f 20 c0", MODE_32, 2, 4},
	{"0f 01 10", MODE_64, 8, 10},   {"0f 01 10", MODE_16, 2, 6},
	{"ff 18", MODE_64, 4, 6},       {"48 ff 18", MODE_64, 8, 10},
	{"ff 18", MODE_16, 2, 4},       {"62 00", MODE_32, 4, 4},
	{"6d", MODE_64, 4, 4},          {"48 6d", MODE_64, 8, 4},
	{"f3 0f c7 f8", MODE_64, 8, 8},
};

TEST_EACH(size, sizeof(sizes) / sizeof(sizes[0]), sizes[i].bytes)
{
	const struct size *s = &sizes[i];
	struct insn in;

	EQ(DECODE_OK, decode(&in, s->mode, s->bytes));
	EQ(s->opsize, in.opsize);
	EQ(s->bytes0, insn_opnd_bytes(&in, 0));
}

/* 66 on a near branch in 64-bit mode: AMD shortens it, Intel does not look at it. */
TEST(near_branch)
{
	struct insn in;

	vendor_set(true);
	EQ(DECODE_OK, decode(&in, MODE_64, "66 e8 11 22 33 44"));
	EQ(4, in.len);
	EQ(2, in.opsize);
	EQ(DECODE_OK, decode(&in, MODE_64, "66 48 e8 11 22 33 44"));
	EQ(7, in.len);
	vendor_set(false);
	EQ(DECODE_OK, decode(&in, MODE_64, "66 e8 11 22 33 44"));
	EQ(6, in.len);
	EQ(8, in.opsize);
	EQ(DECODE_OK, decode(&in, MODE_32, "66 e8 11 22 33 44"));
	EQ(4, in.len);
}

TEST(fields)
{
	struct insn in;

	EQ(DECODE_OK, decode(&in, MODE_64, "f3 4d 69 7c b5 88 78 56 34 12"));
	EQ(0xf3, in.rep);
	EQ(0x4d, in.rex);
	EQ(15, in.reg);
	EQ(13, in.base);
	EQ(6, in.index);
	EQ(2, in.op_at);
	EQ(3, in.modrm_at);
	EQ(5, in.disp_at);
	EQ(1, in.disp_size);
	EQ(6, in.imm_at);
	EQ(4, in.imm_size);
	EQ(0x12345678, in.imm);
	EQ(DECODE_OK, decode(&in, MODE_32, "9a 78 56 34 12 ef cd"));
	EQ(0x12345678, in.imm);
	EQ(0xcdef, in.imm2);
	EQ(2, in.imm2_size);
}
