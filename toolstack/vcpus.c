/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/vcpus.c: a guest's processors are threads of its hvm-core called "vcpuN"; the kernel
 * counts their time.
 *
 * Spec: proc(5): /proc/PID/task/TID/stat
 * Tests: tests/toolstack/running.c
 */
#include "toolstack/running.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields behind the name: state is the first, utime 12th, stime 13th, processor 37th. */
static void read_fields(const char *at, struct running_vcpu *v)
{
	unsigned long long ticks = 0;

	v->runs = *at == 'R';
	v->cpu = 0;
	for (unsigned field = 1; at && *at; field++) {
		if (field == 12 || field == 13)
			ticks += strtoull(at, NULL, 10);
		if (field == 37)
			v->cpu = atoi(at);
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	v->seconds = (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* The number of the processor that the thread is; -1: it is none. */
static int read_thread(int task, const char *tid, struct running_vcpu *v)
{
	char path[64], text[1024], *name, *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.20s/stat", tid);
	fd = openat(task, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end[1] != ' ' || strncmp(name, "(vcpu", 5))
		return -1;
	read_fields(end + 2, v);
	return atoi(name + 5);
}

unsigned running_vcpus(long pid, struct running_vcpu *v, unsigned n)
{
	char path[40];
	unsigned found = 0;
	struct dirent *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	memset(v, 0, n * sizeof(*v));
	d = pid > 0 ? opendir(path) : NULL;
	while (d && (f = readdir(d))) {
		struct running_vcpu one;
		int i = *f->d_name == '.' ? -1 : read_thread(dirfd(d), f->d_name, &one);

		if (i < 0 || (unsigned)i >= n)
			continue;
		v[i] = one;
		found++;
	}
	if (d)
		closedir(d);
	return found;
}
