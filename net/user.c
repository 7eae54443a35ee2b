/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/user.c: -netdev user: starts hvm-nat, hands it frames over a packet
 * socket (net/user.h), and starts it again when it dies.
 *
 * hvm-nat is taken for hostile: what it says is copied once, its death is
 * said once, it is not started more than once a second, and a command waits
 * for its answer 2 s at most.
 */
#include "net/user.h"
#include "base/log.h"
#include "base/util.h"
#include "config.h"
#include "net/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS    10000
#define COMMAND_MS  2000
#define AGAIN_NS    NS_PER_SEC
#define FRAMES_TURN 64
#define SOCKET_SIZE (1 << 20)

extern char **environ;
const char *net_user_program;

struct user {
	struct netdev *n;
	pid_t pid;           /* 0 = not running */
	int frames, control; /* our ends; -1 = none */
	bool paused, said_dead;
	struct watch *frames_watch, *control_watch;
	int64_t started; /* host ns */
	char *options;   /* without id= and hostfwd= */
	char *fwd[NET_OPTS_MAX];
	unsigned n_fwd;
	size_t in_len; /* of a frame that waits for the NIC */
	uint8_t in[NET_USER_HEADER + NET_FRAME_MAX];
};

static void frames_event(void *arg, uint32_t events);
static void control_event(void *arg, uint32_t events);

static int64_t host_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

/* ---- the program */

static bool try_program(char *path, size_t size, const char *dir)
{
	return (size_t)snprintf(path, size, "%s/hvm-nat", dir) < size && !access(path, X_OK);
}

static int find_program(char *path, size_t size, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char dir[4096], *slash;

	if (net_user_program) {
		snprintf(path, size, "%s", net_user_program);
		return 0;
	}
	path[n < 0 ? 0 : n] = 0;
	slash = strrchr(path, '/');
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (try_program(path, size, dir) || try_program(path, size, CONFIG_BINDIR) ||
	    try_program(path, size, CONFIG_PREFIX "/libexec/hvm"))
		return 0;
#ifndef CONFIG_SLIRP
	return err_set(e, -ENOTSUP,
		       "user-mode network was not built: it needs libslirp "
		       "(./configure --install-deps; or say -nic none)");
#else
	return err_set(e, -ENOENT,
		       "the program hvm-nat is neither in %s nor in %s (or say -nic none)", dir,
		       CONFIG_BINDIR);
#endif
}

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

static int spawn(struct user *s, const char *path, int frames, int control, struct err *e)
{
	char a[24], b[24], parent[16], *options = all_options(s);
	/* options begins with a comma, if it has anything */
	char *argv[] = {"hvm-nat",  "-frames", a,
			"-control", b,         "-parent",
			parent,     "-user",   options ? options + !!*options : "",
			NULL};
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	snprintf(a, sizeof(a), "fd=%d", frames);
	snprintf(b, sizeof(b), "fd=%d", control);
	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	fcntl(frames, F_SETFD, 0);
	fcntl(control, F_SETFD, 0);
	rc = options ? posix_spawn(&s->pid, path, NULL, &attr, argv, environ) : ENOMEM;
	posix_spawnattr_destroy(&attr);
	free(options);
	if (!rc)
		return 0;
	s->pid = 0;
	return err_errno(e, -rc, "cannot start %s", path);
}

static int start(struct user *s, struct err *e)
{
	int frames[2] = {-1, -1}, control[2] = {-1, -1}, size = SOCKET_SIZE, rc;
	char path[4096];

	s->started = host_now();
	rc = find_program(path, sizeof(path), e);
	if (rc)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, frames) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		rc = err_errno(e, -errno, "no socket");
	for (unsigned i = 0; i < 2 && !rc; i++) /* as much of it as the host allows */
		setsockopt(frames[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (!rc)
		rc = spawn(s, path, frames[1], control[1], e);
	close(frames[1]);
	close(control[1]);
	s->frames = frames[0];
	s->control = control[0];
	return rc;
}

static void stop(struct user *s)
{
	watch_free(s->frames_watch);
	watch_free(s->control_watch);
	s->frames_watch = s->control_watch = NULL;
	if (s->frames >= 0)
		close(s->frames);
	if (s->control >= 0)
		close(s->control);
	s->frames = s->control = -1;
	s->paused = false;
	s->in_len = 0;
	if (s->pid) {
		kill(s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	s->pid = 0;
}

static void rewatch(struct user *s)
{
	if (s->frames_watch)
		watch_events(s->frames_watch, s->paused ? 0 : EPOLLIN);
}

static int watch(struct user *s, struct err *e)
{
	s->frames_watch = loop_watch(s->n->loop, s->frames, EPOLLIN, frames_event, s);
	s->control_watch = loop_watch(s->n->loop, s->control, EPOLLIN, control_event, s);
	if (!s->frames_watch || !s->control_watch)
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

/* Nobody waits for it: READY, or why not, comes to control_event. */
static void start_again(struct user *s)
{
	struct err e = {""};

	if (!start(s, &e) && !watch(s, &e))
		return;
	if (!s->said_dead)
		log_error("netdev %s: %s", s->n->id, e.msg);
	s->said_dead = true;
	stop(s);
}

static void died(struct user *s, const char *why)
{
	bool young = host_now() - s->started < AGAIN_NS;

	if (!s->said_dead)
		log_warn("netdev %s: hvm-nat ended%s%s; it is started again, now and whenever "
			 "that happens",
			 s->n->id, *why ? ": " : "", why);
	s->said_dead = true;
	stop(s);
	if (!young) /* else the guest's next frame will */
		start_again(s);
}

/* ---- frames */

static void user_send(struct netdev *n, const uint8_t *frame, size_t len)
{
	static uint8_t header[NET_USER_HEADER];
	struct iovec v[2] = {{header, sizeof(header)}, {(void *)frame, len}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	struct user *s = n->priv;

	if (s->frames < 0 && host_now() - s->started >= AGAIN_NS)
		start_again(s);
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
		died(s, "");
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

/* Its next message as text; < 0: none in time, or it is gone. */
static int hear(int fd, char *text, size_t size, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = deadline - host_now();
	ssize_t n = -1;

	if (poll(&p, 1, left > 0 ? (int)(left / NS_PER_MS) + 1 : 0) > 0)
		n = recv(fd, text, size - 1, MSG_DONTWAIT);
	text[MAX(n, 0)] = 0;
	return n > 0 ? 0 : n ? -ETIMEDOUT : -EPIPE;
}

static int not_ready(const char *text, struct err *e)
{
	if (!strcmp(text, NET_USER_READY))
		return 0;
	return err_set(e, -EIO, "%s",
		       !strncmp(text, "ERROR ", 6) ? text + 6 : "hvm-nat does not start");
}

static void control_event(void *arg, uint32_t events)
{
	char text[NET_USER_MESSAGE];
	struct user *s = arg;
	struct err e = {""};

	(void)events;
	if (hear(s->control, text, sizeof(text), 0) < 0)
		died(s, "");
	else if (not_ready(text, &e))
		died(s, e.msg);
}

static int ask(struct user *s, const char *question, char *answer, size_t size, struct err *e)
{
	int64_t deadline = host_now() + COMMAND_MS * NS_PER_MS;

	if (s->control < 0 ||
	    send(s->control, question, strlen(question), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return err_set(e, -EPIPE, "hvm-nat is not running");
	do {
		if (hear(s->control, answer, size, deadline) < 0)
			return err_set(e, -ETIMEDOUT, "hvm-nat does not answer");
	} while (!strcmp(answer, NET_USER_READY));
	if (!strncmp(answer, "OK", 2))
		return 0;
	return err_set(e, -EINVAL, "%s", !strncmp(answer, "ERROR ", 6) ? answer + 6 : "no answer");
}

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
	rc = ask(s, question, answer, sizeof(answer), e);
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
	int rc = ask(n->priv, "info", answer, sizeof(answer), e);

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
	char text[NET_USER_MESSAGE];
	int rc;

	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	n->priv = s;
	s->n = n;
	s->frames = s->control = -1;
	rc = take_options(s, o, e);
	if (!rc)
		rc = start(s, e);
	if (!rc) {
		rc = hear(s->control, text, sizeof(text), host_now() + START_MS * NS_PER_MS);
		rc = rc ? err_set(e, rc, "hvm-nat does not start") : not_ready(text, e);
	}
	return rc ? rc : watch(s, e);
}

static void user_close(struct netdev *n)
{
	struct user *s = n->priv;

	if (!s)
		return;
	stop(s);
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
