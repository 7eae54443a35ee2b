/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds between a core and a device model whatever lies between them: each test runs on the
 * embedded, the remote and the (fake) Xen transport.
 */
#include "tests/hypervisor/rig.h"

#include <errno.h>

#define ON_EACH(id) TEST_EACH(id, RIG_KINDS, rig_name(i))

/* ---- the keyboard-like device: ports 0x60 (data), 0x64 (write: n bytes arrive) ---- */

struct queue {
	unsigned n, taken;
};

static uint64_t queue_read(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	struct queue *q = r->test;

	(void)type;
	(void)size;
	if (addr != 0x60 || !q->n)
		return 0;
	/* The line falls with the byte taken, and rises for the next: one access. */
	if (--q->n)
		rig_pulse(r, HV_LINE_ISA(1));
	else
		rig_line(r, HV_LINE_ISA(1), false);
	return 0x10 + q->taken++;
}

static void queue_write(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
			uint64_t val)
{
	struct queue *q = r->test;

	(void)type;
	(void)size;
	if (addr != 0x64)
		return;
	q->n = (unsigned)val;
	rig_line(r, HV_LINE_ISA(1), true);
}

/* ---- the 8259 pair as a guest sets it up ---- */

static void pic_setup(struct rig *r, uint16_t elcr, uint16_t open)
{
	static const uint8_t icw[][2] = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 0x04}, {0x21, 0x01},
					 {0xa0, 0x11}, {0xa1, 0x28}, {0xa1, 0x02}, {0xa1, 0x01}};

	for (unsigned i = 0; i < ARRAY_SIZE(icw); i++)
		rig_out(r, 0, icw[i][0], 1, icw[i][1]);
	rig_out(r, 0, 0x21, 1, (uint8_t)~open);
	rig_out(r, 0, 0xa1, 1, (uint8_t)(~open >> 8));
	rig_out(r, 0, 0x4d0, 1, elcr & 0xff);
	rig_out(r, 0, 0x4d1, 1, elcr >> 8);
}

/* The vector of the acknowledge cycle, or 0 without a request. */
static unsigned pic_take(struct rig *r)
{
	unsigned vector = 0;

	domain_lock(r->dom);
	if (domain_intr(r->dom))
		vector = domain_inta(r->dom);
	domain_unlock(r->dom);
	return vector;
}

static void pic_eoi(struct rig *r)
{
	rig_out(r, 0, 0x20, 1, 0x20);
}

/* ---- lines ---- */

static void line_write(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
		       uint64_t val)
{
	(void)type;
	(void)size;
	rig_line(r, (unsigned)(addr - 0x300), val & 1);
}

ON_EACH(lines_arrive_before_the_response)
{
	struct rig *r = rig_start(i, 1);

	r->write = line_write;
	rig_ports(r, 0x300, 0x30f);
	for (unsigned n = 0; n < 200; n++) {
		rig_out(r, 0, 0x305, 1, 1);
		EQ(1, domain_pin(r->dom, 5)); /* at once: no waiting */
		rig_out(r, 0, 0x305, 1, 0);
		EQ(0, domain_pin(r->dom, 5));
	}
	EQ(200, r->edges[5]);
	rig_stop(r);
}

ON_EACH(no_edge_is_lost)
{
	struct queue q = {0, 0};
	struct rig *r = rig_start(i, 1);

	r->test = &q;
	r->read = queue_read;
	r->write = queue_write;
	rig_ports(r, 0x60, 0x60);
	rig_ports(r, 0x64, 0x64);
	pic_setup(r, 0, 1 << 1);
	rig_out(r, 0, 0x64, 1, 3);
	for (unsigned n = 0; n < 3; n++) {
		EQ(0x21, pic_take(r));
		EQ(0x10 + n, rig_in(r, 0, 0x60, 1));
		pic_eoi(r);
	}
	EQ(0, pic_take(r));
	EQ(3, r->edges[1]);
	rig_stop(r);
}

static void burst_write(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
			uint64_t val)
{
	(void)type;
	(void)addr;
	(void)size;
	while (val--)
		rig_pulse(r, HV_LINE_ISA(6));
}

ON_EACH(edges_inside_one_access)
{
	struct rig *r = rig_start(i, 1);

	r->write = burst_write;
	rig_ports(r, 0x300, 0x300);
	rig_out(r, 0, 0x300, 1, 7);
	EQ(7, r->edges[6]);
	CHECK(!domain_pin(r->dom, 6));
	rig_stop(r);
}

static void raise_later(struct rig *r, void *arg)
{
	rig_line(r, *(unsigned *)arg, true);
}

static bool pin_7_high(struct rig *r)
{
	return domain_pin(r->dom, 7);
}

/* A timer or a packet, with no vCPU asking. */
ON_EACH(lines_outside_of_accesses)
{
	unsigned slot = HV_LINE_ISA(7);
	struct rig *r = rig_start(i, 1);

	rig_do(r, raise_later, &slot);
	CHECK(rig_wait(r, pin_7_high));
	EQ(1, r->edges[7]);
	rig_stop(r);
}

ON_EACH(level_is_asked_again_after_eoi)
{
	struct rig *r = rig_start(i, 1);

	r->write = line_write;
	rig_ports(r, 0x300, 0x30f);
	pic_setup(r, 1 << 5, 1 << 5);
	rig_out(r, 0, 0x305, 1, 1);
	EQ(0x25, pic_take(r));
	EQ(0, pic_take(r)); /* in service */
	pic_eoi(r);
	EQ(0x25, pic_take(r)); /* still high */
	rig_out(r, 0, 0x305, 1, 0);
	pic_eoi(r);
	EQ(0, pic_take(r));
	EQ(1, r->edges[5]);
	rig_stop(r);
}

/* An IOAPIC's level pin: remote IRR from delivery to EOI. */
struct level_pin {
	struct pin_watch watch;
	unsigned pin, delivered;
	bool high, remote_irr;
};

static void level_look(struct level_pin *p)
{
	if (!p->high || p->remote_irr)
		return;
	p->remote_irr = true;
	p->delivered++;
}

static void level_moved(void *arg, unsigned pin, bool level)
{
	struct level_pin *p = arg;

	if (pin != p->pin)
		return;
	p->high = level;
	level_look(p);
}

static void level_eoi(struct level_pin *p)
{
	p->remote_irr = false;
	level_look(p);
}

static void share_setup(struct rig *r, void *arg)
{
	(void)arg;
	OK(r->hv->ops->set_pci_link_route(r->hv, 0, 10));
	OK(r->hv->ops->set_pci_link_route(r->hv, 1, 10));
	OK(r->hv->ops->set_pci_link_route(r->hv, 2, 10));
	OK(r->hv->ops->set_pci_link_route(r->hv, 3, 10));
}

static void share_write(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
			uint64_t val)
{
	(void)type;
	(void)size;
	rig_line(r, HV_LINE_INTX(3 + (addr & 1), 0), val & 1);
}

ON_EACH(shared_level_and_remote_irr)
{
	struct level_pin p = {.watch = {.fn = level_moved, .arg = &p}, .pin = 10};
	struct rig *r = rig_start(i, 1);

	domain_watch_pins(r->dom, &p.watch);
	r->write = share_write;
	rig_ports(r, 0x300, 0x301);
	rig_do(r, share_setup, NULL);
	rig_out(r, 0, 0x300, 1, 1);
	EQ(1, p.delivered);
	rig_out(r, 0, 0x301, 1, 1); /* the second device on the pin: no edge, no message */
	EQ(1, p.delivered);
	rig_out(r, 0, 0x300, 1, 0); /* the first is served … */
	level_eoi(&p);
	EQ(2, p.delivered); /* … the second still asks */
	rig_out(r, 0, 0x301, 1, 0);
	level_eoi(&p);
	EQ(2, p.delivered);
	rig_out(r, 0, 0x301, 1, 1);
	EQ(3, p.delivered);
	domain_unwatch_pins(r->dom, &p.watch);
	rig_stop(r);
}

static void adopt_high(struct rig *r, void *arg)
{
	unsigned slot = *(unsigned *)arg;

	r->lines[slot] = 5;
	OK(r->hv->ops->line(r->hv, slot, 5, true));
}

ON_EACH(adopted_levels_make_no_edge)
{
	unsigned slot = HV_LINE_ISA(3);
	struct rig *r = rig_start(i, 1);

	r->write = line_write;
	rig_ports(r, 0x300, 0x30f);
	pic_setup(r, 0, 1 << 3);
	rig_do(r, adopt_high, &slot);
	/* On Xen the level is all there is to take over: its 8259s know the edge already. */
	if (i != RIG_XEN) {
		EQ(0, pic_take(r));
		EQ(0, r->edges[3]);
	}
	CHECK(domain_pin(r->dom, 3));
	rig_out(r, 0, 0x303, 1, 0);
	CHECK(!domain_pin(r->dom, 3));
	rig_out(r, 0, 0x303, 1, 1);
	EQ(0x23, pic_take(r));
	rig_stop(r);
}

/* ---- messages ---- */

static void msi_write(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
		      uint64_t val)
{
	(void)type;
	(void)addr;
	(void)size;
	for (uint32_t n = 0; n < val; n++)
		OK(r->hv->ops->inject_msi(r->hv, 0xfee00000 + (n & 0xff) * 0x1000, 0x4000 + n));
}

ON_EACH(msis_arrive_in_order_before_the_response)
{
	struct rig *r = rig_start(i, 1);

	r->write = msi_write;
	rig_ports(r, 0x300, 0x301);
	rig_out(r, 0, 0x300, 1, 1);
	EQ(1, r->msis);
	EQ(0xfee00000, r->msi_addr[0]);
	EQ(0x4000, r->msi_data[0]);
	r->msis = 0;
	rig_out(r, 0, 0x300, 2, 400); /* more than any ring holds */
	EQ(400, r->msis);
	for (unsigned n = 0; n < 400; n++)
		EQ(0x4000 + n, r->msi_data[n]);
	rig_stop(r);
}

/* ---- DMA ---- */

#define DMA_AT   0x200000ull
#define DONE_AT  0x300000ull
#define DMA_PAGE (DMA_AT >> 12)

struct dma {
	uint32_t data_seen, done_seen; /* what the hook found in memory */
	unsigned calls;
};

static uint32_t peek(struct rig *r, uint64_t gpa)
{
	size_t len = 4;
	void *p = domain_ram(r->dom, gpa, &len, false);

	return p ? (uint32_t)load_le(p, 4) : 0;
}

static void dma_modified(struct rig *r, uint64_t first_gfn, uint64_t nr)
{
	struct dma *d = r->test;

	if (first_gfn > DMA_PAGE || first_gfn + nr <= DMA_PAGE)
		return;
	d->calls++;
	d->data_seen = peek(r, DMA_AT);
	d->done_seen = peek(r, DONE_AT);
}

static void dma_write_fn(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
			 uint64_t val)
{
	uint32_t done = 1, data = (uint32_t)val;

	(void)type;
	(void)addr;
	(void)size;
	OK(ioreq_ram(r->hv, DMA_AT, &data, 4, true));
	OK(ioreq_ram(r->hv, DONE_AT, &done, 4, true));
}

static void log_dirty(struct rig *r, void *arg)
{
	(void)arg;
	if (r->kind == RIG_XEN)
		hv_xen_log_dirty(r->hv, true);
}

/* Who finds the completion must not run what stood there before. (Xen has no translations to
 * throw away; there it is the log of a migration that must not miss the page.) */
ON_EACH(dma_over_code_is_told_before_it_shows)
{
	struct dma d = {0};
	struct rig *r = rig_start(i, 1);
	uint64_t pages;

	r->test = &d;
	r->write = dma_write_fn;
	r->on_modified = dma_modified;
	rig_ports(r, 0x300, 0x303);
	rig_out(r, 0, 0x300, 4, 0x11111111);
	EQ(0, d.calls); /* plain data: nobody is asked */
	rig_ram(r, DONE_AT, &(uint32_t){0}, 4, true);
	domain_page_flags(r->dom, &pages)[DMA_PAGE] |= HV_PAGE_CODE;
	rig_do(r, log_dirty, NULL);
	rig_out(r, 0, 0x300, 4, 0x22222222);
	EQ(1, d.calls);
	EQ(0x22222222, d.data_seen);
	EQ(0, d.done_seen);
	EQ(1, peek(r, DONE_AT));
	rig_stop(r);
}

struct remap {
	unsigned region;
	uint8_t *p;
	size_t len;
};

static void remap_start(struct rig *r, void *arg)
{
	const struct hv_ops *o = r->hv->ops;
	struct remap *m = arg;
	void *host;

	OK(o->ram_create(r->hv, "vram", 0x10000, &m->region));
	OK(o->ram_ptr(r->hv, m->region, &host));
	memset(host, 0, 0x10000);
	OK(o->map(r->hv, 0xf0000000, m->region, 0, 0x10000, HV_SRC_RAM, HV_SRC_RAM));
	m->len = 0x2000;
	m->p = o->dma_map(r->hv, 0xf0001000, &m->len, true);
	MUST(m->p && m->len);
	OK(o->unmap(r->hv, 0xf0000000, 0x10000));
}

static void remap_end(struct rig *r, void *arg)
{
	const struct hv_ops *o = r->hv->ops;
	struct remap *m = arg;
	uint8_t *host;
	size_t n = 1;
	void *p;

	CHECK(!o->dma_map(r->hv, 0xf0001000, &n, false)); /* a new look finds nothing */
	memset(m->p, 0x77, m->len);
	o->dma_unmap(r->hv, m->p, 0xf0001000, m->len);
	OK(o->ram_ptr(r->hv, m->region, &p));
	host = p;
	EQ(0x77, host[0x1000]); /* it went where the guest had pointed it */
	OK(o->map(r->hv, 0xf0100000, m->region, 0, 0x10000, HV_SRC_RAM, HV_SRC_RAM));
}

ON_EACH(mapping_changes_during_dma)
{
	struct remap m = {0};
	struct rig *r = rig_start(i, 1);

	rig_do(r, remap_start, &m);
	EQ(0xff, rig_rd(r, 0, 0xf0001000, 1));
	rig_do(r, remap_end, &m);
	EQ(0x77, rig_rd(r, 0, 0xf0101000, 1));
	EQ(0, rig_rd(r, 0, 0xf0100000, 1));
	rig_stop(r);
}

static void pm_on(struct rig *r, void *arg)
{
	(void)arg;
	OK(r->hv->ops->pm_place(r->hv, 0xb000, true));
}

static void pm_off(struct rig *r, void *arg)
{
	(void)arg;
	OK(r->hv->ops->pm_place(r->hv, 0xb000, false));
}

static void press_button(struct rig *r, void *arg)
{
	*(int *)arg = r->hv->ops->pm_event(r->hv, 0x100);
}

ON_EACH(power_management_is_placed_and_told)
{
	struct rig *r = rig_start(i, 1);
	uint32_t here = i == RIG_XEN ? 0xffff : 0; /* there it is the toolstack's affair */
	int rc = 0;

	EQ(0xffff, rig_in(r, 0, 0xb000, 2));
	rig_do(r, pm_on, NULL);
	EQ(here, rig_in(r, 0, 0xb000, 2));
	rig_do(r, press_button, &rc);
	EQ(i == RIG_XEN ? -ENOTSUP : 0, rc);
	EQ(here | 0x100, rig_in(r, 0, 0xb000, 2));
	rig_out(r, 0, 0xb002, 2, 0x100);
	EQ(i != RIG_XEN, domain_pin(r->dom, 9));
	rig_do(r, pm_off, NULL);
	EQ(0xffff, rig_in(r, 0, 0xb000, 2));
	rig_stop(r);
}

struct track {
	uint64_t first, nr;
	uint8_t map[8];
	int rc;
};

static void track_fn(struct rig *r, void *arg)
{
	struct track *t = arg;

	t->rc = r->hv->ops->track_dirty(r->hv, t->first, t->nr, t->map);
}

ON_EACH(dirty_log_is_read_and_cleared)
{
	struct track t = {.first = 0x400, .nr = 64};
	struct rig *r = rig_start(i, 1);

	rig_do(r, track_fn, &t);
	OK(t.rc);
	rig_do(r, track_fn, &t);
	OK(t.rc);
	EQ(0, load_le(t.map, 8));
	rig_wr(r, 0, 0x405000, 4, 1);
	rig_wr(r, 0, 0x43fff8, 8, 1);
	rig_do(r, track_fn, &t);
	EQ(1ull << 5 | 1ull << 63, load_le(t.map, 8));
	rig_do(r, track_fn, &t);
	EQ(0, load_le(t.map, 8));
	rig_stop(r);
}
