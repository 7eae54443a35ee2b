/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roms/acpi.c: FACS, DSDT, FADT, MADT, HPET, WAET, RSDT, XSDT and RSDP of a `pc`.
 *
 * Spec: ACPI 6.3, 5.2; IA-PC HPET 1.0a, 3.2.4; Microsoft's Windows ACPI Emulated Devices Table
 */
#include "roms/acpi.h"

#include "base/util.h"

#include <errno.h>

/* roms/dsdt.asl, by iasl. */
extern const unsigned char roms_dsdt[];
extern const unsigned int roms_dsdt_len;

enum { HEADER = 36, LENGTH = 4, CHECKSUM = 9, FACS_SIZE = 64 };
#define OEM_ID       "HVM   "
#define OEM_TABLE_ID "HVMPC   "
#define CREATOR      "HVM "
#define LAPIC_BASE   0xfee00000u
#define IOAPIC_BASE  0xfec00000u
#define HPET_BASE    0xfed00000u

/* ---- bytes ---- */

uint32_t acpi_append(struct acpi *a, const void *data, uint32_t len)
{
	uint32_t at = a->len;

	if (len > sizeof(a->tables) - a->len) {
		a->full = true;
		return 0;
	}
	if (data)
		memcpy(a->tables + at, data, len);
	else
		memset(a->tables + at, 0, len);
	a->len += len;
	return at;
}

void acpi_append_le(struct acpi *a, unsigned size, uint64_t v)
{
	uint8_t le[8];

	store_le(le, size, v);
	acpi_append(a, le, size);
}

/* Each table starts where a cache line does, as guests like it. */
static void align(struct acpi *a)
{
	acpi_append(a, NULL, -a->len & 63);
}

uint32_t acpi_begin(struct acpi *a, const char *signature, uint8_t revision)
{
	uint32_t start;

	align(a);
	start = acpi_append(a, signature, 4);
	acpi_append_le(a, 4, 0);
	acpi_append_le(a, 1, revision);
	acpi_append_le(a, 1, 0);
	acpi_append(a, OEM_ID, 6);
	acpi_append(a, OEM_TABLE_ID, 8);
	acpi_append_le(a, 4, 1);
	acpi_append(a, CREATOR, 4);
	acpi_append_le(a, 4, 1);
	return start;
}

void acpi_end(struct acpi *a, uint32_t start)
{
	store_le(a->tables + start + LENGTH, 4, a->len - start);
	acpi_loader_checksum(a, ACPI_FILE_TABLES, start + CHECKSUM, start, a->len - start);
}

/* ---- FACS, DSDT ---- */

static uint32_t facs(struct acpi *a)
{
	uint32_t start;

	align(a);
	start = acpi_append(a, "FACS", 4);
	acpi_append_le(a, 4, FACS_SIZE);
	acpi_append(a, NULL, FACS_SIZE - 8);
	return start;
}

/* Name (HAVE, …) with a dword behind it. */
static void patch_have(uint8_t *aml, uint32_t len, uint32_t have)
{
	static const uint8_t name[] = {0x08, 'H', 'A', 'V', 'E', 0x0c};

	for (uint32_t i = HEADER; i + sizeof(name) + 4 <= len; i++)
		if (!memcmp(aml + i, name, sizeof(name))) {
			store_le(aml + i + sizeof(name), 4, have);
			return;
		}
}

static uint32_t dsdt(struct acpi *a, const struct acpi_pc *pc)
{
	uint32_t start;

	align(a);
	start = acpi_append(a, roms_dsdt, roms_dsdt_len);
	if (a->full)
		return 0;
	patch_have(a->tables + start, roms_dsdt_len, pc->have);
	a->tables[start + CHECKSUM] = 0;
	acpi_end(a, start);
	return start;
}

/* ---- FADT (5.2.9), as of ACPI 2.0: revision 3 ---- */

enum {
	FADT_FACS = 36,
	FADT_DSDT = 40,
	FADT_SCI_INT = 46,
	FADT_SMI_CMD = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_ACPI_DISABLE = 53,
	FADT_PM1_EVT = 56,
	FADT_PM1_CNT = 64,
	FADT_PM_TMR = 76,
	FADT_GPE0 = 80,
	FADT_PM1_EVT_LEN = 88,
	FADT_PM1_CNT_LEN = 89,
	FADT_PM_TMR_LEN = 91,
	FADT_GPE0_LEN = 92,
	FADT_C2_LATENCY = 96,
	FADT_C3_LATENCY = 98,
	FADT_CENTURY = 108,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_RESET_REG = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	FADT_X_PM1_EVT = 148,
	FADT_X_PM1_CNT = 172,
	FADT_X_PM_TMR = 208,
	FADT_X_GPE0 = 220,
	FADT_SIZE = 244
};
enum {
	WBINVD = 1 << 0,
	PROC_C1 = 1 << 2,
	SLP_BUTTON = 1 << 5, /* not of fixed hardware: there is none */
	FIX_RTC = 1 << 6,    /* the clock's alarm is not in PM1_STS */
	RESET_REG_SUP = 1 << 10,
	USE_PLATFORM_CLOCK = 1 << 15,
	FORCE_APIC_CLUSTER = 1 << 18
};
enum { LEGACY_DEVICES = 1 << 0, HAS_8042 = 1 << 1 };
enum { ENABLE = 0xf1, DISABLE = 0xf0, NO_SUCH_STATE = 0xfff, CENTURY = 0x32 };
enum { RESET_PORT = 0xcf9, RESET_VALUE = 6 };
enum { SPACE_PORTS = 1 };

/* A port of the fixed hardware: where ACPI 1.0 looks for it, and where later ones do. */
static void block(uint8_t *t, unsigned at, unsigned len_at, unsigned x_at, unsigned port,
		  unsigned bytes)
{
	store_le(t + at, 4, port);
	t[len_at] = (uint8_t)bytes;
	t[x_at] = SPACE_PORTS;
	t[x_at + 1] = (uint8_t)(8 * bytes);
	store_le(t + x_at + 4, 8, port);
}

/* More than eight processors are out of reach of the flat logical mode. */
static uint32_t fadt_flags(const struct acpi_pc *pc)
{
	return WBINVD | PROC_C1 | SLP_BUTTON | FIX_RTC | RESET_REG_SUP | USE_PLATFORM_CLOCK |
	       (pc->maxcpus > 8 ? FORCE_APIC_CLUSTER : 0);
}

static void fill_fadt(uint8_t *t, const struct acpi_pc *pc)
{
	store_le(t + FADT_SCI_INT, 2, ACPI_SCI);
	store_le(t + FADT_SMI_CMD, 4, ACPI_SMI_CMD);
	t[FADT_ACPI_ENABLE] = ENABLE;
	t[FADT_ACPI_DISABLE] = DISABLE;
	block(t, FADT_PM1_EVT, FADT_PM1_EVT_LEN, FADT_X_PM1_EVT, ACPI_PM_BASE, 4);
	block(t, FADT_PM1_CNT, FADT_PM1_CNT_LEN, FADT_X_PM1_CNT, ACPI_PM_BASE + 4, 2);
	block(t, FADT_PM_TMR, FADT_PM_TMR_LEN, FADT_X_PM_TMR, ACPI_PM_BASE + 8, 4);
	block(t, FADT_GPE0, FADT_GPE0_LEN, FADT_X_GPE0, ACPI_GPE0, 4);
	store_le(t + FADT_C2_LATENCY, 2, NO_SUCH_STATE);
	store_le(t + FADT_C3_LATENCY, 2, NO_SUCH_STATE);
	t[FADT_CENTURY] = CENTURY;
	store_le(t + FADT_BOOT_ARCH, 2, LEGACY_DEVICES | (pc->have & ACPI_I8042 ? HAS_8042 : 0));
	store_le(t + FADT_FLAGS, 4, fadt_flags(pc));
	t[FADT_RESET_REG] = SPACE_PORTS;
	t[FADT_RESET_REG + 1] = 8;
	store_le(t + FADT_RESET_REG + 4, 8, RESET_PORT);
	t[FADT_RESET_VALUE] = RESET_VALUE;
}

static uint32_t fadt(struct acpi *a, const struct acpi_pc *pc, uint32_t facs_at, uint32_t dsdt_at)
{
	uint32_t start = acpi_begin(a, "FACP", 3);

	acpi_append(a, NULL, FADT_SIZE - HEADER);
	if (a->full)
		return 0;
	fill_fadt(a->tables + start, pc);
	store_le(a->tables + start + FADT_FACS, 4, facs_at);
	store_le(a->tables + start + FADT_DSDT, 4, dsdt_at);
	store_le(a->tables + start + FADT_X_DSDT, 8, dsdt_at);
	acpi_loader_pointer(a, ACPI_FILE_TABLES, start + FADT_FACS, 4);
	acpi_loader_pointer(a, ACPI_FILE_TABLES, start + FADT_DSDT, 4);
	acpi_loader_pointer(a, ACPI_FILE_TABLES, start + FADT_X_DSDT, 8);
	acpi_end(a, start);
	return start;
}

/* ---- MADT (5.2.12) ---- */

enum { PCAT_COMPAT = 1, LAPIC_ENABLED = 1, ACTIVE_HIGH_LEVEL = 0x0d, ALL_CPUS = 0xff };
enum { MADT_LAPIC, MADT_IOAPIC, MADT_OVERRIDE, MADT_LAPIC_NMI = 4 };

static void override(struct acpi *a, unsigned irq, unsigned gsi, unsigned flags)
{
	acpi_append_le(a, 2, MADT_OVERRIDE | 10 << 8);
	acpi_append_le(a, 2, irq << 8);
	acpi_append_le(a, 4, gsi);
	acpi_append_le(a, 2, flags);
}

static uint32_t madt(struct acpi *a, const struct acpi_pc *pc)
{
	static const uint8_t level[] = {5, ACPI_SCI, 10, 11}; /* what PCI and SCI may be at */
	uint32_t start = acpi_begin(a, "APIC", 1);

	acpi_append_le(a, 4, LAPIC_BASE);
	acpi_append_le(a, 4, PCAT_COMPAT);
	for (unsigned i = 0; i < pc->maxcpus; i++) {
		acpi_append_le(a, 2, MADT_LAPIC | 8 << 8);
		acpi_append_le(a, 2, i | i << 8);
		acpi_append_le(a, 4, i < pc->cpus ? LAPIC_ENABLED : 0);
	}
	acpi_append_le(a, 2, MADT_IOAPIC | 12 << 8);
	acpi_append_le(a, 2, 0);
	acpi_append_le(a, 4, IOAPIC_BASE);
	acpi_append_le(a, 4, 0);
	override(a, 0, 2, 0);
	for (unsigned i = 0; i < sizeof(level); i++)
		override(a, level[i], level[i], ACTIVE_HIGH_LEVEL);
	acpi_append_le(a, 2, MADT_LAPIC_NMI | 6 << 8);
	acpi_append_le(a, 1, ALL_CPUS);
	acpi_append_le(a, 2, 0);
	acpi_append_le(a, 1, 1); /* LINT1 */
	acpi_end(a, start);
	return start;
}

/* ---- HPET, WAET ---- */

/* Three timers, 64 bits, legacy replacement: the capabilities' lower half. */
static uint32_t hpet(struct acpi *a)
{
	uint32_t start = acpi_begin(a, "HPET", 1);

	acpi_append_le(a, 4, 0x8086a201);
	acpi_append_le(a, 4, 0); /* in memory */
	acpi_append_le(a, 8, HPET_BASE);
	acpi_append_le(a, 4, 0);
	acpi_end(a, start);
	return start;
}

/* The PM timer need not be read three times. */
static uint32_t waet(struct acpi *a)
{
	uint32_t start = acpi_begin(a, "WAET", 1);

	acpi_append_le(a, 4, 1 << 1);
	acpi_end(a, start);
	return start;
}

/* ---- RSDT, XSDT, RSDP (5.2.5) ---- */

static uint32_t root(struct acpi *a, const char *signature, const uint32_t *at, unsigned n,
		     unsigned size)
{
	uint32_t start = acpi_begin(a, signature, 1);

	for (unsigned i = 0; i < n; i++) {
		acpi_loader_pointer(a, ACPI_FILE_TABLES, a->len, size);
		acpi_append_le(a, size, at[i]);
	}
	acpi_end(a, start);
	return start;
}

static void rsdp(struct acpi *a, uint32_t rsdt, uint32_t xsdt)
{
	uint8_t *p = a->rsdp;

	memcpy(p, "RSD PTR ", 8);
	memcpy(p + 9, OEM_ID, 6);
	p[15] = 2;
	store_le(p + 16, 4, rsdt);
	store_le(p + 20, 4, sizeof(a->rsdp));
	store_le(p + 24, 8, xsdt);
	acpi_loader_pointer(a, ACPI_FILE_RSDP, 16, 4);
	acpi_loader_pointer(a, ACPI_FILE_RSDP, 24, 8);
	acpi_loader_checksum(a, ACPI_FILE_RSDP, 8, 0, 20);
	acpi_loader_checksum(a, ACPI_FILE_RSDP, 32, 0, sizeof(a->rsdp));
}

int acpi_build(struct acpi *a, const struct acpi_pc *pc)
{
	uint32_t at[8], facs_at, dsdt_at, rsdt;
	unsigned n = 0;

	memset(a, 0, sizeof(*a));
	acpi_loader_allocate(a, ACPI_FILE_RSDP, 16, ACPI_ZONE_FSEG);
	acpi_loader_allocate(a, ACPI_FILE_TABLES, 64, ACPI_ZONE_HIGH);
	facs_at = facs(a);
	dsdt_at = dsdt(a, pc);
	at[n++] = fadt(a, pc, facs_at, dsdt_at);
	at[n++] = acpi_ssdt(a, pc);
	at[n++] = madt(a, pc);
	if (pc->have & ACPI_HPET)
		at[n++] = hpet(a);
	at[n++] = waet(a);
	rsdt = root(a, "RSDT", at, n, 4);
	rsdp(a, rsdt, root(a, "XSDT", at, n, 8));
	return a->full ? -ENOSPC : 0;
}
