/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/toolstack/store_model.c: random requests of several clients, with transactions, to the
 * store and to a model that keeps whole copies: a list of paths with values, permissions and two
 * counters, searched from one end. Each answer and each event must be the model's.
 */
#include "base/util.h"
#include "tests/toolstack/store_talk.h"

#include <stdlib.h>
#include <xen/io/xs_wire.h>

#define NODES   200
#define EVENTS  64
#define WATCHES 4
#define TXNS    3
#define PATHS   (4 + 16 + 64)

struct entry {
	char path[24], value[12], perms[12];
	unsigned changed, listed; /* when: itself; the names below it */
};
struct world {
	struct entry e[NODES];
	unsigned n;
};
struct txn {
	bool open;
	uint32_t id;
	struct world base, now;
	bool seen[PATHS + 1], list[PATHS + 1]; /* of each path that there can be; the last: "/" */
	struct {
		unsigned type;
		char path[24], data[12];
	} log[NODES];
	unsigned n_log;
};
struct model {
	struct world w;
	unsigned clock;
	struct txn txn[2][TXNS];
	uint32_t ids[2];
	struct {
		char path[24], token[4];
	} watch[2][WATCHES]; /* "" = free */
	char events[2][EVENTS][40];
	unsigned n_events[2];
};

static uint32_t seed;

static unsigned rnd(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* ---- names: up to three parts of four each */

static void name_of(unsigned i, char path[24])
{
	if (i == PATHS)
		strcpy(path, "/");
	else if (i < 4)
		snprintf(path, 24, "/%c", 'a' + i);
	else if (i < 20)
		snprintf(path, 24, "/%c/%c", 'a' + (i - 4) / 4, 'a' + (i - 4) % 4);
	else
		snprintf(path, 24, "/%c/%c/%c", 'a' + (i - 20) / 16, 'a' + (i - 20) / 4 % 4,
			 'a' + (i - 20) % 4);
}

static unsigned index_of(const char *path)
{
	char text[24];

	for (unsigned i = 0; i <= PATHS; i++) {
		name_of(i, text);
		if (!strcmp(text, path))
			return i;
	}
	abort();
}

static void parent_of(const char *path, char parent[24])
{
	char *slash;

	strcpy(parent, path);
	slash = strrchr(parent, '/');
	slash[slash == parent] = 0;
}

static bool below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return !strcmp(top, "/") || (!strncmp(path, top, len) && (!path[len] || path[len] == '/'));
}

/* ---- the world */

static struct entry *find(struct world *w, const char *path)
{
	for (unsigned i = 0; i < w->n; i++)
		if (!strcmp(w->e[i].path, path))
			return &w->e[i];
	return NULL;
}

static struct entry *make(struct model *m, struct world *w, const char *path)
{
	struct entry *e = find(w, path), *above;
	char parent[24];

	if (e)
		return e;
	parent_of(path, parent);
	above = make(m, w, parent);
	above->listed = ++m->clock;
	MUST(w->n < NODES);
	e = &w->e[w->n++];
	*e = (struct entry){.changed = ++m->clock, .listed = m->clock};
	strcpy(e->path, path);
	strcpy(e->perms, above->perms);
	return e;
}

static void apply(struct model *m, struct world *w, unsigned type, const char *path,
		  const char *data)
{
	struct entry *e;
	char parent[24];

	if (type == XS_RM) {
		for (unsigned i = 0; i < w->n;)
			if (below(w->e[i].path, path))
				w->e[i] = w->e[--w->n];
			else
				i++;
		parent_of(path, parent);
		find(w, parent)->listed = ++m->clock;
		return;
	}
	e = make(m, w, path);
	if (type == XS_MKDIR)
		return;
	strcpy(type == XS_WRITE ? e->value : e->perms, data);
	e->changed = ++m->clock;
}

/* ---- events */

static void tell(struct model *m, unsigned who, const char *path, const char *token)
{
	MUST(m->n_events[who] < EVENTS);
	snprintf(m->events[who][m->n_events[who]++], 40, "%s|%s|", path, token);
}

static void fire(struct model *m, unsigned type, const char *path, struct world *old)
{
	for (unsigned who = 0; who < 2; who++)
		for (unsigned i = 0; i < WATCHES; i++) {
			const char *at = m->watch[who][i].path;

			if (*at && below(path, at) && find(type == XS_RM ? old : &m->w, path))
				tell(m, who, path, m->watch[who][i].token);
			else if (*at && type == XS_RM && below(at, path) && find(old, at))
				tell(m, who, at, m->watch[who][i].token);
		}
}

/* ---- requests: the answer as talk_hears has it */

static void see(struct txn *x, const char *path, bool list)
{
	if (x) {
		x->seen[index_of(path)] = true;
		x->list[index_of(path)] |= list;
	}
}

static void see_way(struct txn *x, struct world *w, const char *path)
{
	char parent[24];

	see(x, path, false);
	if (find(w, path))
		return;
	parent_of(path, parent);
	see_way(x, w, parent);
}

static void change(struct model *m, struct txn *x, unsigned type, const char *path,
		   const char *data)
{
	struct world old = m->w;

	apply(m, x ? &x->now : &m->w, type, path, data);
	if (!x) {
		fire(m, type, path, &old);
		return;
	}
	MUST(x->n_log < NODES);
	x->log[x->n_log].type = type;
	strcpy(x->log[x->n_log].path, path);
	strcpy(x->log[x->n_log++].data, data);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void list(struct world w, const char *path, char *answer)
{
	char parent[24];

	qsort(w.e, w.n, sizeof(w.e[0]), by_name);
	*answer = 0;
	for (unsigned i = 0; i < w.n; i++) {
		parent_of(w.e[i].path, parent);
		if (strcmp(w.e[i].path, "/") && !strcmp(parent, path))
			sprintf(answer + strlen(answer), "%s|", strrchr(w.e[i].path, '/') + 1);
	}
}

static void ask(struct model *m, struct txn *x, unsigned type, const char *path, const char *data,
		char *answer)
{
	struct world *w = x ? &x->now : &m->w;
	struct entry *e = find(w, path);
	char parent[24];

	strcpy(answer, "OK|");
	if (type == XS_WRITE || type == XS_MKDIR)
		see_way(x, w, path);
	else
		see(x, path, type == XS_DIRECTORY);
	if (type == XS_RM && !e) {
		parent_of(path, parent);
		see(x, parent, false);
		if (!find(w, parent))
			strcpy(answer, "!ENOENT");
	} else if (!e && type != XS_WRITE && type != XS_MKDIR) {
		strcpy(answer, "!ENOENT");
	} else if (type == XS_DIRECTORY) {
		list(*w, path, answer);
	} else if (type == XS_READ || type == XS_GET_PERMS) {
		sprintf(answer, "%s%s", type == XS_READ ? e->value : e->perms,
			type == XS_READ ? "" : "|");
	} else if (type != XS_MKDIR || !e) {
		change(m, x, type, path, data);
	}
}

static bool conflicts(struct model *m, struct txn *x)
{
	char path[24];

	for (unsigned i = 0; i <= PATHS; i++) {
		struct entry *a, *b;

		if (!x->seen[i])
			continue;
		name_of(i, path);
		a = find(&m->w, path);
		b = find(&x->base, path);
		if (!a != !b || (a && a->changed != b->changed) ||
		    (a && x->list[i] && a->listed != b->listed))
			return true;
	}
	return false;
}

static void end(struct model *m, struct txn *x, bool commit, char *answer)
{
	struct world old = m->w;

	x->open = false;
	strcpy(answer, "OK|");
	if (commit && conflicts(m, x)) {
		strcpy(answer, "!EAGAIN");
		return;
	}
	for (unsigned i = 0; commit && i < x->n_log; i++)
		apply(m, &m->w, x->log[i].type, x->log[i].path, x->log[i].data);
	for (unsigned i = 0; commit && i < x->n_log; i++)
		fire(m, x->log[i].type, x->log[i].path, &old);
}

/* ---- the two side by side */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* In which order several watches are told of one change is nobody's business. */
static void same_events(struct talk *t, struct model *m, unsigned who)
{
	char got[EVENTS + 1][40];
	unsigned n = 0;

	while (n <= EVENTS && talk_get(t, who, XS_WATCH_EVENT) >= 0) {
		for (size_t i = 0; i < t->len; i++)
			got[n][i] = t->text[i] ? t->text[i] : '|';
		got[n++][t->len] = 0;
	}
	qsort(got, n, sizeof(got[0]), by_text);
	qsort(m->events[who], m->n_events[who], sizeof(got[0]), by_text);
	EQ(m->n_events[who], n);
	for (unsigned i = 0; i < n && i < m->n_events[who]; i++)
		EQS(m->events[who][i], got[i]);
	m->n_events[who] = 0;
}

static void compare(struct talk *t, struct model *m, unsigned who, unsigned type, uint32_t id,
		    const char *text, size_t len, const char *answer)
{
	t->txn = id;
	NOTE("client %u, transaction %u: %u %s", who, id, type, text);
	talk_ask(t, who, type, 0, text, len);
	talk_hears(t, who, type, answer);
	same_events(t, m, 0);
	same_events(t, m, 1);
}

static void step_watch(struct talk *t, struct model *m, unsigned who)
{
	unsigned i = rnd(WATCHES);
	char text[64], path[24];
	bool add = !m->watch[who][i].path[0];
	int n;

	if (add) {
		name_of(rnd(PATHS + 1), path);
		strcpy(m->watch[who][i].path, path);
		sprintf(m->watch[who][i].token, "w%u", i);
		tell(m, who, path, m->watch[who][i].token);
	}
	n = snprintf(text, sizeof(text), "%s%c%s", m->watch[who][i].path, 0,
		     m->watch[who][i].token);
	if (!add)
		m->watch[who][i].path[0] = 0;
	compare(t, m, who, add ? XS_WATCH : XS_UNWATCH, 0, text, (size_t)n + 1, "OK|");
}

static void step_txn(struct talk *t, struct model *m, unsigned who, unsigned *conflicted)
{
	struct txn *x = &m->txn[who][rnd(TXNS)];
	bool commit = rnd(4);
	char answer[16];

	if (x->open) {
		end(m, x, commit, answer);
		*conflicted += answer[0] == '!';
		compare(t, m, who, XS_TRANSACTION_END, x->id, commit ? "T" : "F", 2, answer);
		return;
	}
	memset(x, 0, sizeof(*x));
	*x = (struct txn){.open = true, .id = ++m->ids[who]};
	x->base = x->now = m->w;
	sprintf(answer, "%u|", x->id);
	compare(t, m, who, XS_TRANSACTION_START, 0, "", 1, answer);
}

static void step_node(struct talk *t, struct model *m, unsigned who)
{
	static const unsigned types[] = {XS_READ,      XS_READ,     XS_WRITE, XS_WRITE,
					 XS_WRITE,     XS_MKDIR,    XS_RM,    XS_GET_PERMS,
					 XS_SET_PERMS, XS_DIRECTORY};
	struct txn *x = &m->txn[who][rnd(TXNS + 1) % TXNS];
	unsigned type = types[rnd(ARRAY_SIZE(types))];
	char path[24], data[12] = "", text[64], answer[512];
	int n;

	if (!x->open || x->n_log > NODES - 2 || !rnd(3))
		x = NULL;
	name_of(rnd(type == XS_RM ? PATHS : PATHS + 1), path);
	if (type == XS_WRITE)
		snprintf(data, sizeof(data), "%u", rnd(1000));
	else if (type == XS_SET_PERMS)
		snprintf(data, sizeof(data), "%c%u", "nrwb"[rnd(4)], rnd(9));
	ask(m, x, type, path, data, answer);
	n = snprintf(text, sizeof(text), "%s%c%s", path, 0, data);
	if (type == XS_SET_PERMS)
		n++;
	else if (type != XS_WRITE)
		n = (int)strlen(path) + 1;
	compare(t, m, who, type, x ? x->id : 0, text, (size_t)n, answer);
}

static struct model *model_new(struct talk *t)
{
	struct model *m = calloc(1, sizeof(*m));

	MUST(m);
	m->w.n = 1;
	strcpy(m->w.e[0].path, "/");
	strcpy(m->w.e[0].perms, "n0");
	talk_ask(t, 0, XS_RM, 0, "/tool", 6);
	talk_hears(t, 0, XS_RM, "OK|");
	return m;
}

static const char *const seeds[] = {"1", "2", "3", "4", "5"};

TEST_EACH(random_requests, ARRAY_SIZE(seeds), seeds[i])
{
	struct talk t = talk_new();
	struct model *m = model_new(&t);
	unsigned conflicted = 0;

	seed = i + 1;
	for (unsigned n = 0; n < 10000; n++) {
		unsigned who = rnd(2), what = rnd(20);

		if (what == 0)
			step_watch(&t, m, who);
		else if (what < 4)
			step_txn(&t, m, who, &conflicted);
		else
			step_node(&t, m, who);
	}
	CHECK(conflicted > 50);
	free(m);
	talk_free(&t);
}
