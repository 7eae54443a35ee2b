/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/x86/vendor.c: see vendor.h. */
#include "hypervisor/x86/vendor.h"

#include <cpuid.h>

enum { AUTH = 0x68747541, HYGO = 0x6f677948 };

static bool amd;

bool vendor_amd(void)
{
	return amd;
}

void vendor_set(bool on)
{
	amd = on;
}

__attribute__((constructor)) static void ask(void)
{
	unsigned a, b, c, d;

	if (__get_cpuid(0, &a, &b, &c, &d))
		amd = b == AUTH || b == HYGO;
}
