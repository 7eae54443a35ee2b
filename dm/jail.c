/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/jail.c: the jail of hvm-dm: disks, sockets, terminals and the guest's memory are open; what it
 * does with them is all that it may still do. A CD that is put in, a screen's picture that is saved
 * and a helper that is started again come from the broker.
 *
 * Tests: tests/unit/jail_programs.c, tests/guest/remote.sh
 */
#include "dm/jail.h"

#include "base/util.h"
#include "dm/host.h"
#include "dm/machine_config.h"

#include <fcntl.h>
#include <jansson.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>

static const int calls[] = {
	/* the loop; a new medium's queue and a new screen */
	SYS_epoll_wait,
	SYS_epoll_pwait,
	SYS_epoll_ctl,
	SYS_timerfd_settime,
	SYS_eventfd2,
	SYS_memfd_create,
	SYS_ftruncate,
	/* who connects to a monitor, a serial port or a network of ours */
	SYS_accept4,
	/* a core in this process, with more than one vCPU */
	SYS_membarrier,
	/* disks */
	SYS_pread64,
	SYS_pwrite64,
	SYS_preadv,
	SYS_pwritev,
	SYS_fdatasync,
	SYS_fsync,
	SYS_fallocate,
	SYS_io_setup,
	SYS_io_destroy,
	SYS_io_submit,
	SYS_io_getevents,
};
static const struct jail_narrow narrow[] = {
	/* fstat, as the C library has it */
	{SYS_newfstatat, 3, ~0u, AT_EMPTY_PATH},
	/* for helpers; a datagram socket could be sent to by name */
	{SYS_socketpair, 1, 0xf, SOCK_SEQPACKET},
	{SYS_prctl, 0, ~0u, PR_SET_NAME},
	{SYS_ioctl, 1, ~0u, BLKGETSIZE64},
	/* a terminal that is left as it was found */
	{SYS_ioctl, 1, ~0u, FIONREAD},
	{SYS_ioctl, 1, ~0u, TCGETS},
	{SYS_ioctl, 1, ~0u, TCSETS},
	{SYS_ioctl, 1, ~0u, TCSETSW},
};

int dm_jail_enter(const struct machine_config *c, struct err *e)
{
	const struct jail jail = {
		.calls = calls,
		.n_calls = ARRAY_SIZE(calls),
		.narrow = narrow,
		.n_narrow = ARRAY_SIZE(narrow),
		/* What is connected stays so. */
		.spaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		.nobody = true,
		.threads = true, /* not counted: all guests' would be the same user's */
		.files = 1024,
		.memory = 2 * c->ram + (8ull << 30), /* guest and screen; workers' stacks */
	};
	int rc;

	json_object_seed(0); /* from a file; else at the first command */
	rc = jail_enter(&jail, c->jail, e);

	if (!rc && c->jail != JAIL_OFF)
		host_jailed();
	return rc;
}
