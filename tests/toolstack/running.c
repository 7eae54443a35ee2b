/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/running.c: threads that are called as hvm-core's are, in this process. */
#include "toolstack/running.h"

#include "tests/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static atomic_bool stop;

static void *spin(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "vcpu1");
	while (!stop)
		;
	return NULL;
}

static void *rest(void *arg)
{
	pthread_setname_np(pthread_self(), arg);
	while (!stop)
		poll(NULL, 0, 100);
	return NULL;
}

TEST(vcpus_are_threads)
{
	struct running_vcpu v[3];
	pthread_t t[3];
	unsigned turns = 0, n;

	MUST(!pthread_create(&t[0], NULL, rest, (void *)"vcpu0"));
	MUST(!pthread_create(&t[1], NULL, spin, NULL));
	MUST(!pthread_create(&t[2], NULL, rest, (void *)"odd (vcpu2"));
	do { /* one that rests may be waiting for a processor just now */
		poll(NULL, 0, 10);
		n = running_vcpus(getpid(), v, 3);
	} while ((n != 2 || v[1].seconds < 0.05 || v[0].runs) && ++turns < 1000);
	EQ(2, n);
	CHECK(v[1].seconds >= 0.05 && v[1].seconds < 20);
	CHECK(v[1].runs);
	CHECK(v[0].seconds < v[1].seconds);
	CHECK(!v[0].runs);
	CHECK(v[0].cpu >= 0 && v[0].cpu < sysconf(_SC_NPROCESSORS_CONF));
	EQ(0, v[2].cpu);
	EQ(1, running_vcpus(getpid(), v, 1)); /* there is room for the first alone */
	stop = true;
	for (unsigned i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	EQ(0, running_vcpus(getpid(), v, 3));
	EQ(0, running_vcpus(0, v, 3));
}
