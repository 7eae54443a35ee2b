/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/interp.c: the run loop. Between blocks it looks for stops, NMI
 * and interrupts; a block runs from instruction to instruction without looking,
 * unless there is something to see after each: single step, breakpoints, the
 * shadow of STI and MOV SS.
 *
 * Spec: Intel SDM volume 3, 6.8 (shadows), 6.9 (priorities), 17.3 (debug), 20.3-20.4 (VIP).
 * State: a vCPU in the caller's thread; what others want of it (ATT_*) is looked at between blocks.
 * Missing: SMI.
 * Tests: tests/x86/interp.c
 */
#include "hypervisor/domain.h"
#include "hypervisor/x86/blocks.h"
#include "hypervisor/x86/fast.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/sys.h"
#include "hypervisor/x86/trace.h"
#include "hypervisor/x86/verify.h"

#define GO     (-1)
#define CHAINS 1024 /* between two looks at the memory map and the like */

static inline void run_insn(struct cpu *c, const struct insn *in)
{
	const struct opcode *op = in->op;
	uint64_t next = c->rip + in->len;

	c->next_rip = c->mode == MODE_64 ? next : (uint32_t)next;
	cpu_check_rights(c, op);
	op->run(c, in);
	c->rip = c->next_rip;
	c->insn_count++;
}

static void run_block(struct cpu *c, const struct block *b, uint64_t most)
{
	const struct insn *in = b->insn, *end = in + (b->n < most ? b->n : most);

	c->break_block = false;
	while (in < end && !c->break_block)
		run_insn(c, in++);
}

/* What is not in a block: it crosses a page, does not decode, or is not RAM. */
static void run_uncached(struct cpu *c)
{
	uint8_t bytes[INSN_MAX];
	unsigned len = mem_fetch(c, c->rip, bytes), avail;
	const uint8_t *host;
	struct insn in;

	switch (insn_decode(&in, bytes, len, c->mode)) {
	case DECODE_OK:
		if (!cpu_has_insn(c, &in))
			cpu_raise(c, EXC_UD);
		if (trace_wants(TRACE_IN_ASM))
			trace_block(c, &in, 1);
		run_insn(c, &in);
		break;
	case DECODE_MORE: /* the rest faults */
		mem_code(c, c->rip + len, &host, &avail);
		cpu_raise_error(c, EXC_GP, 0);
	case DECODE_LONG:
		cpu_raise_error(c, EXC_GP, 0);
	case DECODE_UD:
		cpu_raise(c, EXC_UD);
	}
}

static void run_some(struct cpu *c, uint64_t most)
{
	const uint8_t *host;
	unsigned avail;
	uint64_t gpa = mem_code(c, c->rip, &host, &avail);
	const struct block *b = host ? blocks_get(c, gpa, host, avail) : NULL;

	if (trace_wants(TRACE_CPU))
		trace_cpu(c);
	if (b)
		run_block(c, b, most);
	else
		run_uncached(c);
}

/* Is what is at rIP now behind the block's nth instruction, or still that one (REP), or where a
 * branch leads whose target is in it? */
static bool straight_on(const struct cpu *c, const struct block *b, uint64_t start, uint64_t n)
{
	const struct insn *last = &b->insn[n - 1];
	uint64_t behind = start;

	for (uint64_t i = 0; i < n; i++)
		behind += b->insn[i].len;
	return c->rip == behind || c->rip == behind - last->len || last->op->flags & F_BR;
}

static void end_shadows(struct cpu *c)
{
	c->shadow_sti = c->shadow_ss = false;
}

/* What the last instruction left for one more. */
static void between(struct cpu *c)
{
	end_shadows(c);
	c->flags &= ~(uint64_t)FL_RF; /* of a REP that has not ended */
}

void cpu_run_straight(struct cpu *c, unsigned most)
{
	uint64_t base = c->mode == MODE_64 ? 0 : c->seg[SEG_CS].base, before, rip;
	uint64_t end = c->insn_count + most, page = (base + c->rip) / PAGE;
	const struct block *b;
	const uint8_t *host;
	const uint64_t first = c->rip;
	unsigned avail;
	bool on = true;

	while (on && c->insn_count < end && (base + c->rip) / PAGE == page) {
		uint64_t gpa = mem_code(c, c->rip, &host, &avail);

		b = host ? blocks_get(c, gpa, host, avail) : NULL;
		before = c->insn_count;
		rip = c->rip;
		between(c);
		if (b)
			run_block(c, b, end - c->insn_count);
		else
			run_uncached(c);
		on = b && !c->halted &&
		     (c->rip == first || straight_on(c, b, rip, c->insn_count - before));
	}
}

void cpu_run_plain(struct cpu *c, unsigned n)
{
	uint64_t end = c->insn_count + n;

	while (c->insn_count < end) {
		between(c);
		run_some(c, end - c->insn_count);
	}
}

/* A virtual interrupt that waits (SDM 20.3.2): #GP(0) as soon as the task would take it. */
static void check_vip(struct cpu *c)
{
	bool virtual = cpu_is_vm86(c) ? c->cr4 & CR4_VME : c->cr4 & CR4_PVI && cpu_is_prot(c);

	if (c->flags & FL_VIP && c->flags & FL_VIF && virtual && c->cpl == 3)
		cpu_raise_error(c, EXC_GP, 0);
}

/* One instruction with all that can happen around it. */
static void run_one(struct cpu *c)
{
	uint64_t start = c->rip, tf = c->flags & FL_TF;

	if (dbg_code_on(c))
		dbg_code(c, c->mode == MODE_64 ? start : (uint32_t)(c->seg[SEG_CS].base + start));
	check_vip(c);
	c->flags &= ~(uint64_t)FL_RF;
	c->tf_seen = false;
	run_some(c, 1);
	if (tf && !c->tf_seen)
		c->dr6_pending |= DR6_BS;
}

static bool wants_care(const struct cpu *c)
{
	return c->flags & (FL_TF | FL_VIP) || dbg_code_on(c) || (c->debug && dbg_break_near(c));
}

/* NMI, then INTR; both wake a halted vCPU. */
static void take_interrupt(struct cpu *c)
{
	unsigned vector;
	bool taken;

	if (c->nmi_pending && !c->nmi_blocked) {
		c->nmi_pending = false;
		c->halted = false;
		cpu_nmi(c);
	} else if (c->flags & FL_IF && __atomic_load_n(c->intr, __ATOMIC_ACQUIRE)) {
		smp_lock_domain(c);
		taken = domain_vcpu_intr(c->dom, c->id); /* still, now that nobody else looks */
		vector = taken ? domain_vcpu_inta(c->dom, c->id) : 0;
		smp_unlock_domain(c);
		if (!taken)
			return;
		c->halted = false;
		cpu_interrupt(c, vector);
	}
}

/* SDM volume 3, 9.4.3: INIT, then a start-up message says where. The first one starts by itself. */
static void take_start(struct cpu *c, uint32_t what)
{
	if (what & ATT_INIT) {
		cpu_reset(c, true);
		c->wait_sipi = c->id;
	}
	if (what & ATT_SIPI && c->wait_sipi) {
		c->wait_sipi = false;
		seg_set_real(&c->seg[SEG_CS], (uint16_t)(c->sipi_vector << 8));
		c->rip = 0;
		cpu_set_cs_mode(c);
	}
}

/* True: to leave the loop. */
static bool take_attention(struct cpu *c)
{
	uint32_t what = __atomic_exchange_n(&c->attention, 0, __ATOMIC_SEQ_CST);

	if (what & (ATT_INIT | ATT_SIPI))
		take_start(c, what);
	c->nmi_pending |= what & ATT_NMI && !c->wait_sipi;
	if (what & ATT_STALE)
		blocks_flush(c);
	if (what & ATT_POSTS)
		smp_take_written(c);
	if (what & ATT_YIELD)
		smp_yield(c);
	return what & ATT_EXIT;
}

/* Debug traps of the last instruction, unless it was one that holds them back (MOV SS). */
static void take_trap(struct cpu *c)
{
	uint32_t dr6 = c->dr6_pending;

	if (!dr6 || c->shadow_ss)
		return;
	c->dr6_pending = 0;
	cpu_debug_trap(c, dr6);
}

/* Between two instructions. GO, or why to stop; *one: one instruction at a time. */
static int boundary(struct cpu *c, uint64_t end, bool *one)
{
	if (c->n_out)
		smp_tell_written(c);
	take_trap(c);
	if (c->debug_hit)
		return STOP_BREAK;
	if (__atomic_load_n(&c->attention, __ATOMIC_RELAXED) && take_attention(c))
		return STOP_REQUEST;
	if (c->insn_count >= end)
		return STOP_COUNT;
	*one = c->shadow_sti || c->shadow_ss;
	end_shadows(c);
	if (!*one)
		take_interrupt(c);
	if (c->shutdown)
		return STOP_TRIPLE;
	if (c->halted || c->wait_sipi)
		return STOP_HALT;
	mmu_sync(c);
	if (c->debug && dbg_break(c))
		return STOP_BREAK;
	*one |= wants_care(c);
	if (!*one)
		c->flags &= ~(uint64_t)FL_RF; /* there are no breakpoints that it would hold back */
	return GO;
}

/* The block that starts at rIP, or NULL. */
static struct block *find(struct cpu *c)
{
	struct block *b = blocks_jump(c, c->rip);
	const uint8_t *host;
	unsigned avail;
	uint64_t gpa;

	if (b)
		return b;
	fast_merge(c); /* it may fault */
	gpa = mem_code(c, c->rip, &host, &avail);
	b = host ? blocks_get(c, gpa, host, avail) : NULL;
	if (b)
		blocks_jump_set(c, c->rip, b);
	return b;
}

static bool wanted(const struct cpu *c)
{
	return __atomic_load_n(&c->attention, __ATOMIC_RELAXED) ||
	       (c->flags & FL_IF && __atomic_load_n(c->intr, __ATOMIC_RELAXED));
}

/* The block's chain. True: to go on with what is at rIP then. */
static bool run_chain(struct cpu *c, struct block *b)
{
	bool again;

	c->r[FAST_START] = c->rip;
	c->break_block = false;
	again = b->chain->run(c, b->chain);
	b->ran++;
	b->went += c->rip != c->r[FAST_START] + b->bytes;
	c->insn_count += c->fast.last->n;
	c->fast.last = NULL;
	return again;
}

static bool may_chain(const struct cpu *c, const struct block *b, uint64_t end)
{
	return b && !(b->wants & ~c->fast.open) && end - c->insn_count >= b->n;
}

/* ---- chains beside the plain handlers ---- */

struct verified {
	uint64_t end;
	bool again;
};

/* The block may have been made anew: it was run once already, and undone. */
static void verified_chain(struct cpu *c, void *arg)
{
	struct verified *v = arg;
	struct block *b = find(c);

	if (!may_chain(c, b, v->end))
		return;
	v->again = run_chain(c, b);
	fast_merge(c);
}

static const struct verify_tier chains = {.name = "chains", .run = verified_chain};

/* False: none of it ran, the plain handlers are to. */
static bool verify_chain(struct cpu *c, const struct block *b, uint64_t end, bool *again)
{
	struct verified v = {end, false};
	bool ran;

	fast_merge(c);
	ran = verify_block(c, &chains, &v, b->n);
	c->fast.status = c->flags;
	*again = v.again;
	return ran;
}

/* From block to block by ordinary branches, until there is something to look at. True: none ran. */
static bool run_chains(struct cpu *c, uint64_t end)
{
	struct block *b;
	bool again = fast_enter(c), none = true;

	for (unsigned n = 0; again && n < CHAINS; n++) {
		if (c->debug && dbg_break_near(c))
			break;
		b = find(c);
		if (!may_chain(c, b, end) || (!none && c->tier && b->visits++ >= c->tier_after))
			break;
		none = c->verify && !verify_chain(c, b, end, &again);
		if (none)
			return true;
		if (!c->verify)
			again = run_chain(c, b);
		if (wanted(c))
			break;
	}
	if (!none)
		fast_merge(c);
	return none;
}

/* ---- translated code */

static void verified_translation(struct cpu *c, void *arg)
{
	tr_run(c, *(const uint64_t *)arg);
}

static const struct verify_tier translated = {
	.name = "translator", .run = verified_translation, .straight = true, .uncounted = true};

/* False: there is none. */
static bool run_translated(struct cpu *c, uint64_t end)
{
	uint64_t most = end - c->insn_count;

	if (!c->verify)
		return tr_run(c, most);
	return verify_block(c, &translated, &most, most < TR_INSNS ? (unsigned)most : TR_INSNS);
}

static enum cpu_stop run_loop(struct cpu *c, uint64_t end)
{
	bool one;
	int stop;

	while ((stop = boundary(c, end, &one)) == GO) {
		if (one)
			run_one(c);
		else if ((!c->tier || !run_translated(c, end)) && run_chains(c, end))
			run_some(c, end - c->insn_count);
	}
	return stop;
}

enum cpu_stop cpu_run(struct cpu *c, uint64_t max)
{
	uint64_t end = max > ~c->insn_count ? ~0ull : c->insn_count + max;
	sigjmp_buf *outer = c->fault, frame;
	enum cpu_stop stop;
	int how;

	c->fault = &frame;
	c->debug_hit = NULL;
	smp_enter(c);
	how = sigsetjmp(frame, 0);
	if (c->fast.last) /* the instruction itself is counted below */
		c->insn_count += c->fast.last->n - 1u;
	c->fast.last = NULL;
	smp_end_alone(c); /* a fault on the way */
	tr_fpu_pointers(c);
	if (how == UNWIND_FAULT) {
		c->insn_count++; /* it took its time, and an endless fault is to be stopped too */
		cpu_deliver(c);
	}
	stop = run_loop(c, end);
	smp_leave(c);
	c->fault = outer;
	return stop;
}
