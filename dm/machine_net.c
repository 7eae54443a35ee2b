/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_net.c: the NICs of -nic and -net, the default one, and -object filter-dump. */
#include "dm/machine_parts.h"

#include <errno.h>
#include <stdio.h>

#define DEFAULT_MODEL "e1000"
#define DEFAULT_NET   "#net0"

static int add(struct opts *o, const char *key, const char *value)
{
	return value ? opts_add(o, key, value) : 0;
}

/* QEMU's addresses: 52:54:00:12:34:56 and on. */
static int add_nic(struct machine *m, unsigned i, const struct nic_config *n, const char *netdev,
		   struct err *e)
{
	const char *model = n->model ? n->model : DEFAULT_MODEL;
	const struct dev_class *c = dev_class_find(model);
	struct opts o = {0};
	char mac[24];
	int rc;

	snprintf(mac, sizeof(mac), "52:54:00:12:34:%02x", (0x56 + i) & 0xff);
	rc = add(&o, "mac", n->mac ? n->mac : mac);
	if (!rc)
		rc = add(&o, "addr", n->addr);
	if (!rc)
		rc = add(&o, "netdev", netdev);
	if (!rc && !machine_device_make(m, c, NULL, &o, PLACE_BOARD, e)) {
		err_prefix(e, "-nic %s", model);
		rc = -EINVAL;
	}
	opts_free(&o);
	return rc;
}

/* With a test as the engine it has no network: that would be a process more for each test. */
static int default_nic(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;
	bool test = c->qtest || (c->accel && !strcmp(c->accel, "qtest"));
	const struct nic_config any = {0};

	if (c->nodefaults || c->net_given)
		return 0;
	if (!test && !machine_net_add(m, "user,id=" DEFAULT_NET, e))
		return -EINVAL;
	return add_nic(m, 0, &any, test ? NULL : DEFAULT_NET, e);
}

int machine_nics_add(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;
	unsigned old = 0;
	int rc = default_nic(m, e);

	for (unsigned i = 0; i < c->n_nics && !rc; i++) {
		const char *netdev = c->nics[i].netdev;

		if (c->nics[i].old && old < c->old_nets.n)
			netdev = c->old_nets.v[old++];
		rc = add_nic(m, i, &c->nics[i], netdev, e);
	}
	if (!rc && old < c->old_nets.n)
		rc = err_set(e, -EINVAL,
			     "-net: '%s' has no -net nic of its own (there is no hub: say -nic)",
			     c->old_nets.v[old]);
	return rc;
}

int machine_dumps_open(struct machine *m, struct err *e)
{
	for (unsigned i = 0; i < m->cfg->dumps.n; i++) {
		const struct opts *o = &m->cfg->dumps.v[i];
		struct net_slot *s = machine_net(m, opts_get(o, "netdev"));
		uint64_t maxlen = 0;

		if (!s)
			return err_set(e, -ENOENT, "-object filter-dump: there is no netdev '%s'",
				       opts_get(o, "netdev"));
		if (opts_number(o, "maxlen", 65536, &maxlen, "-object", e) < 0)
			return -EINVAL;
		if (net_dump_add(s->net, opts_get(o, "id"), opts_get(o, "file"), (uint32_t)maxlen,
				 e) < 0) {
			err_prefix(e, "-object filter-dump,id=%s", opts_get(o, "id"));
			return -EIO;
		}
	}
	return 0;
}
