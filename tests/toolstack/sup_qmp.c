/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor's end of hvm-dm's monitor; the test is hvm-dm, also one that lies. */
#include "toolstack/supervisor/sup.h"

#include "base/packet.h"
#include "tests/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n"
#define GONE     "hvm-dm does not answer any more"

struct box {
	struct loop *l;
	struct qmp_client *q;
	int dm;
	char said[600]; /* what came of it, in order */
};

static void note(struct box *b, const char *what, json_t *value, const char *error)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	size_t n = strlen(b->said);

	snprintf(b->said + n, sizeof(b->said) - n, "%s%s %s", n ? "; " : "", what,
		 text    ? text
		 : error ? error
			 : "-");
	free(text);
}

static void ready(void *arg, const char *error)
{
	note(arg, "ready", NULL, error);
}

static void event(void *arg, const char *name, json_t *data)
{
	note(arg, name, data, NULL);
}

static void first(void *arg, json_t *value, const char *error)
{
	note(arg, "first", value, error);
}

static void second(void *arg, json_t *value, const char *error)
{
	note(arg, "second", value, error);
}

static void turn(struct box *b)
{
	while (loop_step(b->l, 0) > 0)
		;
}

static void say(struct box *b, const char *text)
{
	MUST(send(b->dm, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
	turn(b);
}

static const char *heard(struct box *b)
{
	static char text[4096];
	ssize_t n = recv(b->dm, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static void open_box(struct box *b)
{
	static const struct qmp_client_ops ops = {ready, event};
	int s[2];

	*b = (struct box){.l = loop_new(NULL)};
	MUST(b->l && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	b->dm = s[1];
	b->q = qmp_client_new(b->l, s[0], &ops, b, NULL);
	MUST(b->q);
}

static void close_box(struct box *b)
{
	qmp_client_free(b->q);
	close(b->dm);
	loop_free(b->l);
}

/* … past the greeting */
static void open_ready(struct box *b)
{
	open_box(b);
	say(b, GREETING);
	EQS("{\"execute\":\"qmp_capabilities\",\"id\":1}\n", heard(b));
	say(b, "{\"return\": {}, \"id\": 1}\r\n");
	EQS("ready -", b->said);
	b->said[0] = 0;
}

TEST(a_greeting_byte_by_byte)
{
	struct box b;

	open_box(&b);
	for (const char *p = GREETING; *p; p++) {
		EQS("", heard(&b));
		say(&b, (char[]){*p, 0});
	}
	EQS("{\"execute\":\"qmp_capabilities\",\"id\":1}\n", heard(&b));
	say(&b, "{\"error\": {\"class\": \"X\", \"desc\": \"not you\"}, \"id\": 1}\n");
	EQS("ready not you", b.said);
	close_box(&b);
}

TEST(answers_in_order)
{
	struct box b;

	open_ready(&b);
	qmp_client_send(b.q, "stop", NULL, -1, first, &b);
	qmp_client_send(b.q, "eject", json_pack("{ss}", "id", "ide-5632"), -1, second, &b);
	qmp_client_send(b.q, "cont", NULL, -1, NULL, NULL);
	EQS("{\"execute\":\"stop\",\"id\":2}\n"
	    "{\"execute\":\"eject\",\"id\":3,\"arguments\":{\"id\":\"ide-5632\"}}\n"
	    "{\"execute\":\"cont\",\"id\":4}\n",
	    heard(&b));
	say(&b, "{\"return\": [1], \"id\": 2}\n{\"event\": \"STOP\", \"data\": {\"a\": 1}}\n"
		"{\"error\": {\"desc\": \"no such drive\"}, \"id\": 3}\n"
		"{\"event\": \"RESUME\"}\n{\"return\": null, \"id\": 4}\n");
	EQS("first [1]; STOP {\"a\":1}; second no such drive; RESUME -", b.said);
	close_box(&b);
}

/* Each ends the talk, and what was asked hears so at once. */
static const struct {
	const char *name, *text;
} nonsense[] = {
	{"another id", "{\"return\": {}, \"id\": 3}\n"},
	{"no id", "{\"return\": {}}\n"},
	{"an id that is a text", "{\"return\": {}, \"id\": \"2\"}\n"},
	{"neither answer nor error", "{\"id\": 2}\n"},
	{"an error without a sentence", "{\"error\": {}, \"id\": 2}\n"},
	{"an error that is a text", "{\"error\": \"x\", \"id\": 2}\n"},
	{"a list", "[{\"return\": {}, \"id\": 2}]\n"},
	{"an event without a name", "{\"event\": 7}\n"},
	{"an empty line", "\n"},
	{"no JSON", "hello\n"},
	{"half of it", "{\"return\": {}, \"id\": 2\n"},
	{"not UTF-8", "{\"return\": \"\xff\", \"id\": 2}\n"},
	{"a number too large", "{\"return\": 99999999999999999999, \"id\": 2}\n"},
};

TEST_EACH(nonsense, sizeof(nonsense) / sizeof(nonsense[0]), nonsense[i].name)
{
	struct box b;

	open_ready(&b);
	qmp_client_send(b.q, "stop", NULL, -1, first, &b);
	qmp_client_send(b.q, "cont", NULL, -1, second, &b);
	say(&b, nonsense[i].text);
	EQS("first " GONE "; second " GONE, b.said);
	say(&b, "{\"return\": {}, \"id\": 2}\n{\"event\": \"STOP\"}\n"); /* nobody listens */
	b.said[0] = 0;
	qmp_client_send(b.q, "stop", json_object(), -1, first, &b);
	EQS("first " GONE, b.said);
	close_box(&b);
}

TEST(an_answer_nobody_asked_for)
{
	struct box b;

	open_ready(&b);
	say(&b, "{\"return\": {}, \"id\": 0}\n");
	qmp_client_send(b.q, "stop", NULL, -1, first, &b);
	EQS("first " GONE, b.said);
	close_box(&b);
}

static const char *const no_greetings[] = {"{\"return\": {}}\n", "{\"event\": \"STOP\"}\n", "[]\n"};

/* A start must not wait for its deadline when it is clear that nothing comes. */
TEST_EACH(no_greeting, sizeof(no_greetings) / sizeof(no_greetings[0]), no_greetings[i])
{
	struct box b;

	open_box(&b);
	say(&b, no_greetings[i]);
	EQS("ready hvm-dm's monitor talks nonsense", b.said);
	close_box(&b);
	EQS("ready hvm-dm's monitor talks nonsense", b.said);
}

/* Its end is noticed, and said, by who looks after the process. */
TEST(gone_before_the_greeting)
{
	struct box b;

	open_box(&b);
	shutdown(b.dm, SHUT_RDWR);
	turn(&b);
	EQS("", b.said);
	close_box(&b);
}

TEST(freed_before_the_greeting)
{
	struct box b;

	open_box(&b);
	close_box(&b);
	EQS("", b.said);
}

/* 1 MiB of a line, then it is over. */
TEST(a_line_without_end)
{
	char bytes[4096];
	size_t sent = 0;
	struct box b;

	open_ready(&b);
	qmp_client_send(b.q, "stop", NULL, -1, first, &b);
	memset(bytes, ' ', sizeof(bytes));
	while (!b.said[0] && sent < 2 << 20) {
		ssize_t n = send(b.dm, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		turn(&b);
	}
	EQS("first " GONE, b.said);
	CHECK(sent > 1 << 20 && sent <= (1 << 20) + 3 * sizeof(bytes));
	close_box(&b);
}

TEST(a_long_line_that_fits)
{
	char *text = malloc((1 << 20) + 1);
	struct box b;
	size_t n = (1 << 20) - 100;

	open_ready(&b);
	qmp_client_send(b.q, "stop", NULL, -1, first, &b);
	memset(text, ' ', n);
	strcpy(text + n, "{\"return\": 7, \"id\": 2}\n");
	n = strlen(text);
	for (size_t at = 0; at < n;) {
		ssize_t k = send(b.dm, text + at, n - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		at += k > 0 ? (size_t)k : 0;
		turn(&b);
	}
	EQS("first 7", b.said);
	free(text);
	close_box(&b);
}

TEST(the_peer_goes_with_questions_open)
{
	struct box b;

	open_ready(&b);
	qmp_client_send(b.q, "stop", NULL, -1, first, &b);
	qmp_client_send(b.q, "cont", NULL, -1, second, &b);
	shutdown(b.dm, SHUT_RDWR);
	turn(&b);
	EQS("first " GONE "; second " GONE, b.said);
	EQ(0, loop_step(b.l, 0)); /* no busy loop on a dead socket */
	close_box(&b);
}

TEST(freed_with_questions_open)
{
	struct box b;

	open_ready(&b);
	qmp_client_send(b.q, "stop", NULL, -1, first, &b);
	close_box(&b);
	EQS("first " GONE, b.said);
	qmp_client_free(NULL);
}

/* hvm-dm does not read: nobody waits for it. */
TEST(a_full_socket)
{
	char *big = malloc(100001);
	struct box b;

	open_ready(&b);
	memset(big, 'x', 100000);
	big[100000] = 0;
	alarm(10);
	for (unsigned i = 0; i < 100 && !b.said[0]; i++)
		qmp_client_send(b.q, "x", json_pack("{ss}", "y", big), -1, i ? NULL : first, &b);
	EQS("first " GONE, b.said);
	free(big);
	close_box(&b);
}

TEST(a_descriptor_goes_along)
{
	char text[200];
	const struct iovec iov = {text, sizeof(text) - 1};
	int ends[2], got = -1;
	struct box b;
	ssize_t n;

	open_ready(&b);
	MUST(!pipe2(ends, O_CLOEXEC));
	qmp_client_send(b.q, "add-fd", json_object(), ends[1], first, &b);
	n = packet_receive(b.dm, &iov, 1, MSG_DONTWAIT, &got, 1, NULL);
	MUST(n > 0 && got >= 0);
	text[n] = 0;
	EQS("{\"execute\":\"add-fd\",\"id\":2,\"arguments\":{}}\n", text);
	EQ(1, write(got, "x", 1));
	close(got);
	EQ(1, write(ends[1], "y", 1)); /* ours is still open */
	EQ(2, read(ends[0], text, sizeof(text)));
	close(ends[0]);
	close(ends[1]);
	close_box(&b);
}
