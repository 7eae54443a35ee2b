/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/net_socket.c: -netdev socket against peers that behave and peers that do not. */
#include "base/log.h"
#include "net/net.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct bench {
	struct loop *loop;
	struct netdev *net;
	int peer;
	bool refuse;
	unsigned frames;
	size_t len[256]; /* of each frame, and its first byte */
	uint8_t first[256];
};

static bool can(void *arg)
{
	return !((struct bench *)arg)->refuse;
}

static void take(void *arg, const uint8_t *frame, size_t len)
{
	struct bench *b = arg;

	MUST(b->frames < 256);
	b->len[b->frames] = len;
	b->first[b->frames++] = frame[0];
}

static void attach(struct bench *b)
{
	const struct net_client c = {can, take, NULL, b};

	net_attach(b->net, &c);
}

static void turns(struct bench *b, unsigned n)
{
	while (n--)
		OK(loop_step(b->loop, 5));
}

static bool until(struct bench *b, unsigned frames)
{
	for (unsigned i = 0; i < 400 && b->frames < frames; i++)
		OK(loop_step(b->loop, 5));
	return EQ(frames, b->frames);
}

static void open_opts(struct bench *b, const char *opts)
{
	struct err e = {""};

	log_set_level(LOG_WARN);
	b->loop = loop_new(&e);
	MUST(b->loop);
	b->net = net_open(b->loop, opts, &e);
	EQS("", e.msg);
	MUST(b->net);
	attach(b);
}

static void open_pair(struct bench *b, int type)
{
	char opts[64];
	int sv[2];

	MUST(!socketpair(AF_UNIX, type, 0, sv));
	snprintf(opts, sizeof(opts), "socket,id=n0,fd=%d", sv[1]);
	b->peer = sv[0];
	open_opts(b, opts);
}

static void done(struct bench *b)
{
	net_close(b->net);
	loop_free(b->loop);
	if (b->peer > 0)
		close(b->peer);
}

static void put(struct bench *b, const void *p, size_t len)
{
	EQ(len, send(b->peer, p, len, MSG_NOSIGNAL));
}

static void put_framed(struct bench *b, uint8_t first, uint32_t len)
{
	static uint8_t buf[4 + NET_FRAME_MAX];
	uint32_t be = htonl(len);

	memcpy(buf, &be, 4);
	memset(buf + 4, 0, len);
	buf[4] = first;
	put(b, buf, 4 + len);
}

static void both_ways(int type)
{
	struct bench b = {0};
	uint8_t got[16];

	open_pair(&b, type);
	put(&b, "abc", 3);
	put(&b, "defg", 4);
	CHECK(until(&b, 2));
	EQ(3, b.len[0]);
	EQ(4, b.len[1]);
	EQ('d', b.first[1]);
	net_send(b.net, (const uint8_t *)"12345", 5);
	EQ(5, recv(b.peer, got, sizeof(got), 0));
	EQM("12345", got, 5);
	done(&b);
}

TEST(seqpacket)
{
	both_ways(SOCK_SEQPACKET);
}

TEST(datagram)
{
	both_ways(SOCK_DGRAM);
}

TEST(empty_datagrams)
{
	struct bench b = {0};

	open_pair(&b, SOCK_DGRAM);
	put(&b, "", 0);
	put(&b, "x", 1);
	CHECK(until(&b, 1));
	EQ(1, b.len[0]);
	done(&b);
}

TEST(packet_too_long)
{
	static uint8_t big[NET_FRAME_MAX + 1] = {1};
	struct bench b = {0};

	open_pair(&b, SOCK_SEQPACKET);
	put(&b, big, sizeof(big));
	big[0] = 2;
	put(&b, big, NET_FRAME_MAX);
	CHECK(until(&b, 1));
	EQ(NET_FRAME_MAX, b.len[0]);
	EQ(2, b.first[0]);
	done(&b);
}

/* Whole frames, halves of headers, halves of frames: what comes out is the same. */
TEST(stream_in_pieces)
{
	const char text[] = "\0\0\0\3abc\0\0\0\0\0\0\0\1d\0\0\0\2ef";
	const size_t all = sizeof(text) - 1;
	struct bench b = {0};

	open_pair(&b, SOCK_STREAM);
	put(&b, text, all);
	CHECK(until(&b, 3));
	for (size_t i = 0; i < all; i++) {
		put(&b, text + i, 1);
		turns(&b, 1);
	}
	CHECK(until(&b, 6));
	for (unsigned i = 0; i < 6; i++) {
		EQ("\3\1\2"[i % 3], b.len[i]);
		EQ("ade"[i % 3], b.first[i]);
	}
	done(&b);
}

TEST(stream_longest)
{
	struct bench b = {0};
	uint8_t got[8];

	open_pair(&b, SOCK_STREAM);
	put_framed(&b, 7, NET_FRAME_MAX);
	put_framed(&b, 8, NET_FRAME_MAX);
	CHECK(until(&b, 2));
	EQ(NET_FRAME_MAX, b.len[1]);
	net_send(b.net, (const uint8_t *)"1234", 4);
	EQ(8, recv(b.peer, got, 8, MSG_WAITALL));
	EQM("\0\0\0\0041234", got, 8);
	done(&b);
}

/* Lengths that no frame has end the connection, with no byte of them taken. */
TEST(stream_hostile_lengths)
{
	static const uint32_t bad[] = {NET_FRAME_MAX + 1, 0x7fffffff, 0x80000000, 0xfffffffc, ~0u};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bench b = {0};
		uint32_t be = htonl(bad[i]);
		uint8_t byte;

		NOTE("length %x", bad[i]);
		open_pair(&b, SOCK_STREAM);
		put_framed(&b, 1, 10);
		put(&b, &be, 4);
		CHECK(until(&b, 1));
		turns(&b, 2);
		EQ(0, recv(b.peer, &byte, 1, MSG_DONTWAIT));
		EQS("socket: disconnected", net_info(b.net));
		net_send(b.net, (const uint8_t *)"x", 1);
		turns(&b, 2);
		EQ(1, b.frames);
		done(&b);
	}
}

static void waits(int type)
{
	struct bench b = {0};

	open_pair(&b, type);
	b.refuse = true;
	for (unsigned i = 0; i < 5; i++) {
		if (type == SOCK_STREAM)
			put_framed(&b, (uint8_t)i, 10 + i);
		else
			put(&b, "0123456789abcdef", 10 + i);
		turns(&b, 1);
	}
	net_kick(b.net);
	turns(&b, 3);
	EQ(0, b.frames);
	b.refuse = false;
	net_kick(b.net);
	CHECK(until(&b, 5));
	for (unsigned i = 0; i < 5; i++)
		EQ(10 + i, b.len[i]);
	done(&b);
}

TEST(refused_frames_wait)
{
	waits(SOCK_STREAM);
	waits(SOCK_SEQPACKET);
}

/* While nothing may be read, a peer that hangs up must not make the loop spin. */
TEST(hang_up_while_refused)
{
	struct bench b = {0};
	unsigned n = 0;

	open_pair(&b, SOCK_SEQPACKET);
	b.refuse = true;
	put(&b, "abc", 3);
	turns(&b, 2);
	close(b.peer);
	b.peer = -1;
	turns(&b, 2);
	b.refuse = false;
	net_kick(b.net);
	CHECK(until(&b, 1));
	while (n++ < 50 && strcmp(net_info(b.net), "socket: disconnected"))
		turns(&b, 1);
	EQS("socket: disconnected", net_info(b.net));
	done(&b);
}

/* A peer that does not read: frames are lost whole, the rest stays in order. */
static void floods(int type)
{
	static uint8_t frame[1500], got[4 + sizeof(frame)];
	struct bench b = {0};
	unsigned n = 0, last = 0;
	bool framed = type == SOCK_STREAM;
	size_t size = sizeof(frame) + (framed ? 4 : 0);

	open_pair(&b, type);
	for (unsigned i = 1; i <= 2000; i++) {
		memcpy(frame, &i, 4);
		net_send(b.net, frame, sizeof(frame));
	}
	for (;;) {
		unsigned nr;
		OK(loop_step(b.loop, 0));
		if (recv(b.peer, got, size, MSG_DONTWAIT | (framed ? MSG_WAITALL : 0)) !=
		    (ssize_t)size)
			break;
		memcpy(&nr, got + size - sizeof(frame), 4);
		CHECK(nr > last && nr <= 2000);
		last = nr;
		n++;
	}
	CHECK(n >= 20 && n < 2000);
	net_send(b.net, frame, sizeof(frame));
	EQ(size, recv(b.peer, got, size, 0));
	done(&b);
}

TEST(full_peer_drops)
{
	floods(SOCK_STREAM);
	floods(SOCK_SEQPACKET);
}

TEST(peer_closes)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};

	for (unsigned i = 0; i < 4; i++) {
		struct bench b = {0};
		open_pair(&b, types[i & 1]);
		close(b.peer);
		b.peer = -1;
		if (i & 2) /* found by sending, or by the loop */
			net_send(b.net, (const uint8_t *)"x", 1);
		turns(&b, 3);
		EQS("socket: disconnected", net_info(b.net));
		done(&b);
	}
}

TEST(not_a_socket)
{
	struct err e = {""};
	char opts[64];
	int fd[2];

	MUST(!pipe(fd));
	snprintf(opts, sizeof(opts), "socket,id=n0,fd=%d", fd[0]);
	CHECK(!net_open(NULL, opts, &e));
	CHECK(strstr(e.msg, "not a socket"));
	close(fd[0]);
	close(fd[1]);
}

/* ---- TCP and UDP on the loopback interface */

static int free_port(int type)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type, 0);

	MUST(fd >= 0 && !bind(fd, (struct sockaddr *)&a, len));
	MUST(!getsockname(fd, (struct sockaddr *)&a, &len));
	close(fd);
	return ntohs(a.sin_port);
}

static int tcp_to(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

/* One peer after the other; the second waits while the first is there. */
TEST(listen_again)
{
	struct bench b = {0};
	int port = free_port(SOCK_STREAM), second;
	char opts[64];

	snprintf(opts, sizeof(opts), "socket,id=n0,listen=127.0.0.1:%d", port);
	open_opts(&b, opts);
	EQS("socket: waiting for a connection", net_info(b.net));
	net_send(b.net, (const uint8_t *)"nobody", 6);
	b.peer = tcp_to(port);
	put_framed(&b, 1, 10);
	CHECK(until(&b, 1));
	EQS("socket: connected", net_info(b.net));
	second = tcp_to(port);
	EQ(6, send(second, "\0\0\0\2ab", 6, 0));
	turns(&b, 3);
	EQ(1, b.frames);
	close(b.peer);
	b.peer = second;
	CHECK(until(&b, 2));
	EQ('a', b.first[1]);
	done(&b);
}

TEST(listen_and_connect)
{
	struct bench a = {0}, b = {0};
	int port = free_port(SOCK_STREAM);
	char opts[64];

	snprintf(opts, sizeof(opts), "socket,id=n0,listen=:%d", port);
	open_opts(&a, opts);
	snprintf(opts, sizeof(opts), "socket,id=n1,connect=127.0.0.1:%d", port);
	open_opts(&b, opts);
	for (unsigned i = 0; i < 100 && strcmp(net_info(b.net), "socket: connected"); i++) {
		turns(&a, 1);
		turns(&b, 1);
	}
	net_send(b.net, (const uint8_t *)"hello", 5);
	CHECK(until(&a, 1));
	EQ(5, a.len[0]);
	net_send(a.net, (const uint8_t *)"you", 3);
	CHECK(until(&b, 1));
	EQ(3, b.len[0]);
	done(&a);
	turns(&b, 3);
	EQS("socket: disconnected", net_info(b.net));
	done(&b);
}

TEST(connect_to_nobody)
{
	struct bench b = {0};
	char opts[64];

	snprintf(opts, sizeof(opts), "socket,id=n1,connect=127.0.0.1:%d", free_port(SOCK_STREAM));
	open_opts(&b, opts);
	turns(&b, 5);
	EQS("socket: disconnected", net_info(b.net));
	done(&b);
}

TEST(udp)
{
	struct bench a = {0}, b = {0};
	int pa = free_port(SOCK_DGRAM), pb = free_port(SOCK_DGRAM);
	char opts[96];

	MUST(pa != pb);
	snprintf(opts, sizeof(opts), "socket,id=a,udp=127.0.0.1:%d,localaddr=127.0.0.1:%d", pb, pa);
	open_opts(&a, opts);
	net_send(a.net, (const uint8_t *)"early", 5); /* refused by the host; no reason to stop */
	snprintf(opts, sizeof(opts), "socket,id=b,udp=127.0.0.1:%d,localaddr=127.0.0.1:%d", pa, pb);
	open_opts(&b, opts);
	net_send(a.net, (const uint8_t *)"one", 3);
	CHECK(until(&b, 1));
	net_send(b.net, (const uint8_t *)"three", 5);
	CHECK(until(&a, 1));
	EQ(5, a.len[0]);
	done(&a);
	done(&b);
}

TEST(address_in_use)
{
	struct bench a = {0};
	struct err e = {""};
	char opts[64];

	snprintf(opts, sizeof(opts), "socket,id=a,listen=127.0.0.1:%d", free_port(SOCK_STREAM));
	open_opts(&a, opts);
	CHECK(!net_open(a.loop, opts, &e));
	CHECK(strstr(e.msg, strerror(EADDRINUSE)));
	done(&a);
}
