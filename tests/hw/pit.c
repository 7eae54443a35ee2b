/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 and port 61, against Intel 231164-005. Counter 2 is watched at port 61, its gate set
 * there; counter 0 by IRQ 0. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

enum { HZ = 1193182, OUT2 = 0x20 };

/* The first ns at which `n` CLKs have passed since time 0 of a counter. */
static int64_t clocks(int64_t n)
{
	return (n * NS_PER_SEC + HZ - 1) / HZ;
}

static void gate(struct guest *b, bool on)
{
	bus_out(b, 0x61, 1, on);
}

static bool out2(struct guest *b)
{
	return bus_in(b, 0x61, 1) & OUT2;
}

static void program(struct guest *b, unsigned n, unsigned mode, unsigned count)
{
	bus_out(b, 0x43, 1, n << 6 | 0x30 | mode << 1);
	bus_out(b, (uint16_t)(0x40 + n), 1, count & 0xff);
	bus_out(b, (uint16_t)(0x40 + n), 1, count >> 8);
}

static unsigned latched(struct guest *b, unsigned n)
{
	unsigned low;

	bus_out(b, 0x43, 1, n << 6);
	low = bus_in(b, (uint16_t)(0x40 + n), 1);
	return low | bus_in(b, (uint16_t)(0x40 + n), 1) << 8;
}

static unsigned status(struct guest *b, unsigned n)
{
	bus_out(b, 0x43, 1, 0xe0 | 2u << n);
	return bus_in(b, (uint16_t)(0x40 + n), 1);
}

BUS_TEST(mode0_terminal_count, "-nodefaults")
{
	gate(b, true);
	bus_out(b, 0x43, 1, 0xb0);
	CHECK(!out2(b)); /* low from the control word on */
	EQ(0x70, status(b, 2));
	bus_out(b, 0x42, 1, 0xe8);
	bus_out(b, 0x42, 1, 0x03);
	EQ(0x30, status(b, 2));
	EQ(1000, latched(b, 2));
	bus_step(b, clocks(999));
	EQ(1, latched(b, 2));
	CHECK(!out2(b));
	bus_step(b, clocks(1000) - clocks(999));
	EQ(0, latched(b, 2));
	CHECK(out2(b));
	bus_step(b, clocks(1001) - clocks(1000));
	EQ(0xffff, latched(b, 2)); /* goes on, and OUT stays */
	CHECK(out2(b));
	bus_out(b, 0x42, 1, 0x10); /* the first byte stops it and lowers OUT */
	CHECK(!out2(b));
	bus_step(b, NS_PER_SEC);
	CHECK(!out2(b));
	bus_out(b, 0x42, 1, 0x00);
	bus_step(b, clocks(16));
	CHECK(out2(b));
}

BUS_TEST(mode0_gate_holds, "-nodefaults")
{
	gate(b, true);
	program(b, 2, 0, 1000);
	bus_step(b, clocks(400));
	gate(b, false);
	EQ(600, latched(b, 2));
	bus_step(b, NS_PER_SEC);
	EQ(600, latched(b, 2));
	gate(b, true);
	bus_step(b, clocks(599));
	CHECK(!out2(b));
	bus_step(b, clocks(2));
	CHECK(out2(b));
	gate(b, false);
	program(b, 2, 0, 50); /* loaded while held */
	bus_step(b, NS_PER_MS);
	EQ(50, latched(b, 2));
	gate(b, true);
	bus_step(b, clocks(50));
	CHECK(out2(b));
}

BUS_TEST(mode1_one_shot, "-nodefaults")
{
	gate(b, false);
	program(b, 2, 1, 200);
	CHECK(out2(b));
	EQ(0xf2, status(b, 2)); /* null count: loaded by the trigger */
	bus_step(b, NS_PER_MS);
	CHECK(out2(b));
	gate(b, true);
	CHECK(!out2(b));
	EQ(0x32, status(b, 2));
	bus_step(b, clocks(150));
	gate(b, false); /* no effect */
	gate(b, true);  /* retriggers */
	bus_step(b, clocks(199));
	CHECK(!out2(b));
	bus_step(b, clocks(2));
	CHECK(out2(b));
	bus_step(b, NS_PER_SEC);
	CHECK(out2(b));
}

BUS_TEST(mode2_rate_generator, "-nodefaults")
{
	gate(b, true);
	program(b, 2, 2, 100);
	CHECK(out2(b));
	bus_step(b, clocks(98));
	EQ(2, latched(b, 2));
	CHECK(out2(b));
	bus_step(b, clocks(99) - clocks(98));
	EQ(1, latched(b, 2));
	CHECK(!out2(b));
	bus_step(b, clocks(100) - clocks(99));
	EQ(100, latched(b, 2));
	CHECK(out2(b));
	bus_step(b, clocks(199) - clocks(100));
	CHECK(!out2(b));
	gate(b, false); /* OUT goes high at once */
	CHECK(out2(b));
	bus_step(b, NS_PER_MS);
	gate(b, true); /* begins a new period */
	EQ(100, latched(b, 2));
	bus_step(b, clocks(99));
	CHECK(!out2(b));
}

BUS_TEST(mode3_square_wave, "-nodefaults")
{
	gate(b, true);
	program(b, 2, 3, 100);
	CHECK(out2(b));
	bus_step(b, clocks(10));
	EQ(80, latched(b, 2)); /* by twos */
	bus_step(b, clocks(49) - clocks(10));
	CHECK(out2(b));
	EQ(2, latched(b, 2));
	bus_step(b, clocks(50) - clocks(49));
	CHECK(!out2(b));
	EQ(100, latched(b, 2));
	bus_step(b, clocks(100) - clocks(50));
	CHECK(out2(b));
	program(b, 2, 7, 5); /* mode 7 is 3; odd: high for 3, low for 2 */
	bus_step(b, clocks(2));
	CHECK(out2(b));
	bus_step(b, clocks(3) - clocks(2));
	CHECK(!out2(b));
	bus_step(b, clocks(4) - clocks(3));
	CHECK(!out2(b));
	bus_step(b, clocks(5) - clocks(4));
	CHECK(out2(b));
}

BUS_TEST(mode4_software_strobe, "-nodefaults")
{
	gate(b, true);
	program(b, 2, 4, 30);
	CHECK(out2(b));
	bus_step(b, clocks(29));
	CHECK(out2(b));
	bus_step(b, clocks(30) - clocks(29));
	CHECK(!out2(b)); /* for one CLK */
	bus_step(b, clocks(31) - clocks(30));
	CHECK(out2(b));
	bus_step(b, NS_PER_SEC);
	CHECK(out2(b));
}

BUS_TEST(mode5_hardware_strobe, "-nodefaults")
{
	gate(b, false);
	program(b, 2, 5, 30);
	bus_step(b, NS_PER_MS);
	CHECK(out2(b));
	gate(b, true);
	bus_step(b, clocks(30));
	CHECK(!out2(b));
	bus_step(b, clocks(31) - clocks(30));
	CHECK(out2(b));
	program(b, 2, 5, 30); /* waits for the next trigger */
	bus_step(b, clocks(30));
	CHECK(out2(b));
}

BUS_TEST(read_and_write_modes, "-nodefaults")
{
	gate(b, false);
	bus_out(b, 0x43, 1, 0x90); /* low byte only */
	bus_out(b, 0x42, 1, 0x34);
	EQ(0x34, bus_in(b, 0x42, 1));
	EQ(0x34, bus_in(b, 0x42, 1));
	EQ(0x10, status(b, 2));
	bus_out(b, 0x43, 1, 0xa0); /* high byte only */
	bus_out(b, 0x42, 1, 0x12);
	EQ(0x12, bus_in(b, 0x42, 1));
	bus_out(b, 0x43, 1, 0x80);
	EQ(0x12, bus_in(b, 0x42, 1));
	EQ(0x12, bus_in(b, 0x42, 1));
	program(b, 2, 0, 0xabcd);
	EQ(0xcd, bus_in(b, 0x42, 1));
	EQ(0xab, bus_in(b, 0x42, 1));
	EQ(0xcd, bus_in(b, 0x42, 1));
	EQ(0xab, bus_in(b, 0x42, 1));
	EQ(0, bus_in(b, 0x43, 1)); /* the control word is write-only */
}

BUS_TEST(read_back, "-nodefaults")
{
	gate(b, true);
	program(b, 2, 0, 1000);
	bus_step(b, clocks(100));
	bus_out(b, 0x43, 1, 0xc8); /* count and status of counter 2 */
	bus_step(b, clocks(500));
	bus_out(b, 0x43, 1, 0xc8); /* while unread: ignored */
	bus_out(b, 0x43, 1, 0x80);
	EQ(0x30, bus_in(b, 0x42, 1)); /* status first */
	EQ(900 & 0xff, bus_in(b, 0x42, 1));
	EQ(900 >> 8, bus_in(b, 0x42, 1));
	EQ(400, latched(b, 2));
	EQ(0x36, status(b, 0) & 0x3f); /* as after reset */
}

BUS_TEST(bcd, "-nodefaults")
{
	gate(b, true);
	bus_out(b, 0x43, 1, 0xb1);
	bus_out(b, 0x42, 1, 0x00);
	bus_out(b, 0x42, 1, 0x00);
	bus_step(b, clocks(1)); /* 0 stands for 10000 */
	EQ(0x9999, latched(b, 2));
	bus_step(b, clocks(9000) - clocks(1));
	EQ(0x1000, latched(b, 2));
	bus_step(b, clocks(10000) - clocks(9000));
	CHECK(out2(b));
	bus_out(b, 0x43, 1, 0xb5);
	bus_out(b, 0x42, 1, 0x50);
	bus_out(b, 0x42, 1, 0x01);
	bus_step(b, clocks(50));
	EQ(0x0100, latched(b, 2));
}

BUS_TEST(full_count_is_65536, "-nodefaults")
{
	gate(b, true);
	program(b, 2, 0, 0);
	EQ(0, latched(b, 2));
	bus_step(b, clocks(1));
	EQ(0xffff, latched(b, 2));
	bus_step(b, clocks(65535) - clocks(1));
	CHECK(!out2(b));
	bus_step(b, clocks(65536) - clocks(65535));
	CHECK(out2(b));
}

BUS_TEST(port_b, "-nodefaults")
{
	unsigned toggles = 0, last;

	bus_out(b, 0x61, 1, 0xff);
	EQ(0x0f, bus_in(b, 0x61, 1) & 0xcf);
	bus_out(b, 0x61, 1, 0x02);
	EQ(0x02, bus_in(b, 0x61, 1) & 0xcf);
	last = bus_in(b, 0x61, 1) & 0x10;
	for (unsigned i = 0; i < 1000; i++) {
		unsigned now = bus_in(b, 0x61, 1) & 0x10;

		toggles += now != last;
		last = now;
		bus_step(b, 1000);
	}
	CHECK(toggles >= 65 && toggles <= 67); /* refresh, about 15 us */
}

/* ---- IRQ 0 ---- */

BUS_TEST(irq0_ticks, "-nodefaults")
{
	unsigned edges;

	program(b, 0, 2, 1193); /* about 1 ms */
	edges = bus_edges(b, 0);
	bus_step(b, clocks(1192));
	CHECK(!bus_irq(b, 0));
	EQ(edges, bus_edges(b, 0));
	bus_step(b, clocks(1193) - clocks(1192));
	EQ(edges + 1, bus_edges(b, 0));
	bus_step(b, clocks(119300) - clocks(1193));
	EQ(edges + 100, bus_edges(b, 0));
	program(b, 0, 3, 0); /* 18.2 Hz */
	edges = bus_edges(b, 0);
	bus_step(b, 10 * NS_PER_SEC);
	EQ(edges + 182, bus_edges(b, 0));
}

BUS_TEST(irq0_once, "-nodefaults")
{
	unsigned edges;

	program(b, 0, 0, 5000);
	CHECK(!bus_irq(b, 0));
	edges = bus_edges(b, 0);
	bus_step(b, clocks(4999));
	EQ(edges, bus_edges(b, 0));
	bus_step(b, NS_PER_SEC);
	EQ(edges + 1, bus_edges(b, 0));
	CHECK(bus_irq(b, 0));
	program(b, 0, 4, 5000);
	edges = bus_edges(b, 0);
	bus_step(b, NS_PER_SEC);
	EQ(edges + 1, bus_edges(b, 0));
	program(b, 0, 2, 1); /* not a legal count: OUT stays high */
	edges = bus_edges(b, 0);
	bus_step(b, NS_PER_MS);
	EQ(edges, bus_edges(b, 0));
}

/* The clock jumps as when the host did not run us: within a second no tick is lost. */
TEST(late_ticks_follow)
{
	const struct dev_class *c = dev_class_find("isa-pit");
	struct rig *r;
	unsigned edges;

	MUST(c);
	r = rig_new(c);
	rig_bus_write(r, SPACE_IO, 0x43, 1, 0x34);
	rig_bus_write(r, SPACE_IO, 0x40, 1, 1193 & 0xff);
	rig_bus_write(r, SPACE_IO, 0x40, 1, 1193 >> 8);
	edges = r->edges;
	clock_restore(r->clock, clocks(1193 * 50));
	clock_run(r->clock);
	EQ(edges + 50, r->edges);
	clock_restore(r->clock, clocks(1193 * 50) + 100 * NS_PER_SEC);
	clock_run(r->clock);
	CHECK(r->edges < edges + 50 + 1100);
	edges = r->edges;
	rig_run(r, clocks(1193 * 10));
	CHECK(r->edges >= edges + 9 && r->edges <= edges + 11);
	rig_free(r);
}

TEST(pit_wakes_nobody_when_cut)
{
	struct rig *r = rig_new(dev_class_find("isa-pit"));
	unsigned edges;

	rig_write(r, 0, 3, 1, 0x34); /* counter 0, mode 2: 1 ms */
	rig_write(r, 0, 0, 1, 0xa9);
	rig_write(r, 0, 0, 1, 0x04);
	CHECK(clock_next(r->clock) <= clock_now(r->clock) + NS_PER_MS);
	rig_run(r, 10 * NS_PER_MS + 500000);
	edges = r->edges;
	CHECK(edges >= 10);
	dev_input(r->dev, 0, true);
	EQ(INT64_MAX, clock_next(r->clock));
	rig_run(r, 10 * NS_PER_MS);
	EQ(edges, r->edges);
	EQ(593, (rig_write(r, 0, 3, 1, 0), rig_read(r, 0, 0, 1) | rig_read(r, 0, 0, 1) << 8));
	dev_input(r->dev, 0, false);
	rig_run(r, NS_PER_MS);
	EQ(edges + 1, r->edges);
	rig_free(r);
}

LAW_OP("isa-pit", pit_counter)
{
	static const uint16_t counts[] = {0, 1, 2, 3, 5, 100, 1193, 0x999};
	unsigned n = rig_rnd(r) % 3, count = counts[rig_rnd(r) % 8];

	rig_write(r, 0, 3, 1, n << 6 | (1 + rig_rnd(r) % 3) << 4 | rig_rnd(r) % 16);
	rig_write(r, 0, n, 1, count & 0xff);
	if (rig_rnd(r) & 7)
		rig_write(r, 0, n, 1, count >> 8);
	rig_write(r, 1, 0, 1, rig_rnd(r) & 1);
	rig_run(r, rig_rnd(r) % 2000000);
	rig_write(r, 0, 3, 1, 0xc0 | (rig_rnd(r) & 0x3e));
	rig_read(r, 0, n, 1);
}
