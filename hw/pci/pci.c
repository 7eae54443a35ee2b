/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/pci/pci.c: the PCI bus: places for functions, BARs, INTx, bus mastering.
 *
 * Spec:    PCI Local Bus 2.2, 6.1 (header), 6.2.2 (COMMAND), 6.2.5 (BARs, expansion ROMs)
 * State:   one bus, memory and I/O BARs of 32 bits, expansion ROMs, INTx, bus master gate
 * Missing: 64-bit BARs, capabilities and MSI, bridges
 * Tests:   tests/hw/pci.c
 */
#include "base/dev_owner.h"
#include "hw/pci/pci.h"

#include <errno.h>

enum { BAR_IO = 1 << 0, BAR_PREFETCH = 1 << 3 };
enum { ROM_ENABLE = 1 << 0 };
enum { HEADER_MULTIFUNCTION = 0x80 };
enum { SLOTS = 32, FUNCTIONS = 8, FIRST_BAR_WINDOW = 10, BARS = 6 };

/* d->child of every PCI device. */
struct pci_child {
	char *bootindex;
	char *addr;    /* addr=, "" = the class's place or the first free slot */
	char *romfile; /* NULL = the class's; "" = none */
	bool multifunction;
	uint8_t devfn;
};

static const struct pci_info *info_of(const struct dev *d)
{
	return d->class->bus_info;
}

static struct pci_child *child_of(const struct dev *d)
{
	return d->child;
}

static struct pci_config *config_of(const struct dev *d)
{
	return (struct pci_config *)((char *)d->state + info_of(d)->config);
}

unsigned pci_config_region(const struct dev *d)
{
	return info_of(d)->region;
}

uint8_t pci_devfn(const struct dev *d)
{
	return child_of(d)->devfn;
}

bool pci_bus_master(const struct dev *d)
{
	return config_of(d)->command & PCI_COMMAND_MASTER;
}

static bool is_multifunction(const struct dev *d)
{
	return info_of(d)->multifunction || child_of(d)->multifunction;
}

/* ---- places ---- */

static struct dev *find_in(struct dev_env *env, const struct bus *b, unsigned devfn)
{
	for_each_dev(d, env)
		if (dev_bus(d) == b && child_of(d)->devfn == devfn)
			return d;
	return NULL;
}

struct dev *pci_find(const struct bus *b, unsigned devfn)
{
	return b->owner ? find_in(b->owner->env, b, devfn) : NULL;
}

/* Hexadecimal with or without 0x; the rest of the text, or NULL when there is no number. */
static const char *parse_hex(const char *s, unsigned *v)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *start, *p;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	*v = 0;
	for (start = s; *s && (p = strchr(digits, *s)); s++) {
		if (s - start >= 4)
			return NULL;
		*v = *v << 4 | ((unsigned)(p - digits) & 15);
	}
	return s > start ? s : NULL;
}

/* "5", "1d.7", "0x1d.0x7" */
static bool parse_addr(const char *s, unsigned *devfn)
{
	unsigned slot, fn = 0;

	s = parse_hex(s, &slot);
	if (s && *s == '.')
		s = parse_hex(s + 1, &fn);
	*devfn = slot << 3 | fn;
	return s && !*s && slot < SLOTS && fn < FUNCTIONS;
}

static bool slot_empty(struct dev_env *env, const struct bus *b, unsigned slot)
{
	for (unsigned fn = 0; fn < FUNCTIONS; fn++)
		if (find_in(env, b, slot << 3 | fn))
			return false;
	return true;
}

static int choose_place(struct bus *b, struct dev *d, unsigned *devfn, struct err *e)
{
	const char *addr = child_of(d)->addr;
	const struct pci_info *info = info_of(d);

	if (addr && *addr) {
		if (!parse_addr(addr, devfn))
			return err_set(e, -EINVAL,
				       "addr=%s is not a PCI place: slot or slot.function in "
				       "hexadecimal, up to 1f.7",
				       addr);
		return 0;
	}
	if (info->slot >= 0) {
		*devfn = (unsigned)info->slot << 3 | (unsigned)info->fn;
		return 0;
	}
	for (unsigned slot = 0; slot < SLOTS; slot++)
		if (slot_empty(d->env, b, slot)) {
			*devfn = slot << 3;
			return 0;
		}
	return err_set(e, -ENOSPC, "no slot is free on bus %s", b->name);
}

/* Function 0 has to announce that there are others, else no guest looks for them. */
static int check_functions(struct bus *b, struct dev *d, unsigned devfn, struct err *e)
{
	struct dev *zero = devfn & 7 ? find_in(d->env, b, devfn & ~7u) : d;
	struct dev *there = find_in(d->env, b, devfn);

	if (there)
		return err_set(e, -EBUSY, "place %02x.%x of bus %s is taken by %s", devfn >> 3,
			       devfn & 7, b->name, there->id);
	if (!zero || is_multifunction(zero))
		return 0;
	if (devfn & 7)
		return err_set(e, -EINVAL,
			       "%02x.0 (%s) is a single function: it needs "
			       "multifunction=on for %02x.%x to be seen",
			       devfn >> 3, zero->id, devfn >> 3, devfn & 7);
	if (!slot_empty(d->env, b, devfn >> 3))
		return err_set(e, -EINVAL,
			       "%02x.0 needs multifunction=on: other functions of "
			       "the slot are in use",
			       devfn >> 3);
	return 0;
}

static int pci_plug(struct bus *b, struct dev *d, struct err *e)
{
	static const char hex[] = "0123456789abcdef";
	char place[] = "00.0";
	struct pci_child *c = child_of(d);
	unsigned devfn = 0, intx = info_of(d)->intx;
	int rc = choose_place(b, d, &devfn, e);

	if (rc < 0 || (rc = check_functions(b, d, devfn, e)) < 0)
		return rc;
	c->devfn = (uint8_t)devfn;
	place[0] = hex[devfn >> 7];
	place[1] = hex[devfn >> 3 & 15];
	place[3] = hex[devfn & 7];
	dev_set_address(d, place);
	rc = dev_rom(d, PCI_ROM_RAM, c->romfile ? c->romfile : info_of(d)->rom, e);
	if (rc < 0)
		return rc;
	if (intx)
		dev_line_to(d, 0, LINE_INTX, (devfn >> 3) << 2 | (intx - 1));
	return dev_prop_set(d, "addr", place, e); /* monitors show where it came to be */
}

static void pci_unplug(struct bus *b, struct dev *d)
{
	/* The device table takes d off its list: nothing is kept here. */
	(void)b;
	(void)d;
}

/* ---- configuration ---- */

uint64_t pci_header_read(struct dev *d, const struct access *a)
{
	(void)a;
	return is_multifunction(d) ? HEADER_MULTIFUNCTION : 0;
}

static uint32_t bar_size(const struct dev *d, const struct pci_bar *bar)
{
	return bar->ram ? dev_ram_size(d, bar->region) : bar->size;
}

/* Address bits that a BAR can hold: all ones written and read back tell its size. */
static uint32_t bar_mask(const struct dev *d, const struct pci_bar *bar)
{
	uint32_t size = bar_size(d, bar);

	return size ? ~(size - 1) & (bar->io ? ~3u : ~15u) : 0;
}

uint64_t pci_bar_read(struct dev *d, const struct access *a)
{
	const struct pci_bar *bar = &info_of(d)->bar[a->index];
	uint32_t type = bar->io ? BAR_IO : bar->prefetch ? BAR_PREFETCH : 0;

	return bar_size(d, bar) ? (config_of(d)->bar[a->index] & bar_mask(d, bar)) | type : 0;
}

void pci_bar_written(struct dev *d, const struct access *a)
{
	uint64_t v = (a->old & ~a->lanes) | a->val;

	config_of(d)->bar[a->index] = (uint32_t)v & bar_mask(d, &info_of(d)->bar[a->index]);
}

static uint32_t rom_mask(const struct dev *d)
{
	uint32_t size = dev_ram_size(d, PCI_ROM_RAM);

	return size ? ~(size - 1) | ROM_ENABLE : 0;
}

uint64_t pci_rom_read(struct dev *d, const struct access *a)
{
	(void)a;
	return config_of(d)->rom_bar & rom_mask(d);
}

void pci_rom_written(struct dev *d, const struct access *a)
{
	config_of(d)->rom_bar = (uint32_t)((a->old & ~a->lanes) | a->val) & rom_mask(d);
}

/* Address 0 is how a BAR looks before anyone has placed it, and all ones is how it looks while it
 * is being sized: neither decodes, whatever COMMAND says. */
static uint64_t bar_base(const struct dev *d, const struct pci_bar *bar, unsigned n)
{
	const struct pci_config *c = config_of(d);
	uint64_t base = c->bar[n] & bar_mask(d, bar), last = base + bar_size(d, bar) - 1;

	if (!base)
		return WINDOW_OFF;
	if (!(c->command & (bar->io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
		return WINDOW_OFF;
	return last >= (bar->io ? 0x10000u : UINT32_MAX) ? WINDOW_OFF : base;
}

static uint64_t rom_base(const struct dev *d)
{
	const struct pci_config *c = config_of(d);
	uint32_t base = c->rom_bar & rom_mask(d) & ~(uint32_t)ROM_ENABLE;

	if (!base || !(c->rom_bar & ROM_ENABLE) || !(c->command & PCI_COMMAND_MEMORY))
		return WINDOW_OFF;
	return base + (uint64_t)dev_ram_size(d, PCI_ROM_RAM) > UINT32_MAX ? WINDOW_OFF : base;
}

uint32_t pci_bar_size(const struct dev *d, unsigned n)
{
	return n < BARS ? bar_size(d, &info_of(d)->bar[n]) : dev_ram_size(d, PCI_ROM_RAM);
}

uint64_t pci_bar_base(const struct dev *d, unsigned n)
{
	return n < BARS ? bar_base(d, &info_of(d)->bar[n], n) : rom_base(d);
}

static void pci_settle(struct dev *d)
{
	const struct pci_info *info = info_of(d);

	for (unsigned i = 0; i < BARS; i++) {
		const struct pci_bar *bar = &info->bar[i];

		if (bar->ram)
			dev_ram_window(d, bar->region, bar_base(d, bar, i), false);
		else if (bar->size)
			dev_window(d, FIRST_BAR_WINDOW + i, bar->region, bar->off, bar->size,
				   bar->io ? SPACE_IO : SPACE_MEM, bar_base(d, bar, i));
	}
	dev_ram_window(d, PCI_ROM_RAM, rom_base(d), true);
}

void pci_intx(struct dev *d, bool level)
{
	struct pci_config *c = config_of(d);

	c->status = (uint16_t)((c->status & ~PCI_STATUS_INTX) | (level ? PCI_STATUS_INTX : 0));
	dev_line(d, 0, level && !(c->command & PCI_COMMAND_INTX_DISABLE));
}

static const struct prop pci_props[] = {
	{"bootindex", PROP_STR, offsetof(struct pci_child, bootindex), NULL,
	 "place in the firmware's boot order, from 0; default: none", 0},
	{"addr", PROP_STR, offsetof(struct pci_child, addr), NULL,
	 "slot[.function] in hexadecimal; default: the first free slot", 0},
	{"multifunction", PROP_BOOL, offsetof(struct pci_child, multifunction), "off",
	 "function 0 announces that its slot has more functions", 0},
	{"romfile", PROP_STR, offsetof(struct pci_child, romfile), NULL,
	 "expansion ROM, from the folders of -L; \"\" = none; default: the device's own", 0},
};

const struct bus_type pci_bus_type = {
	.name = "PCI",
	.child_size = sizeof(struct pci_child),
	.props = pci_props,
	.n_props = ARRAY_SIZE(pci_props),
	.plug = pci_plug,
	.unplug = pci_unplug,
	.settle = pci_settle,
	.may_dma = pci_bus_master,
};
