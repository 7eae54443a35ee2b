/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/fuzz/net_peer.c: bytes of a -netdev socket's peer, and -netdev text, from a fuzzer. */
#include "base/log.h"
#include "base/util.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned busy; /* the NIC refuses every busy-th frame once */
static unsigned frames;
static unsigned touched; /* so that the sanitizer sees both ends read */

static bool can(void *arg)
{
	(void)arg;
	return !busy || ++frames % busy;
}

static void take(void *arg, const uint8_t *frame, size_t len)
{
	if (!len || len > NET_FRAME_MAX)
		abort();
	touched += frame[0] + frame[len - 1];
	net_send(arg, frame, len);
}

static void text(const uint8_t *data, size_t size)
{
	char opts[600] = "none,";
	struct err e = {""};

	if (size >= sizeof(opts) - 5)
		return;
	memcpy(opts + 5, data, size);
	opts[5 + size] = 0;
	net_close(net_open(NULL, opts, &e));
}

/* Pieces of 1 to 64 bytes, a turn of the loop after each. */
static void peer(int type, const uint8_t *data, size_t size)
{
	struct loop *l = loop_new(NULL);
	struct net_client c = {can, take, NULL, NULL};
	struct netdev *n;
	char opts[32];
	int sv[2];

	if (!l || socketpair(AF_UNIX, type, 0, sv))
		abort();
	snprintf(opts, sizeof(opts), "socket,id=n,fd=%d", sv[1]);
	n = net_open(l, opts, NULL);
	if (!n)
		abort();
	c.arg = n;
	net_attach(n, &c);
	while (size) {
		size_t piece = MIN(1u + (data[0] & 63), size);
		if (send(sv[0], data, piece, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		data += piece;
		size -= piece;
		net_kick(n);
		loop_step(l, 0);
	}
	close(sv[0]);
	for (unsigned i = 0; i < 3; i++) {
		net_kick(n);
		loop_step(l, 0);
	}
	net_close(n);
	loop_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	log_set_level(LOG_ERROR);
	if (!size)
		return 0;
	busy = data[0] >> 4;
	frames = 0;
	if (!(data[0] & 3))
		text(data + 1, size - 1);
	else
		peer(data[0] & 2 ? SOCK_STREAM : SOCK_SEQPACKET, data + 1, size - 1);
	return 0;
}
