/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/table.c: see table.h.
 *
 * Spec: xl(1) of Xen 4.17, as its output is seen
 * Tests: tests/toolstack/table.c
 */
#include "toolstack/table.h"

#include <string.h>

/* clang-format off */
#define LIST_COLUMNS {"name", -40, " "}, {"domid", 5, " "}, {"mem", 5, " "}, \
	{"vcpus", 5, "     "}, {"state", -6, "  "}, {"time", 8, ""}
#define LIST_HEADING "Name                                        ID   Mem VCPUs\tState\tTime(s)"

const struct table table_list = {LIST_HEADING, {LIST_COLUMNS}};
const struct table table_list_verbose = {
	LIST_HEADING "   UUID                            Reason-Code\tSecurity Label",
	{LIST_COLUMNS, {"", 0, " "}, {"uuid", -36, " "}, {"reason", 8, " "}, {"label", 16, ""}}};
const struct table table_vcpus = {
	"Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)",
	{{"name", -32, " "}, {"domid", 5, " "}, {"vcpu", 5, " "}, {"cpu", 5, " "},
	 {"state", 5, "  "}, {"time", 9, "  "}, {"affinity", 0, ""}}};
const struct table table_blocks = {
	"Vdev  BE  handle state evt-ch ring-ref BE-path                       ",
	{{"vdev", -5, " "}, {"backend", -3, " "}, {"handle", -6, " "}, {"state", -5, " "},
	 {"evtch", -6, " "}, {"rref", -8, " "}, {"path", -30, ""}}};
const struct table table_networks = {
	"Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref "
	"BE-path                       ",
	{{"idx", -3, " "}, {"backend", -2, " "}, {"mac", 17, ""}, {"handle", 6, " "},
	 {"state", 5, " "}, {"evtch", 6, " "},
	 {"tx", 5, "/"}, {"rx", -11, " "}, {"path", -30, ""}}};
const struct table table_uptime = {
	"Name                                ID Uptime",
	{{"name", -33, " "}, {"domid", 4, " "}, {"uptime", 0, ""}}};
/* clang-format on */

static void print_value(const json_t *v, int width, FILE *f)
{
	if (json_is_integer(v))
		fprintf(f, "%*lld", width, (long long)json_integer_value(v));
	else if (json_is_real(v))
		fprintf(f, "%*.1f", width, json_real_value(v));
	else
		fprintf(f, "%*s", width, json_is_string(v) ? json_string_value(v) : "-");
}

void table_print_row(const struct table *t, const json_t *row, FILE *f)
{
	for (const struct table_column *c = t->columns; c->key; c++) {
		if (*c->key)
			print_value(json_object_get(row, c->key), c->width, f);
		fputs(c->gap, f);
	}
	putc('\n', f);
}

void table_print(const struct table *t, const json_t *rows, FILE *f)
{
	fprintf(f, "%s\n", t->heading);
	for (size_t i = 0; i < json_array_size(rows); i++)
		table_print_row(t, json_array_get(rows, i), f);
}

void table_print_json(const json_t *value, FILE *f)
{
	json_dumpf(value, f, JSON_INDENT(4) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	putc('\n', f);
}

const char *table_duration(unsigned long s, int seconds, char text[40])
{
	unsigned long days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60;
	int n = 0;

	if (days)
		n = snprintf(text, 40, "%lu day%s, ", days, days > 1 ? "s" : "");
	n += snprintf(text + n, 40 - (size_t)n, "%2lu:%02lu", hours, minutes);
	if (seconds)
		snprintf(text + n, 40 - (size_t)n, ":%02lu", s % 60);
	return text;
}
