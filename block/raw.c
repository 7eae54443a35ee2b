/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/raw.c: the image is the disk, byte for byte. A length that is no
 * multiple of 512 is rounded up: the rest reads as zeroes until it is written.
 */
#include "block/impl.h"

#include <errno.h>
#include <string.h>

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
		if (b->guard && disguises(r))
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

static struct blk_format raw = {
	.name = "raw",
	.open = raw_open,
	.io = raw_io,
};

__attribute__((constructor)) static void register_raw(void)
{
	blk_format_register(&raw);
}
