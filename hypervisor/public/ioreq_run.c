/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dispatcher's half of the ioreq protocol: fields checked, rep requests cut into units.
 * A request is hostile: it may come from a core that is wrong, or from a page that somebody else
 * can write.
 */
#include "hypervisor/public/ioreq_run.h"

#include "base/util.h"

#include <errno.h>

/* 1, 2, 4, and 8 in memory alone. */
static bool size_valid(const struct hv_ioreq *r)
{
	return r->size == 1 || r->size == 2 || r->size == 4 ||
	       (r->size == 8 && r->type == HV_IOREQ_COPY);
}

/* Do count units from `first` on, up or down, stay within [0, end]? end is inclusive. */
static bool span_valid(const struct hv_ioreq *r, uint64_t first, uint64_t count, uint64_t end)
{
	uint64_t before = (count - 1) * r->size, last;

	if (r->df)
		return first >= before && first <= end && end - first >= r->size - 1;
	return !add_overflows(first, before + r->size - 1, &last) && last <= end;
}

bool ioreq_valid(const struct hv_ioreq *r)
{
	if (!size_valid(r) || !r->count || r->count > IOREQ_BYTES / r->size)
		return false;
	if (r->data_is_ptr && !span_valid(r, r->data, r->count, ~0ull))
		return false;
	switch (r->type) {
	case HV_IOREQ_PIO:
		return (r->data_is_ptr || r->count == 1) && span_valid(r, r->addr, 1, 0xffff);
	case HV_IOREQ_COPY:
		return span_valid(r, r->addr, r->count, ~0ull);
	case HV_IOREQ_PCI_CONFIG:
		/* Registers above 0xff come with AMD's extended CF8 only: 12 bits in all. */
		return r->count == 1 && !r->data_is_ptr &&
		       span_valid(r, (uint32_t)r->addr, 1, 0xfff);
	default:
		return false;
	}
}

int ioreq_ram(struct hv *hv, uint64_t gpa, void *buf, size_t len, bool write)
{
	int rc = 0;

	for (size_t done = 0, n; done < len; done += n) {
		uint8_t *mine = (uint8_t *)buf + done;
		void *p;

		n = len - done;
		p = hv->ops->dma_map(hv, gpa + done, &n, write);
		if (!p) {
			n = MIN(len - done, 4096 - ((gpa + done) & 4095));
			if (!write)
				memset(mine, 0xff, n);
			rc = -EFAULT;
			continue;
		}
		memcpy(write ? p : mine, write ? mine : p, n);
		hv->ops->dma_unmap(hv, p, gpa + done, write ? n : 0);
	}
	return rc;
}

/* Address of unit i on the device's side. */
static uint64_t unit_addr(const struct hv_ioreq *r, uint32_t i)
{
	uint64_t step = (uint64_t)i * r->size;

	if (r->type != HV_IOREQ_COPY)
		return r->addr;
	return r->df ? r->addr - step : r->addr + step;
}

static void run_values(struct hv_ioreq *r, const struct ioreq_target *t)
{
	for (uint32_t i = 0; i < r->count; i++)
		if (r->dir == HV_IOREQ_READ)
			r->data = t->read(t->arg, r->type, unit_addr(r, i), r->size);
		else
			t->write(t->arg, r->type, unit_addr(r, i), r->size,
				 r->data & ones(r->size));
	if (r->dir == HV_IOREQ_READ)
		r->data &= ones(r->size);
}

/* The memory side of a request that goes down, between its order and the instruction's. */
static void turn_round(uint8_t *buf, const struct hv_ioreq *r)
{
	uint8_t tmp[8], *a = buf, *b = buf + (size_t)(r->count - 1) * r->size;

	for (; r->df && a < b; a += r->size, b -= r->size) {
		memcpy(tmp, a, r->size);
		memcpy(a, b, r->size);
		memcpy(b, tmp, r->size);
	}
}

/* buf: units in the instruction's order. */
static void run_units(struct hv_ioreq *r, const struct ioreq_target *t, uint8_t *buf)
{
	bool write = r->dir == HV_IOREQ_WRITE;
	uint32_t i = 0;

	if (t->bulk && r->type == HV_IOREQ_PIO)
		i = t->bulk(t->arg, (uint16_t)r->addr, r->size, write, buf, r->count);
	for (; i < r->count; i++) {
		uint8_t *unit = buf + (size_t)i * r->size;
		uint64_t addr = unit_addr(r, i);

		if (write)
			t->write(t->arg, r->type, addr, r->size, load_le(unit, r->size));
		else
			store_le(unit, r->size, t->read(t->arg, r->type, addr, r->size));
	}
}

int ioreq_run(struct hv *hv, struct hv_ioreq *r, const struct ioreq_target *t)
{
	uint8_t buf[IOREQ_BYTES];
	uint64_t low = r->data;
	size_t len;

	if (!ioreq_valid(r)) {
		if (r->dir == HV_IOREQ_READ && !r->data_is_ptr)
			r->data = ~0ull;
		return -EINVAL;
	}
	if (!r->data_is_ptr) {
		run_values(r, t);
		return 0;
	}
	len = (size_t)r->count * r->size;
	if (r->df)
		low -= len - r->size;
	if (r->dir == HV_IOREQ_WRITE) {
		ioreq_ram(hv, low, buf, len, false);
		turn_round(buf, r);
		run_units(r, t, buf);
	} else {
		run_units(r, t, buf);
		turn_round(buf, r);
		ioreq_ram(hv, low, buf, len, true);
	}
	return 0;
}
