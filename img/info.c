/* SPDX-License-Identifier: GPL-2.0-or-later */
/* img/info.c: info, map; with the words and keys of qemu-img, which scripts read. */
#include "img/img.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t on_disk(const char *file)
{
	struct stat st;

	return stat(file, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

static void show_snapshots(struct blk *b, uint32_t n)
{
	char size[32];

	if (n)
		printf("Snapshot list:\nID        TAG               VM SIZE\n");
	for (uint32_t i = 0; i < n; i++) {
		struct blk_snapshot s;

		blk_snapshot_at(b, i, &s);
		img_human(s.vm_bytes, size, sizeof(size));
		printf("%-9s %-16s %8s\n", s.id, s.name, size);
	}
}

static void show(struct blk *b)
{
	static const char *const words[] = {"false", "true"};
	char virtual_size[32], disk[32];
	struct blk_info i;

	blk_info(b, &i);
	img_human(blk_bytes(b), virtual_size, sizeof(virtual_size));
	img_human(on_disk(blk_file(b)), disk, sizeof(disk));
	printf("image: %s\nfile format: %s\nvirtual size: %s (%" PRIu64 " bytes)\ndisk size: %s\n",
	       blk_file(b), blk_format(b), virtual_size, blk_bytes(b), disk);
	if (!i.cluster)
		return;
	if (i.dirty)
		printf("cleanly shut down: no\n");
	printf("cluster_size: %" PRIu64 "\n", i.cluster);
	if (i.backing)
		printf("backing file: %s\n", i.backing);
	if (i.backing && i.backing_format)
		printf("backing file format: %s\n", i.backing_format);
	show_snapshots(b, i.n_snapshots);
	printf("Format specific information:\n    compat: %s\n    compression type: %s\n",
	       i.version < 3 ? "0.10" : "1.1", i.zstd ? "zstd" : "zlib");
	if (i.version >= 3)
		printf("    lazy refcounts: %s\n    refcount bits: %u\n    corrupt: %s\n"
		       "    extended l2: false\n",
		       words[i.lazy_refcounts], i.refcount_bits, words[i.corrupt]);
	else
		printf("    refcount bits: %u\n", i.refcount_bits);
}

static json_t *snapshots(struct blk *b, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++) {
		struct blk_snapshot s;

		blk_snapshot_at(b, i, &s);
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "id", s.id, "name",
					s.name, "vm-state-size", (json_int_t)s.vm_bytes, "date-sec",
					(json_int_t)s.sec, "date-nsec", (json_int_t)s.nsec,
					"vm-clock-sec", (json_int_t)(s.vm_clock / 1000000000),
					"vm-clock-nsec", (json_int_t)(s.vm_clock % 1000000000)));
	}
	return list;
}

static void add_qcow2(struct blk *b, const struct blk_info *i, json_t *v)
{
	json_t *data = json_pack("{s:s, s:s, s:i}", "compat", i->version < 3 ? "0.10" : "1.1",
				 "compression-type", i->zstd ? "zstd" : "zlib", "refcount-bits",
				 (int)i->refcount_bits);

	if (i->version >= 3) {
		json_object_set_new(data, "lazy-refcounts", json_boolean(i->lazy_refcounts));
		json_object_set_new(data, "corrupt", json_boolean(i->corrupt));
		json_object_set_new(data, "extended-l2", json_false());
	}
	json_object_set_new(v, "cluster-size", json_integer((json_int_t)i->cluster));
	json_object_set_new(v, "format-specific",
			    json_pack("{s:s, s:o}", "type", "qcow2", "data", data));
	if (i->backing)
		json_object_set_new(v, "backing-filename", json_string(i->backing));
	if (i->backing && i->backing_format)
		json_object_set_new(v, "backing-filename-format", json_string(i->backing_format));
	if (i->n_snapshots)
		json_object_set_new(v, "snapshots", snapshots(b, i->n_snapshots));
}

static void show_json(struct blk *b)
{
	struct blk_info i;
	json_t *v = json_pack("{s:s, s:s, s:I, s:I}", "filename", blk_file(b), "format",
			      blk_format(b), "virtual-size", (json_int_t)blk_bytes(b),
			      "actual-size", (json_int_t)on_disk(blk_file(b)));

	blk_info(b, &i);
	json_object_set_new(v, "dirty-flag", json_boolean(i.dirty));
	if (i.cluster)
		add_qcow2(b, &i, v);
	json_dumpf(v, stdout, JSON_INDENT(4));
	printf("\n");
	json_decref(v);
}

/* The options that info and map share. NULL: said why. */
static struct blk *open_for(int argc, char **argv, bool backing, bool *json)
{
	static const struct option longs[] = {{"output", 1, NULL, 'O'}, {0}};
	struct blk_options o = {
		.readonly = true, .as_is = true, .no_backing = !backing, .no_lock = !backing};
	struct err e = {""};
	struct blk *b;
	int opt;

	while ((opt = getopt_long(argc, argv, "f:U", longs, NULL)) != -1) {
		if (opt == 'f')
			o.format = optarg;
		else if (opt == 'U')
			o.no_lock = true;
		else if (opt != 'O' || (strcmp(optarg, "json") && strcmp(optarg, "human"))) {
			img_usage(argv[0]);
			return NULL;
		} else
			*json = *optarg == 'j';
	}
	if (optind + 1 != argc) {
		img_usage(argv[0]);
		return NULL;
	}
	o.file = argv[optind];
	b = blk_open_image(&o, &e);
	if (!b)
		img_fail_err(1, &e);
	return b;
}

int img_info(int argc, char **argv)
{
	bool json = false;
	struct blk *b = open_for(argc, argv, false, &json);

	if (b && json)
		show_json(b);
	else if (b)
		show(b);
	blk_close(b);
	return !b;
}

/* ---- map ---- */

static void line(uint64_t at, const struct blk_extent *x)
{
	if (x->data && x->has_host)
		printf("%#-16" PRIx64 "%#-16" PRIx64 "%#-16" PRIx64 "%s\n", at, x->bytes, x->host,
		       x->file);
}

static void line_json(uint64_t at, const struct blk_extent *x)
{
	static const char *const words[] = {"false", "true"};

	printf("%s{ \"start\": %" PRIu64 ", \"length\": %" PRIu64
	       ", \"depth\": %u, \"present\": %s, \"zero\": %s, \"data\": %s",
	       at ? ",\n" : "[", at, x->bytes, x->depth, words[x->present], words[x->zero],
	       words[x->data]);
	if (x->has_host)
		printf(", \"offset\": %" PRIu64, x->host);
	printf("}");
}

static bool joins(const struct blk_extent *a, const struct blk_extent *b)
{
	return a->depth == b->depth && a->data == b->data && a->zero == b->zero &&
	       a->present == b->present && a->compressed == b->compressed && a->file == b->file &&
	       a->has_host == b->has_host && (!a->has_host || a->host + a->bytes == b->host);
}

int img_map(int argc, char **argv)
{
	bool json = false;
	struct blk *b = open_for(argc, argv, true, &json);
	uint64_t at = 0, end = b ? blk_bytes(b) : 0;
	struct blk_extent x, next;
	int rc = 0;

	if (!b)
		return 1;
	if (!json)
		printf("%-16s%-16s%-16s%s\n", "Offset", "Length", "Mapped to", "File");
	while (at < end && !(rc = blk_map(b, at, end - at, &x))) {
		while (at + x.bytes < end &&
		       !(rc = blk_map(b, at + x.bytes, end - at - x.bytes, &next)) &&
		       joins(&x, &next))
			x.bytes += next.bytes;
		json ? line_json(at, &x) : line(at, &x);
		at += x.bytes;
	}
	if (json)
		printf(end ? "]\n" : "[]\n");
	blk_close(b);
	return rc ? img_fail(1, "%s: cannot read its tables: %s", argv[optind], strerror(-rc)) : 0;
}
