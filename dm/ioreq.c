/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/ioreq.c: see ioreq.h. Meanings of the fields are Xen's, <xen/hvm/ioreq.h>. */
#include "dm/ioreq.h"

#include "dm/machine_parts.h"

/* The longest rep that one request may stand for; Xen cuts them at pages already. */
#define MAX_UNITS 65536u
#define CHUNK     4096u

/* A request whose fields are in range. */
struct job {
	struct board *b;
	enum space space;
	uint64_t addr; /* PIO: port, CONFIG: devfn << 8 | register */
	uint64_t data; /* guest address of the first unit, or the value */
	unsigned size, count;
	bool read, down, by_pointer;
};

/* ---- one unit ---- */

static uint64_t unit_read(const struct job *j, uint64_t addr)
{
	if (j->space == SPACE_CONFIG)
		return board_config_read(j->b, (uint32_t)addr, j->size);
	return board_read(j->b, j->space, addr, j->size);
}

static void unit_write(const struct job *j, uint64_t addr, uint64_t val)
{
	if (j->space == SPACE_CONFIG)
		board_config_write(j->b, (uint32_t)addr, j->size, val);
	else
		board_write(j->b, j->space, addr, j->size, val & ones(j->size));
}

/* ---- guest memory ---- */

/* What is not RAM reads as ones and takes no writes. */
static void ram_copy(struct board *b, uint64_t gpa, uint8_t *buf, size_t len, bool write)
{
	const struct hv_ops *ops = b->hv->ops;

	for (size_t n; len; gpa += n, buf += n, len -= n) {
		uint8_t *p;

		n = len;
		p = ops->dma_map(b->hv, gpa, &n, write);
		if (!p || !n || n > len) {
			n = MIN(len, 4096 - (size_t)(gpa & 4095));
			if (!write)
				memset(buf, 0xff, n);
			continue;
		}
		if (write)
			memcpy(p, buf, n);
		else
			memcpy(buf, p, n);
		ops->dma_unmap(b->hv, p, gpa, write ? n : 0);
	}
}

static uint64_t nth(const struct job *j, uint64_t base, unsigned i)
{
	uint64_t by = (uint64_t)i * j->size;

	return j->down ? base - by : base + by;
}

/* Units i … i+n of the memory side, in the order of the instruction. */
static void units_copy(const struct job *j, unsigned i, unsigned n, uint8_t *buf, bool write)
{
	if (!j->down) {
		ram_copy(j->b, nth(j, j->data, i), buf, (size_t)n * j->size, write);
		return;
	}
	for (unsigned k = 0; k < n; k++)
		ram_copy(j->b, nth(j, j->data, i + k), buf + (size_t)k * j->size, j->size, write);
}

/* ---- rep ---- */

/* rep ins/outs: the port stays, so a data port can take a chunk in one go. */
static void port_chunk(const struct job *j, uint8_t *buf, unsigned n)
{
	const struct claim *c = board_find(j->b, SPACE_IO, j->addr);

	if (c && c->last - j->addr >= j->size - 1) {
		dev_bulk(c->dev, c->region, claim_offset(c, j->addr), j->size, !j->read, buf, n);
		return;
	}
	for (unsigned k = 0; k < n; k++)
		if (j->read)
			store_le(buf + (size_t)k * j->size, j->size, unit_read(j, j->addr));
		else
			unit_write(j, j->addr, load_le(buf + (size_t)k * j->size, j->size));
}

/* rep movs/stos to or from MMIO: the address moves along. */
static void memory_chunk(const struct job *j, uint8_t *buf, unsigned i, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		uint64_t addr = j->space == SPACE_MEM ? nth(j, j->addr, i + k) : j->addr;
		uint8_t *at = buf + (size_t)k * j->size;

		if (j->read)
			store_le(at, j->size, unit_read(j, addr));
		else
			unit_write(j, addr, load_le(at, j->size));
	}
}

static void run_rep(const struct job *j)
{
	uint8_t buf[CHUNK];
	unsigned most = CHUNK / j->size;

	for (unsigned i = 0, n; i < j->count; i += n) {
		n = MIN(j->count - i, most);
		if (!j->read)
			units_copy(j, i, n, buf, false);
		if (j->space == SPACE_IO)
			port_chunk(j, buf, n);
		else
			memory_chunk(j, buf, i, n);
		if (j->read)
			units_copy(j, i, n, buf, true);
	}
}

/* By value: rep stos to MMIO writes one value along; a port takes it once, as on Xen. */
static uint64_t run_value(const struct job *j)
{
	unsigned count = j->space == SPACE_MEM ? j->count : 1;
	uint64_t val = 0;

	for (unsigned i = 0; i < count; i++) {
		uint64_t addr = j->space == SPACE_MEM ? nth(j, j->addr, i) : j->addr;

		if (j->read)
			val = unit_read(j, addr);
		else
			unit_write(j, addr, j->data);
	}
	return val & ones(j->size);
}

/* ---- the request ---- */

static bool size_fits(unsigned size, unsigned most)
{
	return size && size <= most && !(size & (size - 1));
}

/* Every field into range, or false. */
static bool to_job(struct board *b, const struct hv_ioreq *r, struct job *j)
{
	*j = (struct job){.b = b,
			  .addr = r->addr,
			  .data = r->data,
			  .size = r->size,
			  .count = r->count,
			  .read = r->dir == HV_IOREQ_READ,
			  .down = r->df,
			  .by_pointer = r->data_is_ptr};
	if (!j->count || j->count > MAX_UNITS)
		return false;
	switch (r->type) {
	case HV_IOREQ_PIO:
		j->space = SPACE_IO;
		return size_fits(j->size, 4) && j->addr <= 0x10000 - j->size;
	case HV_IOREQ_COPY:
		j->space = SPACE_MEM;
		return size_fits(j->size, 8);
	case HV_IOREQ_PCI_CONFIG:
		/* segment 0, bus 0; the low word is the register */
		j->space = SPACE_CONFIG;
		j->addr = (r->addr >> 32 & 0xff) << 8 | (r->addr & 0xff);
		return size_fits(j->size, 4) && r->addr >> 40 == 0 && (uint32_t)r->addr < 0x100 &&
		       (r->addr & 0xff) + j->size <= 0x100;
	}
	return false;
}

void ioreq_handle(struct board *b, struct hv_ioreq *r)
{
	struct job j;

	/* The time offset is the toolstack's affair, and there is no cache of mappings here. */
	if (r->type == HV_IOREQ_TIMEOFFSET || r->type == HV_IOREQ_INVALIDATE)
		return;
	if (!to_job(b, r, &j)) {
		if (r->dir == HV_IOREQ_READ && !r->data_is_ptr)
			r->data = ones(r->size);
		b->env.guest_errors++;
	} else if (j.by_pointer) {
		run_rep(&j);
	} else if (j.read) {
		r->data = run_value(&j);
	} else {
		run_value(&j);
	}
}

void ioreq_client(void *arg, struct hv_ioreq *r, unsigned vcpu)
{
	(void)vcpu;
	ioreq_handle(arg, r);
}

void ioreq_client_buffered(void *arg, struct hv_ioreq *r)
{
	ioreq_handle(arg, r);
}
