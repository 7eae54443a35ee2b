/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-nat: the user-mode network of one guest. */
#include "base/log.h"
#include "net/nat/nat.h"
#include "net/user.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char help[] =
	"usage: hvm-nat -frames fd=N -control fd=N [options]\n"
	"  -frames fd=N     packet socket: frames of the guest, each behind 12 bytes of header\n"
	"  -control fd=N    packet socket: READY, then commands\n"
	"  -user OPTIONS    key=value,… of -netdev user (hvm-dm(1)), without id=\n"
	"  -parent PID      end when that process, which started this one, does\n"
	"  -no-jail         keep all rights: for debugging only\n"
	"  -help, -version\n";

struct options {
	int frames, control, parent;
	bool jail;
	const char *user;
};

static int parse_number(const char *option, const char *text, int *v, struct err *e)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > 1 << 22)
		return err_set(e, -EINVAL, "%s: '%s' is not a number", option, text);
	*v = (int)n;
	return 0;
}

static int parse_value(struct options *o, const char *name, const char *value, struct err *e)
{
	int *fd = !strcmp(name, "-frames") ? &o->frames : &o->control;

	if (!strcmp(name, "-parent"))
		return parse_number(name, value, &o->parent, e);
	if (!strcmp(name, "-user")) {
		o->user = value;
		return 0;
	}
	if (strcmp(name, "-frames") && strcmp(name, "-control"))
		return err_set(e, -EINVAL, "unknown option %s (try -help)", name);
	if (strncmp(value, "fd=", 3))
		return err_set(e, -EINVAL, "%s: want fd=N", name);
	return parse_number(name, value + 3, fd, e);
}

/* > 0: said all there was to say. */
static int parse_options(struct options *o, char **argv, struct err *e)
{
	for (; *argv; argv++) {
		const char *name = !strncmp(*argv, "--", 2) ? *argv + 1 : *argv;

		if (!strcmp(name, "-help") || !strcmp(name, "-h"))
			return fputs(help, stdout), 1;
		if (!strcmp(name, "-version"))
			return puts("hvm-nat 0.1"), 1;
		if (!strcmp(name, "-no-jail")) {
			o->jail = false;
			continue;
		}
		if (!argv[1])
			return err_set(e, -EINVAL, "%s: unknown option, or its value is missing",
				       *argv);
		if (parse_value(o, name, *++argv, e) < 0)
			return -EINVAL;
	}
	if (o->frames < 3 || o->control < 3 || o->frames == o->control)
		return err_set(e, -EINVAL, "-frames fd=N and -control fd=N are needed (try -help)");
	return 0;
}

/* Whoever started us may hold more than we should have. */
static void close_others(const struct options *o)
{
	unsigned low = (unsigned)(o->frames < o->control ? o->frames : o->control);
	unsigned high = (unsigned)(o->frames < o->control ? o->control : o->frames);

	if (low > 3)
		syscall(SYS_close_range, 3u, low - 1, 0);
	if (high > low + 1)
		syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0u, 0);
}

static void end_with_parent(int parent)
{
	if (!parent)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it was faster */
		_exit(1);
}

static void tell(int control, const char *text)
{
	send(control, text, strlen(text), MSG_NOSIGNAL);
}

static void tell_error(int control, const struct err *e)
{
	char text[sizeof(e->msg) + 8];

	snprintf(text, sizeof(text), "ERROR %s", e->msg);
	tell(control, text);
}

static int serve(const struct options *o, struct err *e)
{
	static struct nat_config config;
	struct nat *n;
	int rc = nat_config_parse(&config, o->user, e);

	if (rc)
		return rc;
	n = nat_slirp_new(&config, o->frames, o->control, e);
	if (!n)
		return -EINVAL;
	rc = o->jail ? nat_jail_enter(config.tftp, e) : 0;
	if (!rc) {
		tell(o->control, NET_USER_READY);
		rc = nat_slirp_run(n);
	}
	nat_slirp_free(n);
	return rc;
}

/* Ends by _exit: what libraries do at an exit is not on the list of the jail. */
int main(int argc, char **argv)
{
	struct options o = {.frames = -1, .control = -1, .jail = true, .user = ""};
	struct err e = {""};
	sigset_t none;
	int rc;

	(void)argc;
	log_set_name("hvm-nat");
	rc = parse_options(&o, argv + 1, &e);
	if (rc > 0)
		return 0;
	if (!rc) {
		end_with_parent(o.parent);
		close_others(&o);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_IGN);
		rc = serve(&o, &e);
		if (rc && e.msg[0])
			tell_error(o.control, &e);
	} else {
		log_error("%s", e.msg);
	}
	_exit(rc ? 1 : 0);
}
