/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store/store_private.h: what the files of the store share. */
#ifndef TOOLSTACK_STORE_STORE_PRIVATE_H
#define TOOLSTACK_STORE_STORE_PRIVATE_H
#include "toolstack/store/store.h"
#include "toolstack/store/store_tree.h"

#define STORE_PATH_MAX 3072 /* absolute, with its NUL */

struct store {
	struct store_tree tree;
	uint64_t clock;
	struct store_limits limits;
	struct store_client *clients;
	uint8_t introduced[65536 / 8]; /* a bit for each domain */
};

struct store_client {
	struct store *s;
	struct store_client *next, **link;
	unsigned domid;
	void (*wake)(void *arg);
	void *arg;
	struct store_watch *watches; /* the latest first */
	unsigned n_watches;
	struct store_txn *txns;
	unsigned n_txns;
	uint32_t last_txn;
	bool dead; /* to be hung up on */
	uint8_t in[STORE_HEADER + STORE_PAYLOAD];
	size_t in_len;
	uint8_t *out;
	size_t out_at, out_len, out_room; /* waiting: out_at … out_len */
};

/* ---- store_path.c */

/* Legal and absolute into `abs`; relative names lie below the client's domain. -EINVAL: neither. */
int store_path(const struct store_client *c, const char *path, char abs[STORE_PATH_MAX]);
bool store_path_below(const char *path, const char *top); /* or the same */
/* "r7" to a permission and back. */
int store_perm_parse(const char *text, struct store_perm *p);
void store_perm_print(const struct store_perm *p, char text[8]);
bool store_allowed(const struct store_client *c, const struct store_node *n, unsigned access);

/* ---- store_client.c: one message to it */
void store_client_say(struct store_client *c, uint32_t type, uint32_t req, uint32_t txn,
		      const void *payload, size_t n);

/* ---- store_ops.c: one request that has come whole */
struct store_request {
	struct store_client *c;
	uint32_t type, req, txn_id;
	const char *text; /* the payload, and a NUL that does not count */
	size_t len;
	struct store_txn *txn; /* NULL: none */
};
void store_ops_run(struct store_request *r);

/* ---- store_txn.c */

enum store_change_type {
	STORE_CHANGE_WRITE,
	STORE_CHANGE_MKDIR,
	STORE_CHANGE_RM,
	STORE_CHANGE_PERMS
};
struct store_change {
	enum store_change_type type;
	const char *path;
	const void *data; /* value or struct store_perm[] */
	size_t len;       /* bytes; of permissions: their number */
	unsigned owner;   /* of nodes that it creates; 0: as their parent's */
};
/* On the store, or in the transaction where it is noted for later. */
int store_change(struct store *s, struct store_txn *x, const struct store_change *c);

int store_txn_start(struct store_client *c, uint32_t *id);
struct store_txn *store_txn_find(struct store_client *c, uint32_t id); /* NULL: none */
/* It is gone either way. commit: -EAGAIN when what it saw has changed. */
int store_txn_end(struct store_client *c, struct store_txn *x, bool commit);
const struct store_tree *store_txn_tree(const struct store_txn *x);
/* It depends on the node (on its not being there) and, with list, on the names of its children. */
int store_txn_see(struct store *s, struct store_txn *x, const char *path, bool list);

/* ---- store_watch.c */

int store_watch_add(struct store_client *c, const char *path, const char *token);
int store_watch_remove(struct store_client *c, const char *path, const char *token);
void store_watch_clear(struct store_client *c);
void store_watch_first(struct store_client *c); /* the event that the latest one begins with */
/* The node has changed; old: the tree before, where it was removed, else NULL. */
void store_watch_fire(struct store *s, const char *path, const struct store_tree *old);
void store_watch_special(struct store *s, const char *name); /* "@introduceDomain" */
#endif
