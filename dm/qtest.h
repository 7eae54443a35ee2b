/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qtest.h: QEMU's line protocol for tests: they read and write ports and
 * memory, move the virtual clock and watch interrupt pins, in place of a CPU.
 */
#ifndef DM_QTEST_H
#define DM_QTEST_H
#include "dm/machine.h"

/* spec: "unix:PATH[,server=on|off]", another short stream, or "chardev:ID". log: a file that gets
 * what is said, "none" or NULL for nowhere. */
int qtest_open(struct machine *m, const char *spec, const char *log, struct err *e);
void qtest_close(struct machine *m); /* none open is fine */

/* For tests of the protocol itself: as if these bytes had come from the stream, answers to fn. */
struct qtest *qtest_new(struct machine *m, void (*reply)(void *arg, const char *text, size_t len),
			void *arg);
void qtest_feed(struct qtest *q, const char *bytes, size_t len);
void qtest_free(struct qtest *q);
#endif
