/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide.h: the IDE cable: what a controller and the drives on it see of
 * each other. The task file lives in the drives, as in ATA; the controller
 * routes (both drives take writes, the selected one answers) and moves DMA data.
 */
#ifndef HW_IDE_IDE_H
#define HW_IDE_IDE_H
#include "base/dev.h"

extern const struct bus_type ide_bus_type; /* children: unit=0|1 */
#endif
