/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_media.c: discs in a guest's CD drives. The supervisor opens the file: what it may
 * open is what the person at `hvm` named, and what lies under that, not what hvm-dm asks for.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/verbs.h"

#include "toolstack/control.h"
#include "toolstack/running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* libxl's name for the drive: "ide-5632". */
static int drive_name(const struct disk *d, char name[16], struct err *e)
{
	if (d->number > 3)
		return err_set(e, -EINVAL, "%s: CD drives are hda to hdd", d->vdev);
	snprintf(name, 16, "ide-%u", disk_devid(d));
	return 0;
}

static bool has_drive(unsigned domid, const struct disk *d)
{
	json_t *info = running_info(domid, NULL), *disks = json_object_get(info, "disks");
	bool found = false;

	for (size_t i = 0; i < json_array_size(disks); i++) {
		const json_t *o = json_array_get(disks, i);

		found |= running_number(o, "number") == d->number &&
			 json_is_true(json_object_get(o, "cdrom"));
	}
	json_decref(info);
	return found;
}

static int change(unsigned domid, const struct disk *d, const char *file, struct err *e)
{
	char drive[16];
	int rc = drive_name(d, drive, e);
	json_t *answer;

	if (!rc && !has_drive(domid, d))
		rc = err_set(e, -ENOENT, "guest %u has no CD drive %s", domid, d->vdev);
	if (rc)
		return rc;
	answer = control_call(domid,
			      json_pack("{ssssss*ss}", "do", "cd", "drive", drive, "file", file,
					"format", disk_format_name(d->format)),
			      NULL, 0, CONTROL_MS, NULL, e);
	json_decref(answer);
	return answer ? 0 : -EIO;
}

/* By xl's own words for a disk, of which VDEV and FILE are two. An image's format is never guessed:
 * whoever made the disc would choose the files that it shows. */
static int parse(struct disk *d, const char *vdev, const char *file, struct err *e)
{
	static const char qcow2[] = "qcow2:";
	bool image = file && !strncmp(file, qcow2, strlen(qcow2));
	char *spec = NULL;
	int rc;

	if (image)
		file += strlen(qcow2);
	rc = asprintf(&spec, "vdev=%s,access=r,devtype=cdrom%s%s%s", vdev,
		      image ? ",format=qcow2" : "", file ? ",target=" : "", file ? file : "");

	if (rc < 0)
		return err_set(e, -ENOMEM, "out of memory");
	rc = disk_parse(d, spec, e);
	free(spec);
	return rc;
}

static int eject(const struct verb_call *c, struct err *e)
{
	struct disk d = {.target = NULL};
	unsigned domid;
	int rc = running_find(c, 0, &domid, e);

	if (!rc)
		rc = parse(&d, c->args[1], NULL, e);
	if (!rc)
		rc = change(domid, &d, NULL, e);
	disk_free(&d);
	return rc;
}

static int insert(const struct verb_call *c, struct err *e)
{
	struct disk d = {.target = NULL};
	char *path = NULL;
	unsigned domid;
	int rc = running_find(c, 0, &domid, e);

	if (!rc)
		rc = parse(&d, c->args[1], c->args[2], e);
	if (!rc) {
		path = realpath(d.target, NULL); /* the supervisor is elsewhere */
		rc = path ? change(domid, &d, path, e)
			  : err_errno(e, -errno, "cannot open %s", d.target);
	}
	free(path);
	disk_free(&d);
	return rc;
}

/* clang-format off */
const struct verb verb_media_verbs[] = {
	{"cd-eject", "DOMAIN VDEV", "Take the disc out of a guest's CD drive.", 2, 2, NULL, eject},
	{"cd-insert", "DOMAIN VDEV FILE",
	 "Put a disc into a guest's CD drive: an image, or with qcow2: before its\n"
	 "name one in that format, with the images under it.", 3, 3, NULL, insert},
	{0},
};
/* clang-format on */
