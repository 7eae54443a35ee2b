/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/cpu.c: a vCPU's life: made, reset, INIT.
 *
 * Spec: Intel SDM volume 3, 9.1 (table 9-1); IA32_APIC_BASE 10.4.4.
 * Tests: tests/x86/control.c
 */
#include "base/err.h"
#include "hypervisor/x86/blocks.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/translate/translate.h"

#include <stdlib.h>

#define APIC_BASE   0xfee00000u
#define APIC_BSP    (1u << 8)
#define APIC_ENABLE (1u << 11)
#define PAT_RESET   0x0007040600070406ull
#define MISC_RESET  0x1801 /* fast strings; no BTS, no PEBS */

static void reset_segments(struct cpu *c)
{
	for (unsigned i = 0; i < SEG_N; i++)
		c->seg[i] = (struct segment){.limit = 0xffff, .attr = SEG_P | SEG_S | 3};
	c->seg[SEG_CS].sel = 0xf000;
	c->seg[SEG_CS].base = 0xffff0000;
	c->seg[SEG_CS].attr = SEG_P | SEG_S | 0xb;
	c->ldtr = (struct segment){.limit = 0xffff, .attr = SEG_P | 2};
	c->tr = (struct segment){.limit = 0xffff, .attr = SEG_P | 0xb};
	c->gdtr = c->idtr = (struct table_reg){.limit = 0xffff};
}

static void reset_control(struct cpu *c, bool init)
{
	c->cr0 = (init ? c->cr0 & (CR0_CD | CR0_NW) : CR0_CD | CR0_NW) | CR0_ET;
	c->cr2 = c->cr3 = c->cr4 = c->cr8 = 0;
	c->efer = 0;
	c->long_mode = false;
	memset(c->pdpte, 0, sizeof(c->pdpte));
	memset(c->dr, 0, sizeof(c->dr));
	c->dr[6] = 0xffff0ff0;
	c->dr[7] = 0x400;
	c->watching = false;
	c->dr6_pending = 0;
}

/* SDM table 9-1: the power-up state of the x87 unit is not that of FNINIT. */
static void reset_fpu(struct cpu *c)
{
	memset(&c->fpu, 0, sizeof(c->fpu));
	store_le(c->fpu.fx, 2, 0x40);
	c->fpu.fx[4] = 0xff; /* all tags "zero" */
	store_le(c->fpu.fx + 24, 4, 0x1f80);
	c->xcr0 = 1;
}

static void reset_msrs(struct cpu *c)
{
	c->star = c->lstar = c->cstar = c->fmask = c->kernel_gs_base = c->tsc_aux = 0;
	c->sysenter_cs = c->sysenter_esp = c->sysenter_eip = c->debugctl = 0;
	c->spec_ctrl = 0;
	c->pat = PAT_RESET;
	c->misc_enable = MISC_RESET;
	c->tsc_offset = 0;
	memset(c->mtrr_fixed, 0, sizeof(c->mtrr_fixed));
	memset(c->mtrr_base, 0, sizeof(c->mtrr_base));
	memset(c->mtrr_mask, 0, sizeof(c->mtrr_mask));
	c->mtrr_def = 0;
	c->apic_base = APIC_BASE | APIC_ENABLE | (c->id ? 0 : APIC_BSP);
}

void cpu_reset(struct cpu *c, bool init)
{
	memset(c->r, 0, sizeof(c->r));
	c->r[R_DX] = c->model->version;
	c->rip = c->next_rip = 0xfff0;
	c->flags = FL_1;
	reset_segments(c);
	reset_control(c, init);
	if (!init) {
		fpu_port_f0(c);
		c->ignne = false;
		reset_fpu(c);
		reset_msrs(c);
	}
	c->cpl = 0;
	c->halted = c->shadow_sti = c->shadow_ss = c->nmi_blocked = c->shutdown = false;
	c->nmi_pending = c->wait_sipi = false;
	c->ext = 0;
	cpu_set_cs_mode(c);
	mmu_sync(c);
	mmu_flush(c, true);
}

void cpu_free(struct cpu *c)
{
	if (!c)
		return;
	verify_stop(c);
	blocks_free(c->blocks);
	free(c->tlb);
	tr_cpu_free(c);
}

struct cpu *cpu_new(struct domain *dom, unsigned id, const struct cpu_model *model)
{
	struct cpu *c = tr_cpu_alloc();

	if (!c)
		return NULL;
	c->dom = dom;
	c->intr = domain_vcpu_intr_flag(dom, id);
	c->id = id;
	c->model = model;
	c->tlb = mmu_new(dom);
	c->blocks = blocks_new(dom);
	if (!c->tlb || !c->blocks) {
		cpu_free(c);
		return NULL;
	}
	cpu_reset(c, false);
	return c;
}

void cpu_set_tier(struct cpu *c, enum cpu_tier tier, unsigned after)
{
	struct cpu **all = &c;
	unsigned n = 1;
	struct err e;

	if (c->smp)
		all = smp_cpus(c->smp, &n);
	if (tier == TIER_TRANSLATE && !tr_attached(c) && tr_attach(all, n, &e))
		tier = TIER_INTERP;
	c->tier = tier;
	c->tier_after = after;
}

/* ---- RFLAGS ---- */

void cpu_flags_load(struct cpu *c, uint64_t val, uint64_t mask)
{
	c->flags = (c->flags & ~mask) | (val & mask) | FL_1;
}

uint64_t cpu_popf_mask(const struct cpu *c, unsigned opsize)
{
	uint64_t mask = FL_STATUS | FL_TF | FL_DF | FL_NT | FL_AC | FL_ID;

	if (c->cpl <= cpu_iopl(c))
		mask |= FL_IF;
	if (c->cpl == 0)
		mask |= FL_IOPL;
	return opsize == 2 ? mask & 0xffff : mask;
}
