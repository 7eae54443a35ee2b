/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/cfg.h: the grammar of xl.cfg(5): NAME = VALUE, a line each or parted by
 * semicolons; a value is a number, a quoted string or a [list] of values. It is
 * libxlutil's grammar (tests/toolstack/cfg_xlu.c compares them) but for this:
 * numeric escapes in strings work, a comment may end the file without a line feed,
 * and a name that is set twice is refused.
 */
#ifndef TOOLSTACK_CFG_H
#define TOOLSTACK_CFG_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CFG_MAX (1u << 20) /* bytes of a file */

enum cfg_kind { CFG_NUMBER, CFG_STRING, CFG_LIST };
struct cfg_value {
	enum cfg_kind kind;
	unsigned line;
	char *text;              /* of a number (as written) or string */
	struct cfg_value *items; /* of a list: the first */
	struct cfg_value *next;  /* in the list that this is an item of */
};
struct cfg_setting {
	char *name;
	const char *file; /* as given; "command line" */
	unsigned line;
	struct cfg_value *value;
	struct cfg_setting *next; /* in the order of the files */
};
struct cfg {
	struct cfg_setting *first;
	unsigned sources; /* texts read so far */
	char *files[8];
};

/* Adds the settings of a text. What the second and later texts say takes the place of what the
 * earlier ones said (xl's "NAME=VALUE" on the command line). 0, or -errno and "FILE:LINE: …". */
int cfg_read(struct cfg *c, const char *file, const char *text, size_t len, struct err *e);
int cfg_read_file(struct cfg *c, const char *path, struct err *e);
/* As a text that says the same (cfg_write.c). */
void cfg_write(const struct cfg *c, FILE *f);
void cfg_free(struct cfg *c); /* a zeroed one is fine */
const struct cfg_setting *cfg_find(const struct cfg *c, const char *name);
unsigned cfg_items(const struct cfg_value *list);
/* Says where: "FILE:LINE: " and the sentence; returns rc. */
int cfg_err(struct err *e, int rc, const char *file, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
#endif
