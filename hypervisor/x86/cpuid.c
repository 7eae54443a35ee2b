/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/cpuid.c: the leaves of CPUID.
 *
 * Spec: Intel SDM volume 2, CPUID; volume 1, 13.2 (leaf 0xd); AMD APM volume 3, appendix E.
 * State: leaves 0-0x16 as far as they say something, 0x40000000, 0x80000000-0x80000008.
 * Missing: the hypervisor leaves of Xen, KVM and Hyper-V.
 * Tests: tests/x86/cpuid.c
 */
#include "base/util.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/sys.h"

#define LEAF_MAX  0x16
#define HV_MAX    0x40000000u
#define EXT_MAX   0x80000008u
#define TSC_HZ    1000000000u /* cpu_tsc counts ns */
#define LINE      64
#define XSAVE_MIN 576 /* legacy area and header */
#define YMM_SIZE  256

static void text(uint32_t out[4], const char *s)
{
	memcpy(out, s, 16);
}

static uint32_t features(const struct cpu *c, uint32_t leaf, uint32_t sub, unsigned reg)
{
	uint32_t r = 0;

	for (unsigned f = CPU_ALWAYS + 1; f < CPU_FEATURES; f++) {
		const struct cpu_feature_bit *b = &cpu_feature_bits[f];

		if (cpu_has(c, f) && b->leaf == leaf && b->sub == sub && b->reg == reg)
			r |= 1u << b->bit;
	}
	return r;
}

static void all_features(const struct cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = features(c, leaf, sub, i);
}

static void vendor(const struct cpu *c, uint32_t max, uint32_t out[4])
{
	out[0] = max;
	memcpy(&out[1], c->model->vendor, 4);
	memcpy(&out[3], c->model->vendor + 4, 4);
	memcpy(&out[2], c->model->vendor + 8, 4);
}

static void leaf_1(const struct cpu *c, uint32_t out[4])
{
	unsigned n = domain_vcpus(c->dom);

	all_features(c, 1, 0, out);
	out[0] = c->model->version;
	out[1] = c->id << 24 | MIN(n, 255) << 16 | LINE / 8 << 8;
	if (c->cr4 & CR4_OSXSAVE)
		out[2] |= 1u << 27;
	if (n > 1)
		out[3] |= 1u << 28;
	if (!(c->apic_base & 1u << 11))
		out[3] &= ~(1u << 9);
	if (!domain_has_apic(c->dom, c->id))
		out[2] &= ~(1u << 21 | 1u << 24); /* x2APIC, its deadline timer */
}

/* Level, type (1 data, 2 code, 3 both), ways, sets: 32, 32 and 2048 KiB. */
static void leaf_4(uint32_t sub, uint32_t out[4])
{
	static const uint16_t caches[][4] = {{1, 1, 8, 64}, {1, 2, 8, 64}, {2, 3, 8, 4096}};
	const uint16_t *k;

	if (sub >= ARRAY_SIZE(caches))
		return;
	k = caches[sub];
	out[0] = k[1] | (uint32_t)k[0] << 5 | 1u << 8;
	out[1] = (LINE - 1) | (k[2] - 1u) << 22;
	out[2] = k[3] - 1u;
}

/* One thread a core, all cores in one package. */
static void leaf_b(const struct cpu *c, uint32_t sub, uint32_t out[4])
{
	unsigned n = domain_vcpus(c->dom), bits = 0;

	while (1u << bits < n)
		bits++;
	if (sub == 0) {
		out[1] = 1;
		out[2] = 1u << 8;
	} else if (sub == 1) {
		out[0] = bits;
		out[1] = n;
		out[2] = 2u << 8 | 1;
	} else {
		out[2] = sub & 0xff;
	}
	out[3] = c->id;
}

static uint32_t xsave_size(uint64_t xcr0)
{
	return xcr0 & 4 ? XSAVE_MIN + YMM_SIZE : XSAVE_MIN;
}

static void leaf_d(const struct cpu *c, uint32_t sub, uint32_t out[4])
{
	uint64_t all = model_xcr0(c->model);

	if (!all)
		return;
	if (sub == 0) {
		out[0] = (uint32_t)all;
		out[1] = xsave_size(c->xcr0);
		out[2] = xsave_size(all);
	} else if (sub == 1) {
		out[0] = features(c, 0xd, 1, CPUID_EAX);
		out[1] = out[0] & 0xa ? xsave_size(c->xcr0) : 0;
	} else if (sub == 2 && all & 4) {
		out[0] = YMM_SIZE;
		out[1] = XSAVE_MIN;
	}
}

static void basic(const struct cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	switch (leaf) {
	case 0:
		vendor(c, LEAF_MAX, out);
		break;
	case 1:
		leaf_1(c, out);
		break;
	case 2:
		out[0] = 0xff01; /* see leaf 4 */
		break;
	case 4:
		leaf_4(sub, out);
		break;
	case 7:
		all_features(c, 7, sub, out);
		if (sub == 0 && cpu_has(c, CPU_BHI_CTRL))
			out[0] = 2; /* the last of its subleaves */
		break;
	case 0xb:
		leaf_b(c, sub, out);
		break;
	case 0xd:
		leaf_d(c, sub, out);
		break;
	case 0x15:
		out[0] = out[1] = 1;
		out[2] = TSC_HZ;
		break;
	case 0x16:
		out[0] = out[1] = TSC_HZ / 1000000;
		out[2] = 100;
		break;
	}
}

static void extended(const struct cpu *c, uint32_t leaf, uint32_t out[4])
{
	switch (leaf) {
	case 0x80000000:
		out[0] = EXT_MAX;
		break;
	case 0x80000001:
		all_features(c, leaf, 0, out);
		/* On Intel's the bit is there in 64-bit mode alone. */
		if (c->mode != MODE_64)
			out[3] &= ~(1u << 11);
		break;
	case 0x80000002:
	case 0x80000003:
	case 0x80000004:
		text(out, c->model->brand + 16 * (leaf - 0x80000002));
		break;
	case 0x80000006:
		out[2] = 2048u << 16 | 6u << 12 | LINE; /* 6: 8 ways */
		break;
	case 0x80000007:
		out[3] = features(c, leaf, 0, CPUID_EDX);
		break;
	case 0x80000008:
		out[0] = (uint32_t)c->model->lin_bits << 8 | c->model->phys_bits;
		break;
	}
}

/* Beyond the last leaf Intel's processors answer as for the last basic one. */
void cpu_cpuid(struct cpu *c, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
	memset(out, 0, 16);
	if (leaf == HV_MAX && cpu_has(c, CPU_HYPERVISOR)) {
		out[0] = HV_MAX;
		memcpy(&out[1], "HvmSoftware", 12);
		return;
	}
	if (leaf >= 0x80000000 && leaf <= EXT_MAX)
		extended(c, leaf, out);
	else
		basic(c, MIN(leaf, LEAF_MAX), sub, out);
}
