/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB tablet, mouse and keyboard on a UHCI, against USB 1.1 chapter 9 and HID 1.11. */
#include "tests/hw/uhci.h"
#include "hw/usb/usb.h"
#include "tests/hw/laws.h"

#include <stdarg.h>
#include <stdio.h>

#define TABLET   "-nodefaults -usb -device usb-tablet"
#define MOUSE    "-nodefaults -usbdevice mouse"
#define KEYBOARD "-nodefaults -usb -device usb-kbd,id=k,bus=usb-bus.0,port=2"

static void events(struct guest *b, const char *format, ...)
{
	char list[512], text[700];
	va_list ap;

	va_start(ap, format);
	vsnprintf(list, sizeof(list), format, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "{'execute':'input-send-event','arguments':{'events':[%s]}}",
		 list);
	CHECK(strstr(bus_qmp(b, text), "return"));
}

static void point(struct guest *b, int x, int y)
{
	events(b,
	       "{'type':'abs','data':{'axis':'x','value':%d}},"
	       "{'type':'abs','data':{'axis':'y','value':%d}}",
	       x, y);
}

static void move(struct guest *b, int dx, int dy)
{
	events(b,
	       "{'type':'rel','data':{'axis':'x','value':%d}},"
	       "{'type':'rel','data':{'axis':'y','value':%d}}",
	       dx, dy);
}

static void button(struct guest *b, const char *name, bool down)
{
	events(b, "{'type':'btn','data':{'down':%s,'button':'%s'}}", down ? "true" : "false", name);
}

static void key(struct guest *b, const char *name, bool down)
{
	events(b, "{'type':'key','data':{'down':%s,'key':{'type':'qcode','data':'%s'}}}",
	       down ? "true" : "false", name);
}

/* The next report as hex bytes; "nak", "error". */
static const char *report(struct guest *b, unsigned addr)
{
	static char text[64];
	uint8_t r[8];
	int n = uhci_poll(b, addr, 1, r, sizeof(r), 40);

	strcpy(text, n == -1 ? "nak" : n < 0 ? "error" : "");
	for (int i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%02x", i ? " " : "", r[i]);
	return text;
}

/* ---- standard requests: 9.4 ---- */

BUS_TEST(usb_enumeration, TABLET)
{
	uint8_t d[256];

	uhci_start(b);
	uhci_port_reset(b, 0);
	EQ(18, uhci_control(b, 0, 0x80, 6, 0x100, 0, 64, d));
	EQM("\x12\x01\x10\x01\x00\x00\x00\x08\x27\x06\x01\x00\x00\x00\x01\x02\x00\x01", d, 18);
	EQ(0, uhci_control(b, 0, 0, 5, 7, 0, 0, NULL));
	EQ(-1, uhci_control(b, 0, 0x80, 6, 0x100, 0, 8, d)); /* it has moved */
	EQ(8, uhci_control(b, 7, 0x80, 6, 0x100, 0, 8, d));
	EQ(9, uhci_control(b, 7, 0x80, 6, 0x200, 0, 9, d));
	EQ(34, d[2] | d[3] << 8);
	EQ(34, uhci_control(b, 7, 0x80, 6, 0x200, 0, 255, d));
	EQ(3, d[9 + 5]);     /* HID */
	EQ(0x81, d[27 + 2]); /* endpoint 1, in */
	EQ(3, d[27 + 3]);
	EQ(4, uhci_control(b, 7, 0x80, 6, 0x300, 0, 255, d));
	EQM("\x04\x03\x09\x04", d, 4);
	EQ(32, uhci_control(b, 7, 0x80, 6, 0x302, 0x409, 255, d));
	EQM("\x20\x03Q\0E\0M\0U\0 \0U\0S\0B\0 \0T\0a\0b\0l\0e\0t", d, 31);
	EQ(-1, uhci_control(b, 7, 0x80, 6, 0x303, 0x409, 255, d));
	EQ(-1, uhci_control(b, 7, 0x80, 6, 0x3ff, 0x409, 255, d));
	EQ(-1, uhci_control(b, 7, 0x80, 6, 0x201, 0, 255, d));
	EQ(1, uhci_control(b, 7, 0x80, 8, 0, 0, 1, d));
	EQ(0, d[0]);
	EQ(0, uhci_control(b, 7, 0, 9, 1, 0, 0, NULL));
	EQ(1, uhci_control(b, 7, 0x80, 8, 0, 0, 1, d));
	EQ(1, d[0]);
	EQ(-1, uhci_control(b, 7, 0, 9, 2, 0, 0, NULL));
	EQ(1, uhci_control(b, 7, 0x81, 10, 0, 0, 1, d));
	EQ(0, uhci_control(b, 7, 1, 11, 0, 0, 0, NULL));
	EQ(-1, uhci_control(b, 7, 1, 11, 1, 0, 0, NULL));
}

BUS_TEST(usb_features, TABLET)
{
	uint8_t d[8];

	uhci_start(b);
	uhci_configure(b, 0, 3);
	EQ(2, uhci_control(b, 3, 0x80, 0, 0, 0, 2, d));
	EQM("\0\0", d, 2); /* bus powered, no wakeup yet */
	EQ(0, uhci_control(b, 3, 0, 3, 1, 0, 0, NULL));
	EQ(2, uhci_control(b, 3, 0x80, 0, 0, 0, 2, d));
	EQM("\2\0", d, 2);
	EQ(0, uhci_control(b, 3, 2, 3, 0, 0x81, 0, NULL)); /* halt the endpoint */
	EQ(2, uhci_control(b, 3, 0x82, 0, 0, 0x81, 2, d));
	EQM("\1\0", d, 2);
	EQS("error", report(b, 3));
	EQ(0, uhci_control(b, 3, 2, 1, 0, 0x81, 0, NULL));
	EQS("nak", report(b, 3));
	uhci_port_reset(b, 0);
	EQ(-1, uhci_control(b, 3, 0x80, 0, 0, 0, 2, d)); /* its address is gone */
	EQ(2, uhci_control(b, 0, 0x80, 0, 0, 0, 2, d));
	EQM("\0\0", d, 2);
}

/* ---- the tablet ---- */

BUS_TEST(hid_tablet, TABLET)
{
	uhci_start(b);
	uhci_configure(b, 0, 1);
	EQS("nak", report(b, 1));
	point(b, 0x1234, 0x7fff);
	EQS("00 34 12 ff 7f 00", report(b, 1));
	EQS("nak", report(b, 1));
	button(b, "left", true);
	button(b, "left", false); /* waits till the press has been read */
	EQS("01 34 12 ff 7f 00", report(b, 1));
	EQS("00 34 12 ff 7f 00", report(b, 1));
	EQS("nak", report(b, 1));
	button(b, "wheel-up", true);
	button(b, "wheel-up", true);
	EQS("00 34 12 ff 7f 02", report(b, 1));
	button(b, "wheel-down", true);
	EQS("00 34 12 ff 7f ff", report(b, 1));
	button(b, "side", true);
	EQS("08 34 12 ff 7f 00", report(b, 1));
}

/* Before the guest has a driver for it, the PS/2 mouse gets the motion. */
BUS_TEST(hid_tablet_when_configured, TABLET)
{
	const char *mice = "{'execute':'human-monitor-command','arguments':"
			   "{'command-line':'info mice'}}";

	uhci_start(b);
	CHECK(strstr(bus_qmp(b, mice), "  Mouse #3: QEMU HID Tablet (absolute)\\r\\n"
				       "* Mouse #2: QEMU PS/2 Mouse\\r\\n"));
	uhci_configure(b, 0, 1);
	CHECK(strstr(bus_qmp(b, mice), "* Mouse #3: QEMU HID Tablet (absolute)\\r\\n"
				       "  Mouse #2: QEMU PS/2 Mouse\\r\\n"));
	bus_out(b, UHCI_CMD, 2, 2);
	CHECK(strstr(bus_qmp(b, mice), "* Mouse #2: QEMU PS/2 Mouse\\r\\n"));
}

/* ---- the mouse ---- */

BUS_TEST(hid_mouse, MOUSE)
{
	uint8_t d[4];

	uhci_start(b);
	uhci_configure(b, 0, 1);
	move(b, 5, -7);
	EQS("00 05 f9 00", report(b, 1));
	move(b, 200, 0);
	EQS("00 7f 00 00", report(b, 1));
	EQS("00 49 00 00", report(b, 1));
	EQS("nak", report(b, 1));
	EQ(1, uhci_control(b, 1, 0xa1, 3, 0, 0, 1, d));
	EQ(1, d[0]);
	EQ(0, uhci_control(b, 1, 0x21, 11, 0, 0, 0, NULL)); /* boot protocol */
	button(b, "right", true);
	EQS("02 00 00", report(b, 1));
}

/* ---- the keyboard ---- */

BUS_TEST(hid_keyboard, KEYBOARD)
{
	uint8_t d[8];

	uhci_start(b);
	uhci_configure(b, 1, 1);
	key(b, "a", true);
	key(b, "shift", true);
	key(b, "b", true);
	EQS("00 00 04 00 00 00 00 00", report(b, 1));
	EQS("02 00 04 00 00 00 00 00", report(b, 1));
	EQS("02 00 04 05 00 00 00 00", report(b, 1));
	EQS("nak", report(b, 1));
	key(b, "a", false);
	EQS("02 00 05 00 00 00 00 00", report(b, 1));
	key(b, "alt_r", true);
	EQS("42 00 05 00 00 00 00 00", report(b, 1));
	EQ(8, uhci_control(b, 1, 0xa1, 1, 0x100, 0, 8, d)); /* GET_REPORT */
	EQM("\x42\x00\x05\x00\x00\x00\x00\x00", d, 8);
	key(b, "print", true);
	EQS("42 00 05 46 00 00 00 00", report(b, 1));
	key(b, "kp_7", true);
	EQS("42 00 05 46 5f 00 00 00", report(b, 1));
}

BUS_TEST(hid_keyboard_rolls_over, KEYBOARD)
{
	static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g"};

	uhci_start(b);
	uhci_configure(b, 1, 1);
	for (unsigned i = 0; i < 7; i++)
		key(b, keys[i], true);
	for (unsigned i = 0; i < 5; i++)
		report(b, 1);
	EQS("00 00 04 05 06 07 08 09", report(b, 1));
	EQS("00 00 01 01 01 01 01 01", report(b, 1));
	key(b, "d", false);
	EQS("00 00 04 05 06 08 09 0a", report(b, 1));
}

BUS_TEST(hid_keyboard_requests, KEYBOARD)
{
	uint8_t d[128], leds = 5, len;

	uhci_start(b);
	uhci_configure(b, 1, 1);
	EQ(9, uhci_control(b, 1, 0x81, 6, 0x2100, 0, 9, d));
	EQM("\x09\x21\x11\x01\x00\x01\x22", d, 7);
	len = d[7];
	EQ(len, uhci_control(b, 1, 0x81, 6, 0x2200, 0, 128, d));
	EQ(0xc0, d[len - 1]);
	EQ(1, uhci_control(b, 1, 0x21, 9, 0x200, 0, 1, &leds)); /* SET_REPORT */
	EQ(1, uhci_control(b, 1, 0xa1, 1, 0x200, 0, 1, d));
	EQ(5, d[0]);
	EQ(-1, uhci_control(b, 1, 0x21, 9, 0x300, 0, 1, &leds)); /* no feature report */
	EQ(-1, uhci_control(b, 1, 0x21, 99, 0, 0, 0, NULL));
}

/* SET_IDLE: the report again every n * 4 ms; 0 = only news: 7.2.4. */
BUS_TEST(hid_idle, KEYBOARD)
{
	uint8_t d[8];

	uhci_start(b);
	uhci_configure(b, 1, 1);
	EQ(0, uhci_control(b, 1, 0x21, 10, 25 << 8, 0, 0, NULL));
	EQ(1, uhci_control(b, 1, 0xa1, 2, 0, 0, 1, d));
	EQ(25, d[0]);
	bus_step(b, 100 * NS_PER_MS);
	EQ(8, uhci_poll(b, 1, 1, d, 8, 20));
	EQ(-1, uhci_poll(b, 1, 1, d, 8, 90));
	EQ(8, uhci_poll(b, 1, 1, d, 8, 25));
	EQ(0, uhci_control(b, 1, 0x21, 10, 0, 0, 0, NULL));
	EQ(-1, uhci_poll(b, 1, 1, d, 8, 300));
}

BUS_TEST(usb_info, "-nodefaults -usb -device usb-tablet -device usb-kbd,id=k")
{
	const char *usb = "{'execute':'human-monitor-command','arguments':"
			  "{'command-line':'info usb'}}";

	uhci_start(b);
	uhci_configure(b, 1, 6);
	CHECK(strstr(
		bus_qmp(b, usb),
		"  Device 0.0, Port 1, Speed 12 Mb/s, Product QEMU USB Tablet\\r\\n"
		"  Device 0.6, Port 2, Speed 12 Mb/s, Product QEMU USB Keyboard, ID: k\\r\\n"));
	CHECK(strstr(bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse'}}"),
		     "no port is free on bus usb-bus.0"));
	CHECK(strstr(bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse',"
				"'port':'3'}}"),
		     "usb port 3 (bus usb-bus.0) not found"));
	CHECK(strstr(bus_qmp(b, "{'execute':'device_add','arguments':{'driver':'usb-mouse',"
				"'port':'1.1'}}"),
		     "usb port 1.1 (bus usb-bus.0) not found"));
}

/* What the LEDs show reaches consoles; keys held at a reset are no more. */
TEST(hid_leds_and_reset)
{
	static const uint8_t set_leds[] = {0x21, 9, 0, 2, 0, 0, 1, 0};
	struct rig *r = rig_new(dev_class_find("usb-kbd"));
	uint8_t leds = INPUT_CAPS_LOCK, setup[8], buf[8];

	memcpy(setup, set_leds, 8);
	usb_of(r->dev)->config = 1;
	EQ(8, usb_token(r->dev, USB_SETUP, 0, setup, 8));
	EQ(1, usb_token(r->dev, USB_OUT, 0, &leds, 1));
	EQ(0, usb_token(r->dev, USB_IN, 0, buf, 8));
	EQ(INPUT_CAPS_LOCK, input_leds(r->input));
	input_key(&r->keys, 30, true);
	EQ(8, usb_token(r->dev, USB_IN, 1, buf, 8));
	EQ(4, buf[2]);
	usb_reset(r->dev);
	usb_of(r->dev)->config = 1;
	EQ(USB_NAK, usb_token(r->dev, USB_IN, 1, buf, 8));
	input_key(&r->keys, 30, false);
	EQ(USB_NAK, usb_token(r->dev, USB_IN, 1, buf, 8));
	rig_free(r);
}

/* Packets that no driver would send, in any order. */
TEST(usb_odd_tokens)
{
	struct rig *r = rig_new(dev_class_find("usb-tablet"));
	uint8_t buf[64] = {0x80, 6, 0, 1, 0, 0, 18, 0};

	EQ(USB_NODEV, usb_token(r->dev, USB_SETUP, 0, buf, 7));
	EQ(USB_NODEV, usb_token(r->dev, USB_SETUP, 1, buf, 8));
	EQ(USB_STALL, usb_token(r->dev, USB_IN, 0, buf, 8)); /* no SETUP before */
	EQ(USB_STALL, usb_token(r->dev, USB_OUT, 0, buf, 8));
	EQ(USB_NODEV, usb_token(r->dev, USB_IN, 1, buf, 8)); /* not configured */
	EQ(8, usb_token(r->dev, USB_SETUP, 0, buf, 8));
	EQ(USB_BABBLE, usb_token(r->dev, USB_IN, 0, buf, 7));
	EQ(8, usb_token(r->dev, USB_IN, 0, buf, 64));
	EQ(8, usb_token(r->dev, USB_IN, 0, buf, 64));
	EQ(2, usb_token(r->dev, USB_IN, 0, buf, 64));
	EQ(0, usb_token(r->dev, USB_IN, 0, buf, 64));
	EQ(0, usb_token(r->dev, USB_OUT, 0, buf, 0));
	EQ(USB_STALL, usb_token(r->dev, USB_OUT, 0, buf, 0));
	memcpy(buf, "\x21\x09\x00\x02\x00\x00\x00\x04", 8); /* 1 KiB of output report */
	EQ(8, usb_token(r->dev, USB_SETUP, 0, buf, 8));
	EQ(USB_STALL, usb_token(r->dev, USB_OUT, 0, buf, 8));
	rig_free(r);
}

/* ---- the laws' grammar: tokens straight to the device ---- */

static void law_token(struct rig *r)
{
	static const uint8_t setups[][8] = {
		{0x80, 6, 0, 1, 0, 0, 18, 0},  {0x80, 6, 0, 2, 0, 0, 255, 0},
		{0, 9, 1, 0, 0, 0, 0, 0},      {0, 9, 0, 0, 0, 0, 0, 0},
		{0, 5, 9, 0, 0, 0, 0, 0},      {0x81, 6, 0, 0x22, 0, 0, 100, 0},
		{0x21, 10, 0, 2, 0, 0, 0, 0},  {0x21, 10, 0, 0, 0, 0, 0, 0},
		{0x21, 9, 0, 2, 0, 0, 1, 0},   {0xa1, 1, 0, 1, 0, 0, 8, 0},
		{0x21, 11, 0, 0, 0, 0, 0, 0},  {0, 3, 1, 0, 0, 0, 0, 0},
		{2, 3, 0, 0, 0x81, 0, 0, 0},   {2, 1, 0, 0, 0x81, 0, 0, 0},
		{0x80, 6, 2, 3, 9, 4, 255, 0},
	};
	static const enum usb_pid pids[] = {USB_IN, USB_IN, USB_OUT, USB_SETUP, USB_SETUP};
	enum usb_pid pid = pids[rig_rnd(r) % 5];
	unsigned len = pid == USB_SETUP ? 8 : rig_rnd(r) % 16;
	uint8_t buf[64] = {0};

	if (pid == USB_SETUP && rig_rnd(r) % 8)
		memcpy(buf, setups[rig_rnd(r) % ARRAY_SIZE(setups)], 8);
	else
		for (unsigned i = 0; i < len; i++)
			buf[i] = (uint8_t)rig_rnd(r);
	r->seen = r->seen * 31 + (unsigned)usb_token(r->dev, pid, rig_rnd(r) % 3, buf, len);
	for (unsigned i = 0; i < len; i++)
		r->seen = r->seen * 31 + buf[i];
	if (!(rig_rnd(r) % 32))
		usb_reset(r->dev);
}

static void law_input(struct rig *r)
{
	struct input_motion m = {.abs = rig_rnd(r) & 1,
				 .x = (int)(rig_rnd(r) & 0x7fff),
				 .y = (int)(rig_rnd(r) & 0x7fff),
				 .dx = (int)(rig_rnd(r) % 600) - 300,
				 .wheel = (int)(rig_rnd(r) % 3) - 1,
				 .buttons = rig_rnd(r) & 0x1f};

	input_point(&r->keys, &m);
	input_key(&r->keys, rig_rnd(r) % 128, rig_rnd(r) & 1);
}

LAW_OP("usb-tablet", tablet_token)
{
	law_token(r);
}

LAW_OP("usb-tablet", tablet_input)
{
	law_input(r);
}

LAW_OP("usb-mouse", mouse_token)
{
	law_token(r);
}

LAW_OP("usb-mouse", mouse_input)
{
	law_input(r);
}

LAW_OP("usb-kbd", keyboard_token)
{
	law_token(r);
}

LAW_OP("usb-kbd", keyboard_input)
{
	law_input(r);
}
