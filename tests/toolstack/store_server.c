/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/store_server.c: the store on its socket: clients that disturb, and many. */
#include "base/util.h"
#include "tests/test.h"
#include "toolstack/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define MANY 270 /* more than are served at once */

struct world {
	struct loop *loop;
	struct store *s;
	struct store_server *v;
	char dir[64];
	struct sockaddr_un at;
};

static void open_world(struct world *w)
{
	struct err e = {""};

	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/hvm-store-XXXXXX");
	MUST(mkdtemp(w->dir));
	w->at.sun_family = AF_UNIX;
	snprintf(w->at.sun_path, sizeof(w->at.sun_path), "%s/s", w->dir);
	w->loop = loop_new(&e);
	w->s = store_new(&store_limits, &e);
	MUST(w->loop && w->s);
	w->v = store_server_new(w->s, w->loop, w->at.sun_path, &e);
	EQS("", e.msg);
	MUST(w->v);
}

static void close_world(struct world *w)
{
	store_server_free(w->v);
	CHECK(access(w->at.sun_path, F_OK) < 0);
	store_free(w->s);
	loop_free(w->loop);
	OK(rmdir(w->dir));
}

static int client(const struct world *w)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	MUST(connect(fd, (const struct sockaddr *)&w->at, sizeof(w->at)) == 0);
	return fd;
}

static void turns(struct world *w, unsigned n)
{
	while (n--)
		MUST(loop_step(w->loop, 0) >= 0);
}

/* Sends a request; true: all of it. */
static bool ask(int fd, uint32_t type, const char *text, size_t len)
{
	uint8_t message[STORE_HEADER + 64] = {0};

	store_le(message, 4, type);
	store_le(message + 12, 4, len);
	memcpy(message + STORE_HEADER, text, len);
	return send(fd, message, STORE_HEADER + len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)(STORE_HEADER + len);
}

/* The value of "/x" as it hears it; "" = nothing came. */
static const char *reads_x(struct world *w, int fd)
{
	static char buf[256];
	ssize_t n;

	MUST(ask(fd, XS_READ, "/x", 3));
	turns(w, 20);
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	if (n < STORE_HEADER)
		return "";
	buf[n] = 0;
	return buf + STORE_HEADER;
}

TEST(for_its_owner_alone)
{
	struct world w;
	struct stat st;

	open_world(&w);
	OK(stat(w.at.sun_path, &st));
	EQ(0600, st.st_mode & 0777);
	close_world(&w);
}

TEST(more_than_are_served)
{
	static int fd[MANY];
	struct world w;

	open_world(&w);
	OK(store_write(w.s, "/x", "here"));
	for (unsigned i = 0; i < MANY; i++) {
		fd[i] = client(&w);
		turns(&w, 3);
	}
	EQS("here", reads_x(&w, fd[0]));
	EQS("here", reads_x(&w, fd[255]));
	EQS("", reads_x(&w, fd[256])); /* it waits … */
	close(fd[7]);
	turns(&w, 20);
	EQS("here", reads_x(&w, fd[0]));
	CHECK(recv(fd[256], (char[64]){0}, 64, 0) > STORE_HEADER); /* … till one has gone */
	for (unsigned i = 0; i < MANY; i++)
		if (i != 7)
			close(fd[i]);
	turns(&w, 2 * MANY);
	fd[0] = client(&w);
	EQS("here", reads_x(&w, fd[0]));
	close(fd[0]);
	close_world(&w);
}

/* One asks without end and reads nothing, one stops in a header: the third does not notice, and the
 * first is not even asked for more. */
TEST(clients_that_disturb)
{
	struct world w;
	int greedy, slow, good;
	unsigned sent = 0;

	open_world(&w);
	OK(store_write(w.s, "/x", "here"));
	greedy = client(&w);
	slow = client(&w);
	good = client(&w);
	MUST(send(slow, "\2\0\0", 3, 0) == 3);
	for (unsigned quiet = 0; quiet < 50;) {
		bool took = ask(greedy, XS_DIRECTORY, "/", 2);

		sent += took;
		quiet = took ? 0 : quiet + 1;
		turns(&w, 1);
		MUST(sent < 1000000);
	}
	CHECK(sent > 1000);
	EQS("here", reads_x(&w, good));
	for (char buf[4096]; sent;) { /* each answer is there: "tool", "x" */
		ssize_t n = recv(greedy, buf, (STORE_HEADER + 7) * MIN(sent, 100u), MSG_PEEK);

		if (n >= STORE_HEADER + 7)
			recv(greedy, buf, STORE_HEADER + 7, 0), sent--;
		turns(&w, n < STORE_HEADER + 7);
	}
	EQS("here", reads_x(&w, good));
	close(greedy);
	close(slow);
	close(good);
	turns(&w, 10);
	close_world(&w);
}

/* With its watches and transactions. */
TEST(gone_in_the_middle)
{
	struct world w;
	int fd, good;

	open_world(&w);
	good = client(&w);
	for (unsigned i = 0; i < 200; i++) {
		fd = client(&w);
		MUST(ask(fd, XS_WATCH, "/\0t", 4));
		MUST(ask(fd, XS_TRANSACTION_START, "", 1));
		turns(&w, 4);
		if (i % 2)
			MUST(send(fd, "\13\0\0", 3, 0) == 3);
		close(fd);
		OK(store_write(w.s, "/x", "news"));
		turns(&w, 4);
	}
	EQS("news", reads_x(&w, good));
	close(good);
	close_world(&w);
}
