/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/calls.c: instructions that end a block and are done by a
 * light call of C, behind which the table of jumps says where to go on: IRETQ,
 * CPUID, loads of CR3, INVLPG.
 *
 * The functions change nothing if they cannot do all of it without a fault or a wait: then, as for
 * whatever is odd about an IRET, the instruction is the handler's. IRETQ is done from CPL 0 of
 * 64-bit mode to 64-bit code of the same CPL or of CPL 3, when the stack and the descriptors are
 * in the TLBs and the flags are some that translated code runs with.
 *
 * Spec: Intel SDM volume 2, IRET, CPUID, MOV, INVLPG; volume 3, 17.3.1.1 (RF).
 * Tests: tests/x86/calls.c
 */
#include "base/util.h"
#include "hypervisor/x86/desc.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/translate/gen.h"

/* Flags that come with IRET and translated code does not run with. */
#define FL_ODD (FL_TF | FL_DF | FL_NT | FL_VM | FL_VIP)

/* rIP is behind the instruction, or where the function says to go on. False: nothing was done. */
typedef bool call_fn(struct cpu *c);

/* ---- IRETQ ---- */

struct frame {
	uint64_t rip, cs, flags, sp, ss;
};

static bool stack_read(const struct cpu *c, struct frame *f)
{
	uint64_t lin = c->r[R_SP];
	const struct tr_tlb *e = &tr_cpu(c)->tlb[set_explicit(c)][lin / PAGE % TR_TLB];

	if (e->tag[0] != (lin & PAGE_MASK) || lin % PAGE + sizeof(*f) > PAGE)
		return false;
	memcpy(f, e->host + lin % PAGE, sizeof(*f));
	return true;
}

/* A descriptor of the GDT that the interpreter read not long ago. */
static bool desc_read(const struct cpu *c, uint16_t sel, struct desc *d)
{
	uint64_t lin = c->gdtr.base + (sel & 0xfff8), page = lin & PAGE_MASK;
	const struct tlb_entry *e = &c->tlb->e[set_implicit(c)][lin / PAGE % TLB_SIZE];
	uint64_t tag = e->tag[ACCESS_READ];

	if (sel & 4 || (sel & 0xfff8u) + 7 > c->gdtr.limit || lin % PAGE + 8 > PAGE || !e->read ||
	    (tag != (page | c->tlb->ctx) && tag != (page | CTX_GLOBAL)))
		return false;
	*d = (struct desc){.at = lin};
	memcpy(&d->lo, e->read + lin % PAGE, 4);
	memcpy(&d->hi, e->read + lin % PAGE + 4, 4);
	return true;
}

static bool plain_desc(const struct cpu *c, uint16_t sel, unsigned cpl, struct desc *d)
{
	return sel & 0xfffc && (sel & 3u) == cpl && desc_read(c, sel, d) && desc_dpl(d) == cpl &&
	       desc_present(d) && desc_type(d) & TYPE_ACCESSED;
}

static bool code_plain(const struct cpu *c, uint16_t sel, struct desc *d)
{
	return plain_desc(c, sel, sel & 3, d) && desc_is_code(d) && desc_is_long(d) &&
	       !(d->hi >> 22 & 1);
}

/* CPL 0 may have none. */
static bool stack_plain(const struct cpu *c, uint16_t sel, unsigned cpl, struct desc *d)
{
	return (!cpl && !sel) || (plain_desc(c, sel, cpl, d) && desc_is_stack(d));
}

static bool flags_plain(const struct cpu *c, uint64_t flags, unsigned cpl)
{
	if (flags & FL_ODD || (cpl && flags & FL_AC) || c->flags & FL_NT || c->nmi_blocked)
		return false;
	return !(flags & FL_IF) || !__atomic_load_n(c->intr, __ATOMIC_RELAXED);
}

static unsigned ring_of(unsigned cpl, uint64_t flags)
{
	if (cpl)
		return RING_USER;
	return flags & FL_AC ? RING_KERNEL_AC : RING_KERNEL;
}

static bool call_iret(struct cpu *c)
{
	const uint64_t mask = FL_STATUS | FL_IF | FL_IOPL | FL_RF | FL_AC | FL_ID | FL_VIF | FL_TF |
			      FL_DF | FL_NT | FL_VIP;
	struct tr_cpu *t = tr_cpu(c);
	struct frame f;
	struct desc cs, ss;
	unsigned cpl;

	if (!stack_read(c, &f))
		return false;
	cpl = f.cs & 3;
	if (!flags_plain(c, f.flags, cpl) || (cpl && cpl != 3) || !lin_canonical(f.rip) ||
	    !keys_known(c, ring_of(cpl, f.flags)) || !code_plain(c, (uint16_t)f.cs, &cs) ||
	    !stack_plain(c, (uint16_t)f.ss, cpl, &ss) || dbg_code_on(c))
		return false;
	desc_to_segment(&c->seg[SEG_CS], (uint16_t)f.cs, &cs);
	if (f.ss & 0xffff)
		desc_to_segment(&c->seg[SEG_SS], (uint16_t)f.ss, &ss);
	else
		seg_set_null(c, SEG_SS, 0);
	c->cpl = (uint8_t)cpl;
	seg_drop_inner(c);
	c->r[R_SP] = f.sp;
	c->rip = f.rip;
	cpu_flags_load(c, f.flags, mask);
	if (!c->trying && !__atomic_load_n(&c->attention, __ATOMIC_RELAXED))
		c->flags &= ~(uint64_t)FL_RF; /* the next instruction follows */
	tr_set_flags(c);
	tr_near(c)->flags = t->slot_flags;
	return keys_set(c); /* as it is known */
}

/* ---- the others ---- */

/* It serializes: what is behind it is looked for as any other block. */
static bool call_cpuid(struct cpu *c)
{
	op_cpuid(c, NULL);
	return true;
}

static bool call_cr3(struct cpu *c)
{
	uint64_t val = tr_cpu(c)->t1, bits = c->cr4 & CR4_PCIDE ? val << 1 >> 1 : val;

	if (c->long_mode ? bits >> c->model->phys_bits : c->cr4 & CR4_PAE)
		return false;
	cr_write(c, 3, val);
	return true;
}

static bool call_invlpg(struct cpu *c)
{
	mmu_invlpg(c, tr_cpu(c)->t1);
	return true;
}

/* ---- the stub ---- */

/* By the stub for light calls, from the stub below, with the function in tr_cpu.value. */
static void light_call(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);
	const struct tr_site *s = t->site;
	uint64_t behind = s->b->rip + (uint64_t)s->off + s->len;

	if (t->fpu_was & TR_X87)
		pointers_saved(c);
	c->rip = c->mode == MODE_64 ? behind : (uint32_t)behind;
	t->value = ((call_fn *)(uintptr_t)t->value)(c);
}

/* t0: the site of odd cases; the flags are in the slot. */
void calls_make(struct tr *tr, struct emit *e)
{
	struct emit_jumps odd = {.n = 0};

	tr->call = emit_here(e);
	emit_rm(e, 0x89, true, H_T0, tr_field(TR_OWN(site)));
	emit_rm(e, 0x89, true, H_SP, tr_field(TR_REG(R_SP)));
	stubs_light(tr, e, light_call);
	emit_rm(e, 0x83, true, 7, tr_field(TR_OWN(value))); /* cmp qword, 0 */
	emit_1(e, 0);
	emit_jump_if(e, &odd, 4);
	emit_rm(e, 0x8b, true, H_SP, tr_field(TR_REG(R_SP)));
	emit_rm(e, 0x8b, true, H_T1, tr_field(TR_CPU(rip)));
	rings_go_on(tr, e, &odd);
}

/* ---- instructions ---- */

/* What the function wants to know is in tr_cpu.t1. */
static bool to_call(struct gen *g, call_fn *fn)
{
	flags_spoil(g);
	emit_imm(&g->e, H_T0, (uint64_t)(uintptr_t)fn);
	emit_rm(&g->e, 0x89, true, H_T0, tr_field(TR_OWN(value)));
	return rings_stub(g, g->tr->call);
}

static bool iret(struct gen *g, const struct insn *in)
{
	if (!gen_wide(g) || g->key->cpl || in->opsize != 8)
		return false;
	return to_call(g, call_iret);
}

static bool cpuid(struct gen *g, const struct insn *in)
{
	(void)in;
	return to_call(g, call_cpuid);
}

static bool mov_cr3(struct gen *g, const struct insn *in)
{
	if (in->op->o[0].kind != O_C || in->reg != 3 || g->key->cpl)
		return false;
	access_register(g, 0x8b, true, H_T1, in->rm);
	emit_rm(&g->e, 0x89, true, H_T1, tr_field(TR_OWN(t1)));
	return to_call(g, call_cr3);
}

static bool invlpg(struct gen *g, const struct insn *in)
{
	if (g->key->cpl || !segment_flat(g, in->seg, ACCESS_READ))
		return false;
	flags_spoil(g);
	access_offset(g, in);
	emit_rm(&g->e, 0x89, true, H_T1, tr_field(TR_OWN(t1)));
	return to_call(g, call_invlpg);
}

gen_fn *calls_find(const struct insn *in)
{
	if (in->op->run == op_iret)
		return iret;
	if (in->op->run == op_cpuid)
		return cpuid;
	if (in->op->run == op_mov_cr && in->op->o[0].kind == O_C)
		return mov_cr3;
	return in->op->run == op_invlpg ? invlpg : NULL;
}
