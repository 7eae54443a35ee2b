/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's segments: an LDT of random descriptors whose bases and limits
 * let code reach the oracle's pages, their ends, and beyond; and the GDT as
 * Linux has it, for what CPL 3 can see of it.
 */
#include "tests/x86/oracle.h"

#include <string.h>

static uint64_t ldt[OR_LDT_N];

/* Kernel code and data; user code of 32 bits, data, code of 64 bits; TSS and LDT; no thread's;
 * last the processor's number. */
static uint64_t gdt[16] = {
	0,
	0x00cf9b000000ffff,
	0x00af9b000000ffff,
	0x00cf93000000ffff,
	0x00cffb000000ffff,
	0x00cff3000000ffff,
	0x00affb000000ffff,
	0,
	0x00008b0000002067,
	0,
	0x0000820000000fff,
};

const uint64_t *segs_ldt(void)
{
	return ldt;
}

/* Linux keeps the processor's number in that limit (an expand-down data segment). */
void segs_cpu_number(uint32_t limit)
{
	gdt[15] = 0x0040f50000000000 | (limit & 0xffff) | (uint64_t)(limit & 0xf0000) << 32;
}

const uint64_t *segs_gdt(void)
{
	return gdt;
}

/* ---- descriptors ---- */

enum { TYPE_DOWN = 4, TYPE_WRITABLE = 2, TYPE_IS_CODE = 8, ACCESSED = 1 };

static uint64_t pack(uint32_t base, uint32_t limit, unsigned type, unsigned bits)
{
	uint64_t attr = type | ACCESSED | SEG_S | 3u << SEG_DPL_SHIFT | bits;

	if (limit > 0xfffff) {
		limit >>= 12;
		attr |= SEG_G;
	}
	return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (attr & 0xff) << 40 |
	       (uint64_t)(limit >> 16) << 48 | (attr >> 12) << 52 | (uint64_t)(base >> 24) << 56;
}

static unsigned present(void)
{
	return or_one_in(16) ? 0 : SEG_P;
}

/* Up to the pages' end, or short of it; sometimes as far as 16 bits go. */
static uint32_t limit_for(uint32_t base, uint32_t end)
{
	switch (or_below(4)) {
	case 0:
		return 0xffff;
	case 1:
		return end - base - 1;
	case 2:
		return end - base - 1 - or_below(0x700);
	default:
		return end - base - 1 - 8 * or_below(0x100);
	}
}

static uint32_t code_base(bool wide)
{
	switch (or_below(wide ? 6 : 3)) {
	case 0:
		return OR_CODE;
	case 1:
		return OR_CODE - OR_PAGE * or_below(8);
	case 2:
		return OR_CODE - or_below(0x4000);
	case 3: /* offsets of over 4 GiB less a little */
		return OR_CODE + OR_PAGE * or_below(0x100);
	default:
		return 0;
	}
}

static uint64_t code_desc(bool wide)
{
	uint32_t base = code_base(wide), limit = 0xffffffff;
	unsigned type = TYPE_IS_CODE | (or_one_in(4) ? 0 : TYPE_WRITABLE); /* readable */

	if (base && base <= OR_CODE)
		limit = limit_for(base, OR_CODE + OR_CODE_SIZE);
	return pack(base, limit, type, present() | (wide ? SEG_DB : 0));
}

/* Offsets above the limit, up to 64 KiB or 4 GiB: the base is where those end. */
static uint64_t down_desc(bool wide, unsigned bits)
{
	uint32_t room = 0x800 + or_below(0x3000), end = OR_DATA + OR_DATA_SIZE + or_below(0x100);
	unsigned type = TYPE_DOWN | (or_one_in(4) ? 0 : TYPE_WRITABLE);

	if (!wide)
		return pack(end - 0x10000, 0xffff - room, type, bits);
	if (or_one_in(4)) /* all but the first MiB, or less of it */
		return pack(0, or_below(0x100000), type, bits);
	return pack(end, 0xffffffff - room, type, bits);
}

static uint64_t data_desc(unsigned i)
{
	bool wide = i & 1;
	unsigned bits = present() | (wide ? SEG_DB : 0);
	unsigned type = or_one_in(4) ? 0 : TYPE_WRITABLE;
	uint32_t base = OR_DATA - OR_PAGE * or_below(8);

	if (i % 8 >= 6)
		return down_desc(wide, bits);
	switch (i / 2 % 4) {
	case 0:
		return pack(0, 0xffffffff, TYPE_WRITABLE, SEG_P | bits);
	case 1: /* the sum goes over 4 GiB */
		base = or_one_in(2) ? OR_DATA + OR_PAGE : OR_DATA + 0x1000000;
		return pack(base + or_below(64), 0xffffffff, type, bits);
	default:
		if (or_one_in(2))
			base += or_below(0x1000);
		return pack(base, limit_for(base, OR_RO + (or_one_in(2) ? OR_PAGE : 0)), type,
			    bits);
	}
}

/* The first of each kind of code is one that can be entered. */
void segs_make(void)
{
	for (unsigned i = 0; i < OR_LDT_N; i++) {
		if (i >= OR_LDT_DATA)
			ldt[i] = data_desc(i);
		else
			ldt[i] = code_desc(i >= OR_LDT_CODE32);
	}
	ldt[OR_LDT_CODE16] = pack(OR_CODE, 0xffff, TYPE_IS_CODE | TYPE_WRITABLE, SEG_P);
	ldt[OR_LDT_CODE32] = pack(OR_CODE, 0x1fff, TYPE_IS_CODE | TYPE_WRITABLE, SEG_P | SEG_DB);
}

/* ---- as a segment register has it ---- */

struct segment segs_get(uint16_t sel)
{
	unsigned i = sel >> 3;
	uint64_t d = 0;
	struct segment s = {.sel = sel};

	if (sel & 4)
		d = i < OR_LDT_N ? ldt[i] : 0;
	else if (i < sizeof(gdt) / sizeof(gdt[0]))
		d = gdt[i];
	if (!d)
		return s;
	s.base = (d >> 16 & 0xffffff) | d >> 56 << 24;
	s.attr = (uint16_t)((d >> 40 & 0xff) | (d >> 52 & 0xf) << 12);
	s.limit = (uint32_t)((d & 0xffff) | (d >> 48 & 0xf) << 16);
	if (s.attr & SEG_G)
		s.limit = s.limit << 12 | 0xfff;
	return s;
}

bool segs_expands_down(const struct segment *s)
{
	return s->attr & SEG_S && (s->attr & (TYPE_IS_CODE | TYPE_DOWN)) == TYPE_DOWN;
}

/* ---- choosing ---- */

static bool fits(const struct segment *s, unsigned seg)
{
	if (!(s->attr & SEG_P))
		return false;
	if (seg == SEG_SS)
		return (s->attr & (TYPE_IS_CODE | TYPE_WRITABLE)) == TYPE_WRITABLE;
	return !(s->attr & TYPE_IS_CODE) || s->attr & TYPE_WRITABLE;
}

static uint16_t pick_data(unsigned seg)
{
	for (;;) {
		unsigned first = or_one_in(8) && seg != SEG_SS ? 0 : OR_LDT_DATA;
		uint16_t sel = (uint16_t)(8 * (first + or_below(OR_LDT_N - first)) + 7);
		struct segment s = segs_get(sel);

		if (fits(&s, seg))
			return sel;
	}
}

static uint16_t pick_code(unsigned first)
{
	uint16_t sel = (uint16_t)(8 * (first + or_below(16)) + 7);

	return segs_get(sel).attr & SEG_P ? sel : (uint16_t)(8 * first + 7);
}

uint16_t segs_pick(enum insn_mode mode, unsigned seg)
{
	if (seg == SEG_CS) {
		if (mode == MODE_16)
			return pick_code(OR_LDT_CODE16);
		if (mode == MODE_32)
			return or_one_in(2) ? OR_CS32 : pick_code(OR_LDT_CODE32);
		return OR_CS64;
	}
	if (mode == MODE_64) {
		if (or_one_in(8))
			return pick_data(seg);
		return seg == SEG_SS ? OR_DS : 0;
	}
	if (seg != SEG_SS && or_one_in(32))
		return (uint16_t)or_below(4);
	return or_one_in(mode == MODE_16 ? 8 : 2) ? OR_DS : pick_data(seg);
}

uint16_t segs_any(void)
{
	static const uint16_t flat[] = {OR_CS32, OR_DS, OR_CS64, OR_DS & ~3, OR_CS32 & ~2};
	uint16_t sel = (uint16_t)(8 * or_below(OR_LDT_N) + 7);

	switch (or_below(10)) {
	case 0:
		return flat[or_below(5)];
	case 1:
		return (uint16_t)or_below(4);
	case 2:
		return (sel & ~3u) | or_below(4);
	case 3:
		return (uint16_t)or_random();
	default:
		return sel;
	}
}

uint16_t segs_any_code(void)
{
	if (or_one_in(4))
		return segs_any();
	if (or_one_in(6))
		return or_one_in(2) ? OR_CS32 : OR_CS64;
	return (uint16_t)(8 * or_below(OR_LDT_DATA) + 7);
}
