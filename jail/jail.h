/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jail/jail.h: what a process gives up once it is set up. Each program states in one struct jail
 * what it still needs; all the rest goes: privileges that a program file could give, capabilities,
 * resources without limit, files, namespaces of the host, and the system calls of no list.
 */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum jail_mode {
	JAIL_OFF,     /* keeps all rights: for debugging only */
	JAIL_TRY,     /* what the host does not permit is left out */
	JAIL_REQUIRE, /* … is an error */
};
/* "off", "try", "require"; < 0: none of them. */
int jail_parse_mode(const char *text, enum jail_mode *mode);
const char *jail_mode_name(enum jail_mode mode); /* that word */

/* A system call that may be made while (argument `arg` & mask) == value. */
struct jail_narrow {
	int call; /* SYS_… */
	unsigned arg;
	uint64_t mask, value;
};

struct jail {
	/* System calls beyond those that every program makes (jail_calls.c). */
	const int *calls;
	size_t n_calls;
	const struct jail_narrow *narrow;
	size_t n_narrow;
	const char *const
		*read;         /* files and folders that stay readable; NULL-terminated, or NULL */
	const char *remove_in; /* a folder where files may be removed; NULL: none */
	uint64_t capabilities; /* kept, of those it has: 1 << CAP_… */
	int spaces;            /* CLONE_NEW… it can live in; without rights, in a user's own */
	bool nobody;           /* root becomes user 65534 */
	bool threads;          /* it may start threads, though no processes */
	bool no_writes;        /* files may not grow */
	unsigned files;        /* descriptors, at most */
	uint64_t memory;       /* bytes of addresses, at most; 0 = no limit */
};

/* From now on this process is killed when `parent`, which started it, ends; also in a jail that is
 * entered later. -ESRCH: it has ended already. */
int jail_end_with_parent(pid_t parent, struct err *e);
/* Enters it for good. Before threads are started. */
int jail_enter(const struct jail *j, enum jail_mode mode, struct err *e);
/* In a process that is jailed already: a shorter list of system calls on top. */
int jail_narrow_calls(const struct jail *j, enum jail_mode mode, struct err *e);

/* ---- parts of the above, each irrevocable too */

/* -ENOSYS and the like: the kernel has no Landlock. */
int jail_close_files(const struct jail *j, struct err *e);
/* -ENOTSUP: built without libseccomp. */
int jail_list_calls(const struct jail *j, struct err *e);
#endif
