/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/run.c: into translated code, and what it asks of C on
 * its ways out (enum tr_out).
 *
 * Tests: tests/x86/translate.c; all of tests/x86 for both tiers
 */
#include "hypervisor/x86/blocks.h"
#include "hypervisor/x86/exec.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/trace.h"
#include "hypervisor/x86/translate/cache.h"
#include "hypervisor/x86/translate/translate.h"

/* ---- finding ---- */

static void note_large(struct tr_cpu *t, uint64_t lin, unsigned shift)
{
	if (shift > 12)
		t->big[lin >> 21 & (TR_BIG - 1)] = true;
	t->giant |= shift > 22;
}

/* The page at lin is where the vCPU's tables say, which its TLB has just seen. */
static void page_holds(struct cpu *c, uint64_t lin, uint16_t slot, uint32_t id)
{
	const struct tlb_entry *e = &c->tlb->e[set_fetch(c)][lin / PAGE % TLB_SIZE];
	struct tr_cpu *t = tr_cpu(c);

	if (t->pages[slot] == id)
		return;
	t->pages[slot] = id;
	note_large(t, lin, e->shift);
	if ((e->tag[ACCESS_FETCH] & ~PAGE_MASK) == CTX_GLOBAL)
		return;
	if (t->n_pages < ARRAY_SIZE(t->pages_touched))
		t->pages_touched[t->n_pages] = slot;
	t->n_pages++;
}

static bool is_hot(struct cpu *c, uint64_t gpa, const uint8_t *host, unsigned avail)
{
	struct block *b;

	if (!c->tier_after)
		return true;
	b = blocks_get(c, gpa, host, avail);
	return b && b->visits++ >= c->tier_after;
}

/* With the lock, and HV_PAGE_CODE set: somebody may have cleared it since. */
static void lock_guarded(struct cpu *c, uint64_t gfn)
{
	struct tr *tr = tr_cpu(c)->tr;
	uint8_t f;

	for (;;) {
		blocks_guard(c, gfn);
		pthread_mutex_lock(&tr->lock);
		f = __atomic_load_n(&c->tlb->flags[gfn], __ATOMIC_SEQ_CST);
		if ((f & (HV_PAGE_CODE | HV_PAGE_OPEN)) == HV_PAGE_CODE)
			return;
		pthread_mutex_unlock(&tr->lock);
	}
}

static struct tr_block *make(struct cpu *c, const struct block_from *f)
{
	struct tr *tr = tr_cpu(c)->tr;
	bool alone = c->alone, full = false;
	struct tr_block *b;
	uint64_t evictions;

	if (f->gpa / PAGE >= c->tlb->n_flags)
		return NULL;
	lock_guarded(c, f->gpa / PAGE);
	b = block_make(c, f, &full);
	evictions = tr->evictions;
	pthread_mutex_unlock(&tr->lock);
	if (b || !full)
		return b;
	smp_begin_alone(c);
	lock_guarded(c, f->gpa / PAGE);
	if (evictions == tr->evictions) /* else another vCPU found it full, too, and was first */
		cache_next_region(tr);
	b = block_make(c, f, &full);
	pthread_mutex_unlock(&tr->lock);
	if (!alone)
		smp_end_alone(c);
	return b;
}

static void sync_memory(struct cpu *c)
{
	struct tr *tr = tr_cpu(c)->tr;

	if (tr->mem_gen == c->mem_gen)
		return;
	cache_flush(tr);
	tr->mem_gen = c->mem_gen;
}

static bool at_page_end(const struct cpu *c)
{
	return tr_code_lin(c) % PAGE > PAGE - INSN_MAX;
}

static struct tr_block *make_hot(struct cpu *c, struct block_from *f)
{
	if (at_page_end(c))
		over_look(c, f);
	else if (!f->plain && !is_hot(c, f->gpa, f->bytes, f->avail))
		return NULL;
	return make(c, f);
}

/* The block at rIP; NULL: none, or not yet. Raises what fetching does. */
static struct tr_block *find_kind(struct cpu *c, bool plain)
{
	struct tr_cpu *t = tr_cpu(c);
	struct block_from f = {.plain = plain};
	struct tr_block *b;

	f.gpa = mem_code(c, c->rip, &f.bytes, &f.avail);
	if (!f.bytes)
		return NULL;
	pthread_mutex_lock(&t->tr->lock);
	sync_memory(c);
	b = cache_find(t->tr, c, f.gpa, plain);
	pthread_mutex_unlock(&t->tr->lock);
	if (!b)
		b = make_hot(c, &f);
	if (!b || b->bytes > f.avail)
		return NULL;
	page_holds(c, b->lin, b->page_slot, b->page_id);
	return b;
}

static struct tr_block *find(struct cpu *c)
{
	return find_kind(c, false);
}

/* ---- memory ---- */

static uint64_t no_tag(uint64_t lin)
{
	return (lin ^ PAGE) & PAGE_MASK;
}

static void touch(struct tr_cpu *t, unsigned set, unsigned i)
{
	if (t->n_touched < ARRAY_SIZE(t->touched))
		t->touched[t->n_touched] = set << 16 | i;
	t->n_touched++;
}

/* May translated code store there without a look at the flag? */
static bool may_store(const struct tlb_entry *e, uint64_t lin, uint16_t ctx)
{
	uint64_t tag = e->tag[ACCESS_WRITE], page = lin & PAGE_MASK;
	uint8_t f;

	if ((tag != (page | ctx) && tag != (page | CTX_GLOBAL)) || !e->write || e->write != e->read)
		return false;
	/* LOG: a display's, memmap.c. */
	if (__atomic_load_n(e->flag, __ATOMIC_RELAXED) & (HV_PAGE_CODE | HV_PAGE_LOG))
		return false;
	f = __atomic_fetch_or(e->flag, HV_PAGE_OPEN, __ATOMIC_SEQ_CST);
	return !(f & (HV_PAGE_CODE | HV_PAGE_LOG));
}

/* False: it is not RAM that translated code may touch, or the guest's fault. */
static bool fill(struct cpu *c, uint64_t lin, enum mem_access access, unsigned set)
{
	struct tr_cpu *t = tr_cpu(c);
	unsigned i = lin / PAGE % TR_TLB;
	struct tr_tlb *to = &t->tlb[set][i];
	uint64_t page = lin & PAGE_MASK;
	const struct tlb_entry *e;
	uint32_t error;
	bool store;

	if (c->mode == MODE_64 && !lin_canonical(lin))
		return false;
	e = mmu_try(c, lin, access, set, &error);
	if (!e || !e->read)
		return false;
	store = may_store(e, lin, c->tlb->ctx);
	if (access == ACCESS_WRITE && !store)
		return false;
	to->tag[0] = e->tag[ACCESS_READ] == TAG_NONE ? no_tag(lin) : page;
	to->tag[1] = store ? page : no_tag(lin);
	to->host = e->read;
	to->addend = (uint64_t)(uintptr_t)e->read - page;
	t->flag[set][i] = e->flag;
	if ((e->tag[access] & ~PAGE_MASK) != CTX_GLOBAL)
		touch(t, set, i);
	note_large(t, lin, e->shift);
	return true;
}

static void drop(struct tr_cpu *t, unsigned set, unsigned i)
{
	t->tlb[set][i].tag[0] = t->tlb[set][i].tag[1] = (uint64_t)(i ^ 1) * PAGE;
}

/* Of what is relied upon without another look. */
static void lose(struct cpu *c)
{
	tr_cpu(c)->lost++;
	stack_page_forget(c);
}

void tr_flush(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);

	if (!t->tr)
		return;
	lose(c);
	for (unsigned set = 0; set < TLB_SETS; set++)
		for (unsigned i = 0; i < TR_TLB; i++)
			drop(t, set, i);
	memset(t->pages, 0, sizeof(t->pages));
	memset(t->big, 0, sizeof(t->big));
	t->giant = false;
	t->n_touched = t->n_pages = 0;
}

void tr_new_context(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);

	if (!t->tr)
		return;
	if (t->n_touched > ARRAY_SIZE(t->touched) || t->n_pages > ARRAY_SIZE(t->pages_touched)) {
		tr_flush(c);
		return;
	}
	lose(c);
	for (unsigned i = 0; i < t->n_touched; i++)
		drop(t, t->touched[i] >> 16, t->touched[i] & 0xffff);
	for (unsigned i = 0; i < t->n_pages; i++)
		t->pages[t->pages_touched[i]] = 0;
	t->n_touched = t->n_pages = 0;
}

static void drop_lin(struct tr_cpu *t, uint64_t lin)
{
	unsigned i = lin / PAGE % TR_TLB;

	for (unsigned set = 0; set < TLB_SETS; set++)
		drop(t, set, i);
	for (unsigned key = 0; key < t->tr->n_keys; key++)
		t->pages[tr_page_slot(lin, key)] = 0;
}

void tr_drop_page(struct cpu *c, uint64_t lin)
{
	struct tr_cpu *t = tr_cpu(c);

	if (!t->tr)
		return;
	if (t->giant) {
		tr_flush(c);
		return;
	}
	lose(c);
	if (t->big[lin >> 21 & (TR_BIG - 1)]) { /* 4 MiB at most: two of 2 MiB */
		for (uint64_t at = 0; at < 4 << 20; at += PAGE)
			drop_lin(t, (lin & ~0x3fffffull) + at);
	} else {
		drop_lin(t, lin);
	}
}

/* ---- code ---- */

static void close_page(struct cpu *c, const uint8_t *flag)
{
	struct tr_cpu *t = tr_cpu(c);

	lose(c);
	for (unsigned set = 0; set < TLB_SETS; set++)
		for (unsigned i = 0; i < TR_TLB; i++)
			if (t->flag[set][i] == flag)
				t->tlb[set][i].tag[1] = (uint64_t)(i ^ 1) * PAGE;
}

void tr_guard(struct cpu *c, uint64_t gfn)
{
	struct tr *tr = tr_cpu(c)->tr;
	bool alone = c->alone;
	uint8_t *flag;

	if (!tr || gfn >= c->tlb->n_flags)
		return;
	flag = &c->tlb->flags[gfn];
	smp_begin_alone(c);
	for (unsigned i = 0; i < tr->n_cpus; i++)
		close_page(tr->cpus[i], flag);
	/* Not before: whoever finds it clear relies on that. */
	__atomic_fetch_and(flag, (uint8_t)~HV_PAGE_OPEN, __ATOMIC_SEQ_CST);
	if (!alone)
		smp_end_alone(c);
}

/* Under the lock: who makes a block looks at the flag there once more. */
void tr_open_page(struct cpu *c, uint64_t gfn)
{
	struct tr *tr = tr_cpu(c)->tr;

	if (tr)
		pthread_mutex_lock(&tr->lock);
	if (!tr || !cache_has(tr, gfn * PAGE))
		__atomic_fetch_and(&c->tlb->flags[gfn], (uint8_t)~HV_PAGE_CODE, __ATOMIC_SEQ_CST);
	if (tr)
		pthread_mutex_unlock(&tr->lock);
}

bool tr_written(struct cpu *c, uint64_t gpa, uint64_t len)
{
	struct tr *tr = tr_cpu(c)->tr;
	uint64_t killed;
	bool left;

	if (!tr)
		return false;
	pthread_mutex_lock(&tr->lock);
	killed = tr->killed;
	left = cache_written(tr, gpa, len);
	c->break_block |= killed != tr->killed;
	pthread_mutex_unlock(&tr->lock);
	return left;
}

void tr_forget(struct cpu *c)
{
	struct tr *tr = tr_cpu(c)->tr;

	if (!tr)
		return;
	pthread_mutex_lock(&tr->lock);
	cache_flush(tr);
	pthread_mutex_unlock(&tr->lock);
}

void tr_device_wrote(struct cpu *any, uint64_t gpa, uint64_t len)
{
	struct tr *tr = tr_cpu(any)->tr;

	if (!tr || !len)
		return;
	pthread_mutex_lock(&tr->lock);
	cache_written(tr, gpa, len);
	pthread_mutex_unlock(&tr->lock);
}

/* ---- ways out ---- */

/* units: what of the guest's must be in the host's there. A block's beginning asks for nothing. */
static const uint8_t *go_on(struct cpu *c, const uint8_t *at, unsigned units)
{
	tr_cpu(c)->fpu_was &= units;
	tr_set_flags(c);
	return at;
}

static bool wanted(const struct cpu *c)
{
	return __atomic_load_n(&c->attention, __ATOMIC_RELAXED) ||
	       (c->flags & FL_IF && __atomic_load_n(c->intr, __ATOMIC_RELAXED));
}

/* Is there nothing to see between two instructions that the run loop would? */
static bool quiet(const struct cpu *c)
{
	return !wanted(c) && !c->trying && !c->n_out && !c->dr6_pending && !c->debug_hit &&
	       !c->halted && !c->shutdown && !c->wait_sipi && !c->shadow_sti && !c->shadow_ss &&
	       !c->debug && !c->nmi_pending && !(c->flags & (FL_TF | FL_VIP)) && !dbg_code_on(c);
}

/* One instruction by its handler; a fault leaves it. */
static void interpret(struct cpu *c, const struct insn *in)
{
	uint64_t behind = c->rip + in->len;

	c->next_rip = c->mode == MODE_64 ? behind : (uint32_t)behind;
	c->break_block = false;
	if (in->op->flags & (F_FPU | F_MMX) || in->op->map == MAP_0F)
		tr_fpu_pointers(c); /* FXSAVE and its like are there */
	cpu_check_rights(c, in->op);
	in->op->run(c, in);
	c->rip = c->next_rip;
	c->insn_count++;
}

/* ---- instructions over a page's end: if they are in no block ---- */

/* False: the one at rIP is no such. */
static bool cross(struct cpu *c)
{
	uint8_t bytes[INSN_MAX];
	const struct insn *in = decoded(c, bytes, mem_fetch(c, c->rip, bytes));

	if (!in || tr_code_lin(c) % PAGE + in->len <= PAGE || !cpu_has_insn(c, in))
		return false;
	interpret(c, in);
	return true;
}

static unsigned jump_slot(uint64_t rip)
{
	return (unsigned)rip % TR_JUMPS;
}

/* Behind an instruction of any kind. */
static bool goes_on(struct cpu *c)
{
	if (!quiet(c))
		return false;
	c->flags &= ~(uint64_t)FL_RF; /* there is no breakpoint */
	mmu_sync(c);
	return keys_set(c);
}

/* Found, and put into the table of jumps. NULL: there is none. */
static const uint8_t *enter_anew(struct cpu *c)
{
	const struct tr_block *b = find(c);

	if (!b)
		return NULL;
	tr_cpu(c)->jumps[jump_slot(c->rip)] =
		(struct tr_jump){tr_tag(c, c->rip), tr_entry(b, ENTRY_PAGE)};
	return go_on(c, tr_entry(b, ENTRY_BODY), 0);
}

/* The block at rIP by the table, which says whether its page still holds, or else so. */
static const uint8_t *look_up(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);
	const uint8_t *at;

	for (unsigned n = 0; n < TR_CROSSING; n++) {
		const struct tr_jump *j = &t->jumps[jump_slot(c->rip)];

		if (j->rip == tr_tag(c, c->rip))
			return go_on(c, j->host, 0);
		at = enter_anew(c);
		if (at || !at_page_end(c) || !cross(c) || !goes_on(c))
			return at;
	}
	return NULL;
}

/* At rIP, wherever that is now. NULL: leave. */
static const uint8_t *next(struct cpu *c)
{
	return goes_on(c) ? look_up(c) : NULL;
}

static void at_insn(struct cpu *c, const struct tr_block *b, int off)
{
	uint64_t rip = b->rip + (uint64_t)off;

	c->rip = c->mode == MODE_64 ? rip : (uint32_t)rip;
}

/* STI's shadow lasts for one instruction: that follows without a look round. */
static bool shadow_kept(struct cpu *c, const struct tr_site *s)
{
	if (!c->shadow_sti)
		return true;
	if (s->last || wanted(c))
		return false;
	c->shadow_sti = false;
	return true;
}

/* The block's own key, after a segment register was loaded. */
static bool key_kept(struct cpu *c, const struct tr_block *b)
{
	return keys_set(c) && tr_key_index(c) == b->key;
}

/* It may wait, for a device or to be alone. Others may have used the block's memory anew then: in
 * is not there. */
static const uint8_t *by_interpreter(struct cpu *c, const struct tr_site *s, const struct insn *in)
{
	uint64_t behind = s->b->rip + (uint64_t)s->off + in->len;
	const uint64_t *now = &tr_cpu(c)->tr->evictions, evictions = *now;
	uint64_t lost = tr_cpu(c)->lost;

	at_insn(c, s->b, s->off);
	interpret(c, in);
	if (c->mode != MODE_64)
		behind = (uint32_t)behind;
	if (evictions != *now || (s->spans && lost != tr_cpu(c)->lost) || c->rip != behind ||
	    c->break_block || s->b->dead || block_ends(in) || !shadow_kept(c, s) || wanted(c) ||
	    (segment_loads(in) && !key_kept(c, s->b)))
		return next(c);
	return go_on(c, s->resume, s->units);
}

static const uint8_t *slow_access(struct cpu *c, const struct tr_site *s)
{
	enum mem_access access = s->out == OUT_WRITE ? ACCESS_WRITE : ACCESS_READ;
	struct tr_cpu *t = tr_cpu(c);
	uint64_t evictions = t->tr->evictions, lost = t->lost;
	const struct insn *in;
	bool filled;

	c->stats.tlb_misses++;
	at_insn(c, s->b, s->off);
	if (s->b->dead)
		return NULL;
	filled = s->out != OUT_WHOLE && t->t1 % PAGE + s->size <= PAGE &&
		 fill(c, t->t1, access, t->tr->keys[s->b->key].set);
	if (evictions != t->tr->evictions || (s->spans && lost != t->lost))
		return next(c); /* it waited for the memory map */
	if (filled)
		return go_on(c, s->retry, s->units);
	c->stats.slow_accesses++;
	in = decoded(c, s->b->host + s->off, s->len);
	return in ? by_interpreter(c, s, in) : NULL;
}

/* The span's page is there now. A write's is not asked for: it may never be made. */
static bool span_filled(struct cpu *c, const struct tr_link *l)
{
	struct tr_cpu *t = tr_cpu(c);
	unsigned set = t->tr->keys[l->site.b->key].set;
	uint64_t lin = t->t1;

	return lin % PAGE + l->site.size <= PAGE && fill(c, lin, ACCESS_READ, set) &&
	       t->tlb[set][lin / PAGE % TR_TLB].tag[l->write] == (lin & PAGE_MASK);
}

static const uint8_t *follow(struct cpu *c, struct tr_link *l)
{
	struct tr *tr = tr_cpu(c)->tr;
	uint64_t evictions = tr->evictions, lost = tr_cpu(c)->lost;
	struct tr_block *b;

	c->rip = l->to_rip;
	if (c->trying && (!l->plain || !l->first)) /* one block's, no page of what is not run */
		return NULL;
	if (l->plain && !l->site.b->dead) {
		bool filled = span_filled(c, l);

		if (evictions != tr->evictions || lost != tr_cpu(c)->lost)
			return next(c);
		if (filled)
			return wanted(c) ? NULL : go_on(c, l->site.retry, l->site.units);
	} else if (wanted(c) || c->trying) {
		return NULL;
	}
	b = find_kind(c, l->plain);
	if (!b)
		return at_page_end(c) && cross(c) ? next(c) : NULL;
	pthread_mutex_lock(&tr->lock);
	if (evictions == tr->evictions)
		cache_link(tr, l, b);
	pthread_mutex_unlock(&tr->lock);
	return go_on(c, tr_entry(b, ENTRY_BODY), 0);
}

/* Before an instruction over a page's end. */
static const uint8_t *over(struct cpu *c, const struct tr_site *s)
{
	struct tr *tr = tr_cpu(c)->tr;
	const struct tr_block *b = s->b;
	uint64_t evictions = tr->evictions;
	bool holds;

	at_insn(c, b, 0);
	if (b->dead || wanted(c))
		return NULL;
	holds = over_holds(c, b);
	if (evictions != tr->evictions)
		return NULL;
	if (holds) {
		page_holds(c, b->over->lin, b->over->page_slot, b->over->page_id);
		return go_on(c, s->retry, 0);
	}
	pthread_mutex_lock(&tr->lock);
	cache_written(tr, b->gpa, 1);
	pthread_mutex_unlock(&tr->lock);
	return cross(c) ? next(c) : NULL;
}

/* Where to, by ends_missed. */
static uint64_t missed(const struct cpu *c)
{
	return tr_cpu(c)->t1 ^ (uint64_t)c->tr_seg << TR_SEG_AT;
}

static const uint8_t *jump(struct cpu *c, const struct tr_site *s)
{
	struct tr_cpu *t = tr_cpu(c);
	uint64_t rip = missed(c);
	const struct insn *in;

	if (!s->whole && (c->mode == MODE_64 ? lin_canonical(rip) : rip <= t->cs.limit)) {
		c->r[R_SP] = reg_join(c->r[R_SP], c->r[R_SP] + (uint64_t)s->sp, insn_stack_size(c));
		c->rip = rip;
		return wanted(c) || c->trying ? NULL : look_up(c);
	}
	at_insn(c, s->b, s->off);
	if (s->b->dead)
		return NULL;
	in = decoded(c, s->b->host + s->off, s->len);
	if (!in)
		return NULL;
	interpret(c, in);
	return next(c);
}

/* The host's instruction faulted: the guest's, by the interpreter, says how. */
static const uint8_t *faulted(struct cpu *c)
{
	struct tr_cpu *t = tr_cpu(c);
	const struct tr_place *p;
	const struct tr_block *b;
	struct insn in;

	pthread_mutex_lock(&t->tr->lock);
	b = cache_at(t->tr, (const uint8_t *)(uintptr_t)t->fault_at);
	pthread_mutex_unlock(&t->tr->lock);
	p = pointers_place(b, (const uint8_t *)(uintptr_t)t->fault_at);
	if (p->flags_at == FLAGS_HOST)
		c->flags = (c->flags & ~(uint64_t)FL_STATUS) | tr_slot_flags(t->host_flags);
	at_insn(c, b, p->off);
	if (insn_decode(&in, b->host + p->off, INSN_MAX, c->mode) == DECODE_OK)
		interpret(c, &in);
	return NULL;
}

const uint8_t *out_call(struct cpu *c, const struct tr_site *s)
{
	struct tr_cpu *t = tr_cpu(c);
	uint64_t flags = s->flags_at == FLAGS_HOST ? t->host_flags : t->slot_flags;
	struct insn in;

	c->flags = (c->flags & ~(uint64_t)FL_STATUS) | tr_slot_flags(flags);
	c->fast.status = c->flags;
	if (t->fpu_was & TR_X87)
		pointers_saved(c);
	switch (s->out) {
	case OUT_READ:
	case OUT_WRITE:
	case OUT_WHOLE:
		return slow_access(c, s);
	case OUT_INTERP:
		c->stats.exits_interp++;
		in = *s->in;
		return by_interpreter(c, s, &in);
	case OUT_OVER:
		c->stats.exits_page++;
		return over(c, s);
	case OUT_LINK:
		c->stats.exits_link++;
		return follow(c, (struct tr_link *)(uintptr_t)s);
	case OUT_JUMP:
		c->stats.exits_jump++;
		return jump(c, s);
	case OUT_BRANCH:
		c->stats.exits_jump++;
		c->rip = missed(c);
		return wanted(c) || c->trying ? NULL : look_up(c);
	case OUT_FAULT:
		c->stats.exits_fault++;
		return faulted(c);
	case OUT_POLL:
		c->stats.exits_poll++;
		at_insn(c, s->b, 0);
		return NULL;
	default:
		c->stats.exits_page++;
		at_insn(c, s->b, 0);
		return wanted(c) ? NULL : enter_anew(c);
	}
}

bool tr_run(struct cpu *c, uint64_t most)
{
	const struct tr_block *b;

	if (!tr_cpu(c)->tr || most < TR_MOST || c->debug || trace_wants(TRACE_IN_ASM) ||
	    trace_wants(TRACE_CPU) || !keys_set(c) || !signals_ready())
		return false;
	b = find(c);
	if (!b)
		return false;
	c->stats.entries++;
	stubs_enter(c, tr_entry(b, ENTRY_BODY));
	tr_fpu_pointers(c);
	c->fast.status = c->flags;
	return true;
}

void tr_stats(const struct cpu *any, struct engine_stats *s)
{
	struct tr *tr = tr_cpu(any)->tr;

	if (!tr)
		return;
	pthread_mutex_lock(&tr->lock);
	s->translations += tr->translated;
	s->blocks += tr->n_blocks;
	s->evictions += tr->evictions;
	s->flushes += tr->flushes;
	s->smc += tr->killed;
	for (unsigned i = 0; i < TR_REGIONS; i++)
		s->code_bytes += tr->regions[i].used + tr->regions[i].away_used;
	pthread_mutex_unlock(&tr->lock);
}
