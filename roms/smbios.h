/* SPDX-License-Identifier: GPL-2.0-or-later */
/* roms/smbios.h: what a guest is told of its make, as DMTF DSP0134 (SMBIOS) 2.8 has it. */
#ifndef ROMS_SMBIOS_H
#define ROMS_SMBIOS_H
#include <stdbool.h>
#include <stdint.h>

enum smbios_text { /* NULL: our own word, or none */
		   SMBIOS_BIOS_VENDOR,
		   SMBIOS_BIOS_VERSION,
		   SMBIOS_BIOS_DATE,
		   SMBIOS_MANUFACTURER,
		   SMBIOS_PRODUCT,
		   SMBIOS_VERSION,
		   SMBIOS_SERIAL,
		   SMBIOS_SKU,
		   SMBIOS_FAMILY,
		   SMBIOS_TEXTS
};
#define SMBIOS_TEXT_MAX 200u

struct smbios_pc {
	const char *text[SMBIOS_TEXTS];
	bool bios;                      /* with type 0, which SeaBIOS else adds */
	uint8_t bios_major, bios_minor; /* of its release; 0xff both: not said */
	uint8_t uuid[16];               /* in the order of its text; zeros: none */
	unsigned cpus, maxcpus;         /* one package, a core each */
	uint64_t ram_below_4g, ram_above_4g;
};

#define SMBIOS_ANCHOR_SIZE 31
#define SMBIOS_TABLES_MAX  0x4000u
#define SMBIOS_FILE_ANCHOR "etc/smbios/smbios-anchor"
#define SMBIOS_FILE_TABLES "etc/smbios/smbios-tables"

struct smbios {
	uint8_t anchor[SMBIOS_ANCHOR_SIZE];
	uint8_t tables[SMBIOS_TABLES_MAX];
	uint32_t len; /* of the tables */
	unsigned count, largest;
	bool full;
};

/* 0, or -ENOSPC. The anchor has no address yet, as firmware wants it. */
int smbios_build(struct smbios *s, const struct smbios_pc *pc);
void smbios_place(struct smbios *s, uint32_t at); /* the tables are there: address, checksums */
#endif
