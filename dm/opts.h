/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/opts.h: QEMU's option text, "first,key=value,flag,path=a,,b", as a list. */
#ifndef DM_OPTS_H
#define DM_OPTS_H
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct opt {
	char *key, *value; /* value: "on" for a bare word */
	bool bare;         /* there was no '=' */
};
struct opts {
	struct opt *v;
	unsigned n;
};

/*
 * Commas inside values are doubled. implied: key of a first word without '=', NULL = none is.
 * On failure o is empty. opts_free also takes a zeroed one.
 */
int opts_parse(struct opts *o, const char *text, const char *implied, struct err *e);
void opts_free(struct opts *o);
int opts_add(struct opts *o, const char *key, const char *value); /* copies; -ENOMEM */
int opts_copy(struct opts *to, const struct opts *from);

/* The last one of that name wins; NULL = not given. */
const char *opts_get(const struct opts *o, const char *key);
/* As opts_get, and forgets all of that name afterwards; the caller frees the text. */
char *opts_take(struct opts *o, const char *key);
/* on/yes/true/y, off/no/false/n. `what` names the option in the sentence. */
int opts_bool(const struct opts *o, const char *key, bool *v, const char *what, struct err *e);
int opts_number(const struct opts *o, const char *key, uint64_t max, uint64_t *v, const char *what,
		struct err *e);
/* Fails naming the first key that is not in the NULL-ended list. */
int opts_only(const struct opts *o, const char *const *known, const char *what, struct err *e);

int text_bool(const char *text, bool *v);
int text_number(const char *text, uint64_t max, uint64_t *v); /* 10, 0x10 */
/* Bytes; suffix k M G T P E, fractions as in 1.5G; `unit` is meant by no suffix. */
int text_size(const char *text, uint64_t unit, uint64_t *v);
/* The one of n names nearest to `name`, NULL when none is near. */
const char *text_nearest(const char *name, const char *const *names, unsigned n);
#endif
