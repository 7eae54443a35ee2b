/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PIIX3 function 0, against Intel 290550-002. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

enum { PIIX3 = 1 << 3 };

static uint32_t cfg(struct guest *b, unsigned at, unsigned size)
{
	return bus_cfg_read(b, PIIX3, at, size);
}

BUS_TEST(header, "-nodefaults")
{
	EQ(0x70008086, cfg(b, 0x00, 4));
	EQ(0x0007, cfg(b, 0x04, 2));
	EQ(0x0200, cfg(b, 0x06, 2));
	EQ(0x06010000, cfg(b, 0x08, 4));
	EQ(0x80, cfg(b, 0x0e, 1)); /* more functions in the slot */
	bus_cfg_write(b, PIIX3, 0x04, 2, 0xffff);
	EQ(0x010f, cfg(b, 0x04, 2));
	bus_cfg_write(b, PIIX3, 0x04, 2, 0);
	EQ(0x0007, cfg(b, 0x04, 2));
}

BUS_TEST(reset_values, "-nodefaults")
{
	EQ(0x4d, cfg(b, 0x4c, 1));
	EQ(0x0003, cfg(b, 0x4e, 2));
	EQ(0x80808080, cfg(b, 0x60, 4));
	EQ(0x02, cfg(b, 0x69, 1));
	EQ(0x0000, cfg(b, 0x6a, 2));
	EQ(0x80, cfg(b, 0x70, 1));
	EQ(0x0c0c, cfg(b, 0x76, 2));
	EQ(0x0002, cfg(b, 0x78, 2));
	EQ(0x00, cfg(b, 0x80, 1));
	EQ(0x00, cfg(b, 0x82, 1));
	EQ(0x08, cfg(b, 0xa0, 1));
	EQ(0x00000000, cfg(b, 0xa4, 4));
	EQ(0x0f, cfg(b, 0xa8, 1));
	bus_cfg_write(b, PIIX3, 0x60, 4, 0xffffffff);
	EQ(0x8f8f8f8f, cfg(b, 0x60, 4));
	bus_cfg_write(b, PIIX3, 0x61, 1, 0x0a);
	EQ(0x8f8f0a8f, cfg(b, 0x60, 4));
}

static bool is_reset(struct guest *b, void *arg)
{
	(void)arg;
	return cfg(b, 0x4e, 2) == 0x0003;
}

BUS_TEST(reset_control, "-nodefaults")
{
	EQ(0, bus_in(b, 0xcf9, 1));
	bus_cfg_write(b, PIIX3, 0x4e, 2, 0x00c3);
	bus_out(b, 0xcf9, 1, 0x02);
	EQ(0x02, bus_in(b, 0xcf9, 1));
	EQ(0x00c3, cfg(b, 0x4e, 2));
	bus_out(b, 0xcf9, 1, 0x06);
	CHECK(bus_wait(b, is_reset, NULL));
	EQ(0, bus_in(b, 0xcf9, 1));
}

BUS_TEST(ports, "-nodefaults")
{
	EQ(0x00, bus_in(b, 0x92, 1));
	bus_out(b, 0x92, 1, 0xfe);
	EQ(0x02, bus_in(b, 0x92, 1));
	bus_out(b, 0x80, 1, 0x55);
	EQ(0xff, bus_in(b, 0x80, 1));
	bus_out(b, 0xf0, 1, 0);
	EQ(0xff, bus_in(b, 0xf0, 1));
}

/* ---- what it asks of the board ---- */

static struct {
	unsigned irq[4], resets, cpu_resets, a20;
} board;

static void link_route(struct dev_env *env, unsigned link, unsigned irq)
{
	(void)env;
	board.irq[link] = irq;
}

static void request(struct dev_env *env, struct dev *d, enum dev_request what, unsigned arg)
{
	(void)env;
	(void)d;
	board.resets += what == REQ_RESET;
	board.cpu_resets += what == REQ_CPU_RESET;
	if (what == REQ_A20)
		board.a20 = arg;
}

static struct rig *on_board(void)
{
	static struct dev_env_ops ops;
	const struct dev_class *c = dev_class_find("PIIX3");
	struct rig *r;

	MUST(c);
	r = rig_new(c);
	ops = *r->env.ops;
	ops.link_route = link_route;
	ops.request = request;
	r->env.ops = &ops;
	dev_reset(r->dev, true);
	return r;
}

TEST(links_are_routed)
{
	struct rig *r = on_board();

	for (unsigned irq = 0; irq < 16; irq++) {
		bool reserved = irq < 3 || irq == 8 || irq == 13;

		dev_write(r->dev, 0, 0x62, 1, irq);
		EQ(reserved ? 0 : irq, board.irq[2]);
	}
	dev_write(r->dev, 0, 0x60, 4, 0x0b0a0b05);
	EQ(5, board.irq[0]);
	EQ(11, board.irq[1]);
	EQ(10, board.irq[2]);
	EQ(11, board.irq[3]);
	dev_write(r->dev, 0, 0x61, 1, 0x8b);
	EQ(0, board.irq[1]);
	dev_reset(r->dev, false);
	EQ(0, board.irq[0] | board.irq[1] | board.irq[2] | board.irq[3]);
	rig_free(r);
}

TEST(resets_and_a20)
{
	struct rig *r = on_board();

	dev_write(r->dev, 1, 0, 1, 0x02);
	EQ(0, board.resets);
	dev_write(r->dev, 1, 0, 1, 0x06);
	EQ(1, board.resets);
	dev_write(r->dev, 2, 0, 1, 0x02);
	EQ(1, board.a20);
	EQ(0, board.cpu_resets);
	dev_write(r->dev, 2, 0, 1, 0x03);
	dev_write(r->dev, 2, 0, 1, 0x03);
	EQ(1, board.cpu_resets); /* the bit has to be cleared in between */
	dev_write(r->dev, 2, 0, 1, 0x00);
	EQ(0, board.a20);
	dev_write(r->dev, 2, 0, 1, 0x01);
	EQ(2, board.cpu_resets);
	rig_free(r);
}
