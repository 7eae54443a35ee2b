/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/running.c: see running.h.
 *
 * Tests: tests/toolstack/live.sh, tests/toolstack/running.c
 */
#include "toolstack/running.h"

#include "toolstack/control.h"
#include "toolstack/rundir.h"
#include "toolstack/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INFO_MS 5000

int running_find(const struct verb_call *c, unsigned i, unsigned *domid, struct err *e)
{
	sweep();
	return rundir_find(c->args[i], domid, e);
}

int running_all(unsigned **ids, struct err *e)
{
	sweep();
	return rundir_list(ids, e);
}

static json_t *ask(unsigned domid, int *rc, struct err *e)
{
	return control_call(domid, json_pack("{ss}", "do", "info"), NULL, 0, INFO_MS, rc, e);
}

json_t *running_info(unsigned domid, struct err *e)
{
	return ask(domid, NULL, e);
}

static void append_info(json_t *rows, unsigned domid)
{
	char name[RUNDIR_NAME];
	int rc;
	json_t *info = ask(domid, &rc, NULL);

	if (!info && rc != -ESRCH && !rundir_name(domid, name))
		info = json_pack("{siss}", "domid", (int)domid, "name", name);
	if (info)
		json_array_append_new(rows, info);
}

static int append_all(json_t *rows, struct err *e)
{
	unsigned *ids;
	int n = running_all(&ids, e);

	for (int i = 0; i < n; i++)
		append_info(rows, ids[i]);
	free(ids);
	return n;
}

json_t *running_rows(const struct verb_call *c, struct err *e)
{
	json_t *rows = json_array();
	int rc = c->n ? 0 : append_all(rows, e);
	unsigned domid;

	for (unsigned i = 0; i < c->n && rc >= 0; i++) {
		rc = running_find(c, i, &domid, e);
		if (!rc)
			append_info(rows, domid);
	}
	if (rc >= 0)
		return rows;
	json_decref(rows);
	return NULL;
}

int running_config(unsigned domid, struct cfg *cfg, struct guest *g, struct err *e)
{
	char path[RUNDIR_PATH], name[RUNDIR_NAME];
	int rc = rundir_guest_path(path, domid, "config.cfg", e);

	if (!rc)
		rc = cfg_read_file(cfg, path, e);
	if (!rc)
		rc = guest_read(g, cfg, NULL, e);
	if (rc || rundir_name(domid, name))
		return rc;
	free(g->name); /* it may have been renamed */
	g->name = strdup(name);
	return g->name ? 0 : err_set(e, -ENOMEM, "out of memory");
}

int running_done(json_t *answer)
{
	json_decref(answer);
	return answer ? 0 : -EIO;
}

const char *running_text(const json_t *info, const char *key, const char *none)
{
	const char *text = json_string_value(json_object_get(info, key));

	return text ? text : none;
}

long long running_number(const json_t *info, const char *key)
{
	return json_integer_value(json_object_get(info, key));
}
