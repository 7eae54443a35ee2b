/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/dev.c: the life of a device: made, plugged, realized, reset, freed; its outputs. */
#include "base/dev_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* ---- the environment and its buses ---- */

int dev_env_init(struct dev_env *env, struct err *e)
{
	env->first = NULL;
	env->last = &env->first;
	env->buses = NULL;
	env->arena = arena_new(e);
	return env->arena ? 0 : -ENOMEM;
}

void dev_env_fini(struct dev_env *env)
{
	while (env->first) {
		struct dev *d = env->first;
		while (dev_next(d))
			d = dev_next(d);
		dev_free(d);
	}
	arena_free(env->arena);
	env->arena = NULL;
}

struct dev *dev_next(const struct dev *d)
{
	return d->p->next;
}

struct dev *dev_find(struct dev_env *env, const char *id)
{
	for_each_dev(d, env)
		if (!strcmp(d->id, id))
			return d;
	return NULL;
}

void bus_add(struct bus *b, const struct bus_type *type, struct dev *owner, const char *name)
{
	struct bus **at = &owner->env->buses;

	b->type = type;
	b->owner = owner;
	snprintf(b->name, sizeof(b->name), "%s", name);
	while (*at)
		at = &(*at)->next;
	b->next = NULL;
	*at = b;
}

void bus_remove(struct bus *b)
{
	if (!b->owner)
		return;
	for (struct bus **at = &b->owner->env->buses; *at; at = &(*at)->next)
		if (*at == b) {
			*at = b->next;
			return;
		}
}

struct bus *bus_find(struct dev_env *env, const char *name)
{
	for (struct bus *b = env->buses; b; b = b->next)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

struct bus *dev_bus(const struct dev *d)
{
	return d->p->bus;
}

/* ---- reset ---- */

void rows_to_reset(const struct dev_class *c, void *state, bool power_on)
{
	for_each_row(r, c) {
		if (!row_stored(r) || (r->flags & ROW_KEEP && !power_on))
			continue;
		if (r->flags & ROW_BYTES) {
			memset((char *)state + r->off, (int)r->reset, r->count);
			continue;
		}
		for (unsigned i = 0; i < row_count(r); i++)
			row_put(state, r, i, r->reset);
	}
}

void dev_reset(struct dev *d, bool power_on)
{
	dev_enter(d);
	rows_to_reset(d->class, d->state, power_on);
	if (d->class->reset)
		d->class->reset(d);
	dev_timers_sync(d);
	dev_leave(d);
}

/* ---- making and freeing ---- */

static void timer_slot_fired(void *arg)
{
	struct timer_slot *s = arg;
	struct dev *d = s->dev;

	row_put(d->state, s->row, s->index, ~0ull);
	dev_trace_row(d, 't', s->row, s->index, 0, (uint64_t)dev_now(d), ~0ull);
	dev_enter(d);
	s->row->fired(d, s->index);
	dev_leave(d);
}

static void timer_slots_make(struct dev *d)
{
	struct timer_slot *s = d->p->timers;

	for_each_row(r, d->class)
		for (unsigned i = 0; r->flags & ROW_TIMER && i < row_count(r); i++, s++) {
			*s = (struct timer_slot){.dev = d, .row = r, .index = i};
			s->timer.deadline = -1;
			s->timer.fn = timer_slot_fired;
			s->timer.arg = s;
		}
}

static int dev_alloc(struct dev *d, const char *id)
{
	const struct dev_class *c = d->class;
	struct dev_private *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	d->p = p;
	p->ix = class_index_get(c);
	memset(p->links, -1, sizeof(p->links));
	p->pm_place = -2;
	for (unsigned i = 0; i < DEV_WINDOWS; i++)
		p->windows[i].base = WINDOW_OFF;
	for (unsigned i = 0; i < DEV_RAMS; i++)
		p->rams[i].base = WINDOW_OFF;
	d->id = strdup(id);
	d->state = arena_alloc(d->env->arena, c->state_size);
	d->host = calloc(1, MAX(c->host_size, 1u));
	d->child = calloc(1, c->bus ? MAX(c->bus->child_size, 1u) : 1u);
	p->lines = calloc(MAX(c->n_lines, 1u), sizeof(*p->lines));
	p->inputs = calloc(MAX(c->n_inputs, 1u), sizeof(*p->inputs));
	p->timers = calloc(MAX(p->ix->n_timers, 1u), sizeof(*p->timers));
	if (!d->id || !d->state || !d->host || !d->child || !p->lines || !p->inputs || !p->timers)
		return -ENOMEM;
	timer_slots_make(d);
	return 0;
}

static int props_default(struct dev *d, const struct prop *props, unsigned n, struct err *e)
{
	for (unsigned i = 0; i < n; i++)
		if (props[i].def && dev_prop_set(d, props[i].name, props[i].def, e))
			return -EINVAL;
	return 0;
}

struct dev *dev_new(struct dev_env *env, const struct dev_class *c, const char *id, struct err *e)
{
	struct dev *d = calloc(1, sizeof(*d));
	int rc = -ENOMEM;

	if (!d)
		goto fail;
	d->class = c;
	d->env = env;
	rc = dev_alloc(d, id);
	if (!rc && c->bus)
		rc = props_default(d, c->bus->props, c->bus->n_props, e);
	if (!rc)
		rc = props_default(d, c->props, c->n_props, e);
	if (rc)
		goto fail;
	rows_to_reset(c, d->state, true);
	dev_trace_attach(d);
	return d;
fail:
	err_set(e, rc, "%s: no memory for the device", c->name);
	dev_free(d);
	return NULL;
}

/* The first bus of the type that takes it; the last refusal is the one to tell. */
static int plug_anywhere(struct dev *d, struct err *e)
{
	struct err last = {""};
	int rc = -ENODEV;

	for (struct bus *b = d->env->buses; b; b = b->next) {
		if (b->type != d->class->bus)
			continue;
		err_clear(&last);
		d->p->bus = b;
		rc = b->type->plug(b, d, &last);
		if (!rc)
			return 0;
	}
	d->p->bus = NULL;
	if (!last.msg[0])
		err_set(&last, rc, "no %s bus here", d->class->bus->name);
	return err_set(e, rc, "%s: %s", d->class->name, last.msg);
}

static int dev_plug(struct dev *d, struct bus *b, struct err *e)
{
	int rc;

	if (!d->class->bus)
		return b ? err_set(e, -EINVAL, "%s does not plug into a bus", d->class->name) : 0;
	if (!b)
		return plug_anywhere(d, e);
	if (b->type != d->class->bus)
		return err_set(e, -EINVAL, "%s needs a %s bus, %s is %s", d->class->name,
			       d->class->bus->name, b->name, b->type->name);
	d->p->bus = b;
	rc = b->type->plug(b, d, e);
	if (rc)
		d->p->bus = NULL;
	return rc;
}

int dev_realize(struct dev *d, struct bus *b, struct err *e)
{
	int rc;

	assert(!d->p->realized);
	rc = dev_plug(d, b, e);
	if (rc)
		return rc;
	dev_enter(d);
	rc = d->class->realize ? d->class->realize(d, e) : 0;
	d->p->depth--;
	if (rc)
		return rc; /* dev_free unrealizes and unplugs */
	d->p->realized = true;
	*d->env->last = d;
	d->env->last = &d->p->next;
	dev_reset(d, true);
	return 0;
}

bool dev_realized(const struct dev *d)
{
	return d->p->realized;
}

unsigned dev_nth(const struct dev *d)
{
	unsigned n = 0;

	for_each_dev(x, d->env)
		n += x != d && x->class == d->class && x->p->realized;
	return n;
}

static void dev_unlist(struct dev *d)
{
	struct dev_env *env = d->env;
	struct dev **at = &env->first;

	if (!d->p->realized)
		return;
	while (*at != d)
		at = &(*at)->p->next;
	*at = d->p->next;
	if (env->last == &d->p->next)
		env->last = at;
}

static void outputs_off(struct dev *d)
{
	for (unsigned i = 0; i < d->class->n_lines; i++)
		dev_line(d, i, false);
	for (unsigned i = 0; i < DEV_WINDOWS; i++)
		if (d->p->windows[i].base != WINDOW_OFF)
			dev_window(d, i, 0, 0, 0, SPACE_IO, WINDOW_OFF);
	dev_rams_free(d);
	for (unsigned i = 0; i < d->p->ix->n_timers; i++)
		timer_disarm(d->env->clock, &d->p->timers[i].timer);
}

static void backends_release(struct dev *d)
{
	const struct dev_class *c = d->class;

	for (unsigned i = 0; i < c->n_props; i++) {
		void **member = (void **)((char *)d->host + c->props[i].off);
		if (c->props[i].type == PROP_STR)
			free(*member);
		else if (c->props[i].type >= PROP_BLK && *member && d->env->ops->backend_release)
			d->env->ops->backend_release(d->env, d, c->props[i].type, *member);
	}
	for (unsigned i = 0; c->bus && i < c->bus->n_props; i++)
		if (c->bus->props[i].type == PROP_STR)
			free(*(char **)((char *)d->child + c->bus->props[i].off));
}

static bool dev_complete(const struct dev *d)
{
	return d->p && d->p->timers && d->p->lines && d->p->inputs && d->host && d->child &&
	       d->state;
}

void dev_free(struct dev *d)
{
	if (!d)
		return;
	dev_trace_detach(d);
	if (dev_complete(d)) {
		d->p->depth++; /* no settle any more */
		if (d->class->unrealize)
			d->class->unrealize(d);
		outputs_off(d);
		if (d->p->bus)
			d->p->bus->type->unplug(d->p->bus, d);
		dev_unlist(d);
		backends_release(d);
	}
	if (d->state)
		arena_release(d->env->arena, d->state, d->class->state_size);
	if (d->p)
		free(d->p->lines), free(d->p->inputs), free(d->p->timers), free(d->p->traced);
	free(d->p);
	free(d->host);
	free(d->child);
	free((char *)d->id);
	free(d);
}

void dev_set_address(struct dev *d, const char *addr)
{
	snprintf(d->p->addr, sizeof(d->p->addr), "%s", addr);
}

void dev_path(const struct dev *d, char *buf, size_t len)
{
	if (d->p->bus)
		snprintf(buf, len, "/%s/%s", d->p->bus->name, d->p->addr);
	else
		snprintf(buf, len, "/board/%s", d->id);
}

/* ---- time ---- */

int64_t dev_now(const struct dev *d)
{
	return clock_now(d->env->clock);
}

static struct timer_slot *slot_of(struct dev *d, const struct dev_timer *t)
{
	size_t off = (size_t)((const char *)t - (const char *)d->state);

	for (unsigned i = 0; i < d->p->ix->n_timers; i++) {
		struct timer_slot *s = &d->p->timers[i];
		if (s->row->off + (size_t)s->index * s->row->step == off)
			return s;
	}
	assert(!"timer without a row");
	return NULL;
}

void timer_set(struct dev *d, struct dev_timer *t, int64_t deadline)
{
	t->deadline = MAX(deadline, 0);
	timer_arm(d->env->clock, &slot_of(d, t)->timer, t->deadline);
}

void timer_cancel(struct dev *d, struct dev_timer *t)
{
	t->deadline = -1;
	timer_disarm(d->env->clock, &slot_of(d, t)->timer);
}

bool timer_pending(const struct dev_timer *t)
{
	return t->deadline >= 0;
}

void dev_timers_sync(struct dev *d)
{
	for (unsigned i = 0; i < d->p->ix->n_timers; i++) {
		struct timer_slot *s = &d->p->timers[i];
		timer_arm(d->env->clock, &s->timer, (int64_t)row_get(d->state, s->row, s->index));
	}
}

/* ---- outputs ---- */

static void line_step(struct dev *d, unsigned n, uint32_t by)
{
	struct line_out *l = &d->p->lines[n];
	uint32_t was = l->counter;

	assert(n < d->class->n_lines);
	l->counter += by;
	if (d->env->ops->line)
		d->env->ops->line(d->env, d, n, was, l->counter, d->env->loading);
}

void dev_line(struct dev *d, unsigned n, bool level)
{
	if ((d->p->lines[n].counter & 1) != level)
		line_step(d, n, 1);
}

void dev_pulse(struct dev *d, unsigned n)
{
	line_step(d, n, 2);
}

void dev_line_to(struct dev *d, unsigned n, enum line_to to, unsigned pin)
{
	assert(n < d->class->n_lines);
	d->p->lines[n].to = to;
	d->p->lines[n].pin = pin;
}

uint32_t dev_line_counter(const struct dev *d, unsigned n)
{
	return d->p->lines[n].counter;
}

void dev_line_target(const struct dev *d, unsigned n, enum line_to *to, unsigned *pin)
{
	*to = d->p->lines[n].to;
	*pin = d->p->lines[n].pin;
}

/* While a state is loaded, levels are taken over: the edge happened before it was saved. */
void dev_input(struct dev *d, unsigned pin, bool level)
{
	if (pin >= d->class->n_inputs || d->p->inputs[pin] == level)
		return;
	d->p->inputs[pin] = level;
	if (d->env->loading || !d->class->input)
		return;
	dev_enter(d);
	d->class->input(d, pin, level);
	dev_leave(d);
}

bool dev_input_level(const struct dev *d, unsigned pin)
{
	return pin < d->class->n_inputs && d->p->inputs[pin];
}

void dev_msi(struct dev *d, uint64_t addr, uint32_t data)
{
	if (d->env->ops->msi)
		d->env->ops->msi(d->env, d, addr, data);
}

void dev_window(struct dev *d, unsigned win, unsigned region, uint32_t off, uint32_t len,
		enum space space, uint64_t base)
{
	struct window *w = &d->p->windows[win];

	assert(win < DEV_WINDOWS);
	if (base == WINDOW_OFF && w->base == WINDOW_OFF)
		return;
	if (w->base == base && w->region == region && w->off == off && w->len == len &&
	    w->space == space)
		return;
	assert(base == WINDOW_OFF || (uint64_t)off + len <= d->class->regions[region].len);
	*w = (struct window){(uint8_t)region, (uint8_t)space, off, len, base};
	if (base == WINDOW_OFF)
		*w = (struct window){.base = WINDOW_OFF}; /* one way to be nowhere */
	if (d->env->ops->window)
		d->env->ops->window(d->env, d, win);
}

const struct window *dev_windows(const struct dev *d)
{
	return d->p->windows;
}

void dev_shadow(struct dev *d, uint64_t gpa, uint64_t len, bool rd, bool wr)
{
	struct shadow_range want = {gpa, len, rd, wr}, *s = d->p->shadows;
	unsigned i = 0;

	while (i < d->p->n_shadows && s[i].gpa != gpa)
		i++;
	assert(i < SHADOW_RANGES);
	if (i < d->p->n_shadows && s[i].len == len && s[i].rd == rd && s[i].wr == wr)
		return;
	if (i == d->p->n_shadows)
		d->p->n_shadows++;
	s[i] = want;
	if (d->env->ops->shadow)
		d->env->ops->shadow(d->env, gpa, len, rd, wr);
}

void dev_link_route(struct dev *d, unsigned link, unsigned irq)
{
	assert(link < ARRAY_SIZE(d->p->links));
	if (d->p->links[link] == (int)irq)
		return;
	d->p->links[link] = (int)irq;
	if (d->env->ops->link_route)
		d->env->ops->link_route(d->env, link, irq);
}

void dev_pm_place(struct dev *d, uint16_t base, bool on)
{
	int place = on ? base : -1;

	if (d->p->pm_place == place)
		return;
	d->p->pm_place = place;
	if (d->env->ops->pm_place)
		d->env->ops->pm_place(d->env, base, on);
}

void dev_request(struct dev *d, enum dev_request what, unsigned arg)
{
	if (d->env->ops->request)
		d->env->ops->request(d->env, d, what, arg);
}

void dev_guest_error(struct dev *d, const char *what)
{
	static const struct row none = {.name = "guest-error", .at = HIDDEN, .off = COMPUTED};
	struct row r = none;

	d->p->guest_errors++;
	d->env->guest_errors++;
	r.name = what;
	dev_trace_row(d, '!', d->p->traced ? &r : NULL, 0, 0, 0, 0);
}

unsigned long dev_guest_errors(const struct dev *d)
{
	return d->p->guest_errors;
}

/* ---- guest memory ---- */

void *dma_map(struct dev *d, uint64_t gpa, size_t *len, bool write)
{
	uint64_t end;

	if (!d->env->ops->dma_map || !*len || add_overflows(gpa, *len - 1, &end))
		return NULL;
	if (d->p->bus && d->p->bus->type->may_dma && !d->p->bus->type->may_dma(d))
		return NULL;
	return d->env->ops->dma_map(d->env, gpa, len, write);
}

void dma_unmap(struct dev *d, void *p, uint64_t gpa, size_t written)
{
	if (p && d->env->ops->dma_unmap)
		d->env->ops->dma_unmap(d->env, p, gpa, written);
}

#define PAGE 4096u
/* Goes over [gpa, gpa+len) in pieces that are contiguous in host memory, page by page where there
 * is no RAM. */
static int dma_copy(struct dev *d, uint64_t gpa, uint8_t *buf, size_t len, bool write)
{
	int rc = 0;

	for (size_t n; len; gpa += n, buf += n, len -= n) {
		n = len;
		uint8_t *p = dma_map(d, gpa, &n, write);
		if (!p) {
			n = MIN(len, PAGE - (size_t)(gpa & (PAGE - 1)));
			if (!write)
				memset(buf, 0xff, n);
			rc = -EFAULT;
			continue;
		}
		if (write)
			memcpy(p, buf, n);
		else
			memcpy(buf, p, n);
		dma_unmap(d, p, gpa, write ? n : 0);
	}
	return rc;
}

int dma_read(struct dev *d, uint64_t gpa, void *buf, size_t len)
{
	return dma_copy(d, gpa, buf, len, false);
}

int dma_write(struct dev *d, uint64_t gpa, const void *buf, size_t len)
{
	return dma_copy(d, gpa, (uint8_t *)buf, len, true);
}
