/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-testdev: the header that describes each test, and what is counted. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

#define MACHINE "-nodefaults -device pci-testdev"
#define MEM     0xe0000000ull
#define PORTS   0xc100

static void decode(struct guest *b)
{
	int devfn = bus_find_pci(b, 0x1b360005);

	MUST(devfn >= 0);
	EQ(0x00ff, bus_cfg_read(b, (unsigned)devfn, 0x0a, 2));
	EQ(0, bus_cfg_read(b, (unsigned)devfn, 0x3d, 1)); /* no interrupt */
	bus_cfg_write(b, (unsigned)devfn, 0x10, 4, 0xffffffff);
	bus_cfg_write(b, (unsigned)devfn, 0x14, 4, 0xffffffff);
	EQ(0xfffff000, bus_cfg_read(b, (unsigned)devfn, 0x10, 4));
	EQ(0xffffff01, bus_cfg_read(b, (unsigned)devfn, 0x14, 4));
	bus_cfg_write(b, (unsigned)devfn, 0x10, 4, MEM);
	bus_cfg_write(b, (unsigned)devfn, 0x14, 4, PORTS);
	bus_cfg_write(b, (unsigned)devfn, 4, 2, 3);
}

static void read_name(struct guest *b, char *name, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		name[i] = (char)bus_read(b, MEM + 16 + i, 1);
}

BUS_TEST(pci_testdev_headers, MACHINE)
{
	static const struct {
		const char *name;
		uint32_t offset;
		uint8_t data;
	} want[] = {
		{"mmio-no-eventfd", 2048, 0xfa},        {"mmio-wildcard-eventfd", 2049, 0xce},
		{"mmio-datamatch-eventfd", 2050, 0xfa}, {"portio-no-eventfd", 131, 0xfa},
		{"portio-wildcard-eventfd", 132, 0xce}, {"portio-datamatch-eventfd", 133, 0xfa},
	};
	char name[32];

	decode(b);
	EQ(0, bus_read(b, MEM + 4, 4)); /* none chosen yet */
	for (unsigned i = 0; i < 6; i++) {
		if (i < 3)
			bus_write(b, MEM, 1, i);
		else
			bus_out(b, PORTS, 1, i - 3);
		EQ(i, bus_read(b, MEM, 1));
		EQ(1, bus_in(b, PORTS + 1, 1)); /* width; both BARs show the header */
		EQ(want[i].offset, bus_read(b, MEM + 4, 4));
		EQ(want[i].data, bus_read(b, MEM + 8, 1));
		read_name(b, name, sizeof(name));
		EQS(want[i].name, name);
	}
	bus_write(b, MEM, 1, 3); /* there is no fourth */
	EQ(0, bus_read(b, MEM + 4, 4));
}

BUS_TEST(pci_testdev_counts, MACHINE)
{
	decode(b);
	bus_write(b, MEM, 1, 0);
	for (unsigned i = 0; i < 300; i++)
		bus_write(b, MEM + 2048, 1, 0xfa);
	EQ(300, bus_read(b, MEM + 12, 4));
	bus_write(b, MEM + 2048, 1, 0xfb); /* other data, another test's byte */
	bus_write(b, MEM + 2049, 1, 0xfa);
	EQ(300, bus_read(b, MEM + 12, 4));
	bus_out(b, PORTS, 1, 1);
	EQ(0, bus_in(b, PORTS + 12, 4));
	bus_out(b, PORTS + 132, 1, 0x11); /* any data */
	EQ(1, bus_in(b, PORTS + 12, 4));
}

LAW_OP("pci-testdev", count)
{
	unsigned kind = rig_rnd(r) % 4;

	rig_write(r, 1 + rig_rnd(r) % 2, 0, 1, kind);
	rig_write(r, 1, 2048 + kind, 1, 0xfa);
	rig_write(r, 2, 131 + kind, 1, 0xfa);
	rig_read(r, 1, 12, 4);
}
