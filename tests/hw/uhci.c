/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UHCI controller, against the Universal Host Controller Interface 1.1. */
#include "tests/hw/uhci.h"
#include "hw/usb/usb.h"
#include "tests/hw/laws.h"

#include <stdio.h>

enum { RS = 1, HCRESET = 2, GRESET = 4, EGSM = 8 };
enum { USBINT = 1, USBERR = 2, RESUME = 4, HSE = 8, HCPE = 16, HALTED = 32 };
enum { CCS = 1, CSC = 2, PE = 4, PEC = 8, RD = 0x40, LS = 0x100, PR = 0x200, SUSP = 0x1000 };
#define TABLET "-nodefaults -usb -device usb-tablet"

BUS_TEST(uhci_reset_values, "-nodefaults -usb")
{
	EQ(0x70208086, bus_cfg_read(b, UHCI_DEVFN, 0, 4));
	EQ(0x0c030001, bus_cfg_read(b, UHCI_DEVFN, 8, 4));
	EQ(4, bus_cfg_read(b, UHCI_DEVFN, 0x3d, 1));    /* INTD# */
	EQ(0x10, bus_cfg_read(b, UHCI_DEVFN, 0x60, 1)); /* USB 1.0 */
	EQ(0x2000, bus_cfg_read(b, UHCI_DEVFN, 0xc0, 2));
	bus_cfg_write(b, UHCI_DEVFN, 0x20, 4, 0xffffffff);
	EQ(0xffffffe1, bus_cfg_read(b, UHCI_DEVFN, 0x20, 4));
	bus_cfg_write(b, UHCI_DEVFN, 0x20, 4, UHCI_IO);
	bus_cfg_write(b, UHCI_DEVFN, 4, 2, 5);
	EQ(0, bus_in(b, UHCI_CMD, 2));
	EQ(HALTED, bus_in(b, UHCI_STS, 2));
	EQ(0, bus_in(b, UHCI_INTR, 2));
	EQ(0, bus_in(b, UHCI_FRNUM, 2));
	EQ(0, bus_in(b, UHCI_FLBASE, 4));
	EQ(0x40, bus_in(b, UHCI_SOFMOD, 1));
	EQ(0x00800080, bus_in(b, UHCI_PORT1, 4));
}

BUS_TEST(uhci_masks, "-nodefaults -usb")
{
	bus_cfg_write(b, UHCI_DEVFN, 0x20, 4, UHCI_IO);
	bus_cfg_write(b, UHCI_DEVFN, 4, 2, 5);
	bus_out(b, UHCI_CMD, 2, 0xfff8); /* not running, no reset */
	EQ(0xf8, bus_in(b, UHCI_CMD, 2));
	bus_out(b, UHCI_INTR, 2, 0xffff);
	EQ(0xf, bus_in(b, UHCI_INTR, 2));
	bus_out(b, UHCI_FRNUM, 2, 0xffff);
	EQ(0x7ff, bus_in(b, UHCI_FRNUM, 2));
	bus_out(b, UHCI_FLBASE, 4, 0xffffffff);
	EQ(0xfffff000, bus_in(b, UHCI_FLBASE, 4));
	bus_out(b, UHCI_SOFMOD, 1, 0xff);
	EQ(0x7f, bus_in(b, UHCI_SOFMOD, 1));
	bus_out(b, UHCI_PORT1, 2, 0xffff); /* nothing there: it cannot be enabled */
	EQ(0x12c0, bus_in(b, UHCI_PORT1, 2));
	bus_out(b, UHCI_CMD, 2, HCRESET);
	EQ(0, bus_in(b, UHCI_CMD, 2));
	EQ(0, bus_in(b, UHCI_FLBASE, 4));
	EQ(0x40, bus_in(b, UHCI_SOFMOD, 1));
	EQ(0x80, bus_in(b, UHCI_PORT1, 2));
}

BUS_TEST(uhci_frame_number, "-nodefaults -usb")
{
	uhci_start(b);
	EQ(0, bus_in(b, UHCI_STS, 2));
	bus_step(b, 999999);
	EQ(0, bus_in(b, UHCI_FRNUM, 2));
	bus_step(b, 1);
	EQ(1, bus_in(b, UHCI_FRNUM, 2));
	bus_out(b, UHCI_FRNUM, 2, 500); /* not while it runs */
	EQ(1, bus_in(b, UHCI_FRNUM, 2));
	bus_step(b, 2100 * NS_PER_MS);
	EQ(2101 - 2048, bus_in(b, UHCI_FRNUM, 2));
	bus_out(b, UHCI_CMD, 2, 0xc0);
	EQ(HALTED, bus_in(b, UHCI_STS, 2));
	bus_step(b, 10 * NS_PER_MS);
	EQ(53, bus_in(b, UHCI_FRNUM, 2));
	bus_out(b, UHCI_FRNUM, 2, 500);
	bus_out(b, UHCI_CMD, 2, 0xc1);
	bus_step(b, 3 * NS_PER_MS);
	EQ(503, bus_in(b, UHCI_FRNUM, 2));
}

BUS_TEST(uhci_ports, TABLET)
{
	uhci_start(b);
	EQ(0x80 | CCS | CSC, bus_in(b, UHCI_PORT1, 2));
	EQ(0x80, bus_in(b, UHCI_PORT2, 2));
	bus_out(b, UHCI_PORT1, 2, CSC);
	EQ(0x80 | CCS, bus_in(b, UHCI_PORT1, 2));
	bus_out(b, UHCI_PORT1, 2, PR | PE); /* not while in reset */
	EQ(0x80 | CCS | PR, bus_in(b, UHCI_PORT1, 2));
	bus_out(b, UHCI_PORT1, 2, 0);
	bus_out(b, UHCI_PORT1, 2, PE);
	EQ(0x80 | CCS | PE, bus_in(b, UHCI_PORT1, 2));
	bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse','id':'m'}}");
	EQ(0x80 | CCS | CSC, bus_in(b, UHCI_PORT2, 2));
	bus_out(b, UHCI_PORT2, 2, CSC | PE);
	bus_qmp(b, "{'execute':'device_del','arguments':{'id':'m'}}");
	EQ(0x80 | CSC | PEC, bus_in(b, UHCI_PORT2, 2));
	bus_out(b, UHCI_PORT2, 2, CSC | PEC);
	EQ(0x80, bus_in(b, UHCI_PORT2, 2));
}

/* 3.2.2: what the controller writes back. */
BUS_TEST(uhci_transfer, TABLET)
{
	static const uint8_t get_device[] = {0x80, 6, 0, 1, 0, 0, 64, 0};

	uhci_start(b);
	bus_out(b, UHCI_INTR, 2, 0xf);
	uhci_port_reset(b, 0);
	bus_memwrite(b, UHCI_DATA, get_device, 8);
	uhci_td(b, 0, true, TD_ACTIVE | TD_ERR3, uhci_token(PID_SETUP, 0, 0, 8), UHCI_DATA);
	uhci_td(b, 1, false, TD_ACTIVE | TD_ERR3 | TD_IOC, uhci_token(PID_IN, 0, 0, 8),
		UHCI_DATA + 8);
	uhci_queue(b);
	EQ(TD_ACTIVE | TD_ERR3, uhci_td_status(b, 0));
	EQ(0, bus_in(b, UHCI_STS, 2));
	bus_step(b, 5 * NS_PER_MS);
	EQ(TD_ERR3 | 7, uhci_td_status(b, 0));
	EQ(TD_ERR3 | TD_IOC | 7, uhci_td_status(b, 1));
	EQ(1, bus_read(b, UHCI_QH + 4, 4)); /* the queue is empty */
	EQ(0x0112, bus_read(b, UHCI_DATA + 8, 2));
	EQ(USBINT, bus_in(b, UHCI_STS, 2));
	CHECK(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8);
	bus_out(b, UHCI_STS, 2, USBINT);
	EQ(0, bus_in(b, UHCI_STS, 2));
	CHECK(!(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8));
}

BUS_TEST(uhci_interrupt_causes, TABLET)
{
	uhci_start(b);
	uhci_port_reset(b, 0);
	/* an inactive descriptor with IOC interrupts in each frame */
	uhci_td(b, 0, false, TD_IOC, uhci_token(PID_IN, 0, 0, 8), UHCI_DATA);
	uhci_queue(b);
	bus_step(b, 2 * NS_PER_MS);
	EQ(USBINT, bus_in(b, UHCI_STS, 2));
	CHECK(!(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8)); /* masked */
	bus_out(b, UHCI_INTR, 2, 0xb);                   /* all but IOC */
	CHECK(!(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8));
	bus_out(b, UHCI_INTR, 2, 0x4);
	CHECK(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8);
	bus_cfg_write(b, UHCI_DEVFN, 0xc0, 2, 0); /* USBPIRQDEN */
	CHECK(!(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8));
	bus_cfg_write(b, UHCI_DEVFN, 0xc0, 2, 0x2000);
	bus_write(b, UHCI_QH + 4, 4, 1);
	bus_step(b, 20 * NS_PER_MS);
	bus_out(b, UHCI_STS, 2, USBINT);
	bus_step(b, 20 * NS_PER_MS);
	EQ(0, bus_in(b, UHCI_STS, 2));
}

/* Nobody has that address: three tries, then the descriptor is through. */
BUS_TEST(uhci_timeout, TABLET)
{
	uhci_start(b);
	uhci_port_reset(b, 0);
	bus_out(b, UHCI_INTR, 2, 1);
	bus_step(b, NS_PER_SEC); /* it has long been looking at many frames at a time */
	uhci_td(b, 0, false, TD_ACTIVE | TD_ERR3, uhci_token(PID_IN, 5, 0, 8), UHCI_DATA);
	bus_out(b, UHCI_PORT2, 2, 0); /* as soon as a register is touched: */
	uhci_queue(b);
	bus_step(b, NS_PER_MS);
	EQ(TD_ACTIVE | TD_TIMEOUT | 2 << 27, uhci_td_status(b, 0));
	EQ(0, bus_in(b, UHCI_STS, 2));
	bus_step(b, NS_PER_MS);
	EQ(TD_ACTIVE | TD_TIMEOUT | 1 << 27, uhci_td_status(b, 0));
	bus_step(b, NS_PER_MS);
	EQ(TD_STALLED | TD_TIMEOUT, uhci_td_status(b, 0));
	EQ(USBERR, bus_in(b, UHCI_STS, 2));
	CHECK(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8);
	EQ(UHCI_TD, bus_read(b, UHCI_QH + 4, 4)); /* the queue stands */
	uhci_td(b, 0, false, TD_ACTIVE, uhci_token(PID_IN, 5, 0, 8), UHCI_DATA);
	bus_step(b, 100 * NS_PER_MS);
	EQ(TD_ACTIVE | TD_TIMEOUT, uhci_td_status(b, 0)); /* no count: for ever */
}

BUS_TEST(uhci_nak_stall_babble_short, TABLET)
{
	uint8_t buf[64];

	uhci_start(b);
	uhci_configure(b, 0, 9);
	uhci_td(b, 0, false, TD_ACTIVE | TD_ERR3, uhci_token(PID_IN, 9, 1, 8), UHCI_DATA);
	uhci_queue(b);
	bus_step(b, 20 * NS_PER_MS);
	EQ(TD_ACTIVE | TD_ERR3 | TD_NAK, uhci_td_status(b, 0));
	EQ(UHCI_TD, bus_read(b, UHCI_QH + 4, 4));
	EQ(0, bus_in(b, UHCI_STS, 2));

	uhci_td(b, 0, false, TD_ACTIVE | TD_ERR3 | TD_IOC, uhci_token(PID_IN, 9, 2, 8), UHCI_DATA);
	bus_step(b, 20 * NS_PER_MS);
	EQ(TD_STALLED | TD_ERR3 | TD_IOC, uhci_td_status(b, 0)); /* no such endpoint */
	EQ(USBINT | USBERR, bus_in(b, UHCI_STS, 2));
	bus_out(b, UHCI_STS, 2, 3);
	EQ(-1, uhci_control(b, 9, 0x80, 0x77, 0, 0, 8, buf));
	bus_out(b, UHCI_STS, 2, 3);

	/* room for 4 where a packet has 8 */
	bus_memwrite(b, UHCI_DATA, "\x80\x06\x00\x01\x00\x00\x12\x00", 8);
	uhci_td(b, 0, true, TD_ACTIVE | TD_ERR3, uhci_token(PID_SETUP, 9, 0, 8), UHCI_DATA);
	uhci_td(b, 1, false, TD_ACTIVE | TD_ERR3, uhci_token(PID_IN, 9, 0, 4), UHCI_DATA);
	uhci_queue(b);
	bus_step(b, 20 * NS_PER_MS);
	EQ(TD_STALLED | TD_BABBLE | TD_ERR3, uhci_td_status(b, 1));
	bus_out(b, UHCI_STS, 2, 3);

	/* room for more than there is, with SPD: an interrupt, and the queue stands */
	bus_out(b, UHCI_INTR, 2, 8);
	uhci_td(b, 0, true, TD_ACTIVE | TD_ERR3, uhci_token(PID_SETUP, 9, 0, 8), UHCI_DATA);
	uhci_td(b, 1, true, TD_ACTIVE | TD_ERR3 | TD_SPD, uhci_token(PID_IN, 9, 0, 64), UHCI_DATA);
	uhci_td(b, 2, false, TD_ACTIVE | TD_ERR3, uhci_token(PID_OUT, 9, 0, 0), 0);
	uhci_queue(b);
	bus_step(b, 20 * NS_PER_MS);
	EQ(TD_ERR3 | TD_SPD | 7, uhci_td_status(b, 1));
	EQ(TD_ERR3 | TD_ACTIVE, uhci_td_status(b, 2));
	EQ((UHCI_TD + 32) | 4, bus_read(b, UHCI_QH + 4, 4));
	EQ(USBINT, bus_in(b, UHCI_STS, 2));
	CHECK(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8);
}

/* What the guest gets wrong stops the controller: 2.1.2. */
BUS_TEST(uhci_errors, TABLET)
{
	uhci_start(b);
	uhci_port_reset(b, 0);
	uhci_td(b, 0, false, TD_ACTIVE, 0x12, UHCI_DATA); /* no such PID */
	uhci_queue(b);
	bus_step(b, 20 * NS_PER_MS);
	EQ(HCPE | HALTED, bus_in(b, UHCI_STS, 2));
	EQ(0, bus_in(b, UHCI_CMD, 2) & RS);
	CHECK(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8); /* cannot be masked */
	bus_out(b, UHCI_STS, 2, 0x1f);
	uhci_td(b, 0, false, TD_ACTIVE, uhci_token(PID_IN, 0, 0, 0x600), UHCI_DATA);
	bus_out(b, UHCI_CMD, 2, RS);
	bus_step(b, 20 * NS_PER_MS);
	EQ(HCPE | HALTED, bus_in(b, UHCI_STS, 2));
	bus_out(b, UHCI_STS, 2, 0x1f);
	uhci_td(b, 0, false, TD_ACTIVE, uhci_token(PID_SETUP, 0, 0, 8), 0xe0000000);
	bus_out(b, UHCI_CMD, 2, RS);
	bus_step(b, 20 * NS_PER_MS);
	EQ(HSE | HALTED, bus_in(b, UHCI_STS, 2));
	bus_out(b, UHCI_STS, 2, 0x1f);
	bus_out(b, UHCI_FLBASE, 4, 0xe0000000);
	bus_out(b, UHCI_CMD, 2, RS);
	bus_step(b, 20 * NS_PER_MS);
	EQ(HSE | HALTED, bus_in(b, UHCI_STS, 2));
}

/* Circles end, with and without something in them. */
BUS_TEST(uhci_circles, TABLET)
{
	uhci_start(b);
	uhci_port_reset(b, 0);
	bus_write(b, UHCI_QH, 4, UHCI_QH | 2); /* a queue that leads to itself */
	bus_step(b, 20 * NS_PER_MS);
	EQ(0, bus_in(b, UHCI_STS, 2));
	bus_write(b, UHCI_QH + 4, 4, UHCI_TD); /* a descriptor that leads to itself */
	bus_write(b, UHCI_TD, 4, UHCI_TD | 4);
	bus_write(b, UHCI_TD + 4, 4, TD_ACTIVE);
	bus_write(b, UHCI_TD + 8, 4, uhci_token(PID_IN, 3, 0, 8));
	bus_step(b, 20 * NS_PER_MS);
	EQ(TD_ACTIVE | TD_TIMEOUT, bus_read(b, UHCI_TD + 4, 4));
	bus_write(b, UHCI_QH, 4, UHCI_TD); /* from outside a queue too */
	bus_write(b, UHCI_TD + 4, 4, TD_IOC);
	bus_step(b, 20 * NS_PER_MS);
	EQ(USBINT, bus_in(b, UHCI_STS, 2));
	bus_write(b, UHCI_QH + 4, 4, UHCI_QH | 2); /* down into itself */
	bus_step(b, 20 * NS_PER_MS);
	EQ(RS, bus_in(b, UHCI_CMD, 2) & RS);
}

BUS_TEST(uhci_suspend, TABLET)
{
	uhci_start(b);
	uhci_configure(b, 0, 1);
	EQ(0, uhci_control(b, 1, 0, 3, 1, 0, 0, NULL)); /* may wake the host */
	bus_out(b, UHCI_CMD, 2, 0xc0);
	bus_out(b, UHCI_CMD, 2, 0xc0 | EGSM);
	bus_out(b, UHCI_INTR, 2, 2);
	CHECK(!(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8));
	bus_qmp(b, "{'execute':'input-send-event','arguments':{'events':["
		   "{'type':'abs','data':{'axis':'x','value':5}}]}}");
	EQ(RESUME | HALTED, bus_in(b, UHCI_STS, 2));
	EQ(0x80 | CCS | PE | RD, bus_in(b, UHCI_PORT1, 2));
	CHECK(bus_cfg_read(b, UHCI_DEVFN, 6, 2) & 8);
	bus_out(b, UHCI_STS, 2, RESUME);
	bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse','id':'m'}}");
	EQ(RESUME | HALTED, bus_in(b, UHCI_STS, 2));
}

/* An idle guest: descriptors that NAK are looked at rarely, and at once when there is news. */
TEST(uhci_idle_is_rare)
{
	static const uint32_t td[] = {1, TD_ACTIVE | TD_ERR3, 0x69 | 1 << 15 | 7u << 21, 0x4000};
	struct rig *r = rig_new(dev_class_find("piix3-usb-uhci"));
	uint32_t frames[1024];
	struct dev *tablet = dev_find(&r->env, "usb-tablet");
	unsigned wakes = 0;
	int64_t end;

	for (unsigned i = 0; i < 1024; i++)
		frames[i] = i % 8 == 3 ? 0x3000 : 1; /* little-endian hosts only, as all here */
	rig_ram_put(r, 0x1000, frames, sizeof(frames));
	rig_ram_put(r, 0x3000, td, sizeof(td));
	rig_write(r, 1, 0x10, 2, 4);
	usb_of(tablet)->config = 1;
	rig_write(r, 1, 8, 4, 0x1000);
	rig_write(r, 1, 0, 2, 1);
	rig_run(r, 3 * NS_PER_SEC);
	end = clock_now(r->clock) + NS_PER_SEC;
	for (; clock_next(r->clock) < end; wakes++)
		clock_set(r->clock, clock_next(r->clock));
	NOTE("%u a second", wakes);
	CHECK(wakes <= 16);
	input_point(&r->keys, &(struct input_motion){.abs = true, .x = 1});
	rig_run(r, 8 * NS_PER_MS);
	CHECK(!(load_le(r->ram + 0x3004, 4) & TD_ACTIVE));
	rig_free(r);
}

/* ---- the laws' grammar ---- */

enum { LAW_LIST = 0x10000, LAW_QH = 0x11000, LAW_TD = 0x12000, LAW_BUF = 0x20000, LAW_N = 8 };

static void put32(struct rig *r, uint32_t at, uint32_t v)
{
	uint8_t raw[4];

	store_le(raw, 4, v);
	rig_ram_put(r, at, raw, 4);
}

/* Mostly into the schedule, of either kind; at times anywhere. */
static uint32_t law_link(struct rig *r)
{
	switch (rig_rnd(r) % 8) {
	case 0:
		return 1;
	case 1:
	case 2:
		return (LAW_QH + rig_rnd(r) % LAW_N * 16) | 2;
	case 3:
		return rig_rnd(r);
	default:
		return (LAW_TD + rig_rnd(r) % LAW_N * 16) | (rig_rnd(r) & 4);
	}
}

static void law_put_td(struct rig *r, unsigned n)
{
	static const uint8_t pids[] = {PID_IN, PID_IN, PID_IN, PID_OUT, PID_SETUP, PID_SETUP};
	unsigned pid = pids[rig_rnd(r) % 6], len = rig_rnd(r) % 4 ? 8 : rig_rnd(r) % 0x600;
	uint32_t at = LAW_TD + 16 * n;

	put32(r, at, law_link(r));
	put32(r, at + 4, (rig_rnd(r) % 8 ? TD_ACTIVE : 0) | (rig_rnd(r) & 0x39000000));
	put32(r, at + 8, uhci_token(pid, rig_rnd(r) % 3, rig_rnd(r) % 4 ? 0 : 1, len));
	put32(r, at + 12, rig_rnd(r) % 16 ? LAW_BUF + rig_rnd(r) % 64 * 8 : rig_rnd(r));
}

LAW_OP("piix3-usb-uhci", uhci_schedule)
{
	for (unsigned i = 0; i < 1024; i += 1 + rig_rnd(r) % 200)
		put32(r, LAW_LIST + 4 * i, law_link(r));
	for (unsigned i = 0; i < LAW_N; i++) {
		law_put_td(r, i);
		put32(r, LAW_QH + 16 * i, law_link(r));
		put32(r, LAW_QH + 16 * i + 4, law_link(r));
	}
}

LAW_OP("piix3-usb-uhci", uhci_requests)
{
	static const uint8_t setups[][8] = {
		{0x80, 6, 0, 1, 0, 0, 18, 0}, {0x80, 6, 0, 2, 0, 0, 255, 0},
		{0, 5, 1, 0, 0, 0, 0, 0},     {0, 9, 1, 0, 0, 0, 0, 0},
		{0, 9, 0, 0, 0, 0, 0, 0},     {0x81, 6, 0, 0x22, 0, 0, 100, 0},
		{0x21, 10, 0, 2, 0, 0, 0, 0}, {0x21, 9, 0, 2, 0, 0, 1, 0},
		{0xa1, 1, 0, 1, 0, 0, 8, 0},  {0, 3, 1, 0, 0, 0, 0, 0},
	};

	for (unsigned i = 0; i < 64; i++)
		rig_ram_put(r, LAW_BUF + 8 * i, setups[rig_rnd(r) % ARRAY_SIZE(setups)], 8);
}

LAW_OP("piix3-usb-uhci", uhci_run)
{
	rig_write(r, 1, 8, 4, LAW_LIST);
	rig_write(r, 1, 0x10, 2, 0x0e);
	rig_write(r, 1, 0x12, 2, 0x0e);
	rig_write(r, 1, 4, 2, 0xf);
	rig_write(r, 1, 0, 2, 1);
	rig_run(r, (rig_rnd(r) % 40) * NS_PER_MS);
	rig_write(r, 1, 2, 2, rig_rnd(r) & 0x1f);
}

/* Device by device: address, configuration, then all it has to say. */
LAW_OP("piix3-usb-uhci", uhci_enumerate)
{
	static const uint8_t setups[] = {0, 5, 1, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0, 0, 0};
	unsigned port = rig_rnd(r) % 2, addr = 1 + port;

	rig_ram_put(r, LAW_BUF, setups, 16);
	put32(r, LAW_BUF + 2, addr);
	for (unsigned i = 0; i < 1024; i++)
		put32(r, LAW_LIST + 4 * i, LAW_QH | 2);
	put32(r, LAW_QH, 1);
	put32(r, LAW_QH + 4, LAW_TD);
	for (unsigned i = 0; i < 5; i++) {
		unsigned pid = i == 4 || i % 2 ? PID_IN : PID_SETUP;

		put32(r, LAW_TD + 16 * i, (LAW_TD + 16 * (i + 1)) | 4);
		put32(r, LAW_TD + 16 * i + 4, TD_ACTIVE);
		put32(r, LAW_TD + 16 * i + 8,
		      uhci_token(pid, i < 2 ? 0 : addr, i == 4,
				 pid == PID_SETUP || i == 4 ? 8 : 0));
		put32(r, LAW_TD + 16 * i + 12, LAW_BUF + (i == 4 ? 64 : i / 2 * 8));
	}
	put32(r, LAW_TD + 16 * 5, 1);
	rig_write(r, 1, (uint16_t)(0x10 + 2 * port), 2, PR);
	rig_write(r, 1, (uint16_t)(0x10 + 2 * port), 2, 0);
	law_uhci_run(r);
}

LAW_OP("piix3-usb-uhci", uhci_input)
{
	struct input_motion m = {
		.abs = true, .x = (int)(rig_rnd(r) & 0x7fff), .y = 5, .buttons = rig_rnd(r) & 7};

	if (rig_rnd(r) & 1)
		input_point(&r->keys, &m);
	else
		input_key(&r->keys, 30 + rig_rnd(r) % 5, rig_rnd(r) & 1);
	rig_run(r, (rig_rnd(r) % 10) * NS_PER_MS);
}
