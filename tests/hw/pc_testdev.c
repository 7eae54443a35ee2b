/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pc-testdev: what goes in comes out; lines follow their ports. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

#define MACHINE "-nodefaults -device pc-testdev"
#define IOMEM   0xff000000ull

BUS_TEST(pc_testdev_port_of_four_bytes, MACHINE)
{
	bus_out(b, 0xe0, 4, 0x12345678);
	EQ(0x12345678, bus_in(b, 0xe0, 4));
	EQ(0x1234, bus_in(b, 0xe2, 2));
	bus_out(b, 0xe1, 1, 0xaa);
	EQ(0x1234aa78, bus_in(b, 0xe0, 4));
	EQ(0x1234aa78, bus_in(b, 0xe8, 4)); /* the same dword */
	bus_out(b, 0xea, 2, 0xbeef);
	EQ(0xbeefaa78, bus_in(b, 0xe0, 4));
	EQ(0xbe, bus_in(b, 0xeb, 1));
}

BUS_TEST(pc_testdev_lines, MACHINE)
{
	for (unsigned irq = 3; irq < 16; irq += 3) {
		CHECK(!bus_irq(b, irq));
		bus_out(b, (uint16_t)(0x2000 + irq), 1, 0x80); /* anything but zero */
		CHECK(bus_irq(b, irq));
		CHECK(!bus_irq(b, irq + 1));
		bus_out(b, (uint16_t)(0x2000 + irq), 1, 0);
		CHECK(!bus_irq(b, irq));
		EQ(1, bus_edges(b, irq));
	}
	bus_out(b, 0x2005, 2, 0xffff); /* bytes only */
	CHECK(!bus_irq(b, 5));
	bus_out(b, 0x2017, 1, 1); /* no such line */
}

BUS_TEST(pc_testdev_memory, MACHINE)
{
	EQ(0, bus_read(b, IOMEM, 8));
	bus_write(b, IOMEM, 8, 0x1122334455667788);
	EQ(0x55, bus_read(b, IOMEM + 3, 1));
	EQ(0x3344, bus_read(b, IOMEM + 4 + 0, 4) >> 0 & 0xffff);
	bus_write(b, IOMEM + 0xffff, 1, 0x5a);
	EQ(0x5a, bus_read(b, IOMEM + 0xffff, 1));
	bus_write(b, IOMEM + 2, 2, 0xcafe);
	EQ(0x11223344cafe7788, bus_read(b, IOMEM, 8));
}

TEST(pc_testdev_flush_wants_ram)
{
	struct rig *r = rig_new(dev_class_find("pc-testdev"));

	rig_bus_write(r, SPACE_IO, 0xe4, 4, 0x1234);
	EQ(0, dev_guest_errors(r->dev));
	rig_bus_write(r, SPACE_IO, 0xe4, 4, 0xf0000000);
	EQ(1, dev_guest_errors(r->dev));
	rig_bus_write(r, SPACE_IO, 0xe4, 2, 0xf000); /* not a dword: nothing */
	EQ(1, dev_guest_errors(r->dev));
	rig_free(r);
}

TEST(pc_testdev_reset_drops_lines_only)
{
	struct rig *r = rig_new(dev_class_find("pc-testdev"));

	rig_bus_write(r, SPACE_IO, 0xe0, 4, 77);
	rig_bus_write(r, SPACE_IO, 0x2007, 1, 1);
	EQ(1, dev_line_counter(r->dev, 7) & 1);
	dev_reset(r->dev, false);
	EQ(0, dev_line_counter(r->dev, 7) & 1);
	EQ(77, rig_bus_read(r, SPACE_IO, 0xe0, 4));
	rig_free(r);
}

LAW_OP("pc-testdev", raise)
{
	rig_write(r, 3, rig_rnd(r) % 24, 1, rig_rnd(r) & 1);
	rig_write(r, 4, rig_rnd(r) & 0xfff8, 8, rig_rnd(r));
}
