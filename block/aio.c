/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/aio.c: aio=native: reads and writes of a raw image by O_DIRECT go to the
 * kernel from the loop's thread, as many as there are; what cannot (misaligned,
 * behind the file's end, write-through) takes a worker as ever.
 */
#include "block/impl.h"

#include "base/log.h"
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#ifdef CONFIG_AIO
#include <libaio.h>

#define DEPTH 64

struct blk_aio {
	io_context_t ctx;
	int event;
	struct watch *watch;
	struct flight {
		struct iocb cb; /* first: what the kernel hands back */
		struct blk_req *r;
	} flights[DEPTH];
	unsigned n;
};

static bool fits(const struct blk *b, const struct blk_req *r)
{
	uint64_t end;

	if (!b->aio || b->aio->n == DEPTH || (r->op != BLK_READ && r->op != BLK_WRITE) || !r->bytes)
		return false;
	if (add_overflows(r->offset, r->bytes, &end) || end > b->file.bytes)
		return false;
	/* The guard of a probed image looks at what comes to its first sector. */
	if (r->op == BLK_WRITE && (b->file.sync || b->detect_zeroes || (b->probed && !r->offset)))
		return false;
	return blk_file_aligned(r->offset, r->iov, r->iovcnt);
}

bool blk_aio_submit(struct blk *b, struct blk_req *r)
{
	struct blk_aio *a = b->aio;
	struct flight *f = a ? a->flights : NULL;
	struct iocb *cb;

	if (!fits(b, r))
		return false;
	while (f->r)
		f++;
	cb = &f->cb;
	if (r->op == BLK_READ)
		io_prep_preadv(cb, b->file.direct_fd, r->iov, (int)r->iovcnt, (long long)r->offset);
	else
		io_prep_pwritev(cb, b->file.direct_fd, r->iov, (int)r->iovcnt,
				(long long)r->offset);
	io_set_eventfd(cb, a->event);
	if (io_submit(a->ctx, 1, &cb) != 1)
		return false;
	f->r = r;
	a->n++;
	return true;
}

static void landed(struct blk *b, struct flight *f, long res)
{
	struct blk_req *r = f->r;

	f->r = NULL;
	b->aio->n--;
	if (res == (long)r->bytes)
		blk_finish(b, r, 0);
	else if (res >= 0 || res == -EINVAL)
		blk_to_worker(b, r); /* a short one; a device that wants more alignment */
	else
		blk_finish(b, r, (int)res);
}

void blk_aio_reap(struct blk *b, bool wait)
{
	struct blk_aio *a = b->aio;
	struct io_event ev[DEPTH];
	int n;

	if (!a || !a->n)
		return;
	do {
		n = io_getevents(a->ctx, wait, DEPTH, ev, NULL);
	} while (n == -EINTR);
	for (int i = 0; i < n; i++)
		landed(b, (struct flight *)ev[i].obj, (long)ev[i].res);
}

static void ready(void *arg, uint32_t events)
{
	struct blk *b = arg;
	uint64_t n;

	(void)events;
	if (read(b->aio->event, &n, sizeof(n)) == sizeof(n))
		blk_aio_reap(b, false);
	blk_deliver(b);
}

bool blk_aio_busy(const struct blk *b)
{
	return b->aio && b->aio->n;
}

void blk_aio_close(struct blk *b)
{
	struct blk_aio *a = b->aio;

	if (!a)
		return;
	while (a->n)
		blk_aio_reap(b, true);
	watch_free(a->watch);
	if (a->event >= 0)
		close(a->event);
	if (a->ctx)
		io_destroy(a->ctx);
	free(a);
	b->aio = NULL;
}

void blk_aio_open(struct blk *b)
{
	struct blk_aio *a;

	if (b->file.direct_fd < 0 || !b->format->flat)
		return;
	b->aio = a = calloc(1, sizeof(*a));
	if (!a)
		return;
	a->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->watch = a->event < 0 ? NULL : loop_watch(b->loop, a->event, EPOLLIN, ready, b);
	if (a->watch && !io_setup(DEPTH, &a->ctx))
		return;
	log_warn("%s: aio=native cannot be set up: workers do it", b->file.name);
	blk_aio_close(b);
}
#else
void blk_aio_open(struct blk *b)
{
	log_warn("%s: built without libaio: workers do it", b->file.name);
}

bool blk_aio_submit(struct blk *b, struct blk_req *r)
{
	(void)b, (void)r;
	return false;
}

void blk_aio_reap(struct blk *b, bool wait)
{
	(void)b, (void)wait;
}

bool blk_aio_busy(const struct blk *b)
{
	(void)b;
	return false;
}

void blk_aio_close(struct blk *b)
{
	(void)b;
}
#endif
