/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HPET, against IA-PC HPET 1.0a. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

enum { AT = 0xfed00000, CONF = AT + 0x10, ISR = AT + 0x20, MAIN = AT + 0xf0, T0 = AT + 0x100 };
enum { LEVEL = 2, ENB = 4, PERIODIC = 8, VAL_SET = 0x40, MODE32 = 0x100, ROUTE2 = 2 << 9 };

BUS_TEST(hpet_reset_values, "-nodefaults")
{
	EQ(0x009896808086a201, bus_read(b, AT, 8)); /* 10 ns, 64 bits, legacy, 3 timers */
	EQ(0, bus_read(b, CONF, 8));
	EQ(0, bus_read(b, MAIN, 8));
	for (unsigned n = 0; n < 3; n++) {
		EQ(0x400000030, bus_read(b, T0 + 0x20 * n, 8));
		EQ(~0ull, bus_read(b, T0 + 0x20 * n + 8, 8));
	}
	bus_write(b, CONF, 8, 0xfffffffffffffffe);
	EQ(2, bus_read(b, CONF, 8));
	bus_write(b, T0, 8, ~0ull);
	EQ(0x400003f7e, bus_read(b, T0, 8));
	bus_step(b, NS_PER_MS);
	EQ(0, bus_read(b, MAIN, 8)); /* halted */
}

BUS_TEST(hpet_counts, "-nodefaults")
{
	bus_write(b, MAIN, 8, 0xfffffffe);
	bus_write(b, CONF, 4, 1);
	bus_step(b, 29);
	EQ(0x100000000, bus_read(b, MAIN, 8));
	EQ(1, bus_read(b, MAIN + 4, 4));
	bus_step(b, 1);
	EQ(1, bus_read(b, MAIN, 4));
	bus_write(b, CONF, 4, 0);
	bus_step(b, 1000);
	EQ(0x100000001, bus_read(b, MAIN, 8));
}

BUS_TEST(hpet_one_shot_edge, "-nodefaults")
{
	bus_write(b, T0, 4, ENB | ROUTE2);
	bus_write(b, T0 + 8, 8, 1000);
	bus_write(b, CONF, 4, 1);
	bus_step(b, 9999);
	EQ(0, bus_edges(b, 2));
	bus_step(b, 1);
	EQ(1, bus_edges(b, 2));
	CHECK(!bus_irq(b, 2));
	EQ(0, bus_read(b, ISR, 4)); /* edges leave no status */
	bus_step(b, NS_PER_SEC);
	EQ(1, bus_edges(b, 2));
}

BUS_TEST(hpet_level, "-nodefaults")
{
	bus_write(b, T0 + 0x20, 4, LEVEL | ROUTE2);
	bus_write(b, T0 + 0x28, 4, 100);
	bus_write(b, T0 + 0x2c, 4, 0);
	bus_write(b, CONF, 4, 1);
	bus_step(b, 1000);
	EQ(2, bus_read(b, ISR, 4)); /* status also while not enabled */
	CHECK(!bus_irq(b, 2));
	bus_write(b, T0 + 0x20, 4, LEVEL | ENB | ROUTE2);
	CHECK(bus_irq(b, 2));
	bus_write(b, ISR, 4, 1);
	CHECK(bus_irq(b, 2));
	bus_write(b, ISR, 4, 2);
	CHECK(!bus_irq(b, 2));
}

BUS_TEST(hpet_periodic, "-nodefaults")
{
	bus_write(b, T0, 4, ENB | PERIODIC | VAL_SET | ROUTE2);
	bus_write(b, T0 + 8, 4, 5000); /* first match */
	EQ(0, bus_read(b, T0, 4) & VAL_SET);
	bus_write(b, T0 + 0xc, 4, 0);
	bus_write(b, T0 + 8, 4, 100000); /* period: 1 ms */
	bus_write(b, T0, 4, ENB | PERIODIC | VAL_SET | MODE32 | ROUTE2);
	bus_write(b, T0 + 8, 4, 5000);
	bus_write(b, T0 + 8, 4, 100000);
	EQ(5000, bus_read(b, T0 + 8, 8));
	bus_write(b, CONF, 4, 1);
	bus_step(b, 50000);
	EQ(1, bus_edges(b, 2));
	EQ(105000, bus_read(b, T0 + 8, 4));
	bus_step(b, 10 * NS_PER_MS);
	EQ(11, bus_edges(b, 2));
	bus_write(b, T0 + 8, 4, 1); /* 10 ns: bounded */
	bus_step(b, 10 * NS_PER_MS);
	CHECK(bus_edges(b, 2) > 11);
	CHECK(bus_edges(b, 2) < 1000);
}

BUS_TEST(hpet_legacy_replacement, "-nodefaults")
{
	unsigned before;

	bus_out(b, 0x43, 1, 0x34); /* counter 0 of the 8254, mode 2, 1 ms */
	bus_out(b, 0x40, 1, 0xa9);
	bus_out(b, 0x40, 1, 0x04);
	bus_step(b, 5 * NS_PER_MS);
	CHECK(bus_irq(b, 0));
	bus_write(b, T0, 4, ENB);
	bus_write(b, T0 + 8, 8, 100);
	bus_write(b, T0 + 0x20, 4, ENB);
	bus_write(b, T0 + 0x28, 8, 200);
	bus_write(b, CONF, 4, 3);
	CHECK(!bus_irq(b, 0)); /* the 8254 is cut off */
	before = bus_edges(b, 0);
	bus_step(b, 1000);
	EQ(before + 1, bus_edges(b, 0));
	EQ(0, bus_edges(b, 8));
	bus_step(b, 1000);
	EQ(1, bus_edges(b, 8));
	bus_step(b, 10 * NS_PER_MS);
	EQ(before + 1, bus_edges(b, 0));
	bus_write(b, CONF, 4, 0);
	bus_step(b, 10 * NS_PER_MS);
	CHECK(bus_edges(b, 0) >= before + 10);
}

/* Linux leaves it so once it has a better clock: nobody is woken, the comparator goes on. */
BUS_TEST(hpet_periodic_unheard, "-nodefaults")
{
	bus_write(b, T0, 4, ENB | PERIODIC | VAL_SET | MODE32 | ROUTE2);
	bus_write(b, T0 + 8, 4, 5000);
	bus_write(b, T0 + 8, 4, 100000);
	bus_write(b, CONF, 4, 1);
	bus_step(b, 10 * NS_PER_MS + 50000); /* by now 11 matches */
	EQ(11, bus_edges(b, 2));
	bus_write(b, T0, 4, PERIODIC | MODE32 | ROUTE2);
	bus_step(b, 100 * NS_PER_MS - 50000);
	EQ(11, bus_edges(b, 2));
	EQ(11005000, bus_read(b, T0 + 8, 4));
	bus_step(b, 49990);
	EQ(11005000, bus_read(b, T0 + 8, 4));
	bus_step(b, 10);
	EQ(11105000, bus_read(b, T0 + 8, 4));
	bus_write(b, T0, 4, ENB | PERIODIC | MODE32 | ROUTE2);
	bus_step(b, NS_PER_MS - 10);
	EQ(11, bus_edges(b, 2));
	bus_step(b, 10);
	EQ(12, bus_edges(b, 2));
	EQ(11205000, bus_read(b, T0 + 8, 4));
}

TEST(hpet_wakes_for_what_is_heard)
{
	struct rig *r = rig_new(dev_class_find("hpet"));

	rig_write(r, 0, 0x100, 4, ENB | PERIODIC | VAL_SET | ROUTE2);
	rig_write(r, 0, 0x108, 8, 100000);
	EQ(INT64_MAX, clock_next(r->clock)); /* halted */
	rig_write(r, 0, 0x10, 4, 1);
	EQ(clock_now(r->clock) + NS_PER_MS, clock_next(r->clock));
	rig_write(r, 0, 0x100, 4, PERIODIC | ROUTE2);
	EQ(INT64_MAX, clock_next(r->clock));
	rig_write(r, 0, 0x100, 4, ENB | PERIODIC); /* an input that it cannot reach */
	EQ(INT64_MAX, clock_next(r->clock));
	rig_write(r, 0, 0x10, 4, 3); /* legacy replacement can */
	EQ(clock_now(r->clock) + NS_PER_MS, clock_next(r->clock));
	rig_write(r, 0, 0x100, 4, PERIODIC | LEVEL); /* its status is read */
	EQ(clock_now(r->clock) + NS_PER_MS, clock_next(r->clock));
	rig_free(r);
}

LAW_OP("hpet", hpet_run)
{
	uint32_t t = 0x100 + 0x20 * (rig_rnd(r) % 3);

	rig_write(r, 0, t, 4, (rig_rnd(r) & 0x14e) | (rig_rnd(r) & 1 ? ROUTE2 : 0));
	rig_write(r, 0, t + 8, 4, rig_rnd(r) % 10000);
	rig_write(r, 0, 0x10, 4, rig_rnd(r) | (rig_rnd(r) % 4 != 0));
	rig_run(r, rig_rnd(r) % 200000);
	rig_write(r, 0, 0x20, 4, rig_rnd(r));
}
