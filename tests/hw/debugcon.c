/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-debugcon: bytes out, a known value in. */
#include "tests/hw/laws.h"

TEST(bytes_go_out_in_order)
{
	struct rig *r = rig_new(dev_class_find("isa-debugcon"));

	for (const char *s = "SeaBIOS"; *s; s++)
		rig_bus_write(r, SPACE_IO, 0xe9, 1, (uint8_t)*s);
	EQS("SeaBIOS", r->said);
	rig_bus_bulk(r, 0xe9, 1, true, (char[]){" (rep)"}, 6);
	EQS("SeaBIOS (rep)", r->said);
	rig_free(r);
}

TEST(reads_say_that_it_is_there)
{
	struct rig *r = rig_new(dev_class_find("isa-debugcon"));

	EQ(0xe9, rig_bus_read(r, SPACE_IO, 0xe9, 1));
	rig_free(r);
}

TEST(place_and_readback_are_properties)
{
	struct rig *r = rig_new(dev_class_find("isa-debugcon"));
	struct err e = {""};
	struct dev *d = dev_new(&r->env, r->dev->class, "bios", &e);

	OK(dev_prop_set(d, "iobase", "0x402", &e));
	OK(dev_prop_set(d, "readback", "0x55", &e));
	OK(dev_realize(d, NULL, &e));
	EQ(0x55, rig_bus_read(r, SPACE_IO, 0x402, 1));
	rig_bus_write(r, SPACE_IO, 0x402, 1, 'x'); /* without a stream it goes nowhere */
	EQS("", r->said);
	rig_free(r);
}

LAW_OP("isa-debugcon", print)
{
	rig_write(r, 0, 0, 1, rig_rnd(r) & 0xff);
}
