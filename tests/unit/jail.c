/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From inside a jail that allows nothing of its own: what every jail refuses. */
#include "jail/jail.h"
#include "config.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int probe_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int probe_create(void)
{
	return open("/tmp/hvm-jail", O_WRONLY | O_CREAT, 0600);
}

static int probe_unlink(void)
{
	return unlink("/nonexistent");
}

static int probe_connect(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/nonexistent"};

	return connect(0, (struct sockaddr *)&a, sizeof(a));
}

static int probe_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int probe_exec(void)
{
	return execl("/bin/true", "true", NULL);
}

static int probe_ptrace(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int probe_kill(void)
{
	return kill(getppid(), 0);
}

static int probe_fork(void)
{
	return fork();
}

static int probe_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static int probe_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

/* killed: by the kernel; else the call fails with EPERM. */
static const struct {
	const char *name;
	int (*run)(void);
	bool killed;
} probes[] = {
	{"open", probe_open, false},          {"create", probe_create, false},
	{"unlink", probe_unlink, false},      {"connect", probe_connect, false},
	{"socket", probe_socket, false},      {"exec", probe_exec, true},
	{"ptrace", probe_ptrace, true},       {"kill", probe_kill, false},
	{"fork", probe_fork, false},          {"code", probe_code, false},
	{"namespace", probe_namespace, true},
};

static int in_child(enum jail_mode mode, int (*run)(void))
{
	const struct jail jail = {.files = 64, .no_writes = true};
	struct err e = {""};
	int status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (!pid) {
		if (jail_enter(&jail, mode, &e) < 0)
			_exit(2);
		_exit(run() < 0 && errno == EPERM ? 0 : 1);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	return status;
}

TEST_EACH(refused, sizeof(probes) / sizeof(probes[0]), probes[i].name)
{
#ifndef CONFIG_SECCOMP
	SKIP("built without libseccomp");
#endif
	EQ(probes[i].killed ? SIGSYS : 0, in_child(JAIL_TRY, probes[i].run));
}

/* Without the list of system calls, files are closed by Landlock alone. */
static int files_closed(const struct jail *jail, int (*probe)(void))
{
	struct err e = {""};
	int status;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* else it takes root */
		if (jail_close_files(jail, &e) < 0)
			_exit(3);
		_exit(probe() >= 0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	if (WEXITSTATUS(status) == 3)
		SKIP("the kernel has no Landlock");
	return WEXITSTATUS(status);
}

TEST(files)
{
	const char *const some[] = {"/etc", NULL};

	EQ(0, files_closed(&(struct jail){.files = 64}, probe_open));
	EQ(1, files_closed(&(struct jail){.files = 64, .read = some}, probe_open));
}

static char folder[32], file[40];

static int probe_remove(void)
{
	return unlink(file);
}

TEST(removal)
{
	strcpy(folder, "/tmp/hvm-jail-XXXXXX");
	MUST(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/file", folder);
	MUST(!close(open(file, O_CREAT | O_WRONLY, 0600)));
	EQ(0, files_closed(&(struct jail){.files = 64}, probe_remove));
	EQ(0, files_closed(&(struct jail){.files = 64, .remove_in = "/etc"}, probe_remove));
	EQ(1, files_closed(&(struct jail){.files = 64, .remove_in = folder}, probe_remove));
	OK(rmdir(folder));
}

TEST(off)
{
	EQ(0, jail_enter(&(struct jail){.files = 1}, JAIL_OFF, NULL));
	OK(dup(0));
}

TEST(modes)
{
	enum jail_mode m;

	OK(jail_parse_mode("require", &m));
	EQ(JAIL_REQUIRE, m);
	OK(jail_parse_mode("off", &m));
	EQ(JAIL_OFF, m);
	CHECK(jail_parse_mode("", &m) < 0);
}
