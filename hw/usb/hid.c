/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usb-tablet, usb-mouse, usb-kbd: USB human interface devices.
 *
 * Spec:    HID 1.11: 6 (descriptors), 7 (requests), appendix B (boot protocols), F
 * State:   report and boot protocol, idle rate, LEDs, remote wakeup; six keys at once
 * Missing: horizontal wheel; strings in other languages than English
 * Tests:   tests/hw/hid.c
 *
 * One change is one report: a key or button that changes again before the host has read the last
 * report waits in ui/input.c, so that no press is lost however slowly the host polls. Motion adds
 * up. A host that has configured the device is taken to listen to it.
 */
#include "hw/usb/usb.h"
#include "ui/input.h"

enum { GET_REPORT = 1, GET_IDLE, GET_PROTOCOL, SET_REPORT = 9, SET_IDLE, SET_PROTOCOL };
enum { DESC_HID = 0x21, DESC_REPORT = 0x22, REPORT_INPUT = 1, REPORT_OUTPUT = 2 };
enum { IN_ENDPOINT = 1, MAX_KEYS = 16, REPORT_KEYS = 6, ROLL_OVER = 1, FAR = 1 << 16 };
enum { USAGE_MODIFIER = 0xe0 };
enum { AT_HID = 18, HID_LEN = 9 }; /* in the configuration descriptor */

struct hid {
	struct usb usb;
	/* keyboard: evdev codes that are down; usages in the order of pressing */
	uint8_t down[KEY_CODES / 8];
	uint32_t n_keys;
	uint8_t keys[MAX_KEYS];
	/* pointers */
	int32_t dx, dy, dz;
	uint16_t x, y;
	uint8_t buttons, told;
	/* all */
	uint8_t protocol; /* 1: report, 0: boot */
	uint8_t idle;     /* 4 ms */
	uint8_t leds;
	uint8_t news; /* a report that the host has not read */
	uint8_t pad[2];
	struct dev_timer repeat; /* idle rate: the same report again */
};

struct hid_host {
	struct input *input;
	struct input_device dev;
};

struct hid_info {
	struct usb_info usb; /* first: bus_info points here */
	enum input_kind kind;
	const char *name; /* for info mice */
	const uint8_t *report;
	uint8_t report_len;
	bool boots; /* has a boot protocol */
};

static const struct hid_info *info_of(const struct dev *d)
{
	return d->class->bus_info;
}

static struct hid *hid_of(const struct dev *d)
{
	return d->state;
}

/* ---- reports ---- */

static bool get(const uint8_t *map, unsigned n)
{
	return map[n / 8] >> n % 8 & 1;
}

static unsigned keyboard_report(const struct hid *h, uint8_t *r)
{
	/* Usages e0 to e7: the bits of the first byte. */
	static const uint8_t modifiers[] = {KEY_CTRL_L, KEY_SHIFT_L, KEY_ALT_L, KEY_META_L,
					    KEY_CTRL_R, KEY_SHIFT_R, KEY_ALT_R, KEY_META_R};

	memset(r, 0, 8);
	for (unsigned i = 0; i < sizeof(modifiers); i++)
		r[0] |= (uint8_t)(get(h->down, modifiers[i]) << i);
	if (h->n_keys > REPORT_KEYS)
		memset(r + 2, ROLL_OVER, REPORT_KEYS);
	else
		memcpy(r + 2, h->keys, h->n_keys);
	return 8;
}

static int8_t take(int32_t *from, bool keep)
{
	int32_t v = MAX(MIN(*from, 127), -127);

	if (!keep)
		*from -= v;
	return (int8_t)v;
}

/* keep: it is only looked at (GET_REPORT). */
static unsigned mouse_report(struct hid *h, uint8_t *r, bool keep)
{
	r[0] = h->buttons;
	r[1] = (uint8_t)take(&h->dx, keep);
	r[2] = (uint8_t)take(&h->dy, keep);
	r[3] = (uint8_t)take(&h->dz, keep);
	return h->protocol ? 4 : 3;
}

static unsigned tablet_report(struct hid *h, uint8_t *r, bool keep)
{
	r[0] = h->buttons;
	store_le(r + 1, 2, h->x);
	store_le(r + 3, 2, h->y);
	r[5] = (uint8_t)take(&h->dz, keep);
	return 6;
}

static unsigned make_report(struct dev *d, uint8_t *r, bool keep)
{
	struct hid *h = hid_of(d);

	switch (info_of(d)->kind) {
	case INPUT_KEYBOARD:
		return keyboard_report(h, r);
	case INPUT_MOUSE:
		return mouse_report(h, r, keep);
	default:
		return tablet_report(h, r, keep);
	}
}

static void set_repeat(struct dev *d)
{
	struct hid *h = hid_of(d);

	if (h->idle && h->usb.config)
		timer_set(d, &h->repeat, dev_now(d) + h->idle * 4 * NS_PER_MS);
	else
		timer_cancel(d, &h->repeat);
}

static void repeat_fired(struct dev *d, unsigned index)
{
	(void)index;
	hid_of(d)->news = 1;
	set_repeat(d);
	usb_wake(d);
}

static int hid_in(struct dev *d, unsigned endpoint, uint8_t *buf, unsigned len)
{
	struct hid_host *host = d->host;
	struct hid *h = hid_of(d);
	uint8_t r[8];
	unsigned n;

	if (endpoint != IN_ENDPOINT)
		return USB_STALL;
	if (!h->news)
		return USB_NAK;
	n = make_report(d, r, false);
	h->told = h->buttons;
	h->news = h->dx || h->dy || h->dz;
	set_repeat(d);
	input_kick(&host->dev);
	if (n > len)
		return USB_BABBLE;
	memcpy(buf, r, n);
	return (int)n;
}

/* ---- from outside ---- */

static bool listened(const struct hid *h)
{
	return h->usb.config;
}

static void changed(struct dev *d)
{
	hid_of(d)->news = 1;
	usb_wake(d);
	dev_settle(d);
}

static void list_key(struct hid *h, uint8_t usage, bool down)
{
	unsigned n = 0;

	if (!usage || usage >= USAGE_MODIFIER)
		return;
	if (down && h->n_keys < MAX_KEYS) {
		h->keys[h->n_keys++] = usage;
		return;
	}
	for (unsigned i = 0; i < h->n_keys && !down; i++)
		if (h->keys[i] != usage)
			h->keys[n++] = h->keys[i];
	if (!down)
		h->n_keys = n;
}

static bool on_key(void *arg, unsigned code, bool down)
{
	struct dev *d = arg;
	struct hid *h = hid_of(d);
	const struct key *key = key_find(code);

	if (!key || get(h->down, code) == down)
		return true;
	if (listened(h) && h->news)
		return false;
	h->down[code / 8] ^= (uint8_t)(1u << code % 8);
	list_key(h, key->usage, down);
	changed(d);
	return true;
}

static int32_t add(int32_t a, int32_t b)
{
	return (int32_t)MAX(MIN((int64_t)a + b, FAR), -FAR);
}

static bool on_point(void *arg, const struct input_motion *m)
{
	struct dev *d = arg;
	struct hid *h = hid_of(d);

	if (!listened(h)) {
		h->buttons = h->told = m->buttons & 0x1f;
		return true;
	}
	if (m->buttons != h->buttons && h->buttons != h->told)
		return false;
	h->buttons = m->buttons & 0x1f;
	h->dz = add(h->dz, m->wheel);
	if (info_of(d)->kind == INPUT_MOUSE) {
		h->dx = add(h->dx, m->dx);
		h->dy = add(h->dy, m->dy);
	} else if (m->abs) {
		h->x = (uint16_t)m->x;
		h->y = (uint16_t)m->y;
	}
	changed(d);
	return true;
}

/* ---- requests: 7 ---- */

static int descriptor(struct dev *d, const struct usb_request_block *r)
{
	const struct hid_info *info = info_of(d);

	if (r->value >> 8 == DESC_HID) {
		memcpy(r->data, info->usb.config + AT_HID, HID_LEN);
		return HID_LEN;
	}
	if (r->value >> 8 != DESC_REPORT)
		return USB_STALL;
	memcpy(r->data, info->report, info->report_len);
	return info->report_len;
}

static int get_report(struct dev *d, const struct usb_request_block *r)
{
	if (r->value >> 8 == REPORT_INPUT)
		return (int)make_report(d, r->data, true);
	if (r->value >> 8 != REPORT_OUTPUT || info_of(d)->kind != INPUT_KEYBOARD)
		return USB_STALL;
	r->data[0] = hid_of(d)->leds;
	return 1;
}

static int set_report(struct dev *d, const struct usb_request_block *r)
{
	if (info_of(d)->kind != INPUT_KEYBOARD || r->value >> 8 != REPORT_OUTPUT || !r->length)
		return USB_STALL;
	hid_of(d)->leds = r->data[0] & 0x1f;
	return 0;
}

static int set_protocol(struct dev *d, unsigned n)
{
	if (!info_of(d)->boots || n > 1)
		return USB_STALL;
	hid_of(d)->protocol = (uint8_t)n;
	return 0;
}

static int byte_of(const struct usb_request_block *r, uint8_t byte)
{
	r->data[0] = byte;
	return 1;
}

static int hid_request(struct dev *d, const struct usb_request_block *r)
{
	struct hid *h = hid_of(d);

	switch (r->type << 8 | r->request) {
	case 0x8100 | USB_GET_DESCRIPTOR:
		return descriptor(d, r);
	case 0xa100 | GET_REPORT:
		return get_report(d, r);
	case 0xa100 | GET_IDLE:
		return byte_of(r, h->idle);
	case 0xa100 | GET_PROTOCOL:
		return info_of(d)->boots ? byte_of(r, h->protocol) : USB_STALL;
	case 0x2100 | SET_REPORT:
		return set_report(d, r);
	case 0x2100 | SET_IDLE:
		h->idle = (uint8_t)(r->value >> 8);
		set_repeat(d);
		return 0;
	case 0x2100 | SET_PROTOCOL:
		return set_protocol(d, r->value);
	default:
		return USB_STALL;
	}
}

/* ---- life ---- */

static void hid_bus_reset(struct dev *d)
{
	struct hid *h = hid_of(d);

	memset(h->down, 0, sizeof(h->down));
	h->n_keys = 0;
	h->dx = h->dy = h->dz = 0;
	h->buttons = h->told = h->news = h->leds = h->idle = 0;
	h->protocol = 1;
	timer_cancel(d, &h->repeat);
}

static int hid_realize(struct dev *d, struct err *e)
{
	struct hid_host *host = d->host;

	(void)e;
	host->dev = (struct input_device){.kind = info_of(d)->kind,
					  .name = info_of(d)->name,
					  .key = on_key,
					  .point = on_point,
					  .arg = d};
	input_attach(host->input, &host->dev);
	return 0;
}

static void hid_unrealize(struct dev *d)
{
	struct hid_host *host = d->host;

	input_detach(&host->dev);
}

/* A host that has just gone away may have left the timer behind. */
static void hid_settle(struct dev *d)
{
	struct hid_host *host = d->host;
	const struct hid *h = hid_of(d);

	input_ready(&host->dev, listened(h));
	input_set_leds(&host->dev, h->leds & 7); /* num, caps, scroll: as enum input_led */
}

static void hid_resume(struct dev *d)
{
	struct hid_host *host = d->host;

	if (info_of(d)->kind == INPUT_KEYBOARD)
		input_resume(&host->dev, hid_of(d)->down);
}

static bool within(int32_t v)
{
	return v <= FAR && v >= -FAR;
}

static bool hid_valid(const struct dev *d)
{
	const struct hid *h = hid_of(d);

	return usb_valid(&h->usb) && within(h->dx) && within(h->dy) && within(h->dz) &&
	       (h->idle || !timer_pending(&h->repeat));
}

/* clang-format off */
static const struct row hid_rows[] = {
	USB_ROWS(struct hid, usb),
	BYTES(struct hid, down, 0),
	HID(struct hid, n_keys, .max = MAX_KEYS),
	BUF(struct hid, keys, n_keys),
	HID(struct hid, dx, .hw = 0xffffffff),
	HID(struct hid, dy, .hw = 0xffffffff),
	HID(struct hid, dz, .hw = 0xffffffff),
	HID(struct hid, x, .max = INPUT_ABS_MAX),
	HID(struct hid, y, .max = INPUT_ABS_MAX),
	HID(struct hid, buttons, .hw = 0x1f),
	HID(struct hid, told, .hw = 0x1f),
	HID(struct hid, protocol, .max = 1, .reset = 1),
	HID(struct hid, idle, .hw = 0xff),
	HID(struct hid, leds, .hw = 0x1f),
	HID(struct hid, news, .max = 1),
	HID_ARRAY(struct hid, pad),
	TIMER(struct hid, repeat, repeat_fired),
};

/* ---- descriptors ---- */

/* Ids as QEMU's devices have them: X servers and libinput know the tablet by these. */
#define DEVICE(product) { \
	18, 1, 0x10, 0x01, 0, 0, 0, 8 /* packets */, 0x27, 0x06, 0x01, 0x00, 0x00, 0x00, \
	1, product, 0, 1}
/* One interface with an interrupt endpoint, polled every 4 ms. */
#define CONFIG(subclass, protocol, report) { \
	9, 2, 34, 0, 1, 1, 0, 0xa0 /* wakes the host */, 50 /* 100 mA */, \
	9, 4, 0, 0, 1, 3, subclass, protocol, 0, \
	9, DESC_HID, 0x11, 0x01, 0, 1, DESC_REPORT, sizeof(report), 0, \
	7, 5, 0x80 | IN_ENDPOINT, 3, 8, 0, 4}

static const uint8_t device_descriptor[] = DEVICE(2);

static const uint8_t keyboard_items[] = {
	0x05, 0x01, 0x09, 0x06, 0xa1, 0x01,             /* generic desktop: keyboard */
	0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7,             /* modifiers */
	0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02,
	0x75, 0x08, 0x95, 0x01, 0x81, 0x01,
	0x05, 0x08, 0x19, 0x01, 0x29, 0x05,             /* LEDs */
	0x75, 0x01, 0x95, 0x05, 0x91, 0x02,
	0x75, 0x03, 0x95, 0x01, 0x91, 0x01,
	0x05, 0x07, 0x19, 0x00, 0x2a, 0xa4, 0x00,       /* six keys */
	0x15, 0x00, 0x26, 0xa4, 0x00, 0x75, 0x08, 0x95, 0x06, 0x81, 0x00,
	0xc0,
};
static const uint8_t mouse_items[] = {
	0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00,
	0x05, 0x09, 0x19, 0x01, 0x29, 0x05,             /* five buttons */
	0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x05, 0x81, 0x02,
	0x75, 0x03, 0x95, 0x01, 0x81, 0x01,
	0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x09, 0x38, /* x, y, wheel: steps */
	0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06,
	0xc0, 0xc0,
};
static const uint8_t tablet_items[] = {
	0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00,
	0x05, 0x09, 0x19, 0x01, 0x29, 0x05,
	0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x05, 0x81, 0x02,
	0x75, 0x03, 0x95, 0x01, 0x81, 0x01,
	0x05, 0x01, 0x09, 0x30, 0x09, 0x31,             /* x, y: places */
	0x15, 0x00, 0x26, 0xff, 0x7f, 0x35, 0x00, 0x46, 0xff, 0x7f,
	0x75, 0x10, 0x95, 0x02, 0x81, 0x02,
	0x09, 0x38, 0x15, 0x81, 0x25, 0x7f,             /* wheel: steps */
	0x35, 0x00, 0x45, 0x00, 0x75, 0x08, 0x95, 0x01, 0x81, 0x06,
	0xc0, 0xc0,
};
static const uint8_t keyboard_config[] = CONFIG(1, 1, keyboard_items);
static const uint8_t mouse_config[] = CONFIG(1, 2, mouse_items);
static const uint8_t tablet_config[] = CONFIG(0, 0, tablet_items);
static const char *const keyboard_strings[] = {"QEMU", "QEMU USB Keyboard", NULL};
static const char *const mouse_strings[] = {"QEMU", "QEMU USB Mouse", NULL};
static const char *const tablet_strings[] = {"QEMU", "QEMU USB Tablet", NULL};
/* clang-format on */

#define INFO(kind_, label, x, boots_)                              \
	{                                                          \
		.usb = {.usb = offsetof(struct hid, usb),          \
			.device = device_descriptor,               \
			.config = x##_config,                      \
			.strings = x##_strings,                    \
			.request = hid_request,                    \
			.in = hid_in,                              \
			.reset = hid_bus_reset},                   \
		.kind = kind_, .name = label, .report = x##_items, \
		.report_len = sizeof(x##_items), .boots = boots_   \
	}
static const struct hid_info keyboard_info =
	INFO(INPUT_KEYBOARD, "QEMU HID Keyboard", keyboard, true);
static const struct hid_info mouse_info = INFO(INPUT_MOUSE, "QEMU HID Mouse", mouse, true);
static const struct hid_info tablet_info = INFO(INPUT_TABLET, "QEMU HID Tablet", tablet, false);

static const struct prop hid_props[] = {
	{"input", PROP_INPUT, offsetof(struct hid_host, input), "input0",
	 "where keys and motion come from", 0},
};

#define CLASS(name_, summary_, info_)                                                         \
	{                                                                                     \
		.name = name_, .summary = summary_, .bus = &usb_bus_type, .bus_info = &info_, \
		.state_size = sizeof(struct hid), .host_size = sizeof(struct hid_host),       \
		.rows = hid_rows, .n_rows = ARRAY_SIZE(hid_rows), .props = hid_props,         \
		.n_props = ARRAY_SIZE(hid_props), .since = 2, .unpluggable = true,            \
		.realize = hid_realize, .unrealize = hid_unrealize, .settle = hid_settle,     \
		.valid = hid_valid, .resume = hid_resume,                                     \
	}
static struct dev_class tablet_class = CLASS("usb-tablet", "USB tablet", tablet_info);
static struct dev_class mouse_class = CLASS("usb-mouse", "USB mouse", mouse_info);
static struct dev_class keyboard_class = CLASS("usb-kbd", "USB keyboard", keyboard_info);
DEV_REGISTER(tablet_class)
DEV_REGISTER(mouse_class)
DEV_REGISTER(keyboard_class)
