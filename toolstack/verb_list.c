/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/verb_list.c: verbs that say which guests there are and what they have.
 *
 * Tests: tests/toolstack/live.sh
 */
#include "toolstack/verbs.h"

#include "base/util.h"
#include "toolstack/guest_json.h"
#include "toolstack/rundir.h"
#include "toolstack/running.h"
#include "toolstack/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VCPUS_MAX 128

/* Prints and frees rows: NULL: an error was met. */
static int show(const struct verb_call *c, const struct table *t, json_t *rows)
{
	if (!rows)
		return -1;
	if (verb_option(c, "json"))
		table_print_json(rows, stdout);
	else
		table_print(t, rows, stdout);
	json_decref(rows);
	return 0;
}

static unsigned vcpus_of(const json_t *info, struct running_vcpu v[VCPUS_MAX])
{
	return running_vcpus(running_number(json_object_get(info, "pids"), "core"), v, VCPUS_MAX);
}

/* ---- list ---- */

/* xl's six letters: running or blocked, paused, shut down and why, dying. */
static void letters_of(const json_t *info, bool runs, char text[7])
{
	const char *state = running_text(info, "state", "");
	const char *reason = running_text(info, "reason", "");

	strcpy(text, "------");
	if (!strcmp(state, "shutdown") || !strcmp(state, "crashed"))
		text[3] = 's';
	if (!strcmp(state, "crashed"))
		text[4] = 'c';
	else if (text[3] == 's' && !strcmp(reason, "reboot"))
		text[4] = 'r';
	if (!strcmp(state, "paused") || !strcmp(state, "starting"))
		text[2] = 'p';
	if (!strcmp(state, "dying"))
		text[5] = 'd';
	if (!strcmp(state, "running"))
		text[runs ? 0 : 1] = runs ? 'r' : 'b';
}

static const char *reason_of(const json_t *info, const char *letters, char text[16])
{
	static const char *const reasons[] = {"poweroff", "reboot", "suspend", "crash"};
	const char *reason = running_text(info, "reason", "");

	strcpy(text, "-");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (letters[3] == 's' && !strcmp(reason, reasons[i]))
			snprintf(text, 16, "%zx", i);
	return text;
}

static json_t *list_row(const json_t *info)
{
	struct running_vcpu v[VCPUS_MAX];
	unsigned n = vcpus_of(info, v);
	char letters[7], reason[16];
	double seconds = 0;
	bool runs = false;

	for (unsigned i = 0; i < n; i++) {
		seconds += v[i].seconds;
		runs |= v[i].runs;
	}
	letters_of(info, runs, letters);
	return json_pack(
		"{ss si sO? sO? ss sf ss ss ss ss ss}", "name", running_text(info, "name", "?"),
		"domid", (int)running_number(info, "domid"), "mem", json_object_get(info, "memory"),
		"vcpus", json_object_get(info, "vcpus"), "state", letters, "time", seconds, "uuid",
		running_text(info, "uuid", "-"), "reason", reason_of(info, letters, reason),
		"label", "-", "pool", "Pool-0", "node", "all");
}

/* What is in the CD drives by now. */
static void put_discs(json_t *row, const json_t *info)
{
	json_t *disks = json_object_get(json_object_get(row, "config"), "disks");
	const json_t *now = json_object_get(info, "disks");

	for (size_t i = 0; i < json_array_size(disks); i++) {
		json_t *d = json_array_get(disks, i);
		const json_t *is = json_array_get(now, i);
		const char *target = running_text(is, "target", NULL);

		if (!running_number(d, "is_cdrom"))
			continue;
		json_object_del(d, "pdev_path");
		if (target)
			json_object_set_new(d, "pdev_path", json_string(target));
		json_object_set_new(
			d, "format",
			json_string(target ? running_text(is, "format", "raw") : "empty"));
	}
}

/* libxl's own shape. */
static json_t *long_row(const json_t *info)
{
	struct guest g = {.name = NULL};
	unsigned domid = (unsigned)running_number(info, "domid");
	struct cfg cfg = {0};
	json_t *row = running_config(domid, &cfg, &g, NULL) ? NULL : guest_json(&g, domid);

	put_discs(row, info);
	guest_free(&g);
	cfg_free(&cfg);
	return row;
}

static json_t *each_row(const struct verb_call *c, json_t *(*make)(const json_t *info),
			struct err *e)
{
	json_t *infos = running_rows(c, e), *rows = infos ? json_array() : NULL;

	for (size_t i = 0; i < json_array_size(infos); i++) {
		json_t *row = make(json_array_get(infos, i));

		if (row)
			json_array_append_new(rows, row);
	}
	json_decref(infos);
	return rows;
}

/* Adds a column at the right. */
static void widen(struct table *t, char heading[200], const char *more,
		  const struct table_column *last)
{
	struct table_column *at = t->columns;

	while (at->key)
		at++;
	*at = *last;
	strncat(heading, more, 199 - strlen(heading));
}

static int list(const struct verb_call *c, struct err *e)
{
	bool verbose = verb_option(c, "verbose");
	struct table t = verbose ? table_list_verbose : table_list;
	char heading[200];

	snprintf(heading, sizeof(heading), "%s", t.heading);
	t.heading = heading;
	if (verb_option(c, "context") && !verbose)
		widen(&t, heading, "   Security Label", &(struct table_column){"label", 17, ""});
	if (verb_option(c, "cpupool"))
		widen(&t, heading, "         Cpupool", &(struct table_column){"pool", 16, ""});
	if (verb_option(c, "numa"))
		widen(&t, heading, " NODE Affinity", &(struct table_column){"node", 4, ""});
	if (!verb_option(c, "long"))
		return show(c, &t, each_row(c, list_row, e));
	return show(&(struct verb_call){.verb = c->verb, .given = {"", ""}}, &t,
		    each_row(c, long_row, e));
}

/* ---- names ---- */

static int domid(const struct verb_call *c, struct err *e)
{
	unsigned id;
	int rc = running_find(c, 0, &id, e);

	if (!rc)
		printf("%u\n", id);
	return rc;
}

static int domname(const struct verb_call *c, struct err *e)
{
	char name[RUNDIR_NAME];
	unsigned id;
	int rc = running_find(c, 0, &id, e);

	if (!rc)
		rc = rundir_name(id, name);
	if (!rc)
		puts(name);
	return rc;
}

/* ---- what each has ---- */

static void vcpu_rows(json_t *rows, const json_t *info)
{
	struct running_vcpu v[VCPUS_MAX];
	unsigned n = vcpus_of(info, v);
	bool paused = strcmp(running_text(info, "state", ""), "running") != 0;

	for (unsigned i = 0; i < n; i++) {
		char state[] = {v[i].runs && !paused ? 'r' : '-', v[i].runs || paused ? '-' : 'b',
				paused ? 'p' : '-', 0};

		json_array_append_new(rows,
				      json_pack("{ss si si si ss sf ss}", "name",
						running_text(info, "name", "?"), "domid",
						(int)running_number(info, "domid"), "vcpu", (int)i,
						"cpu", v[i].cpu, "state", state, "time",
						v[i].seconds, "affinity", "all / all"));
	}
}

/* No front end of a guest's is there: 1 is XenbusStateInitialising, as with xl before one comes. */
static void block_rows(json_t *rows, const json_t *info)
{
	int id = (int)running_number(info, "domid");
	const json_t *disks = json_object_get(info, "disks");

	for (size_t i = 0; i < json_array_size(disks); i++) {
		const json_t *d = json_array_get(disks, i);
		char path[80];

		snprintf(path, sizeof(path), "/local/domain/0/backend/qdisk/%d/%d", id,
			 (int)running_number(d, "devid"));
		json_array_append_new(rows,
				      json_pack("{si si si si si si ss sO? sO?}", "vdev",
						(int)running_number(d, "devid"), "backend", 0,
						"handle", id, "state", 1, "evtch", -1, "rref", -1,
						"path", path, "name", json_object_get(d, "vdev"),
						"target", json_object_get(d, "target")));
	}
}

static void network_rows(json_t *rows, const json_t *info)
{
	int id = (int)running_number(info, "domid");
	const json_t *vifs = json_object_get(info, "vifs");

	for (size_t i = 0; i < json_array_size(vifs); i++) {
		const json_t *v = json_array_get(vifs, i);
		char path[80];

		snprintf(path, sizeof(path), "/local/domain/0/backend/vif/%d/%zu", id, i);
		json_array_append_new(
			rows, json_pack("{si si ss si si si si si ss sO? sO?}", "idx", (int)i,
					"backend", 0, "mac", running_text(v, "mac", "-"), "handle",
					(int)i, "state", 1, "evtch", -1, "tx", -1, "rx", -1, "path",
					path, "model", json_object_get(v, "model"), "bridge",
					json_object_get(v, "bridge")));
	}
}

static void uptime_rows(json_t *rows, const json_t *info)
{
	long long up = (long long)time(NULL) - running_number(info, "created");
	char text[40];

	if (!running_number(info, "created"))
		return;
	json_array_append_new(rows,
			      json_pack("{ss si ss sI}", "name", running_text(info, "name", "?"),
					"domid", (int)running_number(info, "domid"), "uptime",
					table_duration((unsigned long)MAX(up, 0), 1, text),
					"seconds", (json_int_t)up));
}

static json_t *all_rows(const struct verb_call *c, void (*add)(json_t *rows, const json_t *info),
			struct err *e)
{
	json_t *infos = running_rows(c, e), *rows = infos ? json_array() : NULL;

	for (size_t i = 0; i < json_array_size(infos); i++)
		add(rows, json_array_get(infos, i));
	json_decref(infos);
	return rows;
}

static int vcpu_list(const struct verb_call *c, struct err *e)
{
	return show(c, &table_vcpus, all_rows(c, vcpu_rows, e));
}

static int block_list(const struct verb_call *c, struct err *e)
{
	return show(c, &table_blocks, all_rows(c, block_rows, e));
}

static int network_list(const struct verb_call *c, struct err *e)
{
	return show(c, &table_networks, all_rows(c, network_rows, e));
}

/* "12:00:00 up  1:02, web (3)", as xl's */
static void print_short(const json_t *rows)
{
	time_t now = time(NULL);
	char clock[16], up[40];
	struct tm tm;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now, &tm));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *r = json_array_get(rows, i);

		table_duration((unsigned long)running_number(r, "seconds"), 0, up);
		printf("%s up %s, %s (%lld)\n", clock, up, running_text(r, "name", "?"),
		       running_number(r, "domid"));
	}
}

static int uptime(const struct verb_call *c, struct err *e)
{
	json_t *rows = all_rows(c, uptime_rows, e);

	if (!rows || !verb_option(c, "short"))
		return show(c, &table_uptime, rows);
	print_short(rows);
	json_decref(rows);
	return 0;
}

/* clang-format off */
#define JSON_OPTION {0, "json", NULL, "as JSON"}

const struct verb verb_list_verbs[] = {
	{"block-list", "DOMAIN…", "List the disks of guests.", 1, VERB_MANY,
	 VERB_OPTIONS_OF(JSON_OPTION), block_list},
	{"domid", "DOMAIN", "Print the id of a guest.", 1, 1, NULL, domid},
	{"domname", "DOMAIN", "Print the name of a guest.", 1, 1, NULL, domname},
	{"list", "[DOMAIN]…", "List guests.\n"
	 "State: r(unning), b(locked), p(aused), s(hut down) and why, d(ying).", 0, VERB_MANY,
	 VERB_OPTIONS_OF(
		{0, "json", NULL, "the columns as JSON"},
		{'l', "long", NULL, "all of their configuration, as libxl's JSON"},
		{'v', "verbose", NULL, "UUID and reason of a shutdown too"},
		{'Z', "context", NULL, "security labels too; there are none"},
		{'c', "cpupool", NULL, "CPU pools too; there is one"},
		{'n', "numa", NULL, "NUMA nodes too; all are theirs"}),
	 list},
	{"network-list", "DOMAIN…", "List the network cards of guests.", 1, VERB_MANY,
	 VERB_OPTIONS_OF(JSON_OPTION), network_list},
	{"uptime", "[DOMAIN]…", "Print since when guests have been there.", 0, VERB_MANY,
	 VERB_OPTIONS_OF({'s', "short", NULL, "one line each, with the time"}, JSON_OPTION),
	 uptime},
	{"vcpu-list", "[DOMAIN]…", "List the virtual processors of guests.", 0, VERB_MANY,
	 VERB_OPTIONS_OF(JSON_OPTION), vcpu_list},
	{0},
};
/* clang-format on */
