/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_parts.h: what the machine_*.c files and the board share with each other only. */
#ifndef DM_MACHINE_PARTS_H
#define DM_MACHINE_PARTS_H
#include "dm/machine.h"

/* ---- machine_backend.c ---- */
int machine_backends_open(struct machine *m, struct err *e); /* -chardev, -netdev, -drive */
void machine_backends_close(struct machine *m);
int machine_drive_add(struct machine *m, const struct drive_config *c, struct err *e);
/* dm/machine_errors.c; arg: a struct drive */
enum blk_answer machine_drive_failed(void *arg, enum blk_op op, int rc);
void machine_drives_retry(struct machine *m);
/* PROP_BLK, NET, CHR, INPUT of d: struct drive *, netdev *, chr *, input *; NULL and a sentence. */
void *machine_backend(struct machine *m, struct dev *d, enum prop_type type, const char *name,
		      struct err *e);
void machine_backend_release(struct machine *m, struct dev *d, enum prop_type type, void *be);

/* As chr_open_short, "chardev:ID" being one that exists. NULL without a sentence: "none". */
struct chr_slot *machine_chr_short(struct machine *m, const char *label, const char *spec,
				   struct err *e);

/* ---- machine_device.c ---- */
enum place { PLACE_BOARD, PLACE_NAMED, PLACE_ANON };
struct note { /* where a device is in QOM's tree */
	struct dev *dev;
	enum place place;
	unsigned number; /* among those of its place */
	struct note *next;
};
struct note *machine_note(struct machine *m, const struct dev *d);
/* id NULL: "anon[N]". -global, then the properties in o, realized. */
struct dev *machine_device_make(struct machine *m, const struct dev_class *c, const char *id,
				const struct opts *o, enum place place, struct err *e);
void machine_notes_free(struct machine *m);

/* ---- machine_core.c ---- */
int machine_core_open(struct machine *m, struct err *e);
void machine_core_close(struct machine *m);
int machine_core_attach(struct machine *m, struct err *e); /* the board becomes its client */
int machine_dig_hole(struct machine *m, struct err *e);
int machine_rom_load(struct machine *m, struct err *e);
/* The file of a device's ROM, from the folders of -L or the usual ones; a path counts as it is. Not
 * there: 0, *data NULL and a warning. */
int machine_rom_file(struct machine *m, const struct dev *d, const char *name, uint8_t **data,
		     size_t *len, struct err *e);
/* What [gpa, gpa+len) reads from and writes to: shadow RAM or what lies below. */
void machine_shadow(struct machine *m, uint64_t gpa, uint64_t len, bool rd, bool wr);

/* ---- machine_pc.c ---- */
int machine_pc_build(struct machine *m, struct err *e); /* board, chipset, ROM, default devices */

/* ---- machine_display.c ---- */
struct display *machine_display_make(struct machine *m, struct dev *d, struct err *e);
void machine_display_free(struct machine *m, struct display *display);
/* The console. A machine without an adapter has an empty one, as a monitor without a cable. */
struct display *machine_screen(struct machine *m, struct err *e);

/* ---- machine_vnc.c ---- */
/* What -vnc said, when all devices are there; NULL, "none": nothing is opened. */
int machine_vnc_open(struct machine *m, const char *text, struct err *e);
void machine_vnc_close(struct machine *m);

/* ---- machine_window.c ---- */
int machine_viewers_open(struct machine *m, struct err *e); /* -display, -vnc */
void machine_viewers_close(struct machine *m);              /* before the devices go */

/* ---- machine_net.c ---- */
int machine_nics_add(struct machine *m, struct err *e);   /* -nic, -net, the default one */
int machine_dumps_open(struct machine *m, struct err *e); /* -object filter-dump */

/* ---- machine_cmos.c ---- */
/* What firmware reads there. first: at the start; else after a reset, when -boot once= is over. */
void machine_cmos_fill(struct machine *m, bool first);
uint64_t machine_ram_below_4g(const struct machine *m);

/* ---- machine_fw_cfg.c ---- */
int machine_fw_cfg_fill(struct machine *m, struct err *e); /* once, before the guest runs */

/* ---- machine_firmware.c ---- */
int machine_firmware_make(struct machine *m, struct err *e); /* when all devices are there */
int machine_firmware_fill(struct machine *m, struct dev *fw_cfg, struct err *e); /* its files */
void machine_uuid(const char *text, uint8_t uuid[16]); /* in the text's order; NULL: zeros */
void machine_firmware_free(struct machine *m);
/* Without firmware: the tables into RAM, the last `reserved` bytes below 4 GiB (0: none), and the
 * RSDP (0: none) into shadow RAM, which is writable meanwhile. */
int machine_firmware_place(struct machine *m, struct err *e);
uint32_t machine_firmware_reserved(const struct machine *m);
uint32_t machine_firmware_rsdp(const struct machine *m);

/* ---- machine_bootorder.c ---- */
/* The list, to be freed; NULL when no device has a place in it. */
int machine_bootorder(struct machine *m, char **text, struct err *e);

/* ---- machine_setup.c ---- */
int machine_setup(struct machine *m, struct err *e); /* the board as firmware leaves it */

/* ---- machine_kernel.c ---- */
int machine_ram_write(struct machine *m, uint64_t gpa, const void *buf, size_t len);
struct boot_entry;                                         /* dm/boot.h */
int machine_kernel_open(struct machine *m, struct err *e); /* -kernel: reads it, chooses the way */
int machine_kernel_load(struct machine *m, struct err *e); /* into RAM; again after a reset */
bool machine_kernel_by_rom(const struct machine *m);       /* or firmware fetches it */
/* Where it starts; NULL: at the reset vector. */
const struct boot_entry *machine_kernel_entry(const struct machine *m);
void machine_kernel_close(struct machine *m);

/* ---- machine_vcpus.c ---- */
/* Is there the engine that was asked for? */
int machine_vcpus_check(const struct machine_config *c, struct err *e);
enum clock_mode machine_clock_mode(const struct machine_config *c);
int machine_vcpus_open(struct machine *m, struct err *e);  /* after the kernel; without the lock */
int machine_vcpus_start(struct machine *m, struct err *e); /* their threads */
void machine_vcpus_close(struct machine *m);               /* without the lock */
void machine_vcpus_hold(struct machine *m); /* they stop soon, until the machine goes on */

/* ---- machine.c ---- */
void machine_dev_request(struct machine *m, enum dev_request what, unsigned arg);
#endif
