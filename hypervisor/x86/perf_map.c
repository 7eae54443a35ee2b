/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/perf_map.c: see perf_map.h. Lines are written at once, so that a process that is
 * killed has left them; a place that is used again has its new line behind the old one, and perf
 * takes what it likes of the two. The file ends where a guest's endless new code would fill a disk.
 *
 * Spec: tools/perf/Documentation/jit-interface.txt of Linux
 * Tests: tests/x86/perf_map.c
 */
#include "hypervisor/x86/perf_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MOST (64 << 20) /* bytes */

struct perf_map {
	int fd;
	size_t left;
};

struct perf_map *perf_map_open(struct err *e)
{
	struct perf_map *p = calloc(1, sizeof(*p));
	char path[40];

	if (!p) {
		err_set(e, -ENOMEM, "no memory for perf's map");
		return NULL;
	}
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path); /* of an earlier process of that number */
	p->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	p->left = MOST;
	if (p->fd >= 0)
		return p;
	err_errno(e, -errno, "cannot make %s (perf-map=on)", path);
	free(p);
	return NULL;
}

void perf_map_add_named(struct perf_map *p, const void *code, size_t len, const char *name)
{
	char line[120];
	int n;

	if (!p)
		return;
	n = snprintf(line, sizeof(line), "%" PRIxPTR " %zx %.60s\n", (uintptr_t)code, len, name);
	if ((size_t)n > p->left || write(p->fd, line, (size_t)n) != n)
		p->left = 0; /* it is full, or the disk */
	else
		p->left -= (size_t)n;
}

void perf_map_add(struct perf_map *p, const void *code, size_t len, uint64_t rip, unsigned bits)
{
	char name[40];

	snprintf(name, sizeof(name), "guest%u:%" PRIx64, bits, rip);
	perf_map_add_named(p, code, len, name);
}

void perf_map_close(struct perf_map *p)
{
	if (!p)
		return;
	close(p->fd);
	free(p);
}
