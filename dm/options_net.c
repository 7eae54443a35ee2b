/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network: -netdev, -nic, the older -net, and -object filter-dump. */
#include "dm/options.h"

#include "base/dev_owner.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int no_memory(const char *what, struct err *e)
{
	return err_set(e, -ENOMEM, "%s: out of memory", what);
}

static int set_netdev(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	c->net_given = true;
	return text_list_add(&c->netdevs, arg) < 0 ? no_memory(what, e) : 0;
}

/* ---- NICs */

static struct nic_config *add_nic(struct machine_config *c)
{
	struct nic_config *v = list_grow(c->nics, &c->n_nics, sizeof(*v));

	if (!v)
		return NULL;
	c->nics = v;
	return &v[c->n_nics - 1];
}

static bool is_nic(const struct dev_class *k)
{
	for (unsigned i = 0; i < k->n_props; i++)
		if (k->props[i].type == PROP_NET)
			return true;
	return false;
}

static int list_models(void)
{
	printf("Supported NIC models:\n");
	for (const struct dev_class *k = dev_class_first(); k; k = dev_class_next(k))
		if (!k->internal && is_nic(k))
			printf("%s\n", k->name);
	return OPTIONS_DONE;
}

/* What -nic and -net nic have in common; mac is the key of the address. */
static int fill_nic(struct nic_config *n, const struct opts *o, const char *mac, const char *what,
		    struct err *e)
{
	const char *model = opts_get(o, "model"), *v;
	const struct dev_class *k = model ? dev_class_find(model) : NULL;

	if (model && (!strcmp(model, "help") || !strcmp(model, "?")))
		return list_models();
	if (model && (!k || !is_nic(k)))
		return err_set(e, -EINVAL, "%s: model=%s: no such NIC (model=help lists them)",
			       what, model);
	if (model && options_text(&n->model, what, model, e) < 0)
		return -ENOMEM;
	if ((v = opts_get(o, mac)) && options_text(&n->mac, what, v, e) < 0)
		return -ENOMEM;
	if ((v = opts_get(o, "addr")) && options_text(&n->addr, what, v, e) < 0)
		return -ENOMEM;
	return 0;
}

/* ",key=value" with commas doubled */
static void put_opt(FILE *f, const char *key, const char *value)
{
	fprintf(f, ",%s=", key);
	for (; *value; value++)
		fprintf(f, *value == ',' ? ",," : "%c", *value);
}

/* The -netdev that a -nic or -net says: its type, an id, and what is not in `own`. */
static int add_backend(struct machine_config *c, const struct opts *o, const char *id,
		       const char *const *own, const char *what, struct err *e)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int rc;

	if (!f)
		return no_memory(what, e);
	fputs(opts_get(o, "type"), f);
	put_opt(f, "id", id);
	for (unsigned i = 0; i < o->n; i++) {
		const char *const *k = own;

		while (*k && strcmp(*k, o->v[i].key))
			k++;
		if (!*k)
			put_opt(f, o->v[i].key, o->v[i].value);
	}
	rc = fclose(f) ? -ENOMEM : text_list_add(&c->netdevs, text);
	free(text);
	return rc < 0 ? no_memory(what, e) : 0;
}

static int nic(struct machine_config *c, const struct opts *o, const char *what, struct err *e)
{
	static const char *const own[] = {"type", "id", "model", "mac", "addr", NULL};
	const char *id = opts_get(o, "id");
	struct nic_config *n = add_nic(c);
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "#net%u", c->n_nics - 1);
	id = id ? id : name;
	rc = n ? fill_nic(n, o, "mac", what, e) : no_memory(what, e);
	if (!rc)
		rc = options_text(&n->netdev, what, id, e);
	return rc ? rc : add_backend(c, o, id, own, what, e);
}

static int set_nic(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts o;
	int rc = opts_parse(&o, arg, "type", e);
	const char *type = rc ? NULL : opts_get(&o, "type");

	c->net_given = true;
	if (!rc && !type && opts_get(&o, "model"))
		rc = opts_add(&o, "type", "user"); /* as QEMU: -nic model=e1000 */
	type = rc ? NULL : opts_get(&o, "type");
	if (!rc && !type)
		rc = err_set(e, -EINVAL, "%s %s: lacks the type: user, tap, socket or none", what,
			     arg);
	if (!rc && strcmp(type, "none"))
		rc = nic(c, &o, what, e);
	opts_free(&o);
	return rc;
}

/* ---- -net: NICs and what is behind them, in two lists; the nth of one goes to the nth of the
 * other (there is no hub) */

static int net_nic(struct machine_config *c, const struct opts *o, const char *what, struct err *e)
{
	static const char *const keys[] = {"type",   "model", "macaddr", "addr",
					   "netdev", "name",  "vectors", NULL};
	const char *netdev = opts_get(o, "netdev");
	struct nic_config *n;
	int rc = opts_only(o, keys, what, e);

	n = rc ? NULL : add_nic(c);
	if (!rc)
		rc = n ? fill_nic(n, o, "macaddr", what, e) : no_memory(what, e);
	if (!rc && netdev)
		rc = options_text(&n->netdev, what, netdev, e);
	if (!rc)
		n->old = !netdev;
	return rc;
}

static int net_backend(struct machine_config *c, const struct opts *o, const char *what,
		       struct err *e)
{
	static const char *const own[] = {"type", "id", "name", NULL};
	const char *id = opts_get(o, "name") ? opts_get(o, "name") : opts_get(o, "id");
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "#hub%u", c->old_nets.n);
	id = id ? id : name;
	rc = add_backend(c, o, id, own, what, e);
	if (!rc && text_list_add(&c->old_nets, id) < 0)
		rc = no_memory(what, e);
	return rc;
}

static int set_net(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts o;
	int rc = opts_parse(&o, arg, "type", e);
	const char *type = rc ? NULL : opts_get(&o, "type");

	c->net_given = true;
	if (!rc && !type)
		rc = err_set(e, -EINVAL, "%s %s: lacks the type: nic, user, tap, socket or none",
			     what, arg);
	else if (!rc && !strcmp(type, "nic"))
		rc = net_nic(c, &o, what, e);
	else if (!rc && strcmp(type, "none"))
		rc = net_backend(c, &o, what, e);
	opts_free(&o);
	return rc;
}

/* ---- -object */

static int set_object(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"qom-type", "id",     "netdev", "file",
					   "maxlen",   "status", "queue",  NULL};
	struct opts *o = opts_list_add(&c->dumps);
	uint64_t maxlen = 0;
	int rc = o ? opts_parse(o, arg, "qom-type", e) : no_memory(what, e);
	const char *type = rc ? NULL : opts_get(o, "qom-type");

	if (rc)
		return rc;
	if (!type || strcmp(type, "filter-dump"))
		return err_set(e, -ENOTSUP, "%s %s: only filter-dump exists", what, arg);
	for (unsigned i = 1; i < 4; i++)
		if (!opts_get(o, keys[i]))
			return err_set(e, -EINVAL, "%s filter-dump: lacks %s=", what, keys[i]);
	rc = opts_only(o, keys, what, e);
	return rc ? rc : opts_number(o, "maxlen", 65536, &maxlen, what, e);
}

/* clang-format off */
static const struct option rows[] = {
	OPTION("netdev", "TYPE,id=ID[,KEY=V]",
	       "where a NIC's frames go: user, tap, socket, none", set_netdev),
	OPTION("nic", "TYPE[,model=M][,mac=A][,KEY=V]", "a NIC and its -netdev in one, or none",
	       set_nic),
	OPTION("net", "nic[,model=M][,macaddr=A]|TYPE[,KEY=V]",
	       "a NIC, or what is behind it, in the older words, or none", set_net),
	OPTION("object", "filter-dump,id=ID,netdev=ID,file=FILE[,maxlen=N]",
	       "writes a -netdev's frames to a pcap file", set_object),
};
/* clang-format on */
const struct option_table options_net = {"Network", rows, ARRAY_SIZE(rows)};
