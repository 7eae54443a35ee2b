/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/usb/uhci.h: what uhci.c (registers, ports, time) and uhci_schedule.c (a frame) share. */
#ifndef HW_USB_UHCI_H
#define HW_USB_UHCI_H
#include "hw/pci/pci.h"
#include "hw/usb/usb.h"

enum { UHCI_PORTS = 2 };
enum uhci_cmd {
	CMD_RS = 1 << 0,
	CMD_HCRESET = 1 << 1,
	CMD_GRESET = 1 << 2,
	CMD_EGSM = 1 << 3,
	CMD_FGR = 1 << 4,
	CMD_SWDBG = 1 << 5,
	CMD_CF = 1 << 6,
	CMD_MAXP = 1 << 7,
};
enum uhci_sts {
	STS_USBINT = 1 << 0,
	STS_ERROR = 1 << 1,
	STS_RESUME = 1 << 2,
	STS_HOST_ERROR = 1 << 3,
	STS_PROCESS_ERROR = 1 << 4,
	STS_HALTED = 1 << 5,
};
enum uhci_intr {
	INTR_ERROR = 1 << 0,
	INTR_RESUME = 1 << 1,
	INTR_IOC = 1 << 2,
	INTR_SHORT = 1 << 3
};
enum { CAUSE_IOC = 1, CAUSE_SHORT = 2 }; /* of STS_USBINT */

struct uhci {
	struct pci_config pci;
	uint16_t legsup;
	uint16_t cmd, sts, intr, frnum; /* frnum: of the frame that began at `epoch` */
	uint32_t flbase;
	uint16_t portsc[UHCI_PORTS];
	uint8_t sofmod, cause;
	uint16_t quiet; /* frames in which nothing happened, up to QUIET_MAX */
	int64_t epoch;
	struct dev_timer frame;
};

struct uhci_host {
	struct usb_bus bus;
	struct usb_port ports[UHCI_PORTS];
};

/* Where the frame list says that a frame begins; false: it cannot be read, all is halted. */
bool uhci_start_of(struct dev *d, unsigned number, uint32_t *link);
/* Carries out a frame from there. true: something happened that a guest could see, or may happen in
 * the next frame though nobody does anything. */
bool uhci_frame(struct dev *d, uint32_t link);
#endif
