/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/store_start.c: hvm-store for all guests of a run directory, started by whoever comes
 * first.
 *
 * Those who come at once wait for each other by a lock (flock), and look again behind it. A store
 * may end, alone for long, in the moment when it is found: what was connected to it is cut off
 * after its socket's name has gone, so a try that fails means that a new one can be started.
 *
 * Tests: tests/toolstack/store_start.c
 */
#include "toolstack/store_start.h"

#include "base/clock.h"
#include "base/util.h"
#include "proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_FD 3

extern char **environ;

/* One that is just ending takes connections, but no requests. */
static struct xs *attach(const char *path, struct err *e)
{
	char value[XS_TEXT];
	struct xs *x = xs_open(path, e);

	if (!x || xs_read(x, "/", value, e) == 0)
		return x;
	xs_close(x);
	return NULL;
}

/* ---- the lock */

static int lock(const char *dir, int64_t until, struct err *e)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, -errno, "cannot open %s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_host_ms() > until) {
			close(fd);
			return err_set(e, -ETIMEDOUT, "others hold %s for too long", path);
		}
		poll(NULL, 0, 10);
	}
	return fd;
}

/* ---- the process */

/* In the child of a process that may have threads: system calls alone. It keeps nothing of ours:
 * a lock or a guest's memory would live as long as the store. */
_Noreturn static void become(const char *program, char **argv, int ready, int log)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	if (setsid() < 0 || fork() != 0) /* its parent ends here: it is nobody's child */
		_exit(0);
	ready = fcntl(ready, F_DUPFD, READY_FD + 1); /* out of the way of what comes */
	if (argv[2][0] == '/' && chdir("/") < 0)     /* where we are may be unmounted */
		_exit(127);
	dup2(log >= 0 ? log : null, 2);
	dup2(null, 0);
	dup2(null, 1);
	dup2(ready, READY_FD);
	syscall(SYS_close_range, READY_FD + 1, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(program, argv, environ);
	_exit(127);
}

/* What it says within the time; an empty line: it has ended. */
static void listen_to(int fd, int64_t until, char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = until - clock_host_ms();
		ssize_t some;

		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			break;
		some = p.revents ? read(fd, line + n, size - 1 - n) : 0;
		if (p.revents && some <= 0)
			break;
		n += (size_t)some;
	}
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static int hear(int fd, int64_t until, struct err *e)
{
	char line[600];

	listen_to(fd, until, line, sizeof(line));
	if (!strcmp(line, "READY 1"))
		return 0;
	if (!strncmp(line, "ERROR ", 6))
		return err_set(e, -EIO, "hvm-store: %s", line + 6);
	return err_set(e, -EIO, "hvm-store does not get ready");
}

static int start(const char *socket, const char *log, int64_t until, struct err *e)
{
	char program[4096];
	char *argv[] = {"hvm-store",  "-socket", (char *)socket, "-linger",
			STORE_LINGER, "-ready",  "fd=3",         NULL}; /* READY_FD */
	int rc = spawn_find("hvm-store", program, sizeof(program), e), ready[2], log_fd = -1;
	pid_t pid;

	if (rc)
		return rc;
	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_errno(e, -errno, "no pipe");
	if (log)
		log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	pid = fork();
	if (!pid)
		become(program, argv, ready[1], log_fd);
	close(ready[1]);
	if (log_fd >= 0)
		close(log_fd);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	rc = pid < 0 ? err_set(e, -EAGAIN, "no process for hvm-store") : hear(ready[0], until, e);
	close(ready[0]);
	return rc;
}

/* ---- all of it */

static struct xs *attach_or_start(const char *dir, const char *log, struct err *e)
{
	int64_t until = clock_host_ms() + STORE_START_MS;
	char path[4200];
	struct xs *x;
	int fd;

	snprintf(path, sizeof(path), "%s/socket", dir);
	x = attach(path, NULL);
	if (x)
		return x;
	fd = lock(dir, until, e);
	if (fd < 0)
		return NULL;
	x = attach(path, NULL);
	if (!x && start(path, log, until, e) == 0)
		x = attach(path, e);
	close(fd);
	return x;
}

struct xs *store_start(const char *rundir, const char *log, struct err *e)
{
	const char *users = getenv("XENSTORED_PATH");
	char dir[4096];

	if (users && *users)
		return attach(users, e);
	snprintf(dir, sizeof(dir), "%s/store", rundir);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		err_errno(e, -errno, "cannot make %s", dir);
		return NULL;
	}
	return attach_or_start(dir, log, e);
}
