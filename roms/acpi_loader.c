/* SPDX-License-Identifier: GPL-2.0-or-later */
/* roms/acpi_loader.c: the script that places the tables, written and carried out. */
#include "base/util.h"
#include "roms/acpi.h"

enum { NAME1 = 4, NAME2 = NAME1 + ACPI_FILE_SIZE };
/* ALLOCATE and ADD_CHECKSUM have one name, ADD_POINTER two. */
enum { ALIGN = NAME2, ZONE = ALIGN + 4 };
enum { SUM_AT = NAME2, SUM_START = SUM_AT + 4, SUM_LEN = SUM_START + 4 };
enum { POINTER_AT = NAME2 + ACPI_FILE_SIZE, POINTER_SIZE = POINTER_AT + 4 };

static uint8_t *command(struct acpi *a, enum acpi_command what, const char *file)
{
	uint8_t *c = a->loader + a->loader_len;

	if (a->loader_len == sizeof(a->loader)) {
		a->full = true;
		c -= ACPI_COMMAND_SIZE; /* nobody will see it */
	} else {
		a->loader_len += ACPI_COMMAND_SIZE;
	}
	memset(c, 0, ACPI_COMMAND_SIZE);
	store_le(c, 4, what);
	memcpy(c + NAME1, file, strlen(file));
	return c;
}

void acpi_loader_allocate(struct acpi *a, const char *file, uint32_t align, enum acpi_zone zone)
{
	uint8_t *c = command(a, ACPI_ALLOCATE, file);

	store_le(c + ALIGN, 4, align);
	c[ZONE] = (uint8_t)zone;
}

void acpi_loader_pointer(struct acpi *a, const char *in, uint32_t at, unsigned size)
{
	uint8_t *c = command(a, ACPI_ADD_POINTER, in);

	memcpy(c + NAME2, ACPI_FILE_TABLES, sizeof(ACPI_FILE_TABLES));
	store_le(c + POINTER_AT, 4, at);
	c[POINTER_SIZE] = (uint8_t)size;
}

void acpi_loader_checksum(struct acpi *a, const char *file, uint32_t at, uint32_t start,
			  uint32_t len)
{
	uint8_t *c = command(a, ACPI_ADD_CHECKSUM, file);

	store_le(c + SUM_AT, 4, at);
	store_le(c + SUM_START, 4, start);
	store_le(c + SUM_LEN, 4, len);
}

/* ---- carried out ---- */

static uint8_t *file_data(struct acpi *a, const uint8_t *c)
{
	return strcmp((const char *)c + NAME1, ACPI_FILE_RSDP) ? a->tables : a->rsdp;
}

static void place_one(struct acpi *a, const uint8_t *c, uint32_t at)
{
	uint8_t *p = file_data(a, c), sum = 0;
	uint32_t start = (uint32_t)load_le(c + SUM_START, 4);

	if (load_le(c, 4) == ACPI_ADD_POINTER) {
		p += load_le(c + POINTER_AT, 4);
		store_le(p, c[POINTER_SIZE], load_le(p, c[POINTER_SIZE]) + at);
	} else if (load_le(c, 4) == ACPI_ADD_CHECKSUM) {
		for (uint32_t i = 0; i < load_le(c + SUM_LEN, 4); i++)
			sum = (uint8_t)(sum + p[start + i]);
		p[load_le(c + SUM_AT, 4)] -= sum;
	}
}

void acpi_place(struct acpi *a, uint32_t at)
{
	for (uint32_t i = 0; i < a->loader_len; i += ACPI_COMMAND_SIZE)
		place_one(a, a->loader + i, at);
}
