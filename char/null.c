/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/null.c: byte streams without a host side: null, ringbuf, and the fake one of tests. */
#include "char/impl.h"

#include <errno.h>
#include <stdlib.h>

struct memory {
	struct chr chr;
	uint8_t *buf; /* ringbuf */
	size_t size, start, len;
	void (*fn)(void *arg, const uint8_t *buf, size_t len); /* fake */
	void *arg;
};

static ssize_t null_write(struct chr *c, const uint8_t *buf, size_t len)
{
	(void)c;
	(void)buf;
	return (ssize_t)len;
}

static int null_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	(void)o;
	(void)e;
	c->connected = true;
	return 0;
}

const struct chr_type chr_null = {
	.name = "null",
	.keys = " ",
	.size = sizeof(struct chr),
	.open = null_open,
	.write = null_write,
};

static int ringbuf_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	struct memory *m = (struct memory *)c;
	unsigned long size = 64 << 10;
	int rc = chr_opts_number(o, "size", 64 << 20, &size, e);

	if (rc)
		return rc;
	if (!size || size & (size - 1))
		return err_set(e, -EINVAL, "size of ringbuf chardev must be power of two");
	m->buf = malloc(size);
	if (!m->buf)
		return err_set(e, -ENOMEM, "out of memory");
	m->size = size;
	c->connected = true;
	return 0;
}

static ssize_t ringbuf_write(struct chr *c, const uint8_t *buf, size_t len)
{
	struct memory *m = (struct memory *)c;

	for (size_t i = 0; i < len; i++) {
		m->buf[(m->start + m->len) & (m->size - 1)] = buf[i];
		if (m->len < m->size)
			m->len++;
		else
			m->start++;
	}
	return (ssize_t)len;
}

static void ringbuf_close(struct chr *c)
{
	free(((struct memory *)c)->buf);
}

const struct chr_type chr_ringbuf = {
	.name = "ringbuf",
	.keys = " size ",
	.size = sizeof(struct memory),
	.open = ringbuf_open,
	.write = ringbuf_write,
	.close = ringbuf_close,
};

int chr_ringbuf_read(struct chr *c, void *buf, size_t len)
{
	struct memory *m = (struct memory *)c;
	uint8_t *to = buf;

	if (c->type != &chr_ringbuf)
		return -EINVAL;
	len = MIN(len, m->len);
	for (size_t i = 0; i < len; i++)
		to[i] = m->buf[(m->start + i) & (m->size - 1)];
	m->start += len;
	m->len -= len;
	return (int)len;
}

/* ---- for tests ---- */

static ssize_t fake_write(struct chr *c, const uint8_t *buf, size_t len)
{
	struct memory *m = (struct memory *)c;

	if (m->fn)
		m->fn(m->arg, buf, len);
	return (ssize_t)len;
}

static const struct chr_type chr_fake_type = {
	.name = "fake",
	.size = sizeof(struct memory),
	.write = fake_write,
};

struct chr *chr_fake(struct loop *l, const char *id,
		     void (*fn)(void *arg, const uint8_t *buf, size_t len), void *arg)
{
	struct chr *c = chr_new(l, &chr_fake_type, id, NULL);

	if (!c)
		return NULL;
	((struct memory *)c)->fn = fn;
	((struct memory *)c)->arg = arg;
	c->connected = true;
	return c;
}

size_t chr_inject(struct chr *c, const uint8_t *buf, size_t len)
{
	size_t done = 0, n;

	while (done < len && (n = MIN(chr_room(c), len - done))) {
		if (!chr_receive(c, buf + done, n))
			return done + n;
		done += n;
	}
	return done;
}

void chr_inject_event(struct chr *c, enum chr_event ev)
{
	if (ev == CHR_BREAK)
		chr_tell(c, ev);
	else
		chr_set_connected(c, ev == CHR_OPENED);
}
