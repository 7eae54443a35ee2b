/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/x86/plain.h: the plainest way to run guest code: each instruction fetched from
 * memory and decoded anew, no block kept, nothing remembered but the TLB. What the
 * engine's faster ways are compared with.
 */
#ifndef TESTS_X86_PLAIN_H
#define TESTS_X86_PLAIN_H
#include "hypervisor/x86/sys.h"

/* One instruction, or the delivery of its exception. Single step, breakpoints and interrupts are
 * not looked at. What was decoded is in *in; in->op is NULL when nothing was. */
void plain_step(struct cpu *c, struct insn *in);
#endif
