/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/store/store_txn.c: changes, at once or as a transaction's. A transaction works on a
 * copy of the tree and notes what it looked at and what it changed. At its end, if nothing that it
 * looked at has become another since it began, its changes are made again on the tree of all.
 */
#include "toolstack/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	char *path;
	bool list; /* the names of its children too */
};
struct noted {
	struct noted *next;
	struct store_change change; /* its path and data lie behind */
	char bytes[];
};
struct store_txn {
	struct store_txn *next;
	uint32_t id;
	struct store_tree base, tree; /* as it began; as it is for the client */
	struct seen *seen;            /* by path */
	unsigned n_seen, room, n_noted;
	struct noted *first, **last;
	size_t log;
};

/* ---- changes */

static int apply(struct store_tree *t, const struct store_change *c)
{
	switch (c->type) {
	case STORE_CHANGE_WRITE:
		return store_tree_write(t, c->path, c->data, c->len, c->owner);
	case STORE_CHANGE_MKDIR:
		return store_tree_write(t, c->path, NULL, 0, c->owner);
	case STORE_CHANGE_RM:
		return store_tree_remove(t, c->path);
	case STORE_CHANGE_PERMS:
		return store_tree_set_perms(t, c->path, c->data, (unsigned)c->len);
	}
	return -EINVAL;
}

static void fire(struct store *s, const struct store_change *c, const struct store_tree *old)
{
	store_watch_fire(s, c->path, c->type == STORE_CHANGE_RM ? old : NULL);
}

static int note(const struct store_limits *l, struct store_txn *x, const struct store_change *c)
{
	size_t path = strlen(c->path) + 1;
	size_t data = c->type == STORE_CHANGE_PERMS ? c->len * sizeof(struct store_perm) : c->len;
	struct noted *n;

	if (x->n_noted >= l->changes || path + data > l->log - x->log)
		return -ENOSPC;
	n = malloc(sizeof(*n) + path + data);
	if (!n)
		return -ENOMEM;
	n->next = NULL;
	n->change = *c;
	/* The permissions first: their place is aligned. */
	if (data)
		memcpy(n->bytes, c->data, data);
	memcpy(n->bytes + data, c->path, path);
	n->change.data = n->bytes;
	n->change.path = n->bytes + data;
	*x->last = n;
	x->last = &n->next;
	x->n_noted++;
	x->log += path + data;
	return 0;
}

int store_change(struct store *s, struct store_txn *x, const struct store_change *c)
{
	struct store_tree *t = x ? &x->tree : &s->tree, old = *t, new = store_tree_copy(t);
	int rc = apply(&new, c);

	if (!rc && x)
		rc = note(&s->limits, x, c);
	if (rc) {
		store_tree_drop(&new);
		return rc;
	}
	*t = new;
	if (!x)
		fire(s, c, &old);
	store_tree_drop(&old);
	return 0;
}

/* ---- what it has looked at */

struct seen_key {
	const struct store_txn *x;
	const char *path;
};

static int seen_order(const void *key, unsigned i)
{
	const struct seen_key *k = key;

	return strcmp(k->x->seen[i].path, k->path);
}

int store_txn_see(struct store *s, struct store_txn *x, const char *path, bool list)
{
	unsigned at;
	char *copy;

	if (!x)
		return 0;
	if (store_search(&(struct seen_key){x, path}, x->n_seen, seen_order, &at)) {
		x->seen[at].list |= list;
		return 0;
	}
	if (x->n_seen >= s->limits.changes)
		return -ENOSPC;
	if (x->n_seen == x->room) {
		struct seen *grown = realloc(x->seen, (2 * x->room + 8) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		x->seen = grown;
		x->room = 2 * x->room + 8;
	}
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	memmove(x->seen + at + 1, x->seen + at, (x->n_seen - at) * sizeof(*x->seen));
	x->seen[at] = (struct seen){copy, list};
	x->n_seen++;
	return 0;
}

static bool as_it_was(const struct store_tree *now, const struct store_tree *then,
		      const struct seen *seen)
{
	const struct store_node *a = store_tree_find(now, seen->path);
	const struct store_node *b = store_tree_find(then, seen->path);

	if (!a || !b)
		return a == b;
	return a->gen == b->gen && (!seen->list || a->list_gen == b->list_gen);
}

/* ---- life */

const struct store_tree *store_txn_tree(const struct store_txn *x)
{
	return &x->tree;
}

struct store_txn *store_txn_find(struct store_client *c, uint32_t id)
{
	struct store_txn *x = c->txns;

	while (x && x->id != id)
		x = x->next;
	return x;
}

int store_txn_start(struct store_client *c, uint32_t *id)
{
	struct store_txn *x;

	if (c->n_txns >= c->s->limits.transactions)
		return -ENOSPC;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	do
		*id = ++c->last_txn;
	while (!*id || store_txn_find(c, *id));
	x->id = *id;
	x->base = store_tree_copy(&c->s->tree);
	x->tree = store_tree_copy(&c->s->tree);
	x->last = &x->first;
	x->next = c->txns;
	c->txns = x;
	c->n_txns++;
	return 0;
}

static void txn_free(struct store_txn *x)
{
	for (unsigned i = 0; i < x->n_seen; i++)
		free(x->seen[i].path);
	free(x->seen);
	while (x->first) {
		struct noted *n = x->first;

		x->first = n->next;
		free(n);
	}
	store_tree_drop(&x->base);
	store_tree_drop(&x->tree);
	free(x);
}

/* All of it or, when one of them fails, none. */
static int commit(struct store *s, const struct store_txn *x)
{
	struct store_tree old = s->tree, new = store_tree_copy(&s->tree);
	int rc = 0;

	for (unsigned i = 0; i < x->n_seen; i++)
		if (!as_it_was(&s->tree, &x->base, &x->seen[i]))
			rc = -EAGAIN;
	for (const struct noted *n = x->first; n && !rc; n = n->next)
		rc = apply(&new, &n->change);
	if (rc) {
		store_tree_drop(&new);
		return rc;
	}
	s->tree = new;
	for (const struct noted *n = x->first; n; n = n->next)
		fire(s, &n->change, &old);
	store_tree_drop(&old);
	return 0;
}

int store_txn_end(struct store_client *c, struct store_txn *x, bool done)
{
	struct store_txn **at = &c->txns;
	int rc = done ? commit(c->s, x) : 0;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	c->n_txns--;
	txn_free(x);
	return rc;
}
