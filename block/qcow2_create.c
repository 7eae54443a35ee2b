/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/qcow2_create.c: new images, other sizes for old ones, where clusters are. */
#include "block/qcow2.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a new image: header, refcount table, refcount blocks, L1 table, in this order ---- */

struct layout {
	uint64_t cs, rt, blocks, l1, total; /* clusters, but cs */
	uint64_t per;                       /* counts of a block */
	uint32_t l1_size;
};

static uint64_t up(uint64_t v, uint64_t unit)
{
	return v / unit + !!(v % unit);
}

static int plan(const struct blk_create *c, struct layout *l, struct err *e)
{
	uint64_t l1, before;

	l->cs = 1ull << c->cluster_bits;
	l->per = l->cs * 8 / c->refcount_bits;
	l1 = up(c->bytes, l->cs * (l->cs / 8));
	if (l1 * 8 > Q2_MAX_L1)
		return err_set(e, -EFBIG,
			       "a disk of %llu bytes is too large for clusters of %llu bytes",
			       (unsigned long long)c->bytes, (unsigned long long)l->cs);
	l->l1_size = (uint32_t)l1;
	l->l1 = up(l1 * 8, l->cs);
	l->rt = l->blocks = 1;
	do {
		before = l->rt + l->blocks;
		l->total = 1 + l->rt + l->blocks + l->l1;
		l->blocks = up(l->total, l->per);
		l->rt = up(l->blocks * 8, l->cs);
	} while (l->rt + l->blocks != before);
	return 0;
}

static uint32_t put_extension(uint8_t *h, uint32_t at, uint32_t type, const void *data,
			      uint32_t len)
{
	q2_put32(h + at, type);
	q2_put32(h + at + 4, len);
	memcpy(h + at + 8, data, len);
	return at + 8 + ((len + 7) & ~7u);
}

static const struct feature {
	uint8_t type, bit;
	const char *name;
} features[] = {
	{0, 0, "dirty bit"},        {0, 1, "corrupt bit"},         {0, 2, "external data file"},
	{0, 3, "compression type"}, {0, 4, "extended L2 entries"}, {1, 0, "lazy refcounts"},
	{2, 0, "bitmaps"},
};

static uint32_t put_features(uint8_t *h, uint32_t at)
{
	uint8_t table[ARRAY_SIZE(features) * 48] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		table[i * 48] = features[i].type;
		table[i * 48 + 1] = features[i].bit;
		memcpy(table + i * 48 + 2, features[i].name, strlen(features[i].name));
	}
	return put_extension(h, at, Q2_EXT_FEATURES, table, sizeof(table));
}

int q2_put_extensions(uint8_t *h, uint64_t cs, uint32_t header_len, const char *backing,
		      const char *format)
{
	uint32_t at = header_len, need = header_len + 40;
	bool names = header_len > 72 && cs >= 1024;

	need += (uint32_t)((backing ? strlen(backing) : 0) +
			   (names ? sizeof(features) * 2 + 400 : 0));
	if (need > cs)
		return -ENAMETOOLONG;
	if (backing && format)
		at = put_extension(h, at, Q2_EXT_BACKING_FORMAT, format, (uint32_t)strlen(format));
	if (names)
		at = put_features(h, at);
	at = put_extension(h, at, Q2_EXT_END, "", 0);
	if (!backing)
		return 0;
	q2_put64(h + Q2_AT_BACKING, at);
	q2_put32(h + 16, (uint32_t)strlen(backing));
	memcpy(h + at, backing, strlen(backing));
	return 0;
}

static int put_header(const struct blk_create *c, const struct layout *l, uint8_t *h, struct err *e)
{
	uint32_t len = c->version < 3 ? 72 : c->zstd ? Q2_HEADER_MAX : 104;

	q2_put32(h, Q2_MAGIC);
	q2_put32(h + 4, c->version);
	q2_put32(h + 20, c->cluster_bits);
	q2_put64(h + Q2_AT_SIZE, c->bytes);
	q2_put32(h + Q2_AT_L1, l->l1_size);
	q2_put64(h + 40, l->l1 ? (1 + l->rt + l->blocks) * l->cs : 0);
	q2_put64(h + Q2_AT_RT, l->cs);
	q2_put32(h + 56, (uint32_t)l->rt);
	if (len > 72) {
		q2_put64(h + Q2_AT_INCOMPAT, c->zstd ? Q2_COMPRESSION : 0);
		h[Q2_AT_COMPRESSION] = c->zstd; /* or, in a shorter header, what follows */
		q2_put64(h + 80, c->lazy_refcounts ? Q2_LAZY : 0);
		q2_put32(h + 96, (uint32_t)__builtin_ctz(c->refcount_bits));
		q2_put32(h + 100, len);
	}
	if (q2_put_extensions(h, l->cs, len, c->backing, c->backing_format) < 0)
		return err_set(e, -ENAMETOOLONG,
			       "the backing file's name does not fit a cluster of %llu bytes",
			       (unsigned long long)l->cs);
	return 0;
}

/* All behind the header, and the header last: half an image is none. */
static int write_image(int fd, const struct blk_create *c, const struct layout *l, uint8_t *buf,
		       struct err *e)
{
	const struct q2 q = {.refcount_bits = c->refcount_bits};
	uint64_t left = l->total;
	int rc = 0;

	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)(l->total * l->cs)) < 0)
		return -errno;
	for (uint64_t b = 0; b < l->blocks && !rc; b++) {
		memset(buf, 0, l->cs);
		for (uint64_t i = 0; i < l->per && left; i++, left--)
			q2_ref_put(&q, buf, i, 1);
		rc = blk_pwrite(fd, buf, l->cs, (1 + l->rt + b) * l->cs);
	}
	for (uint64_t b = 0; b < l->blocks && !rc; b++) {
		q2_put64(buf, (1 + l->rt + b) * l->cs);
		rc = blk_pwrite(fd, buf, 8, l->cs + b * 8);
	}
	memset(buf, 0, l->cs);
	if (!rc)
		rc = put_header(c, l, buf, e);
	return rc ? rc : blk_pwrite(fd, buf, l->cs, 0);
}

static int check_options(const struct blk_create *c, struct err *e)
{
	if (c->version != 2 && c->version != 3)
		return err_set(e, -EINVAL, "compat: want 0.10 (version 2) or 1.1 (version 3)");
	if (c->cluster_bits < 9 || c->cluster_bits > 21)
		return err_set(e, -EINVAL, "cluster_size: want a power of two, 512 to 2M");
	if (!c->refcount_bits || c->refcount_bits > 64 || c->refcount_bits & (c->refcount_bits - 1))
		return err_set(e, -EINVAL, "refcount_bits: want a power of two, 1 to 64");
	if (c->version < 3 && (c->refcount_bits != 16 || c->lazy_refcounts || c->zstd))
		return err_set(e, -EINVAL,
			       "refcount_bits, lazy_refcounts and compression_type=zstd need "
			       "compat=1.1 (version 3)");
	if (c->zstd && !q2_can_zstd)
		return err_set(e, -ENOTSUP, "compression_type=zstd: built without libzstd");
	if (c->backing && strlen(c->backing) > 1023)
		return err_set(e, -ENAMETOOLONG, "the backing file's name is too long");
	if (c->backing && c->prealloc)
		return err_set(e, -EINVAL, "preallocation and a backing file exclude each other");
	return 0;
}

int q2_create_fd(int fd, const struct blk_create *given, struct err *e)
{
	struct blk_create c = *given;
	struct layout l = {0};
	uint8_t *buf;
	int rc;

	c.version = c.version ? c.version : 3;
	c.cluster_bits = c.cluster_bits ? c.cluster_bits : 16;
	c.refcount_bits = c.refcount_bits ? c.refcount_bits : 16;
	rc = check_options(&c, e);
	if (!rc)
		rc = plan(&c, &l, e);
	if (rc)
		return rc;
	buf = calloc(1, l.cs);
	rc = buf ? write_image(fd, &c, &l, buf, e) : -ENOMEM;
	free(buf);
	return rc ? err_errno(e, rc, "cannot write %s", c.file) : 0;
}

/* ---- preallocation: every cluster in its place, before there is data ---- */

static int allocate_chunk(struct q2 *q, uint64_t off, uint64_t *bytes, enum blk_prealloc how)
{
	uint64_t host, got = 0, n = q2_clusters(q, *bytes);
	int rc = q2_own_l2(q, off);

	if (!rc)
		rc = q2_alloc(q, n, &host, &got);
	for (uint64_t i = 0; i < got && !rc; i++)
		rc = q2_link(q, off + (i << q->cluster_bits),
			     (host + (i << q->cluster_bits)) | Q2_COPIED, false);
	*bytes = got << q->cluster_bits;
	if (!rc && how == BLK_PREALLOC_FULL)
		rc = blk_file_fill(q->f, host, *bytes);
	return rc;
}

static int extend_file(struct q2 *q, uint64_t from, enum blk_prealloc how)
{
	if (how == BLK_PREALLOC_FALLOC &&
	    fallocate(q->f->fd, 0, (off_t)from, (off_t)(q->end - from)) < 0 && errno != EOPNOTSUPP)
		return -errno;
	return ftruncate(q->f->fd, (off_t)q->end) < 0 ? -errno : 0;
}

int q2_preallocate(struct blk *b, enum blk_prealloc how, struct err *e)
{
	struct q2 *q = b->image;
	uint64_t from = q->end, span = q->cs << q2_l2_bits(q), n;
	int rc = 0;

	pthread_mutex_lock(&q->lock);
	for (uint64_t off = 0; off < q->size && !rc; off += n) {
		n = MIN(q->size - off, span - (off & (span - 1)));
		rc = allocate_chunk(q, off, &n, how);
	}
	if (!rc)
		rc = q2_write_back(q);
	if (!rc)
		rc = extend_file(q, from, how);
	pthread_mutex_unlock(&q->lock);
	return rc ? err_errno(e, rc, "cannot allocate %s", q->f->name) : 0;
}

static int q2_open_new(const struct blk_create *c, struct err *e)
{
	struct blk *b;
	int rc;

	if (!c->prealloc)
		return 0;
	b = blk_open_image(&(struct blk_options){.file = c->file, .format = "qcow2"}, e);
	rc = b ? q2_preallocate(b, c->prealloc, e) : -EIO;
	blk_close(b);
	return rc;
}

int q2_create(const struct blk_create *c, struct err *e)
{
	int fd = blk_create_file(c->file, e), rc;

	if (fd < 0)
		return fd;
	rc = q2_create_fd(fd, c, e);
	close(fd);
	return rc ? rc : q2_open_new(c, e);
}

/* ---- another size ---- */

/* Size and L1 table stand side by side in the header: one write. */
int q2_switch_l1(struct q2 *q, uint64_t size, uint64_t l1_offset, uint32_t l1_size)
{
	uint8_t be[24] = {0};
	int rc;

	q2_put64(be, size);
	q2_put32(be + 12, l1_size);
	q2_put64(be + 16, l1_offset);
	rc = q2_file_write(q, Q2_AT_SIZE, be, sizeof(be));
	return rc ? rc : blk_file_flush(q->f);
}

static int grow_l1(struct q2 *q, uint64_t size, uint32_t need)
{
	uint64_t at, n = q2_clusters(q, need * 8ull);
	uint64_t *l1 = calloc(n << q2_l2_bits(q), 8), old = q->l1_offset, old_size = q->l1_size;
	int rc = l1 ? q2_alloc_row(q, n, &at) : -ENOMEM;

	if (!rc) {
		memcpy(l1, q->l1, q->l1_size * 8ull);
		free(q->l1);
		q->l1 = l1;
		q->l1_offset = at;
		q->l1_size = need;
		q->l1_lo = 0;
		q->l1_hi = need;
		rc = q2_flush_locked(q);
	} else {
		free(l1);
	}
	if (!rc)
		rc = q2_switch_l1(q, size, q->l1_offset, q->l1_size);
	return rc || !old_size ? rc : q2_fall(q, old, q2_clusters(q, old_size * 8), false);
}

static int change_size(struct q2 *q, uint64_t bytes)
{
	uint64_t span = q->cs << q2_l2_bits(q), need = up(bytes, span);
	int rc;

	if (need * 8 > Q2_MAX_L1)
		return -EFBIG;
	pthread_mutex_lock(&q->lock);
	rc = need > q->l1_size ? grow_l1(q, bytes, (uint32_t)need)
			       : q2_switch_l1(q, bytes, q->l1_offset, q->l1_size);
	if (!rc)
		q->size = bytes;
	pthread_mutex_unlock(&q->lock);
	q->blk->bytes = (q->size + 511) & ~511ull;
	return rc;
}

/* What is cut off is given back; what comes does not show an older, longer backing image. */
int q2_resize(struct blk *b, uint64_t bytes, struct err *e)
{
	struct q2 *q = b->image;
	uint64_t old = q->size, under = q->backing ? q->backing->bytes : 0;
	int rc = 0;

	if (q->n_snaps)
		return err_set(e, -ENOTSUP, "%s has internal snapshots: its size stays",
			       q->f->name);
	if (bytes < old)
		rc = blk_now(b, BLK_WRITE_ZEROES, bytes, NULL, old - bytes);
	if (!rc && bytes < old)
		rc = blk_now(b, BLK_DISCARD, bytes, NULL, old - bytes);
	if (!rc && bytes < old)
		rc = q2_flush(q);
	if (!rc)
		rc = change_size(q, bytes);
	if (!rc && bytes > old && under > old)
		rc = blk_now(b, BLK_WRITE_ZEROES, old, NULL, MIN(bytes, under) - old);
	if (!rc)
		rc = q2_flush(q);
	return rc ? err_errno(e, rc, "cannot resize %s", q->f->name) : 0;
}

/* ---- map ---- */

int q2_map_extent(struct blk *b, uint64_t offset, uint64_t max, struct blk_extent *x)
{
	struct q2 *q = b->image;
	struct q2_run run;
	int rc;

	pthread_mutex_lock(&q->lock);
	rc = q2_map(q, offset, max, &run);
	pthread_mutex_unlock(&q->lock);
	if (rc)
		return rc;
	*x = (struct blk_extent){.bytes = run.bytes,
				 .data = run.kind == Q2_DATA || run.kind == Q2_COMPRESSED,
				 .zero = run.kind == Q2_ZERO,
				 .present = run.kind != Q2_NONE,
				 .compressed = run.kind == Q2_COMPRESSED,
				 .has_host = run.kind == Q2_DATA,
				 .host = run.host,
				 .file = b->file.name};
	if (run.kind == Q2_ZERO && run.host) {
		x->has_host = true;
		x->host += offset & (q->cs - 1);
	}
	if (run.kind != Q2_NONE)
		return 0;
	x->zero = true;
	if (!q->backing || offset >= q->backing->bytes)
		return 0;
	rc = q->backing->format->map(q->backing, offset, MIN(run.bytes, q->backing->bytes - offset),
				     x);
	x->depth++;
	return rc;
}
