/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/raw.c: the image is the disk, byte for byte. A length that is no
 * multiple of 512 is rounded up: the rest reads as zeroes until it is written.
 */
#include "block/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int raw_open(struct blk *b, struct err *e)
{
	(void)e;
	b->bytes = (b->file.bytes + 511) & ~511ull;
	return 0;
}

/* Would this write make a probed raw image be taken for another format? */
static bool disguises(const struct blk_req *r)
{
	uint8_t head[512];
	size_t have = 0;

	if (r->offset || r->op != BLK_WRITE)
		return false;
	for (unsigned i = 0; i < r->iovcnt && have < sizeof(head); i++) {
		size_t n = MIN(sizeof(head) - have, r->iov[i].iov_len);

		memcpy(head + have, r->iov[i].iov_base, n);
		have += n;
	}
	return blk_probe(head, have);
}

static int raw_io(struct blk *b, struct blk_req *r)
{
	switch (r->op) {
	case BLK_READ:
		return blk_file_read(&b->file, r->offset, r->iov, r->iovcnt);
	case BLK_WRITE:
		if (b->probed && disguises(r))
			return -EPERM;
		return blk_file_write(&b->file, r->offset, r->iov, r->iovcnt);
	case BLK_FLUSH:
		return blk_file_flush(&b->file);
	case BLK_DISCARD:
		return blk_file_discard(&b->file, r->offset, r->bytes);
	case BLK_WRITE_ZEROES:
		return blk_file_zero(&b->file, r->offset, r->bytes);
	}
	return -EINVAL;
}

static int raw_create(const struct blk_create *c, struct err *e)
{
	int fd = blk_create_file(c->file, e), rc = 0;
	struct blk_file f = {.fd = fd, .direct_fd = -1};

	if (fd < 0)
		return fd;
	if (c->backing || c->prealloc == BLK_PREALLOC_METADATA)
		rc = err_set(e, -EINVAL, "raw images have no backing file and no metadata");
	else if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)c->bytes) < 0)
		rc = -errno;
	if (!rc && c->prealloc && c->bytes && fallocate(fd, 0, 0, (off_t)c->bytes) < 0 &&
	    (errno != EOPNOTSUPP || c->prealloc == BLK_PREALLOC_FALLOC))
		rc = -errno;
	if (!rc && c->prealloc == BLK_PREALLOC_FULL)
		rc = blk_file_fill(&f, 0, c->bytes);
	close(fd);
	return rc ? err_errno(e, rc, "cannot write %s", c->file) : 0;
}

static int raw_resize(struct blk *b, uint64_t bytes, struct err *e)
{
	if (ftruncate(b->file.fd, (off_t)bytes) < 0)
		return err_errno(e, -errno, "cannot resize %s", b->file.name);
	b->file.bytes = bytes;
	return raw_open(b, e);
}

/* The file system knows the holes; one that does not shows data. */
static int raw_map(struct blk *b, uint64_t offset, uint64_t max, struct blk_extent *x)
{
	off_t data = lseek(b->file.fd, (off_t)offset, SEEK_DATA), hole;
	uint64_t end = offset + max;

	*x = (struct blk_extent){.host = offset, .has_host = true, .file = b->file.name};
	x->present = true;
	x->data = data < 0 ? errno != ENXIO : (uint64_t)data == offset;
	if (x->data && data >= 0) {
		hole = lseek(b->file.fd, (off_t)offset, SEEK_HOLE);
		end = hole > (off_t)offset ? MIN(end, (uint64_t)hole) : end;
	} else if (data >= 0) {
		end = MIN(end, (uint64_t)data);
	}
	x->zero = !x->data;
	x->bytes = end - offset;
	return 0;
}

static struct blk_format raw = {
	.name = "raw",
	.flat = true,
	.open = raw_open,
	.io = raw_io,
	.create = raw_create,
	.resize = raw_resize,
	.map = raw_map,
};

__attribute__((constructor)) static void register_raw(void)
{
	blk_format_register(&raw);
}
