/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-vnc: the VNC server of one guest. */
#include "base/log.h"
#include "ui/vnc/vnc_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char help[] =
	"usage: hvm-vnc -listen fd=N -control fd=N [options]\n"
	"  -listen fd=N     listening socket: VNC clients\n"
	"  -control fd=N    packet socket to hvm-dm: READY, then clients\n"
	"  -password        asks for one, which comes over the control socket\n"
	"  -parent PID      end when that process, which started this one, does\n"
	"  -no-jail         keep all rights: for debugging only\n"
	"  -help, -version\n";

static int parse_number(const char *option, const char *text, int *v, struct err *e)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > 1 << 22)
		return err_set(e, -EINVAL, "%s: '%s' is not a number", option, text);
	*v = (int)n;
	return 0;
}

static int parse_value(struct vnc_accept *a, int *parent, const char *name, const char *value,
		       struct err *e)
{
	int *fd = !strcmp(name, "-listen") ? &a->listen : &a->control;

	if (!strcmp(name, "-parent"))
		return parse_number(name, value, parent, e);
	if (strcmp(name, "-listen") && strcmp(name, "-control"))
		return err_set(e, -EINVAL, "unknown option %s (try -help)", name);
	if (strncmp(value, "fd=", 3))
		return err_set(e, -EINVAL, "%s: want fd=N", name);
	return parse_number(name, value + 3, fd, e);
}

/* > 0: said all there was to say. */
static int parse_options(struct vnc_accept *a, int *parent, char **argv, struct err *e)
{
	for (; *argv; argv++) {
		const char *name = !strncmp(*argv, "--", 2) ? *argv + 1 : *argv;

		if (!strcmp(name, "-help") || !strcmp(name, "-h"))
			return fputs(help, stdout), 1;
		if (!strcmp(name, "-version"))
			return puts("hvm-vnc 0.1"), 1;
		if (!strcmp(name, "-no-jail") || !strcmp(name, "-password")) {
			*(name[1] == 'n' ? &a->jail : &a->ask) = name[1] == 'p';
			continue;
		}
		if (!argv[1])
			return err_set(e, -EINVAL, "%s: unknown option, or its value is missing",
				       *argv);
		if (parse_value(a, parent, name, *++argv, e) < 0)
			return -EINVAL;
	}
	if (a->listen < 3 || a->control < 3 || a->listen == a->control)
		return err_set(e, -EINVAL, "-listen fd=N and -control fd=N are needed (try -help)");
	return 0;
}

/* Whoever started us may hold more than we should have. */
static void close_others(const struct vnc_accept *a)
{
	unsigned low = (unsigned)(a->listen < a->control ? a->listen : a->control);
	unsigned high = (unsigned)(a->listen < a->control ? a->control : a->listen);

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

/* Till somebody sets one, nobody knows it. */
static int make_password(struct vnc_accept *a, struct err *e)
{
	uint8_t bytes[VNC_PASSWORD];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(e, -errno, "no random bytes");
	for (unsigned i = 0; i < VNC_PASSWORD; i++)
		a->password[i] = (char)(bytes[i] % 255 + 1);
	return 0;
}

static int serve(struct vnc_accept *a, struct err *e)
{
	int rc = make_password(a, e);

	vnc_rfb_prepare();
	if (!rc && a->jail)
		rc = vnc_jail_server(e);
	if (rc)
		return rc;
	tell(a->control, VNC_READY);
	return vnc_accept_run(a, e);
}

/* Ends by _exit: what libraries do at an exit is not on the list of the jail. */
int main(int argc, char **argv)
{
	struct vnc_accept a = {.listen = -1, .control = -1, .jail = true};
	struct err e = {""};
	int rc, parent = 0;

	(void)argc;
	log_set_name("hvm-vnc");
	rc = parse_options(&a, &parent, argv + 1, &e);
	if (rc > 0)
		return 0;
	if (!rc) {
		end_with_parent(parent);
		close_others(&a);
		signal(SIGPIPE, SIG_IGN);
		rc = serve(&a, &e);
		if (rc && e.msg[0])
			tell_error(a.control, &e);
	} else {
		log_error("%s", e.msg);
	}
	_exit(rc ? 1 : 0);
}
