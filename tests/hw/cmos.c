/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CMOS memory, as the AT's firmware sees it. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

#include <stdio.h>

static unsigned get(struct guest *b, unsigned i)
{
	bus_out(b, 0x70, 1, i);
	return bus_in(b, 0x71, 1);
}

static void put(struct guest *b, unsigned i, unsigned v)
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

static unsigned get16(struct guest *b, unsigned i)
{
	return get(b, i) | get(b, i + 1) << 8;
}

BUS_TEST(small_machine, "-nodefaults -m 8 -boot order=nda")
{
	EQ(640, get16(b, 0x15));
	EQ(7 * 1024, get16(b, 0x17));
	EQ(7 * 1024, get16(b, 0x30));
	EQ(0, get16(b, 0x34));
	EQ(0, get(b, 0x5b) | get(b, 0x5c) | get(b, 0x5d));
	EQ(0x06, get(b, 0x14)); /* FPU and mouse */
	EQ(0x00, get(b, 0x10)); /* no floppy drives */
	EQ(0x00, get(b, 0x12));
	EQ(0x34, get(b, 0x3d));
	EQ(0x10, get(b, 0x38));
	EQ(0, get(b, 0x5f));
}

BUS_TEST(large_machine, "-nodefaults -m 5G -smp 3 -no-fd-bootchk")
{
	EQ(640, get16(b, 0x15));
	EQ(65535, get16(b, 0x17));
	EQ(65535, get16(b, 0x30));
	EQ((0xc0000000 - 0x1000000) >> 16, get16(b, 0x34));
	EQ(0x00, get(b, 0x5b)); /* 2 GiB are above */
	EQ(0x80, get(b, 0x5c));
	EQ(0x00, get(b, 0x5d));
	EQ(0x12, get(b, 0x3d));
	EQ(0x31, get(b, 0x38));
	EQ(2, get(b, 0x5f));
}

static bool boots_from(struct guest *b, void *arg)
{
	return get(b, 0x3d) == *(unsigned *)arg;
}

BUS_TEST(boots_once, "-nodefaults -boot once=d,order=c")
{
	unsigned after = 0x02;

	EQ(0x03, get(b, 0x3d));
	EQ(0x00, get(b, 0x38));
	put(b, 0x40, 0x77);
	bus_out(b, 0xcf9, 1, 0x06);
	CHECK(bus_wait(b, boots_from, &after));
	EQ(0x77, get(b, 0x40));
}

static const char *two_disks(void)
{
	static char args[600];

	snprintf(args, sizeof(args),
		 "-nodefaults -drive file=%s,if=ide,index=0,format=raw"
		 " -drive file=%s,if=ide,index=3,format=raw",
		 bus_tmpfile(16 * 63 * 512 * 100), bus_tmpfile(4ull << 30));
	return args;
}

BUS_TEST(disks, two_disks())
{
	EQ(0xf0, get(b, 0x12));
	EQ(47, get(b, 0x19));
	EQ(0, get(b, 0x1a));
	EQ(100, get16(b, 0x1b));
	EQ(16, get(b, 0x1d));
	EQ(0xffff, get16(b, 0x1e));
	EQ(0xc8, get(b, 0x20));
	EQ(100, get16(b, 0x21));
	EQ(63, get(b, 0x23));
	EQ(0x40, get(b, 0x39)); /* only the large one is translated */
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
