/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store/store_tree.c: see store_tree.h. */
#include "toolstack/store/store_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- nodes */

static void drop(struct store_node *n)
{
	if (!n || --n->refs)
		return;
	for (unsigned i = 0; i < n->n_child; i++)
		drop(n->child[i]);
	free(n->child);
	free(n->perms);
	free(n->value);
	free(n->name);
	free(n);
}

static void *copy_of(const void *p, size_t len)
{
	void *copy = malloc(len + 1); /* so that nothing is not NULL */

	if (copy && len)
		memcpy(copy, p, len);
	return copy;
}

static struct store_node *node_new(const char *name, size_t name_len,
				   const struct store_perm *perms, unsigned n_perms)
{
	struct store_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->refs = 1;
	n->name = strndup(name, name_len);
	n->perms = copy_of(perms, n_perms * sizeof(*perms));
	n->n_perms = n_perms;
	n->value = copy_of("", 0);
	if (n->name && n->perms && n->value)
		return n;
	drop(n);
	return NULL;
}

static struct store_node *clone(const struct store_node *n)
{
	struct store_node *c = node_new(n->name, strlen(n->name), n->perms, n->n_perms);
	uint8_t *value = copy_of(n->value, n->len);
	struct store_node **child = copy_of(n->child, n->n_child * sizeof(*child));

	if (!c || !value || !child) {
		drop(c);
		free(value);
		free(child);
		return NULL;
	}
	free(c->value);
	c->value = value;
	c->len = n->len;
	c->child = child;
	c->n_child = n->n_child;
	c->gen = n->gen;
	c->list_gen = n->list_gen;
	for (unsigned i = 0; i < c->n_child; i++)
		c->child[i]->refs++;
	return c;
}

/* The node in that slot, for this tree alone. */
static struct store_node *own(struct store_node **slot)
{
	struct store_node *c;

	if ((*slot)->refs == 1)
		return *slot;
	c = clone(*slot);
	if (!c)
		return NULL;
	(*slot)->refs--;
	return *slot = c;
}

bool store_search(const void *key, unsigned n, int (*cmp)(const void *key, unsigned i),
		  unsigned *at)
{
	unsigned low = 0;

	while (low < n) {
		unsigned mid = low + (n - low) / 2;
		int order = cmp(key, mid);

		if (!order) {
			*at = mid;
			return true;
		}
		if (order < 0)
			low = mid + 1;
		else
			n = mid;
	}
	*at = low;
	return false;
}

struct child_key {
	const struct store_node *of;
	const char *name;
	size_t len;
};

static int child_order(const void *key, unsigned i)
{
	const struct child_key *k = key;
	const char *name = k->of->child[i]->name;
	int order = strncmp(name, k->name, k->len);

	return order ? order : name[k->len] != 0;
}

/* Where the child of that name is, or would be. */
static bool place(const struct store_node *n, const char *name, size_t len, unsigned *at)
{
	return store_search(&(struct child_key){n, name, len}, n->n_child, child_order, at);
}

static unsigned count(const struct store_node *n)
{
	unsigned sum = 1;

	for (unsigned i = 0; i < n->n_child; i++)
		sum += count(n->child[i]);
	return sum;
}

/* ---- walking */

/* The next part of a path: its length, 0 at the end; *path is moved to its begin. */
static size_t part(const char **path)
{
	while (**path == '/')
		++*path;
	return strcspn(*path, "/");
}

static struct store_node *walk(const struct store_tree *t, const char *path, bool nearest)
{
	struct store_node *n = t->root;
	size_t len;
	unsigned at;

	for (; (len = part(&path)); path += len) {
		if (!place(n, path, len, &at))
			return nearest ? n : NULL;
		n = n->child[at];
	}
	return n;
}

struct store_node *store_tree_find(const struct store_tree *t, const char *path)
{
	return walk(t, path, false);
}

struct store_node *store_tree_nearest(const struct store_tree *t, const char *path)
{
	return walk(t, path, true);
}

/* ---- life */

int store_tree_init(struct store_tree *t, unsigned most, uint64_t *clock)
{
	const struct store_perm nobody = {0, 0};

	*t = (struct store_tree){.nodes = 1, .most = most, .clock = clock};
	t->root = node_new("", 0, &nobody, 1);
	if (!t->root)
		return -ENOMEM;
	t->root->gen = t->root->list_gen = ++*clock;
	return 0;
}

struct store_tree store_tree_copy(const struct store_tree *t)
{
	t->root->refs++;
	return *t;
}

void store_tree_drop(struct store_tree *t)
{
	drop(t->root);
	t->root = NULL;
}

/* ---- changes */

static struct store_node *add_child(struct store_tree *t, struct store_node *n, unsigned at,
				    const char *name, size_t len, unsigned owner)
{
	struct store_node **grown = realloc(n->child, (n->n_child + 1) * sizeof(*grown)), *c;

	if (!grown)
		return NULL;
	n->child = grown;
	c = node_new(name, len, n->perms, n->n_perms);
	if (!c)
		return NULL;
	if (owner)
		c->perms[0].domid = (uint16_t)owner;
	memmove(grown + at + 1, grown + at, (n->n_child - at) * sizeof(*grown));
	grown[at] = c;
	n->n_child++;
	n->list_gen = ++*t->clock;
	c->gen = c->list_gen = ++*t->clock;
	t->nodes++;
	return c;
}

/* Down to the node, all on the way this tree's own. create: those that are not there. */
static int reach(struct store_tree *t, const char *path, bool create, unsigned owner,
		 struct store_node **found)
{
	struct store_node *n = own(&t->root);
	size_t len;
	unsigned at;

	for (; n && (len = part(&path)); path += len) {
		if (place(n, path, len, &at))
			n = own(&n->child[at]);
		else if (!create)
			return -ENOENT;
		else if (t->nodes >= t->most)
			return -ENOSPC;
		else
			n = add_child(t, n, at, path, len, owner);
	}
	*found = n;
	return n ? 0 : -ENOMEM;
}

int store_tree_write(struct store_tree *t, const char *path, const void *value, size_t len,
		     unsigned owner)
{
	struct store_node *n;
	uint8_t *copy;
	int rc = reach(t, path, true, owner, &n);

	if (rc || !value)
		return rc;
	copy = copy_of(value, len);
	if (!copy)
		return -ENOMEM;
	free(n->value);
	n->value = copy;
	n->len = len;
	n->gen = ++*t->clock;
	return 0;
}

int store_tree_set_perms(struct store_tree *t, const char *path, const struct store_perm *perms,
			 unsigned n_perms)
{
	struct store_node *n;
	struct store_perm *copy;
	int rc = reach(t, path, false, 0, &n);

	if (rc)
		return rc;
	copy = copy_of(perms, n_perms * sizeof(*perms));
	if (!copy)
		return -ENOMEM;
	free(n->perms);
	n->perms = copy;
	n->n_perms = n_perms;
	n->gen = ++*t->clock;
	return 0;
}

int store_tree_remove(struct store_tree *t, const char *path)
{
	const char *name = strrchr(path, '/');
	char *parent = strndup(path, (size_t)(name - path));
	struct store_node *n = NULL;
	unsigned at;
	int rc = parent ? 0 : -ENOMEM;

	if (!rc && !name[1])
		rc = -EINVAL;
	if (!rc)
		rc = reach(t, parent, false, 0, &n);
	free(parent);
	if (rc || !place(n, name + 1, strlen(name + 1), &at))
		return rc ? rc : -ENOENT;
	t->nodes -= count(n->child[at]);
	drop(n->child[at]);
	n->n_child--;
	memmove(n->child + at, n->child + at + 1, (n->n_child - at) * sizeof(*n->child));
	n->list_gen = ++*t->clock;
	return 0;
}
