/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's other side: a vCPU at CPL 3 in long mode, its pages, LDT and IDT
 * as the host's process has them. It runs as any guest does; whatever exception
 * comes is delivered to a supervisor's handler, which halts, and what the
 * processor pushed for it is the result.
 */
#include "hypervisor/domain.h"
#include "hypervisor/x86/blocks.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/sys.h"
#include "tests/x86/oracle.h"
#include "tests/x86/tier.h"

#include <string.h>

enum { PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT_DATA = 0x4000, PT_CODE = 0x5000 };
enum { SYS_PDPT = 0x6000, SYS_PD = 0x7000, SYS_PT = 0x8000 };
enum { GPA_DATA = 0x10000, GPA_RO = 0x14000, GPA_CODE = 0x18000, GPA_SYS = 0x20000 };
enum { P = 1, W = 2, U = 4, AD = 0x60 };
/* The supervisor's pages, from SYS on, which is in the kernel's half. */
#define SYS 0xffffffff80000000ull
enum {
	GDT = 0,
	LDT = 0x1000,
	TSS = 0x2000,
	IDT = 0x3000,
	HALTS = 0x4000,
	STACK = 0x6000,
	PAGES = 6
};

static struct domain *dom;
static struct cpu *cpu;
static volatile unsigned runs; /* begun */

static uint8_t *ram(uint64_t gpa)
{
	size_t len = OR_PAGE;
	uint8_t *p;

	domain_lock(dom);
	p = domain_ram(dom, gpa, &len, true);
	domain_unlock(dom);
	MUST(p);
	return p;
}

static uint8_t *sys(unsigned at)
{
	return ram(GPA_SYS + at / OR_PAGE * OR_PAGE) + at % OR_PAGE;
}

static void put64(uint8_t *p, uint64_t val)
{
	memcpy(p, &val, 8);
}

/* ---- tables ---- */

static void entry(uint64_t table, uint64_t lin, unsigned shift, uint64_t val)
{
	put64(ram(table) + 8 * (lin >> shift & 511), val);
}

static void map_user(void)
{
	entry(PML4, 0, 39, PDPT | P | W | U | AD);
	entry(PDPT, 0, 30, PD | P | W | U | AD);
	entry(PD, OR_DATA, 21, PT_DATA | P | W | U | AD);
	entry(PD, OR_CODE, 21, PT_CODE | P | W | U | AD);
	for (unsigned i = 0; i < 2; i++) {
		unsigned at = i * OR_PAGE;

		entry(PT_DATA, OR_DATA + at, 12, (GPA_DATA + at) | P | W | U | AD);
		entry(PT_CODE, OR_CODE + at, 12, (GPA_CODE + at) | P | U | AD);
	}
	entry(PT_DATA, OR_RO, 12, GPA_RO | P | U | AD);
}

static void map_supervisor(void)
{
	entry(PML4, SYS, 39, SYS_PDPT | P | W | AD);
	entry(SYS_PDPT, SYS, 30, SYS_PD | P | W | AD);
	entry(SYS_PD, SYS, 21, SYS_PT | P | W | AD);
	for (uint64_t i = 0; i < PAGES; i++)
		entry(SYS_PT, SYS + i * OR_PAGE, 12, (GPA_SYS + i * OR_PAGE) | P | W | AD);
}

/* INT3 and INTO may be executed; all other gates are the supervisor's. */
static void make_idt(void)
{
	for (unsigned v = 0; v < 256; v++) {
		uint64_t at = SYS + HALTS + v, dpl = v == EXC_BP || v == EXC_OF ? 3 : 0;

		put64(sys(IDT + 16 * v), (at & 0xffff) | 0x10 << 16 | (0x8e00 | dpl << 13) << 32 |
						 (at >> 16 & 0xffff) << 48);
		put64(sys(IDT + 16 * v) + 8, at >> 32);
	}
	memset(sys(HALTS), 0xf4, 256);
}

static void make_tables(void)
{
	memcpy(sys(GDT), segs_gdt(), OR_GDT_LIMIT + 1);
	memcpy(sys(LDT), segs_ldt(), 8 * OR_LDT_N);
	make_idt();
	put64(sys(TSS) + 4, SYS + STACK); /* RSP0; no bitmap of ports */
	put64(sys(TSS) + 96, 0x8000000000000000);
	cpu->gdtr = (struct table_reg){SYS + GDT, OR_GDT_LIMIT};
	cpu->idtr = (struct table_reg){SYS + IDT, 4095};
	cpu->ldtr = (struct segment){SYS + LDT, 8 * OR_LDT_N - 1, 0x50, SEG_P | 2};
	cpu->tr = (struct segment){SYS + TSS, 103, 0x40, SEG_P | 11};
}

void interp_open(void)
{
	struct domain_config dc = {.ram = 1 << 20, .bare = true};
	struct cpu_model *m = model_new("max", NULL);

	dom = domain_new(&dc, NULL);
	MUST(dom && m);
	cpu = cpu_new(dom, 0, m);
	MUST(cpu);
	tier_put(cpu);
	map_user();
	map_supervisor();
	make_tables();
	memset(ram(GPA_CODE), 0xcc, OR_CODE_SIZE);
	cpu->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
	cpu->cr3 = PML4;
	cpu->cr4 = CR4_DE | CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE | CR4_FSGSBASE;
	cpu->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	cpu->xcr0 = 7;
	cpu->long_mode = true;
	mmu_flush(cpu, true);
	fpu_settle(cpu); /* its signal handlers come before the native side's */
}

uint8_t *interp_data(void)
{
	return ram(GPA_DATA);
}

uint8_t *interp_ro(void)
{
	return ram(GPA_RO);
}

/* ---- running ---- */

static void put_code(const struct or_case *k, bool back)
{
	unsigned at = k->lin - OR_CODE, n = MIN(k->len, OR_CODE_SIZE - at);
	uint8_t *code = ram(GPA_CODE) + at;

	if (back)
		memset(code, 0xcc, n);
	else
		memcpy(code, k->bytes, n);
	blocks_written(cpu, GPA_CODE + at, n);
}

static void put_state(const struct or_case *k)
{
	for (unsigned i = 0; i < SEG_N; i++)
		cpu->seg[i] = segs_get(k->s.sel[i]);
	for (unsigned i = 0; i < 2; i++) {
		if (k->mode == MODE_64 && !(k->s.sel[SEG_FS + i] & 0xfffc))
			cpu->seg[SEG_FS + i].base = k->s.base[i];
	}
	memcpy(cpu->r, k->s.r, sizeof(k->s.r));
	cpu->rip = k->s.rip;
	cpu->flags = k->s.flags;
	cpu->fpu = k->s.fpu;
	fpu_settle(cpu);
	cpu->cpl = 3;
	cpu->cr2 = 0;
	cpu->halted = cpu->shadow_ss = false;
	cpu_set_cs_mode(cpu);
}

/* The exception's frame; where it has an error code is known by the vector. */
static void read_frame(struct or_result *res)
{
	uint64_t f[6];
	const uint32_t with_error = 1u << EXC_DF | 1u << EXC_TS | 1u << EXC_NP | 1u << EXC_SS |
				    1u << EXC_GP | 1u << EXC_PF | 1u << EXC_AC;

	memcpy(f, sys(STACK - sizeof(f)), sizeof(f));
	res->vector = (int)(cpu->rip - (SYS + HALTS) - 1);
	res->error = res->vector < 32 && with_error >> res->vector & 1 ? (uint32_t)f[0] : 0;
	res->s.rip = f[1];
	res->s.sel[SEG_CS] = (uint16_t)f[2];
	res->s.flags = f[3];
	res->s.r[R_SP] = f[4];
	res->s.sel[SEG_SS] = (uint16_t)f[5];
	res->cr2 = cpu->cr2;
}

static void read_state(struct or_result *res)
{
	memcpy(res->s.r, cpu->r, sizeof(res->s.r));
	for (unsigned i = 0; i < SEG_N; i++)
		res->s.sel[i] = cpu->seg[i].sel;
	res->s.base[0] = cpu->seg[SEG_FS].base;
	res->s.base[1] = cpu->seg[SEG_GS].base;
	res->s.fpu = cpu->fpu;
}

static bool in_own_bytes(const struct or_case *k)
{
	uint64_t lin = cpu->rip + (cpu->mode == MODE_64 ? 0 : cpu->seg[SEG_CS].base);

	if (cpu->mode != MODE_64)
		lin = (uint32_t)lin;
	return cpu->cpl == 3 && lin >= k->lin && lin < k->lin + k->len;
}

/* Up to the handler's HLT, with a look where the instruction went to. */
static enum cpu_stop step_by_step(const struct or_case *k, bool repeats, bool *stray)
{
	enum cpu_stop stop;

	do /* a repeated instruction comes back for its next lot */
		stop = cpu_run(cpu, 1);
	while (repeats && stop == STOP_COUNT && cpu->cpl == 3 && cpu->rip == k->s.rip);
	*stray = in_own_bytes(k);
	return *stray ? stop : cpu_run(cpu, 4);
}

void interp_tick(void)
{
	static unsigned last;

	if (cpu && runs == last)
		cpu_attend(cpu, ATT_EXIT);
	last = runs;
}

/* The same in one go, by a block's chain or its translation: itself, INT3, HLT are three, though
 * translated code does not count, and may jump to itself. A repeated instruction goes nowhere else,
 * and may take many lots. */
static enum cpu_stop in_one_go(bool repeats, bool *stray)
{
	uint64_t from = cpu->insn_count;
	enum cpu_stop stop = cpu_run(cpu, repeats ? 100000 : 1000);

	*stray = (!repeats && cpu->insn_count - from > 3) || stop == STOP_REQUEST;
	return stop;
}

void interp_run(const struct or_case *k, struct or_result *res)
{
	bool repeats = k->in.op && k->in.op->flags & F_REP;
	enum cpu_stop stop;

	if (runs++ % 64 == 0) /* the cache is slow with pages full of blocks */
		blocks_flush(cpu);
	put_code(k, false);
	put_state(k);
	memset(res, 0, sizeof(*res));
	if (tier_now == TIER_INTERP && (repeats || (k->s.r[0] ^ k->s.r[1]) & 1))
		stop = step_by_step(k, repeats, &res->stray);
	else
		stop = in_one_go(repeats, &res->stray);
	put_code(k, true);
	read_state(res);
	if (res->stray)
		return;
	if (stop == STOP_HALT)
		read_frame(res);
	else
		res->vector = -1;
}
