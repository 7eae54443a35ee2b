/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/xen_memory.c: see xen_memory.h. */
#define __XEN_TOOLS__ 1
#include "dm/xen_memory.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xen/memory.h>

#define BUCKET_PAGES 256u /* 1 MiB */
#define BUCKET_BYTES (BUCKET_PAGES * XEN_PAGE)
#define MOST_BUCKETS 4096u
#define FOUR_GIB_GFN 0x100000ull
#define SHADOW_START 0xc0000ull
#define SHADOW_END   0x100000ull

struct xen_bucket {
	struct xen_bucket *next; /* most recently used first */
	uint64_t gfn;            /* of its first page */
	uint8_t *host;
	unsigned users;
	bool stale; /* not to be used again */
	uint8_t there[BUCKET_PAGES];
};

static int result(int rc)
{
	return rc < 0 ? -errno : 0;
}

/* ---- buckets ---- */

static void bucket_free(struct xen_memory *m, struct xen_bucket *b)
{
	xenforeignmemory_unmap(m->fmem, b->host, BUCKET_PAGES);
	free(b);
	m->n_buckets--;
}

static struct xen_bucket *bucket_new(struct xen_memory *m, uint64_t gfn)
{
	struct xen_bucket *b = calloc(1, sizeof(*b));
	xen_pfn_t frames[BUCKET_PAGES];
	int err[BUCKET_PAGES] = {0};

	if (!b)
		return NULL;
	for (unsigned i = 0; i < BUCKET_PAGES; i++)
		frames[i] = gfn + i;
	b->gfn = gfn;
	b->host = xenforeignmemory_map2(m->fmem, m->domid, NULL, PROT_READ | PROT_WRITE, 0,
					BUCKET_PAGES, frames, err);
	if (!b->host) {
		free(b);
		return NULL;
	}
	for (unsigned i = 0; i < BUCKET_PAGES; i++)
		b->there[i] = !err[i];
	b->next = m->buckets;
	m->buckets = b;
	m->n_buckets++;
	return b;
}

/* Takes away the unused ones that are stale, or the last unused one when there are too many. */
static void buckets_trim(struct xen_memory *m)
{
	struct xen_bucket **oldest = NULL;

	for (struct xen_bucket **at = &m->buckets, *b; (b = *at);) {
		if (!b->users && b->stale) {
			*at = b->next;
			bucket_free(m, b);
			continue;
		}
		if (!b->users)
			oldest = at;
		at = &b->next;
	}
	if (m->n_buckets >= MOST_BUCKETS && oldest) {
		struct xen_bucket *b = *oldest;

		*oldest = b->next;
		bucket_free(m, b);
	}
}

/* The bucket of gfn, now the first of the list. */
static struct xen_bucket *bucket_find(struct xen_memory *m, uint64_t gfn)
{
	uint64_t first = gfn - gfn % BUCKET_PAGES;

	for (struct xen_bucket **at = &m->buckets, *b; (b = *at); at = &b->next)
		if (b->gfn == first && !b->stale) {
			*at = b->next;
			b->next = m->buckets;
			m->buckets = b;
			return b;
		}
	return NULL;
}

static struct xen_bucket *bucket_get(struct xen_memory *m, uint64_t gfn)
{
	struct xen_bucket *b = bucket_find(m, gfn);

	/* A page that was not there may have come since (ballooning). */
	if (b && !b->there[gfn % BUCKET_PAGES]) {
		b->stale = true;
		b = NULL;
	}
	if (b)
		return b;
	buckets_trim(m);
	return bucket_new(m, gfn - gfn % BUCKET_PAGES);
}

void xen_memory_flush(struct xen_memory *m)
{
	for (struct xen_bucket *b = m->buckets; b; b = b->next)
		b->stale = true;
	buckets_trim(m);
}

/* ---- regions of our own ---- */

static struct xen_region *region_at(struct xen_memory *m, uint64_t gfn)
{
	for (unsigned i = 1; i < m->n_regions; i++) {
		struct xen_region *r = &m->regions[i];

		if (gfn >= r->at && gfn - r->at < r->size / XEN_PAGE)
			return r;
	}
	return NULL;
}

/* Beyond everything the guest has, and beyond 4 GiB where no BAR lies. */
static uint64_t scratch_start(struct xen_memory *m)
{
	domid_t *id = xencall_alloc_buffer(m->call, sizeof(*id));
	long last = -1;

	if (!id)
		return 0;
	*id = (domid_t)m->domid;
	last = xencall2L(m->call, __HYPERVISOR_memory_op, XENMEM_maximum_gpfn, (uintptr_t)id);
	xencall_free_buffer(m->call, id);
	return last < 0 ? 0 : MAX(FOUR_GIB_GFN, (uint64_t)last + 1);
}

static int populate(struct xen_memory *m, uint64_t first, uint64_t pages)
{
	struct xen_memory_reservation *r = xencall_alloc_buffer(m->call, sizeof(*r));
	xen_pfn_t *frames = xencall_alloc_buffer(m->call, pages * sizeof(*frames));
	long done = -1;

	if (r && frames) {
		for (uint64_t i = 0; i < pages; i++)
			frames[i] = first + i;
		memset(r, 0, sizeof(*r));
		set_xen_guest_handle(r->extent_start, frames);
		r->nr_extents = pages;
		r->domid = (domid_t)m->domid;
		done = xencall2L(m->call, __HYPERVISOR_memory_op, XENMEM_populate_physmap,
				 (uintptr_t)r);
	}
	if (frames)
		xencall_free_buffer(m->call, frames);
	if (r)
		xencall_free_buffer(m->call, r);
	return done == (long)pages ? 0 : -ENOMEM;
}

static uint8_t *map_frames(struct xen_memory *m, uint64_t first, uint64_t pages)
{
	xen_pfn_t *frames = calloc(pages, sizeof(*frames));
	uint8_t *host = NULL;

	if (!frames)
		return NULL;
	for (uint64_t i = 0; i < pages; i++)
		frames[i] = first + i;
	/* Without err: all pages or none. */
	host = xenforeignmemory_map(m->fmem, m->domid, PROT_READ | PROT_WRITE, pages, frames, NULL);
	free(frames);
	return host;
}

int xen_memory_create(struct xen_memory *m, uint64_t size, unsigned *region)
{
	struct xen_region *r = &m->regions[m->n_regions];
	uint64_t pages = size / XEN_PAGE;
	int rc;

	if (m->n_regions == XEN_REGIONS)
		return -ENOSPC;
	if (!size || size % XEN_PAGE || size > 1ull << 30)
		return -EINVAL;
	if (!m->scratch)
		m->scratch = scratch_start(m);
	if (!m->scratch)
		return -EIO;
	rc = populate(m, m->scratch, pages);
	if (rc)
		return rc;
	*r = (struct xen_region){.size = size, .home = m->scratch, .at = m->scratch};
	r->host = map_frames(m, r->at, pages);
	if (!r->host)
		return -EIO;
	memset(r->host, 0, size); /* Xen may be told not to scrub */
	m->scratch += pages;
	*region = m->n_regions++;
	return 0;
}

static int move(struct xen_memory *m, struct xen_region *r, uint64_t to)
{
	int rc;

	if (r->at == to)
		return 0;
	rc = result(xendevicemodel_relocate_memory(m->dmod, (domid_t)m->domid,
						   (uint32_t)(r->size / XEN_PAGE), r->at, to));
	if (rc)
		return rc;
	r->at = to;
	xen_memory_flush(m);
	return 0;
}

static int set_type(struct xen_memory *m, uint64_t gpa, uint64_t len, bool writable)
{
	return result(xendevicemodel_set_mem_type(m->dmod, (domid_t)m->domid,
						  writable ? HVMMEM_ram_rw : HVMMEM_ram_ro,
						  gpa / XEN_PAGE, (uint32_t)(len / XEN_PAGE)));
}

/* The guest's own RAM is where it is; only its being read-only can change (shadow RAM). */
int xen_memory_map(struct xen_memory *m, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
		   enum hv_source rd, enum hv_source wr)
{
	struct xen_region *r = &m->regions[region];
	int rc;

	(void)rd;
	if (region >= m->n_regions || gpa % XEN_PAGE || len % XEN_PAGE)
		return -EINVAL;
	if (!region)
		return off == gpa ? set_type(m, gpa, len, wr == HV_SRC_RAM) : -ENOTSUP;
	if (off || len != r->size)
		return -ENOTSUP;
	rc = move(m, r, gpa / XEN_PAGE);
	return rc ? rc : set_type(m, gpa, len, wr == HV_SRC_RAM);
}

int xen_memory_unmap(struct xen_memory *m, uint64_t gpa, uint64_t len)
{
	struct xen_region *r = region_at(m, gpa / XEN_PAGE);

	if (r && r->at == gpa / XEN_PAGE && r->size == len && r->at != r->home)
		return move(m, r, r->home);
	if (gpa >= SHADOW_START && gpa < SHADOW_END && len <= SHADOW_END - gpa)
		return set_type(m, gpa, len, true);
	return -ENOENT;
}

/* ---- DMA ---- */

void *xen_memory_dma(struct xen_memory *m, uint64_t gpa, size_t *len)
{
	uint64_t gfn = gpa / XEN_PAGE, off;
	struct xen_region *r = region_at(m, gfn);
	struct xen_bucket *b;
	unsigned page;

	if (r) {
		off = gpa - r->at * XEN_PAGE;
		*len = MIN(*len, r->size - off);
		return r->host + off;
	}
	b = bucket_get(m, gfn);
	if (!b || !b->there[gfn - b->gfn])
		return NULL;
	off = gpa - b->gfn * XEN_PAGE;
	page = (unsigned)(gfn - b->gfn);
	while (page < BUCKET_PAGES && b->there[page])
		page++;
	*len = MIN(*len, (uint64_t)page * XEN_PAGE - off);
	b->users++;
	return b->host + off;
}

void xen_memory_dma_end(struct xen_memory *m, void *p, uint64_t gpa, size_t written)
{
	uint64_t first = gpa / XEN_PAGE;
	struct xen_bucket *b = m->buckets;

	if (written && m->log_dirty)
		xendevicemodel_modified_memory(
			m->dmod, (domid_t)m->domid, first,
			(uint32_t)((gpa + written - 1) / XEN_PAGE - first + 1));
	while (b && ((uint8_t *)p < b->host || (uint8_t *)p >= b->host + BUCKET_BYTES))
		b = b->next;
	if (b && b->users && !--b->users && b->stale)
		buckets_trim(m);
}

/* ---- life ---- */

void xen_memory_init(struct xen_memory *m, uint32_t domid, xendevicemodel_handle *dmod,
		     xenforeignmemory_handle *fmem, xencall_handle *call)
{
	*m = (struct xen_memory){
		.domid = domid, .dmod = dmod, .fmem = fmem, .call = call, .n_regions = 1};
}

void xen_memory_fini(struct xen_memory *m)
{
	while (m->buckets) {
		struct xen_bucket *b = m->buckets;

		m->buckets = b->next;
		bucket_free(m, b);
	}
	for (unsigned i = 1; i < m->n_regions; i++)
		xenforeignmemory_unmap(m->fmem, m->regions[i].host, m->regions[i].size / XEN_PAGE);
	m->n_regions = 0;
}
