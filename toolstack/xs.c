/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/xs.c: a client of a xenstore.
 *
 * A request goes out whole, then messages are read till its answer is there; watches' events among
 * them wait in a list.
 *
 * Tests: tests/toolstack/xs.c
 */
#include "toolstack/xs.h"

#include "base/clock.h"
#include "base/util.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define HEADER     sizeof(struct xsd_sockmsg)
#define PAYLOAD    XENSTORE_PAYLOAD_MAX
#define EVENTS_MAX 4096 /* that nobody has asked for yet; a store that sends more is left */
#define TRIES      100  /* of a transaction that others disturb */

int xs_ms = XS_MS;

struct event {
	struct event *next;
	char *token; /* within text */
	char text[];
};
struct xs {
	int fd;
	char *path;
	bool gone;
	uint32_t txn; /* of the requests now made; 0: none */
	size_t in_len;
	char in[HEADER + PAYLOAD];
	struct event *first, **last;
	unsigned n_events;
};

/* ---- time */

/* 0: ready. */
static int wait_for(const struct xs *x, short events, int64_t until)
{
	struct pollfd p = {.fd = x->fd, .events = events};

	for (;;) {
		int64_t left = until - clock_host_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return 0;
		if (!n)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* ---- life */

/* A queue of connections that is full says EAGAIN, and nothing tells when it no longer is. */
static int connect_by(struct xs *x, const struct sockaddr_un *at, int64_t until)
{
	while (connect(x->fd, (const struct sockaddr *)at, sizeof(*at)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (clock_host_ms() > until)
			return -ETIMEDOUT;
		poll(NULL, 0, 10);
	}
	return 0;
}

static int open_socket(struct xs *x, const char *path, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int rc;

	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, -ENAMETOOLONG, "%s: too long for a socket", path);
	strcpy(at.sun_path, path);
	x->path = strdup(path);
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (x->fd < 0 || !x->path)
		return err_set(e, -ENOMEM, "no socket or no memory for the store");
	rc = connect_by(x, &at, clock_host_ms() + xs_ms);
	return rc ? err_errno(e, rc, "no store at %s", path) : 0;
}

struct xs *xs_open(const char *path, struct err *e)
{
	struct xs *x = calloc(1, sizeof(*x));

	if (!x) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	x->fd = -1;
	x->last = &x->first;
	if (open_socket(x, path, e) == 0)
		return x;
	xs_close(x);
	return NULL;
}

static struct event *take_event(struct xs *x)
{
	struct event *v = x->first;

	if (!v)
		return NULL;
	x->first = v->next;
	if (!x->first)
		x->last = &x->first;
	x->n_events--;
	return v;
}

void xs_close(struct xs *x)
{
	if (!x)
		return;
	while (x->first)
		free(take_event(x));
	if (x->fd >= 0)
		close(x->fd);
	free(x->path);
	free(x);
}

const char *xs_path(const struct xs *x)
{
	return x->path;
}

int xs_fd(const struct xs *x)
{
	return x->fd;
}

/* ---- messages */

static struct xsd_sockmsg header_of(const struct xs *x)
{
	struct xsd_sockmsg m = {0};

	if (x->in_len >= HEADER)
		memcpy(&m, x->in, HEADER);
	return m;
}

/* Bytes of the message that has begun, as far as that is known. */
static size_t whole(const struct xs *x)
{
	return HEADER + header_of(x).len;
}

static bool complete(const struct xs *x)
{
	return x->in_len >= HEADER && x->in_len == whole(x);
}

/* -EAGAIN: no more there now. Never reads beyond one message. */
static int read_message(struct xs *x)
{
	while (!complete(x)) {
		ssize_t n;

		if (whole(x) > sizeof(x->in))
			return -EPROTO;
		n = recv(x->fd, x->in + x->in_len, whole(x) - x->in_len, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		x->in_len += (size_t)n;
	}
	return 0;
}

/* The payload: a path and a token, each with its NUL. */
static int keep_event(struct xs *x)
{
	size_t len = header_of(x).len, path_len = strnlen(x->in + HEADER, len) + 1;
	struct event *v;

	if (path_len >= len || x->in[HEADER + len - 1] || x->n_events == EVENTS_MAX)
		return -EPROTO;
	v = malloc(sizeof(*v) + len);
	if (!v)
		return -ENOMEM;
	memcpy(v->text, x->in + HEADER, len);
	v->token = v->text + path_len;
	v->next = NULL;
	*x->last = v;
	x->last = &v->next;
	x->n_events++;
	x->in_len = 0;
	return 0;
}

/* -EAGAIN: no answer yet. */
static int read_answer(struct xs *x)
{
	int rc;

	while ((rc = read_message(x)) == 0 && header_of(x).type == XS_WATCH_EVENT) {
		rc = keep_event(x);
		if (rc)
			return rc;
	}
	return rc;
}

static int send_all(struct xs *x, const char *bytes, size_t n, int64_t until)
{
	while (n) {
		ssize_t some = send(x->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		int rc = some < 0 && errno == EAGAIN ? wait_for(x, POLLOUT, until) : 0;

		if (rc || (some < 0 && errno != EAGAIN && errno != EINTR))
			return rc ? rc : -errno;
		bytes += MAX(some, 0);
		n -= (size_t)MAX(some, 0);
	}
	return 0;
}

static int error_of(const struct xs *x)
{
	size_t len = header_of(x).len;

	for (unsigned i = 0; i < ARRAY_SIZE(xsd_errors); i++) {
		const char *name = xsd_errors[i].errstring;

		if (len == strlen(name) + 1 && !memcmp(x->in + HEADER, name, len))
			return -xsd_errors[i].errnum;
	}
	return -EINVAL;
}

/* The answer is in x->in afterwards. */
static int exchange(struct xs *x, uint32_t type, const char *payload, size_t len)
{
	struct xsd_sockmsg m = {.type = type, .tx_id = x->txn, .len = (uint32_t)len};
	char message[HEADER + PAYLOAD];
	int64_t until = clock_host_ms() + xs_ms;
	int rc;

	memcpy(message, &m, HEADER);
	memcpy(message + HEADER, payload, len);
	rc = send_all(x, message, HEADER + len, until);
	while (!rc && (rc = read_answer(x)) == -EAGAIN)
		rc = wait_for(x, POLLIN, until);
	if (!rc && header_of(x).type != type && header_of(x).type != XS_ERROR)
		rc = -EPROTO;
	return rc;
}

/* < 0: what the store says is wrong. answer: room for XS_TEXT, with a NUL behind it; or NULL. */
static int take_answer(struct xs *x, char *answer)
{
	struct xsd_sockmsg m = header_of(x);
	int rc = m.type == XS_ERROR ? error_of(x) : 0;

	if (!rc && answer) {
		memcpy(answer, x->in + HEADER, m.len);
		answer[m.len] = '\0';
	}
	x->in_len = 0;
	return rc;
}

/* The payload begins with a path, for the sentence. */
static int ask(struct xs *x, uint32_t type, const char *what, const char *payload, size_t len,
	       char *answer, struct err *e)
{
	int rc = 0;

	if (len > PAYLOAD)
		return err_set(e, -E2BIG, "cannot %s %.60s: more than the store takes", what,
			       payload);
	if (!x->gone)
		rc = exchange(x, type, payload, len);
	if (x->gone || rc) {
		x->gone = true;
		return err_set(e, -EPIPE, "the store at %s has gone%s%s", x->path, rc ? ": " : "",
			       rc ? strerror(-rc) : "");
	}
	rc = take_answer(x, answer);
	return rc ? err_errno(e, rc, "the store cannot %s %s", what, payload) : 0;
}

static int ask_path(struct xs *x, uint32_t type, const char *what, const char *path, char *answer,
		    struct err *e)
{
	return ask(x, type, what, path, strlen(path) + 1, answer, e);
}

/* Two strings; end: the second one's NUL is sent, too. */
static int ask_two(struct xs *x, uint32_t type, const char *what, const char *path,
		   const char *text, bool end, struct err *e)
{
	char payload[PAYLOAD + 1];
	size_t at = strlen(path) + 1, n = strlen(text) + end;

	if (at + n > PAYLOAD)
		return err_set(e, -E2BIG, "cannot %s %.60s: more than the store takes", what, path);
	memcpy(payload, path, at);
	memcpy(payload + at, text, n);
	return ask(x, type, what, payload, at + n, NULL, e);
}

/* ---- requests */

int xs_read(struct xs *x, const char *path, char value[XS_TEXT], struct err *e)
{
	return ask_path(x, XS_READ, "read", path, value, e);
}

int xs_write(struct xs *x, const char *path, const char *value, struct err *e)
{
	return ask_two(x, XS_WRITE, "write", path, value, false, e);
}

int xs_mkdir(struct xs *x, const char *path, struct err *e)
{
	return ask_path(x, XS_MKDIR, "make", path, NULL, e);
}

/* It says so when the folder of what is to go is not there. */
int xs_rm(struct xs *x, const char *path, struct err *e)
{
	struct err why = {""};
	int rc = ask_path(x, XS_RM, "remove", path, NULL, &why);

	return rc && rc != -ENOENT ? err_set(e, rc, "%s", why.msg) : 0;
}

int xs_list(struct xs *x, const char *path, char names[XS_TEXT], struct err *e)
{
	return ask_path(x, XS_DIRECTORY, "list", path, names, e);
}

int xs_perms(struct xs *x, const char *path, const char *perms, struct err *e)
{
	char payload[PAYLOAD + 1];
	size_t at = strlen(path) + 1, n = strlen(perms) + 1;

	if (at + n > PAYLOAD)
		return err_set(e, -E2BIG, "%.60s: more than the store takes", path);
	memcpy(payload, path, at);
	memcpy(payload + at, perms, n);
	for (char *p = payload + at; *p; p++)
		if (*p == ',')
			*p = '\0';
	return ask(x, XS_SET_PERMS, "set the permissions of", payload, at + n, NULL, e);
}

/* ---- what is removed with its parents */

static bool idle_folder(struct xs *x, const char *path)
{
	char text[XS_TEXT];

	return xs_list(x, path, text, NULL) == 0 && !*text && xs_read(x, path, text, NULL) == 0 &&
	       !*text;
}

static int rm_all(struct xs *x, const char *path, struct err *e)
{
	char up[XS_TEXT], *slash;
	int rc = xs_rm(x, path, e);

	snprintf(up, sizeof(up), "%s", path);
	while (!rc && (slash = strrchr(up, '/')) && slash != up) {
		*slash = '\0';
		if (!idle_folder(x, up))
			break;
		rc = xs_rm(x, up, e);
	}
	return rc;
}

static int rm_once(struct xs *x, const char *path, struct err *e)
{
	char id[XS_TEXT];
	int rc = ask(x, XS_TRANSACTION_START, "begin a transaction", "", 1, id, e), end;

	if (rc)
		return rc;
	x->txn = (uint32_t)strtoul(id, NULL, 10);
	rc = rm_all(x, path, e);
	end = ask_path(x, XS_TRANSACTION_END, "end a transaction:", rc ? "F" : "T", NULL, e);
	x->txn = 0;
	return rc ? rc : end;
}

int xs_rm_up(struct xs *x, const char *path, struct err *e)
{
	struct err why = {""};
	int rc = -EAGAIN;

	for (unsigned i = 0; i < TRIES && rc == -EAGAIN; i++) {
		err_clear(&why);
		if (i) /* out of step with who disturbs it */
			poll(NULL, 0, (int)(i % 8));
		rc = rm_once(x, path, &why);
	}
	return rc ? err_set(e, rc, "%s", why.msg) : 0;
}

/* ---- watches */

int xs_watch(struct xs *x, const char *path, const char *token, struct err *e)
{
	return ask_two(x, XS_WATCH, "watch", path, token, true, e);
}

int xs_unwatch(struct xs *x, const char *path, const char *token, struct err *e)
{
	return ask_two(x, XS_UNWATCH, "stop to watch", path, token, true, e);
}

/* Between requests nothing but events may come. */
static int more_events(struct xs *x)
{
	int rc = x->gone ? -EPIPE : read_answer(x);

	if (rc == -EAGAIN)
		return 0;
	x->gone = true;
	return -EPIPE;
}

int xs_event(struct xs *x, char path[XS_TEXT], char token[XS_TEXT])
{
	int rc = x->first ? 0 : more_events(x);
	struct event *v = take_event(x);

	if (!v)
		return rc;
	snprintf(path, XS_TEXT, "%s", v->text);
	snprintf(token, XS_TEXT, "%s", v->token);
	free(v);
	return 1;
}
