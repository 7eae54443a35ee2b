/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/temp.c: snapshot=on: the image is read, what is written goes to a qcow2
 * image over it that has no name any more and vanishes with its last descriptor.
 */
#include "block/qcow2.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int make_file(struct blk_file *f, struct err *e)
{
	const char *dir = getenv("TMPDIR");
	char name[4096];

	snprintf(name, sizeof(name), "%s/hvm-XXXXXX", dir && *dir ? dir : "/var/tmp");
	f->fd = mkostemp(name, O_CLOEXEC);
	if (f->fd < 0)
		return err_errno(e, -errno, "cannot make a temporary image in %s (TMPDIR)",
				 dir && *dir ? dir : "/var/tmp");
	unlink(name);
	f->name = strdup(name);
	f->cache = "unsafe";
	f->unsafe = true;
	return f->name ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int open_temp(struct blk *b, struct blk *under, struct err *e)
{
	struct blk_create c = {.bytes = under->bytes};
	struct q2 *q;
	int rc = make_file(&b->file, e);

	c.file = b->file.name;
	if (!rc)
		rc = q2_create_fd(b->file.fd, &c, e);
	if (rc)
		return rc;
	b->file.bytes = (uint64_t)lseek(b->file.fd, 0, SEEK_END);
	b->format = blk_format_find("qcow2");
	rc = q2_open(b, e);
	if (rc)
		return rc;
	q = b->image;
	q->backing = b->under = under;
	return 0;
}

int blk_open_temp(struct blk *b, const struct blk_options *o, struct err *e)
{
	struct blk_options read = *o;
	struct blk *under;
	int rc;

	read.snapshot = false;
	read.readonly = true;
	under = blk_open_image(&read, e);
	if (!under)
		return -EIO;
	b->no_discard = o->no_discard;
	b->detect_zeroes = o->detect_zeroes;
	rc = open_temp(b, under, e);
	if (rc)
		blk_close(under);
	return rc;
}
