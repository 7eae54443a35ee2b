/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/hmp.h: the human monitor: commands as rows {names, arguments, help,
 * handler}, run by human-monitor-command and by -monitor.
 *
 * Arguments of a row: "name:type,…", as in "force:-f,device:s,head:i?".
 * s: a word or "quoted text"; S: the rest of the line; i: an expression;
 * /: an output format, /16xb; -f: a flag. A trailing ? makes it optional.
 */
#ifndef DM_HMP_H
#define DM_HMP_H
#include "dm/machine.h"

#include <stdio.h>

#define HMP_ARGS 6

struct hmp_value {
	const char *name;             /* of the row, up to ':' */
	char *text;                   /* s, S */
	int64_t number;               /* i; flag: 1 */
	unsigned count, format, size; /* of /: format is its letter */
	bool set;
};
struct hmp_call {
	struct machine *m;
	FILE *out; /* lines end in \n here */
	const struct hmp_command *command;
	bool info; /* it is one of info's */
	struct hmp_value values[HMP_ARGS];
};
struct hmp_command {
	const char *names; /* "cont|c"; NULL ends a table */
	const char *args;
	const char *params, *help;
	void (*run)(struct hmp_call *c);
	const struct hmp_command *sub; /* info's */
};
extern const struct hmp_command hmp_commands[], hmp_info_commands[];

const struct hmp_value *hmp_value(const struct hmp_call *c, const char *name);
const char *hmp_text(const struct hmp_call *c, const char *name); /* NULL: not given */
int64_t hmp_number(const struct hmp_call *c, const char *name, int64_t def);
bool hmp_flag(const struct hmp_call *c, const char *name);
void hmp_error(struct hmp_call *c, const struct err *e); /* "Error: …" */

/* Fills c->values from text. < 0 and a sentence, when it does not fit the row. */
int hmp_parse(struct hmp_call *c, const char *text, struct err *e);
void hmp_values_free(struct hmp_call *c);
/* Numbers as C writes them, + - * / % & | ^ ~ (); *s moves behind. */
int hmp_expression(const char **s, int64_t *v, struct err *e);

/* hmp_mem.c */
void hmp_port_in(struct hmp_call *c);
void hmp_port_out(struct hmp_call *c);
void hmp_dump(struct hmp_call *c);
void hmp_sum(struct hmp_call *c);
/* hmp_input.c */
void hmp_sendkey(struct hmp_call *c);
void hmp_mouse_move(struct hmp_call *c);
void hmp_mouse_button(struct hmp_call *c);
void hmp_mouse_set(struct hmp_call *c);
void hmp_info_mice(struct hmp_call *c);
void hmp_info_usb(struct hmp_call *c);
/* hmp.c */
void hmp_help(struct hmp_call *c);
void hmp_info(struct hmp_call *c);
/* hmp_info_dev.c */
void hmp_info_qtree(struct hmp_call *c);
void hmp_info_qom_tree(struct hmp_call *c);
void hmp_info_mtree(struct hmp_call *c);
void hmp_info_dev(struct hmp_call *c);
void hmp_info_pic(struct hmp_call *c);
void hmp_info_irq(struct hmp_call *c);
#endif
