/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/control.c: control, debug and extended control registers; breakpoints.
 *
 * Spec: Intel SDM volume 3, 2.5-2.6, 4.1, 4.10.4, 9.8, 17.2; volume 2, MOV, LMSW, XSETBV.
 * Missing: SMM, TR.LIMIT-less general detect of ICE; DR6.BLD, RTM.
 * Tests: tests/x86/control.c
 */
#include "hypervisor/x86/debug.h"
#include "hypervisor/x86/mmu.h"
#include "hypervisor/x86/model.h"

#define CR0_VALID                                                                           \
	((uint64_t)(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | \
		    CR0_NW | CR0_CD) |                                                      \
	 CR0_PG)
#define CR3_KEEP  (1ull << 63)
#define CR4_FLUSH (CR4_PSE | CR4_PAE | CR4_PGE | CR4_PCIDE | CR4_SMEP | CR4_SMAP)
#define CR4_PDPTE (CR4_PSE | CR4_PAE | CR4_PGE | CR4_SMEP)

enum { DR6_BD = 1 << 13, DR7_GD = 1 << 13 };
#define DR6_ONES  0xffff0ff0ull
#define DR6_VALID 0xe00full
#define DR7_ONES  0x400ull
#define DR7_VALID 0xffff23ffull

/* ---- CR0 ---- */

/* SDM 9.8.5: entering long mode when paging goes on with LME. */
static void check_long_entry(struct cpu *c)
{
	cpu_gp0(c, c->cr4 & CR4_PAE);
	cpu_gp0(c, !(c->seg[SEG_CS].attr & SEG_L));
	cpu_gp0(c, (c->tr.attr & 0xd) != 1); /* a TSS of the 286 */
}

static void check_cr0(struct cpu *c, uint64_t val)
{
	cpu_gp0(c, !(val >> 32));
	cpu_gp0(c, !(val & CR0_PG) || val & CR0_PE);
	cpu_gp0(c, !(val & CR0_NW) || val & CR0_CD);
	if (val & CR0_PG && !(c->cr0 & CR0_PG) && c->efer & EFER_LME)
		check_long_entry(c);
	if (!(val & CR0_PG) && c->cr0 & CR0_PG)
		cpu_gp0(c, c->mode != MODE_64 && !(c->cr4 & CR4_PCIDE));
}

static void cr0_write(struct cpu *c, uint64_t val)
{
	uint64_t changed = val ^ c->cr0;

	check_cr0(c, val);
	val = (val & CR0_VALID) | CR0_ET;
	if (val & CR0_PG && c->cr4 & CR4_PAE && !(c->efer & EFER_LME) &&
	    changed & (CR0_PG | CR0_CD | CR0_NW))
		cpu_gp0(c, mmu_load_pdptes(c, c->cr3));
	c->cr0 = val;
	c->long_mode = val & CR0_PG && c->efer & EFER_LME;
	c->efer = (c->efer & ~(uint64_t)EFER_LMA) | (c->long_mode ? EFER_LMA : 0);
	cpu_set_cs_mode(c);
	if (changed & (CR0_PG | CR0_WP | CR0_PE))
		mmu_flush(c, true);
}

void cpu_lmsw(struct cpu *c, uint16_t val)
{
	cr0_write(c, (c->cr0 & ~0xeull) | (val & 0xf));
}

void cpu_clts(struct cpu *c)
{
	c->cr0 &= ~(uint64_t)CR0_TS;
}

/* ---- CR3, CR4, CR8 ---- */

static void cr3_write(struct cpu *c, uint64_t val)
{
	bool pcids = c->cr4 & CR4_PCIDE, keep = pcids && val & CR3_KEEP;

	if (pcids)
		val &= ~CR3_KEEP;
	if (c->long_mode)
		cpu_gp0(c, !(val >> c->model->phys_bits));
	else
		val = (uint32_t)val;
	if (c->cr0 & CR0_PG && c->cr4 & CR4_PAE && !c->long_mode)
		cpu_gp0(c, mmu_load_pdptes(c, val));
	c->cr3 = val;
	mmu_new_cr3(c, keep);
}

static void cr4_write(struct cpu *c, uint64_t val)
{
	uint64_t changed = val ^ c->cr4;

	cpu_gp0(c, !(val & ~model_cr4(c->model)));
	cpu_gp0(c, !c->long_mode || val & CR4_PAE);
	if (val & changed & CR4_PCIDE)
		cpu_gp0(c, c->long_mode && !(c->cr3 & 0xfff));
	if (c->cr0 & CR0_PG && val & CR4_PAE && !c->long_mode && changed & CR4_PDPTE)
		cpu_gp0(c, mmu_load_pdptes(c, c->cr3));
	c->cr4 = val;
	if (changed & CR4_FLUSH)
		mmu_flush(c, true);
}

/* CR8 is the local APIC's task priority (SDM volume 3, 10.8.6); without one it is a register. */
static void cr8_write(struct cpu *c, uint64_t val)
{
	bool mine;

	c->cr8 = val;
	if (!domain_has_apic(c->dom, c->id))
		return;
	mine = cpu_lock_domain(c);
	domain_apic_set_tpr(c->dom, c->id, val);
	cpu_unlock_domain(c, mine);
	c->break_block = true;
}

static uint64_t cr8_read(const struct cpu *c)
{
	uint64_t val = c->cr8;
	bool locked = domain_locked(c->dom);

	if (!domain_has_apic(c->dom, c->id))
		return val;
	verify_outside(c);
	if (!locked)
		domain_lock(c->dom);
	val = domain_apic_tpr(c->dom, c->id);
	if (!locked)
		domain_unlock(c->dom);
	return val;
}

void cr_write(struct cpu *c, unsigned n, uint64_t val)
{
	switch (n) {
	case 0:
		cr0_write(c, val);
		break;
	case 2:
		c->cr2 = val;
		break;
	case 3:
		cr3_write(c, val);
		break;
	case 4:
		cr4_write(c, val);
		break;
	case 8:
		cpu_gp0(c, val <= 15);
		cr8_write(c, val);
		break;
	default:
		cpu_raise(c, EXC_UD);
	}
}

/* Of a register that is not there (the handler's #UD): 0. */
uint64_t cr_read(const struct cpu *c, unsigned n)
{
	switch (n) {
	case 0:
		return c->cr0;
	case 2:
		return c->cr2;
	case 3:
		return c->cr3;
	case 4:
		return c->cr4;
	case 8:
		return cr8_read(c);
	default:
		return 0;
	}
}

void xcr_write(struct cpu *c, uint32_t n, uint64_t val)
{
	cpu_gp0(c, n == 0 && val & 1 && !(val & ~model_xcr0(c->model)));
	cpu_gp0(c, !(val & 4) || val & 2); /* AVX without SSE */
	c->xcr0 = val;
}

/* ---- debug registers ---- */

static unsigned dr_number(struct cpu *c, unsigned n)
{
	if (n > 7 || (n - 4 < 2 && c->cr4 & CR4_DE))
		cpu_raise(c, EXC_UD);
	if (c->dr[7] & DR7_GD) {
		c->dr[6] |= DR6_BD;
		cpu_raise(c, EXC_DB);
	}
	return n - 4 < 2 ? n + 2 : n;
}

uint64_t dr_read(struct cpu *c, unsigned n)
{
	return c->dr[dr_number(c, n)];
}

enum { BP_CODE, BP_WRITE, BP_IO, BP_ANY };
static bool bp_enabled(const struct cpu *c, unsigned i)
{
	return c->dr[7] >> 2 * i & 3;
}
static unsigned bp_kind(const struct cpu *c, unsigned i)
{
	return c->dr[7] >> (16 + 4 * i) & 3;
}
static bool bp_overlaps(const struct cpu *c, unsigned i, uint64_t addr, unsigned size)
{
	static const uint8_t lengths[] = {1, 2, 8, 4};
	uint64_t len = lengths[c->dr[7] >> (18 + 4 * i) & 3];
	uint64_t first = c->dr[i] & ~(len - 1);

	return addr <= first + len - 1 && first <= addr + size - 1;
}

/* Pages with breakpoints stay out of the TLB's fast path. */
void dbg_watch(struct cpu *c)
{
	bool before = c->watching;

	c->watching = c->debug && c->debug->n_watches;
	for (unsigned i = 0; i < 4; i++)
		if (bp_enabled(c, i) && (bp_kind(c, i) & BP_WRITE))
			c->watching = true;
	if (before || c->watching)
		mmu_flush(c, true);
}

void dr_write(struct cpu *c, unsigned n, uint64_t val)
{
	n = dr_number(c, n);
	if (n >= 6)
		cpu_gp0(c, !(val >> 32));
	if (n == 6)
		val = (val & DR6_VALID) | DR6_ONES;
	if (n == 7)
		val = (val & DR7_VALID) | DR7_ONES;
	c->dr[n] = val;
	dbg_watch(c);
}

bool dbg_code_on(const struct cpu *c)
{
	for (unsigned i = 0; i < 4; i++)
		if (bp_enabled(c, i) && bp_kind(c, i) == BP_CODE)
			return true;
	return false;
}

void dbg_code(struct cpu *c, uint64_t lin)
{
	uint32_t hit = 0;

	if (c->flags & FL_RF)
		return;
	for (unsigned i = 0; i < 4; i++)
		if (bp_enabled(c, i) && bp_kind(c, i) == BP_CODE && c->dr[i] == lin)
			hit |= 1u << i;
	if (!hit)
		return;
	c->dr[6] = (c->dr[6] & ~0xfull) | hit;
	cpu_raise(c, EXC_DB);
}

/* A debugger's; a read that is part of a change counts as one. */
static void watch_hit(struct cpu *c, uint64_t lin, unsigned size, bool write)
{
	for (unsigned i = 0; i < c->debug->n_watches; i++) {
		const struct cpu_watch *w = &c->debug->watches[i];

		if ((write ? w->write : w->read) && lin < w->at + w->len && w->at < lin + size)
			c->debug_hit = w;
	}
}

void dbg_data(struct cpu *c, uint64_t lin, unsigned size, bool write)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned kind = bp_kind(c, i);

		if (bp_enabled(c, i) && (kind == BP_ANY || (kind == BP_WRITE && write)) &&
		    bp_overlaps(c, i, lin, size))
			c->dr6_pending |= 1u << i;
	}
	if (c->debug)
		watch_hit(c, lin, size, write);
	c->break_block |= c->dr6_pending || c->debug_hit;
}

static uint64_t code_at(const struct cpu *c)
{
	return c->mode == MODE_64 ? c->rip : (uint32_t)(c->seg[SEG_CS].base + c->rip);
}

bool dbg_break(const struct cpu *c)
{
	for (unsigned i = 0; i < c->debug->n_breaks; i++)
		if (c->debug->breaks[i] == code_at(c))
			return true;
	return false;
}

bool dbg_break_near(const struct cpu *c)
{
	for (unsigned i = 0; i < c->debug->n_breaks; i++)
		if (!((c->debug->breaks[i] ^ code_at(c)) & PAGE_MASK))
			return true;
	return false;
}

void dbg_io(struct cpu *c, uint16_t port, unsigned size)
{
	for (unsigned i = 0; i < 4 && c->cr4 & CR4_DE; i++)
		if (bp_enabled(c, i) && bp_kind(c, i) == BP_IO && bp_overlaps(c, i, port, size))
			c->dr6_pending |= 1u << i;
}
