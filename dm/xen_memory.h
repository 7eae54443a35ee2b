/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/xen_memory.h: a Xen guest's memory as its device model reaches it: foreign
 * mappings kept in buckets for DMA, and pages of our own (VRAM, ROMs) that move
 * in guest space as their BAR does.
 */
#ifndef DM_XEN_MEMORY_H
#define DM_XEN_MEMORY_H
#include "base/err.h"
#include "hypervisor/public/hv.h"

#include <xencall.h>
#include <xendevicemodel.h>
#include <xenforeignmemory.h>

#define XEN_PAGE    4096u
#define XEN_REGIONS 16

struct xen_bucket;
struct xen_region { /* number 0 stands for the domain's own RAM */
	uint64_t size;
	uint64_t home, at; /* guest frames: where it lies unmapped, where it is now */
	uint8_t *host;
};
struct xen_memory {
	uint32_t domid;
	xendevicemodel_handle *dmod;
	xenforeignmemory_handle *fmem;
	xencall_handle *call;
	struct xen_region regions[XEN_REGIONS];
	unsigned n_regions;
	uint64_t scratch; /* next free frame beyond all that the guest has */
	struct xen_bucket *buckets;
	unsigned n_buckets;
	bool log_dirty; /* a migration wants to hear of every write */
};

/* The handles stay the caller's. */
void xen_memory_init(struct xen_memory *m, uint32_t domid, xendevicemodel_handle *dmod,
		     xenforeignmemory_handle *fmem, xencall_handle *call);
void xen_memory_fini(struct xen_memory *m);
/* The guest's map changed: mappings are looked up anew; those in use end with their DMA. */
void xen_memory_flush(struct xen_memory *m);

int xen_memory_create(struct xen_memory *m, uint64_t size, unsigned *region);
int xen_memory_map(struct xen_memory *m, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
		   enum hv_source rd, enum hv_source wr);
int xen_memory_unmap(struct xen_memory *m, uint64_t gpa, uint64_t len);
void *xen_memory_dma(struct xen_memory *m, uint64_t gpa, size_t *len);
void xen_memory_dma_end(struct xen_memory *m, void *p, uint64_t gpa, size_t written);
#endif
