/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's logs: whatever is said into the pipe, files stay small and the supervisor goes on. */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "tests/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1 << 20)

struct box {
	struct loop *l;
	struct guest_log *g;
	char dir[32], path[64], old[68];
};

static void open_log(struct box *b, bool raw)
{
	struct err e = {""};

	*b = (struct box){.l = loop_new(NULL), .dir = "/tmp/hvm-sup-log-XXXXXX"};
	MUST(b->l && mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/web.log", b->dir);
	snprintf(b->old, sizeof(b->old), "%s.1", b->path);
	b->g = guest_log_open(b->l, b->path, raw, &e);
	EQS("", e.msg);
	MUST(b->g);
}

static void close_log(struct box *b)
{
	guest_log_free(b->g);
	loop_free(b->l);
	unlink(b->path);
	unlink(b->old);
	rmdir(b->old);
	EQ(0, rmdir(b->dir));
}

/* As a program does that does not wait. */
static void say(struct box *b, const char *text, size_t n)
{
	MUST(write(guest_log_end(b->g), text, n) == (ssize_t)n);
	while (loop_step(b->l, 0) > 0)
		;
}

static long long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long long)st.st_size;
}

static const char *contents(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

/* "2026-01-01 00:00:00 " */
#define STAMP 20

TEST(lines_have_the_time)
{
	struct box b;

	open_log(&b, false);
	say(&b, "one\ntw", 6);
	EQS("one\n", contents(b.path) + STAMP);
	say(&b, "o\n", 2);
	EQS("two\n", contents(b.path) + STAMP + 4 + STAMP);
	EQ('-', contents(b.path)[4]);
	EQ(0600, ({
		   struct stat st;
		   stat(b.path, &st);
		   st.st_mode & 0777;
	   }));
	close_log(&b);
}

TEST(the_last_words_may_have_no_end)
{
	struct box b;

	open_log(&b, false);
	say(&b, "dying", 5);
	guest_log_free(b.g);
	b.g = NULL;
	EQS("dying\n", contents(b.path) + STAMP);
	close_log(&b);
}

TEST(a_long_line_is_cut_in_pieces)
{
	char text[2200];
	struct box b;
	const char *p;

	open_log(&b, false);
	memset(text, 'x', sizeof(text));
	text[1023] = '\n'; /* the longest that fits: one line */
	text[sizeof(text) - 1] = '\n';
	say(&b, text, sizeof(text));
	p = contents(b.path) + STAMP;
	EQ(1023, strcspn(p, "\n"));
	EQ(1023, strcspn(p += 1024 + STAMP, "\n"));
	EQ(sizeof(text) - 1024 - 1023 - 1, strcspn(p += 1024 + STAMP, "\n"));
	EQ(0, p[sizeof(text) - 1024 - 1023]);
	close_log(&b);
}

TEST(raw_is_as_it_comes)
{
	struct box b;

	open_log(&b, true);
	say(&b, "\r\nlogin: \x1b[0m", 13);
	EQS("\r\nlogin: \x1b[0m", contents(b.path));
	close_log(&b);
}

/* 5 MiB: two files, each at most one. */
TEST_EACH(bounded, 2, i ? "raw" : "lines")
{
	char text[4096];
	struct box b;

	open_log(&b, i);
	memset(text, 'x', sizeof(text));
	for (unsigned k = 0; k < 5 * MIB / sizeof(text); k++) {
		text[99] = text[4095] = '\n';
		say(&b, text, sizeof(text));
	}
	CHECK(size_of(b.path) > 0 && size_of(b.path) <= MIB);
	CHECK(size_of(b.old) > MIB - 8192 && size_of(b.old) <= MIB);
	close_log(&b);
}

/* What lies in the old one's place stays, and the new one does not grow for that. */
TEST(a_log_that_cannot_be_moved)
{
	char text[4096] = "", file[80];
	struct box b;

	open_log(&b, true);
	snprintf(file, sizeof(file), "%s/x", b.old);
	OK(mkdir(b.old, 0700));
	OK(mkdir(file, 0700));
	for (unsigned k = 0; k < 2 * MIB / sizeof(text); k++)
		say(&b, text, sizeof(text));
	EQ(MIB, size_of(b.path));
	OK(rmdir(file));
	close_log(&b);
}

TEST(one_that_was_there_goes_on)
{
	struct box b;
	struct guest_log *again;

	open_log(&b, true);
	say(&b, "first ", 6);
	again = guest_log_open(b.l, b.path, true, NULL);
	MUST(again);
	say(&b, "second", 6);
	guest_log_free(again);
	EQS("first second", contents(b.path));
	close_log(&b);
}

TEST(no_such_folder)
{
	struct loop *l = loop_new(NULL);
	struct err e = {""};

	CHECK(!guest_log_open(l, "/nonexistent/web.log", false, &e));
	EQS("cannot write /nonexistent/web.log: No such file or directory", e.msg);
	loop_free(l);
}

static const char *error_of(struct box *b, const char *program)
{
	static char text[1200];

	guest_log_error(b->g, program, text, sizeof(text));
	return text;
}

/* hvm-core's complaint about hvm-dm's end must not hide why that ended, and the other way round. */
TEST(each_programs_last_error)
{
	struct box b;

	open_log(&b, false);
	EQS("", error_of(&b, "hvm-dm"));
	say(&b, "hvm-dm: error: no disk\nhvm-dm: two\n", 35);
	MUST(write(guest_log_end(b.g), "hvm-core: error: gone\n", 22) == 22); /* not read yet */
	EQS("gone", error_of(&b, "hvm-core"));
	EQS("no disk", error_of(&b, "hvm-dm"));
	EQS("", error_of(&b, "hvm-dm"));
	say(&b, "hvm-dm: error: a\nhvm-dm: error: b\n", 34);
	EQS("b", error_of(&b, "hvm-dm"));
	EQS("", error_of(&b, "hvm-dm"));
	EQS("", error_of(&b, "hvm"));
	close_log(&b);
}

/* More programs than are remembered: the latest are. */
TEST(many_programs_errors)
{
	char line[64], program[8];
	struct box b;

	open_log(&b, false);
	for (unsigned k = 0; k < 5; k++)
		say(&b, line, (size_t)sprintf(line, "p%u: error: e%u\n", k, k));
	for (unsigned k = 0; k < 5; k++) {
		snprintf(program, sizeof(program), "p%u", k);
		snprintf(line, sizeof(line), "e%u", k);
		EQS(k < 2 ? "" : line, error_of(&b, program));
	}
	close_log(&b);
}

/* A program that never stops talking: one look at it ends all the same. */
TEST(a_flood_does_not_keep_the_reader)
{
	char text[4096] = "";
	struct box b;
	pid_t pid;

	open_log(&b, true);
	pid = fork();
	if (!pid) {
		fcntl(guest_log_end(b.g), F_SETFL, 0);
		for (;;)
			(void)!write(guest_log_end(b.g), text, sizeof(text));
	}
	while (size_of(b.path) <= 0)
		guest_log_drain(b.g);
	for (unsigned k = 0; k < 20; k++)
		guest_log_drain(b.g);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(size_of(b.path) <= MIB);
	close_log(&b);
}

static const char *tail_of(const char *path)
{
	static char text[65];
	int fd = open(path, O_RDONLY);

	lseek(fd, -64, SEEK_END);
	text[read(fd, text, 64) == 64 ? 64 : 0] = 0;
	close(fd);
	return text;
}

/* The pipe is full of others' words, who wait for us to read: so we must not wait. */
TEST(our_own_words_do_not_wait)
{
	char text[4096];
	int out = dup(1), err = dup(2), flags;
	struct box b;

	open_log(&b, false);
	memset(text, 'x', sizeof(text));
	guest_log_adopt(b.g);
	flags = fcntl(2, F_GETFL);
	while (write(guest_log_end(b.g), text, sizeof(text)) > 0)
		;
	alarm(5);
	log_warn("nobody hears this");
	guest_log_drain(b.g);
	log_warn("but this");
	guest_log_drain(b.g);
	alarm(0);
	log_close();
	dup2(out, 1);
	dup2(err, 2);
	EQ(0, flags & O_NONBLOCK); /* programs that inherit it wait */
	EQ(O_NONBLOCK, fcntl(guest_log_end(b.g), F_GETFL) & O_NONBLOCK);
	CHECK(strstr(tail_of(b.path), "xwarning: but this\n"));
	close_log(&b);
}
