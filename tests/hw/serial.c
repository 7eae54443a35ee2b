/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-serial: the PC16550D data sheet by hand, and what QEMU's does where that is silent. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR, THR = RBR, FCR = IIR, DLL = RBR, DLM = IER };
#define COM1 0x3f8

static uint32_t in(struct guest *b, unsigned reg)
{
	return bus_in(b, (uint16_t)(COM1 + reg), 1);
}

static void out(struct guest *b, unsigned reg, uint32_t val)
{
	bus_out(b, (uint16_t)(COM1 + reg), 1, val);
}

BUS_TEST(reset_values, "-nodefaults -serial null")
{
	EQ(0x00, in(b, RBR));
	EQ(0x00, in(b, IER));
	EQ(0x01, in(b, IIR)); /* table 3: no interrupt pending */
	EQ(0x00, in(b, LCR));
	EQ(0x08, in(b, MCR)); /* OUT2, as firmware wants it */
	EQ(0x60, in(b, LSR));
	EQ(0xb0, in(b, MSR));
	EQ(0x00, in(b, SCR));
	EQ(false, bus_irq(b, 4));
	out(b, LCR, 0x80);
	EQ(0x0c, in(b, DLL)); /* 9600 baud */
	EQ(0x00, in(b, DLM));
}

BUS_TEST(which_bits_there_are, "-nodefaults -serial null")
{
	static const struct {
		uint8_t reg, written, read;
	} facts[] = {
		{IER, 0xff, 0x0f}, {IER, 0x00, 0x00}, {LCR, 0x7f, 0x7f}, {LCR, 0x00, 0x00},
		{MCR, 0xef, 0x0f}, {MCR, 0x00, 0x00}, {SCR, 0xa5, 0xa5}, {SCR, 0x5a, 0x5a},
		{LSR, 0xff, 0x60}, {MSR, 0xff, 0xb0}, /* read-only */
	};

	for (unsigned i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		NOTE("register %u", facts[i].reg);
		out(b, facts[i].reg, facts[i].written);
		EQ(facts[i].read, in(b, facts[i].reg));
	}
}

BUS_TEST(divisor_latch_overlays_data_and_ier, "-nodefaults -serial null")
{
	out(b, IER, 0x05);
	out(b, LCR, 0x83);
	out(b, DLL, 0x34);
	out(b, DLM, 0x12);
	EQ(0x34, in(b, DLL));
	EQ(0x12, in(b, DLM));
	out(b, LCR, 0x03);
	EQ(0x05, in(b, IER));
	EQ(0x00, in(b, RBR));
	out(b, LCR, 0x80);
	EQ(0x34, in(b, DLL));
	EQ(0x12, in(b, DLM));
}

BUS_TEST(wide_accesses_are_bytes, "-nodefaults -serial null")
{
	bus_out(b, COM1 + LCR, 2, 0x0583); /* LCR, MCR */
	EQ(0x83, in(b, LCR));
	EQ(0x05, in(b, MCR));
	bus_out(b, COM1 + DLL, 2, 0xbeef);
	EQ(0xbeef, bus_in(b, COM1 + DLL, 2));
	EQ(0x8301beefu, bus_in(b, COM1 + DLL, 4)); /* with IIR, LCR */
}

BUS_TEST(other_ports, "-nodefaults -serial null -serial null -serial none -serial null")
{
	EQ(0x60, bus_in(b, 0x2f8 + LSR, 1));
	EQ(0xff, bus_in(b, 0x3e8 + LSR, 1));
	EQ(0x60, bus_in(b, 0x2e8 + LSR, 1));
	bus_out(b, 0x2f8 + IER, 1, 2);
	CHECK(bus_irq(b, 3));
	CHECK(!bus_irq(b, 4));
}

BUS_TEST(transmitter_interrupts, "-nodefaults -serial null")
{
	unsigned edges;

	out(b, THR, 'a');
	EQ(false, bus_irq(b, 4));
	EQ(0x01, in(b, IIR));
	out(b, IER, 0x02); /* THRE is set: enabling raises it, Windows counts on that */
	EQ(true, bus_irq(b, 4));
	EQ(0x02, in(b, IIR)); /* reading IIR, when it says THRE, clears it */
	EQ(0x01, in(b, IIR));
	EQ(false, bus_irq(b, 4));
	edges = bus_edges(b, 4);
	out(b, THR, 'b');
	EQ(edges + 1, bus_edges(b, 4));
	EQ(0x60, in(b, LSR));
	out(b, THR, 'c'); /* low while the byte is there, high again after: an edge PIC sees it */
	EQ(edges + 2, bus_edges(b, 4));
	EQ(true, bus_irq(b, 4));
	out(b, IER, 0x00);
	EQ(false, bus_irq(b, 4));
	EQ(0x01, in(b, IIR));
	out(b, IER, 0x02);
	EQ(0x02, in(b, IIR));
}

BUS_TEST(loopback_without_fifo, "-nodefaults -serial null")
{
	out(b, MCR, 0x18);
	out(b, IER, 0x05);
	out(b, THR, 0x5a);
	EQ(0x61, in(b, LSR));
	EQ(true, bus_irq(b, 4));
	EQ(0x04, in(b, IIR));
	out(b, THR, 0xa5); /* overrun: the older byte is lost */
	EQ(0x06, in(b, IIR));
	EQ(0x63, in(b, LSR)); /* reading LSR clears OE */
	EQ(0x61, in(b, LSR));
	EQ(0x04, in(b, IIR));
	EQ(0xa5, in(b, RBR));
	EQ(0x60, in(b, LSR));
	EQ(0x01, in(b, IIR));
	EQ(false, bus_irq(b, 4));
}

BUS_TEST(loopback_modem_lines, "-nodefaults -serial null")
{
	static const struct {
		uint8_t mcr, msr;
	} facts[] = {{0x10, 0x00}, {0x11, 0x20}, {0x12, 0x10}, {0x14, 0x40},
		     {0x18, 0x80}, {0x1f, 0xf0}, {0x1a, 0x90}, {0x0f, 0xb0}};

	for (unsigned i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		out(b, MCR, facts[i].mcr);
		EQ(facts[i].msr, in(b, MSR));
	}
}

BUS_TEST(fifo_is_16_deep, "-nodefaults -serial null")
{
	out(b, MCR, 0x10);
	out(b, FCR, 0x01);
	EQ(0xc1, in(b, IIR)); /* both FIFO bits: a 16550A */
	for (unsigned i = 0; i < 16; i++)
		out(b, THR, i);
	EQ(0x61, in(b, LSR));
	out(b, THR, 0x99); /* overrun: the new byte is lost */
	EQ(0x63, in(b, LSR));
	for (unsigned i = 0; i < 16; i++) {
		EQ(0x61, in(b, LSR));
		EQ(i, in(b, RBR));
	}
	EQ(0x60, in(b, LSR));
	EQ(0x00, in(b, RBR));
}

BUS_TEST(trigger_levels, "-nodefaults -serial null")
{
	static const uint8_t levels[] = {1, 4, 8, 14};

	out(b, MCR, 0x10);
	out(b, IER, 0x01);
	for (unsigned l = 0; l < 4; l++) {
		out(b, FCR, 0x07 | l << 6);
		for (unsigned i = 1; i <= 16; i++) {
			out(b, THR, i);
			EQ(i >= levels[l], bus_irq(b, 4));
			EQ(i >= levels[l] ? 0xc4 : 0xc1, in(b, IIR));
		}
		for (unsigned i = 16; i-- > 0;) {
			in(b, RBR);
			EQ(i >= levels[l], bus_irq(b, 4));
		}
	}
}

BUS_TEST(character_timeout, "-nodefaults -serial null")
{
	const int64_t four = 4 * 10 * 1000000000ll / 115200; /* 8N1 */

	out(b, LCR, 0x83);
	out(b, DLL, 1);
	out(b, DLM, 0);
	out(b, LCR, 0x03);
	out(b, MCR, 0x10);
	out(b, FCR, 0x81); /* trigger at 8 */
	out(b, IER, 0x01);
	out(b, THR, 'x');
	out(b, THR, 'y');
	bus_step(b, four - 1000);
	EQ(0xc1, in(b, IIR));
	bus_step(b, 1001);
	EQ(true, bus_irq(b, 4));
	EQ(0xcc, in(b, IIR));
	EQ('x', in(b, RBR)); /* reading clears it and starts the time anew */
	EQ(0xc1, in(b, IIR));
	EQ(false, bus_irq(b, 4));
	bus_step(b, four + 1);
	EQ(0xcc, in(b, IIR));
	EQ('y', in(b, RBR));
	bus_step(b, 10 * four);
	EQ(0xc1, in(b, IIR));
}

BUS_TEST(fcr_clears, "-nodefaults -serial null")
{
	out(b, MCR, 0x10);
	out(b, FCR, 0x01);
	out(b, THR, 1);
	out(b, FCR, 0x05); /* the transmitter's only */
	EQ(0x61, in(b, LSR));
	out(b, FCR, 0x03);
	EQ(0x60, in(b, LSR));
	EQ(0x00, in(b, RBR));
	out(b, THR, 2);
	out(b, FCR, 0x00); /* switching FIFOs on or off empties them */
	EQ(0x60, in(b, LSR));
	EQ(0x01, in(b, IIR));
	out(b, IER, 0x02);
	EQ(0x02, in(b, IIR));
	EQ(0x01, in(b, IIR));
	out(b, FCR, 0x05);
	EQ(0xc2, in(b, IIR)); /* an emptied transmitter says so */
}

BUS_TEST(priorities, "-nodefaults -serial null")
{
	out(b, MCR, 0x10);
	out(b, IER, 0x0f);
	out(b, THR, 1);
	out(b, THR, 2);
	EQ(0x06, in(b, IIR)); /* overrun, data and THRE: line status first */
	in(b, LSR);
	EQ(0x04, in(b, IIR));
	in(b, RBR);
	EQ(0x02, in(b, IIR));
	EQ(0x01, in(b, IIR));
}

/* ---- with a peer ---- */

static struct rig *rig(void)
{
	return rig_new(dev_class_find("isa-serial"));
}

static uint8_t rd(struct rig *r, unsigned reg)
{
	return (uint8_t)rig_bus_read(r, SPACE_IO, COM1 + reg, 1);
}

static void wr(struct rig *r, unsigned reg, uint8_t val)
{
	rig_bus_write(r, SPACE_IO, COM1 + reg, 1, val);
}

static size_t inject(struct rig *r, const char *text)
{
	return chr_inject(r->chr, (const uint8_t *)text, strlen(text));
}

TEST(bytes_go_to_the_peer)
{
	struct rig *r = rig();

	for (const char *s = "hello"; *s; s++)
		wr(r, THR, (uint8_t)*s);
	EQS("hello", r->said);
	wr(r, LCR, 0x80);
	wr(r, DLL, 'x'); /* that is the divisor */
	wr(r, LCR, 0x00);
	wr(r, MCR, 0x10);
	wr(r, THR, 'x'); /* and in loopback nothing leaves */
	EQS("hello", r->said);
	rig_free(r);
}

TEST(receiver_paces_its_peer)
{
	struct rig *r = rig();

	EQ(1, inject(r, "ab"));
	EQ(0, inject(r, "b"));
	EQ('a', rd(r, RBR));
	EQ(1, inject(r, "b"));
	EQ('b', rd(r, RBR));
	wr(r, FCR, 0x81);
	EQ(8, inject(r, "0123456789abcdef0123")); /* up to the trigger */
	EQ('0', rd(r, RBR));
	EQ(1, inject(r, "8"));
	wr(r, FCR, 0x41); /* trigger at 4: beyond it, one at a time up to 16 */
	EQ(8, inject(r, "0123456789"));
	EQ(0, inject(r, "x"));
	EQ('1', rd(r, RBR));
	wr(r, MCR, 0x10);
	EQ(0, inject(r, "x")); /* loopback cuts the line */
	wr(r, MCR, 0x00);
	EQ(1, inject(r, "x"));
	rig_free(r);
}

TEST(stray_index_is_refused)
{
	struct rig *r = rig();
	struct err e = {""};
	struct dev *d = dev_new(&r->env, r->dev->class, "com5", &e);

	OK(dev_prop_set(d, "index", "4", &e));
	CHECK(dev_realize(d, NULL, &e) < 0);
	EQS("there are 4 ISA serial ports, 0 to 3, no 4", e.msg);
	dev_free(d);
	err_clear(&e);
	d = dev_new(&r->env, r->dev->class, "com2", &e);
	OK(dev_realize(d, NULL, &e)); /* the next one is COM2 */
	EQ(0x60, rig_bus_read(r, SPACE_IO, 0x2f8 + LSR, 1));
	d = dev_new(&r->env, r->dev->class, "com9", &e);
	OK(dev_prop_set(d, "iobase", "0x210", &e));
	OK(dev_prop_set(d, "irq", "9", &e));
	OK(dev_realize(d, NULL, &e));
	EQ(0x60, rig_bus_read(r, SPACE_IO, 0x210 + LSR, 1));
	rig_bus_write(r, SPACE_IO, 0x210 + THR, 1, 'x'); /* without a peer: into the air */
	rig_free(r);
}

/* ---- for the laws ---- */

LAW_OP("isa-serial", serial_fifo_on)
{
	static const uint8_t fcr[] = {0x00, 0x01, 0x41, 0x81, 0xc1, 0x03, 0x05};

	rig_write(r, 0, FCR, 1, fcr[rig_rnd(r) % sizeof(fcr)]);
	rig_write(r, 0, IER, 1, rig_rnd(r) & 0x0f);
}

LAW_OP("isa-serial", serial_line_speed)
{
	rig_write(r, 0, LCR, 1, 0x80);
	rig_write(r, 0, DLL, 1, rig_rnd(r) % 13);
	rig_write(r, 0, DLM, 1, 0);
	rig_write(r, 0, LCR, 1, rig_rnd(r) & 0x1f);
}

LAW_OP("isa-serial", serial_peer_sends)
{
	uint8_t buf[24];
	size_t n = rig_rnd(r) % sizeof(buf);

	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)rig_rnd(r);
	r->seen = r->seen * 31 + chr_inject(r->chr, buf, n);
}

LAW_OP("isa-serial", serial_peer_breaks)
{
	chr_inject_event(r->chr, CHR_BREAK);
}

LAW_OP("isa-serial", serial_loop)
{
	rig_write(r, 0, LCR, 1, 0x03);
	rig_write(r, 0, MCR, 1, rig_rnd(r) & 1 ? 0x1b : 0x0b);
	for (unsigned n = rig_rnd(r) % 20; n; n--)
		rig_write(r, 0, THR, 1, rig_rnd(r) & 0xff);
}

LAW_OP("isa-serial", serial_character_timeout)
{
	rig_run(r, 5 * 12 * 1000000000ll / 9600);
	rig_read(r, 0, IIR, 1);
}

LAW_OP("isa-serial", serial_drain)
{
	for (unsigned n = 0; n < 20 && rig_read(r, 0, LSR, 1) & 1; n++)
		rig_read(r, 0, RBR, 1);
}

TEST(break_is_a_null_byte_and_bi)
{
	struct rig *r = rig();

	wr(r, IER, 0x04);
	chr_inject_event(r->chr, CHR_BREAK);
	EQ(0x06, rd(r, IIR));
	EQ(0x71, rd(r, LSR));
	EQ(0x61, rd(r, LSR));
	EQ(0x00, rd(r, RBR));
	wr(r, FCR, 0x01);
	inject(r, "a");
	chr_inject_event(r->chr, CHR_BREAK);
	EQ('a', rd(r, RBR));
	EQ(0x71, rd(r, LSR));
	EQ(0x00, rd(r, RBR));
	EQ(0x60, rd(r, LSR));
	wr(r, MCR, 0x10);
	chr_inject_event(r->chr, CHR_BREAK); /* not in loopback */
	EQ(0x60, rd(r, LSR));
	rig_free(r);
}
