/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/args.c: the command line that libxl 4.17 gives a device model for this guest, in its
 * order (libxl__build_device_model_args_new, as seen from outside), and the one that our own
 * supervisor gives hvm-dm, which differs where Xen is meant.
 *
 * Tests: tests/toolstack/guest.c, tests/toolstack/own_args.c
 */
#include "toolstack/guest.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* As the value of a key=value list has it: commas doubled. */
static char *quoted(const char *text)
{
	char *copy = malloc(2 * strlen(text) + 1), *to = copy;

	for (; copy && *text; text++) {
		*to++ = *text;
		if (*text == ',')
			*to++ = ',';
	}
	if (copy)
		*to = 0;
	return copy;
}

static void add_quoted(struct list *l, const char *text)
{
	char *copy = quoted(text);

	l->failed |= !copy;
	add(l, "%s", copy ? copy : "");
	free(copy);
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

static void add_cpus(struct list *l, const struct guest *g, const struct guest_way *way)
{
	if (way || g->maxvcpus > 1)
		add(l, "-smp");
	if (way)
		add(l, "%ld", g->vcpus); /* none are plugged in later */
	else if (g->maxvcpus > 1)
		add(l, "%ld,maxcpus=%ld", g->vcpus, g->maxvcpus);
}

/* What goes through a pty is in a file, too. */
static void add_serial(struct list *l, unsigned i, const char *stream, const struct guest_way *way)
{
	bool kept = way && way->console >= 0 && !strcmp(stream, "pty");

	if (kept) {
		add(l, "-chardev");
		add(l, "pty,id=serial%u,logfile=fd:%d,logappend=on", i, way->console);
	}
	add(l, "-serial");
	if (kept)
		add(l, "chardev:serial%u", i);
	else
		add(l, "%s", stream);
}

static void add_devices(struct list *l, const struct guest *g, const struct guest_way *way)
{
	for (unsigned i = 0; i < g->serial.n; i++)
		add_serial(l, i, g->serial.v[i], way);
	if (g->nographic && !g->sdl && !g->vnc && !way)
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
	add_cpus(l, g, way);
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

static void add_net(struct list *l, const struct guest *g, unsigned i, unsigned domid,
		    const struct guest_way *way)
{
	const struct vif *v = &g->vifs[i];

	add(l, "-netdev");
	if (way)
		add(l, "%s,id=net%u", way->nets[i], i);
	else
		add(l, "type=tap,id=net%u,ifname=vif%u.%u-emu,br=%s,script=no,downscript=no", i,
		    domid, i, v->bridge ? v->bridge : "xenbr0");
}

static void add_vifs(struct list *l, const struct guest *g, unsigned domid,
		     const struct guest_way *way)
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
		add_net(l, g, i, domid, way);
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

static void add_cdrom(struct list *l, const struct disk *d)
{
	unsigned id = disk_devid(d);

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

/* ---- our own ---- */

static void add_process(struct list *l, const struct guest *g, const struct guest_way *way)
{
	char *tools = quoted(way->monitor_path);

	l->failed |= !tools;
	add(l, "-core");
	add(l, "fd=%d", way->core);
	if (way->broker >= 0) {
		add(l, "-broker");
		add(l, "fd=%d", way->broker);
	}
	if (way->jail) {
		add(l, "-jail");
		add(l, "%s", way->jail);
	}
	add(l, "-S");
	add(l, "-no-shutdown");
	if (g->on_reboot != ACTION_RESTART)
		add(l, "-no-reboot");
	add(l, "-chardev");
	add(l, "socket,id=supervisor,fd=%d", way->monitor);
	add(l, "-mon");
	add(l, "chardev=supervisor,mode=control");
	add(l, "-chardev");
	add(l, "socket,id=tools,path=%s,server=on,wait=off", tools ? tools : "");
	add(l, "-mon");
	add(l, "chardev=tools,mode=control");
	free(tools);
	if (g->uuid) {
		add(l, "-uuid");
		add(l, "%s", g->uuid);
	}
}

/* libxl writes a file's name as it is: one with a comma cannot be told to QEMU by it. */
static void add_own_disk(struct list *l, const struct disk *d)
{
	char *file = d->target ? quoted(d->target) : NULL;

	l->failed |= d->target && !file;
	add(l, "-drive");
	if (d->cdrom && !file) {
		add(l, "if=none,readonly=on,id=ide-%u", disk_devid(d));
	} else if (d->cdrom) {
		add(l, "if=none,readonly=on,id=ide-%u,file=%s,format=%s", disk_devid(d), file,
		    disk_format_name(d->format));
	} else {
		add(l, "file=%s,if=ide,index=%u,media=disk,format=%s,cache=%s%s", file, d->number,
		    disk_format_name(d->format), d->direct_io_safe ? "none" : "writeback",
		    d->discard ? ",discard=unmap" : "");
	}
	if (d->cdrom) {
		add(l, "-device");
		add(l, "ide-cd,id=ide-%u,drive=ide-%u,bus=ide.%u,unit=%u", disk_devid(d),
		    disk_devid(d), d->number / 2, d->number % 2);
	}
	free(file);
}

char **guest_own_args(const struct guest *g, const struct guest_way *way)
{
	struct list l = {.v = NULL};

	add(&l, "hvm-dm");
	add_process(&l, g, way);
	add(&l, "-nodefaults");
	add(&l, "-name");
	add_quoted(&l, g->name);
	add_screen(&l, g);
	add_kernel(&l, g);
	add_devices(&l, g, way);
	add_vifs(&l, g, 0, way);
	add_all(&l, &g->dm_args);
	add(&l, "-machine");
	if (g->mmio_hole) /* as hvm-core has it */
		add(&l, "pc,max-ram-below-4g=%ldM", 4096 - g->mmio_hole);
	else
		add(&l, "pc");
	add_all(&l, &g->dm_args_hvm);
	add(&l, "-m");
	add(&l, "%ld", g->maxmem);
	for (unsigned i = 0; i < g->n_disks; i++)
		if (g->disks[i].number <= 3)
			add_own_disk(&l, &g->disks[i]);
	if (!l.failed)
		return l.v;
	guest_args_free(l.v);
	return NULL;
}

/* What the guest's clock shows now, in seconds since 1970. */
static int64_t clock_of(const struct guest *g, const struct guest_core_way *way)
{
	int64_t base = way->now + g->rtc_timeoffset + way->rtc_offset;
	time_t now = (time_t)way->now;
	struct tm tm;

	if (g->localtime && localtime_r(&now, &tm))
		base += tm.tm_gmtoff;
	return MAX(base, 0);
}

char **guest_core_args(const struct guest *g, const struct guest_core_way *way)
{
	struct list l = {.v = NULL};

	add(&l, "hvm-core");
	add(&l, "-listen");
	add(&l, "fd=%d", way->listener);
	add(&l, "-jail");
	add(&l, "%s", way->jail);
	add(&l, "-m");
	add(&l, "%ldM", g->maxmem);
	add(&l, "-smp");
	add(&l, "%ld", g->vcpus);
	add(&l, "-rtc");
	add(&l, "%lld", (long long)clock_of(g, way));
	if (g->mmio_hole) {
		add(&l, "-max-ram-below-4g");
		add(&l, "%ldM", 4096 - g->mmio_hole);
	}
	if (g->accel) {
		add(&l, "-accel");
		add(&l, "%s", g->accel);
	}
	if (g->cpuid && strcmp(g->cpuid, "host") && strncmp(g->cpuid, "host,", 5)) {
		add(&l, "-cpu");
		add(&l, "%s", g->cpuid);
	}
	if (!l.failed)
		return l.v;
	guest_args_free(l.v);
	return NULL;
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
	add_devices(&l, g, NULL);
	add_vifs(&l, g, domid, NULL);
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
