/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store/store_client.c: a store's clients: messages out of bytes and into them. */
#include "toolstack/store/store_private.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>

/* What a toolstack does on a large host fits many times; memory is bounded all the same. */
const struct store_limits store_limits = {
	.nodes = 65536,
	.watches = 1024,
	.transactions = 16,
	.changes = 4096,
	.log = 1 << 20,
	.unread = 4 << 20,
};

/* ---- the store */

int store_write(struct store *s, const char *path, const char *value)
{
	return store_change(s, NULL,
			    &(struct store_change){.type = STORE_CHANGE_WRITE,
						   .path = path,
						   .data = value,
						   .len = strlen(value)});
}

struct store *store_new(const struct store_limits *l, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s) {
		s->limits = *l;
		if (store_tree_init(&s->tree, l->nodes, &s->clock) == 0 &&
		    store_change(s, NULL,
				 &(struct store_change){.type = STORE_CHANGE_MKDIR,
							.path = "/tool/xenstored"}) == 0)
			return s;
		store_tree_drop(&s->tree);
	}
	free(s);
	err_set(e, -ENOMEM, "out of memory");
	return NULL;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	while (s->clients)
		store_client_free(s->clients);
	store_tree_drop(&s->tree);
	free(s);
}

/* ---- clients */

struct store_client *store_client_new(struct store *s, unsigned domid, void (*wake)(void *arg),
				      void *arg)
{
	struct store_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->s = s;
	c->domid = domid;
	c->wake = wake;
	c->arg = arg;
	c->next = s->clients;
	c->link = &s->clients;
	if (c->next)
		c->next->link = &c->next;
	s->clients = c;
	return c;
}

void store_client_free(struct store_client *c)
{
	if (!c)
		return;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	store_watch_clear(c);
	while (c->txns)
		store_txn_end(c, c->txns, false);
	free(c->out);
	free(c);
}

/* ---- bytes from it */

static void run(struct store_client *c, size_t len)
{
	char text[STORE_PAYLOAD + 1];
	struct store_request r = {
		.c = c,
		.type = (uint32_t)load_le(c->in, 4),
		.req = (uint32_t)load_le(c->in + 4, 4),
		.txn_id = (uint32_t)load_le(c->in + 8, 4),
		.text = text,
		.len = len,
	};

	memcpy(text, c->in + STORE_HEADER, len);
	text[len] = 0;
	store_ops_run(&r);
}

/* What the message is long, as far as it is known yet; above what `in` holds: it may not be. */
static size_t whole(const struct store_client *c)
{
	return STORE_HEADER + (c->in_len < STORE_HEADER ? 0 : load_le(c->in + 12, 4));
}

int store_client_input(struct store_client *c, const void *bytes, size_t n)
{
	for (const uint8_t *p = bytes; n && !c->dead;) {
		size_t some = MIN(n, whole(c) - c->in_len);

		memcpy(c->in + c->in_len, p, some);
		c->in_len += some;
		p += some;
		n -= some;
		if (whole(c) > sizeof(c->in)) {
			c->dead = true;
		} else if (c->in_len >= STORE_HEADER && c->in_len == whole(c)) {
			run(c, c->in_len - STORE_HEADER);
			c->in_len = 0;
		}
	}
	return c->dead ? -EPIPE : 0;
}

/* ---- bytes to it */

static bool make_room(struct store_client *c, size_t n)
{
	uint8_t *grown;

	if (c->out_at && c->out_at == c->out_len)
		c->out_at = c->out_len = 0;
	if (c->out_at > c->out_room / 2) {
		memmove(c->out, c->out + c->out_at, c->out_len - c->out_at);
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	if (c->out_len - c->out_at + n > c->s->limits.unread)
		return false;
	if (c->out_len + n <= c->out_room)
		return true;
	grown = realloc(c->out, 2 * c->out_room + n);
	if (!grown)
		return false;
	c->out = grown;
	c->out_room = 2 * c->out_room + n;
	return true;
}

void store_client_say(struct store_client *c, uint32_t type, uint32_t req, uint32_t txn,
		      const void *payload, size_t n)
{
	const uint32_t header[] = {type, req, txn, (uint32_t)n};

	if (c->dead || !make_room(c, STORE_HEADER + n)) {
		c->dead = true; /* who does not listen is hung up on */
	} else {
		for (unsigned i = 0; i < ARRAY_SIZE(header); i++)
			store_le(c->out + c->out_len + 4 * i, 4, header[i]);
		if (n)
			memcpy(c->out + c->out_len + STORE_HEADER, payload, n);
		c->out_len += STORE_HEADER + n;
	}
	if (c->wake)
		c->wake(c->arg);
}

int store_client_output(struct store_client *c, const void **bytes, size_t *n)
{
	*bytes = c->out ? c->out + c->out_at : NULL;
	*n = c->out_len - c->out_at;
	return c->dead ? -EPIPE : 0;
}

void store_client_sent(struct store_client *c, size_t n)
{
	c->out_at += n;
}
