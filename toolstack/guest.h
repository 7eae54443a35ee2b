/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/guest.h: one guest as its configuration describes it, checked; and what
 * each key of xl.cfg(5) means to us (keys.c has the table).
 */
#ifndef TOOLSTACK_GUEST_H
#define TOOLSTACK_GUEST_H
#include "toolstack/cfg.h"
#include "toolstack/disk.h"

#include <stdint.h>
#include <stdio.h>

struct texts {
	char **v;
	unsigned n;
};
enum guest_action { /* of on_poweroff and its like */
		    ACTION_DESTROY,
		    ACTION_RESTART,
		    ACTION_RENAME_RESTART,
		    ACTION_PRESERVE,
		    ACTION_COREDUMP_DESTROY,
		    ACTION_COREDUMP_RESTART,
		    ACTION_SOFT_RESET
};
enum guest_vga { VGA_CIRRUS, VGA_STD, VGA_NONE, VGA_QXL };
struct vif {
	char *mac, *bridge, *model, *vifname, *script, *ip, *backend, *rate, *gatewaydev;
	unsigned mtu;  /* 0: not said */
	bool emulated; /* type=ioemu, which an HVM guest's are unless it says vif */
};
struct guest {
	char *name, *uuid, *boot, *kernel, *ramdisk, *cmdline, *root, *extra, *keymap, *cpuid;
	char *accel;
	char *vnclisten, *vncpasswd, *dm_override;
	/* numbers; the booleans among them are 0 or 1, those not said have their default */
	long vcpus, maxvcpus, memory, maxmem, mmio_hole, videoram, vncdisplay, rtc_timeoffset;
	long vnc, vncunused, sdl, nographic, usb, usbversion, acpi, localtime, xen_platform_pci;
	long stdvga, dm_restrict, vncconsole;
	enum guest_vga vga;
	enum guest_action on_poweroff, on_reboot, on_crash;
	struct texts serial, usbdevice, dm_args, dm_args_hvm, disk_specs, vif_specs;
	struct disk *disks;
	struct vif *vifs;
	unsigned n_disks, n_vifs;
};

/* Checks all settings and reads them. Notes ("FILE:LINE: …") go to `say`; NULL: nowhere.
 * 0, or -EINVAL and a sentence. g is to be freed either way. */
int guest_read(struct guest *g, const struct cfg *c, FILE *say, struct err *e);
void guest_free(struct guest *g);
/* The keys as a table in Markdown: docs/xl.cfg-support.md. */
void guest_print_keys(FILE *f);

/* What a guest may be called: 0, or -EINVAL and a sentence. */
int guest_name_check(const char *name, struct err *e);
/* The address of card i: its own, or one made from the guest's uuid. */
void guest_mac(const struct guest *g, unsigned i, char mac[18]);

/* 0, or -EINVAL and a sentence without its place. To be freed either way. */
int vif_parse(struct vif *v, const char *spec, struct err *e);
void vif_free(struct vif *v);

/* libxl's command line for a device model of this guest (libxl 4.17); NULL-terminated, to be freed
 * by guest_args_free; NULL: out of memory. MAC addresses that the configuration does not name are
 * made from the guest's uuid. */
char **guest_args(const struct guest *g, unsigned domid, const char *program);
/* The same for hvm-dm with a core, files and helpers from our own supervisor. */
struct guest_way {
	int core, broker, monitor; /* descriptors; broker may be -1 */
	int console;               /* what goes through a pty is written there; -1: nowhere */
	const char *jail;          /* -jail's word; NULL: none */
	const char *monitor_path;  /* of a second monitor, for other tools */
	const char *const *nets;   /* for each card what -netdev begins with: "user", "tap,fd=9" */
};
char **guest_own_args(const struct guest *g, const struct guest_way *way);
/* And for hvm-core. */
struct guest_core_way {
	int listener;
	const char *jail;
	int64_t now,
		rtc_offset; /* s since 1970; what the guest has set its clock to, beyond that */
};
char **guest_core_args(const struct guest *g, const struct guest_core_way *way);
void guest_args_free(char **args);
#endif
