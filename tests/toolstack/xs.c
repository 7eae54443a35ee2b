/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/xs.c: the store's client beside our store, and beside what is none. */
#include "toolstack/xs.h"

#include "base/util.h"
#include "tests/test.h"
#include "tests/toolstack/store_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

static struct xs *connected(const struct store_run *r)
{
	struct err e = {""};
	struct xs *x = xs_open(r->path, &e);

	EQS("", e.msg);
	MUST(x);
	return x;
}

/* The value, or "!" and what is wrong. */
static const char *value(struct xs *x, const char *path)
{
	static char text[XS_TEXT];
	int rc = xs_read(x, path, text, NULL);

	if (rc)
		snprintf(text, sizeof(text), "!%s", strerrorname_np(-rc));
	return text;
}

/* The names, each behind a space. */
static const char *names(struct xs *x, const char *path)
{
	static char line[2 * XS_TEXT];
	char list[XS_TEXT];
	size_t at = 0;

	OK(xs_list(x, path, list, NULL));
	line[0] = '\0';
	for (const char *p = list; *p; p += strlen(p) + 1)
		at += (size_t)snprintf(line + at, sizeof(line) - at, " %s", p);
	return line;
}

TEST(values)
{
	struct store_run r = store_run_new(NULL, 0);
	struct xs *x = connected(&r);
	struct err e = {""};

	EQS(r.path, xs_path(x));
	OK(xs_write(x, "/a/b", "one two", &e));
	EQS("one two", value(x, "/a/b"));
	EQS("", value(x, "/a"));
	OK(xs_write(x, "/a/b", "", &e));
	EQS("", value(x, "/a/b"));
	OK(xs_mkdir(x, "/a/c", &e));
	OK(xs_mkdir(x, "/a/c", &e));
	OK(xs_perms(x, "/a/c", "n0,r7", &e));
	EQS(" b c", names(x, "/a"));
	EQS("", names(x, "/a/b"));
	OK(xs_rm(x, "/a", &e));
	OK(xs_rm(x, "/a/b/c", &e));
	EQS("!ENOENT", value(x, "/a/b"));
	EQS("", e.msg);
	EQ(-ENOENT, xs_read(x, "/none", (char[XS_TEXT]){""}, &e));
	EQS("the store cannot read /none: No such file or directory", e.msg);
	EQ(-EINVAL, xs_write(x, "not//legal", "", NULL));
	EQ(-EINVAL, xs_perms(x, "/tool", "x", NULL));
	xs_close(x);
	store_run_free(&r);
}

TEST(sizes)
{
	struct store_run r = store_run_new(NULL, 0);
	struct xs *x = connected(&r);
	static char text[8192], long_path[4000];
	struct err e = {""};

	memset(text, 'x', sizeof(text) - 1);
	memset(long_path, 'p', sizeof(long_path) - 1);
	long_path[0] = '/';
	EQ(-E2BIG, xs_write(x, "/a", text, &e));
	EQS("cannot write /a: more than the store takes", e.msg);
	EQ(-E2BIG, xs_mkdir(x, text, NULL));
	EQ(-E2BIG, xs_watch(x, long_path, long_path, NULL));
	text[4096 - 3] = '\0';
	OK(xs_write(x, "/a", text, NULL));
	EQS(text, value(x, "/a"));
	text[4096 - 3] = 'x';
	text[4096 - 2] = '\0';
	EQ(-E2BIG, xs_write(x, "/a", text, NULL));
	EQ(-EINVAL, xs_mkdir(x, long_path, NULL)); /* the store's limit */
	EQS(" a tool", names(x, "/"));
	xs_close(x);
	store_run_free(&r);
}

TEST(with_what_is_above)
{
	struct store_run r = store_run_new(NULL, 0);
	struct xs *x = connected(&r);
	struct err e = {""};

	OK(xs_write(x, "/vm/1/name", "a", &e));
	OK(xs_write(x, "/vm/2/x/y/z", "b", &e));
	OK(xs_rm_up(x, "/vm/2/x/y", &e));
	EQS(" 1", names(x, "/vm"));
	OK(xs_write(x, "/vm", "of value", &e));
	OK(xs_rm_up(x, "/vm/1", &e));
	EQS("of value", value(x, "/vm"));
	OK(xs_rm_up(x, "/never/was/here", &e));
	OK(xs_rm_up(x, "/vm", &e));
	EQS(" tool", names(x, "/"));
	xs_close(x);
	store_run_free(&r);
}

/* Two that make and remove beside each other: what the other one has made stays. */
static void make_and_remove(struct xs *x, const char *name, unsigned n)
{
	char path[64];

	snprintf(path, sizeof(path), "/top/mid/%s", name);
	for (unsigned i = 0; i < n; i++) {
		OK(xs_write(x, path, "mine", NULL));
		MUST(!strcmp("mine", value(x, path)));
		OK(xs_rm_up(x, path, NULL));
	}
}

TEST(beside_others)
{
	struct store_run r = store_run_new(NULL, 0);
	struct xs *x = connected(&r);
	pid_t pid = fork();

	if (!pid) {
		make_and_remove(connected(&r), "other", 100000);
		_exit(1);
	}
	make_and_remove(x, "one", 300);
	kill(pid, SIGKILL);
	xs_close(x);
	store_run_free(&r);
}

/* "PATH TOKEN", or "" when there is none; waits for one for 5 s. */
static const char *event(struct xs *x, bool wait)
{
	static char path[XS_TEXT], token[XS_TEXT];
	struct pollfd p = {.fd = xs_fd(x), .events = POLLIN};
	int rc;

	while (!(rc = xs_event(x, path, token)) && wait && poll(&p, 1, 5000) == 1)
		;
	if (rc < 0)
		return strerrorname_np(-rc);
	if (!rc)
		return "";
	strcat(strcat(path, " "), token);
	return path;
}

TEST(watches)
{
	struct store_run r = store_run_new(NULL, 0);
	struct xs *x = connected(&r), *other = connected(&r);

	EQS("", event(x, false));
	OK(xs_watch(x, "/a", "first", NULL));
	EQ(-EEXIST, xs_watch(x, "/a", "first", NULL));
	OK(xs_write(x, "/a/b", "1", NULL)); /* its events come among answers */
	OK(xs_write(x, "/c", "1", NULL));
	EQS("/a first", event(x, true));
	EQS("/a/b first", event(x, true));
	EQS("", event(x, false));
	OK(xs_write(other, "/a/c", "1", NULL));
	EQS("/a/c first", event(x, true));
	OK(xs_unwatch(x, "/a", "first", NULL));
	EQ(-ENOENT, xs_unwatch(x, "/a", "first", NULL));
	OK(xs_write(other, "/a/c", "1", NULL));
	EQS("1", value(x, "/a/c"));
	EQS("", event(x, false));
	OK(xs_watch(x, "/a", "again", NULL)); /* and leaves its event unread */
	EQS("1", value(x, "/a/c"));
	xs_close(other);
	xs_close(x);
	store_run_free(&r);
}

TEST(store_gone)
{
	struct store_run r = store_run_new(NULL, 0);
	struct xs *x = connected(&r);
	struct err e = {""};

	OK(xs_watch(x, "/a", "t", NULL));
	EQS("1", (OK(xs_write(x, "/b", "1", NULL)), value(x, "/b")));
	store_run_kill(&r);
	EQS("/a t", event(x, true)); /* it came before */
	EQS("EPIPE", event(x, true));
	EQS("EPIPE", event(x, true));
	EQ(-EPIPE, xs_write(x, "/a", "x", &e));
	CHECK(!strncmp(e.msg, "the store at /tmp/hvm-xs-", 25));
	EQ(-EPIPE, xs_rm_up(x, "/a", NULL));
	xs_close(x);
	CHECK(!xs_open(r.path, &e));
	err_clear(&e);
	CHECK(!xs_open("/nowhere/at/all", &e));
	EQS("no store at /nowhere/at/all: No such file or directory", e.msg);
	store_run_free(&r);
}

/* What no store says: the rest is not asked for. */
#define MESSAGE(type, len, text)        \
	{                               \
		{type, 0, 0, len}, text \
	}
static const struct {
	struct xsd_sockmsg m;
	char text[12];
} nonsense[] = {
	MESSAGE(XS_DIRECTORY, 0, ""),           MESSAGE(XS_READ, 5000, ""),
	MESSAGE(XS_READ, 0xfffffff8, ""),       MESSAGE(XS_WATCH_EVENT, 0, ""),
	MESSAGE(XS_WATCH_EVENT, 4, "/a\0"),     MESSAGE(XS_WATCH_EVENT, 4, "/a\0t"),
	MESSAGE(XS_WATCH_EVENT, 8, "/a b c d"),
};

TEST_EACH(nonsense, ARRAY_SIZE(nonsense), "")
{
	struct store_run r = store_run_new(&nonsense[i], sizeof(nonsense[i]));
	struct xs *x;
	struct err e = {""};

	xs_ms = 200;
	x = connected(&r);
	EQ(-EPIPE, xs_read(x, "/a", (char[XS_TEXT]){""}, &e));
	CHECK(strstr(e.msg, "has gone: "));
	xs_close(x);
	store_run_free(&r);
}

TEST(store_says_nothing)
{
	struct store_run r = store_run_new("", 0);
	struct xs *x;
	struct err e = {""};

	xs_ms = 200;
	x = connected(&r);
	EQ(-EPIPE, xs_mkdir(x, "/a", &e));
	CHECK(strstr(e.msg, "has gone: Connection timed out"));
	xs_close(x);
	store_run_free(&r);
}
