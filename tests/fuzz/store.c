/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/store.c: bytes of several clients to hvm-store: whole requests, or pieces of any
 * bytes. After each the tree must be sorted and counted, and what waits for a client messages.
 *
 * A step: a byte for the client (bits 0-1), a piece or a request (bit 2) and reading (bit 3); for a
 * request its type and transaction; the length; then that many bytes, 0xff being a NUL.
 */
#include "base/util.h"
#include "toolstack/store/store_private.h"

#include <stdlib.h>

#define CLIENTS 3

static unsigned sound(const struct store_node *n)
{
	unsigned sum = 1;

	if (!n->n_perms || !n->perms || !n->refs)
		abort();
	for (unsigned i = 0; i < n->n_child; i++) {
		if (i && strcmp(n->child[i - 1]->name, n->child[i]->name) >= 0)
			abort();
		sum += sound(n->child[i]);
	}
	return sum;
}

static void read_all(struct store_client *c)
{
	const void *bytes;
	size_t n;

	store_client_output(c, &bytes, &n);
	for (const uint8_t *p = bytes; n;) {
		size_t len = n < STORE_HEADER ? 0 : load_le(p + 12, 4);

		if (n < STORE_HEADER + len || len > STORE_PAYLOAD)
			abort();
		p += STORE_HEADER + len;
		n -= STORE_HEADER + len;
		store_client_sent(c, STORE_HEADER + len);
	}
}

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t take(struct input *in)
{
	return in->n ? in->n--, *in->p++ : 0;
}

static void step(struct store *s, struct store_client *c[CLIENTS], struct input *in)
{
	uint8_t how = take(in), message[STORE_HEADER + 256] = {0};
	unsigned who = (how & 3) % CLIENTS;
	size_t at = 0, len;
	int rc;

	if (how & 4) {
		at = STORE_HEADER;
		message[0] = take(in) % 24;
		message[8] = take(in) % 4;
	}
	len = MIN(take(in), in->n);
	message[12] = (uint8_t)(at ? len : 0);
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = take(in);

		message[at + i] = byte == 0xff ? 0 : byte;
	}
	rc = store_client_input(c[who], message, at + len);
	if (how & 8)
		read_all(c[who]);
	if (rc) {
		store_client_free(c[who]);
		c[who] = store_client_new(s, who == 2 ? 7 : 0, NULL, NULL);
		if (!c[who])
			abort();
	}
	if (sound(s->tree.root) != s->tree.nodes || s->tree.nodes > s->limits.nodes)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct store_limits small = {.nodes = 60,
					   .watches = 6,
					   .transactions = 3,
					   .changes = 20,
					   .log = 1000,
					   .unread = 5000};
	struct store *s = store_new(&small, NULL);
	struct input in = {data, size};
	struct store_client *c[CLIENTS];

	if (!s)
		abort();
	for (unsigned i = 0; i < CLIENTS; i++)
		c[i] = store_client_new(s, i == 2 ? 7 : 0, NULL, NULL);
	while (in.n)
		step(s, c, &in);
	store_free(s);
	return 0;
}
