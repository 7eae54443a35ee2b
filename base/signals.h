/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/signals.h: the signals by which people and service managers end a process. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H
#include "base/err.h"
#include "base/loop.h"

/* fn(arg) on SIGTERM, SIGINT and SIGHUP, in the loop's turn; before threads are started. The watch
 * is freed with the loop. < 0 and a sentence. */
int signals_watch(struct loop *l, void (*fn)(void *arg), void *arg, struct err *e);
#endif
