/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/ioreq.c: see ioreq.h. The checking of fields and the units of a rep are the seam's
 * (hypervisor/public/ioreq_run.h); here is who answers a unit.
 */
#include "dm/ioreq.h"

#include "base/util.h"
#include "hypervisor/public/ioreq_run.h"

/* SBDF << 32 | register, to devfn << 8 | register. False: not segment 0, bus 0, or over the end
 * of a function's 256 bytes. */
static bool config_address(struct board *b, uint64_t *addr, unsigned size)
{
	uint64_t reg = (uint32_t)*addr;

	if (*addr >> 40 || reg + size > 0x100) {
		b->env.guest_errors++;
		return false;
	}
	*addr = (*addr >> 32) << 8 | reg;
	return true;
}

static uint64_t unit_read(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	struct board *b = arg;

	if (type != HV_IOREQ_PCI_CONFIG)
		return board_read(b, type == HV_IOREQ_PIO ? SPACE_IO : SPACE_MEM, addr, size);
	if (!config_address(b, &addr, size))
		return ~0ull;
	return board_config_read(b, (uint32_t)addr, size);
}

static void unit_write(void *arg, enum hv_ioreq_type type, uint64_t addr, unsigned size,
		       uint64_t val)
{
	struct board *b = arg;

	if (type != HV_IOREQ_PCI_CONFIG)
		board_write(b, type == HV_IOREQ_PIO ? SPACE_IO : SPACE_MEM, addr, size, val);
	else if (config_address(b, &addr, size))
		board_config_write(b, (uint32_t)addr, size, val);
}

/* rep ins/outs: the port stays, so a data port can take it in one go. */
static unsigned port_bulk(void *arg, uint16_t port, unsigned size, bool write, void *buf,
			  unsigned count)
{
	const struct claim *c = board_find(arg, SPACE_IO, port);

	if (!c || c->last - port < size - 1)
		return 0;
	dev_bulk(c->dev, c->region, claim_offset(c, port), size, write, buf, count);
	return count;
}

void ioreq_handle(struct board *b, struct hv_ioreq *r)
{
	const struct ioreq_target t = {unit_read, unit_write, port_bulk, b};

	/* The time offset is the toolstack's affair, and there is no cache of mappings here. */
	if (r->type == HV_IOREQ_TIMEOFFSET || r->type == HV_IOREQ_INVALIDATE)
		return;
	if (!ioreq_run(b->hv, r, &t))
		return;
	if (r->dir == HV_IOREQ_READ && !r->data_is_ptr)
		r->data = ones(r->size);
	b->env.guest_errors++;
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
