/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mc146818rtc: real-time clock, registers 00-0d, and the century of the AT's CMOS.
 *
 * Spec:    Motorola MC146818A, 1984; century byte 32 (37 on the PS/2)
 * State:   calendar in both formats, update, alarm and periodic interrupts, divider, SET
 * Missing: daylight saving (B.DSE), square wave, 1.048 and 4.194 MHz time bases; PF while PIE is
 *          off; the weekday is the date's, not a counter of its own; NMI mask (index bit 7)
 * Tests:   tests/hw/rtc.c
 *
 * While it runs, the calendar is worked out from `base` and `stamp` when it is read; reg[] holds
 * it while it stands still (SET, divider reset), and the alarm always. The data port is claimed
 * only while the index is one of the clock's; else the device model's CMOS memory answers there,
 * which gets the writes of the index as well.
 */
#include "base/dev.h"

enum {
	SECONDS,
	SECONDS_ALARM,
	MINUTES,
	MINUTES_ALARM,
	HOURS,
	HOURS_ALARM,
	DAY_OF_WEEK,
	DAY_OF_MONTH,
	MONTH,
	YEAR,
	CLOCK_REGS,
	LAST = 0x0d,
	CENTURY = 0x32,
	CENTURY_PS2 = 0x37,
};
enum { A_RS = 0x0f, A_DV = 0x70, A_DV_32KHZ = 0x20, A_DV_RESET = 0x60, A_UIP = 0x80 };
enum { B_24_12 = 1 << 1, B_DM = 1 << 2, B_SQWE = 1 << 3, B_SET = 1 << 7 };
enum { UF = 1 << 4, AF = 1 << 5, PF = 1 << 6, FLAGS = UF | AF | PF, IRQF = 1 << 7 };
enum { D_VRT = 1 << 7 };
enum { HOURS_PM = 0x80, DONT_CARE = 0xc0 };
enum { HZ = 32768, DAY = 86400, DAYS_400_YEARS = 146097, EPOCH_DAYS = 719528 };
enum { REGION_PORTS, REGION_BANK };
#define UIP_NS       (8 * NS_PER_SEC / HZ) /* from UIP to the update */
#define FIRST_UPDATE (NS_PER_SEC / 2)      /* after the divider was reset */

struct rtc {
	uint8_t index, reg[CLOCK_REGS], a, b, c, century;
	uint8_t lost_power;
	uint64_t base;          /* seconds since 0000-01-01 … */
	int64_t stamp;          /* … at this virtual time */
	int64_t alarm;          /* virtual time of the next match, -1 = none */
	uint64_t next_periodic; /* in CLKs of 32768 Hz of virtual time */
	struct dev_timer update, periodic;
};

struct rtc_host {
	uint64_t base; /* seconds since 1970 at power-on */
};

struct calendar {
	unsigned second, minute, hour, weekday, day, month, year; /* counted from 0, but year */
};

/* ---- calendar and seconds ---- */

static bool leap(unsigned y)
{
	return (y % 4 == 0 && y % 100) || y % 400 == 0;
}

/* Days from 0000-01-01 to the first of January. */
static uint64_t days_before(unsigned y)
{
	return 365ull * y + (y + 3) / 4 - (y + 99) / 100 + (y + 399) / 400;
}

static unsigned month_days(unsigned y, unsigned month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month] + (month == 1 && leap(y));
}

/* Registers may hold anything: a 13th month is next year's first. */
static uint64_t seconds_of(const struct calendar *t)
{
	unsigned year = t->year + t->month / 12;
	uint64_t days = days_before(year) + t->day;

	for (unsigned m = 0; m < t->month % 12; m++)
		days += month_days(year, m);
	return days * DAY + t->hour * 3600ull + t->minute * 60 + t->second;
}

static struct calendar calendar_of(uint64_t seconds)
{
	uint64_t days = seconds / DAY, rest = seconds % DAY;
	struct calendar t = {.second = rest % 60,
			     .minute = rest / 60 % 60,
			     .hour = (unsigned)rest / 3600,
			     .weekday = (days + 6) % 7};

	t.year = (unsigned)(days * 400 / DAYS_400_YEARS);
	while (days_before(t.year) > days)
		t.year--;
	while (days_before(t.year + 1) <= days)
		t.year++;
	days -= days_before(t.year);
	for (; days >= month_days(t.year, t.month); t.month++)
		days -= month_days(t.year, t.month);
	t.day = (unsigned)days;
	return t;
}

/* ---- registers and calendar ---- */

static uint8_t encode(unsigned v, uint8_t b)
{
	return (uint8_t)(b & B_DM ? v : v / 10 << 4 | v % 10);
}

static unsigned decode(uint8_t v, uint8_t b)
{
	return b & B_DM ? v : (unsigned)(v >> 4) * 10 + (v & 15);
}

static uint8_t encode_hour(unsigned hour, uint8_t b)
{
	if (b & B_24_12)
		return encode(hour, b);
	return (uint8_t)(encode(hour % 12 ? hour % 12 : 12, b) | (hour >= 12 ? HOURS_PM : 0));
}

static unsigned decode_hour(uint8_t v, uint8_t b)
{
	if (b & B_24_12)
		return decode(v, b);
	return decode(v & 0x7f, b) % 12 + (v & HOURS_PM ? 12 : 0);
}

static uint8_t register_of(const struct calendar *t, unsigned reg, uint8_t b)
{
	switch (reg) {
	case SECONDS:
		return encode(t->second, b);
	case MINUTES:
		return encode(t->minute, b);
	case HOURS:
		return encode_hour(t->hour, b);
	case DAY_OF_WEEK:
		return encode(t->weekday + 1, b);
	case DAY_OF_MONTH:
		return encode(t->day + 1, b);
	case MONTH:
		return encode(t->month + 1, b);
	case YEAR:
		return encode(t->year % 100, b);
	default:
		return encode(t->year / 100, b);
	}
}

/* Days and months count from 1; 0 is taken for it. */
static struct calendar calendar_set(const struct rtc *s)
{
	unsigned day = decode(s->reg[DAY_OF_MONTH], s->b), month = decode(s->reg[MONTH], s->b);

	return (struct calendar){
		.second = decode(s->reg[SECONDS], s->b),
		.minute = decode(s->reg[MINUTES], s->b),
		.hour = decode_hour(s->reg[HOURS], s->b),
		.day = day ? day - 1 : 0,
		.month = month ? month - 1 : 0,
		.year = decode(s->century, s->b) * 100 + decode(s->reg[YEAR], s->b),
	};
}

/* ---- running ---- */

static bool divider_reset(uint8_t a)
{
	return (a & A_DV_RESET) == A_DV_RESET;
}

static bool running(uint8_t a, uint8_t b)
{
	return !(b & B_SET) && (a & A_DV) <= A_DV_32KHZ;
}

static uint64_t elapsed(const struct rtc *s, int64_t now)
{
	return now > s->stamp ? (uint64_t)now - (uint64_t)s->stamp : 0;
}

static uint64_t seconds_at(const struct rtc *s, int64_t now)
{
	return s->base + elapsed(s, now) / NS_PER_SEC;
}

static int64_t fraction_at(const struct rtc *s, int64_t now)
{
	return (int64_t)(elapsed(s, now) % NS_PER_SEC);
}

/* The registers get what they show at this moment, in the format of b. */
static void registers_latch(struct rtc *s, int64_t now, uint8_t b)
{
	struct calendar t = calendar_of(seconds_at(s, now));

	for (unsigned i = SECONDS; i < CLOCK_REGS; i++)
		if (i >= DAY_OF_WEEK || !(i & 1))
			s->reg[i] = register_of(&t, i, b);
	s->century = register_of(&t, CENTURY, b);
}

/* The clock goes on from what the registers say; the divider chain does not notice. */
static void clock_set_from_registers(struct rtc *s, int64_t now)
{
	struct calendar t = calendar_set(s);

	s->stamp = now - fraction_at(s, now);
	s->base = seconds_of(&t);
}

/* ---- update cycle and alarm ---- */

static bool alarm_hits(uint8_t alarm, uint8_t shown)
{
	return (alarm & DONT_CARE) == DONT_CARE || alarm == shown;
}

static bool alarm_possible(const struct rtc *s)
{
	bool second = false, minute = false, hour = false;

	for (unsigned i = 0; i < 60; i++) {
		second |= alarm_hits(s->reg[SECONDS_ALARM], encode(i, s->b));
		minute |= alarm_hits(s->reg[MINUTES_ALARM], encode(i, s->b));
		hour |= i < 24 && alarm_hits(s->reg[HOURS_ALARM], encode_hour(i, s->b));
	}
	return second && minute && hour;
}

/* Seconds from the moment `now` to the next one that the alarm matches, 1-86400; 0 = never. */
static unsigned alarm_distance(const struct rtc *s, uint64_t now)
{
	if (!alarm_possible(s))
		return 0;
	for (unsigned i = 1; i <= DAY;) {
		unsigned t = (unsigned)((now + i) % DAY);

		if (!alarm_hits(s->reg[HOURS_ALARM], encode_hour(t / 3600, s->b)))
			i += 3600 - t % 3600;
		else if (!alarm_hits(s->reg[MINUTES_ALARM], encode(t / 60 % 60, s->b)))
			i += 60 - t % 60;
		else if (!alarm_hits(s->reg[SECONDS_ALARM], encode(t % 60, s->b)))
			i++;
		else
			return i;
	}
	return 0;
}

/*
 * The next moment at which a flag of C can change: the end of this second while UF is clear, later
 * the alarm, so that an idle guest is not woken each second. Updates go on while SET holds the
 * registers, but not while the divider is held in reset.
 */
static void update_renew(struct dev *d)
{
	struct rtc *s = d->state;
	int64_t now = dev_now(d), next = now + NS_PER_SEC - fraction_at(s, now);
	unsigned distance = 0;

	s->alarm = -1;
	if (divider_reset(s->a)) {
		timer_cancel(d, &s->update);
		return;
	}
	if (running(s->a, s->b))
		distance = alarm_distance(s, seconds_at(s, now));
	if (distance)
		s->alarm = next + (distance - 1) * NS_PER_SEC;
	if (!(s->c & UF))
		timer_set(d, &s->update, next);
	else if (distance && !(s->c & AF))
		timer_set(d, &s->update, s->alarm);
	else
		timer_cancel(d, &s->update);
}

static void update_fired(struct dev *d, unsigned index)
{
	struct rtc *s = d->state;

	(void)index;
	s->c |= UF;
	if (s->alarm >= 0 && dev_now(d) >= s->alarm)
		s->c |= AF;
	update_renew(d);
}

/* ---- periodic interrupt ---- */

/* In CLKs of 32768 Hz, 0 = off. */
static unsigned period(uint8_t a, uint8_t b)
{
	unsigned rs = a & A_RS;

	if (!(b & PF) || !rs || divider_reset(a))
		return 0;
	return 1u << (rs <= 2 ? rs + 6 : rs - 1);
}

static void periodic_set(struct dev *d, uint64_t clk)
{
	struct rtc *s = d->state;
	uint64_t ns = muldiv64(clk, NS_PER_SEC, HZ);

	s->next_periodic = clk;
	if (muldiv64(ns, HZ, NS_PER_SEC) < clk)
		ns++;
	timer_set(d, &s->periodic, (int64_t)ns);
}

/* A new rate counts from the last interrupt. */
static void periodic_renew(struct dev *d, unsigned old)
{
	struct rtc *s = d->state;
	uint64_t clk = muldiv64((uint64_t)dev_now(d), HZ, NS_PER_SEC);
	unsigned new = period(s->a, s->b);

	if (new == old)
		return;
	if (!new)
		timer_cancel(d, &s->periodic);
	else if (!old)
		periodic_set(d, clk + new);
	else
		periodic_set(d, MAX(s->next_periodic + new - MIN(old, s->next_periodic), clk));
}

/* When the host was late, missed periods follow at once, up to a second's worth. */
static void periodic_fired(struct dev *d, unsigned index)
{
	struct rtc *s = d->state;
	uint64_t clk = muldiv64((uint64_t)dev_now(d), HZ, NS_PER_SEC);

	(void)index;
	s->c |= PF;
	if (s->next_periodic > clk || clk - s->next_periodic > HZ)
		s->next_periodic = clk;
	periodic_set(d, s->next_periodic + period(s->a, s->b));
}

/* ---- registers ---- */

static uint64_t reg_read(struct dev *d, const struct access *a)
{
	const struct rtc *s = d->state;
	struct calendar t;

	if (!running(s->a, s->b) || (a->index < DAY_OF_WEEK && a->index & 1))
		return s->reg[a->index];
	t = calendar_of(seconds_at(s, dev_now(d)));
	return register_of(&t, a->index, s->b);
}

static uint64_t century_read(struct dev *d, const struct access *a)
{
	const struct rtc *s = d->state;
	struct calendar t = calendar_of(seconds_at(s, dev_now(d)));

	(void)a;
	return running(s->a, s->b) ? register_of(&t, CENTURY, s->b) : s->century;
}

/* One register changes, the others are what they show at this moment. */
static void calendar_written(struct dev *d, uint8_t *member)
{
	struct rtc *s = d->state;
	uint8_t v = *member;

	if (!running(s->a, s->b))
		return;
	registers_latch(s, dev_now(d), s->b);
	*member = v;
	clock_set_from_registers(s, dev_now(d));
}

static void reg_written(struct dev *d, const struct access *a)
{
	struct rtc *s = d->state;

	if (a->index >= DAY_OF_WEEK || !(a->index & 1))
		calendar_written(d, &s->reg[a->index]);
	update_renew(d);
}

static void century_written(struct dev *d, const struct access *a)
{
	struct rtc *s = d->state;

	(void)a;
	calendar_written(d, &s->century);
	update_renew(d);
}

/* A or B changed: the clock may stop or go on, and the timers follow. */
static void control_changed(struct dev *d, uint8_t old_a, uint8_t old_b)
{
	struct rtc *s = d->state;
	int64_t now = dev_now(d);
	bool was = running(old_a, old_b), is = running(s->a, s->b);

	if (was && !is)
		registers_latch(s, now, old_b);
	if (divider_reset(old_a) && !divider_reset(s->a))
		s->stamp = now - FIRST_UPDATE;
	if (!was && is)
		clock_set_from_registers(s, now);
	periodic_renew(d, period(old_a, old_b));
	update_renew(d);
}

static uint64_t a_read(struct dev *d, const struct access *a)
{
	const struct rtc *s = d->state;

	(void)a;
	if (running(s->a, s->b) && fraction_at(s, dev_now(d)) >= NS_PER_SEC - UIP_NS)
		return s->a | A_UIP;
	return s->a;
}

static void a_written(struct dev *d, const struct access *a)
{
	const struct rtc *s = d->state;

	control_changed(d, (uint8_t)a->old, s->b);
}

/* SET takes UIE with it. */
static void b_written(struct dev *d, const struct access *a)
{
	struct rtc *s = d->state;

	if (s->b & B_SET)
		s->b &= (uint8_t)~UF;
	control_changed(d, s->a, (uint8_t)a->old);
}

/* The enable bits of B stand where the flags of C do. */
static bool interrupt(const struct rtc *s)
{
	return s->b & s->c & FLAGS;
}

static uint64_t c_read(struct dev *d, const struct access *a)
{
	struct rtc *s = d->state;
	uint8_t v = (uint8_t)(s->c | (interrupt(s) ? IRQF : 0));

	(void)a;
	s->c = 0;
	if (v & (UF | AF))
		update_renew(d);
	return v;
}

/* ---- ports ---- */

static unsigned bank_index(const struct rtc *s)
{
	return s->index == CENTURY_PS2 ? CENTURY : s->index;
}

/* Other indexes are those of the CMOS memory, which the device model has. */
static bool data_is_ours(const struct dev *d)
{
	unsigned i = bank_index(d->state);

	return i <= LAST || i == CENTURY;
}

static uint64_t data_read(struct dev *d, const struct access *a)
{
	(void)a;
	return dev_read(d, REGION_BANK, bank_index(d->state), 1);
}

static void data_written(struct dev *d, const struct access *a)
{
	dev_write(d, REGION_BANK, bank_index(d->state), 1, a->val);
}

/* ---- the class ---- */

static void rtc_settle(struct dev *d)
{
	dev_line(d, 0, interrupt(d->state));
	dev_window(d, 1, REGION_PORTS, 1, 1, SPACE_IO, data_is_ours(d) ? 0x71 : WINDOW_OFF);
}

/* The clock runs on through a reset; interrupts and the square wave are off after it. */
static void rtc_reset(struct dev *d)
{
	struct rtc *s = d->state;
	const struct rtc_host *h = d->host;

	if (s->lost_power) {
		s->base = h->base + (uint64_t)EPOCH_DAYS * DAY;
		s->stamp = dev_now(d);
		s->lost_power = 0;
	}
	s->b &= (uint8_t) ~(FLAGS | B_SQWE);
	update_renew(d);
}

static bool rtc_valid(const struct dev *d)
{
	const struct rtc *s = d->state;

	return timer_pending(&s->periodic) == (period(s->a, s->b) != 0) && !s->lost_power &&
	       !(s->b & B_SET && s->b & UF);
}

static int rtc_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_line_to(d, 0, LINE_ISA, 8);
	dev_window(d, 0, REGION_PORTS, 0, 1, SPACE_IO, 0x70);
	return 0;
}

static const struct region rtc_regions[] = {
	[REGION_PORTS] = {.name = "ports", .len = 2, .sizes = 1, .unclaimed = 0xff},
	[REGION_BANK] = {.name = "bank", .len = 64, .sizes = 1},
};

/* clang-format off */
static const struct row rtc_rows[] = {
	CALC(0, 1, "index_read", .flags = ROW_RD | ROW_PURE, .reset = 0xff),
	REG(0, struct rtc, index, .flags = ROW_WR | ROW_KEEP, .rw = 0x7f),
	CALC(1, 1, "data", .when = data_is_ours, .read = data_read, .written = data_written),
	REG_ARRAY(0, 1, struct rtc, reg, .region = REGION_BANK, .flags = ROW_KEEP | ROW_PURE,
		  .rw = 0xff, .read = reg_read, .written = reg_written),
	REG(0x0a, struct rtc, a, .region = REGION_BANK, .flags = ROW_KEEP | ROW_PURE,
	    .rw = A_DV | A_RS, .reset = 0x26, .read = a_read, .written = a_written),
	REG(0x0b, struct rtc, b, .region = REGION_BANK, .flags = ROW_KEEP, .rw = 0xff,
	    .reset = B_24_12, .written = b_written),
	REG(0x0c, struct rtc, c, .region = REGION_BANK, .hw = FLAGS, .read = c_read),
	CONST(0x0d, 1, "d", D_VRT, .region = REGION_BANK),
	REG(CENTURY, struct rtc, century, .region = REGION_BANK, .flags = ROW_KEEP | ROW_PURE,
	    .rw = 0xff, .read = century_read, .written = century_written),
	HID(struct rtc, lost_power, .max = 1, .reset = 1, .flags = ROW_KEEP),
	HID(struct rtc, base, .max = 1ull << 42, .flags = ROW_KEEP),
	HID(struct rtc, stamp, .hw = ~0ull, .flags = ROW_KEEP),
	HID(struct rtc, alarm, .hw = ~0ull, .reset = ~0ull),
	HID(struct rtc, next_periodic, .max = 1ull << 48),
	TIMER(struct rtc, update, update_fired),
	TIMER(struct rtc, periodic, periodic_fired),
};
/* clang-format on */

static const struct prop rtc_props[] = {
	{"base", PROP_U64, offsetof(struct rtc_host, base), "0",
	 "time at power-on, seconds since 1970-01-01", 1ull << 40},
};

static struct dev_class rtc_class = {
	.name = "mc146818rtc",
	.summary = "MC146818A real-time clock",
	.state_size = sizeof(struct rtc),
	.host_size = sizeof(struct rtc_host),
	.regions = rtc_regions,
	.n_regions = ARRAY_SIZE(rtc_regions),
	.rows = rtc_rows,
	.n_rows = ARRAY_SIZE(rtc_rows),
	.props = rtc_props,
	.n_props = ARRAY_SIZE(rtc_props),
	.n_lines = 1,
	.internal = true,
	.realize = rtc_realize,
	.reset = rtc_reset,
	.settle = rtc_settle,
	.valid = rtc_valid,
};
DEV_REGISTER(rtc_class)
