/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/vif_up.c: a guest's network cards connected, and disconnected.
 *
 * The tap is made here and not by hvm-dm, which has no rights; it is gone when the last of those
 * who hold its descriptor is. Its name is libxl's, by which scripts find the card's nodes.
 *
 * Tests: tests/toolstack/vif_up.c
 */
#include "toolstack/vif_up.h"

#include "base/util.h"
#include "toolstack/vif_script.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define USUAL_BRIDGE "xenbr0" /* libxl's */

/* ---- the card's nodes */

struct nodes {
	struct xs *x;
	unsigned domid, card;
};

/* "" when it is not there, or no store is. */
static void node_read(const struct nodes *n, const char *name, char value[XS_TEXT])
{
	char path[128];

	snprintf(path, sizeof(path), VIF_BACKEND "/%u/%u/%s", n->domid, n->card, name);
	if (!n->x || xs_read(n->x, path, value, NULL))
		*value = '\0';
}

/* NULL: removes it. */
static int node_write(const struct nodes *n, const char *name, const char *value, struct err *e)
{
	char path[128];

	snprintf(path, sizeof(path), VIF_BACKEND "/%u/%u/%s", n->domid, n->card, name);
	return value ? xs_write(n->x, path, value, e) : xs_rm(n->x, path, e);
}

/* ---- the tap */

static int set_mtu(const char *name, unsigned mtu, struct err *e)
{
	struct ifreq r = {.ifr_mtu = (int)mtu};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	memcpy(r.ifr_name, name, IFNAMSIZ);
	rc = ioctl(fd, SIOCSIFMTU, &r) < 0 ? err_errno(e, -errno, "%s: mtu=%u", name, mtu) : 0;
	close(fd);
	return rc;
}

/* With a header before each frame, as net/tap.c takes it, for when a card has use for it. */
static int make_tap(struct vif_link *l, const struct nodes *n, struct err *e)
{
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "vif%u.%u-emu", n->domid, n->card);
	l->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (l->fd < 0)
		return err_errno(e, -errno, "cannot open /dev/net/tun");
	if (ioctl(l->fd, TUNSETIFF, &r) < 0)
		return err_errno(e, -errno, "cannot make the interface %s", r.ifr_name);
	memcpy(l->name, r.ifr_name, sizeof(l->name));
	return 0;
}

static void drop_tap(struct vif_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->name[0] = '\0';
	l->kind = VIF_NONE;
}

/* What there is no tap by, and it is nobody's fault: no rights, or a host without taps. */
static bool no_rights(int rc)
{
	return rc == -EPERM || rc == -EACCES || rc == -ENOENT || rc == -ENODEV || rc == -ENXIO;
}

static int user_mode(struct vif_link *l, unsigned i, const char *why)
{
	drop_tap(l);
	l->kind = VIF_USER;
	snprintf(l->why, sizeof(l->why), "network card %u has the user-mode network: %.200s", i,
		 why);
	return 0;
}

/* ---- the script */

/* It may have renamed the tap (vifname=). */
static void find_name(struct vif_link *l)
{
	struct ifreq r = {.ifr_flags = 0};

	if (ioctl(l->fd, TUNGETIFF, &r) == 0)
		memcpy(l->name, r.ifr_name, sizeof(l->name));
}

/* Xen's scripts say into the store what is wrong, and their last word into a log of theirs. */
static int judge(const struct nodes *n, const struct vif_script *s, int rc, const char *last,
		 struct err *e)
{
	char status[XS_TEXT], error[XS_TEXT];

	node_read(n, VIF_STATUS, status);
	node_read(n, "hotplug-error", error);
	if (!rc && strcmp(status, "error"))
		return node_write(n, VIF_STATUS, "connected", e);
	if (!rc)
		return err_set(e, -EIO, "script %s %s: %.200s", s->path, s->verb, error);
	if (!*last && *error) {
		struct err why = *e;

		err_clear(e);
		return err_set(e, rc, "%.200s: %.200s", why.msg, error);
	}
	return rc;
}

static int run_add(const struct nodes *n, const struct vif *v, const char *path, int log,
		   struct err *e)
{
	struct vif_script s = {.path = path,
			       .verb = "add",
			       .domid = n->domid,
			       .card = n->card,
			       .store = xs_path(n->x),
			       .bridge = v->bridge ? v->bridge : USUAL_BRIDGE,
			       .gatewaydev = v->gatewaydev,
			       .log = log};
	char last[200];
	int rc = node_write(n, VIF_STATUS, "", e);

	if (!rc)
		rc = node_write(n, "hotplug-error", NULL, e);
	if (rc)
		return rc;
	rc = vif_script_run(&s, last, e);
	return judge(n, &s, rc, last, e);
}

/* By the nodes: the guest's configuration may be gone. */
static void run_remove(const struct nodes *n, int log)
{
	char path[XS_TEXT], bridge[XS_TEXT], gatewaydev[XS_TEXT], last[200];
	struct vif_script s = {.path = path,
			       .verb = "remove",
			       .domid = n->domid,
			       .card = n->card,
			       .bridge = bridge,
			       .gatewaydev = gatewaydev,
			       .log = log};

	node_read(n, "script", path);
	node_read(n, "bridge", bridge);
	node_read(n, "gatewaydev", gatewaydev);
	if (*path != '/') /* none was found */
		return;
	s.store = xs_path(n->x);
	vif_script_run(&s, last, NULL);
	node_write(n, VIF_STATUS, NULL, NULL);
	node_write(n, "hotplug-error", NULL, NULL);
}

/* ---- up */

/* Xen's usual script wants one; whether one that is named is there is the script's affair. */
static bool lacks_bridge(const struct vif *v)
{
	const char *slash = v->script ? strrchr(v->script, '/') : NULL;
	const char *name = slash ? slash + 1 : v->script;

	return !v->bridge && (!name || !strcmp(name, VIF_SCRIPT)) && !if_nametoindex(USUAL_BRIDGE);
}

static int connect_tap(const struct nodes *n, const struct vif *v, int log, struct vif_link *l,
		       struct err *e)
{
	char path[PATH_MAX];
	int rc = vif_script_find(v->script, path, e);

	if (!rc && v->mtu)
		rc = set_mtu(l->name, v->mtu, e);
	if (rc)
		return rc;
	rc = run_add(n, v, path, log, e);
	if (rc)
		run_remove(n, log);
	return rc;
}

static int connect_card(const struct nodes *n, const struct vif *v, int log, struct vif_link *l,
			struct err *e)
{
	int rc = make_tap(l, n, e);

	if (!rc && lacks_bridge(v))
		rc = err_set(e, -ENODEV, "no bridge is named, and there is no " USUAL_BRIDGE);
	if (no_rights(rc))
		return user_mode(l, n->card, e->msg);
	if (!rc)
		rc = connect_tap(n, v, log, l, e);
	if (rc)
		drop_tap(l);
	else
		find_name(l);
	return rc;
}

int vif_up(struct xs *x, const struct guest *g, unsigned i, unsigned domid, int log,
	   struct vif_link *l, struct err *e)
{
	const struct nodes n = {.x = x, .domid = domid, .card = i};
	struct err why = {""};
	int rc = 0;

	*l = (struct vif_link){.kind = VIF_TAP, .fd = -1};
	if (g->vifs[i].emulated)
		rc = connect_card(&n, &g->vifs[i], log, l, &why);
	else
		l->kind = VIF_NONE;
	if (l->kind == VIF_NONE && !rc)
		snprintf(l->why, sizeof(l->why),
			 "network card %u is left out: type=vif is for Xen's own drivers", i);
	return rc ? err_set(e, rc, "network card %u: %.480s", i, why.msg) : 0;
}

/* ---- down */

void vif_down(struct xs *x, unsigned domid, unsigned i, int log, struct vif_link *l)
{
	const struct nodes n = {.x = x, .domid = domid, .card = i};
	char status[XS_TEXT];

	node_read(&n, VIF_STATUS, status);
	if (*status) /* a script was run for it */
		run_remove(&n, log);
	if (l)
		drop_tap(l);
}

void vif_sweep(struct xs *x, unsigned domid, int log)
{
	char path[64], names[XS_TEXT];

	snprintf(path, sizeof(path), VIF_BACKEND "/%u", domid);
	if (xs_list(x, path, names, NULL))
		return;
	for (const char *p = names; *p; p += strlen(p) + 1)
		vif_down(x, domid, (unsigned)strtoul(p, NULL, 10), log, NULL);
}
