/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/floppy/floppy.h: the floppy cable: what a controller and the two drives on it see of each
 * other. A drive has a head that steps, a medium of some format, and says when that was changed.
 */
#ifndef HW_FLOPPY_FLOPPY_H
#define HW_FLOPPY_FLOPPY_H
#include "base/dev_owner.h" /* a cable is a bus */

extern const struct bus_type floppy_bus_type; /* children: unit=0|1 */

enum { FLOPPY_SECTOR = 512, FLOPPY_DRIVES = 2, FLOPPY_CYLINDERS = 86 /* the head's way */ };
/* Data rates as the 82077AA's DSR has them, kbit/s. */
enum floppy_rate { RATE_500, RATE_300, RATE_250, RATE_1000 };
struct floppy_format {
	uint16_t sectors_in_all;
	uint8_t sectors, heads, cylinders, rate, drives; /* drives: bits of those that read it */
};

struct floppy_cable { /* in the controller's host struct */
	struct bus bus;
	struct dev *drive[FLOPPY_DRIVES]; /* NULL: nobody there */
	/* A transfer ended; never inside floppy_transfer. */
	void (*done)(struct dev *controller, int rc);
};
void floppy_cable_add(struct floppy_cable *c, struct dev *controller, const char *name);
void floppy_cable_remove(struct floppy_cable *c); /* also when it was never added */

/* ---- of a drive ---- */
const struct floppy_format *floppy_medium(const struct dev *d); /* NULL: none */
unsigned floppy_cylinder(const struct dev *d);                  /* where the head is */
void floppy_step(struct dev *d, int steps);                     /* inwards, or outwards (< 0) */
bool floppy_changed(const struct dev *d);
bool floppy_protected(const struct dev *d);
/* A sector of the cylinder where the head is, from 1. buf stays until done. */
void floppy_transfer(struct dev *d, bool write, unsigned head, unsigned sector, void *buf);
void floppy_cancel(struct dev *d); /* done will not be called any more */
#endif
