/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hpet: high precision event timer at 0xfed00000: a counter of 100 MHz and three comparators.
 *
 * Spec:    IA-PC HPET 1.0a
 * State:   main counter, one-shot and periodic comparators of 64 and 32 bits, level and edge,
 *          routing to IOAPIC inputs, legacy replacement (IRQ 0 and 8)
 * Missing: FSB (MSI) delivery, which the capabilities do not offer; a comparator that is set
 *          into the past waits for the wrap; periods under 20 us are stretched
 * Tests:   tests/hw/hpet.c
 *
 * Nothing counts: the counter is `count` plus the time since `start`. A comparator whose match
 * nobody could see has no timer (Linux turns off the interrupt of a periodic one and leaves it
 * periodic): its steps are made up for when it is read or heard again. Lines 0-23 go to the core's
 * pins; line 24 says that the 8254 and the RTC are cut off theirs.
 */
#include "base/dev.h"

enum { TIMERS = 3, PINS = 24, LEGACY = PINS, PERIOD_NS = 10 };
enum { LEAST = 2000 }; /* ticks between two edges of a period: what a host can follow */
enum { ENABLE_CNF = 1 << 0, LEG_RT_CNF = 1 << 1 };
enum {
	TN_INT_TYPE = 1 << 1, /* level */
	TN_INT_ENB = 1 << 2,
	TN_TYPE = 1 << 3, /* periodic */
	TN_PER_INT_CAP = 1 << 4,
	TN_SIZE_CAP = 1 << 5,
	TN_VAL_SET = 1 << 6,
	TN_32MODE = 1 << 8,
	TN_INT_ROUTE = 0x1f << 9,
	TN_RW = TN_INT_TYPE | TN_INT_ENB | TN_TYPE | TN_VAL_SET | TN_32MODE | TN_INT_ROUTE,
};
/* ROUTE_CAP: IOAPIC input 2 alone, as other emulated i440FX boards have it. */
#define ROUTE_CAP 4
#define TN_CAPS   (TN_PER_INT_CAP | TN_SIZE_CAP | (uint64_t)ROUTE_CAP << 32)
#define CAPS      (10000000ull << 32 | 0x8086a001u | (TIMERS - 1) << 8)

#define FAR (1ull << 61) /* ns: nobody waits so long, and a saved state may have it */

struct comparator {
	uint64_t conf, value;
	uint64_t period;
	uint64_t seen; /* the main counter when `value` was right, while no timer runs */
	struct dev_timer timer;
};

struct hpet {
	struct comparator t[TIMERS];
	uint64_t conf, isr;
	uint64_t count; /* of the main counter at start */
	int64_t start;
};

/* ---- time ---- */

static uint64_t counter(const struct hpet *s, int64_t now)
{
	if (!(s->conf & ENABLE_CNF) || now < s->start)
		return s->count;
	return s->count + (uint64_t)(now - s->start) / PERIOD_NS;
}

static uint64_t width(const struct comparator *t)
{
	return t->conf & TN_32MODE ? 0xffffffff : ~0ull;
}

/* Ticks until the counter next equals the comparator; all of its width when it just has. */
static uint64_t ahead(const struct hpet *s, const struct comparator *t, int64_t now)
{
	uint64_t d = (t->value - counter(s, now)) & width(t);

	return d ? d : width(t);
}

static bool periodic(const struct comparator *t)
{
	return t->conf & TN_TYPE && t->period & width(t);
}

/* The core's pin; PINS = none. */
static unsigned pin_of(const struct hpet *s, unsigned n)
{
	unsigned route = s->t[n].conf >> 9 & 0x1f;

	if (s->conf & LEG_RT_CNF && n < 2)
		return n ? 8 : 0;
	return ROUTE_CAP >> route & 1 ? route : PINS;
}

static bool level(const struct comparator *t)
{
	return t->conf & TN_INT_TYPE;
}

/* Its match shows in ISR, or as an edge. */
static bool heard(const struct hpet *s, unsigned n)
{
	const struct comparator *t = &s->t[n];

	return level(t) || (t->conf & TN_INT_ENB && pin_of(s, n) < PINS);
}

/* With the matches that no timer was there for. */
static uint64_t value_now(struct dev *d, const struct comparator *t)
{
	const struct hpet *s = d->state;
	uint64_t first = (t->value - t->seen) & width(t), period = t->period & width(t), passed;

	if (timer_pending(&t->timer) || !(s->conf & ENABLE_CNF) || !periodic(t))
		return t->value;
	first = first ? first : width(t);
	passed = counter(s, dev_now(d)) - t->seen;
	if (passed < first)
		return t->value;
	return (t->value + ((passed - first) / period + 1) * period) & width(t);
}

/* Before a register changes by which it steps. */
static void catch_up(struct dev *d, unsigned n)
{
	struct hpet *s = d->state;
	struct comparator *t = &s->t[n];

	t->value = value_now(d, t);
	t->seen = counter(s, dev_now(d));
}

static void catch_up_all(struct dev *d)
{
	for (unsigned n = 0; n < TIMERS; n++)
		catch_up(d, n);
}

static void arm(struct dev *d, unsigned n)
{
	struct hpet *s = d->state;
	struct comparator *t = &s->t[n];
	int64_t now = dev_now(d), tick = now < s->start ? now : now - (now - s->start) % PERIOD_NS;
	uint64_t ns;

	timer_cancel(d, &t->timer);
	t->seen = counter(s, now);
	if (!(s->conf & ENABLE_CNF) || !heard(s, n))
		return;
	ns = MIN(ahead(s, t, now), FAR / PERIOD_NS) * PERIOD_NS;
	timer_set(d, &t->timer, (int64_t)MIN((uint64_t)tick + ns, FAR));
}

static void arm_all(struct dev *d)
{
	for (unsigned n = 0; n < TIMERS; n++)
		arm(d, n);
}

/* ---- interrupts ---- */

static void match(struct dev *d, unsigned n)
{
	struct hpet *s = d->state;
	struct comparator *t = &s->t[n];

	if (level(t)) /* seen whether or not the interrupt is let out (2.3.6) */
		s->isr |= 1u << n;
	else if (t->conf & TN_INT_ENB && pin_of(s, n) < PINS)
		dev_pulse(d, pin_of(s, n));
}

/* The comparator steps on by its period until it lies ahead. What a late host missed is lost. */
static void timer_fired(struct dev *d, unsigned n)
{
	struct hpet *s = d->state;
	struct comparator *t = &s->t[n];
	uint64_t late = (counter(s, dev_now(d)) - t->value) & width(t),
		 period = t->period & width(t);

	if (periodic(t)) {
		t->value += (late / period + 1) * period;
		if (period < LEAST)
			t->value += LEAST / period * period;
		t->value &= width(t);
	}
	match(d, n);
	arm(d, n);
}

/* ---- registers ---- */

static void conf_written(struct dev *d, const struct access *a)
{
	struct hpet *s = d->state;
	uint64_t conf = s->conf;

	s->conf = a->old;
	catch_up_all(d);
	s->count = counter(s, dev_now(d));
	s->conf = conf;
	s->start = dev_now(d);
	arm_all(d);
}

static uint64_t counter_read(struct dev *d, const struct access *a)
{
	(void)a;
	return counter(d->state, dev_now(d));
}

static void counter_written(struct dev *d, const struct access *a)
{
	struct hpet *s = d->state;

	catch_up_all(d);
	s->count = (counter(s, dev_now(d)) & ~a->lanes) | a->val;
	s->start = dev_now(d);
	arm_all(d);
}

static uint64_t t_conf_read(struct dev *d, const struct access *a)
{
	struct hpet *s = d->state;

	return s->t[a->index].conf | TN_CAPS;
}

static void t_conf_written(struct dev *d, const struct access *a)
{
	struct hpet *s = d->state;
	struct comparator *t = &s->t[a->index];
	uint64_t conf = t->conf;

	t->conf = a->old;
	catch_up(d, a->index);
	t->conf = conf;
	if (t->conf & TN_32MODE) {
		t->value &= width(t);
		t->period &= width(t);
	}
	if (!level(t))
		s->isr &= ~(1ull << a->index);
	arm(d, a->index);
}

static uint64_t t_value_read(struct dev *d, const struct access *a)
{
	struct hpet *s = d->state;

	return value_now(d, &s->t[a->index]);
}

/* While periodic a write is the period, and with VAL_SET the next match as well (2.3.9.2.2). */
static void t_value_written(struct dev *d, const struct access *a)
{
	struct hpet *s = d->state;
	struct comparator *t = &s->t[a->index];

	catch_up(d, a->index);
	if (!(t->conf & TN_TYPE) || t->conf & TN_VAL_SET)
		t->value = ((t->value & ~a->lanes) | a->val) & width(t);
	if (t->conf & TN_TYPE)
		t->period = ((t->period & ~a->lanes) | a->val) & width(t);
	t->conf &= ~(uint64_t)TN_VAL_SET;
	arm(d, a->index);
}

/* ---- the class ---- */

static void hpet_settle(struct dev *d)
{
	const struct hpet *s = d->state;
	uint32_t pins = 0;

	for (unsigned n = 0; n < TIMERS; n++)
		if (s->isr >> n & 1 && s->t[n].conf & TN_INT_ENB && pin_of(s, n) < PINS)
			pins |= 1u << pin_of(s, n);
	for (unsigned pin = 0; pin < PINS; pin++)
		dev_line(d, pin, s->conf & ENABLE_CNF && pins >> pin & 1);
	dev_line(d, LEGACY, s->conf & LEG_RT_CNF);
}

static bool hpet_valid(const struct dev *d)
{
	const struct hpet *s = d->state;

	for (unsigned n = 0; n < TIMERS; n++) {
		const struct comparator *t = &s->t[n];

		if ((t->value | t->period) & ~width(t) || (s->isr >> n & 1 && !level(t)))
			return false;
		if (timer_pending(&t->timer) ? !(s->conf & ENABLE_CNF)
					     : s->conf & ENABLE_CNF && heard(s, n))
			return false;
	}
	return true;
}

static int hpet_realize(struct dev *d, struct err *e)
{
	(void)e;
	for (unsigned pin = 0; pin < PINS; pin++)
		dev_line_to(d, pin, LINE_ISA, pin);
	dev_line_to(d, LEGACY, LINE_LOCAL, 0);
	dev_window(d, 0, 0, 0, 0x400, SPACE_MEM, 0xfed00000);
	return 0;
}

static const struct region hpet_regions[] = {
	{.name = "mmio", .len = 0x400, .sizes = 4 | 8},
};

/* clang-format off */
static const struct row hpet_rows[] = {
	CONST(0x000, 8, "capabilities", CAPS),
	REG(0x010, struct hpet, conf, .rw = ENABLE_CNF | LEG_RT_CNF, .written = conf_written),
	REG(0x020, struct hpet, isr, .w1c = (1 << TIMERS) - 1),
	CALC(0x0f0, 8, "main_counter", .flags = ROW_PURE,
	     .read = counter_read, .written = counter_written),
	REG_EACH(0x100, 0x20, struct hpet, t, conf, .rw = TN_RW, .flags = ROW_PURE,
		 .read = t_conf_read, .written = t_conf_written),
	CALC(0x108, 8, "comparator", .count = TIMERS, .stride = 0x20, .flags = ROW_PURE,
	     .read = t_value_read, .written = t_value_written),
	HID_EACH(struct hpet, t, value, .hw = ~0ull, .reset = ~0ull),
	HID_EACH(struct hpet, t, period, .hw = ~0ull),
	HID_EACH(struct hpet, t, seen, .hw = ~0ull, .since = 2),
	TIMER_EACH(struct hpet, t, timer, timer_fired),
	HID(struct hpet, count, .hw = ~0ull),
	HID(struct hpet, start, .max = INT64_MAX),
};
/* clang-format on */

static struct dev_class hpet_class = {
	.name = "hpet",
	.summary = "high precision event timer",
	.state_size = sizeof(struct hpet),
	.regions = hpet_regions,
	.n_regions = ARRAY_SIZE(hpet_regions),
	.rows = hpet_rows,
	.n_rows = ARRAY_SIZE(hpet_rows),
	.n_lines = PINS + 1,
	.internal = true,
	.realize = hpet_realize,
	.settle = hpet_settle,
	.valid = hpet_valid,
};
DEV_REGISTER(hpet_class)
