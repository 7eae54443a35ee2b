/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proc/child.h: the main of a helper process: its options, the descriptors it was handed, and the
 * control socket to whoever started it (proc/helper.h). Files of a helper's own only.
 */
#ifndef PROC_CHILD_H
#define PROC_CHILD_H
#include "base/err.h"
#include "jail/jail.h"

#include <stddef.h>

enum child_kind {
	CHILD_FD,     /* "-name fd=N", needed; to: int, -1 before */
	CHILD_FD_MAY, /* the same, but it may be missing */
	CHILD_TEXT,   /* "-name TEXT"; to: const char * */
	CHILD_FLAG,   /* "-name"; to: bool */
};
struct child_option {
	const char *name; /* "-frames" */
	enum child_kind kind;
	void *to;
};
struct child {
	const char *name;                   /* "hvm-nat" */
	const char *help;                   /* the lines of its own options */
	const struct child_option *options; /* ends with one without name */
	int control;                        /* -control fd=N; -1 before */
	enum jail_mode jail;                /* -jail MODE */
	int (*serve)(struct child *c, struct err *e);
	void *arg; /* serve's */
};

/* What main does; never returns: what libraries do at an exit is on no jail's list. */
_Noreturn void child_main(struct child *c, char **argv);
/* From serve, once it is set up and jailed. */
void child_ready(const struct child *c);
#endif
