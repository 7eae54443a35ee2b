/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"
#include "base/util.h"
#include "tests/test.h"

#include <stdio.h>
#include <unistd.h>

static struct clock *now_of;
static char fired[256];
static int64_t fired_at;

static void note(void *arg)
{
	strcat(fired, arg);
	fired_at = clock_now(now_of);
}

TEST(deadline_order_then_arming_order)
{
	struct clock *c = now_of = clock_new(CLOCK_MANUAL);
	struct timer a = {.fn = note, .arg = "a"}, b = {.fn = note, .arg = "b"};
	struct timer x = {.fn = note, .arg = "x"}, y = {.fn = note, .arg = "y"};

	EQ(INT64_MAX, clock_next(c));
	timer_arm(c, &b, 20);
	timer_arm(c, &a, 10);
	timer_arm(c, &x, 20);
	timer_arm(c, &y, 30);
	timer_arm(c, &b, 20); /* set again: now after x */
	EQ(10, clock_next(c));
	clock_set(c, 19);
	EQS("a", fired);
	EQ(10, fired_at);
	EQ(19, clock_now(c));
	EQ(-1, a.deadline);
	clock_advance(c, 1);
	EQS("axb", fired);
	timer_disarm(c, &y);
	clock_advance(c, 100);
	EQS("axb", fired);
	clock_free(c);
}

static void again(void *arg)
{
	struct timer *t = arg;

	note("p");
	if (strlen(fired) < 5)
		timer_arm(now_of, t, clock_now(now_of) + 10);
}

TEST(periodic_in_one_step)
{
	struct clock *c = now_of = clock_new(CLOCK_MANUAL);
	struct timer t = {.fn = again, .arg = &t};

	timer_arm(c, &t, 10);
	clock_set(c, 1000);
	EQS("ppppp", fired);
	EQ(50, fired_at);
	EQ(1000, clock_now(c));
	clock_set(c, 10); /* manual clocks do not run backwards */
	EQ(1000, clock_now(c));
	clock_restore(c, 10);
	EQ(10, clock_now(c));
	clock_free(c);
}

TEST(past_deadline_fires_at_next_run)
{
	struct clock *c = now_of = clock_new(CLOCK_MANUAL);
	struct timer t = {.fn = note, .arg = "t"};

	clock_set(c, 100);
	timer_arm(c, &t, 0);
	EQS("", fired);
	clock_run(c);
	EQS("t", fired);
	EQ(100, fired_at);
	clock_free(c);
}

TEST(free_drops_pending)
{
	struct clock *c = clock_new(CLOCK_MANUAL);
	struct timer t = {.fn = note, .arg = "t"};

	timer_arm(c, &t, 5);
	clock_free(c);
	EQ(0, t.pos);
	EQ(-1, t.deadline);
	clock_free(NULL);
}

enum { MANY = 256 };
static int64_t last;
static unsigned count;

static void ordered(void *arg)
{
	(void)arg;
	CHECK(clock_now(now_of) >= last);
	last = clock_now(now_of);
	count++;
}

TEST(heap_keeps_order_under_random_use)
{
	static struct timer t[MANY];
	struct clock *c = now_of = clock_new(CLOCK_MANUAL);
	unsigned armed = 0;
	uint32_t r = 1;

	for (unsigned i = 0; i < 20 * MANY; i++) {
		struct timer *p;

		r = r * 1664525 + 1013904223;
		p = &t[r >> 8 & 0xff];
		p->fn = ordered;
		timer_arm(c, p, r >> 16 & 1 ? -1 : (int64_t)(r >> 17));
	}
	for (unsigned i = 0; i < MANY; i++) {
		if (t[i].pos) {
			armed++;
			CHECK(t[i].deadline >= clock_next(c));
		}
	}
	clock_set(c, 1 << 20);
	CHECK(armed > 50);
	EQ(armed, count);
	EQ(INT64_MAX, clock_next(c));
	clock_free(c);
}

TEST(host_clock_stands_still_while_stopped)
{
	struct clock *c = clock_new(CLOCK_HOST);
	int64_t t;

	EQ(0, clock_now(c));
	usleep(1000);
	EQ(0, clock_now(c));
	clock_start(c);
	clock_start(c);
	usleep(2000);
	clock_stop(c);
	t = clock_now(c);
	CHECK(t >= 2 * NS_PER_MS);
	usleep(1000);
	EQ(t, clock_now(c));
	clock_restore(c, 5);
	EQ(5, clock_now(c));
	clock_start(c);
	clock_restore(c, 1000 * NS_PER_SEC);
	CHECK(clock_now(c) >= 1000 * NS_PER_SEC);
	CHECK(clock_now(c) < 1100 * NS_PER_SEC);
	clock_free(c);
}

TEST(advance_does_not_overflow)
{
	struct clock *c = clock_new(CLOCK_MANUAL);

	clock_set(c, 100);
	clock_advance(c, INT64_MAX);
	EQ(INT64_MAX, clock_now(c));
	clock_free(c);
}
