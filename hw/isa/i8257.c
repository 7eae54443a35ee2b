/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * i8257: the two 8237A DMA controllers of the PC and their page registers.
 *
 * Spec:    Intel 8237A, order 231466-005; pages and addresses: Intel 82371SB, 2.4
 * State:   all registers, byte pointer, masks, software requests
 * Missing: transfers: no device of this machine asks for one yet, so terminal count is never set;
 *          memory to memory
 * Tests:   tests/hw/i8257.c
 */
#include "base/dev.h"

enum { COMMAND, REQUEST, SINGLE_MASK, MODE, CLEAR_POINTER, MASTER_CLEAR, CLEAR_MASK, ALL_MASK };
enum { STATUS = COMMAND, TEMPORARY = MASTER_CLEAR };
enum { SELECT = 3, SET = 1 << 2, STATUS_TC = 0x0f, CHANNELS = 8, PAGES = 16 };
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
}

/* The other page ports are the POST port and free. */
static int i8257_realize(struct dev *d, struct err *e)
{
	(void)e;
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
	HID_ARRAY(struct i8257, status, .hw = 0xf0),
	HID_ARRAY(struct i8257, command, .hw = 0xff),
};
/* clang-format on */

static struct dev_class i8257_class = {
	.name = "i8257",
	.summary = "8237A DMA controller pair",
	.state_size = sizeof(struct i8257),
	.regions = i8257_regions,
	.n_regions = ARRAY_SIZE(i8257_regions),
	.rows = i8257_rows,
	.n_rows = ARRAY_SIZE(i8257_rows),
	.internal = true,
	.realize = i8257_realize,
};
DEV_REGISTER(i8257_class)
