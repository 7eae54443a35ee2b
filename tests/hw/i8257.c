/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8237A pair, against Intel 231466-005. */
#include "tests/hw/bus.h"

static void out(struct guest *b, unsigned port, unsigned v)
{
	bus_out(b, (uint16_t)port, 1, v);
}

static unsigned in(struct guest *b, unsigned port)
{
	return bus_in(b, (uint16_t)port, 1);
}

static unsigned in16(struct guest *b, unsigned port)
{
	unsigned low = in(b, port);

	return low | in(b, port) << 8;
}

BUS_TEST(addresses_and_counts, "-nodefaults")
{
	out(b, 0x0c, 0);
	out(b, 0xd8, 0);
	for (unsigned ch = 0; ch < 8; ch++) {
		unsigned address = ch < 4 ? 2 * ch : 0xc0 + 4 * (ch - 4);
		unsigned count = ch < 4 ? address + 1 : address + 2;

		NOTE("channel %u", ch);
		out(b, address, 0x34 + ch);
		out(b, address, 0x12);
		out(b, count, 0xff);
		out(b, count, 0xa0 + ch);
		EQ(0x1234 + ch, in16(b, address));
		EQ(0xa0ff + (ch << 8), in16(b, count));
	}
	EQ(0x34, in(b, 0x00));
	out(b, 0x0c, 0); /* the next byte is a low one again */
	EQ(0x1234, in16(b, 0x00));
	EQ(0x1238, in16(b, 0xc1)); /* the second controller does not look at A0 */
}

BUS_TEST(masks, "-nodefaults")
{
	EQ(0x0f, in(b, 0x0f)); /* reset masks all */
	EQ(0x0f, in(b, 0xde));
	out(b, 0x0a, 0x02);
	EQ(0x0b, in(b, 0x0f));
	out(b, 0x0a, 0x06);
	EQ(0x0f, in(b, 0x0f));
	out(b, 0x0e, 0);
	EQ(0x00, in(b, 0x0f));
	out(b, 0x0f, 0xf5);
	EQ(0x05, in(b, 0x0f));
	EQ(0x0f, in(b, 0xde));
	out(b, 0xd4, 0x00); /* channel 4: the cascade */
	EQ(0x0e, in(b, 0xde));
	out(b, 0x0d, 0); /* master clear */
	EQ(0x0f, in(b, 0x0f));
	EQ(0x0e, in(b, 0xde));
}

BUS_TEST(requests_and_mode, "-nodefaults")
{
	out(b, 0x08, 0x10);
	out(b, 0x0b, 0x5a);
	EQ(0, in(b, 0x08));
	out(b, 0x09, 0x07);
	EQ(0x80, in(b, 0x08));
	out(b, 0x09, 0x04);
	out(b, 0x09, 0x03);
	EQ(0x10, in(b, 0x08));
	out(b, 0x0d, 0);
	EQ(0, in(b, 0x08));
	EQ(0, in(b, 0x0d)); /* temporary */
	EQ(0, in(b, 0x0b)); /* write-only */
}

BUS_TEST(pages, "-nodefaults")
{
	static const uint16_t port[] = {0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a};

	for (unsigned i = 0; i < 8; i++)
		out(b, port[i], 0xc0 + i);
	for (unsigned i = 0; i < 8; i++)
		EQ(0xc0 + i, in(b, port[i]));
}
