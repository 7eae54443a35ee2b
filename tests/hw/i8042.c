/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keyboard controller with its keyboard and mouse, against IBM's PS/2 Technical Reference;
 * the start-up sequences of SeaBIOS and Linux. Keys and motion come by QMP. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

#include <stdarg.h>
#include <stdio.h>

enum { OBF = 1, SYS = 4, CMD = 8, UNLOCKED = 0x10, AUXB = 0x20 };
enum { BYTE = 500000 /* between two bytes on the wire, ns */ };

static uint8_t status(struct guest *b)
{
	return (uint8_t)bus_in(b, 0x64, 1);
}

static void command(struct guest *b, uint8_t cmd)
{
	bus_out(b, 0x64, 1, cmd);
}

static void command_data(struct guest *b, uint8_t cmd, uint8_t data)
{
	command(b, cmd);
	bus_out(b, 0x60, 1, data);
}

static uint8_t ask(struct guest *b, uint8_t cmd)
{
	command(b, cmd);
	return (uint8_t)bus_in(b, 0x60, 1);
}

/* All that comes, as "fa aa", mouse bytes as "m:08". */
static const char *taken(struct guest *b)
{
	static char text[1024];
	size_t n = 0;

	text[0] = 0;
	for (unsigned i = 0; i < 400; i++) {
		uint8_t s = status(b);

		if (s & OBF)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%02x", n ? " " : "",
					      s & AUXB ? "m:" : "", bus_in(b, 0x60, 1));
		else if (bus_step(b, BYTE), !(status(b) & OBF))
			break;
	}
	return text;
}

static const char *kbd(struct guest *b, uint8_t byte)
{
	bus_out(b, 0x60, 1, byte);
	return taken(b);
}

/* The mouse's answer, without the marks. */
static const char *mouse(struct guest *b, uint8_t byte)
{
	static char text[64];
	size_t n = 0;

	command_data(b, 0xd4, byte);
	for (const char *p = taken(b); *p && n < sizeof(text) - 1; p++)
		if (*p != 'm' && *p != ':')
			text[n++] = *p;
	text[n] = 0;
	return text;
}

static void qmp(struct guest *b, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	CHECK(strstr(bus_qmp(b, text), "\"return\""));
}

static void key(struct guest *b, const char *name, bool down)
{
	qmp(b,
	    "{'execute':'input-send-event','arguments':{'events':[{'type':'key','data':{'down':%s,"
	    "'key':{'type':'qcode','data':'%s'}}}]}}",
	    down ? "true" : "false", name);
}

static void move(struct guest *b, int dx, int dy)
{
	qmp(b,
	    "{'execute':'input-send-event','arguments':{'events':["
	    "{'type':'rel','data':{'axis':'x','value':%d}},"
	    "{'type':'rel','data':{'axis':'y','value':%d}}]}}",
	    dx, dy);
}

static void button(struct guest *b, const char *name, bool down)
{
	qmp(b,
	    "{'execute':'input-send-event','arguments':{'events':[{'type':'btn','data':{'down':%s,"
	    "'button':'%s'}}]}}",
	    down ? "true" : "false", name);
}

static const char *typed(struct guest *b, const char *name)
{
	static char text[256];

	key(b, name, true);
	snprintf(text, sizeof(text), "%s | ", taken(b));
	key(b, name, false);
	strncat(text, taken(b), sizeof(text) - strlen(text) - 1);
	return text;
}

/* ---- the controller ---- */

BUS_TEST(i8042_reset, "-nodefaults")
{
	EQ(CMD | UNLOCKED, status(b));
	EQ(0x03, ask(b, 0x20)); /* command byte */
	EQ(0xcf, ask(b, 0xd0)); /* output port */
	EQ(0x80, ask(b, 0xc0)); /* input port: not locked */
	EQ(0xffff, bus_in(b, 0x61, 2) >> 8 | 0xff00);
	EQ(0xff, bus_in(b, 0x62, 1));
}

BUS_TEST(i8042_commands, "-nodefaults")
{
	EQ(0x55, ask(b, 0xaa));
	EQ(SYS | CMD | UNLOCKED, status(b));
	EQ(0x00, ask(b, 0xab));
	EQ(0x00, ask(b, 0xa9));
	EQ(0xf1, ask(b, 0xa4)); /* no password */
	command_data(b, 0x60, 0x61);
	EQ(UNLOCKED, status(b)); /* SYS is the command byte's, CMD: the last write was data */
	EQ(0x61, ask(b, 0x20));
	command_data(b, 0x60, 0x65);
	EQ(SYS | UNLOCKED, status(b));
	command(b, 0xad);
	EQ(0x75, ask(b, 0x20));
	command(b, 0xa8);
	EQ(0x55, ask(b, 0x20));
	command(b, 0xa7);
	EQ(0x75, ask(b, 0x20));
	command(b, 0xae);
	EQ(0x65, ask(b, 0x20));
	command_data(b, 0x7f, 0x5a); /* the last byte of its RAM */
	EQ(0x5a, ask(b, 0x3f));
	EQ(0x65, ask(b, 0x20));
	command(b, 0x05); /* no such command */
	EQ(SYS | CMD | UNLOCKED, status(b));
}

BUS_TEST(i8042_output_buffer, "-nodefaults")
{
	command_data(b, 0x60, 0x03);
	command_data(b, 0xd2, 0x42);
	EQ(OBF | UNLOCKED, status(b));
	CHECK(bus_irq(b, 1) && !bus_irq(b, 12));
	EQ(0x42, bus_in(b, 0x60, 1));
	CHECK(!bus_irq(b, 1));
	EQ(0x42, bus_in(b, 0x60, 1)); /* as long as nothing came */
	command_data(b, 0xd3, 0x43);
	EQ(OBF | AUXB | UNLOCKED, status(b));
	CHECK(!bus_irq(b, 1) && bus_irq(b, 12));
	command(b, 0xd0); /* waits until the buffer is free */
	EQ(0x43, bus_in(b, 0x60, 1));
	CHECK(bus_irq(b, 1));
	EQ(0xef, bus_in(b, 0x60, 1)); /* bits 4 and 5: whose byte was in the buffer */
	command_data(b, 0x60, 0x00);
	command_data(b, 0xd2, 0x44);
	CHECK(!bus_irq(b, 1));
	command(b, 0x60);
	command(b, 0x20); /* a command in place of data drops the first */
	EQ(0x44, bus_in(b, 0x60, 1));
	EQ(0x00, bus_in(b, 0x60, 1));
}

/* Each byte is an edge, also when the next comes as the one before is read. */
BUS_TEST(i8042_edges, "-nodefaults")
{
	unsigned edges = bus_edges(b, 1);

	command_data(b, 0xd2, 1);
	command(b, 0x20);
	EQ(edges + 1, bus_edges(b, 1));
	bus_in(b, 0x60, 1);
	EQ(edges + 2, bus_edges(b, 1));
	CHECK(bus_irq(b, 1));
	bus_in(b, 0x60, 1);
	CHECK(!bus_irq(b, 1));
}

static struct rig *bench(void)
{
	return rig_new(dev_class_find("i8042"));
}

TEST(i8042_a20_and_reset)
{
	struct rig *r = bench();

	rig_write(r, 0, 4, 1, 0xd1);
	rig_write(r, 0, 0, 1, 0xdd);
	EQ(1, r->requests);
	EQ(REQ_A20, r->request);
	EQ(0, r->request_arg);
	rig_write(r, 0, 4, 1, 0xdf);
	EQ(2, r->requests);
	EQ(1, r->request_arg);
	rig_write(r, 0, 4, 1, 0xdd);
	EQ(0, r->request_arg);
	rig_write(r, 0, 4, 1, 0xff); /* pulses nothing */
	rig_write(r, 0, 4, 1, 0xfd);
	EQ(3, r->requests);
	rig_write(r, 0, 4, 1, 0xfe);
	EQ(4, r->requests);
	EQ(REQ_RESET, r->request);
	rig_write(r, 0, 4, 1, 0xd1);
	rig_write(r, 0, 0, 1, 0x02);
	EQ(6, r->requests);
	EQ(REQ_RESET, r->request);
	rig_free(r);
}

/* ---- the keyboard ---- */

BUS_TEST(i8042_kbd_commands, "-nodefaults")
{
	EQS("fa aa", kbd(b, 0xff));
	EQS("fa ab 83", kbd(b, 0xf2));
	EQS("ee", kbd(b, 0xee));
	EQS("fe", kbd(b, 0xef));
	EQS("fe", kbd(b, 0x05));
	EQS("fa", kbd(b, 0xf0));
	EQS("fa 02", kbd(b, 0x00));
	EQS("fa", kbd(b, 0xf0));
	EQS("fa", kbd(b, 0x03));
	EQS("fa", kbd(b, 0xf0));
	EQS("fa 03", kbd(b, 0x00));
	EQS("fa", kbd(b, 0xf0));
	EQS("fe", kbd(b, 0x04));
	EQS("fa", kbd(b, 0xed));
	EQS("fa", kbd(b, 0x07));
	EQS("fa", kbd(b, 0xed));
	EQS("fa ab 83", kbd(b, 0xf2)); /* a command where a parameter belongs */
	EQS("83", kbd(b, 0xfe));
	EQS("fa", kbd(b, 0xf6));
	EQS("fa", kbd(b, 0xf0));
	EQS("fa 02", kbd(b, 0x00)); /* by default */
}

BUS_TEST(i8042_kbd_set_2, "-nodefaults")
{
	EQS("1c | f0 1c", typed(b, "a"));
	EQS("e0 75 | e0 f0 75", typed(b, "up"));
	EQS("83 | f0 83", typed(b, "f7"));
	EQS("e1 14 77 e1 f0 14 f0 77 | ", typed(b, "pause"));
	EQS("e0 12 e0 7c | e0 f0 7c e0 f0 12", typed(b, "print"));
	EQS("f2 | ", typed(b, "lang1"));
	EQS(" | ", typed(b, "menu")); /* it has none */
	key(b, "alt", true);
	EQS("11", taken(b));
	EQS("84 | f0 84", typed(b, "print"));
	key(b, "ctrl_r", true);
	EQS("e0 14", taken(b));
	EQS("e0 7e e0 f0 7e | ", typed(b, "pause"));
	key(b, "alt", false);
	EQS("f0 11", taken(b));
	EQS("e0 7c | e0 f0 7c", typed(b, "print"));
}

BUS_TEST(i8042_kbd_set_1, "-nodefaults")
{
	kbd(b, 0xf0);
	kbd(b, 0x01);
	EQS("1e | 9e", typed(b, "a"));
	EQS("e0 48 | e0 c8", typed(b, "up"));
	EQS("e1 1d 45 e1 9d c5 | ", typed(b, "pause"));
	EQS("e0 2a e0 37 | e0 b7 e0 aa", typed(b, "print"));
	key(b, "alt_r", true);
	EQS("e0 38", taken(b));
	EQS("54 | d4", typed(b, "print"));
	key(b, "ctrl", true);
	EQS("1d", taken(b));
	EQS("e0 46 e0 c6 | ", typed(b, "pause"));
}

BUS_TEST(i8042_kbd_set_3, "-nodefaults")
{
	kbd(b, 0xf0);
	kbd(b, 0x03);
	EQS("1c | f0 1c", typed(b, "a"));
	EQS("63 | f0 63", typed(b, "up"));
	EQS("62 | f0 62", typed(b, "pause"));
	EQS("fa", kbd(b, 0xf9)); /* all keys: make */
	EQS("1c | ", typed(b, "a"));
	EQS("fa", kbd(b, 0xfc)); /* make and break: one key after the other */
	EQS("fa", kbd(b, 0x1c));
	EQS("fa", kbd(b, 0x63));
	EQS("1c | f0 1c", typed(b, "a"));
	EQS("63 | f0 63", typed(b, "up"));
	EQS("1b | ", typed(b, "s"));
	EQS("fa", kbd(b, 0xf8));
	EQS("1b | f0 1b", typed(b, "s"));
}

BUS_TEST(i8042_translation, "-nodefaults")
{
	command_data(b, 0x60, 0x41);
	EQS("1e | 9e", typed(b, "a"));
	EQS("e0 48 | e0 c8", typed(b, "up"));
	EQS("41 | c1", typed(b, "f7"));
	EQS("e1 1d 45 e1 9d c5 | ", typed(b, "pause"));
	EQS("54", (key(b, "alt", true), taken(b), key(b, "print", true), taken(b)));
	EQS("fa ab 41", kbd(b, 0xf2));
	EQS("fa aa", kbd(b, 0xff));
}

/* F3's byte: delay 250 ms times 1 + bits 6-5, period (8 + bits 2-0) 2^(bits 4-3) / 240 s. */
BUS_TEST(i8042_typematic, "-nodefaults")
{
	kbd(b, 0xf3);
	EQS("fa", kbd(b, 0x00)); /* 250 ms, 30 a second */
	key(b, "a", true);
	EQS("1c", taken(b));
	bus_step(b, 248 * NS_PER_MS);
	EQ(0, status(b) & OBF);
	bus_step(b, 2 * NS_PER_MS - BYTE); /* that went by as it was taken */
	EQ(0x1c, bus_in(b, 0x60, 1));
	for (unsigned i = 0; i < 5; i++) {
		bus_step(b, 33 * NS_PER_MS);
		EQ(0, status(b) & OBF);
		bus_step(b, 333334);
		EQ(0x1c, bus_in(b, 0x60, 1));
	}
	key(b, "b", true); /* the last key repeats */
	EQS("32", taken(b));
	key(b, "a", false);
	EQS("f0 1c", taken(b));
	bus_step(b, 250 * NS_PER_MS);
	EQ(0x32, bus_in(b, 0x60, 1));
	key(b, "b", false);
	EQS("f0 32", taken(b));
	bus_step(b, 2 * NS_PER_SEC);
	EQ(0, status(b) & OBF);
}

BUS_TEST(i8042_kbd_disabled, "-nodefaults")
{
	EQS("fa", kbd(b, 0xf5));
	EQS(" | ", typed(b, "a"));
	EQS("fa", kbd(b, 0xf4));
	EQS("1c | f0 1c", typed(b, "a"));
	command(b, 0xad); /* the port: it keeps the keys */
	EQS(" | ", typed(b, "a"));
	command(b, 0xae);
	EQS("1c f0 1c", taken(b));
	command(b, 0xad);
	EQS("fa", kbd(b, 0xf4)); /* writing to it enables the port */
	EQ(0, ask(b, 0x20) & 0x10);
}

/* More than the keyboard holds is kept for it; none is lost, in order. */
BUS_TEST(i8042_many_keys, "-nodefaults")
{
	char want[1024] = "";

	for (unsigned i = 0; i < 40; i++) {
		key(b, "a", true);
		key(b, "a", false);
		strcat(want, i ? " 1c f0 1c" : "1c f0 1c");
	}
	EQS(want, taken(b));
}

/* ---- the mouse ---- */

BUS_TEST(i8042_mouse_commands, "-nodefaults")
{
	EQS("fa aa 00", mouse(b, 0xff));
	EQS("fa 00", mouse(b, 0xf2));
	EQS("fa 00 02 64", mouse(b, 0xe9));
	EQS("fa", mouse(b, 0xe8));
	EQS("fa", mouse(b, 0x03));
	EQS("fa", mouse(b, 0xf3));
	EQS("fa", mouse(b, 0x28));
	EQS("fa", mouse(b, 0xe7));
	EQS("fa", mouse(b, 0xf4));
	EQS("fa 30 03 28", mouse(b, 0xe9));
	EQS("fa", mouse(b, 0xf0));
	EQS("fa 70 03 28", mouse(b, 0xe9));
	EQS("fa 08 00 00", mouse(b, 0xeb));
	EQS("fa", mouse(b, 0xea));
	EQS("fa", mouse(b, 0xee)); /* wrap: echoes */
	EQS("f3", mouse(b, 0xf3));
	EQS("ee", mouse(b, 0xee));
	EQS("fa", mouse(b, 0xec));
	EQS("fa", mouse(b, 0xf6));
	EQS("fa 00 02 64", mouse(b, 0xe9));
	EQS("fe", mouse(b, 0xe1));
	EQS("fa", mouse(b, 0xf3));
	EQS("fe", mouse(b, 0x21)); /* no such rate */
	EQS("fa", mouse(b, 0xe8));
	EQS("fe", mouse(b, 0x04));
}

BUS_TEST(i8042_mouse_stream, "-nodefaults")
{
	mouse(b, 0xf4);
	move(b, 5, 7);
	EQS("m:28 m:05 m:f9", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	move(b, -1, -1);
	EQS("m:18 m:ff m:01", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	button(b, "left", true);
	EQS("m:09 m:00 m:00", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	button(b, "middle", true);
	EQS("m:0d m:00 m:00", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	button(b, "left", false);
	button(b, "middle", false); /* waits for the next sample */
	EQS("m:0c m:00 m:00", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	EQS("m:08 m:00 m:00", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	button(b, "wheel-up", true); /* it has none */
	EQS("", taken(b));
	move(b, 600, 0); /* as many reports as it takes */
	EQS("m:08 m:ff m:00", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	EQS("m:08 m:ff m:00", taken(b));
	bus_step(b, 10 * NS_PER_MS);
	EQS("m:08 m:5a m:00", taken(b));
	EQS("fa", mouse(b, 0xf5));
	move(b, 1, 1);
	EQS("", taken(b));
}

/* A report at once, the next after 1/rate. */
BUS_TEST(i8042_mouse_rate, "-nodefaults")
{
	mouse(b, 0xf3);
	mouse(b, 20);
	mouse(b, 0xf4);
	move(b, 1, 0);
	EQS("m:08 m:01 m:00", taken(b));
	move(b, 1, 0);
	move(b, 1, 0);
	bus_step(b, 46 * NS_PER_MS); /* 2 went by as it was taken */
	EQ(0, status(b) & OBF);
	bus_step(b, 2 * NS_PER_MS);
	EQS("m:08 m:02 m:00", taken(b));
}

static void rates(struct guest *b, const uint8_t *rate)
{
	for (unsigned i = 0; i < 3; i++) {
		mouse(b, 0xf3);
		EQS("fa", mouse(b, rate[i]));
	}
}

BUS_TEST(i8042_intellimouse, "-nodefaults")
{
	rates(b, (const uint8_t[]){200, 100, 80});
	EQS("fa 03", mouse(b, 0xf2));
	mouse(b, 0xf4);
	button(b, "wheel-up", true);
	EQS("m:08 m:00 m:00 m:ff", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	button(b, "wheel-down", true);
	EQS("m:08 m:00 m:00 m:01", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	button(b, "side", true); /* only the Explorer has five */
	EQS("", taken(b));
	EQS("fa aa 00", mouse(b, 0xff));
	EQS("fa 00", mouse(b, 0xf2));
}

BUS_TEST(i8042_explorer, "-nodefaults")
{
	rates(b, (const uint8_t[]){200, 100, 80});
	rates(b, (const uint8_t[]){200, 200, 80});
	EQS("fa 04", mouse(b, 0xf2));
	mouse(b, 0xf4);
	button(b, "side", true);
	EQS("m:08 m:00 m:00 m:10", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	button(b, "extra", true);
	EQS("m:08 m:00 m:00 m:30", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	button(b, "wheel-up", true);
	EQS("m:08 m:00 m:00 m:3f", taken(b));
}

BUS_TEST(i8042_mouse_remote_and_scaling, "-nodefaults")
{
	mouse(b, 0xf0);
	move(b, 3, 0);
	move(b, 0, -300);
	EQS("", taken(b)); /* only when asked */
	EQS("fa 08 03 ff", mouse(b, 0xeb));
	EQS("fa 08 00 2d", mouse(b, 0xeb));
	mouse(b, 0xea);
	mouse(b, 0xe7); /* 2:1: 0 1 1 3 6 9, then twice */
	mouse(b, 0xf4);
	for (int n = 1; n <= 7; n++) {
		static const char *const want[] = {"01", "01", "03", "06", "09", "0c", "0e"};
		char text[32];

		move(b, n, 0);
		snprintf(text, sizeof(text), "m:08 m:%s m:00", want[n - 1]);
		EQS(text, taken(b));
		bus_step(b, 10 * NS_PER_MS);
	}
}

/* ---- start-up sequences ---- */

/* SeaBIOS 1.16: i8042_flush, self-test, port test, command byte, then the keyboard's reset, with
 * the mouse off; ps2_kbd_command: disable, set 2, enable. */
BUS_TEST(i8042_seabios, "-nodefaults")
{
	taken(b);
	command(b, 0xad);
	command(b, 0xa7);
	taken(b);
	EQ(0x55, ask(b, 0xaa));
	EQ(0x00, ask(b, 0xab));
	command_data(b, 0x60, 0x20 | 0x10);
	EQS("fa aa", kbd(b, 0xff));
	EQS("fa", kbd(b, 0xf5));
	EQS("fa", kbd(b, 0xf0));
	EQS("fa", kbd(b, 0x02));
	command_data(b, 0x60, 0x40 | 0x20 | 0x01);
	EQS("fa", kbd(b, 0xf4));
	EQS("1e | 9e", typed(b, "a"));
	CHECK(bus_edges(b, 1) > 0);
	EQ(0, bus_edges(b, 12));
	/* int 15h c2: the mouse */
	command(b, 0xa8);
	EQS("fa aa 00", mouse(b, 0xff));
	EQS("fa", mouse(b, 0xf4));
}

/* Linux: i8042_controller_check, i8042_check_aux with its loop test, i8042_check_mux, atkbd_probe,
 * psmouse's protocol search as far as the Explorer. */
BUS_TEST(i8042_linux, "-nodefaults")
{
	uint8_t ctr = ask(b, 0x20);

	command_data(b, 0x60, ctr | 0x30);
	taken(b);
	command_data(b, 0xd3, 0x5a); /* AUX loop */
	EQ(OBF | AUXB, status(b) & (OBF | AUXB));
	EQ(0x5a, bus_in(b, 0x60, 1));
	command(b, 0xa7);
	EQ(0x20, ask(b, 0x20) & 0x20);
	command(b, 0xa8);
	EQ(0x00, ask(b, 0x20) & 0x20);
	for (unsigned i = 0; i < 3; i++) { /* an active multiplexer would answer otherwise */
		static const uint8_t mux[] = {0xf0, 0x56, 0xa4};

		command_data(b, 0xd3, mux[i]);
		EQ(mux[i], bus_in(b, 0x60, 1));
	}
	command_data(b, 0x60, 0x43);
	EQS("fa ab 41", kbd(b, 0xf2));
	EQS("fa", kbd(b, 0xed));
	EQS("fa", kbd(b, 0x00));
	EQS("fa", kbd(b, 0xf3));
	EQS("fa", kbd(b, 0x00));
	EQS("fa", kbd(b, 0xf4));
	EQS("fa 00", mouse(b, 0xf2));
	EQS("fa", mouse(b, 0xf5));
	EQS("fa aa 00", mouse(b, 0xff));
	rates(b, (const uint8_t[]){200, 100, 80});
	EQS("fa 03", mouse(b, 0xf2));
	rates(b, (const uint8_t[]){200, 200, 80});
	EQS("fa 04", mouse(b, 0xf2));
	EQS("fa", mouse(b, 0xf4));
	EQS("1e | 9e", typed(b, "a"));
	move(b, 1, 0);
	EQS("m:08 m:01 m:00 m:00", taken(b));
	CHECK(bus_edges(b, 12) > 4);
}

/* ---- monitors ---- */

BUS_TEST(i8042_send_key, "-nodefaults")
{
	qmp(b, "{'execute':'send-key','arguments':{'hold-time':100,'keys':["
	       "{'type':'qcode','data':'ctrl'},{'type':'number','data':30}]}}");
	EQS("14", taken(b));
	bus_step(b, 100 * NS_PER_MS);
	EQS("1c", taken(b));
	bus_step(b, 100 * NS_PER_MS);
	EQS("f0 1c", taken(b));
	bus_step(b, 100 * NS_PER_MS);
	EQS("f0 14", taken(b));
	bus_step(b, 100 * NS_PER_MS); /* the last is held too */
	qmp(b,
	    "{'execute':'human-monitor-command','arguments':{'command-line':'sendkey 0x9d-< 5'}}");
	EQS("e0 14", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	EQS("61 f0 61 e0 f0 14", taken(b));
}

/* Of more than the keyboard's 16 bytes nothing is lost while the guest does not read. */
BUS_TEST(i8042_type_text, "-nodefaults -k de")
{
	unsigned n = 0;

	CHECK(strstr(bus_qmp(b, "{'execute':'x-type-text','arguments':{'text':'Z@\\n'}}"),
		     "{\"waiting\": 3}"));
	EQS("12 35", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	EQS("f0 35 f0 12", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	EQS("e0 11 15", taken(b));
	bus_step(b, 40 * NS_PER_MS);
	EQS("f0 15 e0 f0 11 5a", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	EQS("f0 5a", taken(b));
	qmp(b, "{'execute':'x-type-text','arguments':{'text':'%s','hold-time':1}}",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	for (unsigned i = 0; i < 10; i++) {
		bus_step(b, NS_PER_SEC);
		for (const char *at = taken(b); (at = strstr(at, "f0 1c")); at++)
			n++;
	}
	EQ(30, n);
}

BUS_TEST(i8042_query_mice, "-nodefaults")
{
	CHECK(strstr(bus_qmp(b, "{'execute':'query-mice'}"), "QEMU PS/2 Mouse"));
	CHECK(strstr(bus_qmp(b, "{'execute':'human-monitor-command','arguments':"
				"{'command-line':'info mice'}}"),
		     "* Mouse #2: QEMU PS/2 Mouse"));
	mouse(b, 0xf4);
	qmp(b,
	    "{'execute':'human-monitor-command','arguments':{'command-line':'mouse_move 5 7 1'}}");
	EQS("m:28 m:05 m:f9", taken(b));
	bus_step(b, 20 * NS_PER_MS);
	qmp(b, "{'execute':'human-monitor-command','arguments':{'command-line':'mouse_button 2'}}");
	EQS("m:0a m:00 m:00", taken(b)); /* the right one */
}

/* What is held while a state is loaded that has other keys down is lifted. */
TEST(i8042_load_lifts_keys)
{
	struct rig *a = bench(), *b = bench();
	struct dev_stream s;
	struct err e = {""};
	uint8_t said[3];

	input_key(&a->keys, 30, true);
	EQ(0x1c, rig_read(a, 0, 0, 1));
	s = rig_saved(a);
	OK(dev_load(&b->env, "laws", s.data, s.len, &e));
	for (unsigned i = 0; i < 3; i++) {
		rig_run(b, BYTE);
		said[i] = (uint8_t)rig_read(b, 0, 0, 1);
	}
	EQM("\xf0\x1c\x1c", said, 3);
	dev_stream_free(&s);
	rig_free(a);
	rig_free(b);
}

/* ---- the laws' grammar ---- */

LAW_OP("i8042", ps2_type)
{
	static const uint8_t codes[] = {30, 42, 56, 29, 99, 119, 103, 122, 57};
	unsigned code = codes[rig_rnd(r) % ARRAY_SIZE(codes)];

	input_key(&r->keys, code, rig_rnd(r) & 1);
}

LAW_OP("i8042", ps2_point)
{
	struct input_motion m = {.dx = (int)(rig_rnd(r) % 600) - 300,
				 .dy = (int)(rig_rnd(r) % 20) - 10,
				 .wheel = (int)(rig_rnd(r) % 5) - 2,
				 .buttons = rig_rnd(r) & 0x1f};

	input_point(&r->keys, &m);
}

LAW_OP("i8042", ps2_read)
{
	for (unsigned n = rig_rnd(r) % 12; n; n--) {
		rig_read(r, 0, 4, 1);
		rig_read(r, 0, 0, 1);
		rig_run(r, BYTE);
	}
}

LAW_OP("i8042", ps2_kbd_command)
{
	rig_write(r, 0, 0, 1, 0xed + rig_rnd(r) % 19);
	if (rig_rnd(r) & 1)
		rig_write(r, 0, 0, 1, rig_rnd(r) % 5);
}

LAW_OP("i8042", ps2_mouse_command)
{
	static const uint8_t bytes[] = {0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xee,
					0xf0, 0xf2, 0xf3, 0xf4, 0xf4, 0xf4, 0xf5, 0xf6,
					0xfe, 0xff, 200,  100,  80,   0,    3};

	rig_write(r, 0, 4, 1, 0xd4);
	rig_write(r, 0, 0, 1, bytes[rig_rnd(r) % ARRAY_SIZE(bytes)]);
}

LAW_OP("i8042", ps2_knock)
{
	uint8_t knock[] = {200, rig_rnd(r) & 1 ? 200 : 100, 80};

	for (unsigned i = 0; i < 3; i++) {
		rig_write(r, 0, 4, 1, 0xd4);
		rig_write(r, 0, 0, 1, 0xf3);
		rig_write(r, 0, 4, 1, 0xd4);
		rig_write(r, 0, 0, 1, knock[i]);
	}
}

LAW_OP("i8042", ps2_controller)
{
	static const uint8_t bytes[] = {0x20, 0x60, 0x60, 0xa7, 0xa8, 0xaa, 0xad, 0xae,
					0xd0, 0xd1, 0xd2, 0xd3, 0xdd, 0xdf, 0xfe};

	rig_write(r, 0, 4, 1, bytes[rig_rnd(r) % ARRAY_SIZE(bytes)]);
	rig_write(r, 0, 0, 1, rig_rnd(r) & 0x7f);
}
