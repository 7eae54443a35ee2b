/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From inside a jail that allows nothing of its own: what every jail refuses. */
#include "jail/jail.h"
#include "tests/test.h"
#include "tests/unit/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int enter_plain(struct err *e)
{
	return jail_enter(&(struct jail){.files = 64, .no_writes = true}, JAIL_TRY, e);
}

TEST(refused)
{
	probe_refused(enter_plain, NULL);
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
