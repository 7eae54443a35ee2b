/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/store/store_jail.c: what hvm-store still needs: its clients, and to remove its socket.
 *
 * Tests: tests/unit/jail_programs.c
 */
#include "base/util.h"
#include "toolstack/store/store.h"

#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>

/* It stays its user, without a capability: who else could remove its socket? */
int store_jail_enter(const char *path, enum jail_mode mode, struct err *e)
{
	static const int calls[] = {
		SYS_accept4, SYS_epoll_wait, SYS_epoll_pwait,     SYS_epoll_ctl,
		SYS_unlink,  SYS_unlinkat,   SYS_timerfd_settime,
	};
	char folder[4096];
	const char *slash = strrchr(path, '/');
	const struct jail jail = {
		.calls = calls,
		.n_calls = ARRAY_SIZE(calls),
		.remove_in = folder,
		.spaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		.files = 512,         /* clients and a few */
		.memory = 2ull << 30, /* its limits on nodes and clients are far below */
	};

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	return jail_enter(&jail, mode, e);
}
