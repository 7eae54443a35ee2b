/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/store/store_tree.h: the tree of a store. A tree is a root and a count; copies share
 * nodes, and a shared node is copied before it changes: a transaction's snapshot costs nothing
 * until somebody writes, and a change that fails half-way is undone by dropping the copy.
 *
 * Paths are absolute and legal (store_path.c). Functions that change a tree return 0 or -errno;
 * after -ENOMEM the tree is sound, but the change may be half done.
 */
#ifndef TOOLSTACK_STORE_STORE_TREE_H
#define TOOLSTACK_STORE_STORE_TREE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_PERMS_MAX 64

enum { STORE_READ = 1, STORE_WRITE = 2 };
struct store_perm {
	uint16_t domid;
	uint8_t access; /* of the first, the owner: what those not listed may do */
};

struct store_node {
	unsigned refs;
	uint64_t gen;      /* changed with existence, value and permissions … */
	uint64_t list_gen; /* … with the names of the children */
	char *name;
	uint8_t *value;
	size_t len;
	struct store_perm *perms;
	unsigned n_perms;          /* 1 at least */
	struct store_node **child; /* by name */
	unsigned n_child;
};

/* Where `key` is among n sorted things, or would be; cmp(key, i) is below 0 when thing i is before
 * it. False: it is not there. */
bool store_search(const void *key, unsigned n, int (*cmp)(const void *key, unsigned i),
		  unsigned *at);

struct store_tree {
	struct store_node *root;
	unsigned nodes, most; /* most: -ENOSPC above it */
	uint64_t *clock;      /* of gen and list_gen: never the same twice, whichever copy */
};

int store_tree_init(struct store_tree *t, unsigned most, uint64_t *clock);
struct store_tree store_tree_copy(const struct store_tree *t);
void store_tree_drop(struct store_tree *t); /* one not initialised is fine */

struct store_node *store_tree_find(const struct store_tree *t, const char *path); /* or NULL */
/* The node, or its nearest ancestor that exists. */
struct store_node *store_tree_nearest(const struct store_tree *t, const char *path);

/* Creates the node and its parents if need be: with the permissions of the nearest one, the owner
 * replaced by `owner` unless that is 0. value NULL: an existing node keeps its own. */
int store_tree_write(struct store_tree *t, const char *path, const void *value, size_t len,
		     unsigned owner);
int store_tree_set_perms(struct store_tree *t, const char *path, const struct store_perm *perms,
			 unsigned n);
/* With all below. -ENOENT when there is none, -EINVAL for the root. */
int store_tree_remove(struct store_tree *t, const char *path);
#endif
