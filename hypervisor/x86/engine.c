/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/engine.c: the engines by name, and "soft", the interpreter.
 *
 * State: a vCPU runs in its caller's thread, several at once.
 * Tests: tests/x86/engine.c, tests/x86/smp.c
 */
#include "hypervisor/x86/engine.h"

#include "hypervisor/domain.h"
#include "hypervisor/x86/debug.h"
#include "hypervisor/x86/host_thunk.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/perf_map.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct soft {
	struct engine en;
	struct cpu_model *model;
	struct smp *smp;
	struct perf_map *perf_map; /* NULL: not asked for */
	struct cpu_debug debug;
	unsigned n;
	struct cpu *cpus[];
};

/* How often a block is interpreted before it is worth a translation. */
#define TIER_AFTER 2

static const struct engine_ops soft_ops;

static struct soft *soft_of(struct engine *en)
{
	return (struct soft *)(void *)en;
}

/* ---- life ---- */

static void soft_close(struct engine *en)
{
	struct soft *s = soft_of(en);

	smp_free(s->smp);
	for (unsigned i = 0; i < s->n; i++)
		cpu_free(s->cpus[i]);
	model_free(s->model);
	perf_map_close(s->perf_map);
	free(s);
}

static int make_cpus(struct soft *s, struct domain *dom, const struct engine_config *c,
		     struct err *e)
{
	for (; s->n < domain_vcpus(dom); s->n++) {
		s->cpus[s->n] = cpu_new(dom, s->n, s->model);
		if (!s->cpus[s->n])
			return err_set(e, -ENOMEM, "no memory for vCPU %u", s->n);
		s->cpus[s->n]->wait_sipi = s->n;
	}
	s->smp = smp_new(s->cpus, s->n, e);
	if (!s->smp)
		return -ENOMEM;
	for (unsigned i = 0; i < s->n; i++)
		cpu_set_tier(s->cpus[i], c->tier, TIER_AFTER);
	tr_perf_map(s->cpus[0], s->perf_map);
	return c->verify ? verify_start(s->cpus[0], e) : 0;
}

static int open_parts(struct soft *s, struct domain *dom, const struct engine_config *c,
		      struct err *e)
{
	if (c->perf_map) {
		s->perf_map = perf_map_open(e);
		if (!s->perf_map)
			return -EIO;
	}
	s->model = model_new(c->model, e);
	return s->model ? make_cpus(s, dom, c, e) : -EINVAL;
}

static struct engine *soft_open(struct domain *dom, const struct engine_config *c, struct err *e)
{
	struct soft *s = calloc(1, sizeof(*s) + domain_vcpus(dom) * sizeof(s->cpus[0]));

	if (!s) {
		err_set(e, -ENOMEM, "no memory for the engine");
		return NULL;
	}
	s->en.ops = &soft_ops;
	host_thunk_ready(); /* if it cannot be, the first thunk says so */
	if (!open_parts(s, dom, c, e))
		return &s->en;
	soft_close(&s->en);
	return NULL;
}

/* ---- running ---- */

static enum engine_stop soft_run(struct engine *en, unsigned vcpu, uint64_t instructions)
{
	switch (cpu_run(soft_of(en)->cpus[vcpu], instructions)) {
	case STOP_HALT:
		return ENGINE_HALTED;
	case STOP_TRIPLE:
		return ENGINE_TRIPLE;
	case STOP_COUNT:
		return ENGINE_COUNT;
	case STOP_BREAK:
		return ENGINE_BREAK;
	default:
		return ENGINE_KICKED;
	}
}

static void enter(struct cpu *c, const struct hv_entry *entry)
{
	const uint16_t flat = SEG_P | SEG_S | SEG_DB | SEG_G | 3;

	for (unsigned i = 0; i < SEG_N; i++)
		c->seg[i] = (struct segment){.limit = ~0u, .sel = entry->ds, .attr = flat};
	c->seg[SEG_CS].sel = entry->cs;
	c->seg[SEG_CS].attr = flat | 8;
	c->gdtr = (struct table_reg){entry->gdt_base, (uint16_t)entry->gdt_limit};
	c->cr0 = (c->cr0 & ~(uint64_t)(CR0_CD | CR0_NW)) | CR0_PE;
	c->rip = entry->eip;
	c->r[R_AX] = entry->eax;
	c->r[R_BX] = entry->ebx;
	c->r[R_SI] = entry->esi;
	cpu_set_cs_mode(c);
}

static void soft_reset(struct engine *en, const struct hv_entry *entry)
{
	struct soft *s = soft_of(en);

	for (unsigned i = 0; i < s->n; i++) {
		__atomic_store_n(&s->cpus[i]->attention, ATT_STALE, __ATOMIC_SEQ_CST);
		cpu_reset(s->cpus[i], false);
		s->cpus[i]->wait_sipi = i;
	}
	if (entry)
		enter(s->cpus[0], entry);
}

static bool soft_runnable(struct engine *en, unsigned vcpu)
{
	const struct cpu *c = soft_of(en)->cpus[vcpu];
	uint32_t att = __atomic_load_n(&c->attention, __ATOMIC_SEQ_CST);

	if (att & ATT_INIT || (c->wait_sipi && att & ATT_SIPI))
		return true;
	if (c->shutdown || c->wait_sipi)
		return false;
	return !c->halted || att & ATT_NMI || (c->nmi_pending && !c->nmi_blocked) ||
	       (c->flags & FL_IF && domain_vcpu_intr(c->dom, vcpu));
}

static bool soft_deaf(struct engine *en, unsigned vcpu)
{
	const struct cpu *c = soft_of(en)->cpus[vcpu];

	return c->shutdown || c->wait_sipi || (c->halted && !(c->flags & FL_IF));
}

static uint64_t soft_executed(struct engine *en, unsigned vcpu)
{
	return soft_of(en)->cpus[vcpu]->insn_count;
}

static void soft_stats(struct engine *en, unsigned vcpu, struct engine_stats *out)
{
	const struct soft *s = soft_of(en);

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < s->n; i++)
		if (vcpu == i || vcpu == ENGINE_ALL) {
			uint64_t *n = &s->cpus[i]->insn_count;

			stats_add(out, &s->cpus[i]->stats);
			out->instructions += __atomic_load_n(n, __ATOMIC_RELAXED);
		}
	out->interpreted = out->instructions;
	if (vcpu == ENGINE_ALL)
		tr_stats(s->cpus[0], out);
}

/* ---- what the domain says ---- */

static void soft_kick(struct engine *en, unsigned vcpu)
{
	cpu_attend(soft_of(en)->cpus[vcpu], ATT_EXIT);
}

static void soft_intr(struct engine *en, unsigned vcpu)
{
	cpu_attend(soft_of(en)->cpus[vcpu], ATT_INTR);
}

static void soft_nmi(struct engine *en, unsigned vcpu)
{
	cpu_attend(soft_of(en)->cpus[vcpu], ATT_NMI);
}

static void soft_init(struct engine *en, unsigned vcpu)
{
	cpu_attend(soft_of(en)->cpus[vcpu], ATT_INIT);
}

/* A second message before the first was looked at: either vector may win. */
static void soft_sipi(struct engine *en, unsigned vcpu, uint8_t vector)
{
	struct cpu *c = soft_of(en)->cpus[vcpu];

	__atomic_store_n(&c->sipi_vector, vector, __ATOMIC_SEQ_CST);
	cpu_attend(c, ATT_SIPI);
}

static void soft_modified(struct engine *en, uint64_t first_gfn, uint64_t nr)
{
	smp_device_wrote(soft_of(en)->smp, first_gfn << 12, nr << 12);
}

static void soft_debug(struct engine *en, const struct cpu_debug *d)
{
	struct soft *s = soft_of(en);

	s->debug = *d;
	for (unsigned i = 0; i < s->n; i++) {
		s->cpus[i]->debug = d->n_breaks || d->n_watches ? &s->debug : NULL;
		s->cpus[i]->debug_hit = NULL;
		dbg_watch(s->cpus[i]);
	}
}

static struct cpu *soft_cpu(struct engine *en, unsigned vcpu)
{
	return vcpu < soft_of(en)->n ? soft_of(en)->cpus[vcpu] : NULL;
}

static const struct engine_ops soft_ops = {
	.name = "soft",
	.help = "interpreter, on any x86-64 host",
	.open = soft_open,
	.close = soft_close,
	.run = soft_run,
	.reset = soft_reset,
	.runnable = soft_runnable,
	.deaf = soft_deaf,
	.executed = soft_executed,
	.stats = soft_stats,
	.kick = soft_kick,
	.intr = soft_intr,
	.nmi = soft_nmi,
	.init = soft_init,
	.sipi = soft_sipi,
	.modified = soft_modified,
	.debug = soft_debug,
	.cpu = soft_cpu,
};

const struct engine_ops *engine_find(const char *name)
{
	return strcmp(name, soft_ops.name) ? NULL : &soft_ops;
}
