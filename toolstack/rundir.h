/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/rundir.h: where running guests are found: a folder for each, named by its domain id,
 * in $HVM_RUN_DIR, or /run/hvm for root, or hvm in $XDG_RUNTIME_DIR. Nobody else may look into it.
 *
 *   lock          held (flock) by the guest's supervisor while it lives
 *   control       the supervisor's socket (control.h)
 *   config.cfg    what the guest was created from, with the command line's settings
 *   name          its name
 *   qmp           a monitor of its hvm-dm for other tools
 */
#ifndef TOOLSTACK_RUNDIR_H
#define TOOLSTACK_RUNDIR_H
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define RUNDIR_PATH 256
#define RUNDIR_NAME 64
#define DOMID_MAX   32751 /* Xen's DOMID_FIRST_RESERVED is above it */

/* The folder of all guests, made if need be; FILE in it. "" and a sentence when there is none. */
int rundir_path(char path[RUNDIR_PATH], const char *file, struct err *e);
/* FILE in a guest's folder ("": the folder itself). */
int rundir_guest_path(char path[RUNDIR_PATH], unsigned domid, const char *file, struct err *e);

/* While names and ids are looked for and given away. Returns a descriptor to close; waits. */
int rundir_lock(struct err *e);
/* With the lock held: a folder for a new guest, with its name; ids go round. The descriptor of the
 * guest's own lock, held, comes back in *lock. -EEXIST: the name is taken. */
int rundir_new(const char *name, unsigned *domid, int *lock, struct err *e);
/* With the lock held: another name; -EEXIST as above. */
int rundir_rename(unsigned domid, const char *name, struct err *e);
/* With all that is in it. */
void rundir_remove(unsigned domid);

/* The guests there are, by id: their number; *ids is to be freed. < 0: a sentence. */
int rundir_list(unsigned **ids, struct err *e);
int rundir_name(unsigned domid, char name[RUNDIR_NAME]); /* < 0: no such guest */
/* By id or name. < 0 and a sentence. */
int rundir_find(const char *who, unsigned *domid, struct err *e);
/* Its supervisor has ended without a farewell: *lock is held then, and rundir_remove is due. */
bool rundir_is_dead(unsigned domid, int *lock);

/* NAME.log where logs go: /var/log/hvm, or hvm in $XDG_STATE_HOME; the folder is made. */
int rundir_log_path(char path[RUNDIR_PATH], const char *name, struct err *e);
#endif
