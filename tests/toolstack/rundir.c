/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folders of running guests: ids, names, locks, and what others may have put there. */
#include "toolstack/rundir.h"

#include "base/util.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/hvm-rundir-XXXXXX";
static struct err e;

static void begin(void)
{
	MUST(mkdtemp(dir));
	MUST(!setenv("HVM_RUN_DIR", dir, 1));
}

static void end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	EQ(0, system(command));
}

static const char *in_dir(const char *file)
{
	static char path[4][300];
	static unsigned n;
	char *p = path[n++ % 4];

	snprintf(p, 300, "%s/%s", dir, file);
	return p;
}

static void put(const char *file, const char *text)
{
	FILE *f = fopen(in_dir(file), "w");

	MUST(f && fputs(text, f) >= 0 && !fclose(f));
}

static bool there(const char *file)
{
	struct stat st;

	return !lstat(in_dir(file), &st);
}

/* Its id; its lock stays held till the test's end. */
static unsigned make(const char *name)
{
	unsigned id = 0;
	int lock;

	err_clear(&e);
	OK(rundir_new(name, &id, &lock, &e));
	EQS("", e.msg);
	return id;
}

static unsigned find(const char *who)
{
	unsigned id;

	err_clear(&e);
	return rundir_find(who, &id, &e) ? 0 : id;
}

TEST(a_guest_comes_and_goes)
{
	char name[RUNDIR_NAME], path[RUNDIR_PATH];
	struct stat st;

	begin();
	EQ(1, make("web"));
	OK(rundir_guest_path(path, 1, "", &e));
	EQS(in_dir("1"), path);
	OK(rundir_guest_path(path, 1, "qmp", &e));
	EQS(in_dir("1/qmp"), path);
	OK(lstat(in_dir("1"), &st));
	EQ(0700, st.st_mode & 07777);
	OK(rundir_name(1, name));
	EQS("web", name);
	EQ(1, find("web"));
	EQ(1, find("1"));
	EQ(0, find("2"));
	EQS("no guest is called 2", e.msg);
	put("1/anything", "");
	OK(mkdir(in_dir("1/folder"), 0700));
	put("1/folder/file", "");
	rundir_remove(1);
	CHECK(!there("1"));
	EQ(0, find("web"));
	end();
}

/* An id does not come back at once, and after the last one the first is looked at again. */
TEST(ids_go_round)
{
	begin();
	EQ(1, make("a"));
	EQ(2, make("b"));
	rundir_remove(1);
	rundir_remove(2);
	EQ(3, make("c"));
	put("last", "32750");
	EQ(32751, make("d"));
	EQ(1, make("e"));
	EQ(2, make("f"));
	EQ(4, make("g"));
	put("last", "nonsense");
	EQ(5, make("h"));
	end();
}

TEST(names_are_taken)
{
	unsigned id;
	int lock;

	begin();
	make("a");
	make("b");
	EQ(-EEXIST, rundir_new("a", &id, &lock, &e));
	EQS("a guest called a is there already: 1", e.msg);
	EQ(-1, lock);
	CHECK(!there("3"));
	err_clear(&e);
	EQ(-EEXIST, rundir_rename(1, "b", &e));
	EQS("a guest called b is there already: 2", e.msg);
	EQ(1, find("a"));
	OK(rundir_rename(1, "a", NULL));
	OK(rundir_rename(1, "c", NULL));
	EQ(0, find("a"));
	EQ(1, find("c"));
	CHECK(!there("1/name.new"));
	EQ(3, make("a"));
	end();
}

static void make_all(void)
{
	for (unsigned i = 0; i < 20; i++) {
		int all = rundir_lock(NULL), lock;
		char name[16];
		unsigned id;

		snprintf(name, sizeof(name), "g%u", i);
		rundir_new(name, &id, &lock, NULL); /* whoever is first has it */
		close(all);
	}
}

/* `hvm create` in a loop in several shells: each name is given away once, with its own id. */
TEST(made_at_once)
{
	char name[16];
	unsigned *ids;

	begin();
	for (unsigned k = 0; k < 4; k++)
		if (!fork()) {
			make_all();
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	EQ(20, rundir_list(&ids, &e));
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "g%u", i);
		EQ(i + 1, find(name));
	}
	free(ids);
	end();
}

TEST(listed_by_id)
{
	static const char *const others[] = {"0",     "007",    "-1",  "1x",    "32752",
					     "99999", "100000", "12 ", "store", "4294967297"};
	unsigned *ids;

	begin();
	EQ(0, rundir_list(&ids, &e));
	free(ids);
	put("last", "9");
	make("ten");
	put("last", "1");
	make("two");
	put("last", "99");
	make("hundred");
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		OK(mkdir(in_dir(others[i]), 0700));
	put("7", "a file");
	OK(symlink("/", in_dir("8")));
	EQ(3, rundir_list(&ids, &e));
	EQ(2, ids[0]);
	EQ(10, ids[1]);
	EQ(100, ids[2]);
	free(ids);
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		EQ(0, find(others[i]));
	put("last", "6");
	EQ(9, make("nine")); /* what lies there is nobody's to take */
	end();
}

/* A name is whatever is in the file: too long, binary, a folder, none. */
TEST(hostile_names)
{
	char name[RUNDIR_NAME], text[300];

	begin();
	make("a");
	make("b");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	put("1/name", text);
	OK(rundir_name(1, name));
	EQ(RUNDIR_NAME - 1, strlen(name));
	put("1/name", "");
	OK(rundir_name(1, name));
	EQS("", name);
	unlink(in_dir("1/name"));
	EQ(-ENOENT, rundir_name(1, name));
	EQ(0, find("1"));
	OK(mkdir(in_dir("1/name"), 0700));
	EQ(-ENOENT, rundir_name(1, name));
	EQ(2, find("b"));
	EQ(3, make("c"));
	end();
}

TEST(a_link_in_a_guests_folder_is_not_followed)
{
	begin();
	make("a");
	OK(mkdir(in_dir("elsewhere"), 0700));
	put("elsewhere/file", "");
	OK(symlink(in_dir("elsewhere"), in_dir("1/link")));
	rundir_remove(1);
	CHECK(!there("1"));
	CHECK(there("elsewhere/file"));
	end();
}

/* ---- who lives ---- */

TEST(the_dead_are_known_by_their_locks)
{
	int lock = -1, theirs, mine;
	unsigned id;

	begin();
	OK(rundir_new("a", &id, &theirs, &e));
	CHECK(!rundir_is_dead(id, &lock));
	EQ(-1, lock);
	close(theirs);
	CHECK(rundir_is_dead(id, &lock));
	CHECK(lock >= 0);
	CHECK(!rundir_is_dead(id, &mine)); /* somebody is sweeping it already */
	rundir_remove(id);
	close(lock);
	end();
}

/* hvm create was killed before there was a lock. */
TEST(a_folder_without_a_lock_is_dead)
{
	int lock;

	begin();
	OK(mkdir(in_dir("5"), 0700));
	CHECK(rundir_is_dead(5, &lock));
	EQ(-1, lock);
	rundir_remove(5);
	CHECK(!there("5"));
	end();
}

TEST(a_lock_that_was_inherited_counts)
{
	int theirs, lock, go[2];
	unsigned id;
	pid_t pid;

	begin();
	MUST(!pipe(go));
	OK(rundir_new("a", &id, &theirs, &e));
	pid = fork();
	if (!pid) {
		close(go[1]);
		(void)!read(go[0], &id, 1);
		_exit(0);
	}
	close(theirs);
	CHECK(!rundir_is_dead(id, &lock));
	close(go[1]);
	waitpid(pid, NULL, 0);
	CHECK(rundir_is_dead(id, &lock));
	close(lock);
	end();
}

/* ---- where ---- */

static int path_rc(const char *run, const char *xdg)
{
	char path[RUNDIR_PATH];
	int rc;

	err_clear(&e);
	run ? setenv("HVM_RUN_DIR", run, 1) : unsetenv("HVM_RUN_DIR");
	xdg ? setenv("XDG_RUNTIME_DIR", xdg, 1) : unsetenv("XDG_RUNTIME_DIR");
	rc = rundir_path(path, "x", &e);
	if (rc)
		EQS("", path);
	return rc;
}

TEST(folders_of_others_are_refused)
{
	struct stat st;
	char want[200];

	begin();
	OK(mkdir(in_dir("open"), 0777));
	OK(chmod(in_dir("open"), 0777));
	EQ(0, path_rc(in_dir("open"), NULL));
	OK(stat(in_dir("open"), &st));
	EQ(0700, st.st_mode & 07777);
	put("file", "");
	EQ(-EPERM, path_rc(in_dir("file"), NULL));
	snprintf(want, sizeof(want), "%s is not a folder of yours", in_dir("file"));
	EQS(want, e.msg);
	OK(symlink(in_dir("open"), in_dir("link")));
	EQ(-EPERM, path_rc(in_dir("link"), NULL));
	if (geteuid()) {
		EQ(-EPERM, path_rc("/", NULL));
	} else {
		OK(mkdir(in_dir("theirs"), 0700));
		OK(chown(in_dir("theirs"), 65534, 65534));
		EQ(-EPERM, path_rc(in_dir("theirs"), NULL));
	}
	EQ(-ENOENT, path_rc(in_dir("no/such"), NULL));
	end();
}

TEST(sockets_must_fit)
{
	char name[101];

	begin();
	memset(name, 'x', 100);
	name[100] = 0;
	EQ(-ENAMETOOLONG, path_rc(in_dir(name), NULL));
	CHECK(strstr(e.msg, "is too long for a folder with sockets in it"));
	name[74] = 0; /* the folder itself fits, the longest name in it does not */
	EQ(0, path_rc(in_dir(name), NULL));
	EQ(-ENAMETOOLONG, rundir_guest_path((char[RUNDIR_PATH]){""}, 32751, "control", NULL));
	end();
}

/* An ordinary user's, in a process of its own as root has another one. */
TEST(by_the_environment)
{
	char path[RUNDIR_PATH];

	begin();
	if (!geteuid()) {
		OK(chown(dir, 65534, 65534));
		OK(seteuid(65534));
	}
	EQ(-ENOENT, path_rc(NULL, NULL));
	EQS("no folder for running guests: set HVM_RUN_DIR or XDG_RUNTIME_DIR", e.msg);
	EQ(-ENOENT, path_rc("", ""));
	EQ(0, path_rc(NULL, dir));
	CHECK(there("hvm"));
	setenv("XDG_STATE_HOME", in_dir("state"), 1);
	OK(rundir_log_path(path, "web", &e));
	EQS(in_dir("state/hvm/web.log"), path);
	CHECK(there("state/hvm") && !there("state/hvm/web.log"));
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", in_dir("home"), 1);
	OK(rundir_log_path(path, "console/web", &e));
	EQS(in_dir("home/.local/state/hvm/console/web.log"), path);
	CHECK(there("home/.local/state/hvm/console"));
	setenv("HVM_LOG_DIR", "/proc/nowhere", 1);
	CHECK(rundir_log_path(path, "web", &e) < 0);
	CHECK(!seteuid(getuid()));
	end();
}

TEST(log_path_too_long)
{
	char name[400], path[RUNDIR_PATH];

	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = 0;
	setenv("HVM_LOG_DIR", name, 1);
	EQ(-ENAMETOOLONG, rundir_log_path(path, "web", &e));
	name[240] = 0;
	setenv("HVM_LOG_DIR", name, 1);
	EQ(-ENAMETOOLONG, rundir_log_path(path, "a-guest-with-a-name", NULL));
}

TEST(the_lock_waits)
{
	int lock, child;

	begin();
	lock = rundir_lock(&e);
	MUST(lock >= 0);
	child = fork();
	if (!child) {
		close(lock);
		_exit(rundir_lock(NULL) < 0);
	}
	usleep(20000);
	EQ(0, waitpid(child, NULL, WNOHANG));
	close(lock);
	EQ(child, waitpid(child, NULL, 0));
	end();
}
