/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/model.c: processor models: which features they have, cut to what this host and
 * engine can run, and what that makes of the control registers' reserved bits.
 *
 * Spec: System V ABI for x86-64, 3.1.1 (x86-64-v1 … v3); Intel SDM volume 3, 2.5.
 * Tests: tests/x86/cpuid.c
 */
#include "hypervisor/x86/model.h"

#include "base/err.h"
#include "base/util.h"
#include "hypervisor/x86/sys.h"

#include <cpuid.h>
#include <errno.h>
#include <stdlib.h>

/* clang-format off */
/* What x86-64 needs, and what any machine of that time has beside it. */
static const uint8_t level_1[] = {
	CPU_FPU, CPU_VME, CPU_DE, CPU_PSE, CPU_TSC, CPU_MSR, CPU_PAE, CPU_MCE, CPU_CX8, CPU_APIC,
	CPU_SEP, CPU_MTRR, CPU_PGE, CPU_MCA, CPU_CMOV, CPU_PAT, CPU_PSE36, CPU_CLFSH, CPU_MMX,
	CPU_FXSR, CPU_SSE, CPU_SSE2, CPU_HYPERVISOR, CPU_SYSCALL, CPU_NX, CPU_LM, CPU_INVTSC,
};
static const uint8_t qemu_64[] = {CPU_SSE3, CPU_CX16, CPU_LAHF_LM};
static const uint8_t level_2[] = {
	CPU_SSE3, CPU_CX16, CPU_LAHF_LM, CPU_POPCNT, CPU_SSE41, CPU_SSE42, CPU_SSSE3,
};
static const uint8_t level_3[] = {
	CPU_XSAVE, CPU_AVX, CPU_AVX2, CPU_BMI1, CPU_BMI2, CPU_F16C, CPU_FMA, CPU_ABM, CPU_MOVBE,
};
/* Needed by nothing above, there in "max" and "host". */
static const uint8_t rest[] = {
	CPU_PCLMULQDQ, CPU_PCID, CPU_AES, CPU_RDRAND, CPU_FSGSBASE, CPU_TSC_ADJUST, CPU_SMEP,
	CPU_ERMS, CPU_INVPCID, CPU_RDSEED, CPU_ADX, CPU_SMAP, CPU_CLFLUSHOPT, CPU_CLWB, CPU_SHA,
	CPU_UMIP, CPU_RDPID, CPU_FSRM, CPU_XSAVEOPT, CPU_XSAVEC, CPU_XSAVES, CPU_XGETBV1,
	CPU_PREFETCHW, CPU_FDP_EXCPTN, CPU_ZERO_FCS, CPU_X2APIC, CPU_TSC_DEADLINE,
	CPU_PDPE1GB, CPU_RDTSCP,
};
/* Attacks on what a processor does ahead of time, which guests need not defend themselves against:
 * docs/security.md says why. Linux leaves out PTI, retpolines, VERW and more of the kind then; for
 * BHI it wants the control: later ones do not believe BHI_NO. */
static const uint8_t immune[] = {
	CPU_ARCH_CAPABILITIES, CPU_SPEC_CTRL, CPU_STIBP, CPU_SSBD, CPU_RDCL_NO, CPU_IBRS_ALL,
	CPU_SKIP_L1DFL, CPU_SSB_NO, CPU_MDS_NO, CPU_PSCHANGE_MC_NO, CPU_TAA_NO, CPU_SBDR_SSDP_NO,
	CPU_FBSDP_NO, CPU_PSDP_NO, CPU_BHI_CTRL, CPU_BHI_NO, CPU_PBRSB_NO, CPU_GDS_NO,
	CPU_RFDS_NO, CPU_ITS_NO,
};
/* The host's own units run these. */
static const uint8_t of_host[] = {
	CPU_MMX, CPU_FXSR, CPU_SSE, CPU_SSE2, CPU_SSE3, CPU_PCLMULQDQ, CPU_SSSE3, CPU_FMA,
	CPU_SSE41, CPU_SSE42, CPU_POPCNT, CPU_AES, CPU_AVX, CPU_F16C, CPU_RDRAND, CPU_BMI1,
	CPU_AVX2, CPU_BMI2, CPU_RDSEED, CPU_ADX, CPU_SHA, CPU_ABM, CPU_MOVBE,
};
/* A feature without the other is worth nothing. */
static const uint8_t needs[][2] = {
	{CPU_AVX, CPU_XSAVE}, {CPU_AVX2, CPU_AVX}, {CPU_FMA, CPU_AVX}, {CPU_F16C, CPU_AVX},
	{CPU_XSAVEOPT, CPU_XSAVE}, {CPU_XSAVEC, CPU_XSAVE}, {CPU_XSAVES, CPU_XSAVEC},
	{CPU_XGETBV1, CPU_XSAVE},
	{CPU_INVPCID, CPU_PCID}, {CPU_SSE2, CPU_SSE}, {CPU_SSE, CPU_FXSR},
	{CPU_IBRS_ALL, CPU_SPEC_CTRL},
};
#define SET(m) m, sizeof(m)
static const struct {
	const char *name;
	struct { const uint8_t *f; size_t n; } sets[5];
} models[] = {
	{"x86-64-v1", {{SET(level_1)}}},
	{"qemu64", {{SET(level_1)}, {SET(qemu_64)}}},
	{"x86-64-v2", {{SET(level_1)}, {SET(level_2)}}},
	{"x86-64-v3", {{SET(level_1)}, {SET(level_2)}, {SET(level_3)}}},
	{"max", {{SET(level_1)}, {SET(level_2)}, {SET(level_3)}, {SET(rest)}, {SET(immune)}}},
	{"host", {{SET(level_1)}, {SET(level_2)}, {SET(level_3)}, {SET(rest)}, {SET(immune)}}},
};
/* clang-format on */

/* ---- what this host has ---- */

static bool host_shows(enum cpu_feature f)
{
	const struct cpu_feature_bit *b = &cpu_feature_bits[f];
	uint32_t r[4];

	return __get_cpuid_count(b->leaf, b->sub, &r[0], &r[1], &r[2], &r[3]) &&
	       r[b->reg] >> b->bit & 1;
}

/* The operating system must keep the upper halves too. */
static bool host_has(enum cpu_feature f)
{
	uint32_t lo, hi;

	if (!host_shows(f))
		return false;
	if (f != CPU_AVX)
		return true;
	if (!host_shows(CPU_OSXSAVE))
		return false;
	__asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (lo & 6) == 6;
}

static void limit(struct cpu_model *m)
{
	for (unsigned i = 0; i < ARRAY_SIZE(of_host); i++)
		m->has[of_host[i]] &= host_has(of_host[i]);
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < ARRAY_SIZE(needs); i++)
			m->has[needs[i][0]] &= m->has[needs[i][1]];
}

/* ---- choosing ---- */

static bool offered(enum cpu_feature f)
{
	for (size_t i = 0; i < sizeof(models[4].sets) / sizeof(models[4].sets[0]); i++)
		for (size_t k = 0; k < models[4].sets[i].n; k++)
			if (models[4].sets[i].f[k] == f)
				return true;
	return false;
}

static int feature_apply(struct cpu_model *m, const char *word, size_t len, bool on, struct err *e)
{
	for (unsigned f = CPU_ALWAYS + 1; f < CPU_FEATURES; f++) {
		const char *name = cpu_feature_bits[f].name;

		if (strlen(name) != len || strncmp(name, word, len))
			continue;
		if (on && !offered(f))
			return err_set(e, -ENOTSUP, "CPU feature %s is not there in this engine",
				       name);
		m->has[f] = on;
		return 0;
	}
	return err_set(e, -EINVAL, "no CPU feature %.*s", (int)len, word);
}

/* +name, -name, name=on, name=off */
static int word_apply(struct cpu_model *m, const char *word, size_t len, struct err *e)
{
	size_t name = strcspn(word, "=,");

	if (len > 1 && (*word == '+' || *word == '-'))
		return feature_apply(m, word + 1, len - 1, *word == '+', e);
	if (len == name + 3 && !strncmp(word + name, "=on", 3))
		return feature_apply(m, word, name, true, e);
	if (len == name + 4 && !strncmp(word + name, "=off", 4))
		return feature_apply(m, word, name, false, e);
	return err_set(e, -EINVAL, "CPU feature without + or -, =on or =off: %.*s", (int)len, word);
}

static int base_apply(struct cpu_model *m, const char *name, size_t len, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		if (strlen(models[i].name) != len || strncmp(models[i].name, name, len))
			continue;
		memcpy(m->name, name, len);
		for (size_t k = 0; k < ARRAY_SIZE(models[i].sets); k++)
			for (size_t f = 0; f < models[i].sets[k].n; f++)
				m->has[models[i].sets[k].f[f]] = true;
		return 0;
	}
	return err_set(e, -EINVAL, "no CPU model %.*s (-cpu help lists them)", (int)len, name);
}

static int apply(struct cpu_model *m, const char *spec, struct err *e)
{
	size_t len = strcspn(spec, ",");
	int rc = base_apply(m, spec, len, e);

	while (!rc && spec[len]) {
		spec += len + 1;
		len = strcspn(spec, ",");
		rc = word_apply(m, spec, len, e);
	}
	return rc;
}

static void host_brand(char brand[49])
{
	uint32_t r[12];

	for (unsigned i = 0; i < 3; i++)
		if (!__get_cpuid(0x80000002 + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2],
				 &r[4 * i + 3]))
			return;
	memcpy(brand, r, 48);
}

struct cpu_model *model_new(const char *spec, struct err *e)
{
	struct cpu_model *m = calloc(1, sizeof(*m));

	if (!m) {
		err_set(e, -ENOMEM, "no memory for a CPU model");
		return NULL;
	}
	if (apply(m, spec, e)) {
		free(m);
		return NULL;
	}
	strcpy(m->vendor, "GenuineIntel");
	memcpy(m->brand, "HVM software processor", 23);
	if (!strcmp(m->name, "host"))
		host_brand(m->brand);
	m->version = 0x000306c3; /* family 6, model 60: nothing younger is needed by any guest */
	m->phys_bits = 40;
	m->lin_bits = 48;
	limit(m);
	return m;
}

void model_free(struct cpu_model *m)
{
	free(m);
}

/* ---- what MSRs say ---- */

uint64_t model_arch_capabilities(const struct cpu_model *m)
{
	uint64_t val = 0;

	for (unsigned f = CPU_ALWAYS + 1; f < CPU_FEATURES; f++) {
		const struct cpu_feature_bit *b = &cpu_feature_bits[f];

		if (m->has[f] && b->sub == FEATURE_OF_MSR && b->leaf == MSR_ARCH_CAPABILITIES)
			val |= 1ull << (b->bit + (b->reg == CPUID_EDX ? 32 : 0));
	}
	return val;
}

/* Each of the first two may be set where the other one alone is there (SDM volume 4, table 2-2). */
uint64_t model_spec_ctrl(const struct cpu_model *m)
{
	return (m->has[CPU_SPEC_CTRL] || m->has[CPU_STIBP] ? 3 : 0) | (m->has[CPU_SSBD] ? 4 : 0) |
	       (m->has[CPU_BHI_CTRL] ? 1 << 10 : 0);
}

/* ---- reserved bits ---- */

uint64_t model_cr4(const struct cpu_model *m)
{
	static const struct {
		uint8_t feature;
		uint32_t bits;
	} bits[] = {{CPU_VME, CR4_VME | CR4_PVI},
		    {CPU_TSC, CR4_TSD},
		    {CPU_DE, CR4_DE},
		    {CPU_PSE, CR4_PSE},
		    {CPU_PAE, CR4_PAE},
		    {CPU_MCE, CR4_MCE},
		    {CPU_PGE, CR4_PGE},
		    {CPU_FXSR, CR4_OSFXSR},
		    {CPU_SSE, CR4_OSXMMEXCPT},
		    {CPU_UMIP, CR4_UMIP},
		    {CPU_FSGSBASE, CR4_FSGSBASE},
		    {CPU_PCID, CR4_PCIDE},
		    {CPU_XSAVE, CR4_OSXSAVE},
		    {CPU_SMEP, CR4_SMEP},
		    {CPU_SMAP, CR4_SMAP}};
	uint64_t valid = CR4_PCE;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (m->has[bits[i].feature])
			valid |= bits[i].bits;
	return valid;
}

uint64_t model_efer(const struct cpu_model *m)
{
	return (m->has[CPU_SYSCALL] ? EFER_SCE : 0) | (m->has[CPU_NX] ? EFER_NXE : 0) |
	       (m->has[CPU_LM] ? EFER_LME | EFER_LMA : 0);
}

uint64_t model_xcr0(const struct cpu_model *m)
{
	return m->has[CPU_AVX] ? 7 : m->has[CPU_XSAVE] ? 3 : 0;
}
