/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_control.c: what `hvm` asks (toolstack/control.h). One packet, one
 * answer, and the connection is over; an answer may wait for hvm-dm, or for the guest's end.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/supervisor/sup.h"

#include "base/packet.h"
#include "base/util.h"
#include "toolstack/control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 64

struct client {
	struct sup_control *of;
	int fd;
	struct watch *watch;
	bool asked;
	const char *waits; /* "end", "reboot"; NULL: for hvm-dm, or it has not asked */
	unsigned pending;  /* answers of hvm-dm that will come here */
	json_t *cd;        /* a change of medium that was asked for; NULL: none */
	struct client *next;
};
struct sup_control {
	struct sup *s;
	int listener;
	struct watch *watch;
	struct client *clients;
	unsigned n;
};

/* ---- answers ---- */

static void hang_up(struct client *c)
{
	watch_free(c->watch);
	c->watch = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void forget(struct client *c)
{
	struct client **at = &c->of->clients;

	hang_up(c);
	c->waits = NULL;
	if (c->pending) /* hvm-dm's answer will free it */
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->of->n-- == CLIENTS_MAX && c->of->watch)
		watch_events(c->of->watch, EPOLLIN);
	json_decref(c->cd);
	free(c);
}

static void say(struct client *c, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	const struct iovec iov = {text, text ? strlen(text) : 0};

	json_decref(answer);
	if (text && c->fd >= 0)
		packet_send(c->fd, &iov, 1, NULL, 0);
	free(text);
	forget(c);
}

static void good(struct client *c, json_t *value)
{
	say(c, json_pack("{so}", "return", value ? value : json_object()));
}

static void bad(struct client *c, const char *error)
{
	json_t *text = json_string(error);

	say(c, json_pack("{so}", "error", text ? text : json_string("not UTF-8")));
}

static enum disk_format format_named(const json_t *name)
{
	enum disk_format f = DISK_EMPTY;

	while (--f != DISK_RAW &&
	       (!json_is_string(name) || strcmp(json_string_value(name), disk_format_name(f)) != 0))
		;
	return f;
}

/* What is in a drive now is what a guest that is started again finds there. */
static void note_disc(struct guest *g, const json_t *cd)
{
	const char *drive = json_string_value(json_object_get(cd, "drive"));
	const char *file = json_string_value(json_object_get(cd, "file"));

	for (unsigned i = 0; i < g->n_disks; i++) {
		struct disk *d = &g->disks[i];
		char name[16];

		snprintf(name, sizeof(name), "ide-%u", disk_devid(d));
		if (!d->cdrom || strcmp(name, drive))
			continue;
		free(d->target);
		d->target = file ? strdup(file) : NULL;
		d->format = d->target ? format_named(json_object_get(cd, "format")) : DISK_EMPTY;
	}
}

static void answered(void *arg, json_t *value, const char *error)
{
	struct client *c = arg;

	c->pending--;
	if (!error && c->cd)
		note_disc(&c->of->s->guest, c->cd);
	if (error)
		bad(c, error);
	else
		good(c, json_incref(value));
}

static void ask(struct client *c, const char *command, json_t *arguments, int fd)
{
	struct sup *s = c->of->s;

	if (!s->qmp || s->state == SUP_STARTING || s->state == SUP_ENDING) {
		json_decref(arguments);
		bad(c, s->state == SUP_STARTING ? "the guest is being started"
						: "the guest is being ended");
		return;
	}
	c->pending++;
	qmp_client_send(s->qmp, command, arguments, fd, answered, c);
}

void sup_control_tell(struct sup *s, const char *what, const char *reason)
{
	struct client *c = s->control ? s->control->clients : NULL, *next;

	for (; c; c = next) {
		next = c->next;
		if (c->waits && (!strcmp(c->waits, what) || !strcmp(what, "end")))
			good(c, json_pack("{ssss}", "what", what, "reason", reason ? reason : ""));
	}
}

/* ---- questions ---- */

static void do_info(struct client *c, json_t *q)
{
	(void)q;
	good(c, sup_info(c->of->s));
}

static void do_qmp(struct client *c, json_t *q, int fd)
{
	const char *command = json_string_value(json_object_get(q, "execute"));

	if (command)
		ask(c, command, json_incref(json_object_get(q, "arguments")), fd);
	else
		bad(c, "which command of hvm-dm's?");
}

static void do_pause(struct client *c, json_t *q)
{
	(void)q;
	ask(c, "stop", NULL, -1);
}

static void do_unpause(struct client *c, json_t *q)
{
	(void)q;
	if (c->of->s->state == SUP_SHUTDOWN || c->of->s->state == SUP_CRASHED)
		bad(c, "the guest has ended");
	else
		ask(c, "cont", NULL, -1);
}

/* Answered when it is gone, or with why it is there still; or at the reboot after so many. */
static void do_wait(struct client *c, json_t *q)
{
	const char *what = json_string_value(json_object_get(q, "for"));
	const json_t *after = json_object_get(q, "after");
	struct sup *s = c->of->s;

	c->waits = what && !strcmp(what, "reboot") ? "reboot" : "end";
	if (s->state == SUP_SHUTDOWN || s->state == SUP_CRASHED)
		sup_control_tell(s, "end", s->reason);
	else if (*c->waits == 'r' && after && s->reboots > (unsigned)json_integer_value(after))
		sup_control_tell(s, "reboot", "reboot");
}

static void do_destroy(struct client *c, json_t *q)
{
	(void)q;
	c->waits = "end";
	sup_end(c->of->s, "destroy");
}

static void do_rename(struct client *c, json_t *q)
{
	const char *name = json_string_value(json_object_get(q, "name"));
	struct err e = {""};

	if (!name)
		bad(c, "to what name?");
	else if (guest_name_check(name, &e) || sup_rename(c->of->s, name, &e))
		bad(c, e.msg);
	else
		good(c, NULL);
}

/* "file" NULL: the disc comes out. */
static void do_cd(struct client *c, json_t *q)
{
	const char *drive = json_string_value(json_object_get(q, "drive"));
	const char *file = json_string_value(json_object_get(q, "file"));
	const char *format = json_string_value(json_object_get(q, "format"));

	format = format ? format : "raw";
	if (!drive) {
		bad(c, "in which drive?");
		return;
	}
	c->cd = json_incref(q);
	if (!file) {
		ask(c, "eject", json_pack("{sssb}", "id", drive, "force", 1), -1);
	} else if (sup_files_allow_chain(c->of->s, file, format)) {
		bad(c, "out of memory");
	} else {
		ask(c, "blockdev-change-medium",
		    json_pack("{sssssssssb}", "id", drive, "filename", file, "format", format,
			      "read-only-mode", "read-only", "force", 1),
		    -1);
	}
}

static const struct {
	const char *name;
	void (*fn)(struct client *c, json_t *q);
} questions[] = {
	{"info", do_info},       {"pause", do_pause}, {"unpause", do_unpause}, {"wait", do_wait},
	{"destroy", do_destroy}, {"cd", do_cd},       {"rename", do_rename},
};

static void understand(struct client *c, json_t *q, int fd)
{
	const char *what = json_string_value(json_object_get(q, "do"));

	c->asked = true;
	if (what && !strcmp(what, "qmp")) {
		do_qmp(c, q, fd);
		return;
	}
	for (unsigned i = 0; what && i < ARRAY_SIZE(questions); i++)
		if (!strcmp(what, questions[i].name)) {
			questions[i].fn(c, q);
			return;
		}
	bad(c, "the supervisor does not know that");
}

static void client_event(void *arg, uint32_t events)
{
	struct client *c = arg;
	char *text = malloc(CONTROL_MAX);
	const struct iovec iov = {text, CONTROL_MAX};
	json_t *q = NULL;
	int fd = -1;
	ssize_t n = text ? packet_receive(c->fd, &iov, 1, MSG_DONTWAIT, &fd, 1, NULL) : 0;

	(void)events;
	if (n == -EAGAIN) {
		free(text);
		return;
	}
	if (n > 0 && !c->asked)
		q = json_loadb(text, (size_t)n, 0, NULL);
	if (q)
		understand(c, q, fd);
	else
		forget(c); /* it has gone, or talks nonsense */
	json_decref(q);
	free(text);
	if (fd >= 0)
		close(fd);
}

/* ---- life ---- */

static void came(void *arg, uint32_t events)
{
	struct sup_control *k = arg;
	int fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	(void)events;
	if (c)
		c->watch = loop_watch(k->s->loop, fd, EPOLLIN, client_event, c);
	if (!c || !c->watch) {
		free(c);
		if (fd >= 0)
			close(fd);
		return;
	}
	c->of = k;
	c->fd = fd;
	c->next = k->clients;
	k->clients = c;
	if (++k->n == CLIENTS_MAX)
		watch_events(k->watch, 0);
}

int sup_control_open(struct sup *s, struct err *e)
{
	struct sup_control *k = calloc(1, sizeof(*k));
	char path[RUNDIR_PATH];
	int rc;

	if (!k)
		return err_set(e, -ENOMEM, "out of memory");
	s->control = k;
	k->s = s;
	k->listener = -1;
	rc = rundir_guest_path(path, s->domid, "control", e);
	if (rc)
		return rc;
	k->listener = packet_listen(path, 16);
	if (k->listener < 0)
		return err_errno(e, k->listener, "cannot listen on %s", path);
	k->watch = loop_watch(s->loop, k->listener, EPOLLIN, came, k);
	return k->watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

void sup_control_close(struct sup *s)
{
	struct sup_control *k = s->control;

	if (!k)
		return;
	for (struct client *c = k->clients, *next; c; c = next) {
		next = c->next;
		forget(c);
	}
	watch_free(k->watch);
	if (k->listener >= 0)
		close(k->listener);
	free(k);
	s->control = NULL;
}
