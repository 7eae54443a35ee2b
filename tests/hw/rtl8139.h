/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/rtl8139.h: an RTL8139 on the bus. */
#ifndef TESTS_HW_RTL8139_H
#define TESTS_HW_RTL8139_H
#include "tests/hw/wire.h"

#define NIC_MAC  "\x52\x54\x00\xab\xcd\xef"
#define NIC_IRQ  11
#define NIC_IO   0xc100
#define NIC_MMIO 0xe1000000

/* BARs, bus mastering, all PCI interrupts to NIC_IRQ. */
void nic_start(struct guest *b);
uint32_t nic_in(struct guest *b, unsigned at, unsigned size);
void nic_out(struct guest *b, unsigned at, unsigned size, uint32_t val);

/* Until ISR has one of the bits; a frame to the NIC first. */
bool nic_wait(struct guest *b, unsigned isr);
bool wire_put_wait(struct guest *b, const void *frame, size_t len, unsigned isr);

uint32_t crc_by_bits(const uint8_t *p, size_t len);
#endif
