/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/vcpus.c: see vcpus.h. All of struct vcpus is under the device lock; only
 * engine_ops.run goes without it.
 *
 * Tests: tests/hypervisor/vcpus.c
 */
#include "hypervisor/vcpus.h"

#include "hypervisor/core.h"
#include "hypervisor/x86/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* A vCPU's turn when one thread runs all: also how far time can lag behind within it. */
#define TURN 10000u
/* Else: instructions between two looks at the guest's timers, 1 to 2 ms. */
#define SLICE 100000u
/* The loop's turn, when the last vCPU to halt has not run the guest's timers by then. */
#define LATER_NS NS_PER_MS
/* A wait of one that nothing can wake: somebody may set an earlier timer meanwhile. */
#define MOST_NS (100 * NS_PER_MS)

struct vcpu {
	struct vcpus *all;
	unsigned n;
	pthread_t thread;
	bool started;
	pthread_cond_t wake;
};

struct vcpus {
	struct domain *dom;
	struct vcpus_config c;
	struct engine *en;
	struct hv_entry entry;
	bool has_entry;
	bool stop, hold, quit;
	unsigned running; /* those that ask a device model among them */
	unsigned n, n_threads, asleep;
	struct vcpu v[];
};

/* ---- running ---- */

static enum engine_stop run(struct vcpus *vs, unsigned vcpu, uint64_t instructions)
{
	enum engine_stop stop;

	vs->running++;
	domain_unlock(vs->dom);
	stop = vs->en->ops->run(vs->en, vcpu, instructions);
	domain_lock(vs->dom);
	vs->running--;
	pthread_cond_broadcast(&vs->dom->quiet);
	if (stop == ENGINE_TRIPLE && vs->c.triple_fault)
		vs->c.triple_fault(vs->c.arg, vcpu);
	return stop;
}

static void run_on(struct vcpus *vs, unsigned vcpu, uint64_t instructions)
{
	if (run(vs, vcpu, instructions) == ENGINE_BREAK && vs->c.stopped)
		vs->c.stopped(vs->c.arg, vcpu);
}

static bool runnable(struct vcpus *vs, unsigned vcpu)
{
	return !vs->stop && !vs->hold && vs->en->ops->runnable(vs->en, vcpu);
}

/* By the thread itself: to name another one takes a file. */
static void name_thread(const struct vcpu *v)
{
	char name[16];

	snprintf(name, sizeof(name), "vcpu%u", v->n);
	prctl(PR_SET_NAME, name);
}

static bool may_run_timers(struct vcpus *vs)
{
	return !vs->stop && !vs->hold && clock_running(domain_clock(vs->dom));
}

/* Timers are the loop's, whose thread may lack a processor while ours has one. Linux waits for
 * 40 ms by the TSC, and if fewer than five ticks came meanwhile it tries other ways to connect its
 * timer, and panics in the end ("IO-APIC + timer doesn't work"). */
static void run_late_timers(struct vcpus *vs)
{
	if (may_run_timers(vs))
		clock_run(domain_clock(vs->dom));
}

static void on_moved(void *arg)
{
	struct vcpu *v = arg;

	pthread_cond_signal(&v->wake);
}

/* Until it is woken, or the guest's next timer is due. */
static void keep_time(struct vcpu *v)
{
	struct domain *dom = v->all->dom;
	struct clock *clock = domain_clock(dom);
	int64_t next = clock_next(clock), ns = next - clock_now(clock);

	clock_keep(clock, LATER_NS, on_moved, v);
	if (next == INT64_MAX)
		core_wait(dom, &v->wake);
	else if (ns > 0)
		core_wait_for(dom, &v->wake, ns);
}

/* An idle guest's timers wake one thread of the host: the vCPU that halted last sees to them. It
 * stops to as soon as any vCPU is awake, which may have them set again and again. */
static void sleep_on(struct vcpu *v)
{
	struct vcpus *vs = v->all;

	if (++vs->asleep == vs->n && may_run_timers(vs))
		keep_time(v);
	else
		core_wait(vs->dom, &v->wake);
	vs->asleep--;
	run_late_timers(vs); /* first: the loop would be at those that are due at once */
	clock_keep(domain_clock(vs->dom), 0, NULL, NULL);
}

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;
	struct vcpus *vs = v->all;

	name_thread(v);
	domain_lock(vs->dom);
	while (!vs->quit)
		if (runnable(vs, v->n)) {
			run_on(vs, v->n, SLICE);
			run_late_timers(vs);
		} else {
			sleep_on(v);
		}
	domain_unlock(vs->dom);
	return NULL;
}

/* ---- time counted in instructions ---- */

static uint64_t turn(const struct vcpus *vs)
{
	struct clock *clock = domain_clock(vs->dom);
	int64_t left = clock_next(clock) - clock_now(clock);
	uint64_t n = left > 0 ? ((uint64_t)left >> vs->c.icount_shift) + 1 : 1;

	return MIN(n, TURN);
}

/* All took their turns in the same span of time; a halted one's passes too. */
static bool take_turns(struct vcpus *vs)
{
	uint64_t most = turn(vs), longest = 0;

	for (unsigned i = 0; i < vs->n; i++) {
		uint64_t before = vs->en->ops->executed(vs->en, i);

		if (!runnable(vs, i))
			continue;
		run_on(vs, i, most);
		longest = MAX(longest, vs->en->ops->executed(vs->en, i) - before);
	}
	if (longest)
		clock_advance(domain_clock(vs->dom), (int64_t)(longest << vs->c.icount_shift));
	return longest;
}

/* The guest has ended in HLT with interrupts off, or worse. */
static bool all_deaf(struct vcpus *vs)
{
	for (unsigned i = 0; i < vs->n; i++)
		if (!vs->en->ops->deaf(vs->en, i))
			return false;
	return true;
}

/* Nobody has anything to do before the next timer. Where none leads to anything they would follow
 * each other as fast as the host can: then time passes as it does for the host. */
static bool skip_time(struct vcpus *vs)
{
	struct clock *clock = domain_clock(vs->dom);
	int64_t next = clock_next(clock), ns = MIN(next - clock_now(clock), MOST_NS);

	if (vs->stop || vs->hold || next == INT64_MAX)
		return false;
	if (!all_deaf(vs))
		clock_set(clock, next);
	else if (!core_wait_for(vs->dom, &vs->v[0].wake, ns))
		clock_advance(clock, ns);
	return true;
}

static void *icount_main(void *arg)
{
	struct vcpu *v = arg;
	struct vcpus *vs = v->all;

	name_thread(v);
	domain_lock(vs->dom);
	while (!vs->quit) {
		if (!take_turns(vs) && !skip_time(vs))
			core_wait(vs->dom, &v->wake);
		core_give_way(vs->dom);
	}
	domain_unlock(vs->dom);
	return NULL;
}

/* ---- what the domain says ---- */

static void wake(struct vcpus *vs, unsigned vcpu)
{
	pthread_cond_signal(&vs->v[vs->c.icount ? 0 : vcpu].wake);
}

static void wake_all(struct vcpus *vs)
{
	for (unsigned i = 0; i < vs->n_threads; i++)
		pthread_cond_signal(&vs->v[i].wake);
}

static void on_modified(void *arg, uint64_t first_gfn, uint64_t nr)
{
	struct vcpus *vs = arg;

	vs->en->ops->modified(vs->en, first_gfn, nr);
}

static void on_nmi(void *arg, unsigned vcpu)
{
	struct vcpus *vs = arg;

	vs->en->ops->nmi(vs->en, vcpu);
	wake(vs, vcpu);
}

/* A bare domain's one vCPU. */
static void on_intr(void *arg, bool level)
{
	struct vcpus *vs = arg;

	if (!level || domain_has_apic(vs->dom, 0))
		return;
	vs->en->ops->intr(vs->en, 0);
	wake(vs, 0);
}

static void on_apic(void *arg, unsigned vcpu, bool level)
{
	struct vcpus *vs = arg;

	if (!level)
		return;
	vs->en->ops->intr(vs->en, vcpu);
	wake(vs, vcpu);
}

static void on_init(void *arg, unsigned vcpu)
{
	struct vcpus *vs = arg;

	vs->en->ops->init(vs->en, vcpu);
	wake(vs, vcpu);
}

static void on_sipi(void *arg, unsigned vcpu, uint8_t vector)
{
	struct vcpus *vs = arg;

	vs->en->ops->sipi(vs->en, vcpu, vector);
	wake(vs, vcpu);
}

static void kick_all(struct vcpus *vs)
{
	for (unsigned i = 0; i < vs->n; i++)
		vs->en->ops->kick(vs->en, i);
}

static void on_pause(void *arg, bool on)
{
	struct vcpus *vs = arg;

	vs->stop = on;
	if (!on) {
		vs->hold = false;
		wake_all(vs);
		return;
	}
	kick_all(vs);
	while (vs->running > vs->dom->asking)
		core_wait(vs->dom, &vs->dom->quiet);
}

static void reset_engine(struct vcpus *vs)
{
	vs->en->ops->reset(vs->en, vs->has_entry ? &vs->entry : NULL);
}

/* A reset of the machine finds it paused already. */
static void on_reset(void *arg, enum hv_reset what)
{
	struct vcpus *vs = arg;
	bool was = vs->stop;

	(void)what;
	on_pause(vs, true);
	reset_engine(vs);
	vs->hold = false;
	if (!was)
		on_pause(vs, false);
}

static void on_hold(void *arg)
{
	struct vcpus *vs = arg;

	vs->hold = true;
	kick_all(vs);
}

static int on_stats(void *arg, unsigned vcpu, struct engine_stats *s)
{
	struct vcpus *vs = arg;

	if (vcpu != ENGINE_ALL && vcpu >= vs->n)
		return -EINVAL;
	vs->en->ops->stats(vs->en, vcpu, s);
	return 0;
}

static void on_entry(void *arg, const struct hv_entry *entry)
{
	struct vcpus *vs = arg;

	assert(vs->stop);
	vs->has_entry = entry;
	if (entry)
		vs->entry = *entry;
	reset_engine(vs);
}

/* ---- life ---- */

static void take_hooks(struct vcpus *vs)
{
	const struct domain_hooks hooks = {.modified = on_modified,
					   .nmi = on_nmi,
					   .intr = on_intr,
					   .apic = on_apic,
					   .init = on_init,
					   .sipi = on_sipi,
					   .reset = on_reset,
					   .pause = on_pause,
					   .hold = on_hold,
					   .entry = on_entry,
					   .stats = on_stats,
					   .arg = vs};

	domain_set_vcpu_hooks(vs->dom, &hooks);
}

int vcpus_start(struct vcpus *vs, struct err *e)
{
	for (unsigned i = 0; i < vs->n_threads; i++) {
		struct vcpu *v = &vs->v[i];
		int rc;

		rc = pthread_create(&v->thread, NULL, vs->c.icount ? icount_main : vcpu_main, v);
		if (rc)
			return err_errno(e, -rc, "no thread for a vCPU");
		v->started = true;
	}
	return 0;
}

struct vcpus *vcpus_new(struct domain *dom, const struct vcpus_config *c, struct err *e)
{
	unsigned n = domain_vcpus(dom);
	struct vcpus *vs = calloc(1, sizeof(*vs) + n * sizeof(vs->v[0]));

	if (!vs) {
		err_set(e, -ENOMEM, "no memory for %u vCPUs", n);
		return NULL;
	}
	vs->dom = dom;
	vs->c = *c;
	vs->n = n;
	vs->n_threads = c->icount ? 1 : n;
	vs->stop = true;
	for (unsigned i = 0; i < n; i++) {
		vs->v[i].all = vs;
		vs->v[i].n = i;
		pthread_cond_init(&vs->v[i].wake, NULL);
	}
	if (c->icount) /* which counts each instruction: the translator does not */
		vs->c.engine.tier = TIER_INTERP;
	vs->en = c->ops->open(dom, &vs->c.engine, e);
	if (!vs->en) {
		vcpus_free(vs);
		return NULL;
	}
	domain_lock(dom);
	take_hooks(vs);
	domain_unlock(dom);
	return vs;
}

static void join(struct vcpus *vs)
{
	domain_lock(vs->dom);
	vs->quit = true;
	if (vs->en) {
		on_pause(vs, true);
		domain_set_vcpu_hooks(vs->dom, NULL);
	}
	wake_all(vs);
	domain_unlock(vs->dom);
	for (unsigned i = 0; i < vs->n_threads; i++)
		if (vs->v[i].started)
			pthread_join(vs->v[i].thread, NULL);
}

void vcpus_free(struct vcpus *vs)
{
	if (!vs)
		return;
	join(vs);
	if (vs->en)
		vs->en->ops->close(vs->en);
	for (unsigned i = 0; i < vs->n; i++)
		pthread_cond_destroy(&vs->v[i].wake);
	free(vs);
}

struct engine *vcpus_engine(struct vcpus *vs)
{
	return vs->en;
}

void vcpus_step(struct vcpus *vs, unsigned vcpu)
{
	assert(vs->stop);
	while (vs->en->ops->runnable(vs->en, vcpu) && run(vs, vcpu, 1) == ENGINE_KICKED)
		; /* by the pause: that is over */
}
