/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/user.c: -netdev user: starts hvm-nat (proc/helper.h) and hands it frames over a packet
 * socket (net/user.h). hvm-nat is taken for hostile: what it says is copied once and bounded.
 */
#include "net/user.h"
#include "base/util.h"
#include "config.h"
#include "net/backend.h"
#include "proc/helper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FRAMES_TURN 64
#define SOCKET_SIZE (1 << 20)

struct user {
	struct netdev *n;
	struct helper *helper;
	int frames; /* our end; -1 = none */
	bool paused;
	struct watch *frames_watch;
	char *options; /* without id= and hostfwd= */
	char *fwd[NET_OPTS_MAX];
	unsigned n_fwd;
	size_t in_len; /* of a frame that waits for the NIC */
	uint8_t in[NET_USER_HEADER + NET_FRAME_MAX];
};

static void frames_event(void *arg, uint32_t events);

/* ---- the program */

/* Appends ",key=val" with commas doubled. */
static size_t put_opt(char *to, const char *key, const char *val)
{
	char *p = to;

	p += sprintf(p, ",%s=", key);
	for (; *val; val++) {
		if (*val == ',')
			*p++ = ',';
		*p++ = *val;
	}
	*p = 0;
	return (size_t)(p - to);
}

static char *all_options(const struct user *s)
{
	size_t len = strlen(s->options);
	char *text;

	for (unsigned i = 0; i < s->n_fwd; i++)
		len += sizeof(",hostfwd=") + 2 * strlen(s->fwd[i]);
	text = malloc(len + 1);
	if (!text)
		return NULL;
	strcpy(text, s->options);
	len = strlen(text);
	for (unsigned i = 0; i < s->n_fwd; i++)
		len += put_opt(text + len, "hostfwd", s->fwd[i]);
	return text;
}

static int prepare(void *arg, struct spawn *to, struct err *e)
{
	int frames[2], size = SOCKET_SIZE;
	struct user *s = arg;
	char *options;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, frames) < 0)
		return err_errno(e, -errno, "no socket");
	for (unsigned i = 0; i < 2; i++) /* as much of it as the host allows */
		setsockopt(frames[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	s->frames = frames[0];
	spawn_fd(to, "-frames", frames[1], false);
	options = all_options(s);
	if (!options)
		return err_set(e, -ENOMEM, "out of memory");
	spawn_arg(to, "-user");
	spawn_arg(to, options + !!*options); /* begins with a comma, if it has anything */
	free(options);
	return 0;
}

static int started(void *arg, struct helper *h, struct err *e)
{
	struct user *s = arg;

	(void)h;
	s->frames_watch = loop_watch(s->n->loop, s->frames, EPOLLIN, frames_event, s);
	return s->frames_watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static void ended(void *arg)
{
	struct user *s = arg;

	watch_free(s->frames_watch);
	s->frames_watch = NULL;
	if (s->frames >= 0)
		close(s->frames);
	s->frames = -1;
	s->paused = false;
	s->in_len = 0;
}

static const struct helper_ops helper_ops = {
	.program = "hvm-nat",
#ifndef CONFIG_SLIRP
	.not_built = "user-mode network was not built: it needs libslirp "
		     "(./configure --install-deps; or say -nic none)",
#endif
	.advice = " (or say -nic none)",
	.prepare = prepare,
	.started = started,
	.ended = ended,
};

/* ---- frames */

static void rewatch(struct user *s)
{
	if (s->frames_watch)
		watch_events(s->frames_watch, s->paused ? 0 : EPOLLIN);
}

static void user_send(struct netdev *n, const uint8_t *frame, size_t len)
{
	static uint8_t header[NET_USER_HEADER];
	struct iovec v[2] = {{header, sizeof(header)}, {(void *)frame, len}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	struct user *s = n->priv;

	if (s->frames >= 0)
		sendmsg(s->frames, &m, MSG_DONTWAIT | MSG_NOSIGNAL); /* full: dropped */
}

static bool deliver(struct user *s)
{
	if (!net_deliver(s->n, s->in + NET_USER_HEADER, s->in_len)) {
		s->paused = true;
		rewatch(s);
		return false;
	}
	s->in_len = 0;
	return s->frames >= 0;
}

static bool read_frame(struct user *s)
{
	static const uint8_t plain[NET_USER_HEADER];
	ssize_t n = recv(s->frames, s->in, sizeof(s->in), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		helper_gone(s->helper);
		return false;
	}
	if (n <= NET_USER_HEADER || n > (ssize_t)sizeof(s->in) ||
	    memcmp(s->in, plain, sizeof(plain)))
		return true;
	s->in_len = (size_t)n - NET_USER_HEADER;
	return deliver(s);
}

static void frames_event(void *arg, uint32_t events)
{
	(void)events;
	for (unsigned i = 0; i < FRAMES_TURN; i++)
		if (!read_frame(arg))
			return;
}

static void user_resume(struct netdev *n)
{
	struct user *s = n->priv;

	if (!s->paused)
		return;
	s->paused = false;
	if (deliver(s))
		rewatch(s);
}

/* ---- control */

/* The rules are kept: a new hvm-nat gets them too. */
static int keep_rule(struct user *s, const char *rule, struct err *e)
{
	char *copy = s->n_fwd < NET_OPTS_MAX ? strdup(rule) : NULL;

	if (!copy)
		return err_set(e, -ENOSPC, "hostfwd '%s': there are too many", rule);
	s->fwd[s->n_fwd++] = copy;
	return 0;
}

/* "tcp:" is what an empty protocol means. */
static bool same_rule(const char *kept, const char *removed)
{
	size_t len = strcspn(kept + (*kept == ':' ? 0 : 3), "-") + (*kept == ':' ? 0 : 3);

	if (*kept == ':' && !strncmp(removed, "tcp:", 4))
		removed += 3;
	else if (*removed == ':' && !strncmp(kept, "tcp:", 4))
		kept += 3, len -= 3;
	return strlen(removed) == len && !strncmp(kept, removed, len);
}

static void forget_rule(struct user *s, const char *rule)
{
	for (unsigned i = 0; i < s->n_fwd; i++)
		if (same_rule(s->fwd[i], rule)) {
			free(s->fwd[i]);
			s->fwd[i] = s->fwd[--s->n_fwd];
			return;
		}
}

static int user_hostfwd(struct netdev *n, bool add, const char *rule, struct err *e)
{
	char question[256], answer[NET_USER_MESSAGE];
	struct user *s = n->priv;
	int rc;

	if ((size_t)snprintf(question, sizeof(question), "hostfwd_%s %s", add ? "add" : "remove",
			     rule) >= sizeof(question))
		return err_set(e, -EINVAL, "the rule is too long");
	if (add) {
		rc = keep_rule(s, rule, e);
		if (rc)
			return rc;
	}
	rc = helper_ask(s->helper, question, answer, sizeof(answer), e);
	if (rc && add) {
		free(s->fwd[--s->n_fwd]);
	} else if (!rc && !add) {
		forget_rule(s, rule);
	}
	return rc;
}

static int user_status(struct netdev *n, char *text, size_t size, struct err *e)
{
	char answer[NET_USER_MESSAGE];
	struct user *s = n->priv;
	int rc = helper_ask(s->helper, "info", answer, sizeof(answer), e);

	if (!rc)
		snprintf(text, size, "%s", strlen(answer) > 3 ? answer + 3 : "");
	return rc;
}

/* ---- life */

static int take_options(struct user *s, const struct net_opts *o, struct err *e)
{
	const char *net = net_opt(o, "net"), *restricted = net_opt(o, "restrict");
	char *at = s->options = malloc(2 * sizeof(o->text));

	if (!at)
		return err_set(e, -ENOMEM, "out of memory");
	*at = 0;
	for (unsigned i = 0; i < o->n; i++) {
		const char *key = o->opt[i].key, *val = o->opt[i].val;

		if (!strcmp(key, "hostfwd")) {
			if (keep_rule(s, val, e) < 0)
				return -ENOSPC;
		} else if (strcmp(key, "id")) {
			at += put_opt(at, key, val);
		}
	}
	net = net ? net : "10.0.2.0";
	snprintf(s->n->info, sizeof(s->n->info), "type=user,net=%.*s,restrict=%.8s",
		 (int)MIN(strcspn(net, "/"), 40), net, restricted ? restricted : "off");
	return 0;
}

static int user_open(struct netdev *n, const struct net_opts *o, struct err *e)
{
	struct user *s = calloc(1, sizeof(*s));
	char who[64];
	int rc;

	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	n->priv = s;
	s->n = n;
	s->frames = -1;
	rc = take_options(s, o, e);
	if (rc)
		return rc;
	snprintf(who, sizeof(who), "netdev %s", n->id);
	s->helper = helper_open(&helper_ops, s, who, n->loop, e);
	return s->helper ? 0 : -EIO;
}

static void user_close(struct netdev *n)
{
	struct user *s = n->priv;

	if (!s)
		return;
	helper_free(s->helper);
	for (unsigned i = 0; i < s->n_fwd; i++)
		free(s->fwd[i]);
	free(s->options);
	free(s);
}

const struct net_type net_type_user = {
	.name = "user",
	.open = user_open,
	.close = user_close,
	.send = user_send,
	.resume = user_resume,
	.hostfwd = user_hostfwd,
	.status = user_status,
};
