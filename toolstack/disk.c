/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/disk.c: see disk.h. Tests beside libxlutil's reader; stricter than it in that a disk
 * without a target is refused, and its number must be one that a guest can have.
 *
 * Tests: tests/toolstack/disk.c, tests/fuzz/xlcfg.c
 */
#include "toolstack/disk.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct disk *d;
	const char *spec;
	unsigned place; /* of the next positional word: target, format, vdev, access */
	bool prefix;    /* the target had one: no format follows it */
	struct err *e;
};

static const char *const formats[] = {
	[DISK_RAW] = "raw", [DISK_QCOW] = "qcow", [DISK_QCOW2] = "qcow2",
	[DISK_VHD] = "vhd", [DISK_QED] = "qed",   [DISK_EMPTY] = "empty"};

const char *disk_format_name(enum disk_format f)
{
	return f == DISK_VHD ? "vpc" : f == DISK_UNKNOWN ? "raw" : formats[f];
}

/* ---- the parts ---- */

static int set_text(struct reader *r, char **to, const char *what, const char *text, size_t len)
{
	char *copy = strndup(text, len);

	if (!copy)
		return err_set(r->e, -ENOMEM, "out of memory");
	if (*to && strcmp(*to, copy)) {
		free(copy);
		return err_set(r->e, -EINVAL, "%s is given twice in '%s'", what, r->spec);
	}
	free(*to);
	*to = copy;
	return 0;
}

static bool equal(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(text, word, len);
}

static int set_format_to(struct reader *r, enum disk_format f)
{
	if (r->d->format != DISK_UNKNOWN && r->d->format != f)
		return err_set(r->e, -EINVAL, "the format is given twice in '%s'", r->spec);
	r->d->format = f;
	return 0;
}

static int set_format(struct reader *r, const char *text, size_t len)
{
	if (!len)
		return set_format_to(r, DISK_RAW);
	for (unsigned f = DISK_RAW; f < ARRAY_SIZE(formats); f++)
		if (equal(text, len, formats[f]))
			return set_format_to(r, (enum disk_format)f);
	return err_set(r->e, -EINVAL, "'%.*s' in '%s' is no format: raw, qcow, qcow2, vhd or qed",
		       (int)len, text, r->spec);
}

static int set_access(struct reader *r, const char *text, size_t len)
{
	r->d->writable = equal(text, len, "w") || equal(text, len, "rw") || !len;
	if (r->d->writable || equal(text, len, "r") || equal(text, len, "ro"))
		return 0;
	return err_set(r->e, -EINVAL, "'%.*s' in '%s' is no way to access a disk: r or w", (int)len,
		       text, r->spec);
}

static int set_vdev(struct reader *r, const char *text, size_t len)
{
	return set_text(r, &r->d->vdev, "the device (vdev)", text, len);
}

/* ioemu:hdc:cdrom is how it was written once. */
static int set_old_vdev(struct reader *r, const char *text, size_t len)
{
	const char *colon;

	if (len > 6 && !memcmp(text, "ioemu:", 6)) {
		r->d->old = true;
		text += 6;
		len -= 6;
	}
	colon = memchr(text, ':', len);
	if (!colon)
		return set_vdev(r, text, len);
	r->d->old = true;
	if (equal(colon, len - (size_t)(colon - text), ":cdrom"))
		r->d->cdrom = true;
	else if (!equal(colon, len - (size_t)(colon - text), ":disk"))
		return err_set(r->e, -EINVAL, "'%.*s' in '%s' is no kind of disk: cdrom or disk",
			       (int)(text + len - colon), colon, r->spec);
	return set_vdev(r, text, (size_t)(colon - text));
}

static const struct prefix {
	const char *name;
	enum disk_format format; /* DISK_UNKNOWN: says nothing of it */
	const char *script;
} prefixes[] = {
	{"raw:", DISK_RAW, NULL},
	{"qcow:", DISK_QCOW, NULL},
	{"qcow2:", DISK_QCOW2, NULL},
	{"vhd:", DISK_VHD, NULL},
	{"qed:", DISK_QED, NULL},
	{"aio:", DISK_RAW, NULL},
	{"phy:", DISK_UNKNOWN, NULL},
	{"file:", DISK_UNKNOWN, NULL},
	{"tap:", DISK_UNKNOWN, NULL},
	{"tap2:", DISK_UNKNOWN, NULL},
	{"tapdisk:", DISK_UNKNOWN, NULL},
	{"nbd:", DISK_UNKNOWN, "block-nbd"},
	{"enbd:", DISK_UNKNOWN, "block-enbd"},
	{"iscsi:", DISK_UNKNOWN, "block-iscsi"},
	{"drbd:", DISK_UNKNOWN, "block-drbd"},
};

static const struct prefix *prefix_of(const char *text, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (len >= strlen(prefixes[i].name) &&
		    !memcmp(text, prefixes[i].name, strlen(prefixes[i].name)))
			return &prefixes[i];
	return NULL;
}

static int set_target(struct reader *r, const char *text, size_t len)
{
	const struct prefix *p;

	while ((p = prefix_of(text, len))) {
		int rc = p->format ? set_format_to(r, p->format) : 0;

		if (!rc && p->script)
			rc = set_text(r, &r->d->script, "the script", p->script, strlen(p->script));
		if (rc)
			return rc;
		r->prefix = r->d->old = true;
		text += strlen(p->name);
		len -= strlen(p->name);
		if (p->script)
			break;
	}
	return set_text(r, &r->d->target, "the target", text, len);
}

/* ---- words ---- */

static int by_place(struct reader *r, const char *text, size_t len)
{
	if (r->place == 1 && (r->prefix || r->d->format != DISK_UNKNOWN))
		r->place++;
	if (r->place == 2 && r->d->vdev)
		r->place++;
	switch (r->place++) {
	case 0:
		return set_target(r, text, len);
	case 1:
		return set_format(r, text, len);
	case 2:
		return set_old_vdev(r, text, len);
	case 3:
		return set_access(r, text, len);
	default:
		return err_set(r->e, -EINVAL,
			       "'%.*s' in '%s': the target, the format, the device "
			       "and the access stand before it already",
			       (int)len, text, r->spec);
	}
}

static bool flag(struct reader *r, const char *text, size_t len)
{
	if (equal(text, len, "cdrom"))
		r->d->cdrom = true;
	else if (equal(text, len, "discard"))
		r->d->discard = 1;
	else if (equal(text, len, "no-discard"))
		r->d->discard = 0;
	else if (equal(text, len, "direct-io-safe"))
		r->d->direct_io_safe = true;
	else
		return false;
	return true;
}

static int set_devtype(struct reader *r, const char *text, size_t len)
{
	if (equal(text, len, "cdrom"))
		r->d->cdrom = true;
	else if (!equal(text, len, "disk"))
		return err_set(r->e, -EINVAL, "devtype=%.*s in '%s': disk or cdrom", (int)len, text,
			       r->spec);
	return 0;
}

static int set_backendtype(struct reader *r, const char *text, size_t len)
{
	static const char *const kinds[] = {"phy", "tap", "qdisk", "standalone"};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (equal(text, len, kinds[i]))
			return set_text(r, &r->d->backendtype, "the backendtype", text, len);
	return err_set(r->e, -EINVAL, "backendtype=%.*s in '%s': phy, tap, qdisk or standalone",
		       (int)len, text, r->spec);
}

static int set_script(struct reader *r, const char *text, size_t len)
{
	return set_text(r, &r->d->script, "the script", text, len);
}

static int set_backend(struct reader *r, const char *text, size_t len)
{
	return set_text(r, &r->d->backend, "the backend", text, len);
}

/* Without prefixes: it is the path as it stands. */
static int set_whole_target(struct reader *r, const char *text, size_t len)
{
	return set_text(r, &r->d->target, "the target", text, len);
}

static const struct {
	const char *name;
	int (*set)(struct reader *r, const char *text, size_t len);
} names[] = {
	{"format=", set_format},           {"vdev=", set_vdev},     {"access=", set_access},
	{"devtype=", set_devtype},         {"script=", set_script}, {"backend=", set_backend},
	{"backendtype=", set_backendtype},
};

static int word(struct reader *r, const char *text, size_t len)
{
	size_t name = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		name = strlen(names[i].name);
		if (len >= name && !memcmp(text, names[i].name, name))
			return names[i].set(r, text + name, len - name);
	}
	if (memchr(text, '=', len))
		return err_set(r->e, -EINVAL, "'%.*s' in '%s' is nothing that a disk has", (int)len,
			       text, r->spec);
	return flag(r, text, len) ? 0 : by_place(r, text, len);
}

static int words(struct reader *r)
{
	const char *p = r->spec;
	int rc = 0;

	while (!rc && *p) {
		size_t len;

		p += strspn(p, " \t");
		if (!strncmp(p, "target=", 7)) /* all the rest: it may hold commas */
			return set_whole_target(r, p + 7, strlen(p + 7));
		len = strcspn(p, ",");
		rc = word(r, p, len);
		p += len + (p[len] == ',');
	}
	return rc;
}

/* ---- the whole ---- */

/* hda …, sda …, xvda … xvdz, d0 …; partitions are a matter of PV guests. */
static int number(struct reader *r)
{
	static const struct {
		const char *name;
		enum disk_bus bus;
		unsigned n;
	} buses[] = {{"xvd", DISK_XEN, 26}, {"hd", DISK_IDE, 4}, {"sd", DISK_SCSI, 16}};
	const char *v = r->d->vdev;

	for (unsigned i = 0; i < ARRAY_SIZE(buses); i++) {
		size_t len = strlen(buses[i].name);

		if (strncmp(v, buses[i].name, len))
			continue;
		r->d->bus = buses[i].bus;
		r->d->number = (unsigned)(v[len] - 'a');
		if (r->d->number < buses[i].n && !v[len + 1])
			return 0;
	}
	return err_set(r->e, -EINVAL,
		       "'%s' in '%s' is no disk of a guest: hda to hdd, xvda to xvdz", v, r->spec);
}

int disk_parse(struct disk *d, const char *spec, struct err *e)
{
	struct reader r = {.d = d, .spec = spec, .e = e};
	int rc;

	*d = (struct disk){.writable = true, .discard = -1};
	rc = words(&r);
	if (rc)
		return rc;
	if (!d->vdev)
		return err_set(e, -EINVAL, "'%s' does not say which disk of the guest (vdev) it is",
			       spec);
	if (d->cdrom)
		d->writable = false;
	if (d->cdrom && (!d->target || !*d->target || d->format == DISK_EMPTY)) {
		free(d->target);
		d->target = NULL;
		d->format = DISK_EMPTY;
	}
	if (!d->cdrom && (!d->target || !*d->target || d->format == DISK_EMPTY))
		return err_set(e, -EINVAL, "'%s' does not say what is on the disk (target)", spec);
	if (d->format == DISK_UNKNOWN)
		d->format = DISK_RAW;
	return number(&r);
}

void disk_free(struct disk *d)
{
	free(d->target);
	free(d->vdev);
	free(d->script);
	free(d->backend);
	free(d->backendtype);
	*d = (struct disk){.target = NULL};
}

unsigned disk_devid(const struct disk *d)
{
	return (d->number < 2 ? 3 : 22) * 256 + d->number % 2 * 64;
}
