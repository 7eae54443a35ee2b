/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/config.h: the description of one machine. Options are its textual form
 * (dm/options.h); nothing else makes one, and nobody changes it afterwards.
 */
#ifndef DM_CONFIG_H
#define DM_CONFIG_H
#include "dm/opts.h"

struct opts_list {
	struct opts *v;
	unsigned n;
};
struct text_list {
	char **v;
	unsigned n;
};

enum config_rtc { RTC_UTC, RTC_LOCALTIME, RTC_DATE };

struct machine_config {
	char *name, *process_name, *uuid;
	char *machine; /* "pc" or "none" */
	char *accel;   /* "qtest"; NULL = not said */
	char *core;    /* -core: socket of a remote core, NULL = embedded */
	char *cpu, *bios;
	char *boot_order, *boot_once; /* letters */
	bool boot_menu;
	uint64_t ram;              /* bytes */
	uint64_t max_ram_below_4g; /* 0 = the board's own */
	unsigned cpus, maxcpus;
	bool nodefaults, nographic, stopped, no_shutdown, no_reboot, no_acpi, no_hpet, usb;
	bool serial_given, parallel_given, monitor_given, net_given, vga_given;
	char *vnc, *display, *vga, *keymap;
	enum config_rtc rtc;
	int64_t rtc_date; /* seconds since 1970, with RTC_DATE */
	bool rtc_vm_clock;

	struct opts_list drives;   /* -drive, -hda …, -cdrom: keys as -drive's */
	struct opts_list devices;  /* "driver" is the class */
	struct opts_list globals;  /* driver, property, value */
	struct opts_list mons;     /* chardev, mode, pretty */
	struct opts_list fdsets;   /* fd, set, opaque */
	struct text_list chardevs; /* text for chr_open */
	struct text_list netdevs;  /* text for net_open */
	struct text_list serials;  /* text for chr_open_short, "chardev:ID" */

	char *qtest, *qtest_log; /* what -qtest and -qtest-log said */

	/* of the process */
	char *log_file, *pidfile;
	struct text_list traces; /* globs */
	char *trace_file;
};

void config_free(struct machine_config *c);               /* a zeroed one is fine */
int text_list_add(struct text_list *l, const char *text); /* copies; -ENOMEM */
struct opts *opts_list_add(struct opts_list *l);          /* zeroed; NULL = out of memory */
#endif
