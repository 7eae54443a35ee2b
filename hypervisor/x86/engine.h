/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/engine.h: what runs a domain's vCPUs, as the process that holds
 * the domain sees it. The interpreter is one; the translator and KVM go here too.
 */
#ifndef HYPERVISOR_X86_ENGINE_H
#define HYPERVISOR_X86_ENGINE_H
#include "hypervisor/x86/engine_config.h"

#include <stdint.h>

struct cpu;
struct cpu_debug;
struct domain;
struct engine;
struct engine_stats;
struct hv_entry;

enum engine_stop {
	ENGINE_KICKED,
	ENGINE_HALTED, /* has nothing to do: see runnable */
	ENGINE_TRIPLE, /* triple fault: stands still until a reset */
	ENGINE_COUNT,  /* as many instructions as were asked for */
	ENGINE_BREAK   /* a debugger's breakpoint */
};

#define ENGINE_ALL (~0u) /* vCPUs */

struct engine_ops {
	const char *name; /* of -accel */
	const char *help;
	/* With all of the domain's vCPUs, as after reset; the domain outlives it. */
	struct engine *(*open)(struct domain *dom, const struct engine_config *c, struct err *e);
	void (*close)(struct engine *en);
	/* In the vCPU's own thread, without the device lock, until something stops it. */
	enum engine_stop (*run)(struct engine *en, unsigned vcpu, uint64_t instructions);

	/* The rest with the lock held. */
	/* No vCPU runs. The first one starts at entry, or at the reset vector; the others wait for
	 * INIT and SIPI. */
	void (*reset)(struct engine *en, const struct hv_entry *entry);
	/* Has run anything to do? */
	bool (*runnable)(struct engine *en, unsigned vcpu);
	/* It stands still, and no interrupt will change that. */
	bool (*deaf)(struct engine *en, unsigned vcpu);
	uint64_t (*executed)(struct engine *en, unsigned vcpu); /* instructions; it does not run */
	void (*kick)(struct engine *en, unsigned vcpu);         /* run returns soon */
	void (*intr)(struct engine *en, unsigned vcpu);         /* its APIC's INTR rose */
	void (*nmi)(struct engine *en, unsigned vcpu);
	void (*init)(struct engine *en, unsigned vcpu);
	void (*sipi)(struct engine *en, unsigned vcpu, uint8_t vector);
	void (*modified)(struct engine *en, uint64_t first_gfn, uint64_t nr);
	/* Of a vCPU, or ENGINE_ALL: of all, and what is no single one's. They may run. */
	void (*stats)(struct engine *en, unsigned vcpu, struct engine_stats *s);
	/* No vCPU runs; copied. */
	void (*debug)(struct engine *en, const struct cpu_debug *d);
	/* What a debugger and tests look at; NULL: the engine has no such thing. */
	struct cpu *(*cpu)(struct engine *en, unsigned vcpu);
};
struct engine {
	const struct engine_ops *ops;
};

/* By name ("soft"), or NULL. */
const struct engine_ops *engine_find(const char *name);
#endif
