/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/blk.c: the request queue of a disk. Workers take requests from the
 * queue, carry them out as straight-line code and put them on the ready list;
 * the loop's thread runs done().
 *
 * A request moves IDLE -> QUEUED -> RUNNING -> READY -> IDLE, or IDLE -> NATIVE (the
 * kernel has it, aio.c) -> READY; one that failed may go READY -> HELD -> IDLE and begin
 * again. Cancel takes it out wherever it is. Completions come
 * through one eventfd a disk and not through loop_post, so that closing a disk leaves
 * nothing behind in the loop.
 */
#include "block/impl.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { IDLE, QUEUED, RUNNING, NATIVE, READY, HELD };

const char *const blk_answers[4] = {"report", "ignore", "stop", "enospc"};

static int check(const struct blk *b, const struct blk_req *r);

static void push(struct blk_req ***tail, struct blk_req *r)
{
	r->next = NULL;
	**tail = r;
	*tail = &r->next;
}

static struct blk_req *pop(struct blk_req **head, struct blk_req ***tail)
{
	struct blk_req *r = *head;

	if (r) {
		*head = r->next;
		if (!*head)
			*tail = head;
	}
	return r;
}

static void take_out(struct blk_req **head, struct blk_req ***tail, struct blk_req *r)
{
	for (struct blk_req **p = head; *p; p = &(*p)->next) {
		if (*p != r)
			continue;
		*p = r->next;
		if (!*p)
			*tail = p;
		return;
	}
}

/* Under the lock. */
static void make_ready(struct blk *b, struct blk_req *r, int rc)
{
	uint64_t one = 1;

	r->rc = rc;
	r->stage = READY;
	push(&b->ready_tail, r);
	if (!b->threaded)
		return;
	pthread_cond_broadcast(&b->finished);
	if (!b->kicked) {
		b->kicked = true;
		/* Fails only when the counter is full, and then the loop wakes up anyway. */
		if (write(b->event, &one, sizeof(one)) < 0)
			return;
	}
}

static bool all_zero(const struct blk_req *r)
{
	for (unsigned i = 0; i < r->iovcnt; i++) {
		const uint8_t *p = r->iov[i].iov_base;
		size_t n = r->iov[i].iov_len;

		if (n && (p[0] || memcmp(p, p + 1, n - 1)))
			return false;
	}
	return true;
}

static int as_zeroes(struct blk *b, const struct blk_req *r)
{
	struct blk_req z = {.op = BLK_WRITE_ZEROES, .offset = r->offset, .bytes = r->bytes};

	return b->format->io(b, &z);
}

/* Straight-line code of the format; write-through is a flush behind each change. */
static int carry_out(struct blk *b, struct blk_req *r)
{
	struct blk_req flush = {.op = BLK_FLUSH};
	int rc;

	if (r->op == BLK_DISCARD && b->no_discard)
		return 0;
	rc = b->detect_zeroes && r->op == BLK_WRITE && all_zero(r) ? as_zeroes(b, r)
								   : b->format->io(b, r);
	if (rc || !b->file.sync || r->op == BLK_READ || r->op == BLK_FLUSH)
		return rc;
	return b->format->io(b, &flush);
}

static void *worker(void *arg)
{
	struct blk *b = arg;
	struct blk_req *r;
	int rc;

	pthread_mutex_lock(&b->lock);
	while (!b->stop) {
		r = pop(&b->queue, &b->queue_tail);
		if (!r) {
			b->idle++;
			pthread_cond_wait(&b->work, &b->lock);
			b->idle--;
			continue;
		}
		r->stage = RUNNING;
		pthread_mutex_unlock(&b->lock);
		rc = carry_out(b, r);
		pthread_mutex_lock(&b->lock);
		make_ready(b, r, rc);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* Signals stay with the main thread; SIGXFSZ blocked makes a file limit an EFBIG. */
static int start_thread(struct blk *b)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&b->thread[b->threads], NULL, worker, b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!rc)
		b->threads++;
	return -rc;
}

unsigned blk_run_queue(struct blk *b)
{
	struct blk_req *r;
	unsigned n = 0;

	while ((r = pop(&b->queue, &b->queue_tail))) {
		make_ready(b, r, carry_out(b, r));
		n++;
	}
	return n;
}

static void count(struct blk *b, const struct blk_req *r)
{
	if (r->op == BLK_READ) {
		b->stats.rd_bytes += r->bytes;
		b->stats.rd_operations++;
	} else if (r->op == BLK_WRITE) {
		b->stats.wr_bytes += r->bytes;
		b->stats.wr_operations++;
	} else if (r->op == BLK_FLUSH) {
		b->stats.flush_operations++;
	}
}

/* True: not now. What could never be carried out is the device's own fault. */
static bool held_back(struct blk *b, struct blk_req *r)
{
	enum blk_answer a = BLK_REPORT;

	if (r->rc && b->failed && !check(b, r))
		a = b->failed(b->failed_arg, r->op, r->rc);
	if (a == BLK_IGNORE)
		r->rc = 0;
	if (a != BLK_STOP)
		return false;
	r->stage = HELD;
	push(&b->held_tail, r);
	return true;
}

void blk_retry(struct blk *b)
{
	struct blk_req *r, *list = b->held, **tail = &list;

	b->held = NULL;
	b->held_tail = &b->held;
	while ((r = pop(&list, &tail))) {
		r->stage = IDLE;
		blk_submit(b, r);
	}
}

void blk_deliver(struct blk *b)
{
	struct blk_req *r;

	for (;;) {
		pthread_mutex_lock(&b->lock);
		r = pop(&b->ready, &b->ready_tail);
		if (r)
			r->stage = IDLE;
		pthread_mutex_unlock(&b->lock);
		if (!r)
			return;
		b->inflight--;
		if (held_back(b, r))
			continue;
		if (!r->rc)
			count(b, r);
		r->done(r, r->rc);
	}
}

static void event_ready(void *arg, uint32_t events)
{
	struct blk *b = arg;
	uint64_t n;

	(void)events;
	pthread_mutex_lock(&b->lock);
	b->kicked = false;
	if (read(b->event, &n, sizeof(n)) < 0)
		n = 0;
	pthread_mutex_unlock(&b->lock);
	blk_deliver(b);
}

static void deferred(void *arg)
{
	struct blk *b = arg;

	if (!b->threaded && !b->manual)
		blk_run_queue(b);
	blk_deliver(b);
}

struct blk *blk_new(struct loop *l, const char *id)
{
	struct blk *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->loop = l;
	b->id = strdup(id ? id : "");
	if (!b->id) {
		free(b);
		return NULL;
	}
	b->file.fd = b->file.direct_fd = b->event = -1;
	b->defer = (struct defer){.fn = deferred, .arg = b};
	b->queue_tail = &b->queue;
	b->ready_tail = &b->ready;
	b->held_tail = &b->held;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->work, NULL);
	pthread_cond_init(&b->finished, NULL);
	return b;
}

int blk_start_workers(struct blk *b, struct err *e)
{
	b->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->event < 0)
		return err_errno(e, -errno, "cannot make an eventfd for %s", b->file.name);
	b->watch = loop_watch(b->loop, b->event, EPOLLIN, event_ready, b);
	if (!b->watch)
		return err_set(e, -ENOMEM, "cannot watch the workers of %s", b->file.name);
	b->threaded = true;
	return 0;
}

/* 0, or why the request cannot be carried out at all. */
static int check(const struct blk *b, const struct blk_req *r)
{
	uint64_t sum = 0, end;

	if (r->op == BLK_FLUSH)
		return 0;
	if (add_overflows(r->offset, r->bytes, &end) || end > b->bytes)
		return -EIO;
	if (r->op != BLK_READ && b->readonly)
		return -EROFS;
	if (r->op == BLK_READ || r->op == BLK_WRITE) {
		for (unsigned i = 0; i < r->iovcnt; i++)
			sum += r->iov[i].iov_len;
		if (sum != r->bytes || r->iovcnt > sizeof(r->iov) / sizeof(r->iov[0]))
			return -EINVAL;
	}
	return 0;
}

static void enqueue(struct blk *b, struct blk_req *r)
{
	r->stage = QUEUED;
	push(&b->queue_tail, r);
	if (!b->threaded) {
		if (!b->manual)
			loop_defer(b->loop, &b->defer);
		return;
	}
	if (b->idle)
		pthread_cond_signal(&b->work);
	else if (b->threads < BLK_THREADS)
		start_thread(b); /* a failure is one worker fewer … */
	if (!b->threads)         /* … or none at all: do it here */
		blk_run_queue(b);
}

void blk_finish(struct blk *b, struct blk_req *r, int rc)
{
	pthread_mutex_lock(&b->lock);
	make_ready(b, r, rc);
	pthread_mutex_unlock(&b->lock);
}

void blk_to_worker(struct blk *b, struct blk_req *r)
{
	pthread_mutex_lock(&b->lock);
	enqueue(b, r);
	pthread_mutex_unlock(&b->lock);
}

void blk_submit(struct blk *b, struct blk_req *r)
{
	int rc = check(b, r);

	assert(r->stage == IDLE);
	r->blk = b;
	b->inflight++;
	pthread_mutex_lock(&b->lock);
	if (rc) {
		make_ready(b, r, rc);
		if (!b->threaded && !b->manual)
			loop_defer(b->loop, &b->defer);
	} else if (b->aio && blk_aio_submit(b, r)) {
		r->stage = NATIVE;
	} else {
		enqueue(b, r);
	}
	pthread_mutex_unlock(&b->lock);
}

void blk_cancel(struct blk_req *r)
{
	struct blk *b = r->blk;

	if (!b)
		return;
	while (r->stage == NATIVE)
		blk_aio_reap(b, true);
	pthread_mutex_lock(&b->lock);
	if (r->stage != IDLE && r->stage != HELD)
		b->inflight--;
	if (r->stage == HELD)
		take_out(&b->held, &b->held_tail, r);
	if (r->stage == QUEUED)
		take_out(&b->queue, &b->queue_tail, r);
	while (r->stage == RUNNING)
		pthread_cond_wait(&b->finished, &b->lock);
	if (r->stage == READY)
		take_out(&b->ready, &b->ready_tail, r);
	r->stage = IDLE;
	pthread_mutex_unlock(&b->lock);
}

void blk_drain(struct blk *b)
{
	while (b->inflight) {
		if (!b->threaded)
			blk_run_queue(b);
		blk_aio_reap(b, !b->ready);
		pthread_mutex_lock(&b->lock);
		while (!b->ready && b->threaded && !blk_aio_busy(b))
			pthread_cond_wait(&b->finished, &b->lock);
		pthread_mutex_unlock(&b->lock);
		blk_deliver(b);
	}
}

static void stop_workers(struct blk *b)
{
	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_broadcast(&b->work);
	pthread_mutex_unlock(&b->lock);
	for (unsigned i = 0; i < b->threads; i++)
		pthread_join(b->thread[i], NULL);
	b->threads = 0;
}

/* Its owner may still cancel it, after the disk is gone. */
static void forget(struct blk_req *r)
{
	r->stage = IDLE;
	r->blk = NULL;
}

/* Queued writes were promised to nobody, but a guest that is switched off expects them. */
static void finish_quietly(struct blk *b)
{
	struct blk_req *r;

	while (b->format && (r = pop(&b->queue, &b->queue_tail))) {
		carry_out(b, r);
		forget(r);
	}
	while ((r = pop(&b->ready, &b->ready_tail)) || (r = pop(&b->held, &b->held_tail)))
		forget(r);
}

void blk_close(struct blk *b)
{
	struct blk_req flush = {.op = BLK_FLUSH};

	if (!b)
		return;
	blk_aio_close(b);
	stop_workers(b);
	finish_quietly(b);
	if (b->format && !b->readonly)
		b->format->io(b, &flush);
	watch_free(b->watch);
	if (b->loop)
		loop_undefer(b->loop, &b->defer);
	if (b->event >= 0)
		close(b->event);
	if (b->format && b->format->close)
		b->format->close(b);
	blk_file_close(&b->file);
	pthread_cond_destroy(&b->finished);
	pthread_cond_destroy(&b->work);
	pthread_mutex_destroy(&b->lock);
	free(b->id);
	free(b);
}

uint64_t blk_bytes(const struct blk *b)
{
	return b->bytes;
}

bool blk_readonly(const struct blk *b)
{
	return b->readonly;
}

const char *blk_id(const struct blk *b)
{
	return b->id;
}

const char *blk_file(const struct blk *b)
{
	return b->file.name ? b->file.name : "";
}

const char *blk_format(const struct blk *b)
{
	return b->format->name;
}

const struct blk_stats *blk_stats(const struct blk *b)
{
	return &b->stats;
}

const struct blk *blk_backing(const struct blk *b)
{
	return b->under;
}

const char *blk_cache(const struct blk *b)
{
	return b->file.cache ? b->file.cache : "writeback";
}

int blk_now(struct blk *b, enum blk_op op, uint64_t offset, void *buf, size_t bytes)
{
	struct blk_req r = {.op = op, .offset = offset, .bytes = bytes};

	r.iov[0] = (struct iovec){.iov_base = buf, .iov_len = bytes};
	r.iovcnt = op == BLK_READ || op == BLK_WRITE;
	return carry_out(b, &r);
}

int blk_peek(struct blk *b, uint64_t offset, void *buf, size_t bytes)
{
	if (offset > b->bytes || bytes > b->bytes - offset)
		return -EIO;
	return blk_now(b, BLK_READ, offset, buf, bytes);
}
