/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/qcow2_info.c: what the header says, and another name for the backing file. */
#include "block/qcow2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void q2_info(struct blk *b, struct blk_info *i)
{
	const struct q2 *q = b->image;

	*i = (struct blk_info){.backing = q->backing_name,
			       .backing_format = q->backing_format,
			       .cluster = q->cs,
			       .version = q->version,
			       .refcount_bits = q->refcount_bits,
			       .lazy_refcounts = q->compat & Q2_LAZY,
			       .dirty = q->incompat & Q2_DIRTY,
			       .corrupt = q->incompat & Q2_CORRUPT,
			       .zstd = q->zstd,
			       .n_snapshots = q->n_snaps};
}

/* Extensions are written anew; bitmaps' is left out, a writer has switched them off. */
int q2_rename_backing(struct blk *b, const char *name, const char *format, struct err *e)
{
	struct q2 *q = b->image;
	uint8_t *h = calloc(1, q->cs);
	int rc = h ? q2_file_read(q, 0, h, q->header_len) : -ENOMEM;

	if (!rc) {
		q2_put64(h + Q2_AT_BACKING, 0);
		q2_put32(h + 16, 0);
		rc = q2_put_extensions(h, q->cs, q->header_len, name, format);
	}
	if (!rc)
		rc = q2_file_write(q, 0, h, q->cs);
	if (!rc)
		rc = blk_file_flush(q->f);
	free(h);
	return rc ? err_errno(e, rc, "cannot change the header of %s", q->f->name) : 0;
}
