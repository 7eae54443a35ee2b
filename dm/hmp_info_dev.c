/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/hmp_info_dev.c: `info …` on devices, buses, pins and who answers which address. */
#include "dm/hmp.h"

#include "dm/board.h"
#include "hypervisor/domain.h"

#include <inttypes.h>

/* The board's devices, then those that are the core's. */
static unsigned environments(struct machine *m, struct dev_env *envs[2])
{
	unsigned n = 0;

	if (m->env)
		envs[n++] = m->env;
	if (m->dom)
		envs[n++] = domain_platform(m->dom);
	return n;
}

/* ---- info qtree ---- */

static void tree_props(FILE *f, const struct dev *d, const struct prop *p, unsigned n, int indent)
{
	char text[256];

	for (unsigned i = 0; i < n; i++) {
		bool quote = p[i].type >= PROP_STR;

		if (dev_prop_get(d, p[i].name, text, sizeof(text)) >= 0)
			fprintf(f, "%*s%s = %s%s%s\n", indent, "", p[i].name, quote ? "\"" : "",
				text, quote ? "\"" : "");
	}
}

#define TREE_DEPTH 8

static void tree_buses(FILE *f, struct dev_env *env, const struct dev *owner, int indent);

static void tree_dev(FILE *f, struct dev_env *env, struct dev *d, int indent)
{
	const struct dev_class *c = d->class;

	fprintf(f, "%*sdev: %s, id \"%s\"\n", indent, "", c->name, d->id);
	indent += 2;
	if (c->n_inputs)
		fprintf(f, "%*sgpio-in \"\" %u\n", indent, "", c->n_inputs);
	if (c->n_lines)
		fprintf(f, "%*sgpio-out \"\" %u\n", indent, "", c->n_lines);
	tree_props(f, d, c->props, c->n_props, indent);
	if (c->bus)
		tree_props(f, d, c->bus->props, c->bus->n_props, indent);
	tree_buses(f, env, d, indent);
}

static void tree_buses(FILE *f, struct dev_env *env, const struct dev *owner, int indent)
{
	if (indent > 4 * TREE_DEPTH)
		return;
	for (struct bus *b = env->buses; b; b = b->next) {
		if (b->owner != owner)
			continue;
		fprintf(f, "%*sbus: %s\n%*s  type %s\n", indent, "", b->name, indent, "",
			b->type->name);
		for_each_dev(d, env)
			if (dev_bus(d) == b)
				tree_dev(f, env, d, indent + 2);
	}
}

void hmp_info_qtree(struct hmp_call *c)
{
	struct dev_env *envs[2];
	unsigned n = environments(c->m, envs);

	fprintf(c->out, "bus: main-system-bus\n  type System\n");
	for (unsigned i = 0; i < n; i++) {
		for_each_dev(d, envs[i])
			if (!dev_bus(d))
				tree_dev(c->out, envs[i], d, 2);
		tree_buses(c->out, envs[i], NULL, 2);
	}
}

/* ---- info qom-tree ---- */

static void qom_folder(struct hmp_call *c, const char *folder, const char *name)
{
	size_t len = strlen(folder);
	char path[128];

	fprintf(c->out, "  /%s (container)\n", name);
	if (!c->m->env)
		return;
	for_each_dev(d, c->m->env) {
		machine_qom_path(c->m, d, path, sizeof(path));
		if (!strncmp(path, folder, len) && path[len] == '/')
			fprintf(c->out, "    %s (%s)\n", path + len, d->class->name);
	}
}

void hmp_info_qom_tree(struct hmp_call *c)
{
	const char *path = hmp_text(c, "path");

	if (path && strcmp(path, "/") && strcmp(path, "/machine")) {
		fprintf(c->out, "Path '%.80s' could not be resolved.\n", path);
		return;
	}
	fprintf(c->out, "/machine (%s-machine)\n", c->m->cfg->machine);
	qom_folder(c, "/machine/peripheral", "peripheral");
	qom_folder(c, "/machine/peripheral-anon", "peripheral-anon");
	qom_folder(c, "/machine/unattached", "unattached");
}

/* ---- info mtree ---- */

static void claims(FILE *f, const char *name, const struct claim_table *t)
{
	fprintf(f, "address-space: %s\n", name);
	for (unsigned i = 0; i < t->n; i++) {
		const struct claim *k = &t->v[i];

		fprintf(f, "  %016" PRIx64 "-%016" PRIx64 " (prio 0, i/o): %s.%s\n", k->start,
			k->end, k->dev->id, k->dev->class->regions[k->region].name);
	}
}

static void windows(FILE *f, struct dev_env *env)
{
	fprintf(f, "\nthe core's devices:\n");
	for_each_dev(d, env)
		for (unsigned i = 0; i < DEV_WINDOWS; i++) {
			const struct window *w = &dev_windows(d)[i];

			if (w->base != WINDOW_OFF && w->len)
				fprintf(f, "  %016" PRIx64 "-%016" PRIx64 " (prio 0, i/o): %s.%s\n",
					w->base, w->base + w->len - 1, d->id,
					d->class->regions[w->region].name);
		}
}

void hmp_info_mtree(struct hmp_call *c)
{
	if (c->m->board) {
		claims(c->out, "memory", &c->m->board->mem);
		fputc('\n', c->out);
		claims(c->out, "I/O", &c->m->board->io);
	}
	if (c->m->dom)
		windows(c->out, domain_platform(c->m->dom));
}

/* ---- info dev, info pic, info irq ---- */

void hmp_info_dev(struct hmp_call *c)
{
	const char *id = hmp_text(c, "id");
	struct dev_env *envs[2];
	unsigned n = environments(c->m, envs), found = 0;

	for (unsigned i = 0; i < n; i++)
		for_each_dev(d, envs[i])
			if (!id || !strcmp(id, d->id)) {
				fprintf(c->out, "%s: %s\n", d->id, d->class->name);
				dev_info(d, c->out);
				found++;
			}
	if (id && !found)
		fprintf(c->out, "Error: Device '%.80s' not found\n", id);
}

void hmp_info_pic(struct hmp_call *c)
{
	struct dev *d = c->m->dom ? dev_find(domain_platform(c->m->dom), "pic") : NULL;

	if (d)
		dev_info(d, c->out);
	else
		fprintf(c->out, "No interrupt controller in this process\n");
}

void hmp_info_irq(struct hmp_call *c)
{
	if (!c->m->dom)
		return;
	for (unsigned i = 0; i < DOMAIN_PINS; i++)
		if (domain_pin(c->m->dom, i))
			fprintf(c->out, "%2u: high\n", i);
}
