/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classes of difference between our decoder and Zydis, told apart by rules as narrow as they
 * can be. docs/engine-decode.md has a section for each.
 */
#ifndef TESTS_X86_ZYDIS_CLASSES_H
#define TESTS_X86_ZYDIS_CLASSES_H
#include "tests/x86/zydis.h"

enum difference {
	DIFF_EXTENSION,
	DIFF_CACHE_LINE,
	DIFF_PAUSE_REXB,
	DIFF_NEAR_INDIRECT,
	DIFF_BASE_67,
	DIFF_ENDBR,
	DIFFERENCES
};

static const char *const difference_name[DIFFERENCES] = {
	"extension not there",    "cache line size",  "PAUSE with REX.B",
	"near indirect with 66h", "no base with 67h", "ENDBR with more prefixes",
};

/* Extensions that no CPU model of this engine shows: their opcodes are #UD. */
static inline bool absent_extension(const char *set)
{
	static const char *const absent[] = {
		"VTX",  "SVM",     "SMX",       "SGX",    "TDX",        "AMD3DNOW", "FMA4",
		"XOP",  "SSE4A",   "CET",       "MOVDIR", "AVX512",     "AVX_VNNI", "AVX_GFNI",
		"GFNI", "KNC",     "KEYLOCKER", "VAES",   "VPCLMULQDQ", "ENQCMD",   "RTM",
		"TSX",  "PKU",     "WAITPKG",   "PT",     "MONITORX",   "RDPRU",    "PADLOCK",
		"AMX",  "VMFUNC",  "SERIALIZE", "CLZERO", "PCONFIG",    "UINTR",    "SNP",
		"AMD_", "MCOMMIT", "HRESET",    "LWP",    "TBM",        "3DNOW"};

	for (unsigned i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		if (!strncmp(set, absent[i], strlen(absent[i])))
			return true;
	return false;
}

/* The class of a pair that differs, or -1. */
static inline int difference_class(const struct pair *p)
{
	const struct insn *in = &p->ours;
	const char *theirs = p->valid ? ZydisMnemonicGetString(p->theirs.mnemonic) : "";

	if (p->valid && p->result != DECODE_OK)
		return absent_extension(ZydisISASetGetString(p->theirs.meta.isa_set))
			       ? DIFF_EXTENSION
			       : -1;
	if (!p->valid || !in->op)
		return -1;
	if (!strncmp(p->why, "1 bytes, not 64", 15) && !strncmp(in->op->name, "cl", 2))
		return DIFF_CACHE_LINE;
	if (!strcmp(in->op->name, "xchg") && !strcmp(theirs, "pause") && in->rex & 1)
		return DIFF_PAUSE_REXB;
	if (!strncmp(in->op->name, "endbr", 5) && !strcmp(theirs, "nop"))
		return DIFF_ENDBR;
	if (!strcmp(p->why, "2 bytes, not 8") && in->op->flags & F_NEAR)
		return DIFF_NEAR_INDIRECT;
	if (!strncmp(p->why, "base 255, not r13d", 18) && in->p67 && !in->mod && (in->sib & 7) == 5)
		return DIFF_BASE_67;
	return -1;
}
#endif
