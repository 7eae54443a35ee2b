/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/access.c: a guest's port and memory accesses: RAM here, then the platform, PCI
 * configuration by its owner, ioreq servers by range, nobody.
 */
#include "hypervisor/core.h"

#include <errno.h>

#define CF8        0xcf8
#define CFC        0xcfc
#define CF8_ENABLE (1u << 31)
#define RTC_INDEX  0x70
#define A20        (1ull << 20)

struct who {
	struct domain *dom;
	unsigned vcpu; /* DOMAIN_NO_VCPU: a tool, not a guest */
};

/* Whoever runs vCPUs by hooks has stopped them between two instructions, not here: one that ends
 * its instruction must not wait. */
static void wait_running(struct domain *dom, unsigned vcpu)
{
	while (dom->paused && !dom->vcpu_hooks.pause && vcpu != DOMAIN_NO_VCPU &&
	       domain_locked(dom))
		core_wait(dom, &dom->resumed);
}

/* ---- to the device model ---- */

static bool may_buffer(const struct ioreq_server *s, const struct hv_ioreq *r)
{
	return s->bufioreq && r->type == HV_IOREQ_COPY && r->dir == HV_IOREQ_WRITE &&
	       r->count == 1 && !r->data_is_ptr && r->addr >= 0xa0000 && r->addr < 0xc0000;
}

/* start … end: all that r touches on the device's side. -ENXIO: no one server has all of it. */
static int ask(struct who w, enum hv_range type, uint64_t start, uint64_t end, struct hv_ioreq *r)
{
	struct ioreq_server *s = core_server_find(w.dom, type, start, end);

	if (!s)
		return -ENXIO;
	if (may_buffer(s, r) && s->sender->buffer(s, r))
		return 0;
	return s->sender->send(s, w.vcpu == DOMAIN_NO_VCPU ? 0 : w.vcpu, r);
}

/* A single access; nobody there reads as ones. */
static int ask_one(struct who w, enum hv_range type, struct hv_ioreq *r)
{
	uint64_t end = r->addr + r->size - 1;
	int rc = type == HV_RANGE_PCI ? ask(w, type, r->addr >> 32, r->addr >> 32, r)
				      : ask(w, type, r->addr, end, r);

	if (rc == -ENXIO) {
		r->data = ~0ull;
		return w.dom->orphaned && w.vcpu != DOMAIN_NO_VCPU ? -EPIPE : 0;
	}
	return rc;
}

/* ---- ports ---- */

static int port_server(struct who w, uint16_t port, unsigned size, bool write, uint32_t *val)
{
	struct hv_ioreq r = {.type = HV_IOREQ_PIO,
			     .addr = port,
			     .size = size,
			     .count = 1,
			     .dir = write ? HV_IOREQ_WRITE : HV_IOREQ_READ,
			     .data = write ? *val & ones(size) : 0};
	int rc = ask_one(w, HV_RANGE_PORT, &r);

	if (!write)
		*val = (uint32_t)(r.data & ones(size));
	return rc;
}

/* All eight bits of the register's number, as QEMU: its test suites put a byte's place there. */
static int port_config(struct who w, uint16_t port, unsigned size, bool write, uint32_t *val)
{
	uint32_t cf8 = w.dom->cf8;
	uint64_t sbdf = cf8 >> 8 & 0xffff;
	struct hv_ioreq r = {.type = HV_IOREQ_PCI_CONFIG,
			     .addr = sbdf << 32 | (cf8 & 0xff) | (port & 3),
			     .size = size,
			     .count = 1,
			     .dir = write ? HV_IOREQ_WRITE : HV_IOREQ_READ,
			     .data = write ? *val & ones(size) : 0};
	int rc = ask_one(w, HV_RANGE_PCI, &r);

	if (!write)
		*val = (uint32_t)(r.data & ones(size));
	return rc;
}

static int port_access(struct who w, uint16_t port, unsigned size, bool write, uint32_t *val);

static int port_bytes(struct who w, uint16_t port, unsigned size, bool write, uint32_t *val)
{
	uint32_t all = 0;

	for (unsigned i = 0; i < size; i++) {
		uint32_t byte = *val >> 8 * i & 0xff;
		int rc = port_access(w, (uint16_t)(port + i), 1, write, &byte);

		if (rc)
			return rc;
		all |= (byte & 0xff) << 8 * i;
	}
	if (!write)
		*val = all;
	return 0;
}

/* The platform's answer to a byte, or to a wider access that lies within one window. The index of
 * the RTC goes to the device model's CMOS memory as well. */
static int port_platform(struct who w, const struct platform_window *p, uint16_t port,
			 unsigned size, bool write, uint32_t *val)
{
	/* The access may change the windows: what comes after it must not look at p. */
	bool both = p->dev == w.dom->rtc && port == RTC_INDEX;

	if (!write) {
		*val = (uint32_t)platform_read(p, port, size);
		return 0;
	}
	platform_write(p, port, size, *val & (uint32_t)ones(size));
	return both ? port_server(w, port, size, write, val) : 0;
}

/* Must a wide access be cut? When several of those who answer by byte are in it. */
static bool port_straddles(const struct domain *dom, uint16_t port, unsigned size)
{
	const struct platform_window *first = platform_find(dom, DOMAIN_NO_VCPU, SPACE_IO, port);

	if (port < CFC + 4 && port + size > CFC + 4 && port >= CFC && dom->cf8 & CF8_ENABLE)
		return true;
	if (first)
		return first->dev == dom->rtc || !platform_holds(first, port, size);
	for (unsigned i = 1; i < size; i++)
		if (platform_find(dom, DOMAIN_NO_VCPU, SPACE_IO, port + i))
			return true;
	return false;
}

static int port_access(struct who w, uint16_t port, unsigned size, bool write, uint32_t *val)
{
	const struct platform_window *p = platform_find(w.dom, w.vcpu, SPACE_IO, port);

	if (size > 1 && (port + size > 0x10000 || port_straddles(w.dom, port, size)))
		return port_bytes(w, port, size, write, val);
	if (p)
		return port_platform(w, p, port, size, write, val);
	if (port == CF8 && size == 4 && write)
		w.dom->cf8 = *val; /* and the device model's host bridge keeps it to be read */
	if ((port & ~3) == CFC && w.dom->cf8 & CF8_ENABLE)
		return port_config(w, port, size, write, val);
	return port_server(w, port, size, write, val);
}

static bool port_size(unsigned size)
{
	return size == 1 || size == 2 || size == 4;
}

int domain_in(struct domain *dom, unsigned vcpu, uint16_t port, unsigned size, uint32_t *val)
{
	*val = ~0u;
	if (!port_size(size))
		return -EINVAL;
	wait_running(dom, vcpu);
	return port_access((struct who){dom, vcpu}, port, size, false, val);
}

int domain_out(struct domain *dom, unsigned vcpu, uint16_t port, unsigned size, uint32_t val)
{
	if (!port_size(size))
		return -EINVAL;
	wait_running(dom, vcpu);
	return port_access((struct who){dom, vcpu}, port, size, true, &val);
}

/* ---- memory ---- */

/* The address that leaves the processor. */
static uint64_t gate(struct who w, uint64_t gpa)
{
	return w.dom->a20 || w.vcpu == DOMAIN_NO_VCPU ? gpa : gpa & ~A20;
}

/* One access of 1, 2, 4 or 8 bytes that is not RAM. */
static int mmio(struct who w, uint64_t gpa, unsigned size, bool write, uint64_t *val)
{
	const struct platform_window *p = platform_find(w.dom, w.vcpu, SPACE_MEM, gpa);
	struct hv_ioreq r = {.type = HV_IOREQ_COPY,
			     .addr = gpa,
			     .size = size,
			     .count = 1,
			     .dir = write ? HV_IOREQ_WRITE : HV_IOREQ_READ,
			     .data = write ? *val & ones(size) : 0};
	int rc;

	if (platform_holds(p, gpa, size)) {
		if (write)
			platform_write(p, gpa, size, *val);
		else
			*val = platform_read(p, gpa, size);
		return 0;
	}
	rc = ask_one(w, HV_RANGE_MEMORY, &r);
	if (!write)
		*val = r.data;
	return rc;
}

/* The widest naturally aligned piece within len. */
static unsigned piece(uint64_t gpa, uint64_t len)
{
	unsigned size = 8;

	while (size > 1 && (size > len || gpa & (size - 1)))
		size /= 2;
	return size;
}

/* Up to the end of what answers alike; *done of them. */
static int mem_stretch(struct who w, uint64_t gpa, uint8_t *buf, uint64_t len, bool write,
		       uint64_t *done)
{
	uint64_t val = 0;
	unsigned size;
	uint8_t *p;
	int rc;

	*done = len;
	if (memmap_find(&w.dom->mem, gpa, write, &p, done) != HV_SRC_NONE) {
		if (p)
			memcpy(write ? p : buf, write ? buf : p, *done);
		if (p && write)
			core_written(w.dom, gpa, *done);
		return 0;
	}
	size = piece(gpa, *done);
	*done = size;
	if (write)
		val = load_le(buf, size);
	rc = mmio(w, gpa, size, write, &val);
	if (!write)
		store_le(buf, size, val);
	return rc;
}

static int mem_access(struct who w, uint64_t gpa, uint8_t *buf, size_t len, bool write)
{
	int rc = 0;

	for (uint64_t n; len && !rc; gpa += n, buf += n, len -= n) {
		/* With the gate shut each page may be elsewhere than the one before. */
		n = w.dom->a20 ? len : MIN(len, MEM_PAGE - gpa % MEM_PAGE);
		rc = mem_stretch(w, gate(w, gpa), buf, n, write, &n);
	}
	return rc;
}

int domain_mem_read(struct domain *dom, unsigned vcpu, uint64_t gpa, void *buf, size_t len)
{
	memset(buf, 0xff, len);
	wait_running(dom, vcpu);
	return mem_access((struct who){dom, vcpu}, gpa, buf, len, false);
}

int domain_mem_write(struct domain *dom, unsigned vcpu, uint64_t gpa, const void *buf, size_t len)
{
	wait_running(dom, vcpu);
	return mem_access((struct who){dom, vcpu}, gpa, (uint8_t *)buf, len, true);
}

/* ---- rep ---- */

/* Units from addr on, in the direction of df, that stay in its page; 0: already the first does
 * not. */
static uint64_t units_in_page(uint64_t addr, const struct domain_access *a)
{
	uint64_t at = addr % MEM_PAGE;

	if (at + a->size > MEM_PAGE)
		return 0;
	return a->df ? at / a->size + 1 : (MEM_PAGE - at) / a->size;
}

/* Memory the device model can copy from or to; memory of any kind. */
static bool page_is_ram(struct who w, uint64_t gpa, bool write)
{
	size_t n = 1;

	return memmap_dma(&w.dom->mem, gate(w, gpa), &n, write);
}

static bool page_is_memory(struct who w, uint64_t gpa, bool write)
{
	uint64_t n = 1;
	uint8_t *p;

	return memmap_find(&w.dom->mem, gate(w, gpa), write, &p, &n) != HV_SRC_NONE;
}

/* How many units one request can stand for; 0: this unit is for unit_alone. */
static uint64_t chunk(struct who w, const struct domain_access *a)
{
	uint64_t n = a->count;

	if (a->data_is_ptr) {
		n = MIN(n, units_in_page(a->data, a));
		if (!page_is_ram(w, a->data, !a->write))
			return 0;
	} else if (a->pio) {
		return 0;
	}
	if (a->pio)
		return platform_find(w.dom, w.vcpu, SPACE_IO, a->addr) ? 0 : n;
	n = MIN(n, units_in_page(a->addr, a));
	if (page_is_memory(w, a->addr, a->write) ||
	    platform_find(w.dom, w.vcpu, SPACE_MEM, a->addr))
		return 0;
	return n;
}

static int chunk_ask(struct who w, const struct domain_access *a, uint64_t n, uint64_t *val)
{
	uint64_t addr = a->pio ? a->addr : gate(w, a->addr), first = addr, end;
	struct hv_ioreq r = {.type = a->pio ? HV_IOREQ_PIO : HV_IOREQ_COPY,
			     .addr = addr,
			     .size = a->size,
			     .count = (uint32_t)n,
			     .dir = a->write ? HV_IOREQ_WRITE : HV_IOREQ_READ,
			     .data_is_ptr = a->data_is_ptr,
			     .df = a->df,
			     .data = a->data_is_ptr ? gate(w, a->data) : a->data};
	int rc;

	if (!a->pio && a->df)
		first -= (n - 1) * a->size;
	end = first + (a->pio ? 1 : n) * a->size - 1;
	/* Which also keeps those that a snoop or PCI configuration is behind out of it. */
	if (a->pio && addr >= CF8 && addr < CFC + 4)
		return -ENXIO;
	rc = ask(w, a->pio ? HV_RANGE_PORT : HV_RANGE_MEMORY, first, end, &r);
	*val = r.data;
	return rc;
}

/* One unit, whatever its two sides are. */
static int unit_alone(struct who w, const struct domain_access *a, uint64_t *val)
{
	uint8_t buf[8] = {0};
	uint32_t v32;
	int rc = 0;

	if (a->write) {
		store_le(buf, a->size, a->data);
		if (a->data_is_ptr)
			rc = mem_access(w, a->data, buf, a->size, false);
		v32 = (uint32_t)load_le(buf, a->size);
		if (rc)
			return rc;
		return a->pio ? port_access(w, (uint16_t)a->addr, a->size, true, &v32)
			      : mem_access(w, a->addr, buf, a->size, true);
	}
	if (a->pio) {
		rc = port_access(w, (uint16_t)a->addr, a->size, false, &v32);
		store_le(buf, a->size, v32);
	} else {
		rc = mem_access(w, a->addr, buf, a->size, false);
	}
	*val = load_le(buf, a->size);
	if (!rc && a->data_is_ptr)
		rc = mem_access(w, a->data, buf, a->size, true);
	return rc;
}

static void advance(struct domain_access *a, uint64_t n)
{
	uint64_t by = a->df ? -(n * a->size) : n * a->size;

	a->count -= n;
	if (a->data_is_ptr)
		a->data += by;
	if (!a->pio)
		a->addr += by;
}

int domain_access(struct domain *dom, unsigned vcpu, struct domain_access *a)
{
	struct who w = {dom, vcpu};

	if (!port_size(a->size) && (a->pio || a->size != 8))
		return -EINVAL;
	if (a->pio && a->addr + a->size > 0x10000)
		return -EINVAL;
	while (a->count) {
		uint64_t n, val = 0;
		int rc = -ENXIO;

		wait_running(dom, vcpu);
		n = chunk(w, a);
		if (n)
			rc = chunk_ask(w, a, n, &val);
		if (rc == -ENXIO) {
			n = 1;
			rc = unit_alone(w, a, &val);
		}
		if (rc)
			return rc;
		if (!a->write && !a->data_is_ptr)
			a->data = val & ones(a->size);
		advance(a, n);
	}
	return 0;
}
