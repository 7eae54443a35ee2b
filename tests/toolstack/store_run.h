/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/store_run.h: a store in a process of its own, or what only looks like one. */
#ifndef TESTS_TOOLSTACK_STORE_RUN_H
#define TESTS_TOOLSTACK_STORE_RUN_H
#include <stddef.h>
#include <sys/types.h>

struct store_run {
	char dir[32], path[40]; /* its folder, its socket */
	pid_t pid;
};
/* What answers each connection once; NULL: a whole store. */
struct store_run store_run_new(const void *answer, size_t len);
void store_run_kill(struct store_run *r);
void store_run_free(struct store_run *r); /* with the folder, where nothing else may be */
#endif
