/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CMOS memory, as the AT's firmware sees it. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

static unsigned get(struct bus *b, unsigned i)
{
	bus_out(b, 0x70, 1, i);
	return bus_in(b, 0x71, 1);
}

static void put(struct bus *b, unsigned i, unsigned v)
{
	bus_out(b, 0x70, 1, i);
	bus_out(b, 0x71, 1, v);
}

BUS_TEST(memory, "-nodefaults")
{
	for (unsigned i = 0x0e; i < 0x80; i++)
		if (i != 0x32 && i != 0x37)
			put(b, i, i * 7 & 0xff);
	for (unsigned i = 0x0e; i < 0x80; i++)
		if (i != 0x32 && i != 0x37) {
			NOTE("index %02x", i);
			EQ(i * 7 & 0xff, get(b, i));
			EQ(i * 7 & 0xff, get(b, i | 0x80)); /* bit 7 masks NMI */
		}
	EQ(0xff, bus_in(b, 0x70, 1)); /* the index is write-only */
	bus_out(b, 0x70, 2, 0x5540);  /* index and data in one */
	EQ(0x55, bus_in(b, 0x71, 1));
	EQ(0x55, get(b, 0x40));
}

TEST(the_machine_fills_it)
{
	const struct dev_class *c = dev_class_find("cmos-nvram");
	struct rig *r;

	MUST(c);
	r = rig_new(c);
	dev_write(r->dev, 1, 0x15, 1, 0x80);
	dev_write(r->dev, 1, 0x16, 1, 0x02);
	rig_bus_write(r, SPACE_IO, 0x70, 1, 0x16);
	EQ(0x02, rig_bus_read(r, SPACE_IO, 0x71, 1));
	rig_free(r);
}

/* The shutdown status survives only as the mark of a sleeping machine. */
TEST(a_reset_keeps_the_rest)
{
	const struct dev_class *c = dev_class_find("cmos-nvram");
	struct rig *r;

	MUST(c);
	r = rig_new(c);
	dev_write(r->dev, 1, 0x0f, 1, 0x0a);
	dev_write(r->dev, 1, 0x40, 1, 0x99);
	dev_reset(r->dev, false);
	EQ(0x00, dev_read(r->dev, 1, 0x0f, 1));
	EQ(0x99, dev_read(r->dev, 1, 0x40, 1));
	dev_write(r->dev, 1, 0x0f, 1, 0xfe);
	dev_reset(r->dev, false);
	EQ(0xfe, dev_read(r->dev, 1, 0x0f, 1));
	rig_free(r);
}
