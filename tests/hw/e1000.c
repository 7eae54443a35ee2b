/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/e1000.c: the 8254x manual by hand: registers, EEPROM, PHY, rings, offloads, filters. */
#include "tests/hw/wire.h"

#include <stdio.h>
#include <unistd.h>

#define MMIO    0xe1000000
#define IO      0xc100
#define IRQ     11
#define TX_RING 0x100000
#define RX_RING 0x101000
#define TX_BUF  0x110000
#define RX_BUF  0x200000 /* of descriptor i: 2K behind that of i - 1 */

enum { EOP = 1 << 24, IFCS = 1 << 25, IC = 1 << 26, TSE = 1 << 26, RS = 1 << 27, DEXT = 1 << 29 };
enum { VLE = 1 << 30, IDE = 1u << 31, DATA = 1 << 20 };

static uint32_t in(struct guest *b, unsigned at)
{
	return (uint32_t)bus_read(b, MMIO + at, 4);
}

static void out(struct guest *b, unsigned at, uint32_t val)
{
	bus_write(b, MMIO + at, 4, val);
}

static unsigned devfn_of(struct guest *b, uint32_t id)
{
	int devfn = bus_find_pci(b, id);

	MUST(devfn >= 0);
	return (unsigned)devfn;
}

static void start(struct guest *b)
{
	unsigned devfn = devfn_of(b, 0x8086100e);

	for (unsigned i = 0; i < 4; i++)
		bus_cfg_write(b, 1 << 3, 0x60 + i, 1, IRQ);
	bus_cfg_write(b, devfn, 0x10, 4, MMIO);
	bus_cfg_write(b, devfn, 0x14, 4, IO);
	bus_cfg_write(b, devfn, 0x04, 2, 7);
}

/* ---- identity, registers */

static void identity(struct guest *b, uint32_t id)
{
	unsigned devfn = devfn_of(b, id);

	EQ(0x02000003, bus_cfg_read(b, devfn, 0x08, 4));
	EQ(0x11001af4, bus_cfg_read(b, devfn, 0x2c, 4));
	EQ(1, bus_cfg_read(b, devfn, 0x3d, 1));
	for (unsigned i = 0; i < 3; i++)
		bus_cfg_write(b, devfn, 0x10 + 4 * i, 4, 0xffffffff);
	EQ(0xfffe0000, bus_cfg_read(b, devfn, 0x10, 4));
	EQ(0xffffffc1, bus_cfg_read(b, devfn, 0x14, 4));
	EQ(0, bus_cfg_read(b, devfn, 0x18, 4));
}

BUS_TEST(e1000_identity, wire_args("e1000"))
{
	identity(b, 0x8086100e);
}

BUS_TEST(e1000_rom, wire_args("e1000"))
{
	unsigned devfn = devfn_of(b, 0x8086100e);

	if (access("/usr/lib/ipxe/qemu/efi-e1000.rom", R_OK))
		SKIP("no ipxe-qemu");
	bus_cfg_write(b, devfn, 0x30, 4, 0xffffffff);
	EQ(0xfffc0001, bus_cfg_read(b, devfn, 0x30, 4));
	bus_cfg_write(b, devfn, 0x30, 4, 0xe2000001);
	bus_cfg_write(b, devfn, 0x04, 2, 2);
	EQ(0xaa55, bus_read(b, 0xe2000000, 2));
}

BUS_TEST(e1000_identity_82544gc, wire_args("e1000-82544gc"))
{
	identity(b, 0x80861008);
}

BUS_TEST(e1000_identity_82545em, wire_args("e1000-82545em"))
{
	identity(b, 0x8086100f);
}

struct expect {
	unsigned at;
	uint32_t val;
};

static const struct expect reset_values[] = {
	{0x0000, 0x00140240}, {0x0008, 0x00000383}, {0x0018, 0}, {0x0020, 0},
	{0x0038, 0x8100},     {0x00c0, 0},          {0x00c4, 0}, {0x00d0, 0},
	{0x0100, 0},          {0x0400, 0},          {0x0410, 0}, {0x0e00, 0x602},
	{0x1000, 0x00100030}, {0x2800, 0},          {0x2808, 0}, {0x2810, 0},
	{0x2818, 0},          {0x2820, 0},          {0x3808, 0}, {0x3810, 0},
	{0x3818, 0},          {0x4074, 0},          {0x5000, 0}, {0x5200, 0},
	{0x5400, 0xab005452}, {0x5404, 0x8000efcd}, {0x5408, 0}, {0x540c, 0},
	{0x5600, 0},          {0x5808, 0},          {0x5820, 0},
};

static void as_after_reset(struct guest *b)
{
	for (size_t i = 0; i < sizeof(reset_values) / sizeof(*reset_values); i++) {
		NOTE("+%04x", reset_values[i].at);
		EQ(reset_values[i].val, in(b, reset_values[i].at));
	}
	NOTE("%s", "");
}

BUS_TEST(e1000_reset_values, wire_args("e1000"))
{
	start(b);
	as_after_reset(b);
}

/* What reads back after all ones. */
BUS_TEST(e1000_masks, wire_args("e1000"))
{
	static const struct expect mask[] = {
		{0x0008, 0x383},      {0x0038, 0xffff},     {0x00c4, 0xffff},
		{0x00d0, 0x1ffff},    {0x2800, 0xfffffff0}, {0x2804, 0xffffffff},
		{0x2808, 0xfff80},    {0x2810, 0xffff},     {0x2818, 0xffff},
		{0x2820, 0xffff},     {0x282c, 0xffff},     {0x3800, 0xfffffff0},
		{0x3808, 0xfff80},    {0x3810, 0xffff},     {0x3820, 0xffff},
		{0x4074, 0},          {0x5000, 0x7ff},      {0x53fc, 0xffffffff},
		{0x547c, 0x8003ffff}, {0x57fc, 0xffffffff},
	};

	start(b);
	for (size_t i = 0; i < sizeof(mask) / sizeof(*mask); i++) {
		NOTE("+%04x", mask[i].at);
		out(b, mask[i].at, 0xffffffff);
		EQ(mask[i].val, in(b, mask[i].at));
	}
}

/* RST by memory and by the I/O window, as Linux gives it: all is as at the start. */
BUS_TEST(e1000_soft_reset, wire_args("e1000"))
{
	static const unsigned dirty[] = {0x38,   0xc4,   0xd0,   0x100,  0x2808, 0x2818,
					 0x3818, 0x5200, 0x5408, 0x5600, 0x5808, 0x5404};

	start(b);
	for (unsigned i = 0; i < 2; i++) {
		for (size_t k = 0; k < sizeof(dirty) / sizeof(*dirty); k++)
			out(b, dirty[k], 0x5a5a5a5a & ~2u);
		out(b, 0xc8, 0x1ffff);
		if (i) {
			bus_out(b, IO, 4, 0);
			bus_out(b, IO + 4, 4, 0x04000000);
		} else {
			out(b, 0, 0x04000040);
		}
		as_after_reset(b);
		EQ(0, bus_irq(b, IRQ));
	}
	bus_out(b, IO, 4, 0x5400);
	EQ(0xab005452, bus_in(b, IO + 4, 4));
	bus_out(b, IO, 4, 0x20000);
	EQ(0, bus_in(b, IO + 4, 4));
}

/* ---- EEPROM and PHY */

static void ee_bit(struct guest *b, unsigned bit)
{
	out(b, 0x10, 0x42 | bit << 2);
	out(b, 0x10, 0x43 | bit << 2);
	out(b, 0x10, 0x42 | bit << 2);
}

static void ee_bits(struct guest *b, unsigned bits, unsigned n)
{
	while (n--)
		ee_bit(b, bits >> n & 1);
}

static unsigned ee_read(struct guest *b, unsigned addr)
{
	unsigned v = 0;

	out(b, 0x10, 0x40);
	out(b, 0x10, 0x42);
	ee_bits(b, 6, 3);
	ee_bits(b, addr, 6);
	EQ(0, in(b, 0x10) & 8); /* the dummy bit */
	for (unsigned i = 0; i < 16; i++) {
		ee_bit(b, 0);
		v = v << 1 | (in(b, 0x10) >> 3 & 1);
	}
	out(b, 0x10, 0x40);
	return v;
}

BUS_TEST(e1000_eeprom, wire_args("e1000"))
{
	unsigned sum = 0;

	start(b);
	EQ(0x100, in(b, 0x10) & 0x380); /* there, 64 words, not granted */
	out(b, 0x10, 0x40);
	EQ(0x1c0, in(b, 0x10) & 0x3c0);
	EQ(0x5452, ee_read(b, 0));
	EQ(0xefcd, ee_read(b, 2));
	EQ(0x100e, ee_read(b, 13));
	for (unsigned i = 0; i < 64; i++) {
		out(b, 0x14, i << 8 | 1);
		EQ(0x10, in(b, 0x14) & 0x11);
		EQ(ee_read(b, i), in(b, 0x14) >> 16);
		sum += in(b, 0x14) >> 16;
	}
	EQ(0xbaba, sum & 0xffff);
}

BUS_TEST(e1000_eeprom_write, wire_args("e1000"))
{
	start(b);
	out(b, 0x10, 0x42);
	ee_bits(b, 5, 3); /* WRITE without EWEN */
	ee_bits(b, 0x20, 6);
	ee_bits(b, 0x1234, 16);
	out(b, 0x10, 0x40);
	EQ(0, ee_read(b, 0x20));
	out(b, 0x10, 0x42);
	ee_bits(b, 4, 3); /* EWEN */
	ee_bits(b, 0x30, 6);
	out(b, 0x10, 0x40);
	out(b, 0x10, 0x42);
	ee_bits(b, 5, 3);
	ee_bits(b, 0x20, 6);
	ee_bits(b, 0x1234, 16);
	out(b, 0x10, 0x40);
	EQ(0x1234, ee_read(b, 0x20));
}

static unsigned phy_read(struct guest *b, unsigned reg)
{
	out(b, 0x20, 2 << 26 | 1 << 21 | reg << 16);
	EQ(1 << 28, in(b, 0x20) & 0x50000000);
	return in(b, 0x20) & 0xffff;
}

BUS_TEST(e1000_phy, wire_args("e1000"))
{
	start(b);
	EQ(0x1140, phy_read(b, 0));
	EQ(0x796d, phy_read(b, 1));
	EQ(0x0141, phy_read(b, 2));
	EQ(0x0c20, phy_read(b, 3));
	EQ(0xac00, phy_read(b, 17));
	out(b, 0x20, 1 << 26 | 1 << 21 | 4 << 16 | 0x01e1);
	EQ(0x01e1, phy_read(b, 4));
	out(b, 0x20, 2 << 26 | 2 << 21); /* nobody at address 2 */
	EQ(0x50000000, in(b, 0x20) & 0x50000000);
	out(b, 0xd0, 0x200);
	out(b, 0x20, 1 << 29 | 2 << 26 | 1 << 21);
	EQ(1, bus_irq(b, IRQ));
	EQ(0x200, in(b, 0xc0));
	EQ(0, bus_irq(b, IRQ));
}

BUS_TEST(e1000_interrupt_registers, wire_args("e1000"))
{
	start(b);
	out(b, 0xc8, 0x85);
	EQ(0, bus_irq(b, IRQ));
	EQ(0x85, in(b, 0xc8));
	out(b, 0xd0, 0x80);
	out(b, 0xd0, 0x01);
	EQ(0x81, in(b, 0xd0));
	EQ(1, bus_irq(b, IRQ));
	out(b, 0xc0, 0x80);
	EQ(1, bus_irq(b, IRQ));
	out(b, 0xd8, 0x01);
	EQ(0x80, in(b, 0xd0));
	EQ(0, bus_irq(b, IRQ));
	EQ(0x05, in(b, 0xc0));
	EQ(0, in(b, 0xc0));
}

/* ---- transmit */

static void put_desc(struct guest *b, uint64_t at, uint64_t buf, uint32_t cmd, uint32_t upper)
{
	bus_write(b, at, 8, buf);
	bus_write(b, at + 8, 4, cmd);
	bus_write(b, at + 12, 4, upper);
}

static void tx_on(struct guest *b)
{
	start(b);
	out(b, 0x3800, TX_RING);
	out(b, 0x3808, 128);
	out(b, 0x400, 0x0a);
}

BUS_TEST(e1000_legacy_transmit, wire_args("e1000"))
{
	uint8_t f[1514], g[2000];

	tx_on(b);
	make_frame(f, "\xff\xff\xff\xff\xff\xff", sizeof(f));
	bus_memwrite(b, TX_BUF, f, sizeof(f));
	put_desc(b, TX_RING, TX_BUF, IFCS | 1000, 0);
	put_desc(b, TX_RING + 16, TX_BUF + 1000, EOP | IFCS | RS | 514, 0);
	put_desc(b, TX_RING + 32, TX_BUF, EOP | 20, 0);
	out(b, 0x3818, 2);
	EQ(sizeof(f), wire_get(b, g, sizeof(g)));
	EQM(f, g, sizeof(f));
	EQ(2, in(b, 0x3810));
	EQ(0, bus_read(b, TX_RING + 12, 1)); /* RS was not said */
	EQ(1, bus_read(b, TX_RING + 28, 1));
	EQ(0x03, in(b, 0xc0)); /* TXDW, TXQE */
	out(b, 0x3818, 3);
	EQ(60, wire_get(b, g, sizeof(g))); /* TCTL.PSP */
	EQ(0, g[20]);
	EQ(2, in(b, 0x4080));
	EQ(1518 + 64, in(b, 0x4090));
	EQ(1, in(b, 0x40d8)); /* PTC64 */
	EQ(1, in(b, 0x40ec)); /* PTC1522 */
	EQ(2, in(b, 0x40f4)); /* BPTC */
}

BUS_TEST(e1000_transmit_wraps_and_waits, wire_args("e1000"))
{
	uint8_t f[60], g[100];

	tx_on(b);
	make_frame(f, "\x02\x00\x00\x00\x00\x02", sizeof(f));
	bus_memwrite(b, TX_BUF, f, sizeof(f));
	for (unsigned i = 0; i < 8; i++)
		put_desc(b, TX_RING + 16 * i, TX_BUF, EOP | RS | 60, 0);
	out(b, 0x3810, 7);
	out(b, 0x3818, 1);
	EQ(60, wire_get(b, g, sizeof(g)));
	EQ(60, wire_get(b, g, sizeof(g)));
	CHECK(wire_silent(b));
	EQ(1, in(b, 0x3810));
	out(b, 0x400, 0); /* off: descriptors stay */
	out(b, 0x3818, 3);
	CHECK(wire_silent(b));
	out(b, 0x400, 2);
	EQ(60, wire_get(b, g, sizeof(g)));
	EQ(60, wire_get(b, g, sizeof(g)));
	out(b, 0x3818, 200); /* beyond the ring */
	CHECK(wire_silent(b));
	EQ(3, in(b, 0x3810));
}

BUS_TEST(e1000_vlan_transmit, wire_args("e1000"))
{
	uint8_t f[60], g[100];

	tx_on(b);
	out(b, 0x38, 0x8100);
	make_frame(f, "\x02\x00\x00\x00\x00\x02", sizeof(f));
	bus_memwrite(b, TX_BUF, f, sizeof(f));
	put_desc(b, TX_RING, TX_BUF, EOP | VLE | 60, 0x20050000);
	put_desc(b, TX_RING + 16, TX_BUF, EOP | VLE | 60, 0x20050000);
	out(b, 0x3818, 1);
	EQ(60, wire_get(b, g, sizeof(g))); /* CTRL.VME is off */
	out(b, 0x0, 0x40000040);
	out(b, 0x3818, 2);
	EQ(64, wire_get(b, g, sizeof(g)));
	EQM("\x81\x00\x20\x05\x88\xb5", g + 12, 6);
	EQM(f, g, 12);
	EQM(f + 14, g + 18, 46);
}

/* ---- sums, made by this file alone */

static unsigned sum(const uint8_t *p, size_t len, unsigned long acc)
{
	for (size_t i = 0; i < len; i++)
		acc += i & 1 ? p[i] : p[i] << 8;
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return (unsigned)acc;
}

static void be16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned get_be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* Ethernet, IPv4, TCP or UDP with `payload` bytes; no sums. */
static size_t packet(uint8_t *f, unsigned proto, size_t payload)
{
	size_t head = proto == 6 ? 20 : 8, len = 34 + head + payload;

	make_frame(f, "\x02\x00\x00\x00\x00\x02", len);
	memcpy(f + 12, "\x08\x00\x45\x00", 4);
	be16(f + 16, (unsigned)(len - 14));
	memcpy(f + 18, "\x12\x34\x40\x00\x40", 5);
	f[23] = (uint8_t)proto;
	memset(f + 24, 0, 2);
	memcpy(f + 26, "\x0a\x00\x02\x0f\x0a\x00\x02\x02", 8);
	if (proto == 6) {
		memcpy(f + 38, "\x00\x01\x00\x00", 4); /* seq */
		f[46] = 5 << 4;
		f[47] = 0x19; /* ACK PSH FIN */
		memset(f + 50, 0, 4);
	} else {
		be16(f + 38, (unsigned)(payload + 8));
		memset(f + 40, 0, 2);
	}
	return len;
}

static unsigned body_sum(const uint8_t *f, size_t len)
{
	return sum(f + 34, len - 34, sum(f + 26, 8, f[23] + (unsigned long)(len - 34)));
}

/* The context of such a packet; TSE with mss. */
static void put_context(struct guest *b, unsigned i, bool tcp, unsigned mss, size_t paylen)
{
	uint64_t low = 14 | 24 << 8 | 33 << 16;
	uint64_t high = 34 | (tcp ? 50u : 40u) << 8;

	put_desc(b, TX_RING + 16 * i, low | high << 32,
		 (uint32_t)(DEXT | (mss ? TSE : 0) | 1 << 25 | (tcp ? 1 << 24 : 0) | paylen),
		 mss << 16 | (tcp ? 54u : 42u) << 8);
}

static void offload(struct guest *b, unsigned proto)
{
	uint8_t f[200], g[200];
	size_t len = packet(f, proto, 101);

	tx_on(b);
	/* the driver's part: the pseudo header */
	be16(f + (proto == 6 ? 50 : 40), sum(f + 26, 8, proto + (unsigned long)(len - 34)));
	bus_memwrite(b, TX_BUF, f, len);
	put_context(b, 0, proto == 6, 0, 0);
	put_desc(b, TX_RING + 16, TX_BUF, (uint32_t)(DEXT | DATA | EOP | RS | IFCS | len), 0x300);
	out(b, 0x3818, 2);
	EQ(len, wire_get(b, g, sizeof(g)));
	EQ(0xffff, sum(g + 14, 20, 0));
	EQ(0xffff, body_sum(g, len));
	EQM(f + 54, g + 54, len - 54);
}

BUS_TEST(e1000_tcp_sum, wire_args("e1000"))
{
	offload(b, 6);
}

BUS_TEST(e1000_udp_sum, wire_args("e1000"))
{
	offload(b, 17);
}

/* 2500 bytes in segments of 1000, from two descriptors. */
BUS_TEST(e1000_segmentation, wire_args("e1000"))
{
	uint8_t f[3000], g[2000];
	size_t len = packet(f, 6, 2500);

	tx_on(b);
	be16(f + 16, 0);
	be16(f + 50, sum(f + 26, 8, 6));
	bus_memwrite(b, TX_BUF, f, len);
	put_context(b, 0, true, 1000, 2500);
	put_desc(b, TX_RING + 16, TX_BUF, DEXT | DATA | TSE | 100, 0x300);
	put_desc(b, TX_RING + 32, TX_BUF + 100,
		 (uint32_t)(DEXT | DATA | TSE | EOP | RS | (len - 100)), 0x300);
	out(b, 0x3818, 3);
	for (unsigned i = 0; i < 3; i++) {
		size_t part = i < 2 ? 1000 : 500;

		NOTE("segment %u", i);
		EQ(54 + part, wire_get(b, g, sizeof(g)));
		EQ(40 + part, get_be16(g + 16));
		EQ(0x1234 + i, get_be16(g + 18));
		EQ(0xffff, sum(g + 14, 20, 0));
		EQ(0xffff, body_sum(g, 54 + part));
		EQ(1000 * i, get_be16(g + 40));
		EQ(i < 2 ? 0x10 : 0x19, g[47]);
		EQM(f + 54 + 1000 * i, g + 54, part);
	}
	CHECK(wire_silent(b));
	EQ(3, in(b, 0x3810));
	EQ(1, bus_read(b, TX_RING + 44, 1));
	EQ(1, in(b, 0x40f8));
	EQ(3, in(b, 0x40d4));
}

BUS_TEST(e1000_impossible_segments, wire_args("e1000"))
{
	uint8_t f[200];
	size_t len = packet(f, 6, 100);

	tx_on(b);
	bus_memwrite(b, TX_BUF, f, len);
	put_context(b, 0, true, 1, 100);
	put_desc(b, TX_RING + 16, TX_BUF, (uint32_t)(DEXT | DATA | TSE | EOP | RS | len), 0x300);
	put_context(b, 2, true, 0xffff, 100);
	put_desc(b, TX_RING + 48, TX_BUF, DEXT | DATA | TSE | EOP | RS | 0xfffff, 0x300);
	put_desc(b, TX_RING + 64, TX_BUF, EOP | RS | 0xffff, 0xffff00ff);
	out(b, 0x3818, 4);
	CHECK(wire_silent(b));
	EQ(4, in(b, 0x3810));
}

/* ---- receive */

static void rx_on(struct guest *b, uint32_t rctl)
{
	start(b);
	for (uint32_t i = 0; i < 8; i++)
		put_desc(b, RX_RING + 16 * i, RX_BUF + 2048 * i, 0, 0);
	out(b, 0x2800, RX_RING);
	out(b, 0x2808, 128);
	out(b, 0x2818, 7);
	out(b, 0xd0, 0xd0);
	out(b, 0x100, 2 | rctl);
}

static bool rdh_cond(struct guest *b, void *arg)
{
	return in(b, 0x2810) == *(unsigned *)arg;
}

static void put(struct guest *b, const void *f, size_t len, unsigned rdh)
{
	wire_put(f, len);
	CHECK(bus_wait(b, rdh_cond, &rdh));
}

/* A frame that nobody may take, and a broadcast after it that all take. */
static void not_taken(struct guest *b, const void *f, size_t len, unsigned rdh)
{
	uint8_t all[60];

	make_frame(all, "\xff\xff\xff\xff\xff\xff", sizeof(all));
	wire_put(f, len);
	put(b, all, sizeof(all), rdh + 1);
	EQ(0xff, bus_read(b, RX_BUF + 2048 * rdh, 1));
}

static uint32_t crc_by_bits(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc ^ p[i] >> bit) & 1 ? 0xedb88320 : 0);
	return ~crc;
}

BUS_TEST(e1000_receive, wire_args("e1000"))
{
	uint8_t f[100], g[104];

	rx_on(b, 0x8000);
	make_frame(f, "\x52\x54\x00\xab\xcd\xef", sizeof(f));
	put(b, f, sizeof(f), 1);
	EQ(1, bus_irq(b, IRQ));
	EQ(0x80, in(b, 0xc0));
	EQ(0, bus_irq(b, IRQ));
	EQ(104, bus_read(b, RX_RING + 8, 2));
	EQ(0x07, bus_read(b, RX_RING + 12, 1)); /* DD EOP IXSM */
	EQ(0, bus_read(b, RX_RING + 13, 1));
	bus_memread(b, RX_BUF, g, sizeof(g));
	EQM(f, g, sizeof(f));
	EQ(crc_by_bits(f, sizeof(f)), bus_read(b, RX_BUF + 100, 4));
	out(b, 0x100, 0x04008002); /* SECRC */
	put(b, f, 30, 2);
	EQ(60, bus_read(b, RX_RING + 24, 2));
	EQ(2, in(b, 0x4074));
	EQ(104 + 64, in(b, 0x4088));
	EQ(1, in(b, 0x405c));
	EQ(1, in(b, 0x4060));
}

BUS_TEST(e1000_filters, wire_args("e1000"))
{
	uint8_t f[60];

	rx_on(b, 0x8000);
	make_frame(f, "\x52\x54\x00\xab\xcd\x00", sizeof(f)); /* another's */
	not_taken(b, f, sizeof(f), 0);
	make_frame(f, "\x01\x00\x5e\x00\x00\xfb", sizeof(f));
	not_taken(b, f, sizeof(f), 1);
	/* MO 0: bits 47-36 of the address: fb0 */
	out(b, 0x5200 + 4 * (0xfb0 >> 5), 1u << (0xfb0 & 31));
	put(b, f, sizeof(f), 3);
	EQ(0x87, bus_read(b, RX_RING + 44, 1)); /* PIF: by the table only */
	out(b, 0x100, 0xb002);                  /* MO 3: bits 43-32: b00 */
	not_taken(b, f, sizeof(f), 3);
	out(b, 0x5200 + 4 * (0xb00 >> 5), 1u << (0xb00 & 31));
	put(b, f, sizeof(f), 5);
	out(b, 0x540c, 0x8000fb00); /* RA[1] 01:00:5e:00:00:fb */
	out(b, 0x5408, 0x005e0001);
	put(b, f, sizeof(f), 6);
	EQ(0x07, bus_read(b, RX_RING + 92, 1));
	EQ(3, in(b, 0x407c));
	EQ(3, in(b, 0x4078));
}

BUS_TEST(e1000_promiscuous, wire_args("e1000"))
{
	uint8_t f[60];

	rx_on(b, 0x8008);
	make_frame(f, "\x52\x54\x00\xab\xcd\x00", sizeof(f));
	put(b, f, sizeof(f), 1);
	EQ(0x87, bus_read(b, RX_RING + 12, 1));
	make_frame(f, "\x01\x00\x5e\x00\x00\xfb", sizeof(f));
	not_taken(b, f, sizeof(f), 1);
	out(b, 0x100, 0x8012);
	put(b, f, sizeof(f), 3);
	make_frame(f, "\x52\x54\x00\xab\xcd\x00", sizeof(f));
	not_taken(b, f, sizeof(f), 3);
}

static bool overrun_cond(struct guest *b, void *arg)
{
	(void)arg;
	return in(b, 0xc8) & 0x40;
}

BUS_TEST(e1000_long_packets, wire_args("e1000"))
{
	static uint8_t f[9000], g[9000];

	rx_on(b, 0x8000);
	make_frame(f, "\x52\x54\x00\xab\xcd\xef", sizeof(f));
	not_taken(b, f, 1519, 0); /* 1523 with CRC */
	EQ(1, in(b, 0x40ac));
	put(b, f, 1518, 2);
	out(b, 0x100, 0x04008022); /* LPE, SECRC */
	put(b, f, 5000, 5);
	EQ(2048, bus_read(b, RX_RING + 40, 2));
	EQ(0x05, bus_read(b, RX_RING + 44, 1)); /* no EOP */
	EQ(5000 - 4096, bus_read(b, RX_RING + 72, 2));
	EQ(0x07, bus_read(b, RX_RING + 76, 1));
	bus_memread(b, RX_BUF + 4096, g, 5000);
	EQM(f, g, 5000);
	/* More than the two descriptors that are left: lost, and said. */
	wire_put(f, 9000);
	CHECK(bus_wait(b, overrun_cond, NULL));
	EQ(1, in(b, 0x4010));
	EQ(5, in(b, 0x2810));
}

BUS_TEST(e1000_buffer_sizes, wire_args("e1000"))
{
	static uint8_t f[1000];

	rx_on(b, 0x04038000); /* 256 */
	make_frame(f, "\x52\x54\x00\xab\xcd\xef", sizeof(f));
	put(b, f, 600, 3);
	EQ(256, bus_read(b, RX_RING + 8, 2));
	EQ(88, bus_read(b, RX_RING + 40, 2));
	out(b, 0x100, 0x06038002); /* BSEX: 4096 */
	put(b, f, 1000, 4);
	EQ(1000, bus_read(b, RX_RING + 56, 2));
	EQ(0x00, bus_read(b, RX_RING + 60, 1) & 0x80);
	EQ(0x10, in(b, 0xc0) & 0x10); /* RXDMT0: half of the ring is used up */
}

BUS_TEST(e1000_vlan_receive, wire_args("e1000"))
{
	uint8_t f[100];

	rx_on(b, 0x04008000);
	out(b, 0x38, 0x8100);
	make_frame(f, "\x52\x54\x00\xab\xcd\xef", sizeof(f));
	memcpy(f + 12, "\x81\x00\x20\x05\x88\xb5", 6);
	put(b, f, sizeof(f), 1);
	EQ(100, bus_read(b, RX_RING + 8, 2));
	out(b, 0, 0x40000040); /* VME */
	put(b, f, sizeof(f), 2);
	EQ(96, bus_read(b, RX_RING + 24, 2));
	EQ(0x0f, bus_read(b, RX_RING + 28, 1)); /* VP */
	EQ(0x2005, bus_read(b, RX_RING + 30, 2));
	EQ(0xb588, bus_read(b, RX_BUF + 2048 + 12, 2));
	out(b, 0x100, 0x04048002); /* VFE */
	not_taken(b, f, sizeof(f), 2);
	out(b, 0x5600, 1 << 5);
	put(b, f, sizeof(f), 4);
	out(b, 0x100, 0x041c8002); /* CFIEN, CFI: it must be set */
	not_taken(b, f, sizeof(f), 4);
}

BUS_TEST(e1000_receive_sums, wire_args("e1000"))
{
	uint8_t f[200];
	size_t len = packet(f, 6, 99);

	rx_on(b, 0x04008008);
	be16(f + 24, ~sum(f + 14, 20, 0) & 0xffff);
	be16(f + 50, ~body_sum(f, len) & 0xffff);
	out(b, 0x5000, 0x30e);
	put(b, f, len, 1);
	EQ(0x80 | 0x63, bus_read(b, RX_RING + 12, 1)); /* IPCS TCPCS */
	EQ(0, bus_read(b, RX_RING + 13, 1));
	EQ(sum(f + 14, len - 14, 0), bus_read(b, RX_RING + 10, 2));
	f[60] ^= 1;
	put(b, f, len, 2);
	EQ(0x20, bus_read(b, RX_RING + 29, 1)); /* TCPE */
	f[60] ^= 1;
	f[22] ^= 1;
	put(b, f, len, 3);
	EQ(0x40, bus_read(b, RX_RING + 45, 1)); /* IPE */
	f[22] ^= 1;
	f[20] = 0x20; /* a fragment: TCP's is not looked at */
	put(b, f, len, 4);
	EQ(0x80 | 0x43, bus_read(b, RX_RING + 60, 1));
}

/* With an empty ring frames wait at the other end, and come when there is room. */
BUS_TEST(e1000_full_ring_waits, wire_args("e1000"))
{
	unsigned rdh = 7;
	uint8_t f[60];

	rx_on(b, 0x8000);
	make_frame(f, "\x52\x54\x00\xab\xcd\xef", sizeof(f));
	for (unsigned i = 0; i < 10; i++)
		wire_put(f, sizeof(f));
	CHECK(bus_wait(b, rdh_cond, &rdh));
	bus_step(b, 10000);
	EQ(7, in(b, 0x2810));
	EQ(0, in(b, 0x4010));
	out(b, 0x2818, 2);
	rdh = 2;
	CHECK(bus_wait(b, rdh_cond, &rdh));
	EQ(10, in(b, 0x4074));
}

BUS_TEST(e1000_loopback, wire_args("e1000"))
{
	uint8_t f[80];

	rx_on(b, 0x04008040); /* LBM: MAC */
	out(b, 0x3800, TX_RING);
	out(b, 0x3808, 128);
	out(b, 0x400, 0x0a);
	make_frame(f, "\x52\x54\x00\xab\xcd\xef", sizeof(f));
	bus_memwrite(b, TX_BUF, f, sizeof(f));
	put_desc(b, TX_RING, TX_BUF, EOP | RS | 80, 0);
	out(b, 0x3818, 1);
	EQ(1, in(b, 0x2810));
	EQ(80, bus_read(b, RX_RING + 8, 2));
	CHECK(wire_silent(b));
}
