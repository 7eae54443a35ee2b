/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-nat: the user-mode network of one guest. */
#include "net/nat/nat.h"
#include "proc/child.h"

#include <errno.h>

static const char help[] =
	"  -frames fd=N     packet socket: frames of the guest, each behind 12 "
	"bytes of header\n"
	"  -user OPTIONS    key=value,… of -netdev user (hvm-dm(1)), without id=\n";

struct options {
	int frames;
	const char *user;
};

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
	rc = nat_jail_enter(c->jail, config.tftp, e);
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
