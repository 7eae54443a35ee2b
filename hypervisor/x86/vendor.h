/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/vendor.h: where processors of different vendors differ and
 * software may rely on neither, the guest gets what the host does: many of its
 * instructions run on the host's units anyway.
 */
#ifndef HYPERVISOR_X86_VENDOR_H
#define HYPERVISOR_X86_VENDOR_H
#include <stdbool.h>

bool vendor_amd(void);     /* AMD, Hygon */
void vendor_set(bool amd); /* for tests */
#endif
