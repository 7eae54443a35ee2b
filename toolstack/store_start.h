/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store_start.h: the store that the guests of one run directory share. */
#ifndef TOOLSTACK_STORE_START_H
#define TOOLSTACK_STORE_START_H
#include "toolstack/xs.h"

#define STORE_START_MS 10000 /* at most, for all of it */
#define STORE_LINGER   "10"  /* seconds for which it stays without a client */

/* Connects to RUNDIR/store/socket, and starts hvm-store there when nobody serves it: a process of
 * its own that outlives this one and ends by itself some time after the last guest. Any number may
 * do so at once. log: the file that takes what it says (appended); NULL: nowhere.
 * $XENSTORED_PATH, when it is set, is where the user wants the store to be: nothing is started.
 * NULL and a sentence on failure. */
struct xs *store_start(const char *rundir, const char *log, struct err *e);
#endif
