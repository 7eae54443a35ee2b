/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/rtl8139_laws.c: the RTL8139 on the bench: the grammar that brings
 * the laws to its rings, the cable, and states that no stream may bring in.
 */
#include "hw/net/rtl8139.h"
#include "tests/hw/wire.h"

#define TX_RING 0x1000
#define TX_HIGH 0x1800
#define RX_RING 0x2000
#define TALLY   0x3000
#define TX_BUF  0x10000
#define CP_BUF  0x40000
#define RX_BUF  0x80000

static uint32_t in(struct rig *r, unsigned at, unsigned size)
{
	return (uint32_t)rig_read(r, 0, at, size);
}

static void out(struct rig *r, unsigned at, unsigned size, uint32_t val)
{
	rig_write(r, 0, at, size, val);
}

/* ---- grammar */

LAW_OP("rtl8139", classic_on)
{
	uint32_t v = rig_rnd(r);

	rig_write(r, 1, 4, 2, 7);
	out(r, 0x37, 1, v & 0x100 ? 0x10 : 0);
	out(r, 0xe0, 2, 0);
	out(r, 0x30, 4, RX_BUF);
	out(r, 0x44, 4, 0x0e | (v & 0x1881));
	out(r, 0x08, 4, v & 2 ? 0xffffffff : 0);
	out(r, 0x37, 1, 0x0c);
	out(r, 0x40, 4, v & 4 ? 0x60000 : 0);
	out(r, 0x3c, 2, v & 8 ? 0xffff : 0x0005);
}

LAW_OP("rtl8139", classic_send)
{
	static uint8_t frame[1600];
	size_t len = wire_any_frame(r, frame, sizeof(frame));

	for (unsigned i = 0; i < 4; i++) {
		rig_ram_put(r, TX_BUF + 0x800 * i, frame, len);
		out(r, 0x20 + 4 * i, 4, TX_BUF + 0x800 * i);
		out(r, 0x10 + 4 * i, 4, (uint32_t)len);
	}
	in(r, 0x60, 2);
}

LAW_OP("rtl8139", from_the_wire)
{
	static uint8_t frame[1600];

	for (unsigned n = rig_rnd(r) % 8; n--;)
		net_inject(r->net, frame, wire_any_frame(r, frame, sizeof(frame)));
	in(r, 0x37, 1);
}

/* What a driver's interrupt handler does. */
LAW_OP("rtl8139", driver_reads)
{
	out(r, 0x3e, 2, in(r, 0x3e, 2));
	out(r, 0x38, 2, in(r, 0x3a, 2) - 16);
	in(r, 0x4c, 4);
}

static void desc(struct rig *r, uint32_t at, uint32_t dw0, uint32_t dw1, uint32_t buf)
{
	uint8_t raw[16] = {0};

	store_le(raw, 4, dw0);
	store_le(raw + 4, 4, dw1);
	store_le(raw + 8, 4, buf);
	rig_ram_put(r, at, raw, sizeof(raw));
}

LAW_OP("rtl8139", cplus_on)
{
	uint32_t v = rig_rnd(r);

	rig_write(r, 1, 4, 2, 7);
	out(r, 0xe0, 2, v & 0x7b);
	out(r, 0x20, 4, TX_RING);
	out(r, 0x28, 4, TX_HIGH);
	out(r, 0xe4, 4, RX_RING);
	out(r, 0x44, 4, 0x0f);
	out(r, 0x37, 1, 0x0c);
	out(r, 0x40, 4, v & 0x100 ? 0x60000 : 0);
	out(r, 0x3c, 2, v & 0x200 ? 0xffff : 0);
}

LAW_OP("rtl8139", cplus_fill)
{
	uint32_t n = 1 + rig_rnd(r) % 64, size = rig_rnd(r) & 1 ? 1600 : 200;

	for (uint32_t i = 0; i < n; i++)
		desc(r, RX_RING + 16 * i, 1u << 31 | (i == n - 1 ? 1 << 30 : 0) | size, 0,
		     RX_BUF + 2048 * (i % 32));
}

/* A frame in 1 to 4 pieces from a random place of the ring, flags as they come. */
LAW_OP("rtl8139", cplus_send)
{
	static uint8_t frame[4000];
	uint32_t len = (uint32_t)wire_any_frame(r, frame, sizeof(frame)), n = 1 + rig_rnd(r) % 4;
	uint32_t ring = rig_rnd(r) & 1 ? TX_RING : TX_HIGH, v = rig_rnd(r);

	rig_ram_put(r, CP_BUF, frame, len);
	for (uint32_t i = 0; i < n; i++)
		desc(r, ring + 16 * i,
		     1u << 31 | (i == 0 ? 1 << 29 : 0) | (i == n - 1 ? 1 << 28 : 0) |
			     (v & 0x48070000) | len / n,
		     v & 0x20000, CP_BUF + len / n * i);
	out(r, 0xd9, 1, 0xc1);
}

LAW_OP("rtl8139", tally)
{
	uint8_t raw[64];

	out(r, 0xe0, 2, 3);
	out(r, 0x10, 4, TALLY | 8);
	memcpy(raw, r->ram + TALLY, sizeof(raw));
	for (unsigned i = 0; i < sizeof(raw); i++)
		r->seen = r->seen * 31 + raw[i];
}

LAW_OP("rtl8139", timer)
{
	if (rig_rnd(r) & 1)
		out(r, 0x48, 4, 0);
	out(r, 0x54, 4, rig_rnd(r) >> rig_rnd(r) % 32);
	rig_run(r, rig_rnd(r) % 1000000);
	in(r, 0x48, 4);
	in(r, 0x3e, 2);
}

/* Starts with a start bit, then whatever: reads, writes, half an instruction. */
LAW_OP("rtl8139", eeprom)
{
	uint32_t bits = rig_rnd(r) | 1, n = rig_rnd(r) % 30;

	if (rig_rnd(r) & 1)
		out(r, 0x50, 1, 0x80);
	for (uint32_t i = 0; i < n; i++, bits >>= 1) {
		out(r, 0x50, 1, 0x88 | (bits & 1) << 1);
		out(r, 0x50, 1, 0x8c | (bits & 1) << 1);
		in(r, 0x50, 1);
	}
}

LAW_OP("rtl8139", config)
{
	out(r, 0x50, 1, 0xc0);
	out(r, 0x51, 2, rig_rnd(r));
	out(r, 0x59, 2, rig_rnd(r));
	out(r, 0x50, 1, rig_rnd(r) & 1 ? 0 : 0x40);
	in(r, 0x51, 2);
	in(r, 0x59, 2);
}

/* ---- the cable */

static struct rig *nic_rig(void)
{
	return rig_new(dev_class_find("rtl8139"));
}

TEST(link)
{
	struct rig *r = nic_rig();

	out(r, 0x3c, 2, 0x0020);
	net_set_link(r->net, false);
	EQ(0x0020, in(r, 0x3e, 2));
	EQ(1, dev_line_counter(r->dev, 0) & 1);
	EQ(0xd4, in(r, 0x58, 1));
	EQ(0x7809, in(r, 0x64, 2));
	out(r, 0x3e, 2, 0x0020);
	EQ(0, dev_line_counter(r->dev, 0) & 1);
	net_set_link(r->net, true);
	EQ(0x0020, in(r, 0x3e, 2));
	EQ(0xd0, in(r, 0x58, 1));
	rig_free(r);
}

/* Saved with a cable, loaded where it is pulled: the guest hears of it. */
TEST(link_after_load)
{
	struct rig *a = nic_rig(), *b = nic_rig();
	struct dev_stream s = {0};
	struct err e = {""};

	OK(dev_save(&a->env, "laws", &s, &e));
	net_set_link(b->net, false);
	rig_write(b, 0, 0x3e, 2, 0xffff);
	OK(dev_load(&b->env, "laws", s.data, s.len, &e));
	EQS("", e.msg);
	EQ(0x0020, in(b, 0x3e, 2));
	EQ(0xd4, in(b, 0x58, 1));
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}

/* Another one in its place, on a wire of its own. */
static void replug(struct rig *r)
{
	struct err e = {""};

	net_close(r->net);
	r->dev = dev_new(&r->env, dev_class_find("rtl8139"), "nic", &e);
	MUST(r->dev);
	OK(dev_prop_set(r->dev, "netdev", "bench", &e));
	OK(dev_realize(r->dev, NULL, &e));
}

/* Unplugged with a frame half sent, a timer running and frames still coming. */
TEST(freed_in_use)
{
	static uint8_t frame[100] = "\xff\xff\xff\xff\xff\xff";
	struct rig *r = nic_rig();

	for (unsigned i = 0; i < 1000; i++) {
		law_classic_on(r);
		law_cplus_on(r);
		desc(r, TX_RING, 1u << 31 | 1 << 29 | 50, 0, CP_BUF);
		out(r, 0x54, 4, 100);
		out(r, 0xd9, 1, 0x40);
		dev_free(r->dev);
		net_inject(r->net, frame, sizeof(frame));
		rig_run(r, NS_PER_MS);
		replug(r);
	}
	rig_free(r);
}

/* ---- relations that a stream may not break */

static void cbr_beyond(void *state)
{
	struct rtl8139 *s = state;

	s->cbr = 8192;
}

static void capr_beyond(void *state)
{
	struct rtl8139 *s = state;

	s->capr = 8192;
}

static void timer_unset(void *state)
{
	struct rtl8139 *s = state;

	s->timerint = 5;
}

static void tx_beyond(void *state)
{
	struct rtl8139 *s = state;

	s->tx_cur = 4;
}

static void desc_beyond(void *state)
{
	struct rtl8139 *s = state;

	s->cp_rx = 64;
}

static void eeprom_beyond(void *state)
{
	struct rtl8139 *s = state;

	s->ee.addr = 64;
}

TEST(impossible_states)
{
	rig_refuses("rtl8139", cbr_beyond);
	rig_refuses("rtl8139", capr_beyond);
	rig_refuses("rtl8139", timer_unset);
	rig_refuses("rtl8139", tx_beyond);
	rig_refuses("rtl8139", desc_beyond);
	rig_refuses("rtl8139", eeprom_beyond);
}
