/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 82441FX host bridge, against Intel 290549-001. */
#include "tests/hw/bus.h"

enum { I440FX = 0 };

static uint32_t cfg(struct guest *b, unsigned at, unsigned size)
{
	return bus_cfg_read(b, I440FX, at, size);
}

static void put(struct guest *b, unsigned at, unsigned size, uint32_t v)
{
	bus_cfg_write(b, I440FX, at, size, v);
}

BUS_TEST(header, "-nodefaults")
{
	EQ(0x12378086, cfg(b, 0x00, 4));
	EQ(0x0006, cfg(b, 0x04, 2));
	EQ(0x0280, cfg(b, 0x06, 2));
	EQ(0x06000002, cfg(b, 0x08, 4));
	EQ(0x00, cfg(b, 0x0d, 1));
	EQ(0x00, cfg(b, 0x0e, 1));
	EQ(0x00, cfg(b, 0x0f, 1));
	for (unsigned bar = 0x10; bar < 0x28; bar += 4) {
		put(b, bar, 4, 0xffffffff);
		EQ(0, cfg(b, bar, 4));
	}
	EQ(0x11001af4, cfg(b, 0x2c, 4));
	EQ(0x00, cfg(b, 0x3d, 1));
	put(b, 0x00, 4, 0);
	EQ(0x12378086, cfg(b, 0x00, 4));
	put(b, 0x04, 2, 0xffff);
	EQ(0x0146, cfg(b, 0x04, 2));
}

BUS_TEST(reset_values, "-nodefaults")
{
	static const struct {
		unsigned at, size, value;
	} facts[] = {
		{0x50, 2, 0x0000}, {0x52, 1, 0x00}, {0x53, 1, 0x80},       {0x54, 1, 0x00},
		{0x55, 2, 0x0000}, {0x57, 1, 0x01}, {0x58, 1, 0x10},       {0x59, 4, 0},
		{0x5d, 1, 0x00},   {0x5e, 2, 0},    {0x60, 4, 0x01010101}, {0x64, 4, 0x01010101},
		{0x68, 1, 0x00},   {0x70, 1, 0x00}, {0x71, 1, 0x10},       {0x72, 1, 0x02},
		{0x90, 1, 0x00},   {0x91, 1, 0x00}, {0x93, 1, 0x00},       {0xf8, 4, 0},
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		unsigned got = 0;

		NOTE("register %02x", facts[i].at);
		for (unsigned n = 0; n < facts[i].size; n++)
			got |= cfg(b, facts[i].at + n, 1) << 8 * n;
		EQ(facts[i].value, got);
	}
}

BUS_TEST(shadow_masks, "-nodefaults")
{
	for (unsigned at = 0x59; at <= 0x5f; at++) {
		put(b, at, 1, 0xff);
		EQ(at == 0x59 ? 0x30 : 0x33, cfg(b, at, 1));
		put(b, at, 1, 0);
		EQ(0, cfg(b, at, 1));
	}
	put(b, 0x5c, 4, 0xffffffff); /* its own bytes, no others */
	EQ(0x00, cfg(b, 0x5b, 1));
	EQ(0x33333333, cfg(b, 0x5c, 4));
}

BUS_TEST(smram_locks, "-nodefaults")
{
	put(b, 0x72, 1, 0xff & ~0x10);
	EQ(0x6a, cfg(b, 0x72, 1)); /* C_BASE_SEG stays 010 */
	put(b, 0x72, 1, 0x50);
	EQ(0x12, cfg(b, 0x72, 1)); /* D_LCK takes D_OPEN away */
	put(b, 0x72, 1, 0x48);
	EQ(0x1a, cfg(b, 0x72, 1)); /* and stays */
}

static bool all_are(struct guest *b, uint32_t start, uint32_t len, uint8_t value)
{
	static uint8_t buf[0x10000];

	bus_memread(b, start, buf, len);
	for (uint32_t i = 0; i < len; i++)
		if (buf[i] != value)
			return false;
	return true;
}

static void fill(struct guest *b, uint32_t start, uint32_t len, uint8_t value)
{
	static uint8_t buf[0x10000];

	memset(buf, value, len);
	bus_memwrite(b, start, buf, len);
}

/* Segment 0 is the 64 KiB below 1 MiB, in the high nibble of PAM0; then 16 KiB each, low nibble
 * first. */
BUS_TEST(shadow_ram, "-nodefaults")
{
	for (unsigned i = 0; i < 13; i++) {
		uint32_t start = i ? 0xc0000 + (i - 1) * 0x4000 : 0xf0000,
			 len = i ? 0x4000 : 0x10000;
		unsigned at = 0x59 + (i + 1) / 2, shift = i & 1 ? 0 : 4;

		NOTE("segment %05x", start);
		put(b, at, 1, 1u << shift);
		CHECK(all_are(b, start, len, 0)); /* RAM that nobody wrote */
		put(b, at, 1, 3u << shift);
		fill(b, start, len, 0x42);
		CHECK(all_are(b, start, len, 0x42));
		put(b, at, 1, 1u << shift);
		fill(b, start, len, 0x24);
		CHECK(all_are(b, start, len, 0x42)); /* writes go elsewhere */
		put(b, at, 1, 2u << shift);
		fill(b, start, len, 0x81);
		put(b, at, 1, 1u << shift);
		CHECK(all_are(b, start, len, 0x81));
		put(b, at, 1, 0);
		CHECK(!all_are(b, start, len, 0x81));
		put(b, at, 1, 1u << shift);
		CHECK(all_are(b, start, len, 0x81)); /* it was there all the time */
		put(b, at, 1, 0);
	}
}

BUS_TEST(configuration_mechanism, "-nodefaults")
{
	bus_out(b, 0xcf8, 4, 0x80001234);
	EQ(0x80001234, bus_in(b, 0xcf8, 4));
	bus_out(b, 0xcf8, 1, 0x00);
	bus_out(b, 0xcfa, 2, 0x0000);
	EQ(0x80001234, bus_in(b, 0xcf8, 4)); /* only dwords are for it */
	EQ(0xff, bus_in(b, 0xcfa, 1));
	EQ(0xffff, bus_in(b, 0xcfa, 2));
	bus_out(b, 0xcf8, 4, 0x00000000);
	EQ(0xffffffff, bus_in(b, 0xcfc, 4)); /* bit 31 clear: no configuration cycle */
	EQ(0xff, bus_in(b, 0xcfe, 1));
	bus_out(b, 0xcfc, 4, 0);
	bus_out(b, 0xcf8, 4, 0x80000000);
	EQ(0x12378086, bus_in(b, 0xcfc, 4));
	EQ(0x1237, bus_in(b, 0xcfe, 2));
	EQ(0x37, bus_in(b, 0xcfe, 1));
	EQ(0xffffffff, bus_cfg_read(b, 0xf8, 0, 4)); /* nobody there */
	bus_cfg_write(b, 0xf8, 0, 4, 0);
	bus_out(b, 0xcf8, 4, 0x80010000); /* bus 1 */
	EQ(0xffffffff, bus_in(b, 0xcfc, 4));
}
