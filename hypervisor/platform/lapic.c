/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apic: the local APIC of one processor.
 *
 * Spec:    Intel SDM volume 3, chapter 10 (xAPIC, x2APIC, the timer)
 * State:   TPR/PPR, ISR/TMR/IRR, EOI, LDR/DFR, SVR, ESR, ICR, LVT; timer one-shot, periodic and
 *          TSC-deadline; LINT0 with ExtINT (virtual wire), LINT1; IA32_APIC_BASE
 * Missing: SMI; thermal and performance interrupts have no source; remote IRR of a level LINT;
 *          CMCI; EOI broadcast suppression (the version register does not offer it)
 * Tests:   tests/hw/lapic.c
 *
 * The core reaches it through region "core", and x2APIC MSRs as the register 16 times as far into
 * "mmio". What it sends is an MSI of its own kind: destination bits 31-8 in address bits 63-40,
 * ICR's shorthand and level in the data; SEND_EOI as the address is the EOI message.
 */
#include "base/dev.h"

enum { BASE_BSP = 1 << 8, BASE_EXTD = 1 << 10, BASE_EN = 1 << 11 };
#define BASE_ADDR 0xfffffff000ull
enum { SVR_VECTOR = 0xff, SVR_ENABLE = 1 << 8 };
enum { ESR_SEND_ILLEGAL = 1 << 5, ESR_RECEIVE_ILLEGAL = 1 << 6 };
enum {
	LVT_VECTOR = 0xff,
	LVT_DELMODE = 7 << 8,
	LVT_POLARITY = 1 << 13,
	LVT_TRIGGER = 1 << 15,
	LVT_MASK = 1 << 16,
	LVT_TIMER_MODE = 3 << 17,
	LVT_LINT = LVT_VECTOR | LVT_DELMODE | LVT_POLARITY | LVT_TRIGGER | LVT_MASK,
};
enum { DM_FIXED = 0, DM_LOWEST = 1, DM_NMI = 4, DM_EXTINT = 7 };
enum { ONE_SHOT, PERIODIC, TSC_DEADLINE };
enum {
	ICR_DESTMODE = 1 << 11,
	ICR_LEVEL = 1 << 14,
	ICR_TRIGGER = 1 << 15,
	ICR_RW = 0xccfff,
	ICR_SENT = 0xcc7ff,
	ICR_SHORTHAND = 3 << 18,
};
enum { MODE_EN = 1, MODE_X2 = 2, MODE_SW = 4 };
enum { PENDING_NONE, PENDING_VECTOR, PENDING_EXTINT };
enum { REGION_MMIO, REGION_CORE };
#define SEND_EOI (~0ull)
#define FAR      (1ull << 61) /* ns: nobody waits so long, and a saved state may have it */

struct lapic {
	uint64_t base;
	uint64_t tsc_offset; /* the guest's TSC is virtual ns plus this */
	uint64_t tsc_deadline;
	int64_t start; /* virtual ns at which the timer's count was the initial one */
	struct dev_timer timer;
	uint32_t isr[8], tmr[8], irr[8];
	uint32_t id, tpr, ldr, dfr, svr, esr, icr_low, icr_high;
	uint32_t lvt_timer, lvt_thermal, lvt_perf, lvt_lint0, lvt_lint1, lvt_error;
	uint32_t initial_count, divide;
	uint8_t esr_next;     /* latched by the next write of ESR */
	uint8_t extint;       /* a message of that mode waits */
	uint8_t lint0, lint1; /* levels of the inputs */
};

struct lapic_host {
	uint32_t vcpu;
};

static bool x2apic(const struct dev *d)
{
	const struct lapic *s = d->state;

	return s->base & BASE_EXTD;
}

/* ---- priorities ---- */

static bool bit_get(const uint32_t *set, unsigned n)
{
	return set[n / 32] >> n % 32 & 1;
}

static void bit_set(uint32_t *set, unsigned n, bool on)
{
	set[n / 32] = (set[n / 32] & ~(1u << n % 32)) | (uint32_t)on << n % 32;
}

/* -1 = none */
static int highest(const uint32_t *set)
{
	for (int i = 7; i >= 0; i--)
		if (set[i])
			return 32 * i + 31 - __builtin_clz(set[i]);
	return -1;
}

static unsigned ppr(const struct lapic *s)
{
	int isr = highest(s->isr);
	unsigned in_service = isr < 0 ? 0 : (unsigned)isr & 0xf0;

	return (s->tpr & 0xf0) >= in_service ? s->tpr : in_service;
}

static unsigned pending(const struct lapic *s)
{
	int irr = highest(s->irr);

	if (!(s->base & BASE_EN))
		return s->lint0 ? PENDING_EXTINT : PENDING_NONE;
	if (irr >= 0 && ((unsigned)irr & 0xf0) > (ppr(s) & 0xf0))
		return PENDING_VECTOR;
	if (s->extint)
		return PENDING_EXTINT;
	return s->lint0 && !(s->lvt_lint0 & LVT_MASK) && (s->lvt_lint0 >> 8 & 7) == DM_EXTINT
		       ? PENDING_EXTINT
		       : PENDING_NONE;
}

/* ---- the timer: nothing counts; 1 GHz before the divider ---- */

static unsigned timer_mode(const struct lapic *s)
{
	return s->lvt_timer >> 17 & 3;
}

static unsigned timer_shift(const struct lapic *s)
{
	return (((s->divide & 3) | (s->divide >> 1 & 4)) + 1) & 7;
}

static uint64_t elapsed(const struct lapic *s, int64_t now)
{
	return now > s->start ? (uint64_t)(now - s->start) >> timer_shift(s) : 0;
}

static uint32_t timer_count(const struct lapic *s, int64_t now)
{
	uint64_t gone = elapsed(s, now);

	if (!s->initial_count || timer_mode(s) >= TSC_DEADLINE)
		return 0;
	if (timer_mode(s) == PERIODIC)
		return s->initial_count - (uint32_t)(gone % s->initial_count);
	return gone >= s->initial_count ? 0 : s->initial_count - (uint32_t)gone;
}

/* The next time after now at which the count ends; -1 = never. */
static int64_t timer_next(const struct lapic *s, int64_t now)
{
	uint64_t n = 1, tsc = (uint64_t)now + s->tsc_offset, at;

	if (timer_mode(s) == TSC_DEADLINE) {
		at = (uint64_t)now + (s->tsc_deadline > tsc ? s->tsc_deadline - tsc : 0);
		return s->tsc_deadline ? (int64_t)MIN(at, FAR) : -1;
	}
	if (!s->initial_count || timer_mode(s) > TSC_DEADLINE)
		return -1;
	if (timer_mode(s) == PERIODIC)
		n += elapsed(s, now) / s->initial_count;
	if (add_overflows((uint64_t)s->start, n * s->initial_count << timer_shift(s), &at))
		at = FAR;
	at = MIN(at, FAR);
	return (int64_t)at > now ? (int64_t)at : -1;
}

/* A further interrupt could not be told from the one that waits, or nobody hears it. That bounds
 * what a period of 1 ns costs. */
static bool timer_idle(const struct lapic *s)
{
	unsigned vector = s->lvt_timer & LVT_VECTOR;

	if (timer_mode(s) == TSC_DEADLINE)
		return false;
	if (s->lvt_timer & LVT_MASK)
		return true;
	return vector < 16 ? s->esr_next & ESR_RECEIVE_ILLEGAL : bit_get(s->irr, vector);
}

/* One that is due and only waits for its turn is not put off. */
static void timer_renew_at(struct dev *d, int64_t now)
{
	struct lapic *s = d->state;
	int64_t next = timer_idle(s) ? -1 : timer_next(s, now);

	if (timer_pending(&s->timer) && s->timer.deadline <= now)
		return;
	if (next < 0)
		timer_cancel(d, &s->timer);
	else
		timer_set(d, &s->timer, next);
}

static void timer_renew(struct dev *d)
{
	timer_renew_at(d, dev_now(d));
}

/* now is the caller's: by a later one, a short count would have ended before it began. */
static void timer_restart(struct dev *d, int64_t now)
{
	struct lapic *s = d->state;

	timer_cancel(d, &s->timer);
	timer_renew_at(d, now);
}

/* ---- accepting ---- */

static void error(struct lapic *s, uint8_t bit)
{
	unsigned vector = s->lvt_error & LVT_VECTOR;
	bool again = s->esr_next & bit;

	s->esr_next |= bit;
	if (again || s->lvt_error & LVT_MASK)
		return;
	if (vector >= 16)
		bit_set(s->irr, vector, true);
	else
		s->esr_next |= ESR_RECEIVE_ILLEGAL;
}

static void accept(struct lapic *s, unsigned vector, bool level)
{
	if (!(s->svr & SVR_ENABLE))
		return;
	if (vector < 16) {
		error(s, ESR_RECEIVE_ILLEGAL);
		return;
	}
	bit_set(s->irr, vector, true);
	bit_set(s->tmr, vector, level);
}

static void local_interrupt(struct dev *d, uint32_t lvt)
{
	if (lvt & LVT_MASK)
		return;
	if ((lvt >> 8 & 7) == DM_NMI)
		dev_request(d, REQ_NMI, 0);
	else if ((lvt >> 8 & 7) == DM_FIXED)
		accept(d->state, lvt & LVT_VECTOR, false);
}

static void timer_fired(struct dev *d, unsigned index)
{
	struct lapic *s = d->state;

	(void)index;
	if (timer_mode(s) == TSC_DEADLINE)
		s->tsc_deadline = 0;
	if (!(s->lvt_timer & LVT_MASK))
		accept(s, s->lvt_timer & LVT_VECTOR, false);
	timer_renew(d);
}

static void lapic_input(struct dev *d, unsigned pin, bool level)
{
	struct lapic *s = d->state;

	*(pin ? &s->lint1 : &s->lint0) = level;
	if (level && s->base & BASE_EN)
		local_interrupt(d, pin ? s->lvt_lint1 : s->lvt_lint0);
	timer_renew(d);
}

/* ---- registers ---- */

static uint64_t id_read(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	struct lapic_host *h = d->host;

	(void)a;
	return x2apic(d) ? h->vcpu : s->id;
}

/* In x2APIC mode it is made of the ID (10.12.10.2). */
static uint64_t ldr_read(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	struct lapic_host *h = d->host;

	(void)a;
	return x2apic(d) ? h->vcpu >> 4 << 16 | 1u << (h->vcpu & 15) : s->ldr;
}

static uint64_t ppr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return ppr(d->state);
}

/* 10.6.2.4 */
static uint64_t apr_read(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	int irr = highest(s->irr), isr = highest(s->isr);
	unsigned irrv = irr < 0 ? 0 : (unsigned)irr & 0xf0,
		 isrv = isr < 0 ? 0 : (unsigned)isr & 0xf0;

	(void)a;
	if ((s->tpr & 0xf0) >= irrv && (s->tpr & 0xf0) > isrv)
		return s->tpr;
	return MAX(MAX(s->tpr & 0xf0, isrv), irrv);
}

static void eoi_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	int vector = highest(s->isr);

	(void)a;
	if (vector < 0)
		return;
	bit_set(s->isr, (unsigned)vector, false);
	if (bit_get(s->tmr, (unsigned)vector))
		dev_msi(d, SEND_EOI, (uint32_t)vector);
}

/* Model bits: all but the model itself read as ones (10.6.2.2). */
static void dfr_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	(void)a;
	s->dfr |= 0x0fffffff;
}

static void mask_all(struct lapic *s)
{
	s->lvt_timer |= LVT_MASK;
	s->lvt_thermal |= LVT_MASK;
	s->lvt_perf |= LVT_MASK;
	s->lvt_lint0 |= LVT_MASK;
	s->lvt_lint1 |= LVT_MASK;
	s->lvt_error |= LVT_MASK;
}

/* While it is off by software, the masks are set and stay so (10.4.7.2). */
static void svr_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	(void)a;
	if (!(s->svr & SVR_ENABLE))
		mask_all(s);
	timer_renew(d);
}

static void lvt_timer_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	bool was = (a->old >> 17 & 3) == TSC_DEADLINE;

	if (was != (timer_mode(s) == TSC_DEADLINE)) {
		s->initial_count = 0; /* into and out of deadline mode it is disarmed */
		s->tsc_deadline = 0;
	}
	if (a->old >> 17 != s->lvt_timer >> 17)
		timer_cancel(d, &s->timer);
	svr_written(d, a);
}

static void esr_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	(void)a;
	s->esr = s->esr_next;
	s->esr_next = 0;
	timer_renew(d);
}

static void initial_count_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	(void)a;
	if (timer_mode(s) == TSC_DEADLINE)
		s->initial_count = 0;
	s->start = dev_now(d);
	timer_restart(d, s->start);
}

static uint64_t current_count_read(struct dev *d, const struct access *a)
{
	(void)a;
	return timer_count(d->state, dev_now(d));
}

/* The count goes on from where it is, at the new pace. */
static void divide_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	uint32_t divide = s->divide, left;
	int64_t now = dev_now(d);
	uint64_t gone;

	s->divide = (uint32_t)a->old;
	left = timer_count(s, now);
	s->divide = divide;
	gone = (uint64_t)(s->initial_count - left) << timer_shift(s);
	if (s->initial_count && left)
		s->start = (int64_t)((uint64_t)now - MIN(gone, (uint64_t)now));
	else
		s->initial_count = 0;
	timer_restart(d, now);
}

/* ---- sending ---- */

static void icr_high_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	(void)a;
	if (!x2apic(d))
		s->icr_high &= 0xff000000;
}

/* A level de-assert is for processors that needed one after INIT. */
static void icr_low_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	uint32_t low = s->icr_low, to = x2apic(d) ? s->icr_high : s->icr_high >> 24;
	unsigned mode = low >> 8 & 7;

	(void)a;
	if (mode <= DM_LOWEST && (low & LVT_VECTOR) < 16) {
		error(s, ESR_SEND_ILLEGAL);
		return;
	}
	if (mode == 3 || mode == DM_EXTINT || ((low & ICR_TRIGGER) && !(low & ICR_LEVEL)))
		return;
	dev_msi(d,
		(uint64_t)(to >> 8) << 40 | 0xfee00000 | (to & 0xff) << 12 |
			(low & ICR_DESTMODE ? 1 << 2 : 0),
		(low & ICR_SENT) & ~(uint32_t)(mode <= DM_LOWEST ? ICR_TRIGGER : 0));
}

static void self_ipi_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	if ((a->val & LVT_VECTOR) < 16)
		error(s, ESR_SEND_ILLEGAL);
	else
		accept(s, a->val & LVT_VECTOR, false);
}

/* ---- the core's side ---- */

static uint64_t mode_read(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	(void)a;
	return (s->base & BASE_EN ? MODE_EN : 0) | (x2apic(d) ? MODE_X2 : 0) |
	       (s->svr & SVR_ENABLE ? MODE_SW : 0) | (uint64_t)ppr(s) << 8;
}

static void accept_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	if ((a->val >> 8 & 7) == DM_EXTINT)
		s->extint = 1;
	else
		accept(s, a->val & LVT_VECTOR, a->val & LVT_TRIGGER);
	timer_renew(d);
}

static uint64_t pending_read(struct dev *d, const struct access *a)
{
	(void)a;
	return pending(d->state);
}

/* The vector, in service from here on; what went away meanwhile is the spurious one. */
static uint64_t ack_read(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;
	unsigned what = pending(s), vector = (unsigned)highest(s->irr);

	(void)a;
	if (what == PENDING_EXTINT)
		s->extint = 0;
	if (what != PENDING_VECTOR)
		return s->svr & SVR_VECTOR;
	bit_set(s->irr, vector, false);
	bit_set(s->isr, vector, true);
	timer_renew(d);
	return vector;
}

/* Power-up and INIT (10.4.7.1, 10.4.7.3). LINT0 of the first processor is ExtINT and open, as
 * other emulated PCs have it: their firmware may not know about local APICs. */
static void init(struct dev *d)
{
	struct lapic *s = d->state;

	memset(s->isr, 0, sizeof(s->isr));
	memset(s->tmr, 0, sizeof(s->tmr));
	memset(s->irr, 0, sizeof(s->irr));
	s->tpr = s->ldr = s->esr = s->icr_low = s->icr_high = s->initial_count = s->divide = 0;
	s->dfr = 0xffffffff;
	s->svr = 0xff;
	s->lvt_timer = s->lvt_thermal = s->lvt_perf = s->lvt_lint0 = s->lvt_lint1 = s->lvt_error =
		0;
	mask_all(s);
	if (s->base & BASE_BSP)
		s->lvt_lint0 = DM_EXTINT << 8;
	s->esr_next = s->extint = 0;
	s->tsc_deadline = 0;
	s->start = 0;
	timer_cancel(d, &s->timer);
}

static void init_written(struct dev *d, const struct access *a)
{
	(void)a;
	init(d);
}

/* Legal transitions are the core's to judge (10.12.5). Off and on again is a power-up. */
static void base_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	if (!(s->base & BASE_EN))
		s->base &= ~(uint64_t)BASE_EXTD;
	if (!(s->base & BASE_EN) && a->old & BASE_EN)
		init(d);
}

static void tsc_written(struct dev *d, const struct access *a)
{
	struct lapic *s = d->state;

	(void)a;
	if (timer_mode(s) != TSC_DEADLINE)
		s->tsc_deadline = 0;
	timer_restart(d, dev_now(d));
}

/* ---- the class ---- */

static void lapic_reset(struct dev *d)
{
	struct lapic *s = d->state;
	struct lapic_host *h = d->host;

	s->base = 0xfee00000 | BASE_EN | (h->vcpu ? 0 : BASE_BSP);
	s->id = h->vcpu << 24;
	init(d);
}

static void lapic_settle(struct dev *d)
{
	const struct lapic *s = d->state;
	bool mapped = (s->base & (BASE_EN | BASE_EXTD)) == BASE_EN;

	dev_window(d, 0, REGION_MMIO, 0, 0x1000, SPACE_MEM,
		   mapped ? s->base & BASE_ADDR : WINDOW_OFF);
	dev_line(d, 0, pending(s) != PENDING_NONE);
}

static bool lapic_valid(const struct dev *d)
{
	const struct lapic *s = d->state;

	if (s->base & BASE_EXTD && !(s->base & BASE_EN))
		return false;
	return !((s->irr[0] | s->isr[0]) & 0xffff);
}

static int lapic_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_line_to(d, 0, LINE_LOCAL, 0);
	return 0;
}

static const struct prop lapic_props[] = {
	{"vcpu", PROP_U32, offsetof(struct lapic_host, vcpu), "0", "the processor it is of", 127},
};

static const struct region lapic_regions[] = {
	[REGION_MMIO] = {.name = "mmio", .len = 0x1000, .sizes = 4, .other = OTHER_ZEROS},
	[REGION_CORE] = {.name = "core", .len = 64, .sizes = 4 | 8},
};

/* clang-format off */
static const struct row lapic_rows[] = {
	REG(0x020, struct lapic, id, .rw = 0xff000000, .flags = ROW_PURE, .read = id_read),
	CONST(0x030, 4, "version", 0x00050014),
	REG(0x080, struct lapic, tpr, .rw = 0xff),
	CALC(0x090, 4, "apr", .flags = ROW_PURE, .read = apr_read),
	CALC(0x0a0, 4, "ppr", .flags = ROW_PURE, .read = ppr_read),
	CALC(0x0b0, 4, "eoi", .written = eoi_written),
	REG(0x0d0, struct lapic, ldr, .rw = 0xff000000, .flags = ROW_PURE, .read = ldr_read),
	REG(0x0e0, struct lapic, dfr, .rw = 0xf0000000, .hw = 0x0fffffff, .reset = 0xffffffff,
	    .written = dfr_written),
	REG(0x0f0, struct lapic, svr, .rw = 0x1ff, .reset = 0xff, .written = svr_written),
	REG_ARRAY(0x100, 16, struct lapic, isr, .hw = 0xffffffff),
	REG_ARRAY(0x180, 16, struct lapic, tmr, .hw = 0xffffffff),
	REG_ARRAY(0x200, 16, struct lapic, irr, .hw = 0xffffffff),
	REG(0x280, struct lapic, esr, .hw = 0xff, .written = esr_written),
	REG(0x300, struct lapic, icr_low, .rw = ICR_RW, .written = icr_low_written),
	REG(0x310, struct lapic, icr_high, .rw = 0xffffffff, .written = icr_high_written),
	REG(0x320, struct lapic, lvt_timer, .rw = LVT_VECTOR | LVT_MASK | LVT_TIMER_MODE,
	    .reset = LVT_MASK, .written = lvt_timer_written),
	REG(0x330, struct lapic, lvt_thermal, .rw = LVT_VECTOR | LVT_DELMODE | LVT_MASK,
	    .reset = LVT_MASK, .written = svr_written),
	REG(0x340, struct lapic, lvt_perf, .rw = LVT_VECTOR | LVT_DELMODE | LVT_MASK,
	    .reset = LVT_MASK, .written = svr_written),
	REG(0x350, struct lapic, lvt_lint0, .rw = LVT_LINT, .reset = LVT_MASK,
	    .written = svr_written),
	REG(0x360, struct lapic, lvt_lint1, .rw = LVT_LINT, .reset = LVT_MASK,
	    .written = svr_written),
	REG(0x370, struct lapic, lvt_error, .rw = LVT_VECTOR | LVT_MASK, .reset = LVT_MASK,
	    .written = svr_written),
	REG(0x380, struct lapic, initial_count, .rw = 0xffffffff,
	    .written = initial_count_written),
	CALC(0x390, 4, "current_count", .flags = ROW_PURE, .read = current_count_read),
	REG(0x3e0, struct lapic, divide, .rw = 0xb, .written = divide_written),
	CALC(0x3f0, 4, "self_ipi", .when = x2apic, .written = self_ipi_written),
	CALC(0, 4, "core.id", .region = REGION_CORE, .flags = ROW_PURE, .read = id_read),
	CALC(4, 4, "core.ldr", .region = REGION_CORE, .flags = ROW_PURE, .read = ldr_read),
	CALC(8, 4, "core.mode", .region = REGION_CORE, .flags = ROW_PURE, .read = mode_read),
	CALC(12, 4, "core.accept", .region = REGION_CORE, .written = accept_written),
	CALC(16, 4, "core.pending", .region = REGION_CORE, .flags = ROW_PURE,
	     .read = pending_read),
	CALC(20, 4, "core.ack", .region = REGION_CORE, .read = ack_read),
	CALC(24, 4, "core.init", .region = REGION_CORE, .written = init_written),
	REG(32, struct lapic, base, .region = REGION_CORE, .reset = 0xfee00000 | BASE_EN,
	    .rw = BASE_ADDR | BASE_EN | BASE_EXTD | BASE_BSP, .sizes = 8, .written = base_written),
	REG(40, struct lapic, tsc_deadline, .region = REGION_CORE, .rw = ~0ull, .sizes = 8,
	    .written = tsc_written),
	REG(48, struct lapic, tsc_offset, .region = REGION_CORE, .rw = ~0ull, .sizes = 8,
	    .written = tsc_written),
	HID(struct lapic, start, .max = INT64_MAX),
	TIMER(struct lapic, timer, timer_fired),
	HID(struct lapic, esr_next, .hw = ESR_SEND_ILLEGAL | ESR_RECEIVE_ILLEGAL),
	HID(struct lapic, extint, .max = 1),
	/* Who drives an input goes on driving it through a reset. */
	HID(struct lapic, lint0, .max = 1, .flags = ROW_KEEP),
	HID(struct lapic, lint1, .max = 1, .flags = ROW_KEEP),
};
/* clang-format on */

static struct dev_class lapic_class = {
	.name = "apic",
	.summary = "local APIC of a processor",
	.state_size = sizeof(struct lapic),
	.host_size = sizeof(struct lapic_host),
	.regions = lapic_regions,
	.n_regions = ARRAY_SIZE(lapic_regions),
	.rows = lapic_rows,
	.n_rows = ARRAY_SIZE(lapic_rows),
	.props = lapic_props,
	.n_props = ARRAY_SIZE(lapic_props),
	.n_lines = 1,
	.n_inputs = 2,
	.internal = true,
	.realize = lapic_realize,
	.reset = lapic_reset,
	.settle = lapic_settle,
	.valid = lapic_valid,
	.input = lapic_input,
};
DEV_REGISTER(lapic_class)
