/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_start.c: starts the processes of a guest: hvm-core, then hvm-dm on a
 * socket to it, which has its helpers started through the broker. The guest runs once hvm-dm's
 * monitor has said where its screen and its serial ports are.
 */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "base/packet.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define START_MS 60000

/* ---- hvm-core ---- */

/* A socket that hvm-core listens on, and hvm-dm's end of it; nobody else finds it afterwards. */
static int core_sockets(struct sup *s, int *listener, int *dm, struct err *e)
{
	char path[RUNDIR_PATH];
	int rc = rundir_guest_path(path, s->domid, "core", e);

	*listener = *dm = -1;
	if (rc)
		return rc;
	*listener = packet_listen(path, 1);
	*dm = *listener < 0 ? *listener : packet_connect(path);
	if (*dm < 0)
		rc = err_errno(e, *dm, "no socket for hvm-core at %s", path);
	if (*dm < 0 && *listener >= 0)
		close(*listener);
	unlink(path);
	return rc;
}

static int start_core(struct sup *s, int listener, struct err *e)
{
	const struct guest_core_way way = {.listener = listener,
					   .jail = jail_mode_name(s->child->jail),
					   .now = time(NULL),
					   .rtc_offset = s->rtc_offset};
	char **words = guest_core_args(&s->guest, &way);
	struct spawn c = {.n_args = 0};

	for (char **w = words; w && *w; w++)
		spawn_arg(&c, *w);
	guest_args_free(words);
	spawn_hand(&c, listener, false);
	if (words)
		return kid_start(&s->core, &c, e);
	spawn_done(&c);
	return err_set(e, -ENOMEM, "out of memory");
}

/* ---- hvm-dm ---- */

static int dm_words(struct sup *s, struct spawn *d, int core, int monitor, int broker,
		    struct err *e)
{
	char path[RUNDIR_PATH];
	const struct guest_way way = {.core = core,
				      .broker = broker,
				      .monitor = monitor,
				      .console = guest_log_end(s->console),
				      .jail = jail_mode_name(s->child->jail),
				      .monitor_path = path,
				      .nets = sup_net_words(s)};
	int rc = rundir_guest_path(path, s->domid, "qmp", e);
	char **words = rc ? NULL : guest_own_args(&s->guest, &way);

	for (char **w = words; w && *w; w++)
		spawn_arg(d, *w);
	guest_args_free(words);
	spawn_hand(d, core, false);
	spawn_hand(d, monitor, false);
	spawn_hand(d, broker, false);
	spawn_hand(d, guest_log_end(s->console), true);
	sup_net_hand(s, d);
	return words ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* ---- hvm-dm's monitor: one question after another, then the guest runs ---- */

static void running(void *arg, json_t *v, const char *error)
{
	struct sup *s = arg;

	(void)v;
	if (s->state != SUP_STARTING)
		return;
	if (error) {
		sup_failed(s, error);
		return;
	}
	alarm_set(&s->deadline, 0);
	s->state = s->start_paused ? SUP_PAUSED : SUP_RUNNING;
	s->start_paused = false;
	s->started = time(NULL);
	sup_store_publish(s);
	log_info("guest %s (%u) runs", s->guest.name, s->domid);
	sup_control_tell(s, "start", NULL);
	if (!s->told)
		child_ready(s->child);
	s->told = true;
}

static void go(struct sup *s)
{
	if (s->start_paused)
		running(s, json_null(), NULL);
	else
		qmp_client_send(s->qmp, "cont", NULL, -1, running, s);
}

static void password_set(void *arg, json_t *v, const char *error)
{
	struct sup *s = arg;

	(void)v;
	if (error && s->state == SUP_STARTING)
		sup_failed(s, error);
	else if (s->state == SUP_STARTING)
		go(s);
}

static void screen_known(void *arg, json_t *v, const char *error)
{
	struct sup *s = arg;
	const char *host = json_string_value(json_object_get(v, "host"));
	const char *port = json_string_value(json_object_get(v, "service"));

	if (s->state != SUP_STARTING)
		return;
	s->vnc_port = !error && port ? (unsigned)strtoul(port, NULL, 10) : 0;
	snprintf(s->vnc_host, sizeof(s->vnc_host), "%s", host ? host : "");
	if (s->guest.vnc && s->guest.vncpasswd && *s->guest.vncpasswd)
		qmp_client_send(
			s->qmp, "set_password",
			json_pack("{ssss}", "protocol", "vnc", "password", s->guest.vncpasswd), -1,
			password_set, s);
	else
		go(s);
}

/* "serial1" with "pty:/dev/pts/4" */
static void serials_known(void *arg, json_t *v, const char *error)
{
	struct sup *s = arg;
	json_t *one;
	size_t i;

	if (s->state != SUP_STARTING)
		return;
	json_array_foreach(v, i, one)
	{
		const char *label = json_string_value(json_object_get(one, "label"));
		const char *file = json_string_value(json_object_get(one, "filename"));
		unsigned n =
			label && !strncmp(label, "serial", 6) ? (unsigned)(label[6] - '0') : 99;

		if (n >= ARRAY_SIZE(s->tty) || label[7] || !file || strncmp(file, "pty:", 4))
			continue;
		free(s->tty[n]);
		s->tty[n] = strdup(file + 4);
	}
	if (error)
		sup_failed(s, error);
	else
		qmp_client_send(s->qmp, "query-vnc", NULL, -1, screen_known, s);
}

static void monitor_ready(void *arg, const char *error)
{
	struct sup *s = arg;

	if (s->state != SUP_STARTING)
		return;
	if (error)
		sup_failed(s, error);
	else
		qmp_client_send(s->qmp, "query-chardev", NULL, -1, serials_known, s);
}

/* ---- all of it ---- */

static int may_start(void *arg, const char *program, char *const *argv, struct err *e)
{
	(void)arg;
	/* A folder of the host's for the guest: only the command line of a person can name one. */
	for (; *argv; argv++)
		if (!strcmp(program, "hvm-nat") && strstr(*argv, "tftp="))
			return err_set(e, -EPERM, "hvm-nat may not serve a folder");
	return 0;
}

/* The other ends of hvm-dm's two sockets. */
static int open_ends(struct sup *s, int *monitor, int *broker, struct err *e)
{
	static const struct qmp_client_ops qmp = {monitor_ready, sup_event};
	int m[2], b[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m) < 0)
		return err_errno(e, -errno, "no socket");
	*monitor = m[1];
	s->qmp = qmp_client_new(s->loop, m[0], &qmp, s, e);
	if (!s->qmp || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, b) < 0)
		return err_set(e, -ENOMEM, "no socket");
	*broker = b[1];
	s->broker_ops = (struct broker_ops){.open = sup_files_open,
					    .may_start = may_start,
					    .jail = jail_mode_name(s->child->jail)};
	s->broker = broker_serve(s->loop, b[0], &s->broker_ops, s, e);
	return s->broker ? 0 : -ENOMEM;
}

static int start_dm(struct sup *s, int core, struct err *e)
{
	struct spawn d = {.n_args = 0};
	int monitor = -1, broker = -1, rc = open_ends(s, &monitor, &broker, e);

	if (!rc) {
		rc = dm_words(s, &d, core, monitor, broker, e);
	} else {
		spawn_hand(&d, core, false);
		spawn_hand(&d, monitor, false);
	}
	if (!rc)
		return kid_start(&s->dm, &d, e);
	spawn_done(&d);
	return rc;
}

int sup_start(struct sup *s, struct err *e)
{
	int listener, core, rc;

	s->state = SUP_STARTING;
	alarm_set(&s->deadline, START_MS);
	rc = sup_net_up(s, e);
	if (rc)
		return rc;
	rc = core_sockets(s, &listener, &core, e);
	if (rc)
		return rc;
	rc = start_core(s, listener, e);
	if (rc)
		close(core);
	return rc ? rc : start_dm(s, core, e);
}
