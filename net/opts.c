/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net/opts.c: "type,key=value,key=value", as -netdev has it. */
#include "net/opts.h"

#include <errno.h>
#include <string.h>

/* Ends the piece at `p` at its comma (two commas are one that belongs to the text); returns what
 * follows, NULL at the end. */
static char *cut(char *p)
{
	char *to = p;

	for (; *p; p++) {
		if (*p == ',' && p[1] != ',') {
			*to = 0;
			return p + 1;
		}
		p += *p == ',';
		*to++ = *p;
	}
	*to = 0;
	return NULL;
}

int net_opts_parse(struct net_opts *o, const char *what, const char *text, struct err *e)
{
	char *piece = o->text, *next, *eq;

	o->n = 0;
	if (strlen(text) >= sizeof(o->text))
		return err_set(e, -EINVAL, "%s: more than %zu bytes of text", what,
			       sizeof(o->text) - 1);
	strcpy(o->text, text);
	next = cut(piece);
	o->type = piece;
	while ((piece = next)) {
		next = cut(piece);
		eq = strchr(piece, '=');
		if (!eq || eq == piece)
			return err_set(e, -EINVAL, "%s %s: '%s' is not name=value", what, o->type,
				       piece);
		if (o->n == NET_OPTS_MAX)
			return err_set(e, -EINVAL, "%s %s: too many options", what, o->type);
		*eq = 0;
		o->opt[o->n].key = piece;
		o->opt[o->n++].val = eq + 1;
	}
	return 0;
}

const char *net_opt(const struct net_opts *o, const char *key)
{
	const char *val = NULL;

	for (unsigned i = 0; i < o->n; i++)
		if (!strcmp(o->opt[i].key, key))
			val = o->opt[i].val;
	return val;
}

static bool listed(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (!strcmp(key, *keys))
			return true;
	return false;
}

int net_opts_known(const struct net_opts *o, const char *const *keys, struct err *e)
{
	for (unsigned i = 0; i < o->n; i++)
		if (strcmp(o->opt[i].key, "id") && !listed(o->opt[i].key, keys))
			return err_set(e, -EINVAL, "-netdev %s has no option '%s'", o->type,
				       o->opt[i].key);
	return 0;
}

int net_opt_bool(const struct net_opts *o, const char *key, bool *v, struct err *e)
{
	static const char *const on[] = {"on", "yes", "true", "y", NULL};
	static const char *const off[] = {"off", "no", "false", "n", NULL};
	const char *val = net_opt(o, key);

	if (!val)
		return 0;
	*v = listed(val, on);
	if (*v || listed(val, off))
		return 0;
	return err_set(e, -EINVAL, "%s=%s: want on or off", key, val);
}
