/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/qcow2_snapshot.c: the table of internal snapshots. */
#include "block/qcow2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
