/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/uhci.h: a small UHCI driver, for the tests of the controller and of what is on it. */
#ifndef TESTS_HW_UHCI_H
#define TESTS_HW_UHCI_H
#include "tests/hw/bus.h"

enum {
	UHCI_IO = 0xc000,
	UHCI_CMD = UHCI_IO,
	UHCI_STS = UHCI_IO + 2,
	UHCI_INTR = UHCI_IO + 4,
	UHCI_FRNUM = UHCI_IO + 6,
	UHCI_FLBASE = UHCI_IO + 8,
	UHCI_SOFMOD = UHCI_IO + 12,
	UHCI_PORT1 = UHCI_IO + 16,
	UHCI_PORT2 = UHCI_IO + 18,
	UHCI_FRAMES = 0x100000, /* the frame list */
	UHCI_QH = 0x101000,     /* one queue head, of all frames */
	UHCI_TD = 0x102000,     /* its descriptors, 32 bytes each */
	UHCI_DATA = 0x110000,
	UHCI_DEVFN = 1 << 3 | 2,
};
enum { PID_IN = 0x69, PID_OUT = 0xe1, PID_SETUP = 0x2d };
enum {
	TD_NAK = 1 << 19,
	TD_BABBLE = 1 << 20,
	TD_TIMEOUT = 1 << 18,
	TD_STALLED = 1 << 22,
	TD_ACTIVE = 1 << 23,
	TD_IOC = 1 << 24,
	TD_ERR3 = 3 << 27,
	TD_SPD = 1 << 29,
};

void uhci_start(struct guest *b);                  /* BAR, empty schedule, running */
void uhci_port_reset(struct guest *b, unsigned n); /* and enable */
uint32_t uhci_token(unsigned pid, unsigned addr, unsigned endpoint, unsigned len);
/* Writes descriptor n: link to n + 1 (depth first) when more, else the end. */
void uhci_td(struct guest *b, unsigned n, bool more, uint32_t ctrl, uint32_t token,
	     uint32_t buffer);
uint32_t uhci_td_status(struct guest *b, unsigned n);
void uhci_queue(struct guest *b); /* the queue begins with descriptor 0 */
/* A control transfer by packets of 8; bytes of the data stage, -1 when refused. In: from buf. */
int uhci_control(struct guest *b, unsigned addr, uint8_t type, uint8_t request, uint16_t value,
		 uint16_t index, uint16_t length, void *buf);
/* One IN of an interrupt endpoint, within `ms` frames: bytes, -1 = NAK all the time, -2 = error. */
int uhci_poll(struct guest *b, unsigned addr, unsigned endpoint, void *buf, unsigned len,
	      unsigned ms);
/* Resets port n, gives its device that address and configures it. */
void uhci_configure(struct guest *b, unsigned port, unsigned addr);
#endif
