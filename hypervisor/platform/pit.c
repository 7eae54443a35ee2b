/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-pit: 8254 timer and system control port B (61): gate and OUT of counter 2.
 *
 * Spec:    Intel 8254, order 231164-005; port 61: Intel 82371SB, 2.5.2
 * State:   modes 0-5, binary and BCD, latch, read-back, gate, OUT of counter 0 as IRQ 0
 * Missing: the speaker makes no sound; a count takes effect without the one CLK it needs to be
 *          loaded, and in modes 2 and 3 at once instead of after the running period
 * Tests:   tests/hw/pit.c
 *
 * Nothing counts here: a counter is the time at which it began, and what it shows is worked out
 * when asked. Only OUT of counter 0 needs timers, one for each of its edges, and none while the
 * input says that its wire is cut (the HPET's legacy replacement; the firmware leaves it ticking).
 * It runs from reset, as other emulated PCs do; on the chip that state is undefined.
 */
#include "base/dev.h"

enum { HZ = 1193182, COUNTERS = 3, SPEAKER = 2 };
enum { SC_READ_BACK = 3, RB_NO_COUNT = 1 << 5, RB_NO_STATUS = 1 << 4 };
enum { CONTROL_BCD = 1 << 0, CONTROL_MASK = 0x3f, RW_LSB = 1, RW_MSB = 2, RW_BOTH = 3 };
enum { STATUS_OUT = 1 << 7, STATUS_NULL = 1 << 6 };
enum { B_GATE2 = 1 << 0, B_MASK = 0x0f, B_REFRESH = 1 << 4, B_OUT2 = 1 << 5 };
enum { REGION_PIT, REGION_PORT_B };
/* EMPTY: no count since the control word. IDLE: waits for its trigger. HELD: by gate. */
enum { EMPTY, IDLE, RUN, HELD };
enum { REFRESH_NS = 15085 };

struct counter {
	uint8_t control; /* bits 5-0 of the control word: RW, mode, BCD */
	uint8_t gate, phase;
	uint16_t cr; /* as written */
	uint16_t n;  /* cr as it was when counting began */
	uint8_t low; /* first byte of two, while write_high */
	uint8_t write_high, read_high, null;
	uint8_t status_latched, status;
	uint8_t latched; /* bytes of `latch` not yet read: RW_LSB | RW_MSB */
	uint16_t latch;
	int64_t start; /* virtual ns at which `before` CLKs had passed */
	uint64_t before;
};

struct pit {
	struct counter counter[COUNTERS];
	uint8_t port_b, out0, cut;
	uint64_t edge; /* CLK of counter 0 at which the timer fires */
	struct dev_timer timer;
};

/* ---- what a counter shows: functions of the CLKs t since it began ---- */

static unsigned mode_of(const struct counter *c)
{
	unsigned mode = c->control >> 1 & 7;

	return mode > 5 ? mode - 4 : mode;
}

static bool periodic(const struct counter *c)
{
	return (mode_of(c) & 2) && mode_of(c) < 4;
}

/* Started by the gate rather than by its count. */
static bool triggered(const struct counter *c)
{
	return mode_of(c) == 1 || mode_of(c) == 5;
}

static unsigned from_bcd(unsigned v)
{
	return (v >> 12) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15);
}

static unsigned to_bcd(unsigned v)
{
	return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
}

static unsigned modulus(const struct counter *c)
{
	return c->control & CONTROL_BCD ? 10000 : 0x10000;
}

static unsigned initial(const struct counter *c)
{
	unsigned n = (c->control & CONTROL_BCD ? from_bcd(c->n) : c->n) % modulus(c);

	return n ? n : modulus(c);
}

static uint64_t clocks(const struct counter *c, int64_t now)
{
	if (c->phase != RUN || now <= c->start)
		return c->before;
	return c->before + muldiv64((uint64_t)now - (uint64_t)c->start, HZ, NS_PER_SEC);
}

static bool out_at(const struct counter *c, uint64_t t)
{
	unsigned n = initial(c);

	switch (mode_of(c)) {
	case 0:
		return c->phase != EMPTY && t >= n;
	case 1:
		return c->phase != RUN || t >= n;
	case 2:
		return c->phase != RUN || n == 1 || t % n != n - 1;
	case 3:
		return c->phase != RUN || t % n < (n + 1) / 2;
	default:
		return c->phase != RUN || t != n;
	}
}

/* The first CLK after t at which OUT changes; 0 = never again. */
static uint64_t next_change(const struct counter *c, uint64_t t)
{
	unsigned n = initial(c), r = (unsigned)(t % n), turn = n - 1;

	if (c->phase != RUN)
		return 0;
	if (periodic(c)) {
		if (n == 1)
			return 0;
		if (mode_of(c) == 3)
			turn = (n + 1) / 2;
		return t + (r < turn ? turn - r : n - r);
	}
	if (t < n)
		return n;
	return t == n && mode_of(c) >= 4 ? t + 1 : 0;
}

static unsigned value_at(const struct counter *c, uint64_t t)
{
	unsigned n = initial(c), r = (unsigned)(t % n), v;

	if (mode_of(c) == 2)
		v = n - r;
	else if (mode_of(c) == 3)
		v = (n & ~1u) - 2 * (r < (n + 1) / 2 ? r : r - (n + 1) / 2);
	else
		v = (unsigned)((n + modulus(c) - t % modulus(c)) % modulus(c));
	return c->control & CONTROL_BCD ? to_bcd(v) : v & 0xffff;
}

/* ---- OUT of counter 0 ---- */

static void edge_set(struct dev *d, uint64_t clk)
{
	struct pit *s = d->state;
	const struct counter *c = &s->counter[0];
	uint64_t rel = clk - MIN(c->before, clk), ns = muldiv64(rel, NS_PER_SEC, HZ), deadline;

	s->edge = clk;
	if (!clk) {
		timer_cancel(d, &s->timer);
		return;
	}
	if (muldiv64(ns, HZ, NS_PER_SEC) < rel)
		ns++;
	if (add_overflows((uint64_t)c->start, ns, &deadline))
		deadline = INT64_MAX;
	timer_set(d, &s->timer, (int64_t)MIN(deadline, (uint64_t)INT64_MAX));
}

/* After a change by the guest, at the same now: a later one could be past the first edge. */
static void out0_renew(struct dev *d, int64_t now)
{
	struct pit *s = d->state;
	uint64_t t = clocks(&s->counter[0], now);

	s->out0 = out_at(&s->counter[0], t);
	edge_set(d, s->cut ? 0 : next_change(&s->counter[0], t));
}

static void pit_input(struct dev *d, unsigned pin, bool level)
{
	struct pit *s = d->state;

	(void)pin;
	s->cut = level;
	out0_renew(d, dev_now(d));
}

/* One edge after the other, also when the host was late, so that a guest that counts ticks keeps
 * its time; after more than a second, what was missed is lost. */
static void timer_fired(struct dev *d, unsigned index)
{
	struct pit *s = d->state;
	uint64_t t = clocks(&s->counter[0], dev_now(d));

	(void)index;
	if (s->edge <= t && t - s->edge < HZ)
		t = s->edge;
	s->out0 = out_at(&s->counter[0], t);
	edge_set(d, next_change(&s->counter[0], t));
}

static void pit_settle(struct dev *d)
{
	struct pit *s = d->state;

	dev_line(d, 0, s->out0);
}

/* ---- writing ---- */

static void begin(struct counter *c, int64_t now)
{
	c->n = c->cr;
	c->null = 0;
	c->before = 0;
	c->start = now;
	c->phase = c->gate || triggered(c) ? RUN : HELD;
}

static void load(struct counter *c, unsigned cr, int64_t now)
{
	c->cr = (uint16_t)cr;
	c->null = 1;
	if (!triggered(c))
		begin(c, now);
	else if (c->phase == EMPTY)
		c->phase = IDLE;
}

static void counter_written(struct dev *d, const struct access *a)
{
	struct pit *s = d->state;
	struct counter *c = &s->counter[a->index];
	uint8_t v = (uint8_t)a->val;
	int64_t now = dev_now(d);

	switch (c->control >> 4 & 3) {
	case RW_LSB:
		load(c, v, now);
		break;
	case RW_MSB:
		load(c, (unsigned)v << 8, now);
		break;
	default:
		c->write_high ^= 1;
		if (!c->write_high)
			load(c, (unsigned)v << 8 | c->low, now);
		else if (mode_of(c) == 0)
			c->phase = EMPTY; /* the first byte stops it */
		c->low = v;
	}
	if (a->index == 0)
		out0_renew(d, now);
}

static void latch_count(struct counter *c, int64_t now)
{
	if (c->latched)
		return;
	c->latch = (uint16_t)value_at(c, clocks(c, now));
	c->latched = c->control >> 4 & 3;
}

static void latch_status(struct counter *c, int64_t now)
{
	if (c->status_latched)
		return;
	c->status_latched = 1;
	c->status = (uint8_t)((out_at(c, clocks(c, now)) ? STATUS_OUT : 0) |
			      (c->null ? STATUS_NULL : 0) | c->control);
}

static void read_back(struct pit *s, unsigned v, int64_t now)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		if (!(v >> (i + 1) & 1))
			continue;
		if (!(v & RB_NO_COUNT))
			latch_count(&s->counter[i], now);
		if (!(v & RB_NO_STATUS))
			latch_status(&s->counter[i], now);
	}
}

static void control_written(struct dev *d, const struct access *a)
{
	struct pit *s = d->state;
	unsigned v = (unsigned)a->val, n = v >> 6;
	struct counter *c = &s->counter[n];

	if (n == SC_READ_BACK) {
		read_back(s, v, dev_now(d));
	} else if (!(v >> 4 & 3)) {
		latch_count(c, dev_now(d));
	} else {
		*c = (struct counter){.control = v & CONTROL_MASK, .gate = c->gate, .null = 1};
		if (n == 0)
			out0_renew(d, dev_now(d));
	}
}

/* ---- reading ---- */

static uint8_t latch_read(struct counter *c)
{
	if (c->latched & RW_LSB) {
		c->latched &= (uint8_t)~RW_LSB;
		return (uint8_t)c->latch;
	}
	c->latched = 0;
	return (uint8_t)(c->latch >> 8);
}

static uint64_t counter_read(struct dev *d, const struct access *a)
{
	struct pit *s = d->state;
	struct counter *c = &s->counter[a->index];
	unsigned rw = c->control >> 4 & 3, v;

	if (c->status_latched) {
		c->status_latched = 0;
		return c->status;
	}
	if (c->latched)
		return latch_read(c);
	v = value_at(c, clocks(c, dev_now(d)));
	if (rw == RW_BOTH)
		c->read_high ^= 1;
	return rw == RW_LSB || c->read_high ? v & 0xff : v >> 8;
}

/* ---- port B ---- */

static void gate_rises(struct counter *c, int64_t now)
{
	if (c->phase == EMPTY)
		return;
	if (triggered(c) || periodic(c)) {
		begin(c, now);
		return;
	}
	c->start = now;
	c->phase = RUN;
}

static void gate_falls(struct counter *c, int64_t now)
{
	if (c->phase != RUN || triggered(c))
		return;
	c->before = clocks(c, now);
	c->phase = HELD;
}

static void port_b_written(struct dev *d, const struct access *a)
{
	struct pit *s = d->state;
	struct counter *c = &s->counter[SPEAKER];
	uint8_t was = c->gate;

	(void)a;
	c->gate = s->port_b & B_GATE2;
	if (c->gate && !was)
		gate_rises(c, dev_now(d));
	if (was && !c->gate)
		gate_falls(c, dev_now(d));
}

static uint64_t port_b_read(struct dev *d, const struct access *a)
{
	struct pit *s = d->state;
	const struct counter *c = &s->counter[SPEAKER];

	(void)a;
	return s->port_b | (dev_now(d) / REFRESH_NS & 1 ? B_REFRESH : 0) |
	       (out_at(c, clocks(c, dev_now(d))) ? B_OUT2 : 0);
}

/* ---- the class ---- */

static void pit_reset(struct dev *d)
{
	struct pit *s = d->state;
	int64_t now = dev_now(d);

	for (unsigned i = 0; i < COUNTERS; i++) {
		s->counter[i].gate = i != SPEAKER;
		load(&s->counter[i], 0, now);
	}
	out0_renew(d, now);
}

static bool pit_valid(const struct dev *d)
{
	const struct pit *s = d->state;

	for (unsigned i = 0; i < COUNTERS; i++) {
		const struct counter *c = &s->counter[i];

		if (!(c->control >> 4 & 3) || c->latched & ~(c->control >> 4 & 3))
			return false;
		if (c->gate != (i == SPEAKER ? s->port_b & B_GATE2 : 1))
			return false;
	}
	return timer_pending(&s->timer) == (s->edge != 0) && !(s->cut && s->edge);
}

static int pit_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_line_to(d, 0, LINE_ISA, 0);
	dev_window(d, 0, REGION_PIT, 0, 4, SPACE_IO, 0x40);
	dev_window(d, 1, REGION_PORT_B, 0, 1, SPACE_IO, 0x61);
	return 0;
}

static const struct region pit_regions[] = {
	[REGION_PIT] = {.name = "pit", .len = 4, .sizes = 1},
	[REGION_PORT_B] = {.name = "port_b", .len = 1, .sizes = 1},
};

/* clang-format off */
static const struct row pit_rows[] = {
	CALC(0, 1, "counter", .count = COUNTERS, .stride = 1,
	     .read = counter_read, .written = counter_written),
	CALC(3, 1, "control_word", .written = control_written),
	REG(0, struct pit, port_b, .region = REGION_PORT_B, .rw = B_MASK, .flags = ROW_PURE,
	    .read = port_b_read, .written = port_b_written),
	HID_EACH(struct pit, counter, control, .hw = CONTROL_MASK, .reset = 0x36),
	HID_EACH(struct pit, counter, gate, .max = 1),
	HID_EACH(struct pit, counter, phase, .max = HELD),
	HID_EACH(struct pit, counter, cr, .hw = 0xffff),
	HID_EACH(struct pit, counter, n, .hw = 0xffff),
	HID_EACH(struct pit, counter, low, .hw = 0xff),
	HID_EACH(struct pit, counter, write_high, .max = 1),
	HID_EACH(struct pit, counter, read_high, .max = 1),
	HID_EACH(struct pit, counter, null, .max = 1),
	HID_EACH(struct pit, counter, status_latched, .max = 1),
	HID_EACH(struct pit, counter, status, .hw = 0xff),
	HID_EACH(struct pit, counter, latched, .max = RW_BOTH),
	HID_EACH(struct pit, counter, latch, .hw = 0xffff),
	HID_EACH(struct pit, counter, start, .max = INT64_MAX),
	HID_EACH(struct pit, counter, before, .max = 1ull << 62),
	HID(struct pit, out0, .max = 1),
	HID(struct pit, cut, .max = 1, .flags = ROW_KEEP, .since = 2),
	HID(struct pit, edge, .max = 1ull << 62),
	TIMER(struct pit, timer, timer_fired),
};
/* clang-format on */

static struct dev_class pit_class = {
	.name = "isa-pit",
	.summary = "8254 timer and port 61",
	.state_size = sizeof(struct pit),
	.regions = pit_regions,
	.n_regions = ARRAY_SIZE(pit_regions),
	.rows = pit_rows,
	.n_rows = ARRAY_SIZE(pit_rows),
	.n_lines = 1,
	.n_inputs = 1,
	.internal = true,
	.realize = pit_realize,
	.reset = pit_reset,
	.settle = pit_settle,
	.valid = pit_valid,
	.input = pit_input,
};
DEV_REGISTER(pit_class)
