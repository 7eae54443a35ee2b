/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/broker.c: what a device model that was taken over may say to its broker: packets of
 * any length with descriptors. Seeds: a byte whether programs start, then packets: two bytes of
 * length, of which the upper five bits are the number of descriptors.
 */
#include "base/log.h"
#include "base/packet.h"
#include "base/util.h"
#include "proc/broker.h"
#include "tests/fuzz/lib/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int op_open(void *arg, const char *path, int flags, unsigned mode, struct err *e)
{
	(void)flags;
	(void)mode;
	if (path[0] == 'n')
		return err_set(e, -EACCES, "no %s", path);
	return dup(*(int *)arg);
}

static int op_may_start(void *arg, const char *program, char *const *argv, struct err *e)
{
	(void)arg;
	for (unsigned i = 0; argv[i]; i++)
		if (i >= SPAWN_ARGS)
			abort();
	return strcmp(argv[0], program) ? abort(), 0 : argv[1] ? 0 : err_set(e, -EPERM, "no");
}

static void packet(int s, const uint8_t *data, size_t size, unsigned n_fds)
{
	const struct iovec iov = {(void *)data, size};
	int fds[32];

	for (unsigned i = 0; i < 32; i++)
		fds[i] = s;
	packet_send(s, &iov, 1, fds, n_fds);
}

static void swallow(int s)
{
	char buf[1024];
	const struct iovec iov = {buf, sizeof(buf)};
	int fd;

	while (packet_receive(s, &iov, 1, MSG_DONTWAIT, &fd, 1, NULL) > 0)
		if (fd >= 0)
			close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct broker_ops ops = {op_open, op_may_start, "try"};
	struct loop *l = loop_new(NULL);
	struct broker *b;
	int s[2];

	log_set_level(-1);
	if (!size || !l || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s)) {
		loop_free(l);
		return 0;
	}
	spawn_program = *data++ == 't' ? "/bin/true" : "/nonexistent";
	size--;
	b = broker_serve(l, s[1], &ops, &s[0], NULL);
	if (!b)
		abort();
	while (size >= 2) {
		size_t n = MIN((size_t)load_le(data, 2) & 0x7ff, size - 2);

		packet(s[0], data + 2, n, data[1] >> 3);
		data += n + 2;
		size -= n + 2;
		loop_step(l, 0);
		swallow(s[0]);
	}
	loop_step(l, 0);
	broker_free(b);
	close(s[0]);
	loop_free(l);
	return 0;
}
