/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8259A pair, against Intel 231468-003. Regions: 0 master, 1 slave, 2 ELCR, 3 acknowledge. */
#include "tests/hw/laws.h"

enum { ICW1 = 0x11, ICW4 = 0x01, EOI = 0x20, RIRR = 0x0a, RISR = 0x0b };

static struct rig *bench;
static struct dev *pic;

static void out(unsigned port, unsigned v)
{
	dev_write(pic, port == 0x4d0 || port == 0x4d1 ? 2 : port >> 7, port & 1, 1, v);
}

static unsigned in(unsigned port)
{
	return (unsigned)dev_read(pic, port == 0x4d0 || port == 0x4d1 ? 2 : port >> 7, port & 1, 1);
}

static unsigned status(unsigned port, unsigned ocw3)
{
	out(port, ocw3);
	return in(port);
}

static unsigned inta(void)
{
	return (unsigned)dev_read(pic, 3, 0, 1);
}

static bool intr(void)
{
	return dev_line_counter(pic, 0) & 1;
}

static void pulse(unsigned pin)
{
	dev_input(pic, pin, true);
	dev_input(pic, pin, false);
}

static void init_with(unsigned icw4)
{
	out(0x20, ICW1);
	out(0x21, 0x08);
	out(0x21, 0x04);
	out(0x21, icw4);
	out(0xa0, ICW1);
	out(0xa1, 0x70);
	out(0xa1, 0x02);
	out(0xa1, icw4);
}

static void start(void)
{
	const struct dev_class *c = dev_class_find("isa-pic");

	MUST(c);
	bench = rig_new(c);
	pic = bench->dev;
	init_with(ICW4);
}

TEST(vectors_and_cascade)
{
	start();
	CHECK(!intr());
	pulse(4);
	CHECK(intr());
	EQ(0x10, status(0x20, RIRR));
	EQ(0x0c, inta());
	EQ(0x10, status(0x20, RISR));
	EQ(0, status(0x20, RIRR));
	CHECK(!intr());
	out(0x20, EOI);
	EQ(0, status(0x20, RISR));
	pulse(12);
	EQ(0x04, status(0x20, RIRR));
	EQ(0x74, inta());
	EQ(0x04, status(0x20, RISR));
	EQ(0x10, status(0xa0, RISR));
	out(0xa0, EOI);
	out(0x20, EOI);
	EQ(0, in(0x20) | in(0xa0));
	rig_free(bench);
}

TEST(priorities_nest)
{
	start();
	pulse(5);
	EQ(0x0d, inta());
	pulse(6);
	CHECK(!intr());
	pulse(5); /* the level in service holds itself back */
	CHECK(!intr());
	pulse(9); /* IR2 is above IR5 */
	EQ(0x71, inta());
	pulse(0);
	EQ(0x08, inta());
	EQ(0x25, status(0x20, RISR));
	out(0x20, EOI); /* ends IR0 */
	EQ(0x24, in(0x20));
	out(0x20, 0x60 | 5); /* specific */
	EQ(0x04, in(0x20));
	CHECK(!intr());
	out(0xa0, EOI);
	out(0x20, EOI);
	EQ(0x0d, inta());
	out(0x20, EOI);
	EQ(0x0e, inta());
	rig_free(bench);
}

TEST(masks)
{
	start();
	out(0x21, 0xfb);
	out(0xa1, 0xff);
	EQ(0xfb, in(0x21));
	EQ(0xff, in(0xa1));
	pulse(3);
	pulse(14);
	CHECK(!intr());
	EQ(0x40, status(0xa0, RIRR));
	EQ(0x08, status(0x20, RIRR)); /* the slave does not ask */
	out(0xa1, 0xbf);
	CHECK(intr());
	EQ(0x76, inta());
	out(0x21, 0xf7);
	CHECK(intr() == false); /* IR2 in service is above IR3 */
	out(0xa0, EOI);
	out(0x20, EOI);
	EQ(0x0b, inta());
	rig_free(bench);
}

TEST(rotation)
{
	start();
	out(0x20, 0xc0 | 3); /* IR3 lowest: IR4 is highest */
	pulse(0);
	pulse(4);
	EQ(0x0c, inta());
	out(0x20, 0xa0); /* rotate on non-specific EOI: IR4 lowest */
	EQ(0, status(0x20, RISR));
	pulse(4);
	pulse(5);
	EQ(0x0d, inta());
	out(0x20, 0xe0 | 5); /* rotate on specific EOI */
	EQ(0x08, inta());
	out(0x20, 0xa0);
	EQ(0x0c, inta());
	out(0x20, EOI);
	out(0x20, EOI); /* nothing in service: no effect */
	EQ(0, status(0x20, RISR));
	out(0x20, 0x40); /* no operation */
	rig_free(bench);
}

TEST(automatic_eoi)
{
	start();
	init_with(0x03);
	pulse(6);
	EQ(0x0e, inta());
	EQ(0, status(0x20, RISR));
	out(0x20, 0x80); /* rotate in automatic EOI mode */
	pulse(1);
	pulse(2 + 8);
	EQ(0x09, inta());
	pulse(1);
	EQ(0x72, inta()); /* IR1 has become the lowest */
	EQ(0x09, inta());
	out(0x20, 0x00); /* stop rotating */
	pulse(3);
	pulse(1);
	EQ(0x0b, inta());
	EQ(0x09, inta());
	rig_free(bench);
}

TEST(special_mask_mode)
{
	start();
	pulse(1);
	EQ(0x09, inta());
	pulse(6);
	CHECK(!intr());
	out(0x21, 0x02);
	out(0x20, 0x68); /* a masked level in service holds nobody back */
	EQ(0x0e, inta());
	out(0x20, EOI); /* ends IR6: IR1 is masked */
	EQ(0x02, status(0x20, RISR));
	out(0x20, 0x48);
	pulse(7);
	CHECK(!intr());
	out(0x20, 0x61);
	EQ(0x0f, inta());
	rig_free(bench);
}

TEST(special_fully_nested)
{
	start();
	init_with(0x11);
	pulse(12);
	EQ(0x74, inta());
	pulse(9); /* above IR4 of the slave: asks again through IR2 */
	EQ(0x71, inta());
	init_with(0x01);
	pulse(12);
	EQ(0x74, inta());
	pulse(9);
	CHECK(!intr());
	rig_free(bench);
}

TEST(poll)
{
	start();
	EQ(0, status(0x20, 0x0c));
	pulse(3);
	EQ(0x83, status(0x20, 0x0c));
	EQ(0x08, status(0x20, RISR));
	out(0x20, EOI);
	pulse(15);
	out(0x20, 0x0c);
	EQ(0x82, in(0x21)); /* either address answers */
	EQ(0x87, status(0xa0, 0x0c));
	EQ(0, in(0x21));
	EQ(0x80, status(0xa0, RISR));
	rig_free(bench);
}

TEST(spurious_is_ir7)
{
	start();
	pulse(3);
	out(0x21, 0x08);
	CHECK(!intr());
	EQ(0x0f, inta());
	EQ(0, status(0x20, RISR));
	rig_free(bench);
}

TEST(edges_stay_levels_go)
{
	start();
	dev_input(pic, 5, true);
	EQ(0x0d, inta());
	out(0x20, EOI);
	CHECK(!intr()); /* still high, but no new edge */
	dev_input(pic, 5, false);
	out(0x4d0, 0xff);
	out(0x4d1, 0xff);
	EQ(0xf8, in(0x4d0));
	EQ(0xde, in(0x4d1));
	dev_input(pic, 5, true);
	EQ(0x0d, inta());
	CHECK(!intr());
	out(0x20, EOI);
	CHECK(intr()); /* the level asks as long as it is there */
	dev_input(pic, 5, false);
	CHECK(!intr());
	pulse(11);
	EQ(0, status(0xa0, RIRR));
	rig_free(bench);
}

TEST(an_edge_is_forgotten_with_its_mode)
{
	start();
	dev_input(pic, 10, true);
	out(0x4d1, 0x04);
	CHECK(intr());
	dev_input(pic, 10, false);
	out(0x4d1, 0);
	CHECK(!intr());
	rig_free(bench);
}

TEST(icw1_clears)
{
	start();
	out(0x21, 0xff);
	out(0x20, RISR);
	dev_input(pic, 4, true);
	out(0x20, ICW1);
	EQ(0, in(0x20));
	EQ(0, in(0x21));
	CHECK(!intr()); /* a new edge is needed */
	out(0x21, 0x20);
	out(0x21, 0x04);
	out(0x21, ICW4);
	dev_input(pic, 4, false);
	dev_input(pic, 4, true);
	EQ(0x24, inta());
	out(0x20, 0x12); /* single, no ICW4: one more byte */
	out(0x21, 0x47);
	out(0x21, 0xf7);
	EQ(0xf7, in(0x21));
	pulse(3);
	EQ(0x43, inta()); /* vectors are multiples of 8 */
	out(0x20, 0x13);  /* single with ICW4 */
	out(0x21, 0x50);
	out(0x21, ICW4);
	out(0x21, 0xaa);
	EQ(0xaa, in(0x21));
	out(0x20, 0x10); /* cascaded, no ICW4 */
	out(0x21, 0x50);
	out(0x21, 0x04);
	out(0x21, 0x55);
	EQ(0x55, in(0x21));
	rig_free(bench);
}

TEST(inputs_outlive_a_reset)
{
	start();
	dev_input(pic, 3, true);
	out(0x4d0, 0x08);
	dev_reset(pic, false);
	EQ(0, in(0x4d0));
	CHECK(!intr());
	out(0x4d0, 0x08);
	CHECK(intr());
	rig_free(bench);
}

TEST(saved_and_restored)
{
	struct dev_stream s = {0};
	struct err e = {""};

	start();
	pulse(5);
	OK(dev_save(&bench->env, "pic", &s, &e));
	EQ(0x0d, inta());
	OK(dev_load(&bench->env, "pic", s.data, s.len, &e));
	CHECK(intr());
	EQ(0x0d, inta());
	dev_stream_free(&s);
	rig_free(bench);
}
