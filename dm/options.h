/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/options.h: QEMU's options to a struct machine_config. Each option is one
 * row of a table, which parses and makes -help; the tables lie in
 * options_machine.c, options_firmware.c, options_device.c, options_display.c, options_net.c and
 * options_process.c by subject.
 */
#ifndef DM_OPTIONS_H
#define DM_OPTIONS_H
#include "dm/machine_config.h"

enum { OPTIONS_RUN = 0, OPTIONS_DONE = 1 /* -help, -version, X help: printed, nothing to run */ };

/* argv[0] is skipped. OPTIONS_RUN, OPTIONS_DONE, or -errno and a sentence; *c is to be freed by
 * config_free in all cases. */
int options_parse(struct machine_config *c, int argc, char *const *argv, struct err *e);
/* The same from one line; words are split at blanks, '…' and "…" keep them together. */
int options_parse_text(struct machine_config *c, const char *text, struct err *e);

/* ---- for the tables ---- */
struct option {
	const char *name; /* without '-' */
	const char *arg;  /* NULL = takes none; else how -help shows it */
	const char *help;
	/* arg: the words after it; "what" of sentences is "-name". NULL: `later` says why not. */
	int (*set)(struct machine_config *c, const char *what, const char *arg, struct err *e);
	const char *later;
};
#define OPTION(n, a, h, fn)                               \
	{                                                 \
		.name = n, .arg = a, .help = h, .set = fn \
	}
#define LATER(n, a, why)                          \
	{                                         \
		.name = n, .arg = a, .later = why \
	}
struct option_table {
	const char *title;
	const struct option *v;
	unsigned n;
};
extern const struct option_table options_machine, options_firmware, options_device, options_display,
	options_net, options_process;

int options_uuid(const char *what, const char *text, struct err *e); /* has it the form of one? */
int options_text(char **to, const char *what, const char *arg, struct err *e); /* replaces */
#endif
