/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/dev_ram.c: memory that belongs to a device; the environment keeps and maps it. */
#include "base/dev_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { PAGE = 4096, ROM_MAX = 16 << 20 };

struct dev_ram *dev_rams(const struct dev *d)
{
	return d->p->rams;
}

uint8_t *dev_ram(struct dev *d, unsigned n, const char *name, uint32_t size, struct err *e)
{
	struct dev_ram *r = &d->p->rams[n];
	int rc = -ENOSYS;

	assert(n < DEV_RAMS && !r->size && size && size % PAGE == 0);
	r->size = size;
	if (d->env->ops->ram_create)
		rc = d->env->ops->ram_create(d->env, d, n, name);
	if (!rc)
		return r->p;
	r->size = 0;
	err_errno(e, rc, "%s: no %u KiB of memory for %s", d->class->name, size >> 10, name);
	return NULL;
}

/* What is behind the image reads as ones, like an EPROM that was not programmed. */
static int rom_fill(struct dev *d, unsigned n, const char *file, const uint8_t *data, size_t len,
		    struct err *e)
{
	uint32_t size = PAGE;
	uint8_t *p;

	if (len > ROM_MAX)
		return err_set(e, -EFBIG, "%s: an expansion ROM has 16 MiB at most", file);
	while (size < len)
		size *= 2;
	p = dev_ram(d, n, "rom", size, e);
	if (!p)
		return -ENOMEM;
	memset(p, 0xff, size);
	memcpy(p, data, len);
	return 0;
}

int dev_rom(struct dev *d, unsigned n, const char *file, struct err *e)
{
	uint8_t *data = NULL;
	size_t len = 0;
	int rc;

	if (!file || !*file || !d->env->ops->rom_file)
		return 0;
	rc = d->env->ops->rom_file(d->env, d, file, &data, &len, e);
	if (!rc && data)
		rc = rom_fill(d, n, file, data, len, e);
	free(data);
	return rc;
}

uint32_t dev_ram_size(const struct dev *d, unsigned n)
{
	return d->p->rams[n].size;
}

void dev_ram_window(struct dev *d, unsigned n, uint64_t base, bool rom)
{
	struct dev_ram *r = &d->p->rams[n];

	assert(n < DEV_RAMS);
	if (!r->size || (r->base == base && (r->rom == rom || base == WINDOW_OFF)))
		return;
	r->base = base;
	r->rom = rom;
	if (d->env->ops->ram_window)
		d->env->ops->ram_window(d->env, d, n);
}

void dev_ram_dirty(struct dev *d, unsigned n, uint32_t first, uint32_t count, uint8_t *bitmap)
{
	struct dev_ram *r = &d->p->rams[n];

	assert(n < DEV_RAMS && first + count <= r->size / PAGE);
	if (r->base == WINDOW_OFF)
		return;
	if (d->env->ops->ram_dirty) {
		d->env->ops->ram_dirty(d->env, d, n, first, count, bitmap);
		return;
	}
	for (uint32_t i = first; i < first + count; i++)
		bitmap[i / 8] |= (uint8_t)(1 << i % 8);
}

void dev_rams_free(struct dev *d)
{
	for (unsigned n = 0; n < DEV_RAMS; n++) {
		dev_ram_window(d, n, WINDOW_OFF, false);
		if (d->p->rams[n].size && d->env->ops->ram_free)
			d->env->ops->ram_free(d->env, d, n);
		d->p->rams[n].size = 0;
	}
}
