/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-debug-exit: what a write asks the board for. */
#include "tests/hw/laws.h"

static struct rig *port(void)
{
	return rig_new(dev_class_find("isa-debug-exit"));
}

TEST(status_is_twice_the_value_plus_one)
{
	struct rig *r = port();

	rig_bus_write(r, SPACE_IO, 0x501, 1, 0x21);
	EQ(1, r->requests);
	EQ(REQ_EXIT, r->request);
	EQ(0x43, r->request_arg);
	rig_bus_write(r, SPACE_IO, 0x502, 1, 0); /* the second port of two */
	EQ(1, r->request_arg);
	rig_bus_write(r, SPACE_IO, 0x501, 1, 0xff); /* a process status has 8 bits */
	EQ(0xff, r->request_arg);
	rig_free(r);
}

TEST(a_wide_write_is_one_exit)
{
	struct rig *r = port();

	rig_bus_write(r, SPACE_IO, 0x501, 2, 0x1010);
	EQ(1, r->requests);
	EQ(0x21, r->request_arg);
	rig_bus_write(r, SPACE_IO, 0x503, 1, 3); /* beyond iosize: nobody */
	EQ(1, r->requests);
	rig_free(r);
}

TEST(reads_give_zero_and_ask_nothing)
{
	struct rig *r = port();

	EQ(0, rig_bus_read(r, SPACE_IO, 0x501, 2));
	EQ(0, r->requests);
	rig_free(r);
}

TEST(refuses_ports_that_do_not_exist)
{
	struct rig *r = port();
	struct err e = {""};
	struct dev *d = dev_new(&r->env, r->dev->class, "x", &e);

	OK(dev_prop_set(d, "iosize", "5", &e));
	CHECK(dev_realize(d, NULL, &e) < 0);
	EQS("isa-debug-exit: iobase=0x501,iosize=5 are not 1 to 4 ports", e.msg);
	dev_free(d);
	rig_free(r);
}
