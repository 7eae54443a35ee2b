/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net/opts.h: the text of a -netdev, taken apart; for net/ only. */
#ifndef NET_OPTS_H
#define NET_OPTS_H
#include "base/err.h"

#include <stdbool.h>

#define NET_OPTS_MAX 64

struct net_opts {
	char text[4096]; /* cut into NUL-terminated pieces */
	const char *type;
	struct {
		const char *key, *val;
	} opt[NET_OPTS_MAX];
	unsigned n;
};

/* A comma in a value is written twice. `what` begins the sentence about what is wrong. */
int net_opts_parse(struct net_opts *o, const char *what, const char *text, struct err *e);
/* Value of a key, the last one given; NULL when it was not. */
const char *net_opt(const struct net_opts *o, const char *key);
/* on, off and what QEMU takes for them; *v stays when it was not given. */
int net_opt_bool(const struct net_opts *o, const char *key, bool *v, struct err *e);
/* A sentence about the first key that is not in the NULL-terminated list ("id" always is). */
int net_opts_known(const struct net_opts *o, const char *const *keys, struct err *e);
#endif
