/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/dev_private.h: what the dev_*.c files share with each other and nobody else. */
#ifndef BASE_DEV_PRIVATE_H
#define BASE_DEV_PRIVATE_H
#include "base/dev_owner.h"

struct arena;
struct arena *arena_new(struct err *e);
void arena_free(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); /* zeroed, 64-byte aligned; NULL = full */
void arena_release(struct arena *a, void *p, size_t size);

#define NO_ROW 0xffffu

/* Per class, made at the first device of it: which rows cover a byte of a region. */
struct class_index {
	uint16_t **first; /* [region][offset]: where in pool the candidates start */
	uint16_t *pool;   /* row numbers in table order, each run ended by NO_ROW; run 0 is empty */
	unsigned n_pool, n_timers;
};
const struct class_index *class_index_get(const struct dev_class *c);

struct timer_slot {
	struct timer timer;
	struct dev *dev;
	const struct row *row;
	unsigned index;
};
struct line_out {
	uint32_t counter;
	enum line_to to;
	unsigned pin;
};
struct shadow_range {
	uint64_t gpa, len;
	bool rd, wr;
};
#define SHADOW_RANGES 16

struct dev_private {
	struct dev *next;
	struct bus *bus;
	const struct class_index *ix;
	char addr[32];
	bool realized;
	unsigned depth; /* > 0: inside an access or event, settle waits for its end */
	struct line_out *lines;
	bool *inputs;
	struct window windows[DEV_WINDOWS];
	struct dev_ram rams[DEV_RAMS];
	struct shadow_range shadows[SHADOW_RANGES];
	unsigned n_shadows;
	int links[4]; /* last PIRQ routes told, -1 = none yet */
	int pm_place; /* last told: port, -1 = off; -2 = none yet */
	struct timer_slot *timers;
	bool *traced; /* per row; NULL = nothing is */
	unsigned long guest_errors;
};

#define for_each_row(r, c) for (const struct row *r = (c)->rows; r < (c)->rows + (c)->n_rows; r++)

/* A row's elements in a state image. */
static inline unsigned row_count(const struct row *r)
{
	return r->count ? r->count : 1;
}
static inline bool row_stored(const struct row *r)
{
	return r->off != COMPUTED;
}
uint64_t row_get(const void *state, const struct row *r, unsigned index);
void row_put(void *state, const struct row *r, unsigned index, uint64_t v);
/* Live bytes of a BUF row in that state image (its count when it has no length member). */
uint32_t row_live(const void *state, const struct row *r);
/* The row's own limits; relations between rows are class->valid's. */
bool row_legal(const struct row *r, uint64_t v);

void rows_to_reset(const struct dev_class *c, void *state, bool power_on);
void dev_enter(struct dev *d);
void dev_leave(struct dev *d);       /* settles at the outermost */
void dev_timers_sync(struct dev *d); /* host timers follow the deadlines in the state */

void dev_rams_free(struct dev *d); /* unmapped and given back */

void dev_trace_row(const struct dev *d, char op, const struct row *r, unsigned index, unsigned at,
		   uint64_t old, uint64_t val);
void dev_trace_attach(struct dev *d); /* gives a new device its share of the globs */
void dev_trace_detach(struct dev *d);
#endif
