/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets as servers and clients, their peers well-behaved or not. */
#include "char/chr.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct loop *loop;
static struct err err;
static char got[512], events[64], path[64];
static size_t room = 400;

static size_t can_read(void *arg)
{
	(void)arg;
	return room;
}

static void do_read(void *arg, const uint8_t *buf, size_t len)
{
	(void)arg;
	CHECK(len <= room);
	strncat(got, (const char *)buf, len);
	room -= len;
}

static void do_event(void *arg, enum chr_event ev)
{
	(void)arg;
	strcat(events, ev == CHR_OPENED ? "O" : ev == CHR_CLOSED ? "C" : "B");
}

static const struct chr_client client = {can_read, do_read, do_event, NULL};

static struct chr *open_ok(const char *text)
{
	struct chr *c;

	if (!loop)
		loop = loop_new(NULL);
	c = chr_open(loop, text, &err);
	EQS("", err.msg);
	MUST(c);
	return c;
}

/* "socket,id=s,path=<a new path><more>" */
static const char *unix_text(const char *more)
{
	static char text[256];

	if (!*path)
		snprintf(path, sizeof(path), "/tmp/hvm-sock-%d", getpid());
	snprintf(text, sizeof(text), "socket,id=s,path=%s%s", path, more);
	return text;
}

static struct sockaddr_un address(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	strcpy(a.sun_path, path);
	return a;
}

static int peer_connect(void)
{
	struct sockaddr_un a = address();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static int peer_listen(void)
{
	struct sockaddr_un a;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	unix_text("");
	a = address();
	MUST(fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 5));
	return fd;
}

static void turns(void)
{
	while (loop_step(loop, 0) > 0)
		;
}

static void expect(int fd, const char *text)
{
	char buf[256] = "";
	struct timeval tv = {5, 0};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	EQ(strlen(text), recv(fd, buf, sizeof(buf) - 1, 0));
	EQS(text, buf);
}

static void tidy(struct chr *c)
{
	chr_close(c);
	loop_free(loop);
}

TEST(server_serves_one_after_the_other)
{
	char name[128];
	struct chr *c = open_ok(unix_text(",server,nowait"));
	struct stat st;
	int a, b;

	snprintf(name, sizeof(name), "disconnected:unix:%s,server=on", path);
	EQS(name, chr_filename(c));
	chr_attach(c, &client);
	chr_write(c, "boot\n", 5); /* kept for who comes first */
	a = peer_connect();
	b = peer_connect();
	turns();
	CHECK(chr_connected(c));
	EQS(name + strlen("disconnected:"), chr_filename(c));
	expect(a, "boot\n");
	MUST(write(a, "from a", 6) == 6 && write(b, "from b", 6) == 6);
	turns();
	EQS("from a", got);
	close(a);
	turns();
	EQS("OCO", events);
	EQS("from afrom b", got);
	chr_write(c, "hi", 2);
	expect(b, "hi");
	close(b);
	turns();
	EQS(name, chr_filename(c));
	EQS("OCOC", events);
	EQ(0, stat(path, &st));
	tidy(c);
	EQ(-1, stat(path, &st)); /* our socket goes with us */
}

TEST(stale_socket_is_replaced_but_no_file)
{
	struct chr *c;
	FILE *f;

	close(peer_listen()); /* leaves its path behind */
	c = open_ok(unix_text(",server=on,wait=off"));
	chr_close(c);
	f = fopen(path, "w");
	fclose(f);
	CHECK(!chr_open(loop, unix_text(",server=on,wait=off"), &err));
	CHECK(strstr(err.msg, "cannot bind the unix socket /tmp/hvm-sock-"));
	CHECK(strstr(err.msg, "Address already in use"));
	EQ(0, unlink(path));
	loop_free(loop);
}

TEST(client_connects_at_once)
{
	int l = peer_listen(), fd;
	struct chr *c = open_ok(unix_text(""));

	CHECK(chr_connected(c));
	EQS("unix:", chr_filename(c));
	chr_attach(c, &client);
	EQS("O", events);
	fd = accept(l, NULL, NULL);
	chr_write(c, "hello", 5);
	expect(fd, "hello");
	MUST(write(fd, "x", 1) == 1);
	shutdown(fd, SHUT_WR); /* half a goodbye is one */
	turns();
	EQS("x", got);
	EQS("OC", events);
	CHECK(strstr(chr_filename(c), "disconnected:unix:/tmp"));
	close(fd);
	close(l);
	unlink(path);
	tidy(c);
}

TEST(refused_client_says_so)
{
	loop = loop_new(NULL);
	CHECK(!chr_open(loop, unix_text(""), &err));
	CHECK(strstr(err.msg, "chardev s: cannot connect to the unix socket /tmp/hvm-sock-"));
	CHECK(strstr(err.msg, "No such file or directory"));
	loop_free(loop);
}

static const struct {
	const char *more, *sentence;
} bad[] = {
	{"", "a socket needs one of path=, port= and fd="},
	{",path=a,port=1", "a socket needs one of path=, port= and fd="},
	{",path=a,server=on,reconnect=1", "reconnect= is for clients, not with server=on"},
	{",path=a,telnet=on", "telnet=on is not supported"},
	{",path=a,tls-creds=x", "tls-creds is not supported"},
	{",path=a,server=perhaps", "server=perhaps is neither on nor off"},
	{",fd=987", "descriptor 987 is no socket: Bad file descriptor"},
	{",path=", "the path of a unix socket has 1 to 107 characters: "},
	{",fd=x", "fd=x is not a number up to 1048576"},
};

TEST_EACH(bad_options, sizeof(bad) / sizeof(bad[0]), bad[i].more)
{
	char text[128], want[128];

	snprintf(text, sizeof(text), "socket,id=s%s", bad[i].more);
	snprintf(want, sizeof(want), "chardev s: %s", bad[i].sentence);
	loop = loop_new(NULL);
	CHECK(!chr_open(loop, text, &err));
	EQS(want, err.msg);
	loop_free(loop);
}

static void *late_peer(void *arg)
{
	int *fd = arg;

	while (access(path, F_OK))
		usleep(1000);
	usleep(10000);
	*fd = peer_connect();
	return NULL;
}

TEST(server_waits_for_its_client)
{
	pthread_t t;
	struct chr *c;
	int fd = -1;

	unix_text("");
	MUST(!pthread_create(&t, NULL, late_peer, &fd));
	c = open_ok(unix_text(",server=on")); /* wait=on is the default */
	CHECK(chr_connected(c));
	pthread_join(t, NULL);
	chr_write(c, "hi", 2);
	expect(fd, "hi");
	close(fd);
	tidy(c);
}

TEST(waiting_ends_with_a_signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGTERM);
	loop = loop_new(NULL);
	CHECK(!chr_open(loop, unix_text(",server=on"), &err));
	CHECK(strstr(err.msg, "chardev s: nobody connected to unix:/tmp/hvm-sock-"));
	EQ(-1, access(path, F_OK));
	sigpending(&set);
	CHECK(sigismember(&set, SIGTERM)); /* for the loop to see */
	loop_free(loop);
}

TEST(reading_is_paced)
{
	struct chr *c = open_ok(unix_text(",server=on,wait=off"));
	int fd;

	chr_attach(c, &client);
	fd = peer_connect();
	turns();
	room = 2;
	MUST(write(fd, "abcdef", 6) == 6);
	turns();
	EQS("ab", got);
	room = 1;
	EQ(0, loop_step(loop, 0)); /* until it is kicked */
	chr_kick(c);
	turns();
	EQS("abc", got);
	close(fd); /* what came before is not lost, nor does the loop spin */
	turns();
	EQ(0, loop_step(loop, 0));
	CHECK(chr_connected(c));
	room = 100;
	chr_kick(c);
	turns();
	EQS("abcdef", got);
	EQS("OC", events);
	room = 0; /* one that leaves without a word, while nobody reads */
	fd = peer_connect();
	turns();
	close(fd);
	turns();
	EQS("OCOC", events);
	tidy(c);
}

/* A peer that does not read: writes do not block; the newest 64 KiB are kept. */
TEST(slow_peer_loses_the_oldest)
{
	static char buf[4 << 20], line[16];
	struct chr *c = open_ok(unix_text(",server=on,wait=off"));
	size_t n = 0;
	ssize_t k;
	int fd = peer_connect();

	turns();
	for (int i = 0; i < 100000; i++)
		chr_write(c, line, (size_t)sprintf(line, "%07d\n", i));
	do {
		k = recv(fd, buf + n, sizeof(buf) - n, MSG_DONTWAIT);
		n += k > 0 ? (size_t)k : 0;
	} while (loop_step(loop, 0) > 0 || k > 0);
	CHECK(n < 800000);
	CHECK(n >= 64 << 10);
	EQM("0099998\n0099999\n", buf + n - 16, 16);
	close(fd);
	tidy(c);
}

TEST(reliable_stream_loses_nothing)
{
	static char buf[4 << 20], line[16];
	struct chr *c = open_ok(unix_text(",server=on,wait=off"));
	size_t n = 0;
	ssize_t k;
	int fd;

	chr_set_reliable(c);
	chr_write(c, "to nobody", 9);
	fd = peer_connect();
	turns();
	for (int i = 0; i < 400000; i++)
		chr_write(c, line, (size_t)sprintf(line, "%07d\n", i));
	do {
		k = recv(fd, buf + n, sizeof(buf) - n, MSG_DONTWAIT);
		n += k > 0 ? (size_t)k : 0;
	} while (loop_step(loop, 0) > 0 || k > 0);
	EQ(3200000, n);
	for (int i = 0; i < 400000; i += 9999) {
		sprintf(line, "%07d\n", i);
		EQM(line, buf + 8 * i, 8);
	}
	close(fd);
	tidy(c);
}

static void send_fds(int to, const int *fds, unsigned n)
{
	char space[CMSG_SPACE(4 * sizeof(int))] = "";
	struct iovec iov = {"f", 1};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = space,
			   .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	EQ(1, sendmsg(to, &m, 0));
}

TEST(descriptors_come_along)
{
	struct chr *c = open_ok(unix_text(",server=on,wait=off"));
	int fd, p[2], mine, lowest = dup(0);
	char buf[4];

	close(lowest);
	chr_attach(c, &client);
	fd = peer_connect();
	MUST(!pipe(p));
	send_fds(fd, p, 2);
	turns();
	EQS("f", got);
	MUST(write(p[1], "x", 1) == 1);
	mine = chr_take_fd(c); /* in the order in which they were sent */
	CHECK(mine > p[1]);
	EQ(1, read(mine, buf, 1));
	close(mine);
	mine = chr_take_fd(c);
	EQ(1, write(mine, "y", 1));
	close(mine);
	EQ(-1, chr_take_fd(c));
	for (int i = 0; i < 20; i++) { /* a flood of them is cut, and none leaks */
		send_fds(fd, p, 2);
		turns();
	}
	close(p[0]);
	close(p[1]);
	close(fd);
	turns();
	EQ(-1, chr_take_fd(c));
	EQ(lowest, dup(0));
	close(lowest);
	tidy(c);
}

TEST(inherited_descriptors)
{
	struct chr *c;
	char text[64], name[64];
	int sv[2], l;

	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	snprintf(text, sizeof(text), "socket,id=s,fd=%d", sv[0]);
	c = open_ok(text);
	CHECK(chr_connected(c));
	chr_write(c, "hi", 2);
	expect(sv[1], "hi");
	close(sv[1]);
	chr_attach(c, &client);
	turns();
	EQS("OC", events);
	chr_close(c);
	EQ(-1, close(sv[0])); /* it was ours */

	l = peer_listen();
	snprintf(text, sizeof(text), "socket,id=s,fd=%d", l);
	CHECK(!chr_open(loop, text, &err));
	CHECK(strstr(err.msg, "listens: server=on?"));
	l = dup(l);
	snprintf(text, sizeof(text), "socket,id=s,fd=%d,server=on,wait=off", l);
	err_clear(&err);
	c = open_ok(text);
	snprintf(name, sizeof(name), "disconnected:fd:%d,server=on", l);
	EQS(name, chr_filename(c));
	sv[1] = peer_connect();
	turns();
	CHECK(chr_connected(c));
	close(sv[1]);
	unlink(path);
	tidy(c);
}

TEST(tcp_both_ways)
{
	char text[128], want[200];
	struct chr *server, *c;
	unsigned port = 0;

	loop = loop_new(NULL);
	server = chr_open_short(loop, "s", "tcp:127.0.0.1:0,server,nowait", &err);
	EQS("", err.msg);
	MUST(server);
	EQ(1, sscanf(chr_filename(server), "disconnected:tcp:127.0.0.1:%u,server=on", &port));
	CHECK(port);
	snprintf(text, sizeof(text), "socket,id=c,host=127.0.0.1,port=%u,nodelay=on", port);
	c = open_ok(text);
	turns();
	CHECK(chr_connected(server));
	snprintf(want, sizeof(want), "tcp:127.0.0.1:%u,server=on <-> 127.0.0.1:", port);
	EQM(want, chr_filename(server), strlen(want));
	EQM("tcp:127.0.0.1:", chr_filename(c), 14);
	CHECK(strstr(chr_filename(c), " <-> 127.0.0.1:"));
	chr_attach(c, &client);
	chr_write(server, "hello", 5);
	for (int i = 0; i < 100 && !*got; i++)
		loop_step(loop, 50);
	EQS("hello", got);
	chr_close(server);
	for (int i = 0; i < 100 && strcmp(events, "OC"); i++)
		loop_step(loop, 50);
	EQS("OC", events);
	snprintf(want, sizeof(want), "disconnected:tcp:127.0.0.1:%u", port);
	EQS(want, chr_filename(c));
	err_clear(&err);
	CHECK(!chr_open(loop, text, &err));
	CHECK(strstr(err.msg, "Connection refused"));
	err_clear(&err);
	CHECK(!chr_open(loop, "socket,id=x,host=no such host,port=1", &err));
	CHECK(strstr(err.msg, "cannot resolve no such host:1"));
	tidy(c);
}

TEST(reconnecting_client)
{
	struct chr *c = open_ok(unix_text(",reconnect=1"));
	int l, fd;

	chr_attach(c, &client);
	CHECK(!chr_connected(c));
	chr_write(c, "early", 5);
	l = peer_listen();
	for (int i = 0; i < 100 && !chr_connected(c); i++)
		loop_step(loop, 50);
	CHECK(chr_connected(c));
	fd = accept(l, NULL, NULL);
	expect(fd, "early");
	close(fd);
	turns();
	EQS("OC", events);
	for (int i = 0; i < 100 && !chr_connected(c); i++)
		loop_step(loop, 50);
	EQS("OCO", events);
	close(l);
	unlink(path);
	tidy(c);
}
