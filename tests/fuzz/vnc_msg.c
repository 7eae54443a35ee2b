/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/vnc_msg.c: what a VNC client's process that was taken over may say to the device
 * model: input on one socket, requests for pictures on the other, of any length.
 */
#include "base/log.h"
#include "base/util.h"
#include "ui/vnc.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool key(void *arg, unsigned code, bool down)
{
	(void)arg;
	(void)down;
	if (code >= KEY_CODES)
		abort();
	return true;
}

static bool point(void *arg, const struct input_motion *m)
{
	(void)arg;
	if (m->abs && (m->x < 0 || m->x > INPUT_ABS_MAX || m->y < 0 || m->y > INPUT_ABS_MAX))
		abort();
	return true;
}

/* Packets: a byte that says which socket and how long, then that. */
static void feed(struct loop *l, const int fds[2], const uint8_t *data, size_t size)
{
	while (size) {
		size_t n = MIN((data[0] & 0x7fu), size - 1);

		send(fds[data[0] >> 7], data + 1, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		data += n + 1;
		size -= n + 1;
		loop_step(l, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_device k = {.kind = INPUT_KEYBOARD, .name = "k", .key = key, .point = point};
	struct input_device t = {.kind = INPUT_TABLET, .name = "t", .key = key, .point = point};
	struct clock *c = clock_new(CLOCK_MANUAL);
	struct loop *l = loop_new(NULL);
	struct input *in = input_new(c);
	struct display *d = display_new("d", NULL);
	struct vnc_clients all = {.display = d, .input = in, .loop = l};
	const struct vnc_peer peer = {.address = "here"};
	int screen[2], events[2];

	log_set_level(LOG_ERROR);
	if (!c || !l || !in || !d || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, screen) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, events))
		abort();
	input_attach(in, &k);
	input_attach(in, &t);
	input_ready(&k, true);
	input_ready(&t, true);
	vnc_client_new(&all, &peer, screen[1], events[1]);
	feed(l, (int[2]){events[0], screen[0]}, data, size);
	close(screen[0]);
	close(events[0]);
	loop_step(l, 0);
	if (all.first)
		vnc_client_free(all.first);
	display_free(d);
	input_detach(&k);
	input_detach(&t);
	input_free(in);
	clock_free(c);
	loop_free(l);
	return 0;
}
