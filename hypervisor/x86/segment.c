/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/segment.c: descriptors, segment registers, LDTR and TR, and what LAR, LSL, VERR
 * and VERW find out.
 *
 * Spec: Intel SDM volume 3, 3.4, 5.5-5.6, 5.10; volume 2, MOV, LLDT, LTR, LAR, LSL, VERR.
 * State: real mode (limits stay as they were), virtual-8086, protected and long mode.
 * Tests: tests/x86/segment.c
 */
#include "hypervisor/x86/desc.h"

#include "hypervisor/x86/mmu.h"

void sel_fault(struct cpu *c, unsigned vector, uint16_t sel)
{
	cpu_raise_error(c, vector, sel & 0xfffc);
}

/* ---- descriptors ---- */

static bool table_of(const struct cpu *c, uint16_t sel, uint64_t *base, uint32_t *limit)
{
	if (!(sel & 4)) {
		*base = c->gdtr.base;
		*limit = c->gdtr.limit;
		return true;
	}
	*base = c->ldtr.base;
	*limit = c->ldtr.limit;
	return c->ldtr.attr & SEG_P;
}

static uint64_t wrap(const struct cpu *c, uint64_t lin)
{
	return c->long_mode ? lin : (uint32_t)lin;
}

static bool fetch(struct cpu *c, uint16_t sel, struct desc *d, unsigned size)
{
	uint64_t base;
	uint32_t limit;

	if (!table_of(c, sel, &base, &limit) || (sel & 0xfff8u) + size - 1 > limit)
		return false;
	d->at = wrap(c, base + (sel & 0xfff8));
	d->lo = (uint32_t)lin_read(c, d->at, 4, false);
	d->hi = (uint32_t)lin_read(c, wrap(c, d->at + 4), 4, false);
	d->high = 0;
	return true;
}

bool desc_fetch(struct cpu *c, uint16_t sel, struct desc *d)
{
	return fetch(c, sel, d, 8);
}

void desc_get(struct cpu *c, uint16_t sel, struct desc *d, unsigned vector)
{
	if (!desc_fetch(c, sel, d))
		sel_fault(c, vector, sel);
}

void desc_get_upper(struct cpu *c, uint16_t sel, struct desc *d, unsigned vector)
{
	if (!c->long_mode)
		return;
	if (!fetch(c, sel, d, 16))
		sel_fault(c, vector, sel);
	d->high = (uint32_t)lin_read(c, d->at + 8, 4, false);
	if (lin_read(c, d->at + 12, 4, false) >> 8 & 0x1f)
		sel_fault(c, vector, sel);
}

void desc_mark(struct cpu *c, struct desc *d, unsigned set, unsigned clear)
{
	uint32_t hi = (d->hi | set << 8) & ~(clear << 8);

	if (hi != d->hi)
		lin_write(c, wrap(c, d->at + 5), 1, hi >> 8 & 0xff, false);
	d->hi = hi;
}

void desc_to_segment(struct segment *s, uint16_t sel, const struct desc *d)
{
	s->sel = sel;
	s->base =
		d->lo >> 16 | (d->hi & 0xff) << 16 | (d->hi & 0xff000000) | (uint64_t)d->high << 32;
	s->limit = desc_limit(d);
	s->attr = (uint16_t)((d->hi >> 8 & 0xff) | (d->hi >> 8 & 0xf000));
}

/* ---- segment registers ---- */

void seg_set_real(struct segment *s, uint16_t sel)
{
	s->sel = sel;
	s->base = (uint64_t)sel << 4;
	s->attr = (s->attr & (SEG_DB | SEG_G)) | SEG_P | SEG_S | 3;
}

void seg_set_vm86(struct segment *s, uint16_t sel)
{
	*s = (struct segment){.sel = sel,
			      .base = (uint64_t)sel << 4,
			      .limit = 0xffff,
			      .attr = SEG_P | SEG_S | 3 << SEG_DPL_SHIFT | 3};
}

/* SS keeps a DPL: it is the CPL's shadow. */
void seg_set_null(struct cpu *c, unsigned seg, uint16_t sel)
{
	uint16_t attr = seg == SEG_SS ? (uint16_t)((sel & 3) << SEG_DPL_SHIFT) : 0;

	c->seg[seg] = (struct segment){.sel = sel, .attr = attr};
}

void ss_check(struct cpu *c, uint16_t sel, struct desc *d, unsigned cpl, unsigned vector)
{
	if (!(sel & 0xfffc))
		sel_fault(c, vector, 0);
	desc_get(c, sel, d, vector);
	if ((sel & 3u) != cpl || desc_dpl(d) != cpl || !desc_is_stack(d))
		sel_fault(c, vector, sel);
	if (!desc_present(d))
		sel_fault(c, EXC_SS, sel);
}

void ss_enter(struct cpu *c, uint16_t sel, struct desc *d)
{
	desc_mark(c, d, TYPE_ACCESSED, 0);
	desc_to_segment(&c->seg[SEG_SS], sel, d);
}

static void load_null(struct cpu *c, unsigned seg, uint16_t sel)
{
	if (seg == SEG_SS)
		cpu_gp0(c, c->mode == MODE_64 && c->cpl < 3 && (sel & 3u) == c->cpl);
	seg_set_null(c, seg, sel);
}

static bool privileged(const struct cpu *c, uint16_t sel, const struct desc *d)
{
	return c->cpl <= desc_dpl(d) && (sel & 3u) <= desc_dpl(d);
}

static void load_data(struct cpu *c, unsigned seg, uint16_t sel)
{
	struct desc d;

	desc_get(c, sel, &d, EXC_GP);
	if (!desc_is_seg(&d) || (desc_is_code(&d) && !(desc_type(&d) & TYPE_WRITE)))
		sel_fault(c, EXC_GP, sel);
	if (!(desc_is_code(&d) && desc_conforms(&d)) && !privileged(c, sel, &d))
		sel_fault(c, EXC_GP, sel);
	if (!desc_present(&d))
		sel_fault(c, EXC_NP, sel);
	desc_mark(c, &d, TYPE_ACCESSED, 0);
	desc_to_segment(&c->seg[seg], sel, &d);
}

void seg_load(struct cpu *c, unsigned seg, uint16_t sel)
{
	struct desc d;

	if (cpu_is_real(c)) {
		seg_set_real(&c->seg[seg], sel);
	} else if (cpu_is_vm86(c)) {
		seg_set_vm86(&c->seg[seg], sel);
	} else if (!(sel & 0xfffc)) {
		load_null(c, seg, sel);
	} else if (seg == SEG_SS) {
		ss_check(c, sel, &d, c->cpl, EXC_GP);
		ss_enter(c, sel, &d);
	} else {
		load_data(c, seg, sel);
	}
}

/* SDM volume 2, RET and IRET: after a return to an outer CPL. */
void seg_drop_inner(struct cpu *c)
{
	static const uint8_t data[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};

	for (unsigned i = 0; i < sizeof(data); i++) {
		const struct segment *s = &c->seg[data[i]];
		bool conforming =
			(s->attr & (TYPE_CODE | TYPE_CONFORM)) == (TYPE_CODE | TYPE_CONFORM);

		/* A null one keeps its base, which is FS's and GS's in 64-bit mode. */
		if (s->attr & SEG_P && !conforming && (s->attr >> SEG_DPL_SHIFT & 3) < c->cpl)
			seg_set_null(c, data[i], 0);
		else if (!(s->sel & 0xfffc)) /* the RPL of a null one goes, too */
			c->seg[data[i]].sel = 0;
	}
}

/* ---- code ---- */

void cpu_set_cs_mode(struct cpu *c)
{
	uint16_t attr = c->seg[SEG_CS].attr;

	if (c->long_mode && attr & SEG_L && !cpu_is_real(c))
		c->mode = MODE_64;
	else
		c->mode = attr & SEG_DB ? MODE_32 : MODE_16;
}

void cs_enter(struct cpu *c, uint16_t sel, struct desc *d, unsigned cpl)
{
	desc_mark(c, d, TYPE_ACCESSED, 0);
	desc_to_segment(&c->seg[SEG_CS], (uint16_t)((sel & 0xfffc) | cpl), d);
	c->cpl = (uint8_t)cpl;
	cpu_set_cs_mode(c);
}

void cs_check_rip(struct cpu *c, const struct desc *d, uint64_t rip)
{
	cpu_gp0(c, c->long_mode && desc_is_long(d) ? lin_canonical(rip) : rip <= desc_limit(d));
}

/* ---- LDTR, TR ---- */

void seg_lldt(struct cpu *c, uint16_t sel)
{
	struct desc d;

	if (!(sel & 0xfffc)) {
		c->ldtr = (struct segment){.sel = sel};
		return;
	}
	if (sel & 4)
		sel_fault(c, EXC_GP, sel);
	desc_get(c, sel, &d, EXC_GP);
	if (desc_is_seg(&d) || desc_type(&d) != SYS_LDT)
		sel_fault(c, EXC_GP, sel);
	desc_get_upper(c, sel, &d, EXC_GP);
	if (!desc_present(&d))
		sel_fault(c, EXC_NP, sel);
	desc_to_segment(&c->ldtr, sel, &d);
}

void seg_ltr(struct cpu *c, uint16_t sel)
{
	struct desc d;

	cpu_gp0(c, sel & 0xfffc);
	if (sel & 4)
		sel_fault(c, EXC_GP, sel);
	desc_get(c, sel, &d, EXC_GP);
	if (desc_is_seg(&d) ||
	    (desc_type(&d) != SYS_TSS && (c->long_mode || desc_type(&d) != SYS_TSS16)))
		sel_fault(c, EXC_GP, sel);
	desc_get_upper(c, sel, &d, EXC_GP);
	if (!desc_present(&d))
		sel_fault(c, EXC_NP, sel);
	desc_mark(c, &d, TYPE_BUSY, 0);
	desc_to_segment(&c->tr, sel, &d);
}

/* ---- looking at descriptors without loading them ---- */

/* types: those of system descriptors that the instruction knows. */
static bool visible(struct cpu *c, uint16_t sel, struct desc *d, uint16_t types)
{
	if (!(sel & 0xfffc) || !desc_fetch(c, sel, d))
		return false;
	if (!desc_is_seg(d) && !(types >> desc_type(d) & 1))
		return false;
	return (desc_is_code(d) && desc_conforms(d)) || privileged(c, sel, d);
}

bool seg_lar(struct cpu *c, uint16_t sel, uint32_t *rights)
{
	uint16_t types = 1 << SYS_LDT | 1 << SYS_TSS | 1 << SYS_TSS_BUSY | 1 << SYS_CALL;
	struct desc d;

	if (!c->long_mode)
		types |=
			1 << SYS_TSS16 | 1 << SYS_TSS16_BUSY | 1 << SYS_CALL16 | 1 << SYS_TASK_GATE;
	if (!visible(c, sel, &d, types))
		return false;
	*rights =
		d.hi & 0xffff00; /* 19:16, of the limit, are said to be undefined: all show them */
	return true;
}

bool seg_lsl(struct cpu *c, uint16_t sel, uint32_t *limit)
{
	uint16_t types = 1 << SYS_LDT | 1 << SYS_TSS | 1 << SYS_TSS_BUSY;
	struct desc d;

	if (!c->long_mode)
		types |= 1 << SYS_TSS16 | 1 << SYS_TSS16_BUSY;
	if (!visible(c, sel, &d, types))
		return false;
	*limit = desc_limit(&d);
	return true;
}

bool seg_verify(struct cpu *c, uint16_t sel, bool write)
{
	struct desc d;

	if (!visible(c, sel, &d, 0))
		return false;
	if (write)
		return desc_is_stack(&d);
	return !desc_is_code(&d) || desc_type(&d) & TYPE_WRITE;
}
