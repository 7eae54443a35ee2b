/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/translate/translate.h: the translator as the rest of the engine
 * sees it. All of it is nothing for a vCPU of TIER_INTERP.
 */
#ifndef HYPERVISOR_X86_TRANSLATE_TRANSLATE_H
#define HYPERVISOR_X86_TRANSLATE_TRANSLATE_H
#include "hypervisor/x86/cpu.h"

struct err;

/* A vCPU's memory: what translated code pushes, struct cpu, what the translator adds. */
struct cpu *tr_cpu_alloc(void);
void tr_cpu_free(struct cpu *c); /* and its share of the translator; NULL is fine */
bool tr_attached(const struct cpu *c);
/* Makes it for these vCPUs, which share blocks from now on. */
int tr_attach(struct cpu **cpus, unsigned n, struct err *e);

/* ---- the MMU's ---- */
void tr_flush(struct cpu *c);       /* all of the TLB went */
void tr_new_context(struct cpu *c); /* what is not global is out of reach */
void tr_drop_page(struct cpu *c, uint64_t lin);

/* ---- code ---- */
/* HV_PAGE_CODE was set: no translated code may store there without asking. */
void tr_guard(struct cpu *c, uint64_t gfn);
/* The vCPU has no blocks left there: clears HV_PAGE_CODE, unless the translator has some. */
void tr_open_page(struct cpu *c, uint64_t gfn);
/* A vCPU wrote there. True: translated code is left in its pages. */
bool tr_written(struct cpu *c, uint64_t gpa, uint64_t len);
/* Any code may have changed. */
void tr_forget(struct cpu *c);
/* A device did; from any thread. */
void tr_device_wrote(struct cpu *any, uint64_t gpa, uint64_t len);
#endif
