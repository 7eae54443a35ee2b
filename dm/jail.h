/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/jail.h: what hvm-dm gives up between machine_build and machine_start. */
#ifndef DM_JAIL_H
#define DM_JAIL_H
#include "base/err.h"

struct machine_config;

/* As -jail says; files are opened by the broker from then on (dm/host.h). */
int dm_jail_enter(const struct machine_config *c, struct err *e);
#endif
