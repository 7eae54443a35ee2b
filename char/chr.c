/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * char/chr.c: what all byte streams have in common: the client, the ring for
 * output that the peer does not take, and opening by option text.
 */
#include "char/impl.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RING = 64 << 10, RELIABLE_MAX = 64 << 20 };

static const struct chr_type *const types[] = {&chr_file,    &chr_null,   &chr_pipe,   &chr_pty,
					       &chr_ringbuf, &chr_serial, &chr_socket, &chr_stdio};

static int plain_open(const char *path, int flags, unsigned mode, struct err *e)
{
	int fd = open(path, flags | O_CLOEXEC, mode);

	return fd >= 0 ? fd : err_errno(e, -errno, "cannot open %s", path);
}

int (*chr_host_open)(const char *path, int flags, unsigned mode, struct err *e) = plain_open;

/* ---- the client ---- */

/* Callbacks may close c; the outermost of them then frees it. */
static bool leave(struct chr *c)
{
	bool closed = c->closed;

	if (!--c->busy && closed) {
		c->closed = false;
		chr_close(c);
	}
	return !closed;
}

size_t chr_room(struct chr *c)
{
	if (!c->attached || !c->client.read)
		return 0;
	return c->client.can_read ? c->client.can_read(c->client.arg) : 4096;
}

bool chr_receive(struct chr *c, const uint8_t *buf, size_t len)
{
	c->busy++;
	if (c->attached && c->client.read)
		c->client.read(c->client.arg, buf, len);
	if (!c->closed)
		chr_repoll(c);
	return leave(c);
}

bool chr_tell(struct chr *c, enum chr_event ev)
{
	c->busy++;
	if (c->attached && c->client.event)
		c->client.event(c->client.arg, ev);
	return leave(c);
}

void chr_attach(struct chr *c, const struct chr_client *cl)
{
	c->attached = cl != NULL;
	c->client = cl ? *cl : (struct chr_client){0};
	if (c->connected && c->attached && !chr_tell(c, CHR_OPENED))
		return;
	chr_repoll(c);
}

void chr_kick(struct chr *c)
{
	chr_repoll(c);
}

bool chr_set_connected(struct chr *c, bool connected)
{
	if (c->connected == connected)
		return true;
	c->connected = connected;
	if (c->reliable)
		c->ring_len = 0;
	if (connected)
		chr_flush(c);
	while (!connected && c->n_fds)
		close(chr_take_fd(c));
	return chr_tell(c, connected ? CHR_OPENED : CHR_CLOSED);
}

/* ---- descriptors that came along ---- */

void chr_keep_fd(struct chr *c, int fd)
{
	if (c->n_fds < ARRAY_SIZE(c->fds))
		c->fds[c->n_fds++] = fd;
	else
		close(fd); /* a peer that floods us with them */
}

int chr_take_fd(struct chr *c)
{
	int fd = -1;

	if (c->n_fds) {
		fd = c->fds[0];
		memmove(c->fds, c->fds + 1, --c->n_fds * sizeof(c->fds[0]));
	}
	return fd;
}

/* ---- output ---- */

static void ring_grow(struct chr *c, size_t need)
{
	size_t cap = c->ring_cap ? c->ring_cap : RING, tail;
	uint8_t *ring;

	while (cap < need && cap < RELIABLE_MAX)
		cap *= 2;
	if (cap == c->ring_cap)
		return;
	ring = malloc(cap);
	if (!ring)
		return; /* then the oldest bytes go */
	tail = MIN(c->ring_len, c->ring_cap - c->ring_start);
	if (c->ring) {
		memcpy(ring, c->ring + c->ring_start, tail);
		memcpy(ring + tail, c->ring, c->ring_len - tail);
	}
	free(c->ring);
	c->ring = ring;
	c->ring_cap = cap;
	c->ring_start = 0;
}

/* Appends, losing the oldest bytes. */
static void ring_put(struct chr *c, const uint8_t *buf, size_t len)
{
	ring_grow(c, c->reliable ? c->ring_len + len : 0);
	if (len > c->ring_cap) {
		buf += len - c->ring_cap;
		len = c->ring_cap;
	}
	if (c->ring_len + len > c->ring_cap) {
		size_t lost = c->ring_len + len - c->ring_cap;

		c->ring_start = (c->ring_start + lost) % c->ring_cap;
		c->ring_len -= lost;
	}
	for (size_t done = 0; done < len;) {
		size_t at = (c->ring_start + c->ring_len) % c->ring_cap;
		size_t n = MIN(len - done, c->ring_cap - at);

		memcpy(c->ring + at, buf + done, n);
		c->ring_len += n;
		done += n;
	}
}

/* Hands bytes to the back end; how many it took or lost. */
static size_t push(struct chr *c, const uint8_t *buf, size_t len)
{
	size_t done = 0;

	while (done < len && c->connected) {
		ssize_t n = c->type->write(c, buf + done, len - done);

		if (n == 0)
			break;
		done += n < 0 ? len - done : (size_t)n;
	}
	return done;
}

void chr_flush(struct chr *c)
{
	while (c->ring_len && c->connected) {
		size_t n = MIN(c->ring_len, c->ring_cap - c->ring_start);

		n = push(c, c->ring + c->ring_start, n);
		if (!n)
			break;
		c->ring_start = (c->ring_start + n) % c->ring_cap;
		c->ring_len -= n;
	}
	if (!c->ring_len && c->ring_cap > RING) {
		free(c->ring);
		c->ring = NULL;
		c->ring_cap = c->ring_start = 0;
	}
	chr_repoll(c);
}

void chr_repoll(struct chr *c)
{
	if (c->type->poll)
		c->type->poll(c, c->connected && chr_room(c), c->connected && c->ring_len);
}

static void log_output(struct chr *c, const uint8_t *buf, size_t len)
{
	ssize_t n = write(c->logfd, buf, len);

	/* A pipe that is full loses what it has no room for; a full disk says so next time. */
	if (n >= 0 || errno == EAGAIN || errno == EINTR)
		return;
	log_warn("the log file of character device %s is not written any more", c->id);
	close(c->logfd);
	c->logfd = -1;
}

size_t chr_write(struct chr *c, const void *buf, size_t len)
{
	size_t done = 0;

	if (c->logfd >= 0)
		log_output(c, buf, len);
	if (!c->ring_len)
		done = push(c, buf, len);
	if (done < len && (c->connected || !c->reliable)) {
		ring_put(c, (const uint8_t *)buf + done, len - done);
		chr_repoll(c);
	}
	return done;
}

void chr_set_reliable(struct chr *c)
{
	c->reliable = true;
	if (!c->connected)
		c->ring_len = 0;
}

/* ---- life ---- */

static const struct chr_type *find_type(const char *name, struct err *e)
{
	static const char *const later[] = {"udp",      "mux",      "vc",
					    "spicevmc", "msmouse",  "braille",
					    "wctablet", "parallel", "testdev"};

	if (!strcmp(name, "memory"))
		name = "ringbuf";
	if (!strcmp(name, "tty"))
		name = "serial";
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(types[i]->name, name))
			return types[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		if (!strcmp(later[i], name)) {
			err_set(e, -ENOTSUP, "character devices of type %s are not supported",
				name);
			return NULL;
		}
	}
	err_set(e, -EINVAL, "'%s' is none of file, null, pipe, pty, ringbuf, serial, socket, stdio",
		name);
	return NULL;
}

struct chr *chr_new(struct loop *l, const struct chr_type *type, const char *id, struct err *e)
{
	struct chr *c = calloc(1, type->size);

	if (c)
		c->id = strdup(id);
	if (!c || !c->id) {
		free(c);
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	c->type = type;
	c->loop = l;
	c->logfd = -1;
	snprintf(c->filename, sizeof(c->filename), "%s", type->name);
	return c;
}

static const char common_keys[] = " id mux logfile logappend ";

static int open_common(struct chr *c, const struct chr_opts *o, struct err *e)
{
	const char *log = chr_opts_get(o, "logfile");
	bool mux = false, append = false;
	int rc = chr_opts_bool(o, "mux", &mux, e);

	if (!rc)
		rc = chr_opts_bool(o, "logappend", &append, e);
	if (!rc && mux)
		return err_set(e, -ENOTSUP,
			       "mux=on is not supported: use one character device for each");
	if (rc || !log)
		return rc;
	c->logfd = chr_host_open(log, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0644, e);
	return c->logfd < 0 ? c->logfd : 0;
}

static struct chr *open_opts(struct loop *l, const struct chr_opts *o, struct err *e)
{
	const struct chr_type *type = find_type(o->type, e);
	const char *id = chr_opts_get(o, "id");
	struct chr *c;
	int rc;

	if (!type)
		return NULL;
	if (!id || !*id) {
		err_set(e, -EINVAL, "character device %s lacks an id=", o->type);
		return NULL;
	}
	c = chr_new(l, type, id, e);
	if (!c)
		return NULL;
	rc = chr_opts_only(o, common_keys, type->keys, e);
	if (!rc)
		rc = open_common(c, o, e);
	if (!rc)
		rc = type->open(c, o, e);
	if (rc) {
		err_prefix(e, "chardev %s", id);
		chr_close(c);
		return NULL;
	}
	return c;
}

struct chr *chr_open(struct loop *l, const char *opts, struct err *e)
{
	struct chr_opts o;
	struct chr *c;

	if (chr_opts_parse(&o, opts, e))
		return NULL;
	c = open_opts(l, &o, e);
	chr_opts_free(&o);
	return c;
}

struct chr *chr_open_short(struct loop *l, const char *label, const char *spec, struct err *e)
{
	char *text = chr_opts_from_short(label, spec, e);
	struct chr *c = text ? chr_open(l, text, e) : NULL;

	free(text);
	return c;
}

int chr_adopt(struct chr *c, int fd, struct err *e)
{
	if (!c->type->adopt)
		return err_set(e, -ENOTSUP, "chardev %s: a %s has no clients", c->id,
			       c->type->name);
	return c->type->adopt(c, fd, e);
}

void chr_close(struct chr *c)
{
	if (!c)
		return;
	c->attached = false;
	if (c->busy) {
		c->closed = true;
		return;
	}
	chr_flush(c); /* what a last turn of the peer's still takes */
	if (c->type->close)
		c->type->close(c);
	while (c->n_fds)
		close(chr_take_fd(c));
	if (c->logfd >= 0)
		close(c->logfd);
	free(c->ring);
	free(c->id);
	free(c);
}

const char *chr_id(const struct chr *c)
{
	return c->id;
}

const char *chr_filename(const struct chr *c)
{
	return c->filename;
}

bool chr_connected(const struct chr *c)
{
	return c->connected;
}
