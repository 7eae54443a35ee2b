/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/engine.c: the engines by name, and "soft", the interpreter.
 *
 * State: one vCPU, run by its caller.
 * Missing: more than one vCPU, threads of its own.
 * Tests: tests/x86/engine.c
 */
#include "hypervisor/x86/engine.h"

#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct soft {
	struct engine en;
	struct cpu_model *model;
	struct cpu *cpu;
};

static struct soft *soft_of(struct engine *en)
{
	return (struct soft *)(void *)en;
}

static void soft_close(struct engine *en)
{
	struct soft *s = soft_of(en);

	cpu_free(s->cpu);
	model_free(s->model);
	free(s);
}

static const struct engine_ops soft_ops;

static struct engine *soft_open(struct domain *dom, const char *model, struct err *e)
{
	struct soft *s;

	if (domain_vcpus(dom) != 1) {
		err_set(e, -EINVAL, "accel soft runs one vCPU, not %u", domain_vcpus(dom));
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		err_set(e, -ENOMEM, "no memory for the engine");
		return NULL;
	}
	s->en.ops = &soft_ops;
	s->model = model_new(model, e);
	if (s->model) {
		s->cpu = cpu_new(dom, 0, s->model);
		if (s->cpu)
			return &s->en;
		err_set(e, -ENOMEM, "no memory for a vCPU");
	}
	model_free(s->model);
	free(s);
	return NULL;
}

static enum engine_stop soft_run(struct engine *en, unsigned vcpu, uint64_t instructions)
{
	(void)vcpu;
	switch (cpu_run(soft_of(en)->cpu, instructions)) {
	case STOP_HALT:
		return ENGINE_HALTED;
	case STOP_TRIPLE:
		return ENGINE_TRIPLE;
	case STOP_COUNT:
		return ENGINE_COUNT;
	default:
		return ENGINE_KICKED;
	}
}

static void soft_reset(struct engine *en)
{
	cpu_reset(soft_of(en)->cpu, false);
}

static void soft_kick(struct engine *en, unsigned vcpu)
{
	(void)vcpu;
	soft_of(en)->cpu->exit_request = true;
}

static void soft_nmi(struct engine *en, unsigned vcpu)
{
	(void)vcpu;
	soft_of(en)->cpu->nmi_request = true;
}

static void soft_modified(struct engine *en, uint64_t first_gfn, uint64_t nr)
{
	(void)first_gfn;
	(void)nr;
	soft_of(en)->cpu->code_stale = true;
}

static struct cpu *soft_cpu(struct engine *en, unsigned vcpu)
{
	return vcpu ? NULL : soft_of(en)->cpu;
}

static const struct engine_ops soft_ops = {
	.name = "soft",
	.help = "interpreter, on any x86-64 host",
	.open = soft_open,
	.close = soft_close,
	.run = soft_run,
	.reset = soft_reset,
	.kick = soft_kick,
	.nmi = soft_nmi,
	.modified = soft_modified,
	.cpu = soft_cpu,
};

const struct engine_ops *engine_find(const char *name)
{
	return strcmp(name, soft_ops.name) ? NULL : &soft_ops;
}
