/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pm-timer: the ACPI PM1 event block and the power management timer.
 *
 * Spec:    ACPI 6.3, 4.8.2.1 (timer), 4.8.3.1 (PM1 event registers); Intel 82371AB, 7.2
 * State:   PM1_STS, PM1_EN, timer of 24 or 32 bits, its carry interrupt, SCI (ISA interrupt 9)
 * Missing: BM_STS and WAK_STS have no source; PM1_CNT is the device model's
 * Tests:   tests/hw/pmtimer.c
 *
 * It is mapped when the core writes the PM base to region "place": status and enable at the base,
 * the timer 8 above it. A write of status bits to region "event" is that they happened.
 */
#include "base/dev.h"

enum { HZ = 3579545 };
enum {
	TMR_STS = 1 << 0,
	GBL_STS = 1 << 5,
	PWRBTN_STS = 1 << 8,
	SLPBTN_STS = 1 << 9,
	RTC_STS = 1 << 10,
	EVENTS = GBL_STS | PWRBTN_STS | SLPBTN_STS | RTC_STS,
	PM1_MASK = TMR_STS | EVENTS, /* of status and enable alike */
};
enum { PM_BASE = 0xffc0, PM_ON = 1 << 0 };
enum { REGION_EVT, REGION_TMR, REGION_PLACE, REGION_EVENT };

struct pmtimer {
	struct dev_timer carry; /* the most significant bit changes */
	uint32_t place;         /* PM base | PM_ON */
	uint16_t pm1_sts, pm1_en;
};

struct pmtimer_host {
	bool bits32;
};

static unsigned timer_bits(const struct dev *d)
{
	const struct pmtimer_host *h = d->host;

	return h->bits32 ? 32 : 24;
}

static uint64_t ticks(int64_t ns)
{
	return muldiv64((uint64_t)ns, HZ, NS_PER_SEC);
}

/* The first ns at which the next change of the top bit has come. */
static int64_t next_carry(const struct dev *d)
{
	unsigned half = timer_bits(d) - 1;
	uint64_t at = ((ticks(dev_now(d)) >> half) + 1) << half, ns;

	ns = muldiv64(at, NS_PER_SEC, HZ);
	while (ticks((int64_t)MIN(ns, (uint64_t)INT64_MAX - 1)) < at && ns < INT64_MAX)
		ns++;
	return (int64_t)MIN(ns, (uint64_t)INT64_MAX);
}

/* Once the status is set only its clearing makes the next carry seen. */
static void carry_renew(struct dev *d)
{
	struct pmtimer *s = d->state;

	if (s->pm1_sts & TMR_STS)
		timer_cancel(d, &s->carry);
	else if (!timer_pending(&s->carry))
		timer_set(d, &s->carry, next_carry(d));
}

static void carry_fired(struct dev *d, unsigned index)
{
	struct pmtimer *s = d->state;

	(void)index;
	s->pm1_sts |= TMR_STS;
}

static void pm1_sts_written(struct dev *d, const struct access *a)
{
	(void)a;
	carry_renew(d);
}

static uint64_t tmr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return ticks(dev_now(d)) & ones(timer_bits(d) / 8);
}

static void event_written(struct dev *d, const struct access *a)
{
	struct pmtimer *s = d->state;

	s->pm1_sts |= (uint16_t)(a->val & EVENTS);
}

static void pmtimer_reset(struct dev *d)
{
	carry_renew(d);
}

static void pmtimer_settle(struct dev *d)
{
	const struct pmtimer *s = d->state;
	uint64_t base = s->place & PM_BASE;
	bool on = s->place & PM_ON;

	dev_window(d, 0, REGION_EVT, 0, 4, SPACE_IO, on ? base : WINDOW_OFF);
	dev_window(d, 1, REGION_TMR, 0, 4, SPACE_IO, on ? base + 8 : WINDOW_OFF);
	dev_line(d, 0, s->pm1_sts & s->pm1_en);
}

static bool pmtimer_valid(const struct dev *d)
{
	const struct pmtimer *s = d->state;

	return timer_pending(&s->carry) == !(s->pm1_sts & TMR_STS);
}

static int pmtimer_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_line_to(d, 0, LINE_ISA, 9);
	return 0;
}

static const struct prop pmtimer_props[] = {
	{"bits32", PROP_BOOL, offsetof(struct pmtimer_host, bits32), "off",
	 "the timer has 32 bits, not 24", 0},
};

static const struct region pmtimer_regions[] = {
	[REGION_EVT] = {.name = "evt", .len = 4},
	[REGION_TMR] = {.name = "tmr", .len = 4},
	[REGION_PLACE] = {.name = "place", .len = 4, .sizes = 4},
	[REGION_EVENT] = {.name = "event", .len = 2, .sizes = 2},
};

/* clang-format off */
static const struct row pmtimer_rows[] = {
	REG(0, struct pmtimer, pm1_sts, .w1c = PM1_MASK, .written = pm1_sts_written),
	REG(2, struct pmtimer, pm1_en, .rw = PM1_MASK),
	CALC(0, 4, "pm_tmr", .region = REGION_TMR, .flags = ROW_PURE, .read = tmr_read),
	REG(0, struct pmtimer, place, .region = REGION_PLACE, .rw = PM_BASE | PM_ON),
	CALC(0, 2, "event", .region = REGION_EVENT, .written = event_written),
	TIMER(struct pmtimer, carry, carry_fired),
};
/* clang-format on */

static struct dev_class pmtimer_class = {
	.name = "pm-timer",
	.summary = "ACPI PM1 events and PM timer",
	.state_size = sizeof(struct pmtimer),
	.host_size = sizeof(struct pmtimer_host),
	.regions = pmtimer_regions,
	.n_regions = ARRAY_SIZE(pmtimer_regions),
	.rows = pmtimer_rows,
	.n_rows = ARRAY_SIZE(pmtimer_rows),
	.props = pmtimer_props,
	.n_props = ARRAY_SIZE(pmtimer_props),
	.n_lines = 1,
	.internal = true,
	.realize = pmtimer_realize,
	.reset = pmtimer_reset,
	.settle = pmtimer_settle,
	.valid = pmtimer_valid,
};
DEV_REGISTER(pmtimer_class)
