/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/net.c: what all kinds of -netdev share: the link state, handing frames
 * to the NIC; and the fake one for tests.
 *
 * Frames that a NIC cannot take stay where they came from (a socket's buffer),
 * so nothing here grows with what a peer sends.
 */
#include "net/backend.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- none: a cable that ends nowhere */

static int none_open(struct netdev *n, const struct net_opts *o, struct err *e)
{
	static const char *const keys[] = {NULL};

	snprintf(n->info, sizeof(n->info), "none");
	return net_opts_known(o, keys, e);
}

static const struct net_type net_type_none = {.name = "none", .open = none_open};

/* ---- life */

static const struct net_type *const types[] = {&net_type_none, &net_type_socket, &net_type_tap,
					       &net_type_user};

static void kicked(void *arg)
{
	struct netdev *n = arg;

	if (n->type->resume)
		n->type->resume(n);
}

static struct netdev *make(struct loop *l, const struct net_type *t, const char *id, struct err *e)
{
	struct netdev *n = calloc(1, sizeof(*n));

	if (!n) {
		err_set(e, -ENOMEM, "out of memory for netdev %s", id);
		return NULL;
	}
	n->type = t;
	n->loop = l;
	n->link = true;
	n->kick.fn = kicked;
	n->kick.arg = n;
	snprintf(n->id, sizeof(n->id), "%s", id);
	return n;
}

static struct netdev *open_type(struct loop *l, const struct net_type *t, const struct net_opts *o,
				struct err *e)
{
	const char *id = net_opt(o, "id");
	struct netdev *n;

	if (!id || !*id) {
		err_set(e, -EINVAL, "-netdev %s needs id=", o->type);
		return NULL;
	}
	if (strlen(id) >= NET_ID_MAX) {
		err_set(e, -EINVAL, "-netdev %s: the id is longer than %d bytes", o->type,
			NET_ID_MAX - 1);
		return NULL;
	}
	n = make(l, t, id, e);
	if (n && t->open(n, o, e) < 0) {
		err_prefix(e, "netdev %s", id);
		net_close(n);
		return NULL;
	}
	return n;
}

struct netdev *net_open(struct loop *l, const char *text, struct err *e)
{
	struct net_opts o;

	if (net_opts_parse(&o, "-netdev", text, e) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(o.type, types[i]->name))
			return open_type(l, types[i], &o, e);
	err_set(e, -EINVAL, "-netdev %s is not known; there are: none, socket, tap, user", o.type);
	return NULL;
}

void net_close(struct netdev *n)
{
	if (!n)
		return;
	if (n->loop)
		loop_undefer(n->loop, &n->kick);
	if (n->type->close)
		n->type->close(n);
	net_dump_close(n);
	free(n);
}

/* ---- frames */

void net_attach(struct netdev *n, const struct net_client *c)
{
	n->client = c ? *c : (struct net_client){0};
	net_kick(n); /* what waited for the last one is for this one, or dropped */
}

bool net_deliver(struct netdev *n, const uint8_t *frame, size_t len)
{
	const struct net_client *c = &n->client;

	if (!c->receive || !n->link || !len)
		return true;
	if (c->can_receive && !c->can_receive(c->arg))
		return false;
	if (n->dumps)
		net_dump_frame(n, frame, len);
	c->receive(c->arg, frame, len);
	return true;
}

void net_send(struct netdev *n, const uint8_t *frame, size_t len)
{
	if (!n->link || !len || len > NET_FRAME_MAX)
		return;
	if (n->dumps)
		net_dump_frame(n, frame, len);
	if (n->type->send)
		n->type->send(n, frame, len);
}

/* From the loop, not at once: the NIC is inside a register access when it calls this. */
void net_kick(struct netdev *n)
{
	if (n->loop)
		loop_defer(n->loop, &n->kick);
}

void net_set_link(struct netdev *n, bool up)
{
	if (n->link == up)
		return;
	n->link = up;
	if (n->client.link_changed)
		n->client.link_changed(n->client.arg, up);
	net_kick(n);
}

bool net_link(const struct netdev *n)
{
	return n->link;
}

const char *net_id(const struct netdev *n)
{
	return n->id;
}

const char *net_info(const struct netdev *n)
{
	return n->info;
}

const char *net_type_name(const struct netdev *n)
{
	return n->type->name;
}

int net_hostfwd(struct netdev *n, bool add, const char *rule, struct err *e)
{
	if (!n->type->hostfwd)
		return err_set(e, -ENOTSUP, "netdev '%s' is not of type user", n->id);
	return n->type->hostfwd(n, add, rule, e);
}

int net_status(struct netdev *n, char *text, size_t size, struct err *e)
{
	if (!n->type->status)
		return err_set(e, -ENOTSUP, "netdev '%s' is not of type user", n->id);
	return n->type->status(n, text, size, e);
}

/* ---- the fake */

struct fake {
	void (*fn)(void *arg, const uint8_t *frame, size_t len);
	void *arg;
};

static void fake_send(struct netdev *n, const uint8_t *frame, size_t len)
{
	struct fake *f = n->priv;

	if (f->fn)
		f->fn(f->arg, frame, len);
}

static void fake_close(struct netdev *n)
{
	free(n->priv);
}

static const struct net_type net_type_fake = {
	.name = "fake", .close = fake_close, .send = fake_send};

struct netdev *net_fake(struct loop *l, const char *id,
			void (*fn)(void *arg, const uint8_t *frame, size_t len), void *arg)
{
	struct fake *f = calloc(1, sizeof(*f));
	struct netdev *n = f ? make(l, &net_type_fake, id, NULL) : NULL;

	if (!n) {
		free(f);
		return NULL;
	}
	f->fn = fn;
	f->arg = arg;
	n->priv = f;
	snprintf(n->info, sizeof(n->info), "fake");
	return n;
}

/* A wire keeps nothing: what the NIC cannot take is lost, so that a test's outcome depends on the
 * NIC's state alone. */
void net_inject(struct netdev *n, const uint8_t *frame, size_t len)
{
	net_deliver(n, frame, len);
}

/* Four bits a step. */
uint32_t net_crc(const uint8_t *p, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = ~0u;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}
