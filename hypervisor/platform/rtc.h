/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/platform/rtc.h: the clock ("mc146818rtc") as its owner sees it. It shares ports 70
 * and 71 with the CMOS memory of the device model: both take every write to the index port, and
 * the data port is this device's while rtc_owns, the ioreq servers' otherwise.
 */
#ifndef HYPERVISOR_PLATFORM_RTC_H
#define HYPERVISOR_PLATFORM_RTC_H
#include "base/dev.h"

bool rtc_owns(const struct dev *d);
#endif
