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
	struct vnc_listen at, web; /* web: for browsers; fd -1: none */
	struct vnc_clients clients;
	const char *layout;              /* NULL: the usual one */
	bool ask;                        /* for a password … */
	char password[VNC_PASSWORD + 1]; /* … which is this; "": nobody gets in */
	int64_t expires;                 /* till then; 0: for ever */
	struct helper *helper;
};

/* ---- the program */

static int prepare(void *arg, struct spawn *to, struct err *e)
{
	struct vnc *v = arg;

	(void)e;
	spawn_fd(to, "-listen", v->at.fd, true);
	if (v->web.fd >= 0)
		spawn_fd(to, "-websocket", v->web.fd, true);
	if (v->layout) {
		spawn_arg(to, "-layout");
		spawn_arg(to, v->layout);
	}
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

static int send_expires(struct vnc *v, struct helper *h)
{
	char text[40];

	snprintf(text, sizeof(text), "expires %lld", (long long)v->expires);
	return helper_send(h, text);
}

static int started(void *arg, struct helper *h, struct err *e)
{
	int rc = send_password(arg, h);

	(void)e;
	return rc < 0 ? rc : send_expires(arg, h);
}

static void ended(void *arg)
{
	struct vnc *v = arg;

	while (v->clients.first)
		vnc_client_free(v->clients.first);
}

static bool said(void *arg, const char *text, const int fds[2])
{
	struct vnc *v = arg;
	struct vnc_peer peer = {.websocket = !strncmp(text, "websocket ", 10)};

	if ((strncmp(text, "client ", 7) && !peer.websocket) || fds[0] < 0 || fds[1] < 0)
		return false;
	peer.address = strchr(text, ' ') + 1;
	vnc_client_new(&v->clients, &peer, fds[0], fds[1]);
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

/* Who reaches the port controls the guest: by the network, or by a page in a browser here. */
static int judge(const struct vnc *v, const struct vnc_config *c, struct err *e)
{
	if (c->password || c->open)
		return 0;
	if (v->at.any || v->web.any)
		return err_set(e, -EPERM,
			       "%s: whoever reaches this host would control the guest: say "
			       "password=on, or noauth=on if that is meant",
			       c->address);
	if (c->websocket)
		return err_set(e, -EPERM,
			       "websocket: any page in a browser of this host would control the "
			       "guest: say password=on, or noauth=on if that is meant");
	return 0;
}

static int open_parts(struct vnc *v, const struct vnc_config *c, struct err *e)
{
	int rc = vnc_listen(&v->at, c->address, c->to, e);

	if (!rc && c->websocket)
		rc = vnc_listen_web(&v->web, &v->at, c->websocket, e);
	if (!rc)
		rc = judge(v, c, e);
	if (rc)
		return rc;
	v->helper = helper_open(&helper_ops, v, "-vnc", v->clients.loop, e);
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
	v->clients = (struct vnc_clients){.display = d,
					  .input = in,
					  .loop = l,
					  .share = c->share,
					  .event = c->event,
					  .arg = c->arg};
	v->layout = c->layout;
	v->ask = c->password;
	v->at.fd = v->web.fd = -1;
	if (open_parts(v, c, e) == 0)
		return v;
	vnc_close(v);
	return NULL;
}

void vnc_close(struct vnc *v)
{
	if (!v)
		return;
	v->clients.event = NULL;
	helper_free(v->helper);
	vnc_listen_close(&v->at);
	vnc_listen_close(&v->web);
	explicit_bzero(v->password, sizeof(v->password));
	free(v);
}

static int sent(int rc, struct err *e)
{
	return rc < 0 ? err_set(e, -EPIPE, "hvm-vnc does not listen") : 0;
}

int vnc_set_password(struct vnc *v, const char *password, struct err *e)
{
	if (!v->ask)
		return err_set(e, -EINVAL, "-vnc was not told password=on");
	if (!*password)
		return err_set(e, -EINVAL, "the password is empty");
	snprintf(v->password, sizeof(v->password), "%s", password);
	return sent(send_password(v, v->helper), e);
}

int vnc_expire_password(struct vnc *v, int64_t when, struct err *e)
{
	if (!v->ask)
		return err_set(e, -EINVAL, "-vnc was not told password=on");
	v->expires = when;
	return sent(send_expires(v, v->helper), e);
}

void vnc_get_info(const struct vnc *v, struct vnc_info *i)
{
	*i = (struct vnc_info){.host = v->at.host,
			       .service = v->at.service,
			       .family = v->at.family,
			       .password = v->ask};
	if (v->web.fd < 0)
		return;
	i->websocket.host = v->web.host;
	i->websocket.service = v->web.service;
	i->websocket.family = v->web.family;
}

bool vnc_get_peer(const struct vnc *v, unsigned n, struct vnc_peer *p)
{
	return vnc_client_at(&v->clients, n, p);
}
