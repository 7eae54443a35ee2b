/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/usb/usb.h: USB 1.1 as a bus: what controllers and hubs (ports), and devices see of each
 * other. A device embeds struct usb in its state, USB_ROWS in its rows, and says its descriptors
 * and endpoints in a struct usb_info (bus_info); endpoint 0 and the standard requests are usb.c's.
 *
 * Spec: USB 1.1: 8 (packets), 9 (requests, descriptors), 11 (hubs)
 */
#ifndef HW_USB_USB_H
#define HW_USB_USB_H
#include "base/dev_owner.h" /* a port is a place on a bus */

extern const struct bus_type usb_bus_type; /* children: port=1, port=2.3 */

enum usb_pid { USB_OUT = 0xe1, USB_IN = 0x69, USB_SETUP = 0x2d };
/* In place of the number of bytes: */
enum usb_result {
	USB_NAK = -1,
	USB_STALL = -2,
	USB_BABBLE = -3, /* more bytes than there was room for */
	USB_NODEV = -4,  /* nobody answers */
};
enum usb_request {
	USB_GET_STATUS = 0,
	USB_CLEAR_FEATURE = 1,
	USB_SET_FEATURE = 3,
	USB_SET_ADDRESS = 5,
	USB_GET_DESCRIPTOR = 6,
	USB_GET_CONFIGURATION = 8,
	USB_SET_CONFIGURATION = 9,
	USB_GET_INTERFACE = 10,
	USB_SET_INTERFACE = 11,
};
enum { USB_TYPE_IN = 0x80, USB_TYPE_CLASS = 0x20, USB_TYPE_INTERFACE = 1, USB_TYPE_ENDPOINT = 2 };
#define USB_TYPE_OTHER 3

/* ---- ports: of a controller or a hub, in its host struct ---- */

struct usb_port;
struct usb_port_ops {
	/* A device came or went (port->dev). */
	void (*attached)(struct usb_port *p);
	/* The device has something for the host that polls it. */
	void (*wake)(struct usb_port *p);
	bool (*enabled)(const struct usb_port *p);
};
struct usb_port {
	struct dev *owner; /* of the port */
	unsigned number;   /* from 0 */
	const struct usb_port_ops *ops;
	struct dev *dev; /* on it; NULL: nothing */
};
struct usb_bus { /* in the controller's host struct */
	struct bus bus;
	struct usb_port *ports;
	unsigned n_ports;
};
/* Ports' owner and ops are set. name: "usb-bus.0". */
void usb_bus_add(struct usb_bus *b, struct dev *controller, const char *name,
		 struct usb_port *ports, unsigned n);
void usb_bus_remove(struct usb_bus *b); /* also when it was never added */

/* The device with that address whose way is enabled; NULL: nobody. */
struct dev *usb_find(const struct usb_bus *b, unsigned addr);
/* A token and its data, at once: bytes, or a usb_result. SETUP has 8 bytes, always. */
int usb_token(struct dev *d, enum usb_pid pid, unsigned endpoint, uint8_t *buf, unsigned len);
void usb_reset(struct dev *d); /* the port drives reset */
bool usb_low_speed(const struct dev *d);
bool usb_can_wake(const struct dev *d); /* the host has allowed it to end suspend */

/* ---- devices ---- */

enum usb_stage { USB_IDLE, USB_DATA_IN, USB_DATA_OUT, USB_STATUS_IN, USB_STATUS_OUT, USB_REFUSED };
struct usb {
	uint32_t len, pos; /* of the data stage */
	uint8_t setup[8];
	uint8_t data[256];
	uint8_t stage, addr, new_addr, config;
	uint16_t halted; /* endpoints: bit n, in; n + 8, out */
	uint8_t wakeup, pad;
};
/* clang-format off */
#define USB_ROWS(T, m) \
	HID(T, m.len, .max = SIZEOF_(T, m.data)), HID(T, m.pos, .max = SIZEOF_(T, m.data)), \
	BYTES(T, m.setup, 0), BYTES(T, m.data, 0), HID(T, m.stage, .max = USB_REFUSED), \
	HID(T, m.addr, .max = 127), HID(T, m.new_addr, .max = 127), HID(T, m.config, .max = 1), \
	HID(T, m.halted, .hw = 0xffff), HID(T, m.wakeup, .max = 1), HID(T, m.pad)
/* clang-format on */
bool usb_valid(const struct usb *u);

struct usb_request_block {
	uint8_t type, request;
	uint16_t value, index, length;
	uint8_t *data; /* OUT: length bytes; IN: room for sizeof(usb.data) */
};
struct usb_info {
	size_t usb; /* offsetof(struct x, usb) */
	bool low_speed;
	const uint8_t *device;      /* 18 bytes */
	const uint8_t *config;      /* with all that belongs to it; the first is number 1 */
	const char *const *strings; /* from index 1; NULL ends */
	/* Requests that usb.c does not know: bytes (IN), 0, or USB_STALL. */
	int (*request)(struct dev *d, const struct usb_request_block *r);
	int (*in)(struct dev *d, unsigned endpoint, uint8_t *buf, unsigned len);
	int (*out)(struct dev *d, unsigned endpoint, const uint8_t *buf, unsigned len);
	void (*reset)(struct dev *d); /* of the USB, not of the machine; may be NULL */
	/* A hub's ports. */
	struct usb_port *(*ports)(struct dev *d, unsigned *n);
};
struct usb *usb_of(const struct dev *d);
void usb_wake(struct dev *d); /* it has something for the host */

/* "1", "2.3": where it is; for info usb. NULL when d is no USB device. */
const char *usb_path(const struct dev *d);
const char *usb_product(const struct dev *d);
unsigned usb_address(const struct dev *d);
#endif
