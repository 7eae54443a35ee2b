/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/dev_see.c: looking at devices: `info dev`, and trace lines chosen by globs at run time. */
#include "base/dev_private.h"
#include "base/log.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>

/* ---- info ---- */

static void info_bytes(const struct dev *d, const struct row *r, FILE *f)
{
	uint32_t live = row_live(d->state, r), shown = MIN(live, 32u);

	fprintf(f, "  %-24s %u of %u bytes", r->name, live, r->count);
	for (uint32_t i = 0; i < shown; i++)
		fprintf(f, "%s%02x", i ? " " : ": ", (unsigned)row_get(d->state, r, i));
	fprintf(f, "%s\n", shown < live ? " …" : "");
}

static void info_element(struct dev *d, const struct row *r, unsigned i, FILE *f)
{
	struct access a = {
		.region = r->region, .index = i, .size = r->size, .lanes = ones(r->size)};
	uint64_t v = row_get(d->state, r, i);

	if (r->read && r->flags & ROW_PURE)
		v = r->read(d, &a);
	if (r->flags & ROW_TIMER)
		fprintf(f, " %" PRId64, (int64_t)v);
	else
		fprintf(f, " %0*" PRIx64, 2 * r->size, v);
}

static void info_row(struct dev *d, const struct row *r, FILE *f)
{
	if (!row_stored(r) && (r->read || r->written) && !(r->flags & ROW_PURE))
		return; /* its read hook may change something */
	if (r->flags & ROW_BYTES) {
		info_bytes(d, r, f);
		return;
	}
	fprintf(f, "  %-24s", r->name);
	for (unsigned i = 0; i < MIN(row_count(r), 64u); i++)
		info_element(d, r, i, f);
	fprintf(f, "%s\n", row_count(r) > 64 ? " …" : "");
}

static void info_outputs(const struct dev *d, FILE *f)
{
	static const char *const spaces[] = {"io", "mem", "config", "bank"};
	const struct window *w = d->p->windows;

	for (unsigned i = 0; i < DEV_WINDOWS; i++)
		if (w[i].base != WINDOW_OFF)
			fprintf(f, "  window %-17u %s %" PRIx64 "-%" PRIx64 " %s+%x\n", i,
				spaces[w[i].space], w[i].base, w[i].base + w[i].len - 1,
				d->class->regions[w[i].region].name, w[i].off);
	for (unsigned i = 0; i < d->class->n_lines; i++)
		fprintf(f, "  line %-19u %s, %u changes\n", i,
			d->p->lines[i].counter & 1 ? "high" : "low", d->p->lines[i].counter);
	if (d->p->guest_errors)
		fprintf(f, "  guest errors             %lu\n", d->p->guest_errors);
}

void dev_info(struct dev *d, FILE *f)
{
	char path[96];

	dev_path(d, path, sizeof(path));
	fprintf(f, "%s (%s, %s)\n", d->id, d->class->name, path);
	for_each_row(r, d->class)
		info_row(d, r, f);
	info_outputs(d, f);
}

/* ---- trace ---- */

#define MAX_GLOBS 32
static struct {
	char text[64];
	bool minus;
} globs[MAX_GLOBS];
static unsigned n_globs;

/* Whoever asked for traces sees devices that exist already, too. */
#define MAX_TRACED 512
static struct dev *known[MAX_TRACED];
static unsigned n_known;

static bool wanted(const struct dev *d, const char *row)
{
	char by_id[160], by_class[160];
	bool on = false;

	snprintf(by_id, sizeof(by_id), "%s.%s", d->id, row);
	snprintf(by_class, sizeof(by_class), "%s.%s", d->class->name, row);
	for (unsigned i = 0; i < n_globs; i++)
		if (!fnmatch(globs[i].text, by_id, 0) || !fnmatch(globs[i].text, by_class, 0))
			on = !globs[i].minus;
	return on;
}

/* traced[n_rows] stands for bytes that no row claims, and for guest errors. */
static void choose(struct dev *d)
{
	unsigned n = d->class->n_rows;
	bool *t = n_globs ? calloc(n + 1, sizeof(*t)) : NULL;
	bool any = false;

	for (unsigned i = 0; t && i <= n; i++) {
		t[i] = wanted(d, i < n ? d->class->rows[i].name : "unclaimed");
		any |= t[i];
	}
	free(d->p->traced);
	d->p->traced = any ? t : NULL;
	if (!any)
		free(t);
}

void dev_trace_attach(struct dev *d)
{
	if (n_known < MAX_TRACED)
		known[n_known++] = d;
	choose(d);
}

void dev_trace_detach(struct dev *d)
{
	for (unsigned i = 0; i < n_known; i++)
		if (known[i] == d) {
			known[i] = known[--n_known];
			return;
		}
}

static int glob_add(const char *s, size_t len, struct err *e)
{
	bool minus = *s == '-';

	s += minus;
	len -= minus;
	if (!len || len >= sizeof(globs[0].text) || n_globs == MAX_GLOBS)
		return err_set(e, -EINVAL,
			       "trace: '%.*s' is empty, too long, or one glob too many (%d)",
			       (int)len, s, MAX_GLOBS);
	memcpy(globs[n_globs].text, s, len);
	globs[n_globs].text[len] = 0;
	globs[n_globs++].minus = minus;
	return 0;
}

int dev_trace_set(const char *text, struct err *e)
{
	int rc = 0;

	n_globs = 0;
	for (const char *s = text ? text : ""; *s && !rc; s += *s == ',') {
		size_t len = strcspn(s, ",");
		rc = glob_add(s, len, e);
		s += len;
	}
	if (rc)
		n_globs = 0;
	for (unsigned i = 0; i < n_known; i++)
		choose(known[i]);
	return rc;
}

void dev_trace_row(const struct dev *d, char op, const struct row *r, unsigned index, unsigned at,
		   uint64_t old, uint64_t val)
{
	const struct row *rows = d->class->rows;
	unsigned n =
		r >= rows && r < rows + d->class->n_rows ? (unsigned)(r - rows) : d->class->n_rows;
	char element[16] = "";

	if (!d->p->traced || !d->p->traced[n])
		return;
	if (r && row_count(r) > 1)
		snprintf(element, sizeof(element), "[%u]", index);
	log_trace("%" PRId64 " %s.%s%s %c +%x %" PRIx64 " -> %" PRIx64, dev_now(d), d->id,
		  r ? r->name : "unclaimed", element, op, at, old, val);
}
