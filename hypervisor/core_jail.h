/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/core_jail.h: what hvm-core gives up before its vCPUs' threads start. */
#ifndef HYPERVISOR_CORE_JAIL_H
#define HYPERVISOR_CORE_JAIL_H
#include "jail/jail.h"

/* ram: the guest's, in bytes. */
int core_jail_enter(uint64_t ram, enum jail_mode mode, struct err *e);
#endif
