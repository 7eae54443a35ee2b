/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/core_jail.c: the jail of hvm-core: it computes, and talks with a device model on a
 * socket. The code that stands in for a guest's vector instructions has its memory before.
 *
 * Tests: tests/unit/jail_programs.c, tests/guest/remote.sh
 */
#include "hypervisor/core_jail.h"

#include "base/util.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const int calls[] = {
	SYS_epoll_wait,
	SYS_epoll_pwait,
	SYS_epoll_ctl,
	SYS_timerfd_settime,
	SYS_accept4,
	SYS_eventfd2,
	SYS_membarrier,
	/* ROMs and a device model's pages */
	SYS_memfd_create,
	SYS_ftruncate,
};
static const struct jail_narrow narrow[] = {
	{SYS_newfstatat, 3, ~0u, AT_EMPTY_PATH},
	{SYS_prctl, 0, ~0u, PR_SET_NAME},
};

int core_jail_enter(uint64_t ram, enum jail_mode mode, struct err *e)
{
	const struct jail jail = {
		.calls = calls,
		.n_calls = ARRAY_SIZE(calls),
		.narrow = narrow,
		.n_narrow = ARRAY_SIZE(narrow),
		.spaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		.nobody = true,
		.threads = true,
		.files = 1024,                    /* a doorbell for each vCPU */
		.memory = 2 * ram + (8ull << 30), /* and what the engine keeps of its code */
	};

	return jail_enter(&jail, mode, e);
}
