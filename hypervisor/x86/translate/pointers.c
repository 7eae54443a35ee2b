/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/pointers.c: x87's instruction and data pointers. The
 * host's unit keeps some of translated code and of the host's memory, and AMD's only
 * with an exception. So translated code says which x87 instruction was last, and the
 * guest's FIP is found when somebody asks; FDP and FOP change with an exception
 * alone, as CPUID says (FDP_EXCPTN_ONLY).
 *
 * Spec: Intel SDM volume 1, 8.1.8, 8.1.9.
 * Tests: corner_30_instruction_and_data_pointers
 */
#include "hypervisor/x86/fpu.h"
#include "hypervisor/x86/translate/cache.h"
#include "hypervisor/x86/translate/translate.h"

static uint64_t get(const struct cpu *c, unsigned at)
{
	uint64_t v;

	memcpy(&v, c->fpu.fx + at, sizeof(v));
	return v;
}

static void set(struct cpu *c, unsigned at, uint64_t v)
{
	memcpy(c->fpu.fx + at, &v, sizeof(v));
}

const struct tr_place *pointers_place(const struct tr_block *b, const uint8_t *host)
{
	unsigned n = 1;

	while (n < b->n_places && b->code + b->places[n].host <= host)
		n++;
	return &b->places[n - 1];
}

/* The linear address of what the host has at p; 0: it is not in the TLB any more. */
static uint64_t guest_address(const struct cpu *c, const struct tr_block *b, uint64_t p)
{
	const struct tr_cpu *t = tr_cpu(c);
	unsigned set = t->tr->keys[b->key].set;

	for (unsigned i = 0; i < TR_TLB; i++)
		if ((uint64_t)(uintptr_t)t->tlb[set][i].host == (p & PAGE_MASK) &&
		    t->tlb[set][i].tag[0] / PAGE % TR_TLB == i)
			return t->tlb[set][i].tag[0] + p % PAGE;
	return 0;
}

static uint64_t offset_in(const struct cpu *c, const struct insn *in, uint64_t lin)
{
	if (in->mode != MODE_64)
		return (uint32_t)(lin - c->seg[in->seg].base);
	return in->seg >= SEG_FS ? lin - c->seg[in->seg].base : lin;
}

/* The host's pointers are those of an exception. */
static void raised(struct cpu *c, const struct tr_block *b, const struct tr_place *p)
{
	struct tr_cpu *t = tr_cpu(c);
	struct insn in;

	if (insn_decode(&in, b->host + p->off, INSN_MAX, t->tr->keys[b->key].mode) != DECODE_OK)
		return;
	t->fop = (uint16_t)((in.op->op & 7u) << 8 | in.modrm);
	if (in.mod != 3)
		t->fdp = offset_in(c, &in, guest_address(c, b, get(c, FX_FDP)));
}

/* What the last x87 instruction was. */
static void resolve(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);
	const uint8_t *at = t->tr->rx + t->fip_at;
	const struct tr_block *b = cache_at(t->tr, at);

	if (b) {
		const struct tr_place *p = pointers_place(b, at);

		set(c, FX_FIP, b->rip + (uint64_t)p->off);
		if (fx_get(c, FX_FSW, 2) & FSW_ES)
			raised(c, b, p);
	}
	t->fip_at = 0;
}

void pointers_settle(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);

	if (!t->fip_at)
		return;
	resolve(c);
	t->fip = get(c, FX_FIP);
	set(c, FX_FDP, t->fdp);
	fx_set(c, FX_FOP, 2, t->fop);
}

void pointers_saved(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);

	if (!t->fip_at)
		set(c, FX_FIP, t->fip);
	else if (fx_get(c, FX_FSW, 2) & FSW_ES)
		tr_fpu_pointers(c);
	set(c, FX_FDP, t->fdp);
	fx_set(c, FX_FOP, 2, t->fop);
}

void tr_fpu_pointers(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);

	if (!t->tr || !t->fip_at)
		return;
	pthread_mutex_lock(&t->tr->lock);
	pointers_settle(c);
	pthread_mutex_unlock(&t->tr->lock);
}
