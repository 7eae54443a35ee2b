/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes, threads, memory and time. */
#include "selfcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Private pages part at the first write, shared ones stay one. */
static void check_fork(void)
{
	volatile int *shared =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static volatile int own[3000];
	int status, sum = 0;
	pid_t pids[8];

	WANT((void *)shared != MAP_FAILED);
	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			for (int k = 0; k < 3000; k += 300)
				own[k] += i + 1;
			shared[i] = own[2700];
			_exit(i + 10);
		}
	}
	for (int i = 0; i < 8; i++) {
		WANT(waitpid(pids[i], &status, 0) == pids[i]);
		WANT(WIFEXITED(status) && WEXITSTATUS(status) == i + 10);
		sum += shared[i];
	}
	WANT(sum == 36 && own[2700] == 0);
	munmap((void *)shared, 4096);
}

/* This program again, its words back through a pipe. */
static void check_exec(void)
{
	char text[64] = {0};
	int p[2], status, n = 0;
	ssize_t got;
	pid_t pid;

	WANT(!pipe(p));
	pid = fork();
	if (!pid) {
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execl("/proc/self/exe", "selfcheck", "echo", "through a pipe", NULL);
		_exit(1);
	}
	close(p[1]);
	while ((got = read(p[0], text + n, sizeof text - 1 - n)) > 0)
		n += got;
	close(p[0]);
	WANT(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	WANT(!strcmp(text, "through a pipe\n"));
}

enum { THREADS = 4, ROUNDS = 5000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static atomic_uint added, swapped;
static atomic_ullong wide;
static unsigned plain, turn;

static void *work(void *arg)
{
	unsigned old;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		atomic_fetch_add(&added, 1);
		old = atomic_load(&swapped);
		while (!atomic_compare_exchange_weak(&swapped, &old, old + 3))
			;
		atomic_fetch_add(&wide, 0x100000001);
		pthread_mutex_lock(&lock);
		plain++;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void *take_turns(void *arg)
{
	unsigned me = (uintptr_t)arg;

	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&lock);
		while (turn % 2 != me)
			pthread_cond_wait(&turned, &lock);
		turn++;
		pthread_cond_broadcast(&turned);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void check_threads(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		WANT(!pthread_create(&t[i], NULL, work, NULL));
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	WANT(added == THREADS * ROUNDS && swapped == 3 * THREADS * ROUNDS);
	WANT(plain == THREADS * ROUNDS && wide == 0x100000001 * THREADS * ROUNDS);
	for (uintptr_t i = 0; i < 2; i++)
		WANT(!pthread_create(&t[i], NULL, take_turns, (void *)i));
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	WANT(turn == 200);
}

/* Two flags, each raised before the other is looked at: both threads may see one up, or one may,
 * but never neither. */
static atomic_int up[2];
static pthread_barrier_t step;
static bool saw[2];

static void *raise_flag(void *arg)
{
	int me = (uintptr_t)arg;
	bool bad = false;

	for (int i = 1; i <= 200; i++) {
		pthread_barrier_wait(&step);
		atomic_store(&up[me], i);
		saw[me] = atomic_load(&up[!me]) == i;
		pthread_barrier_wait(&step);
		bad = bad || (!saw[0] && !saw[1]);
	}
	return bad ? "neither saw the other" : NULL;
}

static void check_order(void)
{
	pthread_t t[2];
	void *bad;

	pthread_barrier_init(&step, NULL, 2);
	for (uintptr_t i = 0; i < 2; i++)
		WANT(!pthread_create(&t[i], NULL, raise_flag, (void *)i));
	for (int i = 0; i < 2; i++) {
		pthread_join(t[i], &bad);
		WANT(!bad);
	}
	pthread_barrier_destroy(&step);
}

static void check_mmap(void)
{
	int fd = memfd_create("selfcheck", 0);
	char *a, *b, byte;

	WANT(fd >= 0 && !ftruncate(fd, 5 * 4096));
	a = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 3 * 4096);
	WANT(a != MAP_FAILED && b != MAP_FAILED);
	strcpy(a + 3 * 4096, "the same page");
	WANT(!strcmp(b, "the same page"));
	WANT(pread(fd, &byte, 1, 3 * 4096 + 4) == 1 && byte == 's');
	WANT(!mprotect(a, 4096, PROT_NONE) && !mprotect(a, 4096, PROT_READ) && a[0] == 0);
	WANT(!mprotect(a, 4096, PROT_READ | PROT_WRITE));
	a = mremap(a, 5 * 4096, 9 * 4096, MREMAP_MAYMOVE);
	WANT(a != MAP_FAILED && !strcmp(a + 3 * 4096, "the same page"));
	munmap(a, 9 * 4096);
	munmap(b, 4096);
	close(fd);
	/* 8 MiB that may come as large pages: zero, then as written. */
	a = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	WANT(a != MAP_FAILED);
	madvise(a, 8 << 20, MADV_HUGEPAGE);
	for (int i = 0; i < 8 << 20; i += 65536) {
		WANT(a[i + 17] == 0);
		a[i + 17] = i >> 16;
	}
	for (int i = 0; i < 8 << 20; i += 65536)
		WANT(a[i + 17] == (char)(i >> 16));
	munmap(a, 8 << 20);
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

/* Never backwards, also from one CPU to another; a sleep takes its time; years are plausible. */
static void check_clocks(void)
{
	struct timespec nap = {0, 20000000};
	int64_t last = 0, t, start, real;
	struct timeval tv;
	cpu_set_t all;

	sched_getaffinity(0, sizeof all, &all);
	for (int i = 0; i < 2000; i++) {
		if (i % 100 == 0)
			pin(i / 100 % sysconf(_SC_NPROCESSORS_ONLN));
		t = now(CLOCK_MONOTONIC);
		if (t < last)
			return fail("went back by %lld ns", (long long)(last - t));
		last = t;
	}
	sched_setaffinity(0, sizeof all, &all);
	start = now(CLOCK_MONOTONIC);
	real = now(CLOCK_REALTIME);
	nanosleep(&nap, NULL);
	t = now(CLOCK_MONOTONIC) - start;
	real = now(CLOCK_REALTIME) - real;
	if (t < 20000000 || t > 2000000000 || real - t > 100000000 || t - real > 100000000)
		fail("20 ms took %lld ns, by the other clock %lld", (long long)t, (long long)real);
	gettimeofday(&tv, NULL);
	WANT(tv.tv_sec > 1700000000 && (int64_t)tv.tv_sec < 4000000000);
	WANT(now(CLOCK_PROCESS_CPUTIME_ID) > 0 && time(NULL) - tv.tv_sec < 5);
}

const struct check system_checks[] = {
	{"fork", check_fork},
	{"exec and pipe", check_exec},
	{"threads", check_threads},
	{"store and load order", check_order},
	{"mmap", check_mmap},
	{"clocks", check_clocks},
	{0},
};
