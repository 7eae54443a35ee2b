/* SPDX-License-Identifier: GPL-2.0-or-later */
/* img/check.c: check, snapshot. Exit statuses of check are those of qemu-img. */
#include "img/img.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHECK_OK, CHECK_FAILED, CHECK_ERRORS, CHECK_LEAKS, CHECK_NONE = 63 };

static void say(void *arg, const char *line)
{
	(void)arg;
	printf("%s\n", line);
}

static void show(const struct blk_check *r, enum blk_repair fix)
{
	if (fix && r->fixed)
		printf("Repaired: %" PRIu64 " inconsistencies.\n", r->fixed);
	if (r->errors)
		printf("\n%" PRIu64 " errors were found on the image.\n"
		       "Data may be corrupted, or further writes to the image may corrupt it.\n",
		       r->errors);
	if (r->leaks)
		printf("\n%" PRIu64 " leaked clusters were found on the image.\n"
		       "This means waste of disk space, but no harm to data.\n",
		       r->leaks);
	if (!r->errors && !r->leaks)
		printf("No errors were found on the image.\n");
	if (r->total)
		printf("%" PRIu64 "/%" PRIu64 " = %.2f%% allocated, %.2f%% fragmented, %.2f%% "
		       "compressed clusters\n",
		       r->allocated, r->total, 100.0 * (double)r->allocated / (double)r->total,
		       r->allocated ? 100.0 * (double)r->fragmented / (double)r->allocated : 0,
		       r->allocated ? 100.0 * (double)r->compressed / (double)r->allocated : 0);
	printf("Image end offset: %" PRIu64 "\n", r->end);
}

static void show_json(const struct blk *b, const struct blk_check *r)
{
	json_t *v = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "filename",
			      blk_file(b), "format", blk_format(b), "check-errors", (json_int_t)0,
			      "corruptions", (json_int_t)r->errors, "leaks", (json_int_t)r->leaks,
			      "image-end-offset", (json_int_t)r->end, "total-clusters",
			      (json_int_t)r->total, "allocated-clusters", (json_int_t)r->allocated,
			      "fragmented-clusters", (json_int_t)r->fragmented,
			      "compressed-clusters", (json_int_t)r->compressed);

	json_dumpf(v, stdout, JSON_INDENT(4));
	printf("\n");
	json_decref(v);
}

static int check(struct blk_options *o, enum blk_repair fix, bool json, bool quiet)
{
	struct blk_check r;
	struct err e = {""};
	struct blk *b;
	int rc;

	o->as_is = o->no_backing = true;
	o->readonly = fix == BLK_REPAIR_NONE;
	b = blk_open_image(o, &e);
	if (!b)
		return img_fail_err(CHECK_FAILED, &e);
	rc = blk_check(b, &r, fix, json || quiet ? NULL : say, NULL, &e);
	if (!rc && json)
		show_json(b, &r);
	else if (!rc && !quiet)
		show(&r, fix);
	blk_close(b);
	if (rc)
		return img_fail_err(rc == -ENOTSUP ? CHECK_NONE : CHECK_FAILED, &e);
	return r.errors ? CHECK_ERRORS : r.leaks ? CHECK_LEAKS : CHECK_OK;
}

int img_check(int argc, char **argv)
{
	static const struct option longs[] = {{"output", 1, NULL, 'O'}, {0}};
	struct blk_options o = {.format = NULL};
	enum blk_repair fix = BLK_REPAIR_NONE;
	bool json = false, quiet = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "f:r:q", longs, NULL)) != -1) {
		if (opt == 'f')
			o.format = optarg;
		else if (opt == 'q')
			quiet = true;
		else if (opt == 'O' && !strcmp(optarg, "json"))
			json = true;
		else if (opt == 'r' && !strcmp(optarg, "leaks"))
			fix = BLK_REPAIR_LEAKS;
		else if (opt == 'r' && !strcmp(optarg, "all"))
			fix = BLK_REPAIR_ALL;
		else if (opt != 'O' || strcmp(optarg, "human"))
			return img_usage("check");
	}
	if (optind + 1 != argc)
		return img_usage("check");
	o.file = argv[optind];
	return check(&o, fix, json, quiet);
}

/* ---- snapshot ---- */

static void list(struct blk *b)
{
	struct blk_info info;

	blk_info(b, &info);
	if (!info.n_snapshots)
		return;
	printf("Snapshot list:\n%-10s%-17s%8s%20s%13s\n", "ID", "TAG", "VM SIZE", "DATE",
	       "VM CLOCK");
	for (uint32_t i = 0; i < info.n_snapshots; i++) {
		struct blk_snapshot s;
		char size[32], date[32] = "";
		time_t t;
		struct tm tm;

		blk_snapshot_at(b, i, &s);
		t = s.sec;
		if (localtime_r(&t, &tm))
			strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
		img_human(s.vm_bytes, size, sizeof(size));
		printf("%-9s %-16s %8s%20s   %02u:%02u:%02u.%03u\n", s.id, s.name, size, date,
		       (unsigned)(s.vm_clock / 3600000000000ull),
		       (unsigned)(s.vm_clock / 60000000000ull % 60),
		       (unsigned)(s.vm_clock / 1000000000 % 60),
		       (unsigned)(s.vm_clock / 1000000 % 1000));
	}
}

int img_snapshot(int argc, char **argv)
{
	static const char ops[] = "cad"; /* in the order of enum blk_snapshot_op */
	const char *name = NULL, *format = NULL;
	struct err e = {""};
	int opt, op = 'l', rc = 0;
	struct blk *b;

	while ((opt = getopt(argc, argv, "lc:a:d:f:q")) != -1) {
		if (opt == 'f')
			format = optarg;
		else if (opt == '?' || (opt != 'q' && op != 'l'))
			return img_usage("snapshot");
		else if (opt != 'q') {
			op = opt;
			name = optarg;
		}
	}
	if (optind + 1 != argc)
		return img_usage("snapshot");
	b = img_open(argv[optind], format, NULL, op != 'l');
	if (!b)
		return 1;
	if (op == 'l')
		list(b);
	else
		rc = blk_snapshot(b, (enum blk_snapshot_op)(strchr(ops, op) - ops), name, &e);
	blk_close(b);
	return rc ? img_fail_err(1, &e) : 0;
}
