/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roms/smbios.c: SMBIOS structures 0, 1, 3, 4, 16, 17, 19, 32, 127 and their entry point.
 *
 * Spec: DMTF DSP0134 2.8.0: 5.2.1 (entry point), 6.1.3 (text strings), chapter 7
 */
#include "roms/smbios.h"

#include "base/util.h"

#include <errno.h>

enum {
	BIOS,
	SYSTEM,
	CHASSIS = 3,
	PROCESSOR,
	ARRAY = 16,
	DEVICE,
	MAPPED = 19,
	BOOT = 32,
	END = 127
};
enum { LENGTH = 1, HANDLE = 2, NO_ERROR_HANDLE = 0xfffe };
#define MIB       (1ull << 20)
#define FOUR_GIB  (4ull << 30)
#define DIMM_SIZE (16ull << 30)

/* Placed on the structure that is being written: its formatted part, then its strings. */
struct structure {
	struct smbios *s;
	uint8_t *p; /* NULL: no room */
	uint32_t start;
	unsigned strings;
};

static uint8_t *grow(struct smbios *s, uint32_t len)
{
	uint8_t *p = s->tables + s->len;

	if (len > sizeof(s->tables) - s->len) {
		s->full = true;
		return NULL;
	}
	memset(p, 0, len);
	s->len += len;
	return p;
}

/* Handles: type << 8, and which of the type. */
static struct structure begin(struct smbios *s, unsigned type, unsigned n, unsigned len)
{
	struct structure t = {.s = s, .start = s->len};

	t.p = grow(s, len);
	if (!t.p)
		return t;
	t.p[0] = (uint8_t)type;
	t.p[LENGTH] = (uint8_t)len;
	store_le(t.p + HANDLE, 2, type << 8 | n);
	return t;
}

static void set(struct structure *t, unsigned at, unsigned size, uint64_t v)
{
	if (t->p)
		store_le(t->p + at, size, v);
}

static void text(struct structure *t, unsigned at, const char *v, const char *own)
{
	uint32_t len;
	uint8_t *p;

	v = v ? v : own;
	if (!v || !*v)
		return;
	len = (uint32_t)MIN(strlen(v), (size_t)SMBIOS_TEXT_MAX);
	p = grow(t->s, len + 1);
	if (!p)
		return;
	memcpy(p, v, len);
	set(t, at, 1, ++t->strings);
}

/* Strings end with an empty one; without any there are two zeros. */
static void end(struct structure *t)
{
	grow(t->s, t->strings ? 1 : 2);
	t->s->count++;
	t->s->largest = MAX(t->s->largest, t->s->len - t->start);
}

/* ---- what it is ---- */

static void bios(struct smbios *s, const struct smbios_pc *pc)
{
	struct structure t = begin(s, BIOS, 0, 0x18);

	text(&t, 4, pc->text[SMBIOS_BIOS_VENDOR], "HVM");
	text(&t, 5, pc->text[SMBIOS_BIOS_VERSION], "0");
	text(&t, 8, pc->text[SMBIOS_BIOS_DATE], "01/01/2026");
	set(&t, 6, 2, 0xe800);           /* segment; 64 KiB */
	set(&t, 10, 8, 1 << 3);          /* characteristics are not told … */
	set(&t, 19, 1, 1 << 4 | 1 << 2); /* … but that it is a virtual machine */
	set(&t, 20, 1, pc->bios_major);
	set(&t, 21, 1, pc->bios_minor);
	set(&t, 22, 2, 0xffff);
	end(&t);
}

/* From 2.6 on the first three fields of a UUID are little-endian (7.2.1). */
static void put_uuid(struct structure *t, unsigned at, const uint8_t *uuid)
{
	static const uint8_t from[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (unsigned i = 0; i < 16; i++)
		set(t, at + i, 1, uuid[from[i]]);
}

static void whole_system(struct smbios *s, const struct smbios_pc *pc)
{
	struct structure t = begin(s, SYSTEM, 0, 0x1b);

	put_uuid(&t, 8, pc->uuid);
	set(&t, 24, 1, 6); /* woken by its power switch */
	text(&t, 4, pc->text[SMBIOS_MANUFACTURER], "HVM");
	text(&t, 5, pc->text[SMBIOS_PRODUCT], "Standard PC (i440FX + PIIX, 1996)");
	text(&t, 6, pc->text[SMBIOS_VERSION], "pc");
	text(&t, 7, pc->text[SMBIOS_SERIAL], NULL);
	text(&t, 25, pc->text[SMBIOS_SKU], NULL);
	text(&t, 26, pc->text[SMBIOS_FAMILY], NULL);
	end(&t);
}

static void chassis(struct smbios *s)
{
	struct structure t = begin(s, CHASSIS, 0, 0x16);

	set(&t, 5, 1, 1);        /* other */
	set(&t, 9, 3, 0x030303); /* at boot, power, heat: safe */
	set(&t, 12, 1, 2);       /* security unknown */
	text(&t, 4, NULL, "HVM");
	text(&t, 6, NULL, "pc");
	end(&t);
}

static void processor(struct smbios *s, const struct smbios_pc *pc)
{
	struct structure t = begin(s, PROCESSOR, 0, 0x2a);

	set(&t, 5, 2, 3 | 1 << 8); /* central processor, other family */
	set(&t, 24, 1, 0x41);      /* populated, enabled */
	set(&t, 25, 1, 1);
	set(&t, 26, 6, 0xffffffffffff); /* caches are not described */
	set(&t, 35, 1, MIN(pc->maxcpus, 255u));
	set(&t, 36, 1, MIN(pc->cpus, 255u));
	set(&t, 37, 1, MIN(pc->maxcpus, 255u));
	set(&t, 38, 2, 1 << 1);
	set(&t, 40, 2, 1);
	text(&t, 4, NULL, "CPU 0");
	text(&t, 7, NULL, "HVM");
	text(&t, 16, NULL, "pc");
	end(&t);
}

/* ---- memory ---- */

static unsigned dimms(uint64_t ram)
{
	return (unsigned)MIN((ram + DIMM_SIZE - 1) / DIMM_SIZE, 64ull);
}

static void memory_array(struct smbios *s, uint64_t ram)
{
	struct structure t = begin(s, ARRAY, 0, 0x17);
	bool large = ram / 1024 >= 0x80000000;

	set(&t, 4, 1, 1); /* other place */
	set(&t, 5, 1, 3); /* system memory */
	set(&t, 6, 1, 6); /* multi-bit ECC */
	set(&t, 7, 4, large ? 0x80000000 : ram / 1024);
	set(&t, 11, 2, NO_ERROR_HANDLE);
	set(&t, 13, 2, dimms(ram));
	set(&t, 15, 8, large ? ram : 0);
	end(&t);
}

static void memory_device(struct smbios *s, unsigned n, uint64_t size)
{
	struct structure t = begin(s, DEVICE, n, 0x28);
	char name[] = "DIMM 00";

	name[5] = (char)('0' + n / 10);
	name[6] = (char)('0' + n % 10);
	set(&t, 4, 2, ARRAY << 8);
	set(&t, 6, 2, NO_ERROR_HANDLE);
	set(&t, 8, 4, 0xffffffff); /* widths unknown */
	set(&t, 12, 2, size / MIB < 0x7fff ? size / MIB : 0x7fff);
	set(&t, 14, 1, 9); /* DIMM */
	set(&t, 18, 1, 7); /* RAM */
	set(&t, 19, 2, 1 << 1);
	set(&t, 28, 4, size / MIB < 0x7fff ? 0 : size / MIB);
	text(&t, 16, NULL, name);
	text(&t, 23, NULL, "HVM");
	end(&t);
}

static void mapped(struct smbios *s, unsigned n, uint64_t start, uint64_t len)
{
	struct structure t;
	uint64_t last = start + len - 1;
	bool large = last / 1024 >= 0xffffffff;

	if (!len)
		return;
	t = begin(s, MAPPED, n, 0x1f);
	set(&t, 4, 4, large ? 0xffffffff : start / 1024);
	set(&t, 8, 4, large ? 0xffffffff : last / 1024);
	set(&t, 12, 2, ARRAY << 8);
	set(&t, 14, 1, 1);
	set(&t, 15, 8, large ? start : 0);
	set(&t, 23, 8, large ? last : 0);
	end(&t);
}

static void memory(struct smbios *s, const struct smbios_pc *pc)
{
	uint64_t ram = pc->ram_below_4g + pc->ram_above_4g, left = ram;

	memory_array(s, ram);
	for (unsigned n = 0; n < dimms(ram); n++) {
		uint64_t size = n + 1 < dimms(ram) ? DIMM_SIZE : left;

		memory_device(s, n, size);
		left -= size;
	}
	mapped(s, 0, 0, pc->ram_below_4g);
	mapped(s, 1, FOUR_GIB, pc->ram_above_4g);
}

/* ---- all of it ---- */

static void nothing_more(struct smbios *s)
{
	struct structure t = begin(s, BOOT, 0, 11);

	end(&t); /* status 0: no errors */
	t = begin(s, END, 0, 4);
	end(&t);
}

static void fill_anchor(struct smbios *s)
{
	uint8_t *p = s->anchor;

	memcpy(p, "_SM_", 4);
	p[5] = SMBIOS_ANCHOR_SIZE;
	p[6] = 2;
	p[7] = 8;
	store_le(p + 8, 2, s->largest);
	memcpy(p + 16, "_DMI_", 5);
	store_le(p + 22, 2, s->len);
	store_le(p + 28, 2, s->count);
	p[30] = 0x28;
}

int smbios_build(struct smbios *s, const struct smbios_pc *pc)
{
	memset(s, 0, sizeof(*s));
	if (pc->bios)
		bios(s, pc);
	whole_system(s, pc);
	chassis(s);
	processor(s, pc);
	memory(s, pc);
	nothing_more(s);
	fill_anchor(s);
	smbios_place(s, 0);
	return s->full ? -ENOSPC : 0;
}

static uint8_t missing(const uint8_t *p, unsigned len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

void smbios_place(struct smbios *s, uint32_t at)
{
	uint8_t *p = s->anchor;

	store_le(p + 24, 4, at);
	p[4] = p[21] = 0;
	p[21] = missing(p + 16, 15);
	p[4] = missing(p, SMBIOS_ANCHOR_SIZE);
}
