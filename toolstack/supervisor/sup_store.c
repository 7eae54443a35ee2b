/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_store.c: the guest's nodes in the store that all guests share. A store
 * that is killed is started again by whoever notices first, and each supervisor fills in its guest.
 * A guest does not need the store to run: what goes wrong here is said in the log.
 */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "base/util.h"
#include "toolstack/publish.h"
#include "toolstack/store_start.h"
#include "toolstack/xs.h"

#include <stdio.h>
#include <sys/epoll.h>

static struct publish_runtime runtime_of(const struct sup *s)
{
	struct publish_runtime r = {.domid = s->domid,
				    .uuid = s->guest.uuid,
				    .start = {.tv_sec = s->created},
				    .dm_pid = s->dm.pid,
				    .dm_running = s->state == SUP_RUNNING || s->state == SUP_PAUSED,
				    .vnc_listen = s->vnc_port ? s->vnc_host : NULL,
				    .vnc_port = s->vnc_port,
				    .rtc_changed = s->rtc_offset != 0,
				    .rtc_offset = (long)s->rtc_offset};

	for (unsigned i = 0; i < MIN(ARRAY_SIZE(s->tty), ARRAY_SIZE(r.serial)); i++)
		r.serial[i] = s->tty[i];
	sup_net_see(s, r.vif_connected, ARRAY_SIZE(r.vif_connected));
	return r;
}

static void lose(struct sup *s)
{
	watch_free(s->xs_watch);
	s->xs_watch = NULL;
	xs_close(s->xs);
	s->xs = NULL;
}

static void store_event(void *arg, uint32_t events)
{
	char path[XS_TEXT], token[XS_TEXT];
	struct sup *s = arg;
	int rc;

	(void)events;
	while ((rc = xs_event(s->xs, path, token)) > 0)
		;
	if (!rc)
		return;
	log_warn("guest %s: the store has ended, another one is started", s->guest.name);
	lose(s);
	sup_store_publish(s);
}

static int join(struct sup *s, struct err *e)
{
	char dir[RUNDIR_PATH], log[RUNDIR_PATH];
	int rc = rundir_path(dir, "", e);

	if (!rc)
		rc = rundir_log_path(log, "hvm-store", e);
	s->xs = rc ? NULL : store_start(dir, log, e);
	if (!s->xs)
		return -1;
	s->xs_watch = loop_watch(s->loop, xs_fd(s->xs), EPOLLIN, store_event, s);
	return s->xs_watch ? 0 : -1;
}

void sup_store_publish(struct sup *s)
{
	struct publish_runtime r = runtime_of(s);
	struct err e = {""};

	if ((s->xs || !join(s, &e)) && !publish_all(s->xs, &s->guest, &r, &e))
		return;
	log_warn("guest %s: the store does not say what it should: %s", s->guest.name, e.msg);
	lose(s);
}

void sup_store_leave(struct sup *s)
{
	struct err e = {""};

	if (s->xs && publish_remove(s->xs, s->domid, &e))
		log_warn("guest %s: its nodes stay in the store: %s", s->guest.name, e.msg);
	lose(s);
}
