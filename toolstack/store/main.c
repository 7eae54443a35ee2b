/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-store: a xenstore on a Unix socket. */
#include "base/log.h"
#include "base/util.h"
#include "toolstack/store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const char help[] =
	"usage: hvm-store [-socket PATH]\n"
	"  -socket PATH   where clients connect; else $XENSTORED_PATH, or\n"
	"                 $XENSTORED_RUNDIR/socket, as they look for it themselves\n"
	"  -help, -version\n";

/* > 0: said all there was to say. */
static int parse_options(const char **path, char **argv, struct err *e)
{
	for (; *argv; argv++) {
		const char *name = !strncmp(*argv, "--", 2) ? *argv + 1 : *argv;

		if (!strcmp(name, "-help") || !strcmp(name, "-h"))
			return fputs(help, stdout), 1;
		if (!strcmp(name, "-version"))
			return puts("hvm-store 0.1"), 1;
		if (strcmp(name, "-socket"))
			return err_set(e, -EINVAL, "unknown option %s (try -help)", *argv);
		*path = *++argv;
		if (!*path)
			return err_set(e, -EINVAL, "-socket: want a path");
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

/* What clients find of the host itself. */
static int fill(struct store *s)
{
	int rc = store_write(s, "/local/domain/0/name", "Domain-0");

	return rc ? rc : store_write(s, "/local/domain/0/domid", "0");
}

static void told_to_end(void *arg, uint32_t events)
{
	(void)events;
	loop_quit(arg, 0);
}

static int run(struct loop *l, struct store *s, const char *path, struct err *e)
{
	struct store_server *v;
	struct watch *w;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	w = loop_watch(l, fd, EPOLLIN, told_to_end, l);
	if (!w || fill(s))
		return err_set(e, -ENOMEM, "out of memory");
	v = store_server_new(s, l, path, e);
	if (!v)
		return -EIO;
	loop_run(l);
	store_server_free(v);
	return 0;
}

int main(int argc, char **argv)
{
	char text[4096];
	const char *path = usual_path(text, sizeof(text));
	struct loop *l = NULL;
	struct store *s = NULL;
	struct err e = {""};
	int rc;

	(void)argc;
	log_set_name("hvm-store");
	rc = parse_options(&path, argv + 1, &e);
	if (rc > 0)
		return 0;
	if (!rc && !path)
		rc = err_set(&e, -EINVAL, "no socket named (try -help)");
	if (!rc) {
		l = loop_new(&e);
		s = store_new(&store_limits, &e);
		rc = l && s ? run(l, s, path, &e) : -ENOMEM;
	}
	if (rc)
		log_error("%s", e.msg);
	store_free(s);
	if (l)
		loop_free(l);
	return rc ? 1 : 0;
}
