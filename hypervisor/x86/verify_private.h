/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/verify_private.h: between verify.c, which runs both sides,
 * verify_log.c, which undoes them, and verify_report.c, which says how they differ.
 */
#ifndef HYPERVISOR_X86_VERIFY_PRIVATE_H
#define HYPERVISOR_X86_VERIFY_PRIVATE_H
#include "hypervisor/x86/verify.h"

enum { LINE = 64 };

/* Memory that is written: some bytes of it as they were, and all as the side before left it. */
struct line {
	uint8_t *at, *flag; /* flag: of the page; NULL: it is not the guest's, and not compared */
	uint64_t gpa;
	uint64_t mask; /* bytes that were about to be written: bit n for the nth */
	uint32_t next; /* of the same hash: index + 1 */
	bool table;    /* of page tables */
	uint8_t was[LINE], other[LINE];
};
#define LINE_HEADS 4096u
struct verify_log {
	struct line *lines;
	unsigned n, max;
	uint32_t heads[LINE_HEADS]; /* index + 1 */
};

/* False: no memory, or too much is written. */
bool log_note(struct verify_log *l, uint8_t *p, unsigned len, uint64_t gpa, uint8_t *flag);
void log_table(struct verify_log *l, const uint8_t *p);       /* it is of page tables */
bool log_has(struct verify_log *l, uint8_t *p, unsigned len); /* by its first line */
void log_clear(struct verify_log *l);
void log_keep(struct verify_log *l); /* other: what is there now */
void log_undo(struct cpu *c, struct verify_log *l);
/* A line of the guest's that is not what the other side left; rest: in bytes that no note is of;
 * any_accessed: but for the accessed bits of page tables. */
const struct line *log_differs(const struct verify_log *l, bool rest, bool any_accessed);

enum verify_end { END_DONE, END_FAULT, END_OUTSIDE };
static inline const char *end_name(enum verify_end end)
{
	return end == END_DONE ? "ran" : end == END_FAULT ? "faulted" : "reached the outside world";
}

/* What a side leaves behind. */
struct outcome {
	struct cpu *state;
	enum verify_end end;
	uint64_t ran; /* instructions, by the plain handlers */
};

/* The guest's state, by rows; also what a difference is printed by. */
struct state_row {
	const char *name;
	uint16_t at, size, unit; /* printed as numbers of so many bytes */
};
extern const struct state_row state_rows[];
extern const unsigned state_rows_n;
/* Of flags those in mask alone; of the x87's pointers none when no_fpu_pointers. */
bool state_same(const struct cpu *a, const struct cpu *b, uint64_t mask, bool no_fpu_pointers);

struct verify {
	struct verify_log log;
	struct cpu *start;
	struct outcome first, second; /* first: copied; second.state is the vCPU itself */
	bool first_is_plain;
	uint64_t flags; /* that count */
	void (*differs)(void *arg, const char *text);
	void *arg;
};
/* Comes back only if somebody wants to be told. */
void verify_report(struct cpu *c, const struct verify_tier *t, const char *what);
#endif
