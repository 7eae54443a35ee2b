/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/qcow2_census.c: counts from the tables alone how often each cluster of the file is used. */
#include "block/qcow2.h"
#include "block/qcow2_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLUSTERS_MAX (1ull << 29) /* of a file; their counts are kept in memory */
#define BITMAPS_MAX  65535u
#define BITMAP_MAX   (1u << 27) /* bytes of one bitmap's table, and of all their directory */

void q2_say(struct q2_census *c, bool error, const char *fmt, ...)
{
	char msg[200];
	va_list ap;

	c->bad += error;
	if (!c->say)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	c->say(c->arg, msg);
}

/* A reference to bytes of the file. False: they cannot be there. */
static bool mark(struct q2_census *c, uint64_t at, uint64_t bytes, const char *what)
{
	uint64_t first = at >> c->q->cluster_bits;
	uint64_t n = q2_clusters(c->q, (at & (c->q->cs - 1)) + bytes);

	if (first >= c->n || n > c->n - first) {
		q2_say(c, true, "%s at 0x%llx lies behind the end of the file", what,
		       (unsigned long long)at);
		return false;
	}
	for (uint64_t i = first; i < first + n; i++)
		c->refs[i] += c->refs[i] != UINT32_MAX;
	c->top = MAX(c->top, first + n);
	return true;
}

static bool aligned(struct q2_census *c, uint64_t at, const char *what)
{
	if (at & (c->q->cs - 1))
		q2_say(c, true, "%s at 0x%llx is not at the start of a cluster", what,
		       (unsigned long long)at);
	return !(at & (c->q->cs - 1));
}

static void count_entry(struct q2_census *c, uint64_t entry, uint64_t *last)
{
	struct q2 *q = c->q;
	uint64_t at, bytes;

	if (entry & Q2_PACKED) {
		q2_packed_place(q, entry, &at, &bytes);
		c->compressed += mark(c, at, bytes, "a compressed cluster");
		c->allocated++;
		return;
	}
	at = entry & Q2_OFFSET;
	if (!at || !aligned(c, at, "a cluster") || !mark(c, at, q->cs, "a cluster"))
		return;
	c->allocated++;
	c->fragmented += *last && at != *last + q->cs;
	*last = at;
}

static int count_l2(struct q2_census *c, uint64_t at, uint8_t *table, uint64_t *last)
{
	int rc;

	if (!aligned(c, at, "an L2 table") || !mark(c, at, c->q->cs, "an L2 table"))
		return 0;
	rc = q2_file_read(c->q, at, table, c->q->cs);
	for (uint64_t i = 0; i < c->q->cs / 8 && !rc; i++)
		count_entry(c, q2_get64(table + i * 8), last);
	return rc;
}

/* count: clusters of this one are those that the guest has (the active one). */
static int count_l1(struct q2_census *c, uint64_t offset, uint32_t n, const uint64_t *l1,
		    bool active)
{
	uint64_t last = 0, allocated = c->allocated, compressed = c->compressed;
	uint64_t fragmented = c->fragmented;
	uint8_t *table;
	int rc = 0;

	if (!n || !aligned(c, offset, "an L1 table") || !mark(c, offset, n * 8ull, "an L1 table"))
		return 0;
	table = malloc(c->q->cs);
	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && !rc; i++)
		if (l1[i] & Q2_OFFSET)
			rc = count_l2(c, l1[i] & Q2_OFFSET, table, &last);
	free(table);
	if (!active) {
		c->allocated = allocated;
		c->compressed = compressed;
		c->fragmented = fragmented;
	}
	return rc;
}

int q2_census_l1(struct q2_census *c, uint64_t offset, uint32_t n)
{
	uint64_t *l1 = malloc(n * 8ull + 8);
	int rc = l1 ? q2_file_read(c->q, offset, l1, n * 8ull) : -ENOMEM;

	for (uint32_t i = 0; i < n && !rc; i++)
		l1[i] = be64toh(l1[i]);
	if (!rc)
		rc = count_l1(c, offset, n, l1, false);
	free(l1);
	return rc;
}

/* ---- persistent bitmaps: kept, not understood ---- */

static int count_bitmap(struct q2_census *c, uint64_t offset, uint32_t n)
{
	uint64_t *table, last = 0, allocated = c->allocated, fragmented = c->fragmented;
	int rc;

	if (n > BITMAP_MAX / 8 || !mark(c, offset, n * 8ull, "a bitmap's table"))
		return 0;
	table = malloc(n * 8ull + 8);
	rc = table ? q2_file_read(c->q, offset, table, n * 8ull) : -ENOMEM;
	for (uint32_t i = 0; i < n && !rc; i++)
		count_entry(c, be64toh(table[i]) & Q2_OFFSET, &last);
	free(table);
	c->allocated = allocated;
	c->fragmented = fragmented;
	return rc;
}

static int count_bitmaps(struct q2_census *c)
{
	struct q2 *q = c->q;
	uint64_t at = 0, bytes = q->bitmaps_bytes;
	uint8_t *dir;
	int rc;

	if (!(q->autoclear & Q2_BITMAPS) || !q->n_bitmaps)
		return 0;
	if (q->n_bitmaps > BITMAPS_MAX || bytes > BITMAP_MAX) {
		q2_say(c, true, "the directory of bitmaps is damaged");
		return 0;
	}
	if (!mark(c, q->bitmaps_offset, bytes, "the directory of bitmaps"))
		return 0;
	dir = malloc(bytes + 1);
	rc = dir ? q2_file_read(q, q->bitmaps_offset, dir, bytes) : -ENOMEM;
	for (uint32_t i = 0; i < q->n_bitmaps && at + 24 <= bytes && !rc; i++) {
		const uint8_t *d = dir + at;

		rc = count_bitmap(c, q2_get64(d), q2_get32(d + 8));
		at += (24 + ((uint64_t)d[18] << 8 | d[19]) + q2_get32(d + 20) + 7) & ~7ull;
	}
	free(dir);
	return rc;
}

/* ---- all ---- */

static void count_refcounts(struct q2_census *c)
{
	struct q2 *q = c->q;

	mark(c, q->rt_offset, q->rt_size * 8ull, "the refcount table");
	for (uint32_t i = 0; i < q->rt_size; i++)
		if (q->rt[i] && (!aligned(c, q->rt[i], "a refcount block") ||
				 !mark(c, q->rt[i], q->cs, "a refcount block")))
			c->bad_blocks++;
}

/* Where the new refcounts may go: behind all that is used, the old ones too. */
static void spare_refcounts(struct q2_census *c)
{
	struct q2 *q = c->q;
	uint64_t end = q2_clusters(q, q->rt_offset + q->rt_size * 8ull);

	for (uint32_t i = 0; i < q->rt_size; i++)
		if (!(q->rt[i] & (q->cs - 1)) && q->rt[i] >> q->cluster_bits < c->n)
			end = MAX(end, (q->rt[i] >> q->cluster_bits) + 1);
	c->top = MAX(c->top, end);
}

int q2_census(struct q2_census *c, struct q2 *q, bool refcounts)
{
	int rc;

	c->q = q;
	c->n = q2_clusters(q, MAX(q->end, q->f->bytes));
	if (c->n > CLUSTERS_MAX)
		return -EFBIG;
	c->refs = calloc(c->n + 1, sizeof(*c->refs));
	if (!c->refs)
		return -ENOMEM;
	mark(c, 0, q->cs, "the header");
	if (refcounts)
		count_refcounts(c);
	else
		spare_refcounts(c);
	rc = count_l1(c, q->l1_offset, q->l1_size, q->l1, true);
	if (!rc && q->n_snaps)
		mark(c, q->snaps_offset, q->snaps_bytes, "the snapshot table");
	for (uint32_t i = 0; i < q->n_snaps && !rc; i++)
		rc = q2_census_l1(c, q->snaps[i].l1_offset, q->snaps[i].l1_size);
	return rc ? rc : count_bitmaps(c);
}
