/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/smp.h: what the vCPUs of one domain want of each other: one that
 * must be alone (a LOCK that the host cannot do in one instruction), and the news
 * that code was written. All of it is nothing for a vCPU whose smp is NULL.
 */
#ifndef HYPERVISOR_X86_SMP_H
#define HYPERVISOR_X86_SMP_H
#include "hypervisor/x86/cpu.h"

struct err;

/* NULL and a sentence on failure. Takes the vCPUs (their smp) until it is freed. */
struct smp *smp_new(struct cpu **cpus, unsigned n, struct err *e);
void smp_free(struct smp *s);                      /* NULL is fine */
struct cpu **smp_cpus(struct smp *s, unsigned *n); /* all of them */

/* ---- being alone ---- */
/* Guest code runs between these two; enter waits while another vCPU is alone. */
void smp_enter(struct cpu *c);
void smp_leave(struct cpu *c);
/* From here to the end no other vCPU runs guest code; those inside the device lock go on. */
void smp_begin_alone(struct cpu *c);
void smp_end_alone(struct cpu *c); /* also when it is not */
void smp_yield(struct cpu *c);     /* ATT_YIELD */
/* The device lock, by a vCPU that runs guest code: while it waits for it, it does not. */
void smp_lock_domain(struct cpu *c);
void smp_unlock_domain(struct cpu *c);

/* ---- writes to code ---- */
/* Every other vCPU hears of the write, after the instruction that does it. */
void smp_written(struct cpu *c, uint64_t gpa, uint64_t len);
void smp_tell_written(struct cpu *c); /* at the next boundary: n_out is not 0 */
void smp_take_written(struct cpu *c); /* ATT_POSTS */
/* A device wrote there: all vCPUs hear of it. From any thread. */
void smp_device_wrote(struct smp *s, uint64_t gpa, uint64_t len);
/* Sets HV_PAGE_CODE and returns what there was: what other vCPUs stored to the page without a word
 * is seen now, and whoever stores to it from now on sees the flag. */
uint8_t smp_guard(const struct cpu *c, uint8_t *flag);
#endif
