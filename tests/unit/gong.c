/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/unit/gong.c: a toy with one of everything the device table offers, on
 * which tests/unit/dev*.c show the framework and tests/hw/laws.c the laws.
 *
 * Region 0 "regs", 16 bytes, widths 1, 2 and 4: 0 id 'G', 1 CTRL (ARM IRQ BANK),
 * 2-3 LOAD ms, 4-5 LEFT ms, 6 STAT (w1c), 7 nothing, 8 FIFO data port, 9 bank
 * index, 10 bank data or, while CTRL.BANK, a latch; 12-15 CH[2] 16-bit.
 * Region 1 "bank": 8 bytes behind 9/10. Region 2 "words": dwords only.
 */
#include "tests/unit/gong.h"

enum { CTRL_ARM = 1 << 0, CTRL_IRQ = 1 << 1, CTRL_BANK = 1 << 2 };
enum { STAT_RUNG = 1 << 0, STAT_EDGE = 1 << 1 };

struct gong {
	struct dev_timer alarm; /* pending exactly while CTRL_ARM is set */
	struct {
		uint16_t level;
		uint16_t hidden;
	} ch[2];
	uint32_t word, fifo_len;
	uint16_t load; /* ms */
	uint8_t ctrl, stat, index, latch, nvram;
	uint8_t bank[8], fifo[5];
};

static void ctrl_written(struct dev *d, const struct access *a)
{
	struct gong *g = d->state;

	if (!(g->ctrl & CTRL_ARM))
		timer_cancel(d, &g->alarm);
	else if (!(a->old & CTRL_ARM))
		timer_set(d, &g->alarm, dev_now(d) + (int64_t)g->load * NS_PER_MS);
}

static uint64_t left_read(struct dev *d, const struct access *a)
{
	struct gong *g = d->state;
	int64_t ns = g->alarm.deadline - dev_now(d);

	(void)a;
	return timer_pending(&g->alarm) ? (uint64_t)((ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static void alarm_fired(struct dev *d, unsigned index)
{
	struct gong *g = d->state;

	(void)index;
	g->ctrl &= (uint8_t)~CTRL_ARM;
	g->stat |= STAT_RUNG;
}

static uint64_t fifo_read(struct dev *d, const struct access *a)
{
	struct gong *g = d->state;
	uint64_t v = 0;

	for (unsigned i = 0; i < a->size && g->fifo_len; i++) {
		v |= (uint64_t)g->fifo[0] << 8 * i;
		memmove(g->fifo, g->fifo + 1, --g->fifo_len);
	}
	return v;
}

static void fifo_written(struct dev *d, const struct access *a)
{
	struct gong *g = d->state;

	for (unsigned i = 0; i < a->size; i++) {
		if (g->fifo_len == sizeof(g->fifo)) {
			dev_guest_error(d, "fifo-full");
			return;
		}
		g->fifo[g->fifo_len++] = (uint8_t)(a->val >> 8 * i);
		dev_pulse(d, 1);
	}
}

static unsigned gong_bulk(struct dev *d, const struct access *a, bool write, void *buf, unsigned n)
{
	struct gong *g = d->state;

	if (write || a->size != 1)
		return 0;
	n = MIN(n, g->fifo_len);
	memcpy(buf, g->fifo, n);
	memmove(g->fifo, g->fifo + n, g->fifo_len - n);
	g->fifo_len -= n;
	return n;
}

static uint64_t data_read(struct dev *d, const struct access *a)
{
	const struct gong *g = d->state;

	(void)a;
	return dev_read(d, 1, g->index, 1);
}

static void data_written(struct dev *d, const struct access *a)
{
	const struct gong *g = d->state;

	dev_write(d, 1, g->index, 1, a->val);
}

static void index_written(struct dev *d, const struct access *a)
{
	struct gong *g = d->state;

	g->index = a->val & 7;
}

static bool bank_mode(const struct dev *d)
{
	const struct gong *g = d->state;

	return !(g->ctrl & CTRL_BANK);
}

static bool latch_mode(const struct dev *d)
{
	return !bank_mode(d);
}

static void gong_input(struct dev *d, unsigned pin, bool level)
{
	struct gong *g = d->state;

	if (pin == 0 && level)
		g->stat |= STAT_EDGE;
}

static void gong_settle(struct dev *d)
{
	struct gong *g = d->state;
	struct gong_host *h = d->host;

	h->settles++;
	dev_line(d, 0, g->ctrl & CTRL_IRQ && g->stat & STAT_RUNG);
	dev_window(d, 1, 2, 0, 4, SPACE_MEM, g->ctrl & CTRL_BANK ? 0x1000 : WINDOW_OFF);
}

static bool gong_valid(const struct dev *d)
{
	const struct gong *g = d->state;

	return timer_pending(&g->alarm) == !!(g->ctrl & CTRL_ARM);
}

static int gong_realize(struct dev *d, struct err *e)
{
	struct gong_host *h = d->host;

	if (h->fail)
		return err_set(e, -1, "gong: told to fail");
	dev_window(d, 0, 0, 0, 16, SPACE_IO, h->iobase);
	return 0;
}

/* clang-format off */
static const struct region gong_regions[] = {
	{"regs", 16, .sizes = 1 | 2 | 4, .unclaimed = 0xff},
	{"bank", 8, .sizes = 1},
	{"words", 4, .sizes = 4, .other = OTHER_ONES},
	{"bytes", 4, .sizes = 1, .unclaimed = 0x55},
};
static const struct row gong_rows[] = {
	CONST(0, 1, "id", 'G'),
	REG(1, struct gong, ctrl, .rw = CTRL_ARM | CTRL_IRQ | CTRL_BANK, .written = ctrl_written),
	REG(2, struct gong, load, .rw = 0xffff, .reset = 1000),
	CALC(4, 2, "left", .read = left_read, .flags = ROW_PURE),
	REG(6, struct gong, stat, .w1c = STAT_RUNG | STAT_EDGE),
	CALC(8, 1, "data", .flags = ROW_PORT, .read = fifo_read, .written = fifo_written),
	REG(9, struct gong, index, .max = 7, .written = index_written),
	CALC(10, 1, "bank_data", .when = bank_mode, .read = data_read, .written = data_written),
	REG(10, struct gong, latch, .when = latch_mode, .rw = 0x0f),
	REG_EACH(12, 2, struct gong, ch, level, .rw = 0x0fff, .reset = 7),
	HID_EACH(struct gong, ch, hidden, .max = 3),
	REG_ARRAY(0, 1, struct gong, bank, .region = 1, .rw = 0xff),
	REG(0, struct gong, word, .region = 2, .rw = 0xffffffff),
	HID(struct gong, nvram, .hw = 0xff, .flags = ROW_KEEP),
	HID(struct gong, fifo_len, .max = 5),
	BUF(struct gong, fifo, fifo_len),
	TIMER(struct gong, alarm, alarm_fired),
};
static const struct prop gong_props[] = {
	{"iobase", PROP_U16, offsetof(struct gong_host, iobase), "0x300", "first port", 0},
	{"loud", PROP_BOOL, offsetof(struct gong_host, loud), "on", "rings louder", 0},
	{"fail", PROP_BOOL, offsetof(struct gong_host, fail), NULL, "realize fails", 0},
	{"pitch", PROP_U32, offsetof(struct gong_host, pitch), "440", "Hz", .max = 20000},
	{"bytes", PROP_SIZE, offsetof(struct gong_host, bytes), "1k", "a size", 0},
	{"label", PROP_STR, offsetof(struct gong_host, label), "bronze", "a text", 0},
	{"mac", PROP_MAC, offsetof(struct gong_host, mac), NULL, "an address", 0},
	{"chardev", PROP_CHR, offsetof(struct gong_host, chr), NULL, "a stream", 0},
};
/* clang-format on */

static struct dev_class gong_class = {
	.name = "test-gong",
	.summary = "one of everything, for tests",
	.internal = true,
	.state_size = sizeof(struct gong),
	.host_size = sizeof(struct gong_host),
	.regions = gong_regions,
	.n_regions = ARRAY_SIZE(gong_regions),
	.rows = gong_rows,
	.n_rows = ARRAY_SIZE(gong_rows),
	.props = gong_props,
	.n_props = ARRAY_SIZE(gong_props),
	.n_lines = 2,
	.n_inputs = 1,
	.realize = gong_realize,
	.settle = gong_settle,
	.valid = gong_valid,
	.input = gong_input,
	.bulk = gong_bulk,
};
DEV_REGISTER(gong_class)
