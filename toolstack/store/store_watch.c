/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store/store_watch.c: who is told of which change. */
#include "toolstack/store/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#define TOKEN_MAX (STORE_PAYLOAD - STORE_PATH_MAX - 1) /* so that each event fits a message */

struct store_watch {
	struct store_watch *next;
	size_t prefix; /* events leave out so much of a path: the watch was a relative one */
	char *token;
	char path[]; /* absolute, or "@name" */
};

static size_t own_prefix(const struct store_client *c)
{
	char text[40];

	return (size_t)snprintf(text, sizeof(text), "/local/domain/%u/", c->domid);
}

static void forget(struct store_watch *w)
{
	free(w->token);
	free(w);
}

/* "@introduceDomain" and the like are not below anything. */
static int absolute(const struct store_client *c, const char *path, char abs[STORE_PATH_MAX])
{
	if (*path != '@')
		return store_path(c, path, abs);
	if (strlen(path) >= STORE_PATH_MAX)
		return -EINVAL;
	strcpy(abs, path);
	return 0;
}

static struct store_watch **find(struct store_client *c, const char *path, const char *token)
{
	struct store_watch **w = &c->watches;

	while (*w && (strcmp((*w)->path, path) || strcmp((*w)->token, token)))
		w = &(*w)->next;
	return w;
}

int store_watch_add(struct store_client *c, const char *path, const char *token)
{
	char abs[STORE_PATH_MAX];
	struct store_watch *w;

	if (absolute(c, path, abs))
		return -EINVAL;
	if (strlen(token) > TOKEN_MAX)
		return -E2BIG;
	if (*find(c, abs, token))
		return -EEXIST;
	if (c->n_watches >= c->s->limits.watches)
		return -E2BIG;
	w = calloc(1, sizeof(*w) + strlen(abs) + 1);
	if (!w)
		return -ENOMEM;
	strcpy(w->path, abs);
	w->prefix = *path == '/' || *path == '@' ? 0 : own_prefix(c);
	w->token = strdup(token);
	if (!w->token) {
		forget(w);
		return -ENOMEM;
	}
	w->next = c->watches;
	c->watches = w;
	c->n_watches++;
	return 0;
}

int store_watch_remove(struct store_client *c, const char *path, const char *token)
{
	char abs[STORE_PATH_MAX];
	struct store_watch **at, *w;

	if (absolute(c, path, abs))
		return -EINVAL;
	at = find(c, abs, token);
	w = *at;
	if (!w)
		return -ENOENT;
	*at = w->next;
	forget(w);
	c->n_watches--;
	return 0;
}

void store_watch_clear(struct store_client *c)
{
	while (c->watches) {
		struct store_watch *w = c->watches;

		c->watches = w->next;
		forget(w);
	}
	c->n_watches = 0;
}

/* ---- events */

static void tell(struct store_client *c, const struct store_watch *w, const char *path)
{
	char text[STORE_PAYLOAD];
	int n = snprintf(text, sizeof(text), "%s%c%s", path + w->prefix, 0, w->token);

	store_client_say(c, XS_WATCH_EVENT, 0, 0, text, (size_t)n + 1);
}

void store_watch_first(struct store_client *c)
{
	tell(c, c->watches, c->watches->path);
}

/* Whoever may not read the node is not told that it exists. */
static bool may_know(const struct store_client *c, const struct store_tree *t, const char *path)
{
	const struct store_node *n = store_tree_find(t, path);

	return n && store_allowed(c, n, STORE_READ);
}

static void fire(struct store_client *c, const char *path, const struct store_tree *old)
{
	const struct store_tree *t = old ? old : &c->s->tree;

	for (struct store_watch *w = c->watches; w; w = w->next)
		if (store_path_below(path, w->path)) {
			if (may_know(c, t, path))
				tell(c, w, path);
		} else if (old && store_path_below(w->path, path) && may_know(c, t, w->path)) {
			tell(c, w, w->path);
		}
}

void store_watch_fire(struct store *s, const char *path, const struct store_tree *old)
{
	for (struct store_client *c = s->clients; c; c = c->next)
		fire(c, path, old);
}

void store_watch_special(struct store *s, const char *name)
{
	for (struct store_client *c = s->clients; c; c = c->next)
		for (struct store_watch *w = c->watches; w; w = w->next)
			if (!strcmp(w->path, name))
				tell(c, w, name);
}
