/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Displays: where the screen is shown. */
#include "dm/options.h"

#include "base/util.h"

#include <errno.h>
#include <string.h>

/* QEMU's core and es are kinds of OpenGL, which SDL chooses by itself here. */
static int set_gl(struct window_config *w, const char *gl, const char *what, struct err *e)
{
	static const char *const words[] = {"off", "on", "core", "es"};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(gl, words[i]))
			return options_text(&w->gl, what, i ? "on" : "off", e);
	return err_set(e, -EINVAL, "%s: gl=%s: want on, off, core or es", what, gl);
}

static int set_grab(struct window_config *w, const char *mod, const char *what, struct err *e)
{
	if (strcmp(mod, "lshift-lctrl-lalt") && strcmp(mod, "rctrl"))
		return err_set(e, -EINVAL, "%s: grab-mod=%s: want lshift-lctrl-lalt or rctrl", what,
			       mod);
	return options_text(&w->grab, what, mod, e);
}

/* alt_grab and ctrl_grab are the older words of grab-mod. */
static int set_keys(struct window_config *w, const struct opts *o, const char *what, struct err *e)
{
	const char *gl = opts_get(o, "gl"), *mod = opts_get(o, "grab-mod");
	bool alt = false, ctrl = false;
	int rc = opts_bool(o, "alt_grab", &alt, what, e);

	if (!rc)
		rc = opts_bool(o, "ctrl_grab", &ctrl, what, e);
	if (!mod && (alt || ctrl))
		mod = alt ? "lshift-lctrl-lalt" : "rctrl";
	if (!rc && gl)
		rc = set_gl(w, gl, what, e);
	if (!rc && mod)
		rc = set_grab(w, mod, what, e);
	return rc;
}

static int set_window(struct machine_config *c, const struct opts *o, const char *what,
		      struct err *e)
{
	static const char *const keys[] = {"type",        "gl",          "grab-mod",
					   "alt_grab",    "ctrl_grab",   "window-close",
					   "show-cursor", "full-screen", NULL};
	struct window_config *w = &c->window;
	bool close = !w->keep;
	int rc = opts_only(o, keys, what, e);

	if (!rc)
		rc = opts_bool(o, "window-close", &close, what, e);
	if (!rc)
		rc = opts_bool(o, "show-cursor", &w->show_cursor, what, e);
	if (!rc)
		rc = opts_bool(o, "full-screen", &w->full_screen, what, e);
	if (!rc)
		rc = set_keys(w, o, what, e);
	w->keep = !close;
	c->show = SHOW_WINDOW;
	return rc;
}

static int set_display(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts o;
	const char *type;
	int rc;

	if (!strncmp(arg, "vnc=", 4)) {
		c->show = SHOW_NOTHING;
		return options_text(&c->vnc, what, arg + 4, e);
	}
	rc = opts_parse(&o, arg, "type", e);
	if (rc)
		return rc;
	type = opts_get(&o, "type");
	if (type && !strcmp(type, "sdl"))
		rc = set_window(c, &o, what, e);
	else if (type && !strcmp(type, "none") && o.n == 1)
		c->show = SHOW_NOTHING;
	else
		rc = err_set(e, -ENOTSUP, "%s %s: there are none, sdl and vnc=…", what, arg);
	opts_free(&o);
	return rc;
}

static int set_sdl(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	(void)what;
	(void)arg;
	(void)e;
	c->show = SHOW_WINDOW;
	return 0;
}

static int set_full_screen(struct machine_config *c, const char *what, const char *arg,
			   struct err *e)
{
	(void)what;
	(void)arg;
	(void)e;
	c->window.full_screen = true;
	return 0;
}

static const struct option rows[] = {
	OPTION("display", "none|vnc=ADDRESS[,…]|sdl[,KEY=V]...",
	       "where the screen is shown (sdl: gl, grab-mod, window-close, show-cursor, "
	       "full-screen)",
	       set_display),
	OPTION("sdl", NULL, "in a window, as -display sdl", set_sdl),
	OPTION("full-screen", NULL, "the window fills the screen", set_full_screen),
};
const struct option_table options_display = {"Displays", rows, ARRAY_SIZE(rows)};
