/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/hv_xen.c: the Xen transport: a real hypervisor through libxendevicemodel, libxenforeignmemory,
 * libxenevtchn and libxencall. One ioreq server; its pages are mapped as a resource.
 */
#define __XEN_TOOLS__ 1
#include "base/util.h"
#include "dm/xen_memory.h"
#include "hypervisor/public/ioreq_run.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <xen/memory.h>
#include <xenevtchn.h>

#define MOST_EDGES     64
#define EVENT_NMI      2 /* X86_EVENTTYPE_NMI */
#define NO_ERROR_CODE  ~0u
#define RESOURCE_PAGES 2

struct xen_hv {
	struct hv hv;
	uint32_t domid;
	xendevicemodel_handle *dmod;
	xenforeignmemory_handle *fmem;
	xenevtchn_handle *evtchn;
	xencall_handle *call;
	struct xen_memory mem;
	unsigned vcpus;
	bool created, bound;
	ioservid_t server;
	xenforeignmemory_resource_handle *resource;
	struct hv_buf_page *ring;
	struct hv_ioreq_page *page;
	evtchn_port_t ring_remote;
	int ports[HV_IOREQ_SLOTS], ring_port; /* local; -1: not bound */
	struct watch *watch;
	struct hv_client client;
	uint32_t lines[HV_LINES]; /* counters as last shown to Xen */
};

static struct xen_hv *of(struct hv *hv)
{
	return container_of(hv, struct xen_hv, hv);
}

static int result(int rc)
{
	return rc < 0 ? -errno : 0;
}

/* ---- requests ---- */

/* The guest's memory moved: whatever is mapped is old. */
static bool is_invalidate(struct xen_hv *x, const struct hv_ioreq *req)
{
	if (req->type != HV_IOREQ_INVALIDATE)
		return false;
	xen_memory_flush(&x->mem);
	return true;
}

static void serve_vcpu(struct xen_hv *x, unsigned vcpu)
{
	struct hv_ioreq req;

	if (!x->page || !ioreq_take(x->page, vcpu, &req))
		return;
	ioreq_drain(x->ring, &x->client);
	if (!is_invalidate(x, &req))
		x->client.ioreq(x->client.arg, &req, vcpu);
	ioreq_answer(x->page, vcpu, &req);
	xenevtchn_notify(x->evtchn, (evtchn_port_t)x->ports[vcpu]);
}

static void event_ready(void *arg, uint32_t events)
{
	struct xen_hv *x = arg;
	xenevtchn_port_or_error_t port = xenevtchn_pending(x->evtchn);

	(void)events;
	if (port < 0)
		return;
	xenevtchn_unmask(x->evtchn, (evtchn_port_t)port);
	for (unsigned v = 0; v < x->vcpus; v++)
		if (x->ports[v] == port) {
			serve_vcpu(x, v);
			return;
		}
	if (port == x->ring_port && x->ring)
		ioreq_drain(x->ring, &x->client);
}

static void serve_all(struct xen_hv *x)
{
	for (unsigned v = 0; x->bound && v < x->vcpus; v++)
		serve_vcpu(x, v);
	if (x->ring)
		ioreq_drain(x->ring, &x->client);
}

/* ---- the server ---- */

static int map_pages(struct xen_hv *x)
{
	void *p = NULL;

	x->resource = xenforeignmemory_map_resource(x->fmem, (domid_t)x->domid,
						    XENMEM_resource_ioreq_server, x->server,
						    XENMEM_resource_ioreq_server_frame_bufioreq,
						    RESOURCE_PAGES, &p, PROT_READ | PROT_WRITE, 0);
	if (!x->resource)
		return -errno;
	x->ring = p;
	x->page = (struct hv_ioreq_page *)((uint8_t *)p + XEN_PAGE);
	return result(xendevicemodel_get_ioreq_server_info(x->dmod, (domid_t)x->domid, x->server,
							   NULL, NULL, &x->ring_remote));
}

static int xen_destroy(struct hv *hv, uint16_t id)
{
	struct xen_hv *x = of(hv);

	if (!x->created || id != x->server)
		return -ENOENT;
	for (unsigned v = 0; v < HV_IOREQ_SLOTS; v++) {
		if (x->ports[v] >= 0)
			xenevtchn_unbind(x->evtchn, (evtchn_port_t)x->ports[v]);
		x->ports[v] = -1;
	}
	if (x->ring_port >= 0)
		xenevtchn_unbind(x->evtchn, (evtchn_port_t)x->ring_port);
	x->ring_port = -1;
	if (x->resource)
		xenforeignmemory_unmap_resource(x->fmem, x->resource);
	x->resource = NULL;
	x->ring = NULL;
	x->page = NULL;
	x->created = x->bound = false;
	return result(xendevicemodel_destroy_ioreq_server(x->dmod, (domid_t)x->domid, id));
}

/* One server does: Xen asks servers in turn, ours need no order among themselves. */
static int xen_create(struct hv *hv, bool bufioreq, uint16_t *id)
{
	struct xen_hv *x = of(hv);
	int rc;

	if (x->created)
		return -ENOSPC;
	rc = result(xendevicemodel_create_ioreq_server(
		x->dmod, (domid_t)x->domid,
		bufioreq ? HVM_IOREQSRV_BUFIOREQ_ATOMIC : HVM_IOREQSRV_BUFIOREQ_OFF, &x->server));
	if (rc)
		return rc;
	x->created = true;
	*id = x->server;
	rc = map_pages(x);
	if (rc)
		xen_destroy(hv, x->server);
	return rc;
}

/* Xen fills in the remote ports when the server is first enabled. Every vCPU that can ever come
 * online has one. */
static int bind_ports(struct xen_hv *x)
{
	for (unsigned v = 0; v < x->vcpus; v++) {
		x->ports[v] = xenevtchn_bind_interdomain(x->evtchn, x->domid,
							 x->page->vcpu_ioreq[v].vp_eport);
		if (x->ports[v] < 0)
			return -errno;
	}
	x->ring_port = xenevtchn_bind_interdomain(x->evtchn, x->domid, x->ring_remote);
	if (x->ring_port < 0)
		return -errno;
	x->bound = true;
	return 0;
}

static int xen_state(struct hv *hv, uint16_t id, bool enabled)
{
	struct xen_hv *x = of(hv);
	int rc;

	if (!x->created || id != x->server)
		return -ENOENT;
	rc = result(xendevicemodel_set_ioreq_server_state(x->dmod, (domid_t)x->domid, id, enabled));
	return rc || x->bound || !enabled ? rc : bind_ports(x);
}

static int xen_map_range(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			 uint64_t end)
{
	struct xen_hv *x = of(hv);

	if (type != HV_RANGE_PCI)
		return result(xendevicemodel_map_io_range_to_ioreq_server(
			x->dmod, (domid_t)x->domid, id, type == HV_RANGE_MEMORY, start, end));
	for (uint64_t sbdf = start; sbdf <= end; sbdf++) {
		int rc = result(xendevicemodel_map_pcidev_to_ioreq_server(
			x->dmod, (domid_t)x->domid, id, (uint16_t)(sbdf >> 16),
			(uint8_t)(sbdf >> 8), sbdf >> 3 & 31, sbdf & 7));

		if (rc)
			return rc;
	}
	return 0;
}

static int xen_unmap_range(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			   uint64_t end)
{
	struct xen_hv *x = of(hv);

	if (type != HV_RANGE_PCI)
		return result(xendevicemodel_unmap_io_range_from_ioreq_server(
			x->dmod, (domid_t)x->domid, id, type == HV_RANGE_MEMORY, start, end));
	for (uint64_t sbdf = start; sbdf <= end; sbdf++) {
		int rc = result(xendevicemodel_unmap_pcidev_from_ioreq_server(
			x->dmod, (domid_t)x->domid, id, (uint16_t)(sbdf >> 16),
			(uint8_t)(sbdf >> 8), sbdf >> 3 & 31, sbdf & 7));

		if (rc)
			return rc;
	}
	return 0;
}

/* ---- interrupts ---- */

static int set_level(struct xen_hv *x, unsigned slot, uint8_t level)
{
	unsigned n = slot - HV_LINE_INTX(0, 0);

	if (slot < HV_LINE_INTX(0, 0))
		return result(xendevicemodel_set_isa_irq_level(x->dmod, (domid_t)x->domid,
							       (uint8_t)slot, level));
	return result(xendevicemodel_set_pci_intx_level(x->dmod, (domid_t)x->domid, 0, 0,
							(uint8_t)(n / 4), n % 4, level));
}

/* Xen knows levels: each step of the counter is a call, so that no edge is lost. A level that Xen
 * has already, as after a restore, is no edge to it. */
static int xen_line(struct hv *hv, unsigned slot, uint32_t counter, bool adopt)
{
	struct xen_hv *x = of(hv);
	uint32_t n;
	int rc = 0;

	if (slot >= HV_LINES)
		return -EINVAL;
	n = counter - x->lines[slot];
	if (adopt)
		n = 1;
	else if (n > MOST_EDGES)
		n = MOST_EDGES - (n & 1);
	x->lines[slot] = counter;
	while (n-- && !rc)
		rc = set_level(x, slot, (counter - n) & 1);
	return rc;
}

static int xen_route(struct hv *hv, unsigned link, unsigned isa_irq)
{
	struct xen_hv *x = of(hv);

	if (link > 3 || isa_irq > 15)
		return -EINVAL;
	return result(xendevicemodel_set_pci_link_route(x->dmod, (domid_t)x->domid, (uint8_t)link,
							(uint8_t)isa_irq));
}

static int xen_pm_place(struct hv *hv, uint16_t base, bool on)
{
	(void)hv;
	(void)base;
	(void)on;
	return 0;
}

static int xen_pm_event(struct hv *hv, uint16_t status)
{
	(void)hv;
	(void)status;
	return -ENOTSUP;
}

static int xen_msi(struct hv *hv, uint64_t addr, uint32_t data)
{
	struct xen_hv *x = of(hv);

	return result(xendevicemodel_inject_msi(x->dmod, (domid_t)x->domid, addr, data));
}

static int xen_nmi(struct hv *hv, unsigned vcpu)
{
	struct xen_hv *x = of(hv);

	if (vcpu >= x->vcpus)
		return -EINVAL;
	return result(xendevicemodel_inject_event(x->dmod, (domid_t)x->domid, (int)vcpu, 2,
						  EVENT_NMI, NO_ERROR_CODE, 0, 0));
}

/* ---- memory ---- */

static int xen_ram_create(struct hv *hv, const char *name, uint64_t size, unsigned *region)
{
	(void)name;
	return xen_memory_create(&of(hv)->mem, size, region);
}

static int xen_ram_ptr(struct hv *hv, unsigned region, void **p)
{
	struct xen_memory *m = &of(hv)->mem;

	if (!region || region >= m->n_regions)
		return -EINVAL;
	*p = m->regions[region].host;
	return 0;
}

static int xen_map(struct hv *hv, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
		   enum hv_source rd, enum hv_source wr)
{
	return xen_memory_map(&of(hv)->mem, gpa, region, off, len, rd, wr);
}

static int xen_unmap(struct hv *hv, uint64_t gpa, uint64_t len)
{
	return xen_memory_unmap(&of(hv)->mem, gpa, len);
}

static void *xen_dma_map(struct hv *hv, uint64_t gpa, size_t *len, bool write)
{
	(void)write;
	return xen_memory_dma(&of(hv)->mem, gpa, len);
}

static void xen_dma_unmap(struct hv *hv, void *p, uint64_t gpa, size_t written)
{
	xen_memory_dma_end(&of(hv)->mem, p, gpa, written);
}

static int xen_track(struct hv *hv, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap)
{
	struct xen_hv *x = of(hv);

	if (nr > (1u << 30) / XEN_PAGE)
		return -EINVAL;
	return result(xendevicemodel_track_dirty_vram(x->dmod, (domid_t)x->domid, first_gfn,
						      (uint32_t)nr, (unsigned long *)bitmap));
}

static int xen_modified(struct hv *hv, uint64_t first_gfn, uint64_t nr)
{
	struct xen_hv *x = of(hv);

	if (nr > UINT32_MAX)
		return -EINVAL;
	return result(xendevicemodel_modified_memory(x->dmod, (domid_t)x->domid, first_gfn,
						     (uint32_t)nr));
}

void hv_xen_log_dirty(struct hv *hv, bool on)
{
	of(hv)->mem.log_dirty = on;
}

/* ---- the machine ---- */

static int xen_a20(struct hv *hv, bool on)
{
	(void)hv;
	(void)on; /* Xen has no gate */
	return 0;
}

static int xen_shutdown(struct hv *hv, enum hv_shutdown why)
{
	struct xen_hv *x = of(hv);

	return result(xendevicemodel_shutdown(x->dmod, (domid_t)x->domid, why));
}

/* There is no reset in place: the toolstack makes a new domain, with a new device model. */
static int xen_reset(struct hv *hv, enum hv_reset what)
{
	(void)what;
	return xen_shutdown(hv, HV_SHUTDOWN_REBOOT);
}

/* The toolstack pauses the domain; we only see to it that nothing is left half done. */
static int xen_quiesce(struct hv *hv, bool stop)
{
	struct xen_hv *x = of(hv);

	if (!x->created)
		return 0;
	if (stop)
		serve_all(x);
	return xen_state(hv, x->server, !stop);
}

static unsigned xen_vcpus(struct hv *hv)
{
	return of(hv)->vcpus;
}

/* The guest's clocks are Xen's own affair. */
static int64_t xen_now(struct hv *hv)
{
	(void)hv;
	return -1;
}

/* ---- life ---- */

static void xen_close(struct hv *hv)
{
	struct xen_hv *x = of(hv);

	watch_free(x->watch);
	if (x->created)
		xen_destroy(hv, x->server);
	xen_memory_fini(&x->mem);
	if (x->evtchn)
		xenevtchn_close(x->evtchn);
	if (x->fmem)
		xenforeignmemory_close(x->fmem);
	if (x->dmod)
		xendevicemodel_close(x->dmod);
	if (x->call)
		xencall_close(x->call);
	free(x);
}

static int xen_attach(struct hv *hv, struct loop *loop, const struct hv_client *client,
		      struct err *e)
{
	struct xen_hv *x = of(hv);

	x->client = *client;
	x->watch = loop_watch(loop, xenevtchn_fd(x->evtchn), EPOLLIN, event_ready, x);
	return x->watch ? 0 : err_set(e, -ENOMEM, "cannot wait for Xen's events");
}

static const struct hv_ops xen_ops = {
	.name = "xen",
	.close = xen_close,
	.attach = xen_attach,
	.create_ioreq_server = xen_create,
	.destroy_ioreq_server = xen_destroy,
	.set_ioreq_server_state = xen_state,
	.map_io_range = xen_map_range,
	.unmap_io_range = xen_unmap_range,
	.line = xen_line,
	.set_pci_link_route = xen_route,
	.pm_place = xen_pm_place,
	.pm_event = xen_pm_event,
	.inject_msi = xen_msi,
	.inject_nmi = xen_nmi,
	.ram_create = xen_ram_create,
	.ram_ptr = xen_ram_ptr,
	.map = xen_map,
	.unmap = xen_unmap,
	.dma_map = xen_dma_map,
	.dma_unmap = xen_dma_unmap,
	.track_dirty = xen_track,
	.modified_memory = xen_modified,
	.a20 = xen_a20,
	.reset = xen_reset,
	.shutdown = xen_shutdown,
	.quiesce = xen_quiesce,
	.nr_vcpus = xen_vcpus,
	.now = xen_now,
};

static int open_handles(struct xen_hv *x, struct err *e)
{
	x->dmod = xendevicemodel_open(NULL, 0);
	x->fmem = xenforeignmemory_open(NULL, 0);
	x->evtchn = xenevtchn_open(NULL, 0);
	x->call = xencall_open(NULL, 0);
	if (!x->dmod || !x->fmem || !x->evtchn || !x->call)
		return err_errno(e, -errno, "cannot reach Xen (is this a Xen host's dom0?)");
	if (xendevicemodel_nr_vcpus(x->dmod, (domid_t)x->domid, &x->vcpus) < 0)
		return err_errno(e, -errno, "Xen has no domain %u to serve", x->domid);
	if (!x->vcpus || x->vcpus > HV_IOREQ_SLOTS)
		return err_set(e, -EPROTO, "domain %u has %u processors", x->domid, x->vcpus);
	return 0;
}

struct hv *hv_xen_open(unsigned domid, struct err *e)
{
	struct xen_hv *x = calloc(1, sizeof(*x));

	if (!x) {
		err_set(e, -ENOMEM, "no memory for Xen's connection");
		return NULL;
	}
	x->hv.ops = &xen_ops;
	x->domid = domid;
	memset(x->ports, -1, sizeof(x->ports));
	x->ring_port = -1;
	if (!open_handles(x, e)) {
		xen_memory_init(&x->mem, domid, x->dmod, x->fmem, x->call);
		return &x->hv;
	}
	xen_close(&x->hv);
	return NULL;
}
