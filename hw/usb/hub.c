/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usb-hub: full-speed USB hub with eight ports.
 *
 * Spec:    USB 1.1: 11.15 to 11.16 (hub descriptors and requests), 11.8.3 (status change endpoint)
 * State:   power, connection, enable, suspend, reset and their changes for each port
 * Missing: over-current, port indicators; a port's reset is over at once
 * Tests:   tests/hw/hub.c
 */
#include "hw/usb/usb.h"

enum {
	PORTS = 8,
	DESC_HUB = 0x29,
	TO_PORT = 0x23,
	FROM_PORT = 0xa3,
	TO_HUB = 0x20,
	FROM_HUB = 0xa0
};
enum port_bits { /* of wPortStatus, and most of them of wPortChange */
		 PORT_CONNECTION = 1 << 0,
		 PORT_ENABLE = 1 << 1,
		 PORT_SUSPEND = 1 << 2,
		 PORT_OVER_CURRENT = 1 << 3,
		 PORT_RESET = 1 << 4,
		 PORT_POWER = 1 << 8,
		 PORT_LOW_SPEED = 1 << 9,
};
enum { PORT_CHANGES = 0x1f };
enum feature { /* 11.16.2, table 11-12: the numbers of those bits; from 16 on the changes */
	       FEATURE_ENABLE = 1,
	       FEATURE_SUSPEND = 2,
	       FEATURE_RESET = 4,
	       FEATURE_POWER = 8,
	       FEATURE_CHANGES = 16,
	       FEATURE_LAST_CHANGE = 20,
};

struct hub {
	struct usb usb;
	uint16_t status[PORTS], change[PORTS];
};

struct hub_host {
	struct usb_port ports[PORTS];
};

static struct hub *hub_of(const struct dev *d)
{
	return d->state;
}

/* ---- ports ---- */

/* What is on a port shows while it has power. */
static void port_present(struct dev *d, unsigned n)
{
	struct hub_host *host = d->host;
	struct hub *h = hub_of(d);
	const struct dev *on = h->status[n] & PORT_POWER ? host->ports[n].dev : NULL;
	uint16_t was = h->status[n];

	h->status[n] = (uint16_t)(was & ~(PORT_CONNECTION | PORT_LOW_SPEED));
	if (on)
		h->status[n] |= PORT_CONNECTION | (usb_low_speed(on) ? PORT_LOW_SPEED : 0);
	else
		h->status[n] &= (uint16_t) ~(PORT_ENABLE | PORT_SUSPEND);
	h->change[n] |= (was ^ h->status[n]) & PORT_CONNECTION;
}

static void port_attached(struct usb_port *p)
{
	port_present(p->owner, p->number);
	usb_wake(p->owner);
	dev_settle(p->owner);
}

static void port_wake(struct usb_port *p)
{
	struct hub *h = hub_of(p->owner);
	unsigned n = p->number;

	if (h->status[n] & PORT_SUSPEND && usb_can_wake(p->dev)) {
		h->status[n] &= (uint16_t)~PORT_SUSPEND;
		h->change[n] |= PORT_SUSPEND;
	}
	usb_wake(p->owner);
}

static bool port_enabled(const struct usb_port *p)
{
	const struct hub *h = hub_of(p->owner);

	return h->usb.config &&
	       (h->status[p->number] & (PORT_ENABLE | PORT_SUSPEND)) == PORT_ENABLE;
}

static const struct usb_port_ops port_ops = {
	.attached = port_attached,
	.wake = port_wake,
	.enabled = port_enabled,
};

static struct usb_port *hub_ports(struct dev *d, unsigned *n)
{
	struct hub_host *host = d->host;

	*n = PORTS;
	return host->ports;
}

/* ---- requests: 11.16 ---- */

static int hub_descriptor(const struct usb_request_block *r)
{
	/* power for all ports together, no over-current report, 4 ms until it is good */
	static const uint8_t bytes[] = {11, DESC_HUB, PORTS, 0x10, 0, 2, 0, 0, 0, 0xff, 0xff};

	memcpy(r->data, bytes, sizeof(bytes));
	return sizeof(bytes);
}

static int get_port_status(const struct hub *h, unsigned n, uint8_t *data)
{
	store_le(data, 2, h->status[n]);
	store_le(data + 2, 2, h->change[n]);
	return 4;
}

static int reset_port(struct dev *d, unsigned n)
{
	struct hub_host *host = d->host;
	struct hub *h = hub_of(d);

	if (!(h->status[n] & PORT_CONNECTION))
		return 0;
	usb_reset(host->ports[n].dev);
	h->status[n] = (uint16_t)((h->status[n] & ~PORT_SUSPEND) | PORT_ENABLE);
	h->change[n] |= PORT_RESET;
	return 0;
}

static int set_port_feature(struct dev *d, unsigned n, unsigned feature)
{
	struct hub *h = hub_of(d);

	switch (feature) {
	case FEATURE_RESET:
		return reset_port(d, n);
	case FEATURE_SUSPEND:
		if (h->status[n] & PORT_ENABLE)
			h->status[n] |= PORT_SUSPEND;
		return 0;
	case FEATURE_POWER:
		h->status[n] |= PORT_POWER;
		port_present(d, n);
		return 0;
	default:
		return USB_STALL;
	}
}

static int clear_port_feature(struct dev *d, unsigned n, unsigned feature)
{
	struct hub *h = hub_of(d);

	switch (feature) {
	case FEATURE_ENABLE:
		h->status[n] &= (uint16_t) ~(PORT_ENABLE | PORT_SUSPEND);
		return 0;
	case FEATURE_SUSPEND:
		if (h->status[n] & PORT_SUSPEND)
			h->change[n] |= PORT_SUSPEND;
		h->status[n] &= (uint16_t)~PORT_SUSPEND;
		return 0;
	case FEATURE_POWER:
		h->status[n] &= (uint16_t)~PORT_POWER;
		port_present(d, n);
		return 0;
	case FEATURE_CHANGES ... FEATURE_LAST_CHANGE:
		h->change[n] &= (uint16_t) ~(1u << (feature - FEATURE_CHANGES));
		return 0;
	default:
		return USB_STALL;
	}
}

static int port_request(struct dev *d, const struct usb_request_block *r)
{
	unsigned n = (r->index & 0xff) - 1u;

	if (n >= PORTS)
		return USB_STALL;
	if (r->type == FROM_PORT && r->request == USB_GET_STATUS)
		return get_port_status(hub_of(d), n, r->data);
	if (r->type == TO_PORT && r->request == USB_SET_FEATURE)
		return set_port_feature(d, n, r->value);
	if (r->type == TO_PORT && r->request == USB_CLEAR_FEATURE)
		return clear_port_feature(d, n, r->value);
	return USB_STALL;
}

static int hub_request(struct dev *d, const struct usb_request_block *r)
{
	if (r->type == FROM_PORT || r->type == TO_PORT)
		return port_request(d, r);
	if (r->type == FROM_HUB && r->request == USB_GET_DESCRIPTOR)
		return hub_descriptor(r);
	if (r->type == FROM_HUB && r->request == USB_GET_STATUS) {
		memset(r->data, 0, 4); /* local power is good */
		return 4;
	}
	/* local power and over-current: their changes never happen, to clear them is fine */
	if (r->type == TO_HUB && r->request == USB_CLEAR_FEATURE && r->value < 2)
		return 0;
	return USB_STALL;
}

/* One bit for each port with a change, from bit 1. */
static int hub_in(struct dev *d, unsigned endpoint, uint8_t *buf, unsigned len)
{
	const struct hub *h = hub_of(d);
	unsigned bits = 0;

	if (endpoint != 1)
		return USB_STALL;
	for (unsigned n = 0; n < PORTS; n++)
		bits |= h->change[n] ? 2u << n : 0;
	if (!bits)
		return USB_NAK;
	if (len < 2)
		return USB_BABBLE;
	store_le(buf, 2, bits);
	return 2;
}

/* ---- life ---- */

static void hub_bus_reset(struct dev *d)
{
	struct hub *h = hub_of(d);

	memset(h->status, 0, sizeof(h->status));
	memset(h->change, 0, sizeof(h->change));
}

static int hub_realize(struct dev *d, struct err *e)
{
	struct hub_host *host = d->host;

	(void)e;
	for (unsigned n = 0; n < PORTS; n++)
		host->ports[n] = (struct usb_port){.owner = d, .number = n, .ops = &port_ops};
	return 0;
}

static bool hub_valid(const struct dev *d)
{
	const struct hub_host *host = d->host;
	const struct hub *h = hub_of(d);

	for (unsigned n = 0; n < PORTS; n++) {
		const struct dev *on = h->status[n] & PORT_POWER ? host->ports[n].dev : NULL;
		bool slow = on && usb_low_speed(on);

		if (!(h->status[n] & PORT_CONNECTION) != !on ||
		    !(h->status[n] & PORT_LOW_SPEED) != !slow)
			return false;
		if (h->status[n] & (PORT_ENABLE | PORT_SUSPEND) && !on)
			return false;
		if (h->status[n] & PORT_SUSPEND && !(h->status[n] & PORT_ENABLE))
			return false;
	}
	return usb_valid(&h->usb);
}

/* clang-format off */
static const struct row hub_rows[] = {
	USB_ROWS(struct hub, usb),
	HID_ARRAY(struct hub, status, .hw = PORT_CONNECTION | PORT_ENABLE | PORT_SUSPEND |
		  PORT_POWER | PORT_LOW_SPEED),
	HID_ARRAY(struct hub, change, .hw = PORT_CHANGES),
};

static const uint8_t device_descriptor[] = {
	18, 1, 0x10, 0x01, 9, 0, 0, 8, 0x09, 0x04, 0xaa, 0x55, 0x01, 0x01, 1, 2, 0, 1};
static const uint8_t config_descriptor[] = {
	9, 2, 25, 0, 1, 1, 0, 0xe0 /* self powered, wakes the host */, 0,
	9, 4, 0, 0, 1, 9, 0, 0, 0,
	7, 5, 0x81, 3, 2, 0, 255};
static const char *const strings[] = {"QEMU", "QEMU USB Hub", NULL};
/* clang-format on */

static const struct usb_info hub_info = {
	.usb = offsetof(struct hub, usb),
	.device = device_descriptor,
	.config = config_descriptor,
	.strings = strings,
	.request = hub_request,
	.in = hub_in,
	.reset = hub_bus_reset,
	.ports = hub_ports,
};

static struct dev_class hub_class = {
	.name = "usb-hub",
	.summary = "USB hub with eight ports",
	.bus = &usb_bus_type,
	.bus_info = &hub_info,
	.state_size = sizeof(struct hub),
	.host_size = sizeof(struct hub_host),
	.rows = hub_rows,
	.n_rows = ARRAY_SIZE(hub_rows),
	.since = 2,
	.realize = hub_realize,
	.valid = hub_valid,
};
DEV_REGISTER(hub_class)
