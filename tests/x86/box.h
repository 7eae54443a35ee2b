/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/x86/box.h: two vCPUs of one domain with all its interrupt controllers, on an
 * engine of their own, for programs that need both at once.
 */
#ifndef TESTS_X86_BOX_H
#define TESTS_X86_BOX_H
#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/engine.h"
#include "tests/x86/sys_rig.h"

#define BOX_GDT   0x1000
#define BOX_IDT   0x2000
#define BOX_AT(n) (0x8000 + 0x1000 * (n)) /* code of vCPU n */

struct box {
	struct domain *dom;
	struct engine *en;
	struct cpu *c[2];
	uint8_t *ram;
};

/* The first is in flat protected mode at its code, the second waits for its start. */
void box_new(struct box *b);
void box_new_on(struct box *b, struct clock *clock);
void box_free(struct box *b);
/* Flat 32-bit protected mode in ring 0, a stack of its own, the tables of both. */
void box_flat(struct cpu *c);
void box_put(struct box *b, uint32_t at, const uint8_t *start, const uint8_t *end);
#define PUT(b, at, name) box_put(b, at, name##_start, name##_end)
void box_gate(struct box *b, unsigned vector, uint32_t at);
uint32_t box_ram(struct box *b, uint32_t at);
/* Both at once, a thread each, until both halt. */
void box_run(struct box *b);
#endif
