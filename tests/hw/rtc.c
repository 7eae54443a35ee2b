/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real-time clock, against the MC146818A data sheet. */
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

#include <time.h>

enum {
	SECONDS,
	SECONDS_ALARM,
	MINUTES,
	MINUTES_ALARM,
	HOURS,
	HOURS_ALARM,
	WEEKDAY,
	DAY,
	MONTH,
	YEAR,
	A,
	B,
	C,
	D,
	CENTURY = 0x32
};
enum { UIP = 0x80, RESET = 0x70, RUN = 0x20 };
enum { H24 = 0x02, DM = 0x04, UIE = 0x10, AIE = 0x20, PIE = 0x40, SET = 0x80 };
enum { UF = 0x10, AF = 0x20, PF = 0x40, IRQF = 0x80 };
enum { IRQ = 8, PERIODS = 50 };
#define UIP_NS (8 * NS_PER_SEC / 32768)

static unsigned get(struct guest *b, unsigned i)
{
	bus_out(b, 0x70, 1, i);
	return bus_in(b, 0x71, 1);
}

static void put(struct guest *b, unsigned i, unsigned v)
{
	bus_out(b, 0x70, 1, i);
	bus_out(b, 0x71, 1, v);
}

/* Sets the time with the divider held; its first update ends half a second after this. */
static void set_time(struct guest *b, unsigned mode, unsigned h, unsigned m, unsigned s)
{
	put(b, B, mode);
	put(b, A, RESET);
	put(b, HOURS, h);
	put(b, MINUTES, m);
	put(b, SECONDS, s);
	put(b, A, RUN);
	get(b, C);
}

static void set_date(struct guest *b, unsigned century, unsigned year, unsigned month, unsigned day)
{
	put(b, A, RESET);
	put(b, CENTURY, century);
	put(b, YEAR, year);
	put(b, MONTH, month);
	put(b, DAY, day);
	put(b, A, RUN);
}

#define TIME_IS(h, m, s)                                             \
	EQ((unsigned)(h) << 16 | (unsigned)(m) << 8 | (unsigned)(s), \
	   get(b, HOURS) << 16 | get(b, MINUTES) << 8 | get(b, SECONDS))
#define DATE_IS(c, y, m, d)                                                                \
	EQ((unsigned)(c) << 24 | (unsigned)(y) << 16 | (unsigned)(m) << 8 | (unsigned)(d), \
	   get(b, CENTURY) << 24 | get(b, YEAR) << 16 | get(b, MONTH) << 8 | get(b, DAY))

BUS_TEST(power_on, "-nodefaults")
{
	EQ(0x26, get(b, A) & ~UIP);
	EQ(0x02, get(b, B));
	EQ(0x00, get(b, C) & ~UF);
	EQ(0x80, get(b, D));
	put(b, D, 0);
	put(b, C, 0xff);
	EQ(0x80, get(b, D));
	EQ(0x00, get(b, C));
	CHECK(!bus_irq(b, IRQ));
	EQ(0xff, bus_in(b, 0x70, 1));
}

BUS_TEST(runs_in_every_format, "-nodefaults")
{
	set_time(b, H24, 0x09, 0x59, 0x00);
	bus_step(b, NS_PER_SEC);
	TIME_IS(0x09, 0x59, 0x01);
	bus_step(b, 59 * NS_PER_SEC);
	TIME_IS(0x10, 0x00, 0x00);
	set_time(b, H24, 0x23, 0x59, 0x59);
	bus_step(b, NS_PER_SEC);
	TIME_IS(0, 0, 0);
	set_time(b, H24 | DM, 23, 59, 0);
	bus_step(b, 60 * NS_PER_SEC);
	TIME_IS(0, 0, 0);
	set_time(b, 0, 0x11, 0x59, 0x59); /* 11 AM to noon */
	bus_step(b, NS_PER_SEC);
	TIME_IS(0x92, 0x00, 0x00);
	set_time(b, 0, 0x92, 0x59, 0x59);
	bus_step(b, NS_PER_SEC);
	TIME_IS(0x81, 0x00, 0x00);
	set_time(b, 0, 0x91, 0x59, 0x59); /* 11 PM to midnight */
	bus_step(b, NS_PER_SEC);
	TIME_IS(0x12, 0x00, 0x00);
	set_time(b, DM, 0x8b, 59, 59);
	bus_step(b, NS_PER_SEC);
	TIME_IS(0x0c, 0, 0);
	put(b, B, H24); /* the same moment, shown otherwise */
	TIME_IS(0x00, 0x00, 0x00);
}

BUS_TEST(calendar, "-nodefaults")
{
	static const struct {
		unsigned century, year, month, day, next_month, next_day, weekday;
	} facts[] = {
		{0x20, 0x00, 0x02, 0x28, 0x02, 0x29, 3}, {0x19, 0x00, 0x02, 0x28, 0x03, 0x01, 5},
		{0x20, 0x24, 0x02, 0x29, 0x03, 0x01, 6}, {0x20, 0x23, 0x02, 0x28, 0x03, 0x01, 4},
		{0x20, 0x26, 0x04, 0x30, 0x05, 0x01, 6}, {0x19, 0x80, 0x10, 0x30, 0x10, 0x31, 6},
		{0x20, 0x80, 0x07, 0x31, 0x08, 0x01, 5}, {0x00, 0x00, 0x02, 0x28, 0x02, 0x29, 3},
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		NOTE("%02x%02x-%02x-%02x", facts[i].century, facts[i].year, facts[i].month,
		     facts[i].day);
		set_time(b, H24, 0x23, 0x59, 0x59);
		set_date(b, facts[i].century, facts[i].year, facts[i].month, facts[i].day);
		DATE_IS(facts[i].century, facts[i].year, facts[i].month, facts[i].day);
		bus_step(b, NS_PER_SEC);
		DATE_IS(facts[i].century, facts[i].year, facts[i].next_month, facts[i].next_day);
		EQ(facts[i].weekday, get(b, WEEKDAY));
	}
	set_time(b, H24, 0x23, 0x59, 0x59);
	set_date(b, 0x19, 0x99, 0x12, 0x31);
	bus_step(b, NS_PER_SEC);
	DATE_IS(0x20, 0x00, 0x01, 0x01);
	EQ(0x20, get(b, 0x37)); /* the PS/2 has the century here */
	put(b, 0x37, 0x21);
	EQ(0x21, get(b, CENTURY));
}

BUS_TEST(nonsense_is_normalized, "-nodefaults")
{
	set_time(b, H24 | DM, 255, 255, 255);
	set_date(b, 255, 255, 0, 0);
	CHECK(get(b, MONTH) >= 1 && get(b, MONTH) <= 12);
	CHECK(get(b, DAY) >= 1 && get(b, DAY) <= 31);
	CHECK(get(b, HOURS) < 24);
	set_date(b, 20, 24, 13, 1);
	EQ(25, get(b, YEAR));
	EQ(1, get(b, MONTH));
}

BUS_TEST(set_stops_the_clock, "-nodefaults")
{
	put(b, B, H24 | SET | UIE);
	EQ(H24 | SET, get(b, B)); /* SET takes UIE away */
	put(b, HOURS, 0x02);
	put(b, MINUTES, 0x04);
	put(b, SECONDS, 0x58);
	bus_step(b, 5 * NS_PER_SEC);
	TIME_IS(0x02, 0x04, 0x58);
	EQ(0, get(b, A) & UIP);
	put(b, B, H24);
	TIME_IS(0x02, 0x04, 0x58);
	bus_step(b, NS_PER_SEC);
	TIME_IS(0x02, 0x04, 0x59);
	put(b, MINUTES, 0x30); /* also while it runs; the others stay */
	TIME_IS(0x02, 0x30, 0x59);
	bus_step(b, NS_PER_SEC);
	TIME_IS(0x02, 0x31, 0x00);
}

BUS_TEST(divider_reset_and_uip, "-nodefaults")
{
	set_time(b, H24, 0x02, 0x04, 0x58);
	put(b, A, RESET);
	bus_step(b, 3 * NS_PER_SEC);
	TIME_IS(0x02, 0x04, 0x58);
	EQ(0, get(b, C));
	put(b, A, RUN);
	bus_step(b, NS_PER_SEC / 2 - UIP_NS - 1);
	EQ(0, get(b, A) & UIP);
	TIME_IS(0x02, 0x04, 0x58);
	bus_step(b, 1);
	EQ(UIP, get(b, A) & UIP);
	bus_step(b, UIP_NS);
	EQ(0, get(b, A) & UIP);
	TIME_IS(0x02, 0x04, 0x59);
	EQ(UF, get(b, C));
}

BUS_TEST(update_interrupt, "-nodefaults")
{
	unsigned edges;

	set_time(b, H24, 0x02, 0x00, 0x00);
	put(b, B, H24 | UIE);
	edges = bus_edges(b, IRQ);
	for (unsigned i = 1; i <= 5; i++) {
		bus_step(b, NS_PER_SEC);
		EQ(edges + i, bus_edges(b, IRQ));
		CHECK(bus_irq(b, IRQ));
		EQ(IRQF | UF, get(b, C));
		CHECK(!bus_irq(b, IRQ));
		EQ(0, get(b, C));
	}
	put(b, B, H24);
	bus_step(b, NS_PER_SEC);
	CHECK(!bus_irq(b, IRQ));
	put(b, B, H24 | UIE); /* the flag is there already */
	CHECK(bus_irq(b, IRQ));
	put(b, B, H24);
	CHECK(!bus_irq(b, IRQ));
	EQ(UF, get(b, C));
}

static void set_alarm(struct guest *b, unsigned h, unsigned m, unsigned s)
{
	put(b, HOURS_ALARM, h);
	put(b, MINUTES_ALARM, m);
	put(b, SECONDS_ALARM, s);
	get(b, C);
}

/* IRQ 0 would be all that an hour brings. */
static void stop_ticks(struct guest *b)
{
	bus_out(b, 0x43, 1, 0x30);
}

/* Seconds until the alarm goes off, up to `most`. */
static unsigned alarm_in(struct guest *b, unsigned most)
{
	for (unsigned i = 1; i <= most; i++) {
		bus_step(b, NS_PER_SEC);
		if (get(b, C) & AF)
			return i;
	}
	return 0;
}

BUS_TEST(alarm, "-nodefaults")
{
	set_time(b, H24 | AIE, 0x23, 0x58, 0x30);
	set_alarm(b, 0x00, 0x00, 0x10);
	EQ(100, alarm_in(b, 200));
	set_time(b, H24 | AIE, 0x12, 0x00, 0x00);
	set_alarm(b, 0xff, 0xc0, 0x15); /* each minute */
	EQ(15, alarm_in(b, 100));
	EQ(60, alarm_in(b, 100));
	set_alarm(b, 0xff, 0xff, 0xff);
	EQ(1, alarm_in(b, 3));
	EQ(1, alarm_in(b, 3));
	set_alarm(b, 0xff, 0xff, 0x61); /* no such second */
	EQ(0, alarm_in(b, 130));
	put(b, SECONDS_ALARM, 0x00);
	bus_step(b, 60 * NS_PER_SEC);
	CHECK(bus_irq(b, IRQ));
	EQ(IRQF | AF | UF, get(b, C));
}

BUS_TEST(alarm_tells_am_from_pm, "-nodefaults")
{
	stop_ticks(b);
	set_time(b, 0, 0x81, 0x59, 0x00);
	set_alarm(b, 0x82, 0xc0, 0xc0);
	bus_step(b, 60 * NS_PER_SEC);
	EQ(0x82, get(b, HOURS));
	EQ(AF | UF, get(b, C));
	set_time(b, 0, 0x81, 0x59, 0x00);
	set_alarm(b, 0x02, 0xc0, 0xc0);
	bus_step(b, 60 * NS_PER_SEC);
	EQ(UF, get(b, C));
	bus_step(b, 12 * 3600 * NS_PER_SEC);
	EQ(AF | UF, get(b, C));
}

/* With UF unread the clock wakes nobody before the alarm, which still comes in time. */
BUS_TEST(alarm_after_unread_updates, "-nodefaults")
{
	unsigned edges = bus_edges(b, IRQ);

	stop_ticks(b);
	set_time(b, H24 | AIE, 0x02, 0x00, 0x00);
	set_alarm(b, 0x03, 0x00, 0x00);
	bus_step(b, 3599 * NS_PER_SEC);
	EQ(edges, bus_edges(b, IRQ));
	bus_step(b, NS_PER_SEC);
	EQ(edges + 1, bus_edges(b, IRQ));
	EQ(IRQF | AF | UF, get(b, C));
	put(b, HOURS_ALARM, 0x05);
	bus_step(b, NS_PER_SEC);
	put(b, B, H24 | SET); /* no time, no alarm */
	bus_step(b, 4 * 3600 * NS_PER_SEC);
	EQ(UF, get(b, C));
}

BUS_TEST(periodic_interrupt, "-nodefaults")
{
	static const struct {
		unsigned rate, hz;
	} facts[] = {{1, 256}, {2, 128}, {3, 8192}, {6, 1024}, {13, 8}, {15, 2}};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		unsigned seen = 0;

		NOTE("rate %u", facts[i].rate);
		put(b, B, H24);
		put(b, A, RUN | facts[i].rate);
		put(b, B, H24 | PIE);
		get(b, C);
		for (unsigned n = 0; n < PERIODS; n++) {
			bus_step(b, (NS_PER_SEC + facts[i].hz - 1) / facts[i].hz);
			seen += bus_irq(b, IRQ) && get(b, C) & PF;
		}
		EQ(PERIODS, seen);
	}
	put(b, A, RUN); /* rate 0 */
	get(b, C);
	bus_step(b, NS_PER_SEC);
	CHECK(!bus_irq(b, IRQ));
}

/* A new rate counts from the last interrupt. */
BUS_TEST(rate_changes_between_interrupts, "-nodefaults")
{
	put(b, B, H24);
	put(b, A, RUN | 15);
	put(b, B, H24 | PIE);
	while (!bus_irq(b, IRQ))
		bus_step(b, NS_PER_MS);
	get(b, C);
	bus_step(b, NS_PER_SEC / 16);
	put(b, A, RUN | 13);
	bus_step(b, NS_PER_SEC / 16 - 2 * NS_PER_MS);
	CHECK(!bus_irq(b, IRQ));
	bus_step(b, 2 * NS_PER_MS);
	CHECK(bus_irq(b, IRQ));
	get(b, C);
	put(b, A, RESET | 13); /* interrupts stand still with the divider */
	bus_step(b, NS_PER_SEC);
	CHECK(!bus_irq(b, IRQ));
}

static bool memory_is_reset(struct guest *b, void *arg)
{
	(void)arg;
	return get(b, B) == H24;
}

BUS_TEST(runs_on_through_reset, "-nodefaults")
{
	set_time(b, H24 | PIE | AIE | UIE, 0x02, 0x04, 0x30);
	bus_step(b, NS_PER_SEC);
	bus_out(b, 0xcf9, 1, 0x06);
	CHECK(bus_wait(b, memory_is_reset, NULL));
	EQ(0, get(b, C));
	CHECK(!bus_irq(b, IRQ));
	TIME_IS(0x02, 0x04, 0x31);
}

BUS_TEST(starts_with_the_host, "-nodefaults")
{
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	put(b, B, H24 | DM);
	EQ((unsigned)t.tm_year + 1900, get(b, CENTURY) * 100 + get(b, YEAR));
	now = get(b, HOURS) * 3600 + get(b, MINUTES) * 60 + get(b, SECONDS);
	now -= t.tm_hour * 3600 + t.tm_min * 60 + t.tm_sec;
	CHECK((now >= -10 && now <= 0) || now > 86000);
}

BUS_TEST(starts_where_it_is_told, "-nodefaults -rtc base=2028-12-31T23:59:58")
{
	DATE_IS(0x20, 0x28, 0x12, 0x31);
	TIME_IS(0x23, 0x59, 0x58);
}

TEST(starts_at_its_base)
{
	const struct dev_class *c = dev_class_find("mc146818rtc");
	struct err e = {""};
	struct rig *r;
	struct dev *d;

	MUST(c);
	r = rig_new(c);
	d = dev_new(&r->env, c, "late", &e);
	OK(dev_prop_set(d, "base", "951782399", &e)); /* 2000-02-28 23:59:59 */
	OK(dev_realize(d, NULL, &e));
	EQ(0x59, dev_read(d, 1, SECONDS, 1));
	EQ(0x23, dev_read(d, 1, HOURS, 1));
	EQ(0x28, dev_read(d, 1, DAY, 1));
	EQ(0x20, dev_read(d, 1, CENTURY, 1));
	rig_run(r, NS_PER_SEC);
	EQ(0x29, dev_read(d, 1, DAY, 1));
	EQ(0x02, dev_read(d, 1, MONTH, 1));
	EQ(0x00, dev_read(d, 1, YEAR, 1));
	EQ(3, dev_read(d, 1, WEEKDAY, 1)); /* a Tuesday */
	rig_free(r);
}

/* The data port is its own only at its own indexes. */
TEST(leaves_the_memory_alone)
{
	const struct dev_class *c = dev_class_find("mc146818rtc");
	struct rig *r;

	MUST(c);
	r = rig_new(c);
	for (unsigned i = 0; i < 128; i++) {
		bool own = i < 0x0e || i == 0x32 || i == 0x37;

		rig_bus_write(r, SPACE_IO, 0x70, 1, i);
		EQ(own ? 0x71 : WINDOW_OFF, dev_windows(r->dev)[1].base);
	}
	EQ(0xff, dev_read(r->dev, 0, 1, 1));
	rig_free(r);
}

TEST(late_periods_follow)
{
	const struct dev_class *c = dev_class_find("mc146818rtc");
	struct rig *r;
	unsigned edges = 0;

	MUST(c);
	r = rig_new(c);
	dev_write(r->dev, 1, A, 1, RUN | 6);
	dev_write(r->dev, 1, B, 1, H24 | PIE);
	clock_restore(r->clock, 100 * NS_PER_SEC);
	clock_run(r->clock); /* far behind: one, and on from here */
	EQ(1, r->edges);
	dev_read(r->dev, 1, C, 1);
	edges = r->edges;
	rig_run(r, 2 * NS_PER_MS);
	EQ(edges + 1, r->edges);
	rig_free(r);
}

LAW_OP("mc146818rtc", rtc_interrupts)
{
	rig_write(r, 1, A, 1, RUN | rig_rnd(r) % 16);
	rig_write(r, 1, SECONDS_ALARM, 1, 0xc0 | rig_rnd(r));
	rig_write(r, 1, B, 1, rig_rnd(r) & (H24 | DM | PIE | AIE | UIE));
	rig_run(r, rig_rnd(r) % 2500000000u);
	rig_read(r, 1, C, 1);
}

LAW_OP("mc146818rtc", rtc_set)
{
	rig_write(r, 1, rig_rnd(r) & 1 ? A : B, 1, rig_rnd(r) & 1 ? RESET : SET);
	for (unsigned i = 0; i < 10; i++)
		rig_write(r, 1, i, 1, rig_rnd(r) & 0x77);
	rig_write(r, 1, CENTURY, 1, rig_rnd(r));
	rig_write(r, 1, A, 1, RUN | (rig_rnd(r) & 15));
	rig_write(r, 1, B, 1, rig_rnd(r) & 0x7f);
	rig_run(r, rig_rnd(r) % 3000000000u);
	rig_read(r, 1, rig_rnd(r) % 14, 1);
}
