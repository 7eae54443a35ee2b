/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/clock_page.h: a clock in memory that its owner shares with other processes:
 * CLOCK_MONOTONIC plus {offset, running} behind a sequence count. One writes, any
 * number read; a reader never waits for the writer, whatever it does there.
 */
#ifndef BASE_CLOCK_PAGE_H
#define BASE_CLOCK_PAGE_H
#include <stdbool.h>
#include <stdint.h>

/* Most a follower ever shows, 146 years: a deadline computed from it still fits. */
#define CLOCK_MOST (INT64_MAX / 2)

struct clock_page {
	uint32_t seq;     /* odd: being written */
	uint32_t running; /* bool */
	int64_t offset;   /* running: time = CLOCK_MONOTONIC + offset; else it is the time */
};
struct clock_reading {
	bool running;
	int64_t offset;
};

void clock_page_write(struct clock_page *p, bool running, int64_t offset);
/* False, *r untouched: it was being written each time of a bounded number of tries. */
bool clock_page_read(const struct clock_page *p, struct clock_reading *r);
/* Moves with each write. */
uint32_t clock_page_seq(const struct clock_page *p);
/* The time that a reading shows at `monotonic`, 0 … CLOCK_MOST. */
int64_t clock_page_time(const struct clock_reading *r, int64_t monotonic);
#endif
