/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/console.c: see console.h.
 *
 * Tests: tests/toolstack/console.c
 */
#include "toolstack/console.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

struct console {
	int tty, in, out;
	bool typed;       /* in is a terminal */
	uint8_t up[4096]; /* for the guest, which does not take it yet */
	size_t n;
	struct err *e;
};
enum { GO_ON = 100 }; /* neither an enum console_end nor an errno */

/* ---- our terminal ---- */

static struct {
	int fd; /* -1: it is as it was */
	struct termios was;
} raw = {.fd = -1};

static const int deadly[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};

static void cook(void)
{
	if (raw.fd >= 0)
		tcsetattr(raw.fd, TCSANOW, &raw.was);
	raw.fd = -1;
}

static void cook_and_die(int signal)
{
	cook();
	raise(signal); /* SA_RESETHAND: it ends us now */
}

static void make_raw(int fd, struct sigaction was[])
{
	struct sigaction a = {.sa_handler = cook_and_die, .sa_flags = (int)SA_RESETHAND};
	struct termios t;

	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaction(deadly[i], &a, &was[i]);
	if (tcgetattr(fd, &raw.was))
		return;
	t = raw.was;
	cfmakeraw(&t);
	raw.fd = fd;
	tcsetattr(fd, TCSANOW, &t);
}

static void make_cooked(const struct sigaction was[])
{
	cook();
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		sigaction(deadly[i], &was[i], NULL);
}

/* ---- both ways ---- */

static int write_all(struct console *c, const uint8_t *p, size_t len)
{
	while (len) {
		struct pollfd wait = {.fd = c->out, .events = POLLOUT};
		ssize_t n = write(c->out, p, len);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) { /* whoever has it too made it so */
			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			return err_errno(c->e, -errno, "cannot write what the guest says");
		}
	}
	return GO_ON;
}

/* EIO and nothing to read are what is seen of a pseudo-terminal whose other end was closed. */
static int from_guest(struct console *c)
{
	uint8_t buf[4096];
	ssize_t n = read(c->tty, buf, sizeof(buf));

	if (n > 0)
		return write_all(c, buf, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? GO_ON : CONSOLE_CLOSED;
}

static int to_guest(struct console *c)
{
	ssize_t n = write(c->tty, c->up, c->n);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? GO_ON : CONSOLE_CLOSED;
	c->n -= (size_t)n;
	memmove(c->up, c->up + n, c->n);
	return GO_ON;
}

/* A person must be able to leave a guest that reads nothing: what has no room is lost then. */
static int from_person(struct console *c)
{
	uint8_t buf[sizeof(c->up)], *escape;
	size_t room = sizeof(c->up) - c->n, len;
	ssize_t n = read(c->in, buf, c->typed ? sizeof(buf) : room);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GO_ON;
	if (n <= 0 && c->typed) /* a raw one has no end of file */
		return err_set(c->e, -EIO, "this terminal is gone");
	if (n <= 0) {
		c->in = -1;
		return GO_ON;
	}
	escape = memchr(buf, CONSOLE_ESCAPE, (size_t)n);
	len = MIN(escape ? (size_t)(escape - buf) : (size_t)n, room);
	memcpy(c->up + c->n, buf, len);
	c->n += len;
	if (!escape)
		return GO_ON;
	to_guest(c);
	return CONSOLE_LEFT;
}

static int turn(struct console *c)
{
	bool listen = c->in >= 0 && (c->typed || c->n < sizeof(c->up));
	struct pollfd p[] = {
		{.fd = c->tty, .events = (short)(POLLIN | (c->n ? POLLOUT : 0))},
		{.fd = listen ? c->in : -1, .events = POLLIN},
		{.fd = c->out}, /* a pipe that nobody reads any more, a terminal that is gone */
	};
	int rc = GO_ON;

	if (poll(p, ARRAY_SIZE(p), -1) < 0)
		return errno == EINTR ? GO_ON : err_errno(c->e, -errno, "cannot wait");
	if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
		rc = from_guest(c);
	if (rc == GO_ON && p[1].revents)
		rc = from_person(c);
	if (rc == GO_ON && c->n)
		rc = to_guest(c);
	if (rc == GO_ON && p[2].revents & (POLLERR | POLLHUP | POLLNVAL))
		rc = err_set(c->e, -EPIPE, "nobody reads any more what the guest says");
	return rc;
}

int console_run(const char *path, int in, int out, struct err *e)
{
	struct console c = {.in = in, .out = out, .typed = isatty(in), .e = e};
	struct sigaction was[ARRAY_SIZE(deadly)];
	int rc = GO_ON;

	c.tty = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (c.tty < 0)
		return err_errno(e, -errno, "cannot open the console %s", path);
	make_raw(in, was);
	while (rc == GO_ON)
		rc = turn(&c);
	make_cooked(was);
	close(c.tty);
	return rc;
}
