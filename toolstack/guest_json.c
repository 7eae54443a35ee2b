/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/guest_json.c: a guest's configuration as libxl writes it in JSON (xl list -l), whose
 * types are named in libxl_types.idl: booleans that may be unsaid are the strings "True" and
 * "False", flags of disks numbers.
 *
 * Missing: members of what is not there (PCI devices, SPICE, …); libxl leaves out what has its
 * default, here all that is known is said.
 * Tests: tests/toolstack/guest_json.c
 */
#include "toolstack/guest_json.h"

#include <string.h>

static void put(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value ? value : json_null());
}

static void put_text(json_t *o, const char *key, const char *text)
{
	if (text)
		put(o, key, json_string(text));
}

static void put_bool(json_t *o, const char *key, bool value)
{
	put(o, key, json_string(value ? "True" : "False"));
}

static void put_texts(json_t *o, const char *key, const struct texts *t)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < t->n; i++)
		json_array_append_new(all, json_string(t->v[i]));
	if (t->n)
		put(o, key, all);
	else
		json_decref(all);
}

static json_t *creation(const struct guest *g)
{
	json_t *c = json_pack("{ss}", "type", "hvm");

	put_text(c, "name", g->name);
	put_text(c, "uuid", g->uuid);
	put_bool(c, "run_hotplug_scripts", true);
	return c;
}

static json_t *screen(const struct guest *g)
{
	json_t *v = json_object();

	put_bool(v, "enable", g->vnc);
	put_text(v, "listen", g->vnclisten ? g->vnclisten : "127.0.0.1");
	put_text(v, "passwd", g->vncpasswd);
	put(v, "display", json_integer(g->vncdisplay));
	put_bool(v, "findunused", g->vncunused);
	return v;
}

static json_t *machine(const struct guest *g)
{
	static const char *const vga[] = {
		[VGA_CIRRUS] = "cirrus", [VGA_STD] = "std", [VGA_NONE] = "none", [VGA_QXL] = "qxl"};
	json_t *h = json_pack("{ss}", "bios", "seabios"), *sdl = json_object();

	put_bool(h, "acpi", g->acpi);
	if (g->mmio_hole)
		put(h, "mmio_hole_memkb", json_integer(g->mmio_hole * 1024));
	put_bool(h, "xen_platform_pci", g->xen_platform_pci);
	put(h, "vga", json_pack("{ss}", "kind", vga[g->vga]));
	put(h, "vnc", screen(g));
	put_text(h, "keymap", g->keymap);
	put_bool(sdl, "enable", g->sdl);
	put(h, "sdl", sdl);
	put_text(h, "boot", g->boot ? g->boot : "cda");
	put_bool(h, "usb", g->usb);
	put_texts(h, "usbdevice_list", &g->usbdevice);
	put_texts(h, "serial_list", &g->serial);
	return h;
}

static json_t *building(const struct guest *g)
{
	json_t *b = json_object(), *cpus = json_array();

	for (long i = 0; i < g->vcpus; i++)
		json_array_append_new(cpus, json_integer(i));
	put(b, "max_vcpus", json_integer(g->maxvcpus));
	put(b, "avail_vcpus", cpus);
	put(b, "max_memkb", json_integer(g->maxmem * 1024));
	put(b, "target_memkb", json_integer(g->memory * 1024));
	put(b, "video_memkb", json_integer(g->videoram * 1024));
	put(b, "rtc_timeoffset", json_integer(g->rtc_timeoffset));
	put_bool(b, "localtime", g->localtime);
	put_text(b, "device_model_version", "qemu_xen");
	put_text(b, "device_model", g->dm_override);
	put_text(b, "kernel", g->kernel);
	put_text(b, "ramdisk", g->ramdisk);
	put_text(b, "cmdline", g->cmdline);
	put(b, "type.hvm", machine(g));
	return b;
}

/* hvm-dm's "vpc" is libxl's "vhd". */
static const char *format_of(const struct disk *d)
{
	const char *name = disk_format_name(d->format);

	return d->format == DISK_EMPTY ? "empty" : d->format == DISK_VHD ? "vhd" : name;
}

static json_t *disks(const struct guest *g)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < g->n_disks; i++) {
		const struct disk *d = &g->disks[i];
		json_t *o = json_object();

		put_text(o, "pdev_path", d->target);
		put_text(o, "vdev", d->vdev);
		put_text(o, "backend", "qdisk");
		put_text(o, "format", format_of(d));
		put(o, "removable", json_integer(d->cdrom));
		put(o, "readwrite", json_integer(d->writable));
		put(o, "is_cdrom", json_integer(d->cdrom));
		put_bool(o, "discard_enable", d->discard != 0);
		json_array_append_new(all, o);
	}
	return all;
}

static json_t *nics(const struct guest *g)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < g->n_vifs; i++) {
		const struct vif *v = &g->vifs[i];
		json_t *o = json_pack("{si}", "devid", (int)i);
		char mac[18];

		guest_mac(g, i, mac);
		put_text(o, "mac", mac);
		put_text(o, "model", v->model ? v->model : "rtl8139");
		put_text(o, "bridge", v->bridge);
		put_text(o, "ip", v->ip);
		put_text(o, "script", v->script);
		put_text(o, "ifname", v->vifname);
		put_text(o, "nictype", v->emulated ? "vif_ioemu" : "vif");
		json_array_append_new(all, o);
	}
	return all;
}

static void put_actions(json_t *c, const struct guest *g)
{
	static const char *const names[] = {
		[ACTION_DESTROY] = "destroy",
		[ACTION_RESTART] = "restart",
		[ACTION_RENAME_RESTART] = "rename-restart",
		[ACTION_PRESERVE] = "preserve",
		[ACTION_COREDUMP_DESTROY] = "coredump-destroy",
		[ACTION_COREDUMP_RESTART] = "coredump-restart",
		[ACTION_SOFT_RESET] = "soft-reset",
	};

	put_text(c, "on_poweroff", names[g->on_poweroff]);
	put_text(c, "on_reboot", names[g->on_reboot]);
	put_text(c, "on_crash", names[g->on_crash]);
}

json_t *guest_json(const struct guest *g, unsigned domid)
{
	json_t *c = json_object();

	put(c, "c_info", creation(g));
	put(c, "b_info", building(g));
	put(c, "disks", disks(g));
	put(c, "nics", nics(g));
	put_actions(c, g);
	return json_pack("{soso}", "domid", domid ? json_integer(domid) : json_null(), "config", c);
}
