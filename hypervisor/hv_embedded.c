/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/hv_embedded.c: the core in the device model's own process. A request is a call on the
 * thread of the vCPU, under the device lock; there are no pages, rings or bells.
 */
#include "hypervisor/core.h"

#include <errno.h>
#include <stdlib.h>

struct embedded {
	struct hv hv;
	struct domain *dom;
	struct loop *loop;
	struct hv_client client;
};

static struct embedded *of(struct hv *hv)
{
	return container_of(hv, struct embedded, hv);
}

static struct domain *dom_of(struct hv *hv)
{
	return of(hv)->dom;
}

/* ---- requests ---- */

static int em_send(struct ioreq_server *s, unsigned vcpu, struct hv_ioreq *req)
{
	struct embedded *em = s->arg;

	if (!em->client.ioreq)
		req->data = ~0ull;
	else
		em->client.ioreq(em->client.arg, req, vcpu);
	return 0;
}

static bool em_buffer(struct ioreq_server *s, const struct hv_ioreq *req)
{
	struct embedded *em = s->arg;
	struct hv_ioreq copy = *req;

	if (!em->client.buffered)
		return false;
	em->client.buffered(em->client.arg, &copy);
	return true;
}

static const struct ioreq_sender em_sender = {em_send, em_buffer};

/* ---- life ---- */

static void lock_hook(void *arg)
{
	domain_lock(arg);
}

static void unlock_hook(void *arg)
{
	domain_unlock(arg);
}

static void em_close(struct hv *hv)
{
	struct embedded *em = of(hv);

	if (em->loop)
		loop_lock_hooks(em->loop, NULL, NULL, NULL);
	core_servers_drop(em->dom, em, false);
	core_client_gone(em->dom);
	free(em);
}

static int em_attach(struct hv *hv, struct loop *loop, const struct hv_client *client,
		     struct err *e)
{
	struct embedded *em = of(hv);

	(void)e;
	em->client = *client;
	em->loop = loop;
	if (loop)
		loop_lock_hooks(loop, lock_hook, unlock_hook, em->dom);
	return 0;
}

/* ---- servers ---- */

static int em_create(struct hv *hv, bool bufioreq, uint16_t *id)
{
	return core_server_new(dom_of(hv), bufioreq, &em_sender, of(hv), id);
}

static int em_destroy(struct hv *hv, uint16_t id)
{
	return core_server_free(dom_of(hv), id);
}

static int em_state(struct hv *hv, uint16_t id, bool enabled)
{
	return core_server_enable(dom_of(hv), id, enabled);
}

static int em_map_range(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			uint64_t end)
{
	return core_map_range(dom_of(hv), id, type, start, end);
}

static int em_unmap_range(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			  uint64_t end)
{
	return core_unmap_range(dom_of(hv), id, type, start, end);
}

/* ---- interrupts ---- */

static int em_line(struct hv *hv, unsigned slot, uint32_t counter, bool adopt)
{
	if (slot >= HV_LINES)
		return -EINVAL;
	core_line(dom_of(hv), slot, counter, adopt);
	return 0;
}

static int em_route(struct hv *hv, unsigned link, unsigned isa_irq)
{
	return core_link_route(dom_of(hv), link, isa_irq);
}

static int em_pm_place(struct hv *hv, uint16_t base, bool on)
{
	domain_pm_place(dom_of(hv), base, on);
	return 0;
}

static int em_pm_event(struct hv *hv, uint16_t status)
{
	domain_pm_event(dom_of(hv), status);
	return 0;
}

static int em_msi(struct hv *hv, uint64_t addr, uint32_t data)
{
	core_msi(dom_of(hv), addr, data);
	return 0;
}

static int em_nmi(struct hv *hv, unsigned vcpu)
{
	return core_nmi(dom_of(hv), vcpu);
}

/* ---- memory ---- */

static int em_ram_create(struct hv *hv, const char *name, uint64_t size, unsigned *region)
{
	int rc = memmap_region(&dom_of(hv)->mem, name, size, -1, NULL);

	if (rc < 0)
		return rc;
	*region = (unsigned)rc;
	return 0;
}

static int em_ram_ptr(struct hv *hv, unsigned region, void **p)
{
	struct memmap *m = &dom_of(hv)->mem;

	if (region >= m->n_regions)
		return -EINVAL;
	*p = m->regions[region].host;
	return 0;
}

static int em_map(struct hv *hv, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
		  enum hv_source rd, enum hv_source wr)
{
	return memmap_map(&dom_of(hv)->mem, gpa, region, off, len, rd, wr);
}

static int em_unmap(struct hv *hv, uint64_t gpa, uint64_t len)
{
	return memmap_unmap(&dom_of(hv)->mem, gpa, len);
}

static void *em_dma_map(struct hv *hv, uint64_t gpa, size_t *len, bool write)
{
	return memmap_dma(&dom_of(hv)->mem, gpa, len, write);
}

static void em_dma_unmap(struct hv *hv, void *p, uint64_t gpa, size_t written)
{
	(void)p;
	core_written(dom_of(hv), gpa, written);
}

static int em_track(struct hv *hv, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap)
{
	return core_track_dirty(dom_of(hv), first_gfn, nr, bitmap);
}

static int em_modified(struct hv *hv, uint64_t first_gfn, uint64_t nr)
{
	return core_modified(dom_of(hv), first_gfn, nr);
}

/* ---- the machine ---- */

static int em_a20(struct hv *hv, bool on)
{
	core_a20(dom_of(hv), on);
	return 0;
}

static int em_reset(struct hv *hv, enum hv_reset what)
{
	domain_reset(dom_of(hv), what);
	return 0;
}

static int em_shutdown(struct hv *hv, enum hv_shutdown why)
{
	return core_shutdown(dom_of(hv), why);
}

static int em_entry(struct hv *hv, const struct hv_entry *entry)
{
	domain_entry(dom_of(hv), entry);
	return 0;
}

static int em_hold(struct hv *hv)
{
	domain_hold(dom_of(hv));
	return 0;
}

/* The caller holds the lock: every vCPU is outside or waits for it, and will find paused. */
static int em_quiesce(struct hv *hv, bool stop)
{
	if (stop)
		domain_pause(dom_of(hv));
	else
		domain_resume(dom_of(hv));
	return 0;
}

static unsigned em_vcpus(struct hv *hv)
{
	return domain_vcpus(dom_of(hv));
}

static int em_stats(struct hv *hv, unsigned vcpu, struct engine_stats *s)
{
	return domain_stats(dom_of(hv), vcpu, s);
}

static int64_t em_now(struct hv *hv)
{
	return clock_now(dom_of(hv)->clock);
}

static const struct hv_ops embedded_ops = {
	.name = "embedded",
	.close = em_close,
	.attach = em_attach,
	.create_ioreq_server = em_create,
	.destroy_ioreq_server = em_destroy,
	.set_ioreq_server_state = em_state,
	.map_io_range = em_map_range,
	.unmap_io_range = em_unmap_range,
	.line = em_line,
	.set_pci_link_route = em_route,
	.pm_place = em_pm_place,
	.pm_event = em_pm_event,
	.inject_msi = em_msi,
	.inject_nmi = em_nmi,
	.ram_create = em_ram_create,
	.ram_ptr = em_ram_ptr,
	.map = em_map,
	.unmap = em_unmap,
	.dma_map = em_dma_map,
	.dma_unmap = em_dma_unmap,
	.track_dirty = em_track,
	.modified_memory = em_modified,
	.a20 = em_a20,
	.reset = em_reset,
	.shutdown = em_shutdown,
	.entry = em_entry,
	.hold = em_hold,
	.quiesce = em_quiesce,
	.nr_vcpus = em_vcpus,
	.now = em_now,
	.stats = em_stats,
};

struct hv *hv_embedded_open(struct domain *dom, struct err *e)
{
	struct embedded *em = calloc(1, sizeof(*em));

	if (!em) {
		err_set(e, -ENOMEM, "no memory for the embedded core");
		return NULL;
	}
	em->hv.ops = &embedded_ops;
	em->dom = dom;
	return &em->hv;
}
