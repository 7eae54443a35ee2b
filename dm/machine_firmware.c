/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_firmware.c: the tables that a guest finds its board by: for firmware, or in RAM. */
#include "dm/machine_parts.h"

#include "hw/misc/fw_cfg.h"
#include "dm/host.h"
#include "roms/acpi.h"
#include "roms/smbios.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLES_SIZE 0x10000u /* what they get at the end of low RAM, with -kernel */
#define LEAST_RAM   0x400000u
#define ITEM_MAX    (64u << 20) /* of a file by -fw_cfg */
enum { ANCHOR_AT = 0xf0000, RSDP_AT = 0xf0040, SMBIOS_AT = 0xf0100 };
enum { STATES = 6, OFFERED = 0x80, S4_TYP = 2 };

struct firmware {
	struct acpi acpi;
	struct smbios smbios;
	uint8_t states[STATES]; /* SLP_TYP of S0 to S5, and which are offered */
	char *bootorder;        /* NULL: none */
	uint8_t **items;        /* by -fw_cfg */
	unsigned n_items;
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

void machine_uuid(const char *text, uint8_t uuid[16])
{
	char pair[3] = "";

	memset(uuid, 0, 16);
	for (unsigned i = 0; text && *text && i < 32; text++)
		if (isxdigit((unsigned char)*text)) {
			pair[i % 2] = *text;
			if (i++ % 2)
				uuid[i / 2 - 1] = (uint8_t)strtoul(pair, NULL, 16);
		}
}

/* ---- SMBIOS ---- */

static void smbios_words(const struct machine_config *c, struct smbios_pc *pc)
{
	static const char *const bios[] = {"vendor", "version", "date"};
	static const char *const system[] = {"manufacturer", "product", "version",
					     "serial",       "sku",     "family"};
	const char *release = opts_get(&c->smbios_bios, "release");
	const char *uuid = opts_get(&c->smbios_system, "uuid");
	unsigned major = 0xff, minor = 0xff;

	for (unsigned i = 0; i < ARRAY_SIZE(bios); i++)
		pc->text[SMBIOS_BIOS_VENDOR + i] = opts_get(&c->smbios_bios, bios[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(system); i++)
		pc->text[SMBIOS_MANUFACTURER + i] = opts_get(&c->smbios_system, system[i]);
	if (release)
		sscanf(release, "%3u.%3u", &major, &minor);
	pc->bios_major = (uint8_t)major;
	pc->bios_minor = (uint8_t)minor;
	machine_uuid(uuid ? uuid : c->uuid, pc->uuid);
}

/* SeaBIOS adds type 0 where it is not given. */
static int make_smbios(struct machine *m, uint64_t low)
{
	const struct machine_config *c = m->cfg;
	struct smbios_pc pc = {.bios = (c->kernel && !machine_kernel_by_rom(m)) || c->smbios_bios.n,
			       .cpus = c->cpus,
			       .maxcpus = c->maxcpus,
			       .ram_below_4g = low,
			       .ram_above_4g = c->ram - low};

	smbios_words(c, &pc);
	return smbios_build(&m->firmware->smbios, &pc);
}

static int make_acpi(struct machine *m, uint64_t low)
{
	const struct machine_config *c = m->cfg;
	const struct acpi_pc pc = {.cpus = c->cpus,
				   .maxcpus = c->maxcpus,
				   .have = what_there_is(m),
				   .ram_below_4g = low,
				   .ram_above_4g = c->ram - low,
				   .s4 = s4_offered(m)};

	return acpi_build(&m->firmware->acpi, &pc);
}

int machine_firmware_make(struct machine *m, struct err *e)
{
	uint64_t low;

	if (!m->hv)
		return 0;
	low = machine_ram_below_4g(m);
	m->firmware = calloc(1, sizeof(*m->firmware));
	if (!m->firmware)
		return err_set(e, -ENOMEM, "out of memory");
	if (make_acpi(m, low))
		return err_set(e, -ENOSPC, "the ACPI tables of %u processors do not fit",
			       m->cfg->maxcpus);
	if (make_smbios(m, low))
		return err_set(e, -ENOSPC, "the SMBIOS tables do not fit");
	return 0;
}

void machine_firmware_free(struct machine *m)
{
	struct firmware *f = m->firmware;

	for (unsigned i = 0; f && i < f->n_items; i++)
		free(f->items[i]);
	if (f) {
		free(f->items);
		free(f->bootorder);
	}
	free(f);
}

/* ---- for firmware ---- */

static int fill_acpi(struct machine *m, struct dev *d)
{
	const struct acpi *a = &m->firmware->acpi;
	uint8_t *states = m->firmware->states;
	int rc;

	if (m->cfg->no_acpi)
		return 0;
	states[0] = states[5] = OFFERED;
	states[3] = 1;
	states[4] = S4_TYP | (s4_offered(m) ? OFFERED : 0);
	rc = fw_cfg_add_file(d, "etc/system-states", states, STATES);
	if (!rc)
		rc = fw_cfg_add_file(d, ACPI_FILE_TABLES, a->tables, a->len);
	if (!rc)
		rc = fw_cfg_add_file(d, ACPI_FILE_RSDP, a->rsdp, sizeof(a->rsdp));
	if (!rc)
		rc = fw_cfg_add_file(d, ACPI_FILE_LOADER, a->loader, a->loader_len);
	return rc;
}

static int fill_smbios(struct machine *m, struct dev *d)
{
	const struct smbios *s = &m->firmware->smbios;
	int rc = fw_cfg_add_file(d, SMBIOS_FILE_ANCHOR, s->anchor, sizeof(s->anchor));

	return rc ? rc : fw_cfg_add_file(d, SMBIOS_FILE_TABLES, s->tables, s->len);
}

/* How long the menu is shown; when to try again after no device booted (all ones: never). */
static int fill_boot(struct machine *m, struct dev *d, struct err *e)
{
	const struct machine_config *c = m->cfg;
	uint8_t wait[2], again[4];
	const char *text;
	int rc = 0;

	store_le(wait, 2, c->splash_time);
	store_le(again, 4, c->reboot_given ? c->reboot_timeout : 0xffffffff);
	if (c->splash_given)
		rc = fw_cfg_add_file(d, "etc/boot-menu-wait", wait, sizeof(wait));
	if (!rc)
		rc = fw_cfg_add_file(d, "etc/boot-fail-wait", again, sizeof(again));
	if (!rc)
		rc = machine_bootorder(m, &m->firmware->bootorder, e);
	text = m->firmware->bootorder;
	if (!rc && text)
		rc = fw_cfg_add_file(d, "bootorder", text, (uint32_t)strlen(text) + 1);
	return rc;
}

static uint8_t *new_item(struct firmware *f, size_t len, struct err *e)
{
	uint8_t **v = list_grow(f->items, &f->n_items, sizeof(*v));

	if (v)
		f->items = v;
	if (!v || !(v[f->n_items - 1] = malloc(len + 1))) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	return v[f->n_items - 1];
}

static uint8_t *read_item(struct firmware *f, const char *path, size_t *len, struct err *e)
{
	int fd = host_open(path, O_RDONLY, 0, e);
	uint8_t *p = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > ITEM_MAX)
		err_set(e, -EINVAL, "%s: not a file of at most 64 MiB", path);
	else
		p = new_item(f, (size_t)st.st_size, e);
	if (p && pread(fd, p, (size_t)st.st_size, 0) != st.st_size) {
		err_set(e, -EIO, "cannot read all of %s", path);
		p = NULL; /* the list has it */
	}
	*len = p ? (size_t)st.st_size : 0;
	close(fd);
	return p;
}

static int fill_item(struct machine *m, struct dev *d, const struct opts *o, struct err *e)
{
	const char *text = opts_get(o, "string"), *name = opts_get(o, "name");
	size_t len = text ? strlen(text) : 0;
	uint8_t *p = text ? new_item(m->firmware, len, e)
			  : read_item(m->firmware, opts_get(o, "file"), &len, e);

	if (p && text)
		memcpy(p, text, len);
	if (p && !fw_cfg_add_file(d, name, p, (uint32_t)len))
		return 0;
	err_set(e, -ENOSPC, "too many items");
	err_prefix(e, "-fw_cfg %s", name);
	return -EINVAL;
}

int machine_firmware_fill(struct machine *m, struct dev *d, struct err *e)
{
	int rc = fill_acpi(m, d);

	if (!rc)
		rc = fill_smbios(m, d);
	if (!rc)
		rc = fill_boot(m, d, e);
	for (unsigned i = 0; i < m->cfg->fw_cfg.n && !rc; i++)
		rc = fill_item(m, d, &m->cfg->fw_cfg.v[i], e);
	return rc;
}

/* ---- without firmware ---- */

static bool has_acpi(const struct machine *m)
{
	return !m->cfg->no_acpi && machine_ram_below_4g(m) >= LEAST_RAM;
}

uint32_t machine_firmware_reserved(const struct machine *m)
{
	return has_acpi(m) ? TABLES_SIZE : 0;
}

uint32_t machine_firmware_rsdp(const struct machine *m)
{
	return has_acpi(m) ? RSDP_AT : 0;
}

static int place_acpi(struct machine *m, struct acpi *a)
{
	uint32_t at = (uint32_t)(machine_ram_below_4g(m) - TABLES_SIZE);
	int rc;

	acpi_place(a, at);
	rc = machine_ram_write(m, at, a->tables, a->len);
	return rc ? rc : machine_ram_write(m, RSDP_AT, a->rsdp, sizeof(a->rsdp));
}

static int place_smbios(struct machine *m, struct smbios *s)
{
	int rc;

	smbios_place(s, SMBIOS_AT);
	rc = machine_ram_write(m, SMBIOS_AT, s->tables, s->len);
	return rc ? rc : machine_ram_write(m, ANCHOR_AT, s->anchor, sizeof(s->anchor));
}

int machine_firmware_place(struct machine *m, struct err *e)
{
	struct firmware *f;
	int rc;

	if (machine_ram_below_4g(m) < LEAST_RAM)
		return 0;
	f = malloc(sizeof(*f)); /* fw_cfg goes on showing what has no addresses yet */
	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	*f = *m->firmware;
	rc = place_smbios(m, &f->smbios);
	if (!rc && has_acpi(m))
		rc = place_acpi(m, &f->acpi);
	free(f);
	return rc ? err_errno(e, rc, "the tables cannot be put into guest RAM") : 0;
}
