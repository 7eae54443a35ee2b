/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-sdl: the window of one guest. */
#include "proc/child.h"
#include "ui/sdl/sdl_window.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

static const char help[] =
	"  -screen fd=N     packet socket: pictures\n"
	"  -events fd=N     packet socket: keys and motion\n"
	"  -name NAME       the guest's, for the title\n"
	"  -full-screen     from the start\n"
	"  -keep            closing the window does nothing\n"
	"  -show-cursor     keep the desktop's pointer over the picture\n"
	"  -gl on|off       draw by the graphics card or by the processor; else as SDL likes\n"
	"  -grab-mod MOD    of hot keys: lctrl-lalt (default), lshift-lctrl-lalt or rctrl\n";

struct options {
	struct sdl_window window;
	const char *gl, *grab;
};

static int parse_words(struct options *o, struct err *e)
{
	struct sdl_options *to = &o->window.o;

	if (o->gl && strcmp(o->gl, "on") && strcmp(o->gl, "off"))
		return err_set(e, -EINVAL, "-gl: want on or off");
	to->gl = !o->gl ? SDL_GL_ANY : !strcmp(o->gl, "on") ? SDL_GL_NEEDED : SDL_GL_NOT;
	if (!o->grab || !strcmp(o->grab, "lctrl-lalt"))
		to->grab = KMOD_LCTRL | KMOD_LALT;
	else if (!strcmp(o->grab, "lshift-lctrl-lalt"))
		to->grab = KMOD_LSHIFT | KMOD_LCTRL | KMOD_LALT;
	else if (!strcmp(o->grab, "rctrl"))
		to->grab = KMOD_RCTRL;
	else
		return err_set(e, -EINVAL, "-grab-mod: there is no %s", o->grab);
	return 0;
}

/* Only the least of a jail: window systems and drivers of graphics cards open files, sockets and
 * threads as they like. */
static int serve(struct child *c, struct err *e)
{
	struct options *o = c->arg;
	int rc = parse_words(o, e);

	if (rc)
		return rc;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	signal(SIGINT, SIG_IGN); /* from the terminal it is for hvm-dm */
	o->window.control = c->control;
	rc = sdl_window_open(&o->window, e);
	if (rc)
		return rc;
	child_ready(c);
	sdl_window_run(&o->window);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {.window = {.events = -1, .screen.fd = -1}};
	struct sdl_window *w = &o.window;
	const struct child_option options[] = {{"-screen", CHILD_FD, &w->screen.fd},
					       {"-events", CHILD_FD, &w->events},
					       {"-name", CHILD_TEXT, &w->o.name},
					       {"-full-screen", CHILD_FLAG, &w->o.full_screen},
					       {"-keep", CHILD_FLAG, &w->o.keep},
					       {"-show-cursor", CHILD_FLAG, &w->o.show_cursor},
					       {"-gl", CHILD_TEXT, &o.gl},
					       {"-grab-mod", CHILD_TEXT, &o.grab},
					       {0}};
	struct child c = {.name = "hvm-sdl",
			  .help = help,
			  .options = options,
			  .control = -1,
			  .serve = serve,
			  .arg = &o};

	(void)argc;
	child_main(&c, argv);
}
