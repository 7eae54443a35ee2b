/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI bus, against PCI Local Bus 2.2, with a function that has a BAR of each kind. */
#include "hw/pci/pci.h"
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

#include <errno.h>

struct toy {
	struct pci_config pci;
	uint8_t level;
};

static void toy_settle(struct dev *d)
{
	const struct toy *t = d->state;

	pci_intx(d, t->level);
}

static const struct region toy_regions[] = {
	{.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	{.name = "regs", .len = 0x10000, .unclaimed = 0xff},
};

/* clang-format off */
static const struct row toy_rows[] = {
	PCI_ROWS(0, struct toy, pci, 0x1234, 0x5678, 3, 0x010203, 0, 1,
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		 PCI_COMMAND_INTX_DISABLE, 0x0280),
	REG(0, struct toy, level, .region = 1, .rw = 1),
};
/* clang-format on */

static const struct pci_info toy_pci = {
	.config = offsetof(struct toy, pci),
	.region = 0,
	.intx = 1,
	.bar = {{.size = 32, .region = 1, .io = true},
		{.size = 0x1000, .region = 1},
		{.size = 0x10000, .region = 1, .prefetch = true},
		{.size = 16, .region = 1, .off = 0x100}},
	.slot = -1,
};

static struct dev_class toy_class = {
	.name = "test-pci",
	.summary = "a PCI function of the tests",
	.bus = &pci_bus_type,
	.bus_info = &toy_pci,
	.state_size = sizeof(struct toy),
	.regions = toy_regions,
	.n_regions = ARRAY_SIZE(toy_regions),
	.rows = toy_rows,
	.n_rows = ARRAY_SIZE(toy_rows),
	.n_lines = 1,
	.internal = true,
	.settle = toy_settle,
};
DEV_REGISTER(toy_class)

static struct dev *plug(struct rig *r, const char *addr, bool multifunction, struct err *e)
{
	struct dev *d = dev_new(&r->env, &toy_class, addr, e);

	MUST(d);
	OK(dev_prop_set(d, "addr", addr, e));
	OK(dev_prop_set(d, "multifunction", multifunction ? "on" : "off", e));
	if (!dev_realize(d, NULL, e))
		return d;
	dev_free(d);
	return NULL;
}

/* A fresh function, its BARs not programmed. */
static struct rig *bench(struct dev **d)
{
	const struct dev_class *c = dev_class_find("i440FX-pcihost");
	struct err e = {""};
	struct rig *r;

	MUST(c);
	r = rig_new(c);
	*d = plug(r, "", false, &e);
	MUST(*d);
	return r;
}

static uint32_t cfg(struct dev *d, unsigned at, unsigned size)
{
	return (uint32_t)dev_read(d, pci_config_region(d), at, size);
}

static void put(struct dev *d, unsigned at, unsigned size, uint32_t v)
{
	dev_write(d, pci_config_region(d), at, size, v);
}

static uint64_t bar_at(struct dev *d, unsigned n)
{
	return dev_windows(d)[10 + n].base;
}

TEST(header)
{
	struct dev *d;
	struct rig *r = bench(&d);

	EQ(0x56781234, cfg(d, 0, 4));
	EQ(0x02800000, cfg(d, 4, 4));
	EQ(0x01020303, cfg(d, 8, 4));
	EQ(0x00, cfg(d, 0x0e, 1));
	EQ(0x11001af4, cfg(d, 0x2c, 4));
	EQ(0x0100, cfg(d, 0x3c, 2));
	put(d, 0x04, 4, 0xffffffff);
	EQ(0x02800407, cfg(d, 4, 4));
	put(d, 0x30, 4, 0xffffffff); /* no ROM */
	EQ(0, cfg(d, 0x30, 4));
	put(d, 0x3c, 1, 0x0b);
	EQ(0x010b, cfg(d, 0x3c, 2));
	EQ(0, cfg(d, 0xfc, 4));
	rig_free(r);
}

TEST(bars_tell_their_size)
{
	static const uint32_t sizes[6] = {0xffffffe1, 0xfffff000, 0xffff0008, 0xfffffff0, 0, 0};
	static const uint32_t types[6] = {1, 0, 8, 0, 0, 0};
	struct dev *d;
	struct rig *r = bench(&d);

	for (unsigned i = 0; i < 6; i++) {
		unsigned at = 0x10 + 4 * i;

		NOTE("BAR %u", i);
		EQ(types[i], cfg(d, at, 4));
		put(d, at, 4, 0xffffffff);
		EQ(sizes[i], cfg(d, at, 4));
		put(d, at, 4, 0);
		put(d, at + 3, 1, 0xe0);
		EQ(sizes[i] ? 0xe0000000u | types[i] : 0, cfg(d, at, 4));
		put(d, at + 2, 2, 0xd00d);
		EQ(sizes[i] ? 0xd00du << 16 | types[i] : 0, cfg(d, at, 4));
	}
	rig_free(r);
}

TEST(bars_decode)
{
	struct dev *d;
	struct rig *r = bench(&d);

	put(d, 0x10, 4, 0xc040);
	put(d, 0x14, 4, 0xe0001000);
	EQ(WINDOW_OFF, bar_at(d, 0));
	EQ(WINDOW_OFF, bar_at(d, 1));
	put(d, 0x04, 2, PCI_COMMAND_IO);
	EQ(0xc040, bar_at(d, 0));
	EQ(32, dev_windows(d)[10].len);
	EQ(SPACE_IO, dev_windows(d)[10].space);
	EQ(WINDOW_OFF, bar_at(d, 1));
	put(d, 0x04, 2, PCI_COMMAND_MEMORY);
	EQ(WINDOW_OFF, bar_at(d, 0));
	EQ(0xe0001000, bar_at(d, 1));
	EQ(SPACE_MEM, dev_windows(d)[11].space);
	EQ(WINDOW_OFF, bar_at(d, 2)); /* not placed yet */
	put(d, 0x14, 4, 0xffffffff);
	EQ(WINDOW_OFF, bar_at(d, 1)); /* being sized */
	put(d, 0x1c, 4, 0xfebf0010);
	EQ(0xfebf0010, bar_at(d, 3));
	EQ(0x100, dev_windows(d)[13].off);
	put(d, 0x04, 2, PCI_COMMAND_IO);
	put(d, 0x10, 4, 0x10000); /* beyond the ports there are */
	EQ(WINDOW_OFF, bar_at(d, 0));
	put(d, 0x10, 4, 0xffe0);
	EQ(0xffe0, bar_at(d, 0));
	dev_reset(d, false);
	EQ(WINDOW_OFF, bar_at(d, 0));
	EQ(1, cfg(d, 0x10, 4));
	rig_free(r);
}

TEST(interrupt_pin)
{
	struct dev *d;
	struct rig *r = bench(&d);
	enum line_to to;
	unsigned pin;

	dev_write(d, 1, 0, 1, 1);
	EQ(1, dev_line_counter(d, 0) & 1);
	EQ(0x0288, cfg(d, 6, 2));
	put(d, 4, 2, PCI_COMMAND_INTX_DISABLE);
	EQ(0, dev_line_counter(d, 0) & 1);
	EQ(0x0288, cfg(d, 6, 2)); /* still shown */
	put(d, 4, 2, 0);
	EQ(1, dev_line_counter(d, 0) & 1);
	dev_write(d, 1, 0, 1, 0);
	EQ(0, dev_line_counter(d, 0) & 1);
	EQ(0x0280, cfg(d, 6, 2));
	d = plug(r, "1f.0", false, &(struct err){""});
	dev_line_target(d, 0, &to, &pin);
	EQ(LINE_INTX, to);
	EQ(0x1f << 2, pin);
	rig_free(r);
}

TEST(bus_master_gate)
{
	uint8_t byte = 0x5a;
	struct dev *d;
	struct rig *r = bench(&d);

	EQ(-EFAULT, dma_write(d, 0x1000, &byte, 1));
	EQ(0, r->ram[0x1000]);
	CHECK(!pci_bus_master(d));
	put(d, 4, 2, PCI_COMMAND_MASTER);
	CHECK(pci_bus_master(d));
	OK(dma_write(d, 0x1000, &byte, 1));
	EQ(0x5a, r->ram[0x1000]);
	rig_free(r);
}

TEST(places)
{
	struct err e = {""};
	struct dev *d, *f;
	struct rig *r = bench(&d);
	struct bus *b = dev_bus(d);
	char path[64];

	EQ(0x00, pci_devfn(d));
	CHECK(pci_find(b, 0) == d);
	CHECK(!pci_find(b, 8));
	f = plug(r, "0x1d.0x7", false, &e);
	MUST(f);
	EQ(0xef, pci_devfn(f));
	dev_path(f, path, sizeof(path));
	EQS("/pci.0/1d.7", path);
	f = plug(r, "1D.2", false, &e);
	MUST(f);
	EQ(0xea, pci_devfn(f));
	EQ(0x08, pci_devfn(plug(r, "", false, &e)));
	EQS("", e.msg);
	dev_free(f);
	CHECK(!pci_find(b, 0xea));
	CHECK(plug(r, "1d.2", false, &e));
	rig_free(r);
}

TEST(refused_places)
{
	static const char *const bad[] = {"20", "1.8", "x", "1.", ".1", "1,1", "0x", "11111", "5 "};
	struct err e = {""};
	struct dev *d;
	struct rig *r = bench(&d);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		NOTE("%s", bad[i]);
		err_clear(&e);
		CHECK(!plug(r, bad[i], false, &e));
		CHECK(strstr(e.msg, "not a PCI place"));
	}
	err_clear(&e);
	CHECK(!plug(r, "0", false, &e));
	CHECK(strstr(e.msg, "taken"));
	for (unsigned slot = 1; slot < 32; slot++)
		CHECK(plug(r, "", false, &e) != NULL);
	err_clear(&e);
	CHECK(!plug(r, "", false, &e));
	CHECK(strstr(e.msg, "no slot is free"));
	rig_free(r);
}

TEST(functions_are_announced)
{
	struct err e = {""};
	struct dev *d, *zero;
	struct rig *r = bench(&d);

	CHECK(!plug(r, "0.1", false, &e)); /* 0.0 is a single function */
	CHECK(strstr(e.msg, "multifunction=on"));
	zero = plug(r, "4", true, &e);
	MUST(zero);
	EQ(0x80, cfg(zero, 0x0e, 1));
	d = plug(r, "4.3", false, &e);
	MUST(d);
	EQ(0x00, cfg(d, 0x0e, 1));
	MUST(plug(r, "6.1", false, &e)); /* function 0 may come later */
	err_clear(&e);
	CHECK(!plug(r, "6.0", false, &e));
	CHECK(strstr(e.msg, "multifunction=on"));
	CHECK(plug(r, "6.0", true, &e));
	rig_free(r);
}

BUS_TEST(machine_has_its_bridges, "-nodefaults")
{
	EQ(0, bus_find_pci(b, 0x80861237));
	EQ(8, bus_find_pci(b, 0x80867000));
	EQ(-1, bus_find_pci(b, 0x12345678));
}

TEST(the_place_that_was_chosen_shows)
{
	struct dev *d;
	struct rig *r = bench(&d);
	char addr[16];

	OK(dev_prop_get(d, "addr", addr, sizeof(addr)));
	EQS("00.0", addr);
	rig_free(r);
}
