/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/rtl8139.c: RTL8139C+ data sheet by hand: registers, EEPROM, timer,
 * and the rings that are not C+'s (those: rtl8139_cplus.c).
 */
#include "tests/hw/rtl8139.h"

#define TX_BUF 0x100000
#define RX_BUF 0x200000

static unsigned nic_devfn(struct guest *b)
{
	int devfn = bus_find_pci(b, 0x10ec8139);

	MUST(devfn >= 0);
	return (unsigned)devfn;
}

void nic_start(struct guest *b)
{
	unsigned devfn = nic_devfn(b);

	for (unsigned i = 0; i < 4; i++)
		bus_cfg_write(b, 1 << 3, 0x60 + i, 1, NIC_IRQ);
	bus_cfg_write(b, devfn, 0x10, 4, NIC_IO);
	bus_cfg_write(b, devfn, 0x14, 4, NIC_MMIO);
	bus_cfg_write(b, devfn, 0x04, 2, 7);
}

uint32_t nic_in(struct guest *b, unsigned at, unsigned size)
{
	return bus_in(b, (uint16_t)(NIC_IO + at), size);
}

void nic_out(struct guest *b, unsigned at, unsigned size, uint32_t val)
{
	bus_out(b, (uint16_t)(NIC_IO + at), size, val);
}

static bool isr_cond(struct guest *b, void *arg)
{
	return nic_in(b, 0x3e, 2) & *(unsigned *)arg;
}

bool nic_wait(struct guest *b, unsigned isr)
{
	return bus_wait(b, isr_cond, &isr);
}

bool wire_put_wait(struct guest *b, const void *frame, size_t len, unsigned isr)
{
	wire_put(frame, len);
	return nic_wait(b, isr);
}

uint32_t crc_by_bits(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ ((crc ^ p[i] >> bit) & 1 ? 0xedb88320 : 0);
	return ~crc;
}

/* ---- configuration space */

BUS_TEST(rtl8139_identity, wire_args("rtl8139"))
{
	unsigned devfn = nic_devfn(b);

	EQ(0x813910ec, bus_cfg_read(b, devfn, 0x00, 4));
	EQ(0x02000020, bus_cfg_read(b, devfn, 0x08, 4));
	EQ(0x00, bus_cfg_read(b, devfn, 0x0e, 1));
	EQ(0x11001af4, bus_cfg_read(b, devfn, 0x2c, 4));
	EQ(1, bus_cfg_read(b, devfn, 0x3d, 1));
	for (unsigned i = 0; i < 2; i++)
		bus_cfg_write(b, devfn, 0x10 + 4 * i, 4, 0xffffffff);
	EQ(0xffffff01, bus_cfg_read(b, devfn, 0x10, 4));
	EQ(0xffffff00, bus_cfg_read(b, devfn, 0x14, 4));
	bus_cfg_write(b, devfn, 0x04, 2, 0xffff);
	EQ(0x0507, bus_cfg_read(b, devfn, 0x04, 2));
}

/* ---- registers */

struct expect {
	uint8_t at, size;
	uint32_t val;
};

static void check_all(struct guest *b, const struct expect *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		NOTE("+%02x/%u", e[i].at, e[i].size);
		EQ(e[i].val, nic_in(b, e[i].at, e[i].size));
		EQ(e[i].val, bus_read(b, NIC_MMIO + e[i].at, e[i].size));
	}
	NOTE("%s", "");
}

BUS_TEST(rtl8139_reset_values, wire_args("rtl8139"))
{
	static const struct expect reset[] = {
		{0x00, 4, 0xab005452}, {0x04, 2, 0xefcd}, {0x08, 4, 0},          {0x0c, 4, 0},
		{0x10, 4, 0x2000},     {0x1c, 4, 0x2000}, {0x20, 4, 0},          {0x30, 4, 0},
		{0x34, 2, 0},          {0x36, 1, 0},      {0x37, 1, 0x01},       {0x38, 2, 0xfff0},
		{0x3a, 2, 0},          {0x3c, 4, 0},      {0x40, 4, 0x74800000}, {0x43, 1, 0x74},
		{0x44, 4, 0},          {0x4c, 4, 0},      {0x50, 1, 0},          {0x51, 1, 0},
		{0x52, 1, 0x0c},       {0x54, 4, 0},      {0x58, 1, 0xd0},       {0x59, 1, 0x01},
		{0x5a, 1, 0},          {0x5c, 2, 0},      {0x5e, 1, 0x20},       {0x60, 2, 0x000f},
		{0x62, 2, 0x1000},     {0x64, 2, 0x782d}, {0x66, 2, 0x05e1},     {0x68, 2, 0x05e1},
		{0x6a, 2, 0x0001},     {0x74, 2, 0x0340}, {0xd8, 1, 0},          {0xe0, 2, 0},
		{0xe4, 4, 0},          {0xe8, 4, 0},      {0xec, 1, 0},
	};

	nic_start(b);
	check_all(b, reset, sizeof(reset) / sizeof(reset[0]));
}

/* at, size, what reads back after all ones; CONFIGn are unlocked. */
BUS_TEST(rtl8139_masks, wire_args("rtl8139"))
{
	static const struct expect mask[] = {
		{0x00, 4, 0xffffffff}, {0x04, 2, 0xffff},     {0x08, 4, 0xffffffff},
		{0x10, 4, 0x003f3fff}, {0x1c, 4, 0x003f3fff}, {0x20, 4, 0xffffffff},
		{0x2c, 4, 0xffffffff}, {0x30, 4, 0xffffffff}, {0x34, 2, 0},
		{0x36, 1, 0},          {0x3a, 2, 0},          {0x3c, 2, 0xe1ff},
		{0x3e, 2, 0},          {0x40, 4, 0x778f07f0}, {0x44, 4, 0x0f03ffbf},
		{0x4c, 4, 0},          {0x51, 1, 0x07},       {0x52, 1, 0xff},
		{0x54, 4, 0xffffffff}, {0x58, 1, 0xd0},       {0x59, 1, 0x71},
		{0x5a, 1, 0xf5},       {0x5c, 2, 0x0fff},     {0x62, 2, 0x1000},
		{0x64, 2, 0x782d},     {0x66, 2, 0xffff},     {0xd8, 1, 0x7f},
		{0xe0, 2, 0x007b},     {0xe4, 4, 0xffffffff}, {0xec, 1, 0xff},
	};

	nic_start(b);
	nic_out(b, 0x50, 1, 0xc0);
	nic_out(b, 0x37, 1, 0x04);
	for (size_t i = 0; i < sizeof(mask) / sizeof(mask[0]); i++) {
		NOTE("+%02x/%u", mask[i].at, mask[i].size);
		nic_out(b, mask[i].at, mask[i].size, 0xffffffff);
		EQ(mask[i].val, nic_in(b, mask[i].at, mask[i].size));
	}
}

BUS_TEST(rtl8139_soft_reset, wire_args("rtl8139"))
{
	static const struct expect after[] = {
		{0x10, 4, 0x2000},     {0x20, 4, 0},    {0x30, 4, 0},    {0x37, 1, 0x01},
		{0x38, 2, 0xfff0},     {0x3c, 2, 0},    {0x3e, 2, 0},    {0x40, 4, 0x74800000},
		{0x44, 4, 0},          {0x54, 4, 0},    {0x5c, 2, 0},    {0xe0, 2, 0},
		{0x00, 4, 0x44332211}, {0x08, 4, 0x55}, {0x52, 1, 0x0d},
	};

	nic_start(b);
	nic_out(b, 0x00, 4, 0x44332211);
	nic_out(b, 0x08, 4, 0x55);
	nic_out(b, 0x50, 1, 0xc0);
	nic_out(b, 0x52, 1, 0x0d);
	nic_out(b, 0x37, 1, 0x0c);
	EQ(0x0d, nic_in(b, 0x37, 1));
	nic_out(b, 0x20, 4, 0x1000);
	nic_out(b, 0x30, 4, 0x2000);
	nic_out(b, 0x3c, 2, 0x0005);
	nic_out(b, 0x44, 4, 0x0f);
	nic_out(b, 0x54, 4, 1000);
	nic_out(b, 0x5c, 2, 1);
	nic_out(b, 0x40, 4, 0x700);
	EQ(0x74800700, nic_in(b, 0x40, 4));
	nic_out(b, 0xe0, 2, 3);
	nic_out(b, 0x37, 1, 0x10);
	check_all(b, after, sizeof(after) / sizeof(after[0]));
	bus_step(b, 1000000);
	EQ(0, nic_in(b, 0x3e, 2));
}

BUS_TEST(rtl8139_locks, wire_args("rtl8139"))
{
	nic_start(b);
	nic_out(b, 0x51, 2, 0xffff); /* 9346CR is in normal mode */
	EQ(0x0c00, nic_in(b, 0x51, 2));
	nic_out(b, 0x59, 1, 0xff);
	EQ(0x01, nic_in(b, 0x59, 1));
	nic_out(b, 0x40, 4, 0x700); /* TE is off */
	EQ(0x74800000, nic_in(b, 0x40, 4));
	nic_out(b, 0x5b, 1, 'H');
	EQ(0, nic_in(b, 0x5b, 1));
	nic_out(b, 0x5b, 1, 'x');
	EQ(0, nic_in(b, 0x5b, 1));
	nic_out(b, 0x5b, 1, 'R');
	EQ(1, nic_in(b, 0x5b, 1));
}

/* ---- EEPROM: lines of 9346CR in programming mode */

static void ee_bits(struct guest *b, unsigned bits, unsigned n)
{
	while (n--) {
		unsigned di = bits >> n & 1 ? 0x02 : 0;
		nic_out(b, 0x50, 1, 0x88 | di);
		nic_out(b, 0x50, 1, 0x8c | di);
	}
	nic_out(b, 0x50, 1, 0x88);
}

/* Start bit, opcode, address (or what extends the opcode). */
static void ee_command(struct guest *b, unsigned op, unsigned addr)
{
	nic_out(b, 0x50, 1, 0x80);
	ee_bits(b, 1u << 8 | op << 6 | addr, 9);
}

static unsigned ee_word(struct guest *b)
{
	unsigned v = 0;

	for (unsigned i = 0; i < 16; i++) {
		ee_bits(b, 0, 1);
		v = v << 1 | (nic_in(b, 0x50, 1) & 1);
	}
	return v;
}

static unsigned ee_read(struct guest *b, unsigned addr)
{
	ee_command(b, 2, addr);
	EQ(0, nic_in(b, 0x50, 1) & 1); /* the dummy bit */
	return ee_word(b);
}

static void ee_write(struct guest *b, unsigned op, unsigned addr, unsigned val)
{
	ee_command(b, op, addr);
	ee_bits(b, val, 16);
	nic_out(b, 0x50, 1, 0x80);
	nic_out(b, 0x50, 1, 0x88);
	EQ(1, nic_in(b, 0x50, 1) & 1); /* ready */
}

BUS_TEST(rtl8139_eeprom_contents, wire_args("rtl8139"))
{
	nic_start(b);
	EQ(0x8129, ee_read(b, 0));
	EQ(0x10ec, ee_read(b, 1));
	EQ(0x8139, ee_read(b, 2));
	EQ(0x5452, ee_read(b, 7));
	EQ(0xab00, ee_word(b)); /* reads on */
	EQ(0xefcd, ee_word(b));
	nic_out(b, 0x50, 1, 0);
	EQ(0, nic_in(b, 0x50, 1));
}

BUS_TEST(rtl8139_eeprom_write, wire_args("rtl8139"))
{
	nic_start(b);
	ee_write(b, 1, 40, 0x1234); /* disabled since power-on */
	EQ(0, ee_read(b, 40));
	ee_command(b, 0, 0x30); /* EWEN */
	ee_write(b, 1, 40, 0x1234);
	ee_write(b, 1, 7, 0x0706);
	EQ(0x1234, ee_read(b, 40));
	ee_command(b, 3, 40); /* ERASE */
	EQ(0xffff, ee_read(b, 40));
	nic_out(b, 0x50, 1, 0x40); /* auto-load: IDR from the EEPROM */
	EQ(0, nic_in(b, 0x50, 1));
	EQ(0xab000706, nic_in(b, 0x00, 4));
	ee_write(b, 0, 0x10, 0xa5a5); /* WRAL */
	EQ(0xa5a5, ee_read(b, 0));
	EQ(0xa5a5, ee_read(b, 63));
	ee_command(b, 0, 0x20); /* ERAL */
	EQ(0xffff, ee_read(b, 5));
	ee_command(b, 0, 0x00); /* EWDS */
	ee_write(b, 1, 5, 1);
	EQ(0xffff, ee_read(b, 5));
}

/* ---- timer: 33 MHz, 30 ns a tick */

BUS_TEST(rtl8139_timer, wire_args("rtl8139"))
{
	uint32_t t;

	nic_start(b);
	nic_out(b, 0x48, 4, 12345);
	EQ(0, nic_in(b, 0x48, 4));
	bus_step(b, 3000);
	EQ(100, nic_in(b, 0x48, 4));
	nic_out(b, 0x54, 4, 1000);
	bus_step(b, 26900);
	EQ(0, nic_in(b, 0x3e, 2));
	bus_step(b, 100);
	EQ(0x4000, nic_in(b, 0x3e, 2));
	CHECK(!bus_irq(b, NIC_IRQ));
	nic_out(b, 0x3c, 2, 0x4000);
	CHECK(bus_irq(b, NIC_IRQ));
	nic_out(b, 0x3e, 2, 0xbfff);
	EQ(0x4000, nic_in(b, 0x3e, 2));
	nic_out(b, 0x3e, 2, 0x4000);
	CHECK(!bus_irq(b, NIC_IRQ));
	t = nic_in(b, 0x48, 4); /* runs on, wraps, matches again */
	bus_step(b, (1ll << 32) * 30 - 30);
	EQ(t - 1, nic_in(b, 0x48, 4));
	EQ(0, nic_in(b, 0x3e, 2));
	bus_step(b, 30);
	EQ(0x4000, nic_in(b, 0x3e, 2));
	nic_out(b, 0x3e, 2, 0x4000);
	nic_out(b, 0x54, 4, 0);
	bus_step(b, (1ll << 32) * 30);
	EQ(0, nic_in(b, 0x3e, 2));
}

/* ---- transmit */

static void send_classic(struct guest *b, unsigned i, const void *frame, size_t len)
{
	uint32_t at = TX_BUF + 0x1000 * i;

	bus_memwrite(b, at, frame, len);
	nic_out(b, 0x20 + 4 * i, 4, at);
	nic_out(b, 0x10 + 4 * i, 4, (uint32_t)len | 0x80000);
}

BUS_TEST(rtl8139_transmit, wire_args("rtl8139"))
{
	uint8_t frame[1514], got[2048];

	nic_start(b);
	nic_out(b, 0x37, 1, 0x04);
	nic_out(b, 0x3c, 2, 0x0004);
	for (unsigned i = 0; i < 6; i++) {
		size_t len = 60 + 290 * i;
		make_frame(frame, "\xff\xff\xff\xff\xff\xff", len);
		send_classic(b, i & 3, frame, len);
		EQ(0xa000 | 0x80000 | len, nic_in(b, 0x10 + 4 * (i & 3), 4));
		CHECK(bus_irq(b, NIC_IRQ));
		EQ(0x0004, nic_in(b, 0x3e, 2));
		nic_out(b, 0x3e, 2, 0x0004);
		CHECK(!bus_irq(b, NIC_IRQ));
		EQ(len, wire_get(b, got, sizeof(got)));
		EQM(frame, got, len);
	}
	EQ(0xf00f, nic_in(b, 0x60, 2)); /* TSAD: OWN and TOK of all */
}

/* Descriptors go in turn: one given away early waits for those before it. */
BUS_TEST(rtl8139_transmit_order, wire_args("rtl8139"))
{
	uint8_t one[60], two[64], got[2048];

	nic_start(b);
	make_frame(one, "\xff\xff\xff\xff\xff\xff", sizeof(one));
	make_frame(two, "\xff\xff\xff\xff\xff\xff", sizeof(two));
	send_classic(b, 0, one, sizeof(one)); /* TE is off */
	EQ(0x8003c, nic_in(b, 0x10, 4));
	nic_out(b, 0x37, 1, 0x04);
	nic_out(b, 0x10, 4, 0x2000);
	send_classic(b, 1, two, sizeof(two));
	EQ(0x80040, nic_in(b, 0x14, 4));
	CHECK(wire_silent(b));
	send_classic(b, 0, one, sizeof(one));
	EQ(sizeof(one), wire_get(b, got, sizeof(got)));
	EQ(sizeof(two), wire_get(b, got, sizeof(got)));
	EQM(two, got, sizeof(two));
}

BUS_TEST(rtl8139_transmit_no_ram, wire_args("rtl8139"))
{
	nic_start(b);
	nic_out(b, 0x37, 1, 0x04);
	nic_out(b, 0x20, 4, 0xf8000000);
	nic_out(b, 0x10, 4, 60);
	EQ(0x4000203c, nic_in(b, 0x10, 4)); /* OWN, TABT */
	EQ(0x8008, nic_in(b, 0x3e, 2));
	EQ(0x001f, nic_in(b, 0x60, 2));
	CHECK(wire_silent(b));
}

/* ---- receive */

/* RE with an 8K ring: broadcast, own address. */
static void receive_on(struct guest *b, uint32_t rcr)
{
	nic_start(b);
	nic_out(b, 0x30, 4, RX_BUF);
	nic_out(b, 0x44, 4, rcr);
	nic_out(b, 0x37, 1, 0x08);
}

/* The frame at ring offset `at` is as sent, with header, padding and CRC. */
static void check_ring(struct guest *b, uint32_t at, uint16_t status, const uint8_t *frame,
		       size_t len)
{
	uint8_t got[2048];
	size_t size = len < 60 ? 60 : len;

	bus_memread(b, RX_BUF + at, got, size + 8);
	EQ(status, got[0] | got[1] << 8);
	EQ(size + 4, got[2] | got[3] << 8);
	EQM(frame, got + 4, len);
	for (size_t i = len; i < size; i++)
		EQ(0, got[4 + i]);
	EQ(crc_by_bits(got + 4, size), bus_read(b, RX_BUF + at + 4 + size, 4));
}

BUS_TEST(rtl8139_receive, wire_args("rtl8139"))
{
	uint8_t frame[61];

	receive_on(b, 0x0a);
	nic_out(b, 0x3c, 2, 1);
	make_frame(frame, NIC_MAC, sizeof(frame));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	CHECK(bus_irq(b, NIC_IRQ));
	EQ(0x0001, nic_in(b, 0x3e, 2));
	check_ring(b, 0, 0x4001, frame, sizeof(frame));
	EQ(72, nic_in(b, 0x3a, 2)); /* 4 + 61 + 4, to the next dword */
	EQ(0x08, nic_in(b, 0x37, 1));
	nic_out(b, 0x3e, 2, 1);
	CHECK(!bus_irq(b, NIC_IRQ));
	nic_out(b, 0x38, 2, 72 - 16);
	EQ(0x09, nic_in(b, 0x37, 1)); /* BUFE */
	EQ(72 - 16, nic_in(b, 0x38, 2));
	make_frame(frame, "\xff\xff\xff\xff\xff\xff", 42);
	CHECK(wire_put_wait(b, frame, 42, 1));
	check_ring(b, 72, 0x2001, frame, 42);
}

/* Each that is filtered is followed by one that is not: the ring holds the second alone. */
static void filtered(struct guest *b, uint32_t rcr, const void *to)
{
	uint8_t no[60], yes[60];

	nic_out(b, 0x37, 1, 0x10);
	nic_out(b, 0x30, 4, RX_BUF);
	nic_out(b, 0x44, 4, rcr);
	nic_out(b, 0x37, 1, 0x08);
	make_frame(no, to, sizeof(no));
	make_frame(yes, NIC_MAC, sizeof(yes));
	yes[20] = 0x99;
	wire_put(no, sizeof(no));
	CHECK(wire_put_wait(b, yes, sizeof(yes), 1));
	check_ring(b, 0, 0x4001, yes, sizeof(yes));
	EQ(68, nic_in(b, 0x3a, 2));
}

static void let_in(struct guest *b, uint32_t rcr, const void *to, uint16_t status)
{
	uint8_t frame[60];

	nic_out(b, 0x37, 1, 0x10);
	nic_out(b, 0x30, 4, RX_BUF);
	nic_out(b, 0x44, 4, rcr);
	nic_out(b, 0x37, 1, 0x08);
	make_frame(frame, to, sizeof(frame));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	check_ring(b, 0, status, frame, sizeof(frame));
}

/* 224.0.0.1 hashes to 31, 33:33:00:00:00:01 to 62. */
BUS_TEST(rtl8139_filter, wire_args("rtl8139"))
{
	nic_start(b);
	filtered(b, 0x02, "\xff\xff\xff\xff\xff\xff");
	filtered(b, 0x0a, "\x52\x54\x00\xab\xcd\xee");
	nic_out(b, 0x08, 4, 1u << 31);
	filtered(b, 0x0e, "\x33\x33\x00\x00\x00\x01");
	filtered(b, 0x0a, "\x01\x00\x5e\x00\x00\x01");
	let_in(b, 0x04, "\x01\x00\x5e\x00\x00\x01", 0x8001);
	nic_out(b, 0x0c, 4, 1u << 30);
	let_in(b, 0x04, "\x33\x33\x00\x00\x00\x01", 0x8001);
	let_in(b, 0x08, "\xff\xff\xff\xff\xff\xff", 0x2001);
	let_in(b, 0x01, "\x52\x54\x00\xab\xcd\xee", 0x0001);
	nic_out(b, 0x00, 4, 0x0000aa02);
	nic_out(b, 0x04, 2, 0);
	let_in(b, 0x02, "\x02\xaa\x00\x00\x00\x00", 0x4001);
}

/* Fills the 8K ring up to 40 bytes before its end, the driver keeping up. */
static void go_near_end(struct guest *b)
{
	uint8_t frame[1512];
	unsigned at = 0;

	for (unsigned n = 0; n < 6; n++) {
		size_t len = n < 5 ? 1512 : 8192 - 40 - 5 * 1520 - 8;
		make_frame(frame, NIC_MAC, len);
		CHECK(wire_put_wait(b, frame, len, 1));
		at += (unsigned)len + 8;
		EQ(at, nic_in(b, 0x3a, 2));
		nic_out(b, 0x3e, 2, 1);
		nic_out(b, 0x38, 2, at - 16);
	}
	EQ(8192 - 40, at);
}

BUS_TEST(rtl8139_ring_wraps, wire_args("rtl8139"))
{
	uint8_t frame[100], got[100];

	receive_on(b, 0x0a);
	go_near_end(b);
	make_frame(frame, NIC_MAC, sizeof(frame));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	EQ(68, nic_in(b, 0x3a, 2));
	bus_memread(b, RX_BUF + 8192 - 36, got, 36);
	bus_memread(b, RX_BUF, got + 36, 64);
	EQM(frame, got, sizeof(frame));
	EQ(crc_by_bits(frame, sizeof(frame)), bus_read(b, RX_BUF + 64, 4));
	nic_out(b, 0x38, 2, 68 - 16);
	EQ(1, nic_in(b, 0x37, 1) & 1);
}

/* WRAP: the frame goes on behind the end; the next is where it would be all the same. */
BUS_TEST(rtl8139_ring_overruns, wire_args("rtl8139"))
{
	uint8_t frame[100];

	receive_on(b, 0x8a);
	go_near_end(b);
	make_frame(frame, NIC_MAC, sizeof(frame));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	EQ(68, nic_in(b, 0x3a, 2));
	check_ring(b, 8192 - 40, 0x4001, frame, sizeof(frame));
}

/* With RXOVW unmasked a frame without room is lost and counted. */
BUS_TEST(rtl8139_overflow, wire_args("rtl8139"))
{
	uint8_t frame[1514];
	unsigned n;

	receive_on(b, 0x0a);
	nic_out(b, 0x3c, 2, 0x0010);
	make_frame(frame, NIC_MAC, sizeof(frame));
	for (n = 0; n < 10 && !(nic_in(b, 0x3e, 2) & 0x10); n++) {
		nic_out(b, 0x3e, 2, 1);
		CHECK(wire_put_wait(b, frame, sizeof(frame), 0x11));
	}
	EQ(6, n); /* five of 1524 fit into 8192 */
	EQ(1, nic_in(b, 0x4c, 4));
	CHECK(bus_irq(b, NIC_IRQ));
	EQ(5 * 1524, nic_in(b, 0x3a, 2));
	nic_out(b, 0x4c, 4, 0xffffff);
	EQ(0, nic_in(b, 0x4c, 4));
	nic_out(b, 0x3e, 2, 0xffff);
	CHECK(!bus_irq(b, NIC_IRQ));
}

static bool cbr_cond(struct guest *b, void *arg)
{
	return nic_in(b, 0x3a, 2) == *(unsigned *)arg;
}

/* With it masked the peer waits until the driver makes room. */
BUS_TEST(rtl8139_full_ring_waits, wire_args("rtl8139"))
{
	uint8_t frame[1514];
	unsigned five = 5 * 1524, six = 6 * 1524 % 8192;

	receive_on(b, 0x0a);
	for (unsigned n = 0; n < 6; n++) {
		make_frame(frame, NIC_MAC, sizeof(frame));
		frame[20] = (uint8_t)n;
		wire_put(frame, sizeof(frame));
	}
	CHECK(bus_wait(b, cbr_cond, &five));
	bus_step(b, 1000);
	EQ(five, nic_in(b, 0x3a, 2));
	EQ(1, nic_in(b, 0x3e, 2));
	nic_out(b, 0x38, 2, five - 16);
	CHECK(bus_wait(b, cbr_cond, &six));
	EQ(1, nic_in(b, 0x3e, 2));
	EQ(0, nic_in(b, 0x4c, 4));
	EQ(5, bus_read(b, RX_BUF + five + 4 + 20, 1));
}

BUS_TEST(rtl8139_ring_sizes, wire_args("rtl8139"))
{
	uint8_t frame[60];

	for (unsigned i = 0; i < 4; i++) {
		receive_on(b, 0x0a | i << 11);
		nic_out(b, 0x38, 2, 0xffef); /* beyond any but the 64K ring */
		EQ(((0xffff & ((8192u << i) - 1)) - 16) & 0xffff, nic_in(b, 0x38, 2));
	}
	make_frame(frame, NIC_MAC, sizeof(frame));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	EQ(68, nic_in(b, 0x3a, 2));
	nic_out(b, 0x44, 4, 0x0b | 3 << 11); /* other bits leave the ring alone */
	EQ(68, nic_in(b, 0x3a, 2));
	nic_out(b, 0x44, 4, 0x0b);
	EQ(0, nic_in(b, 0x3a, 2));
	EQ(0xfff0, nic_in(b, 0x38, 2));
}

/* Longer than 4K with CRC, halted clock, no RAM: none of these reaches the ring. */
BUS_TEST(rtl8139_never_received, wire_args("rtl8139"))
{
	static uint8_t frame[8000];
	uint8_t good[60];

	receive_on(b, 0x0a);
	make_frame(frame, NIC_MAC, sizeof(frame));
	make_frame(good, NIC_MAC, sizeof(good));
	wire_put(frame, 4093);
	CHECK(wire_put_wait(b, frame, 4092, 1));
	EQ(4100, nic_in(b, 0x3a, 2));
	nic_out(b, 0x30, 4, 0xf8000000);
	CHECK(wire_put_wait(b, good, sizeof(good), 0x8000));
	EQ(4100, nic_in(b, 0x3a, 2));
	nic_out(b, 0x30, 4, RX_BUF);
	nic_out(b, 0x3e, 2, 0xffff);
	nic_out(b, 0x5b, 1, 'H');
	wire_put(good, sizeof(good));
	bus_step(b, 1000);
	bus_step(b, 1000);
	EQ(0, nic_in(b, 0x3e, 2));
	EQ(4100, nic_in(b, 0x3a, 2));
}

BUS_TEST(rtl8139_loopback, wire_args("rtl8139"))
{
	uint8_t frame[200];

	receive_on(b, 0x0a);
	nic_out(b, 0x37, 1, 0x0c);
	nic_out(b, 0x40, 4, 0x60000);
	make_frame(frame, NIC_MAC, sizeof(frame));
	send_classic(b, 0, frame, sizeof(frame));
	EQ(0x0005, nic_in(b, 0x3e, 2));
	check_ring(b, 0, 0x4001, frame, sizeof(frame));
	CHECK(wire_silent(b));
}
