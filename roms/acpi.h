/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * roms/acpi.h: the ACPI tables of a `pc`, and the script by which firmware places them.
 *
 * Pointers in the tables are offsets until acpi_place, or firmware with the same script, has made
 * addresses of them. Spec: ACPI 6.3, chapters 5 and 6; QEMU's docs/specs/acpi_hw_reduced_hotplug
 * and SeaBIOS's romfile_loader for the script.
 */
#ifndef ROMS_ACPI_H
#define ROMS_ACPI_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum acpi_have { /* as roms/dsdt.asl asks for them */
		 ACPI_COM1 = 1 << 0,
		 ACPI_COM2 = 1 << 1,
		 ACPI_COM3 = 1 << 2,
		 ACPI_COM4 = 1 << 3,
		 ACPI_LPT1 = 1 << 4,
		 ACPI_I8042 = 1 << 5,
		 ACPI_FDC = 1 << 6,
		 ACPI_HPET = 1 << 7,
};
struct acpi_pc {
	unsigned cpus, maxcpus; /* local APIC ids count from 0 */
	uint32_t have;
	uint64_t ram_below_4g, ram_above_4g; /* bytes */
	bool s4;                             /* suspend to disk is offered */
};

/* Where the board has it. */
enum {
	ACPI_PM_BASE = 0x600,
	ACPI_SMB_BASE = 0x700,
	ACPI_GPE0 = 0xafe0,
	ACPI_SMI_CMD = 0xb2,
	ACPI_SCI = 9
};

#define ACPI_TABLES_MAX  0x8000u
#define ACPI_COMMANDS    64
#define ACPI_FILE_TABLES "etc/acpi/tables"
#define ACPI_FILE_RSDP   "etc/acpi/rsdp"
#define ACPI_FILE_LOADER "etc/table-loader"

/* One command for firmware: 128 bytes. */
enum acpi_command { ACPI_ALLOCATE = 1, ACPI_ADD_POINTER, ACPI_ADD_CHECKSUM };
enum { ACPI_COMMAND_SIZE = 128, ACPI_FILE_SIZE = 56 };
enum acpi_zone { ACPI_ZONE_HIGH = 1, ACPI_ZONE_FSEG = 2 };

struct acpi {
	uint8_t tables[ACPI_TABLES_MAX];
	uint32_t len; /* of the tables */
	uint8_t rsdp[36];
	uint8_t loader[ACPI_COMMANDS * ACPI_COMMAND_SIZE];
	uint32_t loader_len;
	bool full; /* something did not fit: none of it is usable */
};

/* 0, or -ENOSPC. */
int acpi_build(struct acpi *a, const struct acpi_pc *pc);
/* Carries the script out for tables that will lie at `at`. */
void acpi_place(struct acpi *a, uint32_t at);

/* ---- for the files of roms/acpi*.c ---- */
/* At the end of the tables; the offset. NULL data: zeros. */
uint32_t acpi_append(struct acpi *a, const void *data, uint32_t len);
void acpi_append_le(struct acpi *a, unsigned size, uint64_t v);
/* A header of 36 bytes, its length to be set by acpi_end, which also asks for the checksum. */
uint32_t acpi_begin(struct acpi *a, const char *signature, uint8_t revision);
void acpi_end(struct acpi *a, uint32_t start);
uint32_t acpi_ssdt(struct acpi *a, const struct acpi_pc *pc); /* offset of the table */
uint64_t acpi_window64(const struct acpi_pc *pc);             /* where the 64-bit window starts */
/* The script. */
void acpi_loader_allocate(struct acpi *a, const char *file, uint32_t align, enum acpi_zone zone);
void acpi_loader_pointer(struct acpi *a, const char *in, uint32_t at, unsigned size);
void acpi_loader_checksum(struct acpi *a, const char *file, uint32_t at, uint32_t start,
			  uint32_t len);
#endif
