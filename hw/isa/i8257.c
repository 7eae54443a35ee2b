/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8257: the two 8237A DMA controllers of the PC and their page registers.
 *
 * Spec:    Intel 8237A, order 231466-005; pages and addresses: Intel 82371SB, 2.4
 * State:   all registers, byte pointer, masks, software requests, transfers of devices on the ISA
 *          bus: verify, read and write, increment and decrement, terminal count, autoinitialize
 * Missing: memory to memory; single, block and demand mode are one: a device gets all it asks for
 * Tests:   tests/hw/i8257.c; tests/hw/fdc.c has transfers
 */
#include "hw/isa/isa.h"

enum { COMMAND, REQUEST, SINGLE_MASK, MODE, CLEAR_POINTER, MASTER_CLEAR, CLEAR_MASK, ALL_MASK };
enum { STATUS = COMMAND, TEMPORARY = MASTER_CLEAR };
enum { SELECT = 3, SET = 1 << 2, STATUS_TC = 0x0f, CHANNELS = ISA_CHANNELS, PAGES = 16 };
enum { COMMAND_DISABLE = 1 << 2 };
enum { TYPE = 3 << 2, TYPE_WRITE = 1 << 2, TYPE_READ = 2 << 2, AUTOINIT = 1 << 4, DOWN = 1 << 5 };
enum { CASCADE = 4 };
enum { REGION_DMA1, REGION_DMA2, REGION_PAGES };

struct channel {
	uint16_t base_address, base_count, address, count;
	uint8_t mode, pad;
};

struct i8257 {
	struct channel ch[CHANNELS];
	uint8_t pointer[2]; /* 1: the next byte is a high one */
	uint8_t mask[2], status[2], command[2];
	uint8_t page[PAGES]; /* by port: 0x87 is channel 0's */
};

struct i8257_host {
	struct isa_bus bus;
};

static struct channel *channel_of(struct i8257 *s, const struct access *a)
{
	return &s->ch[(a->region == REGION_DMA2 ? 4 : 0) + a->index];
}

/* ---- 16-bit registers behind 8-bit ports: the byte pointer says which half is next ---- */

static uint64_t half_read(struct i8257 *s, const struct access *a, unsigned v)
{
	uint8_t *pointer = &s->pointer[a->region];

	v = *pointer ? v >> 8 : v & 0xff;
	*pointer ^= 1;
	return v << 8 * a->at; /* the second controller answers at both bytes of a port */
}

static void half_written(struct i8257 *s, const struct access *a, uint16_t *base, uint16_t *now)
{
	uint8_t *pointer = &s->pointer[a->region];
	unsigned v = (unsigned)(a->val >> 8 * a->at) & 0xff;

	*base = (uint16_t)(*pointer ? (*base & 0xff) | v << 8 : (*base & 0xff00) | v);
	*now = *base;
	*pointer ^= 1;
}

static uint64_t address_read(struct dev *d, const struct access *a)
{
	return half_read(d->state, a, channel_of(d->state, a)->address);
}

static void address_written(struct dev *d, const struct access *a)
{
	struct channel *c = channel_of(d->state, a);

	half_written(d->state, a, &c->base_address, &c->address);
}

static uint64_t count_read(struct dev *d, const struct access *a)
{
	return half_read(d->state, a, channel_of(d->state, a)->count);
}

static void count_written(struct dev *d, const struct access *a)
{
	struct channel *c = channel_of(d->state, a);

	half_written(d->state, a, &c->base_count, &c->count);
}

/* ---- transfers ---- */

/* The first controller's requests go through channel 4 of the second one. */
static bool open_now(const struct i8257 *s, unsigned ch)
{
	unsigned n = ch / 4;

	if (s->command[n] & COMMAND_DISABLE || s->mask[n] & 1 << ch % 4)
		return false;
	return n || open_now(s, CASCADE);
}

static void opened(struct dev *d)
{
	struct i8257_host *h = d->host;

	for (unsigned ch = 0; ch < CHANNELS; ch++)
		if (ch != CASCADE && open_now(d->state, ch))
			isa_bus_ready(&h->bus, ch);
}

/* Bytes of the memory that the channel points at. Those of channels 5 to 7 are words. */
static uint64_t memory_of(const struct i8257 *s, unsigned ch)
{
	static const uint8_t pages[CHANNELS] = {0x7, 0x3, 0x1, 0x2, 0xf, 0xb, 0x9, 0xa};
	uint64_t page = s->page[pages[ch]], address = s->ch[ch].address;

	return ch < 4 ? page << 16 | address : (page & 0xfe) << 16 | address << 1;
}

static void copy(struct dev *d, unsigned ch, void *buf, size_t len, bool to_ram)
{
	const struct i8257 *s = d->state;
	uint64_t gpa = memory_of(s, ch);
	unsigned type = s->ch[ch].mode & TYPE;

	if (type && type != (to_ram ? TYPE_WRITE : TYPE_READ))
		dev_guest_error(d, "a channel set up for the other direction");
	if (type == TYPE_WRITE && to_ram)
		dma_write(d, gpa, buf, len);
	else if (type == TYPE_READ && !to_ram)
		dma_read(d, gpa, buf, len);
	else if (!to_ram)
		memset(buf, 0xff, len); /* nobody drives the bus */
}

/* Addresses wrap in their 64K (units); the page stays. Downwards goes unit by unit. */
static size_t run(struct dev *d, unsigned ch, void *buf, size_t len, bool to_ram, bool *tc)
{
	struct i8257 *s = d->state;
	struct channel *c = &s->ch[ch];
	size_t unit = ch < 4 ? 1 : 2, n = len / unit;

	n = MIN(n, (size_t)c->count + 1);
	n = MIN(n, c->mode & DOWN ? 1 : 0x10000u - c->address);
	copy(d, ch, buf, n * unit, to_ram);
	c->address = (uint16_t)(c->mode & DOWN ? c->address - n : c->address + n);
	*tc = n == (size_t)c->count + 1;
	c->count = (uint16_t)(c->count - n);
	return n * unit;
}

static void terminal_count(struct i8257 *s, unsigned ch)
{
	struct channel *c = &s->ch[ch];

	s->status[ch / 4] |= (uint8_t)(1 << ch % 4);
	if (c->mode & AUTOINIT) {
		c->address = c->base_address;
		c->count = c->base_count;
	} else {
		s->mask[ch / 4] |= (uint8_t)(1 << ch % 4);
	}
}

static size_t i8257_dma(struct dev *d, unsigned ch, void *buf, size_t len, bool to_ram, bool *tc)
{
	struct i8257 *s = d->state;
	size_t unit = ch < 4 ? 1 : 2, done = 0;

	*tc = false;
	if (!open_now(s, ch))
		return 0;
	while (len - done >= unit && !*tc)
		done += run(d, ch, (uint8_t *)buf + done, len - done, to_ram, tc);
	if (*tc)
		terminal_count(s, ch);
	return done;
}

/* ---- control ---- */

static uint64_t control_read(struct dev *d, const struct access *a)
{
	struct i8257 *s = d->state;
	unsigned v = 0;

	switch (a->index) {
	case STATUS:
		v = s->status[a->region];
		s->status[a->region] &= (uint8_t)~STATUS_TC;
		break;
	case TEMPORARY:
		break;
	case ALL_MASK:
		v = s->mask[a->region];
		break;
	default:
		dev_guest_error(d, "read of a write-only register");
	}
	return v << 8 * a->at;
}

static void bit_put(uint8_t *v, unsigned bit, bool on)
{
	*v = (uint8_t)(on ? *v | 1u << bit : *v & ~(1u << bit));
}

static void master_clear(struct i8257 *s, unsigned n)
{
	s->command[n] = s->status[n] = s->pointer[n] = 0;
	s->mask[n] = 0x0f;
}

static void control_written(struct dev *d, const struct access *a)
{
	struct i8257 *s = d->state;
	unsigned n = a->region, v = (unsigned)(a->val >> 8 * a->at) & 0xff;

	switch (a->index) {
	case COMMAND:
		s->command[n] = (uint8_t)v;
		break;
	case REQUEST:
		bit_put(&s->status[n], 4 + (v & SELECT), v & SET);
		break;
	case SINGLE_MASK:
		bit_put(&s->mask[n], v & SELECT, v & SET);
		break;
	case MODE:
		s->ch[n * 4 + (v & SELECT)].mode = v & 0xfc;
		break;
	case CLEAR_POINTER:
		s->pointer[n] = 0;
		break;
	case MASTER_CLEAR:
		master_clear(s, n);
		break;
	case CLEAR_MASK:
		s->mask[n] = 0;
		break;
	case ALL_MASK:
		s->mask[n] = v & 0x0f;
	}
	if (a->index == COMMAND || a->index == SINGLE_MASK || a->index >= CLEAR_MASK)
		opened(d);
}

static const struct isa_host_ops i8257_ops = {.dma = i8257_dma};

static void i8257_unrealize(struct dev *d)
{
	struct i8257_host *h = d->host;

	isa_bus_remove(&h->bus);
}

/* The other page ports are the POST port and free. */
static int i8257_realize(struct dev *d, struct err *e)
{
	struct i8257_host *h = d->host;

	(void)e;
	isa_bus_add(&h->bus, d, "isa.0", &i8257_ops);
	dev_window(d, 0, REGION_DMA1, 0, 16, SPACE_IO, 0x00);
	dev_window(d, 1, REGION_DMA2, 0, 32, SPACE_IO, 0xc0);
	dev_window(d, 2, REGION_PAGES, 1, 3, SPACE_IO, 0x81);
	dev_window(d, 3, REGION_PAGES, 7, 1, SPACE_IO, 0x87);
	dev_window(d, 4, REGION_PAGES, 9, 3, SPACE_IO, 0x89);
	dev_window(d, 5, REGION_PAGES, 15, 1, SPACE_IO, 0x8f);
	return 0;
}

static const struct region i8257_regions[] = {
	[REGION_DMA1] = {.name = "dma1", .len = 16, .sizes = 1},
	[REGION_DMA2] = {.name = "dma2", .len = 32, .sizes = 1},
	[REGION_PAGES] = {.name = "pages", .len = PAGES, .sizes = 1},
};

/* clang-format off */
static const struct row i8257_rows[] = {
	CALC(0, 1, "address1", .region = REGION_DMA1, .count = 4, .stride = 2,
	     .read = address_read, .written = address_written),
	CALC(1, 1, "count1", .region = REGION_DMA1, .count = 4, .stride = 2,
	     .read = count_read, .written = count_written),
	CALC(8, 1, "control1", .region = REGION_DMA1, .count = 8, .stride = 1,
	     .read = control_read, .written = control_written),
	CALC(0, 2, "address2", .region = REGION_DMA2, .count = 4, .stride = 4,
	     .read = address_read, .written = address_written),
	CALC(2, 2, "count2", .region = REGION_DMA2, .count = 4, .stride = 4,
	     .read = count_read, .written = count_written),
	CALC(16, 2, "control2", .region = REGION_DMA2, .count = 8, .stride = 2,
	     .read = control_read, .written = control_written),
	REG_ARRAY(0, 1, struct i8257, page, .region = REGION_PAGES, .rw = 0xff),
	HID_EACH(struct i8257, ch, base_address, .hw = 0xffff),
	HID_EACH(struct i8257, ch, base_count, .hw = 0xffff),
	HID_EACH(struct i8257, ch, address, .hw = 0xffff),
	HID_EACH(struct i8257, ch, count, .hw = 0xffff),
	HID_EACH(struct i8257, ch, mode, .hw = 0xfc),
	HID_EACH(struct i8257, ch, pad),
	HID_ARRAY(struct i8257, pointer, .max = 1),
	HID_ARRAY(struct i8257, mask, .hw = 0x0f, .reset = 0x0f),
	HID_ARRAY(struct i8257, status, .hw = 0xff),
	HID_ARRAY(struct i8257, command, .hw = 0xff),
};
/* clang-format on */

static struct dev_class i8257_class = {
	.name = "i8257",
	.summary = "8237A DMA controller pair",
	.state_size = sizeof(struct i8257),
	.host_size = sizeof(struct i8257_host),
	.regions = i8257_regions,
	.n_regions = ARRAY_SIZE(i8257_regions),
	.rows = i8257_rows,
	.n_rows = ARRAY_SIZE(i8257_rows),
	.internal = true,
	.realize = i8257_realize,
	.unrealize = i8257_unrealize,
};
DEV_REGISTER(i8257_class)
