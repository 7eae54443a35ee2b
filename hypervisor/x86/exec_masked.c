/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vector instructions that touch memory element by element under a mask:
 * elements that are not selected cannot fault.
 *
 * Spec: Intel SDM volume 2: MASKMOVQ, MASKMOVDQU, VMASKMOV, VPMASKMOV, VGATHER*, VPGATHER*.
 * Tests: tests/x86/vector.c, tests/x86/oracle.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/fpu.h"

struct vector {
	uint8_t b[32];
};

static struct vector vector_get(struct cpu *c, unsigned reg)
{
	struct vector v;

	memcpy(v.b, fx_xmm(c, reg), 16);
	memcpy(v.b + 16, c->fpu.ymm_high[reg & 15], 16);
	return v;
}

static void vector_set(struct cpu *c, unsigned reg, const struct vector *v)
{
	memcpy(fx_xmm(c, reg), v->b, 16);
	memcpy(c->fpu.ymm_high[reg & 15], v->b + 16, 16);
}

static unsigned vector_bytes(const struct insn *in)
{
	return in->vl ? 32 : 16;
}

static bool selected(const struct vector *mask, unsigned i, unsigned size)
{
	return mask->b[i * size + size - 1] & 0x80;
}

static uint64_t element(const struct vector *v, unsigned i, unsigned size)
{
	uint64_t e = 0;

	memcpy(&e, v->b + i * size, size);
	return e;
}

/* They never cause #AC (SDM, by name). */
static uint64_t element_read(struct cpu *c, unsigned seg, uint64_t ea, unsigned size)
{
	uint64_t e = 0;

	mem_read_buf(c, seg, ea, &e, size);
	return e;
}

static void store_selected(struct cpu *c, unsigned seg, uint64_t ea, const struct vector *mask,
			   const struct vector *v, unsigned n, unsigned size)
{
	for (unsigned i = 0; i < n; i++) {
		if (selected(mask, i, size))
			mem_write_buf(c, seg, ea + i * size, v->b + i * size, size);
	}
}

/* ---- MASKMOVQ, MASKMOVDQU: bytes, to DS:rDI ---- */

static struct vector mmx_get(struct cpu *c, unsigned reg)
{
	struct vector v = {{0}};

	memcpy(v.b, fx_st(c, reg - (fx_get(c, FX_FSW, 2) >> FSW_TOP_SHIFT)), 8);
	return v;
}

/* Whether bytes that are not selected can fault is the processor's choice: AMD's do. */
void host_maskmov(struct cpu *c, const struct insn *in)
{
	unsigned seg = in->seg_override == SEG_N ? SEG_DS : in->seg_override;
	uint64_t ea = reg_part(c->r[R_DI], in->addrsize);
	bool mmx = in->op->o[0].kind == O_P;
	struct vector v, mask;

	if (mmx)
		fpu_pending(c);
	v = mmx ? mmx_get(c, in->reg) : vector_get(c, in->reg);
	mask = mmx ? mmx_get(c, in->rm) : vector_get(c, in->rm);
	if (mmx) /* before the store: the host does so even when that faults */
		fpu_enter_mmx(c);
	mem_probe(c, seg, ea, 8, ACCESS_WRITE);
	if (!mmx)
		mem_probe(c, seg, ea + 8, 8, ACCESS_WRITE);
	store_selected(c, seg, ea, &mask, &v, mmx ? 8 : 16, 1);
}

/* ---- VMASKMOVPS/PD, VPMASKMOVD/Q ---- */

static unsigned vmaskmov_size(const struct insn *in)
{
	if (in->op->op >= 0x8c)
		return in->rex & 8 ? 8 : 4;
	return in->op->op & 1 ? 8 : 4;
}

/* Outside 64-bit mode elements do not wrap: one beyond 4 GiB is beyond the limit. */
static uint64_t element_ea(struct cpu *c, const struct insn *in, uint64_t ea, unsigned at)
{
	if (in->mode != MODE_64 && (ea + at) >> 32)
		cpu_raise_error(c, in->seg == SEG_SS ? EXC_SS : EXC_GP, 0);
	return ea + at;
}

static struct vector load_masked(struct cpu *c, const struct insn *in, uint64_t ea,
				 const struct vector *mask, unsigned n, unsigned size)
{
	struct vector v = {{0}};

	for (unsigned i = 0; i < n; i++) {
		if (selected(mask, i, size)) {
			uint64_t at = element_ea(c, in, ea, i * size);
			uint64_t e = element_read(c, in->seg, at, size);

			memcpy(v.b + i * size, &e, size);
		}
	}
	return v;
}

void host_vmaskmov(struct cpu *c, const struct insn *in)
{
	unsigned size = vmaskmov_size(in), n = vector_bytes(in) / size;
	struct vector mask = vector_get(c, in->vvvv), v;
	bool to_mem = in->op->op == 0x8e || (in->op->op & ~1u) == 0x2e;
	uint64_t ea = insn_ea(c, in);

	if (to_mem) {
		v = vector_get(c, in->reg);
		for (unsigned i = 0; i < n; i++) {
			if (selected(&mask, i, size))
				mem_probe(c, in->seg, element_ea(c, in, ea, i * size), size,
					  ACCESS_WRITE);
		}
		store_selected(c, in->seg, ea, &mask, &v, n, size);
	} else {
		v = load_masked(c, in, ea, &mask, n, size);
		vector_set(c, in->reg, &v);
	}
}

/* ---- gathers ---- */

struct gather {
	unsigned index_reg, index_size, size, n;
	struct vector index, mask, dest;
};

static void gather_setup(struct cpu *c, const struct insn *in, struct gather *g)
{
	unsigned wider;

	g->index_reg = (in->sib >> 3 & 7) | (in->rex & 2) << 2;
	g->index_size = in->op->op & 1 ? 8 : 4;
	g->size = in->rex & 8 ? 8 : 4;
	wider = g->size > g->index_size ? g->size : g->index_size;
	g->n = vector_bytes(in) / wider;
	if ((in->modrm & 7) != 4 || in->reg == in->vvvv || in->reg == g->index_reg ||
	    in->vvvv == g->index_reg)
		cpu_raise(c, EXC_UD);
	g->index = vector_get(c, g->index_reg);
	g->mask = vector_get(c, in->vvvv);
	g->dest = vector_get(c, in->reg);
}

static uint64_t gather_ea(const struct cpu *c, const struct insn *in, const struct gather *g,
			  unsigned i)
{
	uint64_t ea = element(&g->index, i, g->index_size);

	if (g->index_size == 4)
		ea = (uint64_t)(int32_t)ea;
	ea = (ea << (in->sib >> 6)) + (uint64_t)in->disp;
	if (in->base != REG_NONE)
		ea += c->r[in->base];
	return reg_part(ea, in->addrsize);
}

/* What is done stays done when a later element faults: the mask tells what is left, and those
 * that were not selected count as done when their turn has come. */
static void gather_element(struct cpu *c, const struct insn *in, struct gather *g, unsigned i)
{
	if (selected(&g->mask, i, g->size)) {
		uint64_t e = element_read(c, in->seg, gather_ea(c, in, g, i), g->size);

		memcpy(g->dest.b + i * g->size, &e, g->size);
		vector_set(c, in->reg, &g->dest);
	}
	memset(g->mask.b + i * g->size, 0, g->size);
	vector_set(c, in->vvvv, &g->mask);
}

void host_gather(struct cpu *c, const struct insn *in)
{
	struct gather g;

	gather_setup(c, in, &g);
	for (unsigned i = 0; i < g.n; i++)
		gather_element(c, in, &g, i);
	memset(g.dest.b + g.n * g.size, 0, sizeof(g.dest.b) - g.n * g.size);
	memset(g.mask.b, 0, sizeof(g.mask.b));
	vector_set(c, in->reg, &g.dest);
	vector_set(c, in->vvvv, &g.mask);
}
