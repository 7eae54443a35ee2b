/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle's other side: a vCPU at CPL 3 in long mode, its pages where the
 * native side has its own, and the row's handler called as the run loop does.
 */
#include "hypervisor/domain.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fast.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/sys.h"
#include "tests/test.h"
#include "tests/x86/oracle.h"

#include <string.h>

enum { PML4 = 0x1000, PDPT = 0x2000, PD = 0x3000, PT_DATA = 0x4000, PT_CODE = 0x5000 };
enum { GPA_DATA = 0x10000, GPA_RO = 0x14000, GPA_CODE = 0x18000 };
enum { P = 1, W = 2, U = 4, AD = 0x60 };

static struct domain *dom;
static struct cpu *cpu;

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

static void entry(uint64_t table, uint64_t lin, unsigned shift, uint64_t val)
{
	memcpy(ram(table) + 8 * (lin >> shift & 511), &val, 8);
}

static void map_pages(void)
{
	entry(PML4, 0, 39, PDPT | P | W | U | AD);
	entry(PDPT, 0, 30, PD | P | W | U | AD);
	entry(PD, OR_DATA, 21, PT_DATA | P | W | U | AD);
	entry(PD, OR_CODE, 21, PT_CODE | P | W | U | AD);
	entry(PT_DATA, OR_DATA, 12, GPA_DATA | P | W | U | AD);
	entry(PT_DATA, OR_DATA + OR_PAGE, 12, (GPA_DATA + OR_PAGE) | P | W | U | AD);
	entry(PT_DATA, OR_RO, 12, GPA_RO | P | U | AD);
	entry(PT_CODE, OR_CODE, 12, GPA_CODE | P | U | AD);
}

static void set_segments(enum insn_mode mode)
{
	const uint16_t data = 0x3 | SEG_S | 3 << SEG_DPL_SHIFT | SEG_P | SEG_DB | SEG_G;
	const uint16_t code = 0xb | SEG_S | 3 << SEG_DPL_SHIFT | SEG_P | SEG_G;

	for (unsigned i = 0; i < SEG_N; i++)
		cpu->seg[i] = (struct segment){.limit = ~0u, .sel = 0x2b, .attr = data};
	cpu->seg[SEG_CS] = (struct segment){.limit = ~0u,
					    .sel = mode == MODE_64 ? 0x33 : 0x23,
					    .attr = code | (mode == MODE_64 ? SEG_L : SEG_DB)};
	cpu->mode = mode;
}

void interp_open(void)
{
	struct domain_config dc = {.ram = 1 << 20, .bare = true};
	struct cpu_model *m = model_new("max", NULL);

	dom = domain_new(&dc, NULL);
	MUST(dom && m);
	cpu = cpu_new(dom, 0, m);
	MUST(cpu);
	map_pages();
	memset(ram(GPA_CODE), 0xcc, OR_PAGE);
	cpu->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
	cpu->cr3 = PML4;
	cpu->cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
	cpu->efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	cpu->xcr0 = 7;
	cpu->cpl = 3;
	cpu->long_mode = true;
	mmu_flush(cpu, true);
}

uint8_t *interp_data(void)
{
	return ram(GPA_DATA);
}

uint8_t *interp_ro(void)
{
	return ram(GPA_RO);
}

/* What the run loop sees to before a handler. */
static void checks(const struct opcode *op)
{
	if (!op->run || (op->feature && !cpu_has(cpu, op->feature)))
		cpu_raise(cpu, EXC_UD);
	if (op->flags & F_CPL0)
		cpu_raise_error(cpu, EXC_GP, 0);
}

/* Every other case goes the way of blocks' chains, where there is one for it. */
static bool chain(const struct or_case *k)
{
	struct fast_op ops[2] = {{.n = 1, .end = (uint16_t)k->in.len}};
	uint32_t wants = 0;

	fast_pick(&ops[0], &k->in, &wants);
	if ((k->s.r[0] ^ k->s.r[1]) & 1 || ops[0].run == fast_slow || !fast_enter(cpu) ||
	    wants & ~cpu->fast.open)
		return false;
	ops[1] = (struct fast_op){.run = fast_end, .n = 1, .end = (uint16_t)k->in.len};
	cpu->r[FAST_START] = cpu->rip;
	ops[0].run(cpu, ops);
	fast_merge(cpu);
	return true;
}

static void step(const struct or_case *k, struct or_result *res)
{
	sigjmp_buf jb;

	cpu->fault = &jb;
	if (sigsetjmp(jb, 0)) {
		res->vector = cpu->exc.vector;
		res->error = cpu->exc.has_error ? cpu->exc.error : 0;
		res->cr2 = cpu->exc.cr2;
		return;
	}
	res->vector = -1;
	if (!k->in.op)
		cpu_raise(cpu, EXC_UD);
	checks(k->in.op);
	if (chain(k))
		return;
	do { /* a repeated instruction comes back for its next lot */
		cpu->next_rip = cpu->rip + k->in.len;
		k->in.op->run(cpu, &k->in);
	} while (cpu->next_rip == cpu->rip);
	cpu->rip = cpu->next_rip;
}

void interp_run(const struct or_case *k, struct or_result *res)
{
	uint8_t *code = ram(GPA_CODE);

	if (cpu->mode != k->mode || !cpu->seg[SEG_CS].attr)
		set_segments(k->mode);
	memcpy(cpu->r, k->s.r, sizeof(k->s.r));
	cpu->rip = k->s.rip;
	cpu->flags = k->s.flags;
	cpu->fpu = k->s.fpu;
	fpu_settle(cpu);
	memcpy(code + k->s.rip - OR_CODE, k->bytes, k->len);
	step(k, res);
	memset(code + k->s.rip - OR_CODE, 0xcc, k->len);
	memcpy(res->s.r, cpu->r, sizeof(res->s.r));
	res->s.rip = cpu->rip;
	res->s.flags = cpu->flags;
	res->s.fpu = cpu->fpu;
}
