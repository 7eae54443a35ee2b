/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay/ours.c: our device model through the qtest socket. */
#include "tests/tools/replay/replay.h"

#include "base/util.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* One command; the answer is "OK", "OK VALUE" or "FAIL …", events between are passed over. */
static int qtest(struct target *t, uint64_t *v, struct err *e, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int qtest(struct target *t, uint64_t *v, struct err *e, const char *format, ...)
{
	char command[96], *line = NULL;
	size_t room = 0;
	va_list args;
	int rc;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fprintf(t->out, "%s\n", command);
	fflush(t->out);
	do {
		rc = target_line(t, &line, &room, e);
	} while (!rc && !strncmp(line, "IRQ ", 4));
	if (!rc && strncmp(line, "OK", 2) != 0)
		rc = err_set(e, -EIO, "ours answers %s to %s", line, command);
	if (!rc && v)
		*v = strtoull(line + 2, NULL, 0);
	free(line);
	return rc;
}

static int ours_in(struct target *t, unsigned size, uint64_t port, uint64_t *v, struct err *e)
{
	return qtest(t, v, e, "in%c 0x%llx", " bw l"[size], (unsigned long long)port);
}

static int ours_out(struct target *t, unsigned size, uint64_t port, uint64_t v, struct err *e)
{
	return qtest(t, NULL, e, "out%c 0x%llx 0x%llx", " bw l"[size], (unsigned long long)port,
		     (unsigned long long)v);
}

static int ours_read(struct target *t, unsigned size, uint64_t addr, uint64_t *v, struct err *e)
{
	return qtest(t, v, e, "read%c 0x%llx", " bw l"[size], (unsigned long long)addr);
}

static int ours_write(struct target *t, unsigned size, uint64_t addr, uint64_t v, struct err *e)
{
	return qtest(t, NULL, e, "write%c 0x%llx 0x%llx", " bw l"[size], (unsigned long long)addr,
		     (unsigned long long)v);
}

static int ours_step(struct target *t, uint64_t ns, struct err *e)
{
	return qtest(t, NULL, e, "clock_step %llu", (unsigned long long)ns);
}

/* The program connects to the socket named; ending before it did so is an error of its own. */
static int accept_child(struct target *t, int listener, struct err *e)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};

	for (int tenths = 0; tenths < SOCKET_SECONDS * 10; tenths++) {
		if (poll(&p, 1, 100) > 0)
			return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (waitpid(t->pid, NULL, WNOHANG) == t->pid) {
			t->pid = 0;
			return err_set(e, -EIO, "ours ended at its start");
		}
	}
	return err_set(e, -EIO, "ours did not connect to its qtest socket");
}

static int ours_start(struct target *t, char **argv, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char arg[128];
	unsigned n = 0;

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/qtest", t->dir);
	if (listener < 0 || bind(listener, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    listen(listener, 1) < 0)
		return err_errno(e, -errno, "cannot listen on %s", sa.sun_path);
	snprintf(arg, sizeof(arg), "unix:%s", sa.sun_path);
	while (argv[n])
		n++;
	memcpy(&argv[n], (char *[]){"-accel", "qtest", "-qtest", arg, NULL}, 5 * sizeof(char *));
	fd = target_spawn(t, argv, NULL, 0, e) ? -EIO : accept_child(t, listener, e);
	close(listener);
	return fd < 0 ? -EIO : target_streams(t, fd, e);
}

const struct target_ops ours_ops = {ours_start, ours_in,    ours_out,
				    ours_read,  ours_write, ours_step};
