/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvm-store: a xenstore on a Unix socket.
 *
 * Tests: tests/toolstack/store.sh, tests/toolstack/store_start.c
 */
#include "base/log.h"
#include "base/signals.h"
#include "base/util.h"
#include "toolstack/store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static const char help[] =
	"usage: hvm-store [-socket PATH] [-linger SECONDS] [-ready fd=N] [-jail MODE]\n"
	"  -socket PATH     where clients connect; else $XENSTORED_PATH, or\n"
	"                   $XENSTORED_RUNDIR/socket, as they look for it themselves\n"
	"  -linger SECONDS  end when nobody has been connected for so long\n"
	"  -ready fd=N      a pipe for \"READY 1\", or \"ERROR \" and a sentence\n"
	"  -jail MODE       try (what the host permits), require, or off: for debugging only\n"
	"  -help, -version\n";

struct service {
	const char *path;
	int linger, ready; /* 0, -1: none */
	enum jail_mode jail;
	struct loop *loop;
	struct store *store;
	struct clock *clock;
	struct timer alone;
};

/* ---- options */

static int parse_number(const char *option, const char *text, int most, int *v, struct err *e)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > most)
		return err_set(e, -EINVAL, "%s: '%s' is not a number from 0 to %d", option, text,
			       most);
	*v = (int)n;
	return 0;
}

static int parse_value(struct service *s, const char *name, const char *value, struct err *e)
{
	if (!strcmp(name, "-socket"))
		s->path = value;
	else if (!strcmp(name, "-linger"))
		return parse_number(name, value, 86400, &s->linger, e);
	else if (!strcmp(name, "-ready"))
		return parse_number(name, strncmp(value, "fd=", 3) ? "" : value + 3, 1 << 20,
				    &s->ready, e);
	else if (jail_parse_mode(value, &s->jail) < 0)
		return err_set(e, -EINVAL, "-jail: '%s': want off, try or require", value);
	return 0;
}

/* > 0: said all there was to say. */
static int parse_options(struct service *s, char **argv, struct err *e)
{
	static const char *const names[] = {"-socket", "-linger", "-ready", "-jail"};

	for (; *argv; argv++) {
		const char *name = !strncmp(*argv, "--", 2) ? *argv + 1 : *argv;
		unsigned i = 0;

		if (!strcmp(name, "-help") || !strcmp(name, "-h"))
			return fputs(help, stdout), 1;
		if (!strcmp(name, "-version"))
			return puts("hvm-store 0.1"), 1;
		while (i < ARRAY_SIZE(names) && strcmp(name, names[i]))
			i++;
		if (i == ARRAY_SIZE(names))
			return err_set(e, -EINVAL, "unknown option %s (try -help)", *argv);
		if (!*++argv)
			return err_set(e, -EINVAL, "%s: its value is missing", name);
		if (parse_value(s, name, *argv, e))
			return -EINVAL;
	}
	return 0;
}

static const char *usual_path(char *text, size_t size)
{
	const char *path = getenv("XENSTORED_PATH"), *dir = getenv("XENSTORED_RUNDIR");

	if (path)
		return path;
	snprintf(text, size, "%s/socket", dir ? dir : "");
	return dir ? text : NULL;
}

/* ---- the end */

static void told_to_end(void *arg)
{
	loop_quit(arg, 0);
}

static void alone_too_long(void *arg)
{
	struct service *s = arg;

	loop_quit(s->loop, 0);
}

static void clients_changed(void *arg, bool alone)
{
	struct service *s = arg;

	timer_arm(s->clock, &s->alone,
		  alone && s->linger ? clock_now(s->clock) + s->linger * NS_PER_SEC : -1);
}

/* ---- life */

static void tell(const struct service *s, const char *word, const char *sentence)
{
	if (s->ready < 0)
		return;
	dprintf(s->ready, "%s%s\n", word, sentence);
	close(s->ready);
}

/* What clients find of the host itself. */
static int fill(struct store *s)
{
	int rc = store_write(s, "/local/domain/0/name", "Domain-0");

	return rc ? rc : store_write(s, "/local/domain/0/domid", "0");
}

static int set_up(struct service *s, struct err *e)
{
	s->loop = loop_new(e);
	s->store = store_new(&store_limits, e);
	s->clock = clock_new(CLOCK_HOST);
	if (!s->loop || !s->store || !s->clock || fill(s->store) ||
	    signals_watch(s->loop, told_to_end, s->loop, NULL))
		return err_set(e, -ENOMEM, "out of memory");
	s->alone = (struct timer){.deadline = -1, .fn = alone_too_long, .arg = s};
	clock_start(s->clock);
	return loop_clock(s->loop, s->clock, e);
}

static int run(struct service *s, struct err *e)
{
	struct store_server *v;
	int rc = set_up(s, e);

	if (rc)
		return rc;
	v = store_server_new(s->store, s->loop, s->path, e);
	if (!v)
		return -EIO;
	store_server_watch(v, clients_changed, s);
	clients_changed(s, true);
	rc = store_jail_enter(s->path, s->jail, e);
	if (!rc) {
		tell(s, "READY 1", "");
		loop_run(s->loop);
	}
	store_server_free(v);
	return rc;
}

int main(int argc, char **argv)
{
	char text[4096];
	struct service s = {.path = usual_path(text, sizeof(text)), .ready = -1, .jail = JAIL_TRY};
	struct err e = {""};
	int rc;

	(void)argc;
	log_set_name("hvm-store");
	signal(SIGPIPE, SIG_IGN);
	rc = parse_options(&s, argv + 1, &e);
	if (!rc && !s.path)
		rc = err_set(&e, -EINVAL, "no socket named (try -help)");
	if (!rc)
		rc = run(&s, &e);
	if (rc < 0) {
		log_error("%s", e.msg);
		tell(&s, "ERROR ", e.msg);
	}
	fflush(stdout);
	_exit(rc < 0 ? 1 : 0); /* in the jail nothing is left to give back */
}
