/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/vnc_websocket.c: browsers' viewers of hvm-vnc, byte by byte. */
#include "config.h"
#include "tests/test.h"
#ifdef CONFIG_VNC
#include "base/util.h"
#include "tests/unit/vnc_rig.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\n"
			  "Upgrade: websocket\r\n"
			  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* Reads until the server hangs up. */
static size_t read_all(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t more = 1;

	while (more > 0 && n + 1 < size) {
		more = read(fd, text + n, size - 1 - n);
		n += (size_t)MAX(more, 0);
	}
	text[n] = 0;
	return n;
}

/* The library would take WebSockets on every port, and spin over the first three bytes of one. */
TEST(no_websocket_unasked)
{
	char text[64] = "";
	struct vnc_rig r;
	int fd, few;

	vnc_rig_open(&r, &(struct vnc_config){0});
	fd = vnc_rig_connect(&r, get, sizeof(get) - 1);
	few = vnc_rig_connect(&r, "GET", 3);
	read_all(fd, text, sizeof(text));
	EQS("RFB 003.008\n", text);
	EQ(12, read(few, text, 12));
	close(fd);
	close(few);
	vnc_rig_close(&r);
}

/* ---- on a port of their own */

static int bound(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static uint16_t free_port(void)
{
	uint16_t port;

	close(bound(&port));
	return port;
}

static int browse(uint16_t port, const void *bytes, size_t n)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	MUST(write(fd, bytes, n) == (ssize_t)n);
	return fd;
}

static void open_web(struct vnc_rig *r, uint16_t *port)
{
	char text[8];

	*port = free_port();
	snprintf(text, sizeof(text), "%u", *port);
	vnc_rig_open(r, &(struct vnc_config){.websocket = text, .open = true});
}

/* Client to server: one frame of binary data, masked. */
static void say(int fd, const void *data, uint8_t n)
{
	uint8_t frame[6 + 125] = {0x82, 0x80 | n, 1, 2, 3, 4};

	for (unsigned i = 0; i < n; i++)
		frame[6 + i] = ((const uint8_t *)data)[i] ^ frame[2 + i % 4];
	MUST(write(fd, frame, 6u + n) == 6 + n);
}

static void read_exact(int fd, void *data, size_t n)
{
	for (uint8_t *p = data; n;) {
		ssize_t got = read(fd, p, n);

		MUST(got > 0);
		p += got;
		n -= (size_t)got;
	}
}

/* Till the blank line. */
static void read_answer(int fd, char *text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && (n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4)))
		read_exact(fd, text + n++, 1);
	text[n] = 0;
}

/* RFB in frames that hold two messages, and in one that ends amid a message. */
TEST(websocket)
{
	static const char accept[] = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
	static const uint8_t a[] = {4, 1, 0, 0, 0, 0, 0, 'a', 4, 0, 0, 0, 0, 0, 0, 'a', 4, 1, 0};
	static const uint8_t b[] = {0, 0, 0, 0, 'b'};
	char text[512];
	uint8_t hello[14];
	struct vnc_rig r;
	uint16_t port;
	int fd;

	open_web(&r, &port);
	fd = browse(port, get, sizeof(get) - 1);
	UNTIL(&r, r.events[0]);
	read_answer(fd, text, sizeof(text));
	CHECK(!strncmp(text, "HTTP/1.1 101 ", 13));
	CHECK(strstr(text, accept)); /* RFC 6455, 1.3 */
	read_exact(fd, hello, sizeof(hello));
	EQM("\x82\x0cRFB 003.008\n", hello, 14);
	say(fd, "RFB 003.008\n\1\1", 14);
	say(fd, a, sizeof(a));
	say(fd, b, sizeof(b));
	UNTIL(&r, strstr(r.said, "+48"));
	EQS("+30 -30 +48", r.said);
	EQS("+w*w", r.events);
	close(fd);
	UNTIL(&r, strchr(r.events, '-'));
	vnc_rig_close(&r);
}

static const char *const not_websockets[] = {"RFB 003.008\n\1\1", "GET / HTTP/1.1\r\n\r\n",
					     "\x16\3\1\2\0\1\0", "\x80\0\0\0\0",
					     "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"};

/* Nothing else is served there, nor does anything make it spin. */
TEST_EACH(not_websocket, ARRAY_SIZE(not_websockets), not_websockets[i])
{
	char text[256];
	struct vnc_rig r;
	uint16_t port;
	int fd;

	open_web(&r, &port);
	fd = browse(port, not_websockets[i], 5);
	MUST(write(fd, not_websockets[i] + 5, strlen(not_websockets[i] + 5)) >= 0);
	UNTIL(&r, strchr(r.events, '-'));
	read_all(fd, text, sizeof(text));
	CHECK(!strstr(text, "RFB"));
	EQS("+w-w", r.events);
	close(fd);
	vnc_rig_close(&r);
}

static const struct {
	const char *address, *where, *service; /* service NULL: refused */
} places[] = {
	{"127.0.0.1:53100", "on", "on"},    {"unix:/tmp/x", "on", NULL},
	{"127.0.0.1:53100", "x", NULL},     {"127.0.0.1:53100", "0", NULL},
	{"127.0.0.1:53100", "65536", NULL}, {"127.0.0.1:53100", "[::1]:x", NULL},
};

TEST_EACH(where, ARRAY_SIZE(places), places[i].where)
{
	struct vnc_listen at, web;
	struct err e = {""};
	int rc;

	if (!strncmp(places[i].address, "unix", 4))
		at = (struct vnc_listen){.fd = -1};
	else
		OK(vnc_listen(&at, places[i].address, 53150, &e));
	rc = vnc_listen_web(&web, &at, places[i].where, &e);
	EQ(places[i].service != NULL, rc == 0);
	EQ(rc < 0, e.msg[0] != 0);
	if (rc == 0) {
		EQ(atoi(at.service) - 200, atoi(web.service));
		EQS("127.0.0.1", web.host);
	}
	vnc_listen_close(&web);
	vnc_listen_close(&at);
}

TEST(pages_only_when_meant)
{
	struct vnc_config c = {.address = "127.0.0.1:53200", .to = 53250, .websocket = "on"};
	struct loop *l = loop_new(NULL);
	struct err e = {""};

	CHECK(!vnc_open(&c, NULL, NULL, l, &e));
	CHECK(strstr(e.msg, "browser"));
	loop_free(l);
}
#endif
