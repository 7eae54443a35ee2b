/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/input/i8042_mouse.c: the PS/2 mouse: standard, IntelliMouse (wheel), Explorer (five buttons).
 *
 * Spec:    IBM PS/2 Hardware Interface Technical Reference, Mouse; Microsoft, "Mouse wheel support
 *          for PS/2": the sample rates that switch it on
 * Missing: resolution changes nothing (a step on the screen is a count); FC after two errors
 *
 * A report is sent at once, the next no sooner than the sample rate says; what happens meanwhile
 * adds up. Reports that the guest does not take cost no time.
 */
#include "hw/input/i8042.h"

enum {
	MOUSE_SCALE_1 = 0xe6,
	MOUSE_SCALE_2,
	MOUSE_RESOLUTION,
	MOUSE_STATUS,
	MOUSE_STREAM,
	MOUSE_READ,
	MOUSE_WRAP_OFF,
	MOUSE_WRAP = 0xee,
	MOUSE_REMOTE = 0xf0,
	MOUSE_ID = 0xf2,
	MOUSE_RATE,
	MOUSE_ENABLE,
	MOUSE_DISABLE,
	MOUSE_DEFAULTS,
	MOUSE_RESEND = 0xfe,
	MOUSE_RESET,
};
enum { REPORT_ONE = 1 << 3, REPORT_XSIGN = 1 << 4, REPORT_YSIGN = 1 << 5 };
enum { STATUS_REMOTE = 1 << 6, STATUS_ENABLED = 1 << 5, STATUS_SCALE_2 = 1 << 4 };
enum { ID_PLAIN = 0, ID_WHEEL = 3, ID_BUTTONS = 4, DEFAULT_RATE = 100, FAR = 1 << 16 };

static struct ps2_mouse *mouse_of(const struct dev *d)
{
	return &i8042_of(d)->mouse;
}

static bool streams(const struct ps2_mouse *m)
{
	return m->enabled && !m->remote && !m->wrap;
}

/* ---- reports ---- */

static int32_t limit(int64_t v, int32_t most)
{
	return (int32_t)MAX(MIN(v, most), -most);
}

/* Takes what fits a report; the rest is for the next. */
static int32_t take(int32_t *from, int32_t most)
{
	int32_t v = limit(*from, most);

	*from -= v;
	return v;
}

static int32_t scale_2(int32_t v)
{
	static const uint8_t few[] = {0, 1, 1, 3, 6, 9};
	int32_t n = v < 0 ? -v : v;

	n = n < 6 ? few[n] : 2 * n;
	return v < 0 ? -n : n;
}

static int32_t step(const struct ps2_mouse *m, int32_t *from)
{
	return m->doubled && !m->remote ? scale_2(take(from, 127)) : take(from, 255);
}

static unsigned make_report(struct ps2_mouse *m, uint8_t r[4])
{
	int32_t x = step(m, &m->dx), y = step(m, &m->dy), z = take(&m->dz, 7);

	r[0] = (uint8_t)((m->buttons & 7) | REPORT_ONE | (x < 0 ? REPORT_XSIGN : 0) |
			 (y < 0 ? REPORT_YSIGN : 0));
	r[1] = (uint8_t)x;
	r[2] = (uint8_t)y;
	r[3] = (uint8_t)z;
	if (m->id == ID_BUTTONS)
		r[3] = (uint8_t)((z & 15) | (m->buttons >> 3 & 3) << 4);
	m->told = m->buttons;
	return m->id == ID_PLAIN ? 3 : 4;
}

static bool has_news(const struct ps2_mouse *m)
{
	return m->dx || m->dy || (m->dz && m->id != ID_PLAIN) || m->buttons != m->told;
}

/* The next report, when it is time and the last one has gone. */
static void report(struct dev *d)
{
	struct ps2_mouse *m = mouse_of(d);

	if (!streams(m) || m->n || timer_pending(&m->sample) || !has_news(m))
		return;
	m->n = make_report(m, m->fifo);
	timer_set(d, &m->sample, dev_now(d) + NS_PER_SEC / m->rate);
}

void ps2_mouse_sample_fired(struct dev *d, unsigned index)
{
	(void)index;
	report(d);
	i8042_changed(d);
}

/* ---- motion from outside ---- */

/* A click that is over before a report was sent would be lost: it waits. */
static bool on_point(void *arg, const struct input_motion *in)
{
	struct dev *d = arg;
	struct ps2_mouse *m = mouse_of(d);
	bool counts = streams(m) || m->remote;

	uint8_t buttons = in->buttons & (m->id == ID_BUTTONS ? 0x1f : 7);

	if (counts && buttons != m->buttons && m->buttons != m->told)
		return false;
	m->buttons = buttons;
	if (!counts) {
		m->told = m->buttons;
		return true;
	}
	m->dx = limit((int64_t)m->dx + in->dx, FAR);
	m->dy = limit((int64_t)m->dy - in->dy, FAR);
	m->dz = limit((int64_t)m->dz - in->wheel, FAR);
	if (m->id == ID_PLAIN)
		m->dz = 0;
	report(d);
	i8042_changed(d);
	dev_settle(d);
	return true;
}

void ps2_mouse_realize(struct dev *d)
{
	struct i8042_host *h = d->host;

	h->mouse = (struct input_device){
		.kind = INPUT_MOUSE, .name = "QEMU PS/2 Mouse", .point = on_point, .arg = d};
	input_attach(h->input, &h->mouse);
	input_ready(&h->mouse, true);
}

/* ---- the wire ---- */

bool ps2_mouse_take(struct dev *d, uint8_t *byte)
{
	struct ps2_mouse *m = mouse_of(d);

	if (m->answer.n)
		*byte = ps2_shift(m->answer.bytes, &m->answer.n);
	else if (m->n)
		*byte = ps2_shift(m->fifo, &m->n);
	else
		return false;
	m->last = *byte;
	return true;
}

void ps2_mouse_taken(struct dev *d)
{
	report(d);
}

static void forget(struct dev *d)
{
	struct ps2_mouse *m = mouse_of(d);

	m->n = 0;
	m->dx = m->dy = m->dz = 0;
	m->told = m->buttons;
	timer_cancel(d, &m->sample);
}

static void defaults(struct dev *d)
{
	struct ps2_mouse *m = mouse_of(d);

	forget(d);
	m->enabled = m->remote = m->wrap = m->doubled = 0;
	m->resolution = 2;
	m->rate = DEFAULT_RATE;
}

static bool rate_chosen(struct ps2_mouse *m, uint8_t rate)
{
	static const uint8_t rates[] = {10, 20, 40, 60, 80, 100, 200};

	if (!memchr(rates, rate, sizeof(rates)))
		return false;
	if (m->knock[0] == 200 && m->knock[1] == 100 && rate == 80)
		m->id = ID_WHEEL;
	else if (m->knock[0] == 200 && m->knock[1] == 200 && rate == 80)
		m->id = ID_BUTTONS;
	m->knock[0] = m->knock[1];
	m->knock[1] = rate;
	m->rate = rate;
	return true;
}

static bool parameter(struct ps2_mouse *m, uint8_t byte)
{
	uint8_t command = m->command;

	m->command = 0;
	if (command == MOUSE_RATE)
		return rate_chosen(m, byte);
	if (byte > 3)
		return false;
	m->resolution = byte;
	return true;
}

static void status(struct ps2_mouse *m)
{
	uint8_t b = m->buttons;

	ps2_answer(&m->answer,
		   (uint8_t)((m->remote ? STATUS_REMOTE : 0) | (m->enabled ? STATUS_ENABLED : 0) |
			     (m->doubled ? STATUS_SCALE_2 : 0) | (b & INPUT_LEFT ? 4 : 0) |
			     (b & INPUT_MIDDLE ? 2 : 0) | (b & INPUT_RIGHT ? 1 : 0)));
	ps2_answer(&m->answer, m->resolution);
	ps2_answer(&m->answer, m->rate);
}

static void read_data(struct ps2_mouse *m)
{
	uint8_t r[4];
	unsigned n = make_report(m, r);

	for (unsigned i = 0; i < n; i++)
		ps2_answer(&m->answer, r[i]);
}

/* false: no such command. */
static bool run(struct dev *d, uint8_t byte)
{
	struct ps2_mouse *m = mouse_of(d);

	switch (byte) {
	case MOUSE_SCALE_1:
	case MOUSE_SCALE_2:
		m->doubled = byte == MOUSE_SCALE_2;
		return true;
	case MOUSE_RESOLUTION:
	case MOUSE_RATE:
		m->command = byte;
		return true;
	case MOUSE_STREAM:
	case MOUSE_REMOTE:
		forget(d);
		m->remote = byte == MOUSE_REMOTE;
		return true;
	case MOUSE_WRAP:
	case MOUSE_WRAP_OFF:
		forget(d);
		m->wrap = byte == MOUSE_WRAP;
		return true;
	case MOUSE_ENABLE:
	case MOUSE_DISABLE:
		forget(d);
		m->enabled = byte == MOUSE_ENABLE;
		return true;
	case MOUSE_DEFAULTS:
		defaults(d);
		return true;
	case MOUSE_RESET:
		defaults(d);
		m->id = ID_PLAIN;
		memset(m->knock, 0, sizeof(m->knock));
		return true;
	default:
		return byte == MOUSE_STATUS || byte == MOUSE_READ || byte == MOUSE_ID;
	}
}

static void answer_more(struct ps2_mouse *m, uint8_t byte)
{
	if (byte == MOUSE_STATUS) {
		status(m);
	} else if (byte == MOUSE_READ) {
		read_data(m);
	} else if (byte == MOUSE_ID) {
		ps2_answer(&m->answer, m->id);
	} else if (byte == MOUSE_RESET) {
		ps2_answer(&m->answer, PS2_BAT_OK);
		ps2_answer(&m->answer, ID_PLAIN);
	}
}

/* A byte from the host ends what was being sent. */
void ps2_mouse_write(struct dev *d, uint8_t byte)
{
	struct ps2_mouse *m = mouse_of(d);

	m->answer.n = 0;
	m->n = 0;
	if (m->wrap && byte != MOUSE_RESET && byte != MOUSE_WRAP_OFF) {
		ps2_answer(&m->answer, byte);
	} else if (m->command) {
		ps2_answer(&m->answer, parameter(m, byte) ? PS2_ACK : PS2_RESEND);
	} else if (byte == MOUSE_RESEND) {
		ps2_answer(&m->answer, m->last);
	} else if (run(d, byte)) {
		ps2_answer(&m->answer, PS2_ACK);
		answer_more(m, byte);
	} else {
		ps2_answer(&m->answer, PS2_RESEND);
	}
}

static bool within(int32_t v)
{
	return v <= FAR && v >= -FAR;
}

bool ps2_mouse_valid(const struct ps2_mouse *m)
{
	if (m->command && m->command != MOUSE_RESOLUTION && m->command != MOUSE_RATE)
		return false;
	if (m->id != ID_PLAIN && m->id != ID_WHEEL && m->id != ID_BUTTONS)
		return false;
	return m->rate && within(m->dx) && within(m->dy) && within(m->dz);
}
