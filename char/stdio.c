/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/stdio.c: the terminal, or whatever else, that the process was started on. */
#include "char/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

struct stdio_chr {
	struct chr chr;
	struct chr_stream stream;
	bool mine; /* the one of the process is ours */
	bool is_tty;
	struct termios old;
	int old_flags[2];
};

static bool in_use;

/* Bytes as they come; the keys that send signals stay unless signal=off. */
static void make_raw(struct stdio_chr *s, bool keep_signals)
{
	struct termios t;

	s->is_tty = !tcgetattr(STDIN_FILENO, &s->old);
	if (!s->is_tty)
		return;
	t = s->old;
	cfmakeraw(&t);
	t.c_oflag |= OPOST; /* other output of this process stays readable */
	if (keep_signals)
		t.c_lflag |= ISIG;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

static int stdio_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	struct stdio_chr *s = (struct stdio_chr *)c;
	bool keep_signals = true;
	int in, out, rc = chr_opts_bool(o, "signal", &keep_signals, e);

	if (rc)
		return rc;
	if (in_use)
		return err_set(e, -EBUSY, "cannot use stdio by multiple character devices");
	chr_stream_init(&s->stream, c);
	in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (in < 0 || out < 0) {
		rc = -errno;
		if (in >= 0)
			close(in);
		return err_errno(e, rc, "standard input or output is closed");
	}
	in_use = s->mine = true;
	for (int fd = 0; fd < 2; fd++)
		s->old_flags[fd] = fcntl(fd, F_GETFL);
	make_raw(s, keep_signals);
	return chr_stream_start(&s->stream, in, out, e);
}

static ssize_t stdio_write(struct chr *c, const uint8_t *buf, size_t len)
{
	return chr_stream_write(&((struct stdio_chr *)c)->stream, buf, len);
}

static void stdio_poll(struct chr *c, bool in, bool out)
{
	struct stdio_chr *s = (struct stdio_chr *)c;

	if (s->stream.chr)
		chr_stream_poll(&s->stream, in, out);
}

static void stdio_close(struct chr *c)
{
	struct stdio_chr *s = (struct stdio_chr *)c;

	if (!s->mine)
		return;
	chr_stream_stop(&s->stream);
	if (s->is_tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &s->old);
	for (int fd = 0; fd < 2; fd++)
		fcntl(fd, F_SETFL, s->old_flags[fd]);
	in_use = false;
}

const struct chr_type chr_stdio = {
	.name = "stdio",
	.keys = " signal ",
	.size = sizeof(struct stdio_chr),
	.open = stdio_open,
	.write = stdio_write,
	.poll = stdio_poll,
	.close = stdio_close,
};
