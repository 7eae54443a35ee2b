/* SPDX-License-Identifier: GPL-2.0-or-later */
/* block/qcow2_check.h: counting a qcow2 image's references, for check and repair. */
#ifndef BLOCK_QCOW2_CHECK_H
#define BLOCK_QCOW2_CHECK_H
#include "block/qcow2.h"

struct q2_census {
	struct q2 *q;
	uint32_t *refs; /* by cluster; the caller frees it */
	uint64_t n;     /* clusters of the file */
	uint64_t top;   /* none is used from here on */
	uint64_t bad, bad_blocks;
	uint64_t allocated, compressed, fragmented; /* of the guest's clusters */
	void (*say)(void *arg, const char *line);   /* NULL: nobody listens */
	void *arg;
};
/* On an image whose caches are written; with the refcounts' own clusters or without. */
int q2_census(struct q2_census *c, struct q2 *q, bool refcounts);
int q2_census_l1(struct q2_census *c, uint64_t offset, uint32_t n); /* one more table */
/* A line about the image; an error counts as bad. */
void q2_say(struct q2_census *c, bool error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#endif
