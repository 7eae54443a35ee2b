/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keeper OPTION…: hvm-dm with these options and hvm-core in a process of its own, both in their
 * jails, and a broker for them: what a supervisor is to a guest, without its toolstack. The guest
 * tests run what $HVM_DM names in place of hvm-dm: with this they are about the remote transport.
 *
 * $HVM_JAIL: the -jail of both; else require, or where the host does not permit that, try, which is
 * said. $KEEPER_LOG: a file for what the broker was asked for. Ends with hvm-dm's status.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "hypervisor/core_jail.h"
#include "proc/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 256

struct words {
	char *v[WORDS + 1];
	unsigned n;
};

struct keeper {
	struct loop *loop;
	struct words core, dm;
	char dir[4096]; /* of the programs */
	const char *jail;
	pid_t core_pid, dm_pid;
	int status; /* hvm-dm's, as waitpid has it */
	FILE *log;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "keeper: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void add(struct words *w, const char *word)
{
	if (w->n == WORDS || !(w->v[w->n++] = strdup(word))) {
		errno = E2BIG;
		fail(word);
	}
}

static void add_fd(struct words *w, const char *name, int fd)
{
	char text[16];

	snprintf(text, sizeof(text), "fd=%d", fd);
	add(w, name);
	add(w, text);
}

/* What the core is to know it is told, and hvm-dm is not. */
static void share(struct keeper *k, char **argv)
{
	for (; *argv; argv++) {
		const char *o = *argv;
		bool both = !strcmp(o, "-m") || !strcmp(o, "-smp");
		bool core = both || !strcmp(o, "-cpu") || !strcmp(o, "-accel");

		if (core && argv[1]) {
			add(&k->core, o);
			add(&k->core, *++argv);
		}
		if (both) {
			add(&k->dm, o);
			add(&k->dm, *argv);
		}
		if (!core)
			add(&k->dm, o);
	}
}

/* ---- sockets */

/* A listening socket, and a connection to it that nobody has accepted yet. */
static void core_sockets(int *listener, int *client)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(a);

	*listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	*client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*listener < 0 || *client < 0 ||
	    bind(*listener, (struct sockaddr *)&a, sizeof(a.sun_family)) < 0 ||
	    getsockname(*listener, (struct sockaddr *)&a, &len) < 0 || listen(*listener, 1) < 0 ||
	    connect(*client, (struct sockaddr *)&a, len) < 0)
		fail("no socket");
}

/* ---- what a jailed hvm-dm is given */

static int open_file(void *arg, const char *path, int flags, unsigned mode, struct err *e)
{
	struct keeper *k = arg;
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);

	if (k->log) {
		fprintf(k->log, "open %s %o\n", path, (unsigned)flags);
		fflush(k->log);
	}
	return fd >= 0 ? fd : err_errno(e, -errno, "cannot open %s", path);
}

static int may_start(void *arg, const char *program, char *const *argv, struct err *e)
{
	struct keeper *k = arg;

	(void)argv;
	(void)e;
	if (k->log) {
		fprintf(k->log, "start %s\n", program);
		fflush(k->log);
	}
	return 0;
}

/* ---- processes */

static pid_t start(const struct keeper *k, struct words *w, int fd, int fd2, bool quiet)
{
	pid_t parent = getpid(), pid;
	char path[8192], text[16];
	sigset_t none;

	snprintf(text, sizeof(text), "%d", (int)parent);
	add(w, "-parent");
	add(w, text);
	add(w, "-jail");
	add(w, k->jail);
	snprintf(path, sizeof(path), "%s/%s", k->dir, w->v[0]);
	pid = fork();
	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fcntl(fd, F_SETFD, 0);
	fcntl(fd2, F_SETFD, 0);
	if (quiet) {
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(STDERR_FILENO, STDOUT_FILENO);
	}
	execv(path, w->v);
	fail(path);
}

static void child_signal(void *arg, uint32_t events)
{
	struct keeper *k = arg;

	(void)events;
	if (waitpid(k->dm_pid, &k->status, WNOHANG) == k->dm_pid)
		loop_quit(k->loop, 0);
}

static void told_to_end(void *arg, uint32_t events)
{
	struct keeper *k = arg;

	(void)events;
	kill(k->dm_pid, SIGTERM);
}

static void on_signals(struct keeper *k, int first, int second,
		       void (*fn)(void *arg, uint32_t events))
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, first);
	sigaddset(&set, second);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0 || !loop_watch(k->loop, fd, EPOLLIN, fn, k))
		fail("signals");
}

/* As text for a shell, and whether that is well. */
static int describe(const char *who, int status)
{
	int rc = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

	if (WIFSIGNALED(status))
		fprintf(stderr, "keeper: %s ended by signal %d\n", who, WTERMSIG(status));
	else if (rc)
		fprintf(stderr, "keeper: %s ended with status %d\n", who, rc);
	return rc;
}

/* In a process of its own: it does not leave the jail again. */
static const char *best_jail(void)
{
	const char *said = getenv("HVM_JAIL");
	struct err e = {""};
	int status;
	pid_t pid;

	if (said && *said)
		return said;
	pid = fork();
	if (!pid) {
		if (core_jail_enter(1 << 20, JAIL_REQUIRE, &e) == 0)
			_exit(0);
		fprintf(stderr, "keeper: %s: -jail try\n", e.msg);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && !status ? "require" : "try";
}

static void find_programs(struct keeper *k)
{
	ssize_t n = readlink("/proc/self/exe", k->dir, sizeof(k->dir) - 1);

	if (n < 0)
		fail("/proc/self/exe");
	*strrchr(k->dir, '/') = 0;
}

static int finish(struct keeper *k)
{
	int status, rc = describe("hvm-dm", k->status);

	if (waitpid(k->core_pid, &status, 0) == k->core_pid && describe("hvm-core", status) && !rc)
		rc = 1;
	return rc;
}

int main(int argc, char **argv)
{
	const struct broker_ops ops = {.open = open_file, .may_start = may_start};
	struct keeper k = {.loop = loop_new(NULL), .jail = best_jail()};
	int listener, client, ends[2];
	struct broker *b;

	(void)argc;
	find_programs(&k);
	if (getenv("KEEPER_LOG"))
		k.log = fopen(getenv("KEEPER_LOG"), "ae");
	if (!k.loop || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		fail("no socket");
	core_sockets(&listener, &client);
	add(&k.core, "hvm-core");
	add_fd(&k.core, "-listen", listener);
	add(&k.core, "-once");
	add(&k.dm, "hvm-dm");
	add_fd(&k.dm, "-core", client);
	add_fd(&k.dm, "-broker", ends[1]);
	share(&k, argv + 1);
	on_signals(&k, SIGCHLD, SIGCHLD, child_signal);
	on_signals(&k, SIGTERM, SIGHUP, told_to_end);
	k.core_pid = start(&k, &k.core, listener, listener, true);
	k.dm_pid = start(&k, &k.dm, client, ends[1], false);
	close(listener);
	close(client);
	close(ends[1]);
	b = broker_serve(k.loop, ends[0], &ops, &k, NULL);
	if (!b)
		fail("no broker");
	loop_run(k.loop);
	broker_free(b);
	return finish(&k);
}
