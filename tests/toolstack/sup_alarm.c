/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A supervisor's timer. */
#include "toolstack/supervisor/sup.h"

#include "tests/test.h"

#include <stdio.h>

static void rang(void *arg)
{
	++*(unsigned *)arg;
}

TEST(an_alarm)
{
	struct loop *l = loop_new(NULL);
	struct alarm_clock a;
	unsigned n = 0;

	OK(alarm_new(&a, l, rang, &n, NULL));
	CHECK(!alarm_is_set(&a));
	alarm_set(&a, 100000);
	CHECK(alarm_is_set(&a));
	EQ(0, loop_step(l, 0));
	alarm_set(&a, 1); /* in the other's place */
	EQ(1, loop_step(l, 10000));
	EQ(1, n);
	CHECK(!alarm_is_set(&a));
	EQ(0, loop_step(l, 5)); /* once */
	alarm_set(&a, 1);
	alarm_set(&a, 0);
	EQ(0, loop_step(l, 5));
	EQ(1, n);
	alarm_free(&a);
	loop_free(l);
}
