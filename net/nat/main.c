/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-nat: the user-mode network of one guest. */
#include "base/util.h"
#include "net/nat/nat.h"
#include "proc/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static const char help[] =
	"  -frames fd=N     packet socket: frames of the guest, each behind 12 "
	"bytes of header\n"
	"  -user OPTIONS    key=value,… of -netdev user (hvm-dm(1)), without id=\n";

struct options {
	int frames;
	const char *user;
};

/* ---- what libslirp needs beyond what every program does */

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

static int enter_jail(enum jail_mode mode, const char *tftp, struct err *e)
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

static int serve(struct child *c, struct err *e)
{
	static struct nat_config config;
	const struct options *o = c->arg;
	struct nat *n;
	int rc = nat_config_parse(&config, o->user, e);

	if (rc)
		return rc;
	n = nat_slirp_new(&config, o->frames, c->control, e);
	if (!n)
		return -EINVAL;
	rc = enter_jail(c->jail, config.tftp, e);
	if (!rc) {
		child_ready(c);
		rc = nat_slirp_run(n);
	}
	nat_slirp_free(n);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.frames = -1, .user = ""};
	const struct child_option options[] = {
		{"-frames", CHILD_FD, &o.frames}, {"-user", CHILD_TEXT, &o.user}, {0}};
	struct child c = {.name = "hvm-nat",
			  .help = help,
			  .options = options,
			  .control = -1,
			  .jail = JAIL_TRY,
			  .serve = serve,
			  .arg = &o};

	(void)argc;
	child_main(&c, argv);
}
