/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_firmware.c: the tables that a guest finds its board by: for firmware, or in RAM. */
#include "dm/machine_parts.h"

#include "roms/acpi.h"

#include <errno.h>
#include <stdlib.h>

#define TABLES_SIZE 0x10000u /* what they get at the end of low RAM, with -kernel */
#define LEAST_RAM   0x400000u
enum { RSDP_AT = 0xf0040 };

struct firmware {
	struct acpi acpi;
};

/* ---- what there is ---- */

static uint32_t com_port(const struct dev *d)
{
	static const unsigned ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
	char text[32] = "";

	dev_prop_get(d, "iobase", text, sizeof(text));
	for (unsigned i = 0; i < ARRAY_SIZE(ports); i++)
		if (strtoul(text, NULL, 0) == ports[i])
			return ACPI_COM1 << i;
	return 0;
}

static uint32_t what_there_is(const struct machine *m)
{
	static const struct {
		const char *class;
		uint32_t have;
	} known[] = {{"i8042", ACPI_I8042}, {"isa-fdc", ACPI_FDC}, {"isa-parallel", ACPI_LPT1}};
	uint32_t have = m->cfg->no_hpet ? 0 : ACPI_HPET;

	for_each_dev(d, m->env) {
		if (!strcmp(d->class->name, "isa-serial"))
			have |= com_port(d);
		for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(d->class->name, known[i].class))
				have |= known[i].have;
	}
	return have;
}

static bool s4_offered(const struct machine *m)
{
	struct dev *pm = dev_find(m->env, "piix4-pm");
	char text[8] = "0";

	if (pm)
		dev_prop_get(pm, "disable_s4", text, sizeof(text));
	return !strcmp(text, "0");
}

int machine_firmware_make(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;
	uint64_t low;
	struct acpi_pc pc;

	if (!m->hv)
		return 0;
	low = machine_ram_below_4g(m);
	pc = (struct acpi_pc){.cpus = c->cpus,
			      .maxcpus = c->maxcpus,
			      .have = what_there_is(m),
			      .ram_below_4g = low,
			      .ram_above_4g = c->ram - low,
			      .s4 = s4_offered(m)};
	m->firmware = calloc(1, sizeof(*m->firmware));
	if (!m->firmware)
		return err_set(e, -ENOMEM, "out of memory");
	if (acpi_build(&m->firmware->acpi, &pc))
		return err_set(e, -ENOSPC, "the ACPI tables of %u processors do not fit",
			       c->maxcpus);
	return 0;
}

void machine_firmware_free(struct machine *m)
{
	free(m->firmware);
}

/* ---- without firmware ---- */

static bool has_tables(const struct machine *m)
{
	return m->firmware && !m->cfg->no_acpi && machine_ram_below_4g(m) >= LEAST_RAM;
}

uint32_t machine_firmware_reserved(const struct machine *m)
{
	return has_tables(m) ? TABLES_SIZE : 0;
}

uint32_t machine_firmware_rsdp(const struct machine *m)
{
	return has_tables(m) ? RSDP_AT : 0;
}

int machine_firmware_place(struct machine *m, struct err *e)
{
	uint32_t at = (uint32_t)(machine_ram_below_4g(m) - TABLES_SIZE);
	struct acpi *a;
	int rc;

	if (!has_tables(m))
		return 0;
	a = malloc(sizeof(*a));
	if (!a)
		return err_set(e, -ENOMEM, "out of memory");
	*a = m->firmware->acpi;
	acpi_place(a, at);
	rc = machine_ram_write(m, at, a->tables, a->len);
	if (!rc)
		rc = machine_ram_write(m, RSDP_AT, a->rsdp, sizeof(a->rsdp));
	free(a);
	return rc ? err_errno(e, rc, "the ACPI tables cannot be put into guest RAM") : 0;
}
