/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tap.c: -netdev tap: frames to an interface of the host's kernel, made
 * here by name or inherited as a descriptor.
 *
 * fd=N may carry a virtio_net_hdr before each frame: it is skipped on the way
 * in and zero on the way out. A frame that the kernel does not take at once
 * is dropped.
 */
#include "base/log.h"
#include "base/util.h"
#include "net/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEADER_MAX  64
#define FRAMES_TURN 64
#define SCRIPT_UP   "/etc/qemu-ifup"   /* QEMU's, so that set-ups made for it go on to work; */
#define SCRIPT_DOWN "/etc/qemu-ifdown" /* run when they are there */

extern char **environ;

struct tap {
	struct netdev *n;
	int fd;
	bool paused;
	int header; /* bytes before each frame */
	struct watch *watch;
	char name[IFNAMSIZ];
	char *down; /* script for the end; NULL = none */
	size_t in_len;
	uint8_t in[HEADER_MAX + NET_FRAME_MAX];
};

/* ---- frames */

static void rewatch(struct tap *t)
{
	watch_events(t->watch, t->paused ? 0 : EPOLLIN);
}

static bool deliver(struct tap *t)
{
	if (!net_deliver(t->n, t->in + t->header, t->in_len)) {
		t->paused = true;
		return false;
	}
	t->in_len = 0;
	return true;
}

static bool read_frame(struct tap *t)
{
	ssize_t n = read(t->fd, t->in, sizeof(t->in));

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		log_warn("netdev %s: %s went away: %s", t->n->id, t->name, strerror(errno));
		watch_free(t->watch); /* of an interface that was deleted */
		t->watch = NULL;
	}
	if (n <= t->header)
		return false;
	t->in_len = (size_t)(n - t->header);
	return deliver(t);
}

static void tap_event(void *arg, uint32_t events)
{
	struct tap *t = arg;

	(void)events;
	for (unsigned i = 0; i < FRAMES_TURN && read_frame(t); i++)
		;
	if (t->watch)
		rewatch(t);
}

static void tap_resume(struct netdev *n)
{
	struct tap *t = n->priv;

	if (!t->paused)
		return;
	t->paused = false;
	deliver(t);
	if (t->watch)
		rewatch(t);
}

static void tap_send(struct netdev *n, const uint8_t *frame, size_t len)
{
	static uint8_t header[HEADER_MAX];
	struct tap *t = n->priv;
	struct iovec v[2] = {{header, (size_t)t->header}, {(void *)frame, len}};
	ssize_t rc = writev(t->fd, v + !t->header, t->header ? 2 : 1);

	(void)rc; /* full, or the interface is down: dropped */
}

/* ---- scripts */

static int run_script(const char *script, const char *name, struct err *e)
{
	char *argv[] = {(char *)script, (char *)name, NULL};
	posix_spawnattr_t attr;
	int status = 0, rc;
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	rc = posix_spawn(&pid, script, NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	if (rc)
		return err_errno(e, -rc, "script %s", script);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, -EIO, "script %s %s failed with status %d", script, name,
			       WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return 0;
}

/* "no" and "" mean none; not said: QEMU's, if it is there. */
static const char *script_of(const struct net_opts *o, const char *key, const char *usual)
{
	const char *v = net_opt(o, key);

	if (!v)
		return access(usual, X_OK) ? NULL : usual;
	return *v && strcmp(v, "no") ? v : NULL;
}

static int scripts(struct tap *t, const struct net_opts *o, struct err *e)
{
	const char *up = script_of(o, "script", SCRIPT_UP);
	const char *down = script_of(o, "downscript", SCRIPT_DOWN);
	int rc = up ? run_script(up, t->name, e) : 0;

	if (rc || !down)
		return rc;
	t->down = strdup(down);
	return t->down ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* ---- the interface */

/* Into a bridge, and up: what QEMU's bridge helper does. */
static int join_bridge(const char *name, const char *bridge, struct err *e)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", bridge);
	r.ifr_ifindex = (int)if_nametoindex(name);
	if (ioctl(fd, SIOCBRADDIF, &r) < 0 && errno != EBUSY)
		rc = err_errno(e, -errno, "cannot put %s into bridge %s", name, bridge);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	r.ifr_flags = 0;
	if (!rc && (ioctl(fd, SIOCGIFFLAGS, &r) < 0 ||
		    (r.ifr_flags |= IFF_UP, ioctl(fd, SIOCSIFFLAGS, &r) < 0)))
		rc = err_errno(e, -errno, "cannot switch %s on", name);
	close(fd);
	return rc;
}

static int make_interface(struct tap *t, const char *name, struct err *e)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	if (strlen(name) >= IFNAMSIZ)
		return err_set(e, -EINVAL, "ifname=%s is longer than %d bytes", name, IFNAMSIZ - 1);
	strcpy(r.ifr_name, name);
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return err_errno(e, -errno, "cannot open /dev/net/tun");
	if (ioctl(t->fd, TUNSETIFF, &r) < 0)
		return err_errno(e, -errno, "cannot make or take the interface %s",
				 *name ? name : "tap%d");
	memcpy(t->name, r.ifr_name, sizeof(t->name));
	return 0;
}

static int take_fd(struct tap *t, const char *text, struct err *e)
{
	struct ifreq r = {0};
	char *end;
	long fd = strtol(text, &end, 10);
	int flags;

	if (end == text || *end || fd < 0 || fd > 1 << 20)
		return err_set(e, -EINVAL, "fd=%s is not a descriptor's number", text);
	if (ioctl((int)fd, TUNGETIFF, &r) < 0 || !(r.ifr_flags & IFF_TAP))
		return err_set(e, -EINVAL, "fd=%s is not a tap interface", text);
	t->fd = (int)fd;
	memcpy(t->name, r.ifr_name, sizeof(t->name));
	if (r.ifr_flags & IFF_VNET_HDR &&
	    (ioctl(t->fd, TUNGETVNETHDRSZ, &t->header) < 0 || t->header > HEADER_MAX))
		return err_set(e, -EINVAL, "fd=%s has a header that is not known", text);
	if (t->header)
		ioctl(t->fd, TUNSETOFFLOAD, 0);
	flags = fcntl(t->fd, F_GETFL);
	if (flags < 0 || fcntl(t->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(t->fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(e, -errno, "fd=%s", text);
	return 0;
}

/* ---- life */

static int check(const struct net_opts *o, struct err *e)
{
	static const char *const keys[] = {"ifname", "script",   "downscript", "br",
					   "fd",     "vnet_hdr", "vhost",      "queues",
					   "sndbuf", "helper",   NULL};
	static const char *const off[] = {"vnet_hdr", "vhost"};
	static const char *const alone[] = {"ifname", "script", "downscript", "br"};

	if (net_opts_known(o, keys, e) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(off); i++) {
		bool on = false;

		if (net_opt_bool(o, off[i], &on, e) < 0)
			return -EINVAL;
		if (on)
			return err_set(e, -ENOTSUP, "%s=on does not exist here", off[i]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(alone) && net_opt(o, "fd"); i++)
		if (net_opt(o, alone[i]))
			return err_set(e, -EINVAL, "%s= does not go with fd=", alone[i]);
	if (net_opt(o, "helper") || (net_opt(o, "queues") && strcmp(net_opt(o, "queues"), "1")))
		return err_set(e, -ENOTSUP, "helper= and queues= do not exist here: say br=BRIDGE");
	return 0;
}

static int tap_open(struct netdev *n, const struct net_opts *o, struct err *e)
{
	const char *fd = net_opt(o, "fd"), *name = net_opt(o, "ifname"), *br = net_opt(o, "br");
	struct tap *t;
	int rc = check(o, e);

	if (rc)
		return rc;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(e, -ENOMEM, "out of memory");
	n->priv = t;
	t->n = n;
	t->fd = -1;
	rc = fd ? take_fd(t, fd, e) : make_interface(t, name ? name : "", e);
	if (!rc && br)
		rc = join_bridge(t->name, br, e);
	if (!rc && !fd && (!br || net_opt(o, "script")))
		rc = scripts(t, o, e);
	if (rc)
		return rc;
	snprintf(n->info, sizeof(n->info), "type=tap,ifname=%s%s%s", t->name, br ? ",br=" : "",
		 br ? br : "");
	t->watch = loop_watch(n->loop, t->fd, EPOLLIN, tap_event, t);
	return t->watch ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static void tap_close(struct netdev *n)
{
	struct tap *t = n->priv;
	struct err e = {""};

	if (!t)
		return;
	watch_free(t->watch);
	if (t->down && run_script(t->down, t->name, &e) < 0)
		log_warn("netdev %s: %s", n->id, e.msg);
	if (t->fd >= 0)
		close(t->fd);
	free(t->down);
	free(t);
}

const struct net_type net_type_tap = {
	.name = "tap",
	.open = tap_open,
	.close = tap_close,
	.send = tap_send,
	.resume = tap_resume,
};
