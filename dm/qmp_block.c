/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_block.c: drives and their media. */
#include "dm/qmp.h"

#include <errno.h>

/* As QEMU names a drive's device: its id if the user gave one, else its place. */
static json_t *drive_user(struct machine *m, const struct drive *d)
{
	static const char given[] = "/machine/peripheral/";
	char path[128];

	machine_qom_path(m, d->user, path, sizeof(path));
	return qmp_text(strncmp(path, given, strlen(given)) ? path : path + strlen(given));
}

/* And, inside, those under it. Depth of the chain is bounded where it is opened. */
static json_t *image_of(const struct blk *b, unsigned *depth)
{
	const struct blk *under = blk_backing(b);
	json_t *v = json_pack("{s:o, s:o, s:I, s:b}", "filename", qmp_text(blk_file(b)), "format",
			      qmp_text(blk_format(b)), "virtual-size", (json_int_t)blk_bytes(b),
			      "dirty-flag", 0);

	if (under) {
		++*depth;
		json_object_set_new(v, "full-backing-filename", qmp_text(blk_file(under)));
		json_object_set_new(v, "backing-image", image_of(under, depth));
	}
	return v;
}

static json_t *inserted(const struct blk *b)
{
	unsigned depth = 0;
	json_t *image = image_of(b, &depth);
	const char *cache = blk_cache(b);
	bool unsafe = !strcmp(cache, "unsafe");
	bool direct = !strcmp(cache, "none") || !strcmp(cache, "directsync");
	bool through = !strcmp(cache, "writethrough") || !strcmp(cache, "directsync");
	json_t *v = json_pack("{s:o, s:o, s:o, s:b, s:b, s:i, s:s}", "image", image, "file",
			      qmp_text(blk_file(b)), "drv", qmp_text(blk_format(b)), "ro",
			      blk_readonly(b), "encrypted", 0, "backing_file_depth", (int)depth,
			      "detect_zeroes", "off");
	static const char *const limits[] = {"bps",     "bps_rd",  "bps_wr",         "iops",
					     "iops_rd", "iops_wr", "write_threshold"};

	if (depth)
		json_object_set_new(v, "backing_file", qmp_text(blk_file(blk_backing(b))));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		json_object_set_new(v, limits[i], json_integer(0));
	json_object_set_new(v, "cache",
			    json_pack("{s:b, s:b, s:b}", "writeback", !through, "direct", direct,
				      "no-flush", unsafe));
	return v;
}

static const char *io_status(const struct drive *d)
{
	return !d->error ? "ok" : d->error == -ENOSPC ? "nospace" : "failed";
}

static int query_block(struct qmp_call *c)
{
	c->ret = json_array();
	for (const struct drive *d = c->m->drives; d; d = d->next) {
		json_t *v =
			json_pack("{s:o, s:b, s:b, s:s}", "device", qmp_text(d->id), "locked",
				  d->locked, "removable", drive_removable(d), "type", "unknown");

		if (d->user) {
			json_object_set_new(v, "qdev", drive_user(c->m, d));
			json_object_set_new(v, "io-status", json_string(io_status(d)));
		}
		if (d->cdrom)
			json_object_set_new(v, "tray_open", json_boolean(d->tray_open));
		if (d->blk)
			json_object_set_new(v, "inserted", inserted(d->blk));
		json_array_append_new(c->ret, v);
	}
	return 0;
}

static json_t *stats(const struct blk *b)
{
	static const struct blk_stats none;
	static const char *const zeroes[] = {"unmap_operations",
					     "unmap_merged",
					     "unmap_bytes",
					     "unmap_total_time_ns",
					     "flush_total_time_ns",
					     "wr_highest_offset",
					     "wr_total_time_ns",
					     "rd_total_time_ns",
					     "wr_merged",
					     "rd_merged",
					     "failed_wr_operations",
					     "failed_rd_operations",
					     "failed_unmap_operations",
					     "failed_flush_operations",
					     "invalid_wr_operations",
					     "invalid_rd_operations",
					     "invalid_unmap_operations",
					     "invalid_flush_operations"};
	const struct blk_stats *s = b ? blk_stats(b) : &none;
	json_t *v = json_pack("{s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:[]}", "rd_bytes",
			      (json_int_t)s->rd_bytes, "wr_bytes", (json_int_t)s->wr_bytes,
			      "rd_operations", (json_int_t)s->rd_operations, "wr_operations",
			      (json_int_t)s->wr_operations, "flush_operations",
			      (json_int_t)s->flush_operations, "account_invalid", 0,
			      "account_failed", 0, "timed_stats");

	for (size_t i = 0; i < sizeof(zeroes) / sizeof(zeroes[0]); i++)
		json_object_set_new(v, zeroes[i], json_integer(0));
	return v;
}

static int query_blockstats(struct qmp_call *c)
{
	c->ret = json_array();
	for (const struct drive *d = c->m->drives; d; d = d->next) {
		json_t *v =
			json_pack("{s:o, s:o}", "device", qmp_text(d->id), "stats", stats(d->blk));

		if (d->user)
			json_object_set_new(v, "qdev", drive_user(c->m, d));
		json_array_append_new(c->ret, v);
	}
	return 0;
}

/* The removable drive that `device` or `id` names. NULL: the error is noted. */
static struct drive *removable(struct qmp_call *c)
{
	const char *device = qmp_str(c, "device"), *id = qmp_str(c, "id");
	struct drive *d;

	if (!device == !id) {
		qmp_fail(c, NULL, "Need exactly one of 'device' and 'id'");
		return NULL;
	}
	d = machine_drive(c->m, device ? device : id);
	if (!d) {
		qmp_not_found(c, device ? device : id);
		return NULL;
	}
	if (!drive_removable(d)) {
		qmp_fail(c, NULL, "Device '%s' is not removable", device ? device : id);
		return NULL;
	}
	return d;
}

static int eject(struct qmp_call *c)
{
	struct drive *d = removable(c);

	return d ? machine_eject(c->m, d, qmp_bool(c, "force", false), &c->err) : -1;
}

static int open_tray(struct qmp_call *c)
{
	struct drive *d = removable(c);

	return d ? machine_tray(c->m, d, true, qmp_bool(c, "force", false), &c->err) : -1;
}

static int close_tray(struct qmp_call *c)
{
	struct drive *d = removable(c);

	return d ? machine_tray(c->m, d, false, false, &c->err) : -1;
}

static int remove_medium(struct qmp_call *c)
{
	struct drive *d = removable(c);

	if (!d)
		return -1;
	if (!d->floppy && !d->tray_open)
		return qmp_fail(c, NULL, "Tray of device '%s' is not open", qmp_str(c, "id"));
	return machine_eject(c->m, d, false, &c->err);
}

static int change_medium(struct qmp_call *c)
{
	struct drive *d = removable(c);

	if (!d)
		return -1;
	return machine_change_medium(c->m, d, qmp_str(c, "filename"), qmp_str(c, "format"),
				     qmp_str(c, "read-only-mode"), qmp_bool(c, "force", false),
				     &c->err);
}

static const char *const modes[] = {"retain", "read-only", "read-write", NULL};

/* clang-format off */
const struct qmp_command qmp_block_commands[] = {
	COMMAND("query-block", NULL, query_block),
	COMMAND("query-blockstats", ARGS(OPT("query-nodes", QMP_BOOL)), query_blockstats),
	COMMAND("eject",
		ARGS(OPT("device", QMP_STR), OPT("id", QMP_STR), OPT("force", QMP_BOOL)), eject),
	COMMAND("blockdev-open-tray",
		ARGS(OPT("device", QMP_STR), OPT("id", QMP_STR), OPT("force", QMP_BOOL)),
		open_tray),
	COMMAND("blockdev-close-tray", ARGS(OPT("device", QMP_STR), OPT("id", QMP_STR)),
		close_tray),
	COMMAND("blockdev-remove-medium", ARGS(ARG("id", QMP_STR)), remove_medium),
	COMMAND("blockdev-change-medium",
		ARGS(OPT("device", QMP_STR), OPT("id", QMP_STR), ARG("filename", QMP_STR),
		     OPT("format", QMP_STR), OPT("force", QMP_BOOL),
		     OPT("read-only-mode", QMP_STR, .values = modes)), change_medium),
	COMMANDS_END,
};
/* clang-format on */
