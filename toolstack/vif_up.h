/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/vif_up.h: what a guest's network card is connected to: a tap on a bridge by a script of
 * xl's, or the user-mode network where there are no rights or no bridge for that.
 */
#ifndef TOOLSTACK_VIF_UP_H
#define TOOLSTACK_VIF_UP_H
#include "toolstack/guest.h"
#include "toolstack/xs.h"

#include <net/if.h>

enum vif_kind {
	VIF_NONE, /* not emulated: the guest does not have it */
	VIF_TAP,  /* -netdev tap,fd=N */
	VIF_USER, /* -netdev user */
};
struct vif_link {
	enum vif_kind kind;
	int fd;              /* of the tap, close-on-exec; else -1 */
	char name[IFNAMSIZ]; /* of the tap, "vif3.0-emu" till a script renamed it; else "" */
	char why[256];       /* VIF_USER: the sentence about why, to be shown; else "" */
};

/* Connects card i. Its nodes are in the store (publish_all) before; hotplug-status is there
 * afterwards. What the script says goes to the descriptor `log` (-1: nowhere). Waits for the
 * script, VIF_SCRIPT_MS at most. 0, or -errno and a sentence, and nothing left behind. */
#define VIF_SCRIPT_MS 40000 /* as libxl waits */
int vif_up(struct xs *x, const struct guest *g, unsigned i, unsigned domid, int log,
	   struct vif_link *l, struct err *e);
/* Undoes it: the script's remove, then the tap's end (as far as this process holds it). Never
 * fails; what the script says goes to log. l may be NULL: as vif_sweep does. */
void vif_down(struct xs *x, unsigned domid, unsigned i, int log, struct vif_link *l);
/* vif_down for all cards of a domain by its nodes alone: for who finds its supervisor dead. Before
 * publish_remove. */
void vif_sweep(struct xs *x, unsigned domid, int log);
#endif
