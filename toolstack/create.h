/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/create.h: makes a guest of a configuration. */
#ifndef TOOLSTACK_CREATE_H
#define TOOLSTACK_CREATE_H
#include "jail/jail.h"
#include "toolstack/cfg.h"

#define SUPERVISOR_NOTE "NOTE " /* of its words on the control socket: the user is told */

struct create {
	bool paused;
	enum jail_mode jail; /* of the guest's processes */
	const char *name;    /* the guest's, of the configuration */
	bool has_uuid;       /* the configuration names one; else one is made here */
	FILE *notes;         /* what its supervisor notes goes there; NULL: nowhere */
};
/* Starts its supervisor and waits till the guest runs. 0 and its id, or -errno and a sentence. */
int create_guest(const struct cfg *cfg, const struct create *c, unsigned *domid, struct err *e);
#endif
