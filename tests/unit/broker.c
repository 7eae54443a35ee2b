/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proc/broker.h: the test is the supervisor, a process that it forks the jailed device model. */
#include "proc/broker.h"
#include "base/log.h"
#include "base/packet.h"
#include "proc/broker_wire.h"
#include "proc/helper.h"
#include "tests/test.h"
#include "tests/unit/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct host {
	struct loop *loop;
	struct broker *broker;
	int client; /* the other end */
	char asked[64];
	unsigned opened;
};

static int op_open(void *arg, const char *path, int flags, unsigned mode, struct err *e)
{
	struct host *h = arg;

	snprintf(h->asked, sizeof(h->asked), "%.20s %o %o", path, (unsigned)flags, mode);
	h->opened++;
	if (strcmp(path, "/dev/null"))
		return err_set(e, -EACCES, "%s is not the guest's", path);
	return open(path, flags | O_CLOEXEC);
}

static int op_may_start(void *arg, const char *program, char *const *argv, struct err *e)
{
	(void)arg;
	EQS(argv[0], program);
	for (; *argv; argv++)
		if (!strcmp(*argv, "tftp=/"))
			return err_set(e, -EPERM, "not that folder");
	return 0;
}

static const struct broker_ops ops = {op_open, op_may_start, "try"};

static struct host host(void)
{
	struct host h = {.loop = loop_new(NULL)};
	int s[2];

	log_set_level(LOG_ERROR);
	MUST(h.loop && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s));
	h.client = s[0];
	h.broker = (struct broker *)(intptr_t)s[1];
	return h;
}

/* Once h lies where it stays. */
static void serve(struct host *h)
{
	h->broker = broker_serve(h->loop, (int)(intptr_t)h->broker, &ops, h, NULL);
	MUST(h->broker);
}

static void done(struct host *h)
{
	broker_free(h->broker);
	loop_free(h->loop);
	if (h->client >= 0)
		close(h->client);
	EQ(0, process_child());
}

static void one_more(void *arg, const char *program, pid_t pid)
{
	CHECK(pid > 0);
	EQS("hvm-vnc", program);
	++*(unsigned *)arg;
}

static unsigned helpers(const struct host *h)
{
	unsigned n = 0;

	broker_each(h->broker, one_more, &n);
	return n;
}

/* As hvm-dm does: its exit status, 0 if all is as it should be. */
static int as_client(struct host *h, int (*fn)(void))
{
	pid_t pid = fork(), rc;
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(30);
		_exit(broker_attach(h->client, NULL) ? 99 : fn());
	}
	close(h->client);
	h->client = -1;
	while (!(rc = waitpid(pid, &status, WNOHANG)))
		MUST(loop_step(h->loop, 5) >= 0);
	MUST(rc == pid);
	return status;
}

static void settle(struct host *h, unsigned wanted)
{
	for (unsigned i = 0; i < 1000 && helpers(h) != wanted; i++)
		MUST(loop_step(h->loop, 5) >= 0);
	EQ(wanted, helpers(h));
}

/* A helper that says READY and waits. */
static void script(void)
{
	static char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/hvm-broker-%d", (int)getpid());
	f = fopen(path, "w");
	MUST(f);
	fprintf(f, "#!/bin/bash\nprintf 'READY 1' >&${2#fd=}\nexec sleep 60\n");
	fclose(f);
	MUST(chmod(path, 0700) == 0);
	spawn_program = path;
}

/* ---- files */

static int opens(void)
{
	struct err e = {""};
	struct stat st;
	char path[5000];
	int fd = broker_open("/dev/null", O_RDWR, 0, &e);

	if (fd < 0 || fstat(fd, &st) || !S_ISCHR(st.st_mode) || fcntl(fd, F_GETFD) != FD_CLOEXEC ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return 1;
	if (broker_open("/etc/passwd", O_RDONLY, 0, &e) != -EACCES ||
	    strcmp(e.msg, "/etc/passwd is not the guest's"))
		return 2;
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = 0;
	if (broker_open(path, O_RDONLY | O_CLOEXEC, 0600, NULL) != -EACCES)
		return 3;
	return 0;
}

TEST(opens_files)
{
	struct host h = host();

	serve(&h);
	EQ(0, as_client(&h, opens));
	EQ(3, h.opened);
	EQS("xxxxxxxxxxxxxxxxxxxx 0 600", h.asked);
	done(&h);
}

static int nobody_there(void)
{
	struct err e = {""};

	if (broker_open("/dev/null", O_RDWR, 0, &e) != -EPIPE)
		return 1;
	return 0;
}

TEST(supervisor_gone)
{
	struct host h = host();

	serve(&h);
	broker_free(h.broker);
	h.broker = NULL;
	EQ(0, as_client(&h, nobody_there));
	done(&h);
}

/* ---- helpers, as proc/helper.c starts them */

static int prepare(void *arg, struct spawn *s, struct err *e)
{
	(void)e;
	spawn_arg(s, "-name");
	spawn_arg(s, arg ? arg : "\2");
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
	(void)arg;
}

static const struct helper_ops helper_ops = {
	.program = "hvm-vnc", .prepare = prepare, .started = started, .ended = ended};

/* One is ended, one left behind by the client's own end, one refused. */
static int starts(void)
{
	struct loop *l = loop_new(NULL);
	struct err e = {""};
	struct helper *a = helper_open(&helper_ops, NULL, "test", l, &e), *b;

	if (!a || process_child())
		return 1;
	b = helper_open(&helper_ops, NULL, "test", l, &e);
	if (!b)
		return 2;
	helper_free(a);
	if (helper_open(&helper_ops, "tftp=/", "test", l, &e) || strcmp(e.msg, "not that folder"))
		return 3;
	return 0;
}

TEST(starts_helpers)
{
	struct host h = host();

	script();
	serve(&h);
	EQ(0, as_client(&h, starts));
	settle(&h, 0); /* they end with the client */
	done(&h);
	unlink(spawn_program);
}

static int holds_one(void)
{
	return !helper_open(&helper_ops, NULL, "test", loop_new(NULL), NULL) || pause();
}

/* Those that run are ended and reaped when the supervisor has done with it. */
TEST(freed_with_helpers)
{
	struct host h = host();
	pid_t pid;

	script();
	serve(&h);
	pid = fork();
	if (!pid)
		_exit(broker_attach(h.client, NULL) ? 99 : holds_one());
	settle(&h, 1);
	kill(pid, SIGKILL);
	MUST(waitpid(pid, NULL, 0) == pid);
	done(&h);
	unlink(spawn_program);
}

/* ---- what it says against all rules */

static void say(struct host *h, const struct broker_request *r, const char *text, size_t size,
		unsigned n_fds)
{
	const struct iovec iov[] = {{(void *)r, sizeof(*r)}, {(void *)text, size}};
	int fds[SPAWN_FDS + 4];

	for (unsigned i = 0; i < n_fds; i++)
		fds[i] = h->client;
	CHECK(packet_send(h->client, iov, 2, fds, n_fds) > 0);
	MUST(loop_step(h->loop, 0) >= 0);
}

static int answered(struct host *h)
{
	struct broker_answer a = {.rc = 1};
	const struct iovec iov = {&a, sizeof(a)};
	int fd;

	packet_receive(h->client, &iov, 1, MSG_DONTWAIT, &fd, 1, NULL);
	if (fd >= 0)
		close(fd);
	return a.rc;
}

#define TEXT(t) t, sizeof(t)

TEST(nonsense)
{
	static char big[BROKER_TEXT + 1];
	struct broker_request r = {.what = BROKER_OPEN};
	struct host h = host();
	unsigned before;

	serve(&h);
	before = process_open_files(getpid());
	say(&h, &r, "/dev/null", 9, 0); /* its end is missing */
	EQ(-EINVAL, answered(&h));
	say(&h, &r, TEXT("/dev/null\0/etc/passwd"), 0);
	EQ(-EINVAL, answered(&h));
	say(&h, &r, TEXT("/dev/null"), 1);
	EQ(-EINVAL, answered(&h));
	say(&h, &r, "", 0, 0);
	EQ(-EINVAL, answered(&h));
	say(&h, &r, big, sizeof(big), 0);
	EQ(-EINVAL, answered(&h));
	say(&h, &r, TEXT("/dev/null"), 0);
	EQ(0, answered(&h));
	r.what = 7;
	say(&h, &r, TEXT("/dev/null"), 0);
	EQ(-EINVAL, answered(&h));
	r.what = BROKER_END;
	say(&h, &r, "", 0, 0); /* 0 and 12345 name none */
	r.serial = 12345;
	say(&h, &r, "", 0, 2);
	EQ(before, process_open_files(getpid()));
	EQ(1, h.opened);
	done(&h);
}

TEST(nonsense_to_start)
{
	struct broker_request r = {.what = BROKER_START};
	struct host h = host();
	char many[SPAWN_ARGS + 32];
	unsigned before;

	spawn_program = "/bin/true";
	serve(&h);
	before = process_open_files(getpid());
	say(&h, &r, TEXT("bash"), 0);
	EQ(-EPERM, answered(&h));
	say(&h, &r, TEXT("../bin/hvm-vnc"), 0);
	EQ(-EPERM, answered(&h));
	say(&h, &r, TEXT("hvm-vnc\0-control\0\1"), 0); /* no descriptor */
	EQ(-EINVAL, answered(&h));
	say(&h, &r, TEXT("hvm-vnc\0-control\0\1"), 2); /* one too many */
	EQ(-EINVAL, answered(&h));
	say(&h, &r, TEXT("hvm-vnc"), SPAWN_FDS + 4);
	EQ(-EINVAL, answered(&h));
	memset(many, 0, sizeof(many));
	memcpy(many, "hvm-vnc", 7);
	say(&h, &r, many, sizeof(many), 0);
	EQ(-E2BIG, answered(&h));
	say(&h, &r, TEXT("hvm-vnc\0tftp=/"), 0);
	EQ(-EPERM, answered(&h));
	EQ(before, process_open_files(getpid()));
	EQ(0, helpers(&h));
	say(&h, &r, TEXT("hvm-vnc\0-control\0\1"), 1);
	EQ(0, answered(&h));
	EQ(1, helpers(&h));
	done(&h);
}

TEST(starts_are_counted)
{
	struct broker_request r = {.what = BROKER_START};
	struct host h = host();
	unsigned good = 0;

	spawn_program = "/bin/true";
	serve(&h);
	for (unsigned i = 0; i < 80; i++) {
		say(&h, &r, TEXT("hvm-vnc"), 0);
		good += !answered(&h);
		settle(&h, 0);
	}
	CHECK(good >= 32 && good < 60);
	for (unsigned i = 0; i < 3; i++) /* nobody's question: not heard any more */
		send(h.client, "x", 1, MSG_NOSIGNAL);
	MUST(loop_step(h.loop, 0) >= 0);
	CHECK(packet_send(h.client, &(struct iovec){"x", 1}, 1, NULL, 0) < 0);
	done(&h);
}

/* Asks and never listens: the server goes on, and hears it no more. */
TEST(does_not_read)
{
	const struct broker_request r = {.what = BROKER_OPEN};
	const struct iovec iov[] = {{(void *)&r, sizeof(r)}, {"/dev/null", 10}};
	struct host h = host();
	ssize_t n = 1;

	log_set_level(-1);
	serve(&h);
	for (unsigned i = 0; i < 100000 && n > 0; i++) {
		n = packet_send(h.client, iov, 2, NULL, 0);
		MUST(loop_step(h.loop, 0) >= 0);
	}
	EQ(-EPIPE, n);
	CHECK(h.opened < 10000);
	done(&h);
}
