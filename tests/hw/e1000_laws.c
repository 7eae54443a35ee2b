/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/e1000_laws.c: the e1000 on the bench: the grammar that brings the
 * laws to its rings, delays, the cable, and states that no stream may bring in.
 */
#include "hw/net/e1000.h"
#include "tests/hw/wire.h"

#define TX_RING 0x1000
#define RX_RING 0x2000
#define TX_BUF  0x10000
#define RX_BUF  0x80000

static uint32_t in(struct rig *r, unsigned at)
{
	return (uint32_t)rig_read(r, 0, at, 4);
}

static void out(struct rig *r, unsigned at, uint32_t val)
{
	rig_write(r, 0, at, 4, val);
}

static void desc(struct rig *r, uint32_t at, uint64_t buf, uint32_t cmd, uint32_t upper)
{
	uint8_t raw[16];

	store_le(raw, 8, buf);
	store_le(raw + 8, 4, cmd);
	store_le(raw + 12, 4, upper);
	rig_ram_put(r, at, raw, sizeof(raw));
}

LAW_OP("e1000", switch_on)
{
	uint32_t v = rig_rnd(r), w = rig_rnd(r);

	rig_write(r, 2, 4, 2, 7);
	if (v & 0x10)
		out(r, 0x0000, 0x04000000);
	out(r, 0x0000, v & 1 ? 0x40000040 : 0x40);
	out(r, 0x0038, 0x8100);
	out(r, 0x5600 + 4 * (0x234 >> 5), v);
	out(r, 0x5200 + 4 * (w & 127), 0xffffffff);
	out(r, 0x5000, w & 0x700);
	out(r, 0x3800, TX_RING);
	out(r, 0x3808, 0x400);
	out(r, 0x3810, 0);
	out(r, 0x3818, 0);
	out(r, 0x2800, RX_RING);
	out(r, 0x2808, 0x400);
	out(r, 0x2810, 0);
	out(r, 0x2818, 0);
	out(r, 0x00c4, v & 0x20 ? w & 0xff : 0);
	out(r, 0x2820, v & 0x40 ? w & 0x3f : 0);
	out(r, 0x282c, v & 0x80 ? w >> 8 & 0x3f : 0);
	out(r, 0x3820, v & 0x40 ? w & 0x3f : 0);
	out(r, 0x382c, v & 0x80 ? w >> 8 & 0x3f : 0);
	out(r, 0x0100, 0x8002 | (v & 0x06dfb3be & ~0x40u) | (v & 0x100 ? 0x40 : 0));
	out(r, 0x0400, v & 0x200 ? 2 : 10);
	out(r, 0x00d0, v & 0x400 ? 0x1ffff : 0x84);
}

LAW_OP("e1000", give_buffers)
{
	uint32_t n = rig_rnd(r) % 64;

	for (uint32_t i = 0; i < 64; i++)
		desc(r, RX_RING + 16 * i, i % 9 == 8 ? 0 : RX_BUF + 2048 * i, 0, 0);
	out(r, 0x2818, n);
}

LAW_OP("e1000", from_the_wire)
{
	static uint8_t frame[4000];

	for (unsigned n = rig_rnd(r) % 8; n--;)
		net_inject(r->net, frame, wire_any_frame(r, frame, rig_rnd(r) & 1 ? 1600 : 4000));
	in(r, 0x2810);
}

/* What a driver's interrupt handler does. */
LAW_OP("e1000", driver_reads)
{
	in(r, 0xc0);
	out(r, 0x2818, (in(r, 0x2810) + 63) % 64);
	in(r, 0x4000 + 4 * (rig_rnd(r) % 64));
}

LAW_OP("e1000", legacy_send)
{
	static uint8_t frame[1600];
	uint32_t tail = in(r, 0x3818) % 64, v = rig_rnd(r);

	for (uint32_t n = 1 + rig_rnd(r) % 4; n--;) {
		uint32_t len = (uint32_t)wire_any_frame(r, frame, sizeof(frame));

		rig_ram_put(r, TX_BUF + 0x800 * n, frame, len);
		desc(r, TX_RING + 16 * tail, TX_BUF + 0x800 * n,
		     len | (v & 0xdc000000) | (v & 3 ? 1 << 24 : 0) | (v & 0xff) << 16,
		     v & 0xffffff00);
		tail = (tail + 1) % 64;
	}
	out(r, 0x3818, tail);
}

/* A context, then a frame in one to four pieces. */
LAW_OP("e1000", offloaded_send)
{
	static uint8_t frame[8000];
	uint32_t len = (uint32_t)wire_any_frame(r, frame, sizeof(frame)), tail = in(r, 0x3818) % 64;
	uint32_t v = rig_rnd(r), n = 1 + rig_rnd(r) % 4, tse = v & 1 ? 1 << 26 : 0;

	rig_ram_put(r, TX_BUF, frame, len);
	desc(r, TX_RING + 16 * tail, 0x0000320000220e18ull >> (v >> 30) | 14,
	     1 << 29 | tse | (v & 0x03000000) | len, (v & 0x7ff) << 16 | 54 << 8);
	for (uint32_t i = 0; i < n; i++) {
		tail = (tail + 1) % 64;
		desc(r, TX_RING + 16 * tail, TX_BUF + len / n * i,
		     1 << 29 | 1 << 20 | tse | (i == n - 1 ? 1 << 24 : 0) | (v & 0xd8000000) |
			     len / n,
		     v & 0xffff0300);
	}
	out(r, 0x3818, (tail + 1) % 64);
}

LAW_OP("e1000", wait)
{
	rig_run(r, rig_rnd(r) % 100000);
	in(r, 0xc0);
}

LAW_OP("e1000", phy)
{
	uint32_t v = rig_rnd(r);

	out(r, 0x20, (v & 0x3fffffff & ~(31u << 21)) | (v & 7 ? 1 : 2) << 21);
	in(r, 0x20);
	if (v & 0x100)
		out(r, 0x20, 1 << 26 | 1 << 21 | 0x1200);
	rig_run(r, v & 0x200 ? 600 * NS_PER_MS : 1000);
	in(r, 0x08);
}

LAW_OP("e1000", eeprom)
{
	uint32_t bits = rig_rnd(r) | 1, n = rig_rnd(r) % 30;

	if (rig_rnd(r) & 1)
		out(r, 0x10, 0x40);
	for (uint32_t i = 0; i < n; i++, bits >>= 1) {
		out(r, 0x10, 0x42 | (bits & 1) << 2);
		out(r, 0x10, 0x43 | (bits & 1) << 2);
		in(r, 0x10);
	}
	out(r, 0x14, bits << 8 | 1);
	in(r, 0x14);
}

LAW_OP("e1000", window)
{
	rig_write(r, 1, 0, 4, rig_rnd(r) & 0x1fffc);
	if (rig_rnd(r) & 1)
		rig_write(r, 1, 4, 4, rig_rnd(r));
	rig_read(r, 1, 4, 4);
}

/* ---- delays and the cable, on the clock */

static struct rig *nic_rig(void)
{
	struct rig *r = rig_new(dev_class_find("e1000"));

	rig_write(r, 2, 4, 2, 7);
	return r;
}

static bool irq(struct rig *r)
{
	return dev_line_counter(r->dev, 0) & 1;
}

TEST(interrupts_throttled)
{
	struct rig *r = nic_rig();

	out(r, 0xd0, 0x80);
	out(r, 0xc4, 1000); /* 256 us */
	out(r, 0xc8, 0x80);
	EQ(1, irq(r)); /* the first comes at once */
	EQ(0x80, in(r, 0xc0));
	EQ(0, irq(r));
	out(r, 0xc8, 0x80);
	EQ(0, irq(r));
	rig_run(r, 255999);
	EQ(0, irq(r));
	rig_run(r, 1);
	EQ(1, irq(r));
	in(r, 0xc0);
	out(r, 0xc8, 0x80);
	EQ(0, irq(r));
	out(r, 0xc4, 0);
	EQ(1, irq(r));
	out(r, 0xd8, 0x80);
	EQ(0, irq(r));
	EQ(0, in(r, 0xd0));
	rig_free(r);
}

static void one_in(struct rig *r)
{
	uint8_t frame[60] = "\xff\xff\xff\xff\xff\xff";

	net_inject(r->net, frame, sizeof(frame));
}

static void ring_on(struct rig *r)
{
	for (uint32_t i = 0; i < 64; i++)
		desc(r, RX_RING + 16 * i, RX_BUF + 2048 * i, 0, 0);
	out(r, 0x2800, RX_RING);
	out(r, 0x2808, 0x400);
	out(r, 0x2818, 63);
	out(r, 0x100, 0x8002);
	out(r, 0xd0, 0x1ffff);
}

TEST(receive_delays)
{
	struct rig *r = nic_rig();

	ring_on(r);
	out(r, 0x2820, 100); /* 102.4 us after the last frame … */
	out(r, 0x282c, 150); /* … but 153.6 after the first */
	one_in(r);
	EQ(0, in(r, 0xc0));
	rig_run(r, 102399);
	EQ(0, in(r, 0xc0));
	rig_run(r, 1);
	EQ(0x80, in(r, 0xc0));
	one_in(r);
	rig_run(r, 100000);
	one_in(r);
	rig_run(r, 53599);
	EQ(0, in(r, 0xc0));
	rig_run(r, 1);
	EQ(0x80, in(r, 0xc0));
	one_in(r);
	out(r, 0x2820, 0x80000064); /* FPD */
	EQ(0x80, in(r, 0xc0));
	EQ(100, in(r, 0x2820));
	rig_run(r, NS_PER_SEC);
	EQ(0, in(r, 0xc0));
	rig_free(r);
}

TEST(negotiation)
{
	struct rig *r = nic_rig();

	EQ(2, in(r, 0x08) & 2);
	out(r, 0xd0, 4);
	out(r, 0x20, 1 << 26 | 1 << 21 | 0x1340);
	EQ(1u << 28, in(r, 0x20) & 0x50000000);
	EQ(4, in(r, 0xc0));
	EQ(0, in(r, 0x08) & 2);
	out(r, 0x20, 2 << 26 | 1 << 21 | 1 << 16);
	EQ(0x7949, in(r, 0x20) & 0xffff);
	rig_run(r, 499999999);
	EQ(0, in(r, 0x08) & 2);
	rig_run(r, 1);
	EQ(2, in(r, 0x08) & 2);
	EQ(4, in(r, 0xc0));
	out(r, 0x20, 2 << 26 | 1 << 21 | 1 << 16);
	EQ(0x796d, in(r, 0x20) & 0xffff);
	out(r, 0x20, 2 << 26 | 1 << 21); /* RESTART does not stay */
	EQ(0x1140, in(r, 0x20) & 0xffff);
	rig_free(r);
}

TEST(cable)
{
	struct rig *r = nic_rig();

	ring_on(r);
	net_set_link(r->net, false);
	EQ(4, in(r, 0xc0));
	EQ(0, in(r, 0x08) & 2);
	one_in(r);
	EQ(0, in(r, 0x2810));
	net_set_link(r->net, true);
	EQ(0, in(r, 0xc0));
	rig_run(r, 500 * NS_PER_MS);
	EQ(4, in(r, 0xc0));
	EQ(2, in(r, 0x08) & 2);
	one_in(r);
	EQ(1, in(r, 0x2810));
	rig_free(r);
}

/* More than one turn's worth goes on by itself. */
TEST(long_ring_in_turns)
{
	struct rig *r = nic_rig();

	for (uint32_t i = 0; i < 1000; i++)
		desc(r, 0x100000 + 16 * i, TX_BUF, 0x0b000000 | 60, 0);
	out(r, 0x3800, 0x100000);
	out(r, 0x3808, 1024 * 16);
	out(r, 0x400, 2);
	out(r, 0x3818, 1000);
	CHECK(in(r, 0x3810) < 300);
	CHECK(in(r, 0x3810) > 100);
	rig_run(r, NS_PER_MS);
	EQ(1000, in(r, 0x3810));
	EQ(1000, in(r, 0x40d4));
	EQ(0, in(r, 0x40d4)); /* reading cleared it */
	rig_free(r);
}

TEST(counters_stay_at_their_end)
{
	struct rig *r = nic_rig();
	struct e1000 *s = r->dev->state;

	ring_on(r);
	s->r.stat[STAT_GPRC] = 0xffffffff;
	s->r.stat[STAT_GORCL] = 0xfffffff0;
	s->r.stat[STAT_GORCL + 1] = 0xffffffff;
	one_in(r);
	EQ(0xffffffff, in(r, 0x4074));
	EQ(0xffffffff, in(r, 0x4088));
	EQ(0xffffffff, in(r, 0x4088)); /* the low half keeps … */
	EQ(0xffffffff, in(r, 0x408c));
	EQ(0, in(r, 0x4088)); /* … until the high one is read */
	rig_free(r);
}

/* ---- relations that a stream may not break */

static void irq_of_nothing(void *state)
{
	struct e1000 *s = state;

	s->irq_on = 1;
}

static void irq_forgotten(void *state)
{
	struct e1000 *s = state;

	s->r.icr = s->r.ims = 4;
}

static void eeprom_beyond(void *state)
{
	struct e1000 *s = state;

	s->ee.addr = 64;
}

TEST(impossible_states)
{
	rig_refuses("e1000", irq_of_nothing);
	rig_refuses("e1000", irq_forgotten);
	rig_refuses("e1000", eeprom_beyond);
}
