/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/memmap.h: a guest's physical memory: backing stores, the ordered
 * list of maps, the flat view of both, a flag byte for each page. The core has
 * one; a remote device model keeps a second one in step for its DMA.
 */
#ifndef HYPERVISOR_MEMMAP_H
#define HYPERVISOR_MEMMAP_H
#include "base/err.h"
#include "hypervisor/public/hv.h"

#define MEM_REGIONS 64
#define MEM_SLOTS   256
#define MEM_PAGE    4096u
#define MEM_PAGES   (1ull << 28) /* of guest space that have a flag byte: 1 TiB */

struct mem_region { /* 0 is the domain's RAM */
	char name[32];
	uint64_t size;
	int fd;
	uint8_t *host;
};
struct mem_slot {
	uint64_t gpa, len, off;
	unsigned region;
	enum hv_source rd, wr;
	bool base; /* the domain's own RAM: not to be unmapped */
};
/* Where one direction of access ends up; host is that of span.start, for RAM and ROM. */
struct mem_side {
	enum hv_source src;
	uint8_t *host;
};
struct mem_span {
	uint64_t start, end; /* exclusive */
	struct mem_side rd, wr;
};
struct memmap {
	struct mem_region regions[MEM_REGIONS];
	unsigned n_regions;
	struct mem_slot slots[MEM_SLOTS]; /* oldest first */
	unsigned n_slots;
	struct mem_span spans[2 * MEM_SLOTS]; /* ascending, no holes between first and last */
	unsigned n_spans;
	uint64_t generation;
	int flags_fd;
	uint8_t *flags;
};

/* RAM of `ram` bytes, the part from below_4g on above 4 GiB. fds: of RAM and flags, taken over; or
 * NULL: new ones. */
int memmap_init(struct memmap *m, uint64_t ram, uint64_t below_4g, const int fds[2], struct err *e);
void memmap_fini(struct memmap *m);
/* fd: an existing store, taken over unless this fails; -1: a new one. Its number or -errno. */
int memmap_region(struct memmap *m, const char *name, uint64_t size, int fd, struct err *e);

/* Memory of a fixed size to share: the other side can neither shrink it nor make it grow. */
int memmap_file(const char *name, uint64_t size, struct err *e);

int memmap_map(struct memmap *m, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
	       enum hv_source rd, enum hv_source wr);
int memmap_unmap(struct memmap *m, uint64_t gpa, uint64_t len);

/* Back to the domain's own RAM: every map goes, and every region but it. */
void memmap_forget(struct memmap *m);

/* What an access at gpa meets: NONE goes to the ioreq servers. *len is clipped to where that
 * changes (never 0); *p: host memory, NULL unless RAM or ROM that is read. */
enum hv_source memmap_find(const struct memmap *m, uint64_t gpa, bool write, uint8_t **p,
			   uint64_t *len);
/* RAM (or ROM, to read) for DMA: NULL = none there. */
void *memmap_dma(const struct memmap *m, uint64_t gpa, size_t *len, bool write);
/* After a write of guest memory: full fence, dirty marks. True: a page with code was hit. */
bool memmap_written(struct memmap *m, uint64_t gpa, uint64_t len);
/* As hv_ops.track_dirty; at most 1 GiB at once. */
int memmap_track(struct memmap *m, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap);
#endif
