/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/xs.c: what may come from a store that was taken over, to its client: the input is all
 * that it says, then it hangs up; the requests that are made are the same each time. The client
 * must come back from each, and texts end where they should.
 */
#include "tests/fuzz/lib/fuzz.h"
#include "toolstack/xs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char path[64];

static void remove_socket(void)
{
	unlink(path);
}

static int listen_once(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	static int fd = -1;

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/tmp/hvm-fuzz-xs-%d", (int)getpid());
	strcpy(a.sun_path, path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4) ||
	    atexit(remove_socket))
		abort();
	return fd;
}

static void sound(const char *text, const char *end)
{
	if (!memchr(text, 0, (size_t)(end - text)))
		abort();
}

static void ask(struct xs *x)
{
	char text[XS_TEXT], token[XS_TEXT];
	struct err e = {""};

	if (!xs_read(x, "/a", text, &e))
		sound(text, text + sizeof(text));
	else if (!*e.msg)
		abort();
	if (!xs_list(x, "/", text, NULL))
		sound(text, text + sizeof(text));
	xs_write(x, "/a", "1", NULL);
	xs_watch(x, "/a", "t", NULL);
	while (xs_event(x, text, token) > 0) {
		sound(text, text + sizeof(text));
		sound(token, token + sizeof(token));
	}
	xs_perms(x, "/a", "n0,r1", NULL);
	xs_rm_up(x, "/a/b/c", NULL);
	xs_rm(x, "/a", NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = listen_once(), peer;
	struct xs *x;

	if (size > 100000)
		return 0;
	xs_ms = 1000;
	x = xs_open(path, NULL);
	peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (!x || peer < 0)
		abort();
	if (size && send(peer, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size)
		size = 0;
	shutdown(peer, SHUT_WR);
	ask(x);
	xs_close(x);
	close(peer);
	return 0;
}
