/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dm/machine_config.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>

void *list_grow(void *v, unsigned *n, size_t size)
{
	char *more = realloc(v, (*n + 1) * size);

	if (!more)
		return NULL;
	memset(more + *n * size, 0, size);
	++*n;
	return more;
}

int text_list_add(struct text_list *l, const char *text)
{
	char *copy = strdup(text), **v = copy ? list_grow(l->v, &l->n, sizeof(*v)) : NULL;

	if (!v) {
		free(copy);
		return -ENOMEM;
	}
	l->v = v;
	v[l->n - 1] = copy;
	return 0;
}

struct opts *opts_list_add(struct opts_list *l)
{
	struct opts *v = list_grow(l->v, &l->n, sizeof(*v));

	if (!v)
		return NULL;
	l->v = v;
	return &v[l->n - 1];
}

static void free_texts(struct text_list *l)
{
	for (unsigned i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static void free_opts(struct opts_list *l)
{
	for (unsigned i = 0; i < l->n; i++)
		opts_free(&l->v[i]);
	free(l->v);
}

static void free_drive(struct drive_config *d)
{
	free(d->id);
	free(d->file);
	free(d->format);
	free(d->cache);
	free(d->serial);
}

static void free_nic(struct nic_config *n)
{
	free(n->model);
	free(n->mac);
	free(n->addr);
	free(n->netdev);
}

static void free_lists(struct machine_config *c)
{
	for (unsigned i = 0; i < c->n_drives; i++)
		free_drive(&c->drives[i]);
	free(c->drives);
	for (unsigned i = 0; i < c->n_mons; i++) {
		free(c->mons[i].chardev);
		free(c->mons[i].spec);
	}
	free(c->mons);
	for (unsigned i = 0; i < c->n_fdsets; i++)
		free(c->fdsets[i].opaque);
	free(c->fdsets);
	for (unsigned i = 0; i < c->n_nics; i++)
		free_nic(&c->nics[i]);
	free(c->nics);
	free_texts(&c->old_nets);
	free_opts(&c->dumps);
	opts_free(&c->smbios_bios);
	opts_free(&c->smbios_system);
	free_opts(&c->fw_cfg);
	free_opts(&c->devices);
	free_opts(&c->globals);
	free_texts(&c->chardevs);
	free_texts(&c->netdevs);
	free_texts(&c->serials);
	free_texts(&c->usbdevices);
	free_texts(&c->rom_dirs);
}

void config_free(struct machine_config *c)
{
	char *const texts[] = {
		c->name,    c->process_name, c->uuid,      c->machine,     c->accel,
		c->core,    c->cpu,          c->bios,      c->kernel,      c->initrd,
		c->append,  c->boot_order,   c->boot_once, c->vnc,         c->vga,
		c->qtest,   c->gdb,          c->debugcon,  c->qtest_log,   c->log_file,
		c->pidfile, c->trace,        c->window.gl, c->window.grab, c->keymap};

	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	free_lists(c);
	*c = (struct machine_config){0};
}
