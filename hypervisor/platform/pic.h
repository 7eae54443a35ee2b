/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/platform/pic.h: the 8259A pair ("isa-pic") as its owner sees it: dev_input pins 0-15
 * are the ISA interrupts, line 0 is INTR of the boot processor.
 */
#ifndef HYPERVISOR_PLATFORM_PIC_H
#define HYPERVISOR_PLATFORM_PIC_H
#include "base/dev.h"

/* The interrupt acknowledge cycle: the vector, which is in service from here on. When the request
 * has gone away meanwhile it is the master's IR7. */
unsigned pic_ack(struct dev *d);
#endif
