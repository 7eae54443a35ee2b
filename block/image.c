/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/image.c: images as a whole, whatever their format. */
#include "block/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int blk_pwrite(int fd, const void *buf, size_t n, uint64_t at)
{
	const char *p = buf;

	while (n) {
		ssize_t got = pwrite(fd, p, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		p += got;
		n -= (size_t)got;
		at += (uint64_t)got;
	}
	return 0;
}

int blk_create_file(const char *name, struct err *e)
{
	struct blk_file f = {.name = (char *)name};
	int rc;

	f.fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (f.fd < 0)
		return err_errno(e, -errno, "cannot create %s", name);
	rc = blk_file_lock(&f, e);
	if (rc < 0)
		close(f.fd);
	return rc < 0 ? rc : f.fd;
}

struct blk *blk_open_image(const struct blk_options *o, struct err *e)
{
	struct blk *b = blk_new(NULL, o->id);

	if (!b) {
		err_set(e, -ENOMEM, "out of memory for %s", o->file);
		return NULL;
	}
	if (blk_open_file(b, o, e) < 0 || blk_open_here(b, o, e) < 0) {
		blk_close_failed(b);
		return NULL;
	}
	return b;
}

int blk_create(const struct blk_create *c, struct err *e)
{
	const struct blk_format *f = blk_format_find(c->format);

	if (!f || !f->create)
		return err_set(e, -ENOTSUP, "images of format '%s' cannot be made (try raw, qcow2)",
			       c->format);
	return f->create(c, e);
}

int blk_resize(struct blk *b, uint64_t bytes, struct err *e)
{
	if (!b->format->resize)
		return err_set(e, -ENOTSUP, "%s: its size cannot be changed", b->file.name);
	return b->format->resize(b, bytes, e);
}

int blk_check(struct blk *b, struct blk_check *res, enum blk_repair fix,
	      void (*say)(void *arg, const char *line), void *arg, struct err *e)
{
	if (!b->format->check)
		return err_set(e, -ENOTSUP, "%s: format %s has nothing to check", b->file.name,
			       b->format->name);
	return b->format->check(b, res, fix, say, arg, e);
}

int blk_map(struct blk *b, uint64_t offset, uint64_t max, struct blk_extent *x)
{
	return b->format->map(b, offset, max, x);
}

void blk_info(struct blk *b, struct blk_info *i)
{
	*i = (struct blk_info){0};
	if (b->format->info)
		b->format->info(b, i);
}

void blk_snapshot_at(struct blk *b, uint32_t n, struct blk_snapshot *s)
{
	b->format->snapshot_at(b, n, s);
}

static int no_such(const struct blk *b, const char *what, struct err *e)
{
	return err_set(e, -ENOTSUP, "%s: format %s has no %s", b->file.name, b->format->name, what);
}

int blk_snapshot(struct blk *b, enum blk_snapshot_op op, const char *name, struct err *e)
{
	return b->format->snapshot ? b->format->snapshot(b, op, name, e)
				   : no_such(b, "internal snapshots", e);
}

int blk_rename_backing(struct blk *b, const char *backing, const char *format, struct err *e)
{
	return b->format->rename_backing ? b->format->rename_backing(b, backing, format, e)
					 : no_such(b, "backing files", e);
}

int blk_write_packed(struct blk *b, uint64_t offset, const void *cluster)
{
	return b->format->write_packed ? b->format->write_packed(b, offset, cluster) : -ENOTSUP;
}
