/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/chain.c: the image under an image. Its name stands in a file that
 * somebody else wrote, so: files only, no loops, a bounded depth, and a format
 * that was not named may not lead to a third file (CVE-2008-2004 once more).
 */
#include "block/impl.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "nbd://host", "json:{…}": a word and a colon before any slash. */
static bool has_protocol(const char *name)
{
	const char *p = name;

	while (isalnum((unsigned char)*p) || *p == '+' || *p == '-' || *p == '.')
		p++;
	return p > name && *p == ':';
}

/* Where the file above lies: its name, or what its descriptor shows. */
static void place_of(const struct blk_file *f, char *path, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(path, size, "%s", f->name);
	if (strncmp(f->name, "fd:", 3) && strncmp(f->name, "/dev/fdset/", 11))
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", f->fd);
	n = readlink(link, path, size - 1);
	path[n > 0 ? n : 0] = 0;
}

static int full_name(const struct blk *over, const char *name, char *path, size_t size,
		     struct err *e)
{
	char *slash;
	size_t n;

	if (!strncmp(name, "file:", 5))
		name += 5;
	else if (has_protocol(name))
		return err_set(e, -ENOTSUP,
			       "%s: its backing file '%s' is not a file: that is not supported",
			       over->file.name, name);
	path[0] = 0;
	if (name[0] != '/')
		place_of(&over->file, path, size);
	if (name[0] != '/' && !path[0])
		return err_set(e, -EPERM,
			       "%s: which folder it lies in cannot be seen, so not which file "
			       "'%s' is",
			       over->file.name, name);
	slash = strrchr(path, '/');
	n = slash ? (size_t)(slash + 1 - path) : 0;
	if ((size_t)snprintf(path + n, size - n, "%s", name) >= size - n)
		return err_set(e, -ENAMETOOLONG, "%s: the name of its backing file is too long",
			       over->file.name);
	return 0;
}

static int refuse_loop(const struct blk *b, struct err *e)
{
	struct stat own, st;

	if (fstat(b->file.fd, &own) < 0)
		return 0;
	for (const struct blk *o = b->over; o; o = o->over)
		if (!fstat(o->file.fd, &st) && st.st_dev == own.st_dev && st.st_ino == own.st_ino)
			return err_set(e, -ELOOP, "%s is its own backing file", o->file.name);
	return 0;
}

static int open_under(struct blk *b, const struct blk_options *o, struct err *e)
{
	int rc = blk_open_file(b, o, e);

	if (!rc)
		rc = refuse_loop(b, e);
	return rc ? rc : blk_open_here(b, o, e);
}

struct blk *blk_open_backing(struct blk *over, const char *name, const char *format, struct err *e)
{
	char path[PATH_MAX];
	struct blk_options o = {.file = path, .format = format, .readonly = true, .id = over->id};
	struct blk *b = NULL;

	if (over->over && over->probed) {
		err_set(e, -EPERM,
			"its format is not named by the file above, and it looks like %s with a "
			"backing file of its own, which a guest may have forged; to trust it: "
			"hvm-img rebase -u -F %s",
			over->format->name, over->format->name);
		return NULL;
	}
	if (over->depth + 1 >= BLK_CHAIN) {
		err_set(e, -ELOOP, "%s: more than %d backing files", over->file.name, BLK_CHAIN);
		return NULL;
	}
	if (full_name(over, name, path, sizeof(path), e) < 0)
		return NULL;
	o.no_lock = over->no_lock;
	o.cache = over->file.cache;
	b = blk_new(NULL, over->id);
	if (!b) {
		err_set(e, -ENOMEM, "out of memory for %s", path);
		return NULL;
	}
	b->over = over;
	b->depth = over->depth + 1;
	b->readonly = true;
	if (open_under(b, &o, e) < 0) {
		if (!over->over) /* each sentence names its file: one more says it all */
			err_prefix(e, "backing file of %s", over->file.name);
		blk_close_failed(b);
		return NULL;
	}
	return b;
}
