/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/machine_bootorder.c: bootindex= of devices, as the list of paths by which SeaBIOS knows them.
 * Those without come behind, in the order that -boot and CMOS say; with strict=on not at all.
 */
#include "dm/machine_parts.h"

#include "dm/board.h"
#include "dm/boot.h"
#include "hw/floppy/floppy.h"
#include "hw/pci/pci.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64, PATH = 96, CLASS = 0x0a, CLASS_ETHERNET = 0x0200 };

struct entry {
	const struct dev *dev;
	uint64_t index;
};

/* "1" or "1,3": slot, and function when it is not 0. */
static void place(const struct dev *d, char *text, size_t size)
{
	unsigned slot = pci_devfn(d) >> 3, fn = pci_devfn(d) & 7;

	if (fn)
		snprintf(text, size, "%x,%x", slot, fn);
	else
		snprintf(text, size, "%x", slot);
}

static void disk_path(const struct dev *d, char *path)
{
	const struct bus *bus = dev_bus(d);
	const char *channel = strrchr(bus->name, '.');
	char unit[16] = "0", at[8];

	dev_prop_get(d, "unit", unit, sizeof(unit));
	place(bus->owner, at, sizeof(at));
	snprintf(path, PATH, "/pci@i0cf8/ide@%s/drive@%s/disk@%s", at, channel ? channel + 1 : "0",
		 unit);
}

static void floppy_path(const struct dev *d, char *path)
{
	char unit[16] = "0";

	dev_prop_get(d, "unit", unit, sizeof(unit));
	snprintf(path, PATH, "/pci@i0cf8/isa@1/fdc@03f0/floppy@%s", unit);
}

static void pci_path(const struct machine *m, const struct dev *d, char *path)
{
	uint32_t at = (uint32_t)pci_devfn(d) << 8 | CLASS;
	bool nic = board_config_read(m->board, at, 2) == CLASS_ETHERNET;
	char text[8];

	place(d, text, sizeof(text));
	snprintf(path, PATH, "/pci@i0cf8/%s@%s%s", nic ? "ethernet" : "pci", text,
		 nic ? "/ethernet-phy@0" : "");
}

static int by_index(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	return a->index < b->index ? -1 : a->index > b->index;
}

/* How many there are, in their order; or -errno and a sentence. */
static int find_entries(struct machine *m, struct entry *v, struct err *e)
{
	int n = 0;

	for_each_dev(d, m->env) {
		char text[32] = "";

		if (dev_prop_get(d, "bootindex", text, sizeof(text)) < 0 || !*text ||
		    !strcmp(text, "-1"))
			continue;
		if (n == MOST)
			return err_set(e, -ENOSPC, "bootindex: more than %d devices have one",
				       MOST);
		v[n] = (struct entry){.dev = d};
		if (text_number(text, INT32_MAX, &v[n++].index))
			return err_set(e, -EINVAL, "%s: bootindex=%s: want a number from 0", d->id,
				       text);
	}
	qsort(v, (size_t)n, sizeof(*v), by_index);
	for (int i = 1; i < n; i++)
		if (v[i].index == v[i - 1].index)
			return err_set(e, -EINVAL, "%s: bootindex=%u is that of %s already",
				       v[i].dev->id, (unsigned)v[i].index, v[i - 1].dev->id);
	return n;
}

int machine_bootorder(struct machine *m, char **text, struct err *e)
{
	struct entry v[MOST];
	int n = find_entries(m, v, e);
	char path[PATH];
	size_t used = 0;

	bool rom = machine_kernel_by_rom(m);

	*text = NULL;
	if (n < 0 || (!n && !rom && !m->cfg->boot_strict))
		return n;
	*text = calloc((size_t)n + 2, PATH);
	if (!*text)
		return err_set(e, -ENOMEM, "out of memory");
	if (rom)
		used = (size_t)sprintf(*text, "/rom@" BOOT_ROM_FILE);
	for (int i = 0; i < n; i++) {
		if (dev_bus(v[i].dev)->type == &pci_bus_type)
			pci_path(m, v[i].dev, path);
		else if (dev_bus(v[i].dev)->type == &floppy_bus_type)
			floppy_path(v[i].dev, path);
		else
			disk_path(v[i].dev, path);
		used += (size_t)sprintf(*text + used, "%s%s", used ? "\n" : "", path);
	}
	if (m->cfg->boot_strict)
		sprintf(*text + used, "%sHALT", used ? "\n" : "");
	return 0;
}
