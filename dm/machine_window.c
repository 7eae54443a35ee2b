/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_window.c: -display: the console in a window; and where it is when nobody said. */
#include "dm/machine_parts.h"

#include "base/log.h"
#include "ui/sdl.h"
#include "ui/vnc.h"

#include <errno.h>
#include <stdlib.h>

static void closed(void *arg)
{
	machine_quit(arg, "host-ui");
}

static void state_changed(void *arg, const struct machine_event *ev)
{
	struct machine *m = arg;

	if (ev->type == EVENT_STOP || ev->type == EVENT_RESUME)
		sdl_stopped(m->sdl, ev->type == EVENT_STOP);
}

static int window_open(struct machine *m, struct err *e)
{
	const struct window_config *w = &m->cfg->window;
	const struct sdl_config c = {.name = m->cfg->name,
				     .gl = w->gl,
				     .grab = w->grab,
				     .full_screen = w->full_screen,
				     .keep = w->keep,
				     .show_cursor = w->show_cursor,
				     .quit = closed,
				     .arg = m};
	struct display *d = machine_screen(m, e);

	if (d)
		m->sdl = sdl_open(&c, d, m->input, m->loop, e);
	if (!m->sdl)
		return err_prefix(e, "-display sdl"), -EIO;
	m->on_stopped = (struct machine_listener){.fn = state_changed, .arg = m};
	machine_listen(m, &m->on_stopped);
	sdl_stopped(m->sdl, m->state != RUN_RUNNING);
	return 0;
}

int machine_viewers_open(struct machine *m, struct err *e)
{
	int rc = machine_vnc_open(m, m->cfg->vnc, e);

	if (!rc && m->cfg->show == SHOW_WINDOW)
		rc = window_open(m, e);
	return rc;
}

void machine_viewers_close(struct machine *m)
{
	machine_vnc_close(m);
	machine_unlisten(m, &m->on_stopped);
	sdl_close(m->sdl);
	m->sdl = NULL;
	display_free(m->no_display);
	m->no_display = NULL;
}

/* ---- when nobody said */

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* The guest runs on when it cannot be shown: monitors and serial ports are there. */
void machine_show(struct machine *m)
{
	const struct machine_config *c = m->cfg;
	struct err e = {""};
	struct vnc_info i;

	if (c->show != SHOW_UNSAID || c->vnc || c->nographic || c->qtest || !m->displays)
		return;
	machine_lock(m);
	if (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) {
		if (window_open(m, &e) == 0)
			log_info("the screen is in a window (-display none: nowhere)");
		else
			log_warn("%s", e.msg);
	}
	if (!m->sdl && machine_vnc_open(m, ":0,to=99", &e) == 0) {
		vnc_get_info(m->vnc, &i);
		log_info("the screen is on VNC at %s:%s (-display none: nowhere)", i.host,
			 i.service);
	} else if (!m->sdl) {
		log_warn("nothing shows the screen: %s", e.msg);
	}
	machine_unlock(m);
}
