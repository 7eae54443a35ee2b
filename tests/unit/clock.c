/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"
#include "base/util.h"
#include "tests/test.h"

#include <pthread.h>
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

static void one_more(void *arg)
{
	++*(unsigned *)arg;
}

static void changed(void *arg, bool gone)
{
	(void)gone;
	one_more(arg);
}

TEST(who_keeps_it_is_told_and_the_loop_is_later)
{
	struct clock *c = clock_new(CLOCK_HOST);
	struct timer t = {.fn = one_more}, u = {.fn = one_more};
	unsigned told = 0, loop = 0;
	int64_t at;

	t.arg = u.arg = &told;
	clock_hook(c, changed, &loop);
	clock_start(c);
	timer_arm(c, &t, NS_PER_SEC);
	at = clock_wake(c);
	loop = 0;
	clock_keep(c, 5000, one_more, &told);
	EQ(at + 5000, clock_wake(c));
	EQ(0, told);
	EQ(1, loop);
	timer_arm(c, &u, 2 * NS_PER_SEC); /* not the next */
	EQ(0, told);
	timer_arm(c, &u, NS_PER_SEC - 7);
	EQ(1, told);
	EQ(2, loop);
	EQ(at - 7 + 5000, clock_wake(c));
	clock_keep(c, 0, NULL, NULL);
	clock_keep(c, 0, NULL, NULL);
	EQ(3, loop);
	EQ(at - 7, clock_wake(c));
	timer_disarm(c, &u);
	EQ(1, told);
	clock_keep(c, INT64_MAX, NULL, NULL);
	EQ(INT64_MAX, clock_wake(c));
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

/* ---- published and followed ---- */

TEST(follower_shows_what_the_owner_publishes)
{
	struct clock *o = clock_new(CLOCK_HOST), *f = clock_new(CLOCK_FOLLOWER);
	struct clock_page page = {0};
	int64_t before, t;

	EQ(0, clock_now(f));
	clock_restore(o, 7);
	clock_publish(o, &page, NULL, NULL);
	clock_follow(f, &page);
	EQ(7, clock_now(f));
	clock_start(f); /* not its to start */
	EQ(7, clock_now(f));
	clock_start(o);
	clock_stop(f); /* … nor to stop */
	for (unsigned i = 0; i < 1000; i++) {
		before = clock_now(o);
		t = clock_now(f);
		CHECK(before <= t && t <= clock_now(o));
	}
	clock_stop(o);
	t = clock_now(o);
	EQ(t, clock_now(f));
	clock_restore(o, 500 * NS_PER_SEC);
	EQ(500 * NS_PER_SEC, clock_now(f));
	clock_follow(f, NULL);
	clock_restore(o, 600 * NS_PER_SEC);
	EQ(500 * NS_PER_SEC, clock_now(f));
	clock_free(f);
	clock_free(o);
}

TEST(follower_of_a_manual_clock)
{
	struct clock *o = clock_new(CLOCK_MANUAL), *f = clock_new(CLOCK_FOLLOWER);
	struct clock_page page = {0};

	now_of = f;
	clock_publish(o, &page, NULL, NULL);
	clock_follow(f, &page);
	struct timer t = {.fn = note, .arg = "t"};
	timer_arm(o, &t, 40); /* looks at f when it fires on o */
	clock_set(o, 100);
	EQ(40, fired_at);
	EQ(100, clock_now(f));
	clock_publish(o, NULL, NULL, NULL);
	clock_set(o, 200);
	EQ(100, clock_now(f));
	clock_free(f);
	clock_free(o);
}

TEST(a_follower_goes_back_only_when_it_accepts_to)
{
	struct clock *f = clock_new(CLOCK_FOLLOWER);
	struct clock_page page = {0};

	clock_page_write(&page, false, 1000);
	clock_follow(f, &page);
	EQ(1000, clock_now(f));
	clock_page_write(&page, false, 400);
	EQ(1000, clock_now(f));
	clock_restore(f, 400);
	EQ(400, clock_now(f));
	clock_page_write(&page, false, 399);
	EQ(400, clock_now(f));
	clock_free(f);
}

TEST(follower_timers_wait_for_the_page)
{
	struct clock *f = now_of = clock_new(CLOCK_FOLLOWER);
	struct timer t = {.fn = note, .arg = "t"}, u = {.fn = note, .arg = "u"};
	struct clock_page page = {0};

	clock_follow(f, &page);
	EQ(INT64_MAX, clock_wake(f));
	timer_arm(f, &t, 50);
	EQ(INT64_MAX, clock_wake(f)); /* stopped */
	clock_page_write(&page, true, -1000);
	EQ(1050, clock_wake(f));
	clock_page_write(&page, true, INT64_MIN);
	EQ(INT64_MAX, clock_wake(f));
	clock_page_write(&page, true, INT64_MAX);
	CHECK(clock_wake(f) <= 0);
	clock_run(f);
	EQS("t", fired);
	EQ(CLOCK_MOST, fired_at);
	clock_page_write(&page, true, 0);
	timer_arm(f, &u, CLOCK_MOST); /* come already, by what was shown */
	EQ(0, clock_wake(f));
	timer_arm(f, &u, CLOCK_MOST + 1); /* never comes: no reason to wake up */
	EQ(INT64_MAX, clock_wake(f));
	clock_page_write(&page, true, INT64_MAX);
	EQ(INT64_MAX, clock_wake(f));
	clock_free(f);
}

TEST(hostile_pages)
{
	static const int64_t offsets[] = {
		INT64_MIN,       INT64_MIN + 1, -1, 0, 1, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX,
		-CLOCK_MOST - 1, CLOCK_MOST + 1};
	struct clock *f = clock_new(CLOCK_FOLLOWER);
	struct clock_page page = {0};
	uint32_t r = 1;

	clock_follow(f, &page);
	for (unsigned i = 0; i < 20000; i++) {
		int64_t was = clock_now(f), t;

		r = r * 1664525 + 1013904223;
		page.seq = r >> 8;
		page.running = r >> 4;
		page.offset = offsets[(r >> 16) % ARRAY_SIZE(offsets)];
		if (r >> 28 == 0)
			clock_restore(f, 0), was = 0;
		t = clock_now(f);
		CHECK(t >= was && t <= CLOCK_MOST);
	}
	clock_free(f);
}

TEST(a_page_torn_for_ever_leaves_the_last_reading)
{
	struct clock *f = clock_new(CLOCK_FOLLOWER);
	struct clock_page page = {0};
	struct clock_reading r = {true, 5};

	clock_page_write(&page, false, 70);
	clock_follow(f, &page);
	EQ(70, clock_now(f));
	page.seq |= 1;
	page.offset = 90;
	CHECK(!clock_page_read(&page, &r));
	CHECK(r.running);
	EQ(5, r.offset);
	EQ(70, clock_now(f));
	clock_page_write(&page, false, 91); /* its writer comes back */
	EQ(91, clock_now(f));
	EQ(0, clock_page_seq(&page) & 1);
	clock_free(f);
}

enum { READERS = 4, SEEN = 2000, WRITES = 4000000 };
static struct clock_page shared;
static int writing = 1;
static unsigned seen, torn, backwards, failed;

static void count_up(unsigned *n)
{
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
}

static void *reader(void *arg)
{
	struct clock_reading r = {false, 0};
	int64_t was = 0;
	bool more;

	do {
		more = __atomic_load_n(&writing, __ATOMIC_ACQUIRE);
		if (!clock_page_read(&shared, &r)) {
			if (!more) /* nobody is in the way now */
				count_up(&failed);
			continue;
		}
		if (r.running != (r.offset & 1))
			count_up(&torn);
		if (r.offset < was)
			count_up(&backwards);
		if (r.offset > was)
			count_up(&seen);
		was = r.offset;
	} while (more);
	*(int64_t *)arg = r.offset;
	return NULL;
}

/* Until enough of its writes were seen, or so many were made that the readers got no CPU. */
TEST(many_readers_against_a_writer)
{
	pthread_t t[READERS];
	int64_t end[READERS], n = 0;

	for (unsigned i = 0; i < READERS; i++)
		MUST(!pthread_create(&t[i], NULL, reader, &end[i]));
	while (n < WRITES && __atomic_load_n(&seen, __ATOMIC_RELAXED) < SEEN) {
		n++;
		clock_page_write(&shared, n & 1, n);
	}
	__atomic_store_n(&writing, 0, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(t[i], NULL);
		EQ(n, end[i]);
	}
	CHECK(seen > 0);
	EQ(0, torn);
	EQ(0, backwards);
	EQ(0, failed);
}
