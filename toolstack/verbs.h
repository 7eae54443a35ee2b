/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verbs.h: the words of hvm's command line. A verb is a row {name, what follows it, a
 * sentence, options, handler} in a table of a verb_*.c; the options are read by the row before the
 * handler runs. Help, the shell's completion and the check of the manual page follow from the rows.
 */
#ifndef TOOLSTACK_VERBS_H
#define TOOLSTACK_VERBS_H
#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>

/* The whole command line. Returns the exit status: 0, or 1 as xl's. */
int verbs_run(int argc, char **argv);
/* "hvm"; "xl" when that is the name we were called by. */
const char *verbs_program(void);

#define VERB_OPTIONS 16

struct verb_option {
	char letter;       /* 0: the long name alone */
	const char *name;  /* NULL ends a list */
	const char *value; /* what follows it, as help calls it; NULL: nothing does */
	const char *help;
};
/* One command line: what was given, and what is no option. */
struct verb_call {
	const struct verb *verb;
	const char *given[VERB_OPTIONS]; /* by the option's place in its row: its value, or "" */
	char **args;                     /* NULL-terminated */
	unsigned n;
};
struct verb {
	const char *name; /* NULL ends a table */
	const char *args; /* as help shows them; DOMAIN, FILE and VERB are completed by shells */
	const char *help; /* one sentence; more of it behind a line feed */
	unsigned least, most;              /* how many arguments; most 0: none, VERB_MANY: no end */
	const struct verb_option *options; /* NULL: none */
	/* 0, or < 0 and a sentence, which is then said and makes the status 1; > 0: the status. */
	int (*run)(const struct verb_call *c, struct err *e);
};
#define VERB_MANY            1000
#define VERB_OPTIONS_OF(...) ((const struct verb_option[]){__VA_ARGS__, {0}})

/* An option's value ("" when it takes none), by its long name; NULL: not given. */
const char *verb_option(const struct verb_call *c, const char *name);
/* A whole number in its value, `def` when it was not given. */
int verb_number(const struct verb_call *c, const char *name, long least, long most, long *value,
		struct err *e);

/* The tables, one for each file. */
extern const struct verb verb_create_verbs[], verb_guest_verbs[], verb_help_verbs[],
	verb_host_verbs[], verb_list_verbs[], verb_media_verbs[], verb_screen_verbs[];
/* verb_screen.c, for create: serial port `port` on this terminal until Ctrl-]; a viewer in this
 * process's place. */
int verb_console(unsigned domid, unsigned port, struct err *e);
int verb_vncviewer(unsigned domid, bool with_password, struct err *e);
/* All verbs by number, in the order of their names; NULL behind the last. */
const struct verb *verbs_row(unsigned n);
const struct verb *verbs_find(const char *name); /* NULL: there is none */
#endif
