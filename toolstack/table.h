/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/table.h: what list, vcpu-list and their like print: rows (JSON objects) in columns that
 * scripts know from xl 4.17, to the blank; or as JSON.
 */
#ifndef TOOLSTACK_TABLE_H
#define TOOLSTACK_TABLE_H
#include <jansson.h>
#include <stdio.h>

struct table_column {
	const char *key; /* of a row; NULL ends the list. What a row does not have is "-" */
	int width;       /* as printf's: negative: to the left. Reals have one decimal */
	const char *gap; /* behind it */
};
struct table {
	const char *heading;
	struct table_column columns[12];
};
extern const struct table table_list, table_list_verbose, table_vcpus, table_blocks, table_networks,
	table_uptime;

void table_print(const struct table *t, const json_t *rows, FILE *f);
void table_print_row(const struct table *t, const json_t *row, FILE *f);
/* Indented as libxl does it, and a line feed. */
void table_print_json(const json_t *value, FILE *f);
/* "3 days, 04:05:06" as xl writes it; `seconds` 0: "3 days, 04:05". */
const char *table_duration(unsigned long s, int seconds, char text[40]);
#endif
