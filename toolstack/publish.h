/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/publish.h: what the store says of a guest: the nodes that libxl writes for
 * an HVM guest, for scripts, xenstore's own clients and people.
 */
#ifndef TOOLSTACK_PUBLISH_H
#define TOOLSTACK_PUBLISH_H
#include "toolstack/guest.h"
#include "toolstack/xs.h"

#include <sys/types.h>
#include <time.h>

#define PUBLISH_SERIALS 4
#define PUBLISH_VIFS    8

/* What the configuration does not say. What is not known yet is 0 or NULL, and has no node. */
struct publish_runtime {
	unsigned domid;
	const char *uuid;                    /* must be there: the guest's own or one made for it */
	const char *name;                    /* NULL: the configuration's */
	struct timespec start;               /* by CLOCK_REALTIME */
	pid_t dm_pid;                        /* hvm-dm's */
	bool dm_running;                     /* it has said that it is ready */
	const char *vnc_listen;              /* address */
	unsigned vnc_port;                   /* 5900 and up */
	const char *serial[PUBLISH_SERIALS]; /* "/dev/pts/7" of serial port N */
	bool rtc_changed; /* the guest or a verb set it: rtc_offset, not the configuration's */
	long rtc_offset;  /* seconds */
	bool vif_connected[PUBLISH_VIFS]; /* by its script */
};

/* Writes all of it, over what is there: may be repeated when more is known, or when the store was
 * started anew. What has no node by it is not removed. */
int publish_all(struct xs *x, const struct guest *g, const struct publish_runtime *r,
		struct err *e);
/* Removes all of a domain, published by whomever; one that is not there is fine. */
int publish_remove(struct xs *x, unsigned domid, struct err *e);

/* Where a network card's back end is: "/local/domain/0/backend/vif/N/I". */
void publish_vif_path(unsigned domid, unsigned i, char path[64]);
#endif
