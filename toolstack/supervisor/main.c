/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvm-supervisor: looks after one guest: its processes, from the first to the last. `hvm create`
 * starts it and hears by its control socket whether the guest runs.
 */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "base/signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] = "Looks after one guest; hvm create starts it.\n"
			   "  -domid N         the guest's id, whose folder is there\n"
			   "  -lock fd=N       and its lock, held\n"
			   "  -paused          the guest does not run until `hvm unpause`\n";

static const char *domid_text;
static int lock_fd = -1; /* open as long as we live: that is all its use */
static bool paused;

static const struct child_option options[] = {
	{"-domid", CHILD_TEXT, &domid_text},
	{"-lock", CHILD_FD, &lock_fd},
	{"-paused", CHILD_FLAG, &paused},
	{NULL, CHILD_FLAG, NULL},
};

static void told_to_end(void *arg)
{
	sup_end(arg, "destroy");
}

static int read_config(struct sup *s, struct err *e)
{
	char path[RUNDIR_PATH];
	int rc = rundir_guest_path(path, s->domid, "config.cfg", e);

	if (!rc)
		rc = cfg_read_file(&s->cfg, path, e);
	return rc ? rc : guest_read(&s->guest, &s->cfg, NULL, e);
}

static int open_log(struct sup *s, struct err *e)
{
	char path[RUNDIR_PATH], name[RUNDIR_NAME + 16];
	int rc = rundir_log_path(path, s->guest.name, e);

	s->log = rc ? NULL : guest_log_open(s->loop, path, false, e);
	if (!s->log)
		return -EIO;
	guest_log_adopt(s->log);
	snprintf(name, sizeof(name), "console/%s", s->guest.name);
	rc = rundir_log_path(path, name, e);
	s->console = rc ? NULL : guest_log_open(s->loop, path, true, e);
	return s->console ? 0 : -EIO;
}

static bool named(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

/* The window goes where whoever called `hvm create` has one. */
static int check_window(struct sup *s, struct err *e)
{
	static const char none[] = "sdl=1: no DISPLAY and no WAYLAND_DISPLAY to open a window on";

	if (!s->guest.sdl || named("DISPLAY") || named("WAYLAND_DISPLAY") ||
	    named("SDL_VIDEODRIVER"))
		return 0;
	if (!s->guest.vnc)
		return err_set(e, -ENODEV, "%s, and vnc=0", none);
	s->guest.sdl = 0;
	sup_note(s, none);
	return 0;
}

static int set_up(struct sup *s, struct err *e)
{
	int rc;

	s->loop = loop_new(e);
	rc = s->loop ? read_config(s, e) : -ENOMEM;
	s->core.loop = s->dm.loop = s->another.loop = s->loop;
	if (!rc)
		rc = sup_life_open(s, e);
	if (!rc)
		rc = open_log(s, e);
	if (!rc)
		rc = check_window(s, e);
	if (!rc)
		rc = signals_watch(s->loop, told_to_end, s, e);
	if (!rc)
		rc = sup_files_new(s, e);
	if (!rc)
		rc = sup_control_open(s, e);
	return rc ? rc : sup_start(s, e);
}

/* The folder last but one, the answer that all is gone last. */
static void tear_down(struct sup *s)
{
	int lock = rundir_lock(NULL);

	kid_free(&s->dm);
	kid_free(&s->core);
	qmp_client_free(s->qmp);
	broker_free(s->broker);
	sup_net_down(s);
	sup_store_leave(s);
	rundir_remove(s->domid);
	if (lock >= 0)
		close(lock);
	sup_control_tell(s, "end", s->reason);
	sup_control_close(s);
	sup_files_free(s);
	guest_log_free(s->console);
	guest_log_free(s->log);
}

static int serve(struct child *c, struct err *e)
{
	struct sup s = {.child = c, .start_paused = paused, .created = time(NULL)};
	int rc;

	s.domid = domid_text ? (unsigned)strtoul(domid_text, NULL, 10) : 0;
	s.core = (struct kid){.program = "hvm-core", .ended = sup_kid_ended, .arg = &s};
	s.dm = (struct kid){.program = "hvm-dm", .ended = sup_kid_ended, .arg = &s};
	s.another = (struct kid){.program = "hvm", .ended = sup_kid_ended, .arg = &s};
	s.deadline.fd = s.publish.fd = -1;
	setsid();
	rc = set_up(&s, e);
	if (!rc)
		rc = loop_run(s.loop);
	s.reason = s.reason ? s.reason : "failed";
	tear_down(&s);
	return rc;
}

int main(int argc, char **argv)
{
	struct child c = {.name = "hvm-supervisor",
			  .help = help,
			  .options = options,
			  .control = -1,
			  .jail = JAIL_TRY,
			  .serve = serve};

	(void)argc;
	child_main(&c, argv);
}
