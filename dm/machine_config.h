/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/machine_config.h: the description of one machine. Options are its textual form
 * (dm/options.h); nothing else makes one, and nobody changes it afterwards.
 */
#ifndef DM_MACHINE_CONFIG_H
#define DM_MACHINE_CONFIG_H
#include "block/blk.h"
#include "dm/opts.h"
#include "hypervisor/x86/engine_config.h"
#include "jail/jail.h"

#include <stddef.h>

struct opts_list {
	struct opts *v;
	unsigned n;
};
struct text_list {
	char **v;
	unsigned n;
};

enum config_rtc { RTC_UTC, RTC_LOCALTIME, RTC_DATE };

/* -kernel: into RAM by us, or by firmware and our ROM; auto: the latter where a screen wants its
 * BIOS, and a BIOS is there. */
enum kernel_loader { LOADER_AUTO, LOADER_DIRECT, LOADER_ROM };

enum drive_if { DRIVE_NONE, DRIVE_IDE, DRIVE_FLOPPY };

/* -drive, -hda …, -cdrom */
struct drive_config {
	char *id, *file, *format, *cache, *serial; /* NULL = not said; file NULL: no medium */
	enum drive_if interface;
	int bus, unit; /* unless DRIVE_NONE: given or chosen, never taken twice */
	bool cdrom, readonly;
	int snapshot; /* -1: not said, as machine_config.snapshot says */
	bool discard; /* the guest's TRIM reaches the image */
	bool detect_zeroes, native_aio;
	enum blk_answer werror, rerror;
};

/* -nic, -net nic; NULL = not said */
struct nic_config {
	char *model, *mac, *addr, *netdev;
	bool old; /* takes the next of old_nets */
};

/* -mon, -monitor, -qmp */
struct mon_config {
	char *chardev, *spec; /* spec: text for chr_open_short with that id; NULL: it exists */
	bool control, pretty;
};

/* -add-fd */
struct fdset_config {
	int fd;
	int64_t set;
	char *opaque;
};

/* -display; WINDOW: sdl */
enum config_show { SHOW_UNSAID, SHOW_NOTHING, SHOW_WINDOW };
struct window_config {
	bool full_screen, keep, show_cursor; /* keep: though its owner closes it */
	char *gl, *grab;                     /* words of hvm-sdl; NULL = not said */
};

struct machine_config {
	char *name, *process_name, *uuid; /* NULL = none */
	char *machine;                    /* "pc" or "none" */
	char *accel;                      /* "qtest", "soft", …; NULL = not said */
	bool accel_option;                /* it was -accel that said it, not -machine */
	struct engine_config engine;      /* what followed its name; model is not in use */
	bool icount;                      /* -clock icount */
	unsigned icount_shift;
	char *core; /* -core: socket of a remote core, NULL = embedded */
	char *cpu, *bios;
	char *kernel, *initrd, *append; /* initrd: "FILE words,FILE words" */
	char *boot_order, *boot_once;   /* letters */
	enum kernel_loader kernel_loader;
	bool boot_menu, boot_strict, no_fd_bootchk;
	bool splash_given, reboot_given;
	uint16_t splash_time, reboot_timeout;   /* ms */
	struct opts smbios_bios, smbios_system; /* words of types 0 and 1 */
	struct opts_list fw_cfg;                /* name, and string or file */
	uint64_t ram;                           /* bytes */
	uint64_t max_ram_below_4g;              /* 0 = the board's own */
	unsigned cpus, maxcpus;
	bool nodefaults, nographic, stopped, no_shutdown, no_reboot, no_acpi, no_hpet, usb;
	bool net_given;           /* -net, -nic, -netdev: no default NIC */
	char *vnc, *vga, *keymap; /* NULL = not said */
	enum config_show show;
	struct window_config window;
	enum config_rtc rtc;
	int64_t rtc_date; /* seconds since 1970, with RTC_DATE */
	bool rtc_vm_clock;

	struct drive_config *drives;
	unsigned n_drives;
	bool snapshot;            /* of drives that do not say */
	struct opts_list devices; /* "driver" is the class */
	struct opts_list globals; /* driver, property, value */
	struct mon_config *mons;
	unsigned n_mons;
	struct fdset_config *fdsets;
	unsigned n_fdsets;
	struct text_list chardevs; /* text for chr_open */
	struct text_list netdevs;  /* text for net_open */
	struct nic_config *nics;   /* -nic, -net nic */
	unsigned n_nics;
	struct text_list old_nets;   /* ids of those of -net, for NICs with `old` */
	struct opts_list dumps;      /* -object filter-dump */
	struct text_list serials;    /* text for chr_open_short, "chardev:ID" */
	struct text_list usbdevices; /* "tablet", "mouse", "keyboard" */

	char *debugcon, *gdb;    /* what -gdb said */
	char *qtest, *qtest_log; /* what -qtest and -qtest-log said */

	/* of the process */
	char *log_file, *pidfile;
	enum jail_mode jail;
	int broker, parent;        /* a descriptor, a process; 0 = none */
	unsigned log_items;        /* -d: enum trace_item */
	char *trace;               /* globs, for dev_trace_set */
	struct text_list rom_dirs; /* -L */
};

void config_free(struct machine_config *c);               /* a zeroed one is fine */
int text_list_add(struct text_list *l, const char *text); /* copies; -ENOMEM */
struct opts *opts_list_add(struct opts_list *l);          /* zeroed; NULL = out of memory */
/* Room for one more, zeroed, behind the *n elements of `size` bytes at v. */
void *list_grow(void *v, unsigned *n, size_t size);
#endif
