/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc.c: starts hvm-vnc (proc/helper.h) with a listening socket and takes the clients that it
 * brings. It is taken for hostile: what it says is copied once and bounded.
 */
#include "ui/vnc.h"

#include "base/util.h"
#include "config.h"
#include "proc/helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vnc {
	struct display *display;
	struct input *input;
	struct loop *loop;
	struct vnc_listen at;
	struct vnc_client *clients;
	bool ask;                        /* for a password … */
	char password[VNC_PASSWORD + 1]; /* … which is this; "": nobody gets in */
	struct helper *helper;
};

/* ---- the program */

static int prepare(void *arg, struct spawn *to, struct err *e)
{
	struct vnc *v = arg;

	(void)e;
	spawn_fd(to, "-listen", v->at.fd, true);
	if (v->ask)
		spawn_arg(to, "-password");
	return 0;
}

static int send_password(struct vnc *v, struct helper *h)
{
	char text[sizeof(v->password) + 16];

	snprintf(text, sizeof(text), "password %s", v->password);
	return v->password[0] ? helper_send(h, text) : 0;
}

static int started(void *arg, struct helper *h, struct err *e)
{
	(void)e;
	return send_password(arg, h);
}

static void ended(void *arg)
{
	struct vnc *v = arg;

	while (v->clients)
		vnc_client_free(v->clients);
}

static bool said(void *arg, const char *text, const int fds[2])
{
	struct vnc *v = arg;

	if (strncmp(text, "client ", 7) || fds[0] < 0 || fds[1] < 0)
		return false;
	vnc_client_new(&v->clients, v->display, v->input, v->loop, text + 7, fds[0], fds[1]);
	return true;
}

static const struct helper_ops helper_ops = {
	.program = "hvm-vnc",
#ifndef CONFIG_VNC
	.not_built = "the VNC server was not built: it needs libvncserver "
		     "(./configure --install-deps)",
#endif
	.prepare = prepare,
	.started = started,
	.ended = ended,
	.said = said,
};

/* ---- life */

static int open_parts(struct vnc *v, const struct vnc_config *c, struct err *e)
{
	int rc = vnc_listen(&v->at, c->address, c->to, e);

	if (rc)
		return rc;
	if (v->at.any && !c->password && !c->open)
		return err_set(e, -EPERM,
			       "%s: whoever reaches this host would control the guest: say "
			       "password=on, or noauth=on if that is meant",
			       c->address);
	v->helper = helper_open(&helper_ops, v, "-vnc", v->loop, e);
	return v->helper ? 0 : -EIO;
}

struct vnc *vnc_open(const struct vnc_config *c, struct display *d, struct input *in,
		     struct loop *l, struct err *e)
{
	struct vnc *v = calloc(1, sizeof(*v));

	if (!v) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	*v = (struct vnc){.display = d, .input = in, .loop = l, .ask = c->password};
	v->at.fd = -1;
	if (open_parts(v, c, e) == 0)
		return v;
	vnc_close(v);
	return NULL;
}

void vnc_close(struct vnc *v)
{
	if (!v)
		return;
	helper_free(v->helper);
	vnc_listen_close(&v->at);
	explicit_bzero(v->password, sizeof(v->password));
	free(v);
}

int vnc_set_password(struct vnc *v, const char *password, struct err *e)
{
	if (!v->ask)
		return err_set(e, -EINVAL, "-vnc was not told password=on");
	if (!*password)
		return err_set(e, -EINVAL, "the password is empty");
	snprintf(v->password, sizeof(v->password), "%s", password);
	return send_password(v, v->helper) < 0 ? err_set(e, -EPIPE, "hvm-vnc does not listen") : 0;
}

void vnc_get_info(const struct vnc *v, struct vnc_info *i)
{
	*i = (struct vnc_info){.host = v->at.host,
			       .service = v->at.service,
			       .family = v->at.family,
			       .password = v->ask};
}

const char *vnc_client_address(const struct vnc *v, unsigned n)
{
	return vnc_client_at(v->clients, n);
}
