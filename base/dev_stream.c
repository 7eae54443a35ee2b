/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/dev_stream.c: the state stream, written from and checked against the
 * rows. Format: docs/state-stream.md. A load is all or nothing: the whole
 * stream is parsed into images and judged before any device is touched.
 */
#include "base/dev_private.h"

#include <errno.h>
#include <stdlib.h>

static const char magic[8] = "HVMSTATE";
#define NS_MAX (1ll << 61) /* room to add a delay to any deadline */

uint32_t row_live(const void *state, const struct row *r)
{
	uint32_t n = r->count;

	if (r->live)
		memcpy(&n, (const char *)state + r->live - 1, sizeof(n));
	return MIN(n, r->count);
}

bool row_legal(const struct row *r, uint64_t v)
{
	uint64_t live = r->rw | r->w1c | r->hw;

	if (r->flags & ROW_TIMER)
		return v == ~0ull || v <= (uint64_t)NS_MAX;
	if (r->max)
		return v <= r->max;
	return (v & ~live) == (r->reset & ~live);
}

/* ---- saving ---- */

void dev_stream_free(struct dev_stream *s)
{
	free(s->data);
	*s = (struct dev_stream){0};
}

static void put(struct dev_stream *s, const void *p, size_t len)
{
	if (s->len + len > s->cap) {
		size_t cap = MAX(2 * s->cap, s->len + len + 4096);
		uint8_t *more = realloc(s->data, cap);
		if (!more) {
			s->oom = true;
			return;
		}
		s->data = more;
		s->cap = cap;
	}
	memcpy(s->data + s->len, p, len);
	s->len += len;
}

static void put_num(struct dev_stream *s, unsigned size, uint64_t v)
{
	uint8_t b[8];

	store_le(b, size, v);
	put(s, b, size);
}

static void put_name(struct dev_stream *s, const char *name)
{
	put_num(s, 1, strlen(name));
	put(s, name, strlen(name));
}

/* A record is type, length, payload: returns where the length goes. */
static size_t record_begin(struct dev_stream *s, char type)
{
	put(s, &type, 1);
	put_num(s, 4, 0);
	return s->len;
}

static void record_end(struct dev_stream *s, size_t start)
{
	if (!s->oom)
		store_le(s->data + start - 4, 4, s->len - start);
}

static void put_row(struct dev_stream *s, const struct dev *d, const struct row *r)
{
	uint32_t n = r->flags & ROW_BYTES ? row_live(d->state, r) : row_count(r);

	put_name(s, r->name);
	put_num(s, 1, r->size);
	put_num(s, 4, n);
	for (uint32_t i = 0; i < n; i++)
		put_num(s, r->size, row_get(d->state, r, i));
}

static void put_dev(struct dev_stream *s, const struct dev *d)
{
	size_t at = record_begin(s, 'D');
	char path[96];

	dev_path(d, path, sizeof(path));
	put_name(s, path);
	put_name(s, d->class->name);
	for_each_row(r, d->class)
		if (row_stored(r))
			put_row(s, d, r);
	record_end(s, at);
}

int dev_save_all(struct dev_env *const *envs, unsigned n, const char *machine, struct dev_stream *s,
		 struct err *e)
{
	size_t at;

	put(s, magic, sizeof(magic));
	put_num(s, 4, DEV_STREAM_VERSION);
	at = record_begin(s, 'M');
	put(s, machine, strlen(machine));
	record_end(s, at);
	at = record_begin(s, 'C');
	put_num(s, 8, (uint64_t)clock_now(envs[0]->clock));
	record_end(s, at);
	for (unsigned i = 0; i < n; i++)
		for_each_dev(d, envs[i])
			put_dev(s, d);
	record_end(s, record_begin(s, 'E'));
	return s->oom ? err_set(e, -ENOMEM, "no memory for the state stream") : 0;
}

int dev_save(struct dev_env *env, const char *machine, struct dev_stream *s, struct err *e)
{
	return dev_save_all(&env, 1, machine, s, e);
}

/* ---- loading: parse and judge ---- */

struct image { /* the state that a device would have */
	struct dev *dev;
	void *state;
	bool seen;
};
struct loader {
	const uint8_t *p, *end; /* of the record at hand */
	uint32_t version;
	unsigned next; /* number of the row that is likely to come */
	int64_t clock;
	struct image *images;
	unsigned n;
	struct err *e;
};

static int bad(struct loader *l, const char *what, const char *who)
{
	return err_set(l->e, -EINVAL, "state stream: %s%s%s", who, *who ? ": " : "", what);
}

static bool get_num(struct loader *l, unsigned size, uint64_t *v)
{
	if ((size_t)(l->end - l->p) < size)
		return false;
	*v = load_le(l->p, size);
	l->p += size;
	return true;
}

static bool get_name(struct loader *l, char name[256])
{
	uint64_t n;

	if (!get_num(l, 1, &n) || (size_t)(l->end - l->p) < n || memchr(l->p, 0, n))
		return false;
	memcpy(name, l->p, n);
	name[n] = 0;
	l->p += n;
	return true;
}

static bool row_is(const struct row *r, const char *name, uint32_t version)
{
	return row_stored(r) &&
	       (!strcmp(r->name, name) || (r->was && version < r->since && !strcmp(r->was, name)));
}

/* `from`: where it most likely is, for rows come in table order. */
static const struct row *row_named(const struct dev_class *c, unsigned from, const char *name,
				   uint32_t version)
{
	for (unsigned i = 0; i < c->n_rows; i++) {
		const struct row *r = &c->rows[(from + i) % c->n_rows];
		if (row_is(r, name, version))
			return r;
	}
	return NULL;
}

static int parse_elements(struct loader *l, struct image *im, const struct row *r, uint64_t n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t v = load_le(l->p, r->size);
		if (!row_legal(r, v))
			return bad(l, "a value that no guest can reach", r->name);
		row_put(im->state, r, i, v);
		l->p += r->size;
	}
	return 0;
}

#define UNSEEN ~0u /* else: how many elements came */

static int parse_row(struct loader *l, struct image *im, uint32_t *came)
{
	const struct dev_class *c = im->dev->class;
	const struct row *r;
	uint64_t size, n;
	char name[256];

	if (!get_name(l, name) || !get_num(l, 1, &size) || !get_num(l, 4, &n))
		return bad(l, "cut short", im->dev->id);
	r = row_named(c, l->next, name, l->version);
	if (!r)
		return bad(l, "unknown row", name);
	if (came[r - c->rows] != UNSEEN)
		return bad(l, "row given twice", name);
	if (size != r->size || (r->flags & ROW_BYTES ? n > r->count : n != row_count(r)))
		return bad(l, "wrong size or count", name);
	if ((uint64_t)(l->end - l->p) < n * size)
		return bad(l, "cut short", name);
	came[r - c->rows] = (uint32_t)n;
	l->next = (unsigned)(r - c->rows) + 1;
	return parse_elements(l, im, r, n);
}

static bool may_lack(const struct loader *l, const struct row *r)
{
	return !row_stored(r) || r->flags & ROW_OPTIONAL || r->since > l->version;
}

/* All rows came, a buffer with as many bytes as its length row says. */
static int judge_image(struct loader *l, struct image *im, const uint32_t *came)
{
	struct dev *d = im->dev;
	void *mine = d->state;
	bool ok;

	for_each_row(r, d->class) {
		uint32_t n = came[r - d->class->rows];
		if (n == UNSEEN && !may_lack(l, r))
			return bad(l, "row missing", r->name);
		if (n != UNSEEN && r->flags & ROW_BYTES && n != row_live(im->state, r))
			return bad(l, "length does not match its row", r->name);
	}
	d->state = im->state;
	ok = !d->class->valid || d->class->valid(d);
	d->state = mine;
	return ok ? 0 : bad(l, "rows contradict each other", d->id);
}

static struct image *image_of(struct loader *l, const char *path)
{
	char mine[96];

	for (unsigned i = 0; i < l->n; i++) {
		dev_path(l->images[i].dev, mine, sizeof(mine));
		if (!strcmp(mine, path))
			return &l->images[i];
	}
	return NULL;
}

static int parse_rows(struct loader *l, struct image *im)
{
	size_t bytes = (im->dev->class->n_rows + 1) * sizeof(uint32_t);
	uint32_t *came = malloc(bytes);
	int rc = came ? 0 : -ENOMEM;

	if (came)
		memset(came, 0xff, bytes);
	while (!rc && l->p < l->end)
		rc = parse_row(l, im, came);
	rc = rc ? rc : judge_image(l, im, came);
	free(came);
	return rc;
}

static int parse_dev(struct loader *l)
{
	char path[256], class[256];
	struct image *im;

	if (!get_name(l, path) || !get_name(l, class))
		return bad(l, "cut short", "device");
	im = image_of(l, path);
	if (!im || strcmp(im->dev->class->name, class))
		return bad(l, "no such device in this machine", path);
	if (im->seen)
		return bad(l, "device given twice", path);
	im->seen = true;
	l->next = 0;
	rows_to_reset(im->dev->class, im->state, true);
	return parse_rows(l, im);
}

static int parse_clock(struct loader *l)
{
	uint64_t v;

	if (!get_num(l, 8, &v) || l->p != l->end || v > (uint64_t)NS_MAX)
		return bad(l, "not a time", "clock");
	l->clock = (int64_t)v;
	return 0;
}

static int parse_machine(struct loader *l, const char *machine)
{
	size_t n = (size_t)(l->end - l->p);

	if (machine && (n != strlen(machine) || memcmp(machine, l->p, n)))
		return bad(l, "it was saved by another machine", "description");
	return 0;
}

static int parse_record(struct loader *l, char type, const char *machine)
{
	switch (type) {
	case 'M':
		return parse_machine(l, machine);
	case 'C':
		return parse_clock(l);
	case 'D':
		return parse_dev(l);
	case 'E':
		return l->p == l->end ? 0 : bad(l, "data in the end record", "");
	default:
		return bad(l, "unknown record", "");
	}
}

/* M, C, any number of D, E: in that order and nothing after. */
static bool record_in_order(unsigned n, char type, char last)
{
	if (n < 2)
		return type == "MC"[n];
	return last != 'E' && (type == 'D' || type == 'E');
}

static int parse_all(struct loader *l, const char *machine, const uint8_t *p, const uint8_t *end)
{
	char last = 0;
	int rc = 0;

	for (unsigned n = 0; p < end && !rc; n++) {
		uint64_t len = end - p >= 5 ? load_le(p + 1, 4) : ~0ull;
		if (end - p < 5 || len > (uint64_t)(end - p - 5))
			return bad(l, "cut short", "record");
		if (!record_in_order(n, (char)*p, last))
			return bad(l, "record out of place", "");
		last = (char)*p;
		l->p = p + 5;
		l->end = p = l->p + len;
		rc = parse_record(l, last, machine);
	}
	if (!rc && last != 'E')
		rc = bad(l, "no end record", "");
	for (unsigned i = 0; i < l->n && !rc; i++)
		if (!l->images[i].seen && l->images[i].dev->class->since <= l->version)
			rc = bad(l, "device missing", l->images[i].dev->id);
	return rc;
}

/* ---- loading: take over ---- */

static void commit(struct loader *l, struct dev_env *const *envs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		envs[i]->loading = true;
	for (unsigned i = 0; i < l->n; i++)
		dev_reset(l->images[i].dev, true); /* cancels what is in flight */
	for (unsigned i = 0; i < n; i++)
		clock_restore(envs[i]->clock, l->clock);
	for (unsigned i = 0; i < l->n; i++) {
		struct dev *d = l->images[i].dev;
		if (!l->images[i].seen)
			continue; /* younger than the stream: as after reset */
		memcpy(d->state, l->images[i].state, d->class->state_size);
		dev_timers_sync(d);
	}
	for (unsigned i = 0; i < l->n; i++)
		dev_settle(l->images[i].dev);
	for (unsigned i = 0; i < n; i++)
		envs[i]->loading = false;
	for (unsigned i = 0; i < l->n; i++)
		if (l->images[i].dev->class->resume) {
			dev_enter(l->images[i].dev);
			l->images[i].dev->class->resume(l->images[i].dev);
			dev_leave(l->images[i].dev);
		}
}

static int images_make(struct loader *l, struct dev_env *const *envs, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		for_each_dev(d, envs[i])
			count++;
	l->images = calloc(count + 1, sizeof(*l->images));
	if (!l->images)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		for_each_dev(d, envs[i]) {
			struct image *im = &l->images[l->n++];
			im->dev = d;
			im->state = calloc(1, d->class->state_size + 1);
			if (!im->state)
				return -ENOMEM;
		}
	return 0;
}

int dev_load_all(struct dev_env *const *envs, unsigned n, const char *machine, const uint8_t *data,
		 size_t len, struct err *e)
{
	struct loader l = {.e = e};
	int rc;

	if (len < 12 || memcmp(data, magic, 8))
		return bad(&l, "not a state stream", "");
	l.version = (uint32_t)load_le(data + 8, 4);
	if (!l.version || l.version > DEV_STREAM_VERSION)
		return err_set(e, -EINVAL, "state stream: version %u, this program reads 1 to %u",
			       l.version, DEV_STREAM_VERSION);
	rc = images_make(&l, envs, n);
	rc = rc ? rc : parse_all(&l, machine, data + 12, data + len);
	if (!rc)
		commit(&l, envs, n);
	for (unsigned i = 0; i < l.n; i++)
		free(l.images[i].state);
	free(l.images);
	return rc == -ENOMEM ? err_set(e, rc, "no memory to load the state") : rc;
}

int dev_load(struct dev_env *env, const char *machine, const uint8_t *data, size_t len,
	     struct err *e)
{
	return dev_load_all(&env, 1, machine, data, len, e);
}
