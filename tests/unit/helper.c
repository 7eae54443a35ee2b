/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/helper.h with helpers of the test's own, which are scripts, and the real ones jailed. */
#include "proc/helper.h"
#include "base/log.h"
#include "base/util.h"
#include "tests/test.h"
#include "tests/unit/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct owner {
	struct loop *loop;
	const char *option; /* takes a socket, which is … */
	int fd;             /* -1: none */
	bool require;       /* the jail */
	unsigned starts, ends;
	char said[64];
};

static int prepare(void *arg, struct spawn *s, struct err *e)
{
	struct owner *o = arg;

	(void)e;
	o->starts++;
	if (o->fd >= 0)
		spawn_fd(s, o->option, o->fd, true);
	if (o->require) {
		spawn_arg(s, "-jail");
		spawn_arg(s, "require");
	}
	return 0;
}

static int started(void *arg, struct helper *h, struct err *e)
{
	(void)arg;
	(void)h;
	(void)e;
	return 0;
}

static void ended(void *arg)
{
	((struct owner *)arg)->ends++;
}

static bool said(void *arg, const char *text, const int fds[2])
{
	struct owner *o = arg;

	CHECK(fds[0] < 0 && fds[1] < 0);
	snprintf(o->said, sizeof(o->said), "%s", text);
	return !strncmp(text, "news ", 5);
}

static const struct helper_ops ops = {
	.program = "hvm-vnc", .prepare = prepare, .started = started, .ended = ended, .said = said};

/* A helper that does what the lines say; $c is its control socket. */
static void script(const char *lines)
{
	static char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/hvm-helper-%d", (int)getpid());
	f = fopen(path, "w");
	MUST(f);
	fprintf(f, "#!/bin/bash\nc=${2#fd=}\n%s\n", lines);
	fclose(f);
	MUST(chmod(path, 0700) == 0);
	spawn_program = path;
}

static struct owner owner(void)
{
	struct owner o = {.loop = loop_new(NULL), .fd = -1};

	MUST(o.loop);
	log_set_level(LOG_ERROR);
	return o;
}

static void turn(struct owner *o, int ms)
{
	struct timespec t;
	int64_t now, end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms;
	do {
		MUST(loop_step(o->loop, 20) >= 0);
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = t.tv_sec * 1000 + t.tv_nsec / 1000000;
	} while (now < end);
}

static void done(struct owner *o, struct helper *h)
{
	helper_free(h);
	loop_free(o->loop);
	unlink(spawn_program);
}

static void fails(const char *lines, const char *sentence)
{
	struct owner o = owner();
	struct err e = {""};

	script(lines);
	CHECK(!helper_open(&ops, &o, "test", o.loop, &e));
	EQS(sentence, e.msg);
	EQ(1, o.ends);
	EQ(0, process_child());
	done(&o, NULL);
}

TEST(does_not_start)
{
	fails("printf 'ERROR the moon is full' >&$c", "the moon is full");
	fails("printf 'READY 2' >&$c; sleep 60", "hvm-vnc does not start");
	fails("exit 0", "hvm-vnc does not start");
}

TEST(asked)
{
	struct owner o = owner();
	struct err e = {""};
	char answer[64];
	struct helper *h;

	script("printf 'READY 1' >&$c\n"
	       "while read -r -N 1 -u $c; do printf 'OK fine' >&$c; printf 'ERROR no' >&$c; done");
	h = helper_open(&ops, &o, "test", o.loop, &e);
	EQS("", e.msg);
	MUST(h);
	OK(helper_ask(h, "q", answer, sizeof(answer), &e));
	EQS("OK fine", answer);
	EQ(-EINVAL, helper_ask(h, "q", answer, sizeof(answer), &e));
	EQS("no", e.msg);
	done(&o, h);
}

TEST(news_and_nonsense)
{
	struct owner o = owner();
	struct helper *h;

	script("printf 'READY 1' >&$c; printf 'news 1' >&$c; printf 'rubbish' >&$c; sleep 60");
	h = helper_open(&ops, &o, "test", o.loop, NULL);
	MUST(h);
	turn(&o, 100);
	EQS("rubbish", o.said);
	EQ(1, o.ends); /* whoever says that is ended */
	EQ(0, process_child());
	done(&o, h);
}

/* One that ends at once is started after one second, then after two. */
TEST(pauses_between_starts)
{
	struct owner o = owner();
	struct helper *h;

	script("printf 'READY 1' >&$c");
	h = helper_open(&ops, &o, "test", o.loop, NULL);
	MUST(h);
	turn(&o, 500);
	EQ(1, o.starts);
	EQ(1, o.ends);
	turn(&o, 1300);
	EQ(2, o.starts);
	turn(&o, 1000);
	EQ(2, o.starts);
	done(&o, h);
}

/* It dies with whoever started it, also when that is killed. */
TEST(dies_with_its_parent)
{
	struct pollfd p = {.events = POLLIN};
	int fds[2], status;
	char byte;
	pid_t pid;

	process_use("hvm-vnc");
	MUST(!pipe(fds));
	pid = fork();
	if (!pid) {
		struct owner o = owner();

		o.option = "-listen";
		o.fd = socket(AF_UNIX, SOCK_STREAM, 0);
		fcntl(fds[0], F_SETFD, FD_CLOEXEC);
		fcntl(fds[1], F_SETFD, FD_CLOEXEC);
		MUST(helper_open(&ops, &o, "test", o.loop, NULL));
		MUST(write(fds[1], &(pid_t){process_child()}, sizeof(pid_t)) == sizeof(pid_t));
		kill(getpid(), SIGKILL);
	}
	close(fds[1]);
	MUST(waitpid(pid, &status, 0) == pid);
	EQ(SIGKILL, status);
	MUST(read(fds[0], &pid, sizeof(pid)) == sizeof(pid));
	p.fd = (int)syscall(SYS_pidfd_open, pid, 0); /* < 0: it is gone already */
	CHECK(p.fd < 0 || poll(&p, 1, 5000) == 1);
	EQ(0, read(fds[0], &byte, 1));
}

/* What it was not handed it has not: three of the system's, control and the socket. */
static const char *const programs[][2] = {{"hvm-vnc", "-listen"}, {"hvm-nat", "-frames"}};

TEST_EACH(jail_as_required, ARRAY_SIZE(programs), programs[i][0])
{
	struct owner o = owner();
	struct err e = {""};
	struct helper *h;

	process_use(programs[i][0]);
	o.option = programs[i][1];
	o.require = true;
	o.fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	h = helper_open(&ops, &o, "test", o.loop, &e);
	if (!h && strstr(e.msg, "no jail as required"))
		SKIP("the host does not permit all of a jail");
	EQS("", e.msg);
	MUST(h);
	EQ(5, process_open_files(process_child()));
	close(o.fd);
	helper_free(h);
	loop_free(o.loop);
}
