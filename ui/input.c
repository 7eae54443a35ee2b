/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/input.c: from consoles to the guest's keyboards and pointers: who is active, what waits. */
#include "ui/input.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>

enum { KEY_QUEUE = 1024, POINT_QUEUE = 64 };

struct key_event {
	uint8_t code; /* KEY_NONE: nothing before `hold` ms have passed */
	bool down;
	uint16_t hold;
};

struct input {
	struct clock *clock;
	struct input_source *sources;
	struct input_device *devices; /* oldest first */
	unsigned indexes;             /* given so far */
	struct key_event keys[KEY_QUEUE];
	unsigned key_head, n_keys;
	struct input_motion points[POINT_QUEUE];
	unsigned point_head, n_points;
	struct input_source typist; /* input_type's keys */
	struct timer hold;
	bool delivering_keys, delivering_points;
	struct input_device *chosen;  /* by mouse_set */
	struct input_device *pressed; /* that has buttons down */
	unsigned leds;
	bool absolute;
};

static bool bit(const uint8_t *map, unsigned n)
{
	return map[n / 8] >> n % 8 & 1;
}

static void set_bit(uint8_t *map, unsigned n, bool on)
{
	map[n / 8] = (uint8_t)((map[n / 8] & ~(1u << n % 8)) | (unsigned)on << n % 8);
}

/* ---- who is active ---- */

static struct input_device *active_of(const struct input *in, enum input_kind kind)
{
	struct input_device *best = NULL;

	for (struct input_device *d = in->devices; d; d = d->next)
		if (d->kind == kind && d->ready)
			best = d;
	return best;
}

static struct input_device *active_keyboard(const struct input *in)
{
	return active_of(in, INPUT_KEYBOARD);
}

static struct input_device *active_pointer(const struct input *in)
{
	struct input_device *d = in->chosen;

	if (!d)
		d = active_of(in, INPUT_TABLET);
	return d ? d : active_of(in, INPUT_MOUSE);
}

/* Tells consoles what has changed: any of them, for they show it. */
static void tell(struct input *in)
{
	const struct input_device *k = active_keyboard(in), *p = active_pointer(in);
	unsigned leds = k ? k->leds : 0;
	bool absolute = p && p->kind == INPUT_TABLET, moved = absolute != in->absolute;
	bool lit = leds != in->leds;

	in->leds = leds;
	in->absolute = absolute;
	for (struct input_source *s = in->sources, *next; s; s = next) {
		next = s->next;
		if (lit && s->leds)
			s->leds(s->arg, leds);
		if (moved && s->absolute)
			s->absolute(s->arg, absolute);
	}
}

unsigned input_leds(const struct input *in)
{
	return in->leds;
}

bool input_has(const struct input *in, enum input_kind kind)
{
	for (const struct input_device *d = in->devices; d; d = d->next)
		if (d->kind == kind)
			return true;
	return false;
}

bool input_absolute(const struct input *in)
{
	return in->absolute;
}

/* ---- keys: to the device ---- */

static struct key_event *key_head(struct input *in)
{
	return &in->keys[in->key_head];
}

static void key_drop(struct input *in)
{
	in->key_head = (in->key_head + 1) % KEY_QUEUE;
	in->n_keys--;
}

/* Which keyboard an event is for: a key is lifted where it went down. */
static struct input_device *keyboard_for(struct input *in, const struct key_event *ev)
{
	struct input_device *has = NULL;

	for (struct input_device *d = in->devices; d; d = d->next)
		if (d->kind == INPUT_KEYBOARD && bit(d->sent, ev->code))
			has = d;
	if (ev->down)
		return has ? NULL : active_keyboard(in);
	return has;
}

/* false: it has to wait. One whose driver is gone does not hold up the others. */
static bool deliver_key(struct input *in, const struct key_event *ev)
{
	struct input_device *d = keyboard_for(in, ev);

	if (!d)
		return true;
	if (!d->key(d->arg, ev->code, ev->down) && d == active_keyboard(in))
		return false;
	set_bit(d->sent, ev->code, ev->down);
	return true;
}

static void deliver_keys(struct input *in)
{
	if (in->delivering_keys)
		return;
	in->delivering_keys = true;
	while (in->n_keys && in->hold.deadline < 0) {
		const struct key_event ev = *key_head(in);

		if (ev.code == KEY_NONE)
			timer_arm(in->clock, &in->hold, clock_now(in->clock) + ev.hold * NS_PER_MS);
		else if (!deliver_key(in, &ev))
			break;
		key_drop(in);
	}
	in->delivering_keys = false;
}

static void hold_over(void *arg)
{
	deliver_keys(arg);
}

static bool push_event(struct input *in, struct key_event ev)
{
	if (in->n_keys == KEY_QUEUE)
		return false;
	in->keys[(in->key_head + in->n_keys++) % KEY_QUEUE] = ev;
	return true;
}

/* The guest has not read for so long that what waits is of no use: it starts afresh with all keys
 * up. */
static void overflow(struct input *in)
{
	struct input_device *k = active_keyboard(in);

	in->n_keys = 0;
	for (struct input_device *d = in->devices; d; d = d->next)
		for (unsigned code = 1; code < KEY_CODES; code++)
			if (bit(d->sent, code))
				push_event(in, (struct key_event){.code = (uint8_t)code});
	for (struct input_source *s = in->sources; s; s = s->next)
		memset(s->down, 0, sizeof(s->down));
	if (k && k->lost)
		k->lost(k->arg);
}

static void push_key(struct input *in, unsigned code, bool down)
{
	struct key_event ev = {.code = (uint8_t)code, .down = down};

	if (!push_event(in, ev))
		overflow(in);
	deliver_keys(in);
}

/* ---- keys: from consoles ---- */

static bool held(const struct input *in, unsigned code)
{
	for (const struct input_source *s = in->sources; s; s = s->next)
		if (bit(s->down, code))
			return true;
	return false;
}

void input_key(struct input_source *s, unsigned code, bool down)
{
	bool was;

	if (!s->in || !key_find(code) || bit(s->down, code) == down)
		return;
	was = held(s->in, code);
	set_bit(s->down, code, down);
	if (held(s->in, code) != was)
		push_key(s->in, code, down);
}

int input_type(struct input *in, const uint8_t *codes, unsigned n, unsigned hold_ms)
{
	struct key_event pause = {.hold = (uint16_t)MIN(hold_ms, 60000)};

	if (4u * n + in->n_keys > KEY_QUEUE)
		return -ENOSPC;
	for (unsigned i = 0; i < 2 * n; i++) {
		unsigned code = i < n ? codes[i] : codes[2 * n - 1 - i];

		input_key(&in->typist, code, i < n);
		push_event(in, pause);
	}
	deliver_keys(in);
	return 0;
}

bool input_idle(const struct input *in)
{
	return !in->n_keys && in->hold.deadline < 0;
}

/* ---- pointers ---- */

static uint8_t all_buttons(const struct input *in)
{
	uint8_t buttons = 0;

	for (const struct input_source *s = in->sources; s; s = s->next)
		buttons |= s->buttons;
	return buttons;
}

/* Steps from a console while a tablet is active: a mouse takes them, when there is one. */
static void steps_to_mouse(struct input *in, struct input_motion *m)
{
	struct input_device *mouse = active_of(in, INPUT_MOUSE);
	struct input_motion steps = {.dx = m->dx, .dy = m->dy};

	if (mouse && (m->dx || m->dy))
		mouse->point(mouse->arg, &steps);
	m->dx = m->dy = 0;
}

static bool deliver_point(struct input *in, struct input_motion *m)
{
	static const struct input_motion none;
	struct input_device *p = active_pointer(in);

	if (in->pressed && in->pressed != p) {
		in->pressed->point(in->pressed->arg, &none);
		in->pressed = NULL;
	}
	if (!p)
		return true;
	if (p->kind == INPUT_TABLET && !m->abs)
		steps_to_mouse(in, m);
	if (!p->point(p->arg, m))
		return false;
	in->pressed = m->buttons ? p : NULL;
	return true;
}

static void deliver_points(struct input *in)
{
	if (in->delivering_points)
		return;
	in->delivering_points = true;
	while (in->n_points && deliver_point(in, &in->points[in->point_head])) {
		in->point_head = (in->point_head + 1) % POINT_QUEUE;
		in->n_points--;
	}
	in->delivering_points = false;
}

static int clamp(int64_t v, int most)
{
	return (int)MAX(MIN(v, most), -most);
}

/* What comes later than `to` and differs in motion only is one with it. */
static void merge(struct input_motion *to, const struct input_motion *m)
{
	to->dx = clamp((int64_t)to->dx + m->dx, 1 << 20);
	to->dy = clamp((int64_t)to->dy + m->dy, 1 << 20);
	to->wheel = clamp((int64_t)to->wheel + m->wheel, 1 << 10);
	to->pan = clamp((int64_t)to->pan + m->pan, 1 << 10);
	to->buttons = m->buttons;
	if (m->abs) {
		to->abs = true;
		to->x = m->x;
		to->y = m->y;
	}
}

/* Whatever a console says, a device gets numbers that it can add up. */
static struct input_motion sane(const struct input_motion *m)
{
	struct input_motion r = {.abs = m->abs, .buttons = m->buttons};

	merge(&r, m);
	r.x = MAX(0, MIN(r.x, INPUT_ABS_MAX));
	r.y = MAX(0, MIN(r.y, INPUT_ABS_MAX));
	return r;
}

void input_point(struct input_source *s, const struct input_motion *m)
{
	struct input *in = s->in;
	struct input_motion now, *last;

	if (!in)
		return;
	s->buttons = m->buttons & ((1 << INPUT_BUTTONS) - 1);
	now = sane(m);
	now.buttons = all_buttons(in);
	if (now.abs) {
		s->abs_x = now.x;
		s->abs_y = now.y;
	}
	last = &in->points[(in->point_head + in->n_points - 1) % POINT_QUEUE];
	/* The head may be with the device at this moment. */
	if (in->n_points > 1 && (last->buttons == now.buttons || in->n_points == POINT_QUEUE))
		merge(last, &now);
	else
		in->points[(in->point_head + in->n_points++) % POINT_QUEUE] = now;
	deliver_points(in);
}

static int scale(int p, unsigned w)
{
	if (w < 2)
		return 0;
	p = MAX(0, MIN(p, (int)w - 1));
	return (int)(((int64_t)p * INPUT_ABS_MAX + w - 2) / (w - 1));
}

void input_pixel(struct input_source *s, int px, int py, unsigned w, unsigned h,
		 struct input_motion *m)
{
	w = MIN(w, 1u << 14);
	h = MIN(h, 1u << 14);
	px = MAX(0, MIN(px, (int)w - 1));
	py = MAX(0, MIN(py, (int)h - 1));
	m->abs = true;
	m->x = scale(px, w);
	m->y = scale(py, h);
	m->dx = s->x < 0 ? 0 : px - s->x;
	m->dy = s->y < 0 ? 0 : py - s->y;
	s->x = px;
	s->y = py;
}

/* ---- sources ---- */

void input_join(struct input *in, struct input_source *s)
{
	s->in = in;
	s->next = in->sources;
	in->sources = s;
	s->x = s->y = -1;
	if (s->leds)
		s->leds(s->arg, in->leds);
	if (s->absolute)
		s->absolute(s->arg, in->absolute);
}

void input_let_go(struct input_source *s)
{
	static const struct input_motion none;

	for (unsigned code = 1; code < KEY_CODES; code++)
		if (bit(s->down, code))
			input_key(s, code, false);
	if (s->buttons)
		input_point(s, &none);
	s->x = s->y = -1;
}

void input_leave(struct input_source *s)
{
	struct input_source **at;

	if (!s->in)
		return;
	input_let_go(s);
	for (at = &s->in->sources; *at != s;)
		at = &(*at)->next;
	*at = s->next;
	s->in = NULL;
}

/* ---- devices ---- */

void input_attach(struct input *in, struct input_device *d)
{
	struct input_device **at;

	if (!in)
		return;
	for (at = &in->devices; *at;)
		at = &(*at)->next;
	*at = d;
	d->next = NULL;
	d->in = in;
	d->index = ++in->indexes;
}

void input_detach(struct input_device *d)
{
	struct input *in = d->in;
	struct input_device **at;

	if (!in)
		return;
	for (at = &in->devices; *at != d;)
		at = &(*at)->next;
	*at = d->next;
	if (in->chosen == d)
		in->chosen = NULL;
	if (in->pressed == d)
		in->pressed = NULL;
	d->in = NULL;
	tell(in);
}

void input_ready(struct input_device *d, bool ready)
{
	if (!d->in || d->ready == ready)
		return;
	d->ready = ready;
	tell(d->in);
}

void input_set_leds(struct input_device *d, unsigned leds)
{
	if (!d->in || d->leds == leds)
		return;
	d->leds = leds;
	tell(d->in);
}

void input_kick(struct input_device *d)
{
	if (!d->in)
		return;
	if (d->kind == INPUT_KEYBOARD)
		deliver_keys(d->in);
	else
		deliver_points(d->in);
}

void input_resume(struct input_device *d, const uint8_t *down)
{
	if (!d->in)
		return;
	memcpy(d->sent, down, sizeof(d->sent));
	for (unsigned code = 1; code < KEY_CODES; code++)
		if (bit(down, code) && !held(d->in, code))
			push_key(d->in, code, false);
}

/* ---- monitors ---- */

const struct input_device *input_mouse(const struct input *in, unsigned n)
{
	unsigned last = 0;

	for (const struct input_device *best = NULL, *d;; last = best->index) {
		best = NULL;
		for (d = in->devices; d; d = d->next)
			if (d->kind != INPUT_KEYBOARD && (!last || d->index < last))
				best = d;
		if (!best || !n--)
			return best;
	}
}

bool input_is_current(const struct input_device *d)
{
	return d->in && active_pointer(d->in) == d;
}

int input_mouse_set(struct input *in, unsigned index)
{
	for (struct input_device *d = in->devices; d; d = d->next)
		if (d->kind != INPUT_KEYBOARD && d->index == index) {
			in->chosen = d;
			tell(in);
			return 0;
		}
	return -ENOENT;
}

/* ---- life ---- */

struct input *input_new(struct clock *c)
{
	struct input *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->clock = c;
	in->hold = (struct timer){.deadline = -1, .fn = hold_over, .arg = in};
	input_join(in, &in->typist);
	return in;
}

void input_free(struct input *in)
{
	if (!in)
		return;
	timer_disarm(in->clock, &in->hold);
	for (struct input_source *s = in->sources; s; s = s->next)
		s->in = NULL;
	for (struct input_device *d = in->devices; d; d = d->next)
		d->in = NULL;
	free(in);
}

/* ---- for tests ---- */

static struct input_device *same_device(struct input *to, const struct input_device *d)
{
	struct input_device *t = to->devices;

	while (d && t && t->index != d->index)
		t = t->next;
	return d ? t : NULL;
}

void input_copy(struct input *to, const struct input *from)
{
	struct input_source *s = to->sources;

	memcpy(to->keys, from->keys, sizeof(to->keys));
	to->key_head = from->key_head;
	to->n_keys = from->n_keys;
	memcpy(to->points, from->points, sizeof(to->points));
	to->point_head = from->point_head;
	to->n_points = from->n_points;
	timer_arm(to->clock, &to->hold, from->hold.deadline);
	for (const struct input_source *f = from->sources; f && s; f = f->next, s = s->next) {
		memcpy(s->down, f->down, sizeof(s->down));
		s->buttons = f->buttons;
		s->x = f->x;
		s->abs_x = f->abs_x;
		s->abs_y = f->abs_y;
		s->y = f->y;
	}
	for (struct input_device *d = from->devices; d; d = d->next)
		if (same_device(to, d))
			memcpy(same_device(to, d)->sent, d->sent, sizeof(d->sent));
	to->chosen = same_device(to, from->chosen);
	to->pressed = same_device(to, from->pressed);
	tell(to);
}
