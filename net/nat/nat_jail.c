/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/nat/nat_jail.c: what libslirp needs beyond what every program does: sockets of the Internet,
 * and what the resolver and TFTP read.
 *
 * Tests: tests/unit/jail_programs.c
 */
#include "base/util.h"
#include "net/nat/nat.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const int calls[] = {
	SYS_bind, SYS_connect, SYS_listen, SYS_accept, SYS_accept4, SYS_newfstatat, SYS_stat,
};
#define NO_WRITE (O_ACCMODE | O_CREAT | O_TRUNC)
static const struct jail_narrow narrow[] = {
	{SYS_openat, 2, NO_WRITE, O_RDONLY},
	{SYS_open, 1, NO_WRITE, O_RDONLY},
	{SYS_socket, 0, ~0ull, AF_INET},
	{SYS_socket, 0, ~0ull, AF_INET6},
};

int nat_jail_enter(enum jail_mode mode, const char *tftp, struct err *e)
{
	const char *const read[] = {"/etc/resolv.conf", "/run/systemd/resolve", tftp, NULL};
	const struct jail jail = {
		.calls = calls,
		.n_calls = ARRAY_SIZE(calls),
		.narrow = narrow,
		.n_narrow = ARRAY_SIZE(narrow),
		.read = read,
		.capabilities = 1 << CAP_NET_BIND_SERVICE, /* low ports for hostfwd */
		.nobody = !tftp,                           /* it serves what its user can read */
		.files = 1024,                             /* flows */
		.memory = 1 << 30,
	};

	return jail_enter(&jail, mode, e);
}
