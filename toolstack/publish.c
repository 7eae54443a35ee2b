/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/publish.c: a guest's nodes in the store: their names, values and permissions are those
 * of libxl 4.17, as far as there is something here that they tell of. A domain may read its own,
 * and write those in which guests answer; that says who is meant, though no guest is a client.
 *
 * vnc-pass is left out: what is in a domain's nodes its guest may read.
 *
 * Tests: tests/toolstack/publish.c
 */
#include "toolstack/publish.h"

#include "base/util.h"
#include "toolstack/vif_script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct writer {
	struct xs *x;
	struct err *e;
	int rc; /* of the first that failed: the others are left out */
	const struct guest *g;
	const struct publish_runtime *r;
	char base[128];
};

/* ---- writing */

static void put(struct writer *w, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void put(struct writer *w, const char *name, const char *fmt, ...)
{
	char path[256], value[XS_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s/%s", w->base, name);
	if (!w->rc)
		w->rc = xs_write(w->x, path, value, w->e);
}

static void put_text(struct writer *w, const char *name, const char *value)
{
	if (value)
		put(w, name, "%s", value);
}

/* Who owns what is made below, and who else may read it. */
static void folder(struct writer *w, const char *path, const char *perms)
{
	if (!w->rc)
		w->rc = xs_mkdir(w->x, path, w->e);
	if (!w->rc)
		w->rc = xs_perms(w->x, path, perms, w->e);
}

/* What follows goes below it. */
static void base(struct writer *w, const char *perms, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void base(struct writer *w, const char *perms, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->base, sizeof(w->base), fmt, ap);
	va_end(ap);
	folder(w, w->base, perms);
}

/* A node that the guest answers in: its own. What stands there already stays. */
static void answer(struct writer *w, const char *name)
{
	char path[256], perms[16];

	snprintf(path, sizeof(path), "%s/%s", w->base, name);
	snprintf(perms, sizeof(perms), "n%u", w->r->domid);
	folder(w, path, perms);
}

/* ---- the domain */

static void put_memory(struct writer *w)
{
	const struct guest *g = w->g;

	put(w, "memory/static-max", "%ld", g->maxmem << 10);
	put(w, "memory/target", "%ld", (g->memory - g->videoram) << 10);
	put(w, "memory/videoram", "%ld", g->videoram << 10);
}

static void put_cpus(struct writer *w)
{
	for (long i = 0; i < w->g->maxvcpus; i++) {
		char name[48];

		snprintf(name, sizeof(name), "cpu/%ld/availability", i);
		put(w, name, "%s", i < w->g->vcpus ? "online" : "offline");
	}
}

/* xenconsole looks for tty; there is no console but the serial port. */
static void put_consoles(struct writer *w)
{
	const struct publish_runtime *r = w->r;

	put(w, "console/type", "ioemu");
	put(w, "console/output", "pty");
	put(w, "console/limit", "1048576");
	put(w, "console/tty", "%s", r->serial[0] ? r->serial[0] : "");
	if (r->vnc_listen) {
		put(w, "console/vnc-listen", "%s", r->vnc_listen);
		put(w, "console/vnc-port", "%u", r->vnc_port);
	}
	for (unsigned i = 0; i < PUBLISH_SERIALS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "serial/%u/tty", i);
		put_text(w, name, r->serial[i]);
	}
}

static void put_domain(struct writer *w, const char *perms)
{
	const struct publish_runtime *r = w->r;

	base(w, perms, "/local/domain/%u", r->domid);
	put(w, "vm", "/vm/%s", r->uuid);
	put(w, "name", "%s", r->name ? r->name : w->g->name);
	put(w, "domid", "%u", r->domid);
	put_cpus(w);
	put_memory(w);
	put_consoles(w);
	answer(w, "control/shutdown");
	answer(w, "control/sysrq");
	put(w, "platform/acpi", "%ld", w->g->acpi);
	put(w, "platform/device-model", "qemu_xen");
	if (w->g->mmio_hole)
		put(w, "platform/mmio_hole_size", "%llu",
		    (unsigned long long)w->g->mmio_hole << 20);
	if (r->dm_pid)
		put(w, "image/device-model-pid", "%ld", (long)r->dm_pid);
}

static void put_rtc(struct writer *w)
{
	long offset = w->r->rtc_changed ? w->r->rtc_offset : w->g->rtc_timeoffset;

	if (offset || w->r->rtc_changed)
		put(w, "rtc/timeoffset", "%ld", offset);
	else
		put(w, "rtc/timeoffset", "%s", "");
}

static void put_vm(struct writer *w, const char *perms)
{
	const struct publish_runtime *r = w->r;

	base(w, perms, "/vm/%s", r->uuid);
	put(w, "uuid", "%s", r->uuid);
	put(w, "name", "%s", r->name ? r->name : w->g->name);
	put(w, "image/ostype", "hvm");
	put(w, "start_time", "%lld.%02ld", (long long)r->start.tv_sec, r->start.tv_nsec / 10000000);
	put_rtc(w);
}

static void put_libxl(struct writer *w)
{
	base(w, "n0", "/libxl/%u", w->r->domid);
	put(w, "type", "hvm");
	put(w, "dm-version", "qemu_xen");
	base(w, "n0", "/local/domain/0/device-model/%u", w->r->domid);
	if (w->r->dm_running)
		put(w, "state", "running");
}

/* ---- network cards */

void publish_vif_path(unsigned domid, unsigned i, char path[64])
{
	snprintf(path, 64, VIF_BACKEND "/%u/%u", domid, i);
}

static void put_vif_settings(struct writer *w, unsigned i)
{
	const struct vif *v = &w->g->vifs[i];
	char mac[18], script[PATH_MAX];

	guest_mac(w->g, i, mac);
	vif_script_find(v->script, script, NULL);
	put(w, "frontend-id", "%u", w->r->domid);
	put(w, "online", "1");
	put(w, "state", "1");
	put(w, "script", "%s", script);
	put(w, "mac", "%s", mac);
	put(w, "bridge", "%s", v->bridge ? v->bridge : "xenbr0");
	put(w, "handle", "%u", i);
	put(w, "type", "%s", v->emulated ? "vif_ioemu" : "vif");
	put_text(w, "vifname", v->vifname);
	put_text(w, "ip", v->ip);
	put_text(w, "gatewaydev", v->gatewaydev);
	if (v->mtu)
		put(w, "mtu", "%u", v->mtu);
}

static void put_vif(struct writer *w, unsigned i, const char *perms)
{
	unsigned domid = w->r->domid;
	char back[64], front[64], mac[18];

	publish_vif_path(domid, i, back);
	snprintf(front, sizeof(front), "/local/domain/%u/device/vif/%u", domid, i);
	guest_mac(w->g, i, mac);
	base(w, perms, "%s", back);
	put(w, "frontend", "%s", front);
	put_vif_settings(w, i);
	if (i < PUBLISH_VIFS && w->r->vif_connected[i])
		put(w, VIF_STATUS, "connected");
	base(w, "n0", "/libxl/%u/device/vif/%u", domid, i);
	put(w, "frontend", "%s", front);
	put(w, "backend", "%s", back);
	put_vif_settings(w, i);
	snprintf(w->base, sizeof(w->base), "n%u,r0", domid);
	folder(w, front, w->base);
	snprintf(w->base, sizeof(w->base), "%s", front);
	put(w, "backend", "%s", back);
	put(w, "backend-id", "0");
	put(w, "state", "1");
	put(w, "handle", "%u", i);
	put(w, "mac", "%s", mac);
}

/* ---- all of it */

int publish_all(struct xs *x, const struct guest *g, const struct publish_runtime *r, struct err *e)
{
	struct writer w = {.x = x, .e = e, .g = g, .r = r};
	char perms[16];

	snprintf(perms, sizeof(perms), "n0,r%u", r->domid);
	put_domain(&w, perms);
	put_vm(&w, perms);
	put_libxl(&w);
	for (unsigned i = 0; i < g->n_vifs; i++)
		put_vif(&w, i, perms);
	return w.rc;
}

/* The /vm/… of a guest that is there, by what its domain says; nothing else is taken for one. */
static int find_vm(struct xs *x, unsigned domid, char vm[XS_TEXT], struct err *e)
{
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	rc = xs_read(x, path, vm, e);
	if (rc)
		return rc;
	if (strncmp(vm, "/vm/", 4) || !vm[4] || strchr(vm + 4, '/') || strlen(vm) > 64)
		return err_set(e, -ENOENT, "%s is '%.80s'", path, vm);
	return 0;
}

/* The domain last: as long as it is there, what else belongs to it can be found again. */
int publish_remove(struct xs *x, unsigned domid, struct err *e)
{
	static const char *const places[] = {"/libxl/%u", "/local/domain/0/device-model/%u",
					     VIF_BACKEND "/%u", "/local/domain/%u"};
	char path[XS_TEXT];
	int rc = find_vm(x, domid, path, NULL);

	rc = rc ? 0 : xs_rm_up(x, path, e);
	for (unsigned i = 0; i < ARRAY_SIZE(places) && !rc; i++) {
		snprintf(path, sizeof(path), places[i], domid);
		rc = xs_rm_up(x, path, e);
	}
	return rc;
}
