/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/nat/nat_slirp.c: frames of one guest into libslirp and back, on one
 * thread round poll().
 *
 * Nothing grows with what a guest or the world sends: a full frame socket
 * fills a fixed buffer, then libslirp's sockets are not read, then frames are
 * dropped. The number of flows ends with RLIMIT_NOFILE.
 */
#include "base/clock.h"
#include "base/util.h"
#include "net/nat/nat.h"
#include "net/user.h"

#include <errno.h>
#include <glib.h>
#include <slirp/libslirp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define FDS_MAX     1100
#define FRAME_MAX   65536
#define OUT_SIZE    (1 << 20)
#define OUT_FULL    (OUT_SIZE / 2) /* from here on the world waits */
#define FRAMES_TURN 64
#define IDLE_MS     1000

struct nat_timer {
	SlirpTimerCb fn;
	void *arg;
	int64_t when; /* ms; -1: idle */
	struct nat_timer *next;
};

struct nat {
	Slirp *slirp;
	int frames, control;
	bool ended;
	struct nat_timer *timers;
	unsigned n_fds;
	struct pollfd fds[FDS_MAX]; /* 0: frames, 1: control, then libslirp's */
	size_t out_at, out_len;
	uint8_t out[OUT_SIZE]; /* frames that wait: uint32_t length, then the bytes */
	uint8_t in[NET_USER_HEADER + FRAME_MAX];
};

/* ---- to the guest */

/* false: the socket is full */
static bool send_frame(struct nat *n, const void *frame, size_t len)
{
	static uint8_t header[NET_USER_HEADER];
	struct iovec v[2] = {{header, sizeof(header)}, {(void *)frame, len}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};

	if (sendmsg(n->frames, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	if (errno == EPIPE || errno == ECONNRESET)
		n->ended = true;
	return errno != EAGAIN && errno != EINTR && errno != ENOBUFS;
}

static void keep_frame(struct nat *n, const void *frame, size_t len)
{
	uint32_t size = (uint32_t)len;

	if (sizeof(size) + len > OUT_SIZE - n->out_len)
		return;
	if (sizeof(size) + len > OUT_SIZE - n->out_len - n->out_at) {
		memmove(n->out, n->out + n->out_at, n->out_len);
		n->out_at = 0;
	}
	memcpy(n->out + n->out_at + n->out_len, &size, sizeof(size));
	memcpy(n->out + n->out_at + n->out_len + sizeof(size), frame, len);
	n->out_len += sizeof(size) + len;
}

static void flush(struct nat *n)
{
	uint32_t size;

	while (n->out_len) {
		memcpy(&size, n->out + n->out_at, sizeof(size));
		if (!send_frame(n, n->out + n->out_at + sizeof(size), size))
			return;
		n->out_at += sizeof(size) + size;
		n->out_len -= sizeof(size) + size;
	}
	n->out_at = 0;
}

static ssize_t on_packet(const void *buf, size_t len, void *arg)
{
	struct nat *n = arg;

	if (len <= FRAME_MAX && (n->out_len || !send_frame(n, buf, len)))
		keep_frame(n, buf, len);
	return (ssize_t)len;
}

/* ---- what else libslirp wants */

static void on_guest_error(const char *msg, void *arg)
{
	(void)msg; /* a guest could write as many as it likes */
	(void)arg;
}

static int64_t on_clock(void *arg)
{
	(void)arg;
	return clock_host_ns();
}

static void *on_timer_new(SlirpTimerCb fn, void *fn_arg, void *arg)
{
	struct nat *n = arg;
	struct nat_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct nat_timer){fn, fn_arg, -1, n->timers};
	n->timers = t;
	return t;
}

static void on_timer_free(void *timer, void *arg)
{
	struct nat *n = arg;
	struct nat_timer **at = &n->timers;

	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = (*at)->next;
	free(timer);
}

static void on_timer_mod(void *timer, int64_t when, void *arg)
{
	struct nat_timer *t = timer;

	(void)arg;
	if (t)
		t->when = when;
}

static void on_poll_fd(int fd, void *arg)
{
	(void)fd;
	(void)arg;
}

static void on_notify(void *arg)
{
	(void)arg; /* we are awake whenever it calls */
}

/* libslirp's warnings are the guest's to cause: they go nowhere. */
static void on_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer arg)
{
	(void)domain;
	(void)arg;
	if (level & G_LOG_FLAG_FATAL)
		fprintf(stderr, "hvm-nat: %s\n", text);
}

/* ---- life */

static SlirpConfig slirp_config(const struct nat_config *c)
{
	return (SlirpConfig){
		.version = 4,
		.restricted = c->restricted,
		.in_enabled = c->ipv4,
		.vnetwork = c->net,
		.vnetmask = c->mask,
		.vhost = c->host,
		.in6_enabled = c->ipv6,
		.vprefix_addr6 = c->net6,
		.vprefix_len = c->prefix6,
		.vhost6 = c->host6,
		.vhostname = c->hostname,
		.tftp_server_name = c->tftp_name,
		.tftp_path = c->tftp,
		.bootfile = c->bootfile,
		.vdhcp_start = c->dhcp,
		.vnameserver = c->dns,
		.vnameserver6 = c->dns6,
		.vdnssearch = c->n_search ? (const char **)c->search : NULL,
		.vdomainname = c->domain,
	};
}

struct nat *nat_slirp_new(const struct nat_config *c, int frames, int control, struct err *e)
{
	static const SlirpCb calls = {
		.send_packet = on_packet,
		.guest_error = on_guest_error,
		.clock_get_ns = on_clock,
		.timer_new = on_timer_new,
		.timer_free = on_timer_free,
		.timer_mod = on_timer_mod,
		.register_poll_fd = on_poll_fd,
		.unregister_poll_fd = on_poll_fd,
		.notify = on_notify,
	};
	const SlirpConfig config = slirp_config(c);
	struct nat *n = calloc(1, sizeof(*n));

	g_log_set_default_handler(on_log, NULL);
	if (n) {
		n->frames = frames;
		n->control = control;
		n->slirp = slirp_new(&config, &calls, n);
	}
	if (!n || !n->slirp) {
		err_set(e, -ENOMEM, "libslirp does not start with these options");
		free(n);
		return NULL;
	}
	for (unsigned i = 0; i < c->n_fwd; i++)
		if (nat_slirp_forward(n, true, c->fwd[i], e) < 0) {
			nat_slirp_free(n);
			return NULL;
		}
	return n;
}

void nat_slirp_free(struct nat *n)
{
	if (!n)
		return;
	slirp_cleanup(n->slirp);
	while (n->timers)
		on_timer_free(n->timers, n);
	free(n);
}

int nat_slirp_forward(struct nat *n, bool add, const char *rule, struct err *e)
{
	struct nat_rule r;
	int rc = nat_rule_parse(&r, rule, add, e);

	if (rc)
		return rc;
	errno = 0;
	rc = add ? slirp_add_hostfwd(n->slirp, r.udp, r.host, r.host_port, r.guest, r.guest_port)
		 : slirp_remove_hostfwd(n->slirp, r.udp, r.host, r.host_port);
	if (rc >= 0)
		return 0;
	if (!add)
		return err_set(e, -ENOENT, "hostfwd '%s': there is none", rule);
	return errno ? err_errno(e, -errno, "hostfwd '%s'", rule)
		     : err_set(e, -EINVAL, "hostfwd '%s' cannot be set up", rule);
}

/* ---- one turn */

static int add_poll(int fd, int events, void *arg)
{
	struct nat *n = arg;
	short want = 0;

	if (n->n_fds == FDS_MAX)
		return -1;
	if (events & SLIRP_POLL_IN && n->out_len < OUT_FULL)
		want |= POLLIN;
	if (events & SLIRP_POLL_OUT)
		want |= POLLOUT;
	/* PRI is left out: urgent data of the world is data in line. */
	n->fds[n->n_fds] = (struct pollfd){.fd = fd, .events = want};
	return (int)n->n_fds++;
}

static int get_revents(int i, void *arg)
{
	const struct nat *n = arg;
	short got = i >= 0 ? n->fds[i].revents : 0;
	int events = 0;

	if (got & POLLIN)
		events |= SLIRP_POLL_IN;
	if (got & POLLOUT)
		events |= SLIRP_POLL_OUT;
	if (got & POLLERR)
		events |= SLIRP_POLL_ERR;
	if (got & POLLHUP)
		events |= SLIRP_POLL_HUP;
	return events;
}

/* libslirp asks for at most 500 ms while it has anything to time, and else for a second. */
static int timeout_of(const struct nat *n, uint32_t slirp_ms)
{
	int64_t now = clock_host_ms(), left = slirp_ms < IDLE_MS ? slirp_ms : INT64_MAX;

	for (const struct nat_timer *t = n->timers; t; t = t->next)
		if (t->when >= 0)
			left = MIN(left, MAX(t->when - now, 0));
	return left >= INT32_MAX ? -1 : (int)left;
}

static void run_timers(struct nat *n)
{
	int64_t now = clock_host_ms();

	for (struct nat_timer *t = n->timers, *next; t; t = next) {
		next = t->next;
		if (t->when >= 0 && t->when <= now) {
			t->when = -1;
			t->fn(t->arg);
		}
	}
}

void nat_slirp_input(struct nat *n, uint8_t *frame, size_t len)
{
	if (nat_clean_frame(frame, len))
		slirp_input(n->slirp, frame, (int)len);
}

/* Offloads are not announced: a header that asks for one is not of a frame we can send. */
static void read_frames(struct nat *n)
{
	static const uint8_t plain[NET_USER_HEADER];

	for (unsigned i = 0; i < FRAMES_TURN && !n->ended; i++) {
		ssize_t got = recv(n->frames, n->in, sizeof(n->in), MSG_DONTWAIT | MSG_TRUNC);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0)
			n->ended = true;
		else if (got > NET_USER_HEADER && got <= (ssize_t)sizeof(n->in) &&
			 !memcmp(n->in, plain, sizeof(plain)))
			nat_slirp_input(n, n->in + NET_USER_HEADER, (size_t)got - NET_USER_HEADER);
	}
}

/* ---- control */

static void reply(struct nat *n, const char *word, const char *text)
{
	char out[NET_USER_MESSAGE];
	int len = snprintf(out, sizeof(out), "%s %s", word, text);

	send(n->control, out, MIN((size_t)len, sizeof(out) - 1), MSG_NOSIGNAL);
}

static void command(struct nat *n, const char *text)
{
	static const char add[] = "hostfwd_add ", del[] = "hostfwd_remove ";
	struct err e = {""};
	int rc = -EINVAL;
	char *info;

	if (!strcmp(text, "info")) {
		info = slirp_connection_info(n->slirp);
		reply(n, "OK", info);
		g_free(info);
		return;
	}
	if (!strncmp(text, add, sizeof(add) - 1))
		rc = nat_slirp_forward(n, true, text + sizeof(add) - 1, &e);
	else if (!strncmp(text, del, sizeof(del) - 1))
		rc = nat_slirp_forward(n, false, text + sizeof(del) - 1, &e);
	else
		err_set(&e, rc, "no such command");
	reply(n, rc < 0 ? "ERROR" : "OK", e.msg);
}

static void read_control(struct nat *n)
{
	char text[NET_USER_MESSAGE];
	ssize_t got = recv(n->control, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		n->ended = true;
		return;
	}
	text[got] = 0;
	command(n, text);
}

int nat_slirp_run(struct nat *n)
{
	/* An ARP reply among the frames frees packets, which only slirp_pollfds_poll sends: after
	 * frames it is called once more. */
	bool fresh = false;

	while (!n->ended) {
		uint32_t ms = UINT32_MAX;
		short frames = n->out_len ? POLLIN | POLLOUT : POLLIN;
		int rc;

		n->fds[0] = (struct pollfd){.fd = n->frames, .events = frames};
		n->fds[1] = (struct pollfd){.fd = n->control, .events = POLLIN};
		n->n_fds = 2;
		slirp_pollfds_fill(n->slirp, &ms, add_poll, n);
		rc = poll(n->fds, n->n_fds, fresh ? 0 : timeout_of(n, ms));
		if (rc < 0 && errno != EINTR)
			return -errno;
		if (n->fds[0].revents & POLLOUT)
			flush(n);
		/* Before the frames: sockets that they make have no place in fds. */
		slirp_pollfds_poll(n->slirp, rc < 0, get_revents, n);
		run_timers(n);
		fresh = rc > 0 && n->fds[0].revents & (POLLIN | POLLHUP | POLLERR);
		if (fresh)
			read_frames(n);
		if (rc > 0 && n->fds[1].revents)
			read_control(n);
	}
	return 0;
}
