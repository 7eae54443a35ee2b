/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block/open.c: opening an image: which format it is, and who may hold it.
 *
 * A format is probed only when none was named. A probed raw image is guarded:
 * a guest that could write another format's header into its sector 0 would get
 * that header's file references opened at the next start (CVE-2008-2004).
 */
#include "block/impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct blk_format *formats;

void blk_format_register(struct blk_format *f)
{
	f->next = formats;
	formats = f;
}

const struct blk_format *blk_format_all(void)
{
	return formats;
}

const struct blk_format *blk_format_find(const char *name)
{
	for (const struct blk_format *f = formats; f; f = f->next)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* Formats of others: known so that they are refused instead of taken for raw. */
static const struct magic {
	const char *name;
	unsigned at, len;
	const char *bytes;
} magics[] = {
	{"qcow", 0, 4, "QFI\xfb"},
	{"qed", 0, 4, "QED"},
	{"vmdk", 0, 4, "KDMV"},
	{"vmdk", 0, 4, "COWD"},
	{"vmdk", 0, 21, "# Disk DescriptorFile"},
	{"vpc", 0, 8, "conectix"},
	{"vhdx", 0, 8, "vhdxfile"},
	{"vdi", 64, 4, "\x7f\x10\xda\xbe"},
	{"luks", 0, 6, "LUKS\xba\xbe"},
	{"parallels", 0, 16, "WithoutFreeSpace"},
	{"parallels", 0, 16, "WithouFreSpacExt"},
	{"bochs", 0, 22, "Bochs Virtual HD Image"},
};

const char *blk_probe(const uint8_t *head, size_t len)
{
	for (const struct blk_format *f = formats; f; f = f->next)
		if (f->probe && f->probe(head, len))
			return f->name;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		const struct magic *m = &magics[i];

		if (len >= m->at + m->len && !memcmp(head + m->at, m->bytes, m->len))
			return m->name;
	}
	return NULL;
}

static void known_formats(char *to, size_t size)
{
	to[0] = 0;
	for (const struct blk_format *f = formats; f; f = f->next) {
		size_t n = strlen(to);

		snprintf(to + n, size - n, "%s%s", n ? ", " : "", f->name);
	}
}

static int choose_format(struct blk *b, const char *name, struct err *e)
{
	uint8_t head[BLK_PROBE];
	struct iovec iov = {.iov_base = head, .iov_len = sizeof(head)};
	char known[64];
	int rc;

	if (!name) {
		rc = blk_file_read(&b->file, 0, &iov, 1);
		if (rc < 0)
			return err_errno(e, rc, "cannot read %s", b->file.name);
		name = blk_probe(head, sizeof(head));
		b->probed = true;
		name = name ? name : "raw";
	}
	b->format = blk_format_find(name);
	if (b->format)
		return 0;
	known_formats(known, sizeof(known));
	return err_set(e, -ENOTSUP, "%s: image format '%s' is not supported (known: %s)",
		       b->file.name, name, known);
}

int blk_open_file(struct blk *b, const struct blk_options *o, struct err *e)
{
	b->readonly = o->readonly;
	b->no_lock = o->no_lock;
	b->no_discard = o->no_discard;
	b->detect_zeroes = o->detect_zeroes;
	b->as_is = o->as_is;
	b->no_backing = o->no_backing;
	return blk_file_open(&b->file, o, e);
}

int blk_open_here(struct blk *b, const struct blk_options *o, struct err *e)
{
	int rc = choose_format(b, o->format, e);

	if (!rc && !o->no_lock)
		rc = blk_file_lock(&b->file, e);
	return rc ? rc : b->format->open(b, e);
}

void blk_close_failed(struct blk *b)
{
	if (b->image && b->format->close)
		b->format->close(b);
	b->format = NULL; /* nothing to flush */
	blk_close(b);
}

static int open_image(struct blk *b, const struct blk_options *o, struct err *e)
{
	int rc;

	if (o->snapshot && !o->readonly) {
		rc = blk_open_temp(b, o, e);
	} else {
		rc = blk_open_file(b, o, e);
		if (!rc)
			rc = blk_open_here(b, o, e);
	}
	if (!rc && o->native_aio)
		blk_aio_open(b);
	return rc ? rc : blk_start_workers(b, e);
}

struct blk *blk_open(struct loop *l, const struct blk_options *o, struct err *e)
{
	struct blk *b = blk_new(l, o->id);

	if (!b) {
		err_set(e, -ENOMEM, "out of memory for %s", o->file);
		return NULL;
	}
	b->failed = o->failed;
	b->failed_arg = o->failed_arg;
	if (open_image(b, o, e) < 0) {
		blk_close_failed(b);
		return NULL;
	}
	return b;
}
