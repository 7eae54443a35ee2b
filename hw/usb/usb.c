/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/usb/usb.c: the USB as a bus: places, addresses, endpoint 0 with the standard requests.
 *
 * Spec:    USB 1.1: 5.5 (control transfers), 8.5.2, 9.3 to 9.6
 * State:   full- and low-speed devices with one configuration
 * Missing: data toggles are not looked at: no packet is ever lost here; isochronous endpoints
 * Tests:   tests/hw/uhci.c, tests/hw/hid.c
 */
#include "hw/usb/usb.h"

#include <errno.h>

enum { MAX_PORTS = 16, MAX_DEPTH = 5 };
enum { DESC_DEVICE = 1, DESC_CONFIG = 2, DESC_STRING = 3 };
enum { FEATURE_HALT = 0, FEATURE_WAKEUP = 1 };
enum { CONFIG_WAKEUP = 0x20, CONFIG_SELF_POWERED = 0x40 };

struct usb_child {
	char *port; /* port=, then where it is */
	struct usb_port *at;
};

static const struct usb_info *info_of(const struct dev *d)
{
	return d->class->bus_info;
}

static struct usb_child *child_of(const struct dev *d)
{
	return d->child;
}

struct usb *usb_of(const struct dev *d)
{
	return (struct usb *)((char *)d->state + info_of(d)->usb);
}

bool usb_low_speed(const struct dev *d)
{
	return info_of(d)->low_speed;
}

bool usb_can_wake(const struct dev *d)
{
	return usb_of(d)->wakeup;
}

unsigned usb_address(const struct dev *d)
{
	return usb_of(d)->addr;
}

const char *usb_path(const struct dev *d)
{
	struct bus *b = dev_bus(d);

	return b && b->type == &usb_bus_type ? child_of(d)->port : NULL;
}

const char *usb_product(const struct dev *d)
{
	unsigned index = info_of(d)->device[15];

	return index ? info_of(d)->strings[index - 1] : d->class->name;
}

/* ---- places ---- */

void usb_bus_add(struct usb_bus *b, struct dev *controller, const char *name,
		 struct usb_port *ports, unsigned n)
{
	b->ports = ports;
	b->n_ports = n;
	bus_add(&b->bus, &usb_bus_type, controller, name);
}

void usb_bus_remove(struct usb_bus *b)
{
	bus_remove(&b->bus);
}

static struct usb_port *ports_behind(struct dev *d, unsigned *n)
{
	*n = 0;
	return d && info_of(d)->ports ? info_of(d)->ports(d, n) : NULL;
}

/* Reads a port's number from 1; the rest of the text, NULL when there is none. */
static const char *parse_number(const char *s, unsigned *v)
{
	const char *start = s;

	for (*v = 0; *s >= '0' && *s <= '9' && s - start < 3; s++)
		*v = *v * 10 + (unsigned)(*s - '0');
	return s > start && *v ? s : NULL;
}

/* "2", "2.3": through hubs that are there. */
static struct usb_port *port_at(struct usb_bus *b, const char *path)
{
	struct usb_port *ports = b->ports;
	unsigned n = b->n_ports, number;

	for (const char *s = path;; s++) {
		s = parse_number(s, &number);
		if (!s || number > n)
			return NULL;
		if (!*s)
			return &ports[number - 1];
		ports = *s == '.' ? ports_behind(ports[number - 1].dev, &n) : NULL;
		if (!ports)
			return NULL;
	}
}

/* The first port without a device: of the controller, then of each hub on it. */
static struct usb_port *free_port(struct usb_port *ports, unsigned n, unsigned depth)
{
	for (unsigned i = 0; i < n; i++)
		if (!ports[i].dev)
			return &ports[i];
	for (unsigned i = 0; i < n && depth < MAX_DEPTH; i++) {
		unsigned more;
		struct usb_port *behind = ports_behind(ports[i].dev, &more);
		struct usb_port *p = behind ? free_port(behind, more, depth + 1) : NULL;

		if (p)
			return p;
	}
	return NULL;
}

static size_t path_of(const struct usb_port *p, char *buf, size_t size)
{
	const char *above = usb_path(p->owner);
	size_t n = above ? strlen(above) : 0;
	char digits[4] = "";

	if (n + 5 > size)
		n = 0;
	if (n) {
		memcpy(buf, above, n);
		buf[n++] = '.';
	}
	digits[0] = (char)('0' + (p->number + 1) % 10);
	if (p->number >= 9)
		buf[n++] = (char)('0' + (p->number + 1) / 10);
	buf[n++] = digits[0];
	buf[n] = 0;
	return n;
}

static int usb_plug(struct bus *bus, struct dev *d, struct err *e)
{
	struct usb_bus *b = container_of(bus, struct usb_bus, bus);
	struct usb_child *c = child_of(d);
	struct usb_port *p;
	char path[32];

	if (c->port && *c->port) {
		p = port_at(b, c->port);
		if (!p)
			return err_set(e, -EINVAL, "usb port %s (bus %s) not found (in use?)",
				       c->port, bus->name);
		if (p->dev)
			return err_set(e, -EBUSY, "port %s of bus %s is taken by %s", c->port,
				       bus->name, p->dev->id);
	} else {
		p = free_port(b->ports, b->n_ports, 0);
		if (!p)
			return err_set(e, -ENOSPC, "no port is free on bus %s", bus->name);
	}
	c->at = p;
	path_of(p, path, sizeof(path));
	dev_set_address(d, path);
	if (dev_prop_set(d, "port", path, e) < 0)
		return -ENOMEM;
	p->dev = d;
	p->ops->attached(p);
	return 0;
}

/* What hung on a hub that goes is nowhere. */
static void usb_unplug(struct bus *bus, struct dev *d)
{
	struct usb_port *p = child_of(d)->at;

	(void)bus;
	if (!p)
		return;
	p->dev = NULL;
	p->ops->attached(p);
}

static struct dev *find_in(struct usb_port *ports, unsigned n, unsigned addr, unsigned depth)
{
	for (unsigned i = 0; i < n; i++) {
		struct dev *d = ports[i].dev, *found;
		struct usb_port *behind;
		unsigned more;

		if (!d || !ports[i].ops->enabled(&ports[i]))
			continue;
		if (usb_of(d)->addr == addr)
			return d;
		behind = depth < MAX_DEPTH ? ports_behind(d, &more) : NULL;
		found = behind ? find_in(behind, more, addr, depth + 1) : NULL;
		if (found)
			return found;
	}
	return NULL;
}

struct dev *usb_find(const struct usb_bus *b, unsigned addr)
{
	return find_in(b->ports, b->n_ports, addr, 0);
}

void usb_wake(struct dev *d)
{
	struct usb_port *p = child_of(d)->at;

	if (p)
		p->ops->wake(p);
}

/* ---- descriptors ---- */

static unsigned put_string(const struct dev *d, unsigned index, uint8_t *out)
{
	const char *s;
	unsigned n = 2;

	if (!index) { /* languages: US English */
		memcpy(out, "\x04\x03\x09\x04", 4);
		return 4;
	}
	for (unsigned i = 1; i < index; i++)
		if (!info_of(d)->strings[i - 1])
			return 0;
	s = info_of(d)->strings[index - 1];
	if (!s)
		return 0;
	for (; *s && n < 254; s++) {
		out[n++] = (uint8_t)*s;
		out[n++] = 0;
	}
	out[0] = (uint8_t)n;
	out[1] = DESC_STRING;
	return n;
}

static int get_descriptor(struct dev *d, const struct usb_request_block *r)
{
	const struct usb_info *info = info_of(d);
	unsigned type = r->value >> 8, index = r->value & 0xff, n = 0;

	if (type == DESC_DEVICE && !index) {
		n = info->device[0];
		memcpy(r->data, info->device, n);
	} else if (type == DESC_CONFIG && !index) {
		n = (unsigned)load_le(info->config + 2, 2);
		memcpy(r->data, info->config, n);
	} else if (type == DESC_STRING) {
		n = put_string(d, index, r->data);
	}
	return n ? (int)n : USB_STALL;
}

/* ---- standard requests: 9.4 ---- */

static uint16_t halt_bit(unsigned endpoint, bool in)
{
	return (uint16_t)(1u << ((endpoint & 7) + (in ? 0 : 8)));
}

static int get_status(struct dev *d, const struct usb_request_block *r)
{
	const struct usb *u = usb_of(d);
	unsigned recipient = r->type & 31;

	r->data[0] = r->data[1] = 0;
	if (recipient == 0)
		r->data[0] =
			(uint8_t)(u->wakeup << 1 | !!(info_of(d)->config[7] & CONFIG_SELF_POWERED));
	else if (recipient == USB_TYPE_ENDPOINT)
		r->data[0] = !!(u->halted & halt_bit(r->index & 15, r->index & 0x80));
	return 2;
}

static int set_feature(struct dev *d, const struct usb_request_block *r, bool on)
{
	struct usb *u = usb_of(d);
	uint16_t bit = halt_bit(r->index & 15, r->index & 0x80);

	if (r->type == 0 && r->value == FEATURE_WAKEUP && info_of(d)->config[7] & CONFIG_WAKEUP) {
		u->wakeup = on;
		return 0;
	}
	if (r->type != USB_TYPE_ENDPOINT || r->value != FEATURE_HALT)
		return USB_STALL;
	u->halted = (uint16_t)(on ? u->halted | bit : u->halted & ~bit);
	return 0;
}

static int set_configuration(struct dev *d, unsigned n)
{
	struct usb *u = usb_of(d);

	if (n > 1)
		return USB_STALL;
	u->config = (uint8_t)n;
	u->halted = 0;
	return 0;
}

static int set_address(struct dev *d, unsigned n)
{
	if (n > 127)
		return USB_STALL;
	usb_of(d)->new_addr = (uint8_t)n;
	return 0;
}

static int standard(struct dev *d, const struct usb_request_block *r)
{
	const struct usb *u = usb_of(d);
	unsigned recipient = r->type & 31;

	switch (r->request) {
	case USB_GET_STATUS:
		return get_status(d, r);
	case USB_CLEAR_FEATURE:
	case USB_SET_FEATURE:
		return set_feature(d, r, r->request == USB_SET_FEATURE);
	case USB_SET_ADDRESS:
		return recipient ? USB_STALL : set_address(d, r->value);
	case USB_GET_DESCRIPTOR:
		return recipient ? USB_STALL : get_descriptor(d, r);
	case USB_GET_CONFIGURATION:
		r->data[0] = u->config;
		return 1;
	case USB_SET_CONFIGURATION:
		return recipient ? USB_STALL : set_configuration(d, r->value);
	case USB_GET_INTERFACE:
		r->data[0] = 0;
		return u->config && !r->index ? 1 : USB_STALL;
	case USB_SET_INTERFACE:
		return u->config && !r->index && !r->value ? 0 : USB_STALL;
	default:
		return USB_STALL;
	}
}

/* ---- endpoint 0: 8.5.2 ---- */

static struct usb_request_block request_of(struct usb *u)
{
	return (struct usb_request_block){.type = u->setup[0],
					  .request = u->setup[1],
					  .value = (uint16_t)load_le(u->setup + 2, 2),
					  .index = (uint16_t)load_le(u->setup + 4, 2),
					  .length = (uint16_t)load_le(u->setup + 6, 2),
					  .data = u->data};
}

/* What the class knows comes first: HID answers GET_DESCRIPTOR of its interface. */
static int carry_out(struct dev *d)
{
	struct usb_request_block r = request_of(usb_of(d));
	int n = USB_STALL;

	if (info_of(d)->request && (r.type & 0x7f))
		n = info_of(d)->request(d, &r);
	if (n == USB_STALL && !(r.type & 0x60))
		n = standard(d, &r);
	return n;
}

static int setup(struct dev *d, const uint8_t *bytes)
{
	struct usb *u = usb_of(d);
	unsigned wanted = (unsigned)load_le(bytes + 6, 2);
	int n = 0;

	memcpy(u->setup, bytes, 8);
	u->len = u->pos = 0;
	u->new_addr = u->addr;
	if (bytes[0] & USB_TYPE_IN || !wanted)
		n = carry_out(d);
	if (n < 0 || (!(bytes[0] & USB_TYPE_IN) && wanted > sizeof(u->data))) {
		u->stage = USB_REFUSED;
	} else if (bytes[0] & USB_TYPE_IN) {
		u->len = MIN((unsigned)n, wanted);
		u->stage = u->len ? USB_DATA_IN : USB_STATUS_OUT;
	} else {
		u->len = wanted;
		u->stage = wanted ? USB_DATA_OUT : USB_STATUS_IN;
	}
	return 8;
}

/* Also right when the data was a multiple of the packet size and the host wants to see its end:
 * then nothing is left and an empty packet goes. */
static int control_in(struct dev *d, uint8_t *buf, unsigned room)
{
	struct usb *u = usb_of(d);
	unsigned n = MIN(u->len - u->pos, info_of(d)->device[7]);

	if (u->stage == USB_STATUS_IN) {
		u->stage = USB_IDLE;
		u->addr = u->new_addr;
		return 0;
	}
	if (u->stage != USB_DATA_IN)
		return USB_STALL;
	if (n > room)
		return USB_BABBLE;
	memcpy(buf, u->data + u->pos, n);
	u->pos += n;
	return (int)n;
}

static int control_out(struct dev *d, const uint8_t *buf, unsigned len)
{
	struct usb *u = usb_of(d);

	if (u->stage == USB_STATUS_OUT || u->stage == USB_DATA_IN) {
		u->stage = USB_IDLE;
		return (int)len;
	}
	if (u->stage != USB_DATA_OUT || len > u->len - u->pos)
		return USB_STALL;
	memcpy(u->data + u->pos, buf, len);
	u->pos += len;
	if (u->pos == u->len)
		u->stage = carry_out(d) < 0 ? USB_REFUSED : USB_STATUS_IN;
	return (int)len;
}

static int endpoint_data(struct dev *d, enum usb_pid pid, unsigned endpoint, uint8_t *buf,
			 unsigned len)
{
	const struct usb_info *info = info_of(d);
	struct usb *u = usb_of(d);

	if (!u->config)
		return USB_NODEV; /* there is no such endpoint yet: nobody answers */
	if (u->halted & halt_bit(endpoint, pid == USB_IN))
		return USB_STALL;
	if (pid == USB_IN)
		return info->in ? info->in(d, endpoint, buf, len) : USB_STALL;
	return info->out ? info->out(d, endpoint, buf, len) : USB_STALL;
}

int usb_token(struct dev *d, enum usb_pid pid, unsigned endpoint, uint8_t *buf, unsigned len)
{
	int n;

	if (endpoint)
		n = pid == USB_SETUP ? USB_NODEV : endpoint_data(d, pid, endpoint, buf, len);
	else if (pid == USB_SETUP)
		n = len == 8 ? setup(d, buf) : USB_NODEV;
	else
		n = pid == USB_IN ? control_in(d, buf, len) : control_out(d, buf, len);
	dev_settle(d);
	return n;
}

void usb_reset(struct dev *d)
{
	memset(usb_of(d), 0, sizeof(struct usb));
	if (info_of(d)->reset)
		info_of(d)->reset(d);
	dev_settle(d);
}

bool usb_valid(const struct usb *u)
{
	return u->pos <= u->len;
}

static const struct prop usb_props[] = {
	{"port", PROP_STR, offsetof(struct usb_child, port), NULL,
	 "1, or 1.2 behind a hub; default: the first free one", 0},
};

const struct bus_type usb_bus_type = {
	.name = "usb-bus",
	.child_size = sizeof(struct usb_child),
	.props = usb_props,
	.n_props = ARRAY_SIZE(usb_props),
	.plug = usb_plug,
	.unplug = usb_unplug,
};
