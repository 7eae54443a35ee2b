/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc/kid.h: a process that this one has started and whose end it notices, by a pidfd on its loop.
 * For who looks after others: a supervisor, its broker.
 */
#ifndef PROC_KID_H
#define PROC_KID_H
#include "base/loop.h"
#include "proc/spawn.h"

#include <sys/types.h>

struct kid {
	const char *program; /* "hvm-core" */
	pid_t pid;           /* 0: not running */
	int pidfd;
	int status; /* wait's, of the last one */
	struct watch *watch;
	struct loop *loop;
	void (*ended)(void *arg, struct kid *k);
	void *arg;
};
/* Takes what is in s over; s->argv[0] is the program. < 0 and a sentence. */
int kid_start(struct kid *k, struct spawn *s, struct err *e);
void kid_signal(struct kid *k, int signal);
void kid_free(struct kid *k); /* kills it */
#endif
