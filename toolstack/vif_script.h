/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/vif_script.h: a network card's hotplug script, run as libxl runs it. */
#ifndef TOOLSTACK_VIF_SCRIPT_H
#define TOOLSTACK_VIF_SCRIPT_H
#include "base/err.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define VIF_SCRIPT       "vif-bridge" /* of a card that names none */
#define VIF_SCRIPT_SAYS  (64 << 10)   /* bytes of its output that are kept */
#define VIF_BACKEND      "/local/domain/0/backend/vif"
#define VIF_STATUS       "hotplug-status"
#define VIF_SCRIPT_WORDS 12

/* A script by its path or name (NULL: the usual one): in xl's folder, in ours, in the source tree.
 * -ENOENT and a sentence: nowhere; path is then what was asked for. */
int vif_script_find(const char *name, char path[PATH_MAX], struct err *e);

struct vif_script {
	const char *path, *verb; /* verb: "add" or "remove" of the tap */
	unsigned domid, card;
	const char *store;      /* socket of the xenstore that it finds its settings in */
	const char *bridge;     /* for scripts where there are no clients of the store; or NULL */
	const char *gatewaydev; /* or NULL */
	int log;                /* takes what it says, if it need not wait; -1: nobody */
};
/* Runs it to its end, VIF_SCRIPT_MS at most; then it is killed with all it has started. last: the
 * last line that it said. 0, or -EIO and a sentence. */
int vif_script_run(const struct vif_script *s, char last[200], struct err *e);

extern const char *vif_script_folder; /* xl's; tests have their own */
extern int vif_script_ms;             /* tests have less patience */
#endif
