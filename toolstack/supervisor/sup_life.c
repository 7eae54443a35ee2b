/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_life.c: how a guest ends: powered off, reset, crashed or told to; and
 * what its configuration wants then (on_poweroff, on_reboot, on_crash).
 *
 * Tests: tests/toolstack/sup_life.c, tests/toolstack/create.sh, tests/toolstack/kill.sh
 */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "base/util.h"
#include "proc/helper.h"
#include "toolstack/create.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERM_MS   5000 /* hvm-dm may have writes to finish */
#define YOUNG_S   10   /* a guest that crashes before it has lived so long is not started again */
#define CLOCK_MAX (1ll << 40) /* s: no clock of a PC's is as far off */

const char *sup_state_name(enum sup_state state)
{
	static const char *const names[] = {
		[SUP_STARTING] = "starting", [SUP_RUNNING] = "running", [SUP_PAUSED] = "paused",
		[SUP_SHUTDOWN] = "shutdown", [SUP_CRASHED] = "crashed", [SUP_ENDING] = "dying"};

	return names[state];
}

/* ---- to the end of all processes ---- */

static void all_ended(struct sup *s)
{
	void (*then)(struct sup *) = s->stopped;

	if (s->core.pid || s->dm.pid || !then)
		return;
	s->stopped = NULL;
	alarm_set(&s->deadline, 0);
	qmp_client_free(s->qmp);
	s->qmp = NULL;
	broker_free(s->broker);
	s->broker = NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(s->tty); i++) {
		free(s->tty[i]);
		s->tty[i] = NULL;
	}
	guest_log_drain(s->log);
	then(s);
}

/* hvm-dm first: it leaves the core in order. Whoever does not listen is killed (sup_deadline). */
void sup_stop(struct sup *s, void (*then)(struct sup *s))
{
	s->stopped = then;
	alarm_set(&s->deadline, TERM_MS);
	if (s->dm.pid)
		kid_signal(&s->dm, SIGTERM);
	else if (s->core.pid)
		kid_signal(&s->core, SIGTERM);
	else
		alarm_set(&s->deadline, 1); /* never from within what is to be freed */
}

static void tell_creator(struct sup *s, const char *why)
{
	char text[1024];

	snprintf(text, sizeof(text), HELPER_ERROR "%s", why);
	send(s->child->control, text, strlen(text), MSG_NOSIGNAL);
	s->told = true;
}

void sup_note(struct sup *s, const char *note)
{
	char text[1024];

	log_warn("guest %s: %s", s->guest.name, note);
	snprintf(text, sizeof(text), SUPERVISOR_NOTE "%s", note);
	if (!s->told)
		send(s->child->control, text, strlen(text), MSG_NOSIGNAL);
}

static void clean_up(struct sup *s)
{
	log_info("guest %s (%u) is gone: %s", s->guest.name, s->domid, s->reason);
	loop_quit(s->loop, 0);
}

void sup_end(struct sup *s, const char *reason)
{
	if (s->state == SUP_ENDING)
		return;
	s->state = SUP_ENDING;
	s->reason = reason;
	sup_stop(s, clean_up);
}

void sup_failed(struct sup *s, const char *why)
{
	char error[512] = "";

	if (s->state == SUP_ENDING)
		return;
	guest_log_error(s->log, "hvm-core", error, sizeof(error));
	if (!*error)
		guest_log_error(s->log, "hvm-dm", error, sizeof(error));
	log_error("guest %s (%u) does not start: %s", s->guest.name, s->domid,
		  *error ? error : why);
	if (!s->told)
		tell_creator(s, *error ? error : why);
	sup_end(s, "failed");
}

/* ---- what the configuration wants ---- */

static void again(struct sup *s)
{
	struct err e = {""};

	s->reboots++;
	sup_control_tell(s, "reboot", s->reason);
	if (sup_start(s, &e))
		sup_failed(s, e.msg);
}

static bool restarts(enum guest_action a)
{
	return a == ACTION_RESTART || a == ACTION_COREDUMP_RESTART || a == ACTION_SOFT_RESET;
}

/* Two guests must not take one name at once. */
int sup_rename(struct sup *s, const char *name, struct err *e)
{
	int lock = rundir_lock(e), rc = lock < 0 ? lock : 0;
	char *copy = strdup(name);

	if (!rc)
		rc = copy ? rundir_rename(s->domid, name, e) : err_set(e, -ENOMEM, "out of memory");
	if (lock >= 0)
		close(lock);
	if (rc) {
		free(copy);
		return rc;
	}
	free(s->guest.name);
	s->guest.name = copy;
	sup_store_publish(s);
	return 0;
}

/* xl's way: the old one keeps its memory under a name with the time in it. */
static void rename_old(struct sup *s)
{
	char name[RUNDIR_NAME], stamp[32];
	time_t now = time(NULL);
	struct err e = {""};
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	snprintf(name, sizeof(name), "%.40s-%s", s->guest.name, stamp);
	if (sup_rename(s, name, &e))
		log_error("guest %s: %s", s->guest.name, e.msg);
}

/* The disks are the new one's: hvm-dm lets go of them first. hvm-core stays, parked. */
static void start_another(struct sup *s)
{
	char path[RUNDIR_PATH];
	struct spawn c = {.outlives = true};
	struct err e = {""};

	rename_old(s);
	spawn_arg(&c, "hvm");
	spawn_arg(&c, "create");
	spawn_arg(&c, "--quiet");
	if (!rundir_guest_path(path, s->domid, "config.cfg", &e))
		spawn_arg(&c, path);
	if (kid_start(&s->another, &c, &e))
		log_error("no other guest is started: %s", e.msg);
}

static void act(struct sup *s, enum guest_action a, const char *reason, enum sup_state kept)
{
	bool young = time(NULL) - s->started < YOUNG_S;

	log_info("guest %s (%u): %s", s->guest.name, s->domid, reason);
	s->reason = reason;
	if (a == ACTION_RENAME_RESTART && !(young && kept == SUP_CRASHED)) {
		s->state = kept;
		sup_control_tell(s, "reboot", reason);
		if (s->dm.pid)
			s->renames = true, kid_signal(&s->dm, SIGTERM);
		else
			start_another(s);
	} else if (a == ACTION_PRESERVE) {
		s->state = kept;
		sup_control_tell(s, "end", reason);
	} else if (restarts(a) && !(young && kept == SUP_CRASHED)) {
		s->state = SUP_STARTING;
		sup_stop(s, again);
	} else {
		if (restarts(a))
			log_error("guest %s crashes too soon to be started again", s->guest.name);
		sup_end(s, reason);
	}
}

/* ---- what happens ---- */

static void say_how(const struct kid *k, char *text, size_t size)
{
	if (WIFSIGNALED(k->status))
		snprintf(text, size, "%s was killed by signal %d", k->program, WTERMSIG(k->status));
	else
		snprintf(text, size, "%s ended with status %d", k->program, WEXITSTATUS(k->status));
}

void sup_kid_ended(void *arg, struct kid *k)
{
	struct sup *s = arg;
	char how[64];

	if (s->stopped) { /* it was told to */
		if (k == &s->dm)
			kid_signal(&s->core, SIGTERM);
		all_ended(s);
		return;
	}
	if (k == &s->another)
		return;
	if (k == &s->dm && s->renames) {
		s->renames = false;
		start_another(s);
		return;
	}
	say_how(k, how, sizeof(how));
	if (s->state == SUP_STARTING) {
		sup_failed(s, how);
	} else if (s->state == SUP_RUNNING || s->state == SUP_PAUSED) {
		log_error("guest %s (%u): %s", s->guest.name, s->domid, how);
		act(s, s->guest.on_crash, "crash", SUP_CRASHED);
	}
}

/* A start took too long, or a stop did. */
static void deadline(void *arg)
{
	struct sup *s = arg;

	if (s->stopped) {
		kid_signal(&s->dm, SIGKILL);
		kid_signal(&s->core, SIGKILL);
		all_ended(s);
	} else if (s->state == SUP_STARTING) {
		sup_failed(s, "hvm-dm does not say that it is ready");
	}
}

static void publish(void *arg)
{
	sup_store_publish(arg);
}

int sup_life_open(struct sup *s, struct err *e)
{
	int rc = alarm_new(&s->deadline, s->loop, deadline, s, e);

	return rc ? rc : alarm_new(&s->publish, s->loop, publish, s, e);
}

static void shut_down(struct sup *s, json_t *data)
{
	const char *reason = json_string_value(json_object_get(data, "reason"));

	if (s->state != SUP_RUNNING && s->state != SUP_PAUSED)
		return;
	if (reason && strstr(reason, "reset"))
		act(s, s->guest.on_reboot, "reboot", SUP_SHUTDOWN);
	else if (reason && strstr(reason, "panic"))
		act(s, s->guest.on_crash, "crash", SUP_CRASHED);
	else
		act(s, s->guest.on_poweroff, "poweroff", SUP_SHUTDOWN);
}

/* A guest can set its clock all the time: the store hears of it once a second. */
static void set_clock(struct sup *s, json_t *data)
{
	json_int_t offset = json_integer_value(json_object_get(data, "offset"));

	if (offset < -CLOCK_MAX || offset > CLOCK_MAX)
		return;
	s->rtc_offset = offset;
	if (!alarm_is_set(&s->publish))
		alarm_set(&s->publish, 1000);
}

void sup_event(void *arg, const char *name, json_t *data)
{
	struct sup *s = arg;

	if (!strcmp(name, "SHUTDOWN")) {
		shut_down(s, data);
	} else if (!strcmp(name, "STOP") && s->state == SUP_RUNNING) {
		s->state = SUP_PAUSED;
	} else if (!strcmp(name, "RESUME") && s->state == SUP_PAUSED) {
		s->state = SUP_RUNNING;
	} else if (!strcmp(name, "RTC_CHANGE")) {
		set_clock(s, data);
	} else if (!strcmp(name, "RESET")) {
		s->reboots++;
		sup_control_tell(s, "reboot", "reboot");
	}
}
