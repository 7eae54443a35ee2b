/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc.c: starts hvm-vnc with a listening socket, takes the clients that it brings, and starts it
 * again when it dies (not more than once a second). It is taken for hostile: what it says is copied
 * once and bounded, its death is said once.
 */
#include "ui/vnc.h"

#include "base/log.h"
#include "base/util.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 10000

extern char **environ;
const char *vnc_program;

struct vnc {
	struct display *display;
	struct input *input;
	struct loop *loop;
	struct vnc_listen at;
	struct vnc_client *clients;
	bool ask;                        /* for a password … */
	char password[VNC_PASSWORD + 1]; /* … which is this; "": nobody gets in */
	pid_t pid;                       /* 0 = not running */
	int control, again;              /* again: timerfd till the next start */
	struct watch *control_watch, *again_watch;
	bool said_dead;
};

/* ---- the program */

static bool try_program(char *path, size_t size, const char *dir)
{
	return (size_t)snprintf(path, size, "%s/hvm-vnc", dir) < size && !access(path, X_OK);
}

static int find_program(char *path, size_t size, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char dir[4096], *slash;

	if (vnc_program) {
		snprintf(path, size, "%s", vnc_program);
		return 0;
	}
	path[n < 0 ? 0 : n] = 0;
	slash = strrchr(path, '/');
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (try_program(path, size, dir) || try_program(path, size, CONFIG_BINDIR) ||
	    try_program(path, size, CONFIG_PREFIX "/libexec/hvm"))
		return 0;
#ifndef CONFIG_VNC
	return err_set(e, -ENOTSUP,
		       "the VNC server was not built: it needs libvncserver "
		       "(./configure --install-deps)");
#else
	return err_set(e, -ENOENT, "the program hvm-vnc is neither in %s nor in %s", dir,
		       CONFIG_BINDIR);
#endif
}

static int spawn(struct vnc *v, const char *path, int control, struct err *e)
{
	char a[24], b[24], parent[16];
	char *argv[] = {"hvm-vnc", "-listen", a,      "-control",
			b,         "-parent", parent, v->ask ? "-password" : NULL,
			NULL};
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	snprintf(a, sizeof(a), "fd=%d", v->at.fd);
	snprintf(b, sizeof(b), "fd=%d", control);
	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	fcntl(v->at.fd, F_SETFD, 0);
	fcntl(control, F_SETFD, 0);
	rc = posix_spawn(&v->pid, path, NULL, &attr, argv, environ);
	fcntl(v->at.fd, F_SETFD, FD_CLOEXEC);
	posix_spawnattr_destroy(&attr);
	if (!rc)
		return 0;
	v->pid = 0;
	return err_errno(e, -rc, "cannot start %s", path);
}

static int send_password(struct vnc *v)
{
	char text[sizeof(v->password) + 16];
	int n = snprintf(text, sizeof(text), "password %s", v->password);

	if (!v->password[0] || v->control < 0)
		return 0;
	return send(v->control, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n ? 0 : -EPIPE;
}

static int start(struct vnc *v, struct err *e)
{
	char path[4096];
	int control[2];
	int rc = find_program(path, sizeof(path), e);

	if (rc)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0)
		return err_errno(e, -errno, "no socket");
	rc = spawn(v, path, control[1], e);
	close(control[1]);
	v->control = control[0];
	return rc ? rc : send_password(v);
}

static void stop(struct vnc *v)
{
	while (v->clients)
		vnc_client_free(v->clients);
	watch_free(v->control_watch);
	v->control_watch = NULL;
	if (v->control >= 0)
		close(v->control);
	v->control = -1;
	if (v->pid) {
		kill(v->pid, SIGKILL);
		while (waitpid(v->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	v->pid = 0;
}

static void died(struct vnc *v, const char *why)
{
	const struct itimerspec in = {.it_value.tv_sec = 1};

	if (!v->said_dead)
		log_warn("-vnc: hvm-vnc ended%s%s; it is started again, now and whenever that "
			 "happens",
			 *why ? ": " : "", why);
	v->said_dead = true;
	stop(v);
	timerfd_settime(v->again, 0, &in, NULL);
}

/* ---- what it says */

/* Its next message as text, and up to two descriptors; < 0: none, or it is gone. */
static ssize_t hear(struct vnc *v, char text[VNC_MESSAGE], int fds[2])
{
	struct iovec iov = {text, VNC_MESSAGE - 1};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(2 * sizeof(int))];
	} control = {{0}};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	ssize_t n = recvmsg(v->control, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	fds[0] = fds[1] = -1;
	text[MAX(n, 0)] = 0;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(fds, CMSG_DATA(c), MIN(c->cmsg_len - CMSG_LEN(0), 2 * sizeof(int)));
	return n;
}

static bool take_client(struct vnc *v, const char *text, const int fds[2])
{
	if (strncmp(text, "client ", 7) || fds[0] < 0 || fds[1] < 0)
		return false;
	vnc_client_new(&v->clients, v->display, v->input, v->loop, text + 7, fds[0], fds[1]);
	return true;
}

static void control_event(void *arg, uint32_t events)
{
	char text[VNC_MESSAGE];
	struct vnc *v = arg;
	int fds[2];
	ssize_t n = hear(v, text, fds);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && take_client(v, text, fds))
		return;
	for (unsigned i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (n <= 0 || strcmp(text, VNC_READY))
		died(v, n > 0 && !strncmp(text, "ERROR ", 6) ? text + 6 : "");
}

static int watch(struct vnc *v, struct err *e)
{
	v->control_watch = loop_watch(v->loop, v->control, EPOLLIN, control_event, v);
	return v->control_watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* Nobody waits for it: READY, or why not, comes to control_event. */
static void start_again(void *arg, uint32_t events)
{
	struct err e = {""};
	struct vnc *v = arg;
	uint64_t n;

	(void)events;
	if (read(v->again, &n, sizeof(n)) != sizeof(n) || v->pid)
		return;
	if (start(v, &e) || watch(v, &e))
		died(v, e.msg);
}

/* The first time a failure is told to who started us. */
static int wait_ready(struct vnc *v, struct err *e)
{
	struct pollfd p = {.fd = v->control, .events = POLLIN};
	char text[VNC_MESSAGE] = "";
	int fds[2];

	if (poll(&p, 1, START_MS) > 0 && hear(v, text, fds) > 0 && !strcmp(text, VNC_READY))
		return 0;
	return err_set(e, -EIO, "%s",
		       !strncmp(text, "ERROR ", 6) ? text + 6 : "hvm-vnc does not start");
}

/* ---- life */

static int open_parts(struct vnc *v, const struct vnc_config *c, struct err *e)
{
	int rc = vnc_listen(&v->at, c->address, c->to, e);

	if (rc)
		return rc;
	if (v->at.any && !c->password && !c->open)
		return err_set(e, -EPERM,
			       "%s: whoever reaches this host would control the guest: say "
			       "password=on, or noauth=on if that is meant",
			       c->address);
	v->again = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	v->again_watch = loop_watch(v->loop, v->again, EPOLLIN, start_again, v);
	if (!v->again_watch)
		return err_set(e, -ENOMEM, "out of memory");
	rc = start(v, e);
	if (!rc)
		rc = wait_ready(v, e);
	return rc ? rc : watch(v, e);
}

struct vnc *vnc_open(const struct vnc_config *c, struct display *d, struct input *in,
		     struct loop *l, struct err *e)
{
	struct vnc *v = calloc(1, sizeof(*v));

	if (!v) {
		err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	*v = (struct vnc){.display = d, .input = in, .loop = l, .ask = c->password};
	v->control = v->again = v->at.fd = -1;
	if (open_parts(v, c, e) == 0)
		return v;
	vnc_close(v);
	return NULL;
}

void vnc_close(struct vnc *v)
{
	if (!v)
		return;
	stop(v);
	watch_free(v->again_watch);
	if (v->again >= 0)
		close(v->again);
	vnc_listen_close(&v->at);
	explicit_bzero(v->password, sizeof(v->password));
	free(v);
}

int vnc_set_password(struct vnc *v, const char *password, struct err *e)
{
	if (!v->ask)
		return err_set(e, -EINVAL, "-vnc was not told password=on");
	if (!*password)
		return err_set(e, -EINVAL, "the password is empty");
	snprintf(v->password, sizeof(v->password), "%s", password);
	return send_password(v) < 0 ? err_set(e, -EPIPE, "hvm-vnc does not listen") : 0;
}

void vnc_get_info(const struct vnc *v, struct vnc_info *i)
{
	*i = (struct vnc_info){.host = v->at.host,
			       .service = v->at.service,
			       .family = v->at.family,
			       .password = v->ask};
}

const char *vnc_client_address(const struct vnc *v, unsigned n)
{
	return vnc_client_at(v->clients, n);
}
