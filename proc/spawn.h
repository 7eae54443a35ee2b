/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/spawn.h: starts a program of ours with arguments and descriptors by number. */
#ifndef PROC_SPAWN_H
#define PROC_SPAWN_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SPAWN_ARGS 400
#define SPAWN_FDS  32

struct spawn {
	char *argv[SPAWN_ARGS + 1]; /* copies; [0] = the program's name */
	bool is_fd[SPAWN_ARGS];     /* that argument is "fd=N" */
	unsigned n_args;
	int fds[SPAWN_FDS]; /* the program gets them under the same number */
	bool ours[SPAWN_FDS];
	unsigned n_fds;
	bool outlives; /* no "-parent": it does not end with us */
	bool full;     /* too much for the above, or no memory: spawn_start says so */
};

void spawn_arg(struct spawn *s, const char *text);
/* As "name fd=N". ours: it stays open here; else spawn_done closes it. */
void spawn_fd(struct spawn *s, const char *name, int fd, bool ours);
/* The descriptor alone: its number is in some other argument. */
void spawn_hand(struct spawn *s, int fd, bool ours);

/* The "fd=N" of that alone. */
void spawn_fd_value(struct spawn *s, int fd, bool ours);

/* The program `name`: beside ours, or where it is installed. < 0: nowhere, a sentence in e. */
int spawn_find(const char *name, char *path, size_t size, struct err *e);
/* Starts argv with "-parent PID" behind it (but see outlives), no signal blocked. < 0 and a
 * sentence on failure. */
int spawn_start(struct spawn *s, const char *path, pid_t *pid, struct err *e);
void spawn_done(struct spawn *s); /* started or not */

/* For tests: the program to start in place of any. NULL: look for it. */
extern const char *spawn_program;
#endif
