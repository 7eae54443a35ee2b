/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/impl.h: what the back ends of char/ share with char/chr.c and nobody else. */
#ifndef CHAR_IMPL_H
#define CHAR_IMPL_H
#include "base/util.h"
#include "char/chr.h"

#include <sys/types.h>

/* ---- option text ---- */

enum { CHR_OPTS = 24 };
struct chr_opts {
	char *text; /* cut into the words below */
	const char *type;
	struct {
		const char *key, *value;
	} v[CHR_OPTS];
	unsigned n;
};
int chr_opts_parse(struct chr_opts *o, const char *text, struct err *e);
void chr_opts_free(struct chr_opts *o);
/* NULL = not given; the last of that name wins. */
const char *chr_opts_get(const struct chr_opts *o, const char *key);
int chr_opts_bool(const struct chr_opts *o, const char *key, bool *v, struct err *e);
int chr_opts_number(const struct chr_opts *o, const char *key, unsigned long max, unsigned long *v,
		    struct err *e);
/* Fails naming an option that is in neither list of words. */
int chr_opts_only(const struct chr_opts *o, const char *common, const char *own, struct err *e);
/* The -chardev text for a -serial short form, malloced; NULL and a sentence, or NULL for none. */
char *chr_opts_from_short(const char *id, const char *spec, struct err *e);

/* ---- back ends ---- */

struct chr_type {
	const char *name, *keys; /* options: words with a space before and after each */
	size_t size;             /* of its struct, which begins with a struct chr */
	int (*open)(struct chr *c, const struct chr_opts *o, struct err *e);
	/* Bytes taken, 0 = full now, -errno: they are lost. */
	ssize_t (*write)(struct chr *c, const uint8_t *buf, size_t len);
	/* What to wait for: bytes (only as many as chr_room) and room for output. */
	void (*poll)(struct chr *c, bool in, bool out);
	/* NULL: it has no clients to be given. */
	int (*adopt)(struct chr *c, int fd, struct err *e);
	void (*close)(struct chr *c); /* also after a failed open */
};
extern const struct chr_type chr_null, chr_ringbuf, chr_file, chr_pipe, chr_pty, chr_stdio,
	chr_serial, chr_socket;

struct chr {
	const struct chr_type *type;
	struct loop *loop;
	char *id;
	char filename[384];
	struct chr_client client;
	bool attached, connected, reliable;
	bool closed; /* inside a callback of its own: freed at its end */
	unsigned busy;
	uint8_t *ring;
	size_t ring_cap, ring_start, ring_len;
	int logfd; /* -1 = none */
	int fds[16];
	unsigned n_fds;
};

struct chr *chr_new(struct loop *l, const struct chr_type *type, const char *id, struct err *e);
/* Bytes that the client takes now. */
size_t chr_room(struct chr *c);
/* These three call the client. False: c was closed meanwhile. */
bool chr_receive(struct chr *c, const uint8_t *buf, size_t len);
bool chr_set_connected(struct chr *c, bool connected);
bool chr_tell(struct chr *c, enum chr_event ev);
void chr_flush(struct chr *c);  /* there is room for output */
void chr_repoll(struct chr *c); /* room in the client or the ring changed */
void chr_keep_fd(struct chr *c, int fd);

/* A stream over one descriptor, or one each way; embedded in the back end's struct. */
struct chr_stream {
	struct chr *chr;
	int in, out; /* owned; may be the same; -1 = none */
	struct watch *watch_in, *watch_out;
	struct defer again; /* epoll refuses regular files: they are read turn by turn */
	bool is_file;
};
void chr_stream_init(struct chr_stream *s, struct chr *c); /* before anything can fail */
int chr_stream_start(struct chr_stream *s, int in, int out, struct err *e);
ssize_t chr_stream_write(struct chr_stream *s, const uint8_t *buf, size_t len);
void chr_stream_poll(struct chr_stream *s, bool in, bool out);
void chr_stream_stop(struct chr_stream *s);
#endif
