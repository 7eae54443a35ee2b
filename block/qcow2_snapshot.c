/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2_snapshot.c: internal snapshots: their table, making, returning to and
 * deleting them. Each is a change of tables and then new refcounts (qcow2_check.c),
 * in an order that leaves leaks at worst.
 */
#include "block/qcow2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SNAP_FIXED 40
#define EXTRA_MAX  1024
#define TABLE_MAX  (64u << 20)

void q2_snapshots_free(struct q2 *q)
{
	for (uint32_t i = 0; q->snaps && i < q->n_snaps; i++) {
		free(q->snaps[i].id);
		free(q->snaps[i].name);
		free(q->snaps[i].extra);
	}
	free(q->snaps);
	q->snaps = NULL;
	q->n_snaps = 0;
}

static int bad(struct q2 *q, uint32_t i, struct err *e)
{
	return err_set(e, -EINVAL, "%s: entry %u of the snapshot table is damaged", q->f->name, i);
}

static int read_texts(struct q2 *q, struct q2_snapshot *s, uint64_t at, const uint8_t *fixed,
		      uint64_t *end)
{
	uint16_t id = (uint16_t)(fixed[12] << 8 | fixed[13]);
	uint16_t name = (uint16_t)(fixed[14] << 8 | fixed[15]);
	int rc;

	s->id = calloc(1, id + 1u);
	s->name = calloc(1, name + 1u);
	s->extra = calloc(1, s->extra_len + 1);
	if (!s->id || !s->name || !s->extra)
		return -ENOMEM;
	rc = q2_file_read(q, at, s->extra, s->extra_len);
	at += s->extra_len;
	if (!rc)
		rc = q2_file_read(q, at, s->id, id);
	if (!rc)
		rc = q2_file_read(q, at + id, s->name, name);
	*end = at + id + name;
	return rc;
}

static int read_one(struct q2 *q, uint32_t i, uint64_t *at, struct err *e)
{
	struct q2_snapshot *s = &q->snaps[i];
	uint8_t h[SNAP_FIXED];
	int rc = q2_file_read(q, *at, h, sizeof(h));

	if (rc)
		return err_errno(e, rc, "cannot read the snapshots of %s", q->f->name);
	s->l1_offset = q2_get64(h);
	s->l1_size = q2_get32(h + 8);
	s->sec = q2_get32(h + 16);
	s->nsec = q2_get32(h + 20);
	s->vm_clock = q2_get64(h + 24);
	s->vm_bytes = q2_get32(h + 32);
	s->extra_len = q2_get32(h + 36);
	if (s->extra_len > EXTRA_MAX || s->l1_size > Q2_MAX_L1 / 8 || s->l1_offset & (q->cs - 1) ||
	    s->l1_offset >= 1ull << 56)
		return bad(q, i, e);
	rc = read_texts(q, s, *at + SNAP_FIXED, h, at);
	if (rc)
		return err_errno(e, rc, "cannot read the snapshots of %s", q->f->name);
	*at = (*at + 7) & ~7ull;
	if (s->extra_len >= 8)
		s->vm_bytes = q2_get64(s->extra);
	s->disk_size = s->extra_len >= 16 ? q2_get64(s->extra + 8) : q->size;
	return *at - q->snaps_offset > TABLE_MAX ? bad(q, i, e) : 0;
}

int q2_snapshots_read(struct q2 *q, struct err *e)
{
	uint64_t at = q->snaps_offset;
	uint32_t n = q->n_snaps;
	int rc = 0;

	if (!n)
		return 0;
	q->snaps = calloc(n, sizeof(*q->snaps));
	if (!q->snaps)
		return err_set(e, -ENOMEM, "out of memory for %s", q->f->name);
	for (uint32_t i = 0; i < n && !rc; i++) {
		if (at >= q->f->bytes)
			rc = bad(q, i, e);
		else
			rc = read_one(q, i, &at, e);
	}
	q->snaps_bytes = at - q->snaps_offset;
	return rc;
}

void q2_snapshot_at(struct blk *b, uint32_t n, struct blk_snapshot *s)
{
	const struct q2_snapshot *q = &((struct q2 *)b->image)->snaps[n];

	*s = (struct blk_snapshot){.id = q->id,
				   .name = q->name,
				   .vm_bytes = q->vm_bytes,
				   .vm_clock = q->vm_clock,
				   .disk_size = q->disk_size,
				   .sec = q->sec,
				   .nsec = q->nsec};
}

/* ---- writing the table ---- */

static uint64_t entry_bytes(const struct q2_snapshot *s)
{
	return (SNAP_FIXED + s->extra_len + strlen(s->id) + strlen(s->name) + 7) & ~7ull;
}

static void put_entry(const struct q2_snapshot *s, uint8_t *p)
{
	size_t id = strlen(s->id), name = strlen(s->name);

	q2_put64(p, s->l1_offset);
	q2_put32(p + 8, s->l1_size);
	p[12] = (uint8_t)(id >> 8);
	p[13] = (uint8_t)id;
	p[14] = (uint8_t)(name >> 8);
	p[15] = (uint8_t)name;
	q2_put32(p + 16, s->sec);
	q2_put32(p + 20, s->nsec);
	q2_put64(p + 24, s->vm_clock);
	q2_put32(p + 32, s->extra_len >= 8 ? 0 : (uint32_t)s->vm_bytes);
	q2_put32(p + 36, s->extra_len);
	memcpy(p + SNAP_FIXED, s->extra, s->extra_len);
	memcpy(p + SNAP_FIXED + s->extra_len, s->id, id);
	memcpy(p + SNAP_FIXED + s->extra_len + id, s->name, name);
}

/* Number and place stand side by side in the header: one write. */
static int switch_table(struct q2 *q, uint64_t at)
{
	uint8_t be[12];
	int rc = blk_file_flush(q->f);

	q2_put32(be, q->n_snaps);
	q2_put64(be + 4, at);
	if (!rc)
		rc = q2_file_write(q, Q2_AT_SNAPS, be, sizeof(be));
	return rc ? rc : blk_file_flush(q->f);
}

static int write_table(struct q2 *q)
{
	uint64_t bytes = 0, at = 0, host = 0;
	uint8_t *buf;
	int rc = 0;

	for (uint32_t i = 0; i < q->n_snaps; i++)
		bytes += entry_bytes(&q->snaps[i]);
	if (bytes > TABLE_MAX)
		return -EFBIG;
	buf = calloc(1, bytes + 1);
	if (!buf)
		return -ENOMEM;
	for (uint32_t i = 0; i < q->n_snaps; at += entry_bytes(&q->snaps[i]), i++)
		put_entry(&q->snaps[i], buf + at);
	if (bytes)
		rc = q2_alloc_row(q, q2_clusters(q, bytes), &host);
	if (!rc && bytes)
		rc = q2_file_write(q, host, buf, bytes);
	if (!rc)
		rc = q2_write_back(q);
	if (!rc)
		rc = switch_table(q, host);
	free(buf);
	if (rc)
		return rc;
	if (q->snaps_bytes)
		q2_fall(q, q->snaps_offset, q2_clusters(q, q->snaps_bytes), false);
	q->snaps_offset = host;
	q->snaps_bytes = bytes;
	return 0;
}

/* ---- L1 tables ---- */

/* A copy behind the flag for exclusive use; its place, 0 for an empty one. */
static int store_l1(struct q2 *q, const uint64_t *l1, uint32_t n, uint64_t *at)
{
	uint8_t *be = malloc(n * 8ull + 1);
	int rc = be ? 0 : -ENOMEM;

	*at = 0;
	for (uint32_t i = 0; i < n && !rc; i++)
		q2_put64(be + i * 8ull, l1[i] & ~Q2_COPIED);
	if (!rc && n)
		rc = q2_alloc_row(q, q2_clusters(q, n * 8ull), at);
	if (!rc && n)
		rc = q2_file_write(q, *at, be, n * 8ull);
	free(be);
	return rc ? rc : blk_file_flush(q->f);
}

static uint64_t *fetch_l1(struct q2 *q, const struct q2_snapshot *s, uint32_t n)
{
	uint64_t *l1 = calloc(n + 1ull, 8);

	if (l1 && q2_file_read(q, s->l1_offset, l1, MIN(n, s->l1_size) * 8ull)) {
		free(l1);
		return NULL;
	}
	for (uint32_t i = 0; l1 && i < n; i++)
		l1[i] = be64toh(l1[i]);
	return l1;
}

/* ---- the three operations ---- */

static uint32_t find(const struct q2 *q, const char *name)
{
	for (uint32_t i = 0; i < q->n_snaps; i++)
		if (!strcmp(q->snaps[i].name, name))
			return i;
	for (uint32_t i = 0; i < q->n_snaps; i++)
		if (!strcmp(q->snaps[i].id, name))
			return i;
	return q->n_snaps;
}

static void next_id(const struct q2 *q, char *id, size_t size)
{
	unsigned long max = 0;

	for (uint32_t i = 0; i < q->n_snaps; i++)
		max = MAX(max, strtoul(q->snaps[i].id, NULL, 10));
	snprintf(id, size, "%lu", max + 1);
}

static int describe(struct q2 *q, struct q2_snapshot *s, const char *name)
{
	struct timespec now;
	char id[24];

	clock_gettime(CLOCK_REALTIME, &now);
	next_id(q, id, sizeof(id));
	*s = (struct q2_snapshot){.id = strdup(id),
				  .name = strdup(name),
				  .extra = calloc(1, 16),
				  .extra_len = 16,
				  .disk_size = q->size,
				  .l1_size = q->l1_size,
				  .sec = (uint32_t)now.tv_sec,
				  .nsec = (uint32_t)now.tv_nsec};
	if (!s->id || !s->name || !s->extra)
		return -ENOMEM;
	q2_put64(s->extra + 8, q->size);
	return 0;
}

static int create(struct q2 *q, const char *name, struct err *e)
{
	struct q2_snapshot *grown, *s;
	int rc;

	if (q->n_snaps == Q2_MAX_SNAPS || strlen(name) > 255)
		return err_set(e, -EINVAL, "too many snapshots, or too long a name");
	if (find(q, name) < q->n_snaps)
		return err_set(e, -EEXIST, "%s has a snapshot '%s' already", q->f->name, name);
	grown = realloc(q->snaps, (q->n_snaps + 1ull) * sizeof(*s));
	if (!grown)
		return -ENOMEM;
	q->snaps = grown;
	s = &grown[q->n_snaps];
	rc = describe(q, s, name);
	if (!rc)
		rc = store_l1(q, q->l1, q->l1_size, &s->l1_offset);
	q->n_snaps++;
	/* The counts first: until the table names it, they are leaks. */
	if (!rc)
		rc = q2_rebuild(q, 0, 0, e);
	return rc ? rc : write_table(q);
}

static int remove_one(struct q2 *q, uint32_t i, struct err *e)
{
	struct q2_snapshot *s = &q->snaps[i];
	int rc;

	free(s->id);
	free(s->name);
	free(s->extra);
	memmove(s, s + 1, (q->n_snaps - i - 1) * sizeof(*s));
	q->n_snaps--;
	rc = write_table(q);
	return rc ? rc : q2_rebuild(q, 0, 0, e);
}

static int apply(struct q2 *q, uint32_t i, struct err *e)
{
	const struct q2_snapshot *s = &q->snaps[i];
	unsigned shift = q->cluster_bits + q2_l2_bits(q);
	uint64_t need = (s->disk_size >> shift) + !!(s->disk_size & ((1ull << shift) - 1)), at;
	uint32_t n = (uint32_t)MAX(s->l1_size, need);
	uint64_t *l1 = need * 8 > Q2_MAX_L1 ? NULL : fetch_l1(q, s, n);
	int rc = l1 ? store_l1(q, l1, n, &at) : -EIO;

	/* Both tables are counted before the header turns to the other one. */
	if (!rc)
		rc = q2_rebuild(q, at, n, e);
	if (!rc)
		rc = q2_switch_l1(q, s->disk_size, at, n);
	if (rc) {
		free(l1);
		return rc;
	}
	free(q->l1);
	for (uint32_t k = 0; k < n; k++)
		l1[k] &= ~Q2_COPIED;
	q->l1 = l1;
	q->l1_offset = at;
	q->l1_size = n;
	q->size = s->disk_size;
	q->blk->bytes = (q->size + 511) & ~511ull;
	q2_cache_drop_all(&q->l2);
	return q2_rebuild(q, 0, 0, e);
}

int q2_snapshot(struct blk *b, enum blk_snapshot_op op, const char *name, struct err *e)
{
	struct q2 *q = b->image;
	uint32_t i = find(q, name);
	int rc;

	if (op != BLK_SNAPSHOT_CREATE && i == q->n_snaps)
		return err_set(e, -ENOENT, "%s has no snapshot '%s'", q->f->name, name);
	rc = q2_flush(q);
	pthread_mutex_lock(&q->lock);
	if (!rc)
		rc = op == BLK_SNAPSHOT_CREATE   ? create(q, name, e)
		     : op == BLK_SNAPSHOT_DELETE ? remove_one(q, i, e)
						 : apply(q, i, e);
	if (!rc)
		rc = q2_flush_locked(q);
	pthread_mutex_unlock(&q->lock);
	return rc ? err_errno(e, rc, "snapshots of %s", q->f->name) : 0;
}
