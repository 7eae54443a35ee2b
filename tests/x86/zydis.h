/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One byte string through our decoder and through Zydis: legality, length, name, memory operand,
 * immediates. Shared by the test and the fuzzer; docs/engine-decode.md explains the classes.
 */
#ifndef TESTS_X86_ZYDIS_H
#define TESTS_X86_ZYDIS_H
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/decode.h"
#include "hypervisor/x86/vendor.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

struct zydis {
	ZydisDecoder decoder[3]; /* by enum insn_mode */
};

struct pair {
	const uint8_t *bytes;
	struct insn ours;
	enum decode_result result;
	bool valid; /* theirs */
	ZydisDecodedInstruction theirs;
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
	char why[160]; /* what differs, empty if nothing does */
};

static inline void zydis_init(struct zydis *z)
{
	static const ZydisMachineMode mode[] = {ZYDIS_MACHINE_MODE_LEGACY_16,
						ZYDIS_MACHINE_MODE_LEGACY_32,
						ZYDIS_MACHINE_MODE_LONG_64};
	static const ZydisStackWidth width[] = {ZYDIS_STACK_WIDTH_16, ZYDIS_STACK_WIDTH_32,
						ZYDIS_STACK_WIDTH_64};
	/* Without these features their encodings are older instructions or hint NOPs. */
	static const ZydisDecoderMode off[] = {ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET,
					       ZYDIS_DECODER_MODE_WBNOINVD,
					       ZYDIS_DECODER_MODE_CLDEMOTE, ZYDIS_DECODER_MODE_KNC};

	for (unsigned i = 0; i < 3; i++) {
		ZydisDecoderInit(&z->decoder[i], mode[i], width[i]);
		for (unsigned j = 0; j < sizeof(off) / sizeof(off[0]); j++)
			ZydisDecoderEnableMode(&z->decoder[i], off[j], ZYAN_FALSE);
	}
}

/* Follows vendor_set. */
static inline void zydis_near_16(struct zydis *z, bool on)
{
	for (unsigned i = 0; i < 3; i++)
		ZydisDecoderEnableMode(&z->decoder[i], ZYDIS_DECODER_MODE_AMD_BRANCHES, on);
	vendor_set(on);
}

#define DIFFERS(p, ...) (snprintf((p)->why, sizeof((p)->why), __VA_ARGS__), true)

static inline unsigned zydis_register(ZydisRegister r)
{
	if (r == ZYDIS_REGISTER_NONE)
		return REG_NONE;
	if (r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
		return REG_RIP;
	return ZydisRegisterGetId(r);
}

/* Ours that stands at the ModRM or moffs memory operand, or -1. */
static inline int our_memory(const struct insn *in)
{
	for (int i = 0; i < 4; i++)
		switch (in->op->o[i].kind) {
		case O_E:
		case O_Q:
		case O_W:
			if (in->mod != 3)
				return i;
			break;
		case O_M:
		case O_O:
			return i;
		}
	return -1;
}

static inline const ZydisDecodedOperand *their_memory(const struct pair *p)
{
	for (unsigned i = 0; i < p->theirs.operand_count; i++) {
		const ZydisDecodedOperand *o = &p->operand[i];

		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    o->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT &&
		    o->encoding != ZYDIS_OPERAND_ENCODING_NONE)
			return o;
	}
	return NULL;
}

/* In 64-bit mode only FS and GS count; ours then says DS or SS by the base. */
static inline bool address_differs(struct pair *p, const ZydisDecodedOperandMem *m)
{
	const struct insn *in = &p->ours;
	unsigned index = m->type == ZYDIS_MEMOP_TYPE_VSIB ? zydis_register(m->index) & 15
							  : zydis_register(m->index);

	if (in->base != zydis_register(m->base))
		return DIFFERS(p, "base %u, not %s", in->base, ZydisRegisterGetString(m->base));
	if (in->index != index)
		return DIFFERS(p, "index %u, not %s", in->index, ZydisRegisterGetString(m->index));
	if (in->index != REG_NONE && 1 << in->scale != (m->scale ? m->scale : 1))
		return DIFFERS(p, "scale %u, not %u", 1 << in->scale, m->scale);
	if (in->disp != m->disp.value)
		return DIFFERS(p, "displacement %llx, not %llx", (long long)in->disp,
			       (long long)m->disp.value);
	if (in->op->o[1].size != S_0 && in->seg != zydis_register(m->segment))
		return DIFFERS(p, "segment %u, not %s", in->seg,
			       ZydisRegisterGetString(m->segment));
	return false;
}

static inline bool memory_differs(struct pair *p)
{
	const ZydisDecodedOperand *o = their_memory(p);
	int i = our_memory(&p->ours);
	unsigned bytes;

	if (i < 0 && !o)
		return false;
	if (i < 0 || !o)
		return DIFFERS(p, "%s memory operand", o ? "no" : "a");
	bytes = insn_opnd_bytes(&p->ours, i);
	if (bytes && bytes * 8 != o->size)
		return DIFFERS(p, "%u bytes, not %u", bytes, o->size / 8);
	return address_differs(p, &o->mem);
}

static inline bool immediate_differs(struct pair *p)
{
	const struct insn *in = &p->ours;

	for (unsigned i = 0; i < 2; i++) {
		unsigned size = i ? in->imm2_size : in->imm_size;
		uint64_t mask = size == 8 ? ~0ull : (1ull << size * 8) - 1;
		uint64_t want = p->theirs.raw.imm[i].value.u;

		if (p->theirs.raw.imm[i].size != size * 8)
			return DIFFERS(p, "immediate of %u bytes, not %u", size,
				       p->theirs.raw.imm[i].size / 8);
		if (size && ((i ? in->imm2 : in->imm) & mask) != (want & mask))
			return DIFFERS(p, "immediate %llx", (long long)want);
	}
	return false;
}

/* Zydis's name for what a row calls otherwise. */
static inline bool same_name(const struct pair *p)
{
	char ours[24];
	const char *theirs = ZydisMnemonicGetString(p->theirs.mnemonic);
	static const char *const alias[][2] = {
		{"je", "jz"},
		{"jne", "jnz"},
		{"jae", "jnb"},
		{"ja", "jnbe"},
		{"jge", "jnl"},
		{"jg", "jnle"},
		{"cmove", "cmovz"},
		{"cmovne", "cmovnz"},
		{"cmovae", "cmovnb"},
		{"cmova", "cmovnbe"},
		{"cmovge", "cmovnl"},
		{"cmovg", "cmovnle"},
		{"sete", "setz"},
		{"setne", "setnz"},
		{"setae", "setnb"},
		{"seta", "setnbe"},
		{"setge", "setnl"},
		{"setg", "setnle"},
		{"retf", "ret"},
		{"fsetpm", "fsetpm287_nop"},
		{"feni", "feni8087_nop"},
		{"fdisi", "fdisi8087_nop"},
	};

	insn_mnemonic(&p->ours, ours, sizeof(ours));
	if (!strcmp(ours, theirs))
		return true;
	for (unsigned i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (!strcmp(alias[i][0], ours))
			return !strcmp(alias[i][1], theirs);
	return false;
}

static inline bool pair_differs(struct pair *p)
{
	bool valid = p->result == DECODE_OK;

	p->why[0] = 0;
	if (valid != p->valid)
		return DIFFERS(p, "legal for %s alone", valid ? "us" : "them");
	if (!valid)
		return false;
	if (p->ours.len != p->theirs.length)
		return DIFFERS(p, "length %u, not %u", p->ours.len, p->theirs.length);
	if (!same_name(p))
		return DIFFERS(p, "name");
	return memory_differs(p) || immediate_differs(p);
}

/* Decodes by both; true if they differ. bytes: at least 16. */
static inline bool pair_decode(struct pair *p, const struct zydis *z, const uint8_t *bytes,
			       enum insn_mode mode)
{
	p->bytes = bytes;
	p->result = insn_decode(&p->ours, bytes, 16, mode);
	p->valid = ZYAN_SUCCESS(
		ZydisDecoderDecodeFull(&z->decoder[mode], bytes, 16, &p->theirs, p->operand));
	return pair_differs(p);
}
#endif
