/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * floppy: a floppy disk drive on the controller's cable; its medium is an image of plain sectors.
 *
 * Spec:    ECMA-99, ECMA-100, ECMA-125 (track formats); IBM PS/2 Technical Reference, "Diskette
 *          drive" (disk change)
 * State:   formats from 160K to 2.88M told by the image's size, head position, disk change line,
 *          write protection
 * Missing: marks of deleted data, sectors of other sizes than 512 bytes: images have neither; time:
 *          the head steps and the disk turns at once
 * Tests:   tests/hw/floppy.c
 */
#include "hw/floppy/floppy.h"
#include "block/blk.h"

#include <errno.h>

/* Of a drive, by the largest medium it takes. */
enum drive_type { TYPE_120 = 1 << 0, TYPE_144 = 1 << 1, TYPE_288 = 1 << 2 };
enum { CMOS_360 = 1, CMOS_120 = 2, CMOS_720 = 3, CMOS_144 = 4, CMOS_288 = 5, CMOS_AUTO = 0 };

struct floppy {
	uint8_t cylinder;
	uint8_t changed; /* until the head steps with a medium in the drive */
};

struct floppy_host {
	struct drive *drive;
	char *type, *bootindex; /* properties */
	uint8_t cmos;
	struct drive none; /* stands in for drive= */
	unsigned drive_type;
	const struct floppy_format *format; /* of the medium; NULL none */
	struct blk_req req;
	bool in_flight;
};

struct floppy_child {
	uint32_t unit; /* NO_UNIT: the first free place */
	struct floppy_cable *cable;
};
#define NO_UNIT 0xffffffffu

/* ---- media ---- */

#define ANY3 (TYPE_144 | TYPE_288)
/* The usual ones first: they also stand for sizes between. */
/* clang-format off */
static const struct floppy_format formats[] = {
	{2880, 18, 2, 80, RATE_500, ANY3}, {5760, 36, 2, 80, RATE_1000, TYPE_288},
	{2400, 15, 2, 80, RATE_500, TYPE_120}, {1440, 9, 2, 80, RATE_250, ANY3},
	{720, 9, 2, 40, RATE_300, TYPE_120}, {640, 8, 2, 40, RATE_300, TYPE_120},
	{360, 9, 1, 40, RATE_300, TYPE_120}, {320, 8, 1, 40, RATE_300, TYPE_120},
	{3200, 20, 2, 80, RATE_500, ANY3}, {3360, 21, 2, 80, RATE_500, ANY3},
	{3444, 21, 2, 82, RATE_500, ANY3}, {3486, 21, 2, 83, RATE_500, ANY3},
	{3520, 22, 2, 80, RATE_500, ANY3}, {3680, 23, 2, 80, RATE_500, ANY3},
	{3840, 24, 2, 80, RATE_500, ANY3}, {1600, 10, 2, 80, RATE_250, ANY3},
	{6240, 39, 2, 80, RATE_1000, TYPE_288}, {6400, 40, 2, 80, RATE_1000, TYPE_288},
	{7040, 44, 2, 80, RATE_1000, TYPE_288}, {7680, 48, 2, 80, RATE_1000, TYPE_288},
};
/* clang-format on */

/* Of an image of that size. Another one counts as the first format that has room for it, as
 * somebody's boot sector alone does; what lies beyond its end cannot be read. */
static const struct floppy_format *format_of(uint64_t bytes, unsigned drives)
{
	const struct floppy_format *roomy = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		uint64_t size = (uint64_t)formats[i].sectors_in_all * FLOPPY_SECTOR;

		if (!(formats[i].drives & drives))
			continue;
		if (size == bytes)
			return &formats[i];
		if (!roomy && size > bytes)
			roomy = &formats[i];
	}
	return roomy;
}

static void look_at_medium(struct dev *d)
{
	struct floppy_host *h = d->host;
	const struct blk *b = h->drive->blk;

	h->format = b ? format_of(blk_bytes(b), h->drive_type) : NULL;
}

const struct floppy_format *floppy_medium(const struct dev *d)
{
	return ((const struct floppy_host *)d->host)->format;
}

bool floppy_protected(const struct dev *d)
{
	const struct floppy_host *h = d->host;

	return h->drive->readonly || !h->drive->blk || blk_readonly(h->drive->blk);
}

bool floppy_changed(const struct dev *d)
{
	return ((const struct floppy *)d->state)->changed;
}

/* ---- the head ---- */

unsigned floppy_cylinder(const struct dev *d)
{
	return ((const struct floppy *)d->state)->cylinder;
}

void floppy_step(struct dev *d, int steps)
{
	struct floppy *s = d->state;
	int to = s->cylinder + steps;

	s->cylinder = (uint8_t)MAX(0, MIN(to, FLOPPY_CYLINDERS - 1));
	if (steps && floppy_medium(d))
		s->changed = false;
}

/* ---- sectors ---- */

static struct floppy_cable *cable_of(const struct dev *d)
{
	return ((const struct floppy_child *)d->child)->cable;
}

static void request_done(struct blk_req *r, int rc)
{
	struct dev *d = r->arg;
	struct floppy_cable *c = cable_of(d);

	((struct floppy_host *)d->host)->in_flight = false;
	c->done(c->bus.owner, rc);
}

void floppy_transfer(struct dev *d, bool write, unsigned head, unsigned sector, void *buf)
{
	struct floppy_host *h = d->host;
	const struct floppy_format *f = h->format;
	uint64_t n = (floppy_cylinder(d) * f->heads + head) * f->sectors + sector - 1;

	h->req.op = write ? BLK_WRITE : BLK_READ;
	h->req.offset = n * FLOPPY_SECTOR;
	h->req.bytes = FLOPPY_SECTOR;
	h->req.iov[0] = (struct iovec){.iov_base = buf, .iov_len = FLOPPY_SECTOR};
	h->req.iovcnt = 1;
	h->in_flight = true;
	blk_submit(h->drive->blk, &h->req);
}

void floppy_cancel(struct dev *d)
{
	struct floppy_host *h = d->host;

	if (h->in_flight)
		blk_cancel(&h->req);
	h->in_flight = false;
}

static void medium_changed(void *arg, bool loaded)
{
	struct dev *d = arg;
	struct floppy_host *h = d->host;
	bool was_busy = h->in_flight;

	(void)loaded;
	floppy_cancel(d);
	((struct floppy *)d->state)->changed = true;
	look_at_medium(d);
	if (was_busy)
		cable_of(d)->done(cable_of(d)->bus.owner, -ENOMEDIUM);
}

/* ---- the cable ---- */

void floppy_cable_add(struct floppy_cable *c, struct dev *controller, const char *name)
{
	bus_add(&c->bus, &floppy_bus_type, controller, name);
}

void floppy_cable_remove(struct floppy_cable *c)
{
	bus_remove(&c->bus);
}

static int floppy_plug(struct bus *b, struct dev *d, struct err *e)
{
	struct floppy_cable *c = container_of(b, struct floppy_cable, bus);
	struct floppy_child *child = d->child;
	uint32_t unit = child->unit;

	if (unit == NO_UNIT)
		unit = c->drive[0] ? 1 : 0;
	if (unit >= FLOPPY_DRIVES)
		return err_set(e, -EINVAL, "unit=%u: %s has places 0 and 1", unit, b->name);
	if (c->drive[unit])
		return err_set(e, -EBUSY, "place %u of bus %s is taken by %s", unit, b->name,
			       c->drive[unit]->id);
	child->unit = unit;
	child->cable = c;
	c->drive[unit] = d;
	dev_set_address(d, unit ? "1" : "0");
	return 0;
}

static void floppy_unplug(struct bus *b, struct dev *d)
{
	struct floppy_cable *c = container_of(b, struct floppy_cable, bus);

	c->drive[((const struct floppy_child *)d->child)->unit] = NULL;
}

static const struct prop cable_props[] = {
	{"unit", PROP_U32, offsetof(struct floppy_child, unit), "4294967295",
	 "0 (A) or 1 (B); default: the first free place", 0},
};

const struct bus_type floppy_bus_type = {
	.name = "floppy-bus",
	.child_size = sizeof(struct floppy_child),
	.props = cable_props,
	.n_props = ARRAY_SIZE(cable_props),
	.plug = floppy_plug,
	.unplug = floppy_unplug,
};

/* ---- the device ---- */

/* By name; or by the first medium, and without one the drive that takes most of them. */
static int set_type(struct floppy_host *h, struct err *e)
{
	static const struct {
		const char *name;
		uint8_t type, cmos;
	} types[] = {{"120", TYPE_120, CMOS_120},
		     {"144", TYPE_144, CMOS_144},
		     {"288", TYPE_288, CMOS_288}};
	const struct blk *b = h->drive->blk;
	const struct floppy_format *f = b ? format_of(blk_bytes(b), ~0u) : NULL;
	bool choose = !strcmp(h->type, "auto");

	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		bool fits = f ? f->drives & types[i].type : types[i].type == TYPE_288;

		if (choose ? !fits : strcmp(h->type, types[i].name))
			continue;
		h->drive_type = types[i].type;
		if (h->cmos == CMOS_AUTO)
			h->cmos = types[i].cmos;
		return 0;
	}
	return err_set(e, -EINVAL, "drive-type=%s: want auto, 120, 144 or 288", h->type);
}

static int floppy_realize(struct dev *d, struct err *e)
{
	struct floppy_host *h = d->host;
	int rc;

	if (!h->drive)
		h->drive = &h->none;
	rc = set_type(h, e);
	if (rc)
		return rc;
	if (h->drive->blk && !format_of(blk_bytes(h->drive->blk), h->drive_type))
		return err_set(e, -EINVAL, "%s is too large for a floppy disk in this drive",
			       blk_file(h->drive->blk));
	h->req.done = request_done;
	h->req.arg = d;
	h->drive->arg = d;
	h->drive->medium_changed = medium_changed;
	h->drive->floppy = true;
	look_at_medium(d);
	return 0;
}

static void floppy_unrealize(struct dev *d)
{
	struct floppy_host *h = d->host;

	if (!h->drive)
		return;
	floppy_cancel(d);
	h->drive->medium_changed = NULL;
	if (h->drive == &h->none)
		h->drive = NULL; /* nobody's to give back */
}

/* The line says at power-on too that nobody has looked at the medium; a reset does not move the
 * head. */
static const struct row floppy_rows[] = {
	HID(struct floppy, cylinder, .max = FLOPPY_CYLINDERS - 1, .flags = ROW_KEEP),
	HID(struct floppy, changed, .max = 1, .reset = 1, .flags = ROW_KEEP),
};

/* clang-format off */
#define H struct floppy_host
static const struct prop floppy_props[] = {
	{"drive", PROP_BLK, offsetof(H, drive), NULL, "the -drive behind it; none: empty", 0},
	{"drive-type", PROP_STR, offsetof(H, type), "auto", "120, 144, 288: 5.25\" of 1.2M, 3.5\" "
	 "of 1.44M, of 2.88M; auto: by the medium", 0},
	{"cmos-type", PROP_U8, offsetof(H, cmos), "0", "what CMOS says of it: 1 360K, 2 1.2M, "
	 "3 720K, 4 1.44M, 5 2.88M; 0: as it is", CMOS_288},
	{"bootindex", PROP_STR, offsetof(H, bootindex), NULL,
	 "place in the firmware's boot order, from 0; default: none", 0},
};
#undef H
/* clang-format on */

static struct dev_class floppy_class = {
	.name = "floppy",
	.summary = "floppy disk drive",
	.bus = &floppy_bus_type,
	.since = 2,
	.state_size = sizeof(struct floppy),
	.host_size = sizeof(struct floppy_host),
	.rows = floppy_rows,
	.n_rows = ARRAY_SIZE(floppy_rows),
	.props = floppy_props,
	.n_props = ARRAY_SIZE(floppy_props),
	.realize = floppy_realize,
	.unrealize = floppy_unrealize,
};
DEV_REGISTER(floppy_class)
