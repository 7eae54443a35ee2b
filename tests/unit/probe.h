/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/probe.h: what an intruder would try from inside a jail. */
#ifndef TESTS_UNIT_PROBE_H
#define TESTS_UNIT_PROBE_H
#include "base/err.h"
#include "tests/test.h"

/* Each of the probes in a child that entered the jail, but those of these names (NULL-terminated,
 * or NULL), which the program lives by: refused, or the child killed by the kernel. Skips the test
 * where the host does not permit all of the jail. */
void probe_refused(int (*enter)(struct err *e), const char *const *but);
/* In such a child: 0, or the test fails. */
void probe_inside(int (*enter)(struct err *e), int (*then)(void));
int probe_open(void); /* of /etc/passwd, to read it */
#endif
