/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/store_start.c: one store for all who come, whenever they do; hvm-store itself. */
#include "toolstack/store_start.h"

#include "proc/spawn.h"
#include "tests/test.h"
#include "tests/toolstack/store_run.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMERS 12

static char dir[32], path[64];

static void begin_with(const char *program)
{
	spawn_program = program;
	unsetenv("XENSTORED_PATH");
	strcpy(dir, "/tmp/hvm-start-XXXXXX");
	MUST(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/store/socket", dir);
}

static void begin(void)
{
	static char program[4096], below[PATH_MAX];
	const char *build = getenv("BUILD");

	snprintf(below, sizeof(below), "%s/bin/hvm-store", build ? build : "build");
	if (!realpath(below, program))
		SKIP("hvm-store is not built");
	begin_with(program);
}

static bool serves(const char *cmdline)
{
	char text[256] = "", want[96];
	FILE *f = fopen(cmdline, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	for (size_t i = 0; i + 1 < n; i++)
		if (!text[i])
			text[i] = ' ';
	snprintf(want, sizeof(want), "hvm-store -socket %s ", path);
	return !strncmp(text, want, strlen(want));
}

/* The processes that serve it: their number, and one of them. */
static unsigned stores(pid_t *pid)
{
	unsigned n = 0;
	glob_t g;

	MUST(!glob("/proc/[0-9]*/cmdline", 0, NULL, &g));
	for (size_t i = 0; i < g.gl_pathc; i++)
		if (serves(g.gl_pathv[i])) {
			*pid = atoi(g.gl_pathv[i] + 6);
			n++;
		}
	globfree(&g);
	return n;
}

static void end_stores(void)
{
	pid_t pid;

	while (stores(&pid)) {
		kill(pid, SIGKILL);
		poll(NULL, 0, 10);
	}
}

static void end(void)
{
	char command[64];

	end_stores();
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	EQ(0, system(command));
}

static struct xs *started(void)
{
	struct err e = {""};
	struct xs *x = store_start(dir, NULL, &e);

	EQS("", e.msg);
	MUST(x);
	return x;
}

/* Each leaves its name behind in the store it finds. */
static pid_t comer(unsigned i, const int go[2])
{
	char name[32];
	struct xs *x;
	pid_t pid = fork();

	if (pid)
		return pid;
	close(go[1]);
	MUST(read(go[0], name, 1) == 0);
	snprintf(name, sizeof(name), "/comer/%u", i);
	x = started();
	OK(xs_write(x, name, "here", NULL));
	_exit(0);
}

static void all_come(void)
{
	pid_t pid[COMERS];
	int go[2], status;

	MUST(!pipe(go));
	for (unsigned i = 0; i < COMERS; i++)
		pid[i] = comer(i, go);
	close(go[0]);
	close(go[1]);
	for (unsigned i = 0; i < COMERS; i++) {
		MUST(waitpid(pid[i], &status, 0) == pid[i]);
		EQ(0, status);
	}
}

/* It outlives them all; where it was killed, the next ones have another one. */
TEST(many_at_once)
{
	char list[XS_TEXT];
	unsigned n;
	pid_t store;
	struct xs *x;

	begin();
	for (unsigned round = 0; round < 3; round++) {
		all_come();
		EQ(1, stores(&store));
		CHECK(getsid(store) != getsid(0));
		x = started();
		OK(xs_list(x, "/comer", list, NULL));
		n = 0;
		for (const char *p = list; *p; p += strlen(p) + 1)
			n++;
		EQ(COMERS, n);
		xs_close(x);
		end_stores();
		OK(access(path, F_OK));
	}
	end();
}

/* Whenever one comes: before the end, after it, or to a store that takes no more requests. */
TEST(one_that_just_ends)
{
	begin();
	for (unsigned i = 0; i < 15; i++) {
		pid_t store;
		struct xs *x = started();

		MUST(stores(&store));
		xs_close(x);
		kill(store, SIGTERM);
		xs_close(started());
	}
	end();
}

/* What it would hold for ever: locks of the guest that came first. */
TEST(keeps_nothing_of_ours)
{
	char name[64];
	struct xs *x;
	int fd, again;

	begin();
	snprintf(name, sizeof(name), "%s/guest", dir);
	fd = open(name, O_CREAT | O_RDWR, 0600);
	OK(flock(fd, LOCK_EX));
	x = started();
	close(fd);
	again = open(name, O_RDWR);
	OK(flock(again, LOCK_EX | LOCK_NB));
	close(again);
	xs_close(x);
	end();
}

TEST(users_own)
{
	struct store_run r = store_run_new(NULL, 0);
	struct err e = {""};
	struct xs *x;

	begin_with("/nowhere/hvm-store");
	setenv("XENSTORED_PATH", r.path, 1);
	x = started();
	EQS(r.path, xs_path(x));
	xs_close(x);
	setenv("XENSTORED_PATH", "/nowhere/socket", 1);
	CHECK(!store_start(dir, NULL, &e));
	EQS("no store at /nowhere/socket: No such file or directory", e.msg);
	EQ(0, rmdir(dir)); /* nothing was made there */
	store_run_free(&r);
}

/* A program that does what the lines say, and what store_start says of it. */
static void fails(const char *lines, const char *sentence)
{
	char name[64], log[64];
	struct err e = {""};
	FILE *f;

	begin_with(NULL);
	snprintf(name, sizeof(name), "%s/program", dir);
	snprintf(log, sizeof(log), "%s/log", dir);
	f = fopen(name, "w");
	fprintf(f, "#!/bin/sh\n%s\n", lines);
	fclose(f);
	OK(chmod(name, 0700));
	spawn_program = name;
	CHECK(!store_start(dir, log, &e));
	EQS(sentence, e.msg);
	f = fopen(log, "r");
	MUST(f);
	MUST(fgets(log, sizeof(log), f));
	EQS("for the log\n", log);
	fclose(f);
	end();
}

TEST(does_not_start)
{
	struct err e = {""};

	fails("echo for the log >&2; echo ERROR no luck >&3", "hvm-store: no luck");
	fails("echo for the log >&2", "hvm-store does not get ready");
	fails("echo for the log >&2; echo READY 12 >&3", "hvm-store does not get ready");
	begin_with("/nowhere/hvm-store");
	CHECK(!store_start(dir, NULL, &e));
	EQS("hvm-store does not get ready", e.msg);
	end();
	CHECK(!store_start("/nowhere/run", NULL, (err_clear(&e), &e)));
	EQS("cannot make /nowhere/run/store: No such file or directory", e.msg);
}
