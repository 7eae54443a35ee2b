/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages with descriptors: all of them arrive, no more than there is room for, and last words. */
#include "base/packet.h"

#include "tests/test.h"
#include "tests/unit/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void pair(int s[2])
{
	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s));
}

static ssize_t say(int s, const char *text, const int *fds, unsigned n)
{
	const struct iovec iov[2] = {{(void *)text, 1}, {(void *)(text + 1), strlen(text) - 1}};

	return packet_send(s, iov, 2, fds, n);
}

static ssize_t hear(int s, char *text, int *fds, unsigned room, unsigned *n)
{
	const struct iovec iov = {text, 16};

	memset(text, 0, 16);
	return packet_receive(s, &iov, 1, MSG_DONTWAIT, fds, room, n);
}

/* An odd number leaves a gap behind it in the control message, which is no room. */
TEST_EACH(descriptors, 6, "")
{
	int s[2], out[6], in[6], before;
	unsigned n, sent = (unsigned)i, room = 3;
	char text[16];

	pair(s);
	for (unsigned k = 0; k < 6; k++)
		out[k] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	before = process_open_files(getpid());
	EQ(5, say(s[0], "hello", out, sent));
	EQ(5, hear(s[1], text, in, room, &n));
	EQS("hello", text);
	EQ(sent < room ? sent : room, n);
	EQ(before + (int)n, process_open_files(getpid())); /* those without room are closed */
	for (unsigned k = 0; k < room; k++) {
		EQ(k < n, in[k] >= 0);
		if (k < n)
			EQ(FD_CLOEXEC, fcntl(in[k], F_GETFD));
	}
	for (unsigned k = 0; k < 6; k++)
		close(out[k]);
	for (unsigned k = 0; k < n; k++)
		close(in[k]);
	close(s[0]);
	close(s[1]);
}

TEST(nothing_there)
{
	char text[16];
	int s[2], fd;

	pair(s);
	EQ(-EAGAIN, hear(s[0], text, &fd, 1, NULL));
	EQ(-1, fd);
	close(s[1]);
	EQ(0, hear(s[0], text, &fd, 1, NULL));
	EQ(-EPIPE, say(s[0], "x", NULL, 0));
	close(s[0]);
}

/* It ends with our words unread: the reset that this is comes before its last message. */
TEST(last_words)
{
	char text[16];
	int s[2];

	pair(s);
	EQ(4, say(s[0], "what", NULL, 0));
	EQ(4, say(s[1], "ouch", NULL, 0));
	close(s[1]);
	EQ(4, hear(s[0], text, NULL, 0, NULL));
	EQS("ouch", text);
	EQ(0, hear(s[0], text, NULL, 0, NULL));
	close(s[0]);
}

TEST(by_a_path)
{
	char path[] = "/tmp/hvm-packet-XXXXXX", text[16];
	const char *longer = "/tmp/"
			     "12345678901234567890123456789012345678901234567890"
			     "12345678901234567890123456789012345678901234567890123";
	int listener, s[2], left = mkstemp(path);

	MUST(left >= 0 && !close(left)); /* what was left there is replaced */
	EQ(-ECONNREFUSED, packet_connect(path));
	listener = packet_listen(path, 1);
	MUST(listener >= 0);
	EQ(-1, accept4(listener, NULL, NULL, SOCK_CLOEXEC)); /* nobody yet, and it does not wait */
	s[0] = packet_connect(path);
	MUST(s[0] >= 0);
	EQ(FD_CLOEXEC, fcntl(s[0], F_GETFD));
	s[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	EQ(5, say(s[0], "hello", NULL, 0));
	EQ(5, hear(s[1], text, NULL, 0, NULL));
	close(listener);
	EQ(-ECONNREFUSED, packet_connect(path));
	unlink(path);
	EQ(-ENOENT, packet_connect(path));
	EQ(108, strlen(longer));
	EQ(-ENAMETOOLONG, packet_connect(longer));
	EQ(-ENAMETOOLONG, packet_listen(longer, 1));
	close(s[0]);
	close(s[1]);
}
