/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/system.c: system instructions, in terms of sys.h. That CPL is 0
 * where the table asks for it, the run loop has looked at before.
 *
 * Spec: Intel SDM volume 2 by name; UMIP: volume 3, 2.5.
 * State: MONITOR and MWAIT are hidden: their feature is never shown, so they are #UD.
 * Missing: performance counters.
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/verify.h"

#include <x86intrin.h>

OP(nop)
{
	(void)c;
	(void)in;
}

OP(pause)
{
	(void)c;
	(void)in;
	_mm_pause();
}

OP(clflush)
{
	mem_touch(c, in->seg, insn_ea(c, in));
}

OP(ud)
{
	(void)in;
	cpu_raise(c, EXC_UD);
}

OP(hlt)
{
	(void)in;
	c->halted = true;
}

OP(monitor)
{
	(void)in;
	cpu_raise(c, EXC_UD);
}

OP(mwait)
{
	(void)in;
	cpu_raise(c, EXC_UD);
}

OP(wbinvd)
{
	(void)c;
	(void)in;
}

/* ---- identification and counters ---- */

OP(cpuid)
{
	uint32_t out[4];

	(void)in;
	cpu_cpuid(c, (uint32_t)c->r[R_AX], (uint32_t)c->r[R_CX], out);
	c->r[R_AX] = out[0];
	c->r[R_BX] = out[1];
	c->r[R_CX] = out[2];
	c->r[R_DX] = out[3];
}

static void set_edx_eax(struct cpu *c, uint64_t v)
{
	c->r[R_AX] = (uint32_t)v;
	c->r[R_DX] = v >> 32;
}

static uint64_t edx_eax(const struct cpu *c)
{
	return c->r[R_DX] << 32 | (uint32_t)c->r[R_AX];
}

OP(rdtsc)
{
	(void)in;
	cpu_gp0(c, !(c->cr4 & CR4_TSD) || !c->cpl);
	set_edx_eax(c, cpu_tsc(c));
}

OP(rdtscp)
{
	op_rdtsc(c, in);
	c->r[R_CX] = (uint32_t)c->tsc_aux;
}

OP(rdpid)
{
	opnd_set(c, in, 0, (uint32_t)c->tsc_aux);
}

/* There is not one counter. */
OP(rdpmc)
{
	(void)in;
	cpu_gp0(c, false);
}

/* The number is the host's, and so is CF: none at hand. */
static void random_set(struct cpu *c, const struct insn *in, uint64_t v, bool got)
{
	opnd_set(c, in, 0, got ? v : 0);
	c->flags = (c->flags & ~(uint64_t)FL_STATUS) | (got ? FL_CF : 0);
}

OP(rdrand)
{
	uint64_t v;
	bool got;

	verify_outside(c);
	__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(got));
	random_set(c, in, v, got);
}

OP(rdseed)
{
	uint64_t v;
	bool got;

	verify_outside(c);
	__asm__ volatile("rdseed %0" : "=r"(v), "=@ccc"(got));
	random_set(c, in, v, got);
}

/* ---- descriptor tables ---- */

static void umip(struct cpu *c)
{
	cpu_gp0(c, !(c->cr4 & CR4_UMIP) || !c->cpl);
}

static uint64_t table_off(const struct cpu *c, const struct insn *in, unsigned by)
{
	return reg_part(insn_ea(c, in) + by, in->addrsize);
}

static void table_store(struct cpu *c, const struct insn *in, const struct table_reg *t)
{
	unsigned wide = c->mode == MODE_64 ? 8 : 4;

	umip(c);
	mem_probe(c, in->seg, table_off(c, in, 2), wide, ACCESS_WRITE);
	mem_write(c, in->seg, insn_ea(c, in), 2, t->limit);
	mem_write(c, in->seg, table_off(c, in, 2), wide, reg_part(t->base, wide));
}

/* With 16-bit operands a base has 24 bits. */
static void table_load(struct cpu *c, const struct insn *in, struct table_reg *t)
{
	unsigned wide = c->mode == MODE_64 ? 8 : 4;
	uint16_t limit = (uint16_t)mem_read(c, in->seg, insn_ea(c, in), 2);
	uint64_t base = mem_read(c, in->seg, table_off(c, in, 2), wide);

	if (wide == 8)
		cpu_gp0(c, (uint64_t)sign_extend(base, 6) == base);
	else if (in->opsize == 2)
		base &= 0xffffff;
	t->limit = limit;
	t->base = base;
}

OP(sgdt)
{
	table_store(c, in, &c->gdtr);
}

OP(sidt)
{
	table_store(c, in, &c->idtr);
}

OP(lgdt)
{
	table_load(c, in, &c->gdtr);
}

OP(lidt)
{
	table_load(c, in, &c->idtr);
}

OP(sldt)
{
	umip(c);
	opnd_set(c, in, 0, c->ldtr.sel);
}

OP(str)
{
	umip(c);
	opnd_set(c, in, 0, c->tr.sel);
}

OP(lldt)
{
	seg_lldt(c, (uint16_t)opnd_get(c, in, 0));
}

OP(ltr)
{
	seg_ltr(c, (uint16_t)opnd_get(c, in, 0));
}

static void set_zf(struct cpu *c, bool on)
{
	c->flags = on ? c->flags | FL_ZF : c->flags & ~(uint64_t)FL_ZF;
}

OP(verr)
{
	set_zf(c, seg_verify(c, (uint16_t)opnd_get(c, in, 0), false));
}

OP(verw)
{
	set_zf(c, seg_verify(c, (uint16_t)opnd_get(c, in, 0), true));
}

OP(lar)
{
	uint32_t rights;
	bool ok = seg_lar(c, (uint16_t)opnd_get(c, in, 1), &rights);

	if (ok)
		opnd_set(c, in, 0, rights);
	set_zf(c, ok);
}

OP(lsl)
{
	uint32_t limit;
	bool ok = seg_lsl(c, (uint16_t)opnd_get(c, in, 1), &limit);

	if (ok)
		opnd_set(c, in, 0, limit);
	set_zf(c, ok);
}

OP(arpl)
{
	uint64_t a = opnd_get(c, in, 0), b = opnd_get(c, in, 1);
	bool lower = (a & 3) < (b & 3);

	if (lower)
		opnd_set(c, in, 0, (a & ~3ull) | (b & 3));
	set_zf(c, lower);
}

/* ---- control ---- */

OP(smsw)
{
	umip(c);
	opnd_set(c, in, 0, cr_read(c, 0));
}

OP(lmsw)
{
	cpu_lmsw(c, (uint16_t)opnd_get(c, in, 0));
}

OP(clts)
{
	(void)in;
	cpu_clts(c);
}

static uint64_t linear_of(const struct cpu *c, const struct insn *in)
{
	uint64_t ea = insn_ea(c, in);

	if (c->mode == MODE_64)
		return ea + (in->seg >= SEG_FS ? c->seg[in->seg].base : 0);
	return (uint32_t)(ea + c->seg[in->seg].base);
}

OP(invlpg)
{
	mmu_invlpg(c, linear_of(c, in));
}

OP(invpcid)
{
	uint64_t d[2];

	mem_read_buf(c, in->seg, insn_ea(c, in), d, sizeof(d));
	mmu_invpcid(c, (unsigned)reg_part(c->r[in->reg], in->opsize), d[0], d[1]);
}

static unsigned control_width(const struct cpu *c)
{
	return c->mode == MODE_64 ? 8 : 4;
}

OP(mov_cr)
{
	unsigned n = in->reg, size = control_width(c);

	if (n > 8 || !(0x11du >> n & 1)) /* CR0, 2, 3, 4, 8 */
		cpu_raise(c, EXC_UD);
	if (in->op->o[0].kind == O_C)
		cr_write(c, n, reg_get(c, in, in->rm, size));
	else
		reg_set(c, in, in->rm, size, cr_read(c, n));
}

OP(mov_dr)
{
	unsigned n = in->reg, size = control_width(c);

	if (n > 7)
		cpu_raise(c, EXC_UD);
	if (in->op->o[0].kind == O_D)
		dr_write(c, n, reg_get(c, in, in->rm, size));
	else
		reg_set(c, in, in->rm, size, dr_read(c, n));
}

OP(rdmsr)
{
	(void)in;
	set_edx_eax(c, msr_read(c, (uint32_t)c->r[R_CX]));
}

OP(wrmsr)
{
	(void)in;
	msr_write(c, (uint32_t)c->r[R_CX], edx_eax(c));
}

static void needs_osxsave(struct cpu *c)
{
	if (!(c->cr4 & CR4_OSXSAVE))
		cpu_raise(c, EXC_UD);
}

OP(xgetbv)
{
	(void)in;
	needs_osxsave(c);
	if ((uint32_t)c->r[R_CX] == 1 && cpu_has(c, CPU_XGETBV1)) {
		set_edx_eax(c, c->xcr0 & xsave_in_use(c));
		return;
	}
	cpu_gp0(c, !(uint32_t)c->r[R_CX]);
	set_edx_eax(c, c->xcr0);
}

OP(xsetbv)
{
	(void)in;
	needs_osxsave(c);
	xcr_write(c, (uint32_t)c->r[R_CX], edx_eax(c));
}

/* ---- system calls and bases ---- */

OP(syscall)
{
	(void)in;
	cpu_syscall(c);
}

OP(sysret)
{
	cpu_sysret(c, in->opsize);
}

OP(sysenter)
{
	(void)in;
	cpu_sysenter(c);
}

OP(sysexit)
{
	cpu_sysexit(c, in->opsize);
}

OP(swapgs)
{
	uint64_t base = c->seg[SEG_GS].base;

	(void)in;
	c->seg[SEG_GS].base = c->kernel_gs_base;
	c->kernel_gs_base = base;
}

static void needs_fsgsbase(struct cpu *c)
{
	if (!(c->cr4 & CR4_FSGSBASE))
		cpu_raise(c, EXC_UD);
}

static void base_write(struct cpu *c, const struct insn *in, unsigned seg)
{
	uint64_t base = opnd_get(c, in, 0);

	needs_fsgsbase(c);
	cpu_gp0(c, (uint64_t)sign_extend(base, 6) == base);
	c->seg[seg].base = base;
}

OP(rdfsbase)
{
	needs_fsgsbase(c);
	opnd_set(c, in, 0, c->seg[SEG_FS].base);
}

OP(rdgsbase)
{
	needs_fsgsbase(c);
	opnd_set(c, in, 0, c->seg[SEG_GS].base);
}

OP(wrfsbase)
{
	base_write(c, in, SEG_FS);
}

OP(wrgsbase)
{
	base_write(c, in, SEG_GS);
}

static void set_ac(struct cpu *c, uint64_t to)
{
	if (c->cpl)
		cpu_raise(c, EXC_UD);
	c->flags = (c->flags & ~(uint64_t)FL_AC) | to;
}

OP(clac)
{
	(void)in;
	set_ac(c, 0);
}

OP(stac)
{
	(void)in;
	set_ac(c, FL_AC);
}
