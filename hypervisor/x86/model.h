/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/model.h: which processor a vCPU shows itself as. */
#ifndef HYPERVISOR_X86_MODEL_H
#define HYPERVISOR_X86_MODEL_H
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/feature.h"
#include "hypervisor/x86/insn.h"

struct cpu_model {
	char name[32];
	char vendor[13], brand[49];
	uint32_t version; /* leaf 1 EAX */
	uint8_t phys_bits, lin_bits;
	bool has[CPU_FEATURES];
};
static inline bool cpu_has(const struct cpu *c, enum cpu_feature f)
{
	return c->model->has[f];
}
static inline bool cpu_has_insn(const struct cpu *c, const struct insn *in)
{
	return !in->op->feature || cpu_has(c, in->op->feature);
}
/* MSRs that say what the model has, or are there for it. */
enum {
	MSR_SPEC_CTRL = 0x48,
	MSR_PRED_CMD = 0x49,
	MSR_ARCH_CAPABILITIES = 0x10a,
};
uint64_t model_arch_capabilities(const struct cpu_model *m);
/* The bits of IA32_SPEC_CTRL; 0: it is not there. */
uint64_t model_spec_ctrl(const struct cpu_model *m);
/* Reserved bits of control registers are those that no feature stands behind. */
uint64_t model_cr4(const struct cpu_model *m);
uint64_t model_efer(const struct cpu_model *m);
uint64_t model_xcr0(const struct cpu_model *m);
#endif
