/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8042: keyboard controller with an auxiliary port; a keyboard and a mouse are plugged in.
 *
 * Spec:    IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device
 *          Controller; Intel 82371SB, 2.5.3 (60, 64); the keyboard and mouse in i8042_*.c
 * State:   all commands of the controller but diagnostic dumps and polling, A20, reset,
 *          translation to set 1, IRQ 1 and 12, the time that bytes take on the wire
 * Missing: AC, C1, C2 (input port polling), passwords (none is ever set), time-out and parity
 *          errors (the devices always answer), inhibit by key lock
 * Tests:   tests/hw/i8042.c
 *
 * A byte stays readable for a while after it was read, as the next takes its time: handlers that
 * are chained before a BIOS's read it twice (DOS).
 */
#include "hw/input/i8042.h"

enum { STS_OBF = 1 << 0, STS_IBF = 1 << 1, STS_SYS = 1 << 2, STS_CMD = 1 << 3 };
enum { STS_UNLOCKED = 1 << 4, STS_AUXB = 1 << 5 };
enum { CB_KIE = 1 << 0, CB_MIE = 1 << 1, CB_SYS = 1 << 2 };
enum { CB_KDIS = 1 << 4, CB_MDIS = 1 << 5, CB_XLATE = 1 << 6 };
enum { OUT_RESET = 1 << 0, OUT_A20 = 1 << 1, OUT_IRQ1 = 1 << 4, OUT_IRQ12 = 1 << 5 };
enum {
	CMD_READ = 0x20,
	CMD_WRITE = 0x60,
	CMD_PASSWORD = 0xa4,
	CMD_AUX_OFF = 0xa7,
	CMD_AUX_ON,
	CMD_AUX_TEST,
	CMD_SELF_TEST,
	CMD_KBD_TEST,
	CMD_KBD_OFF = 0xad,
	CMD_KBD_ON,
	CMD_READ_INPUT = 0xc0,
	CMD_READ_OUT = 0xd0,
	CMD_WRITE_OUT,
	CMD_WRITE_KBD_BUF,
	CMD_WRITE_AUX_BUF,
	CMD_WRITE_AUX,
	CMD_A20_OFF = 0xdd,
	CMD_A20_ON = 0xdf,
	CMD_READ_TEST = 0xe0,
	CMD_PULSE = 0xf0,
};
enum { AT_DATA = 0, AT_COMMAND = 4, REGION_LEN = 5 };
enum { REPLY_KBD = 1, REPLY_AUX };
enum { LINE_KBD, LINE_AUX };
/* Eleven bits at 10 to 16.7 kHz take about a millisecond; this is long enough for a handler. */
enum { BYTE_NS = 500000 };

/* ---- from the devices to the output buffer ---- */

/* Set 2 to set 1, as the controller's ROM has it. */
static const uint8_t to_set1[0x85] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
	0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
	0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
	0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
	0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
	0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
	0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
	0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
	0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
};

/* false: it goes no further, the next byte is the one that is meant. */
static bool translate(struct i8042 *s, uint8_t *byte)
{
	if (!(s->ram[0] & CB_XLATE))
		return true;
	if (*byte == 0xf0) {
		s->release = 0x80;
		return false;
	}
	if (*byte < sizeof(to_set1))
		*byte = to_set1[*byte] | s->release;
	s->release = 0;
	return true;
}

static void load(struct i8042 *s, uint8_t byte, bool aux)
{
	s->out = byte;
	s->flags = (uint8_t)((s->flags & ~STS_AUXB) | STS_OBF | (aux ? STS_AUXB : 0));
}

static bool load_kbd(struct dev *d)
{
	struct i8042 *s = d->state;
	uint8_t byte;

	while (ps2_kbd_take(d, &byte))
		if (translate(s, &byte)) {
			load(s, byte, false);
			return true;
		}
	return false;
}

static void load_next(struct dev *d)
{
	struct i8042 *s = d->state;
	uint8_t byte;

	if (s->has_reply) {
		load(s, s->reply, s->has_reply == REPLY_AUX);
		s->has_reply = 0;
		s->reply = 0;
	} else if (timer_pending(&s->serial)) {
		return;
	} else if (!(s->ram[0] & CB_KDIS) && load_kbd(d)) {
		return;
	} else if (!(s->ram[0] & CB_MDIS) && ps2_mouse_take(d, &byte)) {
		load(s, byte, true);
	}
}

void i8042_changed(struct dev *d)
{
	struct i8042 *s = d->state;

	struct i8042_host *h = d->host;

	if (s->flags & STS_OBF)
		return;
	load_next(d);
	/* Whoever gave a byte has room for more. */
	ps2_mouse_taken(d);
	input_kick(&h->kbd);
	input_kick(&h->mouse);
}

static void serial_fired(struct dev *d, unsigned index)
{
	(void)index;
	i8042_changed(d);
}

static bool raises(const struct i8042 *s, unsigned line)
{
	bool aux = s->flags & STS_AUXB;

	if (!(s->flags & STS_OBF) || aux != (line == LINE_AUX))
		return false;
	return s->ram[0] & (aux ? CB_MIE : CB_KIE);
}

static uint64_t data_read(struct dev *d, const struct access *a)
{
	struct i8042 *s = d->state;
	unsigned line = s->flags & STS_AUXB ? LINE_AUX : LINE_KBD;
	bool was = raises(s, line);
	uint8_t byte = s->out;

	(void)a;
	if (!(s->flags & STS_OBF))
		return byte;
	s->flags &= (uint8_t) ~(STS_OBF | STS_AUXB);
	timer_set(d, &s->serial, dev_now(d) + BYTE_NS);
	i8042_changed(d);
	if (was && raises(s, line))
		dev_pulse(d, line); /* low while the buffer was empty */
	return byte;
}

/* ---- commands ---- */

static void reply(struct dev *d, uint8_t byte, uint8_t as)
{
	struct i8042 *s = d->state;

	s->reply = byte;
	s->has_reply = as;
	i8042_changed(d);
}

static void write_outport(struct dev *d, uint8_t val)
{
	struct i8042 *s = d->state;

	s->outport = val;
	dev_request(d, REQ_A20, !!(val & OUT_A20));
	if (!(val & OUT_RESET))
		dev_request(d, REQ_RESET, 0);
}

static uint8_t read_outport(const struct i8042 *s)
{
	uint8_t val = s->outport & (uint8_t) ~(OUT_IRQ1 | OUT_IRQ12);

	if (s->flags & STS_OBF)
		val |= s->flags & STS_AUXB ? OUT_IRQ12 : OUT_IRQ1;
	return val;
}

/* The command byte and the rest of the RAM: what differs in them shows at once. */
static void write_ram(struct dev *d, unsigned n, uint8_t val)
{
	struct i8042 *s = d->state;

	s->ram[n] = val;
	if (n == 0)
		s->flags = (uint8_t)((s->flags & ~STS_SYS) | (val & CB_SYS));
	i8042_changed(d);
}

static void switch_port(struct dev *d, uint8_t disable, bool on)
{
	struct i8042 *s = d->state;

	s->ram[0] = (uint8_t)(on ? s->ram[0] & ~disable : s->ram[0] | disable);
	i8042_changed(d);
}

static void self_test(struct dev *d)
{
	struct i8042 *s = d->state;

	s->flags |= STS_SYS;
	reply(d, 0x55, REPLY_KBD);
}

/* Outputs 3 to 0 go low for 6 us where the command's bit is 0; output 0 is the reset line. */
static void pulse(struct dev *d, uint8_t cmd)
{
	if (!(cmd & OUT_RESET))
		dev_request(d, REQ_RESET, 0);
}

static void wait_data(struct dev *d, uint8_t cmd)
{
	i8042_of(d)->command = cmd;
}

static void switch_a20(struct dev *d, bool on)
{
	struct i8042 *s = d->state;

	write_outport(d, (uint8_t)(on ? s->outport | OUT_A20 : s->outport & ~OUT_A20));
}

static void run_command(struct dev *d, uint8_t cmd)
{
	struct i8042 *s = d->state;

	switch (cmd) {
	case CMD_READ ... CMD_READ + 31:
		return reply(d, s->ram[cmd - CMD_READ], REPLY_KBD);
	case CMD_WRITE ... CMD_WRITE + 31:
	case CMD_WRITE_OUT ... CMD_WRITE_AUX:
		return wait_data(d, cmd);
	case CMD_PASSWORD:
		return reply(d, 0xf1, REPLY_KBD);
	case CMD_AUX_OFF:
	case CMD_AUX_ON:
		return switch_port(d, CB_MDIS, cmd == CMD_AUX_ON);
	case CMD_KBD_OFF:
	case CMD_KBD_ON:
		return switch_port(d, CB_KDIS, cmd == CMD_KBD_ON);
	case CMD_AUX_TEST:
	case CMD_KBD_TEST:
	case CMD_READ_TEST:
		return reply(d, 0x00, REPLY_KBD);
	case CMD_SELF_TEST:
		return self_test(d);
	case CMD_READ_INPUT:
		return reply(d, 0x80, REPLY_KBD); /* the keyboard is not locked */
	case CMD_READ_OUT:
		return reply(d, read_outport(s), REPLY_KBD);
	case CMD_A20_OFF:
	case CMD_A20_ON:
		return switch_a20(d, cmd == CMD_A20_ON);
	case CMD_PULSE ... CMD_PULSE + 15:
		return pulse(d, cmd);
	default:
		dev_guest_error(d, "command");
	}
}

static void command_written(struct dev *d, const struct access *a)
{
	struct i8042 *s = d->state;

	s->flags |= STS_CMD;
	s->command = 0;
	run_command(d, (uint8_t)a->val);
}

/* Writing to a device switches its port on. */
static void write_kbd(struct dev *d, uint8_t val)
{
	i8042_of(d)->ram[0] &= (uint8_t)~CB_KDIS;
	ps2_kbd_write(d, val);
	i8042_changed(d);
}

static void write_mouse(struct dev *d, uint8_t val)
{
	i8042_of(d)->ram[0] &= (uint8_t)~CB_MDIS;
	ps2_mouse_write(d, val);
	i8042_changed(d);
}

static void data_written(struct dev *d, const struct access *a)
{
	struct i8042 *s = d->state;
	uint8_t cmd = s->command, val = (uint8_t)a->val;

	s->flags &= (uint8_t)~STS_CMD;
	s->command = 0;
	switch (cmd) {
	case 0:
		return write_kbd(d, val);
	case CMD_WRITE_OUT:
		return write_outport(d, val);
	case CMD_WRITE_KBD_BUF:
		return reply(d, val, REPLY_KBD);
	case CMD_WRITE_AUX_BUF:
		return reply(d, val, REPLY_AUX);
	case CMD_WRITE_AUX:
		return write_mouse(d, val);
	default:
		write_ram(d, cmd & 31, val);
	}
}

static uint64_t status_read(struct dev *d, const struct access *a)
{
	(void)a;
	return i8042_of(d)->flags | STS_UNLOCKED;
}

/* ---- life ---- */

static void i8042_settle(struct dev *d)
{
	const struct i8042 *s = d->state;
	struct i8042_host *h = d->host;

	dev_line(d, LINE_KBD, raises(s, LINE_KBD));
	dev_line(d, LINE_AUX, raises(s, LINE_AUX));
	input_set_leds(&h->kbd, ps2_kbd_leds(&s->kbd));
}

static int i8042_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_window(d, 0, 0, AT_DATA, 1, SPACE_IO, 0x60);
	dev_window(d, 1, 0, AT_COMMAND, 1, SPACE_IO, 0x64);
	dev_line_to(d, LINE_KBD, LINE_ISA, 1);
	dev_line_to(d, LINE_AUX, LINE_ISA, 12);
	ps2_kbd_realize(d);
	ps2_mouse_realize(d);
	return 0;
}

static void i8042_unrealize(struct dev *d)
{
	struct i8042_host *h = d->host;

	input_detach(&h->kbd);
	input_detach(&h->mouse);
}

static void i8042_reset(struct dev *d)
{
	i8042_of(d)->ram[0] = CB_KIE | CB_MIE;
}

static void i8042_resume(struct dev *d)
{
	struct i8042_host *h = d->host;

	input_resume(&h->kbd, i8042_of(d)->kbd.down);
}

/* A command that waits is one that takes data; nothing waits for an empty buffer but the wire. */
static bool i8042_valid(const struct dev *d)
{
	const struct i8042 *s = d->state;
	bool takes = (s->command & 0xe0) == CMD_WRITE ||
		     (s->command >= CMD_WRITE_OUT && s->command <= CMD_WRITE_AUX);

	if (s->command && !takes)
		return false;
	if (s->has_reply && !(s->flags & STS_OBF))
		return false;
	if (s->flags & STS_AUXB && !(s->flags & STS_OBF))
		return false;
	return ps2_kbd_valid(&s->kbd) && ps2_mouse_valid(&s->mouse);
}

static const struct region i8042_regions[] = {
	{.name = "i8042", .len = REGION_LEN, .sizes = 1, .unclaimed = 0xff},
};

/* clang-format off */
static const struct row i8042_rows[] = {
	CALC(AT_DATA, 1, "data", .read = data_read, .written = data_written),
	CALC(AT_COMMAND, 1, "status", .flags = ROW_PURE, .read = status_read,
	     .written = command_written),
	HID_ARRAY(struct i8042, ram, .hw = 0xff),
	HID(struct i8042, flags, .hw = STS_OBF | STS_SYS | STS_CMD | STS_AUXB, .reset = STS_CMD),
	HID(struct i8042, out, .hw = 0xff),
	HID(struct i8042, outport, .hw = 0xff, .reset = 0xcf),
	HID(struct i8042, command, .hw = 0xff),
	HID(struct i8042, reply, .hw = 0xff),
	HID(struct i8042, has_reply, .max = REPLY_AUX),
	HID(struct i8042, release, .hw = 0x80),
	HID_ARRAY(struct i8042, pad),
	TIMER(struct i8042, serial, serial_fired),

	PS2_ANSWER_ROWS(struct i8042, kbd.answer),
	HID(struct i8042, kbd.n, .max = SIZEOF_(struct i8042, kbd.fifo)),
	BUF(struct i8042, kbd.fifo, kbd.n),
	HID(struct i8042, kbd.enabled, .max = 1, .reset = 1),
	HID(struct i8042, kbd.set, .max = 3, .reset = 2),
	HID(struct i8042, kbd.leds, .max = 7),
	HID(struct i8042, kbd.rate, .max = 0x7f, .reset = 0x2b),
	HID(struct i8042, kbd.command, .hw = 0xff),
	HID(struct i8042, kbd.last, .hw = 0xff),
	HID(struct i8042, kbd.code, .hw = 0xff),
	HID(struct i8042, kbd.chord, .max = 2),
	BYTES(struct i8042, kbd.down, 0),
	BYTES(struct i8042, kbd.single, 0),
	BYTES(struct i8042, kbd.mute, 0),
	TIMER(struct i8042, kbd.repeat, ps2_kbd_repeat_fired),

	PS2_ANSWER_ROWS(struct i8042, mouse.answer),
	HID(struct i8042, mouse.n, .max = SIZEOF_(struct i8042, mouse.fifo)),
	BUF(struct i8042, mouse.fifo, mouse.n),
	HID(struct i8042, mouse.dx, .hw = 0xffffffff),
	HID(struct i8042, mouse.dy, .hw = 0xffffffff),
	HID(struct i8042, mouse.dz, .hw = 0xffffffff),
	HID(struct i8042, mouse.buttons, .hw = 0x1f),
	HID(struct i8042, mouse.told, .hw = 0x1f),
	HID(struct i8042, mouse.enabled, .max = 1),
	HID(struct i8042, mouse.remote, .max = 1),
	HID(struct i8042, mouse.wrap, .max = 1),
	HID(struct i8042, mouse.doubled, .max = 1),
	HID(struct i8042, mouse.resolution, .max = 3, .reset = 2),
	HID(struct i8042, mouse.rate, .max = 200, .reset = 100),
	HID(struct i8042, mouse.id, .max = 4),
	HID(struct i8042, mouse.command, .hw = 0xff),
	HID_ARRAY(struct i8042, mouse.knock, .max = 200),
	HID(struct i8042, mouse.last, .hw = 0xff),
	HID_ARRAY(struct i8042, mouse.pad),
	TIMER(struct i8042, mouse.sample, ps2_mouse_sample_fired),
};
/* clang-format on */

static const struct prop i8042_props[] = {
	{"input", PROP_INPUT, offsetof(struct i8042_host, input), "input0",
	 "where keys and motion come from", 0},
};

static struct dev_class i8042_class = {
	.name = "i8042",
	.summary = "keyboard controller, PS/2 keyboard and mouse",
	.state_size = sizeof(struct i8042),
	.host_size = sizeof(struct i8042_host),
	.regions = i8042_regions,
	.n_regions = ARRAY_SIZE(i8042_regions),
	.rows = i8042_rows,
	.n_rows = ARRAY_SIZE(i8042_rows),
	.props = i8042_props,
	.n_props = ARRAY_SIZE(i8042_props),
	.since = 2,
	.n_lines = 2,
	.internal = true,
	.realize = i8042_realize,
	.unrealize = i8042_unrealize,
	.reset = i8042_reset,
	.settle = i8042_settle,
	.valid = i8042_valid,
	.resume = i8042_resume,
};
DEV_REGISTER(i8042_class)
