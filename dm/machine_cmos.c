/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/machine_cmos.c: what the machine tells its firmware through CMOS memory: sizes, disks, boot
 * order. Places and meanings: IBM PC/AT Technical Reference; 34, 38, 39, 3d, 5b-5d, 5f are those
 * that SeaBIOS reads.
 */
#include "dm/machine_parts.h"
#include "hypervisor/domain.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB 0x100000ull

enum {
	FLOPPY_TYPES = 0x10,
	DISK_TYPES = 0x12,
	EQUIPMENT = 0x14,
	BASE_KB = 0x15,
	EXTENDED_KB = 0x17,
	DISK0_TYPE = 0x19,
	DISK1_TYPE = 0x1a,
	DISK0 = 0x1b,
	DISK1 = 0x24,
	EXTENDED_KB_POST = 0x30,
	ABOVE_16M = 0x34, /* in 64 KiB */
	BOOT_THIRD = 0x38,
	TRANSLATION = 0x39,
	BOOT_ORDER = 0x3d,
	ABOVE_4G = 0x5b, /* in 64 KiB */
	CPUS = 0x5f,
};
enum { HAS_FLOPPY = 1 << 0, HAS_FPU = 1 << 1, HAS_MOUSE = 1 << 2, SECOND_FLOPPY = 1 << 6 };
enum { NO_FLOPPY_CHECK = 1 << 0, TYPE_47 = 47 };
enum { NVRAM = 1 /* region of cmos-nvram */ };

struct disk {
	unsigned cylinders, heads, sectors, translation;
};

static void put(struct dev *cmos, unsigned at, unsigned bytes, uint64_t v)
{
	for (unsigned i = 0; i < bytes; i++)
		dev_write(cmos, NVRAM, at + i, 1, v >> 8 * i & 0xff);
}

uint64_t machine_ram_below_4g(const struct machine *m)
{
	uint64_t ram = m->cfg->ram, cut = m->cfg->max_ram_below_4g;

	if (m->dom)
		return domain_ram_below_4g(m->dom);
	if (!cut)
		cut = ram >= 0xe0000000 ? 0xc0000000 : 0xe0000000;
	return MIN(ram, cut);
}

static void put_memory(const struct machine *m, struct dev *cmos)
{
	uint64_t low = machine_ram_below_4g(m), over_1m = low > MIB ? low - MIB : 0;
	uint64_t over_16m = low > 16 * MIB ? low - 16 * MIB : 0;

	put(cmos, BASE_KB, 2, MIN(low / 1024, 640));
	put(cmos, EXTENDED_KB, 2, MIN(over_1m / 1024, 65535));
	put(cmos, EXTENDED_KB_POST, 2, MIN(over_1m / 1024, 65535));
	put(cmos, ABOVE_16M, 2, MIN(over_16m / 65536, 65535));
	put(cmos, ABOVE_4G, 3, (m->cfg->ram - low) / 65536);
}

static unsigned boot_nibble(char letter)
{
	switch (letter) {
	case 'a':
	case 'b':
		return 1;
	case 'c':
		return 2;
	case 'd':
		return 3;
	case 'n':
		return 4;
	default:
		return 0;
	}
}

static void put_boot_order(const struct machine *m, struct dev *cmos, bool first)
{
	const char *order = m->cfg->boot_order ? m->cfg->boot_order : "cad";
	unsigned nibble[3] = {0};

	if (first && m->cfg->boot_once)
		order = m->cfg->boot_once;
	for (unsigned i = 0; i < ARRAY_SIZE(nibble) && order[i]; i++)
		nibble[i] = boot_nibble(order[i]);
	put(cmos, BOOT_ORDER, 1, nibble[1] << 4 | nibble[0]);
	put(cmos, BOOT_THIRD, 1, nibble[2] << 4 | (m->cfg->no_fd_bootchk ? NO_FLOPPY_CHECK : 0));
}

static unsigned number_prop(const struct dev *d, const char *name)
{
	char text[32] = "";

	dev_prop_get(d, name, text, sizeof(text));
	return (unsigned)strtoul(text, NULL, 0);
}

/* As the two bits at 39 say it. */
static unsigned translation_prop(const struct dev *d)
{
	static const char *const names[] = {"none", "lba", "large", "rechs"};
	char text[16] = "";

	dev_prop_get(d, "bios-chs-trans", text, sizeof(text));
	for (unsigned i = 1; i < ARRAY_SIZE(names); i++)
		if (!strcmp(text, names[i]))
			return i;
	return 0;
}

static bool find_disk(const struct machine *m, unsigned n, struct disk *disk)
{
	char bus[16];

	snprintf(bus, sizeof(bus), "ide.%u", n / 2);
	for_each_dev(d, m->env) {
		if (strcmp(d->class->name, "ide-hd") || strcmp(dev_bus(d)->name, bus) ||
		    number_prop(d, "unit") != n % 2)
			continue;
		*disk = (struct disk){number_prop(d, "cyls"), number_prop(d, "heads"),
				      number_prop(d, "secs"), translation_prop(d)};
		return true;
	}
	return false;
}

/* A user-defined type 47: landing zone and so on are what no disk has needed for long. */
static void put_disk(struct dev *cmos, unsigned type, unsigned at, const struct disk *d)
{
	put(cmos, type, 1, TYPE_47);
	put(cmos, at, 2, d->cylinders);
	put(cmos, at + 2, 1, d->heads);
	put(cmos, at + 3, 2, 0xffff);
	put(cmos, at + 5, 1, 0xc0 | (d->heads > 8) << 3);
	put(cmos, at + 6, 2, d->cylinders);
	put(cmos, at + 8, 1, d->sectors);
}

static void put_disks(const struct machine *m, struct dev *cmos)
{
	unsigned types = 0, translation = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct disk d;

		if (!find_disk(m, i, &d))
			continue;
		translation |= d.translation << 2 * i;
		if (i < 2) {
			types |= i ? 0x0f : 0xf0;
			put_disk(cmos, i ? DISK1_TYPE : DISK0_TYPE, i ? DISK1 : DISK0, &d);
		}
	}
	put(cmos, DISK_TYPES, 1, types);
	put(cmos, TRANSLATION, 1, translation);
}

/* Types of A (upper half) and B; in the equipment byte whether there are any, and a second. */
static void put_equipment(const struct machine *m, struct dev *cmos)
{
	unsigned equipment = HAS_FPU | HAS_MOUSE, types = 0;

	for_each_dev(d, m->env) {
		if (strcmp(d->class->name, "floppy"))
			continue;
		types |= number_prop(d, "cmos-type") << (number_prop(d, "unit") ? 0 : 4);
		equipment |= equipment & HAS_FLOPPY ? SECOND_FLOPPY : HAS_FLOPPY;
	}
	put(cmos, FLOPPY_TYPES, 1, types);
	put(cmos, EQUIPMENT, 1, equipment);
}

void machine_cmos_fill(struct machine *m, bool first)
{
	struct dev *cmos = dev_find(m->env, "cmos");

	if (!cmos)
		return;
	put_boot_order(m, cmos, first);
	if (!first)
		return; /* the rest survives a reset */
	put_memory(m, cmos);
	put_disks(m, cmos);
	put_equipment(m, cmos);
	put(cmos, CPUS, 1, m->cfg->cpus > 256 ? 0 : m->cfg->cpus - 1);
}
