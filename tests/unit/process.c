/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/process.h"

#include "proc/spawn.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void process_use(const char *program)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	MUST(n > 0);
	path[n] = 0;
	for (unsigned up = 0; up < 2; up++)
		*strrchr(path, '/') = 0;
	snprintf(path + strlen(path), 32, "/%s", program);
	if (access(path, X_OK) < 0)
		SKIP("hvm-nat, hvm-vnc or hvm-sdl is not built (no library?)");
	spawn_program = path;
}

static pid_t first_child(void)
{
	char path[64];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	if (!f)
		SKIP("the kernel does not list children of a process");
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

/* The list is only right while nothing forks or ends (proc(5)): one that is empty is read again. */
pid_t process_child(void)
{
	pid_t pid = first_child();

	for (unsigned i = 0; !pid && i < 20; i++) {
		usleep(10000);
		pid = first_child();
	}
	return pid;
}

unsigned long long process_status(pid_t pid, const char *key, int base)
{
	char path[64], line[256];
	unsigned long long v = ~0ull;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	MUST(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			v = strtoull(line + strlen(key) + 1, NULL, base);
	fclose(f);
	return v;
}

bool process_shares(pid_t pid, const char *space)
{
	char path[64], its[64] = "", ours[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, space);
	MUST(readlink(path, its, sizeof(its) - 1) > 0);
	snprintf(path, sizeof(path), "/proc/self/ns/%s", space);
	MUST(readlink(path, ours, sizeof(ours) - 1) > 0);
	return !strcmp(its, ours);
}

unsigned process_open_files(pid_t pid)
{
	unsigned n = 0;

	for (unsigned fd = 0; fd < 64; fd++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/fd/%u", (int)pid, fd);
		n += access(path, F_OK) == 0;
	}
	return n;
}
