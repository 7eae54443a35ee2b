/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_pc.c: what stands on the board of a `pc`, asked for or by default. */
#include "dm/machine_parts.h"

#include "base/log.h"
#include "dm/board.h"

#include <errno.h>
#include <stdio.h>

enum { PWRBTN_STS = 1 << 8 }; /* ACPI 6.3, 4.8.3.1.1 */

/* ---- the board ---- */

/* In order of creation. Classes that do not exist (yet) are left out. */
struct part {
	const char *driver, *id;
};
static const struct part parts[] = {
	{"i440FX-pcihost", "pcihost"}, {"i440FX", "i440fx"},   {"PIIX3", "piix3"},
	{"piix3-ide", "piix3-ide"},    {"cmos-nvram", "cmos"}, {"i8257", "dma"},
	{"fw_cfg_io", "fw_cfg"},
};

/* Since version 2 of the stream; made after the ports and drives, whose numbers are in streams. */
static const struct part later_parts[] = {
	{"PIIX4_PM", "piix4-pm"},
	{"i8042", "i8042"},
};

static int add_parts(struct machine *m, const struct part *p, unsigned n, struct err *e)
{
	const struct opts none = {0};

	for (; n--; p++) {
		const struct dev_class *c = dev_class_find(p->driver);

		if (c && !machine_device_make(m, c, p->id, &none, PLACE_BOARD, e))
			return -EINVAL;
	}
	return 0;
}

static int make(struct machine *m, const char *driver, const char *const *props, struct err *e)
{
	const struct dev_class *c = dev_class_find(driver);
	struct opts o = {0};
	int rc = 0;

	if (!c)
		return err_set(e, -ENODEV, "there is no %s yet", driver);
	for (; *props && !rc; props += 2)
		rc = opts_add(&o, props[0], props[1]);
	if (!rc && !machine_device_make(m, c, NULL, &o, PLACE_BOARD, e))
		rc = -EINVAL;
	opts_free(&o);
	return rc;
}

/* Does any -device name one of these? Then the default of their kind stays away. */
static bool asked_for(const struct machine_config *c, const char *const *drivers)
{
	for (unsigned i = 0; i < c->devices.n; i++)
		for (const char *const *d = drivers; *d; d++)
			if (!strcmp(opts_get(&c->devices.v[i], "driver"), *d))
				return true;
	return false;
}

static int add_serial(struct machine *m, unsigned n, const char *spec, struct err *e)
{
	char index[8], label[16];
	struct chr_slot *s;

	snprintf(index, sizeof(index), "%u", n);
	snprintf(label, sizeof(label), "serial%u", n);
	s = machine_chr_short(m, label, spec, e);
	if (s && !make(m, "isa-serial",
		       (const char *const[]){"index", index, "chardev", chr_id(s->chr), NULL}, e))
		return 0;
	err_prefix(e, "-serial %s", spec);
	return -EINVAL;
}

static int add_debugcon(struct machine *m, struct err *e)
{
	struct chr_slot *s;

	if (!m->cfg->debugcon || !strcmp(m->cfg->debugcon, "none"))
		return 0;
	s = machine_chr_short(m, "debugcon", m->cfg->debugcon, e);
	if (s && !make(m, "isa-debugcon",
		       (const char *const[]){"iobase", "0xe9", "chardev", chr_id(s->chr), NULL}, e))
		return 0;
	err_prefix(e, "-debugcon %s", m->cfg->debugcon);
	return -EINVAL;
}

/* -serial n: the nth port; "none" leaves its place empty. */
static int add_serials(struct machine *m, struct err *e)
{
	static const char *const own[] = {"isa-serial", NULL};
	const struct machine_config *c = m->cfg;
	int rc = 0;

	if (c->serials.n > 4)
		return err_set(e, -EINVAL, "-serial: there are four ports");
	for (unsigned i = 0; i < c->serials.n && !rc; i++)
		if (strcmp(c->serials.v[i], "none"))
			rc = add_serial(m, i, c->serials.v[i], e);
	if (c->serials.n || c->nodefaults || asked_for(c, own))
		return rc;
	return add_serial(m, 0, c->nographic ? "stdio" : "null", e);
}

/* An empty CD drive where -cdrom would be, as QEMU's. */
static int default_cdrom(struct machine *m, struct err *e)
{
	static const char *const own[] = {"ide-cd", "ide-hd", NULL};
	struct drive_config cd = {.id = (char *)"ide1-cd0",
				  .interface = DRIVE_IDE,
				  .bus = 1,
				  .cdrom = true,
				  .readonly = true};

	if (m->cfg->nodefaults || asked_for(m->cfg, own) || machine_drive(m, cd.id))
		return 0;
	for (struct drive *d = m->drives; d; d = d->next)
		if (d->if_type == DRIVE_IDE && d->bus == 1 && d->unit == 0)
			return 0;
	return machine_drive_add(m, &cd, e);
}

static int add_drives(struct machine *m, struct err *e)
{
	if (default_cdrom(m, e) < 0)
		return -ENOMEM;
	for (struct drive *d = m->drives; d; d = d->next) {
		char bus[16], unit[8];

		if (d->if_type != DRIVE_IDE)
			continue;
		snprintf(bus, sizeof(bus), "ide.%d", d->bus);
		snprintf(unit, sizeof(unit), "%d", d->unit);
		if (make(m, d->cdrom ? "ide-cd" : "ide-hd",
			 (const char *const[]){"bus", bus, "unit", unit, "drive", d->id, NULL}, e))
			return err_set(e, -EINVAL, "drive '%s' has no controller", d->id);
	}
	return 0;
}

/* -usb, and what -usbdevice puts on it. */
static int add_usb(struct machine *m, struct err *e)
{
	static const char *const devices[][2] = {
		{"tablet", "usb-tablet"}, {"mouse", "usb-mouse"}, {"keyboard", "usb-kbd"}};
	const struct machine_config *c = m->cfg;
	int rc = 0;

	if (c->usb)
		rc = make(m, "piix3-usb-uhci", (const char *const[]){"addr", "1.2", NULL}, e);
	if (c->usbdevices.n > 2 && !rc) /* more than the controller has ports */
		rc = make(m, "usb-hub", (const char *const[]){NULL}, e);
	for (unsigned i = 0; i < c->usbdevices.n; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(devices) && !rc; k++)
			if (!strcmp(c->usbdevices.v[i], devices[k][0]))
				rc = make(m, devices[k][1], (const char *const[]){NULL}, e);
	return rc;
}

/* As QEMU's: the controller always, and an empty drive unless it was said what there is. All since
 * version 2 of the stream. */
static int default_floppy(struct machine *m, struct err *e)
{
	static const char *const own[] = {"floppy", NULL};
	const struct drive_config empty = {
		.id = (char *)"floppy0", .interface = DRIVE_FLOPPY, .snapshot = -1};

	if (m->cfg->nodefaults || asked_for(m->cfg, own) || machine_drive(m, empty.id))
		return 0;
	for (struct drive *d = m->drives; d; d = d->next)
		if (d->if_type == DRIVE_FLOPPY && d->unit == 0)
			return 0;
	return machine_drive_add(m, &empty, e);
}

static int add_floppies(struct machine *m, struct err *e)
{
	static const struct part controller = {"isa-fdc", "fdc"};
	int rc = add_parts(m, &controller, 1, e);

	if (!rc)
		rc = default_floppy(m, e);
	for (struct drive *d = m->drives; d && !rc; d = d->next) {
		const char *const props[] = {"unit", d->unit ? "1" : "0", "drive", d->id, NULL};

		if (d->if_type == DRIVE_FLOPPY)
			rc = make(m, "floppy", props, e);
	}
	return rc;
}

/* What follows is the guest's affair: PM1_STS and an SCI, if it has enabled that. */
static void power_button(struct machine *m)
{
	int rc = m->hv->ops->pm_event(m->hv, PWRBTN_STS);

	if (rc < 0)
		log_warn("the power button cannot be pressed here: %s", strerror(-rc));
}

/* The screen: one of -vga, or the standard one unless others are asked for. Since version 2 of the
 * stream, so after all that version 1 had. */
static int add_vga(struct machine *m, struct err *e)
{
	static const char *const own[] = {"VGA", "cirrus-vga", NULL};
	const char *kind = m->cfg->vga;
	const struct dev_class *c;
	const struct opts at = {.v = &(struct opt){(char *)"addr", (char *)"2", false}, .n = 1};

	if (!kind && (m->cfg->nodefaults || asked_for(m->cfg, own)))
		return 0;
	if (!kind)
		kind = "std";
	if (!strcmp(kind, "none"))
		return 0;
	c = dev_class_find(!strcmp(kind, "std") ? "VGA" : "cirrus-vga");
	if (!c)
		return err_set(e, -ENODEV, "-vga %s: there is no such adapter yet", kind);
	return machine_device_make(m, c, "vga", &at, PLACE_BOARD, e) ? 0 : -EINVAL;
}

int machine_pc_build(struct machine *m, struct err *e)
{
	int rc;

	m->board = board_new(m, m->hv, e);
	if (!m->board)
		return -ENOMEM;
	m->env = &m->board->env;
	if (!m->hv)
		return 0;
	m->power_button = power_button;
	rc = machine_core_attach(m, e);
	if (!rc)
		rc = machine_dig_hole(m, e);
	if (!rc)
		rc = machine_rom_load(m, e);
	if (!rc)
		rc = add_parts(m, parts, ARRAY_SIZE(parts), e);
	if (!rc)
		rc = add_serials(m, e);
	if (!rc)
		rc = add_debugcon(m, e);
	if (!rc)
		rc = add_drives(m, e);
	if (!rc)
		rc = add_parts(m, later_parts, ARRAY_SIZE(later_parts), e);
	if (!rc)
		rc = add_vga(m, e);
	if (!rc)
		rc = machine_nics_add(m, e);
	if (!rc)
		rc = add_usb(m, e);
	if (!rc)
		rc = add_floppies(m, e);
	return rc ? rc : board_sync(m->board, e);
}
