/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/mem.c: a disk in the caller's memory, for tests: no threads, and failures on demand. */
#include "block/impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mem {
	uint8_t *bytes;
	int fail; /* of the next request */
};

static void copy(struct blk_req *r, uint8_t *at)
{
	for (unsigned i = 0; i < r->iovcnt; i++) {
		if (r->op == BLK_READ)
			memcpy(r->iov[i].iov_base, at, r->iov[i].iov_len);
		else
			memcpy(at, r->iov[i].iov_base, r->iov[i].iov_len);
		at += r->iov[i].iov_len;
	}
}

static int mem_io(struct blk *b, struct blk_req *r)
{
	struct mem *m = b->image;
	int rc = m->fail;

	m->fail = 0;
	if (rc)
		return rc;
	switch (r->op) {
	case BLK_READ:
	case BLK_WRITE:
		copy(r, m->bytes + r->offset);
		break;
	case BLK_DISCARD:
	case BLK_WRITE_ZEROES:
		memset(m->bytes + r->offset, 0, r->bytes);
		break;
	case BLK_FLUSH:
		break;
	}
	return 0;
}

static void mem_close(struct blk *b)
{
	free(b->image);
}

/* Not registered: nobody can name it. */
static const struct blk_format mem_format = {
	.name = "memory",
	.io = mem_io,
	.close = mem_close,
};

struct blk *blk_mem(struct loop *l, void *mem, uint64_t bytes, bool manual)
{
	struct blk *b = blk_new(l, "mem");
	struct mem *m = calloc(1, sizeof(*m));

	if (!b || !m) {
		blk_close(b);
		free(m);
		return NULL;
	}
	m->bytes = mem;
	b->format = &mem_format;
	b->image = m;
	b->bytes = bytes;
	b->manual = manual;
	return b;
}

unsigned blk_mem_step(struct blk *b)
{
	unsigned n = blk_run_queue(b);

	blk_deliver(b);
	return n;
}

void blk_mem_fail(struct blk *b, int rc)
{
	((struct mem *)b->image)->fail = rc;
}
