/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-vnc: the VNC server of one guest. */
#include "proc/child.h"
#include "ui/vnc/vnc_server.h"

#include <errno.h>
#include <sys/random.h>

static const char help[] = "  -listen fd=N     listening socket: VNC clients\n"
			   "  -websocket fd=N  listening socket: browsers\n"
			   "  -layout NAME     of the guest's keyboard [" LAYOUT_DEFAULT "]\n"
			   "  -password        asks for one, which comes over the control socket\n";

static const char *layout = LAYOUT_DEFAULT;

/* Till somebody sets one, nobody knows it. */
static int make_password(struct vnc_accept *a, struct err *e)
{
	uint8_t bytes[VNC_PASSWORD];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(e, -errno, "no random bytes");
	for (unsigned i = 0; i < VNC_PASSWORD; i++)
		a->password[i] = (char)(bytes[i] % 255 + 1);
	return 0;
}

static int serve(struct child *c, struct err *e)
{
	struct vnc_accept *a = c->arg;
	int rc = make_password(a, e);

	if (!layout_load(&a->layout, layout))
		return err_set(e, -EINVAL, "-layout %.20s: there is no such layout", layout);
	a->control = c->control;
	a->jail = c->jail;
	vnc_rfb_prepare();
	if (!rc)
		rc = vnc_jail_server(a->jail, e);
	if (rc)
		return rc;
	child_ready(c);
	return vnc_accept_run(a, e);
}

int main(int argc, char **argv)
{
	struct vnc_accept a = {.listen = -1, .websocket = -1};
	const struct child_option options[] = {{"-listen", CHILD_FD, &a.listen},
					       {"-websocket", CHILD_FD_MAY, &a.websocket},
					       {"-password", CHILD_FLAG, &a.ask},
					       {"-layout", CHILD_TEXT, &layout},
					       {0}};
	struct child c = {.name = "hvm-vnc",
			  .help = help,
			  .options = options,
			  .control = -1,
			  .jail = JAIL_TRY,
			  .serve = serve,
			  .arg = &a};

	(void)argc;
	child_main(&c, argv);
}
