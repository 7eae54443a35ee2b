/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2_pack.c: compressed clusters: raw deflate streams or zstd frames,
 * several to a cluster of the file, counted once for each cluster they touch.
 */
#include "block/qcow2.h"

#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef CONFIG_ZLIB
#include <zlib.h>

/* All of a cluster must come out. Bytes behind the stream are the next one's. */
static int inflate_all(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes)
{
	z_stream z = {.next_in = (Bytef *)in,
		      .avail_in = (uInt)in_bytes,
		      .next_out = out,
		      .avail_out = (uInt)out_bytes};
	int rc;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return -ENOMEM;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	/* Full, with the stream's last bits still to come, is fine too. */
	return (rc == Z_STREAM_END || rc == Z_BUF_ERROR || rc == Z_OK) && !z.avail_out ? 0 : -EIO;
}

/* A window of 4 KiB is what other readers expect. Bytes, or 0: it does not shrink. */
static size_t deflate_all(const uint8_t *in, size_t bytes, uint8_t *out)
{
	z_stream z = {.next_in = (Bytef *)in,
		      .avail_in = (uInt)bytes,
		      .next_out = out,
		      .avail_out = (uInt)bytes - 1};
	size_t n = 0;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		n = z.total_out;
	deflateEnd(&z);
	return n;
}
#else
static int inflate_all(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes)
{
	(void)in, (void)in_bytes, (void)out, (void)out_bytes;
	return -ENOTSUP;
}

static size_t deflate_all(const uint8_t *in, size_t bytes, uint8_t *out)
{
	(void)in, (void)bytes, (void)out;
	return 0;
}
#endif

#ifdef CONFIG_ZSTD
#include <zstd.h>

const bool q2_can_zstd = true;

enum { WINDOW_LOG = 23 }; /* of more a cluster has no use, and a hostile one would take memory */

/* Where the frame ends is not said: the entry counts sectors. A cluster may be several frames. */
static int unzstd_all(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes)
{
	ZSTD_inBuffer i = {in, in_bytes, 0};
	ZSTD_outBuffer o = {out, out_bytes, 0};
	ZSTD_DCtx *z = ZSTD_createDCtx();
	size_t rc = z ? ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG) : 0;
	bool moved = true;

	while (z && moved && !ZSTD_isError(rc) && o.pos < o.size) {
		size_t before = i.pos + o.pos;

		rc = ZSTD_decompressStream(z, &o, &i);
		moved = i.pos + o.pos > before;
	}
	ZSTD_freeDCtx(z);
	if (!z)
		return -ENOMEM;
	return ZSTD_isError(rc) || o.pos < o.size ? -EIO : 0;
}

static size_t zstd_all(const uint8_t *in, size_t bytes, uint8_t *out)
{
	size_t n = ZSTD_compress(out, bytes - 1, in, bytes, ZSTD_CLEVEL_DEFAULT);

	return ZSTD_isError(n) ? 0 : n;
}
#else
const bool q2_can_zstd;

static int unzstd_all(const uint8_t *in, size_t in_bytes, uint8_t *out, size_t out_bytes)
{
	(void)in, (void)in_bytes, (void)out, (void)out_bytes;
	return -ENOTSUP;
}

static size_t zstd_all(const uint8_t *in, size_t bytes, uint8_t *out)
{
	(void)in, (void)bytes, (void)out;
	return 0;
}
#endif

/* Small reads come again and again to one cluster: the last one is kept. */
static bool kept(struct q2 *q, uint64_t entry, uint8_t *cluster)
{
	bool hit;

	pthread_mutex_lock(&q->lock);
	hit = q->unpacked && q->unpacked_entry == entry;
	if (hit)
		memcpy(cluster, q->unpacked, q->cs);
	pthread_mutex_unlock(&q->lock);
	return hit;
}

static void keep(struct q2 *q, uint64_t entry, const uint8_t *cluster)
{
	pthread_mutex_lock(&q->lock);
	if (!q->unpacked)
		q->unpacked = malloc(q->cs);
	if (q->unpacked) {
		memcpy(q->unpacked, cluster, q->cs);
		q->unpacked_entry = entry;
	}
	pthread_mutex_unlock(&q->lock);
}

int q2_unpack(struct q2 *q, uint64_t entry, uint8_t *cluster)
{
	uint64_t at, bytes;
	uint8_t *in;
	int rc;

	if (kept(q, entry, cluster))
		return 0;
	q2_packed_place(q, entry, &at, &bytes);
	in = malloc(bytes);
	if (!in)
		return -ENOMEM;
	rc = q2_file_read(q, at, in, bytes);
	if (!rc)
		rc = (q->zstd ? unzstd_all : inflate_all)(in, bytes, cluster, q->cs);
	free(in);
	if (!rc)
		keep(q, entry, cluster);
	return rc;
}

/* ---- writing: whole images are made of them, so one cluster after the other ---- */

/* Room for n bytes: behind the last stream where its cluster, or the next, is free. */
static int room(struct q2 *q, size_t n, uint64_t *at)
{
	uint64_t left = q->packed_at ? q->cs - (q->packed_at & (q->cs - 1)) : 0, host, got;
	int rc;

	if (left >= n) {
		*at = q->packed_at;
		rc = q2_ref_add(q, *at >> q->cluster_bits);
		if (rc != -EOVERFLOW) /* narrow counts: one cluster each */
			return rc;
		left = 0;
	}
	rc = q2_alloc(q, 1, &host, &got);
	if (rc)
		return rc;
	*at = host;
	if (left && host == q2_down(q, q->packed_at) + q->cs) {
		/* Over the boundary: the first one gets one more user. */
		rc = q2_ref_add(q, q->packed_at >> q->cluster_bits);
		*at = rc ? host : q->packed_at;
	}
	return 0;
}

static int place(struct q2 *q, uint64_t off, uint64_t at, size_t n)
{
	uint64_t sectors = ((at & 511) + n + 511) / 512 - 1, end = at + n;
	unsigned x = 62 - (q->cluster_bits - 8);
	int rc = q2_own_l2(q, off);

	q->packed_at = end & (q->cs - 1) ? end : 0;
	return rc ? rc : q2_link(q, off, Q2_PACKED | sectors << x | at, false);
}

int q2_write_packed(struct blk *b, uint64_t off, const void *cluster)
{
	struct q2 *q = b->image;
	uint8_t *out = malloc(q->cs);
	size_t n = out ? (q->zstd ? zstd_all : deflate_all)(cluster, q->cs, out) : 0;
	uint64_t at = 0;
	int rc = !out ? -ENOMEM : !n ? 1 : 0;

	pthread_mutex_lock(&q->lock);
	if (!rc)
		rc = room(q, n, &at);
	if (!rc)
		rc = q2_file_write(q, at, out, n);
	if (!rc)
		rc = place(q, off, at, n);
	pthread_mutex_unlock(&q->lock);
	free(out);
	return rc;
}
