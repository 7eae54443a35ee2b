/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/block/qcow2_crash.c: several requests at once, and a writer that is killed
 * at any moment: no errors in the image, and what was flushed is there.
 */
#include "tests/block/image.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK  4096u
#define BLOCKS 2048u /* of the disk */
#define BYTES  ((uint64_t)BLOCK * BLOCKS)

static const struct kind {
	const char *name;
	unsigned version, cluster_bits;
	bool backing;
} kinds[] = {
	{"v3 64K", 3, 16, false},
	{"v3 4K over backing", 3, 12, true},
	{"v2 512", 2, 9, false},
	{"v2 64K over backing", 2, 16, true},
};

static const char *image_of(const struct kind *k)
{
	struct blk_create c = {.format = "qcow2",
			       .bytes = BYTES,
			       .version = k->version,
			       .cluster_bits = k->cluster_bits,
			       .backing_format = "raw"};
	struct err e = {""};

	c.backing = k->backing ? bus_tmpfile(BYTES) : NULL;
	c.file = bus_tmpfile(0);
	MUST(!blk_create(&c, &e));
	return c.file;
}

/* ---- many at once ---- */

#define SLOTS 24

struct slot {
	struct blk_req r;
	uint8_t buf[4 * BLOCK];
	unsigned n;
	uint64_t seed, block; /* its own blocks: those that are SLOTS apart */
	bool reading;
};

static uint8_t *want;
static unsigned left;

static void next(struct blk_req *r, int rc)
{
	struct slot *s = r->arg;
	uint64_t x = image_rnd(&s->seed);
	static const enum blk_op ops[] = {BLK_WRITE,        BLK_READ,  BLK_WRITE,
					  BLK_WRITE_ZEROES, BLK_FLUSH, BLK_WRITE};

	EQ(0, rc);
	if (s->reading)
		EQM(want + s->block * BLOCK, s->buf, BLOCK);
	if (!s->n--) {
		left--;
		return;
	}
	s->block = x % (BLOCKS / SLOTS) * SLOTS + s->block % SLOTS;
	r->op = ops[(x >> 32) % ARRAY_SIZE(ops)];
	s->reading = r->op == BLK_READ;
	r->offset = s->block * BLOCK;
	r->bytes = BLOCK;
	r->iov[0] = (struct iovec){s->buf, BLOCK};
	r->iovcnt = r->op == BLK_READ || r->op == BLK_WRITE;
	if (r->op == BLK_WRITE) {
		memset(s->buf, (int)(x >> 40) | 1, BLOCK);
		memcpy(want + r->offset, s->buf, BLOCK);
	} else if (r->op == BLK_WRITE_ZEROES) {
		memset(want + r->offset, 0, BLOCK);
	}
	blk_submit(r->blk, r);
}

TEST_EACH(requests_at_once, ARRAY_SIZE(kinds), kinds[i].name)
{
	static struct slot slots[SLOTS];
	struct err e = {""};
	struct loop *l = loop_new(&e);
	struct pair p = {.file = image_of(&kinds[i]), .bytes = BYTES};
	struct blk_options o = {.file = p.file, .format = "qcow2", .id = "x"};
	struct blk *b = blk_open(l, &o, &e);

	MUST(b);
	p.want = want = calloc(1, BYTES);
	left = SLOTS;
	for (unsigned s = 0; s < SLOTS; s++) {
		slots[s].r.arg = &slots[s];
		slots[s].r.done = next;
		slots[s].r.op = BLK_FLUSH;
		slots[s].n = 150;
		slots[s].seed = (s + 1) * 2654435761u;
		slots[s].block = s;
		blk_submit(b, &slots[s].r);
	}
	while (left)
		loop_step(l, 1000);
	blk_close(b);
	loop_free(l);
	pair_open(&p, p.file, BYTES);
	pair_equal(&p);
	pair_close(&p);
	pair_check(&p, bus_tmpfile(BYTES));
	free(p.want);
}

/* ---- killed ---- */

struct progress { /* shared with the writer; by block, the version in its first bytes */
	uint32_t begun[BLOCKS], done[BLOCKS], flushed[BLOCKS];
	uint64_t seed;
	uint32_t version;
};

static void write_blocks(struct blk *b, struct progress *g, uint8_t *buf)
{
	uint64_t x = image_rnd(&g->seed), first = x % BLOCKS;
	unsigned n = (unsigned)MIN(1 + (x >> 32) % 20, BLOCKS - first);

	for (unsigned k = 0; k < n; k++) {
		uint32_t v = ++g->version;

		for (unsigned at = 0; at < BLOCK; at += 4)
			memcpy(buf + k * BLOCK + at, &v, 4);
		g->begun[first + k] = v;
	}
	if (blk_now(b, BLK_WRITE, first * BLOCK, buf, (size_t)n * BLOCK))
		_exit(1);
	for (unsigned k = 0; k < n; k++)
		memcpy(&g->done[first + k], buf + k * BLOCK, 4);
}

/* In the child, until it is killed. */
static void write_for_ever(const char *file, struct progress *g)
{
	struct blk_options o = {.file = file, .format = "qcow2", .no_lock = true};
	uint8_t *buf = malloc(20 * BLOCK);
	struct blk *b = blk_open_image(&o, NULL);

	memcpy(g->done, g->flushed, sizeof(g->done)); /* the rest may have gone with the last one */
	while (b && buf) {
		static uint32_t copy[BLOCKS];
		unsigned n = (unsigned)(image_rnd(&g->seed) % 12);

		for (unsigned k = 0; k < n; k++)
			write_blocks(b, g, buf);
		memcpy(copy, g->done, sizeof(copy));
		if (blk_now(b, BLK_FLUSH, 0, NULL, 0))
			_exit(1);
		memcpy(g->flushed, copy, sizeof(copy));
	}
	_exit(1);
}

static void killed_once(const char *file, struct progress *g, uint64_t *seed)
{
	struct timespec t = {.tv_nsec = (long)(image_rnd(seed) % 30000000)};
	pid_t pid = fork();
	int status;

	if (!pid)
		write_for_ever(file, g);
	nanosleep(&t, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status));
}

static void look(const char *file, const struct progress *g)
{
	struct blk_options o = {.file = file, .format = "qcow2", .readonly = true, .as_is = true};
	struct blk_check res;
	struct err e = {""};
	struct blk *b = blk_open_image(&o, &e);
	uint8_t buf[BLOCK];

	MUST(b);
	OK(blk_check(b, &res, BLK_REPAIR_NONE, NULL, NULL, &e));
	EQ(0, res.errors);
	for (unsigned k = 0; k < BLOCKS; k++) {
		uint32_t v, last;

		OK(blk_now(b, BLK_READ, (uint64_t)k * BLOCK, buf, BLOCK));
		memcpy(&v, buf, 4);
		memcpy(&last, buf + BLOCK - 4, 4);
		if (v < g->flushed[k] || v > g->begun[k] || last < g->flushed[k] ||
		    last > g->begun[k]) {
			NOTE("block %u: %u … %u, flushed %u, begun %u", k, v, last, g->flushed[k],
			     g->begun[k]);
			CHECK(!"within what was flushed and begun");
			break;
		}
	}
	blk_close(b);
}

TEST_EACH(killed_while_writing, ARRAY_SIZE(kinds), kinds[i].name)
{
	struct progress *g =
		mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *rounds = getenv("KILL_ROUNDS"), *file = image_of(&kinds[i]);
	unsigned n = rounds ? (unsigned)atoi(rounds) : 8;
	uint64_t seed = 31337 + i;

	MUST(g != MAP_FAILED);
	alarm(60 + n);
	g->seed = 77777 + i;
	for (unsigned k = 0; k < n; k++) {
		int rc;

		killed_once(file, g, &seed);
		look(file, g);
		rc = image_has_qemu_img()
			     ? image_sh("qemu-img check -q -f qcow2 %s >/dev/null", file)
			     : 0;
		CHECK(rc == 0 || rc == 3); /* 3: leaks alone */
	}
	munmap(g, sizeof(*g));
}
