/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_jail.c: what hvm-vnc still may do: first as the process that accepts and forks, then
 * in each client's, which may do neither. No file, no socket of its own, no new program.
 */
#include "ui/vnc/vnc_server.h"

#include "base/util.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define CLIENT_CALLS SYS_select, SYS_pselect6, SYS_clock_nanosleep, SYS_nanosleep, SYS_sysinfo
/* CLONE_NEWTIME shares its bit with the signal's mask. */
#define NEW_SPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_THREAD | CLONE_VM | CLONE_PTRACE)

static const int client_calls[] = {CLIENT_CALLS};
static const int server_calls[] = {
	CLIENT_CALLS, SYS_accept4,         SYS_wait4,           SYS_prctl,
	SYS_seccomp,  SYS_set_robust_list, SYS_set_tid_address, SYS_rseq,
};
static const struct jail_narrow server_narrow[] = {
	{SYS_clone, 0, NEW_SPACES, 0},
	{SYS_socketpair, 1, 0xf, SOCK_SEQPACKET}, /* others could be sent to by name */
};

int vnc_jail_server(enum jail_mode mode, struct err *e)
{
	const struct jail jail = {
		.calls = server_calls,
		.n_calls = ARRAY_SIZE(server_calls),
		.narrow = server_narrow,
		.n_narrow = ARRAY_SIZE(server_narrow),
		/* Its sockets came with it, so they stay in the host's network. */
		.spaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS,
		.nobody = true,
		.no_writes = true,
		.files = 256, /* select() of the library: below 1024 */
		.memory = 1 << 30,
	};

	return jail_enter(&jail, mode, e);
}

int vnc_jail_client(enum jail_mode mode, struct err *e)
{
	const struct jail jail = {.calls = client_calls, .n_calls = ARRAY_SIZE(client_calls)};

	return jail_narrow_calls(&jail, mode, e);
}
