/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/rtl8139.h: an RTL8139 on the bus with a wire in the test's hand. */
#ifndef TESTS_HW_RTL8139_H
#define TESTS_HW_RTL8139_H
#include "tests/hw/bus.h"

#define NIC_MAC  "\x52\x54\x00\xab\xcd\xef"
#define NIC_IRQ  11
#define NIC_IO   0xc100
#define NIC_MMIO 0xe1000000

/* Options of a machine with one NIC; the other end of its wire is the test's. */
const char *nic_args(void);
/* BARs, bus mastering, all PCI interrupts to NIC_IRQ. */
void nic_start(struct guest *b);
uint32_t nic_in(struct guest *b, unsigned at, unsigned size);
void nic_out(struct guest *b, unsigned at, unsigned size, uint32_t val);

/* A frame that the NIC sent; 0 after 5 s without one. */
size_t wire_get(struct guest *b, void *buf, size_t size);
bool wire_silent(struct guest *b);
/* A frame to the NIC; then until ISR has one of the bits. */
void wire_put(const void *frame, size_t len);
bool nic_wait(struct guest *b, unsigned isr);
bool wire_put_wait(struct guest *b, const void *frame, size_t len, unsigned isr);

/* `len` bytes: destination, another station's address, type 88b5h, then a pattern. */
void make_frame(uint8_t *frame, const void *to, size_t len);
uint32_t crc_by_bits(const uint8_t *p, size_t len);
#endif
