/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/args.c: the command line that libxl 4.17 gives a device model for this guest, in its
 * order (libxl__build_device_model_args_new, as seen from outside).
 *
 * Tests: tests/toolstack/guest.c
 */
#include "toolstack/guest.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct list {
	char **v;
	unsigned n;
	bool failed;
};

static void add(struct list *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct list *l, const char *fmt, ...)
{
	char **v = realloc(l->v, (l->n + 2) * sizeof(*v));
	va_list ap;

	if (!v) {
		l->failed = true;
		return;
	}
	l->v = v;
	va_start(ap, fmt);
	if (vasprintf(&v[l->n], fmt, ap) < 0)
		v[l->n] = NULL;
	va_end(ap);
	l->failed |= !v[l->n];
	v[l->n += !!v[l->n]] = NULL;
}

static void add_all(struct list *l, const struct texts *t)
{
	for (unsigned i = 0; i < t->n; i++)
		add(l, "%s", t->v[i]);
}

/* ---- the parts, in order ---- */

static void add_sockets(struct list *l, unsigned domid)
{
	static const char *const names[] = {"libxl", "libxenstat"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		add(l, "-chardev");
		add(l, "socket,id=%s-cmd,path=/var/run/xen/qmp-%s-%u,server=on,wait=off", names[i],
		    names[i], domid);
		add(l, "-mon");
		add(l, "chardev=%s-cmd,mode=control", names[i]);
	}
}

static void add_screen(struct list *l, const struct guest *g)
{
	const char *listen = g->vnclisten ? g->vnclisten : "127.0.0.1";
	const char *password = g->vncpasswd && *g->vncpasswd ? ",password=on" : "";
	const char *more = g->vncunused ? ",to=99" : "";

	add(l, "-vnc");
	if (!g->vnc)
		add(l, "none");
	else if (strchr(listen, ':'))
		add(l, "%s%s%s", listen, password, more);
	else
		add(l, "%s:%ld%s%s", listen, g->vncdisplay, password, more);
	add(l, "-display");
	add(l, "none");
	if (g->sdl) {
		add(l, "-display");
		add(l, "sdl");
	}
	if (g->keymap) {
		add(l, "-k");
		add(l, "%s", g->keymap);
	}
}

static void add_kernel(struct list *l, const struct guest *g)
{
	if (g->kernel) {
		add(l, "-kernel");
		add(l, "%s", g->kernel);
	}
	if (g->ramdisk) {
		add(l, "-initrd");
		add(l, "%s", g->ramdisk);
	}
	if (g->cmdline || g->root || g->extra) {
		add(l, "-append");
		if (g->cmdline) /* it takes the place of the other two */
			add(l, "%s", g->cmdline);
		else
			add(l, "%s%s%s%s", g->root ? "root=" : "", g->root ? g->root : "",
			    g->root && g->extra ? " " : "", g->extra ? g->extra : "");
	}
}

static void add_devices(struct list *l, const struct guest *g)
{
	for (unsigned i = 0; i < g->serial.n; i++) {
		add(l, "-serial");
		add(l, "%s", g->serial.v[i]);
	}
	if (g->nographic && !g->sdl && !g->vnc)
		add(l, "-nographic");
	if (g->vga != VGA_NONE) {
		add(l, "-device");
		add(l, "%s,vgamem_mb=%ld", g->vga == VGA_STD ? "VGA" : "cirrus-vga", g->videoram);
	}
	add(l, "-boot");
	add(l, "order=%s", g->boot ? g->boot : "cda");
	if (g->usb || g->usbdevice.n)
		add(l, "-usb");
	for (unsigned i = 0; i < g->usbdevice.n; i++) {
		add(l, "-usbdevice");
		add(l, "%s", g->usbdevice.v[i]);
	}
	if (g->usbversion == 1) {
		add(l, "-device");
		add(l, "piix3-usb-uhci,id=usb");
	}
	if (!g->acpi)
		add(l, "-no-acpi");
	if (g->maxvcpus > 1) {
		add(l, "-smp");
		add(l, "%ld,maxcpus=%ld", g->vcpus, g->maxvcpus);
	}
}

/* Xen's OUI and three bytes that are the guest's and the card's. */
void guest_mac(const struct guest *g, unsigned i, char mac[18])
{
	const char *id = g->uuid ? g->uuid : g->name;
	uint32_t hash = 2166136261u + i; /* FNV-1a */

	for (; *id; id++)
		hash = (hash ^ (uint8_t)*id) * 16777619u;
	if (g->vifs[i].mac) {
		snprintf(mac, 18, "%s", g->vifs[i].mac);
		return;
	}
	snprintf(mac, 18, "00:16:3e:%02x:%02x:%02x", hash >> 16 & 0x7f, hash >> 8 & 0xff,
		 hash & 0xff);
}

static void add_vifs(struct list *l, const struct guest *g, unsigned domid)
{
	unsigned emulated = 0;

	for (unsigned i = 0; i < g->n_vifs; i++) {
		const struct vif *v = &g->vifs[i];
		char made[18];

		if (!v->emulated)
			continue;
		emulated++;
		guest_mac(g, i, made);
		add(l, "-device");
		add(l, "%s,id=nic%u,netdev=net%u,mac=%s", v->model ? v->model : "rtl8139", i, i,
		    made);
		add(l, "-netdev");
		add(l, "type=tap,id=net%u,ifname=vif%u.%u-emu,br=%s,script=no,downscript=no", i,
		    domid, i, v->bridge ? v->bridge : "xenbr0");
	}
	if (!emulated) {
		add(l, "-net");
		add(l, "none");
	}
}

static void add_machine(struct list *l, const struct guest *g)
{
	uint64_t hole = (uint64_t)g->mmio_hole << 20, below = (1ull << 32) - hole;

	add(l, "-machine");
	if (hole && below <= 0xf0000000)
		add(l, "%s,suppress-vmdesc=on,max-ram-below-4g=%llu",
		    g->xen_platform_pci ? "xenfv" : "pc,accel=xen", (unsigned long long)below);
	else
		add(l, "%s,suppress-vmdesc=on", g->xen_platform_pci ? "xenfv" : "pc,accel=xen");
	add_all(l, &g->dm_args_hvm);
	add(l, "-m");
	add(l, "%ld", g->maxmem - g->videoram);
}

/* hdX: major 3 for the first channel, 22 for the second; 64 minors a disk. */
static void add_cdrom(struct list *l, const struct disk *d)
{
	unsigned id = (d->number < 2 ? 3 : 22) * 256 + d->number % 2 * 64;

	add(l, "-drive");
	if (d->target)
		add(l, "if=none,readonly=on,id=ide-%u,file=%s,format=%s", id, d->target,
		    disk_format_name(d->format));
	else
		add(l, "if=none,readonly=on,id=ide-%u", id);
	add(l, "-device");
	add(l, "ide-cd,id=ide-%u,drive=ide-%u,bus=ide.%u,unit=%u", id, id, d->number / 2,
	    d->number % 2);
}

static void add_disks(struct list *l, const struct guest *g)
{
	for (unsigned i = 0; i < g->n_disks; i++) {
		const struct disk *d = &g->disks[i];

		if (d->number > 3)
			continue;
		if (d->cdrom) {
			add_cdrom(l, d);
			continue;
		}
		add(l, "-drive");
		add(l, "file=%s,if=ide,index=%u,media=disk,format=%s,cache=writeback", d->target,
		    d->number, disk_format_name(d->format));
	}
}

char **guest_args(const struct guest *g, unsigned domid, const char *program)
{
	struct list l = {.v = NULL};

	add(&l, "%s", g->dm_override ? g->dm_override : program);
	add(&l, "-xen-domid");
	add(&l, "%u", domid);
	add(&l, "-no-shutdown");
	add_sockets(&l, domid);
	add(&l, "-nodefaults");
	add(&l, "-no-user-config");
	add(&l, "-name");
	add(&l, "%s", g->name);
	add_screen(&l, g);
	add_kernel(&l, g);
	add_devices(&l, g);
	add_vifs(&l, g, domid);
	add_all(&l, &g->dm_args);
	add_machine(&l, g);
	add_disks(&l, g);
	if (!l.failed)
		return l.v;
	guest_args_free(l.v);
	return NULL;
}

void guest_args_free(char **args)
{
	for (char **p = args; p && *p; p++)
		free(*p);
	free(args);
}
