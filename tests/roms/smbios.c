/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SMBIOS structures, against DMTF DSP0134 2.8.0, 5.2.1 and chapter 7. */
#include "roms/smbios.h"
#include "base/util.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define GIB (1ull << 30)
#define PC                                                                                        \
	{                                                                                         \
		.cpus = 2, .maxcpus = 2, .ram_below_4g = 3 * GIB, .ram_above_4g = 30 * GIB + 8192 \
	}

static struct smbios s;

static bool sums(const uint8_t *p, unsigned len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return !sum;
}

/* The structure behind p, strings and their end included. */
static const uint8_t *next(const uint8_t *p)
{
	p += p[1];
	while (p[0] || p[1])
		p++;
	return p + 2;
}

static const uint8_t *find(unsigned type, unsigned n)
{
	for (const uint8_t *p = s.tables; p < s.tables + s.len; p = next(p))
		if (p[0] == type && !n--)
			return p;
	return NULL;
}

static const char *text(const uint8_t *p, unsigned at)
{
	const char *t = (const char *)p + p[1];

	if (!p[at])
		return "";
	for (unsigned n = p[at]; n > 1; n--)
		t += strlen(t) + 1;
	return t;
}

TEST(smbios_entry_point)
{
	const struct smbios_pc pc = PC;
	unsigned count = 0, largest = 0;
	const uint8_t *p = s.tables, *a = s.anchor;

	OK(smbios_build(&s, &pc));
	for (; p < s.tables + s.len; p = next(p)) {
		largest = MAX(largest, (unsigned)(next(p) - p));
		count++;
	}
	EQ(0, p - s.tables - s.len); /* they fill it exactly */
	EQM("_SM_", a, 4);
	EQM("_DMI_", a + 16, 5);
	EQ(31, a[5]);
	EQ(2, a[6]);
	EQ(8, a[7]);
	EQ(largest, load_le(a + 8, 2));
	EQ(s.len, load_le(a + 22, 2));
	EQ(0, load_le(a + 24, 4));
	EQ(count, load_le(a + 28, 2));
	EQ(0x28, a[30]);
	CHECK(sums(a, 31) && sums(a + 16, 15));
	smbios_place(&s, 0xf0100);
	EQ(0xf0100, load_le(a + 24, 4));
	CHECK(sums(a, 31) && sums(a + 16, 15));
}

TEST(smbios_system)
{
	struct smbios_pc pc = PC;
	const uint8_t *p;

	for (unsigned i = 0; i < 16; i++)
		pc.uuid[i] = (uint8_t)(0x10 + i);
	pc.text[SMBIOS_MANUFACTURER] = "Somebody";
	pc.text[SMBIOS_SERIAL] = "0123";
	pc.text[SMBIOS_FAMILY] = "Fam";
	OK(smbios_build(&s, &pc));
	p = find(1, 0);
	MUST(p);
	EQ(0x1b, p[1]);
	EQS("Somebody", text(p, 4));
	EQS("0123", text(p, 7));
	EQS("", text(p, 25));
	EQS("Fam", text(p, 26));
	/* 10111213-1415-1617-1819-1a1b1c1d1e1f, its first three fields little-endian */
	EQM("\x13\x12\x11\x10\x15\x14\x17\x16\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f", p + 8, 16);
	CHECK(!find(0, 0));
	CHECK(find(3, 0) && find(4, 0) && find(32, 0) && find(127, 0));
}

TEST(smbios_bios)
{
	struct smbios_pc pc = PC;
	const uint8_t *p;

	pc.bios = true;
	pc.bios_major = 1;
	pc.bios_minor = 16;
	pc.text[SMBIOS_BIOS_VERSION] = "v";
	OK(smbios_build(&s, &pc));
	p = find(0, 0);
	MUST(p == s.tables);
	EQ(0x18, p[1]);
	EQS("v", text(p, 5));
	EQ(1, p[20]);
	EQ(16, p[21]);
	EQ(0x10, p[19] & 0x10); /* a virtual machine */
}

TEST(smbios_memory)
{
	const struct smbios_pc pc = PC;
	const uint64_t ram = 33 * GIB + 8192;
	const uint8_t *p;

	OK(smbios_build(&s, &pc));
	p = find(16, 0);
	MUST(p);
	EQ(ram / 1024, load_le(p + 7, 4));
	EQ(3, load_le(p + 13, 2));
	p = find(17, 0);
	MUST(p && find(17, 2) && !find(17, 3));
	EQ(16384, load_le(p + 12, 2));
	EQ(1024, load_le(find(17, 2) + 12, 2));
	EQS("DIMM 02", text(find(17, 2), 16));
	EQ(load_le(find(16, 0) + 2, 2), load_le(p + 4, 2));
	p = find(19, 0);
	MUST(p);
	EQ(0, load_le(p + 4, 4));
	EQ(3 * GIB / 1024 - 1, load_le(p + 8, 4));
	p = find(19, 1);
	MUST(p && !find(19, 2));
	EQ(4 * GIB / 1024, load_le(p + 4, 4));
	EQ((34 * GIB + 8192) / 1024 - 1, load_le(p + 8, 4));
}

TEST(smbios_terabytes)
{
	struct smbios_pc pc = PC;

	pc.ram_above_4g = 5 << 10;
	pc.ram_above_4g *= GIB;
	OK(smbios_build(&s, &pc));
	EQ(0x80000000, load_le(find(16, 0) + 7, 4));
	EQ(pc.ram_below_4g + pc.ram_above_4g, load_le(find(16, 0) + 15, 8));
	EQ(0xffffffff, load_le(find(19, 1) + 8, 4));
	EQ(4 * GIB, load_le(find(19, 1) + 15, 8));
	EQ(0x7fff, load_le(find(17, 63) + 12, 2));
}

TEST(smbios_long_words)
{
	struct smbios_pc pc = PC;
	static char big[1000];

	memset(big, 'x', sizeof(big) - 1);
	pc.bios = true;
	for (unsigned i = 0; i < SMBIOS_TEXTS; i++)
		pc.text[i] = big;
	OK(smbios_build(&s, &pc));
	EQ(SMBIOS_TEXT_MAX, strlen(text(find(1, 0), 26)));
}
