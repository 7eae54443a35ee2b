/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/engine.h: what runs a domain's vCPUs, as the process that holds
 * the domain sees it. The interpreter is one; the translator and KVM go here too.
 */
#ifndef HYPERVISOR_X86_ENGINE_H
#define HYPERVISOR_X86_ENGINE_H
#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct domain;
struct engine;
struct err;

enum engine_stop {
	ENGINE_KICKED,
	ENGINE_HALTED, /* waits for an interrupt */
	ENGINE_TRIPLE, /* triple fault: the machine is to be reset */
	ENGINE_COUNT   /* as many instructions as were asked for */
};

struct engine_ops {
	const char *name; /* of -accel */
	const char *help;
	/* With all of the domain's vCPUs, as after reset; the domain outlives it. */
	struct engine *(*open)(struct domain *dom, const char *model, struct err *e);
	void (*close)(struct engine *en);
	/* In the vCPU's own thread, without the device lock, until something stops it. */
	enum engine_stop (*run)(struct engine *en, unsigned vcpu, uint64_t instructions);
	void (*reset)(struct engine *en); /* no vCPU runs */

	/* The domain's hooks of these names, from any thread. kick: run returns soon; intr: a
	 * halted vCPU's run is to be called again. */
	void (*kick)(struct engine *en, unsigned vcpu);
	void (*nmi)(struct engine *en, unsigned vcpu);
	void (*modified)(struct engine *en, uint64_t first_gfn, uint64_t nr);
	/* What a debugger and tests look at; NULL: the engine has no such thing. */
	struct cpu *(*cpu)(struct engine *en, unsigned vcpu);
};
struct engine {
	const struct engine_ops *ops;
};

/* By name ("soft"), or NULL. */
const struct engine_ops *engine_find(const char *name);
#endif
