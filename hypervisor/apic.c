/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/apic.c: between the local APICs: whom a message is for, and what a processor asks of
 * its own one. The devices are hypervisor/platform/lapic.c; its regions are reached by name.
 */
#include "hypervisor/core.h"

#include <errno.h>
#include <stdio.h>

/* Regions of the local APIC, and what is where in CORE. */
enum { REGION_MMIO, REGION_CORE };
enum {
	CORE_ID = 0,
	CORE_LDR = 4,
	CORE_MODE = 8,
	CORE_ACCEPT = 12,
	CORE_PENDING = 16,
	CORE_ACK = 20,
	CORE_INIT = 24,
	CORE_BASE = 32,
	CORE_TSC_DEADLINE = 40,
	CORE_TSC_OFFSET = 48,
};
enum { MODE_EN = 1, MODE_X2 = 2, MODE_SW = 4 };
enum { PENDING_NONE, PENDING_VECTOR, PENDING_EXTINT };
enum { DM_FIXED, DM_LOWEST, DM_SMI, DM_NMI = 4, DM_INIT, DM_SIPI, DM_EXTINT };
enum { MMIO_TPR = 0x80, MMIO_DFR = 0xe0, MMIO_ICR_LOW = 0x300, MMIO_ICR_HIGH = 0x310 };
enum { MSR_BASE = 0x1b, MSR_TSC_DEADLINE = 0x6e0, MSR_X2 = 0x800, MSR_X2_END = 0x900 };
enum { MSR_ICR = 0x830 };
enum { BASE_EXTD = 1 << 10, BASE_EN = 1 << 11 };
#define BASE_LEGAL 0xfffffffd00ull
#define SEND_EOI   (~0ull)

static uint32_t core_rd(const struct domain *dom, unsigned vcpu, unsigned at)
{
	return (uint32_t)dev_read(dom->apic[vcpu].dev, REGION_CORE, at, 4);
}

static void core_wr(struct domain *dom, unsigned vcpu, unsigned at, uint32_t val)
{
	dev_write(dom->apic[vcpu].dev, REGION_CORE, at, 4, val);
}

static bool has_apic(const struct domain *dom, unsigned vcpu)
{
	return vcpu < dom->vcpus && dom->apic[vcpu].dev;
}

int apic_init(struct domain *dom, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < dom->vcpus && !rc; i++) {
		char id[16], vcpu[16];

		snprintf(id, sizeof(id), "apic%u", i);
		snprintf(vcpu, sizeof(vcpu), "%u", i);
		platform_device(dom, "apic", id, "vcpu", vcpu, &dom->apic[i].dev, &rc, e);
	}
	return rc;
}

unsigned apic_vcpu(const struct domain *dom, const struct dev *d)
{
	for (unsigned i = 0; i < dom->vcpus; i++)
		if (dom->apic[i].dev == d)
			return i;
	return DOMAIN_NO_VCPU;
}

const struct platform_window *apic_window(const struct domain *dom, unsigned vcpu, uint64_t addr)
{
	const struct platform_window *w = &dom->apic[vcpu].w;

	return w->dev && w->w.base != WINDOW_OFF && addr - w->w.base < w->w.len ? w : NULL;
}

void apic_intr(struct domain *dom, bool level)
{
	for (unsigned i = 0; i < dom->vcpus; i++)
		if (dom->apic[i].dev)
			dev_input(dom->apic[i].dev, 0, level);
}

/* ---- messages ---- */

struct message {
	unsigned from;
	uint32_t to, data;
	bool logical;
};

/* SDM volume 3, 10.6.2.2 and 10.12.10. */
static bool logical_match(const struct domain *dom, unsigned vcpu, uint32_t mode, uint32_t to)
{
	uint32_t ldr = core_rd(dom, vcpu, CORE_LDR), dfr;

	if (mode & MODE_X2)
		return to >> 16 == ldr >> 16 && to & ldr & 0xffff;
	ldr >>= 24;
	dfr = (uint32_t)dev_read(dom->apic[vcpu].dev, REGION_MMIO, MMIO_DFR, 4) >> 28;
	if (dfr == 0xf)
		return to & ldr;
	return (to >> 4 == ldr >> 4 || to >> 4 == 0xf) && to & ldr & 0xf;
}

static bool is_for(const struct domain *dom, unsigned vcpu, uint32_t mode, const struct message *m)
{
	switch (m->data >> 18 & 3) {
	case 1:
		return vcpu == m->from;
	case 2:
		return true;
	case 3:
		return vcpu != m->from;
	}
	if (m->to == 0xff || m->to == ~0u)
		return true;
	return m->logical ? logical_match(dom, vcpu, mode, m->to)
			  : m->to == (mode & MODE_X2 ? core_rd(dom, vcpu, CORE_ID)
						     : core_rd(dom, vcpu, CORE_ID) >> 24);
}

static void deliver(struct domain *dom, unsigned vcpu, uint32_t data)
{
	switch (data >> 8 & 7) {
	case DM_FIXED:
	case DM_LOWEST:
	case DM_EXTINT:
		core_wr(dom, vcpu, CORE_ACCEPT, data);
		break;
	case DM_NMI:
		core_nmi(dom, vcpu);
		break;
	case DM_INIT:
		core_wr(dom, vcpu, CORE_INIT, 0);
		core_tell(dom, init, vcpu);
		break;
	case DM_SIPI:
		core_tell(dom, sipi, vcpu, (uint8_t)data);
		break;
	}
}

static void eoi(struct domain *dom, uint32_t vector)
{
	int bank = platform_bank(dom->ioapic, "eoi");

	if (bank >= 0)
		dev_write(dom->ioapic, (unsigned)bank, 0, 1, vector);
}

/* Of those that a lowest-priority message names the one that is least busy, the first of equals. */
static void send(struct domain *dom, const struct message *m)
{
	bool lowest = (m->data >> 8 & 7) == DM_LOWEST;
	unsigned best = DOMAIN_NO_VCPU, best_ppr = 0;

	for (unsigned i = 0; i < dom->vcpus; i++) {
		uint32_t mode = dom->apic[i].dev ? core_rd(dom, i, CORE_MODE) : 0;

		if (!(mode & MODE_EN) || !is_for(dom, i, mode, m))
			continue;
		if (!lowest) {
			deliver(dom, i, m->data);
		} else if (mode & MODE_SW && (best == DOMAIN_NO_VCPU || mode >> 8 < best_ppr)) {
			best = i;
			best_ppr = mode >> 8;
		}
	}
	if (best != DOMAIN_NO_VCPU)
		deliver(dom, best, m->data);
}

void apic_message(struct domain *dom, unsigned from, uint64_t addr, uint32_t data)
{
	struct message m = {.from = from,
			    .to = (uint32_t)(addr >> 12 & 0xff) | (uint32_t)(addr >> 40) << 8,
			    .data = data,
			    .logical = addr >> 2 & 1};

	if (addr == SEND_EOI)
		eoi(dom, data);
	else
		send(dom, &m);
}

/* ---- a processor's side ---- */

void apic_line(struct domain *dom, unsigned vcpu, bool level)
{
	__atomic_store_n(&dom->vcpu_intr[vcpu], level, __ATOMIC_RELEASE);
	core_tell(dom, apic, vcpu, level);
}

const bool *domain_vcpu_intr_flag(const struct domain *dom, unsigned vcpu)
{
	return &dom->vcpu_intr[vcpu];
}

bool domain_has_apic(const struct domain *dom, unsigned vcpu)
{
	return has_apic(dom, vcpu);
}

bool domain_vcpu_intr(const struct domain *dom, unsigned vcpu)
{
	if (!has_apic(dom, vcpu))
		return vcpu == 0 && domain_intr(dom);
	return dev_line_counter(dom->apic[vcpu].dev, 0) & 1;
}

unsigned domain_vcpu_inta(struct domain *dom, unsigned vcpu)
{
	unsigned what, vector;

	if (!has_apic(dom, vcpu))
		return domain_inta(dom);
	what = core_rd(dom, vcpu, CORE_PENDING);
	vector = core_rd(dom, vcpu, CORE_ACK);
	return what == PENDING_EXTINT ? domain_inta(dom) : vector;
}

uint64_t domain_apic_tpr(struct domain *dom, unsigned vcpu)
{
	if (!has_apic(dom, vcpu))
		return 0;
	return dev_read(dom->apic[vcpu].dev, REGION_MMIO, MMIO_TPR, 4) >> 4;
}

void domain_apic_set_tpr(struct domain *dom, unsigned vcpu, uint64_t cr8)
{
	if (has_apic(dom, vcpu))
		dev_write(dom->apic[vcpu].dev, REGION_MMIO, MMIO_TPR, 4, (cr8 & 15) << 4);
}

void domain_apic_tsc_offset(struct domain *dom, unsigned vcpu, uint64_t offset)
{
	if (has_apic(dom, vcpu))
		dev_write(dom->apic[vcpu].dev, REGION_CORE, CORE_TSC_OFFSET, 8, offset);
}

/* ---- MSRs ---- */

/* SDM volume 3, table 10-6: the bits that a write may have set; -1: #GP. */
static int64_t x2_writable(uint32_t msr)
{
	switch (msr) {
	case 0x808: /* TPR */
		return 0xff;
	case 0x80b: /* EOI */
	case 0x828: /* ESR */
		return 0;
	case 0x80f: /* SVR */
		return 0x1ff;
	case MSR_ICR:
		return 0xccfff;
	case 0x832: /* LVT: timer */
		return 0x700ff;
	case 0x833: /* thermal, performance */
	case 0x834:
		return 0x107ff;
	case 0x835: /* LINT0, LINT1 */
	case 0x836:
		return 0x1a7ff;
	case 0x837: /* error */
		return 0x100ff;
	case 0x838: /* initial count */
		return 0xffffffff;
	case 0x83e: /* divide */
		return 0xb;
	case 0x83f: /* self IPI */
		return 0xff;
	}
	return -1;
}

static bool x2_readable(uint32_t msr)
{
	static const uint32_t more[] = {0x802, 0x803, 0x80a, 0x80d, 0x839};

	if (msr >= 0x810 && msr <= 0x827)
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(more); i++)
		if (msr == more[i])
			return true;
	return x2_writable(msr) >= 0 && msr != 0x80b && msr != 0x83f;
}

static bool x2_mode(const struct domain *dom, unsigned vcpu)
{
	return core_rd(dom, vcpu, CORE_MODE) & MODE_X2;
}

int domain_apic_rdmsr(struct domain *dom, unsigned vcpu, uint32_t msr, uint64_t *val)
{
	struct dev *d = has_apic(dom, vcpu) ? dom->apic[vcpu].dev : NULL;

	if (d && (msr == MSR_BASE || msr == MSR_TSC_DEADLINE)) {
		*val = dev_read(d, REGION_CORE, msr == MSR_BASE ? CORE_BASE : CORE_TSC_DEADLINE, 8);
		return 0;
	}
	if (!d || msr < MSR_X2 || msr >= MSR_X2_END || !x2_mode(dom, vcpu) || !x2_readable(msr))
		return -EINVAL;
	*val = dev_read(d, REGION_MMIO, (msr - MSR_X2) << 4, 4);
	if (msr == MSR_ICR)
		*val |= dev_read(d, REGION_MMIO, MMIO_ICR_HIGH, 4) << 32;
	return 0;
}

/* 10.12.5: x2APIC mode is entered from xAPIC mode and left through off alone. */
static int base_write(struct dev *d, uint64_t val)
{
	uint64_t was = dev_read(d, REGION_CORE, CORE_BASE, 8);
	bool en = val & BASE_EN, extd = val & BASE_EXTD;

	if (val & ~BASE_LEGAL || (extd && !en))
		return -EINVAL;
	if (was & BASE_EXTD && en && !extd)
		return -EINVAL;
	if (!(was & BASE_EN) && extd)
		return -EINVAL;
	dev_write(d, REGION_CORE, CORE_BASE, 8, val);
	return 0;
}

int domain_apic_wrmsr(struct domain *dom, unsigned vcpu, uint32_t msr, uint64_t val)
{
	struct dev *d = has_apic(dom, vcpu) ? dom->apic[vcpu].dev : NULL;
	int64_t legal = x2_writable(msr);

	if (d && msr == MSR_BASE)
		return base_write(d, val);
	if (d && msr == MSR_TSC_DEADLINE) {
		dev_write(d, REGION_CORE, CORE_TSC_DEADLINE, 8, val);
		return 0;
	}
	if (!d || !x2_mode(dom, vcpu) || legal < 0)
		return -EINVAL;
	if ((msr == MSR_ICR ? val & ones(4) : val) & ~(uint64_t)legal)
		return -EINVAL;
	if (msr == MSR_ICR)
		dev_write(d, REGION_MMIO, MMIO_ICR_HIGH, 4, val >> 32);
	dev_write(d, REGION_MMIO, (msr - MSR_X2) << 4, 4, val & ones(4));
	return 0;
}
