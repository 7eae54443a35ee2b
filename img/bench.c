/* SPDX-License-Identifier: GPL-2.0-or-later */
/* img/bench.c: many requests of one kind, timed; through the queue and workers, as a guest's. */
#include "img/img.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEPTH_MAX 256

struct bench {
	uint64_t count, depth, size, step, offset, flush_every;
	bool write;
	struct loop *loop;
	struct blk *b;
	uint64_t sent, finished, at;
	int rc;
};

static void send_next(struct bench *t, struct blk_req *r)
{
	bool flush = t->write && t->flush_every && t->sent && !(t->sent % t->flush_every);

	r->op = flush && r->op != BLK_FLUSH ? BLK_FLUSH : t->write ? BLK_WRITE : BLK_READ;
	if (r->op != BLK_FLUSH) {
		r->offset = t->at;
		r->bytes = t->size;
		r->iovcnt = 1;
		t->sent++;
		t->at += t->step;
		t->at %= blk_bytes(t->b) & ~511ull;
		if (t->at + t->size > blk_bytes(t->b))
			t->at = t->offset;
	}
	blk_submit(t->b, r);
}

static void done(struct blk_req *r, int rc)
{
	struct bench *t = r->arg;

	t->rc = t->rc ? t->rc : rc;
	t->finished += r->op != BLK_FLUSH;
	if (t->sent < t->count)
		send_next(t, r);
	else if (t->finished == t->count)
		loop_quit(t->loop, 0);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(struct bench *t)
{
	struct blk_req *reqs = calloc(t->depth, sizeof(*reqs));
	uint8_t *mem = aligned_alloc(4096, (t->depth * t->size + 4095) & ~4095ull);
	uint64_t n = t->depth < t->count ? t->depth : t->count;
	double start;

	if (!reqs || !mem)
		return img_fail(1, "out of memory");
	memset(mem, 0xa5, t->depth * t->size);
	printf("Sending %llu %s requests, %llu bytes each, %llu in parallel "
	       "(starting at offset %llu, step size %llu)\n",
	       (unsigned long long)t->count, t->write ? "write" : "read",
	       (unsigned long long)t->size, (unsigned long long)t->depth,
	       (unsigned long long)t->offset, (unsigned long long)t->step);
	start = seconds();
	for (uint64_t i = 0; i < n; i++) {
		reqs[i].iov[0] = (struct iovec){mem + i * t->size, t->size};
		reqs[i].done = done;
		reqs[i].arg = t;
		send_next(t, &reqs[i]);
	}
	loop_run(t->loop);
	if (!t->rc)
		printf("Run completed in %3.3f seconds.\n", seconds() - start);
	blk_close(t->b);
	t->b = NULL;
	free(reqs);
	free(mem);
	return t->rc ? img_fail(1, "a request failed: %s", strerror(-t->rc)) : 0;
}

static bool set(struct bench *t, struct blk_options *o, int opt, const char *arg)
{
	switch (opt) {
	case 'f':
		o->format = arg;
		return true;
	case 't':
		o->cache = arg;
		return true;
	case 'i':
		o->native_aio = !strcmp(arg, "native");
		return o->native_aio || !strcmp(arg, "threads");
	case 'c':
		return img_number(arg, 1ull << 40, &t->count) && t->count;
	case 'd':
		return img_number(arg, DEPTH_MAX, &t->depth) && t->depth;
	case 'F':
		return img_number(arg, 1ull << 40, &t->flush_every);
	case 's':
		return img_size(arg, &t->size) && t->size && !(t->size & 511) && t->size <= 1 << 26;
	case 'S':
		return img_size(arg, &t->step) && t->step && !(t->step & 511);
	case 'o':
		return img_size(arg, &t->offset) && !(t->offset & 511);
	case 'n':
		o->cache = "none";
		return true;
	case 'w':
		return t->write = true;
	}
	return false;
}

int img_bench(int argc, char **argv)
{
	static const struct option longs[] = {{"flush-interval", 1, NULL, 'F'}, {0}};
	struct bench t = {.count = 75000, .depth = 64, .size = 4096};
	struct blk_options o = {.id = "bench"};
	struct err e = {""};
	int opt, status;

	while ((opt = getopt_long(argc, argv, "f:t:i:c:d:s:S:o:nw", longs, NULL)) != -1)
		if (!set(&t, &o, opt, optarg))
			return img_usage("bench");
	if (optind + 1 != argc)
		return img_usage("bench");
	t.step = t.step ? t.step : t.size;
	t.at = t.offset;
	o.file = argv[optind];
	o.readonly = !t.write;
	t.loop = loop_new(&e);
	t.b = t.loop ? blk_open(t.loop, &o, &e) : NULL;
	if (!t.b)
		status = img_fail_err(1, &e);
	else if (t.offset > blk_bytes(t.b) || t.size > blk_bytes(t.b) - t.offset)
		status = img_fail(1, "%s is too small for that", o.file);
	else
		status = run(&t);
	blk_close(t.b);
	loop_free(t.loop);
	return status;
}
