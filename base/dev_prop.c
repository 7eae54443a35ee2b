/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/dev_prop.c: properties: from the text of -device, -global and device_add to host structs. */
#include "base/dev_private.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

static const char *const type_names[] = {
	[PROP_BOOL] = "bool",   [PROP_U8] = "uint8",  [PROP_U16] = "uint16", [PROP_U32] = "uint32",
	[PROP_U64] = "uint64",  [PROP_SIZE] = "size", [PROP_STR] = "str",    [PROP_MAC] = "str",
	[PROP_BLK] = "str",     [PROP_NET] = "str",   [PROP_CHR] = "str",    [PROP_INPUT] = "str",
	[PROP_DISPLAY] = "str",
};

static unsigned number_size(enum prop_type t)
{
	return t == PROP_U8 ? 1 : t == PROP_U16 ? 2 : t == PROP_U32 ? 4 : 8;
}

static const struct prop *prop_in(const struct prop *props, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(props[i].name, name))
			return &props[i];
	return NULL;
}

/* The class's own come before its bus's. */
static const struct prop *prop_find(const struct dev *d, const char *name, char **base)
{
	const struct dev_class *c = d->class;
	const struct prop *p = prop_in(c->props, c->n_props, name);

	*base = d->host;
	if (!p && c->bus) {
		p = prop_in(c->bus->props, c->bus->n_props, name);
		*base = d->child;
	}
	return p;
}

static int parse_bool(const char *v, bool *out)
{
	static const char *const yes[] = {"on", "yes", "true", "y"}, *const no[] = {"off", "no",
										    "false", "n"};

	for (unsigned i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcmp(v, yes[i]))
			return *out = true, 0;
		if (!strcmp(v, no[i]))
			return *out = false, 0;
	}
	return -EINVAL;
}

static int suffix_shift(const char *s)
{
	static const char letters[] = "bkmgt";
	const char *at = *s ? strchr(letters, tolower((unsigned char)*s)) : letters;

	if (!at || (*s && s[1]))
		return -1;
	return (int)(at - letters) * 10;
}

static int parse_number(const struct prop *p, const char *v, uint64_t *out)
{
	uint64_t max = p->max ? p->max : ones(number_size(p->type));
	char *end;
	int shift = 0;

	errno = 0;
	if (!isdigit((unsigned char)*v))
		return -EINVAL;
	*out = strtoull(v, &end, 0);
	if (p->type == PROP_SIZE)
		shift = suffix_shift(end);
	else if (*end)
		return -EINVAL;
	if (errno || shift < 0 || (shift && *out >> (64 - shift)))
		return -EINVAL;
	*out <<= shift;
	return *out > max ? -ERANGE : 0;
}

static int parse_mac(const char *v, uint8_t mac[6])
{
	uint8_t out[6];

	for (unsigned i = 0; i < 6; i++, v += 3) {
		if (!isxdigit((unsigned char)v[0]) || !isxdigit((unsigned char)v[1]) ||
		    (i < 5 ? v[2] != ':' && v[2] != '-' : v[2] != 0))
			return -EINVAL;
		out[i] = (uint8_t)strtoul((char[]){v[0], v[1], 0}, NULL, 16);
	}
	memcpy(mac, out, 6);
	return 0;
}

static int set_backend(struct dev *d, const struct prop *p, void **member, const char *v,
		       struct err *e)
{
	const struct dev_env_ops *ops = d->env->ops;
	void *be = NULL;

	if (*v) {
		be = ops->backend ? ops->backend(d->env, d, p->type, v, e) : NULL;
		if (!be)
			return err_set(e, -ENOENT, "Property '%s.%s' can't find value '%s'",
				       d->class->name, p->name, v);
	}
	if (*member && ops->backend_release)
		ops->backend_release(d->env, d, p->type, *member);
	*member = be;
	return 0;
}

static int set_string(char **member, const char *v)
{
	char *copy = strdup(v);

	if (!copy)
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}

static int set_typed(struct dev *d, const struct prop *p, char *member, const char *v,
		     struct err *e)
{
	uint64_t n;
	int rc;

	switch (p->type) {
	case PROP_BOOL:
		return parse_bool(v, (bool *)member);
	case PROP_STR:
		return set_string((char **)member, v);
	case PROP_MAC:
		return parse_mac(v, (uint8_t *)member);
	case PROP_BLK:
	case PROP_NET:
	case PROP_CHR:
	case PROP_INPUT:
	case PROP_DISPLAY:
		return set_backend(d, p, (void **)member, v, e);
	default:
		rc = parse_number(p, v, &n);
		if (!rc)
			memcpy(member, &n, number_size(p->type));
		return rc;
	}
}

static int unknown_prop(const struct dev *d, const char *name, struct err *e)
{
	const struct dev_class *c = d->class;
	char list[300] = "";

	for (unsigned i = 0; i < c->n_props + (c->bus ? c->bus->n_props : 0); i++) {
		const struct prop *p =
			i < c->n_props ? &c->props[i] : &c->bus->props[i - c->n_props];
		size_t used = strlen(list);
		snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", p->name);
	}
	return err_set(e, -ENOENT, "Property '%s.%s' not found (it has: %s)", c->name, name,
		       list[0] ? list : "none");
}

int dev_prop_set(struct dev *d, const char *name, const char *value, struct err *e)
{
	const struct prop *p;
	char *base;
	int rc;

	p = prop_find(d, name, &base);
	if (!p)
		return unknown_prop(d, name, e);
	rc = set_typed(d, p, base + p->off, value, e);
	if (rc == -ERANGE)
		return err_set(
			e, rc, "Property '%s.%s' doesn't take value '%s' (at most %" PRIu64 ")",
			d->class->name, name, value, p->max ? p->max : ones(number_size(p->type)));
	if (rc)
		return err_set(e, rc, "Property '%s.%s' doesn't take value '%s' (expects %s)",
			       d->class->name, name, value,
			       p->type == PROP_MAC ? "xx:xx:xx:xx:xx:xx" : type_names[p->type]);
	return 0;
}

int dev_prop_get(const struct dev *d, const char *name, char *buf, size_t len)
{
	char *base;
	const struct prop *p = prop_find(d, name, &base);
	const uint8_t *m;

	if (!p)
		return -ENOENT;
	m = (const uint8_t *)base + p->off;
	if (p->type == PROP_BOOL)
		snprintf(buf, len, "%s", *(const bool *)m ? "true" : "false");
	else if (p->type == PROP_STR)
		snprintf(buf, len, "%s", *(char *const *)m ? *(char *const *)m : "");
	else if (p->type == PROP_MAC)
		snprintf(buf, len, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
			 m[5]);
	else if (p->type >= PROP_BLK)
		snprintf(buf, len, "%s", *(void *const *)m ? "set" : "");
	else
		snprintf(buf, len, "%" PRIu64, load_le(m, number_size(p->type)));
	return 0;
}

static void help_of(const struct prop *props, unsigned n, FILE *f)
{
	for (unsigned i = 0; i < n; i++) {
		char name[48];
		snprintf(name, sizeof(name), "%s=<%s>", props[i].name, type_names[props[i].type]);
		fprintf(f, "  %-22s - %s", name, props[i].help ? props[i].help : "");
		if (props[i].def && props[i].def[0])
			fprintf(f, " (default: %s)", props[i].def);
		fputc('\n', f);
	}
}

void dev_class_help(const struct dev_class *c, FILE *f)
{
	fprintf(f, "%s options:\n", c->name);
	help_of(c->props, c->n_props, f);
	if (c->bus)
		help_of(c->bus->props, c->bus->n_props, f);
}
