/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/qcow2_open.c: the header and its extensions, checked field by field:
 * an image is somebody else's file.
 */
#include "block/qcow2.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSIONS   64 /* more are nonsense */
#define BACKING_NAME 1023
#define L2_CACHE     (8u << 20)
#define RB_CACHE     (2u << 20)

/* ---- features ---- */

static const char *const known_incompat[] = {"dirty", "corrupt", "external data file",
					     "compression other than zlib", "extended L2 entries"};

/* The image's own name for a feature bit, from the table in its header. */
static void name_feature(const uint8_t *table, uint32_t len, unsigned type, unsigned bit, char *out)
{
	snprintf(out, 47, "bit %u", bit);
	for (uint32_t i = 0; i + 48 <= len; i += 48)
		if (table[i] == type && table[i + 1] == bit && table[i + 2])
			snprintf(out, 47, "%.46s", (const char *)table + i + 2);
	for (char *c = out; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static int refuse_features(struct q2 *q, const uint8_t *table, uint32_t len, struct err *e)
{
	uint64_t known = Q2_DIRTY | Q2_CORRUPT | (q2_can_zstd ? Q2_COMPRESSION : 0);
	uint64_t left = q->incompat & ~known;
	char name[48];
	unsigned bit;

	if (!left)
		return 0;
	bit = (unsigned)__builtin_ctzll(left);
	if (bit < ARRAY_SIZE(known_incompat))
		return err_set(e, -ENOTSUP, "%s uses a feature that is not supported: %s",
			       q->f->name, known_incompat[bit]);
	name_feature(table, len, 0, bit, name);
	return err_set(e, -ENOTSUP, "%s uses a feature that is not known: %s", q->f->name, name);
}

/* ---- the header ---- */

static int bad(const struct q2 *q, struct err *e, const char *what)
{
	return err_set(e, -EINVAL, "%s: damaged qcow2 header: %s", q->f->name, what);
}

static bool table_ok(const struct q2 *q, uint64_t at, uint64_t bytes)
{
	return at && !(at & (q->cs - 1)) && at < 1ull << 56 && at < q->f->bytes && bytes;
}

static int read_basics(struct q2 *q, const uint8_t *h, struct err *e)
{
	uint32_t crypt = q2_get32(h + 32);

	q->version = q2_get32(h + 4);
	q->cluster_bits = q2_get32(h + 20);
	q->size = q2_get64(h + Q2_AT_SIZE);
	q->l1_size = q2_get32(h + Q2_AT_L1);
	q->l1_offset = q2_get64(h + 40);
	q->rt_offset = q2_get64(h + Q2_AT_RT);
	q->n_snaps = q2_get32(h + Q2_AT_SNAPS);
	q->snaps_offset = q2_get64(h + 64);
	if (q2_get32(h) != Q2_MAGIC)
		return err_set(e, -EINVAL, "%s is not a qcow2 image", q->f->name);
	if (q->version != 2 && q->version != 3)
		return err_set(e, -ENOTSUP, "%s: qcow2 version %u is not supported (2 and 3 are)",
			       q->f->name, q->version);
	if (q->cluster_bits < 9 || q->cluster_bits > 21)
		return bad(q, e, "clusters are not 512 bytes to 2 MiB");
	if (crypt)
		return err_set(e, -ENOTSUP,
			       "%s uses a feature that is not supported: %s encryption", q->f->name,
			       crypt == 1   ? "AES"
			       : crypt == 2 ? "LUKS"
					    : "unknown");
	q->cs = 1ull << q->cluster_bits;
	q->header_len = 72;
	q->refcount_bits = 16;
	return 0;
}

/* The feature's bit says that the kind is not zlib (0), and nothing else. */
static int read_compression(struct q2 *q, const uint8_t *h, struct err *e)
{
	uint8_t kind = q->header_len > Q2_AT_COMPRESSION ? h[Q2_AT_COMPRESSION] : 0;

	if (!kind != !(q->incompat & Q2_COMPRESSION))
		return bad(q, e, "the kind of compression");
	if (kind > 1)
		return err_set(e, -ENOTSUP, "%s: compression of kind %u is not supported",
			       q->f->name, kind);
	q->zstd = kind;
	return 0;
}

static int read_version3(struct q2 *q, const uint8_t *h, struct err *e)
{
	uint32_t order = q2_get32(h + 96);

	if (q->version < 3)
		return 0;
	q->incompat = q2_get64(h + Q2_AT_INCOMPAT);
	q->compat = q2_get64(h + 80);
	q->autoclear = q2_get64(h + Q2_AT_AUTOCLEAR);
	q->header_len = q2_get32(h + 100);
	if (order > 6)
		return bad(q, e, "refcounts wider than 64 bits");
	if (q->header_len < 104 || q->header_len > q->cs || q->header_len & 7)
		return bad(q, e, "its length");
	q->refcount_bits = 1u << order;
	return read_compression(q, h, e);
}

static uint64_t l1_needed(const struct q2 *q, uint64_t size)
{
	unsigned shift = q->cluster_bits + q2_l2_bits(q);

	return (size >> shift) + !!(size & ((1ull << shift) - 1));
}

static int check_tables(struct q2 *q, uint32_t rt_clusters, struct err *e)
{
	uint64_t rt = (uint64_t)rt_clusters << q->cluster_bits;

	q->rb_bits = q->cluster_bits + 3 - (unsigned)__builtin_ctz(q->refcount_bits);
	if (q->size > 1ull << 62)
		return bad(q, e, "the disk's size");
	if (q->l1_size * 8ull > Q2_MAX_L1 || q->l1_size < l1_needed(q, q->size))
		return bad(q, e, "the size of the L1 table");
	if (q->l1_size && !table_ok(q, q->l1_offset, q->l1_size * 8ull))
		return bad(q, e, "the place of the L1 table");
	if (rt > Q2_MAX_RT || !table_ok(q, q->rt_offset, rt))
		return bad(q, e, "the refcount table");
	if (q->n_snaps > Q2_MAX_SNAPS || (q->n_snaps && !table_ok(q, q->snaps_offset, 1)))
		return bad(q, e, "the snapshot table");
	q->rt_size = (uint32_t)(rt / 8);
	return 0;
}

/* ---- extensions and the backing file's name: both in the first cluster ---- */

static int copy_text(const struct q2 *q, char **to, const uint8_t *from, uint32_t len,
		     struct err *e)
{
	if (memchr(from, 0, len))
		return bad(q, e, "a name with a zero in it");
	*to = strndup((const char *)from, len);
	return *to ? 0 : -ENOMEM;
}

static int extension(struct q2 *q, uint32_t type, const uint8_t *data, uint32_t len,
		     const uint8_t **features, uint32_t *features_len, struct err *e)
{
	if (type == Q2_EXT_BACKING_FORMAT && !q->backing_format && len <= 16)
		return copy_text(q, &q->backing_format, data, len, e);
	if (type == Q2_EXT_FEATURES) {
		*features = data;
		*features_len = len;
	}
	if (type == Q2_EXT_BITMAPS && len >= 24) {
		q->n_bitmaps = q2_get32(data);
		q->bitmaps_bytes = q2_get64(data + 8);
		q->bitmaps_offset = q2_get64(data + 16);
	}
	return 0;
}

static int read_extensions(struct q2 *q, const uint8_t *h, uint64_t end, struct err *e)
{
	const uint8_t *features = NULL;
	uint32_t features_len = 0, at = q->header_len;
	int rc = 0;

	for (unsigned n = 0; at + 8ull <= end; n++) {
		uint32_t type = q2_get32(h + at), len = q2_get32(h + at + 4);

		if (type == Q2_EXT_END)
			break;
		if (len > end - at - 8 || n == EXTENSIONS)
			return bad(q, e, "an extension leads out of it");
		rc = extension(q, type, h + at + 8, len, &features, &features_len, e);
		if (rc < 0)
			return rc;
		at += 8 + ((len + 7) & ~7u);
	}
	return refuse_features(q, features, features_len, e);
}

static int read_header(struct q2 *q, const uint8_t *h, struct err *e)
{
	uint64_t at = q2_get64(h + Q2_AT_BACKING), end = q->cs;
	uint32_t len = q2_get32(h + 16);
	int rc;

	if (at && (at < q->header_len || at >= q->cs || len > BACKING_NAME || len > q->cs - at))
		return bad(q, e, "the place of the backing file's name");
	if (at)
		end = at;
	rc = read_extensions(q, h, end, e);
	if (!rc && at && len)
		rc = copy_text(q, &q->backing_name, h + at, len, e);
	return rc;
}

/* ---- tables ---- */

static int read_table(struct q2 *q, uint64_t at, uint32_t n, uint64_t **table)
{
	int rc = 0;

	*table = calloc(n ? n : 1, 8);
	if (!*table)
		return -ENOMEM;
	if (n)
		rc = q2_file_read(q, at, *table, n * 8ull);
	for (uint32_t i = 0; i < n; i++)
		(*table)[i] = be64toh((*table)[i]);
	return rc;
}

static int check_rt(struct q2 *q, struct err *e)
{
	for (uint32_t i = 0; i < q->rt_size; i++) {
		q->rt[i] &= ~511ull;
		if (q->rt[i] & (q->cs - 1) && !q->blk->as_is)
			return bad(q, e, "a refcount block's place");
	}
	return 0;
}

static int load(struct q2 *q, struct err *e)
{
	int rc = read_table(q, q->l1_offset, q->l1_size, &q->l1);

	if (!rc)
		rc = read_table(q, q->rt_offset, q->rt_size, &q->rt);
	if (!rc)
		rc = q2_cache_init(q, &q->l2, L2_CACHE);
	if (!rc)
		rc = q2_cache_init(q, &q->rb, RB_CACHE);
	if (rc)
		return err_errno(e, rc, "cannot read the tables of %s", q->f->name);
	rc = check_rt(q, e);
	return rc ? rc : q2_snapshots_read(q, e);
}

static int read_all(struct q2 *q, struct err *e)
{
	uint8_t head[Q2_HEADER_MAX] = {0}, *h;
	int rc = q2_file_read(q, 0, head, sizeof(head));

	if (!rc)
		rc = read_basics(q, head, e);
	if (!rc)
		rc = read_version3(q, head, e);
	if (!rc)
		rc = check_tables(q, q2_get32(head + 56), e);
	if (rc)
		return err_errno(e, rc, "cannot read %s", q->f->name);
	h = malloc(q->cs);
	rc = h ? q2_file_read(q, 0, h, q->cs) : -ENOMEM;
	if (!rc)
		rc = read_header(q, h, e);
	free(h);
	return rc ? err_errno(e, rc, "cannot read %s", q->f->name) : load(q, e);
}

/* ---- ready for use ---- */

int q2_set_incompat(struct q2 *q, uint64_t bits)
{
	uint8_t be[8];
	int rc;

	if (q->version < 3 || q->incompat == bits)
		return 0;
	q2_put64(be, bits);
	rc = q2_file_write(q, Q2_AT_INCOMPAT, be, 8);
	if (!rc)
		rc = blk_file_flush(q->f);
	if (!rc)
		q->incompat = bits;
	return rc;
}

/* Autoclear features are those that a writer who does not know them must switch off. */
static int clear_autoclear(struct q2 *q)
{
	static const uint8_t none[8];
	int rc = q->autoclear ? q2_file_write(q, Q2_AT_AUTOCLEAR, none, 8) : 0;

	if (!rc) {
		q->autoclear = 0;
		q->n_bitmaps = 0;
	}
	return rc;
}

static int prepare_writing(struct q2 *q, struct err *e)
{
	int rc;

	if (q->incompat & Q2_CORRUPT)
		return err_set(e, -EUCLEAN,
			       "%s is marked as damaged: it opens for reading only until "
			       "hvm-img check -r all repaired it",
			       q->f->name);
	if (q->incompat & Q2_DIRTY) {
		log_info("%s was not closed: its refcounts are made anew", q->f->name);
		rc = q2_rebuild(q, 0, 0, e);
		if (rc < 0)
			return err_errno(e, rc, "cannot repair %s", q->f->name);
	}
	rc = clear_autoclear(q);
	return rc ? err_errno(e, rc, "cannot write to %s", q->f->name) : 0;
}

int q2_open(struct blk *b, struct err *e)
{
	struct q2 *q = calloc(1, sizeof(*q));
	int rc;

	if (!q)
		return err_set(e, -ENOMEM, "out of memory for %s", b->file.name);
	b->image = q;
	q->blk = b;
	q->f = &b->file;
	q->end = b->file.bytes;
	q->writable = !b->readonly;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->moved, NULL);
	rc = read_all(q, e);
	if (!rc && q->backing_name && !b->no_backing) {
		q->backing = blk_open_backing(b, q->backing_name, q->backing_format, e);
		b->under = q->backing;
		rc = q->backing ? 0 : -EINVAL;
	}
	if (!rc && q->writable && !b->as_is)
		rc = prepare_writing(q, e);
	b->bytes = (q->size + 511) & ~511ull;
	if (rc) {
		q2_close(b);
		b->image = NULL;
	}
	return rc;
}

void q2_close(struct blk *b)
{
	struct q2 *q = b->image;

	if (!q)
		return;
	/* The flush before this let counts fall. */
	if (q->rb.dirty && !q->broken)
		q2_write_back(q);
	blk_close(q->backing);
	b->under = NULL;
	q2_cache_free(&q->l2);
	q2_cache_free(&q->rb);
	q2_snapshots_free(q);
	pthread_cond_destroy(&q->moved);
	pthread_mutex_destroy(&q->lock);
	free(q->l1);
	free(q->rt);
	free(q->fall);
	free(q->unpacked);
	free(q->backing_name);
	free(q->backing_format);
	free(q);
}
