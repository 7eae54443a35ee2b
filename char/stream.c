/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/stream.c: a byte stream over one descriptor, or one for each way. */
#include "char/impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The other end is gone, as far as reading goes; writing finds out for itself. */
static void end_of_input(struct chr_stream *s)
{
	if (s->watch_in && s->watch_out == s->watch_in)
		watch_events(s->watch_in, 0);
	else
		watch_free(s->watch_in);
	s->watch_in = NULL;
	s->is_file = false;
	chr_tell(s->chr, CHR_CLOSED);
}

static void read_some(struct chr_stream *s)
{
	uint8_t buf[4096];
	size_t room = chr_room(s->chr);
	ssize_t n;

	if (!room) {
		chr_repoll(s->chr);
		return;
	}
	n = read(s->in, buf, MIN(room, sizeof(buf)));
	if (n > 0)
		chr_receive(s->chr, buf, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end_of_input(s);
}

static void ready(void *arg, uint32_t events)
{
	struct chr_stream *s = arg;

	/* What the callbacks of one direction free must not be used for the other: the next
	 * turn comes at once. */
	if (events & EPOLLOUT)
		chr_flush(s->chr);
	else
		read_some(s);
}

static void out_ready(void *arg, uint32_t events)
{
	(void)events;
	chr_flush(((struct chr_stream *)arg)->chr);
}

static void read_again(void *arg)
{
	read_some(arg);
}

void chr_stream_init(struct chr_stream *s, struct chr *c)
{
	*s = (struct chr_stream){.chr = c, .in = -1, .out = -1};
	s->again = (struct defer){.fn = read_again, .arg = s};
}

int chr_stream_start(struct chr_stream *s, int in, int out, struct err *e)
{
	struct loop *l = s->chr->loop;

	s->in = in;
	s->out = out;
	/* A pipe whose reader has gone is an error of write(2), not the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	if (in >= 0) {
		fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK);
		s->watch_in = loop_watch(l, in, 0, ready, s);
		s->is_file = !s->watch_in && errno == EPERM;
		if (!s->watch_in && !s->is_file)
			return err_errno(e, -errno, "cannot wait for descriptor %d", in);
	}
	if (out == in) {
		s->watch_out = s->watch_in;
	} else if (out >= 0) {
		fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK);
		s->watch_out = loop_watch(l, out, 0, out_ready, s);
	}
	s->chr->connected = true;
	return 0;
}

ssize_t chr_stream_write(struct chr_stream *s, const uint8_t *buf, size_t len)
{
	ssize_t n;

	if (s->out < 0)
		return -EBADF;
	do {
		n = write(s->out, buf, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return n;
}

void chr_stream_poll(struct chr_stream *s, bool in, bool out)
{
	if (s->is_file && in)
		loop_defer(s->chr->loop, &s->again);
	else if (s->is_file)
		loop_undefer(s->chr->loop, &s->again);
	if (s->watch_in && s->watch_in == s->watch_out) {
		watch_events(s->watch_in, (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u));
		return;
	}
	if (s->watch_in)
		watch_events(s->watch_in, in ? EPOLLIN : 0);
	if (s->watch_out)
		watch_events(s->watch_out, out ? EPOLLOUT : 0);
}

void chr_stream_stop(struct chr_stream *s)
{
	loop_undefer(s->chr->loop, &s->again);
	if (s->watch_out != s->watch_in)
		watch_free(s->watch_out);
	watch_free(s->watch_in);
	s->watch_in = s->watch_out = NULL;
	if (s->out >= 0 && s->out != s->in)
		close(s->out);
	if (s->in >= 0)
		close(s->in);
	s->in = s->out = -1;
}
