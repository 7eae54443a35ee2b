/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/wire.c: see wire.h. */
#include "tests/hw/wire.h"

#include <stdio.h>
#include <sys/socket.h>

static int wire = -1;

const char *wire_args(const char *model)
{
	static char args[256];
	int sv[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	wire = sv[0];
	snprintf(args, sizeof(args),
		 "-nodefaults -netdev socket,id=n0,fd=%d "
		 "-device %s,netdev=n0,mac=52:54:00:ab:cd:ef",
		 sv[1], model);
	return args;
}

struct got {
	void *buf;
	size_t size;
	ssize_t len;
};

static bool wire_cond(struct guest *b, void *arg)
{
	struct got *g = arg;

	(void)b;
	g->len = recv(wire, g->buf, g->size, MSG_DONTWAIT);
	return g->len > 0;
}

size_t wire_get(struct guest *b, void *buf, size_t size)
{
	struct got g = {buf, size, 0};

	return bus_wait(b, wire_cond, &g) ? (size_t)g.len : 0;
}

bool wire_silent(struct guest *b)
{
	uint8_t byte;

	bus_step(b, 10000);
	return recv(wire, &byte, 1, MSG_DONTWAIT) < 0;
}

void wire_put(const void *frame, size_t len)
{
	MUST(send(wire, frame, len, 0) == (ssize_t)len);
}

void make_frame(uint8_t *frame, const void *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		frame[i] = (uint8_t)(i * 7 + len);
	memcpy(frame, to, 6);
	memcpy(frame + 6, "\x02\x00\x00\x00\x00\x01\x88\xb5", 8);
}

size_t wire_any_frame(struct rig *r, uint8_t *f, size_t max)
{
	size_t len = 14 + rig_rnd(r) % (max - 14);
	uint32_t kind = rig_rnd(r);

	for (size_t i = 0; i < len; i++)
		f[i] = (uint8_t)(i * kind >> 3);
	memcpy(f, "\x52\x54\x00\x12\x34\x56", 6);
	if (kind % 4 == 1)
		memset(f, 0xff, 6);
	else if (kind % 4 == 2)
		memcpy(f, "\x01\x00\x5e\x00\x00\x01", 6);
	if (kind & 8 && len > 60) {
		memcpy(f + 12, kind & 16 ? "\x08\x00\x45" : "\x81\x00\x12\x34\x08\x00\x45",
		       kind & 16 ? 3 : 7);
		f[16] = (uint8_t)((len - 14) >> 8);
		f[17] = (uint8_t)(len - 14 - (kind >> 8 & 1));
		f[20] = 0;
		f[21] = 0;
		f[23] = kind & 32 ? 6 : 17;
		f[46] = (uint8_t)(kind >> 16);
	}
	return len;
}
