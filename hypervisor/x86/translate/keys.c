/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/keys.c: what blocks are made for besides their address:
 * a key is a number for it. A kernel and its programs have two or three, which each vCPU knows by
 * ring, so that a system call or an interrupt looks nothing up.
 *
 * Tests: tests/x86/rings.c
 */
#include "hypervisor/x86/fast.h"
#include "hypervisor/x86/translate/parts.h"

/* FS and GS have a base, if they are of any use. */
static uint32_t open_now(const struct cpu *c)
{
	const uint32_t other = (1u << SEG_FS | 1u << SEG_GS) * (1 | 1u << FAST_WRITES);

	if (c->mode == MODE_64)
		return 0;
	return fast_open_segments(c) & (c->mode == MODE_16 ? FAST_STACK32 : ~other);
}

static struct tr_key key_of(const struct cpu *c, const struct tr_state *s)
{
	struct tr_key k = {.mode = s->mode,
			   .set = set_explicit(c),
			   .cpl = s->cpl,
			   .open = s->open,
			   .prot = cpu_is_prot(c),
			   .vm86 = cpu_is_vm86(c)};
	bool units = !(c->cr0 & (CR0_EM | CR0_TS));

	k.x87 = units && (c->cr0 & CR0_NE || !c->ignne); /* IGNNE# is the interpreter's */
	k.sse = units && c->cr4 & CR4_OSFXSR;
	k.avx = !(c->cr0 & CR0_TS) && c->cr4 & CR4_OSXSAVE && (c->xcr0 & 6) == 6;
	return k;
}

static bool same_key(const struct tr_key *a, const struct tr_key *b)
{
	return a->open == b->open && a->mode == b->mode && a->set == b->set && a->cpl == b->cpl &&
	       a->sse == b->sse && a->avx == b->avx && a->x87 == b->x87 && a->prot == b->prot &&
	       a->vm86 == b->vm86;
}

/* cpu.tr_key; 0: there are too many; what is of another is the interpreter's. */
static uint8_t key_number(struct tr *tr, const struct tr_key *k)
{
	unsigned i;

	for (i = 0; i < tr->n_keys; i++)
		if (same_key(&tr->keys[i], k))
			return (uint8_t)(i + 1);
	if (i == TR_KEYS)
		return 0;
	tr->keys[i] = *k;
	tr->n_keys = i + 1;
	return (uint8_t)tr->n_keys;
}

/* All of a key follows from this. False: it has changed. */
static bool same_state(struct cpu *c)
{
	struct tr_state now = {.cr0 = c->cr0,
			       .cr4 = c->cr4,
			       .xcr0 = c->xcr0,
			       .flags = c->flags & (FL_AC | FL_VM),
			       .open = open_now(c),
			       .mode = c->mode,
			       .cpl = c->cpl,
			       .ignne = c->ignne};
	struct tr_cpu *t = tr_cpu(c);
	const struct tr_state was = t->state;

	t->state = now;
	if (now.cr0 != was.cr0 || now.cr4 != was.cr4 || now.xcr0 != was.xcr0 ||
	    now.ignne != was.ignne) {
		memset(t->rings, 0, sizeof(t->rings));
		return false;
	}
	return now.flags == was.flags && now.open == was.open && now.mode == was.mode &&
	       now.cpl == was.cpl;
}

static void new_key(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);
	struct tr_key k = key_of(c, &t->state);

	if (c->cpl == 3 && c->cr0 & CR0_AM && c->flags & FL_AC) {
		c->tr_key = 0;
		return;
	}
	pthread_mutex_lock(&t->tr->lock);
	c->tr_key = key_number(t->tr, &k);
	pthread_mutex_unlock(&t->tr->lock);
}

/* ---- segments ---- */

/* A number for it, 0 for a flat one. Numbers are not used again before the table of jumps, which
 * has them, is forgotten. */
static unsigned code_seg_id(struct tr_cpu *t, const struct tr_code_seg *cs)
{
	unsigned i = (cs->base >> 4 ^ cs->base >> 12 ^ cs->limit) % TR_CODE_SEGS;

	if (!cs->base && cs->limit == ~0u)
		return 0;
	if (t->code_segs[i].id && t->code_segs[i].cs.base == cs->base &&
	    t->code_segs[i].cs.limit == cs->limit)
		return t->code_segs[i].id;
	if (!++t->last_code_seg) {
		ends_forget(t);
		memset(t->code_segs, 0, sizeof(t->code_segs));
		t->last_code_seg = 1;
	}
	t->code_segs[i].cs = *cs;
	t->code_segs[i].id = t->last_code_seg;
	return t->last_code_seg;
}

static void set_code_seg(struct cpu *c, bool new_key)
{
	struct tr_code_seg now = {0, ~0u};
	struct tr_cpu *t = tr_cpu(c);

	if (c->mode != MODE_64) {
		now.base = (uint32_t)c->seg[SEG_CS].base;
		now.limit = c->seg[SEG_CS].limit;
	}
	if (!new_key && now.base == t->cs.base && now.limit == t->cs.limit)
		return;
	t->cs = now;
	c->tr_seg = code_seg_id(t, &now);
}

static void set_rooms(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);
	bool any = !cpu_is_prot(c);

	for (unsigned i = 0; i < SEG_N; i++) {
		const struct segment *s = &c->seg[i];
		bool down = (s->attr & 0xc) == 4 && s->attr & SEG_S, there = s->attr & SEG_P;
		uint64_t all = down || (!any && !there) ? 0 : (uint64_t)s->limit + 1;

		t->room[0][i] = any || (s->attr & 0xa) != 8 ? all : 0;
		t->room[1][i] = any || (s->attr & 0xa) == 2 ? all : 0;
	}
}

/* ---- rings ---- */

/* TR_RINGS: none. */
static unsigned ring_now(const struct cpu *c)
{
	if (c->mode != MODE_64 || c->cpl % 3)
		return TR_RINGS;
	if (c->cpl)
		return c->flags & FL_AC ? TR_RINGS : RING_USER;
	return c->flags & FL_AC ? RING_KERNEL_AC : RING_KERNEL;
}

bool keys_known(const struct cpu *c, unsigned ring)
{
	const struct tr_cpu *t = tr_cpu(c);
	const struct tr_state *s = &t->state;

	return ring < TR_RINGS && t->rings[ring] && s->mode == MODE_64 && s->cr0 == c->cr0 &&
	       s->cr4 == c->cr4 && s->xcr0 == c->xcr0 && s->ignne == c->ignne;
}

/* False: it is not known. */
static bool take_ring(struct cpu *c, unsigned ring)
{
	struct tr_cpu *t = tr_cpu(c);
	struct tr_state *s = &t->state;

	if (!keys_known(c, ring))
		return false;
	s->cpl = c->cpl;
	s->flags = c->flags & FL_AC;
	c->tr_key = t->rings[ring]; /* tr_seg is 0, as it was */
	return true;
}

bool keys_set(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);
	unsigned ring = ring_now(c);
	bool same;

	if (c->flags & FL_DF)
		return false;
	if (take_ring(c, ring))
		return true;
	same = same_state(c);
	if (!same)
		new_key(c);
	set_code_seg(c, !same); /* without a key, too: take_ring relies on it */
	if (!c->tr_key)
		return false;
	if (c->mode != MODE_64)
		set_rooms(c);
	if (ring < TR_RINGS)
		t->rings[ring] = c->tr_key;
	return true;
}
