/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roms/acpi_ssdt.c: what of the namespace depends on the machine: the windows of PCI0, processors,
 * \_S4. Written as AML; all else is in roms/dsdt.asl.
 *
 * Spec: ACPI 6.3, 20.2 (AML encoding), 6.4 (resource descriptors), 6.2.2 (_CRS)
 */
#include "roms/acpi.h"

#include "base/util.h"

enum { ZERO_OP = 0x00, ONE_OP = 0x01, BYTE_PREFIX = 0x0a, WORD_PREFIX = 0x0b };
enum { NAME_OP = 0x08, SCOPE_OP = 0x10, BUFFER_OP = 0x11, PACKAGE_OP = 0x12 };
enum { EXT_PREFIX = 0x5b, PROCESSOR_OP = 0x83 };
enum { S4_TYP = 2, PRESENT = 0x0f };
#define IO_END   0x10000u
#define MMIO_END 0xfec00000u /* the IOAPIC is there */
#define FOUR_GIB (4ull << 30)
#define GIB      (1ull << 30)

/* ---- AML ---- */

static void byte(struct acpi *a, unsigned v)
{
	acpi_append_le(a, 1, v);
}

static void number(struct acpi *a, unsigned v)
{
	if (v < 2) {
		byte(a, v ? ONE_OP : ZERO_OP);
		return;
	}
	byte(a, v < 0x100 ? BYTE_PREFIX : WORD_PREFIX);
	acpi_append_le(a, v < 0x100 ? 1 : 2, v);
}

static void name(struct acpi *a, const char *text)
{
	byte(a, NAME_OP);
	acpi_append(a, text, 4);
}

/* PkgLength counts itself (20.2.4): it is put in front of what has come since `start`. */
static void package_end(struct acpi *a, uint32_t start)
{
	uint32_t body = a->len - start, n = body + 1 < 0x40 ? 1 : body + 2 < 0x1000 ? 2 : 3;
	uint32_t len = body + n;
	uint8_t *p = a->tables + start;

	acpi_append(a, NULL, n);
	if (a->full)
		return;
	memmove(p + n, p, body);
	if (n == 1) {
		p[0] = (uint8_t)len;
		return;
	}
	p[0] = (uint8_t)((n - 1) << 6 | (len & 0x0f));
	store_le(p + 1, n - 1, len >> 4);
}

static uint32_t scope_begin(struct acpi *a, const char *path)
{
	uint32_t start;

	byte(a, SCOPE_OP);
	start = a->len;
	acpi_append(a, path, (uint32_t)strlen(path));
	return start;
}

/* ---- PCI0's resources ---- */

enum { MEMORY, PORTS, BUSES };
enum { WORD_SPACE = 0x88, DWORD_SPACE = 0x87, QWORD_SPACE = 0x8a, END_TAG = 0x79 };
enum { FIXED = 0x0c /* producer, positive decode, both ends */ };
enum { ENTIRE_RANGE = 0x03, READ_WRITE = 0x01, CACHEABLE = 0x02 };

/* Address space descriptor (6.4.3.5) of the numbers' size. */
static void window(struct acpi *a, unsigned size, unsigned type, unsigned flags, uint64_t first,
		   uint64_t end)
{
	byte(a, size == 2 ? WORD_SPACE : size == 4 ? DWORD_SPACE : QWORD_SPACE);
	acpi_append_le(a, 2, 3 + 5 * size);
	byte(a, type);
	byte(a, FIXED);
	byte(a, flags);
	acpi_append_le(a, size, 0);
	acpi_append_le(a, size, first);
	acpi_append_le(a, size, end - 1);
	acpi_append_le(a, size, 0);
	acpi_append_le(a, size, end - first);
}

uint64_t acpi_window64(const struct acpi_pc *pc)
{
	return FOUR_GIB + ((pc->ram_above_4g + GIB - 1) & ~(GIB - 1));
}

static void pci_windows(struct acpi *a, const struct acpi_pc *pc)
{
	uint64_t high = acpi_window64(pc);

	window(a, 2, BUSES, 0, 0, 0x100);
	byte(a, 0x47); /* I/O port: CONFADD and CONFDATA, its own */
	byte(a, 1);
	acpi_append_le(a, 2, 0xcf8);
	acpi_append_le(a, 2, 0xcf8);
	byte(a, 1);
	byte(a, 8);
	window(a, 2, PORTS, ENTIRE_RANGE, 0, 0xcf8);
	window(a, 2, PORTS, ENTIRE_RANGE, 0xd00, IO_END);
	window(a, 4, MEMORY, READ_WRITE | CACHEABLE, 0xa0000, 0xc0000);
	if (pc->ram_below_4g < MMIO_END)
		window(a, 4, MEMORY, READ_WRITE, pc->ram_below_4g, MMIO_END);
	window(a, 8, MEMORY, READ_WRITE | CACHEABLE, high, high + 2 * GIB);
	byte(a, END_TAG);
	byte(a, 0);
}

static void pci_crs(struct acpi *a, const struct acpi_pc *pc)
{
	uint32_t scope = scope_begin(a, "\\\x2e_SB_PCI0"), buffer, bytes, len;

	name(a, "_CRS");
	byte(a, BUFFER_OP);
	buffer = a->len;
	byte(a, WORD_PREFIX);
	bytes = acpi_append(a, NULL, 2) + 2;
	pci_windows(a, pc);
	len = a->len - bytes;
	if (!a->full)
		store_le(a->tables + bytes - 2, 2, len);
	package_end(a, buffer);
	package_end(a, scope);
}

/* ---- processors ---- */

static void processor(struct acpi *a, unsigned n, bool present)
{
	static const char hex[] = "0123456789ABCDEF";
	const char id[4] = {'C', '0', hex[n >> 4 & 15], hex[n & 15]};
	uint32_t start;

	byte(a, EXT_PREFIX);
	byte(a, PROCESSOR_OP);
	start = a->len;
	acpi_append(a, id, 4);
	byte(a, n);
	acpi_append_le(a, 4, 0); /* no processor block */
	byte(a, 0);
	name(a, "_STA");
	number(a, present ? PRESENT : 0);
	package_end(a, start);
}

static void processors(struct acpi *a, const struct acpi_pc *pc)
{
	uint32_t scope = scope_begin(a, "\\_SB_");

	for (unsigned i = 0; i < pc->maxcpus; i++)
		processor(a, i, i < pc->cpus);
	package_end(a, scope);
}

static void sleep_state(struct acpi *a, const char *state, unsigned typ)
{
	uint32_t start;

	name(a, state);
	byte(a, PACKAGE_OP);
	start = a->len;
	byte(a, 4);
	number(a, typ);
	number(a, typ);
	number(a, 0);
	number(a, 0);
	package_end(a, start);
}

uint32_t acpi_ssdt(struct acpi *a, const struct acpi_pc *pc)
{
	uint32_t start = acpi_begin(a, "SSDT", 1);

	pci_crs(a, pc);
	processors(a, pc);
	if (pc->s4)
		sleep_state(a, "_S4_", S4_TYP);
	acpi_end(a, start);
	return start;
}
