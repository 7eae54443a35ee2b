/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/msr.c: the model-specific registers.
 *
 * Spec: Intel SDM volume 4, chapter 2; volume 3, 11.11 (MTRRs), 11.12 (PAT), 15.3 (machine check).
 * State: MTRRs and PAT are kept and have no effect. The TSC counts the machine clock's ns.
 * IA32_SPEC_CTRL is kept and has no effect.
 * Missing: performance counters, IA32_DEBUGCTL's LBR and BTF (kept only).
 * Tests: tests/x86/cpuid.c
 */
#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/model.h"

enum {
	MSR_TSC = 0x10,
	MSR_PLATFORM_ID = 0x17,
	MSR_APIC_BASE = 0x1b,
	MSR_EBL_CR_POWERON = 0x2a,
	MSR_TSC_ADJUST = 0x3b,
	MSR_BIOS_UPDT_TRIG = 0x79,
	MSR_BIOS_SIGN_ID = 0x8b,
	MSR_PLATFORM_INFO = 0xce,
	MSR_MTRR_CAP = 0xfe,
	MSR_SYSENTER_CS = 0x174,
	MSR_SYSENTER_ESP = 0x175,
	MSR_SYSENTER_EIP = 0x176,
	MSR_MCG_CAP = 0x179,
	MSR_MCG_STATUS = 0x17a,
	MSR_MCG_CTL = 0x17b,
	MSR_MISC_ENABLE = 0x1a0,
	MSR_DEBUGCTL = 0x1d9,
	MSR_LAST_FIRST = 0x1db, /* last branch and exception records … */
	MSR_LAST_LAST = 0x1de,
	MSR_MTRR_PHYS = 0x200,
	MSR_PAT = 0x277,
	MSR_MTRR_DEF = 0x2ff,
	MSR_MC0_CTL = 0x400,
	MSR_TSC_DEADLINE = 0x6e0,
	MSR_X2APIC = 0x800,
	MSR_XSS = 0xda0,
};
enum {
	MSR_EFER = 0xc0000080,
	MSR_STAR,
	MSR_LSTAR,
	MSR_CSTAR,
	MSR_FMASK,
	MSR_FS_BASE = 0xc0000100,
	MSR_GS_BASE,
	MSR_KERNEL_GS_BASE,
	MSR_TSC_AUX
};
#define MTRR_VARIABLE 8
#define MC_BANKS      10
#define MCG_CTL_P     (1u << 8)
#define MTRR_CAP      (MTRR_VARIABLE | 1u << 8 | 1u << 10) /* fixed ranges, write combining */
#define APIC_VALID    0x900ull
#define APIC_EXTD     (1u << 10)
/* Also the two that only say what is not there: BTS and PEBS. */
#define MISC_VALID ((1ull << 34) | 0x451881ull)

/* ---- TSC ---- */

static uint64_t tsc_base(const struct cpu *c)
{
	return (uint64_t)domain_now(c->dom);
}

uint64_t cpu_tsc(struct cpu *c)
{
	verify_outside(c);
	return tsc_base(c) + c->tsc_offset;
}

/* The deadline timer of the local APIC goes by the guest's count. */
static void tsc_moved(struct cpu *c)
{
	bool mine = cpu_lock_domain(c);

	domain_apic_tsc_offset(c->dom, c->id, c->tsc_offset);
	cpu_unlock_domain(c, mine);
}

/* ---- the local APIC's ---- */

static bool is_apics(const struct cpu *c, uint32_t msr)
{
	if (!domain_has_apic(c->dom, c->id))
		return false;
	return msr == MSR_APIC_BASE || (msr == MSR_TSC_DEADLINE && cpu_has(c, CPU_TSC_DEADLINE)) ||
	       (msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x100 && cpu_has(c, CPU_X2APIC));
}

static uint64_t apic_read(struct cpu *c, uint32_t msr)
{
	bool mine = cpu_lock_domain(c);
	uint64_t val;
	int rc = domain_apic_rdmsr(c->dom, c->id, msr, &val);

	cpu_unlock_domain(c, mine);
	cpu_gp0(c, !rc);
	return val;
}

static void apic_write(struct cpu *c, uint32_t msr, uint64_t val)
{
	bool mine, x2 = msr == MSR_APIC_BASE && val & APIC_EXTD;
	int rc;

	cpu_gp0(c, !x2 || cpu_has(c, CPU_X2APIC));
	mine = cpu_lock_domain(c);
	rc = domain_apic_wrmsr(c->dom, c->id, msr, val);
	cpu_unlock_domain(c, mine);
	cpu_gp0(c, !rc);
	if (msr == MSR_APIC_BASE)
		c->apic_base = val;
	c->break_block = true; /* an interrupt may be there now */
}

/* ---- MTRRs ---- */

static int fixed_index(uint32_t msr)
{
	if (msr == 0x250)
		return 0;
	if (msr == 0x258 || msr == 0x259)
		return (int)(1 + msr - 0x258);
	return msr >= 0x268 && msr <= 0x26f ? (int)(3 + msr - 0x268) : -1;
}

/* Memory types: UC WC WT WP WB; PAT also has UC- (7). */
static bool types_valid(uint64_t val, unsigned types)
{
	for (unsigned i = 0; i < 8; i++)
		if ((val >> 8 * i & 0xff) > 7 || !(types >> (val >> 8 * i & 7) & 1))
			return false;
	return true;
}
#define MTRR_TYPES 0x73u
#define PAT_TYPES  0xf3u

static uint64_t *mtrr_slot(struct cpu *c, uint32_t msr)
{
	int i = fixed_index(msr);

	if (i >= 0)
		return &c->mtrr_fixed[i];
	if (msr == MSR_MTRR_DEF)
		return &c->mtrr_def;
	if (msr < MSR_MTRR_PHYS || msr >= MSR_MTRR_PHYS + 2 * MTRR_VARIABLE)
		return NULL;
	msr -= MSR_MTRR_PHYS;
	return msr & 1 ? &c->mtrr_mask[msr / 2] : &c->mtrr_base[msr / 2];
}

static bool mtrr_valid(const struct cpu *c, uint32_t msr, uint64_t val)
{
	uint64_t beyond = ~0ull << c->model->phys_bits;

	if (fixed_index(msr) >= 0)
		return types_valid(val, MTRR_TYPES);
	if (msr == MSR_MTRR_DEF)
		return !(val & ~0xcffull) && types_valid(val & 0xff, MTRR_TYPES);
	if (msr & 1)
		return !(val & (beyond | 0x7ff));
	return !(val & (beyond | 0xf00)) && types_valid(val & 0xff, MTRR_TYPES);
}

/* ---- registers that are a member; canonical: what may be written ---- */

struct plain {
	uint32_t msr;
	uint16_t at;
	bool canonical;
	uint64_t valid;
	uint8_t feature;
};
#define MEMBER(m) (uint16_t) offsetof(struct cpu, m)

static const struct plain plain[] = {
	{MSR_SYSENTER_CS, MEMBER(sysenter_cs), false, 0xffffffff, CPU_SEP},
	{MSR_SYSENTER_ESP, MEMBER(sysenter_esp), true, ~0ull, CPU_SEP},
	{MSR_SYSENTER_EIP, MEMBER(sysenter_eip), true, ~0ull, CPU_SEP},
	{MSR_MISC_ENABLE, MEMBER(misc_enable), false, MISC_VALID, CPU_ALWAYS},
	{MSR_DEBUGCTL, MEMBER(debugctl), false, 3, CPU_ALWAYS},
	{MSR_STAR, MEMBER(star), false, ~0ull, CPU_SYSCALL},
	{MSR_LSTAR, MEMBER(lstar), true, ~0ull, CPU_LM},
	{MSR_CSTAR, MEMBER(cstar), true, ~0ull, CPU_LM},
	{MSR_FMASK, MEMBER(fmask), false, 0xffffffff, CPU_LM},
	{MSR_FS_BASE, MEMBER(seg[SEG_FS].base), true, ~0ull, CPU_LM},
	{MSR_GS_BASE, MEMBER(seg[SEG_GS].base), true, ~0ull, CPU_LM},
	{MSR_KERNEL_GS_BASE, MEMBER(kernel_gs_base), true, ~0ull, CPU_LM},
	{MSR_TSC_AUX, MEMBER(tsc_aux), false, 0xffffffff, CPU_RDTSCP},
	{MSR_TSC_ADJUST, MEMBER(tsc_offset), false, ~0ull, CPU_TSC_ADJUST},
};

static const struct plain *plain_find(const struct cpu *c, uint32_t msr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(plain); i++)
		if (plain[i].msr == msr && (!plain[i].feature || cpu_has(c, plain[i].feature)))
			return &plain[i];
	return NULL;
}

/* ---- the few with rules of their own ---- */

static void efer_write(struct cpu *c, uint64_t val)
{
	uint64_t changed = val ^ c->efer;

	cpu_gp0(c, !(val & ~model_efer(c->model)));
	cpu_gp0(c, !(changed & EFER_LME && c->cr0 & CR0_PG));
	c->efer = (val & ~(uint64_t)EFER_LMA) | (c->efer & EFER_LMA);
	if (changed & EFER_NXE)
		mmu_flush(c, true);
}

static bool machine_check(const struct cpu *c, uint32_t msr)
{
	return cpu_has(c, CPU_MCA) &&
	       (msr == MSR_MCG_STATUS || msr == MSR_MCG_CTL || msr - MSR_MC0_CTL < 4 * MC_BANKS);
}

/* Bits that a write may set; 0: there is no such register. */
static uint64_t spec_ctrl_valid(const struct cpu *c, uint32_t msr)
{
	if (msr == MSR_SPEC_CTRL)
		return model_spec_ctrl(c->model);
	return msr == MSR_PRED_CMD && cpu_has(c, CPU_SPEC_CTRL); /* IBPB */
}

/* Read as 0; a write is as if it had not been. */
static bool ignored(const struct cpu *c, uint32_t msr)
{
	return msr == MSR_BIOS_SIGN_ID || msr == MSR_BIOS_UPDT_TRIG || msr == MSR_EBL_CR_POWERON ||
	       machine_check(c, msr);
}

static bool read_only(const struct cpu *c, uint32_t msr, uint64_t *val)
{
	*val = 0;
	if (msr == MSR_MTRR_CAP && cpu_has(c, CPU_MTRR))
		*val = MTRR_CAP;
	else if (msr == MSR_MCG_CAP && cpu_has(c, CPU_MCA))
		*val = MC_BANKS | MCG_CTL_P;
	else if (msr == MSR_ARCH_CAPABILITIES && cpu_has(c, CPU_ARCH_CAPABILITIES))
		*val = model_arch_capabilities(c->model);
	else
		return msr == MSR_PLATFORM_ID || msr == MSR_PLATFORM_INFO ||
		       (msr >= MSR_LAST_FIRST && msr <= MSR_LAST_LAST);
	return true;
}

/* Of a vCPU without one (bare domains): kept. */
static void apic_base_write(struct cpu *c, uint64_t val)
{
	uint64_t valid = APIC_VALID | ((1ull << c->model->phys_bits) - PAGE);

	cpu_gp0(c, !(val & ~valid));
	c->apic_base = val;
}

uint64_t msr_read(struct cpu *c, uint32_t msr)
{
	const struct plain *p = plain_find(c, msr);
	uint64_t val;

	if (p)
		return *(uint64_t *)((char *)c + p->at);
	if (is_apics(c, msr))
		return apic_read(c, msr);
	if (read_only(c, msr, &val) || ignored(c, msr))
		return val;
	if (mtrr_slot(c, msr) && cpu_has(c, CPU_MTRR))
		return *mtrr_slot(c, msr);
	switch (msr) {
	case MSR_TSC:
		return cpu_tsc(c);
	case MSR_APIC_BASE:
		return c->apic_base;
	case MSR_PAT:
		return c->pat;
	case MSR_EFER:
		return c->efer;
	case MSR_SPEC_CTRL:
		cpu_gp0(c, spec_ctrl_valid(c, msr));
		return c->spec_ctrl;
	case MSR_XSS:
		cpu_gp0(c, cpu_has(c, CPU_XSAVES));
		return 0;
	default:
		cpu_raise_error(c, EXC_GP, 0);
	}
}

static bool special_write(struct cpu *c, uint32_t msr, uint64_t val)
{
	switch (msr) {
	case MSR_TSC:
		c->tsc_offset = val - tsc_base(c);
		tsc_moved(c);
		return true;
	case MSR_APIC_BASE:
		apic_base_write(c, val);
		return true;
	case MSR_PAT:
		cpu_gp0(c, types_valid(val, PAT_TYPES));
		c->pat = val;
		return true;
	case MSR_EFER:
		efer_write(c, val);
		return true;
	case MSR_SPEC_CTRL:
	case MSR_PRED_CMD:
		cpu_gp0(c, spec_ctrl_valid(c, msr) && !(val & ~spec_ctrl_valid(c, msr)));
		if (msr == MSR_SPEC_CTRL)
			c->spec_ctrl = val;
		return true;
	case MSR_XSS: /* there is no supervisor state */
		cpu_gp0(c, cpu_has(c, CPU_XSAVES) && !val);
		return true;
	default:
		return ignored(c, msr);
	}
}

void msr_write(struct cpu *c, uint32_t msr, uint64_t val)
{
	const struct plain *p = plain_find(c, msr);
	uint64_t *mtrr = cpu_has(c, CPU_MTRR) ? mtrr_slot(c, msr) : NULL;

	if (p) {
		cpu_gp0(c, !(val & ~p->valid) && (!p->canonical || lin_canonical(val)));
		*(uint64_t *)((char *)c + p->at) = val;
		if (msr == MSR_TSC_ADJUST)
			tsc_moved(c);
	} else if (is_apics(c, msr)) {
		apic_write(c, msr, val);
	} else if (mtrr) {
		cpu_gp0(c, mtrr_valid(c, msr, val));
		*mtrr = val;
	} else if (!special_write(c, msr, val)) {
		cpu_raise_error(c, EXC_GP, 0);
	}
}
