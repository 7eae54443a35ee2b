/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/rtl8139_cplus.c: the descriptor rings of the RTL8139C+, checksums,
 * large send, VLAN tags and tally counters, by the data sheet.
 */
#include "tests/hw/rtl8139.h"

#define TX_RING 0x100000
#define TX_HIGH 0x100800
#define RX_RING 0x101000
#define TALLY   0x102000
#define TX_BUF  0x110000
#define RX_BUF  0x200000 /* of descriptor i: 2K behind that of i - 1 */

enum { OWN = 1u << 31, EOR = 1 << 30, FS = 1 << 29, LS = 1 << 28, LGSEN = 1 << 27 };
enum { IPCS = 1 << 18, UDPCS = 1 << 17, TCPCS = 1 << 16, TAGC = 1 << 17, TAVA = 1 << 16 };

static void put_desc(struct guest *b, uint64_t at, uint32_t dw0, uint32_t dw1, uint64_t buf)
{
	bus_write(b, at, 4, dw0);
	bus_write(b, at + 4, 4, dw1);
	bus_write(b, at + 8, 8, buf);
}

/* Rings in place, two receive descriptors of 1600 bytes, both directions on. */
static void cplus_on(struct guest *b, uint16_t cpcr)
{
	nic_start(b);
	nic_out(b, 0xe0, 2, cpcr);
	nic_out(b, 0x20, 4, TX_RING);
	nic_out(b, 0x24, 4, 0);
	nic_out(b, 0x28, 4, TX_HIGH);
	nic_out(b, 0x2c, 4, 0);
	nic_out(b, 0xe4, 4, RX_RING);
	nic_out(b, 0xe8, 4, 0);
	for (uint32_t i = 0; i < 2; i++)
		put_desc(b, RX_RING + 16 * i, OWN | (i ? EOR : 0) | 1600, 0, RX_BUF + 2048 * i);
	nic_out(b, 0x44, 4, 0x0a);
	nic_out(b, 0x37, 1, 0x0c);
}

/* One frame in descriptor i, the ring's last. */
static void send_one(struct guest *b, unsigned i, const void *frame, size_t len, uint32_t dw0,
		     uint32_t dw1)
{
	bus_memwrite(b, TX_BUF, frame, len);
	put_desc(b, TX_RING + 16 * i, OWN | EOR | FS | LS | dw0 | (uint32_t)len, dw1, TX_BUF);
	nic_out(b, 0xd9, 1, 0x40);
	EQ(0, bus_read(b, TX_RING + 16 * i, 4) >> 31);
}

/* ---- packets, made and summed by this file alone */

static void be16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned get_be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get_be32(const uint8_t *p)
{
	return get_be16(p) << 16 | get_be16(p + 2);
}

static unsigned sum(const uint8_t *p, size_t len, unsigned long acc)
{
	for (size_t i = 0; i < len; i++)
		acc += i & 1 ? p[i] : p[i] << 8;
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return (unsigned)acc;
}

/* Right checksums make 0xffff. */
static unsigned ip_sum(const uint8_t *frame)
{
	return sum(frame + 14, 20, 0);
}

static unsigned body_sum(const uint8_t *frame)
{
	size_t len = get_be16(frame + 16) - 20;

	return sum(frame + 34, len, sum(frame + 26, 8, frame[23] + len));
}

/* Ethernet, IPv4 without options, TCP (6) or UDP (17), all checksums 0. Returns its length. */
static size_t packet(uint8_t *f, unsigned proto, size_t payload)
{
	size_t head = proto == 6 ? 20 : 8, len = 34 + head + payload;

	make_frame(f, NIC_MAC, len);
	be16(f + 12, 0x0800);
	memset(f + 14, 0, 20 + head);
	f[14] = 0x45;
	be16(f + 16, (unsigned)len - 14);
	be16(f + 18, 0x1000);
	f[22] = 64;
	f[23] = (uint8_t)proto;
	memcpy(f + 26, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	memcpy(f + 34, "\x12\x34\x00\x50", 4);
	if (proto == 6) {
		memcpy(f + 38, "\xff\xff\xff\x00", 4); /* sequence number: about to wrap */
		f[46] = 0x50;
		f[47] = 0x19; /* ACK PSH FIN */
	} else {
		be16(f + 38, (unsigned)(head + payload));
	}
	return len;
}

static void finish_sums(uint8_t *f)
{
	be16(f + 24, ~ip_sum(f) & 0xffff);
	be16(f + (f[23] == 6 ? 50 : 40), ~body_sum(f) & 0xffff);
}

/* ---- transmit */

BUS_TEST(rtl8139_cplus_transmit, wire_args("rtl8139"))
{
	uint8_t frame[1514], got[2048];

	cplus_on(b, 3);
	make_frame(frame, "\xff\xff\xff\xff\xff\xff", sizeof(frame));
	bus_memwrite(b, TX_BUF, frame, sizeof(frame));
	put_desc(b, TX_RING, OWN | FS | 14, 0, TX_BUF);
	put_desc(b, TX_RING + 16, OWN | 500, 0, TX_BUF + 14);
	put_desc(b, TX_RING + 32, OWN | EOR | LS | 1000, 0, TX_BUF + 514);
	nic_out(b, 0x3c, 2, 4);
	nic_out(b, 0xd9, 1, 0x40);
	EQ(4, nic_in(b, 0x3e, 2));
	CHECK(bus_irq(b, NIC_IRQ));
	EQ(FS | 14, bus_read(b, TX_RING, 4));
	EQ(500, bus_read(b, TX_RING + 16, 4));
	EQ(EOR | LS | 1000, bus_read(b, TX_RING + 32, 4));
	EQ(sizeof(frame), wire_get(b, got, sizeof(got)));
	EQM(frame, got, sizeof(frame));
	nic_out(b, 0x3e, 2, 4);
	send_one(b, 0, frame, 60, 0, 0); /* EOR: the first is next */
	EQ(60, wire_get(b, got, sizeof(got)));
	nic_out(b, 0xd9, 1, 0x40);
	CHECK(wire_silent(b));
}

/* A frame whose end comes with a later kick; then one begun anew before its end. */
BUS_TEST(rtl8139_cplus_fragments, wire_args("rtl8139"))
{
	uint8_t frame[200], got[2048];

	cplus_on(b, 3);
	make_frame(frame, "\xff\xff\xff\xff\xff\xff", sizeof(frame));
	bus_memwrite(b, TX_BUF, frame, sizeof(frame));
	put_desc(b, TX_RING, OWN | FS | 100, 0, TX_BUF);
	nic_out(b, 0xd9, 1, 0x40);
	CHECK(wire_silent(b));
	put_desc(b, TX_RING + 16, OWN | LS | 100, 0, TX_BUF + 100);
	nic_out(b, 0xd9, 1, 0x40);
	EQ(200, wire_get(b, got, sizeof(got)));
	EQM(frame, got, 200);
	put_desc(b, TX_RING + 32, OWN | FS | 100, 0, TX_BUF + 100);
	put_desc(b, TX_RING + 48, OWN | FS | LS | 120, 0, TX_BUF);
	nic_out(b, 0xd9, 1, 0x40);
	EQ(120, wire_get(b, got, sizeof(got)));
	EQM(frame, got, 120);
}

BUS_TEST(rtl8139_cplus_high_priority, wire_args("rtl8139"))
{
	uint8_t frame[80], got[2048];

	cplus_on(b, 3);
	make_frame(frame, "\xff\xff\xff\xff\xff\xff", sizeof(frame));
	bus_memwrite(b, TX_BUF, frame, sizeof(frame));
	put_desc(b, TX_HIGH, OWN | EOR | FS | LS | 80, 0, TX_BUF);
	nic_out(b, 0xd9, 1, 0x40);
	CHECK(wire_silent(b));
	nic_out(b, 0xd9, 1, 0x80);
	EQ(80, wire_get(b, got, sizeof(got)));
	nic_out(b, 0x3e, 2, 0xffff);
	nic_out(b, 0xd9, 1, 0x01);
	EQ(0x0100, nic_in(b, 0x3e, 2)); /* SWInt */
}

BUS_TEST(rtl8139_cplus_transmit_off, wire_args("rtl8139"))
{
	uint8_t frame[60];

	cplus_on(b, 2);
	make_frame(frame, "\xff\xff\xff\xff\xff\xff", sizeof(frame));
	bus_memwrite(b, TX_BUF, frame, sizeof(frame));
	put_desc(b, TX_RING, OWN | EOR | FS | LS | 60, 0, TX_BUF);
	nic_out(b, 0xd9, 1, 0x40);
	EQ(1, bus_read(b, TX_RING, 4) >> 31);
	nic_out(b, 0xe0, 2, 3);
	nic_out(b, 0x37, 1, 0x08);
	nic_out(b, 0xd9, 1, 0x40);
	EQ(1, bus_read(b, TX_RING, 4) >> 31);
	CHECK(wire_silent(b));
}

BUS_TEST(rtl8139_cplus_hostile_transmit, wire_args("rtl8139"))
{
	cplus_on(b, 3);
	put_desc(b, TX_RING, OWN | FS | LS | 60, 0, 0xf8000000); /* data: no RAM */
	put_desc(b, TX_RING + 16, OWN | FS | 0xffff, 0, TX_BUF);
	put_desc(b, TX_RING + 32, OWN | LS | 0xffff, 0, TX_BUF); /* 128K in all */
	nic_out(b, 0xd9, 1, 0x40);
	EQ(0x0008, nic_in(b, 0x3e, 2) & 8);
	EQ(FS | LS | 1 << 23 | 60, bus_read(b, TX_RING, 4));
	EQ(0, bus_read(b, TX_RING + 16, 4) >> 31);
	EQ(LS | 1 << 23 | 0xffff, bus_read(b, TX_RING + 32, 4));
	CHECK(wire_silent(b));
	nic_out(b, 0x3e, 2, 0xffff);
	nic_out(b, 0x24, 4, 0x7fffffff); /* the ring: no RAM */
	nic_out(b, 0xd9, 1, 0x40);
	EQ(0x8000, nic_in(b, 0x3e, 2));
}

/* Looped frames that land on both rings and give every descriptor back: a kick handles 64. */
BUS_TEST(rtl8139_cplus_rewrites_itself, wire_args("rtl8139"))
{
	uint8_t frame[304] = NIC_MAC "\x02\x00\x00\x00\x00\x01\x88\xb5";

	cplus_on(b, 3);
	nic_out(b, 0x20, 4, RX_RING + 256);
	nic_out(b, 0x40, 4, 0x60000);
	for (uint32_t i = 0; i < 4; i++)
		put_desc(b, RX_RING + 16 * i, OWN | (i == 3 ? EOR : 0) | 1600, 0, RX_RING - 16);
	for (uint32_t i = 0; i < 2; i++)
		put_desc(b, RX_RING + 256 + 16 * i, OWN | (i ? EOR : 0) | FS | LS | 304, 0, TX_BUF);
	bus_memread(b, RX_RING, frame + 16, 288);
	bus_memwrite(b, TX_BUF, frame, sizeof(frame));
	nic_out(b, 0xd9, 1, 0x40);
	EQ(0x0005, nic_in(b, 0x3e, 2));
	nic_out(b, 0x14, 4, 0);
	nic_out(b, 0x10, 4, TALLY | 8);
	EQ(64, bus_read(b, TALLY, 8));
	EQ(64, bus_read(b, TALLY + 8, 8));
}

BUS_TEST(rtl8139_cplus_transmit_sums, wire_args("rtl8139"))
{
	uint8_t frame[1514], got[2048];
	size_t len;

	cplus_on(b, 3);
	for (unsigned payload = 99; payload < 102; payload++) {
		len = packet(frame, 6, payload);
		send_one(b, 0, frame, len, IPCS | TCPCS, 0);
		EQ(len, wire_get(b, got, sizeof(got)));
		EQ(0xffff, ip_sum(got));
		EQ(0xffff, body_sum(got));
		EQM(frame + 54, got + 54, payload);
		len = packet(frame, 17, payload);
		send_one(b, 0, frame, len, IPCS | UDPCS, 0);
		EQ(len, wire_get(b, got, sizeof(got)));
		EQ(0xffff, ip_sum(got));
		EQ(0xffff, body_sum(got));
		CHECK(get_be16(got + 40));
	}
	be16(frame + 20, 0x2000); /* a fragment has no sum of its own */
	send_one(b, 0, frame, len, IPCS | UDPCS, 0);
	EQ(len, wire_get(b, got, sizeof(got)));
	EQ(0xffff, ip_sum(got));
	EQ(0, get_be16(got + 40));
}

/* A UDP sum of 0 is sent as ffff: 0 says that there is none. */
BUS_TEST(rtl8139_cplus_udp_zero, wire_args("rtl8139"))
{
	uint8_t frame[200], got[2048];
	size_t len;

	cplus_on(b, 3);
	len = packet(frame, 17, 100);
	be16(frame + 42, 0);
	be16(frame + 42, ~body_sum(frame) & 0xffff);
	send_one(b, 0, frame, len, UDPCS, 0);
	EQ(len, wire_get(b, got, sizeof(got)));
	EQ(0xffff, get_be16(got + 40));
	EQ(0, get_be16(got + 24)); /* IPCS was not asked for */
}

/* Headers that lie: sent as they are, nothing beyond the frame is touched. */
BUS_TEST(rtl8139_cplus_bad_headers, wire_args("rtl8139"))
{
	static const struct {
		uint8_t at, val;
	} lie[] = {{14, 0x65}, {14, 0x44}, {14, 0x4f}, {16, 0xff}, {17, 0x13}, {12, 0x86}, {23, 1}};
	uint8_t frame[64], got[2048];
	size_t len;

	cplus_on(b, 3);
	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		len = packet(frame, 17, 20);
		if (lie[i].at == 14 && lie[i].val == 0x4f)
			be16(frame + 16, 40); /* shorter than its header */
		frame[lie[i].at] = lie[i].val;
		NOTE("+%u = %02x", lie[i].at, lie[i].val);
		send_one(b, 0, frame, len, UDPCS | TCPCS, 0);
		EQ(len, wire_get(b, got, sizeof(got)));
		EQM(frame, got, len);
		send_one(b, 0, frame, len, LGSEN | 500 << 16, 0);
		EQ(len, wire_get(b, got, sizeof(got)));
		EQM(frame, got, len);
	}
	len = packet(frame, 6, 4);
	frame[46] = 0x40; /* TCP header too short, then too long */
	send_one(b, 0, frame, len, LGSEN | 500 << 16, 0);
	EQ(len, wire_get(b, got, sizeof(got)));
	frame[46] = 0xf0;
	send_one(b, 0, frame, len, LGSEN | 500 << 16, 0);
	EQ(len, wire_get(b, got, sizeof(got)));
	EQM(frame, got, len);
}

BUS_TEST(rtl8139_large_send, wire_args("rtl8139"))
{
	static uint8_t frame[5000], got[2048];
	size_t len, at = 0, n;

	cplus_on(b, 3);
	len = packet(frame, 6, 4000);
	send_one(b, 0, frame, len, LGSEN | 1460 << 16, 0);
	for (unsigned i = 0; i < 3; i++, at += n) {
		n = i < 2 ? 1460 : 4000 - 2 * 1460;
		EQ(54 + n, wire_get(b, got, sizeof(got)));
		EQ(40 + n, get_be16(got + 16));
		EQ(0x1000 + i, get_be16(got + 18));
		EQ((uint32_t)(0xffffff00 + at), get_be32(got + 38));
		EQ(i < 2 ? 0x10 : 0x19, got[47]);
		EQ(0xffff, ip_sum(got));
		EQ(0xffff, body_sum(got));
		EQM(frame + 54 + at, got + 54, n);
	}
	CHECK(wire_silent(b));
	send_one(b, 0, frame, len, LGSEN | 31 << 16, 0); /* no such MSS: as it is */
	EQ(sizeof(got), wire_get(b, got, sizeof(got)));
	CHECK(wire_silent(b));
}

BUS_TEST(rtl8139_vlan_transmit, wire_args("rtl8139"))
{
	uint8_t frame[100], got[2048];

	cplus_on(b, 3);
	make_frame(frame, "\xff\xff\xff\xff\xff\xff", sizeof(frame));
	send_one(b, 0, frame, sizeof(frame), 0, TAGC | 0x3412); /* bytes as on the wire */
	EQ(104, wire_get(b, got, sizeof(got)));
	EQM(frame, got, 12);
	EQ(0x81001234, get_be32(got + 12));
	EQM(frame + 12, got + 16, 88);
}

/* ---- receive */

BUS_TEST(rtl8139_cplus_receive, wire_args("rtl8139"))
{
	uint8_t frame[100], got[1600];

	cplus_on(b, 3);
	nic_out(b, 0x3c, 2, 0x11);
	for (unsigned i = 0; i < 3; i++) {
		unsigned at = i & 1;
		make_frame(frame, i ? "\xff\xff\xff\xff\xff\xff" : NIC_MAC, 50 + 25 * i);
		CHECK(wire_put_wait(b, frame, 50 + 25 * i, 1));
		CHECK(bus_irq(b, NIC_IRQ));
		nic_out(b, 0x3e, 2, 1);
		EQ((at ? EOR : 0) | FS | LS | (i ? 1 << 24 : 1 << 25) | (i ? 54 + 25 * i : 64),
		   bus_read(b, RX_RING + 16 * at, 4));
		EQ(0, bus_read(b, RX_RING + 16 * at + 4, 4));
		bus_memread(b, RX_BUF + 2048 * at, got, sizeof(got));
		EQM(frame, got, 50 + 25 * i);
		if (i == 1)
			put_desc(b, RX_RING, OWN | 1600, 0, RX_BUF);
	}
	EQ(crc_by_bits(frame, 100), bus_read(b, RX_BUF + 100, 4));
	CHECK(wire_put_wait(b, frame, 100, 0x10)); /* the ring is used up */
	EQ(0x0010, nic_in(b, 0x3e, 2));
	EQ(1, nic_in(b, 0x4c, 4));
}

BUS_TEST(rtl8139_cplus_scatter, wire_args("rtl8139"))
{
	uint8_t frame[1000], got[1004];

	cplus_on(b, 3);
	for (unsigned i = 0; i < 3; i++)
		put_desc(b, RX_RING + 16 * i, OWN | (i == 2 ? EOR : 0) | 400, 0, RX_BUF + 512 * i);
	make_frame(frame, NIC_MAC, sizeof(frame));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	EQ(FS | 1 << 25 | 400, bus_read(b, RX_RING, 4));
	EQ(1 << 25 | 400, bus_read(b, RX_RING + 16, 4));
	EQ(EOR | LS | 1 << 25 | 1004, bus_read(b, RX_RING + 32, 4));
	for (unsigned i = 0; i < 3; i++)
		bus_memread(b, RX_BUF + 512 * i, got + 400 * i, i < 2 ? 400 : 204);
	EQM(frame, got, sizeof(frame));
	/* One small descriptor that is its own successor holds no such frame. */
	put_desc(b, RX_RING, OWN | EOR | 400, 0, RX_BUF);
	CHECK(wire_put_wait(b, frame, sizeof(frame), 0x10));
	EQ(OWN | EOR | 400, bus_read(b, RX_RING, 4));
	put_desc(b, RX_RING, OWN | EOR | 1600, 0, 0xf8000000);
	CHECK(wire_put_wait(b, frame, sizeof(frame), 0x8000));
}

static uint32_t receive_status(struct guest *b, const uint8_t *frame, size_t len)
{
	nic_out(b, 0x37, 1, 0x0c); /* starts over with descriptor 0 */
	put_desc(b, RX_RING, OWN | EOR | 1600, 0, RX_BUF);
	CHECK(wire_put_wait(b, frame, len, 1));
	nic_out(b, 0x3e, 2, 1);
	return (uint32_t)bus_read(b, RX_RING, 4) >> 13 & 0x1f; /* PID, IPF, UDPF, TCPF */
}

BUS_TEST(rtl8139_cplus_receive_sums, wire_args("rtl8139"))
{
	uint8_t frame[300];
	size_t len;

	cplus_on(b, 0x23);
	len = packet(frame, 6, 101);
	finish_sums(frame);
	EQ(0x08, receive_status(b, frame, len));
	frame[60] ^= 1;
	EQ(0x09, receive_status(b, frame, len));
	frame[60] ^= 1;
	frame[24] ^= 1;
	EQ(0x0c, receive_status(b, frame, len));
	len = packet(frame, 17, 101);
	finish_sums(frame);
	EQ(0x10, receive_status(b, frame, len));
	frame[60] ^= 1;
	EQ(0x12, receive_status(b, frame, len));
	be16(frame + 40, 0);
	EQ(0x10, receive_status(b, frame, len));
	len = packet(frame, 6, 101);
	be16(frame + 20, 0x2000);
	finish_sums(frame);
	EQ(0x18, receive_status(b, frame, len)); /* a fragment: IP alone */
	frame[23] = 1;
	be16(frame + 24, 0);
	be16(frame + 24, ~ip_sum(frame) & 0xffff);
	EQ(0x18, receive_status(b, frame, len));
	be16(frame + 12, 0x0806);
	EQ(0, receive_status(b, frame, len));
	nic_out(b, 0xe0, 2, 3);
	be16(frame + 12, 0x0800);
	EQ(0, receive_status(b, frame, len));
}

BUS_TEST(rtl8139_vlan_receive, wire_args("rtl8139"))
{
	uint8_t frame[100], got[100];

	cplus_on(b, 0x43);
	make_frame(frame, NIC_MAC, sizeof(frame));
	memcpy(frame + 12, "\x81\x00\x12\x34\x08\x00", 6);
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	EQ(FS | LS | 1 << 25 | 100, bus_read(b, RX_RING, 4));
	EQ(TAVA | 0x3412, bus_read(b, RX_RING + 4, 4));
	bus_memread(b, RX_BUF, got, 96);
	EQM(frame, got, 12);
	EQM(frame + 16, got + 12, 84);
	nic_out(b, 0x3e, 2, 1);
	CHECK(wire_put_wait(b, frame, 60, 1)); /* padded again without its tag */
	EQ(EOR | FS | LS | 1 << 25 | 64, bus_read(b, RX_RING + 16, 4));
}

/* ---- tally counters */

BUS_TEST(rtl8139_tally, wire_args("rtl8139"))
{
	uint8_t frame[60];

	cplus_on(b, 3);
	make_frame(frame, "\xff\xff\xff\xff\xff\xff", sizeof(frame));
	send_one(b, 0, frame, sizeof(frame), 0, 0);
	send_one(b, 0, frame, sizeof(frame), 0, 0);
	put_desc(b, TX_RING, OWN | EOR | FS | LS | 60, 0, 0xf8000000);
	nic_out(b, 0xd9, 1, 0x40);
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	nic_out(b, 0x3e, 2, 1);
	make_frame(frame, NIC_MAC, sizeof(frame));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 1));
	CHECK(wire_put_wait(b, frame, sizeof(frame), 0x10));
	bus_memwrite(b, TALLY, frame, sizeof(frame));
	nic_out(b, 0x14, 4, 0);
	nic_out(b, 0x10, 4, TALLY | 8);
	EQ(TALLY, nic_in(b, 0x10, 4));     /* bit 3 clear: done */
	EQ(2, bus_read(b, TALLY + 0, 8));  /* TxOk */
	EQ(2, bus_read(b, TALLY + 8, 8));  /* RxOk */
	EQ(1, bus_read(b, TALLY + 16, 8)); /* TxERR */
	EQ(1, bus_read(b, TALLY + 24, 4)); /* RxERR */
	EQ(1, bus_read(b, TALLY + 28, 2)); /* MissPkt */
	EQ(2, bus_read(b, TALLY + 40, 8)); /* RxOkPhy, the missed one too */
	EQ(1, bus_read(b, TALLY + 48, 8)); /* RxOkBrd */
	EQ(0, bus_read(b, TALLY + 56, 8)); /* RxOkMul, TxAbt, TxUndrn */
	nic_out(b, 0x3e, 2, 0xffff);
	nic_out(b, 0x14, 4, 0x7fffffff);
	nic_out(b, 0x10, 4, 8);
	EQ(0x8000, nic_in(b, 0x3e, 2));
}
