/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store/store_ops.c: the requests, one function for each, behind a table. */
#include "toolstack/store/store_private.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <xen/io/xs_wire.h>

#define WORDS_MAX 3

/* ---- answers */

static void answer(const struct store_request *r, const void *payload, size_t n)
{
	store_client_say(r->c, r->type, r->req, r->txn_id, payload, n);
}

static int answer_text(const struct store_request *r, const char *text)
{
	answer(r, text, strlen(text) + 1);
	return 0;
}

/* It goes before the events of a change; a change that fails has none. */
static void take_back_ok(const struct store_request *r)
{
	if (!r->c->dead)
		r->c->out_len -= STORE_HEADER + sizeof("OK");
}

static void answer_error(const struct store_request *r, int error)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{EINVAL, "EINVAL"}, {EACCES, "EACCES"}, {EEXIST, "EEXIST"}, {ENOENT, "ENOENT"},
		{ENOMEM, "ENOMEM"}, {ENOSPC, "ENOSPC"}, {ENOSYS, "ENOSYS"}, {EBUSY, "EBUSY"},
		{EAGAIN, "EAGAIN"}, {E2BIG, "E2BIG"},
	};
	const char *name = "EIO";

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].number == error)
			name = names[i].name;
	store_client_say(r->c, XS_ERROR, r->req, r->txn_id, name, strlen(name) + 1);
}

/* ---- what is asked */

/* Exactly n strings, each with its NUL. */
static int words(const struct store_request *r, unsigned n, const char *word[WORDS_MAX])
{
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		if (at >= r->len)
			return -EINVAL;
		word[i] = r->text + at;
		at += strlen(word[i]) + 1;
	}
	return at == r->len ? 0 : -EINVAL;
}

static int one_path(const struct store_request *r, char path[STORE_PATH_MAX])
{
	const char *word[WORDS_MAX];

	return words(r, 1, word) ? -EINVAL : store_path(r->c, word[0], path);
}

static int number(const char *text, unsigned long most, unsigned long *v)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*v = strtoul(text, &end, 10);
	return *end || errno || *v > most ? -EINVAL : 0;
}

static const struct store_tree *tree(const struct store_request *r)
{
	return r->txn ? store_txn_tree(r->txn) : &r->c->s->tree;
}

/* The node, if it is there and the client may. */
static int look_up(const struct store_request *r, const char *path, unsigned access, bool list,
		   struct store_node **node)
{
	const struct store_node *near = store_tree_nearest(tree(r), path);
	int rc = store_txn_see(r->c->s, r->txn, path, list);

	*node = store_tree_find(tree(r), path);
	if (rc)
		return rc;
	if (*node)
		return store_allowed(r->c, *node, access) ? 0 : -EACCES;
	return store_allowed(r->c, near, STORE_READ) ? -ENOENT : -EACCES;
}

/* ---- reading */

static int do_read(struct store_request *r)
{
	char path[STORE_PATH_MAX];
	struct store_node *n;
	int rc = one_path(r, path);

	if (!rc)
		rc = look_up(r, path, STORE_READ, false, &n);
	if (!rc)
		answer(r, n->value, n->len);
	return rc;
}

static int do_directory(struct store_request *r)
{
	char path[STORE_PATH_MAX], text[STORE_PAYLOAD];
	struct store_node *n;
	size_t at = 0;
	int rc = one_path(r, path);

	if (!rc)
		rc = look_up(r, path, STORE_READ, true, &n);
	for (unsigned i = 0; !rc && i < n->n_child; i++) {
		size_t len = strlen(n->child[i]->name) + 1;

		if (len > sizeof(text) - at)
			return -E2BIG;
		memcpy(text + at, n->child[i]->name, len);
		at += len;
	}
	if (!rc)
		answer(r, text, at);
	return rc;
}

/* Whole names from that offset in the list of all; a last NUL when these are the last. */
static size_t names_from(const struct store_node *n, size_t offset, char *text, size_t room)
{
	size_t at = 0, used = 0;

	for (unsigned i = 0; i < n->n_child; i++) {
		size_t len = strlen(n->child[i]->name) + 1,
		       skip = MIN(offset - MIN(at, offset), len);

		at += len;
		if (len - skip > room - used)
			return used;
		memcpy(text + used, n->child[i]->name + skip, len - skip);
		used += len - skip;
	}
	if (used < room)
		text[used++] = 0;
	return used;
}

static int do_directory_part(struct store_request *r)
{
	char path[STORE_PATH_MAX], text[STORE_PAYLOAD];
	const char *word[WORDS_MAX];
	struct store_node *n;
	unsigned long offset;
	size_t at;
	int rc;

	if (words(r, 2, word) || store_path(r->c, word[0], path) ||
	    number(word[1], UINT32_MAX, &offset))
		return -EINVAL;
	rc = look_up(r, path, STORE_READ, true, &n);
	if (rc)
		return rc;
	at = (size_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)n->list_gen) + 1;
	at += names_from(n, offset, text + at, sizeof(text) - at);
	answer(r, text, at);
	return 0;
}

static int do_get_perms(struct store_request *r)
{
	char path[STORE_PATH_MAX], text[STORE_PERMS_MAX * 8];
	struct store_node *n;
	size_t at = 0;
	int rc = one_path(r, path);

	if (!rc)
		rc = look_up(r, path, STORE_READ, false, &n);
	for (unsigned i = 0; !rc && i < n->n_perms; i++) {
		store_perm_print(&n->perms[i], text + at);
		at += strlen(text + at) + 1;
	}
	if (!rc)
		answer(r, text, at);
	return rc;
}

/* ---- changing */

/* May it be made or changed? Depends on the node and on the nearest above it, and on nothing being
 * between the two. */
static int may_create(const struct store_request *r, const char *path, bool *exists)
{
	const struct store_node *near = store_tree_nearest(tree(r), path);
	char above[STORE_PATH_MAX];
	int rc = store_txn_see(r->c->s, r->txn, path, false);

	*exists = store_tree_find(tree(r), path) != NULL;
	strcpy(above, path);
	for (bool found = *exists; !rc && !found;) {
		char *slash = strrchr(above, '/');

		slash[slash == above] = 0;
		found = store_tree_find(tree(r), above) != NULL;
		rc = store_txn_see(r->c->s, r->txn, above, false);
	}
	if (rc)
		return rc;
	return store_allowed(r->c, near, STORE_WRITE) ? 0 : -EACCES;
}

static int change(struct store_request *r, struct store_change *c)
{
	int rc;

	c->owner = r->c->domid;
	answer_text(r, "OK");
	rc = store_change(r->c->s, r->txn, c);
	if (rc)
		take_back_ok(r);
	return rc;
}

static int do_write(struct store_request *r)
{
	const char *end = memchr(r->text, 0, r->len);
	char path[STORE_PATH_MAX];
	struct store_change c = {.type = STORE_CHANGE_WRITE, .path = path};
	bool exists;
	int rc;

	if (!end || store_path(r->c, r->text, path))
		return -EINVAL;
	c.data = end + 1;
	c.len = r->len - (size_t)(end + 1 - r->text);
	rc = may_create(r, path, &exists);
	return rc ? rc : change(r, &c);
}

static int do_mkdir(struct store_request *r)
{
	char path[STORE_PATH_MAX];
	struct store_change c = {.type = STORE_CHANGE_MKDIR, .path = path};
	bool exists;
	int rc = one_path(r, path);

	if (!rc)
		rc = may_create(r, path, &exists);
	if (!rc && exists)
		return answer_text(r, "OK");
	return rc ? rc : change(r, &c);
}

/* What is not there is gone, if at least its parent is there. */
static int remove_nothing(struct store_request *r, char *path)
{
	char *slash = strrchr(path, '/');
	struct store_node *n;
	int rc;

	slash[slash == path] = 0;
	rc = look_up(r, path, STORE_WRITE, false, &n);
	return rc ? rc : answer_text(r, "OK");
}

static int do_rm(struct store_request *r)
{
	char path[STORE_PATH_MAX];
	struct store_change c = {.type = STORE_CHANGE_RM, .path = path};
	struct store_node *n;
	int rc = one_path(r, path);

	if (!rc)
		rc = look_up(r, path, STORE_WRITE, false, &n);
	if (rc == -ENOENT)
		return remove_nothing(r, path);
	return rc ? rc : change(r, &c);
}

static int do_set_perms(struct store_request *r)
{
	struct store_perm perms[STORE_PERMS_MAX];
	char path[STORE_PATH_MAX];
	struct store_change c = {.type = STORE_CHANGE_PERMS, .path = path, .data = perms};
	struct store_node *n;
	size_t at = strlen(r->text) + 1;
	int rc;

	if (!r->len || r->text[r->len - 1] || store_path(r->c, r->text, path))
		return -EINVAL;
	for (; at < r->len; at += strlen(r->text + at) + 1)
		if (c.len == STORE_PERMS_MAX || store_perm_parse(r->text + at, &perms[c.len++]))
			return -EINVAL;
	if (!c.len)
		return -EINVAL;
	rc = look_up(r, path, STORE_WRITE, false, &n);
	if (!rc && r->c->domid &&
	    (n->perms[0].domid != r->c->domid || perms[0].domid != r->c->domid))
		rc = -EACCES; /* it is not its own, or it would give it away */
	return rc ? rc : change(r, &c);
}

/* ---- watches */

static int do_watch(struct store_request *r)
{
	const char *word[WORDS_MAX];
	int rc = words(r, 2, word);

	if (!rc)
		rc = store_watch_add(r->c, word[0], word[1]);
	if (rc)
		return rc;
	answer_text(r, "OK");
	store_watch_first(r->c);
	return 0;
}

static int do_unwatch(struct store_request *r)
{
	const char *word[WORDS_MAX];
	int rc = words(r, 2, word);

	if (!rc)
		rc = store_watch_remove(r->c, word[0], word[1]);
	return rc ? rc : answer_text(r, "OK");
}

static int do_reset_watches(struct store_request *r)
{
	store_watch_clear(r->c);
	return answer_text(r, "OK");
}

/* ---- transactions */

static int do_start(struct store_request *r)
{
	char text[16];
	uint32_t id;
	int rc;

	if (r->txn)
		return -EBUSY;
	rc = store_txn_start(r->c, &id);
	if (rc)
		return rc;
	snprintf(text, sizeof(text), "%u", id);
	return answer_text(r, text);
}

static int do_end(struct store_request *r)
{
	const char *word[WORDS_MAX];
	int rc;

	if (words(r, 1, word) || (strcmp(word[0], "T") && strcmp(word[0], "F")))
		return -EINVAL;
	if (!r->txn)
		return -ENOENT;
	answer_text(r, "OK");
	rc = store_txn_end(r->c, r->txn, word[0][0] == 'T');
	if (rc)
		take_back_ok(r);
	return rc;
}

/* ---- domains */

static int one_domain(const struct store_request *r, unsigned n, unsigned long *domid)
{
	const char *word[WORDS_MAX];

	if (words(r, n, word) || number(word[0], 0xffff, domid))
		return -EINVAL;
	return 0;
}

static bool introduced(const struct store *s, unsigned long domid)
{
	return !domid || s->introduced[domid / 8] >> domid % 8 & 1;
}

static int do_domain_path(struct store_request *r)
{
	unsigned long domid;
	char text[32];

	if (one_domain(r, 1, &domid))
		return -EINVAL;
	snprintf(text, sizeof(text), "/local/domain/%lu", domid);
	return answer_text(r, text);
}

static int do_is_introduced(struct store_request *r)
{
	unsigned long domid;

	if (one_domain(r, 1, &domid))
		return -EINVAL;
	return answer_text(r, introduced(r->c->s, domid) ? "T" : "F");
}

/* No ring is mapped: the guest is not spoken to. Who watches is told. */
static int do_introduce(struct store_request *r)
{
	unsigned long domid;

	if (r->c->domid)
		return -EACCES;
	if (one_domain(r, 3, &domid))
		return -EINVAL;
	r->c->s->introduced[domid / 8] |= (uint8_t)(1 << domid % 8);
	answer_text(r, "OK");
	store_watch_special(r->c->s, "@introduceDomain");
	return 0;
}

static int do_release(struct store_request *r)
{
	unsigned long domid;

	if (r->c->domid)
		return -EACCES;
	if (one_domain(r, 1, &domid) || !domid)
		return -EINVAL;
	if (!introduced(r->c->s, domid))
		return -ENOENT;
	r->c->s->introduced[domid / 8] &= (uint8_t) ~(1 << domid % 8);
	answer_text(r, "OK");
	store_watch_special(r->c->s, "@releaseDomain");
	return 0;
}

/* RESUME, SET_TARGET: of a guest that is there, with nothing to do. */
static int known_domain(struct store_request *r, unsigned n)
{
	unsigned long domid;

	if (r->c->domid)
		return -EACCES;
	if (one_domain(r, n, &domid))
		return -EINVAL;
	return introduced(r->c->s, domid) ? answer_text(r, "OK") : -ENOENT;
}

static int do_resume(struct store_request *r)
{
	return known_domain(r, 1);
}

static int do_set_target(struct store_request *r)
{
	return known_domain(r, 2);
}

/* ---- */

static const struct {
	int (*run)(struct store_request *r); /* < 0: nothing was answered but this error */
	bool in_txn;                         /* the transaction of the header counts */
} ops[] = {
	[XS_DIRECTORY] = {do_directory, true},
	[XS_READ] = {do_read, true},
	[XS_GET_PERMS] = {do_get_perms, true},
	[XS_WATCH] = {do_watch, false},
	[XS_UNWATCH] = {do_unwatch, false},
	[XS_TRANSACTION_START] = {do_start, true},
	[XS_TRANSACTION_END] = {do_end, true},
	[XS_INTRODUCE] = {do_introduce, false},
	[XS_RELEASE] = {do_release, false},
	[XS_GET_DOMAIN_PATH] = {do_domain_path, false},
	[XS_WRITE] = {do_write, true},
	[XS_MKDIR] = {do_mkdir, true},
	[XS_RM] = {do_rm, true},
	[XS_SET_PERMS] = {do_set_perms, true},
	[XS_IS_DOMAIN_INTRODUCED] = {do_is_introduced, false},
	[XS_RESUME] = {do_resume, false},
	[XS_SET_TARGET] = {do_set_target, false},
	[XS_RESET_WATCHES] = {do_reset_watches, false},
	[XS_DIRECTORY_PART] = {do_directory_part, true},
};

void store_ops_run(struct store_request *r)
{
	bool known = r->type < ARRAY_SIZE(ops) && ops[r->type].run;
	int rc = known ? 0 : -ENOSYS; /* CONTROL too: there is nothing to control */

	if (known && ops[r->type].in_txn && r->txn_id) {
		r->txn = store_txn_find(r->c, r->txn_id);
		rc = r->txn ? 0 : -ENOENT;
	}
	if (!rc)
		rc = ops[r->type].run(r);
	if (rc)
		answer_error(r, -rc);
}
