/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PM1 event block and the PM timer, against ACPI 6.3, 4.8.2 and 4.8.3. */
#include "hypervisor/domain.h"
#include "tests/hw/laws.h"

enum { BASE = 0x600, STS = BASE, EN = BASE + 2, TMR = BASE + 8, HZ = 3579545 };
enum { PLACE = 2, EVENT = 3 };

static struct rig *make(const char *class)
{
	struct rig *r = rig_new(dev_class_find(class));

	rig_write(r, PLACE, 0, 4, BASE | 1);
	return r;
}

static unsigned in(struct rig *r, uint16_t port, unsigned size)
{
	return (unsigned)rig_bus_read(r, SPACE_IO, port, size);
}

static void out(struct rig *r, uint16_t port, unsigned v)
{
	rig_bus_write(r, SPACE_IO, port, 2, v);
}

static bool sci(struct rig *r)
{
	return dev_line_counter(r->dev, 0) & 1;
}

TEST(pmtimer_place)
{
	struct rig *r = rig_new(dev_class_find("pm-timer"));
	enum line_to to;
	unsigned pin;

	EQ(0xffff, in(r, STS, 2)); /* not mapped by itself */
	rig_write(r, PLACE, 0, 4, 0xb001);
	EQ(0, in(r, 0xb000, 4));
	EQ(0xffff, in(r, STS, 2));
	EQ(0xffffffff, in(r, 0xb004, 4)); /* PM1_CNT is another's */
	rig_write(r, PLACE, 0, 4, 0xb000);
	EQ(0xffff, in(r, 0xb000, 2));
	dev_line_target(r->dev, 0, &to, &pin);
	EQ(LINE_ISA, to);
	EQ(9, pin);
	rig_free(r);
}

TEST(pmtimer_counts)
{
	struct rig *r = make("pm-timer");

	EQ(0, in(r, TMR, 4));
	rig_run(r, NS_PER_SEC);
	EQ(HZ, in(r, TMR, 4));
	EQ(HZ & 0xff, in(r, TMR, 1));
	rig_bus_write(r, SPACE_IO, TMR, 4, 0); /* read-only */
	EQ(HZ, in(r, TMR, 4));
	rig_run(r, 9 * NS_PER_SEC);
	EQ((10u * HZ) & 0xffffff, in(r, TMR, 4)); /* 24 bits */
	rig_free(r);
}

TEST(pmtimer_carry)
{
	struct rig *r = make("pm-timer");
	/* bit 23 changes first after 2^23 ticks */
	int64_t half = (int64_t)((1ull << 23) * NS_PER_SEC / HZ) + 1;

	out(r, EN, 1);
	rig_run(r, half - 1);
	EQ(0, in(r, STS, 2));
	CHECK(!sci(r));
	rig_run(r, 1);
	EQ(1, in(r, STS, 2));
	EQ(1u << 23, in(r, TMR, 4));
	CHECK(sci(r));
	out(r, STS, 0); /* clears by ones */
	CHECK(sci(r));
	out(r, EN, 0);
	CHECK(!sci(r));
	EQ(1, in(r, STS, 2));
	out(r, EN, 1);
	CHECK(sci(r));
	out(r, STS, 1);
	CHECK(!sci(r));
	rig_run(r, half); /* and from 1 to 0 */
	EQ(1, in(r, STS, 2));
	CHECK(in(r, TMR, 4) < 4);
	rig_free(r);
}

TEST(pmtimer_events)
{
	struct rig *r = make("pm-timer");

	rig_write(r, EVENT, 0, 2, 0xffff);
	EQ(0x720, in(r, STS, 2)); /* not the timer's */
	CHECK(!sci(r));
	out(r, EN, 0xffff);
	EQ(0x721, in(r, EN, 2));
	CHECK(sci(r));
	out(r, STS, 0x620);
	EQ(0x100, in(r, STS, 2)); /* the power button goes on asking */
	CHECK(sci(r));
	out(r, STS, 0xffff);
	CHECK(!sci(r));
	rig_free(r);
}

TEST(pmtimer_32_bits)
{
	struct domain_config c = {.ram = 4096, .bare = true};
	struct err e = {""};
	struct domain *dom;
	struct dev *d;

	c.clock = clock_new(CLOCK_MANUAL);
	dom = domain_new(&c, NULL);
	MUST(dom);
	d = dev_new(domain_platform(dom), dev_class_find("pm-timer"), "pm", &e);
	OK(dev_prop_set(d, "bits32", "on", &e));
	OK(dev_realize(d, NULL, &e));
	clock_advance(c.clock, 100 * NS_PER_SEC);
	EQ(100u * HZ, dev_read(d, 1, 0, 4));
	EQ(0, dev_read(d, 0, 0, 2));
	clock_advance(c.clock, 500 * NS_PER_SEC);
	EQ(1, dev_read(d, 0, 0, 2)); /* 2^31 ticks: 599.9 s */
	domain_free(dom);
	clock_free(c.clock);
}

static unsigned port(struct domain *dom, uint16_t at, unsigned size)
{
	uint32_t v;

	OK(domain_in(dom, 0, at, size, &v));
	return v;
}

/* One read is one moment: were it cut into bytes, a carry between two would show as a step of 256
 * ticks forth and back. */
TEST(pmtimer_reads_whole)
{
	struct domain_config c = {.ram = 4096};
	unsigned last = 0, now, carries = 0;
	struct domain *dom;

	c.clock = clock_new(CLOCK_HOST);
	dom = domain_new(&c, NULL);
	MUST(dom);
	domain_pm_place(dom, BASE, true);
	clock_start(c.clock);
	while (carries < 400) {
		now = port(dom, TMR, 4);
		CHECK(now >= last);
		carries += now >> 8 != last >> 8;
		last = now;
	}
	domain_free(dom);
	clock_free(c.clock);
}

TEST(pmtimer_in_the_core)
{
	struct domain_config c = {.ram = 4096};
	struct domain *dom;

	c.clock = clock_new(CLOCK_MANUAL);
	dom = domain_new(&c, NULL);
	MUST(dom);
	EQ(0xffff, port(dom, STS, 2));
	domain_pm_place(dom, BASE, true);
	clock_advance(c.clock, NS_PER_SEC);
	EQ(HZ, port(dom, TMR, 4));
	domain_pm_event(dom, 0x100);
	EQ(0x100, port(dom, STS, 2));
	CHECK(!domain_pin(dom, 9));
	OK(domain_out(dom, 0, EN, 2, 0x100));
	CHECK(domain_pin(dom, 9));
	domain_reset(dom, HV_RESET_MACHINE);
	CHECK(!domain_pin(dom, 9));
	EQ(0xffff, port(dom, STS, 2));
	domain_free(dom);
	clock_free(c.clock);
}

LAW_OP("pm-timer", pmtimer_use)
{
	rig_write(r, PLACE, 0, 4, rig_rnd(r) % 4 ? BASE | 1 : 0xb001);
	rig_write(r, 0, 2, 2, rig_rnd(r));
	rig_run(r, (int64_t)(rig_rnd(r) % 3) * NS_PER_SEC);
	rig_write(r, EVENT, 0, 2, rig_rnd(r));
	rig_write(r, 0, 0, 2, rig_rnd(r));
}
