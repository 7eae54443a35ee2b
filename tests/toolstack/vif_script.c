/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/vif_script.c: a card's script: found, with libxl's words, and however it ends. */
#include "toolstack/vif_script.h"

#include "base/util.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[32], path[64];

/* A script "mine" that does what the lines say. */
static struct vif_script script(const char *lines)
{
	FILE *f;

	strcpy(dir, "/tmp/hvm-script-XXXXXX");
	MUST(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/mine", dir);
	f = fopen(path, "w");
	MUST(f);
	fprintf(f, "#!/bin/sh\n%s\n", lines);
	fclose(f);
	OK(chmod(path, 0755));
	return (struct vif_script){.path = path, .verb = "add", .domid = 3, .card = 1, .log = -1};
}

static void end(void)
{
	unlink(path);
	OK(rmdir(dir));
}

/* How it ended: "0" or the sentence; behind a bar the last line that it said. The script's own path
 * is written as MINE. */
static const char *ran(const struct vif_script *s)
{
	static char text[1024];
	char last[200];
	struct err e = {""};
	int rc = vif_script_run(s, last, &e);
	char *at = strstr(e.msg, path);

	if (at)
		snprintf(text, sizeof(text), "%.*sMINE%s|%s", (int)(at - e.msg), e.msg,
			 at + strlen(path), last);
	else
		snprintf(text, sizeof(text), "%s|%s", rc ? e.msg : "0", last);
	return text;
}

TEST(words_and_settings)
{
	static const char want[] = "ARGS add type_if=tap\n"
				   "INTERFACE=vif3.1-emu\n"
				   "PATH=/bin:/usr/bin\n"
				   "XENBUS_BASE_PATH=backend\n"
				   "XENBUS_PATH=backend/vif/3/1\n"
				   "XENBUS_TYPE=vif\n"
				   "XENSTORED_PATH=/run/x/socket\n"
				   "bridge=br7\n"
				   "mine=stays\n"
				   "netdev=eth5\n"
				   "vif=vif3.1\n"
				   "no input\n";
	struct vif_script s = script("echo ARGS $*; env | grep -v -e ^script= -e ^PWD= -e ^_= | "
				     "LC_ALL=C sort; [ \"$script\" = $0 ] || echo $script; "
				     "read x || echo no input");
	char got[2000];
	int log[2];
	ssize_t n;

	clearenv();
	setenv("mine", "stays", 1);
	setenv("PATH", "/bin:/usr/bin", 1);
	setenv("XENBUS_TYPE", "another", 1);
	MUST(!pipe(log));
	s.log = log[1];
	s.store = "/run/x/socket";
	s.bridge = "br7";
	s.gatewaydev = "eth5";
	EQS("0|no input", ran(&s));
	n = read(log[0], got, sizeof(got) - 1);
	MUST(n > 0);
	got[n] = '\0';
	EQS(want, got);
	end();
}

static const struct {
	const char *lines, *says;
} ends[] = {
	{":", "0|"},
	{"echo one; echo two >&2; echo", "0|two"},
	{"printf unfinished", "0|unfinished"},
	{"printf 'a\\033[1m\\tb\\n'", "0|a [1m b"},
	{"echo no luck; exit 3", "script MINE add ended with status 3: no luck|no luck"},
	{"exit 1", "script MINE add ended with status 1|"},
	{"kill -9 $$", "script MINE add ended with signal 9|"},
	{"sleep 60 & echo it is in the background", "0|it is in the background"},
	{"echo slow; sleep 60", "script MINE add did not end within 1 s|slow"},
};

TEST_EACH(ends, ARRAY_SIZE(ends), ends[i].lines)
{
	struct vif_script s = script(ends[i].lines);
	struct timespec a, b;

	vif_script_ms = 1000;
	clock_gettime(CLOCK_MONOTONIC, &a);
	EQS(ends[i].says, ran(&s));
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK(b.tv_sec - a.tv_sec < 10);
	end();
}

/* Dead, though whoever has inherited it may not have noticed. */
static bool dead(int pid)
{
	char name[40], state = 'Z';
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	f = fopen(name, "r");
	if (f && fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'Z';
	if (f)
		fclose(f);
	return state == 'Z' || state == 'X';
}

/* What it has started dies with it when it takes too long. */
TEST(its_children)
{
	struct vif_script s = script("sleep 60 & echo $! >$0.pid; wait");
	char name[80], last[200];
	int pid = 0;
	FILE *f;

	vif_script_ms = 500;
	EQ(-EIO, vif_script_run(&s, last, NULL));
	snprintf(name, sizeof(name), "%s.pid", path);
	f = fopen(name, "r");
	MUST(f && fscanf(f, "%d", &pid) == 1 && pid > 1);
	fclose(f);
	for (unsigned i = 0; i < 500 && !dead(pid); i++)
		poll(NULL, 0, 10);
	CHECK(dead(pid));
	unlink(name);
	end();
}

/* It may say what it likes: the log takes so much of it, and it is not kept waiting. */
TEST(much_to_say)
{
	struct vif_script s = script("yes | head -c 1000000; echo; echo done");
	char name[80];
	struct stat st;

	snprintf(name, sizeof(name), "%s/log", dir);
	s.log = open(name, O_CREAT | O_WRONLY, 0600);
	EQS("0|done", ran(&s));
	OK(fstat(s.log, &st));
	EQ(VIF_SCRIPT_SAYS, st.st_size);
	unlink(name);
	end();
}

/* Nor is it by a log that nobody reads. */
TEST(log_that_is_full)
{
	struct vif_script s = script("yes | head -c 300000; echo; echo done");
	int log[2];

	MUST(!pipe(log));
	fcntl(log[1], F_SETPIPE_SZ, 4096);
	s.log = log[1];
	EQS("0|done", ran(&s));
	end();
}

TEST(not_to_be_run)
{
	struct vif_script s = script("");

	OK(chmod(path, 0600));
	EQS("script MINE: Permission denied|", ran(&s));
	unlink(path);
	EQS("script MINE: No such file or directory|", ran(&s));
	OK(rmdir(dir));
}

TEST(found)
{
	char at[PATH_MAX];
	struct err e = {""};

	script("");
	OK(vif_script_find(path, at, &e));
	EQS(path, at);
	vif_script_folder = dir;
	OK(vif_script_find("mine", at, &e));
	EQS(path, at);
	OK(chmod(path, 0600));
	EQ(-ENOENT, vif_script_find("mine", at, &e));
	EQS("mine", at);
	CHECK(!strncmp(e.msg, "no script mine, neither in /tmp/hvm-script-", 43));
	EQ(-ENOENT, vif_script_find("/nowhere/mine", at, (err_clear(&e), &e)));
	EQS("script /nowhere/mine: No such file or directory", e.msg);
	end();
}
