/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices and their back ends: -drive -device -chardev -serial -global … */
#include "dm/options.h"

#include "base/dev_owner.h"
#include "base/util.h"
#include "ui/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define IDE_BUSES 2
#define UNITS     2 /* of each bus; and floppy drives */

/* ---- -drive */

static const char *const drive_keys[] = {
	"file",   "if",     "index",    "bus",           "unit",     "media", "format",
	"id",     "cache",  "readonly", "read-only",     "snapshot", "aio",   "serial",
	"werror", "rerror", "discard",  "detect-zeroes", NULL,
};

static bool place_taken(const struct machine_config *c, enum drive_if interface, int bus, int unit)
{
	for (unsigned i = 0; i + 1 < c->n_drives; i++)
		if (c->drives[i].interface == interface && c->drives[i].bus == bus &&
		    c->drives[i].unit == unit)
			return true;
	return false;
}

/* index=, or bus= and unit=, or the first that is free. The drive is the list's last. */
static int place_drive(struct machine_config *c, struct drive_config *d, const struct opts *o,
		       const char *what, struct err *e)
{
	const char *name = d->interface == DRIVE_IDE ? "IDE" : "floppy";
	int buses = d->interface == DRIVE_IDE ? IDE_BUSES : 1;
	uint64_t index = ~0ull, bus = ~0ull, unit = ~0ull;

	if (opts_number(o, "index", (uint64_t)buses * UNITS - 1, &index, what, e) < 0 ||
	    opts_number(o, "bus", (uint64_t)buses - 1, &bus, what, e) < 0 ||
	    opts_number(o, "unit", UNITS - 1, &unit, what, e) < 0)
		return -EINVAL;
	if (index != ~0ull && (bus != ~0ull || unit != ~0ull))
		return err_set(e, -EINVAL, "%s: index= stands for bus= and unit=: not both", what);
	for (int at = 0; at < buses * UNITS; at++) {
		d->bus = at / UNITS;
		d->unit = at % UNITS;
		if ((index == ~0ull || index == (uint64_t)at) &&
		    (bus == ~0ull || bus == (uint64_t)d->bus) &&
		    (unit == ~0ull || unit == (uint64_t)d->unit) &&
		    !place_taken(c, d->interface, d->bus, d->unit))
			return 0;
	}
	if (index == ~0ull && bus == ~0ull && unit == ~0ull)
		return err_set(e, -EINVAL, "%s: %s %s places are taken", what,
			       buses == 2 ? "all four" : "both", name);
	return err_set(e, -EINVAL, "%s: there is a drive at that %s place already", what, name);
}

static int name_drive(const struct machine_config *c, struct drive_config *d, const struct opts *o,
		      const char *what, struct err *e)
{
	const char *id = opts_get(o, "id");
	char name[32];

	if (!id && d->interface == DRIVE_IDE)
		snprintf(name, sizeof(name), "ide%d-%s%d", d->bus, d->cdrom ? "cd" : "hd", d->unit);
	else if (!id && d->interface == DRIVE_FLOPPY)
		snprintf(name, sizeof(name), "floppy%d", d->unit);
	else if (!id)
		snprintf(name, sizeof(name), "none%u", c->n_drives - 1);
	id = id ? id : name;
	if (strlen(id) > 63)
		return err_set(e, -EINVAL, "%s: id=%s is longer than 63 characters", what, id);
	for (unsigned i = 0; i + 1 < c->n_drives; i++)
		if (!strcmp(c->drives[i].id, id))
			return err_set(e, -EEXIST, "%s: a drive named '%s' exists already", what,
				       id);
	return options_text(&d->id, what, id, e);
}

static int drive_flags(struct drive_config *d, const struct opts *o, const char *what,
		       struct err *e)
{
	static const char *const caches[] = {"writeback", "none", "unsafe", "directsync",
					     "writethrough"};
	const char *media = opts_get(o, "media"), *cache = opts_get(o, "cache");
	unsigned i = 0;

	if (media && strcmp(media, "disk") && strcmp(media, "cdrom"))
		return err_set(e, -EINVAL, "%s: media=%s: want disk or cdrom", what, media);
	d->cdrom = media && *media == 'c';
	d->readonly = d->cdrom;
	while (cache && i < ARRAY_SIZE(caches) && strcmp(cache, caches[i]))
		i++;
	if (i == ARRAY_SIZE(caches))
		return err_set(
			e, -EINVAL,
			"%s: cache=%s: want writeback, none, unsafe, directsync or writethrough",
			what, cache);
	if (opts_bool(o, "readonly", &d->readonly, what, e) < 0 ||
	    opts_bool(o, "read-only", &d->readonly, what, e) < 0)
		return -EINVAL;
	return 0;
}

static const struct {
	const char *key;
	const char *words[4];
	unsigned known; /* the first so many exist */
} choices[] = {
	{"discard", {"ignore", "unmap", "off", "on"}, 4},
	{"detect-zeroes", {"off", "on", "unmap"}, 3},
	{"aio", {"threads", "native", "io_uring"}, 2},
	{"werror", {"report", "ignore", "stop", "enospc"}, 4}, /* as enum blk_answer */
	{"rerror", {"report", "ignore", "stop"}, 3},
};

/* Which word of choices[k] was said; 0 when none was. */
static int choose(const struct opts *o, unsigned k, const char *what, struct err *e)
{
	const char *v = opts_get(o, choices[k].key);
	unsigned n = 0;

	while (v && n < 4 && choices[k].words[n] && strcmp(v, choices[k].words[n]))
		n++;
	if (n == 4 || (v && !choices[k].words[n]))
		return err_set(e, -EINVAL, "%s: %s=%s: there is no such choice", what,
			       choices[k].key, v);
	if (n >= choices[k].known)
		return err_set(e, -ENOTSUP, "%s: %s=%s does not exist yet: say %s", what,
			       choices[k].key, v, choices[k].words[0]);
	return (int)n;
}

static int drive_ways(struct drive_config *d, const struct opts *o, const char *what, struct err *e)
{
	bool snapshot = false;
	int n[ARRAY_SIZE(choices)];

	for (unsigned k = 0; k < ARRAY_SIZE(choices); k++) {
		n[k] = choose(o, k, what, e);
		if (n[k] < 0)
			return n[k];
	}
	if (opts_bool(o, "snapshot", &snapshot, what, e) < 0)
		return -EINVAL;
	d->snapshot = opts_get(o, "snapshot") ? snapshot : -1;
	d->discard = n[0] & 1;
	d->detect_zeroes = n[1];
	d->native_aio = n[2];
	d->werror = opts_get(o, "werror") ? (enum blk_answer)n[3] : BLK_ENOSPC;
	d->rerror = (enum blk_answer)n[4];
	if (d->native_aio &&
	    (!d->cache || (strcmp(d->cache, "none") && strcmp(d->cache, "directsync"))))
		return err_set(e, -EINVAL, "%s: aio=native needs cache=none or directsync", what);
	return 0;
}

static int drive_texts(struct drive_config *d, const struct opts *o, const char *what,
		       struct err *e)
{
	const struct {
		const char *key;
		char **to;
	} texts[] = {{"file", &d->file},
		     {"format", &d->format},
		     {"cache", &d->cache},
		     {"serial", &d->serial}};

	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *v = opts_get(o, texts[i].key);

		if (v && *v && options_text(texts[i].to, what, v, e) < 0)
			return -ENOMEM;
	}
	if (d->serial && strlen(d->serial) > 20)
		return err_set(e, -EINVAL, "%s: serial=%s is longer than 20 characters", what,
			       d->serial);
	return 0;
}

/* Names of QEMU's block graph cannot be guessed into an image: say so, and what to say instead. */
static int drive_keys_ok(const struct opts *o, const char *what, struct err *e)
{
	for (unsigned i = 0; i < o->n; i++) {
		const char *key = o->v[i].key;

		if (!strcmp(key, "driver") || strchr(key, '.'))
			return err_set(
				e, -ENOTSUP,
				"%s: %s=: drivers do not stack here: say file=FILE,format=raw",
				what, key);
	}
	return opts_only(o, drive_keys, what, e);
}

static int drive_interface(struct drive_config *d, const struct opts *o, const char *what,
			   struct err *e)
{
	const char *v = opts_get(o, "if");

	d->interface = !v || !strcmp(v, "ide") ? DRIVE_IDE : DRIVE_NONE;
	if (v && !strcmp(v, "floppy"))
		d->interface = DRIVE_FLOPPY;
	else if (v && strcmp(v, "ide") && strcmp(v, "none"))
		return err_set(e, -EINVAL,
			       "%s: if=%s: want ide, floppy, or none and a -device that names the "
			       "drive",
			       what, v);
	d->bus = d->unit = -1;
	return 0;
}

static int add_drive(struct machine_config *c, const char *what, const struct opts *o,
		     struct err *e)
{
	struct drive_config *d = list_grow(c->drives, &c->n_drives, sizeof(*d));
	int rc;

	if (!d)
		return err_set(e, -ENOMEM, "%s: out of memory", what);
	c->drives = d;
	d += c->n_drives - 1;
	rc = drive_keys_ok(o, what, e);
	if (!rc)
		rc = drive_interface(d, o, what, e);
	if (!rc)
		rc = drive_flags(d, o, what, e);
	if (!rc)
		rc = drive_texts(d, o, what, e);
	if (!rc)
		rc = drive_ways(d, o, what, e);
	if (!rc && d->cdrom && d->interface == DRIVE_FLOPPY)
		rc = err_set(e, -EINVAL, "%s: a floppy drive takes no CD", what);
	if (!rc && d->interface != DRIVE_NONE)
		rc = place_drive(c, d, o, what, e);
	if (!rc)
		rc = name_drive(c, d, o, what, e);
	if (!rc && !d->file && !d->cdrom && d->interface == DRIVE_IDE)
		rc = err_set(e, -EINVAL, "%s: a hard disk needs file=", what);
	return rc;
}

static int set_drive(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts o;
	int rc = opts_parse(&o, arg, NULL, e);

	if (!rc)
		rc = add_drive(c, what, &o, e);
	opts_free(&o);
	return rc;
}

/* -blockdev: a drive for some -device, named by node-name; a file, bare or under driver=raw. */
static int blockdev_to_drive(const struct opts *from, struct opts *o, const char *what,
			     struct err *e)
{
	static const char *const plain[] = {"driver",
					    "node-name",
					    "filename",
					    "read-only",
					    "auto-read-only",
					    "cache.direct",
					    "cache.no-flush",
					    "discard",
					    "aio",
					    "locking",
					    NULL};
	static const char *const under[] = {"driver",         "node-name", "file.driver",
					    "file.filename",  "read-only", "cache.direct",
					    "cache.no-flush", "discard",   NULL};
	const char *driver = opts_get(from, "driver"), *inner = opts_get(from, "file.driver");
	bool qcow2 = driver && !strcmp(driver, "qcow2");
	bool raw = driver && (qcow2 || !strcmp(driver, "raw")) && inner && !strcmp(inner, "file");
	bool file = driver && !strcmp(driver, "file");
	const char *name = opts_get(from, "node-name");
	const char *path = opts_get(from, raw ? "file.filename" : "filename");
	const char *ro = opts_get(from, "read-only"), *cache = NULL;
	static const char *const ways[] = {"discard", "aio"};
	bool direct = false, no_flush = false;
	int rc;

	if (!raw && !file)
		return err_set(
			e, -ENOTSUP,
			"%s: want driver=file, or driver=raw or qcow2 with file.driver=file: "
			"others do not exist yet",
			what);
	rc = opts_only(from, raw ? under : plain, what, e);
	if (opts_bool(from, "cache.direct", &direct, what, e) < 0 ||
	    opts_bool(from, "cache.no-flush", &no_flush, what, e) < 0)
		return -EINVAL;
	cache = no_flush ? "unsafe" : direct ? "none" : NULL;
	if (!rc && (!name || !path))
		rc = err_set(e, -EINVAL, "%s: lacks %s=", what,
			     name ? raw ? "file.filename" : "filename" : "node-name");
	if (rc)
		return rc;
	rc = cache ? opts_add(o, "cache", cache) : 0;
	for (unsigned i = 0; i < 2 && !rc; i++)
		if (opts_get(from, ways[i]))
			rc = opts_add(o, ways[i], opts_get(from, ways[i]));
	rc = rc || opts_add(o, "if", "none") || opts_add(o, "id", name) ||
	     opts_add(o, "file", path) || opts_add(o, "format", qcow2 ? "qcow2" : "raw") ||
	     opts_add(o, "readonly", ro ? ro : "off");
	return rc ? err_set(e, -ENOMEM, "%s: out of memory", what) : 0;
}

static int set_blockdev(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts from, o = {0};
	int rc = opts_parse(&from, arg, NULL, e);

	if (!rc)
		rc = blockdev_to_drive(&from, &o, what, e);
	if (!rc)
		rc = add_drive(c, what, &o, e);
	opts_free(&o);
	opts_free(&from);
	return rc;
}

/* -hda … -hdd, -cdrom, -fda, -fdb: the whole word is the file, commas and all. */
static int set_hd(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	char index[2] = "2";
	struct opts o = {0};
	int rc;

	if (what[1] != 'c')
		index[0] = (char)('0' + (what[3] - 'a'));
	rc = opts_add(&o, "index", index);
	if (!rc)
		rc = opts_add(&o, "if", what[1] == 'f' ? "floppy" : "ide");
	if (!rc)
		rc = opts_add(&o, "media", what[1] == 'c' ? "cdrom" : "disk");
	if (!rc)
		rc = opts_add(&o, "file", arg);
	rc = rc ? err_set(e, rc, "%s: out of memory", what) : add_drive(c, what, &o, e);
	opts_free(&o);
	return rc;
}

static int set_snapshot(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	(void)what, (void)arg, (void)e;
	c->snapshot = true;
	return 0;
}

/* ---- -device, -global */

static void list_classes(void)
{
	for (const struct dev_class *k = dev_class_first(); k; k = dev_class_next(k))
		if (!k->internal)
			printf("name \"%s\"%s%s, desc \"%s\"\n", k->name, k->bus ? ", bus " : "",
			       k->bus ? k->bus->name : "", k->summary);
}

static int class_help(const char *what, const char *name, struct err *e)
{
	const struct dev_class *k = dev_class_find(name);

	if (!k)
		return err_set(e, -EINVAL, "%s %s: no such device (-device help lists them)", what,
			       name);
	dev_class_help(k, stdout);
	return OPTIONS_DONE;
}

/* "help" alone, or as a bare word behind a driver. */
static bool asks_help(const struct opts *o)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->v[i].bare && (!strcmp(o->v[i].key, "help") || !strcmp(o->v[i].key, "?")))
			return true;
	return false;
}

static int set_device(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts *o;
	const char *driver;
	int rc;

	if (*arg == '{')
		return err_set(e, -ENOTSUP, "%s: JSON is not understood: say DRIVER,key=value,…",
			       what);
	o = opts_list_add(&c->devices);
	if (!o)
		return err_set(e, -ENOMEM, "%s: out of memory", what);
	rc = opts_parse(o, arg, "driver", e);
	if (rc)
		return rc;
	driver = opts_get(o, "driver");
	if (!driver || !*driver)
		return err_set(e, -EINVAL,
			       "%s %s: lacks the driver's name (-device help lists them)", what,
			       arg);
	if (!strcmp(driver, "help") || !strcmp(driver, "?")) {
		list_classes();
		return OPTIONS_DONE;
	}
	return asks_help(o) ? class_help(what, driver, e) : 0;
}

/* "driver.property=value", or driver=,property=,value=. */
static int set_global(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts *o = opts_list_add(&c->globals);
	const char *eq = strchr(arg, '='), *dot = strchr(arg, '.');
	char *driver, *prop;
	int rc;

	if (!o)
		return err_set(e, -ENOMEM, "%s: out of memory", what);
	if (!dot || !eq || dot > eq) {
		rc = opts_parse(o, arg, NULL, e);
		if (!rc && opts_get(o, "driver") && opts_get(o, "property") && opts_get(o, "value"))
			return 0;
		return err_set(e, -EINVAL, "%s %s: want driver.property=value", what, arg);
	}
	driver = strndup(arg, (size_t)(dot - arg));
	prop = strndup(dot + 1, (size_t)(eq - dot - 1));
	rc = driver && prop ? opts_add(o, "driver", driver) : -ENOMEM;
	if (!rc)
		rc = opts_add(o, "property", prop);
	if (!rc)
		rc = opts_add(o, "value", eq + 1);
	free(driver);
	free(prop);
	return rc ? err_set(e, rc, "%s: out of memory", what) : 0;
}

/* ---- streams */

static int add_text(struct text_list *l, const char *what, const char *arg, struct err *e)
{
	return text_list_add(l, arg) < 0 ? err_set(e, -ENOMEM, "%s: out of memory", what) : 0;
}

static int set_chardev(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return add_text(&c->chardevs, what, arg, e);
}

static int set_serial(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return add_text(&c->serials, what, strncmp(arg, "mon:", 4) ? arg : arg + 4, e);
}

static int set_debugcon(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->debugcon, what, arg, e);
}

static int set_parallel(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	(void)c;
	if (strcmp(arg, "none"))
		return err_set(e, -ENOTSUP, "%s %s: there is no parallel port: say none", what,
			       arg);
	return 0;
}

static int set_nographic(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	(void)what;
	(void)arg;
	(void)e;
	c->nographic = true;
	return 0;
}

/* ---- display */

static int set_vga(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const kinds[] = {"none", "std", "cirrus"};
	unsigned i = 0;

	while (i < ARRAY_SIZE(kinds) && strcmp(kinds[i], arg))
		i++;
	if (i == ARRAY_SIZE(kinds))
		return err_set(e, -EINVAL, "%s %s: no such adapter", what, arg);
	return options_text(&c->vga, what, arg, e);
}

static int set_vnc(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->vnc, what, arg, e);
}

static int set_keymap(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	char names[400] = "";

	if (layout_load(NULL, arg))
		return options_text(&c->keymap, what, arg, e);
	for (unsigned i = 0; layout_name(i); i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? ", " : "", layout_name(i));
	return err_set(e, -EINVAL, "%s %.20s: there is no such layout; there are %s", what, arg,
		       names);
}

static int set_usbdevice(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	if (strcmp(arg, "tablet") && strcmp(arg, "mouse") && strcmp(arg, "keyboard"))
		return err_set(e, -EINVAL, "%s %s: want tablet, mouse or keyboard", what, arg);
	c->usb = true;
	return text_list_add(&c->usbdevices, arg);
}

/* clang-format off */
static const struct option rows[] = {
	OPTION("drive",
	       "[file=FILE][,if=ide|floppy|none][,index=N][,media=disk|cdrom][,format=F][,id=ID]…",
	       "a disk, CD or floppy", set_drive),
	OPTION("snapshot", NULL, "writes go to temporary images that vanish at the end",
	       set_snapshot),
	OPTION("blockdev", "driver=file,node-name=ID,filename=FILE",
	       "a disk for -device DRIVER,drive=ID", set_blockdev),
	OPTION("hda", "FILE", "first disk of the first IDE channel", set_hd),
	OPTION("hdb", "FILE", "its second", set_hd),
	OPTION("hdc", "FILE", "first disk of the second IDE channel", set_hd),
	OPTION("hdd", "FILE", "its second", set_hd),
	OPTION("cdrom", "FILE", "a CD in place of -hdc", set_hd),
	OPTION("fda", "FILE", "a floppy disk in drive A", set_hd),
	OPTION("fdb", "FILE", "a floppy disk in drive B", set_hd),
	OPTION("device", "DRIVER[,id=ID][,bus=BUS][,PROP=V]",
	       "a device (help lists them; DRIVER,help its properties)", set_device),
	OPTION("global", "DRIVER.PROP=V", "default of a property of all devices of that driver",
	       set_global),
	OPTION("chardev", "TYPE,id=ID[,KEY=V]",
	       "a stream: null, file, pipe, pty, stdio, socket, udp, ringbuf", set_chardev),
	OPTION("debugcon", "STREAM", "an isa-debugcon at port 0xe9, for what guests write there",
	       set_debugcon),
	OPTION("serial", "STREAM",
	       "a serial port on a stream: pty, stdio, file:F, unix:P,server=on, chardev:ID, none",
	       set_serial),
	OPTION("parallel", "none", "there is none", set_parallel),
	OPTION("nographic", NULL, "no display; the first serial port on the terminal",
	       set_nographic),
	OPTION("vga", "KIND", "the display adapter: std, cirrus, none", set_vga),
	OPTION("vnc",
	       ":N|HOST:N|unix:PATH|none[,password=on][,to=N][,websocket=on|PORT][,noauth=on]"
	       "[,share=…]",
	       "shows the screen to VNC viewers on port 5900 + N", set_vnc),
	OPTION("k", "LAYOUT",
	       "the guest's keyboard layout, for VNC viewers that send characters [en-us]",
	       set_keymap),
	OPTION("usbdevice", "tablet|mouse|keyboard", "that on a USB controller of the board",
	       set_usbdevice),
	LATER("spice", "KEY=V", "SPICE does not exist; use -vnc"),
};
/* clang-format on */
const struct option_table options_device = {"Devices", rows, ARRAY_SIZE(rows)};
