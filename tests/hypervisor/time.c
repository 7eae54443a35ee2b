/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's time as a device model in another process sees it. */
#include "tests/hypervisor/rig.h"

#include <time.h>

struct follower {
	struct rig *r;
	struct clock *clock;
	struct timer timer;
	int64_t arm;      /* deadline for arm_fn */
	int64_t now;      /* of now_fn */
	int64_t fired_at; /* what clock_now said */
	unsigned fired;
};

static void fired_fn(void *arg)
{
	struct follower *f = arg;

	f->fired_at = clock_now(f->clock);
	__atomic_add_fetch(&f->fired, 1, __ATOMIC_RELEASE);
}

static void follow_fn(struct rig *r, void *arg)
{
	struct follower *f = arg;

	OK(loop_clock(r->loop, f->clock, NULL));
	OK(r->hv->ops->follow(r->hv, f->clock));
}

static void now_fn(struct rig *r, void *arg)
{
	struct follower *f = arg;

	(void)r;
	f->now = clock_now(f->clock);
}

static void arm_fn(struct rig *r, void *arg)
{
	struct follower *f = arg;

	(void)r;
	timer_arm(f->clock, &f->timer, f->arm);
}

static void quiesce_fn(struct rig *r, void *arg)
{
	OK(r->hv->ops->quiesce(r->hv, *(bool *)arg));
}

static struct follower *follower_new(void)
{
	struct follower *f = calloc(1, sizeof(*f));

	MUST(f);
	f->r = rig_start(RIG_REMOTE, 1);
	f->r->test = f;
	f->clock = clock_new(CLOCK_FOLLOWER);
	f->timer = (struct timer){.fn = fired_fn, .arg = f};
	rig_do(f->r, follow_fn, f);
	return f;
}

static void follower_free(struct follower *f)
{
	rig_stop(f->r);
	clock_free(f->clock);
	free(f);
}

static int64_t its_now(struct follower *f)
{
	rig_do(f->r, now_fn, f);
	return f->now;
}

static int64_t core_now(struct follower *f)
{
	int64_t t;

	domain_lock(f->r->dom);
	t = clock_now(domain_clock(f->r->dom));
	domain_unlock(f->r->dom);
	return t;
}

static void arm(struct follower *f, int64_t deadline)
{
	f->arm = deadline;
	rig_do(f->r, arm_fn, f);
}

/* By the core itself, as a toolstack has it done. */
static void core_runs(struct follower *f, bool on)
{
	domain_lock(f->r->dom);
	if (on)
		domain_resume(f->r->dom);
	else
		domain_pause(f->r->dom);
	domain_unlock(f->r->dom);
}

static void core_restore(struct follower *f, int64_t to)
{
	domain_lock(f->r->dom);
	clock_restore(domain_clock(f->r->dom), to);
	domain_unlock(f->r->dom);
}

static void quiesce(struct follower *f, bool stop)
{
	rig_do(f->r, quiesce_fn, &stop);
}

static bool has_fired(struct rig *r)
{
	return __atomic_load_n(&((struct follower *)r->test)->fired, __ATOMIC_ACQUIRE);
}

/* Time enough to go wrong; whether it comes when it should is another test's. */
static void a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 20 * NS_PER_MS}, NULL);
}

TEST(one_time_on_both_sides)
{
	struct follower *f = follower_new();

	EQ(0, its_now(f));
	quiesce(f, false);
	for (unsigned i = 0; i < 50; i++) {
		int64_t before = core_now(f), t = its_now(f);

		CHECK(before <= t && t <= core_now(f));
	}
	follower_free(f);
}

TEST(both_stand_while_paused)
{
	struct follower *f = follower_new();
	int64_t t;

	for (unsigned i = 0; i < 4; i++) {
		NOTE("%u", i);
		quiesce(f, false);
		a_moment();
		if (i & 1)
			core_runs(f, false);
		else
			quiesce(f, true);
		t = core_now(f);
		CHECK(t > 0);
		EQ(t, its_now(f));
		a_moment();
		EQ(t, its_now(f));
		EQ(t, core_now(f));
	}
	follower_free(f);
}

TEST(timers_fire_after_resume_and_not_before)
{
	struct follower *f = follower_new();

	arm(f, 1);
	a_moment();
	EQ(0, f->fired);
	core_runs(f, true); /* the device model sleeps: only the bell can tell */
	CHECK(rig_wait(f->r, has_fired));
	CHECK(f->fired_at >= 1);
	follower_free(f);
}

TEST(timers_do_not_fire_once_stopped)
{
	struct follower *f = follower_new();
	int64_t deadline;

	core_runs(f, true);
	deadline = core_now(f) + 3600 * NS_PER_SEC;
	arm(f, deadline);
	core_runs(f, false);
	core_restore(f, deadline - NS_PER_MS); /* due in a moment, if time went on */
	a_moment();
	EQ(0, f->fired);
	EQ(deadline - NS_PER_MS, its_now(f));
	core_runs(f, true);
	CHECK(rig_wait(f->r, has_fired));
	CHECK(f->fired_at >= deadline);
	follower_free(f);
}

TEST(a_restored_clock_moves_the_timers)
{
	struct follower *f = follower_new();

	core_runs(f, true);
	arm(f, 3600 * NS_PER_SEC);
	core_restore(f, 3600 * NS_PER_SEC);
	CHECK(rig_wait(f->r, has_fired));
	EQ(1, f->fired);
	follower_free(f);
}

/* The domain's time is not the device model's to keep: the next one finds it. */
TEST(time_outlives_the_device_model)
{
	struct follower *f = follower_new();

	core_restore(f, 1234);
	EQ(1234, its_now(f));
	rig_dm_close(f->r);
	core_restore(f, 5678);
	EQ(1234, clock_now(f->clock)); /* stands still where it was */
	rig_dm_open(f->r);
	rig_do(f->r, follow_fn, f);
	EQ(5678, its_now(f));
	follower_free(f);
}

/* A machine's clock, as an embedded core gets it, is stopped by the machine alone. */
TEST(a_clock_that_was_lent_runs_on)
{
	struct clock *c = clock_new(CLOCK_HOST);
	struct domain_config config = {.ram = 4096, .clock = c};
	struct domain *dom = domain_new(&config, NULL);

	MUST(dom);
	domain_lock(dom);
	domain_resume(dom);
	CHECK(!clock_running(c));
	clock_start(c);
	domain_pause(dom);
	CHECK(clock_running(c));
	domain_unlock(dom);
	domain_free(dom);
	clock_free(c);
}
