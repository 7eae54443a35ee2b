/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_files.c: the files that hvm-dm may have opened for it once it is jailed:
 * the guest's disks, and the discs that its owner puts in. By their names as hvm-dm says them, to
 * be written only where the configuration says so.
 *
 * Tests: tests/toolstack/sup_files.c
 */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct file {
	char *path;
	bool writable;
	struct file *next;
};
struct sup_files {
	struct file *first;
};

static struct file *find(struct sup_files *f, const char *path)
{
	struct file *x = f->first;

	while (x && strcmp(x->path, path))
		x = x->next;
	return x;
}

int sup_files_allow(struct sup *s, const char *path, bool writable)
{
	struct file *x = find(s->files, path);

	if (!x) {
		x = calloc(1, sizeof(*x));
		if (x)
			x->path = strdup(path);
		if (!x || !x->path) {
			free(x);
			return -ENOMEM;
		}
		x->next = s->files->first;
		s->files->first = x;
	}
	x->writable |= writable;
	return 0;
}

int sup_files_new(struct sup *s, struct err *e)
{
	int rc = 0;

	s->files = calloc(1, sizeof(*s->files));
	if (!s->files)
		return err_set(e, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < s->guest.n_disks && !rc; i++)
		if (s->guest.disks[i].target)
			rc = sup_files_allow(s, s->guest.disks[i].target,
					     s->guest.disks[i].writable);
	return rc ? err_set(e, rc, "out of memory") : 0;
}

void sup_files_free(struct sup *s)
{
	struct file *x = s->files ? s->files->first : NULL, *next;

	for (; x; x = next) {
		next = x->next;
		free(x->path);
		free(x);
	}
	free(s->files);
	s->files = NULL;
}

/* What may be asked for beside reading or writing. */
#define HARMLESS (O_ACCMODE | O_DIRECT | O_SYNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_LARGEFILE)

/* A FIFO or a terminal may be named as a disk: opening it must not wait for somebody. */
static int open_plain(const char *path, int flags, struct err *e)
{
	struct stat st;
	int fd;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, -EINVAL, "cannot open %s: neither a file nor a disk", path);
	fd = open(path, flags | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : err_errno(e, -errno, "cannot open %s", path);
}

int sup_files_open(void *arg, const char *path, int flags, unsigned mode, struct err *e)
{
	struct sup *s = arg;
	struct file *x = find(s->files, path);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;

	(void)mode;
	if (!x || (writes && !x->writable) || flags & ~HARMLESS) {
		log_warn("guest %s: hvm-dm was not given %s, which it wants to open", s->guest.name,
			 path);
		return err_set(e, -EACCES, "cannot open %s: it is not among the guest's files",
			       path);
	}
	return open_plain(path, flags, e);
}
