/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's libraries as dm/hv_xen.c calls them, over a struct domain: ioreq pages as a resource, event
 * ports, foreign mappings by guest frame, dm_ops under the domain's lock. What Xen does in the
 * hypervisor the core does here.
 */
#include "config.h"
#ifdef CONFIG_XEN
#define __XEN_TOOLS__ 1
#include "tests/hypervisor/rig.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/memory.h>
#include <xencall.h>
#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>

#define DOMID     7
#define REMOTE    100  /* port of vCPU 0; the ring's is the last + 1 */
#define LOCAL     4000 /* of remote port REMOTE */
#define RING_PAGE 0
#define SYNC_PAGE 1

struct fake {
	struct page_peer peer;
	struct domain *dom;
	int pages_fd;
	uint8_t *pages;
	bool created, dead;
	uint16_t server;
	/* event channels of the device model's side, by local port - LOCAL */
	pthread_mutex_t lock;
	int evfd;
	bool bound[DOMAIN_VCPUS + 1], pending[DOMAIN_VCPUS + 1], masked[DOMAIN_VCPUS + 1];
	/* populated beyond the domain's RAM */
	struct {
		unsigned region;
		uint64_t gfn, pages;
	} extra[8];
	unsigned n_extra, handles;
};
static struct fake *fake;

static int fail(int error)
{
	errno = error;
	return -1;
}

/* rc as -errno, to what the libraries return. */
static int lib(int rc)
{
	return rc < 0 ? fail(-rc) : 0;
}

static bool enter(void)
{
	domain_lock(fake->dom);
	if (!fake->dead)
		return true;
	domain_unlock(fake->dom);
	return false;
}

static int leave(int rc)
{
	domain_unlock(fake->dom);
	return lib(rc);
}

/* ---- event channels ---- */

static void raise_port(unsigned n)
{
	uint64_t one = 1;

	pthread_mutex_lock(&fake->lock);
	if (fake->bound[n] && !fake->pending[n]) {
		fake->pending[n] = true;
		if (!fake->masked[n])
			CHECK(write(fake->evfd, &one, sizeof(one)) == sizeof(one));
	}
	pthread_mutex_unlock(&fake->lock);
}

static void kick(struct page_peer *p, unsigned vcpu)
{
	(void)p;
	raise_port(vcpu == DOMAIN_NO_VCPU ? fake->dom->vcpus : vcpu);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned flags)
{
	(void)logger;
	(void)flags;
	fake->handles++;
	return (xenevtchn_handle *)fake;
}

static void handle_close(void)
{
	if (--fake->handles)
		return;
	close(fake->evfd);
	close(fake->pages_fd);
	munmap(fake->pages, 2 * MEM_PAGE);
	page_peer_fini(&fake->peer);
	free(fake);
	fake = NULL;
}

int xenevtchn_close(xenevtchn_handle *x)
{
	(void)x;
	handle_close();
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *x)
{
	(void)x;
	return fake->evfd;
}

/* A port's event masks it until the device model unmasks it. */
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *x)
{
	uint64_t n;
	int port = -1;

	(void)x;
	if (read(fake->evfd, &n, sizeof(n)) < 0)
		return -1;
	pthread_mutex_lock(&fake->lock);
	for (unsigned i = 0; port < 0 && i <= fake->dom->vcpus; i++)
		if (fake->pending[i] && !fake->masked[i]) {
			fake->pending[i] = false;
			fake->masked[i] = true;
			port = LOCAL + (int)i;
		}
	pthread_mutex_unlock(&fake->lock);
	return port < 0 ? fail(EAGAIN) : port;
}

int xenevtchn_unmask(xenevtchn_handle *x, evtchn_port_t port)
{
	unsigned n = port - LOCAL;
	uint64_t one = 1;

	(void)x;
	if (n > fake->dom->vcpus || !fake->bound[n])
		return fail(EINVAL);
	pthread_mutex_lock(&fake->lock);
	if (fake->masked[n] && fake->pending[n])
		CHECK(write(fake->evfd, &one, sizeof(one)) == sizeof(one));
	fake->masked[n] = false;
	pthread_mutex_unlock(&fake->lock);
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *x, uint32_t domid,
						     evtchn_port_t remote)
{
	unsigned n = remote - REMOTE;

	(void)x;
	if (domid != DOMID || n > fake->dom->vcpus || fake->bound[n])
		return fail(EINVAL);
	fake->bound[n] = true;
	return LOCAL + (int)n;
}

int xenevtchn_unbind(xenevtchn_handle *x, evtchn_port_t port)
{
	unsigned n = port - LOCAL;

	(void)x;
	if (n > fake->dom->vcpus || !fake->bound[n])
		return fail(EINVAL);
	fake->bound[n] = false;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *x, evtchn_port_t port)
{
	unsigned n = port - LOCAL;
	uint64_t one = 1;

	(void)x;
	if (n >= fake->dom->vcpus || !fake->bound[n])
		return fail(EINVAL);
	return write(fake->peer.bell[n], &one, sizeof(one)) < 0 ? -1 : 0;
}

/* ---- servers ---- */

xendevicemodel_handle *xendevicemodel_open(struct xentoollog_logger *logger, unsigned flags)
{
	(void)logger;
	(void)flags;
	fake->handles++;
	return (xendevicemodel_handle *)fake;
}

int xendevicemodel_close(xendevicemodel_handle *d)
{
	(void)d;
	handle_close();
	return 0;
}

int xendevicemodel_nr_vcpus(xendevicemodel_handle *d, domid_t domid, unsigned *vcpus)
{
	(void)d;
	*vcpus = fake->dom->vcpus;
	return domid == DOMID ? 0 : fail(ESRCH);
}

int xendevicemodel_create_ioreq_server(xendevicemodel_handle *d, domid_t domid, int bufioreq,
				       ioservid_t *id)
{
	(void)d;
	(void)domid;
	if (!enter())
		return fail(EIO);
	EQ(HVM_IOREQSRV_BUFIOREQ_ATOMIC, bufioreq);
	if (fake->created)
		return leave(-ENOSPC);
	fake->created = true;
	OK(core_server_new(fake->dom, bufioreq, &page_sender, &fake->peer, &fake->server));
	*id = fake->server;
	return leave(0);
}

int xendevicemodel_destroy_ioreq_server(xendevicemodel_handle *d, domid_t domid, ioservid_t id)
{
	(void)d;
	(void)domid;
	if (!enter())
		return fail(EIO);
	fake->created = false;
	core_lines_drop(fake->dom);
	return leave(core_server_free(fake->dom, id));
}

int xendevicemodel_get_ioreq_server_info(xendevicemodel_handle *d, domid_t domid, ioservid_t id,
					 xen_pfn_t *ioreq_gfn, xen_pfn_t *bufioreq_gfn,
					 evtchn_port_t *port)
{
	(void)d;
	(void)domid;
	if (ioreq_gfn || bufioreq_gfn)
		return fail(EPERM); /* the pages are a resource already */
	if (id != fake->server)
		return fail(ENOENT);
	*port = REMOTE + fake->dom->vcpus;
	return 0;
}

/* The ports' numbers stand in the page once the server is enabled, not before. */
int xendevicemodel_set_ioreq_server_state(xendevicemodel_handle *d, domid_t domid, ioservid_t id,
					  int enabled)
{
	struct hv_ioreq_page *p = (struct hv_ioreq_page *)(void *)(fake->pages + MEM_PAGE);

	(void)d;
	(void)domid;
	if (!enter())
		return fail(EIO);
	for (unsigned v = 0; v < fake->dom->vcpus; v++)
		p->vcpu_ioreq[v].vp_eport = REMOTE + v;
	return leave(core_server_enable(fake->dom, id, enabled));
}

static enum hv_range range_type(int is_mmio)
{
	return is_mmio ? HV_RANGE_MEMORY : HV_RANGE_PORT;
}

int xendevicemodel_map_io_range_to_ioreq_server(xendevicemodel_handle *d, domid_t domid,
						ioservid_t id, int is_mmio, uint64_t start,
						uint64_t end)
{
	(void)d;
	(void)domid;
	return enter() ? leave(core_map_range(fake->dom, id, range_type(is_mmio), start, end))
		       : fail(EIO);
}

int xendevicemodel_unmap_io_range_from_ioreq_server(xendevicemodel_handle *d, domid_t domid,
						    ioservid_t id, int is_mmio, uint64_t start,
						    uint64_t end)
{
	(void)d;
	(void)domid;
	return enter() ? leave(core_unmap_range(fake->dom, id, range_type(is_mmio), start, end))
		       : fail(EIO);
}

int xendevicemodel_map_pcidev_to_ioreq_server(xendevicemodel_handle *d, domid_t domid,
					      ioservid_t id, uint16_t segment, uint8_t bus,
					      uint8_t device, uint8_t function)
{
	uint64_t sbdf = (uint64_t)segment << 16 | bus << 8 | device << 3 | function;

	(void)d;
	(void)domid;
	return enter() ? leave(core_map_range(fake->dom, id, HV_RANGE_PCI, sbdf, sbdf)) : fail(EIO);
}

int xendevicemodel_unmap_pcidev_from_ioreq_server(xendevicemodel_handle *d, domid_t domid,
						  ioservid_t id, uint16_t segment, uint8_t bus,
						  uint8_t device, uint8_t function)
{
	uint64_t sbdf = (uint64_t)segment << 16 | bus << 8 | device << 3 | function;

	(void)d;
	(void)domid;
	return enter() ? leave(core_unmap_range(fake->dom, id, HV_RANGE_PCI, sbdf, sbdf))
		       : fail(EIO);
}

/* ---- interrupts: Xen knows levels, the core counters ---- */

static int set_level(unsigned slot, unsigned level)
{
	uint32_t seen;

	if (level > 1)
		return fail(EINVAL);
	if (!enter())
		return fail(EIO);
	seen = fake->dom->lines.seen[slot];
	if ((seen & 1) != level)
		core_line(fake->dom, slot, seen + 1, false);
	return leave(0);
}

int xendevicemodel_set_isa_irq_level(xendevicemodel_handle *d, domid_t domid, uint8_t irq,
				     unsigned level)
{
	(void)d;
	(void)domid;
	return irq > 15 ? fail(EINVAL) : set_level(HV_LINE_ISA(irq), level);
}

int xendevicemodel_set_pci_intx_level(xendevicemodel_handle *d, domid_t domid, uint16_t segment,
				      uint8_t bus, uint8_t device, uint8_t intx, unsigned level)
{
	(void)d;
	(void)domid;
	if (segment || bus || device > 31 || intx > 3)
		return fail(EINVAL);
	return set_level(HV_LINE_INTX(device, intx), level);
}

int xendevicemodel_set_pci_link_route(xendevicemodel_handle *d, domid_t domid, uint8_t link,
				      uint8_t irq)
{
	(void)d;
	(void)domid;
	return enter() ? leave(core_link_route(fake->dom, link, irq)) : fail(EIO);
}

int xendevicemodel_inject_msi(xendevicemodel_handle *d, domid_t domid, uint64_t addr, uint32_t data)
{
	(void)d;
	(void)domid;
	if (!enter())
		return fail(EIO);
	core_msi(fake->dom, addr, data);
	return leave(0);
}

int xendevicemodel_inject_event(xendevicemodel_handle *d, domid_t domid, int vcpu, uint8_t vector,
				uint8_t type, uint32_t error_code, uint8_t insn_len, uint64_t cr2)
{
	(void)d;
	(void)domid;
	(void)error_code;
	(void)insn_len;
	(void)cr2;
	EQ(2, vector);
	EQ(2, type);
	return enter() ? leave(core_nmi(fake->dom, (unsigned)vcpu)) : fail(EIO);
}

/* ---- memory ---- */

int xendevicemodel_track_dirty_vram(xendevicemodel_handle *d, domid_t domid, uint64_t first,
				    uint32_t nr, unsigned long *bitmap)
{
	(void)d;
	(void)domid;
	return enter() ? leave(core_track_dirty(fake->dom, first, nr, (uint8_t *)bitmap))
		       : fail(EIO);
}

int xendevicemodel_modified_memory(xendevicemodel_handle *d, domid_t domid, uint64_t first,
				   uint32_t nr)
{
	(void)d;
	(void)domid;
	return enter() ? leave(core_modified(fake->dom, first, nr)) : fail(EIO);
}

int xendevicemodel_set_mem_type(xendevicemodel_handle *d, domid_t domid, hvmmem_type_t type,
				uint64_t first, uint32_t nr)
{
	(void)d;
	(void)domid;
	(void)nr;
	return type > HVMMEM_ram_ro || first > MEM_PAGES ? fail(EINVAL) : 0;
}

int xendevicemodel_relocate_memory(xendevicemodel_handle *d, domid_t domid, uint32_t pages,
				   uint64_t src, uint64_t dst)
{
	uint64_t len = (uint64_t)pages * MEM_PAGE;
	int rc = -EINVAL;

	(void)d;
	(void)domid;
	if (!enter())
		return fail(EIO);
	for (unsigned i = 0; i < fake->n_extra; i++)
		if (fake->extra[i].gfn == src && fake->extra[i].pages == pages) {
			rc = memmap_unmap(&fake->dom->mem, src * MEM_PAGE, len);
			if (!rc)
				rc = memmap_map(&fake->dom->mem, dst * MEM_PAGE,
						fake->extra[i].region, 0, len, HV_SRC_RAM,
						HV_SRC_RAM);
			fake->extra[i].gfn = dst;
		}
	return leave(rc);
}

int xendevicemodel_shutdown(xendevicemodel_handle *d, domid_t domid, unsigned reason)
{
	(void)d;
	(void)domid;
	return enter() ? leave(core_shutdown(fake->dom, (enum hv_shutdown)reason)) : fail(EIO);
}

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger, unsigned flags)
{
	(void)logger;
	(void)flags;
	fake->handles++;
	return (xenforeignmemory_handle *)fake;
}

int xenforeignmemory_close(xenforeignmemory_handle *f)
{
	(void)f;
	handle_close();
	return 0;
}

/* The file and offset of a guest frame; false: not RAM. */
static bool frame_file(uint64_t gfn, int *fd, off_t *off)
{
	struct memmap *m = &fake->dom->mem;
	size_t len = MEM_PAGE;
	uint8_t *p = memmap_dma(m, gfn * MEM_PAGE, &len, false);

	for (unsigned i = 0; p && i < m->n_regions; i++)
		if (p >= m->regions[i].host && p < m->regions[i].host + m->regions[i].size) {
			*fd = m->regions[i].fd;
			*off = p - m->regions[i].host;
			return true;
		}
	return false;
}

static bool frame_map(uint8_t *at, uint64_t gfn, int prot)
{
	off_t off;
	int fd;

	return frame_file(gfn, &fd, &off) &&
	       mmap(at, MEM_PAGE, prot, MAP_SHARED | MAP_FIXED, fd, off) != MAP_FAILED;
}

void *xenforeignmemory_map2(xenforeignmemory_handle *f, uint32_t domid, void *addr, int prot,
			    int flags, size_t pages, const xen_pfn_t *arr, int *err)
{
	bool all = true;
	uint8_t *p;

	(void)f;
	(void)addr;
	(void)flags;
	EQ(DOMID, domid);
	if (!enter())
		return NULL;
	p = mmap(NULL, pages * MEM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; p != MAP_FAILED && i < pages; i++) {
		bool ok = frame_map(p + i * MEM_PAGE, arr[i], prot);

		all &= ok;
		if (err)
			err[i] = ok ? 0 : -EINVAL;
	}
	domain_unlock(fake->dom);
	if (p == MAP_FAILED)
		return NULL;
	if (all || err)
		return p;
	munmap(p, pages * MEM_PAGE);
	errno = EINVAL;
	return NULL;
}

void *xenforeignmemory_map(xenforeignmemory_handle *f, uint32_t domid, int prot, size_t pages,
			   const xen_pfn_t *arr, int *err)
{
	return xenforeignmemory_map2(f, domid, NULL, prot, 0, pages, arr, err);
}

int xenforeignmemory_unmap(xenforeignmemory_handle *f, void *addr, size_t pages)
{
	(void)f;
	return munmap(addr, pages * MEM_PAGE);
}

xenforeignmemory_resource_handle *xenforeignmemory_map_resource(xenforeignmemory_handle *f,
								domid_t domid, unsigned type,
								unsigned id, unsigned long frame,
								unsigned long frames, void **addr,
								int prot, int flags)
{
	(void)f;
	(void)domid;
	(void)flags;
	EQ(XENMEM_resource_ioreq_server, type);
	EQ(fake->server, id);
	EQ(RING_PAGE, frame);
	EQ(2, frames);
	*addr = mmap(NULL, 2 * MEM_PAGE, prot, MAP_SHARED, fake->pages_fd, 0);
	return *addr == MAP_FAILED ? NULL : *addr;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *f, xenforeignmemory_resource_handle *r)
{
	(void)f;
	return munmap(r, 2 * MEM_PAGE);
}

/* ---- hypercalls ---- */

xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned flags)
{
	(void)logger;
	(void)flags;
	fake->handles++;
	return (xencall_handle *)fake;
}

int xencall_close(xencall_handle *x)
{
	(void)x;
	handle_close();
	return 0;
}

void *xencall_alloc_buffer(xencall_handle *x, size_t size)
{
	(void)x;
	return malloc(size);
}

void xencall_free_buffer(xencall_handle *x, void *p)
{
	(void)x;
	free(p);
}

static long populate(const struct xen_memory_reservation *r)
{
	const xen_pfn_t *frames = *(xen_pfn_t *const *)(const void *)&r->extent_start;
	uint64_t len = r->nr_extents * MEM_PAGE;
	int region;

	EQ(DOMID, r->domid);
	EQ(0, r->extent_order);
	if (!enter())
		return fail(EIO);
	region = memmap_region(&fake->dom->mem, "populated", len, -1, NULL);
	if (region < 0 || fake->n_extra == ARRAY_SIZE(fake->extra))
		return leave(-ENOMEM);
	fake->extra[fake->n_extra].region = (unsigned)region;
	fake->extra[fake->n_extra].gfn = frames[0];
	fake->extra[fake->n_extra++].pages = r->nr_extents;
	if (leave(memmap_map(&fake->dom->mem, frames[0] * MEM_PAGE, (unsigned)region, 0, len,
			     HV_SRC_RAM, HV_SRC_RAM)))
		return -1;
	return (long)r->nr_extents;
}

long xencall2L(xencall_handle *x, unsigned op, uint64_t cmd, uint64_t arg)
{
	(void)x;
	EQ(__HYPERVISOR_memory_op, op);
	if (cmd == XENMEM_maximum_gpfn)
		return (long)(fake->dom->ram / MEM_PAGE - 1);
	EQ(XENMEM_populate_physmap, cmd);
	return populate((const struct xen_memory_reservation *)(uintptr_t)arg);
}

/* ---- the rig's side ---- */

struct hv *rig_xen_open(struct rig *r)
{
	struct err e = {""};
	struct hv *hv;

	MUST(!fake);
	fake = calloc(1, sizeof(*fake));
	MUST(fake);
	fake->dom = r->dom;
	fake->peer.dom = r->dom;
	fake->peer.kick = kick;
	pthread_mutex_init(&fake->lock, NULL);
	OK(page_peer_init(&fake->peer, NULL));
	fake->evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	fake->pages_fd = memmap_file("pages", 2 * MEM_PAGE, NULL);
	fake->pages =
		mmap(NULL, 2 * MEM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fake->pages_fd, 0);
	MUST(fake->pages != MAP_FAILED);
	fake->peer.ring = (void *)fake->pages;
	fake->peer.page = (void *)(fake->pages + SYNC_PAGE * MEM_PAGE);
	/* hvmloader's ROMs lie in RAM, which Xen gives a guest there too. */
	domain_lock(r->dom);
	OK(memmap_map(&r->dom->mem, 0xc0000, 0, 0xc0000, 0x40000, HV_SRC_RAM, HV_SRC_RAM));
	domain_unlock(r->dom);
	hv = hv_xen_open(DOMID, &e);
	NOTE("%s", e.msg);
	return hv;
}

void rig_xen_die(struct rig *r)
{
	domain_lock(r->dom);
	fake->dead = true;
	core_servers_drop(r->dom, &fake->peer, true);
	page_peer_gone(&fake->peer);
	core_lines_drop(r->dom);
	domain_unlock(r->dom);
}
#endif
