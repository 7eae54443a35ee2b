/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/child.c: how a helper process begins and ends. */
#include "proc/child.h"

#include "base/log.h"
#include "base/util.h"
#include "proc/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS_MAX 8

static const char common_help[] =
	"  -control fd=N    packet socket to who started this: READY, then what it is asked\n"
	"  -parent PID      end when that process, which started this one, does\n"
	"  -jail MODE       try (what the host permits), require, or off: for debugging only\n"
	"  -help, -version\n";

/* ---- options */

static int parse_number(const char *option, const char *text, int *v, struct err *e)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > 1 << 22)
		return err_set(e, -EINVAL, "%s: '%s' is not a number", option, text);
	*v = (int)n;
	return 0;
}

static int parse_fd(const char *option, const char *text, int *v, struct err *e)
{
	if (strncmp(text, "fd=", 3))
		return err_set(e, -EINVAL, "%s: want fd=N", option);
	return parse_number(option, text + 3, v, e);
}

static const struct child_option *find(const struct child *c, const char *name)
{
	const struct child_option *o = c->options;

	while (o->name && strcmp(o->name, name))
		o++;
	return o->name ? o : NULL;
}

static int parse_value(struct child *c, int *parent, const char *name, const char *value,
		       struct err *e)
{
	const struct child_option *o = find(c, name);

	if (!strcmp(name, "-parent"))
		return parse_number(name, value, parent, e);
	if (!strcmp(name, "-control"))
		return parse_fd(name, value, &c->control, e);
	if (!strcmp(name, "-jail") && jail_parse_mode(value, &c->jail) < 0)
		return err_set(e, -EINVAL, "-jail: '%s': want off, try or require", value);
	if (!strcmp(name, "-jail"))
		return 0;
	if (!o)
		return err_set(e, -EINVAL, "unknown option %s (try -help)", name);
	if (o->kind == CHILD_FD || o->kind == CHILD_FD_MAY)
		return parse_fd(name, value, o->to, e);
	*(const char **)o->to = value;
	return 0;
}

/* > 0: said all there was to say. */
static int parse_options(struct child *c, int *parent, char **argv, struct err *e)
{
	for (; *argv; argv++) {
		const char *name = !strncmp(*argv, "--", 2) ? *argv + 1 : *argv;
		const struct child_option *o = find(c, name);

		if (!strcmp(name, "-help") || !strcmp(name, "-h"))
			return printf("usage: %s options\n%s%s", c->name, c->help, common_help), 1;
		if (!strcmp(name, "-version"))
			return printf("%s 0.1\n", c->name), 1;
		if (o && o->kind == CHILD_FLAG) {
			*(bool *)o->to = true;
			continue;
		}
		if (!argv[1])
			return err_set(e, -EINVAL, "%s: unknown option, or its value is missing",
				       *argv);
		if (parse_value(c, parent, name, *++argv, e) < 0)
			return -EINVAL;
	}
	return 0;
}

/* ---- descriptors */

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* All it was handed, in ascending order: each there, each once. */
static int handed_fds(const struct child *c, int fds[FDS_MAX], size_t *n, struct err *e)
{
	fds[0] = c->control;
	*n = 1;
	for (const struct child_option *o = c->options; o->name; o++)
		if ((o->kind == CHILD_FD || (o->kind == CHILD_FD_MAY && *(int *)o->to >= 0)) &&
		    *n < FDS_MAX)
			fds[(*n)++] = *(int *)o->to;
	qsort(fds, *n, sizeof(fds[0]), ascending);
	for (size_t i = 0; i < *n; i++)
		if (fds[i] < 3 || (i && fds[i] == fds[i - 1]))
			return err_set(e, -EINVAL, "each option with fd=N is needed (try -help)");
	return 0;
}

/* Whoever started us may hold more than we should have; and what we have is not for those that we
 * start. */
static void close_others(const int *fds, size_t n)
{
	unsigned low = 3;

	for (size_t i = 0; i < n; i++)
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < n; low = (unsigned)fds[i++] + 1)
		if ((unsigned)fds[i] > low)
			syscall(SYS_close_range, low, (unsigned)fds[i] - 1, 0);
	syscall(SYS_close_range, low, ~0u, 0);
}

/* ---- life */

static void tell(const struct child *c, const char *text)
{
	send(c->control, text, strlen(text), MSG_NOSIGNAL);
}

void child_ready(const struct child *c)
{
	tell(c, HELPER_READY);
}

static int run(struct child *c, struct err *e)
{
	char text[sizeof(e->msg) + sizeof(HELPER_ERROR)];
	sigset_t none;
	int rc;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	rc = c->serve(c, e);
	if (rc && e->msg[0]) {
		snprintf(text, sizeof(text), HELPER_ERROR "%s", e->msg);
		tell(c, text);
	}
	return rc;
}

void child_main(struct child *c, char **argv)
{
	struct err e = {""};
	int fds[FDS_MAX], parent = 0, rc;
	size_t n = 0;

	log_set_name(c->name);
	rc = parse_options(c, &parent, argv + 1, &e);
	if (!rc)
		rc = handed_fds(c, fds, &n, &e);
	if (!rc) {
		if (parent && jail_end_with_parent(parent, &e) < 0)
			_exit(1);
		close_others(fds, n);
		rc = run(c, &e);
	} else if (rc < 0) {
		log_error("%s", e.msg);
	}
	fflush(stdout);
	_exit(rc < 0 ? 1 : 0);
}
