/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/net.c: -netdev text, the fake wire, and the link. */
#include "net/net.h"
#include "tests/test.h"

struct seen {
	unsigned frames, sent, links;
	size_t len;
	uint8_t first;
	bool refuse, up;
};

static bool can(void *arg)
{
	return !((struct seen *)arg)->refuse;
}

static void take(void *arg, const uint8_t *frame, size_t len)
{
	struct seen *s = arg;

	s->frames++;
	s->len = len;
	s->first = frame[0];
}

static void link_is(void *arg, bool up)
{
	struct seen *s = arg;

	s->links++;
	s->up = up;
}

static void sent(void *arg, const uint8_t *frame, size_t len)
{
	struct seen *s = arg;

	s->sent++;
	s->len = len;
	s->first = frame[0];
}

TEST(none)
{
	struct err e = {""};
	struct loop *l = loop_new(&e);
	struct netdev *n = net_open(l, "none,id=x", &e);

	MUST(n);
	EQS("x", net_id(n));
	EQS("none", net_info(n));
	CHECK(net_link(n));
	net_send(n, (const uint8_t *)"abc", 3);
	net_close(n);
	net_close(NULL);
	loop_free(l);
}

static void refused(const char *opts, const char *why)
{
	struct err e = {""};

	NOTE("%s", opts);
	CHECK(!net_open(NULL, opts, &e));
	CHECK(strstr(e.msg, why));
	if (!strstr(e.msg, why))
		EQS(why, e.msg);
}

TEST(bad_options)
{
	char text[4200] = "none,id=x";

	refused("bridge,id=x", "not known");
	refused("none", "needs id=");
	refused("none,id=", "needs id=");
	refused("none,id=x,br=y", "no option 'br'");
	refused("none,id=x,br", "'br' is not name=value");
	refused("none,id=x,=1", "'=1' is not name=value");
	refused("socket,id=x", "exactly one of");
	refused("socket,id=x,fd=3,listen=:1", "exactly one of");
	refused("socket,id=x,fd=3,localaddr=:1", "localaddr= goes with udp=");
	refused("socket,id=x,fd=banana", "not a descriptor");
	refused("socket,id=x,fd=-1", "not a descriptor");
	refused("socket,id=x,fd=3x", "not a descriptor");
	refused("socket,id=x,fd=999", "not a socket");
	refused("socket,id=x,connect=nowhere", "not host:port");
	refused("socket,id=x,connect=h:", "not host:port");
	refused("socket,id=x,udp=127.0.0.1:1", "localaddr=");
	refused("socket,id=a,,b=c,listen=x", "netdev a,b=c: listen=x is not host:port");
	for (unsigned i = 0; i < 64; i++)
		strcat(text, ",a=");
	refused(text, "too many");
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 0;
	refused(text, "more than");
	memcpy(text, "none,id=", 8);
	text[200] = 0;
	refused(text, "id is longer");
}

TEST(fake)
{
	struct seen nic = {0}, wire = {0};
	const struct net_client c = {can, take, link_is, &nic};
	struct netdev *n = net_fake(NULL, "f", sent, &wire);

	MUST(n);
	net_inject(n, (const uint8_t *)"lost", 4);
	net_attach(n, &c);
	net_inject(n, (const uint8_t *)"abc", 3);
	EQ(1, nic.frames);
	EQ(3, nic.len);
	EQ('a', nic.first);
	net_send(n, (const uint8_t *)"xyz", 3);
	EQ(1, wire.sent);
	EQ('x', wire.first);
	nic.refuse = true;
	net_inject(n, (const uint8_t *)"no", 2);
	EQ(1, nic.frames);
	nic.refuse = false;
	net_set_link(n, false);
	net_set_link(n, false);
	EQ(1, nic.links);
	CHECK(!nic.up && !net_link(n));
	net_inject(n, (const uint8_t *)"no", 2);
	net_send(n, (const uint8_t *)"no", 2);
	EQ(1, nic.frames);
	EQ(1, wire.sent);
	net_set_link(n, true);
	EQ(2, nic.links);
	net_send(n, (const uint8_t *)"", 0);
	net_send(n, (const uint8_t *)"too long", NET_FRAME_MAX + 1ul);
	EQ(1, wire.sent);
	net_attach(n, NULL);
	net_inject(n, (const uint8_t *)"no", 2);
	EQ(1, nic.frames);
	net_close(n);
}
