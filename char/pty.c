/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * char/pty.c: a pseudo-terminal. We keep its terminal side open too: then it stays raw, never
 * hangs up between two users, and nobody has to poll for the next one. What nobody reads fills
 * the kernel's buffer and then the ring.
 */
#include "char/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct pty_chr {
	struct chr chr;
	struct chr_stream stream;
	int terminal;
};

static int open_terminal(int master, char *name, size_t len)
{
	struct termios t;
	int fd;

	if (grantpt(master) || unlockpt(master) || ptsname_r(master, name, len))
		return -1;
	fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && !tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		tcsetattr(fd, TCSANOW, &t);
	}
	return fd;
}

static int pty_open(struct chr *c, const struct chr_opts *o, struct err *e)
{
	struct pty_chr *p = (struct pty_chr *)c;
	char name[64];
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)o;
	p->terminal = -1;
	chr_stream_init(&p->stream, c);
	if (fd < 0)
		return err_errno(e, -errno, "cannot make a pseudo-terminal");
	p->terminal = open_terminal(fd, name, sizeof(name));
	if (p->terminal < 0) {
		int rc = -errno;

		close(fd);
		return err_errno(e, rc, "cannot open the terminal side of a pseudo-terminal");
	}
	snprintf(c->filename, sizeof(c->filename), "pty:%s", name);
	return chr_stream_start(&p->stream, fd, fd, e);
}

static ssize_t pty_write(struct chr *c, const uint8_t *buf, size_t len)
{
	return chr_stream_write(&((struct pty_chr *)c)->stream, buf, len);
}

static void pty_poll(struct chr *c, bool in, bool out)
{
	struct pty_chr *p = (struct pty_chr *)c;

	if (p->stream.chr)
		chr_stream_poll(&p->stream, in, out);
}

/* The kernel throws away what was not read when the last of us leaves: a moment for whoever shows
 * a guest's last words. */
static void last_words(const struct pty_chr *p)
{
	int unread = 1;

	for (unsigned i = 0; i < 20 && unread; i++) {
		poll(NULL, 0, 5); /* the first time for the kernel's own queue */
		if (ioctl(p->terminal, FIONREAD, &unread) < 0)
			break;
	}
}

static void pty_close(struct chr *c)
{
	struct pty_chr *p = (struct pty_chr *)c;

	if (!p->stream.chr)
		return;
	if (p->terminal >= 0)
		last_words(p);
	chr_stream_stop(&p->stream);
	if (p->terminal >= 0)
		close(p->terminal);
}

const struct chr_type chr_pty = {
	.name = "pty",
	.keys = " ",
	.size = sizeof(struct pty_chr),
	.open = pty_open,
	.write = pty_write,
	.poll = pty_poll,
	.close = pty_close,
};
