/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/now.h: for how long something has been waited for. */
#ifndef TOOLSTACK_NOW_H
#define TOOLSTACK_NOW_H
#include "base/util.h"

#include <stdint.h>
#include <time.h>

static inline int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / NS_PER_MS;
}
#endif
