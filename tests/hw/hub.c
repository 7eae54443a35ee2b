/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The USB hub on a UHCI, against USB 1.1 chapter 11. */
#include "tests/hw/uhci.h"
#include "hw/usb/usb.h"
#include "tests/hw/laws.h"

#define HUB "-nodefaults -usb -device usb-hub -device usb-tablet,port=1.8"

enum { CONNECTION = 1, ENABLE = 2, SUSPEND = 4, RESET = 0x10, POWER = 0x100 };

static uint32_t port_status(struct guest *b, unsigned port)
{
	uint8_t d[4] = {0};

	EQ(4, uhci_control(b, 2, 0xa3, 0, 0, (uint16_t)port, 4, d));
	return (uint32_t)load_le(d, 4);
}

static int set_port(struct guest *b, unsigned port, unsigned feature)
{
	return uhci_control(b, 2, 0x23, 3, (uint16_t)feature, (uint16_t)port, 0, NULL);
}

static int clear_port(struct guest *b, unsigned port, unsigned feature)
{
	return uhci_control(b, 2, 0x23, 1, (uint16_t)feature, (uint16_t)port, 0, NULL);
}

BUS_TEST(hub_descriptor, HUB)
{
	uint8_t d[16];

	uhci_start(b);
	uhci_configure(b, 0, 2);
	EQ(11, uhci_control(b, 2, 0xa0, 6, 0x2900, 0, 16, d));
	EQM("\x0b\x29\x08", d, 3);
	EQ(4, uhci_control(b, 2, 0xa0, 0, 0, 0, 4, d));
	EQM("\0\0\0\0", d, 4);
	EQ(0, uhci_control(b, 2, 0x20, 1, 1, 0, 0, NULL));
	EQ(-1, uhci_control(b, 2, 0x20, 3, 5, 0, 0, NULL));
	EQ(-1, set_port(b, 9, 8));
	EQ(-1, set_port(b, 0, 8));
	EQ(-1, set_port(b, 1, 99));
	EQ(-1, clear_port(b, 1, 99));
}

BUS_TEST(hub_port_life, HUB)
{
	uint8_t d[18];

	uhci_start(b);
	uhci_configure(b, 0, 2);
	EQ(0, port_status(b, 8)); /* no power */
	EQ(-1, uhci_poll(b, 2, 1, d, 8, 300));
	EQ(0, set_port(b, 8, 8));
	EQ((uint32_t)CONNECTION << 16 | POWER | CONNECTION, port_status(b, 8));
	EQ(2, uhci_poll(b, 2, 1, d, 8, 300));
	EQM("\x00\x01", d, 2); /* port 8 */
	EQ(0, clear_port(b, 8, 16));
	EQ(POWER | CONNECTION, port_status(b, 8));
	EQ(-1, uhci_control(b, 0, 0x80, 6, 0x100, 0, 18, d)); /* not enabled */
	EQ(0, set_port(b, 8, 4));
	EQ((uint32_t)RESET << 16 | POWER | ENABLE | CONNECTION, port_status(b, 8));
	EQ(0, clear_port(b, 8, 20));
	EQ(18, uhci_control(b, 0, 0x80, 6, 0x100, 0, 18, d));
	EQ(0, uhci_control(b, 0, 0, 5, 3, 0, 0, NULL));
	EQ(0, uhci_control(b, 3, 0, 9, 1, 0, 0, NULL));
	bus_qmp(b, "{'execute':'input-send-event','arguments':{'events':["
		   "{'type':'abs','data':{'axis':'x','value':5}}]}}");
	EQ(6, uhci_poll(b, 3, 1, d, 8, 40));
	EQM("\x00\x05\x00\x00\x00\x00", d, 6);
	EQ(0, set_port(b, 8, 2)); /* suspend */
	EQ(POWER | ENABLE | SUSPEND | CONNECTION, port_status(b, 8));
	EQ(-1, uhci_control(b, 3, 0x80, 6, 0x100, 0, 18, d));
	EQ(0, clear_port(b, 8, 2));
	EQ((uint32_t)SUSPEND << 16 | POWER | ENABLE | CONNECTION, port_status(b, 8));
	EQ(18, uhci_control(b, 3, 0x80, 6, 0x100, 0, 18, d));
	EQ(0, clear_port(b, 8, 1));
	EQ(-1, uhci_control(b, 3, 0x80, 6, 0x100, 0, 18, d));
	EQ(0, clear_port(b, 8, 8));
	EQ(0, port_status(b, 8) & 0xffff);
}

BUS_TEST(hub_hot_plug, HUB)
{
	uint8_t d[8];

	uhci_start(b);
	uhci_configure(b, 0, 2);
	for (unsigned n = 1; n <= 8; n++)
		EQ(0, set_port(b, n, 8));
	EQ(0, clear_port(b, 8, 16));
	CHECK(strstr(bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-kbd','id':'k',"
				"'port':'1.3'}}"),
		     "return"));
	EQ(2, uhci_poll(b, 2, 1, d, 8, 300));
	EQM("\x08\x00", d, 2);
	CHECK(strstr(bus_qmp(b, "{'execute':'human-monitor-command','arguments':"
				"{'command-line':'info usb'}}"),
		     "Port 1.3, Speed 12 Mb/s, Product QEMU USB Keyboard, ID: k"));
	EQ(0, clear_port(b, 3, 16));
	CHECK(strstr(bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse',"
				"'port':'1.3'}}"),
		     "port 1.3 of bus usb-bus.0 is taken by k"));
	bus_qmp(b, "{'execute':'device_del','arguments':{'id':'k'}}");
	EQ((uint32_t)CONNECTION << 16 | POWER, port_status(b, 3));
	CHECK(strstr(bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse'}}"),
		     "return")); /* the other port of the controller */
	CHECK(strstr(bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse'}}"),
		     "return")); /* and then one of the hub's */
	EQ((uint32_t)CONNECTION << 16 | POWER | CONNECTION, port_status(b, 1));
}

BUS_TEST(hub_by_itself, "-nodefaults -usbdevice tablet -usbdevice mouse -usbdevice keyboard")
{
	uhci_start(b);
	CHECK(strstr(bus_qmp(b, "{'execute':'human-monitor-command','arguments':"
				"{'command-line':'info usb'}}"),
		     "Port 1, Speed 12 Mb/s, Product QEMU USB Hub\\r\\n"
		     "  Device 0.0, Port 2, Speed 12 Mb/s, Product QEMU USB Tablet\\r\\n"
		     "  Device 0.0, Port 1.1, Speed 12 Mb/s, Product QEMU USB Mouse\\r\\n"
		     "  Device 0.0, Port 1.2, Speed 12 Mb/s, Product QEMU USB Keyboard\\r\\n"));
}

LAW_OP("usb-hub", hub_token)
{
	static const uint8_t setups[][8] = {
		{0, 9, 1, 0, 0, 0, 0, 0},     {0xa0, 6, 0, 0x29, 0, 0, 16, 0},
		{0xa3, 0, 0, 0, 1, 0, 4, 0},  {0x23, 3, 8, 0, 1, 0, 0, 0},
		{0x23, 3, 4, 0, 1, 0, 0, 0},  {0x23, 3, 2, 0, 1, 0, 0, 0},
		{0x23, 1, 1, 0, 1, 0, 0, 0},  {0x23, 1, 2, 0, 1, 0, 0, 0},
		{0x23, 1, 8, 0, 1, 0, 0, 0},  {0x23, 1, 16, 0, 1, 0, 0, 0},
		{0x23, 1, 18, 0, 1, 0, 0, 0}, {0x23, 1, 20, 0, 1, 0, 0, 0},
	};
	uint8_t buf[16];

	memcpy(buf, setups[rig_rnd(r) % ARRAY_SIZE(setups)], 8);
	buf[4] = (uint8_t)(buf[4] ? 1 + rig_rnd(r) % 9 : 0);
	usb_token(r->dev, USB_SETUP, 0, buf, 8);
	for (unsigned i = 0; i < 3; i++) {
		r->seen =
			r->seen * 31 + (unsigned)usb_token(r->dev, USB_IN, rig_rnd(r) % 2, buf, 8);
		r->seen = r->seen * 31 + buf[0];
	}
}

LAW_OP("usb-hub", hub_below)
{
	struct input_motion m = {.abs = true, .x = (int)(rig_rnd(r) & 0xff)};

	input_point(&r->keys, &m);
}
