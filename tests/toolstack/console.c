/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/toolstack/console.c: two pseudo-terminals, one the guest's serial line, one a person's, and
 * the console between them in a process of its own.
 */
#include "toolstack/console.h"

#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct pair {
	int master, slave;
	char path[64];
};

static void pair_open(struct pair *p)
{
	p->master = posix_openpt(O_RDWR | O_NOCTTY);
	MUST(p->master >= 0 && !grantpt(p->master) && !unlockpt(p->master));
	MUST(!ptsname_r(p->master, p->path, sizeof(p->path)));
	p->slave = open(p->path, O_RDWR | O_NOCTTY);
	MUST(p->slave >= 0);
}

struct bench {
	struct pair guest, person;
	int reader; /* of a pipe for out; 0: none */
	pid_t pid;
};

/* The child's exit status: what console_run said. */
static void child(const char *path, int in, int out)
{
	struct err e = {""};
	int rc;

	rc = console_run(path, in, out, &e);
	if (rc < 0)
		dprintf(STDERR_FILENO, "%s\n", e.msg);
	_exit(rc < 0 ? 100 : rc);
}

/* in, out: -1: the person's terminal. */
static void bench_open(struct bench *b, int in, int out)
{
	struct termios t;

	pair_open(&b->guest);
	pair_open(&b->person);
	MUST(!tcgetattr(b->guest.slave, &t)); /* as char/pty.c makes it */
	cfmakeraw(&t);
	MUST(!tcsetattr(b->guest.slave, TCSANOW, &t));
	b->pid = fork();
	if (!b->pid) {
		/* as other processes have them */
		close(b->person.master);
		close(b->guest.master);
		if (b->reader)
			close(b->reader);
		child(b->guest.path, in < 0 ? b->person.slave : in,
		      out < 0 ? b->person.slave : out);
	}
	MUST(b->pid > 0);
}

static bool is_raw(const struct bench *b)
{
	struct termios t;

	MUST(!tcgetattr(b->person.slave, &t));
	return !(t.c_lflag & (ICANON | ECHO | ISIG));
}

static void await_raw(const struct bench *b)
{
	for (unsigned i = 0; i < 2000 && !is_raw(b); i++)
		poll(NULL, 0, 1);
	CHECK(is_raw(b));
}

static void say(int fd, const char *text)
{
	EQ((long)strlen(text), write(fd, text, strlen(text)));
}

/* Waits for exactly this. */
static void hear(int fd, const char *text)
{
	char got[256] = "";
	size_t n = 0;

	while (n < strlen(text)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t more;

		if (poll(&p, 1, 5000) <= 0)
			break;
		more = read(fd, got + n, sizeof(got) - 1 - n);
		if (more <= 0)
			break;
		n += (size_t)more;
	}
	got[n] = 0;
	EQS(text, got);
}

static int ended(const struct bench *b)
{
	int status = -1;

	MUST(waitpid(b->pid, &status, 0) == b->pid);
	return status;
}

TEST(both_ways_until_escape)
{
	struct bench b = {.reader = 0};

	bench_open(&b, -1, -1);
	await_raw(&b);
	say(b.person.master, "ls\r\x03");
	hear(b.guest.master, "ls\r\x03");
	say(b.guest.master, "a\r\nb\x1b[1m\xff");
	hear(b.person.master, "a\r\nb\x1b[1m\xff");
	say(b.person.master, "last\x1dnot this");
	hear(b.guest.master, "last");
	EQ(CONSOLE_LEFT, WEXITSTATUS(ended(&b)));
	CHECK(!is_raw(&b));
	say(b.guest.slave, "then this");
	hear(b.guest.master, "then this");
}

/* The guest reads nothing: its line fills up, and Ctrl-] is seen nevertheless. */
TEST(stuck_guest_can_be_left)
{
	struct bench b = {.reader = 0};
	char text[512];

	memset(text, 'x', sizeof(text));
	bench_open(&b, -1, -1);
	await_raw(&b);
	for (unsigned i = 0; i < 128; i++)
		EQ(512, write(b.person.master, text, sizeof(text)));
	say(b.person.master, "\x1d");
	EQ(CONSOLE_LEFT, WEXITSTATUS(ended(&b)));
}

TEST(guest_ends)
{
	struct bench b = {.reader = 0};

	bench_open(&b, -1, -1);
	await_raw(&b);
	close(b.guest.slave);
	close(b.guest.master);
	EQ(CONSOLE_CLOSED, WEXITSTATUS(ended(&b)));
	CHECK(!is_raw(&b));
}

TEST(our_terminal_goes)
{
	struct bench b = {.reader = 0};

	bench_open(&b, -1, -1);
	await_raw(&b);
	close(b.person.slave);
	close(b.person.master);
	EQ(100, WEXITSTATUS(ended(&b)));
}

static const int signals[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};

TEST_EACH(signals_leave_terminal_cooked, sizeof(signals) / sizeof(signals[0]),
	  strsignal(signals[i]))
{
	struct bench b = {.reader = 0};
	int status;

	bench_open(&b, -1, -1);
	await_raw(&b);
	kill(b.pid, signals[i]);
	status = ended(&b);
	CHECK(WIFSIGNALED(status));
	EQ(signals[i], WTERMSIG(status));
	CHECK(!is_raw(&b));
}

/* A script's: what it says goes in, then what the guest says comes out until it ends. */
TEST(files)
{
	struct bench b = {.reader = 0};
	int in[2], out[2];

	MUST(!pipe(in) && !pipe(out));
	say(in[1], "echo\n");
	close(in[1]);
	bench_open(&b, in[0], out[1]);
	close(out[1]);
	hear(b.guest.master, "echo\n");
	say(b.guest.master, "and out\n");
	hear(out[0], "and out\n");
	close(b.guest.slave);
	close(b.guest.master);
	EQ(CONSOLE_CLOSED, WEXITSTATUS(ended(&b)));
	EQ(0, read(out[0], in, 1));
}

/* More than the line takes waits in the pipe; nothing is lost. */
TEST(files_are_not_lost)
{
	struct bench b = {.reader = 0};
	char text[16384];
	int in[2];
	size_t n = 0;

	MUST(!pipe(in));
	memset(text, 'x', sizeof(text));
	EQ(sizeof(text), write(in[1], text, sizeof(text)));
	close(in[1]);
	bench_open(&b, in[0], -1);
	while (n < sizeof(text)) {
		struct pollfd p = {.fd = b.guest.master, .events = POLLIN};
		ssize_t more = poll(&p, 1, 5000) > 0 ? read(p.fd, text, sizeof(text)) : 0;

		MUST(more > 0);
		n += (size_t)more;
	}
	EQ(sizeof(text), n);
	kill(b.pid, SIGTERM);
	ended(&b);
}

TEST(reader_of_output_goes)
{
	struct bench b = {.reader = 0};
	int out[2];

	MUST(!pipe(out));
	b.reader = out[0];
	bench_open(&b, -1, out[1]);
	await_raw(&b);
	close(out[1]);
	close(out[0]);
	EQ(100, WEXITSTATUS(ended(&b)));
	CHECK(!is_raw(&b));
}

TEST(no_such_console)
{
	struct err e = {""};

	EQ(-ENOENT, console_run("/nowhere/pts", 0, 1, &e));
	EQS("cannot open the console /nowhere/pts: No such file or directory", e.msg);
}
