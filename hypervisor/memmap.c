/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/memmap.c: see memmap.h. Spans are made anew at each change: maps are rare. */
#include "hypervisor/memmap.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define FOUR_GIB (4ull << 30)
#define VGA_HOLE 0xa0000ull
#define ONE_MIB  0x100000ull

/* ---- backing stores ---- */

int memmap_file(const char *name, uint64_t size, struct err *e)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_errno(e, -errno, "no memory file for %s", name);
	if (ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int rc = -errno;

		close(fd);
		return err_errno(e, rc, "no %llu bytes for %s", (unsigned long long)size, name);
	}
	return fd;
}

static uint8_t *region_map(const char *name, uint64_t size, int fd, struct err *e)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (p == MAP_FAILED) {
		err_errno(e, -errno, "cannot map %llu bytes of %s", (unsigned long long)size, name);
		return NULL;
	}
	return p;
}

int memmap_region(struct memmap *m, const char *name, uint64_t size, int fd, struct err *e)
{
	struct mem_region *r = &m->regions[m->n_regions];

	if (m->n_regions == MEM_REGIONS)
		return err_set(e, -ENOSPC, "more than %d memory regions", MEM_REGIONS);
	if (!size || size % MEM_PAGE || size > MEM_PAGES * MEM_PAGE)
		return err_set(e, -EINVAL, "%s: %llu bytes are not whole pages", name,
			       (unsigned long long)size);
	*r = (struct mem_region){.size = size, .fd = fd};
	strncpy(r->name, name, sizeof(r->name) - 1);
	if (fd < 0)
		r->fd = memmap_file(r->name, size, e);
	if (r->fd < 0)
		return r->fd;
	r->host = region_map(r->name, size, r->fd, e);
	if (!r->host) {
		if (fd < 0)
			close(r->fd);
		return -ENOMEM;
	}
	return (int)m->n_regions++;
}

/* ---- the flat view ---- */

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Every address at which some slot begins or ends, ascending, each once. */
static unsigned edges_of(const struct memmap *m, uint64_t *edge)
{
	unsigned n = 0, kept = 0;

	for (unsigned i = 0; i < m->n_slots; i++) {
		edge[n++] = m->slots[i].gpa;
		edge[n++] = m->slots[i].gpa + m->slots[i].len;
	}
	qsort(edge, n, sizeof(*edge), by_address);
	for (unsigned i = 0; i < n; i++)
		if (!kept || edge[i] != edge[kept - 1])
			edge[kept++] = edge[i];
	return kept;
}

/* The newest slot over gpa that does not say BELOW decides. */
static struct mem_side side_at(const struct memmap *m, uint64_t gpa, bool write)
{
	for (unsigned i = m->n_slots; i-- > 0;) {
		const struct mem_slot *s = &m->slots[i];
		enum hv_source src = write ? s->wr : s->rd;

		if (gpa < s->gpa || gpa - s->gpa >= s->len || src == HV_SRC_BELOW)
			continue;
		if (src == HV_SRC_NONE)
			break;
		return (struct mem_side){src, m->regions[s->region].host + s->off + (gpa - s->gpa)};
	}
	return (struct mem_side){HV_SRC_NONE, NULL};
}

static bool side_continues(const struct mem_side *a, const struct mem_side *b, uint64_t len)
{
	return a->src == b->src && (a->src == HV_SRC_NONE || a->host + len == b->host);
}

static void span_add(struct memmap *m, const struct mem_span *s)
{
	struct mem_span *last = m->n_spans ? &m->spans[m->n_spans - 1] : NULL;

	if (last && side_continues(&last->rd, &s->rd, last->end - last->start) &&
	    side_continues(&last->wr, &s->wr, last->end - last->start))
		last->end = s->end;
	else
		m->spans[m->n_spans++] = *s;
}

static void flatten(struct memmap *m)
{
	uint64_t edge[2 * MEM_SLOTS];
	unsigned n = edges_of(m, edge);

	m->n_spans = 0;
	for (unsigned i = 0; i + 1 < n; i++) {
		struct mem_span s = {.start = edge[i],
				     .end = edge[i + 1],
				     .rd = side_at(m, edge[i], false),
				     .wr = side_at(m, edge[i], true)};
		span_add(m, &s);
	}
	m->generation++;
}

/* ---- maps ---- */

static void slot_remove(struct memmap *m, unsigned i)
{
	m->n_slots--;
	memmove(&m->slots[i], &m->slots[i + 1], (m->n_slots - i) * sizeof(m->slots[0]));
}

/* The newest of exactly this range; region < 0: of any. -1: none. */
static int slot_find(const struct memmap *m, uint64_t gpa, uint64_t len, int region)
{
	for (unsigned i = m->n_slots; i-- > 0;) {
		const struct mem_slot *s = &m->slots[i];

		if (!s->base && s->gpa == gpa && s->len == len &&
		    (region < 0 || s->region == (unsigned)region))
			return (int)i;
	}
	return -1;
}

static bool range_valid(uint64_t start, uint64_t len)
{
	uint64_t end;

	return len && !(start % MEM_PAGE) && !(len % MEM_PAGE) && !add_overflows(start, len, &end);
}

/* A display may begin to look at a device's memory at any time. So who runs guest code looks at
 * the flag after each store there from the first on: logged, and changed already. */
static void always_log(struct memmap *m, const struct mem_slot *s)
{
	if (!s->region || s->wr != HV_SRC_RAM)
		return;
	for (uint64_t i = s->gpa / MEM_PAGE; i < MIN((s->gpa + s->len) / MEM_PAGE, MEM_PAGES); i++)
		__atomic_fetch_or(&m->flags[i], HV_PAGE_LOG | HV_PAGE_DIRTY, __ATOMIC_SEQ_CST);
}

int memmap_map(struct memmap *m, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
	       enum hv_source rd, enum hv_source wr)
{
	int old;

	if (!range_valid(gpa, len) || region >= m->n_regions || off % MEM_PAGE ||
	    off > m->regions[region].size || len > m->regions[region].size - off ||
	    (unsigned)rd > HV_SRC_BELOW || (unsigned)wr > HV_SRC_BELOW)
		return -EINVAL;
	old = slot_find(m, gpa, len, (int)region);
	if (old >= 0)
		slot_remove(m, (unsigned)old);
	if (m->n_slots == MEM_SLOTS)
		return -ENOSPC;
	m->slots[m->n_slots] = (struct mem_slot){gpa, len, off, region, rd, wr, false};
	always_log(m, &m->slots[m->n_slots++]);
	flatten(m);
	return 0;
}

int memmap_unmap(struct memmap *m, uint64_t gpa, uint64_t len)
{
	int old = slot_find(m, gpa, len, -1);

	if (old < 0)
		return -ENOENT;
	slot_remove(m, (unsigned)old);
	flatten(m);
	return 0;
}

static void region_free(struct mem_region *r)
{
	munmap(r->host, r->size);
	close(r->fd);
}

void memmap_forget(struct memmap *m)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < m->n_slots; i++)
		if (m->slots[i].base)
			m->slots[kept++] = m->slots[i];
	m->n_slots = kept;
	flatten(m);
	while (m->n_regions > 1)
		region_free(&m->regions[--m->n_regions]);
}

static void map_base(struct memmap *m, uint64_t gpa, uint64_t off, uint64_t end)
{
	if (end > off)
		m->slots[m->n_slots++] =
			(struct mem_slot){gpa, end - off, off, 0, HV_SRC_RAM, HV_SRC_RAM, true};
}

int memmap_init(struct memmap *m, uint64_t ram, uint64_t below_4g, const int fds[2], struct err *e)
{
	uint64_t low = MIN(ram, below_4g);
	int rc;

	m->flags_fd = fds ? fds[1] : -1;
	rc = memmap_region(m, "ram", ram, fds ? fds[0] : -1, e);
	if (rc < 0 && fds)
		close(fds[0]);
	if (rc < 0)
		return rc;
	if (!fds)
		m->flags_fd = memmap_file("page-flags", MEM_PAGES, e);
	if (m->flags_fd < 0)
		return m->flags_fd;
	m->flags = region_map("page-flags", MEM_PAGES, m->flags_fd, e);
	if (!m->flags)
		return -ENOMEM;
	map_base(m, 0, 0, MIN(low, VGA_HOLE));
	map_base(m, ONE_MIB, ONE_MIB, low);
	map_base(m, FOUR_GIB, low, ram);
	flatten(m);
	return 0;
}

void memmap_fini(struct memmap *m)
{
	for (unsigned i = 0; i < m->n_regions; i++)
		region_free(&m->regions[i]);
	if (m->flags)
		munmap(m->flags, MEM_PAGES);
	if (m->flags_fd >= 0)
		close(m->flags_fd);
	*m = (struct memmap){.flags_fd = -1};
}

/* ---- looking up ---- */

/* The first span that ends behind gpa, or n_spans. */
static unsigned span_at(const struct memmap *m, uint64_t gpa)
{
	unsigned lo = 0, hi = m->n_spans;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (m->spans[mid].end > gpa)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

enum hv_source memmap_find(const struct memmap *m, uint64_t gpa, bool write, uint8_t **p,
			   uint64_t *len)
{
	unsigned i = span_at(m, gpa);
	const struct mem_span *s = &m->spans[i];
	const struct mem_side *side = write ? &s->wr : &s->rd;

	*p = NULL;
	if (i == m->n_spans)
		return HV_SRC_NONE;
	if (gpa < s->start) {
		*len = MIN(*len, s->start - gpa);
		return HV_SRC_NONE;
	}
	*len = MIN(*len, s->end - gpa);
	if (side->src == HV_SRC_RAM || (side->src == HV_SRC_ROM && !write))
		*p = side->host + (gpa - s->start);
	return side->src;
}

void *memmap_dma(const struct memmap *m, uint64_t gpa, size_t *len, bool write)
{
	uint64_t n = *len;
	uint8_t *p;

	memmap_find(m, gpa, write, &p, &n);
	if (p)
		*len = n;
	return p;
}

/* ---- flags ---- */

bool memmap_written(struct memmap *m, uint64_t gpa, uint64_t len)
{
	uint64_t first = gpa / MEM_PAGE, last;
	bool code = false;

	if (!len)
		return false;
	last = MIN((gpa + len - 1) / MEM_PAGE, MEM_PAGES - 1);
	/* The data before the look at the flag; who sets a flag does the same the other way. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint64_t i = first; i <= last; i++) {
		uint8_t f = __atomic_load_n(&m->flags[i], __ATOMIC_RELAXED);

		if ((f & (HV_PAGE_LOG | HV_PAGE_DIRTY)) == HV_PAGE_LOG)
			__atomic_fetch_or(&m->flags[i], HV_PAGE_DIRTY, __ATOMIC_RELEASE);
		code |= f & HV_PAGE_CODE;
	}
	return code;
}

/* A page that was not logged so far may have changed, and one that is open changes unseen: they
 * count as dirty. */
static bool track_page(uint8_t *flag)
{
	uint8_t f = __atomic_fetch_or(flag, HV_PAGE_LOG, __ATOMIC_SEQ_CST);

	if (f & HV_PAGE_OPEN)
		return true;
	if (f & HV_PAGE_LOG && !(f & HV_PAGE_DIRTY))
		return false;
	__atomic_fetch_and(flag, (uint8_t)~HV_PAGE_DIRTY, __ATOMIC_SEQ_CST);
	return true;
}

int memmap_track(struct memmap *m, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap)
{
	if (nr > (1u << 30) / MEM_PAGE || first_gfn > MEM_PAGES - nr)
		return -EINVAL;
	memset(bitmap, 0, (nr + 7) / 8);
	for (uint64_t i = 0; i < nr; i++)
		if (track_page(&m->flags[first_gfn + i]))
			bitmap[i / 8] |= (uint8_t)(1 << i % 8);
	return 0;
}
