/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/desc.h: descriptors and stacks, as segment loads, far transfers, tasks and
 * event delivery share them.
 *
 * Spec: Intel SDM volume 3, chapters 3.4, 5.8, 6.12, 7.
 */
#ifndef HYPERVISOR_X86_DESC_H
#define HYPERVISOR_X86_DESC_H
#include "hypervisor/x86/sys.h"

enum { /* types of system descriptors; the 16-bit ones are these & ~8 */
       SYS_TSS16 = 1,
       SYS_LDT = 2,
       SYS_TSS16_BUSY = 3,
       SYS_CALL16 = 4,
       SYS_TASK_GATE = 5,
       SYS_INT16 = 6,
       SYS_TRAP16 = 7,
       SYS_TSS = 9,
       SYS_TSS_BUSY = 11,
       SYS_CALL = 12,
       SYS_INT = 14,
       SYS_TRAP = 15
};
enum { TYPE_ACCESSED = 1, TYPE_WRITE = 2, TYPE_CONFORM = 4, TYPE_CODE = 8, TYPE_BUSY = 2 };

/* What SYSCALL and its like make of CS and SS (with L or DB), and SYSRET's part of R11. */
enum { FLAT_CODE = SEG_P | SEG_S | SEG_G | 0xb, FLAT_DATA = SEG_P | SEG_S | SEG_G | 3 };
#define SYSRET_FLAGS (0x3c7fd7u & ~(uint32_t)(FL_RF | FL_VM))

struct desc {
	uint64_t at; /* linear, of the table's entry */
	uint32_t lo, hi;
	uint32_t high; /* system descriptors of long mode: bits 63:32 of base or offset */
};
static inline unsigned desc_type(const struct desc *d)
{
	return d->hi >> 8 & 0xf;
}
static inline unsigned desc_dpl(const struct desc *d)
{
	return d->hi >> 13 & 3;
}
static inline bool desc_present(const struct desc *d)
{
	return d->hi >> 15 & 1;
}
static inline bool desc_is_seg(const struct desc *d) /* code or data */
{
	return d->hi >> 12 & 1;
}
static inline bool desc_is_code(const struct desc *d)
{
	return (d->hi >> 11 & 3) == 3;
}
static inline bool desc_conforms(const struct desc *d) /* of code */
{
	return d->hi >> 10 & 1;
}
static inline bool desc_is_stack(const struct desc *d) /* writable data */
{
	return (d->hi >> 9 & 0xd) == 9;
}
static inline bool desc_is_long(const struct desc *d)
{
	return d->hi >> 21 & 1;
}
static inline uint32_t desc_limit(const struct desc *d)
{
	uint32_t limit = (d->lo & 0xffff) | (d->hi & 0xf0000);

	return d->hi >> 23 & 1 ? limit << 12 | 0xfff : limit;
}
/* Of a gate. */
static inline uint16_t gate_sel(const struct desc *d)
{
	return (uint16_t)(d->lo >> 16);
}
static inline uint64_t gate_off(const struct desc *d)
{
	return (d->lo & 0xffff) | (d->hi & 0xffff0000) | (uint64_t)d->high << 32;
}

/* False: not within its table. */
bool desc_fetch(struct cpu *c, uint16_t sel, struct desc *d);
/* … raises `vector` with the selector. */
void desc_get(struct cpu *c, uint16_t sel, struct desc *d, unsigned vector);
/* TSS, LDT, call gate: in long mode with its upper half. */
void desc_get_upper(struct cpu *c, uint16_t sel, struct desc *d, unsigned vector);
/* Sets or clears type bits in the table (accessed, busy). */
void desc_mark(struct cpu *c, struct desc *d, unsigned set, unsigned clear);
void desc_to_segment(struct segment *s, uint16_t sel, const struct desc *d);
_Noreturn void sel_fault(struct cpu *c, unsigned vector, uint16_t sel);

void seg_set_null(struct cpu *c, unsigned seg, uint16_t sel);
void seg_set_vm86(struct segment *s, uint16_t sel);
/* A code segment that was checked: accessed bit, cache, CPL, mode. */
void cs_enter(struct cpu *c, uint16_t sel, struct desc *d, unsigned cpl);
/* rip in the segment to be, #GP(0). */
void cs_check_rip(struct cpu *c, const struct desc *d, uint64_t rip);
/* Stack segment for a CPL to be; wrong: `vector` with the selector, #SS when not present. */
void ss_check(struct cpu *c, uint16_t sel, struct desc *d, unsigned cpl, unsigned vector);
void ss_enter(struct cpu *c, uint16_t sel, struct desc *d);
/* Data segments that the new, outer CPL may not use become null. */
void seg_drop_inner(struct cpu *c);

/* ---- a stack that is pushed to or popped from before it becomes, or while it is, SS:rSP ---- */
struct stack {
	struct segment ss;
	uint64_t sp, mask; /* of the bits of rSP that move */
	uint16_t error;    /* of its #SS */
	bool user, flat;   /* flat: 64-bit */
};
void stack_now(const struct cpu *c, struct stack *s);
void stack_as(const struct cpu *c, struct stack *s, bool flat); /* … as in another mode */
void stack_push(struct cpu *c, struct stack *s, unsigned size, uint64_t val);
uint64_t stack_pop(struct cpu *c, struct stack *s, unsigned size);
uint64_t stack_peek(struct cpu *c, struct stack *s, unsigned at, unsigned size);
void stack_drop(struct stack *s, uint64_t bytes);
/* rSP becomes s->sp as far as the mask goes. */
void stack_commit(struct cpu *c, const struct stack *s);
/* SS:rSP that the TSS has for the CPL; d: SS's descriptor (not in long mode). Faults are #TS. */
void stack_inner(struct cpu *c, struct stack *s, unsigned cpl, struct desc *d);
/* Accessed bits of both, ahead of what must not fail half-way. ss: NULL when not from a table. */
void desc_accessed(struct cpu *c, struct desc *cs, struct desc *ss);
/* The stack becomes SS:rSP. */
void stack_enter(struct cpu *c, struct stack *s, struct desc *d);

/* ---- between far.c, iret.c, exception.c, task.c ---- */
struct far_return {
	uint64_t rip, flags, sp;
	uint16_t cs, ss;
};
/* What RETF and IRET check of CS; then the ways out. st: what is left after the frame. */
void return_check(struct cpu *c, const struct far_return *r, struct desc *cs);
void return_outer(struct cpu *c, const struct far_return *r, struct desc *cs, unsigned drop,
		  unsigned opsize);
/* The task switch of an event (c->exc) through a task gate: pushes its error code in the new task.
 * flags: the old task's as saved. */
void task_event(struct cpu *c, uint16_t sel, uint64_t flags);
#endif
