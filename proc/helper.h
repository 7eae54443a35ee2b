/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc/helper.h: a process that works for this one in a jail of its own: started with descriptors
 * by number, heard over a packet socket (its control socket), and started again when it ends.
 *
 * A helper is taken for hostile: what it says is copied once and bounded, its death is said once,
 * and it dies with us. It begins with "READY 1", or "ERROR sentence" and its end: the first time
 * that is waited for, 10 s at most; later nobody waits. One that lived for a second is started
 * again at once; one that did not after a second, the next one after two, and so on to 32.
 */
#ifndef PROC_HELPER_H
#define PROC_HELPER_H
#include "base/err.h"
#include "base/loop.h"
#include "proc/spawn.h"

#define HELPER_READY   "READY 1"
#define HELPER_ERROR   "ERROR "
#define HELPER_MESSAGE 16384 /* of the control socket, at most */

struct helper;
struct helper_ops {
	const char *program;   /* "hvm-nat" */
	const char *not_built; /* why it cannot be there; NULL: it should be */
	const char *advice; /* behind the sentence that it is not there: " (or …)"; NULL: none */
	/* Adds what it is started with beside -control, at each start. */
	int (*prepare)(void *arg, struct spawn *s, struct err *e);
	/* It runs and can be sent to, though nobody has heard of it yet. */
	int (*started)(void *arg, struct helper *h, struct err *e);
	/* It has ended, and what was its alone goes too. Also when prepare or started failed. */
	void (*ended)(void *arg);
	/* A message that nobody waits for, and two descriptors (-1: none), which it takes over if
	 * it returns true. False: nonsense; the helper is ended. NULL: any is nonsense. */
	bool (*said)(void *arg, const char *text, const int fds[2]);
};

/* Starts it and waits till it is ready. who: the beginning of what is logged, copied. The others
 * but e outlive it. NULL and a sentence on failure. */
struct helper *helper_open(const struct helper_ops *ops, void *arg, const char *who, struct loop *l,
			   struct err *e);
void helper_free(struct helper *h); /* ends it; NULL is fine */
/* For who finds it gone by another socket: ends it, and starts it again when that is due. */
void helper_gone(struct helper *h);

int helper_send(struct helper *h, const char *text); /* < 0: nobody listens */
/* Sends it and waits for "OK text" or "ERROR sentence", 2 s at most; answer: all of the former. */
int helper_ask(struct helper *h, const char *question, char *answer, size_t size, struct err *e);
#endif
