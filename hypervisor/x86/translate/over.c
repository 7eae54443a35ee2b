/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/over.c: an instruction that goes on in the next page is
 * a block of its own. Its page is looked after as any block's; of the next one the
 * block looks each time whether it is mapped where it was and still holds the
 * instruction's last bytes, so that stores there need not know of it.
 *
 * Tests: tests/x86/over.c
 */
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/translate/gen.h"
#include "hypervisor/x86/translate/keys.h"

static uint64_t next_page(uint64_t lin)
{
	return (lin & PAGE_MASK) + PAGE;
}

void over_look(struct cpu *c, struct block_from *f)
{
	const struct tr_code_seg *cs = &tr_cpu(c)->cs;
	uint64_t lin = tr_code_lin(c), next = next_page(lin);
	const struct tlb_entry *e;
	struct insn in;
	uint32_t error;

	f->next = NULL;
	if (f->avail >= INSN_MAX || lin % PAGE + f->avail != PAGE)
		return;
	/* The next page is marked as accessed by this. */
	if (insn_decode(&in, f->bytes, f->avail, c->mode) == DECODE_OK)
		return;
	if (c->mode == MODE_64 ? !lin_canonical(next) : cs->base || cs->limit != ~0u || next >> 32)
		return;
	e = mmu_try(c, next, ACCESS_FETCH, set_fetch(c), &error);
	if (!e || !e->read)
		return;
	f->next = e->read;
	f->next_gpa = e->gpa;
}

unsigned over_decode(struct gen *g, const struct block_from *f)
{
	struct insn *in = &g->in[0];

	if (!f->next)
		return 0;
	memcpy(g->over, f->bytes, f->avail);
	memcpy(g->over + f->avail, f->next, INSN_MAX - f->avail);
	if (insn_decode(in, g->over, INSN_MAX, g->key->mode) != DECODE_OK || in->len <= f->avail ||
	    !cpu_has_insn(g->c, in))
		return 0;
	return in->len;
}

bool over_note(struct gen *g, const struct block_from *f)
{
	struct tr_over *o = cache_meta(g->tr, sizeof(*o));
	struct tr_block *b = g->b;
	uint64_t lin = next_page(b->lin);

	if (!o)
		return false;
	o->lin = lin;
	o->gpa = f->next_gpa;
	o->host = f->next;
	o->len = (uint8_t)(g->in[0].len - f->avail);
	o->page_slot = (uint16_t)tr_page_slot(lin, b->key);
	o->page_id = cache_page_id(g->tr, lin, o->gpa, b->key);
	memcpy(o->bytes, g->over, INSN_MAX);
	b->over = o;
	b->host = o->bytes;
	return true;
}

static void compare(struct gen *g, const uint8_t *with, unsigned at, unsigned size)
{
	if (size == 2)
		emit_1(&g->e, 0x66);
	emit_rm(&g->e, size == 1 ? 0x80 : 0x81, false, 7,
		(struct emit_mem){H_T0, REG_NONE, (int32_t)at});
	emit_n(&g->e, with, size);
}

void over_check(struct gen *g)
{
	const struct tr_over *o = g->b->over;
	struct tr_site *s;

	flags_spoil(g);
	s = access_site(g, OUT_OVER);
	if (!s)
		return;
	s->retry = emit_here(&g->e);
	access_slow(g, access_unless_page(g, o->page_slot, o->page_id), s);
	emit_imm(&g->e, H_T0, (uint64_t)(uintptr_t)o->host);
	for (unsigned at = 0, size; at < o->len; at += size) {
		size = o->len - at >= 4 ? 4 : o->len - at >= 2 ? 2 : 1;
		compare(g, o->bytes + g->b->bytes + at, at, size);
		access_slow(g, emit_jump(&g->e, 0x85, emit_here(&g->e), false), s);
	}
}

bool over_holds(struct cpu *c, const struct tr_block *b)
{
	const struct tr_over *o = b->over;
	uint32_t error;
	const struct tlb_entry *e = mmu_try(c, o->lin, ACCESS_FETCH, set_fetch(c), &error);

	return e && e->read == o->host && e->gpa == o->gpa &&
	       !memcmp(o->host, o->bytes + b->bytes, o->len);
}
