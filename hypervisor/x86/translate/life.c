/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/translate/life.c: a vCPU's memory, and the translator that some of them share. */
#include "base/err.h"
#include "hypervisor/x86/translate/cache.h"
#include "hypervisor/x86/translate/translate.h"

#include <errno.h>
#include <stdlib.h>

static size_t size_of(void)
{
	return TR_SCRATCH + ((sizeof(struct cpu) + 63) & ~63ul) + sizeof(struct tr_cpu);
}

struct cpu *tr_cpu_alloc(void)
{
	uint8_t *p = aligned_alloc(64, (size_of() + 63) & ~63ul);

	if (!p)
		return NULL;
	memset(p, 0, size_of() - sizeof(struct tr_cpu) + offsetof(struct tr_cpu, touched));
	return (struct cpu *)(void *)(p + TR_SCRATCH);
}

static void detach(struct cpu *c)
{
	struct tr *tr = tr_cpu(c)->tr;

	if (!tr)
		return;
	for (unsigned i = 0; i < tr->n_cpus; i++)
		if (tr->cpus[i] == c)
			tr->cpus[i] = tr->cpus[--tr->n_cpus];
	if (!tr->n_cpus)
		cache_free(tr);
	tr_cpu(c)->tr = NULL;
}

void tr_cpu_free(struct cpu *c)
{
	if (!c)
		return;
	detach(c);
	free((uint8_t *)c - TR_SCRATCH);
}

bool tr_attached(const struct cpu *c)
{
	return tr_cpu(c)->tr;
}

int tr_attach(struct cpu **cpus, unsigned n, struct err *e)
{
	struct tr *tr = cache_new(n, e);

	if (!tr)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		tr->cpus[tr->n_cpus++] = cpus[i];
		tr_cpu(cpus[i])->tr = tr;
		cpus[i]->tr_key = 0;
		tr_cpu(cpus[i])->state.cr0 = 0; /* ET is never clear: it is of no state */
		ends_forget(tr_cpu(cpus[i]));
		tr_flush(cpus[i]);
	}
	return 0;
}

void tr_perf_map(const struct cpu *any, struct perf_map *p)
{
	if (tr_cpu(any)->tr)
		tr_cpu(any)->tr->perf_map = p;
}
