/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/loop.h"
#include "base/util.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static int64_t host_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static struct loop *loop;
static struct watch *w[2];
static int calls[2];

static void on_0(void *arg, uint32_t events)
{
	calls[0]++;
	CHECK(events & (EPOLLIN | EPOLLHUP));
	if (arg)
		watch_free(*(struct watch **)arg);
}

static void on_1(void *arg, uint32_t events)
{
	(void)events;
	calls[1]++;
	if (arg)
		watch_free(*(struct watch **)arg);
}

TEST(readable_paused_and_freed)
{
	int fd[2];

	loop = loop_new(NULL);
	MUST(!pipe(fd));
	w[0] = loop_watch(loop, fd[0], EPOLLIN, on_0, NULL);
	EQ(0, loop_step(loop, 0));
	MUST(write(fd[1], "x", 1) == 1);
	EQ(1, loop_step(loop, -1));
	EQ(1, loop_step(loop, -1)); /* level-triggered */
	watch_events(w[0], 0);
	EQ(0, loop_step(loop, 0));
	close(fd[1]); /* nor does a hangup reach a paused watch */
	EQ(0, loop_step(loop, 0));
	watch_events(w[0], EPOLLIN);
	EQ(1, loop_step(loop, 0));
	EQ(3, calls[0]);
	watch_free(w[0]);
	watch_free(NULL);
	EQ(0, loop_step(loop, 0));
	close(fd[0]);
	loop_free(loop);
}

TEST(watch_starts_paused)
{
	int fd[2];

	loop = loop_new(NULL);
	MUST(!pipe(fd));
	MUST(write(fd[1], "x", 1) == 1);
	w[0] = loop_watch(loop, fd[0], 0, on_0, NULL);
	EQ(0, loop_step(loop, 0));
	watch_events(w[0], EPOLLIN);
	EQ(1, loop_step(loop, 0));
	CHECK(!loop_watch(loop, -1, EPOLLIN, on_0, NULL));
	loop_free(loop); /* takes w[0] along, leaves the fds */
	EQ(0, close(fd[0]));
	EQ(0, close(fd[1]));
}

/* Both are ready in one batch; the first that runs frees the other, whichever it is. */
TEST(free_one_pending_in_the_same_batch)
{
	int a[2], b[2];

	loop = loop_new(NULL);
	MUST(!pipe(a) && !pipe(b));
	MUST(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
	w[0] = loop_watch(loop, a[0], EPOLLIN, on_0, &w[1]);
	w[1] = loop_watch(loop, b[0], EPOLLIN, on_1, &w[0]);
	EQ(1, loop_step(loop, 0));
	EQ(1, calls[0] + calls[1]);
	loop_free(loop);
}

TEST(free_itself)
{
	int a[2];

	loop = loop_new(NULL);
	MUST(!pipe(a));
	MUST(write(a[1], "x", 1) == 1);
	w[0] = loop_watch(loop, a[0], EPOLLIN, on_0, &w[0]);
	EQ(1, loop_step(loop, 0));
	EQ(0, loop_step(loop, 0));
	loop_free(loop);
}

static char order[64];
static struct defer da, db, dc;

static void defer_a(void *arg)
{
	strcat(order, "a");
	loop_defer(loop, &da); /* for the next turn, not this one */
	loop_undefer(loop, &dc);
	(void)arg;
}

static void defer_text(void *arg)
{
	strcat(order, arg);
}

TEST(defers)
{
	loop = loop_new(NULL);
	da.fn = defer_a;
	db = (struct defer){.fn = defer_text, .arg = "b"};
	dc = (struct defer){.fn = defer_text, .arg = "c"};
	loop_defer(loop, &da);
	loop_defer(loop, &db);
	loop_defer(loop, &db);
	loop_defer(loop, &dc);
	EQ(2, loop_step(loop, -1)); /* -1: does not sleep over them */
	EQS("ab", order);
	loop_step(loop, -1);
	EQS("aba", order);
	loop_undefer(loop, &da);
	loop_undefer(loop, &da);
	EQ(0, loop_step(loop, 0));
	loop_free(loop);
}

static void nested(void *arg)
{
	(void)arg;
	strcat(order, "n");
	loop_step(loop, 0);
	strcat(order, "m");
}

TEST(a_turn_inside_a_callback)
{
	loop = loop_new(NULL);
	da = (struct defer){.fn = nested};
	db = (struct defer){.fn = defer_text, .arg = "b"};
	loop_defer(loop, &da);
	loop_defer(loop, &db);
	loop_step(loop, 0);
	EQS("nbm", order);
	loop_free(loop);
}

enum { THREADS = 4, POSTS = 2000 };
static struct post posts[THREADS][POSTS];
static unsigned posted, held;
static pthread_t main_thread;
static int next_of[THREADS];

static void post_ran(void *arg)
{
	long i = (long)arg;

	CHECK(pthread_equal(pthread_self(), main_thread));
	EQ(next_of[i / POSTS]++, i % POSTS); /* in each thread's order */
	posted++;
}

static void *poster(void *arg)
{
	long t = (long)arg;

	for (long i = 0; i < POSTS; i++) {
		posts[t][i] = (struct post){.fn = post_ran, .arg = (void *)(t * POSTS + i)};
		loop_post(loop, &posts[t][i]);
	}
	return NULL;
}

TEST(posts_from_threads)
{
	pthread_t t[THREADS];

	main_thread = pthread_self();
	loop = loop_new(NULL);
	for (long i = 0; i < THREADS; i++)
		MUST(!pthread_create(&t[i], NULL, poster, (void *)i));
	while (posted < THREADS * POSTS)
		MUST(loop_step(loop, 5000) > 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	EQ(THREADS * POSTS, posted);
	loop_free(loop);
}

static void quit_now(void *arg)
{
	(void)arg;
	CHECK(held);
	loop_quit(loop, 7);
}

TEST(clock_timers_run_from_the_loop)
{
	struct clock *c = clock_new(CLOCK_HOST), *manual = clock_new(CLOCK_MANUAL);
	struct timer t = {.fn = quit_now}, m = {.fn = quit_now};
	int64_t start;

	held = 1;
	loop = loop_new(NULL);
	OK(loop_clock(loop, c, NULL));
	OK(loop_clock(loop, manual, NULL));
	timer_arm(manual, &m, 0);
	timer_arm(c, &t, 20 * NS_PER_MS);
	EQ(0, loop_step(loop, 30)); /* stopped: nothing fires */
	start = host_now();
	clock_start(c);
	EQ(7, loop_run(loop));
	CHECK(host_now() - start >= 20 * NS_PER_MS);
	CHECK(clock_now(c) >= 20 * NS_PER_MS);
	timer_arm(c, &t, clock_now(c) + 5 * NS_PER_MS);
	timer_disarm(c, &t);
	EQ(0, loop_step(loop, 15)); /* nor does a cancelled timer wake it up */
	timer_arm(c, &t, INT64_MAX);
	EQ(0, loop_step(loop, 0));
	clock_free(c); /* either may go first */
	loop_free(loop);
	clock_free(manual);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct clock *shared;
static struct timer shared_timer = {.fn = quit_now};

static void take(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&mutex);
	held++;
}

static void give(void *arg)
{
	(void)arg;
	held--;
	pthread_mutex_unlock(&mutex);
}

static void *vcpu(void *arg)
{
	usleep(20000); /* by now the loop sleeps, with nothing to wake it */
	take(NULL);
	EQ(1, held);
	if (arg)
		loop_defer(loop, arg);
	else
		timer_arm(shared, &shared_timer, 0);
	give(NULL);
	return NULL;
}

TEST(holder_of_the_lock_reaches_a_sleeping_loop)
{
	pthread_t t;

	loop = loop_new(NULL);
	shared = clock_new(CLOCK_HOST);
	clock_start(shared);
	OK(loop_clock(loop, shared, NULL));
	loop_lock_hooks(loop, take, give, NULL);
	MUST(!pthread_create(&t, NULL, vcpu, NULL));
	EQ(7, loop_run(loop));
	EQ(0, held);
	pthread_join(t, NULL);
	da = (struct defer){.fn = quit_now};
	MUST(!pthread_create(&t, NULL, vcpu, &da));
	EQ(7, loop_run(loop));
	pthread_join(t, NULL);
	EQ(0, held);
	loop_free(loop);
	clock_free(shared);
}
