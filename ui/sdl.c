/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/sdl.c: starts hvm-sdl and is its way to screen and input; see sdl.h. */
#include "ui/sdl.h"

#include "config.h"
#include "proc/helper.h"
#include "ui/vnc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sdl {
	struct sdl_config c;
	struct helper *helper;
	struct vnc_clients clients; /* it alone, while it runs */
	int screen, events;         /* our ends, till `clients` takes them; -1 = none */
	bool stopped;
};

static int pair(struct spawn *to, const char *option, int *ours, struct err *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(e, -errno, "no socket");
	*ours = fds[0];
	spawn_fd(to, option, fds[1], false);
	return 0;
}

static void add_text(struct spawn *to, const char *option, const char *text)
{
	if (!text)
		return;
	spawn_arg(to, option);
	spawn_arg(to, text);
}

static int prepare(void *arg, struct spawn *to, struct err *e)
{
	struct sdl *s = arg;
	int rc = pair(to, "-screen", &s->screen, e);

	if (!rc)
		rc = pair(to, "-events", &s->events, e);
	add_text(to, "-name", s->c.name);
	add_text(to, "-gl", s->c.gl);
	add_text(to, "-grab-mod", s->c.grab);
	if (s->c.full_screen)
		spawn_arg(to, "-full-screen");
	if (s->c.keep)
		spawn_arg(to, "-keep");
	if (s->c.show_cursor)
		spawn_arg(to, "-show-cursor");
	return rc;
}

static int say_stopped(const struct sdl *s, struct helper *h)
{
	return helper_send(h, s->stopped ? "stopped 1" : "stopped 0");
}

static int started(void *arg, struct helper *h, struct err *e)
{
	struct sdl *s = arg;
	int screen = s->screen, events = s->events;

	s->screen = s->events = -1;
	if (!vnc_client_new(&s->clients, &(struct vnc_peer){"window", false}, screen, events))
		return err_set(e, -ENOMEM, "out of memory");
	return say_stopped(s, h);
}

static void ended(void *arg)
{
	struct sdl *s = arg;

	if (s->clients.first)
		vnc_client_free(s->clients.first);
	if (s->screen >= 0)
		close(s->screen);
	if (s->events >= 0)
		close(s->events);
	s->screen = s->events = -1;
}

static bool said(void *arg, const char *text, const int fds[2])
{
	struct sdl *s = arg;

	if (strcmp(text, "quit") || fds[0] >= 0)
		return false;
	s->c.quit(s->c.arg);
	return true;
}

static const struct helper_ops helper_ops = {
	.program = "hvm-sdl",
#ifndef CONFIG_SDL
	.not_built = "the window was not built: it needs SDL2 (./configure --install-deps); "
		     "-vnc shows the screen too",
#endif
	.prepare = prepare,
	.started = started,
	.ended = ended,
	.said = said,
};

struct sdl *sdl_open(const struct sdl_config *c, struct display *d, struct input *in,
		     struct loop *l, struct err *e)
{
	struct sdl *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	*s = (struct sdl){.c = *c};
	s->clients =
		(struct vnc_clients){.display = d, .input = in, .loop = l, .share = VNC_IGNORE};
	s->screen = s->events = -1;
	s->helper = helper_open(&helper_ops, s, "-display sdl", l, e);
	if (s->helper)
		return s;
	sdl_close(s);
	return NULL;
}

void sdl_close(struct sdl *s)
{
	if (!s)
		return;
	helper_free(s->helper);
	free(s);
}

void sdl_stopped(struct sdl *s, bool stopped)
{
	s->stopped = stopped;
	say_stopped(s, s->helper);
}
