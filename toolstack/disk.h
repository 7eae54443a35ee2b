/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/disk.h: one disk of a guest, as xl-disk-configuration(5) writes it:
 * "target, format, vdev, access" by place, NAME=VALUE, flags, and the old prefixes
 * (phy:, file:, tap:aio:, …) and suffix (hdc:cdrom).
 */
#ifndef TOOLSTACK_DISK_H
#define TOOLSTACK_DISK_H
#include "base/err.h"

#include <stdbool.h>

enum disk_format {
	DISK_UNKNOWN,
	DISK_RAW,
	DISK_QCOW,
	DISK_QCOW2,
	DISK_VHD,
	DISK_QED,
	DISK_EMPTY /* a CD drive without a disc */
};
enum disk_bus { DISK_IDE, DISK_SCSI, DISK_XEN /* xvd: IDE too, below 4 */ };
struct disk {
	char *target; /* NULL: none */
	enum disk_format format;
	char *vdev;
	enum disk_bus bus;
	unsigned number; /* hda and xvda are 0 */
	char *script, *backend, *backendtype;
	bool writable, cdrom, direct_io_safe;
	int discard; /* -1: not said */
	bool old;    /* spelled with what xl calls deprecated */
};

/* 0, or -EINVAL and a sentence without its place. d is to be freed either way. */
int disk_parse(struct disk *d, const char *spec, struct err *e);
void disk_free(struct disk *d);
/* libxl's number of an hdX: its channel's major (3, 22), 64 minors a disk. */
unsigned disk_devid(const struct disk *d);
const char *disk_format_name(enum disk_format f); /* as hvm-dm's format= has it */
#endif
