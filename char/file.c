/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/file.c: byte streams on paths: file (output only), pipe, serial (a host's tty). */
#include "char/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

struct path_chr {
	struct chr chr;
	struct chr_stream stream;
};

static ssize_t path_write(struct chr *c, const uint8_t *buf, size_t len)
{
	return chr_stream_write(&((struct path_chr *)c)->stream, buf, len);
}

static void path_poll(struct chr *c, bool in, bool out)
{
	struct path_chr *p = (struct path_chr *)c;

	if (p->stream.chr)
		chr_stream_poll(&p->stream, in, out);
}

static void path_close(struct chr *c)
{
	struct path_chr *p = (struct path_chr *)c;

	if (p->stream.chr)
		chr_stream_stop(&p->stream);
}

static int need_path(const struct chr_opts *o, const char **path, struct err *e)
{
	*path = chr_opts_get(o, "path");
	if (!*path || !**path)
		return err_set(e, -EINVAL, "a character device of type %s lacks a path=", o->type);
	return 0;
}

/* ---- file ---- */

static int file_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	struct path_chr *p = (struct path_chr *)c;
	const char *path;
	bool append = false;
	int fd, rc = need_path(o, &path, e);

	if (!rc)
		rc = chr_opts_bool(o, "append", &append, e);
	if (rc)
		return rc;
	chr_stream_init(&p->stream, c);
	fd = chr_host_open(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0666, e);
	if (fd < 0)
		return fd;
	return chr_stream_start(&p->stream, -1, fd, e);
}

const struct chr_type chr_file = {
	.name = "file",
	.keys = " path append ",
	.size = sizeof(struct path_chr),
	.open = file_open,
	.write = path_write,
	.poll = path_poll,
	.close = path_close,
};

/* ---- pipe: PATH.in and PATH.out, or one fifo for both ---- */

static int pipe_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	struct path_chr *p = (struct path_chr *)c;
	char name[4096];
	const char *path;
	int in, out, rc = need_path(o, &path, e);

	if (rc)
		return rc;
	chr_stream_init(&p->stream, c);
	snprintf(name, sizeof(name), "%s.in", path);
	in = chr_host_open(name, O_RDWR, 0, NULL);
	snprintf(name, sizeof(name), "%s.out", path);
	out = chr_host_open(name, O_RDWR, 0, NULL);
	if (in < 0 || out < 0) {
		if (in >= 0)
			close(in);
		if (out >= 0)
			close(out);
		in = out = chr_host_open(path, O_RDWR, 0, e);
		if (in < 0)
			return in;
	}
	return chr_stream_start(&p->stream, in, out, e);
}

const struct chr_type chr_pipe = {
	.name = "pipe",
	.keys = " path ",
	.size = sizeof(struct path_chr),
	.open = pipe_open,
	.write = path_write,
	.poll = path_poll,
	.close = path_close,
};

/* ---- serial: what the host's line is set to stays, but it carries raw bytes ---- */

static int serial_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	struct path_chr *p = (struct path_chr *)c;
	struct termios t;
	const char *path;
	int fd, rc = need_path(o, &path, e);

	if (rc)
		return rc;
	chr_stream_init(&p->stream, c);
	fd = chr_host_open(path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0, e);
	if (fd < 0)
		return fd;
	if (tcgetattr(fd, &t)) {
		close(fd);
		return err_set(e, -ENOTTY, "%s is no terminal", path);
	}
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
	return chr_stream_start(&p->stream, fd, fd, e);
}

const struct chr_type chr_serial = {
	.name = "serial",
	.keys = " path ",
	.size = sizeof(struct path_chr),
	.open = serial_open,
	.write = path_write,
	.poll = path_poll,
	.close = path_close,
};
