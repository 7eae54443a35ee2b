/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/board_ram.c: memory of devices (video RAM, ROMs): regions of the core, at their BARs. */
#include "dm/board.h"

#include "base/log.h"
#include "dm/machine_parts.h"

#include <errno.h>
#include <stdlib.h>

/* From here on the processors' and the board's own interrupt controllers answer, then the ROM. */
#define PCI_HOLE_END 0xfec00000ull
#define ONE_MIB      0x100000ull
#define PAGE         4096u

static struct board *board_of(struct dev_env *env)
{
	return container_of(env, struct board, env);
}

static struct board_ram *find(struct board *b, const struct dev *d, unsigned n)
{
	struct board_ram *r = b->rams;

	while (r && (r->dev != d || r->n != n))
		r = r->next;
	return r;
}

/* ---- making ---- */

/* The core has no way to give a region back. */
static struct board_ram *reuse(struct board *b, uint32_t size)
{
	struct board_ram *r = b->rams;

	while (r && (r->dev || r->size != size))
		r = r->next;
	return r;
}

static struct board_ram *make(struct board *b, const char *name, uint32_t size, int *rc)
{
	struct board_ram *r = calloc(1, sizeof(*r));

	*rc = r ? b->hv->ops->ram_create(b->hv, name, size, &r->region) : -ENOMEM;
	if (*rc) {
		free(r);
		return NULL;
	}
	r->size = size;
	r->next = b->rams;
	b->rams = r;
	return r;
}

int board_ram_create(struct dev_env *env, struct dev *d, unsigned n, const char *name)
{
	struct board *b = board_of(env);
	uint32_t size = dev_rams(d)[n].size;
	struct board_ram *r, *used;
	void *p;
	int rc = 0;

	if (!b->hv)
		return -ENODEV;
	r = used = reuse(b, size);
	if (!r)
		r = make(b, name, size, &rc);
	if (!rc)
		rc = b->hv->ops->ram_ptr(b->hv, r->region, &p);
	if (rc)
		return rc;
	r->dev = d;
	r->n = n;
	if (used) /* a new one is zeros, and takes no memory until it is touched */
		memset(p, 0, size);
	dev_rams(d)[n].p = p;
	return 0;
}

void board_ram_free(struct dev_env *env, struct dev *d, unsigned n)
{
	struct board_ram *r = find(board_of(env), d, n);

	if (r)
		r->dev = NULL;
}

void board_rams_free(struct board *b)
{
	while (b->rams) {
		struct board_ram *r = b->rams;

		b->rams = r->next;
		free(r);
	}
}

/* ---- mapping ---- */

static void unmap(struct board *b, struct board_ram *r)
{
	if (r->len)
		b->hv->ops->unmap(b->hv, r->gpa, r->len);
	r->len = 0;
}

/* RAM of the guest and what is fixed at the top win over a BAR. */
static void map(struct board *b, struct board_ram *r, const struct dev_ram *at)
{
	uint64_t floor = MAX(machine_ram_below_4g(b->m), ONE_MIB), start = MAX(at->base, floor);
	uint64_t end = MIN(at->base + at->size, PCI_HOLE_END);
	enum hv_source wr = at->rom ? HV_SRC_ROM : HV_SRC_RAM;
	int rc;

	if (at->base == WINDOW_OFF || start >= end)
		return;
	rc = b->hv->ops->map(b->hv, start, r->region, start - at->base, end - start,
			     at->rom ? HV_SRC_ROM : HV_SRC_RAM, wr);
	if (rc < 0) {
		log_warn("%s: the core does not map its memory at %#llx: %s", r->dev->id,
			 (unsigned long long)start, strerror(-rc));
		return;
	}
	r->gpa = start;
	r->len = end - start;
}

void board_ram_window(struct dev_env *env, struct dev *d, unsigned n)
{
	struct board *b = board_of(env);
	struct board_ram *r = find(b, d, n);

	if (!r)
		return;
	unmap(b, r);
	map(b, r, &dev_rams(d)[n]);
}

/* ---- the dirty log: kept by guest page, asked for by the device's ---- */

static void set_pages(uint8_t *bitmap, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		bitmap[i / 8] |= (uint8_t)(1 << i % 8);
}

static void merge(uint8_t *to, uint32_t first, uint32_t count, const uint8_t *from)
{
	for (uint32_t i = 0; i < count; i++)
		if (from[i / 8] >> i % 8 & 1)
			to[(first + i) / 8] |= (uint8_t)(1 << (first + i) % 8);
}

void board_ram_dirty(struct dev_env *env, struct dev *d, unsigned n, uint32_t first, uint32_t count,
		     uint8_t *bitmap)
{
	struct board *b = board_of(env);
	struct board_ram *r = find(b, d, n);
	uint32_t skipped, shown;
	uint8_t bits[1024];

	if (!r || !r->len)
		return;
	/* Pages of the device that are mapped: skipped … skipped + shown - 1. */
	skipped = (uint32_t)((r->gpa - dev_rams(d)[n].base) / PAGE);
	shown = (uint32_t)(r->len / PAGE);
	count = MIN(first + count, skipped + shown);
	first = MAX(first, skipped);
	for (uint32_t some; first < count; first += some) {
		some = MIN(count - first, (uint32_t)sizeof(bits) * 8);
		if (b->hv->ops->track_dirty(b->hv, r->gpa / PAGE + (first - skipped), some, bits))
			set_pages(bitmap, first, some);
		else
			merge(bitmap, first, some, bits);
	}
}
